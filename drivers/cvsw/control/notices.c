// SPDX-License-Identifier: GPL-2.0
#include <linux/list.h>
#include <linux/slab.h>

#include "proto/cvsw_flow_mod.h"
#include "proto/cvsw_v3_body.h"
#include "notices.h"
#include "request_flows.h"

struct notice {
	struct list_head node;
	struct cvsw_entry *entry;
	u8 why;
};

/* The numbers are those of the wire. */
static_assert((int)CVSW_IDLE_TIMEOUT == CVSW_V3_REMOVED_IDLE &&
	      (int)CVSW_HARD_TIMEOUT == CVSW_V3_REMOVED_HARD &&
	      (int)CVSW_DELETED == CVSW_V3_REMOVED_DELETE);

void cvsw_notices_init(struct cvsw_notices *notices)
{
	INIT_LIST_HEAD(&notices->waiting);
	notices->n = 0;
}

bool cvsw_notices_add(struct cvsw_notices *notices, struct cvsw_entry *entry,
		      enum cvsw_removed why)
{
	struct notice *notice;

	if (notices->n >= CVSW_NOTICES_MAX)
		return false;
	notice = kmalloc(sizeof(*notice), GFP_KERNEL);
	if (!notice)
		return false;
	cvsw_entry_hold(entry);
	notice->entry = entry;
	notice->why = why;
	list_add_tail(&notice->node, &notices->waiting);
	notices->n++;
	return true;
}

size_t cvsw_notices_write(const struct cvsw_notices *notices, struct cvsw_flow *flow,
			  u8 *flow_mod, u8 *buf, size_t room)
{
	struct cvsw_v3_entry told;
	struct notice *notice;

	if (list_empty(&notices->waiting))
		return 0;
	notice = list_first_entry(&notices->waiting, struct notice, node);
	cvsw_entry_measures(notice->entry, &told);
	cvsw_entry_flow(notice->entry, flow);
	told.reason = notice->why;
	told.flow_mod = flow_mod;
	told.len = cvsw_flow_mod_encode(CVSW_FLOW_ADD, flow, flow_mod, CVSW_FLOW_MOD_MAX);
	return cvsw_v3_flow_removed_encode(&told, buf, room);
}

void cvsw_notices_told(struct cvsw_notices *notices)
{
	struct notice *notice = list_first_entry(&notices->waiting, struct notice, node);

	list_del(&notice->node);
	cvsw_entry_put(notice->entry);
	kfree(notice);
	notices->n--;
}

void cvsw_notices_clear(struct cvsw_notices *notices)
{
	while (notices->n)
		cvsw_notices_told(notices);
}
