// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl.h"
#include "base/wipe.h"

/* The daemon answers in time by itself; this is for one that does not. */
#define GRACE_MS	5000

void ctl_complain(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("cvswctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/* @ms: how long to wait for an answer; 0: for ever.  Return: a socket, or -1. */
static int connect_daemon(const struct ctl_options *options, unsigned int ms)
{
	struct timeval limit = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(options->socket) >= sizeof(address.sun_path)) {
		ctl_complain("%s: longer than a Unix socket's path may be", options->socket);
		return -1;
	}
	strcpy(address.sun_path, options->socket);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		return fd;
	}
	ctl_complain("cannot reach cvswd at %s: %s%s", options->socket, strerror(errno),
		     errno == ENOENT || errno == ECONNREFUSED ? " (is it running?)" : "");
	if (fd >= 0)
		close(fd);
	return -1;
}

/*
 * Without a buffer of the library's: there may be a key in it.  Whether all was taken is not
 * looked at: a daemon that is busy answers, and closes, without reading the request.
 */
static void write_request(int fd, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0, at = 0;
	ssize_t n = 1;

	for (; at < len && (n = send(fd, text + at, len - at, MSG_NOSIGNAL)) > 0; at += n)
		;
	if (n > 0)
		send(fd, "\n", 1, MSG_NOSIGNAL);
	wipe_free(text);
}

/* The stream on which answers will come; takes the request over. */
static FILE *send_request(const struct ctl_options *options, json_t *request, unsigned int ms)
{
	int fd;

	if (!request) {
		ctl_complain("the arguments are not UTF-8");
		return NULL;
	}
	fd = connect_daemon(options, ms);
	if (fd >= 0)
		write_request(fd, request);
	json_decref(request);
	return fd >= 0 ? fdopen(fd, "r") : NULL;
}

static json_t *read_line(const struct ctl_options *options, FILE *stream)
{
	json_t *answer = NULL;
	json_error_t error;
	char *line = NULL;
	size_t room = 0;

	if (getline(&line, &room, stream) < 0) {
		ctl_complain("cvswd at %s does not answer", options->socket);
	} else {
		answer = json_loads(line, 0, &error);
		if (!answer)
			ctl_complain("what answers at %s is not cvswd", options->socket);
	}
	free(line);
	return answer;
}

json_t *ctl_ask(const struct ctl_options *options, json_t *request)
{
	FILE *stream = send_request(options, request, options->timeout_ms + GRACE_MS);
	json_t *answer;

	if (!stream)
		return NULL;
	answer = read_line(options, stream);
	fclose(stream);
	return answer;
}

enum ctl_exit ctl_query(const struct ctl_options *options, json_t *request,
			void (*print)(const json_t *answer))
{
	enum ctl_exit result = CTL_OK;
	json_t *answer;

	if (request)
		json_object_set_new(request, "timeout_ms", json_integer(options->timeout_ms));
	answer = ctl_ask(options, request);
	if (!answer)
		return CTL_FAILED;
	if (!ctl_answer_ok(answer))
		result = ctl_refused(options, answer);
	else if (options->json)
		ctl_print_json(answer);
	else
		print(answer);
	if (result == CTL_OK)
		result = ctl_say_warnings(options, answer, NULL);
	json_decref(answer);
	return result;
}

bool ctl_listen(const struct ctl_options *options, json_t *request,
		bool (*line)(const struct ctl_options *options, const json_t *json))
{
	FILE *stream = send_request(options, request, 0);
	bool goes_on = stream;
	json_t *json = NULL;

	while (goes_on && (json = read_line(options, stream))) {
		goes_on = line(options, json);
		json_decref(json);
	}
	if (stream)
		fclose(stream);
	return json;
}

bool ctl_answer_ok(const json_t *answer)
{
	return json_is_true(json_object_get(answer, "ok"));
}

void ctl_print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
}

/* What the NIC says it is about. */
static void say_refusal(const json_t *refusal)
{
	const char *field = ctl_text(refusal, "field", NULL);
	const char *flow = ctl_text(refusal, "flow", NULL);

	fprintf(stderr, "  %s, %s", ctl_text(refusal, "request", "?"),
		ctl_text(refusal, "error", "?"));
	if (field)
		fprintf(stderr, ", at %s", field);
	if (flow)
		fprintf(stderr, " of %s", flow);
	fputc('\n', stderr);
}

enum ctl_exit ctl_refused(const struct ctl_options *options, const json_t *answer)
{
	if (options->json)
		ctl_print_json(answer);
	else
		ctl_complain("%s", ctl_text(answer, "error", "refused"));
	if (!options->json && json_object_get(answer, "refusal"))
		say_refusal(json_object_get(answer, "refusal"));
	return CTL_FAILED;
}

enum ctl_exit ctl_say_warnings(const struct ctl_options *options, const json_t *answer,
			       const char *late)
{
	const json_t *warnings = json_object_get(answer, "warnings"), *warning;
	size_t i;

	json_array_foreach(warnings, i, warning) {
		bool is_late = late && !strcmp(ctl_text(warning, "code", ""), "not-confirmed");

		if (options->json)
			continue;
		ctl_complain("%s", is_late ? late : ctl_text(warning, "error", "?"));
		if (json_object_get(warning, "refusal"))
			say_refusal(json_object_get(warning, "refusal"));
	}
	return json_array_size(warnings) ? CTL_WARNED : CTL_OK;
}

const char *ctl_text(const json_t *object, const char *key, const char *missing)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : missing;
}

const char *ctl_names(const json_t *array, char *buf, size_t room)
{
	const json_t *name;
	size_t i, used = 0;

	if (!array)
		return "-";
	if (!json_array_size(array))
		return "none";
	*buf = 0;
	json_array_foreach(array, i, name)
		if (used < room)
			used += snprintf(buf + used, room - used, "%s%s", i ? "," : "",
					 json_string_value(name) ?: "?");
	return buf;
}
