// SPDX-License-Identifier: GPL-2.0-or-later
/* How the overlays share turns of the event loop with everything else. */
#include <event2/event.h>
#include <time.h>

#include "apps/overlays.h"
#include "overlay_world.h"

#define OVERLAYS	4
#define MEMBERS		10
#define WAYS		(MEMBERS * (MEMBERS - 1))

static struct overlays overlays;
static struct event_base *base;
static unsigned int piece_ms;	/* what a piece of an overlay's work takes, besides */
static unsigned int other_ms;	/* what something else takes of each turn */
static bool is_full;		/* that has filled this turn */
static uint32_t spi;		/* the next one after the last look */
static unsigned int n_made;	/* new SAs */
static unsigned int n_looks;	/* in which SAs were made; @n_beside: in a turn that was full */
static unsigned int n_beside;

/* So much processor time. */
static void spend(unsigned int ms)
{
	clock_t until = clock() + ms * CLOCKS_PER_SEC / 1000;

	while (clock() < until)
		;
}

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
	spend(piece_ms);
}

/* Work that is put off for each turn. */
static void do_other(struct turns_work *work)
{
	spend(other_ms);
	is_full = true;
	turns_put_off(work);
}

/* The last of a turn's events: what is due in it earlier comes before. */
static void on_event(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval soon = { .tv_usec = TURNS_FULL_MS * 1000 };

	(void)fd;
	(void)what;
	is_full = false;
	evtimer_add(arg, &soon);
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
	n_looks += n > 0;
	n_beside += is_full;
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

static void start(void)
{
	start_nics();
	base = event_base_new();
	n_made = n_looks = n_beside = 0;
	is_full = false;
	overlays_init(&overlays, base);
	overlays.keeper = (struct overlays_keeper){ .spi = keep_spi, .ways = keep_ways };
	overlays.settled = on_settled;
	spi = overlays.world.next_spi;
	for (unsigned int i = 0; i < OVERLAYS; i++)
		add_overlay(i);
	spend(2 * OVERLAYS_PAUSE_MS);	/* all are due */
}

/* All get their first keys. */
static void make_keys(unsigned int a_piece, unsigned int other)
{
	static const struct timeval limit = { .tv_sec = 10 };
	struct turns_work work = { .run = do_other };
	struct event *event;

	start();
	piece_ms = a_piece;
	other_ms = other;
	event = evtimer_new(base, on_event, event_self_cbarg());
	event_active(event, EV_TIMEOUT, 0);
	event_base_once(base, -1, EV_TIMEOUT, on_limit, base, &limit);
	if (other)
		turns_put_off(&work);
	turns_run(base);
	turns_drop(&work);
	event_free(event);
	overlays_free(&overlays);
	event_base_free(base);
	world_end();
	CHECK(n_made == OVERLAYS * WAYS);
}

static void test_free_turn(void)
{
	make_keys(0, 0);
	CHECK_MSG(n_looks == 1, "%u looks", n_looks);
}

static void test_long_pieces(void)
{
	make_keys(TURNS_FULL_MS + 5, 0);
	CHECK_MSG(n_looks == OVERLAYS, "%u looks", n_looks);
}

static void test_beside(void)
{
	make_keys(0, TURNS_FULL_MS + 5);
	CHECK(!n_beside);
}

const struct tap_test tests[] = {
	{ "overlays: a turn with nothing else does all that is due", test_free_turn },
	{ "overlays: a turn ends when it is full, and the next one goes on", test_long_pieces },
	{ "overlays: they add nothing to a turn that is full, and go on even so", test_beside },
	{ 0 },
};
