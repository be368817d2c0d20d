// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A flow's text: actions that name a field of the frame. */
#include "cvsw_text_parser.h"

/* ---- the fields ---- */

enum value_kind { A_NUMBER, A_MAC, AN_IPV4, AN_IPV6 };

/**
 * struct target - a field, by a word for it
 * @type: what set_field is in OpenFlow 1.0: the action that it has for the field, or a load
 * @field: enum cvsw_field, or NO_FIELD: no load or move knows it
 * @ofs: where in that it begins, if it is a part...
 * @bits: ...of so many; 0: all
 * @limit: of a number that is set by OpenFlow's action
 */
struct target {
	const char *name;
	uint16_t type;
	uint8_t field;
	uint8_t ofs, bits;
	enum value_kind kind;
	uint16_t limit;
};

#define NO_FIELD		CVSW_N_FIELDS
/* By OpenFlow's own action, or by a load of the whole field. */
#define ACTION(name, act, field, kind, limit)						\
	{ name, CVSW_ACT_SET_##act, CVSW_FIELD_##field, 0, 0, kind, limit }
#define LOAD(name, field, kind)		{ name, CVSW_ACT_LOAD, CVSW_FIELD_##field, 0, 0, kind, 0 }

/*
 * All words of ovs-ofctl for a field; those of Nicira's extension (NXM_...) are in
 * cvsw_field_info.  A match takes them too: cvsw_text_match.c.
 */
static const struct target targets[] = {
	ACTION("eth_dst", DL_DST, ETH_DST, A_MAC, 0),
	ACTION("dl_dst", DL_DST, ETH_DST, A_MAC, 0),
	ACTION("OXM_OF_ETH_DST", DL_DST, ETH_DST, A_MAC, 0),
	ACTION("eth_src", DL_SRC, ETH_SRC, A_MAC, 0),
	ACTION("dl_src", DL_SRC, ETH_SRC, A_MAC, 0),
	ACTION("OXM_OF_ETH_SRC", DL_SRC, ETH_SRC, A_MAC, 0),
	{ "vlan_vid", CVSW_ACT_SET_VLAN_VID, CVSW_FIELD_VLAN_TCI, 0, 13, A_NUMBER, 0x1fff },
	{ "OXM_OF_VLAN_VID", CVSW_ACT_SET_VLAN_VID, CVSW_FIELD_VLAN_TCI, 0, 13, A_NUMBER, 0x1fff },
	{ "dl_vlan", CVSW_ACT_SET_VLAN_VID, NO_FIELD, 0, 0, A_NUMBER, 0xfff },
	{ "vlan_pcp", CVSW_ACT_SET_VLAN_PCP, CVSW_FIELD_VLAN_TCI, 13, 3, A_NUMBER, 7 },
	{ "OXM_OF_VLAN_PCP", CVSW_ACT_SET_VLAN_PCP, CVSW_FIELD_VLAN_TCI, 13, 3, A_NUMBER, 7 },
	{ "dl_vlan_pcp", CVSW_ACT_SET_VLAN_PCP, NO_FIELD, 0, 0, A_NUMBER, 7 },
	LOAD("vlan_tci", VLAN_TCI, A_NUMBER),
	ACTION("ip_src", NW_SRC, IP_SRC, AN_IPV4, 0),
	ACTION("nw_src", NW_SRC, IP_SRC, AN_IPV4, 0),
	ACTION("OXM_OF_IPV4_SRC", NW_SRC, IP_SRC, AN_IPV4, 0),
	ACTION("ip_dst", NW_DST, IP_DST, AN_IPV4, 0),
	ACTION("nw_dst", NW_DST, IP_DST, AN_IPV4, 0),
	ACTION("OXM_OF_IPV4_DST", NW_DST, IP_DST, AN_IPV4, 0),
	ACTION("nw_tos", NW_TOS, IP_TOS, A_NUMBER, 0xff),
	{ "ip_dscp", CVSW_ACT_SET_NW_TOS, CVSW_FIELD_IP_TOS, 2, 6, A_NUMBER, 0x3f },
	{ "OXM_OF_IP_DSCP", CVSW_ACT_SET_NW_TOS, CVSW_FIELD_IP_TOS, 2, 6, A_NUMBER, 0x3f },
	LOAD("nw_ecn", IP_ECN, A_NUMBER), LOAD("ip_ecn", IP_ECN, A_NUMBER),
	LOAD("OXM_OF_IP_ECN", IP_ECN, A_NUMBER),
	LOAD("nw_ttl", IP_TTL, A_NUMBER),
	LOAD("ipv6_src", IPV6_SRC, AN_IPV6), LOAD("OXM_OF_IPV6_SRC", IPV6_SRC, AN_IPV6),
	LOAD("ipv6_dst", IPV6_DST, AN_IPV6), LOAD("OXM_OF_IPV6_DST", IPV6_DST, AN_IPV6),
	LOAD("ipv6_label", IPV6_LABEL, A_NUMBER), LOAD("OXM_OF_IPV6_FLABEL", IPV6_LABEL, A_NUMBER),
	ACTION("tcp_src", TP_SRC, TCP_SRC, A_NUMBER, 0xffff),
	ACTION("OXM_OF_TCP_SRC", TP_SRC, TCP_SRC, A_NUMBER, 0xffff),
	ACTION("tcp_dst", TP_DST, TCP_DST, A_NUMBER, 0xffff),
	ACTION("OXM_OF_TCP_DST", TP_DST, TCP_DST, A_NUMBER, 0xffff),
	ACTION("udp_src", TP_SRC, UDP_SRC, A_NUMBER, 0xffff),
	ACTION("OXM_OF_UDP_SRC", TP_SRC, UDP_SRC, A_NUMBER, 0xffff),
	ACTION("udp_dst", TP_DST, UDP_DST, A_NUMBER, 0xffff),
	ACTION("OXM_OF_UDP_DST", TP_DST, UDP_DST, A_NUMBER, 0xffff),
	ACTION("sctp_src", TP_SRC, SCTP_SRC, A_NUMBER, 0xffff),
	ACTION("sctp_dst", TP_DST, SCTP_DST, A_NUMBER, 0xffff),
	{ "tp_src", CVSW_ACT_SET_TP_SRC, NO_FIELD, 0, 0, A_NUMBER, 0xffff },
	{ "tp_dst", CVSW_ACT_SET_TP_DST, NO_FIELD, 0, 0, A_NUMBER, 0xffff },
	LOAD("icmp_type", ICMP_TYPE, A_NUMBER), LOAD("OXM_OF_ICMPV4_TYPE", ICMP_TYPE, A_NUMBER),
	LOAD("icmp_code", ICMP_CODE, A_NUMBER), LOAD("OXM_OF_ICMPV4_CODE", ICMP_CODE, A_NUMBER),
	LOAD("icmpv6_type", ICMPV6_TYPE, A_NUMBER),
	LOAD("OXM_OF_ICMPV6_TYPE", ICMPV6_TYPE, A_NUMBER),
	LOAD("icmpv6_code", ICMPV6_CODE, A_NUMBER),
	LOAD("OXM_OF_ICMPV6_CODE", ICMPV6_CODE, A_NUMBER),
	LOAD("nd_target", ND_TARGET, AN_IPV6), LOAD("OXM_OF_IPV6_ND_TARGET", ND_TARGET, AN_IPV6),
	LOAD("nd_sll", ND_SLL, A_MAC), LOAD("OXM_OF_IPV6_ND_SLL", ND_SLL, A_MAC),
	LOAD("nd_tll", ND_TLL, A_MAC), LOAD("OXM_OF_IPV6_ND_TLL", ND_TLL, A_MAC),
	LOAD("nd_reserved", ND_RESERVED, A_NUMBER),
	LOAD("nd_options_type", ND_OPTIONS_TYPE, A_NUMBER),
	LOAD("arp_op", ARP_OP, A_NUMBER), LOAD("OXM_OF_ARP_OP", ARP_OP, A_NUMBER),
	LOAD("arp_spa", ARP_SPA, AN_IPV4), LOAD("OXM_OF_ARP_SPA", ARP_SPA, AN_IPV4),
	LOAD("arp_tpa", ARP_TPA, AN_IPV4), LOAD("OXM_OF_ARP_TPA", ARP_TPA, AN_IPV4),
	LOAD("arp_sha", ARP_SHA, A_MAC), LOAD("OXM_OF_ARP_SHA", ARP_SHA, A_MAC),
	LOAD("arp_tha", ARP_THA, A_MAC), LOAD("OXM_OF_ARP_THA", ARP_THA, A_MAC),
};

static const struct target *target_of(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (text_same(name, len, targets[i].name))
			return &targets[i];
	return NULL;
}

/* A field that can be loaded and moved, and where in it the part of this name is. */
static bool find_field(const char *name, size_t len, enum cvsw_field *field, unsigned int *ofs,
		       unsigned int *n_bits)
{
	const struct target *target = target_of(name, len);

	*ofs = 0;
	for (*field = 0; *field < CVSW_N_FIELDS; (*field)++)
		if (text_same(name, len, cvsw_field_info[*field].name)) {
			*n_bits = cvsw_field_info[*field].bits;
			return true;
		}
	if (!target || target->field == NO_FIELD)
		return false;
	*field = target->field;
	*ofs = target->ofs;
	*n_bits = target->bits ? target->bits : cvsw_field_info[*field].bits;
	return true;
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

/* NAME, NAME[], NAME[BIT] or NAME[FIRST..LAST], in @len bytes from @at on. */
static bool read_subfield(struct text_parser *p, const char *at, size_t len,
			  enum cvsw_field *field, unsigned int *ofs, unsigned int *n_bits)
{
	const char *end = at + len, *start = at, *bracket = memchr(at, '[', len);
	size_t name_len = bracket ? (size_t)(bracket - at) : len;
	unsigned int first, last, bits;

	if (!find_field(at, name_len, field, ofs, n_bits))
		return text_fail(p, at, "%.*s: expected a field like NXM_OF_ETH_DST[], tcp_src[] or "
				 "NXM_NX_IPV6_SRC[0..63]", text_shown(len), at);
	bits = *n_bits;
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
	*ofs += first;
	*n_bits = last - first + 1;
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
	unsigned int src_ofs, dst_ofs, n_bits, dst_bits;
	enum cvsw_field src, dst;
	struct text_word from, to;

	if (!action || !split_arrow(p, word, &from, &to) ||
	    !read_subfield(p, from.value, from.value_len, &src, &src_ofs, &n_bits) ||
	    !read_subfield(p, to.value, to.value_len, &dst, &dst_ofs, &dst_bits))
		return false;
	if (n_bits != dst_bits)
		return text_fail(p, to.value, "%u bits do not go into %u", n_bits, dst_bits);
	action->move = (struct cvsw_move){
		.src = (uint8_t)src, .dst = (uint8_t)dst, .src_ofs = (uint8_t)src_ofs,
		.dst_ofs = (uint8_t)dst_ofs, .n_bits = (uint8_t)n_bits,
	};
	return true;
}

static bool set_load(struct text_parser *p, const struct text_word *value,
		     struct cvsw_action *action, enum cvsw_field dst, unsigned int ofs,
		     unsigned int n_bits)
{
	uint64_t number;
	int i;

	if (n_bits > 64)
		return text_fail(p, value->value, "a load has 64 bits at most: expected "
				 "[0..63] and [64..127]");
	if (!text_number(p, value, n_bits < 64 ? (1ull << n_bits) - 1 : UINT64_MAX, &number))
		return false;
	action->load = (struct cvsw_load){
		.dst = (uint8_t)dst, .ofs = (uint8_t)ofs, .n_bits = (uint8_t)n_bits,
	};
	for (i = 7; i >= 0; i--, number >>= 8)
		action->load.value[i] = (uint8_t)number;
	return true;
}

bool text_act_load(struct text_parser *p, const struct text_word *word,
		   const struct text_keyword *keyword)
{
	struct cvsw_action *action = text_add_action(p, word, (uint16_t)keyword->arg);
	struct text_word value, to;
	unsigned int ofs, n_bits;
	enum cvsw_field dst;

	return action && split_arrow(p, word, &value, &to) &&
	       read_subfield(p, to.value, to.value_len, &dst, &ofs, &n_bits) &&
	       set_load(p, &value, action, dst, ofs, n_bits);
}

/* A load in another word, as ovs-ofctl has it. */
bool text_act_mod(struct text_parser *p, const struct text_word *word,
		  const struct text_keyword *keyword)
{
	struct cvsw_action *action = text_add_action(p, word, CVSW_ACT_LOAD);

	return action && set_load(p, word, action, keyword->arg, 0,
				  cvsw_field_info[keyword->arg].bits);
}

/* ---- set_field ---- */

static const struct target *find_target(struct text_parser *p, const struct text_word *to)
{
	const struct target *target = target_of(to->value, to->value_len);

	if (!target)
		text_fail(p, to->value, "%.*s: expected a field like eth_dst, "
			  "ip_src, tcp_dst or arp_op; for a part of one use load",
			  text_shown(to->value_len), to->value);
	return target;
}

/* By OpenFlow's own action. */
static bool set_number(struct text_parser *p, const struct text_word *value,
		       const struct target *target, struct cvsw_action *action)
{
	uint64_t number;

	if (target->limit == 0xff)
		return text_tos(p, value, &action->nw_tos);
	if (!text_number(p, value, target->limit, &number))
		return false;
	switch (target->type) {
	case CVSW_ACT_SET_VLAN_VID:
		/* 0x1000 is OpenFlow 1.2's word for "there is a tag". */
		action->vlan_vid = (uint16_t)(number & CVSW_VLAN_VID_MASK);
		break;
	case CVSW_ACT_SET_VLAN_PCP:
		action->vlan_pcp = (uint8_t)number;
		break;
	case CVSW_ACT_SET_NW_TOS:
		action->nw_tos = (uint8_t)(number << 2);
		break;
	default:
		action->tp_port = (uint16_t)number;
		break;
	}
	return true;
}

/* Up to eight bytes that end at bit @ofs of the field. */
static void load_bytes(struct cvsw_action *action, const struct target *target, unsigned int ofs,
		       const uint8_t *bytes, size_t n)
{
	action->load = (struct cvsw_load){
		.dst = target->field, .ofs = (uint8_t)ofs, .n_bits = (uint8_t)(8 * n),
	};
	memcpy(action->load.value + sizeof(action->load.value) - n, bytes, n);
}

static bool set_mac(struct text_parser *p, const struct text_word *value,
		    const struct target *target, struct cvsw_action *action)
{
	uint8_t mac[CVSW_ETH_ALEN];

	if (!text_mac(p, value, mac))
		return false;
	if (target->type == CVSW_ACT_LOAD)
		load_bytes(action, target, 0, mac, sizeof(mac));
	else
		memcpy(action->mac, mac, sizeof(mac));
	return true;
}

static bool set_ipv4(struct text_parser *p, const struct text_word *value,
		     const struct target *target, struct cvsw_action *action)
{
	uint8_t bytes[4];
	uint32_t addr;
	int i;

	if (!text_ipv4(p, value, &addr))
		return false;
	for (i = 3; i >= 0; i--)
		bytes[i] = (uint8_t)(addr >> 8 * (3 - i));
	if (target->type == CVSW_ACT_LOAD)
		load_bytes(action, target, 0, bytes, sizeof(bytes));
	else
		action->nw_addr = addr;
	return true;
}

/* In two halves, as a load has 64 bits at most. */
static bool set_ipv6(struct text_parser *p, const struct text_word *word,
		     const struct text_word *value, const struct target *target,
		     struct cvsw_action *action)
{
	uint8_t addr[CVSW_IP_LEN];
	struct cvsw_action *upper;

	if (!text_ipv6(p, value, addr))
		return false;
	load_bytes(action, target, 0, addr + 8, 8);
	upper = text_add_action(p, word, CVSW_ACT_LOAD);
	if (!upper)
		return false;
	load_bytes(upper, target, 64, addr, 8);
	return true;
}

bool text_act_set_field(struct text_parser *p, const struct text_word *word,
			const struct text_keyword *keyword)
{
	const struct target *target;
	struct cvsw_action *action;
	struct text_word value, to;

	(void)keyword;
	if (!split_arrow(p, word, &value, &to))
		return false;
	target = find_target(p, &to);
	action = target ? text_add_action(p, word, target->type) : NULL;
	if (!action)
		return false;
	switch (target->kind) {
	case A_MAC:
		return set_mac(p, &value, target, action);
	case AN_IPV4:
		return set_ipv4(p, &value, target, action);
	case AN_IPV6:
		return set_ipv6(p, word, &value, target, action);
	case A_NUMBER:
		break;
	}
	if (target->type == CVSW_ACT_LOAD)
		return set_load(p, &value, action, target->field, 0,
				cvsw_field_info[target->field].bits);
	return set_number(p, &value, target, action);
}
