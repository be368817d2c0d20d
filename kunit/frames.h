/* SPDX-License-Identifier: GPL-2.0 */
/* What the suites share: frames as flat bytes, and sk_buffs made of them. */
#ifndef CVSW_KUNIT_FRAMES_H
#define CVSW_KUNIT_FRAMES_H

#include <linux/prandom.h>
#include <linux/skbuff.h>

#include "../drivers/cvsw/table/key.h"

#define FRAME_MAX	2048
#define TAIL_MAX	64

/**
 * struct flat_frame - a frame, byte by byte
 * @hw_tag: a VLAN tag outside of @data, as skb->vlan_proto and vlan_tci
 * @tail: what the later fragments of its datagram carry, for its checksum
 */
struct flat_frame {
	u8 data[FRAME_MAX];
	unsigned int len;
	bool hw_tag;
	u16 hw_proto;
	u16 hw_tci;
	u32 mark;	/* skb->mark */
	u8 metadata[8];
	u8 regs[CVSW_N_REGS][4];
	u8 tail[TAIL_MAX];
	unsigned int tail_len;
};

/* Who else has a frame's bytes. */
enum sharing { PRIVATE, CLONED, SHARED, N_SHARINGS };

/* From 0 to @n - 1. */
unsigned int pick(struct rnd_state *rnd, unsigned int n);

/* A frame of any of the layouts the engine knows, its checksums right. */
void random_frame(struct rnd_state *rnd, struct flat_frame *frame);

/* Cut, overwrite or lie in a header field. */
void damage_frame(struct rnd_state *rnd, struct flat_frame *frame);

/* Linear, in page fragments or in a list of buffers; NULL without memory. */
struct sk_buff *random_skb(struct rnd_state *rnd, const struct flat_frame *frame);
/* With bottom halves disabled, too. */
struct sk_buff *linear_skb(const struct flat_frame *frame);

/* Return: whether @skb is the frame, tag and all. */
bool skb_is_frame(const struct sk_buff *skb, const struct flat_frame *frame);
void skb_to_frame(const struct sk_buff *skb, struct flat_frame *frame);

/* Length of the Ethernet header with all the tags behind it. */
unsigned int frame_l2_len(const struct flat_frame *frame);

/* cvsw_key_extract() once more, slow and obvious. */
int reference_key(const struct flat_frame *frame, enum cvsw_ingress in,
		  struct cvsw_key *key, struct cvsw_layout *layout);

/*
 * Write the checksums of an IP packet, its headers whole, from scratch; one that is not in its bytes,
 * or that says "none" (UDP), stays.
 */
void write_checksums(u8 *ip, const u8 *tail, unsigned int tail_len);

/* Where a protocol's checksum stands in its header; 0 for others. */
unsigned int checksum_offset(u8 protocol);
u16 inet_sum(const u8 *data, unsigned int len, u32 sum);
u32 pseudo_sum(const u8 *ip, u8 protocol, unsigned int l4_len);
u32 crc32c_bitwise(u32 crc, const u8 *data, unsigned int len);

u16 get16(const u8 *p);
void put16(u8 *p, u16 value);
u32 get32(const u8 *p);
void put32(u8 *p, u32 value);

#endif
