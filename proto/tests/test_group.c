// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Groups: what can be one, which slot and bucket a frame gets, who fills the slots. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "../cvsw_group.h"
#include "gen.h"
#include "tests.h"

/* ---- SipHash ---- */

/* Of the first bytes of 00 01 02 ..., under the key 00 01 ... 0f: the authors' vectors. */
static const struct {
	unsigned int n_words;
	uint64_t hash;
} sip_vectors[] = {
	{ 0, 0x726fdb47dd0e0e31 }, { 1, 0x93f5f5799a932462 },
	{ 2, 0x3f2acc7f57c29bdb }, { 3, 0xb8ad50c6f649af94 },
};

static uint64_t libcrypto_siphash(const uint8_t *key, const uint8_t *data, size_t len)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
	unsigned int size = 8;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_construct_end(),
	};
	uint8_t out[8] = "";
	uint64_t hash = 0;
	size_t n = 0, i;

	CHECK(ctx && EVP_MAC_init(ctx, key, CVSW_GROUP_KEY_LEN, params) &&
	      EVP_MAC_update(ctx, data, len) && EVP_MAC_final(ctx, out, &n, sizeof(out)) && n == 8);
	for (i = 8; i--;)
		hash = hash << 8 | out[i];
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	return hash;
}

static void siphash_is_siphash(void)
{
	struct rng rng = { 31 };
	uint8_t key[CVSW_GROUP_KEY_LEN], data[64];
	size_t i, j;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	for (i = 0; i < sizeof(sip_vectors) / sizeof(sip_vectors[0]); i++)
		CHECK(cvsw_siphash(data, data, sip_vectors[i].n_words) == sip_vectors[i].hash);
	for (i = 0; i < 500; i++) {
		unsigned int n_words = (unsigned int)(i % 9);

		for (j = 0; j < sizeof(key); j++)
			key[j] = (uint8_t)rng_next(&rng);
		for (j = 0; j < sizeof(data); j++)
			data[j] = (uint8_t)rng_next(&rng);
		CHECK(cvsw_siphash(key, data, n_words) ==
		      libcrypto_siphash(key, data, (size_t)8 * n_words));
	}
}

/* ---- slots ---- */

static struct cvsw_key tcp_frame(void)
{
	return (struct cvsw_key){
		.dl_dst = { 2, 0, 0, 0, 0, 1 }, .dl_src = { 2, 0, 0, 0, 0, 2 }, .dl_type = 0x0800,
		.nw_src = 0x0a000001, .nw_dst = 0x0a000002, .nw_proto = CVSW_IPPROTO_TCP,
		.tp_src = 40000, .tp_dst = 80,
	};
}

/* The other direction. */
static struct cvsw_key answer_to(const struct cvsw_key *frame)
{
	struct cvsw_key answer = *frame;

	memcpy(answer.dl_src, frame->dl_dst, 6);
	memcpy(answer.dl_dst, frame->dl_src, 6);
	answer.nw_src = frame->nw_dst;
	answer.nw_dst = frame->nw_src;
	memcpy(answer.ipv6_src, frame->ipv6_dst, 16);
	memcpy(answer.ipv6_dst, frame->ipv6_src, 16);
	answer.tp_src = frame->tp_dst;
	answer.tp_dst = frame->tp_src;
	return answer;
}

/* The block written out once by hand: 10.0.0.1:40000 to 10.0.0.2:80, TCP. */
static void block_is_as_told(void)
{
	static const uint8_t key[CVSW_GROUP_KEY_LEN] = { 1, 2, 3 };
	static const uint8_t block[40] = {
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2,
		0x9c, 0x40, 0, 80, 6,
	};
	struct cvsw_key frame = tcp_frame(), answer = answer_to(&frame);

	CHECK(cvsw_group_slot(key, CVSW_GROUP_HASH_L3L4, &frame) ==
	      (uint8_t)libcrypto_siphash(key, block, sizeof(block)));
	CHECK(cvsw_group_slot(key, CVSW_GROUP_HASH_L3L4, &answer) ==
	      (uint8_t)libcrypto_siphash(key, block, sizeof(block)));
}

/* Which of a frame's fields each kind of hash minds, a bit for each change below. */
enum change { SRC_MAC = 1, DST_MAC = 2, SRC_IP = 4, DST_IP = 8, SRC_PORT = 16, DST_PORT = 32,
	      PROTO = 64, TTL = 128 };

static const unsigned int minds[CVSW_N_GROUP_HASHES] = {
	[CVSW_GROUP_HASH_L3L4] = SRC_IP | DST_IP | SRC_PORT | DST_PORT | PROTO,
	[CVSW_GROUP_HASH_L3] = SRC_IP | DST_IP,
	[CVSW_GROUP_HASH_NW_SRC] = SRC_IP,
	[CVSW_GROUP_HASH_NW_DST] = DST_IP,
	[CVSW_GROUP_HASH_L2] = SRC_MAC | DST_MAC,
	[CVSW_GROUP_HASH_DL_SRC] = SRC_MAC,
	[CVSW_GROUP_HASH_DL_DST] = DST_MAC,
};

static void change_frame(struct cvsw_key *frame, unsigned int change, unsigned int by)
{
	if (change == SRC_MAC)
		frame->dl_src[5] ^= (uint8_t)by;
	else if (change == DST_MAC)
		frame->dl_dst[5] ^= (uint8_t)by;
	else if (change == SRC_IP)
		frame->nw_src ^= by;
	else if (change == DST_IP)
		frame->nw_dst ^= by;
	else if (change == SRC_PORT)
		frame->tp_src ^= (uint16_t)by;
	else if (change == DST_PORT)
		frame->tp_dst ^= (uint16_t)by;
	else if (change == PROTO)
		frame->nw_proto = by & 1 ? CVSW_IPPROTO_UDP : CVSW_IPPROTO_SCTP;
	else
		frame->nw_ttl = (uint8_t)by;
}

static void each_hash_minds_its_fields(void)
{
	static const uint8_t key[CVSW_GROUP_KEY_LEN] = { 7 };
	unsigned int change, by;
	uint8_t hash;

	for (hash = 0; hash < CVSW_N_GROUP_HASHES; hash++) {
		for (change = SRC_MAC; change <= TTL; change <<= 1) {
			bool differs = false;

			for (by = 1; by < 20; by++) {
				struct cvsw_key frame = tcp_frame(), other = frame;

				change_frame(&other, change, by);
				differs |= cvsw_group_slot(key, hash, &frame) !=
					   cvsw_group_slot(key, hash, &other);
			}
			CHECK_MSG(differs == !!(minds[hash] & change), "hash %u, change %u", hash,
				  change);
		}
	}
}

static void both_directions_meet(void)
{
	static const uint8_t key[CVSW_GROUP_KEY_LEN] = { 9 };
	struct rng rng = { 32 };
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		struct cvsw_key frame = tcp_frame(), answer;

		frame.dl_type = i & 1 ? 0x86dd : 0x0800;
		frame.nw_src = (uint32_t)rng_next(&rng);
		frame.tp_src = (uint16_t)rng_next(&rng);
		frame.ipv6_src[15] = (uint8_t)rng_next(&rng);
		frame.ipv6_dst[0] = (uint8_t)rng_next(&rng);
		frame.dl_src[4] = (uint8_t)rng_next(&rng);
		answer = answer_to(&frame);
		CHECK(cvsw_group_slot(key, CVSW_GROUP_HASH_L3L4, &frame) ==
		      cvsw_group_slot(key, CVSW_GROUP_HASH_L3L4, &answer));
		CHECK(cvsw_group_slot(key, CVSW_GROUP_HASH_L3, &frame) ==
		      cvsw_group_slot(key, CVSW_GROUP_HASH_L3, &answer));
		CHECK(cvsw_group_slot(key, CVSW_GROUP_HASH_L2, &frame) ==
		      cvsw_group_slot(key, CVSW_GROUP_HASH_L2, &answer));
		CHECK(cvsw_group_slot(key, CVSW_GROUP_HASH_NW_SRC, &frame) ==
		      cvsw_group_slot(key, CVSW_GROUP_HASH_NW_DST, &answer));
		CHECK(cvsw_group_slot(key, CVSW_GROUP_HASH_DL_SRC, &frame) ==
		      cvsw_group_slot(key, CVSW_GROUP_HASH_DL_DST, &answer));
	}
}

/* First or later, with ports or without: all pieces of a packet have one slot; so has ICMP. */
static void pieces_of_a_packet_meet(void)
{
	static const uint8_t key[CVSW_GROUP_KEY_LEN] = { 9 };
	struct cvsw_key first = tcp_frame(), later = first, ping = first, pong;

	first.nw_frag = CVSW_FRAG_ANY;
	later.nw_frag = CVSW_FRAG_ANY | CVSW_FRAG_LATER;
	later.tp_src = 0;
	later.tp_dst = 0;
	CHECK(cvsw_group_slot(key, CVSW_GROUP_HASH_L3L4, &first) ==
	      cvsw_group_slot(key, CVSW_GROUP_HASH_L3L4, &later));
	ping.nw_proto = CVSW_IPPROTO_ICMP;
	ping.tp_src = 8;
	ping.tp_dst = 0;
	pong = answer_to(&ping);
	pong.tp_src = 0;
	CHECK(cvsw_group_slot(key, CVSW_GROUP_HASH_L3L4, &ping) ==
	      cvsw_group_slot(key, CVSW_GROUP_HASH_L3L4, &pong));
}

/* 65,536 addresses: each slot gets about 256 of them, whatever the key. */
static void slots_are_even(void)
{
	unsigned int counts[CVSW_GROUP_SLOTS] = { 0 }, i;
	static const uint8_t key[CVSW_GROUP_KEY_LEN];

	for (i = 0; i < 65536; i++) {
		struct cvsw_key frame = tcp_frame();

		frame.nw_src = 0x0a000000 + i;
		counts[cvsw_group_slot(key, CVSW_GROUP_HASH_NW_SRC, &frame)]++;
	}
	for (i = 0; i < CVSW_GROUP_SLOTS; i++)
		CHECK_MSG(counts[i] > 256 - 5 * 16 && counts[i] < 256 + 5 * 16, "slot %u: %u", i,
			  counts[i]);
}

/* ---- buckets ---- */

static void dead_buckets_get_nothing(void)
{
	uint8_t slots[CVSW_GROUP_SLOTS] = { [5] = 1 }, backup[CVSW_GROUP_SLOTS] = { [5] = 2 };

	CHECK(cvsw_group_bucket(CVSW_GROUP_TYPE_SELECT, 3, 0, slots, backup, 5) == 1);
	CHECK(cvsw_group_bucket(CVSW_GROUP_TYPE_SELECT, 3, 2, slots, backup, 5) == 2);
	CHECK(cvsw_group_bucket(CVSW_GROUP_TYPE_SELECT, 3, 6, slots, backup, 5) < 0);
	CHECK(cvsw_group_bucket(CVSW_GROUP_TYPE_SELECT, 0, 0, slots, backup, 4) < 0);
	CHECK(cvsw_group_bucket(CVSW_GROUP_TYPE_INDIRECT, 1, 0, slots, backup, 0) == 0);
	CHECK(cvsw_group_bucket(CVSW_GROUP_TYPE_INDIRECT, 1, 1, slots, backup, 0) < 0);
	CHECK(cvsw_group_bucket(CVSW_GROUP_TYPE_FAILOVER, 3, 0, slots, backup, 0) == 0);
	CHECK(cvsw_group_bucket(CVSW_GROUP_TYPE_FAILOVER, 3, 3, slots, backup, 0) == 2);
	CHECK(cvsw_group_bucket(CVSW_GROUP_TYPE_FAILOVER, 3, 7, slots, backup, 0) < 0);
	CHECK(cvsw_group_bucket(CVSW_GROUP_TYPE_FAILOVER, 64, ~0ull >> 1, slots, backup, 0) == 63);
}

/* ---- filling ---- */

/* A select group with buckets that are told apart by what they load into a register. */
static void select_of(struct cvsw_group *group, const unsigned int *names, const uint16_t *weights,
		      unsigned int n)
{
	unsigned int i;

	memset(group, 0, sizeof(*group));
	group->type = CVSW_GROUP_TYPE_SELECT;
	for (i = 0; i < n; i++) {
		group->actions[i].type = CVSW_ACT_LOAD;
		group->actions[i].load = cvsw_load_of(CVSW_FIELD_REG0, 0, 32, names[i]);
		group->buckets[i] = (struct cvsw_bucket){
			.first = (uint16_t)i, .n_actions = 1, .weight = weights[i],
		};
	}
	group->n_buckets = (uint8_t)n;
	group->n_actions = (uint16_t)n;
}

static unsigned int slots_of(const struct cvsw_group *group, unsigned int bucket)
{
	unsigned int i, n = 0;

	for (i = 0; i < CVSW_GROUP_SLOTS; i++)
		n += group->slots[i] == bucket;
	return n;
}

static uint64_t name_of(const struct cvsw_group *group, unsigned int slot)
{
	return cvsw_load_value(&cvsw_bucket_actions(group, group->slots[slot])->load);
}

static void check_shares(const struct cvsw_group *group)
{
	unsigned int i, bucket;
	uint64_t total = 0;

	for (i = 0; i < group->n_buckets; i++)
		total += group->buckets[i].weight;
	for (i = 0; i < group->n_buckets; i++) {
		double want = 256.0 * group->buckets[i].weight / (double)total;
		unsigned int n = slots_of(group, i);

		CHECK_MSG(n > want - 1 && n < want + 1, "bucket %u: %u slots for %f", i, n, want);
	}
	CHECK(!cvsw_group_check(group, &bucket));
}

static void check_backup(const struct cvsw_group *group)
{
	unsigned int i, others = 0;

	for (i = 0; i < group->n_buckets; i++)
		others += !!group->buckets[i].weight;
	for (i = 0; i < CVSW_GROUP_SLOTS; i++) {
		CHECK((group->backup[i] != group->slots[i]) == (others > 1));
		CHECK(group->buckets[group->backup[i]].weight);
	}
}

static unsigned int count_moved(const struct cvsw_group *before, const struct cvsw_group *group)
{
	unsigned int i, n = 0;

	for (i = 0; i < CVSW_GROUP_SLOTS; i++)
		n += name_of(before, i) != name_of(group, i);
	return n;
}

/* What had to move: what buckets have more than before, together. */
static unsigned int must_move(const struct cvsw_group *before, const struct cvsw_group *group)
{
	unsigned int i, j, n = 0;

	for (i = 0; i < group->n_buckets; i++) {
		unsigned int had = 0, has = slots_of(group, i);

		for (j = 0; j < before->n_buckets; j++)
			if (cvsw_bucket_equal(before, j, group, i))
				had = slots_of(before, j);
		n += has > had ? has - had : 0;
	}
	return n;
}

static void no_more_moves_than_must(void)
{
	struct rng rng = { 33 };
	struct cvsw_group groups[2];
	unsigned int names[CVSW_GROUP_BUCKETS], i, j, n;
	uint16_t weights[CVSW_GROUP_BUCKETS];

	for (i = 0; i < 3000; i++) {
		struct cvsw_group *group = &groups[i & 1], *before = i ? &groups[~i & 1] : NULL;

		n = 1 + rng_below(&rng, i % 10 ? 6 : CVSW_GROUP_BUCKETS);
		for (j = 0; j < n; j++) {
			names[j] = j + rng_below(&rng, 2) * 100;
			weights[j] = (uint16_t)(rng_chance(&rng, 10) ? rng_below(&rng, 65536) :
						rng_below(&rng, 4));
		}
		weights[rng_below(&rng, n)] = 1;
		select_of(group, names, weights, n);
		cvsw_group_fill(group, before);
		check_shares(group);
		check_backup(group);
		if (before)
			CHECK(count_moved(before, group) == must_move(before, group));
	}
}

/* One instance more of three equal ones: a quarter moves, all of it to the new one. */
static void a_fourth_gets_a_quarter(void)
{
	static const unsigned int names[] = { 1, 2, 3, 4 };
	static const uint16_t weights[] = { 1, 1, 1, 1 };
	struct cvsw_group three, four, again;
	unsigned int i;

	select_of(&three, names, weights, 3);
	cvsw_group_fill(&three, NULL);
	select_of(&four, names, weights, 4);
	cvsw_group_fill(&four, &three);
	CHECK(slots_of(&four, 3) == 64 && count_moved(&three, &four) == 64);
	for (i = 0; i < CVSW_GROUP_SLOTS; i++)
		CHECK(four.slots[i] == three.slots[i] || four.slots[i] == 3);
	select_of(&again, names, weights, 4);
	cvsw_group_fill(&again, &three);
	CHECK(cvsw_group_equal(&again, &four));
	cvsw_group_fill(&again, &four);
	CHECK(cvsw_group_equal(&again, &four));
}

/* ---- what can be a group ---- */

static void groups_are_checked(void)
{
	static const unsigned int names[] = { 1, 2 };
	static const uint16_t weights[] = { 1, 1 };
	struct cvsw_group group;
	unsigned int bucket;

#define FAULT_AFTER(change)	(select_of(&group, names, weights, 2), change,	\
				 cvsw_group_check(&group, &bucket))
	CHECK(FAULT_AFTER(group.id = CVSW_GROUP_MAX) == CVSW_OK);
	CHECK(FAULT_AFTER(group.id = CVSW_GROUP_MAX + 1) == CVSW_FAULT_GROUP);
	CHECK(FAULT_AFTER(group.type = 4) == CVSW_FAULT_GROUP);
	CHECK(FAULT_AFTER(group.dead = 3) == CVSW_OK);
	CHECK(FAULT_AFTER(group.dead = 4) == CVSW_FAULT_BUCKET);
	CHECK(FAULT_AFTER(group.slots[255] = 2) == CVSW_FAULT_BUCKET);
	CHECK(FAULT_AFTER(group.backup[0] = 2) == CVSW_FAULT_BUCKET);
	CHECK(FAULT_AFTER(group.type = CVSW_GROUP_TYPE_INDIRECT) == CVSW_FAULT_BUCKET);
	CHECK(FAULT_AFTER(group.n_buckets = 0) == CVSW_OK);
	CHECK(FAULT_AFTER((group.n_buckets = 0, group.slots[1] = 1)) == CVSW_FAULT_BUCKET);
	CHECK(FAULT_AFTER(group.actions[1].type = CVSW_ACT_GROUP) == CVSW_FAULT_ACTION_ORDER &&
	      bucket == 1);
	CHECK(FAULT_AFTER(group.actions[0].type = CVSW_ACT_NEXT) == CVSW_FAULT_ACTION_ORDER &&
	      bucket == 0);
	CHECK(FAULT_AFTER(group.actions[0].type = CVSW_ACT_ENCRYPT) == CVSW_OK);
#undef FAULT_AFTER
}

const struct tap_test group_tests[] = {
	{ "proto: groups: SipHash-2-4 is the authors' and libcrypto's", siphash_is_siphash },
	{ "proto: groups: what is hashed is what the page says", block_is_as_told },
	{ "proto: groups: each hash minds its fields and no others", each_hash_minds_its_fields },
	{ "proto: groups: both directions have one slot", both_directions_meet },
	{ "proto: groups: the pieces of a packet have one slot", pieces_of_a_packet_meet },
	{ "proto: groups: slots are chosen evenly", slots_are_even },
	{ "proto: groups: dead buckets get nothing", dead_buckets_get_nothing },
	{ "proto: groups: shares follow the weights, and no more slots move than must",
	  no_more_moves_than_must },
	{ "proto: groups: a fourth bucket gets a quarter of the slots", a_fourth_gets_a_quarter },
	{ "proto: groups: what cannot be a group is refused", groups_are_checked },
	{ NULL, NULL },
};
