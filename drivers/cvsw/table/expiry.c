// SPDX-License-Identifier: GPL-2.0
/*
 * Timeouts of flows.
 *
 * Entries that have one stand in a tree by when to look at them next.  A frame
 * does not move its entry: when the time has come for one that was used
 * meanwhile, it is put back behind its new time.  So an entry is looked at once
 * in its timeout, however many there are, and the rest not at all.
 */
#include <linux/jiffies.h>
#include <linux/sched.h>

#include "table_parts.h"

/* Return: the entry to look at, or NULL: none before @wait jiffies from now. */
static struct cvsw_entry *next_due(struct cvsw_table *table, u64 now, unsigned long *wait)
{
	struct timerqueue_node *node = timerqueue_getnext(&table->expiry);
	struct cvsw_entry *entry = node ? container_of(node, struct cvsw_entry, expiry) : NULL;

	if (entry && node->expires <= now)
		return entry;
	*wait = node ? min_t(u64, node->expires - now, MAX_SCHEDULE_TIMEOUT) : MAX_SCHEDULE_TIMEOUT;
	return NULL;
}

unsigned long cvsw_table_expire(struct cvsw_table *table, u64 now)
{
	unsigned long wait = MAX_SCHEDULE_TIMEOUT;
	struct cvsw_entry *entry;
	bool any = false;

	if (table->change.on)
		return wait;
	while ((entry = next_due(table, now, &wait))) {
		timerqueue_del(&table->expiry, &entry->expiry);
		if (now < cvsw_entry_hard_end(entry) && now < cvsw_entry_idle_end(entry, now)) {
			cvsw_expiry_add(table, entry, now);
			continue;
		}
		if (!any)
			cvsw_table_begin(table, false);
		any = true;
		cvsw_change_remove(table, entry, now < cvsw_entry_hard_end(entry) ? CVSW_IDLE_TIMEOUT :
									 CVSW_HARD_TIMEOUT);
		cond_resched();
	}
	cvsw_table_commit(table);
	return min(wait, cvsw_change_clean(table));
}
