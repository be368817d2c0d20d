/* SPDX-License-Identifier: GPL-2.0 */
/* A request of version 3 while it is done; and those about flows. */
#ifndef CVSW_REQUEST_FLOWS_H
#define CVSW_REQUEST_FLOWS_H

#include "proto/cvsw_group.h"
#include "proto/cvsw_v3_body.h"
#include "control.h"

/**
 * struct cvsw_requests - what outlives one request: a bundle under way
 *
 * @control: the port's
 * @bundle: the controller's number for the one that is open, if one is: if
 *	cvsw_table_changing()
 * @replaces: it is to make the whole table
 * @filter, @group: scratch
 */
struct cvsw_requests {
	struct cvsw_control *control;
	u32 bundle;
	bool replaces;
	struct cvsw_match filter;
	struct cvsw_group group;
};

/**
 * struct cvsw_request - one request while it is done
 * @message: decoded
 * @answer: to be written
 * @offset: where in the message the fault is, if there is one
 */
struct cvsw_request {
	struct cvsw_v3_message message;
	struct cvsw_writer answer;
	size_t offset;
};

/** cvsw_requests_reset() - the conversation has ended, and a bundle with it; worker */
void cvsw_requests_reset(struct cvsw_requests *requests);

/** cvsw_entry_measures() - counters and times of an entry; all else of @told is zero */
void cvsw_entry_measures(const struct cvsw_entry *entry, struct cvsw_v3_entry *told);

/*
 * FLOWS and LIST.  Each writes its answer, but for an ACK, and returns what is
 * wrong; a bundle is the caller's to throw away then.
 */
enum cvsw_v3_error cvsw_request_flows(struct cvsw_requests *requests, struct cvsw_request *request);
enum cvsw_v3_error cvsw_request_list(struct cvsw_requests *requests, struct cvsw_request *request);

/** cvsw_request_wrong() - @error at @offset from the message's first byte */
static inline enum cvsw_v3_error cvsw_request_wrong(struct cvsw_request *request, size_t offset,
						    enum cvsw_v3_error error)
{
	request->offset = offset;
	return error;
}

#endif
