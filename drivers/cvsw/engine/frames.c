// SPDX-License-Identifier: GPL-2.0
#include <linux/netdevice.h>
#include <net/sock.h>

#include "frames.h"

struct sk_buff *cvsw_frames_drop(struct cvsw_stats __percpu *stats, struct sk_buff *list,
				 enum cvsw_counter cause)
{
	struct sk_buff *skb, *next;

	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		cvsw_stats_count(stats, cause);
		dev_kfree_skb_any(skb);
	}
	return NULL;
}

struct sk_buff *cvsw_frames_consume(struct sk_buff *list)
{
	struct sk_buff *skb, *next;

	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		dev_consume_skb_any(skb);
	}
	return NULL;
}

struct sk_buff *cvsw_frame_copy(struct cvsw_stats __percpu *stats, struct sk_buff *skb)
{
	struct sk_buff *copy = skb_clone(skb, GFP_ATOMIC);

	if (!copy)
		cvsw_stats_count(stats, CVSW_CNT_DROP_NOMEM);
	else if (skb->sk && sk_fullsock(skb->sk))
		skb_set_owner_w(copy, skb->sk);
	return copy;
}

struct sk_buff *cvsw_frame_own(struct cvsw_stats __percpu *stats, struct sk_buff *skb)
{
	struct sk_buff *copy;

	if (likely(!skb_shared(skb)))
		return skb;
	copy = cvsw_frame_copy(stats, skb);
	if (copy)
		dev_consume_skb_any(skb);
	else
		dev_kfree_skb_any(skb);
	return copy;
}
