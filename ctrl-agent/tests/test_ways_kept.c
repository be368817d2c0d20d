// SPDX-License-Identifier: GPL-2.0-or-later
/* A restart of ours: SAs that both ends of a way still have go on, others are replaced. */
#include "overlay_world.h"
#include "sa/ways_kept.h"

/*
 * As store/state_overlay.c does it: members, and of each way that is known its SPIs.  What their
 * NICs should have is the same as before, and is made again.
 */
static void restart(void)
{
	struct overlay *before = world->overlay, *overlay = overlay_new(&before->config);
	struct overlay_member *to, *from, *member;

	world->between.n = 0;	/* what was under way belongs to conversations that are over */
	world->ways.under_way = 0;
	world->ways.next_spi += 1000;
	overlay_each(to, before) {
		struct nic *nic = to->ways.nic;

		nic_drop_sas(nic);
		flowset_clear(told_to(nic));
		nic_overlay(nic)->in_use = false;
		member = overlay_join(overlay, nic, to->ways.slot);
		nic->ask_sas = true;
	}
	overlay_each(to, before)
		overlay_each(from, before) {
			const struct way *way = &to->ways.from[from->ways.slot];
			struct way *kept = &overlay->slots[to->ways.slot]->ways.from[from->ways.slot];

			if (!way->known)
				continue;
			way_keep(kept, way->known_out);
			kept->n_spis = way->n_spis;
			memcpy(kept->spis, way->spis, sizeof(way->spis));
		}
	overlay->ways.has_kept = true;
	overlay_each(member, overlay)
		before->slots[member->ways.slot]->ways.nic = &world->ours[WORLD_NICS - 1];
	overlay_free(before);
	overlay_each(member, overlay)
		member->ways.nic->member = member;
	world->overlay = overlay;
}

/* A new conversation, and the answer to what is asked in it. */
static void answer(unsigned int i)
{
	static struct cvsw_v3_listed_sa sas[WORLD_SPIS];
	const struct simnic *simnic = &world->nics[i];
	struct nic *nic = &world->ours[i];
	size_t n = 0;

	registers(i);
	nic->ask_sas = false;
	for (size_t s = 0; s < simnic->n_sas; s++)
		if (!simnic->sas[s].deleted)
			sas[n++] = (struct cvsw_v3_listed_sa){ simnic->sas[s].sa.spi,
							       simnic->sas[s].sa.direction, 0 };
	ways_found(&world->overlay->ways, &nic->member->ways, sas, n);
}

static void answer_all(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		answer(i);
}

WORLD_TEST(test_resumed, start_confirming(&encrypted, 5))
{
	uint32_t spis[5][5];

	for (unsigned int i = 0; i < 5; i++)
		for (unsigned int j = 0; j < 5; j++)
			spis[i][j] = way(i, j)->out;
	for (int n = 0; n < 3; n++) {
		restart();
		CHECK(!settled());
		for (unsigned int i = 0; i < 5; i++) {
			run_watching(20, first(5));
			answer(i);
		}
		run_watching(3000, first(5));
		CHECK(settled());
		CHECK_NEW_SAS(0);
		for (unsigned int i = 0; i < 5; i++) {
			CHECK(count_sas(i) == 8 && !leaks(i));
			for (unsigned int j = 0; j < 5; j++)
				CHECK(way(i, j)->out == spis[i][j]);
		}
	}
	/* Its keys end as any: new ones are made, the old ones go. */
	renew();
	run_watching(3000, first(5));
	CHECK_NEW_SAS(ALL_SAS(5));
	check_sas(5);
}

/* An SA that one end has lost, one that nobody knows, and a NIC that has started anew. */
WORLD_TEST(test_resumed_in_part, start_confirming(&encrypted, 4))
{
	struct simnic *simnic;
	uint32_t lost;

	world->may_refuse = true;
	simnic = &world->nics[2];
	restart();
	lost = way(1, 2)->out;
	for (size_t i = 0; i < simnic->n_sas; i++)
		simnic->sas[i].deleted |= simnic->sas[i].sa.spi == lost;
	way(3, 0)->spis[0] += 5000;	/* NICs have one that is stored nowhere */
	answer_all(4);
	run_for(4000);
	CHECK(settled() && all_reach(first(4)));
	CHECK_NEW_SAS(4);
	CHECK(way(1, 2)->out != lost);
	check_sas(4);
	restart();
	simnic_reset(simnic);
	simnic_link_up(simnic);
	answer_all(4);
	run_watching(5000, first(2));
	CHECK(settled() && all_reach(first(4)));
	CHECK_NEW_SAS(4 + 12);
}

/* We end in the middle of new keys, anywhere: nobody is interrupted, and no SA stays behind. */
static void test_resumed_in_the_middle(void)
{
	for (int ms = 0; ms < 1400; ms += 67) {
		start_confirming(&encrypted, 4);
		world->may_refuse = true;
		renew();
		run_watching(ms, first(4));
		restart();
		answer_all(4);
		run_watching(4000, first(4));
		CHECK_MSG(settled(), "after %d ms", ms);
		check_sas(4);
		world_end();
	}
}

/* Said that it has them, and then registered again, before the other end said anything. */
WORLD_TEST(test_resumed_and_registered, start_confirming(&encrypted, 3))
{
	restart();
	answer(0);
	run_for(100);
	registers(0);
	run_for(100);
	answer(1);
	answer(2);
	run_watching(6000, first(3));
	CHECK(settled());
	/* Its four ways, at both ends. */
	CHECK_NEW_SAS(8);
}

/* An end says that it has it, but that it has stopped, or that few numbers are left. */
WORLD_TEST(test_resumed_reasons, start_confirming(&encrypted, 3))
{
	struct cvsw_v3_listed_sa sas[4];

	restart();
	answer_all(3);
	for (int i = 0; i < 4; i++)
		sas[i] = (struct cvsw_v3_listed_sa){ world->nics[2].sas[i].sa.spi,
						     world->nics[2].sas[i].sa.direction,
						     i < 2 ? i + CVSW_V3_SA_RAN_OUT : 0 };
	sas[2].reason = CVSW_V3_SA_RUNS_OUT;
	ways_found(&world->overlay->ways, &world->ours[2].member->ways, sas, 4);
	run_for(5000);
	CHECK_NEW_SAS(4);
	run_watching(WAY_EXPIRES_MIN_MS, first(3));
	/* Those that have ended at once, and the other one 10 s after it counts as made. */
	CHECK_NEW_SAS(6);
	CHECK(settled() && count_sas(2) == 4);
}

/* Nobody knows how old the keys are, so their time ends at any time. */
static void test_resumed_time(void)
{
	const uint64_t life = encrypted.rekey_s * 1000ull;
	uint64_t soonest = UINT64_MAX, latest = 0;

	for (int i = 0; i < 100; i++) {
		uint64_t left;

		world_start(&encrypted);
		world->overlay->ways.has_kept = true;
		run_for(10);
		left = world->overlay->ways.rekey_at - world->between.now;
		CHECK(left <= life);
		soonest = left < soonest ? left : soonest;
		latest = left > latest ? left : latest;
		world_end();
	}
	CHECK_MSG(soonest < life / 5 && latest > life * 4 / 5, "%llu to %llu ms",
		  (unsigned long long)soonest, (unsigned long long)latest);
}

const struct tap_test tests[] = {
	{ "overlay: SAs that both ends have outlive the daemon", test_resumed },
	{ "overlay: after a restart, SAs that are lost or unknown", test_resumed_in_part },
	{ "overlay: a restart in the middle of new keys", test_resumed_in_the_middle },
	{ "overlay: a NIC registers again after a restart", test_resumed_and_registered },
	{ "overlay: after a restart, SAs that have ended", test_resumed_reasons },
	{ "overlay: the time of keys that outlive the daemon", test_resumed_time },
	{ 0 },
};
