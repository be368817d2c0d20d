// SPDX-License-Identifier: GPL-2.0-or-later
/* cvswctl: asks cvswd, or with --local the driver of this guest. See cvswctl(8). */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "base/wipe.h"
#include "base/version.h"

static const struct ctl_command *const remote_groups[] = {
	ctl_show_commands, ctl_watch_commands, ctl_flow_commands, ctl_setting_commands,
	ctl_psk_commands, ctl_key_commands, ctl_overlay_commands, NULL,
};
static const struct ctl_command *const local_groups[] = { ctl_local_commands, NULL };

/* X(constant, name, argument, which commands take it) */
#define LONG_OPTIONS(X) \
	X(FILE, "file", required_argument, CTL_FILE) \
	X(VNI, "vni", required_argument, CTL_OVERLAY) \
	X(ENCRYPT, "encrypt", optional_argument, CTL_OVERLAY) \
	X(UDP_ENCAP, "udp-encap", optional_argument, CTL_OVERLAY) \
	X(POOL, "underlay-pool", required_argument, CTL_OVERLAY) \
	X(UNDERLAY_MTU, "underlay-mtu", required_argument, CTL_OVERLAY) \
	X(REKEY, "rekey", required_argument, CTL_OVERLAY) \
	X(IPV4_ONLY, "ipv4-only", no_argument, CTL_OVERLAY) \
	X(DRY_RUN, "dry-run", no_argument, CTL_DRY_RUN) \
	X(STRICT, "strict", no_argument, CTL_STRICT) \
	X(NEW, "new", no_argument, CTL_NEW) \
	X(TAKE_OVER, "take-over", no_argument, CTL_TAKE_OVER) \
	X(JSON, "json", no_argument, 0) \
	X(LOCAL, "local", no_argument, 0) \
	X(SOCKET, "socket", required_argument, 0) \
	X(NO_WAIT, "no-wait", no_argument, 0) \
	X(TIMEOUT, "timeout", required_argument, 0) \
	X(VERSION, "version", no_argument, 0) \
	X(HELP, "help", no_argument, 0)

enum {
	OPTION_BEFORE_FIRST = 255,
#define X(constant, name, argument, group) OPTION_##constant,
	LONG_OPTIONS(X)
#undef X
};

static const struct option long_options[] = {
#define X(constant, name, argument, group) { name, argument, NULL, OPTION_##constant },
	LONG_OPTIONS(X)
#undef X
	{ 0 },
};

const struct ctl_option ctl_long_options[] = {
#define X(constant, name, argument, group) { name, argument, group },
	LONG_OPTIONS(X)
#undef X
	{ 0 },
};

static const char options_help[] =
"Options:\n"
"  -j, --json         print JSON\n"
"      --local        ask the driver of this machine, not cvswd\n"
"      --socket PATH  cvswd's socket (default " CVSWD_SOCKET ")\n"
"      --no-wait      do not wait until the NIC has the change\n"
"      --timeout SEC  wait no longer than this (default 10)\n"
"  -V, --version\n"
"  -h, --help\n"
"\n"
"For add-flow(s), mod-flows, del-flows, replace-flows, and for add-group(s), mod-group, del-groups:\n"
"      --dry-run      only print what would change\n"
"For mod-flows, del-flows:\n"
"      --strict       select only the flow with exactly this match and priority\n"
"For del-flows:\n"
"      --take-over    delete flows of others, when no flows are configured\n"
"For commands that configure a NIC:\n"
"      --new          accept a MAC address that has no key and never registered\n"
"For overlay add:\n"
"      --encrypt [aes-gcm-128|aes-gcm-256]  --udp-encap[=SRC:DST]  --rekey SEC\n"
"      --underlay-pool NET/LEN  --underlay-mtu BYTES  --ipv4-only\n"
"Keys are read from --file FILE, or from standard input with \"-\".\n"
"\n"
"A NIC is named by its MAC address, by DPID:PORT, or by its port's name at the switch.\n"
"Exit status: 0 done; 1 refused or failed, nothing was changed; 2 wrong usage, or flows\n"
"  differ (diff-flows); 3 done, but the NIC has not confirmed it, or it is not stored.\n"
"More in cvswctl(8).\n";

#define CALL_WIDTH	36

/* A call that is too long for its column has the help below it. */
static void print_command(const char *prefix, const struct ctl_command *command)
{
	int len = printf("  cvswctl %s%s %s", prefix, command->name, command->args) - 10;

	if (len >= CALL_WIDTH) {
		putchar('\n');
		len = -10;
	}
	printf("%*s %s\n", CALL_WIDTH - len, "", command->help);
}

static void print_verbs(const char *prefix, const struct ctl_command *command)
{
	char verb_prefix[64];

	snprintf(verb_prefix, sizeof(verb_prefix), "%s%s ", prefix, command->name);
	for (const struct ctl_command *verb = command->verbs; verb->name; verb++)
		print_command(verb_prefix, verb);
}

static void print_groups(const char *prefix, const struct ctl_command *const *groups)
{
	for (; *groups; groups++)
		for (const struct ctl_command *command = *groups; command->name; command++)
			if (command->verbs)
				print_verbs(prefix, command);
			else
				print_command(prefix, command);
}

static void print_help(void)
{
	puts("Usage: cvswctl [OPTION]... COMMAND [ARGUMENT]...\n");
	puts("Commands for the controller daemon:");
	print_groups("", remote_groups);
	puts("\nCommands for the driver, inside a guest:");
	print_groups("--local ", local_groups);
	putchar('\n');
	fputs(options_help, stdout);
}

static enum ctl_exit fail_usage(void)
{
	fputs("cvswctl: try cvswctl --help\n", stderr);
	return CTL_USAGE;
}

static bool parse_timeout(const char *text, struct ctl_options *options)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0 && seconds <= 600)) {
		ctl_complain("--timeout takes seconds, from 0 to 600, not \"%s\"", text);
		return false;
	}
	options->timeout_ms = seconds * 1000;
	return true;
}

const struct ctl_command *const *ctl_groups(bool local)
{
	return local ? local_groups : remote_groups;
}

static const struct ctl_command *find_in(const struct ctl_command *commands, const char *name)
{
	for (; commands->name; commands++)
		if (!strcmp(commands->name, name))
			return commands;
	return NULL;
}

const struct ctl_command *ctl_find(bool local, const char *name)
{
	const struct ctl_command *command = NULL;

	for (const struct ctl_command *const *groups = ctl_groups(local); *groups && !command; groups++)
		command = find_in(*groups, name);
	return command;
}

const struct ctl_command *ctl_find_verb(const struct ctl_command *command, const char *name)
{
	return find_in(command->verbs, name);
}

/* Of those that the command does not take, one. */
static const char *option_name(unsigned int given)
{
	const struct ctl_option *option = ctl_long_options;

	while (!(option->group & given))
		option++;
	return option->group == CTL_OVERLAY ? "the options of overlay add" : option->name;
}

/* @args: what stands behind @name, which may be "overlay add" */
static enum ctl_exit run_command(const struct ctl_options *options, const char *name,
				 const struct ctl_command *command, char **args)
{
	unsigned int excess = options->given & ~command->options;
	int n = 0;

	if (excess) {
		ctl_complain("%s does not take %s%s", name, excess & CTL_OVERLAY ? "" : "--",
			     option_name(excess));
		return CTL_USAGE;
	}
	while (args[n])
		n++;
	if (n >= command->min_args && n <= command->max_args)
		return command->run(options, args);
	ctl_complain("usage: cvswctl%s %s %s", options->local ? " --local" : "", name, command->args);
	return CTL_USAGE;
}

static enum ctl_exit run_verb(const struct ctl_options *options, const struct ctl_command *command,
			      char **args)
{
	const struct ctl_command *verb = *args ? ctl_find_verb(command, *args) : NULL;
	char name[64];

	if (verb) {
		snprintf(name, sizeof(name), "%s %s", command->name, verb->name);
		return run_command(options, name, verb, args + 1);
	}
	if (*args)
		ctl_complain("no command \"%s %s\"; there are:", command->name, *args);
	else
		ctl_complain("%s needs one of these:", command->name);
	for (verb = command->verbs; verb->name; verb++)
		fprintf(stderr, "  cvswctl %s %s %s\n", command->name, verb->name, verb->args);
	return CTL_USAGE;
}

static enum ctl_exit run(const struct ctl_options *options, char **words)
{
	const struct ctl_command *command;
	enum ctl_exit result;

	if (!*words) {
		ctl_complain("no command");
		return fail_usage();
	}
	if (!strcmp(*words, "help")) {
		print_help();
		return CTL_OK;
	}
	command = ctl_find(options->local, *words);
	if (!command) {
		ctl_complain("no command \"%s\"%s", *words, options->local ? " with --local" : "");
		return fail_usage();
	}
	result = command->verbs ? run_verb(options, command, words + 1) :
				  run_command(options, command->name, command, words + 1);
	if (fflush(stdout) || ferror(stdout)) {
		ctl_complain("cannot write the output");
		return CTL_FAILED;
	}
	return result;
}

/* Those that not every command takes. */
static bool take_command_option(int c, char **argv, struct ctl_options *options)
{
	if (c <= OPTION_BEFORE_FIRST)
		return false;
	options->given |= ctl_long_options[c - OPTION_BEFORE_FIRST - 1].group;
	switch (c) {
	case OPTION_FILE:
		options->file = optarg;
		return true;
	case OPTION_DRY_RUN:
		return options->dry_run = true;
	case OPTION_STRICT:
		return options->strict = true;
	case OPTION_NEW:
		return options->new_nic = true;
	case OPTION_TAKE_OVER:
		return options->take_over = true;
	case OPTION_VNI:
		options->vni = optarg;
		return true;
	case OPTION_ENCRYPT:
		/* An algorithm may stand apart: no NIC has such a name. */
		if (!optarg && argv[optind] && !strncmp(argv[optind], "aes-", 4))
			optarg = argv[optind++];
		options->encrypt = optarg ? optarg : "aes-gcm-256";
		return true;
	case OPTION_UDP_ENCAP:
		options->udp_encap = optarg ? optarg : "";
		return true;
	case OPTION_IPV4_ONLY:
		return options->ipv4_only = true;
	case OPTION_POOL:
		options->pool = optarg;
		return true;
	case OPTION_UNDERLAY_MTU:
		options->underlay_mtu = optarg;
		return true;
	case OPTION_REKEY:
		options->rekey = optarg;
		return true;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	struct ctl_options options = { .socket = CVSWD_SOCKET, .wait = true, .timeout_ms = 10000 };
	int c;

	/* What becomes of a key read from a file is freed wiped. */
	json_set_alloc_funcs(wipe_malloc, wipe_free);
	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && !strcmp(argv[1], "--complete"))
		return ctl_complete(argc - 2, argv + 2);
	while ((c = getopt_long(argc, argv, "jVh", long_options, NULL)) != -1) {
		switch (c) {
		case 'j':
		case OPTION_JSON:
			options.json = true;
			break;
		case OPTION_LOCAL:
			options.local = true;
			break;
		case OPTION_SOCKET:
			options.socket = optarg;
			break;
		case OPTION_NO_WAIT:
			options.wait = false;
			break;
		case OPTION_TIMEOUT:
			if (!parse_timeout(optarg, &options))
				return CTL_USAGE;
			break;
		case 'V':
		case OPTION_VERSION:
			puts("cvswctl " CVSW_VERSION);
			return CTL_OK;
		case 'h':
		case OPTION_HELP:
			print_help();
			return CTL_OK;
		default:
			if (!take_command_option(c, argv, &options))
				return fail_usage();
		}
	}
	return run(&options, argv + optind);
}
