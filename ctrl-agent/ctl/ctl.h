/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cvswctl's command files share. */
#ifndef CVSWCTL_H
#define CVSWCTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILED = 1,
	CTL_USAGE = 2,
	CTL_WARNED = 3,		/* done, but the NIC has not confirmed it, or it is not stored */
	CTL_DIFFERENT = 2,	/* of diff-flows, as ovs-ofctl has it */
};

struct ctl_options {
	const char *socket;
	bool json;
	bool local;
	bool wait;
	unsigned int timeout_ms;
	/* Those of some commands only: CTL_FILE and so on, of what was given; NULL: not given. */
	unsigned int given;
	bool dry_run;
	bool strict;
	bool new_nic;
	bool take_over;
	bool ipv4_only;
	const char *file;
	const char *vni;
	const char *encrypt;
	const char *udp_encap;	/* "": without ports */
	const char *pool;
	const char *underlay_mtu;
	const char *rekey;
};

#define CTL_MANY	4096
#define CTL_IPV6_MTU	1280	/* with less, a guest has no IPv6: RFC 8200, 5 */

/* Options that not every command takes. */
#define CTL_FILE	0x01
#define CTL_OVERLAY	0x02	/* those of overlay add */
#define CTL_DRY_RUN	0x04
#define CTL_STRICT	0x08
#define CTL_NEW		0x10
#define CTL_TAKE_OVER	0x20

/**
 * struct ctl_option - a long option
 * @has_arg: as getopt has it
 * @group: CTL_FILE and so on; 0: every command takes it
 */
struct ctl_option {
	const char *name;
	int has_arg;
	unsigned int group;
};

extern const struct ctl_option ctl_long_options[];	/* ends with an empty row */

/**
 * struct ctl_command - a command, or one of its subcommands
 * @args: for people, and for ctl_complete(), which says how it is read; @min_args and
 *	@max_args rule
 * @run: gets the arguments behind the command's name, NULL behind the last
 * @options: which of CTL_FILE and so on it takes
 * @verbs: its subcommands, a table that ends with an empty row; then nothing but @name is set
 */
struct ctl_command {
	const char *name;
	const char *args;
	const char *help;
	int min_args;
	int max_args;
	enum ctl_exit (*run)(const struct ctl_options *options, char **args);
	unsigned int options;
	const struct ctl_command *verbs;
};

/* Each group of commands: a table that ends with an empty row. */
extern const struct ctl_command ctl_show_commands[];
extern const struct ctl_command ctl_flow_commands[];
extern const struct ctl_command ctl_setting_commands[];
extern const struct ctl_command ctl_key_commands[];
extern const struct ctl_command ctl_psk_commands[];
extern const struct ctl_command ctl_watch_commands[];
extern const struct ctl_command ctl_overlay_commands[];
extern const struct ctl_command ctl_local_commands[];

/** ctl_groups() - all groups of commands, NULL behind the last */
const struct ctl_command *const *ctl_groups(bool local);

/** ctl_find() - a command by its name, or NULL */
const struct ctl_command *ctl_find(bool local, const char *name);

/** ctl_find_verb() - a subcommand by its name, or NULL */
const struct ctl_command *ctl_find_verb(const struct ctl_command *command, const char *name);

/**
 * ctl_complete() - print what the last of @n words may become, a line each: for shells
 *
 * ":files" stands for the names of files.  In a command's @args, NIC, NAME (of an overlay),
 * DEV and FILE are looked up, other words in capitals are the user's, and what remains is
 * meant as it stands.
 */
enum ctl_exit ctl_complete(int n, char **words);

/* "cvswctl: ..." on stderr */
void ctl_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * ctl_ask() - send a request to cvswd and wait for its answer
 * @request: reference is taken over
 *
 * Return: the answer (a new reference), or NULL after a complaint.
 */
json_t *ctl_ask(const struct ctl_options *options, json_t *request);

/**
 * ctl_query() - ask, and print the answer: with -j as it is, else by @print
 * @request: reference is taken over
 */
enum ctl_exit ctl_query(const struct ctl_options *options, json_t *request,
			void (*print)(const json_t *answer));

/**
 * ctl_listen() - send a request, and take what cvswd says from then on
 * @request: reference is taken over
 * @line: gets each line, the answer first; false ends it
 *
 * Return: false, after a complaint: cvswd does not answer, or has gone.
 */
bool ctl_listen(const struct ctl_options *options, json_t *request,
		bool (*line)(const struct ctl_options *options, const json_t *json));

/** ctl_answer_ok() - "ok": true? */
bool ctl_answer_ok(const json_t *answer);

/** ctl_print_json() - for people and jq alike */
void ctl_print_json(const json_t *json);

/** ctl_refused() - complain about an answer that is not ok, -j: print it; CTL_FAILED */
enum ctl_exit ctl_refused(const struct ctl_options *options, const json_t *answer);

/**
 * ctl_say_warnings() - complain about what is not well of something that was done
 * @late: what to say in place of "not confirmed in time"; NULL: cvswd's own words
 *
 * Return: CTL_WARNED if there is anything, else CTL_OK.
 */
enum ctl_exit ctl_say_warnings(const struct ctl_options *options, const json_t *answer,
			       const char *late);

/**
 * ctl_change() - as ctl_ask(), for a change: cvswd answers when the NIC has it,
 *	unless the options say not to wait
 */
json_t *ctl_change(const struct ctl_options *options, json_t *request);

/** ctl_say_change() - say how a change that was accepted went */
enum ctl_exit ctl_say_change(const struct ctl_options *options, const json_t *answer);

/** ctl_do_change() - both; @request: reference is taken over */
enum ctl_exit ctl_do_change(const struct ctl_options *options, json_t *request);

/**
 * ctl_open_key() - a file that a key is read from; "-": standard input
 *
 * One that others can read, or write, is refused: a key in it is none.
 *
 * Return: a descriptor to be closed unless it is standard input; -1 after a complaint.
 */
int ctl_open_key(const char *name);

/** ctl_take_key() - the text of a key into a request, from a file or "-"; false: complained */
bool ctl_take_key(json_t *request, const char *file);

/** ctl_text() - a string of an object, or @missing */
const char *ctl_text(const json_t *object, const char *key, const char *missing);

/**
 * ctl_parse_udp() - "SRC:DST" as an array; NULL: ESP's own port, twice
 *
 * Return: false after a complaint.
 */
bool ctl_parse_udp(const char *text, json_t **udp);

/** ctl_names() - ["csum", "tso"] as "csum,tso"; [] as "none"; NULL as "-" */
const char *ctl_names(const json_t *array, char *buf, size_t room);

#endif
