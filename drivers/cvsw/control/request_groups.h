/* SPDX-License-Identifier: GPL-2.0 */
/* Requests of version 3 about groups. */
#ifndef CVSW_REQUEST_GROUPS_H
#define CVSW_REQUEST_GROUPS_H

#include "request_flows.h"

/**
 * cvsw_bundle_group_mod() - do the group_mod that begins at @data, within the bundle under way
 * @data: @len bytes: it, and what comes behind it
 * @used: out: its length
 * @at: where it is in the message; after an error, where that is
 */
enum cvsw_v3_error cvsw_bundle_group_mod(struct cvsw_requests *requests, const u8 *data, size_t len,
					 size_t *used, size_t *at);

/* LIST_GROUPS and GROUP_COUNTERS: as those of request_flows.h. */
enum cvsw_v3_error cvsw_request_list_groups(struct cvsw_requests *requests,
					    struct cvsw_request *request);
enum cvsw_v3_error cvsw_request_group_counters(struct cvsw_requests *requests,
					       struct cvsw_request *request);

#endif
