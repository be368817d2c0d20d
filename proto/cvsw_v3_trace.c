// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Messages about frames and SAs: TRACE, PACKET_IN, SA_EXPIRING. */
#include "cvsw_v3_body_parts.h"

#define TRACE_HEADER_LEN	44
#define STEP_HEADER_LEN		8

static_assert(4 + 4 + 4 + 2 * CVSW_IP_LEN == TRACE_HEADER_LEN, "VERSION3.md");
static_assert(TRACE_HEADER_LEN + CVSW_V3_TRACE_FRAME_MAX <= CVSW_V3_BODY_MAX, "it fits");

/* ---- TRACE ---- */

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

void cvsw_v3_trace_answer_begin(struct cvsw_writer *w, uint32_t xid)
{
	cvsw_v3_message_begin(w, CVSW_V3_TRACE_ANSWER, xid);
}

bool cvsw_v3_step_put(struct cvsw_writer *w, const struct cvsw_v3_step *step)
{
	size_t len = STEP_HEADER_LEN + step->len;

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
	if (step->kind < CVSW_V3_STEP_LOOKUP || step->kind > CVSW_V3_STEP_CUT)
		return CVSW_V3_ERR_VALUE;
	if (step->kind == CVSW_V3_STEP_ONWARD ? !cvsw_v3_is_ingress(step->port) : step->port)
		return CVSW_V3_ERR_VALUE;
	if (len < STEP_HEADER_LEN)
		return CVSW_V3_ERR_LENGTH;
	step->len = len - STEP_HEADER_LEN;
	step->data = cvsw_take(body, step->len);
	if (!step->data)
		return CVSW_V3_ERR_LENGTH;
	return step->kind != CVSW_V3_STEP_DROP || cvsw_v3_is_text(step->data, step->len) ?
	       CVSW_V3_FINE : CVSW_V3_ERR_VALUE;
}

/* ---- PACKET_IN ---- */

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

/* ---- SA_EXPIRING ---- */

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
