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

static json_t *flows_request(const char *command, const char *nic, json_t *texts)
{
	return json_pack("{s:s, s:s, s:O}", "command", command, "nic", nic, "flows", texts);
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

static enum ctl_exit add_flow(const struct ctl_options *options, char **args)
{
	enum ctl_exit result;
	json_t *texts;

	if (!strcmp(args[1], "-"))
		return add_flows(options, args);
	texts = json_pack("[s]", args[1]);
	if (!texts) {
		ctl_complain("the flow is not UTF-8");
		return CTL_FAILED;
	}
	result = change(options, flows_request("add-flows", args[0], texts), texts, NULL);
	json_decref(texts);
	return result;
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
	{ 0 },
};
