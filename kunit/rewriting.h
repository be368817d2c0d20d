/* SPDX-License-Identifier: GPL-2.0 */
/* Rewriting actions once more, slow and obvious: bytes edited, every checksum written anew. */
#ifndef CVSW_KUNIT_REWRITING_H
#define CVSW_KUNIT_REWRITING_H

#include <linux/bitmap.h>
#include <linux/prandom.h>

#include "../proto/cvsw_flow.h"
#include "frames.h"

bool is_tagged(const struct flat_frame *frame);

/* @frame: its tag is in the bytes, where another goes in front. */
void insert_tag(struct flat_frame *frame, u16 type, u16 tci);

/* Return: how many of the @n actions found no such field. */
unsigned int reference_list(const struct cvsw_action *list, unsigned int n,
			    struct flat_frame *frame);

/* The fields that some load has found in a frame: a bit each. */
extern unsigned long reference_loaded[BITS_TO_LONGS(CVSW_N_FIELDS)];

/* Any rewriting action but dec_ttl. */
void random_action(struct rnd_state *rnd, struct cvsw_action *action);

#endif
