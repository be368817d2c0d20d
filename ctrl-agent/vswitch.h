/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vswitch as the rest of the daemon sees it: ports by number, frames out of
 * and in from a port.  Behind it is an OpenFlow connection (ofconn.c) or the
 * taps of this host (direct.c).
 */
#ifndef CVSWD_VSWITCH_H
#define CVSWD_VSWITCH_H

#include "nics.h"

#define VSWITCH_MAX		64
#define VSWITCH_MAX_PORTS	4096
#define VSWITCH_BUCKETS		256
#define VPORT_NAME_LEN		16

#define HELLO_MIN_MS		200	/* between two HELLOs to a port, whatever comes in */
#define HELLO_FIRST_MS		1000	/* to a port that does not answer; doubles */
#define HELLO_MAX_MS		60000

struct vswitch;

/**
 * struct vport - a port that may have a NIC behind it
 * @hello_at: when to send HELLO next; UINT64_MAX: a NIC is there, or no link
 */
struct vport {
	TAILQ_ENTRY(vport) in_order;
	struct vport *next_in_bucket;
	struct vswitch *vswitch;
	uint32_t number;
	char name[VPORT_NAME_LEN + 1];
	bool up;
	struct nic *nic;
	uint64_t hello_at;
	uint64_t hello_last;
	unsigned int hellos;	/* unanswered */
};

/**
 * struct vswitch - one switch
 * @peer: where it is connected from, for people
 * @kind: "OpenFlow 1.3", "direct"
 * @send: false: no room at the moment
 */
struct vswitch {
	TAILQ_ENTRY(vswitch) in_order;
	struct vswitches *all;
	uint64_t dpid;
	uint64_t since;
	char peer[128];
	const char *kind;
	TAILQ_HEAD(vport_order, vport) ports;
	struct vport *buckets[VSWITCH_BUCKETS];
	size_t n_ports;
	struct event *tick;
	bool (*send)(void *owner, uint32_t port, const uint8_t *frame, size_t len);
	void *owner;
	/* Control frames from the ports. */
	uint64_t n_frames;
	uint64_t n_malformed;
	uint64_t n_unexpected;
	uint64_t n_unknown_port;
};

struct vswitches {
	TAILQ_HEAD(vswitch_order, vswitch) order;
	size_t n;
	struct nics *nics;
	struct event_base *base;
};

void vswitches_init(struct vswitches *all, struct event_base *base, struct nics *nics);
struct vswitch *vswitches_find(struct vswitches *all, uint64_t dpid);

/** vswitch_create() - NULL: a switch of this datapath id is there, or too many are */
struct vswitch *vswitch_create(struct vswitches *all, uint64_t dpid, const char *kind,
			       const char *peer,
			       bool (*send)(void *owner, uint32_t port, const uint8_t *frame,
					    size_t len), void *owner);

/** vswitch_destroy() - its NICs become absent */
void vswitch_destroy(struct vswitch *vswitch);

/** vswitch_port_set() - a port is there, or changed; one that came up gets a HELLO */
void vswitch_port_set(struct vswitch *vswitch, uint32_t number, const char *name, bool up);
void vswitch_port_remove(struct vswitch *vswitch, uint32_t number);
struct vport *vswitch_port_find(struct vswitch *vswitch, uint32_t number);

/** vswitch_port_hello() - ask who is there, as soon as the rate allows */
void vswitch_port_hello(struct vport *port);

bool vswitch_send(struct vport *port, const uint8_t *frame, size_t len);

/** vswitch_frame() - a frame came in from a port; of EtherType 0xABBA, or it is counted */
void vswitch_frame(struct vswitch *vswitch, uint32_t port, const uint8_t *frame, size_t len);

#define vswitches_each(vswitch, all)	TAILQ_FOREACH(vswitch, &(all)->order, in_order)
#define vports_each(port, vswitch)	TAILQ_FOREACH(port, &(vswitch)->ports, in_order)

#endif
