/* SPDX-License-Identifier: GPL-2.0 */
/* The engine's face: a frame goes in, what becomes of it comes out. */
#ifndef CVSW_ENGINE_H
#define CVSW_ENGINE_H

#include "walk.h"

/**
 * cvsw_handle_frame() - look a frame up and do what its flow says
 * @engine: the port's
 * @skb: data at the Ethernet header, skb->mac_header set there; possibly GSO,
 *	shared, cloned, non-linear, CHECKSUM_PARTIAL, with a VLAN tag in
 *	skb->vlan_tci or in the frame.  Consumed.  CHECKSUM_COMPLETE covers what
 *	is behind the 14 bytes of the Ethernet header, as eth_type_trans() has it.
 * @in: the port it came in by
 *
 * The flow's actions are done to their end, each output to the frame as it is by
 * then.  If there was none and the frame gained or lost a layer, it is looked up
 * again, with what is known of the layer in the key.  After
 * CVSW_MAX_PASSES passes without an end it is dropped.  A frame of many
 * segments is looked up as one; it is cut up where a layer is put around it.
 * All lookups of a frame are of one version of the table.
 *
 * Context: bottom halves disabled, or interrupts, as netpoll has it.  Then what needs
 * a cipher or goes back to the stack waits until they are on: see later.h.
 * Return: NULL if the frame was dropped, else what goes on in its direction,
 * data at the Ethernet header and a VLAN tag always in the frame if an action
 * touched it: the same skb, or an unshared copy if it had to be written to, or
 * a list of several linked by skb->next.
 * On receive skb->protocol and skb->pkt_type may be out of date: see
 * eth_type_trans(), which wants PACKET_HOST to begin with.
 */
struct sk_buff *cvsw_handle_frame(struct cvsw_engine *engine, struct sk_buff *skb,
				  enum cvsw_ingress in);

/**
 * cvsw_engine_way() - a frame's way from its first lookup on
 * @walk: its beginning: all zero but for @engine, @in and maybe @trace and what
 *	struct cvsw_key has of it
 *
 * All else as cvsw_handle_frame().
 */
struct sk_buff *cvsw_engine_way(struct cvsw_walk *walk, struct sk_buff *skb);

/**
 * cvsw_engine_resume() - let a frame go on from where it stood
 * @walk: from cvsw_walk_hold(), which ends here
 * @skb: as the action would have returned it; consumed.  NULL: it was dropped
 *
 * What is left of it goes to @walk->engine->deliver.  If it is to be looked up again,
 * and its version of the table is gone, it is dropped.
 * Context: bottom halves disabled, no queue's lock held.
 */
void cvsw_engine_resume(struct cvsw_walk *walk, struct sk_buff *skb);

#endif
