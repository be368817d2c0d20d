// SPDX-License-Identifier: GPL-2.0
/* Fields of a frame, whole or in part: where they are, and how bits move between them. */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/inet_ecn.h>

#include "compat.h"
#include "fields.h"

/* What has to follow when a field changes. */
enum covered {
	ETHERNET,	/* nothing */
	TAG,		/* it comes, goes or changes; it may be beside the frame's bytes */
	MARK,		/* skb->mark, which is not in the frame at all */
	TOS,
	ECN,
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

static int in_ipv4(const struct cvsw_frame *frame, struct place *place, unsigned int offset)
{
	if (!frame->at.network)
		return -ENODATA;
	return place_set(place, frame->at.network, offset, sizeof(__be32), IPV4_ADDR);
}

static int in_ipv6(const struct cvsw_frame *frame, struct place *place, unsigned int offset,
		   unsigned int len, enum covered covered)
{
	if (!frame->at.ipv6)
		return -ENODATA;
	return place_set(place, frame->at.ipv6, offset, len, covered);
}

static int in_arp(const struct cvsw_frame *frame, struct place *place, unsigned int offset,
		  unsigned int len)
{
	if (!frame->at.arp)
		return -ENODATA;
	return place_set(place, frame->at.arp, offset, len, BARE);
}

static int in_traffic_class(const struct cvsw_frame *frame, struct place *place,
			    enum covered part)
{
	if (frame->at.ipv6)
		return in_ipv6(frame, place, 0, 1, part);
	if (!frame->at.network)
		return -ENODATA;
	return place_set(place, frame->at.network, offsetof(struct iphdr, tos), 1, part);
}

/* Of the transport header of this protocol, up to its checksum and the field's end. */
static int in_transport(const struct cvsw_frame *frame, struct place *place, u8 protocol,
			unsigned int offset, unsigned int len, enum covered covered)
{
	static const u8 whole[] = {
		[IPPROTO_ICMP] = 4, [IPPROTO_TCP] = 18, [IPPROTO_UDP] = 8, [IPPROTO_ICMPV6] = 4,
		[IPPROTO_SCTP] = 12,
	};

	if (!frame->at.transport || frame->at.protocol != protocol ||
	    frame->at.transport + max_t(unsigned int, offset + len, whole[protocol]) >
	    frame->at.end)
		return -ENODATA;
	return place_set(place, frame->at.transport, offset, len, covered);
}

/* Of whatever protocol has ports. */
static int in_ports(const struct cvsw_frame *frame, struct place *place, unsigned int offset)
{
	u8 protocol = frame->at.protocol;

	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP && protocol != IPPROTO_SCTP)
		return -ENODATA;
	return in_transport(frame, place, protocol, offset, sizeof(__be16), PORT);
}

static int in_icmpv4(const struct cvsw_frame *frame, struct place *place, unsigned int offset)
{
	if (!frame->at.network)
		return -ENODATA;
	return in_transport(frame, place, IPPROTO_ICMP, offset, 1, MESSAGE);
}

static int in_icmpv6(const struct cvsw_frame *frame, struct place *place, unsigned int offset,
		     unsigned int len)
{
	if (!frame->at.ipv6)
		return -ENODATA;
	return in_transport(frame, place, IPPROTO_ICMPV6, offset, len, MESSAGE);
}

/* In a whole solicitation or advertisement. */
static int in_neighbor(const struct cvsw_frame *frame, struct place *place, unsigned int offset,
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
static int in_option(const struct cvsw_frame *frame, struct place *place, u8 wanted)
{
	unsigned int offset = CVSW_ND_MESSAGE_LEN;
	int err = in_neighbor(frame, place, 0, CVSW_ND_MESSAGE_LEN);

	while (!err) {
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

static int find_field(const struct cvsw_frame *frame, enum cvsw_field field, struct place *place)
{
	switch (field) {
	case CVSW_FIELD_ETH_DST:
		return place_set(place, 0, offsetof(struct ethhdr, h_dest), ETH_ALEN, ETHERNET);
	case CVSW_FIELD_ETH_SRC:
		return place_set(place, 0, offsetof(struct ethhdr, h_source), ETH_ALEN, ETHERNET);
	case CVSW_FIELD_VLAN_TCI:
		return place_set(place, 0, 0, sizeof(__be16), TAG);
	case CVSW_FIELD_PKT_MARK:
		return place_set(place, 0, 0, sizeof(u32), MARK);
	case CVSW_FIELD_IP_TOS:
	case CVSW_FIELD_NW_TOS:
		return in_traffic_class(frame, place, TOS);
	case CVSW_FIELD_IP_ECN:
		return in_traffic_class(frame, place, ECN);
	case CVSW_FIELD_IP_TTL:
		if (frame->at.ipv6)
			return in_ipv6(frame, place, offsetof(struct ipv6hdr, hop_limit), 1, TTL);
		if (!frame->at.network)
			return -ENODATA;
		return place_set(place, frame->at.network, offsetof(struct iphdr, ttl), 1, TTL);
	case CVSW_FIELD_IP_SRC:
	case CVSW_FIELD_NW_SRC:
		return in_ipv4(frame, place, offsetof(struct iphdr, saddr));
	case CVSW_FIELD_IP_DST:
	case CVSW_FIELD_NW_DST:
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
	case CVSW_FIELD_SCTP_SRC:
		return in_transport(frame, place, IPPROTO_SCTP, 0, sizeof(__be16), PORT);
	case CVSW_FIELD_SCTP_DST:
		return in_transport(frame, place, IPPROTO_SCTP, 2, sizeof(__be16), PORT);
	case CVSW_FIELD_TP_SRC:
		return in_ports(frame, place, 0);
	case CVSW_FIELD_TP_DST:
		return in_ports(frame, place, 2);
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
	default:
		return -ENODATA;	/* no action has it: cvsw_field_info.writable */
	}
}

/* A field, or what one is to be, as a number: big endian, the lowest byte last. */
#define NUMBER	16

/* DSCP or ECN: of IPv6, in the middle of the first two bytes. */
static int read_tos(const struct cvsw_frame *frame, const struct place *place, u8 *tos)
{
	u8 mask = place->covered == TOS ? CVSW_DSCP_MASK : INET_ECN_MASK, bytes[2];

	if (skb_copy_bits(frame->skb, place->at, bytes, sizeof(bytes)))
		return -ENODATA;
	*tos = (frame->at.ipv6 ? bytes[0] << 4 | bytes[1] >> 4 : bytes[0]) & mask;
	return 0;
}

static int read_number(const struct cvsw_frame *frame, const struct place *place, u8 number[NUMBER])
{
	memset(number, 0, NUMBER);
	if (place->covered == TAG) {
		put_unaligned_be16(cvsw_vlan_tci(frame), number + NUMBER - sizeof(__be16));
		return 0;
	}
	if (place->covered == MARK) {
		put_unaligned_be32(frame->skb->mark, number + NUMBER - sizeof(u32));
		return 0;
	}
	if (place->covered == TOS || place->covered == ECN)
		return read_tos(frame, place, number + NUMBER - 1);
	return skb_copy_bits(frame->skb, place->at, number + NUMBER - place->len, place->len) ?
	       -ENODATA : 0;
}

/* In whole pairs of bytes, as checksums are made of them. */
static int write_pairs(struct cvsw_frame *frame, const struct place *place, const u8 *value)
{
	struct sk_buff *skb = frame->skb;
	bool message = place->covered == MESSAGE;
	unsigned int checksum = place->header + 2;	/* of ICMP and ICMPv6 */
	unsigned int end = place->header + round_up(place->at + place->len - place->header, 2), i;

	if (message)
		end = max(end, checksum + 2);
	if (end > frame->at.end && message)
		return -ENODATA;
	if (skb_ensure_writable(skb, end))
		return -ENOMEM;
	for (i = 0; i < place->len; i++) {
		unsigned int low = (place->at + i - place->header) & 1;
		u8 *at = skb->data + place->at + i - low, pair[2];
		__be16 from, to;

		memcpy(pair, at, sizeof(pair));
		memcpy(&from, pair, sizeof(from));
		pair[low] = value[i];
		memcpy(&to, pair, sizeof(to));
		if (message)
			cvsw_update_checksum(frame, skb->data + checksum, (__force __be32)from,
					(__force __be32)to, false);
		cvsw_put_bytes(skb, at, pair, sizeof(pair));
	}
	return 0;
}

static int write_tag(struct cvsw_frame *frame, u16 tci)
{
	if (tci & CVSW_VLAN_PRESENT)
		return cvsw_set_vlan(frame, (u16)~CVSW_VLAN_PRESENT, tci & ~CVSW_VLAN_PRESENT);
	return cvsw_vlan_tci(frame) ? cvsw_strip_vlan(frame) : 0;
}

static int write_number(struct cvsw_frame *frame, const struct place *place,
			const u8 number[NUMBER])
{
	const u8 *value = number + NUMBER - place->len;
	unsigned int offset = place->at - place->header;
	__be32 word;
	__be16 half;

	switch (place->covered) {
	case ETHERNET:
		return cvsw_set_mac(frame, offset, value);
	case TAG:
		return write_tag(frame, get_unaligned_be16(value));
	case MARK:
		frame->skb->mark = get_unaligned_be32(value);
		return 0;
	case TOS:
		return cvsw_set_nw_tos(frame, CVSW_DSCP_MASK, value[0]);
	case ECN:
		return cvsw_set_nw_tos(frame, INET_ECN_MASK, value[0]);
	case TTL:
		return cvsw_set_ttl(frame, value[0]);
	case IPV4_ADDR:
		memcpy(&word, value, sizeof(word));
		return cvsw_set_nw_addr(frame, offset, word);
	case IPV6_ADDR:
		return cvsw_set_ipv6_addr(frame, offset, value);
	case PORT:
		memcpy(&half, value, sizeof(half));
		return cvsw_set_tp_port(frame, offset, half);
	case BARE:
	case MESSAGE:
		return write_pairs(frame, place, value);
	}
	return -ENODATA;
}

/* @n bits of a number, up to 64, from bit @from on. */
static u64 get_bits(const u8 number[NUMBER], unsigned int from, unsigned int n)
{
	u64 upper = get_unaligned_be64(number), lower = get_unaligned_be64(number + 8), bits;

	if (from >= 64)
		bits = upper >> (from - 64);
	else
		bits = from ? lower >> from | upper << (64 - from) : lower;
	return bits & GENMASK_ULL(n - 1, 0);
}

/* Write @n bits, from bit @to on.  @bits has no others. */
static void put_bits(u8 number[NUMBER], unsigned int to, unsigned int n, u64 bits)
{
	u64 upper = get_unaligned_be64(number), lower = get_unaligned_be64(number + 8);
	u64 mask = GENMASK_ULL(n - 1, 0);

	if (to >= 64) {
		upper = (upper & ~(mask << (to - 64))) | bits << (to - 64);
	} else {
		lower = (lower & ~(mask << to)) | bits << to;
		if (to + n > 64)
			upper = (upper & ~(mask >> (64 - to))) | bits >> (64 - to);
	}
	put_unaligned_be64(upper, number);
	put_unaligned_be64(lower, number + 8);
}

int cvsw_move_bits(struct cvsw_frame *frame, const struct cvsw_move *move)
{
	u8 from[NUMBER], to[NUMBER] __aligned(4);
	struct place place;
	unsigned int done, n;
	int err;

	err = find_field(frame, move->src, &place);
	if (!err)
		err = read_number(frame, &place, from);
	if (!err)
		err = find_field(frame, move->dst, &place);
	if (!err)
		err = read_number(frame, &place, to);
	if (err)
		return err;
	for (done = 0; done < move->n_bits; done += n) {
		n = min(move->n_bits - done, 64U);
		put_bits(to, move->dst_ofs + done, n, get_bits(from, move->src_ofs + done, n));
	}
	return write_number(frame, &place, to);
}

int cvsw_load_bits(struct cvsw_frame *frame, const struct cvsw_load *load)
{
	u8 number[NUMBER] __aligned(4) = {};
	struct place place;
	int err = find_field(frame, load->dst, &place);

	/* What is written whole need not be read. */
	if (!err && load->n_bits < 8 * place.len)
		err = read_number(frame, &place, number);
	if (err)
		return err;
	put_bits(number, load->ofs, load->n_bits, get_unaligned_be64(load->value));
	return write_number(frame, &place, number);
}
