// SPDX-License-Identifier: GPL-2.0
#include <linux/netdevice.h>
#include <linux/rcupdate.h>

#include "actions.h"
#include "engine.h"
#include "key.h"

static struct sk_buff *drop(struct cvsw_engine *engine, struct sk_buff *skb,
			    enum cvsw_counter cause)
{
	cvsw_stats_count(engine->stats, cause);
	dev_kfree_skb_any(skb);
	return NULL;
}

static struct sk_buff *miss(struct cvsw_engine *engine, struct sk_buff *skb,
			    enum cvsw_ingress in)
{
	cvsw_stats_count(engine->stats, in == CVSW_HOST ? CVSW_CNT_TX_MISS : CVSW_CNT_RX_MISS);
	if (unlikely(engine->miss_drop))
		return drop(engine, skb, CVSW_CNT_DROP_MISS);
	return skb;
}

static struct sk_buff *hit(struct cvsw_engine *engine, struct sk_buff *skb,
			   enum cvsw_ingress in, struct cvsw_entry *entry,
			   const struct cvsw_layout *layout)
{
	cvsw_stats_count(engine->stats, in == CVSW_HOST ? CVSW_CNT_TX_HIT : CVSW_CNT_RX_HIT);
	cvsw_entry_count(entry, skb->len);
	if (!entry->n_actions)
		return drop(engine, skb, CVSW_CNT_DROP_ACTION);
	return cvsw_actions_run(skb, layout, entry->actions, entry->n_actions, engine->stats);
}

struct sk_buff *cvsw_handle_frame(struct cvsw_engine *engine, struct sk_buff *skb,
				  enum cvsw_ingress in)
{
	struct cvsw_layout layout;
	struct cvsw_entry *entry;
	struct cvsw_key key;

	if (cvsw_table_empty(engine->table))
		return miss(engine, skb, in);
	if (unlikely(cvsw_key_extract(skb, in, &key, &layout)))
		return drop(engine, skb, CVSW_CNT_DROP_SHORT);

	rcu_read_lock();
	entry = cvsw_table_lookup(engine->table, &key);
	skb = entry ? hit(engine, skb, in, entry, &layout) : miss(engine, skb, in);
	rcu_read_unlock();
	return skb;
}

void cvsw_walk_hold(struct cvsw_walk *to, const struct cvsw_walk *walk)
{
	*to = *walk;
	cvsw_entry_hold(to->entry);
}

void cvsw_engine_resume(struct cvsw_walk *walk, struct sk_buff *skb)
{
	if (skb)
		walk->engine->deliver(walk->engine, skb, walk->in);
	cvsw_entry_put(walk->entry);
}
