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

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
		      struct sockaddr *from, int len, void *arg)
{
	struct channel *channel = arg;
	char peer[128], text[64];

	(void)listener;
	(void)len;
	if (from->sa_family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)from;

		evutil_inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		snprintf(peer, sizeof(peer), "tcp:%s:%u", text, ntohs(in->sin_port));
	} else {
		snprintf(peer, sizeof(peer), "%s", channel->name);
	}
	ofconn_open(channel->switches, fd, peer, NULL, NULL);
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
		ofconn_open(channel->switches, fd, channel->name, on_closed, channel);
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
