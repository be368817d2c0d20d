// SPDX-License-Identifier: GPL-2.0
/* Fields of a frame, whole or in part: where they are, and how bits move between them. */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/inet_ecn.h>

#include "compat.h"
#include "rewrite.h"

/* What has to follow when a field changes. */
enum covered {
	ETHERNET,	/* nothing */
	TAG,		/* it comes, goes or changes; it may be beside the frame's bytes */
	MARK,		/* skb->mark, which is not in the frame at all */
	REGISTER,	/* nor is this */
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
	enum cvsw_field name;
	unsigned int header;
	unsigned int at;
	unsigned int len;
	enum covered covered;
};

/* The headers that fields are in. */
enum header {
	IN_ETHERNET,
	IN_IP,		/* IPv4 or IPv6 */
	IN_IPV4,
	IN_IPV6,
	IN_ARP,
	IN_TCP,
	IN_UDP,
	IN_SCTP,
	IN_PORTS,	/* of TCP, UDP or SCTP */
	IN_ICMP,
	IN_ICMPV6,
	IN_NEIGHBOR,	/* a whole solicitation or advertisement */
	IN_SLL,		/* the first option of a neighbor message with this address */
	IN_TLL,
};

static const struct field {
	u8 header;
	u8 offset;
	u8 len;
	u8 covered;
} fields[CVSW_N_FIELDS] = {
	[CVSW_FIELD_ETH_DST] = { IN_ETHERNET, offsetof(struct ethhdr, h_dest), ETH_ALEN, ETHERNET },
	[CVSW_FIELD_ETH_SRC] = { IN_ETHERNET, offsetof(struct ethhdr, h_source), ETH_ALEN, ETHERNET },
	[CVSW_FIELD_VLAN_TCI] = { IN_ETHERNET, 0, sizeof(__be16), TAG },
	[CVSW_FIELD_PKT_MARK] = { IN_ETHERNET, 0, sizeof(u32), MARK },
	[CVSW_FIELD_METADATA] = { IN_ETHERNET, 0, sizeof(u64), REGISTER },
	[CVSW_FIELD_REG0 ... CVSW_FIELD_REG15] = { IN_ETHERNET, 0, sizeof(u32), REGISTER },
	[CVSW_FIELD_IP_TOS] = { IN_IP, offsetof(struct iphdr, tos), 1, TOS },
	[CVSW_FIELD_NW_TOS] = { IN_IP, offsetof(struct iphdr, tos), 1, TOS },
	[CVSW_FIELD_IP_ECN] = { IN_IP, offsetof(struct iphdr, tos), 1, ECN },
	[CVSW_FIELD_IP_TTL] = { IN_IP, offsetof(struct iphdr, ttl), 1, TTL },
	[CVSW_FIELD_IP_SRC] = { IN_IPV4, offsetof(struct iphdr, saddr), sizeof(__be32), IPV4_ADDR },
	[CVSW_FIELD_IP_DST] = { IN_IPV4, offsetof(struct iphdr, daddr), sizeof(__be32), IPV4_ADDR },
	[CVSW_FIELD_NW_SRC] = { IN_IPV4, offsetof(struct iphdr, saddr), sizeof(__be32), IPV4_ADDR },
	[CVSW_FIELD_NW_DST] = { IN_IPV4, offsetof(struct iphdr, daddr), sizeof(__be32), IPV4_ADDR },
	[CVSW_FIELD_IPV6_SRC] = { IN_IPV6, offsetof(struct ipv6hdr, saddr), 16, IPV6_ADDR },
	[CVSW_FIELD_IPV6_DST] = { IN_IPV6, offsetof(struct ipv6hdr, daddr), 16, IPV6_ADDR },
	[CVSW_FIELD_IPV6_LABEL] = { IN_IPV6, 0, sizeof(__be32), BARE },
	[CVSW_FIELD_TCP_SRC] = { IN_TCP, 0, sizeof(__be16), PORT },
	[CVSW_FIELD_TCP_DST] = { IN_TCP, 2, sizeof(__be16), PORT },
	[CVSW_FIELD_UDP_SRC] = { IN_UDP, 0, sizeof(__be16), PORT },
	[CVSW_FIELD_UDP_DST] = { IN_UDP, 2, sizeof(__be16), PORT },
	[CVSW_FIELD_SCTP_SRC] = { IN_SCTP, 0, sizeof(__be16), PORT },
	[CVSW_FIELD_SCTP_DST] = { IN_SCTP, 2, sizeof(__be16), PORT },
	[CVSW_FIELD_TP_SRC] = { IN_PORTS, 0, sizeof(__be16), PORT },
	[CVSW_FIELD_TP_DST] = { IN_PORTS, 2, sizeof(__be16), PORT },
	[CVSW_FIELD_ICMP_TYPE] = { IN_ICMP, 0, 1, MESSAGE },
	[CVSW_FIELD_ICMP_CODE] = { IN_ICMP, 1, 1, MESSAGE },
	[CVSW_FIELD_ICMPV6_TYPE] = { IN_ICMPV6, 0, 1, MESSAGE },
	[CVSW_FIELD_ICMPV6_CODE] = { IN_ICMPV6, 1, 1, MESSAGE },
	[CVSW_FIELD_ND_RESERVED] = { IN_NEIGHBOR, 4, sizeof(__be32), MESSAGE },
	[CVSW_FIELD_ND_TARGET] = { IN_NEIGHBOR, 8, sizeof(struct in6_addr), MESSAGE },
	[CVSW_FIELD_ND_OPTIONS_TYPE] = { IN_NEIGHBOR, CVSW_ND_MESSAGE_LEN, 1, MESSAGE },
	[CVSW_FIELD_ND_SLL] = { IN_SLL, 2, ETH_ALEN, MESSAGE },
	[CVSW_FIELD_ND_TLL] = { IN_TLL, 2, ETH_ALEN, MESSAGE },
	[CVSW_FIELD_ARP_OP] = { IN_ARP, 6, sizeof(__be16), BARE },
	[CVSW_FIELD_ARP_SHA] = { IN_ARP, 8, ETH_ALEN, BARE },
	[CVSW_FIELD_ARP_SPA] = { IN_ARP, 14, sizeof(__be32), BARE },
	[CVSW_FIELD_ARP_THA] = { IN_ARP, 18, ETH_ALEN, BARE },
	[CVSW_FIELD_ARP_TPA] = { IN_ARP, 24, sizeof(__be32), BARE },
};

/*
 * Where a transport header of this protocol begins, if it is whole up to its checksum and
 * to @end; else 0.
 */
static unsigned int transport_of(const struct cvsw_layout *at, u8 protocol, unsigned int end)
{
	static const u8 whole[] = {
		[IPPROTO_ICMP] = 4, [IPPROTO_TCP] = 18, [IPPROTO_UDP] = 8, [IPPROTO_ICMPV6] = 4,
		[IPPROTO_SCTP] = 12,
	};
	unsigned int len = max_t(unsigned int, end, whole[protocol]);

	return at->protocol == protocol && at->transport + len <= at->end ? at->transport : 0;
}

/* Where a whole solicitation or advertisement, with this much, begins; or 0. */
static unsigned int neighbor_of(const struct cvsw_frame *frame, unsigned int end)
{
	unsigned int at = 0;
	const u8 *first;
	u8 buf[2];

	if (frame->at.ipv6)
		at = transport_of(&frame->at, IPPROTO_ICMPV6,
				  max_t(unsigned int, end, CVSW_ND_MESSAGE_LEN));
	first = at ? skb_header_pointer(frame->skb, at, sizeof(buf), buf) : NULL;
	return first && !first[1] && (first[0] == CVSW_ND_SOLICIT || first[0] == CVSW_ND_ADVERT) ?
	       at : 0;
}

/* Where in a neighbor message the first option with this type of address is; or 0. */
static unsigned int option_of(const struct cvsw_frame *frame, u8 wanted)
{
	unsigned int offset = CVSW_ND_MESSAGE_LEN, message;

	/* Eight bytes at least, of which an address takes six. */
	while ((message = neighbor_of(frame, offset + 8))) {
		const u8 *option;
		u8 buf[2];

		option = skb_header_pointer(frame->skb, message + offset, sizeof(buf), buf);
		if (!option || !option[1])
			break;
		if (option[0] == wanted && option[1] == 1)
			return offset;
		offset += 8 * option[1];
	}
	return 0;
}

/* Return: where a header, whole with what a field needs, begins; 0: nowhere. */
static unsigned int header_of(const struct cvsw_frame *frame, enum header header, unsigned int end)
{
	const struct cvsw_layout *at = &frame->at;

	switch (header) {
	case IN_ETHERNET:
		return 0;
	case IN_IP:
		return at->network ?: at->ipv6;
	case IN_IPV4:
		return at->network;
	case IN_IPV6:
		return at->ipv6;
	case IN_ARP:
		return at->arp;
	case IN_TCP:
		return transport_of(at, IPPROTO_TCP, end);
	case IN_UDP:
		return transport_of(at, IPPROTO_UDP, end);
	case IN_SCTP:
		return transport_of(at, IPPROTO_SCTP, end);
	case IN_PORTS:
		if (at->protocol != IPPROTO_TCP && at->protocol != IPPROTO_UDP &&
		    at->protocol != IPPROTO_SCTP)
			return 0;
		return transport_of(at, at->protocol, end);
	case IN_ICMP:
		return at->network ? transport_of(at, IPPROTO_ICMP, end) : 0;
	case IN_ICMPV6:
		return at->ipv6 ? transport_of(at, IPPROTO_ICMPV6, end) : 0;
	case IN_NEIGHBOR:
	case IN_SLL:
	case IN_TLL:
		return neighbor_of(frame, end);
	}
	return 0;
}

static int find_field(const struct cvsw_frame *frame, enum cvsw_field name, struct place *place)
{
	const struct field *field = &fields[name];
	unsigned int offset = field->offset, option = 0;

	/* No action has it: cvsw_field_info.writable. */
	if (!field->len)
		return -ENODATA;
	/* What both IPs have stands elsewhere in IPv6. */
	if (field->header == IN_IP && frame->at.ipv6)
		offset = field->covered == TTL ? offsetof(struct ipv6hdr, hop_limit) : 0;
	if (field->header == IN_SLL || field->header == IN_TLL) {
		option = option_of(frame, field->header == IN_SLL ? 1 : 2);
		if (!option)
			return -ENODATA;
		offset += option;
	}
	place->header = header_of(frame, field->header, offset + field->len);
	if (!place->header && field->header != IN_ETHERNET)
		return -ENODATA;
	place->name = name;
	place->at = place->header + offset;
	place->len = field->len;
	place->covered = field->covered;
	return 0;
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
	if (place->covered == REGISTER) {
		put_unaligned_be64(cvsw_registers_get(frame->registers, place->name),
				   number + NUMBER - sizeof(u64));
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
	case REGISTER:
		cvsw_registers_set(frame->registers, place->name,
				   get_unaligned_be64(number + NUMBER - sizeof(u64)));
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
