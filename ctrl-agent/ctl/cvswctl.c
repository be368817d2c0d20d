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

enum {
	OPTION_FILE = 256,
	OPTION_VNI,
	OPTION_ENCRYPT,
	OPTION_UDP_ENCAP,
	OPTION_POOL,
	OPTION_UNDERLAY_MTU,
	OPTION_REKEY,
	OPTION_DRY_RUN,
	OPTION_STRICT,
	OPTION_NEW,
	OPTION_TAKE_OVER,
	OPTION_IPV4_ONLY,
};

static const struct option long_options[] = {
	{ "file", required_argument, NULL, OPTION_FILE },
	{ "vni", required_argument, NULL, OPTION_VNI },
	{ "encrypt", optional_argument, NULL, OPTION_ENCRYPT },
	{ "udp-encap", optional_argument, NULL, OPTION_UDP_ENCAP },
	{ "underlay-pool", required_argument, NULL, OPTION_POOL },
	{ "underlay-mtu", required_argument, NULL, OPTION_UNDERLAY_MTU },
	{ "rekey", required_argument, NULL, OPTION_REKEY },
	{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
	{ "strict", no_argument, NULL, OPTION_STRICT },
	{ "new", no_argument, NULL, OPTION_NEW },
	{ "take-over", no_argument, NULL, OPTION_TAKE_OVER },
	{ "ipv4-only", no_argument, NULL, OPTION_IPV4_ONLY },
	{ "json", no_argument, NULL, 'j' },
	{ "local", no_argument, NULL, 'l' },
	{ "socket", required_argument, NULL, 's' },
	{ "no-wait", no_argument, NULL, 'n' },
	{ "timeout", required_argument, NULL, 't' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static const char options_help[] =
"Options:\n"
"  -j, --json         print JSON\n"
"      --local        ask the driver of this machine, not cvswd\n"
"      --socket PATH  cvswd's socket (default " CVSWD_SOCKET ")\n"
"      --no-wait      do not wait until the NIC has it\n"
"      --timeout SEC  wait this long (default 10)\n"
"  -V, --version\n"
"  -h, --help\n"
"\n"
"Of add-flow(s), mod-flows, del-flows, replace-flows: --dry-run: say what would change\n"
"Of mod-flows, del-flows: --strict: the flow of just this match and priority\n"
"Of del-flows: --take-over: though no flows are configured, and all that are there will go\n"
"Of commands that configure a NIC: --new: accept a MAC address that nothing is known of\n"
"Of overlay add: --vni N  --encrypt [aes-gcm-128|aes-gcm-256]\n"
"  --udp-encap[=SRC:DST]\n"
"  --underlay-pool NET/LEN  --underlay-mtu BYTES  --ipv4-only  --rekey SEC\n"
"Of key add: 64 hex digits from --file FILE, or with - from standard input\n"
"Of set-key: alg=aes-gcm-128|aes-gcm-256 [udp[=SRC:DST]], and the key from --file FILE,\n"
"  or with - from standard input\n"
"\n"
"A NIC is named by its MAC address, by DPID:PORT, or by its port's name at the switch.\n"
"Exit status: 0 done, 1 refused or failed: nothing was changed, 2 wrong usage, or flows\n"
"  differ (diff-flows), 3 done, but the NIC has not confirmed it, or it is not kept.\n"
"More in cvswctl(8).\n";

static void print_group(const char *prefix, const struct ctl_command *const *groups)
{
	for (; *groups; groups++) {
		for (const struct ctl_command *command = *groups; command->name; command++) {
			char call[64];

			snprintf(call, sizeof(call), "%s %s", command->name, command->args);
			printf("  cvswctl %s%-*s %s\n", prefix, 34 - (int)strlen(prefix), call,
			       command->help);
		}
	}
}

static void print_help(void)
{
	puts("Usage: cvswctl [OPTION]... COMMAND [ARGUMENT]...\n");
	puts("To the controller daemon:");
	print_group("", remote_groups);
	puts("\nIn a guest, to its driver:");
	print_group("--local ", local_groups);
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

static const struct ctl_command *find(const struct ctl_options *options, const char *name)
{
	const struct ctl_command *const *groups = options->local ? local_groups : remote_groups;

	for (; *groups; groups++)
		for (const struct ctl_command *command = *groups; command->name; command++)
			if (!strcmp(command->name, name))
				return command;
	return NULL;
}

static unsigned int options_of(const char *command)
{
	static const struct {
		const char *command;
		unsigned int options;
	} takers[] = {
		{ "key", CTL_FILE }, { "set-key", CTL_FILE },
		{ "overlay", CTL_OVERLAY | CTL_NEW },
		{ "set-mtu", CTL_NEW }, { "set-offload", CTL_NEW },
		{ "add-flow", CTL_DRY_RUN | CTL_NEW }, { "add-flows", CTL_DRY_RUN | CTL_NEW },
		{ "replace-flows", CTL_DRY_RUN | CTL_NEW },
		{ "mod-flows", CTL_DRY_RUN | CTL_STRICT | CTL_NEW },
		{ "del-flows", CTL_DRY_RUN | CTL_STRICT | CTL_TAKE_OVER },
	};

	for (size_t i = 0; i < sizeof(takers) / sizeof(*takers); i++)
		if (!strcmp(takers[i].command, command))
			return takers[i].options;
	return 0;
}

/* Of those that the command does not take, one. */
static const char *option_name(unsigned int given)
{
	if (given & CTL_FILE)
		return "--file";
	if (given & CTL_DRY_RUN)
		return "--dry-run";
	if (given & CTL_NEW)
		return "--new";
	if (given & CTL_TAKE_OVER)
		return "--take-over";
	return given & CTL_STRICT ? "--strict" : "the options of overlay add";
}

static enum ctl_exit run(const struct ctl_options *options, int argc, char **argv)
{
	const struct ctl_command *command;
	enum ctl_exit result;
	unsigned int excess;
	int n_args = argc - 1;

	if (!argc) {
		ctl_complain("no command");
		return fail_usage();
	}
	if (!strcmp(argv[0], "help")) {
		print_help();
		return CTL_OK;
	}
	command = find(options, argv[0]);
	if (!command) {
		ctl_complain("no command \"%s\"%s", argv[0], options->local ? " with --local" : "");
		return fail_usage();
	}
	excess = options->given & ~options_of(command->name);
	if (excess) {
		ctl_complain("%s does not take %s", command->name, option_name(excess));
		return CTL_USAGE;
	}
	if (n_args < command->min_args || n_args > command->max_args) {
		ctl_complain("usage: cvswctl%s %s %s", options->local ? " --local" : "",
			     command->name, command->args);
		return CTL_USAGE;
	}
	result = command->run(options, argv + 1);
	if (fflush(stdout) || ferror(stdout)) {
		ctl_complain("cannot write the output");
		return CTL_FAILED;
	}
	return result;
}

/* Those that not every command takes. */
static bool take_command_option(int c, char **argv, struct ctl_options *options)
{
	switch (c) {
	case OPTION_FILE:
		options->given |= CTL_FILE;
		options->file = optarg;
		return true;
	case OPTION_DRY_RUN:
		options->given |= CTL_DRY_RUN;
		return options->dry_run = true;
	case OPTION_STRICT:
		options->given |= CTL_STRICT;
		return options->strict = true;
	case OPTION_NEW:
		options->given |= CTL_NEW;
		return options->new_nic = true;
	case OPTION_TAKE_OVER:
		options->given |= CTL_TAKE_OVER;
		return options->take_over = true;
	}
	options->given |= CTL_OVERLAY;
	switch (c) {
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

enum ctl_exit ctl_verb(const struct ctl_options *options, const char *command,
		       const struct ctl_command *verbs, char **args)
{
	const struct ctl_command *verb;
	int n = 0;

	while (args[1 + n])
		n++;
	for (verb = verbs; verb->name && strcmp(verb->name, args[0]); verb++)
		;
	if (verb->name && n >= verb->min_args && n <= verb->max_args)
		return verb->run(options, args + 1);
	if (verb->name) {
		ctl_complain("usage: cvswctl %s %s %s", command, verb->name, verb->args);
		return CTL_USAGE;
	}
	ctl_complain("no command \"%s %s\"; there are:", command, args[0]);
	for (verb = verbs; verb->name; verb++)
		fprintf(stderr, "  cvswctl %s %s %s\n", command, verb->name, verb->args);
	return CTL_USAGE;
}

int main(int argc, char **argv)
{
	struct ctl_options options = { .socket = CVSWD_SOCKET, .wait = true, .timeout_ms = 10000 };
	int c;

	/* What becomes of a key read from a file is freed wiped. */
	json_set_alloc_funcs(wipe_malloc, wipe_free);
	signal(SIGPIPE, SIG_IGN);
	while ((c = getopt_long(argc, argv, "jVh", long_options, NULL)) != -1) {
		switch (c) {
		case 'j':
			options.json = true;
			break;
		case 'l':
			options.local = true;
			break;
		case 's':
			options.socket = optarg;
			break;
		case 'n':
			options.wait = false;
			break;
		case 't':
			if (!parse_timeout(optarg, &options))
				return CTL_USAGE;
			break;
		case 'V':
			puts("cvswctl " CVSW_VERSION);
			return CTL_OK;
		case 'h':
			print_help();
			return CTL_OK;
		default:
			if (!take_command_option(c, argv, &options))
				return fail_usage();
		}
	}
	return run(&options, argc - optind, argv + optind);
}
