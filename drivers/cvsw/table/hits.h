/* SPDX-License-Identifier: GPL-2.0 */
/* How many frames a flow has had: exact, and cheap for the CPUs that count. */
#ifndef CVSW_HITS_H
#define CVSW_HITS_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/jiffies.h>
#include <linux/refcount.h>
#include <linux/smp.h>
#include <linux/u64_stats_sync.h>

/* Of one CPU, which alone writes it. */
struct cvsw_cpu_hits {
	u64_stats_t packets;
	u64_stats_t bytes;
	struct u64_stats_sync syncp;
} ____cacheline_aligned_in_smp;

/* Frames that CPUs other than the first count together, before one of them counts apart. */
#define CVSW_HITS_SHARED	256
/* Bytes that all flows' counters together may take for CPUs that count apart. */
extern long cvsw_hits_apart_max;

/**
 * struct cvsw_hits - counters of one flow, and its age
 *
 * Most flows are met by one CPU only.  The first one to count counts here.  Those
 * that come later share two counters; only of a flow that many such frames
 * meet a CPU gets a line of the cache of its own.  So a flow takes 64 bytes,
 * whoever sends its frames, and a busy one no more than 72 for each
 * CPU, as long as 32 MiB last for all.
 *
 * Apart from the flow's entry, which is only read then, and which may be replaced
 * by one with other actions while some CPU still counts under the old one.
 *
 * @owner: the CPU of @packets and @bytes plus one; zero: none yet
 * @users: entries whose counters these are
 * @others: of the other CPUs, by number, each maybe NULL; or NULL
 * @shared_packets: of all that do not count apart
 * @shared_bytes: likewise
 * @used: jiffies of the last frame, or of the first moment
 * @born: 64-bit jiffies of the first moment
 */
struct cvsw_hits {
	u64_stats_t packets;
	u64_stats_t bytes;
	struct u64_stats_sync syncp;
	int owner;
	refcount_t users;
	struct cvsw_cpu_hits **others;
	atomic64_t shared_packets;
	atomic64_t shared_bytes;
	unsigned long used;
	u64 born;
};
/* So that it takes no more than one line of the cache, and of memory. */
static_assert(BITS_PER_LONG < 64 || sizeof(struct cvsw_hits) <= 64);

/** cvsw_hits_create() - all zero, with one user, or NULL */
struct cvsw_hits *cvsw_hits_create(void);

/** cvsw_hits_get() - one more user */
static inline struct cvsw_hits *cvsw_hits_get(struct cvsw_hits *hits)
{
	refcount_inc(&hits->users);
	return hits;
}

/** cvsw_hits_put() - one user less, who does not count any more; the last one frees it */
void cvsw_hits_put(struct cvsw_hits *hits);

/* Bytes that flows take for CPUs that count apart. */
extern atomic_long_t cvsw_hits_apart;

/* For any CPU but the owner. */
void cvsw_hits_add_other(struct cvsw_hits *hits, unsigned int bytes);

/** cvsw_hits_add() - count a frame; bottom halves disabled */
static inline void cvsw_hits_add(struct cvsw_hits *hits, unsigned int bytes)
{
	if (READ_ONCE(hits->used) != jiffies)
		WRITE_ONCE(hits->used, jiffies);
	if (unlikely(READ_ONCE(hits->owner) != smp_processor_id() + 1)) {
		cvsw_hits_add_other(hits, bytes);
		return;
	}
	u64_stats_update_begin(&hits->syncp);
	u64_stats_inc(&hits->packets);
	u64_stats_add(&hits->bytes, bytes);
	u64_stats_update_end(&hits->syncp);
}

/** cvsw_hits_read() - sums over all CPUs */
void cvsw_hits_read(const struct cvsw_hits *hits, u64 *packets, u64 *bytes);

#endif
