/* SPDX-License-Identifier: GPL-2.0 */
/* An engine without a port: a table, counters, and a wire of 1,500 bytes. */
#ifndef CVSW_KUNIT_BARE_ENGINE_H
#define CVSW_KUNIT_BARE_ENGINE_H

#include "../drivers/cvsw/engine/engine.h"

/* Return: 0 or -ENOMEM; bare_engine_exit() all the same. */
static inline int bare_engine_init(struct cvsw_engine *engine)
{
	engine->table = cvsw_table_create();
	engine->stats = cvsw_stats_alloc();
	engine->wire_mtu = 1500;
	return engine->table && engine->stats ? 0 : -ENOMEM;
}

static inline void bare_engine_exit(struct cvsw_engine *engine)
{
	cvsw_table_destroy(engine->table);
	free_percpu(engine->stats);
}

#endif
