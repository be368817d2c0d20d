// SPDX-License-Identifier: GPL-2.0-or-later
#include "client.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fabric/address.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/turns.h"
#include "pieces.h"
#include "request.h"
#include "wait.h"
#include "request_error.h"
#include "base/wipe.h"

struct client {
	LIST_ENTRY(client) in_list;
	struct agent *agent;
	struct bufferevent *stream;
	bool busy;	/* a request is being worked on: the next one waits */
	struct pieces *pieces;	/* what is left of its answer, if that is written in pieces */
	struct turns_work going_on;	/* with these, or with lines that a full turn has left */
	bool closing;	/* once what is written has gone */
	bool eof;	/* no more requests, but one may wait for its answer */
	bool monitors;	/* and stays busy */
	struct event *watch;	/* of one that monitors, and has ended its side: is it there? */
	uint64_t active_at;	/* when it was last heard, or answered */
	json_int_t n_missed;	/* events, since the last one it was told */
};

static LIST_HEAD(, client) clients = LIST_HEAD_INITIALIZER(clients);
static size_t n_clients;
static size_t n_monitors;
static struct evconnlistener *listener;
static struct address listen_address;

static void client_free(struct client *client)
{
	wait_cancel(client);
	LIST_REMOVE(client, in_list);
	n_clients--;
	n_monitors -= client->monitors;
	if (client->watch)
		event_free(client->watch);
	if (client->pieces)
		pieces_free(client->pieces);
	turns_drop(&client->going_on);
	bufferevent_free(client->stream);
	free(client);
}

static size_t unread(const struct client *client)
{
	return evbuffer_get_length(bufferevent_get_output(client->stream));
}

static void write_answer(struct client *client, json_t *answer)
{
	static const char none[] = "{\"ok\":false,\"code\":\"internal\",\"error\":\"no answer\"}";
	struct evbuffer *out = bufferevent_get_output(client->stream);
	char *text = json_dumps(answer, JSON_COMPACT);

	json_decref(answer);
	evbuffer_add(out, text ? text : none, text ? strlen(text) : sizeof(none) - 1);
	evbuffer_add(out, "\n", 1);
	free(text);
}

static void answered(struct client *client)
{
	client->active_at = clock_ms();
	client->busy = false;
	/* Lines that came meanwhile are taken by the loop, not from in here. */
	bufferevent_trigger(client->stream, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
}

void client_answer(struct client *client, json_t *answer)
{
	write_answer(client, answer);
	answered(client);
}

/* One that does not read gets the next piece when it has read all: on_written(). */
static void write_pieces(struct client *client)
{
	if (unread(client) >= CLIENT_OUT_BUSY)
		return;
	if (pieces_write(client->pieces, bufferevent_get_output(client->stream))) {
		turns_put_off(&client->going_on);
		return;
	}
	pieces_free(client->pieces);
	client->pieces = NULL;
	answered(client);
}

void client_answer_in_pieces(struct client *client, struct pieces *answer)
{
	client->pieces = answer;
	write_pieces(client);
}

void client_monitor(struct client *client, json_t *answer)
{
	write_answer(client, answer);
	client->monitors = true;
	n_monitors++;
}

bool clients_monitor(void)
{
	return n_monitors;
}

void clients_tell(json_t *event)
{
	struct client *client;

	LIST_FOREACH(client, &clients, in_list) {
		if (!client->monitors)
			continue;
		if (unread(client) >= CLIENT_OUT_BUSY) {
			client->n_missed++;
			continue;
		}
		if (client->n_missed)
			write_answer(client, json_pack("{s:s, s:I}", "event", "missed",
						       "events", client->n_missed));
		client->n_missed = 0;
		write_answer(client, json_incref(event));
	}
}

static void refuse_and_close(struct client *client, enum request_code code, const char *why)
{
	struct request_error error;

	request_wrong(&error, code, "%s", why);
	write_answer(client, request_error_json(&error));
	client->closing = true;
	bufferevent_disable(client->stream, EV_READ);
}

static void take_lines(struct client *client)
{
	struct evbuffer *in = bufferevent_get_input(client->stream);

	while (!client->busy && !client->closing && unread(client) < CLIENT_OUT_BUSY) {
		size_t len;
		char *line;

		if (turns_is_full()) {
			turns_put_off(&client->going_on);
			return;
		}
		line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);
		if (!line) {
			if (evbuffer_get_length(in) >= CLIENT_LINE_MAX)
				refuse_and_close(client, REQUEST_TOO_LONG,
						 "the request is too long");
			return;
		}
		client->busy = true;
		request_take(client->agent, client, line, len);
		wipe_free(line);
	}
}

static void on_readable(struct bufferevent *stream, void *arg)
{
	struct client *client = arg;

	(void)stream;
	client->active_at = clock_ms();
	take_lines(client);
}

/* Nothing more will come from it, and it has got all that was owed to it. */
static bool is_over(const struct client *client)
{
	return (client->closing || client->eof) && !client->busy && !unread(client) &&
	       !client->going_on.waits;
}

static void go_on(struct client *client)
{
	if (client->pieces)
		write_pieces(client);
	else if (!client->closing)
		take_lines(client);
	if (is_over(client))
		client_free(client);
}

static void on_written(struct bufferevent *stream, void *arg)
{
	(void)stream;
	go_on(arg);
}

static void on_turn(struct turns_work *work)
{
	go_on((struct client *)((char *)work - offsetof(struct client, going_on)));
}

/* Closed, and not only for writing: nobody reads an answer any more. */
static bool has_gone(const struct client *client)
{
	struct pollfd end = { .fd = bufferevent_getfd(client->stream) };

	return poll(&end, 1, 0) > 0 && end.revents & (POLLHUP | POLLERR);
}

/* Nothing is read from it any more, so nothing else says that it has gone. */
static void on_watch(evutil_socket_t unused, short what, void *arg)
{
	(void)unused;
	(void)what;
	if (has_gone(arg))
		client_free(arg);
}

static void watch(struct client *client)
{
	struct timeval pause = { .tv_sec = CLIENT_WATCH_S };

	client->watch = alloc_checked(event_new(client->agent->base, -1, EV_PERSIST, on_watch,
						client));
	event_add(client->watch, &pause);
}

static void on_event(struct bufferevent *stream, short what, void *arg)
{
	struct client *client = arg;
	bool owed = (client->busy || unread(client) || client->going_on.waits) && !has_gone(client);

	(void)stream;
	if ((what & BEV_EVENT_ERROR) || ((what & BEV_EVENT_EOF) && !owed)) {
		client_free(client);
	} else if (what & BEV_EVENT_EOF) {
		client->eof = true;
		if (client->monitors)
			watch(client);
	}
}

static void client_new(struct agent *agent, evutil_socket_t fd)
{
	struct client *client = xcalloc(1, sizeof(*client));

	client->agent = agent;
	client->active_at = clock_ms();
	client->going_on.run = on_turn;
	client->stream = alloc_checked(bufferevent_socket_new(agent->base, fd,
							      BEV_OPT_CLOSE_ON_FREE));
	LIST_INSERT_HEAD(&clients, client, in_list);
	n_clients++;
	bufferevent_setcb(client->stream, on_readable, on_written, on_event, client);
	bufferevent_setwatermark(client->stream, EV_READ, 0, CLIENT_LINE_MAX);
	bufferevent_enable(client->stream, EV_READ | EV_WRITE);
}

static struct client *longest_idle(void)
{
	struct client *client, *idle = NULL;

	LIST_FOREACH(client, &clients, in_list)
		if (has_gone(client))
			return client;
	LIST_FOREACH(client, &clients, in_list)
		if (!client->busy && !unread(client) && !client->going_on.waits &&
		    !address_has_unread(bufferevent_getfd(client->stream)) &&
		    (!idle || client->active_at <= idle->active_at))
			idle = client;
	return idle;
}

static bool is_root(evutil_socket_t fd)
{
	struct ucred user;
	socklen_t len = sizeof(user);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &len) && !user.uid;
}

/* False: all that are here have something to wait for. */
static bool make_room(evutil_socket_t fd)
{
	struct client *idle;

	if (n_clients < CLIENT_MAX)
		return true;
	idle = longest_idle();
	if (idle)
		client_free(idle);
	return n_clients < CLIENT_MAX ||
	       (n_clients < CLIENT_MAX + CLIENT_ROOT && is_root(fd));
}

/* An answer that the socket takes at once, without a place. */
static void refuse(evutil_socket_t fd)
{
	static const char answer[] =
		"{\"ok\":false,\"code\":\"too-many-clients\",\"error\":"
		"\"cvswd is busy: all places for clients are waiting for "
		"answers\"}\n";

	log_limited(LOG_WARNING, "a client was refused: %zu wait for answers, or monitor",
		    n_clients);
	(void)!send(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	/* With its request unread, closing would throw the answer away too. */
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 64 && recv(fd, (char[4096]){ 0 }, 4096, MSG_DONTWAIT) > 0; i++)
		;
	evutil_closesocket(fd);
}

static void on_accept(struct evconnlistener *from, evutil_socket_t fd, struct sockaddr *address,
		      int len, void *arg)
{
	(void)from;
	(void)address;
	(void)len;
	if (make_room(fd))
		client_new(arg, fd);
	else
		refuse(fd);
}

/* /run is empty after a boot: without a service manager nobody else makes /run/cvsw. */
static void make_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[sizeof(listen_address.un.sun_path)];

	if (!slash || slash == path)
		return;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	if (mkdir(folder, 0755) && errno != EEXIST)
		log_line(LOG_WARNING, "cannot make the folder %s: %s", folder, strerror(errno));
}

/* There is no moment in which others may use it. */
static bool open_to_group(const char *path, const char *name)
{
	const struct group *group = getgrnam(name);

	if (!group) {
		log_line(LOG_ERR, "there is no group \"%s\"", name);
		return false;
	}
	/* Its own group the daemon need not give it: it may lack the right to. */
	if ((group->gr_gid != getegid() && chown(path, -1, group->gr_gid)) || chmod(path, 0660)) {
		log_line(LOG_ERR, "cannot let the group %s use %s: %s", name, path,
			 strerror(errno));
		return false;
	}
	return true;
}

bool clients_listen(struct agent *agent, const char *path, const char *group)
{
	const char *wrong = address_unix(path, &listen_address);
	int fd;

	if (wrong) {
		log_line(LOG_ERR, "%s: %s", path, wrong);
		return false;
	}
	make_folder(path);
	fd = address_listen(&listen_address, 0600);
	if (fd < 0) {
		log_line(LOG_ERR, "cannot listen on %s: %s", path,
			 errno == EADDRINUSE ? "another cvswd does" : strerror(errno));
		return false;
	}
	listener = alloc_checked(evconnlistener_new(agent->base, on_accept, agent,
						    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
						    0, fd));
	return !group || open_to_group(path, group);
}

void clients_close_all(void)
{
	struct client *client;

	while ((client = LIST_FIRST(&clients)))
		client_free(client);
	if (listener) {
		evconnlistener_free(listener);
		address_unlink(&listen_address);
		listener = NULL;
	}
}
