// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The names are those of The Noise Protocol Framework, revision 34, 5: MixHash,
 * MixKey, MixKeyAndHash, EncryptAndHash, DecryptAndHash, Split.
 */
#include "cvsw_v3_noise.h"

#define LEN		CVSW_V3_HASH_LEN
#define SEALED_LEN	(CVSW_V3_PAYLOAD_LEN + CVSW_V3_TAG_LEN)

/* Exactly as long as a hash: it needs no hashing (5.2, InitializeSymmetric). */
static const char protocol[LEN + 1] = "Noise_NNpsk0_25519_AESGCM_SHA256";

static_assert(LEN == CVSW_V3_KEY_LEN, "keys are cut from hashes");

static bool mix_hash(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise,
		     const uint8_t *data, size_t len)
{
	return crypto->hash(crypto->arg, noise->h, noise->h, LEN, data, len);
}

/*
 * HKDF (4.3): output 1 becomes the chaining key, the others go to @second and,
 * if it is wanted, @third.
 */
static bool kdf(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise,
		const uint8_t *input, size_t len, uint8_t *second, uint8_t *third)
{
	uint8_t key[LEN], block[LEN + 1];
	bool good;

	good = crypto->hmac(crypto->arg, key, noise->ck, LEN, input, len);
	block[0] = 1;
	good = good && crypto->hmac(crypto->arg, noise->ck, key, LEN, block, 1);
	memcpy(block, noise->ck, LEN);
	block[LEN] = 2;
	good = good && crypto->hmac(crypto->arg, second, key, LEN, block, sizeof(block));
	if (third) {
		memcpy(block, second, LEN);
		block[LEN] = 3;
		good = good && crypto->hmac(crypto->arg, third, key, LEN, block, sizeof(block));
	}
	crypto->wipe(key, sizeof(key));
	crypto->wipe(block, sizeof(block));
	return good;
}

/* The message's sealed payload, under a key that seals nothing else: its nonce is zero. */
static bool encrypt_and_hash(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise,
			     const uint8_t key[LEN], const uint8_t *payload, uint8_t *sealed)
{
	static const uint8_t nonce[CVSW_V3_NONCE_LEN];
	uint8_t data[LEN + SEALED_LEN];
	void *ready = crypto->key_make(crypto->arg, key);
	bool good;

	memcpy(data, noise->h, LEN);
	memcpy(data + LEN, payload, CVSW_V3_PAYLOAD_LEN);
	good = ready && crypto->seal(crypto->arg, ready, nonce, data, LEN, CVSW_V3_PAYLOAD_LEN);
	crypto->key_free(crypto->arg, ready);
	memcpy(sealed, data + LEN, SEALED_LEN);
	crypto->wipe(data, sizeof(data));
	return good && mix_hash(crypto, noise, sealed, SEALED_LEN);
}

static bool decrypt_and_hash(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise,
			     const uint8_t key[LEN], const uint8_t *sealed, uint8_t *payload)
{
	static const uint8_t nonce[CVSW_V3_NONCE_LEN];
	uint8_t data[LEN + SEALED_LEN];
	void *ready = crypto->key_make(crypto->arg, key);
	bool good;

	memcpy(data, noise->h, LEN);
	memcpy(data + LEN, sealed, SEALED_LEN);
	good = ready && crypto->open(crypto->arg, ready, nonce, data, LEN, CVSW_V3_PAYLOAD_LEN);
	crypto->key_free(crypto->arg, ready);
	if (good)
		memcpy(payload, data + LEN, CVSW_V3_PAYLOAD_LEN);
	crypto->wipe(data, sizeof(data));
	return good && mix_hash(crypto, noise, sealed, SEALED_LEN);
}

/* Token "e" in a handshake with a PSK (9.2): the public key also goes into the key. */
static bool mix_ephemeral(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise,
			  const uint8_t *public_key, uint8_t key[LEN])
{
	return mix_hash(crypto, noise, public_key, CVSW_V3_KEY_LEN) &&
	       kdf(crypto, noise, public_key, CVSW_V3_KEY_LEN, key, NULL);
}

/* Token "ee". */
static bool mix_shared(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise,
		       const uint8_t *peer, uint8_t key[LEN])
{
	uint8_t shared[CVSW_V3_KEY_LEN];
	bool good = crypto->shared(crypto->arg, shared, noise->secret, peer) &&
		    kdf(crypto, noise, shared, sizeof(shared), key, NULL);

	crypto->wipe(shared, sizeof(shared));
	return good;
}

static bool make_ephemeral(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise,
			   uint8_t *public_key)
{
	return crypto->random(crypto->arg, noise->secret, sizeof(noise->secret)) &&
	       crypto->public_key(crypto->arg, public_key, noise->secret);
}

bool cvsw_v3_noise_start(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise,
			 const uint8_t *prologue, size_t len,
			 const uint8_t psk[CVSW_V3_KEY_LEN])
{
	uint8_t hash[LEN], unused[LEN];
	bool good;

	memcpy(noise->h, protocol, LEN);
	memcpy(noise->ck, protocol, LEN);
	/* Token "psk": MixKeyAndHash; its key is followed by another before it seals. */
	good = mix_hash(crypto, noise, prologue, len) &&
	       kdf(crypto, noise, psk, CVSW_V3_KEY_LEN, hash, unused) &&
	       mix_hash(crypto, noise, hash, sizeof(hash));
	crypto->wipe(hash, sizeof(hash));
	crypto->wipe(unused, sizeof(unused));
	return good;
}

bool cvsw_v3_noise_write(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise,
			 const uint8_t *peer, const uint8_t payload[CVSW_V3_PAYLOAD_LEN],
			 uint8_t *message)
{
	uint8_t key[LEN];
	bool good = make_ephemeral(crypto, noise, message) &&
		    mix_ephemeral(crypto, noise, message, key) &&
		    (!peer || mix_shared(crypto, noise, peer, key)) &&
		    encrypt_and_hash(crypto, noise, key, payload, message + CVSW_V3_KEY_LEN);

	crypto->wipe(key, sizeof(key));
	return good;
}

bool cvsw_v3_noise_read(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise,
			bool second, const uint8_t *message, uint8_t payload[CVSW_V3_PAYLOAD_LEN])
{
	uint8_t key[LEN];
	bool good = mix_ephemeral(crypto, noise, message, key) &&
		    (!second || mix_shared(crypto, noise, message, key)) &&
		    decrypt_and_hash(crypto, noise, key, message + CVSW_V3_KEY_LEN, payload);

	crypto->wipe(key, sizeof(key));
	return good;
}

bool cvsw_v3_noise_split(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise,
			 uint8_t first[CVSW_V3_KEY_LEN], uint8_t second[CVSW_V3_KEY_LEN])
{
	bool good = kdf(crypto, noise, NULL, 0, second, NULL);

	/* Output 1 of the last HKDF stands in the chaining key's place. */
	memcpy(first, noise->ck, LEN);
	cvsw_v3_noise_wipe(crypto, noise);
	return good;
}

void cvsw_v3_noise_wipe(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise)
{
	crypto->wipe(noise, sizeof(*noise));
}
