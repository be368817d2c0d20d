// SPDX-License-Identifier: GPL-2.0
/*
 * Frames for a stack at 10.0.0.1/16 and fd00::1, on the device and on its VLANs 5, 5.6 and 7
 * (802.1ad): mostly such as it takes, put together in every way that somebody might think of.
 */
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/icmpv6.h>
#include <linux/string.h>

#include "stack.h"

#define L4_MAX		600
#define HEAD_MAX	800	/* IP header with all that is in front of the transport header */

/* A case while it is made. */
struct making {
	struct rnd_state rnd;
	struct stack_case *c;
	u32 id;
	bool ipv6;
	u8 protocol;
	u8 l4[L4_MAX];
	unsigned int l4_len;
	u8 head[HEAD_MAX];
	unsigned int head_len;
	unsigned int fragment;	/* of IPv6: where its header is in @head; 0: none */
	u8 l2[300];		/* tags and type */
	unsigned int l2_len;
	u16 tpid, tci;		/* of a tag beside the frame */
};

static void feature(struct making *m, enum stack_feature which)
{
	m->c->features |= BIT(which);
}

/* RFC 1071: folded, not inverted. */
static u32 sum(const u8 *data, unsigned int len, u32 start)
{
	unsigned int i;

	for (i = 0; i < len; i++) {
		start += i % 2 ? data[i] : data[i] << 8;
		start = (start & 0xffff) + (start >> 16);
	}
	return (start & 0xffff) + (start >> 16);
}

static const u8 guest6[16] = { 0xfd, [15] = 1 };
static const u8 guest4[4] = { 10, 0, 0, 1 };

/* ---- above IP ---- */

static void make_ports(struct making *m)
{
	static const u16 ports[] = { DENIED_PORT, DENIED_SYN_ACK_PORT, 8888, 8888, 22 };
	static const u16 flags[] = { 0x002, 0x012, 0x012, 0x010, 0x018, 0x011, 0x004, 0x029, 0x1c2 };
	static const u8 header[256] = {
		[IPPROTO_TCP] = 20, [IPPROTO_UDP] = 8, [IPPROTO_UDPLITE] = 8, [IPPROTO_SCTP] = 12,
		[IPPROTO_DCCP] = 16,
	};

	m->l4_len = header[m->protocol] + pick(&m->rnd, 4) * pick(&m->rnd, 60);
	prandom_bytes_state(&m->rnd, m->l4, m->l4_len);
	put16(m->l4, 1024 + pick(&m->rnd, 4));
	put16(m->l4 + 2, ports[pick(&m->rnd, ARRAY_SIZE(ports))]);
	if (m->protocol == IPPROTO_TCP)
		put16(m->l4 + 12, 0x5000 | flags[pick(&m->rnd, ARRAY_SIZE(flags))]);
	if (m->protocol == IPPROTO_UDP || m->protocol == IPPROTO_UDPLITE)
		put16(m->l4 + 4, m->l4_len);
}

static void make_neighbor(struct making *m)
{
	static const u8 types[] = { 135, 135, 136, 136, 134, 133, 137 };
	static const u8 lengths[] = { 8, 16, 24, 24, 40 };
	u8 type = types[pick(&m->rnd, ARRAY_SIZE(types))], host = 2 + pick(&m->rnd, 4);
	u8 wanted = type == 136 || type == 137 ? 2 : 1;
	unsigned int options = pick(&m->rnd, 4), right;
	u8 *l4 = m->l4;

	feature(m, STACK_ND);
	if (!pick(&m->rnd, 6))
		host = DENIED_HOST;
	if (!pick(&m->rnd, 8)) {
		options = 33 + pick(&m->rnd, 20);
		feature(m, STACK_ND_OPTIONS);
	}
	memset(l4, 0, 40);
	m->l4_len = lengths[type - 133];
	l4[0] = type;
	l4[1] = !pick(&m->rnd, 20);
	/* Whose address is told: a target's, or the sender's. */
	memcpy(m->c->neighbor, guest6, 16);
	m->c->neighbor[15] = host;
	m->c->neighbor_len = 16;
	if (type == 134) {
		memset(m->c->neighbor, 0, 16);
		m->c->neighbor[0] = 0xfe;
		m->c->neighbor[1] = 0x80;
		m->c->neighbor[15] = host;
	}
	if (type == 136)
		put32(l4 + 4, pick(&m->rnd, 8) << 29 | 1 << 29);	/* override */
	if (type == 135)
		memcpy(l4 + 8, guest6, 16);
	if (type == 136 || type == 137)
		memcpy(l4 + 8, m->c->neighbor, 16);
	right = pick(&m->rnd, options + 1);
	for (; options; options--, m->l4_len += 8) {
		u8 *option = l4 + m->l4_len;
		bool is_right = options - 1 == right || !pick(&m->rnd, 8);

		option[0] = is_right ? wanted : pick(&m->rnd, 3) ? 14 : 3 - wanted;
		option[1] = pick(&m->rnd, 60) ? 1 : pick(&m->rnd, 3);
		memset(option + 2, 0, 6);
		option[2] = 2;
		option[6] = pick(&m->rnd, 256);
		option[7] = pick(&m->rnd, 6) ? pick(&m->rnd, 32) : DENIED_HOST;
	}
	if (!pick(&m->rnd, 20))
		m->l4_len += pick(&m->rnd, 8);
}

static void make_transport(struct making *m)
{
	static const u8 four[] = {
		IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_SCTP,
		IPPROTO_UDPLITE, IPPROTO_DCCP, 0,
	};
	static const u8 six[] = {
		IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP, IPPROTO_ICMPV6, IPPROTO_ICMPV6,
		IPPROTO_SCTP, IPPROTO_UDPLITE, 0,
	};
	static const u8 others[] = { 255, 4, 41, 47, 50, 51, 59, 135, 139, 140, 58, 1, 17 };

	m->protocol = m->ipv6 ? six[pick(&m->rnd, ARRAY_SIZE(six))] :
				four[pick(&m->rnd, ARRAY_SIZE(four))];
	if (!m->protocol)
		m->protocol = others[pick(&m->rnd, ARRAY_SIZE(others))];
	switch (m->protocol) {
	case IPPROTO_TCP: case IPPROTO_UDP: case IPPROTO_SCTP: case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
		make_ports(m);
		break;
	case IPPROTO_ICMPV6:
		if (m->ipv6 && pick(&m->rnd, 4)) {
			make_neighbor(m);
			break;
		}
		fallthrough;
	default:
		m->l4_len = 8 + pick(&m->rnd, 100);
		prandom_bytes_state(&m->rnd, m->l4, m->l4_len);
		if (m->protocol == IPPROTO_ICMP || m->protocol == IPPROTO_ICMPV6) {
			static const u8 types[] = { 0, 3, 8, DENIED_ICMP, 128, 129, DENIED_ICMPV6, 1 };

			m->l4[0] = types[pick(&m->rnd, ARRAY_SIZE(types))];
			m->l4[1] = pick(&m->rnd, 2);
		}
	}
	if (!pick(&m->rnd, 50)) {
		m->l4_len = pick(&m->rnd, 16);
		feature(m, STACK_CUT);
	}
}

/* Once the addresses are there. */
static void sum_transport(struct making *m)
{
	static const u8 places[256] = {
		[IPPROTO_TCP] = 16, [IPPROTO_UDP] = 6, [IPPROTO_UDPLITE] = 6, [IPPROTO_ICMP] = 2,
		[IPPROTO_ICMPV6] = 2, [IPPROTO_DCCP] = 6,
	};
	unsigned int at = places[m->protocol];
	u32 total = 0;

	if (!at || at + 2 > m->l4_len || !pick(&m->rnd, 40))
		return;
	put16(m->l4 + at, 0);
	if (m->protocol != IPPROTO_ICMP)
		total = sum(m->head + (m->ipv6 ? 8 : 12), m->ipv6 ? 32 : 8, m->protocol + m->l4_len);
	put16(m->l4 + at, ~sum(m->l4, m->l4_len, total) ?: 0xffff);
}

/* ---- IP ---- */

static void make_options(struct making *m)
{
	u8 *options = m->head + 20;
	unsigned int len = 4 * (1 + pick(&m->rnd, 10)), at = 0;

	feature(m, STACK_OPTIONS);
	memset(options, 1, len);
	switch (pick(&m->rnd, 6)) {
	case 0:			/* record route; or a source route, used up or not */
		options[0] = pick(&m->rnd, 3) ? 7 : pick(&m->rnd, 2) ? 131 : 137;
		options[1] = len < 7 ? 3 : 7;
		options[2] = pick(&m->rnd, 2) ? 4 : 8;
		memcpy(options + 3, guest4, len < 7 ? 0 : 4);
		break;
	case 1:
		at = pick(&m->rnd, len);
		options[at] = 0;
		break;
	case 2:
		prandom_bytes_state(&m->rnd, options, len);
		break;
	}
	m->head_len += len;
}

static void make_ipv4(struct making *m)
{
	u8 *ip = m->head;

	m->head_len = 20;
	memset(ip, 0, 20);
	if (!pick(&m->rnd, 6))
		make_options(m);
	ip[0] = 0x40 | m->head_len / 4;
	ip[1] = pick(&m->rnd, 256);
	put16(ip + 2, m->head_len + m->l4_len);
	put16(ip + 4, m->id);
	put16(ip + 6, pick(&m->rnd, 2) ? 0x4000 : 0);
	ip[8] = 64;
	ip[9] = m->protocol;
	ip[12] = 10;
	ip[14] = m->id >> 16;
	ip[15] = pick(&m->rnd, 8) ? 2 + pick(&m->rnd, 4) : DENIED_HOST;
	memcpy(ip + 16, guest4, 4);
	sum_transport(m);
}

/* Return: its length. */
static unsigned int make_extension(struct making *m, u8 type, u8 *header)
{
	unsigned int len = 8 * (1 + (pick(&m->rnd, 4) ? 0 : pick(&m->rnd, 3)));

	memset(header, 0, len);
	header[1] = len / 8 - 1;
	switch (type) {
	case IPPROTO_FRAGMENT:
		header[1] = 0;
		m->fragment = header - m->head;
		put32(header + 4, m->id);
		return 8;
	case IPPROTO_AH:
		header[1] = len / 4 - 2;
		prandom_bytes_state(&m->rnd, header + 4, len - 4);
		return len;
	case IPPROTO_ROUTING:
		header[2] = pick(&m->rnd, 5);
		header[3] = !pick(&m->rnd, m->c->features & BIT(STACK_MANY) ? 200 : 8);
		return len;
	default:		/* one option that nobody knows, to be skipped; or padding */
		header[2] = len > 8 || pick(&m->rnd, 3) ? 0x1e : 1;
		header[3] = len - 4;
		return len;
	}
}

static void make_ipv6(struct making *m)
{
	static const u8 types[] = {
		IPPROTO_DSTOPTS, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT,
	};
	unsigned int n = pick(&m->rnd, 2) ? 0 : 1 + pick(&m->rnd, 4), i;
	u8 *ip = m->head, *next = ip + 6;

	m->head_len = 40;
	memset(ip, 0, 40);
	put32(ip, 6 << 28 | pick(&m->rnd, 1 << 28));
	ip[7] = 255;
	memcpy(ip + 8, guest6, 16);
	memcpy(ip + 24, guest6, 16);
	ip[23] = pick(&m->rnd, 8) ? 2 + pick(&m->rnd, 4) : DENIED_HOST;
	if (m->c->neighbor_len && (m->l4[0] <= 135))
		memcpy(ip + 8, m->c->neighbor, 16);
	if (n && !pick(&m->rnd, 6)) {
		n = 17 + pick(&m->rnd, 10);
		feature(m, STACK_MANY);
	}
	if (n)
		feature(m, STACK_EXTENSIONS);
	for (i = 0; i < n; i++) {
		u8 type = types[pick(&m->rnd, ARRAY_SIZE(types))];

		if (!i && pick(&m->rnd, 2))
			type = IPPROTO_HOPOPTS;
		if (!pick(&m->rnd, m->c->features & BIT(STACK_MANY) ? 1000 : 40))
			type = pick(&m->rnd, 2) ? IPPROTO_AH : IPPROTO_HOPOPTS;
		if (type == IPPROTO_FRAGMENT && m->fragment && pick(&m->rnd, 10))
			type = IPPROTO_DSTOPTS;
		*next = type;
		next = ip + m->head_len;
		m->head_len += make_extension(m, type, next);
	}
	*next = m->protocol;
	put16(ip + 4, m->head_len - 40 + m->l4_len);
	sum_transport(m);
	if (ip[6] == IPPROTO_HOPOPTS && !m->fragment && !pick(&m->rnd, 3)) {
		put16(ip + 4, 0);
		feature(m, STACK_JUMBO);
	}
}

/* ---- Ethernet ---- */

static void add_tag(struct making *m, u16 vid, u16 tpid)
{
	put16(m->l2 + m->l2_len, tpid);
	put16(m->l2 + m->l2_len + 2, pick(&m->rnd, 16) << 12 | vid);
	m->l2_len += 4;
}

static void add_priority_tags(struct making *m)
{
	unsigned int n = pick(&m->rnd, 4) ? pick(&m->rnd, 3) : pick(&m->rnd, 20);

	if (n)
		feature(m, STACK_PRIORITY);
	for (; n; n--)
		add_tag(m, 0, pick(&m->rnd, 3) ? ETH_P_8021Q : ETH_P_8021AD);
}

static void make_tags(struct making *m)
{
	static const u16 vids[] = { 5, 5, 5, DENIED_VID, 9 };
	unsigned int kind = pick(&m->rnd, 8);
	u16 vid = vids[pick(&m->rnd, ARRAY_SIZE(vids))];

	add_priority_tags(m);
	if (kind < 4)
		return;
	feature(m, STACK_TAGGED);
	add_tag(m, vid, vid == DENIED_VID ? ETH_P_8021AD : ETH_P_8021Q);
	add_priority_tags(m);
	if (kind == 4) {
		feature(m, STACK_TWO_TAGS);
		add_tag(m, pick(&m->rnd, 4) ? 6 : 8, ETH_P_8021Q);
		add_priority_tags(m);
	}
}

static void make_ethernet(struct making *m, u16 type)
{
	if (!pick(&m->rnd, 2))
		make_tags(m);
	if (m->l2_len && !pick(&m->rnd, 4)) {
		/* The first one beside the frame. */
		feature(m, STACK_HW_TAG);
		m->tpid = get16(m->l2);
		m->tci = get16(m->l2 + 2);
		m->l2_len -= 4;
		memmove(m->l2, m->l2 + 4, m->l2_len);
	}
	if (pick(&m->rnd, 40)) {
		put16(m->l2 + m->l2_len, type);
		m->l2_len += 2;
		return;
	}
	feature(m, STACK_SNAP);
	memcpy(m->l2 + m->l2_len, "\0\100\252\252\3\0\0\0", 8);
	put16(m->l2 + m->l2_len + 8, type);
	m->l2_len += 10;
}

/* ---- frames ---- */

static void sum_ipv4(u8 *ip)
{
	unsigned int len = (ip[0] & 15) * 4;

	put16(ip + 10, 0);
	put16(ip + 10, ~sum(ip, len, 0));
}

static struct stack_frame *add_frame(struct making *m, const u8 *head, unsigned int head_len,
				     const u8 *data, unsigned int len)
{
	static const u8 macs[2 * ETH_ALEN] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	struct stack_frame *frame = &m->c->frames[m->c->n];
	u8 *at = frame->data;

	if (m->c->n == STACK_FRAMES_MAX)
		return NULL;
	m->c->n++;
	memcpy(at, macs, sizeof(macs));
	memcpy(at + 12, m->l2, m->l2_len);
	at += 12 + m->l2_len;
	memcpy(at, head, head_len);
	if (head_len >= 20 && head[0] >> 4 == 4 && head_len >= (head[0] & 15) * 4)
		sum_ipv4(at);
	memcpy(at + head_len, data, len);
	frame->len = at + head_len + len - frame->data;
	frame->tpid = m->tpid;
	frame->tci = m->tci;
	frame->gso_type = 0;
	return frame;
}

/* One fragment: bytes @from to @to of the transport's. */
static void add_fragment(struct making *m, unsigned int from, unsigned int to, bool more)
{
	u8 head[HEAD_MAX];
	u8 *at = head + m->fragment;

	memcpy(head, m->head, m->head_len);
	if (m->ipv6) {
		/* What is behind the fragment header is in the first only. */
		unsigned int behind = m->head_len - m->fragment - 8, len = from ? m->fragment + 8 : m->head_len;

		put16(at + 2, (from + (from ? behind : 0)) | more);
		put16(head + 4, len - 40 + to - from);
		add_frame(m, head, len, m->l4 + from, to - from);
		return;
	}
	put16(head + 2, m->head_len + to - from);
	put16(head + 6, from / 8 | more << 13);
	add_frame(m, head, m->head_len, m->l4 + from, to - from);
}

static void swap_frames(struct making *m)
{
	struct stack_frame *a = &m->c->frames[pick(&m->rnd, m->c->n)];
	struct stack_frame *b = &m->c->frames[pick(&m->rnd, m->c->n)];

	static struct stack_frame saved;

	saved = *a;
	*a = *b;
	*b = saved;
}

/* Another who says what is in the first bytes. */
static void add_overlap(struct making *m)
{
	unsigned int from = 8 * pick(&m->rnd, 3);

	feature(m, STACK_OVERLAP);
	if (m->l4_len < from + 16)
		return;
	m->l4[from + 3] ^= 1;
	m->l4[13] = 0x12;
	add_fragment(m, from, from + 8 + 8 * pick(&m->rnd, 2), true);
}

static void make_fragments(struct making *m)
{
	static const unsigned int cuts[] = { 8, 8, 16, 24, 32, 40 };
	unsigned int at = 0;

	feature(m, STACK_FRAGMENTS);
	while (m->c->n < 6) {
		unsigned int len = cuts[pick(&m->rnd, ARRAY_SIZE(cuts))];

		if (at + len >= m->l4_len)
			break;
		if (!at && len == 8 && m->protocol == IPPROTO_TCP)
			feature(m, STACK_TINY);
		add_fragment(m, at, at + len, true);
		/* More than whole eight bytes: cut off by the stack. */
		if (!at && len == 8 && !m->ipv6 && !pick(&m->rnd, 4)) {
			m->c->n--;
			add_fragment(m, 0, 8 + pick(&m->rnd, 8), true);
		}
		at += len;
	}
	add_fragment(m, at, m->l4_len, false);
	if (!pick(&m->rnd, 6))
		add_overlap(m);
	if (pick(&m->rnd, 2))
		swap_frames(m);
	if (pick(&m->rnd, 2))
		swap_frames(m);
}

static void make_giant(struct making *m, struct stack_frame *frame)
{
	feature(m, STACK_GIANT);
	frame->gso_size = 50;
	frame->gso_type = m->ipv6 ? SKB_GSO_TCPV6 : SKB_GSO_TCPV4;
	if (!pick(&m->rnd, 3)) {
		put16(frame->data + 12 + m->l2_len + (m->ipv6 ? 4 : 2), 0);
		if (!m->ipv6)
			sum_ipv4(frame->data + 12 + m->l2_len);
	}
}

static void lie(struct making *m, struct stack_frame *frame)
{
	u8 *ip = frame->data + 12 + m->l2_len, *length = ip + (m->ipv6 ? 4 : 2);

	feature(m, STACK_LIES);
	switch (pick(&m->rnd, 5)) {
	case 0:
		put16(length, get16(length) + pick(&m->rnd, 30) - 15);
		break;
	case 1:
		put16(length, pick(&m->rnd, 2) ? 0 : pick(&m->rnd, 0x10000));
		break;
	case 2:
		ip[0] ^= 1 << pick(&m->rnd, 8);
		break;
	case 3:		/* any byte of the headers in front of the transport's */
		ip[pick(&m->rnd, m->head_len)] ^= 1 << pick(&m->rnd, 8);
		break;
	case 4:		/* or of the tags */
		frame->data[12 + pick(&m->rnd, m->l2_len)] ^= 1 << pick(&m->rnd, 8);
		break;
	}
	if (!m->ipv6 && frame->len >= ip - frame->data + 60)
		sum_ipv4(ip);
}

static void make_ip(struct making *m)
{
	make_transport(m);
	if (m->ipv6)
		make_ipv6(m);
	else
		make_ipv4(m);
	make_ethernet(m, m->ipv6 ? ETH_P_IPV6 : ETH_P_IP);
	if (m->l4_len > 8 && (m->ipv6 ? m->fragment && pick(&m->rnd, 3) : !pick(&m->rnd, 4))) {
		make_fragments(m);
		return;
	}
	if (m->fragment)
		feature(m, STACK_ATOMIC);
	add_frame(m, m->head, m->head_len, m->l4, m->l4_len);
	if (m->protocol == IPPROTO_TCP && m->l4_len > 100 && pick(&m->rnd, 2) && !m->fragment)
		make_giant(m, m->c->frames);
}

static void make_arp(struct making *m)
{
	u8 *arp = m->l4;

	feature(m, STACK_ARP);
	prandom_bytes_state(&m->rnd, arp, 28);
	put32(arp, 0x00010800);
	put16(arp + 4, 0x0604);
	put16(arp + 6, 1 + pick(&m->rnd, 2));
	if (!pick(&m->rnd, 3)) {
		arp[1] = 6;
		feature(m, STACK_ARP_802);
	}
	if (!pick(&m->rnd, 10))
		arp[pick(&m->rnd, 8)] ^= 1 << pick(&m->rnd, 8);
	arp[8] = 2;
	arp[13] = pick(&m->rnd, 6) ? pick(&m->rnd, 32) : DENIED_HOST;
	memcpy(arp + 14, guest4, 4);
	arp[17] = pick(&m->rnd, 6) ? 2 + pick(&m->rnd, 4) : DENIED_HOST;
	memcpy(arp + 24, guest4, 4);
	memcpy(m->c->neighbor, arp + 14, 4);
	m->c->neighbor_len = 4;
	make_ethernet(m, ETH_P_ARP);
	add_frame(m, arp, 28, NULL, 0);
}

static void finish(struct making *m, struct stack_frame *frame)
{
	if (!pick(&m->rnd, 4) && frame->len < STACK_FRAME_MAX - 20) {
		unsigned int padding = pick(&m->rnd, 20);

		memset(frame->data + frame->len, 0, padding);
		frame->len += padding;
	}
	if (!pick(&m->rnd, 60)) {
		feature(m, STACK_CUT);
		frame->len = max(ETH_HLEN, (int)pick(&m->rnd, frame->len));
	}
	frame->linear = pick(&m->rnd, 3) ? frame->len : max(ETH_HLEN, (int)pick(&m->rnd, frame->len));
}

void stack_make(struct stack_case *c, u64 seed, u32 id)
{
	static struct making m;		/* one process */
	unsigned int i;

	c->n = 0;
	c->features = 0;
	c->neighbor_len = 0;
	m.c = c;
	m.id = id;
	m.l2_len = m.tpid = m.tci = m.fragment = 0;
	prandom_seed_state(&m.rnd, seed);
	m.ipv6 = pick(&m.rnd, 2);
	if (!pick(&m.rnd, 14))
		make_arp(&m);
	else
		make_ip(&m);
	if (!pick(&m.rnd, 16) && c->n == 1 && !(c->features & BIT(STACK_ARP)))
		lie(&m, c->frames);
	for (i = 0; i < c->n; i++)
		finish(&m, &c->frames[i]);
	if (!pick(&m.rnd, 8) && !m.tpid && !(c->features & BIT(STACK_GIANT)))
		feature(&m, STACK_VXLAN);
	if (!c->features)
		feature(&m, STACK_PLAIN);
}

bool stack_wrap(struct stack_frame *frame)
{
	static const u8 outer[50] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 3, 8, 0,
		0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 99, 10, 0, 0, 1,
		0xc0, 0, 0x12, 0xb5, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 5, 0,
	};

	if (frame->len + sizeof(outer) > STACK_FRAME_MAX)
		return false;
	memmove(frame->data + sizeof(outer), frame->data, frame->len);
	memcpy(frame->data, outer, sizeof(outer));
	put16(frame->data + 16, frame->len + 36);
	put16(frame->data + 38, frame->len + 16);
	sum_ipv4(frame->data + 14);
	frame->len += sizeof(outer);
	frame->linear += sizeof(outer);
	return true;
}
