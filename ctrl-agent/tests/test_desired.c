// SPDX-License-Identifier: GPL-2.0-or-later
/* What layers come to together, kept flow by flow: against a merge of all of it. */
#include <stdio.h>
#include <time.h>

#include "flows.h"
#include "nic/desired.h"
#include "tap.h"

#define ROUNDS	20000
#define MANY	15000

/* The slow way: what the last layer has of a match and priority, whoever else has one. */
static void merge(const struct desired *desired, struct flowset *all)
{
	const struct flow_node *node;

	flowset_init(all);
	for (size_t i = 0; i < DESIRED_LAYERS; i++)
		if (!i || desired->layers[i].in_use)
			flowset_each(node, &desired->layers[i].flows)
				flowset_put(all, &node->flow);
}

/* What somebody has who follows the puts, and looks for himself at what has gone. */
static void follow(const struct desired *desired, struct flowset *mine, uint64_t since)
{
	const struct flowset *flows = desired_flows(desired);
	struct flow_node *node = TAILQ_FIRST(&mine->order), *next;

	for (; node; node = next) {
		next = TAILQ_NEXT(node, in_order);
		if (!flowset_find(flows, &node->flow.match, node->flow.priority))
			flowset_remove(mine, &node->flow.match, node->flow.priority);
	}
	flowset_each_since(node, flows, since)
		flowset_put(mine, &node->flow);
}

/* Flows of few matches, so that layers often have the same ones. */
static struct cvsw_flow some_flow(uint32_t *random)
{
	char text[64];

	snprintf(text, sizeof(text), "priority=%u,tcp,tp_dst=%u,actions=%s",
		 random_next(random) % 3, random_next(random) % 5,
		 random_next(random) % 2 ? "drop" : "NORMAL");
	return flow_of(text);
}

static void change(struct desired *desired, uint32_t *random)
{
	enum desired_layer which = random_next(random) % DESIRED_LAYERS;
	struct cvsw_flow flow = some_flow(random);
	struct flowset flows;

	switch (random_next(random) % 16) {
	case 0:
		desired_use(desired, which);
		break;
	case 1:
		desired_drop(desired, DESIRED_OVERLAY);
		break;
	case 2:
		flowset_init(&flows);
		random_flows(&flows, random, 4);
		flowset_put(&flows, &flow);
		desired_replace(desired, which, &flows);
		CHECK(flowsets_equal(&desired->layers[which].flows, &flows));
		flowset_clear(&flows);
		break;
	case 3 ... 8:
		desired_remove(desired, which, &flow.match, flow.priority);
		break;
	default:
		desired_put(desired, which, &flow);
	}
}

static void test_merge(void)
{
	struct desired desired;
	struct flowset all, mine;
	uint32_t random = 11;

	desired_init(&desired);
	flowset_init(&mine);
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t since = flowset_now();

		change(&desired, &random);
		merge(&desired, &all);
		CHECK_MSG(flowsets_equal(desired_flows(&desired), &all), "round %d", i);
		follow(&desired, &mine, since);
		CHECK_MSG(flowsets_equal(&mine, &all), "round %d: who follows", i);
		flowset_clear(&all);
	}
	flowset_clear(&mine);
	desired_clear(&desired);
}

static void test_order(void)
{
	struct cvsw_flow lets_pass = flow_of("priority=5,tcp,actions=NORMAL");
	struct cvsw_flow drops = flow_of("priority=4,actions=drop");
	struct desired desired;

	desired_init(&desired);
	desired_put(&desired, DESIRED_HAND, &lets_pass);
	CHECK(!desired_is_managed(&desired) && desired_flows(&desired)->n == 1);
	desired_put(&desired, DESIRED_OVERLAY, &drops);
	CHECK(desired_flows(&desired)->n == 1);
	desired_use(&desired, DESIRED_OVERLAY);
	CHECK(desired_is_managed(&desired) && desired_flows(&desired)->n == 2);
	CHECK(TAILQ_FIRST(&desired_flows(&desired)->order)->flow.priority == 4);
	desired_clear(&desired);
}

static void test_settings(void)
{
	struct desired desired;
	uint16_t offload;

	desired_init(&desired);
	CHECK(desired_is_empty(&desired) && !desired_mtu(&desired));
	CHECK(!desired_offload(&desired, &offload));
	desired.own_mtu = (struct own_setting){ .known = true, .value = 1500 };
	desired.layers[DESIRED_HAND].mtu = 1400;
	desired.layers[DESIRED_OVERLAY].mtu = 1300;
	CHECK(desired_mtu(&desired) == 1300);
	desired_give_back(&desired);
	CHECK(!desired.own_mtu.back);
	desired_drop(&desired, DESIRED_OVERLAY);
	CHECK(desired_mtu(&desired) == 1400 && !desired_is_empty(&desired));
	desired.layers[DESIRED_HAND].mtu = 0;
	desired_give_back(&desired);
	CHECK(desired.own_mtu.back && !desired.own_offload.back && !desired_is_empty(&desired));
	for (size_t i = 0; i < DESIRED_LAYERS; i++) {
		desired.layers[i].has_offload = true;
		desired.layers[i].offload = 3 << i;
	}
	CHECK(desired_offload(&desired, &offload) && offload == 2);
	desired_clear(&desired);
	CHECK(desired_is_empty(&desired));
}

/* With another layer in use, a change still costs what is changed. */
static void test_cost(void)
{
	struct cvsw_flow flow = flow_of("priority=5,tcp,actions=drop");
	struct desired desired;
	clock_t begun;

	desired_init(&desired);
	desired_put(&desired, DESIRED_OVERLAY, &flow);
	desired_use(&desired, DESIRED_OVERLAY);
	begun = clock();
	for (int i = 0; i < MANY; i++) {
		flow.priority = 6 + i;
		desired_put(&desired, DESIRED_HAND, &flow);
	}
	CHECK(desired_flows(&desired)->n == MANY + 1);
	/* Rebuilt each time it was 9 ms a change in the end: more than a minute. */
	CHECK(clock() - begun < 10 * CLOCKS_PER_SEC);
	desired_clear(&desired);
}

int main(int argc, char **argv)
{
	static const struct tap_test tests[] = {
		{ "agent desired: layers are merged flow by flow", test_merge },
		{ "agent desired: a layer above comes first", test_order },
		{ "agent desired: the smallest setting counts, and the NIC's own comes back",
		  test_settings },
		{ "agent desired: 15,000 flows beside another layer", test_cost },
		{ 0 },
	};

	return tap_main(argc, argv, (const struct tap_test *const []) { tests, NULL });
}
