// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Statistics.  Those of flows come from the NIC's own list, part by part, as the controller takes
 * them; only those that controllers have stated are told.
 */
#include "base/alloc.h"
#include "base/version.h"
#include "cvsw_flow_mod.h"
#include "fabric/vswitch.h"
#include "parts.h"

/* A part of the NIC's list has at most 16 KiB; a reply never is longer than this. */
#define REPLY_ROOM	(48 * 1024)

struct reply {
	struct dpconn *conn;
	size_t len;
	uint8_t buf[REPLY_ROOM];
};

/* One at a time is written, of whichever connection: there is one thread. */
static struct reply reply;

static void begin_reply(struct dpconn *conn)
{
	reply.conn = conn;
	reply.len = cvsw_ofs_stats_begin(&conn->talk, conn->request, reply.buf, sizeof(reply.buf));
}

static void send_reply(bool more)
{
	if (more)
		cvsw_ofs_stats_more(&reply.conn->talk, reply.buf, reply.len);
	ofstream_write(&reply.conn->stream, reply.buf, reply.len);
}

void dpstats_drop(struct dpconn *conn)
{
	nic_forget_asker(conn->dp->nic, conn);
	free(conn->request);
	conn->request = NULL;
	conn->asked = false;
}

static void finish(struct dpconn *conn)
{
	dpstats_drop(conn);
	dpconn_wait(conn, DPWAITS_NOT);
}

/* ---- flows ---- */

static bool is_chosen(const struct dpconn *conn, const struct cvsw_flow *flow)
{
	static struct choice choice;

	choice = (struct choice){
		.flow = conn->request->flow,
		.cookie = { .value = conn->request->cookie, .mask = conn->request->cookie_mask },
	};
	return choice_takes(&choice, flow);
}

static void put_flow(struct dpconn *conn, const struct cvsw_flow *flow,
		     const struct cvsw_ofs_counters *counters)
{
	size_t len;

	if (!is_chosen(conn, flow))
		return;
	conn->n_packets += counters->n_packets;
	conn->n_bytes += counters->n_bytes;
	conn->n_flows++;
	if (conn->request->stats != CVSW_OFS_FLOW)
		return;
	len = cvsw_ofs_put_flow(&conn->talk, conn->request, flow, counters, reply.buf, reply.len,
				sizeof(reply.buf));
	if (!len) {
		send_reply(true);
		begin_reply(conn);
		len = cvsw_ofs_put_flow(&conn->talk, conn->request, flow, counters, reply.buf,
					reply.len, sizeof(reply.buf));
	}
	reply.len = len;
}

static void send_part(struct dpconn *conn, bool more)
{
	if (conn->request->stats == CVSW_OFS_AGGREGATE && !more)
		reply.len = cvsw_ofs_put_aggregate(&conn->talk, conn->n_packets, conn->n_bytes,
						   conn->n_flows, reply.buf, reply.len,
						   sizeof(reply.buf));
	if (conn->request->stats == CVSW_OFS_FLOW || !more)
		send_reply(more);
	/* The next part in another turn, also when nothing is sent of this one. */
	if (more)
		turns_put_off(&conn->stream.sending);
	else
		finish(conn);
}

/* False: the rest cannot be read. */
static bool put_entries(struct dpconn *conn, struct cvsw_reader *entries)
{
	const struct flowset *ours = &nic_controlled(conn->dp->nic)->flows;
	enum cvsw_flow_command command;
	struct cvsw_v3_entry entry;
	struct cvsw_flow flow;
	size_t used;

	while (cvsw_left(entries)) {
		if (cvsw_v3_entry_get(entries, &entry) ||
		    cvsw_flow_mod_decode(entry.flow_mod, entry.len, &used, &command, &flow, NULL))
			return false;
		conn->n_listed++;
		if (flowset_has(ours, &flow))
			put_flow(conn, &flow, &(struct cvsw_ofs_counters){
				.n_packets = entry.n_packets, .n_bytes = entry.n_bytes,
				.age_ms = entry.age, .idle = entry.idle,
			});
	}
	return true;
}

/* nic_answered: a part of the list, or none. */
static void on_part(void *arg, const struct cvsw_v3_message *answer, const uint8_t *request,
		    size_t request_len)
{
	struct dpconn *conn = arg;
	size_t before = conn->n_listed, offset;
	struct cvsw_reader entries;

	(void)request;
	(void)request_len;
	conn->asked = false;
	conn->resume = 0;
	begin_reply(conn);
	if (answer && answer->type != CVSW_V3_ERROR &&
	    !cvsw_v3_list_answer_decode(answer, &conn->resume, &entries, &offset) &&
	    !put_entries(conn, &entries))
		conn->resume = 0;
	/* A NIC with more than anyone can want is not listened to for ever. */
	if (conn->n_listed == before || conn->n_listed > NIC_MAX_FLOWS + NIC_MAX_EXTRA)
		conn->resume = 0;
	send_part(conn, conn->resume);
}

/* False: it cannot be asked. */
static bool ask(struct dpconn *conn)
{
	struct cvsw_v3_list list = { .resume = conn->resume };
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN + 16];
	size_t len = cvsw_v3_list_encode(0, &list, message, sizeof(message));

	conn->asked = nic_ask(conn->dp->nic, message, len, on_part, conn);
	if (conn->asked)
		nic_go_on_later(conn->dp->nic);
	return conn->asked;
}

/* What is stated, of a NIC that cannot be asked: nothing was counted. */
static void tell_stated(struct dpconn *conn)
{
	const struct cvsw_ofs_counters none = { .idle = ~0u };
	const struct flow_node *node;
	size_t n = 0;

	begin_reply(conn);
	flowset_each_since(node, &nic_controlled(conn->dp->nic)->flows, conn->cursor) {
		if (++n > 256 || ofstream_unsent(&conn->stream) > OFSTREAM_OUT_BUSY)
			break;
		put_flow(conn, &node->flow, &none);
		conn->cursor = node->put;
	}
	send_part(conn, node);
}

void dpstats_go_on(struct dpconn *conn)
{
	bool there = nic_can_be_asked(conn->dp->nic) && nic_state(conn->dp->nic) != NIC_ABSENT;

	if (conn->stream.dying || ofstream_unsent(&conn->stream) > OFSTREAM_OUT_BUSY)
		return;
	if (conn->asked && there)
		return;
	if (!conn->asked && there && !conn->cursor && ask(conn))
		return;
	if (conn->asked || conn->resume) {
		/* It went away in the middle: what it said is all there is. */
		nic_forget_asker(conn->dp->nic, conn);
		begin_reply(conn);
		send_part(conn, false);
		return;
	}
	tell_stated(conn);
}

/* ---- tables, ports, description ---- */

static void put_tables(struct dpconn *conn)
{
	uint32_t n[CVSW_TABLES] = { 0 };
	const struct flow_node *node;

	flowset_each(node, &nic_controlled(conn->dp->nic)->flows)
		n[node->flow.match.table]++;
	for (int i = 0; i < CVSW_TABLES; i++)
		reply.len = cvsw_ofs_put_table(&conn->talk, i, NIC_MAX_FLOWS, n[i], reply.buf,
					       reply.len, sizeof(reply.buf));
}

/* More than one reply has room for. */
static void put_table_features(struct dpconn *conn)
{
	size_t len;

	for (int i = 0; i < CVSW_TABLES; i++) {
		len = cvsw_ofs_put_table_features(i, NIC_MAX_FLOWS, reply.buf, reply.len,
						  sizeof(reply.buf));
		if (!len) {
			send_reply(true);
			begin_reply(conn);
			len = cvsw_ofs_put_table_features(i, NIC_MAX_FLOWS, reply.buf, reply.len,
							  sizeof(reply.buf));
		}
		reply.len = len;
	}
}

void dpstats_ports(const struct datapath *dp, struct cvsw_ofs_port ports[2])
{
	static const struct {
		uint16_t number;
		const char *name;
	} names[] = { { CVSW_HOST, "HOST" }, { CVSW_NET, "NET" } };

	for (int i = 0; i < 2; i++) {
		ports[i] = (struct cvsw_ofs_port){
			.number = names[i].number, .name = names[i].name,
			.down = nic_state(dp->nic) == NIC_ABSENT,
			.rx_packets = ~0ull, .tx_packets = ~0ull,
			.rx_dropped = ~0ull, .tx_dropped = ~0ull,
		};
		memcpy(ports[i].mac, dp->nic->mac, CVSW_ETH_ALEN);
	}
}

static void put_ports(struct dpconn *conn)
{
	struct cvsw_ofs_port ports[2];

	dpstats_ports(conn->dp, ports);
	for (int i = 0; i < 2; i++)
		reply.len = cvsw_ofs_put_port(&conn->talk, &ports[i], reply.buf, reply.len,
					      sizeof(reply.buf));
}

static void put_desc(struct dpconn *conn)
{
	const struct nic *nic = conn->dp->nic;
	char serial[MAC_TEXT_LEN];
	const struct cvsw_ofs_desc desc = {
		.maker = "CVSW", .hardware = "virtio_net NIC", .serial = serial,
		.software = nic->can_known && *nic->release ? nic->release : "cvswd " CVSW_VERSION,
		.datapath = nic->port ? nic->port->name : "",
	};

	snprintf(serial, sizeof(serial), MAC_FORMAT, MAC_BYTES(nic->mac));
	reply.len = cvsw_ofs_put_desc(&conn->talk, &desc, reply.buf, reply.len, sizeof(reply.buf));
}

/* ---- counters of ports ---- */

/* What comes from the host is received at HOST, likewise from the network. */
static void add_counter(struct cvsw_ofs_port ports[2], const struct cvsw_v3_counter *counter)
{
	static const char *const names[2][2] = { { "tx-hit", "tx-miss" }, { "rx-hit", "rx-miss" } };

	for (int port = 0; port < 2; port++)
		for (int i = 0; i < 2; i++)
			if (counter->name_len == strlen(names[port][i]) &&
			    !memcmp(counter->name, names[port][i], counter->name_len))
				ports[port].rx_packets = counter->value +
					(ports[port].rx_packets == ~0ull ? 0 : ports[port].rx_packets);
}

static void send_port_stats(struct dpconn *conn, const struct cvsw_ofs_port ports[2])
{
	begin_reply(conn);
	for (int i = 0; i < 2; i++)
		if (conn->request->port == CVSW_OFPP_ANY || conn->request->port == ports[i].number)
			reply.len = cvsw_ofs_put_port_stats(&conn->talk, &ports[i], reply.buf,
							    reply.len, sizeof(reply.buf));
	send_reply(false);
	finish(conn);
}

static void on_counters(void *arg, const struct cvsw_v3_message *answer, const uint8_t *request,
			size_t request_len)
{
	struct dpconn *conn = arg;
	struct cvsw_ofs_port ports[2];
	struct cvsw_v3_counter counter;

	(void)request;
	(void)request_len;
	dpstats_ports(conn->dp, ports);
	if (answer && answer->type != CVSW_V3_ERROR) {
		struct cvsw_reader body = cvsw_reader(answer->body, answer->len);

		while (cvsw_left(&body) && !cvsw_v3_counter_get(&body, &counter))
			add_counter(ports, &counter);
	}
	send_port_stats(conn, ports);
}

static void begin_port_stats(struct dpconn *conn)
{
	uint8_t message[64];
	struct cvsw_ofs_port ports[2];
	size_t len = cvsw_v3_plain_encode(CVSW_V3_STATISTICS, 0, message, sizeof(message));

	conn->asked = nic_state(conn->dp->nic) != NIC_ABSENT &&
		      nic_ask(conn->dp->nic, message, len, on_counters, conn);
	if (conn->asked) {
		nic_go_on_later(conn->dp->nic);
		return;
	}
	dpstats_ports(conn->dp, ports);
	send_port_stats(conn, ports);
}

void dpstats_begin(struct dpconn *conn, const struct cvsw_ofs_msg *request)
{
	static void (*const puts[])(struct dpconn *conn) = {
		[CVSW_OFS_DESC] = put_desc, [CVSW_OFS_TABLE] = put_tables,
		[CVSW_OFS_PORT_DESC] = put_ports, [CVSW_OFS_TABLE_FEATURES] = put_table_features,
	};

	conn->request = xcalloc(1, sizeof(*conn->request));
	*conn->request = *request;
	conn->asked = false;
	conn->resume = conn->cursor = conn->n_packets = conn->n_bytes = 0;
	conn->n_flows = conn->n_listed = 0;
	dpconn_wait(conn, DPWAITS_STATS);
	if (request->stats == CVSW_OFS_PORT) {
		begin_port_stats(conn);
	} else if (request->stats == CVSW_OFS_FLOW || request->stats == CVSW_OFS_AGGREGATE) {
		dpstats_go_on(conn);
	} else {
		begin_reply(conn);
		puts[request->stats](conn);
		send_reply(false);
		finish(conn);
	}
}
