/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * One end of the conversation between a NIC and its controller: handshake,
 * sessions, messages, and when which of them is due.  The same code at both
 * ends; cvsw_v3_nic.c and cvsw_v3_controller.c hold what differs.
 *
 * No I/O, no clock, no memory of its own: frames leave through a callback, times
 * come as arguments (milliseconds of a clock that need not be right, and may
 * jump), the struct is the caller's.  Not reentrant: the caller serialises calls
 * for one struct.  They may sleep as the crypto does.
 *
 * A caller's loop:
 *
 *	for each frame:	 cvsw_v3_receive()
 *	then:		 while (cvsw_v3_room() suffices for an answer && cvsw_v3_take())
 *				do what it asks, cvsw_v3_send() the answer
 *			 cvsw_v3_run(), and again at cvsw_v3_deadline()
 */
#ifndef CVSW_V3_END_H
#define CVSW_V3_END_H

#include "cvsw_v3_noise.h"
#include "cvsw_v3_record.h"
#include "cvsw_v3_stream.h"

/* A REGISTER that is not answered is sent again after this, doubled each time, and a bit. */
#define CVSW_V3_REGISTER_MS	250
#define CVSW_V3_REGISTER_MAX_MS	4000
/* Sent so often with the same ephemeral key. */
#define CVSW_V3_REGISTER_TRIES	4
/* New keys that the controller does not answer under: asked this often, then given up. */
#define CVSW_V3_CONFIRM_MS	250
#define CVSW_V3_CONFIRM_TRIES	20
/* Keys that the peer has not used are kept so long. */
#define CVSW_V3_PENDING_MS	10000
/* Between two HELLOs that are looked at; one that comes to new keys gives them up after as long. */
#define CVSW_V3_HELLO_MS	1000
/* The ECHO by which a NIC asks, because of a HELLO, is answered within this time. */
#define CVSW_V3_PROBE_MS	250
/* Silence after which an ECHO is sent; then again; and after which the peer is taken for dead. */
#define CVSW_V3_ECHO_MS		5000
#define CVSW_V3_ECHO_AGAIN_MS	1000
#define CVSW_V3_DEAD_MS		10000
/* A record of the session before was held up, if it comes so soon behind the change of keys. */
#define CVSW_V3_LATE_MS		1000

/*
 * Handshakes a controller has under way with one NIC: as many as both bursts of
 * REGISTERs let in at once, so that replays never push out one that is being confirmed.
 */
#define CVSW_V3_PENDING		8
#define CVSW_V3_COOKIE_BYTES	16
/* A cookie is good for this long at least, and twice as long at most. */
#define CVSW_V3_COOKIE_MS	60000

/* ---- what is the caller's ---- */

enum cvsw_v3_event {
	/*
	 * A conversation begins: the other side knows nothing of what was said
	 * before, what was not answered will not be.  A controller makes new SAs, a
	 * NIC throws away a bundle that is open.
	 */
	CVSW_V3_EVENT_FRESH,
	/* New keys; the conversation goes on. */
	CVSW_V3_EVENT_REKEYED,
	/* Not a word for CVSW_V3_DEAD_MS.  The session stays. */
	CVSW_V3_EVENT_SILENT,
	/* A word after that; CVSW_V3_EVENT_FRESH and _REKEYED say so too. */
	CVSW_V3_EVENT_HEARD,
	/*
	 * The peer's record proves that one of the two has gone back in time, or lives
	 * twice.  The session and the conversation are over; _FRESH follows.  A NIC must
	 * take it for a restore: what it sends elsewhere may repeat numbers, too.
	 */
	CVSW_V3_EVENT_DISAGREED,
};

/**
 * struct cvsw_v3_keys - by which a capture of a session can be read
 * @mac: the NIC's
 * @to_controller, @to_nic: K1 and K2 of VERSION3.md
 * @conversation, @ticket: the session's, see struct cvsw_v3_session
 */
struct cvsw_v3_keys {
	const uint8_t *mac;
	uint32_t nic_index, controller_index;
	const uint8_t *to_controller, *to_nic;
	const uint8_t *conversation, *ticket;
};

/**
 * struct cvsw_v3_caller
 * @send: a frame for the wire, towards @place (a NIC's is 0); @frame is scratch
 *	behind this call.  May drop it
 * @event: called from cvsw_v3_receive() and cvsw_v3_run(); does not call back
 * @packet_in: controller: content of a PACKET_IN; may be NULL
 */
struct cvsw_v3_caller {
	void (*send)(void *arg, uint8_t *frame, size_t len, uint64_t place);
	void (*event)(void *arg, enum cvsw_v3_event event);
	void (*packet_in)(void *arg, const uint8_t *content, size_t len);
	void *arg;
};

/* What was used of a burst; one comes back every so many milliseconds since @since. */
struct cvsw_v3_bucket {
	uint32_t used;
	uint64_t since;
};

/** cvsw_v3_bucket_take() - one of @burst, of which one comes back every @ms (32 bits' worth) */
bool cvsw_v3_bucket_take(struct cvsw_v3_bucket *bucket, uint32_t burst, uint32_t ms, uint64_t now);

/**
 * struct cvsw_v3_guard - what a controller shares between its NICs
 *
 * Cookies' secrets, and how many handshakes it does at most, so that a flood of
 * REGISTERs costs a bounded share of its time.
 */
struct cvsw_v3_guard {
	uint8_t secret[2][CVSW_V3_KEY_LEN];	/* the current one first */
	uint64_t changed_at;
	bool ready;
	struct cvsw_v3_bucket handshakes;
};

/* ---- an end ---- */

/**
 * struct cvsw_v3_begun - the handshake a NIC has begun
 * @number: by which its answers are known, for all to see
 * @index: of the session that it makes; nobody without the key sees it
 */
struct cvsw_v3_begun {
	bool active;
	uint32_t number;
	uint32_t index;
	unsigned int tries;
	struct cvsw_v3_noise noise;
	uint8_t frame[CVSW_V3_REGISTER_LEN];
};

/**
 * struct cvsw_v3_pending - keys that the peer has not used yet
 * @session: exists: this entry is in use
 * @order: among all that were ever pending here, which is older
 * @peer: controller: its ephemeral key, by which a repeated one is known
 * @answer: controller: the ACCEPT, sent again if it is repeated
 * @tries: NIC: ECHOs sent under them; controller: repetitions answered
 */
struct cvsw_v3_pending {
	struct cvsw_v3_session session;
	uint64_t order;
	unsigned int tries;
	uint8_t peer[CVSW_V3_KEY_LEN];
	uint8_t answer[CVSW_V3_ACCEPT_LEN];
};

/**
 * struct cvsw_v3_end
 *
 * About 6 KiB; allocated by the caller, begun by cvsw_v3_nic_init() or
 * cvsw_v3_controller_init(), ended by cvsw_v3_end_free().  Read only what is
 * above the line.
 *
 * @is_nic: else a controller
 * @mac: the NIC's
 * @place: controller: where the NIC's last authentic record came from
 * @silent: CVSW_V3_EVENT_SILENT was the last word about that
 * @n_sessions: keys agreed upon so far
 * @n_disagreed: CVSW_V3_EVENT_DISAGREED so far
 */
struct cvsw_v3_end {
	bool is_nic;
	uint8_t mac[CVSW_ETH_ALEN];
	uint64_t place;
	bool silent;
	uint64_t n_sessions;
	uint64_t n_disagreed;
	/* ---- */
	const struct cvsw_v3_crypto *crypto;
	const struct cvsw_v3_caller *caller;
	const struct cvsw_v3_role *role;
	void (*log_keys)(void *arg, const struct cvsw_v3_keys *keys);
	/* cvsw_v3_keylog.c's, by a pointer so that only who logs keys links it; NULL: nobody does */
	void (*tell_keys)(const struct cvsw_v3_end *end, const struct cvsw_v3_session *session,
			  const uint8_t *to_controller, const uint8_t *to_nic);
	struct cvsw_v3_guard *guard;
	bool have_psk;
	uint8_t psk[CVSW_V3_KEY_LEN];
	uint64_t n_pended;
	uint32_t number;		/* upper 24 bits of our indices */
	uint8_t serial;			/* the lower 8 of the last one */
	uint64_t now, clock;		/* never runs back; what the caller's clock said then */

	struct cvsw_v3_session live;
	struct cvsw_v3_pending pending;		/* a NIC has no other */
	struct cvsw_v3_pending *others;		/* CVSW_V3_PENDING - 1 of them, while there are any */
	struct cvsw_v3_begun begun;
	uint8_t last_peer[CVSW_V3_KEY_LEN];	/* controller: of the REGISTER behind @live */
	struct cvsw_v3_bucket handshakes;	/* controller: REGISTERs */
	struct cvsw_v3_bucket with_cookie;	/* controller: REGISTERs with a good cookie */
	uint8_t cookie[CVSW_V3_COOKIE_BYTES];
	uint64_t cookie_at;
	bool have_cookie;

	uint64_t next_try;		/* NIC: REGISTER, or ECHO under new keys */
	unsigned int backoff;
	uint64_t hello_at;		/* the last one that counted, and one */
	bool asked;			/* by a HELLO, for new keys */
	uint64_t heard_at, echo_at;
	uint64_t probe_at;		/* NIC: no word until then, and it registers; 0: none is due */
	uint32_t late_index;		/* of the session before @live, which ended at @late_at */
	uint64_t late_at;

	bool conversing;		/* @stream is a conversation's, and these are known: */
	uint8_t ticket[CVSW_V3_TICKET_LEN];	/* of its last session */
	uint8_t from[CVSW_V3_TICKET_LEN];	/* what that one went on from */
	uint8_t conversation[CVSW_V3_TICKET_LEN];
	bool ack_due;
	struct cvsw_v3_stream stream;
	uint8_t frame[CVSW_V3_FRAME_MAX];
};

/**
 * cvsw_v3_nic_init() - a NIC's end
 * @psk: its key, copied; NULL: none yet, it stays silent
 */
void cvsw_v3_nic_init(struct cvsw_v3_end *end, const struct cvsw_v3_crypto *crypto,
		      const struct cvsw_v3_caller *caller, const uint8_t mac[CVSW_ETH_ALEN],
		      const uint8_t *psk);

/**
 * cvsw_v3_nic_restart() - forget all keys and the conversation, register anew
 *
 * Must be called, before anything else, when the machine may have been restored
 * or copied: no counter goes on.
 */
void cvsw_v3_nic_restart(struct cvsw_v3_end *end);

/** cvsw_v3_nic_set_key() - another PSK, or NULL: none; restarts */
void cvsw_v3_nic_set_key(struct cvsw_v3_end *end, const uint8_t *psk);

/** cvsw_v3_nic_set_mac() - another address; restarts */
void cvsw_v3_nic_set_mac(struct cvsw_v3_end *end, const uint8_t mac[CVSW_ETH_ALEN]);

/**
 * cvsw_v3_nic_wake() - the link is up
 *
 * What waits for its next try tries in the next cvsw_v3_run(); a session says a
 * word, by which the controller learns where the NIC is now.
 */
void cvsw_v3_nic_wake(struct cvsw_v3_end *end);

/**
 * struct cvsw_v3_expected - by what the controller may say whom it means; 0: none
 * @indices: of SEALED
 * @handshake: of ACCEPT and COOKIE
 */
struct cvsw_v3_expected {
	uint32_t indices[2];
	uint32_t handshake;
};

/**
 * cvsw_v3_nic_expects() - what is worth a place in a queue
 *
 * Others cvsw_v3_receive() will drop.  A new one is there before the frame that
 * tells it is sent.
 */
void cvsw_v3_nic_expects(const struct cvsw_v3_end *end, struct cvsw_v3_expected *expected);

/** cvsw_v3_is_expected() - @type: of @frame, which cvsw_v3_check() let pass */
static inline bool cvsw_v3_is_expected(const struct cvsw_v3_expected *expected,
				       enum cvsw_v3_type type, const uint8_t *frame)
{
	uint32_t index = cvsw_v3_index(frame);

	if (type != CVSW_V3_SEALED)
		return index && index == expected->handshake;
	return index && (index == expected->indices[0] || index == expected->indices[1]);
}

/**
 * cvsw_v3_controller_init() - a controller's end for one NIC
 * @guard: shared by all of the controller's ends; zeroed before the first
 * @number: below 2^24, another one for each NIC: the upper 24 bits of the indices
 *	by which this NIC's records are known (cvsw_v3_index() >> 8)
 */
void cvsw_v3_controller_init(struct cvsw_v3_end *end, const struct cvsw_v3_crypto *crypto,
			     const struct cvsw_v3_caller *caller, struct cvsw_v3_guard *guard,
			     const uint8_t mac[CVSW_ETH_ALEN], const uint8_t *psk,
			     uint32_t number);

/**
 * cvsw_v3_log_keys() - tell the keys of each session that is made from now on
 * @log: gets the caller's @arg; what @keys points to is gone behind the call.  NULL,
 *	as it is in the beginning: none
 *
 * For a key log (cvsw_v3_keylog.h), if an administrator asked for one; user space only.
 */
void cvsw_v3_log_keys(struct cvsw_v3_end *end,
		      void (*log)(void *arg, const struct cvsw_v3_keys *keys));

/** cvsw_v3_end_free() - frees the keys, wipes everything */
void cvsw_v3_end_free(struct cvsw_v3_end *end);

/**
 * cvsw_v3_receive() - a frame came
 * @frame: of EtherType 0xABBA and version 3 (cvsw_v3_is()); overwritten with what
 *	was sealed in it, which may be a key: the caller wipes it
 * @place: controller: where it came from, whatever tells switch ports apart; else 0
 *
 * A controller finds the end by cvsw_v3_register_mac() of a REGISTER, by
 * cvsw_v3_index() of a SEALED.
 */
enum cvsw_v3_drop cvsw_v3_receive(struct cvsw_v3_end *end, uint8_t *frame, size_t len,
				  uint64_t place, uint64_t now);

/** cvsw_v3_up() - is there a session with the peer? */
bool cvsw_v3_up(const struct cvsw_v3_end *end);

/**
 * cvsw_v3_proves() - controller: does a REGISTER's sender know the key?
 * @frame: of CVSW_V3_REGISTER_LEN bytes, as cvsw_v3_check() found it
 *
 * Costs no X25519, and changes nothing.  Who has copied a REGISTER can send it as well.
 */
bool cvsw_v3_proves(struct cvsw_v3_end *end, const uint8_t *frame);

/** cvsw_v3_waits() - controller: was an ECHO of ours not answered, though there was time? */
bool cvsw_v3_waits(const struct cvsw_v3_end *end);

/** cvsw_v3_room() - bytes of the longest message that cvsw_v3_send() takes now */
size_t cvsw_v3_room(const struct cvsw_v3_end *end);

/**
 * cvsw_v3_send() - a message, copied; leaves with the next cvsw_v3_run()
 *
 * It arrives, once and in order, unless CVSW_V3_EVENT_FRESH comes before.
 * Return: false if there is no room, no memory, or no conversation yet.
 */
bool cvsw_v3_send(struct cvsw_v3_end *end, const uint8_t *message, size_t len);

/** cvsw_v3_packet_in() - NIC: a PACKET_IN's content, once, at once; lost if it is lost */
bool cvsw_v3_packet_in(struct cvsw_v3_end *end, const uint8_t *content, size_t len, uint64_t now);

/** cvsw_v3_take() - cvsw_v3_stream_take() of what has come; the caller wipes keys */
size_t cvsw_v3_take(struct cvsw_v3_end *end, uint8_t *message, bool *too_long);

/** cvsw_v3_run() - send what is due at @now */
void cvsw_v3_run(struct cvsw_v3_end *end, uint64_t now);

/**
 * cvsw_v3_deadline() - when cvsw_v3_run() wants to be called
 *
 * Return: a time of the caller's clock, as the last call had it; 0: now;
 * UINT64_MAX: never.
 */
uint64_t cvsw_v3_deadline(const struct cvsw_v3_end *end);

/** cvsw_v3_rtt() - controller: smoothed round-trip time of messages in milliseconds; 0: not known */
uint32_t cvsw_v3_rtt(const struct cvsw_v3_end *end);

#endif
