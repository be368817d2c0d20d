// SPDX-License-Identifier: GPL-2.0-or-later
#include "overlays.h"

#include <event2/event.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "base/log.h"
#include "nic/nics.h"
#include "sa/ways_kept.h"

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
	struct overlays *overlays = owner;

	nic_desired_changed(nic, settings, clock_ms());
	if (nic->to_be_told)
		return;
	nic->to_be_told = true;
	LIST_INSERT_HEAD(&overlays->to_tell, nic, to_tell);
}

void overlays_tell(struct overlays *overlays)
{
	struct nic *nic;

	while ((nic = LIST_FIRST(&overlays->to_tell))) {
		LIST_REMOVE(nic, to_tell);
		nic->to_be_told = false;
		nic_go_on(nic);
	}
}

/* For the overlay that is to be looked at first. */
static void arm(struct overlays *overlays)
{
	static_assert(HEAP_NEVER == UINT64_MAX, "no look is due: no timer");

	turns_timer(overlays->timer, heap_due(&overlays->looks));
}

static void look_at(struct overlays *overlays, struct overlay *overlay, uint64_t due)
{
	bool first = due < heap_due(&overlays->looks);

	heap_set(&overlays->looks, &overlay->look, due);
	if (first)
		arm(overlays);
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
		most += 2 * overlay->ways.n * overlay->ways.n;
	if ((uint32_t)(overlays->reserved_spi - overlays->world.next_spi) >= most &&
	    overlays->reserved_spi)
		return true;
	overlays->reserved_spi = overlays->world.next_spi + 2 * most;
	if (overlays->keeper.spi(overlays->keeper.of, overlays->reserved_spi))
		return true;
	overlays->reserved_spi = before;
	log_limited(LOG_WARNING, "overlays get no new keys until the database can be written");
	return false;
}

static struct overlay *overlay_of_look(struct heap_node *look)
{
	return (struct overlay *)((char *)look - offsetof(struct overlay, look));
}

/* A piece of what is to be done for the overlay that has waited longest; who had one waits. */
static void run_first(struct overlays *overlays, uint64_t now)
{
	struct overlay *overlay = overlay_of_look(heap_first(&overlays->looks));
	struct ways_world *world = &overlays->world;
	uint64_t next;

	world->budget = WAYS_BUDGET;
	next = ways_run(&overlay->ways, world, now);
	overlay->looked_at = now;
	heap_set(&overlays->looks, &overlay->look, next > now ? next : now + 1);
	/* What a restart of the daemon must know. */
	overlays->keeper.ways(overlays->keeper.of, overlay);
}

/* Until the turn is full, with all that it did before, but one piece in any case. */
static void run_due(struct overlays *overlays, uint64_t now)
{
	if (heap_due(&overlays->looks) > now)
		return;
	do {
		run_first(overlays, now);
		overlays_tell(overlays);
	} while (heap_due(&overlays->looks) <= now && !turns_is_full());
}

static void look(struct turns_work *work)
{
	static const struct timeval retry = { .tv_sec = OVERLAYS_RETRY_MS / 1000 };
	struct overlays *overlays = (struct overlays *)((char *)work -
							 offsetof(struct overlays, looking));

	if (overlays->n && !reserve_spis(overlays)) {
		overlays_tell(overlays);
		event_add(overlays->timer, &retry);
		return;
	}
	run_due(overlays, clock_ms());
	overlays_tell(overlays);
	arm(overlays);
	if (overlays->settled)
		overlays->settled();
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct overlays *overlays = arg;

	(void)fd;
	(void)what;
	turns_put_off(&overlays->looking);
}

void overlays_init(struct overlays *overlays, struct event_base *base)
{
	*overlays = (struct overlays){ 0 };
	TAILQ_INIT(&overlays->order);
	LIST_INIT(&overlays->to_tell);
	overlays->timer = alloc_checked(evtimer_new(base, on_timer, overlays));
	overlays->looking.run = look;
	overlays->world.random = random_bytes;
	overlays->world.changed = on_changed;
	overlays->world.owner = overlays;
	overlays->world.most_under_way = WAYS_UNDER_WAY;
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
	turns_drop(&overlays->looking);
	heap_free(&overlays->looks);
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
	overlays_poke(overlays, overlay);
}

void overlays_leave(struct overlays *overlays, struct overlay *overlay,
		    struct overlay_member *member)
{
	struct desired *desired = &member->ways.nic->desired;
	struct nic *nic = member->ways.nic;

	/* Its table is ours still, or nobody would take the overlay's flows out of it. */
	desired_use(desired, DESIRED_HAND);
	nic_drop_made(nic);
	ways_close(&overlay->ways, &member->ways);
	overlay_leave(overlay, member);
	/* Version 2 does not say what it had. */
	if (!desired->own_mtu.known && !nic->found_of)
		desired->own_mtu = (struct own_setting){
			.known = true, .value = overlay->config.underlay_mtu,
		};
	desired_give_back(desired);
	on_changed(overlays, nic, true);
	overlays_poke(overlays, overlay);
}

void overlays_remove(struct overlays *overlays, struct overlay *overlay)
{
	struct overlay_member *member;

	while ((member = overlay_first(overlay)))
		overlays_leave(overlays, overlay, member);
	TAILQ_REMOVE(&overlays->order, overlay, in_order);
	heap_set(&overlays->looks, &overlay->look, HEAP_NEVER);
	overlays->world.under_way -= overlay->ways.under_way;
	overlays->n--;
	overlay_free(overlay);
}

void overlays_nic_moved(void *overlays, const struct hub_event *event)
{
	struct overlay_member *member = event->nic->member;

	if (member && ways_noticed(&member->ways))
		overlays_poke(overlays, member->overlay);
}

void overlays_expiring(void *overlays, const struct hub_event *event)
{
	struct overlay_member *member = event->nic->member;
	struct cvsw_v3_expiring sa;
	size_t offset;

	if (member && !cvsw_v3_expiring_decode(event->message, &sa, &offset) &&
	    ways_expiring(&member->overlay->ways, &member->ways, sa.direction, sa.spi))
		overlays_poke(overlays, member->overlay);
}

void overlays_found(void *overlays, const struct hub_event *event)
{
	struct overlay_member *member = event->nic->member;

	if (!member || !member->overlay->config.key_len)
		return;
	ways_found(&member->overlay->ways, &member->ways, event->sas, event->n_sas);
	overlays_poke(overlays, member->overlay);
}

void overlays_refused(void *overlays, const struct hub_event *event)
{
	struct overlay_member *member = event->nic->member;

	if (member && ways_refused(&member->overlay->ways, &member->ways, event->direction, event->spi))
		overlays_poke(overlays, member->overlay);
}

/* Not too often: what more NICs say meanwhile is looked at together. */
void overlays_poke(struct overlays *overlays, struct overlay *overlay)
{
	uint64_t due = clock_ms() + OVERLAYS_PAUSE_MS, soonest = overlay->looked_at + OVERLAYS_LOOK_MS;

	if (due < soonest)
		due = soonest;
	if (!overlay->look.at || due < overlay->look.due)
		look_at(overlays, overlay, due);
}
