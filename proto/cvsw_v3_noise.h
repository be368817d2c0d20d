/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Noise_NNpsk0_25519_AESGCM_SHA256 (The Noise Protocol Framework, revision 34),
 * the handshake of version 3.  Pure: no frames, no time, no state but the
 * struct.
 */
#ifndef CVSW_V3_NOISE_H
#define CVSW_V3_NOISE_H

#include "cvsw_v3_crypto.h"

#define CVSW_V3_PAYLOAD_LEN	16	/* of either message, before sealing */
#define CVSW_V3_NOISE_LEN	(CVSW_V3_KEY_LEN + CVSW_V3_PAYLOAD_LEN + CVSW_V3_TAG_LEN)

/**
 * struct cvsw_v3_noise - Noise's symmetric state, and the own ephemeral secret
 *
 * Secret; ends in cvsw_v3_noise_split() or cvsw_v3_noise_wipe().
 */
struct cvsw_v3_noise {
	uint8_t ck[CVSW_V3_HASH_LEN];
	uint8_t h[CVSW_V3_HASH_LEN];
	uint8_t secret[CVSW_V3_KEY_LEN];
};

/*
 * Each returns false if the crypto failed or, reading, the message is not
 * authentic; the state is then to be wiped.  @message is CVSW_V3_NOISE_LEN
 * bytes: ephemeral key, sealed payload, tag.
 */

/** cvsw_v3_noise_start() - both: from prologue and pre-shared key */
bool cvsw_v3_noise_start(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise,
			 const uint8_t *prologue, size_t len,
			 const uint8_t psk[CVSW_V3_KEY_LEN]);
/**
 * cvsw_v3_noise_write() - a message, with a fresh ephemeral key
 * @peer: NULL: the initiator's; else the responder's, to the message of this ephemeral key
 */
bool cvsw_v3_noise_write(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise,
			 const uint8_t *peer, const uint8_t payload[CVSW_V3_PAYLOAD_LEN],
			 uint8_t *message);
/**
 * cvsw_v3_noise_read() - the other side's message
 * @second: the responder's, which the initiator reads: it works on a copy of @noise if it
 *	may have to repeat that.  The first one needs no X25519, so nonsense costs little
 */
bool cvsw_v3_noise_read(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise,
			bool second, const uint8_t *message, uint8_t payload[CVSW_V3_PAYLOAD_LEN]);
/**
 * cvsw_v3_noise_split() - the two transport keys; wipes @noise
 * @first: out: seals from initiator to responder; @second: the other way.  Both
 *	are the caller's to wipe, also after a failure
 */
bool cvsw_v3_noise_split(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise,
			 uint8_t first[CVSW_V3_KEY_LEN], uint8_t second[CVSW_V3_KEY_LEN]);
void cvsw_v3_noise_wipe(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_noise *noise);

#endif
