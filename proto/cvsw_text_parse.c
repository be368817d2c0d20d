// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Flows, from ovs-ofctl's syntax: the whole of it. */
#include "cvsw_ofp10.h"
#include "cvsw_text_parser.h"

#define DEFAULT_PRIORITY	32768
#define EXACT_PRIORITY		65535

static bool has_actions(enum cvsw_text_use use)
{
	return use == CVSW_TEXT_ADD || use == CVSW_TEXT_MODIFY;
}

/* A field of the match, or another part of the flow. */
static bool parse_part(struct text_parser *p, const struct text_word *word)
{
	const struct text_keyword *keyword = text_find(text_match_keywords, word);
	enum cvsw_field field = text_matched_field(word);
	bool of_match = keyword || field < CVSW_N_FIELDS;

	if (!of_match)
		keyword = text_find(text_flow_keywords, word);
	if (!keyword && field == CVSW_N_FIELDS)
		return text_match_part(p, word);
	if (word->opens)
		return text_fail(p, p->at - 1, "%.*s takes no arguments",
				 text_shown(word->name_len), word->name);
	/* As ovs-ofctl has it: anything. */
	if (of_match && word->value_len == 1 && *word->value == '*')
		return true;
	return keyword ? keyword->parse(p, word, keyword) : text_match_field(p, word, field);
}

/* Fields up to actions=; @came: whether that came. */
static bool parse_fields(struct text_parser *p, bool *came)
{
	struct text_word word;

	*came = false;
	while (text_next_word(p, &word)) {
		if (word.value && (text_same(word.name, word.name_len, "actions") ||
				   text_same(word.name, word.name_len, "action"))) {
			if (!has_actions(p->use))
				return text_fail(p, word.name, "actions= is no part of a match");
			p->at = word.value;
			*came = true;
			return true;
		}
		if (!parse_part(p, &word))
			return false;
	}
	return true;
}

static bool check_priority(struct text_parser *p)
{
	struct cvsw_flow *flow = p->flow;

	if (!cvsw_ofp10_is_exact(&flow->match))
		return true;
	if (p->seen[PART_PRIORITY] && flow->priority != EXACT_PRIORITY)
		return text_fail(p, p->seen[PART_PRIORITY],
				 "a match without wildcards always has priority %d",
				 EXACT_PRIORITY);
	flow->priority = EXACT_PRIORITY;
	return true;
}

static bool parse(struct text_parser *p)
{
	bool came;

	memset(p->flow, 0, sizeof(*p->flow));
	p->flow->priority = DEFAULT_PRIORITY;
	/* As ovs-ofctl: who chooses flows chooses from all tables. */
	p->flow->match.table = p->use == CVSW_TEXT_MATCH ? CVSW_TABLE_ALL : 0;
	if (!parse_fields(p, &came))
		return false;
	if (has_actions(p->use) && !came)
		return text_fail(p, p->at, "expected actions=");
	if (came && !text_actions(p))
		return false;
	return text_check_match(p) && text_check_actions(p) && check_priority(p);
}

bool cvsw_text_parse(enum cvsw_text_use use, const char *text,
		     struct cvsw_flow *flow, struct cvsw_text_error *error)
{
	struct text_parser p = {
		.text = text, .at = text, .use = use, .flow = flow, .error = error,
	};

	return parse(&p);
}

bool cvsw_text_parse_choice(enum cvsw_text_use use, const char *text, struct cvsw_flow *flow,
			    struct cvsw_text_cookie *cookie, struct cvsw_text_error *error)
{
	struct text_parser p = {
		.text = text, .at = text, .use = use, .flow = flow, .cookie = cookie,
		.error = error,
	};

	*cookie = (struct cvsw_text_cookie){ 0 };
	return parse(&p);
}
