/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CVSW_ACTIONS_H
#define CVSW_ACTIONS_H

#include <linux/skbuff.h>

#include "../../proto/cvsw_flow.h"
#include "stats.h"

/**
 * cvsw_actions_run() - do a list of actions to a frame
 * @skb: as cvsw_handle_frame() has it; consumed
 * @actions: @n of them, n > 0, valid by proto/'s decoders
 *
 * Unshares the frame before the first write.  Checksums are updated
 * incrementally (RFC 1624), CHECKSUM_PARTIAL and GSO frames stay what they
 * are.  An action whose field the frame does not have is skipped and counted.
 * Context: as cvsw_handle_frame().
 * Return: the frame, or NULL: freed for want of memory, counted.
 */
struct sk_buff *cvsw_actions_run(struct sk_buff *skb, const struct cvsw_action *actions,
				 unsigned int n, struct cvsw_stats __percpu *stats);

#endif
