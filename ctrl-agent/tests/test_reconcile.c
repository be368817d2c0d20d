// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets of flows, the decision what to send, and the answer to LIST_ENTRIES. */
#include <stdio.h>
#include <stdlib.h>

#include "cvsw_ofp10.h"
#include "flows.h"
#include "nic/legacy_listing.h"
#include "nic/legacy_reconcile.h"
#include "tap.h"

#define SEEDS	2000

/* The slow and obvious flow table that a flowset is compared with. */
struct plain_table {
	struct cvsw_flow flows[64];
	size_t n;
};

static void plain_put(struct plain_table *table, const struct cvsw_flow *flow)
{
	size_t i;

	for (i = 0; i < table->n; i++)
		if (table->flows[i].priority == flow->priority &&
		    cvsw_match_equal(&table->flows[i].match, &flow->match))
			break;
	memcpy(&table->flows[i], flow, offsetof(struct cvsw_flow, actions[flow->n_actions]));
	table->n += i == table->n;
}

static void plain_delete(struct plain_table *table, const struct cvsw_match *match)
{
	size_t kept = 0;

	for (size_t i = 0; i < table->n; i++)
		if (!cvsw_match_covers(match, &table->flows[i].match))
			table->flows[kept++] = table->flows[i];
	table->n = kept;
}

static bool plain_same(const struct plain_table *table, const struct flowset *set)
{
	const struct flow_node *node;
	size_t i = 0;

	if (table->n != set->n)
		return false;
	flowset_each(node, set)
		if (!cvsw_flow_equal(&table->flows[i++], &node->flow))
			return false;
	return true;
}

static void test_flowset_reference(void)
{
	for (uint32_t seed = 1; seed <= SEEDS; seed++) {
		struct plain_table table = { .n = 0 };
		uint32_t state = seed;
		struct flowset set;

		flowset_init(&set);
		for (int i = 0; i < 60; i++) {
			struct cvsw_flow flow = random_flow(&state);

			if (random_next(&state) % 4) {
				flowset_put(&set, &flow);
				plain_put(&table, &flow);
			} else {
				flowset_remove_covered(&set, &flow.match);
				plain_delete(&table, &flow.match);
			}
		}
		CHECK_MSG(plain_same(&table, &set), "seed %u", seed);
		flowset_clear(&set);
	}
}

static void test_flowset_grows(void)
{
	struct flowset set, other;
	const struct flow_node *each;
	uint64_t number = 0;
	unsigned int n = 0;

	flowset_init(&set);
	flowset_init(&other);
	for (int i = 0; i < 1000; i++) {
		struct cvsw_flow flow = flow_of("priority=%d,tcp,tp_dst=%d,actions=drop", i % 7, i);

		CHECK(flowset_put(&set, &flow));
		number = flowset_now();
		CHECK(!flowset_put(&set, &flow));
		CHECK(flowset_now() == number + 1 && !flowset_since(&set, number + 1));
		CHECK(flowset_since(&set, number) == flowset_since(&set, number - 1));
		CHECK(flowset_find(&set, &flow.match, flow.priority));
	}
	CHECK(set.n == 1000);
	for (struct flow_node *node = TAILQ_FIRST(&set.order); node;
	     node = TAILQ_NEXT(node, in_order))
		CHECK(flowset_find(&set, &node->flow.match, node->flow.priority) == &node->flow);
	flowset_move(&other, &set);
	CHECK(!set.n && other.n == 1000 && !flowset_since(&set, 0));
	/* Two puts of each: the last ten of them. */
	flowset_each_since(each, &other, number - 19)
		CHECK(each->put == number - 17 + 2 * n++);
	CHECK_MSG(n == 10, "%u", n);
	flowset_clear(&other);
}

static void test_sorted(void)
{
	struct cvsw_flow low = flow_of("priority=1,tcp,actions=drop");
	struct cvsw_flow high = flow_of("priority=9,udp,actions=drop");
	struct cvsw_flow also_low = flow_of("priority=1,arp,actions=drop");
	const struct cvsw_flow **sorted;
	struct flowset set;

	flowset_init(&set);
	CHECK(!flowset_sorted(&set));
	flowset_put(&set, &low);
	flowset_put(&set, &high);
	flowset_put(&set, &also_low);
	sorted = flowset_sorted(&set);
	CHECK(sorted[0]->priority == 9);
	CHECK(cvsw_flow_equal(sorted[1], &low) && cvsw_flow_equal(sorted[2], &also_low));
	free(sorted);
	flowset_clear(&set);
}

/* What a NIC would do, on an independent table. */
static void obey(struct plain_table *nic, const struct reconcile_step *step)
{
	if (step->type == CVSW_MSG_DELETE_ENTRY)
		plain_delete(nic, &step->flow->match);
	else
		plain_put(nic, step->flow);
}

/* Runs to the end; returns how many messages it took, or 0 if it did not end. */
static size_t converge(const struct flowset *intent, struct flowset *table,
		       struct plain_table *nic, size_t burst)
{
	struct reconcile_step steps[16];
	size_t total = 0, n;

	while ((n = reconcile(intent, table, steps, burst))) {
		for (size_t i = 0; i < n; i++) {
			if (total + i > 200)
				return 0;
			obey(nic, &steps[i]);
			reconcile_apply(table, &steps[i]);
		}
		total += n;
	}
	return total + 1;
}

static void test_reconcile_random(void)
{
	for (uint32_t seed = 1; seed <= SEEDS; seed++) {
		struct plain_table nic = { .n = 0 };
		struct flowset intent, table;
		const struct flow_node *node;
		uint32_t state = seed;

		flowset_init(&intent);
		flowset_init(&table);
		random_flows(&intent, &state, random_next(&state) % 20);
		random_flows(&table, &state, random_next(&state) % 20);
		flowset_each(node, &table)
			plain_put(&nic, &node->flow);
		CHECK_MSG(converge(&intent, &table, &nic, 1 + random_next(&state) % 16),
			  "seed %u does not end", seed);
		CHECK_MSG(flowsets_equal(&intent, &table), "seed %u: the table differs", seed);
		flowset_clear(&table);
		for (size_t i = 0; i < nic.n; i++)
			flowset_put(&table, &nic.flows[i]);
		CHECK_MSG(flowsets_equal(&intent, &table), "seed %u: the NIC differs", seed);
		flowset_clear(&intent);
		flowset_clear(&table);
	}
}

static void put(struct flowset *set, const char *text)
{
	struct cvsw_flow flow = flow_of(text);

	flowset_put(set, &flow);
}

static void test_reconcile_steps(void)
{
	struct reconcile_step steps[8];
	struct flowset intent, table;

	flowset_init(&intent);
	flowset_init(&table);
	CHECK(!reconcile(&intent, &table, steps, 8));

	/* Other actions: replaced in one step, never deleted first. */
	put(&intent, "priority=5,tcp,actions=drop");
	put(&table, "priority=5,tcp,actions=NORMAL");
	CHECK(reconcile(&intent, &table, steps, 8) == 1);
	CHECK(steps[0].type == CVSW_MSG_SET_ENTRY && !steps[0].flow->n_actions);

	/* A wide extra takes the wanted narrow one along: it comes back. */
	put(&table, "priority=1,ip,actions=drop");
	CHECK(reconcile(&intent, &table, steps, 8) == 1);
	CHECK(steps[0].type == CVSW_MSG_DELETE_ENTRY);
	reconcile_apply(&table, &steps[0]);
	CHECK(!table.n);
	CHECK(reconcile(&intent, &table, steps, 8) == 1);
	CHECK(steps[0].type == CVSW_MSG_SET_ENTRY);
	flowset_clear(&intent);
	flowset_clear(&table);
}

static void test_reconcile_needless_deletes(void)
{
	struct reconcile_step steps[8];
	struct flowset intent, table;

	flowset_init(&intent);
	flowset_init(&table);
	put(&table, "priority=1,ip,actions=drop");
	put(&table, "priority=2,tcp,actions=drop");
	put(&table, "priority=3,tcp,tp_dst=80,actions=drop");
	put(&intent, "priority=1,arp,actions=drop");
	put(&table, "priority=1,arp,actions=drop");
	CHECK(reconcile(&intent, &table, steps, 8) == 1);
	CHECK(steps[0].type == CVSW_MSG_DELETE_ENTRY && steps[0].flow->priority == 1);

	/* Nothing wanted at all: one for everything. */
	put(&table, "priority=1,udp,actions=drop");
	flowset_clear(&intent);
	CHECK(reconcile(&intent, &table, steps, 8) == 1);
	reconcile_apply(&table, &steps[0]);
	CHECK(!table.n);
	flowset_clear(&table);
}

/* A frame of a list: @n times the same flow_mod. */
static struct cvsw_msg frame_of(uint8_t *data, const char *text, size_t n, uint16_t data1)
{
	struct cvsw_msg msg = { .type = CVSW_MSG_LIST_ENTRIES, .data1 = data1, .data = data };
	struct cvsw_flow flow = flow_of(text);

	while (n--)
		msg.len += cvsw_ofp10_encode_v2(CVSW_FLOW_ADD, &flow, data + msg.len, 1400 - msg.len);
	return msg;
}

static void test_listing(void)
{
	uint8_t data[3][1400];
	struct cvsw_msg first = frame_of(data[0], "priority=1,tcp,actions=drop", 1, 2);
	struct cvsw_msg second = frame_of(data[1], "priority=2,tcp,actions=drop", 2, 1);
	struct cvsw_msg last = frame_of(data[2], "priority=3,tcp,actions=drop", 1, 0);
	struct cvsw_msg empty = { .type = CVSW_MSG_LIST_ENTRIES };
	struct cvsw_msg bad = { .type = CVSW_MSG_LIST_ENTRIES, .len = 3, .data = data[0] };
	struct listing listing;

	listing_init(&listing);
	listing_reset(&listing, 10);
	CHECK(listing_add(&listing, &first) == LISTING_MORE);
	CHECK(listing_add(&listing, &second) == LISTING_MORE);
	CHECK(listing_add(&listing, &second) == LISTING_MORE);	/* twice: no harm */
	CHECK(listing_add(&listing, &last) == LISTING_WHOLE);
	CHECK(listing.flows.n == 3 && listing.n_listed == 4);

	listing_reset(&listing, 10);
	CHECK(listing_add(&listing, &first) == LISTING_MORE);
	CHECK(listing_add(&listing, &last) == LISTING_VOID);	/* one is missing */
	/* Another answer begins and is whole. */
	CHECK(listing_add(&listing, &second) == LISTING_MORE);
	CHECK(listing_add(&listing, &last) == LISTING_WHOLE);
	CHECK(listing.flows.n == 2);

	/* After a gap the rest, though in order, is not taken for an answer. */
	listing_reset(&listing, 10);
	first.data1 = 3;
	CHECK(listing_add(&listing, &first) == LISTING_MORE);
	CHECK(listing_add(&listing, &second) == LISTING_VOID);
	CHECK(listing_add(&listing, &last) == LISTING_VOID);
	first.data1 = 2;

	/* A frame that cannot be read spoils its answer to the end. */
	listing_reset(&listing, 10);
	bad.data1 = 1;
	CHECK(listing_add(&listing, &bad) == LISTING_VOID);
	CHECK(listing_add(&listing, &last) == LISTING_VOID);

	listing_reset(&listing, 10);
	CHECK(listing_add(&listing, &empty) == LISTING_WHOLE);
	CHECK(!listing.flows.n);

	listing_reset(&listing, 1);
	CHECK(listing_add(&listing, &first) == LISTING_MORE);
	CHECK(listing_add(&listing, &second) == LISTING_MORE);
	CHECK(listing_overflowed(&listing) && listing.flows.n == 1);
	listing_reset(&listing, 0);
}

static void test_listing_malformed(void)
{
	uint8_t data[1400];
	struct cvsw_msg msg = frame_of(data, "priority=1,tcp,actions=drop", 2, 0);
	struct listing listing;

	listing_init(&listing);
	for (uint16_t len = msg.len - 1; len; len--) {
		struct cvsw_msg cut = msg;
		uint8_t *exact = malloc(len);	/* so that the sanitizer sees a read past it */

		memcpy(exact, data, len);
		cut.data = exact;
		cut.len = len;
		listing_reset(&listing, 10);
		CHECK_MSG((listing_add(&listing, &cut) == LISTING_WHOLE) == (len == msg.len / 2),
			  "cut to %u bytes", len);
		free(exact);
	}
	flowset_clear(&listing.flows);
}

/* Or the link would send it again and again. */
static void test_listed_as_configured(void)
{
	static const char *const texts[] = {
		"priority=1,actions=drop", "priority=7,ipv6,nw_proto=17,tp_dst=53,actions=NORMAL",
		"priority=8,vlan_tci=0/0x1000,actions=mod_vlan_vid:7,NORMAL",
		"priority=9,tcp,nw_src=10.0.0.0/9,actions=mod_nw_tos:32,mod_tp_dst:80,NORMAL",
		"priority=9,ip,actions=set_field:10.1.0.0/16->ip_dst,dec_ttl,NORMAL",
		/* Without a wildcard in ofp_match: OpenFlow 1.0 gives it priority 65535. */
		"in_port=1,dl_vlan=5,dl_vlan_pcp=1,dl_src=02:00:00:00:00:01,"
		"dl_dst=02:00:00:00:00:02,tcp,nw_src=10.0.0.1,nw_dst=10.0.0.2,nw_tos=0,tp_src=1,"
		"tp_dst=2,actions=drop",
	};
	uint8_t data[1400];
	struct listing listing;

	listing_init(&listing);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct cvsw_flow flow = flow_of(texts[i]);
		struct cvsw_msg msg = frame_of(data, texts[i], 1, 0);

		listing_reset(&listing, 10);
		CHECK(listing_add(&listing, &msg) == LISTING_WHOLE);
		CHECK_MSG(flowset_has(&listing.flows, &flow), "%s", texts[i]);
	}
	flowset_clear(&listing.flows);
}

const struct tap_test tests[] = {
	{ "agent flowset: as a slow table", test_flowset_reference },
	{ "agent flowset: a thousand flows", test_flowset_grows },
	{ "agent flowset: sorted by priority, then by age", test_sorted },
	{ "agent reconcile: random tables become the intent", test_reconcile_random },
	{ "agent reconcile: replace, delete, re-add", test_reconcile_steps },
	{ "agent reconcile: one delete for what it covers", test_reconcile_needless_deletes },
	{ "agent listing: countdown, duplicate, gap, limit", test_listing },
	{ "agent listing: cut anywhere", test_listing_malformed },
	{ "agent listing: a flow is listed as it is configured", test_listed_as_configured },
	{ 0 },
};
