// SPDX-License-Identifier: GPL-2.0
/* The actions by which a frame gains or loses a layer: the next lookup is of what is then seen. */
#include <linux/if_vlan.h>
#include <linux/netdevice.h>

#include "esp/esp.h"
#include "mtu.h"
#include "outcome.h"
#include "segment.h"
#include "tunnel/pmtu.h"
#include "tunnel/vxlan.h"

/* A tag beside the frame's bytes would stay outside of what is put around them. */
static struct sk_buff *tag_inside(struct cvsw_stats __percpu *stats, struct sk_buff *skb,
				  struct cvsw_outcome *out)
{
	if (likely(!skb_vlan_tag_present(skb)))
		return skb;
	cvsw_outcome_forget(out);
	skb = cvsw_frame_own(stats, skb);
	if (!skb)
		return NULL;
	skb = __vlan_hwaccel_push_inside(skb);
	if (!skb)
		cvsw_stats_count(stats, CVSW_CNT_DROP_NOMEM);
	return skb;
}

/* Does the flow encrypt what it has put into a tunnel? */
static bool encrypts_next(const struct cvsw_walk *walk)
{
	return walk->next < walk->end &&
	       cvsw_entry_actions(walk->entry)[walk->next].type == CVSW_ACT_ENCRYPT;
}

static struct sk_buff *cut_into_segments(struct cvsw_walk *walk, struct sk_buff *skb,
					 const struct cvsw_layout *at, unsigned int headroom,
					 enum cvsw_payload payload)
{
	struct sk_buff *list = cvsw_segment(skb, at, headroom, payload);

	if (!IS_ERR(list))
		return list;
	return cvsw_frames_drop(walk->engine->stats, skb,
				PTR_ERR(list) == -ENOMEM ? CVSW_CNT_DROP_NOMEM :
				PTR_ERR(list) == -E2BIG ? CVSW_CNT_DROP_SEGMENTS :
							  CVSW_CNT_DROP_GSO);
}

struct sk_buff *cvsw_layer_encap(struct cvsw_walk *walk, struct sk_buff *skb,
				 const struct cvsw_tunnel *tunnel, struct cvsw_outcome *out)
{
	struct cvsw_layers layers = {
		.bytes = CVSW_VXLAN_HEAD - ETH_HLEN, .dst = cvsw_vxlan_dst(tunnel),
	};
	unsigned int head = CVSW_VXLAN_HEAD;
	struct cvsw_engine *engine = walk->engine;
	enum cvsw_payload payload = CVSW_PAYLOAD_SUMMED;
	const struct cvsw_layout *at;
	struct sk_buff *list;

	skb = tag_inside(engine->stats, skb, out);
	if (unlikely(!skb))
		return NULL;
	if (encrypts_next(walk)) {
		head += CVSW_ESP_HEAD;
		layers.bytes += CVSW_ESP_OVERHEAD;
		payload = CVSW_PAYLOAD_COPIED;
	} else if (tunnel->flags & CVSW_TUNNEL_CSUM && skb_has_shared_frag(skb)) {
		/* The outer checksum is over all of it. */
		payload = CVSW_PAYLOAD_COPIED;
	} else if (cvsw_sums_inside(engine, skb->dev)) {
		payload = CVSW_PAYLOAD_UNTOUCHED;
	}
	at = cvsw_outcome_layout(out, skb);
	layers.l2 = at->l3;
	if (!cvsw_mtu_check(walk, skb, at, &layers)) {
		dev_kfree_skb_any(skb);
		return NULL;
	}
	walk->packet = cvsw_segment_len(skb, at) - ETH_HLEN;
	list = cut_into_segments(walk, skb, at, head, payload);
	if (list)
		cvsw_vxlan_encap(list, at, tunnel);
	if (head == CVSW_VXLAN_HEAD && likely(!walk->trace))
		cvsw_pmtu_sent(engine->pmtus, layers.dst, tunnel->udp_dst);
	walk->layered = true;
	return list;
}

struct sk_buff *cvsw_layer_encrypt(struct cvsw_walk *walk, struct sk_buff *skb, u32 spi)
{
	walk->layered = true;
	return cvsw_esp_encrypt(walk, skb, spi);
}

struct sk_buff *cvsw_layer_decap(struct cvsw_walk *walk, struct sk_buff *skb,
				 enum cvsw_action_type type, struct cvsw_outcome *out)
{
	if (type == CVSW_ACT_VXLAN_STRIP && !cvsw_vxlan_is(skb, cvsw_outcome_layout(out, skb))) {
		cvsw_stats_count(walk->engine->stats, CVSW_CNT_ACTION_SKIPPED);
		return skb;
	}
	skb = cvsw_frame_own(walk->engine->stats, skb);
	if (skb)
		skb = cvsw_vxlan_decap(walk, skb, cvsw_outcome_layout(out, skb));
	walk->packet = 0;
	walk->layered = true;
	return skb;
}

bool cvsw_layer_decrypt(struct cvsw_walk *walk, struct sk_buff **skb, struct cvsw_outcome *out)
{
	bool layered = walk->layered;
	struct sk_buff *done = NULL;

	/* Ahead, for it may go on from there later. */
	walk->layered = true;
	*skb = cvsw_frame_own(walk->engine->stats, *skb);
	if (*skb)
		done = cvsw_esp_decrypt(walk, *skb, cvsw_outcome_layout(out, *skb));
	if (IS_ERR(done)) {
		walk->layered = layered;
		return false;
	}
	*skb = done;
	return true;
}

/*
 * Encryption is of what goes on the wire; of datagrams that the host's stack glued
 * together (UDP GSO), each has its own headers behind UDP's.
 */
bool cvsw_layer_wants_pieces(const struct sk_buff *skb, enum cvsw_action_type type,
			     struct cvsw_outcome *out)
{
	if (type == CVSW_ACT_ENCRYPT)
		return skb_is_gso(skb) || skb_shared(skb) || skb->ip_summed == CHECKSUM_PARTIAL;
	if (type != CVSW_ACT_VXLAN_DECAP && type != CVSW_ACT_VXLAN_STRIP &&
	    type != CVSW_ACT_DECRYPT)
		return false;
	return skb_is_gso(skb) && skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4 &&
	       !skb->encapsulation &&
	       (type != CVSW_ACT_VXLAN_STRIP || cvsw_vxlan_is(skb, cvsw_outcome_layout(out, skb)));
}

struct sk_buff *cvsw_layer_pieces(struct cvsw_walk *walk, struct sk_buff *skb,
				  enum cvsw_action_type type, struct cvsw_outcome *out)
{
	const struct cvsw_layout *at = cvsw_outcome_layout(out, skb);

	if (type == CVSW_ACT_ENCRYPT)
		return cut_into_segments(walk, skb, at, CVSW_ESP_HEAD, CVSW_PAYLOAD_COPIED);
	return cut_into_segments(walk, skb, at, 0, CVSW_PAYLOAD_SUMMED);
}
