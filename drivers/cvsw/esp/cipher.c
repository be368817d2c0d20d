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

#include "cipher.h"
#include "compat.h"
#include "engine/segment.h"

enum stage {
	SUBMITTED,
	HELD,		/* the submitter has gone, leaving references */
	DONE,		/* the callback has been */
};

struct cvsw_cipher *cvsw_cipher_create(struct cvsw_esp_sa *sa, unsigned int n_sg)
{
	struct cvsw_cipher *cipher;
	size_t at = ALIGN(struct_size(cipher, sg, n_sg), __alignof__(struct aead_request));

	cipher = kmalloc(at + sizeof(struct aead_request) + crypto_aead_reqsize(sa->aead),
			 GFP_ATOMIC | __GFP_NOWARN);
	if (unlikely(!cipher))
		return NULL;
	memset(cipher, 0, sizeof(*cipher));
	cipher->sa = sa;
	cipher->request = (void *)cipher + at;
	sg_init_table(cipher->sg, n_sg);
	return cipher;
}

/* The frame waited: its way goes on from here. */
static void resume(struct cvsw_cipher *cipher)
{
	struct cvsw_esp_sa *sa = cipher->sa;
	struct cvsw_walk walk = cipher->walk;
	struct sk_buff *skb;

	local_bh_disable();
	if (likely(!walk.trace)) {
		cvsw_stats_count(walk.engine->stats, CVSW_CNT_ESP_ASYNC);
		skb = cipher->finish(cipher, &walk, cipher->err);
		cvsw_engine_resume(&walk, skb);
	} else {
		/* Whoever looked has gone, and the trace's engine with him. */
		dev_kfree_skb_any(cipher->skb);
		kfree(cipher);
		cvsw_entry_put(walk.entry);
	}
	/* The last that is done with anything of the port's. */
	cvsw_sa_put(sa);
	local_bh_enable();
}

static void cipher_done(void *data, int err)
{
	struct cvsw_cipher *cipher = data;

	cipher->err = err;
	if (atomic_xchg(&cipher->stage, DONE) == HELD)
		resume(cipher);
}

static void __maybe_unused cipher_done_request(struct crypto_async_request *request, int err)
{
	cipher_done(request->data, err);
}

/* Return: has the callback been already, and left the frame to us? */
static bool leave(struct cvsw_cipher *cipher, const struct cvsw_walk *walk)
{
	struct cvsw_esp_sa *sa = cipher->sa;
	struct cvsw_entry *entry = walk->entry;

	refcount_inc(&sa->users);
	cvsw_walk_hold(&cipher->walk, walk);
	if (likely(atomic_xchg(&cipher->stage, HELD) != DONE))
		return false;
	cvsw_entry_put(entry);
	cvsw_sa_put(sa);
	return true;
}

struct sk_buff *cvsw_cipher_run(struct cvsw_cipher *cipher, struct cvsw_walk *walk)
{
	struct aead_request *request = cipher->request;
	unsigned int len = cipher->len + (cipher->decrypt ? CVSW_ESP_ICV : 0);
	int err;

	aead_request_set_tfm(request, cipher->sa->aead);
	aead_request_set_callback(request, 0, CVSW_CRYPTO_CALLBACK(cipher_done, cipher_done_request),
				  cipher);
	aead_request_set_crypt(request, cipher->sg, cipher->sg, len, cipher->iv);
	/* To the crypto API the IV is behind the associated data, and counts as such. */
	aead_request_set_ad(request, sizeof(struct cvsw_esp_header));

	err = cipher->decrypt ? crypto_aead_decrypt(request) : crypto_aead_encrypt(request);
	if (unlikely(err == -EINPROGRESS)) {
		if (!leave(cipher, walk)) {
			if (unlikely(walk->trace))
				cvsw_stats_count(walk->engine->stats, CVSW_CNT_DROP_ESP_BUSY);
			return NULL;
		}
		err = cipher->err;
	}
	return cipher->finish(cipher, walk, err);
}

enum cvsw_counter cvsw_cipher_fault(int err)
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
