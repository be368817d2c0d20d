// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A flow's text: what it has beside its match and its actions. */
#include "cvsw_text_parser.h"

static bool is_whole(const struct text_parser *p)
{
	return p->use == CVSW_TEXT_ADD || p->use == CVSW_TEXT_MODIFY;
}

/* Of a whole flow: it would mean nothing where flows are chosen. */
static bool begin_part(struct text_parser *p, const struct text_word *word,
		       const struct text_keyword *keyword)
{
	if (!is_whole(p))
		return text_fail(p, word->name, "%.*s is no part of a match",
				 text_shown(word->name_len), word->name);
	return text_first_time(p, word, keyword->arg);
}

static bool flow_priority(struct text_parser *p, const struct text_word *word,
			  const struct text_keyword *keyword)
{
	uint64_t number;

	if (p->use == CVSW_TEXT_MATCH)
		return text_fail(p, word->name, "priority= is looked at with --strict only");
	if (!text_first_time(p, word, keyword->arg) ||
	    !text_number(p, word, keyword->limit, &number))
		return false;
	p->flow->priority = (uint16_t)number;
	return true;
}

static bool flow_timeout(struct text_parser *p, const struct text_word *word,
			 const struct text_keyword *keyword)
{
	uint64_t number;

	if (!begin_part(p, word, keyword) || !text_number(p, word, keyword->limit, &number))
		return false;
	if (keyword->arg == PART_IDLE_TIMEOUT)
		p->flow->idle_timeout = (uint16_t)number;
	else
		p->flow->hard_timeout = (uint16_t)number;
	return true;
}

static bool flow_flag(struct text_parser *p, const struct text_word *word,
		      const struct text_keyword *keyword)
{
	if (!begin_part(p, word, keyword) || !text_want_no_value(p, word))
		return false;
	p->flow->flags |= (uint16_t)keyword->limit;
	return true;
}

/* What stands behind the slash; -1, as ovs-ofctl's users write it, is all of it. */
static bool read_cookie_mask(struct text_parser *p, const struct text_word *word, uint64_t *mask)
{
	if (!text_same(word->value, word->value_len, "-1"))
		return text_number(p, word, UINT64_MAX, mask);
	*mask = UINT64_MAX;
	return true;
}

/* With a mask it chooses flows, without one it is what a flow's cookie is to be. */
static bool flow_cookie(struct text_parser *p, const struct text_word *word,
			const struct text_keyword *keyword)
{
	struct text_word value, behind;
	bool masked = text_split_mask(word, &value, &behind);
	uint64_t number, mask;

	if (masked && (!p->cookie || p->use == CVSW_TEXT_ADD))
		return text_fail(p, behind.value, "a cookie has a mask only where it chooses flows");
	if (!masked && !is_whole(p))
		return text_fail(p, word->name, "expected cookie=VALUE/MASK, with the bits to "
				 "choose by; cookie=VALUE/-1 for all");
	if (!text_first_time(p, word, keyword->arg) ||
	    !text_number(p, &value, UINT64_MAX, &number))
		return false;
	if (masked && !read_cookie_mask(p, &behind, &mask))
		return false;
	if (masked) {
		p->cookie->value = number & mask;
		p->cookie->mask = mask;
		return true;
	}
	p->flow->cookie = number;
	if (p->cookie)
		p->cookie->given = true;
	return true;
}

/* OpenFlow 1.0, 4.6: of commands that delete.  NONE is any there. */
static bool flow_out_port(struct text_parser *p, const struct text_word *word,
			  const struct text_keyword *keyword)
{
	if (is_whole(p))
		return text_fail(p, word->name, "out_port= chooses flows to be deleted or shown");
	if (!text_first_time(p, word, keyword->arg) ||
	    !text_port(p, word, &p->flow->out_port))
		return false;
	if (p->flow->out_port == CVSW_PORT_NONE)
		p->flow->out_port = 0;
	return true;
}

static bool flow_table(struct text_parser *p, const struct text_word *word,
		       const struct text_keyword *keyword)
{
	return text_first_time(p, word, keyword->arg) &&
	       text_table(p, word, &p->flow->match.table);
}

/* What is shown of a flow, and no part of it. */
static bool flow_shown(struct text_parser *p, const struct text_word *word,
		       const struct text_keyword *keyword)
{
	(void)keyword;
	return text_want_value(p, word);
}

const struct text_keyword text_flow_keywords[] = {
	{ "priority",	flow_priority, PART_PRIORITY, 0xffff },
	{ "cookie",	flow_cookie, PART_COOKIE, 0 },
	{ "idle_timeout", flow_timeout, PART_IDLE_TIMEOUT, 0xffff },
	{ "hard_timeout", flow_timeout, PART_HARD_TIMEOUT, 0xffff },
	{ "send_flow_rem", flow_flag, PART_SEND_REMOVED, CVSW_FLOW_SEND_REMOVED },
	{ "check_overlap", flow_flag, PART_CHECK_OVERLAP, CVSW_FLOW_CHECK_OVERLAP },
	{ "out_port",	flow_out_port, PART_OUT_PORT, 0 },
	{ "table",	flow_table, PART_TABLE, 0 },
	{ "duration n_packets n_bytes idle_age hard_age", flow_shown, 0, 0 },
	{ NULL,		NULL, 0, 0 },
};
