// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets that get all that is for this machine.  Raw ones get what the IP layer lets
 * through, put together from fragments, before TCP and UDP look at lengths and checksums:
 * no other socket gets more.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <net/arp.h>
#include <net/ndisc.h>
#include <net/neighbour.h>
#include <net/sock.h>

#include "stack.h"

static const u8 protocols4[] = {
	IPPROTO_ICMP, IPPROTO_IPIP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_DCCP, IPPROTO_IPV6, IPPROTO_GRE,
	IPPROTO_ESP, IPPROTO_AH, IPPROTO_SCTP, IPPROTO_UDPLITE, DENIED_PROTOCOL,
};
/* Not those of extension headers: the key has what follows them. */
static const u8 protocols6[] = {
	IPPROTO_IPIP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_DCCP, IPPROTO_IPV6, IPPROTO_GRE, IPPROTO_ESP,
	IPPROTO_ICMPV6, IPPROTO_NONE, IPPROTO_SCTP, IPPROTO_MH, IPPROTO_UDPLITE, 139, 140,
	DENIED_PROTOCOL,
};
#define N_SOCKETS	(ARRAY_SIZE(protocols4) + ARRAY_SIZE(protocols6))

static struct socket *sockets[N_SOCKETS];
static const u8 nobody[ETH_ALEN] = { 2, 0, 0, 0, 0xee, 0xee };

int stack_hear_start(void)
{
	unsigned int i;

	for (i = 0; i < N_SOCKETS; i++) {
		bool ipv6 = i >= ARRAY_SIZE(protocols4);
		int err = sock_create_kern(&init_net, ipv6 ? AF_INET6 : AF_INET, SOCK_RAW,
					   ipv6 ? protocols6[i - ARRAY_SIZE(protocols4)] :
						  protocols4[i], &sockets[i]);

		if (err) {
			stack_hear_stop();
			return err;
		}
	}
	return 0;
}

void stack_hear_stop(void)
{
	unsigned int i;

	for (i = 0; i < N_SOCKETS; i++) {
		if (sockets[i])
			sock_release(sockets[i]);
		sockets[i] = NULL;
	}
}

static struct neighbour *neighbor(const struct stack_case *c, int ifindex, bool create)
{
	struct neigh_table *table = c->neighbor_len == 4 ? &arp_tbl : &nd_tbl;
	struct net_device *dev = dev_get_by_index(&init_net, ifindex);
	struct neighbour *n;

	if (!dev)
		return NULL;
	n = __neigh_lookup(table, c->neighbor, dev, create);
	dev_put(dev);
	return n;
}

void stack_hear_prepare(const struct stack_case *c, int ifindexes[], unsigned int n)
{
	unsigned int i;

	for (i = 0; c->neighbor_len && i < n; i++) {
		struct neighbour *entry = neighbor(c, ifindexes[i], true);

		if (!entry)
			continue;
		neigh_update(entry, nobody, NUD_STALE,
			     NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_ADMIN, 0);
		entry->updated = jiffies - HZ;	/* or replies of the same moment are not believed */
		neigh_release(entry);
	}
}

/* The transport header, of @len bytes. */
static void read_transport(struct seen *seen, const u8 *data, unsigned int len)
{
	switch (seen->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		seen->cut = len < (seen->protocol == IPPROTO_TCP ? 14 : 4);
		if (seen->cut)
			return;
		seen->tp_src = get16(data);
		seen->tp_dst = get16(data + 2);
		if (seen->protocol == IPPROTO_TCP)
			seen->flags = get16(data + 12) & 0xfff;
		return;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		seen->cut = len < 2;
		if (seen->cut || seen->ipv6 != (seen->protocol == IPPROTO_ICMPV6))
			return;
		seen->tp_src = data[0];
		seen->tp_dst = data[1];
		return;
	}
}

static void read_packet(struct seen *seen, const struct sk_buff *skb, bool ipv6, u8 protocol)
{
	const u8 *ip = skb_network_header(skb), *transport;
	unsigned int len;
	u8 buf[14] = {};
	int at;

	*seen = (struct seen){ .ipv6 = ipv6, .protocol = protocol, .ifindex = skb->skb_iif };
	memcpy(seen->src, ip + (ipv6 ? 8 : 12), ipv6 ? 16 : 4);
	memcpy(seen->dst, ip + (ipv6 ? 24 : 16), ipv6 ? 16 : 4);
	at = ipv6 ? 0 : (ip[0] & 15) * 4;	/* where data is: at either header */
	len = skb->len - at;
	transport = skb_header_pointer(skb, at, min_t(unsigned int, len, sizeof(buf)), buf);
	read_transport(seen, transport, transport ? len : 0);
}

unsigned int stack_hear(const struct stack_case *c, int ifindexes[], unsigned int n,
			struct seen seen[STACK_SEEN_MAX])
{
	unsigned int i, count = 0;
	struct sk_buff *skb;

	for (i = 0; i < N_SOCKETS; i++) {
		bool ipv6 = i >= ARRAY_SIZE(protocols4);
		u8 protocol = ipv6 ? protocols6[i - ARRAY_SIZE(protocols4)] : protocols4[i];

		if (likely(skb_queue_empty_lockless(&sockets[i]->sk->sk_receive_queue)))
			continue;
		while ((skb = skb_dequeue(&sockets[i]->sk->sk_receive_queue))) {
			/* Not what the stack says to itself, of a peer that does not answer. */
			if (count < STACK_SEEN_MAX && skb->skb_iif != init_net.loopback_dev->ifindex)
				read_packet(&seen[count++], skb, ipv6, protocol);
			kfree_skb(skb);
		}
	}
	for (i = 0; c->neighbor_len && i < n; i++) {
		struct neighbour *entry = neighbor(c, ifindexes[i], false);

		if (!entry)
			continue;
		if (memcmp(entry->ha, nobody, ETH_ALEN) && count < STACK_SEEN_MAX) {
			struct seen *one = &seen[count++];

			*one = (struct seen){ .is_neighbor = true, .ipv6 = c->neighbor_len == 16,
					      .ifindex = ifindexes[i] };
			memcpy(one->src, c->neighbor, c->neighbor_len);
			memcpy(one->mac, entry->ha, ETH_ALEN);
		}
		neigh_release(entry);
	}
	return count;
}
