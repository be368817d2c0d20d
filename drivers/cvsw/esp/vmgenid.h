/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine's generation: a number that its hypervisor changes, before the machine
 * runs, whenever the machine's memory comes to life again (Microsoft, Virtual Machine
 * Generation ID; QEMU's device vmgenid).
 */
#ifndef CVSW_VMGENID_H
#define CVSW_VMGENID_H

#include <linux/compiler.h>
#include <linux/types.h>

struct cvsw_generation {
	u64 id[2];
};

/* In memory that the hypervisor writes to; where it offers none, what never changes. */
extern const struct cvsw_generation *cvsw_generation;

/* Read while it changes, it is like neither: only ever asked for being the same. */
static inline struct cvsw_generation cvsw_generation_now(void)
{
	return (struct cvsw_generation) { .id = {
		READ_ONCE(cvsw_generation->id[0]), READ_ONCE(cvsw_generation->id[1])
	} };
}

static inline bool cvsw_generation_is(const struct cvsw_generation *generation)
{
	struct cvsw_generation now = cvsw_generation_now();

	return now.id[0] == generation->id[0] && now.id[1] == generation->id[1];
}

/**
 * cvsw_generation_changed() - let all ports know, soon and in process context
 *
 * For whoever notices first.  Context: any.
 */
void cvsw_generation_changed(void);

/** cvsw_generation_is_known() - does the hypervisor offer one? */
bool cvsw_generation_is_known(void);

/**
 * cvsw_generation_module_init() - look for it; if there is none, so be it
 * @changed: what cvsw_generation_changed() has called, in process context
 * Context: process context.
 */
void cvsw_generation_module_init(void (*changed)(void));

/** cvsw_generation_module_exit() - nobody reads it any more */
void cvsw_generation_module_exit(void);

#endif
