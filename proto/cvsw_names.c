// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Names for people: user space's logs and messages. */
#include "cvsw_fault.h"
#include "cvsw_msg.h"
#include "cvsw_v3_body.h"

const char *cvsw_fault_text(enum cvsw_fault fault)
{
	switch (fault) {
#define CVSW_FAULT_TEXT(id, name, text) case CVSW_FAULT_##id: return text;
	CVSW_FAULTS(CVSW_FAULT_TEXT)
#undef CVSW_FAULT_TEXT
	case CVSW_OK:
		return "no fault";
	default:
		return "unknown fault";
	}
}

const char *cvsw_msg_type_name(uint8_t type)
{
	switch (type) {
	case CVSW_MSG_HELLO:
		return "HELLO";
	case CVSW_MSG_REGISTER:
		return "REGISTER";
	case CVSW_MSG_SET_ENTRY:
		return "SET_ENTRY";
	case CVSW_MSG_DELETE_ENTRY:
		return "DELETE_ENTRY";
	case CVSW_MSG_SET_MTU:
		return "SET_MTU";
	case CVSW_MSG_SET_OFFLOAD:
		return "SET_OFFLOAD";
	case CVSW_MSG_LIST_ENTRIES:
		return "LIST_ENTRIES";
	case CVSW_MSG_SET_SA:
		return "SET_SA";
	default:
		return "unknown";
	}
}

const char *cvsw_v3_drop_text(enum cvsw_v3_drop drop)
{
	switch (drop) {
#define CVSW_V3_DROP_TEXT(id, name, text) case CVSW_V3_DROP_##id: return text;
	CVSW_V3_DROPS(CVSW_V3_DROP_TEXT)
#undef CVSW_V3_DROP_TEXT
	case CVSW_V3_OK:
		return "taken";
	default:
		return "unknown";
	}
}

const char *cvsw_v3_error_name(uint16_t error)
{
	switch (error) {
#define CVSW_V3_ERROR_NAME(id, number, name, text) case number: return name;
	CVSW_V3_ERRORS(CVSW_V3_ERROR_NAME)
#undef CVSW_V3_ERROR_NAME
	default:
		return "unknown";
	}
}

const char *cvsw_v3_message_name(uint16_t type)
{
	switch (type) {
#define NAME(id) case CVSW_V3_##id: return #id;
	NAME(ACK) NAME(ERROR) NAME(CAPABILITIES) NAME(CAPABILITIES_ANSWER) NAME(FLOWS) NAME(LIST)
	NAME(LIST_ANSWER) NAME(SET_SA) NAME(SET_MTU) NAME(SET_OFFLOAD) NAME(STATISTICS)
	NAME(STATISTICS_ANSWER) NAME(TRACE) NAME(TRACE_ANSWER) NAME(LIST_SAS)
	NAME(LIST_SAS_ANSWER) NAME(LIST_GROUPS) NAME(LIST_GROUPS_ANSWER)
	NAME(GROUP_COUNTERS) NAME(GROUP_COUNTERS_ANSWER) NAME(FLOW_REMOVED) NAME(SA_EXPIRING)
#undef NAME
	default:
		return "unknown";
	}
}
