/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The NICs: by MAC address, each with its intent and the place it registered
 * from.  Version 2 names no sender in a frame other than REGISTER, so a port
 * has one NIC, the one that registered there last.
 */
#ifndef CVSWD_NICS_H
#define CVSWD_NICS_H

#include <event2/event.h>

#include "session.h"

struct vport;

#define NICS_DEFAULT_MAX	1024
#define NICS_BUCKETS		1024

struct nic {
	TAILQ_ENTRY(nic) in_order;
	struct nic *next_in_bucket;
	struct nics *nics;
	struct session session;
	struct vport *port;		/* NULL: absent */
	struct event *timer;
	uint64_t n_registers;
	uint64_t n_moves;
};

/**
 * struct nics - all NICs that are present or that something is stated for
 * @changed: a session went on; called after each step of it, may be NULL
 */
struct nics {
	struct event_base *base;
	TAILQ_HEAD(nic_order, nic) order;
	struct nic *buckets[NICS_BUCKETS];
	size_t n;
	size_t max;
	void (*changed)(void *owner, struct nic *nic);
	void *owner;
};

void nics_init(struct nics *nics, struct event_base *base, size_t max);
void nics_free(struct nics *nics);

struct nic *nics_find(struct nics *nics, const uint8_t mac[CVSW_ETH_ALEN]);

/** nics_get() - find or create; NULL: there are @max already */
struct nic *nics_get(struct nics *nics, const uint8_t mac[CVSW_ETH_ALEN]);

/** nic_of_session() - the NIC whose session it is */
struct nic *nic_of_session(struct session *session);

/** nics_register() - a REGISTER came in on @port; false: refused */
bool nics_register(struct nics *nics, struct vport *port, const uint8_t mac[CVSW_ETH_ALEN]);

/** nic_detach() - its port has gone or is another's; frees a NIC without an intent */
void nic_detach(struct nic *nic);

/** nic_list() - a LIST_ENTRIES came from the NIC */
void nic_list(struct nic *nic, const struct cvsw_msg *msg);

/** nic_changed() - the intent was changed; @settings: MTU or offloads too */
void nic_changed(struct nic *nic, bool settings);

/** nic_forget() - drop the intent; the NIC is freed if it is absent */
void nic_forget(struct nic *nic);

bool nic_has_intent(const struct nic *nic);

#define nics_each(nic, nics)	TAILQ_FOREACH(nic, &(nics)->order, in_order)

#define MAC_TEXT_LEN	18
#define MAC_FORMAT	"%02x:%02x:%02x:%02x:%02x:%02x"
#define MAC_BYTES(mac)	(mac)[0], (mac)[1], (mac)[2], (mac)[3], (mac)[4], (mac)[5]

#endif
