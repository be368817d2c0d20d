/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests: one overlay of simulated NICs, in virtual time, and what these would do with
 * frames.  There is one world at a time.
 */
#ifndef CVSW_TEST_OVERLAY_WORLD_H
#define CVSW_TEST_OVERLAY_WORLD_H

#include "apps/overlay.h"
#include "flows.h"
#include "lossy.h"
#include "simnic.h"
#include "tap.h"

#define WORLD_NICS	48
#define WORLD_SPIS	100000

/**
 * struct world - our NICs, those there, the wires between, and one overlay
 * @deaf: these hear nothing
 * @told: what ours were told of flows that are made; it is what their NICs' layers make
 * @turn: what may be done in each turn; @most_spent: what was done in one at most
 * @spis: all that were ever put into a SET_SA, with a piece of their key;
 *	@n_first_spis: those until the members were there
 * @may_refuse: NICs are sent SAs that they had, and deletions of some that they have not
 */
struct world {
	struct lossy between;
	struct nic ours[WORLD_NICS];
	struct simnic nics[WORLD_NICS];
	bool deaf[WORLD_NICS];
	struct flowset told[WORLD_NICS];
	struct overlay *overlay;
	struct ways_world ways;
	int turn, most_spent;
	struct { uint32_t spi; uint8_t direction; uint8_t key[8]; } *spis;
	size_t n_spis, n_first_spis;
	unsigned int n_reused;
	bool may_refuse;
};

extern struct world *world;
extern const struct overlay_config plain, encrypted;

void world_start(const struct overlay_config *config);
void world_end(void);

/** start_members() - a world in which NICs 0 to @n - 1 are members and have all they should */
void start_members(const struct overlay_config *config, unsigned int n);

/** start_confirming() - likewise, of NICs that say when they have something */
void start_confirming(const struct overlay_config *config, unsigned int n);

/* A test that begins with one of these. */
#define WORLD_TEST(name, start)			\
	static void name##_in_world(void);	\
	static void name(void)			\
	{					\
		start;				\
		name##_in_world();		\
		world_end();			\
	}					\
	static void name##_in_world(void)

struct flowset *told_to(const struct nic *nic);
struct overlay_member *join(unsigned int i);
void leave(unsigned int i);
void registers(unsigned int i);

/* ---- time ---- */

void run_ms(void);
void run_for(uint64_t ms);

/** run_watching() - each of @bits must reach each other all the time */
void run_watching(uint64_t ms, uint64_t bits);

/* ---- keys ---- */

void renew(void);
bool settled(void);
struct way *way(unsigned int to, unsigned int from);

/** new_sas() - SET_SAs with a key since the members were there */
size_t new_sas(void);
#define CHECK_NEW_SAS(n)	CHECK_MSG(new_sas() == (n), "%zu new SAs", new_sas())

/* Of all ways of @n members, at both ends. */
#define ALL_SAS(n)	(2u * (n) * ((n) - 1))

/** count_sas() - that a NIC has now */
unsigned int count_sas(unsigned int nic);

/** check_sas() - all is settled, and each of @n members has one for each way */
void check_sas(unsigned int n);

/* ---- what NICs would do with frames ---- */

uint64_t first(unsigned int n);
bool unicast_reaches(unsigned int from, unsigned int to, const uint8_t *mac);
unsigned int broadcast_copies(unsigned int from, unsigned int to);
bool reaches(unsigned int from, unsigned int to);
bool all_reach(uint64_t bits);
bool leaks(unsigned int i);
bool any_leaks(uint64_t bits);

#endif
