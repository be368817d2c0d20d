// SPDX-License-Identifier: GPL-2.0-or-later
#include "hub.h"

#include <stdlib.h>

void hub_on(struct hub *hub, uint32_t mask, hub_ear *ear, void *arg)
{
	if (hub->n == HUB_EARS)
		abort();
	hub->ears[hub->n].mask = mask;
	hub->ears[hub->n].ear = ear;
	hub->ears[hub->n++].arg = arg;
}

void hub_tell(const struct hub *hub, const struct hub_event *event)
{
	for (size_t i = 0; i < hub->n; i++)
		if (hub->ears[i].mask & HUB_BIT(event->what))
			hub->ears[i].ear(hub->ears[i].arg, event);
}

void hub_close(struct hub *hub)
{
	hub->n = 0;
}
