/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one NIC should be and what is known of it; and the conversation with it in
 * control protocol version 2.  One with a key speaks version 3 instead: session3.c.
 *
 * In version 2 the NIC never confirms a setting, so a session works in rounds: push what the
 * NIC seems to lack, ask for its table (LIST_ENTRIES), compare; until nothing
 * differs.  Then it rests, and asks again from time to time.  The published driver does
 * not know LIST_ENTRIES: a NIC that answers none since it registered is taken to be empty,
 * is sent all, once, and rests too, "settled, not listed".
 *
 *	ABSENT --register--> PUSHING --all sent--> ASKING --differs--> PUSHING
 *	                        ^                    |  \--no answer--> ASKING, more slowly
 *	                        |                    equal
 *	                        +---intent changed-- RESTING --time to check--> ASKING
 *	                                                ^
 *	                              it never lists, and all is sent
 *
 * No I/O and no clock in here: frames leave through a callback, times come as
 * arguments.  Whoever calls anything arms a timer for nic_deadline().
 */
#ifndef CVSWD_NIC_H
#define CVSWD_NIC_H

#include "cvsw_msg.h"
#include "cvsw_sa.h"
#include "cvsw_v3_crypto.h"
#include "desired.h"
#include "listing.h"
#include "reconcile.h"
#include "timed.h"

/* Flows a NIC may be given. */
#define NIC_MAX_FLOWS	16384
/* Entries beyond the intent that are kept of an answer; a NIC with more is cleared. */
#define NIC_MAX_EXTRA	1024

/* A NIC queues 256 control messages: stay well below, then leave it time. */
#define LEGACY_BURST		64
#define LEGACY_BURST_PAUSE_MS	10
#define LEGACY_NO_ROOM_MS	50

#define LEGACY_ANSWER_MS	400	/* for the first try; doubles from there */
#define LEGACY_ANSWER_MAX_MS	10000
#define LEGACY_HELLO_TRIES	3	/* silent tries after which a HELLO goes along */
#define LEGACY_REPAIR_MS	100	/* pause before a second repair; doubles */
#define LEGACY_REPAIR_MAX_MS	10000
#define LEGACY_RECHECK_MS	30000
#define LEGACY_UNLISTED_TRIES	4	/* silent tries of one that never listed: 6 s; then it is believed */
#define LEGACY_UNLISTED_MAX_MS	300000	/* and asked again after 30 s, then ever more seldom */
#define LEGACY_REGISTER_MIN_MS	200	/* between two REGISTERs that count */

#define MAC_TEXT_LEN	18
#define MAC_FORMAT	"%02x:%02x:%02x:%02x:%02x:%02x"
#define MAC_BYTES(mac)	(mac)[0], (mac)[1], (mac)[2], (mac)[3], (mac)[4], (mac)[5]

enum nic_state {
	NIC_ABSENT,		/* not registered, or its port has gone */
	NIC_CONNECTING,		/* registered, its table not heard yet */
	NIC_IN_SYNC,		/* what it listed is what it should have */
	NIC_LAGGING,		/* a change or a repair is under way */
	NIC_REFUSING,		/* it has what it should but for what it refuses: version 3 */
	NIC_UNLISTED,		/* it was sent what it should have, and never lists */
};

struct event;
struct nics;
struct overlay_member;
struct vport;

#define NIC_PORT_NAME_LEN	16

/**
 * struct nic_claim - two ports from which somebody proved to be the same NIC
 *
 * A copied VM, or a snapshot put back beside the one that runs.
 *
 * @at: when that was last seen; 0: never
 * @places: the former one, and the one of who came
 */
struct nic_claim {
	uint64_t at;
	struct {
		uint64_t dpid;
		uint32_t port;
		char name[NIC_PORT_NAME_LEN + 1];
	} places[2];
};

/* A SET_SA that has not left yet; wiped when it has. */
struct nic_sa {
	STAILQ_ENTRY(nic_sa) in_order;
	struct cvsw_sa sa;
};

enum legacy_phase {
	PHASE_ABSENT,
	PHASE_PUSHING,
	PHASE_ASKING,
	PHASE_RESTING,
};

/**
 * struct nic - a NIC: who it is, where it is, what it should be, what is known of it
 * @port: NULL: absent; @away: it is in nics->away then, by @at_port
 * @has_key, @key: its pre-shared key
 * @key_unread: it has one in the database, which cannot be read: nothing else is believed
 * @held: it is left alone, as it may belong to an overlay that cannot be read
 * @number: by which its records are known, if it has a key: nics->keyed[number]
 * @member: in an overlay; set by overlay_join(), cleared by overlay_leave(); NULL: in none
 * @to_be_told: what it should be was changed, and nic_go_on() is to follow: @to_tell, of overlays.c
 *
 * @desired: changed by others, who then call nic_desired_changed()
 * @modified: flows that were given other actions, and keep their counters; until told
 * @timed: which flows with timeouts it has taken
 * @sas: to be sent before the next flow
 * @v3: the conversation in version 3; NULL: it speaks version 2
 * @generation: of @desired; @verified is the last one that the NIC listed, or
 *	acknowledged, since it registered; @confirmed likewise, but never goes back
 * @behind_since: when the first change that is not confirmed was made; 0: all are
 * @refused_spi, @refused_direction: while SESSION3_SA_REFUSED is told
 * @epoch: counts its beginnings: with each, its table and its SAs may be gone
 * @table: what the NIC has, as far as we know; only if @table_known
 * @send: sends a frame to the NIC's port; false: no room now, ask again later
 *
 * @mtu_found, @offload_found: that it reported last; 0: none; @found_of: in which epoch
 *	the first ones were taken; settings.c has these
 * @n_mtu_repairs: how often its guest had changed it; @mtu_changed_to: last to that
 * @said_synced: of version 2: that it is in sync was told
 * @heard_at: when its last authentic record came
 */
struct nic {
	TAILQ_ENTRY(nic) in_order;
	struct nic *next_in_bucket;
	struct nics *nics;
	uint8_t mac[CVSW_ETH_ALEN];
	LIST_ENTRY(nic) at_port;
	struct vport *port;
	bool away;
	struct event *timer;
	bool has_key;
	bool key_unread;
	bool held;
	uint8_t key[CVSW_V3_KEY_LEN];
	uint32_t number;
	struct overlay_member *member;
	bool to_be_told;
	LIST_ENTRY(nic) to_tell;

	struct desired desired;
	struct flowset modified;
	struct timed timed;
	STAILQ_HEAD(nic_sas, nic_sa) sas;
	struct session3 *v3;
	uint64_t generation;
	uint64_t verified;
	uint64_t confirmed;
	uint64_t behind_since;
	uint64_t epoch;
	uint32_t refused_spi;
	enum cvsw_sa_direction refused_direction;

	enum legacy_phase phase;
	uint64_t deadline;
	bool heard;		/* a whole list since it registered */
	bool lists;		/* any part of one */
	bool unlisted;		/* it does not: what was sent is believed */
	unsigned int rests;	/* since it was found to be so */
	bool settings_due;
	unsigned int tries;	/* LIST_ENTRIES since the last whole answer */
	bool answered;		/* to the last of them anything came */
	unsigned int repairs;	/* rounds since the last change that did not end it */
	uint64_t registered_at;

	struct flowset table;
	bool table_known;
	struct listing listing;
	size_t n_reported;	/* entries in the last whole answer */
	struct reconcile_diff diff;	/* of the last whole answer */

	uint64_t n_sent;
	uint64_t n_lists;
	uint64_t n_bad_lists;
	uint64_t n_repairs;	/* entries re-sent or deleted after a look at the table */

	bool (*send)(void *owner, const uint8_t *frame, size_t len);
	void *owner;

	bool said_synced;
	uint16_t mtu_found;
	uint16_t mtu_changed_to;
	bool mtu_asking;
	bool mtu_answered;
	uint16_t offload_found;
	uint64_t found_of;
	uint64_t mtu_checked_at;
	uint64_t n_mtu_repairs;
	uint64_t n_registers;
	uint64_t n_moves;
	uint64_t heard_at;
	struct nic_claim claim;
};

void nic_init(struct nic *nic, const uint8_t mac[CVSW_ETH_ALEN],
	      bool (*send)(void *owner, const uint8_t *frame, size_t len), void *owner);
void nic_clear(struct nic *nic);

/**
 * legacy_register() - the NIC said where it is
 * @elsewhere: it was not there before
 */
void legacy_register(struct nic *nic, bool elsewhere, uint64_t now);

/** nic_absent() - its port or switch has gone, or another NIC sits there */
void nic_absent(struct nic *nic);

/**
 * nic_talks() - can it be told something?
 *
 * In version 2 while it is there; in version 3 as long as a conversation lasts: what is
 * said while the NIC is away it hears when it comes back.
 */
bool nic_talks(const struct nic *nic);

/** nic_is_managed() - is its table ours?  Of a new member, not before its overlay's flows are made */
bool nic_is_managed(const struct nic *nic);

/* The layer that commands write. */
#define nic_hand(nic)	(&(nic)->desired.layers[DESIRED_HAND])

/**
 * nic_put_flow() - into that layer; nic_desired_changed() is to follow
 * @modified: its counters and its time go on, if there is one of the same match and priority
 */
void nic_put_flow(struct nic *nic, const struct cvsw_flow *flow, bool modified);

/** nic_remove_flow() - out of it; likewise */
void nic_remove_flow(struct nic *nic, const struct cvsw_flow *flow);

/** nic_desired_changed() - it should be something else now; @settings: MTU or offloads too */
void nic_desired_changed(struct nic *nic, bool settings, uint64_t now);

/**
 * nic_queue_sa() - send a SET_SA, before any flow, once
 * @sa: copied; the copy is wiped when it has left
 *
 * To be followed by nic_desired_changed().  That it has arrived is not confirmed in
 * version 2; a list asked for later shows that messages around it did.  Does
 * nothing unless nic_talks().
 */
void nic_queue_sa(struct nic *nic, const struct cvsw_sa *sa);

/** nic_unqueue_sa() - take it back; false: it has left */
bool nic_unqueue_sa(struct nic *nic, enum cvsw_sa_direction direction, uint32_t spi);

/** nic_drop_first_sa() - of the queue, which has one; wiped */
void nic_drop_first_sa(struct nic *nic);

/** nic_confirm() - the NIC has all of this generation */
void nic_confirm(struct nic *nic, uint64_t generation);

/** nic_wanted_mtu() - that it should have, or get back; 0: none */
uint16_t nic_wanted_mtu(const struct nic *nic);

/** nic_wanted_offload() - likewise; false: none */
bool nic_wanted_offload(const struct nic *nic, uint16_t *offload);

/** legacy_list() - a LIST_ENTRIES came from the NIC's port */
void legacy_list(struct nic *nic, const struct cvsw_msg *msg, uint64_t now);

/** nic_run() - do what is due at @now */
void nic_run(struct nic *nic, uint64_t now);

/** nic_deadline() - when nic_run() wants to be called; UINT64_MAX: never */
uint64_t nic_deadline(const struct nic *nic);

enum nic_state nic_state(const struct nic *nic);
const char *nic_state_name(enum nic_state state);

#endif
