/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A NIC, its controller, a network between them that may be bad, and a clock:
 * the whole of version 3 in one deterministic program.
 */
#ifndef V3_WORLD_H
#define V3_WORLD_H

#include "gen.h"
#include "v3_nic.h"

/* libcrypto, but with random numbers from a seed; it may be told to fail. */
struct v3_crypto {
	struct cvsw_v3_crypto ops;
	struct rng rng;
	int keys;		/* alive */
	long calls;
	long shares;		/* X25519 of two parties, so far */
	long fail_at;		/* this call fails; 0: none */
	unsigned int fail_percent;
	/* Keys are freed at the end only: an end may be put back as it was. */
	bool hold;
	void **held;
	size_t n_held;
};

void v3_crypto_init(struct v3_crypto *crypto, uint64_t seed);
/* Frees what was held. */
void v3_crypto_free(struct v3_crypto *crypto);

/* A frame under way, or kept. */
struct v3_flight {
	uint64_t at;
	uint64_t place;
	bool to_nic;
	size_t len;
	uint8_t *frame;
};

struct v3_world {
	struct v3_crypto crypto;
	struct rng rng;
	uint64_t now;
	int64_t nic_ahead;	/* what the NIC's clock says is more by this */
	uint8_t mac[CVSW_ETH_ALEN];
	uint8_t psk[CVSW_V3_KEY_LEN];
	struct v3_nic *nic;
	struct cvsw_v3_end *ctl;
	struct cvsw_v3_caller ctl_caller;
	struct cvsw_v3_guard guard;
	unsigned int ctl_fresh, ctl_rekeyed, ctl_silent, ctl_heard, ctl_disagreed, packet_ins;
	/* The controller's program; may be NULL. */
	void (*on_message)(struct v3_world *world, const uint8_t *data, size_t len);
	void (*on_fresh)(struct v3_world *world);
	void (*on_arrival)(struct v3_world *world, const struct v3_flight *flight);
	void *arg;

	/* Percentages. */
	unsigned int drop, duplicate, delay;
	bool cut;		/* nothing arrives */
	struct v3_flight *flights;
	size_t n_flights, room;
	/* All that was ever sent, if wanted. */
	bool keep;
	struct v3_flight *kept;
	size_t n_kept, kept_room;
	unsigned int drops[CVSW_V3_N_DROPS];
	uint64_t n_sent;
	bool spun;		/* a deadline that does not go away */
	bool surprised;		/* a NIC took what cvsw_v3_nic_expects() does not know */
};

#define V3_PLACE	7

void v3_world_init(struct v3_world *world, uint64_t seed);
void v3_world_free(struct v3_world *world);
/* Let time pass, and what happens in it. */
void v3_world_run(struct v3_world *world, uint64_t ms);
/* Until both have a session that both have confirmed, or @ms have passed. */
bool v3_world_connect(struct v3_world *world, uint64_t ms);
/* A frame arrives now, out of nowhere. */
enum cvsw_v3_drop v3_world_inject(struct v3_world *world, bool to_nic, const uint8_t *frame,
				  size_t len, uint64_t place);
/* A controller that was killed comes back. */
void v3_world_restart_controller(struct v3_world *world);

#endif
