// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The OpenFlow channel, from the controller to the wire. */
#include "cvsw_cursor.h"
#include "cvsw_ofp_wire.h"

static bool is_ours(uint8_t version)
{
	return version == CVSW_OFP_V10 || version == CVSW_OFP_V13;
}

/* The length is filled in by finish(). */
static struct cvsw_writer begin(uint8_t version, uint8_t type, uint32_t xid,
				uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_put_u8(&w, version);
	cvsw_put_u8(&w, type);
	cvsw_put_u16(&w, 0);
	cvsw_put_u32(&w, xid);
	return w;
}

static size_t finish(struct cvsw_writer *w)
{
	struct cvsw_writer length;

	if (w->overrun || w->at > CVSW_OFP_MAX_LEN)
		return 0;
	length = cvsw_writer(w->data + 2, 2);
	cvsw_put_u16(&length, (uint16_t)w->at);
	return w->at;
}

size_t cvsw_ofp_encode_hello(uint32_t xid, uint32_t versions, uint8_t *buf, size_t room)
{
	uint8_t highest = versions & 1u << CVSW_OFP_V13 ? CVSW_OFP_V13 : CVSW_OFP_V10;
	struct cvsw_writer w = begin(highest, OFPT_HELLO, xid, buf, room);

	cvsw_put_u16(&w, OFPHET_VERSIONBITMAP);
	cvsw_put_u16(&w, 8);
	cvsw_put_u32(&w, versions);
	return finish(&w);
}

size_t cvsw_ofp_encode_request(uint8_t version, uint32_t xid, enum cvsw_ofp_kind kind,
			       uint8_t *buf, size_t room)
{
	bool v10 = version == CVSW_OFP_V10;
	struct cvsw_writer w;
	uint8_t type;

	switch (kind) {
	case CVSW_OFP_ECHO_REQUEST:
		type = OFPT_ECHO_REQUEST;
		break;
	case CVSW_OFP_FEATURES_REQUEST:
		type = OFPT_FEATURES_REQUEST;
		break;
	case CVSW_OFP_BARRIER_REQUEST:
		type = v10 ? OFPT10_BARRIER_REQUEST : OFPT13_BARRIER_REQUEST;
		break;
	case CVSW_OFP_PORT_DESC_REQUEST:
		if (v10)
			return 0;
		type = OFPT13_MULTIPART_REQUEST;
		break;
	default:
		return 0;
	}
	if (!is_ours(version))
		return 0;
	w = begin(version, type, xid, buf, room);
	if (kind == CVSW_OFP_PORT_DESC_REQUEST) {
		cvsw_put_u16(&w, OFPMP_PORT_DESC);
		cvsw_put_zero(&w, 2 + 4);
	}
	return finish(&w);
}

size_t cvsw_ofp_encode_echo_reply(const struct cvsw_ofp_msg *request, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = begin(request->version, OFPT_ECHO_REPLY, request->xid, buf, room);

	cvsw_put_bytes(&w, request->data, request->len);
	return finish(&w);
}

size_t cvsw_ofp_encode_error(uint8_t version, uint32_t xid, uint16_t type, uint16_t code,
			     const uint8_t *data, size_t len, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = begin(version, OFPT_ERROR, xid, buf, room);

	cvsw_put_u16(&w, type);
	cvsw_put_u16(&w, code);
	cvsw_put_bytes(&w, data, len);
	return finish(&w);
}

size_t cvsw_ofp_encode_set_config(uint8_t version, uint32_t xid, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = begin(version, OFPT_SET_CONFIG, xid, buf, room);

	if (!is_ours(version))
		return 0;
	cvsw_put_u16(&w, OFPC_FRAG_NORMAL);
	cvsw_put_u16(&w, OFPCML_NO_BUFFER);
	return finish(&w);
}

/* Has the version a number for this port? */
static bool port_fits(uint8_t version, uint32_t port)
{
	return version != CVSW_OFP_V10 || port < OFPP10_MAX || port >= CVSW_OFPP_MAX;
}

/*
 * ofp_action_output
 *   1.0, 5.2.4: type 2, length 2, port 2, max_len 2
 *   1.3, 7.2.5: type 2, length 2, port 4, max_len 2, pad 6
 */
static size_t output_len(uint8_t version)
{
	return version == CVSW_OFP_V10 ? 8 : 16;
}

static void put_output(struct cvsw_writer *w, uint8_t version, uint32_t port)
{
	cvsw_put_u16(w, OFPAT_OUTPUT);
	cvsw_put_u16(w, (uint16_t)output_len(version));
	if (version == CVSW_OFP_V10) {
		cvsw_put_u16(w, (uint16_t)port);
		cvsw_put_u16(w, OFPCML_NO_BUFFER);
	} else {
		cvsw_put_u32(w, port);
		cvsw_put_u16(w, OFPCML_NO_BUFFER);
		cvsw_put_zero(w, 6);
	}
}

/*
 * ofp_packet_out
 *   1.0, 5.3.6: buffer_id 4, in_port 2, actions_len 2, actions, frame
 *   1.3, 7.3.7: buffer_id 4, in_port 4, actions_len 2, pad 6, actions, frame
 * in_port is CONTROLLER in 1.3; 1.0 has NONE for that, which is ANY here.
 */
size_t cvsw_ofp_encode_packet_out(uint8_t version, uint32_t xid, uint32_t out_port,
				  const uint8_t *frame, size_t len, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = begin(version, OFPT_PACKET_OUT, xid, buf, room);

	if (!is_ours(version) || !port_fits(version, out_port))
		return 0;
	cvsw_put_u32(&w, CVSW_OFP_NO_BUFFER);
	if (version == CVSW_OFP_V10) {
		cvsw_put_u16(&w, (uint16_t)CVSW_OFPP_ANY);
		cvsw_put_u16(&w, (uint16_t)output_len(version));
	} else {
		cvsw_put_u32(&w, CVSW_OFPP_CONTROLLER);
		cvsw_put_u16(&w, (uint16_t)output_len(version));
		cvsw_put_zero(&w, 6);
	}
	put_output(&w, version, out_port);
	cvsw_put_bytes(&w, frame, len);
	return finish(&w);
}

/* ofp_match and ofp_flow_mod of 1.0: the diagram is in cvsw_ofp10.c. */
static void put_rule_v10(struct cvsw_writer *w, const struct cvsw_ofp_rule *rule)
{
	cvsw_put_u32(w, OFPFW10_ALL & ~(rule->dl_type ? OFPFW10_DL_TYPE : 0));
	cvsw_put_zero(w, 18);
	cvsw_put_u16(w, rule->dl_type);
	cvsw_put_zero(w, 16);
	cvsw_put_u64(w, rule->cookie);
	cvsw_put_u16(w, OFPFC_ADD);
	cvsw_put_zero(w, 2 + 2);
	cvsw_put_u16(w, rule->priority);
	cvsw_put_u32(w, CVSW_OFP_NO_BUFFER);
	cvsw_put_u16(w, (uint16_t)CVSW_OFPP_ANY);
	cvsw_put_zero(w, 2);
	put_output(w, CVSW_OFP_V10, rule->out_port);
}

/*
 * ofp_flow_mod (1.3: 7.3.4.1): cookie 8, cookie_mask 8, table_id 1, command 1,
 * idle_timeout 2, hard_timeout 2, priority 2, buffer_id 4, out_port 4,
 * out_group 4, flags 2, pad 2, match padded to eight, instructions
 */
static void put_rule_v13(struct cvsw_writer *w, const struct cvsw_ofp_rule *rule)
{
	cvsw_put_u64(w, rule->cookie);
	cvsw_put_zero(w, 8 + 1);
	cvsw_put_u8(w, OFPFC_ADD);
	cvsw_put_zero(w, 2 + 2);
	cvsw_put_u16(w, rule->priority);
	cvsw_put_u32(w, CVSW_OFP_NO_BUFFER);
	cvsw_put_u32(w, CVSW_OFPP_ANY);
	cvsw_put_u32(w, OFPG_ANY);
	cvsw_put_zero(w, 2 + 2);

	cvsw_put_u16(w, OFPMT_OXM);
	if (rule->dl_type) {
		cvsw_put_u16(w, 4 + 6);
		cvsw_put_u32(w, OXM_HEADER(OXM_ETH_TYPE, 2));
		cvsw_put_u16(w, rule->dl_type);
		cvsw_put_zero(w, 6);
	} else {
		cvsw_put_u16(w, 4);
		cvsw_put_zero(w, 4);
	}

	/* ofp_instruction_actions: type 2, length 2, pad 4, actions */
	cvsw_put_u16(w, OFPIT_APPLY_ACTIONS);
	cvsw_put_u16(w, (uint16_t)(8 + output_len(CVSW_OFP_V13)));
	cvsw_put_zero(w, 4);
	put_output(w, CVSW_OFP_V13, rule->out_port);
}

size_t cvsw_ofp_encode_rule(uint8_t version, uint32_t xid, const struct cvsw_ofp_rule *rule,
			    uint8_t *buf, size_t room)
{
	struct cvsw_writer w = begin(version, OFPT_FLOW_MOD, xid, buf, room);

	if (!is_ours(version) || !port_fits(version, rule->out_port))
		return 0;
	if (version == CVSW_OFP_V10)
		put_rule_v10(&w, rule);
	else
		put_rule_v13(&w, rule);
	return finish(&w);
}
