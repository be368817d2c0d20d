// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A flow's text: actions that name a field of the frame. */
#include "cvsw_text_parser.h"

/* As many digits as there are at *@at, which moves behind them; false without one. */
static bool read_bit(const char **at, const char *end, unsigned int *bit)
{
	const char *start = *at;

	for (*bit = 0; *at < end && **at >= '0' && **at <= '9' && *at < start + 3; (*at)++)
		*bit = *bit * 10 + (unsigned int)(**at - '0');
	return *at > start;
}

/* NAME[], NAME[BIT] or NAME[FIRST..LAST], in @len bytes from @at on. */
static bool read_subfield(struct text_parser *p, const char *at, size_t len,
			  enum cvsw_field *field, unsigned int *ofs, unsigned int *n_bits)
{
	const char *end = at + len, *start = at, *bracket = memchr(at, '[', len);
	size_t name_len = bracket ? (size_t)(bracket - at) : len;
	unsigned int last;

	for (*field = 0; *field < CVSW_N_FIELDS; (*field)++)
		if (text_same(at, name_len, cvsw_field_info[*field].name))
			break;
	if (*field == CVSW_N_FIELDS || !bracket)
		return text_fail(p, at, "%.*s: expected a field like NXM_OF_ETH_DST[] or "
				 "NXM_NX_IPV6_SRC[0..63]", text_shown(len), at);
	*ofs = 0;
	*n_bits = cvsw_field_info[*field].bits;
	at = bracket + 1;
	if (at + 1 == end && *at == ']')
		return true;
	if (!read_bit(&at, end, ofs))
		goto bad;
	last = *ofs;
	if (end - at > 2 && at[0] == '.' && at[1] == '.') {
		at += 2;
		if (!read_bit(&at, end, &last))
			goto bad;
	}
	if (at + 1 != end || *at != ']' || last < *ofs || last >= *n_bits)
		goto bad;
	*n_bits = last - *ofs + 1;
	return true;
bad:
	return text_fail(p, bracket, "%.*s: expected [], [BIT] or [FIRST..LAST], of %u bits",
			 text_shown((size_t)(end - bracket)), start + name_len,
			 cvsw_field_info[*field].bits);
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
bool text_act_nw_ttl(struct text_parser *p, const struct text_word *word,
		     const struct text_keyword *keyword)
{
	struct cvsw_action *action = text_add_action(p, word, (uint16_t)keyword->arg);

	return action && set_load(p, word, action, CVSW_FIELD_IP_TTL, 0, 8);
}

/* ---- set_field ---- */

enum value_kind { A_NUMBER, A_MAC, AN_IPV4, AN_IPV6 };

/*
 * As ovs-ofctl's set_field calls them.  In OpenFlow 1.0 it is the action that OpenFlow has for
 * the field, or CVSW_ACT_LOAD into @field.
 */
struct target {
	const char *name;
	uint16_t type;
	uint8_t field;		/* enum cvsw_field */
	enum value_kind kind;
	uint16_t limit;		/* of a number that is not loaded */
};

static const struct target targets[] = {
	{ "eth_dst",	CVSW_ACT_SET_DL_DST, 0, A_MAC, 0 },
	{ "dl_dst",	CVSW_ACT_SET_DL_DST, 0, A_MAC, 0 },
	{ "eth_src",	CVSW_ACT_SET_DL_SRC, 0, A_MAC, 0 },
	{ "dl_src",	CVSW_ACT_SET_DL_SRC, 0, A_MAC, 0 },
	{ "vlan_vid",	CVSW_ACT_SET_VLAN_VID, 0, A_NUMBER, 0x1fff },
	{ "vlan_pcp",	CVSW_ACT_SET_VLAN_PCP, 0, A_NUMBER, 7 },
	{ "vlan_tci",	CVSW_ACT_LOAD, CVSW_FIELD_VLAN_TCI, A_NUMBER, 0 },
	{ "ip_src",	CVSW_ACT_SET_NW_SRC, 0, AN_IPV4, 0 },
	{ "nw_src",	CVSW_ACT_SET_NW_SRC, 0, AN_IPV4, 0 },
	{ "ip_dst",	CVSW_ACT_SET_NW_DST, 0, AN_IPV4, 0 },
	{ "nw_dst",	CVSW_ACT_SET_NW_DST, 0, AN_IPV4, 0 },
	{ "nw_tos",	CVSW_ACT_SET_NW_TOS, 0, A_NUMBER, 0xff },
	{ "ip_dscp",	CVSW_ACT_SET_NW_TOS, 0, A_NUMBER, 0x3f },
	{ "tcp_src",	CVSW_ACT_SET_TP_SRC, 0, A_NUMBER, 0xffff },
	{ "udp_src",	CVSW_ACT_SET_TP_SRC, 0, A_NUMBER, 0xffff },
	{ "sctp_src",	CVSW_ACT_SET_TP_SRC, 0, A_NUMBER, 0xffff },
	{ "tcp_dst",	CVSW_ACT_SET_TP_DST, 0, A_NUMBER, 0xffff },
	{ "udp_dst",	CVSW_ACT_SET_TP_DST, 0, A_NUMBER, 0xffff },
	{ "sctp_dst",	CVSW_ACT_SET_TP_DST, 0, A_NUMBER, 0xffff },
	{ "nw_ttl",	CVSW_ACT_LOAD, CVSW_FIELD_IP_TTL, A_NUMBER, 0 },
	{ "ipv6_src",	CVSW_ACT_LOAD, CVSW_FIELD_IPV6_SRC, AN_IPV6, 0 },
	{ "ipv6_dst",	CVSW_ACT_LOAD, CVSW_FIELD_IPV6_DST, AN_IPV6, 0 },
	{ "ipv6_label",	CVSW_ACT_LOAD, CVSW_FIELD_IPV6_LABEL, A_NUMBER, 0 },
	{ "icmp_type",	CVSW_ACT_LOAD, CVSW_FIELD_ICMP_TYPE, A_NUMBER, 0 },
	{ "icmp_code",	CVSW_ACT_LOAD, CVSW_FIELD_ICMP_CODE, A_NUMBER, 0 },
	{ "icmpv6_type", CVSW_ACT_LOAD, CVSW_FIELD_ICMPV6_TYPE, A_NUMBER, 0 },
	{ "icmpv6_code", CVSW_ACT_LOAD, CVSW_FIELD_ICMPV6_CODE, A_NUMBER, 0 },
	{ "nd_target",	CVSW_ACT_LOAD, CVSW_FIELD_ND_TARGET, AN_IPV6, 0 },
	{ "nd_sll",	CVSW_ACT_LOAD, CVSW_FIELD_ND_SLL, A_MAC, 0 },
	{ "nd_tll",	CVSW_ACT_LOAD, CVSW_FIELD_ND_TLL, A_MAC, 0 },
	{ "nd_reserved", CVSW_ACT_LOAD, CVSW_FIELD_ND_RESERVED, A_NUMBER, 0 },
	{ "nd_options_type", CVSW_ACT_LOAD, CVSW_FIELD_ND_OPTIONS_TYPE, A_NUMBER, 0 },
	{ "arp_op",	CVSW_ACT_LOAD, CVSW_FIELD_ARP_OP, A_NUMBER, 0 },
	{ "arp_spa",	CVSW_ACT_LOAD, CVSW_FIELD_ARP_SPA, AN_IPV4, 0 },
	{ "arp_tpa",	CVSW_ACT_LOAD, CVSW_FIELD_ARP_TPA, AN_IPV4, 0 },
	{ "arp_sha",	CVSW_ACT_LOAD, CVSW_FIELD_ARP_SHA, A_MAC, 0 },
	{ "arp_tha",	CVSW_ACT_LOAD, CVSW_FIELD_ARP_THA, A_MAC, 0 },
};

static const struct target *find_target(struct text_parser *p, const struct text_word *to)
{
	size_t i;

	for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (text_same(to->value, to->value_len, targets[i].name))
			return &targets[i];
	text_fail(p, to->value, "%.*s: expected a field like eth_dst, ip_src, tcp_dst or arp_op; "
		  "for a part of one use load", text_shown(to->value_len), to->value);
	return NULL;
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
