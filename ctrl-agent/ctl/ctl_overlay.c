// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

static long long number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static void print_title(const json_t *overlay)
{
	const json_t *udp = json_object_get(overlay, "udp");

	printf("overlay %s  VNI %lld  %s", ctl_text(overlay, "name", "?"),
	       number(overlay, "vni"), ctl_text(overlay, "encrypt", "not encrypted"));
	if (udp)
		printf(" in UDP %lld:%lld",
		       (long long)json_integer_value(json_array_get(udp, 0)),
		       (long long)json_integer_value(json_array_get(udp, 1)));
	printf("  MTU %lld (underlay %lld%s)  %s\n", number(overlay, "mtu"),
	       number(overlay, "underlay_mtu"),
	       number(overlay, "mtu") < CTL_IPV6_MTU ? ", too small for IPv6" : "",
	       ctl_text(overlay, "pool", "?"));
}

static void print_overlay(const json_t *overlay)
{
	const json_t *members = json_object_get(overlay, "members"), *member, *mac;
	size_t others = json_array_size(members), i, at;

	others -= others > 0;
	print_title(overlay);
	json_array_foreach(members, i, member) {
		printf("  %-17s  %-15s  %-10s  %-16s  to %lld, from %lld of %zu",
		       ctl_text(member, "nic", "?"), ctl_text(member, "address", "?"),
		       ctl_text(member, "state", "?"), ctl_text(member, "port_name", "-"),
		       number(member, "sends_to"), number(member, "takes_from"), others);
		json_array_foreach(json_object_get(member, "macs"), at, mac)
			if (at)
				printf("  %s", json_string_value(mac));
		putchar('\n');
	}
}

static size_t count_absent(const json_t *overlay)
{
	const json_t *member;
	size_t i, n = 0;

	json_array_foreach(json_object_get(overlay, "members"), i, member)
		n += !strcmp(ctl_text(member, "state", ""), "absent") ||
		     !strcmp(ctl_text(member, "state", ""), "no key");
	return n;
}

static void say_overlay(const json_t *overlay)
{
	size_t absent = count_absent(overlay);

	printf("%s: %zu members, MTU %lld, %s", ctl_text(overlay, "name", "?"),
	       json_array_size(json_object_get(overlay, "members")), number(overlay, "mtu"),
	       ctl_text(overlay, "encrypt", "not encrypted"));
	if (absent)
		printf("; %zu of them join when they register", absent);
	putchar('\n');
}

/* The addresses behind the members that @args name with some. */
static void say_addresses(const json_t *overlay, char **args)
{
	const json_t *member, *macs, *mac;
	size_t i, at;

	for (; *args && !strchr(*args, '='); args++)
		;
	if (!*args)
		return;
	json_array_foreach(json_object_get(overlay, "members"), i, member) {
		macs = json_object_get(member, "macs");
		if (json_array_size(macs) < 2)
			continue;
		printf("  behind %s:", ctl_text(member, "nic", "?"));
		json_array_foreach(macs, at, mac)
			if (at)
				printf(" %s", json_string_value(mac));
		putchar('\n');
	}
}

static enum ctl_exit say(const struct ctl_options *options, const json_t *answer, char **args)
{
	const json_t *overlay = json_object_get(answer, "overlay");
	const char *name = ctl_text(answer, "name", "?");
	bool warned = json_object_get(answer, "warnings");
	char late[128];

	if (options->json) {
		ctl_print_json(answer);
	} else if (!options->wait && !warned) {
		printf("%s: accepted\n", name);
	} else if (overlay && !warned) {
		say_overlay(overlay);
		say_addresses(overlay, args);
	} else if (!warned) {
		printf("%s: deleted\n", name);
	}
	snprintf(late, sizeof(late), "%.40s: not everywhere after %g s; cvswd keeps trying "
		 "(cvswctl show)", name, options->timeout_ms / 1000.0);
	return ctl_say_warnings(options, answer, late);
}

/* @args: of the command, behind the overlay's name */
static enum ctl_exit change(const struct ctl_options *options, json_t *request, char **args)
{
	json_t *answer;
	enum ctl_exit result;

	if (request && options->new_nic)
		json_object_set_new(request, "new", json_true());
	answer = ctl_change(options, request);

	if (!answer)
		return CTL_FAILED;
	result = ctl_answer_ok(answer) ? say(options, answer, args) : ctl_refused(options, answer);
	json_decref(answer);
	return result;
}

/* NULL: one of them is not UTF-8; ctl_ask() says so. */
static json_t *texts(char **args)
{
	json_t *array = json_array();

	for (; *args; args++) {
		if (!json_array_append_new(array, json_string(*args)))
			continue;
		json_decref(array);
		return NULL;
	}
	return array;
}

/* A number given as an option, into the request if it was; false after a complaint. */
static bool set_number(json_t *request, const char *key, const char *option, const char *text)
{
	unsigned long number;
	char *end;

	if (!text)
		return true;
	number = strtoul(text, &end, 0);
	if (end == text || *end) {
		ctl_complain("%s takes a number, not \"%s\"", option, text);
		return false;
	}
	json_object_set_new(request, key, json_integer(number));
	return true;
}

/* A text, likewise. */
static bool set_text(json_t *request, const char *key, const char *option, const char *text)
{
	if (!text || !json_object_set_new(request, key, json_string(text)))
		return true;
	ctl_complain("the value of %s is not UTF-8", option);
	return false;
}

static bool set_options(const struct ctl_options *options, json_t *request)
{
	json_t *udp;

	if (!options->vni) {
		ctl_complain("overlay add needs --vni N");
		return false;
	}
	if (options->ipv4_only)
		json_object_set_new(request, "ipv4_only", json_true());
	if (options->udp_encap) {
		if (!ctl_parse_udp(*options->udp_encap ? options->udp_encap : NULL, &udp))
			return false;
		json_object_set_new(request, "udp", udp);
	}
	return set_text(request, "encrypt", "--encrypt", options->encrypt) &&
	       set_text(request, "pool", "--underlay-pool", options->pool) &&
	       set_number(request, "vni", "--vni", options->vni) &&
	       set_number(request, "underlay_mtu", "--underlay-mtu", options->underlay_mtu) &&
	       set_number(request, "rekey_s", "--rekey", options->rekey);
}

static enum ctl_exit add(const struct ctl_options *options, char **args)
{
	json_t *request = json_pack("{s:s, s:s, s:o}", "command", "overlay-add",
				    "name", args[0], "members", texts(args + 1));

	if (!request || set_options(options, request))
		return change(options, request, args + 1);
	json_decref(request);
	return CTL_USAGE;
}

static enum ctl_exit del(const struct ctl_options *options, char **args)
{
	return change(options, json_pack("{s:s, s:s}", "command", "overlay-del", "name", args[0]),
		      args + 1);
}

static enum ctl_exit join(const struct ctl_options *options, char **args)
{
	return change(options, json_pack("{s:s, s:s, s:o}", "command", "overlay-join",
					 "name", args[0], "members", texts(args + 1)), args + 1);
}

static enum ctl_exit leave(const struct ctl_options *options, char **args)
{
	return change(options, json_pack("{s:s, s:s, s:o}", "command", "overlay-leave",
					 "name", args[0], "members", texts(args + 1)), args + 1);
}

static enum ctl_exit renew(const struct ctl_options *options, char **args)
{
	return change(options, json_pack("{s:s, s:s}", "command", "overlay-renew",
					 "name", args[0]), args + 1);
}

static void print_overlays(const json_t *answer)
{
	const json_t *overlays = json_object_get(answer, "overlays"), *overlay;
	size_t i;

	if (!json_array_size(overlays))
		puts("there is no overlay");
	json_array_foreach(overlays, i, overlay)
		print_overlay(overlay);
}

static enum ctl_exit show(const struct ctl_options *options, char **args)
{
	return ctl_query(options, args[0] ? json_pack("{s:s, s:s}", "command", "overlay-show",
						      "name", args[0]) :
					    json_pack("{s:s}", "command", "overlay-show"),
			 print_overlays);
}

static const struct ctl_command verbs[] = {
	{ "add", "NAME --vni N NIC[=MAC,...]...", "connect these NICs by an overlay network",
	  2, CTL_MANY, .run = add, .options = CTL_OVERLAY | CTL_NEW },
	{ "join", "NAME NIC[=MAC,...]...", "add members, or addresses of members", 2, CTL_MANY,
	  .run = join, .options = CTL_NEW },
	{ "leave", "NAME NIC...", "remove members", 2, CTL_MANY, .run = leave },
	{ "renew", "NAME", "replace all keys", 1, 1, .run = renew },
	{ "del", "NAME", "delete the overlay", 1, 1, .run = del },
	{ "show", "[NAME]", "show overlays and their members", 0, 1, .run = show },
	{ 0 },
};

const struct ctl_command ctl_overlay_commands[] = {
	{ .name = "overlay", .verbs = verbs },
	{ 0 },
};
