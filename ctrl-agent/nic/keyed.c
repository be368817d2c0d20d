// SPDX-License-Identifier: GPL-2.0-or-later
/* NICs with a key: which of them a frame is of, and where it is. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/log.h"
#include "fabric/vswitch.h"
#include "legacy.h"
#include "nics.h"
#include "talk.h"
#include "waiting.h"

/* There are as many numbers as NICs, or as many as the database has. */
static void take_number(struct nic *nic)
{
	struct nics *nics = nic->nics;

	for (nic->number = nics->first_free; nic->number < nics->room && nics->keyed[nic->number]; )
		nic->number++;
	if (nic->number == nics->room) {
		nics->keyed = alloc_checked(reallocarray(nics->keyed, 2 * nics->room,
							 sizeof(struct nic *)));
		memset(nics->keyed + nics->room, 0, nics->room * sizeof(struct nic *));
		nics->room *= 2;
	}
	nics->keyed[nic->number] = nic;
	nics->first_free = nic->number + 1;
}

void nic_drop_number(struct nic *nic)
{
	struct nics *nics = nic->nics;

	nics->keyed[nic->number] = NULL;
	if (nic->number < nics->first_free)
		nics->first_free = nic->number;
}

static void drop_key(struct nic *nic)
{
	nic_not_away(nic);
	nic_drop_number(nic);
	nic->has_key = false;
	explicit_bzero(nic->key, sizeof(nic->key));
}

void nic_set_key(struct nic *nic, const uint8_t *key)
{
	if (nic->has_key && key && cvsw_v3_same(nic->key, key, sizeof(nic->key)))
		return;
	if (nic->port) {
		LIST_REMOVE(nic, at_port);
		nic->port = NULL;
	}
	nic_unlink(nic);
	if (nic->has_key)
		drop_key(nic);
	nic->key_unread = false;
	nic->unproved_at = 0;	/* that was under the former key */
	if (key) {
		memcpy(nic->key, key, sizeof(nic->key));
		nic->has_key = true;
		take_number(nic);
		talk_new(nic, nic->number, key);
	} else if (nic->nics->allow_version2) {
		legacy_new(nic);
	}
	nic_go_on(nic);
}

static struct nic *nic_of(struct nics *nics, const uint8_t *frame, enum cvsw_v3_type type)
{
	uint32_t number;

	switch (type) {
	case CVSW_V3_REGISTER:
		return nics_find(nics, cvsw_v3_register_mac(frame));
	case CVSW_V3_SEALED:
		number = cvsw_v3_index(frame) >> 8;
		return number < nics->room ? nics->keyed[number] : NULL;
	default:
		return NULL;
	}
}

static void come(struct nic *nic, struct vport *port)
{
	nic_attach(nic, port);
	talk_here(nic);
	nic_tell(nic, HUB_AT);
}

/* Where its newest authentic record came from, it is. */
static void follow(struct nic *nic)
{
	struct vport *port = vswitches_at(nic->nics->switches, talk_place(nic));

	if (!port || port == nic->port)
		return;
	if (nic->port) {
		LIST_REMOVE(nic, at_port);
		nic->n_moves++;
	}
	come(nic, port);
}

static size_t bucket_of_place(uint64_t place)
{
	return (place * 0x9e3779b97f4a7c15u) >> (64 - NICS_BUCKET_BITS);
}

void nic_away(struct nic *nic)
{
	size_t bucket = bucket_of_place(talk_place(nic));

	LIST_INSERT_HEAD(&nic->nics->away[bucket], nic, at_port);
	nic->away = true;
}

void nic_not_away(struct nic *nic)
{
	if (nic->away)
		LIST_REMOVE(nic, at_port);
	nic->away = false;
}

/* If it has not been heard for long, its link counts it as silent until it answers. */
static void on_up(void *arg, struct vport *port)
{
	struct nics *nics = arg;
	struct nic *nic = LIST_FIRST(&nics->away[bucket_of_place(vport_place(port))]), *next;

	for (; nic; nic = next) {
		next = LIST_NEXT(nic, at_port);
		if (!nic_talks(nic) || talk_place(nic) != vport_place(port))
			continue;
		come(nic, port);
		nic_go_on_later(nic);
	}
}

/* ---- two of one identity ---- */

static bool is_recent(uint64_t at)
{
	return at && clock_ms() - at < NICS_CLAIM_MS;
}

const struct nic_claim *nic_claim(const struct nic *nic)
{
	return is_recent(nic->claim.at) ? &nic->claim : NULL;
}

static void note_place(struct nic_claim *claim, unsigned int i, const struct vport *port)
{
	claim->places[i].dpid = port->vswitch->dpid;
	claim->places[i].port = port->number;
	static_assert(sizeof(claim->places[i].name) == sizeof(port->name), "a name fits");
	memcpy(claim->places[i].name, port->name, sizeof(claim->places[i].name));
}

/* Both can prove the key; which of them is the copy nobody can tell. */
static void claimed(struct nic *nic, const struct vport *former, const struct vport *port)
{
	bool known = nic_claim(nic);

	nic->claim.at = clock_ms();
	note_place(&nic->claim, 0, former);
	note_place(&nic->claim, 1, port);
	log_limited(LOG_WARNING, "NIC " MAC_FORMAT " is at port %s and at port %s: is one a copy?",
		    MAC_BYTES(nic->mac), former->name, port->name);
	if (!known)
		nic_tell(nic, HUB_CLAIMED);
}

/*
 * A NIC that moves takes its conversation along, and one that is started elsewhere was
 * not heard at its former place for some time.
 */
static void look_for_another(struct nic *nic, struct vport *port, enum cvsw_v3_drop drop,
			     uint64_t n_registers, uint64_t heard_at)
{
	bool anew = !drop && nic->n_registers != n_registers;

	if (nic->port && nic->port != port && (anew || drop == CVSW_V3_DROP_DISAGREES) &&
	    clock_ms() - heard_at < NICS_ALIVE_MS)
		claimed(nic, nic->port, port);
}

/* ---- none that answers ---- */

void nic_unproved(struct nic *nic, const struct vport *port, const char *how)
{
	if (!is_recent(nic->unproved_at))
		log_limited(LOG_WARNING, "NIC " MAC_FORMAT ": somebody at port %s registers as this "
			    "NIC %s, and is ignored", MAC_BYTES(nic->mac), port->name, how);
	nic->unproved_at = clock_ms();
	nic->unproved_how = how;
	memcpy(nic->unproved_port, port->name, sizeof(nic->unproved_port));
}

const char *nic_silence(const struct nic *nic, char *text, size_t room)
{
	static const char causes[] = "its machine is down, or its driver is not loaded, has no key, "
				     "or has another key";

	if (!nic->has_key || nic_state(nic) != NIC_ABSENT)
		return NULL;
	if (is_recent(nic->unproved_at))
		snprintf(text, room, "somebody at port %s registers as this NIC %s",
			 nic->unproved_port, nic->unproved_how);
	else if (nic->heard_at)
		snprintf(text, room, "no answer for %llu s: %s",
			 (unsigned long long)(clock_ms() - nic->heard_at) / 1000, causes);
	else
		snprintf(text, room, "never heard since cvswd started: %s", causes);
	return text;
}

/* ---- frames ---- */

/* Perhaps of a session from before our start, or one that is over for us: ask who it is. */
static bool is_unknown(enum cvsw_v3_drop drop)
{
	return drop == CVSW_V3_DROP_SESSION || drop == CVSW_V3_DROP_FORGED ||
	       drop == CVSW_V3_DROP_EXPIRED || drop == CVSW_V3_DROP_DISAGREES;
}

static void dropped(struct nics *nics, struct vport *port, enum cvsw_v3_drop drop)
{
	nics->drops[drop]++;
	port->vswitch->n_dropped3++;
	log_limited(LOG_INFO, "a control frame from %s is dropped: %s", port->name,
		    cvsw_v3_drop_text(drop));
	if (is_unknown(drop))
		vswitch_port_ask(port);
}

static enum cvsw_v3_drop take(struct nics *nics, struct vport *port, enum cvsw_v3_type type,
			      uint8_t *frame, size_t len)
{
	struct nic *nic = nic_of(nics, frame, type);
	uint64_t n_registers, heard_at;
	enum cvsw_v3_drop drop;

	if (!nic || !nic->has_key)
		return type == CVSW_V3_SEALED ? CVSW_V3_DROP_SESSION : CVSW_V3_DROP_NO_KEY;
	n_registers = nic->n_registers;
	heard_at = nic->heard_at;
	drop = talk_receive(nic, frame, len, vport_place(port), clock_ms());
	if (drop == CVSW_V3_OK && type == CVSW_V3_SEALED)
		nic->heard_at = clock_ms();
	look_for_another(nic, port, drop, n_registers, heard_at);
	if (drop == CVSW_V3_OK)
		follow(nic);
	/* What is not the NIC's own changes nothing. */
	if (drop == CVSW_V3_OK || drop == CVSW_V3_DROP_DISAGREES)
		nic_go_on_later(nic);
	return drop;
}

/*
 * A handshake is the beginning of much that follows.  When ten thousand NICs want one at once,
 * those who have theirs are served first: else all of them wait so long for each answer
 * that they repeat what they sent, and nobody comes to an end.
 */

/*
 * One at a time, so that a port with many costs the others nothing.  It was proved when it came: if
 * it is not any more, the NIC has another key since, and nobody is to blame.
 */
static void answer_first(struct turns_work *work)
{
	struct vport *port = (struct vport *)((char *)work - offsetof(struct vport, answering));
	struct nics *nics = port->vswitch->all->user.arg;
	struct waiting *first = TAILQ_FIRST(&port->waiting);
	uint8_t frame[CVSW_V3_REGISTER_LEN];
	enum cvsw_v3_drop drop;

	memcpy(frame, first->frame, sizeof(frame));
	waiting_end(port, first, &nics->n_waiting);
	if (port->n_waiting)
		turns_put_off(work);
	drop = take(nics, port, CVSW_V3_REGISTER, frame, sizeof(frame));
	if (drop)
		dropped(nics, port, drop);
}

/* Of one NIC the newest counts, as it may have given up the others.  It takes their place. */
static enum cvsw_v3_drop take_register(struct nics *nics, struct vport *port, const uint8_t *frame)
{
	const uint8_t *mac = cvsw_v3_register_mac(frame);
	struct waiting *former = waiting_find(port, mac), *waiting;
	struct nic *nic = nics_find(nics, mac);

	if (!nic || !nic->has_key) {
		nics_stranger(port, mac);
		return CVSW_V3_DROP_NO_KEY;
	}
	/* Another at this port must not take its place. */
	if (!talk_proves(nic, frame)) {
		nic_unproved(nic, port, NIC_WITH_ANOTHER_KEY);
		return CVSW_V3_DROP_PROOF;
	}
	waiting = former ?: waiting_begin(port, &nics->n_waiting);
	if (!waiting)
		return CVSW_V3_DROP_RATE;
	memcpy(waiting->frame, frame, sizeof(waiting->frame));
	port->answering.run = answer_first;
	port->answering.last = true;
	turns_put_off(&port->answering);
	return former ? CVSW_V3_DROP_RATE : CVSW_V3_OK;
}

/* On a copy, as what was sealed in it comes to light there; a trailer is not needed. */
static void take_version3(struct nics *nics, struct vport *port, const uint8_t *frame, size_t len)
{
	uint8_t copy[CVSW_V3_FRAME_MAX];
	enum cvsw_v3_type type;
	enum cvsw_v3_drop drop;

	len = len < sizeof(copy) ? len : sizeof(copy);
	memcpy(copy, frame, len);
	drop = cvsw_v3_check(copy, &len, &type);
	if (drop == CVSW_V3_OK && type == CVSW_V3_REGISTER)
		drop = take_register(nics, port, copy);
	else if (drop == CVSW_V3_OK)
		drop = type == CVSW_V3_SEALED ? take(nics, port, type, copy, len) : CVSW_V3_DROP_TYPE;
	explicit_bzero(copy, len);
	if (drop)
		dropped(nics, port, drop);
}

/* ---- ports ---- */

static bool on_hello(void *arg, struct vport *port)
{
	return !((struct nics *)arg)->allow_version2 || legacy_hello(port);
}

static void on_down(void *arg, struct vport *port)
{
	struct nics *nics = arg;

	while (port->n_waiting)
		waiting_end(port, TAILQ_FIRST(&port->waiting), &nics->n_waiting);
	turns_drop(&port->answering);
	while (!LIST_EMPTY(&port->nics))
		nic_detach(LIST_FIRST(&port->nics));
}

static void on_frame(void *arg, struct vport *port, const uint8_t *frame, size_t len)
{
	if (cvsw_v3_is(frame, len))
		take_version3(arg, port, frame, len);
	else
		legacy_frame(arg, port, frame, len);
}

struct vport_user nics_user(struct nics *nics)
{
	return (struct vport_user){ on_hello, on_up, on_down, on_frame, nics };
}
