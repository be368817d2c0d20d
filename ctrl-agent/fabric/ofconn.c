// SPDX-License-Identifier: GPL-2.0-or-later
#include "ofconn.h"

#include <event2/bufferevent.h>
#include <limits.h>
#include <stdio.h>

#include "address.h"
#include "base/alloc.h"
#include "cvsw_ofp.h"
#include "base/log.h"
#include "ofrules.h"
#include "ofstream.h"

enum ofconn_state {
	OFCONN_HELLO,
	OFCONN_FEATURES,
	OFCONN_CLAIM,
	OFCONN_PORTS,
	OFCONN_READY,	/* as far as it tells; its rules have a state of their own */
};

/*
 * @begun_at: its handshake; without what it waited for another one
 * @vswitch: once the datapath id is known and nobody else's
 * @ports10: the features reply's ports, until then
 * @address: by which unknown connections are counted; empty: not at all
 * @claimer: who claims to be this switch; @probe: the echo that is to show that it lives
 */
struct ofconn {
	struct ofstream stream;
	LIST_ENTRY(ofconn) in_list;
	struct vswitches *switches;
	struct vswitch *vswitch;
	struct ofrules rules;
	enum ofconn_state state;
	uint64_t begun_at;
	uint64_t dpid;
	uint8_t *ports10;
	size_t ports10_len;
	struct ofconn *claimer;
	uint32_t probe;
	uint64_t probed_at;
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

static void ofconn_free(struct ofconn *conn)
{
	LIST_REMOVE(conn, in_list);
	forget_claim(conn);
	free(conn->ports10);
	if (conn->vswitch)
		vswitch_destroy(conn->vswitch);
	ofstream_stop(&conn->stream);
	if (conn->closed)
		conn->closed(conn->owner);
	free(conn);
}

static void send_request(struct ofconn *conn, enum cvsw_ofp_kind kind)
{
	uint8_t buf[64];

	ofstream_write(&conn->stream, buf,
		       cvsw_ofp_encode_request(conn->stream.version, ++conn->stream.xid, kind, buf,
					       sizeof(buf)));
}

/* vswitch->send */
static bool send_frame(void *owner, uint32_t port, const uint8_t *frame, size_t len)
{
	struct ofconn *conn = owner;
	uint8_t buf[2048];
	size_t n;

	if (ofstream_unsent(&conn->stream) > OFSTREAM_OUT_BUSY)
		ofstream_flush(&conn->stream);
	if (conn->stream.dying || ofstream_unsent(&conn->stream) > OFSTREAM_OUT_BUSY)
		return false;
	n = cvsw_ofp_encode_packet_out(conn->stream.version, ++conn->stream.xid, port, frame, len,
				       buf, sizeof(buf));
	ofstream_write(&conn->stream, buf, n);
	return n != 0;
}

/* ofrules' way to the switch */
static void write_rules(void *owner, const uint8_t *data, size_t len)
{
	ofstream_write(&((struct ofconn *)owner)->stream, data, len);
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

static void on_hello(struct ofconn *conn, const struct cvsw_ofp_msg *msg)
{
	if (conn->state != OFCONN_HELLO)
		return;
	if (!msg->hello.version) {
		ofstream_refuse_versions(&conn->stream, msg->xid, msg->hello.offered);
		return;
	}
	conn->stream.version = msg->hello.version;
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
	bool v10 = conn->stream.version == CVSW_OFP_V10;

	conn->vswitch = vswitch_create(conn->switches, conn->dpid,
				       v10 ? "OpenFlow 1.0" : "OpenFlow 1.3",
				       conn->stream.peer, send_frame, conn);
	if (!conn->vswitch) {
		ofstream_end(&conn->stream, "datapath id %016llx is that of --direct, or %d "
			     "switches are connected", (unsigned long long)conn->dpid, VSWITCH_MAX);
		return;
	}
	conn->rules = (struct ofrules){
		.vswitch = conn->vswitch, .write = write_rules, .owner = conn,
		.xid = &conn->stream.xid, .version = conn->stream.version,
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
		ofstream_end(&conn->stream, "datapath id %016llx is that of a switch at %s, and "
			     "another one at %s claims it already",
			     (unsigned long long)conn->dpid, holder->stream.peer,
			     holder->claimer->stream.peer);
		return;
	}
	conn->state = OFCONN_CLAIM;
	conn->begun_at = clock_ms();
	holder->claimer = conn;
	holder->probed_at = clock_ms();
	send_request(holder, CVSW_OFP_ECHO_REQUEST);
	holder->probe = holder->stream.xid;
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
	vswitch_claimed(conn->vswitch, claimer->stream.peer);
	ofstream_end(&claimer->stream, "datapath id %016llx is that of the switch at %s, which "
		     "answers", (unsigned long long)conn->dpid, conn->stream.peer);
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

	ofstream_write(&conn->stream, buf, cvsw_ofp_encode_echo_reply(msg, buf, sizeof(buf)));
}

static void on_error(struct ofconn *conn, const struct cvsw_ofp_msg *msg)
{
	if (conn->vswitch && ofrules_answer(&conn->rules, msg))
		return;
	if (conn->state == OFCONN_HELLO)
		ofstream_end(&conn->stream, "the switch refused the handshake (type %u code %u)",
			     msg->error.type, msg->error.code);
	else
		log_limited(LOG_WARNING, "switch at %s refused message %u: type %u code %u",
			    conn->stream.peer, msg->xid, msg->error.type, msg->error.code);
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

static struct ofconn *conn_of(struct ofstream *stream)
{
	return (struct ofconn *)stream;
}

static bool take_message(struct ofstream *stream, const uint8_t *data, size_t len)
{
	struct cvsw_ofp_msg msg;
	enum cvsw_fault fault;
	size_t offset = 0;

	fault = cvsw_ofp_decode(data, len, &msg, &offset);
	if (fault != CVSW_OK)
		ofstream_end(stream, "not OpenFlow: %s at byte %zu of a message",
			     cvsw_fault_text(fault), offset);
	else
		on_message(conn_of(stream), &msg);
	return fault == CVSW_OK;
}

static void look_for_life(struct ofconn *conn, uint64_t now)
{
	if (conn->claimer && now - conn->probed_at > OFCONN_CLAIM_MS)
		ofstream_end(&conn->stream, "it does not answer within %d s, while %s claims its "
			     "datapath id", OFCONN_CLAIM_MS / 1000, conn->claimer->stream.peer);
	else
		ofstream_look_for_life(&conn->stream, now);
}

/* Its predecessor has gone. */
static void end_claim(struct ofconn *conn)
{
	if (holder_of(conn->dpid))
		return;
	/* What it waited for the other one is not its own delay. */
	conn->begun_at = clock_ms();
	begin_switch(conn);
}

static void on_second(struct ofstream *stream)
{
	struct ofconn *conn = conn_of(stream);
	uint64_t now;

	if (conn->state == OFCONN_CLAIM)
		end_claim(conn);
	now = clock_ms();
	if (conn->state != OFCONN_READY && now - conn->begun_at > OFCONN_HANDSHAKE_MS)
		ofstream_end(&conn->stream, "handshake not finished in %d s",
			     OFCONN_HANDSHAKE_MS / 1000);
	else if (conn->vswitch && !ofrules_tick(&conn->rules, now))
		ofstream_end(&conn->stream, "it does not confirm cvswd's rules within %d s (no "
			     "answer to a barrier or a look at its flows)",
			     OFRULES_ANSWER_MS / 1000);
	else
		look_for_life(conn, now);
}

/* How much it said; what nobody has read yet counts too, as many may be accepted at once. */
static unsigned int rank_of(const struct ofconn *conn)
{
	return 2 * conn->state + (conn->state == OFCONN_HELLO &&
				  address_has_unread(bufferevent_getfd(conn->stream.io)));
}

/* Unknown ones, of an address or (NULL) of all; @first: who said least, the oldest of them. */
static size_t count_unknown(const char *address, struct ofconn **first)
{
	unsigned int rank, least = UINT_MAX;
	struct ofconn *conn;
	size_t n = 0;

	*first = NULL;
	LIST_FOREACH(conn, &connections, in_list) {
		if (conn->vswitch || conn->stream.dying || !*conn->address ||
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
	ofstream_end(&first->stream, "handshake not finished, and there are %zu such connections%s",
		     limit, limit == OFCONN_MAX_PER_PEER ? " from its address" : "");
	ofconn_free(first);
}

static void on_ended(struct ofstream *stream)
{
	ofconn_free(conn_of(stream));
}

void ofconn_open(struct vswitches *switches, evutil_socket_t fd, const char *peer,
		 const char *address, void (*closed)(void *owner), void *owner)
{
	static const struct ofstream_ops ops = {
		.who = "switch", .versions = CVSW_OFP_VERSIONS, .gone = LOG_WARNING,
		.message = take_message, .second = on_second, .ended = on_ended,
	};
	struct ofconn *conn;

	if (address)
		make_room(address);
	conn = xcalloc(1, sizeof(*conn));
	conn->switches = switches;
	conn->closed = closed;
	conn->owner = owner;
	conn->begun_at = clock_ms();
	snprintf(conn->address, sizeof(conn->address), "%s", address ? address : "");
	LIST_INSERT_HEAD(&connections, conn, in_list);
	ofstream_start(&conn->stream, switches->base, fd, peer, &ops);
}

void ofconn_close_all(void)
{
	struct ofconn *conn;

	while ((conn = LIST_FIRST(&connections))) {
		conn->closed = NULL;
		ofconn_free(conn);
	}
}
