// SPDX-License-Identifier: GPL-2.0-or-later
/* cvswd: programs the NICs behind its vswitches. See cvswd(8). */
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent.h"
#include "base/alloc.h"
#include "fabric/channel.h"
#include "api/client.h"
#include "fabric/direct.h"
#include "nic/keylog.h"
#include "base/log.h"
#include "api/monitor.h"
#include "nic/nic_log.h"
#include "apps/settings.h"
#include "fabric/ofconn.h"
#include "api/wait.h"
#include "base/service.h"
#include "base/turns.h"
#include "base/wipe.h"

#define MAX_CHANNELS	16

struct options {
	const char *listen[MAX_CHANNELS];
	const char *connect[MAX_CHANNELS];
	size_t n_listen;
	size_t n_connect;
	int first_socket;	/* of those from the service manager */
	int n_sockets;
	const char *direct;
	const char *socket;
	const char *socket_group;
	const char *state;
	const char *switch_dir;
	const char *key_log;
	size_t max_nics;
	bool allow_version2;
	bool verbose;
};

static const char usage[] =
"Usage: cvswd [OPTION]...\n"
"Programs the CVSW drivers of the guests behind Open vSwitch (see cvswd(8)).\n"
"\n"
"  --listen tcp:ADDR:PORT  take switches on this address, repeatable\n"
"  --listen unix:PATH      ... on this socket (default " CVSWD_DEFAULT_LISTEN ", unless\n"
"                          the service manager hands in a socket)\n"
"  --connect unix:PATH     connect to a switch's own socket, repeatable\n"
"  --direct IF[,IF...]     no switch: the guests' taps on this host\n"
"  --socket PATH           for cvswctl (default " CVSWD_SOCKET ")\n"
"  --socket-group GROUP    who may use it besides root\n"
"  --state FILE            database of keys and of what NICs should have\n"
"  --switch-dir DIR        a socket for OpenFlow controllers for each NIC there\n"
"  --key-log FILE          write sessions' keys there, for Wireshark\n"
#ifdef CVSW_VERSION2
"  --allow-unauthenticated take NICs without a key too, in version 2\n"
#endif
"  --max-nics N            refuse more (default 16384)\n"
"  -v, --verbose           log each control message\n"
"  -V, --version\n"
"  -h, --help\n";

static const struct option long_options[] = {
	{ "listen", required_argument, NULL, 'l' },
	{ "connect", required_argument, NULL, 'c' },
	{ "direct", required_argument, NULL, 'd' },
	{ "socket", required_argument, NULL, 's' },
	{ "socket-group", required_argument, NULL, 'g' },
	{ "state", required_argument, NULL, 'S' },
	{ "switch-dir", required_argument, NULL, 'D' },
	{ "key-log", required_argument, NULL, 'k' },
#ifdef CVSW_VERSION2
	{ "allow-unauthenticated", no_argument, NULL, '2' },
#endif
	{ "max-nics", required_argument, NULL, 'n' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void fail_usage(const char *why)
{
	if (why)
		fprintf(stderr, "cvswd: %s\n", why);
	fputs("cvswd: try cvswd --help\n", stderr);
	exit(2);
}

static void add_channel(const char **list, size_t *n, const char *text)
{
	if (*n == MAX_CHANNELS)
		fail_usage("too many --listen or --connect");
	list[(*n)++] = text;
}

static size_t parse_count(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!n || *end || n > 1000000)
		fail_usage("--max-nics takes a number from 1 to 1000000");
	return n;
}

static void parse_options(int argc, char **argv, struct options *options)
{
	int c;

	while ((c = getopt_long(argc, argv, "vVh", long_options, NULL)) != -1) {
		switch (c) {
		case 'l':
			add_channel(options->listen, &options->n_listen, optarg);
			break;
		case 'c':
			add_channel(options->connect, &options->n_connect, optarg);
			break;
		case 'd':
			options->direct = optarg;
			break;
		case 's':
			options->socket = optarg;
			break;
		case 'g':
			options->socket_group = optarg;
			break;
		case 'S':
			options->state = optarg;
			break;
		case 'D':
			options->switch_dir = optarg;
			break;
		case 'k':
			options->key_log = optarg;
			break;
		case '2':
			options->allow_version2 = true;
			break;
		case 'n':
			options->max_nics = parse_count(optarg);
			break;
		case 'v':
			options->verbose = true;
			break;
		case 'V':
			puts("cvswd " CVSW_VERSION);
			exit(0);
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fail_usage(NULL);
		}
	}
	if (optind < argc)
		fail_usage("there are arguments that are not options");
	options->n_sockets = service_sockets(&options->first_socket);
	if (!options->n_listen && !options->n_connect && !options->direct && !options->n_sockets)
		add_channel(options->listen, &options->n_listen, CVSWD_DEFAULT_LISTEN);
}

static bool open_switches(struct vswitches *switches, const struct options *options)
{
	for (int i = 0; i < options->n_sockets; i++)
		if (!channel_take(switches, options->first_socket + i))
			return false;
	for (size_t i = 0; i < options->n_listen; i++)
		if (!channel_listen(switches, options->listen[i]))
			return false;
	for (size_t i = 0; i < options->n_connect; i++)
		if (!channel_connect(switches, options->connect[i]))
			return false;
	return !options->direct || direct_open(switches, options->direct);
}

static bool open_all(struct agent *agent, const struct options *options)
{
	/* The client socket first: a second daemon fails there, before it takes switches. */
	if (options->key_log) {
		if (!keylog_open(options->key_log))
			return false;
		agent->nics.world.log_keys = keylog_write;
	}
	if (options->switch_dir && !datapaths_open(&agent->datapaths, options->switch_dir))
		return false;
	if (options->state && !state_open(&agent->state, options->state))
		return false;
	if (!clients_listen(agent, options->socket, options->socket_group))
		return false;
	return open_switches(&agent->switches, options);
}

static void close_all(struct agent *agent)
{
	clients_close_all();
	hub_close(&agent->hub);
	agent->switches.event = NULL;
	ofconn_close_all();
	channel_close_all();
	direct_close();
	state_end(&agent->state);
	settings_end();
	overlays_free(&agent->overlays);
	nics_free(&agent->nics);
	keylog_close();
}

/* Who hears what, in this order. */
static void wire(struct agent *agent)
{
	struct hub *hub = &agent->hub;

	hub_on(hub, HUB_NEWS, nic_log, NULL);
	hub_on(hub, HUB_NEWS, monitor_event, NULL);
	hub_on(hub, HUB_BIT(HUB_EXPIRING), overlays_expiring, &agent->overlays);
	hub_on(hub, HUB_BIT(HUB_SAS), overlays_found, &agent->overlays);
	hub_on(hub, HUB_BIT(HUB_SA_REFUSED), overlays_refused, &agent->overlays);
	hub_on(hub, HUB_BIT(HUB_MOVED), state_nic_moved, &agent->state);
	hub_on(hub, HUB_BIT(HUB_MOVED), settings_nic_moved, NULL);
	hub_on(hub, HUB_BIT(HUB_MOVED), overlays_nic_moved, &agent->overlays);
	hub_on(hub, HUB_BIT(HUB_MOVED), wait_nic_moved, NULL);
	hub_on(hub, HUB_BIT(HUB_MOVED) | HUB_BIT(HUB_REMOVED) | HUB_BIT(HUB_PACKET_IN),
	       datapath_event, NULL);
	agent->overlays.settled = wait_look;
	agent->overlays.keeper = (struct overlays_keeper){
		.of = &agent->state, .spi = state_keep_spi, .ways = state_keep_ways,
	};
	agent->switches.event = monitor_switch;
	agent->datapaths = (struct datapaths){
		.base = agent->base, .nics = &agent->nics, .state = &agent->state,
	};
	agent->nics.came = datapaths_nic_came;
	agent->nics.gone = datapaths_nic_gone;
	agent->nics.arg = &agent->datapaths;
}

static void on_signal(evutil_socket_t signal, short what, void *arg)
{
	(void)what;
	log_line(LOG_INFO, "ends on signal %d", (int)signal);
	event_base_loopbreak(arg);
}

static bool run(struct agent *agent, const struct options *options)
{
	struct event *ends[2];
	bool good;

	ends[0] = alloc_checked(evsignal_new(agent->base, SIGTERM, on_signal, agent->base));
	ends[1] = alloc_checked(evsignal_new(agent->base, SIGINT, on_signal, agent->base));
	event_add(ends[0], NULL);
	event_add(ends[1], NULL);
	service_start(agent->base);
	good = open_all(agent, options);
	if (good) {
		service_ready();
		turns_run(agent->base);
		service_stopping();
	}
	close_all(agent);
	service_end();
	event_free(ends[0]);
	event_free(ends[1]);
	return good;
}

int main(int argc, char **argv)
{
	struct options options = { .socket = CVSWD_SOCKET, .max_nics = NICS_DEFAULT_MAX };
	struct agent agent = { 0 };
	struct vport_user user;
	bool good;

	event_set_mem_functions(wipe_malloc, wipe_realloc, wipe_free);
	json_set_alloc_funcs(wipe_malloc, wipe_free);
	parse_options(argc, argv, &options);
	log_init(options.verbose);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);	/* a full database is an error like others */
	agent.base = alloc_checked(event_base_new());
	nics_init(&agent.nics, agent.base, &agent.hub, options.max_nics);
	agent.nics.allow_version2 = options.allow_version2;
	settings_init(agent.base, &agent.nics, state_keep_nic, &agent.state);
	overlays_init(&agent.overlays, agent.base);
	state_start(&agent.state, agent.base, &agent.nics, &agent.overlays);
	user = nics_user(&agent.nics);
	vswitches_init(&agent.switches, agent.base, &user);
	agent.nics.switches = &agent.switches;
	wire(&agent);
	good = run(&agent, &options);
	event_base_free(agent.base);
	libevent_global_shutdown();
	return good ? 0 : 1;
}
