// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The SAs of an overlay's ways: new ones by time, on demand, after a REGISTER, a refusal or a
 * loss; nobody is interrupted, and the old ones go.
 */
#include "nic/link.h"
#include "overlay_world.h"

WORLD_TEST(test_left_sas, start_members(&encrypted, 4))
{
	leave(1);
	run_for(500);
	CHECK(count_sas(0) == 4 && !count_sas(1));
	CHECK(world->nics[1].mtu == 1500);
}

/* New keys by time and on demand: nothing is interrupted, the old ones go. */
WORLD_TEST(test_rekey, start_members(&encrypted, 5))
{
	renew();
	run_watching(3000, first(5));
	CHECK_NEW_SAS(ALL_SAS(5));
	check_sas(5);
	world->between.now += 3600 * 1000;
	run_watching(3000, first(5));
	CHECK_NEW_SAS(2 * ALL_SAS(5));
	check_sas(5);
}

/* All keys are due at once: they are made a few at a time, nobody is interrupted, all get theirs. */
WORLD_TEST(test_bounded, start_members(&encrypted, 12))
{
	const int turn = 60, refresh = 12 * WAYS_REFRESH_COST, renewal = 2 * 11;

	world->turn = turn;
	world->most_spent = 0;
	renew();
	CHECK(!settled());
	run_watching(4000, first(12));
	CHECK_NEW_SAS(ALL_SAS(12));
	check_sas(12);
	/* What is begun is done: the last of a turn may be one NIC's renewal, or one refresh. */
	CHECK_MSG(world->most_spent < turn + (refresh > renewal ? refresh : renewal),
		  "%d in one turn", world->most_spent);
}

/* Those of NICs that say when they have something; one of these never does. */
WORLD_TEST(test_under_way, start_confirming(&encrypted, 12))
{
	size_t most = 0;

	world->ways.most_under_way = 30;
	world->deaf[11] = true;
	renew();
	for (int i = 0; i < 20000; i++) {
		run_ms();
		if (most < world->ways.under_way)
			most = world->ways.under_way;
	}
	CHECK_MSG(most >= 30 && most < 30 + 2 * 11, "%zu", most);
	CHECK(!world->ways.under_way);
}

/* Overlays that were made at once do not get their new keys at once, nor later than asked for. */
static void test_jitter(void)
{
	const uint64_t life = encrypted.rekey_s * 1000ull;
	uint64_t soonest = UINT64_MAX, latest = 0;

	for (int i = 0; i < 50; i++) {
		world_start(&encrypted);
		run_for(10);
		CHECK(world->overlay->ways.rekey_at >= world->between.now + life * 4 / 5 - 10);
		CHECK(world->overlay->ways.rekey_at <= world->between.now + life);
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
WORLD_TEST(test_refused, start_members(&encrypted, 4))
{
	struct overlay_member *member;
	uint32_t out, before;

	world->may_refuse = true;
	/* The wire to the last one is long: its answers come after the refusals. */
	member = world->overlay->slots[1];
	out = way(3, 1)->out;
	CHECK(!ways_refused(&world->overlay->ways, &member->ways, CVSW_SA_IN, out));
	renew();
	run_for(10);
	before = way(3, 1)->spis[1];
	CHECK(before && before != out);
	CHECK(ways_refused(&world->overlay->ways, &world->overlay->slots[3]->ways, CVSW_SA_IN, before));
	CHECK(!settled());
	run_watching(WAY_REFUSED_MS - 3000, first(4));
	CHECK(way(3, 1)->out == out);
	/* The sender heard nothing of that one. */
	CHECK_NEW_SAS(ALL_SAS(4) - 1);
	run_watching(6000, first(4));
	CHECK_NEW_SAS(ALL_SAS(4) + 1);
	CHECK(settled() && way(3, 1)->out != out);
	/* The sender refuses it: it goes back to the one before. */
	out = way(3, 1)->out;
	renew();
	while (way(3, 1)->out == out)
		run_for(5);
	before = way(3, 1)->out;
	CHECK(ways_refused(&world->overlay->ways, &member->ways, CVSW_SA_OUT, before));
	CHECK(way(3, 1)->out == out);
	run_for(WAY_REFUSED_MS + 3000);
	CHECK(settled() && all_reach(first(4)));
	CHECK(way(3, 1)->out != before);
}

/* A NIC that only says REGISTER again keeps talking all the while, with new keys. */
WORLD_TEST(test_register_again, start_members(&encrypted, 5))
{
	uint32_t before;

	before = way(2, 1)->out;
	registers(2);
	run_watching(3000, first(5));
	CHECK(way(2, 1)->out != before);
	check_sas(5);
}

/* One that has rebooted gets new keys, and never one that it had. */
WORLD_TEST(test_reboot, start_members(&encrypted, 5))
{
	world->may_refuse = true;
	for (int i = 0; i < 3; i++) {
		simnic_reset(&world->nics[2]);
		simnic_link_up(&world->nics[2]);
		registers(2);
		run_watching(300, first(5) & ~4ull);
	}
	run_watching(4000, first(5) & ~4ull);
	CHECK(all_reach(first(5)));
	CHECK(!leaks(2));
	CHECK(settled());
}

/*
 * Registers five times a second: gets new keys all right, but not that often.  SAs that
 * were made for a renewal of three members: eight, at both ends.
 */
WORLD_TEST(test_storm, start_members(&encrypted, 3))
{
	size_t renewals;

	for (int i = 0; i < 500; i++) {
		registers(1);
		run_watching(210, first(3));
	}
	renewals = new_sas() / 8;
	CHECK_MSG(renewals >= 6 && renewals <= WAY_RENEW_BURST + 500 * 210 / WAY_RENEW_EVERY_MS,
		  "%zu renewals", renewals);
	run_for(WAY_RENEW_EVERY_MS + 2000);
	CHECK(all_reach(first(3)));
	check_sas(3);
}

/* Says of an SA that it expires, of another, and of one that nobody has, all the time. */
WORLD_TEST(test_expiring, start_members(&encrypted, 3))
{
	struct overlay_member *member;
	size_t n = 0;
	uint32_t out;

	member = world->overlay->slots[1];
	out = way(0, 1)->out;
	CHECK(!ways_expiring(&world->overlay->ways, &member->ways, CVSW_SA_OUT, 0x4711));
	CHECK(!ways_expiring(&world->overlay->ways, &member->ways, CVSW_SA_IN, out));
	CHECK(ways_expiring(&world->overlay->ways, &member->ways, CVSW_SA_OUT, out));
	run_watching(WAY_EXPIRES_MIN_MS - 5000, first(3));
	CHECK_NEW_SAS(0);
	run_watching(6000, first(3));
	/* That way, and no other one. */
	CHECK_NEW_SAS(2);
	CHECK(way(0, 1)->out != out);
	run_watching(2 * WAY_EXPIRES_MIN_MS, first(3));
	CHECK_NEW_SAS(2);
	CHECK(!ways_expiring(&world->overlay->ways, &member->ways, CVSW_SA_OUT, out));
	for (uint64_t ms = 0; ms < 3 * WAY_EXPIRES_MIN_MS; ms += 100) {
		out = way(0, 1)->out;
		n += ways_expiring(&world->overlay->ways, &member->ways, CVSW_SA_OUT, out);
		run_watching(100, first(3));
	}
	CHECK(n > 200);
	CHECK_MSG(new_sas() <= 2 * 5, "%zu", new_sas());
	check_sas(3);
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
WORLD_TEST(test_away_for_long, start_members(&encrypted, 3))
{
	const struct link_ops *ops;
	struct link_ops away;

	ops = world->ours[0].link->ops;
	away = *ops;
	away.run = run_nothing;
	world->ours[0].link->ops = &away;
	for (int i = 0; i < 30; i++) {
		renew();
		run_for(3000);
	}
	CHECK_MSG(queued_sas(&world->ours[0]) <= 2 * (2 * WAY_SPIS), "%zu wait for it",
		  queued_sas(&world->ours[0]));
	world->ours[0].link->ops = ops;
	run_for(5000);
	CHECK(all_reach(first(3)));
	check_sas(3);
}

/* Frames are lost and overtake each other: flows heal by themselves, lost SAs with new keys. */
WORLD_TEST(test_loss, start_members(&encrypted, 6))
{
	world->may_refuse = true;
	world->between.loss = 10;
	world->between.jitter = 20;
	renew();
	run_for(20000);
	world->between.loss = 0;
	world->between.jitter = 0;
	for (int i = 0; i < 2; i++) {
		renew();
		run_for(40000);
	}
	CHECK(settled());
	CHECK(all_reach(first(6)));
	CHECK(!any_leaks(first(6)));
}

/* Its sender took long to have it, and meanwhile it ran out. */
WORLD_TEST(test_expiring_late, start_confirming(&encrypted, 2))
{
	struct overlay_member *to;
	struct way *late;
	uint32_t spi;

	run_for(30000);
	world->may_refuse = true;
	leave(0);
	run_for(3000);
	join(0);
	for (int i = 0; i < 5000 && (way(0, 1)->phase < WAY_GRACE || way(1, 0)->phase < WAY_GRACE); i++)
		run_ms();
	late = way(0, 1)->deadline > way(1, 0)->deadline ? way(0, 1) : way(1, 0);
	to = world->overlay->slots[late == way(1, 0)];
	run_for(900);
	late->made_at -= 2 * WAY_EXPIRES_MIN_MS;
	spi = late->spis[late->n_spis - 1];
	CHECK(late->phase == WAY_GRACE && late->n_spis == 1);
	CHECK(ways_expiring(&world->overlay->ways, &to->ways, CVSW_SA_IN, spi));
	run_for(5000);
	CHECK(late->spis[late->n_spis - 1] != spi);
}

/* The only one that is waited for goes: the others do not wait for it. */
WORLD_TEST(test_blocked, start_confirming(&encrypted, 4))
{
	struct ways_member *member;
	uint64_t now;

	world->may_refuse = true;
	leave(2);
	leave(3);
	run_for(3000);
	world->ways.most_under_way = 1;
	for (int i = 0; i < 4; i++)
		world->deaf[i] = true;
	join(2);
	join(3);
	now = world->between.now;
	world->ways.budget = world->turn;
	ways_run(&world->overlay->ways, &world->ways, now);
	CHECK(world->ways.under_way == 1);
	ways_each(member, &world->overlay->ways)
		if (member->asked)
			member->nic->link->ops->gone(member->nic);
	world->ways.budget = world->turn;
	CHECK(ways_run(&world->overlay->ways, &world->ways, now + 5) <= now + 5 + WAYS_WAIT_MS);
	CHECK(!world->ways.under_way);
}

/* What one piece has looked at, the next one does not look at again. */
WORLD_TEST(test_pieces, start_confirming(&encrypted, 4))
{
	struct ways_group *group = &world->overlay->ways;
	struct ways_member *member;
	unsigned int most = 4, stirred;
	bool one_was_left = false;

	leave(2);
	leave(3);
	run_for(3000);
	join(2);
	join(3);
	for (int i = 0; i < 20 && most; i++) {
		world->ways.budget = 4;
		ways_run(group, &world->ways, world->between.now);
		stirred = 0;
		ways_each(member, group)
			stirred += member->stirred;
		CHECK(stirred <= most);
		one_was_left |= stirred == 1;
		most = stirred;
	}
	CHECK(!most && one_was_left);
}

const struct tap_test tests[] = {
	{ "overlay: a piece goes on where the last one ended", test_pieces },
	{ "overlay: an SA that ran out before it was in use", test_expiring_late },
	{ "overlay: a way that waits for one that goes holds up no other", test_blocked },
	{ "overlay: who leaves loses its keys", test_left_sas },
	{ "overlay: new keys", test_rekey },
	{ "overlay: a turn makes a bounded number of keys", test_bounded },
	{ "overlay: a bounded number of ways waits for NICs", test_under_way },
	{ "overlay: the time of new keys is spread", test_jitter },
	{ "overlay: an SA that is refused is replaced, and no other one", test_refused },
	{ "overlay: REGISTER leads to new keys", test_register_again },
	{ "overlay: a rebooted member", test_reboot },
	{ "overlay: REGISTER all the time", test_storm },
	{ "overlay: an SA that expires is replaced, however often that is said", test_expiring },
	{ "overlay: a member that is away for long", test_away_for_long },
	{ "overlay: lost and late frames", test_loss },
	{ 0 },
};
