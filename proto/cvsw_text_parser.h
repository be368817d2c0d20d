/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Between the parts that read a flow's text: cvsw_text_parse.c (the whole),
 * cvsw_text_words.c (words and values), cvsw_text_flow.c, cvsw_text_match.c,
 * cvsw_text_values.c, cvsw_text_actions.c, cvsw_text_fields.c, cvsw_text_group.c and
 * cvsw_text_lacks.c.  Not for others.
 */
#ifndef CVSW_TEXT_PARSER_H
#define CVSW_TEXT_PARSER_H

#include "cvsw_text.h"

#define TEXT_SEPARATORS		", \t\r\n"
#define TEXT_ASSIGNMENTS	"=:"
#define TEXT_PARENTHESES	"()"

/* What a text can say once, behind the slots of a match; where it did is kept for complaints. */
enum text_part {
	PART_DL_VLAN = CVSW_N_SLOTS, PART_DL_VLAN_PCP, PART_PRIORITY, PART_COOKIE,
	PART_IDLE_TIMEOUT, PART_HARD_TIMEOUT, PART_SEND_REMOVED, PART_CHECK_OVERLAP, PART_OUT_PORT,
	PART_TABLE, PART_GROUP_ID, PART_TYPE, PART_KEY, PART_SLOTS, PART_BACKUP, PART_DEAD,
	PART_METHOD,
	N_PARTS
};

/*
 * @cookie: NULL: the text cannot choose by it
 * @needs: what the last word for a slot makes sense with only, enum cvsw_need
 * @action: whose arguments are being read
 * @given: which of them came, by their keywords' numbers
 * @inside: what is read is in the parentheses of this action, a clone or write_actions; or in a
 *	bucket: CVSW_ACT_GROUP; or 0
 * @untagged: it was said that there is no tag
 * @action_at: where each action stands
 */
struct text_parser {
	const char *text;
	const char *at;
	enum cvsw_text_use use;
	struct cvsw_flow *flow;
	struct cvsw_text_cookie *cookie;
	struct cvsw_text_error *error;
	const char *seen[N_PARTS];
	uint8_t needs[CVSW_N_SLOTS];
	struct cvsw_action *action;
	unsigned int given;
	uint16_t inside;
	bool untagged;
	const char *action_at[CVSW_MAX_ACTIONS];
};

/* NAME, NAME=VALUE, NAME:VALUE or NAME(; @value is NULL without one. */
struct text_word {
	const char *name;
	size_t name_len;
	const char *value;
	size_t value_len;
	bool opens;	/* a parenthesis, and that is read */
};

/*
 * @words: that mean the same, the first of them as it is printed
 * @arg: an EtherType, a protocol, a field, or an action type, as @parse has it
 * @limit: the largest number the value may be
 */
struct text_keyword {
	const char *words;
	bool (*parse)(struct text_parser *p, const struct text_word *word,
		      const struct text_keyword *keyword);
	unsigned int arg;
	uint32_t limit;
};

/* All that return bool: false with the error filled. */

__attribute__((format(printf, 3, 4)))
bool text_fail(struct text_parser *p, const char *at, const char *format, ...);
/* For "%.*s": error messages are short, texts need not be. */
int text_shown(size_t len);
bool text_same(const char *name, size_t len, const char *other);

/* The next word; false at the end, which is no error. */
bool text_next_word(struct text_parser *p, struct text_word *word);
/* A closing parenthesis?  Then it is read. */
bool text_closes(struct text_parser *p);
/* Is it one of these words?  One with a capital letter in front is not read. */
bool text_among(const char *words, const char *name, size_t len);
/* Is it a word for what a NIC has not?  cvsw_text_lacks.c has the table. */
bool text_is_lacked(const char *name, size_t len);
/* Says so, or that there is no such @kind. */
bool text_fail_lacked(struct text_parser *p, const char *name, size_t len, const char *kind);
/* The keyword that has this word, or NULL. */
const struct text_keyword *text_find(const struct text_keyword *keyword,
				     const struct text_word *word);
/* VALUE/MASK: @mask is what stands behind the slash.  No error: false if there is none. */
bool text_split_mask(const struct text_word *word, struct text_word *value,
		     struct text_word *mask);

bool text_want_value(struct text_parser *p, const struct text_word *word);
bool text_want_no_value(struct text_parser *p, const struct text_word *word);
bool text_first_time(struct text_parser *p, const struct text_word *word, unsigned int part);

bool text_number(struct text_parser *p, const struct text_word *word, uint64_t limit,
		 uint64_t *number);
bool text_table(struct text_parser *p, const struct text_word *word, uint8_t *table);
/* NUMBER or NUMBER/MASK; @mask is @limit without one. */
bool text_masked_number(struct text_parser *p, const struct text_word *word, uint64_t limit,
			uint64_t *number, uint64_t *mask);
bool text_mac(struct text_parser *p, const struct text_word *word, uint8_t mac[CVSW_ETH_ALEN]);
bool text_masked_mac(struct text_parser *p, const struct text_word *word,
		     uint8_t mac[CVSW_ETH_ALEN], uint8_t mask[CVSW_ETH_ALEN]);
bool text_ipv4(struct text_parser *p, const struct text_word *word, uint32_t *addr);
/* ADDRESS, ADDRESS/BITS or ADDRESS/MASK */
bool text_masked_ipv4(struct text_parser *p, const struct text_word *word, uint32_t *addr,
		      uint32_t *mask);
bool text_ipv6(struct text_parser *p, const struct text_word *word, uint8_t addr[CVSW_IP_LEN]);
bool text_masked_ipv6(struct text_parser *p, const struct text_word *word,
		      uint8_t addr[CVSW_IP_LEN], uint8_t mask[CVSW_IP_LEN]);
/* A ToS byte without ECN bits. */
bool text_tos(struct text_parser *p, const struct text_word *word, uint8_t *tos);

/* @value without quotation marks around it: ovs-ofctl's users put names of ports in some. */
struct text_word text_unquoted(const struct text_word *word);
/* A port that an output can have. */
bool text_port(struct text_parser *p, const struct text_word *word, uint16_t *port);

/* ---- fields: cvsw_text_values.c ---- */

/* How a field's value is written. */
enum text_kind {
	KIND_DEC,
	KIND_HEX,
	KIND_HEX4,	/* of so many digits at least */
	KIND_HEX5,
	KIND_MAC,
	KIND_IPV4,
	KIND_IPV6,
	KIND_TOS,	/* a ToS byte without ECN bits */
	KIND_PORT,	/* HOST, NET */
	KIND_TAG,	/* of a VLAN: as dl_vlan and dl_vlan_pcp, where they can say it */
	KIND_FRAG,
	KIND_FLAGS,	/* TCP's */
	KIND_TUNNEL,
};

/* The rest of a row of CVSW_FIELDS. */
struct text_field {
	uint8_t asks;		/* enum cvsw_need */
	uint8_t set;		/* enum cvsw_field */
	uint8_t kind;		/* enum text_kind */
	const char *name;
	const char *oxm_name;
	const char *words;
};
extern const struct text_field text_fields[CVSW_N_FIELDS];

/* The largest number that a match can have there. */
uint64_t text_field_limit(enum cvsw_field field);
uint64_t text_from_wide(const uint8_t wide[CVSW_WIDE]);
void text_to_wide(uint64_t number, uint8_t wide[CVSW_WIDE]);
/* The field that a match has by this word, or CVSW_N_FIELDS. */
enum cvsw_field text_matched_field(const struct text_word *word);
/* VALUE or VALUE/MASK of a field; value bits outside of the mask are cleared. */
bool text_field_value(struct text_parser *p, const struct text_word *word, enum cvsw_field field,
		      uint8_t value[CVSW_WIDE], uint8_t mask[CVSW_WIDE]);
/* VALUE of at most @limit, as a number; of all kinds but IPv6. */
bool text_plain_value(struct text_parser *p, const struct text_word *word, enum text_kind kind,
		      uint64_t limit, uint64_t *number);

struct text_frag {
	const char *name;
	uint8_t value, mask;
};
#define TEXT_N_FRAGS	5
extern const struct text_frag text_frags[TEXT_N_FRAGS];

/* By bit number. */
#define TEXT_N_TCP_FLAGS	12
extern const char *const text_tcp_flags[TEXT_N_TCP_FLAGS];

/* Keywords before actions=. */
extern const struct text_keyword text_flow_keywords[];	/* of the flow, not of its match */
extern const struct text_keyword text_match_keywords[];	/* what is no row of CVSW_FIELDS */
/* NAME=VALUE of a field that text_matched_field() found. */
bool text_match_field(struct text_parser *p, const struct text_word *word, enum cvsw_field field);
/* NAME[FIRST..LAST]=VALUE of what has no word of its own, or none that anybody knows. */
bool text_match_part(struct text_parser *p, const struct text_word *word);
/* Words for the protocol that a match names, or NULL; @both: EtherType and IP protocol. */
const char *text_protocol_words(const struct cvsw_match *match, bool *both);
/* The checks when all of a match was read. */
bool text_check_match(struct text_parser *p);

/* One more action at the end of the list; NULL: it cannot be there. */
struct cvsw_action *text_add_action(struct text_parser *p, const struct text_word *word,
				    uint16_t type);

/* In cvsw_text_group.c. */
bool text_act_group(struct text_parser *p, const struct text_word *word,
		    const struct text_keyword *keyword);
/** text_group_hash() - its name; "unknown" of none */
const char *text_group_hash(uint8_t hash);

/* ---- parts of fields, and actions that name one: cvsw_text_fields.c ---- */

/* @n_bits of a field, from bit @ofs on. */
struct text_subfield {
	enum cvsw_field field;
	unsigned int ofs;
	unsigned int n_bits;
};

/* NAME, NAME[], NAME[BIT] or NAME[FIRST..LAST]; @matched: what a match has, else an action. */
bool text_subfield(struct text_parser *p, const char *at, size_t len, bool matched,
		   struct text_subfield *part);
/* Has anything this name, with or without brackets? */
bool text_names_field(const char *at, size_t len);
/* The largest number of so many bits, 1 to 64. */
uint64_t text_limit_of(unsigned int n_bits);

bool text_act_move(struct text_parser *p, const struct text_word *word,
		   const struct text_keyword *keyword);
bool text_act_load(struct text_parser *p, const struct text_word *word,
		   const struct text_keyword *keyword);
bool text_act_mod(struct text_parser *p, const struct text_word *word,
		  const struct text_keyword *keyword);
bool text_act_set(struct text_parser *p, const struct text_word *word,
		  const struct text_keyword *keyword);
bool text_act_set_field(struct text_parser *p, const struct text_word *word,
			const struct text_keyword *keyword);
bool text_act_write_metadata(struct text_parser *p, const struct text_word *word,
			     const struct text_keyword *keyword);

/* What stands behind actions=, to the end, or within a bucket to the next one. */
bool text_actions(struct text_parser *p);
/* bucket= */
bool text_is_bucket(const struct text_word *word);
/* Behind text_check_match(): do the actions fit the match? */
bool text_check_actions(struct text_parser *p);

#endif
