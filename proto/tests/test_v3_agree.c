// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Whatever happens to a NIC and its controllers: ten seconds later the controller that
 * is there says that the NIC has the table it should have, and that is so.
 *
 * CVSW_AGREE_SEED and CVSW_AGREE_HISTORIES: other histories, and more of them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests.h"
#include "v3_crowd.h"

#define SETTLE_MS	10000
#define HISTORIES	400
#define STEPS		12

/* The controller, and where the NIC is in the end. */
static void check(struct crowd *crowd, unsigned int place, unsigned int which, const char *what,
		  uint64_t seed)
{
	const char *wrong;

	crowd_run(crowd, SETTLE_MS);
	wrong = crowd_wrong(crowd, place, which);
	CHECK_MSG(!wrong, "%s, seed %lu: %s", what, (unsigned long)seed, wrong);
	if (wrong)
		return;
	/* And it goes on: another table. */
	crowd_want(crowd, which, 1000 + rng_below(&crowd->rng, 1000));
	crowd_run(crowd, 1000);
	wrong = crowd_wrong(crowd, place, which);
	CHECK_MSG(!wrong, "%s, seed %lu, another table: %s", what, (unsigned long)seed, wrong);
}

static void connected(struct crowd *crowd, uint64_t seed)
{
	crowd_init(crowd, seed);
	crowd_want(crowd, 0, 1 + (uint32_t)seed);
	crowd_run(crowd, 1000);
	CHECK(!crowd_wrong(crowd, 0, 0));
}

/* ---- what was seen once ---- */

/* With the table as many requests old as the seed says: numbers that fit by accident, too. */
static void grow_old(struct crowd *crowd, uint64_t n)
{
	while (n--) {
		crowd_want(crowd, 0, rng_below(&crowd->rng, 1000));
		crowd_run(crowd, 20);
	}
}

static void a_copy_comes_and_goes(void)
{
	struct crowd crowd;
	uint64_t seed;

	for (seed = 0; seed < 40; seed++) {
		connected(&crowd, seed);
		grow_old(&crowd, seed);
		crowd_nic_boot(&crowd, 1);
		crowd_run(&crowd, 5000 + rng_below(&crowd.rng, 2000));
		crowd_nic_gone(&crowd, 1);
		check(&crowd, 0, 0, "a copy for 5 s", seed);
		crowd_free(&crowd);
	}
}

/* With all its memory: sessions, counters, streams. */
static void a_copy_of_the_memory_comes_and_goes(void)
{
	struct crowd crowd;
	uint64_t seed;

	for (seed = 0; seed < 60; seed++) {
		unsigned int goes = seed % 2;

		connected(&crowd, seed);
		grow_old(&crowd, seed / 4);
		crowd_nic_save(&crowd, 0);
		crowd_run(&crowd, rng_below(&crowd.rng, 3000));
		crowd_nic_load(&crowd, 1, false);
		crowd_run(&crowd, 5000 + rng_below(&crowd.rng, 2000));
		crowd_nic_gone(&crowd, goes);
		check(&crowd, 1 - goes, 0, "a copy of the memory", seed);
		crowd_free(&crowd);
	}
}

/* A snapshot of some time ago, and of any number of requests ago. */
static void a_snapshot_is_put_back(void)
{
	struct crowd crowd;
	uint64_t seed;

	for (seed = 0; seed < 200; seed++) {
		connected(&crowd, seed);
		grow_old(&crowd, seed / 16);
		crowd_nic_save(&crowd, 0);
		grow_old(&crowd, seed % 16);
		crowd_run(&crowd, rng_below(&crowd.rng, seed % 4 ? 8000 : 3600000));
		crowd_nic_load(&crowd, 0, seed % 3 == 0);
		check(&crowd, 0, 0, "a snapshot", seed);
		crowd_free(&crowd);
	}
}

static void a_controller_is_put_back(void)
{
	struct crowd crowd;
	uint64_t seed;

	for (seed = 0; seed < 200; seed++) {
		connected(&crowd, seed);
		grow_old(&crowd, seed / 16);
		crowd_ctl_save(&crowd, 0);
		grow_old(&crowd, seed % 16);
		crowd_run(&crowd, rng_below(&crowd.rng, seed % 4 ? 8000 : 3600000));
		crowd_ctl_load(&crowd);
		check(&crowd, 0, 0, "a controller's snapshot", seed);
		crowd_free(&crowd);
	}
}

static void controllers_take_turns(void)
{
	struct crowd crowd;
	uint64_t seed;

	for (seed = 0; seed < 40; seed++) {
		unsigned int turn, which = 0;

		connected(&crowd, seed);
		for (turn = 0; turn < 1 + seed % 5; turn++) {
			if (seed & 8)	/* both, for a while */
				crowd_ctl_connect(&crowd, 1 - which, true);
			crowd_run(&crowd, rng_below(&crowd.rng, 5000));
			crowd_ctl_connect(&crowd, which, false);
			which = 1 - which;
			crowd_ctl_connect(&crowd, which, true);
			crowd_run(&crowd, rng_below(&crowd.rng, 5000));
		}
		check(&crowd, 0, which, "turns", seed);
		crowd_free(&crowd);
	}
}

/* ---- any history ---- */

static void one_of_the_nics(struct crowd *crowd, unsigned int what)
{
	unsigned int place = rng_below(&crowd->rng, CROWD_PLACES);

	switch (what) {
	case 0:
		crowd_nic_boot(crowd, place);
		break;
	case 1:
		crowd_nic_gone(crowd, place);
		break;
	case 2:
	case 3:
		crowd_nic_save(crowd, place);
		break;
	case 4:
	case 5:
		crowd_nic_load(crowd, place, rng_chance(&crowd->rng, 30));
		break;
	case 6:
		if (crowd->ports[place].nic)
			cvsw_v3_nic_wake(&crowd->ports[place].nic->end);
		break;
	default:
		if (crowd->ports[place].nic)
			crowd->ports[place].nic->end.asked = true;
	}
}

static void one_of_the_controllers(struct crowd *crowd, unsigned int what)
{
	unsigned int which = rng_below(&crowd->rng, CROWD_CTLS);

	switch (what) {
	case 0:
	case 1:
		crowd_ctl_start(crowd, which);
		break;
	case 2:
	case 3:
		crowd_ctl_connect(crowd, which, !crowd->ctls[which].connected);
		break;
	case 4:
		crowd_ctl_save(crowd, which);
		break;
	case 5:
		crowd_ctl_load(crowd);
		break;
	default:
		crowd_want(crowd, which, rng_below(&crowd->rng, 1000));
	}
}

static void something_happens(struct crowd *crowd)
{
	static const uint64_t pauses[] = { 0, 1, 5, 300, 1200, 6000, 12000, 1000000 };
	unsigned int what = rng_below(&crowd->rng, 20);

	if (what < 8)
		one_of_the_nics(crowd, what);
	else if (what < 16)
		one_of_the_controllers(crowd, what - 8);
	else if (what == 16)
		crowd->cut = !crowd->cut;
	else if (what == 17)
		crowd->drop = crowd->duplicate = crowd->delay = rng_below(&crowd->rng, 3) * 15;
	else if (what == 18)
		crowd->n_flights = 0;
	else
		crowd_replay(crowd, rng_below(&crowd->rng, 3000));
	crowd_run(crowd, rng_below(&crowd->rng, (uint32_t)pauses[rng_below(&crowd->rng, 8)] + 1));
}

static uint64_t history(uint64_t seed)
{
	unsigned int i, steps, place, which;
	struct crowd crowd;
	uint64_t frames;

	crowd_init(&crowd, seed);
	steps = 1 + rng_below(&crowd.rng, 2 * STEPS);
	for (i = 0; i < steps; i++)
		something_happens(&crowd);
	/* It ends: one of each is left. */
	place = rng_below(&crowd.rng, CROWD_PLACES);
	which = rng_below(&crowd.rng, CROWD_CTLS);
	crowd_nic_gone(&crowd, 1 - place);
	if (!crowd.ports[place].nic)
		crowd_nic_boot(&crowd, place);
	crowd_ctl_connect(&crowd, 1 - which, false);
	crowd_ctl_connect(&crowd, which, true);
	crowd.cut = false;
	crowd.drop = crowd.duplicate = 0;
	check(&crowd, place, which, "a history", seed);
	frames = crowd.n_frames;
	crowd_free(&crowd);
	return frames;
}

/* Once they did not. */
static void these_histories_end_well(void)
{
	/* A NIC of an earlier session of the same index, with a lower counter. */
	history(1002811);
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *value = getenv(name);

	return value ? strtoull(value, NULL, 0) : otherwise;
}

static void any_history_ends_well(void)
{
	uint64_t seed = number("CVSW_AGREE_SEED", 1), n = number("CVSW_AGREE_HISTORIES", HISTORIES);
	uint64_t frames = 0, i;

	for (i = 0; i < n; i++)
		frames += history(seed + i);
	printf("# %lu histories, %lu frames\n", (unsigned long)n, (unsigned long)frames);
}

const struct tap_test v3_agree_tests[] = {
	{ "proto: version 3: a copy of a NIC comes and goes", a_copy_comes_and_goes },
	{ "proto: version 3: a copy of a NIC's memory comes, and either goes",
	  a_copy_of_the_memory_comes_and_goes },
	{ "proto: version 3: a NIC's snapshot is put back", a_snapshot_is_put_back },
	{ "proto: version 3: a controller's snapshot is put back", a_controller_is_put_back },
	{ "proto: version 3: two controllers take turns", controllers_take_turns },
	{ "proto: version 3: after histories that ended badly both ends agree", these_histories_end_well },
	{ "proto: version 3: after any history both ends agree within 10 s",
	  any_history_ends_well },
	{ NULL, NULL },
};
