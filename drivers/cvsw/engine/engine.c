// SPDX-License-Identifier: GPL-2.0
/*
 * A frame's way: it is looked up, goes through its flow's actions, and if it
 * gained or lost a layer by them it is looked up again.  Where one frame
 * becomes several (segments, clones), each goes the rest of the way: segments
 * together, for they are of one flow; a clone by itself.
 */
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <net/sock.h>

#include "actions.h"
#include "compat.h"
#include "engine.h"
#include "esp/esp.h"
#include "table/key.h"
#include "later.h"
#include "mtu.h"
#include "tunnel/pmtu.h"
#include "segment.h"
#include "trace.h"
#include "tunnel/vxlan.h"

/* How often a flow may send a frame on to flows of lower priority. */
#define NEXT_MAX	64
/* How many copies a frame may have, by clones and outputs, flow upon flow. */
#define COPIES_MAX	1024

/**
 * struct outcome - what has become of a frame, and what helps on the way
 * @first: list of frames that are through
 * @end: where the next one is linked
 * @copies: made so far
 * @clones: of them, those that had actions of their own
 * @at: layout of the frame...
 * @at_of: ...that this is, unchanged since; NULL: of none
 */
struct outcome {
	struct sk_buff *first;
	struct sk_buff **end;
	unsigned int copies;
	unsigned int clones;
	struct cvsw_layout at;
	const struct sk_buff *at_of;
};

/* What the rest of a list of actions says about a frame. */
enum onward {
	LIST_ENDED,
	OUTPUT_SAID,
	NEXT_SAID,
};

static void go_on(struct cvsw_walk *walk, struct sk_buff *list, struct outcome *out);
static void leave(struct cvsw_walk *walk, struct sk_buff *list, struct outcome *out);

static struct sk_buff *drop(struct cvsw_engine *engine, struct sk_buff *list,
			    enum cvsw_counter cause)
{
	struct sk_buff *skb, *next;

	for (skb = list; skb; skb = next) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		cvsw_stats_count(engine->stats, cause);
		dev_kfree_skb_any(skb);
	}
	return NULL;
}

/* Its copies went out. */
static struct sk_buff *consume(struct sk_buff *list)
{
	struct sk_buff *skb, *next;

	for (skb = list; skb; skb = next) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		dev_consume_skb_any(skb);
	}
	return NULL;
}

static void append(struct sk_buff ***end, struct sk_buff *list)
{
	**end = list;
	while (**end)
		*end = &(**end)->next;
}

/* ---- layers ---- */

static const struct cvsw_layout *layout_of(struct outcome *out, const struct sk_buff *skb)
{
	if (out->at_of != skb) {
		cvsw_layout_read(skb, &out->at);
		out->at_of = skb;
	}
	return &out->at;
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

/* A tag beside the frame's bytes would stay outside of what is put around them. */
static struct sk_buff *tag_inside(struct sk_buff *skb, struct outcome *out)
{
	struct sk_buff *own = skb;

	if (likely(!skb_vlan_tag_present(skb)))
		return skb;
	out->at_of = NULL;
	if (skb_shared(skb)) {
		own = skb_clone(skb, GFP_ATOMIC);
		if (!own)
			return NULL;
		dev_consume_skb_any(skb);
	}
	return __vlan_hwaccel_push_inside(own);
}

/* Does the flow encrypt what it has put into a tunnel? */
static bool encrypts_next(const struct cvsw_walk *walk)
{
	return walk->next < walk->end &&
	       cvsw_entry_actions(walk->entry)[walk->next].type == CVSW_ACT_ENCRYPT;
}

static struct sk_buff *segments(struct cvsw_walk *walk, struct sk_buff *skb,
				const struct cvsw_layout *at, unsigned int headroom,
				enum cvsw_payload payload)
{
	struct sk_buff *list = cvsw_segment(skb, at, headroom, payload);

	if (likely(!IS_ERR(list)))
		return list;
	return drop(walk->engine, skb, PTR_ERR(list) == -ENOMEM ? CVSW_CNT_DROP_NOMEM :
				       PTR_ERR(list) == -E2BIG ? CVSW_CNT_DROP_SEGMENTS :
								 CVSW_CNT_DROP_GSO);
}

static struct sk_buff *encap(struct cvsw_walk *walk, struct sk_buff *skb,
			     const struct cvsw_tunnel *tunnel, struct outcome *out)
{
	struct cvsw_layers layers = {
		.bytes = CVSW_VXLAN_HEAD - ETH_HLEN, .dst = cvsw_vxlan_dst(tunnel),
	};
	unsigned int head = CVSW_VXLAN_HEAD;
	struct cvsw_engine *engine = walk->engine;
	enum cvsw_payload payload = CVSW_PAYLOAD_SUMMED;
	const struct cvsw_layout *at;
	struct sk_buff *list;

	skb = tag_inside(skb, out);
	if (unlikely(!skb)) {
		cvsw_stats_count(engine->stats, CVSW_CNT_DROP_NOMEM);
		return NULL;
	}
	if (encrypts_next(walk)) {
		head += CVSW_ESP_HEAD;
		layers.bytes += CVSW_ESP_OVERHEAD;
		payload = CVSW_PAYLOAD_COPIED;
	} else if (tunnel->flags & CVSW_TUNNEL_CSUM && skb_has_shared_frag(skb)) {
		/* The outer checksum is over all of it. */
		payload = CVSW_PAYLOAD_COPIED;
	} else if (cvsw_sums_inside(engine, skb->dev)) {
		payload = CVSW_PAYLOAD_UNTOUCHED;
	}
	at = layout_of(out, skb);
	layers.l2 = at->l3;
	if (!cvsw_mtu_check(walk, skb, at, &layers)) {
		dev_kfree_skb_any(skb);
		return NULL;
	}
	walk->packet = cvsw_segment_len(skb, at) - ETH_HLEN;
	list = segments(walk, skb, at, head, payload);
	if (list)
		cvsw_vxlan_encap(list, at, tunnel);
	if (head == CVSW_VXLAN_HEAD && likely(!walk->trace))
		cvsw_pmtu_sent(engine->pmtus, layers.dst, tunnel->udp_dst);
	walk->layered = true;
	return list;
}

static bool goes_back(const struct cvsw_walk *walk, u16 port)
{
	return port == CVSW_PORT_IN_PORT || (port == CVSW_PORT_LOCAL && walk->in == CVSW_HOST);
}

static struct sk_buff *encrypt(struct cvsw_walk *walk, struct sk_buff *skb, u32 spi)
{
	walk->layered = true;
	return cvsw_esp_encrypt(walk, skb, spi);
}

/*
 * Must the frame wait for interrupts to be on?  netpoll sends with interrupts off, in hard
 * interrupts too: no cipher works there, and what takes frames to the stack, or the cipher's
 * queue, would switch bottom halves on.
 */
static bool must_wait(const struct cvsw_walk *walk, const struct cvsw_action *action)
{
	switch (action->type) {
	case CVSW_ACT_OUTPUT:
		if (!goes_back(walk, action->port))
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

/* A frame of its own, that may be pulled and trimmed. */
static struct sk_buff *own(struct cvsw_walk *walk, struct sk_buff *skb)
{
	struct sk_buff *clone;

	if (likely(!skb_shared(skb)))
		return skb;
	clone = skb_clone(skb, GFP_ATOMIC);
	if (!clone)
		return drop(walk->engine, skb, CVSW_CNT_DROP_NOMEM);
	dev_consume_skb_any(skb);
	return clone;
}

static struct sk_buff *decap(struct cvsw_walk *walk, struct sk_buff *skb,
			     enum cvsw_action_type type, struct outcome *out)
{
	if (type == CVSW_ACT_VXLAN_STRIP && !cvsw_vxlan_is(skb, layout_of(out, skb))) {
		cvsw_stats_count(walk->engine->stats, CVSW_CNT_ACTION_SKIPPED);
		return skb;
	}
	skb = own(walk, skb);
	if (skb)
		skb = cvsw_vxlan_decap(walk, skb, layout_of(out, skb));
	walk->packet = 0;
	walk->layered = true;
	return skb;
}

/* Return: false: the frame is none that this port could decrypt, and not changed. */
static bool decrypt(struct cvsw_walk *walk, struct sk_buff **skb, struct outcome *out)
{
	bool layered = walk->layered;
	struct sk_buff *done = NULL;

	/* Ahead, for it may go on from there later. */
	walk->layered = true;
	*skb = own(walk, *skb);
	if (*skb)
		done = cvsw_esp_decrypt(walk, *skb, layout_of(out, *skb));
	if (unlikely(IS_ERR(done))) {
		walk->layered = layered;
		return false;
	}
	*skb = done;
	return true;
}

/*
 * Must the frame be in pieces before this action?  Encryption is of what goes
 * on the wire; of datagrams that the host's stack glued together (UDP GSO),
 * each has its own headers behind UDP's.
 */
static bool wants_pieces(const struct sk_buff *skb, enum cvsw_action_type type,
			 struct outcome *out)
{
	if (type == CVSW_ACT_ENCRYPT)
		return skb_is_gso(skb) || skb_shared(skb) || skb->ip_summed == CHECKSUM_PARTIAL;
	if (type != CVSW_ACT_VXLAN_DECAP && type != CVSW_ACT_VXLAN_STRIP &&
	    type != CVSW_ACT_DECRYPT)
		return false;
	return skb_is_gso(skb) && skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4 &&
	       !skb->encapsulation &&
	       (type != CVSW_ACT_VXLAN_STRIP || cvsw_vxlan_is(skb, layout_of(out, skb)));
}

static struct sk_buff *pieces(struct cvsw_walk *walk, struct sk_buff *skb,
			      enum cvsw_action_type type, struct outcome *out)
{
	const struct cvsw_layout *at = layout_of(out, skb);

	if (type == CVSW_ACT_ENCRYPT)
		return segments(walk, skb, at, CVSW_ESP_HEAD, CVSW_PAYLOAD_COPIED);
	return segments(walk, skb, at, 0, CVSW_PAYLOAD_SUMMED);
}

/* ---- actions ---- */

/* Return: the same bytes in an sk_buff of their own, or NULL, and that is counted. */
static struct sk_buff *copy_of(struct cvsw_walk *walk, struct sk_buff *skb, struct outcome *out)
{
	struct sk_buff *copy;

	if (out->copies++ >= COPIES_MAX) {
		cvsw_stats_count(walk->engine->stats, CVSW_CNT_DROP_CLONES);
		return NULL;
	}
	copy = skb_clone(skb, GFP_ATOMIC);
	if (!copy)
		cvsw_stats_count(walk->engine->stats, CVSW_CNT_DROP_NOMEM);
	else if (skb->sk && sk_fullsock(skb->sk))
		skb_set_owner_w(copy, skb->sk);
	return copy;
}

static void clone(struct cvsw_walk *walk, struct sk_buff *skb, unsigned int n,
		  struct outcome *out)
{
	struct sk_buff *copy = copy_of(walk, skb, out);
	struct cvsw_walk apart = *walk;

	if (!copy)
		return;
	apart.end = walk->next + n;
	apart.sent = false;
	apart.copy = min(++out->clones, (unsigned int)U8_MAX);
	go_on(&apart, copy, out);
	out->at_of = NULL;
}

/* Might a stack find in the frame what the key does not have? */
static bool is_unparsed(const struct cvsw_walk *walk, const struct sk_buff *skb,
			struct outcome *out)
{
	return walk->layered ? !layout_of(out, skb)->whole : !walk->whole;
}

/*
 * Return: what of the list may go to the guest's stack, which would read on where
 * the key has ended.  Where there is no flow, none is walked past.
 */
static struct sk_buff *for_stack(const struct cvsw_walk *walk, struct sk_buff *list,
				 struct outcome *out)
{
	struct sk_buff *left = NULL, **end = &left, *skb, *rest;

	if ((likely(walk->whole) && likely(!walk->layered)) ||
	    cvsw_table_empty(walk->engine->table))
		return list;
	for (skb = list; skb; skb = rest) {
		rest = skb->next;
		skb_mark_not_on_list(skb);
		if (is_unparsed(walk, skb, out))
			skb = drop(walk->engine, skb, CVSW_CNT_DROP_UNPARSED);
		append(&end, skb);
	}
	return left;
}

/* Return: the frame, if it goes on in its own direction. */
static struct sk_buff *output(struct cvsw_walk *walk, struct sk_buff *skb, u16 port,
			      struct outcome *out)
{
	if (likely(port == CVSW_PORT_ONWARD))
		return skb;
	if (port == CVSW_PORT_NONE) {
		dev_consume_skb_any(skb);
		return NULL;
	}
	if (goes_back(walk, port)) {
		if (walk->in == CVSW_HOST)
			skb = for_stack(walk, skb, out);
		skb = skb ? own(walk, skb) : NULL;
		if (skb)
			walk->engine->turn(walk->engine, skb, walk->in);
		return NULL;
	}
	/* OpenFlow 1.0, 5.2.1: back it goes only by IN_PORT. */
	if (port == walk->in)
		return drop(walk->engine, skb, CVSW_CNT_DROP_IN_PORT);
	return skb;
}

/* The frame as it is now goes out, and there is more to do with it. */
static void output_copy(struct cvsw_walk *walk, struct sk_buff *skb, u16 port,
			struct outcome *out)
{
	struct sk_buff *copy;

	walk->sent = true;
	if (port == CVSW_PORT_NONE)
		return;
	copy = copy_of(walk, skb, out);
	if (copy)
		copy = output(walk, copy, port, out);
	leave(walk, copy, out);
	out->at_of = NULL;
}

/* Return: the frame, if there is more to do with it. */
static struct sk_buff *to_controller(struct cvsw_walk *walk, struct sk_buff *skb,
				     unsigned int max_len)
{
	struct cvsw_engine *engine = walk->engine;

	engine->to_controller(engine, walk, skb, max_len);
	if (walk->next < walk->end)
		return skb;
	dev_consume_skb_any(skb);
	return NULL;
}

/* All rewriting actions up to one of another kind; one by one, if someone looks. */
static struct sk_buff *rewrite(struct cvsw_walk *walk, struct sk_buff *skb, struct outcome *out)
{
	const struct cvsw_action *first = cvsw_entry_actions(walk->entry) + walk->next;
	unsigned int n = 1;

	while (!walk->trace && walk->next + n < walk->end && cvsw_action_rewrites(first[n].type))
		n++;
	walk->next += n;
	skb = cvsw_actions_run(skb, layout_of(out, skb), first, n, walk->engine->stats);
	out->at_of = NULL;
	return skb;
}

static struct sk_buff *run_list(struct cvsw_walk *walk, struct sk_buff *list,
				enum onward *onward, struct outcome *out);

/*
 * Datagrams of one socket, but each with an SPI, or a VNI and a frame in it, of its own: their
 * ways may part.
 */
static struct sk_buff *each_apart(const struct cvsw_walk *walk, struct sk_buff *list,
				  struct outcome *out)
{
	struct sk_buff *skb, *next;

	for (skb = list; skb; skb = next) {
		struct cvsw_walk apart = *walk;

		next = skb->next;
		skb_mark_not_on_list(skb);
		go_on(&apart, skb, out);
		out->at_of = NULL;
	}
	return NULL;
}

/* Return: what is left of one frame at the end of its actions, maybe a list. */
static struct sk_buff *run(struct cvsw_walk *walk, struct sk_buff *skb, enum onward *onward,
			   struct outcome *out)
{
	while (skb && walk->next < walk->end) {
		const struct cvsw_action *action = cvsw_entry_actions(walk->entry) + walk->next;

		cvsw_trace_action(walk, action, skb);
		if (cvsw_action_rewrites(action->type)) {
			skb = rewrite(walk, skb, out);
			cvsw_trace_done(walk, skb);
			continue;
		}
		if (must_wait(walk, action)) {
			cvsw_later_add(walk->engine->later, walk, skb);
			return NULL;
		}
		if (unlikely(wants_pieces(skb, action->type, out))) {
			skb = pieces(walk, skb, action->type, out);
			out->at_of = NULL;
			if (action->type == CVSW_ACT_ENCRYPT)
				return skb ? run_list(walk, skb, onward, out) : NULL;
			return each_apart(walk, skb, out);
		}
		walk->next++;
		switch (action->type) {
		case CVSW_ACT_OUTPUT:
			if (unlikely(walk->next < walk->end)) {
				output_copy(walk, skb, action->port, out);
				continue;
			}
			*onward = OUTPUT_SAID;
			return output(walk, skb, action->port, out);
		case CVSW_ACT_NEXT:
			*onward = NEXT_SAID;
			return skb;
		case CVSW_ACT_CONTROLLER:
			skb = to_controller(walk, skb, action->max_len);
			continue;
		case CVSW_ACT_CLONE:
			clone(walk, skb, action->n_cloned, out);
			walk->next += action->n_cloned;
			continue;
		case CVSW_ACT_VXLAN_ENCAP:
			skb = encap(walk, skb, &action->tunnel, out);
			break;
		case CVSW_ACT_VXLAN_DECAP:
		case CVSW_ACT_VXLAN_STRIP:
			skb = decap(walk, skb, action->type, out);
			break;
		case CVSW_ACT_ENCRYPT:
			skb = encrypt(walk, skb, action->spi);
			break;
		case CVSW_ACT_DECRYPT:
			if (likely(decrypt(walk, &skb, out)))
				break;
			/* The guest's own IPsec: it is for flows below. */
			*onward = NEXT_SAID;
			return skb;
		}
		cvsw_trace_done(walk, skb);
		out->at_of = NULL;
		if (skb && skb->next)
			return run_list(walk, skb, onward, out);
	}
	return skb;
}

/* The frames of a list, of one flow: each goes through the same actions. */
static struct sk_buff *run_list(struct cvsw_walk *walk, struct sk_buff *list,
				enum onward *onward, struct outcome *out)
{
	struct sk_buff *left = NULL, **end = &left, *skb, *rest;
	u16 next = walk->next;

	if (next == walk->end)
		return list;
	for (skb = list; skb; skb = rest) {
		rest = skb->next;
		skb_mark_not_on_list(skb);
		walk->next = next;
		append(&end, run(walk, skb, onward, out));
	}
	return left;
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
static struct sk_buff *miss(struct cvsw_walk *walk, struct sk_buff *list)
{
	struct cvsw_engine *engine = walk->engine;

	if (is_first_lookup(walk))
		cvsw_stats_count(engine->stats,
				 walk->in == CVSW_HOST ? CVSW_CNT_TX_MISS : CVSW_CNT_RX_MISS);
	if (likely(engine->miss == CVSW_MISS_PASS))
		return list;
	if (engine->miss == CVSW_MISS_CONTROLLER)
		tell_of_miss(walk, list);
	return drop(engine, list, CVSW_CNT_DROP_MISS);
}

/*
 * Behind a lookup: was it of a version that is in pieces?  Within one RCU read side it stays
 * whole, but not for a frame that waited: what it should have met may be gone.
 */
static bool is_lost(const struct cvsw_walk *walk)
{
	return !is_first_lookup(walk) && !cvsw_table_has(walk->engine->table, walk->version);
}

static struct sk_buff *no_match(struct cvsw_walk *walk, struct sk_buff *list)
{
	if (unlikely(is_lost(walk)))
		return drop(walk->engine, list, CVSW_CNT_DROP_CHANGED);
	cvsw_trace_lookup(walk, NULL);
	return miss(walk, list);
}

/*
 * Find the flow of a list's frames, which are all of one.
 * @below: only a flow of lower priority than this
 * Return: false: there is none, and what is left of the list, none or all of
 * it, is through.
 */
static bool look_up(struct cvsw_walk *walk, struct sk_buff **list, int below,
		    struct outcome *out)
{
	struct cvsw_engine *engine = walk->engine;
	struct sk_buff *skb = *list;
	struct cvsw_entry *entry;
	struct cvsw_key key __uninitialized;

	if (is_first_lookup(walk))
		walk->version = cvsw_table_version(engine->table);
	if (walk->pass && !cvsw_table_may_match(engine->table, walk->in, walk->pass)) {
		walk->layered = true;
		*list = no_match(walk, skb);
		return false;
	}
	if (unlikely(cvsw_key_extract(skb, walk->in, &key, &out->at))) {
		*list = drop(engine, skb, CVSW_CNT_DROP_SHORT);
		return false;
	}
	out->at_of = skb;
	walk->whole = out->at.whole;
	if (unlikely(key.nw_proto == IPPROTO_ICMP) && walk->in == CVSW_NET &&
	    is_first_lookup(walk) && !walk->trace)
		cvsw_pmtu_hear(engine, skb, &out->at);
	key.pass = walk->pass;
	if (walk->pass) {
		key.tun_type = walk->tun_type;
		key.tun_id = walk->tun_id;
		key.sa = walk->sa;
		memcpy(key.tun_src, walk->tun_src, sizeof(key.tun_src));
		memcpy(key.tun_dst, walk->tun_dst, sizeof(key.tun_dst));
		if (walk->in == CVSW_NET && !skb->hash)
			hash_inner(skb, &out->at);
	}

	/* What is only looked at leaves no trace in the cache. */
	entry = below == CVSW_ANY_PRIORITY && likely(!walk->trace) ?
		cvsw_table_lookup_of(engine->table, &key, walk->version) :
		cvsw_table_lookup_below_of(engine->table, &key, below, walk->version);
	if (!entry) {
		*list = no_match(walk, skb);
		return false;
	}
	if (unlikely(is_lost(walk))) {
		*list = drop(engine, skb, CVSW_CNT_DROP_CHANGED);
		return false;
	}
	cvsw_trace_lookup(walk, entry);
	if (is_first_lookup(walk))
		cvsw_stats_count(engine->stats,
				 walk->in == CVSW_HOST ? CVSW_CNT_TX_HIT : CVSW_CNT_RX_HIT);
	for (; skb && likely(!walk->trace); skb = skb->next)
		cvsw_hits_add(entry->hits, skb->len);
	walk->entry = entry;
	walk->next = 0;
	walk->end = entry->n_actions;
	walk->sent = false;
	if (!entry->n_actions) {
		*list = drop(engine, *list, CVSW_CNT_DROP_ACTION);
		return false;
	}
	return true;
}

/* What is through. */
static void leave(struct cvsw_walk *walk, struct sk_buff *list, struct outcome *out)
{
	if (walk->in == CVSW_NET)
		list = for_stack(walk, list, out);
	cvsw_trace_end(walk, list);
	append(&out->end, list);
}

/* From where @walk stands to the end of the way: what is left is appended to @out. */
static void go_on(struct cvsw_walk *walk, struct sk_buff *list, struct outcome *out)
{
	unsigned int nexts = 0;
	int below;

	do {
		enum onward onward = LIST_ENDED;

		list = run_list(walk, list, &onward, out);
		if (!list || onward == OUTPUT_SAID)
			break;
		below = CVSW_ANY_PRIORITY;
		if (onward == NEXT_SAID) {
			below = walk->entry->priority;
			if (++nexts > NEXT_MAX) {
				list = drop(walk->engine, list, CVSW_CNT_DROP_NEXT);
				break;
			}
		} else if (unlikely(walk->sent)) {
			list = consume(list);
			break;
		} else if (!walk->layered) {
			break;
		} else {
			walk->layered = false;
			if (++walk->pass == CVSW_MAX_PASSES) {
				list = drop(walk->engine, list, CVSW_CNT_DROP_PASSES);
				break;
			}
		}
	} while (look_up(walk, &list, below, out));
	leave(walk, list, out);
}

struct sk_buff *cvsw_engine_way(struct cvsw_walk *walk, struct sk_buff *skb)
{
	struct outcome out = { .end = &out.first };

	rcu_read_lock();
	if (look_up(walk, &skb, CVSW_ANY_PRIORITY, &out))
		go_on(walk, skb, &out);
	else
		leave(walk, skb, &out);
	rcu_read_unlock();
	return out.first;
}

struct sk_buff *cvsw_handle_frame(struct cvsw_engine *engine, struct sk_buff *skb,
				  enum cvsw_ingress in)
{
	struct cvsw_walk walk = { .engine = engine, .in = in };

	if (cvsw_table_empty(engine->table))
		return miss(&walk, skb);
	return cvsw_engine_way(&walk, skb);
}

void cvsw_walk_hold(struct cvsw_walk *to, const struct cvsw_walk *walk)
{
	*to = *walk;
	cvsw_entry_hold(to->entry);
}

void cvsw_engine_resume(struct cvsw_walk *walk, struct sk_buff *skb)
{
	struct cvsw_entry *held = walk->entry;
	struct outcome out = { .end = &out.first };

	if (skb) {
		rcu_read_lock();
		go_on(walk, skb, &out);
		rcu_read_unlock();
	}
	if (out.first)
		walk->engine->deliver(walk->engine, out.first, walk->in);
	cvsw_entry_put(held);
}
