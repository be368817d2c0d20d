/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our rules in one switch: installed, confirmed, looked after.
 *
 *	WAITING --barrier answered, a look finds them--> IN_PLACE
 *	   |                                                |
 *	   | an error                    a look finds one missing
 *	   v                                                v
 *	REFUSED --OFRULES_RETRY_MS--> installed again <--- LOST
 *
 * Ours are those with our cookie, priority and match; nothing else in the switch is touched.
 */
#ifndef CVSWD_OFRULES_H
#define CVSWD_OFRULES_H

#include "vswitch.h"

/* In the rules, so that people see whose they are: "CVSW". */
#define OFRULES_COOKIE		0x43565357
#define OFRULES_N		2
#define OFRULES_ANSWER_MS	10000	/* for the answer to a barrier, or to a look */
#define OFRULES_LOOK_MS		2000	/* from one look to the next */
#define OFRULES_RETRY_MS	5000	/* after a refusal */

struct cvsw_ofp_msg;

/**
 * struct ofrules
 * @write, @owner: to the switch
 * @xid: the connection's counter
 * @sent: the last flow_mods
 * @failed: one of them was refused
 * @barrier: the request behind them; 0: it was answered
 * @look: the request for the switch's flows; 0: it was answered
 * @seen: which rules its answer contains so far
 * @blind: the switch shows no flows
 * @installed_at, @asked_at: when it was written to last
 * @due: when to look, or to install again
 */
struct ofrules {
	struct vswitch *vswitch;
	void (*write)(void *owner, const uint8_t *data, size_t len);
	void *owner;
	uint32_t *xid;
	uint8_t version;
	uint32_t sent[OFRULES_N];
	bool failed;
	uint32_t barrier;
	uint32_t look;
	bool seen[OFRULES_N];
	bool blind;
	uint64_t installed_at;
	uint64_t asked_at;
	uint64_t due;
};

/** ofrules_start() - install them; the other members are set */
void ofrules_start(struct ofrules *rules);

/** ofrules_answer() - an answer to a barrier, flow statistics, or an error; false: not ours */
bool ofrules_answer(struct ofrules *rules, const struct cvsw_ofp_msg *msg);

/**
 * ofrules_tick() - do what is due; about once a second
 *
 * Return: false: the switch does not answer.
 */
bool ofrules_tick(struct ofrules *rules, uint64_t now);

#endif
