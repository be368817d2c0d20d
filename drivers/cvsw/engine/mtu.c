// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>

#include "mtu.h"
#include "tunnel/pmtu.h"
#include "segment.h"

/* What the answers may be long: RFC 1812, 4.3.2.3, and IPv6's least MTU (RFC 4443, 2.4). */
#define ANSWER_MAX_IPV4		576
#define ANSWER_MAX_IPV6		IPV6_MIN_MTU

/* Between two answers to a sender about one destination. */
#define TOLD_PAUSE		max(HZ / 50, 1)

/*
 * An answer to @skb: Ethernet header turned round, @headers zero bytes for what
 * the caller writes, and as much of the packet as @max allows.
 */
static struct sk_buff *answer_begin(const struct sk_buff *skb, const struct cvsw_layout *at,
				    unsigned int headers, unsigned int max)
{
	unsigned int quoted = min(skb->len - at->l3, max - headers);
	struct sk_buff *answer;
	u8 *data;

	answer = netdev_alloc_skb(skb->dev, at->l3 + headers + quoted);
	if (!answer)
		return NULL;
	data = skb_put(answer, at->l3 + headers + quoted);
	if (skb_copy_bits(skb, 0, data, at->l3) ||
	    skb_copy_bits(skb, at->l3, data + at->l3 + headers, quoted)) {
		kfree_skb(answer);
		return NULL;
	}
	memset(data + at->l3, 0, headers);
	skb_copy_bits(skb, ETH_ALEN, data, ETH_ALEN);
	skb_copy_bits(skb, 0, data + ETH_ALEN, ETH_ALEN);
	return answer;
}

/*
 * RFC 1122, 3.2.2: not to groups, not about errors.  Without DF, too: a router would make
 * fragments (RFC 1191, 4), but here the sender is the guest's own stack, as a rule, and
 * makes them by itself once it knows the size.
 */
static bool may_answer_ipv4(const struct sk_buff *skb, const struct cvsw_layout *at,
			    const struct iphdr *ip)
{
	const u8 *type;
	u8 buf;

	if (ipv4_is_multicast(ip->daddr) || ipv4_is_lbcast(ip->daddr) ||
	    ipv4_is_multicast(ip->saddr) || ipv4_is_zeronet(ip->saddr) ||
	    ip->frag_off & htons(IP_OFFSET))
		return false;
	if (ip->protocol != IPPROTO_ICMP)
		return true;
	type = skb_header_pointer(skb, at->l3 + ip->ihl * 4, sizeof(buf), &buf);
	return type && (*type == ICMP_ECHO || *type == ICMP_ECHOREPLY);
}

static struct sk_buff *answer_ipv4(const struct sk_buff *skb, const struct cvsw_layout *at,
				   unsigned int mtu)
{
	struct icmphdr *icmp;
	struct sk_buff *answer;
	struct iphdr *ip, about;
	unsigned int len;

	if (skb_copy_bits(skb, at->l3, &about, sizeof(about)) ||
	    !may_answer_ipv4(skb, at, &about))
		return NULL;
	answer = answer_begin(skb, at, sizeof(*ip) + sizeof(*icmp), ANSWER_MAX_IPV4);
	if (!answer)
		return NULL;
	ip = (struct iphdr *)(answer->data + at->l3);
	icmp = (struct icmphdr *)(ip + 1);
	len = answer->len - at->l3;

	icmp->type = ICMP_DEST_UNREACH;
	icmp->code = ICMP_FRAG_NEEDED;
	icmp->un.frag.mtu = htons(min_t(unsigned int, mtu, U16_MAX));
	icmp->checksum = csum_fold(csum_partial(icmp, len - sizeof(*ip), 0));
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tot_len = htons(len);
	ip->ttl = IPDEFTTL;
	ip->protocol = IPPROTO_ICMP;
	ip->saddr = about.daddr;
	ip->daddr = about.saddr;
	ip_send_check(ip);
	return answer;
}

/* Unlike other errors this one is sent about group destinations too (RFC 4443, 2.4 e). */
static struct sk_buff *answer_ipv6(const struct sk_buff *skb, const struct cvsw_layout *at,
				   unsigned int mtu)
{
	struct icmp6hdr *icmp;
	struct sk_buff *answer;
	struct ipv6hdr *ip, about;
	unsigned int len;

	if (skb_copy_bits(skb, at->l3, &about, sizeof(about)) ||
	    ipv6_addr_is_multicast(&about.saddr) || ipv6_addr_any(&about.saddr) ||
	    ipv6_addr_is_multicast(&about.daddr))
		return NULL;
	answer = answer_begin(skb, at, sizeof(*ip) + sizeof(*icmp), ANSWER_MAX_IPV6);
	if (!answer)
		return NULL;
	ip = (struct ipv6hdr *)(answer->data + at->l3);
	icmp = (struct icmp6hdr *)(ip + 1);
	len = answer->len - at->l3 - sizeof(*ip);

	ip->version = 6;
	ip->payload_len = htons(len);
	ip->nexthdr = IPPROTO_ICMPV6;
	ip->hop_limit = 255;
	ip->saddr = about.daddr;
	ip->daddr = about.saddr;
	icmp->icmp6_type = ICMPV6_PKT_TOOBIG;
	icmp->icmp6_mtu = htonl(mtu);
	icmp->icmp6_cksum = csum_ipv6_magic(&ip->saddr, &ip->daddr, len, IPPROTO_ICMPV6,
					    csum_partial(icmp, len, 0));
	return answer;
}

static u32 way_hash(const struct sk_buff *skb, const struct cvsw_layout *at)
{
	struct cvsw_layout addresses = *at;

	addresses.transport = 0;
	return cvsw_layout_hash(skb, &addresses);
}

/*
 * One answer suffices, and whoever does not listen has no use for a hundred: a pair
 * of addresses gets one in TOLD_PAUSE (RFC 1812, 4.3.2.8; RFC 4443, 2.4 f).
 */
static bool may_tell_again(struct cvsw_engine *engine, const struct sk_buff *skb,
			   const struct cvsw_layout *at)
{
	u32 *told = &engine->told[way_hash(skb, at) % CVSW_TOLD_WAYS];
	u32 now = (u32)jiffies, last = READ_ONCE(*told);

	/* Zero is never, so that a new engine has told nobody. */
	return (!last || now - last >= TOLD_PAUSE) && cmpxchg(told, last, now ?: 1) == last;
}

/* Return: the counter of the frame, which is dropped. */
static enum cvsw_counter tell_sender(const struct cvsw_walk *walk, const struct sk_buff *skb,
				     const struct cvsw_layout *at, unsigned int mtu)
{
	struct sk_buff *answer;

	/* With interrupts off (netpoll) the stack takes nothing. */
	if (!cvsw_layout_is_ip(at) || (!skb->dev && !walk->trace) || irqs_disabled())
		return CVSW_CNT_DROP_TOO_BIG;
	if (!walk->trace && !may_tell_again(walk->engine, skb, at))
		return CVSW_CNT_DROP_TOO_BIG_AGAIN;
	answer = at->network ? answer_ipv4(skb, at, mtu) : answer_ipv6(skb, at, mtu);
	if (!answer)
		return CVSW_CNT_DROP_TOO_BIG;
	if (walk->trace) {
		kfree_skb(answer);
		return CVSW_CNT_DROP_TOO_BIG_TOLD;
	}
	answer->protocol = eth_type_trans(answer, skb->dev);
	answer->ip_summed = CHECKSUM_UNNECESSARY;
	return netif_rx(answer) == NET_RX_SUCCESS ? CVSW_CNT_DROP_TOO_BIG_TOLD :
						    CVSW_CNT_DROP_TOO_BIG;
}

/* What the controller has left room for is a packet behind Ethernet's header, without a tag. */
static unsigned int tags_inside(unsigned int l2)
{
	return l2 > ETH_HLEN ? l2 - ETH_HLEN : 0;
}

static unsigned int mtu_less(unsigned int mtu, unsigned int bytes)
{
	return mtu > bytes ? mtu - bytes : 0;
}

bool cvsw_mtu_check(const struct cvsw_walk *walk, const struct sk_buff *skb,
		    const struct cvsw_layout *at, const struct cvsw_layers *layers)
{
	unsigned int packet = cvsw_segment_len(skb, at) - at->l3;
	unsigned int around = layers->l2 + layers->bytes, tags = tags_inside(layers->l2);
	struct cvsw_engine *engine = walk->engine;
	unsigned int path = cvsw_pmtu(engine->pmtus, layers->dst);
	enum cvsw_counter cause = CVSW_CNT_DROP_TOO_BIG;
	unsigned int mtu;

	mtu = max(mtu_less(READ_ONCE(engine->control_mtu), tags),
		  mtu_less(READ_ONCE(engine->wire_mtu), around));
	if (unlikely(path != UINT_MAX))
		mtu = min(mtu, mtu_less(path, around));
	if (likely(packet <= mtu))
		return true;
	if (walk->in == CVSW_HOST)
		cause = tell_sender(walk, skb, at, mtu);
	cvsw_stats_count(engine->stats, cause);
	return false;
}
