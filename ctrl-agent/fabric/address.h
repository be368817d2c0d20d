/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "tcp:ADDR:PORT", "tcp:[ADDR6]:PORT" and "unix:PATH". */
#ifndef CVSWD_ADDRESS_H
#define CVSWD_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_storage storage;
	};
	socklen_t len;
};

/** address_parse() - Return: NULL, or what is wrong with the text */
const char *address_parse(const char *text, struct address *address);

/** address_unix() - a Unix socket's path; NULL or what is wrong */
const char *address_unix(const char *path, struct address *address);

/**
 * address_listen() - a non-blocking listening socket
 * @mode: of a Unix socket's file
 *
 * A Unix socket's file that nobody listens on any more is replaced; anything
 * else in its place is left alone.
 *
 * Return: the socket, or -1 with errno set (EADDRINUSE: someone listens).
 */
int address_listen(const struct address *address, mode_t mode);

/** address_unlink() - remove the file of a Unix socket of ours */
void address_unlink(const struct address *address);

/** address_text() - as address_parse() reads it */
void address_text(const struct address *address, char *text, size_t room);

/** address_inode() - of a Unix socket's file; 0: it is not there, or no Unix socket */
ino_t address_inode(const struct address *address);

/** address_has_unread() - has something come in on the socket that nobody has read yet? */
bool address_has_unread(int fd);

#endif
