// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Groups as a controller sees them: which buckets the slots get. */
#include "cvsw_group.h"

bool cvsw_bucket_equal(const struct cvsw_group *a, unsigned int bucket_a,
		       const struct cvsw_group *b, unsigned int bucket_b)
{
	return cvsw_actions_equal(cvsw_bucket_actions(a, bucket_a), a->buckets[bucket_a].n_actions,
				  cvsw_bucket_actions(b, bucket_b), b->buckets[bucket_b].n_actions);
}

bool cvsw_group_equal(const struct cvsw_group *a, const struct cvsw_group *b)
{
	unsigned int i;

	if (a->id != b->id || a->type != b->type || a->n_buckets != b->n_buckets ||
	    a->dead != b->dead || memcmp(a->key, b->key, sizeof(a->key)) ||
	    memcmp(a->slots, b->slots, sizeof(a->slots)) ||
	    memcmp(a->backup, b->backup, sizeof(a->backup)))
		return false;
	for (i = 0; i < a->n_buckets; i++)
		if (a->buckets[i].weight != b->buckets[i].weight || !cvsw_bucket_equal(a, i, b, i))
			return false;
	return true;
}

/* ---- shares ---- */

/* The bucket that lost most when its share was rounded down; it gets one slot more. */
static unsigned int neediest_bucket(const uint32_t rest[CVSW_GROUP_BUCKETS], unsigned int n)
{
	unsigned int i, best = 0;

	for (i = 1; i < n; i++)
		if (rest[i] > rest[best])
			best = i;
	return best;
}

/* How many slots each bucket is to have: together all of them, or none if no bucket has a weight. */
static void read_shares(const struct cvsw_group *group, unsigned int share[CVSW_GROUP_BUCKETS])
{
	uint32_t rest[CVSW_GROUP_BUCKETS], total = 0;
	unsigned int i, left = CVSW_GROUP_SLOTS;

	memset(share, 0, CVSW_GROUP_BUCKETS * sizeof(*share));
	for (i = 0; i < group->n_buckets; i++)
		total += group->buckets[i].weight;
	if (!total)
		return;
	for (i = 0; i < group->n_buckets; i++) {
		uint32_t scaled = (uint32_t)group->buckets[i].weight * CVSW_GROUP_SLOTS;

		share[i] = scaled / total;
		rest[i] = scaled % total;
		left -= share[i];
	}
	for (; left; left--) {
		i = neediest_bucket(rest, group->n_buckets);
		share[i]++;
		rest[i] = 0;
	}
}

/* ---- slots ---- */

#define NO_BUCKET	0xff

/* Where each bucket of before is now; two of the same actions are each other's only once. */
static void find_buckets(const struct cvsw_group *before, const struct cvsw_group *group,
			 uint8_t now[CVSW_GROUP_BUCKETS])
{
	uint64_t taken = 0;
	unsigned int i, j;

	memset(now, NO_BUCKET, CVSW_GROUP_BUCKETS);
	for (i = 0; i < before->n_buckets; i++) {
		for (j = 0; j < group->n_buckets; j++)
			if (!(taken >> j & 1) && cvsw_bucket_equal(before, i, group, j))
				break;
		if (j == group->n_buckets)
			continue;
		now[i] = (uint8_t)j;
		taken |= 1ull << j;
	}
}

/* Slots that may stay where they are, until their bucket has its share. */
static void keep_slots(struct cvsw_group *group, const struct cvsw_group *before,
		       unsigned int share[CVSW_GROUP_BUCKETS])
{
	uint8_t now[CVSW_GROUP_BUCKETS];
	unsigned int i;

	memset(group->slots, NO_BUCKET, sizeof(group->slots));
	if (!before || before->type != CVSW_GROUP_TYPE_SELECT || !before->n_buckets)
		return;
	find_buckets(before, group, now);
	for (i = 0; i < CVSW_GROUP_SLOTS; i++) {
		uint8_t bucket = now[before->slots[i]];

		if (bucket == NO_BUCKET || !share[bucket])
			continue;
		group->slots[i] = bucket;
		share[bucket]--;
	}
}

/* The others, to buckets that lack most. */
static void fill_slots(struct cvsw_group *group, unsigned int share[CVSW_GROUP_BUCKETS])
{
	unsigned int i, j, best;

	for (i = 0; i < CVSW_GROUP_SLOTS; i++) {
		if (group->slots[i] != NO_BUCKET)
			continue;
		for (best = 0, j = 1; j < group->n_buckets; j++)
			if (share[j] > share[best])
				best = j;
		group->slots[i] = (uint8_t)best;
		share[best] -= !!share[best];
	}
}

/* Another bucket with a weight, in turn for each slot of a bucket. */
void cvsw_group_fill_backup(struct cvsw_group *group)
{
	uint8_t last[CVSW_GROUP_BUCKETS];
	unsigned int i, tries;

	for (i = 0; i < CVSW_GROUP_BUCKETS; i++)
		last[i] = (uint8_t)i;
	for (i = 0; i < CVSW_GROUP_SLOTS; i++) {
		uint8_t bucket = group->slots[i], next = last[bucket];

		for (tries = 0; tries < group->n_buckets; tries++) {
			next = (uint8_t)((next + 1u) % group->n_buckets);
			if (next != bucket && group->buckets[next].weight)
				break;
		}
		if (tries == group->n_buckets)
			next = bucket;
		last[bucket] = next;
		group->backup[i] = next;
	}
}

void cvsw_group_fill(struct cvsw_group *group, const struct cvsw_group *before)
{
	unsigned int share[CVSW_GROUP_BUCKETS];

	memset(group->slots, 0, sizeof(group->slots));
	memset(group->backup, 0, sizeof(group->backup));
	if (group->type != CVSW_GROUP_TYPE_SELECT || !group->n_buckets)
		return;
	read_shares(group, share);
	keep_slots(group, before, share);
	fill_slots(group, share);
	cvsw_group_fill_backup(group);
}
