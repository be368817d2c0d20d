// SPDX-License-Identifier: GPL-2.0
/* What rewriting does to a frame, header by header. */
#include <linux/etherdevice.h>
#include <linux/icmpv6.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sctp.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>

#include "compat.h"
#include "rewrite.h"

void cvsw_put_bytes(struct sk_buff *skb, void *at, const void *value, unsigned int len)
{
	if (skb->ip_summed == CHECKSUM_COMPLETE) {
		skb->csum = csum_sub(skb->csum, csum_partial(at, len, 0));
		skb->csum = csum_add(skb->csum, csum_partial(value, len, 0));
	}
	memcpy(at, value, len);
}

/* ---- Ethernet ---- */

int cvsw_set_mac(struct cvsw_frame *frame, unsigned int offset, const u8 *mac)
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

/* Put a tag into the frame as the outermost one. */
static int push_tag(struct cvsw_frame *frame, __be16 type, u16 tci)
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
	skb_postpush_rcsum(skb, &veth->h_vlan_TCI, VLAN_HLEN);
	return cvsw_layout_read(skb, &frame->at);
}

u16 cvsw_vlan_tci(const struct cvsw_frame *frame)
{
	const struct sk_buff *skb = frame->skb;
	const struct vlan_hdr *tag;
	struct vlan_hdr buf;

	if (skb_vlan_tag_present(skb))
		return skb_vlan_tag_get(skb) | CVSW_VLAN_PRESENT;
	tag = inner_tag(skb, &buf);
	return tag ? ntohs(tag->h_vlan_TCI) | CVSW_VLAN_PRESENT : 0;
}

/* Change the outermost tag's bits of @mask to @bits; push a tag if there is none. */
int cvsw_set_vlan(struct cvsw_frame *frame, u16 mask, u16 bits)
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
	cvsw_put_bytes(skb, &tag->h_vlan_TCI, &tci, sizeof(tci));
	return 0;
}

int cvsw_strip_vlan(struct cvsw_frame *frame)
{
	struct sk_buff *skb = frame->skb;
	struct vlan_hdr buf;

	if (skb_vlan_tag_present(skb)) {
		__vlan_hwaccel_clear_tag(skb);
	} else {
		if (!inner_tag(skb, &buf))
			return -ENODATA;
		if (skb_ensure_writable(skb, VLAN_ETH_HLEN))
			return -ENOMEM;
		skb_postpull_rcsum(skb, skb->data + ETH_HLEN, VLAN_HLEN);
		memmove(skb->data + VLAN_HLEN, skb->data, 2 * ETH_ALEN);
		__skb_pull(skb, VLAN_HLEN);
		mac_header_moved(skb);
	}
	/* Headers behind a second tag are the frame's now. */
	return cvsw_layout_read(skb, &frame->at);
}

/* ---- checksums above IP ---- */

/* Of a protocol whose checksum covers the addresses: where that stands, else 0. */
static unsigned int checksum_field(const struct cvsw_frame *frame)
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
static bool checksum_is_partial(const struct cvsw_frame *frame)
{
	const struct sk_buff *skb = frame->skb;

	return skb->ip_summed == CHECKSUM_PARTIAL &&
	       skb_checksum_start_offset(skb) == (int)frame->at.transport;
}

/*
 * Does the field hold the pseudo header's sum, not a checksum?  Besides
 * CHECKSUM_PARTIAL that is so for the outer UDP header of a tunnel's GSO frame.
 */
static bool holds_pseudo_sum(const struct cvsw_frame *frame)
{
	const struct sk_buff *skb = frame->skb;

	return checksum_is_partial(frame) ||
	       (skb_is_gso(skb) && frame->at.protocol == IPPROTO_UDP &&
		skb_shinfo(skb)->gso_type & SKB_GSO_UDP_TUNNEL_CSUM);
}

void cvsw_update_checksum(struct cvsw_frame *frame, void *at, __be32 from, __be32 to, bool pseudo)
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
	cvsw_put_bytes(frame->skb, at, &sum, sizeof(sum));
}

/*
 * Before an address changes: have all that is to be written, at least up to @end, writable.
 * @covered: the transport's checksum is of this address, if the protocol's is of addresses
 * Return: where that checksum is; 0: there is none; or -ENODATA: it is cut off, or -ENOMEM.
 */
static int prepare_address(struct cvsw_frame *frame, unsigned int end, bool covered)
{
	unsigned int checksum = 0;

	if (covered && frame->at.transport && checksum_field(frame)) {
		checksum = frame->at.transport + checksum_field(frame);
		end = checksum + sizeof(__sum16);
		if (end > frame->at.end)
			return -ENODATA;
	}
	return skb_ensure_writable(frame->skb, end) ? -ENOMEM : checksum;
}

/* ---- IPv4 ---- */

int cvsw_set_nw_addr(struct cvsw_frame *frame, unsigned int field, __be32 to)
{
	struct sk_buff *skb = frame->skb;
	struct iphdr *ip;
	__be32 *addr, from;
	int checksum;

	if (!frame->at.network)
		return -ENODATA;
	checksum = prepare_address(frame, frame->at.network + sizeof(*ip), true);
	if (checksum < 0)
		return checksum;

	ip = (struct iphdr *)(skb->data + frame->at.network);
	addr = (void *)ip + field;
	from = *addr;
	/* Address and header checksum balance out in CHECKSUM_COMPLETE. */
	*addr = to;
	csum_replace4(&ip->check, from, to);
	if (checksum)
		cvsw_update_checksum(frame, skb->data + checksum, from, to, true);
	return 0;
}

/* The traffic class, in the middle of the first two bytes. */
static int set_ipv6_tos(struct cvsw_frame *frame, u8 mask, u8 bits)
{
	struct sk_buff *skb = frame->skb;
	__be16 *at, first;

	if (skb_ensure_writable(skb, frame->at.ipv6 + sizeof(struct ipv6hdr)))
		return -ENOMEM;
	at = (__be16 *)(skb->data + frame->at.ipv6);
	first = (*at & htons(~(mask << 4))) | htons((bits & mask) << 4);
	cvsw_put_bytes(skb, at, &first, sizeof(first));
	return 0;
}

int cvsw_set_nw_tos(struct cvsw_frame *frame, u8 mask, u8 bits)
{
	struct sk_buff *skb = frame->skb;

	if (frame->at.ipv6)
		return set_ipv6_tos(frame, mask, bits);
	if (!frame->at.network)
		return -ENODATA;
	if (skb_ensure_writable(skb, frame->at.network + sizeof(struct iphdr)))
		return -ENOMEM;
	ipv4_change_dsfield((struct iphdr *)(skb->data + frame->at.network), (u8)~mask,
			    bits & mask);
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

static void update_sctp_checksum(struct cvsw_frame *frame, const __le32 *old_ports)
{
	struct sctphdr *sctp = (struct sctphdr *)(frame->skb->data + frame->at.transport);
	unsigned int len = frame->at.end - frame->at.transport;
	__le32 ports, checksum;

	if (checksum_is_partial(frame))
		return;
	memcpy(&ports, sctp, sizeof(ports));
	checksum = sctp->checksum ^
		   cpu_to_le32(crc32c_change(le32_to_cpu(*old_ports ^ ports), len));
	cvsw_put_bytes(frame->skb, &sctp->checksum, &checksum, sizeof(checksum));
}

int cvsw_set_tp_port(struct cvsw_frame *frame, unsigned int field, __be16 to)
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
	cvsw_put_bytes(skb, tp + field, &to, sizeof(to));
	if (frame->at.protocol == IPPROTO_SCTP)
		update_sctp_checksum(frame, &old_ports);
	else
		cvsw_update_checksum(frame, tp + checksum_field(frame),
				(__force __be32)from, (__force __be32)to, false);
	return 0;
}

/* ---- IPv6 ---- */

int cvsw_set_ipv6_addr(struct cvsw_frame *frame, unsigned int field, const u8 *to)
{
	struct sk_buff *skb = frame->skb;
	unsigned int at = frame->at.ipv6 + field, i;
	/* Checksums are of the last destination. */
	bool covered = field == offsetof(struct ipv6hdr, saddr) || !frame->at.routed;
	int checksum = prepare_address(frame, frame->at.ipv6 + sizeof(struct ipv6hdr), covered);

	if (checksum < 0)
		return checksum;
	for (i = 0; i < sizeof(struct in6_addr); i += sizeof(__be32)) {
		__be32 from_word, to_word;

		memcpy(&from_word, skb->data + at + i, sizeof(from_word));
		memcpy(&to_word, to + i, sizeof(to_word));
		if (checksum)
			cvsw_update_checksum(frame, skb->data + checksum, from_word, to_word, true);
		cvsw_put_bytes(skb, skb->data + at + i, &to_word, sizeof(to_word));
	}
	return 0;
}

/* ---- TTL ---- */

int cvsw_set_ttl(struct cvsw_frame *frame, u8 ttl)
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
		cvsw_put_bytes(skb, skb->data + at, pair, sizeof(pair));
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

int cvsw_dec_ttl(struct cvsw_frame *frame)
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
	return cvsw_set_ttl(frame, *ttl - 1);
}
