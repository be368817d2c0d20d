// SPDX-License-Identifier: GPL-2.0
/* ESP on all CPUs at once. */
#include "cpus.h"
#include "esp_test.h"

/* Of each CPU; of four of them they fit into the window, so that none is too old. */
#define FRAMES	250
static_assert(4 * FRAMES < CVSW_REPLAY_WINDOW);

/**
 * struct race - what the CPUs share
 * @wire: each encrypted frame twice
 * @spi: to be encrypted with
 * @given: to be encrypted
 * @sent: encrypted
 * @taken: decrypted
 * @over: no SA is replaced any more
 */
struct race {
	struct kunit *test;
	struct sk_buff_head wire;
	u32 spi;
	atomic_t given, sent, taken;
	bool over;
};

static struct race *race_of(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, race);
	race->test = test;
	race->spi = TEST_SPI;
	skb_queue_head_init(&race->wire);
	return race;
}

/* Return: false: nothing was on the wire. */
static bool take(struct race *race)
{
	struct esp_fixture *f = race->test->priv;
	struct sk_buff *skb = skb_dequeue(&race->wire);

	if (!skb)
		return false;
	skb = decrypt(race->test, skb);
	if (skb) {
		KUNIT_EXPECT_TRUE(race->test, skb_is_frame(skb, &f->frame));
		atomic_inc(&race->taken);
		kfree_skb(skb);
	}
	return true;
}

static void send_and_take(void *arg, unsigned int nth)
{
	struct race *race = arg;
	struct esp_fixture *f = race->test->priv;
	unsigned int i;

	for (i = 0; i < FRAMES; i++) {
		struct sk_buff *skb = encrypt(race->test, linear_skb(&f->frame), TEST_SPI), *copy;

		copy = skb ? skb_copy(skb, GFP_KERNEL) : NULL;
		if (!copy) {
			KUNIT_FAIL(race->test, "frame %u of CPU %u is lost", i, nth);
			kfree_skb(skb);
			return;
		}
		skb_queue_tail(&race->wire, skb);
		skb_queue_tail(&race->wire, copy);
		take(race);
		take(race);
		cond_resched();
	}
}

/* No number is given out twice, and of two frames with the same number one is taken. */
static void race_each_once(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct race *race = race_of(test);
	unsigned int n;

	install_pair(test, TEST_SPI, 16, false);
	make_packet(f, 100);
	n = FRAMES * on_all_cpus(test, send_and_take, race);
	while (take(race))
		;
	KUNIT_EXPECT_EQ(test, (unsigned int)atomic_read(&race->taken), n);
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_DROP_ESP_REPLAY), (u64)n);
	KUNIT_EXPECT_EQ(test, esp_drops(test), (u64)n);
	KUNIT_EXPECT_EQ(test, cvsw_sa_seq(find_sa(test, CVSW_SA_OUT, TEST_SPI)), n);
}

/* A new SA for an old one, over and over. */
static void replace(struct race *race)
{
	struct esp_fixture *f = race->test->priv;
	struct cvsw_sa sa;
	u32 spi;

	for (spi = TEST_SPI; spi < TEST_SPI + 200; spi++) {
		make_sa(&sa, spi + 1, CVSW_SA_OUT, 16, false);
		KUNIT_EXPECT_EQ(race->test, cvsw_sas_add(f->engine.sas, &sa), 0);
		WRITE_ONCE(race->spi, spi + 1);
		KUNIT_EXPECT_EQ(race->test, cvsw_sas_remove(f->engine.sas, CVSW_SA_OUT, spi), 0);
		cond_resched();
	}
	WRITE_ONCE(race->over, true);
}

static void replace_or_send(void *arg, unsigned int nth)
{
	struct race *race = arg;
	struct esp_fixture *f = race->test->priv;
	struct sk_buff *skb;

	if (!nth) {
		replace(race);
		return;
	}
	do {
		skb = encrypt(race->test, linear_skb(&f->frame), READ_ONCE(race->spi));
		atomic_inc(&race->given);
		atomic_add(skb != NULL, &race->sent);
		kfree_skb(skb);
		cond_resched();
	} while (!READ_ONCE(race->over));
}

/* Whatever becomes of its SA meanwhile, a frame ends once; and the store waits for all. */
static void race_replaced(struct kunit *test, enum cipher_kind kind)
{
	struct esp_fixture *f = test->priv;
	struct race *race = race_of(test);
	u64 ended;

	cipher_kind = kind;
	install_pair(test, TEST_SPI, 16, false);
	make_packet(f, 100);
	on_all_cpus(test, replace_or_send, race);
	cvsw_sas_kill(f->engine.sas);
	ended = atomic_read(&race->sent) + skb_queue_len(&f->done);
	KUNIT_EXPECT_GT(test, ended, 0ULL);
	KUNIT_EXPECT_EQ(test, ended + esp_drops(test), (u64)atomic_read(&race->given));
	KUNIT_EXPECT_EQ(test, esp_drops(test), esp_count(test, CVSW_CNT_DROP_ESP_NO_SA) +
					       esp_count(test, CVSW_CNT_DROP_ESP_BUSY));
}

static void race_replaced_at_once(struct kunit *test)
{
	race_replaced(test, SYNCHRONOUS);
}

static void race_replaced_later(struct kunit *test)
{
	race_replaced(test, CRYPTD);
}

static struct kunit_case race_cases[] = {
	KUNIT_CASE(race_each_once),
	KUNIT_CASE(race_replaced_at_once),
	KUNIT_CASE(race_replaced_later),
	{}
};

static struct kunit_suite race_suite = {
	.name = "esp-race",
	.suite_init = esp_suite_init,
	.suite_exit = esp_suite_exit,
	.init = esp_init,
	.exit = esp_exit,
	.test_cases = race_cases,
};
kunit_test_suite(race_suite);
