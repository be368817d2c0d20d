// SPDX-License-Identifier: GPL-2.0
#include <linux/cpumask.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "cpus.h"

#define RACERS_MAX	4

struct racer {
	struct work_struct work;
	void (*what)(void *arg, unsigned int nth);
	void *arg;
	unsigned int nth;
};

int stay_on_one_cpu(struct kunit *test)
{
	return set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
}

static void race(struct work_struct *work)
{
	struct racer *racer = container_of(work, struct racer, work);

	racer->what(racer->arg, racer->nth);
}

unsigned int on_all_cpus(struct kunit *test, void (*what)(void *arg, unsigned int nth), void *arg)
{
	unsigned int i, n = clamp_t(unsigned int, num_online_cpus(), 2, RACERS_MAX);
	struct racer *racers = kunit_kcalloc(test, n, sizeof(*racers), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, racers);
	for (i = 0; i < n; i++) {
		racers[i] = (struct racer){ .what = what, .arg = arg, .nth = i };
		INIT_WORK(&racers[i].work, race);
		queue_work(system_unbound_wq, &racers[i].work);
	}
	for (i = 0; i < n; i++)
		flush_work(&racers[i].work);
	return n;
}
