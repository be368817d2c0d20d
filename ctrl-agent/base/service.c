// SPDX-License-Identifier: GPL-2.0-or-later
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "alloc.h"
#include "log.h"

#define FIRST_SOCKET	3
#define MAX_SOCKETS	16

static struct event *watchdog;

static void notify(const char *what)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	socklen_t len;
	int fd;

	if (!path || !*path || strlen(path) >= sizeof(to.sun_path))
		return;
	strcpy(to.sun_path, path);
	/* Behind an "@" is an abstract name, which no NUL ends. */
	len = offsetof(struct sockaddr_un, sun_path) + strlen(path) + (*path != '@');
	if (*path == '@')
		to.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, what, strlen(what), MSG_NOSIGNAL, (struct sockaddr *)&to, len) < 0)
		log_limited(LOG_WARNING, "cannot tell the service manager \"%s\": %s", what,
			    strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* A number, and if there is a process id, it is ours. */
static uint64_t number_for_us(const char *name, const char *pid_name)
{
	const char *text = getenv(name), *pid = getenv(pid_name);

	if (!text || (pid && strtoul(pid, NULL, 10) != (unsigned long)getpid()))
		return 0;
	return strtoull(text, NULL, 10);
}

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	notify("WATCHDOG=1");
}

void service_start(struct event_base *base)
{
	uint64_t us = number_for_us("WATCHDOG_USEC", "WATCHDOG_PID") / 3;
	struct timeval pause = { .tv_sec = us / 1000000, .tv_usec = us % 1000000 };

	if (!us)
		return;
	watchdog = alloc_checked(event_new(base, -1, EV_PERSIST, on_watchdog, NULL));
	event_add(watchdog, &pause);
}

void service_ready(void)
{
	notify("READY=1");
}

void service_stopping(void)
{
	notify("STOPPING=1");
}

void service_end(void)
{
	if (watchdog)
		event_free(watchdog);
	watchdog = NULL;
}

int service_sockets(int *first)
{
	uint64_t n = getenv("LISTEN_PID") ? number_for_us("LISTEN_FDS", "LISTEN_PID") : 0;

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (n > MAX_SOCKETS)
		return 0;
	*first = FIRST_SOCKET;
	for (int fd = FIRST_SOCKET; fd < FIRST_SOCKET + (int)n; fd++) {
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	}
	return n;
}
