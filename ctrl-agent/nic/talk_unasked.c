// SPDX-License-Identifier: GPL-2.0-or-later
/* What a NIC of version 3 says without being asked: flows that went, SAs that run out. */
#include "cvsw_flow_mod.h"
#include "base/log.h"
#include "talk.h"

void talk_not_expected(struct talk *talk)
{
	talk->n_unexpected++;
	log_limited(LOG_WARNING, "NIC " MAC_FORMAT " sent an unexpected message",
		    MAC_BYTES(talk->nic->mac));
}

/* Its time was up.  A bundle under way was done behind that, and may have put it back. */
static void on_timeout(struct talk *talk, const struct cvsw_flow *flow)
{
	struct nic *nic = talk->nic;
	const struct cvsw_flow *had = flowset_find(&nic->table, &flow->match, flow->priority);

	timed_end(nic, flow);
	if (talk_is_changing(talk))
		nic->generation++;
	else if (had && cvsw_flow_equal(had, flow))
		flowset_remove(&nic->table, &flow->match, flow->priority);
}

void talk_tell_removed(struct talk *talk, const struct nic_removed *removed)
{
	talk->nic->world->event(&(struct hub_event){
		.what = HUB_REMOVED, .nic = talk->nic, .removed = removed,
	});
}

static void on_flow_removed(struct talk *talk, const struct cvsw_v3_message *message)
{
	enum cvsw_flow_command command;
	struct cvsw_v3_entry entry;
	struct cvsw_flow flow;
	size_t offset, used;
	bool controlled;

	if (cvsw_v3_flow_removed_decode(message, &entry, &offset) ||
	    cvsw_flow_mod_decode(entry.flow_mod, entry.len, &used, &command, &flow, NULL)) {
		talk_not_expected(talk);
		return;
	}
	controlled = desired_is_controlled(&talk->nic->desired, &flow);
	if (entry.reason <= CVSW_V3_REMOVED_HARD && flow_is_timed(&flow))
		on_timeout(talk, &flow);
	else if (entry.reason != CVSW_V3_REMOVED_DELETE)	/* it may be missed */
		talk_table_changed(talk);
	talk_tell_removed(talk, &(struct nic_removed){
		.flow = &flow, .reason = entry.reason, .controlled = controlled,
		.age = entry.age, .n_packets = entry.n_packets, .n_bytes = entry.n_bytes,
	});
}

/* Whose keys are to be new is ways.c's affair. */
static void on_sa_expiring(struct talk *talk, const struct cvsw_v3_message *message)
{
	struct cvsw_v3_expiring sa;
	size_t offset;

	if (cvsw_v3_expiring_decode(message, &sa, &offset))
		talk_not_expected(talk);
	else
		talk->nic->world->event(&(struct hub_event){
			.what = HUB_EXPIRING, .nic = talk->nic, .message = message,
		});
}

void talk_take_unasked(struct talk *talk, const struct cvsw_v3_message *message)
{
	switch (message->type) {
	case CVSW_V3_FLOW_REMOVED:
		on_flow_removed(talk, message);
		break;
	case CVSW_V3_SA_EXPIRING:
		on_sa_expiring(talk, message);
		break;
	}
}
