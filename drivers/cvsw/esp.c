// SPDX-License-Identifier: GPL-2.0
/* Until there are security associations, none is found. */
#include <linux/netdevice.h>

#include "esp.h"

static struct sk_buff *drop(struct cvsw_walk *walk, struct sk_buff *skb)
{
	cvsw_stats_count(walk->engine->stats, CVSW_CNT_DROP_ESP_NO_SA);
	dev_kfree_skb_any(skb);
	return NULL;
}

struct sk_buff *cvsw_esp_encrypt(struct cvsw_walk *walk, struct sk_buff *skb, u32 spi)
{
	return drop(walk, skb);
}

struct sk_buff *cvsw_esp_decrypt(struct cvsw_walk *walk, struct sk_buff *skb)
{
	return drop(walk, skb);
}
