// SPDX-License-Identifier: GPL-2.0
#include <linux/ip.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/udp.h>

#include "esp_request.h"
#include "compat.h"
#include "esp.h"
#include "engine/frames.h"

/* The shortest ciphertext: a trailer, padded to four bytes. */
#define ESP_MIN		(sizeof(struct cvsw_esp_header) + CVSW_ESP_ALIGN + CVSW_ESP_ICV)

/**
 * struct esp_packet - ESP as it came in
 *
 * Offsets count from the Ethernet header.
 *
 * @network: IPv4 header
 * @transport: ESP, or the UDP header in front of it
 * @esp: ESP header
 * @end: behind the ICV
 * @seq: as it claims
 * @udp_dst: zero: plain ESP
 * @sa: that its SPI names
 */
struct esp_packet {
	u32 network;
	u32 transport;
	u32 esp;
	u32 end;
	u32 seq;
	u16 udp_dst;
	struct cvsw_esp_sa *sa;
};

/* RFC 3948, 2.1.  Return: 0 or a counter. */
static int read_udp(const struct sk_buff *skb, struct esp_packet *packet, bool fragment)
{
	unsigned int room = packet->end - packet->transport, len;
	const struct udphdr *udp;
	struct udphdr buf;

	udp = room < sizeof(buf) ? NULL :
	      skb_header_pointer(skb, packet->transport, sizeof(buf), &buf);
	if (!udp)
		return CVSW_CNT_DROP_ESP_SHORT;
	packet->udp_dst = ntohs(udp->dest);
	packet->esp = packet->transport + sizeof(*udp);
	/* The length is the whole datagram's. */
	if (fragment)
		return 0;
	len = ntohs(udp->len);
	if (len < sizeof(*udp) || len > room)
		return CVSW_CNT_DROP_ESP_LENGTH;
	packet->end = packet->transport + len;
	return 0;
}

/*
 * Others use the same protocol and port: the guest's own IPsec, its IKE (a zero where
 * there would be an SPI: RFC 3948, 2.2; never on the wire: RFC 4303, 2.1), and the byte
 * that keeps a NAT's mapping (RFC 3948, 2.3).
 */
static int read_spi(struct cvsw_sas *sas, const struct sk_buff *skb, struct esp_packet *packet)
{
	__be32 spi;

	if (packet->end - packet->esp < sizeof(spi) ||
	    skb_copy_bits(skb, packet->esp, &spi, sizeof(spi)) || !spi)
		return CVSW_CNT_ESP_OTHERS;
	packet->sa = cvsw_sas_find(sas, CVSW_SA_IN, ntohl(spi));
	return packet->sa ? 0 : CVSW_CNT_ESP_UNKNOWN;
}

static int read_esp(const struct sk_buff *skb, struct esp_packet *packet)
{
	unsigned int len = packet->end - packet->esp;
	const struct cvsw_esp_header *esp;
	struct cvsw_esp_header buf;

	if (len < ESP_MIN)
		return CVSW_CNT_DROP_ESP_SHORT;
	/* RFC 4303, 2.4: the ICV stands on a boundary of four bytes. */
	if (len % CVSW_ESP_ALIGN)
		return CVSW_CNT_DROP_ESP_LENGTH;
	esp = skb_header_pointer(skb, packet->esp, sizeof(buf), &buf);
	if (!esp)
		return CVSW_CNT_DROP_ESP_SHORT;
	packet->seq = ntohl(esp->seq);
	return 0;
}

/* Find ESP of ours in the frame.  Return: 0 or a counter. */
static int read_frame(struct cvsw_sas *sas, const struct sk_buff *skb, const struct cvsw_layout *at,
		      struct esp_packet *packet)
{
	int cause = 0;

	if (skb_is_gso(skb))
		return CVSW_CNT_DROP_ESP_UNFINISHED;
	if (!at->network || (at->protocol != IPPROTO_ESP && at->protocol != IPPROTO_UDP))
		return CVSW_CNT_DROP_ESP_NONE;
	/* Ours has DF, and in its first fragment, which is dropped, its SPI. */
	if (!at->transport)
		return CVSW_CNT_ESP_OTHERS;
	*packet = (struct esp_packet){
		.network = at->network,
		.transport = at->transport,
		.esp = at->transport,
		.end = at->end,
	};
	if (at->protocol == IPPROTO_UDP)
		cause = read_udp(skb, packet, at->fragment);
	cause = cause ?: read_spi(sas, skb, packet);
	if (unlikely(cause))
		return cause;
	return at->fragment ? CVSW_CNT_DROP_ESP_FRAGMENT : read_esp(skb, packet);
}

static int replay_cause(enum cvsw_window_verdict verdict)
{
	return likely(verdict == CVSW_WINDOW_NEW) ? 0 :
	       verdict == CVSW_WINDOW_SEEN ? CVSW_CNT_DROP_ESP_REPLAY : CVSW_CNT_DROP_ESP_OLD;
}

/*
 * What was received since a machine was saved, its window in a second life has not seen:
 * whoever recorded it could have it accepted once more.
 */
static bool is_of_this_life(const struct cvsw_esp_sa *sa)
{
	if (READ_ONCE(sa->stopped))
		return false;
	if (likely(cvsw_generation_is(&sa->generation)))
		return true;
	cvsw_generation_changed();
	return false;
}

/* The other's source port is not asked: a NAT may change it. */
static int check_sa(const struct esp_packet *packet)
{
	if (unlikely(!is_of_this_life(packet->sa)))
		return CVSW_CNT_DROP_ESP_STOPPED;
	if (packet->sa->udp_dst != packet->udp_dst)
		return CVSW_CNT_DROP_ESP_FORM;
	return replay_cause(cvsw_replay_check(&packet->sa->replay, packet->seq));
}

/*
 * Bytes that may be written to.  Pages that came from the vswitch are this
 * frame's, those that the guest's stack sends may be a file's.
 */
static bool may_decrypt_in_place(const struct sk_buff *skb, u8 in)
{
	return !skb_cloned(skb) && !skb_has_frag_list(skb) &&
	       (!skb_is_nonlinear(skb) || (in == CVSW_NET && !skb_has_shared_frag(skb)));
}

/* RFC 4303, 2.4 to 2.6.  Return: 0 or a counter. */
static int check_trailer(const struct cvsw_esp_request *req, struct cvsw_esp_trailer *trailer)
{
	unsigned int end = req->esp + sizeof(struct cvsw_esp_header) + req->len, i;
	const struct sk_buff *skb = req->skb;
	u8 buf[CVSW_ESP_PAD_MAX];
	const u8 *pad;

	if (skb_copy_bits(skb, end - sizeof(*trailer), trailer, sizeof(*trailer)) ||
	    trailer->pad_len + sizeof(*trailer) > req->len)
		return CVSW_CNT_DROP_ESP_PADDING;
	pad = skb_header_pointer(skb, end - sizeof(*trailer) - trailer->pad_len,
				 trailer->pad_len, buf);
	for (i = 0; i < trailer->pad_len; i++)
		if (!pad || pad[i] != i + 1)
			return CVSW_CNT_DROP_ESP_PADDING;
	return trailer->next_header == IPPROTO_NONE ? CVSW_CNT_DROP_ESP_DUMMY : 0;
}

/* Return: 0 or a counter. */
static int remove_esp(struct cvsw_esp_request *req)
{
	unsigned int head = req->esp + sizeof(struct cvsw_esp_header) - req->transport;
	struct sk_buff *skb = req->skb;
	struct cvsw_esp_trailer trailer;
	unsigned int payload;
	int cause;

	cause = check_trailer(req, &trailer);
	if (unlikely(cause))
		return cause;
	payload = req->len - sizeof(trailer) - trailer.pad_len;
	if (pskb_trim(skb, req->transport + head + payload))
		return CVSW_CNT_DROP_NOMEM;
	memmove(skb->data + head, skb->data, req->transport);
	__skb_pull(skb, head);
	cvsw_esp_set_ip(skb, req->network, trailer.next_header,
			req->transport - req->network + payload);

	skb_reset_mac_header(skb);
	skb_set_network_header(skb, req->network);
	skb_set_transport_header(skb, req->transport);
	skb_clear_hash(skb);
	/*
	 * skb->ip_summed is CHECKSUM_NONE since prepare_decrypt(): the tag tells who sealed the packet,
	 * not that its checksums were right by then.
	 */
	return 0;
}

static struct sk_buff *finish_decrypt(struct cvsw_esp_request *req, struct cvsw_walk *walk, int err)
{
	struct cvsw_esp_sa *sa = req->sa;
	struct sk_buff *skb = req->skb;
	const struct cvsw_esp_header *esp = (void *)skb->data + req->esp;
	unsigned int len = skb->len;
	int cause = err ? cvsw_esp_fault(err) : 0;

	/* Of one that is only looked at, check_sa() has said enough. */
	if (likely(!cause && !walk->trace)) {
		cause = replay_cause(cvsw_replay_update(&sa->replay, ntohl(esp->seq)));
		if (likely(!cause))
			cvsw_sa_count(sa, len);
	}
	if (likely(!cause)) {
		walk->sa = sa->name.spi;
		cause = remove_esp(req);
	}
	if (unlikely(cause))
		skb = cvsw_frames_drop(walk->engine->stats, skb, cause);
	kfree(req);
	return skb;
}

/* The frame is all its own, up to the ESP header in its linear part. */
static struct cvsw_esp_request *prepare_decrypt(struct sk_buff *skb,
						const struct esp_packet *packet)
{
	struct cvsw_esp_request *req = cvsw_esp_request_create(packet->sa,
							skb_shinfo(skb)->nr_frags + 1);
	const struct cvsw_esp_header *esp = (void *)skb->data + packet->esp;

	if (!req)
		return NULL;
	req->skb = skb;
	req->finish = finish_decrypt;
	req->decrypt = true;
	req->network = packet->network;
	req->transport = packet->transport;
	req->esp = packet->esp;
	req->len = packet->end - packet->esp - sizeof(*esp) - CVSW_ESP_ICV;
	memcpy(req->iv, &esp->iv, sizeof(req->iv));
	if (skb_to_sgvec(skb, req->sg, packet->esp, packet->end - packet->esp) < 0) {
		kfree(req);
		return NULL;
	}
	skb->ip_summed = CHECKSUM_NONE;
	return req;
}

struct sk_buff *cvsw_esp_decrypt(struct cvsw_walk *walk, struct sk_buff *skb,
				 const struct cvsw_layout *at)
{
	struct cvsw_esp_request *req = NULL;
	struct esp_packet packet;
	struct sk_buff *copy;
	int cause;

	cause = read_frame(walk->engine->sas, skb, at, &packet);
	if (unlikely(cause == CVSW_CNT_ESP_OTHERS || cause == CVSW_CNT_ESP_UNKNOWN)) {
		cvsw_stats_count(walk->engine->stats, cause);
		return ERR_PTR(-ENOENT);
	}
	cause = cause ?: check_sa(&packet);
	if (unlikely(cause))
		return cvsw_frames_drop(walk->engine->stats, skb, cause);

	if (unlikely(!may_decrypt_in_place(skb, walk->in))) {
		copy = cvsw_esp_copy(skb, skb_headroom(skb), 0);
		if (!copy)
			return cvsw_frames_drop(walk->engine->stats, skb, CVSW_CNT_DROP_NOMEM);
		skb = copy;
	}
	if (likely(pskb_may_pull(skb, packet.esp + sizeof(struct cvsw_esp_header))))
		req = prepare_decrypt(skb, &packet);
	if (unlikely(!req))
		return cvsw_frames_drop(walk->engine->stats, skb, CVSW_CNT_DROP_NOMEM);
	return cvsw_esp_request_run(req, walk);
}
