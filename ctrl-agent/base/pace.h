/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often something may be done that somebody else can ask for at will: a burst, then one by one. */
#ifndef CVSWD_PACE_H
#define CVSWD_PACE_H

#include <stdint.h>

/** struct pace - @next: when the next one would be due if they were spread evenly */
struct pace {
	uint64_t next;
};

/** pace_due() - when the next one may be done: @burst of them at once, then one in @ms */
static inline uint64_t pace_due(const struct pace *pace, unsigned int burst, uint64_t ms)
{
	uint64_t ahead = (burst - 1) * ms;

	return pace->next > ahead ? pace->next - ahead : 0;
}

/** pace_took() - one was done */
static inline void pace_took(struct pace *pace, uint64_t ms, uint64_t now)
{
	pace->next = (pace->next > now ? pace->next : now) + ms;
}

#endif
