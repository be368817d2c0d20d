// SPDX-License-Identifier: GPL-2.0-or-later
#include "nics.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/turns.h"
#include "cvsw_v3_libcrypto.h"
#include "fabric/vswitch.h"
#include "legacy.h"

static struct nic **bucket_of(struct nics *nics, const uint8_t mac[CVSW_ETH_ALEN])
{
	/* The bound on their number bounds a bucket's length, whatever the MACs are. */
	uint32_t hash = (uint32_t)mac[2] << 24 | mac[3] << 16 | mac[4] << 8 | mac[5];

	return &nics->buckets[(hash * 0x9e3779b1u) >> (32 - NICS_BUCKET_BITS)];
}

static_assert(NICS_BUCKETS == 1 << NICS_BUCKET_BITS, "bucket_of() keeps that many bits");

struct nic *nics_find(struct nics *nics, const uint8_t mac[CVSW_ETH_ALEN])
{
	struct nic *nic = *bucket_of(nics, mac);

	while (nic && memcmp(nic->mac, mac, CVSW_ETH_ALEN))
		nic = nic->next_in_bucket;
	return nic;
}

static void arm(struct nics *nics)
{
	static_assert(HEAP_NEVER == UINT64_MAX, "no alarm: no timer");

	turns_timer(nics->timer, heap_due(&nics->alarms));
}

/*
 * With nearly every frame its next deadline moves away.  An alarm that comes too early costs less
 * than one that is set again each time, so it only comes nearer here.
 */
static void set_alarm(struct nic *nic)
{
	struct nics *nics = nic->nics;
	uint64_t due = nic_deadline(nic), first = heap_due(&nics->alarms);

	if (nic->alarm.at && due >= nic->alarm.due)
		return;
	heap_set(&nics->alarms, &nic->alarm, due);
	if (due < first)
		arm(nics);
}

/* Nearly all that comes in changes nothing that anybody waits for. */
static void tell_if_moved(struct nic *nic)
{
	struct nic_mark mark;

	nic_mark(nic, &mark);
	if (!memcmp(&mark, &nic->mark, sizeof(mark)))
		return;
	nic->mark = mark;
	nic_tell(nic, HUB_MOVED);
	/* What was heard there is dealt with. */
	nic_mark(nic, &nic->mark);
}

void nic_go_on(struct nic *nic)
{
	nic_run(nic, clock_ms());
	set_alarm(nic);
	tell_if_moved(nic);
}

void nic_go_on_later(struct nic *nic)
{
	turns_put_off(&nic->going_on);
}

static void go_on(struct turns_work *work)
{
	nic_go_on((struct nic *)((char *)work - offsetof(struct nic, going_on)));
}

static struct nic *nic_of_alarm(struct heap_node *alarm)
{
	return (struct nic *)((char *)alarm - offsetof(struct nic, alarm));
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct nics *nics = arg;
	uint64_t now = clock_ms(), due;
	struct nic *nic;

	(void)fd;
	(void)what;
	while (heap_due(&nics->alarms) <= now) {
		nic = nic_of_alarm(heap_first(&nics->alarms));
		due = nic_deadline(nic);
		if (due <= now) {
			nic_go_on_later(nic);
			due = HEAP_NEVER;
		}
		heap_set(&nics->alarms, &nic->alarm, due);
	}
	arm(nics);
}

static bool send_towards(struct nic *nic, const uint8_t *frame, size_t len, uint64_t place)
{
	struct vport *port = place ? vswitches_at(nic->nics->switches, place) : nic->port;

	return port && vswitch_send(port, frame, len);
}

static void on_event(const struct hub_event *event)
{
	event->nic->n_registers += event->what == HUB_REGISTERED;
	hub_tell(event->nic->nics->hub, event);
}

void nics_init(struct nics *nics, struct event_base *base, struct hub *hub, size_t max)
{
	*nics = (struct nics){ .base = base, .hub = hub, .max = max, .room = max };
	nics->world = (struct nic_world){
		.send = send_towards, .event = on_event,
		.crypto = &cvsw_v3_libcrypto, .guard = &nics->guard,
	};
	TAILQ_INIT(&nics->order);
	nics->keyed = xcalloc(max, sizeof(struct nic *));
	nics->timer = alloc_checked(evtimer_new(base, on_timer, nics));
}

struct nic *nics_get(struct nics *nics, const uint8_t mac[CVSW_ETH_ALEN])
{
	struct nic *nic = nics_find(nics, mac), **bucket;

	if (nic || (nics->n >= nics->max && !nics->loading))
		return nic;
	nic = xcalloc(1, sizeof(*nic));
	nic_init(nic, mac, &nics->world);
	nic->nics = nics;
	if (nics->allow_version2)
		legacy_new(nic);
	nic->going_on.run = go_on;
	bucket = bucket_of(nics, mac);
	nic->next_in_bucket = *bucket;
	*bucket = nic;
	TAILQ_INSERT_TAIL(&nics->order, nic, in_order);
	nics->n++;
	if (nics->came)
		nics->came(nics->arg, nic);
	return nic;
}

static int by_mac(const void *a, const void *b)
{
	return memcmp((*(struct nic *const *)a)->mac, (*(struct nic *const *)b)->mac, CVSW_ETH_ALEN);
}

struct nic **nics_sorted(const struct nics *nics)
{
	struct nic **sorted = xcalloc(nics->n + 1, sizeof(*sorted)), *nic;
	size_t n = 0;

	nics_each(nic, nics)
		sorted[n++] = nic;
	qsort(sorted, n, sizeof(*sorted), by_mac);
	return sorted;
}

static void nic_free(struct nic *nic)
{
	struct nic **link = bucket_of(nic->nics, nic->mac);

	if (nic->nics->gone)
		nic->nics->gone(nic->nics->arg, nic);
	while (*link != nic)
		link = &(*link)->next_in_bucket;
	*link = nic->next_in_bucket;
	TAILQ_REMOVE(&nic->nics->order, nic, in_order);
	nic->nics->n--;
	if (nic->has_key)
		nic_drop_number(nic);
	nic_not_away(nic);
	if (nic->to_be_told)
		LIST_REMOVE(nic, to_tell);
	heap_set(&nic->nics->alarms, &nic->alarm, HEAP_NEVER);
	turns_drop(&nic->going_on);
	nic_clear(nic);
	explicit_bzero(nic, sizeof(*nic));
	free(nic);
}

void nics_free(struct nics *nics)
{
	struct nic *nic;

	while ((nic = TAILQ_FIRST(&nics->order)))
		nic_free(nic);
	free(nics->keyed);
	heap_free(&nics->alarms);
	event_free(nics->timer);
	explicit_bzero(&nics->guard, sizeof(nics->guard));
}

/* All that a NIC is kept for. */
static bool is_needed(const struct nic *nic)
{
	return nic->port || nic->has_key || nic->key_unread || nic->held ||
	       nic->member || !desired_is_empty(&nic->desired);
}

void nic_release(struct nic *nic)
{
	if (!is_needed(nic))
		nic_free(nic);
}

void nics_loaded(struct nics *nics)
{
	struct nic *nic, *next;

	nics->loading = false;
	for (nic = TAILQ_FIRST(&nics->order); nic; nic = next) {
		next = TAILQ_NEXT(nic, in_order);
		nic_release(nic);
	}
}

void nic_detach(struct nic *nic)
{
	if (nic->port) {
		LIST_REMOVE(nic, at_port);
		nic->port = NULL;
		if (nic->has_key)
			nic_away(nic);
		nic_tell(nic, HUB_LOST);
	}
	nic_absent(nic);
	set_alarm(nic);
	tell_if_moved(nic);
	nic_release(nic);
}

bool nics_is_station(const uint8_t mac[CVSW_ETH_ALEN])
{
	static const uint8_t zero[CVSW_ETH_ALEN];

	return !(mac[0] & 1) && memcmp(mac, zero, CVSW_ETH_ALEN);
}

void nic_attach(struct nic *nic, struct vport *port)
{
	log_limited(LOG_INFO, "NIC " MAC_FORMAT " is at switch %016llx port %u (%s)",
		    MAC_BYTES(nic->mac), (unsigned long long)port->vswitch->dpid,
		    port->number, port->name);
	nic_not_away(nic);
	nic->port = port;
	LIST_INSERT_HEAD(&port->nics, nic, at_port);
	vswitch_port_answered(port);
}

const uint8_t *nic_stranger(const struct nic *nic)
{
	static const uint8_t none[CVSW_ETH_ALEN];

	return nic->port && nic->has_key && nic_state(nic) == NIC_ABSENT &&
	       memcmp(nic->port->stranger, none, sizeof(none)) ? nic->port->stranger : NULL;
}

/* Perhaps a NIC's MAC address was changed: the key belongs to the old one. */
void nics_stranger(struct vport *port, const uint8_t mac[CVSW_ETH_ALEN])
{
	bool is_new = memcmp(port->stranger, mac, CVSW_ETH_ALEN);
	struct nic *nic;

	if (!nics_is_station(mac))
		return;
	memcpy(port->stranger, mac, CVSW_ETH_ALEN);
	if (is_new)
		log_limited(LOG_WARNING, "MAC address " MAC_FORMAT " registers at %s, but has no "
			    "key here", MAC_BYTES(mac), port->name);
	LIST_FOREACH(nic, &port->nics, at_port)
		if (is_new && nic->has_key)
			log_limited(LOG_WARNING, "NIC " MAC_FORMAT " was there before: was its MAC address "
				    "changed to " MAC_FORMAT "?",
				    MAC_BYTES(nic->mac), MAC_BYTES(mac));
}

void nic_changed(struct nic *nic, bool settings)
{
	nic_desired_changed(nic, settings, clock_ms());
	nic_go_on(nic);
}

/* What it was given it has for itself from now on. */
static void keep_given(struct nic *nic)
{
	uint16_t offload;

	if (nic_hand(nic)->in_use || nic_controlled(nic)->in_use)
		nic->n_reported = nic->table.n;
	if (nic->confirmed != nic->generation)
		return;
	if (nic_wanted_mtu(nic) && !nic->refused.mtu)
		nic->mtu_found = nic_wanted_mtu(nic);
	if (nic_wanted_offload(nic, &offload) && !nic->refused.offload)
		nic->offload_found = offload;
}

void nic_forget(struct nic *nic)
{
	keep_given(nic);
	nic->held = false;
	timed_clear(&nic->timed);
	desired_clear(&nic->desired);
	if (nic->port)
		nic_changed(nic, true);
	else
		nic_detach(nic);
}
