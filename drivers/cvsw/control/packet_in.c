// SPDX-License-Identifier: GPL-2.0
#include <linux/if_vlan.h>
#include <linux/slab.h>

#include "proto/cvsw_v3_body.h"
#include "packet_in.h"

struct packet_in {
	struct llist_node node;
	struct cvsw_v3_packet_in about;
	u8 data[];
};

void cvsw_packet_ins_init(struct cvsw_packet_ins *ins)
{
	init_llist_head(&ins->new);
	atomic_set(&ins->n, 0);
	ins->waiting = NULL;
}

/* A tag beside the frame's bytes stands in them on the wire. */
static bool packet_in_copy(const struct sk_buff *skb, u8 *to, unsigned int len)
{
	unsigned int before = min_t(unsigned int, len, 2 * ETH_ALEN);
	__be16 tag[2] = { skb->vlan_proto, htons(skb_vlan_tag_get(skb)) };
	unsigned int tagged = min_t(unsigned int, len, before + sizeof(tag));

	if (!skb_vlan_tag_present(skb))
		return !skb_copy_bits(skb, 0, to, len);
	if (skb_copy_bits(skb, 0, to, before))
		return false;
	memcpy(to + before, tag, tagged - before);
	return !skb_copy_bits(skb, before, to + tagged, len - tagged);
}

static struct packet_in *packet_in_make(const struct cvsw_walk *walk, const struct sk_buff *skb,
			      unsigned int max_len)
{
	unsigned int total = skb->len + (skb_vlan_tag_present(skb) ? VLAN_HLEN : 0);
	unsigned int len = min3(total, max_len, (unsigned int)CVSW_V3_PACKET_IN_DATA_MAX);
	struct packet_in *in;

	in = kmalloc(struct_size(in, data, len), GFP_ATOMIC | __GFP_NOWARN);
	if (!in)
		return NULL;
	in->about = (struct cvsw_v3_packet_in){
		.reason = walk->entry ? CVSW_V3_ACTION : CVSW_V3_NO_MATCH,
		.in_port = walk->in, .pass = walk->pass,
		.total = min_t(unsigned int, total, U16_MAX), .sa = walk->sa,
		.tun_id = walk->tun_id, .cookie = walk->entry ? walk->entry->cookie : U64_MAX,
		.data = in->data, .len = len,
	};
	if (packet_in_copy(skb, in->data, len))
		return in;
	kfree(in);
	return NULL;
}

int cvsw_packet_in_add(struct cvsw_packet_ins *ins, const struct cvsw_walk *walk,
		       const struct sk_buff *skb, unsigned int max_len, bool *first)
{
	struct packet_in *in;

	*first = false;
	/* Beside a flood of them this is all that is done. */
	if (atomic_read(&ins->n) >= CVSW_PACKET_INS_MAX)
		return CVSW_CNT_PACKET_IN_FULL;
	in = packet_in_make(walk, skb, max_len);
	if (!in)
		return CVSW_CNT_PACKET_IN_NOMEM;
	if (atomic_inc_return(&ins->n) > CVSW_PACKET_INS_MAX) {
		atomic_dec(&ins->n);
		kfree(in);
		return CVSW_CNT_PACKET_IN_FULL;
	}
	*first = llist_add(&in->node, &ins->new);
	return 0;
}

/* The oldest one. */
static struct packet_in *packet_in_first(struct cvsw_packet_ins *ins)
{
	if (!ins->waiting)
		ins->waiting = llist_reverse_order(llist_del_all(&ins->new));
	return ins->waiting ? llist_entry(ins->waiting, struct packet_in, node) : NULL;
}

static void packet_in_remove(struct cvsw_packet_ins *ins, struct packet_in *in)
{
	ins->waiting = in->node.next;
	kfree(in);
	atomic_dec(&ins->n);
}

size_t cvsw_packet_in_next(struct cvsw_packet_ins *ins, u64 now, u8 *content)
{
	struct packet_in *in = packet_in_first(ins);
	size_t len;

	if (!in || !cvsw_v3_bucket_take(&ins->rate, CVSW_PACKET_IN_BURST, CVSW_PACKET_IN_MS, now))
		return 0;
	len = cvsw_v3_packet_in_encode(&in->about, content, CVSW_V3_CONTENT_MAX);
	packet_in_remove(ins, in);
	return len;
}

bool cvsw_packet_ins_wait(const struct cvsw_packet_ins *ins)
{
	return atomic_read(&ins->n);
}

void cvsw_packet_ins_clear(struct cvsw_packet_ins *ins)
{
	struct packet_in *in;

	while ((in = packet_in_first(ins)))
		packet_in_remove(ins, in);
}
