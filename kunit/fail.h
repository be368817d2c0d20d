/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocations that fail on demand, for a source file that is included behind
 * this one: a macro's own name is not expanded again.
 */
#ifndef CVSW_KUNIT_FAIL_H
#define CVSW_KUNIT_FAIL_H

#include <linux/rhashtable.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/xarray.h>

/* The n-th allocation from now on fails, and all behind it; 0: none. */
static int fail_at;

static inline bool fails(void)
{
	return fail_at && (fail_at == 1 || !--fail_at);
}

#define kzalloc(size, flags)		(fails() ? NULL : kzalloc(size, flags))
#define kcalloc(n, size, flags)		(fails() ? NULL : kcalloc(n, size, flags))
#define kmem_cache_zalloc(cache, flags)	(fails() ? NULL : kmem_cache_zalloc(cache, flags))
#define kvzalloc(size, flags)		(fails() ? NULL : kvzalloc(size, flags))
#define rhltable_init(hlt, params)	(fails() ? -ENOMEM : rhltable_init(hlt, params))
#define rhltable_insert_key(hlt, key, list, params) \
	(fails() ? -ENOMEM : rhltable_insert_key(hlt, key, list, params))
#define xa_alloc_cyclic(xa, id, entry, limit, next, flags) \
	(fails() ? -ENOMEM : xa_alloc_cyclic(xa, id, entry, limit, next, flags))
#define skb_clone(skb, flags)		(fails() ? NULL : skb_clone(skb, flags))
#define skb_cow_head(skb, headroom)	(fails() ? -ENOMEM : skb_cow_head(skb, headroom))
#define skb_ensure_writable(skb, len)	(fails() ? -ENOMEM : skb_ensure_writable(skb, len))

#endif
