/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Random input for the tests, and the slow, obvious reference that the codecs
 * are held against.  Values come from small pools, so that matches happen.
 */
#ifndef GEN_H
#define GEN_H

#include "../cvsw_flow.h"
#include "../cvsw_group.h"
#include "../cvsw_sa.h"

struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *rng);
unsigned int rng_below(struct rng *rng, unsigned int n);
bool rng_chance(struct rng *rng, unsigned int percent);

/* An ofp_match of OpenFlow 1.0 as a peer means it, before any interpretation. */
struct raw_match {
	uint32_t wildcards;
	uint16_t in_port;
	uint8_t dl_src[6], dl_dst[6];
	uint16_t dl_vlan;
	uint8_t dl_vlan_pcp;
	uint16_t dl_type;
	uint8_t nw_tos, nw_proto;
	uint32_t nw_src, nw_dst;
	uint16_t tp_src, tp_dst;
};

/* A frame by what is in it. */
struct frame {
	uint8_t in_port;
	uint8_t dl_src[6], dl_dst[6];
	bool tagged;
	uint16_t vid;
	uint8_t pcp;
	uint16_t dl_type;
	bool has_ip;		/* a whole IPv4 header */
	bool has_ip6;
	bool has_arp;
	bool has_l4;		/* a whole TCP, UDP, SCTP, ICMP or ICMPv6 header, first fragment */
	bool has_nd;		/* of ICMPv6, a whole solicitation or advertisement */
	uint32_t nw_src, nw_dst;
	uint8_t nw_proto, nw_tos;
	uint16_t tp_src, tp_dst;
	uint8_t nw_ttl, nw_frag;
	uint16_t tcp_flags;
	uint8_t ipv6_src[16], ipv6_dst[16];
	uint32_t ipv6_label;
	uint8_t nd_target[16];
	uint8_t hw_src[6], hw_dst[6];
};

void gen_raw_match(struct rng *rng, struct raw_match *raw);
/* The flow_mod (72 bytes, without actions) that carries it, byte by byte. */
void raw_flow_mod(const struct raw_match *raw, uint8_t data[72]);
void gen_frame(struct rng *rng, struct frame *frame);
/* The key that cvsw_flow.h promises for a frame. */
void frame_key(const struct frame *frame, struct cvsw_key *key);
/* Does it match, by the prose of proto/README.md? */
bool reference_match(const struct raw_match *raw, const struct frame *frame);

bool key_matches(const struct cvsw_match *match, const struct cvsw_key *key);

enum gen_kind {
	GEN_ANY,
	/* What ovs-ofctl knows, who wants protocols named: */
	GEN_NAMED,	/* in ofp_match */
	GEN_NAMED_NXM,	/* that ofp_match cannot express */
};

/* A valid flow. */
void gen_flow(struct rng *rng, enum gen_kind kind, struct cvsw_flow *flow);
/* Into any table, and perhaps on to others: what version 2 does not have. */
void gen_tables(struct rng *rng, struct cvsw_flow *flow);

/** gen_group() - a group that can be; its slots are filled by its weights */
void gen_group(struct rng *rng, struct cvsw_group *group);

void gen_sa(struct rng *rng, uint8_t key_len, struct cvsw_sa *sa);

/* @len bytes on the heap and not one more, so that AddressSanitizer sees every overrun. */
uint8_t *exact_copy(const uint8_t *data, size_t len);
/* Hex digits, blanks between them allowed, to bytes on the heap. */
uint8_t *from_hex(const char *hex, size_t *len);

#endif
