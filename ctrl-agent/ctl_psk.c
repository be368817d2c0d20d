// SPDX-License-Identifier: GPL-2.0
/* key add, del, list: what a NIC proves itself with; never from an argument, never shown. */
#include <string.h>

#include "ctl.h"

static enum ctl_exit finish(const struct ctl_options *options, json_t *request, const char *what)
{
	json_t *answer = ctl_ask(options, request);
	enum ctl_exit result = CTL_OK;

	if (!answer)
		return CTL_FAILED;
	if (!ctl_answer_ok(answer)) {
		result = ctl_refused(options, answer);
	} else if (options->json) {
		ctl_print_json(answer);
	} else {
		printf("%s: %s\n", ctl_text(json_object_get(answer, "nic"), "mac", "?"), what);
		if (!json_is_true(json_object_get(answer, "kept")))
			ctl_complain("not kept over a restart: cvswd runs without --state");
	}
	json_decref(answer);
	return result;
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
	if (request && ctl_take_key(request, from_stdin ? "-" : options->file))
		return finish(options, request, "speaks version 3 with this key from now on");
	json_decref(request);
	return CTL_FAILED;
}

static enum ctl_exit del(const struct ctl_options *options, char **args)
{
	return finish(options, json_pack("{s:s, s:s}", "command", "key-del", "nic", args[0]),
		      "has no key any more");
}

static enum ctl_exit list(const struct ctl_options *options, char **args)
{
	json_t *answer = ctl_ask(options, json_pack("{s:s}", "command", "key-list"));
	const json_t *nics = json_object_get(answer, "nics"), *nic;
	size_t i;

	(void)args;
	if (!answer)
		return CTL_FAILED;
	if (options->json)
		ctl_print_json(answer);
	else if (!json_array_size(nics))
		puts("no NIC has a key");
	else
		json_array_foreach(nics, i, nic)
			printf("%s  %s\n", ctl_text(nic, "mac", "?"), ctl_text(nic, "state", "?"));
	json_decref(answer);
	return CTL_OK;
}

static const struct ctl_command verbs[] = {
	{ "add", "NIC --file FILE | NIC -", "", 1, 2, add },
	{ "del", "NIC", "", 1, 1, del },
	{ "list", "", "", 0, 0, list },
	{ 0 },
};

static enum ctl_exit key(const struct ctl_options *options, char **args)
{
	return ctl_verb(options, "key", verbs, args);
}

const struct ctl_command ctl_psk_commands[] = {
	{ "key", "add NIC -", "the key it proves itself with (version 3)", 1, 3, key },
	{ "key", "del NIC | list", "take it away; who has one", 1, 3, key },
	{ 0 },
};
