// SPDX-License-Identifier: GPL-2.0
#include "channel.h"

#include <errno.h>
#include <event2/listener.h>
#include <stdio.h>
#include <unistd.h>

#include "address.h"
#include "alloc.h"
#include "log.h"
#include "ofconn.h"

struct channel {
	LIST_ENTRY(channel) in_list;
	struct vswitches *switches;
	char name[128];
	struct address address;
	struct evconnlistener *listener;	/* we listen */
	struct event *retry;			/* we connect */
};

static LIST_HEAD(, channel) channels = LIST_HEAD_INITIALIZER(channels);

static struct channel *channel_new(struct vswitches *switches, const char *text)
{
	struct channel *channel = xcalloc(1, sizeof(*channel));
	const char *wrong = address_parse(text, &channel->address);

	if (wrong) {
		log_line(LOG_ERR, "%s: %s", text, wrong);
		free(channel);
		return NULL;
	}
	channel->switches = switches;
	snprintf(channel->name, sizeof(channel->name), "%s", text);
	LIST_INSERT_HEAD(&channels, channel, in_list);
	return channel;
}

/* @address: what connections are counted by: the host, or the user */
static void name_peer(const struct channel *channel, int fd, const struct sockaddr *from,
		      char *peer, size_t room, char *address, size_t address_room)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
	const struct sockaddr_in *in = (const struct sockaddr_in *)from;
	struct ucred user = { .uid = -1 };
	socklen_t len = sizeof(user);

	if (from->sa_family == AF_INET) {
		evutil_inet_ntop(AF_INET, &in->sin_addr, address, address_room);
		snprintf(peer, room, "tcp:%s:%u", address, ntohs(in->sin_port));
	} else if (from->sa_family == AF_INET6) {
		evutil_inet_ntop(AF_INET6, &in6->sin6_addr, address, address_room);
		snprintf(peer, room, "tcp:[%s]:%u", address, ntohs(in6->sin6_port));
	} else {
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &len);
		snprintf(address, address_room, "user %d", (int)user.uid);
		snprintf(peer, room, "%s (pid %d)", channel->name, (int)user.pid);
	}
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
		      struct sockaddr *from, int len, void *arg)
{
	struct channel *channel = arg;
	char peer[VSWITCH_PEER_LEN], address[64];

	(void)listener;
	(void)len;
	name_peer(channel, fd, from, peer, sizeof(peer), address, sizeof(address));
	ofconn_open(channel->switches, fd, peer, address, NULL, NULL);
}

bool channel_listen(struct vswitches *switches, const char *text)
{
	struct channel *channel = channel_new(switches, text);
	int fd;

	if (!channel)
		return false;
	fd = address_listen(&channel->address, CHANNEL_SOCKET_MODE);
	if (fd < 0) {
		log_line(LOG_ERR, "cannot listen on %s: %s", text, strerror(errno));
		LIST_REMOVE(channel, in_list);
		free(channel);
		return false;
	}
	/* backlog 0: address_listen() has done it */
	channel->listener = alloc_checked(evconnlistener_new(switches->base, on_accept, channel,
							     LEV_OPT_CLOSE_ON_FREE |
							     LEV_OPT_CLOSE_ON_EXEC, 0, fd));
	log_line(LOG_INFO, "waiting for switches on %s", text);
	return true;
}

static void retry_in(struct channel *channel, unsigned int ms)
{
	struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(channel->retry, &wait);
}

static void on_closed(void *owner)
{
	retry_in(owner, CHANNEL_RETRY_MS);
}

static void on_retry(evutil_socket_t unused, short what, void *arg)
{
	struct channel *channel = arg;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)unused;
	(void)what;
	if (fd >= 0 && !connect(fd, &channel->address.any, channel->address.len)) {
		ofconn_open(channel->switches, fd, channel->name, NULL, on_closed, channel);
		return;
	}
	log_limited(LOG_WARNING, "cannot connect to %s: %s", channel->name, strerror(errno));
	if (fd >= 0)
		close(fd);
	retry_in(channel, CHANNEL_RETRY_MS);
}

bool channel_connect(struct vswitches *switches, const char *text)
{
	struct channel *channel;

	if (strncmp(text, "unix:", 5)) {
		log_line(LOG_ERR, "%s: expected unix:PATH", text);
		return false;
	}
	channel = channel_new(switches, text);
	if (!channel)
		return false;
	channel->retry = alloc_checked(evtimer_new(switches->base, on_retry, channel));
	retry_in(channel, 0);
	return true;
}

void channel_close_all(void)
{
	struct channel *channel;

	while ((channel = LIST_FIRST(&channels))) {
		LIST_REMOVE(channel, in_list);
		if (channel->listener) {
			evconnlistener_free(channel->listener);
			address_unlink(&channel->address);
		}
		if (channel->retry)
			event_free(channel->retry);
		free(channel);
	}
}
