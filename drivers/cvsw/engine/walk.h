/* SPDX-License-Identifier: GPL-2.0 */
/* A port's engine and a frame's place in it, for all who take part in the frame's way. */
#ifndef CVSW_WALK_H
#define CVSW_WALK_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "proto/cvsw_flow.h"
#include "registers.h"
#include "stats.h"
#include "table/table.h"

struct cvsw_later;
struct cvsw_pmtus;
struct cvsw_sas;
struct cvsw_trace;
struct cvsw_walk;

/* A power of two. */
#define CVSW_TOLD_WAYS		64

/**
 * struct cvsw_engine - what the engine needs of a port
 * @table: lives as long as the engine
 * @stats: counters
 * @sas: SAs; NULL: none, ever
 * @later: where frames wait that came with interrupts off; NULL: they are dropped
 * @wire_mtu: largest IP packet that the wire is known to take
 * @control_mtu: the MTU that the controller has set, room for layers left; or 0
 * @pmtus: what routers have said; NULL: they are not listened to
 * @told: when senders were told of too large a frame, in jiffies, by a hash of the
 *	frame's addresses; 0: never
 * @miss: enum cvsw_miss: what becomes of a frame that no flow matches
 * @inner_csum: the controller wants checksums inside of tunnels left to the device
 * @idle: the table is empty and misses pass: a hint for ports, which then need
 *	not ask.  False is always right; cvsw_engine_changed() keeps it
 * @deliver: takes frames, a list as cvsw_handle_frame() returns it, whose way
 *	ended outside of it; bottom halves disabled, no queue's lock held by
 *	the caller
 * @resume: cvsw_engine_resume(), for those who kept a frame by cvsw_walk_hold()
 * @turn: takes a frame that goes back by the port it came in by, not shared;
 *	the context is that of cvsw_handle_frame(), so there may be a queue's lock; but
 *	interrupts are on
 * @to_controller: copies the first @max_len bytes of a frame, no more than fit a
 *	PACKET_IN, or does not; @walk->entry: the flow that says so, NULL if there
 *	is none; context as @turn's, or with interrupts off
 */
struct cvsw_engine {
	struct cvsw_table *table;
	struct cvsw_stats __percpu *stats;
	struct cvsw_sas *sas;
	struct cvsw_later *later;
	unsigned int wire_mtu;
	unsigned int control_mtu;
	struct cvsw_pmtus *pmtus;
	u32 told[CVSW_TOLD_WAYS];
	u8 miss;
	bool inner_csum;
	bool idle;
	void (*deliver)(struct cvsw_engine *engine, struct sk_buff *skb, enum cvsw_ingress in);
	void (*resume)(struct cvsw_walk *walk, struct sk_buff *skb);
	void (*turn)(struct cvsw_engine *engine, struct sk_buff *skb, enum cvsw_ingress in);
	void (*to_controller)(struct cvsw_engine *engine, const struct cvsw_walk *walk,
			      const struct sk_buff *skb, unsigned int max_len);
};

/* Lists that wait for another to end.  Open vSwitch has no such bound but those below. */
#define CVSW_MAX_RETURNS	16
/* As in Open vSwitch: resubmits to the same table or one in front, within each other, and in all. */
#define CVSW_MAX_BACKWARD	64
#define CVSW_MAX_RESUBMITS	4096

/**
 * struct cvsw_return - a list that goes on when another has ended
 * @entry, @next, @end, @table, @backward: as in struct cvsw_walk
 */
struct cvsw_return {
	struct cvsw_entry *entry;
	u16 next;
	u16 end;
	u8 table;
	u8 backward;
};

/* Actions in a frame's action set. */
#define CVSW_MAX_SET		16

/**
 * struct cvsw_written - an action of the action set
 * @entry: the flow that wrote it; under RCU, or held
 * @index: among that flow's actions
 */
struct cvsw_written {
	struct cvsw_entry *entry;
	u16 index;
};

/**
 * struct cvsw_walk - where a frame stands on its way through the engine
 * @engine: the port's
 * @table: of its lookup
 * @lookup_in: in_port of the next lookup alone, as a resubmit says; 0: @in
 * @n_returns: of @returns
 * @n_set: of @set
 * @backward: resubmits to the same table or one in front, which it stands behind
 * @resubmits: how many the frame had had, with its copies, when this one had its last
 * @said: behind the action that leads its list to another table
 * @entry: the flow, or the bucket of a group, whose actions it goes through; under RCU, or held
 * @version: of the table that all its lookups are of; zero: there was none yet
 * @next: index of the action to be done next
 * @end: index behind the last: the list's, a clone's, or that of an action set's output
 * @in: enum cvsw_ingress
 * @layered: gained or lost a layer since the key of its last lookup was read
 * @whole: as struct cvsw_layout has it, at its last lookup
 * @sent: a copy went to an output of its list, so that the list's end is its own
 * @copy: 0, or which of the clones that were made it is
 * @trace: steps are told to, and nothing that lasts is done; NULL: it is a real frame
 * @packet: length of the IP packet (of a GSO frame's largest segment) that was
 *	put into a tunnel on this way, with its tags but without the layers around
 *	it; 0: none was
 *
 * What has no line here is as in struct cvsw_key.
 *
 * Last is what hardly any frame needs: neither begun nor copied before it is written to.
 *
 * @registers: of the frame
 * @returns: where to go on when a list ends that a resubmit came to
 * @set: its action set, in the order in which that was written
 */
struct cvsw_walk {
	struct cvsw_engine *engine;
	struct cvsw_entry *entry;
	u64 version;
	u16 next;
	u16 end;
	u8 in;
	bool layered;
	bool sent;
	bool whole;
	u8 copy;
	unsigned int packet;
	struct cvsw_trace *trace;
	u8 pass;
	u8 tun_type;
	u32 tun_id;
	u32 sa;
	u8 tun_src[CVSW_IP_LEN];
	u8 tun_dst[CVSW_IP_LEN];
	u8 table;
	u8 lookup_in;
	u8 n_returns;
	u8 n_set;
	u8 backward;
	u16 resubmits;
	u16 said;
	struct cvsw_registers registers;
	struct cvsw_return returns[CVSW_MAX_RETURNS];
	struct cvsw_written set[CVSW_MAX_SET];
};

/** cvsw_walk_begin() - @walk: out: a frame's place before its first lookup */
static inline void cvsw_walk_begin(struct cvsw_walk *walk, struct cvsw_engine *engine,
				   enum cvsw_ingress in)
{
	unsigned long *words = (unsigned long *)walk;
	unsigned int i;

	/* As clear_key(): of this size, memset() is dear. */
	for (i = 0; i < offsetof(struct cvsw_walk, registers.metadata) / sizeof(*words); i++)
		WRITE_ONCE(words[i], 0);
	walk->engine = engine;
	walk->in = in;
}

/** cvsw_walk_copy() - a place of its own for a frame that goes on from @walk */
static inline void cvsw_walk_copy(struct cvsw_walk *to, const struct cvsw_walk *walk)
{
	memcpy(to, walk, offsetof(struct cvsw_walk, registers.metadata));
	if (unlikely(walk->registers.written))
		to->registers = walk->registers;
	if (unlikely(walk->n_returns))
		memcpy(to->returns, walk->returns, walk->n_returns * sizeof(to->returns[0]));
	if (unlikely(walk->n_set))
		memcpy(to->set, walk->set, walk->n_set * sizeof(to->set[0]));
}

/** struct cvsw_notes - what of its walk each frame of a list writes for itself */
struct cvsw_notes {
	struct cvsw_entry *entry;
	u16 next;
	u16 end;
	bool sent;
	u8 n_set;
	struct cvsw_registers registers;
};

/** cvsw_walk_note() - @notes: out */
static inline void cvsw_walk_note(struct cvsw_notes *notes, const struct cvsw_walk *walk)
{
	notes->entry = walk->entry;
	notes->next = walk->next;
	notes->end = walk->end;
	notes->sent = walk->sent;
	notes->n_set = walk->n_set;
	notes->registers.written = walk->registers.written;
	if (unlikely(walk->registers.written))
		notes->registers = walk->registers;
}

/** cvsw_walk_recall() - as it was when @notes were made */
static inline void cvsw_walk_recall(struct cvsw_walk *walk, const struct cvsw_notes *notes)
{
	walk->entry = notes->entry;
	walk->next = notes->next;
	walk->end = notes->end;
	walk->sent = notes->sent;
	walk->n_set = notes->n_set;
	walk->registers.written = notes->registers.written;
	if (unlikely(notes->registers.written))
		walk->registers = notes->registers;
}

/** cvsw_walk_goes_on() - is there more to do with a frame, behind the action under way? */
static inline bool cvsw_walk_goes_on(const struct cvsw_walk *walk)
{
	return walk->next < walk->end || unlikely(walk->n_returns) || unlikely(walk->n_set);
}

/** cvsw_walk_enter() - the actions of a bucket are the rest of the list */
static inline void cvsw_walk_enter(struct cvsw_walk *walk, struct cvsw_entry *bucket)
{
	walk->entry = bucket;
	walk->next = 0;
	walk->end = bucket->n_actions;
	walk->sent = false;
}

/**
 * cvsw_sums_inside() - is a checksum finished by the device wherever it is in a frame?
 * @dev: may be NULL
 *
 * virtio's csum_start may be anywhere (virtio 1.2, 5.1.6.2), but there are switches and
 * NICs behind them that take it for that of the outermost headers: so it is so only when
 * the controller says it (CVSW_OFFLOAD_INNER_CSUM), whatever the device offers to the
 * stack's own tunnels, which go by dev->hw_enc_features.
 */
static inline bool cvsw_sums_inside(const struct cvsw_engine *engine, const struct net_device *dev)
{
	return READ_ONCE(engine->inner_csum) && dev && dev->features & NETIF_F_HW_CSUM;
}

/* To be called behind every change of the table, by whoever makes it. */
static inline void cvsw_engine_changed(struct cvsw_engine *engine)
{
	WRITE_ONCE(engine->idle, engine->miss == CVSW_MISS_PASS && cvsw_table_empty(engine->table));
}

/**
 * cvsw_walk_hold() - keep a frame's place beyond RCU
 * @to: out; ended by @walk->engine->resume
 * Context: RCU read side, in which @walk->entry was found.
 */
static inline void cvsw_walk_hold(struct cvsw_walk *to, const struct cvsw_walk *walk)
{
	unsigned int i;

	cvsw_walk_copy(to, walk);
	cvsw_entry_hold(to->entry);
	for (i = 0; i < to->n_returns; i++)
		cvsw_entry_hold(to->returns[i].entry);
	for (i = 0; i < to->n_set; i++)
		cvsw_entry_hold(to->set[i].entry);
}

/**
 * cvsw_walk_put() - end cvsw_walk_hold()
 * @held: what that made, as it was then
 */
static inline void cvsw_walk_put(const struct cvsw_walk *held)
{
	unsigned int i;

	for (i = 0; i < held->n_returns; i++)
		cvsw_entry_put(held->returns[i].entry);
	for (i = 0; i < held->n_set; i++)
		cvsw_entry_put(held->set[i].entry);
	cvsw_entry_put(held->entry);
}

/**
 * cvsw_engine_may_meet() - is there anything to look a frame up for?
 * @pass: of its lookup
 *
 * The one place that knows it: nobody parses a frame, or asks the table, of which this
 * says no.  What comes from the wire is looked at if there is any flow, for routers tell of
 * the MTU of tunnels' paths.
 * Context: RCU read side.
 */
static inline bool cvsw_engine_may_meet(const struct cvsw_engine *engine, enum cvsw_ingress in,
					unsigned int pass)
{
	return in == CVSW_NET && !pass ? !cvsw_table_empty(engine->table) :
					 cvsw_table_may_match(engine->table, in, pass);
}

#endif
