// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A flow's text: what to match, of fields that ofp_match has not. */
#include <strings.h>

#include "cvsw_text_parser.h"

const char *const text_tcp_flags[TEXT_N_TCP_FLAGS] = {
	"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns", "[200]", "[400]", "[800]",
};

/* Keywords of these fields come once, and need their protocol. */
static bool begin_field(struct text_parser *p, const struct text_word *word, unsigned int field,
			enum cvsw_need need)
{
	p->needs[field] = need;
	return text_first_time(p, word, field);
}

static bool match_small(struct text_parser *p, const struct text_word *word,
			const struct text_keyword *keyword)
{
	struct cvsw_key *key = &p->flow->match.key, *mask = &p->flow->match.mask;
	bool ttl = keyword->arg == FIELD_NW_TTL;
	uint32_t number, bits;

	if (!begin_field(p, word, keyword->arg, ttl ? CVSW_NEED_IP : CVSW_NEED_IPV6) ||
	    !text_masked_number(p, word, keyword->limit, &number, &bits))
		return false;
	if (ttl) {
		key->nw_ttl = (uint8_t)number;
		mask->nw_ttl = (uint8_t)bits;
	} else {
		key->ipv6_label = number;
		mask->ipv6_label = bits;
	}
	return true;
}

static bool match_metadata(struct text_parser *p, const struct text_word *word,
			   const struct text_keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;

	return text_first_time(p, word, keyword->arg) &&
	       text_masked_wide_number(p, word, UINT64_MAX, &match->key.metadata,
				       &match->mask.metadata);
}

static bool match_ipv6(struct text_parser *p, const struct text_word *word,
		       const struct text_keyword *keyword)
{
	struct cvsw_key *key = &p->flow->match.key, *mask = &p->flow->match.mask;

	if (!begin_field(p, word, keyword->arg, keyword->arg == FIELD_ND_TARGET ? CVSW_NEED_ND :
						CVSW_NEED_IPV6))
		return false;
	if (keyword->arg == FIELD_IPV6_SRC)
		return text_masked_ipv6(p, word, key->ipv6_src, mask->ipv6_src);
	if (keyword->arg == FIELD_IPV6_DST)
		return text_masked_ipv6(p, word, key->ipv6_dst, mask->ipv6_dst);
	return text_masked_ipv6(p, word, key->nd_target, mask->nd_target);
}

static bool match_hw(struct text_parser *p, const struct text_word *word,
		     const struct text_keyword *keyword)
{
	struct cvsw_key *key = &p->flow->match.key, *mask = &p->flow->match.mask;
	bool src = keyword->arg == FIELD_HW_SRC;
	enum cvsw_need need = src ? CVSW_NEED_ND_SOLICIT : CVSW_NEED_ND_ADVERT;

	if (!strncasecmp(word->name, "arp", 3))
		need = CVSW_NEED_ARP;
	return begin_field(p, word, keyword->arg, need) &&
	       text_masked_mac(p, word, src ? key->hw_src : key->hw_dst,
			       src ? mask->hw_src : mask->hw_dst);
}

static bool match_nw_frag(struct text_parser *p, const struct text_word *word,
			  const struct text_keyword *keyword)
{
	static const struct {
		const char *name;
		uint8_t value, mask;
	} kinds[] = {
		{ "no", 0, CVSW_FRAG_MASK },
		{ "yes", CVSW_FRAG_ANY, CVSW_FRAG_ANY },
		{ "first", CVSW_FRAG_ANY, CVSW_FRAG_MASK },
		{ "later", CVSW_FRAG_MASK, CVSW_FRAG_MASK },
		{ "not_later", 0, CVSW_FRAG_LATER },
	};
	size_t i;

	if (!begin_field(p, word, keyword->arg, CVSW_NEED_IP) || !text_want_value(p, word))
		return false;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (text_same(word->value, word->value_len, kinds[i].name)) {
			p->flow->match.key.nw_frag = kinds[i].value;
			p->flow->match.mask.nw_frag = kinds[i].mask;
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
static bool match_tcp_flags(struct text_parser *p, const struct text_word *word,
			    const struct text_keyword *keyword)
{
	struct cvsw_key *key = &p->flow->match.key, *mask = &p->flow->match.mask;
	const char *at = word->value, *end;
	bool signs;

	if (!begin_field(p, word, keyword->arg, CVSW_NEED_TCP) || !text_want_value(p, word))
		return false;
	end = at + word->value_len;
	if (*at >= '0' && *at <= '9') {
		uint32_t number, bits;

		if (!text_masked_number(p, word, CVSW_TCP_FLAGS_MASK, &number, &bits))
			return false;
		key->tcp_flags = (uint16_t)number;
		mask->tcp_flags = (uint16_t)bits;
		return true;
	}
	signs = *at == '+' || *at == '-';
	mask->tcp_flags = signs ? 0 : CVSW_TCP_FLAGS_MASK;
	while (at < end) {
		const char *start = at;
		char sign = signs || at > word->value ? *at++ : '|';
		size_t flag = one_flag(&at, end);

		if (flag == TEXT_N_TCP_FLAGS || (sign == '|') == signs ||
		    (signs && mask->tcp_flags & 1u << flag))
			return bad_flags(p, start, end);
		if (sign != '-')
			key->tcp_flags |= (uint16_t)(1u << flag);
		mask->tcp_flags |= (uint16_t)(1u << flag);
	}
	return true;
}

const struct text_keyword text_nx_keywords[] = {
	{ "nw_ttl",	match_small, FIELD_NW_TTL, 0xff },
	{ "nw_frag",	match_nw_frag, FIELD_NW_FRAG, 0 },
	{ "ip_frag",	match_nw_frag, FIELD_NW_FRAG, 0 },
	{ "tcp_flags",	match_tcp_flags, FIELD_TCP_FLAGS, 0 },
	{ "ipv6_src",	match_ipv6, FIELD_IPV6_SRC, 0 },
	{ "ipv6_dst",	match_ipv6, FIELD_IPV6_DST, 0 },
	{ "ipv6_label",	match_small, FIELD_IPV6_LABEL, CVSW_IPV6_LABEL_MASK },
	{ "nd_target",	match_ipv6, FIELD_ND_TARGET, 0 },
	{ "nd_sll",	match_hw, FIELD_HW_SRC, 0 },
	{ "nd_tll",	match_hw, FIELD_HW_DST, 0 },
	{ "arp_sha",	match_hw, FIELD_HW_SRC, 0 },
	{ "arp_tha",	match_hw, FIELD_HW_DST, 0 },
	{ "metadata",	match_metadata, FIELD_METADATA, 0 },
	{ NULL,		NULL, 0, 0 },
};
