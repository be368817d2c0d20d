/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CVSW_KEY_H
#define CVSW_KEY_H

#include <linux/skbuff.h>

#include "../../proto/cvsw_flow.h"

/**
 * cvsw_key_extract() - read the fields that flows match
 * @skb: data at the Ethernet header; not written to, may be shared
 * @in: ingress port
 * @key: out: every byte set
 *
 * A header that is cut short, or that claims more than the frame holds, ends
 * the reading: its fields and those above stay zero.
 * Return: 0, or -EINVAL if the frame has no whole Ethernet header.
 */
int cvsw_key_extract(const struct sk_buff *skb, enum cvsw_ingress in,
		     struct cvsw_key *key);

#endif
