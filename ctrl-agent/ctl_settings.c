// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "offload.h"

static enum ctl_exit set_mtu(const struct ctl_options *options, char **args)
{
	char *end;
	long mtu = strtol(args[1], &end, 10);

	if (end == args[1] || *end) {
		ctl_complain("\"%s\" is not a number of bytes", args[1]);
		return CTL_USAGE;
	}
	return ctl_do_change(options, json_pack("{s:s, s:s, s:I}", "command", "set-mtu",
						"nic", args[0], "mtu", (json_int_t)mtu));
}

/* "csum,tso" or "none"; NULL after a complaint. */
static json_t *parse_offload(const char *text)
{
	json_t *names = json_array();

	if (!strcmp(text, "none"))
		return names;
	for (const char *name = text; name; ) {
		size_t len = strcspn(name, ",");

		if (!offload_bit(name, len)) {
			ctl_complain("\"%.*s\" is not an offload: csum, tso, ufo, gso, gro, inner-csum or none",
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
	return ctl_do_change(options, json_pack("{s:s, s:s, s:o}", "command", "set-offload",
						"nic", args[0], "offload", names));
}

static void print_forgotten(const json_t *answer)
{
	printf("%s: forgotten; what it has, it keeps\n",
	       ctl_text(json_object_get(answer, "nic"), "mac", "?"));
}

static enum ctl_exit forget(const struct ctl_options *options, char **args)
{
	return ctl_query(options, json_pack("{s:s, s:s}", "command", "forget", "nic", args[0]),
			 print_forgotten);
}

const struct ctl_command ctl_setting_commands[] = {
	{ "set-mtu", "NIC MTU", "set its MTU", 2, 2, set_mtu },
	{ "set-offload", "NIC csum,tso,gso,gro,inner-csum|none", "enable exactly these offloads", 2, 2,
	  set_offload },
	{ "forget", "NIC", "state nothing for it any more", 1, 1, forget },
	{ 0 },
};
