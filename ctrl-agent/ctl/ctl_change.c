// SPDX-License-Identifier: GPL-2.0-or-later
/* How every change ends: it is configured, and the NIC has it, or not yet. */
#include <string.h>

#include "ctl.h"

static const char *plural(json_int_t n)
{
	return n == 1 ? "" : "s";
}

static void say_settings(const json_t *nic)
{
	const json_t *offload = json_object_get(nic, "offload");
	json_int_t mtu = json_integer_value(json_object_get(nic, "mtu"));
	/* Version 2 confirms neither. */
	const char *sent = json_integer_value(json_object_get(nic, "version")) == 2 ? " sent" : "";
	char names[64];

	if (mtu)
		printf(", MTU %lld%s%s", (long long)mtu, sent,
		       mtu < CTL_IPV6_MTU ? " (too small for IPv6)" : "");
	if (offload)
		printf(", offloads %s%s", ctl_names(offload, names, sizeof(names)), sent);
}

json_t *ctl_change(const struct ctl_options *options, json_t *request)
{
	json_object_set_new(request, "wait", json_boolean(options->wait));
	json_object_set_new(request, "timeout_ms", json_integer(options->timeout_ms));
	return ctl_ask(options, request);
}

static void say_in_sync(const json_t *nic, const char *mac)
{
	json_int_t flows = json_integer_value(json_object_get(nic, "flows"));

	/* By the word for its state: a NIC that never lists has not confirmed it. */
	printf("%s: %s", mac, strncmp(ctl_text(nic, "state", ""), "settled", 7) ? "in sync" :
							ctl_text(nic, "state", ""));
	if (json_is_true(json_object_get(nic, "managed")))
		printf(", %lld flow%s", (long long)flows, plural(flows));
	say_settings(nic);
	putchar('\n');
}

/* A NIC may have what was asked for, and still refuse something else. */
static void say_done(const json_t *nic, const char *mac, const char *state)
{
	if (!strcmp(state, "refusing"))
		printf("%s: done; it still refuses something else: %s\n", mac,
		       ctl_text(json_object_get(nic, "refusal"), "text", "?"));
	else
		say_in_sync(nic, mac);
}

enum ctl_exit ctl_say_change(const struct ctl_options *options, const json_t *answer)
{
	const json_t *nic = json_object_get(answer, "nic");
	const char *mac = ctl_text(nic, "mac", "?"), *state = ctl_text(nic, "state", "?");
	bool absent = !strcmp(state, "absent"), keyless = !strcmp(state, "no key");
	bool warned = json_object_get(answer, "warnings");
	const char *cause = ctl_text(nic, "cause", ctl_text(nic, "silence", "")), *comma = *cause ? "; " : "";
	json_int_t deleted = json_integer_value(json_object_get(answer, "deleted_flows"));
	char late[400];

	if (options->json)
		ctl_print_json(answer);
	else if (absent)
		printf("%s: configured; it will be applied when the NIC registers (it is at no switch "
		       "now%s%s)\n", mac, comma, cause);
	else if (keyless)
		printf("%s: configured; it will be applied when the NIC has a key (cvswctl key add) "
		       "and registers\n", mac);
	else if (json_is_true(json_object_get(answer, "synced")))
		say_done(nic, mac, state);
	else if (!warned)
		printf("%s: accepted\n", mac);
	if (!options->json && deleted)
		printf("%s: %lld flow%s that used it went too\n", mac, (long long)deleted, plural(deleted));
	snprintf(late, sizeof(late), "%s: not in sync after %g s: %s, %lld missing, %lld extra; "
		 "cvswd keeps trying%s%s", mac, options->timeout_ms / 1000.0, state,
		 (long long)json_integer_value(json_object_get(nic, "missing")),
		 (long long)json_integer_value(json_object_get(nic, "extra")), comma, cause);
	return ctl_say_warnings(options, answer, nic ? late : NULL);
}

enum ctl_exit ctl_do_change(const struct ctl_options *options, json_t *request)
{
	json_t *answer = ctl_change(options, request);
	enum ctl_exit result;

	if (!answer)
		return CTL_FAILED;
	result = ctl_answer_ok(answer) ? ctl_say_change(options, answer) :
					 ctl_refused(options, answer);
	json_decref(answer);
	return result;
}
