// SPDX-License-Identifier: GPL-2.0
#include "vswitch.h"

#include <stdio.h>

#include "alloc.h"
#include "log.h"

void vswitches_init(struct vswitches *all, struct event_base *base, struct nics *nics)
{
	*all = (struct vswitches){ .base = base, .nics = nics };
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

static void send_hello(struct vport *port, uint64_t now)
{
	struct cvsw_msg hello = { .type = CVSW_MSG_HELLO };
	uint8_t frame[CVSW_ETH_MIN];
	size_t len;

	memset(hello.dst, 0xff, CVSW_ETH_ALEN);
	len = cvsw_msg_encode(&hello, frame, sizeof(frame));
	port->hello_last = now;
	if (!vswitch_send(port, frame, len)) {
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
	if (port->up && port->hello_at <= now)
		send_hello(port, now);
}

void vswitch_port_hello(struct vport *port)
{
	uint64_t now = clock_ms(), earliest = port->hello_last + HELLO_MIN_MS;

	port->hellos = 0;
	port->hello_at = port->hello_last && earliest > now ? earliest : now;
	hello_if_due(port, now);
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
	struct vport *after;

	port->vswitch = vswitch;
	port->number = number;
	port->hello_at = UINT64_MAX;
	port->next_in_bucket = *bucket;
	*bucket = port;
	vports_each(after, vswitch)
		if (after->number > number)
			break;
	if (after)
		TAILQ_INSERT_BEFORE(after, port, in_order);
	else
		TAILQ_INSERT_TAIL(&vswitch->ports, port, in_order);
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
	} else if (!up && was_up) {
		port->hello_at = UINT64_MAX;
		if (port->nic)
			nic_detach(port->nic);
	}
}

static void remove_port(struct vport *port)
{
	struct vport **link = bucket_of(port->vswitch, port->number);

	if (port->nic)
		nic_detach(port->nic);
	while (*link != port)
		link = &(*link)->next_in_bucket;
	*link = port->next_in_bucket;
	TAILQ_REMOVE(&port->vswitch->ports, port, in_order);
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
	vswitch->all->n--;
	event_free(vswitch->tick);
	free(vswitch);
}

static void on_register(struct vport *port, const struct cvsw_msg *msg)
{
	uint8_t mac[CVSW_ETH_ALEN];

	cvsw_msg_register_mac(msg, mac);
	if (!nics_register(port->vswitch->all->nics, port, mac)) {
		port->vswitch->n_unexpected++;
		return;
	}
	port->hello_at = UINT64_MAX;
	port->hellos = 0;
}

void vswitch_frame(struct vswitch *vswitch, uint32_t number, const uint8_t *frame, size_t len)
{
	struct vport *port = vswitch_port_find(vswitch, number);
	enum cvsw_fault fault;
	struct cvsw_msg msg;
	size_t offset = 0;

	vswitch->n_frames++;
	if (!port) {
		vswitch->n_unknown_port++;
		return;
	}
	fault = cvsw_msg_decode(frame, len, &msg, &offset);
	if (fault != CVSW_OK) {
		vswitch->n_malformed++;
		log_limited(LOG_INFO, "malformed control frame from %s: %s at byte %zu",
			    port->name, cvsw_fault_text(fault), offset);
		return;
	}
	log_line(LOG_DEBUG, "%s from %s, %u bytes, data1 %u", cvsw_msg_type_name(msg.type),
		 port->name, msg.len, msg.data1);
	if (msg.type == CVSW_MSG_REGISTER)
		on_register(port, &msg);
	else if (msg.type == CVSW_MSG_HELLO)
		vswitch_port_hello(port);
	else if (msg.type == CVSW_MSG_LIST_ENTRIES && port->nic)
		nic_list(port->nic, &msg);
	else
		vswitch->n_unexpected++;
}
