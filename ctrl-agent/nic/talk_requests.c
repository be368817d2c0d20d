// SPDX-License-Identifier: GPL-2.0-or-later
/* The row of requests to a NIC of version 3: sent in their order, answered in their order. */
#include "base/alloc.h"
#include "base/log.h"
#include "talk.h"

#define XID_AT	4	/* in the header of a message */

static void request_free(struct talk_request *request)
{
	explicit_bzero(request->message, request->len);
	free(request);
}

struct talk_request *talk_queue(struct talk *talk, const uint8_t *message, size_t len,
				void (*done)(struct talk *talk,
					     const struct talk_request *request,
					     const struct cvsw_v3_message *answer))
{
	struct talk_request *request = xcalloc(1, sizeof(*request) + len);
	struct cvsw_v3_message header;
	size_t offset;

	if (cvsw_v3_message_decode(message, len, &header, &offset))
		abort();	/* ours, just encoded */
	request->type = header.type;
	request->xid = header.xid;
	request->done = done;
	request->len = len;
	memcpy(request->message, message, len);
	TAILQ_INSERT_TAIL(&talk->requests, request, in_order);
	if (!talk->unsent)
		talk->unsent = request;
	return request;
}

uint32_t talk_next_xid(struct talk *talk)
{
	return ++talk->xid ? talk->xid : ++talk->xid;	/* 0 is what comes unasked */
}

static void finish(struct talk *talk, struct talk_request *request,
		   const struct cvsw_v3_message *answer)
{
	if (talk->unsent == request)
		talk->unsent = TAILQ_NEXT(request, in_order);
	TAILQ_REMOVE(&talk->requests, request, in_order);
	if (request->done && answer)
		request->done(talk, request, answer);
	if (request->answered)
		request->answered(request->arg, answer, request->message, request->len);
	request_free(request);
}

void talk_drop_requests(struct talk *talk)
{
	while (!TAILQ_EMPTY(&talk->requests))
		finish(talk, TAILQ_FIRST(&talk->requests), NULL);
}

void talk_send_requests(struct talk *talk)
{
	struct talk_request *request;

	for (; (request = talk->unsent); talk->unsent = TAILQ_NEXT(request, in_order)) {
		if (!cvsw_v3_send(&talk->end, request->message, request->len))
			return;
		request->sent = true;
		talk->nic->n_sent++;
		if (request->type == CVSW_V3_SET_SA)
			explicit_bzero(request->message, request->len);
	}
}

bool talk_ask(struct nic *nic, const uint8_t *message, size_t len, nic_answered *answered,
	      void *arg)
{
	struct talk *talk = talk_of(nic);
	struct talk_request *request;
	struct cvsw_writer xid;

	if (nic_state(nic) == NIC_ABSENT)
		return false;
	request = talk_queue(talk, message, len, NULL);
	request->xid = talk_next_xid(talk);
	xid = cvsw_writer(request->message + XID_AT, 4);
	cvsw_put_u32(&xid, request->xid);
	request->answered = answered;
	request->arg = arg;
	return true;
}

void talk_forget(struct nic *nic, const void *arg)
{
	struct talk_request *request;

	TAILQ_FOREACH(request, &talk_of(nic)->requests, in_order)
		if (request->arg == arg)
			request->answered = NULL;
}

static uint16_t answer_to(uint16_t type)
{
	switch (type) {
	case CVSW_V3_CAPABILITIES:
	case CVSW_V3_LIST:
	case CVSW_V3_STATISTICS:
	case CVSW_V3_TRACE:
	case CVSW_V3_LIST_SAS:
	case CVSW_V3_LIST_GROUPS:
	case CVSW_V3_GROUP_COUNTERS:
		return type + 1;
	default:
		return CVSW_V3_ACK;
	}
}

/* Requests are answered in their order: what is not of the first one answers nothing. */
uint64_t talk_take_answer(struct talk *talk, const struct cvsw_v3_message *answer)
{
	struct talk_request *first = TAILQ_FIRST(&talk->requests);
	uint64_t settles;

	if (!first || !first->sent || first->xid != answer->xid ||
	    (answer->type != CVSW_V3_ERROR && answer->type != answer_to(first->type))) {
		talk->n_unexpected++;
		log_limited(LOG_WARNING, "NIC " MAC_FORMAT " sent an answer of the wrong type: %s",
			    MAC_BYTES(talk->nic->mac), cvsw_v3_message_name(answer->type));
		return 0;
	}
	settles = first->settles;
	finish(talk, first, answer);
	return settles;
}
