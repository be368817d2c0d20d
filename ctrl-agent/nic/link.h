/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The conversation with a NIC, as nic.c sees it: in version 3 (talk.h) or version 2
 * (legacy.h).  A link reads nic->desired and keeps what is known of the NIC in the fields
 * behind it.  A NIC that nobody may talk to has none.
 *
 * No I/O and no clock: frames leave through nic->world, times come as arguments.
 */
#ifndef CVSWD_LINK_H
#define CVSWD_LINK_H

#include "nic.h"

/**
 * struct link_ops
 * @wide_deletes: a deletion takes narrower flows along
 * @confirms: the NIC itself says of each request whether it was done
 * @gone: its port has gone
 * @changed: nic->desired has changed
 * @flow_put: a flow with a timeout has to be given again, even if the NIC has the same one; may
 *	be NULL
 * @made_begin: nic_use_made(); @made: nic_made(); NULL: only @made_begin says what has changed
 * @deadline: when @run is due; UINT64_MAX: never
 * @talks, @ask, @forget, @facts: as nic_talks() and so on; if the NIC cannot be asked, all but
 *	@talks are NULL
 */
struct link_ops {
	unsigned int version;
	bool wide_deletes;
	bool confirms;
	void (*free)(struct nic *nic);
	void (*gone)(struct nic *nic);
	void (*changed)(struct nic *nic, uint64_t now);
	void (*flow_put)(struct nic *nic, const struct cvsw_flow *flow);
	void (*made_begin)(struct nic *nic);
	void (*made)(struct nic *nic, const struct cvsw_flow *flow, bool wanted);
	void (*run)(struct nic *nic, uint64_t now);
	uint64_t (*deadline)(const struct nic *nic);
	enum nic_state (*state)(const struct nic *nic);
	bool (*talks)(const struct nic *nic);
	bool (*ask)(struct nic *nic, const uint8_t *message, size_t len, nic_answered *answered,
		    void *arg);
	void (*forget)(struct nic *nic, const void *arg);
	void (*facts)(const struct nic *nic, struct nic_facts *facts);
};

/** struct link - the first member of what a link keeps for itself */
struct link {
	const struct link_ops *ops;
};

#endif
