/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The parts of a flow_mod, between cvsw_ofp10.c (its frame and ofp_match),
 * cvsw_nxm.c (nx_match) and cvsw_ofp10_actions.c.  Not for others.
 */
#ifndef CVSW_OFP10_PARTS_H
#define CVSW_OFP10_PARTS_H

#include "cvsw_cursor.h"
#include "cvsw_fault.h"
#include "cvsw_flow.h"
#include "cvsw_ofp10.h"

/*
 * @published: an OFPT_FLOW_MOD means what the published driver takes it for, in version 2
 * of the control protocol, not what the specification says.
 */

/* cvsw_ofp10_decode() and cvsw_ofp10_encode() of either meaning. */
enum cvsw_fault cvsw_ofp10_decode_as(bool published, const uint8_t *data, size_t len,
				     size_t *used, enum cvsw_flow_command *command,
				     struct cvsw_flow *flow, size_t *offset);
size_t cvsw_ofp10_encode_as(bool published, enum cvsw_flow_command command,
			    const struct cvsw_flow *flow, uint8_t *buf, size_t room);

/** cvsw_ofp10_published_read_wildcards() - to OpenFlow's; false: a fault */
bool cvsw_ofp10_published_read_wildcards(uint32_t *wildcards);

/** cvsw_ofp10_published_address() - how many low bits are wild; @wild_bits: 0 to 32, not 31 */
uint32_t cvsw_ofp10_published_address(uint32_t wild_bits);

/** cvsw_ofp10_published_read() - @flow: its actions become what the published driver does */
enum cvsw_fault cvsw_ofp10_published_read(struct cvsw_flow *flow);

/** cvsw_ofp10_published_can_say() - can an OFPT_FLOW_MOD tell the published driver this? */
bool cvsw_ofp10_published_can_say(const struct cvsw_flow *flow);

#define OFP10_NW_SRC_SHIFT	8	/* in ofp_match.wildcards: how many low bits are wild */
#define OFP10_NW_DST_SHIFT	14
#define OFP10_NW_BITS		0x3f

/*
 * Readers: what is left in @r is the part's, all of it; @at is the fault's
 * offset in @r->data.
 */

/** cvsw_ofp10_read_match() - ofp_match; @exact: out: without any wildcard */
enum cvsw_fault cvsw_ofp10_read_match(struct cvsw_reader *r, bool published,
				      struct cvsw_match *match, bool *exact, size_t *at);

/** cvsw_nxm_read() - @match: out: not in normal form yet */
enum cvsw_fault cvsw_nxm_read(struct cvsw_reader *r, struct cvsw_match *match, size_t *at);

enum cvsw_fault cvsw_ofp10_read_actions(struct cvsw_reader *r, struct cvsw_flow *flow,
					size_t *at);

/** cvsw_ofp10_write_match() - what of it an ofp_match can say */
void cvsw_ofp10_write_match(struct cvsw_writer *w, bool published,
			    const struct cvsw_match *match);

/** cvsw_nxm_write() - @match: in normal form; without padding behind */
void cvsw_nxm_write(struct cvsw_writer *w, const struct cvsw_match *match);

void cvsw_ofp10_write_actions(struct cvsw_writer *w, bool published,
			      const struct cvsw_action *actions, size_t n);

#endif
