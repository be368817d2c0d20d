/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * flow_mods in the form that version 3 of the control protocol and netlink have:
 * proto/VERSION3.md, "flow_mod".  One match has one form.
 */
#ifndef CVSW_FLOW_MOD_H
#define CVSW_FLOW_MOD_H

#include "cvsw_cursor.h"
#include "cvsw_fault.h"
#include "cvsw_flow.h"

#define CVSW_FLOW_MOD_HEADER_LEN	24
/* The most bytes that an action's values have: VXLAN_ENCAP's. */
#define CVSW_ENCAP_VALUE(action, member, kind)	\
	+ (CVSW_ACT_##action == CVSW_ACT_VXLAN_ENCAP ? sizeof(((struct cvsw_action *)0)->member) : 0)
#define CVSW_ACTION_VALUE_MAX	(0 CVSW_ACTION_VALUES(CVSW_ENCAP_VALUE))
/* The longest that is ever written: every slot with a mask, then tunnels only. */
#define CVSW_FLOW_MOD_MAX	(CVSW_FLOW_MOD_HEADER_LEN +			\
				 43 * 2 + 2 * sizeof(struct cvsw_key) +		\
				 CVSW_MAX_ACTIONS * (2 + CVSW_ACTION_VALUE_MAX))

/**
 * cvsw_flow_mod_decode() - read one flow_mod
 * @data: the bytes, @len of them; nothing behind is read
 * @used: out: bytes the flow_mod takes (a list of them goes on behind)
 * @flow: out: the flow, its match in normal form; undefined after a fault
 * @offset: out, may be NULL: where in @data the fault is
 *
 * Return: CVSW_OK or the fault.
 */
enum cvsw_fault cvsw_flow_mod_decode(const uint8_t *data, size_t len, size_t *used,
				     enum cvsw_flow_command *command, struct cvsw_flow *flow,
				     size_t *offset);

/**
 * cvsw_flow_mod_encode() - write one flow_mod
 * @flow: a valid flow, its match in normal form
 * @buf: room for @room bytes; CVSW_FLOW_MOD_MAX always suffice, and are too many for a
 *	kernel stack
 *
 * Return: bytes written, or 0 if @room is too small.
 */
size_t cvsw_flow_mod_encode(enum cvsw_flow_command command, const struct cvsw_flow *flow,
			    uint8_t *buf, size_t room);

/**
 * cvsw_action_decode() - read one action
 * @r: what follows it in its list is not read
 * @at: out: where in @r's bytes a fault is
 */
enum cvsw_fault cvsw_action_decode(struct cvsw_reader *r, struct cvsw_action *action, size_t *at);

/**
 * cvsw_actions_decode() - read actions that stand by themselves
 * @data: @len bytes: as in a flow_mod, but whatever the match
 * @flow: out: its actions alone
 * @offset: out: where in @data the fault is
 */
enum cvsw_fault cvsw_actions_decode(const uint8_t *data, size_t len, struct cvsw_flow *flow,
				    size_t *offset);

/** cvsw_actions_encode() - write @n actions; 0: @room is too small */
size_t cvsw_actions_encode(const struct cvsw_action *actions, size_t n, uint8_t *buf, size_t room);

#endif
