/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What to tell a NIC so that its flow table becomes what it should be.  Pure:
 * two sets in, messages out; who sends them, and when, is legacy.c's affair.
 */
#ifndef CVSWD_LEGACY_RECONCILE_H
#define CVSWD_LEGACY_RECONCILE_H

#include "cvsw_msg.h"
#include "flowset.h"

/**
 * struct reconcile_step - one message to the NIC
 * @type: CVSW_MSG_SET_ENTRY or CVSW_MSG_DELETE_ENTRY
 * @flow: points into the intent (SET) or into the table or to a constant (DELETE,
 *	of which only the match counts)
 */
struct reconcile_step {
	enum cvsw_msg_type type;
	const struct cvsw_flow *flow;
};

/**
 * reconcile() - the next messages on the way from a table to the intent
 * @intent: what the NIC should have
 * @table: what it has, as far as we know
 * @max: room in @steps
 *
 * Version 2 deletes by match alone, whatever the priority, and takes narrower
 * entries along; so a call answers either with deletions or with additions,
 * never both.  The caller sends them, books each with reconcile_apply(), and
 * calls again: a wanted entry that a deletion took along is then missing and
 * comes back.
 *
 * Return: number of steps; 0 if the table is what it should be.
 */
size_t reconcile(const struct flowset *intent, const struct flowset *table,
		 struct reconcile_step *steps, size_t max);

/**
 * reconcile_apply() - book what the NIC does on this step, if it arrives
 * @step: a DELETE's flow may be gone from @table afterwards
 */
void reconcile_apply(struct flowset *table, const struct reconcile_step *step);

#endif
