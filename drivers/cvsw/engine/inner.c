// SPDX-License-Identifier: GPL-2.0
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jhash.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/dsfield.h>
#include <net/ip.h>

#include "inner.h"
#include "table/key.h"

static bool holds(const struct sk_buff *skb, unsigned int at, unsigned int len)
{
	return at + len <= skb->len;
}

static void read_l4(const struct sk_buff *skb, struct cvsw_inner *inner, unsigned int at,
		    u8 protocol)
{
	inner->protocol = protocol;
	if (protocol == IPPROTO_TCP ? holds(skb, at, sizeof(struct tcphdr)) :
	    protocol == IPPROTO_UDP && holds(skb, at, sizeof(struct udphdr)))
		inner->l4 = at;
}

static void read_ipv4(const struct sk_buff *skb, struct cvsw_inner *inner)
{
	const struct iphdr *ip;
	struct iphdr buf;

	ip = skb_header_pointer(skb, inner->l3, sizeof(buf), &buf);
	if (!ip || ip->version != 4 || ip->ihl < 5 || !holds(skb, inner->l3, ip->ihl * 4))
		return;
	inner->type = ETH_P_IP;
	inner->tos = ip->tos;
	if (!ip_is_fragment(ip))
		read_l4(skb, inner, inner->l3 + ip->ihl * 4, ip->protocol);
}

static void read_ipv6(const struct sk_buff *skb, struct cvsw_inner *inner)
{
	const struct ipv6hdr *ip;
	struct ipv6hdr buf;

	ip = skb_header_pointer(skb, inner->l3, sizeof(buf), &buf);
	if (!ip || ip->version != 6)
		return;
	inner->type = ETH_P_IPV6;
	inner->tos = ipv6_get_dsfield(ip);
	read_l4(skb, inner, inner->l3 + sizeof(*ip), ip->nexthdr);
}

void cvsw_inner_read(const struct sk_buff *skb, struct cvsw_inner *inner)
{
	const __be16 *first;
	unsigned int l3;
	__be16 type;
	u16 tci = 0;

	*inner = (struct cvsw_inner){ .l3 = ETH_HLEN };
	first = skb_header_pointer(skb, 2 * ETH_ALEN, sizeof(type), &type);
	if (!first)
		return;
	type = *first;
	l3 = cvsw_skip_tags(skb, &type, &tci);
	if (!l3 || l3 > CVSW_INNER_L3_MAX)
		return;
	inner->l3 = l3;
	if (type == htons(ETH_P_IP))
		read_ipv4(skb, inner);
	else if (type == htons(ETH_P_IPV6))
		read_ipv6(skb, inner);
}

/* Addresses that follow each other, in words. */
static u32 hash_words(const struct sk_buff *skb, unsigned int at, unsigned int words, u32 seed)
{
	u32 buf[2 * sizeof(struct in6_addr) / sizeof(u32)];

	if (skb_copy_bits(skb, at, buf, words * sizeof(u32)))
		return seed;
	return jhash2(buf, words, seed);
}

u32 cvsw_inner_hash(const struct sk_buff *skb, const struct cvsw_inner *inner)
{
	/* So that nobody can choose flows that all go one way. */
	static u32 secret __read_mostly;
	u32 hash;

	/* The socket's own, which changes when the socket looks for another path. */
	if (skb->l4_hash)
		return skb->hash;
	get_random_once(&secret, sizeof(secret));
	hash = secret ^ inner->protocol;
	switch (inner->type) {
	case ETH_P_IP:
		hash = hash_words(skb, inner->l3 + offsetof(struct iphdr, saddr), 2, hash);
		break;
	case ETH_P_IPV6:
		hash = hash_words(skb, inner->l3 + offsetof(struct ipv6hdr, saddr), 8, hash);
		break;
	default:
		return hash_words(skb, 0, 2 * ETH_ALEN / sizeof(u32), hash);
	}
	return inner->l4 ? hash_words(skb, inner->l4, 1, hash) : hash;
}
