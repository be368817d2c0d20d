/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * OpenFlow 1.0 flow_mods (OpenFlow Switch Specification 1.0.0, 5.3.3) as
 * control messages carry them, and NXT_FLOW_MOD of Nicira's extension.
 */
#ifndef CVSW_OFP10_H
#define CVSW_OFP10_H

#include "cvsw_fault.h"
#include "cvsw_flow.h"

#define CVSW_OFP10_FLOW_MOD_LEN		72
/*
 * The longest that is ever written: an NXT_FLOW_MOD with every field and mask,
 * then tunnels only.  Too large for a kernel stack.
 */
#define CVSW_OFP10_FLOW_MOD_MAX		(48 + 560 + CVSW_MAX_ACTIONS * 64)

/**
 * cvsw_ofp10_decode() - read one flow_mod
 * @data: the bytes, @len of them; nothing behind is read
 * @used: out: bytes the flow_mod takes (a list of them goes on behind)
 * @command: out: the flow_mod's command, unchecked against the message type
 * @flow: out: the flow, its match in normal form; undefined after a fault
 * @offset: out, may be NULL: where in @data the fault is
 *
 * Takes OFPT_FLOW_MOD (type 14) and NXT_FLOW_MOD (type 4), with version 1 and the
 * flow_mod's length.  An exact match has priority 65535 whatever the field says
 * (5.3.3), in either form.
 *
 * Return: CVSW_OK or the fault.
 */
enum cvsw_fault cvsw_ofp10_decode(const uint8_t *data, size_t len, size_t *used,
				  enum cvsw_flow_command *command,
				  struct cvsw_flow *flow, size_t *offset);

/**
 * cvsw_ofp10_encode() - write one flow_mod with the specification's header
 * @flow: a valid flow, its match in normal form
 * @buf: room for @room bytes; CVSW_OFP10_FLOW_MOD_MAX always suffice
 *
 * An OFPT_FLOW_MOD where cvsw_ofp10_can_express() it, else an NXT_FLOW_MOD.
 *
 * Return: bytes written, or 0 if @room is too small or the flow is not of table 0.
 */
size_t cvsw_ofp10_encode(enum cvsw_flow_command command, const struct cvsw_flow *flow,
			 uint8_t *buf, size_t room);

/**
 * cvsw_ofp10_decode_v2() - read a flow_mod of version 2 of the control protocol
 *
 * As cvsw_ofp10_decode(), but an OFPT_FLOW_MOD means what the published driver takes
 * it for: proto/README.md, "The published driver's flow_mods".  If its header's
 * version is not 1, it reaches to the end of @data.
 */
enum cvsw_fault cvsw_ofp10_decode_v2(const uint8_t *data, size_t len, size_t *used,
				     enum cvsw_flow_command *command,
				     struct cvsw_flow *flow, size_t *offset);

/**
 * cvsw_ofp10_encode_v2() - write a flow_mod for version 2 of the control protocol
 *
 * As cvsw_ofp10_encode(), in the form that cvsw_ofp10_decode_v2() reads; an
 * NXT_FLOW_MOD also where an OFPT_FLOW_MOD would mean something else there.
 */
size_t cvsw_ofp10_encode_v2(enum cvsw_flow_command command, const struct cvsw_flow *flow,
			    uint8_t *buf, size_t room);

/**
 * cvsw_ofp10_is_exact() - is it without any wildcard in ofp_match?
 *
 * Such a flow always has priority 65535 (5.3.3); whoever makes one gives it so.
 */
bool cvsw_ofp10_is_exact(const struct cvsw_match *match);

/** cvsw_ofp10_can_express() - has every field and mask its place in ofp_match? */
bool cvsw_ofp10_can_express(const struct cvsw_match *match);

#endif
