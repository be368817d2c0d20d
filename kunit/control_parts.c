// SPDX-License-Identifier: GPL-2.0
/* What worker.c stands on and no suite includes by itself. */
#include "../drivers/cvsw/control/settings.c"
#include "../drivers/cvsw/stats.c"
#include "../proto/cvsw_fields.c"
#include "../proto/cvsw_flow_mod.c"
#include "../proto/cvsw_sa.c"
#include "../proto/cvsw_setters.c"
