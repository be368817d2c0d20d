/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client may ask, and what the files that answer it share. */
#ifndef CVSWD_REQUEST_H
#define CVSWD_REQUEST_H

#include "nic/change.h"
#include "client.h"
#include "cvsw_text.h"
#include "place.h"
#include "request_error.h"

#define REQUEST_DEFAULT_TIMEOUT_MS	10000
#define REQUEST_MAX_TIMEOUT_MS		600000

struct request {
	struct agent *agent;
	struct client *client;
	const json_t *json;
};

/** request_take() - work on a line; client_answer() follows, now or later */
void request_take(struct agent *agent, struct client *client, const char *line, size_t len);

/* Each answers the request; nothing was changed. */
void request_refuse(const struct request *request, enum request_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** request_refuse_member() - because of this member */
void request_refuse_member(const struct request *request, enum request_code code,
			   const char *member, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void request_refuse_error(const struct request *request, const struct request_error *error);

/**
 * struct request_asked - what a change asks of a NIC: what it may refuse
 * @flows, @groups: to be there
 * @n_gone: how many flows went with groups
 * @not_kept: the database could not be written
 */
struct request_asked {
	struct flowset flows;
	struct groupset groups;
	size_t n_gone;
	bool mtu;
	bool offload;
	bool not_kept;
};

/** request_nic() - the NIC a request names; after NULL the request has been refused */
struct nic *request_nic(const struct request *request, enum place_unknown unknown);

/** request_unknown() - may the NIC be one that nothing is known of? "new" */
enum place_unknown request_unknown(const struct request *request);

/**
 * request_choice() - the flows that the request is about; false: refused
 * @key: of the text; everything without one
 */
bool request_choice(const struct request *request, enum cvsw_text_use use, const char *key,
		    struct choice *choice);

/** request_text() - a member of the request that is a string, or NULL */
const char *request_text(const struct request *request, const char *key);

/** request_is() - is this member of the request true? "wait": answer when it is done */
bool request_is(const struct request *request, const char *key);

/** request_refuse_flow() - the text of a flow or match, of several the one of this index */
void request_refuse_flow(const struct request *request, const struct cvsw_text_error *error,
			 size_t index);

/** request_refuse_group() - likewise, of a group */
void request_refuse_group(const struct request *request, const struct cvsw_text_error *error,
			  size_t index);

/** request_carry_out() - a change of flows and groups, if it is permitted, or with "dry_run" what it is */
void request_carry_out(const struct request *request, struct nic *nic, struct change *change);

/**
 * request_changed() - the intent is another now: keep it, tell the NIC, and answer
 * @asked: @flows initialised; taken over and cleared, with @groups
 *
 * Behind state_begin().
 */
void request_changed(const struct request *request, struct nic *nic, struct request_asked *asked);

/** request_time() - for how long */
struct timeval request_time(const struct request *request);

/** request_answer_changed() - answers when the NIC has it, at the limit, or at once; likewise */
void request_answer_changed(const struct request *request, struct nic *nic,
			    struct request_asked *asked);

/** request_warn() - adds to "warnings" of an answer: it was done, but not all is well */
void request_warn(json_t *answer, enum request_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** request_refusal() - the answer when a NIC refused, and nothing was changed */
json_t *request_refusal(const struct nic *nic, const struct nic_refusal *refusal);

/**
 * struct request_answer - what a NIC answers to what a client asks
 * @message: which is not an ERROR
 * @arg: request_ask()'s
 * @next, @next_len: out: the message that asks for the rest
 * @pieces: out: the client's answer, if it is made in pieces; taken over
 */
struct request_answer {
	struct nic *nic;
	const struct cvsw_v3_message *message;
	void *arg;
	uint8_t next[64];
	size_t next_len;
	struct pieces *pieces;
};

/**
 * request_ask() - sends a NIC a message of version 3 and answers with what it answers
 * @message: wiped by the caller
 * @report: makes the client's answer of the NIC's; NULL: it cannot be read, @next is to be
 *	asked, or @pieces are the answer
 * @arg: for @report; freed by @done when the client was answered, or has gone; may be NULL
 * @changes: without an answer it may have been done
 */
void request_ask(const struct request *request, struct nic *nic, const uint8_t *message,
		 size_t len, json_t *(*report)(struct request_answer *answer), void *arg,
		 void (*done)(void *arg), bool changes);

/** request_can_ask() - false: it was refused, as the NIC is away or answers no questions */
bool request_can_ask(const struct request *request, const struct nic *nic);

/* For REQUEST_NOT_KEPT of a change that was made. */
#define REQUEST_NOT_KEPT_TEXT \
	"it is in effect, but cvswd's database cannot be written (see its log): unless that " \
	"changes, it will not survive a restart"

/* The commands. */
void request_show(const struct request *request);
void request_set_mtu(const struct request *request);
void request_set_offload(const struct request *request);
void request_forget(const struct request *request);
void request_add_flows(const struct request *request);
void request_mod_flows(const struct request *request);
void request_del_flows(const struct request *request);
void request_replace_flows(const struct request *request);
void request_diff_flows(const struct request *request);
void request_add_groups(const struct request *request);
void request_mod_group(const struct request *request);
void request_del_groups(const struct request *request);
void request_group_dead(const struct request *request);
void request_dump_groups(const struct request *request);
void request_group_stats(const struct request *request);
void request_group_slot(const struct request *request);
void request_key_add(const struct request *request);
void request_key_del(const struct request *request);
void request_key_list(const struct request *request);
void request_monitor(const struct request *request);
void request_dump_flows(const struct request *request);
void request_stats(const struct request *request);
void request_trace(const struct request *request);
void request_set_key(const struct request *request);
void request_del_key(const struct request *request);
void request_overlay_add(const struct request *request);
void request_overlay_del(const struct request *request);
void request_overlay_join(const struct request *request);
void request_overlay_leave(const struct request *request);
void request_overlay_renew(const struct request *request);
void request_overlay_show(const struct request *request);

#endif
