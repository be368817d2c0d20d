// SPDX-License-Identifier: GPL-2.0
/*
 * Where the CPU's vector registers are busy, AES-NI of Linux 6.x leaves a
 * request to a kernel thread (cryptd), in the order of submission; a bounded
 * number of them (-ENOSPC).  Most requests end at once all the same, and
 * for those no reference is taken: the submitter's RCU read side holds SA and
 * entry.  A callback that comes before the submitter has found time to take
 * references leaves the frame to the submitter: whoever is second at @stage,
 * goes on with it.
 */
#include <linux/bottom_half.h>
#include <linux/ip.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/checksum.h>
#include <net/sock.h>

#include "esp_request.h"
#include "compat.h"
#include "engine/segment.h"

enum stage {
	SUBMITTED,
	HELD,		/* the submitter has gone, leaving references */
	DONE,		/* the callback has been */
};

struct cvsw_esp_request *cvsw_esp_request_create(struct cvsw_esp_sa *sa, unsigned int n_sg)
{
	struct cvsw_esp_request *req;
	size_t at = ALIGN(struct_size(req, sg, n_sg), __alignof__(struct aead_request));

	req = kmalloc(at + sizeof(struct aead_request) + crypto_aead_reqsize(sa->aead),
			 GFP_ATOMIC | __GFP_NOWARN);
	if (unlikely(!req))
		return NULL;
	/*
	 * The walk is larger than all before it, and hardly any frame waits.  For one that does,
	 * cvsw_walk_hold() writes whatever is read of it, before @stage lets anybody read.
	 */
	memset(req, 0, offsetof(struct cvsw_esp_request, walk));
	req->sa = sa;
	req->request = (void *)req + at;
	sg_init_table(req->sg, n_sg);
	return req;
}

/* The frame waited: its way goes on from here. */
static void resume_after_cipher(struct cvsw_esp_request *req)
{
	struct cvsw_esp_sa *sa = req->sa;
	struct cvsw_walk walk __uninitialized;
	struct sk_buff *skb;

	cvsw_walk_copy(&walk, &req->walk);
	local_bh_disable();
	if (likely(!walk.trace)) {
		cvsw_stats_count(walk.engine->stats, CVSW_CNT_ESP_ASYNC);
		skb = req->finish(req, &walk, req->err);
		walk.engine->resume(&walk, skb);
	} else {
		/* Whoever looked has gone, and the trace's engine with him. */
		dev_kfree_skb_any(req->skb);
		kfree(req);
		cvsw_walk_put(&walk);
	}
	/* The last that is done with anything of the port's. */
	cvsw_sa_put(sa);
	local_bh_enable();
}

static void cipher_done(void *data, int err)
{
	struct cvsw_esp_request *req = data;

	req->err = err;
	if (atomic_xchg(&req->stage, DONE) == HELD)
		resume_after_cipher(req);
}

static void __maybe_unused cipher_done_request(struct crypto_async_request *request, int err)
{
	cipher_done(request->data, err);
}

/* Return: has the callback been already, and left the frame to us? */
static bool leave_to_cipher(struct cvsw_esp_request *req, const struct cvsw_walk *walk)
{
	struct cvsw_esp_sa *sa = req->sa;

	refcount_inc(&sa->users);
	cvsw_walk_hold(&req->walk, walk);
	if (likely(atomic_xchg(&req->stage, HELD) != DONE))
		return false;
	cvsw_walk_put(walk);
	cvsw_sa_put(sa);
	return true;
}

struct sk_buff *cvsw_esp_request_run(struct cvsw_esp_request *req, struct cvsw_walk *walk)
{
	struct aead_request *request = req->request;
	unsigned int len = req->len + (req->decrypt ? CVSW_ESP_ICV : 0);
	int err;

	aead_request_set_tfm(request, req->sa->aead);
	aead_request_set_callback(request, 0, CVSW_CRYPTO_CALLBACK(cipher_done, cipher_done_request),
				  req);
	aead_request_set_crypt(request, req->sg, req->sg, len, req->iv);
	/* To the crypto API the IV is behind the associated data, and counts as such. */
	aead_request_set_ad(request, sizeof(struct cvsw_esp_header));

	err = req->decrypt ? crypto_aead_decrypt(request) : crypto_aead_encrypt(request);
	if (unlikely(err == -EINPROGRESS)) {
		if (!leave_to_cipher(req, walk)) {
			if (unlikely(walk->trace))
				cvsw_stats_count(walk->engine->stats, CVSW_CNT_DROP_ESP_BUSY);
			return NULL;
		}
		err = req->err;
	}
	return req->finish(req, walk, err);
}

enum cvsw_counter cvsw_esp_fault(int err)
{
	switch (err) {
	case -EBADMSG:
		return CVSW_CNT_DROP_ESP_TAG;
	case -ENOMEM:
		return CVSW_CNT_DROP_NOMEM;
	case -EBUSY:
	case -ENOSPC:
		return CVSW_CNT_DROP_ESP_BUSY;
	default:
		return CVSW_CNT_DROP_ESP_CIPHER;
	}
}

struct sk_buff *cvsw_esp_copy(struct sk_buff *skb, unsigned int head, unsigned int tail)
{
	struct sk_buff *copy = skb_copy_expand(skb, head, tail, GFP_ATOMIC | __GFP_NOWARN);

	if (!copy)
		return NULL;
	if (skb->sk)
		skb_set_owner_w(copy, skb->sk);
	cvsw_carry_stamp(copy, skb);
	dev_consume_skb_any(skb);
	return copy;
}

/* The checksum follows the change: if it was wrong, it stays wrong. */
void cvsw_esp_set_ip(struct sk_buff *skb, unsigned int network, u8 protocol, unsigned int total)
{
	struct iphdr *ip = (struct iphdr *)(skb->data + network);

	csum_replace2(&ip->check, ip->tot_len, htons(total));
	csum_replace2(&ip->check, htons(ip->protocol), htons(protocol));
	ip->tot_len = htons(total);
	ip->protocol = protocol;
}
