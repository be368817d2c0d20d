// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/hash.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/ip.h>

#include "drivers/cvsw/compat.h"

#include "shape.h"

#define FRAME_LEN	60
#define NET		0x0a000000	/* 10.0.0.0 */
#define TP_DST		9
#define NO_MASK		0xff

/* What one flow matches, and the frame that matches it. */
struct particulars {
	u8 dl_dst[ETH_ALEN], dl_src[ETH_ALEN];
	u32 src, dst;
	u16 tp_dst;
	bool has_dl_dst, has_dl_src, has_proto, has_tp_dst;
	u32 src_mask, dst_mask;
};

static struct particulars named_particulars(const struct shape *shape, u32 i)
{
	u32 mask = i % shape->masks, n = i / shape->masks;
	unsigned int wild_src = mask / 8, wild_dst = mask % 8;

	return (struct particulars){
		.dl_dst = { 0x02, 0, 0, 0, 0, i < shape->entries ? mask : NO_MASK },
		.dl_src = { 0x02, 1 },
		.src = NET + ((n & 0xfff) << wild_src),
		.dst = NET + (n >> 12 << wild_dst),
		.tp_dst = TP_DST,
		.has_dl_dst = true, .has_proto = true, .has_tp_dst = true,
		.src_mask = ~0U << wild_src, .dst_mask = ~0U << wild_dst,
	};
}

/* Which, of 32; each that names an address by itself has at least 2^24 of them. */
static void tenant_fields(u32 mask, struct particulars *p)
{
	unsigned int v = mask / 4;

	switch (mask % 4) {
	case 0:		/* Ethernet, more and more of it */
		p->has_dl_dst = true;
		p->has_dl_src = v & 1;
		p->has_proto = v & 2;
		p->has_tp_dst = v & 4;
		p->dst_mask = v >= 6 ? ~0U << 8 : 0;
		break;
	case 1:		/* a prefix */
		p->dst_mask = ~0U << v;
		break;
	case 2:		/* two of them */
		p->src_mask = ~0U << v;
		p->dst_mask = ~0U << (7 - v);
		break;
	default:	/* a service, of all or of one */
		p->dst_mask = ~0U << v;
		p->src_mask = v & 1 ? ~0U : 0;
		p->has_proto = true;
		p->has_tp_dst = true;
		break;
	}
	p->has_proto |= p->has_tp_dst;	/* without which there are no ports */
}

/*
 * 32 bits, the two upper ones alike in flows and unlike in frames that match none: no
 * single bit tells them apart.  Of different @n in 2^(@bits - 1), the upper @bits differ.
 */
static u32 spread(u32 n, unsigned int bits, bool none)
{
	u32 x = n * 0x9e3779b1 << (33 - bits) | (hash_32(n, 32) & ((1U << (33 - bits)) - 1));
	u32 twin = x >> 31;

	/* 31 bits, of which the highest comes twice. */
	x = x >> 1 | twin << 31;
	return none ? x ^ 0x40000000 : x;
}

static struct particulars tenant_particulars(const struct shape *shape, u32 i)
{
	u32 mask = i % shape->masks, n = i / shape->masks, noise = hash_32(i, 32), mac;
	bool none = i >= shape->entries;
	struct particulars p = { .tp_dst = TP_DST + noise % 8, .src = noise * 31 };

	tenant_fields(mask, &p);
	n += mask * 0x85ebca77;		/* what one mask asks for the others do not */
	mac = spread(n, 32, none);
	p.dl_dst[0] = 0x02;
	p.dl_src[0] = 0x02;
	put_unaligned_be32(mac, p.dl_dst + 2);
	put_unaligned_be32(noise * 17, p.dl_src + 2);
	p.dst = spread(n, p.dst_mask ? 32 - __ffs(p.dst_mask) : 32, none);
	return p;
}

static struct particulars particulars_of(const struct shape *shape, u32 i)
{
	return shape->kind == SHAPE_TENANT ? tenant_particulars(shape, i) :
					     named_particulars(shape, i);
}

/* All are of IPv4, which openvswitch and flower know in no other way. */
void shape_flow(const struct shape *shape, u32 i, struct cvsw_flow *flow)
{
	struct particulars p = particulars_of(shape, i);
	struct cvsw_key *key = &flow->match.key, *mask = &flow->match.mask;

	memset(&flow->match, 0, sizeof(flow->match));
	flow->match.table = shape->kind == SHAPE_ROW ? SHAPE_ROW_TABLES - 1 : 0;
	memcpy(key->dl_dst, p.dl_dst, ETH_ALEN);
	memset(mask->dl_dst, p.has_dl_dst ? 0xff : 0, ETH_ALEN);
	memcpy(key->dl_src, p.dl_src, ETH_ALEN);
	memset(mask->dl_src, p.has_dl_src ? 0xff : 0, ETH_ALEN);
	key->dl_type = ETH_P_IP;
	mask->dl_type = 0xffff;
	key->nw_src = p.src;
	mask->nw_src = p.src_mask;
	key->nw_dst = p.dst;
	mask->nw_dst = p.dst_mask;
	key->nw_proto = IPPROTO_UDP;
	mask->nw_proto = p.has_proto ? 0xff : 0;
	key->tp_dst = p.tp_dst;
	mask->tp_dst = p.has_tp_dst ? 0xffff : 0;
	cvsw_match_normalize(&flow->match);
}

void shape_link(unsigned int table, struct cvsw_flow *flow)
{
	memset(flow, 0, sizeof(*flow));
	flow->match.table = table;
	flow->n_actions = 2;
	flow->actions[0].type = CVSW_ACT_LOAD;
	flow->actions[0].load = cvsw_load_of(CVSW_FIELD_REG0, 0, 32, table + 1);
	flow->actions[1].type = CVSW_ACT_GOTO_TABLE;
	flow->actions[1].table = table + 1;
}

/* An action that does nothing and no output: ovs-dpctl add-flows takes no empty list. */
void shape_print_ovs(const struct shape *shape, u32 i, struct seq_file *out)
{
	struct particulars p = particulars_of(shape, i);
	__be32 src = htonl(p.src & p.src_mask), dst = htonl(p.dst & p.dst_mask);
	__be32 src_mask = htonl(p.src_mask), dst_mask = htonl(p.dst_mask);
	static const char *const whole_or_not[] = { "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff" };

	/* Without any eth() it would be of no Ethernet. */
	seq_printf(out, "in_port(1),eth(src=%pM/%s,dst=%pM/%s),", p.dl_src, whole_or_not[p.has_dl_src],
		   p.dl_dst, whole_or_not[p.has_dl_dst]);
	seq_printf(out, "eth_type(0x0800),ipv4(src=%pI4/%pI4,dst=%pI4/%pI4,", &src, &src_mask, &dst,
		   &dst_mask);
	if (p.has_proto)
		seq_puts(out, "proto=17,");
	seq_puts(out, "frag=no)");
	if (p.has_tp_dst)
		seq_printf(out, ",udp(dst=%u)", p.tp_dst);
	else if (p.has_proto)
		seq_puts(out, ",udp(src=0/0)");
	seq_puts(out, " trunc(65535)\n");
}

void shape_print_tc(const struct shape *shape, u32 i, struct seq_file *out)
{
	struct particulars p = particulars_of(shape, i);
	__be32 src = htonl(p.src & p.src_mask), dst = htonl(p.dst & p.dst_mask);

	seq_puts(out, "filter add dev flower ingress protocol ip prio 1 flower");
	if (p.has_dl_dst)
		seq_printf(out, " dst_mac %pM", p.dl_dst);
	if (p.has_dl_src)
		seq_printf(out, " src_mac %pM", p.dl_src);
	if (p.src_mask)
		seq_printf(out, " src_ip %pI4/%lu", &src, 32 - __ffs(p.src_mask));
	if (p.dst_mask)
		seq_printf(out, " dst_ip %pI4/%lu", &dst, 32 - __ffs(p.dst_mask));
	if (p.has_proto)
		seq_puts(out, " ip_proto udp");
	if (p.has_tp_dst)
		seq_printf(out, " dst_port %u", p.tp_dst);
	seq_puts(out, " action drop\n");
}

struct sk_buff *shape_frame(const struct shape *shape, u32 i, u16 tp_src)
{
	struct particulars p = particulars_of(shape, i);
	struct sk_buff *skb = netdev_alloc_skb_ip_align(NULL, FRAME_LEN);
	struct ethhdr *eth;
	struct udphdr *udp;
	struct iphdr *ip;

	if (!skb)
		return NULL;
	eth = skb_put_zero(skb, FRAME_LEN);
	ether_addr_copy(eth->h_dest, p.dl_dst);
	ether_addr_copy(eth->h_source, p.dl_src);
	eth->h_proto = htons(ETH_P_IP);

	ip = (struct iphdr *)(eth + 1);
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tot_len = htons(FRAME_LEN - ETH_HLEN);
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->saddr = htonl(p.src);
	ip->daddr = htonl(p.dst);
	ip_send_check(ip);

	udp = (struct udphdr *)(ip + 1);
	udp->source = htons(tp_src);
	udp->dest = htons(p.tp_dst);
	udp->len = htons(FRAME_LEN - ETH_HLEN - sizeof(*ip));
	return skb;
}
