// SPDX-License-Identifier: GPL-2.0-or-later
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/util.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

const char *address_unix(const char *path, struct address *address)
{
	*address = (struct address){ .un = { .sun_family = AF_UNIX }, .len = sizeof(address->un) };
	if (!*path)
		return "the path is empty";
	if (strlen(path) >= sizeof(address->un.sun_path))
		return "the path is longer than a Unix socket's may be (107 bytes)";
	strcpy(address->un.sun_path, path);
	return NULL;
}

const char *address_parse(const char *text, struct address *address)
{
	int len = sizeof(address->storage);

	if (!strncmp(text, "unix:", 5))
		return address_unix(text + 5, address);
	if (strncmp(text, "tcp:", 4))
		return "expected tcp:ADDR:PORT or unix:PATH";
	*address = (struct address){ 0 };
	if (evutil_parse_sockaddr_port(text + 4, &address->any, &len))
		return "expected tcp:ADDR:PORT with a numeric address";
	address->len = len;
	if (address->any.sa_family == AF_INET &&
	    !((struct sockaddr_in *)&address->any)->sin_port)
		return "the port is missing";
	return NULL;
}

/* Left over from a daemon that died: a socket file which refuses connections. */
static bool is_stale(const struct address *address)
{
	struct stat info;
	bool refused;
	int fd;

	if (lstat(address->un.sun_path, &info) || !S_ISSOCK(info.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	refused = connect(fd, &address->any, address->len) && errno == ECONNREFUSED;
	close(fd);
	return refused;
}

static int bind_with_mode(int fd, const struct address *address, mode_t mode)
{
	/* The umask, not a chmod afterwards: there must be no moment of wider access. */
	mode_t before = umask(~mode & 0777);
	int result = bind(fd, &address->any, address->len);

	umask(before);
	return result;
}

int address_listen(const struct address *address, mode_t mode)
{
	int family = address->any.sa_family, one = 1, error;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (family == AF_UNIX && is_stale(address))
		unlink(address->un.sun_path);
	if (family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!bind_with_mode(fd, address, mode) && !listen(fd, 64))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

void address_unlink(const struct address *address)
{
	if (address->any.sa_family == AF_UNIX)
		unlink(address->un.sun_path);
}

bool address_has_unread(int fd)
{
	int n = 0;

	return !ioctl(fd, FIONREAD, &n) && n > 0;
}

void address_text(const struct address *address, char *text, size_t room)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address->any;
	const struct sockaddr_in *in = (const struct sockaddr_in *)&address->any;
	char host[INET6_ADDRSTRLEN] = "?";

	if (address->any.sa_family == AF_UNIX) {
		snprintf(text, room, "unix:%.107s", address->un.sun_path);
	} else if (address->any.sa_family == AF_INET6) {
		evutil_inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(text, room, "tcp:[%s]:%u", host, ntohs(in6->sin6_port));
	} else {
		evutil_inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(text, room, "tcp:%s:%u", host, ntohs(in->sin_port));
	}
}

ino_t address_inode(const struct address *address)
{
	struct stat info;

	if (address->any.sa_family != AF_UNIX || lstat(address->un.sun_path, &info) ||
	    !S_ISSOCK(info.st_mode))
		return 0;
	return info.st_ino;
}
