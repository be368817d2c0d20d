/* SPDX-License-Identifier: GPL-2.0 */
/* The groups of a table: which buckets of actions there are, in each of its versions. */
#ifndef CVSW_GROUPS_H
#define CVSW_GROUPS_H

#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/u64_stats_sync.h>

#include "proto/cvsw_group.h"
#include "table.h"

/* Groups a table can hold, unless cvsw_table_set_group_limit() says otherwise. */
#define CVSW_GROUPS_MAX		1024

/* Frames of each slot that one CPU has counted. */
struct cvsw_cpu_slots {
	u64_stats_t packets[CVSW_GROUP_SLOTS];
	u64_stats_t bytes[CVSW_GROUP_SLOTS];
	struct u64_stats_sync syncp;
};

/**
 * struct cvsw_slot_hits - how many frames the slots of a select group have had
 * @users: versions of the group that count here
 */
struct cvsw_slot_hits {
	refcount_t users;
	struct cvsw_cpu_slots __percpu *cpus;
};

/**
 * struct cvsw_slots - what a select group has beside its buckets
 * @key, @slots, @backup: as in struct cvsw_group
 */
struct cvsw_slots {
	u8 key[CVSW_GROUP_KEY_LEN];
	u8 slots[CVSW_GROUP_SLOTS];
	u8 backup[CVSW_GROUP_SLOTS];
	struct cvsw_slot_hits *hits;
};

/**
 * struct cvsw_group_version - a group as it is in some versions of the table
 *
 * Readers hold RCU.  A bucket is an entry, so that a frame goes through its actions as
 * through a flow's, and may wait there (cvsw_walk_hold()); its counters are the entry's.
 *
 * @in_change: among those that the change under way adds, or removes
 * @older: the same group in versions of the table before @from; or NULL
 * @from, @until, @kept: as in struct cvsw_entry
 * @dead: a bit for each bucket that gets no frames
 * @born: 64-bit jiffies of the ADD
 * @type: enum cvsw_group_type
 * @slots: of a select group, else NULL
 */
struct cvsw_group_version {
	union {
		struct list_head in_change;
		struct rcu_head rcu;
	};
	struct cvsw_group_version __rcu *older;
	u64 from;
	u64 until;
	u64 dead;
	u64 born;
	u32 id;
	u32 kept;
	u8 type;
	u8 n_buckets;
	struct cvsw_slots *slots;
	struct {
		struct cvsw_entry *entry;
		u16 weight;
	} buckets[];
};

/**
 * cvsw_table_group() - a group in one version of the table
 *
 * Context: RCU read side, until the end of which it is valid.
 * Return: NULL: that version had none, or is gone.
 */
struct cvsw_group_version *cvsw_table_group(const struct cvsw_table *table, u32 id, u64 version);

/** cvsw_slot_hits_add() - count a frame; bottom halves disabled */
static inline void cvsw_slot_hits_add(struct cvsw_slot_hits *hits, u8 slot, unsigned int bytes)
{
	struct cvsw_cpu_slots *cpu = this_cpu_ptr(hits->cpus);

	u64_stats_update_begin(&cpu->syncp);
	u64_stats_inc(&cpu->packets[slot]);
	u64_stats_add(&cpu->bytes[slot], bytes);
	u64_stats_update_end(&cpu->syncp);
}

/** cvsw_slot_hits_read() - sums over all CPUs */
void cvsw_slot_hits_read(const struct cvsw_slot_hits *hits, u8 slot, u64 *packets, u64 *bytes);

/**
 * cvsw_table_group_mod() - do what a group_mod asks
 * @group: cvsw_group_check() likes it; of DELETE and LIVE what those have
 *
 * Part of the change under way, or a change of its own: see "Changes" in table.h.  DELETE
 * also removes the flows that use the group.  MODIFY keeps the counters of the slots, and those of
 * buckets whose actions stay the same in their place.  LIVE minds no bits of buckets that are not
 * there.  Within a replacement only ADD has a meaning.
 *
 * Return: 0; -EEXIST (ADD); -ENOENT (MODIFY, LIVE); -ENOSPC (too many); -ENOMEM; -EINVAL (no
 * such command).  Then nothing has changed, and a change under way is none the worse.
 */
int cvsw_table_group_mod(struct cvsw_table *table, enum cvsw_group_command command,
			 const struct cvsw_group *group);

/** cvsw_table_set_group_limit() - how many it may have; those there are stay.  Any context */
void cvsw_table_set_group_limit(struct cvsw_table *table, u32 limit);

/** cvsw_table_walk_groups() - as cvsw_table_walk(), in the order of their numbers */
int cvsw_table_walk_groups(const struct cvsw_table *table, u64 *resume,
			   int (*visit)(const struct cvsw_group_version *group, void *arg),
			   void *arg);

/** cvsw_group_version_group() - a group in the neutral form; under RCU */
void cvsw_group_version_group(const struct cvsw_group_version *version, struct cvsw_group *group);

#endif
