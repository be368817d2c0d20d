// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What a switch answers and tells, onto the wire.  Clauses are those of OpenFlow 1.0.0. */
#include "cvsw_cursor.h"
#include "cvsw_ofp10_parts.h"
#include "cvsw_ofs_wire.h"
#include "cvsw_oxm.h"

#define LENGTH_AT	2
#define STATS_FLAGS_AT	10

#define OFPC_FLOW_STATS		(1 << 0)	/* ofp_capabilities, 5.3.1 */
#define OFPC_TABLE_STATS	(1 << 1)
#define OFPC_PORT_STATS		(1 << 2)
/* ofp_action_type that there are: all of them but ENQUEUE. */
#define ACTIONS10		0x7ff

#define UNKNOWN			(~0ull)		/* a counter that there is not, 5.3.5 */

static bool is13(const struct cvsw_ofs_talk *talk)
{
	return talk->version == CVSW_OFP_V13;
}

static struct cvsw_writer begin(const struct cvsw_ofs_talk *talk, uint8_t type, uint32_t xid,
				uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_put_u8(&w, talk->version);
	cvsw_put_u8(&w, type);
	cvsw_put_u16(&w, 0);
	cvsw_put_u32(&w, xid);
	return w;
}

/* A length that was not known when its place was passed. */
static void fill_in(const struct cvsw_writer *w, size_t at, size_t len)
{
	struct cvsw_writer place;

	if (w->overrun)
		return;
	place = cvsw_writer(w->data + at, 2);
	cvsw_put_u16(&place, (uint16_t)len);
}

static size_t finish(struct cvsw_writer *w)
{
	if (w->overrun || w->at > CVSW_OFP_MAX_LEN)
		return 0;
	fill_in(w, LENGTH_AT, w->at);
	return w->at;
}

/* To go on behind what is there. */
static struct cvsw_writer behind(uint8_t *buf, size_t len, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room < CVSW_OFP_MAX_LEN ? room : CVSW_OFP_MAX_LEN);

	w.at = len;
	return w;
}

static void put_text(struct cvsw_writer *w, const char *text, size_t room)
{
	size_t len = strlen(text);

	/* It ends with a NUL in any case. */
	len = len < room ? len : room - 1;
	cvsw_put_bytes(w, (const uint8_t *)text, len);
	cvsw_put_zero(w, room - len);
}

size_t cvsw_ofs_encode_error(const struct cvsw_ofs_talk *talk, enum cvsw_ofs_error error,
			     const uint8_t *data, size_t len, uint8_t *buf, size_t room)
{
	static const struct {
		uint16_t type, code;
	} numbers[CVSW_OFS_N_ERRORS][2] = {
#define ERROR_NUMBERS(id, type10, code10, type13, code13)	\
		[CVSW_OFS_##id] = { { type10, code10 }, { type13, code13 } },
		CVSW_OFS_ERRORS(ERROR_NUMBERS)
#undef ERROR_NUMBERS
	};
	struct cvsw_reader header = cvsw_reader(data, len);
	struct cvsw_writer w;

	cvsw_skip(&header, 4);
	w = begin(talk, OFPT_ERROR, cvsw_get_u32(&header), buf, room);
	if (numbers[error][is13(talk)].type & CVSW_OFS_NX) {
		cvsw_put_u16(&w, NXET_VENDOR);
		cvsw_put_u16(&w, NXVC_VENDOR_ERROR);
		cvsw_put_u32(&w, OFP_NX_VENDOR);
	}
	cvsw_put_u16(&w, numbers[error][is13(talk)].type & ~CVSW_OFS_NX);
	cvsw_put_u16(&w, numbers[error][is13(talk)].code);
	cvsw_put_bytes(&w, data, len < CVSW_OFS_ERROR_DATA ? len : CVSW_OFS_ERROR_DATA);
	return finish(&w);
}

/* ---- about the switch ---- */

/* ofp_phy_port, 5.2.1; 1.3: ofp_port, 7.2.1.  Behind the name: config, state, no features. */
static void put_port(struct cvsw_writer *w, const struct cvsw_ofs_talk *talk,
		     const struct cvsw_ofs_port *port)
{
	if (is13(talk)) {
		cvsw_put_u32(w, port->number);
		cvsw_put_zero(w, 4);
		cvsw_put_bytes(w, port->mac, sizeof(port->mac));
		cvsw_put_zero(w, 2);
	} else {
		cvsw_put_u16(w, port->number);
		cvsw_put_bytes(w, port->mac, sizeof(port->mac));
	}
	put_text(w, port->name, CVSW_OFP_PORT_NAME_LEN);
	cvsw_put_u32(w, 0);
	cvsw_put_u32(w, port->down ? OFPPS_LINK_DOWN : 0);
	cvsw_put_zero(w, is13(talk) ? 6 * 4 : 4 * 4);
}

/* 5.3.1 */
size_t cvsw_ofs_encode_features(const struct cvsw_ofs_talk *talk, uint32_t xid,
				uint64_t datapath_id, const struct cvsw_ofs_port *ports, size_t n, uint8_t *buf,
				size_t room)
{
	struct cvsw_writer w = begin(talk, OFPT_FEATURES_REPLY, xid, buf, room);
	size_t i;

	cvsw_put_u64(&w, datapath_id);
	cvsw_put_u32(&w, 0);	/* frames are never kept */
	cvsw_put_u8(&w, CVSW_TABLES);
	cvsw_put_zero(&w, 3);
	cvsw_put_u32(&w, OFPC_FLOW_STATS | OFPC_TABLE_STATS | OFPC_PORT_STATS);
	cvsw_put_u32(&w, is13(talk) ? 0 : ACTIONS10);
	for (i = 0; i < n && !is13(talk); i++)
		put_port(&w, talk, &ports[i]);
	return finish(&w);
}

/* 5.3.2 */
size_t cvsw_ofs_encode_config(const struct cvsw_ofs_talk *talk, uint32_t xid, uint16_t flags,
			      uint16_t miss_send_len, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = begin(talk, OFPT_GET_CONFIG_REPLY, xid, buf, room);

	cvsw_put_u16(&w, flags);
	cvsw_put_u16(&w, miss_send_len);
	return finish(&w);
}

size_t cvsw_ofs_encode_barrier(const struct cvsw_ofs_talk *talk, uint32_t xid, uint8_t *buf,
			       size_t room)
{
	struct cvsw_writer w = begin(talk, is13(talk) ? OFPT13_BARRIER_REPLY :
						     OFPT10_BARRIER_REPLY, xid, buf, room);

	return finish(&w);
}

/* 1.3: 7.3.9 */
size_t cvsw_ofs_encode_role(const struct cvsw_ofs_talk *talk, uint32_t xid, uint32_t role,
			    uint64_t generation, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = begin(talk, OFPT13_ROLE_REPLY, xid, buf, room);

	cvsw_put_u32(&w, role);
	cvsw_put_zero(&w, 4);
	cvsw_put_u64(&w, generation);
	return finish(&w);
}

/* 1.3: 7.3.10 */
size_t cvsw_ofs_encode_async(const struct cvsw_ofs_talk *talk, uint32_t xid,
			     const uint32_t async[CVSW_OFS_N_ASYNC], uint8_t *buf, size_t room)
{
	struct cvsw_writer w = begin(talk, OFPT13_GET_ASYNC_REPLY, xid, buf, room);
	int i;

	for (i = 0; i < CVSW_OFS_N_ASYNC; i++)
		cvsw_put_u32(&w, async[i]);
	return finish(&w);
}

/* ---- statistics, 5.3.5; 1.3: 7.3.5 ---- */

size_t cvsw_ofs_stats_begin(const struct cvsw_ofs_talk *talk, const struct cvsw_ofs_msg *request,
			    uint8_t *buf, size_t room)
{
	struct cvsw_writer w = begin(talk, is13(talk) ? OFPT13_MULTIPART_REPLY :
						     OFPT10_STATS_REPLY, request->xid, buf, room);

	cvsw_put_u16(&w, request->nicira ? CVSW_OFS_VENDOR : request->stats);
	cvsw_put_u16(&w, 0);
	cvsw_put_zero(&w, is13(talk) ? 4 : 0);
	if (request->nicira) {
		cvsw_put_u32(&w, OFP_NX_VENDOR);
		cvsw_put_u32(&w, request->stats == CVSW_OFS_FLOW ? NXST_FLOW : NXST_AGGREGATE);
		cvsw_put_zero(&w, 4);
	}
	return finish(&w);
}

void cvsw_ofs_stats_more(const struct cvsw_ofs_talk *talk, uint8_t *buf, size_t len)
{
	struct cvsw_writer w = cvsw_writer(buf + STATS_FLAGS_AT, len - STATS_FLAGS_AT);

	(void)talk;
	cvsw_put_u16(&w, OFPMPF_REPLY_MORE);
}

static void put_age(struct cvsw_writer *w, uint64_t age_ms)
{
	cvsw_put_u32(w, (uint32_t)(age_ms / 1000));
	cvsw_put_u32(w, (uint32_t)(age_ms % 1000 * 1000000));
}

static void put_counts(struct cvsw_writer *w, const struct cvsw_ofs_counters *counters)
{
	cvsw_put_u64(w, counters->n_packets);
	cvsw_put_u64(w, counters->n_bytes);
}

/* nx_flow_stats: idle_age and hard_age are seconds plus one; 0: not known */
static void put_nx_flow(struct cvsw_writer *w, const struct cvsw_flow *flow,
			const struct cvsw_ofs_counters *counters, size_t start)
{
	size_t match_at, match_len;

	put_age(w, counters->age_ms);
	cvsw_put_u16(w, flow->priority);
	cvsw_put_u16(w, flow->idle_timeout);
	cvsw_put_u16(w, flow->hard_timeout);
	cvsw_put_u16(w, 0);
	cvsw_put_u16(w, counters->idle < 0xfffe ? (uint16_t)(counters->idle + 1) : 0);
	cvsw_put_u16(w, 0);
	cvsw_put_u64(w, flow->cookie);
	put_counts(w, counters);
	match_at = w->at;
	cvsw_nxm_write(w, &flow->match);
	match_len = w->at - match_at;
	fill_in(w, start + 18, match_len);
	cvsw_put_zero(w, (8 - match_len % 8) % 8);
}

/* ofp_flow_stats */
static void put_flow10(struct cvsw_writer *w, const struct cvsw_flow *flow,
		       const struct cvsw_ofs_counters *counters)
{
	cvsw_ofp10_write_match(w, false, &flow->match);
	put_age(w, counters->age_ms);
	cvsw_put_u16(w, flow->priority);
	cvsw_put_u16(w, flow->idle_timeout);
	cvsw_put_u16(w, flow->hard_timeout);
	cvsw_put_zero(w, 6);
	cvsw_put_u64(w, flow->cookie);
	put_counts(w, counters);
}

/* ofp_flow_stats of 1.3, 7.3.5.2 */
static void put_flow13(struct cvsw_writer *w, const struct cvsw_flow *flow,
		       const struct cvsw_ofs_counters *counters)
{
	put_age(w, counters->age_ms);
	cvsw_put_u16(w, flow->priority);
	cvsw_put_u16(w, flow->idle_timeout);
	cvsw_put_u16(w, flow->hard_timeout);
	cvsw_put_u16(w, flow->flags);
	cvsw_put_zero(w, 4);
	cvsw_put_u64(w, flow->cookie);
	put_counts(w, counters);
	cvsw_oxm_write_match(w, &flow->match);
	cvsw_oxm_write_instructions(w, flow);
}

size_t cvsw_ofs_put_flow(const struct cvsw_ofs_talk *talk, const struct cvsw_ofs_msg *request,
			 const struct cvsw_flow *flow, const struct cvsw_ofs_counters *counters,
			 uint8_t *buf, size_t len, size_t room)
{
	struct cvsw_writer w = behind(buf, len, room);

	cvsw_put_u16(&w, 0);
	cvsw_put_u8(&w, flow->match.table);
	cvsw_put_zero(&w, 1);
	if (is13(talk))
		put_flow13(&w, flow, counters);
	else if (request->nicira)
		put_nx_flow(&w, flow, counters, len);
	else
		put_flow10(&w, flow, counters);
	if (!is13(talk))
		cvsw_ofp10_write_actions(&w, false, flow->actions, flow->n_actions);
	fill_in(&w, len, w.at - len);
	return finish(&w);
}

size_t cvsw_ofs_put_aggregate(const struct cvsw_ofs_talk *talk, uint64_t n_packets,
			      uint64_t n_bytes, uint32_t n_flows, uint8_t *buf, size_t len,
			      size_t room)
{
	struct cvsw_writer w = behind(buf, len, room);

	(void)talk;
	cvsw_put_u64(&w, n_packets);
	cvsw_put_u64(&w, n_bytes);
	cvsw_put_u32(&w, n_flows);
	cvsw_put_zero(&w, 4);
	return finish(&w);
}

static void put_table_name(struct cvsw_writer *w, uint8_t table)
{
	char name[] = "table00";

	name[5] = (char)('0' + table / 10);
	name[6] = (char)('0' + table % 10);
	put_text(w, name, 32);
}

/* ofp_table_feature_prop_type (1.3: 7.3.5.5.2): of those about misses, which are the same, none. */
enum table_property {
	OFPTFPT_INSTRUCTIONS = 0, OFPTFPT_NEXT_TABLES = 2, OFPTFPT_WRITE_ACTIONS = 4,
	OFPTFPT_APPLY_ACTIONS = 6, OFPTFPT_MATCH = 8, OFPTFPT_WILDCARDS = 10,
	OFPTFPT_WRITE_SETFIELD = 12, OFPTFPT_APPLY_SETFIELD = 14,
};

static void put_property(struct cvsw_writer *w, uint16_t type, uint8_t table)
{
	static const uint8_t instructions[] = { 1, 2, 3, 4, 5 };
	static const uint8_t actions[] = { 0, 18, 23, 24, 25 };
	const uint8_t *list = type == OFPTFPT_INSTRUCTIONS ? instructions : actions;
	size_t start = w->at, i;

	cvsw_put_u16(w, type);
	cvsw_put_u16(w, 0);
	if (type == OFPTFPT_NEXT_TABLES) {
		while (++table < CVSW_TABLES)
			cvsw_put_u8(w, table);
	} else if (type < OFPTFPT_MATCH) {
		for (i = 0; i < sizeof(actions); i++) {
			cvsw_put_u16(w, list[i]);
			cvsw_put_u16(w, 4);
		}
	} else {
		cvsw_oxm_write_headers(w, type >= OFPTFPT_WRITE_SETFIELD);
	}
	fill_in(w, start + 2, w->at - start);
	cvsw_put_zero(w, (8 - (w->at - start) % 8) % 8);
}

/* 1.3: 7.3.5.5 */
size_t cvsw_ofs_put_table_features(uint8_t table, uint32_t max, uint8_t *buf, size_t len,
				   size_t room)
{
	struct cvsw_writer w = behind(buf, len, room);
	uint16_t type;

	cvsw_put_u16(&w, 0);
	cvsw_put_u8(&w, table);
	cvsw_put_zero(&w, 5);
	put_table_name(&w, table);
	cvsw_put_u64(&w, ~0ull);	/* metadata */
	cvsw_put_u64(&w, ~0ull);
	cvsw_put_u32(&w, 0);
	cvsw_put_u32(&w, max);
	for (type = 0; type <= OFPTFPT_APPLY_SETFIELD; type += 2)
		put_property(&w, type, table);
	fill_in(&w, len, w.at - len);
	return finish(&w);
}

size_t cvsw_ofs_put_table(const struct cvsw_ofs_talk *talk, uint8_t table, uint32_t max,
			  uint32_t n_flows, uint8_t *buf, size_t len, size_t room)
{
	struct cvsw_writer w = behind(buf, len, room);

	cvsw_put_u8(&w, table);
	cvsw_put_zero(&w, 3);
	if (!is13(talk)) {
		put_table_name(&w, table);
		cvsw_put_u32(&w, OFPFW10_ALL);
		cvsw_put_u32(&w, max);
	}
	cvsw_put_u32(&w, n_flows);
	cvsw_put_u64(&w, UNKNOWN);
	cvsw_put_u64(&w, UNKNOWN);
	return finish(&w);
}

size_t cvsw_ofs_put_port_stats(const struct cvsw_ofs_talk *talk, const struct cvsw_ofs_port *port,
			       uint8_t *buf, size_t len, size_t room)
{
	const uint64_t counters[] = {
		port->rx_packets, port->tx_packets, UNKNOWN, UNKNOWN,	/* bytes */
		port->rx_dropped, port->tx_dropped, UNKNOWN, UNKNOWN,	/* errors */
		UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
	};
	struct cvsw_writer w = behind(buf, len, room);
	size_t i;

	if (is13(talk))
		cvsw_put_u32(&w, port->number);
	else
		cvsw_put_u16(&w, port->number);
	cvsw_put_zero(&w, is13(talk) ? 4 : 6);
	for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		cvsw_put_u64(&w, counters[i]);
	/* Since when it counts is not known. */
	for (i = 0; i < 2 && is13(talk); i++)
		cvsw_put_u32(&w, (uint32_t)UNKNOWN);
	return finish(&w);
}

size_t cvsw_ofs_put_port(const struct cvsw_ofs_talk *talk, const struct cvsw_ofs_port *port,
			 uint8_t *buf, size_t len, size_t room)
{
	struct cvsw_writer w = behind(buf, len, room);

	put_port(&w, talk, port);
	return finish(&w);
}

size_t cvsw_ofs_put_desc(const struct cvsw_ofs_talk *talk, const struct cvsw_ofs_desc *desc,
			 uint8_t *buf, size_t len, size_t room)
{
	struct cvsw_writer w = behind(buf, len, room);

	(void)talk;
	put_text(&w, desc->maker, 256);
	put_text(&w, desc->hardware, 256);
	put_text(&w, desc->software, 256);
	put_text(&w, desc->serial, 32);
	put_text(&w, desc->datapath, 256);
	return finish(&w);
}

/* ---- what it tells ---- */

/* nx_flow_removed: here the table is told as its number plus one */
static void put_nx_removed(struct cvsw_writer *w, const struct cvsw_flow *flow, uint8_t reason,
			   const struct cvsw_ofs_counters *counters)
{
	size_t length_at, match_len;

	cvsw_put_u32(w, OFP_NX_VENDOR);
	cvsw_put_u32(w, NXT_FLOW_REMOVED);
	cvsw_put_u64(w, flow->cookie);
	cvsw_put_u16(w, flow->priority);
	cvsw_put_u8(w, reason);
	cvsw_put_u8(w, flow->match.table + 1);
	put_age(w, counters->age_ms);
	cvsw_put_u16(w, flow->idle_timeout);
	length_at = w->at;
	cvsw_put_u16(w, 0);
	put_counts(w, counters);
	match_len = w->at;
	cvsw_nxm_write(w, &flow->match);
	match_len = w->at - match_len;
	fill_in(w, length_at, match_len);
	cvsw_put_zero(w, (8 - match_len % 8) % 8);
}

/* 5.4.2 */
static void put_removed10(struct cvsw_writer *w, const struct cvsw_flow *flow, uint8_t reason,
			  const struct cvsw_ofs_counters *counters)
{
	cvsw_ofp10_write_match(w, false, &flow->match);
	cvsw_put_u64(w, flow->cookie);
	cvsw_put_u16(w, flow->priority);
	cvsw_put_u8(w, reason);
	cvsw_put_zero(w, 1);
	put_age(w, counters->age_ms);
	cvsw_put_u16(w, flow->idle_timeout);
	cvsw_put_zero(w, 2);
	put_counts(w, counters);
}

/* 1.3: 7.4.2 */
static void put_removed13(struct cvsw_writer *w, const struct cvsw_flow *flow, uint8_t reason,
			  const struct cvsw_ofs_counters *counters)
{
	cvsw_put_u64(w, flow->cookie);
	cvsw_put_u16(w, flow->priority);
	cvsw_put_u8(w, reason);
	cvsw_put_u8(w, flow->match.table);
	put_age(w, counters->age_ms);
	cvsw_put_u16(w, flow->idle_timeout);
	cvsw_put_u16(w, flow->hard_timeout);
	put_counts(w, counters);
	cvsw_oxm_write_match(w, &flow->match);
}

size_t cvsw_ofs_encode_removed(const struct cvsw_ofs_talk *talk, const struct cvsw_flow *flow,
			       enum cvsw_ofs_removed reason,
			       const struct cvsw_ofs_counters *counters, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = begin(talk, talk->nxm ? OFPT_VENDOR : OFPT_FLOW_REMOVED, 0, buf,
				     room);

	if (is13(talk))
		put_removed13(&w, flow, (uint8_t)reason, counters);
	else if (talk->nxm)
		put_nx_removed(&w, flow, (uint8_t)reason, counters);
	else
		put_removed10(&w, flow, (uint8_t)reason, counters);
	return finish(&w);
}

/* 5.4.1; 1.3: 7.4.1 */
size_t cvsw_ofs_encode_packet_in(const struct cvsw_ofs_talk *talk,
				 const struct cvsw_ofs_packet_in *in, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = begin(talk, OFPT_PACKET_IN, 0, buf, room);

	cvsw_put_u32(&w, CVSW_OFP_NO_BUFFER);
	cvsw_put_u16(&w, in->total);
	if (is13(talk)) {
		struct cvsw_match match = { .key.in_port = (uint8_t)in->in_port, .mask.in_port = 0xff };

		cvsw_put_u8(&w, in->reason);
		cvsw_put_u8(&w, 0);	/* the NIC does not say in which table */
		cvsw_put_u64(&w, in->cookie);
		cvsw_oxm_write_match(&w, &match);
		cvsw_put_zero(&w, 2);
	} else {
		cvsw_put_u16(&w, in->in_port);
		cvsw_put_u8(&w, in->reason);
		cvsw_put_zero(&w, 1);
	}
	cvsw_put_bytes(&w, in->data, in->len);
	return finish(&w);
}
