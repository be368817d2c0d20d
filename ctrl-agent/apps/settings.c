// SPDX-License-Identifier: GPL-2.0-or-later
#include "settings.h"

#include "base/alloc.h"
#include "base/log.h"

#define TICK_MS		500

static struct {
	struct event *tick;
	struct nics *nics;
	bool (*keep)(void *of, const struct nic *nic);
	void *of;
} settings;

static void keep(const struct nic *nic)
{
	if (!settings.keep(settings.of, nic))
		log_limited(LOG_WARNING, "the own settings of NIC " MAC_FORMAT " are not stored yet",
			    MAC_BYTES(nic->mac));
}

static uint16_t mtu_of(const struct cvsw_v3_capabilities *can)
{
	return can->mtu <= UINT16_MAX ? can->mtu : UINT16_MAX;
}

/* What its conversation began with. */
static void take_first(struct nic *nic)
{
	if (!nic->can_known || nic->found_of == nic->epoch)
		return;
	nic->found_of = nic->epoch;
	nic->mtu_found = mtu_of(&nic->can);
	nic->offload_found = nic->can.offloads;
	/* All that registered at once are not asked at once. */
	nic->mtu_checked_at = clock_ms() - nic->number * TICK_MS % SETTINGS_CHECK_MS;
}

/* A layer sets it to @wanted: what was @found is the NIC's own.  True: that is news. */
static bool learn(struct own_setting *own, uint16_t found, uint16_t wanted)
{
	own->back = false;
	if (own->known || found == wanted)
		return false;
	*own = (struct own_setting){ .known = true, .value = found };
	return true;
}

static bool is_done(const struct nic *nic)
{
	return nic->confirmed == nic->generation && !nic->settings_due;
}

/* No layer sets it any more.  True: the NIC has its own again. */
static bool is_back(const struct nic *nic, struct own_setting *own, uint16_t *found)
{
	if (!own->back || !is_done(nic))
		return false;
	*found = own->value;
	*own = (struct own_setting){ 0 };
	return true;
}

void settings_nic_moved(void *unused, const struct hub_event *event)
{
	struct nic *nic = event->nic;
	struct desired *desired = &nic->desired;
	uint16_t mtu = desired_mtu(desired), offload;
	bool news = false;

	(void)unused;
	take_first(nic);
	if (!mtu)
		news = is_back(nic, &desired->own_mtu, &nic->mtu_found);
	else if (nic->mtu_found)
		news = learn(&desired->own_mtu, nic->mtu_found, mtu);
	if (!desired_offload(desired, &offload))
		news |= is_back(nic, &desired->own_offload, &nic->offload_found);
	else if (nic->found_of)
		news |= learn(&desired->own_offload, nic->offload_found, offload);
	if (news)
		keep(nic);
}

/* ---- has the guest changed it? ---- */

/* nic_ask()'s; what is due is done by the next tick. */
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
	nic->mtu_answered = mtu_of(&can);
}

static void ask(struct nic *nic)
{
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN];
	size_t len = cvsw_v3_plain_encode(CVSW_V3_CAPABILITIES, 0, message, sizeof(message));

	nic->mtu_asking = nic_ask(nic, message, len, on_answer, nic);
	nic->mtu_asked_of = nic->generation;
	nic_go_on(nic);
}

/* Is it clear what it should have, and that it got it? */
static bool may_look(const struct nic *nic)
{
	return nic_can_be_asked(nic) && desired_mtu(&nic->desired) && !nic->mtu_asking &&
	       nic_state(nic) != NIC_ABSENT && nic->confirmed == nic->generation &&
	       !nic->refused.mtu;
}

static void repair(struct nic *nic)
{
	uint16_t wanted = nic_wanted_mtu(nic), mtu = nic->mtu_answered;

	nic->mtu_answered = 0;
	/* If the NIC was changed after it was asked, it answered with an MTU of before. */
	if (mtu == wanted || nic->mtu_asked_of != nic->generation)
		return;
	nic->n_mtu_repairs++;
	nic->mtu_changed_to = mtu;
	log_limited(LOG_WARNING, "NIC " MAC_FORMAT " has MTU %u, not %u: its guest changed it; set "
		    "again", MAC_BYTES(nic->mac), mtu, wanted);
	nic_changed(nic, true);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	uint64_t now = clock_ms();
	struct nic *nic;

	(void)fd;
	(void)what;
	(void)arg;
	nics_each(nic, settings.nics) {
		if (!may_look(nic)) {
			nic->mtu_answered = 0;
		} else if (nic->mtu_answered) {
			repair(nic);
		} else if (now - nic->mtu_checked_at >= SETTINGS_CHECK_MS) {
			nic->mtu_checked_at = now;
			ask(nic);
		}
	}
}

void settings_init(struct event_base *base, struct nics *nics,
		   bool (*keep)(void *of, const struct nic *nic), void *of)
{
	static const struct timeval pause = { .tv_usec = TICK_MS * 1000 };

	settings.nics = nics;
	settings.keep = keep;
	settings.of = of;
	settings.tick = alloc_checked(event_new(base, -1, EV_PERSIST, on_tick, NULL));
	event_add(settings.tick, &pause);
}

void settings_end(void)
{
	event_free(settings.tick);
}
