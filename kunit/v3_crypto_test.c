// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's ciphers say what proto/vectors/v3.txt wants, byte by byte, and
 * the wire part over them speaks as an implementation that is none of ours.
 */
#include <crypto/aead.h>
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/random.h>

#include "fail.h"
#include "v3_test.h"

#define crypto_alloc_aead(name, type, mask) \
	(fails() ? ERR_PTR(-ENOMEM) : crypto_alloc_aead(name, type, mask))
#define aead_request_alloc(aead, flags)	(fails() ? NULL : aead_request_alloc(aead, flags))

/* A machine that was restored: its generator says what it has said before. */
static bool random_repeats;

static void repeating_random_bytes(void *to, size_t len)
{
	if (random_repeats)
		memset(to, 7, len);
	else
		get_random_bytes(to, len);
}

#define get_random_bytes(to, len)	repeating_random_bytes(to, len)

#include "../drivers/cvsw/control/v3_crypto.c"
#include "../proto/cvsw_v3_body.h"
#include "../proto/cvsw_v3_end.h"
#include "v3_vectors.h"

void v3_crypto_fail_at(int n)
{
	fail_at = n;
}

/* ---- vectors ---- */

/* Returns its length. */
static size_t vector(struct kunit *test, const char *name, u8 *data, size_t room)
{
	unsigned int i;
	size_t len;

	for (i = 0; i < ARRAY_SIZE(v3_vectors); i++) {
		if (strcmp(v3_vectors[i].name, name))
			continue;
		len = strlen(v3_vectors[i].hex) / 2;
		KUNIT_ASSERT_LE(test, len, room);
		KUNIT_ASSERT_EQ(test, hex2bin(data, v3_vectors[i].hex, len), 0);
		return len;
	}
	KUNIT_FAIL(test, "no vector %s", name);
	return 0;
}

/**
 * struct fixture - a NIC's end alone
 * @script: what randomness is to be, in this order
 * @sent: the last frame
 */
struct fixture {
	struct cvsw_v3_crypto crypto;
	struct cvsw_v3_caller caller;
	struct cvsw_v3_end end;
	u8 script[4][CVSW_V3_KEY_LEN];
	unsigned int at_script;
	u8 sent[CVSW_V3_FRAME_MAX];
	size_t sent_len;
	unsigned int n_fresh;
	u8 frame[CVSW_V3_FRAME_MAX];
	u8 message[CVSW_V3_MESSAGE_MAX];
};

static bool scripted(void *arg, u8 *to, size_t len)
{
	struct fixture *f = arg;

	memset(to, 0, len);
	if (len >= CVSW_V3_TICKET_LEN)		/* not a pause's random part */
		memcpy(to, f->script[f->at_script++ % ARRAY_SIZE(f->script)], len);
	return true;
}

static void keep(void *arg, u8 *frame, size_t len, u64 place)
{
	struct fixture *f = arg;

	memcpy(f->sent, frame, len);
	f->sent_len = len;
}

static void event(void *arg, enum cvsw_v3_event event)
{
	struct fixture *f = arg;

	f->n_fresh += event == CVSW_V3_EVENT_FRESH;
}

static void check_sent(struct kunit *test, const char *name)
{
	struct fixture *f = test->priv;
	size_t len = vector(test, name, f->frame, sizeof(f->frame));

	KUNIT_EXPECT_EQ_MSG(test, f->sent_len, len, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(f->sent, f->frame, len), 0, "%s", name);
}

static enum cvsw_v3_drop receive(struct kunit *test, const char *name, u64 now)
{
	struct fixture *f = test->priv;
	size_t len = vector(test, name, f->frame, sizeof(f->frame));

	return cvsw_v3_receive(&f->end, f->frame, len, 0, now);
}

static void speaks_as_the_vectors(struct kunit *test)
{
	static const u8 set_mtu[] = { 0, CVSW_V3_SET_MTU, 0, 0, 0, 0, 0, 7, 5, 0xaa, 0, 0 };
	static const u8 ack[] = { 0, CVSW_V3_ACK, 0, 0, 0, 0, 0, 7 };
	/* The handshake's number; the index's upper part, its last byte is 1. */
	static const u8 numbers[] = { 0x0a, 0x0b, 0x0c, 0x0d, 0, 0, 0, 0 };
	struct fixture *f = test->priv;
	u8 mac[ETH_ALEN], psk[CVSW_V3_KEY_LEN];
	bool too_long;

	memcpy(f->script[0], numbers, sizeof(numbers));
	vector(test, "nic-secret", f->script[1], sizeof(f->script[1]));
	vector(test, "mac", mac, sizeof(mac));
	vector(test, "psk", psk, sizeof(psk));
	cvsw_v3_nic_init(&f->end, &f->crypto, &f->caller, mac, psk);
	cvsw_v3_run(&f->end, 1000);
	check_sent(test, "register");
	KUNIT_EXPECT_EQ(test, (int)receive(test, "accept", 1000), CVSW_V3_OK);
	cvsw_v3_run(&f->end, 1000);
	check_sent(test, "nic-0");
	KUNIT_EXPECT_EQ(test, (int)receive(test, "controller-0", 1001), CVSW_V3_OK);
	KUNIT_EXPECT_EQ(test, f->n_fresh, 1U);
	KUNIT_EXPECT_EQ(test, (int)receive(test, "controller-1", 1002), CVSW_V3_OK);
	KUNIT_EXPECT_EQ(test, cvsw_v3_take(&f->end, f->message, &too_long), sizeof(set_mtu));
	KUNIT_EXPECT_EQ(test, memcmp(f->message, set_mtu, sizeof(set_mtu)), 0);
	KUNIT_EXPECT_EQ(test, (int)receive(test, "controller-1", 1003), CVSW_V3_DROP_REPLAYED);
	KUNIT_EXPECT_TRUE(test, cvsw_v3_send(&f->end, ack, sizeof(ack)));
	cvsw_v3_run(&f->end, 1003);
	check_sent(test, "nic-1");
	cvsw_v3_end_free(&f->end);
}

/* ---- bounds ---- */

static void seals_and_opens_every_length(struct kunit *test)
{
	const struct cvsw_v3_crypto *crypto = &cvsw_v3_kernel_crypto;
	const u8 nonce[CVSW_V3_NONCE_LEN] = { 1 };
	struct fixture *f = test->priv;
	size_t len, aad = 28, most = sizeof(f->frame) - aad - CVSW_V3_TAG_LEN;
	void *key = crypto->key_make(NULL, f->script[0]);

	KUNIT_ASSERT_NOT_NULL(test, key);
	for (len = 0; len <= most; len += len < 64 ? 1 : 50) {
		memset(f->frame, len, aad + len);
		memcpy(f->sent, f->frame, aad + len);
		KUNIT_EXPECT_TRUE(test, crypto->seal(NULL, key, nonce, f->frame, aad, len));
		KUNIT_EXPECT_EQ(test, memcmp(f->frame, f->sent, aad), 0);
		f->frame[aad + len] ^= 1;	/* of the tag */
		KUNIT_EXPECT_FALSE(test, crypto->open(NULL, key, nonce, f->frame, aad, len));
		memcpy(f->frame, f->sent, aad + len);
		KUNIT_EXPECT_TRUE(test, crypto->seal(NULL, key, nonce, f->frame, aad, len));
		KUNIT_EXPECT_TRUE(test, crypto->open(NULL, key, nonce, f->frame, aad, len));
		KUNIT_EXPECT_EQ(test, memcmp(f->frame, f->sent, aad + len), 0);
	}
	/* More than there is room for: no. */
	KUNIT_EXPECT_FALSE(test, crypto->seal(NULL, key, nonce, f->message, aad,
					      CVSW_V3_FRAME_MAX));
	crypto->key_free(NULL, key);
	crypto->key_free(NULL, NULL);
}

static void no_memory_is_no_key(struct kunit *test)
{
	const struct cvsw_v3_crypto *crypto = &cvsw_v3_kernel_crypto;
	struct fixture *f = test->priv;
	void *key = NULL;
	int n;

	for (n = 1; !key; n++) {
		fail_at = n;
		key = crypto->key_make(NULL, f->script[0]);
	}
	fail_at = 0;
	KUNIT_EXPECT_EQ(test, n, 5);	/* three allocations failed */
	crypto->key_free(NULL, key);
}

/* RFC 7748, 6.1: a point of small order makes no secret. */
static void two_lives_say_different_things(struct kunit *test)
{
	u8 first[CVSW_V3_KEY_LEN], second[CVSW_V3_KEY_LEN], more[CVSW_V3_KEY_LEN + 1];

	random_repeats = true;
	KUNIT_EXPECT_TRUE(test, v3_random(NULL, first, sizeof(first)));
	msleep(1);
	KUNIT_EXPECT_TRUE(test, v3_random(NULL, second, sizeof(second)));
	random_repeats = false;
	KUNIT_EXPECT_NE(test, memcmp(first, second, sizeof(first)), 0);
	KUNIT_EXPECT_FALSE(test, v3_random(NULL, more, sizeof(more)));
}

static void a_zero_secret_is_refused(struct kunit *test)
{
	const struct cvsw_v3_crypto *crypto = &cvsw_v3_kernel_crypto;
	struct fixture *f = test->priv;
	u8 secret[CVSW_V3_KEY_LEN] = { 1, 2, 3 }, public[CVSW_V3_KEY_LEN];

	memset(f->frame, 0, CVSW_V3_KEY_LEN);
	KUNIT_EXPECT_FALSE(test, crypto->shared(NULL, f->sent, secret, f->frame));
	f->frame[0] = 1;
	KUNIT_EXPECT_FALSE(test, crypto->shared(NULL, f->sent, secret, f->frame));
	KUNIT_EXPECT_TRUE(test, crypto->public_key(NULL, public, secret));
	KUNIT_EXPECT_TRUE(test, crypto->shared(NULL, f->sent, secret, public));
	KUNIT_EXPECT_EQ(test, (int)secret[0], 1);	/* the caller's is left as it was */
}

static int fixture_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->crypto = cvsw_v3_kernel_crypto;
	f->crypto.random = scripted;
	f->crypto.arg = f;
	f->caller = (struct cvsw_v3_caller){ .send = keep, .event = event, .arg = f };
	test->priv = f;
	return 0;
}

static struct kunit_case v3_crypto_cases[] = {
	KUNIT_CASE(speaks_as_the_vectors),
	KUNIT_CASE(seals_and_opens_every_length),
	KUNIT_CASE(no_memory_is_no_key),
	KUNIT_CASE(two_lives_say_different_things),
	KUNIT_CASE(a_zero_secret_is_refused),
	{}
};

static int v3_crypto_suite_init(struct kunit_suite *suite)
{
	return cvsw_v3_crypto_module_init();
}

static void v3_crypto_suite_exit(struct kunit_suite *suite)
{
	cvsw_v3_crypto_module_exit();
}

static struct kunit_suite v3_crypto_suite = {
	.name = "cvsw_v3_crypto",
	.suite_init = v3_crypto_suite_init,
	.suite_exit = v3_crypto_suite_exit,
	.init = fixture_init,
	.test_cases = v3_crypto_cases,
};
kunit_test_suite(v3_crypto_suite);
