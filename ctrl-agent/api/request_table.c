// SPDX-License-Identifier: GPL-2.0-or-later
#include "request_table.h"

#include "cvsw_group.h"
#include "cvsw_sa.h"
#include "intent.h"
#include "request.h"

#define REQUIRED	.required = true

/* ---- members that several commands have ---- */

#define NIC { "nic", REQUEST_TEXT, REQUIRED, \
	.help = "a MAC address, `DPID:PORT`, or a port's name" }
#define FLOWS { "flows", REQUEST_TEXTS, REQUIRED, .min = 0, .max = ANY_LENGTH, \
	.help = "flows, in ovs-ofctl's syntax" }
#define GROUP_ID { "id", REQUEST_NUMBER, REQUIRED, .min = 0, .max = CVSW_GROUP_MAX, \
	.help = "a group's number" }
#define OR_ALL_GROUPS { "id", REQUEST_NUMBER, .min = 0, .max = CVSW_GROUP_MAX, \
	.help = "of one group; not given: all" }
#define MATCH { "match", REQUEST_TEXT, .help = "which flows; not given: all" }
#define STRICT { "strict", REQUEST_FLAG, .help = "only the flow of exactly this match and priority" }
#define DRY_RUN { "dry_run", REQUEST_FLAG, \
	.help = "change nothing; the answer is that of `diff-flows`" }
#define NEW { "new", REQUEST_FLAG, \
	.help = "accept a MAC address that no port, key or configuration knows" }
#define WAIT { "wait", REQUEST_FLAG, .help = "answer when the NIC has it, or when the time is up" }
#define NAME { "name", REQUEST_TEXT, REQUIRED, .help = "of an overlay" }
#define MEMBERS { "members", REQUEST_TEXTS, REQUIRED, .min = 1, .max = ANY_LENGTH, \
	.help = "`NIC` or `NIC=MAC,MAC`: further addresses behind it" }
#define DIRECTION { "direction", REQUEST_TEXT, REQUIRED, .values = "in out", .help = "of an SA" }
#define SPI { "spi", REQUEST_NUMBER, REQUIRED, .min = CVSW_SA_SPI_MIN, .max = 0xffffffff, \
	.help = "of an SA" }
#define UDP { "udp", REQUEST_PORTS, .help = "ESP in UDP: source and destination port" }
#define ALGORITHMS	"aes-gcm-128 aes-gcm-256"
#define ANY_LENGTH	0x7fffffff

/* Those of every request. */
static const struct request_member common[] = {
	{ "command", REQUEST_TEXT, REQUIRED, .help = "which command" },
	{ "timeout_ms", REQUEST_NUMBER, .min = 0, .max = REQUEST_MAX_TIMEOUT_MS,
	  .help = "how long the answer may wait for a NIC; not given: 10000" },
};

/* ---- commands ---- */

static const struct request_command commands[] = {
	{ "show", request_show, {},
	  "switches, ports and NICs", "`version`, `kept` (false: the database cannot be written), `switches`, `nics`, "
	  "`drops`, `max_nics`; `unread`: array of `table`, `key`, `error`, the rows of the "
	  "database that cannot be read; `nics_beyond`: how many NICs of the database are more "
	  "than `max_nics`, if any" },
	{ "help", request_help, {},
	  "all commands, members and codes", "`commands`, `common`, `codes`" },
	{ "add-flows", request_add_flows, { NIC, FLOWS, NEW, DRY_RUN, WAIT },
	  "adds flows, all or none", "change" },
	{ "mod-flows", request_mod_flows,
	  { NIC, { "flow", REQUEST_TEXT, REQUIRED, .help = "match and new actions" },
	    STRICT, NEW, DRY_RUN, WAIT },
	  "gives flows other actions; adds the flow if there are none", "change" },
	{ "del-flows", request_del_flows,
	  { NIC, MATCH, STRICT,
	    { "take_over", REQUEST_FLAG,
	      .help = "the NIC's whole table may go if no flows are configured for it" },
	    DRY_RUN, WAIT },
	  "deletes flows", "change" },
	{ "replace-flows", request_replace_flows, { NIC, FLOWS, NEW, DRY_RUN, WAIT },
	  "these flows and no others", "change" },
	{ "diff-flows", request_diff_flows, { NIC, FLOWS },
	  "what `replace-flows` would change", "`nic`, `removed`, `added`: arrays of texts" },
	{ "dump-flows", request_dump_flows,
	  { NIC, MATCH,
	    { "counters", REQUEST_FLAG, .help = "ask the NIC, if it is there, for its counters" } },
	  "the flows that a NIC should have",
	  "`nic`, `flows`: array of `flow` (text), `priority`, `cookie` (hex text); of those that "
	  "the NIC has `packets`, `bytes`, `duration_ms`, `idle_s` (if it is known)" },
	{ "add-groups", request_add_groups,
	  { NIC, { "groups", REQUEST_TEXTS, REQUIRED, .min = 1, .max = ANY_LENGTH,
		   .help = "groups, in ovs-ofctl's syntax" }, NEW, DRY_RUN, WAIT },
	  "adds groups, all or none", "change" },
	{ "mod-group", request_mod_group,
	  { NIC, { "group", REQUEST_TEXT, REQUIRED, .help = "the group as it is to be" },
	    DRY_RUN, WAIT },
	  "gives a group other buckets; as few slots move as can be", "change" },
	{ "del-groups", request_del_groups, { NIC, OR_ALL_GROUPS, DRY_RUN, WAIT },
	  "deletes groups, and the flows that use them",
	  "change; `deleted_flows`: how many flows went too, if any" },
	{ "group-dead", request_group_dead,
	  { NIC, GROUP_ID, { "dead", REQUEST_TEXT, REQUIRED,
			     .help = "buckets, from 0, as `1,3`, or `none`: these get no frames, all others do" },
	    WAIT },
	  "says which buckets of a group are dead", "change" },
	{ "dump-groups", request_dump_groups, { NIC, OR_ALL_GROUPS },
	  "the groups that a NIC should have", "`nic`, `groups`: array of `id`, `group` (text)" },
	{ "group-stats", request_group_stats, { NIC, OR_ALL_GROUPS },
	  "the counters of the groups that a NIC has",
	  "`nic`, `groups`: array of `id`, `packets`, `bytes`, `buckets` and, of a select group, `slots`: "
	  "arrays of [packets, bytes]" },
	{ "group-slot", request_group_slot,
	  { NIC, GROUP_ID,
	    { "fields", REQUEST_TEXT, REQUIRED, .help = "of a frame, as a match has them" },
	    { "hash", REQUEST_TEXT, .values = "l3l4 l3 nw_src nw_dst l2 dl_src dl_dst",
	      .help = "what is hashed, as in `group:5(nw_src)`; not given: `l3l4`" } },
	  "which bucket a frame gets; no NIC is asked",
	  "`nic`, `slot` (of a select group), `bucket` (unless there is none)" },
	{ "set-mtu", request_set_mtu,
	  { NIC, { "mtu", REQUEST_NUMBER, REQUIRED, .min = NIC_MIN_MTU, .max = UINT16_MAX,
		   .values = "auto", .help = "bytes; `auto` takes an MTU back that was set" },
	    NEW, WAIT },
	  "sets an MTU", "change" },
	{ "set-offload", request_set_offload,
	  { NIC, { "offload", REQUEST_TEXTS, REQUIRED, .min = 0, .max = ANY_LENGTH,
		   .values = "auto", .help = "of `csum`, `tso`, `ufo`, `gso`, `gro`, `inner-csum`; "
		   "`auto` takes offloads back that were set" }, NEW, WAIT },
	  "enables exactly these offloads", "change" },
	{ "forget", request_forget, { NIC },
	  "drops all that is configured for a NIC, but not its key", "`nic`, as it was" },
	{ "key-add", request_key_add,
	  { NIC, { "key", REQUEST_TEXT, REQUIRED, .help = "64 hex digits, of no other NIC" } },
	  "gives a NIC its key", "`nic`, `kept` (false: there is no database)" },
	{ "key-del", request_key_del, { NIC }, "takes a NIC's key away", "`nic`, `kept`" },
	{ "key-list", request_key_list, {}, "NICs with a key", "`nics`: array of nic" },
	{ "monitor", request_monitor, {},
	  "events, from now on",
	  "nothing; then an event a line, until the client closes the connection" },
	{ "stats", request_stats, { NIC }, "a NIC's counters", "`nic`, `counters`: an object" },
	{ "trace", request_trace,
	  { NIC, { "frame", REQUEST_TEXT, REQUIRED, .help = "the bytes, in hex" },
	    { "in_port", REQUEST_TEXT, .values = "HOST NET",
	      .help = "where it comes from; not given: `HOST`" } },
	  "what a NIC would do with a frame",
	  "`nic`, `steps`: array of `step`, `pass`, `copy`, `data`" },
	{ "set-key", request_set_key,
	  { NIC, SPI, DIRECTION, { "alg", REQUEST_TEXT, REQUIRED, .values = ALGORITHMS,
				   .help = "the algorithm" },
	    { "key", REQUEST_TEXT, REQUIRED, .help = "key and salt in hex" }, UDP, WAIT },
	  "gives a NIC an SA, once; cvswd does not store it", "change" },
	{ "del-key", request_del_key, { NIC, SPI, DIRECTION, WAIT }, "deletes an SA", "change" },
	{ "overlay-add", request_overlay_add,
	  { NAME, { "vni", REQUEST_NUMBER, REQUIRED, .min = 0, .max = CVSW_VXLAN_VNI_MAX,
		    .help = "VXLAN network identifier" },
	    MEMBERS,
	    { "encrypt", REQUEST_TEXT, .values = ALGORITHMS,
	      .help = "the algorithm; not given: no encryption" },
	    UDP,
	    { "pool", REQUEST_TEXT, .help = "the outer addresses; not given: `192.0.2.0/24`" },
	    { "underlay_mtu", REQUEST_NUMBER, .min = 0, .max = UINT16_MAX,
	      .help = "not given: 1500" },
	    { "ipv4_only", REQUEST_FLAG, .help = "an MTU below 1280, which IPv6 needs, will do" },
	    { "rekey_s", REQUEST_NUMBER, .min = 0, .max = 30 * 24 * 3600,
	      .help = "seconds after which keys are replaced; 0: never; not given: 1800" },
	    NEW, WAIT },
	  "makes an overlay", "overlay change" },
	{ "overlay-join", request_overlay_join, { NAME, MEMBERS, NEW, WAIT },
	  "adds members; to a member, further MAC addresses", "overlay change" },
	{ "overlay-leave", request_overlay_leave, { NAME, MEMBERS, WAIT },
	  "removes members", "overlay change" },
	{ "overlay-del", request_overlay_del, { NAME, WAIT }, "ends an overlay", "overlay change" },
	{ "overlay-renew", request_overlay_renew, { NAME, WAIT },
	  "gives an overlay new keys", "overlay change" },
	{ "overlay-show", request_overlay_show,
	  { { "name", REQUEST_TEXT, .help = "of one overlay; not given: all" } },
	  "overlays", "`overlays`: array of overlay" },
};

#define N(array)	(sizeof(array) / sizeof(*(array)))

/* ---- checking a request ---- */

static size_t n_members(const struct request_command *command)
{
	size_t n = 0;

	while (n < REQUEST_MAX_MEMBERS && command->members[n].name)
		n++;
	return n;
}

static const struct request_member *find(const struct request_member *members, size_t n,
					 const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(members[i].name, name))
			return &members[i];
	return NULL;
}

static const struct request_member *member_of(const struct request_command *command,
					      const char *name)
{
	return find(common, N(common), name) ?: find(command->members, n_members(command), name);
}

/* Is @text one of @values? */
static bool is_among(const char *values, const char *text)
{
	size_t len = strlen(text);

	for (const char *value = values; *value; value += strcspn(value, " ")) {
		value += *value == ' ';
		if (strcspn(value, " ") == len && !strncmp(value, text, len))
			return true;
	}
	return false;
}

static bool is_port(const json_t *json)
{
	return json_is_integer(json) && json_integer_value(json) >= 1 &&
	       json_integer_value(json) <= 65535;
}

static bool is_of_type(const struct request_member *member, const json_t *json)
{
	const json_t *one;
	size_t i;

	switch (member->type) {
	case REQUEST_TEXT:
		return json_is_string(json);
	case REQUEST_FLAG:
		return json_is_boolean(json);
	case REQUEST_NUMBER:
		return json_is_integer(json) || (member->values && json_is_string(json));
	case REQUEST_TEXTS:
		if (json_is_string(json))
			return member->values;
		json_array_foreach(json, i, one)
			if (!json_is_string(one))
				return false;
		return json_is_array(json);
	case REQUEST_PORTS:
		json_array_foreach(json, i, one)
			if (!json_is_integer(one))
				return false;
		return json_is_array(json);
	}
	return false;
}

static bool is_in_range(const struct request_member *member, const json_t *json)
{
	json_int_t number = json_is_array(json) ? (json_int_t)json_array_size(json) :
						  json_integer_value(json);

	if (member->type == REQUEST_PORTS)
		return number == 2 && is_port(json_array_get(json, 0)) &&
		       is_port(json_array_get(json, 1));
	return json_is_string(json) || json_is_boolean(json) ||
	       (number >= member->min && number <= member->max);
}

static const char *type_text(enum request_type type)
{
	static const char *const texts[] = {
		[REQUEST_TEXT] = "a string", [REQUEST_FLAG] = "true or false",
		[REQUEST_NUMBER] = "an integer", [REQUEST_TEXTS] = "an array of strings",
		[REQUEST_PORTS] = "an array of two ports, 1 to 65535",
	};

	return texts[type];
}

static void say_range(const struct request *request, const struct request_member *member)
{
	if (member->type == REQUEST_PORTS)
		request_refuse_member(request, REQUEST_OUT_OF_RANGE, member->name,
				      "\"%s\" is %s", member->name, type_text(member->type));
	else if (member->type == REQUEST_TEXTS)
		request_refuse_member(request, REQUEST_OUT_OF_RANGE, member->name,
				      "\"%s\" is empty", member->name);
	else
		request_refuse_member(request, REQUEST_OUT_OF_RANGE, member->name,
				      "\"%s\" is a number from %lld to %lld", member->name,
				      (long long)member->min, (long long)member->max);
}

static bool check_member(const struct request *request, const struct request_member *member,
			 const json_t *json)
{
	if (!is_of_type(member, json))
		request_refuse_member(request, REQUEST_WRONG_TYPE, member->name,
				      "\"%s\" is not %s", member->name, type_text(member->type));
	else if (json_is_string(json) && member->values &&
		 !is_among(member->values, json_string_value(json)))
		request_refuse_member(request, REQUEST_BAD_VALUE, member->name,
				      "\"%s\" is none of: %s", member->name, member->values);
	else if (!is_in_range(member, json))
		say_range(request, member);
	else
		return true;
	return false;
}

static bool check_all(const struct request *request, const struct request_command *command)
{
	json_t *json, *members = (json_t *)request->json;
	const char *name;

	json_object_foreach(members, name, json) {
		const struct request_member *member = member_of(command, name);

		if (!member) {
			request_refuse_member(request, REQUEST_UNKNOWN_MEMBER, name,
					      "%s has no member \"%.64s\"", command->name, name);
			return false;
		}
		if (!check_member(request, member, json))
			return false;
	}
	for (size_t i = 0; i < n_members(command); i++) {
		name = command->members[i].name;
		if (command->members[i].required && !json_object_get(request->json, name)) {
			request_refuse_member(request, REQUEST_MISSING_MEMBER, name,
					      "%s needs a member \"%s\"", command->name, name);
			return false;
		}
	}
	return true;
}

const struct request_command *request_command(const struct request *request)
{
	const json_t *name = json_object_get(request->json, "command");

	if (!json_is_object(request->json)) {
		request_refuse(request, REQUEST_NOT_JSON, "a request is a JSON object");
		return NULL;
	}
	if (!name) {
		request_refuse_member(request, REQUEST_MISSING_MEMBER, "command",
				      "the request names no command");
		return NULL;
	}
	if (!check_member(request, &common[0], name))
		return NULL;
	for (size_t i = 0; i < N(commands); i++)
		if (!strcmp(commands[i].name, json_string_value(name)))
			return check_all(request, &commands[i]) ? &commands[i] : NULL;
	request_refuse(request, REQUEST_UNKNOWN_COMMAND, "unknown command \"%.64s\"",
		       json_string_value(name));
	return NULL;
}

/* ---- help ---- */

static json_t *member_json(const struct request_member *member)
{
	static const char *const types[] = {
		[REQUEST_TEXT] = "text", [REQUEST_FLAG] = "boolean", [REQUEST_NUMBER] = "integer",
		[REQUEST_TEXTS] = "texts", [REQUEST_PORTS] = "ports",
	};
	json_t *json = json_pack("{s:s, s:s, s:b, s:s}", "name", member->name,
				 "type", types[member->type], "required", member->required,
				 "help", member->help);

	if (member->type == REQUEST_NUMBER) {
		json_object_set_new(json, "min", json_integer(member->min));
		json_object_set_new(json, "max", json_integer(member->max));
	}
	if (member->values)
		json_object_set_new(json, "values", json_string(member->values));
	return json;
}

static json_t *members_json(const struct request_member *members, size_t n)
{
	json_t *json = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(json, member_json(&members[i]));
	return json;
}

void request_help(const struct request *request)
{
	json_t *list = json_array(), *codes = json_array();

	for (size_t i = 0; i < N(commands); i++)
		json_array_append_new(list, json_pack(
			"{s:s, s:s, s:s, s:o}", "command", commands[i].name,
			"help", commands[i].help, "answer", commands[i].answer,
			"members", members_json(commands[i].members, n_members(&commands[i]))));
	for (int i = 0; i < REQUEST_N_CODES; i++)
		json_array_append_new(codes, json_pack("{s:s, s:s}", "code", request_code_name(i),
						       "help", request_code_help(i)));
	client_answer(request->client,
		      json_pack("{s:b, s:o, s:o, s:o}", "ok", 1, "commands", list,
				"common", members_json(common, N(common)), "codes", codes));
}
