// SPDX-License-Identifier: GPL-2.0-or-later
/* What a NIC of version 3 says without being asked: flows that went, SAs that run out. */
#include "cvsw_ofp10.h"
#include "base/log.h"
#include "session3_parts.h"

void session3_not_expected(struct session3 *v3)
{
	v3->n_unexpected++;
	log_limited(LOG_WARNING, "NIC " MAC_FORMAT " sends what is no answer",
		    MAC_BYTES(v3->nic->mac));
}

/* Its time was up.  A bundle under way was done behind that, and may have put it back. */
static void on_timeout(struct session3 *v3, const struct cvsw_flow *flow)
{
	struct nic *nic = v3->nic;
	const struct cvsw_flow *had = flowset_find(&nic->table, &flow->match, flow->priority);

	timed_end(nic, flow);
	if (v3->changing)
		nic->generation++;
	else if (had && cvsw_flow_equal(had, flow))
		flowset_remove(&nic->table, &flow->match, flow->priority);
}

/* By itself, for another reason: then it may be one that it should have. */
static void on_flow_lost(struct session3 *v3)
{
	if (v3->changing)
		v3->relist = true;
	else if (v3->table_known)
		session3_look_again(v3);
}

void session3_tell_removed(struct session3 *v3, const struct session3_removed *removed)
{
	v3->removed = removed;
	v3->world.event(v3->world.owner, SESSION3_FLOW_REMOVED, NULL);
	v3->removed = NULL;
}

static void on_flow_removed(struct session3 *v3, const struct cvsw_v3_message *message)
{
	enum cvsw_flow_command command;
	struct cvsw_v3_entry entry;
	struct cvsw_flow flow;
	size_t offset, used;

	if (cvsw_v3_flow_removed_decode(message, &entry, &offset) ||
	    cvsw_ofp10_decode(entry.flow_mod, entry.len, &used, &command, &flow, NULL)) {
		session3_not_expected(v3);
		return;
	}
	if (entry.reason <= CVSW_V3_REMOVED_HARD && flow_is_timed(&flow))
		on_timeout(v3, &flow);
	else if (entry.reason != CVSW_V3_REMOVED_DELETE)
		on_flow_lost(v3);
	session3_tell_removed(v3, &(struct session3_removed){
		.flow = &flow, .reason = entry.reason,
		.n_packets = entry.n_packets, .n_bytes = entry.n_bytes,
	});
}

/* Whose keys are to be new is ways.c's affair. */
static void on_sa_expiring(struct session3 *v3, const struct cvsw_v3_message *message)
{
	struct cvsw_v3_expiring sa;
	size_t offset;

	if (cvsw_v3_expiring_decode(message, &sa, &offset))
		session3_not_expected(v3);
	else
		v3->world.event(v3->world.owner, SESSION3_SA_EXPIRING, message);
}

void session3_take_unasked(struct session3 *v3, const struct cvsw_v3_message *message)
{
	switch (message->type) {
	case CVSW_V3_FLOW_REMOVED:
		on_flow_removed(v3, message);
		break;
	case CVSW_V3_SA_EXPIRING:
		on_sa_expiring(v3, message);
		break;
	}
}
