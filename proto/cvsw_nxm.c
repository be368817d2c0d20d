// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * nx_match, the match of Nicira's extension of OpenFlow 1.0: fields one behind
 * the other, each with its type, its length and, where it has one, a mask.
 *
 *	 0                   1                   2                   3
 *	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *	+-------------------------------+-------------+-+---------------+
 *   0	|             class             |    field    |M|    length     |
 *	+-------------------------------+-------------+-+---------------+
 *   4	|  value, and if M is set a mask of the same size               |
 *
 * A field comes behind the one that names its protocol.  With class CVSW_NXM
 * are the fields that nobody else has, and those of a protocol that the match
 * does not name (proto/README.md, "Fields without their protocol").
 */
#include "cvsw_ofp10_parts.h"

#define NXM_FIELD(header)		((header) & 0xfffffe00)
#define NXM_MASKED			0x100
#define NXM_LEN(header)			((header) & 0xff)

/* The field that a match has by this header, or CVSW_N_FIELDS. */
static enum cvsw_field find_matched(uint32_t header)
{
	enum cvsw_field field = 0;

	while (field < CVSW_N_FIELDS &&
	       (((cvsw_field_info[field].header ^ header) & NXM_FIELD(~0u)) ||
		cvsw_field_info[field].slot == CVSW_SLOT_NONE))
		field++;
	return field;
}

static enum cvsw_fault read_payload(struct cvsw_reader *r, enum cvsw_field field, bool masked,
				    struct cvsw_match *match)
{
	size_t len = CVSW_FIELD_LEN(&cvsw_field_info[field]);
	const uint8_t *value = cvsw_take(r, len), *mask = masked ? cvsw_take(r, len) : NULL;

	return cvsw_field_add(match, field, value, mask) ? CVSW_OK : CVSW_FAULT_MATCH;
}

static enum cvsw_fault read_field(struct cvsw_reader *r, struct cvsw_match *match,
				  uint64_t *seen, size_t *at)
{
	size_t start = r->at;
	uint32_t header = cvsw_get_u32(r);
	enum cvsw_field field = find_matched(header);
	const struct cvsw_field_info *info = &cvsw_field_info[field];
	bool masked = header & NXM_MASKED;

	*at = start;
	if (r->overrun)
		return CVSW_FAULT_LENGTH;
	if (field == CVSW_N_FIELDS)
		return CVSW_FAULT_MATCH_FIELD;
	*at = start + 3;
	if (NXM_LEN(header) != CVSW_FIELD_LEN(info) << masked || NXM_LEN(header) > cvsw_left(r))
		return CVSW_FAULT_LENGTH;
	*at = start;
	if (*seen & 1ull << info->slot || !cvsw_match_names(match, info->need))
		return CVSW_FAULT_MATCH_FIELD;
	*seen |= 1ull << info->slot;
	*at = start + 4;
	return read_payload(r, field, masked, match);
}

enum cvsw_fault cvsw_nxm_read(struct cvsw_reader *r, struct cvsw_match *match, size_t *at)
{
	enum cvsw_fault fault = CVSW_OK;
	uint64_t seen = 0;

	memset(match, 0, sizeof(*match));
	while (!fault && cvsw_left(r))
		fault = read_field(r, match, &seen, at);
	return fault;
}

static void write_field(struct cvsw_writer *w, const struct cvsw_match *match,
			enum cvsw_field field, const uint8_t value[CVSW_WIDE],
			const uint8_t mask[CVSW_WIDE])
{
	uint32_t header = cvsw_field_info[field].header;
	size_t len = NXM_LEN(header);
	bool whole = cvsw_field_is_whole(match, field, mask);

	cvsw_put_u32(w, whole ? header : NXM_FIELD(header) | NXM_MASKED | (uint32_t)len << 1);
	cvsw_put_bytes(w, value + CVSW_WIDE - len, len);
	if (!whole)
		cvsw_put_bytes(w, mask + CVSW_WIDE - len, len);
}

void cvsw_nxm_write(struct cvsw_writer *w, const struct cvsw_match *match)
{
	uint32_t needs = cvsw_match_needs(match);
	uint64_t done = 1ull << CVSW_SLOT_NONE;
	uint8_t value[CVSW_WIDE], mask[CVSW_WIDE];
	enum cvsw_field field;

	for (field = 0; field < CVSW_N_FIELDS; field++) {
		const struct cvsw_field_info *info = &cvsw_field_info[field];

		if (done >> info->slot & 1 || !(needs >> info->need & 1) ||
		    !cvsw_field_read(match, field, value, mask))
			continue;
		write_field(w, match, field, value, mask);
		done |= 1ull << info->slot;
	}
}
