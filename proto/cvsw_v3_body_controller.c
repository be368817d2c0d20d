// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The controller's side of messages: it writes requests, and reads what NICs answer and tell. */
#include "cvsw_v3_body_parts.h"

/* ---- requests ---- */

size_t cvsw_v3_plain_encode(uint16_t type, uint32_t xid, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_v3_message_begin(&w, type, xid);
	return cvsw_written(&w);
}

void cvsw_v3_flows_begin(struct cvsw_writer *w, uint32_t xid, uint32_t bundle, uint8_t flags)
{
	cvsw_v3_message_begin(w, CVSW_V3_FLOWS, xid);
	cvsw_put_u32(w, bundle);
	cvsw_put_u8(w, flags);
	cvsw_put_zero(w, 3);
}

size_t cvsw_v3_list_encode(uint32_t xid, const struct cvsw_v3_list *list, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_v3_message_begin(&w, CVSW_V3_LIST, xid);
	cvsw_put_u64(&w, list->resume);
	cvsw_put_u64(&w, 0);
	if (list->filter)
		cvsw_put_bytes(&w, list->filter, list->filter_len);
	return cvsw_written(&w);
}

size_t cvsw_v3_resume_encode(uint16_t type, uint32_t xid, uint64_t resume, uint8_t *buf,
			     size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_v3_message_begin(&w, type, xid);
	cvsw_put_u64(&w, resume);
	return cvsw_written(&w);
}

size_t cvsw_v3_set_sa_encode(uint32_t xid, const struct cvsw_sa *sa, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);
	size_t len;

	cvsw_v3_message_begin(&w, CVSW_V3_SET_SA, xid);
	len = cvsw_written(&w) ? cvsw_sa_encode(sa, buf + w.at, room - w.at) : 0;
	return len ? w.at + len : 0;
}

size_t cvsw_v3_set_encode(uint16_t type, uint32_t xid, uint16_t value, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_v3_message_begin(&w, type, xid);
	cvsw_put_u16(&w, value);
	cvsw_put_u16(&w, 0);
	return cvsw_written(&w);
}

size_t cvsw_v3_trace_encode(uint32_t xid, const struct cvsw_v3_trace *trace,
			    uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_v3_message_begin(&w, CVSW_V3_TRACE, xid);
	cvsw_put_u8(&w, trace->in_port);
	cvsw_put_u8(&w, trace->pass);
	cvsw_put_u8(&w, trace->tun_type);
	cvsw_put_u8(&w, 0);
	cvsw_put_u32(&w, trace->sa);
	cvsw_put_u32(&w, trace->tun_id);
	cvsw_put_bytes(&w, trace->tun_src, CVSW_IP_LEN);
	cvsw_put_bytes(&w, trace->tun_dst, CVSW_IP_LEN);
	cvsw_put_bytes(&w, trace->frame, trace->len);
	return cvsw_written(&w);
}

/* ---- answers ---- */

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

enum cvsw_v3_error cvsw_v3_list_answer_decode(const struct cvsw_v3_message *message,
					      uint64_t *resume, struct cvsw_reader *entries,
					      size_t *offset)
{
	struct cvsw_reader r = cvsw_v3_body(message);

	*resume = cvsw_get_u64(&r);
	if (r.overrun)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(message->len), CVSW_V3_ERR_SHORT);
	*entries = cvsw_reader(message->body + r.at, cvsw_left(&r));
	return CVSW_V3_FINE;
}

enum cvsw_v3_error cvsw_v3_entry_get(struct cvsw_reader *entries, struct cvsw_v3_entry *entry)
{
	size_t len = cvsw_get_u16(entries);
	uint8_t zero;

	entry->reason = cvsw_get_u8(entries);
	zero = cvsw_get_u8(entries);
	entry->idle = cvsw_get_u32(entries);
	entry->age = cvsw_get_u64(entries);
	entry->n_packets = cvsw_get_u64(entries);
	entry->n_bytes = cvsw_get_u64(entries);
	if (entries->overrun)
		return CVSW_V3_ERR_SHORT;
	if (zero)
		return CVSW_V3_ERR_RESERVED;
	if (entry->reason > CVSW_V3_REMOVED_EVICTED)
		return CVSW_V3_ERR_VALUE;
	if (len < CVSW_V3_ENTRY_HEADER_LEN)
		return CVSW_V3_ERR_LENGTH;
	entry->len = len - CVSW_V3_ENTRY_HEADER_LEN;
	entry->flow_mod = cvsw_take(entries, entry->len);
	return entry->flow_mod ? CVSW_V3_FINE : CVSW_V3_ERR_LENGTH;
}

enum cvsw_v3_error cvsw_v3_listed_sa_get(struct cvsw_reader *sas, struct cvsw_v3_listed_sa *sa)
{
	uint16_t zero;

	sa->spi = cvsw_get_u32(sas);
	sa->direction = cvsw_get_u8(sas);
	sa->reason = cvsw_get_u8(sas);
	zero = cvsw_get_u16(sas);
	if (sas->overrun)
		return CVSW_V3_ERR_SHORT;
	if (sa->spi < CVSW_SA_SPI_MIN ||
	    (sa->direction != CVSW_SA_OUT && sa->direction != CVSW_SA_IN))
		return CVSW_V3_ERR_SA;
	if (sa->reason > CVSW_V3_SA_WAS_STOPPED)
		return CVSW_V3_ERR_VALUE;
	return zero ? CVSW_V3_ERR_RESERVED : CVSW_V3_FINE;
}

enum cvsw_v3_error cvsw_v3_step_get(struct cvsw_reader *body, struct cvsw_v3_step *step)
{
	size_t len = cvsw_get_u16(body);
	uint16_t zero;

	step->kind = cvsw_get_u8(body);
	step->pass = cvsw_get_u8(body);
	step->copy = cvsw_get_u8(body);
	step->port = cvsw_get_u8(body);
	zero = cvsw_get_u16(body);
	if (body->overrun)
		return CVSW_V3_ERR_SHORT;
	if (zero)
		return CVSW_V3_ERR_RESERVED;
	if (step->kind < CVSW_V3_STEP_LOOKUP || step->kind > CVSW_V3_STEP_BUCKET)
		return CVSW_V3_ERR_VALUE;
	if (step->kind == CVSW_V3_STEP_ONWARD ? !cvsw_v3_is_ingress(step->port) :
	    step->kind == CVSW_V3_STEP_LOOKUP ? step->port >= CVSW_TABLES : step->port)
		return CVSW_V3_ERR_VALUE;
	if (len < CVSW_V3_STEP_HEADER_LEN)
		return CVSW_V3_ERR_LENGTH;
	step->len = len - CVSW_V3_STEP_HEADER_LEN;
	step->data = cvsw_take(body, step->len);
	if (!step->data)
		return CVSW_V3_ERR_LENGTH;
	return step->kind != CVSW_V3_STEP_DROP || cvsw_v3_is_text(step->data, step->len) ?
	       CVSW_V3_FINE : CVSW_V3_ERR_VALUE;
}

/* ---- unasked ---- */

enum cvsw_v3_error cvsw_v3_flow_removed_decode(const struct cvsw_v3_message *message,
					       struct cvsw_v3_entry *entry, size_t *offset)
{
	struct cvsw_reader r = cvsw_v3_body(message);
	enum cvsw_v3_error error = cvsw_v3_entry_get(&r, entry);

	if (error)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(0), error);
	if (cvsw_left(&r))
		return cvsw_v3_wrong(offset, CVSW_V3_AT(r.at), CVSW_V3_ERR_LENGTH);
	return CVSW_V3_FINE;
}

enum cvsw_v3_error cvsw_v3_expiring_decode(const struct cvsw_v3_message *message,
					   struct cvsw_v3_expiring *sa, size_t *offset)
{
	struct cvsw_reader r = cvsw_v3_body(message);
	uint16_t zero;

	sa->spi = cvsw_get_u32(&r);
	sa->direction = cvsw_get_u8(&r);
	sa->reason = cvsw_get_u8(&r);
	zero = cvsw_get_u16(&r);
	sa->sequence = cvsw_get_u64(&r);
	if (r.overrun)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(message->len), CVSW_V3_ERR_SHORT);
	if (sa->spi < CVSW_SA_SPI_MIN)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(0), CVSW_V3_ERR_SA);
	if (sa->direction != CVSW_SA_OUT && sa->direction != CVSW_SA_IN)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(4), CVSW_V3_ERR_SA);
	if (sa->reason < CVSW_V3_SA_RUNS_OUT || sa->reason > CVSW_V3_SA_WAS_STOPPED)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(5), CVSW_V3_ERR_VALUE);
	if (zero)
		return cvsw_v3_wrong(offset, CVSW_V3_AT(6), CVSW_V3_ERR_RESERVED);
	if (cvsw_left(&r))
		return cvsw_v3_wrong(offset, CVSW_V3_AT(r.at), CVSW_V3_ERR_LENGTH);
	return CVSW_V3_FINE;
}

enum cvsw_v3_error cvsw_v3_packet_in_decode(const uint8_t *content, size_t len,
					    struct cvsw_v3_packet_in *in, size_t *offset)
{
	struct cvsw_reader r = cvsw_reader(content, len);
	uint8_t zero;
	uint16_t zeroes;

	in->reason = cvsw_get_u8(&r);
	in->in_port = cvsw_get_u8(&r);
	in->pass = cvsw_get_u8(&r);
	zero = cvsw_get_u8(&r);
	in->total = cvsw_get_u16(&r);
	zeroes = cvsw_get_u16(&r);
	in->sa = cvsw_get_u32(&r);
	in->tun_id = cvsw_get_u32(&r);
	in->cookie = cvsw_get_u64(&r);
	if (r.overrun)
		return cvsw_v3_wrong(offset, len, CVSW_V3_ERR_SHORT);
	if (in->reason > CVSW_V3_ACTION)
		return cvsw_v3_wrong(offset, 0, CVSW_V3_ERR_VALUE);
	if (!cvsw_v3_is_ingress(in->in_port))
		return cvsw_v3_wrong(offset, 1, CVSW_V3_ERR_VALUE);
	if (in->pass >= CVSW_MAX_PASSES)
		return cvsw_v3_wrong(offset, 2, CVSW_V3_ERR_VALUE);
	if (zero)
		return cvsw_v3_wrong(offset, 3, CVSW_V3_ERR_RESERVED);
	if (zeroes)
		return cvsw_v3_wrong(offset, 6, CVSW_V3_ERR_RESERVED);
	in->data = content + r.at;
	in->len = cvsw_left(&r);
	if (in->len > in->total)
		return cvsw_v3_wrong(offset, 4, CVSW_V3_ERR_LENGTH);
	return CVSW_V3_FINE;
}

enum cvsw_v3_error cvsw_v3_hits_get(struct cvsw_reader *body, uint64_t *n_packets,
				    uint64_t *n_bytes)
{
	*n_packets = cvsw_get_u64(body);
	*n_bytes = cvsw_get_u64(body);
	return body->overrun ? CVSW_V3_ERR_SHORT : CVSW_V3_FINE;
}

enum cvsw_v3_error cvsw_v3_step_bucket_decode(const uint8_t *data, size_t len,
					      struct cvsw_v3_step_bucket *step)
{
	struct cvsw_reader r = cvsw_reader(data, len);

	step->group = cvsw_get_u32(&r);
	step->bucket = cvsw_get_u16(&r);
	step->slot = cvsw_get_u16(&r);
	return r.overrun ? CVSW_V3_ERR_SHORT : cvsw_left(&r) ? CVSW_V3_ERR_LENGTH : CVSW_V3_FINE;
}
