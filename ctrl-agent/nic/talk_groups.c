// SPDX-License-Identifier: GPL-2.0-or-later
/* A NIC's groups in version 3: listed. They are changed in the bundles of talk_flows.c. */
#include "cvsw_group_mod.h"
#include "talk.h"

static void on_list(struct talk *talk, const struct talk_request *request,
		    const struct cvsw_v3_message *answer);

static void queue_list(struct talk *talk, uint64_t resume)
{
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN + 8];
	size_t len = cvsw_v3_resume_encode(CVSW_V3_LIST_GROUPS, talk_next_xid(talk), resume,
					   message, sizeof(message));

	talk_queue(talk, message, len, on_list);
}

void talk_queue_list_groups(struct talk *talk)
{
	talk->listing |= TALK_GROUPS;
	queue_list(talk, 0);
}

/* False: a group that cannot be read, or nothing but the word that there is more. */
static bool take_groups(struct talk *talk, struct cvsw_reader *entries, bool more)
{
	enum cvsw_group_command command;
	struct cvsw_v3_entry entry;
	struct cvsw_group group;
	size_t used;

	if (more && !cvsw_left(entries))
		return false;
	while (cvsw_left(entries)) {
		if (cvsw_v3_entry_get(entries, &entry) ||
		    cvsw_group_mod_decode(entry.flow_mod, entry.len, &used, &command, &group,
					  NULL) != CVSW_OK ||
		    used != entry.len || command != CVSW_GROUP_ADD)
			return false;
		groupset_put(&talk->listed_groups, &group);
		talk->n_listed_groups++;
	}
	return true;
}

static void on_list(struct talk *talk, const struct talk_request *request,
		    const struct cvsw_v3_message *answer)
{
	struct cvsw_reader entries;
	uint64_t resume;
	size_t offset;

	if (!(talk->listing & TALK_GROUPS))
		return;	/* the other list failed, so all is asked again */
	if (answer->type == CVSW_V3_ERROR ||
	    cvsw_v3_list_answer_decode(answer, &resume, &entries, &offset) ||
	    !take_groups(talk, &entries, resume))
		talk_list_failed(talk, request, answer);
	else if (resume && talk->n_listed_groups <= TALK_GROUPS_MAX)
		queue_list(talk, resume);
	else
		talk_list_ended(talk, TALK_GROUPS);
}
