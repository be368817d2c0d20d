// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>

MODULE_DESCRIPTION("CVSW: a virtual switch's match/action work in the guest's NIC driver");
MODULE_LICENSE("GPL");
