// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The switch's flow table read back: are the controller's rules still there?
 *
 * ofp_flow_stats of 1.0 (5.3.5) and 1.3 (7.3.5.2); everything behind the common beginning
 * is at different places:
 *
 *	1.0	length 2, table 1, pad 1, match 40, duration 8, priority 2, timeouts 4,
 *		pad 6, cookie 8, counters 16, actions
 *	1.3	length 2, table 1, pad 1, duration 8, priority 2, timeouts 4, flags 2,
 *		pad 4, cookie 8, counters 16, match padded to eight, instructions
 */
#include "cvsw_cursor.h"
#include "cvsw_ofp_wire.h"

#define STATS10_MIN		88
#define STATS13_MIN		(48 + 8)
#define ALL_TABLES		0xff

/* ---- asking ---- */

static void put_request_v10(struct cvsw_writer *w)
{
	cvsw_put_u16(w, OFPST10_FLOW);
	cvsw_put_zero(w, 2);
	cvsw_put_u32(w, OFPFW10_ALL);
	cvsw_put_zero(w, 36);
	cvsw_put_u8(w, ALL_TABLES);
	cvsw_put_zero(w, 1);
	cvsw_put_u16(w, (uint16_t)CVSW_OFPP_ANY);
}

static void put_request_v13(struct cvsw_writer *w, uint64_t cookie)
{
	cvsw_put_u16(w, OFPMP_FLOW);
	cvsw_put_zero(w, 2 + 4);
	cvsw_put_u8(w, 0);	/* table */
	cvsw_put_zero(w, 3);
	cvsw_put_u32(w, CVSW_OFPP_ANY);
	cvsw_put_u32(w, OFPG_ANY);
	cvsw_put_zero(w, 4);
	cvsw_put_u64(w, cookie);
	cvsw_put_u64(w, UINT64_MAX);
	cvsw_put_u16(w, OFPMT_OXM);
	cvsw_put_u16(w, 4);
	cvsw_put_zero(w, 4);
}

size_t cvsw_ofp_encode_flow_request(uint8_t version, uint32_t xid, uint64_t cookie,
				    uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room), length;

	if (version != CVSW_OFP_V10 && version != CVSW_OFP_V13)
		return 0;
	cvsw_put_u8(&w, version);
	cvsw_put_u8(&w, version == CVSW_OFP_V10 ? OFPT10_STATS_REQUEST : OFPT13_MULTIPART_REQUEST);
	cvsw_put_u16(&w, 0);
	cvsw_put_u32(&w, xid);
	if (version == CVSW_OFP_V10)
		put_request_v10(&w);
	else
		put_request_v13(&w, cookie);
	if (w.overrun)
		return 0;
	length = cvsw_writer(buf + 2, 2);
	cvsw_put_u16(&length, (uint16_t)w.at);
	return w.at;
}

/* ---- reading ---- */

enum cvsw_fault cvsw_ofp_check_flows(const struct cvsw_ofp_flows *flows, size_t *at)
{
	size_t least = flows->version == CVSW_OFP_V10 ? STATS10_MIN : STATS13_MIN;
	struct cvsw_reader r = cvsw_reader(flows->data, flows->len);

	while (cvsw_left(&r)) {
		size_t start = r.at, length = cvsw_get_u16(&r);

		*at = start;
		if (r.overrun || length < least || length > r.len - start)
			return CVSW_FAULT_LENGTH;
		r.at = start + length;
	}
	return CVSW_OK;
}

/* The only action there is: whole frames to a port.  Else CVSW_OFPP_ANY. */
static uint32_t read_output(struct cvsw_reader *r, uint8_t version)
{
	size_t len = cvsw_left(r), want = version == CVSW_OFP_V10 ? 8 : 16;
	uint16_t type = cvsw_get_u16(r), length = cvsw_get_u16(r), max_len;
	uint32_t port;

	if (version == CVSW_OFP_V10) {
		port = cvsw_get_u16(r);
		port = port < OFPP10_MAX ? port : 0xffff0000 | port;
	} else {
		port = cvsw_get_u32(r);
	}
	max_len = cvsw_get_u16(r);
	if (r->overrun || type != OFPAT_OUTPUT || length != len || len != want ||
	    (port == CVSW_OFPP_CONTROLLER && max_len != OFPCML_NO_BUFFER))
		return CVSW_OFPP_ANY;
	return port;
}

static void read_flow_v10(struct cvsw_reader *r, struct cvsw_ofp_flow *flow)
{
	uint32_t wildcards, others = OFPFW10_ALL & ~(OFPFW10_DL_TYPE | OFPFW10_NW);

	cvsw_skip(r, 4);
	wildcards = cvsw_get_u32(r);
	cvsw_skip(r, 18);
	flow->rule.dl_type = cvsw_get_u16(r);
	cvsw_skip(r, 16);
	if (wildcards & OFPFW10_DL_TYPE)
		flow->rule.dl_type = 0;
	/* Of an address 32 and more bits may be wildcards: all of it. */
	flow->plain = (wildcards & others) == others && wildcards & OFPFW10_NW_SRC_ALL &&
		      wildcards & OFPFW10_NW_DST_ALL;
	cvsw_skip(r, 8);
	flow->rule.priority = cvsw_get_u16(r);
	cvsw_skip(r, 4 + 6);
	flow->rule.cookie = cvsw_get_u64(r);
	cvsw_skip(r, 16);
	flow->rule.out_port = read_output(r, CVSW_OFP_V10);
}

/* Nothing, or the EtherType alone. */
static bool read_match_v13(struct cvsw_reader *r, uint16_t *dl_type)
{
	uint16_t type = cvsw_get_u16(r), length = cvsw_get_u16(r);

	if (type == OFPMT_OXM && length == 4) {
		cvsw_skip(r, 4);
		return !r->overrun;
	}
	if (type != OFPMT_OXM || length != 4 + 6 ||
	    cvsw_get_u32(r) != OXM_HEADER(OXM_ETH_TYPE, 2))
		return false;
	*dl_type = cvsw_get_u16(r);
	cvsw_skip(r, 6);
	return !r->overrun;
}

static void read_flow_v13(struct cvsw_reader *r, struct cvsw_ofp_flow *flow)
{
	size_t left;
	uint16_t type, length;

	cvsw_skip(r, 4 + 8);
	flow->rule.priority = cvsw_get_u16(r);
	cvsw_skip(r, 4 + 2 + 4);
	flow->rule.cookie = cvsw_get_u64(r);
	cvsw_skip(r, 16);
	flow->plain = read_match_v13(r, &flow->rule.dl_type);
	if (!flow->plain)
		return;
	left = cvsw_left(r);
	type = cvsw_get_u16(r);
	length = cvsw_get_u16(r);
	cvsw_skip(r, 4);
	if (type == OFPIT_APPLY_ACTIONS && length == left)
		flow->rule.out_port = read_output(r, CVSW_OFP_V13);
}

bool cvsw_ofp_next_flow(struct cvsw_ofp_flows *flows, struct cvsw_ofp_flow *flow)
{
	struct cvsw_reader r = cvsw_reader(flows->data, flows->len);
	size_t length = flows->len ? cvsw_get_u16(&r) : 0;

	if (!length || length > flows->len)
		return false;
	*flow = (struct cvsw_ofp_flow){ .rule = { .out_port = CVSW_OFPP_ANY } };
	r = cvsw_reader(flows->data, length);
	if (flows->version == CVSW_OFP_V10)
		read_flow_v10(&r, flow);
	else
		read_flow_v13(&r, flow);
	flows->data += length;
	flows->len -= length;
	return true;
}
