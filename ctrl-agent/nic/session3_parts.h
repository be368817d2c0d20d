/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What session3.c and session3_*.c share. */
#ifndef CVSWD_SESSION3_PARTS_H
#define CVSWD_SESSION3_PARTS_H

#include "base/pace.h"
#include "session3.h"

/**
 * struct session3_request - sent, or to be sent
 * @settles: the generation of which it is the last request; 0: of none
 * @done: the answer came; NULL: none will
 * @answered, @arg: session3_ask()'s
 * @spi, @direction: of a SET_SA
 * @message: @len bytes; of a SET_SA wiped when it has been sent
 */
struct session3_request {
	TAILQ_ENTRY(session3_request) in_order;
	uint16_t type;
	uint32_t xid;
	bool sent;
	enum cvsw_sa_direction direction;
	uint32_t spi;
	uint64_t settles;
	void (*done)(struct session3 *v3, const struct session3_request *request,
		     const struct cvsw_v3_message *answer);
	void (*answered)(void *arg, const struct cvsw_v3_message *answer,
			 const uint8_t *request, size_t request_len);
	void *arg;
	size_t len;
	uint8_t message[];
};

/**
 * struct session3
 * @requests: in the order of the stream; the first was asked first
 * @conversing: FRESH has come
 * @was_silent: nothing was heard for long; the table is to be looked at again
 * @gone: its port has
 * @table_known: session->table is what it will have when all is answered
 * @followed: what is wanted is in the table as it was when flowset_now() was this
 * @replace: it has more flows than anyone wants to hear of
 * @list_at: 0, or when to list it; @looks: how often that was done
 * @changing: requests of a generation are under way
 * @failed: one of them, of its flows, was refused; @stuck: and nothing could be left
 *	out because of it: not before @retry_at again, or another intent
 * @relist: it says that its table changed meanwhile
 * @settled: the last generation all of whose requests were answered
 * @refused: flows of the intent that it does not take
 * @in_sync: SESSION3_SYNCED was said
 */
struct session3 {
	struct nic *nic;
	struct session3_world world;
	struct cvsw_v3_caller caller;
	uint64_t now;
	bool conversing;
	bool was_silent;
	bool gone;
	TAILQ_HEAD(session3_requests, session3_request) requests;
	uint32_t xid;
	uint32_t bundle;

	bool table_known;
	uint64_t followed;
	bool replace;
	uint64_t list_at;
	struct pace looks;
	struct flowset listed;
	size_t n_listed;

	bool changing;
	bool failed;
	bool stuck;
	bool relist;
	uint64_t settled;
	struct flowset refused;
	bool refused_mtu;
	bool refused_offload;
	uint64_t retry_at;
	struct session3_refusal refusal;
	const struct session3_removed *removed;
	bool in_sync;

	bool have_capabilities;
	struct cvsw_v3_capabilities capabilities;
	char release[CVSW_V3_RELEASE_MAX + 1];
	uint64_t n_unexpected;

	struct cvsw_v3_end end;
	uint8_t message[CVSW_V3_MESSAGE_MAX];
};

/** session3_queue() - a copy of a message at the end of the row */
struct session3_request *session3_queue(struct session3 *v3, const uint8_t *message, size_t len,
					void (*done)(struct session3 *v3,
						     const struct session3_request *request,
						     const struct cvsw_v3_message *answer));

/** session3_send_requests() - as many as the stream has room for */
void session3_send_requests(struct session3 *v3);

/**
 * session3_drop_requests() - the conversation is over
 *
 * Of what was asked nobody knows whether it was done.
 */
void session3_drop_requests(struct session3 *v3);

/** session3_take_answer() - returns the generation whose last request it answers, or 0 */
uint64_t session3_take_answer(struct session3 *v3, const struct cvsw_v3_message *answer);

/** session3_take_unasked() - FLOW_REMOVED, SA_EXPIRING; others are nothing to us */
void session3_take_unasked(struct session3 *v3, const struct cvsw_v3_message *message);

/** session3_not_expected() - a message that is no answer, or cannot be read: counted */
void session3_not_expected(struct session3 *v3);

/** session3_look_again() - its table is not what we thought: ask, compare, go on from there */
void session3_look_again(struct session3 *v3);

/** session3_refused() - an ERROR to a request of ours: remember it, and say so */
void session3_refused(struct session3 *v3, const struct session3_request *request,
		      const struct cvsw_v3_message *answer);

/** session3_tell_removed() - a flow went */
void session3_tell_removed(struct session3 *v3, const struct session3_removed *removed);

/** session3_queue_flows() - a bundle of what the table lacks; false: nothing */
bool session3_queue_flows(struct session3 *v3);

/** session3_queue_list() - ask for the table, from its begin */
void session3_queue_list(struct session3 *v3);

/** session3_flow_at() - the index of the flow_mod at an offset of a FLOWS; -1: none is there */
int session3_flow_at(const uint8_t *message, size_t len, size_t offset, size_t *start);

#endif
