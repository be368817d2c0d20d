/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The same frames into the key and into a running stack.
 *
 *	generate.c	a case: a frame, or the fragments of a datagram, as a seed says
 *	hear.c		what sockets and the neighbor table got of it
 *	stack.c		the NIC, the two ways into the stack, the comparison
 *
 * All runs in one process; frames go to the stack in NAPI's poll, as a driver's do.
 */
#ifndef CVSW_STACK_H
#define CVSW_STACK_H

#include <linux/prandom.h>
#include <linux/skbuff.h>

#include "../../drivers/cvsw/table/key.h"

#define STACK_FRAME_MAX		2048
#define STACK_FRAMES_MAX	12
#define STACK_SEEN_MAX		24

/* What is denied by the flows that run.py gives the NIC. */
#define DENIED_PORT		7777
#define DENIED_SYN_ACK_PORT	8889
#define DENIED_HOST		66	/* last byte of addresses */
#define DENIED_ICMP		13
#define DENIED_ICMPV6		139
#define DENIED_PROTOCOL		255
#define DENIED_VID		7

/* X(id, text): what is special about a case. */
#define STACK_FEATURES(X)                                                       \
	X(PLAIN,	"plain")                                                \
	X(PRIORITY,	"priority tags")                                        \
	X(TAGGED,	"a VLAN tag")                                           \
	X(TWO_TAGS,	"two VLAN tags")                                        \
	X(HW_TAG,	"a tag beside the frame")                               \
	X(SNAP,		"SNAP")                                                 \
	X(OPTIONS,	"options of IPv4")                                      \
	X(EXTENSIONS,	"extension headers")                                    \
	X(MANY,		"more than 16 extension headers")                       \
	X(JUMBO,	"payload length 0")                                     \
	X(FRAGMENTS,	"fragments")                                            \
	X(ATOMIC,	"a fragment that is whole")                             \
	X(TINY,		"TCP's flags in the second fragment")                   \
	X(OVERLAP,	"overlapping fragments")                                \
	X(LIES,		"lengths that lie")                                     \
	X(CUT,		"cut short")                                            \
	X(GIANT,	"GSO")                                                  \
	X(ND,		"neighbor messages")                                    \
	X(ND_OPTIONS,	"more than 32 options")                                 \
	X(ARP,		"ARP")                                                  \
	X(ARP_802,	"ARP of hardware type 6")                               \
	X(VXLAN,	"in VXLAN")

#define STACK_FEATURE_ENUM(id, text) STACK_##id,
enum stack_feature {
	STACK_FEATURES(STACK_FEATURE_ENUM)
	STACK_N_FEATURES
};

/**
 * struct stack_frame - a frame, byte by byte
 * @linear: so many bytes are, the rest is in a page
 * @tci: of a tag beside it, of type @tpid; 0: none
 * @gso_type, @gso_size: 0: it is no giant
 */
struct stack_frame {
	u8 data[STACK_FRAME_MAX];
	unsigned int len;
	unsigned int linear;
	u16 tpid;
	u16 tci;
	u16 gso_type;
	u16 gso_size;
};

/**
 * struct stack_case - what is sent together
 * @features: bit of enum stack_feature
 * @neighbor: whose address is claimed: IPv6, or IPv4 in the first bytes
 * @neighbor_len: 0: nobody's
 */
struct stack_case {
	struct stack_frame frames[STACK_FRAMES_MAX];
	unsigned int n;
	u32 features;
	u8 neighbor[16];
	u8 neighbor_len;
};

/**
 * struct seen - what a socket got, or the neighbor table
 * @mac: of the neighbor @src; then nothing but @ipv6 and @ifindex is set besides
 * @cut: the socket got less than what flows match of the header
 */
struct seen {
	bool is_neighbor;
	bool ipv6;
	bool cut;
	u8 protocol;
	u8 src[16];
	u8 dst[16];
	u16 tp_src;
	u16 tp_dst;
	u16 flags;
	u8 mac[ETH_ALEN];
	int ifindex;
};

/**
 * stack_make() - a case
 * @seed: the same seed makes the same case, but for
 * @id: of its datagram, for no two may have the same
 */
void stack_make(struct stack_case *c, u64 seed, u32 id);

/* Put a frame into UDP, the port of which a flow takes it out of again. */
bool stack_wrap(struct stack_frame *frame);

int stack_hear_start(void);
void stack_hear_stop(void);
/* Before a case: the neighbor's address is none that a case has. */
void stack_hear_prepare(const struct stack_case *c, int ifindexes[], unsigned int n);
/* After it.  Return: how many of @seen are set. */
unsigned int stack_hear(const struct stack_case *c, int ifindexes[], unsigned int n,
			struct seen seen[STACK_SEEN_MAX]);

static inline unsigned int pick(struct rnd_state *rnd, unsigned int n)
{
	return prandom_u32_state(rnd) % n;
}

static inline u16 get16(const u8 *p)
{
	return p[0] << 8 | p[1];
}

static inline void put16(u8 *p, u16 value)
{
	p[0] = value >> 8;
	p[1] = value;
}

static inline void put32(u8 *p, u32 value)
{
	put16(p, value >> 16);
	put16(p + 2, value);
}

#endif
