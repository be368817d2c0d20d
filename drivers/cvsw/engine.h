/* SPDX-License-Identifier: GPL-2.0 */
/* The engine's face: a frame goes in, what becomes of it comes out. */
#ifndef CVSW_ENGINE_H
#define CVSW_ENGINE_H

#include <linux/skbuff.h>

#include "../../proto/cvsw_flow.h"
#include "stats.h"
#include "table.h"

/**
 * struct cvsw_engine - what the engine needs of a port
 * @table: lives as long as the engine
 * @stats: counters
 * @miss_drop: a frame that no flow matches is dropped, not passed
 * @idle: the table is empty and misses pass: a hint for ports, which then need
 *	not ask.  False is always right; cvsw_engine_changed() keeps it
 */
struct cvsw_engine {
	struct cvsw_table *table;
	struct cvsw_stats __percpu *stats;
	bool miss_drop;
	bool idle;
};

/* To be called behind every change of the table, by whoever makes it. */
static inline void cvsw_engine_changed(struct cvsw_engine *engine)
{
	WRITE_ONCE(engine->idle, !engine->miss_drop && cvsw_table_empty(engine->table));
}

/**
 * cvsw_handle_frame() - look a frame up and do what its flow says
 * @skb: data at the Ethernet header, skb->mac_header set there; possibly GSO,
 *	shared, cloned, non-linear, CHECKSUM_PARTIAL, with a VLAN tag in
 *	skb->vlan_tci or in the frame.  Consumed.  CHECKSUM_COMPLETE covers what
 *	is behind the 14 bytes of the Ethernet header, as eth_type_trans() has it.
 * @in: the port it came in by
 *
 * Context: bottom halves disabled (hard interrupts too, under netpoll).
 * Return: NULL if the frame was dropped, else what goes on in its direction,
 * data at the Ethernet header and a VLAN tag always in the frame if an action
 * touched it: the same skb, or an unshared copy if it had to be written to.
 * On receive skb->protocol and skb->pkt_type may be out of date: see
 * eth_type_trans(), which wants PACKET_HOST to begin with.  A list linked by skb->next may come with later actions.
 */
struct sk_buff *cvsw_handle_frame(struct cvsw_engine *engine, struct sk_buff *skb,
				  enum cvsw_ingress in);

#endif
