// SPDX-License-Identifier: GPL-2.0
/* What the table and requests stand on of groups. */
#include "../proto/cvsw_group.c"
#include "../proto/cvsw_group_mod.c"
