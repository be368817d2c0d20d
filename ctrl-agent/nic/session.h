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
 * arguments.  Whoever calls anything arms a timer for session_deadline().
 */
#ifndef CVSWD_SESSION_H
#define CVSWD_SESSION_H

#include "cvsw_msg.h"
#include "cvsw_sa.h"
#include "flowset.h"
#include "listing.h"
#include "reconcile.h"
#include "timed.h"

/* Flows a NIC may be given. */
#define SESSION_MAX_FLOWS	16384
/* Entries beyond the intent that are kept of an answer; a NIC with more is cleared. */
#define SESSION_MAX_EXTRA	1024

/* A NIC queues 256 control messages: stay well below, then leave it time. */
#define SESSION_BURST		64
#define SESSION_BURST_PAUSE_MS	10
#define SESSION_NO_ROOM_MS	50

#define SESSION_ANSWER_MS	400	/* for the first try; doubles from there */
#define SESSION_ANSWER_MAX_MS	10000
#define SESSION_HELLO_TRIES	3	/* silent tries after which a HELLO goes along */
#define SESSION_REPAIR_MS	100	/* pause before a second repair; doubles */
#define SESSION_REPAIR_MAX_MS	10000
#define SESSION_RECHECK_MS	30000
#define SESSION_UNLISTED_TRIES	4	/* silent tries of one that never listed: 6 s; then it is believed */
#define SESSION_UNLISTED_MAX_MS	300000	/* and asked again after 30 s, then ever more seldom */
#define SESSION_REGISTER_MIN_MS	200	/* between two REGISTERs that count */

#define MAC_TEXT_LEN	18
#define MAC_FORMAT	"%02x:%02x:%02x:%02x:%02x:%02x"
#define MAC_BYTES(mac)	(mac)[0], (mac)[1], (mac)[2], (mac)[3], (mac)[4], (mac)[5]

enum session_state {
	SESSION_ABSENT,		/* not registered, or its port has gone */
	SESSION_CONNECTING,	/* registered, its table not heard yet */
	SESSION_IN_SYNC,	/* what it listed is what it should have */
	SESSION_LAGGING,	/* a change or a repair is under way */
	SESSION_REFUSING,	/* it has what it should but for what it refuses: version 3 */
	SESSION_UNLISTED,	/* it was sent what it should have, and never lists */
};

/**
 * struct intent - what a NIC should be
 * @flows: made by hand
 * @flows_stated: someone said what they are; before that its table is left alone
 * @mtu: 0: not stated
 * @offload: CVSW_OFFLOAD_*, if @offload_stated
 * @overlaid: the flows of its overlay are made: at the first look at it, not when it joins
 * @overlay: the flows of that, beside those made by hand
 * @overlay_mtu: the largest MTU that fits into it
 * @own_mtu: what it had before one was set here; 0: not known
 * @restore_mtu: to be given back: nic_mtu.h; 0: nothing is
 */
struct intent {
	struct flowset flows;
	bool flows_stated;
	bool overlaid;
	struct flowset overlay;
	uint16_t overlay_mtu;
	uint16_t mtu;
	uint16_t own_mtu;
	uint16_t restore_mtu;
	bool offload_stated;
	uint16_t offload;
};

struct overlay_member;

/* A SET_SA that has not left yet; wiped when it has. */
struct session_sa {
	STAILQ_ENTRY(session_sa) in_order;
	struct cvsw_sa sa;
};

enum session_phase {
	PHASE_ABSENT,
	PHASE_PUSHING,
	PHASE_ASKING,
	PHASE_RESTING,
};

/**
 * struct session - one NIC
 * @intent: changed by others, who then call session_changed()
 * @both: all flows, if it is a member of an overlay; see session_flows()
 * @modified: flows that were given other actions, and keep their counters; until told
 * @timed: which flows with timeouts it has taken
 * @sas: to be sent before the next flow
 * @v3: the conversation in version 3; NULL: it speaks version 2
 * @member: in an overlay; set by overlay_join(), cleared by overlay_leave(); NULL: in none
 * @generation: of @intent; @verified is the last one that the NIC listed, or
 *	acknowledged, since it registered; @confirmed likewise, but never goes back
 * @behind_since: when the first change that is not confirmed was made; 0: all are
 * @table: what the NIC has, as far as we know; only if @table_known
 * @send: sends a frame to the NIC's port; false: no room now, ask again later
 */
struct session {
	uint8_t mac[CVSW_ETH_ALEN];
	struct intent intent;
	struct flowset both;
	struct flowset modified;
	struct timed timed;
	STAILQ_HEAD(session_sas, session_sa) sas;
	struct session3 *v3;
	struct overlay_member *member;
	uint64_t generation;
	uint64_t verified;
	uint64_t confirmed;
	uint64_t behind_since;

	enum session_phase phase;
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
	uint64_t n_registers;	/* that counted: its table and its SAs may be gone */

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
};

void session_init(struct session *session, const uint8_t mac[CVSW_ETH_ALEN],
		  bool (*send)(void *owner, const uint8_t *frame, size_t len), void *owner);
void session_free(struct session *session);

/**
 * session_register() - the NIC said where it is
 * @elsewhere: it was not there before
 */
void session_register(struct session *session, bool elsewhere, uint64_t now);

/** session_absent() - its port or switch has gone, or another NIC sits there */
void session_absent(struct session *session);

/**
 * session_talks() - can it be told something?
 *
 * In version 2 while it is there; in version 3 as long as a conversation lasts: what is
 * said while the NIC is away it hears when it comes back.
 */
bool session_talks(const struct session *session);

/**
 * session_state_flow() - into the intent; session_changed() is to follow
 * @modified: its counters and its time go on, if there is one of the same match and priority
 */
void session_state_flow(struct session *session, const struct cvsw_flow *flow, bool modified);

/** session_unstate_flow() - out of it; likewise */
void session_unstate_flow(struct session *session, const struct cvsw_flow *flow);

/** session_changed() - the intent is another now; @settings: its MTU or offloads too */
void session_changed(struct session *session, bool settings, uint64_t now);

/**
 * session_queue_sa() - send a SET_SA, before any flow, once
 * @sa: copied; the copy is wiped when it has left
 *
 * To be followed by session_changed().  That it has arrived is not confirmed in
 * version 2; a list asked for later shows that messages around it did.  Does
 * nothing unless session_talks().
 */
void session_queue_sa(struct session *session, const struct cvsw_sa *sa);

/** session_unqueue_sa() - take it back; false: it has left */
bool session_unqueue_sa(struct session *session, enum cvsw_sa_direction direction, uint32_t spi);

/** session_drop_first_sa() - of the queue, which has one; wiped */
void session_drop_first_sa(struct session *session);

/** session_confirm() - the NIC has all of this generation */
void session_confirm(struct session *session, uint64_t generation);

/** session_flows() - all that the NIC should have; valid until the next change */
const struct flowset *session_flows(const struct session *session);

/** session_flows_stated() - is the NIC's table ours? */
bool session_flows_stated(const struct session *session);

/** session_mtu() - that it should have, or get back; 0: none */
uint16_t session_mtu(const struct session *session);

/** session_list() - a LIST_ENTRIES came from the NIC's port */
void session_list(struct session *session, const struct cvsw_msg *msg, uint64_t now);

/** session_run() - do what is due at @now */
void session_run(struct session *session, uint64_t now);

/** session_deadline() - when session_run() wants to be called; UINT64_MAX: never */
uint64_t session_deadline(const struct session *session);

enum session_state session_state(const struct session *session);
const char *session_state_name(enum session_state state);

#endif
