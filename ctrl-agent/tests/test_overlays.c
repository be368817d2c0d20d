// SPDX-License-Identifier: GPL-2.0-or-later
/* How the overlays share turns of the event loop with everything else. */
#include <event2/event.h>
#include <time.h>

#include "apps/overlays.h"
#include "base/turns.h"
#include "overlay_world.h"

#define OVERLAYS	4
#define MEMBERS		10
#define WAYS		(MEMBERS * (MEMBERS - 1))

static struct overlays overlays;
static struct event_base *base;
static unsigned int turn_ms;		/* so much of each turn is taken by something else */
static uint32_t spi;			/* the next one after the last look */
static unsigned int n_made;		/* new SAs */
static unsigned int looks[2 * OVERLAYS];	/* how many were made in each look */
static unsigned int n_looks;

static bool keep_spi(void *of, uint32_t next)
{
	(void)of;
	(void)next;
	return true;
}

static void keep_ways(void *of, struct overlay *overlay)
{
	(void)of;
	(void)overlay;
}

/* So much processor time. */
static void spend(unsigned int ms)
{
	clock_t until = clock() + ms * CLOCKS_PER_SEC / 1000;

	while (clock() < until)
		;
}

/* Work that is put off, done when a turn begins. */
static void be_busy(struct turns_work *work)
{
	spend(turn_ms);
	turns_put_off(work);
}

static void on_limit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

static void on_settled(void)
{
	unsigned int n = overlays.world.next_spi - spi;

	spi = overlays.world.next_spi;
	n_made += n;
	if (n && n_looks < 2 * OVERLAYS)
		looks[n_looks++] = n;
	if (n_made == OVERLAYS * WAYS)
		event_base_loopbreak(base);
}

static void start_nics(void)
{
	world_start(&encrypted);
	for (unsigned int i = 0; i < OVERLAYS * MEMBERS; i++)
		simnic_link_up(&world->nics[i]);
	for (unsigned int i = 0; i < OVERLAYS * MEMBERS; i++)
		registers(i);
	run_for(50);
}

static void add_overlay(unsigned int number)
{
	struct overlay_config config = encrypted;
	struct overlay *overlay;

	config.vni += number;
	overlay = overlay_new(&config);
	for (unsigned int i = 0; i < MEMBERS; i++)
		overlay_join(overlay, &world->ours[number * MEMBERS + i], -1);
	overlays_add(&overlays, overlay);
}

/* All get their first keys, while something else takes so much of each turn. */
static void make_keys_beside(unsigned int ms)
{
	static const struct timeval limit = { .tv_sec = 5 };
	struct turns_work busy = { .run = be_busy };

	start_nics();
	base = event_base_new();
	event_base_once(base, -1, EV_TIMEOUT, on_limit, base, &limit);
	turn_ms = ms;
	n_made = n_looks = 0;
	overlays_init(&overlays, base);
	overlays.keeper = (struct overlays_keeper){ .spi = keep_spi, .ways = keep_ways };
	overlays.settled = on_settled;
	spi = overlays.world.next_spi;
	for (unsigned int i = 0; i < OVERLAYS; i++)
		add_overlay(i);
	spend(2 * OVERLAYS_PAUSE_MS);	/* all are due */
	if (ms)
		turns_put_off(&busy);
	turns_run(base);
	turns_drop(&busy);
	overlays_free(&overlays);
	event_base_free(base);
	world_end();
}

static void test_free_turn(void)
{
	make_keys_beside(0);
	CHECK(n_made == OVERLAYS * WAYS);
	CHECK_MSG(n_looks == 1, "%u looks", n_looks);
}

static void test_full_turn(void)
{
	make_keys_beside(TURNS_FULL_MS + 5);
	CHECK(n_made == OVERLAYS * WAYS);
	CHECK_MSG(n_looks == OVERLAYS, "%u looks", n_looks);
	for (unsigned int i = 0; i < n_looks; i++)
		CHECK(looks[i] == WAYS);
}

const struct tap_test tests[] = {
	{ "overlays: a turn with nothing else does all that is due", test_free_turn },
	{ "overlays: a turn that is full does one piece, and the next one another", test_full_turn },
	{ 0 },
};
