/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A NIC's table out of the frames of a LIST_ENTRIES answer.
 *
 * Data1 counts down to 0, the last frame.  Frames carry no number of the answer
 * they belong to.  If it goes up, another answer begins (of an earlier question);
 * after a gap the rest of an answer is of no use, and the controller asks again.
 * If exactly the first frames of an answer are lost, the rest looks like a shorter
 * table; what seems to be missing is sent again, the next check finds the rest.
 */
#ifndef CVSWD_LISTING_H
#define CVSWD_LISTING_H

#include "cvsw_msg.h"
#include "flowset.h"

enum listing_result {
	LISTING_MORE,		/* good so far */
	LISTING_WHOLE,		/* the last frame: @flows is the NIC's table */
	LISTING_VOID,		/* after a gap or a frame that cannot be read: ask again */
};

/**
 * struct listing - an answer being put together
 * @limit: flows that are kept; further ones are counted in @n_listed only
 */
struct listing {
	struct flowset flows;
	size_t limit;
	size_t n_listed;
	bool under_way;
	bool broken;
	uint16_t last_data1;
};

void listing_init(struct listing *listing);
void listing_reset(struct listing *listing, size_t limit);
enum listing_result listing_add(struct listing *listing, const struct cvsw_msg *msg);

/** listing_overflowed() - were there more flows than the limit? */
bool listing_overflowed(const struct listing *listing);

#endif
