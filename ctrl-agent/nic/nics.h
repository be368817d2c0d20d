/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NICs: by MAC address, wherever they were heard from.
 *
 * One with a key speaks version 3, and nothing of version 2 is taken from it: its
 * frames name it and prove it, wherever they come from.  One without speaks version 2, if
 * that is allowed, and nothing else.
 */
#ifndef CVSWD_NICS_H
#define CVSWD_NICS_H

#include <event2/event.h>

#include "hub/hub.h"
#include "nic.h"

struct vport_user;
struct vswitches;

#define NICS_DEFAULT_MAX	16384
#define NICS_BUCKETS		16384	/* 1 << NICS_BUCKET_BITS */
#define NICS_BUCKET_BITS	14

/* How long `show` reports two claimants, or one without proof. A claimant counts if it was heard within NICS_ALIVE_MS. */
#define NICS_CLAIM_MS		60000
#define NICS_ALIVE_MS		10000

/**
 * struct nics - all NICs that are present, that something is stated for, or with a key
 * @world: of all NICs; its log_keys counts for keys that are set from then on
 * @switches: where frames go
 * @allow_version2: of NICs without a key
 * @max: a stranger makes no more; from the database come as many as there are
 * @loading: they come from the database
 * @order: as they came
 * @keyed: those with a key, by number; @room entries, none is free below @first_free
 * @away: those with a key that were at a port which has gone, by its place
 * @n_waiting: REGISTERs that wait, at all ports: waiting.h
 * @drops: frames of version 3 that were dropped, by cause
 * @hub: hears what happens to them
 * @came, @gone, @arg: a NIC was made, or is freed; may be NULL
 * @alarms: when each of them wants to go on; @timer: for the first
 */
struct nics {
	struct event_base *base;
	struct hub *hub;
	struct nic_world world;
	struct vswitches *switches;
	bool allow_version2;
	TAILQ_HEAD(nic_order, nic) order;
	struct nic *buckets[NICS_BUCKETS];
	size_t n;
	size_t max;
	bool loading;
	size_t room;
	struct nic **keyed;
	size_t first_free;
	LIST_HEAD(, nic) away[NICS_BUCKETS];
	struct cvsw_v3_guard guard;
	size_t n_waiting;
	uint64_t drops[CVSW_V3_N_DROPS];
	void (*came)(void *arg, struct nic *nic);
	void (*gone)(void *arg, struct nic *nic);
	void *arg;
	struct heap alarms;
	struct event *timer;
};

void nics_init(struct nics *nics, struct event_base *base, struct hub *hub, size_t max);
void nics_free(struct nics *nics);

struct nic *nics_find(struct nics *nics, const uint8_t mac[CVSW_ETH_ALEN]);

/** nics_get() - find or create; NULL: there are @max already, and it is not @loading */
struct nic *nics_get(struct nics *nics, const uint8_t mac[CVSW_ETH_ALEN]);

/** nics_sorted() - all of them, by MAC address; freed by the caller */
struct nic **nics_sorted(const struct nics *nics);

/** nics_is_station() - can a NIC have this MAC address? */
bool nics_is_station(const uint8_t mac[CVSW_ETH_ALEN]);

/** nic_attach() - it was heard at a port; the caller has seen to the former one */
void nic_attach(struct nic *nic, struct vport *port);

/** nic_detach() - its port has gone or is another's; nic_release() is done here */
void nic_detach(struct nic *nic);

/** nics_loaded() - @loading is over: those of which nothing is known after all go */
void nics_loaded(struct nics *nics);

/** nic_changed() - it should be something else now; @settings: MTU or offloads too */
void nic_changed(struct nic *nic, bool settings);

/** nic_go_on() - do what is due now, and set its alarm for the rest */
void nic_go_on(struct nic *nic);

/** nic_go_on_later() - put nic_go_on() off: once, for all that comes meanwhile */
void nic_go_on_later(struct nic *nic);

/** nic_forget() - drop what it should be, and the NIC if nothing else needs it */
void nic_forget(struct nic *nic);

/**
 * nic_release() - frees a NIC that nothing needs any more
 *
 * A NIC lives as long as it is at a port, has a key, is a member of an overlay, or something
 * is configured for it.  Whoever ends one of these calls this; nothing else frees a NIC.
 */
void nic_release(struct nic *nic);

/* ---- version 3: keyed.c ---- */

/**
 * nic_set_key() - from now on it speaks version 3 with this key, or, NULL, version 2
 *
 * A conversation under another key ends.
 */
void nic_set_key(struct nic *nic, const uint8_t *key);

/** nic_away() - its port has gone: when that comes up again, the NIC is found by its place */
void nic_away(struct nic *nic);

/** nic_claim() - who says to be this NIC, beside it; NULL: nobody of late */
const struct nic_claim *nic_claim(const struct nic *nic);

#define NIC_WITHOUT_KEY		"without a key (version 2)"
#define NIC_WITH_ANOTHER_KEY	"with another key"

/** nic_unproved() - somebody registers as this NIC, which has a key, and does not prove it */
void nic_unproved(struct nic *nic, const struct vport *port, const char *how);

/**
 * nic_silence() - why a NIC with a key does not talk, as far as it can be seen from here
 *
 * A driver without a key says nothing at all.
 * Return: @text, or NULL: it talks, or has no key here.
 */
const char *nic_silence(const struct nic *nic, char *text, size_t room);

/** nic_drop_number() - it has a key no more, or goes */
void nic_drop_number(struct nic *nic);

/** nic_not_away() - it is not to be found by the place where it was any more */
void nic_not_away(struct nic *nic);

/** nics_stranger() - a MAC address without a key registers; proves nothing, but people want to know */
void nics_stranger(struct vport *port, const uint8_t mac[CVSW_ETH_ALEN]);

/** nic_stranger() - the one at the port of a NIC with a key that is silent; NULL: none */
const uint8_t *nic_stranger(const struct nic *nic);

/** nics_user() - what looks after the switches' ports */
struct vport_user nics_user(struct nics *nics);

#define nics_each(nic, nics)	TAILQ_FOREACH(nic, &(nics)->order, in_order)

#endif
