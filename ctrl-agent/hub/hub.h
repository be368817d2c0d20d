/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who hears what happens to NICs, in the order of the hub_on() calls.
 *
 *	links, doors --event--> hub --> nic_log, monitor          what people get to know
 *	                            --> state, settings           what is kept
 *	                            --> overlays                  what follows from it
 *	                            --> wait                      who waits for it
 *
 * Most events come from within a link: a listener may only take notes, and must not call the
 * NIC.  HUB_MOVED follows, once for all that happened; its listeners may act, but must not free
 * the NIC.
 */
#ifndef CVSWD_HUB_H
#define CVSWD_HUB_H

#include "event.h"

#define HUB_EARS	12
#define HUB_BIT(what)	(1u << (what))
/* What people may want to know.  HUB_REFUSED tells them of an SA too. */
#define HUB_NEWS	(~(HUB_BIT(HUB_MOVED) | HUB_BIT(HUB_SAS) | HUB_BIT(HUB_SA_REFUSED)))

typedef void hub_ear(void *arg, const struct hub_event *event);

struct hub {
	size_t n;
	struct {
		uint32_t mask;
		hub_ear *ear;
		void *arg;
	} ears[HUB_EARS];
};

/** hub_on() - from now on @ear hears the events of @mask, HUB_BITs */
void hub_on(struct hub *hub, uint32_t mask, hub_ear *ear, void *arg);

void hub_tell(const struct hub *hub, const struct hub_event *event);

/** hub_close() - nobody hears anything any more */
void hub_close(struct hub *hub);

#endif
