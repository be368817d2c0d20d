/* SPDX-License-Identifier: GPL-2.0 */
/* What routers on the way of tunnels say of its MTU (RFC 1191). */
#ifndef CVSW_PMTU_H
#define CVSW_PMTU_H

#include <linux/seqlock.h>
#include <linux/skbuff.h>

#include "engine/walk.h"
#include "table/key.h"

/* Destinations of tunnels in the clear that are remembered, and such whose MTU is. */
#define CVSW_PMTU_SENT		256
#define CVSW_PMTU_KNOWN		64

/* No path is believed to take less: RFC 1191's 576 bytes and Linux's own bound agree nearly. */
#define CVSW_PMTU_MIN		552
/* RFC 1191, 6.3 */
#define CVSW_PMTU_SECONDS	600

/**
 * struct cvsw_pmtu_path - what is known of the path to a destination
 * @end: in seconds since boot, which never wrap
 */
struct cvsw_pmtu_path {
	__be32 dst;
	u32 mtu;
	time64_t end;
};

/**
 * struct cvsw_pmtus - paths from this port
 * @any: there may be something in @known: a hint, and false for most ports, ever
 * @lock: of @known, which any CPU reads, and writes when a router says something
 * @known: a place for each hash of a destination: what is newer takes it
 * @sent: likewise, to whom something was sent last, and to which UDP port
 */
struct cvsw_pmtus {
	bool any;
	seqlock_t lock;
	struct cvsw_pmtu_path known[CVSW_PMTU_KNOWN];
	u64 sent[CVSW_PMTU_SENT];
};

/** cvsw_pmtus_init() - nothing is known; @pmtus is zero */
void cvsw_pmtus_init(struct cvsw_pmtus *pmtus);

/** cvsw_pmtu_known() - as cvsw_pmtu(), where there may be one */
unsigned int cvsw_pmtu_known(struct cvsw_pmtus *pmtus, __be32 dst);

/**
 * cvsw_pmtu() - the largest IP packet that is known to reach a destination
 * @pmtus: may be NULL
 *
 * Context: any.
 * Return: UINT_MAX if nobody has said anything.
 */
static inline unsigned int cvsw_pmtu(struct cvsw_pmtus *pmtus, __be32 dst)
{
	return unlikely(pmtus && READ_ONCE(pmtus->any)) ? cvsw_pmtu_known(pmtus, dst) : UINT_MAX;
}

/**
 * cvsw_pmtu_sent() - something goes to a destination by a tunnel in the clear
 * @pmtus: may be NULL
 * @port: UDP's, host order
 * Context: any.
 */
void cvsw_pmtu_sent(struct cvsw_pmtus *pmtus, __be32 dst, u16 port);

/**
 * cvsw_pmtu_hear() - look at an ICMP message from the wire
 * @skb: data at the Ethernet header; not written to
 * @at: its layout, by cvsw_key_extract(); anything but ICMP in IPv4 is left alone
 *
 * "Fragmentation needed" about a packet of our own lowers the MTU of that packet's
 * destination, for ten minutes.  To be believed it must come to the address that sent,
 * and quote a whole packet with DF, longer than the MTU it tells of, that is ours: by a
 * living SA's SPI, ports, destination and a number sent lately; in the clear by a
 * destination and port that were sent to lately, and a source port of ours.  It never
 * raises an MTU, nor lowers one below CVSW_PMTU_MIN.  Counted either way; the frame
 * itself goes on as any other.
 * Context: as cvsw_handle_frame(), under RCU.
 */
void cvsw_pmtu_hear(struct cvsw_engine *engine, const struct sk_buff *skb,
		    const struct cvsw_layout *at);

#endif
