// SPDX-License-Identifier: GPL-2.0
/*
 * Control frames: received in NAPI context, where they are only checked, copied
 * and queued; done by a worker in process context, in order.  Version 2 is here,
 * version 3 in session.c.
 *
 * Every frame received ends in exactly one counter: applied, refused,
 * nomem, unexpected, not-ours, unauthenticated, queue-full, one of bad-* or one
 * of v3-*.
 */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "control.h"
#include "sa.h"
#include "session.h"
#include "settings.h"

/* How often, a millisecond apart, to try again when the NIC's queue is full. */
#define SEND_TRIES	100
/* Frames worked on before what is due is sent. */
#define BATCH		32

/* @type: enum cvsw_v3_type; 0: it is of version 2 */
struct control_frame {
	struct list_head node;
	u8 type;
	unsigned int len;
	u8 data[] __aligned(2);		/* from the destination address on */
};

static struct workqueue_struct *control_workers;

static bool is_answer(const struct control_frame *frame)
{
	return frame->type == CVSW_V3_ACCEPT || frame->type == CVSW_V3_COOKIE;
}

/* There may be a key in it. */
static void frame_free(struct control_frame *frame)
{
	kfree_sensitive(frame);
}

void cvsw_control_count(struct cvsw_control *control, unsigned int counter)
{
	/* The per-CPU counters are written with bottom halves disabled only. */
	local_bh_disable();
	cvsw_stats_count(control->engine->stats, counter);
	local_bh_enable();
}

/* ---- sending ---- */

/* Also the mark by which cvsw_control_is_own() knows our frames. */
static void control_frame_freed(struct sk_buff *skb)
{
	struct cvsw_control *control = skb_shinfo(skb)->destructor_arg;

	if (refcount_dec_and_test(&control->sending))
		complete(&control->sent);
}

bool cvsw_control_is_own(const struct sk_buff *skb)
{
	return skb->destructor == control_frame_freed;
}

static struct sk_buff *frame_build(struct cvsw_control *control, const u8 *frame, size_t len)
{
	struct net_device *dev = control->dev;
	struct sk_buff *skb = alloc_skb(LL_RESERVED_SPACE(dev) + len + dev->needed_tailroom,
					GFP_KERNEL);

	if (!skb)
		return NULL;
	skb_reserve(skb, LL_RESERVED_SPACE(dev));
	skb_put_data(skb, frame, len);
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	skb->protocol = htons(CVSW_ETHERTYPE);
	skb->dev = dev;

	refcount_inc(&control->sending);
	skb_shinfo(skb)->destructor_arg = control;
	skb->destructor = control_frame_freed;
	return skb;
}

/* Past the qdisc, which might be any: so a full queue is ours to wait for. */
void cvsw_control_send(struct cvsw_control *control, const u8 *frame, size_t len)
{
	struct sk_buff *skb;
	unsigned int try;
	int ret = NETDEV_TX_BUSY;

	for (try = 0; ret == NETDEV_TX_BUSY && try < SEND_TRIES; try++) {
		if (try)
			usleep_range(1000, 2000);
		skb = frame_build(control, frame, len);
		if (!skb)
			break;
		/* The device cannot be closed between its check and its queue. */
		rcu_read_lock();
		ret = dev_direct_xmit(skb, 0);
		rcu_read_unlock();
	}
	cvsw_control_count(control, ret == NETDEV_TX_OK ? CVSW_CNT_CTL_SENT :
							  CVSW_CNT_CTL_SEND_FAILED);
}

bool cvsw_control_has_link(const struct cvsw_control *control)
{
	return netif_running(control->dev) && netif_carrier_ok(control->dev);
}

/* ---- version 2: sending ---- */

static void frame_send(struct cvsw_control *control, const struct cvsw_msg *msg)
{
	cvsw_control_send(control, control->frame,
			  cvsw_msg_encode(msg, control->frame, sizeof(control->frame)));
}

static void send_hello(struct cvsw_control *control)
{
	struct cvsw_msg msg = { .type = CVSW_MSG_HELLO };

	eth_broadcast_addr(msg.dst);
	frame_send(control, &msg);
}

static void send_register(struct cvsw_control *control)
{
	struct cvsw_msg msg = { .type = CVSW_MSG_REGISTER, .len = ETH_ALEN, .data = msg.dst };

	control->register_due = false;
	rtnl_lock();	/* the address is not to change halfway */
	ether_addr_copy(msg.dst, control->dev->dev_addr);
	rtnl_unlock();
	frame_send(control, &msg);
}

/* ---- LIST_ENTRIES ---- */

/*
 * What an answer's frame holds.  Not the NIC's MTU: that is for where tunnels
 * lead, and may be less than one flow_mod, while these go to the vswitch only.
 */
#define LIST_PAGE_MAX	(CVSW_CONTROL_FRAME_MAX - CVSW_MSG_HEADER_LEN)
/* Frames sent without a pause. */
#define LIST_BURST	32

/* A frame's worth of flow_mods; the walk goes on behind it. */
struct list_page {
	struct cvsw_flow *flow;	/* scratch */
	u8 *data;
	size_t room, len;
	u64 resume;
	unsigned int left_out;	/* entries that no frame can hold */
};

static int page_add(const struct cvsw_entry *entry, void *arg)
{
	struct list_page *page = arg;
	size_t len;

	cvsw_entry_flow(entry, page->flow);
	len = cvsw_ofp10_encode(CVSW_FLOW_ADD, page->flow, page->data + page->len,
				page->room - page->len);
	page->len += len;
	if (len)
		return 0;
	if (page->len)
		return -ENOSPC;
	page->left_out++;	/* not even on a page of its own */
	return 0;
}

/* Returns true if there is more. */
static bool page_fill(struct cvsw_control *control, struct list_page *page)
{
	page->len = 0;
	return cvsw_table_walk(control->engine->table, &page->resume, page_add, page);
}

/*
 * Each frame says how many follow, so the table is walked twice: only this
 * worker changes it, and both walks see the same.  A long answer pauses now
 * and then, for on its way to the controller nothing else slows it down: sent
 * at once, 5,000 flows never arrived whole.
 */
static void send_entries(struct cvsw_control *control)
{
	struct list_page page = { .flow = &control->flow, .room = LIST_PAGE_MAX };
	struct cvsw_msg msg = { .type = CVSW_MSG_LIST_ENTRIES };
	unsigned int follow = 0, sent = 0;
	bool more;

	page.data = kmalloc(page.room, GFP_KERNEL);
	if (!page.data) {
		cvsw_control_count(control, CVSW_CNT_CTL_SEND_FAILED);
		return;
	}
	while (page_fill(control, &page))
		follow++;
	while (page.left_out) {
		cvsw_control_count(control, CVSW_CNT_CTL_SEND_FAILED);
		page.left_out--;
	}

	eth_broadcast_addr(msg.dst);
	msg.data = page.data;
	page.resume = 0;
	do {
		more = page_fill(control, &page);
		msg.len = page.len;
		msg.data1 = min_t(unsigned int, follow, U16_MAX);
		follow -= !!follow;
		frame_send(control, &msg);
		if (!(++sent % LIST_BURST))
			usleep_range(1000, 2000);
	} while (more && !READ_ONCE(control->dead));
	kfree(page.data);
}

/* ---- what messages ask for ---- */

static unsigned int counter_of(int err)
{
	switch (err) {
	case 0:
		return CVSW_CNT_CTL_APPLIED;
	case -ENOMEM:
		return CVSW_CNT_CTL_NOMEM;
	default:
		return CVSW_CNT_CTL_REFUSED;
	}
}

static unsigned int do_flow_mod(struct cvsw_control *control, const struct cvsw_msg *msg)
{
	struct cvsw_flow *flow = &control->flow;
	enum cvsw_flow_command command;
	enum cvsw_fault fault;
	size_t used;
	int err = 0;

	fault = cvsw_ofp10_decode(msg->data, msg->len, &used, &command, flow, NULL);
	if (!fault && used != msg->len)
		fault = CVSW_FAULT_LENGTH;
	if (!fault && msg->type == CVSW_MSG_SET_ENTRY && command >= CVSW_FLOW_DELETE)
		fault = CVSW_FAULT_COMMAND;
	if (fault)
		return CVSW_CNT_FAULT(fault);

	/* A bundle of version 3, whose key has just gone. */
	if (cvsw_table_changing(control->engine->table))
		return CVSW_CNT_CTL_REFUSED;

	if (msg->type == CVSW_MSG_SET_ENTRY) {
		cvsw_ask_for_room(control->dev, flow);
		err = cvsw_table_flow_mod(control->engine->table, command, flow);
	} else {
		cvsw_table_delete(control->engine->table, &flow->match);
	}
	cvsw_engine_changed(control->engine);
	return counter_of(err);
}

/* A key's copies end here: the message's own is wiped with its frame. */
static unsigned int do_set_sa(struct cvsw_control *control, const struct cvsw_msg *msg)
{
	struct cvsw_sas *sas = control->engine->sas;
	enum cvsw_fault fault;
	struct cvsw_sa sa;
	int err;

	fault = cvsw_sa_decode(msg->data, msg->len, &sa, NULL);
	if (fault)
		return CVSW_CNT_FAULT(fault);
	err = sa.key_len ? cvsw_sas_add(sas, &sa) : cvsw_sas_remove(sas, sa.direction, sa.spi);
	memzero_explicit(&sa, sizeof(sa));
	return counter_of(err);
}

/* Returns the counter in which the message ends. */
static unsigned int dispatch(struct cvsw_control *control, const struct cvsw_msg *msg)
{
	unsigned int counter;

	switch (msg->type) {
	case CVSW_MSG_HELLO:
		send_register(control);
		WRITE_ONCE(control->state, CVSW_STATE_CONNECTING);
		return CVSW_CNT_CTL_APPLIED;
	case CVSW_MSG_LIST_ENTRIES:
		/* One with entries is some NIC's answer. */
		if (msg->len)
			return CVSW_CNT_CTL_UNEXPECTED;
		send_entries(control);
		return CVSW_CNT_CTL_APPLIED;
	case CVSW_MSG_SET_ENTRY:
	case CVSW_MSG_DELETE_ENTRY:
		counter = do_flow_mod(control, msg);
		break;
	case CVSW_MSG_SET_MTU:
		counter = counter_of(cvsw_set_mtu(control, msg->data1));
		break;
	case CVSW_MSG_SET_OFFLOAD:
		counter = counter_of(cvsw_set_offloads(control, msg->data1));
		break;
	case CVSW_MSG_SET_SA:
		counter = do_set_sa(control, msg);
		break;
	default:
		return CVSW_CNT_CTL_UNEXPECTED;
	}
	if (counter == CVSW_CNT_CTL_APPLIED)
		WRITE_ONCE(control->state, CVSW_STATE_CONNECTED);
	return counter;
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

/*
 * Of version 2: is it taken?  Who has given the NIC a key wants nobody without
 * it to program the NIC, whatever was allowed to all of them.
 */
static bool takes_unauthenticated(const struct cvsw_control *control)
{
	return control->allowed && !cvsw_session_has_key(control);
}

static void hello_or_register(struct cvsw_control *control, bool link)
{
	/* A REGISTER that cannot be sent now waits for the link. */
	if (!takes_unauthenticated(control) || !cvsw_control_has_link(control))
		return;
	if (control->state == CVSW_STATE_DISCONNECTED) {
		control->register_due = false;
		if (link)
			send_hello(control);
	} else if (control->register_due) {
		send_register(control);
	}
}

static void do_events(struct cvsw_control *control)
{
	struct cvsw_session *session;
	unsigned long events = 0;
	unsigned int event;

	for (event = CVSW_EVENT_LINK; event <= CVSW_EVENT_KEY; event++)
		if (test_and_clear_bit(event, &control->events))
			events |= BIT(event);
	if (!events)
		return;
	/* Behind the events, for one of them may tell of the first key. */
	session = cvsw_session_of(control);
	if (session)
		cvsw_session_events(session, events);
	if (events & (BIT(CVSW_EVENT_ADDRESS) | BIT(CVSW_EVENT_RESTORED)))
		control->register_due = true;
	hello_or_register(control, events & BIT(CVSW_EVENT_LINK));
}

static void frame_do(struct cvsw_control *control, struct control_frame *frame)
{
	struct cvsw_msg msg;

	if (READ_ONCE(control->dead))
		return;
	if (frame->type)
		cvsw_session_receive(cvsw_session_of(control), frame->data, frame->len);
	/* There was no key when it was queued. */
	else if (!takes_unauthenticated(control))
		cvsw_control_count(control, CVSW_CNT_CTL_UNAUTHENTICATED);
	/* It was checked when it was queued: this only finds its fields. */
	else if (!cvsw_msg_decode(frame->data, frame->len, &msg, NULL))
		cvsw_control_count(control, dispatch(control, &msg));
}

/* Now, whatever it waits for.  Nothing if the port is dead. */
static void work_now(struct cvsw_control *control)
{
	lockdep_assert_held(&control->lock);
	if (!control->dead)
		mod_delayed_work(control_workers, &control->work, 0);
}

static void work_later(struct cvsw_control *control, unsigned long delay)
{
	spin_lock_bh(&control->lock);
	if (!control->dead)
		queue_delayed_work(control_workers, &control->work, delay);
	spin_unlock_bh(&control->lock);
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
	struct cvsw_session *session = cvsw_session_of(arg);

	if (session)
		cvsw_session_removed(session, entry, why);
}

/* Return: jiffies until something is due again. */
static unsigned long do_what_is_due(struct cvsw_control *control)
{
	struct cvsw_session *session = cvsw_session_of(control);
	unsigned long delay;

	if (READ_ONCE(control->dead))
		return MAX_SCHEDULE_TIMEOUT;
	if (session)
		cvsw_session_do(session);
	/* Between what may have changed the table and who is to tell of it. */
	delay = cvsw_table_expire(control->engine->table, get_jiffies_64());
	cvsw_engine_changed(control->engine);
	return session ? min(delay, cvsw_session_run(session)) : delay;
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
		work_later(control, delay);
}

void cvsw_control_event(struct cvsw_control *control, enum cvsw_event event)
{
	set_bit(event, &control->events);
	if (event == CVSW_EVENT_RESTORED)
		clear_bit(CVSW_EVENT_HELD, &control->events);
	spin_lock_bh(&control->lock);
	work_now(control);
	spin_unlock_bh(&control->lock);
}

void cvsw_control_hold(struct cvsw_control *control)
{
	set_bit(CVSW_EVENT_HELD, &control->events);
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

	if (cvsw_session_is_up(control))
		counter = cvsw_packet_in_add(&control->packet_ins, walk, skb, max_len, &first);
	if (counter)
		cvsw_stats_count(control->engine->stats, counter);
	if (first && !READ_ONCE(control->dead))
		mod_delayed_work(control_workers, &control->work, 0);
}

/* ---- receiving ---- */

static bool is_for_us(const struct cvsw_control *control, const struct sk_buff *skb)
{
	const struct ethhdr *eth = eth_hdr(skb);

	return is_broadcast_ether_addr(eth->h_dest) ||
	       ether_addr_equal(eth->h_dest, control->dev->dev_addr);
}

/* Each returns the counter in which a frame ends, or -1 if it is to be worked on. */
static int check_sender(const struct cvsw_control *control, const struct sk_buff *skb)
{
	if (!is_for_us(control, skb))
		return CVSW_CNT_CTL_NOT_OURS;
	if (!takes_unauthenticated(control))
		return CVSW_CNT_CTL_UNAUTHENTICATED;
	if (skb->len + ETH_HLEN > CVSW_CONTROL_FRAME_MAX)
		return CVSW_CNT_FAULT(CVSW_FAULT_LENGTH);
	return -1;
}

static int check_content(struct cvsw_control *control, struct control_frame *frame)
{
	enum cvsw_fault fault;
	struct cvsw_msg msg;

	frame->type = 0;
	if (cvsw_v3_is(frame->data, frame->len))
		return cvsw_session_check(control, frame->data, frame->len, &frame->type);
	fault = cvsw_msg_decode(frame->data, frame->len, &msg, NULL);
	return fault ? CVSW_CNT_FAULT(fault) : -1;
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
		work_now(control);
	}
	spin_unlock(&control->lock);
	return counter;
}

static int frame_take(struct cvsw_control *control, const struct sk_buff *skb)
{
	/* What is behind is a trailer. */
	unsigned int len = min_t(unsigned int, skb->len + ETH_HLEN, CVSW_CONTROL_FRAME_MAX);
	struct control_frame *frame;
	int counter = -1;

	if (!cvsw_v3_is(skb_mac_header(skb), ETH_HLEN))
		counter = check_sender(control, skb);
	if (counter >= 0)
		return counter;
	frame = kmalloc(struct_size(frame, data, len), GFP_ATOMIC | __GFP_NOWARN);
	if (!frame)
		return CVSW_CNT_CTL_NOMEM;
	frame->len = len;
	memcpy(frame->data, skb_mac_header(skb), ETH_HLEN);
	if (skb_copy_bits(skb, 0, frame->data + ETH_HLEN, len - ETH_HLEN))
		counter = CVSW_CNT_FAULT(CVSW_FAULT_SHORT);
	if (counter < 0)
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
		       struct cvsw_engine *engine, bool allowed)
{
	control->dev = dev;
	control->engine = engine;
	control->allowed = allowed;
	cvsw_table_watch(engine->table, on_removed, control);
	INIT_DELAYED_WORK(&control->work, control_work);
	cvsw_packet_ins_init(&control->packet_ins);
	spin_lock_init(&control->lock);
	INIT_LIST_HEAD(&control->queue);
	refcount_set(&control->sending, 1);
	init_completion(&control->sent);
}

void cvsw_control_kill(struct cvsw_control *control)
{
	spin_lock_bh(&control->lock);
	WRITE_ONCE(control->dead, true);
	spin_unlock_bh(&control->lock);
}

void cvsw_control_finish(struct cvsw_control *control)
{
	struct control_frame *frame;

	cancel_delayed_work_sync(&control->work);
	while ((frame = frame_next(control)))
		frame_free(frame);
	cvsw_packet_ins_clear(&control->packet_ins);
	cvsw_session_destroy(control->session);
	control->session = NULL;

	/*
	 * The rings are gone, but a frame that was freed with interrupts off may
	 * still wait for its softirq.  The destructor is code of this module:
	 * module exit waits for the last one to leave it.
	 */
	if (!refcount_dec_and_test(&control->sending))
		wait_for_completion(&control->sent);
}

int cvsw_control_module_init(void)
{
	/* Frozen over a suspend, when devices are not to be reconfigured. */
	control_workers = alloc_workqueue("cvsw", WQ_UNBOUND | WQ_FREEZABLE, 0);
	return control_workers ? 0 : -ENOMEM;
}

void cvsw_control_module_exit(void)
{
	destroy_workqueue(control_workers);
}
