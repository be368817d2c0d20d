// SPDX-License-Identifier: GPL-2.0
/* The anti-replay window against one that remembers everything. */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/vmalloc.h>

#include "../drivers/cvsw/esp/replay.h"
#include "frames.h"

#define ROUNDS		100000
#define NUMBERS		(1 << 17)
#define RING		(CVSW_REPLAY_WORDS * CVSW_WINDOW_WORD)

/* Every number from @base on that was seen, and the highest of them. */
struct reference {
	u64 base, highest;
	bool seen[NUMBERS];
};

static enum cvsw_window_verdict reference_check(const struct reference *ref, u64 seq)
{
	if (seq == 0 || seq + CVSW_REPLAY_WINDOW <= ref->highest)
		return CVSW_WINDOW_OLD;
	return ref->seen[seq - ref->base] ? CVSW_WINDOW_SEEN : CVSW_WINDOW_NEW;
}

static enum cvsw_window_verdict reference_update(struct reference *ref, u64 seq)
{
	enum cvsw_window_verdict verdict = reference_check(ref, seq);

	if (verdict == CVSW_WINDOW_NEW) {
		ref->seen[seq - ref->base] = true;
		ref->highest = max(ref->highest, seq);
	}
	return verdict;
}

/* Around the newest: a bit ahead, far ahead, behind, far behind, at the window's edges. */
static u64 random_seq(struct rnd_state *rnd, const struct reference *ref)
{
	static const int edges[] = {
		-CVSW_REPLAY_WINDOW - 1, -CVSW_REPLAY_WINDOW, -CVSW_REPLAY_WINDOW + 1,
		-RING, -CVSW_WINDOW_WORD, -1, 0, 1, CVSW_WINDOW_WORD,
	};
	s64 seq = ref->highest;

	switch (pick(rnd, 16)) {
	case 0:
		seq += edges[pick(rnd, ARRAY_SIZE(edges))];
		break;
	case 1:
		seq += pick(rnd, 100) ? pick(rnd, 70) : pick(rnd, 3 * RING);
		break;
	case 2 ... 4:
		seq += 1;
		break;
	default:
		seq -= pick(rnd, CVSW_REPLAY_WINDOW + 40);
	}
	return clamp_t(s64, seq, ref->base, ref->base + NUMBERS - 1);
}

static void run_random(struct kunit *test, u64 base)
{
	struct reference *ref = vzalloc(sizeof(*ref));
	unsigned int i, verdicts[3] = { 0 };
	struct cvsw_replay *replay = kunit_kzalloc(test, sizeof(*replay), GFP_KERNEL);
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, ref);
	KUNIT_ASSERT_NOT_NULL(test, replay);
	prandom_seed_state(&rnd, base + 1);
	spin_lock_init(&replay->lock);
	ref->base = base;
	local_bh_disable();
	if (base)
		reference_update(ref, base + RING);
	if (base)
		cvsw_replay_update(replay, base + RING);
	for (i = 0; i < ROUNDS; i++) {
		u64 seq = random_seq(&rnd, ref);
		enum cvsw_window_verdict want = reference_check(ref, seq);

		if (cvsw_replay_check(replay, seq) != want ||
		    (pick(&rnd, 2) && cvsw_replay_update(replay, seq) !=
				      reference_update(ref, seq)) ||
		    cvsw_replay_highest(replay) != ref->highest)
			break;
		verdicts[want]++;
	}
	local_bh_enable();
	KUNIT_EXPECT_EQ_MSG(test, i, (unsigned int)ROUNDS, "highest %llu", ref->highest);
	KUNIT_EXPECT_GT(test, verdicts[CVSW_WINDOW_NEW], ROUNDS / 100U);
	KUNIT_EXPECT_GT(test, verdicts[CVSW_WINDOW_SEEN], ROUNDS / 100U);
	KUNIT_EXPECT_GT(test, verdicts[CVSW_WINDOW_OLD], ROUNDS / 100U);
	vfree(ref);
}

static void replay_from_the_start(struct kunit *test)
{
	run_random(test, 0);
}

static void replay_up_to_the_last_number(struct kunit *test)
{
	run_random(test, (1ULL << 32) - NUMBERS);
}

static void replay_leaps(struct kunit *test)
{
	static const u32 numbers[] = { 1, U32_MAX - RING, U32_MAX };
	struct cvsw_replay *replay = kunit_kzalloc(test, sizeof(*replay), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, replay);
	spin_lock_init(&replay->lock);
	local_bh_disable();
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		KUNIT_EXPECT_EQ(test, cvsw_replay_update(replay, numbers[i]), CVSW_WINDOW_NEW);
		KUNIT_EXPECT_EQ(test, cvsw_replay_update(replay, numbers[i]), CVSW_WINDOW_SEEN);
	}
	/* One round of the ring back stands at the same bit. */
	KUNIT_EXPECT_EQ(test, cvsw_replay_check(replay, numbers[1]), CVSW_WINDOW_OLD);
	KUNIT_EXPECT_EQ(test, cvsw_replay_check(replay, U32_MAX - 1), CVSW_WINDOW_NEW);
	KUNIT_EXPECT_EQ(test, cvsw_replay_check(replay, U32_MAX - CVSW_REPLAY_WINDOW + 1),
			CVSW_WINDOW_NEW);
	KUNIT_EXPECT_EQ(test, cvsw_replay_check(replay, U32_MAX - CVSW_REPLAY_WINDOW),
			CVSW_WINDOW_OLD);
	local_bh_enable();
}

static struct kunit_case replay_cases[] = {
	KUNIT_CASE(replay_from_the_start),
	KUNIT_CASE(replay_up_to_the_last_number),
	KUNIT_CASE(replay_leaps),
	{}
};

static struct kunit_suite replay_suite = {
	.name = "replay",
	.test_cases = replay_cases,
};
kunit_test_suite(replay_suite);
