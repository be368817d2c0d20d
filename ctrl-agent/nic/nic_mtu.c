// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic_mtu.h"

#include "base/alloc.h"
#include "base/log.h"
#include "store/state.h"

#define TICK_MS		500

static struct event *tick;

/* One that somebody wants, not one that is given back. */
static bool is_stated(const struct intent *intent)
{
	return intent->mtu || intent->overlaid;
}

static void keep(struct agent *agent, const struct nic *nic)
{
	state_begin(agent);
	state_put_nic(agent, nic);
	if (!state_commit(agent))
		log_limited(LOG_WARNING, "the own MTU of NIC " MAC_FORMAT " is not kept yet",
			    MAC_BYTES(nic->mac));
}

/* What its conversation began with. */
static void take_first(struct nic *nic)
{
	const struct cvsw_v3_capabilities *can = nic->v3 ?
						 session3_capabilities(nic->v3) : NULL;

	if (!can || nic->mtu_of == nic->epoch)
		return;
	nic->mtu_of = nic->epoch;
	nic->mtu_found = can->mtu <= UINT16_MAX ? can->mtu : UINT16_MAX;
	/* All that registered at once are not asked at once. */
	nic->mtu_checked_at = clock_ms() - nic->number * TICK_MS % NIC_MTU_CHECK_MS;
}

void nic_mtu_look(struct agent *agent, struct nic *nic)
{
	struct intent *intent = &nic->intent;

	take_first(nic);
	if (is_stated(intent)) {
		intent->restore_mtu = 0;
		if (intent->own_mtu || !nic->mtu_found || nic->mtu_found == nic_wanted_mtu(nic))
			return;
		intent->own_mtu = nic->mtu_found;
	} else if (intent->restore_mtu && nic->confirmed == nic->generation &&
		   !nic->settings_due) {
		nic->mtu_found = intent->restore_mtu;
		intent->restore_mtu = intent->own_mtu = 0;
	} else {
		return;
	}
	keep(agent, nic);
}

void nic_mtu_back(struct nic *nic, uint16_t missing)
{
	struct intent *intent = &nic->intent;

	if (!is_stated(intent))
		intent->restore_mtu = intent->own_mtu ? intent->own_mtu : missing;
}

/* ---- has the guest changed it? ---- */

/* session3_ask()'s; what is due is done by the next tick. */
static void on_answer(void *arg, const struct cvsw_v3_message *answer, const uint8_t *request,
		      size_t request_len)
{
	struct cvsw_v3_capabilities can;
	struct nic *nic = arg;
	size_t offset;

	(void)request;
	(void)request_len;
	nic->mtu_asking = false;
	if (!answer || answer->type != CVSW_V3_CAPABILITIES + 1 ||
	    cvsw_v3_capabilities_decode(answer, &can, &offset))
		return;
	nic->mtu_found = can.mtu <= UINT16_MAX ? can.mtu : UINT16_MAX;
	nic->mtu_answered = true;
}

static void ask(struct nic *nic)
{
	struct session3 *v3 = nic->v3;
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN];
	size_t len = cvsw_v3_plain_encode(CVSW_V3_CAPABILITIES, session3_next_xid(v3), message,
					  sizeof(message));

	nic->mtu_asking = session3_ask(v3, message, len, on_answer, nic);
	nic_go_on(nic);
}

/* Is it clear what it should have, and that it got it? */
static bool may_look(const struct nic *nic)
{
	return nic->v3 && is_stated(&nic->intent) && !nic->mtu_asking &&
	       session3_is_there(nic->v3) && nic->confirmed == nic->generation &&
	       !session3_refuses_mtu(nic->v3);
}

static void repair(struct nic *nic)
{
	uint16_t wanted = nic_wanted_mtu(nic);

	nic->mtu_answered = false;
	if (nic->mtu_found == wanted)
		return;
	nic->n_mtu_repairs++;
	nic->mtu_changed_to = nic->mtu_found;
	log_limited(LOG_WARNING, "NIC " MAC_FORMAT " has MTU %u, not %u: its guest changed it; set "
		    "again", MAC_BYTES(nic->mac), nic->mtu_found, wanted);
	nic_changed(nic, true);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct agent *agent = arg;
	uint64_t now = clock_ms();
	struct nic *nic;

	(void)fd;
	(void)what;
	nics_each(nic, &agent->nics) {
		if (!may_look(nic)) {
			nic->mtu_answered = false;
		} else if (nic->mtu_answered) {
			repair(nic);
		} else if (now - nic->mtu_checked_at >= NIC_MTU_CHECK_MS) {
			nic->mtu_checked_at = now;
			ask(nic);
		}
	}
}

void nic_mtu_init(struct agent *agent)
{
	static const struct timeval pause = { .tv_usec = TICK_MS * 1000 };

	tick = alloc_checked(event_new(agent->base, -1, EV_PERSIST, on_tick, agent));
	event_add(tick, &pause);
}

void nic_mtu_end(void)
{
	event_free(tick);
}
