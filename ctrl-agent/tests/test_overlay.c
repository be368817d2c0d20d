// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Overlays: what flows a member gets, and whether all members reach each other, all the time,
 * while members come and go.
 */
#include <stdlib.h>

#include "cvsw_flow_mod.h"
#include "overlay_world.h"

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
	CHECK(settled());
	CHECK(all_reach(first(n)));
	CHECK(!any_leaks(first(n)));
	for (unsigned int i = 0; i < n; i++) {
		CHECK(world->nics[i].mtu == overlay_mtu(config));
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
		registers(i);
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
	CHECK(settled());
	CHECK(!world->nics[3].table.n && world->nics[3].mtu == 1500);
	CHECK(!any_leaks(first(20) & ~(1ull << 3)));
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

/* Members that are not there keep nobody from talking; they join when they register. */
WORLD_TEST(test_absent, start_members(&encrypted, 3))
{
	join(3);
	join(4);
	run_watching(500, first(3));
	CHECK(settled());
	registers(4);
	run_watching(1500, first(3));
	CHECK(all_reach(first(5) & ~8ull));
	nic_absent(&world->ours[0]);
	run_watching(500, 0x16);
	registers(0);
	run_watching(2500, 0x16);
	CHECK(all_reach(first(5) & ~8ull));
}

WORLD_TEST(test_inner_macs, start_members(&encrypted, 3))
{
	static const uint8_t inner[CVSW_ETH_ALEN] = { 2, 0xaa, 0, 0, 0, 1 };
	struct overlay_member *member;

	simnic_link_up(&world->nics[3]);
	run_for(50);
	member = join(3);
	memcpy(member->macs[member->n_macs++], inner, CVSW_ETH_ALEN);
	CHECK(overlay_owner(world->overlay, inner) == member);
	registers(3);
	run_for(1500);
	CHECK(all_reach(first(4)));
	CHECK(unicast_reaches(0, 3, inner) && !unicast_reaches(0, 2, inner));
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
WORLD_TEST(test_beside, start_members(&encrypted, 3))
{
	struct cvsw_flow flow = flow_of("priority=62000,tcp,tp_dst=23,actions=drop");
	struct nic *nic;

	nic = &world->ours[1];
	nic_put_flow(nic, DESIRED_HAND, &flow, false);
	nic_desired_changed(nic, false, world->between.now);
	run_watching(400, first(3));
	CHECK(flowset_find(&world->nics[1].table, &flow.match, flow.priority));
	nic_remove_flow(nic, &flow);
	nic_desired_changed(nic, false, world->between.now);
	run_watching(400, first(3));
	CHECK(!flowset_find(&world->nics[1].table, &flow.match, flow.priority));
	/* An MTU by hand counts if it is the smaller one. */
	nic_hand(nic)->mtu = 1300;
	nic_desired_changed(nic, true, world->between.now);
	run_for(50);
	CHECK(world->nics[1].mtu == 1300);
	nic_hand(nic)->mtu = 9000;
	nic_desired_changed(nic, true, world->between.now);
	run_for(50);
	CHECK(world->nics[1].mtu == 1416);
}

const struct tap_test tests[] = {
	{ "overlay: MTU", test_mtu },
	{ "overlay: configurations that cannot be", test_config },
	{ "overlay: 2, 3 and 40 members, plain, ESP, ESP in UDP", test_sizes },
	{ "overlay: joining and leaving", test_plain_changes },
	{ "overlay: joining and leaving, encrypted", test_encrypted_changes },
	{ "overlay: absent members", test_absent },
	{ "overlay: inner addresses from the command", test_inner_macs },
	{ "overlay: addresses from the pool", test_pool },
	{ "overlay: which flows by hand go with it", test_flows_by_hand },
	{ "overlay: flows and MTU by hand beside it", test_beside },
	{ 0 },
};
