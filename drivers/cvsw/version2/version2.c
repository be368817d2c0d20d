// SPDX-License-Identifier: GPL-2.0
/*
 * Version 2 of the control protocol: proto/README.md.  A build can leave this room
 * out (CONFIG_CVSW_VERSION2, `make modules V2=n`): control asks for it by version2.h
 * alone.
 */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/netlink.h>

#include "esp/sa.h"
#include "control/version3.h"
#include "control/settings.h"
#include "proto/cvsw_msg.h"
#include "proto/cvsw_ofp10.h"
#include "version2.h"

static bool allow_unauthenticated;
module_param(allow_unauthenticated, bool, 0444);
MODULE_PARM_DESC(allow_unauthenticated,
		 "accept control messages of version 2, which anyone on the segment can send, if a NIC has no key (default: no)");

void cvsw_version2_init(struct cvsw_control *control)
{
	control->version2.allowed = allow_unauthenticated;
}

/* ---- sending ---- */

static void version2_frame_send(struct cvsw_control *control, const struct cvsw_msg *msg)
{
	u8 *frame = control->version2.frame;

	cvsw_control_send(control, frame,
			  cvsw_msg_encode(msg, frame, sizeof(control->version2.frame)));
}

static void version2_send_hello(struct cvsw_control *control)
{
	struct cvsw_msg msg = { .type = CVSW_MSG_HELLO };

	eth_broadcast_addr(msg.dst);
	version2_frame_send(control, &msg);
}

static void version2_send_register(struct cvsw_control *control)
{
	struct cvsw_msg msg = { .type = CVSW_MSG_REGISTER, .len = ETH_ALEN, .data = msg.dst };

	control->version2.register_due = false;
	rtnl_lock();	/* the address is not to change halfway */
	ether_addr_copy(msg.dst, control->dev->dev_addr);
	rtnl_unlock();
	version2_frame_send(control, &msg);
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
	/* Version 2 has one table, and does not hear of others. */
	if (page->flow->match.table)
		return 0;
	len = cvsw_ofp10_encode_v2(CVSW_FLOW_ADD, page->flow, page->data + page->len,
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
		version2_frame_send(control, &msg);
		if (!(++sent % LIST_BURST))
			usleep_range(1000, 2000);
	} while (more && !READ_ONCE(control->dead));
	kfree(page.data);
}

/* ---- what messages ask for ---- */

static unsigned int version2_counter_of(int err)
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

	fault = cvsw_ofp10_decode_v2(msg->data, msg->len, &used, &command, flow, NULL);
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
		cvsw_ask_for_room(control->dev, flow->actions, flow->n_actions);
		err = cvsw_table_flow_mod(control->engine->table, command, flow);
	} else {
		flow->out_port = 0;
		err = cvsw_table_flow_mod(control->engine->table, CVSW_FLOW_DELETE, flow);
	}
	cvsw_engine_changed(control->engine);
	return version2_counter_of(err);
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
	return version2_counter_of(err);
}

/* Returns the counter in which the message ends. */
static unsigned int version2_dispatch(struct cvsw_control *control, const struct cvsw_msg *msg)
{
	unsigned int counter;

	switch (msg->type) {
	case CVSW_MSG_HELLO:
		version2_send_register(control);
		WRITE_ONCE(control->version2.state, CVSW_STATE_CONNECTING);
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
		counter = version2_counter_of(cvsw_set_mtu(control, msg->data1));
		break;
	case CVSW_MSG_SET_OFFLOAD:
		counter = version2_counter_of(cvsw_set_offloads(control, msg->data1));
		break;
	case CVSW_MSG_SET_SA:
		counter = do_set_sa(control, msg);
		break;
	default:
		return CVSW_CNT_CTL_UNEXPECTED;
	}
	if (counter == CVSW_CNT_CTL_APPLIED)
		WRITE_ONCE(control->version2.state, CVSW_STATE_CONNECTED);
	return counter;
}

/* ---- who is heard, and when the NIC speaks ---- */

/*
 * Who has given the NIC a key wants nobody without it to program the NIC,
 * whatever was allowed to all of them.
 */
static bool version2_is_allowed(const struct cvsw_control *control)
{
	return control->version2.allowed && !cvsw_version3_has_key(control);
}

static bool version2_is_ours(const struct cvsw_control *control, const u8 *dst)
{
	return is_broadcast_ether_addr(dst) || ether_addr_equal(dst, control->dev->dev_addr);
}

int cvsw_version2_check(const struct cvsw_control *control, const u8 *frame, size_t len)
{
	enum cvsw_fault fault;
	struct cvsw_msg msg;

	if (!version2_is_ours(control, frame))
		return CVSW_CNT_CTL_NOT_OURS;
	if (!version2_is_allowed(control))
		return CVSW_CNT_CTL_UNAUTHENTICATED;
	fault = cvsw_msg_decode(frame, len, &msg, NULL);
	return fault ? CVSW_CNT_FAULT(fault) : -1;
}

void cvsw_version2_receive(struct cvsw_control *control, const u8 *data, size_t len)
{
	struct cvsw_msg msg;

	/* There was no key when it was queued. */
	if (!version2_is_allowed(control))
		cvsw_control_count(control, CVSW_CNT_CTL_UNAUTHENTICATED);
	/* It was checked when it was queued: this only finds its fields. */
	else if (!cvsw_msg_decode(data, len, &msg, NULL))
		cvsw_control_count(control, version2_dispatch(control, &msg));
}

void cvsw_version2_events(struct cvsw_control *control, unsigned long events)
{
	if (events & (BIT(CVSW_EVENT_ADDRESS) | BIT(CVSW_EVENT_RESTORED) | BIT(CVSW_EVENT_MOVED)))
		control->version2.register_due = true;
	/* A REGISTER that cannot be sent now waits for the link. */
	if (!version2_is_allowed(control) || !cvsw_control_has_link(control))
		return;
	if (control->version2.state == CVSW_STATE_DISCONNECTED) {
		control->version2.register_due = false;
		if (events & BIT(CVSW_EVENT_LINK))
			version2_send_hello(control);
	} else if (control->version2.register_due) {
		version2_send_register(control);
	}
}

int cvsw_version2_put_state(struct sk_buff *skb, const struct cvsw_control *control)
{
	if (!control->version2.allowed)
		return 0;
	return nla_put_u8(skb, CVSW_NLA_STATE, READ_ONCE(control->version2.state));
}
