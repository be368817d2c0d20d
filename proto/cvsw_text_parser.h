/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Between the parts that read a flow's text: cvsw_text_parse.c (the whole),
 * cvsw_text_words.c (words and values), cvsw_text_flow.c, cvsw_text_match.c,
 * cvsw_text_nx.c, cvsw_text_actions.c and cvsw_text_fields.c.  Not for others.
 */
#ifndef CVSW_TEXT_PARSER_H
#define CVSW_TEXT_PARSER_H

#include "cvsw_text.h"

#define TEXT_SEPARATORS		", \t\r\n"
#define TEXT_ASSIGNMENTS	"=:"
#define TEXT_PARENTHESES	"()"

/* What a text can say once; where it did is kept for complaints. */
enum text_field {
	FIELD_PRIORITY, FIELD_COOKIE, FIELD_IDLE_TIMEOUT, FIELD_HARD_TIMEOUT, FIELD_SEND_REMOVED,
	FIELD_CHECK_OVERLAP, FIELD_OUT_PORT, FIELD_IN_PORT, FIELD_DL_VLAN, FIELD_DL_VLAN_PCP,
	FIELD_VLAN_TCI, FIELD_DL_SRC, FIELD_DL_DST, FIELD_DL_TYPE, FIELD_NW_SRC, FIELD_NW_DST,
	FIELD_NW_PROTO, FIELD_NW_TOS, FIELD_NW_ECN, FIELD_TP_SRC, FIELD_TP_DST,
	FIELD_NW_TTL, FIELD_NW_FRAG, FIELD_TCP_FLAGS, FIELD_IPV6_SRC, FIELD_IPV6_DST,
	FIELD_IPV6_LABEL, FIELD_ND_TARGET, FIELD_HW_SRC, FIELD_HW_DST, FIELD_METADATA,
	FIELD_TUN_TYPE, FIELD_TUN_ID, FIELD_TUN_SRC, FIELD_TUN_DST, FIELD_SA, FIELD_PASS,
	N_FIELDS
};

/*
 * @cookie: NULL: the text cannot choose by it
 * @needs: what the last keyword of a field makes sense with only, enum cvsw_need,
 *	or TEXT_NEED_ANY_ICMP
 * @action: whose arguments are being read
 * @given: which of them came, by their keywords' numbers
 * @in_clone: what is read is done to a copy
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
	const char *seen[N_FIELDS];
	uint8_t needs[N_FIELDS];
	struct cvsw_action *action;
	unsigned int given;
	bool in_clone;
	bool untagged;
	const char *action_at[CVSW_MAX_ACTIONS];
};

#define TEXT_NEED_ANY_ICMP	0xff	/* ICMP or ICMPv6 */

/* NAME, NAME=VALUE, NAME:VALUE or NAME(; @value is NULL without one. */
struct text_word {
	const char *name;
	size_t name_len;
	const char *value;
	size_t value_len;
	bool opens;	/* a parenthesis, and that is read */
};

/*
 * @arg: an EtherType, a protocol, a field, or an action type, as @parse has it
 * @limit: the largest number the value may be
 */
struct text_keyword {
	const char *name;
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
/* The keyword of this name, or NULL. */
const struct text_keyword *text_find(const struct text_keyword *keyword,
				     const struct text_word *word);
/* VALUE/MASK: @mask is what stands behind the slash.  No error: false if there is none. */
bool text_split_mask(const struct text_word *word, struct text_word *value,
		     struct text_word *mask);

bool text_want_value(struct text_parser *p, const struct text_word *word);
bool text_want_no_value(struct text_parser *p, const struct text_word *word);
bool text_first_time(struct text_parser *p, const struct text_word *word, enum text_field field);
bool text_not_yet(struct text_parser *p, const struct text_word *word,
		  const struct text_keyword *keyword);

bool text_number(struct text_parser *p, const struct text_word *word, uint64_t limit,
		 uint64_t *number);
/* NUMBER or NUMBER/MASK; @mask is @limit without one. */
bool text_masked_number(struct text_parser *p, const struct text_word *word, uint32_t limit,
			uint32_t *number, uint32_t *mask);
bool text_masked_wide_number(struct text_parser *p, const struct text_word *word, uint64_t limit,
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

/* A port that an output can have. */
bool text_port(struct text_parser *p, const struct text_word *word, uint16_t *port);

/* By bit number. */
#define TEXT_N_TCP_FLAGS	12
extern const char *const text_tcp_flags[TEXT_N_TCP_FLAGS];

/* Keywords before actions=. */
extern const struct text_keyword text_flow_keywords[];	/* of the flow, not of its match */
extern const struct text_keyword text_match_keywords[];
extern const struct text_keyword text_nx_keywords[];	/* those that ofp_match has not */
/* The word for an EtherType, or NULL. */
const char *text_ethertype_name(uint16_t dl_type);
/* The checks when all of a match was read. */
bool text_check_match(struct text_parser *p);

/* One more action at the end of the list; NULL: it cannot be there. */
struct cvsw_action *text_add_action(struct text_parser *p, const struct text_word *word,
				    uint16_t type);

/* Actions that name a field: cvsw_text_fields.c. */
bool text_act_move(struct text_parser *p, const struct text_word *word,
		   const struct text_keyword *keyword);
bool text_act_load(struct text_parser *p, const struct text_word *word,
		   const struct text_keyword *keyword);
bool text_act_mod(struct text_parser *p, const struct text_word *word,
		  const struct text_keyword *keyword);
bool text_act_set_field(struct text_parser *p, const struct text_word *word,
			const struct text_keyword *keyword);

/* What stands behind actions=, to the end. */
bool text_actions(struct text_parser *p);
/* Behind text_check_match(): do the actions fit the match? */
bool text_check_actions(struct text_parser *p);

#endif
