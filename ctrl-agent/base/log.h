/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon says, on stderr: one line an event, with a priority the
 * journal understands when it is the journal that reads it.
 */
#ifndef CVSWD_LOG_H
#define CVSWD_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

/* Lines a call site of log_limited() may write per window. */
#define LOG_LIMIT_LINES		5
#define LOG_LIMIT_WINDOW_MS	10000

struct log_limit {
	uint64_t window_start;
	unsigned int written;
	unsigned long suppressed;
};

void log_init(bool verbose);

/** log_line() - one line; @priority is one of syslog.h's LOG_ERR, LOG_INFO ... */
void log_line(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** log_permit() - may this call site write now? Says how much it had to hold back. */
bool log_permit(struct log_limit *limit, int priority);

/* For whatever a switch, a NIC or a client can cause at will. */
#define log_limited(priority, ...)						\
	do {									\
		static struct log_limit limit_;					\
		if (log_permit(&limit_, priority))				\
			log_line(priority, __VA_ARGS__);			\
	} while (0)

/** clock_ms() - milliseconds of a clock that only goes forward */
uint64_t clock_ms(void);

#endif
