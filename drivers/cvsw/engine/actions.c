// SPDX-License-Identifier: GPL-2.0
/*
 * What flows do to frames: their lists of rewriting actions.
 */
#include <linux/netdevice.h>

#include "actions.h"
#include "frames.h"
#include "rewrite.h"

static int run_action(struct cvsw_frame *frame, const struct cvsw_action *action)
{
	switch ((enum cvsw_action_type)action->type) {
	case CVSW_ACT_OUTPUT:
	case CVSW_ACT_VXLAN_ENCAP:
	case CVSW_ACT_VXLAN_DECAP:
	case CVSW_ACT_VXLAN_STRIP:
	case CVSW_ACT_ENCRYPT:
	case CVSW_ACT_DECRYPT:
	case CVSW_ACT_CLONE:
	case CVSW_ACT_NEXT:
	case CVSW_ACT_CONTROLLER:
	case CVSW_ACT_GOTO_TABLE:
	case CVSW_ACT_RESUBMIT:
	case CVSW_ACT_WRITE_ACTIONS:
	case CVSW_ACT_CLEAR_ACTIONS:
	case CVSW_ACT_GROUP:
	case CVSW_N_ACTIONS:
		return 0;
	case CVSW_ACT_STRIP_VLAN:
		return cvsw_strip_vlan(frame);
	case CVSW_ACT_DEC_TTL:
		return cvsw_dec_ttl(frame);
	case CVSW_ACT_MOVE:
		return cvsw_move_bits(frame, &action->move);
	case CVSW_ACT_LOAD:
		return cvsw_load_bits(frame, &action->load);
	}
	return 0;
}

struct sk_buff *cvsw_actions_run(struct sk_buff *skb, const struct cvsw_layout *layout,
				 const struct cvsw_action *actions, unsigned int n,
				 struct cvsw_registers *registers,
				 struct cvsw_stats __percpu *stats)
{
	struct cvsw_frame frame = { .at = *layout, .registers = registers };
	unsigned int i;

	/* An output is the last action: this frame is not written to. */
	if (actions[0].type == CVSW_ACT_OUTPUT)
		return skb;

	/* Its bytes may still be others' too, for which skb_ensure_writable() looks. */
	frame.skb = cvsw_frame_own(stats, skb);
	if (!frame.skb)
		return NULL;
	for (i = 0; i < n; i++) {
		int err = run_action(&frame, &actions[i]);

		if (err == -ENODATA) {
			cvsw_stats_count(stats, CVSW_CNT_ACTION_SKIPPED);
		} else if (err) {
			cvsw_stats_count(stats, err == -ETIME ? CVSW_CNT_DROP_TTL :
								CVSW_CNT_DROP_NOMEM);
			dev_kfree_skb_any(frame.skb);
			return NULL;
		}
	}
	return frame.skb;
}
