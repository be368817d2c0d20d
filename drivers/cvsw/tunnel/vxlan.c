// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/ip.h>

#include "vxlan.h"

/*
 *  RFC 7348, 5:
 *
 *   0                   1                   2                   3
 *  +-+-+-+-+-+-+-+-+-----------------------------------------------+
 *  |R|R|R|R|I|R|R|R|                   reserved                    |
 *  +-+-+-+-+-+-+-+-+-----------------------------------------------+
 *  |             VXLAN network identifier          |   reserved    |
 *  +-----------------------------------------------+---------------+
 */
struct vxlan_header {
	__be32 flags;
	__be32 vni;
};
static_assert(sizeof(struct vxlan_header) == 8);

#define FLAG_VNI		0x08000000	/* I */
#define RESERVED_FLAGS		0xf7000000
#define RESERVED		0x00ffffff
#define VNI_SHIFT		8
#define VNI_RESERVED		0x000000ff

#define PORT_MASK		0x3fff

/* All that is put in front of a frame. */
struct outer {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	struct vxlan_header vxlan;
} __packed __aligned(2);
static_assert(sizeof(struct outer) == CVSW_VXLAN_HEAD);

/* ---- encapsulation ---- */

/*
 * With DF set no identification is needed (RFC 6864, 4.1); one is given for
 * middleboxes that clear DF.
 */
static DEFINE_PER_CPU(u16, next_id);

static u16 source_port(const struct sk_buff *skb, const struct cvsw_layout *at)
{
	u32 hash = cvsw_layout_hash(skb, at);

	return CVSW_VXLAN_FIRST_PORT + ((hash ^ hash >> 16) & PORT_MASK);
}

/* What the headers of all frames of a flow have in common: all but lengths, id and checksums. */
static void prepare_outer(struct outer *outer, const struct sk_buff *skb,
			  const struct cvsw_layout *at, const struct cvsw_tunnel *tunnel)
{
	u8 tos = tunnel->flags & CVSW_TUNNEL_INHERIT_TOS ? at->tos : tunnel->tos;

	ether_addr_copy(outer->eth.h_dest, tunnel->dl_dst);
	ether_addr_copy(outer->eth.h_source, tunnel->dl_src);
	outer->eth.h_proto = htons(ETH_P_IP);
	outer->ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tos = (tos & ~INET_ECN_MASK) | (at->tos & INET_ECN_MASK),
		.frag_off = htons(IP_DF),
		.ttl = tunnel->ttl,
		.protocol = IPPROTO_UDP,
		.saddr = cvsw_vxlan_ipv4(tunnel->src),
		.daddr = cvsw_vxlan_dst(tunnel),
	};
	outer->udp = (struct udphdr){
		.source = htons(source_port(skb, at)),
		.dest = htons(tunnel->udp_dst),
	};
	outer->vxlan.flags = htonl(FLAG_VNI);
	outer->vxlan.vni = htonl(tunnel->id << VNI_SHIFT);
}

/* What the device makes of a checksum inside is known ahead: the sum of all that it covers. */
static void write_udp_checksum(struct sk_buff *skb, struct outer *outer)
{
	unsigned int len = ntohs(outer->udp.len);
	__wsum sum = skb->ip_summed == CHECKSUM_PARTIAL ? lco_csum(skb) :
		     skb_checksum(skb, offsetof(struct outer, udp), len, 0);

	outer->udp.check = csum_tcpudp_magic(outer->ip.saddr, outer->ip.daddr, len,
					     IPPROTO_UDP, sum) ?: CSUM_MANGLED_0;
}

static void push_outer(struct sk_buff *skb, const struct outer *prepared, bool checksum)
{
	unsigned int len = skb->len;
	struct outer *outer = skb_push(skb, sizeof(*outer));

	*outer = *prepared;
	outer->ip.tot_len = htons(sizeof(*outer) - ETH_HLEN + len);
	outer->ip.id = htons(this_cpu_inc_return(next_id));
	ip_send_check(&outer->ip);
	outer->udp.len = htons(sizeof(struct udphdr) + sizeof(struct vxlan_header) + len);

	skb_reset_mac_header(skb);
	skb_set_network_header(skb, offsetof(struct outer, ip));
	skb_set_transport_header(skb, offsetof(struct outer, udp));
	skb->mac_len = ETH_HLEN;
	skb->protocol = htons(ETH_P_IP);
	/* What is left to the device, inside, stays there. */
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		skb->ip_summed = CHECKSUM_NONE;
	if (checksum)
		write_udp_checksum(skb, outer);
}

void cvsw_vxlan_encap(struct sk_buff *list, const struct cvsw_layout *at,
		      const struct cvsw_tunnel *tunnel)
{
	struct outer outer;

	prepare_outer(&outer, list, at, tunnel);
	for (; list; list = list->next)
		push_outer(list, &outer, tunnel->flags & CVSW_TUNNEL_CSUM);
}

/* ---- decapsulation ---- */

bool cvsw_vxlan_is(const struct sk_buff *skb, const struct cvsw_layout *at)
{
	const __be16 *ports;
	__be16 buf[2];

	if (!at->network || at->protocol != IPPROTO_UDP || !at->transport)
		return false;
	ports = skb_header_pointer(skb, at->transport, sizeof(buf), buf);
	return ports && ports[1] == htons(CVSW_VXLAN_PORT);
}

/* Return: 0, or the counter of what is wrong with the UDP datagram. */
static int check_udp(const struct sk_buff *skb, const struct cvsw_layout *at,
		     const struct iphdr *ip, const struct udphdr *udp)
{
	unsigned int len = ntohs(udp->len);

	if (len < sizeof(*udp) + sizeof(struct vxlan_header) + ETH_HLEN ||
	    len > at->end - at->transport)
		return CVSW_CNT_DROP_TUN_SHORT;
	if (!udp->check || skb->ip_summed == CHECKSUM_UNNECESSARY ||
	    skb->ip_summed == CHECKSUM_PARTIAL)
		return 0;
	if (csum_fold(skb_checksum(skb, at->transport, len,
				   csum_tcpudp_nofold(ip->saddr, ip->daddr, len, IPPROTO_UDP, 0))))
		return CVSW_CNT_DROP_TUN_CHECKSUM;
	return 0;
}

static int check_vxlan(const struct vxlan_header *vxlan)
{
	u32 flags = ntohl(vxlan->flags);

	if (!(flags & FLAG_VNI))
		return CVSW_CNT_DROP_VXLAN_NO_VNI;
	if (flags & RESERVED_FLAGS)
		return CVSW_CNT_DROP_VXLAN_FLAGS;
	if (flags & RESERVED || ntohl(vxlan->vni) & VNI_RESERVED)
		return CVSW_CNT_DROP_VXLAN_RESERVED;
	return 0;
}

static void learn_identity(struct cvsw_walk *walk, const struct iphdr *ip,
			   const struct vxlan_header *vxlan)
{
	static const u8 mapped[CVSW_IP_LEN - sizeof(__be32)] = { [10] = 0xff, [11] = 0xff };

	walk->tun_type = CVSW_TUNNEL_VXLAN;
	walk->tun_id = ntohl(vxlan->vni) >> VNI_SHIFT;
	memcpy(walk->tun_src, mapped, sizeof(mapped));
	memcpy(walk->tun_src + sizeof(mapped), &ip->saddr, sizeof(ip->saddr));
	memcpy(walk->tun_dst, mapped, sizeof(mapped));
	memcpy(walk->tun_dst + sizeof(mapped), &ip->daddr, sizeof(ip->daddr));
}

/*
 * A giant that the host's stack glued together is taken out in one piece if it
 * is one inner packet's segments.
 */
static bool unwrap_gso(struct sk_buff *skb)
{
	struct skb_shared_info *info = skb_shinfo(skb);

	if (!skb_is_gso(skb))
		return true;
	if (!(info->gso_type & (SKB_GSO_UDP_TUNNEL | SKB_GSO_UDP_TUNNEL_CSUM)) ||
	    skb_unclone(skb, GFP_ATOMIC))
		return false;
	info = skb_shinfo(skb);
	info->gso_type &= ~(SKB_GSO_UDP_TUNNEL | SKB_GSO_UDP_TUNNEL_CSUM | SKB_GSO_PARTIAL);
	return true;
}

/* What is known of the checksums behind @head bytes that go, one of them UDP's if @checked. */
static void unwrap_checksum(struct sk_buff *skb, unsigned int head, bool checked)
{
	switch (skb->ip_summed) {
	case CHECKSUM_UNNECESSARY:
		if (checked)
			__skb_decr_checksum_unnecessary(skb);
		break;
	case CHECKSUM_PARTIAL:
		if (skb_checksum_start_offset(skb) < (int)(head + ETH_HLEN))
			skb->ip_summed = CHECKSUM_NONE;
		break;
	case CHECKSUM_COMPLETE:
		skb->csum = csum_sub(skb->csum, csum_partial(skb->data + ETH_HLEN, head, 0));
		break;
	}
}

/* RFC 6040, 4.2.  Return: 0 or a counter. */
static int unwrap_ecn(struct sk_buff *skb, u8 outer)
{
	struct cvsw_layout inner;
	u8 ecn, combined;

	if (!(outer & INET_ECN_MASK))
		return 0;
	cvsw_layout_read(skb, &inner);
	if (!cvsw_layout_is_ip(&inner))
		return 0;
	ecn = inner.tos & INET_ECN_MASK;
	outer &= INET_ECN_MASK;
	if (!ecn)
		return outer == INET_ECN_CE ? CVSW_CNT_DROP_TUN_ECN : 0;
	combined = ecn == INET_ECN_CE || outer == INET_ECN_ECT_0 ? ecn : outer;
	if (combined == ecn)
		return 0;
	if (skb_ensure_writable(skb, inner.l3 + (inner.network ? sizeof(struct iphdr) :
						 sizeof(struct ipv6hdr))))
		return CVSW_CNT_DROP_NOMEM;
	if (inner.network)
		ipv4_change_dsfield((struct iphdr *)(skb->data + inner.l3),
				    (u8)~INET_ECN_MASK, combined);
	else
		ipv6_change_dsfield((struct ipv6hdr *)(skb->data + inner.l3),
				    (u8)~INET_ECN_MASK, combined);
	return 0;
}

/* The frame's own description, where the outer one's was. */
static void become_inner(struct sk_buff *skb)
{
	const struct ethhdr *eth = (const struct ethhdr *)skb->data;

	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	skb_set_transport_header(skb, ETH_HLEN);
	skb->mac_len = ETH_HLEN;
	skb->protocol = eth_proto_is_802_3(eth->h_proto) ? eth->h_proto : htons(ETH_P_802_2);
	skb->encapsulation = 0;
	skb_clear_hash(skb);
	__vlan_hwaccel_clear_tag(skb);
}

/* Return: 0, or the counter of why the frame is to be dropped. */
static int decap_frame(struct cvsw_walk *walk, struct sk_buff *skb, const struct cvsw_layout *at)
{
	unsigned int head = at->transport + sizeof(struct udphdr) + sizeof(struct vxlan_header);
	const struct vxlan_header *vxlan;
	const struct udphdr *udp;
	const struct iphdr *ip;
	bool checked;
	u8 tos;
	int err;

	if (!at->network || at->protocol != IPPROTO_UDP)
		return CVSW_CNT_DROP_TUN_NONE;
	if (!at->transport || at->fragment)
		return CVSW_CNT_DROP_TUN_FRAGMENT;
	if (head + ETH_HLEN > at->end)
		return CVSW_CNT_DROP_TUN_SHORT;
	if (!pskb_may_pull(skb, head + ETH_HLEN))
		return CVSW_CNT_DROP_NOMEM;
	ip = (struct iphdr *)(skb->data + at->network);
	udp = (struct udphdr *)(skb->data + at->transport);
	vxlan = (struct vxlan_header *)(udp + 1);

	err = check_udp(skb, at, ip, udp) ?: check_vxlan(vxlan);
	if (err)
		return err;
	if (!unwrap_gso(skb))
		return CVSW_CNT_DROP_TUN_GSO;
	/* It may have moved. */
	ip = (struct iphdr *)(skb->data + at->network);
	udp = (struct udphdr *)(skb->data + at->transport);
	learn_identity(walk, ip, (struct vxlan_header *)(udp + 1));
	tos = ip->tos;
	checked = udp->check;

	if (pskb_trim_rcsum(skb, at->transport + ntohs(udp->len)))
		return CVSW_CNT_DROP_NOMEM;
	unwrap_checksum(skb, head, checked);
	__skb_pull(skb, head);
	become_inner(skb);
	if (cvsw_frame_is_control(skb))
		return CVSW_CNT_DROP_TUN_CONTROL;
	return unwrap_ecn(skb, tos);
}

struct sk_buff *cvsw_vxlan_decap(struct cvsw_walk *walk, struct sk_buff *skb,
				 const struct cvsw_layout *at)
{
	int cause = decap_frame(walk, skb, at);

	if (likely(!cause))
		return skb;
	cvsw_stats_count(walk->engine->stats, cause);
	dev_kfree_skb_any(skb);
	return NULL;
}
