/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What daemon and command line have in common: no library's headers in here. */
#ifndef CVSWD_VERSION_H
#define CVSWD_VERSION_H

#define CVSW_VERSION		"0.1"
#define CVSWD_SOCKET		"/run/cvsw/cvswd.sock"

#endif
