/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The OpenFlow channel between controller and vswitch, seen from the
 * controller: OpenFlow Switch Specification 1.0.0 and 1.3.5, as much of them as
 * CVSW's controller needs.  User space only.
 *
 * Port numbers are those of OpenFlow 1.3, 32 bits wide, for both versions: the
 * reserved ones of 1.0 (0xff00 and up) are converted.
 */
#ifndef CVSW_OFP_H
#define CVSW_OFP_H

#include "cvsw_fault.h"
#include "cvsw_flow.h"

#define CVSW_OFP_V10		0x01
#define CVSW_OFP_V13		0x04
#define CVSW_OFP_HEADER_LEN	8
#define CVSW_OFP_MAX_LEN	65535
#define CVSW_OFP_NO_BUFFER	0xffffffff

#define CVSW_OFPP_MAX		0xffffff00
#define CVSW_OFPP_IN_PORT	0xfffffff8
#define CVSW_OFPP_NORMAL	0xfffffffa
#define CVSW_OFPP_FLOOD		0xfffffffb
#define CVSW_OFPP_ALL		0xfffffffc
#define CVSW_OFPP_CONTROLLER	0xfffffffd
#define CVSW_OFPP_LOCAL		0xfffffffe
#define CVSW_OFPP_ANY		0xffffffff

/* What a message is, whatever number its version gives it. */
enum cvsw_ofp_kind {
	CVSW_OFP_OTHER,			/* well framed, of no interest to us */
	CVSW_OFP_HELLO,
	CVSW_OFP_ERROR,
	CVSW_OFP_ECHO_REQUEST,
	CVSW_OFP_ECHO_REPLY,
	CVSW_OFP_FEATURES_REQUEST,
	CVSW_OFP_FEATURES_REPLY,
	CVSW_OFP_PACKET_IN,
	CVSW_OFP_PORT_STATUS,
	CVSW_OFP_PORT_DESC_REQUEST,	/* 1.3 only */
	CVSW_OFP_PORT_DESC_REPLY,	/* 1.3 only */
	CVSW_OFP_BARRIER_REQUEST,
	CVSW_OFP_BARRIER_REPLY,
	CVSW_OFP_FLOW_REPLY,		/* flow statistics */
};

/* Error types and codes that a controller sends or cares about. */
#define CVSW_OFPET_HELLO_FAILED		0
#define CVSW_OFPHFC_INCOMPATIBLE	0
#define CVSW_OFPET_BAD_REQUEST		1
#define CVSW_OFPBRC_BAD_TYPE		1

#define CVSW_OFP_PORT_NAME_LEN	16

/**
 * struct cvsw_ofp_port - a port of the switch
 * @number: CVSW_OFPP_LOCAL for the bridge's own interface
 * @name: always terminated
 * @link_down: administratively down, or no carrier
 */
struct cvsw_ofp_port {
	uint32_t number;
	uint8_t mac[CVSW_ETH_ALEN];
	char name[CVSW_OFP_PORT_NAME_LEN + 1];
	bool link_down;
};

/* A row of port descriptions inside a message; see cvsw_ofp_next_port(). */
struct cvsw_ofp_ports {
	const uint8_t *data;
	size_t len;
	uint8_t version;
};

/* A row of flows inside a message; see cvsw_ofp_next_flow(). */
struct cvsw_ofp_flows {
	const uint8_t *data;
	size_t len;
	uint8_t version;
};

enum cvsw_ofp_port_reason {
	CVSW_OFP_PORT_ADDED = 0,
	CVSW_OFP_PORT_DELETED = 1,
	CVSW_OFP_PORT_MODIFIED = 2,
};

/**
 * struct cvsw_ofp_msg - a message whose lengths have been checked
 * @kind: enum cvsw_ofp_kind
 * @version: of its header
 * @data: ECHO: what to send back; ERROR: the beginning of the message it is
 *	about; PACKET_IN: the frame, from the destination MAC on.  Points into
 *	the message, @len bytes
 *
 * @hello.version: the version to speak from here on, CVSW_OFP_V10 or _V13, or
 *	0: no version in common (answer with HELLO_FAILED and close)
 * @hello.offered: bit N: it speaks version N, as far as it said so
 * @features.ports: 1.0 only; empty in 1.3, where PORT_DESC gives them
 * @packet_in.in_port: CVSW_OFPP_ANY if the message names none
 * @packet_in.total_len: of the frame; larger than @len if it came truncated
 * @port_desc.more, @flows.more: further parts of the answer follow
 */
struct cvsw_ofp_msg {
	enum cvsw_ofp_kind kind;
	uint8_t version;
	uint32_t xid;
	const uint8_t *data;
	size_t len;
	union {
		struct {
			uint8_t version;
			uint32_t offered;
		} hello;
		struct {
			uint16_t type;
			uint16_t code;
		} error;
		struct {
			uint64_t datapath_id;
			struct cvsw_ofp_ports ports;
		} features;
		struct {
			uint32_t buffer_id;
			uint32_t in_port;
			uint16_t total_len;
			uint8_t reason;
			uint64_t cookie;	/* 1.3; zero in 1.0 */
		} packet_in;
		struct {
			enum cvsw_ofp_port_reason reason;
			struct cvsw_ofp_port port;
		} port_status;
		struct {
			bool more;
			struct cvsw_ofp_ports ports;
		} port_desc;
		struct {
			bool more;
			struct cvsw_ofp_flows row;
		} flows;
	};
};

/**
 * cvsw_ofp_frame() - find the end of the first message in a byte stream
 * @data: what has come so far, @len bytes
 * @size: out: the message's size, at least CVSW_OFP_HEADER_LEN; 0 while fewer
 *	than that many bytes are there (wait for more, as for size > len)
 *
 * Return: CVSW_OK, or CVSW_FAULT_LENGTH: the stream is broken, close it.
 */
enum cvsw_fault cvsw_ofp_frame(const uint8_t *data, size_t len, size_t *size);

/**
 * cvsw_ofp_decode() - read one message
 * @data: the whole message, @len bytes; nothing behind is read
 * @offset: out, may be NULL: where in @data the fault is
 *
 * HELLO and ERROR are read whatever version they carry, others only in 1.0 and
 * 1.3.  Unknown types, and statistics or multipart replies other than PORT_DESC and FLOW,
 * are CVSW_OFP_OTHER and no fault.
 *
 * Return: CVSW_OK, or the fault and @msg undefined.
 */
enum cvsw_fault cvsw_ofp_decode(const uint8_t *data, size_t len,
				struct cvsw_ofp_msg *msg, size_t *offset);

/**
 * cvsw_ofp_next_port() - take the next port off a row
 * @ports: changed: what is left
 *
 * Return: false, with @port untouched, at the row's end.
 */
bool cvsw_ofp_next_port(struct cvsw_ofp_ports *ports, struct cvsw_ofp_port *port);

/*
 * Encoders.  @version is the negotiated one; @room bytes at @buf may be
 * written.  Each returns the bytes written, or 0 if @room is too small, the
 * message would be longer than CVSW_OFP_MAX_LEN, or @version does not have it.
 */

#define CVSW_OFP_VERSIONS	(1u << CVSW_OFP_V10 | 1u << CVSW_OFP_V13)

/* HELLO that offers @versions, some of CVSW_OFP_VERSIONS, in a version bitmap. */
size_t cvsw_ofp_encode_hello(uint32_t xid, uint32_t versions, uint8_t *buf, size_t room);

/* A message without body: ECHO_REQUEST, FEATURES_REQUEST, PORT_DESC_REQUEST, BARRIER_REQUEST. */
size_t cvsw_ofp_encode_request(uint8_t version, uint32_t xid, enum cvsw_ofp_kind kind,
			       uint8_t *buf, size_t room);

/* The answer to the ECHO_REQUEST @request. */
size_t cvsw_ofp_encode_echo_reply(const struct cvsw_ofp_msg *request, uint8_t *buf, size_t room);

/* @data: of the offending message @len bytes (64 are enough), or a text for HELLO_FAILED. */
size_t cvsw_ofp_encode_error(uint8_t version, uint32_t xid, uint16_t type, uint16_t code,
			     const uint8_t *data, size_t len, uint8_t *buf, size_t room);

/* No fragment handling; whole frames to the controller, never buffered. */
size_t cvsw_ofp_encode_set_config(uint8_t version, uint32_t xid, uint8_t *buf, size_t room);

/* @frame: @len bytes, sent out of @out_port as if it came from the controller. */
size_t cvsw_ofp_encode_packet_out(uint8_t version, uint32_t xid, uint32_t out_port,
				  const uint8_t *frame, size_t len, uint8_t *buf, size_t room);

/**
 * struct cvsw_ofp_rule - a flow that the controller installs in the switch
 * @priority: larger wins
 * @dl_type: EtherType to match; 0: every frame
 * @out_port: CVSW_OFPP_CONTROLLER (whole frames, without buffering), _NORMAL
 */
struct cvsw_ofp_rule {
	uint64_t cookie;
	uint32_t out_port;
	uint16_t priority;
	uint16_t dl_type;
};

/* ADD, table 0, no timeouts.  Any other @out_port is taken as well. */
size_t cvsw_ofp_encode_rule(uint8_t version, uint32_t xid, const struct cvsw_ofp_rule *rule,
			    uint8_t *buf, size_t room);

/**
 * cvsw_ofp_encode_flow_request() - ask for the flows of the switch
 * @cookie: 1.3 answers with those of table 0 that have it; 1.0 with all
 */
size_t cvsw_ofp_encode_flow_request(uint8_t version, uint32_t xid, uint64_t cookie,
				    uint8_t *buf, size_t room);

/**
 * struct cvsw_ofp_flow - a flow of the switch, as far as it may be one of our rules
 * @rule: its @out_port is CVSW_OFPP_ANY if the actions are not one output of whole frames
 * @plain: it matches @rule.dl_type, or every frame, and nothing besides
 */
struct cvsw_ofp_flow {
	struct cvsw_ofp_rule rule;
	bool plain;
};

/**
 * cvsw_ofp_next_flow() - take the next flow off a row
 * @flows: changed: what is left
 *
 * Return: false, with @flow untouched, at the row's end.
 */
bool cvsw_ofp_next_flow(struct cvsw_ofp_flows *flows, struct cvsw_ofp_flow *flow);

#endif
