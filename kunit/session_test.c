// SPDX-License-Identifier: GPL-2.0
/* A port's session: its key, its life, and what it is asked and tells. */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/if_arp.h>

#include "flows.h"
#include "fail.h"
#include "../drivers/cvsw/control/notices.c"
#include "../drivers/cvsw/control/version3.c"
#include "../drivers/cvsw/esp/sa.h"
#include "esp_test.h"
#include "talk.h"
#include "v3_test.h"

static const u8 other_psk[CVSW_V3_KEY_LEN] = "... but it must be the right one";
static const u8 other_mac[ETH_ALEN] = { 0x02, 0, 0, 0, 0, 9 };

/* ---- tests ---- */

static void registers_with_a_key_only(struct kunit *test)
{
	struct talk *f = test->priv;

	fake_port_refuse_version2(&f->port);
	cvsw_control_event(&f->port.control, CVSW_EVENT_LINK);
	talk_for(f, 50);
	KUNIT_EXPECT_EQ(test, f->n_from_nic, 0U);
	KUNIT_EXPECT_EQ(test, (int)talk_state(f), CVSW_V3_STATE_NO_KEY);
	talk_set_key(test, NULL);	/* as well */
	KUNIT_EXPECT_NULL(test, f->port.control.version3);
	talk_arrive(f, fake_nic_skb(f->port.dev, f->frame, cvsw_v3_hello(nic_mac, f->frame), 0));
	flush_work(&f->port.control.work.work);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_V3(CVSW_V3_DROP_NO_KEY)), 1ULL);

	talk_connect(test);
	KUNIT_EXPECT_EQ(test, talk_sessions(f), 1ULL);
	KUNIT_EXPECT_EQ(test, f->n_fresh, 1U);
	talk_check_works(test, 1400);
	KUNIT_EXPECT_EQ(test, talk_n_ended(f), talk_counter(f, CVSW_CNT_V3(CVSW_V3_OK)) + 1);
	KUNIT_EXPECT_EQ(test, talk_n_ended(f), talk_counter(f, CVSW_CNT_CTL_RECEIVED));
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_CTL_SENT), (u64)f->n_from_nic);
}

static void requests_are_done_in_order(struct kunit *test)
{
	struct talk *f = test->priv;
	unsigned int asked = 0, answered = 0;

	talk_connect(test);
	while (answered < 300) {
		while (asked < 300 && talk_flow(f, CVSW_V3_BUNDLE_OPEN | CVSW_V3_BUNDLE_COMMIT,
						asked))
			asked++;
		KUNIT_ASSERT_EQ(test, talk_answer(f), (unsigned int)CVSW_V3_ACK);
		KUNIT_ASSERT_EQ(test, get_unaligned_be32(f->message + 4), answered);
		answered++;
	}
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->port.engine.table), 300U);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_REQ_DONE), 300ULL);
}

/* ---- what is told unasked ---- */

#define WHOLE	(CVSW_V3_BUNDLE_OPEN | CVSW_V3_BUNDLE_COMMIT)

static void do_flow_mod(struct kunit *test, enum cvsw_flow_command command, u16 port)
{
	struct talk *f = test->priv;

	KUNIT_ASSERT_TRUE(test, talk_flow_mod(f, command, WHOLE, port));
	KUNIT_ASSERT_EQ(test, talk_answer(f), (unsigned int)CVSW_V3_ACK);
}

/* f->flow has gone. */
static void expect_told(struct kunit *test, u8 reason, u16 port)
{
	struct talk *f = test->priv;
	struct cvsw_v3_message message;
	struct cvsw_v3_entry told;
	struct cvsw_flow *flow = kunit_kzalloc(test, sizeof(*flow), GFP_KERNEL);
	enum cvsw_flow_command command;
	size_t used;

	KUNIT_ASSERT_NOT_NULL(test, flow);
	KUNIT_ASSERT_EQ(test, talk_answer(f), (unsigned int)CVSW_V3_FLOW_REMOVED);
	KUNIT_ASSERT_EQ(test, (int)cvsw_v3_message_decode(f->message, sizeof(f->message),
							  &message, NULL), 0);
	/* The buffer is longer than what is in it; this one's length is its flow_mod's. */
	message.len = CVSW_V3_ENTRY_HEADER_LEN + get_unaligned_be16(message.body +
								    CVSW_V3_ENTRY_HEADER_LEN);
	KUNIT_ASSERT_EQ(test, (int)cvsw_v3_flow_removed_decode(&message, &told, NULL), 0);
	KUNIT_EXPECT_EQ(test, told.reason, reason);
	KUNIT_ASSERT_EQ(test, (int)cvsw_flow_mod_decode(told.flow_mod, told.len, &used, &command, flow,
							NULL), 0);
	KUNIT_EXPECT_EQ(test, flow->match.key.tp_dst, port);
	f->flow.match = flow->match;
	f->flow.priority = flow->priority;
	KUNIT_EXPECT_TRUE(test, cvsw_flow_equal(flow, &f->flow));
}

static void timeouts_are_told(struct kunit *test)
{
	struct talk *f = test->priv;

	talk_connect(test);
	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.hard_timeout = 1;
	do_flow_mod(test, CVSW_FLOW_ADD, 1);	/* did not ask to be told of */
	f->flow.flags = CVSW_FLOW_SEND_REMOVED;
	f->flow.cookie = 4711;
	do_flow_mod(test, CVSW_FLOW_ADD, 2);
	expect_told(test, CVSW_V3_REMOVED_HARD, 2);
	f->flow.hard_timeout = 0;
	f->flow.idle_timeout = 1;
	do_flow_mod(test, CVSW_FLOW_ADD, 3);
	expect_told(test, CVSW_V3_REMOVED_IDLE, 3);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->port.engine.table), 0U);
}

static void deletions_are_told(struct kunit *test)
{
	struct talk *f = test->priv;
	u16 port;

	talk_connect(test);
	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.flags = CVSW_FLOW_SEND_REMOVED;
	for (port = 1; port <= 50; port++)
		do_flow_mod(test, CVSW_FLOW_ADD, port);
	/* In its stead: it has not gone. */
	do_flow_mod(test, CVSW_FLOW_ADD, 1);
	do_flow_mod(test, CVSW_FLOW_MODIFY_STRICT, 1);
	for (port = 1; port <= 50; port++) {
		do_flow_mod(test, CVSW_FLOW_DELETE_STRICT, port);
		expect_told(test, CVSW_V3_REMOVED_DELETE, port);
	}
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->port.engine.table), 0U);
	talk_check_works(test, 1400);
}

static void a_silent_controller_keeps_no_flow_alive(struct kunit *test)
{
	struct talk *f = test->priv;
	struct cvsw_version3 *session;

	talk_connect(test);
	KUNIT_ASSERT_TRUE(test, talk_flow(f, CVSW_V3_BUNDLE_OPEN, 1));
	KUNIT_ASSERT_EQ(test, talk_answer(f), (unsigned int)CVSW_V3_ACK);
	flush_delayed_work(&f->port.control.work);
	KUNIT_EXPECT_TRUE(test, cvsw_table_changing(f->port.engine.table));
	session = f->port.control.version3;
	session->caller.event(session->caller.arg, CVSW_V3_EVENT_SILENT);
	KUNIT_EXPECT_FALSE(test, cvsw_table_changing(f->port.engine.table));
	KUNIT_ASSERT_TRUE(test, talk_flow(f, CVSW_V3_BUNDLE_COMMIT, 1));
	KUNIT_ASSERT_EQ(test, talk_answer(f), (unsigned int)CVSW_V3_ERROR);
	talk_check_works(test, 1400);
}

/* Or a controller could take the end of a flow for that of the one that it adds anew. */
static void what_went_is_told_before_the_next_answer(struct kunit *test)
{
	struct talk *f = test->priv;

	talk_connect(test);
	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.flags = CVSW_FLOW_SEND_REMOVED;
	do_flow_mod(test, CVSW_FLOW_ADD, 1);
	KUNIT_ASSERT_TRUE(test, talk_flow_mod(f, CVSW_FLOW_DELETE_STRICT, WHOLE, 1));
	KUNIT_ASSERT_TRUE(test, talk_flow_mod(f, CVSW_FLOW_ADD, WHOLE, 1));
	KUNIT_ASSERT_EQ(test, talk_answer(f), (unsigned int)CVSW_V3_ACK);
	expect_told(test, CVSW_V3_REMOVED_DELETE, 1);
	KUNIT_ASSERT_EQ(test, talk_answer(f), (unsigned int)CVSW_V3_ACK);
}

/* A controller that was not there asks for the table; too many that wait are counted. */
static void some_are_told_nobody(struct kunit *test)
{
	struct talk *f = test->priv;
	struct cvsw_notices *notices;

	talk_set_key(test, psk);
	/* The worker alone changes the table, but where a test knows that it does not run. */
	flush_work(&f->port.control.work.work);
	f->flow.flags = CVSW_FLOW_SEND_REMOVED;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->port.engine.table, &f->flow), 0);
	KUNIT_ASSERT_EQ(test, table_delete(f->port.engine.table, &f->flow.match), 1U);
	notices = &f->port.control.version3->notices;
	KUNIT_EXPECT_EQ(test, notices->n, 1U);
	KUNIT_ASSERT_TRUE(test, talk_connects(f, 1));
	KUNIT_EXPECT_EQ(test, notices->n, 0U);
	talk_check_works(test, 1400);

	do_flow_mod(test, CVSW_FLOW_ADD, 1);
	notices->n = CVSW_NOTICES_MAX;
	KUNIT_ASSERT_EQ(test, table_delete(f->port.engine.table, &f->flow.match), 1U);
	KUNIT_EXPECT_EQ(test, notices->n, (unsigned int)CVSW_NOTICES_MAX);
	notices->n = 0;
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_CTL_SEND_FAILED), 1ULL);
}

static void loss_loses_nothing(struct kunit *test)
{
	struct talk *f = test->priv;
	unsigned int asked = 0, answered = 0;

	f->loss = 20;
	talk_connect(test);
	while (answered < 60) {
		while (asked < 60 && talk_flow(f, CVSW_V3_BUNDLE_OPEN | CVSW_V3_BUNDLE_COMMIT,
					       asked))
			asked++;
		KUNIT_ASSERT_EQ(test, talk_answer(f), (unsigned int)CVSW_V3_ACK);
		KUNIT_ASSERT_EQ(test, get_unaligned_be32(f->message + 4), answered);
		answered++;
	}
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->port.engine.table), 60U);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_REQ_DONE), 60ULL);
}

static void a_new_key_ends_the_session(struct kunit *test)
{
	struct talk *f = test->priv;
	unsigned int sent;

	talk_connect(test);
	talk_for(f, 50);
	sent = f->n_from_nic;
	talk_set_key(test, psk);	/* the one that is there */
	talk_for(f, 50);
	KUNIT_EXPECT_EQ(test, f->n_from_nic, sent);
	KUNIT_EXPECT_EQ(test, talk_sessions(f), 1ULL);

	talk_set_key(test, other_psk);
	flush_work(&f->port.control.work.work);
	KUNIT_EXPECT_EQ(test, (int)talk_state(f), CVSW_V3_STATE_REGISTERING);
	KUNIT_EXPECT_TRUE(test, talk_mtu(f, 1400));	/* under the old session */
	talk_for(f, 300);
	KUNIT_EXPECT_EQ(test, f->port.dev->mtu, 1500U);
	cvsw_v3_end_free(&f->ctl);
	talk_controller(f, nic_mac, other_psk);
	KUNIT_EXPECT_TRUE(test, talk_connects(f, 1));
	talk_check_works(test, 1300);
}

static void a_key_that_is_taken_away_is_wiped(struct kunit *test)
{
	struct talk *f = test->priv;
	struct cvsw_version3 *session;
	unsigned int sent;

	talk_connect(test);
	session = f->port.control.version3;
	KUNIT_EXPECT_FALSE(test, memchr_inv(session->next_psk, 0, CVSW_V3_KEY_LEN) != NULL);
	talk_set_key(test, NULL);
	flush_work(&f->port.control.work.work);
	KUNIT_EXPECT_FALSE(test, memchr_inv(session->end.psk, 0, CVSW_V3_KEY_LEN) != NULL);
	KUNIT_EXPECT_FALSE(test, memchr_inv(session->next_psk, 0, CVSW_V3_KEY_LEN) != NULL);
	KUNIT_EXPECT_FALSE(test, cvsw_v3_up(&session->end));
	KUNIT_EXPECT_EQ(test, (int)talk_state(f), CVSW_V3_STATE_NO_KEY);
	talk_pump(f);
	sent = f->n_from_nic;
	talk_mtu(f, 1400);
	talk_for(f, 400);
	KUNIT_EXPECT_EQ(test, f->n_from_nic, sent);
	KUNIT_EXPECT_GE(test, talk_counter(f, CVSW_CNT_V3(CVSW_V3_DROP_NO_KEY)), 1ULL);
	KUNIT_EXPECT_EQ(test, f->port.dev->mtu, 1500U);
}

/* Two keys in a row, the worker between any two steps: the second one counts. */
static void the_last_key_counts(struct kunit *test)
{
	struct talk *f = test->priv;
	unsigned int i;

	for (i = 0; i < 200; i++) {
		talk_set_key(test, other_psk);
		if (i % 2)
			cvsw_control_event(&f->port.control, CVSW_EVENT_KEY);
		if (i % 3)
			cond_resched();
		talk_set_key(test, psk);
		cvsw_control_event(&f->port.control, CVSW_EVENT_KEY);
		flush_work(&f->port.control.work.work);
		cvsw_control_event(&f->port.control, CVSW_EVENT_KEY);
		flush_work(&f->port.control.work.work);
		KUNIT_ASSERT_TRUE(test, cvsw_v3_same(f->port.control.version3->end.psk, psk,
						     CVSW_V3_KEY_LEN));
	}
	KUNIT_EXPECT_TRUE(test, talk_connects(f, 1));
}

static void a_restored_machine_begins_anew(struct kunit *test)
{
	struct talk *f = test->priv;
	unsigned int sent;

	talk_connect(test);
	KUNIT_EXPECT_TRUE(test, talk_flow(f, CVSW_V3_BUNDLE_OPEN, 80));
	KUNIT_EXPECT_EQ(test, talk_answer(f), (unsigned int)CVSW_V3_ACK);
	talk_for(f, 50);
	KUNIT_EXPECT_TRUE(test, cvsw_table_changing(f->port.engine.table));

	/* Ahead of a suspend: silence. */
	cvsw_control_hold(&f->port.control);
	sent = f->n_from_nic;
	KUNIT_EXPECT_TRUE(test, talk_mtu(f, 1400));
	talk_for(f, 300);
	KUNIT_EXPECT_EQ(test, f->n_from_nic, sent);
	cvsw_control_event(&f->port.control, CVSW_EVENT_RESTORED);
	flush_work(&f->port.control.work.work);
	KUNIT_EXPECT_FALSE(test, cvsw_table_changing(f->port.engine.table));
	KUNIT_EXPECT_TRUE(test, talk_connects(f, 2));
	talk_for(f, 50);
	KUNIT_EXPECT_EQ(test, f->n_fresh, 2U);
	talk_check_works(test, 1300);
}

/* Nobody has told: its first frame finds out. */
static void a_restored_machine_says_nothing_under_old_keys(struct kunit *test)
{
	struct talk *f = test->priv;
	unsigned int sent, told = esp_generation_changes;

	talk_connect(test);
	talk_for(f, 50);
	sent = f->n_from_nic;
	esp_generation.id[0]++;
	KUNIT_EXPECT_TRUE(test, talk_mtu(f, 1400));
	talk_for(f, 300);
	KUNIT_EXPECT_EQ(test, f->n_from_nic, sent);
	KUNIT_EXPECT_GT(test, esp_generation_changes, told);

	cvsw_control_event(&f->port.control, CVSW_EVENT_RESTORED);
	flush_work(&f->port.control.work.work);
	KUNIT_EXPECT_TRUE(test, talk_connects(f, 2));
	talk_check_works(test, 1300);
}

/* ---- who remembers something else ---- */

static struct cvsw_esp_sa *add_sa_out(struct kunit *test)
{
	struct cvsw_sa sa = { .spi = 400, .direction = CVSW_SA_OUT, .key_len = 16 };
	struct talk *f = test->priv;
	struct cvsw_esp_sa *out;

	KUNIT_ASSERT_EQ(test, cvsw_sas_add(f->port.engine.sas, &sa), 0);
	rcu_read_lock();
	out = cvsw_sas_find(f->port.engine.sas, CVSW_SA_OUT, 400);	/* which stays */
	rcu_read_unlock();
	return out;
}

/* It has records that were never sent: this machine was put back, and nobody said so. */
static void a_machine_that_went_back_hears_of_it(struct kunit *test)
{
	struct talk *f = test->priv;
	struct cvsw_esp_sa *out;

	talk_connect(test);
	out = add_sa_out(test);
	KUNIT_EXPECT_TRUE(test, talk_flow(f, CVSW_V3_BUNDLE_OPEN, 80));
	KUNIT_EXPECT_EQ(test, talk_answer(f), (unsigned int)CVSW_V3_ACK);
	talk_for(f, 50);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(out->stopped));
	/* An ECHO is due, and says so. */
	f->ctl.live.window.next += 3;
	f->ctl.heard_at -= CVSW_V3_ECHO_MS;
	KUNIT_EXPECT_TRUE(test, talk_connects(f, 2));
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_V3(CVSW_V3_DROP_DISAGREES)), 1ULL);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(out->stopped));
	KUNIT_EXPECT_FALSE(test, cvsw_table_changing(f->port.engine.table));
	KUNIT_EXPECT_EQ(test, f->n_fresh, 2U);
	talk_check_works(test, 1300);
}

/* The worker's memory as it was some requests ago. */
static void a_snapshot_put_back_is_noticed(struct kunit *test)
{
	struct talk *f = test->priv;
	struct cvsw_v3_end *before = kvmalloc(sizeof(*before), GFP_KERNEL);
	struct cvsw_version3 *session;
	unsigned int i;
	u64 n;

	KUNIT_ASSERT_NOT_NULL(test, before);
	talk_connect(test);
	f->hellos = true;
	for (i = 0; i < 6; i++) {
		/* The NIC looks at one HELLO a second. */
		talk_for(f, CVSW_V3_HELLO_MS + 100);
		talk_check_works(test, 1400);
		talk_for(f, 50);
		session = f->port.control.version3;
		n = talk_sessions(f);
		flush_work(&f->port.control.work.work);
		*before = session->end;
		talk_check_works(test, 1300);
		if (i % 2)
			talk_check_works(test, 1350);
		talk_for(f, 50);
		flush_work(&f->port.control.work.work);
		session->end = *before;
		/* As a network that tells where it is now. */
		cvsw_control_event(&f->port.control, CVSW_EVENT_MOVED);
		KUNIT_EXPECT_TRUE(test, talk_connects(f, n + 1));
		talk_for(f, 50);
		KUNIT_EXPECT_EQ(test, f->n_fresh, i + 2);
	}
	talk_check_works(test, 1250);
	kvfree(before);
}

/* Anyone can say HELLO: while the controller answers it costs an ECHO. */
static void a_hello_is_a_question(struct kunit *test)
{
	struct talk *f = test->priv;
	unsigned int i;
	u64 n;

	talk_connect(test);
	for (i = 0; i < 3; i++) {
		talk_hello(f);
		talk_for(f, CVSW_V3_HELLO_MS + 100);
	}
	KUNIT_EXPECT_EQ(test, talk_sessions(f), 1ULL);
	for (i = 0; i < 3; i++) {
		/* The NIC listens to one HELLO in that time. */
		talk_for(f, CVSW_V3_HELLO_MS + 100);
		n = talk_sessions(f);
		cvsw_v3_end_free(&f->ctl);
		talk_controller(f, nic_mac, psk);
		talk_hello(f);
		KUNIT_EXPECT_TRUE(test, talk_until(f, 10 * CVSW_V3_HELLO_MS,
						   talk_sessions(f) > n && cvsw_v3_up(&f->ctl)));
	}
	talk_check_works(test, 1300);
}

/* The next message within a short time, which comes unasked. */
static unsigned int told(struct talk *f)
{
	bool too_long;

	f->port.control.version3->look_at = jiffies;
	cvsw_control_event(&f->port.control, CVSW_EVENT_LINK);
	talk_for(f, 50);
	return cvsw_v3_take(&f->ctl, f->message, &too_long) ? f->message[1] : 0;
}

static void sas_that_run_out_are_told_once(struct kunit *test)
{
	static const struct {
		u64 sent;
		enum cvsw_v3_expiring_reason reason;
	} ends[] = {
		{ (3ull << 30) - 1, 0 },
		{ 3ull << 30, CVSW_V3_SA_RUNS_OUT },
		{ (3ull << 30) + 1, 0 },
		{ U32_MAX, CVSW_V3_SA_RAN_OUT },
		{ 1ull << 33, 0 },
	};
	struct cvsw_sa sa = { .spi = 300, .direction = CVSW_SA_OUT, .key_len = 16 };
	struct talk *f = test->priv;
	struct cvsw_v3_message message;
	struct cvsw_v3_expiring expiring;
	struct cvsw_esp_sa *out;
	unsigned int i;

	talk_connect(test);
	KUNIT_ASSERT_EQ(test, cvsw_sas_add(f->port.engine.sas, &sa), 0);
	rcu_read_lock();
	out = cvsw_sas_find(f->port.engine.sas, CVSW_SA_OUT, 300);	/* which stays */
	rcu_read_unlock();
	sa.direction = CVSW_SA_IN;
	KUNIT_ASSERT_EQ(test, cvsw_sas_add(f->port.engine.sas, &sa), 0);
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		atomic64_set(&out->sent, ends[i].sent);
		KUNIT_ASSERT_EQ(test, told(f), ends[i].reason ? CVSW_V3_SA_EXPIRING : 0U);
		if (!ends[i].reason)
			continue;
		KUNIT_ASSERT_EQ(test, (int)cvsw_v3_message_decode(f->message, 24, &message, NULL),
				CVSW_V3_FINE);
		KUNIT_ASSERT_EQ(test, (int)cvsw_v3_expiring_decode(&message, &expiring, NULL),
				CVSW_V3_FINE);
		KUNIT_EXPECT_EQ(test, expiring.spi, 300U);
		KUNIT_EXPECT_EQ(test, (int)expiring.direction, CVSW_SA_OUT);
		KUNIT_EXPECT_EQ(test, (int)expiring.reason, (int)ends[i].reason);
		KUNIT_EXPECT_EQ(test, expiring.sequence, ends[i].sent);
	}
	cvsw_sas_stop(f->port.engine.sas);
	KUNIT_EXPECT_EQ(test, told(f), (unsigned int)CVSW_V3_SA_EXPIRING);
	KUNIT_EXPECT_EQ(test, told(f), 0U);
}

static void another_address_is_another_nic(struct kunit *test)
{
	struct sockaddr to = { .sa_family = ARPHRD_ETHER };
	struct talk *f = test->priv;

	talk_connect(test);
	ether_addr_copy(to.sa_data, other_mac);
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, dev_set_mac_address(f->port.dev, &to, NULL), 0);
	rtnl_unlock();
	cvsw_control_event(&f->port.control, CVSW_EVENT_ADDRESS);
	flush_work(&f->port.control.work.work);
	KUNIT_EXPECT_EQ(test, (int)talk_state(f), CVSW_V3_STATE_REGISTERING);
	cvsw_v3_end_free(&f->ctl);
	talk_controller(f, other_mac, psk);
	KUNIT_EXPECT_TRUE(test, talk_connects(f, 1));
	talk_check_works(test, 1300);
}

static void without_a_link_it_waits(struct kunit *test)
{
	struct talk *f = test->priv;

	netif_carrier_off(f->port.dev);
	talk_set_key(test, psk);
	talk_for(f, 400);
	KUNIT_EXPECT_EQ(test, f->n_from_nic, 0U);
	netif_carrier_on(f->port.dev);
	cvsw_control_event(&f->port.control, CVSW_EVENT_LINK);
	KUNIT_EXPECT_TRUE(test, talk_connects(f, 1));
}

static void memory_that_fails_delays_only(struct kunit *test)
{
	struct talk *f = test->priv;
	int n;

	fail_at = 1;
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, cvsw_version3_set_key(&f->port.control, psk), -ENOMEM);
	rtnl_unlock();
	fail_at = 0;
	KUNIT_EXPECT_EQ(test, (int)talk_state(f), CVSW_V3_STATE_NO_KEY);
	for (n = 1; n <= 20; n++) {
		v3_crypto_fail_at(n);
		talk_set_key(test, n % 2 ? psk : NULL);
		talk_for(f, 10);
		v3_crypto_fail_at(0);
	}
	talk_set_key(test, psk);
	KUNIT_EXPECT_TRUE(test, talk_connects(f, 1));
	talk_check_works(test, 1400);
}

static void ends_in_the_middle_of_anything(struct kunit *test)
{
	struct talk *f = test->priv;
	unsigned int i;

	talk_set_key(test, psk);
	for (i = 0; i < 3; i++)
		talk_pump(f);
	for (i = 0; i < 20; i++)
		talk_flow(f, i ? 0 : CVSW_V3_BUNDLE_OPEN, i);
	talk_pump(f);
	/* talk_exit() does the rest. */
}

static void session_exit(struct kunit *test)
{
	fail_at = 0;
	talk_exit(test);
}

static struct kunit_case session_cases[] = {
	KUNIT_CASE(registers_with_a_key_only),
	KUNIT_CASE(requests_are_done_in_order),
	KUNIT_CASE(timeouts_are_told),
	KUNIT_CASE(deletions_are_told),
	KUNIT_CASE(a_silent_controller_keeps_no_flow_alive),
	KUNIT_CASE(what_went_is_told_before_the_next_answer),
	KUNIT_CASE(some_are_told_nobody),
	KUNIT_CASE(loss_loses_nothing),
	KUNIT_CASE(a_new_key_ends_the_session),
	KUNIT_CASE(a_key_that_is_taken_away_is_wiped),
	KUNIT_CASE(the_last_key_counts),
	KUNIT_CASE(a_restored_machine_begins_anew),
	KUNIT_CASE(a_restored_machine_says_nothing_under_old_keys),
	KUNIT_CASE(a_machine_that_went_back_hears_of_it),
	KUNIT_CASE(a_snapshot_put_back_is_noticed),
	KUNIT_CASE(a_hello_is_a_question),
	KUNIT_CASE(sas_that_run_out_are_told_once),
	KUNIT_CASE(another_address_is_another_nic),
	KUNIT_CASE(without_a_link_it_waits),
	KUNIT_CASE(memory_that_fails_delays_only),
	KUNIT_CASE(ends_in_the_middle_of_anything),
	{}
};

static struct kunit_suite session_suite = {
	.name = "cvsw_session",
	.suite_init = fake_port_suite_init,
	.suite_exit = fake_port_suite_exit,
	.init = talk_init,
	.exit = session_exit,
	.test_cases = session_cases,
};
kunit_test_suite(session_suite);

