/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A flow as all parts of CVSW speak of it: what to match and what to do,
 * free of any wire format.  Integers are in host byte order, MAC addresses in
 * wire order.
 */
#ifndef CVSW_FLOW_H
#define CVSW_FLOW_H

#include "cvsw_fault.h"
#include "cvsw_fields.h"
#include "cvsw_types.h"

#define CVSW_ETH_ALEN		6
#define CVSW_IP_LEN		16
#define CVSW_MAX_ACTIONS	64
#define CVSW_N_REGS		16

/* Tables: OpenFlow 1.3.0, 5.1.  Every frame begins in table 0. */
#define CVSW_TABLES		64
#define CVSW_TABLE_ALL		0xff	/* where flows are chosen */
#define CVSW_TABLE_SAME		0xff	/* of a resubmit: the one that the flow was found in */

/* Ingress ports: the direction a frame comes from. */
enum cvsw_ingress {
	CVSW_HOST = 1,		/* from the guest's own stack */
	CVSW_NET = 2,		/* from the vswitch */
};

#define CVSW_ETHERTYPE_IPV4	0x0800
#define CVSW_ETHERTYPE_ARP	0x0806
#define CVSW_ETHERTYPE_RARP	0x8035
#define CVSW_ETHERTYPE_IPV6	0x86dd
#define CVSW_DSCP_MASK		0xfc	/* of the ToS byte; the rest is ECN */
#define CVSW_IPPROTO_ICMP	1
#define CVSW_IPPROTO_TCP	6
#define CVSW_IPPROTO_UDP	17
#define CVSW_IPPROTO_FRAGMENT	44	/* what a later fragment of IPv6 shows */
#define CVSW_IPPROTO_ICMPV6	58
#define CVSW_IPPROTO_SCTP	132

/* Types of ICMPv6, Neighbor Discovery: RFC 4861, 4.3 and 4.4. */
#define CVSW_ND_SOLICIT		135
#define CVSW_ND_ADVERT		136

#define CVSW_TCP_FLAGS_MASK	0x0fff
#define CVSW_IPV6_LABEL_MASK	0xfffff

/* cvsw_key.nw_frag. */
#define CVSW_FRAG_ANY		0x01	/* a fragment */
#define CVSW_FRAG_LATER		0x02	/* and not the first */
#define CVSW_FRAG_MASK		0x03

/* In cvsw_key.vlan_tci, in the place of the DEI bit: the frame has a tag. */
#define CVSW_VLAN_PRESENT	0x1000
#define CVSW_VLAN_VID_MASK	0x0fff
#define CVSW_VLAN_PCP_MASK	0xe000
#define CVSW_VLAN_PCP_SHIFT	13

/* cvsw_key.layers: which headers the frame has whole. */
#define CVSW_LAYER_ADDR		0x01	/* IPv4 addresses: IPv4 or ARP */
#define CVSW_LAYER_IP		0x02	/* IPv4: protocol and ToS */
#define CVSW_LAYER_PORTS	0x04	/* TCP, UDP or SCTP ports: not in later fragments */
#define CVSW_LAYER_WIDE		0x08	/* ARP, IPv6 or metadata: fields behind the plain ones */
#define CVSW_LAYER_REGS		0x10	/* registers; without it they are zero, whatever is there */

/* cvsw_key.tun_type and cvsw_tunnel.type: format of a tunnel. */
enum cvsw_tunnel_type {
	CVSW_TUNNEL_NONE,
	CVSW_TUNNEL_VXLAN,	/* RFC 7348 */
	CVSW_N_TUNNELS
};

/**
 * struct cvsw_key - the fields of a frame that a flow can match
 *
 * Those of OpenFlow 1.0's ofp_match (specification 1.0.0, 3.4) and of Open
 * vSwitch's extensions.  A field whose header the frame lacks, or has only in
 * part, is zero; of a transport header its first four bytes suffice, but for
 * TCP's flags.
 *
 * @dl_type: EtherType behind all VLAN tags; below 0x600 (an 802.3
 *	length without SNAP) 0x05ff, as OpenFlow 1.0 has it
 * @vlan_tci: zero, or with CVSW_VLAN_PRESENT set the first tag with an identifier
 *	other than zero, else the first tag
 * @nw_src: IPv4 source, or ARP sender protocol address
 * @nw_dst: IPv4 destination, or ARP target protocol address
 * @tp_src: source port, or ICMP or ICMPv6 type; zero in later fragments
 * @tp_dst: destination port, or ICMP or ICMPv6 code; zero in later fragments
 * @nw_proto: IPv4 protocol; what follows IPv6's extension headers; or the low
 *	byte of the ARP opcode
 * @nw_tos: the IPv4 ToS or IPv6 traffic class byte, with the two ECN bits
 * @in_port: enum cvsw_ingress
 * @layers: CVSW_LAYER_*; matched where OpenFlow 1.0 would demand that a field's
 *	protocol is named and version 2's receivers do not
 * @nw_ttl: IPv4 TTL, or IPv6 hop limit
 * @nw_frag: CVSW_FRAG_*
 * @tcp_flags: CVSW_TCP_FLAGS_MASK; zero in later fragments
 *
 * What has become of the frame before this lookup; all zero in the first one:
 *
 * @pass: how many passes came before, 0..CVSW_MAX_PASSES - 1
 * @tun_type: format of the tunnel it came out of, enum cvsw_tunnel_type
 * @tun_id: the tunnel's identifier: VXLAN's VNI
 * @sa: SPI of the security association that decrypted the frame; zero is none
 *	(RFC 4303, 2.1 reserves it)
 * @tun_src: outer source of the tunnel: an IPv6 address, or an IPv4 one as
 *	::ffff:a.b.c.d (RFC 4291, 2.5.5.2)
 * @tun_dst: its outer destination
 * @metadata: what actions have written there on the frame's way (OpenFlow 1.3.0, 5.4)
 *
 * Of frames with CVSW_LAYER_WIDE only:
 *
 * @ipv6_src: IPv6 source
 * @ipv6_dst: IPv6 destination
 * @nd_target: target of a neighbor solicitation or advertisement, or of a redirect
 * @ipv6_label: flow label, 20 bits
 * @hw_src: ARP sender hardware address, or the source link-layer address of a
 *	neighbor or router solicitation or a router advertisement
 * @hw_dst: ARP target hardware address, or the target link-layer address of a
 *	neighbor advertisement or redirect
 *
 * Last, for hardly any frame has them:
 *
 * @regs: of frames with CVSW_LAYER_REGS only: as @metadata, in 16 parts; Nicira's registers
 */
struct cvsw_key {
	uint8_t  dl_dst[CVSW_ETH_ALEN];
	uint8_t  dl_src[CVSW_ETH_ALEN];
	uint16_t dl_type;
	uint16_t vlan_tci;
	uint32_t nw_src;
	uint32_t nw_dst;
	uint16_t tp_src;
	uint16_t tp_dst;
	uint8_t  nw_proto;
	uint8_t  nw_tos;
	uint8_t  in_port;
	uint8_t  layers;
	uint8_t  nw_ttl;
	uint8_t  nw_frag;
	uint16_t tcp_flags;
	uint8_t  pass;
	uint8_t  tun_type;
	uint8_t  table;		/* of a frame: where to look it up; of a match zero: cvsw_match.table */
	uint8_t  unused;	/* zero: whole words are compared */
	/* A plain key ends here: what follows is zero. */
	uint32_t tun_id;
	uint32_t sa;
	uint8_t  tun_src[CVSW_IP_LEN];
	uint8_t  tun_dst[CVSW_IP_LEN];
	uint64_t metadata;
	uint8_t  ipv6_src[CVSW_IP_LEN];
	uint8_t  ipv6_dst[CVSW_IP_LEN];
	uint8_t  nd_target[CVSW_IP_LEN];
	uint32_t ipv6_label;
	uint8_t  hw_src[CVSW_ETH_ALEN];
	uint8_t  hw_dst[CVSW_ETH_ALEN];
	uint32_t regs[CVSW_N_REGS];
};

/* What is read of a frame, and of its past. */
#define CVSW_KEY_FRAME		offsetof(struct cvsw_key, regs)

/* Hashing and comparison take whole 64-bit words.  How to add a field: cvsw_fields.h. */
static_assert(sizeof(struct cvsw_key) == 216, "a key field was added: has it a slot?");

/* What a plain key has; its other bytes are zero. */
#define CVSW_KEY_PLAIN		offsetof(struct cvsw_key, tun_id)
static_assert(CVSW_KEY_PLAIN == 40, "whole words, and few of them");

/** cvsw_key_is_plain() - a frame's, in its first pass, neither ARP nor IPv6, without registers */
static inline bool cvsw_key_is_plain(const struct cvsw_key *key)
{
	return !key->pass && !(key->layers & CVSW_LAYER_WIDE);
}

/**
 * struct cvsw_match - a key and which of its bits count, in one table
 * @table: below CVSW_TABLES; or CVSW_TABLE_ALL: in any, where flows are chosen
 *
 * Normal form: a bit that is clear in @mask is clear in @key too.
 */
struct cvsw_match {
	struct cvsw_key key;
	struct cvsw_key mask;
	uint8_t table;
	uint8_t unused[15];	/* zero: matches are compared and hashed whole */
};

/* Bits from @ofs on of one field, to as many of another; zero is a field's lowest bit. */
struct cvsw_move {
	uint8_t src;		/* enum cvsw_field */
	uint8_t dst;
	uint8_t src_ofs;
	uint8_t dst_ofs;
	uint8_t n_bits;
};

/* A value of up to 64 bits, big endian, its upper bits zero. */
struct cvsw_load {
	uint8_t dst;		/* enum cvsw_field */
	uint8_t ofs;
	uint8_t n_bits;
	uint8_t value[8];
};

/*
 * A lookup whose flow's actions come in the place of the resubmit; what stands behind it comes
 * then.  @port: the in_port of that lookup, CVSW_PORT_IN_PORT: the frame's own
 */
struct cvsw_resubmit {
	uint16_t port;
	uint8_t table;
};

/*
 * What of a frame is hashed to choose a bucket of a select group: cvsw_group_slot().
 *
 * X(id, name): the name is what texts have
 */
#define CVSW_GROUP_HASHES(X)						\
	/* both addresses and both ports, in either order, and the protocol */ \
	X(L3L4, "l3l4")							\
	X(L3, "l3")		/* both addresses, in either order */	\
	X(NW_SRC, "nw_src")						\
	X(NW_DST, "nw_dst")						\
	X(L2, "l2")		/* both MAC addresses, in either order */ \
	X(DL_SRC, "dl_src")						\
	X(DL_DST, "dl_dst")

enum cvsw_group_hash {
#define CVSW_GROUP_HASH_ENUM(id, name) CVSW_GROUP_HASH_##id,
	CVSW_GROUP_HASHES(CVSW_GROUP_HASH_ENUM)
#undef CVSW_GROUP_HASH_ENUM
	CVSW_N_GROUP_HASHES
};

/* @id: of a group; @hash: enum cvsw_group_hash, whatever the group's type */
struct cvsw_to_group {
	uint32_t id;
	uint8_t hash;
};

/* The highest number of a group: OpenFlow 1.3.0, OFPG_MAX. */
#define CVSW_GROUP_MAX		0xffffff00

/* Passes of a frame: another begins when it has gained or lost layers.  With more it is dropped. */
#define CVSW_MAX_PASSES		4

/* Back by the port that the frame came in by. */
#define CVSW_PORT_IN_PORT	0xfff8
/* To the controller: CVSW_ACT_CONTROLLER, but in cvsw_flow.out_port. */
#define CVSW_PORT_CONTROLLER	0xfffd
/* To the guest's own stack, from wherever. */
#define CVSW_PORT_LOCAL		0xfffe
/* Onward, in the frame's own direction: OpenFlow's NORMAL. */
#define CVSW_PORT_ONWARD	0xfffa
/* All ports but that which the frame came in by: of the two that there are, the other. */
#define CVSW_PORT_FLOOD		0xfffb
#define CVSW_PORT_ALL		0xfffc
/* Nowhere; as the only output of a list: the frame ends with it, whatever its clones do. */
#define CVSW_PORT_NONE		0xffff

/* What becomes of a frame that no flow matches. */
enum cvsw_miss {
	CVSW_MISS_PASS,		/* it goes onward */
	CVSW_MISS_DROP,
	CVSW_MISS_CONTROLLER,	/* it is dropped, and its beginning goes to the controller */
	CVSW_N_MISSES
};

/* So much of it: OpenFlow's OFP_DEFAULT_MISS_SEND_LEN. */
#define CVSW_MISS_SEND_LEN	128

#define CVSW_VXLAN_VNI_MAX	0xffffff	/* RFC 7348, 5 */
#define CVSW_VXLAN_PORT		4789		/* where none is given */
#define CVSW_TUNNEL_TTL		64		/* likewise */

#define CVSW_TUNNEL_CSUM	0x01	/* compute the outer UDP checksum; else zero */
#define CVSW_TUNNEL_INHERIT_TOS	0x02	/* DSCP of the inner packet; ECN by RFC 6040 always */

/**
 * struct cvsw_tunnel - what a frame is put into
 *
 * @type: enum cvsw_tunnel_type
 * @ttl: outer TTL, not zero
 * @tos: outer DSCP in the upper six bits; zero with CVSW_TUNNEL_INHERIT_TOS
 * @flags: CVSW_TUNNEL_*
 * @udp_dst: destination port
 * @id: VNI
 * @dst: outer destination, as cvsw_key.tun_dst
 */
struct cvsw_tunnel {
	uint8_t  type;
	uint8_t  ttl;
	uint8_t  tos;
	uint8_t  flags;
	uint16_t udp_dst;
	uint8_t  dl_dst[CVSW_ETH_ALEN];
	uint8_t  dl_src[CVSW_ETH_ALEN];
	uint32_t id;
	uint8_t  dst[CVSW_IP_LEN];
	uint8_t  src[CVSW_IP_LEN];
};

struct cvsw_action {
	uint16_t type;		/* enum cvsw_action_type */
	union {
		uint16_t port;
		struct cvsw_tunnel tunnel;
		uint32_t spi;
		uint16_t n_cloned;
		uint16_t n_written;
		uint16_t max_len;
		uint8_t table;
		struct cvsw_resubmit resubmit;
		struct cvsw_to_group to_group;
		struct cvsw_move move;
		struct cvsw_load load;
	};
};

/* What a flow_mod does with its flow (OpenFlow 1.0.0, 5.3.3). */
enum cvsw_flow_command {
	CVSW_FLOW_ADD = 0,
	CVSW_FLOW_MODIFY = 1,
	CVSW_FLOW_MODIFY_STRICT = 2,
	CVSW_FLOW_DELETE = 3,
	CVSW_FLOW_DELETE_STRICT = 4,
};

/* ofp_flow_mod_flags (OpenFlow 1.0.0, 5.3.3) */
#define CVSW_FLOW_SEND_REMOVED	0x1	/* tell the controller when it goes */
#define CVSW_FLOW_CHECK_OVERLAP	0x2	/* of a flow_mod that adds: refuse what overlaps; no flow has it */

/**
 * struct cvsw_flow - a match, its priority and what happens to its frames
 *
 * No action at all drops the frame.  A list without an output sends it onward; each
 * output sends it as it is by then.
 * About 4 KiB: too large for a kernel stack.
 *
 * @idle_timeout: seconds without a frame after which it goes; zero: never
 * @hard_timeout: seconds after which it goes; zero: never
 * @flags: CVSW_FLOW_*
 * @out_port: of a flow_mod that deletes: only flows that output there; zero: any.
 *	No flow has it.
 */
struct cvsw_flow {
	struct cvsw_match match;
	uint64_t cookie;
	uint16_t priority;
	uint16_t idle_timeout;
	uint16_t hard_timeout;
	uint16_t flags;
	uint16_t out_port;
	uint16_t n_actions;
	struct cvsw_action actions[CVSW_MAX_ACTIONS];
};

/**
 * cvsw_match_needs() - which needs are met?
 * @match: need not be in normal form
 * Return: a bit for each of enum cvsw_need.
 */
uint32_t cvsw_match_needs(const struct cvsw_match *match);

/** cvsw_match_names() - is the need met?  @match: need not be in normal form */
static inline bool cvsw_match_names(const struct cvsw_match *match, enum cvsw_need need)
{
	return cvsw_match_needs(match) >> need & 1;
}

/**
 * cvsw_match_normalize() - bring a match into the one form that flows are
 *	compared in
 * @match: changed in place: key bits outside the mask are cleared, and the
 *	layer bits that the other fields need are derived anew
 *
 * Where an EtherType or protocol is named, OpenFlow 1.0 rules: a field that it
 * does not have is ignored.  Where none is named, version 2 of the control
 * protocol matches the field in whatever protocol has it: protocol, ToS and
 * ports name IPv4; an address alone demands CVSW_LAYER_ADDR, a port alone
 * CVSW_LAYER_PORTS.  Fields that ofp_match has not are ignored without their
 * protocol.  proto/README.md, "Fields without their protocol".
 */
void cvsw_match_normalize(struct cvsw_match *match);

/**
 * cvsw_match_complete() - is a match in normal form, but for the layers?
 * @match: its layers, which follow from the rest, are derived
 */
bool cvsw_match_complete(struct cvsw_match *match);

/**
 * cvsw_match_covers() - does every frame that matches @narrow match @wide?
 *
 * Both in normal form.  Frames that are cut short, and fragments behind the
 * first, are left out of account where @narrow names the protocol and does not
 * ask for such fragments.
 */
bool cvsw_match_covers(const struct cvsw_match *wide, const struct cvsw_match *narrow);

/**
 * cvsw_match_overlaps() - can one frame match both?
 *
 * Both in normal form.  May say so of two that name protocols in different ways
 * though no frame is of both.
 */
bool cvsw_match_overlaps(const struct cvsw_match *a, const struct cvsw_match *b);

/**
 * cvsw_match_impossible() - a value that no frame can have
 * @match: need not be in normal form
 * Return: where; CVSW_SLOT_NONE: there is none.
 */
enum cvsw_slot cvsw_match_impossible(const struct cvsw_match *match);

/** cvsw_action_check() - can an action have these values, whatever the match? */
enum cvsw_fault cvsw_action_check(const struct cvsw_action *action);

/**
 * cvsw_actions_misplaced() - the first action that stands where it may not
 * Return: its index, or @flow->n_actions: there is none.
 */
size_t cvsw_actions_misplaced(const struct cvsw_flow *flow);

/**
 * cvsw_actions_backward() - the first action that goes to a table not behind the flow's own
 * Return: its index, or @flow->n_actions: there is none.
 */
size_t cvsw_actions_backward(const struct cvsw_flow *flow);

/**
 * cvsw_actions_misfit() - the first action that needs a protocol which the match
 *	does not name
 * @flow: its match in normal form
 * Return: its index, or @flow->n_actions: there is none.
 */
size_t cvsw_actions_misfit(const struct cvsw_flow *flow);

/**
 * cvsw_action_fits_in() - can it be done to a clone, or be in an action set or a bucket?
 * @head: which of them: CVSW_ACT_CLONE, CVSW_ACT_WRITE_ACTIONS or CVSW_ACT_GROUP
 */
bool cvsw_action_fits_in(uint16_t type, uint16_t head);

/** cvsw_action_rewrites() - does it change headers, and nothing else? */
static inline bool cvsw_action_rewrites(uint16_t type)
{
	return type >= CVSW_ACT_STRIP_VLAN && type <= CVSW_ACT_LOAD;
}

/** cvsw_action_changes_layers() - does a frame gain or lose a layer by it? */
static inline bool cvsw_action_changes_layers(uint16_t type)
{
	return type >= CVSW_ACT_VXLAN_ENCAP && type <= CVSW_ACT_DECRYPT;
}

/** cvsw_actions_output_to() - is there, among @n actions, an output to this port? */
static inline bool cvsw_actions_output_to(const struct cvsw_action *actions, size_t n,
					  uint16_t port)
{
	for (; n--; actions++)
		if (actions->type == CVSW_ACT_CONTROLLER ? port == CVSW_PORT_CONTROLLER :
		    actions->type == CVSW_ACT_OUTPUT && actions->port == port)
			return true;
	return false;
}

/** cvsw_load_value() - what a load writes, as a number */
static inline uint64_t cvsw_load_value(const struct cvsw_load *load)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < sizeof(load->value); i++)
		value = value << 8 | load->value[i];
	return value;
}

/** cvsw_load_of() - @n_bits of a field, from bit @ofs on; @value: no more of it than that */
static inline struct cvsw_load cvsw_load_of(enum cvsw_field dst, unsigned int ofs,
					    unsigned int n_bits, uint64_t value)
{
	struct cvsw_load load = {
		.dst = (uint8_t)dst, .ofs = (uint8_t)ofs, .n_bits = (uint8_t)n_bits,
	};
	size_t i;

	for (i = sizeof(load.value); i--; value >>= 8)
		load.value[i] = (uint8_t)value;
	return load;
}

/**
 * cvsw_action_set() - the load that one of OpenFlow 1.0's actions is
 * @value: as on the wire, an integer; no bits but those of cvsw_setter_limit()
 */
struct cvsw_action cvsw_action_set(enum cvsw_setter setter, uint64_t value);

/** cvsw_setter_limit() - the largest value it sets: all bits that it can have */
uint64_t cvsw_setter_limit(enum cvsw_setter setter);

/**
 * cvsw_setter_of() - is a load one of OpenFlow 1.0's actions?
 * @value: out: as on the wire
 * Return: enum cvsw_setter, or CVSW_N_SETTERS.
 */
enum cvsw_setter cvsw_setter_of(const struct cvsw_load *load, uint64_t *value);

/** cvsw_port_is_known() - can an output have this port? */
static inline bool cvsw_port_is_known(uint16_t port)
{
	return port == CVSW_PORT_ONWARD || port == CVSW_PORT_NONE || port == CVSW_PORT_IN_PORT ||
	       port == CVSW_PORT_LOCAL || port == CVSW_PORT_FLOOD || port == CVSW_PORT_ALL ||
	       port == CVSW_HOST || port == CVSW_NET;
}

/** cvsw_match_equal() - are two matches in normal form the same? */
static inline bool cvsw_match_equal(const struct cvsw_match *a, const struct cvsw_match *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/** cvsw_actions_equal() - the same, in the same order? */
bool cvsw_actions_equal(const struct cvsw_action *a, size_t n_a,
			const struct cvsw_action *b, size_t n_b);

/** cvsw_flow_equal() - same match, priority, cookie, timeouts, flags and actions? */
static inline bool cvsw_flow_equal(const struct cvsw_flow *a, const struct cvsw_flow *b)
{
	return cvsw_match_equal(&a->match, &b->match) && a->cookie == b->cookie &&
	       a->priority == b->priority && a->idle_timeout == b->idle_timeout &&
	       a->hard_timeout == b->hard_timeout && a->flags == b->flags &&
	       cvsw_actions_equal(a->actions, a->n_actions, b->actions, b->n_actions);
}

#endif
