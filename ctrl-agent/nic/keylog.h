/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key log (proto/VERSION3.md, "Reading captures"), if an administrator asked for one:
 * whoever has it and a capture reads all that was said, keys of SAs among it.
 */
#ifndef CVSWD_KEYLOG_H
#define CVSWD_KEYLOG_H

#include <stdbool.h>

struct cvsw_v3_keys;

/**
 * keylog_open() - lines go to the end of this file from now on
 *
 * Made with mode 0600 if it is not there.  Return: false: it is not a file that nobody but
 * this user reads, or it cannot be opened; why is logged.
 */
bool keylog_open(const char *path);

/** keylog_write() - as nic_world's log_keys */
void keylog_write(const struct cvsw_v3_keys *keys);

void keylog_close(void);

#endif
