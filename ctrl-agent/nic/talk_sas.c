// SPDX-License-Identifier: GPL-2.0-or-later
/* A NIC's SAs in version 3: sent, and, after a restart of ours, listed. */
#include "base/alloc.h"
#include "base/log.h"
#include "talk.h"

/*
 * If the NIC refuses a key, ways.c makes a new one.  If the NIC does not have a key that is to be
 * deleted, nothing is wrong.
 */
static void on_sa(struct talk *talk, const struct talk_request *request,
		  const struct cvsw_v3_message *answer)
{
	if (answer->type != CVSW_V3_ERROR || answer->error == CVSW_V3_ERR_SA_UNKNOWN)
		return;
	talk->nic->world->event(&(struct hub_event){
		.what = HUB_SA_REFUSED, .nic = talk->nic,
		.direction = request->direction, .spi = request->spi,
	});
	talk_refused(talk, request, answer);
}

bool talk_queue_sas(struct talk *talk)
{
	struct nic_sas *sas = &talk->nic->sas;
	struct talk_request *request;
	const struct cvsw_sa *sa;
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN + CVSW_SA_MAX_LEN];
	bool any = !STAILQ_EMPTY(sas);
	size_t len;

	while (!STAILQ_EMPTY(sas)) {
		sa = &STAILQ_FIRST(sas)->sa;
		len = cvsw_v3_set_sa_encode(talk_next_xid(talk), sa, message, sizeof(message));
		request = talk_queue(talk, message, len, on_sa);
		request->spi = sa->spi;
		request->direction = sa->direction;
		nic_drop_first_sa(talk->nic);
	}
	explicit_bzero(message, sizeof(message));
	return any;
}

/* ---- LIST_SAS ---- */

static void on_list_sas(struct talk *talk, const struct talk_request *request,
			const struct cvsw_v3_message *answer);

static void queue_list_sas(struct talk *talk, uint64_t resume)
{
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN + 8];
	size_t len = cvsw_v3_resume_encode(CVSW_V3_LIST_SAS, talk_next_xid(talk), resume, message,
					   sizeof(message));

	talk_queue(talk, message, len, on_list_sas);
}

void talk_queue_list_sas(struct talk *talk)
{
	talk->n_sas = 0;
	queue_list_sas(talk, 0);
}

/* False: what cannot be read, or nothing but the word that there is more. */
static bool take_sas(struct talk *talk, struct cvsw_reader *sas, bool more)
{
	size_t n = cvsw_left(sas) / CVSW_V3_LISTED_SA_LEN;

	if (more && !n)
		return false;
	talk->sas = alloc_checked(reallocarray(talk->sas, talk->n_sas + n + 1, sizeof(*talk->sas)));
	while (cvsw_left(sas)) {
		if (cvsw_v3_listed_sa_get(sas, &talk->sas[talk->n_sas]))
			return false;
		talk->n_sas++;
	}
	return true;
}

/* Whose list cannot be read counts as having none: it gets new ones. */
static void on_list_sas(struct talk *talk, const struct talk_request *request,
			const struct cvsw_v3_message *answer)
{
	struct cvsw_reader sas;
	uint64_t more = 0;
	size_t offset;

	(void)request;
	if (answer->type == CVSW_V3_ERROR ||
	    cvsw_v3_list_answer_decode(answer, &more, &sas, &offset) ||
	    !take_sas(talk, &sas, more)) {
		log_limited(LOG_WARNING, "NIC " MAC_FORMAT " does not say which SAs it has",
			    MAC_BYTES(talk->nic->mac));
		talk->n_sas = more = 0;
	}
	if (more && talk->n_sas < TALK_SAS_MAX) {
		queue_list_sas(talk, more);
		return;
	}
	talk->nic->ask_sas = false;
	talk->nic->world->event(&(struct hub_event){
		.what = HUB_SAS, .nic = talk->nic, .sas = talk->sas, .n_sas = talk->n_sas,
	});
	free(talk->sas);
	talk->sas = NULL;
}
