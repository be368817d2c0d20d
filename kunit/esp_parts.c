// SPDX-License-Identifier: GPL-2.0
/* SAs and cipher, which do what a test wants, and a port for them. */
#include <linux/delay.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include "esp_test.h"
#include "fail.h"

enum cipher_kind cipher_kind;
int cipher_error;
bool cipher_hasty;

static struct crypto_aead *alloc_aead(const char *name);
static int crypt(struct aead_request *request, int (*cipher)(struct aead_request *request));

#define crypto_alloc_aead(name, type, mask)	(fails() ? ERR_PTR(-ENOMEM) : alloc_aead(name))
#define crypto_aead_encrypt(request)		crypt(request, crypto_aead_encrypt)
#define crypto_aead_decrypt(request)		crypt(request, crypto_aead_decrypt)
#define skb_copy_expand(skb, head, tail, flags) \
	(fails() ? NULL : skb_copy_expand(skb, head, tail, flags))
#define kmalloc(size, flags)			(fails() ? NULL : kmalloc(size, flags))
#define rhashtable_init(table, params)		(fails() ? -ENOMEM : rhashtable_init(table, params))
/* netdev_alloc_pcpu_stats()'s */
#undef alloc_percpu_gfp
#define alloc_percpu_gfp(type, flags) \
	(fails() ? NULL : (typeof(type) __percpu *)__alloc_percpu_gfp(sizeof(type), \
								     __alignof__(type), flags))

#include "../drivers/cvsw/esp/sa.c"
#include "../drivers/cvsw/esp/esp_request.c"
#include "../drivers/cvsw/engine/engine.h"

#undef crypto_alloc_aead
#undef crypto_aead_encrypt
#undef crypto_aead_decrypt
#undef skb_copy_expand
#undef kmalloc
#undef rhashtable_init

int *esp_fail_at = &fail_at;

struct cvsw_generation esp_generation;
unsigned int esp_generation_changes;
const struct cvsw_generation *cvsw_generation = &esp_generation;

void cvsw_generation_changed(void)
{
	esp_generation_changes++;
}

/* ---- the cipher ---- */

static struct crypto_aead *alloc_aead(const char *name)
{
	struct crypto_aead *plain = crypto_alloc_aead(name, 0, CRYPTO_ALG_ASYNC), *aead;
	char cryptd[CRYPTO_MAX_ALG_NAME];

	if (IS_ERR(plain) || cipher_kind == SYNCHRONOUS)
		return plain;
	snprintf(cryptd, sizeof(cryptd), "cryptd(%s)",
		 crypto_tfm_alg_driver_name(crypto_aead_tfm(plain)));
	aead = crypto_alloc_aead(cryptd, 0, 0);
	crypto_free_aead(plain);
	return aead;
}

static int crypt(struct aead_request *request, int (*cipher)(struct aead_request *request))
{
	int err;

	if (cipher_error)
		return cipher_error;
	err = cipher(request);
	if (!cipher_hasty)
		return err;
	cipher_done(request->base.data, err);
	return -EINPROGRESS;
}

/* ---- the port ---- */

static void deliver(struct cvsw_engine *engine, struct sk_buff *list, enum cvsw_ingress in)
{
	struct esp_fixture *f = container_of(engine, struct esp_fixture, engine);
	struct sk_buff *skb, *next;

	for (skb = list; skb; skb = next) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		skb_queue_tail(&f->done, skb);
	}
}

/* A flow for everything, whose actions are all done when a frame comes back. */
static int add_flow(struct esp_fixture *f)
{
	struct cvsw_key key = { .in_port = CVSW_HOST };

	f->flow.n_actions = 1;
	f->flow.actions[0].type = CVSW_ACT_OUTPUT;
	f->flow.actions[0].port = CVSW_PORT_ONWARD;
	if (cvsw_table_add(f->engine.table, &f->flow))
		return -ENOMEM;
	rcu_read_lock();
	f->walk.entry = cvsw_table_lookup_below(f->engine.table, &key, INT_MAX);
	rcu_read_unlock();
	f->walk.version = cvsw_table_version(f->engine.table);
	f->walk.engine = &f->engine;
	f->walk.next = 1;
	f->walk.end = 1;
	f->walk.layered = true;
	f->walk.in = CVSW_NET;
	return f->walk.entry ? 0 : -ENOENT;
}

int esp_init(struct kunit *test)
{
	struct esp_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	cipher_kind = SYNCHRONOUS;
	cipher_error = 0;
	cipher_hasty = false;
	fail_at = 0;
	prandom_seed_state(&f->rnd, 4303);
	skb_queue_head_init(&f->done);
	f->engine.deliver = deliver;
	f->engine.resume = cvsw_engine_resume;
	f->engine.wire_mtu = IP_MAX_MTU;
	f->engine.table = cvsw_table_create();
	f->engine.stats = cvsw_stats_alloc();
	f->engine.sas = cvsw_sas_create();
	if (!f->engine.table || !f->engine.stats || !f->engine.sas)
		return -ENOMEM;
	return add_flow(f);
}

void esp_exit(struct kunit *test)
{
	struct esp_fixture *f = test->priv;

	fail_at = 0;
	if (f->engine.sas) {
		cvsw_sas_kill(f->engine.sas);
		cvsw_sas_destroy(f->engine.sas);
	}
	skb_queue_purge(&f->done);
	cvsw_table_destroy(f->engine.table);
	free_percpu(f->engine.stats);
	rcu_barrier();
}

int esp_suite_init(struct kunit_suite *suite)
{
	return cvsw_sa_module_init();
}

void esp_suite_exit(struct kunit_suite *suite)
{
	if (free_workers)
		cvsw_sa_module_exit();
	free_workers = NULL;
}

void make_sa(struct cvsw_sa *sa, u32 spi, enum cvsw_sa_direction direction,
	     unsigned int key_len, bool udp)
{
	unsigned int i;

	memset(sa, 0, sizeof(*sa));
	sa->spi = spi;
	sa->direction = direction;
	sa->key_len = key_len;
	sa->udp_src = udp ? TEST_PORT : 0;
	sa->udp_dst = udp ? TEST_PORT + 1 : 0;
	for (i = 0; i < key_len; i++)
		sa->key[i] = spi * 7 + i * i;
	put32(sa->salt, spi * 13);
}

void install_pair(struct kunit *test, u32 spi, unsigned int key_len, bool udp)
{
	struct esp_fixture *f = test->priv;
	struct cvsw_sa sa;

	make_sa(&sa, spi, CVSW_SA_OUT, key_len, udp);
	KUNIT_ASSERT_EQ(test, cvsw_sas_add(f->engine.sas, &sa), 0);
	make_sa(&sa, spi, CVSW_SA_IN, key_len, udp);
	KUNIT_ASSERT_EQ(test, cvsw_sas_add(f->engine.sas, &sa), 0);
}

struct cvsw_esp_sa *find_sa(struct kunit *test, enum cvsw_sa_direction direction, u32 spi)
{
	struct esp_fixture *f = test->priv;
	struct cvsw_esp_sa *sa;

	rcu_read_lock();
	sa = cvsw_sas_find(f->engine.sas, direction, spi);
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, sa);
	return sa;
}

/* ---- frames ---- */

void fit_ip(struct flat_frame *frame, u8 protocol)
{
	u8 *ip = frame->data + frame_l2_len(frame);

	ip[9] = protocol;
	put16(ip + 2, frame->data + frame->len - ip);
	put16(ip + 10, 0);
	put16(ip + 10, ~inet_sum(ip, 4 * (ip[0] & 15), 0));
}

/* With and without a VLAN tag and IPv4 options. */
void make_packet(struct esp_fixture *f, unsigned int len)
{
	unsigned int l2 = pick(&f->rnd, 4) ? 14 : 18, options = pick(&f->rnd, 4) ? 0 : 8;
	u8 *p = f->frame.data;

	memset(&f->frame, 0, sizeof(f->frame));
	f->frame.len = l2 + 20 + options + len;
	prandom_bytes_state(&f->rnd, p, f->frame.len);
	if (l2 == 18)
		put16(p + 12, ETH_P_8021Q);
	put16(p + l2 - 2, ETH_P_IP);
	p[l2] = 0x45 + options / 4;
	memset(p + l2 + 20, 1, options);	/* no operation */
	put16(p + l2 + 6, 0x4000);
	fit_ip(&f->frame, 100);
}

struct sk_buff *encrypt(struct kunit *test, struct sk_buff *skb, u32 spi)
{
	struct esp_fixture *f = test->priv;
	struct cvsw_walk walk = f->walk;

	local_bh_disable();
	rcu_read_lock();
	skb = cvsw_esp_encrypt(&walk, skb, spi);
	rcu_read_unlock();
	local_bh_enable();
	return skb;
}

struct sk_buff *decrypt(struct kunit *test, struct sk_buff *skb)
{
	struct esp_fixture *f = test->priv;
	struct cvsw_walk walk = f->walk;
	struct cvsw_layout at;
	struct sk_buff *done;
	struct cvsw_key key;

	/* One without a whole Ethernet header has no layout. */
	cvsw_key_extract(skb, CVSW_NET, &key, &at);
	local_bh_disable();
	rcu_read_lock();
	done = cvsw_esp_decrypt(&walk, skb, &at);
	rcu_read_unlock();
	local_bh_enable();
	if (IS_ERR(done))
		kfree_skb(skb);
	else if (done)
		KUNIT_EXPECT_GE(test, walk.sa, (u32)CVSW_SA_SPI_MIN);
	return done;
}

void encrypt_frame(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb = linear_skb(&f->frame);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb = encrypt(test, skb, TEST_SPI);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_to_frame(skb, &f->other);
	kfree_skb(skb);
}

void seal(struct kunit *test, u32 spi, u32 seq, u8 *buf, unsigned int len)
{
	struct cvsw_esp_sa *sa = find_sa(test, CVSW_SA_IN, spi);
	struct aead_request *request = aead_request_alloc(sa->aead, GFP_KERNEL);
	u8 iv[8] = { 0 }, *copy = kmalloc(16 + len + 16, GFP_KERNEL);
	struct scatterlist sg;

	KUNIT_ASSERT_NOT_NULL(test, request);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	put32(buf, spi);
	put32(buf + 4, seq);
	put32(buf + 8, 0);
	put32(buf + 12, seq);
	put32(iv + 4, seq);
	memcpy(copy, buf, 16 + len);
	sg_init_one(&sg, copy, 16 + len + 16);
	aead_request_set_callback(request, 0, NULL, NULL);
	aead_request_set_crypt(request, &sg, &sg, len, iv);
	aead_request_set_ad(request, 16);
	KUNIT_ASSERT_EQ(test, crypto_aead_encrypt(request), 0);
	memcpy(buf, copy, 16 + len + 16);
	kfree(copy);
	aead_request_free(request);
}

/* ---- counters ---- */

u64 esp_count(struct kunit *test, unsigned int counter)
{
	struct esp_fixture *f = test->priv;

	return cvsw_stats_read(f->engine.stats, counter);
}

u64 esp_drops(struct kunit *test)
{
	char name[40];
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < CVSW_CNT_V3S; i++) {
		cvsw_stats_name(i, name, sizeof(name));
		if (!strncmp(name, "drop-", 5))
			sum += esp_count(test, i);
	}
	return sum;
}

void expect_dropped(struct kunit *test, struct sk_buff *out, int counter)
{
	struct esp_fixture *f = test->priv;
	u64 drops = esp_drops(test);
	unsigned int cpu;

	KUNIT_EXPECT_PTR_EQ(test, out, NULL);
	kfree_skb(out);
	KUNIT_EXPECT_EQ(test, drops, f->drops + 1);
	f->drops = drops;
	if (counter >= 0) {
		KUNIT_EXPECT_EQ(test, esp_count(test, counter), 1ULL);
		/* So that the next can be expected to be the first again. */
		for_each_possible_cpu(cpu)
			u64_stats_set(&per_cpu_ptr(f->engine.stats, cpu)->counter[counter], 0);
		f->drops--;
	}
}

void wait_for_frames(struct kunit *test, u64 n)
{
	struct esp_fixture *f = test->priv;
	unsigned long end = jiffies + 10 * HZ;
	u64 drops = f->drops;

	do {
		f->drops = esp_drops(test);
		if (skb_queue_len(&f->done) + f->drops - drops >= n)
			return;
		usleep_range(100, 200);
	} while (time_before(jiffies, end));
	KUNIT_FAIL(test, "%llu frames did not come", n);
}
