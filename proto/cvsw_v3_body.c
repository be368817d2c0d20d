// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The messages' header, ERROR, the settings, CAPABILITIES and STATISTICS. */
#include "cvsw_v3_body_parts.h"

/* ---- names ---- */

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

const char *cvsw_v3_error_text(uint16_t error)
{
	switch (error) {
#define CVSW_V3_ERROR_TEXT(id, number, name, text) case number: return text;
	CVSW_V3_ERRORS(CVSW_V3_ERROR_TEXT)
#undef CVSW_V3_ERROR_TEXT
	default:
		return "unknown error";
	}
}

enum cvsw_v3_error cvsw_v3_error_of(enum cvsw_fault fault)
{
	switch (fault) {
#define SAME(id) case CVSW_FAULT_##id: return CVSW_V3_ERR_##id;
	SAME(SHORT) SAME(LENGTH) SAME(VERSION) SAME(TYPE) SAME(RESERVED) SAME(OFP_TYPE)
	SAME(COMMAND) SAME(FLAGS) SAME(TIMEOUT) SAME(MATCH) SAME(MATCH_FIELD) SAME(ACTION_TYPE)
	SAME(ACTION_LENGTH) SAME(ACTION_VALUE) SAME(ACTION_PORT) SAME(ACTION_COUNT)
	SAME(ACTION_ORDER) SAME(SA)
#undef SAME
	default:
		return CVSW_V3_ERR_MALFORMED;
	}
}

const char *cvsw_v3_message_name(uint16_t type)
{
	switch (type) {
#define NAME(id) case CVSW_V3_##id: return #id;
	NAME(ACK) NAME(ERROR) NAME(CAPABILITIES) NAME(CAPABILITIES_ANSWER) NAME(FLOWS) NAME(LIST)
	NAME(LIST_ANSWER) NAME(SET_SA) NAME(SET_MTU) NAME(SET_OFFLOAD) NAME(STATISTICS)
	NAME(STATISTICS_ANSWER) NAME(TRACE) NAME(TRACE_ANSWER) NAME(FLOW_REMOVED)
	NAME(SA_EXPIRING)
#undef NAME
	default:
		return "unknown";
	}
}

/* ---- header ---- */

enum cvsw_v3_error cvsw_v3_message_decode(const uint8_t *data, size_t len,
					  struct cvsw_v3_message *message, size_t *offset)
{
	struct cvsw_reader r = cvsw_reader(data, len);

	message->type = cvsw_get_u16(&r);
	message->error = cvsw_get_u16(&r);
	message->xid = cvsw_get_u32(&r);
	if (r.overrun)
		return cvsw_v3_wrong(offset, len, CVSW_V3_ERR_SHORT);
	message->body = data + r.at;
	message->len = cvsw_left(&r);
	if (!message->error != (message->type != CVSW_V3_ERROR))
		return cvsw_v3_wrong(offset, 2, CVSW_V3_ERR_RESERVED);
	return CVSW_V3_FINE;
}

static void put_header(struct cvsw_writer *w, uint16_t type, uint16_t error, uint32_t xid)
{
	cvsw_put_u16(w, type);
	cvsw_put_u16(w, error);
	cvsw_put_u32(w, xid);
}

void cvsw_v3_message_begin(struct cvsw_writer *w, uint16_t type, uint32_t xid)
{
	put_header(w, type, 0, xid);
}

size_t cvsw_v3_plain_encode(uint16_t type, uint32_t xid, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_v3_message_begin(&w, type, xid);
	return cvsw_written(&w);
}

enum cvsw_v3_error cvsw_v3_plain_decode(const struct cvsw_v3_message *message, size_t *offset)
{
	return message->len ? cvsw_v3_wrong(offset, CVSW_V3_AT(0), CVSW_V3_ERR_LENGTH) :
			      CVSW_V3_FINE;
}

/* ---- ERROR ---- */

size_t cvsw_v3_error_encode(uint32_t xid, enum cvsw_v3_error error,
			    const struct cvsw_v3_error_body *body, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);
	size_t len = body->text_len;

	put_header(&w, CVSW_V3_ERROR, (uint16_t)error, xid);
	cvsw_put_u32(&w, body->offset);
	cvsw_put_u16(&w, body->ofp_type);
	cvsw_put_u16(&w, body->ofp_code);
	cvsw_put_bytes(&w, body->text, len < CVSW_V3_ERROR_TEXT_MAX ? len : CVSW_V3_ERROR_TEXT_MAX);
	return cvsw_written(&w);
}

enum cvsw_v3_error cvsw_v3_error_decode(const struct cvsw_v3_message *message,
					struct cvsw_v3_error_body *body, size_t *offset)
{
	struct cvsw_reader r = cvsw_v3_body(message);

	body->offset = cvsw_get_u32(&r);
	body->ofp_type = cvsw_get_u16(&r);
	body->ofp_code = cvsw_get_u16(&r);
	if (r.overrun)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(message->len), CVSW_V3_ERR_SHORT);
	body->text = message->body + r.at;
	body->text_len = cvsw_left(&r);
	if (body->text_len > CVSW_V3_ERROR_TEXT_MAX)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(r.at + CVSW_V3_ERROR_TEXT_MAX),
				     CVSW_V3_ERR_LENGTH);
	if (!cvsw_v3_is_text(body->text, body->text_len))
		return cvsw_v3_wrong(offset, CVSW_V3_AT(r.at), CVSW_V3_ERR_VALUE);
	return CVSW_V3_FINE;
}

/* ---- SET_SA, SET_MTU, SET_OFFLOAD ---- */

size_t cvsw_v3_set_sa_encode(uint32_t xid, const struct cvsw_sa *sa, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);
	size_t len;

	cvsw_v3_message_begin(&w, CVSW_V3_SET_SA, xid);
	len = cvsw_written(&w) ? cvsw_sa_encode(sa, buf + w.at, room - w.at) : 0;
	return len ? w.at + len : 0;
}

enum cvsw_v3_error cvsw_v3_set_sa_decode(const struct cvsw_v3_message *message, struct cvsw_sa *sa,
					 size_t *offset)
{
	size_t at = 0;
	enum cvsw_fault fault = cvsw_sa_decode(message->body, message->len, sa, &at);

	return fault ? cvsw_v3_wrong(offset, CVSW_V3_AT(at), cvsw_v3_error_of(fault)) :
		       CVSW_V3_FINE;
}

size_t cvsw_v3_set_encode(uint16_t type, uint32_t xid, uint16_t value, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_v3_message_begin(&w, type, xid);
	cvsw_put_u16(&w, value);
	cvsw_put_u16(&w, 0);
	return cvsw_written(&w);
}

enum cvsw_v3_error cvsw_v3_set_decode(const struct cvsw_v3_message *message, uint16_t *value,
				      size_t *offset)
{
	struct cvsw_reader r = cvsw_v3_body(message);
	uint16_t zero;

	*value = cvsw_get_u16(&r);
	zero = cvsw_get_u16(&r);
	if (r.overrun)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(message->len), CVSW_V3_ERR_SHORT);
	if (zero)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(2), CVSW_V3_ERR_RESERVED);
	if (cvsw_left(&r))
		return cvsw_v3_wrong(offset, CVSW_V3_AT(r.at), CVSW_V3_ERR_LENGTH);
	return CVSW_V3_FINE;
}

/* ---- CAPABILITIES ---- */

static_assert(4 + 2 * 4 + 3 * 4 + 2 * 2 + 4 == CVSW_V3_CAPABILITIES_LEN, "VERSION3.md");

size_t cvsw_v3_capabilities_encode(uint32_t xid, const struct cvsw_v3_capabilities *can,
				   uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);
	size_t len = can->release_len;

	cvsw_v3_message_begin(&w, CVSW_V3_CAPABILITIES_ANSWER, xid);
	cvsw_put_u32(&w, can->features);
	cvsw_put_u32(&w, can->flows);
	cvsw_put_u32(&w, can->max_flows);
	cvsw_put_u32(&w, can->mtu);
	cvsw_put_u32(&w, can->min_mtu);
	cvsw_put_u32(&w, can->max_mtu);
	cvsw_put_u16(&w, can->offloads);
	cvsw_put_u16(&w, can->all_offloads);
	cvsw_put_u32(&w, 0);
	cvsw_put_bytes(&w, can->release, len < CVSW_V3_RELEASE_MAX ? len : CVSW_V3_RELEASE_MAX);
	return cvsw_written(&w);
}

enum cvsw_v3_error cvsw_v3_capabilities_decode(const struct cvsw_v3_message *message,
					       struct cvsw_v3_capabilities *can, size_t *offset)
{
	struct cvsw_reader r = cvsw_v3_body(message);
	uint32_t zero;

	can->features = cvsw_get_u32(&r);
	can->flows = cvsw_get_u32(&r);
	can->max_flows = cvsw_get_u32(&r);
	can->mtu = cvsw_get_u32(&r);
	can->min_mtu = cvsw_get_u32(&r);
	can->max_mtu = cvsw_get_u32(&r);
	can->offloads = cvsw_get_u16(&r);
	can->all_offloads = cvsw_get_u16(&r);
	zero = cvsw_get_u32(&r);
	if (r.overrun)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(message->len), CVSW_V3_ERR_SHORT);
	if (zero)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(r.at - 4), CVSW_V3_ERR_RESERVED);
	can->release = message->body + r.at;
	can->release_len = cvsw_left(&r);
	if (can->release_len > CVSW_V3_RELEASE_MAX)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(r.at + CVSW_V3_RELEASE_MAX),
				     CVSW_V3_ERR_LENGTH);
	if (!cvsw_v3_is_text(can->release, can->release_len))
		return cvsw_v3_wrong(offset, CVSW_V3_AT(r.at), CVSW_V3_ERR_VALUE);
	return CVSW_V3_FINE;
}

/* ---- STATISTICS ---- */

void cvsw_v3_statistics_begin(struct cvsw_writer *w, uint32_t xid)
{
	cvsw_v3_message_begin(w, CVSW_V3_STATISTICS_ANSWER, xid);
}

bool cvsw_v3_counter_put(struct cvsw_writer *w, const struct cvsw_v3_counter *counter)
{
	if (!counter->name_len || counter->name_len > CVSW_V3_COUNTER_NAME_MAX ||
	    w->overrun || w->room - w->at < 9 + counter->name_len)
		return false;
	cvsw_put_u64(w, counter->value);
	cvsw_put_u8(w, (uint8_t)counter->name_len);
	cvsw_put_bytes(w, counter->name, counter->name_len);
	return true;
}

enum cvsw_v3_error cvsw_v3_counter_get(struct cvsw_reader *body, struct cvsw_v3_counter *counter)
{
	counter->value = cvsw_get_u64(body);
	counter->name_len = cvsw_get_u8(body);
	if (body->overrun)
		return CVSW_V3_ERR_SHORT;
	if (!counter->name_len || counter->name_len > CVSW_V3_COUNTER_NAME_MAX)
		return CVSW_V3_ERR_LENGTH;
	counter->name = cvsw_take(body, counter->name_len);
	if (!counter->name)
		return CVSW_V3_ERR_SHORT;
	return cvsw_v3_is_text(counter->name, counter->name_len) ? CVSW_V3_FINE : CVSW_V3_ERR_VALUE;
}
