// SPDX-License-Identifier: GPL-2.0
/*
 * What flows do to frames.
 *
 * Each action makes as much of the frame's head writable as it writes, which
 * costs two comparisons where that is so already, and leaves a frame that is
 * right in itself: offsets, protocol, checksums.  It returns 0, -ENODATA (the
 * frame has no such field: skipped) or -ENOMEM.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/sctp.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/sock.h>

#include "actions.h"

/* A frame under work. */
struct frame {
	struct sk_buff *skb;
	struct cvsw_layout at;
};

/*
 * The frame's own sk_buff.  Its bytes may still be others' too, for which
 * skb_ensure_writable() looks.  Return: false, and the frame is freed.
 */
static bool own_skb(struct frame *frame)
{
	struct sk_buff *shared = frame->skb, *clone;

	if (!skb_shared(shared))
		return true;
	clone = skb_clone(shared, GFP_ATOMIC);
	frame->skb = clone;
	if (!clone) {
		dev_kfree_skb_any(shared);
		return false;
	}
	/* A clone is nobody's: let it count against the sender like the original. */
	if (shared->sk)
		skb_set_owner_w(clone, shared->sk);
	dev_consume_skb_any(shared);
	return true;
}

/* Write @len bytes behind the Ethernet header, at an even offset. */
static void put(struct sk_buff *skb, void *at, const void *value, unsigned int len)
{
	if (skb->ip_summed == CHECKSUM_COMPLETE) {
		skb->csum = csum_sub(skb->csum, csum_partial(at, len, 0));
		skb->csum = csum_add(skb->csum, csum_partial(value, len, 0));
	}
	memcpy(at, value, len);
}

/* ---- Ethernet ---- */

static int set_mac(struct frame *frame, unsigned int offset, const u8 *mac)
{
	if (skb_ensure_writable(frame->skb, ETH_HLEN))
		return -ENOMEM;
	ether_addr_copy(frame->skb->data + offset, mac);
	return 0;
}

/* ---- VLAN ---- */

/* The first VLAN tag in the frame, NULL if there is no whole one. */
static const struct vlan_hdr *inner_tag(const struct sk_buff *skb, struct vlan_hdr *buf)
{
	const struct ethhdr *eth;
	struct ethhdr eth_buf;

	eth = skb_header_pointer(skb, 0, ETH_HLEN, &eth_buf);
	if (!eth || !eth_type_vlan(eth->h_proto))
		return NULL;
	return skb_header_pointer(skb, ETH_HLEN, sizeof(*buf), buf);
}

/*
 * After the Ethernet header has moved.  A network header that was set behind
 * all the tags stays; one that was not is not left before their end.
 */
static void mac_header_moved(struct sk_buff *skb)
{
	const struct vlan_ethhdr *veth = (const struct vlan_ethhdr *)skb->data;
	unsigned int network = ETH_HLEN;

	skb_reset_mac_header(skb);
	if (eth_type_vlan(veth->h_vlan_proto)) {
		skb->protocol = veth->h_vlan_proto;
		network = VLAN_ETH_HLEN;
	} else {
		skb->protocol = eth_proto_is_802_3(veth->h_vlan_proto) ?
				veth->h_vlan_proto : htons(ETH_P_802_2);
	}
	if (skb_network_offset(skb) < (int)network)
		skb_set_network_header(skb, network);
	skb_reset_mac_len(skb);
}

/* What there is is further behind now. */
static void moved(u32 *offset, unsigned int by)
{
	if (*offset)
		*offset += by;
}

/* Put a tag into the frame as the outermost one. */
static int push_tag(struct frame *frame, __be16 type, u16 tci)
{
	struct sk_buff *skb = frame->skb;
	struct vlan_ethhdr *veth;

	if (skb_ensure_writable(skb, ETH_HLEN) || skb_cow_head(skb, VLAN_HLEN))
		return -ENOMEM;
	veth = skb_push(skb, VLAN_HLEN);
	memmove(veth, skb->data + VLAN_HLEN, 2 * ETH_ALEN);
	veth->h_vlan_proto = type;
	veth->h_vlan_TCI = htons(tci);
	mac_header_moved(skb);
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_add(skb->csum, csum_partial(&veth->h_vlan_TCI, VLAN_HLEN, 0));

	moved(&frame->at.network, VLAN_HLEN);
	moved(&frame->at.ipv6, VLAN_HLEN);
	moved(&frame->at.arp, VLAN_HLEN);
	moved(&frame->at.transport, VLAN_HLEN);
	moved(&frame->at.end, VLAN_HLEN);
	return 0;
}

/* Change the outermost tag's bits of @mask to @bits; push a tag if there is none. */
static int set_vlan(struct frame *frame, u16 mask, u16 bits)
{
	struct sk_buff *skb = frame->skb;
	struct vlan_hdr *tag, buf;
	__be16 tci;
	int err;

	if (skb_vlan_tag_present(skb)) {
		/* Whoever reads skb->vlan_tci on transmit has done so already. */
		err = push_tag(frame, skb->vlan_proto, (skb_vlan_tag_get(skb) & ~mask) | bits);
		if (!err)
			__vlan_hwaccel_clear_tag(skb);
		return err;
	}
	if (!inner_tag(skb, &buf))
		return push_tag(frame, htons(ETH_P_8021Q), bits);

	if (skb_ensure_writable(skb, VLAN_ETH_HLEN))
		return -ENOMEM;
	tag = (struct vlan_hdr *)(skb->data + ETH_HLEN);
	tci = htons((ntohs(tag->h_vlan_TCI) & ~mask) | bits);
	put(skb, &tag->h_vlan_TCI, &tci, sizeof(tci));
	return 0;
}

static int strip_vlan(struct frame *frame)
{
	struct sk_buff *skb = frame->skb;
	struct vlan_hdr buf;
	struct cvsw_key key;

	if (skb_vlan_tag_present(skb)) {
		__vlan_hwaccel_clear_tag(skb);
	} else {
		if (!inner_tag(skb, &buf))
			return -ENODATA;
		if (skb_ensure_writable(skb, VLAN_ETH_HLEN))
			return -ENOMEM;
		if (skb->ip_summed == CHECKSUM_COMPLETE)
			skb->csum = csum_sub(skb->csum,
					     csum_partial(skb->data + ETH_HLEN, VLAN_HLEN, 0));
		memmove(skb->data + VLAN_HLEN, skb->data, 2 * ETH_ALEN);
		__skb_pull(skb, VLAN_HLEN);
		mac_header_moved(skb);
	}
	/* Headers behind a second tag are the frame's now. */
	return cvsw_key_extract(skb, CVSW_HOST, &key, &frame->at);
}

/* ---- checksums above IPv4 ---- */

/* Of a protocol whose checksum covers the addresses: where that stands, else 0. */
static unsigned int checksum_field(u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return offsetof(struct tcphdr, check);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return offsetof(struct udphdr, check);
	case IPPROTO_DCCP:
		return 6;	/* RFC 4340, 5.1 */
	default:
		return 0;
	}
}

/* Will someone below write the checksum that starts with this frame's transport header? */
static bool checksum_is_partial(const struct frame *frame)
{
	const struct sk_buff *skb = frame->skb;

	return skb->ip_summed == CHECKSUM_PARTIAL &&
	       skb_checksum_start_offset(skb) == (int)frame->at.transport;
}

/*
 * Does the field hold the pseudo header's sum, not a checksum?  Besides
 * CHECKSUM_PARTIAL that is so for the outer UDP header of a tunnel's GSO frame.
 */
static bool holds_pseudo_sum(const struct frame *frame)
{
	const struct sk_buff *skb = frame->skb;

	return checksum_is_partial(frame) ||
	       (skb_is_gso(skb) && frame->at.protocol == IPPROTO_UDP &&
		skb_shinfo(skb)->gso_type & SKB_GSO_UDP_TUNNEL_CSUM);
}

/*
 * Bring a checksum in line with a change of bytes it covers.
 * @at: the field, writable
 * @pseudo: the change is in the pseudo header
 */
static void update_checksum(struct frame *frame, void *at, __be32 from, __be32 to, bool pseudo)
{
	u8 protocol = frame->at.protocol;
	__sum16 sum;

	memcpy(&sum, at, sizeof(sum));
	if (holds_pseudo_sum(frame)) {
		if (!pseudo)
			return;
		sum = ~csum_fold(csum_add(csum_sub(csum_unfold(sum), (__force __wsum)from),
					  (__force __wsum)to));
	} else {
		/* RFC 768: zero is no checksum, and a sum of zero is sent as ones. */
		if (protocol == IPPROTO_UDP && !sum)
			return;
		csum_replace4(&sum, from, to);
		if ((protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE) && !sum)
			sum = CSUM_MANGLED_0;
	}
	put(frame->skb, at, &sum, sizeof(sum));
}

/* ---- IPv4 ---- */

/* @field: offset of an address in the IPv4 header */
static int set_nw_addr(struct frame *frame, unsigned int field, __be32 to)
{
	struct sk_buff *skb = frame->skb;
	unsigned int end = frame->at.network + sizeof(struct iphdr);
	unsigned int checksum = 0;
	struct iphdr *ip;
	__be32 *addr, from;

	if (!frame->at.network)
		return -ENODATA;
	if (frame->at.transport && checksum_field(frame->at.protocol)) {
		checksum = frame->at.transport + checksum_field(frame->at.protocol);
		end = checksum + sizeof(__sum16);
		if (end > frame->at.end)
			return -ENODATA;
	}
	if (skb_ensure_writable(skb, end))
		return -ENOMEM;

	ip = (struct iphdr *)(skb->data + frame->at.network);
	addr = (void *)ip + field;
	from = *addr;
	/* Address and header checksum balance out in CHECKSUM_COMPLETE. */
	*addr = to;
	csum_replace4(&ip->check, from, to);
	if (checksum)
		update_checksum(frame, skb->data + checksum, from, to, true);
	skb_clear_hash(skb);
	return 0;
}

/* The traffic class, in the middle of the first two bytes. */
static int set_ipv6_tos(struct frame *frame, u8 tos)
{
	struct sk_buff *skb = frame->skb;
	__be16 *at, first;

	if (skb_ensure_writable(skb, frame->at.ipv6 + sizeof(struct ipv6hdr)))
		return -ENOMEM;
	at = (__be16 *)(skb->data + frame->at.ipv6);
	first = (*at & htons(~(CVSW_DSCP_MASK << 4))) | htons((tos & CVSW_DSCP_MASK) << 4);
	put(skb, at, &first, sizeof(first));
	return 0;
}

static int set_nw_tos(struct frame *frame, u8 tos)
{
	struct sk_buff *skb = frame->skb;

	if (frame->at.ipv6)
		return set_ipv6_tos(frame, tos);
	if (!frame->at.network)
		return -ENODATA;
	if (skb_ensure_writable(skb, frame->at.network + sizeof(struct iphdr)))
		return -ENOMEM;
	ipv4_change_dsfield((struct iphdr *)(skb->data + frame->at.network), INET_ECN_MASK,
			    tos & ~INET_ECN_MASK);
	return 0;
}

/* ---- ports ---- */

#define CRC32C_POLYNOMIAL	0x82f63b78	/* RFC 9260, appendix A; bit 31 is x^0 */
#define CRC32C_X0		0x80000000
#define CRC32C_X8		0x00800000

static u32 crc32c_multiply(u32 a, u32 b)
{
	u32 product = 0;

	for (; a; a <<= 1) {
		if (a & CRC32C_X0)
			product ^= b;
		b = (b >> 1) ^ (b & 1 ? CRC32C_POLYNOMIAL : 0);
	}
	return product;
}

/*
 * What a change of a message's first four bytes does to its CRC32c.  The CRC
 * is linear: as the rest does not change it need not be read, and an error
 * that was in it stays detectable.
 * @change: old xor new
 * @len: length of the message in bytes
 */
static u32 crc32c_change(u32 change, unsigned int len)
{
	u32 shift = CRC32C_X0, square = CRC32C_X8;

	for (; len; len >>= 1) {
		if (len & 1)
			shift = crc32c_multiply(shift, square);
		square = crc32c_multiply(square, square);
	}
	return crc32c_multiply(change, shift);
}

static void update_sctp_checksum(struct frame *frame, const __le32 *old_ports)
{
	struct sctphdr *sctp = (struct sctphdr *)(frame->skb->data + frame->at.transport);
	unsigned int len = frame->at.end - frame->at.transport;
	__le32 ports, checksum;

	if (checksum_is_partial(frame))
		return;
	memcpy(&ports, sctp, sizeof(ports));
	checksum = sctp->checksum ^
		   cpu_to_le32(crc32c_change(le32_to_cpu(*old_ports ^ ports), len));
	put(frame->skb, &sctp->checksum, &checksum, sizeof(checksum));
}

/* @field: offset of a port in the transport header */
static int set_tp_port(struct frame *frame, unsigned int field, __be16 to)
{
	struct sk_buff *skb = frame->skb;
	unsigned int header;
	__le32 old_ports;
	__be16 from;
	u8 *tp;

	switch (frame->at.protocol) {
	case IPPROTO_TCP:
		header = offsetofend(struct tcphdr, check);
		break;
	case IPPROTO_UDP:
		header = sizeof(struct udphdr);
		break;
	case IPPROTO_SCTP:
		header = sizeof(struct sctphdr);
		if (frame->at.fragment)
			return -ENODATA;
		break;
	default:
		return -ENODATA;
	}
	if (!frame->at.transport || frame->at.transport + header > frame->at.end)
		return -ENODATA;
	if (skb_ensure_writable(skb, frame->at.transport + header))
		return -ENOMEM;

	tp = skb->data + frame->at.transport;
	memcpy(&old_ports, tp, sizeof(old_ports));
	memcpy(&from, tp + field, sizeof(from));
	put(skb, tp + field, &to, sizeof(to));
	if (frame->at.protocol == IPPROTO_SCTP)
		update_sctp_checksum(frame, &old_ports);
	else
		update_checksum(frame, tp + checksum_field(frame->at.protocol),
				(__force __be32)from, (__force __be32)to, false);
	skb_clear_hash(skb);
	return 0;
}

/* ---- the list ---- */

static int run_action(struct frame *frame, const struct cvsw_action *action)
{
	switch ((enum cvsw_action_type)action->type) {
	case CVSW_ACT_OUTPUT:
	case CVSW_ACT_VXLAN_ENCAP:
	case CVSW_ACT_VXLAN_DECAP:
	case CVSW_ACT_ENCRYPT:
	case CVSW_ACT_DECRYPT:
	case CVSW_ACT_CLONE:
	case CVSW_ACT_NEXT:
	case CVSW_N_ACTIONS:
		return 0;
	case CVSW_ACT_SET_VLAN_VID:
		return set_vlan(frame, VLAN_VID_MASK, action->vlan_vid);
	case CVSW_ACT_SET_VLAN_PCP:
		return set_vlan(frame, VLAN_PRIO_MASK, action->vlan_pcp << VLAN_PRIO_SHIFT);
	case CVSW_ACT_STRIP_VLAN:
		return strip_vlan(frame);
	case CVSW_ACT_SET_DL_SRC:
		return set_mac(frame, offsetof(struct ethhdr, h_source), action->mac);
	case CVSW_ACT_SET_DL_DST:
		return set_mac(frame, offsetof(struct ethhdr, h_dest), action->mac);
	case CVSW_ACT_SET_NW_SRC:
		return set_nw_addr(frame, offsetof(struct iphdr, saddr), htonl(action->nw_addr));
	case CVSW_ACT_SET_NW_DST:
		return set_nw_addr(frame, offsetof(struct iphdr, daddr), htonl(action->nw_addr));
	case CVSW_ACT_SET_NW_TOS:
		return set_nw_tos(frame, action->nw_tos);
	case CVSW_ACT_SET_TP_SRC:
		return set_tp_port(frame, offsetof(struct udphdr, source), htons(action->tp_port));
	case CVSW_ACT_SET_TP_DST:
		return set_tp_port(frame, offsetof(struct udphdr, dest), htons(action->tp_port));
	}
	return 0;
}

struct sk_buff *cvsw_actions_run(struct sk_buff *skb, const struct cvsw_layout *layout,
				 const struct cvsw_action *actions, unsigned int n,
				 struct cvsw_stats __percpu *stats)
{
	struct frame frame = { .skb = skb, .at = *layout };
	unsigned int i;

	/* An output is the last action: this frame is not written to. */
	if (actions[0].type == CVSW_ACT_OUTPUT)
		return skb;

	if (!own_skb(&frame)) {
		cvsw_stats_count(stats, CVSW_CNT_DROP_NOMEM);
		return NULL;
	}
	for (i = 0; i < n; i++) {
		int err = run_action(&frame, &actions[i]);

		if (err == -ENODATA) {
			cvsw_stats_count(stats, CVSW_CNT_ACTION_SKIPPED);
		} else if (err) {
			cvsw_stats_count(stats, CVSW_CNT_DROP_NOMEM);
			dev_kfree_skb_any(frame.skb);
			return NULL;
		}
	}
	return frame.skb;
}
