// SPDX-License-Identifier: GPL-2.0
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

static enum ctl_exit add(const struct ctl_options *options, const char *nic, json_t *texts,
			 const struct source *source)
{
	json_t *request = json_pack("{s:s, s:s, s:O}", "command", "add-flows", "nic", nic,
				    "flows", texts);
	json_t *answer = ctl_change(options, request);
	enum ctl_exit result;

	if (!answer)
		return CTL_FAILED;
	result = ctl_answer_ok(answer) ? ctl_say_change(options, answer) :
					 refused_at(options, answer, texts, source);
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

static enum ctl_exit add_flows(const struct ctl_options *options, char **args)
{
	bool is_stdin = !strcmp(args[1], "-");
	struct source source = { .file = is_stdin ? "stdin" : args[1] };
	FILE *stream = is_stdin ? stdin : fopen(args[1], "re");
	enum ctl_exit result = CTL_FAILED;
	json_t *texts;

	if (!stream) {
		ctl_complain("%s: %s", args[1], strerror(errno));
		return CTL_FAILED;
	}
	texts = read_flows(stream, &source);
	if (texts && ferror(stream))
		ctl_complain("%s: cannot be read", source.file);
	else if (texts)
		result = add(options, args[0], texts, &source);
	if (!is_stdin)
		fclose(stream);
	json_decref(texts);
	free(source.lines);
	free(source.indents);
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
	result = add(options, args[0], texts, NULL);
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
	json_t *answer = ctl_change(options, match_request("del-flows", args));
	enum ctl_exit result;

	if (!answer)
		return CTL_FAILED;
	result = ctl_answer_ok(answer) ? ctl_say_change(options, answer) :
					 match_refused(options, answer, args[1]);
	json_decref(answer);
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
		ctl_complain("%s: no flows were stated; its table is left alone",
			     ctl_text(nic, "mac", "?"));
	else if (strcmp(state, "in sync"))
		ctl_complain("%s: %s; these flows are what it should have",
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

const struct ctl_command ctl_flow_commands[] = {
	{ "add-flow", "NIC FLOW", "add a flow, in ovs-ofctl's syntax", 2, 2, add_flow },
	{ "add-flows", "NIC FILE|-", "add all flows of a file, or none", 2, 2, add_flows },
	{ "del-flows", "NIC [MATCH]", "delete flows", 1, 2, del_flows },
	{ "dump-flows", "NIC [MATCH]", "the flows it should have, with its counters", 1, 2, dump_flows },
	{ 0 },
};
