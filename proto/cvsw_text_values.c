// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A flow's text: the words for fields, and values of each kind. */
#include "cvsw_text_parser.h"

const struct text_field text_fields[CVSW_N_FIELDS] = {
#define TEXT_FIELD(id, slot, class, number, bytes, bits, oxm, need, asks, use, set, kind, name,	\
		   oxm_name, words)							\
	{ CVSW_NEED_##asks, CVSW_FIELD_##set, KIND_##kind, name, oxm_name, words },
	CVSW_FIELDS(TEXT_FIELD)
#undef TEXT_FIELD
};

const struct text_frag text_frags[TEXT_N_FRAGS] = {
	{ "no", 0, CVSW_FRAG_MASK },
	{ "yes", CVSW_FRAG_ANY, CVSW_FRAG_ANY },
	{ "first", CVSW_FRAG_ANY, CVSW_FRAG_MASK },
	{ "later", CVSW_FRAG_MASK, CVSW_FRAG_MASK },
	{ "not_later", 0, CVSW_FRAG_LATER },
};

const char *const text_tcp_flags[TEXT_N_TCP_FLAGS] = {
	"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns", "[200]", "[400]", "[800]",
};

enum cvsw_field text_matched_field(const struct text_word *word)
{
	enum cvsw_field field;

	for (field = 0; field < CVSW_N_FIELDS; field++)
		if (cvsw_field_info[field].slot != CVSW_SLOT_NONE &&
		    (text_among(text_fields[field].words, word->name, word->name_len) ||
		     text_same(word->name, word->name_len, text_fields[field].name) ||
		     text_same(word->name, word->name_len, text_fields[field].oxm_name)))
			break;
	return field;
}

uint64_t text_field_limit(enum cvsw_field field)
{
	const struct cvsw_field_info *info = &cvsw_field_info[field];
	unsigned int len = CVSW_FIELD_LEN(info);

	if (info->slot != CVSW_SLOT_NONE && cvsw_slot_info[info->slot].size < len)
		len = cvsw_slot_info[info->slot].size;
	return len >= 8 ? UINT64_MAX : ((1ull << 8 * len) - 1) & info->ones;
}

uint64_t text_from_wide(const uint8_t wide[CVSW_WIDE])
{
	uint64_t number = 0;
	size_t i;

	for (i = CVSW_WIDE - 8; i < CVSW_WIDE; i++)
		number = number << 8 | wide[i];
	return number;
}

void text_to_wide(uint64_t number, uint8_t wide[CVSW_WIDE])
{
	size_t i;

	memset(wide, 0, CVSW_WIDE);
	for (i = CVSW_WIDE; number; number >>= 8)
		wide[--i] = (uint8_t)number;
}

/* ---- with masks ---- */

static bool read_tos(struct text_parser *p, const struct text_word *word, uint64_t *number,
		     uint64_t *bits)
{
	struct text_word value, behind;
	bool masked = text_split_mask(word, &value, &behind);
	uint8_t tos, mask = CVSW_DSCP_MASK;

	if (!text_tos(p, &value, &tos) || (masked && !text_tos(p, &behind, &mask)))
		return false;
	*number = tos;
	*bits = mask;
	return true;
}

static bool read_port(struct text_parser *p, const struct text_word *word, uint64_t *number)
{
	struct text_word port = text_unquoted(word);

	if (!text_want_value(p, word))
		return false;
	if (text_same(port.value, port.value_len, "HOST") ||
	    text_same(port.value, port.value_len, "1"))
		*number = CVSW_HOST;
	else if (text_same(port.value, port.value_len, "NET") ||
		 text_same(port.value, port.value_len, "2"))
		*number = CVSW_NET;
	else
		return text_fail(p, port.value, "%.*s: a NIC has no port of that name: expected "
				 "HOST (1, from the guest) or NET (2, from the vswitch)",
				 text_shown(port.value_len), port.value);
	return true;
}

static bool read_frag(struct text_parser *p, const struct text_word *word, uint64_t *number,
		      uint64_t *bits)
{
	size_t i;

	if (!text_want_value(p, word))
		return false;
	for (i = 0; i < TEXT_N_FRAGS; i++)
		if (text_same(word->value, word->value_len, text_frags[i].name)) {
			*number = text_frags[i].value;
			*bits = text_frags[i].mask;
			return true;
		}
	return text_fail(p, word->value, "%.*s: expected no, yes, first, later or not_later",
			 text_shown(word->value_len), word->value);
}

/* The flag at *@at, which moves behind it; TEXT_N_TCP_FLAGS: there is none. */
static size_t one_flag(const char **at, const char *end)
{
	size_t flag, len = 0;

	while (*at + len < end && !strchr("+-|", (*at)[len]))
		len++;
	for (flag = 0; flag < TEXT_N_TCP_FLAGS; flag++)
		if (text_same(*at, len, text_tcp_flags[flag]))
			break;
	*at += len;
	return flag;
}

static bool bad_flags(struct text_parser *p, const char *at, const char *end)
{
	return text_fail(p, at, "%.*s: expected flags like syn|ack (these alone), +syn-ack "
			 "(with, without) or a number up to 0xfff", text_shown((size_t)(end - at)),
			 at);
}

/* +syn-ack: only these are looked at.  syn|ack: these are set and no other. */
static bool read_flags(struct text_parser *p, const struct text_word *word, uint64_t *number,
		       uint64_t *bits)
{
	const char *at = word->value, *end;
	bool signs;

	if (!text_want_value(p, word))
		return false;
	end = at + word->value_len;
	if (*at >= '0' && *at <= '9')
		return text_masked_number(p, word, CVSW_TCP_FLAGS_MASK, number, bits);
	signs = *at == '+' || *at == '-';
	*number = 0;
	*bits = signs ? 0 : CVSW_TCP_FLAGS_MASK;
	while (at < end) {
		const char *start = at;
		char sign = signs || at > word->value ? *at++ : '|';
		size_t flag = one_flag(&at, end);

		if (flag == TEXT_N_TCP_FLAGS || (sign == '|') == signs ||
		    (signs && *bits & 1u << flag))
			return bad_flags(p, start, end);
		if (sign != '-')
			*number |= 1u << flag;
		*bits |= 1u << flag;
	}
	return true;
}

static bool read_tunnel(struct text_parser *p, const struct text_word *word, uint64_t *number,
			uint64_t *bits)
{
	if (!text_want_value(p, word))
		return false;
	if (text_same(word->value, word->value_len, "none"))
		*number = CVSW_TUNNEL_NONE;
	else if (text_same(word->value, word->value_len, "vxlan"))
		*number = CVSW_TUNNEL_VXLAN;
	else if (!text_masked_number(p, word, *bits, number, bits))
		return text_fail(p, word->value, "%.*s: expected vxlan or none",
				 text_shown(word->value_len), word->value);
	return true;
}

/* Of all kinds that are numbers; @bits: in: all that there are. */
static bool read_number(struct text_parser *p, const struct text_word *word, enum text_kind kind,
			uint64_t *number, uint64_t *bits)
{
	uint32_t addr, mask;

	switch (kind) {
	case KIND_IPV4:
		if (!text_masked_ipv4(p, word, &addr, &mask))
			return false;
		*number = addr;
		*bits = mask;
		return true;
	case KIND_TOS:
		return read_tos(p, word, number, bits);
	case KIND_PORT:
		return read_port(p, word, number);
	case KIND_FRAG:
		return read_frag(p, word, number, bits);
	case KIND_FLAGS:
		return read_flags(p, word, number, bits);
	case KIND_TUNNEL:
		return read_tunnel(p, word, number, bits);
	default:
		return text_masked_number(p, word, *bits, number, bits);
	}
}

bool text_field_value(struct text_parser *p, const struct text_word *word, enum cvsw_field field,
		      uint8_t value[CVSW_WIDE], uint8_t mask[CVSW_WIDE])
{
	enum text_kind kind = text_fields[field].kind;
	uint64_t number, bits = text_field_limit(field);
	size_t i;

	memset(value, 0, CVSW_WIDE);
	memset(mask, 0, CVSW_WIDE);
	if (kind == KIND_MAC) {
		if (!text_masked_mac(p, word, value + CVSW_WIDE - CVSW_ETH_ALEN,
				     mask + CVSW_WIDE - CVSW_ETH_ALEN))
			return false;
	} else if (kind == KIND_IPV6) {
		if (!text_masked_ipv6(p, word, value, mask))
			return false;
	} else {
		if (!read_number(p, word, kind, &number, &bits))
			return false;
		text_to_wide(number, value);
		text_to_wide(bits, mask);
	}
	for (i = 0; i < CVSW_WIDE; i++)
		value[i] &= mask[i];
	return true;
}

/* ---- without ---- */

bool text_plain_value(struct text_parser *p, const struct text_word *word, enum text_kind kind,
		      uint64_t limit, uint64_t *number)
{
	uint8_t wide[CVSW_WIDE] = { 0 }, tos;
	uint32_t addr;

	switch (kind) {
	case KIND_MAC:
		if (!text_mac(p, word, wide + CVSW_WIDE - CVSW_ETH_ALEN))
			return false;
		*number = text_from_wide(wide);
		return true;
	case KIND_IPV4:
		if (!text_ipv4(p, word, &addr))
			return false;
		*number = addr;
		return true;
	case KIND_TOS:
		if (!text_tos(p, word, &tos))
			return false;
		*number = tos;
		return true;
	default:
		return text_number(p, word, limit, number);
	}
}
