// SPDX-License-Identifier: GPL-2.0
/* All requests but those about flows. */
#include <kunit/test.h>
#include <linux/etherdevice.h>

#include "../drivers/cvsw/control/requests.c"
#include "../drivers/cvsw/engine/segment.h"
#include "asking.h"

/* What the NIC is able to do, whatever its state. */
#define CAN	((u32)(CVSW_V3_CAN_TIMEOUTS | CVSW_V3_CAN_MODIFY | CVSW_V3_CAN_REMOVED | \
		       CVSW_V3_CAN_EXPIRING | CVSW_V3_CAN_TRACE | \
		       CVSW_V3_CAN_PACKET_IN | CVSW_V3_CAN_REGISTERS | \
		       CVSW_V3_CAN_TABLES | CVSW_V3_CAN_FLOOD | \
		       CVSW_V3_CAN_ANY_TTL | CVSW_V3_CAN_GROUPS))

static void capabilities_are_told(struct kunit *test)
{
	struct cvsw_v3_capabilities can;
	struct asking *f = test->priv;

	ask_bundle(f, 1, WHOLE);
	ask_put_flows(f, 1, 3);
	ask_check_done(test);
	ask_plain(f, CVSW_V3_CAPABILITIES);
	KUNIT_ASSERT_EQ(test, ask(test), (unsigned int)CVSW_V3_CAPABILITIES_ANSWER);
	KUNIT_ASSERT_EQ(test, (int)cvsw_v3_capabilities_decode(&f->answer, &can, NULL),
			CVSW_V3_FINE);
	KUNIT_EXPECT_EQ(test, can.features, CAN);
	KUNIT_EXPECT_EQ(test, can.flows, 3U);
	KUNIT_EXPECT_EQ(test, can.max_flows, (u32)CVSW_TABLE_MAX);
	KUNIT_EXPECT_EQ(test, can.mtu, 1500U);
	KUNIT_EXPECT_EQ(test, can.min_mtu, (u32)ETH_MIN_MTU);
	KUNIT_EXPECT_EQ(test, can.max_mtu, (u32)ETH_DATA_LEN);
	KUNIT_EXPECT_TRUE(test, can.offloads & CVSW_OFFLOAD_CSUM);
	KUNIT_EXPECT_FALSE(test, can.all_offloads & CVSW_OFFLOAD_UFO);
	KUNIT_EXPECT_EQ(test, can.release_len, strlen(CVSW_VERSION));

	cvsw_table_set_limit(f->port.engine.table, 5);
	f->port.engine.miss = CVSW_MISS_CONTROLLER;
	ask(test);
	cvsw_v3_capabilities_decode(&f->answer, &can, NULL);
	KUNIT_EXPECT_EQ(test, can.features, CAN | CVSW_V3_MISS_DROPS | CVSW_V3_MISS_TELLS);
	KUNIT_EXPECT_EQ(test, can.max_flows, 5U);
	cvsw_put_u8(&f->w, 0);
	ask_check_refused(test, CVSW_V3_ERR_LENGTH, 8);
}

static void statistics_are_told(struct kunit *test)
{
	struct asking *f = test->priv;
	struct cvsw_v3_counter counter;
	unsigned int n = 0, found = 0;
	struct cvsw_reader r;

	ask_set_value(f, CVSW_V3_SET_MTU, 1400);
	ask_check_done(test);
	ask_set_value(f, CVSW_V3_SET_MTU, 9001);
	ask_check_refused(test, CVSW_V3_ERR_REFUSED, 8);
	ask_plain(f, CVSW_V3_STATISTICS);
	KUNIT_ASSERT_EQ(test, ask(test), (unsigned int)CVSW_V3_STATISTICS_ANSWER);
	r = cvsw_reader(f->answer.body, f->answer.len);
	for (; cvsw_left(&r); n++) {
		KUNIT_ASSERT_EQ(test, (int)cvsw_v3_counter_get(&r, &counter), CVSW_V3_FINE);
		if (!strncmp(counter.name, "request-done", counter.name_len) ||
		    !strncmp(counter.name, "request-refused", counter.name_len))
			found += counter.value;
	}
	/* Nothing has been looked up but in table 0. */
	KUNIT_EXPECT_EQ(test, n, CVSW_N_COUNTERS - 2U * (CVSW_TABLES - 1));
	KUNIT_EXPECT_EQ(test, found, 2U);
}

static void device_is_set(struct kunit *test)
{
	netdev_features_t tso = NETIF_F_TSO | NETIF_F_TSO6;
	struct asking *f = test->priv;

	ask_set_value(f, CVSW_V3_SET_MTU, 1400);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, f->port.dev->mtu, 1400U);
	KUNIT_EXPECT_EQ(test, f->port.engine.control_mtu, 1400U);
	ask_set_value(f, CVSW_V3_SET_MTU, 60);
	ask_check_refused(test, CVSW_V3_ERR_REFUSED, 8);
	KUNIT_EXPECT_EQ(test, f->port.dev->mtu, 1400U);
	KUNIT_EXPECT_EQ(test, f->port.engine.control_mtu, 1400U);

	ask_set_value(f, CVSW_V3_SET_OFFLOAD, CVSW_OFFLOAD_CSUM);
	ask_check_done(test);
	KUNIT_EXPECT_TRUE(test, f->port.dev->features & NETIF_F_HW_CSUM);
	KUNIT_EXPECT_FALSE(test, !!(f->port.dev->features & tso));
	/* TSO cannot be without the checksum. */
	ask_set_value(f, CVSW_V3_SET_OFFLOAD, CVSW_OFFLOAD_TSO);
	ask_check_refused(test, CVSW_V3_ERR_REFUSED, 8);
	ask_set_value(f, CVSW_V3_SET_OFFLOAD, CVSW_OFFLOAD_CSUM | CVSW_OFFLOAD_INNER_CSUM);
	ask_check_done(test);
	KUNIT_EXPECT_TRUE(test, cvsw_sums_inside(&f->port.engine, f->port.dev));
	/* The stack's own tunnels have what they had. */
	KUNIT_EXPECT_FALSE(test, !!(f->port.dev->hw_enc_features & NETIF_F_HW_CSUM));
	/* Nor can the one inside. */
	ask_set_value(f, CVSW_V3_SET_OFFLOAD, CVSW_OFFLOAD_INNER_CSUM);
	ask_check_refused(test, CVSW_V3_ERR_REFUSED, 8);
	KUNIT_EXPECT_FALSE(test, cvsw_sums_inside(&f->port.engine, f->port.dev));
	/* A device that offers it to them, as newer ones do, is not asked to do it for ours. */
	f->port.dev->hw_enc_features |= NETIF_F_HW_CSUM;
	ask_set_value(f, CVSW_V3_SET_OFFLOAD, CVSW_OFFLOAD_CSUM);
	ask_check_done(test);
	KUNIT_EXPECT_FALSE(test, cvsw_sums_inside(&f->port.engine, f->port.dev));
	KUNIT_EXPECT_TRUE(test, f->port.dev->hw_enc_features & NETIF_F_HW_CSUM);
	ask_set_value(f, CVSW_V3_SET_OFFLOAD, CVSW_OFFLOAD_ALL + 1);
	ask_check_refused(test, CVSW_V3_ERR_VALUE, 8);
	f->message[10] = 1;
	ask_check_refused(test, CVSW_V3_ERR_RESERVED, 10);

	WRITE_ONCE(f->port.control.dead, true);
	ask_set_value(f, CVSW_V3_SET_MTU, 1300);
	ask_check_refused(test, CVSW_V3_ERR_GONE, 8);
	KUNIT_EXPECT_EQ(test, f->port.dev->mtu, 1400U);
}

static void set_sa_as(struct asking *f, u32 spi, u8 direction, u8 key_len)
{
	struct cvsw_sa sa = { .spi = spi, .direction = direction, .key_len = key_len };

	memset(sa.key, spi, key_len);
	ask_begin(f);
	f->w.at = cvsw_v3_set_sa_encode(ASK_XID, &sa, f->message, sizeof(f->message));
}

/* The SAs of one answer, from @resume on; how many, and where it goes on. */
static unsigned int list_sas(struct kunit *test, u64 *resume, struct cvsw_v3_listed_sa *sas,
			     unsigned int room)
{
	struct asking *f = test->priv;
	struct cvsw_reader r;
	unsigned int n = 0;

	ask_begin(f);
	f->w.at = cvsw_v3_resume_encode(CVSW_V3_LIST_SAS, ASK_XID, *resume, f->message,
				       sizeof(f->message));
	KUNIT_ASSERT_EQ(test, ask(test), (unsigned int)CVSW_V3_LIST_SAS_ANSWER);
	KUNIT_ASSERT_EQ(test, (int)cvsw_v3_list_answer_decode(&f->answer, resume, &r, NULL),
			CVSW_V3_FINE);
	while (cvsw_left(&r)) {
		KUNIT_ASSERT_LT(test, n, room);
		KUNIT_ASSERT_EQ(test, (int)cvsw_v3_listed_sa_get(&r, &sas[n++]), CVSW_V3_FINE);
	}
	return n;
}

static void sas_are_listed(struct kunit *test)
{
	struct cvsw_v3_listed_sa sas[4];
	struct asking *f = test->priv;
	struct cvsw_esp_sa *out;
	u64 resume = 0;

	KUNIT_EXPECT_EQ(test, list_sas(test, &resume, sas, ARRAY_SIZE(sas)), 0U);
	set_sa_as(f, 300, CVSW_SA_OUT, 32);
	ask_check_done(test);
	set_sa_as(f, 301, CVSW_SA_OUT, 16);
	ask_check_done(test);
	set_sa_as(f, 300, CVSW_SA_IN, 16);
	ask_check_done(test);
	set_sa_as(f, 301, CVSW_SA_OUT, 0);
	ask_check_done(test);
	KUNIT_ASSERT_EQ(test, list_sas(test, &resume, sas, ARRAY_SIZE(sas)), 2U);
	KUNIT_EXPECT_EQ(test, resume, 0ULL);
	KUNIT_EXPECT_EQ(test, sas[0].spi, 300U);
	KUNIT_EXPECT_EQ(test, (int)sas[0].direction, CVSW_SA_OUT);
	KUNIT_EXPECT_EQ(test, (int)sas[0].reason, 0);
	KUNIT_EXPECT_EQ(test, sas[1].spi, 300U);
	KUNIT_EXPECT_EQ(test, (int)sas[1].direction, CVSW_SA_IN);

	rcu_read_lock();
	out = cvsw_sas_find(f->port.engine.sas, CVSW_SA_OUT, 300);	/* which stays */
	rcu_read_unlock();
	atomic64_set(&out->sent, 3ull << 30);
	list_sas(test, &resume, sas, ARRAY_SIZE(sas));
	KUNIT_EXPECT_EQ(test, (int)sas[0].reason, CVSW_V3_SA_RUNS_OUT);
	KUNIT_EXPECT_EQ(test, (int)sas[1].reason, 0);
	atomic64_set(&out->sent, U32_MAX);
	list_sas(test, &resume, sas, ARRAY_SIZE(sas));
	KUNIT_EXPECT_EQ(test, (int)sas[0].reason, CVSW_V3_SA_RAN_OUT);
	/* Of a machine that has another generation, though nobody has been told yet. */
	out->generation.id[0] ^= 1;
	list_sas(test, &resume, sas, ARRAY_SIZE(sas));
	KUNIT_EXPECT_EQ(test, (int)sas[0].reason, CVSW_V3_SA_WAS_STOPPED);
	out->generation.id[0] ^= 1;
	cvsw_sas_stop(f->port.engine.sas);
	KUNIT_ASSERT_EQ(test, list_sas(test, &resume, sas, ARRAY_SIZE(sas)), 2U);
	KUNIT_EXPECT_EQ(test, (int)sas[0].reason, CVSW_V3_SA_WAS_STOPPED);
	KUNIT_EXPECT_EQ(test, (int)sas[1].reason, CVSW_V3_SA_WAS_STOPPED);
	cvsw_put_u8(&f->w, 0);
	ask_check_refused(test, CVSW_V3_ERR_LENGTH, 16);
}

/* More than an answer holds: in parts, each once, though some go meanwhile. */
static void many_sas_are_listed_in_parts(struct kunit *test)
{
	enum { MANY = CVSW_V3_BODY_MAX / CVSW_V3_LISTED_SA_LEN + 10 };
	struct cvsw_v3_listed_sa *sas = kunit_kcalloc(test, MANY, sizeof(*sas), GFP_KERNEL);
	struct asking *f = test->priv;
	unsigned int i, n;
	u64 resume = 0;

	KUNIT_ASSERT_NOT_NULL(test, sas);
	for (i = 0; i < MANY; i++) {
		set_sa_as(f, 1000 + i, CVSW_SA_IN, 16);
		ask_check_done(test);
	}
	n = list_sas(test, &resume, sas, MANY);
	KUNIT_EXPECT_EQ(test, n, (unsigned int)(CVSW_V3_BODY_MAX - 8) / CVSW_V3_LISTED_SA_LEN);
	KUNIT_ASSERT_NE(test, resume, 0ULL);
	set_sa_as(f, 1000 + n - 1, CVSW_SA_IN, 0);	/* the one that resume is of */
	ask_check_done(test);
	set_sa_as(f, 1000 + n, CVSW_SA_IN, 0);
	ask_check_done(test);
	KUNIT_ASSERT_EQ(test, list_sas(test, &resume, sas + n, MANY - n), MANY - n - 1);
	KUNIT_EXPECT_EQ(test, resume, 0ULL);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, sas[i].spi, 1000 + i);
	for (i = n; i < MANY - 1; i++)
		KUNIT_EXPECT_EQ(test, sas[i].spi, 1000 + i + 1);
}

static void sas_are_installed_once(struct kunit *test)
{
	struct cvsw_v3_capabilities can;
	struct asking *f = test->priv;

	set_sa_as(f, 300, CVSW_SA_OUT, 32);
	ask_check_done(test);
	ask_check_refused(test, CVSW_V3_ERR_SA_KNOWN, 12);
	set_sa_as(f, 300, CVSW_SA_OUT, 16);
	ask_check_refused(test, CVSW_V3_ERR_SA_KNOWN, 12);
	set_sa_as(f, 300, CVSW_SA_IN, 16);
	ask_check_done(test);
	set_sa_as(f, 301, CVSW_SA_IN, 0);
	ask_check_refused(test, CVSW_V3_ERR_SA_UNKNOWN, 12);
	set_sa_as(f, 300, CVSW_SA_IN, 0);
	ask_check_done(test);
	ask_check_refused(test, CVSW_V3_ERR_SA_UNKNOWN, 12);
	set_sa_as(f, 300, CVSW_SA_IN, 16);
	ask_check_refused(test, CVSW_V3_ERR_SA_KNOWN, 12);
	set_sa_as(f, 255, CVSW_SA_IN, 16);
	KUNIT_EXPECT_EQ(test, ask(test), (unsigned int)CVSW_V3_ERROR);
	KUNIT_EXPECT_EQ(test, (int)f->answer.error, CVSW_V3_ERR_SA);

	cvsw_sas_stop(f->port.engine.sas);
	ask_plain(f, CVSW_V3_CAPABILITIES);
	ask(test);
	KUNIT_EXPECT_EQ(test, (int)cvsw_v3_capabilities_decode(&f->answer, &can, NULL),
			CVSW_V3_FINE);
	KUNIT_EXPECT_EQ(test, can.features, CAN | CVSW_V3_SAS_STOPPED);
}

static void unknown_types(struct kunit *test)
{
	struct asking *f = test->priv;
	unsigned int type;

	for (type = 0; type < 256; type++) {
		ask_plain(f, type);
		f->answer.xid = ASK_XID;
		if (type % 2) {
			KUNIT_EXPECT_EQ(test, ask(test), 0U);
			continue;
		}
		if (type >= CVSW_V3_CAPABILITIES && type <= CVSW_V3_GROUP_COUNTERS)
			continue;
		ask_check_refused(test, CVSW_V3_ERR_TYPE, 0);
	}
	ask_plain(f, CVSW_V3_SET_MTU);
	f->message[3] = 1;	/* a request with an error in it */
	KUNIT_EXPECT_EQ(test, ask(test), (unsigned int)CVSW_V3_ERROR);
}

static struct kunit_case requests_cases[] = {
	KUNIT_CASE(capabilities_are_told),
	KUNIT_CASE(statistics_are_told),
	KUNIT_CASE(device_is_set),
	KUNIT_CASE(sas_are_installed_once),
	KUNIT_CASE(sas_are_listed),
	KUNIT_CASE(many_sas_are_listed_in_parts),
	KUNIT_CASE(unknown_types),
	{}
};

static struct kunit_suite requests_suite = {
	.name = "cvsw_requests",
	.suite_init = fake_port_suite_init,
	.suite_exit = fake_port_suite_exit,
	.init = asking_init,
	.exit = asking_exit,
	.test_cases = requests_cases,
};
kunit_test_suite(requests_suite);
