/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The OpenFlow channel, seen from the switch: what a controller asks of it, and what it answers.
 * OpenFlow Switch Specification 1.0.0 with Nicira's extensions and 1.3.5, as much of them as a
 * NIC can mean.  HELLO, ECHO and ERROR are the same for both sides: cvsw_ofp.h.  User space only.
 */
#ifndef CVSW_OFS_H
#define CVSW_OFS_H

#include "cvsw_flow.h"
#include "cvsw_ofp.h"

/*
 * Errors (1.0: 5.4.4; 1.3: 7.4.4), X(id, type, code of 1.0, type, code of 1.3): NX: of a type that
 * 1.0 lacks, in Nicira's form.
 */
#define CVSW_OFS_NX	0x1000
#define CVSW_OFS_ERRORS(X)				\
	X(BAD_VERSION, 1, 0, 1, 0)			\
	X(BAD_TYPE, 1, 1, 1, 1)				\
	X(BAD_STAT, 1, 2, 1, 2)				\
	X(BAD_VENDOR, 1, 3, 1, 3)			\
	X(BAD_SUBTYPE, 1, 4, 1, 4)			\
	X(BAD_LEN, 1, 6, 1, 6)				\
	X(BUFFER_UNKNOWN, 1, 8, 1, 8)			\
	X(IS_SLAVE, CVSW_OFS_NX | 1, 513, 1, 10)	\
	X(BAD_TABLE, CVSW_OFS_NX | 1, 512, 5, 2)	\
	X(BAD_FIELD, CVSW_OFS_NX | 1, 257, 4, 6)	\
	X(BAD_VALUE, CVSW_OFS_NX | 1, 258, 4, 7)	\
	X(BAD_PREREQ, CVSW_OFS_NX | 1, 259, 4, 9)	\
	X(DUP_FIELD, CVSW_OFS_NX | 1, 260, 4, 10)	\
	X(BAD_MATCH_LEN, 1, 6, 4, 1)			\
	X(BAD_ACTION_TYPE, 2, 0, 2, 0)			\
	X(BAD_ACTION_LEN, 2, 1, 2, 1)			\
	X(BAD_OUT_PORT, 2, 4, 2, 4)			\
	X(BAD_ARGUMENT, 2, 5, 2, 5)			\
	X(TOO_MANY_ACTIONS, 2, 7, 2, 7)			\
	X(BAD_QUEUE, 2, 8, 2, 8)			\
	X(BAD_OUT_GROUP, 2, 0, 2, 9)			\
	X(BAD_SET_TYPE, 2, 5, 2, 13)			\
	X(BAD_INSTRUCTION, 2, 0, 3, 0)			\
	X(UNSUPPORTED_INSTRUCTION, 2, 0, 3, 1)		\
	X(TABLE_FULL, 3, 0, 5, 1)			\
	X(OVERLAP, 3, 1, 5, 3)				\
	X(FLOW_EPERM, 3, 2, 5, 4)			\
	X(BAD_COMMAND, 3, 4, 5, 6)			\
	X(BAD_FLAGS, 3, 5, 5, 7)			\
	X(UNSUPPORTED, 3, 5, 5, 0)			\
	X(OUT_OF_GROUPS, 1, 1, 6, 3)			\
	X(BAD_PORT, 4, 0, 7, 0)				\
	X(QUEUE_BAD_PORT, 5, 0, 9, 0)			\
	X(STALE_ROLE, 1, 1, 11, 0)			\
	X(BAD_ROLE, 1, 1, 11, 2)			\
	X(OUT_OF_METERS, 1, 1, 12, 10)

enum cvsw_ofs_error {
	CVSW_OFS_OK,
#define CVSW_OFS_ERROR_ENUM(id, ...) CVSW_OFS_##id,
	CVSW_OFS_ERRORS(CVSW_OFS_ERROR_ENUM)
#undef CVSW_OFS_ERROR_ENUM
	CVSW_OFS_N_ERRORS
};

/* What is asked for. */
enum cvsw_ofs_kind {
	CVSW_OFS_HELLO,		/* these four: cvsw_ofp_decode() reads them */
	CVSW_OFS_ERROR,
	CVSW_OFS_ECHO_REQUEST,
	CVSW_OFS_ECHO_REPLY,
	CVSW_OFS_FEATURES,
	CVSW_OFS_GET_CONFIG,
	CVSW_OFS_SET_CONFIG,	/* config */
	CVSW_OFS_FLOW_MOD,	/* command, choice */
	CVSW_OFS_BARRIER,
	CVSW_OFS_STATS,		/* stats, choice, port */
	CVSW_OFS_SET_FORMAT,	/* on: NXM */
	CVSW_OFS_SET_TABLES,	/* on: flow_mods name their table */
	CVSW_OFS_ROLE,		/* role, generation */
	CVSW_OFS_GET_ASYNC,
	CVSW_OFS_SET_ASYNC,	/* async */
	CVSW_OFS_N_KINDS
};

/* Statistics (1.0: 5.3.5), by their number. */
enum cvsw_ofs_stats {
	CVSW_OFS_DESC = 0,
	CVSW_OFS_FLOW = 1,
	CVSW_OFS_AGGREGATE = 2,
	CVSW_OFS_TABLE = 3,
	CVSW_OFS_PORT = 4,
	CVSW_OFS_QUEUE = 5,
	CVSW_OFS_TABLE_FEATURES = 12,	/* 1.3 */
	CVSW_OFS_PORT_DESC = 13,	/* Open vSwitch has it in 1.0 too */
	CVSW_OFS_VENDOR = 0xffff,
};

/* ofp_controller_role (1.3: 7.3.9) */
enum cvsw_ofs_role { CVSW_OFS_NOCHANGE, CVSW_OFS_EQUAL, CVSW_OFS_MASTER, CVSW_OFS_SLAVE };

/* ofp_async_config (1.3: 7.3.10): of each two masks, of a master or equal, and of a slave */
enum { CVSW_OFS_ASYNC_PACKET_IN = 0, CVSW_OFS_ASYNC_REMOVED = 4, CVSW_OFS_N_ASYNC = 6 };

/**
 * struct cvsw_ofs_talk - what was agreed on a connection, for later messages
 * @nxm: FLOW_REMOVED has an nx_match
 * @tables: a flow_mod's command has the table in its upper byte
 */
struct cvsw_ofs_talk {
	uint8_t version;
	bool nxm;
	bool tables;
};

/**
 * struct cvsw_ofs_msg - what a controller asks; about 4 KiB
 * @flow: of a FLOW_MOD; of FLOW and AGGREGATE its match and out_port: which flows
 * @cookie, @cookie_mask: only flows whose cookie has these bits
 * @port: of PORT, CVSW_OFPP_ANY: all
 * @no_add: of a MODIFY: if there is no such flow, none is added (1.3, 6.4)
 * @async: masks of 1.3's ofp_async_config, in its order
 * @nicira: FLOW and AGGREGATE were asked for as NXST_FLOW and NXST_AGGREGATE
 */
struct cvsw_ofs_msg {
	enum cvsw_ofs_kind kind;
	uint32_t xid;
	enum cvsw_flow_command command;
	struct cvsw_flow flow;
	uint64_t cookie;
	uint64_t cookie_mask;
	enum cvsw_ofs_stats stats;
	bool nicira;
	bool on;
	uint32_t port;
	uint16_t config_flags;
	uint16_t miss_send_len;
	bool no_add;
	uint32_t role;
	uint64_t generation;
	uint32_t async[CVSW_OFS_N_ASYNC];
};

/**
 * cvsw_ofs_decode() - read what a controller asks
 * @data: the whole message, @len bytes, whose length was checked: cvsw_ofp_frame()
 *
 * Return: CVSW_OFS_OK, or why not: to be answered by cvsw_ofs_encode_error().
 */
enum cvsw_ofs_error cvsw_ofs_decode(const struct cvsw_ofs_talk *talk, const uint8_t *data,
				    size_t len, struct cvsw_ofs_msg *msg);

/*
 * Encoders.  Each writes one message, or puts an entry behind what is there already, and returns
 * how many bytes there are then; 0: @room is too small.
 */

#define CVSW_OFS_ERROR_DATA	64	/* so much of the message that is refused; also of longer ones */

/** cvsw_ofs_encode_error() - @data: the message that is refused, or its beginning */
size_t cvsw_ofs_encode_error(const struct cvsw_ofs_talk *talk, enum cvsw_ofs_error error,
			     const uint8_t *data, size_t len, uint8_t *buf, size_t room);

/** struct cvsw_ofs_port - of a NIC; @counters: as in struct ofp_port_stats; ~0: not known */
struct cvsw_ofs_port {
	uint16_t number;
	uint8_t mac[CVSW_ETH_ALEN];
	const char *name;
	bool down;
	uint64_t rx_packets, tx_packets, rx_dropped, tx_dropped;
};

size_t cvsw_ofs_encode_features(const struct cvsw_ofs_talk *talk, uint32_t xid, uint64_t datapath_id,
				const struct cvsw_ofs_port *ports, size_t n, uint8_t *buf,
				size_t room);
size_t cvsw_ofs_encode_config(const struct cvsw_ofs_talk *talk, uint32_t xid, uint16_t flags,
			      uint16_t miss_send_len, uint8_t *buf, size_t room);
size_t cvsw_ofs_encode_barrier(const struct cvsw_ofs_talk *talk, uint32_t xid, uint8_t *buf,
			       size_t room);

size_t cvsw_ofs_encode_role(const struct cvsw_ofs_talk *talk, uint32_t xid, uint32_t role,
			    uint64_t generation, uint8_t *buf, size_t room);
size_t cvsw_ofs_encode_async(const struct cvsw_ofs_talk *talk, uint32_t xid,
			     const uint32_t async[CVSW_OFS_N_ASYNC], uint8_t *buf, size_t room);

/* Bytes that the largest entry of a reply has: a flow's. */
#define CVSW_OFS_ENTRY_MAX	(48 + 1024 + CVSW_MAX_ACTIONS * 72)

/** cvsw_ofs_stats_begin() - a reply to @request, without entries */
size_t cvsw_ofs_stats_begin(const struct cvsw_ofs_talk *talk, const struct cvsw_ofs_msg *request,
			    uint8_t *buf, size_t room);
/** cvsw_ofs_stats_more() - further replies follow this one of @len bytes */
void cvsw_ofs_stats_more(const struct cvsw_ofs_talk *talk, uint8_t *buf, size_t len);

/** struct cvsw_ofs_counters - of a flow; @idle: seconds, ~0: not known */
struct cvsw_ofs_counters {
	uint64_t n_packets;
	uint64_t n_bytes;
	uint64_t age_ms;
	uint32_t idle;
};

size_t cvsw_ofs_put_flow(const struct cvsw_ofs_talk *talk, const struct cvsw_ofs_msg *request,
			 const struct cvsw_flow *flow, const struct cvsw_ofs_counters *counters,
			 uint8_t *buf, size_t len, size_t room);
size_t cvsw_ofs_put_aggregate(const struct cvsw_ofs_talk *talk, uint64_t n_packets,
			      uint64_t n_bytes, uint32_t n_flows, uint8_t *buf, size_t len,
			      size_t room);
/** cvsw_ofs_put_table() - @max: flows that it may have */
size_t cvsw_ofs_put_table(const struct cvsw_ofs_talk *talk, uint8_t table, uint32_t max,
			  uint32_t n_flows, uint8_t *buf, size_t len, size_t room);
/** cvsw_ofs_put_table_features() - all tables can do the same */
size_t cvsw_ofs_put_table_features(uint8_t table, uint32_t max, uint8_t *buf, size_t len,
				   size_t room);
size_t cvsw_ofs_put_port_stats(const struct cvsw_ofs_talk *talk, const struct cvsw_ofs_port *port,
			       uint8_t *buf, size_t len, size_t room);
size_t cvsw_ofs_put_port(const struct cvsw_ofs_talk *talk, const struct cvsw_ofs_port *port,
			 uint8_t *buf, size_t len, size_t room);

/** struct cvsw_ofs_desc - texts, cut where they are too long */
struct cvsw_ofs_desc {
	const char *maker, *hardware, *software, *serial, *datapath;
};

size_t cvsw_ofs_put_desc(const struct cvsw_ofs_talk *talk, const struct cvsw_ofs_desc *desc,
			 uint8_t *buf, size_t len, size_t room);

/* ofp_flow_removed_reason (1.0: 5.4.2) */
enum cvsw_ofs_removed {
	CVSW_OFS_REMOVED_IDLE = 0,
	CVSW_OFS_REMOVED_HARD = 1,
	CVSW_OFS_REMOVED_DELETE = 2,
};

size_t cvsw_ofs_encode_removed(const struct cvsw_ofs_talk *talk, const struct cvsw_flow *flow,
			       enum cvsw_ofs_removed reason,
			       const struct cvsw_ofs_counters *counters, uint8_t *buf, size_t room);

/** struct cvsw_ofs_packet_in - @reason: 0: no flow matched, 1: an action; @data: @len bytes */
struct cvsw_ofs_packet_in {
	uint16_t in_port;
	uint16_t total;
	uint8_t reason;
	uint64_t cookie;
	const uint8_t *data;
	size_t len;
};

size_t cvsw_ofs_encode_packet_in(const struct cvsw_ofs_talk *talk,
				 const struct cvsw_ofs_packet_in *in, uint8_t *buf, size_t room);

#endif
