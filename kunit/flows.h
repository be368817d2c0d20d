/* SPDX-License-Identifier: GPL-2.0 */
/* Flows for the tests of the table: a linear list as a reference, random ones, simple ones. */
#ifndef CVSW_KUNIT_FLOWS_H
#define CVSW_KUNIT_FLOWS_H

#include <linux/bottom_half.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/prandom.h>
#include <linux/rcupdate.h>

#include "../drivers/cvsw/table/table.h"

#define FLOWS_MAX	400

/* Of the table's sources: see fail.h. */
extern int *table_fail_at;

struct flow_list {
	unsigned int n;
	struct cvsw_flow flows[FLOWS_MAX];
};

bool flows_matches(const struct cvsw_match *match, const struct cvsw_key *key);

/* Return: of the flows that match, or -1. */
int flows_best_priority(const struct flow_list *list, const struct cvsw_key *key);

/* Return: index of the flow, or list->n. */
unsigned int flows_find(const struct flow_list *list, const struct cvsw_match *match,
			u16 priority);

/* @told: out: more by how many entries went that had asked to tell of it */
int flows_mod(struct flow_list *list, enum cvsw_flow_command command,
	      const struct cvsw_flow *mod, unsigned int *told);

void random_key(struct rnd_state *rnd, struct cvsw_key *key);
void random_flow(struct rnd_state *rnd, struct cvsw_flow *flow);

/* A flow of a mask of its own. */
void lonely_flow(struct cvsw_flow *flow, u32 n);

/* TCP to this port, over IPv4; beside what @match has, and not in normal form. */
static inline void match_tcp_port(struct cvsw_match *match, u16 port)
{
	match->key.dl_type = ETH_P_IP;
	match->mask.dl_type = 0xffff;
	match->key.nw_proto = IPPROTO_TCP;
	match->mask.nw_proto = 0xff;
	match->key.tp_dst = port;
	match->mask.tp_dst = 0xffff;
}

/* A flow of one destination, in whatever protocol. */
void host_flow(struct cvsw_flow *flow, u32 nw_dst);

/* A flow_mod with DELETE, in all tables, while no change is open.  Return: how many entries it removed */
unsigned int table_delete(struct cvsw_table *table, const struct cvsw_match *match);

/* @flow: scratch, too large for the stack */
/* What changes have removed goes, as it does a grace period later by itself. */
void table_settles(struct cvsw_table *table);

int add_host_flow(struct cvsw_table *table, struct cvsw_flow *flow, u32 nw_dst, u64 cookie);

/* As the doors look up. */
static inline void readers_begin(void)
{
	local_bh_disable();
	rcu_read_lock();
}

static inline void readers_end(void)
{
	rcu_read_unlock();
	local_bh_enable();
}

/* Between readers_begin() and readers_end(). */
struct cvsw_entry *find_host_flow(struct cvsw_table *table, u32 nw_dst);

#endif
