// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * set-key, del-key.  A key is read from a file or standard input, never from an
 * argument, which everyone on the machine could read.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

#define MAX_KEY_TEXT	256

bool ctl_parse_udp(const char *text, json_t **udp)
{
	unsigned int src = 4500, dst = 4500;	/* RFC 3948 */
	char rest;

	*udp = NULL;
	if (text && (sscanf(text, "%5u:%5u%c", &src, &dst, &rest) != 2 || !src || !dst ||
		     src > 65535 || dst > 65535)) {
		ctl_complain("\"%s\" is not SRC:DST, two UDP ports", text);
		return false;
	}
	*udp = json_pack("[i, i]", src, dst);
	return true;
}

/* spi=, dir=, alg=, udp[=] into the request; false after a complaint. */
static bool take_word(json_t *request, const char *word)
{
	json_t *udp;

	if (!strncmp(word, "spi=", 4)) {
		char *end;
		unsigned long long spi = strtoull(word + 4, &end, 0);

		if (end == word + 4 || *end) {
			ctl_complain("\"%s\": an SPI is a number", word);
			return false;
		}
		json_object_set_new(request, "spi", json_integer(spi));
	} else if (!strncmp(word, "dir=", 4)) {
		json_object_set_new(request, "direction", json_string(word + 4));
	} else if (!strncmp(word, "alg=", 4)) {
		json_object_set_new(request, "alg", json_string(word + 4));
	} else if (!strcmp(word, "udp") || !strncmp(word, "udp=", 4)) {
		if (!ctl_parse_udp(word[3] ? word + 4 : NULL, &udp))
			return false;
		json_object_set_new(request, "udp", udp);
	} else if (strcmp(word, "-")) {
		ctl_complain("\"%s\": not spi=, dir=, alg= or udp", word);
		return false;
	}
	return true;
}

/* Read without the library's buffer, in which the key would stay. */
bool ctl_take_key(json_t *request, const char *file)
{
	int fd = ctl_open_key(file);
	char text[MAX_KEY_TEXT + 1];
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return false;
	while (len < MAX_KEY_TEXT && (n = read(fd, text + len, MAX_KEY_TEXT - len)) > 0)
		len += n;
	if (fd != STDIN_FILENO)
		close(fd);
	text[len] = 0;
	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = 0;
	if (len)
		json_object_set_new(request, "key", json_string(text));
	else
		ctl_complain("%s: no key", strcmp(file, "-") ? file : "stdin");
	explicit_bzero(text, sizeof(text));
	return len;
}

static bool read_key(const struct ctl_options *options, json_t *request, char **words)
{
	bool from_stdin = false;

	for (; *words; words++)
		from_stdin |= !strcmp(*words, "-");
	if (from_stdin == !!options->file) {
		ctl_complain("the key comes from --file FILE, or with - from standard input");
		return false;
	}
	return ctl_take_key(request, from_stdin ? "-" : options->file);
}

static enum ctl_exit key_command(const struct ctl_options *options, const char *command,
				 char **args, bool with_key)
{
	json_t *request = json_pack("{s:s, s:s}", "command", command, "nic", args[0]);
	bool good = true;

	for (char **word = args + 1; request && good && *word; word++)
		good = take_word(request, *word);
	if (request && good && with_key)
		good = read_key(options, request, args + 1);
	if (good)
		return ctl_do_change(options, request);
	json_decref(request);
	return CTL_USAGE;
}

static enum ctl_exit set_key(const struct ctl_options *options, char **args)
{
	return key_command(options, "set-key", args, true);
}

static enum ctl_exit del_key(const struct ctl_options *options, char **args)
{
	return key_command(options, "del-key", args, false);
}

const struct ctl_command ctl_key_commands[] = {
	{ "set-key", "NIC spi=N dir=in|out alg=aes-gcm-128|aes-gcm-256 [udp[=SRC:DST]] -|--file FILE",
	  "install a security association", 4, 6, .run = set_key, .options = CTL_FILE },
	{ "del-key", "NIC spi=N dir=in|out", "remove a security association", 3, 3, .run = del_key },
	{ 0 },
};
