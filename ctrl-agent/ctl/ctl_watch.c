// SPDX-License-Identifier: GPL-2.0-or-later
/* monitor, stats, trace: what NICs do. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl.h"

static long long number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

/* ---- monitor ---- */

static void print_time(const json_t *event)
{
	double stamp = json_real_value(json_object_get(event, "time"));
	time_t seconds = stamp;
	char text[16] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%H:%M:%S", &tm);
	printf("%s.%03d  ", text, (int)((stamp - seconds) * 1000));
}

static void print_removed(const json_t *event)
{
	printf("  %s", ctl_text(event, "reason", "?"));
	if (json_object_get(event, "packets"))
		printf(", %lld packets", number(event, "packets"));
	printf(": %s", ctl_text(event, "flow", "?"));
}

static void print_detail(const json_t *event, const char *name)
{
	if (!strcmp(name, "synced"))
		printf("  %lld flows", number(event, "flows"));
	else if (!strcmp(name, "refused"))
		printf("  %s: %s (%s) %s", ctl_text(event, "request", "?"),
		       ctl_text(event, "text", "?"), ctl_text(event, "field", "-"),
		       ctl_text(event, "flow", ""));
	else if (!strcmp(name, "claimed"))
		printf("  by two: at %s and at %s",
		       ctl_text(json_array_get(json_object_get(event, "claims"), 0), "port_name", "?"),
		       ctl_text(json_array_get(json_object_get(event, "claims"), 1), "port_name", "?"));
	else if (!strcmp(name, "flow-removed"))
		print_removed(event);
	else if (!strcmp(name, "sa-expiring"))
		printf("  spi=0x%llx dir=%s %s", number(event, "spi"),
		       ctl_text(event, "direction", "?"), ctl_text(event, "reason", "?"));
	else if (!strcmp(name, "packet-in"))
		printf("  %s, %s, %lld bytes: %s", ctl_text(event, "in_port", "?"),
		       ctl_text(event, "reason", "?"), number(event, "length"),
		       ctl_text(event, "frame", ""));
}

static void print_switch_event(const json_t *event, const char *name)
{
	printf("switch %s  %s", ctl_text(event, "dpid", "?"), name);
	if (!strcmp(name, "claimed"))
		printf("  by %s", ctl_text(event, "claimed_by", "?"));
	else if (json_object_get(event, "rules_error"))
		printf("  %s", ctl_text(event, "rules_error", "?"));
}

static bool print_event(const struct ctl_options *options, const json_t *event)
{
	const char *name = ctl_text(event, "event", NULL);

	if (!name) {	/* the answer */
		if (!ctl_answer_ok(event))
			ctl_refused(options, event);
		return ctl_answer_ok(event);
	}
	if (options->json) {
		json_dumpf(event, stdout, JSON_COMPACT);
	} else if (!strcmp(name, "missed")) {
		printf("%lld events were missed", number(event, "events"));
	} else {
		print_time(event);
		if (json_object_get(event, "dpid") && !json_object_get(event, "nic")) {
			print_switch_event(event, name);
		} else {
			printf("%s  %-16s  %s", ctl_text(event, "nic", "?"),
			       ctl_text(event, "port_name", "-"), name);
			print_detail(event, name);
		}
	}
	putchar('\n');
	return !fflush(stdout);
}

static enum ctl_exit monitor(const struct ctl_options *options, char **args)
{
	(void)args;
	return ctl_listen(options, json_pack("{s:s}", "command", "monitor"), print_event) ?
	       CTL_OK : CTL_FAILED;
}

/* ---- stats ---- */

static void print_counters(const json_t *answer)
{
	json_t *counters = json_object_get(answer, "counters"), *value;
	const char *name;

	json_object_foreach(counters, name, value)
		printf("%-32s %lld\n", name, (long long)json_integer_value(value));
}

static enum ctl_exit stats(const struct ctl_options *options, char **args)
{
	return ctl_query(options, json_pack("{s:s, s:s}", "command", "stats", "nic", args[0]),
			 print_counters);
}

/* ---- trace ---- */

/* What stands between the digits of a frame copied from somewhere is left out. */
static void keep_digits(char *to, const char *from)
{
	for (; *from; from++)
		if (!isspace((unsigned char)*from) && !strchr(":.-", *from))
			*to++ = *from;
	*to = 0;
}

static void print_step(const json_t *step)
{
	const char *name = ctl_text(step, "step", "?"), *data = ctl_text(step, "data", "");
	long long copy = number(step, "copy");

	if (copy)
		printf("copy %lld ", copy);
	if (!strcmp(name, "lookup") && number(step, "table"))
		printf("pass %lld, table %lld: %s\n", number(step, "pass"), number(step, "table"),
		       data);
	else if (!strcmp(name, "lookup"))
		printf("pass %lld: %s\n", number(step, "pass"), data);
	else if (!strcmp(name, "frame"))
		printf("    = %s\n", data);
	else if (!strcmp(name, "onward"))
		printf("  -> %s\n", data);
	else if (!strcmp(name, "bucket"))
		printf("    %s\n", data);
	else if (!strcmp(name, "drop"))
		printf("  dropped: %s\n", data);
	else if (!strcmp(name, "skipped"))
		puts("    skipped: the frame has no such header");
	else if (!strcmp(name, "cut"))
		puts("  (more happened than the answer holds)");
	else
		printf("  %s\n", data);
}

static void print_trace(const json_t *answer)
{
	const json_t *step;
	size_t i;

	json_array_foreach(json_object_get(answer, "steps"), i, step)
		print_step(step);
}

static enum ctl_exit trace(const struct ctl_options *options, char **args)
{
	char *frame = malloc(strlen(args[1]) + 1);
	json_t *request;

	if (!frame)
		abort();
	keep_digits(frame, args[1]);
	request = json_pack("{s:s, s:s, s:s, s:s}", "command", "trace", "nic", args[0],
			    "frame", frame, "in_port", args[2] ? args[2] : "HOST");
	free(frame);
	return ctl_query(options, request, print_trace);
}

const struct ctl_command ctl_watch_commands[] = {
	{ "monitor", "", "print events as they happen", 0, 0, .run = monitor },
	{ "stats", "NIC", "show a NIC's counters, by cause", 1, 1, .run = stats },
	{ "trace", "NIC FRAME [HOST|NET]", "show what it would do with a frame", 2, 3, .run = trace },
	{ 0 },
};
