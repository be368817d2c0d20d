/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can happen to a NIC. */
#ifndef CVSWD_HUB_EVENT_H
#define CVSWD_HUB_EVENT_H

#include "cvsw_flow.h"
#include "cvsw_sa.h"

struct cvsw_v3_listed_sa;
struct cvsw_v3_message;
struct nic;

enum hub_what {
	HUB_REGISTERED,		/* a conversation began */
	HUB_REKEYED,
	HUB_SILENT,
	HUB_HEARD,
	HUB_DISAGREED,		/* NIC or daemon was restored or copied; HUB_REGISTERED follows */
	HUB_CLAIMED,		/* another NIC says that it is this one: nic_claim() */
	HUB_SYNCED,		/* for the first time since it registered or refused */
	HUB_REFUSED,		/* nic->refusal */
	HUB_SAS,		/* it said which SAs it has: all @n_sas of @sas */
	HUB_SA_REFUSED,		/* the SA of @spi and @direction; HUB_REFUSED follows */
	HUB_REMOVED,		/* a flow: @removed */
	HUB_EXPIRING,		/* an SA: the NIC's @message */
	HUB_PACKET_IN,		/* its content in the @message's body */
	HUB_LOST,		/* its port has gone */
	HUB_AT,			/* it is at another port */
	HUB_MOVED,		/* its nic_mark() has changed: hub.h */
};

/**
 * struct nic_removed - a flow that the NIC has no more, though nobody deleted it
 * @reason: enum cvsw_v3_removed; 0: it had a timeout, and was not there when the table
 *	was listed: nobody heard when and why it went, and what it counted
 * @controlled: a controller of the NIC stated it
 * @age: milliseconds since it was added
 */
struct nic_removed {
	const struct cvsw_flow *flow;
	uint8_t reason;
	bool controlled;
	uint64_t age, n_packets, n_bytes;
};

/** struct hub_event - something happened; what it points to is gone after */
struct hub_event {
	enum hub_what what;
	struct nic *nic;
	const struct cvsw_v3_message *message;
	const struct nic_removed *removed;
	struct cvsw_v3_listed_sa *sas;
	size_t n_sas;
	enum cvsw_sa_direction direction;
	uint32_t spi;
};

#endif
