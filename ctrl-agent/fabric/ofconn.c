// SPDX-License-Identifier: GPL-2.0-or-later
#include "ofconn.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include "address.h"
#include "base/alloc.h"
#include "cvsw_ofp.h"
#include "base/log.h"
#include "base/turns.h"
#include "ofrules.h"

/* HELLO is type 0, ERROR 1, in every version of OpenFlow. */
#define OFCONN_ERROR_TYPE	1

enum ofconn_state {
	OFCONN_HELLO,
	OFCONN_FEATURES,
	OFCONN_CLAIM,
	OFCONN_PORTS,
	OFCONN_READY,	/* as far as it tells; its rules have a state of their own */
};

/*
 * @vswitch: once the datapath id is known and nobody else's
 * @ports10: the features reply's ports, until then
 * @out: what is sent when the next turn of the event loop begins, or when it is much; @sending:
 *	that is put off
 * @reading: there are whole messages that were left for the next turn
 * @address: by which unknown connections are counted; empty: not at all
 * @claimer: who claims to be this switch; @probe: the echo that is to show that it lives
 */
struct ofconn {
	LIST_ENTRY(ofconn) in_list;
	struct vswitches *switches;
	struct bufferevent *stream;
	struct event *tick;
	struct evbuffer *out;
	struct turns_work sending;
	struct turns_work reading;
	struct vswitch *vswitch;
	struct ofrules rules;
	enum ofconn_state state;
	uint8_t version;
	uint32_t xid;
	uint64_t opened_at;
	uint64_t heard_at;
	bool echo_sent;
	bool dying;
	uint64_t dpid;
	uint8_t *ports10;
	size_t ports10_len;
	struct ofconn *claimer;
	uint32_t probe;
	uint64_t probed_at;
	char peer[VSWITCH_PEER_LEN];
	char address[64];
	void (*closed)(void *owner);
	void *owner;
};

static LIST_HEAD(, ofconn) connections = LIST_HEAD_INITIALIZER(connections);

static void forget_claim(struct ofconn *claimer)
{
	struct ofconn *conn;

	LIST_FOREACH(conn, &connections, in_list)
		if (conn->claimer == claimer)
			conn->claimer = NULL;
}

/* At once, as far as the socket takes it; the event loop looks after the rest. */
static void send_out(struct ofconn *conn)
{
	struct evbuffer *waits = bufferevent_get_output(conn->stream);

	if (!evbuffer_get_length(waits))
		evbuffer_write(conn->out, bufferevent_getfd(conn->stream));
	if (evbuffer_get_length(conn->out))
		bufferevent_write_buffer(conn->stream, conn->out);
}

static size_t unsent(const struct ofconn *conn)
{
	return evbuffer_get_length(conn->out) +
	       evbuffer_get_length(bufferevent_get_output(conn->stream));
}

static void ofconn_free(struct ofconn *conn)
{
	LIST_REMOVE(conn, in_list);
	forget_claim(conn);
	free(conn->ports10);
	if (conn->vswitch)
		vswitch_destroy(conn->vswitch);
	event_free(conn->tick);
	turns_drop(&conn->reading);
	turns_drop(&conn->sending);
	/* A last word (HELLO_FAILED), if the socket takes it at once. */
	send_out(conn);
	evbuffer_free(conn->out);
	bufferevent_free(conn->stream);
	if (conn->closed)
		conn->closed(conn->owner);
	free(conn);
}

/*
 * Ends the connection with one line that says why.  Freed from the event loop:
 * callers up the stack may hold the connection or its switch.
 */
__attribute__((format(printf, 2, 3)))
static void ofconn_end(struct ofconn *conn, const char *format, ...)
{
	char why[256];
	va_list args;

	if (conn->dying)
		return;
	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	log_limited(LOG_WARNING, "switch at %s: %s; connection closed", conn->peer, why);
	conn->dying = true;
	bufferevent_disable(conn->stream, EV_READ);
	event_active(conn->tick, EV_TIMEOUT, 0);
}

static void write_out(struct ofconn *conn, const uint8_t *data, size_t len)
{
	if (conn->dying)
		return;
	if (unsent(conn) + len > OFCONN_OUT_LIMIT) {
		ofconn_end(conn, "reads too slowly");
		return;
	}
	evbuffer_add(conn->out, data, len);
	turns_put_off(&conn->sending);
}

static void send_request(struct ofconn *conn, enum cvsw_ofp_kind kind)
{
	uint8_t buf[64];

	write_out(conn, buf, cvsw_ofp_encode_request(conn->version, ++conn->xid, kind,
						     buf, sizeof(buf)));
}

/* vswitch->send */
static bool send_frame(void *owner, uint32_t port, const uint8_t *frame, size_t len)
{
	struct ofconn *conn = owner;
	uint8_t buf[2048];
	size_t n;

	if (unsent(conn) > OFCONN_OUT_BUSY)
		send_out(conn);
	if (conn->dying || unsent(conn) > OFCONN_OUT_BUSY)
		return false;
	n = cvsw_ofp_encode_packet_out(conn->version, ++conn->xid, port, frame, len,
				       buf, sizeof(buf));
	write_out(conn, buf, n);
	return n != 0;
}

/* ofrules' way to the switch */
static void write_rules(void *owner, const uint8_t *data, size_t len)
{
	write_out(owner, data, len);
}

static void set_port(struct ofconn *conn, const struct cvsw_ofp_port *port)
{
	if (port->number < CVSW_OFPP_MAX)
		vswitch_port_set(conn->vswitch, port->number, port->name, !port->link_down);
}

static void set_ports(struct ofconn *conn, struct cvsw_ofp_ports ports)
{
	struct cvsw_ofp_port port;

	while (cvsw_ofp_next_port(&ports, &port))
		set_port(conn, &port);
}

/* "1.1, 1.5": versions are numbered from 1 on, 1.0 first. */
static void list_versions(uint32_t versions, char *text, size_t room)
{
	size_t at = 0;

	*text = 0;
	for (unsigned int v = 0; v < 32 && at < room; v++)
		if (versions & 1u << v)
			at += snprintf(text + at, room - at,
				       v >= 1 && v <= 6 ? "%s1.%u" : "%snumber %u", at ? ", " : "",
				       v >= 1 && v <= 6 ? v - 1 : v);
}

static void refuse_versions(struct ofconn *conn, const struct cvsw_ofp_msg *msg)
{
	static const char why[] = "CVSW speaks OpenFlow 1.0 and 1.3";
	char offered[96];
	uint8_t buf[128];

	write_out(conn, buf, cvsw_ofp_encode_error(CVSW_OFP_V13, msg->xid,
						   CVSW_OFPET_HELLO_FAILED,
						   CVSW_OFPHFC_INCOMPATIBLE,
						   (const uint8_t *)why, sizeof(why) - 1,
						   buf, sizeof(buf)));
	list_versions(msg->hello.offered, offered, sizeof(offered));
	ofconn_end(conn, "it offers OpenFlow %s, cvswd speaks 1.0 and 1.3",
		   *offered ? offered : "of a version that has no number here");
}

static void on_hello(struct ofconn *conn, const struct cvsw_ofp_msg *msg)
{
	if (conn->state != OFCONN_HELLO)
		return;
	if (!msg->hello.version) {
		refuse_versions(conn, msg);
		return;
	}
	conn->version = msg->hello.version;
	conn->state = OFCONN_FEATURES;
	send_request(conn, CVSW_OFP_FEATURES_REQUEST);
}

static struct ofconn *holder_of(uint64_t dpid)
{
	struct ofconn *conn;

	LIST_FOREACH(conn, &connections, in_list)
		if (conn->vswitch && conn->dpid == dpid)
			break;
	return conn;
}

/* Its datapath id is its own: from now on it is a switch. */
static void begin_switch(struct ofconn *conn)
{
	bool v10 = conn->version == CVSW_OFP_V10;

	conn->vswitch = vswitch_create(conn->switches, conn->dpid,
				       v10 ? "OpenFlow 1.0" : "OpenFlow 1.3",
				       conn->peer, send_frame, conn);
	if (!conn->vswitch) {
		ofconn_end(conn, "datapath id %016llx is that of --direct, or %d switches are "
			   "connected", (unsigned long long)conn->dpid, VSWITCH_MAX);
		return;
	}
	conn->rules = (struct ofrules){
		.vswitch = conn->vswitch, .write = write_rules, .owner = conn,
		.xid = &conn->xid, .version = conn->version,
	};
	ofrules_start(&conn->rules);
	if (v10) {
		set_ports(conn, (struct cvsw_ofp_ports){ conn->ports10, conn->ports10_len,
							 CVSW_OFP_V10 });
		conn->state = OFCONN_READY;
	} else {
		conn->state = OFCONN_PORTS;
		send_request(conn, CVSW_OFP_PORT_DESC_REQUEST);
	}
	free(conn->ports10);
	conn->ports10 = NULL;
}

/* Whoever is connected is asked; a dead one must not keep its successor out. */
static void begin_claim(struct ofconn *conn, struct ofconn *holder)
{
	if (holder->claimer) {
		ofconn_end(conn, "datapath id %016llx is that of a switch at %s, and another one at "
			   "%s claims it already", (unsigned long long)conn->dpid, holder->peer,
			   holder->claimer->peer);
		return;
	}
	conn->state = OFCONN_CLAIM;
	conn->opened_at = clock_ms();
	holder->claimer = conn;
	holder->probed_at = clock_ms();
	send_request(holder, CVSW_OFP_ECHO_REQUEST);
	holder->probe = holder->xid;
}

static void on_features(struct ofconn *conn, const struct cvsw_ofp_msg *msg)
{
	struct ofconn *holder;

	if (conn->state != OFCONN_FEATURES)
		return;
	conn->dpid = msg->features.datapath_id;
	conn->ports10_len = msg->features.ports.len;
	conn->ports10 = xcalloc(1, conn->ports10_len + 1);
	if (conn->ports10_len)
		memcpy(conn->ports10, msg->features.ports.data, conn->ports10_len);
	holder = holder_of(conn->dpid);
	if (holder)
		begin_claim(conn, holder);
	else
		begin_switch(conn);
}

/* The one that was here first, and lives, stays. */
static void on_echo_reply(struct ofconn *conn, const struct cvsw_ofp_msg *msg)
{
	struct ofconn *claimer = conn->claimer;

	if (!claimer || msg->xid != conn->probe)
		return;
	conn->claimer = NULL;
	vswitch_claimed(conn->vswitch, claimer->peer);
	ofconn_end(claimer, "datapath id %016llx is that of the switch at %s, which answers",
		   (unsigned long long)conn->dpid, conn->peer);
}

static void on_port_status(struct ofconn *conn, const struct cvsw_ofp_msg *msg)
{
	if (!conn->vswitch)
		return;
	if (msg->port_status.reason == CVSW_OFP_PORT_DELETED)
		vswitch_port_remove(conn->vswitch, msg->port_status.port.number);
	else
		set_port(conn, &msg->port_status.port);
}

static void on_packet_in(struct ofconn *conn, const struct cvsw_ofp_msg *msg)
{
	if (!conn->vswitch)
		return;
	vswitch_frame(conn->vswitch, msg->packet_in.in_port, msg->data, msg->len);
}

static void on_echo_request(struct ofconn *conn, const struct cvsw_ofp_msg *msg)
{
	uint8_t buf[CVSW_OFP_MAX_LEN];

	write_out(conn, buf, cvsw_ofp_encode_echo_reply(msg, buf, sizeof(buf)));
}

static void on_error(struct ofconn *conn, const struct cvsw_ofp_msg *msg)
{
	if (conn->vswitch && ofrules_answer(&conn->rules, msg))
		return;
	if (conn->state == OFCONN_HELLO)
		ofconn_end(conn, "the switch refused the handshake (type %u code %u)",
			   msg->error.type, msg->error.code);
	else
		log_limited(LOG_WARNING, "switch at %s refused message %u: type %u code %u",
			    conn->peer, msg->xid, msg->error.type, msg->error.code);
}

static void on_message(struct ofconn *conn, const struct cvsw_ofp_msg *msg)
{
	switch (msg->kind) {
	case CVSW_OFP_HELLO:
		on_hello(conn, msg);
		break;
	case CVSW_OFP_ERROR:
		on_error(conn, msg);
		break;
	case CVSW_OFP_ECHO_REQUEST:
		on_echo_request(conn, msg);
		break;
	case CVSW_OFP_ECHO_REPLY:
		on_echo_reply(conn, msg);
		break;
	case CVSW_OFP_BARRIER_REPLY:
	case CVSW_OFP_FLOW_REPLY:
		if (conn->vswitch)
			ofrules_answer(&conn->rules, msg);
		break;
	case CVSW_OFP_FEATURES_REPLY:
		on_features(conn, msg);
		break;
	case CVSW_OFP_PORT_DESC_REPLY:
		if (conn->state != OFCONN_PORTS)
			break;
		set_ports(conn, msg->port_desc.ports);
		if (!msg->port_desc.more)
			conn->state = OFCONN_READY;
		break;
	case CVSW_OFP_PORT_STATUS:
		on_port_status(conn, msg);
		break;
	case CVSW_OFP_PACKET_IN:
		on_packet_in(conn, msg);
		break;
	default:
		break;
	}
}

/* Of the first message in the buffer; 0: it is not whole, or the connection ends. */
static size_t whole_message(struct ofconn *conn, struct evbuffer *in)
{
	uint8_t header[CVSW_OFP_HEADER_LEN];
	ev_ssize_t n = evbuffer_copyout(in, header, sizeof(header));
	enum cvsw_fault fault;
	size_t size;

	/* Not after a whole "message" of whatever length a stranger's bytes spell. */
	if (conn->state == OFCONN_HELLO && n > 1 && header[1] > OFCONN_ERROR_TYPE) {
		ofconn_end(conn, "not OpenFlow: does not begin with a HELLO");
		return 0;
	}
	fault = cvsw_ofp_frame(header, n < 0 ? 0 : n, &size);
	if (fault == CVSW_OK)
		return size <= evbuffer_get_length(in) ? size : 0;
	ofconn_end(conn, "not OpenFlow: %s at byte 0 of a message", cvsw_fault_text(fault));
	return 0;
}

static void take_message(struct ofconn *conn, struct evbuffer *in, size_t size)
{
	struct cvsw_ofp_msg msg;
	enum cvsw_fault fault;
	size_t offset = 0;

	fault = cvsw_ofp_decode(evbuffer_pullup(in, size), size, &msg, &offset);
	if (fault != CVSW_OK) {
		ofconn_end(conn, "not OpenFlow: %s at byte %zu of a message",
			   cvsw_fault_text(fault), offset);
		return;
	}
	conn->heard_at = clock_ms();
	conn->echo_sent = false;
	on_message(conn, &msg);
	evbuffer_drain(in, size);
}

/* What is left over when the turn is full comes in the next one, before what is read then. */
static void take_messages(struct ofconn *conn)
{
	struct evbuffer *in = bufferevent_get_input(conn->stream);
	size_t size;

	while (!conn->dying && (size = whole_message(conn, in))) {
		if (turns_is_full()) {
			turns_put_off(&conn->reading);
			return;
		}
		take_message(conn, in, size);
	}
}

static void on_readable(struct bufferevent *stream, void *arg)
{
	(void)stream;
	take_messages(arg);
}

static void go_on_reading(struct turns_work *work)
{
	take_messages((struct ofconn *)((char *)work - offsetof(struct ofconn, reading)));
}

static void go_on_sending(struct turns_work *work)
{
	send_out((struct ofconn *)((char *)work - offsetof(struct ofconn, sending)));
}

static void on_event(struct bufferevent *stream, short what, void *arg)
{
	struct ofconn *conn = arg;

	(void)stream;
	if (what & BEV_EVENT_ERROR)
		ofconn_end(conn, "%s", evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	else if (what & BEV_EVENT_EOF)
		ofconn_end(conn, "gone");
}

/* The switch is asked, by echo, to show that it is alive. */
static void look_for_life(struct ofconn *conn, uint64_t now)
{
	if (now - conn->heard_at > OFCONN_DEAD_MS) {
		ofconn_end(conn, "silent for %d s", OFCONN_DEAD_MS / 1000);
	} else if (conn->claimer && now - conn->probed_at > OFCONN_CLAIM_MS) {
		ofconn_end(conn, "it does not answer within %d s, while %s claims its datapath id",
			   OFCONN_CLAIM_MS / 1000, conn->claimer->peer);
	} else if (conn->version && !conn->echo_sent && now - conn->heard_at > OFCONN_ECHO_MS) {
		conn->echo_sent = true;
		send_request(conn, CVSW_OFP_ECHO_REQUEST);
	}
}

/* Its predecessor has gone. */
static void end_claim(struct ofconn *conn)
{
	if (holder_of(conn->dpid))
		return;
	/* What it waited for the other one is not its own delay. */
	conn->opened_at = clock_ms();
	begin_switch(conn);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct ofconn *conn = arg;
	uint64_t now;

	(void)fd;
	(void)what;
	if (conn->dying) {
		ofconn_free(conn);
		return;
	}
	if (conn->state == OFCONN_CLAIM)
		end_claim(conn);
	now = clock_ms();
	if (conn->state != OFCONN_READY && now - conn->opened_at > OFCONN_HANDSHAKE_MS)
		ofconn_end(conn, "handshake not finished in %d s", OFCONN_HANDSHAKE_MS / 1000);
	else if (conn->vswitch && !ofrules_tick(&conn->rules, now))
		ofconn_end(conn, "it does not confirm cvswd's rules within %d s (no answer to a "
			   "barrier or a look at its flows)", OFRULES_ANSWER_MS / 1000);
	else
		look_for_life(conn, now);
}

/* How much it said; what nobody has read yet counts too, as many may be accepted at once. */
static unsigned int rank_of(const struct ofconn *conn)
{
	return 2 * conn->state + (conn->state == OFCONN_HELLO &&
				  address_has_unread(bufferevent_getfd(conn->stream)));
}

/* Unknown ones, of an address or (NULL) of all; @first: who said least, the oldest of them. */
static size_t count_unknown(const char *address, struct ofconn **first)
{
	unsigned int rank, least = UINT_MAX;
	struct ofconn *conn;
	size_t n = 0;

	*first = NULL;
	LIST_FOREACH(conn, &connections, in_list) {
		if (conn->vswitch || conn->dying || !*conn->address ||
		    (address && strcmp(conn->address, address)))
			continue;
		n++;
		rank = rank_of(conn);
		/* The list begins with the newest. */
		if (rank > least)
			continue;
		least = rank;
		*first = conn;
	}
	return n;
}

/* Frees at once, for a crowd may come in one turn of the loop; no callback holds one. */
static void make_room(const char *address)
{
	struct ofconn *first;
	size_t limit = OFCONN_MAX_PER_PEER;

	if (count_unknown(address, &first) < limit) {
		limit = OFCONN_MAX_UNKNOWN;
		if (count_unknown(NULL, &first) < limit)
			return;
	}
	ofconn_end(first, "handshake not finished, and there are %zu such connections%s", limit,
		   limit == OFCONN_MAX_PER_PEER ? " from its address" : "");
	ofconn_free(first);
}

void ofconn_open(struct vswitches *switches, evutil_socket_t fd, const char *peer,
		 const char *address, void (*closed)(void *owner), void *owner)
{
	static const struct timeval second = { .tv_sec = 1 };
	struct ofconn *conn;
	uint8_t buf[64];

	if (address)
		make_room(address);
	conn = xcalloc(1, sizeof(*conn));
	conn->switches = switches;
	conn->closed = closed;
	conn->owner = owner;
	conn->opened_at = conn->heard_at = clock_ms();
	snprintf(conn->peer, sizeof(conn->peer), "%s", peer);
	snprintf(conn->address, sizeof(conn->address), "%s", address ? address : "");
	conn->stream = alloc_checked(bufferevent_socket_new(switches->base, fd,
							    BEV_OPT_CLOSE_ON_FREE));
	conn->tick = alloc_checked(event_new(switches->base, -1, EV_PERSIST, on_tick, conn));
	event_add(conn->tick, &second);
	conn->out = alloc_checked(evbuffer_new());
	conn->sending.run = go_on_sending;
	conn->reading.run = go_on_reading;
	LIST_INSERT_HEAD(&connections, conn, in_list);
	bufferevent_setcb(conn->stream, on_readable, NULL, on_event, conn);
	/* The largest message fits; more than that waits in the kernel. */
	bufferevent_setwatermark(conn->stream, EV_READ, 0, 2 * (CVSW_OFP_MAX_LEN + 1));
	bufferevent_enable(conn->stream, EV_READ | EV_WRITE);
	write_out(conn, buf, cvsw_ofp_encode_hello(++conn->xid, buf, sizeof(buf)));
}

void ofconn_close_all(void)
{
	struct ofconn *conn;

	while ((conn = LIST_FIRST(&connections))) {
		conn->closed = NULL;
		ofconn_free(conn);
	}
}
