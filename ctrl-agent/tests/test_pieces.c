// SPDX-License-Identifier: GPL-2.0-or-later
/* A long answer in pieces: whatever goes meanwhile, it is one line of JSON. */
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

#include "api/pieces.h"
#include "tap.h"

#define AT_ONCE	3

static size_t n_made;	/* or looked for */
static int n_freed;

/* The names are letters: in upper case it has gone. */
static json_t *make(const struct pieces_list *list, size_t i)
{
	const char *names = list->names;

	n_made++;
	return names[i] >= 'a' ? json_sprintf("%c\"", names[i]) : NULL;
}

static void free_list(struct pieces_list *list)
{
	free(list->names);
	n_freed++;
}

static struct pieces_list list_of(const char *name, const char *names)
{
	return (struct pieces_list){
		.name = name, .n = strlen(names), .at_once = AT_ONCE, .make = make,
		.free = free_list, .names = strdup(names),
	};
}

static void check_list(const json_t *array, const char *names)
{
	size_t n = 0;

	CHECK(json_is_array(array));
	for (; *names; names++)
		if (*names >= 'a') {
			const char *text = json_string_value(json_array_get(array, n++));

			CHECK(text && text[0] == *names && text[1] == '"');
		}
	CHECK(json_array_size(array) == n);
}

static void check_answer(const char *first, const char *second)
{
	struct pieces_list lists[] = { list_of("first", first), list_of("second", second) };
	struct pieces *pieces = pieces_new(json_pack("{s:b, s:s}", "ok", 1, "x", "}"), lists, 2);
	struct evbuffer *out = evbuffer_new();
	json_t *json;
	char *line;
	bool more;

	n_freed = 0;
	do {
		n_made = 0;
		more = pieces_write(pieces, out);
		CHECK(n_made <= AT_ONCE);
		CHECK(more == (evbuffer_search(out, "\n", 1, NULL).pos < 0));
	} while (more);
	line = evbuffer_readln(out, NULL, EVBUFFER_EOL_LF);
	CHECK(line && !evbuffer_get_length(out));
	json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	CHECK(json_object_size(json) == 4 && json_is_true(json_object_get(json, "ok")));
	check_list(json_object_get(json, "first"), first);
	check_list(json_object_get(json, "second"), second);
	json_decref(json);
	free(line);
	evbuffer_free(out);
	pieces_free(pieces);
	CHECK(n_freed == 2);
}

static void test_all(void)
{
	static const char names[] = "abcdefghijk";

	for (size_t i = 0; i < sizeof(names); i++)
		for (size_t j = 0; j < sizeof(names); j++)
			check_answer(names + i, names + j);
}

/* Each of them may have gone: at the beginning, at the end, all of a piece, all. */
static void test_gone(void)
{
	for (unsigned int which = 0; which < 1 << 7; which++) {
		char names[8] = "abcdefg";

		for (unsigned int i = 0; i < 7; i++)
			if (which >> i & 1)
				names[i] -= 'a' - 'A';
		check_answer(names, "xyz");
		check_answer("", names);
	}
}

/* The client has gone. */
static void test_freed(void)
{
	struct evbuffer *out = evbuffer_new();

	for (int n = 0; n < 4; n++) {
		struct pieces_list list = list_of("list", "abcdefghijk");
		struct pieces *pieces = pieces_new(json_pack("{s:b}", "ok", 1), &list, 1);

		n_freed = 0;
		for (int i = 0; i < n; i++)
			CHECK(pieces_write(pieces, out));
		pieces_free(pieces);
		CHECK(n_freed == 1);
	}
	evbuffer_free(out);
}

const struct tap_test tests[] = {
	{ "pieces: lists of any length", test_all },
	{ "pieces: what has gone is left out", test_gone },
	{ "pieces: an answer that is not read to its end", test_freed },
	{ 0 },
};
