// SPDX-License-Identifier: GPL-2.0-or-later
/* The row of requests to a NIC of version 3: sent in their order, answered in their order. */
#include "base/alloc.h"
#include "base/log.h"
#include "session3_parts.h"

static void request_free(struct session3_request *request)
{
	explicit_bzero(request->message, request->len);
	free(request);
}

struct session3_request *session3_queue(struct session3 *v3, const uint8_t *message, size_t len,
					void (*done)(struct session3 *v3,
						     const struct session3_request *request,
						     const struct cvsw_v3_message *answer))
{
	struct session3_request *request = xcalloc(1, sizeof(*request) + len);
	struct cvsw_v3_message header;
	size_t offset;

	if (cvsw_v3_message_decode(message, len, &header, &offset))
		abort();	/* ours, just encoded */
	request->type = header.type;
	request->xid = header.xid;
	request->done = done;
	request->len = len;
	memcpy(request->message, message, len);
	TAILQ_INSERT_TAIL(&v3->requests, request, in_order);
	return request;
}

uint32_t session3_next_xid(struct session3 *v3)
{
	return ++v3->xid ? v3->xid : ++v3->xid;	/* 0 is what comes unasked */
}

static void finish(struct session3 *v3, struct session3_request *request,
		   const struct cvsw_v3_message *answer)
{
	TAILQ_REMOVE(&v3->requests, request, in_order);
	if (request->done && answer)
		request->done(v3, request, answer);
	if (request->answered)
		request->answered(request->arg, answer, request->message, request->len);
	request_free(request);
}

void session3_drop_requests(struct session3 *v3)
{
	while (!TAILQ_EMPTY(&v3->requests))
		finish(v3, TAILQ_FIRST(&v3->requests), NULL);
}

void session3_send_requests(struct session3 *v3)
{
	struct session3_request *request;

	TAILQ_FOREACH(request, &v3->requests, in_order) {
		if (request->sent)
			continue;
		if (!cvsw_v3_send(&v3->end, request->message, request->len))
			return;
		request->sent = true;
		v3->nic->n_sent++;
		if (request->type == CVSW_V3_SET_SA)
			explicit_bzero(request->message, request->len);
	}
}

bool session3_ask(struct session3 *v3, const uint8_t *message, size_t len,
		  void (*answered)(void *arg, const struct cvsw_v3_message *answer,
				   const uint8_t *request, size_t request_len),
		  void *arg)
{
	struct session3_request *request;

	if (!session3_is_there(v3))
		return false;
	request = session3_queue(v3, message, len, NULL);
	request->answered = answered;
	request->arg = arg;
	return true;
}

void session3_forget(struct session3 *v3, const void *arg)
{
	struct session3_request *request;

	TAILQ_FOREACH(request, &v3->requests, in_order)
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
		return type + 1;
	default:
		return CVSW_V3_ACK;
	}
}

/* Requests are answered in their order: what is not of the first one answers nothing. */
uint64_t session3_take_answer(struct session3 *v3, const struct cvsw_v3_message *answer)
{
	struct session3_request *first = TAILQ_FIRST(&v3->requests);
	uint64_t settles;

	if (!first || !first->sent || first->xid != answer->xid ||
	    (answer->type != CVSW_V3_ERROR && answer->type != answer_to(first->type))) {
		v3->n_unexpected++;
		log_limited(LOG_WARNING, "NIC " MAC_FORMAT " answers %s to what it was not asked",
			    MAC_BYTES(v3->nic->mac), cvsw_v3_message_name(answer->type));
		return 0;
	}
	settles = first->settles;
	finish(v3, first, answer);
	return settles;
}
