// SPDX-License-Identifier: GPL-2.0
/* What request_flows.c and requests.c stand on of groups. */
#include "../drivers/cvsw/control/request_groups.c"
#include "../proto/cvsw_group.c"
#include "../proto/cvsw_group_mod.c"
