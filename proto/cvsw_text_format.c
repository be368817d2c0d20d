// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Flows, as ovs-ofctl dump-flows prints them. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

#include "cvsw_text_parser.h"

#define DEFAULT_PRIORITY	32768

/* @len: of the whole text, also of what found no room. */
struct text {
	char *buf;
	size_t room;
	size_t len;
};

__attribute__((format(printf, 2, 3)))
static void put(struct text *t, const char *format, ...)
{
	bool full = t->len >= t->room;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(full ? NULL : t->buf + t->len, full ? 0 : t->room - t->len, format, args);
	va_end(args);
	if (n > 0)
		t->len += (size_t)n;
}

/* Fields are separated by commas; @start is where their row began. */
static void put_comma(struct text *t, size_t start)
{
	if (t->len > start)
		put(t, ",");
}

/* The first of some words. */
static void put_word(struct text *t, const char *words)
{
	int len = (int)strcspn(words, " ");

	put(t, "%c%.*s", *words | 0x20, len - 1, words + 1);
}

static void put_mac(struct text *t, const uint8_t mac[CVSW_ETH_ALEN])
{
	put(t, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void put_ipv4(struct text *t, uint32_t addr)
{
	put(t, "%u.%u.%u.%u", addr >> 24, addr >> 16 & 0xff, addr >> 8 & 0xff, addr & 0xff);
}

static void put_masked_ipv4(struct text *t, uint32_t addr, uint32_t mask)
{
	unsigned int bits = (unsigned int)__builtin_popcount(mask);

	put_ipv4(t, addr);
	if (mask & (~mask >> 1)) {
		put(t, "/");
		put_ipv4(t, mask);
	} else if (bits < 32) {
		put(t, "/%u", bits);
	}
}

static void put_masked_mac(struct text *t, const uint8_t mac[CVSW_ETH_ALEN],
			   const uint8_t mask[CVSW_ETH_ALEN])
{
	static const uint8_t whole[CVSW_ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	put_mac(t, mac);
	if (!memcmp(mask, whole, sizeof(whole)))
		return;
	put(t, "/");
	put_mac(t, mask);
}

static uint32_t ipv4_of(const uint8_t *ip)
{
	return (uint32_t)text_from_wide(ip);
}

static void put_ipv6(struct text *t, const uint8_t ip[CVSW_IP_LEN])
{
	char buf[INET6_ADDRSTRLEN];

	put(t, "%s", inet_ntop(AF_INET6, ip, buf, sizeof(buf)));
}

/* A prefix length if the mask is one. */
static void put_masked_ipv6(struct text *t, const uint8_t addr[CVSW_IP_LEN],
			    const uint8_t mask[CVSW_IP_LEN])
{
	unsigned int bits = 0, i;
	uint8_t prefix[CVSW_IP_LEN];

	while (bits < 128 && mask[bits / 8] & 0x80 >> bits % 8)
		bits++;
	for (i = 0; i < CVSW_IP_LEN; i++)
		prefix[i] = (uint8_t)(i < bits / 8 ? 0xff : i > bits / 8 ? 0 : 0xff00 >> bits % 8);
	put_ipv6(t, addr);
	if (memcmp(mask, prefix, sizeof(prefix))) {
		put(t, "/");
		put_ipv6(t, mask);
	} else if (bits < 128) {
		put(t, "/%u", bits);
	}
}

static void put_flags(struct text *t, uint64_t flags, uint64_t mask)
{
	bool all = mask == CVSW_TCP_FLAGS_MASK, first = true;
	size_t i;

	if (all && !flags)
		put(t, "0");
	for (i = 0; i < TEXT_N_TCP_FLAGS; i++) {
		bool set = flags >> i & 1;

		if (all ? !set : !(mask >> i & 1))
			continue;
		put(t, "%s%s", !all ? set ? "+" : "-" : first ? "" : "|",
		    text_tcp_flags[i]);
		first = false;
	}
}

static const char *frag_name(uint64_t value, uint64_t mask)
{
	size_t i;

	for (i = 0; i < TEXT_N_FRAGS; i++)
		if (text_frags[i].value == value && text_frags[i].mask == mask)
			return text_frags[i].name;
	return "later";	/* its own bit alone: no other fragment has it */
}

/* In hex if there is a mask to show, or @kind is so. */
static void put_number(struct text *t, enum text_kind kind, uint64_t number, uint64_t mask,
		       uint64_t whole)
{
	int digits = kind == KIND_HEX4 || kind == KIND_TAG ? 4 : kind == KIND_HEX5 ? 5 : 1;
	bool decimal = kind == KIND_DEC || kind == KIND_TOS || kind == KIND_PORT;

	if (mask == whole && decimal)
		put(t, "%llu", (unsigned long long)number);
	else if (kind == KIND_HEX)
		put(t, "%#llx", (unsigned long long)number);
	else
		put(t, "0x%0*llx", digits, (unsigned long long)number);
	if (mask != whole)
		put(t, "/0x%0*llx", digits, (unsigned long long)mask);
}

/* What a word says for a value of this kind, or NULL. */
static const char *value_name(enum text_kind kind, uint64_t value, uint64_t mask, uint64_t whole)
{
	if (kind == KIND_FRAG)
		return frag_name(value, mask);
	if (kind == KIND_TUNNEL && mask == whole)
		return value == CVSW_TUNNEL_NONE ? "none" : "vxlan";
	if (kind == KIND_PORT && value == CVSW_HOST)
		return "HOST";
	return kind == KIND_PORT && value == CVSW_NET ? "NET" : NULL;
}

static void put_value(struct text *t, enum cvsw_field field, const uint8_t value[CVSW_WIDE],
		      const uint8_t mask[CVSW_WIDE])
{
	uint64_t number = text_from_wide(value), bits = text_from_wide(mask);
	uint64_t whole = text_field_limit(field);
	enum text_kind kind = text_fields[field].kind;
	const char *name = value_name(kind, number, bits, whole);

	if (name)
		put(t, "%s", name);
	else if (kind == KIND_MAC)
		put_masked_mac(t, value + CVSW_WIDE - CVSW_ETH_ALEN,
			       mask + CVSW_WIDE - CVSW_ETH_ALEN);
	else if (kind == KIND_IPV4)
		put_masked_ipv4(t, (uint32_t)number, (uint32_t)bits);
	else if (kind == KIND_IPV6)
		put_masked_ipv6(t, value, mask);
	else if (kind == KIND_FLAGS)
		put_flags(t, number, bits);
	else
		put_number(t, kind, number, bits, whole);
}

/* The first field of a slot that can say what is matched there. */
static void put_slot(struct text *t, size_t start, const struct cvsw_match *match,
		     uint32_t needs, enum cvsw_slot slot)
{
	uint8_t value[CVSW_WIDE], mask[CVSW_WIDE];
	enum cvsw_field field;

	for (field = 0; field < CVSW_N_FIELDS; field++) {
		const struct cvsw_field_info *info = &cvsw_field_info[field];

		if (info->slot != slot || !(needs >> info->need & 1) ||
		    !cvsw_field_read(match, field, value, mask))
			continue;
		put_comma(t, start);
		put_word(t, text_fields[field].words);
		put(t, "=");
		put_value(t, field, value, mask);
		return;
	}
}

/* ---- tags ---- */

/* Can dl_vlan and dl_vlan_pcp say it? */
static bool has_vlan_words(uint16_t key, uint16_t mask)
{
	uint16_t vid = mask & CVSW_VLAN_VID_MASK, pcp = mask & CVSW_VLAN_PCP_MASK;

	if (mask == CVSW_VLAN_PRESENT)
		return !key;
	return key & CVSW_VLAN_PRESENT && (vid || pcp) &&
	       (!vid || vid == CVSW_VLAN_VID_MASK) && (!pcp || pcp == CVSW_VLAN_PCP_MASK);
}

/* In words for the whole tag or for its parts. */
static void put_vlan(struct text *t, size_t start, const struct cvsw_match *match, uint32_t needs)
{
	uint16_t key = match->key.vlan_tci, mask = match->mask.vlan_tci;

	if (!has_vlan_words(key, mask)) {
		put_slot(t, start, match, needs, CVSW_SLOT_VLAN_TCI);
		return;
	}
	if (mask == CVSW_VLAN_PRESENT || mask & CVSW_VLAN_VID_MASK) {
		put_comma(t, start);
		put(t, key ? "dl_vlan=%u" : "dl_vlan=0xffff", key & CVSW_VLAN_VID_MASK);
	}
	if (mask & CVSW_VLAN_PCP_MASK) {
		put_comma(t, start);
		put(t, "dl_vlan_pcp=%u", key >> CVSW_VLAN_PCP_SHIFT);
	}
}

/* The order of fields is that of ovs-ofctl, which names the protocol first. */
static void put_match(struct text *t, size_t start, const struct cvsw_match *match)
{
	uint32_t needs = cvsw_match_needs(match);
	enum cvsw_slot slot;
	bool both;
	const char *words = text_protocol_words(match, &both);

	if (words) {
		put_comma(t, start);
		put_word(t, words);
	}
	for (slot = 0; slot < CVSW_N_SLOTS; slot++) {
		if (slot == CVSW_SLOT_VLAN_TCI)
			put_vlan(t, start, match, needs);
		else if ((slot != CVSW_SLOT_DL_TYPE || !words) &&
			 (slot != CVSW_SLOT_NW_PROTO || !both))
			put_slot(t, start, match, needs, slot);
	}
}

static void put_vxlan_encap(struct text *t, const struct cvsw_tunnel *tunnel)
{
	put(t, "vxlan_encap(vni=%u,dst=", tunnel->id);
	put_ipv4(t, ipv4_of(tunnel->dst));
	put(t, ",src=");
	put_ipv4(t, ipv4_of(tunnel->src));
	put(t, ",dl_dst=");
	put_mac(t, tunnel->dl_dst);
	put(t, ",dl_src=");
	put_mac(t, tunnel->dl_src);
	if (tunnel->udp_dst != CVSW_VXLAN_PORT)
		put(t, ",port=%u", tunnel->udp_dst);
	if (tunnel->ttl != CVSW_TUNNEL_TTL)
		put(t, ",ttl=%u", tunnel->ttl);
	if (tunnel->flags & CVSW_TUNNEL_INHERIT_TOS)
		put(t, ",tos=inherit");
	else if (tunnel->tos)
		put(t, ",tos=%u", tunnel->tos);
	if (tunnel->flags & CVSW_TUNNEL_CSUM)
		put(t, ",csum");
	put(t, ")");
}

static const char *output_name(uint16_t port)
{
	switch (port) {
	case CVSW_HOST:
		return "output:HOST";
	case CVSW_NET:
		return "output:NET";
	case CVSW_PORT_IN_PORT:
		return "IN_PORT";
	case CVSW_PORT_LOCAL:
		return "LOCAL";
	case CVSW_PORT_FLOOD:
		return "FLOOD";
	case CVSW_PORT_ALL:
		return "ALL";
	case CVSW_PORT_NONE:
		return "output:NONE";
	default:
		return "NORMAL";
	}
}

static void put_subfield(struct text *t, enum cvsw_field field, unsigned int ofs,
			 unsigned int n_bits)
{
	put(t, "%s[", text_fields[field].name);
	if (n_bits == 1)
		put(t, "%u", ofs);
	else if (n_bits < cvsw_field_info[field].bits)
		put(t, "%u..%u", ofs, ofs + n_bits - 1);
	put(t, "]");
}

static void put_move(struct text *t, const struct cvsw_move *move)
{
	put(t, "move:");
	put_subfield(t, move->src, move->src_ofs, move->n_bits);
	put(t, "->");
	put_subfield(t, move->dst, move->dst_ofs, move->n_bits);
}

/* One of OpenFlow 1.0's actions. */
static void put_set(struct text *t, enum cvsw_setter setter, enum cvsw_field field, uint64_t value)
{
	static const char *const words[CVSW_N_SETTERS] = {
#define SETTER_WORDS(id, number, bytes, field, ofs, n_bits, left, right, ones, words) words,
		CVSW_SETTERS(SETTER_WORDS)
#undef SETTER_WORDS
	};
	uint8_t wide[CVSW_WIDE];

	put_word(t, words[setter]);
	put(t, ":");
	text_to_wide(value, wide);
	if (text_fields[field].kind == KIND_MAC)
		put_mac(t, wide + CVSW_WIDE - CVSW_ETH_ALEN);
	else if (text_fields[field].kind == KIND_IPV4)
		put_ipv4(t, (uint32_t)value);
	else
		put(t, "%llu", (unsigned long long)value);
}

static void put_load(struct text *t, const struct cvsw_load *load)
{
	uint64_t value;
	enum cvsw_setter setter = cvsw_setter_of(load, &value);

	if (setter < CVSW_N_SETTERS) {
		put_set(t, setter, load->dst, value);
		return;
	}
	put(t, "load:%#llx->", (unsigned long long)cvsw_load_value(load));
	put_subfield(t, load->dst, load->ofs, load->n_bits);
}

static void put_resubmit(struct text *t, const struct cvsw_resubmit *resubmit)
{
	bool own_port = resubmit->port == CVSW_PORT_IN_PORT;

	if (resubmit->table == CVSW_TABLE_SAME && own_port)
		put(t, "resubmit:IN_PORT");
	else if (resubmit->table == CVSW_TABLE_SAME)
		put(t, "resubmit:%s", resubmit->port == CVSW_HOST ? "HOST" : "NET");
	else
		put(t, "resubmit(%s,%u)", own_port ? "" : resubmit->port == CVSW_HOST ? "HOST" :
		    "NET", resubmit->table);
}

static const char *const action_words[CVSW_N_ACTIONS] = {
#define ACTION_WORD(id, number, type, subtype, length, arguments, word) word,
	CVSW_ACTIONS(ACTION_WORD)
#undef ACTION_WORD
};

/* The parenthesis of a clone or of write_actions stays open. */
static void put_action(struct text *t, const struct cvsw_action *action)
{
	switch (action->type) {
	case CVSW_ACT_OUTPUT:
		put(t, "%s", output_name(action->port));
		break;
	case CVSW_ACT_MOVE:
		put_move(t, &action->move);
		break;
	case CVSW_ACT_LOAD:
		put_load(t, &action->load);
		break;
	case CVSW_ACT_VXLAN_ENCAP:
		put_vxlan_encap(t, &action->tunnel);
		break;
	case CVSW_ACT_ENCRYPT:
		put(t, "encrypt(spi=0x%x)", action->spi);
		break;
	case CVSW_ACT_CLONE:
	case CVSW_ACT_WRITE_ACTIONS:
		put(t, "%s(", action_words[action->type]);
		break;
	case CVSW_ACT_CONTROLLER:
		put(t, "CONTROLLER:%u", action->max_len);
		break;
	case CVSW_ACT_GOTO_TABLE:
		put(t, "goto_table:%u", action->table);
		break;
	case CVSW_ACT_GROUP:
		put(t, "group:%u", action->to_group.id);
		if (action->to_group.hash)
			put(t, "(%s)", text_group_hash(action->to_group.hash));
		break;
	case CVSW_ACT_RESUBMIT:
		put_resubmit(t, &action->resubmit);
		break;
	default:
		if (action->type < CVSW_N_ACTIONS)
			put(t, "%s", action_words[action->type]);
		else
			put(t, "unknown:%u", action->type);
		break;
	}
}

static void put_actions(struct text *t, const struct cvsw_action *actions, size_t n)
{
	size_t i, inside = 0;

	if (!n)
		put(t, "drop");
	for (i = 0; i < n; i++) {
		const struct cvsw_action *action = &actions[i];
		bool clone = action->type == CVSW_ACT_CLONE;

		put_action(t, action);
		if (inside && !--inside)
			put(t, ")");
		if (clone || action->type == CVSW_ACT_WRITE_ACTIONS)
			inside = clone ? action->n_cloned : action->n_written;
		else if (i + 1 < n)
			put(t, ",");
	}
}

static struct text empty_text(char *buf, size_t room)
{
	struct text t = { .buf = buf, .room = room };

	if (room)
		buf[0] = '\0';
	return t;
}

size_t cvsw_text_format_match(const struct cvsw_match *match, char *buf, size_t room)
{
	struct text t = empty_text(buf, room);

	if (match->table && match->table != CVSW_TABLE_ALL)
		put(&t, "table=%u", match->table);
	put_match(&t, 0, match);
	return t.len;
}

/* How long it lasts, and what its flow_mod asks for: as ovs-ofctl dump-flows has it. */
static void put_life(struct text *t, const struct cvsw_flow *flow)
{
	if (flow->idle_timeout)
		put(t, "idle_timeout=%u, ", flow->idle_timeout);
	if (flow->hard_timeout)
		put(t, "hard_timeout=%u, ", flow->hard_timeout);
	if (flow->flags & CVSW_FLOW_SEND_REMOVED)
		put(t, "send_flow_rem ");
	if (flow->flags & CVSW_FLOW_CHECK_OVERLAP)
		put(t, "check_overlap ");
}

size_t cvsw_text_format(const struct cvsw_flow *flow, char *buf, size_t room)
{
	struct text t = empty_text(buf, room);
	size_t start;

	if (flow->cookie)
		put(&t, "cookie=0x%llx, ", (unsigned long long)flow->cookie);
	if (flow->match.table)
		put(&t, "table=%u, ", flow->match.table);
	put_life(&t, flow);
	start = t.len;
	if (flow->priority != DEFAULT_PRIORITY)
		put(&t, "priority=%u", flow->priority);
	put_match(&t, start, &flow->match);
	put(&t, t.len > start ? " actions=" : "actions=");
	put_actions(&t, flow->actions, flow->n_actions);
	return t.len;
}

/* ---- groups ---- */

/* BUCKET*COUNT/BUCKET/...: one for each slot. */
static void put_slots(struct text *t, const char *name, const uint8_t slots[CVSW_GROUP_SLOTS])
{
	unsigned int i, n;

	put(t, ",%s=", name);
	for (i = 0; i < CVSW_GROUP_SLOTS; i += n) {
		for (n = 1; i + n < CVSW_GROUP_SLOTS && slots[i + n] == slots[i]; n++)
			;
		put(t, n > 1 ? "%s%u*%u" : "%s%u", i ? "/" : "", slots[i], n);
	}
}

static void put_key(struct text *t, const uint8_t key[CVSW_GROUP_KEY_LEN])
{
	static const uint8_t none[CVSW_GROUP_KEY_LEN];
	char hex[2 * CVSW_GROUP_KEY_LEN];

	if (!memcmp(key, none, sizeof(none)))
		return;
	cvsw_text_hex(hex, key, CVSW_GROUP_KEY_LEN);
	put(t, ",key=%.*s", (int)sizeof(hex), hex);
}

/* What is as cvsw_group_fill() has it is not said. */
static void put_select(struct text *t, const struct cvsw_group *group)
{
	struct cvsw_group filled;

	put_key(t, group->key);
	/* There may be no more actions than it has. */
	memcpy(&filled, group, offsetof(struct cvsw_group, actions));
	cvsw_group_fill(&filled, NULL);
	if (memcmp(filled.slots, group->slots, sizeof(filled.slots))) {
		put_slots(t, "slots", group->slots);
		memcpy(filled.slots, group->slots, sizeof(filled.slots));
		cvsw_group_fill_backup(&filled);
	}
	if (memcmp(filled.backup, group->backup, sizeof(filled.backup)))
		put_slots(t, "backup", group->backup);
}

static void put_dead(struct text *t, const struct cvsw_group *group)
{
	const char *before = ",dead=";
	unsigned int i;

	for (i = 0; i < group->n_buckets; i++) {
		if (!cvsw_bucket_is_dead(group->dead, i))
			continue;
		put(t, "%s%u", before, i);
		before = ",";
	}
}

size_t cvsw_text_format_group(const struct cvsw_group *group, char *buf, size_t room)
{
	struct text t = empty_text(buf, room);
	bool select = group->type == CVSW_GROUP_TYPE_SELECT;
	unsigned int i;

	put(&t, "group_id=%u,type=%s", group->id, cvsw_text_group_type(group->type));
	if (select)
		put_select(&t, group);
	put_dead(&t, group);
	for (i = 0; i < group->n_buckets; i++) {
		put(&t, ",bucket=");
		if (select && group->buckets[i].weight != 1)
			put(&t, "weight:%u,", group->buckets[i].weight);
		put(&t, "actions=");
		put_actions(&t, cvsw_bucket_actions(group, i), group->buckets[i].n_actions);
	}
	return t.len;
}
