// SPDX-License-Identifier: GPL-2.0
/* What version3.c stands on and no suite includes by itself. */
#include "../proto/cvsw_v3_body.c"
#include "../proto/cvsw_v3_body_nic.c"
#include "../proto/cvsw_v3_end.c"
#include "../proto/cvsw_v3_frame.c"
#include "../proto/cvsw_v3_nic.c"
#include "../proto/cvsw_v3_noise.c"
#include "../proto/cvsw_v3_record.c"
#include "../proto/cvsw_v3_stream.c"
