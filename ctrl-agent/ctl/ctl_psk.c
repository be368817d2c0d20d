// SPDX-License-Identifier: GPL-2.0-or-later
/* key add, del, list: what a NIC proves itself with; never from an argument, never shown. */
#include <string.h>

#include "ctl.h"

static void say(const json_t *answer, const char *what)
{
	printf("%s: %s\n", ctl_text(json_object_get(answer, "nic"), "mac", "?"), what);
	if (!json_is_true(json_object_get(answer, "kept")) && !json_object_get(answer, "warnings"))
		ctl_complain("the key is lost when cvswd restarts: it runs without --state");
}

static void print_added(const json_t *answer)
{
	say(answer, "speaks version 3 with this key from now on");
}

static void print_deleted(const json_t *answer)
{
	say(answer, "no longer has a key");
}

static enum ctl_exit add(const struct ctl_options *options, char **args)
{
	bool from_stdin = args[1] && !strcmp(args[1], "-");
	json_t *request;

	if ((args[1] && !from_stdin) || from_stdin == !!options->file) {
		ctl_complain("the key comes from --file FILE, or with - from standard input");
		return CTL_USAGE;
	}
	request = json_pack("{s:s, s:s}", "command", "key-add", "nic", args[0]);
	if (!request || ctl_take_key(request, from_stdin ? "-" : options->file))
		return ctl_query(options, request, print_added);
	json_decref(request);
	return CTL_FAILED;
}

static enum ctl_exit del(const struct ctl_options *options, char **args)
{
	return ctl_query(options, json_pack("{s:s, s:s}", "command", "key-del", "nic", args[0]),
			 print_deleted);
}

static void print_list(const json_t *answer)
{
	const json_t *nics = json_object_get(answer, "nics"), *nic;
	size_t i;

	if (!json_array_size(nics))
		puts("no NIC has a key");
	json_array_foreach(nics, i, nic)
		printf("%s  %s\n", ctl_text(nic, "mac", "?"), ctl_text(nic, "state", "?"));
}

static enum ctl_exit list(const struct ctl_options *options, char **args)
{
	(void)args;
	return ctl_query(options, json_pack("{s:s}", "command", "key-list"), print_list);
}

static const struct ctl_command verbs[] = {
	{ "add", "NIC -|--file FILE", "set the key shared with a NIC", 1, 2, .run = add,
	  .options = CTL_FILE },
	{ "del", "NIC", "remove it", 1, 1, .run = del },
	{ "list", "", "list the NICs that have a key", 0, 0, .run = list },
	{ 0 },
};

const struct ctl_command ctl_psk_commands[] = {
	{ .name = "key", .verbs = verbs },
	{ 0 },
};
