// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Groups: what can be one, and which bucket a frame gets. */
#include "cvsw_group.h"

/* ---- what can be a group ---- */

static bool group_has_type(const struct cvsw_group *group)
{
	return group->id <= CVSW_GROUP_MAX && group->type < CVSW_N_GROUP_TYPES;
}

/* A group without buckets drops all; its slots are zero then. */
static bool group_slots_fit(const struct cvsw_group *group)
{
	unsigned int i, limit = group->n_buckets ? group->n_buckets : 1;

	for (i = 0; i < CVSW_GROUP_SLOTS; i++)
		if (group->slots[i] >= limit || group->backup[i] >= limit)
			return false;
	return true;
}

static bool group_bucket_fits(const struct cvsw_group *group, unsigned int bucket)
{
	const struct cvsw_action *actions = cvsw_bucket_actions(group, bucket);
	unsigned int i;

	for (i = 0; i < group->buckets[bucket].n_actions; i++)
		if (!cvsw_action_fits_in(actions[i].type, CVSW_ACT_GROUP))
			return false;
	return true;
}

enum cvsw_fault cvsw_group_check(const struct cvsw_group *group, unsigned int *bucket)
{
	uint64_t buckets = group->n_buckets < 64 ? ~(~0ull << group->n_buckets) : ~0ull;

	*bucket = 0;
	if (!group_has_type(group))
		return CVSW_FAULT_GROUP;
	if (group->n_buckets > CVSW_GROUP_BUCKETS || group->dead & ~buckets ||
	    (group->type == CVSW_GROUP_TYPE_INDIRECT && group->n_buckets != 1) ||
	    !group_slots_fit(group))
		return CVSW_FAULT_BUCKET;
	for (; *bucket < group->n_buckets; ++*bucket)
		if (!group_bucket_fits(group, *bucket))
			return CVSW_FAULT_ACTION_ORDER;
	return CVSW_OK;
}

/* ---- SipHash-2-4: Aumasson, Bernstein, "SipHash: a fast short-input PRF", 2012 ---- */

static uint64_t rotated(uint64_t x, unsigned int by)
{
	return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotated(v[1], 13) ^ v[0];
	v[3] = rotated(v[3], 16) ^ v[2];
	v[0] = rotated(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotated(v[1], 17) ^ v[2];
	v[3] = rotated(v[3], 21) ^ v[0];
	v[2] = rotated(v[2], 32);
}

static uint64_t little_endian(const uint8_t *bytes)
{
	uint64_t word = 0;
	unsigned int i;

	for (i = 8; i--;)
		word = word << 8 | bytes[i];
	return word;
}

uint64_t cvsw_siphash(const uint8_t *key, const uint8_t *words, unsigned int n_words)
{
	uint64_t k0 = little_endian(key), k1 = little_endian(key + 8);
	uint64_t v[4] = {
		k0 ^ 0x736f6d6570736575ull, k1 ^ 0x646f72616e646f6dull,
		k0 ^ 0x6c7967656e657261ull, k1 ^ 0x7465646279746573ull,
	};
	uint64_t last = (uint64_t)(8 * n_words & 0xff) << 56;
	unsigned int i;

	for (i = 0; i <= n_words; i++) {
		uint64_t word = i < n_words ? little_endian(words + 8 * i) : last;

		v[3] ^= word;
		sip_round(v);
		sip_round(v);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---- slots ---- */

#define BLOCK_LEN	40

/* One end of what is hashed. */
struct hash_end {
	uint8_t address[CVSW_IP_LEN];
	uint8_t port[2];
};

static void end_of_ipv4(struct hash_end *end, uint32_t address)
{
	int i;

	end->address[10] = end->address[11] = 0xff;
	for (i = 15; i >= 12; i--, address >>= 8)
		end->address[i] = (uint8_t)address;
}

static void end_of_port(struct hash_end *end, uint16_t port)
{
	end->port[0] = (uint8_t)(port >> 8);
	end->port[1] = (uint8_t)port;
}

static bool frame_is_ip(const struct cvsw_key *frame)
{
	return frame->dl_type == CVSW_ETHERTYPE_IPV4 || frame->dl_type == CVSW_ETHERTYPE_IPV6;
}

static void read_l3_ends(const struct cvsw_key *frame, struct hash_end *src, struct hash_end *dst)
{
	if (frame->dl_type == CVSW_ETHERTYPE_IPV6) {
		memcpy(src->address, frame->ipv6_src, CVSW_IP_LEN);
		memcpy(dst->address, frame->ipv6_dst, CVSW_IP_LEN);
	} else if (frame->dl_type == CVSW_ETHERTYPE_IPV4 || frame->dl_type == CVSW_ETHERTYPE_ARP) {
		end_of_ipv4(src, frame->nw_src);
		end_of_ipv4(dst, frame->nw_dst);
	}
}

/* Return: the protocol. */
static uint8_t read_l4_ends(const struct cvsw_key *frame, struct hash_end *src,
			    struct hash_end *dst)
{
	uint8_t protocol = frame_is_ip(frame) ? frame->nw_proto : 0;

	if (!frame->nw_frag && (protocol == CVSW_IPPROTO_TCP || protocol == CVSW_IPPROTO_UDP ||
				protocol == CVSW_IPPROTO_SCTP)) {
		end_of_port(src, frame->tp_src);
		end_of_port(dst, frame->tp_dst);
	}
	return protocol;
}

static void read_l2_ends(const struct cvsw_key *frame, struct hash_end *src, struct hash_end *dst)
{
	memcpy(src->address + CVSW_IP_LEN - CVSW_ETH_ALEN, frame->dl_src, CVSW_ETH_ALEN);
	memcpy(dst->address + CVSW_IP_LEN - CVSW_ETH_ALEN, frame->dl_dst, CVSW_ETH_ALEN);
}

static void write_block(uint8_t block[BLOCK_LEN], const struct hash_end *first,
			const struct hash_end *second, uint8_t protocol)
{
	memset(block, 0, BLOCK_LEN);
	memcpy(block, first->address, CVSW_IP_LEN);
	memcpy(block + 16, second->address, CVSW_IP_LEN);
	memcpy(block + 32, first->port, 2);
	memcpy(block + 34, second->port, 2);
	block[36] = protocol;
}

uint8_t cvsw_group_slot(const uint8_t *key, uint8_t hash, const struct cvsw_key *frame)
{
	static const struct hash_end nothing;
	struct hash_end src = nothing, dst = nothing;
	uint8_t block[BLOCK_LEN], protocol = 0;
	bool both = false;

	switch ((enum cvsw_group_hash)hash) {
	case CVSW_GROUP_HASH_L3L4:
		protocol = read_l4_ends(frame, &src, &dst);
		read_l3_ends(frame, &src, &dst);
		both = true;
		break;
	case CVSW_GROUP_HASH_L3:
	case CVSW_GROUP_HASH_NW_SRC:
	case CVSW_GROUP_HASH_NW_DST:
		read_l3_ends(frame, &src, &dst);
		both = hash == CVSW_GROUP_HASH_L3;
		break;
	case CVSW_GROUP_HASH_L2:
	case CVSW_GROUP_HASH_DL_SRC:
	case CVSW_GROUP_HASH_DL_DST:
		read_l2_ends(frame, &src, &dst);
		both = hash == CVSW_GROUP_HASH_L2;
		break;
	case CVSW_N_GROUP_HASHES:
		break;
	}
	/* One address alone stands first, whichever it is: what is from an end and what is to it meet. */
	if (both && memcmp(&src, &dst, sizeof(src)) > 0)
		write_block(block, &dst, &src, protocol);
	else if (both)
		write_block(block, &src, &dst, protocol);
	else
		write_block(block, hash == CVSW_GROUP_HASH_NW_DST || hash == CVSW_GROUP_HASH_DL_DST ?
			    &dst : &src, &nothing, 0);
	return (uint8_t)cvsw_siphash(key, block, BLOCK_LEN / 8);
}

/* ---- buckets ---- */

int cvsw_group_bucket(uint8_t type, unsigned int n_buckets, uint64_t dead, const uint8_t *slots,
		      const uint8_t *backup, uint8_t slot)
{
	unsigned int bucket = 0;

	if (type == CVSW_GROUP_TYPE_SELECT) {
		bucket = slots[slot];
		if (cvsw_bucket_is_dead(dead, bucket))
			bucket = backup[slot];
	} else if (type == CVSW_GROUP_TYPE_FAILOVER) {
		while (bucket < n_buckets && cvsw_bucket_is_dead(dead, bucket))
			bucket++;
	}
	return bucket < n_buckets && !cvsw_bucket_is_dead(dead, bucket) ? (int)bucket : -1;
}
