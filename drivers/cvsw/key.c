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
#include <net/ip.h>

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

static void read_arp(const struct sk_buff *skb, unsigned int offset, struct cvsw_key *key)
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
	key->layers = CVSW_LAYER_ADDR;
}

static void read_transport(const struct sk_buff *skb, struct cvsw_key *key,
			   const struct cvsw_layout *layout)
{
	unsigned int held = layout->end - layout->transport;

	switch (layout->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP: {
		const __be16 *ports;
		__be16 buf[2];

		if (held < sizeof(buf))
			return;
		ports = skb_header_pointer(skb, layout->transport, sizeof(buf), buf);
		if (!ports)
			return;
		key->tp_src = ntohs(ports[0]);
		key->tp_dst = ntohs(ports[1]);
		key->layers |= CVSW_LAYER_PORTS;
		break;
	}
	case IPPROTO_ICMP: {
		const u8 *icmp;
		u8 buf[2];

		if (held < sizeof(buf))
			return;
		icmp = skb_header_pointer(skb, layout->transport, sizeof(buf), buf);
		if (!icmp)
			return;
		key->tp_src = icmp[0];
		key->tp_dst = icmp[1];
		break;
	}
	}
}

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
	key->layers = CVSW_LAYER_ADDR | CVSW_LAYER_IP;

	layout->network = offset;
	layout->end = offset + total;
	layout->protocol = ip->protocol;
	if (ip->frag_off & htons(IP_OFFSET))
		return;
	layout->fragment = ip->frag_off & htons(IP_MF);
	layout->transport = offset + header;
	read_transport(skb, key, layout);
}

int cvsw_key_extract(const struct sk_buff *skb, enum cvsw_ingress in,
		     struct cvsw_key *key, struct cvsw_layout *layout)
{
	const struct ethhdr *eth;
	unsigned int offset;
	struct ethhdr buf;

	*key = (struct cvsw_key){ .in_port = in };
	*layout = (struct cvsw_layout){};

	eth = skb_header_pointer(skb, 0, sizeof(*eth), &buf);
	if (!eth)
		return -EINVAL;
	ether_addr_copy(key->dl_dst, eth->h_dest);
	ether_addr_copy(key->dl_src, eth->h_source);

	offset = read_type(skb, eth->h_proto, key);
	if (key->dl_type == ETH_P_IP)
		read_ipv4(skb, offset, key, layout);
	else if (key->dl_type == ETH_P_ARP)
		read_arp(skb, offset, key);
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
