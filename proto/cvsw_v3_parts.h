/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What cvsw_v3_end.c, cvsw_v3_nic.c and cvsw_v3_controller.c tell each other. */
#ifndef CVSW_V3_PARTS_H
#define CVSW_V3_PARTS_H

#include "cvsw_v3_end.h"

extern const uint8_t cvsw_v3_broadcast[CVSW_ETH_ALEN];

/* A new one for each handshake, that no session and no handshake under way has. */
uint32_t cvsw_v3_next_index(struct cvsw_v3_end *end);

/* The place of a pending session, of CVSW_V3_PENDING; NULL: there is none here and behind it. */
static inline struct cvsw_v3_pending *cvsw_v3_pending_at(struct cvsw_v3_end *end, unsigned int i)
{
	if (!i)
		return &end->pending;
	return end->others && i < CVSW_V3_PENDING ? &end->others[i - 1] : NULL;
}

#define cvsw_v3_each_pending(at, i, end) \
	for (i = 0; (at = cvsw_v3_pending_at(end, i)); i++)

/* A pending session's keys; @goes_on: with the conversation that we have. */
bool cvsw_v3_pend(struct cvsw_v3_end *end, struct cvsw_v3_pending *pending,
		  struct cvsw_v3_noise *noise, uint32_t index, uint32_t peer_index,
		  const uint8_t ticket[CVSW_V3_TICKET_LEN], bool goes_on);

/* Forget the conversation; a session is to begin another. */
void cvsw_v3_forget(struct cvsw_v3_end *end);

/* A record under @session; @len bytes of content stand in end->frame. */
bool cvsw_v3_emit(struct cvsw_v3_end *end, struct cvsw_v3_session *session,
		  enum cvsw_v3_kind kind, size_t len, uint64_t place);

/* An ECHO with the time in it. */
bool cvsw_v3_emit_echo(struct cvsw_v3_end *end, struct cvsw_v3_session *session, uint64_t place);

/* ACCEPT's or COOKIE's mac, over @len bytes, for the REGISTER with this ephemeral key. */
bool cvsw_v3_answer_mac(const struct cvsw_v3_end *end, const uint8_t *frame, size_t len,
			const uint8_t ephemeral[CVSW_V3_KEY_LEN], uint8_t mac[CVSW_V3_HASH_LEN]);

/* REGISTER and ACCEPT. */
#define CVSW_V3_HANDSHAKE_AT	24
#define CVSW_V3_REGISTER_COOKIE_AT	32
#define CVSW_V3_REGISTER_NOISE_AT	48
#define CVSW_V3_ACCEPT_NOISE_AT	24
#define CVSW_V3_ACCEPT_MAC_AT	(CVSW_V3_ACCEPT_NOISE_AT + CVSW_V3_NOISE_LEN)
#define CVSW_V3_COOKIE_AT	24
#define CVSW_V3_COOKIE_MAC_AT	40

#define CVSW_V3_HIGHEST		3	/* version that we speak */
#define CVSW_V3_GOES_ON		1	/* in ACCEPT's payload */

/**
 * struct cvsw_v3_role - what differs; by pointers, so that a NIC links no controller
 * @is_for_us: of a frame's destination
 * @receive: a frame that is not SEALED
 * @begin_anew: forget the session and the conversation, for the ends disagree
 * @established: new keys are in use
 * @packet_in: content of a PACKET_IN
 * @run, @deadline: as cvsw_v3_run(); times are end->now's
 */
struct cvsw_v3_role {
	bool (*is_for_us)(const struct cvsw_v3_end *end, enum cvsw_v3_type type,
			  const uint8_t *dst);
	enum cvsw_v3_drop (*receive)(struct cvsw_v3_end *end, enum cvsw_v3_type type,
				     const uint8_t *frame, uint64_t place, uint64_t clock);
	void (*begin_anew)(struct cvsw_v3_end *end);
	void (*established)(struct cvsw_v3_end *end);
	enum cvsw_v3_drop (*packet_in)(struct cvsw_v3_end *end, const uint8_t *content, size_t len);
	void (*run)(struct cvsw_v3_end *end);
	uint64_t (*deadline)(const struct cvsw_v3_end *end);
};

#endif
