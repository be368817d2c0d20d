// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What an OFPT_FLOW_MOD means in version 2 of the control protocol, where it is not
 * what OpenFlow says: proto/README.md, "The published driver's flow_mods".
 */
#include "cvsw_ofp10_parts.h"

/* Of the six wildcard bits of an address. */
#define WHOLE_ADDRESS	31	/* five bits are set where OpenFlow has none */
#define ANY_ADDRESS	63

/* To OpenFlow's number of wild bits.  False: the published driver has a tunnel's identifier there. */
static bool read_address(uint32_t *wildcards, unsigned int shift)
{
	uint32_t bits = *wildcards >> shift & OFP10_NW_BITS;

	if (bits > 32 && bits < ANY_ADDRESS)
		return false;
	if (bits == WHOLE_ADDRESS)
		*wildcards &= ~((uint32_t)OFP10_NW_BITS << shift);
	return true;
}

bool cvsw_ofp10_published_read_wildcards(uint32_t *wildcards)
{
	return read_address(wildcards, OFP10_NW_SRC_SHIFT) &&
	       read_address(wildcards, OFP10_NW_DST_SHIFT);
}

uint32_t cvsw_ofp10_published_address(uint32_t wild_bits)
{
	return !wild_bits ? WHOLE_ADDRESS : wild_bits == 32 ? ANY_ADDRESS : wild_bits;
}

static bool is_nowhere(const struct cvsw_action *action)
{
	return action->type == CVSW_ACT_OUTPUT && action->port == CVSW_PORT_NONE;
}

/* Does the frame itself, at the end of this list, wait for another lookup? */
static bool is_looked_up_again(const struct cvsw_flow *flow)
{
	const struct cvsw_action *last = &flow->actions[flow->n_actions - 1];
	bool layered = false;
	size_t i;

	for (i = 0; i < flow->n_actions; i++) {
		const struct cvsw_action *action = &flow->actions[i];

		if (action->type == CVSW_ACT_CLONE)
			i += action->n_cloned;
		else if (action->type == CVSW_ACT_OUTPUT)
			return false;
		else
			layered |= cvsw_action_changes_layers(action->type);
	}
	return layered && last->type != CVSW_ACT_NEXT && last->type != CVSW_ACT_CONTROLLER;
}

enum cvsw_fault cvsw_ofp10_published_read(struct cvsw_flow *flow)
{
	size_t i;

	for (i = 0; i < flow->n_actions; i++)
		if (flow->actions[i].type == CVSW_ACT_VXLAN_DECAP)
			flow->actions[i].type = CVSW_ACT_VXLAN_STRIP;
	if (flow->n_actions == 1 && is_nowhere(&flow->actions[0])) {
		flow->n_actions = 0;
	} else if (flow->n_actions && is_looked_up_again(flow)) {
		if (flow->n_actions == CVSW_MAX_ACTIONS)
			return CVSW_FAULT_ACTION_COUNT;
		flow->actions[flow->n_actions++] = (struct cvsw_action){
			.type = CVSW_ACT_OUTPUT, .port = CVSW_PORT_ONWARD,
		};
	}
	return CVSW_OK;
}

static bool can_say_address(uint32_t mask)
{
	return mask != 0x80000000;	/* 31 wild bits */
}

bool cvsw_ofp10_published_can_say(const struct cvsw_flow *flow)
{
	size_t i;

	if (!can_say_address(flow->match.mask.nw_src) || !can_say_address(flow->match.mask.nw_dst))
		return false;
	for (i = 0; i < flow->n_actions; i++)
		if (flow->actions[i].type == CVSW_ACT_VXLAN_DECAP)
			return false;
	return !flow->n_actions || (!is_looked_up_again(flow) &&
				    !(flow->n_actions == 1 && is_nowhere(&flow->actions[0])));
}

enum cvsw_fault cvsw_ofp10_decode_v2(const uint8_t *data, size_t len, size_t *used,
				     enum cvsw_flow_command *command,
				     struct cvsw_flow *flow, size_t *offset)
{
	return cvsw_ofp10_decode_as(true, data, len, used, command, flow, offset);
}

size_t cvsw_ofp10_encode_v2(enum cvsw_flow_command command, const struct cvsw_flow *flow,
			    uint8_t *buf, size_t room)
{
	return cvsw_ofp10_encode_as(true, command, flow, buf, room);
}
