// SPDX-License-Identifier: GPL-2.0-or-later
#include "overlay_world.h"

#include <stdlib.h>
#include <sys/random.h>

#include "nic/legacy.h"
#include "nic/link.h"
#include "nic/nics.h"
#include "tap.h"

struct world *world;

const struct overlay_config plain = {
	.name = "plain", .vni = 5, .pool = 0xc0000200, .pool_len = 24, .underlay_mtu = 1500,
};
const struct overlay_config encrypted = {
	.name = "secret", .vni = 7, .key_len = 32, .pool = 0xc0000200, .pool_len = 24,
	.underlay_mtu = 1500, .rekey_s = 3600,
};

/* ---- frames ---- */

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
	if (world->n_spis == WORLD_SPIS)
		abort();
	world->spis[world->n_spis].spi = sa.spi;
	world->spis[world->n_spis].direction = sa.direction;
	memcpy(world->spis[world->n_spis++].key, sa.key, 8);
}

static void put_frame(unsigned int nic, bool to_nic, const uint8_t *frame, size_t len)
{
	/* Each NIC at another distance, so that a way's two ends never change at once. */
	lossy_put(&world->between, nic, to_nic, nic % 4 * 12, frame, len);
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

static void deliver(void *arg, const struct lossy_frame *frame)
{
	struct nic *nic = &world->ours[frame->nic];
	struct cvsw_msg msg;

	(void)arg;
	if (frame->to_nic && world->deaf[frame->nic])
		return;
	if (frame->to_nic)
		simnic_receive(&world->nics[frame->nic], frame->data, frame->len);
	else if (cvsw_msg_decode(frame->data, frame->len, &msg, NULL) != CVSW_OK)
		abort();
	else if (msg.type == CVSW_MSG_REGISTER)
		legacy_register(nic, false, world->between.now);
	else if (msg.type == CVSW_MSG_LIST_ENTRIES)
		legacy_list(nic, &msg, world->between.now);
}

/* ---- NICs ---- */

static const struct link_ops *legacy;
static bool confirms;	/* the links that are made now */

static void mac_of(unsigned int i, uint8_t mac[CVSW_ETH_ALEN])
{
	const uint8_t fresh[CVSW_ETH_ALEN] = { 2, 0, 0, 0, 1, i };

	memcpy(mac, fresh, sizeof(fresh));
}

struct flowset *told_to(const struct nic *nic)
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

/* nics.c's: what overlays.c has NICs do at once happens here when their time goes on. */
void nic_go_on(struct nic *nic)
{
	(void)nic;
}

static void random_bytes(void *buf, size_t len)
{
	if (getrandom(buf, len, 0) != (ssize_t)len)
		abort();
}

static void on_changed(void *owner, struct nic *nic, bool settings)
{
	(void)owner;
	nic_desired_changed(nic, settings, world->between.now);
}

static void on_event(const struct hub_event *event)
{
	(void)event;
}

static const struct nic_world around = { .send = to_nic, .event = on_event };

void world_start(const struct overlay_config *config)
{
	world = calloc(1, sizeof(*world));
	world->between.now = 1000;
	world->between.random = 1;
	world->turn = WAYS_BUDGET;
	world->spis = calloc(WORLD_SPIS, sizeof(*world->spis));
	world->overlay = overlay_new(config);
	world->ways = (struct ways_world){
		.next_spi = 0xfffffff0, .random = random_bytes, .changed = on_changed,
		.most_under_way = WAYS_UNDER_WAY,
	};
	for (unsigned int i = 0; i < WORLD_NICS; i++) {
		uint8_t mac[CVSW_ETH_ALEN];

		mac_of(i, mac);
		nic_init(&world->ours[i], mac, &around);
		make_link(&world->ours[i]);
		simnic_init(&world->nics[i], mac, nic_sends, &world->nics[i]);
	}
}

void world_end(void)
{
	CHECK(!world->n_reused);
	overlay_free(world->overlay);
	for (unsigned int i = 0; i < WORLD_NICS; i++) {
		CHECK(!world->nics[i].n_malformed);
		CHECK(!world->nics[i].n_sa_refused || world->may_refuse);
		nic_clear(&world->ours[i]);
		flowset_clear(&world->told[i]);
		simnic_free(&world->nics[i]);
	}
	lossy_free(&world->between);
	free(world->spis);
	free(world);
}

/* Nothing is left to do with those that nothing stirs, though not all ways were looked at. */
static void check_nothing_overlooked(void)
{
	struct ways_group *group = &world->overlay->ways;
	uint8_t phases[WORLD_NICS][WORLD_NICS] = { 0 };
	struct ways_member *to, *from;

	ways_each(to, group)
		if (to->stirred || to->waits || to->renew)
			return;
	ways_each(to, group) {
		to->stirred = true;
		ways_each(from, group)
			phases[to->slot][from->slot] = to->from[from->slot].phase;
	}
	ways_run(group, &world->ways, world->between.now);
	ways_each(to, group)
		ways_each(from, group)
			CHECK(phases[to->slot][from->slot] == to->from[from->slot].phase);
}

/* As overlays.c does it, a turn after the other. */
static void run_ways(void)
{
	const struct overlay_member *member;
	uint64_t next;

	world->ways.budget = world->turn;
	next = ways_run(&world->overlay->ways, &world->ways, world->between.now);
	if (world->turn - world->ways.budget > world->most_spent)
		world->most_spent = world->turn - world->ways.budget;
	CHECK(world->ways.budget > 0 || next == world->between.now);
	check_nothing_overlooked();
	overlay_each(member, world->overlay)
		if (!member->ways.dirty)
			check_told(member);
}

void run_ms(void)
{
	lossy_deliver(&world->between, deliver, NULL);
	for (unsigned int i = 0; i < WORLD_NICS; i++)
		nic_run(&world->ours[i], world->between.now);
	if (world->between.now % 5 == 0)
		run_ways();
	world->between.now++;
}

void run_for(uint64_t ms)
{
	while (ms--)
		run_ms();
}

struct overlay_member *join(unsigned int i)
{
	return overlay_join(world->overlay, &world->ours[i], -1);
}

/* As overlays_leave() does it. */
void leave(unsigned int i)
{
	struct nic *nic = &world->ours[i];
	struct overlay_member *member = nic->member;

	nic_hand(nic)->in_use = true;
	nic_drop_made(nic);
	CHECK(!told_to(nic)->n);
	ways_close(&world->overlay->ways, &member->ways);
	overlay_leave(world->overlay, member);
	nic_hand(nic)->mtu = world->overlay->config.underlay_mtu;
	nic_desired_changed(nic, true, world->between.now);
}

void registers(unsigned int i)
{
	legacy_register(&world->ours[i], true, world->between.now);
}

void start_members(const struct overlay_config *config, unsigned int n)
{
	world_start(config);
	for (unsigned int i = 0; i < n; i++)
		simnic_link_up(&world->nics[i]);
	for (unsigned int i = 0; i < n; i++)
		registers(i);
	run_for(50);
	for (unsigned int i = 0; i < n; i++)
		join(i);
	run_for(2000);
	world->n_first_spis = world->n_spis;
}

void start_confirming(const struct overlay_config *config, unsigned int n)
{
	confirms = true;
	start_members(config, n);
	confirms = false;
	CHECK(settled());
}

/* ---- keys ---- */

void renew(void)
{
	ways_renew(&world->overlay->ways);
}

bool settled(void)
{
	return ways_settled(&world->overlay->ways);
}

struct way *way(unsigned int to, unsigned int from)
{
	return &world->overlay->slots[to]->ways.from[from];
}

size_t new_sas(void)
{
	return world->n_spis - world->n_first_spis;
}

unsigned int count_sas(unsigned int nic)
{
	unsigned int n = 0;

	for (size_t i = 0; i < world->nics[nic].n_sas; i++)
		n += !world->nics[nic].sas[i].deleted;
	return n;
}

void check_sas(unsigned int n)
{
	CHECK(settled());
	for (unsigned int i = 0; i < n; i++)
		CHECK_MSG(count_sas(i) == 2 * (n - 1), "%u has %u", i, count_sas(i));
}

/* ---- what NICs would do with frames ---- */

static uint32_t ipv4_of(const uint8_t address[CVSW_IP_LEN])
{
	return (uint32_t)address[12] << 24 | address[13] << 16 | address[14] << 8 | address[15];
}

static bool is_encrypted(void)
{
	return world->overlay->config.key_len;
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

bool unicast_reaches(unsigned int from, unsigned int to, const uint8_t *mac)
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
unsigned int broadcast_copies(unsigned int from, unsigned int to)
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

bool reaches(unsigned int from, unsigned int to)
{
	return unicast_reaches(from, to, world->nics[to].mac) &&
	       broadcast_copies(from, to) == 1;
}

uint64_t first(unsigned int n)
{
	return (1ull << n) - 1;
}

/* Each member of @bits each other one. */
bool all_reach(uint64_t bits)
{
	for (unsigned int from = 0; from < WORLD_NICS; from++)
		for (unsigned int to = 0; to < WORLD_NICS; to++)
			if (from != to && bits >> from & 1 && bits >> to & 1 && !reaches(from, to))
				return false;
	return true;
}

/* Can a frame get out of a NIC, or into its guest, past the overlay? */
bool leaks(unsigned int i)
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

bool any_leaks(uint64_t bits)
{
	for (unsigned int i = 0; i < WORLD_NICS; i++)
		if (bits >> i & 1 && leaks(i))
			return true;
	return false;
}

/*
 * Runs for @ms; each of @bits must reach each other all the time.  What two NICs
 * do in the wrong order shows for as long as their distances differ: 12 ms or more.
 */
void run_watching(uint64_t ms, uint64_t bits)
{
	for (; ms; ms--) {
		run_ms();
		if (ms % 4 == 0 && !all_reach(bits)) {
			CHECK_MSG(false, "interrupted at %llu ms",
				  (unsigned long long)world->between.now);
			return;
		}
	}
}
