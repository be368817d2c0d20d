/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All commands with all their members, in one table: what a request may say, what `help`
 * answers, and what README.md is compared with.
 */
#ifndef CVSWD_REQUEST_TABLE_H
#define CVSWD_REQUEST_TABLE_H

#include "request.h"

#define REQUEST_MAX_MEMBERS	12

enum request_type {
	REQUEST_TEXT,
	REQUEST_FLAG,		/* true or false; not given: false */
	REQUEST_NUMBER,
	REQUEST_TEXTS,		/* an array of strings */
	REQUEST_PORTS,		/* an array of two UDP ports */
};

/**
 * struct request_member - a member of a request
 * @min, @max: of a number; of an array, how many it has
 * @values: of a text: the words that are allowed, separated by blanks; of a number or an array:
 *	a word that is allowed instead, "auto"
 */
struct request_member {
	const char *name;
	enum request_type type;
	bool required;
	json_int_t min, max;
	const char *values;
	const char *help;
};

/**
 * struct request_command - a command
 * @members: ends with a member without a name, or is full
 * @help: what it does; @answer: what its answer has beside "ok"
 */
struct request_command {
	const char *name;
	void (*run)(const struct request *request);
	struct request_member members[REQUEST_MAX_MEMBERS];
	const char *help;
	const char *answer;
};

/**
 * request_command() - the command of a request, whose members are all known, of the right
 *	type and in range; NULL: it was refused
 */
const struct request_command *request_command(const struct request *request);

/** request_help() - the command `help`: this table, and all codes */
void request_help(const struct request *request);

#endif
