/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A group as all parts of CVSW speak of it: buckets of actions, and which of them a frame
 * gets.  OpenFlow 1.3.0, 5.6; free of any wire format.
 *
 *	all		each bucket gets a copy
 *	select		a hash of the frame names one of 256 slots, and the slot its bucket
 *	indirect	the only bucket
 *	fast failover	the first bucket that is not dead
 *
 * The controller fills the slots.  So it alone decides how many move when buckets come and
 * go, and it knows beforehand which frame gets which bucket: cvsw_group_slot() is the same
 * in a NIC and in the controller.
 */
#ifndef CVSW_GROUP_H
#define CVSW_GROUP_H

#include "cvsw_fault.h"
#include "cvsw_flow.h"

#define CVSW_GROUP_ALL		0xfffffffc	/* OFPG_ALL: of a command that deletes: each */
#define CVSW_GROUP_SLOTS	256
#define CVSW_GROUP_BUCKETS	64
#define CVSW_GROUP_ACTIONS	256	/* of all of its buckets */
#define CVSW_GROUP_KEY_LEN	16

/* As in OpenFlow 1.3.0, A.3.4.2. */
enum cvsw_group_type {
	CVSW_GROUP_TYPE_ALL,
	CVSW_GROUP_TYPE_SELECT,
	CVSW_GROUP_TYPE_INDIRECT,
	CVSW_GROUP_TYPE_FAILOVER,
	CVSW_N_GROUP_TYPES
};

/* What a group_mod does with its group; in one list with flow_mods, whose commands are lower. */
enum cvsw_group_command {
	CVSW_GROUP_ADD = 16,
	CVSW_GROUP_MODIFY = 17,
	CVSW_GROUP_DELETE = 18,
	CVSW_GROUP_LIVE = 19,	/* only which buckets are dead */
};

/**
 * struct cvsw_bucket - a list of actions
 * @first: of the group's @actions
 * @n_actions: so many of them; zero: the frame is dropped
 * @weight: what the controller filled the slots by; nobody else minds it
 */
struct cvsw_bucket {
	uint16_t first;
	uint16_t n_actions;
	uint16_t weight;
};

/**
 * struct cvsw_group - about 16 KiB: too large for a kernel stack
 * @id: up to CVSW_GROUP_MAX
 * @type: enum cvsw_group_type
 * @dead: a bit for each bucket, the lowest for the first: 1: it gets no frame
 * @key: of the hash; of a select group, as are the next two, and zero in others
 * @slots: a bucket for each
 * @backup: likewise, for frames whose slot's bucket is dead
 * @buckets: @n_buckets of them: as many as the type allows.  Their actions follow each other
 *	in @actions, without gaps
 */
struct cvsw_group {
	uint32_t id;
	uint8_t type;
	uint8_t n_buckets;
	uint16_t n_actions;
	uint64_t dead;
	uint8_t key[CVSW_GROUP_KEY_LEN];
	uint8_t slots[CVSW_GROUP_SLOTS];
	uint8_t backup[CVSW_GROUP_SLOTS];
	struct cvsw_bucket buckets[CVSW_GROUP_BUCKETS];
	struct cvsw_action actions[CVSW_GROUP_ACTIONS];
};

/** cvsw_bucket_actions() - the first of a bucket's actions */
static inline const struct cvsw_action *cvsw_bucket_actions(const struct cvsw_group *group,
							    unsigned int bucket)
{
	return group->actions + group->buckets[bucket].first;
}

/** cvsw_bucket_is_dead() - does @bucket get no frames? */
static inline bool cvsw_bucket_is_dead(uint64_t dead, unsigned int bucket)
{
	return dead >> bucket & 1;
}

/** cvsw_group_command_is() - is it a group_mod's, not a flow_mod's? */
static inline bool cvsw_group_command_is(unsigned int command)
{
	return command >= CVSW_GROUP_ADD && command <= CVSW_GROUP_LIVE;
}

/**
 * cvsw_group_check() - can there be such a group?
 * @bucket: out: of a fault in a bucket, which one
 *
 * Of a group whose actions are each right by themselves: cvsw_action_check().
 */
enum cvsw_fault cvsw_group_check(const struct cvsw_group *group, unsigned int *bucket);

/* Below, but for cvsw_group_slot() and cvsw_group_bucket(): what controllers need (cvsw_group_fill.c). */

/** cvsw_group_equal() - the same in all, weights and dead buckets too? */
bool cvsw_group_equal(const struct cvsw_group *a, const struct cvsw_group *b);

/** cvsw_bucket_equal() - the same actions? */
bool cvsw_bucket_equal(const struct cvsw_group *a, unsigned int bucket_a,
		       const struct cvsw_group *b, unsigned int bucket_b);

/**
 * cvsw_siphash() - SipHash-2-4
 * @key: CVSW_GROUP_KEY_LEN bytes
 * @words: @n_words times eight bytes
 */
uint64_t cvsw_siphash(const uint8_t *key, const uint8_t *words, unsigned int n_words);

/**
 * cvsw_group_slot() - which slot of a select group a frame falls into
 * @key: the group's, CVSW_GROUP_KEY_LEN bytes
 * @hash: enum cvsw_group_hash: which fields count, as the action says
 * @frame: the frame's fields, as they are when it comes to the group
 *
 * SipHash-2-4 over 40 bytes: two addresses (16 each, IPv4 as ::ffff:a.b.c.d, MAC addresses
 * behind zeroes), two ports (2 each, big endian), the protocol, three zeroes.  What does not count is zero, and
 * so are ports of fragments, first ones too.  Of L2, L3 and L3L4 the smaller address comes first,
 * with its port; of equal ones the smaller port.  So both directions of a connection have one
 * slot.  The slot is the hash's lowest byte.
 */
uint8_t cvsw_group_slot(const uint8_t *key, uint8_t hash, const struct cvsw_key *frame);

/**
 * cvsw_group_bucket() - which bucket of a group, that is not for all, a frame gets
 * @slot: of a select group
 * Return: a bucket that is not dead; negative: there is none.
 */
int cvsw_group_bucket(uint8_t type, unsigned int n_buckets, uint64_t dead, const uint8_t *slots,
		      const uint8_t *backup, uint8_t slot);

/**
 * cvsw_group_fill() - share the slots among the buckets by their weights
 * @group: its @slots and @backup are written; buckets of weight 0 get none, and one has another
 * @before: the group as it was, NULL: there was none.  Its slots stay where they are as far
 *	as the shares allow: no more move than must
 *
 * Each bucket's share is right to within one slot.  The backup of a slot is another bucket, if there is
 * one; a bucket's backups are spread over all others.
 */
void cvsw_group_fill(struct cvsw_group *group, const struct cvsw_group *before);

/** cvsw_group_fill_backup() - only the backups, for the slots as they are */
void cvsw_group_fill_backup(struct cvsw_group *group);

#endif
