// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The NIC's side of messages: it reads requests, and writes answers and what it tells unasked. */
#include "cvsw_v3_body_parts.h"

#define TRACE_HEADER_LEN	44

static_assert(4 + 4 + 4 + 2 * CVSW_IP_LEN == TRACE_HEADER_LEN, "VERSION3.md");
static_assert(TRACE_HEADER_LEN + CVSW_V3_TRACE_FRAME_MAX <= CVSW_V3_BODY_MAX, "it fits");

/* ---- requests ---- */

enum cvsw_v3_error cvsw_v3_plain_decode(const struct cvsw_v3_message *message, size_t *offset)
{
	return message->len ? cvsw_v3_wrong(offset, CVSW_V3_AT(0), CVSW_V3_ERR_LENGTH) :
			      CVSW_V3_FINE;
}

static_assert(CVSW_V3_AT(4 + 1 + 3) == CVSW_V3_FLOWS_AT, "VERSION3.md");

static bool are_flags(uint8_t flags)
{
	if (flags & CVSW_V3_BUNDLE_ABORT)
		return flags == CVSW_V3_BUNDLE_ABORT;
	if (flags & CVSW_V3_BUNDLE_REPLACE && !(flags & CVSW_V3_BUNDLE_OPEN))
		return false;
	return !(flags & ~(CVSW_V3_BUNDLE_OPEN | CVSW_V3_BUNDLE_COMMIT | CVSW_V3_BUNDLE_REPLACE));
}

enum cvsw_v3_error cvsw_v3_flows_decode(const struct cvsw_v3_message *message,
					struct cvsw_v3_flows *flows, size_t *offset)
{
	struct cvsw_reader r = cvsw_v3_body(message);
	uint32_t zero;

	flows->bundle = cvsw_get_u32(&r);
	flows->flags = cvsw_get_u8(&r);
	zero = cvsw_get_u8(&r);
	zero |= cvsw_get_u16(&r);
	if (r.overrun)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(message->len), CVSW_V3_ERR_SHORT);
	if (!are_flags(flows->flags))
		return cvsw_v3_wrong(offset, CVSW_V3_AT(4), CVSW_V3_ERR_FLAGS);
	if (zero)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(5), CVSW_V3_ERR_RESERVED);
	flows->flow_mods = message->body + r.at;
	flows->len = cvsw_left(&r);
	if (flows->flags == CVSW_V3_BUNDLE_ABORT && flows->len)
		return cvsw_v3_wrong(offset, CVSW_V3_FLOWS_AT, CVSW_V3_ERR_LENGTH);
	return CVSW_V3_FINE;
}

enum cvsw_v3_error cvsw_v3_list_decode(const struct cvsw_v3_message *message,
				       struct cvsw_v3_list *list, size_t *offset)
{
	struct cvsw_reader r = cvsw_v3_body(message);
	uint64_t zero;

	list->resume = cvsw_get_u64(&r);
	zero = cvsw_get_u64(&r);
	if (r.overrun)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(message->len), CVSW_V3_ERR_SHORT);
	if (zero)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(8), CVSW_V3_ERR_RESERVED);
	list->filter_len = cvsw_left(&r);
	list->filter = list->filter_len ? message->body + r.at : NULL;
	return CVSW_V3_FINE;
}

enum cvsw_v3_error cvsw_v3_resume_decode(const struct cvsw_v3_message *message,
					   uint64_t *resume, size_t *offset)
{
	struct cvsw_reader r = cvsw_v3_body(message);

	*resume = cvsw_get_u64(&r);
	if (r.overrun)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(message->len), CVSW_V3_ERR_SHORT);
	if (cvsw_left(&r))
		return cvsw_v3_wrong(offset, CVSW_V3_AT(r.at), CVSW_V3_ERR_LENGTH);
	return CVSW_V3_FINE;
}

enum cvsw_v3_error cvsw_v3_set_sa_decode(const struct cvsw_v3_message *message, struct cvsw_sa *sa,
					 size_t *offset)
{
	size_t at = 0;
	enum cvsw_fault fault = cvsw_sa_decode(message->body, message->len, sa, &at);

	return fault ? cvsw_v3_wrong(offset, CVSW_V3_AT(at), cvsw_v3_error_of(fault)) :
		       CVSW_V3_FINE;
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

enum cvsw_v3_error cvsw_v3_trace_decode(const struct cvsw_v3_message *message,
					struct cvsw_v3_trace *trace, size_t *offset)
{
	struct cvsw_reader r = cvsw_v3_body(message);
	uint8_t zero;

	trace->in_port = cvsw_get_u8(&r);
	trace->pass = cvsw_get_u8(&r);
	trace->tun_type = cvsw_get_u8(&r);
	zero = cvsw_get_u8(&r);
	trace->sa = cvsw_get_u32(&r);
	trace->tun_id = cvsw_get_u32(&r);
	cvsw_get_bytes(&r, trace->tun_src, CVSW_IP_LEN);
	cvsw_get_bytes(&r, trace->tun_dst, CVSW_IP_LEN);
	if (r.overrun || cvsw_left(&r) < CVSW_V3_TRACE_FRAME_MIN)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(message->len), CVSW_V3_ERR_SHORT);
	if (!cvsw_v3_is_ingress(trace->in_port))
		return cvsw_v3_wrong(offset, CVSW_V3_AT(0), CVSW_V3_ERR_VALUE);
	if (trace->pass >= CVSW_MAX_PASSES)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(1), CVSW_V3_ERR_VALUE);
	if (trace->tun_type >= CVSW_N_TUNNELS)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(2), CVSW_V3_ERR_VALUE);
	if (zero)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(3), CVSW_V3_ERR_RESERVED);
	if (cvsw_left(&r) > CVSW_V3_TRACE_FRAME_MAX)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(r.at + CVSW_V3_TRACE_FRAME_MAX),
				     CVSW_V3_ERR_LENGTH);
	trace->frame = message->body + r.at;
	trace->len = cvsw_left(&r);
	return CVSW_V3_FINE;
}

/* ---- answers ---- */

size_t cvsw_v3_error_encode(uint32_t xid, enum cvsw_v3_error error,
			    const struct cvsw_v3_error_body *body, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);
	size_t len = body->text_len;

	cvsw_put_u16(&w, CVSW_V3_ERROR);
	cvsw_put_u16(&w, (uint16_t)error);
	cvsw_put_u32(&w, xid);
	cvsw_put_u32(&w, body->offset);
	cvsw_put_u16(&w, body->ofp_type);
	cvsw_put_u16(&w, body->ofp_code);
	cvsw_put_bytes(&w, body->text, len < CVSW_V3_ERROR_TEXT_MAX ? len : CVSW_V3_ERROR_TEXT_MAX);
	return cvsw_written(&w);
}

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

static_assert(2 + 1 + 1 + 4 + 8 + 8 + 8 == CVSW_V3_ENTRY_HEADER_LEN, "VERSION3.md");

void cvsw_v3_list_answer_begin(struct cvsw_writer *w, uint16_t type, uint32_t xid)
{
	cvsw_v3_message_begin(w, type, xid);
	cvsw_put_u64(w, 0);
}

void cvsw_v3_list_answer_resume(struct cvsw_writer *w, uint64_t resume)
{
	struct cvsw_writer at = cvsw_writer(w->data + CVSW_V3_MESSAGE_HEADER_LEN, 8);

	if (!w->overrun && w->at >= CVSW_V3_MESSAGE_HEADER_LEN + 8)
		cvsw_put_u64(&at, resume);
}

bool cvsw_v3_entry_put(struct cvsw_writer *w, const struct cvsw_v3_entry *entry)
{
	size_t len = CVSW_V3_ENTRY_HEADER_LEN + entry->len;

	if (w->overrun || len > w->room - w->at || len > UINT16_MAX)
		return false;
	cvsw_put_u16(w, (uint16_t)len);
	cvsw_put_u8(w, entry->reason);
	cvsw_put_u8(w, 0);
	cvsw_put_u32(w, entry->idle);
	cvsw_put_u64(w, entry->age);
	cvsw_put_u64(w, entry->n_packets);
	cvsw_put_u64(w, entry->n_bytes);
	if (entry->flow_mod)
		cvsw_put_bytes(w, entry->flow_mod, entry->len);
	else
		cvsw_make(w, entry->len);
	return true;
}

bool cvsw_v3_hits_put(struct cvsw_writer *w, uint64_t n_packets, uint64_t n_bytes)
{
	if (w->overrun || w->room - w->at < CVSW_V3_HITS_LEN)
		return false;
	cvsw_put_u64(w, n_packets);
	cvsw_put_u64(w, n_bytes);
	return true;
}

static_assert(4 + 1 + 1 + 2 == CVSW_V3_LISTED_SA_LEN, "VERSION3.md");

bool cvsw_v3_listed_sa_put(struct cvsw_writer *w, const struct cvsw_v3_listed_sa *sa)
{
	if (w->overrun || w->room - w->at < CVSW_V3_LISTED_SA_LEN)
		return false;
	cvsw_put_u32(w, sa->spi);
	cvsw_put_u8(w, sa->direction);
	cvsw_put_u8(w, sa->reason);
	cvsw_put_u16(w, 0);
	return true;
}

size_t cvsw_v3_step_bucket_encode(const struct cvsw_v3_step_bucket *step, uint8_t *buf)
{
	struct cvsw_writer w = cvsw_writer(buf, CVSW_V3_STEP_BUCKET_LEN);

	cvsw_put_u32(&w, step->group);
	cvsw_put_u16(&w, step->bucket);
	cvsw_put_u16(&w, step->slot);
	return cvsw_written(&w);
}

void cvsw_v3_trace_answer_begin(struct cvsw_writer *w, uint32_t xid)
{
	cvsw_v3_message_begin(w, CVSW_V3_TRACE_ANSWER, xid);
}

bool cvsw_v3_step_put(struct cvsw_writer *w, const struct cvsw_v3_step *step)
{
	size_t len = CVSW_V3_STEP_HEADER_LEN + step->len;

	if (w->overrun || len > w->room - w->at || len > UINT16_MAX)
		return false;
	cvsw_put_u16(w, (uint16_t)len);
	cvsw_put_u8(w, step->kind);
	cvsw_put_u8(w, step->pass);
	cvsw_put_u8(w, step->copy);
	cvsw_put_u8(w, step->port);
	cvsw_put_u16(w, 0);
	cvsw_put_bytes(w, step->data, step->len);
	return true;
}

/* ---- unasked ---- */

size_t cvsw_v3_flow_removed_encode(const struct cvsw_v3_entry *entry, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_v3_message_begin(&w, CVSW_V3_FLOW_REMOVED, 0);
	return cvsw_v3_entry_put(&w, entry) ? cvsw_written(&w) : 0;
}

size_t cvsw_v3_expiring_encode(const struct cvsw_v3_expiring *sa, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_v3_message_begin(&w, CVSW_V3_SA_EXPIRING, 0);
	cvsw_put_u32(&w, sa->spi);
	cvsw_put_u8(&w, sa->direction);
	cvsw_put_u8(&w, sa->reason);
	cvsw_put_u16(&w, 0);
	cvsw_put_u64(&w, sa->sequence);
	return cvsw_written(&w);
}

static_assert(3 + 1 + 2 + 2 + 4 + 4 + 8 == CVSW_V3_PACKET_IN_HEADER_LEN, "VERSION3.md");

size_t cvsw_v3_packet_in_encode(const struct cvsw_v3_packet_in *in, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_put_u8(&w, in->reason);
	cvsw_put_u8(&w, in->in_port);
	cvsw_put_u8(&w, in->pass);
	cvsw_put_u8(&w, 0);
	cvsw_put_u16(&w, in->total);
	cvsw_put_u16(&w, 0);
	cvsw_put_u32(&w, in->sa);
	cvsw_put_u32(&w, in->tun_id);
	cvsw_put_u64(&w, in->cookie);
	cvsw_put_bytes(&w, in->data, in->len);
	return cvsw_written(&w);
}
