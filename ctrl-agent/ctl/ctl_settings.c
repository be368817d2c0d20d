// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "base/offload.h"

static enum ctl_exit setting(const struct ctl_options *options, json_t *request)
{
	if (request && options->new_nic)
		json_object_set_new(request, "new", json_true());
	return ctl_do_change(options, request);
}

static enum ctl_exit set_mtu(const struct ctl_options *options, char **args)
{
	bool is_auto = !strcmp(args[1], "auto");
	char *end;
	long mtu = strtol(args[1], &end, 10);

	if (!is_auto && (end == args[1] || *end)) {
		ctl_complain("\"%s\" is neither a number of bytes nor auto", args[1]);
		return CTL_USAGE;
	}
	return setting(options, json_pack("{s:s, s:s, s:o}", "command", "set-mtu", "nic", args[0],
					  "mtu", is_auto ? json_string("auto") : json_integer(mtu)));
}

/* "csum,tso", "none" or "auto"; NULL after a complaint. */
static json_t *parse_offload(const char *text)
{
	json_t *names;

	if (!strcmp(text, "auto"))
		return json_string(text);
	names = json_array();
	if (!strcmp(text, "none"))
		return names;
	for (const char *name = text; name; ) {
		size_t len = strcspn(name, ",");

		if (!offload_bit(name, len)) {
			ctl_complain("\"%.*s\" is not an offload: csum, tso, ufo, gso, gro, inner-csum, none or auto",
				     (int)len, name);
			json_decref(names);
			return NULL;
		}
		json_array_append_new(names, json_stringn(name, len));
		name = name[len] ? name + len + 1 : NULL;
	}
	return names;
}

static enum ctl_exit set_offload(const struct ctl_options *options, char **args)
{
	json_t *names = parse_offload(args[1]);

	if (!names)
		return CTL_USAGE;
	return setting(options, json_pack("{s:s, s:s, s:o}", "command", "set-offload",
					  "nic", args[0], "offload", names));
}

static void print_forgotten(const json_t *answer)
{
	printf("%s: no longer configured; it keeps what it has\n",
	       ctl_text(json_object_get(answer, "nic"), "mac", "?"));
}

static enum ctl_exit forget(const struct ctl_options *options, char **args)
{
	return ctl_query(options, json_pack("{s:s, s:s}", "command", "forget", "nic", args[0]),
			 print_forgotten);
}

const struct ctl_command ctl_setting_commands[] = {
	{ "set-mtu", "NIC MTU|auto", "set the MTU, or (auto) stop setting it", 2, 2,
	  .run = set_mtu, .options = CTL_NEW },
	{ "set-offload", "NIC csum,tso,gso,gro,inner-csum|none|auto",
	  "enable exactly these offloads, or (auto) stop setting them", 2, 2, .run = set_offload,
	  .options = CTL_NEW },
	{ "forget", "NIC", "remove the NIC's configuration", 1, 1, .run = forget },
	{ 0 },
};
