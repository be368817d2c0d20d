// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The OpenFlow channel, from the wire into struct cvsw_ofp_msg. */
#include "cvsw_cursor.h"
#include "cvsw_ofp_wire.h"

enum cvsw_fault cvsw_ofp_frame(const uint8_t *data, size_t len, size_t *size)
{
	struct cvsw_reader r = cvsw_reader(data, len);
	uint16_t length;

	*size = 0;
	if (len < CVSW_OFP_HEADER_LEN)
		return CVSW_OK;
	cvsw_skip(&r, 2);
	length = cvsw_get_u16(&r);
	if (length < CVSW_OFP_HEADER_LEN)
		return CVSW_FAULT_LENGTH;
	*size = length;
	return CVSW_OK;
}

static uint32_t port_of_v10(uint16_t port)
{
	return port < OFPP10_MAX ? port : 0xffff0000 | port;
}

static uint8_t highest_version(uint32_t versions)
{
	uint8_t version;

	for (version = 31; version; version--)
		if (versions & 1u << version)
			return version;
	return 0;
}

/*
 * ofp_hello (1.3: 7.5.1): elements of type, length, content, padded to eight.
 * Without a bitmap the lower of both header versions is spoken (6.3.1).  What
 * is no element is ignored, as 1.0 (5.5.1) asks of a body it does not know.
 */
static void read_hello(struct cvsw_reader *r, struct cvsw_ofp_msg *msg)
{
	uint32_t versions = 0;

	while (cvsw_left(r) >= 4) {
		size_t start = r->at;
		uint16_t type = cvsw_get_u16(r);
		uint16_t length = cvsw_get_u16(r);

		if (length < 4 || length > r->len - start)
			break;
		if (type == OFPHET_VERSIONBITMAP && length >= 8 && !versions)
			versions = cvsw_get_u32(r);
		/* The last element's padding may be missing. */
		r->at = start + ((size_t)length + 7) / 8 * 8;
		if (r->at > r->len)
			r->at = r->len;
	}
	if (!versions) {
		uint8_t lower = msg->version < CVSW_OFP_V13 ? msg->version : CVSW_OFP_V13;

		versions = 1u << lower;
	}
	msg->hello.offered = versions;
	msg->hello.version = highest_version(versions & CVSW_OFP_VERSIONS);
}

static void read_data(struct cvsw_reader *r, struct cvsw_ofp_msg *msg)
{
	msg->len = cvsw_left(r);
	msg->data = cvsw_take(r, msg->len);
}

static void read_error(struct cvsw_reader *r, struct cvsw_ofp_msg *msg)
{
	msg->error.type = cvsw_get_u16(r);
	msg->error.code = cvsw_get_u16(r);
	if (!r->overrun)
		read_data(r, msg);
}

static enum cvsw_fault read_ports(struct cvsw_reader *r, uint8_t version,
				  struct cvsw_ofp_ports *ports, size_t *at)
{
	size_t size = version == CVSW_OFP_V10 ? OFP10_PHY_PORT_LEN : OFP13_PORT_LEN;

	*at = r->at;
	if (cvsw_left(r) % size)
		return CVSW_FAULT_LENGTH;
	ports->version = version;
	ports->len = cvsw_left(r);
	ports->data = cvsw_take(r, ports->len);
	return CVSW_OK;
}

/*
 * ofp_switch_features (1.0: 5.3.1; 1.3: 7.3.1): datapath_id 8, n_buffers 4,
 * n_tables 1, 3 without meaning to us, capabilities 4, actions (1.3: reserved) 4;
 * in 1.0 the ports behind.
 */
static enum cvsw_fault read_features(struct cvsw_reader *r, struct cvsw_ofp_msg *msg, size_t *at)
{
	msg->features.datapath_id = cvsw_get_u64(r);
	cvsw_skip(r, 4 + 1 + 3 + 4 + 4);
	msg->features.ports = (struct cvsw_ofp_ports){ .version = msg->version };
	if (r->overrun || msg->version != CVSW_OFP_V10)
		return CVSW_OK;
	return read_ports(r, msg->version, &msg->features.ports, at);
}

/* The in_port among the OXM fields of a match (1.3: 7.2.2), padding behind it skipped. */
static enum cvsw_fault read_match_in_port(struct cvsw_reader *r, uint32_t *in_port, size_t *at)
{
	size_t start = r->at;
	uint16_t type = cvsw_get_u16(r);
	uint16_t length = cvsw_get_u16(r);
	size_t padded = ((size_t)length + 7) / 8 * 8;
	struct cvsw_reader oxm;

	*in_port = CVSW_OFPP_ANY;
	*at = start + 2;
	if (r->overrun)
		return CVSW_OK;
	if (type != OFPMT_OXM || length < 4 || padded > r->len - start)
		return CVSW_FAULT_LENGTH;
	oxm = cvsw_reader(r->data, start + length);
	oxm.at = r->at;
	r->at = start + padded;
	while (cvsw_left(&oxm)) {
		uint32_t header = cvsw_get_u32(&oxm);

		*at = oxm.at;
		if (header == OXM_HEADER(OXM_IN_PORT, 4))
			*in_port = cvsw_get_u32(&oxm);
		else
			cvsw_skip(&oxm, header & 0xff);
		if (oxm.overrun)
			return CVSW_FAULT_LENGTH;
	}
	return CVSW_OK;
}

/*
 * ofp_packet_in
 *   1.0, 5.4.1: buffer_id 4, total_len 2, in_port 2, reason 1, pad 1, frame
 *   1.3, 7.4.1: buffer_id 4, total_len 2, reason 1, table_id 1, cookie 8,
 *	match, pad 2, frame
 */
static enum cvsw_fault read_packet_in(struct cvsw_reader *r, struct cvsw_ofp_msg *msg, size_t *at)
{
	enum cvsw_fault fault;

	msg->packet_in.cookie = 0;
	msg->packet_in.buffer_id = cvsw_get_u32(r);
	msg->packet_in.total_len = cvsw_get_u16(r);
	if (msg->version == CVSW_OFP_V10) {
		msg->packet_in.in_port = port_of_v10(cvsw_get_u16(r));
		msg->packet_in.reason = cvsw_get_u8(r);
		cvsw_skip(r, 1);
	} else {
		msg->packet_in.reason = cvsw_get_u8(r);
		cvsw_skip(r, 1);
		msg->packet_in.cookie = cvsw_get_u64(r);
		fault = read_match_in_port(r, &msg->packet_in.in_port, at);
		if (fault)
			return fault;
		cvsw_skip(r, 2);
	}
	if (!r->overrun)
		read_data(r, msg);
	return CVSW_OK;
}

/*
 * ofp_phy_port (1.0): port_no 2, hw_addr 6, name 16, config 4, state 4, ...
 * ofp_port (1.3): port_no 4, pad 4, hw_addr 6, pad 2, name 16, config 4, state 4, ...
 */
static void read_port(struct cvsw_reader *r, uint8_t version, struct cvsw_ofp_port *port)
{
	if (version == CVSW_OFP_V10) {
		port->number = port_of_v10(cvsw_get_u16(r));
		cvsw_get_bytes(r, port->mac, sizeof(port->mac));
	} else {
		port->number = cvsw_get_u32(r);
		cvsw_skip(r, 4);
		cvsw_get_bytes(r, port->mac, sizeof(port->mac));
		cvsw_skip(r, 2);
	}
	cvsw_get_bytes(r, (uint8_t *)port->name, CVSW_OFP_PORT_NAME_LEN);
	port->name[CVSW_OFP_PORT_NAME_LEN] = '\0';
	port->link_down = cvsw_get_u32(r) & OFPPC_PORT_DOWN;
	if (cvsw_get_u32(r) & OFPPS_LINK_DOWN)
		port->link_down = true;
}

bool cvsw_ofp_next_port(struct cvsw_ofp_ports *ports, struct cvsw_ofp_port *port)
{
	size_t size = ports->version == CVSW_OFP_V10 ? OFP10_PHY_PORT_LEN : OFP13_PORT_LEN;
	struct cvsw_reader r = cvsw_reader(ports->data, size);

	if (ports->len < size)
		return false;
	read_port(&r, ports->version, port);
	ports->data += size;
	ports->len -= size;
	return true;
}

/* ofp_port_status (1.0: 5.4.3; 1.3: 7.4.3): reason 1, pad 7, the port. */
static enum cvsw_fault read_port_status(struct cvsw_reader *r, struct cvsw_ofp_msg *msg, size_t *at)
{
	size_t size = msg->version == CVSW_OFP_V10 ? OFP10_PHY_PORT_LEN : OFP13_PORT_LEN;
	uint8_t reason = cvsw_get_u8(r);

	*at = CVSW_OFP_HEADER_LEN;
	if (!r->overrun && reason > CVSW_OFP_PORT_MODIFIED)
		return CVSW_FAULT_TYPE;
	msg->port_status.reason = reason;
	cvsw_skip(r, 7);
	*at = r->at;
	if (!r->overrun && cvsw_left(r) != size)
		return CVSW_FAULT_LENGTH;
	read_port(r, msg->version, &msg->port_status.port);
	return CVSW_OK;
}

static enum cvsw_fault read_flows(struct cvsw_reader *r, struct cvsw_ofp_msg *msg, size_t *at)
{
	size_t start = r->at;
	enum cvsw_fault fault;

	msg->kind = CVSW_OFP_FLOW_REPLY;
	msg->flows.row.version = msg->version;
	msg->flows.row.len = cvsw_left(r);
	msg->flows.row.data = cvsw_take(r, msg->flows.row.len);
	fault = cvsw_ofp_check_flows(&msg->flows.row, at);
	*at += start;
	return fault;
}

/*
 * ofp_stats_reply (1.0: 5.3.5): type 2, flags 2, body.
 * ofp_multipart_reply (1.3: 7.3.5): type 2, flags 2, pad 4, body.
 */
static enum cvsw_fault read_multipart(struct cvsw_reader *r, struct cvsw_ofp_msg *msg, size_t *at)
{
	bool v10 = msg->version == CVSW_OFP_V10;
	uint16_t type = cvsw_get_u16(r);
	uint16_t flags = cvsw_get_u16(r);

	cvsw_skip(r, v10 ? 0 : 4);
	if (!r->overrun && type == OFPMP_FLOW) {
		msg->flows.more = flags & OFPMPF_REPLY_MORE;
		return read_flows(r, msg, at);
	}
	if (r->overrun || v10 || type != OFPMP_PORT_DESC)
		return CVSW_OK;
	msg->kind = CVSW_OFP_PORT_DESC_REPLY;
	msg->port_desc.more = flags & OFPMPF_REPLY_MORE;
	return read_ports(r, msg->version, &msg->port_desc.ports, at);
}

/* Types 16 to 19 are other messages in 1.3 than in 1.0. */
static enum cvsw_ofp_kind kind_of(uint8_t version, uint8_t type)
{
	bool v10 = version == CVSW_OFP_V10;

	switch (type) {
	case OFPT_HELLO:
		return CVSW_OFP_HELLO;
	case OFPT_ERROR:
		return CVSW_OFP_ERROR;
	case OFPT_ECHO_REQUEST:
		return CVSW_OFP_ECHO_REQUEST;
	case OFPT_ECHO_REPLY:
		return CVSW_OFP_ECHO_REPLY;
	case OFPT_FEATURES_REQUEST:
		return CVSW_OFP_FEATURES_REQUEST;
	case OFPT_FEATURES_REPLY:
		return CVSW_OFP_FEATURES_REPLY;
	case OFPT_PACKET_IN:
		return CVSW_OFP_PACKET_IN;
	case OFPT_PORT_STATUS:
		return CVSW_OFP_PORT_STATUS;
	case OFPT10_BARRIER_REQUEST:
		return v10 ? CVSW_OFP_BARRIER_REQUEST : CVSW_OFP_OTHER;
	case OFPT10_BARRIER_REPLY:
		return v10 ? CVSW_OFP_BARRIER_REPLY : CVSW_OFP_OTHER;
	case OFPT13_BARRIER_REQUEST:
		return v10 ? CVSW_OFP_OTHER : CVSW_OFP_BARRIER_REQUEST;
	case OFPT13_BARRIER_REPLY:
		return v10 ? CVSW_OFP_OTHER : CVSW_OFP_BARRIER_REPLY;
	default:
		return CVSW_OFP_OTHER;
	}
}

static enum cvsw_fault read_body(struct cvsw_reader *r, uint8_t type, struct cvsw_ofp_msg *msg,
				 size_t *at)
{
	switch (msg->kind) {
	case CVSW_OFP_HELLO:
		read_hello(r, msg);
		return CVSW_OK;
	case CVSW_OFP_ERROR:
		read_error(r, msg);
		return CVSW_OK;
	case CVSW_OFP_ECHO_REQUEST:
	case CVSW_OFP_ECHO_REPLY:
		read_data(r, msg);
		return CVSW_OK;
	case CVSW_OFP_FEATURES_REPLY:
		return read_features(r, msg, at);
	case CVSW_OFP_PACKET_IN:
		return read_packet_in(r, msg, at);
	case CVSW_OFP_PORT_STATUS:
		return read_port_status(r, msg, at);
	case CVSW_OFP_OTHER:
		if (type == (msg->version == CVSW_OFP_V10 ? OFPT10_STATS_REPLY :
							    OFPT13_MULTIPART_REPLY))
			return read_multipart(r, msg, at);
		return CVSW_OK;
	default:
		return CVSW_OK;
	}
}

static enum cvsw_fault read_message(struct cvsw_reader *r, struct cvsw_ofp_msg *msg, size_t *at)
{
	enum cvsw_fault fault;
	uint16_t length;
	uint8_t type;

	memset(msg, 0, sizeof(*msg));
	msg->version = cvsw_get_u8(r);
	type = cvsw_get_u8(r);
	length = cvsw_get_u16(r);
	msg->xid = cvsw_get_u32(r);
	*at = r->len;
	if (r->overrun)
		return CVSW_FAULT_SHORT;
	*at = 2;
	if (length != r->len)
		return CVSW_FAULT_LENGTH;
	*at = 0;
	if (msg->version != CVSW_OFP_V10 && msg->version != CVSW_OFP_V13 &&
	    type != OFPT_HELLO && type != OFPT_ERROR)
		return CVSW_FAULT_VERSION;
	msg->kind = kind_of(msg->version, type);
	fault = read_body(r, type, msg, at);
	if (!fault && r->overrun) {
		*at = r->len;
		return CVSW_FAULT_SHORT;
	}
	return fault;
}

enum cvsw_fault cvsw_ofp_decode(const uint8_t *data, size_t len,
				struct cvsw_ofp_msg *msg, size_t *offset)
{
	struct cvsw_reader r = cvsw_reader(data, len);
	size_t at;
	enum cvsw_fault fault = read_message(&r, msg, &at);

	if (fault && offset)
		*offset = at;
	return fault;
}
