/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of the actions: fields by name, whole or in part. */
#ifndef CVSW_FIELDS_H
#define CVSW_FIELDS_H

#include "rewrite.h"

/* Return: as those of rewrite.h. */
int cvsw_move_bits(struct cvsw_frame *frame, const struct cvsw_move *move);
int cvsw_load_bits(struct cvsw_frame *frame, const struct cvsw_load *load);

#endif
