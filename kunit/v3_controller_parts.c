// SPDX-License-Identifier: GPL-2.0
/* The other side, which suites speak to and the driver does not have. */
#include "../proto/cvsw_names.c"
#include "../proto/cvsw_sa_encode.c"
#include "../proto/cvsw_v3_body_controller.c"
#include "../proto/cvsw_v3_controller.c"
