/* SPDX-License-Identifier: GPL-2.0 */
/* Recent lookups, per CPU: what the table said of a key, until the table changes. */
#ifndef CVSW_CACHE_H
#define CVSW_CACHE_H

#include <linux/types.h>

#include "proto/cvsw_flow.h"

struct cvsw_entry;
struct cvsw_cache;

/* A key is hashed and compared in 64-bit words. */
#define CVSW_KEY_WORDS		(sizeof(struct cvsw_key) / sizeof(u64))
#define CVSW_KEY_PLAIN_WORDS	(CVSW_KEY_PLAIN / sizeof(u64))
#define CVSW_KEY_FRAME_WORDS	(CVSW_KEY_FRAME / sizeof(u64))

/**
 * struct cvsw_cache_key - what is compared
 * @words: of a struct cvsw_key, without bits that no flow asks for
 * @n: how many of them count: the plain ones, or more
 * @table: that the key is looked up in
 */
struct cvsw_cache_key {
	u64 words[CVSW_KEY_WORDS];
	u8 n;
	u8 table;
};

/** cvsw_cache_create() - empty, or NULL: no memory */
struct cvsw_cache __percpu *cvsw_cache_create(void);

/** cvsw_cache_destroy() - @cache: may be NULL; no reader may be left */
void cvsw_cache_destroy(struct cvsw_cache __percpu *cache);

/**
 * cvsw_cache_find() - what the table said when it was last asked for this key
 * @version: of the table, read before; what was said of another does not count
 * @entry: out
 *
 * Context: RCU read side, migration off: bottom halves or interrupts disabled.
 * An interrupt on top of another call (netpoll) finds nothing.
 * Return: whether @entry is set; to NULL, if the key matched nothing.
 */
bool cvsw_cache_find(struct cvsw_cache __percpu *cache, const struct cvsw_cache_key *key,
		     u64 version, struct cvsw_entry **entry);

/**
 * cvsw_cache_put() - remember what the table says
 * @version: of the table, read before @entry was looked up
 * @entry: NULL: nothing matches
 *
 * Holds no reference: who takes @entry out of the table changes the version
 * before @entry's grace periods begin.
 * Context: as cvsw_cache_find().
 */
void cvsw_cache_put(struct cvsw_cache __percpu *cache, const struct cvsw_cache_key *key,
		    u64 version, struct cvsw_entry *entry);

#endif
