// SPDX-License-Identifier: GPL-2.0-or-later
/* How many REGISTERs may wait. */
#include "nic/waiting.h"
#include "tap.h"

#define PORTS	(WAITING_IN_ALL / WAITING_AT_PORT + 2)

static struct vport ports[PORTS];
static size_t all;

static void start(void)
{
	for (size_t i = 0; i < PORTS; i++)
		TAILQ_INIT(&ports[i].waiting);
}

static void end(void)
{
	for (size_t i = 0; i < PORTS; i++)
		while (ports[i].n_waiting)
			waiting_end(&ports[i], TAILQ_FIRST(&ports[i].waiting), &all);
	CHECK(!all);
}

/* Of NICs whose addresses are numbers; how many got in. */
static unsigned int fill(struct vport *port, unsigned int n)
{
	unsigned int in = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct waiting *waiting = waiting_begin(port, &all);

		if (!waiting)
			continue;
		memset((uint8_t *)cvsw_v3_register_mac(waiting->frame), i, CVSW_ETH_ALEN);
		in++;
	}
	return in;
}

static void test_port(void)
{
	uint8_t mac[CVSW_ETH_ALEN];

	start();
	CHECK(fill(&ports[0], 1000) == WAITING_AT_PORT && ports[0].n_waiting == WAITING_AT_PORT);
	memset(mac, 5, sizeof(mac));
	waiting_end(&ports[0], waiting_find(&ports[0], mac), &all);
	CHECK(!waiting_find(&ports[0], mac) && all == WAITING_AT_PORT - 1);
	CHECK(fill(&ports[0], 2) == 1);
	memset(mac, 6, sizeof(mac));
	CHECK(waiting_find(&ports[0], mac) && !waiting_find(&ports[1], mac));
	end();
}

/* A few ports cannot take all, and all together cannot take a NIC's at its own. */
static void test_all(void)
{
	start();
	for (size_t i = 0; i < PORTS - 2; i++)
		CHECK(fill(&ports[i], WAITING_AT_PORT) == WAITING_AT_PORT);
	CHECK(all == WAITING_IN_ALL);
	CHECK(fill(&ports[PORTS - 1], 10) == 1);
	waiting_end(&ports[0], TAILQ_FIRST(&ports[0].waiting), &all);
	CHECK(!fill(&ports[0], 1));
	waiting_end(&ports[0], TAILQ_FIRST(&ports[0].waiting), &all);
	CHECK(fill(&ports[0], 2) == 1);
	end();
}

const struct tap_test tests[] = {
	{ "waiting: at a port", test_port },
	{ "waiting: at all ports together", test_all },
	{ 0 },
};
