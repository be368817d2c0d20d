// SPDX-License-Identifier: GPL-2.0
/*
 * A frame's way: it is looked up, goes through its flow's actions, and if it
 * gained or lost a layer by them it is looked up again.  Where one frame
 * becomes several (segments, clones, buckets), each goes the rest of the way: segments
 * together, for they are of one flow; a clone by itself.
 */
#include <linux/netdevice.h>
#include <linux/rcupdate.h>

#include "actions.h"
#include "compat.h"
#include "engine.h"
#include "group.h"
#include "later.h"
#include "outcome.h"
#include "trace.h"
#include "tunnel/pmtu.h"

/* How often a flow may send a frame on to flows of lower priority. */
#define NEXT_MAX	64

/* What the rest of a list of actions says about a frame. */
enum onward {
	LIST_ENDED,
	OUTPUT_SAID,
	NEXT_SAID,
	TABLE_SAID,	/* goto_table or resubmit */
};

static void go_on_from(struct cvsw_walk *walk, struct sk_buff *list, struct cvsw_outcome *out);
static struct sk_buff *run_frames(struct cvsw_walk *walk, struct sk_buff *list, enum onward *onward,
				  struct cvsw_outcome *out);

/* ---- actions ---- */

/*
 * Must the frame wait for interrupts to be on?  netpoll sends with interrupts off, in hard
 * interrupts too: no cipher works there, and what takes frames to the stack, or the cipher's
 * queue, would switch bottom halves on.
 */
static bool must_wait(const struct cvsw_walk *walk, const struct cvsw_action *action)
{
	switch (action->type) {
	case CVSW_ACT_OUTPUT:
		if (!cvsw_output_goes_back(walk, action->port))
			return false;
		break;
	case CVSW_ACT_ENCRYPT:
	case CVSW_ACT_DECRYPT:
		break;
	default:
		return false;
	}
	return unlikely(irqs_disabled());
}

static void run_clone(struct cvsw_walk *walk, struct sk_buff *skb, unsigned int n,
		      struct cvsw_outcome *out)
{
	struct sk_buff *copy = cvsw_output_copy_of(walk, skb, out);
	struct cvsw_walk apart __uninitialized;

	if (!copy)
		return;
	cvsw_walk_copy(&apart, walk);
	apart.end = walk->next + n;
	apart.n_returns = 0;
	apart.n_set = 0;
	apart.sent = false;
	apart.copy = min(++out->clones, (unsigned int)U8_MAX);
	go_on_from(&apart, copy, out);
	cvsw_outcome_forget(out);
}

/* A bucket that is not the last thing to be done with the frame: it gets a copy. */
static void run_bucket(struct cvsw_walk *walk, struct sk_buff *skb,
		       const struct cvsw_choice *choice, struct cvsw_outcome *out)
{
	struct sk_buff *copy = cvsw_output_copy_of(walk, skb, out);
	struct cvsw_walk apart __uninitialized;

	if (!copy)
		return;
	cvsw_walk_copy(&apart, walk);
	apart.n_returns = 0;
	apart.n_set = 0;
	apart.copy = min(++out->clones, (unsigned int)U8_MAX);
	cvsw_group_enter(&apart, copy, choice);
	go_on_from(&apart, copy, out);
	cvsw_outcome_forget(out);
}

/*
 * Where nothing comes behind the group, its only bucket, or the last one that gets the frame, is
 * the rest of the list.  No bucket has a group in it, so this goes no deeper than a clone.
 * Return: what is left of the frame.
 */
static noinline struct sk_buff *run_group(struct cvsw_walk *walk, struct sk_buff *skb,
					  const struct cvsw_to_group *to, struct cvsw_outcome *out)
{
	bool goes_on = cvsw_walk_goes_on(walk);
	struct cvsw_choice choice, next;
	int cause;

	if (goes_on && cvsw_output_is_spent(walk, out)) {
		walk->sent = true;
		cvsw_trace_done(walk, skb);
		return skb;
	}
	cause = cvsw_group_choose(walk, skb, to, &choice, out);
	if (cause == CVSW_CNT_DROP_GROUP && goes_on) {
		/* All that there is of its output. */
		walk->sent = true;
		cvsw_stats_count(walk->engine->stats, cause);
		cvsw_trace_done(walk, skb);
		return skb;
	}
	if (cause)
		return cvsw_frames_drop(walk->engine->stats, skb, cause);
	for (next = choice; cvsw_group_choose_next(&next) && !cvsw_output_is_spent(walk, out);
	     choice = next)
		run_bucket(walk, skb, &choice, out);
	if (!goes_on) {
		cvsw_group_enter(walk, skb, &choice);
		return skb;
	}
	run_bucket(walk, skb, &choice, out);
	walk->sent = true;
	return skb;
}

/* All rewriting actions up to one of another kind; one by one, if someone looks. */
static struct sk_buff *run_rewrites(struct cvsw_walk *walk, struct sk_buff *skb,
				    struct cvsw_outcome *out)
{
	const struct cvsw_action *first = cvsw_entry_actions(walk->entry) + walk->next;
	bool spared = cvsw_action_spares_frame(first);
	unsigned int n = 1;

	while (!walk->trace && walk->next + n < walk->end && cvsw_action_rewrites(first[n].type))
		spared &= cvsw_action_spares_frame(&first[n++]);
	walk->next += n;
	skb = cvsw_actions_run(skb, cvsw_outcome_layout(out, skb), first, n, &walk->registers,
			       walk->engine->stats);
	if (!spared || skb != out->at_of)
		cvsw_outcome_forget(out);
	cvsw_trace_done(walk, skb);
	return skb;
}

/*
 * Datagrams of one socket, but each with an SPI, or a VNI and a frame in it, of its own: their
 * ways may part.
 */
static struct sk_buff *run_each_apart(const struct cvsw_walk *walk, struct sk_buff *list,
				      struct cvsw_outcome *out)
{
	struct sk_buff *skb, *next;

	skb_list_walk_safe(list, skb, next) {
		struct cvsw_walk apart __uninitialized;

		cvsw_walk_copy(&apart, walk);
		skb_mark_not_on_list(skb);
		go_on_from(&apart, skb, out);
		cvsw_outcome_forget(out);
	}
	return NULL;
}

/* Before an action that is not for a giant.  Return: what is left of its pieces. */
static struct sk_buff *run_in_pieces(struct cvsw_walk *walk, struct sk_buff *skb,
				     enum cvsw_action_type type, enum onward *onward,
				     struct cvsw_outcome *out)
{
	skb = cvsw_layer_pieces(walk, skb, type, out);
	cvsw_outcome_forget(out);
	if (type != CVSW_ACT_ENCRYPT)
		return run_each_apart(walk, skb, out);
	return skb ? run_frames(walk, skb, onward, out) : NULL;
}

/* Return: false: it was the last, and @onward says more. */
static bool run_action_of(struct cvsw_walk *walk, struct sk_buff **skb,
			  const struct cvsw_action *action, enum onward *onward,
			  struct cvsw_outcome *out)
{
	switch (action->type) {
	case CVSW_ACT_OUTPUT:
		if (unlikely(cvsw_walk_goes_on(walk))) {
			cvsw_output_copy(walk, *skb, action->port, out);
			return true;
		}
		*onward = OUTPUT_SAID;
		*skb = cvsw_output_last(walk, *skb, action->port, out);
		return false;
	case CVSW_ACT_NEXT:
		*onward = NEXT_SAID;
		return false;
	case CVSW_ACT_GOTO_TABLE:
	case CVSW_ACT_RESUBMIT:
		walk->said = walk->next;
		*onward = TABLE_SAID;
		return false;
	case CVSW_ACT_WRITE_ACTIONS:
		if (unlikely(!cvsw_action_set_write(walk, action->n_written)))
			*skb = cvsw_frames_drop(walk->engine->stats, *skb, CVSW_CNT_DROP_SET);
		return true;
	case CVSW_ACT_CLEAR_ACTIONS:
		walk->n_set = 0;
		return true;
	case CVSW_ACT_CONTROLLER:
		*skb = cvsw_output_tell(walk, *skb, action->max_len);
		return true;
	case CVSW_ACT_GROUP:
		*skb = run_group(walk, *skb, &action->to_group, out);
		return true;
	case CVSW_ACT_CLONE:
		run_clone(walk, *skb, action->n_cloned, out);
		walk->next += action->n_cloned;
		return true;
	case CVSW_ACT_VXLAN_ENCAP:
		*skb = cvsw_layer_encap(walk, *skb, &action->tunnel, out);
		break;
	case CVSW_ACT_VXLAN_DECAP:
	case CVSW_ACT_VXLAN_STRIP:
		*skb = cvsw_layer_decap(walk, *skb, action->type, out);
		break;
	case CVSW_ACT_ENCRYPT:
		*skb = cvsw_layer_encrypt(walk, *skb, action->spi);
		break;
	case CVSW_ACT_DECRYPT:
		if (likely(cvsw_layer_decrypt(walk, skb, out)))
			break;
		/* The guest's own IPsec: it is for flows below. */
		*onward = NEXT_SAID;
		return false;
	}
	cvsw_trace_done(walk, *skb);
	cvsw_outcome_forget(out);
	return true;
}

/* Return: what is left of one frame at the end of its actions, maybe a list. */
static struct sk_buff *run_actions(struct cvsw_walk *walk, struct sk_buff *skb, enum onward *onward,
				   struct cvsw_outcome *out)
{
	while (skb && walk->next < walk->end) {
		const struct cvsw_action *action = cvsw_entry_actions(walk->entry) + walk->next;

		cvsw_trace_action(walk, action, skb);
		if (cvsw_action_rewrites(action->type)) {
			skb = run_rewrites(walk, skb, out);
			continue;
		}
		if (must_wait(walk, action)) {
			cvsw_later_add(walk->engine->later, walk, skb);
			return NULL;
		}
		if (unlikely(cvsw_layer_wants_pieces(skb, action->type, out)))
			return run_in_pieces(walk, skb, action->type, onward, out);
		walk->next++;
		if (!run_action_of(walk, &skb, action, onward, out))
			break;
		if (skb && skb->next)
			return run_frames(walk, skb, onward, out);
	}
	return skb;
}

/* Each frame begins with what all had; the list goes on with what one has that is left. */
static noinline struct sk_buff *run_list(struct cvsw_walk *walk, struct sk_buff *list,
					 enum onward *onward, struct cvsw_outcome *out)
{
	struct sk_buff *left = NULL, **end = &left, *skb, *rest;
	struct cvsw_notes before __uninitialized, after __uninitialized;

	cvsw_walk_note(&before, walk);
	cvsw_walk_note(&after, walk);
	skb_list_walk_safe(list, skb, rest) {
		skb_mark_not_on_list(skb);
		cvsw_walk_recall(walk, &before);
		skb = run_actions(walk, skb, onward, out);
		if (skb)
			cvsw_walk_note(&after, walk);
		cvsw_frames_append(&end, skb);
	}
	cvsw_walk_recall(walk, &after);
	return left;
}

/* The frames of a list, of one flow: each goes through the same actions. */
static struct sk_buff *run_frames(struct cvsw_walk *walk, struct sk_buff *list, enum onward *onward,
				  struct cvsw_outcome *out)
{
	if (walk->next == walk->end)
		return list;
	return likely(!list->next) ? run_actions(walk, list, onward, out) :
				     run_list(walk, list, onward, out);
}

/* ---- the way ---- */

static bool is_first_lookup(const struct cvsw_walk *walk)
{
	return !walk->entry;
}

/* OpenFlow 1.0.0, 3.4 and 5.4.1, but without a buffer to keep the frame in. */
static void tell_of_miss(struct cvsw_walk *walk, const struct sk_buff *list)
{
	const struct sk_buff *skb;

	walk->entry = NULL;	/* on whose behalf it was looked up again */
	for (skb = list; skb; skb = skb->next)
		walk->engine->to_controller(walk->engine, walk, skb, CVSW_MISS_SEND_LEN);
}

/* Of a way that ends here. */
static struct sk_buff *end_at_miss(struct cvsw_walk *walk, struct sk_buff *list)
{
	struct cvsw_engine *engine = walk->engine;

	if (is_first_lookup(walk))
		cvsw_stats_count(engine->stats,
				 walk->in == CVSW_HOST ? CVSW_CNT_TX_MISS : CVSW_CNT_RX_MISS);
	if (likely(engine->miss == CVSW_MISS_PASS))
		return list;
	if (engine->miss == CVSW_MISS_CONTROLLER)
		tell_of_miss(walk, list);
	return cvsw_frames_drop(engine->stats, list, CVSW_CNT_DROP_MISS);
}

/*
 * Behind a lookup: was it of a version that is in pieces?  Within one RCU read side it stays
 * whole, but not for a frame that waited: what it should have met may be gone.
 */
static bool is_lost(const struct cvsw_walk *walk)
{
	return !is_first_lookup(walk) && !cvsw_table_has(walk->engine->table, walk->version);
}

/*
 * Where a resubmit found nothing, or a flow without actions.  Return: does a list wait, to go on
 * behind it?
 */
static bool end_empty_list(struct cvsw_walk *walk)
{
	walk->next = 0;
	walk->end = 0;
	return walk->n_returns;
}

/* Of a way that a flow has led to another table, and that ends there: OpenFlow 1.3.0, 5.4. */
static struct sk_buff *end_in_table(struct cvsw_walk *walk, struct sk_buff *list,
				    enum cvsw_counter cause)
{
	if (walk->sent)
		return cvsw_frames_consume(list);
	return cvsw_frames_drop(walk->engine->stats, list, cause);
}

/* Return: as look_up_frame(). */
static bool go_on_without_flow(struct cvsw_walk *walk, struct sk_buff **list, enum onward onward)
{
	if (unlikely(is_lost(walk))) {
		*list = cvsw_frames_drop(walk->engine->stats, *list, CVSW_CNT_DROP_CHANGED);
		return false;
	}
	cvsw_trace_lookup(walk, NULL);
	if (likely(onward != TABLE_SAID && !walk->table && !walk->n_returns && !walk->n_set)) {
		*list = end_at_miss(walk, *list);
		return false;
	}
	if (end_empty_list(walk))
		return true;
	*list = end_in_table(walk, *list, CVSW_CNT_DROP_TABLE);
	return false;
}

/*
 * GRO sorts by the hash, and what was around the frame had none of its own or another's.
 * Rewriting leaves the hash: it still tells one flow from another.
 */
static void hash_inner(struct sk_buff *skb, const struct cvsw_layout *at)
{
	if (at->network || at->ipv6)
		__skb_set_sw_hash(skb, cvsw_layout_hash(skb, at), cvsw_layout_has_ports(at));
}

/* Return: false: the frame has no whole Ethernet header. */
static bool read_frame_of(struct cvsw_walk *walk, struct sk_buff *skb, struct cvsw_outcome *out)
{
	struct cvsw_key *key = out->key;

	if (unlikely(cvsw_key_extract(skb, walk->in, key, &out->at)))
		return false;
	out->at_of = skb;
	out->key_of = skb;
	walk->whole = out->at.whole;
	if (unlikely(key->nw_proto == IPPROTO_ICMP) && walk->in == CVSW_NET &&
	    is_first_lookup(walk) && !walk->trace)
		cvsw_pmtu_hear(walk->engine, skb, &out->at);
	key->pass = walk->pass;
	if (likely(!walk->pass && !walk->tun_type && !walk->sa))
		return true;
	/* Layers may have gone in this pass, and another table looks at what was in them. */
	key->layers |= CVSW_LAYER_WIDE;
	key->tun_type = walk->tun_type;
	key->tun_id = walk->tun_id;
	key->sa = walk->sa;
	memcpy(key->tun_src, walk->tun_src, sizeof(key->tun_src));
	memcpy(key->tun_dst, walk->tun_dst, sizeof(key->tun_dst));
	if (walk->in == CVSW_NET && !skb->hash)
		hash_inner(skb, &out->at);
	return true;
}

/*
 * The key of a frame's lookup; a frame that only went on to another table is not read again.
 * Return: false: it has no whole Ethernet header.
 */
static bool read_key_of(struct cvsw_walk *walk, struct sk_buff *skb, struct cvsw_outcome *out)
{
	struct cvsw_key *key = out->key;

	if (likely(out->key_of != skb) && unlikely(!read_frame_of(walk, skb, out)))
		return false;
	key->table = walk->table;
	key->in_port = unlikely(walk->lookup_in) ? walk->lookup_in : walk->in;
	if (unlikely(walk->registers.written)) {
		key->layers |= CVSW_LAYER_WIDE | CVSW_LAYER_REGS;
		key->metadata = walk->registers.metadata;
		memcpy(key->regs, walk->registers.regs, sizeof(key->regs));
	}
	return true;
}

/* A list has met a flow.  @onward: what it was looked up for */
static void begin_actions(struct cvsw_walk *walk, const struct sk_buff *list,
			  struct cvsw_entry *entry, enum onward onward)
{
	cvsw_trace_lookup(walk, entry);
	if (is_first_lookup(walk))
		cvsw_stats_count(walk->engine->stats,
				 walk->in == CVSW_HOST ? CVSW_CNT_TX_HIT : CVSW_CNT_RX_HIT);
	for (; list && likely(!walk->trace); list = list->next)
		cvsw_hits_add(entry->hits, list->len);
	walk->entry = entry;
	walk->next = 0;
	walk->end = entry->n_actions;
	if (likely(onward != TABLE_SAID))
		walk->sent = false;
	if (unlikely(walk->table))
		cvsw_stats_count(walk->engine->stats, CVSW_CNT_TABLE_HIT(walk->table));
}

static struct cvsw_entry *find_flow(const struct cvsw_walk *walk, const struct cvsw_key *key,
				    enum onward onward)
{
	const struct cvsw_table *table = walk->engine->table;
	int below = onward == NEXT_SAID ? walk->entry->priority : CVSW_ANY_PRIORITY;

	if (unlikely(walk->table))
		cvsw_stats_count(walk->engine->stats, CVSW_CNT_TABLE_LOOKUP(walk->table));
	/* What is only looked at leaves no trace in the cache. */
	return below == CVSW_ANY_PRIORITY && likely(!walk->trace) ?
	       cvsw_table_lookup_of(table, key, walk->version) :
	       cvsw_table_lookup_below_of(table, key, below, walk->version);
}

/*
 * Find the flow of a list's frames, which are all of one.
 * @onward: what sends them there; LIST_ENDED: they are new, in their pass
 * Return: false: there is none, and what is left of the list, none or all of
 * it, is through.
 */
static bool look_up_frame(struct cvsw_walk *walk, struct sk_buff **list, enum onward onward,
			  struct cvsw_outcome *out)
{
	struct cvsw_engine *engine = walk->engine;
	struct cvsw_entry *entry;

	if (is_first_lookup(walk))
		walk->version = cvsw_table_version(engine->table);
	if (walk->pass && onward == LIST_ENDED &&
	    !cvsw_engine_may_meet(engine, walk->in, walk->pass)) {
		walk->layered = true;
		return go_on_without_flow(walk, list, onward);
	}
	if (unlikely(!read_key_of(walk, *list, out))) {
		*list = cvsw_frames_drop(engine->stats, *list, CVSW_CNT_DROP_SHORT);
		return false;
	}
	entry = find_flow(walk, out->key, onward);
	if (!entry)
		return go_on_without_flow(walk, list, onward);
	if (unlikely(is_lost(walk))) {
		*list = cvsw_frames_drop(engine->stats, *list, CVSW_CNT_DROP_CHANGED);
		return false;
	}
	begin_actions(walk, *list, entry, onward);
	if (likely(entry->n_actions) || end_empty_list(walk) || walk->n_set)
		return true;
	*list = end_in_table(walk, *list, CVSW_CNT_DROP_ACTION);
	return false;
}

/* A resubmit has something behind it, from @next on.  Return: false: too many wait already. */
static bool return_later(struct cvsw_walk *walk, u16 next)
{
	if (walk->n_returns == CVSW_MAX_RETURNS)
		return false;
	walk->returns[walk->n_returns++] = (struct cvsw_return){
		.entry = walk->entry, .next = next, .end = walk->end,
		.table = walk->table, .backward = walk->backward,
	};
	return true;
}

static void return_to_list(struct cvsw_walk *walk)
{
	const struct cvsw_return *to = &walk->returns[--walk->n_returns];

	walk->entry = to->entry;
	walk->next = to->next;
	walk->end = to->end;
	walk->table = to->table;
	walk->backward = to->backward;
}

/* Return: as turn_to_next_lookup(). */
static int turn_to_table(struct cvsw_walk *walk, struct cvsw_outcome *out)
{
	const struct cvsw_action *action = cvsw_entry_actions(walk->entry) + walk->said - 1;
	u8 from = walk->table;

	if (walk->backward == CVSW_MAX_BACKWARD || out->resubmits == CVSW_MAX_RESUBMITS ||
	    (unlikely(walk->trace) && walk->trace->cut))
		return CVSW_CNT_DROP_RESUBMIT;
	walk->resubmits = ++out->resubmits;
	if (action->type == CVSW_ACT_GOTO_TABLE) {
		walk->table = action->table;
		return 0;
	}
	if (walk->said < walk->end && !return_later(walk, walk->said))
		return CVSW_CNT_DROP_RESUBMIT;
	if (action->resubmit.table != CVSW_TABLE_SAME)
		walk->table = action->resubmit.table;
	if (action->resubmit.port != CVSW_PORT_IN_PORT)
		walk->lookup_in = action->resubmit.port;
	walk->backward += walk->table <= from;
	return 0;
}

/* Behind a list's actions.  Return: 0, or why its frames cannot be looked up again. */
static int turn_to_next_lookup(struct cvsw_walk *walk, enum onward onward, unsigned int *nexts,
			       struct cvsw_outcome *out)
{
	walk->lookup_in = 0;
	if (onward == TABLE_SAID)
		return turn_to_table(walk, out);
	if (onward == NEXT_SAID)
		return ++*nexts > NEXT_MAX ? CVSW_CNT_DROP_NEXT : 0;
	walk->layered = false;
	walk->table = 0;
	walk->backward = 0;
	return ++walk->pass == CVSW_MAX_PASSES ? CVSW_CNT_DROP_PASSES : 0;
}

/*
 * Behind a list's actions, what comes next.
 * Return: false: nothing, and what is left of the list, none or all of it, is through.
 */
static bool find_more_actions(struct cvsw_walk *walk, struct sk_buff **list, enum onward onward,
			      unsigned int *nexts, struct cvsw_outcome *out)
{
	int cause;

	if (onward == LIST_ENDED && unlikely(walk->n_returns)) {
		return_to_list(walk);
		return true;
	}
	if (onward == LIST_ENDED && unlikely(walk->n_set)) {
		*list = cvsw_action_set_run(walk, *list, out);
		if (*list && walk->next < walk->end)
			return true;
		if (!walk->end)
			*list = end_in_table(walk, *list, CVSW_CNT_DROP_ACTION);
		if (!*list)
			return false;
	}
	if (onward == LIST_ENDED && unlikely(walk->sent)) {
		*list = cvsw_frames_consume(*list);
		return false;
	}
	if (onward == LIST_ENDED && (!walk->layered || cvsw_group_bucket_ends(walk->entry))) {
		/* OpenFlow 1.3.0, 5.10: of a bucket, too, nothing goes on that has no output. */
		if (unlikely(cvsw_entry_is_bucket(walk->entry)))
			*list = cvsw_frames_drop(walk->engine->stats, *list, CVSW_CNT_DROP_ACTION);
		return false;
	}
	cause = turn_to_next_lookup(walk, onward, nexts, out);
	if (unlikely(cause)) {
		*list = cvsw_frames_drop(walk->engine->stats, *list, cause);
		return false;
	}
	return look_up_frame(walk, list, onward, out);
}

/* From where @walk stands to the end of the way: what is left is appended to @out. */
static void go_on_from(struct cvsw_walk *walk, struct sk_buff *list, struct cvsw_outcome *out)
{
	unsigned int nexts = 0;
	enum onward onward;

	do {
		onward = LIST_ENDED;
		list = run_frames(walk, list, &onward, out);
		if (!list || onward == OUTPUT_SAID)
			break;
	} while (find_more_actions(walk, &list, onward, &nexts, out));
	cvsw_output_leave(walk, list, out);
}

struct sk_buff *cvsw_engine_way(struct cvsw_walk *walk, struct sk_buff *skb)
{
	struct cvsw_key key __uninitialized;
	struct cvsw_outcome out = { .end = &out.first, .key = &key };

	rcu_read_lock();
	if (look_up_frame(walk, &skb, LIST_ENDED, &out))
		go_on_from(walk, skb, &out);
	else
		cvsw_output_leave(walk, skb, &out);
	rcu_read_unlock();
	return out.first;
}

struct sk_buff *cvsw_handle_frame(struct cvsw_engine *engine, struct sk_buff *skb,
				  enum cvsw_ingress in)
{
	struct cvsw_walk walk __uninitialized;

	cvsw_walk_begin(&walk, engine, in);
	if (!cvsw_engine_may_meet(engine, in, 0))
		return end_at_miss(&walk, skb);
	return cvsw_engine_way(&walk, skb);
}

void cvsw_engine_resume(struct cvsw_walk *walk, struct sk_buff *skb)
{
	struct cvsw_key key __uninitialized;
	struct cvsw_outcome out = {
		.end = &out.first, .key = &key, .resubmits = walk->resubmits,
	};
	struct cvsw_walk held __uninitialized;

	cvsw_walk_copy(&held, walk);
	if (skb) {
		rcu_read_lock();
		go_on_from(walk, skb, &out);
		rcu_read_unlock();
	}
	if (out.first)
		walk->engine->deliver(walk->engine, out.first, walk->in);
	cvsw_walk_put(&held);
}
