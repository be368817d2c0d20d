// SPDX-License-Identifier: GPL-2.0
/*
 * X25519 is the kernel's library; SHA-256 and AES-GCM come from its crypto API,
 * which takes the fastest there is.  A cipher that finishes later is waited for.
 */
#include <crypto/aead.h>
#include <crypto/curve25519.h>
#include <crypto/hash.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "proto/cvsw_v3_frame.h"
#include "v3_crypto.h"

#if !IS_REACHABLE(CONFIG_CRYPTO_LIB_CURVE25519)
#error "this kernel is without CONFIG_CRYPTO_LIB_CURVE25519, which comes with WireGuard"
#endif

#define SHA256_BLOCK	64

/* Without state of its own: all of that is in the caller's descriptor. */
static struct crypto_shash *sha256;

/**
 * struct v3_key - AES-256-GCM made ready
 * @buf: what is sealed or opened is copied here: it may lie where no
 *	scatterlist reaches, such as on a stack
 */
struct v3_key {
	struct crypto_aead *aead;
	struct aead_request *request;
	u8 buf[CVSW_V3_FRAME_MAX + CVSW_V3_TAG_LEN];
};

/* @peer: NULL: the base point; so @product is the public key. */
static bool v3_shared(void *arg, u8 product[CVSW_V3_KEY_LEN], const u8 secret[CVSW_V3_KEY_LEN],
		   const u8 *peer)
{
	u8 clamped[CURVE25519_KEY_SIZE];
	bool good;

	memcpy(clamped, secret, sizeof(clamped));
	curve25519_clamp_secret(clamped);
	good = peer ? curve25519(product, clamped, peer) :
		      curve25519_generate_public(product, clamped);
	memzero_explicit(clamped, sizeof(clamped));
	return good;
}

static bool v3_public_key(void *arg, u8 public_key[CVSW_V3_KEY_LEN],
		       const u8 secret[CVSW_V3_KEY_LEN])
{
	return v3_shared(arg, public_key, secret, NULL);
}

static bool v3_hash(void *arg, u8 hash[CVSW_V3_HASH_LEN], const u8 *a, size_t a_len,
		 const u8 *b, size_t b_len)
{
	SHASH_DESC_ON_STACK(desc, sha256);
	bool good;

	desc->tfm = sha256;
	good = !crypto_shash_init(desc) && !crypto_shash_update(desc, a, a_len) &&
	       !crypto_shash_finup(desc, b, b_len, hash);
	shash_desc_zero(desc);
	return good;
}

/*
 * Not before there is true randomness: whoever asks tries again later.  In a machine
 * that is restored twice from one snapshot the kernel's generator says the same twice,
 * until it is reseeded: the time is mixed in, lest two lives share a key.
 */
static bool v3_random(void *arg, u8 *to, size_t len)
{
	u8 random[CVSW_V3_HASH_LEN], mixed[CVSW_V3_HASH_LEN];
	u64 now[2] = { ktime_get_real_ns(), random_get_entropy() };
	bool good;

	if (!rng_is_initialized() || len > sizeof(mixed))
		return false;
	get_random_bytes(random, sizeof(random));
	good = v3_hash(arg, mixed, random, sizeof(random), (u8 *)now, sizeof(now));
	memcpy(to, mixed, len);
	memzero_explicit(random, sizeof(random));
	memzero_explicit(mixed, sizeof(mixed));
	return good;
}

/* RFC 2104, of keys no longer than a block. */
static bool v3_hmac(void *arg, u8 mac[CVSW_V3_HASH_LEN], const u8 *key, size_t key_len,
		 const u8 *data, size_t len)
{
	u8 pad[SHA256_BLOCK] = { 0 }, inner[CVSW_V3_HASH_LEN];
	unsigned int i;
	bool good;

	if (key_len > sizeof(pad))
		return false;
	memcpy(pad, key, key_len);
	for (i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36;
	good = v3_hash(arg, inner, pad, sizeof(pad), data, len);
	for (i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	good = good && v3_hash(arg, mac, pad, sizeof(pad), inner, sizeof(inner));
	memzero_explicit(pad, sizeof(pad));
	memzero_explicit(inner, sizeof(inner));
	return good;
}

static void v3_key_free(void *arg, void *key)
{
	struct v3_key *k = key;

	if (!k)
		return;
	aead_request_free(k->request);
	crypto_free_aead(k->aead);
	kfree_sensitive(k);
}

static void *v3_key_make(void *arg, const u8 key[CVSW_V3_KEY_LEN])
{
	struct v3_key *k = kzalloc(sizeof(*k), GFP_KERNEL);

	if (!k)
		return NULL;
	k->aead = crypto_alloc_aead("gcm(aes)", 0, 0);
	if (IS_ERR(k->aead))
		goto free_key;
	if (crypto_aead_setkey(k->aead, key, CVSW_V3_KEY_LEN) ||
	    crypto_aead_setauthsize(k->aead, CVSW_V3_TAG_LEN))
		goto free_aead;
	k->request = aead_request_alloc(k->aead, GFP_KERNEL);
	if (!k->request)
		goto free_aead;
	return k;

free_aead:
	crypto_free_aead(k->aead);
free_key:
	kfree(k);
	return NULL;
}

/* @in, @out: bytes behind what is only authenticated, before and after; a tag counts */
static bool v3_crypt(struct v3_key *k, int (*what)(struct aead_request *request),
		  const u8 nonce[CVSW_V3_NONCE_LEN], u8 *data, size_t aad, size_t in, size_t out)
{
	u8 iv[CVSW_V3_NONCE_LEN];
	DECLARE_CRYPTO_WAIT(wait);
	struct scatterlist sg;
	bool good;

	if (aad + max(in, out) > sizeof(k->buf))
		return false;
	memcpy(iv, nonce, sizeof(iv));
	memcpy(k->buf, data, aad + in);
	sg_init_one(&sg, k->buf, aad + max(in, out));
	aead_request_set_callback(k->request,
				  CRYPTO_TFM_REQ_MAY_SLEEP | CRYPTO_TFM_REQ_MAY_BACKLOG,
				  crypto_req_done, &wait);
	aead_request_set_ad(k->request, aad);
	aead_request_set_crypt(k->request, &sg, &sg, in, iv);
	good = !crypto_wait_req(what(k->request), &wait);
	if (good)
		memcpy(data + aad, k->buf + aad, out);
	memzero_explicit(k->buf, aad + max(in, out));
	return good;
}

static bool v3_seal(void *arg, void *key, const u8 nonce[CVSW_V3_NONCE_LEN], u8 *data, size_t aad,
		 size_t len)
{
	return v3_crypt(key, crypto_aead_encrypt, nonce, data, aad, len, len + CVSW_V3_TAG_LEN);
}

static bool v3_open(void *arg, void *key, const u8 nonce[CVSW_V3_NONCE_LEN], u8 *data, size_t aad,
		 size_t len)
{
	return v3_crypt(key, crypto_aead_decrypt, nonce, data, aad, len + CVSW_V3_TAG_LEN, len);
}

static void v3_wipe(void *data, size_t len)
{
	memzero_explicit(data, len);
}

/* Less than a page, and few: a request whose answer has no memory would never be answered. */
static u8 *v3_segment_make(void *arg, size_t len)
{
	return kmalloc(len, GFP_KERNEL | __GFP_NOFAIL);
}

static void v3_segment_free(void *arg, u8 *segment)
{
	kfree(segment);
}

const struct cvsw_v3_crypto cvsw_v3_kernel_crypto = {
	.random = v3_random,
	.public_key = v3_public_key,
	.shared = v3_shared,
	.hash = v3_hash,
	.hmac = v3_hmac,
	.key_make = v3_key_make,
	.key_free = v3_key_free,
	.seal = v3_seal,
	.open = v3_open,
	.wipe = v3_wipe,
	.segment_make = v3_segment_make,
	.segment_free = v3_segment_free,
};

int cvsw_v3_crypto_module_init(void)
{
	sha256 = crypto_alloc_shash("sha256", 0, 0);
	return PTR_ERR_OR_ZERO(sha256);
}

void cvsw_v3_crypto_module_exit(void)
{
	crypto_free_shash(sha256);
}
