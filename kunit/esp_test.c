// SPDX-License-Identifier: GPL-2.0
/* ESP that works: against libcrypto's, back and forth, one SA after the other, later. */
#include <linux/ip.h>

#include "../drivers/cvsw/esp/esp_tx.c"
#include "esp_test.h"
#include "esp_vectors.h"

#define ROUND_TRIPS	2000

/* ---- against libcrypto ---- */

static void add_vector_sa(struct kunit *test, const struct esp_vector *v,
			  enum cvsw_sa_direction direction)
{
	struct esp_fixture *f = test->priv;
	struct cvsw_sa sa = { .spi = v->spi, .direction = direction, .key_len = v->key_len };

	memcpy(sa.key, v->key, v->key_len);
	memcpy(sa.salt, v->salt, sizeof(sa.salt));
	KUNIT_ASSERT_EQ(test, cvsw_sas_add(f->engine.sas, &sa), 0);
}

/* A frame around @len bytes behind the IPv4 header. */
static void make_plain(struct esp_fixture *f, u8 protocol, const u8 *data, unsigned int len)
{
	make_packet(f, 0);
	memcpy(f->frame.data + f->frame.len, data, len);
	f->frame.len += len;
	fit_ip(&f->frame, protocol);
}

static void check_vector(struct kunit *test, const struct esp_vector *v)
{
	struct esp_fixture *f = test->priv;
	unsigned int head;
	struct sk_buff *skb;

	make_plain(f, v->next_header, v->payload, v->payload_len);
	head = f->frame.len - v->payload_len;
	if (!v->own_iv) {
		add_vector_sa(test, v, CVSW_SA_OUT);
		atomic64_set(&find_sa(test, CVSW_SA_OUT, v->spi)->sent, v->seq - 1);
		skb = encrypt(test, linear_skb(&f->frame), v->spi);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb_to_frame(skb, &f->other);
		kfree_skb(skb);
		KUNIT_ASSERT_EQ(test, f->other.len, head + v->esp_len);
		KUNIT_EXPECT_EQ(test, memcmp(f->other.data + head, v->esp, v->esp_len), 0);
	}

	add_vector_sa(test, v, CVSW_SA_IN);
	f->other = f->frame;
	memcpy(f->other.data + head, v->esp, v->esp_len);
	f->other.len = head + v->esp_len;
	fit_ip(&f->other, IPPROTO_ESP);
	skb = decrypt(test, random_skb(&f->rnd, &f->other));
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_TRUE(test, skb_is_frame(skb, &f->frame));
	kfree_skb(skb);
}

static void esp_as_libcrypto(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(esp_vectors); i++)
		check_vector(test, &esp_vectors[i]);
}

/* ---- back and forth ---- */

/* What RFC 4303 and 3948 say stands where, apart from what is encrypted. */
static void check_form(struct kunit *test, bool udp, u32 seq)
{
	struct esp_fixture *f = test->priv;
	unsigned int l2 = frame_l2_len(&f->frame), header = 4 * (f->frame.data[l2] & 15);
	unsigned int payload = get16(f->frame.data + l2 + 2) - header;
	unsigned int esp_len = 16 + ALIGN(payload + 2, 4) + 16;
	const u8 *ip = f->other.data + l2, *p = ip + header;

	KUNIT_EXPECT_EQ(test, f->other.len, l2 + header + (udp ? 8 : 0) + esp_len);
	KUNIT_EXPECT_EQ(test, memcmp(f->other.data, f->frame.data, l2 + 2), 0);
	KUNIT_EXPECT_EQ(test, (unsigned int)get16(ip + 2), f->other.len - l2);
	KUNIT_EXPECT_EQ(test, ip[9], udp ? 17 : 50);
	KUNIT_EXPECT_EQ(test, inet_sum(ip, header, 0), 0xffff);
	if (udp) {
		KUNIT_EXPECT_EQ(test, get16(p), TEST_PORT);
		KUNIT_EXPECT_EQ(test, get16(p + 2), TEST_PORT + 1);
		KUNIT_EXPECT_EQ(test, (unsigned int)get16(p + 4), 8 + esp_len);
		KUNIT_EXPECT_EQ(test, get16(p + 6), 0);
		p += 8;
	}
	KUNIT_EXPECT_EQ(test, get32(p), (u32)TEST_SPI);
	KUNIT_EXPECT_EQ(test, get32(p + 4), seq);
	KUNIT_EXPECT_EQ(test, get32(p + 8), 0U);
	KUNIT_EXPECT_EQ(test, get32(p + 12), seq);
}

/* One frame of any layout, which somebody else may hold as well, there and back. */
static void go_and_return(struct kunit *test, bool udp, u32 seq)
{
	struct esp_fixture *f = test->priv;
	unsigned int padding = pick(&f->rnd, 4) ? 0 : pick(&f->rnd, 30);
	struct sk_buff *skb, *other = NULL;

	make_packet(f, pick(&f->rnd, 3) ? pick(&f->rnd, 90) : pick(&f->rnd, 1400));
	f->frame.len += padding;
	skb = random_skb(&f->rnd, &f->frame);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	if (pick(&f->rnd, 2))
		other = skb_clone(skb, GFP_KERNEL);
	skb = encrypt(test, skb, TEST_SPI);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, (int)skb->ip_summed, CHECKSUM_NONE);
	skb_to_frame(skb, &f->other);
	kfree_skb(skb);
	if (other)
		KUNIT_EXPECT_TRUE(test, skb_is_frame(other, &f->frame));
	kfree_skb(other);
	f->frame.len -= padding;
	check_form(test, udp, seq);

	skb = random_skb(&f->rnd, &f->other);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	other = pick(&f->rnd, 2) ? skb_clone(skb, GFP_KERNEL) : NULL;
	skb->ip_summed = CHECKSUM_COMPLETE;
	skb = decrypt(test, skb);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_TRUE(test, skb_is_frame(skb, &f->frame));
	/* Genuine is not the same as right: whatever is inside is still to be checked. */
	KUNIT_EXPECT_EQ(test, (int)skb->ip_summed, CHECKSUM_NONE);
	KUNIT_EXPECT_EQ(test, skb_network_offset(skb), (int)frame_l2_len(&f->frame));
	kfree_skb(skb);
	if (other)
		KUNIT_EXPECT_TRUE(test, skb_is_frame(other, &f->other));
	kfree_skb(other);
}

static void round_trips(struct kunit *test, unsigned int key_len, bool udp)
{
	struct cvsw_esp_sa *sa;
	u64 packets, bytes;
	u32 seq;

	install_pair(test, TEST_SPI, key_len, udp);
	for (seq = 1; seq <= ROUND_TRIPS; seq++)
		go_and_return(test, udp, seq);
	sa = find_sa(test, CVSW_SA_IN, TEST_SPI);
	KUNIT_EXPECT_EQ(test, cvsw_sa_seq(sa), (u32)ROUND_TRIPS);
	cvsw_sa_read(sa, &packets, &bytes);
	KUNIT_EXPECT_EQ(test, packets, (u64)ROUND_TRIPS);
	cvsw_sa_read(find_sa(test, CVSW_SA_OUT, TEST_SPI), &packets, &bytes);
	KUNIT_EXPECT_EQ(test, packets, (u64)ROUND_TRIPS);
}

static void esp_there_and_back(struct kunit *test)
{
	round_trips(test, 16, false);
}

static void esp_in_udp_there_and_back(struct kunit *test)
{
	round_trips(test, 32, true);
}

/* A frame with room around it, nobody else's, is not copied. */
static void esp_encrypts_in_place(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb, *out;

	install_pair(test, TEST_SPI, 16, true);
	make_packet(f, 100);
	skb = alloc_skb(CVSW_ESP_HEAD + f->frame.len + CVSW_ESP_TAIL, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reserve(skb, CVSW_ESP_HEAD);
	skb_put_data(skb, f->frame.data, f->frame.len);
	out = encrypt(test, skb, TEST_SPI);
	KUNIT_EXPECT_PTR_EQ(test, out, skb);
	kfree_skb(out);
}

/* ---- SAs ---- */

static void sa_never_twice(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct cvsw_sa sa;
	unsigned int key_len;

	install_pair(test, TEST_SPI, 16, false);
	for (key_len = 16; key_len <= 32; key_len += 16) {
		make_sa(&sa, TEST_SPI, CVSW_SA_OUT, key_len, false);
		KUNIT_EXPECT_EQ(test, cvsw_sas_add(f->engine.sas, &sa), -EEXIST);
	}
	KUNIT_EXPECT_EQ(test, cvsw_sas_remove(f->engine.sas, CVSW_SA_OUT, TEST_SPI), 0);
	KUNIT_EXPECT_EQ(test, cvsw_sas_remove(f->engine.sas, CVSW_SA_OUT, TEST_SPI), -ENOENT);
	KUNIT_EXPECT_EQ(test, cvsw_sas_remove(f->engine.sas, CVSW_SA_OUT, TEST_SPI + 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, cvsw_sas_add(f->engine.sas, &sa), -EEXIST);
	make_packet(f, 100);
	expect_dropped(test, encrypt(test, linear_skb(&f->frame), TEST_SPI),
		       CVSW_CNT_DROP_ESP_NO_SA);
	/* The other direction's is another. */
	find_sa(test, CVSW_SA_IN, TEST_SPI);
	cvsw_sas_kill(f->engine.sas);
	make_sa(&sa, TEST_SPI + 2, CVSW_SA_OUT, 16, false);
	KUNIT_EXPECT_EQ(test, cvsw_sas_add(f->engine.sas, &sa), -ENODEV);
}

static void sa_numbers_end(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct cvsw_esp_sa *sa;
	struct sk_buff *skb;
	unsigned int i;

	install_pair(test, TEST_SPI, 16, false);
	sa = find_sa(test, CVSW_SA_OUT, TEST_SPI);
	atomic64_set(&sa->sent, U32_MAX - 2);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, cvsw_sa_state(sa), CVSW_SA_ACTIVE);
		make_packet(f, 50);
		encrypt_frame(test);
		check_form(test, false, U32_MAX - 1 + i);
		skb = decrypt(test, linear_skb(&f->other));
		KUNIT_EXPECT_NOT_ERR_OR_NULL(test, skb);
		kfree_skb(skb);
	}
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, cvsw_sa_state(sa), CVSW_SA_SPENT);
		KUNIT_EXPECT_EQ(test, cvsw_sa_seq(sa), U32_MAX);
		expect_dropped(test, encrypt(test, linear_skb(&f->frame), TEST_SPI),
			       CVSW_CNT_DROP_ESP_SPENT);
	}
}

static void sa_stops(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb;

	install_pair(test, TEST_SPI, 16, false);
	make_packet(f, 50);
	encrypt_frame(test);
	cvsw_sas_stop(f->engine.sas);
	KUNIT_EXPECT_EQ(test, cvsw_sa_state(find_sa(test, CVSW_SA_OUT, TEST_SPI)),
			CVSW_SA_STOPPED);
	KUNIT_EXPECT_EQ(test, cvsw_sa_state(find_sa(test, CVSW_SA_IN, TEST_SPI)),
			CVSW_SA_STOPPED);
	expect_dropped(test, encrypt(test, linear_skb(&f->frame), TEST_SPI),
		       CVSW_CNT_DROP_ESP_STOPPED);
	expect_dropped(test, decrypt(test, linear_skb(&f->other)), CVSW_CNT_DROP_ESP_STOPPED);
	install_pair(test, TEST_SPI + 1, 16, false);
	skb = encrypt(test, linear_skb(&f->frame), TEST_SPI + 1);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, skb);
	kfree_skb(skb);
}

static void expect_stopped(struct kunit *test, u32 spi)
{
	struct esp_fixture *f = test->priv;

	expect_dropped(test, encrypt(test, linear_skb(&f->frame), spi), CVSW_CNT_DROP_ESP_STOPPED);
}

static void expect_sent(struct kunit *test, u32 spi)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb = encrypt(test, linear_skb(&f->frame), spi);

	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, skb);
	kfree_skb(skb);
}

/* Nobody has told: the first frame finds out. */
static void sa_of_another_life(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int half, told = esp_generation_changes;

	make_packet(f, 50);
	for (half = 0; half < 2; half++) {
		u32 spi = TEST_SPI + 10 * half;

		install_pair(test, spi, 16, false);
		expect_sent(test, spi);
		esp_generation.id[half]++;
		expect_stopped(test, spi);
		KUNIT_EXPECT_EQ(test, esp_generation_changes, ++told);
		/* ordered in the life before, perhaps */
		install_pair(test, spi + 1, 16, false);
		expect_stopped(test, spi + 1);
		KUNIT_EXPECT_EQ(test, esp_generation_changes, ++told);

		cvsw_sas_stop(f->engine.sas);
		expect_stopped(test, spi);
		install_pair(test, spi + 2, 16, false);
		expect_sent(test, spi + 2);
		KUNIT_EXPECT_EQ(test, esp_generation_changes, told);
	}
}

static void sa_asleep(struct kunit *test)
{
	struct esp_fixture *f = test->priv;

	make_packet(f, 50);
	install_pair(test, TEST_SPI, 16, false);
	encrypt_frame(test);
	cvsw_sas_sleep(f->engine.sas, true);
	expect_stopped(test, TEST_SPI);
	install_pair(test, TEST_SPI + 1, 16, false);
	expect_stopped(test, TEST_SPI + 1);
	expect_dropped(test, decrypt(test, linear_skb(&f->other)), CVSW_CNT_DROP_ESP_STOPPED);

	cvsw_sas_sleep(f->engine.sas, false);
	expect_stopped(test, TEST_SPI);
	expect_stopped(test, TEST_SPI + 1);
	install_pair(test, TEST_SPI + 2, 16, false);
	expect_sent(test, TEST_SPI + 2);
}

/* As a snapshot put back has it: the window of before, and the hypervisor's new number. */
static void restored_window(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int told = esp_generation_changes;
	static struct cvsw_replay saved;
	struct cvsw_esp_sa *sa;
	struct sk_buff *skb;

	install_pair(test, TEST_SPI, 16, false);
	make_packet(f, 50);
	encrypt_frame(test);
	sa = find_sa(test, CVSW_SA_IN, TEST_SPI);
	saved = sa->replay;
	skb = decrypt(test, linear_skb(&f->other));
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, skb);
	kfree_skb(skb);

	sa->replay = saved;
	esp_generation.id[0]++;
	expect_dropped(test, decrypt(test, linear_skb(&f->other)), CVSW_CNT_DROP_ESP_STOPPED);
	KUNIT_EXPECT_EQ(test, esp_generation_changes, told + 1);
	cvsw_sas_stop(f->engine.sas);
	expect_dropped(test, decrypt(test, linear_skb(&f->other)), CVSW_CNT_DROP_ESP_STOPPED);
	/* With new keys both directions go on. */
	install_pair(test, TEST_SPI + 1, 16, false);
	skb = encrypt(test, linear_skb(&f->frame), TEST_SPI + 1);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb = decrypt(test, skb);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, skb);
	kfree_skb(skb);
}

struct visited {
	unsigned int n, stop_at;
	u32 spi[16];
};

static int visit(const struct cvsw_esp_sa *sa, void *arg)
{
	struct visited *visited = arg;

	if (visited->n == visited->stop_at)
		return -EMSGSIZE;
	visited->spi[visited->n++] = sa->name.spi;
	return 0;
}

static void sa_walk(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct visited visited = { .stop_at = 3 };
	u64 resume = 0;
	u32 i;

	for (i = 0; i < 4; i++)
		install_pair(test, TEST_SPI + i, 16, false);
	KUNIT_EXPECT_EQ(test, cvsw_sas_walk(f->engine.sas, &resume, visit, &visited), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, cvsw_sas_remove(f->engine.sas, CVSW_SA_IN, TEST_SPI + 1), 0);
	visited.stop_at = 16;
	KUNIT_EXPECT_EQ(test, cvsw_sas_walk(f->engine.sas, &resume, visit, &visited), 0);
	KUNIT_EXPECT_EQ(test, visited.n, 7U);
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_EQ(test, visited.spi[i], TEST_SPI + (i + (i > 2)) / 2);
}

static void sa_without_memory(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct cvsw_sas *sas;
	struct cvsw_sa sa;
	unsigned int n;
	int err;

	make_sa(&sa, TEST_SPI, CVSW_SA_OUT, 16, false);
	for (n = 1; n < 10; n++) {
		*esp_fail_at = n;
		err = cvsw_sas_add(f->engine.sas, &sa);
		*esp_fail_at = 0;
		if (!err)
			break;
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
	}
	KUNIT_EXPECT_EQ(test, n, 4U);	/* SA, counters, cipher: then it is in */
	for (n = 1, sas = NULL; !sas && n < 10; n++) {
		*esp_fail_at = n;
		sas = cvsw_sas_create();
		*esp_fail_at = 0;
	}
	KUNIT_EXPECT_EQ(test, n, 4U);	/* store, names: then it is there */
	cvsw_sas_kill(sas);
	cvsw_sas_destroy(sas);
}

static void frames_without_memory(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb, *other;
	unsigned int n, sent = 0;

	install_pair(test, TEST_SPI, 16, false);
	make_packet(f, 100);
	for (n = 1; n < 4; n++) {
		skb = linear_skb(&f->frame);
		other = skb_clone(skb, GFP_KERNEL);	/* so it must be copied */
		*esp_fail_at = n;
		skb = encrypt(test, skb, TEST_SPI);
		*esp_fail_at = 0;
		kfree_skb(other);
		if (skb) {
			skb_to_frame(skb, &f->other);
			kfree_skb(skb);
			sent++;
			continue;
		}
		expect_dropped(test, NULL, CVSW_CNT_DROP_NOMEM);
	}
	KUNIT_EXPECT_EQ(test, sent, 1U);

	skb = linear_skb(&f->other);
	*esp_fail_at = 1;
	skb = decrypt(test, skb);
	*esp_fail_at = 0;
	expect_dropped(test, skb, CVSW_CNT_DROP_NOMEM);
	/* Nor is there room for a copy of bytes that others have. */
	skb = linear_skb(&f->other);
	other = skb_clone(skb, GFP_KERNEL);
	*esp_fail_at = 1;
	skb = decrypt(test, skb);
	*esp_fail_at = 0;
	kfree_skb(other);
	expect_dropped(test, skb, CVSW_CNT_DROP_NOMEM);
	/* They were not taken for received. */
	skb = decrypt(test, linear_skb(&f->other));
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, skb);
	kfree_skb(skb);
}

/* ---- later ---- */

static void expect_order(struct kunit *test, u32 from, u32 to)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb;
	u32 seq, at;

	for (seq = from; seq <= to; seq++) {
		skb = skb_dequeue(&f->done);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb_to_frame(skb, &f->other);
		at = frame_l2_len(&f->other);
		at += 4 * (f->other.data[at] & 15);
		KUNIT_EXPECT_EQ(test, get32(f->other.data + at + 4), seq);
		kfree_skb(skb);
	}
}

static void later_in_order(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int i;

	cipher_kind = CRYPTD;
	install_pair(test, TEST_SPI, 16, false);
	make_packet(f, 200);
	migrate_disable();	/* cryptd has a queue for each CPU, as a device has */
	for (i = 0; i < 300; i++)
		KUNIT_EXPECT_PTR_EQ(test, encrypt(test, linear_skb(&f->frame), TEST_SPI), NULL);
	migrate_enable();
	wait_for_frames(test, 300);
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_ESP_ASYNC), 300ULL);
	expect_order(test, 1, 300);
}

static void later_there_and_back(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb;
	unsigned int i;

	cipher_kind = CRYPTD;
	install_pair(test, TEST_SPI, 32, true);
	for (i = 0; i < 100; i++) {
		make_packet(f, pick(&f->rnd, 1400));
		encrypt(test, random_skb(&f->rnd, &f->frame), TEST_SPI);
		wait_for_frames(test, 1);
		skb = skb_dequeue(&f->done);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		decrypt(test, skb);
		wait_for_frames(test, 1);
		skb = skb_dequeue(&f->done);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		KUNIT_EXPECT_TRUE(test, skb_is_frame(skb, &f->frame));
		kfree_skb(skb);
	}
	/* Nor does waiting make a frame genuine, or new. */
	make_packet(f, 100);
	encrypt(test, linear_skb(&f->frame), TEST_SPI);
	wait_for_frames(test, 1);
	skb = skb_dequeue(&f->done);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_to_frame(skb, &f->other);
	kfree_skb(skb);
	f->other.data[f->other.len - 1] ^= 1;
	decrypt(test, linear_skb(&f->other));
	wait_for_frames(test, 1);
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_DROP_ESP_TAG), 1ULL);
	f->other.data[f->other.len - 1] ^= 1;
	/* Twice before either was found genuine: the second look tells. */
	local_bh_disable();
	decrypt(test, linear_skb(&f->other));
	decrypt(test, linear_skb(&f->other));
	local_bh_enable();
	wait_for_frames(test, 2);
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_DROP_ESP_REPLAY), 1ULL);
	KUNIT_EXPECT_EQ(test, skb_queue_len(&f->done), 1U);
}

/* More than waits: the rest is dropped, and everything counted. */
static void later_queue_full(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int i;

	cipher_kind = CRYPTD;
	install_pair(test, TEST_SPI, 16, false);
	make_packet(f, 60);
	local_bh_disable();
	for (i = 0; i < 1500; i++)
		encrypt(test, linear_skb(&f->frame), TEST_SPI);
	local_bh_enable();
	wait_for_frames(test, 1500);
	KUNIT_EXPECT_GT(test, esp_count(test, CVSW_CNT_DROP_ESP_BUSY), 0ULL);
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_DROP_ESP_BUSY) + skb_queue_len(&f->done),
			1500ULL);
}

/* The SA goes, and then the whole store, while frames are with the cipher. */
static void later_than_the_sa(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int i;

	cipher_kind = CRYPTD;
	install_pair(test, TEST_SPI, 16, false);
	install_pair(test, TEST_SPI + 1, 16, false);
	make_packet(f, 1000);
	local_bh_disable();
	for (i = 0; i < 200; i++)
		encrypt(test, linear_skb(&f->frame), TEST_SPI + i % 2);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, cvsw_sas_remove(f->engine.sas, CVSW_SA_OUT, TEST_SPI), 0);
	expect_dropped(test, encrypt(test, linear_skb(&f->frame), TEST_SPI),
		       CVSW_CNT_DROP_ESP_NO_SA);
	cvsw_sas_kill(f->engine.sas);
	/* No waiting here: kill has waited. */
	KUNIT_EXPECT_EQ(test, skb_queue_len(&f->done), 200U);
}

/* The callback is quicker than the return of the call. */
static void later_but_at_once(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb;

	install_pair(test, TEST_SPI, 16, false);
	cipher_hasty = true;
	make_packet(f, 100);
	encrypt_frame(test);
	skb = decrypt(test, linear_skb(&f->other));
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_TRUE(test, skb_is_frame(skb, &f->frame));
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, skb_queue_len(&f->done), 0U);
}

static struct kunit_case esp_cases[] = {
	KUNIT_CASE(esp_as_libcrypto),
	KUNIT_CASE(esp_there_and_back),
	KUNIT_CASE(esp_in_udp_there_and_back),
	KUNIT_CASE(esp_encrypts_in_place),
	KUNIT_CASE(sa_never_twice),
	KUNIT_CASE(sa_numbers_end),
	KUNIT_CASE(sa_stops),
	KUNIT_CASE(sa_of_another_life),
	KUNIT_CASE(sa_asleep),
	KUNIT_CASE(restored_window),
	KUNIT_CASE(sa_walk),
	KUNIT_CASE(sa_without_memory),
	KUNIT_CASE(frames_without_memory),
	KUNIT_CASE(later_in_order),
	KUNIT_CASE(later_there_and_back),
	KUNIT_CASE(later_queue_full),
	KUNIT_CASE(later_than_the_sa),
	KUNIT_CASE(later_but_at_once),
	{}
};

static struct kunit_suite esp_suite = {
	.name = "esp",
	.suite_init = esp_suite_init,
	.suite_exit = esp_suite_exit,
	.init = esp_init,
	.exit = esp_exit,
	.test_cases = esp_cases,
};
kunit_test_suite(esp_suite);
