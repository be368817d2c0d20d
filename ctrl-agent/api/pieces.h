/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An answer that may be long, as of thousands of NICs: it is made and written in pieces, so that no
 * turn of the event loop takes long.  The client gets one line of JSON like any other.
 *
 * Between two pieces anything may change.  So a list notes names of what is to be reported, never
 * pointers: what has gone when its turn comes is left out, and what is new then, too.  An element
 * is reported as it is when its piece is made.
 */
#ifndef CVSWD_PIECES_H
#define CVSWD_PIECES_H

#include <jansson.h>
#include <stdbool.h>

struct evbuffer;
struct pieces;

#define PIECES_LISTS	2	/* in an answer */

/**
 * struct pieces_list - an array in the answer
 * @name: of the member
 * @n: how many elements it has at most
 * @at_once: so many elements make a piece, of about a millisecond
 * @make: a new reference to the element of a number; NULL: it has gone
 * @free: frees @names, and @with if it is there
 * @names, @with, @agent: for @make
 */
struct pieces_list {
	const char *name;
	size_t n;
	size_t at_once;
	json_t *(*make)(const struct pieces_list *list, size_t i);
	void (*free)(struct pieces_list *list);
	void *names;
	void *with;
	struct agent *agent;
};

/**
 * pieces_new() - an answer that nothing was written of
 * @rest: its other members; not empty; reference is taken over
 * @lists: @n of them, copied; what they have is freed with the answer
 */
struct pieces *pieces_new(json_t *rest, const struct pieces_list *lists, size_t n);

/**
 * pieces_write() - make the next piece, and add it to @out
 *
 * Return: false: that was the last one, and the line has ended.
 */
bool pieces_write(struct pieces *pieces, struct evbuffer *out);

/** pieces_free() - however much of it was written */
void pieces_free(struct pieces *pieces);

#endif
