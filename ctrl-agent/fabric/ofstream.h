/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream of OpenFlow messages, whichever side is ours: whole messages in, a few each turn of
 * the event loop; what is sent leaves once a turn; the end, and who is silent for too long.
 *
 * The one who owns it has it as a member, and frees it when it has ended: @ended.
 */
#ifndef CVSWD_OFSTREAM_H
#define CVSWD_OFSTREAM_H

#include <event2/event.h>
#include <event2/util.h>
#include <stdarg.h>

#include "base/turns.h"
#include "cvsw_types.h"

#define OFSTREAM_ECHO_MS	5000	/* of silence, then ask */
#define OFSTREAM_DEAD_MS	15000	/* of silence, or of not reading, then close */
/* What can wait is not sent from here on; past the limit the peer is gone. */
#define OFSTREAM_OUT_BUSY	(256 * 1024)
#define OFSTREAM_OUT_LIMIT	(4 * 1024 * 1024)
#define OFSTREAM_PEER_LEN	160

struct bufferevent;
struct evbuffer;
struct ofstream;

/**
 * struct ofstream_ops
 * @who: the peer, for people: "switch"
 * @versions: that we offer, bits of CVSW_OFP_VERSIONS
 * @gone: at which priority it is logged that it has closed the connection
 * @message: one whole message, whose length is right; false: it is none: ofstream_end() was called
 * @second: a second has passed
 * @drained: there is room again after OFSTREAM_OUT_BUSY; may be NULL
 * @ended: to be freed, now; nobody up the stack has it
 */
struct ofstream_ops {
	const char *who;
	uint32_t versions;
	int gone;
	bool (*message)(struct ofstream *stream, const uint8_t *data, size_t len);
	void (*second)(struct ofstream *stream);
	void (*drained)(struct ofstream *stream);
	void (*ended)(struct ofstream *stream);
};

/**
 * struct ofstream
 * @version: of OpenFlow; 0: not agreed yet
 * @xid: of the last message of ours that is no answer
 * @greeted: its first message was a HELLO
 * @unsent: when a second passed last; @took_at: when it was less than before, or little
 * @paused: nothing is read for now
 * @dying: it ends with the event loop
 * @out: what is sent when the next turn of the event loop begins, or when it is much; @sending:
 *	that is put off
 * @reading: there are whole messages that were left for the next turn
 */
struct ofstream {
	const struct ofstream_ops *ops;
	struct bufferevent *io;
	struct event *tick;
	struct evbuffer *out;
	struct turns_work sending;
	struct turns_work reading;
	uint8_t version;
	uint32_t xid;
	bool greeted;
	bool paused;
	bool dying;
	bool echo_sent;
	uint64_t opened_at;
	uint64_t heard_at;
	size_t unsent;
	uint64_t took_at;
	char peer[OFSTREAM_PEER_LEN];
};

/** ofstream_start() - take over a socket, which may still be connecting, and say HELLO */
void ofstream_start(struct ofstream *stream, struct event_base *base, evutil_socket_t fd,
		    const char *peer, const struct ofstream_ops *ops);

/** ofstream_stop() - closes; what is still to be sent is, if the socket takes it at once */
void ofstream_stop(struct ofstream *stream);

/** ofstream_end() - end it with one line that says why; @ended follows from the event loop */
void ofstream_end(struct ofstream *stream, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** ofstream_write() - a message; a peer that does not read ends */
void ofstream_write(struct ofstream *stream, const uint8_t *data, size_t len);

/** ofstream_flush() - at once, as far as the socket takes it */
void ofstream_flush(struct ofstream *stream);

/** ofstream_unsent() - bytes that the peer has not taken */
size_t ofstream_unsent(const struct ofstream *stream);

/** ofstream_pause() - read no more, or go on */
void ofstream_pause(struct ofstream *stream, bool paused);

/** ofstream_refuse_versions() - there is none in common: HELLO_FAILED; @offered: bits */
void ofstream_refuse_versions(struct ofstream *stream, uint32_t xid, uint32_t offered);

/** ofstream_look_for_reading() - each second: end one that takes nothing of much that waits */
void ofstream_look_for_reading(struct ofstream *stream, uint64_t now);

/** ofstream_look_for_life() - ask, by echo, one that is silent; end one that stays so */
void ofstream_look_for_life(struct ofstream *stream, uint64_t now);

#endif
