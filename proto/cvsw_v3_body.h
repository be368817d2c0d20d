/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Messages of version 3: what stands in them.  proto/VERSION3.md, "Messages".
 *
 * Decoders check lengths, reserved bytes and ranges, and return CVSW_V3_FINE or
 * what an ERROR says; @offset counts from the message's first byte, its header
 * included.  flow_mods inside are found, not decoded: cvsw_flow_mod_decode() is the
 * caller's to call (a flow is too large for a stack).
 */
#ifndef CVSW_V3_BODY_H
#define CVSW_V3_BODY_H

#include "cvsw_cursor.h"
#include "cvsw_fault.h"
#include "cvsw_flow.h"
#include "cvsw_sa.h"
#include "cvsw_v3_stream.h"

#define CVSW_V3_MESSAGE_HEADER_LEN	8
#define CVSW_V3_BODY_MAX	(CVSW_V3_MESSAGE_MAX - CVSW_V3_MESSAGE_HEADER_LEN)

/* Even: a request.  Its own answer, where it has one, is one more. */
enum cvsw_v3_message_type {
	CVSW_V3_ACK = 1,
	CVSW_V3_ERROR = 3,
	CVSW_V3_CAPABILITIES = 16,
	CVSW_V3_CAPABILITIES_ANSWER = 17,
	CVSW_V3_FLOWS = 18,
	CVSW_V3_LIST = 20,
	CVSW_V3_LIST_ANSWER = 21,
	CVSW_V3_SET_SA = 22,
	CVSW_V3_SET_MTU = 24,
	CVSW_V3_SET_OFFLOAD = 26,
	CVSW_V3_STATISTICS = 28,
	CVSW_V3_STATISTICS_ANSWER = 29,
	CVSW_V3_TRACE = 30,
	CVSW_V3_TRACE_ANSWER = 31,
	CVSW_V3_LIST_SAS = 32,
	CVSW_V3_LIST_SAS_ANSWER = 33,
	CVSW_V3_LIST_GROUPS = 34,
	CVSW_V3_LIST_GROUPS_ANSWER = 35,
	CVSW_V3_GROUP_COUNTERS = 36,
	CVSW_V3_GROUP_COUNTERS_ANSWER = 37,
	CVSW_V3_FLOW_REMOVED = 65,	/* the NIC, unasked */
	CVSW_V3_SA_EXPIRING = 67,	/* the NIC, unasked */
};

/* Numbers on the wire: never renumbered. */
#define CVSW_V3_ERRORS(X)                                                            \
	X(SHORT,         1,   "short",         "ends before its own header does")    \
	X(LENGTH,        2,   "length",        "a length does not fit its content")  \
	X(TYPE,          4,   "type",          "unknown message type")               \
	X(RESERVED,      5,   "reserved",      "a reserved field is not zero")       \
	X(COMMAND,       7,   "command",       "flow_mod command not supported")     \
	X(FLAGS,         8,   "flags",         "flag not supported")                 \
	X(TIMEOUT,       9,   "timeout",       "flow timeouts are not supported")    \
	X(MATCH,         10,  "match",         "a match value is out of range")      \
	X(MATCH_FIELD,   11,  "match-field",   "unknown match field, or out of place") \
	X(ACTION_TYPE,   12,  "action-type",   "unknown or unsupported action")      \
	X(ACTION_LENGTH, 13,  "action-length", "an action's length is not its size") \
	X(ACTION_VALUE,  14,  "action-value",  "an action's value is out of range")  \
	X(ACTION_PORT,   15,  "action-port",   "output to this port is not supported") \
	X(ACTION_COUNT,  16,  "action-count",  "more actions than a flow may have")  \
	X(ACTION_ORDER,  17,  "action-order",  "an action stands where it may not")  \
	X(SA,            18,  "sa",            "an SA's value is out of range")      \
	X(VALUE,         19,  "value",         "a value is out of range")            \
	X(TABLE,         20,  "table",         "no such table, or it does not come behind the flow's own") \
	X(GROUP,         21,  "group",         "a group's number or type is out of range") \
	X(BUCKET,        22,  "bucket",        "a bucket that the group cannot have, or a slot without one") \
	X(MALFORMED,     63,  "malformed",     "wrong in a way that has no number")  \
	X(NO_MEMORY,     64,  "no-memory",     "the NIC is out of memory")           \
	X(TABLE_FULL,    65,  "table-full",    "the table holds no more flows")      \
	X(REFUSED,       66,  "refused",       "the device or its system said no")   \
	X(SA_KNOWN,      67,  "sa-known",      "this SA was installed before")       \
	X(SA_UNKNOWN,    68,  "sa-unknown",    "there is no such SA")                \
	X(NO_BUNDLE,     69,  "no-bundle",     "no bundle of this number is open")   \
	X(OVERLAP,       70,  "overlap",       "overlaps a flow of the same priority") \
	X(UNSUPPORTED,   71,  "unsupported",   "not supported by this NIC")          \
	X(TOO_LONG,      72,  "too-long",      "longer than a message may be")       \
	X(GONE,          73,  "gone",          "the NIC is going away")              \
	X(GROUP_EXISTS,  74,  "group-exists",  "there is a group of this number")    \
	X(GROUP_UNKNOWN, 75,  "group-unknown", "there is no group of this number")   \
	X(OUT_GROUP,     76,  "out-group",     "an action names a group that is not there") \
	X(GROUPS_FULL,   77,  "groups-full",   "the NIC takes no more groups")

enum cvsw_v3_error {
	CVSW_V3_FINE = 0,
#define CVSW_V3_ERROR_ENUM(id, number, name, text) CVSW_V3_ERR_##id = number,
	CVSW_V3_ERRORS(CVSW_V3_ERROR_ENUM)
#undef CVSW_V3_ERROR_ENUM
};

/* "action-port" and a sentence; of numbers unknown "unknown"; never NULL. */
const char *cvsw_v3_error_name(uint16_t error);
const char *cvsw_v3_error_text(uint16_t error);
/** cvsw_v3_error_of() - the number of a decoder's fault; not of CVSW_OK */
enum cvsw_v3_error cvsw_v3_error_of(enum cvsw_fault fault);
/** cvsw_v3_message_name() - "SET_MTU"; "unknown" for others, never NULL */
const char *cvsw_v3_message_name(uint16_t type);

static inline bool cvsw_v3_is_request(uint16_t type)
{
	return !(type & 1);
}

/* ---- header ---- */

/**
 * struct cvsw_v3_message
 * @type: enum cvsw_v3_message_type
 * @error: of an ERROR, else 0: enum cvsw_v3_error
 * @xid: the request's, repeated in its answer; 0 in what is unasked
 * @body: @len bytes
 */
struct cvsw_v3_message {
	uint16_t type;
	uint16_t error;
	uint32_t xid;
	const uint8_t *body;
	size_t len;
};

enum cvsw_v3_error cvsw_v3_message_decode(const uint8_t *data, size_t len,
				       struct cvsw_v3_message *message, size_t *offset);
/** cvsw_v3_message_begin() - write a header; the body is put behind it */
void cvsw_v3_message_begin(struct cvsw_writer *w, uint16_t type, uint32_t xid);

/* ---- ERROR ---- */

#define CVSW_V3_ERROR_TEXT_MAX	200
#define CVSW_V3_NO_OFP_ERROR	0xffff

/**
 * struct cvsw_v3_error_body
 * @offset: of the byte at fault, from the request's first byte
 * @ofp_type, @ofp_code: OpenFlow 1.0's (5.4.4) for the same; else CVSW_V3_NO_OFP_ERROR
 * @text: printable ASCII, @text_len bytes, no zero at the end
 */
struct cvsw_v3_error_body {
	uint32_t offset;
	uint16_t ofp_type;
	uint16_t ofp_code;
	const uint8_t *text;
	size_t text_len;
};

size_t cvsw_v3_error_encode(uint32_t xid, enum cvsw_v3_error error,
			    const struct cvsw_v3_error_body *body, uint8_t *buf, size_t room);
enum cvsw_v3_error cvsw_v3_error_decode(const struct cvsw_v3_message *message,
				     struct cvsw_v3_error_body *body, size_t *offset);

/* ---- FLOWS: part, or all, of a bundle ---- */

#define CVSW_V3_BUNDLE_OPEN	0x01	/* the first of a bundle; an open one is thrown away */
#define CVSW_V3_BUNDLE_COMMIT	0x02	/* the last: now all of it is done, or nothing */
#define CVSW_V3_BUNDLE_REPLACE	0x04	/* with OPEN: the table becomes the bundle's ADDs, no more */
#define CVSW_V3_BUNDLE_ABORT	0x08	/* alone, without flow_mods: throw it away */

/**
 * struct cvsw_v3_flows
 * @bundle: the sender's number for it
 * @flags: CVSW_V3_BUNDLE_*
 * @flow_mods: @len bytes, one behind the other
 */
struct cvsw_v3_flows {
	uint32_t bundle;
	uint8_t flags;
	const uint8_t *flow_mods;
	size_t len;
};

#define CVSW_V3_FLOWS_AT	16	/* where the flow_mods begin in the message */

/** cvsw_v3_flows_begin() - header and flags; flow_mods are put behind */
void cvsw_v3_flows_begin(struct cvsw_writer *w, uint32_t xid, uint32_t bundle, uint8_t flags);
enum cvsw_v3_error cvsw_v3_flows_decode(const struct cvsw_v3_message *message,
				     struct cvsw_v3_flows *flows, size_t *offset);

/* ---- LIST ---- */

/**
 * struct cvsw_v3_list
 * @resume: 0, or what the last answer said
 * @filter: a flow_mod whose match covers those wanted; NULL: all
 */
struct cvsw_v3_list {
	uint64_t resume;
	const uint8_t *filter;
	size_t filter_len;
};

size_t cvsw_v3_list_encode(uint32_t xid, const struct cvsw_v3_list *list, uint8_t *buf,
			   size_t room);
enum cvsw_v3_error cvsw_v3_list_decode(const struct cvsw_v3_message *message,
				    struct cvsw_v3_list *list, size_t *offset);

#define CVSW_V3_IDLE_UNKNOWN	0xffffffff

enum cvsw_v3_removed {
	CVSW_V3_NOT_REMOVED = 0,	/* in LIST_ANSWER */
	CVSW_V3_REMOVED_IDLE = 1,
	CVSW_V3_REMOVED_HARD = 2,
	CVSW_V3_REMOVED_DELETE = 3,
	CVSW_V3_REMOVED_EVICTED = 4,
};

#define CVSW_V3_ENTRY_HEADER_LEN	32

/**
 * struct cvsw_v3_entry - a flow with its counters
 * @reason: enum cvsw_v3_removed
 * @idle: seconds since its last frame, or CVSW_V3_IDLE_UNKNOWN
 * @age: milliseconds since it was added
 * @flow_mod: @len bytes
 */
struct cvsw_v3_entry {
	uint8_t reason;
	uint32_t idle;
	uint64_t age;
	uint64_t n_packets;
	uint64_t n_bytes;
	const uint8_t *flow_mod;
	size_t len;
};

/** cvsw_v3_list_answer_begin() - @type: which list's; with resume 0; the entries are put behind */
void cvsw_v3_list_answer_begin(struct cvsw_writer *w, uint16_t type, uint32_t xid);
/** cvsw_v3_list_answer_resume() - there are more: what the next request is to say */
void cvsw_v3_list_answer_resume(struct cvsw_writer *w, uint64_t resume);
/**
 * cvsw_v3_entry_put() - all or nothing; false: no room
 * @entry: with flow_mod NULL its @len bytes stand behind the header already (at
 *	w->data + w->at + CVSW_V3_ENTRY_HEADER_LEN)
 */
bool cvsw_v3_entry_put(struct cvsw_writer *w, const struct cvsw_v3_entry *entry);
/**
 * cvsw_v3_list_answer_decode() - of LIST_ANSWER, LIST_SAS_ANSWER, LIST_GROUPS_ANSWER or
 *	GROUP_COUNTERS_ANSWER
 * @resume: out: of GROUP_COUNTERS_ANSWER the group
 * @entries: out: to be read by cvsw_v3_entry_get(), cvsw_v3_listed_sa_get() or cvsw_v3_hits_get()
 */
enum cvsw_v3_error cvsw_v3_list_answer_decode(const struct cvsw_v3_message *message,
					   uint64_t *resume, struct cvsw_reader *entries,
					   size_t *offset);
/** cvsw_v3_entry_get() - the next one, until cvsw_left() is 0 */
enum cvsw_v3_error cvsw_v3_entry_get(struct cvsw_reader *entries, struct cvsw_v3_entry *entry);

/** cvsw_v3_flow_removed_encode() - FLOW_REMOVED: one entry with its reason */
size_t cvsw_v3_flow_removed_encode(const struct cvsw_v3_entry *entry, uint8_t *buf, size_t room);
enum cvsw_v3_error cvsw_v3_flow_removed_decode(const struct cvsw_v3_message *message,
					    struct cvsw_v3_entry *entry, size_t *offset);

/* ---- LIST_SAS ---- */

/**
 * struct cvsw_v3_listed_sa - an SA that the NIC has; never its key
 * @direction: enum cvsw_sa_direction
 * @reason: enum cvsw_v3_expiring_reason; 0: none
 */
struct cvsw_v3_listed_sa {
	uint32_t spi;
	uint8_t direction;
	uint8_t reason;
};

#define CVSW_V3_LISTED_SA_LEN	8

/**
 * cvsw_v3_resume_encode() - LIST_SAS, LIST_GROUPS or GROUP_COUNTERS (@type)
 * @resume: 0, or what the last answer said; of GROUP_COUNTERS the group
 */
size_t cvsw_v3_resume_encode(uint16_t type, uint32_t xid, uint64_t resume, uint8_t *buf,
			     size_t room);
enum cvsw_v3_error cvsw_v3_resume_decode(const struct cvsw_v3_message *message,
					uint64_t *resume, size_t *offset);
/** cvsw_v3_listed_sa_put() - false: no room */
bool cvsw_v3_listed_sa_put(struct cvsw_writer *w, const struct cvsw_v3_listed_sa *sa);
/** cvsw_v3_listed_sa_get() - the next one, until cvsw_left() is 0 */
enum cvsw_v3_error cvsw_v3_listed_sa_get(struct cvsw_reader *sas, struct cvsw_v3_listed_sa *sa);

/* ---- LIST_GROUPS, GROUP_COUNTERS ---- */

/*
 * An entry of LIST_GROUPS_ANSWER is as one of LIST_ANSWER, with the group_mod that adds the
 * group, and in @n_packets and @n_bytes the sums of its buckets.  In GROUP_COUNTERS_ANSWER there
 * are pairs for the buckets, and of a select group for the slots behind them.
 */

#define CVSW_V3_HITS_LEN	16

/** cvsw_v3_hits_put() - a pair; false: no room */
bool cvsw_v3_hits_put(struct cvsw_writer *w, uint64_t n_packets, uint64_t n_bytes);
/** cvsw_v3_hits_get() - the next one, until cvsw_left() is 0 */
enum cvsw_v3_error cvsw_v3_hits_get(struct cvsw_reader *body, uint64_t *n_packets,
				    uint64_t *n_bytes);

/* ---- SET_SA, SET_MTU, SET_OFFLOAD ---- */

#define CVSW_OFFLOAD_CSUM	0x0001
#define CVSW_OFFLOAD_TSO	0x0002
#define CVSW_OFFLOAD_UFO	0x0004
#define CVSW_OFFLOAD_GSO	0x0008
#define CVSW_OFFLOAD_GRO	0x0010
#define CVSW_OFFLOAD_INNER_CSUM	0x0020
#define CVSW_OFFLOAD_ALL	0x003f

size_t cvsw_v3_set_sa_encode(uint32_t xid, const struct cvsw_sa *sa, uint8_t *buf, size_t room);
enum cvsw_v3_error cvsw_v3_set_sa_decode(const struct cvsw_v3_message *message, struct cvsw_sa *sa,
				      size_t *offset);
/** cvsw_v3_set_encode() - SET_MTU or SET_OFFLOAD (@type) */
size_t cvsw_v3_set_encode(uint16_t type, uint32_t xid, uint16_t value, uint8_t *buf, size_t room);
enum cvsw_v3_error cvsw_v3_set_decode(const struct cvsw_v3_message *message, uint16_t *value,
				   size_t *offset);

/* ---- requests and answers without a body ---- */

/** cvsw_v3_plain_encode() - ACK, CAPABILITIES, STATISTICS */
size_t cvsw_v3_plain_encode(uint16_t type, uint32_t xid, uint8_t *buf, size_t room);
enum cvsw_v3_error cvsw_v3_plain_decode(const struct cvsw_v3_message *message, size_t *offset);

/* ---- CAPABILITIES ---- */

#define CVSW_V3_CAN_TIMEOUTS	0x00000001
#define CVSW_V3_CAN_MODIFY	0x00000002	/* and the strict commands */
#define CVSW_V3_CAN_TRACE	0x00000004
#define CVSW_V3_CAN_PACKET_IN	0x00000008
#define CVSW_V3_CAN_REMOVED	0x00000010	/* FLOW_REMOVED */
#define CVSW_V3_CAN_EXPIRING	0x00000020	/* SA_EXPIRING */
#define CVSW_V3_CAN_REGISTERS	0x00000040	/* and metadata that actions write */
#define CVSW_V3_CAN_TABLES	0x00000080	/* CVSW_TABLES of them, goto_table, resubmit */
#define CVSW_V3_CAN_GROUPS	0x00000800	/* group_mods in FLOWS, LIST_GROUPS, GROUP_COUNTERS */
#define CVSW_V3_CAN_FLOOD	0x00001000	/* outputs to CVSW_PORT_FLOOD and _ALL */
#define CVSW_V3_CAN_ANY_TTL	0x00002000	/* DEC_TTL in flows that do not name IP */
#define CVSW_V3_MISS_DROPS	0x00000100	/* what matches nothing is dropped */
#define CVSW_V3_SAS_STOPPED	0x00000200	/* sending SAs were stopped: new ones, please */
#define CVSW_V3_MISS_TELLS	0x00000400	/* and the controller told, by PACKET_IN */

#define CVSW_V3_CAPABILITIES_LEN	32	/* of the body, before the text */
#define CVSW_V3_RELEASE_MAX	64

/**
 * struct cvsw_v3_capabilities - what a NIC can do, and what it is set to
 * @features: CVSW_V3_CAN_* and the states behind them
 * @flows, @max_flows: in the table, and at most
 * @mtu, @min_mtu, @max_mtu: now, and the device's limits
 * @offloads, @all_offloads: CVSW_OFFLOAD_* that are on, and that can be
 * @release: the driver's version, printable ASCII, @release_len bytes
 */
struct cvsw_v3_capabilities {
	uint32_t features;
	uint32_t flows, max_flows;
	uint32_t mtu, min_mtu, max_mtu;
	uint16_t offloads, all_offloads;
	const uint8_t *release;
	size_t release_len;
};

size_t cvsw_v3_capabilities_encode(uint32_t xid, const struct cvsw_v3_capabilities *can,
				   uint8_t *buf, size_t room);
enum cvsw_v3_error cvsw_v3_capabilities_decode(const struct cvsw_v3_message *message,
					    struct cvsw_v3_capabilities *can, size_t *offset);

/* ---- STATISTICS: the port's counters by name ---- */

#define CVSW_V3_COUNTER_NAME_MAX	63

struct cvsw_v3_counter {
	uint64_t value;
	const uint8_t *name;	/* printable ASCII, @name_len bytes */
	size_t name_len;
};

void cvsw_v3_statistics_begin(struct cvsw_writer *w, uint32_t xid);
bool cvsw_v3_counter_put(struct cvsw_writer *w, const struct cvsw_v3_counter *counter);
enum cvsw_v3_error cvsw_v3_counter_get(struct cvsw_reader *body, struct cvsw_v3_counter *counter);

/* ---- TRACE ---- */

#define CVSW_V3_TRACE_FRAME_MIN	14
#define CVSW_V3_TRACE_FRAME_MAX	9216

/**
 * struct cvsw_v3_trace - what would happen to this frame?
 * @in_port: enum cvsw_ingress
 * @pass, @sa, @tun_id, @tun_src, @tun_dst, @tun_type: as in struct cvsw_key
 * @frame: @len bytes from its destination MAC address on
 */
struct cvsw_v3_trace {
	uint8_t in_port;
	uint8_t pass;
	uint8_t tun_type;
	uint32_t sa;
	uint32_t tun_id;
	uint8_t tun_src[CVSW_IP_LEN];
	uint8_t tun_dst[CVSW_IP_LEN];
	const uint8_t *frame;
	size_t len;
};

size_t cvsw_v3_trace_encode(uint32_t xid, const struct cvsw_v3_trace *trace,
			    uint8_t *buf, size_t room);
enum cvsw_v3_error cvsw_v3_trace_decode(const struct cvsw_v3_message *message,
				     struct cvsw_v3_trace *trace, size_t *offset);

enum cvsw_v3_step_kind {
	CVSW_V3_STEP_LOOKUP = 1,	/* data: the flow_mod that matched, or none */
	CVSW_V3_STEP_ACTION = 2,	/* data: the action, and a clone's own */
	CVSW_V3_STEP_FRAME = 3,		/* data: the frame as it is now */
	CVSW_V3_STEP_ONWARD = 4,	/* it leaves; data: none.  in_port: where to */
	CVSW_V3_STEP_DROP = 5,		/* data: the counter's name */
	CVSW_V3_STEP_SKIPPED = 6,	/* the action before met no such header; data: none */
	CVSW_V3_STEP_CUT = 7,		/* more happened than the answer holds; data: none */
	CVSW_V3_STEP_BUCKET = 8,	/* of the group's action before; data: cvsw_v3_step_bucket */
};

/**
 * struct cvsw_v3_step
 * @kind: enum cvsw_v3_step_kind
 * @pass: of the lookups
 * @copy: 0: the frame itself; n: its n-th clone
 * @port: enum cvsw_ingress, of ONWARD: the side it leaves to; of LOOKUP the table; of the
 *	others 0
 */
struct cvsw_v3_step {
	uint8_t kind;
	uint8_t pass;
	uint8_t copy;
	uint8_t port;
	const uint8_t *data;
	size_t len;
};

void cvsw_v3_trace_answer_begin(struct cvsw_writer *w, uint32_t xid);
bool cvsw_v3_step_put(struct cvsw_writer *w, const struct cvsw_v3_step *step);
enum cvsw_v3_error cvsw_v3_step_get(struct cvsw_reader *body, struct cvsw_v3_step *step);

#define CVSW_V3_STEP_BUCKET_LEN	8
#define CVSW_V3_NO_BUCKET	0xffff

/**
 * struct cvsw_v3_step_bucket - data of CVSW_V3_STEP_BUCKET
 * @bucket: CVSW_V3_NO_BUCKET: none, so the frame is dropped
 * @slot: of a select group; CVSW_V3_NO_BUCKET: of another
 */
struct cvsw_v3_step_bucket {
	uint32_t group;
	uint16_t bucket;
	uint16_t slot;
};

/** cvsw_v3_step_bucket_encode() - @buf: room for CVSW_V3_STEP_BUCKET_LEN; all of it is written */
size_t cvsw_v3_step_bucket_encode(const struct cvsw_v3_step_bucket *step, uint8_t *buf);
enum cvsw_v3_error cvsw_v3_step_bucket_decode(const uint8_t *data, size_t len,
					      struct cvsw_v3_step_bucket *step);

/* ---- PACKET_IN: a record of its own, not a message ---- */

#define CVSW_V3_PACKET_IN_HEADER_LEN	24
#define CVSW_V3_PACKET_IN_DATA_MAX	(CVSW_V3_CONTENT_MAX - CVSW_V3_PACKET_IN_HEADER_LEN)

enum cvsw_v3_packet_in_reason {
	CVSW_V3_NO_MATCH = 0,
	CVSW_V3_ACTION = 1,
};

/**
 * struct cvsw_v3_packet_in
 * @total: the frame's length; @len, of @data, may be less
 * @cookie: of the flow; ~0 if none matched
 */
struct cvsw_v3_packet_in {
	uint8_t reason;
	uint8_t in_port;
	uint8_t pass;
	uint16_t total;
	uint32_t sa;
	uint32_t tun_id;
	uint64_t cookie;
	const uint8_t *data;
	size_t len;
};

size_t cvsw_v3_packet_in_encode(const struct cvsw_v3_packet_in *in, uint8_t *buf, size_t room);
enum cvsw_v3_error cvsw_v3_packet_in_decode(const uint8_t *content, size_t len,
					 struct cvsw_v3_packet_in *in, size_t *offset);

/* ---- SA_EXPIRING ---- */

enum cvsw_v3_expiring_reason {
	CVSW_V3_SA_RUNS_OUT = 1,	/* three quarters of its sequence numbers are used */
	CVSW_V3_SA_RAN_OUT = 2,
	CVSW_V3_SA_WAS_STOPPED = 3,	/* the machine may have been restored */
};

struct cvsw_v3_expiring {
	uint32_t spi;
	uint8_t direction;	/* enum cvsw_sa_direction */
	uint8_t reason;
	uint64_t sequence;
};

size_t cvsw_v3_expiring_encode(const struct cvsw_v3_expiring *sa, uint8_t *buf, size_t room);
enum cvsw_v3_error cvsw_v3_expiring_decode(const struct cvsw_v3_message *message,
					struct cvsw_v3_expiring *sa, size_t *offset);

#endif
