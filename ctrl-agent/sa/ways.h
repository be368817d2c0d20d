/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways between the members of a group: one for each ordered pair, with a security
 * association of its own if the group is encrypted.  A group is an overlay, so far; what a way
 * means for its ends' flows is the business of the group's user.
 *
 *	CLOSED --both there: new SA, to the receiver--> RECEIVER
 *	KEPT --both there: they have an SA in common--> OPEN, or SENDER if there are others as well
 *	KEPT --they have none--> as CLOSED
 *	RECEIVER --it has the SA and the flow that takes it: SA and flows to the sender--> SENDER
 *	SENDER --it has them--> GRACE --what was under way has come--> OPEN
 *	any --either registers, or the key is old or expires: new SA--> RECEIVER
 *	RECEIVER, SENDER --one end refuses the SA--> REFUSED --some time later: new SA--> RECEIVER
 *
 * A way that was in use before the daemon started begins as KEPT: each NIC is asked once which
 * SAs it has.  The keys of those that both ends have go on being used, though nobody but the
 * ends knows them.
 *
 * That a NIC has something it says by a list in version 2, by ACKs in version 3.
 * The receiver takes the old SA too until the way is OPEN again, so a change of
 * keys interrupts nothing.  A key is made here, sent once to each end, and wiped.
 *
 * Work comes in bursts: a new member, or the end of a key's life, concerns all pairs of a
 * group at once.  So that nobody waits for it, it is done in pieces (struct ways_world's
 * budget), and a turn of the event loop does as many as there is time for.  Within one group keys change together: a NIC gets
 * many in few messages.  Groups are spread: each takes up to a fifth off its keys' time, at
 * random; or any part of it, if it has keys from before we started, whose age is not known.
 *
 * No I/O and no clock in here, as in nic.h.
 */
#ifndef CVSWD_WAYS_H
#define CVSWD_WAYS_H

#include <assert.h>
#include <sys/queue.h>

#include "base/pace.h"
#include "cvsw_v3_body.h"
#include "nic/nic.h"

#define WAYS_MAX_MEMBERS	256	/* of a group */

#define WAY_SPIS		4	/* that a receiver takes at a time */
#define WAY_GRACE_MS		1000
#define WAY_BATCH_MS		2000	/* so long a NIC's answer is awaited before it is changed again */
/*
 * New keys for a NIC's ways are work for all others of its group.  One that registers
 * on and on, as a machine that was restored may do for a second, gets them so often:
 */
#define WAY_RENEW_MIN_MS	2000
#define WAY_RENEW_BURST		5
#define WAY_RENEW_EVERY_MS	30000
#define WAY_EXPIRES_MIN_MS	10000	/* of an SA: nobody sends 2^32 packets in less */
#define WAY_REFUSED_MS		10000	/* until a NIC is given another SA for one that it refused */

/* A piece of the work: a unit is about what a new SA costs; 2 to 3 ms in all. */
#define WAYS_BUDGET		500
/*
 * Ways that wait for an answer of a NIC, of all groups: what they were sent takes memory, half
 * a KiB each.  More begin when these are answered, and are looked after so often:
 */
#define WAYS_UNDER_WAY		20000
#define WAYS_WAIT_MS		200
#define WAYS_REFRESH_COST	3	/* for each member of the group */

enum way_phase {
	WAY_CLOSED,
	WAY_KEPT,
	WAY_RECEIVER,
	WAY_SENDER,
	WAY_GRACE,
	WAY_OPEN,
	WAY_REFUSED,
};

/**
 * struct way - from one member to another
 * There are as many as pairs, so it is small.
 *
 * @phase: enum way_phase
 * @spis: @n_spis that the receiver takes, the newest last; zero stands for no encryption
 * @sends: the sender uses @out
 * @known_out: the last that it is @known to have had
 * @expires: the newest does, says one of its ends
 * @to_has, @from_has: KEPT: which of @spis that end has, a bit each
 * @to_registers, @from_registers: the ends' registers when the newest was made, or when that
 *	end said what it has
 * @deadline: which refresh of a member is waited for, or a time (GRACE, OPEN, REFUSED)
 * @made_at: when the newest was
 * @sa: the newest, with its key, until the sender gets it; else NULL
 */
struct way {
	uint8_t phase;
	uint8_t n_spis;
	bool sends;
	bool known;
	bool expires;
	uint8_t to_has;
	uint8_t from_has;
	uint32_t spis[WAY_SPIS];
	uint32_t out;
	uint32_t known_out;
	uint32_t to_registers;
	uint32_t from_registers;
	uint64_t deadline;
	uint64_t made_at;
	struct cvsw_sa *sa;
};

static_assert(sizeof(struct way) <= 64, "10,000 NICs in overlays of 100 have a million of them");

struct ways_group;

/* What the ways last saw of a member: ways_noticed(). */
struct ways_seen {
	uint64_t registers;
	uint64_t verified;
	bool there;
	bool present;
};

/**
 * struct ways_member - a NIC in a group; lives in its user's struct
 * @slot: below WAYS_MAX_MEMBERS; stays as long as it is a member
 * @nic: lives as long as it is a member: nic_release()
 * @from: the way from each other member, by the other's slot
 * @stirred: something changed on which its ways depend: each of them is looked at
 * @waits: ways to it are to begin when fewer are under way
 * @next: when the time of one of the ways to it comes, or earlier
 * @asked: of its group's ways, how many wait for its answer
 * @renew: its ways are to get new keys; @unkept: those to it are not in the database as they are
 * @registers: its epoch, when its ways were made new
 * @renewed_at: when that was; UINT64_MAX: never; @renewals: how often; @told: that
 *	this is too often was logged
 * @dirty: its flows changed, and its NIC is to be told
 * @refreshed_at: when it last was; @n_refreshed: how often; @generation: of the
 *	NIC since then; @n_listed: which refresh was the last that it has listed
 */
struct ways_member {
	TAILQ_ENTRY(ways_member) in_order;
	struct ways_group *group;
	unsigned int slot;
	struct nic *nic;
	struct way *from;
	bool stirred;
	bool waits;
	uint64_t next;
	size_t asked;
	bool renew;
	bool unkept;
	struct ways_seen seen;
	uint64_t registers;
	uint64_t renewed_at;
	struct pace renewals;
	bool told;
	bool dirty;
	uint64_t refreshed_at;
	uint64_t n_refreshed;
	uint64_t generation;
	uint64_t n_listed;
};

/**
 * struct ways_user - what the owner of a group does when its ways change
 * @takes: @to takes this SA from @from now, or not any more (@wanted)
 * @sends: whether and by which SA @from sends to @to has changed
 * @tell: tell a member's NIC what these two did not; true: its MTU or offloads changed, too
 */
struct ways_user {
	void (*takes)(const struct ways_member *to, const struct ways_member *from, uint32_t spi,
		      bool wanted);
	void (*sends)(struct ways_member *from, const struct ways_member *to);
	bool (*tell)(struct ways_member *member);
};

/**
 * struct ways_keys - what SAs a group has
 * @key_len: bytes of AES key; zero: it is not encrypted
 * @udp_src, @udp_dst: of ESP in UDP; zero: ESP is protocol 50
 * @rekey_s: seconds after which a key is replaced; zero: only when a NIC registers
 */
struct ways_keys {
	uint8_t key_len;
	uint16_t udp_src;
	uint16_t udp_dst;
	uint32_t rekey_s;
};

/**
 * struct ways_group - NICs with a way from each to each other; lives in its user's struct
 * @members: @n of them: ways_join(), ways_leave()
 * @under_way: of its ways, as struct ways_world counts them
 * @rekey_at: when all keys are replaced; 0: not known yet
 * @has_kept: it has ways that were in use before we started: the age of their keys is not known
 */
struct ways_group {
	const struct ways_user *user;
	struct ways_keys keys;
	TAILQ_HEAD(ways_members, ways_member) members;
	size_t n;
	size_t under_way;
	uint64_t rekey_at;
	bool has_kept;
};

#define ways_each(member, group)	TAILQ_FOREACH(member, &(group)->members, in_order)

/**
 * struct ways_world - what ways need of the world around
 * @next_spi: never goes back: an SPI is used once
 * @budget: what may still be done in this piece; set to WAYS_BUDGET when one begins
 * @under_way: ways that wait for an answer of a NIC that is there: of all groups
 * @most_under_way: WAYS_UNDER_WAY, but in tests
 * @now: the last ways_run()'s
 * @random: fills a buffer with bytes fit for keys; does not fail
 * @changed: a member's intent was changed; calls nic_desired_changed()
 */
struct ways_world {
	uint32_t next_spi;
	int budget;
	size_t under_way;
	size_t most_under_way;
	uint64_t now;
	void (*random)(void *buf, size_t len);
	void (*changed)(void *owner, struct nic *nic, bool settings);
	void *owner;
};

/**
 * ways_run() - go as far as possible at @now, and bring the members' flows up to date
 *
 * Return: when it wants to be called again if no member changes; @now: the budget is used
 * up and there is more to do; UINT64_MAX: not at all.
 */
uint64_t ways_run(struct ways_group *group, struct ways_world *world, uint64_t now);

/**
 * ways_noticed() - something happened to a member: HUB_MOVED
 *
 * Return: did anything change that its ways depend on?  Then ways_run() is to follow.
 */
bool ways_noticed(struct ways_member *member);

/** ways_renew() - new keys for all ways, from the next ways_run() on */
void ways_renew(struct ways_group *group);

/**
 * ways_expiring() - an SA at one end of a way runs out of sequence numbers, says that end
 *
 * Return: is it one that matters?  Then ways_run() is to follow.
 */
bool ways_expiring(struct ways_group *group, struct ways_member *member,
		   enum cvsw_sa_direction direction, uint32_t spi);

/** ways_refused() - a member refused an SA; as ways_expiring() */
bool ways_refused(struct ways_group *group, struct ways_member *member,
		  enum cvsw_sa_direction direction, uint32_t spi);

/** ways_join() - @nic is a member now; the ways from and to @slot are zeroed, so they are CLOSED */
void ways_join(struct ways_group *group, struct ways_member *member, struct nic *nic,
	       unsigned int slot);

/** ways_leave() - it is a member no more: all its ways are CLOSED again; wipes their keys */
void ways_leave(struct ways_group *group, struct ways_member *member);

/** ways_close() - a member leaves: its SAs are removed at both ends */
void ways_close(struct ways_group *group, struct ways_member *member);

/** ways_settled() - is every way between members that are there in use? */
bool ways_settled(const struct ways_group *group);

#endif
