// SPDX-License-Identifier: GPL-2.0
/* What engine.c stands on and no suite includes by itself. */
#include "../drivers/cvsw/mtu.c"
