/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * NICs that claim one identity, controllers that take turns, all of which may be copied
 * and put back as they were: one deterministic program for the question whether they
 * agree when that is over.
 *
 * Places are ports of a switch: a NIC at each, or none.  What a NIC sends reaches all
 * controllers that are connected; what a controller sends, one place.
 */
#ifndef V3_CROWD_H
#define V3_CROWD_H

#include "v3_world.h"

#define CROWD_PLACES	2
#define CROWD_CTLS	2
#define CROWD_KEPT	64
#define CROWD_WANTS	5	/* flows of a table at most */

/* What a controller knows of the NIC: the table is listed, then replaced if it is another. */
struct crowd_program {
	enum { CROWD_ABSENT, CROWD_LISTING, CROWD_CHANGING, CROWD_SYNCED } state;
	uint32_t want;		/* names a table */
	uint32_t sent;		/* under way */
	uint32_t xid;
	bool differs;		/* what was listed */
	size_t n_listed;
};

struct crowd_ctl {
	struct crowd *crowd;
	unsigned int which;
	struct cvsw_v3_end end;
	struct cvsw_v3_caller caller;
	struct cvsw_v3_guard guard;
	struct crowd_program program;
	bool connected;
	uint64_t hello_at[CROWD_PLACES];
	int64_t ahead;		/* of its clock */
};

struct crowd_port {
	struct crowd *crowd;
	unsigned int place;
	struct v3_nic *nic;	/* NULL: nobody is there */
	int64_t ahead;
};

/* A NIC's memory, its clock in it. */
struct crowd_image {
	struct v3_nic nic;
	struct cvsw_flow flows[V3_NIC_FLOWS];
	uint64_t clock;
	bool any;
};

struct crowd_flight {
	uint64_t at;
	int to_place;		/* or -1 */
	int to_ctl;
	unsigned int from;	/* place */
	size_t len;
	uint8_t frame[CVSW_V3_FRAME_MAX];
};

struct crowd {
	struct v3_crypto crypto;
	struct rng rng;
	uint64_t now;
	uint8_t mac[CVSW_ETH_ALEN];
	uint8_t psk[CVSW_V3_KEY_LEN];
	struct crowd_port ports[CROWD_PLACES];
	struct crowd_ctl ctls[CROWD_CTLS];
	struct crowd_image nic_image;
	struct crowd_ctl ctl_image;
	uint64_t ctl_image_clock;
	struct crowd_flight *flights;
	size_t n_flights, room;
	struct crowd_flight kept[CROWD_KEPT];
	size_t n_kept;
	unsigned int drop, duplicate, delay;
	bool cut;
	uint64_t n_frames;
	unsigned int n_disagreed;
};

void crowd_init(struct crowd *crowd, uint64_t seed);
void crowd_free(struct crowd *crowd);
void crowd_run(struct crowd *crowd, uint64_t ms);

/* A NIC that begins: its driver was loaded. */
void crowd_nic_boot(struct crowd *crowd, unsigned int place);
void crowd_nic_gone(struct crowd *crowd, unsigned int place);
void crowd_nic_save(struct crowd *crowd, unsigned int place);
/* The image comes to life at @place; @heard_of_it: a generation id or the like told it. */
void crowd_nic_load(struct crowd *crowd, unsigned int place, bool heard_of_it);

void crowd_ctl_start(struct crowd *crowd, unsigned int which);
void crowd_ctl_connect(struct crowd *crowd, unsigned int which, bool connected);
void crowd_ctl_save(struct crowd *crowd, unsigned int which);
void crowd_ctl_load(struct crowd *crowd);
void crowd_want(struct crowd *crowd, unsigned int which, uint32_t table);

/* A frame that was recorded arrives again, or for the first time. */
void crowd_replay(struct crowd *crowd, uint64_t after);

/* Does the controller say that all is well, and is it?  Else what is wrong. */
const char *crowd_wrong(struct crowd *crowd, unsigned int place, unsigned int which);

#endif
