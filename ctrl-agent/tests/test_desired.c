// SPDX-License-Identifier: GPL-2.0-or-later
/* What layers come to together. */
#include "flows.h"
#include "nic/desired.h"
#include "tap.h"

static void put(struct flowset *set, const char *text)
{
	struct cvsw_flow flow = flow_of(text);

	flowset_put(set, &flow);
}

/* How many, both ways to count them; who asks next does not change them. */
static size_t n_flows(const struct desired *desired, unsigned int first)
{
	struct flowset made, next;
	const struct flowset *all = desired_flows(desired, &made);
	struct desired other;
	size_t n = all->n;

	desired_init(&other);
	desired_use(&other, DESIRED_OVERLAY);
	CHECK(!desired_flows(&other, &next)->n);
	CHECK(all->n == n && desired_n_flows(desired) == n);
	CHECK(TAILQ_FIRST(&all->order)->flow.priority == first);
	flowset_clear(&made);
	return n;
}

static void test_layers(void)
{
	struct desired desired;
	struct layer *hand = &desired.layers[DESIRED_HAND];
	struct layer *controlled = &desired.layers[DESIRED_CONTROLLER];
	struct layer *overlay = &desired.layers[DESIRED_OVERLAY];
	struct flowset made, unused;
	struct stored_flows stored;
	static struct cvsw_flow flow;

	desired_init(&desired);
	flowset_init(&made);
	put(&hand->flows, "priority=5,tcp,actions=NORMAL");
	CHECK(!desired_is_managed(&desired));
	CHECK(desired_flows(&desired, &unused) == &hand->flows && !unused.n);
	put(&made, "priority=4,actions=drop");
	overlay->maker = &maker_of_set;
	overlay->of = &made;
	CHECK(n_flows(&desired, 5) == 1);
	desired_use(&desired, DESIRED_OVERLAY);
	CHECK(desired_is_managed(&desired) && n_flows(&desired, 4) == 2);
	put(&made, "priority=3,udp,actions=drop");
	CHECK(n_flows(&desired, 4) == 3);
	desired_drop(&desired, DESIRED_OVERLAY);
	CHECK(!desired_is_managed(&desired) && n_flows(&desired, 5) == 1);
	put(&controlled->flows, "priority=6,udp,actions=NORMAL");
	desired_use(&desired, DESIRED_CONTROLLER);
	CHECK(desired_flows(&desired, &unused) == &controlled->flows && !unused.n);
	desired_use(&desired, DESIRED_HAND);
	CHECK(desired_is_managed(&desired) && n_flows(&desired, 6) == 2);
	stored = desired_stored(&desired);
	CHECK(stored_n(&stored) == 2);
	flow.match = TAILQ_FIRST(&controlled->flows.order)->flow.match;
	flow.priority = 6;
	CHECK(stored_find(&stored, &flow.match, 6) && !stored_find(&stored, &flow.match, 5));
	desired_remove(&desired, &flow);
	CHECK(!controlled->flows.n && hand->flows.n == 1);
	flowset_clear(&made);
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
		desired.layers[i].offload = 7 << i;
	}
	CHECK(desired_offload(&desired, &offload) && offload == 4);
	desired_clear(&desired);
	CHECK(desired_is_empty(&desired));
}

const struct tap_test tests[] = {
	{ "agent desired: the flows of all layers, the last one's first", test_layers },
	{ "agent desired: the smallest setting counts, and the NIC's own comes back",
	  test_settings },
	{ 0 },
};
