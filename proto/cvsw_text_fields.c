// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A flow's text: actions that name a field of the frame. */
#include "cvsw_text_parser.h"

/* ---- the fields ---- */

static const struct {
	struct text_subfield part;
	const char *oxm_name;
	const char *words;
} parts[] = {
#define PART(field, ofs, bits, oxm, bytes, oxm_name, words)		\
	{ { CVSW_FIELD_##field, ofs, bits }, oxm_name, words },
	CVSW_PARTS(PART)
#undef PART
};

/* @matched: what a match has, else what an action reads and writes */
static bool find_field(const char *name, size_t len, bool matched, struct text_subfield *found)
{
	size_t i;

	*found = (struct text_subfield){ 0 };
	if (!len)
		return false;
	for (; found->field < CVSW_N_FIELDS; found->field++) {
		const struct cvsw_field_info *info = &cvsw_field_info[found->field];
		const struct text_field *field = &text_fields[found->field];

		found->n_bits = info->bits;
		if ((matched ? info->slot != CVSW_SLOT_NONE : info->writable) &&
		    (text_same(name, len, field->name) || text_same(name, len, field->oxm_name) ||
		     text_among(field->words, name, len)))
			return true;
	}
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		*found = parts[i].part;
		if (text_same(name, len, parts[i].oxm_name) ||
		    text_among(parts[i].words, name, len))
			return true;
	}
	return false;
}

/* ---- parts of fields ---- */

/* As many digits as there are at *@at, which moves behind them; false without one. */
static bool read_bit(const char **at, const char *end, unsigned int *bit)
{
	const char *start = *at;

	for (*bit = 0; *at < end && **at >= '0' && **at <= '9' && *at < start + 3; (*at)++)
		*bit = *bit * 10 + (unsigned int)(**at - '0');
	return *at > start;
}

/* Nobody's, or one that cannot be here. */
static bool no_field(struct text_parser *p, const char *at, size_t len, size_t name_len,
		     bool matched)
{
	struct text_subfield other;

	if (text_is_lacked(at, name_len))
		return text_fail_lacked(p, at, name_len, "field");
	if (find_field(at, name_len, !matched, &other))
		return text_fail(p, at, "%.*s: a NIC has no %s that field", text_shown(name_len),
				 at, matched ? "match on" : "action that reads or writes");
	return text_fail(p, at, "%.*s: expected a field like NXM_OF_ETH_DST[], tcp_src[] or "
			 "NXM_NX_IPV6_SRC[0..63]", text_shown(len), at);
}

bool text_names_field(const char *at, size_t len)
{
	const char *bracket = memchr(at, '[', len);
	size_t name_len = bracket ? (size_t)(bracket - at) : len;
	struct text_subfield found;

	return text_is_lacked(at, name_len) || find_field(at, name_len, true, &found) ||
	       find_field(at, name_len, false, &found);
}

bool text_subfield(struct text_parser *p, const char *at, size_t len, bool matched,
		   struct text_subfield *part)
{
	const char *end = at + len, *start = at, *bracket = memchr(at, '[', len);
	size_t name_len = bracket ? (size_t)(bracket - at) : len;
	unsigned int first, last, bits;

	if (!find_field(at, name_len, matched, part))
		return no_field(p, at, len, name_len, matched);
	bits = part->n_bits;
	if (!bracket)
		return true;
	at = bracket + 1;
	if (at + 1 == end && *at == ']')
		return true;
	if (!read_bit(&at, end, &first))
		goto bad;
	last = first;
	if (end - at > 2 && at[0] == '.' && at[1] == '.') {
		at += 2;
		if (!read_bit(&at, end, &last))
			goto bad;
	}
	if (at + 1 != end || *at != ']' || last < first || last >= bits)
		goto bad;
	part->ofs += first;
	part->n_bits = last - first + 1;
	return true;
bad:
	return text_fail(p, bracket, "%.*s: expected [], [BIT] or [FIRST..LAST], of %u bits",
			 text_shown((size_t)(end - bracket)), start + name_len,
			 bits);
}

/* What stands on either side of an arrow. */
static bool split_arrow(struct text_parser *p, const struct text_word *word,
			struct text_word *from, struct text_word *to)
{
	const char *at, *end;

	if (!text_want_value(p, word))
		return false;
	end = word->value + word->value_len;
	*from = *to = *word;
	for (at = word->value; at + 1 < end; at++)
		if (at[0] == '-' && at[1] == '>') {
			from->value_len = (size_t)(at - word->value);
			to->value = at + 2;
			to->value_len = (size_t)(end - to->value);
			return true;
		}
	return text_fail(p, word->value, "%.*s: expected ...->FIELD[]",
			 text_shown(word->value_len), word->value);
}

bool text_act_move(struct text_parser *p, const struct text_word *word,
		   const struct text_keyword *keyword)
{
	struct cvsw_action *action = text_add_action(p, word, (uint16_t)keyword->arg);
	struct text_word from, to;
	struct text_subfield src, dst;

	if (!action || !split_arrow(p, word, &from, &to) ||
	    !text_subfield(p, from.value, from.value_len, false, &src) ||
	    !text_subfield(p, to.value, to.value_len, false, &dst))
		return false;
	if (src.n_bits != dst.n_bits)
		return text_fail(p, to.value, "%u bits do not go into %u", src.n_bits, dst.n_bits);
	action->move = (struct cvsw_move){
		.src = (uint8_t)src.field, .dst = (uint8_t)dst.field, .src_ofs = (uint8_t)src.ofs,
		.dst_ofs = (uint8_t)dst.ofs, .n_bits = (uint8_t)src.n_bits,
	};
	return true;
}

uint64_t text_limit_of(unsigned int n_bits)
{
	return UINT64_MAX >> (64 - n_bits);
}

static bool set_load(struct text_parser *p, const struct text_word *value,
		     struct cvsw_action *action, const struct text_subfield *dst)
{
	uint64_t number;

	if (dst->n_bits > 64)
		return text_fail(p, value->value, "a load has 64 bits at most: expected "
				 "[0..63] and [64..127]");
	if (!text_number(p, value, text_limit_of(dst->n_bits), &number))
		return false;
	action->load = cvsw_load_of(dst->field, dst->ofs, dst->n_bits, number);
	return true;
}

bool text_act_load(struct text_parser *p, const struct text_word *word,
		   const struct text_keyword *keyword)
{
	struct cvsw_action *action = text_add_action(p, word, (uint16_t)keyword->arg);
	struct text_word value, to;
	struct text_subfield dst;

	return action && split_arrow(p, word, &value, &to) &&
	       text_subfield(p, to.value, to.value_len, false, &dst) &&
	       set_load(p, &value, action, &dst);
}

/* A load in another word, as ovs-ofctl has it. */
bool text_act_mod(struct text_parser *p, const struct text_word *word,
		  const struct text_keyword *keyword)
{
	struct cvsw_action *action = text_add_action(p, word, CVSW_ACT_LOAD);
	struct text_subfield dst = { keyword->arg, 0, cvsw_field_info[keyword->arg].bits };

	return action && set_load(p, word, action, &dst);
}

/* ---- set_field, and OpenFlow 1.0's actions ---- */

/* One of its kind of value, whatever the bits: mod_dl_src and its like. */
bool text_act_set(struct text_parser *p, const struct text_word *word,
		  const struct text_keyword *keyword)
{
	static const uint8_t fields[CVSW_N_SETTERS] = {
#define SETTER_FIELD(id, number, bytes, field, ...)	CVSW_FIELD_##field,
		CVSW_SETTERS(SETTER_FIELD)
#undef SETTER_FIELD
	};
	struct cvsw_action *action = text_add_action(p, word, CVSW_ACT_LOAD);
	uint64_t number;

	if (!action || !text_plain_value(p, word, text_fields[fields[keyword->arg]].kind,
					 cvsw_setter_limit(keyword->arg), &number))
		return false;
	*action = cvsw_action_set(keyword->arg, number);
	return true;
}

/* Who sets a part of a tag wants one. */
static void want_tag(struct text_subfield *to, uint64_t *number)
{
	unsigned int present = 12, end = to->ofs + to->n_bits;

	if (to->field != CVSW_FIELD_VLAN_TCI || to->n_bits == 16)
		return;
	if (to->ofs > present) {
		*number <<= to->ofs - present;
		to->ofs = present;
	}
	to->n_bits = (end > present ? end : present + 1) - to->ofs;
	*number |= 1ull << (present - to->ofs);
}

/* In two halves, as a load has 64 bits at most. */
static bool set_ipv6(struct text_parser *p, const struct text_word *word,
		     const struct text_word *value, enum cvsw_field field,
		     struct cvsw_action *action)
{
	uint8_t addr[CVSW_IP_LEN];
	struct cvsw_action *upper;

	if (!text_ipv6(p, value, addr))
		return false;
	action->load = cvsw_load_of(field, 0, 64, text_from_wide(addr));
	upper = text_add_action(p, word, CVSW_ACT_LOAD);
	if (!upper)
		return false;
	memmove(addr + 8, addr, 8);
	upper->load = cvsw_load_of(field, 64, 64, text_from_wide(addr));
	return true;
}

/* @n bits of a value, from bit @from on. */
static uint64_t bits_of(const uint8_t wide[CVSW_WIDE], unsigned int from, unsigned int n)
{
	uint64_t bits = 0;

	while (n--)
		bits = bits << 1 |
		       (wide[CVSW_WIDE - 1 - (from + n) / 8] >> (from + n) % 8 & 1);
	return bits;
}

/* VALUE/MASK: a load for each run of bits in the mask, as ovs-ofctl has it. */
static bool set_masked(struct text_parser *p, const struct text_word *word,
		       const struct text_word *value, const struct text_subfield *to)
{
	static const uint8_t none[CVSW_WIDE];
	bool part = to->n_bits < cvsw_field_info[to->field].bits;
	uint8_t wide[CVSW_WIDE], mask[CVSW_WIDE];
	unsigned int at = 0, n;
	uint64_t number, bits;

	if (part ? !text_masked_number(p, value, text_limit_of(to->n_bits), &number, &bits) :
		   !text_field_value(p, value, to->field, wide, mask))
		return false;
	if (part) {
		text_to_wide(number, wide);
		text_to_wide(bits, mask);
	}
	/* Without an action the list might be empty, and then the flow drops. */
	if (!memcmp(mask, none, sizeof(none)))
		return text_fail(p, value->value, "%.*s: the mask has no bit",
				 text_shown(value->value_len), value->value);
	for (; at < to->n_bits; at += n ? n : 1) {
		struct cvsw_action *action;

		for (n = 0; n < 64 && at + n < to->n_bits && bits_of(mask, at + n, 1); n++)
			;
		action = n ? text_add_action(p, word, CVSW_ACT_LOAD) : NULL;
		if (n && !action)
			return false;
		if (n)
			action->load = cvsw_load_of(to->field, to->ofs + at, n,
						    bits_of(wide, at, n));
	}
	return true;
}

bool text_act_set_field(struct text_parser *p, const struct text_word *word,
			const struct text_keyword *keyword)
{
	struct cvsw_action *action;
	struct text_word value, name;
	enum text_kind kind;
	struct text_subfield to;
	uint64_t number;

	(void)keyword;
	if (!split_arrow(p, word, &value, &name))
		return false;
	if (!find_field(name.value, name.value_len, false, &to))
		return text_names_field(name.value, name.value_len) ?
		       no_field(p, name.value, name.value_len, name.value_len, false) :
		       text_fail(p, name.value, "%.*s: expected a field like eth_dst, "
				 "ip_src, tcp_dst or arp_op; for a part of one use VALUE/MASK or load",
				 text_shown(name.value_len), name.value);
	if (memchr(value.value, '/', value.value_len))
		return set_masked(p, word, &value, &to);
	action = text_add_action(p, word, CVSW_ACT_LOAD);
	if (!action)
		return false;
	kind = to.n_bits < cvsw_field_info[to.field].bits ? KIND_DEC : text_fields[to.field].kind;
	to.field = text_fields[to.field].set;
	if (kind == KIND_IPV6)
		return set_ipv6(p, word, &value, to.field, action);
	if (!text_plain_value(p, &value, kind, text_limit_of(to.n_bits), &number))
		return false;
	if (kind == KIND_TOS) {
		*action = cvsw_action_set(CVSW_SET_NW_TOS, number);
		return true;
	}
	want_tag(&to, &number);
	action->load = cvsw_load_of(to.field, to.ofs, to.n_bits, number);
	return true;
}

/* What set_field does, in OpenFlow 1.3's words. */
bool text_act_write_metadata(struct text_parser *p, const struct text_word *word,
			     const struct text_keyword *keyword)
{
	const struct text_subfield all = { CVSW_FIELD_METADATA, 0, 64 };

	(void)keyword;
	return set_masked(p, word, word, &all);
}
