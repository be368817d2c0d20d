/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways of an overlay: one for each ordered pair of members, with a security
 * association of its own if the overlay is encrypted.
 *
 *	CLOSED --both there: new SA, to the receiver--> RECEIVER
 *	RECEIVER --it has the SA and the flow that takes it: SA and flows to the sender--> SENDER
 *	SENDER --it has them--> GRACE --what was under way has come--> OPEN
 *	any --either registers, or the key is old or expires: new SA--> RECEIVER
 *
 * That a NIC has something it says by a list in version 2, by ACKs in version 3.
 * The receiver takes the old SA too until the way is OPEN again, so a change of
 * keys interrupts nothing.  A key is made here, sent once to each end, and wiped.
 *
 * As sessions, without I/O and clock.
 */
#ifndef CVSWD_WAYS_H
#define CVSWD_WAYS_H

#include "cvsw_sa.h"

#define WAY_SPIS		4	/* that a receiver takes at a time */
#define WAY_GRACE_MS		1000
#define WAY_BATCH_MS		250	/* a NIC's answer is awaited before it is changed again */
/*
 * New keys for a NIC's ways are work for all others of its overlay.  One that registers
 * on and on, as a machine that was restored may do for a second, gets them so often:
 */
#define WAY_RENEW_MIN_MS	2000
#define WAY_RENEW_BURST		5
#define WAY_RENEW_EVERY_MS	30000
#define WAY_EXPIRES_MIN_MS	10000	/* of an SA: nobody sends 2^32 packets in less */

enum way_phase {
	WAY_CLOSED,
	WAY_RECEIVER,
	WAY_SENDER,
	WAY_GRACE,
	WAY_OPEN,
};

/**
 * struct way - from one member to another
 * @spis: what the receiver takes, the newest last; zero stands for no encryption
 * @out: what the sender uses, if it @sends
 * @known_out: the last that it is @known to have had
 * @deadline: which refresh of a member is waited for, or a time (GRACE, OPEN)
 * @begun: the ways_run() that made its newest SA; @made_at: and when
 * @expires: the newest does, says one of its ends
 * @sa: the newest, with its key, until the sender gets it
 */
struct way {
	enum way_phase phase;
	unsigned int n_spis;
	uint32_t spis[WAY_SPIS];
	bool sends;
	uint32_t out;
	bool known;
	uint32_t known_out;
	uint64_t deadline;
	uint64_t begun;
	uint64_t made_at;
	bool expires;
	struct cvsw_sa sa;
};

struct overlay;
struct overlay_member;
struct nic;

/**
 * struct ways_world - what ways need of the world around
 * @next_spi: never goes back: an SPI is used once
 * @n_runs: of ways_run(); @now: the last one's
 * @random: fills a buffer with bytes fit for keys; does not fail
 * @changed: a member's intent was changed; calls nic_desired_changed()
 */
struct ways_world {
	uint32_t next_spi;
	uint64_t n_runs;
	uint64_t now;
	void (*random)(void *buf, size_t len);
	void (*changed)(void *owner, struct nic *nic, bool settings);
	void *owner;
};

/**
 * ways_run() - go as far as possible at @now, and bring the members' flows up to date
 *
 * Return: when it wants to be called again if no session changes; UINT64_MAX: not.
 */
uint64_t ways_run(struct overlay *overlay, struct ways_world *world, uint64_t now);

/** ways_renew() - new keys for all ways, at the next ways_run() */
void ways_renew(struct overlay *overlay);

/**
 * ways_expiring() - an SA at one end of a way runs out of sequence numbers, says that end
 *
 * Return: is it one that matters?  Then ways_run() is to follow.
 */
bool ways_expiring(struct overlay *overlay, struct overlay_member *member,
		   enum cvsw_sa_direction direction, uint32_t spi);

/** ways_close() - a member leaves: its SAs are removed at both ends */
void ways_close(struct overlay *overlay, struct overlay_member *member);

/** ways_settled() - is every way between members that are there in use? */
bool ways_settled(const struct overlay *overlay);

#endif
