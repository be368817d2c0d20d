// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "../cvsw_fault.h"
#include "../cvsw_ofp10.h"
#include "gen.h"
#include "tests.h"

static void decode_raw(const struct raw_match *raw, struct cvsw_flow *flow)
{
	uint8_t data[72];
	enum cvsw_flow_command command;
	enum cvsw_fault fault;
	size_t used;

	raw_flow_mod(raw, data);
	fault = cvsw_ofp10_decode(data, sizeof(data), &used, &command, flow, NULL);
	CHECK_MSG(!fault, "decode: %s", cvsw_fault_text(fault));
}

/* Random ofp_matches against random frames: both readings of the specification agree. */
static void matches_as_the_prose_says(void)
{
	struct rng rng = { 1 };
	unsigned int hits = 0, i, j;

	for (i = 0; i < 20000; i++) {
		struct raw_match raw;
		struct cvsw_flow flow;

		gen_raw_match(&rng, &raw);
		decode_raw(&raw, &flow);
		for (j = 0; j < 50; j++) {
			struct frame frame;
			struct cvsw_key key;
			bool want;

			gen_frame(&rng, &frame);
			frame_key(&frame, &key);
			want = reference_match(&raw, &frame);
			hits += want;
			CHECK_MSG(key_matches(&flow.match, &key) == want,
				  "wildcards %06x, dl_type %04x, nw_proto %u: want %d for a frame "
				  "of type %04x, protocol %u", raw.wildcards & 0x3fffff,
				  raw.dl_type, raw.nw_proto, want, frame.dl_type, frame.nw_proto);
		}
	}
	CHECK_MSG(hits > 10000, "only %u hits: the pools are too wide to test anything", hits);
}

static void normal_form_is_stable(void)
{
	struct rng rng = { 2 };
	unsigned int i;

	for (i = 0; i < 50000; i++) {
		struct cvsw_match once, twice;
		uint8_t *bytes = (uint8_t *)&once;
		size_t b;

		for (b = 0; b < sizeof(once); b++)
			bytes[b] = rng_chance(&rng, 30) ? 0 : (uint8_t)rng_next(&rng);
		cvsw_match_normalize(&once);
		for (b = 0; b < sizeof(once.key); b++)
			CHECK(!(bytes[b] & ~bytes[sizeof(once.key) + b]));
		twice = once;
		cvsw_match_normalize(&twice);
		CHECK(cvsw_match_equal(&once, &twice));
	}
}

/* A small world of whole frames in which "covers" can be counted out. */
#define MAX_WORLD	20000
static struct cvsw_key world[MAX_WORLD];

static size_t make_world(void)
{
	static const uint16_t types[] = { 0x0800, 0x0806, 0x86dd };
	static const uint8_t protocols[] = { 1, 6, 17, 47 };
	static const uint32_t sources[] = { 0x0a000001, 0x0a000002, 0x0a000101, 0x0b000001, 0x0b000002 };
	static const uint16_t ports[] = { 0, 80, 8 };
	static const uint16_t tags[] = { 0, 0x1005, 0x3005, 0x1006, 0x3006 };
	static const uint16_t flags[] = { 0x02, 0x10, 0x12 };
	size_t n = 0;
	unsigned int t, p, s, a, b, v, q, f;

	for (t = 0; t < 3; t++)
	for (p = 0; p < 4; p++)
	for (s = 0; s < 5; s++)
	for (a = 0; a < (t != 1 && p < 3 ? 3 : 1); a++)
	for (b = 0; b < (t != 1 && p < 3 ? 2 : 1); b++)
	for (f = 0; f < (t != 1 && p == 1 ? 3 : 1); f++)
	for (q = 0; q < (t != 1 ? 4 : 1); q++)
	for (v = 0; v < 5; v++) {
		struct frame frame = {
			.in_port = 1, .tagged = tags[v], .vid = tags[v] & 0xfff,
			.pcp = (uint8_t)(tags[v] >> 13), .dl_type = types[t],
			.has_ip = t == 0, .has_arp = t == 1, .has_ip6 = t == 2,
			.has_l4 = t != 1 && p < 3, .nw_proto = protocols[p],
		};

		if (t < 2)
			frame.nw_src = sources[s];
		else
			frame.ipv6_src[15] = (uint8_t)s;
		if (t == 2 && !p)
			frame.nw_proto = 58;
		if (t != 1) {
			frame.tp_src = ports[a];
			frame.tp_dst = ports[b];
			frame.nw_tos = q & 1 ? 0x20 : 0;
			frame.nw_ttl = q & 2 ? 64 : 1;
		}
		if (t != 1 && p == 1)
			frame.tcp_flags = flags[f];
		if (n < MAX_WORLD)
			frame_key(&frame, &world[n++]);
	}
	CHECK(n < MAX_WORLD);
	return n;
}

static void gen_small_match(struct rng *rng, struct cvsw_match *match)
{
	static const uint16_t types[] = { 0x0800, 0x0800, 0x0806, 0x86dd };
	struct cvsw_key *key = &match->key, *mask = &match->mask;

	memset(match, 0, sizeof(*match));
	key->dl_type = types[rng_below(rng, 4)];
	mask->dl_type = rng_chance(rng, 60) ? 0xffff : 0;
	if (rng_chance(rng, 50)) {
		static const uint32_t masks[] = { 0xffffffff, 0xffffff00, 0xff000000 };

		key->nw_src = 0x0a000001;
		mask->nw_src = masks[rng_below(rng, 3)];
	}
	if (rng_chance(rng, 40)) {
		static const uint8_t protocols[] = { 1, 6, 17, 47, 58 };

		key->nw_proto = protocols[rng_below(rng, 5)];
		mask->nw_proto = 0xff;
	}
	if (rng_chance(rng, 30)) {
		key->tp_src = rng_chance(rng, 50) ? 80 : 0;
		mask->tp_src = 0xffff;
	}
	if (rng_chance(rng, 20))
		mask->nw_tos = 0xfc;
	if (rng_chance(rng, 20))
		key->nw_ttl = mask->nw_ttl = 1;
	if (rng_chance(rng, 30)) {
		key->tcp_flags = 0x12;
		mask->tcp_flags = rng_chance(rng, 50) ? 0x12 : 0x02;
	}
	if (rng_chance(rng, 30))
		key->ipv6_src[15] = mask->ipv6_src[15] = rng_chance(rng, 50) ? 1 : 3;
	if (rng_chance(rng, 20)) {
		key->vlan_tci = 0x1005;
		mask->vlan_tci = rng_chance(rng, 50) ? 0x1fff : 0xf000;
	} else if (rng_chance(rng, 10)) {
		mask->vlan_tci = CVSW_VLAN_PRESENT;
	}
	cvsw_match_normalize(match);
}

static void covers_is_counted_out(void)
{
	struct rng rng = { 3 };
	size_t n = make_world(), k;
	unsigned int yes = 0, i;

	for (i = 0; i < 20000; i++) {
		struct cvsw_match wide, narrow;
		unsigned int in_narrow = 0, outside = 0;

		gen_small_match(&rng, &wide);
		gen_small_match(&rng, &narrow);
		for (k = 0; k < n && !outside; k++)
			if (key_matches(&narrow, &world[k])) {
				in_narrow++;
				outside += !key_matches(&wide, &world[k]);
			}
		if (!in_narrow)
			continue;
		yes += !outside;
		CHECK_MSG(cvsw_match_covers(&wide, &narrow) == !outside,
			  "covers says %d: wide type %04x src %08x proto %u tp %04x layers %x, "
			  "narrow type %04x src %08x proto %u tp %04x layers %x", !!outside,
			  wide.key.dl_type, wide.mask.nw_src, wide.key.nw_proto,
			  wide.mask.tp_src, wide.mask.layers, narrow.key.dl_type,
			  narrow.mask.nw_src, narrow.key.nw_proto, narrow.mask.tp_src,
			  narrow.mask.layers);
	}
	CHECK_MSG(yes > 500, "only %u pairs cover each other", yes);
}

/* A frame without a tag has no bit of one. */
static void untagged_has_no_id(void)
{
	struct cvsw_match untagged = { .mask = { .vlan_tci = CVSW_VLAN_PRESENT } };
	struct cvsw_match no_id = { .mask = { .vlan_tci = CVSW_VLAN_VID_MASK } };

	cvsw_match_normalize(&untagged);
	cvsw_match_normalize(&no_id);
	CHECK(cvsw_match_covers(&no_id, &untagged));
	CHECK(!cvsw_match_covers(&untagged, &no_id));
}

static void equality_sees_every_part(void)
{
	struct rng rng = { 4 };
	unsigned int i;

	for (i = 0; i < 5000; i++) {
		struct cvsw_flow a, b;

		gen_flow(&rng, GEN_ANY, &a);
		b = a;
		CHECK(cvsw_flow_equal(&a, &b));
		b.priority ^= 1;
		CHECK(!cvsw_flow_equal(&a, &b));
		b = a;
		b.cookie ^= 1ull << rng_below(&rng, 64);
		CHECK(!cvsw_flow_equal(&a, &b));
		b = a;
		((uint8_t *)&b.match)[rng_below(&rng, sizeof(b.match))] ^= 1;
		CHECK(!cvsw_flow_equal(&a, &b));
		b = a;
		b.n_actions = b.n_actions ? b.n_actions - 1 : 1;
		CHECK(!cvsw_flow_equal(&a, &b));
		b = a;
		if (!b.n_actions)
			continue;
		b.actions[0].type = b.actions[0].type ? b.actions[0].type - 1 : 1;
		CHECK(!cvsw_flow_equal(&a, &b));
		b = a;
		((uint8_t *)&b.actions[0].port)[0] ^= 0x80;
		CHECK(cvsw_flow_equal(&a, &b) ==
		      (a.actions[0].type == CVSW_ACT_STRIP_VLAN ||
		       a.actions[0].type == CVSW_ACT_VXLAN_DECAP ||
		       a.actions[0].type == CVSW_ACT_VXLAN_STRIP ||
		       a.actions[0].type == CVSW_ACT_DECRYPT ||
		       a.actions[0].type == CVSW_ACT_DEC_TTL ||
		       a.actions[0].type == CVSW_ACT_NEXT));
	}
}

static void faults_have_names(void)
{
	int i, j;

	for (i = 0; i < CVSW_N_FAULTS; i++) {
		CHECK(strlen(cvsw_fault_name(i)) > 1);
		CHECK(strlen(cvsw_fault_text(i)) > 1);
		for (j = 0; j < i; j++)
			CHECK(strcmp(cvsw_fault_name(i), cvsw_fault_name(j)));
	}
	CHECK(!strcmp(cvsw_fault_name(CVSW_FAULT_ACTION_LENGTH), "action-length"));
	CHECK(cvsw_fault_name((enum cvsw_fault)1000));
	CHECK(cvsw_fault_text((enum cvsw_fault)1000));
}

const struct tap_test flow_tests[] = {
	{ "proto: a match means what the specification's prose says", matches_as_the_prose_says },
	{ "proto: the normal form of a match is stable", normal_form_is_stable },
	{ "proto: covers agrees with a count over all frames", covers_is_counted_out },
	{ "proto: an untagged frame has no VLAN id", untagged_has_no_id },
	{ "proto: flow equality sees every part", equality_sees_every_part },
	{ "proto: every fault has a name of its own", faults_have_names },
	{ NULL, NULL },
};
