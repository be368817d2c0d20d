/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The overlays of the daemon: by name, kept going by a timer and by what NICs do. */
#ifndef CVSWD_OVERLAYS_H
#define CVSWD_OVERLAYS_H

#include "base/turns.h"
#include "overlay.h"

#define OVERLAYS_MAX		256
#define OVERLAYS_PAUSE_MS	5	/* what NICs say meanwhile is acted on at once */
#define OVERLAYS_LOOK_MS	20	/* between two looks at one overlay */
#define OVERLAYS_DEFAULT_REKEY_S	1800
#define OVERLAYS_SPI_BLOCK	4096	/* reserved at a time, at least */
#define OVERLAYS_RETRY_MS	1000	/* while no SPIs can be reserved */

struct cvsw_v3_message;
struct event;
struct event_base;
struct nic;

/**
 * struct overlays_keeper - how what must outlast the daemon is kept; cvswd.c sets it
 * @of: their first argument
 * @spi: none from here on was ever used; false: that is not kept
 * @ways: which SPIs are in use on the ways to members that are unkept; they are no more.  They are
 *	on the disk within a fifth of a second, unless it cannot be written
 */
struct overlays_keeper {
	void *of;
	bool (*spi)(void *of, uint32_t next);
	void (*ways)(void *of, struct overlay *overlay);
};

/**
 * struct overlays - all of them
 * @looks: when to look at which
 * @to_tell: NICs for which something changed: overlays_tell()
 * @reserved_spi: none from here on was ever used, whatever becomes of us
 * @timer: for the first look; @looking: is put off then
 * @settled: called after each look at them
 */
struct overlays {
	TAILQ_HEAD(overlays_order, overlay) order;
	size_t n;
	struct heap looks;
	LIST_HEAD(, nic) to_tell;
	struct ways_world world;
	uint32_t reserved_spi;
	struct event *timer;
	struct turns_work looking;
	struct overlays_keeper keeper;
	void (*settled)(void);
};

void overlays_init(struct overlays *overlays, struct event_base *base);

/** overlays_free() - wipes the keys; before the NICs go */
void overlays_free(struct overlays *overlays);

struct overlay *overlays_find(struct overlays *overlays, const char *name);
struct overlay *overlays_find_vni(struct overlays *overlays, uint32_t vni);

/** overlays_add() - take over an overlay */
void overlays_add(struct overlays *overlays, struct overlay *overlay);

/** overlays_tell() - sends the NICs what has changed for them, once it is kept */
void overlays_tell(struct overlays *overlays);

/**
 * overlays_leave() - a member's flows and SAs go, and it gets the MTU back that it had
 *
 * overlays_tell() is to follow.
 */
void overlays_leave(struct overlays *overlays, struct overlay *overlay,
		    struct overlay_member *member);

/** overlays_remove() - all members leave, and it is freed; likewise */
void overlays_remove(struct overlays *overlays, struct overlay *overlay);

/** overlays_expiring() - hub_ear: a NIC's SA_EXPIRING, which is well-formed */
void overlays_expiring(void *overlays, const struct hub_event *event);

/** overlays_found() - hub_ear: a NIC says which SAs it has */
void overlays_found(void *overlays, const struct hub_event *event);

/** overlays_nic_moved() - hub_ear: what a member did may concern the others */
void overlays_nic_moved(void *overlays, const struct hub_event *event);

/** overlays_refused() - hub_ear: a NIC refused an SA */
void overlays_refused(void *overlays, const struct hub_event *event);

/** overlays_poke() - something changed: look at this overlay soon */
void overlays_poke(struct overlays *overlays, struct overlay *overlay);

#define overlays_each(overlay, overlays)	TAILQ_FOREACH(overlay, &(overlays)->order, in_order)

#endif
