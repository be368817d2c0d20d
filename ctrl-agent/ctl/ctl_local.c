// SPDX-License-Identifier: GPL-2.0-or-later
/* --local: what the driver of this guest says about itself, over generic netlink. */
#include <net/if.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <string.h>

#include "ctl_local.h"
#include "cvsw_nl.h"
#include "cvsw_flow_mod.h"
#include "cvsw_sa.h"
#include "cvsw_text.h"

struct reading {
	json_t *items;
	void (*take)(json_t *items, struct nlattr **attrs);
	bool broken;
};

static struct nla_policy policy[CVSW_NLA_MAX + 1] = {
	[CVSW_NLA_IFINDEX] = { .type = NLA_U32 },
	[CVSW_NLA_IFNAME] = { .type = NLA_STRING },
	[CVSW_NLA_STATE] = { .type = NLA_U8 },
	[CVSW_NLA_MISS] = { .type = NLA_U8 },
	[CVSW_NLA_N_FLOWS] = { .type = NLA_U32 },
	[CVSW_NLA_FLOW_MOD] = { .type = NLA_UNSPEC },
	[CVSW_NLA_N_PACKETS] = { .type = NLA_U64 },
	[CVSW_NLA_N_BYTES] = { .type = NLA_U64 },
	[CVSW_NLA_COUNTER_NAME] = { .type = NLA_STRING },
	[CVSW_NLA_COUNTER] = { .type = NLA_U64 },
	[CVSW_NLA_VERSION] = { .type = NLA_STRING },
	[CVSW_NLA_SPI] = { .type = NLA_U32 },
	[CVSW_NLA_SA_DIRECTION] = { .type = NLA_U8 },
	[CVSW_NLA_SA_STATE] = { .type = NLA_U8 },
	[CVSW_NLA_KEY_BITS] = { .type = NLA_U16 },
	[CVSW_NLA_UDP_SRC] = { .type = NLA_U16 },
	[CVSW_NLA_UDP_DST] = { .type = NLA_U16 },
	[CVSW_NLA_SEQ] = { .type = NLA_U64 },
	[CVSW_NLA_ALGORITHM] = { .type = NLA_STRING },
	[CVSW_NLA_V3_STATE] = { .type = NLA_U8 },
	[CVSW_NLA_V3_SESSIONS] = { .type = NLA_U64 },
};

static json_t *named(struct nlattr **attrs)
{
	uint32_t index = attrs[CVSW_NLA_IFINDEX] ? nla_get_u32(attrs[CVSW_NLA_IFINDEX]) : 0;
	json_t *item = json_object();
	char name[IF_NAMESIZE];

	/* The driver names a device where it describes it, else it gives its index alone. */
	if (attrs[CVSW_NLA_IFNAME])
		json_object_set_new(item, "device",
				    json_string(nla_get_string(attrs[CVSW_NLA_IFNAME])));
	else
		json_object_set_new(item, "device",
				    json_string(if_indextoname(index, name) ?: "?"));
	json_object_set_new(item, "ifindex", json_integer(index));
	return item;
}

static const char *state_name(uint8_t state)
{
	static const char *const names[] = {
		[CVSW_STATE_DISCONNECTED] = "disconnected",
		[CVSW_STATE_CONNECTING] = "connecting",
		[CVSW_STATE_CONNECTED] = "connected",
	};

	return state < sizeof(names) / sizeof(*names) ? names[state] : "unknown";
}

static const char *v3_state_name(uint8_t state)
{
	static const char *const names[] = {
		[CVSW_V3_STATE_NO_KEY] = "no key",
		[CVSW_V3_STATE_REGISTERING] = "registering",
		[CVSW_V3_STATE_CONNECTED] = "connected",
		[CVSW_V3_STATE_SILENT] = "silent",
	};

	return state < sizeof(names) / sizeof(*names) ? names[state] : "unknown";
}

/* A NIC with a key speaks version 3 alone; so does a driver that does not allow version 2. */
static void take_state(json_t *item, struct nlattr **attrs)
{
	uint8_t v3 = attrs[CVSW_NLA_V3_STATE] ? nla_get_u8(attrs[CVSW_NLA_V3_STATE]) : 0;
	struct nlattr *v2 = v3 ? NULL : attrs[CVSW_NLA_STATE];

	json_object_set_new(item, "protocol", json_integer(v2 ? 2 : 3));
	json_object_set_new(item, "state", json_string(v2 ? state_name(nla_get_u8(v2)) :
							    v3_state_name(v3)));
	if (v3 && attrs[CVSW_NLA_V3_SESSIONS])
		json_object_set_new(item, "sessions",
				    json_integer(nla_get_u64(attrs[CVSW_NLA_V3_SESSIONS])));
}

static const char *miss_name(uint8_t miss)
{
	static const char *const names[] = {
		[CVSW_MISS_PASS] = "pass", [CVSW_MISS_DROP] = "drop",
		[CVSW_MISS_CONTROLLER] = "controller",
	};

	return miss < CVSW_N_MISSES ? names[miss] : "?";
}

static void take_port(json_t *items, struct nlattr **attrs)
{
	json_t *item = named(attrs);

	take_state(item, attrs);
	if (attrs[CVSW_NLA_MISS])
		json_object_set_new(item, "miss",
				    json_string(miss_name(nla_get_u8(attrs[CVSW_NLA_MISS]))));
	if (attrs[CVSW_NLA_N_FLOWS])
		json_object_set_new(item, "flows",
				    json_integer(nla_get_u32(attrs[CVSW_NLA_N_FLOWS])));
	if (attrs[CVSW_NLA_VERSION])
		json_object_set_new(item, "version",
				    json_string(nla_get_string(attrs[CVSW_NLA_VERSION])));
	json_array_append_new(items, item);
}

static json_t *flow_text(struct nlattr *flow_mod)
{
	char text[16384];
	enum cvsw_flow_command command;
	struct cvsw_flow flow;
	size_t used;

	if (cvsw_flow_mod_decode(nla_data(flow_mod), nla_len(flow_mod), &used, &command, &flow,
			      NULL) != CVSW_OK)
		return json_string("(not readable by this cvswctl)");
	cvsw_text_format(&flow, text, sizeof(text));
	return json_string(text);
}

static void take_counts(json_t *item, struct nlattr **attrs)
{
	if (attrs[CVSW_NLA_N_PACKETS])
		json_object_set_new(item, "packets",
				    json_integer(nla_get_u64(attrs[CVSW_NLA_N_PACKETS])));
	if (attrs[CVSW_NLA_N_BYTES])
		json_object_set_new(item, "bytes",
				    json_integer(nla_get_u64(attrs[CVSW_NLA_N_BYTES])));
}

static void take_flow(json_t *items, struct nlattr **attrs)
{
	json_t *item = named(attrs);

	if (attrs[CVSW_NLA_FLOW_MOD])
		json_object_set_new(item, "flow", flow_text(attrs[CVSW_NLA_FLOW_MOD]));
	take_counts(item, attrs);
	json_array_append_new(items, item);
}

static void take_counter(json_t *items, struct nlattr **attrs)
{
	json_t *item = named(attrs);

	if (attrs[CVSW_NLA_COUNTER_NAME])
		json_object_set_new(item, "counter",
				    json_string(nla_get_string(attrs[CVSW_NLA_COUNTER_NAME])));
	if (attrs[CVSW_NLA_COUNTER])
		json_object_set_new(item, "value",
				    json_integer(nla_get_u64(attrs[CVSW_NLA_COUNTER])));
	json_array_append_new(items, item);
}

static json_t *sa_state(uint8_t state)
{
	static const char *const names[] = {
		[CVSW_SA_ACTIVE] = "active",
		[CVSW_SA_STOPPED] = "stopped",
		[CVSW_SA_SPENT] = "spent",
	};

	return json_string(state < sizeof(names) / sizeof(*names) ? names[state] : "unknown");
}

static void take_sa(json_t *items, struct nlattr **attrs)
{
	json_t *item = named(attrs);

	if (attrs[CVSW_NLA_SPI])
		json_object_set_new(item, "spi", json_integer(nla_get_u32(attrs[CVSW_NLA_SPI])));
	if (attrs[CVSW_NLA_SA_DIRECTION])
		json_object_set_new(item, "direction",
				    json_string(nla_get_u8(attrs[CVSW_NLA_SA_DIRECTION]) ==
						CVSW_SA_OUT ? "out" : "in"));
	if (attrs[CVSW_NLA_SA_STATE])
		json_object_set_new(item, "state", sa_state(nla_get_u8(attrs[CVSW_NLA_SA_STATE])));
	if (attrs[CVSW_NLA_KEY_BITS])
		json_object_set_new(item, "alg", json_sprintf("aes-gcm-%u", nla_get_u16(
							      attrs[CVSW_NLA_KEY_BITS])));
	if (attrs[CVSW_NLA_UDP_SRC] && attrs[CVSW_NLA_UDP_DST])
		json_object_set_new(item, "udp",
				    json_pack("[i, i]", nla_get_u16(attrs[CVSW_NLA_UDP_SRC]),
					      nla_get_u16(attrs[CVSW_NLA_UDP_DST])));
	if (attrs[CVSW_NLA_SEQ])
		json_object_set_new(item, "seq", json_integer(nla_get_u64(attrs[CVSW_NLA_SEQ])));
	if (attrs[CVSW_NLA_ALGORITHM])
		json_object_set_new(item, "by",
				    json_string(nla_get_string(attrs[CVSW_NLA_ALGORITHM])));
	take_counts(item, attrs);
	json_array_append_new(items, item);
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[CVSW_NLA_MAX + 1];
	struct reading *reading = arg;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, attrs, CVSW_NLA_MAX, policy) < 0)
		reading->broken = true;
	else
		reading->take(reading->items, attrs);
	return NL_OK;
}

static int send_dump(struct nl_sock *sock, int family, enum cvsw_nl_command command,
		     uint32_t ifindex)
{
	struct nl_msg *msg = nlmsg_alloc();
	int error = -NLE_NOMEM;

	if (msg && genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, NLM_F_DUMP, command,
			       CVSW_NL_VERSION)) {
		error = ifindex ? nla_put_u32(msg, CVSW_NLA_IFINDEX, ifindex) : 0;
		if (!error)
			error = nl_send_auto(sock, msg);
	}
	nlmsg_free(msg);
	return error;
}

int ctl_driver_open(struct nl_sock **sock)
{
	int family;

	*sock = nl_socket_alloc();
	if (!*sock || genl_connect(*sock) < 0) {
		ctl_complain("cannot open a generic netlink socket");
		goto fail;
	}
	family = genl_ctrl_resolve(*sock, CVSW_NL_FAMILY);
	if (family >= 0)
		return family;
	ctl_complain("no CVSW driver on this machine: the kernel has no generic netlink "
		     "family \"%s\" (is the module cvsw loaded?)", CVSW_NL_FAMILY);
fail:
	nl_socket_free(*sock);
	*sock = NULL;
	return -1;
}

/* A dump's answers into @reading; false after a complaint. */
static bool dump(struct nl_sock *sock, int family, enum cvsw_nl_command command,
		 uint32_t ifindex, struct reading *reading)
{
	int error;

	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_message, reading);
	error = send_dump(sock, family, command, ifindex);
	if (error >= 0)
		error = nl_recvmsgs_default(sock);
	if (error == -NLE_PERM || error == -NLE_NOACCESS)
		ctl_complain("the driver shows this to CAP_NET_ADMIN only");
	else if (error < 0)
		ctl_complain("the driver: %s", nl_geterror(error));
	else if (reading->broken)
		ctl_complain("the driver answers what this cvswctl cannot read");
	return error >= 0 && !reading->broken;
}

static enum ctl_exit ask_driver(const struct ctl_options *options, const char *device,
				enum cvsw_nl_command command,
				void (*take)(json_t *items, struct nlattr **attrs),
				void (*print)(const json_t *items))
{
	struct reading reading = { .take = take };
	uint32_t ifindex = device ? if_nametoindex(device) : 0;
	struct nl_sock *sock;
	int family;
	bool good;

	if (device && !ifindex) {
		ctl_complain("no network device \"%s\" here", device);
		return CTL_FAILED;
	}
	family = ctl_driver_open(&sock);
	if (family < 0)
		return CTL_FAILED;
	reading.items = json_array();
	good = reading.items && dump(sock, family, command, ifindex, &reading);
	nl_socket_free(sock);
	if (good && options->json)
		ctl_print_json(reading.items);
	else if (good)
		print(reading.items);
	json_decref(reading.items);
	return good ? CTL_OK : CTL_FAILED;
}

static long long number(const json_t *item, const char *key)
{
	return json_integer_value(json_object_get(item, key));
}

/* A line with the device's name where another one begins. */
static const char *print_device(const json_t *item, const char *last)
{
	const char *device = ctl_text(item, "device", "?");

	if (strcmp(device, last))
		printf("%s:\n", device);
	return device;
}

static void print_ports(const json_t *items)
{
	const json_t *item;
	size_t i;

	if (!json_array_size(items))
		puts("no device under CVSW in this network namespace");
	json_array_foreach(items, i, item)
		printf("%-15s %-12s  version %lld  %lld flows, others %s  cvsw %s\n",
		       ctl_text(item, "device", "?"), ctl_text(item, "state", "?"),
		       number(item, "protocol"), number(item, "flows"),
		       ctl_text(item, "miss", "?"), ctl_text(item, "version", "?"));
}

static void print_flows(const json_t *items)
{
	const char *device = "";
	const json_t *item;
	size_t i;

	json_array_foreach(items, i, item) {
		device = print_device(item, device);
		printf("  n_packets=%lld, n_bytes=%lld, %s\n", number(item, "packets"),
		       number(item, "bytes"), ctl_text(item, "flow", "?"));
	}
}

static void print_counters(const json_t *items)
{
	const char *device = "";
	const json_t *item;
	size_t i;

	json_array_foreach(items, i, item) {
		device = print_device(item, device);
		printf("  %-28s %lld\n", ctl_text(item, "counter", "?"), number(item, "value"));
	}
}

static void print_sas(const json_t *items)
{
	const char *device = "";
	const json_t *item, *udp;
	size_t i;

	json_array_foreach(items, i, item) {
		device = print_device(item, device);
		udp = json_object_get(item, "udp");
		printf("  spi=0x%08llx %-3s  %s  %s  seq=%lld, n_packets=%lld, n_bytes=%lld",
		       number(item, "spi"), ctl_text(item, "direction", "?"),
		       ctl_text(item, "alg", "?"), ctl_text(item, "state", "?"),
		       number(item, "seq"), number(item, "packets"), number(item, "bytes"));
		if (udp)
			printf(", udp=%lld:%lld",
			       (long long)json_integer_value(json_array_get(udp, 0)),
			       (long long)json_integer_value(json_array_get(udp, 1)));
		printf("  (%s)\n", ctl_text(item, "by", "?"));
	}
}

static enum ctl_exit local_show(const struct ctl_options *options, char **args)
{
	return ask_driver(options, args[0], CVSW_NL_GET_PORT, take_port, print_ports);
}

static enum ctl_exit local_dump_flows(const struct ctl_options *options, char **args)
{
	return ask_driver(options, args[0], CVSW_NL_GET_FLOW, take_flow, print_flows);
}

static enum ctl_exit local_stats(const struct ctl_options *options, char **args)
{
	return ask_driver(options, args[0], CVSW_NL_GET_STATS, take_counter, print_counters);
}

static enum ctl_exit local_sa(const struct ctl_options *options, char **args)
{
	return ask_driver(options, args[0], CVSW_NL_GET_SA, take_sa, print_sas);
}

const struct ctl_command ctl_local_commands[] = {
	{ "show", "[DEV]", "show devices and their state", 0, 1, .run = local_show },
	{ "dump-flows", "[DEV]", "show flows, with counters", 0, 1, .run = local_dump_flows },
	{ "stats", "[DEV]", "show counters, by cause", 0, 1, .run = local_stats },
	{ "sa", "[DEV]", "show security associations", 0, 1, .run = local_sa },
	{ "key", "DEV -|--file FILE", "set the key shared with cvswd", 1, 2,
	  .run = ctl_local_key, .options = CTL_FILE },
	{ "forget-key", "DEV", "remove it", 1, 1, .run = ctl_local_forget_key },
	{ 0 },
};
