// SPDX-License-Identifier: GPL-2.0
/*
 * From a frame to the fields that flows match.
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
#include <linux/tcp.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "../../proto/cvsw_msg.h"
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

/* Neighbor solicitation and advertisement, RFC 4861, 4.3 and 4.4; options follow. */
struct neighbor_message {
	u8 type;
	u8 code;
	__be16 checksum;
	__be32 flags;
	struct in6_addr target;
};
static_assert(sizeof(struct neighbor_message) == CVSW_ND_MESSAGE_LEN);

/* An option with the address of an Ethernet: RFC 4861, 4.6.1, and RFC 2464, 6. */
struct neighbor_option {
	u8 type;
	u8 len;		/* in units of this struct */
	u8 mac[ETH_ALEN];
};
static_assert(sizeof(struct neighbor_option) == 8);

#define OPTION_SOURCE_MAC	1
#define OPTION_TARGET_MAC	2

/* More than anybody sends: what a frame can make us read has a bound. */
#define EXTENSIONS_MAX		16

static u16 key_tci(u16 tci)
{
	return (tci & ~CVSW_VLAN_PRESENT) | CVSW_VLAN_PRESENT;
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

/* Return: where the network header begins, or 0 if the frame ends before. */
static unsigned int read_type(const struct sk_buff *skb, __be16 type, struct cvsw_key *key)
{
	unsigned int offset = ETH_HLEN;

	if (skb_vlan_tag_present(skb)) {
		key->vlan_tci = key_tci(skb_vlan_tag_get(skb));
	} else if (eth_type_vlan(type)) {
		const struct vlan_hdr *tag;
		struct vlan_hdr buf;

		tag = skb_header_pointer(skb, offset, sizeof(*tag), &buf);
		if (!tag)
			return 0;
		key->vlan_tci = key_tci(ntohs(tag->h_vlan_TCI));
		type = tag->h_vlan_encapsulated_proto;
		offset += sizeof(*tag);
	}

	key->dl_type = ntohs(type);
	if (unlikely(key->dl_type < ETH_P_802_3_MIN))
		key->dl_type = snap_type(skb, &offset);
	return offset;
}

static void read_arp(const struct sk_buff *skb, unsigned int offset, struct cvsw_key *key,
		     struct cvsw_layout *layout)
{
	const struct arp_ipv4 *arp;
	struct arp_ipv4 buf;

	arp = skb_header_pointer(skb, offset, sizeof(*arp), &buf);
	if (!arp || arp->fixed.ar_hrd != htons(ARPHRD_ETHER) ||
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

static void read_ports(const struct sk_buff *skb, struct cvsw_key *key,
		       const struct cvsw_layout *layout)
{
	const __be16 *words;
	__be16 buf[7];		/* up to TCP's flags */
	bool flags = layout->protocol == IPPROTO_TCP &&
		     layout->end - layout->transport >= sizeof(buf);

	words = skb_header_pointer(skb, layout->transport, flags ? sizeof(buf) : 2 * sizeof(buf[0]),
				   buf);
	if (!words)
		return;
	key->tp_src = ntohs(words[0]);
	key->tp_dst = ntohs(words[1]);
	if (flags)
		key->tcp_flags = ntohs(words[6]) & CVSW_TCP_FLAGS_MASK;
	key->layers |= CVSW_LAYER_PORTS;
}

/*
 * The option with the address that a message of this type may carry.
 * Return: false: an option lies, or there are two.
 */
static bool read_options(const struct sk_buff *skb, const struct cvsw_layout *layout, u8 wanted,
			 u8 mac[ETH_ALEN])
{
	unsigned int at = layout->transport + sizeof(struct neighbor_message), n;
	bool found = false;

	for (n = 0; layout->end - at >= sizeof(struct neighbor_option); n++) {
		const struct neighbor_option *option;
		struct neighbor_option buf;

		option = skb_header_pointer(skb, at, sizeof(buf), &buf);
		if (!option || !option->len || n == CVSW_ND_OPTIONS_MAX ||
		    option->len * sizeof(*option) > layout->end - at)
			return false;
		if (option->type == wanted && option->len == 1) {
			if (found)
				return false;
			found = true;
			ether_addr_copy(mac, option->mac);
		}
		at += option->len * sizeof(*option);
	}
	return true;
}

static void read_neighbor(const struct sk_buff *skb, struct cvsw_key *key,
			  const struct cvsw_layout *layout)
{
	bool solicit = key->tp_src == CVSW_ND_SOLICIT;
	const struct neighbor_message *message;
	struct neighbor_message buf;
	u8 mac[ETH_ALEN] __aligned(2) = {};

	if (layout->end - layout->transport < sizeof(buf))
		return;
	message = skb_header_pointer(skb, layout->transport, sizeof(buf), &buf);
	if (!message ||
	    !read_options(skb, layout, solicit ? OPTION_SOURCE_MAC : OPTION_TARGET_MAC, mac))
		return;
	memcpy(key->nd_target, &message->target, sizeof(key->nd_target));
	ether_addr_copy(solicit ? key->hw_src : key->hw_dst, mac);
}

static void read_icmp(const struct sk_buff *skb, struct cvsw_key *key,
		      const struct cvsw_layout *layout)
{
	const u8 *icmp;
	u8 buf[2];

	icmp = skb_header_pointer(skb, layout->transport, sizeof(buf), buf);
	if (!icmp)
		return;
	key->tp_src = icmp[0];
	key->tp_dst = icmp[1];
	if (layout->ipv6 && !key->tp_dst &&
	    (key->tp_src == CVSW_ND_SOLICIT || key->tp_src == CVSW_ND_ADVERT))
		read_neighbor(skb, key, layout);
}

static void read_transport(const struct sk_buff *skb, struct cvsw_key *key,
			   const struct cvsw_layout *layout)
{
	unsigned int held = layout->end - layout->transport;

	switch (layout->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		if (held >= 2 * sizeof(__be16))
			read_ports(skb, key, layout);
		break;
	case IPPROTO_ICMP:
		if (held >= 2 && layout->network)
			read_icmp(skb, key, layout);
		break;
	case IPPROTO_ICMPV6:
		if (held >= 2 && layout->ipv6)
			read_icmp(skb, key, layout);
		break;
	}
}

/* ---- IP ---- */

static void read_ipv4(const struct sk_buff *skb, unsigned int offset, struct cvsw_key *key,
		      struct cvsw_layout *layout)
{
	const struct iphdr *ip;
	unsigned int header, total;
	struct iphdr buf;

	ip = skb_header_pointer(skb, offset, sizeof(*ip), &buf);
	if (!ip || ip->version != 4)
		return;
	header = ip->ihl * 4;
	total = ntohs(ip->tot_len);
	/* A GSO frame too large for the field says zero ("BIG TCP"). */
	if (unlikely(!total) && skb_is_gso(skb))
		total = skb->len - offset;
	if (header < sizeof(*ip) || total < header || total > skb->len - offset)
		return;

	key->nw_src = ntohl(ip->saddr);
	key->nw_dst = ntohl(ip->daddr);
	key->nw_proto = ip->protocol;
	key->nw_tos = ip->tos;
	key->nw_ttl = ip->ttl;
	key->layers = CVSW_LAYER_ADDR | CVSW_LAYER_IP;

	layout->network = offset;
	layout->end = offset + total;
	layout->protocol = ip->protocol;
	if (unlikely(ip->frag_off & htons(IP_MF | IP_OFFSET))) {
		key->nw_frag = CVSW_FRAG_ANY;
		if (ip->frag_off & htons(IP_OFFSET)) {
			key->nw_frag |= CVSW_FRAG_LATER;
			return;
		}
		layout->fragment = true;
	}
	layout->transport = offset + header;
	read_transport(skb, key, layout);
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
 * Return: false if one is cut short, or if there are too many.
 */
static bool skip_extensions(const struct sk_buff *skb, unsigned int *at, u8 *type, u8 *nw_frag,
			    struct cvsw_layout *layout)
{
	unsigned int end = layout->end;
	unsigned int n;

	for (n = 0; ; n++) {
		bool fragment = *type == IPPROTO_FRAGMENT;
		const struct frag_hdr *header;	/* the others' first two bytes are alike */
		unsigned int len;
		struct frag_hdr buf;

		if (!fragment && !extension_len(*type, 0))
			return true;
		if (n == EXTENSIONS_MAX || end - *at < sizeof(buf))
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

static void read_ipv6(const struct sk_buff *skb, unsigned int offset, struct cvsw_key *key,
		      struct cvsw_layout *layout)
{
	const struct ipv6hdr *ip;
	unsigned int total, at;
	struct ipv6hdr buf;
	u8 type;

	ip = skb_header_pointer(skb, offset, sizeof(*ip), &buf);
	if (!ip || ip->version != 6)
		return;
	total = sizeof(*ip) + ntohs(ip->payload_len);
	if (unlikely(!ip->payload_len) && skb_is_gso(skb))
		total = skb->len - offset;
	if (total > skb->len - offset)
		return;

	memcpy(key->ipv6_src, &ip->saddr, sizeof(key->ipv6_src));
	memcpy(key->ipv6_dst, &ip->daddr, sizeof(key->ipv6_dst));
	key->ipv6_label = ntohl(ip6_flowlabel(ip));
	key->nw_tos = ipv6_get_dsfield(ip);
	key->nw_ttl = ip->hop_limit;
	key->layers = CVSW_LAYER_WIDE;

	layout->ipv6 = offset;
	layout->end = offset + total;
	at = offset + sizeof(*ip);
	type = ip->nexthdr;
	if (!skip_extensions(skb, &at, &type, &key->nw_frag, layout))
		return;
	key->nw_proto = type;
	layout->protocol = type;
	if (key->nw_frag & CVSW_FRAG_LATER)
		return;
	layout->fragment = key->nw_frag;
	layout->transport = at;
	read_transport(skb, key, layout);
}

/* Word by word: of this size, memset() is dearer than all the rest. */
static __always_inline void clear(struct cvsw_key *key)
{
	u64 *words = (u64 *)key;
	unsigned int i;

	for (i = 0; i < sizeof(*key) / sizeof(*words); i++)
		WRITE_ONCE(words[i], 0);
}

int cvsw_key_extract(const struct sk_buff *skb, enum cvsw_ingress in,
		     struct cvsw_key *key, struct cvsw_layout *layout)
{
	const struct ethhdr *eth;
	unsigned int offset;
	struct ethhdr buf;

	clear(key);
	key->in_port = in;
	*layout = (struct cvsw_layout){};

	eth = skb_header_pointer(skb, 0, sizeof(*eth), &buf);
	if (!eth)
		return -EINVAL;
	ether_addr_copy(key->dl_dst, eth->h_dest);
	ether_addr_copy(key->dl_src, eth->h_source);

	offset = read_type(skb, eth->h_proto, key);
	if (likely(key->dl_type == ETH_P_IP))
		read_ipv4(skb, offset, key, layout);
	else if (key->dl_type == ETH_P_ARP)
		read_arp(skb, offset, key, layout);
	else if (key->dl_type == ETH_P_IPV6)
		read_ipv6(skb, offset, key, layout);
	return 0;
}

bool cvsw_frame_is_control(const struct sk_buff *skb)
{
	unsigned int offset = 2 * ETH_ALEN;
	const __be16 *type;
	__be16 buf;

	while ((type = skb_header_pointer(skb, offset, sizeof(buf), &buf)) && eth_type_vlan(*type))
		offset += VLAN_HLEN;
	if (!type)
		return false;
	if (likely(ntohs(*type) >= ETH_P_802_3_MIN))
		return *type == htons(CVSW_ETHERTYPE);
	offset += sizeof(buf);
	return snap_type(skb, &offset) == CVSW_ETHERTYPE;
}
