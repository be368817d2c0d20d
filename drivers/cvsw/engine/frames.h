/* SPDX-License-Identifier: GPL-2.0 */
/* Frames, and lists of them linked by skb->next. */
#ifndef CVSW_FRAMES_H
#define CVSW_FRAMES_H

#include <linux/skbuff.h>

#include "stats.h"

/** cvsw_frames_drop() - free a list, each frame counted; any context.  Return: NULL. */
struct sk_buff *cvsw_frames_drop(struct cvsw_stats __percpu *stats, struct sk_buff *list,
				 enum cvsw_counter cause);

/** cvsw_frames_consume() - free a list that has done its work; any context.  Return: NULL. */
struct sk_buff *cvsw_frames_consume(struct sk_buff *list);

/** cvsw_frames_append() - link a list, maybe empty, to **@end, and move @end behind it */
static inline void cvsw_frames_append(struct sk_buff ***end, struct sk_buff *list)
{
	**end = list;
	while (**end)
		*end = &(**end)->next;
}

/**
 * cvsw_frame_copy() - the same bytes in another sk_buff, charged to the same socket
 * Return: NULL without memory, and that is counted.
 */
struct sk_buff *cvsw_frame_copy(struct cvsw_stats __percpu *stats, struct sk_buff *skb);

/**
 * cvsw_frame_own() - a frame that nobody else has, so that it may be pulled and trimmed
 * @skb: consumed; its bytes may still be others' too: see skb_ensure_writable()
 * Return: NULL without memory, and that is counted.
 */
struct sk_buff *cvsw_frame_own(struct cvsw_stats __percpu *stats, struct sk_buff *skb);

#endif
