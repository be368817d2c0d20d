// SPDX-License-Identifier: GPL-2.0
/*
 * What flows do to frames.
 *
 * Each action makes as much of the frame's head writable as it writes, which
 * costs two comparisons where that is so already, and leaves a frame that is
 * right in itself: offsets, protocol, checksums.  It returns 0, -ENODATA (the
 * frame has no such field: skipped), -ENOMEM or -ETIME (the frame ends here).
 */
#include <linux/etherdevice.h>
#include <linux/icmpv6.h>
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

/* ---- checksums above IP ---- */

/* Of a protocol whose checksum covers the addresses: where that stands, else 0. */
static unsigned int checksum_field(const struct frame *frame)
{
	switch (frame->at.protocol) {
	case IPPROTO_TCP:
		return offsetof(struct tcphdr, check);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return offsetof(struct udphdr, check);
	case IPPROTO_DCCP:
		return 6;	/* RFC 4340, 5.1 */
	case IPPROTO_ICMPV6:
		return frame->at.ipv6 ? offsetof(struct icmp6hdr, icmp6_cksum) : 0;
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
	if (frame->at.transport && checksum_field(frame)) {
		checksum = frame->at.transport + checksum_field(frame);
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
		update_checksum(frame, tp + checksum_field(frame),
				(__force __be32)from, (__force __be32)to, false);
	skb_clear_hash(skb);
	return 0;
}

/* ---- IPv6 ---- */

/* @field: offset of an address in the IPv6 header; @to: the new one */
static int set_ipv6_addr(struct frame *frame, unsigned int field, const u8 *to)
{
	struct sk_buff *skb = frame->skb;
	unsigned int at = frame->at.ipv6 + field, end = frame->at.ipv6 + sizeof(struct ipv6hdr);
	/* Checksums are of the last destination. */
	bool covered = field == offsetof(struct ipv6hdr, saddr) || !frame->at.routed;
	unsigned int checksum = 0, i;

	if (covered && frame->at.transport && checksum_field(frame)) {
		checksum = frame->at.transport + checksum_field(frame);
		end = checksum + sizeof(__sum16);
		if (end > frame->at.end)
			return -ENODATA;
	}
	if (skb_ensure_writable(skb, end))
		return -ENOMEM;
	for (i = 0; i < sizeof(struct in6_addr); i += sizeof(__be32)) {
		__be32 from_word, to_word;

		memcpy(&from_word, skb->data + at + i, sizeof(from_word));
		memcpy(&to_word, to + i, sizeof(to_word));
		if (checksum)
			update_checksum(frame, skb->data + checksum, from_word, to_word, true);
		put(skb, skb->data + at + i, &to_word, sizeof(to_word));
	}
	skb_clear_hash(skb);
	return 0;
}

/* ---- TTL ---- */

static int set_ttl(struct frame *frame, u8 ttl)
{
	struct sk_buff *skb = frame->skb;
	struct iphdr *ip;
	__be16 from, to;
	u8 pair[2];

	if (frame->at.ipv6) {
		unsigned int at = frame->at.ipv6 + offsetof(struct ipv6hdr, nexthdr);

		if (skb_ensure_writable(skb, frame->at.ipv6 + sizeof(struct ipv6hdr)))
			return -ENOMEM;
		pair[0] = skb->data[at];
		pair[1] = ttl;
		put(skb, skb->data + at, pair, sizeof(pair));
		return 0;
	}
	if (skb_ensure_writable(skb, frame->at.network + sizeof(*ip)))
		return -ENOMEM;
	/* TTL and header checksum balance out in CHECKSUM_COMPLETE. */
	ip = (struct iphdr *)(skb->data + frame->at.network);
	from = htons(ip->ttl << 8);
	to = htons(ttl << 8);
	ip->ttl = ttl;
	csum_replace2(&ip->check, from, to);
	return 0;
}

/* Return: -ETIME: it has none left. */
static int dec_ttl(struct frame *frame)
{
	unsigned int at = frame->at.ipv6 ? frame->at.ipv6 + offsetof(struct ipv6hdr, hop_limit) :
			  frame->at.network + offsetof(struct iphdr, ttl);
	const u8 *ttl;
	u8 buf;

	if (!frame->at.ipv6 && !frame->at.network)
		return -ENODATA;
	ttl = skb_header_pointer(frame->skb, at, sizeof(buf), &buf);
	if (!ttl || *ttl <= 1)
		return -ETIME;
	return set_ttl(frame, *ttl - 1);
}

/* ---- fields, whole or in part ---- */

/* What has to follow when a field changes. */
enum covered {
	ETHERNET,	/* nothing */
	BARE,		/* no checksum of the frame's own: ARP, IPv6's header */
	TTL,
	IPV4_ADDR,
	IPV6_ADDR,
	PORT,
	MESSAGE,	/* ICMP's or ICMPv6's checksum */
};

/* Where a field is: @len bytes at @at, of a header at @header. */
struct place {
	unsigned int header;
	unsigned int at;
	unsigned int len;
	enum covered covered;
};

static int place_set(struct place *place, unsigned int header, unsigned int offset,
		     unsigned int len, enum covered covered)
{
	*place = (struct place){ header, header + offset, len, covered };
	return 0;
}

static int in_ipv4(const struct frame *frame, struct place *place, unsigned int offset)
{
	if (!frame->at.network)
		return -ENODATA;
	return place_set(place, frame->at.network, offset, sizeof(__be32), IPV4_ADDR);
}

static int in_ipv6(const struct frame *frame, struct place *place, unsigned int offset,
		   unsigned int len, enum covered covered)
{
	if (!frame->at.ipv6)
		return -ENODATA;
	return place_set(place, frame->at.ipv6, offset, len, covered);
}

static int in_arp(const struct frame *frame, struct place *place, unsigned int offset,
		  unsigned int len)
{
	if (!frame->at.arp)
		return -ENODATA;
	return place_set(place, frame->at.arp, offset, len, BARE);
}

/* Of the transport header of this protocol, up to its checksum and the field's end. */
static int in_transport(const struct frame *frame, struct place *place, u8 protocol,
			unsigned int offset, unsigned int len, enum covered covered)
{
	static const u8 whole[] = {
		[IPPROTO_ICMP] = 4, [IPPROTO_TCP] = 18, [IPPROTO_UDP] = 8, [IPPROTO_ICMPV6] = 4,
	};

	if (!frame->at.transport || frame->at.protocol != protocol ||
	    frame->at.transport + max_t(unsigned int, offset + len, whole[protocol]) >
	    frame->at.end)
		return -ENODATA;
	return place_set(place, frame->at.transport, offset, len, covered);
}

static int in_icmpv4(const struct frame *frame, struct place *place, unsigned int offset)
{
	if (!frame->at.network)
		return -ENODATA;
	return in_transport(frame, place, IPPROTO_ICMP, offset, 1, MESSAGE);
}

static int in_icmpv6(const struct frame *frame, struct place *place, unsigned int offset,
		     unsigned int len)
{
	if (!frame->at.ipv6)
		return -ENODATA;
	return in_transport(frame, place, IPPROTO_ICMPV6, offset, len, MESSAGE);
}

/* In a whole solicitation or advertisement. */
static int in_neighbor(const struct frame *frame, struct place *place, unsigned int offset,
		       unsigned int len)
{
	struct place type;
	const u8 *first;
	u8 buf[2];
	int err = in_icmpv6(frame, &type, 0, CVSW_ND_MESSAGE_LEN);

	if (err)
		return err;
	first = skb_header_pointer(frame->skb, type.at, sizeof(buf), buf);
	if (!first || first[1] || (first[0] != CVSW_ND_SOLICIT && first[0] != CVSW_ND_ADVERT))
		return -ENODATA;
	return in_icmpv6(frame, place, offset, len);
}

/* The address in the first option of this type. */
static int in_option(const struct frame *frame, struct place *place, u8 wanted)
{
	unsigned int offset = CVSW_ND_MESSAGE_LEN, n;
	int err = in_neighbor(frame, place, 0, CVSW_ND_MESSAGE_LEN);

	for (n = 0; !err && n < CVSW_ND_OPTIONS_MAX; n++) {
		const u8 *option;
		u8 buf[2];

		/* Eight bytes at least, of which an address takes six. */
		err = in_icmpv6(frame, place, offset + 2, ETH_ALEN);
		if (err)
			break;
		option = skb_header_pointer(frame->skb, place->at - 2, sizeof(buf), buf);
		if (!option || !option[1])
			break;
		if (option[0] == wanted && option[1] == 1)
			return 0;
		offset += 8 * option[1];
	}
	return -ENODATA;
}

static int find_field(const struct frame *frame, enum cvsw_field field, struct place *place)
{
	switch (field) {
	case CVSW_FIELD_ETH_DST:
		return place_set(place, 0, offsetof(struct ethhdr, h_dest), ETH_ALEN, ETHERNET);
	case CVSW_FIELD_ETH_SRC:
		return place_set(place, 0, offsetof(struct ethhdr, h_source), ETH_ALEN, ETHERNET);
	case CVSW_FIELD_IP_TTL:
		if (frame->at.ipv6)
			return in_ipv6(frame, place, offsetof(struct ipv6hdr, hop_limit), 1, TTL);
		if (!frame->at.network)
			return -ENODATA;
		return place_set(place, frame->at.network, offsetof(struct iphdr, ttl), 1, TTL);
	case CVSW_FIELD_IP_SRC:
		return in_ipv4(frame, place, offsetof(struct iphdr, saddr));
	case CVSW_FIELD_IP_DST:
		return in_ipv4(frame, place, offsetof(struct iphdr, daddr));
	case CVSW_FIELD_IPV6_SRC:
		return in_ipv6(frame, place, offsetof(struct ipv6hdr, saddr), 16, IPV6_ADDR);
	case CVSW_FIELD_IPV6_DST:
		return in_ipv6(frame, place, offsetof(struct ipv6hdr, daddr), 16, IPV6_ADDR);
	case CVSW_FIELD_IPV6_LABEL:
		return in_ipv6(frame, place, 0, sizeof(__be32), BARE);
	case CVSW_FIELD_TCP_SRC:
		return in_transport(frame, place, IPPROTO_TCP, 0, sizeof(__be16), PORT);
	case CVSW_FIELD_TCP_DST:
		return in_transport(frame, place, IPPROTO_TCP, 2, sizeof(__be16), PORT);
	case CVSW_FIELD_UDP_SRC:
		return in_transport(frame, place, IPPROTO_UDP, 0, sizeof(__be16), PORT);
	case CVSW_FIELD_UDP_DST:
		return in_transport(frame, place, IPPROTO_UDP, 2, sizeof(__be16), PORT);
	case CVSW_FIELD_ICMP_TYPE:
		return in_icmpv4(frame, place, 0);
	case CVSW_FIELD_ICMP_CODE:
		return in_icmpv4(frame, place, 1);
	case CVSW_FIELD_ICMPV6_TYPE:
		return in_icmpv6(frame, place, 0, 1);
	case CVSW_FIELD_ICMPV6_CODE:
		return in_icmpv6(frame, place, 1, 1);
	case CVSW_FIELD_ND_RESERVED:
		return in_neighbor(frame, place, 4, sizeof(__be32));
	case CVSW_FIELD_ND_TARGET:
		return in_neighbor(frame, place, 8, sizeof(struct in6_addr));
	case CVSW_FIELD_ND_OPTIONS_TYPE:
		return in_neighbor(frame, place, CVSW_ND_MESSAGE_LEN, 1);
	case CVSW_FIELD_ND_SLL:
		return in_option(frame, place, 1);
	case CVSW_FIELD_ND_TLL:
		return in_option(frame, place, 2);
	case CVSW_FIELD_ARP_OP:
		return in_arp(frame, place, 6, sizeof(__be16));
	case CVSW_FIELD_ARP_SHA:
		return in_arp(frame, place, 8, ETH_ALEN);
	case CVSW_FIELD_ARP_SPA:
		return in_arp(frame, place, 14, sizeof(__be32));
	case CVSW_FIELD_ARP_THA:
		return in_arp(frame, place, 18, ETH_ALEN);
	case CVSW_FIELD_ARP_TPA:
		return in_arp(frame, place, 24, sizeof(__be32));
	case CVSW_N_FIELDS:
		break;
	}
	return -ENODATA;
}

/* A field, or what one is to be, as a number: big endian, the lowest byte last. */
#define NUMBER	16

static int read_field(const struct frame *frame, const struct place *place, u8 number[NUMBER])
{
	memset(number, 0, NUMBER);
	return skb_copy_bits(frame->skb, place->at, number + NUMBER - place->len, place->len) ?
	       -ENODATA : 0;
}

/* In whole pairs of bytes, as checksums are made of them. */
static int write_pairs(struct frame *frame, const struct place *place, const u8 *value)
{
	struct sk_buff *skb = frame->skb;
	bool message = place->covered == MESSAGE;
	unsigned int checksum = place->header + 2;	/* of ICMP and ICMPv6 */
	unsigned int end = max(place->at + place->len, message ? checksum + 2 : 0), i;

	if (end > frame->at.end && message)
		return -ENODATA;
	if (skb_ensure_writable(skb, end))
		return -ENOMEM;
	for (i = 0; i < place->len; i++) {
		unsigned int low = (place->at + i - place->header) & 1;
		u8 *at = skb->data + place->at + i - low, pair[2];
		__be16 from, to;

		/* The other byte may lie behind the packet, but then it is not to change. */
		if (!low && place->at + i + 1 >= frame->at.end && message)
			return -ENODATA;
		memcpy(pair, at, sizeof(pair));
		memcpy(&from, pair, sizeof(from));
		pair[low] = value[i];
		memcpy(&to, pair, sizeof(to));
		if (message)
			update_checksum(frame, skb->data + checksum, (__force __be32)from,
					(__force __be32)to, false);
		put(skb, at, pair, sizeof(pair));
	}
	return 0;
}

static int write_field(struct frame *frame, const struct place *place, const u8 number[NUMBER])
{
	const u8 *value = number + NUMBER - place->len;
	unsigned int offset = place->at - place->header;
	__be32 word;
	__be16 half;

	switch (place->covered) {
	case ETHERNET:
		return set_mac(frame, offset, value);
	case TTL:
		return set_ttl(frame, value[0]);
	case IPV4_ADDR:
		memcpy(&word, value, sizeof(word));
		return set_nw_addr(frame, offset, word);
	case IPV6_ADDR:
		return set_ipv6_addr(frame, offset, value);
	case PORT:
		memcpy(&half, value, sizeof(half));
		return set_tp_port(frame, offset, half);
	case BARE:
	case MESSAGE:
		return write_pairs(frame, place, value);
	}
	return -ENODATA;
}

static bool bit_of(const u8 number[NUMBER], unsigned int bit)
{
	return number[NUMBER - 1 - bit / 8] >> bit % 8 & 1;
}

/* Bits @from on of one number to bits @to on of another. */
static void copy_bits(u8 dst[NUMBER], unsigned int to, const u8 src[NUMBER], unsigned int from,
		      unsigned int n)
{
	for (; n--; from++, to++) {
		u8 *byte = &dst[NUMBER - 1 - to / 8];

		*byte = (*byte & ~(1 << to % 8)) | bit_of(src, from) << to % 8;
	}
}

/* Bits of @src, from @from on, to as many of a field, from @ofs on. */
static int write_bits(struct frame *frame, enum cvsw_field field, unsigned int ofs,
		      const u8 src[NUMBER], unsigned int from, unsigned int n)
{
	u8 number[NUMBER];
	struct place place;
	int err;

	err = find_field(frame, field, &place);
	if (!err)
		err = read_field(frame, &place, number);
	if (err)
		return err;
	copy_bits(number, ofs, src, from, n);
	return write_field(frame, &place, number);
}

static int move_bits(struct frame *frame, const struct cvsw_move *move)
{
	u8 number[NUMBER] __aligned(4);
	struct place place;
	int err;

	err = find_field(frame, move->src, &place);
	if (!err)
		err = read_field(frame, &place, number);
	if (err)
		return err;
	return write_bits(frame, move->dst, move->dst_ofs, number, move->src_ofs, move->n_bits);
}

static int load_bits(struct frame *frame, const struct cvsw_load *load)
{
	u8 number[NUMBER] = {};

	memcpy(number + NUMBER - sizeof(load->value), load->value, sizeof(load->value));
	return write_bits(frame, load->dst, load->ofs, number, 0, load->n_bits);
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
	case CVSW_ACT_DEC_TTL:
		return dec_ttl(frame);
	case CVSW_ACT_MOVE:
		return move_bits(frame, &action->move);
	case CVSW_ACT_LOAD:
		return load_bits(frame, &action->load);
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
			cvsw_stats_count(stats, err == -ETIME ? CVSW_CNT_DROP_TTL :
								CVSW_CNT_DROP_NOMEM);
			dev_kfree_skb_any(frame.skb);
			return NULL;
		}
	}
	return frame.skb;
}
