// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "cvsw_v3_libcrypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

static bool random_bytes(void *arg, uint8_t *to, size_t len)
{
	(void)arg;
	return RAND_bytes(to, (int)len) == 1;
}

static bool public_key(void *arg, uint8_t public_key[CVSW_V3_KEY_LEN],
		       const uint8_t secret[CVSW_V3_KEY_LEN])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret,
						     CVSW_V3_KEY_LEN);
	size_t len = CVSW_V3_KEY_LEN;
	bool good = key && EVP_PKEY_get_raw_public_key(key, public_key, &len) == 1;

	(void)arg;
	EVP_PKEY_free(key);
	return good;
}

/* EVP_PKEY_derive() refuses a result of zeroes (RFC 7748, 6.1). */
static bool shared(void *arg, uint8_t shared[CVSW_V3_KEY_LEN],
		   const uint8_t secret[CVSW_V3_KEY_LEN], const uint8_t peer[CVSW_V3_KEY_LEN])
{
	EVP_PKEY *ours = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret,
						      CVSW_V3_KEY_LEN);
	EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer,
						       CVSW_V3_KEY_LEN);
	EVP_PKEY_CTX *ctx = ours ? EVP_PKEY_CTX_new(ours, NULL) : NULL;
	size_t len = CVSW_V3_KEY_LEN;
	bool good = ctx && theirs && EVP_PKEY_derive_init(ctx) == 1 &&
		    EVP_PKEY_derive_set_peer(ctx, theirs) == 1 &&
		    EVP_PKEY_derive(ctx, shared, &len) == 1;

	(void)arg;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(theirs);
	EVP_PKEY_free(ours);
	return good;
}

static bool hash(void *arg, uint8_t hash[CVSW_V3_HASH_LEN], const uint8_t *a, size_t a_len,
		 const uint8_t *b, size_t b_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		    EVP_DigestUpdate(ctx, a, a_len) == 1 &&
		    EVP_DigestUpdate(ctx, b, b_len) == 1 &&
		    EVP_DigestFinal_ex(ctx, hash, NULL) == 1;

	(void)arg;
	EVP_MD_CTX_free(ctx);
	return good;
}

static bool hmac(void *arg, uint8_t mac[CVSW_V3_HASH_LEN], const uint8_t *key, size_t key_len,
		 const uint8_t *data, size_t len)
{
	static const uint8_t nothing;

	(void)arg;
	return HMAC(EVP_sha256(), key, (int)key_len, data ? data : &nothing, len, mac, NULL);
}

static void key_free(void *arg, void *key)
{
	(void)arg;
	EVP_CIPHER_CTX_free(key);	/* wipes it */
}

static void *key_make(void *arg, const uint8_t key[CVSW_V3_KEY_LEN])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, NULL, 1) == 1)
		return ctx;
	key_free(arg, ctx);
	return NULL;
}

static bool seal(void *arg, void *key, const uint8_t nonce[CVSW_V3_NONCE_LEN],
		 uint8_t *data, size_t aad, size_t len)
{
	uint8_t *text = data + aad;
	int n;

	(void)arg;
	return EVP_CipherInit_ex(key, NULL, NULL, NULL, nonce, 1) == 1 &&
	       EVP_CipherUpdate(key, NULL, &n, data, (int)aad) == 1 &&
	       EVP_CipherUpdate(key, text, &n, text, (int)len) == 1 &&
	       EVP_CipherFinal_ex(key, text + len, &n) == 1 &&
	       EVP_CIPHER_CTX_ctrl(key, EVP_CTRL_AEAD_GET_TAG, CVSW_V3_TAG_LEN, text + len) == 1;
}

static bool open_sealed(void *arg, void *key, const uint8_t nonce[CVSW_V3_NONCE_LEN],
			uint8_t *data, size_t aad, size_t len)
{
	uint8_t *text = data + aad;
	int n;

	(void)arg;
	return EVP_CipherInit_ex(key, NULL, NULL, NULL, nonce, 0) == 1 &&
	       EVP_CIPHER_CTX_ctrl(key, EVP_CTRL_AEAD_SET_TAG, CVSW_V3_TAG_LEN, text + len) == 1 &&
	       EVP_CipherUpdate(key, NULL, &n, data, (int)aad) == 1 &&
	       EVP_CipherUpdate(key, text, &n, text, (int)len) == 1 &&
	       EVP_CipherFinal_ex(key, text + len, &n) == 1;
}

static uint8_t *segment_make(void *arg, size_t len)
{
	(void)arg;
	return malloc(len);
}

static void segment_free(void *arg, uint8_t *segment)
{
	(void)arg;
	free(segment);
}

const struct cvsw_v3_crypto cvsw_v3_libcrypto = {
	.random = random_bytes,
	.public_key = public_key,
	.shared = shared,
	.hash = hash,
	.hmac = hmac,
	.key_make = key_make,
	.key_free = key_free,
	.seal = seal,
	.open = open_sealed,
	.wipe = OPENSSL_cleanse,
	.segment_make = segment_make,
	.segment_free = segment_free,
};
