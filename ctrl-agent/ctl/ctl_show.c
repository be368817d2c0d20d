// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "ctl.h"

/* What is not as it should be. */
static void print_rules(const json_t *vswitch)
{
	const char *rules = ctl_text(vswitch, "rules", "?");
	long long claims = json_integer_value(json_object_get(vswitch, "claims"));

	if (strcmp(rules, "in place") && strcmp(rules, "none needed"))
		printf("  cvswd's rules: %s%s%s\n", rules,
		       json_object_get(vswitch, "rules_error") ? ": " : "",
		       ctl_text(vswitch, "rules_error", ""));
	if (claims)
		printf("  %s claimed to be this switch, and was refused (%lld time%s)\n",
		       ctl_text(vswitch, "claimed_by", "?"), claims, claims == 1 ? "" : "s");
}

static void print_switch(const json_t *vswitch)
{
	const json_t *ports = json_object_get(vswitch, "ports"), *port;
	size_t i;

	printf("switch %s  %s  %s  %llds\n", ctl_text(vswitch, "dpid", "?"),
	       ctl_text(vswitch, "protocol", "?"), ctl_text(vswitch, "peer", "?"),
	       (long long)json_integer_value(json_object_get(vswitch, "seconds")));
	print_rules(vswitch);
	json_array_foreach(ports, i, port)
		printf("  port %-5lld %-16s %-4s  %s\n",
		       (long long)json_integer_value(json_object_get(port, "port")),
		       ctl_text(port, "name", "?"),
		       json_is_true(json_object_get(port, "up")) ? "up" : "down",
		       ctl_text(port, "nic", "-"));
}

/* Entries that cvswd did not set, and leaves alone, stand in parentheses. */
static const char *flows_text(const json_t *nic, char *buf, size_t room)
{
	const json_t *reported = json_object_get(nic, "reported");

	if (json_is_true(json_object_get(nic, "managed")))
		snprintf(buf, room, "%lld",
			 (long long)json_integer_value(json_object_get(nic, "flows")));
	else if (reported)
		snprintf(buf, room, "(%lld)", (long long)json_integer_value(reported));
	else
		return "-";
	return buf;
}

static const char *mtu_text(const json_t *nic, char *buf, size_t room)
{
	const json_t *mtu = json_object_get(nic, "mtu");

	if (!mtu)
		return "-";
	snprintf(buf, room, "%lld", (long long)json_integer_value(mtu));
	return buf;
}

/* How it is spoken to, and how long that takes. */
static const char *version_text(const json_t *nic, char *buf, size_t room)
{
	const json_t *rtt = json_object_get(nic, "rtt_ms");

	if (!json_object_get(nic, "version"))
		return "-";
	if (rtt)
		snprintf(buf, room, "%lld, %lld ms",
			 (long long)json_integer_value(json_object_get(nic, "version")),
			 (long long)json_integer_value(rtt));
	else
		snprintf(buf, room, "%lld",
			 (long long)json_integer_value(json_object_get(nic, "version")));
	return buf;
}

static void print_behind(const json_t *nic)
{
	const json_t *behind = json_object_get(nic, "behind");
	const json_t *refused = json_object_get(nic, "refused");
	json_int_t changes = json_integer_value(json_object_get(behind, "changes"));
	json_int_t ms = json_integer_value(json_object_get(behind, "ms"));

	if (behind && strcmp(ctl_text(nic, "state", "?"), "in sync"))
		printf("    behind by %lld change%s, for %lld.%lld s\n", (long long)changes,
		       changes == 1 ? "" : "s", (long long)ms / 1000, (long long)ms % 1000 / 100);
	if (refused)
		printf("    refuses %lld: %s\n", (long long)json_integer_value(refused),
		       ctl_text(json_object_get(nic, "refusal"), "text", "?"));
}

/* What its guest has changed. */
static void print_mtu_repairs(const json_t *nic)
{
	json_int_t n = json_integer_value(json_object_get(nic, "mtu_repairs"));

	if (n)
		printf("    its guest changed the MTU %lld time%s, last to %lld; it was set again\n",
		       (long long)n, n == 1 ? "" : "s",
		       (long long)json_integer_value(json_object_get(nic, "mtu_changed_to")));
}

static void print_claim(const json_t *nic)
{
	const json_t *places = json_object_get(nic, "claims");

	if (json_array_size(places) == 2)
		printf("    two NICs claim this address: at %s and at %s, %lld s ago\n",
		       ctl_text(json_array_get(places, 0), "port_name", "?"),
		       ctl_text(json_array_get(places, 1), "port_name", "?"),
		       (long long)json_integer_value(json_object_get(nic, "claimed_ms_ago")) / 1000);
}

/* A switch's own trouble stands above. */
static void print_silence(const json_t *nic)
{
	if (json_object_get(nic, "silence"))
		printf("    %s\n", ctl_text(nic, "silence", "?"));
}

static void print_nic(const json_t *nic)
{
	char version[32], names[64], flows[24], mtu[24];

	printf("%-17s  %-10s  %-10s  %-16s  %-7s  %-5s  %s\n", ctl_text(nic, "mac", "?"),
	       ctl_text(nic, "state", "?"), version_text(nic, version, sizeof(version)),
	       ctl_text(nic, "port_name", "-"),
	       flows_text(nic, flows, sizeof(flows)), mtu_text(nic, mtu, sizeof(mtu)),
	       ctl_names(json_object_get(nic, "offload"), names, sizeof(names)));
	print_behind(nic);
	print_mtu_repairs(nic);
	print_claim(nic);
	print_silence(nic);
	if (json_object_get(nic, "stranger"))
		printf("    silent, while %s, which has no key, registers at its port: was its MAC "
		       "address changed?\n", ctl_text(nic, "stranger", "?"));
}

#define ROWS_SHOWN	20

static void print_database(const json_t *answer)
{
	const json_t *rows = json_object_get(answer, "unread"), *row;
	const json_t *beyond = json_object_get(answer, "nics_beyond");
	size_t i, n = json_array_size(rows);

	json_array_foreach(rows, i, row)
		if (i < ROWS_SHOWN)
			printf("database: %s \"%s\" cannot be read and is skipped: %s\n",
			       ctl_text(row, "table", "?"), ctl_text(row, "key", "?"),
			       ctl_text(row, "error", "?"));
	if (n > ROWS_SHOWN)
		printf("database: and %zu more rows (cvswctl -j show)\n", n - ROWS_SHOWN);
	if (beyond)
		printf("the database has %lld NICs more than --max-nics %lld: no other NIC is "
		       "accepted\n", (long long)json_integer_value(beyond),
		       (long long)json_integer_value(json_object_get(answer, "max_nics")));
}

static void print_all(const json_t *answer)
{
	const json_t *switches = json_object_get(answer, "switches");
	const json_t *nics = json_object_get(answer, "nics"), *item;
	size_t i;

	print_database(answer);
	if (json_is_false(json_object_get(answer, "kept")))
		ctl_complain("cvswd's database cannot be written (see its log): what changes now "
			     "does not survive a restart");
	if (!json_array_size(switches))
		puts("no switch is connected");
	json_array_foreach(switches, i, item)
		print_switch(item);
	if (!json_array_size(nics)) {
		puts("no NIC has registered");
		return;
	}
	printf("\n%-17s  %-10s  %-10s  %-16s  %-7s  %-5s  %s\n", "NIC", "state", "version",
	       "port", "flows", "MTU", "offloads");
	json_array_foreach(nics, i, item)
		print_nic(item);
}

static enum ctl_exit show(const struct ctl_options *options, char **args)
{
	(void)args;
	return ctl_query(options, json_pack("{s:s}", "command", "show"), print_all);
}

const struct ctl_command ctl_show_commands[] = {
	{ "show", "", "show switches, ports and NICs", 0, 0, .run = show },
	{ 0 },
};
