/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CVSW_ACTIONS_H
#define CVSW_ACTIONS_H

#include <linux/skbuff.h>

#include "proto/cvsw_flow.h"
#include "registers.h"
#include "table/key.h"
#include "stats.h"

/**
 * cvsw_actions_run() - do a list of actions to a frame
 * @skb: as cvsw_handle_frame() has it; consumed
 * @layout: of this frame, by cvsw_key_extract()
 * @actions: @n of them, n > 0, valid by proto/'s decoders
 * @registers: the frame's
 * @stats: where skips and drops are counted
 *
 * Makes the frame's headers its own before the first write; payload is never
 * copied.  Checksums are updated incrementally (RFC 1624), CHECKSUM_PARTIAL
 * and GSO frames stay what they are.
 *
 * An action whose field the frame does not have is skipped and counted, and so
 * is one that cannot be done right: addresses of ARP (as Open vSwitch has it),
 * addresses and ports in a fragment whose TCP or UDP checksum lies in the next
 * one, SCTP ports in any fragment.
 *
 * Context: as cvsw_handle_frame().
 * Return: the frame, or NULL: freed for want of memory, counted.
 */
struct sk_buff *cvsw_actions_run(struct sk_buff *skb, const struct cvsw_layout *layout,
				 const struct cvsw_action *actions, unsigned int n,
				 struct cvsw_registers *registers,
				 struct cvsw_stats __percpu *stats);

/** cvsw_action_spares_frame() - does a rewriting action write to registers only? */
static inline bool cvsw_action_spares_frame(const struct cvsw_action *action)
{
	return (action->type == CVSW_ACT_LOAD && cvsw_field_is_register(action->load.dst)) ||
	       (action->type == CVSW_ACT_MOVE && cvsw_field_is_register(action->move.dst));
}

#endif
