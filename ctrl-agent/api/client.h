/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket that cvswctl talks to: one JSON object a line, one answer a line.
 * ctrl-agent/README.md is its specification.
 */
#ifndef CVSWD_CLIENT_H
#define CVSWD_CLIENT_H

#include <jansson.h>

#include "agent.h"

struct pieces;

/*
 * When all places are taken, the client goes that has been idle longest. One that waits for
 * an answer, or monitors, is not idle; if all do, root still has some places.
 */
#define CLIENT_MAX		64
#define CLIENT_ROOT		4
#define CLIENT_WATCH_S		1
#define CLIENT_LINE_MAX		(8 * 1024 * 1024)
/* Answers that a client has not read yet; beyond that its next requests wait. */
#define CLIENT_OUT_BUSY		(1024 * 1024)

struct client;

/**
 * clients_listen() - make the socket
 * @group: who may use it besides the daemon's own user and root; NULL: nobody
 *
 * Return: false after an error line.
 */
bool clients_listen(struct agent *agent, const char *path, const char *group);
void clients_close_all(void);

/**
 * client_answer() - send the answer to the client's last request
 * @answer: reference is taken over
 *
 * The next request of this client is read only then.
 */
void client_answer(struct client *client, json_t *answer);

/**
 * client_answer_in_pieces() - likewise, as the client reads it, some in each turn of the event loop
 * @answer: is taken over
 */
void client_answer_in_pieces(struct client *client, struct pieces *answer);

/**
 * client_monitor() - after this answer it asks no more, and is told what happens
 * @answer: reference is taken over
 */
void client_monitor(struct client *client, json_t *answer);

/** clients_monitor() - is anyone told? */
bool clients_monitor(void);

/** clients_tell() - a line to all who want it; who does not read them misses some */
void clients_tell(json_t *event);

#endif
