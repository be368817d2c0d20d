// SPDX-License-Identifier: GPL-2.0
/*
 * From a frame to the fields that flows match.
 *
 * What the stack behind the NIC understands is understood here: it strips any
 * number of tags and follows any number of extension headers, so the frame's
 * end is the only bound.  Where a header is missing that the stack may find
 * elsewhere, in another fragment, layout->whole is false.  Each read_*() that
 * returns a bool returns that.
 *
 * What the stack takes apart only if its administrator has made a device, a
 * socket or a state for it is opaque: tunnels (IPv4 or IPv6 in IP, GRE, MPLS),
 * ESP, segment routing.
 *
 * skb_header_pointer() is the only way in: a frame may be shared (pktgen) or
 * its headers may lie in page fragments, so nothing is pulled.  Where the
 * bytes are linear, and mostly they are, it costs a comparison.
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jhash.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/tcp.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "proto/cvsw_v3_frame.h"
#include "compat.h"
#include "key.h"

/* What OpenFlow 1.0 calls the type of an 802.3 frame without SNAP (3.4). */
#define OFP10_DL_TYPE_NOT_ETH	0x05ff

/* IEEE 802.2 LLC with the SNAP extension. */
struct snap_header {
	u8 llc[3];
	u8 oui[3];
	__be16 type;
} __packed;
static_assert(sizeof(struct snap_header) == 8);

/* RFC 826 with Ethernet and IPv4 addresses. */
struct arp_ipv4 {
	struct arphdr fixed;
	u8 sender_mac[ETH_ALEN];
	__be32 sender_ip;
	u8 target_mac[ETH_ALEN];
	__be32 target_ip;
} __packed;
static_assert(sizeof(struct arp_ipv4) == 28);

/* An option with the address of an Ethernet: RFC 4861, 4.6.1, and RFC 2464, 6. */
struct neighbor_option {
	u8 type;
	u8 len;		/* in units of this struct */
	u8 mac[ETH_ALEN];
};
static_assert(sizeof(struct neighbor_option) == 8);

#define OPTION_SOURCE_MAC	1
#define OPTION_TARGET_MAC	2

/* The messages that change a stack's neighbor table: RFC 4861, 4.1 to 4.5. */
#define FIRST_MESSAGE		133
static const struct neighbor_message {
	u8 options;		/* where they begin */
	u8 wanted;		/* the option that is looked for */
	bool target;		/* has one, behind the first eight bytes */
} messages[] = {
	{ 8, OPTION_SOURCE_MAC, false },			/* router solicitation */
	{ 16, OPTION_SOURCE_MAC, false },			/* router advertisement */
	{ CVSW_ND_MESSAGE_LEN, OPTION_SOURCE_MAC, true },	/* CVSW_ND_SOLICIT */
	{ CVSW_ND_MESSAGE_LEN, OPTION_TARGET_MAC, true },	/* CVSW_ND_ADVERT */
	{ 40, OPTION_TARGET_MAC, true },			/* redirect */
};
#define TARGET			8

/* Options of IPv4 that send a packet on from its destination: RFC 791, 3.1. */
#define OPTION_LOOSE_ROUTE	131
#define OPTION_STRICT_ROUTE	137

/*
 * Go behind all VLAN tags in the frame.  Linux strips tags with identifier zero, however
 * many there are (IEEE 802.1Q, 6.9: they have a priority only), and VLAN devices take off
 * the others.
 * @type: in: the Ethernet header's; out: what is behind the last tag
 * @tci: in: that of a tag outside of the frame's bytes, with CVSW_VLAN_PRESENT, or zero;
 *	out: the first tag with an identifier other than zero, else the first tag
 * Return: offset of what follows @type, or 0 if the frame ends in a tag.
 */
static unsigned int skip_tags(const struct sk_buff *skb, __be16 *type, u16 *tci)
{
	unsigned int offset = ETH_HLEN;

	while (eth_type_vlan(*type)) {
		const struct vlan_hdr *tag;
		struct vlan_hdr buf;

		tag = skb_header_pointer(skb, offset, sizeof(*tag), &buf);
		if (!tag)
			return 0;
		if (!*tci || (!(*tci & VLAN_VID_MASK) && tag->h_vlan_TCI & htons(VLAN_VID_MASK)))
			*tci = ntohs(tag->h_vlan_TCI) | CVSW_VLAN_PRESENT;
		*type = tag->h_vlan_encapsulated_proto;
		offset += VLAN_HLEN;
	}
	return offset;
}

/* The type behind an 802.3 length; *@offset moves behind SNAP if that is there. */
static u16 snap_type(const struct sk_buff *skb, unsigned int *offset)
{
	static const u8 ethernet[6] = { 0xaa, 0xaa, 0x03, 0, 0, 0 };
	const struct snap_header *snap;
	struct snap_header buf;

	snap = skb_header_pointer(skb, *offset, sizeof(*snap), &buf);
	if (!snap || memcmp(snap, ethernet, sizeof(ethernet)) ||
	    ntohs(snap->type) < ETH_P_802_3_MIN)
		return OFP10_DL_TYPE_NOT_ETH;
	*offset += sizeof(*snap);
	return ntohs(snap->type);
}

/*
 * What the frame carries behind tags and SNAP.
 * @first: the Ethernet header's type
 * @type: out, host order
 * @l3: as struct cvsw_layout has it; in: for a frame without tags
 * Return: where it begins, or 0 if the frame ends before.
 */
static unsigned int read_type(const struct sk_buff *skb, __be16 first, u16 *type, u16 *tci, u16 *l3)
{
	unsigned int offset = ETH_HLEN;

	if (eth_type_vlan(first)) {
		offset = skip_tags(skb, &first, tci);
		if (!offset)
			return 0;
		if (likely(offset <= CVSW_L3_MAX))
			*l3 = offset;
	}
	*type = ntohs(first);
	if (unlikely(*type < ETH_P_802_3_MIN))
		*type = snap_type(skb, &offset);
	return offset;
}

static void read_arp(const struct sk_buff *skb, unsigned int offset, struct cvsw_key *key,
		     struct cvsw_layout *layout)
{
	const struct arp_ipv4 *arp;
	struct arp_ipv4 buf;

	arp = skb_header_pointer(skb, offset, sizeof(*arp), &buf);
	/* RFC 1042's hardware type is Ethernet to Linux, too. */
	if (!arp || (arp->fixed.ar_hrd != htons(ARPHRD_ETHER) &&
		     arp->fixed.ar_hrd != htons(ARPHRD_IEEE802)) ||
	    arp->fixed.ar_pro != htons(ETH_P_IP) ||
	    arp->fixed.ar_hln != ETH_ALEN || arp->fixed.ar_pln != sizeof(__be32))
		return;

	key->nw_src = ntohl(arp->sender_ip);
	key->nw_dst = ntohl(arp->target_ip);
	key->nw_proto = ntohs(arp->fixed.ar_op) & 0xff;
	memcpy(key->hw_src, arp->sender_mac, sizeof(key->hw_src));
	memcpy(key->hw_dst, arp->target_mac, sizeof(key->hw_dst));
	key->layers = CVSW_LAYER_ADDR | CVSW_LAYER_WIDE;
	layout->arp = offset;
}

/* ---- transport ---- */

/* @held: bytes of the transport header and behind */
static bool read_ports(const struct sk_buff *skb, struct cvsw_key *key,
		       const struct cvsw_layout *layout, unsigned int held)
{
	const __be16 *words;
	__be16 buf[7];		/* up to TCP's flags */
	bool tcp = layout->protocol == IPPROTO_TCP, flags = tcp && held >= sizeof(buf);

	if (held < 2 * sizeof(buf[0]))
		return false;
	words = skb_header_pointer(skb, layout->transport, flags ? sizeof(buf) : 2 * sizeof(buf[0]),
				   buf);
	if (!words)
		return false;
	key->tp_src = ntohs(words[0]);
	key->tp_dst = ntohs(words[1]);
	if (flags)
		key->tcp_flags = ntohs(words[6]) & CVSW_TCP_FLAGS_MASK;
	key->layers |= CVSW_LAYER_PORTS;
	return flags || !tcp;
}

/*
 * The address in the option that is looked for: the first of several, as the stack has it.
 * Return: false: an option lies.
 */
static bool read_options(const struct sk_buff *skb, const struct cvsw_layout *layout,
			 const struct neighbor_message *message, u8 mac[ETH_ALEN])
{
	unsigned int at = layout->transport + message->options;
	bool found = false;

	while (layout->end - at >= sizeof(struct neighbor_option)) {
		const struct neighbor_option *option;
		struct neighbor_option buf;

		option = skb_header_pointer(skb, at, sizeof(buf), &buf);
		if (!option || !option->len ||
		    option->len * sizeof(*option) > layout->end - at)
			return false;
		if (!found && option->type == message->wanted && option->len == 1) {
			found = true;
			ether_addr_copy(mac, option->mac);
		}
		at += option->len * sizeof(*option);
	}
	return true;
}

static bool read_neighbor(const struct sk_buff *skb, struct cvsw_key *key,
			  const struct cvsw_layout *layout)
{
	const struct neighbor_message *message = &messages[key->tp_src - FIRST_MESSAGE];
	u8 mac[ETH_ALEN] __aligned(2) = {};
	const struct in6_addr *target = NULL;
	struct in6_addr buf;

	/* Options may be in another fragment: no receiver takes it then (RFC 6980, 5). */
	if (layout->end - layout->transport < message->options || layout->fragment)
		return false;
	if (!read_options(skb, layout, message, mac))
		return false;
	if (message->target)
		target = skb_header_pointer(skb, layout->transport + TARGET, sizeof(buf), &buf);
	if (target)
		memcpy(key->nd_target, target, sizeof(key->nd_target));
	ether_addr_copy(message->wanted == OPTION_SOURCE_MAC ? key->hw_src : key->hw_dst, mac);
	return true;
}

static bool read_icmp(const struct sk_buff *skb, struct cvsw_key *key,
		      const struct cvsw_layout *layout, unsigned int held)
{
	const u8 *icmp;
	u8 buf[2];

	if (held < sizeof(buf))
		return false;
	icmp = skb_header_pointer(skb, layout->transport, sizeof(buf), buf);
	if (!icmp)
		return false;
	key->tp_src = icmp[0];
	key->tp_dst = icmp[1];
	if (layout->ipv6 && !key->tp_dst && key->tp_src >= FIRST_MESSAGE &&
	    key->tp_src < FIRST_MESSAGE + ARRAY_SIZE(messages))
		return read_neighbor(skb, key, layout);
	return true;
}

static bool read_transport(const struct sk_buff *skb, struct cvsw_key *key,
			   const struct cvsw_layout *layout)
{
	unsigned int held = layout->end - layout->transport;

	/* All fragments but the last are of whole eight bytes: what is more, the stack cuts off. */
	if (unlikely(layout->fragment && layout->network))
		held = round_down(held, 8);
	switch (layout->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		return read_ports(skb, key, layout, held);
	case IPPROTO_ICMP:
		return !layout->network || read_icmp(skb, key, layout, held);
	case IPPROTO_ICMPV6:
		return !layout->ipv6 || read_icmp(skb, key, layout, held);
	default:
		return true;
	}
}

/* ---- IP ---- */

/*
 * Do the options send the packet on to addresses that are not the key's, or do they lie?
 * A stack that takes part in source routing may give it to another of its sockets.
 */
static bool is_source_routed(const struct sk_buff *skb, unsigned int offset, unsigned int len)
{
	u8 buf[MAX_IPOPTLEN];
	const u8 *option = skb_header_pointer(skb, offset, len, buf), *end = option + len;

	if (!option)
		return true;
	while (option < end && *option != IPOPT_END) {
		if (*option == IPOPT_NOOP) {
			option++;
			continue;
		}
		if (end - option < 2 || option[1] < 2 || option[1] > end - option)
			return true;
		if (*option == OPTION_LOOSE_ROUTE || *option == OPTION_STRICT_ROUTE)
			return option[1] < 3 || option[2] <= option[1];
		option += option[1];
	}
	return false;
}

static bool read_ipv4(const struct sk_buff *skb, unsigned int offset, struct cvsw_key *key,
		      struct cvsw_layout *layout)
{
	const struct iphdr *ip;
	unsigned int header, total;
	struct iphdr buf;

	ip = skb_header_pointer(skb, offset, sizeof(*ip), &buf);
	if (!ip || ip->version != 4)
		return false;
	header = ip->ihl * 4;
	total = ntohs(ip->tot_len);
	/* A GSO frame too large for the field says zero ("BIG TCP"). */
	if (unlikely(!total) && skb_is_gso(skb))
		total = skb->len - offset;
	if (header < sizeof(*ip) || total < header || total > skb->len - offset)
		return false;

	key->nw_src = ntohl(ip->saddr);
	key->nw_dst = ntohl(ip->daddr);
	key->nw_proto = ip->protocol;
	key->nw_tos = ip->tos;
	key->nw_ttl = ip->ttl;
	key->layers = CVSW_LAYER_ADDR | CVSW_LAYER_IP;

	layout->network = offset;
	layout->tos = ip->tos;
	layout->end = offset + total;
	layout->protocol = ip->protocol;
	if (unlikely(ip->frag_off & htons(IP_MF | IP_OFFSET))) {
		key->nw_frag = CVSW_FRAG_ANY;
		if (ip->frag_off & htons(IP_OFFSET)) {
			key->nw_frag |= CVSW_FRAG_LATER;
			/* RFC 3128: it would lie where TCP's flags are. */
			return ip->protocol != IPPROTO_TCP ||
			       (ip->frag_off & htons(IP_OFFSET)) != htons(1);
		}
		layout->fragment = true;
	}
	layout->transport = offset + header;
	if (!read_transport(skb, key, layout))
		return false;
	return likely(header == sizeof(*ip)) ||
	       !is_source_routed(skb, offset + sizeof(*ip), header - sizeof(*ip));
}

/* Length of an extension header that is not a fragment's (RFC 8200, 4; RFC 4302, 2.2), or 0. */
static unsigned int extension_len(u8 type, u8 len)
{
	switch (type) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		return (len + 1) * 8;
	case IPPROTO_AH:
		return (len + 2) * 4;
	default:
		return 0;
	}
}

/*
 * Go behind the extension headers.
 * @type: in: of what follows the IPv6 header; out: of what is at *@at
 * Return: false if one is cut short.
 */
static bool skip_extensions(const struct sk_buff *skb, unsigned int *at, u8 *type, u8 *nw_frag,
			    struct cvsw_layout *layout)
{
	unsigned int end = layout->end;

	for (;;) {
		bool fragment = *type == IPPROTO_FRAGMENT;
		const struct frag_hdr *header;	/* the others' first two bytes are alike */
		unsigned int len;
		struct frag_hdr buf;

		if (!fragment && !extension_len(*type, 0))
			return true;
		if (end - *at < sizeof(buf))
			return false;
		header = skb_header_pointer(skb, *at, sizeof(buf), &buf);
		if (!header)
			return false;
		len = fragment ? sizeof(*header) : extension_len(*type, header->reserved);
		if (len > end - *at)
			return false;
		*at += len;
		if (fragment && header->frag_off & htons(IP6_OFFSET | IP6_MF)) {
			*nw_frag = CVSW_FRAG_ANY;
			if (header->frag_off & htons(IP6_OFFSET)) {
				*nw_frag |= CVSW_FRAG_LATER;
				return true;
			}
		}
		/* Segments left, where a fragment's header has the lower byte of its offset. */
		if (*type == IPPROTO_ROUTING && header->frag_off & htons(0xff))
			layout->routed = true;
		*type = header->nexthdr;
	}
}

static bool read_ipv6(const struct sk_buff *skb, unsigned int offset, struct cvsw_key *key,
		      struct cvsw_layout *layout)
{
	const struct ipv6hdr *ip;
	unsigned int total, at;
	struct ipv6hdr buf;
	u8 type;

	ip = skb_header_pointer(skb, offset, sizeof(*ip), &buf);
	if (!ip || ip->version != 6)
		return false;
	total = sizeof(*ip) + ntohs(ip->payload_len);
	/* With hop-by-hop options zero may be a jumbogram's (RFC 2675): the stack does not ask. */
	if (unlikely(!ip->payload_len) && (skb_is_gso(skb) || ip->nexthdr == IPPROTO_HOPOPTS))
		total = skb->len - offset;
	if (total > skb->len - offset)
		return false;

	memcpy(key->ipv6_src, &ip->saddr, sizeof(key->ipv6_src));
	memcpy(key->ipv6_dst, &ip->daddr, sizeof(key->ipv6_dst));
	key->ipv6_label = ntohl(ip6_flowlabel(ip));
	key->nw_tos = ipv6_get_dsfield(ip);
	key->nw_ttl = ip->hop_limit;
	key->layers = CVSW_LAYER_WIDE;

	layout->ipv6 = offset;
	layout->tos = key->nw_tos;
	layout->end = offset + total;
	at = offset + sizeof(*ip);
	type = ip->nexthdr;
	if (!skip_extensions(skb, &at, &type, &key->nw_frag, layout))
		return false;
	key->nw_proto = type;
	layout->protocol = type;
	if (key->nw_frag & CVSW_FRAG_LATER)
		return true;
	layout->fragment = key->nw_frag;
	layout->transport = at;
	return read_transport(skb, key, layout);
}

/* Word by word: of this size, memset() is dearer than all the rest. */
static __always_inline void clear_key(struct cvsw_key *key)
{
	u64 *words = (u64 *)key;
	unsigned int i;

	for (i = 0; i < CVSW_KEY_FRAME / sizeof(*words); i++)
		WRITE_ONCE(words[i], 0);
}

int cvsw_key_extract(const struct sk_buff *skb, enum cvsw_ingress in, struct cvsw_key *key,
		     struct cvsw_layout *layout)
{
	const struct ethhdr *eth;
	unsigned int offset;
	struct ethhdr buf;

	clear_key(key);
	key->in_port = in;
	*layout = (struct cvsw_layout){ .l3 = ETH_HLEN };

	eth = skb_header_pointer(skb, 0, sizeof(*eth), &buf);
	if (!eth)
		return -EINVAL;
	ether_addr_copy(key->dl_dst, eth->h_dest);
	ether_addr_copy(key->dl_src, eth->h_source);

	if (skb_vlan_tag_present(skb))
		key->vlan_tci = skb_vlan_tag_get(skb) | CVSW_VLAN_PRESENT;
	offset = read_type(skb, eth->h_proto, &key->dl_type, &key->vlan_tci, &layout->l3);
	layout->whole = offset;
	if (likely(key->dl_type == ETH_P_IP))
		layout->whole = read_ipv4(skb, offset, key, layout);
	else if (key->dl_type == ETH_P_ARP)
		read_arp(skb, offset, key, layout);
	else if (key->dl_type == ETH_P_IPV6)
		layout->whole = read_ipv6(skb, offset, key, layout);
	return 0;
}

int cvsw_layout_read(const struct sk_buff *skb, struct cvsw_layout *layout)
{
	struct cvsw_key key __uninitialized;

	return cvsw_key_extract(skb, CVSW_HOST, &key, layout);
}

bool cvsw_frame_is_control(const struct sk_buff *skb)
{
	const __be16 *first;
	u16 type, tci = 0, l3;
	__be16 buf;

	first = skb_header_pointer(skb, 2 * ETH_ALEN, sizeof(buf), &buf);
	return first && read_type(skb, *first, &type, &tci, &l3) && type == CVSW_ETHERTYPE;
}

/* ---- the hash ---- */

/* @words of four bytes each, from @at on: two addresses at most. */
static u32 hash_in_frame(const struct sk_buff *skb, unsigned int at, unsigned int words, u32 seed)
{
	u32 buf[2 * sizeof(struct in6_addr) / sizeof(u32)];

	if (skb_copy_bits(skb, at, buf, words * sizeof(u32)))
		return seed;
	return jhash2(buf, words, seed);
}

u32 cvsw_layout_hash(const struct sk_buff *skb, const struct cvsw_layout *at)
{
	/* So that nobody can choose flows that all go one way. */
	static u32 secret __read_mostly;
	u32 hash;

	/* The socket's own, which changes when the socket looks for another path. */
	if (skb->l4_hash)
		return skb->hash;
	get_random_once(&secret, sizeof(secret));
	hash = secret;
	if (at->network)
		hash = hash_in_frame(skb, at->network + offsetof(struct iphdr, saddr), 2, hash);
	else if (at->ipv6)
		hash = hash_in_frame(skb, at->ipv6 + offsetof(struct ipv6hdr, saddr), 8, hash);
	else
		return hash_in_frame(skb, 0, 2 * ETH_ALEN / sizeof(u32), hash);
	return cvsw_layout_has_ports(at) ?
	       hash_in_frame(skb, at->transport, 1, hash ^ at->protocol) : hash;
}
