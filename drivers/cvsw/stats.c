// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>
#include <linux/netdevice.h>

#include "stats.h"

struct cvsw_stats __percpu *cvsw_stats_alloc(void)
{
	return netdev_alloc_pcpu_stats(struct cvsw_stats);
}

u64 cvsw_stats_read(struct cvsw_stats __percpu *stats, unsigned int counter)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct cvsw_stats *s = per_cpu_ptr(stats, cpu);
		unsigned int start;
		u64 value;

		do {
			start = u64_stats_fetch_begin(&s->syncp);
			value = u64_stats_read(&s->counter[counter]);
		} while (u64_stats_fetch_retry(&s->syncp, start));
		sum += value;
	}
	return sum;
}

void cvsw_stats_name(unsigned int counter, char *buf, size_t size)
{
	static const char *const names[] = {
#define CVSW_COUNTER_NAME(id, name) [CVSW_CNT_##id] = name,
		CVSW_COUNTERS(CVSW_COUNTER_NAME)
#undef CVSW_COUNTER_NAME
	};

	if (counter < CVSW_CNT_V3S)
		strscpy(buf, names[counter], size);
	else if (cvsw_counter_is_of_table(counter))
		snprintf(buf, size, "table-%u-%s", (counter - CVSW_CNT_TABLE_PAIRS) / 2 + 1,
			 (counter - CVSW_CNT_TABLE_PAIRS) % 2 ? "hit" : "lookup");
	else if (counter < CVSW_CNT_FAULTS)
		snprintf(buf, size, "ctl-v3-%s", cvsw_v3_drop_name(counter - CVSW_CNT_V3S));
#ifdef CVSW_VERSION2
	else
		snprintf(buf, size, "ctl-bad-%s", cvsw_fault_name(counter - CVSW_CNT_FAULT(CVSW_OK)));
#endif
}
