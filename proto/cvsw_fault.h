/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef CVSW_FAULT_H
#define CVSW_FAULT_H

/*
 * Why a control message or a flow description was refused.  Every decoder of
 * proto/ answers with one of these; the NIC has a counter for each, named by
 * cvsw_fault_name(), and the daemon prints cvsw_fault_text().
 */
#define CVSW_FAULTS(X)                                                         \
	X(SHORT,         "short",         "ends before its own header does")   \
	X(LENGTH,        "length",        "a length does not fit its content") \
	X(VERSION,       "version",       "unknown version")                   \
	X(TYPE,          "type",          "unknown message type")              \
	X(RESERVED,      "reserved",      "a reserved field is not zero")      \
	X(OFP_TYPE,      "ofp-type",      "not an OpenFlow flow_mod")          \
	X(COMMAND,       "command",       "flow_mod command not supported")    \
	X(FLAGS,         "flags",         "flow_mod flag not supported")       \
	X(TIMEOUT,       "timeout",       "flow timeouts are not supported")   \
	X(MATCH,         "match",         "a match value is out of range")     \
	X(MATCH_FIELD,   "match-field",   "unknown match field, or out of place")  \
	X(ACTION_TYPE,   "action-type",   "unknown or unsupported action")     \
	X(ACTION_LENGTH, "action-length", "an action's length is not its size")\
	X(ACTION_VALUE,  "action-value",  "an action's value is out of range") \
	X(ACTION_PORT,   "action-port",   "output to this port is not supported")\
	X(ACTION_COUNT,  "action-count",  "more actions than a flow may have")   \
	X(ACTION_ORDER,  "action-order",  "an action stands where it may not")   \
	X(SA,            "sa",            "an SA's value is out of range")       \
	X(TABLE,         "table",         "no such table, or it does not come behind the flow's own") \
	X(GROUP,         "group",         "a group's number or type is out of range") \
	X(BUCKET,        "bucket",        "a bucket that the group cannot have, or a slot without one")

enum cvsw_fault {
	CVSW_OK = 0,
#define CVSW_FAULT_ENUM(id, name, text) CVSW_FAULT_##id,
	CVSW_FAULTS(CVSW_FAULT_ENUM)
#undef CVSW_FAULT_ENUM
	CVSW_N_FAULTS
};

/* A short name for counters ("action-length"); never NULL. */
const char *cvsw_fault_name(enum cvsw_fault fault);
/* A sentence for people; never NULL. */
const char *cvsw_fault_text(enum cvsw_fault fault);

#endif
