// SPDX-License-Identifier: GPL-2.0-or-later
#include "waiting.h"

#include "base/alloc.h"

struct waiting *waiting_find(const struct vport *port, const uint8_t mac[CVSW_ETH_ALEN])
{
	struct waiting *waiting;

	TAILQ_FOREACH(waiting, &port->waiting, in_order)
		if (!memcmp(cvsw_v3_register_mac(waiting->frame), mac, CVSW_ETH_ALEN))
			break;
	return waiting;
}

struct waiting *waiting_begin(struct vport *port, size_t *all)
{
	struct waiting *waiting;

	if (port->n_waiting && (port->n_waiting >= WAITING_AT_PORT || *all >= WAITING_IN_ALL))
		return NULL;
	waiting = xcalloc(1, sizeof(*waiting));
	TAILQ_INSERT_TAIL(&port->waiting, waiting, in_order);
	port->n_waiting++;
	(*all)++;
	return waiting;
}

void waiting_end(struct vport *port, struct waiting *waiting, size_t *all)
{
	TAILQ_REMOVE(&port->waiting, waiting, in_order);
	port->n_waiting--;
	(*all)--;
	free(waiting);
}
