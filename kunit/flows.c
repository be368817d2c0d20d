// SPDX-License-Identifier: GPL-2.0
#include <linux/in.h>
#include <linux/slab.h>

#include "../drivers/cvsw/table/table_parts.h"
#include "flows.h"
#include "frames.h"

/* ---- the reference ---- */

bool flows_matches(const struct cvsw_match *match, const struct cvsw_key *key)
{
	const u8 *bits = (const u8 *)key, *mask = (const u8 *)&match->mask;
	const u8 *value = (const u8 *)&match->key;
	unsigned int i;

	if (match->table != key->table)
		return false;
	for (i = 0; i < sizeof(*key); i++)
		if ((bits[i] & mask[i]) != value[i])
			return false;
	return true;
}

int flows_best_priority(const struct flow_list *list, const struct cvsw_key *key)
{
	unsigned int i;
	int best = -1;

	for (i = 0; i < list->n; i++)
		if (flows_matches(&list->flows[i].match, key))
			best = max_t(int, best, list->flows[i].priority);
	return best;
}

/* Return: index of the flow, or list->n. */
unsigned int flows_find(const struct flow_list *list, const struct cvsw_match *match,
			      u16 priority)
{
	unsigned int i;

	for (i = 0; i < list->n; i++)
		if (list->flows[i].priority == priority &&
		    cvsw_match_equal(&list->flows[i].match, match))
			break;
	return i;
}

/* Is there a frame that both match?  Bit by bit. */
static bool flows_meet(const struct cvsw_flow *a, const struct cvsw_flow *b)
{
	const unsigned long *a_key = (const unsigned long *)&a->match.key;
	const unsigned long *b_key = (const unsigned long *)&b->match.key;
	const unsigned long *a_mask = (const unsigned long *)&a->match.mask;
	const unsigned long *b_mask = (const unsigned long *)&b->match.mask;
	unsigned int bit;

	for (bit = 0; bit < 8 * sizeof(struct cvsw_key); bit++)
		if (test_bit(bit, a_mask) && test_bit(bit, b_mask) &&
		    test_bit(bit, a_key) != test_bit(bit, b_key))
			return false;
	return a->priority == b->priority && a->match.table == b->match.table;
}

static int flows_add(struct flow_list *list, const struct cvsw_flow *flow)
{
	unsigned int i = flows_find(list, &flow->match, flow->priority), j;

	if (i == list->n && flow->flags & CVSW_FLOW_CHECK_OVERLAP)
		for (j = 0; j < list->n; j++)
			if (flows_meet(&list->flows[j], flow))
				return -EEXIST;
	list->flows[i] = *flow;
	list->flows[i].flags &= ~CVSW_FLOW_CHECK_OVERLAP;
	if (i == list->n)
		list->n++;
	return 0;
}

static bool flows_outputs(const struct cvsw_flow *flow, u16 port)
{
	unsigned int i;

	for (i = 0; i < flow->n_actions; i++)
		if (flow->actions[i].type == CVSW_ACT_OUTPUT && flow->actions[i].port == port)
			return true;
	return false;
}

static bool flows_means(const struct cvsw_flow *mod, bool strict, const struct cvsw_flow *flow)
{
	return strict ? flow->priority == mod->priority &&
			cvsw_match_equal(&mod->match, &flow->match) :
			cvsw_match_covers(&mod->match, &flow->match);
}

static int flows_modify(struct flow_list *list, const struct cvsw_flow *mod, bool strict)
{
	unsigned int i, n = 0;

	for (i = 0; i < list->n; i++) {
		struct cvsw_flow *flow = &list->flows[i];

		if (!flows_means(mod, strict, flow))
			continue;
		flow->cookie = mod->cookie;
		flow->n_actions = mod->n_actions;
		memcpy(flow->actions, mod->actions, sizeof(flow->actions));
		n++;
	}
	return n ? 0 : flows_add(list, mod);
}

/* Return: how many had asked to tell of it. */
static unsigned int flows_delete(struct flow_list *list, const struct cvsw_flow *mod, bool strict)
{
	unsigned int i, kept = 0, told = 0;

	for (i = 0; i < list->n; i++)
		if (flows_means(mod, strict, &list->flows[i]) &&
		    (!mod->out_port || flows_outputs(&list->flows[i], mod->out_port)))
			told += list->flows[i].flags & CVSW_FLOW_SEND_REMOVED;
		else
			list->flows[kept++] = list->flows[i];
	list->n = kept;
	return told;
}

int flows_mod(struct flow_list *list, enum cvsw_flow_command command,
		     const struct cvsw_flow *mod, unsigned int *told)
{
	bool strict = command == CVSW_FLOW_MODIFY_STRICT || command == CVSW_FLOW_DELETE_STRICT;

	switch (command) {
	case CVSW_FLOW_ADD:
		return flows_add(list, mod);
	case CVSW_FLOW_MODIFY:
	case CVSW_FLOW_MODIFY_STRICT:
		return flows_modify(list, mod, strict);
	default:
		*told += flows_delete(list, mod, strict);
		return 0;
	}
}

unsigned int table_delete(struct cvsw_table *table, const struct cvsw_match *match)
{
	struct cvsw_flow *flow = kzalloc(sizeof(*flow), GFP_KERNEL);
	unsigned int n = cvsw_table_count(table);

	if (!flow)
		return 0;
	flow->match = *match;
	flow->match.table = CVSW_TABLE_ALL;
	cvsw_table_flow_mod(table, CVSW_FLOW_DELETE, flow);
	kfree(flow);
	return n - cvsw_table_count(table);
}

/* ---- random flows, of few values so that they meet ---- */

void random_key(struct rnd_state *rnd, struct cvsw_key *key)
{
	memset(key, 0, sizeof(*key));
	key->table = pick(rnd, 2) ? 0 : pick(rnd, 3) * (CVSW_TABLES / 2 - 1);
	key->dl_dst[5] = pick(rnd, 2);
	key->vlan_tci = pick(rnd, 2) ? CVSW_VLAN_PRESENT | pick(rnd, 2) : 0;
	key->nw_proto = pick(rnd, 2) ? IPPROTO_TCP : IPPROTO_UDP;
	key->tp_src = pick(rnd, 2);
	key->tp_dst = pick(rnd, 3);
	key->tcp_flags = pick(rnd, 4);
	key->nw_ttl = pick(rnd, 256);
	key->in_port = 1 + pick(rnd, 2);
	if (pick(rnd, 4)) {
		key->dl_type = ETH_P_IP;
		key->nw_src = 0x0a000000 + pick(rnd, 4);
		key->nw_dst = 0x0a000000 + pick(rnd, 4);
		key->layers = CVSW_LAYER_ADDR | CVSW_LAYER_IP | CVSW_LAYER_PORTS;
	} else {
		key->dl_type = ETH_P_IPV6;
		key->ipv6_src[15] = pick(rnd, 2);
		key->ipv6_dst[0] = pick(rnd, 2);
		key->layers = CVSW_LAYER_WIDE | CVSW_LAYER_PORTS;
	}
	if (!pick(rnd, 4)) {
		key->pass = 1;
		key->tun_id = pick(rnd, 2);
	}
	if (!pick(rnd, 4)) {
		key->layers |= CVSW_LAYER_WIDE | CVSW_LAYER_REGS;
		key->regs[15] = pick(rnd, 2);
	}
}

static void random_match(struct rnd_state *rnd, struct cvsw_match *match)
{
	static const u32 prefixes[] = { 0, 0, 0xfffffffe, 0xffffffff };
	struct cvsw_key *mask = &match->mask;

	random_key(rnd, &match->key);
	memset(mask, 0, sizeof(*mask));
	match->table = match->key.table;
	mask->dl_type = pick(rnd, 3) ? 0xffff : 0;
	mask->nw_src = prefixes[pick(rnd, 4)];
	mask->nw_dst = prefixes[pick(rnd, 4)];
	mask->in_port = pick(rnd, 2) ? 0xff : 0;
	if (!pick(rnd, 3)) {
		mask->nw_proto = 0xff;
		mask->tp_dst = pick(rnd, 2) ? 0xffff : 0;
		mask->tp_src = pick(rnd, 4) ? 0 : 0xffff;
		mask->tcp_flags = pick(rnd, 4);
	}
	if (!pick(rnd, 4))
		mask->dl_dst[5] = 0xff;
	if (!pick(rnd, 4))
		mask->vlan_tci = 0xffff;
	if (!pick(rnd, 4))
		mask->pass = 0xff;
	if (!pick(rnd, 6))
		mask->tun_id = ~0U;
	if (!pick(rnd, 6))
		mask->regs[15] = 1;
	if (!pick(rnd, 2)) {
		mask->ipv6_src[15] = 0xff;
		mask->ipv6_dst[0] = pick(rnd, 2) ? 0xff : 0;
	}
	cvsw_match_normalize(match);
}

void random_flow(struct rnd_state *rnd, struct cvsw_flow *flow)
{
	memset(flow, 0, sizeof(*flow));
	random_match(rnd, &flow->match);
	flow->priority = pick(rnd, 2) ? pick(rnd, 6) : prandom_u32_state(rnd);
	flow->cookie = prandom_u32_state(rnd);
	flow->n_actions = pick(rnd, 3);
	flow->actions[0] = cvsw_action_set(CVSW_SET_NW_SRC, prandom_u32_state(rnd));
	if (pick(rnd, 2)) {
		flow->actions[flow->n_actions].type = CVSW_ACT_OUTPUT;
		flow->actions[flow->n_actions++].port = pick(rnd, 2) ? CVSW_PORT_ONWARD :
								      CVSW_PORT_NONE;
	}
	flow->idle_timeout = pick(rnd, 3) ? 0 : pick(rnd, 1 << 16);
	flow->hard_timeout = pick(rnd, 3) ? 0 : pick(rnd, 1 << 16);
	flow->flags = pick(rnd, 4);
}

/* ---- simple ones ---- */

void lonely_flow(struct cvsw_flow *flow, u32 n)
{
	memset(flow, 0, sizeof(*flow));
	flow->match.mask.dl_dst[0] = n;
	flow->match.mask.dl_dst[1] = n >> 8;
	flow->priority = n;
}

void host_flow(struct cvsw_flow *flow, u32 nw_dst)
{
	memset(flow, 0, sizeof(*flow));
	flow->match.mask.nw_dst = ~0U;
	flow->match.key.nw_dst = nw_dst;
}

void table_settles(struct cvsw_table *table)
{
	while (cvsw_change_clean(table) != MAX_SCHEDULE_TIMEOUT)
		synchronize_rcu();
}

int add_host_flow(struct cvsw_table *table, struct cvsw_flow *flow, u32 nw_dst, u64 cookie)
{
	host_flow(flow, nw_dst);
	flow->cookie = cookie;
	return cvsw_table_add(table, flow);
}

/* ---- lookups ---- */

struct cvsw_entry *find_host_flow(struct cvsw_table *table, u32 nw_dst)
{
	struct cvsw_key key = { .nw_dst = nw_dst };

	return cvsw_table_lookup(table, &key);
}
