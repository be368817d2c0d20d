/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The fields of a frame and the actions of a flow: one table of each.
 *
 * All that speaks of a field follows from its row: flow_mods of version 3
 * (cvsw_flow_mod.c), nx_match and the headers in REG_MOVE and REG_LOAD (cvsw_nxm.c,
 * cvsw_ofp10_actions.c), what a match has to name (cvsw_flow.c), the words that people
 * write and read (cvsw_text_*.c).  A test compares the lists in the pages and in
 * Wireshark's scripts with it.
 *
 * A new field: its row here, its place in struct cvsw_key if a flow can match it
 * (cvsw_flow.h), and where it is in a frame (drivers/cvsw: table/key.c to match it,
 * engine/fields.c to read and write it).
 */
#ifndef CVSW_FIELD_TABLE_H
#define CVSW_FIELD_TABLE_H

#include "cvsw_types.h"

/* Classes of nx_match headers. */
#define CVSW_CLASS_OF	0x0000	/* Nicira's, of what ofp_match has */
#define CVSW_CLASS_NX	0x0001	/* Nicira's, of more */
#define CVSW_CLASS_ERIC	0x1000	/* Ericsson's, as Open vSwitch has it */
#define CVSW_CLASS_CV	0x4356	/* "CV": ours, assigned to nobody */
#define CVSW_CLASS_OXM	0x8000	/* OpenFlow's own */

/* What a match has to name, by fields without wildcards, before a field can be there. */
enum cvsw_need {
	CVSW_NEED_NOTHING,
	CVSW_NEED_ARP,
	CVSW_NEED_IPV4,
	CVSW_NEED_IPV6,
	CVSW_NEED_IP,		/* IPv4 or IPv6 */
	CVSW_NEED_TCP,		/* over either; likewise UDP and SCTP */
	CVSW_NEED_UDP,
	CVSW_NEED_SCTP,
	CVSW_NEED_ICMP,
	CVSW_NEED_ICMPV6,
	CVSW_NEED_ANY_ICMP,	/* either */
	CVSW_NEED_ND_SOLICIT,
	CVSW_NEED_ND_ADVERT,
	CVSW_NEED_ND,		/* either */
	CVSW_N_NEEDS
};

/*
 * Slots: the places in struct cvsw_key, in the order in which a match is printed.
 * Fields of one slot are names for the same thing: a match has one of them.
 *
 * X(id, number, member, kind)
 * number:	in a flow_mod of version 3 (cvsw_flow_mod.h): never another, and never another
 *		slot's again; 0: its member stands there with the slot before it
 * kind:	INTEGER: in host byte order; BYTES: as in the frame
 */
#define CVSW_SLOTS(X)				\
	X(PASS, 1, pass, INTEGER)		\
	X(SA, 2, sa, INTEGER)			\
	X(TUN_TYPE, 3, tun_type, INTEGER)	\
	X(REG0, 28, regs[0], INTEGER)		\
	X(REG1, 29, regs[1], INTEGER)		\
	X(REG2, 30, regs[2], INTEGER)		\
	X(REG3, 31, regs[3], INTEGER)		\
	X(REG4, 32, regs[4], INTEGER)		\
	X(REG5, 33, regs[5], INTEGER)		\
	X(REG6, 34, regs[6], INTEGER)		\
	X(REG7, 35, regs[7], INTEGER)		\
	X(REG8, 36, regs[8], INTEGER)		\
	X(REG9, 37, regs[9], INTEGER)		\
	X(REG10, 38, regs[10], INTEGER)		\
	X(REG11, 39, regs[11], INTEGER)		\
	X(REG12, 40, regs[12], INTEGER)		\
	X(REG13, 41, regs[13], INTEGER)		\
	X(REG14, 42, regs[14], INTEGER)		\
	X(REG15, 43, regs[15], INTEGER)		\
	X(TUN_ID, 4, tun_id, INTEGER)		\
	X(TUN_SRC, 5, tun_src, BYTES)		\
	X(TUN_DST, 6, tun_dst, BYTES)		\
	X(METADATA, 7, metadata, INTEGER)	\
	X(IN_PORT, 8, in_port, INTEGER)		\
	X(VLAN_TCI, 9, vlan_tci, INTEGER)	\
	X(DL_SRC, 10, dl_src, BYTES)		\
	X(DL_DST, 11, dl_dst, BYTES)		\
	X(DL_TYPE, 12, dl_type, INTEGER)	\
	X(IPV6_SRC, 13, ipv6_src, BYTES)	\
	X(IPV6_DST, 14, ipv6_dst, BYTES)	\
	X(IPV6_LABEL, 15, ipv6_label, INTEGER)	\
	X(NW_SRC, 16, nw_src, INTEGER)		\
	X(NW_DST, 17, nw_dst, INTEGER)		\
	X(NW_PROTO, 18, nw_proto, INTEGER)	\
	X(NW_DSCP, 19, nw_tos, INTEGER)		\
	X(NW_ECN, 0, nw_tos, INTEGER)		\
	X(NW_TTL, 20, nw_ttl, INTEGER)		\
	X(NW_FRAG, 21, nw_frag, INTEGER)	\
	X(TP_SRC, 22, tp_src, INTEGER)		\
	X(TP_DST, 23, tp_dst, INTEGER)		\
	X(TCP_FLAGS, 24, tcp_flags, INTEGER)	\
	X(ND_TARGET, 25, nd_target, BYTES)	\
	X(HW_SRC, 26, hw_src, BYTES)		\
	X(HW_DST, 27, hw_dst, BYTES)

enum cvsw_slot {
#define CVSW_SLOT_ENUM(id, ...) CVSW_SLOT_##id,
	CVSW_SLOTS(CVSW_SLOT_ENUM)
#undef CVSW_SLOT_ENUM
	CVSW_N_SLOTS,
	CVSW_SLOT_NONE = CVSW_N_SLOTS	/* of a field that no flow matches */
};
static_assert(CVSW_SLOT_NONE < 64, "one bit each");

/*
 * Fields, in the order in which Open vSwitch writes them into an nx_match; of one
 * slot, the first that can say it is written and printed.
 *
 * X(id, slot, class, number, bytes, bits, oxm, need, asks, use, set, kind, name, oxm_name, words)
 * class, number, bytes: its nx_match header
 * bits:	how many it has, the lower ones of its bytes
 * oxm:		its number in OpenFlow's own class, or 0: it has none there but its class's
 * need:	what must be named before, in an nx_match, or for an action to use it
 * asks:	what it must be named with in a text
 * use:		MATCH: a flow matches it; RW: actions also copy from it and write to it
 * set:		the field that set_field writes for it, as OpenFlow 1.0's actions do
 * kind:	how a value is written (enum text_kind)
 * name:	in load and move
 * words:	in a match, as printed, behind it other words that are read; what has a
 *		capital letter in front is printed and not read
 *
 * VLAN_TCI is as cvsw_key.vlan_tci: CVSW_VLAN_PRESENT written there is a tag,
 * without it there is none.  Of IP_TOS and NW_TOS the two lowest bits, ECN's, are zero,
 * and are not written.  NW_SRC to NW_TOS, of class CV, are what OpenFlow 1.0's actions
 * change: a match need not name their protocol.
 */
#define CVSW_FIELDS(X)									\
	X(IN_PORT, IN_PORT, OF, 0, 2, 16, 0, NOTHING, NOTHING, MATCH, IN_PORT,		\
	  PORT, "NXM_OF_IN_PORT", "", "in_port")					\
	X(ETH_SRC, DL_SRC, OF, 2, 6, 48, 4, NOTHING, NOTHING, RW, ETH_SRC,		\
	  MAC, "NXM_OF_ETH_SRC", "OXM_OF_ETH_SRC", "dl_src eth_src")			\
	X(ETH_DST, DL_DST, OF, 1, 6, 48, 3, NOTHING, NOTHING, RW, ETH_DST,		\
	  MAC, "NXM_OF_ETH_DST", "OXM_OF_ETH_DST", "dl_dst eth_dst")			\
	X(ETH_TYPE, DL_TYPE, OF, 3, 2, 16, 0, NOTHING, NOTHING, MATCH, ETH_TYPE,	\
	  HEX4, "NXM_OF_ETH_TYPE", "", "dl_type eth_type")				\
	X(VLAN_TCI, VLAN_TCI, OF, 4, 2, 16, 0, NOTHING, NOTHING, RW, VLAN_TCI,		\
	  TAG, "NXM_OF_VLAN_TCI", "", "vlan_tci")					\
	X(ARP_OP, NW_PROTO, OF, 15, 2, 16, 21, ARP, ARP, RW, ARP_OP,			\
	  DEC, "NXM_OF_ARP_OP", "OXM_OF_ARP_OP", "arp_op")				\
	X(ARP_SPA, NW_SRC, OF, 16, 4, 32, 22, ARP, ARP, RW, ARP_SPA,			\
	  IPV4, "NXM_OF_ARP_SPA", "OXM_OF_ARP_SPA", "arp_spa")				\
	X(ARP_TPA, NW_DST, OF, 17, 4, 32, 23, ARP, ARP, RW, ARP_TPA,			\
	  IPV4, "NXM_OF_ARP_TPA", "OXM_OF_ARP_TPA", "arp_tpa")				\
	X(ARP_SHA, HW_SRC, NX, 17, 6, 48, 24, ARP, ARP, RW, ARP_SHA,			\
	  MAC, "NXM_NX_ARP_SHA", "OXM_OF_ARP_SHA", "arp_sha")				\
	X(ARP_THA, HW_DST, NX, 18, 6, 48, 25, ARP, ARP, RW, ARP_THA,			\
	  MAC, "NXM_NX_ARP_THA", "OXM_OF_ARP_THA", "arp_tha")				\
	X(IP_SRC, NW_SRC, OF, 7, 4, 32, 11, IPV4, NOTHING, RW, NW_SRC,			\
	  IPV4, "NXM_OF_IP_SRC", "OXM_OF_IPV4_SRC", "nw_src ip_src")			\
	X(IP_DST, NW_DST, OF, 8, 4, 32, 12, IPV4, NOTHING, RW, NW_DST,			\
	  IPV4, "NXM_OF_IP_DST", "OXM_OF_IPV4_DST", "nw_dst ip_dst")			\
	X(IPV6_SRC, IPV6_SRC, NX, 19, 16, 128, 26, IPV6, IPV6, RW, IPV6_SRC,		\
	  IPV6, "NXM_NX_IPV6_SRC", "OXM_OF_IPV6_SRC", "ipv6_src")			\
	X(IPV6_DST, IPV6_DST, NX, 20, 16, 128, 27, IPV6, IPV6, RW, IPV6_DST,		\
	  IPV6, "NXM_NX_IPV6_DST", "OXM_OF_IPV6_DST", "ipv6_dst")			\
	X(IP_FRAG, NW_FRAG, NX, 26, 1, 2, 0, IP, IP, MATCH, IP_FRAG,			\
	  FRAG, "NXM_NX_IP_FRAG", "", "nw_frag ip_frag")				\
	X(IP_TOS, NW_DSCP, OF, 5, 1, 8, 0, IP, NOTHING, RW, NW_TOS,			\
	  TOS, "NXM_OF_IP_TOS", "", "nw_tos")						\
	X(IP_ECN, NW_ECN, NX, 28, 1, 2, 9, IP, NOTHING, RW, IP_ECN,			\
	  DEC, "NXM_NX_IP_ECN", "OXM_OF_IP_ECN", "nw_ecn ip_ecn")			\
	X(IP_TTL, NW_TTL, NX, 29, 1, 8, 0, IP, IP, RW, IP_TTL,				\
	  DEC, "NXM_NX_IP_TTL", "", "nw_ttl")						\
	X(IPV6_LABEL, IPV6_LABEL, NX, 27, 4, 20, 28, IPV6, IPV6, RW, IPV6_LABEL,	\
	  HEX5, "NXM_NX_IPV6_LABEL", "OXM_OF_IPV6_FLABEL", "ipv6_label")		\
	X(IP_PROTO, NW_PROTO, OF, 6, 1, 8, 0, IP, NOTHING, MATCH, IP_PROTO,		\
	  DEC, "NXM_OF_IP_PROTO", "", "nw_proto ip_proto")				\
	X(TCP_SRC, TP_SRC, OF, 9, 2, 16, 13, TCP, TCP, RW, TP_SRC,			\
	  DEC, "NXM_OF_TCP_SRC", "OXM_OF_TCP_SRC", "Tp_src tcp_src")			\
	X(TCP_DST, TP_DST, OF, 10, 2, 16, 14, TCP, TCP, RW, TP_DST,			\
	  DEC, "NXM_OF_TCP_DST", "OXM_OF_TCP_DST", "Tp_dst tcp_dst")			\
	X(TCP_FLAGS, TCP_FLAGS, NX, 34, 2, 12, 0, TCP, TCP, MATCH, TCP_FLAGS,		\
	  FLAGS, "NXM_NX_TCP_FLAGS", "", "tcp_flags")					\
	X(UDP_SRC, TP_SRC, OF, 11, 2, 16, 15, UDP, UDP, RW, TP_SRC,			\
	  DEC, "NXM_OF_UDP_SRC", "OXM_OF_UDP_SRC", "Tp_src udp_src")			\
	X(UDP_DST, TP_DST, OF, 12, 2, 16, 16, UDP, UDP, RW, TP_DST,			\
	  DEC, "NXM_OF_UDP_DST", "OXM_OF_UDP_DST", "Tp_dst udp_dst")			\
	X(SCTP_SRC, TP_SRC, OXM, 17, 2, 16, 0, SCTP, SCTP, RW, TP_SRC,			\
	  DEC, "OXM_OF_SCTP_SRC", "", "Tp_src sctp_src")				\
	X(SCTP_DST, TP_DST, OXM, 18, 2, 16, 0, SCTP, SCTP, RW, TP_DST,			\
	  DEC, "OXM_OF_SCTP_DST", "", "Tp_dst sctp_dst")				\
	X(ICMP_TYPE, TP_SRC, OF, 13, 1, 8, 19, ICMP, ANY_ICMP, RW, ICMP_TYPE,		\
	  DEC, "NXM_OF_ICMP_TYPE", "OXM_OF_ICMPV4_TYPE", "icmp_type")			\
	X(ICMP_CODE, TP_DST, OF, 14, 1, 8, 20, ICMP, ANY_ICMP, RW, ICMP_CODE,		\
	  DEC, "NXM_OF_ICMP_CODE", "OXM_OF_ICMPV4_CODE", "icmp_code")			\
	X(ICMPV6_TYPE, TP_SRC, NX, 21, 1, 8, 29, ICMPV6, ICMPV6, RW, ICMPV6_TYPE,	\
	  DEC, "NXM_NX_ICMPV6_TYPE", "OXM_OF_ICMPV6_TYPE", "Icmp_type icmpv6_type")	\
	X(ICMPV6_CODE, TP_DST, NX, 22, 1, 8, 30, ICMPV6, ICMPV6, RW, ICMPV6_CODE,	\
	  DEC, "NXM_NX_ICMPV6_CODE", "OXM_OF_ICMPV6_CODE", "Icmp_code icmpv6_code")	\
	X(NW_SRC, NW_SRC, CV, 3, 4, 32, 0, NOTHING, NOTHING, RW, NW_SRC,		\
	  IPV4, "CVSW_NW_SRC", "", "Nw_src")						\
	X(NW_DST, NW_DST, CV, 4, 4, 32, 0, NOTHING, NOTHING, RW, NW_DST,		\
	  IPV4, "CVSW_NW_DST", "", "Nw_dst")						\
	X(NW_PROTO, NW_PROTO, CV, 5, 1, 8, 0, NOTHING, NOTHING, MATCH, NW_PROTO,	\
	  DEC, "CVSW_NW_PROTO", "", "Nw_proto")						\
	X(TP_SRC, TP_SRC, CV, 6, 2, 16, 0, NOTHING, NOTHING, RW, TP_SRC,		\
	  DEC, "CVSW_TP_SRC", "", "tp_src")						\
	X(TP_DST, TP_DST, CV, 7, 2, 16, 0, NOTHING, NOTHING, RW, TP_DST,		\
	  DEC, "CVSW_TP_DST", "", "tp_dst")						\
	X(NW_TOS, NONE, CV, 8, 1, 8, 0, NOTHING, NOTHING, RW, NW_TOS,			\
	  TOS, "CVSW_NW_TOS", "", "")							\
	X(ND_TARGET, ND_TARGET, NX, 23, 16, 128, 31, ND, ND, RW, ND_TARGET,		\
	  IPV6, "NXM_NX_ND_TARGET", "OXM_OF_IPV6_ND_TARGET", "nd_target")		\
	X(ND_SLL, HW_SRC, NX, 24, 6, 48, 32, ND_SOLICIT, ND_SOLICIT, RW, ND_SLL,	\
	  MAC, "NXM_NX_ND_SLL", "OXM_OF_IPV6_ND_SLL", "nd_sll")				\
	X(ND_TLL, HW_DST, NX, 25, 6, 48, 33, ND_ADVERT, ND_ADVERT, RW, ND_TLL,		\
	  MAC, "NXM_NX_ND_TLL", "OXM_OF_IPV6_ND_TLL", "nd_tll")				\
	X(ND_RESERVED, NONE, ERIC, 1, 4, 32, 0, ND, ND, RW, ND_RESERVED,		\
	  DEC, "ERICOXM_OF_ICMPV6_ND_RESERVED", "", "nd_reserved")			\
	X(ND_OPTIONS_TYPE, NONE, ERIC, 2, 1, 8, 0, ND, ND, RW, ND_OPTIONS_TYPE,		\
	  DEC, "ERICOXM_OF_ICMPV6_ND_OPTIONS_TYPE", "", "nd_options_type")		\
	X(TUN_ID, TUN_ID, NX, 16, 8, 64, 0, NOTHING, NOTHING, MATCH, TUN_ID,		\
	  HEX, "NXM_NX_TUN_ID", "", "tun_id tunnel_id")					\
	X(TUN_SRC, TUN_SRC, NX, 31, 4, 32, 0, NOTHING, NOTHING, MATCH, TUN_SRC,		\
	  IPV4, "NXM_NX_TUN_IPV4_SRC", "", "tun_src")					\
	X(TUN_DST, TUN_DST, NX, 32, 4, 32, 0, NOTHING, NOTHING, MATCH, TUN_DST,		\
	  IPV4, "NXM_NX_TUN_IPV4_DST", "", "tun_dst")					\
	X(TUN_IPV6_SRC, TUN_SRC, NX, 109, 16, 128, 0, NOTHING, NOTHING, MATCH, TUN_IPV6_SRC, \
	  IPV6, "NXM_NX_TUN_IPV6_SRC", "", "tun_ipv6_src")				\
	X(TUN_IPV6_DST, TUN_DST, NX, 110, 16, 128, 0, NOTHING, NOTHING, MATCH, TUN_IPV6_DST, \
	  IPV6, "NXM_NX_TUN_IPV6_DST", "", "tun_ipv6_dst")				\
	X(REG0, REG0, NX, 0, 4, 32, 0, NOTHING, NOTHING, RW, REG0,			\
	  HEX, "NXM_NX_REG0", "", "reg0")						\
	X(REG1, REG1, NX, 1, 4, 32, 0, NOTHING, NOTHING, RW, REG1,			\
	  HEX, "NXM_NX_REG1", "", "reg1")						\
	X(REG2, REG2, NX, 2, 4, 32, 0, NOTHING, NOTHING, RW, REG2,			\
	  HEX, "NXM_NX_REG2", "", "reg2")						\
	X(REG3, REG3, NX, 3, 4, 32, 0, NOTHING, NOTHING, RW, REG3,			\
	  HEX, "NXM_NX_REG3", "", "reg3")						\
	X(REG4, REG4, NX, 4, 4, 32, 0, NOTHING, NOTHING, RW, REG4,			\
	  HEX, "NXM_NX_REG4", "", "reg4")						\
	X(REG5, REG5, NX, 5, 4, 32, 0, NOTHING, NOTHING, RW, REG5,			\
	  HEX, "NXM_NX_REG5", "", "reg5")						\
	X(REG6, REG6, NX, 6, 4, 32, 0, NOTHING, NOTHING, RW, REG6,			\
	  HEX, "NXM_NX_REG6", "", "reg6")						\
	X(REG7, REG7, NX, 7, 4, 32, 0, NOTHING, NOTHING, RW, REG7,			\
	  HEX, "NXM_NX_REG7", "", "reg7")						\
	X(REG8, REG8, NX, 8, 4, 32, 0, NOTHING, NOTHING, RW, REG8,			\
	  HEX, "NXM_NX_REG8", "", "reg8")						\
	X(REG9, REG9, NX, 9, 4, 32, 0, NOTHING, NOTHING, RW, REG9,			\
	  HEX, "NXM_NX_REG9", "", "reg9")						\
	X(REG10, REG10, NX, 10, 4, 32, 0, NOTHING, NOTHING, RW, REG10,			\
	  HEX, "NXM_NX_REG10", "", "reg10")						\
	X(REG11, REG11, NX, 11, 4, 32, 0, NOTHING, NOTHING, RW, REG11,			\
	  HEX, "NXM_NX_REG11", "", "reg11")						\
	X(REG12, REG12, NX, 12, 4, 32, 0, NOTHING, NOTHING, RW, REG12,			\
	  HEX, "NXM_NX_REG12", "", "reg12")						\
	X(REG13, REG13, NX, 13, 4, 32, 0, NOTHING, NOTHING, RW, REG13,			\
	  HEX, "NXM_NX_REG13", "", "reg13")						\
	X(REG14, REG14, NX, 14, 4, 32, 0, NOTHING, NOTHING, RW, REG14,			\
	  HEX, "NXM_NX_REG14", "", "reg14")						\
	X(REG15, REG15, NX, 15, 4, 32, 0, NOTHING, NOTHING, RW, REG15,			\
	  HEX, "NXM_NX_REG15", "", "reg15")						\
	X(PKT_MARK, NONE, NX, 33, 4, 32, 0, NOTHING, NOTHING, RW, PKT_MARK,		\
	  HEX, "NXM_NX_PKT_MARK", "", "pkt_mark")					\
	X(METADATA, METADATA, OXM, 2, 8, 64, 0, NOTHING, NOTHING, RW, METADATA,		\
	  HEX, "OXM_OF_METADATA", "", "metadata")					\
	X(TUN_TYPE, TUN_TYPE, CV, 0, 1, 8, 0, NOTHING, NOTHING, MATCH, TUN_TYPE,	\
	  TUNNEL, "CVSW_TUN_TYPE", "", "tun_type")					\
	X(SA, SA, CV, 1, 4, 32, 0, NOTHING, NOTHING, MATCH, SA,				\
	  HEX, "CVSW_SA", "", "sa")							\
	X(PASS, PASS, CV, 2, 1, 8, 0, NOTHING, NOTHING, MATCH, PASS,			\
	  DEC, "CVSW_PASS", "", "pass")

enum cvsw_field {
#define CVSW_FIELD_ENUM(id, ...) CVSW_FIELD_##id,
	CVSW_FIELDS(CVSW_FIELD_ENUM)
#undef CVSW_FIELD_ENUM
	CVSW_N_FIELDS
};

/*
 * Parts of fields that have a name of their own in load, move and set_field:
 * X(field, first bit, bits, oxm, bytes, oxm_name, words).  @oxm: 0: words alone.
 */
#define CVSW_PARTS(X)								\
	X(VLAN_TCI, 0, 13, 6, 2, "OXM_OF_VLAN_VID", "vlan_vid")			\
	X(VLAN_TCI, 13, 3, 7, 1, "OXM_OF_VLAN_PCP", "vlan_pcp dl_vlan_pcp")	\
	X(VLAN_TCI, 0, 12, 0, 0, "", "dl_vlan")					\
	X(IP_TOS, 2, 6, 8, 1, "OXM_OF_IP_DSCP", "ip_dscp")

/*
 * OpenFlow 1.0's actions that set a field (5.2.4).  Inside, each is a load; a load that
 * is just that is written as the action: peers need not know Nicira's extension for it.
 *
 * X(id, number, bytes, field, first bit, bits, left, right, ones, words)
 * left, right:	the value is shifted so far from the wire's number to the load's
 * ones:	bits that the load sets besides: that there is a tag
 */
#define CVSW_SETTERS(X)									\
	X(VLAN_VID, 1, 2, VLAN_TCI, 0, 13, 0, 0, 0x1000, "mod_vlan_vid set_vlan_vid")	\
	X(VLAN_PCP, 2, 1, VLAN_TCI, 12, 4, 1, 0, 1, "mod_vlan_pcp set_vlan_pcp")	\
	X(DL_SRC, 4, 6, ETH_SRC, 0, 48, 0, 0, 0, "mod_dl_src")				\
	X(DL_DST, 5, 6, ETH_DST, 0, 48, 0, 0, 0, "mod_dl_dst")				\
	X(NW_SRC, 6, 4, NW_SRC, 0, 32, 0, 0, 0, "mod_nw_src")				\
	X(NW_DST, 7, 4, NW_DST, 0, 32, 0, 0, 0, "mod_nw_dst")				\
	X(NW_TOS, 8, 1, NW_TOS, 2, 6, 0, 2, 0, "mod_nw_tos")				\
	X(TP_SRC, 9, 2, TP_SRC, 0, 16, 0, 0, 0, "mod_tp_src")				\
	X(TP_DST, 10, 2, TP_DST, 0, 16, 0, 0, 0, "mod_tp_dst")

enum cvsw_setter {
#define CVSW_SETTER_ENUM(id, ...) CVSW_SET_##id,
	CVSW_SETTERS(CVSW_SETTER_ENUM)
#undef CVSW_SETTER_ENUM
	CVSW_N_SETTERS
};

/*
 * Actions.  The order of the first ones counts: those from STRIP_VLAN to LOAD change
 * headers, those from VXLAN_ENCAP to DECRYPT layers.
 *
 * X(id, number, type, subtype, length, arguments, word)
 * number:	in a flow_mod of version 3, as a slot's
 * type, length: in one of OpenFlow 1.0
 * subtype:	likewise, of Nicira's extension (type 0xffff)
 */
#define CVSW_ACTIONS(X)								\
	/* .port: CVSW_PORT_*, CVSW_HOST or CVSW_NET */				\
	X(OUTPUT, 1, 0, 0, 8, output, "output")					\
	X(STRIP_VLAN, 3, 3, 0, 8, plain, "strip_vlan")				\
	/* Of IPv4 or IPv6; a frame whose TTL is 1 or 0 is dropped. */		\
	X(DEC_TTL, 4, 0xffff, 18, 16, dec_ttl, "dec_ttl")				\
	X(MOVE, 5, 0xffff, 6, 24, move, "move")					\
	X(LOAD, 6, 0xffff, 7, 24, load, "load")					\
	/* .tunnel */								\
	X(VXLAN_ENCAP, 7, 0x1001, 0, 64, vxlan_encap, "vxlan_encap")		\
	/* Drops what is not VXLAN. */						\
	X(VXLAN_DECAP, 8, 0x1002, 0, 8, plain, "vxlan_decap")			\
	/* Likewise, of port CVSW_VXLAN_PORT; what is not VXLAN stays as it is. */ \
	X(VXLAN_STRIP, 9, 0x1015, 0, 8, plain, "vxlan_strip")			\
	/* .spi: an SA for sending */						\
	X(ENCRYPT, 10, 0x1011, 0, 8, encrypt, "encrypt")			\
	/* With the SA that the frame's own SPI names. */			\
	X(DECRYPT, 11, 0x1012, 0, 8, plain, "decrypt")				\
	/* .n_cloned: the next so many, to a copy that then goes on;		\
	 * none of them CLONE or with a lookup */					\
	X(CLONE, 12, 0x1013, 0, 8, clone, "clone")				\
	/* Last: look up again, among lower priorities. */			\
	X(NEXT, 13, 0x1014, 0, 8, plain, "next")				\
	/* .max_len: so much of it to the controller; last: and no more.  In OpenFlow	\
	 * an OUTPUT, which comes first in this table. */			\
	X(CONTROLLER, 2, 0, 0, 8, controller, "controller")			\
	/* .table: last: look up in it, which is behind the flow's own. */	\
	X(GOTO_TABLE, 14, 0x1016, 0, 8, goto_table, "goto_table")		\
	/* .resubmit: any table, any number of them; see struct cvsw_resubmit. */ \
	X(RESUBMIT, 15, 0xffff, 14, 16, resubmit, "resubmit")			\
	/* .n_written: the next so many, that rewrite or output, into the frame's	\
	 * action set, which is done when the last list of a pass has ended. */	\
	X(WRITE_ACTIONS, 16, 0x1017, 0, 8, write_actions, "write_actions")	\
	X(CLEAR_ACTIONS, 17, 0x1018, 0, 8, plain, "clear_actions")		\
	/* .to_group: buckets of a group; in a list an output, in an action set instead of one */ \
	X(GROUP, 18, 0x1019, 0, 16, group, "group")

enum cvsw_action_type {
#define CVSW_ACTION_ENUM(id, ...) CVSW_ACT_##id,
	CVSW_ACTIONS(CVSW_ACTION_ENUM)
#undef CVSW_ACTION_ENUM
	CVSW_N_ACTIONS
};

/*
 * Values of actions, in the order in which a flow_mod of version 3 has them.  An action
 * has no others: what it does can grow by new actions.
 *
 * X(action, member, kind)
 * kind:	as a slot's, but FIELD: on the wire the four bytes of its nx_match header
 */
#define CVSW_ACTION_VALUES(X)				\
	X(OUTPUT, port, INTEGER)			\
	X(CONTROLLER, max_len, INTEGER)			\
	X(MOVE, move.n_bits, INTEGER)			\
	X(MOVE, move.src_ofs, INTEGER)			\
	X(MOVE, move.dst_ofs, INTEGER)			\
	X(MOVE, move.src, FIELD)			\
	X(MOVE, move.dst, FIELD)			\
	X(LOAD, load.n_bits, INTEGER)			\
	X(LOAD, load.ofs, INTEGER)			\
	X(LOAD, load.dst, FIELD)			\
	X(LOAD, load.value, BYTES)			\
	X(VXLAN_ENCAP, tunnel.dl_dst, BYTES)		\
	X(VXLAN_ENCAP, tunnel.dl_src, BYTES)		\
	X(VXLAN_ENCAP, tunnel.dst, BYTES)		\
	X(VXLAN_ENCAP, tunnel.src, BYTES)		\
	X(VXLAN_ENCAP, tunnel.id, INTEGER)		\
	X(VXLAN_ENCAP, tunnel.udp_dst, INTEGER)		\
	X(VXLAN_ENCAP, tunnel.ttl, INTEGER)		\
	X(VXLAN_ENCAP, tunnel.tos, INTEGER)		\
	X(VXLAN_ENCAP, tunnel.flags, INTEGER)		\
	X(ENCRYPT, spi, INTEGER)			\
	X(CLONE, n_cloned, INTEGER)			\
	X(GOTO_TABLE, table, INTEGER)			\
	X(RESUBMIT, resubmit.port, INTEGER)		\
	X(RESUBMIT, resubmit.table, INTEGER)		\
	X(WRITE_ACTIONS, n_written, INTEGER)		\
	X(GROUP, to_group.id, INTEGER)			\
	X(GROUP, to_group.hash, INTEGER)

/**
 * struct cvsw_place - where something is in struct cvsw_key or struct cvsw_action
 * @integer: in host byte order; else bytes
 */
struct cvsw_place {
	uint8_t offset;
	uint8_t size;
	bool integer;
};

/**
 * struct cvsw_field_info - what codecs know of a field
 * @header: its nx_match header, without mask
 * @ones: of its last four bytes, the bits that it has
 * @slot: enum cvsw_slot
 * @bits: how many it has
 * @need: enum cvsw_need: what a match must name if an action is to use it
 * @oxm: its number in OpenFlow's own class, or 0
 * @writable: an action can copy from it and write to it
 */
struct cvsw_field_info {
	uint32_t header;
	uint32_t ones;
	uint8_t slot;
	uint8_t bits;
	uint8_t need;
	uint8_t oxm;
	bool writable;
};

extern const struct cvsw_place cvsw_slot_info[CVSW_N_SLOTS];
extern const struct cvsw_field_info cvsw_field_info[CVSW_N_FIELDS];

/** cvsw_place_read() - @bytes: out: as many as the place has, big endian */
void cvsw_place_read(const void *whole, const struct cvsw_place *place, uint8_t *bytes);
/** cvsw_place_add() - the same, into a place that is zero or, of an integer, has other bits */
void cvsw_place_add(void *whole, const struct cvsw_place *place, const uint8_t *bytes);

/* Bytes of its value, and the same as a count of what an nx_match header says. */
#define CVSW_FIELD_LEN(info)	((info)->header & 0xff)

/* A value as a big-endian number: what a field has fewer is in front. */
#define CVSW_WIDE	16

struct cvsw_match;

/** cvsw_field_is_register() - is it metadata or a register: beside the frame, not in it? */
static inline bool cvsw_field_is_register(enum cvsw_field field)
{
	return field == CVSW_FIELD_METADATA ||
	       (field >= CVSW_FIELD_REG0 && field <= CVSW_FIELD_REG15);
}

/**
 * cvsw_field_read() - a field of a match, as wide values
 * @value, @mask: out: without bits that the field has not
 * Return: false: nothing is matched there, or the field cannot say it.
 */
bool cvsw_field_read(const struct cvsw_match *match, enum cvsw_field field,
		     uint8_t value[CVSW_WIDE], uint8_t mask[CVSW_WIDE]);

/** cvsw_field_is_whole() - does the mask have every bit of the field that @match can ask for? */
bool cvsw_field_is_whole(const struct cvsw_match *match, enum cvsw_field field,
			 const uint8_t mask[CVSW_WIDE]);

/**
 * cvsw_field_add() - put a field into a match
 * @value, @mask: the field's own bytes, big endian; @mask may be NULL: all of it
 *
 * The match is not in normal form then.  A mask of zeroes adds nothing.
 *
 * Return: false: the mask has bits that the field has not, the value has bits that
 * the mask has not, or no frame has it.
 */
bool cvsw_field_add(struct cvsw_match *match, enum cvsw_field field, const uint8_t *value,
		    const uint8_t *mask);

#endif
