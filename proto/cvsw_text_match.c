// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A flow's text: what to match. */
#include <strings.h>

#include "cvsw_text_parser.h"

#define VLAN_NONE		0xffff
#define ETHERTYPE_MPLS		0x8847
#define ETHERTYPE_MPLS_MULTICAST	0x8848

static bool set_dl_type(struct text_parser *p, const struct text_word *word, uint32_t dl_type,
			uint32_t bits)
{
	struct cvsw_match *match = &p->flow->match;

	if (p->seen[FIELD_DL_TYPE] &&
	    (match->key.dl_type != dl_type || match->mask.dl_type != bits))
		return text_fail(p, word->name, "%.*s contradicts dl_type=0x%04x of column %u",
				 text_shown(word->name_len), word->name, match->key.dl_type,
				 (unsigned int)(p->seen[FIELD_DL_TYPE] - p->text) + 1);
	p->seen[FIELD_DL_TYPE] = word->name;
	match->key.dl_type = (uint16_t)dl_type;
	match->mask.dl_type = (uint16_t)bits;
	return true;
}

static bool set_nw_proto(struct text_parser *p, const struct text_word *word, uint32_t nw_proto,
			 uint32_t bits)
{
	struct cvsw_match *match = &p->flow->match;

	if (p->seen[FIELD_NW_PROTO] &&
	    (match->key.nw_proto != nw_proto || match->mask.nw_proto != bits))
		return text_fail(p, word->name, "%.*s contradicts nw_proto=%u of column %u",
				 text_shown(word->name_len), word->name, match->key.nw_proto,
				 (unsigned int)(p->seen[FIELD_NW_PROTO] - p->text) + 1);
	p->seen[FIELD_NW_PROTO] = word->name;
	match->key.nw_proto = (uint8_t)nw_proto;
	match->mask.nw_proto = (uint8_t)bits;
	return true;
}

static bool match_ethertype(struct text_parser *p, const struct text_word *word,
			    const struct text_keyword *keyword)
{
	return text_want_no_value(p, word) && set_dl_type(p, word, keyword->arg, 0xffff);
}

static bool match_protocol(struct text_parser *p, const struct text_word *word,
			   const struct text_keyword *keyword)
{
	return text_want_no_value(p, word) && set_dl_type(p, word, keyword->limit, 0xffff) &&
	       set_nw_proto(p, word, keyword->arg, 0xff);
}

static bool match_dl_type(struct text_parser *p, const struct text_word *word,
			  const struct text_keyword *keyword)
{
	uint32_t number, bits;

	return text_masked_number(p, word, keyword->limit, &number, &bits) &&
	       set_dl_type(p, word, number, bits);
}

static bool match_nw_proto(struct text_parser *p, const struct text_word *word,
			   const struct text_keyword *keyword)
{
	uint32_t number, bits;

	if (!strncasecmp(word->name, "arp", 3))
		p->needs[FIELD_NW_PROTO] = CVSW_NEED_ARP;
	return text_masked_number(p, word, keyword->limit, &number, &bits) &&
	       set_nw_proto(p, word, number, bits);
}

static bool match_in_port(struct text_parser *p, const struct text_word *word,
			  const struct text_keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;

	(void)keyword;
	if (!text_first_time(p, word, FIELD_IN_PORT) || !text_want_value(p, word))
		return false;
	if (text_same(word->value, word->value_len, "HOST") ||
	    text_same(word->value, word->value_len, "1"))
		match->key.in_port = CVSW_HOST;
	else if (text_same(word->value, word->value_len, "NET") ||
		 text_same(word->value, word->value_len, "2"))
		match->key.in_port = CVSW_NET;
	else
		return text_fail(p, word->value, "%.*s: expected HOST (1, from the guest) or NET "
				 "(2, from the vswitch)", text_shown(word->value_len), word->value);
	match->mask.in_port = 0xff;
	return true;
}

static bool match_dl_vlan(struct text_parser *p, const struct text_word *word,
			  const struct text_keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	uint64_t vid;

	if (!text_first_time(p, word, FIELD_DL_VLAN) ||
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

	if (!text_first_time(p, word, FIELD_DL_VLAN_PCP) ||
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
	uint32_t number, bits;

	if (!text_first_time(p, word, FIELD_DL_VLAN) ||
	    !text_masked_number(p, word, keyword->limit, &number, &bits))
		return false;
	if (bits & ~number & CVSW_VLAN_PRESENT && number & bits)
		return text_fail(p, word->value, "%.*s: a tag without 0x1000, that there is one: "
				 "expected vlan_vid=0x%x, or dl_vlan=%u",
				 text_shown(word->value_len), word->value,
				 number | CVSW_VLAN_PRESENT, number);
	p->untagged = bits & CVSW_VLAN_PRESENT && !(number & bits);
	match->key.vlan_tci |= (uint16_t)(number & bits);
	match->mask.vlan_tci |= (uint16_t)bits;
	return true;
}

/* The tag as it stands in the frame, with the place of DEI saying that there is one. */
static bool match_vlan_tci(struct text_parser *p, const struct text_word *word,
			   const struct text_keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	uint32_t number, bits;

	if (!text_first_time(p, word, FIELD_VLAN_TCI) ||
	    !text_masked_number(p, word, keyword->limit, &number, &bits))
		return false;
	if (bits & ~number & CVSW_VLAN_PRESENT && number & bits)
		return text_fail(p, word->value, "%.*s: a tag without 0x1000, that there is one",
				 text_shown(word->value_len), word->value);
	match->key.vlan_tci = (uint16_t)number;
	match->mask.vlan_tci = (uint16_t)bits;
	return true;
}

static bool match_mac(struct text_parser *p, const struct text_word *word,
		      const struct text_keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	bool src = keyword->arg == FIELD_DL_SRC;

	return text_first_time(p, word, keyword->arg) &&
	       text_masked_mac(p, word, src ? match->key.dl_src : match->key.dl_dst,
			       src ? match->mask.dl_src : match->mask.dl_dst);
}

static bool match_nw_addr(struct text_parser *p, const struct text_word *word,
			  const struct text_keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	bool src = keyword->arg == FIELD_NW_SRC;

	if (!strncasecmp(word->name, "arp", 3))
		p->needs[keyword->arg] = CVSW_NEED_ARP;
	return text_first_time(p, word, keyword->arg) &&
	       text_masked_ipv4(p, word, src ? &match->key.nw_src : &match->key.nw_dst,
				src ? &match->mask.nw_src : &match->mask.nw_dst);
}

/* The two parts of one byte. */
static bool match_nw_tos(struct text_parser *p, const struct text_word *word,
			 const struct text_keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	struct text_word value, behind;
	bool masked = text_split_mask(word, &value, &behind);
	uint8_t tos, bits = CVSW_DSCP_MASK;

	(void)keyword;
	if (!text_first_time(p, word, FIELD_NW_TOS) || !text_tos(p, &value, &tos) ||
	    (masked && !text_tos(p, &behind, &bits)))
		return false;
	match->key.nw_tos |= tos;
	match->mask.nw_tos |= bits;
	return true;
}

/* The same, as a number of six bits. */
static bool match_ip_dscp(struct text_parser *p, const struct text_word *word,
			  const struct text_keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	uint32_t number, bits;

	if (!text_first_time(p, word, FIELD_NW_TOS) ||
	    !text_masked_number(p, word, keyword->limit, &number, &bits))
		return false;
	match->key.nw_tos |= (uint8_t)(number << 2);
	match->mask.nw_tos |= (uint8_t)(bits << 2);
	return true;
}

static bool match_nw_ecn(struct text_parser *p, const struct text_word *word,
			 const struct text_keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	uint32_t number, bits;

	if (!text_first_time(p, word, FIELD_NW_ECN) ||
	    !text_masked_number(p, word, keyword->limit, &number, &bits))
		return false;
	match->key.nw_tos |= (uint8_t)number;
	match->mask.nw_tos |= (uint8_t)bits;
	return true;
}

/* Of tp_src and tp_dst, the port of any protocol: none. */
static uint8_t port_need(const char *name)
{
	static const struct {
		const char *begins;
		uint8_t need;
	} needs[] = {
		{ "icmpv6", CVSW_NEED_ICMPV6 }, { "icmp", TEXT_NEED_ANY_ICMP },
		{ "tcp", CVSW_NEED_TCP }, { "udp", CVSW_NEED_UDP }, { "sctp", CVSW_NEED_SCTP },
	};
	size_t i;

	for (i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (!strncmp(name, needs[i].begins, strlen(needs[i].begins)))
			return needs[i].need;
	return CVSW_NEED_NOTHING;
}

static bool match_port(struct text_parser *p, const struct text_word *word,
		       const struct text_keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	bool src = keyword->arg == FIELD_TP_SRC;
	uint32_t number, bits;

	if (!text_first_time(p, word, keyword->arg) ||
	    !text_masked_number(p, word, keyword->limit, &number, &bits))
		return false;
	p->needs[keyword->arg] = port_need(keyword->name);
	if (!strncasecmp(word->name, "icmp", 4))
		bits |= 0xff00;
	*(src ? &match->key.tp_src : &match->key.tp_dst) = (uint16_t)number;
	*(src ? &match->mask.tp_src : &match->mask.tp_dst) = (uint16_t)bits;
	return true;
}

static bool match_tun_type(struct text_parser *p, const struct text_word *word,
			   const struct text_keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	uint32_t number, bits = keyword->limit;

	if (!text_first_time(p, word, FIELD_TUN_TYPE) || !text_want_value(p, word))
		return false;
	if (text_same(word->value, word->value_len, "none"))
		number = CVSW_TUNNEL_NONE;
	else if (text_same(word->value, word->value_len, "vxlan"))
		number = CVSW_TUNNEL_VXLAN;
	else if (!text_masked_number(p, word, keyword->limit, &number, &bits) ||
		 (number & bits) >= CVSW_N_TUNNELS)
		return text_fail(p, word->value, "%.*s: expected vxlan or none",
				 text_shown(word->value_len), word->value);
	match->key.tun_type = (uint8_t)number;
	match->mask.tun_type = (uint8_t)bits;
	return true;
}

static bool match_tun_addr(struct text_parser *p, const struct text_word *word,
			   const struct text_keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	bool src = keyword->arg == FIELD_TUN_SRC;
	uint8_t *addr = src ? match->key.tun_src : match->key.tun_dst;
	uint8_t *mask = src ? match->mask.tun_src : match->mask.tun_dst;
	uint32_t addr4, mask4;
	int i;

	if (!text_first_time(p, word, keyword->arg))
		return false;
	if (!strncasecmp(word->name, "tun_ipv6", 8))
		return text_masked_ipv6(p, word, addr, mask);
	if (!text_masked_ipv4(p, word, &addr4, &mask4))
		return false;
	if (!mask4)
		return true;	/* matches anything, as elsewhere */
	memset(mask, 0xff, 12);
	addr[10] = addr[11] = 0xff;
	for (i = 15; i >= 12; i--, addr4 >>= 8, mask4 >>= 8) {
		addr[i] = (uint8_t)addr4;
		mask[i] = (uint8_t)mask4;
	}
	return true;
}

static bool match_metadata(struct text_parser *p, const struct text_word *word,
			   const struct text_keyword *keyword)
{
	struct cvsw_key *key = &p->flow->match.key, *mask = &p->flow->match.mask;
	uint32_t number, bits;

	if (!text_first_time(p, word, keyword->arg) ||
	    !text_masked_number(p, word, keyword->limit, &number, &bits))
		return false;
	if (keyword->arg == FIELD_TUN_ID) {
		key->tun_id = number;
		mask->tun_id = bits;
	} else if (keyword->arg == FIELD_SA) {
		key->sa = number;
		mask->sa = bits;
	} else if ((number & bits) >= CVSW_MAX_PASSES) {
		return text_fail(p, word->value, "%.*s: expected a number from 0 to %d",
				 text_shown(word->value_len), word->value, CVSW_MAX_PASSES - 1);
	} else {
		key->pass = (uint8_t)number;
		mask->pass = (uint8_t)bits;
	}
	return true;
}

const struct text_keyword text_match_keywords[] = {
	{ "ip",		match_ethertype, CVSW_ETHERTYPE_IPV4, 0 },
	{ "arp",	match_ethertype, CVSW_ETHERTYPE_ARP, 0 },
	{ "rarp",	match_ethertype, CVSW_ETHERTYPE_RARP, 0 },
	{ "ipv6",	match_ethertype, CVSW_ETHERTYPE_IPV6, 0 },
	{ "mpls",	match_ethertype, ETHERTYPE_MPLS, 0 },
	{ "mplsm",	match_ethertype, ETHERTYPE_MPLS_MULTICAST, 0 },
	/* Another word for one above: what is printed is the first. */
	{ "ip6",	match_ethertype, CVSW_ETHERTYPE_IPV6, 0 },
	{ "icmp",	match_protocol, CVSW_IPPROTO_ICMP, CVSW_ETHERTYPE_IPV4 },
	{ "tcp",	match_protocol, CVSW_IPPROTO_TCP, CVSW_ETHERTYPE_IPV4 },
	{ "udp",	match_protocol, CVSW_IPPROTO_UDP, CVSW_ETHERTYPE_IPV4 },
	{ "sctp",	match_protocol, CVSW_IPPROTO_SCTP, CVSW_ETHERTYPE_IPV4 },
	{ "icmp6",	match_protocol, CVSW_IPPROTO_ICMPV6, CVSW_ETHERTYPE_IPV6 },
	{ "tcp6",	match_protocol, CVSW_IPPROTO_TCP, CVSW_ETHERTYPE_IPV6 },
	{ "udp6",	match_protocol, CVSW_IPPROTO_UDP, CVSW_ETHERTYPE_IPV6 },
	{ "sctp6",	match_protocol, CVSW_IPPROTO_SCTP, CVSW_ETHERTYPE_IPV6 },
	{ "in_port",	match_in_port, 0, 0 },
	{ "dl_vlan",	match_dl_vlan, 0, VLAN_NONE },
	{ "dl_vlan_pcp", match_dl_vlan_pcp, 0, 7 },
	{ "vlan_vid",	match_vlan_vid, 0, 0x1fff },
	{ "vlan_pcp",	match_dl_vlan_pcp, 0, 7 },
	{ "vlan_tci",	match_vlan_tci, 0, 0xffff },
	{ "eth_src",	match_mac, FIELD_DL_SRC, 0 },
	{ "eth_dst",	match_mac, FIELD_DL_DST, 0 },
	{ "eth_type",	match_dl_type, 0, 0xffff },
	{ "dl_src",	match_mac, FIELD_DL_SRC, 0 },
	{ "dl_dst",	match_mac, FIELD_DL_DST, 0 },
	{ "dl_type",	match_dl_type, 0, 0xffff },
	{ "nw_src",	match_nw_addr, FIELD_NW_SRC, 0 },
	{ "nw_dst",	match_nw_addr, FIELD_NW_DST, 0 },
	{ "ip_src",	match_nw_addr, FIELD_NW_SRC, 0 },
	{ "ip_dst",	match_nw_addr, FIELD_NW_DST, 0 },
	{ "arp_spa",	match_nw_addr, FIELD_NW_SRC, 0 },
	{ "arp_tpa",	match_nw_addr, FIELD_NW_DST, 0 },
	{ "nw_proto",	match_nw_proto, 0, 0xff },
	{ "ip_proto",	match_nw_proto, 0, 0xff },
	{ "arp_op",	match_nw_proto, 0, 0xff },
	{ "nw_tos",	match_nw_tos, 0, 0 },
	{ "nw_ecn",	match_nw_ecn, 0, 3 },
	{ "ip_dscp",	match_ip_dscp, 0, 0x3f },
	{ "ip_ecn",	match_nw_ecn, 0, 3 },
	{ "tp_src",	match_port, FIELD_TP_SRC, 0xffff },
	{ "tp_dst",	match_port, FIELD_TP_DST, 0xffff },
	{ "icmp_type",	match_port, FIELD_TP_SRC, 0xff },
	{ "icmp_code",	match_port, FIELD_TP_DST, 0xff },
	{ "tcp_src",	match_port, FIELD_TP_SRC, 0xffff },
	{ "tcp_dst",	match_port, FIELD_TP_DST, 0xffff },
	{ "udp_src",	match_port, FIELD_TP_SRC, 0xffff },
	{ "udp_dst",	match_port, FIELD_TP_DST, 0xffff },
	{ "sctp_src",	match_port, FIELD_TP_SRC, 0xffff },
	{ "sctp_dst",	match_port, FIELD_TP_DST, 0xffff },
	{ "icmpv6_type", match_port, FIELD_TP_SRC, 0xff },
	{ "icmpv6_code", match_port, FIELD_TP_DST, 0xff },
	{ "tun_type",	match_tun_type, 0, 0xff },
	{ "tun_id",	match_metadata, FIELD_TUN_ID, 0xffffffff },
	{ "tunnel_id",	match_metadata, FIELD_TUN_ID, 0xffffffff },
	{ "tun_src",	match_tun_addr, FIELD_TUN_SRC, 0 },
	{ "tun_dst",	match_tun_addr, FIELD_TUN_DST, 0 },
	{ "tun_ipv6_src", match_tun_addr, FIELD_TUN_SRC, 0 },
	{ "tun_ipv6_dst", match_tun_addr, FIELD_TUN_DST, 0 },
	{ "sa",		match_metadata, FIELD_SA, 0xffffffff },
	{ "pass",	match_metadata, FIELD_PASS, 0xff },
	{ NULL,		NULL, 0, 0 },
};

const char *text_ethertype_name(uint16_t dl_type)
{
	const struct text_keyword *keyword;

	for (keyword = text_match_keywords; keyword->parse == match_ethertype; keyword++)
		if (keyword->arg == dl_type)
			return keyword->name;
	return NULL;
}

/* A field that the named protocol does not have would be ignored without a word. */
static bool check_ignored(struct text_parser *p, const struct cvsw_key *given)
{
	const struct cvsw_key *left = &p->flow->match.mask;
	const char *at = NULL;

	if (given->nw_src && !left->nw_src)
		at = p->seen[FIELD_NW_SRC];
	else if (given->nw_dst && !left->nw_dst)
		at = p->seen[FIELD_NW_DST];
	else if (given->nw_proto && !left->nw_proto)
		at = p->seen[FIELD_NW_PROTO];
	else if (given->nw_tos && !left->nw_tos)
		at = p->seen[FIELD_NW_TOS] ? p->seen[FIELD_NW_TOS] : p->seen[FIELD_NW_ECN];
	else if (given->tp_src && !left->tp_src)
		at = p->seen[FIELD_TP_SRC];
	else if (given->tp_dst && !left->tp_dst)
		at = p->seen[FIELD_TP_DST];
	if (at)
		return text_fail(p, at, "the protocol named has no %.*s",
				 text_shown(strcspn(at, TEXT_SEPARATORS TEXT_ASSIGNMENTS)), at);
	return true;
}

/* What a field needs, as people write it. */
static const char *const need_names[] = {
	[CVSW_NEED_ARP] = "arp", [CVSW_NEED_IPV4] = "ip", [CVSW_NEED_IPV6] = "ipv6",
	[CVSW_NEED_IP] = "ip or ipv6", [CVSW_NEED_TCP] = "tcp or tcp6",
	[CVSW_NEED_UDP] = "udp or udp6", [CVSW_NEED_SCTP] = "sctp or sctp6",
	[CVSW_NEED_ICMPV6] = "icmp6",
	[CVSW_NEED_ND_SOLICIT] = "icmp6,icmp_type=135,icmp_code=0",
	[CVSW_NEED_ND_ADVERT] = "icmp6,icmp_type=136,icmp_code=0",
	[CVSW_NEED_ND] = "icmp6,icmp_type=135 or 136,icmp_code=0",
};

static bool check_needs(struct text_parser *p)
{
	const struct cvsw_match *match = &p->flow->match;
	unsigned int field;

	for (field = 0; field < N_FIELDS; field++) {
		const char *at = p->seen[field];
		uint8_t need = p->needs[field];
		bool any_icmp = need == TEXT_NEED_ANY_ICMP;

		if (any_icmp ? cvsw_match_names(match, CVSW_NEED_ICMP) ||
			       cvsw_match_names(match, CVSW_NEED_ICMPV6) :
			       cvsw_match_names(match, need))
			continue;
		return text_fail(p, at, "%.*s needs %s",
				 text_shown(strcspn(at, TEXT_SEPARATORS TEXT_ASSIGNMENTS)), at,
				 any_icmp ? "icmp or icmp6" : need_names[need]);
	}
	return true;
}

bool text_check_match(struct text_parser *p)
{
	struct cvsw_match *match = &p->flow->match;
	const struct cvsw_key given = match->mask;
	bool icmp;

	if (p->seen[FIELD_VLAN_TCI] && (p->seen[FIELD_DL_VLAN] || p->seen[FIELD_DL_VLAN_PCP]))
		return text_fail(p, p->seen[FIELD_VLAN_TCI], "vlan_tci says what dl_vlan and "
				 "dl_vlan_pcp say: expected one of both ways");
	if (p->untagged && p->seen[FIELD_DL_VLAN_PCP])
		return text_fail(p, p->seen[FIELD_DL_VLAN_PCP],
				 "an untagged frame has no dl_vlan_pcp");
	cvsw_match_normalize(match);
	if (!check_needs(p) || !check_ignored(p, &given))
		return false;
	icmp = cvsw_match_names(match, CVSW_NEED_ICMP) || cvsw_match_names(match, CVSW_NEED_ICMPV6);
	if (icmp && match->key.tp_src > 0xff)
		return text_fail(p, p->seen[FIELD_TP_SRC], "expected an ICMP type from 0 to 255");
	if (icmp && match->key.tp_dst > 0xff)
		return text_fail(p, p->seen[FIELD_TP_DST], "expected an ICMP code from 0 to 255");
	return true;
}

