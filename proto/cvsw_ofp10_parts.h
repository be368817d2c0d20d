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

/**
 * struct ofp10_form - what an OFPT_FLOW_MOD means; NULL: what the specification says
 * @read_wildcards: to OpenFlow's @wildcards; false: a fault
 * @address: how many low bits are wild, in this form; @wild_bits: 0 to 32, not 31
 * @read: @flow: its actions become what this form means by them
 * @can_say: can an OFPT_FLOW_MOD of this form say it?
 *
 * There is one: what the published driver takes it for, in version 2 of the control
 * protocol.  OpenFlow's own meaning is read and written by cvsw_ofp10_plain.c.
 */
struct ofp10_form {
	bool (*read_wildcards)(uint32_t *wildcards);
	uint32_t (*address)(uint32_t wild_bits);
	enum cvsw_fault (*read)(struct cvsw_flow *flow);
	bool (*can_say)(const struct cvsw_flow *flow);
};

/* cvsw_ofp10_decode() and cvsw_ofp10_encode() of this form. */
enum cvsw_fault cvsw_ofp10_decode_form(const uint8_t *data, size_t len,
				       const struct ofp10_form *form, size_t *used,
				       enum cvsw_flow_command *command,
				       struct cvsw_flow *flow, size_t *offset);
size_t cvsw_ofp10_encode_form(enum cvsw_flow_command command, const struct cvsw_flow *flow,
			      const struct ofp10_form *form, uint8_t *buf, size_t room);

#define OFP10_NW_SRC_SHIFT	8	/* in ofp_match.wildcards: how many low bits are wild */
#define OFP10_NW_DST_SHIFT	14
#define OFP10_NW_BITS		0x3f

/*
 * Readers: what is left in @r is the part's, all of it; @at is the fault's
 * offset in @r->data.
 */

/** cvsw_nxm_read() - @match: out: not in normal form yet */
enum cvsw_fault cvsw_nxm_read(struct cvsw_reader *r, struct cvsw_match *match, size_t *at);

enum cvsw_fault cvsw_ofp10_read_actions(struct cvsw_reader *r, struct cvsw_flow *flow,
					size_t *at);

/** cvsw_nxm_write() - @match: in normal form; without padding behind */
void cvsw_nxm_write(struct cvsw_writer *w, const struct cvsw_match *match);

void cvsw_ofp10_write_actions(struct cvsw_writer *w, const struct ofp10_form *form,
			      const struct cvsw_action *actions, size_t n);

#endif
