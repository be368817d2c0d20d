// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Messages about flows: FLOWS, LIST, FLOW_REMOVED. */
#include "cvsw_v3_body_parts.h"

/* ---- FLOWS ---- */

static_assert(CVSW_V3_AT(4 + 1 + 3) == CVSW_V3_FLOWS_AT, "VERSION3.md");

void cvsw_v3_flows_begin(struct cvsw_writer *w, uint32_t xid, uint32_t bundle, uint8_t flags)
{
	cvsw_v3_message_begin(w, CVSW_V3_FLOWS, xid);
	cvsw_put_u32(w, bundle);
	cvsw_put_u8(w, flags);
	cvsw_put_zero(w, 3);
}

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

/* ---- LIST ---- */

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

void cvsw_v3_list_answer_begin(struct cvsw_writer *w, uint32_t xid)
{
	cvsw_v3_message_begin(w, CVSW_V3_LIST_ANSWER, xid);
	cvsw_put_u64(w, 0);
}

void cvsw_v3_list_answer_resume(struct cvsw_writer *w, uint64_t resume)
{
	struct cvsw_writer at = cvsw_writer(w->data + CVSW_V3_MESSAGE_HEADER_LEN, 8);

	if (!w->overrun && w->at >= CVSW_V3_MESSAGE_HEADER_LEN + 8)
		cvsw_put_u64(&at, resume);
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

/* ---- entries ---- */

static_assert(2 + 1 + 1 + 4 + 8 + 8 + 8 == CVSW_V3_ENTRY_HEADER_LEN, "VERSION3.md");

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

size_t cvsw_v3_flow_removed_encode(const struct cvsw_v3_entry *entry, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_v3_message_begin(&w, CVSW_V3_FLOW_REMOVED, 0);
	return cvsw_v3_entry_put(&w, entry) ? cvsw_written(&w) : 0;
}

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
