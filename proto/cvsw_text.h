/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Flows as people write them: the syntax of ovs-ofctl(8) / ovs-actions(7).
 * User space only.
 */
#ifndef CVSW_TEXT_H
#define CVSW_TEXT_H

#include "cvsw_group.h"

/**
 * struct cvsw_text_error - why a text was refused
 * @column: 1-based, where in the text
 * @message: what is wrong and what was expected
 */
struct cvsw_text_error {
	unsigned int column;
	char message[160];
};

enum cvsw_text_use {
	CVSW_TEXT_ADD,		/* a whole flow: priority, cookie, timeouts, flags, match, actions= */
	CVSW_TEXT_MODIFY,	/* likewise, as mod-flows takes it: cookie=VALUE/MASK chooses flows */
	CVSW_TEXT_MATCH,	/* which flows, as del-flows and dump-flows take it: match, out_port= */
	CVSW_TEXT_STRICT,	/* likewise, with a priority */
};

/**
 * struct cvsw_text_cookie - what a text that chooses flows says of their cookies
 * @value: in the bits of @mask; zero elsewhere
 * @given: the text says what the cookie is to be, cookie= without a mask: cvsw_flow.cookie
 */
struct cvsw_text_cookie {
	uint64_t value;
	uint64_t mask;
	bool given;
};

/**
 * cvsw_text_parse() - read a flow
 * @flow: out: match in normal form; priority 32768 where none is given
 *
 * What dump-flows shows beside a flow, of Open vSwitch too (duration=, n_packets= and their
 * like), is read over.
 *
 * Return: true, or false with @error filled and @flow undefined.
 */
bool cvsw_text_parse(enum cvsw_text_use use, const char *text,
		     struct cvsw_flow *flow, struct cvsw_text_error *error);

/** cvsw_text_parse_choice() - likewise, with cookie=VALUE/MASK where @use can have it */
bool cvsw_text_parse_choice(enum cvsw_text_use use, const char *text, struct cvsw_flow *flow,
			    struct cvsw_text_cookie *cookie, struct cvsw_text_error *error);

/**
 * cvsw_text_format() - write a flow so that cvsw_text_parse() reads it back
 * @buf: always terminated if @room is not zero
 *
 * Return: length of the whole text, as snprintf() returns it.
 */
size_t cvsw_text_format(const struct cvsw_flow *flow, char *buf, size_t room);

/** cvsw_text_format_match() - the match alone, without priority and actions */
size_t cvsw_text_format_match(const struct cvsw_match *match, char *buf, size_t room);

/* What a group's text gave; what it did not is filled in: cvsw_text_parse_group(). */
#define CVSW_TEXT_GROUP_KEY	1
#define CVSW_TEXT_GROUP_SLOTS	2

/**
 * cvsw_text_parse_group() - read a group, as add-group takes it
 * @group: out: its slots as cvsw_group_fill() has them, where the text does not give them; a key
 *	of zeroes
 * @given: out, may be NULL: CVSW_TEXT_GROUP_*
 *
 * group_id= and type= must be there, ovs-ofctl's; key=, slots=, backup= and dead= are ours.
 * The group is one that cvsw_group_check() likes.
 *
 * Return: true, or false with @error filled and @group undefined.
 */
bool cvsw_text_parse_group(const char *text, struct cvsw_group *group, unsigned int *given,
			   struct cvsw_text_error *error);

/**
 * cvsw_text_parse_dead() - read buckets, as "1,3" or "none"
 * @n_buckets: of the group
 * @dead: out: as in struct cvsw_group
 */
bool cvsw_text_parse_dead(const char *text, unsigned int n_buckets, uint64_t *dead,
			  struct cvsw_text_error *error);

/** cvsw_text_group_hash() - enum cvsw_group_hash by its name; CVSW_N_GROUP_HASHES: there is none */
uint8_t cvsw_text_group_hash(const char *name);

/** cvsw_text_format_group() - write a group so that cvsw_text_parse_group() reads it back */
size_t cvsw_text_format_group(const struct cvsw_group *group, char *buf, size_t room);

/** cvsw_text_group_type() - as texts have it; "unknown" of none */
const char *cvsw_text_group_type(uint8_t type);

/** cvsw_text_mac() - read "02:00:00:00:00:01"; false if it is not one, whole */
bool cvsw_text_mac(const char *text, uint8_t mac[CVSW_ETH_ALEN]);

/** cvsw_text_hex() - two digits a byte, without an end; returns what is behind them */
char *cvsw_text_hex(char *to, const uint8_t *data, size_t len);

#endif
