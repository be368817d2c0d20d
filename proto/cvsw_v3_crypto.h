/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What version 3 of the control protocol needs of cryptography, and memory for what is
 * under way, given by whoever compiles it in: the kernel's crypto API, libcrypto, a test.
 */
#ifndef CVSW_V3_CRYPTO_H
#define CVSW_V3_CRYPTO_H

#include "cvsw_types.h"

#define CVSW_V3_KEY_LEN		32	/* of AES-256, X25519, the pre-shared key */
#define CVSW_V3_HASH_LEN	32	/* SHA-256 */
#define CVSW_V3_TAG_LEN		16
#define CVSW_V3_NONCE_LEN	12

/**
 * struct cvsw_v3_crypto - primitives
 *
 * They return true, or what they made, if they succeeded.  They may sleep, and no caller
 * holds a lock.  Buffers may lie anywhere, the stack included: a kernel that
 * needs a scatterlist copies (no frame is longer than 1,514 bytes).
 *
 * @random: fit for keys; also just after the machine was restored or copied, when the
 *	kernel's own generator may say what it has said before: mix in what tells them apart
 * @public_key: X25519's (RFC 7748) of a secret of 32 random bytes
 * @shared: X25519; false if the result is all zero (RFC 7748, 6.1)
 * @hash: SHA-256 of @a and, behind it, @b
 * @hmac: HMAC-SHA256
 * @key_make: an AES-256-GCM key made ready; NULL if there is no memory.  At most
 *	21 are alive for each struct cvsw_v3_end
 * @key_free: wiped and given back; NULL does nothing
 * @seal: AES-GCM in place: @data is @aad bytes that are authenticated, @len that
 *	are encrypted, and room for CVSW_V3_TAG_LEN
 * @open: the inverse; @data is undefined if it returns false
 * @wipe: zeroes that no compiler leaves out
 * @segment_make: @len (up to CVSW_V3_SEGMENT_MAX) bytes for a segment that is under way; NULL if
 *	there is no memory.  A struct cvsw_v3_end has at most 2 * CVSW_V3_SEGMENTS of them, and
 *	none when all segments have been acknowledged and processed.  A controller also has one of
 *	about 6 KiB while it has more than one pending session
 * @segment_free: gives it back; its bytes have been wiped
 */
struct cvsw_v3_crypto {
	bool (*random)(void *arg, uint8_t *to, size_t len);
	bool (*public_key)(void *arg, uint8_t public_key[CVSW_V3_KEY_LEN],
			   const uint8_t secret[CVSW_V3_KEY_LEN]);
	bool (*shared)(void *arg, uint8_t shared[CVSW_V3_KEY_LEN],
		       const uint8_t secret[CVSW_V3_KEY_LEN],
		       const uint8_t peer[CVSW_V3_KEY_LEN]);
	bool (*hash)(void *arg, uint8_t hash[CVSW_V3_HASH_LEN], const uint8_t *a, size_t a_len,
		     const uint8_t *b, size_t b_len);
	bool (*hmac)(void *arg, uint8_t mac[CVSW_V3_HASH_LEN], const uint8_t *key, size_t key_len,
		     const uint8_t *data, size_t len);
	void *(*key_make)(void *arg, const uint8_t key[CVSW_V3_KEY_LEN]);
	void (*key_free)(void *arg, void *key);
	bool (*seal)(void *arg, void *key, const uint8_t nonce[CVSW_V3_NONCE_LEN],
		     uint8_t *data, size_t aad, size_t len);
	bool (*open)(void *arg, void *key, const uint8_t nonce[CVSW_V3_NONCE_LEN],
		     uint8_t *data, size_t aad, size_t len);
	void (*wipe)(void *data, size_t len);
	uint8_t *(*segment_make)(void *arg, size_t len);
	void (*segment_free)(void *arg, uint8_t *segment);
	void *arg;
};

/* Are @len bytes the same?  In a time that depends on @len alone. */
static inline bool cvsw_v3_same(const uint8_t *a, const uint8_t *b, size_t len)
{
	volatile uint8_t differ = 0;
	size_t i;

	for (i = 0; i < len; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

#endif
