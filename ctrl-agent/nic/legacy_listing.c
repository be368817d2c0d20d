// SPDX-License-Identifier: GPL-2.0-or-later
#include "legacy_listing.h"

#include "cvsw_ofp10.h"

void listing_init(struct listing *listing)
{
	*listing = (struct listing){ 0 };
	flowset_init(&listing->flows);
}

void listing_reset(struct listing *listing, size_t limit)
{
	flowset_clear(&listing->flows);
	listing->limit = limit;
	listing->n_listed = 0;
	listing->under_way = false;
	listing->broken = false;
}

bool listing_overflowed(const struct listing *listing)
{
	return listing->n_listed > listing->limit;
}

/* False if a flow_mod cannot be read. */
static bool take_flows(struct listing *listing, const uint8_t *data, size_t len)
{
	while (len) {
		enum cvsw_flow_command command;
		struct cvsw_flow flow;
		size_t used;

		if (cvsw_ofp10_decode_v2(data, len, &used, &command, &flow, NULL) != CVSW_OK ||
		    !used || used > len)
			return false;
		if (listing->n_listed++ < listing->limit)
			flowset_put(&listing->flows, &flow);
		data += used;
		len -= used;
	}
	return true;
}

enum listing_result listing_add(struct listing *listing, const struct cvsw_msg *msg)
{
	if (listing->under_way && msg->data1 == listing->last_data1)
		return LISTING_MORE;	/* the same frame twice */
	if (listing->under_way && msg->data1 > listing->last_data1)
		listing_reset(listing, listing->limit);
	if (listing->under_way && msg->data1 + 1 != listing->last_data1)
		listing->broken = true;
	listing->under_way = true;
	listing->last_data1 = msg->data1;
	if (!listing->broken && !take_flows(listing, msg->data, msg->len))
		listing->broken = true;
	if (listing->broken)
		return LISTING_VOID;
	return msg->data1 ? LISTING_MORE : LISTING_WHOLE;
}
