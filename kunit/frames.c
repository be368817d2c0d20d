// SPDX-License-Identifier: GPL-2.0
#include <linux/if_vlan.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "frames.h"

u16 get16(const u8 *p)
{
	return p[0] << 8 | p[1];
}

void put16(u8 *p, u16 value)
{
	p[0] = value >> 8;
	p[1] = value;
}

u32 get32(const u8 *p)
{
	return (u32)get16(p) << 16 | get16(p + 2);
}

void put32(u8 *p, u32 value)
{
	put16(p, value >> 16);
	put16(p + 2, value);
}

unsigned int pick(struct rnd_state *rnd, unsigned int n)
{
	return prandom_u32_state(rnd) % n;
}

/* ---- checksums ---- */

/* RFC 1071: folded, not inverted. */
u16 inet_sum(const u8 *data, unsigned int len, u32 sum)
{
	unsigned int i;

	for (i = 0; i < len; i++) {
		sum += i % 2 ? data[i] : data[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (sum & 0xffff) + (sum >> 16);
}

/* Length of an extension header of IPv6; 0: it is none. */
static unsigned int extension_length(u8 type, const u8 *header)
{
	switch (type) {
	case IPPROTO_HOPOPTS: case IPPROTO_ROUTING: case IPPROTO_DSTOPTS:
		return 8 + 8 * header[1];
	case IPPROTO_AH:
		return 8 + 4 * header[1];
	case IPPROTO_FRAGMENT:
		return 8;
	default:
		return 0;
	}
}

/* Where a routed packet's checksums say it goes, or its destination: RFC 8200, 8.1. */
static const u8 *final_destination(const u8 *ip)
{
	const u8 *header = ip + 40;
	u8 type = ip[6];

	while (extension_length(type, header)) {
		unsigned int len = extension_length(type, header);

		if (type == IPPROTO_ROUTING && header[3])
			return header + len - 16;
		type = header[0];
		header += len;
	}
	return ip + 24;
}

u32 pseudo_sum(const u8 *ip, u8 protocol, unsigned int l4_len)
{
	if (ip[0] >> 4 == 4)
		return inet_sum(ip + 12, 8, 0) + protocol + l4_len;
	return inet_sum(final_destination(ip), 16, inet_sum(ip + 8, 16, 0)) + protocol + l4_len;
}

u32 crc32c_bitwise(u32 crc, const u8 *data, unsigned int len)
{
	int bit;

	while (len--) {
		crc ^= *data++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return crc;
}

unsigned int checksum_offset(u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP: return 16;
	case IPPROTO_UDP: case IPPROTO_UDPLITE: case IPPROTO_DCCP: return 6;
	case IPPROTO_SCTP: return 8;
	case IPPROTO_ICMP: case IPPROTO_ICMPV6: return 2;
	default: return 0;
	}
}

static void write_l4_checksum(u8 *ip, u8 protocol, u8 *l4, unsigned int len, const u8 *tail,
			      unsigned int tail_len)
{
	unsigned int at = checksum_offset(protocol);
	u32 sum;

	if (!at || at + (protocol == IPPROTO_SCTP ? 4 : 2) > len)
		return;
	if (protocol == IPPROTO_SCTP) {
		memset(l4 + at, 0, 4);
		sum = ~crc32c_bitwise(crc32c_bitwise(~0, l4, len), tail, tail_len);
		l4[at] = sum;
		l4[at + 1] = sum >> 8;
		l4[at + 2] = sum >> 16;
		l4[at + 3] = sum >> 24;
		return;
	}
	if (protocol == IPPROTO_UDP && !get16(l4 + at))
		return;
	put16(l4 + at, 0);
	sum = protocol == IPPROTO_ICMP ? 0 : pseudo_sum(ip, protocol, len + tail_len);
	sum = inet_sum(tail, tail_len, inet_sum(l4, len, sum));
	if ((protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE) && sum == 0xffff)
		sum = 0;
	put16(l4 + at, ~sum);
}

static void write_ipv6_checksums(u8 *ip, const u8 *tail, unsigned int tail_len)
{
	unsigned int at = 40;
	u8 type = ip[6];

	if (!get16(ip + 4))
		return;		/* it is not said where the packet ends */
	while (extension_length(type, ip + at)) {
		unsigned int len = extension_length(type, ip + at);

		if (type == IPPROTO_FRAGMENT && get16(ip + at + 2) & 0xfff8)
			return;
		type = ip[at];
		at += len;
	}
	write_l4_checksum(ip, type, ip + at, 40 + get16(ip + 4) - at, tail, tail_len);
}

void write_checksums(u8 *ip, const u8 *tail, unsigned int tail_len)
{
	unsigned int header = 4 * (ip[0] & 15);

	if (ip[0] >> 4 == 6) {
		write_ipv6_checksums(ip, tail, tail_len);
		return;
	}
	put16(ip + 10, 0);
	put16(ip + 10, ~inet_sum(ip, header, 0));
	if (!(get16(ip + 6) & 0x1fff))
		write_l4_checksum(ip, ip[9], ip + header, get16(ip + 2) - header, tail, tail_len);
}

/* ---- random frames ---- */

static unsigned int random_l4(struct rnd_state *rnd, u8 protocol, u8 *l4)
{
	static const u8 min[256] = {
		[IPPROTO_TCP] = 20, [IPPROTO_UDP] = 8, [IPPROTO_UDPLITE] = 8,
		[IPPROTO_DCCP] = 16, [IPPROTO_SCTP] = 12, [IPPROTO_ICMP] = 8,
		[IPPROTO_ICMPV6] = 8,
	};
	unsigned int len = min[protocol] + pick(rnd, 5) * pick(rnd, 80);

	if (!pick(rnd, 20))
		len = pick(rnd, min[protocol] + 1);	/* its header cut short */
	prandom_bytes_state(rnd, l4, len);
	if (protocol == IPPROTO_TCP && len >= 20)
		l4[12] = 0x50;
	if (protocol == IPPROTO_UDP && len >= 8) {
		put16(l4 + 4, len);
		put16(l4 + 6, pick(rnd, 6) ? 1 : 0);
	}
	return len;
}

static unsigned int random_ipv4(struct rnd_state *rnd, struct flat_frame *frame, u8 *ip)
{
	static const u8 protocols[] = {
		IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP, IPPROTO_SCTP,
		IPPROTO_ICMP, IPPROTO_UDPLITE, IPPROTO_DCCP, IPPROTO_GRE,
	};
	unsigned int header = 20 + (pick(rnd, 3) ? 0 : 4 * pick(rnd, 11));
	unsigned int len;

	prandom_bytes_state(rnd, ip, header);
	ip[0] = 0x40 | header / 4;
	ip[9] = protocols[pick(rnd, ARRAY_SIZE(protocols))];
	put16(ip + 6, pick(rnd, 2) ? 0x4000 : 0);
	len = random_l4(rnd, ip[9], ip + header);
	switch (pick(rnd, 8)) {
	case 0:		/* first fragment; a datagram has whole 8 bytes per fragment */
		put16(ip + 6, 0x2000);
		len &= ~7U;
		if (len && !pick(rnd, 3))
			len = 8;
		frame->tail_len = pick(rnd, TAIL_MAX);
		prandom_bytes_state(rnd, frame->tail, frame->tail_len);
		break;
	case 1:		/* a later one */
		put16(ip + 6, 1 + pick(rnd, 0x1fff));
		break;
	}
	put16(ip + 2, header + len);
	write_checksums(ip, frame->tail, frame->tail_len);
	return header + len;
}

/* One of the messages of RFC 4861, mostly with the option it should have. */
static unsigned int random_neighbor(struct rnd_state *rnd, u8 *message)
{
	static const u8 lengths[] = { 8, 16, 24, 24, 40 };
	unsigned int kind = pick(rnd, 2) ? 2 + pick(rnd, 2) : pick(rnd, 5);
	unsigned int len = lengths[kind], options = pick(rnd, 12) ? pick(rnd, 4) : 33;

	prandom_bytes_state(rnd, message, len);
	message[0] = 133 + kind;
	message[1] = !pick(rnd, 8);
	for (; options; options--, len += 8) {
		prandom_bytes_state(rnd, message + len, 8);
		message[len] = 1 + pick(rnd, 3);
		message[len + 1] = pick(rnd, 8) ? 1 : pick(rnd, 3);
	}
	return len + (pick(rnd, 4) ? 0 : pick(rnd, 8));
}

/* Return: length of the extension header at @header; @later: it makes a later fragment. */
static unsigned int random_extension(struct rnd_state *rnd, u8 type, u8 *header, bool *first,
				     bool *later)
{
	unsigned int len;

	prandom_bytes_state(rnd, header, 64);
	if (type == IPPROTO_FRAGMENT) {
		put16(header + 2, pick(rnd, 3) ? 1 : 0);	/* the first, or all of it */
		if (!pick(rnd, 4)) {
			put16(header + 2, (1 + pick(rnd, 0x1fff)) << 3 | pick(rnd, 2));
			*later = true;
		} else if (header[3]) {
			*first = true;
		}
		return 8;
	}
	header[1] = type == IPPROTO_ROUTING ? 2 : pick(rnd, 3);
	header[3] = pick(rnd, 2);		/* segments left */
	len = type == IPPROTO_AH ? 8 + 4 * header[1] : 8 + 8 * header[1];
	return len;
}

static unsigned int random_ipv6(struct rnd_state *rnd, struct flat_frame *frame, u8 *ip)
{
	static const u8 protocols[] = {
		IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP, IPPROTO_SCTP,
		IPPROTO_ICMPV6, IPPROTO_ICMPV6, IPPROTO_ICMPV6, IPPROTO_ICMP, IPPROTO_UDPLITE,
		IPPROTO_GRE,
	};
	static const u8 extensions[] = {
		IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS, IPPROTO_AH, IPPROTO_FRAGMENT,
	};
	unsigned int n = pick(rnd, 3) ? 0 : pick(rnd, 12) ? pick(rnd, 4) : 17 + pick(rnd, 9);
	unsigned int len, at = 40;
	u8 protocol = protocols[pick(rnd, ARRAY_SIZE(protocols))];
	bool first = false, later = false, routed = false;
	u8 *next = ip + 6;

	prandom_bytes_state(rnd, ip, 40);
	ip[0] = 0x60 | (ip[0] & 15);
	for (; n; n--) {
		u8 type = extensions[pick(rnd, ARRAY_SIZE(extensions))];

		/* One of these at most: of what several say nobody is sure. */
		if ((type == IPPROTO_FRAGMENT && (first || later)) ||
		    (type == IPPROTO_ROUTING && routed))
			continue;
		routed |= type == IPPROTO_ROUTING;
		*next = type;
		next = ip + at;
		at += random_extension(rnd, type, ip + at, &first, &later);
	}
	*next = protocol;
	if (protocol == IPPROTO_ICMPV6 && pick(rnd, 3))
		len = random_neighbor(rnd, ip + at);
	else
		len = random_l4(rnd, protocol, ip + at);
	if (first) {
		len &= ~7U;
		frame->tail_len = pick(rnd, TAIL_MAX);
		prandom_bytes_state(rnd, frame->tail, frame->tail_len);
	}
	put16(ip + 4, at - 40 + len);
	write_checksums(ip, frame->tail, frame->tail_len);
	return at + len;
}

static unsigned int random_arp(struct rnd_state *rnd, u8 *arp)
{
	static const u8 ethernet_ipv4[] = { 0, 1, 8, 0, 6, 4 };

	prandom_bytes_state(rnd, arp, 28);
	memcpy(arp, ethernet_ipv4, sizeof(ethernet_ipv4));
	if (!pick(rnd, 4))
		arp[1] = 6;
	return 28;
}

static u16 random_tci(struct rnd_state *rnd)
{
	return pick(rnd, 0x10000) & (pick(rnd, 2) ? 0xf000 : 0xffff);
}

void random_frame(struct rnd_state *rnd, struct flat_frame *frame)
{
	static const u8 snap[] = { 0xaa, 0xaa, 3, 0, 0, 0 };
	static const u16 tpids[] = { ETH_P_8021Q, ETH_P_8021Q, ETH_P_8021AD };
	unsigned int tags = pick(rnd, 2) ? 0 : pick(rnd, 6);
	unsigned int kind = pick(rnd, 20), len;
	u8 *p = frame->data + 12;

	frame->tail_len = 0;
	frame->hw_tag = !pick(rnd, 4);
	frame->hw_proto = frame->hw_tag ? tpids[pick(rnd, 3)] : 0;
	frame->hw_tci = frame->hw_tag ? random_tci(rnd) : 0;
	prandom_bytes_state(rnd, frame->data, 12);
	for (; tags; tags--, p += 4) {
		put16(p, tpids[pick(rnd, 3)]);
		put16(p + 2, random_tci(rnd));
	}
	if (kind < 3) {			/* 802.3, with SNAP or not */
		len = pick(rnd, 100);
		prandom_bytes_state(rnd, p + 2, 8 + len);
		if (kind < 2)
			memcpy(p + 2, snap, sizeof(snap));
		if (kind < 1) {
			put16(p + 8, ETH_P_IP);
			len = random_ipv4(rnd, frame, p + 10);
		}
		put16(p, 8 + len);
		p += 10 + len;
	} else if (kind < 5) {
		put16(p, ETH_P_ARP);
		p += 2 + random_arp(rnd, p + 2);
	} else if (kind < 6) {
		len = pick(rnd, 100);
		prandom_bytes_state(rnd, p, 2 + len);
		p += 2 + len;
	} else if (kind < 14) {
		put16(p, ETH_P_IP);
		p += 2 + random_ipv4(rnd, frame, p + 2);
	} else {
		put16(p, ETH_P_IPV6);
		p += 2 + random_ipv6(rnd, frame, p + 2);
	}
	len = pick(rnd, 4) ? 0 : pick(rnd, 20);		/* padding */
	memset(p, 0, len);
	frame->len = p + len - frame->data;
}

void damage_frame(struct rnd_state *rnd, struct flat_frame *frame)
{
	unsigned int ip = frame_l2_len(frame);

	switch (pick(rnd, 5)) {
	case 0:
		frame->len = pick(rnd, frame->len + 1);
		break;
	case 1:		/* any byte of the headers */
		frame->data[pick(rnd, min(frame->len, 140U))] = pick(rnd, 256);
		break;
	case 2:		/* version and header length */
		frame->data[ip] = pick(rnd, 2) ? 0x40 | pick(rnd, 16) : pick(rnd, 256);
		break;
	case 3:		/* total length */
		ip += frame->data[ip] >> 4 == 6 ? 4 : 2;
		put16(frame->data + ip, pick(rnd, 2) ? pick(rnd, 0x10000) :
		      get16(frame->data + ip) + pick(rnd, 9) - 4);
		break;
	case 4:		/* EtherType */
		put16(frame->data + 12, pick(rnd, 0x700));
		break;
	}
}

unsigned int frame_l2_len(const struct flat_frame *frame)
{
	unsigned int at = 12;

	while (at + 6 <= frame->len && (get16(frame->data + at) == ETH_P_8021Q ||
					get16(frame->data + at) == ETH_P_8021AD))
		at += 4;
	return at + 2;
}

/* ---- sk_buffs ---- */

static void finish_skb(struct sk_buff *skb, const struct flat_frame *frame)
{
	u16 type = frame->len < 14 ? 0 : get16(frame->data + 12);

	skb_reset_mac_header(skb);
	skb->protocol = htons(type < ETH_P_802_3_MIN ? ETH_P_802_2 : type);
	if (frame->hw_tag)
		__vlan_hwaccel_put_tag(skb, htons(frame->hw_proto), frame->hw_tci);
}

struct sk_buff *linear_skb(const struct flat_frame *frame)
{
	struct sk_buff *skb = alloc_skb(NET_SKB_PAD + frame->len, GFP_ATOMIC);

	if (!skb)
		return NULL;
	skb_reserve(skb, NET_SKB_PAD);
	skb_put_data(skb, frame->data, frame->len);
	finish_skb(skb, frame);
	return skb;
}

static bool add_page(struct sk_buff *skb, const u8 *data, unsigned int len)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (!page)
		return false;
	memcpy(page_address(page), data, len);
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0, len, PAGE_SIZE);
	return true;
}

static bool add_buffer(struct sk_buff *skb, const u8 *data, unsigned int len)
{
	struct sk_buff *part = alloc_skb(len, GFP_KERNEL);

	if (!part)
		return false;
	skb_put_data(part, data, len);
	skb_shinfo(skb)->frag_list = part;
	skb->len += part->len;
	skb->data_len += part->len;
	skb->truesize += part->truesize;
	return true;
}

struct sk_buff *random_skb(struct rnd_state *rnd, const struct flat_frame *frame)
{
	static const unsigned int headrooms[] = { 0, 2, 4, 64 };
	unsigned int headroom = headrooms[pick(rnd, ARRAY_SIZE(headrooms))];
	unsigned int at = pick(rnd, 2) ? frame->len : pick(rnd, min(frame->len, 100U) + 1);
	struct sk_buff *skb = alloc_skb(headroom + at, GFP_KERNEL);

	if (!skb)
		return NULL;
	skb_reserve(skb, headroom);
	skb_put_data(skb, frame->data, at);
	while (at < frame->len) {
		unsigned int len = pick(rnd, 2) ? frame->len - at : 1 + pick(rnd, frame->len - at);
		bool last = skb_shinfo(skb)->nr_frags == 3;
		bool added;

		if (last)
			len = frame->len - at;
		added = last ? add_buffer(skb, frame->data + at, len) :
			       add_page(skb, frame->data + at, len);
		if (!added) {
			kfree_skb(skb);
			return NULL;
		}
		at += len;
	}
	finish_skb(skb, frame);
	if (pick(rnd, 2))
		skb_set_network_header(skb, frame_l2_len(frame));
	return skb;
}

void skb_to_frame(const struct sk_buff *skb, struct flat_frame *frame)
{
	frame->len = min_t(unsigned int, skb->len, FRAME_MAX);
	skb_copy_bits(skb, 0, frame->data, frame->len);
	frame->hw_tag = skb_vlan_tag_present(skb);
	frame->hw_proto = frame->hw_tag ? ntohs(skb->vlan_proto) : 0;
	frame->hw_tci = frame->hw_tag ? skb_vlan_tag_get(skb) : 0;
	frame->mark = skb->mark;
	memset(frame->metadata, 0, sizeof(frame->metadata));
	memset(frame->regs, 0, sizeof(frame->regs));
}

bool skb_is_frame(const struct sk_buff *skb, const struct flat_frame *frame)
{
	u8 byte;
	unsigned int i;

	if (skb->len != frame->len || skb_vlan_tag_present(skb) != frame->hw_tag)
		return false;
	if (frame->hw_tag && (ntohs(skb->vlan_proto) != frame->hw_proto ||
			      skb_vlan_tag_get(skb) != frame->hw_tci))
		return false;
	for (i = 0; i < frame->len; i++)
		if (skb_copy_bits(skb, i, &byte, 1) || byte != frame->data[i])
			return false;
	return true;
}

/* ---- the reference of the key ---- */

/* Each returns whether a stack finds no more in the frame, or in what it is a fragment of. */

static bool reference_neighbor(const u8 *message, unsigned int len, bool fragment,
			       struct cvsw_key *key)
{
	static const u8 lengths[] = { 8, 16, 24, 24, 40 }, wants[] = { 1, 1, 1, 2, 2 };
	unsigned int kind = message[0] - 133, at;
	const u8 *mac = NULL;

	if (message[0] < 133 || message[0] > 137 || message[1])
		return true;
	if (fragment || len < lengths[kind])
		return false;
	for (at = lengths[kind]; len - at >= 8; at += 8 * message[at + 1]) {
		if (!message[at + 1] || at + 8 * message[at + 1] > len)
			return false;
		if (!mac && message[at] == wants[kind] && message[at + 1] == 1)
			mac = message + at + 2;
	}
	if (kind >= 2)
		memcpy(key->nd_target, message + 8, 16);
	if (mac)
		memcpy(wants[kind] == 1 ? key->hw_src : key->hw_dst, mac, 6);
	return true;
}

/* @l4: of @left bytes; not in a later fragment */
static bool reference_l4(const u8 *l4, unsigned int left, u8 icmp, struct cvsw_key *key)
{
	u8 protocol = key->nw_proto;

	if (protocol == icmp) {
		if (left < 2)
			return false;
		key->tp_src = l4[0];
		key->tp_dst = l4[1];
		return icmp != 58 || reference_neighbor(l4, left, key->nw_frag, key);
	}
	if (protocol != 6 && protocol != 17 && protocol != 132)
		return true;
	if (left < 4)
		return false;
	key->tp_src = get16(l4);
	key->tp_dst = get16(l4 + 2);
	key->layers |= CVSW_LAYER_PORTS;
	if (protocol == 6 && left < 14)
		return false;
	if (protocol == 6)
		key->tcp_flags = get16(l4 + 12) & 0xfff;
	return true;
}

/* Are there options that lie, or that have more hops to go? */
static bool reference_options(const u8 *options, unsigned int len)
{
	unsigned int at = 0;

	while (at < len && options[at]) {
		if (options[at] == 1) {
			at++;
			continue;
		}
		if (at + 2 > len || options[at + 1] < 2 || at + options[at + 1] > len)
			return false;
		if (options[at] == 131 || options[at] == 137)
			return options[at + 1] > 2 && options[at + 2] > options[at + 1];
		at += options[at + 1];
	}
	return true;
}

static bool reference_ipv4(const struct flat_frame *frame, unsigned int at,
			   struct cvsw_key *key, struct cvsw_layout *layout)
{
	const u8 *ip = frame->data + at;
	unsigned int header, total, held;

	if (frame->len < at + 20 || ip[0] >> 4 != 4)
		return false;
	header = 4 * (ip[0] & 15);
	total = get16(ip + 2);
	if (header < 20 || header > total || at + total > frame->len)
		return false;
	key->nw_src = get32(ip + 12);
	key->nw_dst = get32(ip + 16);
	key->nw_proto = ip[9];
	key->nw_tos = ip[1];
	key->nw_ttl = ip[8];
	key->layers = CVSW_LAYER_ADDR | CVSW_LAYER_IP;
	layout->network = at;
	layout->tos = ip[1];
	layout->end = at + total;
	layout->protocol = ip[9];
	if (get16(ip + 6) & 0x1fff) {
		key->nw_frag = 3;
		return ip[9] != 6 || (get16(ip + 6) & 0x1fff) != 1;
	}
	layout->fragment = get16(ip + 6) & 0x2000;
	key->nw_frag = layout->fragment;
	layout->transport = at + header;
	held = layout->fragment ? (total - header) & ~7U : total - header;
	return reference_l4(ip + header, held, 1, key) & reference_options(ip + 20, header - 20);
}

/* Return: behind the extension headers; 0: one is cut short. */
static unsigned int reference_extensions(const u8 *ip, unsigned int len, struct cvsw_key *key,
					 bool *routed)
{
	unsigned int at = 40;
	u8 type = ip[6];

	while (extension_length(type, ip + at)) {
		const u8 *header = ip + at;

		if (len - at < 8 || len - at < extension_length(type, header))
			return 0;
		at += extension_length(type, header);
		if (type == 44 && get16(header + 2) & 0xfff8) {
			key->nw_frag = 3;
			break;
		}
		if (type == 44 && header[3] & 1)
			key->nw_frag = 1;
		*routed |= type == 43 && header[3];
		type = header[0];
	}
	key->nw_proto = type;
	return at;
}

static bool reference_ipv6(const struct flat_frame *frame, unsigned int at,
			   struct cvsw_key *key, struct cvsw_layout *layout)
{
	const u8 *ip = frame->data + at;
	unsigned int total, l4;

	if (frame->len < at + 40 || ip[0] >> 4 != 6)
		return false;
	total = 40 + get16(ip + 4);
	if (total == 40 && !ip[6])
		total = frame->len - at;
	if (at + total > frame->len)
		return false;
	memcpy(key->ipv6_src, ip + 8, 16);
	memcpy(key->ipv6_dst, ip + 24, 16);
	key->ipv6_label = get32(ip) & 0xfffff;
	key->nw_tos = get16(ip) >> 4;
	key->nw_ttl = ip[7];
	key->layers = CVSW_LAYER_WIDE;
	layout->ipv6 = at;
	layout->tos = key->nw_tos;
	layout->end = at + total;
	l4 = reference_extensions(ip, total, key, &layout->routed);
	layout->protocol = key->nw_proto;
	if (!l4)
		return false;
	if (key->nw_frag == 3)
		return true;
	layout->fragment = key->nw_frag;
	layout->transport = at + l4;
	return reference_l4(ip + l4, total - l4, 58, key);
}

static bool reference_arp(const struct flat_frame *frame, unsigned int at, struct cvsw_key *key,
			  struct cvsw_layout *layout)
{
	const u8 *arp = frame->data + at;

	if (frame->len < at + 28 || (get32(arp) != 0x00010800 && get32(arp) != 0x00060800) ||
	    get16(arp + 4) != 0x0604)
		return true;
	key->nw_proto = arp[7];
	memcpy(key->hw_src, arp + 8, 6);
	key->nw_src = get32(arp + 14);
	memcpy(key->hw_dst, arp + 18, 6);
	key->nw_dst = get32(arp + 24);
	key->layers = CVSW_LAYER_ADDR | CVSW_LAYER_WIDE;
	layout->arp = at;
	return true;
}

/* Return: where the last tag's type is, or 0. */
static unsigned int reference_tags(const struct flat_frame *frame, struct cvsw_key *key)
{
	u16 first = frame->hw_tag ? frame->hw_tci | 0x1000 : 0, real = 0;
	unsigned int at = 12;

	if (first & 0xfff)
		real = first;
	while (get16(frame->data + at) == 0x8100 || get16(frame->data + at) == 0x88a8) {
		u16 tci;

		if (frame->len < at + 6) {
			at = 0;
			break;
		}
		tci = get16(frame->data + at + 2) | 0x1000;
		first = first ?: tci;
		if (!real && tci & 0xfff)
			real = tci;
		at += 4;
	}
	key->vlan_tci = real ?: first;
	return at;
}

int reference_key(const struct flat_frame *frame, enum cvsw_ingress in,
		  struct cvsw_key *key, struct cvsw_layout *layout)
{
	unsigned int at, type;

	memset(key, 0, sizeof(*key));
	memset(layout, 0, sizeof(*layout));
	layout->l3 = 14;
	key->in_port = in;
	if (frame->len < 14)
		return -EINVAL;
	memcpy(key->dl_dst, frame->data, 6);
	memcpy(key->dl_src, frame->data + 6, 6);
	at = reference_tags(frame, key);
	if (!at)
		return 0;
	if (at < 256)
		layout->l3 = at + 2;
	layout->whole = true;
	type = get16(frame->data + at);
	at += 2;
	if (type < 0x600) {
		bool snap = frame->len >= at + 8 && get32(frame->data + at) == 0xaaaa0300 &&
			    !get16(frame->data + at + 4) && get16(frame->data + at + 6) >= 0x600;

		type = snap ? get16(frame->data + at + 6) : 0x05ff;
		at += 8;
	}
	key->dl_type = type;
	if (type == 0x0800)
		layout->whole = reference_ipv4(frame, at, key, layout);
	if (type == 0x0806)
		layout->whole = reference_arp(frame, at, key, layout);
	if (type == 0x86dd)
		layout->whole = reference_ipv6(frame, at, key, layout);
	return 0;
}

MODULE_DESCRIPTION("CVSW: KUnit suites");
MODULE_LICENSE("GPL");
