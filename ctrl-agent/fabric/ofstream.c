// SPDX-License-Identifier: GPL-2.0-or-later
#include "ofstream.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cvsw_ofp.h"

/* HELLO is type 0, ERROR 1, in every version of OpenFlow. */
#define ERROR_TYPE	1

static struct ofstream *of_work(struct turns_work *work, size_t offset)
{
	return (struct ofstream *)((char *)work - offset);
}

/* ---- out ---- */

void ofstream_flush(struct ofstream *stream)
{
	struct evbuffer *waits = bufferevent_get_output(stream->io);

	if (!evbuffer_get_length(waits))
		evbuffer_write(stream->out, bufferevent_getfd(stream->io));
	if (evbuffer_get_length(stream->out))
		bufferevent_write_buffer(stream->io, stream->out);
}

size_t ofstream_unsent(const struct ofstream *stream)
{
	return evbuffer_get_length(stream->out) +
	       evbuffer_get_length(bufferevent_get_output(stream->io));
}

/* Freed from the event loop: callers up the stack may hold it or what it belongs to. */
static void end(struct ofstream *stream, int priority, const char *why)
{
	if (stream->dying)
		return;
	log_limited(priority, "%s at %s: %s; connection closed", stream->ops->who, stream->peer,
		    why);
	stream->dying = true;
	bufferevent_disable(stream->io, EV_READ);
	event_active(stream->tick, EV_TIMEOUT, 0);
}

void ofstream_end(struct ofstream *stream, const char *format, ...)
{
	char why[256];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	end(stream, LOG_WARNING, why);
}

void ofstream_write(struct ofstream *stream, const uint8_t *data, size_t len)
{
	if (stream->dying)
		return;
	if (ofstream_unsent(stream) + len > OFSTREAM_OUT_LIMIT) {
		ofstream_end(stream, "reads too slowly");
		return;
	}
	evbuffer_add(stream->out, data, len);
	turns_put_off(&stream->sending);
}

static void go_on_sending(struct turns_work *work)
{
	struct ofstream *stream = of_work(work, offsetof(struct ofstream, sending));

	ofstream_flush(stream);
	if (ofstream_unsent(stream) >= OFSTREAM_OUT_BUSY)
		return;
	stream->took_at = clock_ms();
	if (stream->ops->drained && !stream->dying)
		stream->ops->drained(stream);
}

static void on_written(struct bufferevent *io, void *arg)
{
	struct ofstream *stream = arg;

	(void)io;
	if (stream->ops->drained && !stream->dying)
		turns_put_off(&stream->sending);
}

/* "1.1, 1.5": versions are numbered from 1 on, 1.0 first; @between: two of them */
static void list_versions(uint32_t versions, const char *between, char *text, size_t room)
{
	size_t at = 0;

	*text = 0;
	for (unsigned int v = 0; v < 32 && at < room; v++)
		if (versions & 1u << v)
			at += snprintf(text + at, room - at,
				       v >= 1 && v <= 6 ? "%s1.%u" : "%snumber %u",
				       at ? between : "", v >= 1 && v <= 6 ? v - 1 : v);
}

void ofstream_refuse_versions(struct ofstream *stream, uint32_t xid, uint32_t versions)
{
	char offered[96], ours[96], why[128];
	uint8_t buf[256];
	int len;

	list_versions(stream->ops->versions, " and ", ours, sizeof(ours));
	len = snprintf(why, sizeof(why), "CVSW speaks OpenFlow %s", ours);

	ofstream_write(stream, buf,
		       cvsw_ofp_encode_error(CVSW_OFP_V13, xid, CVSW_OFPET_HELLO_FAILED,
					     CVSW_OFPHFC_INCOMPATIBLE, (const uint8_t *)why, len, buf,
					     sizeof(buf)));
	list_versions(versions, ", ", offered, sizeof(offered));
	ofstream_end(stream, "it offers OpenFlow %s, cvswd speaks %s",
		     *offered ? offered : "of a version that has no number here", ours);
}

/* ---- in ---- */

/* Of the first message in the buffer; 0: it is not whole, or the stream ends. */
static size_t whole_message(struct ofstream *stream, struct evbuffer *in)
{
	uint8_t header[CVSW_OFP_HEADER_LEN];
	ev_ssize_t n = evbuffer_copyout(in, header, sizeof(header));
	enum cvsw_fault fault;
	size_t size;

	/* Not after a whole "message" of whatever length a stranger's bytes spell. */
	if (!stream->greeted && n > 1 && header[1] > ERROR_TYPE) {
		ofstream_end(stream, "not OpenFlow: does not begin with a HELLO");
		return 0;
	}
	fault = cvsw_ofp_frame(header, n < 0 ? 0 : n, &size);
	if (fault == CVSW_OK)
		return size <= evbuffer_get_length(in) ? size : 0;
	ofstream_end(stream, "not OpenFlow: %s at byte 0 of a message", cvsw_fault_text(fault));
	return 0;
}

/*
 * While its buffer is full and reading is on, libevent calls again and again, and the turn of the
 * event loop never ends.  So what is not taken now is not read either.
 */
static void put_off(struct ofstream *stream)
{
	bufferevent_disable(stream->io, EV_READ);
	turns_put_off(&stream->reading);
}

/* What is left over when the turn is full comes in the next one, before what is read then. */
static void take_messages(struct ofstream *stream)
{
	struct evbuffer *in = bufferevent_get_input(stream->io);
	size_t size;

	while (!stream->dying && !stream->paused && (size = whole_message(stream, in))) {
		if (turns_is_full()) {
			put_off(stream);
			return;
		}
		stream->heard_at = clock_ms();
		stream->echo_sent = false;
		if (!stream->ops->message(stream, evbuffer_pullup(in, size), size))
			return;
		stream->greeted = true;
		evbuffer_drain(in, size);
	}
}

static void on_readable(struct bufferevent *io, void *arg)
{
	(void)io;
	take_messages(arg);
}

static void go_on_reading(struct turns_work *work)
{
	struct ofstream *stream = of_work(work, offsetof(struct ofstream, reading));

	if (stream->dying || stream->paused)
		return;
	bufferevent_enable(stream->io, EV_READ);
	take_messages(stream);
}

void ofstream_pause(struct ofstream *stream, bool paused)
{
	if (stream->paused == paused || stream->dying)
		return;
	stream->paused = paused;
	if (paused)
		bufferevent_disable(stream->io, EV_READ);
	else
		turns_put_off(&stream->reading);
}

/* ---- life ---- */

static void on_event(struct bufferevent *io, short what, void *arg)
{
	struct ofstream *stream = arg;

	(void)io;
	if (what & BEV_EVENT_ERROR)
		ofstream_end(stream, "%s", evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	else if (what & BEV_EVENT_EOF)
		end(stream, stream->ops->gone, "gone");
}

void ofstream_look_for_reading(struct ofstream *stream, uint64_t now)
{
	size_t unsent = ofstream_unsent(stream);

	if (unsent <= OFSTREAM_OUT_BUSY || unsent < stream->unsent)
		stream->took_at = now;
	stream->unsent = unsent;
	if (now - stream->took_at > OFSTREAM_DEAD_MS)
		ofstream_end(stream, "reads nothing for %d s", OFSTREAM_DEAD_MS / 1000);
}

void ofstream_look_for_life(struct ofstream *stream, uint64_t now)
{
	uint8_t buf[CVSW_OFP_HEADER_LEN];

	if (now - stream->heard_at > OFSTREAM_DEAD_MS) {
		ofstream_end(stream, "silent for %d s", OFSTREAM_DEAD_MS / 1000);
	} else if (stream->version && !stream->echo_sent &&
		   now - stream->heard_at > OFSTREAM_ECHO_MS) {
		stream->echo_sent = true;
		ofstream_write(stream, buf,
			       cvsw_ofp_encode_request(stream->version, ++stream->xid,
						       CVSW_OFP_ECHO_REQUEST, buf, sizeof(buf)));
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct ofstream *stream = arg;

	(void)fd;
	(void)what;
	if (stream->dying)
		stream->ops->ended(stream);
	else
		stream->ops->second(stream);
}

void ofstream_start(struct ofstream *stream, struct event_base *base, evutil_socket_t fd,
		    const char *peer, const struct ofstream_ops *ops)
{
	static const struct timeval second = { .tv_sec = 1 };
	uint8_t buf[64];

	*stream = (struct ofstream){ .ops = ops };
	stream->opened_at = stream->heard_at = stream->took_at = clock_ms();
	snprintf(stream->peer, sizeof(stream->peer), "%s", peer);
	stream->io = alloc_checked(bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE));
	stream->tick = alloc_checked(event_new(base, -1, EV_PERSIST, on_tick, stream));
	event_add(stream->tick, &second);
	stream->out = alloc_checked(evbuffer_new());
	stream->sending.run = go_on_sending;
	stream->reading.run = go_on_reading;
	bufferevent_setcb(stream->io, on_readable, on_written, on_event, stream);
	/* The largest message fits; more than that waits in the kernel. */
	bufferevent_setwatermark(stream->io, EV_READ, 0, 2 * (CVSW_OFP_MAX_LEN + 1));
	bufferevent_enable(stream->io, EV_READ | EV_WRITE);
	ofstream_write(stream, buf, cvsw_ofp_encode_hello(++stream->xid, ops->versions, buf,
						     sizeof(buf)));
}

void ofstream_stop(struct ofstream *stream)
{
	event_free(stream->tick);
	turns_drop(&stream->reading);
	turns_drop(&stream->sending);
	/* A last word (HELLO_FAILED), if the socket takes it at once. */
	ofstream_flush(stream);
	evbuffer_free(stream->out);
	bufferevent_free(stream->io);
}
