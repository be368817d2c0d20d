// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Flows, from ovs-ofctl's syntax. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "cvsw_ofp10.h"
#include "cvsw_text.h"

#define SEPARATORS	", \t\r\n"
#define ASSIGNMENTS	"=:"
#define DEFAULT_PRIORITY	32768
#define EXACT_PRIORITY		65535
#define VLAN_NONE		0xffff
#define ETHERTYPE_IPV6		0x86dd

/* What a text can say once; where it did is kept for complaints. */
enum field {
	FIELD_PRIORITY, FIELD_COOKIE, FIELD_IN_PORT, FIELD_DL_VLAN, FIELD_DL_VLAN_PCP,
	FIELD_DL_SRC, FIELD_DL_DST, FIELD_DL_TYPE, FIELD_NW_SRC, FIELD_NW_DST,
	FIELD_NW_PROTO, FIELD_NW_TOS, FIELD_TP_SRC, FIELD_TP_DST,
	N_FIELDS
};

/*
 * @needs_arp, @needs_icmp: the last keyword that makes sense with this protocol
 * only
 */
struct parser {
	const char *text;
	const char *at;
	enum cvsw_text_use use;
	struct cvsw_flow *flow;
	struct cvsw_text_error *error;
	const char *seen[N_FIELDS];
	const char *needs_arp;
	const char *needs_icmp;
};

/* NAME, NAME=VALUE or NAME:VALUE; @value is NULL without one. */
struct word {
	const char *name;
	size_t name_len;
	const char *value;
	size_t value_len;
};

/*
 * @arg: an EtherType, a protocol, a field, or an action type, as @parse has it
 * @limit: the largest number the value may be
 */
struct keyword {
	const char *name;
	bool (*parse)(struct parser *p, const struct word *word, const struct keyword *keyword);
	unsigned int arg;
	unsigned int limit;
};

__attribute__((format(printf, 3, 4)))
static bool fail(struct parser *p, const char *at, const char *format, ...)
{
	va_list args;

	p->error->column = (unsigned int)(at - p->text) + 1;
	va_start(args, format);
	vsnprintf(p->error->message, sizeof(p->error->message), format, args);
	va_end(args);
	return false;
}

/* For "%.*s": error messages are short, texts need not be. */
static int shown(size_t len)
{
	return len < 40 ? (int)len : 40;
}

static bool same(const char *name, size_t len, const char *other)
{
	return strlen(other) == len && !strncasecmp(name, other, len);
}

/* The next word, or false at the end. */
static bool next_word(struct parser *p, struct word *word)
{
	p->at += strspn(p->at, SEPARATORS);
	if (!*p->at)
		return false;
	word->name = p->at;
	word->name_len = strcspn(p->at, SEPARATORS ASSIGNMENTS);
	word->value = NULL;
	word->value_len = 0;
	p->at += word->name_len;
	if (*p->at && strchr(ASSIGNMENTS, *p->at)) {
		word->value = ++p->at;
		word->value_len = strcspn(p->at, SEPARATORS);
		p->at += word->value_len;
	}
	return true;
}

static bool want_value(struct parser *p, const struct word *word)
{
	if (word->value_len)
		return true;
	return fail(p, word->name + word->name_len, "%.*s needs a value: expected %.*s=...",
		    shown(word->name_len), word->name, shown(word->name_len), word->name);
}

static bool want_no_value(struct parser *p, const struct word *word)
{
	if (!word->value)
		return true;
	return fail(p, word->value - 1, "%.*s takes no value",
		    shown(word->name_len), word->name);
}

/* As strtoull() reads it in base 0, but whole and without a sign. */
static bool parse_number(struct parser *p, const struct word *word, uint64_t limit,
			 uint64_t *number)
{
	static const char digits[] = "0123456789abcdefABCDEFxX";
	char copy[24], *end;

	if (!want_value(p, word))
		return false;
	if (word->value_len >= sizeof(copy))
		goto bad;
	memcpy(copy, word->value, word->value_len);
	copy[word->value_len] = '\0';
	if (strspn(copy, digits) != word->value_len || copy[0] < '0' || copy[0] > '9')
		goto bad;
	errno = 0;
	*number = strtoull(copy, &end, 0);
	if (!*end && !errno && *number <= limit)
		return true;
bad:
	return fail(p, word->value, "%.*s: expected a number from 0 to %llu for %.*s",
		    shown(word->value_len), word->value, (unsigned long long)limit,
		    shown(word->name_len), word->name);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* One or two digits a byte, as ether_aton() reads them; false if not whole. */
static bool read_mac(const char *text, size_t len, uint8_t mac[CVSW_ETH_ALEN])
{
	size_t at = 0;
	int i;

	for (i = 0; i < CVSW_ETH_ALEN; i++) {
		if (i && (at >= len || text[at++] != ':'))
			return false;
		if (at >= len || hex_digit(text[at]) < 0)
			return false;
		mac[i] = (uint8_t)hex_digit(text[at++]);
		if (at < len && hex_digit(text[at]) >= 0)
			mac[i] = (uint8_t)(mac[i] << 4 | hex_digit(text[at++]));
	}
	return at == len;
}

bool cvsw_text_mac(const char *text, uint8_t mac[CVSW_ETH_ALEN])
{
	return read_mac(text, strlen(text), mac);
}

static bool parse_mac(struct parser *p, const struct word *word, uint8_t mac[CVSW_ETH_ALEN])
{
	if (!want_value(p, word))
		return false;
	if (memchr(word->value, '/', word->value_len))
		return fail(p, word->value, "a mask on a MAC address is not supported yet");
	if (!read_mac(word->value, word->value_len, mac))
		return fail(p, word->value, "%.*s: expected a MAC address like 02:00:00:00:00:01",
			    shown(word->value_len), word->value);
	return true;
}

/* Dotted quad at @text; returns its length or 0. */
static size_t read_ipv4(const char *text, size_t len, uint32_t *addr)
{
	size_t at = 0;
	int i;

	*addr = 0;
	for (i = 0; i < 4; i++) {
		unsigned int byte = 0, n = 0;

		if (i && (at >= len || text[at++] != '.'))
			return 0;
		for (; at < len && text[at] >= '0' && text[at] <= '9' && n < 3; n++)
			byte = byte * 10 + (unsigned int)(text[at++] - '0');
		if (!n || byte > 255)
			return 0;
		*addr = *addr << 8 | byte;
	}
	return at;
}

static bool parse_ipv4(struct parser *p, const struct word *word, uint32_t *addr)
{
	if (!want_value(p, word))
		return false;
	if (read_ipv4(word->value, word->value_len, addr) != word->value_len)
		return fail(p, word->value, "%.*s: expected an IPv4 address like 10.0.0.1",
			    shown(word->value_len), word->value);
	return true;
}

/* Behind the slash: how many bits, or a netmask. */
static bool parse_prefix(struct parser *p, const char *text, size_t len, uint32_t *mask)
{
	unsigned int bits = 0;
	size_t at = 0;

	if (len && read_ipv4(text, len, mask) == len) {
		uint32_t low = ~*mask;

		if (low & (low + 1))
			return fail(p, text, "%.*s: expected a netmask of ones, then zeroes",
				    shown(len), text);
		return true;
	}
	for (; at < len && at < 2 && text[at] >= '0' && text[at] <= '9'; at++)
		bits = bits * 10 + (unsigned int)(text[at] - '0');
	if (!len || at != len || bits > 32)
		return fail(p, text, "%.*s: expected a prefix length from 0 to 32, or a netmask",
			    shown(len), text);
	*mask = bits ? 0xffffffff << (32 - bits) : 0;
	return true;
}

static bool first_time(struct parser *p, const struct word *word, enum field field)
{
	if (p->seen[field])
		return fail(p, word->name, "%.*s was given before, in column %u",
			    shown(word->name_len), word->name,
			    (unsigned int)(p->seen[field] - p->text) + 1);
	p->seen[field] = word->name;
	return true;
}

static bool set_dl_type(struct parser *p, const struct word *word, uint16_t dl_type)
{
	struct cvsw_match *match = &p->flow->match;

	if (match->mask.dl_type && match->key.dl_type != dl_type)
		return fail(p, word->name, "%.*s contradicts dl_type=0x%04x of column %u",
			    shown(word->name_len), word->name, match->key.dl_type,
			    (unsigned int)(p->seen[FIELD_DL_TYPE] - p->text) + 1);
	p->seen[FIELD_DL_TYPE] = word->name;
	match->key.dl_type = dl_type;
	match->mask.dl_type = 0xffff;
	return true;
}

static bool set_nw_proto(struct parser *p, const struct word *word, uint8_t nw_proto)
{
	struct cvsw_match *match = &p->flow->match;

	if (match->mask.nw_proto && match->key.nw_proto != nw_proto)
		return fail(p, word->name, "%.*s contradicts nw_proto=%u of column %u",
			    shown(word->name_len), word->name, match->key.nw_proto,
			    (unsigned int)(p->seen[FIELD_NW_PROTO] - p->text) + 1);
	p->seen[FIELD_NW_PROTO] = word->name;
	match->key.nw_proto = nw_proto;
	match->mask.nw_proto = 0xff;
	return true;
}

static bool match_ethertype(struct parser *p, const struct word *word,
			    const struct keyword *keyword)
{
	return want_no_value(p, word) && set_dl_type(p, word, (uint16_t)keyword->arg);
}

static bool match_protocol(struct parser *p, const struct word *word,
			   const struct keyword *keyword)
{
	return want_no_value(p, word) && set_dl_type(p, word, CVSW_ETHERTYPE_IPV4) &&
	       set_nw_proto(p, word, (uint8_t)keyword->arg);
}

static bool match_dl_type(struct parser *p, const struct word *word,
			  const struct keyword *keyword)
{
	uint64_t number;

	return parse_number(p, word, keyword->limit, &number) &&
	       set_dl_type(p, word, (uint16_t)number);
}

static bool match_nw_proto(struct parser *p, const struct word *word,
			   const struct keyword *keyword)
{
	uint64_t number;

	if (!strncmp(word->name, "arp", 3))
		p->needs_arp = word->name;
	return parse_number(p, word, keyword->limit, &number) &&
	       set_nw_proto(p, word, (uint8_t)number);
}

static bool match_in_port(struct parser *p, const struct word *word,
			  const struct keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;

	(void)keyword;
	if (!first_time(p, word, FIELD_IN_PORT) || !want_value(p, word))
		return false;
	if (same(word->value, word->value_len, "HOST") || same(word->value, word->value_len, "1"))
		match->key.in_port = CVSW_HOST;
	else if (same(word->value, word->value_len, "NET") || same(word->value, word->value_len, "2"))
		match->key.in_port = CVSW_NET;
	else
		return fail(p, word->value, "%.*s: expected HOST (1, from the guest) or NET (2, "
			    "from the vswitch)", shown(word->value_len), word->value);
	match->mask.in_port = 0xff;
	return true;
}

static bool match_dl_vlan(struct parser *p, const struct word *word,
			  const struct keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	uint64_t vid;

	if (!first_time(p, word, FIELD_DL_VLAN) ||
	    !parse_number(p, word, keyword->limit, &vid))
		return false;
	match->mask.vlan_tci |= CVSW_VLAN_PRESENT;
	if (vid == VLAN_NONE)
		return true;
	if (vid > CVSW_VLAN_VID_MASK)
		return fail(p, word->value, "%.*s: expected a VLAN id from 0 to 4095, or 0xffff "
			    "for untagged frames", shown(word->value_len), word->value);
	match->key.vlan_tci |= CVSW_VLAN_PRESENT | (uint16_t)vid;
	match->mask.vlan_tci |= CVSW_VLAN_VID_MASK;
	return true;
}

static bool match_dl_vlan_pcp(struct parser *p, const struct word *word,
			      const struct keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	uint64_t pcp;

	if (!first_time(p, word, FIELD_DL_VLAN_PCP) ||
	    !parse_number(p, word, keyword->limit, &pcp))
		return false;
	match->key.vlan_tci |= CVSW_VLAN_PRESENT | (uint16_t)(pcp << CVSW_VLAN_PCP_SHIFT);
	match->mask.vlan_tci |= CVSW_VLAN_PRESENT | CVSW_VLAN_PCP_MASK;
	return true;
}

static bool match_mac(struct parser *p, const struct word *word, const struct keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	bool src = keyword->arg == FIELD_DL_SRC;

	if (!first_time(p, word, keyword->arg) ||
	    !parse_mac(p, word, src ? match->key.dl_src : match->key.dl_dst))
		return false;
	memset(src ? match->mask.dl_src : match->mask.dl_dst, 0xff, CVSW_ETH_ALEN);
	return true;
}

static bool match_nw_addr(struct parser *p, const struct word *word,
			  const struct keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	bool src = keyword->arg == FIELD_NW_SRC;
	struct word addr = *word;
	const char *slash;
	uint32_t key, mask = 0xffffffff;

	if (!first_time(p, word, keyword->arg))
		return false;
	if (!strncmp(word->name, "arp", 3))
		p->needs_arp = word->name;
	slash = word->value ? memchr(word->value, '/', word->value_len) : NULL;
	if (slash)
		addr.value_len = (size_t)(slash - word->value);
	if (!parse_ipv4(p, &addr, &key))
		return false;
	if (slash && !parse_prefix(p, slash + 1, word->value_len - addr.value_len - 1, &mask))
		return false;
	*(src ? &match->key.nw_src : &match->key.nw_dst) = key;
	*(src ? &match->mask.nw_src : &match->mask.nw_dst) = mask;
	return true;
}

static bool parse_tos(struct parser *p, const struct word *word, uint8_t *tos)
{
	uint64_t number;

	if (!parse_number(p, word, 0xff, &number))
		return false;
	if (number & 3)
		return fail(p, word->value, "%.*s: expected a ToS byte without its two ECN bits: "
			    "a multiple of 4", shown(word->value_len), word->value);
	*tos = (uint8_t)number;
	return true;
}

static bool match_nw_tos(struct parser *p, const struct word *word,
			 const struct keyword *keyword)
{
	(void)keyword;
	p->flow->match.mask.nw_tos = 0xfc;
	return first_time(p, word, FIELD_NW_TOS) && parse_tos(p, word, &p->flow->match.key.nw_tos);
}

static bool match_port(struct parser *p, const struct word *word, const struct keyword *keyword)
{
	struct cvsw_match *match = &p->flow->match;
	bool src = keyword->arg == FIELD_TP_SRC;
	uint64_t number;

	if (!first_time(p, word, keyword->arg) ||
	    !parse_number(p, word, keyword->limit, &number))
		return false;
	if (!strncmp(word->name, "icmp", 4))
		p->needs_icmp = word->name;
	*(src ? &match->key.tp_src : &match->key.tp_dst) = (uint16_t)number;
	*(src ? &match->mask.tp_src : &match->mask.tp_dst) = 0xffff;
	return true;
}

static bool flow_number(struct parser *p, const struct word *word, const struct keyword *keyword)
{
	bool priority = keyword->arg == FIELD_PRIORITY;
	uint64_t number;

	if (p->use == CVSW_TEXT_MATCH)
		return fail(p, word->name, "%s= is no part of a match", keyword->name);
	if (!first_time(p, word, keyword->arg) ||
	    !parse_number(p, word, priority ? 0xffff : UINT64_MAX, &number))
		return false;
	if (priority)
		p->flow->priority = (uint16_t)number;
	else
		p->flow->cookie = number;
	return true;
}

static bool not_yet(struct parser *p, const struct word *word, const struct keyword *keyword)
{
	return fail(p, word->name, "%s is not supported yet", keyword->name);
}

static const struct keyword match_keywords[] = {
	{ "ip",		match_ethertype, CVSW_ETHERTYPE_IPV4, 0 },
	{ "arp",	match_ethertype, CVSW_ETHERTYPE_ARP, 0 },
	{ "ipv6",	match_ethertype, ETHERTYPE_IPV6, 0 },
	{ "icmp",	match_protocol, CVSW_IPPROTO_ICMP, 0 },
	{ "tcp",	match_protocol, CVSW_IPPROTO_TCP, 0 },
	{ "udp",	match_protocol, CVSW_IPPROTO_UDP, 0 },
	{ "sctp",	match_protocol, CVSW_IPPROTO_SCTP, 0 },
	{ "in_port",	match_in_port, 0, 0 },
	{ "dl_vlan",	match_dl_vlan, 0, VLAN_NONE },
	{ "dl_vlan_pcp", match_dl_vlan_pcp, 0, 7 },
	{ "dl_src",	match_mac, FIELD_DL_SRC, 0 },
	{ "dl_dst",	match_mac, FIELD_DL_DST, 0 },
	{ "dl_type",	match_dl_type, 0, 0xffff },
	{ "nw_src",	match_nw_addr, FIELD_NW_SRC, 0 },
	{ "nw_dst",	match_nw_addr, FIELD_NW_DST, 0 },
	{ "arp_spa",	match_nw_addr, FIELD_NW_SRC, 0 },
	{ "arp_tpa",	match_nw_addr, FIELD_NW_DST, 0 },
	{ "nw_proto",	match_nw_proto, 0, 0xff },
	{ "arp_op",	match_nw_proto, 0, 0xff },
	{ "nw_tos",	match_nw_tos, 0, 0 },
	{ "tp_src",	match_port, FIELD_TP_SRC, 0xffff },
	{ "tp_dst",	match_port, FIELD_TP_DST, 0xffff },
	{ "icmp_type",	match_port, FIELD_TP_SRC, 0xff },
	{ "icmp_code",	match_port, FIELD_TP_DST, 0xff },
	{ "priority",	flow_number, FIELD_PRIORITY, 0 },
	{ "cookie",	flow_number, FIELD_COOKIE, 0 },
	{ "idle_timeout", not_yet, 0, 0 },
	{ "hard_timeout", not_yet, 0, 0 },
	{ "importance",	not_yet, 0, 0 },
	{ "send_flow_rem", not_yet, 0, 0 },
	{ "check_overlap", not_yet, 0, 0 },
	{ "table",	not_yet, 0, 0 },
	{ "out_port",	not_yet, 0, 0 },
	{ "tun_id",	not_yet, 0, 0 },
	{ "tcp6",	not_yet, 0, 0 },
	{ "udp6",	not_yet, 0, 0 },
	{ "icmp6",	not_yet, 0, 0 },
	{ "ipv6_src",	not_yet, 0, 0 },
	{ "ipv6_dst",	not_yet, 0, 0 },
	{ "vlan_tci",	not_yet, 0, 0 },
	{ NULL,		NULL, 0, 0 },
};

static struct cvsw_action *add_action(struct parser *p, const struct word *word, uint16_t type)
{
	struct cvsw_flow *flow = p->flow;
	struct cvsw_action *action;

	if (flow->n_actions && flow->actions[flow->n_actions - 1].type == CVSW_ACT_OUTPUT) {
		fail(p, word->name, "%.*s comes behind an output, which must be last",
		     shown(word->name_len), word->name);
		return NULL;
	}
	if (flow->n_actions == CVSW_MAX_ACTIONS) {
		fail(p, word->name, "a flow has at most %d actions", CVSW_MAX_ACTIONS);
		return NULL;
	}
	action = &flow->actions[flow->n_actions++];
	action->type = type;
	return action;
}

static bool act_plain(struct parser *p, const struct word *word, const struct keyword *keyword)
{
	struct cvsw_action *action;

	if (!want_no_value(p, word))
		return false;
	action = add_action(p, word, (uint16_t)keyword->arg);
	if (action && action->type == CVSW_ACT_OUTPUT)
		action->port = CVSW_PORT_ONWARD;
	return action;
}

static bool act_output(struct parser *p, const struct word *word, const struct keyword *keyword)
{
	struct cvsw_action *action;

	if (!want_value(p, word))
		return false;
	if (!same(word->value, word->value_len, "NORMAL"))
		return fail(p, word->value, "%.*s: expected NORMAL; other outputs are not "
			    "supported yet", shown(word->value_len), word->value);
	action = add_action(p, word, (uint16_t)keyword->arg);
	if (action)
		action->port = CVSW_PORT_ONWARD;
	return action;
}

static bool act_mac(struct parser *p, const struct word *word, const struct keyword *keyword)
{
	struct cvsw_action *action = add_action(p, word, (uint16_t)keyword->arg);

	return action && parse_mac(p, word, action->mac);
}

static bool act_nw_addr(struct parser *p, const struct word *word, const struct keyword *keyword)
{
	struct cvsw_action *action = add_action(p, word, (uint16_t)keyword->arg);

	return action && parse_ipv4(p, word, &action->nw_addr);
}

static bool act_nw_tos(struct parser *p, const struct word *word, const struct keyword *keyword)
{
	struct cvsw_action *action = add_action(p, word, (uint16_t)keyword->arg);

	return action && parse_tos(p, word, &action->nw_tos);
}

static bool act_number(struct parser *p, const struct word *word, const struct keyword *keyword)
{
	struct cvsw_action *action = add_action(p, word, (uint16_t)keyword->arg);
	uint64_t number;

	if (!action || !parse_number(p, word, keyword->limit, &number))
		return false;
	if (action->type == CVSW_ACT_SET_VLAN_VID)
		action->vlan_vid = (uint16_t)number;
	else if (action->type == CVSW_ACT_SET_VLAN_PCP)
		action->vlan_pcp = (uint8_t)number;
	else
		action->tp_port = (uint16_t)number;
	return true;
}

static const struct keyword action_keywords[] = {
	{ "normal",	act_plain, CVSW_ACT_OUTPUT, 0 },
	{ "output",	act_output, CVSW_ACT_OUTPUT, 0 },
	{ "mod_vlan_vid", act_number, CVSW_ACT_SET_VLAN_VID, CVSW_VLAN_VID_MASK },
	{ "mod_vlan_pcp", act_number, CVSW_ACT_SET_VLAN_PCP, 7 },
	{ "strip_vlan",	act_plain, CVSW_ACT_STRIP_VLAN, 0 },
	{ "mod_dl_src",	act_mac, CVSW_ACT_SET_DL_SRC, 0 },
	{ "mod_dl_dst",	act_mac, CVSW_ACT_SET_DL_DST, 0 },
	{ "mod_nw_src",	act_nw_addr, CVSW_ACT_SET_NW_SRC, 0 },
	{ "mod_nw_dst",	act_nw_addr, CVSW_ACT_SET_NW_DST, 0 },
	{ "mod_nw_tos",	act_nw_tos, CVSW_ACT_SET_NW_TOS, 0 },
	{ "mod_tp_src",	act_number, CVSW_ACT_SET_TP_SRC, 0xffff },
	{ "mod_tp_dst",	act_number, CVSW_ACT_SET_TP_DST, 0xffff },
	{ "controller",	not_yet, 0, 0 },
	{ "flood",	not_yet, 0, 0 },
	{ "all",	not_yet, 0, 0 },
	{ "local",	not_yet, 0, 0 },
	{ "in_port",	not_yet, 0, 0 },
	{ "enqueue",	not_yet, 0, 0 },
	{ "resubmit",	not_yet, 0, 0 },
	{ "set_field",	not_yet, 0, 0 },
	{ "push_vlan",	not_yet, 0, 0 },
	{ "pop_vlan",	not_yet, 0, 0 },
	{ NULL,		NULL, 0, 0 },
};

static const struct keyword *find_keyword(const struct keyword *keyword, const struct word *word)
{
	while (keyword->name && !same(word->name, word->name_len, keyword->name))
		keyword++;
	return keyword->name ? keyword : NULL;
}

static bool parse_actions(struct parser *p)
{
	struct word word;
	const char *drop = NULL;

	while (next_word(p, &word)) {
		const struct keyword *keyword = find_keyword(action_keywords, &word);

		if (drop || (same(word.name, word.name_len, "drop") && p->flow->n_actions))
			return fail(p, drop ? drop : word.name, "drop stands alone");
		if (same(word.name, word.name_len, "drop")) {
			if (!want_no_value(p, &word))
				return false;
			drop = word.name;
			continue;
		}
		if (!keyword)
			return fail(p, word.name, "unknown action %.*s",
				    shown(word.name_len), word.name);
		if (!keyword->parse(p, &word, keyword))
			return false;
	}
	return true;
}

/* Fields up to actions=; @has_actions: whether that came. */
static bool parse_fields(struct parser *p, bool *has_actions)
{
	struct word word;

	*has_actions = false;
	while (next_word(p, &word)) {
		const struct keyword *keyword = find_keyword(match_keywords, &word);

		if (word.value && (same(word.name, word.name_len, "actions") ||
				   same(word.name, word.name_len, "action"))) {
			if (p->use == CVSW_TEXT_MATCH)
				return fail(p, word.name, "actions= is no part of a match");
			p->at = word.value;
			*has_actions = true;
			return true;
		}
		if (!keyword)
			return fail(p, word.name, "unknown keyword %.*s",
				    shown(word.name_len), word.name);
		if (!keyword->parse(p, &word, keyword))
			return false;
	}
	return true;
}

/* A field that the named protocol does not have would be ignored without a word. */
static bool check_ignored(struct parser *p, const struct cvsw_key *given)
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
		at = p->seen[FIELD_NW_TOS];
	else if (given->tp_src && !left->tp_src)
		at = p->seen[FIELD_TP_SRC];
	else if (given->tp_dst && !left->tp_dst)
		at = p->seen[FIELD_TP_DST];
	if (at)
		return fail(p, at, "the protocol named has no %.*s",
			    shown(strcspn(at, SEPARATORS ASSIGNMENTS)), at);
	return true;
}

static bool check_match(struct parser *p)
{
	struct cvsw_match *match = &p->flow->match;
	const struct cvsw_key given = match->mask;
	bool icmp;

	if (p->seen[FIELD_DL_VLAN] && p->seen[FIELD_DL_VLAN_PCP] &&
	    !(match->mask.vlan_tci & CVSW_VLAN_VID_MASK))
		return fail(p, p->seen[FIELD_DL_VLAN_PCP], "an untagged frame has no dl_vlan_pcp");
	if (p->needs_arp && match->key.dl_type != CVSW_ETHERTYPE_ARP)
		return fail(p, p->needs_arp, "%.*s needs arp",
			    shown(strcspn(p->needs_arp, ASSIGNMENTS)), p->needs_arp);
	icmp = match->mask.nw_proto && match->key.nw_proto == CVSW_IPPROTO_ICMP;
	if (p->needs_icmp && !icmp)
		return fail(p, p->needs_icmp, "%.*s needs icmp",
			    shown(strcspn(p->needs_icmp, ASSIGNMENTS)), p->needs_icmp);
	cvsw_match_normalize(match);
	if (!check_ignored(p, &given))
		return false;
	icmp = match->mask.nw_proto && match->key.nw_proto == CVSW_IPPROTO_ICMP;
	if (icmp && match->key.tp_src > 0xff)
		return fail(p, p->seen[FIELD_TP_SRC], "expected an ICMP type from 0 to 255");
	if (icmp && match->key.tp_dst > 0xff)
		return fail(p, p->seen[FIELD_TP_DST], "expected an ICMP code from 0 to 255");
	return true;
}

static bool check_priority(struct parser *p)
{
	struct cvsw_flow *flow = p->flow;

	if (!cvsw_ofp10_is_exact(&flow->match))
		return true;
	if (p->seen[FIELD_PRIORITY] && flow->priority != EXACT_PRIORITY)
		return fail(p, p->seen[FIELD_PRIORITY],
			    "a match without wildcards always has priority %d", EXACT_PRIORITY);
	flow->priority = EXACT_PRIORITY;
	return true;
}

bool cvsw_text_parse(enum cvsw_text_use use, const char *text,
		     struct cvsw_flow *flow, struct cvsw_text_error *error)
{
	struct parser p = {
		.text = text, .at = text, .use = use, .flow = flow, .error = error,
	};
	bool has_actions;

	memset(flow, 0, sizeof(*flow));
	flow->priority = DEFAULT_PRIORITY;
	if (!parse_fields(&p, &has_actions))
		return false;
	if (use == CVSW_TEXT_ADD && !has_actions)
		return fail(&p, p.at, "expected actions=");
	if (has_actions && !parse_actions(&p))
		return false;
	return check_match(&p) && check_priority(&p);
}
