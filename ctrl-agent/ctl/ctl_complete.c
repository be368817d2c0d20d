// SPDX-License-Identifier: GPL-2.0-or-later
/* cvswctl --complete: what the last word may become, from the tables of commands. */
#include <ctype.h>
#include <getopt.h>
#include <net/if.h>
#include <string.h>

#include "ctl.h"
#include "base/version.h"

#define MAX_TOKENS	16
#define MAX_WORD	256

/**
 * struct line - the words, read as main() would read them
 * @n: how many words before the last one are no options; @at: of these, arguments
 * @value_of: the option whose value the last word is, or NULL
 */
struct line {
	struct ctl_options options;
	const struct ctl_command *command;
	const char *last;
	int n, at;
	const struct ctl_option *value_of;
};

static void offer(const struct line *line, const char *word)
{
	if (!strncmp(word, line->last, strlen(line->last)))
		puts(word);
}

/* "a,b,c": the next item behind those that are there. */
static void offer_items(const struct line *line, const char *items)
{
	const char *comma = strrchr(line->last, ',');
	int kept = comma ? comma + 1 - line->last : 0;
	char word[MAX_WORD];

	for (size_t len; *items; items += len + !!items[len]) {
		len = strcspn(items, ",");
		snprintf(word, sizeof(word), "%.*s%.*s", kept, line->last, (int)len, items);
		offer(line, word);
	}
}

static void offer_all(const struct line *line, json_t *request, const char *list, const char *key,
		      const char *other_key)
{
	json_t *answer = ctl_ask(&line->options, request), *item;
	size_t i;

	json_array_foreach(json_object_get(answer, list), i, item) {
		offer(line, ctl_text(item, key, ""));
		if (other_key && json_object_get(item, other_key))
			offer(line, ctl_text(item, other_key, ""));
	}
	json_decref(answer);
}

static void offer_devices(const struct line *line)
{
	struct if_nameindex *devices = if_nameindex();

	for (struct if_nameindex *device = devices; device && device->if_name; device++)
		offer(line, device->if_name);
	if_freenameindex(devices);
}

/* An alternative of an argument, as the tables have it. */
static void offer_alternative(const struct line *line, const char *word)
{
	static const char *const users_own[] = { "FLOW", "MATCH", "MTU", "FRAME", "" };

	for (size_t i = 0; i < sizeof(users_own) / sizeof(*users_own); i++)
		if (!strcmp(word, users_own[i]))
			return;
	if (!strcmp(word, "NIC"))
		offer_all(line, json_pack("{s:s}", "command", "show"), "nics", "mac", "port_name");
	else if (!strcmp(word, "NAME"))
		offer_all(line, json_pack("{s:s}", "command", "overlay-show"), "overlays", "name", NULL);
	else if (!strcmp(word, "DEV"))
		offer_devices(line);
	else if (!strcmp(word, "FILE"))
		puts(":files");
	else
		offer_items(line, word);
}

/* "NIC[=MAC]...", "MTU|auto", "dir=in|out", "spi=N", "[HOST|NET]": each alternative by itself. */
static void offer_token(const struct line *line, const char *token)
{
	const char *equals = NULL;
	char word[MAX_WORD];

	token += *token == '[';
	for (size_t len; *token; token += len + (token[len] == '|')) {
		size_t end;

		len = strcspn(token, "|");
		end = strcspn(token, "|[].");
		if (!equals && islower((unsigned char)*token) && memchr(token, '=', end))
			equals = token;
		if (equals)	/* a value behind it that is the user's own is left out */
			snprintf(word, sizeof(word), "%.*s%.*s",
				 equals == token ? 0 : (int)(strchr(equals, '=') + 1 - equals), equals,
				 (int)(isupper((unsigned char)token[end - 1]) ? end - 1 : end), token);
		else
			snprintf(word, sizeof(word), "%.*s", (int)end, token);
		offer_alternative(line, word);
		if (!token[len])
			break;
	}
}

/* Words of @args; an option and its value do not count, but "-|--file" does. */
static int split(char *args, char **tokens)
{
	char *rest = NULL;
	int n = 0;

	for (char *token = strtok_r(args, " ", &rest); token && n < MAX_TOKENS;
	     token = strtok_r(NULL, " ", &rest)) {
		bool is_option = !strncmp(token, "--", 2);

		if (!is_option)
			tokens[n++] = token;
		if (is_option || strstr(token, "|--"))
			strtok_r(NULL, " ", &rest);
	}
	return n;
}

/* The last of @args may come again; "spi=N" and others that have a name come in any order. */
static void offer_arguments(const struct line *line)
{
	char args[MAX_WORD], *tokens[MAX_TOKENS];
	bool named = strstr(line->command->args, " spi=");
	int n, at = line->at;

	snprintf(args, sizeof(args), "%s", line->command->args);
	n = split(args, tokens);
	if (at >= n && n && strstr(tokens[n - 1], "..."))
		at = n - 1;
	for (int i = 0; i < n; i++)
		if (i == at || (named && i && at))
			offer_token(line, tokens[i]);
}

static void offer_commands(const struct line *line, const struct ctl_command *commands)
{
	for (; commands->name; commands++)
		offer(line, commands->name);
}

static void offer_options(const struct line *line)
{
	unsigned int groups = line->command ? line->command->options : 0;
	char word[MAX_WORD];

	for (const struct ctl_option *option = ctl_long_options; option->name; option++) {
		if (option->group && !(option->group & groups))
			continue;
		snprintf(word, sizeof(word), "--%s", option->name);
		offer(line, word);
	}
}

static const struct ctl_option *find_option(const char *word)
{
	size_t len = strcspn(word, "=");

	for (const struct ctl_option *option = ctl_long_options; option->name; option++)
		if (strlen(option->name) == len && !strncmp(option->name, word, len))
			return option;
	return NULL;
}

/* Return: the option, if its value is the next word, or else NULL. */
static const struct ctl_option *take_option(struct line *line, const char *word, const char *next)
{
	const struct ctl_option *option = find_option(word);
	const char *equals = strchr(word, '=');

	if (!option)
		return NULL;
	line->options.local |= !strcmp(option->name, "local");
	if (!strcmp(option->name, "socket"))
		line->options.socket = equals ? equals + 1 : next;
	return option->has_arg == required_argument && !equals ? option : NULL;
}

static void take_word(struct line *line, const char *word)
{
	if (!line->n++)
		line->command = ctl_find(line->options.local, word);
	else if (line->command && line->command->verbs)
		line->command = ctl_find_verb(line->command, word);
	else if (strncmp(word, "aes-", 4))	/* or else it belongs to --encrypt */
		line->at++;
}

static void read_words(struct line *line, int n, char **words)
{
	line->last = words[n - 1];
	for (int i = 0; i < n - 1; i++) {
		const struct ctl_option *option = NULL;

		if (*words[i] != '-' || !words[i][1])
			take_word(line, words[i]);
		else if (words[i][1] == '-')
			option = take_option(line, words[i] + 2, words[i + 1]);
		if (option && ++i == n - 1)
			line->value_of = option;
	}
}

/* What the last word may be by its place. */
static void offer_place(const struct line *line)
{
	const struct ctl_command *const *groups = ctl_groups(line->options.local);

	if (line->command && line->command->verbs) {
		offer_commands(line, line->command->verbs);
	} else if (line->command) {
		offer_arguments(line);
	} else if (!line->n) {
		for (; *groups; groups++)
			offer_commands(line, *groups);
		offer(line, "help");
	}
}

enum ctl_exit ctl_complete(int n, char **words)
{
	struct line line = { .options = { .socket = CVSWD_SOCKET, .timeout_ms = 1000 } };

	if (!n)
		return CTL_OK;
	read_words(&line, n, words);
	if (line.value_of) {
		if (!strcmp(line.value_of->name, "file") || !strcmp(line.value_of->name, "socket"))
			puts(":files");
		return CTL_OK;
	}
	if (*line.last == '-')
		offer_options(&line);
	if (n > 1 && !strcmp(words[n - 2], "--encrypt"))
		offer_items(&line, "aes-gcm-128,aes-gcm-256");
	offer_place(&line);
	return CTL_OK;
}
