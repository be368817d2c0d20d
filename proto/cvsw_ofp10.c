// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A flow_mod of OpenFlow Switch Specification 1.0.0, whose clauses are cited.
 *
 *	 0                   1                   2                   3
 *	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *	+---------------+---------------+-------------------------------+
 *   0	|  version (1)  |   type (14)   |            length             |  ofp_header
 *   4	|                              xid                              |    (5.1)
 *	+---------------------------------------------------------------+
 *   8	|                           wildcards                           |  ofp_match
 *  12	|            in_port            |                               |    (5.2.3)
 *  16	|            dl_src             +-------------------------------+
 *  20	|                            dl_dst                             |
 *  24	|            dl_dst             |            dl_vlan            |
 *  28	|  dl_vlan_pcp  |      pad      |            dl_type            |
 *  32	|    nw_tos     |   nw_proto    |              pad              |
 *  36	|                            nw_src                             |
 *  40	|                            nw_dst                             |
 *  44	|            tp_src             |            tp_dst             |
 *	+---------------------------------------------------------------+
 *  48	|                            cookie                             |  ofp_flow_mod
 *  52	|                            cookie                             |    (5.3.3)
 *  56	|            command            |         idle_timeout          |
 *  60	|         hard_timeout          |           priority            |
 *  64	|                           buffer_id                           |
 *  68	|           out_port            |             flags             |
 *	+---------------------------------------------------------------+
 *  72	|                          actions ...                          |
 *
 * and NXT_FLOW_MOD, of Nicira's extension, for matches that ofp_match cannot
 * express:
 *
 *	+---------------+---------------+-------------------------------+
 *   0	|  version (1)  |   type (4)    |            length             |  ofp_header
 *   4	|                              xid                              |
 *	+---------------------------------------------------------------+
 *   8	|                      vendor (0x00002320)                      |
 *  12	|                         subtype (13)                          |
 *	+---------------------------------------------------------------+
 *  16	|       as bytes 48 to 71 above: cookie, command, timeouts,     |
 *	|            priority, buffer_id, out_port and flags            |
 *	+-------------------------------+-------------------------------+
 *  40	|           match_len           |                               |
 *	+-------------------------------+              pad              |
 *  44	|                                                               |
 *	+---------------------------------------------------------------+
 *  48	|   nx_match (cvsw_nxm.c), match_len bytes, padded to eight ... |
 *	|                          actions ...                          |
 */
#include "cvsw_ofp10.h"

#include "cvsw_ofp10_parts.h"

#define OFP10_VERSION		0x01
#define OFPT10_VENDOR		4
#define OFPT10_FLOW_MOD		14
#define NX_VENDOR		0x00002320
#define NXT_FLOW_MOD		13
#define NXT_FLOW_MOD_LEN	48
#define OFP10_NO_BUFFER		0xffffffff
#define OFPP10_NONE		0xffff	/* out_port, 5.2.1 */

/* ofp_flow_wildcards, 5.2.3 */
#define OFPFW10_IN_PORT		(1 << 0)
#define OFPFW10_DL_VLAN		(1 << 1)
#define OFPFW10_DL_SRC		(1 << 2)
#define OFPFW10_DL_DST		(1 << 3)
#define OFPFW10_DL_TYPE		(1 << 4)
#define OFPFW10_NW_PROTO	(1 << 5)
#define OFPFW10_TP_SRC		(1 << 6)
#define OFPFW10_TP_DST		(1 << 7)
#define OFPFW10_DL_VLAN_PCP	(1 << 20)
#define OFPFW10_NW_TOS		(1 << 21)
#define OFPFW10_ALL		((1 << 22) - 1)

#define OFP10_VLAN_NONE		0xffff	/* dl_vlan of a frame without a tag */
#define EXACT_PRIORITY		0xffff

/* Offsets of what a fault can be in. */
enum ofp10_offset {
	OFP10_AT_VERSION = 0,
	OFP10_AT_TYPE = 1,
	OFP10_AT_LENGTH = 2,
	OFP10_AT_WILDCARDS = 8,
	OFP10_AT_IN_PORT = 12,
	OFP10_AT_DL_TYPE = 30,
	OFP10_AT_TP_SRC = 44,
	OFP10_AT_TP_DST = 46,
	NXT_AT_VENDOR = 8,
	NXT_AT_MATCH_LEN = 40,
	NXT_AT_MATCH = 48,
	/* from the cookie on, in either form */
	COOKIE_TO_COMMAND = 8,
	COOKIE_TO_PRIORITY = 14,
	COOKIE_TO_FLAGS = 22,
	COOKIE_TO_ACTIONS = 24,
};

/**
 * struct ofp_header - an ofp_header
 * @type: OFPT10_FLOW_MOD or OFPT10_VENDOR
 * @used: bytes of this flow_mod
 * @bare: the published driver's: only the type has a meaning
 */
struct ofp_header {
	uint8_t type;
	size_t used;
	bool bare;
};

/*
 * How many bytes are this flow_mod's: the header says so, or, if it is the published
 * driver's, the end of the data.
 */
static enum cvsw_fault read_header(struct cvsw_reader *r, bool published,
				   struct ofp_header *header, size_t *at)
{
	uint8_t version = cvsw_get_u8(r);
	uint16_t length;
	size_t min;

	header->type = cvsw_get_u8(r);
	length = cvsw_get_u16(r);
	cvsw_skip(r, 4);
	*at = r->len;
	if (r->overrun)
		return CVSW_FAULT_SHORT;
	*at = OFP10_AT_TYPE;
	if (header->type != OFPT10_FLOW_MOD && header->type != OFPT10_VENDOR)
		return CVSW_FAULT_OFP_TYPE;
	min = header->type == OFPT10_VENDOR ? NXT_FLOW_MOD_LEN : CVSW_OFP10_FLOW_MOD_LEN;
	*at = r->len;
	if (r->len < min)
		return CVSW_FAULT_SHORT;
	header->bare = published && header->type == OFPT10_FLOW_MOD && version != OFP10_VERSION;
	header->used = r->len;
	if (header->bare)
		return CVSW_OK;
	*at = OFP10_AT_VERSION;
	if (version != OFP10_VERSION)
		return CVSW_FAULT_VERSION;
	*at = OFP10_AT_LENGTH;
	if (length < min || length > r->len)
		return CVSW_FAULT_LENGTH;
	header->used = length;
	return CVSW_OK;
}

static uint32_t prefix_mask(uint32_t wildcards, unsigned int shift)
{
	uint32_t wild_bits = wildcards >> shift & OFP10_NW_BITS;

	return wild_bits < 32 ? 0xffffffff << wild_bits : 0;
}

/*
 * dl_vlan and dl_vlan_pcp are one field of the key.  Bits that the fields do not
 * have are not looked at, as in Open vSwitch.
 */
static void read_vlan(struct cvsw_match *match, uint32_t wildcards, uint16_t vid, uint8_t pcp)
{
	if (!(wildcards & OFPFW10_DL_VLAN)) {
		match->mask.vlan_tci = CVSW_VLAN_PRESENT;
		if (vid == OFP10_VLAN_NONE)
			return;
		match->key.vlan_tci = CVSW_VLAN_PRESENT | (vid & CVSW_VLAN_VID_MASK);
		match->mask.vlan_tci |= CVSW_VLAN_VID_MASK;
	}
	if (!(wildcards & OFPFW10_DL_VLAN_PCP)) {
		match->key.vlan_tci |= CVSW_VLAN_PRESENT | (uint16_t)(pcp << CVSW_VLAN_PCP_SHIFT);
		match->mask.vlan_tci |= CVSW_VLAN_PRESENT | CVSW_VLAN_PCP_MASK;
	}
}

static void read_masks(struct cvsw_key *mask, uint32_t wildcards)
{
	if (!(wildcards & OFPFW10_IN_PORT))
		mask->in_port = 0xff;
	if (!(wildcards & OFPFW10_DL_SRC))
		memset(mask->dl_src, 0xff, sizeof(mask->dl_src));
	if (!(wildcards & OFPFW10_DL_DST))
		memset(mask->dl_dst, 0xff, sizeof(mask->dl_dst));
	if (!(wildcards & OFPFW10_DL_TYPE))
		mask->dl_type = 0xffff;
	if (!(wildcards & OFPFW10_NW_TOS))
		mask->nw_tos = CVSW_DSCP_MASK;
	if (!(wildcards & OFPFW10_NW_PROTO))
		mask->nw_proto = 0xff;
	mask->nw_src = prefix_mask(wildcards, OFP10_NW_SRC_SHIFT);
	mask->nw_dst = prefix_mask(wildcards, OFP10_NW_DST_SHIFT);
	if (!(wildcards & OFPFW10_TP_SRC))
		mask->tp_src = 0xffff;
	if (!(wildcards & OFPFW10_TP_DST))
		mask->tp_dst = 0xffff;
}

/*
 * Open vSwitch compares RARP's opcode and addresses.  A NIC does not read them, and a
 * flow for one opcode must not become a flow for all.
 */
static bool asks_of_rarp(const struct cvsw_match *match)
{
	return match->mask.dl_type == 0xffff && match->key.dl_type == CVSW_ETHERTYPE_RARP &&
	       (match->mask.nw_proto || match->mask.nw_src || match->mask.nw_dst);
}

static enum cvsw_fault check_values(const struct cvsw_match *match, size_t *at)
{
	enum cvsw_slot wrong = cvsw_match_impossible(match);

	*at = wrong == CVSW_SLOT_TP_SRC ? OFP10_AT_TP_SRC :
	      wrong == CVSW_SLOT_TP_DST ? OFP10_AT_TP_DST : OFP10_AT_WILDCARDS;
	return wrong == CVSW_SLOT_NONE ? CVSW_OK : CVSW_FAULT_MATCH;
}

enum cvsw_fault cvsw_ofp10_read_match(struct cvsw_reader *r, bool published,
				      struct cvsw_match *match, bool *exact, size_t *at)
{
	struct cvsw_key *key = &match->key;
	uint32_t wildcards = cvsw_get_u32(r);
	uint16_t in_port = cvsw_get_u16(r);
	uint16_t vid;
	uint8_t pcp;

	memset(match, 0, sizeof(*match));
	*at = OFP10_AT_WILDCARDS;
	if (published && !cvsw_ofp10_published_read_wildcards(&wildcards))
		return CVSW_FAULT_MATCH;
	*exact = !(wildcards & OFPFW10_ALL);
	read_masks(&match->mask, wildcards);

	*at = OFP10_AT_IN_PORT;
	if (match->mask.in_port && in_port != CVSW_HOST && in_port != CVSW_NET)
		return CVSW_FAULT_MATCH;
	key->in_port = (uint8_t)in_port;
	cvsw_get_bytes(r, key->dl_src, sizeof(key->dl_src));
	cvsw_get_bytes(r, key->dl_dst, sizeof(key->dl_dst));
	vid = cvsw_get_u16(r);
	pcp = cvsw_get_u8(r);
	cvsw_skip(r, 1);
	key->dl_type = cvsw_get_u16(r);
	key->nw_tos = cvsw_get_u8(r);
	key->nw_proto = cvsw_get_u8(r);
	cvsw_skip(r, 2);
	key->nw_src = cvsw_get_u32(r);
	key->nw_dst = cvsw_get_u32(r);
	key->tp_src = cvsw_get_u16(r);
	key->tp_dst = cvsw_get_u16(r);

	read_vlan(match, wildcards, vid, pcp);
	*at = OFP10_AT_DL_TYPE;
	if (asks_of_rarp(match))
		return CVSW_FAULT_MATCH;
	cvsw_match_normalize(match);
	return check_values(match, at);
}

/* ofp_flow_mod_flags that are taken. */
#define FLAGS_TAKEN	(CVSW_FLOW_SEND_REMOVED | CVSW_FLOW_CHECK_OVERLAP)

/* From the cookie to the flags; buffer_id means nothing here. */
static enum cvsw_fault read_rest(struct cvsw_reader *r, struct cvsw_flow *flow,
				 enum cvsw_flow_command *command, size_t *at)
{
	size_t cookie_at = r->at;
	uint16_t number;

	flow->cookie = cvsw_get_u64(r);
	number = cvsw_get_u16(r);
	flow->idle_timeout = cvsw_get_u16(r);
	flow->hard_timeout = cvsw_get_u16(r);
	flow->priority = cvsw_get_u16(r);
	cvsw_skip(r, 4);
	flow->out_port = cvsw_get_u16(r);
	flow->flags = cvsw_get_u16(r);

	*at = cookie_at + COOKIE_TO_COMMAND;
	if (number > CVSW_FLOW_DELETE_STRICT)
		return CVSW_FAULT_COMMAND;
	*command = number;
	*at = cookie_at + COOKIE_TO_FLAGS;
	if (flow->flags & ~FLAGS_TAKEN)
		return CVSW_FAULT_FLAGS;
	/* 4.6: out_port is of commands that delete. */
	if (number < CVSW_FLOW_DELETE || flow->out_port == OFPP10_NONE)
		flow->out_port = 0;
	return CVSW_OK;
}

/* Likewise of the published driver's form: it looks at the priority alone. */
static enum cvsw_fault read_priority(struct cvsw_reader *r, struct cvsw_flow *flow,
				     enum cvsw_flow_command *command)
{
	flow->cookie = 0;
	flow->idle_timeout = 0;
	flow->hard_timeout = 0;
	flow->flags = 0;
	flow->out_port = 0;
	*command = CVSW_FLOW_ADD;
	cvsw_skip(r, COOKIE_TO_PRIORITY);
	flow->priority = cvsw_get_u16(r);
	cvsw_skip(r, COOKIE_TO_ACTIONS - COOKIE_TO_PRIORITY - 2);
	return CVSW_OK;
}

/* OFPT_FLOW_MOD behind its header, up to the actions. */
static enum cvsw_fault read_ofp(struct cvsw_reader *r, bool published, bool bare,
				struct cvsw_flow *flow, enum cvsw_flow_command *command,
				size_t *at)
{
	enum cvsw_fault fault;
	bool exact;

	fault = cvsw_ofp10_read_match(r, published, &flow->match, &exact, at);
	if (fault)
		return fault;
	fault = bare ? read_priority(r, flow, command) : read_rest(r, flow, command, at);
	if (exact)
		flow->priority = EXACT_PRIORITY;
	return fault;
}

/* NXT_FLOW_MOD behind its OpenFlow header, up to the actions. */
static enum cvsw_fault read_nxt(struct cvsw_reader *r, struct cvsw_flow *flow,
				enum cvsw_flow_command *command, size_t *at)
{
	struct cvsw_reader match;
	enum cvsw_fault fault;
	size_t match_len, padded;

	*at = NXT_AT_VENDOR;
	if (cvsw_get_u32(r) != NX_VENDOR || cvsw_get_u32(r) != NXT_FLOW_MOD)
		return CVSW_FAULT_OFP_TYPE;
	fault = read_rest(r, flow, command, at);
	if (fault)
		return fault;
	match_len = cvsw_get_u16(r);
	padded = (match_len + 7) / 8 * 8;
	cvsw_skip(r, 6);
	*at = NXT_AT_MATCH_LEN;
	if (padded > cvsw_left(r))
		return CVSW_FAULT_LENGTH;
	match = cvsw_reader(r->data, r->at + match_len);
	match.at = r->at;
	cvsw_skip(r, padded);
	fault = cvsw_nxm_read(&match, &flow->match, at);
	if (fault)
		return fault;
	cvsw_match_normalize(&flow->match);
	fault = check_values(&flow->match, at);
	*at = fault ? NXT_AT_MATCH : *at;
	return fault;
}

static enum cvsw_fault read_flow_mod(struct cvsw_reader *r, bool published, size_t *used,
				     enum cvsw_flow_command *command,
				     struct cvsw_flow *flow, size_t *at)
{
	struct ofp_header header;
	enum cvsw_fault fault;
	size_t actions_at;

	fault = read_header(r, published, &header, at);
	if (fault)
		return fault;
	*used = header.used;
	r->len = header.used;
	if (header.type == OFPT10_VENDOR)
		fault = read_nxt(r, flow, command, at);
	else
		fault = read_ofp(r, published, header.bare, flow, command, at);
	if (fault)
		return fault;
	if (cvsw_ofp10_is_exact(&flow->match))
		flow->priority = EXACT_PRIORITY;
	actions_at = r->at;
	fault = cvsw_ofp10_read_actions(r, flow, at);
	if (fault || !published || header.type == OFPT10_VENDOR)
		return fault;
	*at = actions_at;
	return cvsw_ofp10_published_read(flow);
}

enum cvsw_fault cvsw_ofp10_decode_as(bool published, const uint8_t *data, size_t len,
				     size_t *used, enum cvsw_flow_command *command,
				     struct cvsw_flow *flow, size_t *offset)
{
	struct cvsw_reader r = cvsw_reader(data, len);
	size_t at;
	enum cvsw_fault fault = read_flow_mod(&r, published, used, command, flow, &at);

	if (fault && offset)
		*offset = at;
	return fault;
}

static bool all_or_none(const uint8_t *mask, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (mask[i] != mask[0])
			return false;
	return mask[0] == 0 || mask[0] == 0xff;
}

static bool is_zero(const uint8_t *mask, size_t n)
{
	return !mask[0] && all_or_none(mask, n);
}

/* A prefix: ones, then zeroes. */
static bool is_prefix(uint32_t mask)
{
	return !(~mask & (~mask + 1));
}

static bool can_express_vlan(uint16_t key, uint16_t mask)
{
	if (mask == CVSW_VLAN_PRESENT)
		return !key;	/* "some tag" cannot be said */
	if (!mask)
		return true;
	return (key & CVSW_VLAN_PRESENT) &&
	       (mask == (CVSW_VLAN_PRESENT | CVSW_VLAN_VID_MASK) ||
		mask == (CVSW_VLAN_PRESENT | CVSW_VLAN_PCP_MASK) || mask == 0xffff);
}

bool cvsw_ofp10_can_express(const struct cvsw_match *match)
{
	const struct cvsw_key *mask = &match->mask;
	const size_t beyond = offsetof(struct cvsw_key, nw_ttl);	/* all from here on */

	return all_or_none(mask->dl_dst, sizeof(mask->dl_dst)) &&
	       all_or_none(mask->dl_src, sizeof(mask->dl_src)) &&
	       (!mask->dl_type || mask->dl_type == 0xffff) &&
	       can_express_vlan(match->key.vlan_tci, mask->vlan_tci) &&
	       is_prefix(mask->nw_src) && is_prefix(mask->nw_dst) &&
	       (!mask->tp_src || mask->tp_src == 0xffff) &&
	       (!mask->tp_dst || mask->tp_dst == 0xffff) &&
	       (!mask->nw_proto || mask->nw_proto == 0xff) &&
	       (!mask->nw_tos || mask->nw_tos == CVSW_DSCP_MASK) &&
	       (!mask->in_port || mask->in_port == 0xff) &&
	       !(cvsw_match_names(match, CVSW_NEED_IPV6) &&
		 (mask->nw_proto || mask->nw_tos || mask->tp_src || mask->tp_dst)) &&
	       is_zero((const uint8_t *)mask + beyond, sizeof(*mask) - beyond);
}

static uint32_t wild_bits(uint32_t mask)
{
	uint32_t n = 0;

	while (n < 32 && !(mask & 1)) {
		mask >>= 1;
		n++;
	}
	return n;
}

static uint32_t wildcards_of(const struct cvsw_match *match)
{
	const struct cvsw_key *mask = &match->mask;
	uint32_t wildcards = 0;
	/* That there is no tag says all about id and priority. */
	bool untagged = mask->vlan_tci == CVSW_VLAN_PRESENT;

	if (!mask->in_port)
		wildcards |= OFPFW10_IN_PORT;
	if (!(mask->vlan_tci & CVSW_VLAN_VID_MASK) && !untagged)
		wildcards |= OFPFW10_DL_VLAN;
	if (!(mask->vlan_tci & CVSW_VLAN_PCP_MASK) && !untagged)
		wildcards |= OFPFW10_DL_VLAN_PCP;
	if (!mask->dl_src[0])
		wildcards |= OFPFW10_DL_SRC;
	if (!mask->dl_dst[0])
		wildcards |= OFPFW10_DL_DST;
	if (!mask->dl_type)
		wildcards |= OFPFW10_DL_TYPE;
	if (!mask->nw_proto)
		wildcards |= OFPFW10_NW_PROTO;
	if (!mask->nw_tos)
		wildcards |= OFPFW10_NW_TOS;
	if (!mask->tp_src)
		wildcards |= OFPFW10_TP_SRC;
	if (!mask->tp_dst)
		wildcards |= OFPFW10_TP_DST;
	wildcards |= wild_bits(mask->nw_src) << OFP10_NW_SRC_SHIFT;
	wildcards |= wild_bits(mask->nw_dst) << OFP10_NW_DST_SHIFT;
	return wildcards;
}

/* With addresses as the published driver has them. */
static uint32_t published_wildcards_of(const struct cvsw_match *match)
{
	const uint32_t addresses = OFP10_NW_BITS << OFP10_NW_SRC_SHIFT |
				   OFP10_NW_BITS << OFP10_NW_DST_SHIFT;
	const struct cvsw_key *mask = &match->mask;

	return (wildcards_of(match) & ~addresses) |
	       cvsw_ofp10_published_address(wild_bits(mask->nw_src)) << OFP10_NW_SRC_SHIFT |
	       cvsw_ofp10_published_address(wild_bits(mask->nw_dst)) << OFP10_NW_DST_SHIFT;
}

bool cvsw_ofp10_is_exact(const struct cvsw_match *match)
{
	return cvsw_ofp10_can_express(match) && !wildcards_of(match);
}

void cvsw_ofp10_write_match(struct cvsw_writer *w, bool published,
			    const struct cvsw_match *match)
{
	const struct cvsw_key *key = &match->key;
	uint16_t vid = key->vlan_tci & CVSW_VLAN_VID_MASK;

	if (match->mask.vlan_tci == CVSW_VLAN_PRESENT)
		vid = OFP10_VLAN_NONE;
	cvsw_put_u32(w, published ? published_wildcards_of(match) : wildcards_of(match));
	cvsw_put_u16(w, key->in_port);
	cvsw_put_bytes(w, key->dl_src, sizeof(key->dl_src));
	cvsw_put_bytes(w, key->dl_dst, sizeof(key->dl_dst));
	cvsw_put_u16(w, vid);
	cvsw_put_u8(w, (uint8_t)(key->vlan_tci >> CVSW_VLAN_PCP_SHIFT));
	cvsw_put_zero(w, 1);
	cvsw_put_u16(w, key->dl_type);
	cvsw_put_u8(w, key->nw_tos);
	cvsw_put_u8(w, key->nw_proto);
	cvsw_put_zero(w, 2);
	cvsw_put_u32(w, key->nw_src);
	cvsw_put_u32(w, key->nw_dst);
	cvsw_put_u16(w, key->tp_src);
	cvsw_put_u16(w, key->tp_dst);
}

/* From the cookie to the flags, in either form. */
static void write_rest(struct cvsw_writer *w, enum cvsw_flow_command command,
		       const struct cvsw_flow *flow)
{
	cvsw_put_u64(w, flow->cookie);
	cvsw_put_u16(w, (uint16_t)command);
	cvsw_put_u16(w, flow->idle_timeout);
	cvsw_put_u16(w, flow->hard_timeout);
	cvsw_put_u16(w, flow->priority);
	cvsw_put_u32(w, OFP10_NO_BUFFER);
	cvsw_put_u16(w, flow->out_port ? flow->out_port : OFPP10_NONE);
	cvsw_put_u16(w, flow->flags);
}

/* A length that was not known when its place was passed. */
static void fill_in(const struct cvsw_writer *w, size_t at, size_t len)
{
	struct cvsw_writer place = cvsw_writer(w->data + at, 2);

	if (!w->overrun)
		cvsw_put_u16(&place, (uint16_t)len);
}

static void write_nxt(struct cvsw_writer *w, enum cvsw_flow_command command,
		      const struct cvsw_flow *flow)
{
	size_t match_len;

	cvsw_put_u32(w, NX_VENDOR);
	cvsw_put_u32(w, NXT_FLOW_MOD);
	write_rest(w, command, flow);
	cvsw_put_zero(w, 2 + 6);
	cvsw_nxm_write(w, &flow->match);
	if (w->overrun)
		return;
	match_len = w->at - NXT_AT_MATCH;
	fill_in(w, NXT_AT_MATCH_LEN, match_len);
	cvsw_put_zero(w, (8 - match_len % 8) % 8);
}

/* The published driver passes what has no action at all, and drops by an output to nowhere. */
static void write_actions(struct cvsw_writer *w, bool published,
			  enum cvsw_flow_command command, const struct cvsw_flow *flow)
{
	static const struct cvsw_action nowhere = {
		.type = CVSW_ACT_OUTPUT, .port = CVSW_PORT_NONE,
	};

	if (published && !flow->n_actions && command < CVSW_FLOW_DELETE)
		cvsw_ofp10_write_actions(w, published, &nowhere, 1);
	else
		cvsw_ofp10_write_actions(w, published, flow->actions, flow->n_actions);
}

size_t cvsw_ofp10_encode_as(bool published, enum cvsw_flow_command command,
			    const struct cvsw_flow *flow, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);
	bool nxt = !cvsw_ofp10_can_express(&flow->match) ||
		   (published && !cvsw_ofp10_published_can_say(flow));

	if (flow->match.table)
		return 0;
	cvsw_put_u8(&w, OFP10_VERSION);
	cvsw_put_u8(&w, nxt ? OFPT10_VENDOR : OFPT10_FLOW_MOD);
	cvsw_put_u16(&w, 0);
	cvsw_put_u32(&w, 0);
	if (nxt) {
		write_nxt(&w, command, flow);
		cvsw_ofp10_write_actions(&w, false, flow->actions, flow->n_actions);
	} else {
		cvsw_ofp10_write_match(&w, published, &flow->match);
		write_rest(&w, command, flow);
		write_actions(&w, published, command, flow);
	}
	fill_in(&w, OFP10_AT_LENGTH, w.at);
	return cvsw_written(&w);
}
