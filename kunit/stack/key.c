// SPDX-License-Identifier: GPL-2.0
/* The parser under test: cvsw.ko does not export it. */
#include "../../drivers/cvsw/table/key.c"
