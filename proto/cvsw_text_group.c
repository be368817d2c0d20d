// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The text of a flow's way to a group. */
#include "cvsw_text_parser.h"

static const char *const hash_names[CVSW_N_GROUP_HASHES] = {
#define HASH_NAME(id, name) name,
	CVSW_GROUP_HASHES(HASH_NAME)
#undef HASH_NAME
};

const char *text_group_hash(uint8_t hash)
{
	return hash < CVSW_N_GROUP_HASHES ? hash_names[hash] : "unknown";
}

/* (FIELDS), of which at most one word is there. */
static bool read_hash(struct text_parser *p, uint8_t *hash)
{
	const char *name = p->at + 1;
	size_t len = strcspn(name, ")");
	uint8_t i = 0;

	if (*p->at != '(')
		return true;
	while (i < CVSW_N_GROUP_HASHES && !text_same(name, len, hash_names[i]))
		i++;
	if (i == CVSW_N_GROUP_HASHES || name[len] != ')')
		return text_fail(p, name, "%.*s: expected in parentheses what is hashed: l3l4, "
				 "l3, nw_src, nw_dst, l2, dl_src or dl_dst", text_shown(len), name);
	*hash = i;
	p->at = name + len + 1;
	return true;
}

/* group:N, group:N(FIELDS) */
bool text_act_group(struct text_parser *p, const struct text_word *word,
		    const struct text_keyword *keyword)
{
	struct cvsw_action *action = text_add_action(p, word, (uint16_t)keyword->arg);
	uint64_t number;

	if (!action || !text_number(p, word, CVSW_GROUP_MAX, &number))
		return false;
	action->to_group.id = (uint32_t)number;
	return read_hash(p, &action->to_group.hash);
}
