/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vswitch as the rest of the daemon sees it: ports by number, frames out of
 * and in from a port.  Behind it is an OpenFlow connection (ofconn.c) or the
 * taps of this host (direct.c).
 */
#ifndef CVSWD_VSWITCH_H
#define CVSWD_VSWITCH_H

#include <event2/event.h>
#include <sys/queue.h>

#include "base/turns.h"
#include "cvsw_flow.h"

#define VSWITCH_MAX		512	/* descriptors: a process often may have 1,024 */
#define VSWITCH_KNOWN		2048	/* datapath ids that are told apart */
#define VSWITCH_MAX_PORTS	16384
#define VSWITCH_BUCKETS		1024
#define VSWITCH_NAMES		16384	/* buckets of ports' names, of all switches */
#define VPORT_NAME_LEN		16
#define VSWITCH_WHY_LEN		192
#define VSWITCH_PEER_LEN	160

#define HELLO_MIN_MS		200	/* between two HELLOs to a port, whatever comes in */
#define HELLO_FIRST_MS		1000	/* to a port that does not answer; doubles */
#define HELLO_MAX_MS		60000
#define HELLO_ASK_MS		1000

struct nic;
struct vport;
struct vswitch;

/**
 * struct vport_user - who looks after what is behind the ports
 * @hello: beside version 3's HELLO, another one to all that is behind a port; false: no room
 * @up: a port has a link now; @down: no more, or the port goes
 * @frame: one came in; gone after
 */
struct vport_user {
	bool (*hello)(void *arg, struct vport *port);
	void (*up)(void *arg, struct vport *port);
	void (*down)(void *arg, struct vport *port);
	void (*frame)(void *arg, struct vport *port, const uint8_t *frame, size_t len);
	void *arg;
};

/* Of the rules that bring control frames to us and let all others pass: ofrules.h. */
enum vswitch_rules {
	VSWITCH_RULES_NONE,	/* none are needed */
	VSWITCH_RULES_WAITING,	/* sent, not confirmed yet */
	VSWITCH_RULES_IN_PLACE,
	VSWITCH_RULES_REFUSED,
	VSWITCH_RULES_LOST,	/* and being put back */
};

/* For vswitches->event. */
enum vswitch_event {
	VSWITCH_RULES_ARE_IN_PLACE,
	VSWITCH_RULES_ARE_REFUSED,
	VSWITCH_RULES_ARE_LOST,
	VSWITCH_IS_CLAIMED,
};

/**
 * struct vport - a port that may have a NIC behind it
 * @hello_at: when to send HELLO next; UINT64_MAX: a NIC is there, or no link
 * @asked_at: when a HELLO of version 3 was sent because of a record that nobody knows
 * @waiting: @n_waiting REGISTERs that nobody has looked at yet, one of each NIC: nic/keyed.c;
 *	@answering: will look at one of them.  While there are any, no HELLO is sent
 * @stranger: the MAC address that registered there last without a key of ours; or zero
 */
struct vport {
	TAILQ_ENTRY(vport) in_order;
	struct vport *next_in_bucket;
	struct vswitch *vswitch;
	uint32_t number;
	char name[VPORT_NAME_LEN + 1];
	LIST_ENTRY(vport) by_name;
	bool up;
	LIST_HEAD(vport_nics, nic) nics;
	uint64_t hello_at;
	uint64_t hello_last;
	uint64_t asked_at;
	TAILQ_HEAD(vport_waiting, waiting) waiting;
	size_t n_waiting;
	struct turns_work answering;
	uint8_t stranger[CVSW_ETH_ALEN];
	unsigned int hellos;	/* unanswered */
};

/**
 * struct vswitch - one switch
 * @known: which of the datapath ids that were ever seen is its own; see vport_place()
 * @peer: where it is connected from, for people
 * @kind: "OpenFlow 1.3", "direct"
 * @send: false: no room at the moment
 * @rules, @rules_why: how our rules are; text: what is wrong with them
 * @n_lost: how often they were put back
 * @n_claims, @claimed_by: how often another connection claimed to be this switch, and the
 *	last one's address
 */
struct vswitch {
	TAILQ_ENTRY(vswitch) in_order;
	struct vswitches *all;
	uint64_t dpid;
	uint32_t known;
	uint64_t since;
	char peer[VSWITCH_PEER_LEN];
	const char *kind;
	TAILQ_HEAD(vport_order, vport) ports;
	struct vport *buckets[VSWITCH_BUCKETS];
	size_t n_ports;
	struct event *tick;
	bool (*send)(void *owner, uint32_t port, const uint8_t *frame, size_t len);
	void *owner;
	enum vswitch_rules rules;
	char rules_why[VSWITCH_WHY_LEN];
	uint64_t n_lost;
	uint64_t n_claims;
	char claimed_by[VSWITCH_PEER_LEN];
	/* Control frames from the ports. */
	uint64_t n_frames;
	uint64_t n_malformed;
	uint64_t n_unexpected;
	uint64_t n_unknown_port;
	uint64_t n_dropped3;	/* of version 3, whatever the reason */
	uint64_t n_unauthenticated;	/* of version 2, which is not allowed */
};

/**
 * struct vswitches
 * @known: datapath ids that were ever seen; @connected: the switches that have them
 * @names: ports by name
 * @event: something that people should know of happened to a switch; may be NULL
 */
struct vswitches {
	TAILQ_HEAD(vswitch_order, vswitch) order;
	size_t n;
	uint64_t known[VSWITCH_KNOWN];
	struct vswitch *connected[VSWITCH_KNOWN];
	LIST_HEAD(vport_names, vport) names[VSWITCH_NAMES];
	uint32_t n_known;
	struct vport_user user;
	struct event_base *base;
	void (*event)(const struct vswitch *vswitch, enum vswitch_event event);
};

void vswitches_init(struct vswitches *all, struct event_base *base, const struct vport_user *user);
struct vswitch *vswitches_find(struct vswitches *all, uint64_t dpid);

/** vswitch_create() - NULL: a switch of this datapath id is there, or too many are */
struct vswitch *vswitch_create(struct vswitches *all, uint64_t dpid, const char *kind,
			       const char *peer,
			       bool (*send)(void *owner, uint32_t port, const uint8_t *frame,
					    size_t len), void *owner);

/** vswitch_destroy() - its NICs become absent */
void vswitch_destroy(struct vswitch *vswitch);

/** vswitch_set_rules() - how its rules are now; says so if that is new, and calls the ports */
void vswitch_set_rules(struct vswitch *vswitch, enum vswitch_rules rules, const char *why);

/** vswitch_claimed() - another connection, from @peer, claimed to be this switch, in vain */
void vswitch_claimed(struct vswitch *vswitch, const char *peer);

/**
 * vswitches_trouble() - why what a NIC says may not reach us
 * @port: of the NIC; NULL: it is at no switch
 *
 * Return: a text for people, in @text, or NULL.
 */
const char *vswitches_trouble(const struct vswitches *all, const struct vport *port,
			      char *text, size_t room);

/** vswitch_port_set() - a port is there, or changed; one that came up gets a HELLO */
void vswitch_port_set(struct vswitch *vswitch, uint32_t number, const char *name, bool up);
void vswitch_port_remove(struct vswitch *vswitch, uint32_t number);
struct vport *vswitch_port_find(struct vswitch *vswitch, uint32_t number);

/** vswitch_port_hello() - ask who is there, as soon as the rate allows */
void vswitch_port_hello(struct vport *port);

/** vswitch_port_answered() - somebody is there: ask no more */
void vswitch_port_answered(struct vport *port);

/** vswitch_port_ask() - a HELLO of version 3, once, at most once a second */
void vswitch_port_ask(struct vport *port);

/**
 * vswitches_call() - a HELLO of version 3 to one NIC, wherever it is
 *
 * Only to ports where no NIC is, and none of another address has registered without a key.
 */
void vswitches_call(struct vswitches *all, const uint8_t mac[CVSW_ETH_ALEN]);

/**
 * vport_place() - what tells a port from all others
 *
 * It stays the same when its switch has gone and is back.  Never 0.
 */
uint64_t vport_place(const struct vport *port);

/** vswitches_at() - the port of that place, or NULL */
struct vport *vswitches_at(struct vswitches *all, uint64_t place);

/** vswitches_named() - a port of this name, or NULL; @n: out: how many there are */
struct vport *vswitches_named(struct vswitches *all, const char *name, unsigned int *n);

bool vswitch_send(struct vport *port, const uint8_t *frame, size_t len);

/** vswitch_frame() - a frame came in from a port; of EtherType 0xABBA, or it is counted */
void vswitch_frame(struct vswitch *vswitch, uint32_t port, const uint8_t *frame, size_t len);

#define vswitches_each(vswitch, all)	TAILQ_FOREACH(vswitch, &(all)->order, in_order)
#define vports_each(port, vswitch)	TAILQ_FOREACH(port, &(vswitch)->ports, in_order)

#endif
