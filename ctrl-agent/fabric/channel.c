// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel.h"

#include <errno.h>
#include <event2/listener.h>
#include <stdio.h>
#include <unistd.h>

#include "address.h"
#include "base/alloc.h"
#include "base/log.h"
#include "ofconn.h"

/*
 * @listener: we listen; NULL while that is not possible
 * @taken: the service manager opened it
 * @inode: of a Unix socket's file, when it was opened
 * @retry: of one that connects: when to try again; of a Unix socket: when to look at its file
 */
struct channel {
	LIST_ENTRY(channel) in_list;
	struct vswitches *switches;
	char name[128];
	struct address address;
	struct evconnlistener *listener;
	bool taken;
	bool complained;
	ino_t inode;
	struct event *retry;
};

static LIST_HEAD(, channel) channels = LIST_HEAD_INITIALIZER(channels);

static struct channel *channel_add(struct vswitches *switches, const char *name)
{
	struct channel *channel = xcalloc(1, sizeof(*channel));

	channel->switches = switches;
	snprintf(channel->name, sizeof(channel->name), "%s", name);
	LIST_INSERT_HEAD(&channels, channel, in_list);
	return channel;
}

static struct channel *channel_new(struct vswitches *switches, const char *text)
{
	struct address address;
	const char *wrong = address_parse(text, &address);
	struct channel *channel;

	if (wrong) {
		log_line(LOG_ERR, "%s: %s", text, wrong);
		return NULL;
	}
	channel = channel_add(switches, text);
	channel->address = address;
	return channel;
}

static void channel_free(struct channel *channel)
{
	LIST_REMOVE(channel, in_list);
	if (channel->listener) {
		evconnlistener_free(channel->listener);
		if (!channel->taken && address_inode(&channel->address) == channel->inode)
			address_unlink(&channel->address);
	}
	if (channel->retry)
		event_free(channel->retry);
	free(channel);
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

static void retry_in(struct channel *channel, unsigned int ms)
{
	struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(channel->retry, &wait);
}

static void listen_on(struct channel *channel, int fd)
{
	/* backlog 0: it listens already */
	channel->listener = alloc_checked(evconnlistener_new(channel->switches->base, on_accept,
							     channel, LEV_OPT_CLOSE_ON_FREE |
							     LEV_OPT_CLOSE_ON_EXEC, 0, fd));
	channel->inode = address_inode(&channel->address);
	channel->complained = false;
	log_line(LOG_INFO, "waiting for switches on %s", channel->name);
}

/* False: not now; errno has the reason. */
static bool try_to_listen(struct channel *channel)
{
	int fd = address_listen(&channel->address, CHANNEL_SOCKET_MODE);

	if (fd >= 0)
		listen_on(channel, fd);
	return fd >= 0;
}

/* What others remove is made again; what the service manager made, only it can. */
static void look_at_file(struct channel *channel)
{
	bool there = channel->listener && channel->inode &&
		     address_inode(&channel->address) == channel->inode;

	if (there || (channel->taken && channel->complained))
		return;
	if (channel->taken) {
		log_line(LOG_ERR, "%s has been removed: no switch can connect to it until cvswd.socket "
			 "is restarted", channel->name);
		channel->complained = true;
		return;
	}
	if (channel->listener) {
		log_line(LOG_WARNING, "somebody has removed %s; cvswd creates it again",
			 channel->name);
		evconnlistener_free(channel->listener);
		channel->listener = NULL;
	}
	if (!try_to_listen(channel) && !channel->complained) {
		log_line(LOG_WARNING, "cannot listen on %s yet: %s; trying again", channel->name,
			 strerror(errno));
		channel->complained = true;
	}
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	look_at_file(arg);
	retry_in(arg, CHANNEL_LOOK_MS);
}

static void watch_file(struct channel *channel)
{
	/* An abstract address has none. */
	if (channel->address.any.sa_family != AF_UNIX || !channel->address.un.sun_path[0])
		return;
	channel->retry = alloc_checked(evtimer_new(channel->switches->base, on_look, channel));
	retry_in(channel, CHANNEL_LOOK_MS);
}

bool channel_listen(struct vswitches *switches, const char *text)
{
	struct channel *channel = channel_new(switches, text);

	if (!channel)
		return false;
	if (!try_to_listen(channel)) {
		/* Its folder may come; everything else needs a person. */
		if (errno != ENOENT || channel->address.any.sa_family != AF_UNIX) {
			log_line(LOG_ERR, "cannot listen on %s: %s", text, strerror(errno));
			channel_free(channel);
			return false;
		}
		look_at_file(channel);
	}
	watch_file(channel);
	return true;
}

bool channel_take(struct vswitches *switches, int fd)
{
	struct address address = { .len = sizeof(address.storage) };
	int listens = 0, type = 0;
	socklen_t len = sizeof(int);
	char name[128];
	struct channel *channel;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) || !listens ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) || type != SOCK_STREAM ||
	    getsockname(fd, &address.any, &address.len)) {
		log_line(LOG_ERR, "descriptor %d from the service manager is not a socket that "
			 "listens for streams", fd);
		return false;
	}
	address_text(&address, name, sizeof(name));
	channel = channel_add(switches, name);
	channel->address = address;
	channel->taken = true;
	listen_on(channel, fd);
	watch_file(channel);
	return true;
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
	while (!LIST_EMPTY(&channels))
		channel_free(LIST_FIRST(&channels));
}
