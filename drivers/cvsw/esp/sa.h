/* SPDX-License-Identifier: GPL-2.0 */
/* A port's security associations, both directions. */
#ifndef CVSW_ESP_SA_H
#define CVSW_ESP_SA_H

#include <crypto/aead.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/workqueue.h>
#include <net/gen_stats.h>

#include "proto/cvsw_nl.h"
#include "proto/cvsw_sa.h"
#include "proto/cvsw_v3_body.h"
#include "esp/vmgenid.h"
#include "replay.h"

struct cvsw_sas;

struct cvsw_sa_name {
	u32 spi;
	u32 direction;
};

/**
 * struct cvsw_esp_sa - an SA at work; its key is in @aead alone
 *
 * Found under RCU.  Who needs it for longer adds to @users before that ends.
 *
 * @name: in the store: SPI and enum cvsw_sa_direction
 * @by_name: in the store
 * @key_bits: 128 or 256
 * @udp_src: ports of ESP in UDP; both zero: plain ESP
 * @udp_dst: likewise
 * @aead: rfc4106(gcm(aes))
 * @sent: sequence number last given out, or U32_MAX and more: none is left
 * @stopped: sends, or receives, no more
 * @told: enum cvsw_v3_expiring_reason, the last one that cvsw_sas_expiring() gave
 * @dst: of a sending SA: where its last packet went
 * @generation: of the machine that may use it
 * @replay: of a receiving SA
 * @counters: frames, with what ESP adds to them; written with bottom halves disabled
 * @users: the store, and each frame that is with the cipher beyond RCU
 * @idle: completed when @users reaches zero
 * @sas: the store
 * @node: in it, by @id
 * @id: ever growing: where a walk goes on
 * @free_work: a grace period after the SA left the store
 */
struct cvsw_esp_sa {
	struct cvsw_sa_name name;
	struct rhash_head by_name;
	u16 key_bits;
	u16 udp_src;
	u16 udp_dst;
	struct crypto_aead *aead;
	atomic64_t sent;
	bool stopped;
	u8 told;
	__be32 dst;
	struct cvsw_generation generation;
	struct cvsw_replay replay;
	struct gnet_stats_basic_sync __percpu *counters;
	refcount_t users;
	struct completion idle;
	struct cvsw_sas *sas;
	struct list_head node;
	u64 id;
	struct rcu_work free_work;
};

/** cvsw_sas_create() - an empty store, or NULL; process context */
struct cvsw_sas *cvsw_sas_create(void);

/**
 * cvsw_sas_add() - install an SA
 * @sa: as cvsw_sa_decode() has checked it, with a key; stays the caller's to wipe
 *
 * A name that was in the store before, even if it was removed, never comes
 * back: under the same key, sequence numbers and so nonces would repeat.  One key
 * under two names would do the same, and is not noticed: keys are random.
 * Context: process context; loads crypto modules.
 * Return: 0, -EEXIST, -ENOMEM, -ENODEV (store killed), or what the crypto API says.
 */
int cvsw_sas_add(struct cvsw_sas *sas, const struct cvsw_sa *sa);

/**
 * cvsw_sas_remove() - take an SA out
 *
 * Frames that are with the cipher still go their way.
 * Context: process context.
 * Return: 0 or -ENOENT.
 */
int cvsw_sas_remove(struct cvsw_sas *sas, enum cvsw_sa_direction direction, u32 spi);

/**
 * cvsw_sas_stop() - send and receive nothing more by any SA of now
 *
 * For a machine whose memory may have come to life a second time: only what is
 * installed from here on was meant for this life.  Sequence numbers would be
 * used twice; and windows have not seen what came since the memory was saved.
 * When this returns no frame takes a sequence number any more.
 * Context: process context.
 */
void cvsw_sas_stop(struct cvsw_sas *sas);

/**
 * cvsw_sas_sleep() - the machine's memory may be saved from here on, or no more
 * @asleep: SAs stop, and what is installed meanwhile is never used
 *
 * Context: process context.
 */
void cvsw_sas_sleep(struct cvsw_sas *sas, bool asleep);

/**
 * cvsw_sas_kill() - remove all, take no more, and wait until no frame is with
 *	the cipher
 *
 * Context: process context, RTNL held or not.
 */
void cvsw_sas_kill(struct cvsw_sas *sas);

/** cvsw_sas_destroy() - free a killed store, or NULL; nobody reads it any more */
void cvsw_sas_destroy(struct cvsw_sas *sas);

/**
 * cvsw_sas_find() - the SA of a name
 * @sas: may be NULL: a port without any
 * Context: RCU read side, until the caller is done with it.
 */
struct cvsw_esp_sa *cvsw_sas_find(struct cvsw_sas *sas, enum cvsw_sa_direction direction,
				  u32 spi);

/**
 * cvsw_sas_walk() - call @visit for each SA
 * @resume: zero at first; moved behind each SA that @visit took
 * @visit: a non-zero return ends the walk, and the SA comes again when it goes on
 *
 * Context: process context.
 * Return: what @visit last returned, 0 at the end.
 */
int cvsw_sas_walk(struct cvsw_sas *sas, u64 *resume,
		  int (*visit)(const struct cvsw_esp_sa *sa, void *arg), void *arg);

/** cvsw_sa_put() - end a frame's addition to @sa->users; any context */
void cvsw_sa_put(struct cvsw_esp_sa *sa);

/** cvsw_sa_count() - count a frame; bottom halves disabled */
void cvsw_sa_count(struct cvsw_esp_sa *sa, unsigned int bytes);

/** cvsw_sa_read() - an SA's counters, summed over all CPUs */
void cvsw_sa_read(const struct cvsw_esp_sa *sa, u64 *packets, u64 *bytes);

enum cvsw_nl_sa_state cvsw_sa_state(const struct cvsw_esp_sa *sa);

/** cvsw_sa_reason() - why it wants a successor: enum cvsw_v3_expiring_reason; 0: it does not */
u8 cvsw_sa_reason(const struct cvsw_esp_sa *sa);

/**
 * cvsw_sas_expiring() - a sending SA that wants a successor, each for each reason once
 * @expiring: out
 *
 * Context: process context.
 * Return: false: there is none (more).
 */
bool cvsw_sas_expiring(struct cvsw_sas *sas, struct cvsw_v3_expiring *expiring);

/** cvsw_sa_seq() - the highest sequence number sent, or received and genuine */
u32 cvsw_sa_seq(const struct cvsw_esp_sa *sa);

/* The module's workers that free SAs. */
int cvsw_sa_module_init(void);
void cvsw_sa_module_exit(void);

#endif
