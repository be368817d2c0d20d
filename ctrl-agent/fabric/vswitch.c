// SPDX-License-Identifier: GPL-2.0-or-later
#include "vswitch.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cvsw_v3_frame.h"

static const uint8_t broadcast[CVSW_ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

void vswitches_init(struct vswitches *all, struct event_base *base, const struct vport_user *user)
{
	*all = (struct vswitches){ .base = base, .user = *user };
	TAILQ_INIT(&all->order);
}

struct vswitch *vswitches_find(struct vswitches *all, uint64_t dpid)
{
	struct vswitch *vswitch;

	vswitches_each(vswitch, all)
		if (vswitch->dpid == dpid)
			break;
	return vswitch;
}

bool vswitch_send(struct vport *port, const uint8_t *frame, size_t len)
{
	return port->vswitch->send(port->vswitch->owner, port->number, frame, len);
}

uint64_t vport_place(const struct vport *port)
{
	return (uint64_t)(port->vswitch->known + 1) << 32 | port->number;
}

struct vport *vswitches_at(struct vswitches *all, uint64_t place)
{
	uint64_t known = place >> 32;
	struct vswitch *vswitch = known && known <= VSWITCH_KNOWN ? all->connected[known - 1] : NULL;

	return vswitch ? vswitch_port_find(vswitch, (uint32_t)place) : NULL;
}

static struct vport_names *names_bucket(struct vswitches *all, const char *name)
{
	uint32_t hash = 2166136261u;	/* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return &all->names[hash % VSWITCH_NAMES];
}

struct vport *vswitches_named(struct vswitches *all, const char *name, unsigned int *n)
{
	struct vport *port, *found = NULL;

	*n = 0;
	LIST_FOREACH(port, names_bucket(all, name), by_name)
		if (!strcmp(port->name, name)) {
			found = port;
			(*n)++;
		}
	return found;
}

static bool send_hello3(struct vport *port, const uint8_t mac[CVSW_ETH_ALEN])
{
	uint8_t frame[CVSW_V3_HELLO_LEN];

	return vswitch_send(port, frame, cvsw_v3_hello(mac, frame));
}

static const struct vport_user *user_of(const struct vport *port)
{
	return &port->vswitch->all->user;
}

/* Which version the driver behind it speaks is not known. */
static void send_hello(struct vport *port, uint64_t now)
{
	port->hello_last = now;
	if (!send_hello3(port, broadcast) || !user_of(port)->hello(user_of(port)->arg, port)) {
		port->hello_at = now + HELLO_MIN_MS;
		return;
	}
	port->hello_at = HELLO_FIRST_MS << (port->hellos < 16 ? port->hellos : 16);
	if (port->hello_at > HELLO_MAX_MS)
		port->hello_at = HELLO_MAX_MS;
	port->hello_at += now;
	port->hellos++;
}

static void hello_if_due(struct vport *port, uint64_t now)
{
	if (port->up && port->hello_at <= now && !port->n_waiting)
		send_hello(port, now);
}

void vswitch_port_hello(struct vport *port)
{
	uint64_t now = clock_ms(), earliest = port->hello_last + HELLO_MIN_MS;

	port->hellos = 0;
	port->hello_at = port->hello_last && earliest > now ? earliest : now;
	hello_if_due(port, now);
}

void vswitch_port_answered(struct vport *port)
{
	port->hello_at = UINT64_MAX;
	port->hellos = 0;
}

void vswitch_port_ask(struct vport *port)
{
	uint64_t now = clock_ms();

	if (port->n_waiting || (port->asked_at && now - port->asked_at < HELLO_ASK_MS))
		return;
	port->asked_at = now;
	send_hello3(port, broadcast);
}

static bool may_be_at(const struct vport *port, const uint8_t mac[CVSW_ETH_ALEN])
{
	static const uint8_t none[CVSW_ETH_ALEN];

	return port->up && LIST_EMPTY(&port->nics) &&
	       (!memcmp(port->stranger, none, sizeof(none)) ||
		!memcmp(port->stranger, mac, sizeof(none)));
}

void vswitches_call(struct vswitches *all, const uint8_t mac[CVSW_ETH_ALEN])
{
	struct vswitch *vswitch;
	struct vport *port;

	vswitches_each(vswitch, all)
		vports_each(port, vswitch)
			if (may_be_at(port, mac))
				send_hello3(port, mac);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct vswitch *vswitch = arg;
	uint64_t now = clock_ms();
	struct vport *port;

	(void)fd;
	(void)what;
	vports_each(port, vswitch)
		hello_if_due(port, now);
}

/* A new one takes the place of the oldest that is not connected: they are fewer. */
static uint32_t know(struct vswitches *all, uint64_t dpid)
{
	static_assert(VSWITCH_KNOWN > VSWITCH_MAX, "there is one that is not connected");
	uint32_t i, most = all->n_known < VSWITCH_KNOWN ? all->n_known : VSWITCH_KNOWN;

	for (i = 0; i < most; i++)
		if (all->known[i] == dpid)
			return i;
	do {
		i = all->n_known++ % VSWITCH_KNOWN;
	} while (most == VSWITCH_KNOWN && vswitches_find(all, all->known[i]));
	all->known[i] = dpid;
	return i;
}

struct vswitch *vswitch_create(struct vswitches *all, uint64_t dpid, const char *kind,
			       const char *peer,
			       bool (*send)(void *owner, uint32_t port, const uint8_t *frame,
					    size_t len), void *owner)
{
	static const struct timeval second = { .tv_sec = 1 };
	struct vswitch *vswitch;

	if (all->n >= VSWITCH_MAX || vswitches_find(all, dpid))
		return NULL;
	vswitch = xcalloc(1, sizeof(*vswitch));
	vswitch->all = all;
	vswitch->dpid = dpid;
	vswitch->known = know(all, dpid);
	all->connected[vswitch->known] = vswitch;
	vswitch->since = clock_ms();
	vswitch->kind = kind;
	vswitch->send = send;
	vswitch->owner = owner;
	snprintf(vswitch->peer, sizeof(vswitch->peer), "%s", peer);
	TAILQ_INIT(&vswitch->ports);
	vswitch->tick = alloc_checked(event_new(all->base, -1, EV_PERSIST, on_tick, vswitch));
	event_add(vswitch->tick, &second);
	TAILQ_INSERT_TAIL(&all->order, vswitch, in_order);
	all->n++;
	return vswitch;
}

static struct vport **bucket_of(struct vswitch *vswitch, uint32_t number)
{
	return &vswitch->buckets[number % VSWITCH_BUCKETS];
}

struct vport *vswitch_port_find(struct vswitch *vswitch, uint32_t number)
{
	struct vport *port = *bucket_of(vswitch, number);

	while (port && port->number != number)
		port = port->next_in_bucket;
	return port;
}

static struct vport *add_port(struct vswitch *vswitch, uint32_t number)
{
	struct vport *port = xcalloc(1, sizeof(*port)), **bucket = bucket_of(vswitch, number);
	struct vport *before;

	port->vswitch = vswitch;
	port->number = number;
	port->hello_at = UINT64_MAX;
	LIST_INIT(&port->nics);
	TAILQ_INIT(&port->waiting);
	port->next_in_bucket = *bucket;
	*bucket = port;
	/* Most come in order. */
	TAILQ_FOREACH_REVERSE(before, &vswitch->ports, vport_order, in_order)
		if (before->number < number)
			break;
	if (before)
		TAILQ_INSERT_AFTER(&vswitch->ports, before, port, in_order);
	else
		TAILQ_INSERT_HEAD(&vswitch->ports, port, in_order);
	LIST_INSERT_HEAD(names_bucket(vswitch->all, port->name), port, by_name);
	vswitch->n_ports++;
	return port;
}

/* A switch may report any bytes; what people type and JSON carries is printable ASCII. */
static void set_name(struct vport *port, const char *name)
{
	snprintf(port->name, sizeof(port->name), "%s", name);
	for (char *c = port->name; *c; c++)
		if (*c <= ' ' || *c > '~')
			*c = '?';
	LIST_REMOVE(port, by_name);
	LIST_INSERT_HEAD(names_bucket(port->vswitch->all, port->name), port, by_name);
}

void vswitch_port_set(struct vswitch *vswitch, uint32_t number, const char *name, bool up)
{
	struct vport *port = vswitch_port_find(vswitch, number);
	bool was_up;

	if (!port && vswitch->n_ports >= VSWITCH_MAX_PORTS) {
		log_limited(LOG_WARNING, "switch %016llx: more than %d ports; port %u is left out",
			    (unsigned long long)vswitch->dpid, VSWITCH_MAX_PORTS, number);
		return;
	}
	if (!port)
		port = add_port(vswitch, number);
	was_up = port->up;
	port->up = up;
	set_name(port, name);
	if (up && !was_up) {
		vswitch_port_hello(port);
		user_of(port)->up(user_of(port)->arg, port);
	} else if (!up && was_up) {
		port->hello_at = UINT64_MAX;
		user_of(port)->down(user_of(port)->arg, port);
	}
}

static void remove_port(struct vport *port)
{
	struct vport **link = bucket_of(port->vswitch, port->number);

	user_of(port)->down(user_of(port)->arg, port);
	while (*link != port)
		link = &(*link)->next_in_bucket;
	*link = port->next_in_bucket;
	TAILQ_REMOVE(&port->vswitch->ports, port, in_order);
	LIST_REMOVE(port, by_name);
	port->vswitch->n_ports--;
	free(port);
}

void vswitch_port_remove(struct vswitch *vswitch, uint32_t number)
{
	struct vport *port = vswitch_port_find(vswitch, number);

	if (port)
		remove_port(port);
}

void vswitch_destroy(struct vswitch *vswitch)
{
	struct vport *port;

	while ((port = TAILQ_FIRST(&vswitch->ports)))
		remove_port(port);
	TAILQ_REMOVE(&vswitch->all->order, vswitch, in_order);
	vswitch->all->connected[vswitch->known] = NULL;
	vswitch->all->n--;
	event_free(vswitch->tick);
	free(vswitch);
}

/* ---- rules and claims ---- */

static void tell(const struct vswitch *vswitch, enum vswitch_event event)
{
	if (vswitch->all->event)
		vswitch->all->event(vswitch, event);
}

/* What the NICs said meanwhile is lost. */
static void call_ports(struct vswitch *vswitch)
{
	struct vport *port;

	vports_each(port, vswitch)
		if (port->up && port->hello_at != UINT64_MAX)
			vswitch_port_hello(port);
}

void vswitch_set_rules(struct vswitch *vswitch, enum vswitch_rules rules, const char *why)
{
	unsigned long long dpid = vswitch->dpid;
	enum vswitch_rules before = vswitch->rules;

	if (before == rules && !strcmp(vswitch->rules_why, why))
		return;
	vswitch->rules = rules;
	snprintf(vswitch->rules_why, sizeof(vswitch->rules_why), "%s", why);
	if (rules == VSWITCH_RULES_IN_PLACE) {
		log_limited(LOG_INFO, "switch %016llx at %s: %s, %zu ports, cvswd's rules are in "
			    "place%s", dpid, vswitch->peer, vswitch->kind, vswitch->n_ports,
			    before == VSWITCH_RULES_WAITING ? "" : " again");
		if (before != VSWITCH_RULES_WAITING)
			call_ports(vswitch);
		tell(vswitch, VSWITCH_RULES_ARE_IN_PLACE);
	} else if (rules == VSWITCH_RULES_LOST) {
		vswitch->n_lost++;
		log_limited(LOG_WARNING, "switch %016llx at %s: %s; cvswd installs its rules again",
			    dpid, vswitch->peer, why);
		tell(vswitch, VSWITCH_RULES_ARE_LOST);
	} else if (rules == VSWITCH_RULES_REFUSED) {
		log_limited(LOG_ERR, "switch %016llx at %s: %s: no NIC there can be controlled",
			    dpid, vswitch->peer, why);
		tell(vswitch, VSWITCH_RULES_ARE_REFUSED);
	}
}

void vswitch_claimed(struct vswitch *vswitch, const char *peer)
{
	vswitch->n_claims++;
	snprintf(vswitch->claimed_by, sizeof(vswitch->claimed_by), "%s", peer);
	log_limited(LOG_WARNING, "%s claims to be switch %016llx, which is connected from %s and "
		    "answers: refused", peer, (unsigned long long)vswitch->dpid, vswitch->peer);
	tell(vswitch, VSWITCH_IS_CLAIMED);
}

static const char *rules_trouble(const struct vswitch *vswitch, char *text, size_t room)
{
	if (vswitch->rules == VSWITCH_RULES_NONE || vswitch->rules == VSWITCH_RULES_IN_PLACE)
		return NULL;
	snprintf(text, room, "switch %016llx: %s", (unsigned long long)vswitch->dpid,
		 vswitch->rules == VSWITCH_RULES_WAITING ? "cvswd's rules are not confirmed yet" :
							   vswitch->rules_why);
	return text;
}

const char *vswitches_trouble(const struct vswitches *all, const struct vport *port,
			      char *text, size_t room)
{
	const struct vswitch *vswitch;

	if (port)
		return rules_trouble(port->vswitch, text, room);
	if (!all->n)
		return "no switch is connected";
	vswitches_each(vswitch, all)
		if (rules_trouble(vswitch, text, room))
			return text;
	return NULL;
}

/* ---- frames ---- */

void vswitch_frame(struct vswitch *vswitch, uint32_t number, const uint8_t *frame, size_t len)
{
	struct vport *port = vswitch_port_find(vswitch, number);

	vswitch->n_frames++;
	if (!port) {
		vswitch->n_unknown_port++;
		return;
	}
	user_of(port)->frame(user_of(port)->arg, port, frame, len);
}
