// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "ctl.h"

/* Where a flow's text was written, for the messages about it. */
struct source {
	const char *file;	/* NULL: on the command line */
	size_t n;
	size_t *lines;		/* of flow i, from 1 */
	size_t *indents;	/* bytes before it on its line */
};

static void print_caret(const char *text, size_t column)
{
	fprintf(stderr, "  %s\n  ", text);
	/* Tabs stay tabs, so that the caret stands under its column. */
	for (size_t i = 0; i + 1 < column && text[i]; i++)
		fputc(text[i] == '\t' ? '\t' : ' ', stderr);
	fputs("^\n", stderr);
}

static enum ctl_exit refused_at(const struct ctl_options *options, const json_t *answer,
				const json_t *texts, const struct source *source)
{
	size_t index = json_integer_value(json_object_get(answer, "index"));
	size_t column = json_integer_value(json_object_get(answer, "column"));
	const char *text = json_string_value(json_array_get(texts, index));

	if (options->json || !column || !text)
		return ctl_refused(options, answer);
	if (source && source->file && index < source->n)
		ctl_complain("%s:%zu:%zu: %s", source->file, source->lines[index],
			     source->indents[index] + column, ctl_text(answer, "error", "refused"));
	else
		ctl_complain("column %zu: %s", column, ctl_text(answer, "error", "refused"));
	print_caret(text, column);
	return CTL_FAILED;
}

/* Lines as ovs-ofctl diff-flows has them; how many. */
static size_t print_side(char sign, const json_t *texts)
{
	const json_t *text;
	size_t i;

	json_array_foreach(texts, i, text)
		printf("%c%s\n", sign, json_string_value(text) ?: "?");
	return json_array_size(texts);
}

/* What would be, or is, different. */
static size_t print_difference(const json_t *answer)
{
	return print_side('-', json_object_get(answer, "removed")) +
	       print_side('+', json_object_get(answer, "added"));
}

/* With the first configured flow a NIC loses those that are not configured. */
static json_int_t n_unconfigured(const json_t *nic)
{
	return json_is_true(json_object_get(nic, "managed")) ? 0 :
	       json_integer_value(json_object_get(nic, "reported"));
}

static void say_dry(const struct ctl_options *options, const json_t *answer)
{
	const json_t *nic = json_object_get(answer, "nic");
	const char *mac = ctl_text(nic, "mac", "?");
	json_int_t lost = n_unconfigured(nic);
	bool same;

	if (options->json) {
		ctl_print_json(answer);
		return;
	}
	same = !print_difference(answer);
	if (lost)
		printf("%s: would lose its flows that are not configured: %lld\n", mac,
		       (long long)lost);
	else if (same)
		printf("%s: nothing would change\n", mac);
}

/* Takes @request over. */
static enum ctl_exit change(const struct ctl_options *options, json_t *request,
			    const json_t *texts, const struct source *source)
{
	json_t *answer;
	enum ctl_exit result = CTL_OK;

	if (options->dry_run)
		json_object_set_new(request, "dry_run", json_true());
	if (options->strict)
		json_object_set_new(request, "strict", json_true());
	if (options->new_nic)
		json_object_set_new(request, "new", json_true());
	if (options->take_over)
		json_object_set_new(request, "take_over", json_true());
	answer = options->dry_run ? ctl_ask(options, request) : ctl_change(options, request);
	if (!answer)
		return CTL_FAILED;
	if (!ctl_answer_ok(answer))
		result = refused_at(options, answer, texts, source);
	else if (options->dry_run)
		say_dry(options, answer);
	else
		result = ctl_say_change(options, answer);
	json_decref(answer);
	return result;
}

static void source_add(struct source *source, size_t line, size_t indent)
{
	source->lines = reallocarray(source->lines, source->n + 1, sizeof(*source->lines));
	source->indents = reallocarray(source->indents, source->n + 1, sizeof(*source->indents));
	if (!source->lines || !source->indents)
		abort();
	source->lines[source->n] = line;
	source->indents[source->n++] = indent;
}

/* A flow a line; empty lines and those that begin with # are skipped. */
static json_t *read_flows(FILE *stream, struct source *source)
{
	json_t *texts = json_array();
	char *line = NULL;
	size_t room = 0, number = 0;
	ssize_t len;

	while (texts && (len = getline(&line, &room, stream)) >= 0) {
		size_t indent = strspn(line, " \t");

		number++;
		while (len > 0 && isspace((unsigned char)line[len - 1]))
			line[--len] = 0;
		if (!line[indent] || line[indent] == '#')
			continue;
		if (json_array_append_new(texts, json_string(line + indent))) {
			ctl_complain("%s:%zu: not text", source->file, number);
			json_decref(texts);
			texts = NULL;
		}
		source_add(source, number, indent);
	}
	free(line);
	return texts;
}

/* A file's flows, or NULL after a complaint; @source: zero, to be freed by source_clear(). */
static json_t *read_file(const char *name, struct source *source)
{
	bool is_stdin = !strcmp(name, "-");
	FILE *stream = is_stdin ? stdin : fopen(name, "re");
	json_t *texts;

	source->file = is_stdin ? "stdin" : name;
	if (!stream) {
		ctl_complain("%s: %s", name, strerror(errno));
		return NULL;
	}
	texts = read_flows(stream, source);
	if (texts && ferror(stream)) {
		ctl_complain("%s: cannot be read", source->file);
		json_decref(texts);
		texts = NULL;
	}
	if (!is_stdin)
		fclose(stream);
	return texts;
}

static void source_clear(struct source *source)
{
	free(source->lines);
	free(source->indents);
}

/* Of groups the texts have another name. */
static json_t *flows_request(const char *command, const char *nic, json_t *texts)
{
	return json_pack("{s:s, s:s, s:O}", "command", command, "nic", nic,
			 strstr(command, "groups") ? "groups" : "flows", texts);
}

static enum ctl_exit change_by_file(const struct ctl_options *options, const char *command,
				    char **args)
{
	struct source source = { 0 };
	json_t *texts = read_file(args[1], &source);
	enum ctl_exit result = CTL_FAILED;

	if (texts)
		result = change(options, flows_request(command, args[0], texts), texts, &source);
	json_decref(texts);
	source_clear(&source);
	return result;
}

static enum ctl_exit add_flows(const struct ctl_options *options, char **args)
{
	return change_by_file(options, "add-flows", args);
}

static enum ctl_exit replace_flows(const struct ctl_options *options, char **args)
{
	return change_by_file(options, "replace-flows", args);
}

static enum ctl_exit diff_flows(const struct ctl_options *options, char **args)
{
	struct source source = { 0 };
	json_t *texts = read_file(args[1], &source), *answer = NULL;
	enum ctl_exit result = CTL_FAILED;

	if (texts)
		answer = ctl_ask(options, flows_request("diff-flows", args[0], texts));
	if (answer && !ctl_answer_ok(answer)) {
		refused_at(options, answer, texts, &source);
	} else if (answer) {
		bool same = !json_array_size(json_object_get(answer, "removed")) &&
			    !json_array_size(json_object_get(answer, "added"));

		if (options->json)
			ctl_print_json(answer);
		else
			print_difference(answer);
		result = same ? CTL_OK : CTL_DIFFERENT;
	}
	json_decref(answer);
	json_decref(texts);
	source_clear(&source);
	return result;
}

static enum ctl_exit change_by_text(const struct ctl_options *options, const char *command,
				    char **args)
{
	enum ctl_exit result;
	json_t *texts;

	if (!strcmp(args[1], "-"))
		return change_by_file(options, command, args);
	texts = json_pack("[s]", args[1]);
	if (!texts) {
		ctl_complain("the text is not UTF-8");
		return CTL_FAILED;
	}
	result = change(options, flows_request(command, args[0], texts), texts, NULL);
	json_decref(texts);
	return result;
}

static enum ctl_exit add_flow(const struct ctl_options *options, char **args)
{
	return change_by_text(options, "add-flows", args);
}

static enum ctl_exit mod_flows(const struct ctl_options *options, char **args)
{
	json_t *texts = json_pack("[s]", args[1]);
	enum ctl_exit result;

	result = change(options, json_pack("{s:s, s:s, s:s}", "command", "mod-flows", "nic", args[0],
					   "flow", args[1]), texts, NULL);
	json_decref(texts);
	return result;
}

/* del-flows and dump-flows: NIC and perhaps a match, whose faults get a caret too. */
static json_t *match_request(const char *command, char **args)
{
	return args[1] ? json_pack("{s:s, s:s, s:s}", "command", command, "nic", args[0],
				   "match", args[1]) :
			 json_pack("{s:s, s:s}", "command", command, "nic", args[0]);
}

static enum ctl_exit match_refused(const struct ctl_options *options, const json_t *answer,
				   const char *match)
{
	json_t *texts = match ? json_pack("[s]", match) : json_array();
	enum ctl_exit result = refused_at(options, answer, texts, NULL);

	json_decref(texts);
	return result;
}

static enum ctl_exit del_flows(const struct ctl_options *options, char **args)
{
	json_t *texts = args[1] ? json_pack("[s]", args[1]) : json_array();
	enum ctl_exit result = change(options, match_request("del-flows", args), texts, NULL);

	json_decref(texts);
	return result;
}

/* As ovs-ofctl does, which reads them back without taking them for a part of the flow. */
static void print_counters(const json_t *flow)
{
	json_int_t ms = json_integer_value(json_object_get(flow, "duration_ms"));
	const json_t *idle = json_object_get(flow, "idle_s");

	if (!json_object_get(flow, "packets"))
		return;
	printf("duration=%lld.%03llds, n_packets=%lld, n_bytes=%lld, ", (long long)ms / 1000,
	       (long long)ms % 1000,
	       (long long)json_integer_value(json_object_get(flow, "packets")),
	       (long long)json_integer_value(json_object_get(flow, "bytes")));
	if (idle)
		printf("idle_age=%lld, ", (long long)json_integer_value(idle));
}

static void print_flows(const json_t *answer)
{
	const json_t *nic = json_object_get(answer, "nic"), *flow;
	const char *state = ctl_text(nic, "state", "?");
	size_t i;

	json_array_foreach(json_object_get(answer, "flows"), i, flow) {
		print_counters(flow);
		puts(ctl_text(flow, "flow", "?"));
	}
	if (!json_is_true(json_object_get(nic, "managed")))
		ctl_complain("%s: no flows are configured; its table is left alone",
			     ctl_text(nic, "mac", "?"));
	else if (strcmp(state, "in sync"))
		ctl_complain("%s: %s; these flows are configured",
			     ctl_text(nic, "mac", "?"), state);
}

static enum ctl_exit dump_flows(const struct ctl_options *options, char **args)
{
	json_t *request = match_request("dump-flows", args), *answer;
	enum ctl_exit result = CTL_OK;

	json_object_set_new(request, "counters", json_boolean(options->wait));
	json_object_set_new(request, "timeout_ms", json_integer(options->timeout_ms));
	answer = ctl_ask(options, request);
	if (!answer)
		return CTL_FAILED;
	if (!ctl_answer_ok(answer))
		result = match_refused(options, answer, args[1]);
	else if (options->json)
		ctl_print_json(answer);
	else
		print_flows(answer);
	json_decref(answer);
	return result;
}

/* ---- groups ---- */

static enum ctl_exit add_group(const struct ctl_options *options, char **args)
{
	return change_by_text(options, "add-groups", args);
}

static enum ctl_exit add_groups(const struct ctl_options *options, char **args)
{
	return change_by_file(options, "add-groups", args);
}

/* "5", or as ovs-ofctl has it "group_id=5"; "all" leaves it away; false: complained. */
static bool put_id(json_t *request, const char *text)
{
	const char *name = "group_id=";
	unsigned long long id;
	char *end;

	if (text && !strncmp(text, name, strlen(name)))
		text += strlen(name);
	if (!text || !strcmp(text, "all"))
		return true;
	errno = 0;
	id = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)*text) || *end || errno || id > 0xffffffff) {
		ctl_complain("%s: expected a group's number", text);
		return false;
	}
	json_object_set_new(request, "id", json_integer(id));
	return true;
}

/* NULL: complained. */
static json_t *group_request(const char *command, const char *nic, const char *id)
{
	json_t *request = json_pack("{s:s, s:s}", "command", command, "nic", nic);

	if (put_id(request, id))
		return request;
	json_decref(request);
	return NULL;
}

/* One of the arguments is a text, whose faults get a caret. */
static enum ctl_exit change_group(const struct ctl_options *options, json_t *request,
				  const char *member, const char *text)
{
	json_t *texts = text ? json_pack("[s]", text) : json_array();
	enum ctl_exit result = CTL_USAGE;

	if (request && member)
		json_object_set_new(request, member, json_string(text));
	if (request)
		result = change(options, request, texts, NULL);
	json_decref(texts);
	return result;
}

static enum ctl_exit mod_group(const struct ctl_options *options, char **args)
{
	return change_group(options, group_request("mod-group", args[0], NULL), "group", args[1]);
}

static enum ctl_exit del_groups(const struct ctl_options *options, char **args)
{
	return change_group(options, group_request("del-groups", args[0], args[1]), NULL, NULL);
}

static enum ctl_exit group_dead(const struct ctl_options *options, char **args)
{
	return change_group(options, group_request("group-dead", args[0], args[1]), "dead", args[2]);
}

static void print_groups(const json_t *answer)
{
	const json_t *nic = json_object_get(answer, "nic"), *group;
	const char *state = ctl_text(nic, "state", "?");
	size_t i;

	json_array_foreach(json_object_get(answer, "groups"), i, group)
		puts(ctl_text(group, "group", "?"));
	if (json_is_true(json_object_get(nic, "managed")) && strcmp(state, "in sync"))
		ctl_complain("%s: %s; these groups are configured", ctl_text(nic, "mac", "?"), state);
}

static enum ctl_exit dump_groups(const struct ctl_options *options, char **args)
{
	json_t *request = group_request("dump-groups", args[0], args[1]);

	return request ? ctl_query(options, request, print_groups) : CTL_USAGE;
}

/* As ovs-ofctl does; slots are for programs. */
static void print_group_stats(const json_t *answer)
{
	const json_t *group, *bucket;
	size_t i, j;

	json_array_foreach(json_object_get(answer, "groups"), i, group) {
		printf("group_id=%lld,packet_count=%lld,byte_count=%lld",
		       (long long)json_integer_value(json_object_get(group, "id")),
		       (long long)json_integer_value(json_object_get(group, "packets")),
		       (long long)json_integer_value(json_object_get(group, "bytes")));
		json_array_foreach(json_object_get(group, "buckets"), j, bucket)
			printf(",bucket%zu:packet_count=%lld,byte_count=%lld", j,
			       (long long)json_integer_value(json_array_get(bucket, 0)),
			       (long long)json_integer_value(json_array_get(bucket, 1)));
		putchar('\n');
	}
}

static enum ctl_exit dump_group_stats(const struct ctl_options *options, char **args)
{
	json_t *request = group_request("group-stats", args[0], args[1]);

	if (!request)
		return CTL_USAGE;
	json_object_set_new(request, "timeout_ms", json_integer(options->timeout_ms));
	return ctl_query(options, request, print_group_stats);
}

static void print_slot(const json_t *answer)
{
	const json_t *slot = json_object_get(answer, "slot");
	const json_t *bucket = json_object_get(answer, "bucket");

	if (slot)
		printf("slot %lld, ", (long long)json_integer_value(slot));
	if (bucket)
		printf("bucket %lld\n", (long long)json_integer_value(bucket));
	else
		puts("no bucket");
}

static enum ctl_exit group_slot(const struct ctl_options *options, char **args)
{
	json_t *request = group_request("group-slot", args[0], args[1]), *answer;
	enum ctl_exit result = CTL_OK;

	if (!request)
		return CTL_USAGE;
	json_object_set_new(request, "fields", json_string(args[2]));
	if (args[3])
		json_object_set_new(request, "hash", json_string(args[3]));
	answer = ctl_ask(options, request);
	if (!answer)
		return CTL_FAILED;
	if (!ctl_answer_ok(answer))
		result = match_refused(options, answer, args[2]);
	else if (options->json)
		ctl_print_json(answer);
	else
		print_slot(answer);
	json_decref(answer);
	return result;
}

#define CONFIGURES	(CTL_DRY_RUN | CTL_NEW)

const struct ctl_command ctl_flow_commands[] = {
	{ "add-flow", "NIC FLOW", "add a flow, in ovs-ofctl's syntax", 2, 2, .run = add_flow,
	  .options = CONFIGURES },
	{ "add-flows", "NIC FILE|-", "add all flows of a file, or none", 2, 2, .run = add_flows,
	  .options = CONFIGURES },
	{ "mod-flows", "NIC FLOW", "change the actions of flows", 2, 2, .run = mod_flows,
	  .options = CONFIGURES | CTL_STRICT },
	{ "del-flows", "NIC [MATCH]", "delete flows", 1, 2, .run = del_flows,
	  .options = CTL_DRY_RUN | CTL_STRICT | CTL_TAKE_OVER },
	{ "replace-flows", "NIC FILE|-", "replace all flows, in one step", 2, 2,
	  .run = replace_flows, .options = CONFIGURES },
	{ "diff-flows", "NIC FILE|-", "compare the flows (-) with a file (+)", 2, 2,
	  .run = diff_flows },
	{ "dump-flows", "NIC [MATCH]", "show the flows and their counters", 1, 2,
	  .run = dump_flows },
	{ "add-group", "NIC GROUP", "add a group, in ovs-ofctl's syntax", 2, 2, .run = add_group,
	  .options = CONFIGURES },
	{ "add-groups", "NIC FILE|-", "add all groups of a file, or none", 2, 2, .run = add_groups,
	  .options = CONFIGURES },
	{ "mod-group", "NIC GROUP", "give a group other buckets", 2, 2, .run = mod_group,
	  .options = CTL_DRY_RUN },
	{ "del-groups", "NIC [ID]", "delete groups, and the flows that use them", 1, 2,
	  .run = del_groups, .options = CTL_DRY_RUN },
	{ "dump-groups", "NIC [ID]", "show the groups", 1, 2, .run = dump_groups },
	{ "dump-group-stats", "NIC [ID]", "show the counters of groups and buckets", 1, 2,
	  .run = dump_group_stats },
	{ "group-dead", "NIC ID BUCKET,...|none", "say which buckets are dead", 3, 3,
	  .run = group_dead },
	{ "group-slot", "NIC ID FIELDS [HASH]", "tell which bucket a frame would get", 3, 4,
	  .run = group_slot },
	{ 0 },
};
