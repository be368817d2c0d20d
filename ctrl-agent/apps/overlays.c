// SPDX-License-Identifier: GPL-2.0-or-later
#include "overlays.h"

#include <sys/random.h>

#include "agent.h"
#include "base/alloc.h"
#include "base/log.h"
#include "store/state.h"

static void random_bytes(void *buf, size_t len)
{
	/* Up to 256 bytes come whole once the kernel has them at all (getrandom(2)). */
	if (getrandom(buf, len, 0) != (ssize_t)len) {
		log_line(LOG_ERR, "the kernel gives no random bytes for keys");
		abort();
	}
}

/* It hears of it when it is kept: overlays_tell(). */
static void on_changed(void *owner, struct nic *nic, bool settings)
{
	(void)owner;
	nic_desired_changed(nic, settings, clock_ms());
	nic->to_be_told = true;
}

void overlays_tell(struct overlays *overlays)
{
	struct nic *nic;

	nics_each(nic, &overlays->agent->nics) {
		if (!nic->to_be_told)
			continue;
		nic->to_be_told = false;
		nic_go_on(nic);
	}
}

static void arm(struct overlays *overlays, uint64_t pause)
{
	struct timeval wait = { .tv_sec = pause / 1000, .tv_usec = pause % 1000 * 1000 };

	event_add(overlays->timer, &wait);
}

/* What a restart of the daemon must know: which SPIs are in use. */
static uint64_t fingerprint(const struct overlay *overlay)
{
	const struct overlay_member *to, *from;
	uint64_t sum = 0;

	overlay_each(to, overlay)
		overlay_each(from, overlay) {
			const struct way *way = &to->from[from->slot];

			sum = sum * 31 + way->known + way->known_out;
			for (unsigned int i = 0; i < way->n_spis; i++)
				sum = sum * 31 + way->spis[i];
		}
	return sum;
}

/*
 * SPIs enough for all ways twice; taken before they are used, so that none is used again.
 * False: the database cannot be written, and they may not be used.
 */
static bool reserve_spis(struct overlays *overlays)
{
	uint32_t most = OVERLAYS_SPI_BLOCK, before = overlays->reserved_spi;
	const struct overlay *overlay;

	overlays_each(overlay, overlays)
		most += 2 * overlay->n * overlay->n;
	if ((uint32_t)(overlays->reserved_spi - overlays->world.next_spi) >= most &&
	    overlays->reserved_spi)
		return true;
	overlays->reserved_spi = overlays->world.next_spi + 2 * most;
	state_begin(overlays->agent);
	state_put_spi(overlays->agent, overlays->reserved_spi);
	if (state_commit(overlays->agent))
		return true;
	overlays->reserved_spi = before;
	log_limited(LOG_WARNING, "overlays get no new keys until the database can be written");
	return false;
}

static uint64_t run_ways(struct overlays *overlays, uint64_t now)
{
	uint64_t next = UINT64_MAX, before, due;
	struct overlay *overlay;
	bool changed = false;

	overlays_each(overlay, overlays) {
		before = fingerprint(overlay);
		due = ways_run(overlay, &overlays->world, now);
		next = due < next ? due : next;
		if (fingerprint(overlay) == before)
			continue;
		if (!changed)
			state_begin(overlays->agent);
		changed = true;
		state_put_overlay(overlays->agent, overlay);
	}
	/* Keys that are in use cannot wait for a full disk: it is tried again, and show says so. */
	if (changed && !state_commit(overlays->agent))
		log_limited(LOG_WARNING, "which keys are in use is not kept yet");
	return next;
}

void overlays_run(struct overlays *overlays)
{
	uint64_t now = clock_ms(), next;

	if (overlays->n && !reserve_spis(overlays)) {
		overlays_tell(overlays);
		arm(overlays, STATE_RETRY_MS);
		return;
	}
	next = run_ways(overlays, now);
	overlays_tell(overlays);
	/* Unless a session that went on asked for it at once. */
	if (next != UINT64_MAX && !event_pending(overlays->timer, EV_TIMEOUT, NULL))
		arm(overlays, next - now);
	if (overlays->settled)
		overlays->settled(overlays->agent);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	overlays_run(arg);
}

void overlays_init(struct overlays *overlays, struct agent *agent)
{
	*overlays = (struct overlays){ .agent = agent };
	TAILQ_INIT(&overlays->order);
	overlays->timer = alloc_checked(evtimer_new(agent->base, on_timer, overlays));
	overlays->world.random = random_bytes;
	overlays->world.changed = on_changed;
	random_bytes(&overlays->world.next_spi, sizeof(overlays->world.next_spi));
}

void overlays_free(struct overlays *overlays)
{
	struct overlay *overlay;

	while ((overlay = TAILQ_FIRST(&overlays->order))) {
		TAILQ_REMOVE(&overlays->order, overlay, in_order);
		overlay_free(overlay);
	}
	event_free(overlays->timer);
	explicit_bzero(overlays, sizeof(*overlays));
}

struct overlay *overlays_find(struct overlays *overlays, const char *name)
{
	struct overlay *overlay;

	overlays_each(overlay, overlays)
		if (!strcmp(overlay->config.name, name))
			return overlay;
	return NULL;
}

struct overlay *overlays_find_vni(struct overlays *overlays, uint32_t vni)
{
	struct overlay *overlay;

	overlays_each(overlay, overlays)
		if (overlay->config.vni == vni)
			return overlay;
	return NULL;
}

void overlays_add(struct overlays *overlays, struct overlay *overlay)
{
	TAILQ_INSERT_TAIL(&overlays->order, overlay, in_order);
	overlays->n++;
	overlays_poke(overlays);
}

void overlays_leave(struct overlays *overlays, struct overlay *overlay,
		    struct overlay_member *member)
{
	struct desired *desired = &member->nic->desired;
	struct nic *nic = member->nic;

	ways_close(overlay, member);
	overlay_leave(overlay, member);
	/* Its table is ours still, or nobody would take the overlay's flows out of it. */
	desired_use(desired, DESIRED_HAND);
	desired_drop(desired, DESIRED_OVERLAY);
	/* Version 2 does not say what it had. */
	if (!desired->own_mtu.known && !nic->found_of)
		desired->own_mtu = (struct own_setting){
			.known = true, .value = overlay->config.underlay_mtu,
		};
	desired_give_back(desired);
	on_changed(NULL, nic, true);
	overlays_poke(overlays);
}

void overlays_remove(struct overlays *overlays, struct overlay *overlay)
{
	struct overlay_member *member;

	while ((member = TAILQ_FIRST(&overlay->members)))
		overlays_leave(overlays, overlay, member);
	TAILQ_REMOVE(&overlays->order, overlay, in_order);
	overlays->n--;
	overlay_free(overlay);
}

void overlays_expiring(struct overlays *overlays, const struct nic *nic,
		       const struct cvsw_v3_message *message)
{
	struct overlay_member *member = nic->member;
	struct cvsw_v3_expiring sa;
	size_t offset;

	if (member && !cvsw_v3_expiring_decode(message, &sa, &offset) &&
	    ways_expiring(member->overlay, member, sa.direction, sa.spi))
		overlays_poke(overlays);
}

void overlays_poke(struct overlays *overlays)
{
	struct timeval due, now, soon = { .tv_usec = OVERLAYS_PAUSE_MS * 1000 };

	if (!overlays->n)
		return;
	if (event_pending(overlays->timer, EV_TIMEOUT, &due)) {
		event_base_gettimeofday_cached(event_get_base(overlays->timer), &now);
		evutil_timeradd(&now, &soon, &now);
		if (evutil_timercmp(&due, &now, <))
			return;
	}
	arm(overlays, OVERLAYS_PAUSE_MS);
}
