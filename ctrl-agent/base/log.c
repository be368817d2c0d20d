// SPDX-License-Identifier: GPL-2.0-or-later
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int max_priority = LOG_INFO;
static bool to_journal;

void log_init(bool verbose)
{
	max_priority = verbose ? LOG_DEBUG : LOG_INFO;
	to_journal = getenv("JOURNAL_STREAM") != NULL;
	setvbuf(stderr, NULL, _IOLBF, 0);
}

void log_line(int priority, const char *format, ...)
{
	char text[512];
	va_list args;

	if (priority > max_priority)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* A name that a switch or client chose must not forge a second line. */
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	if (to_journal)
		fprintf(stderr, "<%d>%s\n", priority, text);
	else
		fprintf(stderr, "cvswd: %s%s\n", priority <= LOG_ERR ? "error: " : "", text);
}

bool log_permit(struct log_limit *limit, int priority)
{
	uint64_t now = clock_ms();

	if (!limit->window_start || now - limit->window_start >= LOG_LIMIT_WINDOW_MS) {
		if (limit->suppressed)
			log_line(priority, "%lu more lines like the next one were suppressed",
				 limit->suppressed);
		limit->window_start = now;
		limit->written = 0;
		limit->suppressed = 0;
	}
	if (limit->written >= LOG_LIMIT_LINES) {
		limit->suppressed++;
		return false;
	}
	limit->written++;
	return true;
}

uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
