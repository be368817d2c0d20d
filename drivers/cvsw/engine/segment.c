// SPDX-License-Identifier: GPL-2.0
/*
 * One frame of many segments becomes many frames, once, here, and not once
 * more in a stack below.  A payload byte is summed as it is copied, if whoever
 * comes next is to write to it; else it stays in the page it is in, and is
 * summed there, or by the device.  Every segment costs one allocation.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "compat.h"
#include "esp/esp.h"
#include "frames.h"
#include "segment.h"

/* Room in new frames for what may come later: ESP, and a driver's own header. */
#define LATER_HEAD	(CVSW_ESP_HEAD + CVSW_DRIVER_HEAD)
#define LATER_TAIL	CVSW_ESP_TAIL

/**
 * struct cut - a GSO frame and how it is cut up
 * @skb: its headers are linear
 * @at: its layout: IPv4 or IPv6, and TCP or UDP right behind
 * @headers: length of all headers, Ethernet to transport
 * @size: payload bytes in each segment but the last
 * @sum: whether there is a transport checksum
 * @later: it is left to the device
 * @linear: payload is copied; else what is in page fragments stays there, and
 *	the next segment begins in
 * @frag: this one, behind
 * @frag_used: so many bytes
 */
struct cut {
	struct sk_buff *skb;
	const struct cvsw_layout *at;
	unsigned int headroom;
	unsigned int headers;
	unsigned int size;
	bool sum;
	bool later;
	bool linear;
	unsigned int frag;
	unsigned int frag_used;
};

static struct sk_buff *alloc_frame(const struct sk_buff *like, unsigned int headroom,
				   unsigned int len)
{
	struct sk_buff *skb;

	headroom += LATER_HEAD;
	skb = alloc_skb(headroom + len + LATER_TAIL, GFP_ATOMIC);
	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, headroom);
	__skb_put(skb, len);
	skb_reset_mac_header(skb);
	skb->dev = like->dev;
	skb->protocol = like->protocol;
	skb->priority = like->priority;
	skb->mark = like->mark;
	skb_copy_queue_mapping(skb, like);
	skb->pkt_type = like->pkt_type;
	skb->hash = like->hash;
	skb->l4_hash = like->l4_hash;
	skb->sw_hash = like->sw_hash;
	return skb;
}

/*
 * Let the socket that is charged for @from be charged until @to is freed.  A
 * destructor that looks for more in its frame than the socket stays where it
 * is (the ring of a packet socket).
 */
static void carry_owner(struct sk_buff *to, struct sk_buff *from)
{
	struct sock *sk = from->sk;

	if (!sk || !from->destructor)
		return;
	if (skb_shared(from)) {
		skb_set_owner_w(to, sk);
		return;
	}
	if (from->destructor != sock_wfree &&
	    !(sk_fullsock(sk) && sk->sk_protocol == IPPROTO_TCP))
		return;
	to->sk = sk;
	to->destructor = from->destructor;
	to->truesize = from->truesize;
	from->sk = NULL;
	from->destructor = NULL;
}

/* ---- one frame ---- */

/* Have the device compute the checksum at @offset of what begins at @start. */
static void leave_sum(struct sk_buff *skb, unsigned int start, unsigned int offset)
{
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) + start;
	skb->csum_offset = offset;
}

/* Copy a frame into a linear one, and finish its checksum on the way unless that is for @later. */
static struct sk_buff *copy_roomy(struct sk_buff *from, unsigned int headroom, bool later)
{
	bool partial = from->ip_summed == CHECKSUM_PARTIAL;
	unsigned int start = from->len;
	struct sk_buff *skb;
	__sum16 sum;

	skb = alloc_frame(from, headroom, from->len);
	if (!skb)
		return ERR_PTR(-ENOMEM);
	if (partial && !later)
		start = skb_checksum_start_offset(from);
	if (start > from->len || skb_copy_bits(from, 0, skb->data, start))
		goto refuse;
	if (start < from->len) {
		sum = csum_fold(skb_copy_and_csum_bits(from, start, skb->data + start,
						       from->len - start));
		if (start + from->csum_offset + sizeof(sum) > from->len)
			goto refuse;
		*(__sum16 *)(skb->data + start + from->csum_offset) = sum ?: CSUM_MANGLED_0;
	} else if (partial) {
		leave_sum(skb, skb_checksum_start_offset(from), from->csum_offset);
	} else if (from->ip_summed == CHECKSUM_UNNECESSARY) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		skb->csum_level = from->csum_level;
	}
	cvsw_carry_stamp(skb, from);
	carry_owner(skb, from);
	dev_consume_skb_any(from);
	return skb;

refuse:
	kfree_skb(skb);
	return ERR_PTR(-EINVAL);
}

/* skb_checksum_help() copies pages to which someone may still write. */
static struct sk_buff *make_single(struct sk_buff *skb, unsigned int headroom, bool linear,
				   bool later)
{
	if (skb_shared(skb) || skb_header_cloned(skb) || skb_headroom(skb) < headroom ||
	    (linear && skb_is_nonlinear(skb)))
		return copy_roomy(skb, headroom, later);
	if (skb->ip_summed == CHECKSUM_PARTIAL && !later && skb_checksum_help(skb))
		return ERR_PTR(-ENOMEM);
	return skb;
}

/* ---- segments ---- */

static __wsum pseudo_header_sum(const struct cut *cut, unsigned int len)
{
	const void *ip = cut->skb->data + cut->at->l3;
	u8 protocol = cut->at->protocol;

	if (cut->at->network) {
		const struct iphdr *ip4 = ip;

		return csum_tcpudp_nofold(ip4->saddr, ip4->daddr, len, protocol, 0);
	} else {
		const struct ipv6hdr *ip6 = ip;

		return ~csum_unfold(csum_ipv6_magic(&ip6->saddr, &ip6->daddr, len, protocol, 0));
	}
}

static void write_ip(const struct cut *cut, void *ip, unsigned int len, unsigned int index)
{
	if (cut->at->network) {
		struct iphdr *ip4 = ip;

		ip4->tot_len = htons(len);
		if (!(skb_shinfo(cut->skb)->gso_type & SKB_GSO_TCP_FIXEDID))
			ip4->id = htons(ntohs(ip4->id) + index);
		ip_send_check(ip4);
	} else {
		((struct ipv6hdr *)ip)->payload_len = htons(len - sizeof(struct ipv6hdr));
	}
}

/*
 * @sum: of the payload
 * @len: of transport header and payload
 */
static void write_l4(const struct cut *cut, struct sk_buff *skb, __wsum sum, unsigned int len,
		     unsigned int index, bool last)
{
	unsigned int header = cut->headers - cut->at->transport;
	void *l4 = skb->data + cut->at->transport;
	__sum16 *check;

	if (cut->at->protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = l4;

		tcp->seq = htonl(ntohl(tcp->seq) + index * cut->size);
		if (!last)
			tcp->fin = tcp->psh = 0;
		if (index)
			tcp->cwr = 0;
		check = &tcp->check;
	} else {
		struct udphdr *udp = l4;

		udp->len = htons(len);
		check = &udp->check;
		if (!cut->sum)
			return;
	}
	if (cut->later) {
		*check = ~csum_fold(pseudo_header_sum(cut, len));
		leave_sum(skb, cut->at->transport, (void *)check - l4);
		return;
	}
	*check = 0;
	sum = csum_add(csum_partial(l4, header, sum), pseudo_header_sum(cut, len));
	*check = csum_fold(sum);
	if (!*check && cut->at->protocol == IPPROTO_UDP)
		*check = CSUM_MANGLED_0;
}

/* Hang the next @len bytes of the page fragments onto @skb. */
static void take_frags(struct cut *cut, struct sk_buff *skb, unsigned int len)
{
	struct skb_shared_info *to = skb_shinfo(skb);

	to->flags |= skb_shinfo(cut->skb)->flags & SKBFL_SHARED_FRAG;
	skb->len += len;
	skb->data_len += len;
	skb->truesize += len;
	while (len) {
		const skb_frag_t *from = &skb_shinfo(cut->skb)->frags[cut->frag];
		unsigned int left = skb_frag_size(from) - cut->frag_used, n = min(len, left);
		skb_frag_t *frag = &to->frags[to->nr_frags];

		*frag = *from;
		skb_frag_off_add(frag, cut->frag_used);
		skb_frag_size_set(frag, n);
		skb_frag_ref(skb, to->nr_frags++);
		cut->frag_used += n;
		if (n == left) {
			cut->frag++;
			cut->frag_used = 0;
		}
		len -= n;
	}
}

static struct sk_buff *make_segment(struct cut *cut, unsigned int index)
{
	unsigned int from = cut->headers + index * cut->size, left = cut->skb->len - from;
	unsigned int len = min(left, cut->size), total = cut->headers + len, copied = len;
	bool sums = cut->sum && !cut->later;
	struct sk_buff *skb;
	__wsum sum = 0;

	if (!cut->linear)
		copied = from < skb_headlen(cut->skb) ? min(len, skb_headlen(cut->skb) - from) : 0;
	skb = alloc_frame(cut->skb, cut->headroom, cut->headers + copied);
	if (unlikely(!skb))
		return NULL;
	memcpy(skb->data, cut->skb->data, cut->headers);
	if (sums)
		sum = skb_copy_and_csum_bits(cut->skb, from, skb->data + cut->headers, copied);
	else
		skb_copy_bits(cut->skb, from, skb->data + cut->headers, copied);
	if (copied < len) {
		if (sums)
			sum = csum_block_add(sum, skb_checksum(cut->skb, from + copied,
							       len - copied, 0), copied);
		take_frags(cut, skb, len - copied);
	}
	write_ip(cut, skb->data + cut->at->l3, total - cut->at->l3, index);
	write_l4(cut, skb, sum, total - cut->at->transport, index, len == left);
	return skb;
}

/* Pages that their owner wants back, or that are counted otherwise, are not lent on. */
static bool may_lend_frags(const struct sk_buff *skb)
{
	return !skb_zcopy((struct sk_buff *)skb) && !skb->pp_recycle && !skb_has_frag_list(skb);
}

/* Is it of the kinds cut here?  Then cut->headers is set. */
static bool is_known(struct cut *cut)
{
	unsigned int kind = skb_shinfo(cut->skb)->gso_type &
			    ~(SKB_GSO_DODGY | SKB_GSO_TCP_ECN | SKB_GSO_TCP_FIXEDID);
	const struct cvsw_layout *at = cut->at;
	const struct tcphdr *tcp;
	struct tcphdr buf;

	if (!cvsw_layout_is_ip(at) || !cvsw_layout_has_ports(at) ||
	    (at->ipv6 && at->transport != at->ipv6 + sizeof(struct ipv6hdr)))
		return false;
	if (at->protocol == IPPROTO_UDP) {
		cut->headers = at->transport + sizeof(struct udphdr);
		return kind == SKB_GSO_UDP_L4;
	}
	if (kind != (at->network ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6))
		return false;
	tcp = skb_header_pointer(cut->skb, at->transport, sizeof(buf), &buf);
	if (!tcp || tcp->doff * 4 < sizeof(*tcp))
		return false;
	cut->headers = at->transport + tcp->doff * 4;
	return cut->headers < cut->skb->len;
}

/* The segment whose time of sending was asked for, or NULL. */
static struct sk_buff *stamped_segment(const struct cut *cut, struct sk_buff *list)
{
	struct sk_buff *seg = list;
	u32 key, end;

	if (likely(!(skb_shinfo(cut->skb)->tx_flags & SKBTX_ANY_TSTAMP)))
		return NULL;
	if (cut->at->protocol == IPPROTO_TCP) {
		const struct tcphdr *tcp = (void *)cut->skb->data + cut->at->transport;

		key = skb_shinfo(cut->skb)->tskey;
		end = ntohl(tcp->seq) + cut->size;
		for (; seg->next && !before(key, end); end += cut->size)
			seg = seg->next;
	}
	cvsw_carry_stamp(seg, cut->skb);
	return seg;
}

static struct sk_buff *cut_up_known(struct cut *cut)
{
	struct sk_buff *list = NULL, **end = &list, *skb = cut->skb, *last = NULL;
	unsigned int index, n;

	cut->size = skb_shinfo(skb)->gso_size;
	if (!cut->size || !pskb_may_pull(skb, cut->headers))
		return ERR_PTR(-EINVAL);
	if (cvsw_too_many_segments(skb, cut->headers))
		return ERR_PTR(-E2BIG);
	cut->sum = cut->at->protocol == IPPROTO_TCP || skb->ip_summed == CHECKSUM_PARTIAL ||
		   ((struct udphdr *)(skb->data + cut->at->transport))->check;
	/* What is summed here and sent later must be the same bytes. */
	cut->linear = cut->linear || !may_lend_frags(skb) ||
		      (cut->sum && !cut->later && skb_has_shared_frag(skb));

	n = DIV_ROUND_UP(skb->len - cut->headers, cut->size);
	for (index = 0; index < n; index++) {
		last = make_segment(cut, index);
		if (unlikely(!last)) {
			cvsw_frames_consume(list);
			return ERR_PTR(-ENOMEM);
		}
		*end = last;
		end = &last->next;
	}
	if (unlikely(!last))
		return ERR_PTR(-EINVAL);
	/* The stamp goes to the socket of the frame that has it. */
	carry_owner(stamped_segment(cut, list) ?: last, skb);
	dev_consume_skb_any(skb);
	return list;
}

/*
 * Of a GSO frame of another kind: by its own headers, which the stack goes by, too,
 * else as far as its sender has said where they are.
 */
static unsigned int header_len(const struct sk_buff *skb, const struct cvsw_layout *at)
{
	int l4 = cvsw_layout_has_ports(at) ? at->transport : 0;
	const struct tcphdr *tcp;
	struct tcphdr buf;

	if (skb->encapsulation)
		l4 = skb_inner_transport_offset(skb);
	else if (!l4 && skb_transport_header_was_set(skb))
		l4 = skb_transport_offset(skb);
	if (l4 < 0 || !(skb_shinfo(skb)->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)))
		return max(l4, 0) + sizeof(struct udphdr);
	tcp = skb_header_pointer(skb, l4, sizeof(buf), &buf);
	return l4 + (tcp ? tcp->doff * 4 : sizeof(buf));
}

/* Kinds that are rare: the stack's own way, then room for each. */
static struct sk_buff *cut_up_by_stack(const struct cut *cut)
{
	struct sk_buff *skb = cut->skb, *list, *done = NULL, **end = &done, *seg, *next;
	unsigned int most = cvsw_segment_len(skb, cut->at);

	if (cvsw_too_many_segments(skb, header_len(skb, cut->at)))
		return ERR_PTR(-E2BIG);
	/* It writes to the headers (UFO's checksum), which a clone may have, too. */
	if (skb_cow_head(skb, 0))
		return ERR_PTR(-ENOMEM);
	skb_set_network_header(skb, cut->at->l3);
	list = skb_gso_segment(skb, 0);
	if (IS_ERR_OR_NULL(list))
		return ERR_PTR(PTR_ERR(list) == -ENOMEM ? -ENOMEM : -EINVAL);
	skb_list_walk_safe(list, seg, next) {
		struct sk_buff *roomy;

		skb_mark_not_on_list(seg);
		/* Where its sender says headers are, there are others: the MTU was not asked for this. */
		roomy = seg->len > most ? ERR_PTR(-EINVAL) :
					  make_single(seg, cut->headroom, cut->linear, false);
		if (IS_ERR(roomy)) {
			dev_kfree_skb_any(seg);
			cvsw_frames_consume(next);
			cvsw_frames_consume(done);
			return roomy;
		}
		*end = roomy;
		end = &roomy->next;
	}
	dev_consume_skb_any(skb);
	return done;
}

struct sk_buff *cvsw_segment(struct sk_buff *skb, const struct cvsw_layout *at,
			     unsigned int headroom, enum cvsw_payload payload)
{
	struct cut cut = {
		.skb = skb, .at = at, .headroom = headroom,
		.later = payload == CVSW_PAYLOAD_UNTOUCHED,
		.linear = payload == CVSW_PAYLOAD_COPIED,
	};
	struct sk_buff *list;

	if (!skb_is_gso(skb))
		return make_single(skb, headroom, cut.linear, cut.later);

	/* Headers are pulled: that is not for a frame that others look at. */
	if (unlikely(skb_shared(skb))) {
		cut.skb = skb_clone(skb, GFP_ATOMIC);
		if (!cut.skb)
			return ERR_PTR(-ENOMEM);
	}
	list = is_known(&cut) ? cut_up_known(&cut) : cut_up_by_stack(&cut);
	if (unlikely(cut.skb != skb))
		dev_kfree_skb_any(IS_ERR(list) ? cut.skb : skb);
	return list;
}

unsigned int cvsw_segment_len(const struct sk_buff *skb, const struct cvsw_layout *at)
{
	struct cut cut = { .skb = (struct sk_buff *)skb, .at = at };

	if (!skb_is_gso(skb))
		return skb->len;
	if (!is_known(&cut))
		cut.headers = header_len(skb, at);
	return min(cut.headers + skb_shinfo(skb)->gso_size, skb->len);
}
