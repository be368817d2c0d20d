// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Overlays: what flows a member gets, and whether all members of simulated NICs
 * reach each other, all the time, while members come, go and get new keys.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "cvsw_flow_mod.h"
#include "flows.h"
#include "apps/overlay.h"
#include "nic/legacy.h"
#include "nic/link.h"
#include "simnic.h"
#include "tap.h"

#define MAX_NICS	48
#define MAX_IN_FLIGHT	65536
#define MAX_SPIS	100000

struct in_flight {
	uint64_t arrives;
	unsigned int nic;
	bool to_nic;
	uint16_t len;
	uint8_t frame[1514];
};

/**
 * struct world - our NICs, those there, the wires between, and one overlay
 * @loss, @jitter: of each wire, percent and milliseconds
 * @turn: what may be done in each turn; @most_spent: what was done in one at most
 * @deaf: these hear nothing
 * @told: what ours were told of flows that are made; it is what their NICs' layers make
 * @spis: all that were ever put into a SET_SA, with a piece of their key
 */
struct world {
	uint64_t now, due;
	uint32_t random;
	unsigned int loss, jitter;
	struct nic ours[MAX_NICS];
	struct simnic nics[MAX_NICS];
	bool deaf[MAX_NICS];
	struct flowset told[MAX_NICS];
	struct in_flight *frames;
	size_t n_frames;
	struct overlay *overlay;
	struct ways_world ways;
	int turn, most_spent;
	struct { uint32_t spi; uint8_t direction; uint8_t key[8]; } *spis;
	size_t n_spis;
	unsigned int n_reused;
	unsigned int n_too_long;
	unsigned int n_state_saved;
};

static struct world *world;

static void mac_of(unsigned int i, uint8_t mac[CVSW_ETH_ALEN])
{
	const uint8_t fresh[CVSW_ETH_ALEN] = { 2, 0, 0, 0, 1, i };

	memcpy(mac, fresh, sizeof(fresh));
}

/* No SPI twice in a direction, and no key under two SPIs. */
static void note_sa(const uint8_t *frame, size_t len)
{
	struct cvsw_msg msg;
	struct cvsw_sa sa;

	if (cvsw_msg_decode(frame, len, &msg, NULL) != CVSW_OK || msg.type != CVSW_MSG_SET_SA ||
	    cvsw_sa_decode(msg.data, msg.len, &sa, NULL) != CVSW_OK || !sa.key_len)
		return;
	for (size_t i = 0; i < world->n_spis; i++) {
		bool same_spi = world->spis[i].spi == sa.spi;
		bool same_key = !memcmp(world->spis[i].key, sa.key, 8);

		if (same_spi != same_key || (same_spi && world->spis[i].direction == sa.direction))
			world->n_reused++;
	}
	if (world->n_spis == MAX_SPIS)
		abort();
	world->spis[world->n_spis].spi = sa.spi;
	world->spis[world->n_spis].direction = sa.direction;
	memcpy(world->spis[world->n_spis++].key, sa.key, 8);
}

static void put_frame(unsigned int nic, bool to_nic, const uint8_t *frame, size_t len)
{
	struct in_flight *slot = &world->frames[world->n_frames];

	if (len > sizeof(slot->frame)) {
		world->n_too_long++;
		return;
	}
	if (random_next(&world->random) % 100 < world->loss)
		return;
	if (world->n_frames++ == MAX_IN_FLIGHT)
		abort();
	/* Each NIC at another distance, so that a way's two ends never change at once. */
	slot->arrives = world->now + 1 + nic % 4 * 12 +
			(world->jitter ? random_next(&world->random) % world->jitter : 0);
	slot->nic = nic;
	slot->to_nic = to_nic;
	slot->len = len;
	memcpy(slot->frame, frame, len);
}

static bool to_nic(struct nic *nic, const uint8_t *frame, size_t len, uint64_t place)
{
	(void)place;
	note_sa(frame, len);
	put_frame(nic - world->ours, true, frame, len);
	return true;
}

static void nic_sends(void *owner, const uint8_t *frame, size_t len)
{
	put_frame((struct simnic *)owner - world->nics, false, frame, len);
}

static void random_bytes(void *buf, size_t len)
{
	if (getrandom(buf, len, 0) != (ssize_t)len)
		abort();
}

static void on_changed(void *owner, struct nic *nic, bool settings)
{
	(void)owner;
	nic_desired_changed(nic, settings, world->now);
}

static const struct overlay_config plain = {
	.name = "plain", .vni = 5, .pool = 0xc0000200, .pool_len = 24, .underlay_mtu = 1500,
};
static const struct overlay_config encrypted = {
	.name = "secret", .vni = 7, .key_len = 32, .pool = 0xc0000200, .pool_len = 24,
	.underlay_mtu = 1500, .rekey_s = 3600,
};

static void on_event(const struct hub_event *event)
{
	(void)event;
}

static struct flowset *told_to(const struct nic *nic)
{
	return &world->told[nic - world->ours];
}

static void on_made(struct nic *nic, const struct cvsw_flow *flow, bool wanted)
{
	if (wanted)
		flowset_put(told_to(nic), flow);
	else
		flowset_remove(told_to(nic), &flow->match, flow->priority);
}

static const struct link_ops *legacy;
static bool confirms;

static void on_made_begin(struct nic *nic)
{
	CHECK(!told_to(nic)->n);
	flowset_clear(told_to(nic));
	layer_make(nic_overlay(nic), told_to(nic));
}

static void on_link_changed(struct nic *nic, uint64_t now)
{
	legacy->made_begin(nic);
	legacy->changed(nic, now);
}

/* Of a member that is not to be told something yet. */
static void check_told(const struct overlay_member *member)
{
	struct flowset made;

	layer_make(nic_overlay(member->ways.nic), &made);
	CHECK(flowsets_equal(&made, told_to(member->ways.nic)));
	CHECK(desired_n_flows(&member->ways.nic->desired) ==
	      made.n + nic_hand(member->ways.nic)->flows.n);
	flowset_clear(&made);
}

/* A link of version 2 whose NIC is told as one of version 3 is. */
static void make_link(struct nic *nic)
{
	static struct link_ops ops;

	legacy_new(nic);
	legacy = nic->link->ops;
	ops = *legacy;
	ops.confirms = confirms;
	ops.changed = on_link_changed;
	ops.made = on_made;
	ops.made_begin = on_made_begin;
	nic->link->ops = &ops;
	flowset_init(told_to(nic));
}

static const struct nic_world around = { .send = to_nic, .event = on_event };

static void world_start(const struct overlay_config *config)
{
	world = calloc(1, sizeof(*world));
	world->now = 1000;
	world->random = 1;
	world->turn = WAYS_BUDGET;
	world->frames = calloc(MAX_IN_FLIGHT, sizeof(*world->frames));
	world->spis = calloc(MAX_SPIS, sizeof(*world->spis));
	world->overlay = overlay_new(config);
	world->ways = (struct ways_world){
		.next_spi = 0xfffffff0, .random = random_bytes, .changed = on_changed,
		.most_under_way = WAYS_UNDER_WAY,
	};
	for (unsigned int i = 0; i < MAX_NICS; i++) {
		uint8_t mac[CVSW_ETH_ALEN];

		mac_of(i, mac);
		nic_init(&world->ours[i], mac, &around);
		make_link(&world->ours[i]);
		simnic_init(&world->nics[i], mac, nic_sends, &world->nics[i]);
	}
}

static void world_end(void)
{
	CHECK(!world->n_reused);
	CHECK(!world->n_too_long);
	overlay_free(world->overlay);
	for (unsigned int i = 0; i < MAX_NICS; i++) {
		CHECK(!world->nics[i].n_malformed);
		nic_clear(&world->ours[i]);
		flowset_clear(&world->told[i]);
		simnic_free(&world->nics[i]);
	}
	free(world->frames);
	free(world->spis);
	free(world);
}

static void deliver(const struct in_flight *frame)
{
	struct nic *nic = &world->ours[frame->nic];
	struct cvsw_msg msg;

	if (frame->to_nic && world->deaf[frame->nic])
		return;
	if (frame->to_nic)
		simnic_receive(&world->nics[frame->nic], frame->frame, frame->len);
	else if (cvsw_msg_decode(frame->frame, frame->len, &msg, NULL) != CVSW_OK)
		abort();
	else if (msg.type == CVSW_MSG_REGISTER)
		legacy_register(nic, false, world->now);
	else if (msg.type == CVSW_MSG_LIST_ENTRIES)
		legacy_list(nic, &msg, world->now);
}

/* Frames of a wire that are due together keep their order. */
static void deliver_due(void)
{
	size_t n = world->n_frames, kept = 0;

	for (size_t i = 0; i < n; i++) {
		struct in_flight frame = world->frames[i];

		if (frame.arrives > world->now)
			world->frames[kept++] = frame;
		else
			deliver(&frame);
	}
	memmove(&world->frames[kept], &world->frames[n],
		(world->n_frames - n) * sizeof(*world->frames));
	world->n_frames -= n - kept;
}

/* As overlays.c does it, a turn after the other. */
static void run_ways(void)
{
	const struct overlay_member *member;
	uint64_t next;

	world->ways.budget = world->turn;
	next = ways_run(&world->overlay->ways, &world->ways, world->now);
	if (world->turn - world->ways.budget > world->most_spent)
		world->most_spent = world->turn - world->ways.budget;
	CHECK(world->ways.budget > 0 || next == world->now);
	overlay_each(member, world->overlay)
		if (!member->ways.dirty)
			check_told(member);
}

static void run_ms(void)
{
	deliver_due();
	for (unsigned int i = 0; i < MAX_NICS; i++)
		nic_run(&world->ours[i], world->now);
	if (world->now % 5 == 0)
		run_ways();
	world->now++;
}

static void run_for(uint64_t ms)
{
	while (ms--)
		run_ms();
}

static struct overlay_member *join(unsigned int i)
{
	return overlay_join(world->overlay, &world->ours[i], -1);
}

/* As overlays_leave() does it. */
static void leave(unsigned int i)
{
	struct nic *nic = &world->ours[i];
	struct overlay_member *member = nic->member;

	nic_hand(nic)->in_use = true;
	nic_drop_made(nic);
	CHECK(!told_to(nic)->n);
	ways_close(&world->overlay->ways, &member->ways);
	overlay_leave(world->overlay, member);
	nic_hand(nic)->mtu = world->overlay->config.underlay_mtu;
	nic_desired_changed(nic, true, world->now);
}

/* ---- what NICs would do with frames ---- */

static uint32_t ipv4_of(const uint8_t address[CVSW_IP_LEN])
{
	return (uint32_t)address[12] << 24 | address[13] << 16 | address[14] << 8 | address[15];
}

/* Is what leaves NIC @from by these actions taken in by NIC @to? */
static bool arrives(unsigned int from, unsigned int to, const struct cvsw_action *encap,
		    const struct cvsw_action *encrypt)
{
	const struct cvsw_tunnel *tunnel = &encap->tunnel;
	const struct cvsw_sa *out, *in;
	const struct flow_node *node;
	uint32_t spi = encrypt ? encrypt->spi : 0;

	if (memcmp(tunnel->dl_dst, world->nics[to].mac, CVSW_ETH_ALEN))
		return false;
	if (encrypt) {
		out = simnic_find_sa(&world->nics[from], CVSW_SA_OUT, spi);
		in = simnic_find_sa(&world->nics[to], CVSW_SA_IN, spi);
		if (!out || !in || memcmp(out->key, in->key, out->key_len) ||
		    memcmp(out->salt, in->salt, sizeof(out->salt)))
			return false;
	}
	flowset_each(node, &world->nics[to].table) {
		const struct cvsw_match *match = &node->flow.match;

		if (match->key.tun_type == CVSW_TUNNEL_VXLAN && match->key.tun_id == tunnel->id &&
		    match->key.sa == spi && match->mask.sa == 0xffffffff &&
		    ipv4_of(match->key.tun_src) == ipv4_of(tunnel->src) &&
		    ipv4_of(match->key.tun_dst) == ipv4_of(tunnel->dst))
			return true;
	}
	return false;
}

static bool is_encrypted(void)
{
	return world->overlay->config.key_len;
}

static bool unicast_reaches(unsigned int from, unsigned int to, const uint8_t *mac)
{
	const struct flow_node *node;

	flowset_each(node, &world->nics[from].table) {
		const struct cvsw_flow *flow = &node->flow;

		if (flow->match.key.in_port == CVSW_HOST &&
		    flow->match.mask.dl_dst[0] == 0xff && flow->match.mask.pass &&
		    !memcmp(flow->match.key.dl_dst, mac, CVSW_ETH_ALEN))
			return flow->n_actions == (is_encrypted() ? 2 : 1) &&
			       arrives(from, to, &flow->actions[0],
				       is_encrypted() ? &flow->actions[1] : NULL);
	}
	return false;
}

/* Follows the chain; how many copies arrive at @to? */
static unsigned int broadcast_copies(unsigned int from, unsigned int to)
{
	const struct cvsw_flow **flows = flowset_sorted(&world->nics[from].table);
	unsigned int n = 0;
	bool on = true;

	for (size_t i = 0; on && i < world->nics[from].table.n; i++) {
		const struct cvsw_flow *flow = flows[i];

		if (flow->match.key.in_port != CVSW_HOST || flow->match.key.pass ||
		    flow->match.mask.dl_dst[0])
			continue;
		on = flow->n_actions && flow->actions[flow->n_actions - 1].type == CVSW_ACT_NEXT;
		for (unsigned int a = 0; a < flow->n_actions; a++)
			if (flow->actions[a].type == CVSW_ACT_CLONE)
				n += arrives(from, to, &flow->actions[a + 1],
					     is_encrypted() ? &flow->actions[a + 2] : NULL);
	}
	free(flows);
	return n;
}

static bool reaches(unsigned int from, unsigned int to)
{
	return unicast_reaches(from, to, world->nics[to].mac) &&
	       broadcast_copies(from, to) == 1;
}

/* Each member of @bits each other one. */
static bool all_reach(uint64_t bits)
{
	for (unsigned int from = 0; from < MAX_NICS; from++)
		for (unsigned int to = 0; to < MAX_NICS; to++)
			if (from != to && bits >> from & 1 && bits >> to & 1 && !reaches(from, to))
				return false;
	return true;
}

static uint64_t first(unsigned int n)
{
	return (1ull << n) - 1;
}

/* Can a frame get out of a NIC, or into its guest, past the overlay? */
static bool leaks(unsigned int i)
{
	const struct flow_node *node;
	bool dropped[3] = { false };

	flowset_each(node, &world->nics[i].table) {
		const struct cvsw_flow *flow = &node->flow;
		const struct cvsw_key *key = &flow->match.key, *mask = &flow->match.mask;
		const struct cvsw_action *last = &flow->actions[flow->n_actions ? flow->n_actions - 1 : 0];

		if (!flow->n_actions && mask->in_port && !mask->pass && !mask->dl_type)
			dropped[key->in_port] = true;
		if (!flow->n_actions || last->type != CVSW_ACT_OUTPUT ||
		    last->port == CVSW_PORT_NONE)
			continue;
		if (key->in_port == CVSW_HOST && (key->pass != 1 || !mask->nw_src ||
						  (is_encrypted() && key->nw_proto != 50 &&
						   key->tp_dst != world->overlay->config.udp_dst)))
			return true;
		if (key->in_port == CVSW_NET && (!key->tun_type || (is_encrypted() && !key->sa)))
			return true;
	}
	return !dropped[CVSW_HOST] || !dropped[CVSW_NET];
}

/*
 * Runs for @ms; each of @bits must reach each other all the time.  What two NICs
 * do in the wrong order shows for as long as their distances differ: 12 ms or more.
 */
static void run_watching(uint64_t ms, uint64_t bits)
{
	for (; ms; ms--) {
		run_ms();
		if (ms % 4 == 0 && !all_reach(bits)) {
			CHECK_MSG(false, "interrupted at %llu ms",
				  (unsigned long long)world->now);
			return;
		}
	}
}

static void start_members(const struct overlay_config *config, unsigned int n)
{
	world_start(config);
	for (unsigned int i = 0; i < n; i++)
		simnic_link_up(&world->nics[i]);
	for (unsigned int i = 0; i < n; i++)
		legacy_register(&world->ours[i], true, world->now);
	run_for(50);
	for (unsigned int i = 0; i < n; i++)
		join(i);
	run_for(2000);
}

/* ---- tests ---- */

static void test_mtu(void)
{
	struct overlay_config config = plain;

	CHECK(overlay_mtu(&config) == 1450);
	config.key_len = 16;
	/* 20 + 8 + 8 + (8 + 8 + 14 + 1416 + 0 + 2) + 16 = 1500 */
	CHECK(overlay_mtu(&config) == 1416);
	config.udp_src = config.udp_dst = 4500;
	CHECK(overlay_mtu(&config) == 1408);
	config.underlay_mtu = 9000;
	CHECK(overlay_mtu(&config) == 8908);
	/* No larger frame would have fit: slow, obvious. */
	for (config.underlay_mtu = 1280; config.underlay_mtu < 1300; config.underlay_mtu++) {
		unsigned int mtu = overlay_mtu(&config), best = 0;

		for (unsigned int inner = 1000; inner < 1300; inner++) {
			unsigned int text = 8 + 8 + 14 + inner + 2;
			unsigned int padded = text + (4 - text % 4) % 4;

			if (20 + 8 + 8 + 8 + padded + 16 <= config.underlay_mtu)
				best = inner;
		}
		CHECK_MSG(mtu == best, "underlay %u: %u, not %u", config.underlay_mtu, mtu, best);
	}
}

static void test_config(void)
{
	struct overlay_config config = encrypted;

	CHECK(!overlay_config_wrong(&config));
	config.pool = 0xc0000201;
	CHECK(overlay_config_wrong(&config));
	config.pool = 0xe0000000;
	CHECK(overlay_config_wrong(&config));
	config = encrypted;
	config.vni = 1 << 24;
	CHECK(overlay_config_wrong(&config));
	config = encrypted;
	strcpy(config.name, "a b");
	CHECK(overlay_config_wrong(&config));
	config = plain;
	config.udp_src = config.udp_dst = 4500;
	CHECK(overlay_config_wrong(&config));
	config = plain;
	config.pool_len = 30;
	CHECK(!overlay_config_wrong(&config) && overlay_room(&config) == 2);
}

/* All flows of a member of @n: each listed as it was made, in a frame of the overlay's MTU. */
static void check_flows(const struct overlay_config *config, unsigned int n)
{
	uint8_t data[CVSW_FLOW_MOD_MAX];
	struct cvsw_flow *flow = calloc(1, sizeof(*flow));
	const struct overlay_member *member;
	enum cvsw_flow_command command;
	const struct flow_node *node;
	struct flowset flows;
	size_t len, used;

	start_members(config, n);
	overlay_each(member, world->overlay) {
		flowset_init(&flows);
		overlay_maker.make(member, &flows);
		flowset_each(node, &flows) {
			len = cvsw_flow_mod_encode(CVSW_FLOW_ADD, &node->flow, data, sizeof(data));
			CHECK_MSG(len && len + CVSW_MSG_HEADER_LEN <= 1500 &&
				  len <= overlay_mtu(config), "%zu bytes", len);
			CHECK(cvsw_flow_mod_decode(data, len, &used, &command, flow, NULL) ==
			      CVSW_OK);
			CHECK(cvsw_flow_equal(flow, &node->flow));
			CHECK(flow->priority >= OVERLAY_PRIORITY_MIN &&
			      flow->priority <= OVERLAY_PRIORITY_MAX);
			CHECK(flow->cookie == OVERLAY_COOKIE(config->vni));
		}
		CHECK(flows.n == 4 + 2 * (n - 1) + (n + OVERLAY_LINK_SLOTS - 1) /
							  OVERLAY_LINK_SLOTS);
		flowset_clear(&flows);
	}
	free(flow);
}

static void check_members(const struct overlay_config *config, unsigned int n)
{
	check_flows(config, n);
	CHECK(ways_settled(&world->overlay->ways));
	CHECK(all_reach(first(n)));
	for (unsigned int i = 0; i < n; i++) {
		CHECK(!leaks(i));
		CHECK(world->nics[i].mtu == overlay_mtu(config));
		CHECK(!world->nics[i].n_sa_refused);
		CHECK(world->nics[i].n_sas == (config->key_len ? 2 * (n - 1) : 0));
	}
	CHECK(world->n_spis == (config->key_len ? 2 * n * (n - 1) : 0));
	world_end();
}

static void test_sizes(void)
{
	struct overlay_config in_udp = encrypted;

	in_udp.key_len = 16;
	in_udp.udp_src = in_udp.udp_dst = 4500;
	check_members(&plain, 2);
	check_members(&plain, 3);
	check_members(&plain, 40);
	check_members(&encrypted, 2);
	check_members(&encrypted, 3);
	check_members(&encrypted, 40);
	check_members(&in_udp, 3);
}

static void test_join_and_leave(const struct overlay_config *config)
{
	start_members(config, 14);
	for (unsigned int i = 14; i < 30; i++)
		legacy_register(&world->ours[i], true, world->now);
	run_watching(50, first(14));
	/* Beyond a link of the chain and beyond another. */
	for (unsigned int i = 14; i < 30; i++) {
		join(i);
		run_watching(i % 4 ? 3 : 40, first(14));
	}
	run_watching(1500, first(14));
	CHECK(all_reach(first(30)));
	leave(3);
	leave(20);
	for (unsigned int i = 21; i < 30; i++)
		leave(i);
	run_watching(1500, first(20) & ~(1ull << 3));
	CHECK(ways_settled(&world->overlay->ways));
	CHECK(!world->nics[3].table.n && world->nics[3].mtu == 1500);
	for (unsigned int i = 0; i < 20; i++)
		CHECK(i == 3 || !leaks(i));
	for (unsigned int i = 0; i < 20; i++)
		CHECK(i == 3 || (!reaches(i, 3) && !broadcast_copies(i, 3)));
	/* Back, into the slot that became free. */
	CHECK(join(3)->ways.slot == 3);
	run_watching(1500, first(20) & ~(1ull << 3));
	CHECK(all_reach(first(20)));
	world_end();
}

static void test_plain_changes(void)
{
	test_join_and_leave(&plain);
}

static void test_encrypted_changes(void)
{
	test_join_and_leave(&encrypted);
}

static void test_left_sas(void)
{
	size_t left = 0;

	start_members(&encrypted, 4);
	leave(1);
	run_for(500);
	for (size_t i = 0; i < world->nics[0].n_sas; i++)
		left += !world->nics[0].sas[i].deleted;
	CHECK(left == 4);
	left = 0;
	for (size_t i = 0; i < world->nics[1].n_sas; i++)
		left += !world->nics[1].sas[i].deleted;
	CHECK(!left);
	CHECK(world->nics[1].mtu == 1500);
	world_end();
}

static unsigned int count_sas(unsigned int nic)
{
	unsigned int n = 0;

	for (size_t i = 0; i < world->nics[nic].n_sas; i++)
		n += !world->nics[nic].sas[i].deleted;
	return n;
}

/* New keys by time and on demand: nothing is interrupted, the old ones go. */
static void test_rekey(void)
{
	size_t sent;

	start_members(&encrypted, 5);
	sent = world->n_spis;
	ways_renew(&world->overlay->ways);
	run_watching(3000, first(5));
	CHECK(ways_settled(&world->overlay->ways));
	CHECK(world->n_spis == 2 * sent);
	for (unsigned int i = 0; i < 5; i++)
		CHECK(count_sas(i) == 8 && !world->nics[i].n_sa_refused);
	world->now += 3600 * 1000;
	run_watching(3000, first(5));
	CHECK(world->n_spis == 3 * sent);
	for (unsigned int i = 0; i < 5; i++)
		CHECK(count_sas(i) == 8);
	world_end();
}

/* All keys are due at once: they are made a few at a time, nobody is interrupted, all get theirs. */
static void test_bounded(void)
{
	const int turn = 60, refresh = 12 * WAYS_REFRESH_COST, registers = 2 * 11;
	size_t sent;

	start_members(&encrypted, 12);
	sent = world->n_spis;
	world->turn = turn;
	world->most_spent = 0;
	ways_renew(&world->overlay->ways);
	CHECK(!ways_settled(&world->overlay->ways));
	run_watching(4000, first(12));
	CHECK(ways_settled(&world->overlay->ways) && world->n_spis == 2 * sent);
	for (unsigned int i = 0; i < 12; i++)
		CHECK(count_sas(i) == 22 && !world->nics[i].n_sa_refused);
	/* What is begun is done: the last of a turn may be one NIC's renewal, or one refresh. */
	CHECK_MSG(world->most_spent < turn + (refresh > registers ? refresh : registers),
		  "%d in one turn", world->most_spent);
	world_end();
}

/* Those of NICs that say when they have something; one of these never does. */
static void test_under_way(void)
{
	size_t most = 0;

	confirms = true;
	start_members(&encrypted, 12);
	CHECK(ways_settled(&world->overlay->ways));
	world->ways.most_under_way = 30;
	world->deaf[11] = true;
	ways_renew(&world->overlay->ways);
	for (int i = 0; i < 20000; i++) {
		run_ms();
		if (most < world->ways.under_way)
			most = world->ways.under_way;
	}
	CHECK_MSG(most >= 30 && most < 30 + 2 * 11, "%zu", most);
	CHECK(!world->ways.under_way);
	confirms = false;
	world_end();
}

/* Overlays that were made at once do not get their new keys at once, nor later than asked for. */
static void test_jitter(void)
{
	const uint64_t life = encrypted.rekey_s * 1000ull;
	uint64_t soonest = UINT64_MAX, latest = 0;

	for (int i = 0; i < 50; i++) {
		world_start(&encrypted);
		run_for(10);
		CHECK(world->overlay->ways.rekey_at >= world->now + life * 4 / 5 - 10);
		CHECK(world->overlay->ways.rekey_at <= world->now + life);
		if (world->overlay->ways.rekey_at < soonest)
			soonest = world->overlay->ways.rekey_at;
		if (world->overlay->ways.rekey_at > latest)
			latest = world->overlay->ways.rekey_at;
		world_end();
	}
	CHECK_MSG(latest - soonest > life / 10, "within %llu ms",
		  (unsigned long long)(latest - soonest));
}

/* One end refuses an SA: that way gets another one, after a while; the others keep theirs. */
static void test_refused(void)
{
	struct overlay_member *member;
	uint32_t out, before;
	size_t sent;

	/* The wire to the last one is long: its answers come after the refusals. */
	start_members(&encrypted, 4);
	member = world->overlay->slots[1];
	out = world->overlay->slots[3]->ways.from[1].out;
	sent = world->n_spis;
	CHECK(!ways_refused(&world->overlay->ways, &member->ways, CVSW_SA_IN, out));
	ways_renew(&world->overlay->ways);
	run_for(10);
	before = world->overlay->slots[3]->ways.from[1].spis[1];
	CHECK(before && before != out);
	CHECK(ways_refused(&world->overlay->ways, &world->overlay->slots[3]->ways, CVSW_SA_IN, before));
	CHECK(!ways_settled(&world->overlay->ways));
	run_watching(WAY_REFUSED_MS - 3000, first(4));
	CHECK(world->overlay->slots[3]->ways.from[1].out == out);
	/* The sender heard nothing of that one. */
	CHECK_MSG(world->n_spis == 2 * sent - 1, "%zu", world->n_spis - sent);
	run_watching(6000, first(4));
	CHECK_MSG(world->n_spis == 2 * sent + 1, "%zu", world->n_spis - sent);
	CHECK(ways_settled(&world->overlay->ways) && world->overlay->slots[3]->ways.from[1].out != out);
	/* The sender refuses it: it goes back to the one before. */
	out = world->overlay->slots[3]->ways.from[1].out;
	ways_renew(&world->overlay->ways);
	while (world->overlay->slots[3]->ways.from[1].out == out)
		run_for(5);
	before = world->overlay->slots[3]->ways.from[1].out;
	CHECK(ways_refused(&world->overlay->ways, &member->ways, CVSW_SA_OUT, before));
	CHECK(world->overlay->slots[3]->ways.from[1].out == out);
	run_for(WAY_REFUSED_MS + 3000);
	CHECK(ways_settled(&world->overlay->ways) && all_reach(first(4)));
	CHECK(world->overlay->slots[3]->ways.from[1].out != before);
	world_end();
}

/* A NIC that only says REGISTER again keeps talking all the while, with new keys. */
static void test_register_again(void)
{
	uint32_t before;

	start_members(&encrypted, 5);
	before = world->overlay->slots[2]->ways.from[1].out;
	legacy_register(&world->ours[2], false, world->now);
	run_watching(3000, first(5));
	CHECK(world->overlay->slots[2]->ways.from[1].out != before);
	for (unsigned int i = 0; i < 5; i++)
		CHECK(count_sas(i) == 8 && !world->nics[i].n_sa_refused);
	world_end();
}

/* One that has rebooted gets new keys, and never one that it had. */
static void test_reboot(void)
{
	start_members(&encrypted, 5);
	for (int i = 0; i < 3; i++) {
		simnic_reset(&world->nics[2]);
		simnic_link_up(&world->nics[2]);
		legacy_register(&world->ours[2], false, world->now);
		run_watching(300, first(5) & ~4ull);
	}
	run_watching(4000, first(5) & ~4ull);
	CHECK(all_reach(first(5)));
	CHECK(!leaks(2));
	CHECK(ways_settled(&world->overlay->ways));
	world_end();
}

/* ---- a restart of ours ---- */

/*
 * As store/state_overlay.c does it: members, and of each way that is known its SPIs.  What their
 * NICs should have is the same as before, and is made again.
 */
static void restart(void)
{
	struct overlay *before = world->overlay, *overlay = overlay_new(&before->config);
	struct overlay_member *to, *from, *member;

	world->n_frames = 0;	/* what was under way belongs to conversations that are over */
	world->ways.under_way = 0;
	world->ways.next_spi += 1000;
	overlay_each(to, before) {
		struct nic *nic = to->ways.nic;

		nic_drop_sas(nic);
		flowset_clear(told_to(nic));
		nic_overlay(nic)->in_use = false;
		member = overlay_join(overlay, nic, to->ways.slot);
		nic->ask_sas = true;
	}
	overlay_each(to, before)
		overlay_each(from, before) {
			const struct way *way = &to->ways.from[from->ways.slot];
			struct way *kept = &overlay->slots[to->ways.slot]->ways.from[from->ways.slot];

			if (!way->known)
				continue;
			way_keep(kept, way->known_out);
			kept->n_spis = way->n_spis;
			memcpy(kept->spis, way->spis, sizeof(way->spis));
		}
	overlay->ways.has_kept = true;
	overlay_each(member, overlay)
		before->slots[member->ways.slot]->ways.nic = &world->ours[MAX_NICS - 1];
	overlay_free(before);
	overlay_each(member, overlay)
		member->ways.nic->member = member;
	world->overlay = overlay;
}

/* A new conversation, and the answer to what is asked in it. */
static void answer(unsigned int i)
{
	static struct cvsw_v3_listed_sa sas[MAX_SPIS];
	const struct simnic *simnic = &world->nics[i];
	struct nic *nic = &world->ours[i];
	size_t n = 0;

	legacy_register(nic, true, world->now);
	nic->ask_sas = false;
	for (size_t s = 0; s < simnic->n_sas; s++)
		if (!simnic->sas[s].deleted)
			sas[n++] = (struct cvsw_v3_listed_sa){ simnic->sas[s].sa.spi,
							       simnic->sas[s].sa.direction, 0 };
	ways_found(&world->overlay->ways, &nic->member->ways, sas, n);
}

static void start_confirming(unsigned int n)
{
	confirms = true;
	start_members(&encrypted, n);
	CHECK(ways_settled(&world->overlay->ways));
}

static void end_confirming(void)
{
	world_end();
	confirms = false;
}

static void test_resumed(void)
{
	uint32_t spis[5][5];
	size_t sent;

	start_confirming(5);
	sent = world->n_spis;
	for (unsigned int i = 0; i < 5; i++)
		for (unsigned int j = 0; j < 5; j++)
			spis[i][j] = world->overlay->slots[i]->ways.from[j].out;
	for (int n = 0; n < 3; n++) {
		restart();
		CHECK(!ways_settled(&world->overlay->ways));
		for (unsigned int i = 0; i < 5; i++) {
			run_watching(20, first(5));
			answer(i);
		}
		run_watching(3000, first(5));
		CHECK(ways_settled(&world->overlay->ways));
		CHECK_MSG(world->n_spis == sent, "%zu new SAs", world->n_spis - sent);
		for (unsigned int i = 0; i < 5; i++) {
			CHECK(count_sas(i) == 8 && !leaks(i));
			for (unsigned int j = 0; j < 5; j++)
				CHECK(world->overlay->slots[i]->ways.from[j].out == spis[i][j]);
		}
	}
	/* Its keys end as any: new ones are made, the old ones go. */
	ways_renew(&world->overlay->ways);
	run_watching(3000, first(5));
	CHECK(world->n_spis == 2 * sent && ways_settled(&world->overlay->ways));
	for (unsigned int i = 0; i < 5; i++)
		CHECK(count_sas(i) == 8 && !world->nics[i].n_sa_refused);
	end_confirming();
}

/* An SA that one end has lost, one that nobody knows, and a NIC that has started anew. */
static void test_resumed_in_part(void)
{
	struct simnic *simnic;
	size_t sent;
	uint32_t lost;

	start_confirming(4);
	sent = world->n_spis;
	simnic = &world->nics[2];
	restart();
	lost = world->overlay->slots[1]->ways.from[2].out;
	for (size_t i = 0; i < simnic->n_sas; i++)
		simnic->sas[i].deleted |= simnic->sas[i].sa.spi == lost;
	world->overlay->slots[3]->ways.from[0].spis[0] += 5000;	/* NICs have one that is stored nowhere */
	for (unsigned int i = 0; i < 4; i++)
		answer(i);
	run_for(4000);
	CHECK(ways_settled(&world->overlay->ways) && all_reach(first(4)));
	CHECK_MSG(world->n_spis == sent + 4, "%zu new SAs", world->n_spis - sent);
	CHECK(world->overlay->slots[1]->ways.from[2].out != lost);
	for (unsigned int i = 0; i < 4; i++)
		CHECK_MSG(count_sas(i) == 6, "%u has %u", i, count_sas(i));
	restart();
	simnic_reset(simnic);
	simnic_link_up(simnic);
	for (unsigned int i = 0; i < 4; i++)
		answer(i);
	run_watching(5000, first(2));
	CHECK(ways_settled(&world->overlay->ways) && all_reach(first(4)));
	CHECK_MSG(world->n_spis == sent + 4 + 12, "%zu new SAs", world->n_spis - sent);
	end_confirming();
}

/* We end in the middle of new keys, anywhere: nobody is interrupted, and no SA stays behind. */
static void test_resumed_in_the_middle(void)
{
	for (int ms = 0; ms < 1400; ms += 67) {
		start_confirming(4);
		ways_renew(&world->overlay->ways);
		run_watching(ms, first(4));
		restart();
		for (unsigned int i = 0; i < 4; i++)
			answer(i);
		run_watching(4000, first(4));
		CHECK_MSG(ways_settled(&world->overlay->ways), "after %d ms", ms);
		for (unsigned int i = 0; i < 4; i++)
			CHECK_MSG(count_sas(i) == 6,
				  "after %d ms: %u has %u", ms, i, count_sas(i));
		end_confirming();
	}
}

/* Said that it has them, and then registered again, before the other end said anything. */
static void test_resumed_and_registered(void)
{
	size_t sent;

	start_confirming(3);
	sent = world->n_spis;
	restart();
	answer(0);
	run_for(100);
	legacy_register(&world->ours[0], true, world->now);
	run_for(100);
	answer(1);
	answer(2);
	run_watching(6000, first(3));
	CHECK(ways_settled(&world->overlay->ways));
	/* Its four ways, at both ends. */
	CHECK_MSG(world->n_spis == sent + 8, "%zu new SAs", world->n_spis - sent);
	end_confirming();
}

/* An end says that it has it, but that it has stopped, or that few numbers are left. */
static void test_resumed_reasons(void)
{
	struct cvsw_v3_listed_sa sas[4];
	size_t sent;

	start_confirming(3);
	sent = world->n_spis;
	restart();
	answer(0);
	answer(1);
	answer(2);
	for (int i = 0; i < 4; i++)
		sas[i] = (struct cvsw_v3_listed_sa){ world->nics[2].sas[i].sa.spi,
						     world->nics[2].sas[i].sa.direction,
						     i < 2 ? i + CVSW_V3_SA_RAN_OUT : 0 };
	sas[2].reason = CVSW_V3_SA_RUNS_OUT;
	ways_found(&world->overlay->ways, &world->ours[2].member->ways, sas, 4);
	run_for(5000);
	CHECK_MSG(world->n_spis == sent + 4, "%zu new SAs", world->n_spis - sent);
	run_watching(WAY_EXPIRES_MIN_MS, first(3));
	/* Those that have ended at once, and the other one 10 s after it counts as made. */
	CHECK_MSG(world->n_spis == sent + 6, "%zu new SAs", world->n_spis - sent);
	CHECK(ways_settled(&world->overlay->ways) && count_sas(2) == 4);
	end_confirming();
}

/* Nobody knows how old the keys are, so their time ends at any time. */
static void test_resumed_time(void)
{
	const uint64_t life = encrypted.rekey_s * 1000ull;
	uint64_t soonest = UINT64_MAX, latest = 0;

	for (int i = 0; i < 100; i++) {
		uint64_t left;

		world_start(&encrypted);
		world->overlay->ways.has_kept = true;
		run_for(10);
		left = world->overlay->ways.rekey_at - world->now;
		CHECK(left <= life);
		soonest = left < soonest ? left : soonest;
		latest = left > latest ? left : latest;
		world_end();
	}
	CHECK_MSG(soonest < life / 5 && latest > life * 4 / 5, "%llu to %llu ms",
		  (unsigned long long)soonest, (unsigned long long)latest);
}

/*
 * Registers five times a second: gets new keys all right, but not that often.  SAs that
 * were made for a renewal of three members: eight, at both ends.
 */
static void test_storm(void)
{
	size_t before, renewals;

	start_members(&encrypted, 3);
	before = world->n_spis;
	for (int i = 0; i < 500; i++) {
		legacy_register(&world->ours[1], false, world->now);
		run_watching(210, first(3));
	}
	renewals = (world->n_spis - before) / 8;
	CHECK_MSG(renewals >= 6 && renewals <= WAY_RENEW_BURST + 500 * 210 / WAY_RENEW_EVERY_MS,
		  "%zu renewals", renewals);
	run_for(WAY_RENEW_EVERY_MS + 2000);
	CHECK(all_reach(first(3)) && ways_settled(&world->overlay->ways));
	CHECK(count_sas(0) == 4 && count_sas(2) == 4);
	world_end();
}

/* Says of an SA that it expires, of another, and of one that nobody has, all the time. */
static void test_expiring(void)
{
	struct overlay_member *member;
	size_t before, n = 0;
	uint32_t out;

	start_members(&encrypted, 3);
	member = world->overlay->slots[1];
	before = world->n_spis;
	out = world->overlay->slots[0]->ways.from[1].out;
	CHECK(!ways_expiring(&world->overlay->ways, &member->ways, CVSW_SA_OUT, 0x4711));
	CHECK(!ways_expiring(&world->overlay->ways, &member->ways, CVSW_SA_IN, out));
	CHECK(ways_expiring(&world->overlay->ways, &member->ways, CVSW_SA_OUT, out));
	run_watching(WAY_EXPIRES_MIN_MS - 5000, first(3));
	CHECK(world->n_spis == before);
	run_watching(6000, first(3));
	/* That way, and no other one. */
	CHECK_MSG(world->n_spis == before + 2, "%zu", world->n_spis - before);
	CHECK(world->overlay->slots[0]->ways.from[1].out != out);
	run_watching(2 * WAY_EXPIRES_MIN_MS, first(3));
	CHECK_MSG(world->n_spis == before + 2, "%zu", world->n_spis - before);
	CHECK(!ways_expiring(&world->overlay->ways, &member->ways, CVSW_SA_OUT, out));
	for (uint64_t ms = 0; ms < 3 * WAY_EXPIRES_MIN_MS; ms += 100) {
		out = world->overlay->slots[0]->ways.from[1].out;
		n += ways_expiring(&world->overlay->ways, &member->ways, CVSW_SA_OUT, out);
		run_watching(100, first(3));
	}
	CHECK(n > 200);
	CHECK_MSG(world->n_spis - before <= 2 * 5, "%zu", world->n_spis - before);
	CHECK(count_sas(0) == 4 && ways_settled(&world->overlay->ways));
	world_end();
}

/* Members that are not there keep nobody from talking; they join when they register. */
static void test_absent(void)
{
	start_members(&encrypted, 3);
	join(3);
	join(4);
	run_watching(500, first(3));
	CHECK(ways_settled(&world->overlay->ways));
	legacy_register(&world->ours[4], true, world->now);
	run_watching(1500, first(3));
	CHECK(all_reach(first(5) & ~8ull));
	nic_absent(&world->ours[0]);
	run_watching(500, 0x16);
	legacy_register(&world->ours[0], true, world->now);
	run_watching(2500, 0x16);
	CHECK(all_reach(first(5) & ~8ull));
	world_end();
}

static void run_nothing(struct nic *nic, uint64_t now)
{
	(void)nic;
	(void)now;
}

static size_t queued_sas(const struct nic *nic)
{
	const struct nic_sa *queued;
	size_t n = 0;

	STAILQ_FOREACH(queued, &nic->sas, in_order)
		n++;
	return n;
}

/* Its conversation lasts, so keys wait for it: but only as many as a receiver takes, not all. */
static void test_away_for_long(void)
{
	const struct link_ops *ops;
	struct link_ops away;

	start_members(&encrypted, 3);
	ops = world->ours[0].link->ops;
	away = *ops;
	away.run = run_nothing;
	world->ours[0].link->ops = &away;
	for (int i = 0; i < 30; i++) {
		ways_renew(&world->overlay->ways);
		run_for(3000);
	}
	CHECK_MSG(queued_sas(&world->ours[0]) <= 2 * (2 * WAY_SPIS), "%zu wait for it",
		  queued_sas(&world->ours[0]));
	world->ours[0].link->ops = ops;
	run_for(5000);
	CHECK(ways_settled(&world->overlay->ways) && all_reach(first(3)));
	for (unsigned int i = 0; i < 3; i++)
		CHECK_MSG(count_sas(i) == 4, "%u has %u", i, count_sas(i));
	world_end();
}

/* Frames are lost and overtake each other: flows heal by themselves, lost SAs with new keys. */
static void test_loss(void)
{
	start_members(&encrypted, 6);
	world->loss = 10;
	world->jitter = 20;
	ways_renew(&world->overlay->ways);
	run_for(20000);
	world->loss = 0;
	world->jitter = 0;
	for (int i = 0; i < 2; i++) {
		ways_renew(&world->overlay->ways);
		run_for(40000);
	}
	CHECK(ways_settled(&world->overlay->ways));
	CHECK(all_reach(first(6)));
	for (unsigned int i = 0; i < 6; i++)
		CHECK(!leaks(i));
	world_end();
}

static void test_inner_macs(void)
{
	static const uint8_t inner[CVSW_ETH_ALEN] = { 2, 0xaa, 0, 0, 0, 1 };
	struct overlay_member *member;

	start_members(&encrypted, 3);
	simnic_link_up(&world->nics[3]);
	run_for(50);
	member = join(3);
	memcpy(member->macs[member->n_macs++], inner, CVSW_ETH_ALEN);
	CHECK(overlay_owner(world->overlay, inner) == member);
	legacy_register(&world->ours[3], true, world->now);
	run_for(1500);
	CHECK(all_reach(first(4)));
	CHECK(unicast_reaches(0, 3, inner) && !unicast_reaches(0, 2, inner));
	world_end();
}

static void test_pool(void)
{
	struct overlay_config tiny = plain;

	tiny.pool_len = 30;
	world_start(&tiny);
	CHECK(overlay_address(world->overlay, join(0)) == 0xc0000201);
	CHECK(overlay_address(world->overlay, join(1)) == 0xc0000202);
	CHECK(!join(2));
	world_end();
}

static bool permits(const struct overlay_config *config, const char *text)
{
	struct cvsw_flow flow = flow_of(text);

	return overlay_permits(config, &flow);
}

static void test_flows_by_hand(void)
{
	CHECK(permits(&encrypted, "priority=32768,tcp,actions=NORMAL"));
	CHECK(!permits(&encrypted, "priority=61440,tcp,actions=drop"));
	CHECK(!permits(&encrypted, "priority=61695,tcp,actions=drop"));
	CHECK(!permits(&plain, "priority=61500,tcp,actions=drop"));
	CHECK(permits(&plain, "priority=61696,tcp,actions=NORMAL"));
	CHECK(!permits(&encrypted, "priority=61696,tcp,actions=NORMAL"));
	CHECK(!permits(&encrypted, "priority=61696,tcp,actions=mod_nw_dst:10.0.0.1"));
	CHECK(permits(&encrypted, "priority=61696,tcp,tp_dst=23,actions=drop"));
	CHECK(permits(&encrypted, "priority=61696,tcp,actions=mod_nw_dst:10.0.0.1,next"));
	CHECK(!permits(&encrypted, "priority=61696,tcp,actions=clone(mod_nw_dst:10.0.0.1),next"));
}

/* A member's own flows come and go beside the overlay's. */
static void test_beside(void)
{
	struct cvsw_flow flow = flow_of("priority=62000,tcp,tp_dst=23,actions=drop");
	struct nic *nic;

	start_members(&encrypted, 3);
	nic = &world->ours[1];
	nic_put_flow(nic, &flow, false);
	nic_desired_changed(nic, false, world->now);
	run_watching(400, first(3));
	CHECK(flowset_find(&world->nics[1].table, &flow.match, flow.priority));
	nic_remove_flow(nic, &flow);
	nic_desired_changed(nic, false, world->now);
	run_watching(400, first(3));
	CHECK(!flowset_find(&world->nics[1].table, &flow.match, flow.priority));
	/* An MTU by hand counts if it is the smaller one. */
	nic_hand(nic)->mtu = 1300;
	nic_desired_changed(nic, true, world->now);
	run_for(50);
	CHECK(world->nics[1].mtu == 1300);
	nic_hand(nic)->mtu = 9000;
	nic_desired_changed(nic, true, world->now);
	run_for(50);
	CHECK(world->nics[1].mtu == 1416);
	world_end();
}

static const struct tap_test tests[] = {
	{ "overlay: MTU", test_mtu },
	{ "overlay: configurations that cannot be", test_config },
	{ "overlay: 2, 3 and 40 members, plain, ESP, ESP in UDP", test_sizes },
	{ "overlay: joining and leaving", test_plain_changes },
	{ "overlay: joining and leaving, encrypted", test_encrypted_changes },
	{ "overlay: who leaves loses its keys", test_left_sas },
	{ "overlay: new keys", test_rekey },
	{ "overlay: a turn makes a bounded number of keys", test_bounded },
	{ "overlay: a bounded number of ways waits for NICs", test_under_way },
	{ "overlay: the time of new keys is spread", test_jitter },
	{ "overlay: an SA that is refused is replaced, and no other one", test_refused },
	{ "overlay: REGISTER leads to new keys", test_register_again },
	{ "overlay: a rebooted member", test_reboot },
	{ "overlay: SAs that both ends have outlive the daemon", test_resumed },
	{ "overlay: after a restart, SAs that are lost or unknown", test_resumed_in_part },
	{ "overlay: a restart in the middle of new keys", test_resumed_in_the_middle },
	{ "overlay: a NIC registers again after a restart", test_resumed_and_registered },
	{ "overlay: after a restart, SAs that have ended", test_resumed_reasons },
	{ "overlay: the time of keys that outlive the daemon", test_resumed_time },
	{ "overlay: REGISTER all the time", test_storm },
	{ "overlay: an SA that expires is replaced, however often that is said", test_expiring },
	{ "overlay: absent members", test_absent },
		{ "overlay: a member that is away for long", test_away_for_long },
	{ "overlay: lost and late frames", test_loss },
	{ "overlay: inner addresses from the command", test_inner_macs },
	{ "overlay: addresses from the pool", test_pool },
	{ "overlay: which flows by hand go with it", test_flows_by_hand },
	{ "overlay: flows and MTU by hand beside it", test_beside },
	{ 0 },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, (const struct tap_test *const []) { tests, NULL });
}
