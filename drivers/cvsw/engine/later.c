// SPDX-License-Identifier: GPL-2.0
#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "later.h"

struct waiting {
	struct list_head node;
	struct cvsw_walk walk;
	struct sk_buff *skb;
};

/**
 * struct cvsw_later - a port's
 * @lock: a leaf, taken with interrupts off; guards @frames and @n
 * @n: length of @frames
 */
struct cvsw_later {
	spinlock_t lock;
	struct list_head frames;
	unsigned int n;
	struct tasklet_struct tasklet;
};

static struct waiting *next_waiting(struct cvsw_later *later)
{
	struct waiting *frame;
	unsigned long flags;

	spin_lock_irqsave(&later->lock, flags);
	frame = list_first_entry_or_null(&later->frames, struct waiting, node);
	if (frame) {
		list_del(&frame->node);
		later->n--;
	}
	spin_unlock_irqrestore(&later->lock, flags);
	return frame;
}

/* What comes meanwhile has the tasklet run again. */
static void run_later(struct tasklet_struct *tasklet)
{
	struct cvsw_later *later = from_tasklet(later, tasklet, tasklet);
	unsigned int n = READ_ONCE(later->n);
	struct waiting *frame;

	while (n-- && (frame = next_waiting(later))) {
		cvsw_stats_count(frame->walk.engine->stats, CVSW_CNT_LATER);
		frame->walk.engine->resume(&frame->walk, frame->skb);
		kfree(frame);
	}
}

static bool queue_later(struct cvsw_later *later, struct waiting *frame)
{
	unsigned long flags;
	bool room;

	spin_lock_irqsave(&later->lock, flags);
	room = later->n < CVSW_LATER_MAX;
	if (room) {
		list_add_tail(&frame->node, &later->frames);
		WRITE_ONCE(later->n, later->n + 1);
	}
	spin_unlock_irqrestore(&later->lock, flags);
	if (room)
		tasklet_schedule(&later->tasklet);
	return room;
}

void cvsw_later_add(struct cvsw_later *later, const struct cvsw_walk *walk, struct sk_buff *skb)
{
	struct waiting *frame = later ? kmalloc(sizeof(*frame), GFP_ATOMIC | __GFP_NOWARN) : NULL;

	if (frame) {
		cvsw_walk_hold(&frame->walk, walk);
		frame->skb = skb;
		if (likely(queue_later(later, frame)))
			return;
		/* Never the last one, for the table has it: RCU read side. */
		cvsw_walk_put(walk);
		kfree(frame);
	}
	cvsw_stats_count(walk->engine->stats, CVSW_CNT_DROP_LATER);
	dev_kfree_skb_any(skb);
}

struct cvsw_later *cvsw_later_create(void)
{
	struct cvsw_later *later = kzalloc(sizeof(*later), GFP_KERNEL);

	if (!later)
		return NULL;
	spin_lock_init(&later->lock);
	INIT_LIST_HEAD(&later->frames);
	tasklet_setup(&later->tasklet, run_later);
	return later;
}

void cvsw_later_destroy(struct cvsw_later *later)
{
	if (!later)
		return;
	/* It runs once more if frames wait. */
	tasklet_kill(&later->tasklet);
	kfree(later);
}
