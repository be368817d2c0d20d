/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A NIC: who and where it is, what it should be, the link that it is spoken to by, and what is
 * known of it.  Who brings it to where it should be is its link: link.h.
 *
 * No I/O and no clock in here: frames leave through a callback, times come as arguments.
 * Whoever calls anything arms a timer for nic_deadline().
 */
#ifndef CVSWD_NIC_H
#define CVSWD_NIC_H

#include "base/heap.h"
#include "base/turns.h"
#include "cvsw_sa.h"
#include "cvsw_v3_body.h"
#include "cvsw_v3_end.h"
#include "desired.h"
#include "hub/event.h"
#include "timed.h"

/* Flows a NIC may be given. */
#define NIC_MAX_FLOWS	16384
/* Groups likewise. */
#define NIC_MAX_GROUPS	1024
/* Entries beyond what is wanted that are kept of an answer; a NIC with more is cleared. */
#define NIC_MAX_EXTRA	1024
#define NIC_MIN_MTU	68	/* RFC 791 */

#define MAC_TEXT_LEN	18
#define MAC_FORMAT	"%02x:%02x:%02x:%02x:%02x:%02x"
#define MAC_BYTES(mac)	(mac)[0], (mac)[1], (mac)[2], (mac)[3], (mac)[4], (mac)[5]

#define NIC_PORT_NAME_LEN	16

enum nic_state {
	NIC_ABSENT,		/* not registered, or its port has gone */
	NIC_CONNECTING,		/* registered, its table not heard yet */
	NIC_IN_SYNC,		/* what it listed is what it should have */
	NIC_LAGGING,		/* a change or a repair is under way */
	NIC_REFUSING,		/* it has what it should but for what it refuses */
	NIC_UNLISTED,		/* it was sent what it should have, and never lists */
};

struct datapath;
struct link;
struct nic;
struct nics;
struct overlay_member;
struct vport;

/**
 * struct nic_world - what a NIC needs of the world around
 * @send: a frame towards @place, or, 0, its port; false: no room now, or nobody is there
 * @event: must not call back
 * @log_keys: the keys of each session that is made; NULL: nobody is to know them
 */
struct nic_world {
	bool (*send)(struct nic *nic, const uint8_t *frame, size_t len, uint64_t place);
	void (*event)(const struct hub_event *event);
	const struct cvsw_v3_crypto *crypto;
	struct cvsw_v3_guard *guard;
	void (*log_keys)(const struct cvsw_v3_keys *keys);
};

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

/**
 * struct nic_refusal - an ERROR, for people; in version 2, which has none, cvswd's own
 * @n: of the NIC so far; 0: there was none
 * @error: enum cvsw_v3_error
 * @text: the NIC's own
 * @field: what stands at the offset it names: "nw_dst", "action 2"; may be empty
 * @flow: the flow or group, if it was about one, perhaps cut; else empty
 */
struct nic_refusal {
	uint64_t n;
	uint16_t type;
	uint16_t error;
	char text[CVSW_V3_ERROR_TEXT_MAX + 1];
	char field[40];
	char flow[512];
};

/**
 * struct nic_refused - what of that which it should be a NIC refuses
 * @stuck: something that cannot be left out
 */
struct nic_refused {
	struct flowset flows;
	struct groupset groups;
	bool mtu;
	bool offload;
	bool stuck;
};

/** struct nic_diff - how far a table is from what it should be, for people */
struct nic_diff {
	size_t missing;		/* wanted, not there or other than wanted */
	size_t extra;		/* there, not wanted */
};

/** struct nic_facts - about its conversation; @n_unexpected: messages that were no answer */
struct nic_facts {
	uint64_t n_keys;
	uint32_t rtt;
	uint64_t n_unexpected;
};

/** struct nic_mark - what the listeners of HUB_MOVED act on: if it changes, they are called */
struct nic_mark {
	uint64_t state;
	uint64_t talks;
	uint64_t can_known;
	uint64_t settings_due;
	uint64_t generation, verified, confirmed, settled, epoch;
	uint64_t n_refused, timed_news;
};

/**
 * struct nic - a NIC
 *
 * Who and where it is:
 * @alarm: in nics->alarms: at the latest then it wants to go on; @going_on: nic_go_on() is put off
 * @port: NULL: absent; @away: it is in nics->away then, by @at_port
 * @has_key, @key: its pre-shared key
 * @key_unread: it has one in the database, which cannot be read: nothing else is believed
 * @held: it is left alone, as it may belong to an overlay that cannot be read
 * @number: by which its records are known, if it has a key: nics->keyed[number]
 * @member: in an overlay; set by overlay_join(), cleared by overlay_leave(); NULL: in none
 * @datapath: shows it to OpenFlow controllers; NULL: none; datapath/ has it
 * @heard_at: when its last authentic record came
 * @unproved_at: when somebody last registered as this NIC without its key; 0: never
 * @unproved_how, @unproved_port: how, and at which port
 *
 * What it should be:
 * @desired: changed by others, who then call nic_desired_changed()
 * @generation: of @desired
 * @to_be_told: it was changed, and nic_go_on() is to follow: @to_tell, of overlays.c
 * @modified: flows that were given other actions, and keep their counters; until told
 * @timed: which flows with timeouts it has taken
 * @sas: to be sent before the next flow
 * @settings_due: MTU and offloads are to be sent
 * @ask_sas: somebody wants to know which SAs it has; until HUB_SAS says so
 *
 * What is known of it, by its @link; NULL: nobody may talk to it:
 * @epoch: counts its beginnings: with each, its table and its SAs may be gone
 * @heard: a whole list came since it registered
 * @table: what the NIC has, as far as we know; in version 3 without the flows that a layer
 *	makes.  Of these it has all but @lacks
 * @groups: the groups it has, as far as we know
 * @n_reported, @diff: entries in the last whole list, and what was wrong there
 * @verified: the last generation that the NIC listed, or acknowledged, since it registered;
 *	@confirmed likewise, but never goes back; @settled: the last one of which all was
 *	answered, though perhaps by a refusal
 * @behind_since: when the first change that is not confirmed was made; 0: all are
 * @said_synced: HUB_SYNCED was sent since it last registered or refused something
 * @mark: at the last HUB_MOVED; nics.c compares it with nic_mark()
 * @refused: what it refuses; @refusal: its last ERROR
 * @can_known, @can, @release: what it can do, without the release's text; that text
 * @mtu_found, @offload_found: what it had when its conversation began, or when it was given
 *	its own back; 0: not known; @found_of: in which epoch they were taken; settings.c has
 *	these and the next ones
 * @mtu_asking: it was asked for its MTU, in the generation @mtu_asked_of; @mtu_answered: the
 *	MTU in its answer; 0: none, or it was dealt with
 * @n_mtu_repairs: how often its guest had changed it; @mtu_changed_to: last to that
 * @n_repairs: entries re-sent or deleted after a look at the table
 */
struct nic {
	TAILQ_ENTRY(nic) in_order;
	struct nic *next_in_bucket;
	struct nics *nics;
	const struct nic_world *world;
	struct heap_node alarm;
	struct turns_work going_on;
	uint8_t mac[CVSW_ETH_ALEN];
	LIST_ENTRY(nic) at_port;
	struct vport *port;
	bool away;
	bool has_key;
	bool key_unread;
	bool held;
	uint8_t key[CVSW_V3_KEY_LEN];
	uint32_t number;
	struct overlay_member *member;
	struct datapath *datapath;
	struct nic_claim claim;
	uint64_t n_registers;
	uint64_t n_moves;
	uint64_t heard_at;
	uint64_t unproved_at;
	const char *unproved_how;
	char unproved_port[NIC_PORT_NAME_LEN + 1];

	struct desired desired;
	uint64_t generation;
	bool to_be_told;
	LIST_ENTRY(nic) to_tell;
	struct flowset modified;
	struct timed timed;
	STAILQ_HEAD(nic_sas, nic_sa) sas;
	bool settings_due;
	bool ask_sas;

	struct link *link;
	uint64_t epoch;
	bool heard;
	struct flowset table;
	struct flowset lacks;
	struct groupset groups;
	size_t n_reported;
	struct nic_diff diff;
	uint64_t verified;
	uint64_t confirmed;
	uint64_t settled;
	uint64_t behind_since;
	bool said_synced;
	struct nic_mark mark;
	struct nic_refused refused;
	struct nic_refusal refusal;
	bool can_known;
	struct cvsw_v3_capabilities can;
	char release[CVSW_V3_RELEASE_MAX + 1];

	uint16_t mtu_found;
	uint16_t mtu_changed_to;
	uint16_t offload_found;
	bool mtu_asking;
	uint64_t mtu_asked_of;
	uint16_t mtu_answered;
	uint64_t found_of;
	uint64_t mtu_checked_at;
	uint64_t n_mtu_repairs;

	uint64_t n_sent;
	uint64_t n_lists;
	uint64_t n_bad_lists;
	uint64_t n_repairs;
};

void nic_init(struct nic *nic, const uint8_t mac[CVSW_ETH_ALEN], const struct nic_world *world);

/** nic_clear() - its link too */
void nic_clear(struct nic *nic);

/** nic_unlink() - the conversation ends; what was asked is answered with NULL */
void nic_unlink(struct nic *nic);

/** nic_absent() - its port or switch has gone, or another NIC sits there */
void nic_absent(struct nic *nic);

/* ---- what it should be ---- */

/** nic_is_managed() - is its table ours?  Of a new member, once its overlay's flows are made */
bool nic_is_managed(const struct nic *nic);

/* The layer that commands write. */
#define nic_hand(nic)	(&(nic)->desired.layers[DESIRED_HAND])
/* The one that OpenFlow controllers write. */
#define nic_controlled(nic)	(&(nic)->desired.layers[DESIRED_CONTROLLER])
/* The one that its overlay writes. */
#define nic_overlay(nic)	(&(nic)->desired.layers[DESIRED_OVERLAY])

/**
 * nic_put_flow() - into a layer whose flows are stored; nic_desired_changed() is to follow
 * @modified: its counters and its time go on, if there is one of the same match and priority
 */
void nic_put_flow(struct nic *nic, enum desired_layer which, const struct cvsw_flow *flow,
		  bool modified);

/** nic_remove_flow() - out of whichever of them has it; likewise */
void nic_remove_flow(struct nic *nic, const struct cvsw_flow *flow);

/**
 * nic_use_made() - its overlay's flows count, which @maker makes out of @of, as they are now
 *
 * Called again when they have changed, unless nic_follows_made().
 */
void nic_use_made(struct nic *nic, const struct flows_maker *maker, const void *of);

/** nic_follows_made() - are these flows in use, and does its link want only those that change? */
bool nic_follows_made(const struct nic *nic);

/** nic_made() - @wanted: a flow that is made now, and was not, or otherwise; else one no more */
void nic_made(struct nic *nic, const struct cvsw_flow *flow, bool wanted);

/** nic_drop_made() - none of them is wanted any more; they can still be made */
void nic_drop_made(struct nic *nic);

/** nic_desired_changed() - it should be something else now; @settings: MTU or offloads too */
void nic_desired_changed(struct nic *nic, bool settings, uint64_t now);

/** nic_wanted_mtu() - that it should have, or get back; 0: none */
uint16_t nic_wanted_mtu(const struct nic *nic);

/** nic_wanted_offload() - likewise; false: none */
bool nic_wanted_offload(const struct nic *nic, uint16_t *offload);

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

/**
 * nic_remove_sa() - it is not to have this SA any more; an SPI of zero is none
 *
 * A NIC that is away and whose conversation lasts has not been sent its last SAs yet: what it never
 * gets need not be deleted, and its queue does not grow with each new key.
 */
void nic_remove_sa(struct nic *nic, enum cvsw_sa_direction direction, uint32_t spi);

/** nic_drop_first_sa() - of the queue, which has one; wiped */
void nic_drop_first_sa(struct nic *nic);

/** nic_drop_sas() - all of them; wiped */
void nic_drop_sas(struct nic *nic);

/* ---- its link ---- */

/** nic_run() - do what is due at @now */
void nic_run(struct nic *nic, uint64_t now);

/** nic_deadline() - when nic_run() wants to be called; UINT64_MAX: never */
uint64_t nic_deadline(const struct nic *nic);

enum nic_state nic_state(const struct nic *nic);
const char *nic_state_name(enum nic_state state);

/**
 * nic_cannot() - what a flow needs and the NIC's driver has not, in words; NULL: nothing is known
 *	to be missing
 */
const char *nic_cannot(const struct nic *nic, const struct cvsw_flow *flow);

/** nic_has_groups() - can it have groups?  True if that is not known */
bool nic_has_groups(const struct nic *nic);

/** nic_version() - of the control protocol; 0: nobody may talk to it */
unsigned int nic_version(const struct nic *nic);

/** nic_wide_deletes() - does a deletion take narrower flows along there? */
bool nic_wide_deletes(const struct nic *nic);

/** nic_confirms() - does it say of each request whether it was done? */
bool nic_confirms(const struct nic *nic);

/**
 * nic_talks() - can it be told something?
 *
 * In version 2 while it is there; in version 3 as long as a conversation lasts: what is
 * said while the NIC is away it hears when it comes back.
 */
bool nic_talks(const struct nic *nic);

/**
 * nic_answered() - what was asked with @arg is answered: perhaps by an ERROR
 * @answer: NULL: none will come
 * @request: the request, if it was kept
 *
 * It may call nic_ask() again, and no other function of the NIC.
 */
typedef void nic_answered(void *arg, const struct cvsw_v3_message *answer, const uint8_t *request,
			  size_t request_len);

/** nic_can_be_asked() - does it answer questions at all? */
bool nic_can_be_asked(const struct nic *nic);

/**
 * nic_ask() - a request of somebody else
 * @message: copied, and given an xid; leaves with the next nic_run()
 *
 * Return: false: there is no conversation, or the NIC cannot be asked.
 */
bool nic_ask(struct nic *nic, const uint8_t *message, size_t len, nic_answered *answered,
	     void *arg);

/** nic_forget_asker() - the caller of nic_ask() with this @arg is gone: do not call it back */
void nic_forget_asker(struct nic *nic, const void *arg);

/** nic_facts() - false: its link counts none */
bool nic_facts(const struct nic *nic, struct nic_facts *facts);

/* ---- what is known of it ---- */

/** nic_n_refused() - how much of what it should be it refuses */
size_t nic_n_refused(const struct nic *nic);
/** nic_refuses_flow() - a flow, or the group that it needs */
bool nic_refuses_flow(const struct nic *nic, const struct cvsw_flow *flow);

bool nic_refuses_group(const struct nic *nic, const struct cvsw_group *group);

/** nic_refuses_nothing() - of flows and groups, as far as is known */
void nic_refuses_nothing(struct nic *nic);

/** nic_refusal_of() - what an ERROR says; @request: the message that it answers */
void nic_refusal_of(const struct cvsw_v3_message *answer, const uint8_t *request, size_t len,
		    struct nic_refusal *refusal);

/** nic_mark() - what its mark is now */
void nic_mark(const struct nic *nic, struct nic_mark *mark);

/* For links. */

/** nic_confirm() - the NIC has all of this generation */
void nic_confirm(struct nic *nic, uint64_t generation);

/** nic_compare() - @diff, of a table that was listed; @wanted: what should be in it */
void nic_compare(struct nic *nic, const struct stored_flows *wanted);

/** nic_tell() - send an event that carries nothing but the NIC */
void nic_tell(struct nic *nic, enum hub_what what);

/** nic_refused_it() - @refusal is its last one, which gets its number here: say so */
void nic_refused_it(struct nic *nic, const struct nic_refusal *refusal);

/** nic_tell_synced() - send HUB_SYNCED, unless it was sent already: @said_synced */
void nic_tell_synced(struct nic *nic);

#endif
