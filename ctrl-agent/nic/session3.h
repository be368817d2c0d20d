/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The conversation with one NIC in control protocol version 3: its end of it
 * (proto/cvsw_v3_end.h) and a row of requests, each answered by the NIC.
 *
 * Behind struct session, which is the same for both versions.  What the NIC should
 * have and lacks goes out as one bundle, all or nothing; the next one, with all that
 * has changed meanwhile, when it was answered.  So what the NIC has is known without
 * asking, but when a conversation begins, after a refusal and after a silence: then it is
 * listed, and nobody says "in sync" before it was compared.
 *
 *	ABSENT --FRESH--> LISTING --listed--> CHANGING --all answered--> settled
 *	                     ^                   |  ^----intent changed-----'
 *	                     '--a refusal, or heard again after a silence
 *
 * What the NIC refuses is left out from then on, until the intent changes or the NIC
 * begins anew; flows that it only lacked room for, until SESSION3_RETRY_MS have passed.
 *
 * No I/O and no clock in here, as in nic.c.
 */
#ifndef CVSWD_SESSION3_H
#define CVSWD_SESSION3_H

#include "cvsw_v3_body.h"
#include "cvsw_v3_end.h"
#include "nic.h"

#define SESSION3_RETRY_MS	30000
#define SESSION3_LIST_AGAIN_MS	1000	/* after a list that could not be read */
/* A NIC decides how often its table has to be looked at again, and how long it is. */
#define SESSION3_LOOK_BURST	16
#define SESSION3_LOOK_MS	1000
#define SESSION3_LIST_MAX	(NIC_MAX_FLOWS + NIC_MAX_EXTRA)

enum session3_event {
	SESSION3_REGISTERED,	/* a conversation began */
	SESSION3_REKEYED,
	SESSION3_SILENT,
	SESSION3_HEARD,
	SESSION3_DISAGREED,	/* one of the two was restored, or there are two NICs: begun anew */
	SESSION3_CLAIMED,	/* another NIC says that it is this one: nic_claim(); from nics3.c */
	SESSION3_SYNCED,	/* for the first time since it registered or refused */
	SESSION3_REFUSED,	/* see session3_refusal() */
	SESSION3_SA_REFUSED,	/* the session names it; SESSION3_REFUSED follows */
	SESSION3_FLOW_REMOVED,	/* see session3_removed() */
	SESSION3_SA_EXPIRING,	/* with the NIC's message */
	SESSION3_PACKET_IN,	/* its content in the message's body */
	SESSION3_LOST,		/* its port has gone; from nics.c */
	SESSION3_AT,		/* it is at another port; likewise */
};

/**
 * struct session3_world - what a conversation needs of the world around
 * @send: a frame towards @place; may drop it
 * @event: @message is NULL but where said above; must not call back
 * @log_keys: the keys of each session that is made; NULL: nobody is to know them
 */
struct session3_world {
	const struct cvsw_v3_crypto *crypto;
	struct cvsw_v3_guard *guard;
	void (*send)(void *owner, const uint8_t *frame, size_t len, uint64_t place);
	void (*event)(void *owner, enum session3_event event,
		      const struct cvsw_v3_message *message);
	void (*log_keys)(void *owner, const struct cvsw_v3_keys *keys);
	void *owner;
};

/**
 * struct session3_refusal - an ERROR, for people
 * @n: of the NIC so far; 0: there was none
 * @error: enum cvsw_v3_error
 * @text: the NIC's own
 * @field: what stands at the offset it names: "nw_dst", "action 2"; may be empty
 * @flow: the flow, if it was about one, perhaps cut; else empty
 */
struct session3_refusal {
	uint64_t n;
	uint16_t type;
	uint16_t error;
	char text[CVSW_V3_ERROR_TEXT_MAX + 1];
	char field[40];
	char flow[512];
};

/**
 * struct session3_removed - a flow that the NIC has no more, though nobody deleted it
 * @reason: enum cvsw_v3_removed; 0: it had a timeout, and was not there when the table
 *	was listed: nobody heard when and why it went, and what it counted
 */
struct session3_removed {
	const struct cvsw_flow *flow;
	uint8_t reason;
	uint64_t n_packets, n_bytes;
};

struct session3;
struct session3_request;

/** session3_new() - @number: as of cvsw_v3_controller_init(); @psk: copied */
struct session3 *session3_new(struct nic *nic, const struct session3_world *world,
			      uint32_t number, const uint8_t psk[CVSW_V3_KEY_LEN]);

/** session3_free() - wipes its keys; what was asked is answered with NULL */
void session3_free(struct session3 *v3);

/** session3_receive() - a frame of version 3 for this NIC; overwritten, wiped by the caller */
enum cvsw_v3_drop session3_receive(struct session3 *v3, uint8_t *frame, size_t len,
				   uint64_t place, uint64_t now);

/** session3_place() - where its last authentic record came from; 0: nowhere yet */
uint64_t session3_place(const struct session3 *v3);

/** session3_gone() - its port has gone; the conversation waits for it to come back */
void session3_gone(struct session3 *v3);

/** session3_here() - a record came from the NIC again */
void session3_here(struct session3 *v3);

void session3_changed(struct session3 *v3);
void session3_run(struct session3 *v3, uint64_t now);
uint64_t session3_deadline(const struct session3 *v3);
enum nic_state session3_state(const struct session3 *v3);

/** session3_is_there() - can it be talked to? */
bool session3_is_there(const struct session3 *v3);

/** session3_talks() - is there a conversation, though perhaps nobody answers at the moment? */
bool session3_talks(const struct session3 *v3);

/** session3_settled() - the last generation of which every request was answered */
uint64_t session3_settled(const struct session3 *v3);

/* What the NIC refused of its intent. */
size_t session3_n_refused(const struct session3 *v3);
size_t session3_n_refused_flows(const struct session3 *v3);
bool session3_refuses_flow(const struct session3 *v3, const struct cvsw_flow *flow);
bool session3_refuses_mtu(const struct session3 *v3);
bool session3_refuses_offload(const struct session3 *v3);

/** session3_is_stuck() - does it refuse something that cannot be left out? */
bool session3_is_stuck(const struct session3 *v3);
/** session3_refusal() - the last one */
const struct session3_refusal *session3_refusal(const struct session3 *v3);

/** session3_removed() - while SESSION3_FLOW_REMOVED is told */
const struct session3_removed *session3_removed(const struct session3 *v3);

/** session3_refusal_of() - what an ERROR says; @request: the message that it answers */
void session3_refusal_of(const struct cvsw_v3_message *answer, const uint8_t *request, size_t len,
			 struct session3_refusal *refusal);

/** session3_capabilities() - NULL: not told yet; without the release's text */
const struct cvsw_v3_capabilities *session3_capabilities(const struct session3 *v3);
const char *session3_release(const struct session3 *v3);

/** session3_n_unexpected() - messages that were no answer, or could not be read */
uint64_t session3_n_unexpected(const struct session3 *v3);

uint32_t session3_rtt(const struct session3 *v3);
uint64_t session3_n_keys(const struct session3 *v3);

/** session3_next_xid() - for a message that session3_ask() is to send */
uint32_t session3_next_xid(struct session3 *v3);

/**
 * session3_ask() - a request of somebody else
 * @message: copied; leaves with the next session3_run()
 * @answered: with the NIC's answer, an ERROR perhaps, and the request, if it was kept;
 *	or with NULL: none will come; with an answer it may ask for more, and must not call
 *	back else
 *
 * Return: false: there is no conversation.
 */
bool session3_ask(struct session3 *v3, const uint8_t *message, size_t len,
		  void (*answered)(void *arg, const struct cvsw_v3_message *answer,
				   const uint8_t *request, size_t request_len),
		  void *arg);

/** session3_forget() - whoever asked with @arg is not there any more */
void session3_forget(struct session3 *v3, const void *arg);

#endif
