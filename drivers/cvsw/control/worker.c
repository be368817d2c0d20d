// SPDX-License-Identifier: GPL-2.0
/*
 * Control frames: received in NAPI context, where they are only checked, copied
 * and queued; done by a worker in process context, in order, by version2.c and
 * version3.c.
 *
 * Every frame received ends in exactly one counter: applied, refused,
 * nomem, unexpected, not-ours, unauthenticated, queue-full, one of bad-* or one
 * of v3-*.
 */
#include <linux/if_ether.h>
#include <linux/slab.h>

#include "version2/version2.h"
#include "version3.h"
#include "worker.h"

/* Frames worked on before what is due is sent. */
#define BATCH		32

/* @type: enum cvsw_v3_type; 0: it is of version 2 */
struct control_frame {
	struct list_head node;
	u8 type;
	unsigned int len;
	u8 data[] __aligned(2);		/* from the destination address on */
};

static bool is_answer(const struct control_frame *frame)
{
	return frame->type == CVSW_V3_ACCEPT || frame->type == CVSW_V3_COOKIE;
}

/* There may be a key in it. */
static void frame_free(struct control_frame *frame)
{
	kfree_sensitive(frame);
}

/* ---- the worker ---- */

static struct control_frame *frame_next(struct cvsw_control *control)
{
	struct control_frame *frame;

	spin_lock_bh(&control->lock);
	frame = list_first_entry_or_null(&control->queue, struct control_frame, node);
	if (frame) {
		list_del(&frame->node);
		control->queued--;
		control->hello &= frame->type != CVSW_V3_HELLO;
		control->answers -= is_answer(frame);
	}
	spin_unlock_bh(&control->lock);
	return frame;
}

static void do_events(struct cvsw_control *control)
{
	struct cvsw_version3 *v3;
	unsigned long events = 0;
	unsigned int event;

	for (event = CVSW_EVENT_LINK; event <= CVSW_EVENT_KEY; event++)
		if (test_and_clear_bit(event, &control->events))
			events |= BIT(event);
	if (!events)
		return;
	/* After the events: one of them may bring the first key. */
	v3 = cvsw_version3_of(control);
	if (v3)
		cvsw_version3_events(v3, events);
	cvsw_version2_events(control, events);
}

static void frame_do(struct cvsw_control *control, struct control_frame *frame)
{
	if (READ_ONCE(control->dead))
		return;
	if (frame->type)
		cvsw_version3_receive(cvsw_version3_of(control), frame->data, frame->len);
	else
		cvsw_version2_receive(control, frame->data, frame->len);
}

/* Return: how many there were, BATCH at most. */
static unsigned int do_frames(struct cvsw_control *control)
{
	struct control_frame *frame;
	unsigned int n;

	for (n = 0; n < BATCH && (frame = frame_next(control)); n++) {
		frame_do(control, frame);
		frame_free(frame);
	}
	return n;
}

/* Called while its change is committed, which only this worker does. */
static void on_removed(struct cvsw_entry *entry, enum cvsw_removed why, void *arg)
{
	struct cvsw_version3 *v3 = cvsw_version3_of(arg);

	if (v3)
		cvsw_version3_removed(v3, entry, why);
}

/* Return: jiffies until something is due again. */
static unsigned long do_what_is_due(struct cvsw_control *control)
{
	struct cvsw_version3 *v3 = cvsw_version3_of(control);
	unsigned long delay;

	if (READ_ONCE(control->dead))
		return MAX_SCHEDULE_TIMEOUT;
	if (v3)
		cvsw_version3_do(v3);
	/* After what may have changed the table, and before what reports it. */
	delay = cvsw_table_expire(control->engine->table, get_jiffies_64());
	cvsw_engine_changed(control->engine);
	return v3 ? min(delay, cvsw_version3_run(v3)) : delay;
}

static void control_work(struct work_struct *work)
{
	struct cvsw_control *control = container_of(to_delayed_work(work), struct cvsw_control,
						    work);
	unsigned long delay;
	unsigned int n;

	do {
		do_events(control);
		n = do_frames(control);
		delay = do_what_is_due(control);
		cond_resched();
	} while (n == BATCH);
	if (delay != MAX_SCHEDULE_TIMEOUT)
		cvsw_control_work_after(control, delay);
}

/*
 * The caller may hold a queue's lock, with interrupts off: no lock of ours here.  The
 * last frame was through before cvsw_control_finish() waits for the worker.
 */
void cvsw_control_packet_in(struct cvsw_control *control, const struct cvsw_walk *walk,
			    const struct sk_buff *skb, unsigned int max_len)
{
	int counter = CVSW_CNT_PACKET_IN_NOBODY;
	bool first = false;

	if (cvsw_version3_is_up(control))
		counter = cvsw_packet_in_add(&control->packet_ins, walk, skb, max_len, &first);
	if (counter)
		cvsw_stats_count(control->engine->stats, counter);
	if (first)
		cvsw_control_kick(control);
}

/* ---- receiving ---- */

/* Each returns the counter in which a frame ends, or -1 if it is to be worked on. */
static int check_content(struct cvsw_control *control, struct control_frame *frame)
{
	frame->type = 0;
	if (cvsw_v3_is(frame->data, frame->len))
		return cvsw_version3_check(control, frame->data, frame->len, &frame->type);
	return cvsw_version2_check(control, frame->data, frame->len);
}

static int frame_queue(struct cvsw_control *control, struct control_frame *frame)
{
	int counter = -1;

	spin_lock(&control->lock);
	if (control->dead || control->queued >= CVSW_CONTROL_QUEUE_MAX) {
		counter = CVSW_CNT_CTL_QUEUE_FULL;
	} else if ((control->hello && frame->type == CVSW_V3_HELLO) ||
		   (control->answers >= CVSW_CONTROL_ANSWERS_MAX && is_answer(frame))) {
		counter = CVSW_CNT_V3(CVSW_V3_DROP_RATE);
	} else {
		list_add_tail(&frame->node, &control->queue);
		control->queued++;
		control->hello |= frame->type == CVSW_V3_HELLO;
		control->answers += is_answer(frame);
		cvsw_control_kick(control);
	}
	spin_unlock(&control->lock);
	return counter;
}

static int frame_take(struct cvsw_control *control, const struct sk_buff *skb)
{
	/* What is behind is a trailer. */
	unsigned int len = min_t(unsigned int, skb->len + ETH_HLEN, CVSW_CONTROL_FRAME_MAX);
	struct control_frame *frame;
	int counter;

	frame = kmalloc(struct_size(frame, data, len), GFP_ATOMIC | __GFP_NOWARN);
	if (!frame)
		return CVSW_CNT_CTL_NOMEM;
	frame->len = len;
	memcpy(frame->data, skb_mac_header(skb), ETH_HLEN);
	if (skb_copy_bits(skb, 0, frame->data + ETH_HLEN, len - ETH_HLEN))
		counter = CVSW_CNT_V3(CVSW_V3_DROP_SHORT);
	else
		counter = check_content(control, frame);
	if (counter < 0)
		counter = frame_queue(control, frame);
	if (counter >= 0)
		frame_free(frame);
	return counter;
}

void cvsw_control_receive(struct cvsw_control *control, struct sk_buff *skb)
{
	int counter = frame_take(control, skb);

	cvsw_stats_count(control->engine->stats, CVSW_CNT_CTL_RECEIVED);
	if (counter >= 0)
		cvsw_stats_count(control->engine->stats, counter);
	consume_skb(skb);
}

/* ---- life ---- */

void cvsw_control_init(struct cvsw_control *control, struct net_device *dev,
		       struct cvsw_engine *engine, struct cvsw_backlogs *backlogs)
{
	control->dev = dev;
	control->engine = engine;
	control->backlogs = backlogs;
	cvsw_version2_init(control);
	cvsw_table_watch(engine->table, on_removed, control);
	INIT_DELAYED_WORK(&control->work, control_work);
	cvsw_packet_ins_init(&control->packet_ins);
	spin_lock_init(&control->lock);
	INIT_LIST_HEAD(&control->queue);
	refcount_set(&control->sending, 1);
	init_completion(&control->sent);
}

void cvsw_control_finish(struct cvsw_control *control)
{
	struct control_frame *frame;

	cancel_delayed_work_sync(&control->work);
	while ((frame = frame_next(control)))
		frame_free(frame);
	cvsw_packet_ins_clear(&control->packet_ins);
	cvsw_version3_destroy(control->version3);
	control->version3 = NULL;

	/*
	 * The rings are gone, but a frame that was freed with interrupts off may
	 * still wait for its softirq.  The destructor is code of this module:
	 * module exit waits for the last one to leave it.
	 */
	if (!refcount_dec_and_test(&control->sending))
		wait_for_completion(&control->sent);
}

