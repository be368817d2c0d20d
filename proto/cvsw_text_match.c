// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A flow's text: what to match. */
#include "cvsw_text_parser.h"

#define VLAN_NONE		0xffff
#define ETHERTYPE_MPLS		0x8847
#define ETHERTYPE_MPLS_MULTICAST	0x8848

/* EtherType or protocol may be given more than once, by words that agree; as cvsw_field_add(). */
static bool set_named(struct text_parser *p, const struct text_word *word, enum cvsw_field field,
		      const uint8_t *value, const uint8_t *mask)
{
	const struct cvsw_place *slot = &cvsw_slot_info[cvsw_field_info[field].slot];
	const char **seen = &p->seen[cvsw_field_info[field].slot];
	struct cvsw_match *match = &p->flow->match, again = { 0 };
	bool type = cvsw_field_info[field].slot == CVSW_SLOT_DL_TYPE;

	cvsw_field_add(&again, field, value, mask);
	if (*seen && (memcmp((uint8_t *)&again.key + slot->offset,
			     (uint8_t *)&match->key + slot->offset, slot->size) ||
		      memcmp((uint8_t *)&again.mask + slot->offset,
			     (uint8_t *)&match->mask + slot->offset, slot->size)))
		return text_fail(p, word->name, type ? "%.*s contradicts dl_type=0x%04x of column "
				 "%u" : "%.*s contradicts nw_proto=%u of column %u",
				 text_shown(word->name_len), word->name,
				 type ? match->key.dl_type : match->key.nw_proto,
				 (unsigned int)(*seen - p->text) + 1);
	*seen = word->name;
	return cvsw_field_add(match, field, value, mask);
}

static bool name_number(struct text_parser *p, const struct text_word *word, enum cvsw_field field,
			uint64_t number)
{
	uint8_t value[CVSW_WIDE];

	text_to_wide(number, value);
	return set_named(p, word, field,
			 value + CVSW_WIDE - CVSW_FIELD_LEN(&cvsw_field_info[field]), NULL);
}

static bool match_ethertype(struct text_parser *p, const struct text_word *word,
			    const struct text_keyword *keyword)
{
	return text_want_no_value(p, word) &&
	       name_number(p, word, CVSW_FIELD_ETH_TYPE, keyword->arg);
}

static bool match_protocol(struct text_parser *p, const struct text_word *word,
			   const struct text_keyword *keyword)
{
	return text_want_no_value(p, word) &&
	       name_number(p, word, CVSW_FIELD_ETH_TYPE, keyword->limit) &&
	       name_number(p, word, CVSW_FIELD_NW_PROTO, keyword->arg);
}

/* What no frame has, though it can be written. */
static bool impossible(struct text_parser *p, const struct text_word *word, enum cvsw_field field)
{
	int len = text_shown(word->value_len);

	switch (field) {
	case CVSW_FIELD_VLAN_TCI:
		return text_fail(p, word->value, "%.*s: a tag without 0x1000, that there is one",
				 len, word->value);
	case CVSW_FIELD_TUN_TYPE:
		return text_fail(p, word->value, "%.*s: expected vxlan or none", len, word->value);
	case CVSW_FIELD_PASS:
		return text_fail(p, word->value, "%.*s: expected a number from 0 to %d", len,
				 word->value, CVSW_MAX_PASSES - 1);
	default:
		return text_fail(p, word->value, "%.*s: no frame has that", len, word->value);
	}
}

bool text_match_field(struct text_parser *p, const struct text_word *word, enum cvsw_field field)
{
	enum cvsw_slot slot = cvsw_field_info[field].slot;
	size_t front = CVSW_WIDE - CVSW_FIELD_LEN(&cvsw_field_info[field]);
	bool named = slot == CVSW_SLOT_DL_TYPE || slot == CVSW_SLOT_NW_PROTO;
	uint8_t value[CVSW_WIDE], mask[CVSW_WIDE];

	if (text_fields[field].asks)
		p->needs[slot] = text_fields[field].asks;
	if (!named && !text_first_time(p, word, slot))
		return false;
	if (!text_field_value(p, word, field, value, mask))
		return false;
	if (named)
		return set_named(p, word, field, value + front, mask + front);
	return cvsw_field_add(&p->flow->match, field, value + front, mask + front) ||
	       impossible(p, word, field);
}

/* @number in @bits of a part, which other parts of the same field may be beside. */
static bool add_part(struct text_parser *p, const struct text_word *word,
		     const struct text_subfield *part, uint64_t number, uint64_t bits)
{
	size_t front = CVSW_WIDE - CVSW_FIELD_LEN(&cvsw_field_info[part->field]);
	enum cvsw_slot slot = cvsw_field_info[part->field].slot;
	uint8_t value[CVSW_WIDE] = { 0 }, mask[CVSW_WIDE] = { 0 };
	uint8_t had_value[CVSW_WIDE] = { 0 }, had[CVSW_WIDE] = { 0 };
	unsigned int i, at;

	cvsw_field_read(&p->flow->match, part->field, had_value, had);
	for (i = 0; i < part->n_bits; i++) {
		uint8_t *byte = &value[CVSW_WIDE - 1 - (part->ofs + i) / 8];
		uint8_t one = (uint8_t)(1u << (part->ofs + i) % 8);

		at = (unsigned int)(byte - value);
		if (!(bits >> i & 1))
			continue;
		if (had[at] & one)
			return text_first_time(p, word, slot);
		mask[at] |= one;
		*byte |= number >> i & 1 ? one : 0;
	}
	for (i = 0; i < CVSW_WIDE; i++) {
		value[i] |= had_value[i];
		mask[i] |= had[i];
	}
	p->seen[slot] = word->name;
	return cvsw_field_add(&p->flow->match, part->field, value + front, mask + front) ||
	       impossible(p, word, part->field);
}

bool text_match_part(struct text_parser *p, const struct text_word *word)
{
	const char *bracket = memchr(word->name, '[', word->name_len);
	size_t name_len = bracket ? (size_t)(bracket - word->name) : word->name_len;
	struct text_subfield part;
	uint64_t number, bits;

	if (!text_names_field(word->name, word->name_len))
		return text_fail_lacked(p, word->name, name_len, "keyword");
	if (!text_subfield(p, word->name, word->name_len, true, &part))
		return false;
	if (part.n_bits == cvsw_field_info[part.field].bits)
		return text_match_field(p, word, part.field);
	if (part.n_bits > 64)
		return text_fail(p, bracket, "part of a field: expected 64 bits at most");
	if (!text_masked_number(p, word, text_limit_of(part.n_bits), &number, &bits))
		return false;
	if (text_fields[part.field].asks)
		p->needs[cvsw_field_info[part.field].slot] = text_fields[part.field].asks;
	return add_part(p, word, &part, number, bits);
}

/* nw_tos, as a number of six bits. */
static bool match_ip_dscp(struct text_parser *p, const struct text_word *word,
			  const struct text_keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	uint64_t number, bits;

	if (!text_first_time(p, word, CVSW_SLOT_NW_DSCP) ||
	    !text_masked_number(p, word, keyword->limit, &number, &bits))
		return false;
	match->key.nw_tos |= (uint8_t)(number << 2);
	match->mask.nw_tos |= (uint8_t)(bits << 2);
	return true;
}

/* ---- tags ---- */

static bool match_dl_vlan(struct text_parser *p, const struct text_word *word,
			  const struct text_keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	uint64_t vid;

	if (!text_first_time(p, word, PART_DL_VLAN) ||
	    !text_number(p, word, keyword->limit, &vid))
		return false;
	match->mask.vlan_tci |= CVSW_VLAN_PRESENT;
	p->untagged = vid == VLAN_NONE;
	if (p->untagged)
		return true;
	if (vid > CVSW_VLAN_VID_MASK)
		return text_fail(p, word->value, "%.*s: expected a VLAN id from 0 to 4095, or "
				 "0xffff for untagged frames", text_shown(word->value_len),
				 word->value);
	match->key.vlan_tci |= CVSW_VLAN_PRESENT | (uint16_t)vid;
	match->mask.vlan_tci |= CVSW_VLAN_VID_MASK;
	return true;
}

static bool match_dl_vlan_pcp(struct text_parser *p, const struct text_word *word,
			      const struct text_keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	uint64_t pcp;

	if (!text_first_time(p, word, PART_DL_VLAN_PCP) ||
	    !text_number(p, word, keyword->limit, &pcp))
		return false;
	match->key.vlan_tci |= CVSW_VLAN_PRESENT | (uint16_t)(pcp << CVSW_VLAN_PCP_SHIFT);
	match->mask.vlan_tci |= CVSW_VLAN_PRESENT | CVSW_VLAN_PCP_MASK;
	return true;
}

/* OpenFlow 1.2's: 0x1000 says that there is a tag, 0 that there is none. */
static bool match_vlan_vid(struct text_parser *p, const struct text_word *word,
			   const struct text_keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	uint64_t number, bits;

	if (!text_first_time(p, word, PART_DL_VLAN) ||
	    !text_masked_number(p, word, keyword->limit, &number, &bits))
		return false;
	if (bits & ~number & CVSW_VLAN_PRESENT && number & bits)
		return text_fail(p, word->value, "%.*s: a tag without 0x1000, that there is one: "
				 "expected vlan_vid=0x%x, or dl_vlan=%u",
				 text_shown(word->value_len), word->value,
				 (unsigned int)number | CVSW_VLAN_PRESENT, (unsigned int)number);
	p->untagged = bits & CVSW_VLAN_PRESENT && !(number & bits);
	match->key.vlan_tci |= (uint16_t)(number & bits);
	match->mask.vlan_tci |= (uint16_t)bits;
	return true;
}

const struct text_keyword text_match_keywords[] = {
	{ "ip",		match_ethertype, CVSW_ETHERTYPE_IPV4, 0 },
	{ "arp",	match_ethertype, CVSW_ETHERTYPE_ARP, 0 },
	{ "rarp",	match_ethertype, CVSW_ETHERTYPE_RARP, 0 },
	{ "ipv6 ip6",	match_ethertype, CVSW_ETHERTYPE_IPV6, 0 },
	{ "mpls",	match_ethertype, ETHERTYPE_MPLS, 0 },
	{ "mplsm",	match_ethertype, ETHERTYPE_MPLS_MULTICAST, 0 },
	{ "icmp",	match_protocol, CVSW_IPPROTO_ICMP, CVSW_ETHERTYPE_IPV4 },
	{ "tcp",	match_protocol, CVSW_IPPROTO_TCP, CVSW_ETHERTYPE_IPV4 },
	{ "udp",	match_protocol, CVSW_IPPROTO_UDP, CVSW_ETHERTYPE_IPV4 },
	{ "sctp",	match_protocol, CVSW_IPPROTO_SCTP, CVSW_ETHERTYPE_IPV4 },
	{ "icmp6",	match_protocol, CVSW_IPPROTO_ICMPV6, CVSW_ETHERTYPE_IPV6 },
	{ "tcp6",	match_protocol, CVSW_IPPROTO_TCP, CVSW_ETHERTYPE_IPV6 },
	{ "udp6",	match_protocol, CVSW_IPPROTO_UDP, CVSW_ETHERTYPE_IPV6 },
	{ "sctp6",	match_protocol, CVSW_IPPROTO_SCTP, CVSW_ETHERTYPE_IPV6 },
	{ "dl_vlan",	match_dl_vlan, 0, VLAN_NONE },
	{ "dl_vlan_pcp vlan_pcp", match_dl_vlan_pcp, 0, 7 },
	{ "vlan_vid",	match_vlan_vid, 0, 0x1fff },
	{ "ip_dscp",	match_ip_dscp, 0, 0x3f },
	{ NULL,		NULL, 0, 0 },
};

/* ---- the words for protocols ---- */

const char *text_protocol_words(const struct cvsw_match *match, bool *both)
{
	const struct text_keyword *keyword;
	const char *type = NULL;

	*both = false;
	if (match->mask.dl_type != 0xffff)
		return NULL;
	for (keyword = text_match_keywords; keyword->words; keyword++) {
		if (keyword->parse == match_ethertype && keyword->arg == match->key.dl_type)
			type = keyword->words;
		*both = keyword->parse == match_protocol && keyword->limit == match->key.dl_type &&
			match->mask.nw_proto == 0xff && keyword->arg == match->key.nw_proto;
		if (*both)
			return keyword->words;
	}
	return type;
}

/* ---- when all was read ---- */

/* A field that the named protocol does not have would be ignored without a word. */
static bool check_ignored(struct text_parser *p, const struct cvsw_key *given)
{
	const uint8_t *had = (const uint8_t *)given, *left = (const uint8_t *)&p->flow->match.mask;
	enum cvsw_slot slot;

	for (slot = 0; slot < CVSW_N_SLOTS; slot++) {
		const struct cvsw_place *info = &cvsw_slot_info[slot];
		const char *at = p->seen[slot];
		static const uint8_t zero[CVSW_IP_LEN];

		if (at && memcmp(had + info->offset, zero, info->size) &&
		    !memcmp(left + info->offset, zero, info->size))
			return text_fail(p, at, "the protocol named has no %.*s",
					 text_shown(strcspn(at, TEXT_SEPARATORS TEXT_ASSIGNMENTS)),
					 at);
	}
	return true;
}

/* What a field needs, as people write it. */
static const char *const need_names[] = {
	[CVSW_NEED_ARP] = "arp", [CVSW_NEED_IPV4] = "ip", [CVSW_NEED_IPV6] = "ipv6",
	[CVSW_NEED_IP] = "ip or ipv6", [CVSW_NEED_TCP] = "tcp or tcp6",
	[CVSW_NEED_UDP] = "udp or udp6", [CVSW_NEED_SCTP] = "sctp or sctp6",
	[CVSW_NEED_ICMP] = "icmp", [CVSW_NEED_ICMPV6] = "icmp6",
	[CVSW_NEED_ANY_ICMP] = "icmp or icmp6",
	[CVSW_NEED_ND_SOLICIT] = "icmp6,icmp_type=135,icmp_code=0",
	[CVSW_NEED_ND_ADVERT] = "icmp6,icmp_type=136,icmp_code=0",
	[CVSW_NEED_ND] = "icmp6,icmp_type=135 or 136,icmp_code=0",
};

static bool check_needs(struct text_parser *p)
{
	uint32_t needs = cvsw_match_needs(&p->flow->match);
	enum cvsw_slot slot;

	for (slot = 0; slot < CVSW_N_SLOTS; slot++) {
		const char *at = p->seen[slot];

		if (!(needs >> p->needs[slot] & 1))
			return text_fail(p, at, "%.*s needs %s",
					 text_shown(strcspn(at, TEXT_SEPARATORS TEXT_ASSIGNMENTS)),
					 at, need_names[p->needs[slot]]);
	}
	return true;
}

bool text_check_match(struct text_parser *p)
{
	struct cvsw_match *match = &p->flow->match;
	const char *tci = p->seen[CVSW_SLOT_VLAN_TCI];
	const struct cvsw_key given = match->mask;
	bool icmp;

	if (tci && (p->seen[PART_DL_VLAN] || p->seen[PART_DL_VLAN_PCP]))
		return text_fail(p, tci, "vlan_tci says what dl_vlan and dl_vlan_pcp say: "
				 "expected one of both ways");
	if (p->untagged && p->seen[PART_DL_VLAN_PCP])
		return text_fail(p, p->seen[PART_DL_VLAN_PCP],
				 "an untagged frame has no dl_vlan_pcp");
	cvsw_match_normalize(match);
	if (!check_needs(p) || !check_ignored(p, &given))
		return false;
	icmp = cvsw_match_names(match, CVSW_NEED_ANY_ICMP);
	if (icmp && match->key.tp_src > 0xff)
		return text_fail(p, p->seen[CVSW_SLOT_TP_SRC],
				 "expected an ICMP type from 0 to 255");
	if (icmp && match->key.tp_dst > 0xff)
		return text_fail(p, p->seen[CVSW_SLOT_TP_DST],
				 "expected an ICMP code from 0 to 255");
	return true;
}
