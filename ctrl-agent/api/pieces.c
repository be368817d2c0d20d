// SPDX-License-Identifier: GPL-2.0-or-later
#include "pieces.h"

#include <assert.h>
#include <event2/buffer.h>
#include <string.h>

#include "base/alloc.h"

/**
 * struct pieces - how far it is
 * @rest: until it is written; then NULL
 * @at: the list that is being written, of @n; @next: its next element; @any: it has one already
 */
struct pieces {
	json_t *rest;
	struct pieces_list lists[PIECES_LISTS];
	size_t n;
	size_t at;
	size_t next;
	bool any;
};

struct pieces *pieces_new(json_t *rest, const struct pieces_list *lists, size_t n)
{
	struct pieces *pieces = xcalloc(1, sizeof(*pieces));

	assert(n <= PIECES_LISTS && json_object_size(rest));
	pieces->rest = rest;
	pieces->n = n;
	memcpy(pieces->lists, lists, n * sizeof(*lists));
	return pieces;
}

void pieces_free(struct pieces *pieces)
{
	json_decref(pieces->rest);
	for (size_t i = 0; i < pieces->n; i++)
		pieces->lists[i].free(&pieces->lists[i]);
	free(pieces);
}

/* Without its last @less characters; the reference is taken over. */
static void write_json(json_t *json, size_t less, struct evbuffer *out)
{
	char *text = alloc_checked(json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY));

	evbuffer_add(out, text, strlen(text) - less);
	free(text);
	json_decref(json);
}

static void write_element(struct pieces *pieces, const struct pieces_list *list,
			  struct evbuffer *out)
{
	json_t *element = list->make(list, pieces->next++);

	if (!element)
		return;
	if (pieces->any)
		evbuffer_add(out, ",", 1);
	pieces->any = true;
	write_json(element, 0, out);
}

/* A piece of the list; true: that was the last one. */
static bool write_list(struct pieces *pieces, const struct pieces_list *list, struct evbuffer *out)
{
	size_t end = pieces->next + list->at_once;

	if (!pieces->next)
		evbuffer_add_printf(out, ",\"%s\":[", list->name);
	while (pieces->next < list->n && pieces->next < end)
		write_element(pieces, list, out);
	if (pieces->next < list->n)
		return false;
	evbuffer_add(out, "]", 1);
	return true;
}

bool pieces_write(struct pieces *pieces, struct evbuffer *out)
{
	if (pieces->rest) {
		write_json(pieces->rest, 1, out);	/* more members follow */
		pieces->rest = NULL;
	}
	if (pieces->at < pieces->n && write_list(pieces, &pieces->lists[pieces->at], out)) {
		pieces->at++;
		pieces->next = 0;
		pieces->any = false;
	}
	if (pieces->at < pieces->n)
		return true;
	evbuffer_add(out, "}\n", 2);
	return false;
}
