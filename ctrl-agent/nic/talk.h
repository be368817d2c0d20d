/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link in version 3: our end of the conversation (proto/cvsw_v3_end.h) and a row of
 * requests, each answered by the NIC.
 *
 * What the NIC should have and lacks goes out as one bundle, all or nothing; the next one,
 * with all that has changed meanwhile, when it was answered.  So what the NIC has is known
 * without asking, but when a conversation begins, after a refusal and after a silence: then it
 * is listed, and nobody says "in sync" before it was compared.
 *
 *	NONE --FRESH--> LISTING --listed--> SETTLED --something is due--> CHANGING
 *	                   ^                   ^ |                            |
 *	                   |                   '-+------all answered----------+
 *	                   +--its table changed--'                            |
 *	                   |                                its table changed | flows refused
 *	                   '--all answered-- OVERTAKEN, FAILED <--------------'
 *
 * A table changes by itself when a flow without a timeout goes.  After a silence, nobody knows
 * whether it has changed.
 *
 * What the NIC refuses is not sent again until the configuration changes or a new conversation
 * begins.  If the NIC only lacked room, it is sent again after TALK_RETRY_MS.
 *
 * Outside of this folder a link is spoken to through nic.h.
 */
#ifndef CVSWD_TALK_H
#define CVSWD_TALK_H

#include "base/pace.h"
#include "link.h"

#define TALK_RETRY_MS		30000
#define TALK_LIST_AGAIN_MS	1000	/* after a list that could not be read */
/* A NIC decides how often its table has to be looked at again, and how long it is. */
#define TALK_LOOK_BURST		16
#define TALK_LOOK_MS		1000
#define TALK_LIST_MAX		(NIC_MAX_FLOWS + NIC_MAX_EXTRA)
#define TALK_SAS_MAX		8192
#define TALK_GROUPS_MAX		(2 * NIC_MAX_GROUPS)

/* Lists. */
#define TALK_FLOWS	1
#define TALK_GROUPS	2

/**
 * talk_new() - from now on the NIC, which has no link, speaks version 3
 * @number: as of cvsw_v3_controller_init(); @psk: copied
 */
void talk_new(struct nic *nic, uint32_t number, const uint8_t psk[CVSW_V3_KEY_LEN]);

/** talk_receive() - a frame of a NIC with this link; overwritten, wiped by the caller */
enum cvsw_v3_drop talk_receive(struct nic *nic, uint8_t *frame, size_t len, uint64_t place,
			       uint64_t now);

/** talk_place() - where its last authentic record came from; 0: nowhere yet */
uint64_t talk_place(const struct nic *nic);

/** talk_proves() - cvsw_v3_proves() of a NIC with a key */
bool talk_proves(struct nic *nic, const uint8_t *frame);

/** talk_here() - a record came from the NIC again */
void talk_here(struct nic *nic);

/* ---- inside ---- */

struct talk;

/**
 * struct talk_request - sent, or to be sent
 * @settles: the generation of which it is the last request; 0: of none
 * @done: the answer came; NULL: none will
 * @answered, @arg: nic_ask()'s
 * @spi, @direction: of a SET_SA
 * @message: @len bytes; of a SET_SA wiped when it has been sent
 */
struct talk_request {
	TAILQ_ENTRY(talk_request) in_order;
	uint16_t type;
	uint32_t xid;
	bool sent;
	enum cvsw_sa_direction direction;
	uint32_t spi;
	uint64_t settles;
	void (*done)(struct talk *talk, const struct talk_request *request,
		     const struct cvsw_v3_message *answer);
	nic_answered *answered;
	void *arg;
	size_t len;
	uint8_t message[];
};

enum talk_phase {
	TALK_NONE,		/* no conversation yet */
	TALK_LISTING,		/* what it has is not known */
	TALK_SETTLED,		/* nothing is under way */
	TALK_CHANGING,		/* requests of a generation are under way */
	TALK_OVERTAKEN,		/* likewise, and its table changed meanwhile by itself */
	TALK_FAILED,		/* likewise, and flows of them were refused */
};

/**
 * struct talk
 * @requests: in the order of the stream; the first was asked first
 * @unsent: the first of them that has not been sent; NULL: all have
 * @was_silent: nothing was heard for long; the table is to be looked at again
 * @gone: its port has
 * @followed: what is wanted and stored is in nic->table, which is what it will have when all
 *	is answered, as it was when flowset_now() was this
 * @replace: it has more flows than anyone wants to hear of
 * @listing: lists that are under way: TALK_FLOWS, TALK_GROUPS
 * @listed_groups: groups so far; @n_listed_groups: entries so far
 * @n_listed: entries so far; @listed: those that are not made; @seen: hashes of the others
 * @list_at: 0, or when to list it; @looks: how often that was done
 * @sas: the @n_sas SAs that were listed so far, while that is under way
 * @retry_at: 0, or when what was refused is tried again
 */
struct talk {
	struct link link;
	struct nic *nic;
	struct cvsw_v3_caller caller;
	uint64_t now;
	enum talk_phase phase;
	bool was_silent;
	bool gone;
	TAILQ_HEAD(talk_requests, talk_request) requests;
	struct talk_request *unsent;
	uint32_t xid;
	uint32_t bundle;

	uint64_t followed;
	bool replace;
	uint64_t list_at;
	struct pace looks;
	unsigned int listing;
	struct groupset listed_groups;
	size_t n_listed_groups;
	struct flowset listed;
	size_t n_listed;
	uint64_t *seen;
	size_t n_seen;
	struct cvsw_v3_listed_sa *sas;
	size_t n_sas;

	uint64_t retry_at;
	uint64_t n_unexpected;

	struct cvsw_v3_end end;
};

/* A message being written or read, of whichever NIC: there is one thread. */
extern uint8_t talk_message[CVSW_V3_MESSAGE_MAX];

/** talk_queue() - a copy of a message at the end of the row */
struct talk_request *talk_queue(struct talk *talk, const uint8_t *message, size_t len,
				void (*done)(struct talk *talk,
					     const struct talk_request *request,
					     const struct cvsw_v3_message *answer));

/** talk_send_requests() - as many as the stream has room for */
void talk_send_requests(struct talk *talk);

/**
 * talk_drop_requests() - the conversation is over
 *
 * Of what was asked nobody knows whether it was done.
 */
void talk_drop_requests(struct talk *talk);

/** talk_take_answer() - returns the generation whose last request it answers, or 0 */
uint64_t talk_take_answer(struct talk *talk, const struct cvsw_v3_message *answer);

/** talk_take_unasked() - FLOW_REMOVED, SA_EXPIRING; others are nothing to us */
void talk_take_unasked(struct talk *talk, const struct cvsw_v3_message *message);

/** talk_not_expected() - a message that is no answer, or cannot be read: counted */
void talk_not_expected(struct talk *talk);

/** talk_table_changed() - it is not what we thought: list it as soon as nothing is under way */
void talk_table_changed(struct talk *talk);

/** talk_ask(), talk_forget() - nic_ask(), nic_forget_asker() */
bool talk_ask(struct nic *nic, const uint8_t *message, size_t len, nic_answered *answered,
	      void *arg);
void talk_forget(struct nic *nic, const void *arg);

/** talk_refused() - an ERROR to a request of ours: remember it, and say so */
void talk_refused(struct talk *talk, const struct talk_request *request,
		  const struct cvsw_v3_message *answer);

/** talk_of() - the link of a NIC that speaks version 3 */
static inline struct talk *talk_of(const struct nic *nic)
{
	return (struct talk *)nic->link;
}

/** talk_is_changing() - are requests of a generation under way? */
static inline bool talk_is_changing(const struct talk *talk)
{
	return talk->phase >= TALK_CHANGING;
}

uint32_t talk_next_xid(struct talk *talk);

/** talk_tell_removed() - a flow went */
void talk_tell_removed(struct talk *talk, const struct nic_removed *removed);

/** talk_queue_sas() - SET_SAs that wait; false: none does */
bool talk_queue_sas(struct talk *talk);

/** talk_queue_list_sas() - ask which SAs it has */
void talk_queue_list_sas(struct talk *talk);

/** talk_queue_flows() - a bundle of what the table lacks; false: nothing */
bool talk_queue_flows(struct talk *talk);

/** talk_made_begin(), talk_made() - of struct link_ops */
void talk_made_begin(struct nic *nic);
void talk_made(struct nic *nic, const struct cvsw_flow *flow, bool wanted);

/** talk_queue_list() - ask for the table, from its begin */
void talk_queue_list(struct talk *talk);

/** talk_queue_list_groups() - likewise for its groups, if it can have any */
void talk_queue_list_groups(struct talk *talk);

/** talk_list_failed() - one of the lists cannot be read: all of it again later */
void talk_list_failed(struct talk *talk, const struct talk_request *request,
		      const struct cvsw_v3_message *answer);

/** talk_list_ended() - one of the lists is whole; with the last it is known what the NIC has */
void talk_list_ended(struct talk *talk, unsigned int which);

/**
 * struct talk_mod - a flow_mod, or if cvsw_group_command_is(@command) a group_mod
 */
struct talk_mod {
	unsigned int command;
	struct cvsw_flow flow;
	struct cvsw_group group;
};

/** talk_mod_decode() - one of our own; NULL: it is none; else valid until the next call */
const struct talk_mod *talk_mod_decode(const uint8_t *data, size_t len, size_t *used);

/** talk_mod_at() - the index of the mod at an offset of a FLOWS; -1: none is there */
int talk_mod_at(const uint8_t *message, size_t len, size_t offset, size_t *start);

#endif
