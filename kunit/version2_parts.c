// SPDX-License-Identifier: GPL-2.0
/* OpenFlow 1.0, which only version 2 speaks. */
#include "../proto/cvsw_field_value.c"
#include "../proto/cvsw_nxm.c"
#include "../proto/cvsw_ofp10.c"
#include "../proto/cvsw_ofp10_actions.c"
