// SPDX-License-Identifier: GPL-2.0
/* A port between its door and the engine: what comes at the wrong time, and its limits. */
#include <kunit/test.h>
#include <linux/etherdevice.h>
#include <linux/module.h>

/* cvsw.ko has them for doors. */
#undef EXPORT_SYMBOL_GPL
#define EXPORT_SYMBOL_GPL(symbol)

#include "../drivers/cvsw/cvsw.h"
#include "../drivers/cvsw/engine/later.h"
#include "../drivers/cvsw/esp/sa.h"

static void let_frames_go(struct cvsw_later *later);
static void look_at_the_rest(struct cvsw_table *table);
#define cvsw_later_destroy	let_frames_go
#define cvsw_table_destroy	look_at_the_rest
/* Which of a port's parts there is no memory for, counted from one; 0: none. */
static unsigned int missing;
#define cvsw_table_create()	(missing == 1 ? NULL : cvsw_table_create())
#define cvsw_stats_alloc()	(missing == 2 ? NULL : cvsw_stats_alloc())
#define cvsw_sas_create()	(missing == 3 ? NULL : cvsw_sas_create())
#define cvsw_later_create()	(missing == 4 ? NULL : cvsw_later_create())
#define cvsw_backlogs_create(dev, driver, stats) \
	(missing == 5 ? NULL : cvsw_backlogs_create(dev, driver, stats))
#define gro_cells_init(cells, dev)	(missing == 6 ? -ENOMEM : gro_cells_init(cells, dev))
#include "../drivers/cvsw/door/port.c"
#undef cvsw_later_destroy
#undef cvsw_table_destroy
#include "../drivers/cvsw/door/ports.c"
#include "fake_nic.h"

void cvsw_port_announced(struct cvsw_port *port)
{
}

struct fixture {
	struct net_device *dev;
	struct cvsw_port *port;
};

static netdev_tx_t no_xmit(struct sk_buff *skb, struct net_device *dev)
{
	kfree_skb(skb);
	return NETDEV_TX_OK;
}

static void no_kick(struct net_device *dev, unsigned int queue)
{
}

static const struct cvsw_driver no_driver = { .start_xmit = no_xmit, .kick = no_kick };

static int fixture_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	f->dev = fake_nic();
	KUNIT_ASSERT_NOT_NULL(test, f->dev);
	return 0;
}

static void create(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->port = cvsw_port_create(f->dev, &no_driver);
	if (IS_ERR(f->port))
		f->port = NULL;
	KUNIT_ASSERT_NOT_NULL(test, f->port);
}

static void fixture_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	cvsw_max_flows = CVSW_TABLE_MAX;
	if (!f || !f->dev)
		return;
	cvsw_port_destroy(f->port);
	fake_nic_free(f->dev);
}

/* And what there is of it is freed, which kmemleak looks after. */
static void a_port_needs_all_its_parts(struct kunit *test)
{
	struct fixture *f = test->priv;

	for (missing = 1; missing <= 6; missing++) {
		struct cvsw_port *port = cvsw_port_create(f->dev, &no_driver);

		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(port), -ENOMEM);
	}
	missing = 0;
	create(test);
}

/* Frames of this type, linked. */
static struct sk_buff *frames(struct kunit *test, unsigned int n, u16 type)
{
	struct fixture *f = test->priv;
	u8 data[ETH_ZLEN] = { 0x02, [12] = type >> 8, [13] = type & 0xff };
	struct sk_buff *list = NULL;

	while (n--) {
		struct sk_buff *skb = fake_nic_skb(f->dev, data, sizeof(data), 0);

		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb_push(skb, ETH_HLEN);
		skb->next = list;
		list = skb;
	}
	return list;
}

static u64 counter(struct fixture *f, enum cvsw_counter which)
{
	return cvsw_stats_read(f->port->engine.stats, which);
}

static void what_comes_too_late_is_counted(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_engine *engine;

	create(test);
	engine = &f->port->engine;
	rtnl_lock();
	dev_close(f->dev);
	rtnl_unlock();
	local_bh_disable();
	engine->turn(engine, frames(test, 1, ETH_P_IP), CVSW_HOST);
	engine->turn(engine, frames(test, 1, ETH_P_IP), CVSW_NET);
	engine->deliver(engine, frames(test, 3, ETH_P_IP), CVSW_HOST);
	engine->deliver(engine, frames(test, 2, ETH_P_IP), CVSW_NET);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_DROP_DOWN), 7ULL);
}

/* It is checked and queued once, where it arrives, or never. */
static void no_control_frame_turns_round(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_engine *engine;

	create(test);
	engine = &f->port->engine;
	local_bh_disable();
	engine->turn(engine, frames(test, 1, CVSW_ETHERTYPE), CVSW_HOST);
	engine->turn(engine, frames(test, 1, CVSW_ETHERTYPE), CVSW_NET);
	engine->deliver(engine, frames(test, 2, CVSW_ETHERTYPE), CVSW_NET);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_DROP_RX_CONTROL), 3ULL);
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_DROP_TX_CONTROL), 1ULL);
}

static int add_flow(struct fixture *f, u16 priority)
{
	static struct cvsw_flow flow;

	flow.priority = priority;
	return cvsw_table_add(f->port->engine.table, &flow);
}

static void flows_are_limited(struct kunit *test)
{
	struct fixture *f = test->priv;

	cvsw_ports_limit_flows(2);
	create(test);
	KUNIT_EXPECT_EQ(test, add_flow(f, 1), 0);
	KUNIT_EXPECT_EQ(test, add_flow(f, 2), 0);
	KUNIT_EXPECT_EQ(test, add_flow(f, 3), -ENOSPC);
	/* While it lives, too. */
	cvsw_ports_limit_flows(3);
	KUNIT_EXPECT_EQ(test, add_flow(f, 3), 0);
	KUNIT_EXPECT_EQ(test, add_flow(f, 4), -ENOSPC);
	cvsw_ports_limit_flows(0);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->port->engine.table), 3U);
	KUNIT_EXPECT_EQ(test, add_flow(f, 3), 0);
}

/* A port that is being destroyed, and what of it was left when its table went. */
static struct {
	struct cvsw_port *port;
	struct sk_buff *skb;
	bool added, left, works;
} going;

/* One that still runs through its flow has something for the controller. */
static void let_frames_go(struct cvsw_later *later)
{
	struct cvsw_walk walk = { .in = CVSW_HOST };
	bool first;

	if (going.port)
		going.added = !cvsw_packet_in_add(&going.port->control.packet_ins, &walk, going.skb,
						  ETH_ZLEN, &first);
	cvsw_later_destroy(later);
}

static void look_at_the_rest(struct cvsw_table *table)
{
	if (going.port) {
		going.left = cvsw_packet_ins_wait(&going.port->control.packet_ins);
		going.works = delayed_work_pending(&going.port->control.work);
	}
	cvsw_table_destroy(table);
}

/* Frames go before the control side does, which frees what they said last. */
static void what_frames_said_last_is_freed(struct kunit *test)
{
	struct fixture *f = test->priv;

	create(test);
	memset(&going, 0, sizeof(going));
	going.skb = frames(test, 1, ETH_P_IP);
	going.port = f->port;
	f->port = NULL;
	cvsw_port_destroy(going.port);
	going.port = NULL;
	kfree_skb(going.skb);
	KUNIT_EXPECT_TRUE(test, going.added);
	KUNIT_EXPECT_FALSE(test, going.left);
	KUNIT_EXPECT_FALSE(test, going.works);
}

static struct kunit_case port_cases[] = {
	KUNIT_CASE(a_port_needs_all_its_parts),
	KUNIT_CASE(what_comes_too_late_is_counted),
	KUNIT_CASE(no_control_frame_turns_round),
	KUNIT_CASE(flows_are_limited),
	KUNIT_CASE(what_frames_said_last_is_freed),
	{}
};

static struct kunit_suite port_suite = {
	.name = "cvsw_port",
	.suite_init = fake_port_suite_init,
	.suite_exit = fake_port_suite_exit,
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = port_cases,
};
kunit_test_suite(port_suite);
