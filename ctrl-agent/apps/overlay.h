/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network of any number of NICs that all tunnel to each other.
 *
 * All of a member's traffic belongs to its overlay: what its guest sends goes
 * into VXLAN (and ESP) to the member that has the inner address, or to all of
 * them; what comes in is taken only out of a member's own tunnel.  The rest is
 * dropped, so nothing of an overlay leaves in the clear.
 *
 * Here is what an overlay means for each of its NICs: flows and MTU, as pure
 * functions.  ways.c decides when which key is in use.
 */
#ifndef CVSWD_OVERLAY_H
#define CVSWD_OVERLAY_H

#include <sys/queue.h>

#include "base/heap.h"
#include "nic/nic.h"
#include "sa/ways.h"

#define OVERLAY_NAME_LEN	32
#define OVERLAY_MAX_MEMBERS	WAYS_MAX_MEMBERS
#define OVERLAY_MAX_MACS	32	/* inner addresses of a member besides its own */
#define OVERLAY_MIN_MTU		1280	/* of the underlay */
#define OVERLAY_IPV6_MTU	1280	/* of the guests: RFC 8200, 5; with less Linux has no IPv6 */

/* The priorities of overlay flows; no other flow of a member has one of these. */
#define OVERLAY_PRIORITY_MIN	0xf000
#define OVERLAY_PRIORITY_MAX	0xf0ff
#define OVERLAY_COOKIE(vni)	(0x4f564c5900000000ull | (vni))	/* "OVLY" */

/*
 * Copies to all members are made by a chain of flows, each for this many slots:
 * its flow_mod fits a frame, and a LIST_ENTRIES answer at the overlay's own MTU.
 */
#define OVERLAY_LINK_SLOTS	12

/**
 * struct overlay_config - what an overlay was asked to be
 * @vni: in no other overlay
 * @key_len: bytes of AES key; zero: not encrypted
 * @udp_src, @udp_dst: of ESP in UDP; zero: ESP is protocol 50
 * @pool, @pool_len: network of the outer addresses; member n has host n + 1
 * @rekey_s: seconds after which a key is replaced; zero: only when a NIC registers
 */
struct overlay_config {
	char name[OVERLAY_NAME_LEN + 1];
	uint32_t vni;
	uint8_t key_len;
	uint16_t udp_src;
	uint16_t udp_dst;
	uint32_t pool;
	uint8_t pool_len;
	uint16_t underlay_mtu;
	uint32_t rekey_s;
};

/**
 * struct overlay_member - a NIC in an overlay
 * @ways: its NIC, its slot, the ways to it: overlay->room of them
 * @overlay: which it is in
 * @macs: inner addresses; the first is the NIC's own
 * @links: bit n: link n of its chain of copies has changed; @n_links: how many links its NIC
 *	last heard of
 */
struct overlay_member {
	struct ways_member ways;
	struct overlay *overlay;
	size_t n_macs;
	uint8_t macs[1 + OVERLAY_MAX_MACS][CVSW_ETH_ALEN];
	uint32_t links;
	unsigned int n_links;
};

/**
 * struct overlay - an overlay
 * @ways: its members, and the ways between them
 * @slots: members by their slots, so that others come and go around one
 * @n_slots: slots that were ever taken; the chain of copies is as long
 * @room: slots that members have ways for
 * @look: when it is to be looked at; @looked_at: when it last was: overlays.c
 */
struct overlay {
	struct ways_group ways;
	TAILQ_ENTRY(overlay) in_order;
	struct overlay_config config;
	struct overlay_member *slots[OVERLAY_MAX_MEMBERS];
	unsigned int n_slots;
	unsigned int room;
	struct heap_node look;
	uint64_t looked_at;
};

/** overlay_member_of() - whose @ways these are; NULL: nobody's */
static inline struct overlay_member *overlay_member_of(const struct ways_member *ways)
{
	static_assert(!offsetof(struct overlay_member, ways), "they begin together");

	return (struct overlay_member *)ways;
}

/** overlay_first(), overlay_last() - of its members; NULL: it has none */
static inline struct overlay_member *overlay_first(const struct overlay *overlay)
{
	return overlay_member_of(TAILQ_FIRST(&overlay->ways.members));
}

static inline struct overlay_member *overlay_last(const struct overlay *overlay)
{
	return overlay_member_of(TAILQ_LAST(&overlay->ways.members, ways_members));
}

static inline struct overlay_member *overlay_next(const struct overlay_member *member)
{
	return overlay_member_of(TAILQ_NEXT(&member->ways, in_order));
}

#define overlay_each(member, overlay) \
	for ((member) = overlay_first(overlay); (member); (member) = overlay_next(member))

/** overlay_config_wrong() - why an overlay cannot be like this; NULL: it can */
const char *overlay_config_wrong(const struct overlay_config *config);

/** overlay_room() - how many members its pool has addresses for */
unsigned int overlay_room(const struct overlay_config *config);

/** overlay_new() - without members; everything of it is freed by overlay_free() */
struct overlay *overlay_new(const struct overlay_config *config);

/** overlay_free() - wipes its keys; the members' intents are the caller's affair */
void overlay_free(struct overlay *overlay);

/**
 * overlay_join() - a new member, in the lowest free slot
 * @slot: or in this one, if it is not negative
 *
 * Return: the member; NULL: no slot is free, or not this one.
 */
struct overlay_member *overlay_join(struct overlay *overlay, struct nic *nic, int slot);

/** overlay_leave() - also forgets the others' ways to it and from it */
void overlay_leave(struct overlay *overlay, struct overlay_member *member);

/** overlay_owner() - the member that has an inner address, or NULL */
struct overlay_member *overlay_owner(const struct overlay *overlay,
				     const uint8_t mac[CVSW_ETH_ALEN]);

/** overlay_address() - a member's outer address */
uint32_t overlay_address(const struct overlay *overlay, const struct overlay_member *member);

/** overlay_mtu() - of the guests: the underlay's without what the layers take */
uint16_t overlay_mtu(const struct overlay_config *config);

/**
 * overlay_maker - makes all flows of a struct overlay_member
 *
 * What drops first, a link of the chain after those that it leads to.
 */
extern const struct flows_maker overlay_maker;

/** overlay_sends_changed() - whether, by which SA or to which addresses @from sends to @to */
void overlay_sends_changed(struct overlay_member *from, const struct overlay_member *to);

/**
 * overlay_permits_all() - may flows made by hand stand beside an overlay's?
 *
 * Its priority is not one of the overlay's.  Above them, where it sees frames
 * first, it may in an encrypted overlay only drop a frame, or change and leave
 * it to the overlay (next).
 */
bool overlay_permits_all(const struct overlay_config *config, const struct flowset *flows);

#define OVERLAY_PERMITS_TEXT \
	"priorities 61440 to 61695 are the overlay's, and above them a flow of an encrypted " \
	"one may only drop, or end in next"

/** overlay_permits() - one flow; for overlay_permits_all() and tests */
bool overlay_permits(const struct overlay_config *config, const struct cvsw_flow *flow);

#endif
