// SPDX-License-Identifier: GPL-2.0
/*
 * Version 2 on a fake device: bytes go in, and the table, the device, the counters
 * and the frames sent show what became of them.
 */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "../drivers/cvsw/version2/version2.c"
#include "../proto/cvsw_fault.c"
#include "../proto/cvsw_msg.c"
#include "../proto/cvsw_ofp10_published.c"
#include "cpus.h"
#include "talk.h"

#define FUZZ_ROUNDS	20000

static const u8 other_mac[ETH_ALEN] = { 0x02, 0, 0, 0, 0, 2 };
static const u8 everybody[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

/**
 * struct fixture - a port without a door
 * @sent: frames that the fake device took
 * @before: counters when check_counted() last looked
 * @frame, @len: the frame that a test is writing
 */
struct fixture {
	struct fake_port port;
	struct sk_buff_head *sent;
	u64 before[CVSW_N_COUNTERS];
	u8 frame[8192];
	size_t len;
	struct cvsw_flow flow;
	u8 flow_mod[CVSW_OFP10_FLOW_MOD_MAX];
};

/* ---- life ---- */

static int fixture_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	KUNIT_ASSERT_TRUE(test, fake_port_init(&f->port));
	f->sent = fake_nic_sent(f->port.dev);
	return 0;
}

static void fixture_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (f)
		fake_port_exit(&f->port);
}

/* ---- helpers ---- */

static void receive(struct kunit *test, const u8 *data, size_t len, size_t paged)
{
	struct fixture *f = test->priv;

	fake_port_receive(test, &f->port, data, len, paged);
}

static void make_message(struct fixture *f, u8 type, u16 data1, const u8 *data, u16 len)
{
	struct cvsw_msg msg = { .type = type, .data1 = data1, .data = data, .len = len };

	ether_addr_copy(msg.dst, everybody);
	f->len = cvsw_msg_encode(&msg, f->frame, sizeof(f->frame));
}

/* An entry that matches TCP port @port and passes; into f->frame. */
static void make_entry(struct fixture *f, u8 type, u16 port)
{
	size_t len;

	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.priority = 100;
	f->flow.match.key.tp_dst = port;
	f->flow.match.mask.tp_dst = port ? 0xffff : 0;
	cvsw_match_normalize(&f->flow.match);
	f->flow.n_actions = 1;
	f->flow.actions[0] = (struct cvsw_action){ .type = CVSW_ACT_OUTPUT,
						   .port = CVSW_PORT_ONWARD };
	len = cvsw_ofp10_encode_v2(CVSW_FLOW_ADD, &f->flow, f->flow_mod, sizeof(f->flow_mod));
	make_message(f, type, 0, f->flow_mod, len);
}

static void deliver(struct kunit *test)
{
	struct fixture *f = test->priv;

	receive(test, f->frame, f->len, 0);
	flush_delayed_work(&f->port.control.work);
}

static u64 counted(struct fixture *f, unsigned int counter)
{
	u64 now = cvsw_stats_read(f->port.engine.stats, counter), more = now - f->before[counter];

	f->before[counter] = now;
	return more;
}

/* One message came in since the last look, and ended in @end and nowhere else. */
#define check_ended(test, end) check_ended_for(test, end, "")
static void check_ended_for(struct kunit *test, unsigned int end, const char *what)
{
	struct fixture *f = test->priv;
	unsigned int i;
	char name[32];

	KUNIT_EXPECT_EQ_MSG(test, counted(f, CVSW_CNT_CTL_RECEIVED), 1, "%s", what);
	counted(f, CVSW_CNT_CTL_SENT);
	for (i = 0; i < CVSW_N_COUNTERS; i++) {
		cvsw_stats_name(i, name, sizeof(name));
		KUNIT_EXPECT_EQ_MSG(test, counted(f, i), i == end, "%s: %s", what, name);
	}
}

/* The next frame sent, decoded; NULL if there is none.  The caller frees it. */
static struct sk_buff *next_sent(struct kunit *test, struct cvsw_msg *msg)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb = skb_dequeue(f->sent);

	if (!skb)
		return NULL;
	KUNIT_EXPECT_GE(test, skb->len, (unsigned int)CVSW_ETH_MIN);
	KUNIT_EXPECT_EQ(test, cvsw_msg_decode(skb->data, skb->len, msg, NULL), CVSW_OK);
	return skb;
}

static void check_nothing_sent(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, skb_queue_len(f->sent), 0U);
}

/* ---- what messages do ---- */

static void hello_is_answered(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb;
	struct cvsw_msg msg;

	KUNIT_EXPECT_EQ(test, f->port.control.version2.state, CVSW_STATE_DISCONNECTED);
	make_message(f, CVSW_MSG_HELLO, 0, NULL, 0);
	deliver(test);
	check_ended(test, CVSW_CNT_CTL_APPLIED);
	KUNIT_EXPECT_EQ(test, f->port.control.version2.state, CVSW_STATE_CONNECTING);
	skb = next_sent(test, &msg);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, msg.type, CVSW_MSG_REGISTER);
	KUNIT_EXPECT_EQ(test, memcmp(msg.dst, nic_mac, ETH_ALEN), 0);
	KUNIT_ASSERT_EQ(test, msg.len, ETH_ALEN);
	KUNIT_EXPECT_EQ(test, memcmp(msg.data, nic_mac, ETH_ALEN), 0);
	kfree_skb(skb);
	check_nothing_sent(test);
}

static void entries_come_and_go(struct kunit *test)
{
	struct fixture *f = test->priv;

	make_entry(f, CVSW_MSG_SET_ENTRY, 80);
	deliver(test);
	check_ended(test, CVSW_CNT_CTL_APPLIED);
	KUNIT_EXPECT_EQ(test, f->port.control.version2.state, CVSW_STATE_CONNECTED);
	deliver(test);		/* in place of itself */
	check_ended(test, CVSW_CNT_CTL_APPLIED);
	make_entry(f, CVSW_MSG_SET_ENTRY, 443);
	ether_addr_copy(f->frame, nic_mac);
	deliver(test);
	check_ended(test, CVSW_CNT_CTL_APPLIED);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->port.engine.table), 2U);

	make_entry(f, CVSW_MSG_DELETE_ENTRY, 80);
	deliver(test);
	check_ended(test, CVSW_CNT_CTL_APPLIED);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->port.engine.table), 1U);
	make_entry(f, CVSW_MSG_DELETE_ENTRY, 0);
	deliver(test);
	check_ended(test, CVSW_CNT_CTL_APPLIED);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->port.engine.table), 0U);
	check_nothing_sent(test);
}

/* Asks for the list and returns how many entries the answer's frames hold. */
static unsigned int list(struct kunit *test, unsigned int *frames)
{
	struct fixture *f = test->priv;
	enum cvsw_flow_command command;
	unsigned int entries = 0;
	struct cvsw_msg msg;
	struct sk_buff *skb;
	size_t at, used;

	make_message(f, CVSW_MSG_LIST_ENTRIES, 0, NULL, 0);
	deliver(test);
	*frames = skb_queue_len(f->sent);
	while ((skb = next_sent(test, &msg))) {
		KUNIT_EXPECT_EQ(test, msg.type, CVSW_MSG_LIST_ENTRIES);
		KUNIT_EXPECT_EQ(test, (unsigned int)msg.data1, skb_queue_len(f->sent));
		KUNIT_EXPECT_EQ(test, memcmp(msg.dst, everybody, ETH_ALEN), 0);
		KUNIT_EXPECT_LE(test, skb->len, (unsigned int)ETH_FRAME_LEN);
		for (at = 0; at < msg.len; at += used, entries++)
			KUNIT_ASSERT_EQ(test, CVSW_OK,
					cvsw_ofp10_decode_v2(msg.data + at, msg.len - at, &used,
							  &command, &f->flow, NULL));
		kfree_skb(skb);
	}
	return entries;
}

static void list_is_cut_to_frames(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int frames, i;

	KUNIT_EXPECT_EQ(test, list(test, &frames), 0U);
	KUNIT_EXPECT_EQ(test, frames, 1U);
	check_ended(test, CVSW_CNT_CTL_APPLIED);
	for (i = 1; i <= 100; i++) {
		make_entry(f, CVSW_MSG_SET_ENTRY, i);
		deliver(test);
	}
	KUNIT_EXPECT_EQ(test, list(test, &frames), 100U);
	KUNIT_EXPECT_EQ(test, frames, DIV_ROUND_UP(100, 1500 / 80));

	/* An MTU below one flow_mod does not hide the table. */
	WRITE_ONCE(f->port.dev->mtu, 68);
	KUNIT_EXPECT_EQ(test, list(test, &frames), 100U);
	KUNIT_EXPECT_EQ(test, frames, DIV_ROUND_UP(100, 1500 / 80));
	KUNIT_EXPECT_EQ(test, counted(f, CVSW_CNT_CTL_SEND_FAILED), 0ULL);
}

static void mtu_is_set(struct kunit *test)
{
	struct fixture *f = test->priv;

	make_message(f, CVSW_MSG_SET_MTU, 1400, NULL, 0);
	deliver(test);
	check_ended(test, CVSW_CNT_CTL_APPLIED);
	KUNIT_EXPECT_EQ(test, f->port.dev->mtu, 1400U);
	make_message(f, CVSW_MSG_SET_MTU, 9000, NULL, 0);
	deliver(test);
	check_ended(test, CVSW_CNT_CTL_REFUSED);
	KUNIT_EXPECT_EQ(test, f->port.dev->mtu, 1400U);
}

static void offloads_are_the_set_named(struct kunit *test)
{
	struct fixture *f = test->priv;
	netdev_features_t tso = NETIF_F_TSO | NETIF_F_TSO6;

	make_message(f, CVSW_MSG_SET_OFFLOAD, CVSW_OFFLOAD_CSUM, NULL, 0);
	deliver(test);
	check_ended(test, CVSW_CNT_CTL_APPLIED);
	KUNIT_EXPECT_TRUE(test, f->port.dev->features & NETIF_F_HW_CSUM);
	KUNIT_EXPECT_FALSE(test, !!(f->port.dev->features & (tso | NETIF_F_GSO | NETIF_F_GRO)));

	make_message(f, CVSW_MSG_SET_OFFLOAD, CVSW_OFFLOAD_ALL & ~CVSW_OFFLOAD_UFO, NULL, 0);
	deliver(test);
	check_ended(test, CVSW_CNT_CTL_APPLIED);
	KUNIT_EXPECT_EQ(test, f->port.dev->features & tso, tso);

	/* TSO cannot be without the checksum. */
	make_message(f, CVSW_MSG_SET_OFFLOAD, CVSW_OFFLOAD_TSO, NULL, 0);
	deliver(test);
	check_ended(test, CVSW_CNT_CTL_REFUSED);
	KUNIT_EXPECT_FALSE(test, !!(f->port.dev->features & (tso | NETIF_F_HW_CSUM)));
}

/* ---- what is refused ---- */

static void only_for_us_and_allowed(struct kunit *test)
{
	struct fixture *f = test->priv;

	make_entry(f, CVSW_MSG_SET_ENTRY, 80);
	ether_addr_copy(f->frame, other_mac);
	deliver(test);
	check_ended(test, CVSW_CNT_CTL_NOT_OURS);
	f->port.control.version2.allowed = false;
	ether_addr_copy(f->frame, everybody);
	deliver(test);
	check_ended(test, CVSW_CNT_CTL_UNAUTHENTICATED);
	make_message(f, CVSW_MSG_HELLO, 0, NULL, 0);
	deliver(test);
	check_ended(test, CVSW_CNT_CTL_UNAUTHENTICATED);
	cvsw_control_event(&f->port.control, CVSW_EVENT_LINK);
	flush_delayed_work(&f->port.control.work);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->port.engine.table), 0U);
	KUNIT_EXPECT_EQ(test, f->port.control.version2.state, CVSW_STATE_DISCONNECTED);
	check_nothing_sent(test);
}

/* One byte of a good SET_ENTRY at a time is made bad. */
static const struct {
	unsigned int at;
	u8 value;
	enum cvsw_fault fault;
} bad_bytes[] = {
	{ 6, 0x33, CVSW_FAULT_VERSION },
	{ 6, 0x2f, CVSW_FAULT_TYPE },
	{ 6, 0x20, CVSW_FAULT_TYPE },
	{ 8, 0xff, CVSW_FAULT_LENGTH },
	{ 9, 81, CVSW_FAULT_LENGTH },		/* more than there is */
	{ 9, 79, CVSW_FAULT_LENGTH },		/* less, beyond padding */
	{ 15, 18, CVSW_FAULT_OFP_TYPE },
	{ 17, 88, CVSW_FAULT_LENGTH },		/* flow_mod longer than Data2 */
	{ 17, 72, CVSW_FAULT_LENGTH },		/* something behind the flow_mod */
	{ 17, 71, CVSW_FAULT_LENGTH },
	{ 71, 3, CVSW_FAULT_COMMAND },
	{ 71, 4, CVSW_FAULT_COMMAND },
	{ 71, 5, CVSW_FAULT_COMMAND },
	{ 85, 4, CVSW_FAULT_FLAGS },
	{ 86, 0x7f, CVSW_FAULT_ACTION_TYPE },
	{ 89, 0, CVSW_FAULT_ACTION_LENGTH },
	{ 89, 16, CVSW_FAULT_ACTION_LENGTH },
	{ 89, 4, CVSW_FAULT_ACTION_LENGTH },
	{ 90, 0, CVSW_FAULT_ACTION_PORT },
};

static void malformed_changes_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;
	char what[32];

	for (i = 0; i < ARRAY_SIZE(bad_bytes); i++) {
		make_entry(f, CVSW_MSG_SET_ENTRY, 80);
		f->frame[bad_bytes[i].at] = bad_bytes[i].value;
		snprintf(what, sizeof(what), "byte %u: %u", bad_bytes[i].at, bad_bytes[i].value);
		deliver(test);
		check_ended_for(test, CVSW_CNT_FAULT(bad_bytes[i].fault), what);
	}
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->port.engine.table), 0U);
	KUNIT_EXPECT_EQ(test, f->port.control.version2.state, CVSW_STATE_DISCONNECTED);
	check_nothing_sent(test);
}

static void sizes_that_do_not_fit(struct kunit *test)
{
	struct fixture *f = test->priv;
	size_t whole, len;

	make_entry(f, CVSW_MSG_SET_ENTRY, 80);
	whole = f->len;
	for (len = ETH_HLEN; len < whole; len++) {
		f->len = len;
		deliver(test);
		check_ended(test, CVSW_CNT_FAULT(CVSW_FAULT_LENGTH));
	}
	/* Data2 cut together with the length. */
	for (len = 0; len < whole - ETH_HLEN; len++) {
		make_entry(f, CVSW_MSG_SET_ENTRY, 80);
		f->frame[9] = len;
		f->len = ETH_HLEN + len;
		deliver(test);
		check_ended(test, CVSW_CNT_FAULT(len < CVSW_OFP10_FLOW_MOD_LEN ?
						 CVSW_FAULT_SHORT : CVSW_FAULT_LENGTH));
	}
	make_message(f, CVSW_MSG_HELLO, 0, f->frame + 1024, CVSW_CONTROL_FRAME_MAX - ETH_HLEN + 1);
	deliver(test);
	check_ended(test, CVSW_CNT_FAULT(CVSW_FAULT_LENGTH));
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->port.engine.table), 0U);
}

static void make_set_sa(struct fixture *f, u32 spi, u8 direction, u8 key_len)
{
	struct cvsw_sa sa = { .spi = spi, .direction = direction, .key_len = key_len };
	u8 data[CVSW_SA_MAX_LEN];

	memset(sa.key, spi, key_len);
	make_message(f, CVSW_MSG_SET_SA, 0, data, cvsw_sa_encode(&sa, data, sizeof(data)));
}

static void set_sa(struct kunit *test)
{
	static const struct {
		u32 spi;
		u8 direction, key_len;
		unsigned int counter;
	} steps[] = {
		{ 300, CVSW_SA_OUT, 16, CVSW_CNT_CTL_APPLIED },
		{ 300, CVSW_SA_OUT, 16, CVSW_CNT_CTL_REFUSED },
		{ 300, CVSW_SA_OUT, 32, CVSW_CNT_CTL_REFUSED },
		{ 300, CVSW_SA_IN, 32, CVSW_CNT_CTL_APPLIED },
		{ 301, CVSW_SA_OUT, 0, CVSW_CNT_CTL_REFUSED },
		{ 300, CVSW_SA_OUT, 0, CVSW_CNT_CTL_APPLIED },
		{ 300, CVSW_SA_OUT, 0, CVSW_CNT_CTL_REFUSED },
		{ 300, CVSW_SA_OUT, 16, CVSW_CNT_CTL_REFUSED },
		{ 301, CVSW_SA_OUT, 16, CVSW_CNT_CTL_APPLIED },
		{ 255, CVSW_SA_OUT, 16, CVSW_CNT_FAULT(CVSW_FAULT_SA) },
		{ 302, CVSW_SA_OUT, 8, CVSW_CNT_FAULT(CVSW_FAULT_SA) },
		{ 302, 3, 16, CVSW_CNT_FAULT(CVSW_FAULT_SA) },
	};
	struct fixture *f = test->priv;
	unsigned int i;
	char what[32];

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		make_set_sa(f, steps[i].spi, steps[i].direction, steps[i].key_len);
		snprintf(what, sizeof(what), "step %u", i);
		deliver(test);
		check_ended_for(test, steps[i].counter, what);
	}
	rcu_read_lock();
	KUNIT_EXPECT_NULL(test, cvsw_sas_find(f->port.engine.sas, CVSW_SA_OUT, 300));
	KUNIT_EXPECT_NOT_NULL(test, cvsw_sas_find(f->port.engine.sas, CVSW_SA_IN, 300));
	KUNIT_EXPECT_NOT_NULL(test, cvsw_sas_find(f->port.engine.sas, CVSW_SA_OUT, 301));
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, f->port.control.version2.state, CVSW_STATE_CONNECTED);
	check_nothing_sent(test);
}

static void types_no_nic_receives(struct kunit *test)
{
	struct fixture *f = test->priv;

	make_message(f, CVSW_MSG_REGISTER, 0, other_mac, ETH_ALEN);
	deliver(test);
	check_ended(test, CVSW_CNT_CTL_UNEXPECTED);
	make_entry(f, CVSW_MSG_LIST_ENTRIES, 80);
	deliver(test);
	check_ended(test, CVSW_CNT_CTL_UNEXPECTED);
	KUNIT_EXPECT_EQ(test, f->port.control.version2.state, CVSW_STATE_DISCONNECTED);
	check_nothing_sent(test);
}

/* Whatever comes: no byte read past the end (KASAN), and every message ends in one counter. */
static void random_messages_are_all_accounted(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct rnd_state rnd;
	u64 received, ended = 0;
	unsigned int i, n;

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < FUZZ_ROUNDS; i++) {
		make_entry(f, prandom_u32_state(&rnd) % 16, prandom_u32_state(&rnd) % 100);
		for (n = prandom_u32_state(&rnd) % 4; n; n--)
			f->frame[6 + prandom_u32_state(&rnd) % (f->len - 6)] ^=
				1 << prandom_u32_state(&rnd) % 8;
		if (prandom_u32_state(&rnd) % 4 == 0)
			f->len = ETH_HLEN + prandom_u32_state(&rnd) % (f->len - ETH_HLEN);
		receive(test, f->frame, f->len, prandom_u32_state(&rnd) % (f->len - ETH_HLEN + 1));
		if (i % 64 == 0) {
			flush_delayed_work(&f->port.control.work);
			skb_queue_purge(f->sent);
		}
	}
	flush_delayed_work(&f->port.control.work);
	received = cvsw_stats_read(f->port.engine.stats, CVSW_CNT_CTL_RECEIVED);
	for (i = 0; i < CVSW_N_COUNTERS; i++)
		if (i > CVSW_CNT_CTL_SENT && i != CVSW_CNT_CTL_SEND_FAILED)
			ended += cvsw_stats_read(f->port.engine.stats, i);
	KUNIT_EXPECT_EQ(test, received, (u64)FUZZ_ROUNDS);
	KUNIT_EXPECT_EQ(test, ended, received);
	KUNIT_EXPECT_GT(test, cvsw_stats_read(f->port.engine.stats, CVSW_CNT_CTL_APPLIED), 100ULL);
}

static void split_frames_are_whole(struct kunit *test)
{
	struct fixture *f = test->priv;
	size_t paged;

	make_entry(f, CVSW_MSG_SET_ENTRY, 80);
	for (paged = 0; paged <= f->len - ETH_HLEN; paged++) {
		receive(test, f->frame, f->len, paged);
		flush_delayed_work(&f->port.control.work);
		check_ended(test, CVSW_CNT_CTL_APPLIED);
	}
}

/* ---- limits and life ---- */

static void queue_is_bounded(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, taken;

	rtnl_lock();		/* on which the worker waits with the first message */
	make_message(f, CVSW_MSG_SET_MTU, 1400, NULL, 0);
	receive(test, f->frame, f->len, 0);
	while (READ_ONCE(f->port.control.queued))
		msleep(1);
	for (i = 0; i < CVSW_CONTROL_QUEUE_MAX + 10; i++)
		receive(test, f->frame, f->len, 0);
	taken = f->port.control.queued;
	rtnl_unlock();
	flush_delayed_work(&f->port.control.work);
	KUNIT_EXPECT_EQ(test, taken, (unsigned int)CVSW_CONTROL_QUEUE_MAX);
	KUNIT_EXPECT_EQ(test, counted(f, CVSW_CNT_CTL_QUEUE_FULL), 10ULL);
	KUNIT_EXPECT_EQ(test, counted(f, CVSW_CNT_CTL_APPLIED), CVSW_CONTROL_QUEUE_MAX + 1ULL);
}

static void receive_many(void *arg, unsigned int nth)
{
	struct kunit *test = arg;
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < 500; i++) {
		receive(test, f->frame, f->len, 0);
		cond_resched();
	}
}

/* As from a NIC of many queues: every message is done or counted. */
static void all_cpus_receive(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 n;

	make_entry(f, CVSW_MSG_SET_ENTRY, 80);
	n = 500 * on_all_cpus(test, receive_many, test);
	flush_delayed_work(&f->port.control.work);
	KUNIT_EXPECT_EQ(test, counted(f, CVSW_CNT_CTL_RECEIVED), n);
	KUNIT_EXPECT_EQ(test, counted(f, CVSW_CNT_CTL_APPLIED) +
			      counted(f, CVSW_CNT_CTL_QUEUE_FULL), n);
	KUNIT_EXPECT_EQ(test, f->port.control.queued, 0U);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->port.engine.table), 1U);
}

static void link_and_address_are_told(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_msg msg;
	struct sk_buff *skb;

	cvsw_control_event(&f->port.control, CVSW_EVENT_ADDRESS);
	flush_delayed_work(&f->port.control.work);
	check_nothing_sent(test);	/* nobody knows the old one yet */
	cvsw_control_event(&f->port.control, CVSW_EVENT_LINK);
	flush_delayed_work(&f->port.control.work);
	skb = next_sent(test, &msg);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, msg.type, CVSW_MSG_HELLO);
	KUNIT_EXPECT_EQ(test, memcmp(msg.dst, everybody, ETH_ALEN), 0);
	kfree_skb(skb);

	make_entry(f, CVSW_MSG_SET_ENTRY, 80);
	deliver(test);
	cvsw_control_event(&f->port.control, CVSW_EVENT_LINK);
	flush_delayed_work(&f->port.control.work);
	check_nothing_sent(test);	/* connected */
	cvsw_control_event(&f->port.control, CVSW_EVENT_RESTORED);
	flush_delayed_work(&f->port.control.work);
	skb = next_sent(test, &msg);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, msg.type, CVSW_MSG_REGISTER);
	kfree_skb(skb);
}

static void dead_does_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;

	rtnl_lock();
	make_message(f, CVSW_MSG_SET_MTU, 1400, NULL, 0);
	receive(test, f->frame, f->len, 0);
	make_entry(f, CVSW_MSG_SET_ENTRY, 80);
	receive(test, f->frame, f->len, 0);
	cvsw_control_kill(&f->port.control);		/* does not wait: RTNL is held */
	rtnl_unlock();
	flush_delayed_work(&f->port.control.work);
	receive(test, f->frame, f->len, 0);
	cvsw_control_event(&f->port.control, CVSW_EVENT_LINK);
	flush_delayed_work(&f->port.control.work);
	KUNIT_EXPECT_EQ(test, f->port.dev->mtu, 1500U);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->port.engine.table), 0U);
	KUNIT_EXPECT_EQ(test, f->port.control.queued, 0U);
	check_nothing_sent(test);
}

static struct kunit_case version2_cases[] = {
	KUNIT_CASE(hello_is_answered),
	KUNIT_CASE(entries_come_and_go),
	KUNIT_CASE(list_is_cut_to_frames),
	KUNIT_CASE(mtu_is_set),
	KUNIT_CASE(offloads_are_the_set_named),
	KUNIT_CASE(only_for_us_and_allowed),
	KUNIT_CASE(malformed_changes_nothing),
	KUNIT_CASE(sizes_that_do_not_fit),
	KUNIT_CASE(set_sa),
	KUNIT_CASE(types_no_nic_receives),
	KUNIT_CASE(random_messages_are_all_accounted),
	KUNIT_CASE(split_frames_are_whole),
	KUNIT_CASE(queue_is_bounded),
	KUNIT_CASE(all_cpus_receive),
	KUNIT_CASE(link_and_address_are_told),
	KUNIT_CASE(dead_does_nothing),
	{}
};

static struct kunit_suite version2_suite = {
	.name = "cvsw_version2",
	.suite_init = fake_port_suite_init,
	.suite_exit = fake_port_suite_exit,
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = version2_cases,
};
kunit_test_suite(version2_suite);

/* ---- beside version 3 ---- */

/* Whoever gave the NIC a key wants nobody without it to program the NIC. */
static void with_a_key_version_2_is_refused(struct kunit *test)
{
	struct cvsw_msg msg = { .type = CVSW_MSG_SET_MTU, .data1 = 1300 };
	struct talk *f = test->priv;
	size_t len;

	eth_broadcast_addr(msg.dst);
	len = cvsw_msg_encode(&msg, f->frame, sizeof(f->frame));
	talk_connect(test);
	cvsw_control_event(&f->port.control, CVSW_EVENT_LINK);
	talk_for(f, 50);
	talk_arrive(f, fake_nic_skb(f->port.dev, f->frame, len, 0));
	flush_work(&f->port.control.work.work);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_CTL_UNAUTHENTICATED), 1ULL);
	KUNIT_EXPECT_EQ(test, f->port.dev->mtu, 1500U);
	KUNIT_EXPECT_EQ(test, (int)f->port.control.version2.state, CVSW_STATE_DISCONNECTED);

	/* It came before the key did, and waited. */
	talk_set_key(test, NULL);
	flush_work(&f->port.control.work.work);
	rtnl_lock();		/* on which the worker waits with the first one */
	talk_arrive(f, fake_nic_skb(f->port.dev, f->frame, len, 0));
	while (READ_ONCE(f->port.control.queued))
		msleep(1);
	talk_arrive(f, fake_nic_skb(f->port.dev, f->frame, len, 0));
	KUNIT_EXPECT_EQ(test, cvsw_version3_set_key(&f->port.control, psk), 0);
	rtnl_unlock();
	flush_work(&f->port.control.work.work);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_CTL_APPLIED), 1ULL);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_CTL_UNAUTHENTICATED), 2ULL);
	KUNIT_EXPECT_EQ(test, f->port.dev->mtu, 1300U);
}

static struct kunit_case with_key_cases[] = {
	KUNIT_CASE(with_a_key_version_2_is_refused),
	{}
};

static struct kunit_suite with_key_suite = {
	.name = "cvsw_version2_with_key",
	.suite_init = fake_port_suite_init,
	.suite_exit = fake_port_suite_exit,
	.init = talk_init,
	.exit = talk_exit,
	.test_cases = with_key_cases,
};
kunit_test_suite(with_key_suite);
