// SPDX-License-Identifier: GPL-2.0
#include <linux/ip.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/ip.h>

#include "esp_request.h"
#include "compat.h"
#include "esp.h"
#include "engine/frames.h"
#include "table/key.h"
#include "engine/mtu.h"
#include "tunnel/pmtu.h"

static_assert(CVSW_ESP_HEAD == sizeof(struct udphdr) + sizeof(struct cvsw_esp_header));
static_assert(CVSW_ESP_TAIL == CVSW_ESP_ALIGN - 1 + sizeof(struct cvsw_esp_trailer) +
	      CVSW_ESP_ICV);

static unsigned int head_len(const struct cvsw_esp_sa *sa)
{
	return sizeof(struct cvsw_esp_header) + (sa->udp_dst ? sizeof(struct udphdr) : 0);
}

/* A payload of @len bytes with padding and trailer. */
static unsigned int padded_len(unsigned int len)
{
	return ALIGN(len + sizeof(struct cvsw_esp_trailer), CVSW_ESP_ALIGN);
}

/* The IP packet that comes of it. */
static unsigned int encrypted_len(const struct cvsw_esp_sa *sa, const struct cvsw_layout *at)
{
	return at->transport - at->network + head_len(sa) +
	       padded_len(at->end - at->transport) + CVSW_ESP_ICV;
}

/* Return: 0, or the counter of why the frame cannot be encrypted. */
static int check_frame(const struct sk_buff *skb, const struct cvsw_esp_sa *sa,
		       struct cvsw_layout *at)
{
	/* Whoever is to fill in a checksum or to make segments cannot do it any more. */
	if (skb_is_gso(skb) || skb->ip_summed == CHECKSUM_PARTIAL)
		return CVSW_CNT_DROP_ESP_UNFINISHED;
	if (cvsw_layout_read(skb, at) || !at->network)
		return CVSW_CNT_DROP_ESP_NOT_IP;
	/* RFC 4303, 3.3.4: whole datagrams only. */
	if (!at->transport || at->fragment)
		return CVSW_CNT_DROP_ESP_FRAGMENT;
	return encrypted_len(sa, at) > IP_MAX_MTU ? CVSW_CNT_DROP_ESP_TOO_LONG : 0;
}

/*
 * Who put the packet into a tunnel could not know that another flow encrypts
 * it, and of one in no tunnel nobody has asked.  Return: false: counted.
 */
static bool encrypted_fits(struct cvsw_walk *walk, const struct sk_buff *skb,
			   const struct cvsw_esp_sa *sa, const struct cvsw_layout *at)
{
	struct cvsw_layers layers = { .bytes = head_len(sa) + CVSW_ESP_TAIL };
	unsigned int len = encrypted_len(sa, at), path;
	struct cvsw_engine *engine = walk->engine;

	if (skb_copy_bits(skb, at->network + offsetof(struct iphdr, daddr), &layers.dst,
			  sizeof(layers.dst)))
		layers.dst = 0;
	path = cvsw_pmtu(engine->pmtus, layers.dst);
	if (likely(len <= READ_ONCE(engine->wire_mtu)) && likely(len <= path))
		return true;
	if (!walk->packet)
		return cvsw_mtu_check(walk, skb, at, &layers);
	if (walk->packet <= READ_ONCE(engine->control_mtu) && len <= path)
		return true;
	cvsw_stats_count(engine->stats, CVSW_CNT_DROP_TOO_BIG);
	return false;
}

/* Bytes that nobody else sees, in one piece, with room in front and behind. */
static bool may_encrypt_in_place(const struct sk_buff *skb, unsigned int head, unsigned int tail)
{
	return !skb_is_nonlinear(skb) && !skb_cloned(skb) && skb_headroom(skb) >= head &&
	       skb_tailroom(skb) >= tail;
}

/* RFC 4303, 2.4: padding is 1, 2, 3... */
static void put_trailer(struct sk_buff *skb, unsigned int payload, u8 next_header)
{
	unsigned int room = padded_len(payload) - payload;
	unsigned int pad = room - sizeof(struct cvsw_esp_trailer), i;
	u8 *p = skb_put(skb, room + CVSW_ESP_ICV);

	for (i = 1; i <= pad; i++)
		*p++ = i;
	*p++ = pad;
	*p = next_header;
}

/* The headers up to ESP move to the front; the hole is filled by put_headers(). */
static void make_hole(struct sk_buff *skb, unsigned int transport, unsigned int len)
{
	skb_push(skb, len);
	memmove(skb->data, skb->data + len, transport);
}

/* Routers may quote it: see pmtu.h. */
static void note_destination(struct cvsw_esp_sa *sa, const struct iphdr *ip)
{
	if (unlikely(READ_ONCE(sa->dst) != ip->daddr))
		WRITE_ONCE(sa->dst, ip->daddr);
}

static void put_headers(struct cvsw_esp_request *req, u32 seq)
{
	const struct cvsw_esp_sa *sa = req->sa;
	struct sk_buff *skb = req->skb;
	struct cvsw_esp_header *esp = (void *)skb->data + req->esp;
	struct udphdr *udp = (void *)skb->data + req->transport;

	if (sa->udp_dst) {
		udp->source = htons(sa->udp_src);
		udp->dest = htons(sa->udp_dst);
		udp->len = htons(skb->len - req->transport);
		udp->check = 0;		/* RFC 3948, 2.1 */
	}
	esp->spi = htonl(sa->name.spi);
	esp->seq = htonl(seq);
	esp->iv = cpu_to_be64(seq);	/* RFC 4106, 3.1: never twice under a key */
	memcpy(req->iv, &esp->iv, sizeof(req->iv));

	cvsw_esp_set_ip(skb, req->network, sa->udp_dst ? IPPROTO_UDP : IPPROTO_ESP,
			skb->len - req->network);
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, req->network);
	skb_set_transport_header(skb, req->transport);
	skb->ip_summed = CHECKSUM_NONE;
	skb->encapsulation = 0;
}

/* A number is given out once, whatever becomes of its frame.  Return: 0 or a counter. */
static int take_seq(struct cvsw_esp_sa *sa, u32 *seq)
{
	u64 taken;

	if (unlikely(READ_ONCE(sa->stopped)))
		return CVSW_CNT_DROP_ESP_STOPPED;
	taken = atomic64_inc_return(&sa->sent);
	/*
	 * A machine that was saved before this line sees here, when it runs again,
	 * that its number was given out; one saved behind it sends the same frame.
	 */
	if (unlikely(!cvsw_generation_is(&sa->generation))) {
		cvsw_generation_changed();
		return CVSW_CNT_DROP_ESP_STOPPED;
	}
	if (unlikely(taken > U32_MAX))
		return CVSW_CNT_DROP_ESP_SPENT;
	*seq = taken;
	return 0;
}

/* For one that is only looked at: whether a number would be given out. */
static int would_take_seq(const struct cvsw_esp_sa *sa)
{
	if (READ_ONCE(sa->stopped) || !cvsw_generation_is(&sa->generation))
		return CVSW_CNT_DROP_ESP_STOPPED;
	return atomic64_read(&sa->sent) >= U32_MAX ? CVSW_CNT_DROP_ESP_SPENT : 0;
}

/* Nothing is sealed twice under a number, nor under one that was not given out. */
static struct sk_buff *leave_blank(struct cvsw_esp_request *req)
{
	struct sk_buff *skb = req->skb;

	memset(skb->data + req->esp + sizeof(struct cvsw_esp_header), 0,
	       req->len + CVSW_ESP_ICV);
	kfree(req);
	return skb;
}

static struct sk_buff *finish_encrypt(struct cvsw_esp_request *req, struct cvsw_walk *walk, int err)
{
	struct sk_buff *skb = req->skb;

	if (unlikely(err))
		skb = cvsw_frames_drop(walk->engine->stats, skb, cvsw_esp_fault(err));
	else
		cvsw_sa_count(req->sa, skb->len);
	kfree(req);
	return skb;
}

/* What is known of the frame to the cipher; writes all but what needs the number. */
static struct cvsw_esp_request *prepare_encrypt(struct cvsw_esp_sa *sa, struct sk_buff *skb,
						const struct cvsw_layout *at)
{
	struct cvsw_esp_request *req = cvsw_esp_request_create(sa, 1);
	unsigned int payload = at->end - at->transport;

	if (!req)
		return NULL;
	req->skb = skb;
	req->finish = finish_encrypt;
	req->network = at->network;
	req->transport = at->transport;
	req->esp = at->transport + head_len(sa) - sizeof(struct cvsw_esp_header);
	req->len = padded_len(payload);
	put_trailer(skb, payload, at->protocol);
	make_hole(skb, at->transport, head_len(sa));
	sg_set_buf(req->sg, skb->data + req->esp, skb->len - req->esp);
	return req;
}

/* Return: the frame, ready for prepare_encrypt(), or NULL: @skb is as it was, or trimmed. */
static struct sk_buff *make_encryptable(struct sk_buff *skb, const struct cvsw_esp_sa *sa,
					const struct cvsw_layout *at)
{
	unsigned int payload = at->end - at->transport, head = head_len(sa);
	unsigned int tail = padded_len(payload) - payload + CVSW_ESP_ICV;

	/* Behind the packet there may be Ethernet's padding. */
	if (pskb_trim(skb, at->end))
		return NULL;
	if (likely(may_encrypt_in_place(skb, head, tail)))
		return skb;
	return cvsw_esp_copy(skb, max_t(unsigned int, skb_headroom(skb), head + NET_SKB_PAD),
			     tail);
}

struct sk_buff *cvsw_esp_encrypt(struct cvsw_walk *walk, struct sk_buff *skb, u32 spi)
{
	struct cvsw_esp_sa *sa = cvsw_sas_find(walk->engine->sas, CVSW_SA_OUT, spi);
	struct cvsw_esp_request *req;
	struct cvsw_layout at;
	struct sk_buff *own;
	int cause;
	u32 seq = 0;

	if (unlikely(!sa))
		return cvsw_frames_drop(walk->engine->stats, skb, CVSW_CNT_DROP_ESP_NO_SA);
	cause = check_frame(skb, sa, &at);
	if (unlikely(cause))
		return cvsw_frames_drop(walk->engine->stats, skb, cause);
	if (unlikely(!encrypted_fits(walk, skb, sa, &at))) {
		dev_kfree_skb_any(skb);
		return NULL;
	}
	own = make_encryptable(skb, sa, &at);
	if (unlikely(!own))
		return cvsw_frames_drop(walk->engine->stats, skb, CVSW_CNT_DROP_NOMEM);
	req = prepare_encrypt(sa, own, &at);
	if (unlikely(!req))
		return cvsw_frames_drop(walk->engine->stats, own, CVSW_CNT_DROP_NOMEM);
	cause = likely(!walk->trace) ? take_seq(sa, &seq) : would_take_seq(sa);
	if (unlikely(cause)) {
		kfree(req);
		return cvsw_frames_drop(walk->engine->stats, own, cause);
	}
	put_headers(req, seq);
	if (unlikely(walk->trace))
		return leave_blank(req);
	note_destination(sa, (struct iphdr *)(own->data + at.network));
	return cvsw_esp_request_run(req, walk);
}
