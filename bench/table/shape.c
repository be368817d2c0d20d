// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/ip.h>

#include "shape.h"

#define FRAME_LEN	60
#define NET		0x0a000000	/* 10.0.0.0 */
#define TP_DST		9
#define NO_MASK		0xff

/* What is particular about one flow. */
struct particulars {
	u8 mac[ETH_ALEN];
	u32 src, dst;
	unsigned int wild_src, wild_dst;	/* low bits that do not count */
};

static struct particulars particulars_of(const struct shape *shape, u32 i)
{
	u32 mask = i % shape->masks, n = i / shape->masks;
	struct particulars p = {
		.mac = { 0x02, 0, 0, 0, 0, mask },
		.wild_src = mask / 8,
		.wild_dst = mask % 8,
	};

	p.src = NET + ((n & 0xfff) << p.wild_src);
	p.dst = NET + (n >> 12 << p.wild_dst);
	return p;
}

void shape_flow(const struct shape *shape, u32 i, struct cvsw_flow *flow)
{
	struct particulars p = particulars_of(shape, i);
	struct cvsw_key *key = &flow->match.key, *mask = &flow->match.mask;

	memcpy(key->dl_dst, p.mac, ETH_ALEN);
	eth_broadcast_addr(mask->dl_dst);
	key->dl_type = ETH_P_IP;
	mask->dl_type = 0xffff;
	key->nw_src = p.src;
	mask->nw_src = ~0U << p.wild_src;
	key->nw_dst = p.dst;
	mask->nw_dst = ~0U << p.wild_dst;
	key->nw_proto = IPPROTO_UDP;
	mask->nw_proto = 0xff;
	key->tp_dst = TP_DST;
	mask->tp_dst = 0xffff;
	cvsw_match_normalize(&flow->match);
}

/* An action that does nothing and no output: ovs-dpctl add-flows takes no empty list. */
void shape_print_ovs(const struct shape *shape, u32 i, struct seq_file *out)
{
	struct particulars p = particulars_of(shape, i);
	__be32 src = htonl(p.src), dst = htonl(p.dst);
	__be32 src_mask = htonl(~0U << p.wild_src), dst_mask = htonl(~0U << p.wild_dst);

	seq_printf(out, "in_port(1),eth(dst=%pM),eth_type(0x0800),"
		   "ipv4(src=%pI4/%pI4,dst=%pI4/%pI4,proto=17,frag=no),udp(dst=%u) trunc(65535)\n",
		   p.mac, &src, &src_mask, &dst, &dst_mask, TP_DST);
}

void shape_print_tc(const struct shape *shape, u32 i, struct seq_file *out)
{
	struct particulars p = particulars_of(shape, i);
	__be32 src = htonl(p.src), dst = htonl(p.dst);

	seq_printf(out, "filter add dev flower ingress protocol ip prio 1 flower dst_mac %pM "
		   "src_ip %pI4/%u dst_ip %pI4/%u ip_proto udp dst_port %u action drop\n",
		   p.mac, &src, 32 - p.wild_src, &dst, 32 - p.wild_dst, TP_DST);
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
	ether_addr_copy(eth->h_dest, p.mac);
	eth->h_source[0] = 0x02;
	eth->h_source[1] = 1;
	eth->h_proto = htons(ETH_P_IP);
	if (i >= shape->entries)
		eth->h_dest[ETH_ALEN - 1] = NO_MASK;

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
	udp->dest = htons(TP_DST);
	udp->len = htons(FRAME_LEN - ETH_HLEN - sizeof(*ip));
	return skb;
}
