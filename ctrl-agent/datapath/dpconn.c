// SPDX-License-Identifier: GPL-2.0-or-later
/* A controller's connection: its messages, and what is answered at once. */
#include "base/alloc.h"
#include "base/log.h"
#include "parts.h"

#define HANDSHAKE_MS	5000	/* until its HELLO */

static struct dpconn *conn_of(struct ofstream *stream)
{
	return (struct dpconn *)stream;
}

void dpconn_free(struct dpconn *conn)
{
	dpstats_drop(conn);
	dpflows_drop_pending(conn);
	LIST_REMOVE(conn, in_list);
	conn->dp->n_conns--;
	ofstream_stop(&conn->stream);
	free(conn);
}

void dpconn_wait(struct dpconn *conn, enum dpwaits waits)
{
	conn->waits = waits;
	ofstream_pause(&conn->stream, waits != DPWAITS_NOT);
}

void dpconn_refuse(struct dpconn *conn, enum cvsw_ofs_error error, const uint8_t *data, size_t len)
{
	uint8_t buf[CVSW_OFS_ERROR_DATA + 64];

	ofstream_write(&conn->stream, buf,
		       cvsw_ofs_encode_error(&conn->talk, error, data, len, buf, sizeof(buf)));
}

/* ---- messages, a function for each kind ---- */

static void on_hello(struct dpconn *conn, const struct cvsw_ofp_msg *hello)
{
	if (conn->talk.version)
		return;
	if (!hello->hello.version) {
		ofstream_refuse_versions(&conn->stream, hello->xid, hello->hello.offered);
		return;
	}
	conn->talk.version = conn->stream.version = hello->hello.version;
}

/* HELLO, ERROR and ECHO are the same for both sides. */
static void on_common(struct dpconn *conn, const uint8_t *data, size_t len)
{
	uint8_t buf[CVSW_OFP_MAX_LEN];
	struct cvsw_ofp_msg msg;

	if (cvsw_ofp_decode(data, len, &msg, NULL))
		ofstream_end(&conn->stream, "a message that cannot be read");
	else if (msg.kind == CVSW_OFP_HELLO)
		on_hello(conn, &msg);
	else if (msg.kind == CVSW_OFP_ECHO_REQUEST)
		ofstream_write(&conn->stream, buf, cvsw_ofp_encode_echo_reply(&msg, buf, sizeof(buf)));
}

static uint64_t datapath_id(const struct nic *nic)
{
	uint64_t id = 0;

	for (size_t i = 0; i < CVSW_ETH_ALEN; i++)
		id = id << 8 | nic->mac[i];
	return id;
}

static void on_features(struct dpconn *conn, struct cvsw_ofs_msg *msg)
{
	struct cvsw_ofs_port ports[2];
	uint8_t buf[256];

	dpstats_ports(conn->dp, ports);
	ofstream_write(&conn->stream, buf,
		       cvsw_ofs_encode_features(&conn->talk, msg->xid, datapath_id(conn->dp->nic),
						ports, 2, buf, sizeof(buf)));
}

static void on_get_config(struct dpconn *conn, struct cvsw_ofs_msg *msg)
{
	uint8_t buf[64];

	ofstream_write(&conn->stream, buf,
		       cvsw_ofs_encode_config(&conn->talk, msg->xid, conn->config_flags,
					      conn->miss_send_len, buf, sizeof(buf)));
}

/* What a NIC does with fragments and misses is its own parameter: this is only told back. */
static void on_set_config(struct dpconn *conn, struct cvsw_ofs_msg *msg)
{
	conn->config_flags = msg->config_flags;
	conn->miss_send_len = msg->miss_send_len;
}

static void on_barrier(struct dpconn *conn, struct cvsw_ofs_msg *msg)
{
	datapath_commit(conn->dp);
	conn->request = xcalloc(1, sizeof(*conn->request));
	conn->request->xid = msg->xid;
	conn->barrier = conn->dp->nic->generation;
	dpconn_wait(conn, DPWAITS_BARRIER);
	turns_put_off(&conn->dp->settling);
}

static void on_stats(struct dpconn *conn, struct cvsw_ofs_msg *msg)
{
	datapath_commit(conn->dp);
	dpstats_begin(conn, msg);
}

static void on_set_format(struct dpconn *conn, struct cvsw_ofs_msg *msg)
{
	conn->talk.nxm = msg->on;
}

static void on_set_tables(struct dpconn *conn, struct cvsw_ofs_msg *msg)
{
	conn->talk.tables = msg->on;
}

/* A master makes a slave of the former one; what is older is stale (1.3, 6.3.4). */
static enum cvsw_ofs_error take_role(struct dpconn *conn, const struct cvsw_ofs_msg *msg)
{
	struct datapath *dp = conn->dp;
	struct dpconn *other;

	if (msg->role == CVSW_OFS_NOCHANGE)
		return CVSW_OFS_OK;
	if (msg->role != CVSW_OFS_EQUAL) {
		if (dp->generation_known && (int64_t)(msg->generation - dp->generation) < 0)
			return CVSW_OFS_STALE_ROLE;
		dp->generation_known = true;
		dp->generation = msg->generation;
	}
	LIST_FOREACH(other, &dp->conns, in_list)
		if (msg->role == CVSW_OFS_MASTER && other->role == CVSW_OFS_MASTER)
			other->role = CVSW_OFS_SLAVE;
	conn->role = msg->role;
	return CVSW_OFS_OK;
}

static enum cvsw_ofs_error on_role(struct dpconn *conn, const struct cvsw_ofs_msg *msg)
{
	enum cvsw_ofs_error error = take_role(conn, msg);
	uint8_t buf[64];

	if (!error)
		ofstream_write(&conn->stream, buf,
			       cvsw_ofs_encode_role(&conn->talk, msg->xid, conn->role,
						    conn->dp->generation_known ?
						    conn->dp->generation : ~0ull, buf,
						    sizeof(buf)));
	return error;
}

static void on_get_async(struct dpconn *conn, struct cvsw_ofs_msg *msg)
{
	uint8_t buf[64];

	ofstream_write(&conn->stream, buf,
		       cvsw_ofs_encode_async(&conn->talk, msg->xid, conn->async, buf, sizeof(buf)));
}

static void on_set_async(struct dpconn *conn, struct cvsw_ofs_msg *msg)
{
	memcpy(conn->async, msg->async, sizeof(conn->async));
}

bool dpconn_hears(const struct dpconn *conn, size_t what, unsigned int reason)
{
	return conn->talk.version && !conn->stream.dying &&
	       ofstream_unsent(&conn->stream) < OFSTREAM_OUT_BUSY &&
	       conn->async[what + (conn->role == CVSW_OFS_SLAVE)] >> reason & 1;
}

static bool on_message(struct ofstream *stream, const uint8_t *data, size_t len)
{
	static void (*const handlers[CVSW_OFS_N_KINDS])(struct dpconn *, struct cvsw_ofs_msg *) = {
		[CVSW_OFS_FEATURES] = on_features, [CVSW_OFS_GET_CONFIG] = on_get_config,
		[CVSW_OFS_SET_CONFIG] = on_set_config, [CVSW_OFS_BARRIER] = on_barrier,
		[CVSW_OFS_STATS] = on_stats, [CVSW_OFS_SET_FORMAT] = on_set_format,
		[CVSW_OFS_SET_TABLES] = on_set_tables, [CVSW_OFS_GET_ASYNC] = on_get_async,
		[CVSW_OFS_SET_ASYNC] = on_set_async,
	};
	static struct cvsw_ofs_msg msg;
	struct dpconn *conn = conn_of(stream);
	enum cvsw_ofs_error error = cvsw_ofs_decode(&conn->talk, data, len, &msg);

	if (!error && msg.kind <= CVSW_OFS_ECHO_REPLY)
		on_common(conn, data, len);
	else if (!conn->talk.version)
		ofstream_end(stream, "no version was agreed");
	else if (!error && handlers[msg.kind])
		handlers[msg.kind](conn, &msg);
	else if (!error && msg.kind == CVSW_OFS_ROLE)
		error = on_role(conn, &msg);
	else if (!error)
		error = conn->role == CVSW_OFS_SLAVE ? CVSW_OFS_IS_SLAVE :
			dpflows_mod(conn, &msg, data, len);
	if (error && !stream->dying)
		dpconn_refuse(conn, error, data, len);
	return !stream->dying;
}

static void on_second(struct ofstream *stream)
{
	struct dpconn *conn = conn_of(stream);
	uint64_t now = clock_ms();

	ofstream_look_for_reading(stream, now);
	if (!conn->talk.version && now - stream->opened_at > HANDSHAKE_MS)
		ofstream_end(stream, "no HELLO within %d s", HANDSHAKE_MS / 1000);
	else if (conn->waits == DPWAITS_STATS)
		dpstats_go_on(conn);
	else if (conn->waits == DPWAITS_NOT)
		ofstream_look_for_life(stream, now);
	if (conn->waits == DPWAITS_ROOM || conn->waits == DPWAITS_BARRIER || conn->dp->deleted.n)
		turns_put_off(&conn->dp->settling);
	/* While it is not read, it cannot answer. */
	if (conn->waits != DPWAITS_NOT)
		stream->heard_at = now;
}

static void on_drained(struct ofstream *stream)
{
	if (conn_of(stream)->waits == DPWAITS_STATS)
		dpstats_go_on(conn_of(stream));
}

static void on_ended(struct ofstream *stream)
{
	dpconn_free(conn_of(stream));
}

void dpconn_open(struct datapath *dp, evutil_socket_t fd, const char *peer)
{
	static const struct ofstream_ops ops = {
		.who = "controller", .versions = CVSW_OFP_VERSIONS, .gone = LOG_DEBUG,
		.message = on_message, .second = on_second, .drained = on_drained, .ended = on_ended,
	};
	/* PACKET_IN, PORT_STATUS (there is none), FLOW_REMOVED: all to who is no slave (1.3, 6.3.5). */
	static const uint32_t async[CVSW_OFS_N_ASYNC] = { 7, 0, 7, 7, 15, 0 };
	struct dpconn *conn = xcalloc(1, sizeof(*conn));

	conn->dp = dp;
	conn->role = CVSW_OFS_EQUAL;
	memcpy(conn->async, async, sizeof(async));
	conn->miss_send_len = CVSW_MISS_SEND_LEN;
	STAILQ_INIT(&conn->pending);
	LIST_INSERT_HEAD(&dp->conns, conn, in_list);
	dp->n_conns++;
	ofstream_start(&conn->stream, dp->all->base, fd, peer, &ops);
}
