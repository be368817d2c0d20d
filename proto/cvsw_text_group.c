// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Texts of groups, and of a flow's way to one. */
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
	uint8_t i = 0;
	size_t len;

	if (*p->at != '(')
		return true;
	len = strcspn(name, ")");
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

/* ---- groups themselves ---- */

static const char *const type_words[CVSW_N_GROUP_TYPES] = {
	[CVSW_GROUP_TYPE_ALL] = "all",
	[CVSW_GROUP_TYPE_SELECT] = "select",
	[CVSW_GROUP_TYPE_INDIRECT] = "indirect",
	[CVSW_GROUP_TYPE_FAILOVER] = "ff fast_failover",
};

const char *cvsw_text_group_type(uint8_t type)
{
	return type == CVSW_GROUP_TYPE_FAILOVER ? "ff" :
	       type < CVSW_N_GROUP_TYPES ? type_words[type] : "unknown";
}

uint8_t cvsw_text_group_hash(const char *name)
{
	uint8_t i = 0;

	while (i < CVSW_N_GROUP_HASHES && !text_same(name, strlen(name), hash_names[i]))
		i++;
	return i;
}

/* p.flow: a bucket's actions while they are read */
struct group_parser {
	struct text_parser p;
	struct cvsw_group *group;
};

static bool group_id(struct group_parser *g, const struct text_word *word)
{
	uint64_t number;

	if (!text_number(&g->p, word, CVSW_GROUP_MAX, &number))
		return false;
	g->group->id = (uint32_t)number;
	return true;
}

static bool group_type(struct group_parser *g, const struct text_word *word)
{
	if (!text_want_value(&g->p, word))
		return false;
	for (uint8_t i = 0; i < CVSW_N_GROUP_TYPES; i++) {
		g->group->type = i;
		if (text_among(type_words[i], word->value, word->value_len))
			return true;
	}
	return text_fail(&g->p, word->value, "%.*s: expected all, select, indirect or ff "
			 "(fast_failover)", text_shown(word->value_len), word->value);
}

static bool group_key(struct group_parser *g, const struct text_word *word)
{
	static const char digits[] = "0123456789abcdef";
	size_t i = 0;

	if (!text_want_value(&g->p, word))
		return false;
	for (; i < word->value_len && i < 2 * CVSW_GROUP_KEY_LEN; i++) {
		const char *digit = strchr(digits, word->value[i] | 0x20);
		uint8_t *byte = &g->group->key[i / 2];

		if (!digit || !*digit || word->value[i] < '0')
			break;
		*byte = (uint8_t)(*byte << 4 | (digit - digits));
	}
	return (i == word->value_len && i == 2 * CVSW_GROUP_KEY_LEN) ||
	       text_fail(&g->p, word->value, "%.*s: expected %d hex digits",
			 text_shown(word->value_len), word->value, 2 * CVSW_GROUP_KEY_LEN);
}

/* Digits alone; false: none, or more than @limit. */
static bool read_count(const char **at, unsigned int limit, unsigned int *number)
{
	const char *start = *at;

	for (*number = 0; **at >= '0' && **at <= '9' && *number <= limit; ++*at)
		*number = *number * 10 + (unsigned int)(**at - '0');
	return *at > start && *number <= limit;
}

/* BUCKET*COUNT/BUCKET/... */
static bool group_slots(struct group_parser *g, const struct text_word *word, uint8_t *slots)
{
	unsigned int bucket, count, n = 0;
	const char *at = word->value, *run;

	if (!text_want_value(&g->p, word))
		return false;
	do {
		run = at;
		count = 1;
		if (!read_count(&at, CVSW_GROUP_BUCKETS - 1, &bucket))
			break;
		if (*at == '*' && (at++, !read_count(&at, CVSW_GROUP_SLOTS, &count)))
			break;
		if (n + count > CVSW_GROUP_SLOTS)
			break;
		memset(slots + n, (int)bucket, count);
		n += count;
	} while (*at++ == '/');
	if (n == CVSW_GROUP_SLOTS && at - 1 == word->value + word->value_len)
		return true;
	return text_fail(&g->p, run, "%.*s: expected buckets for %d slots, as 0*128/1*127/0",
			 text_shown(strcspn(run, TEXT_SEPARATORS)), run, CVSW_GROUP_SLOTS);
}

static bool fail_dead(struct text_parser *p, const char *at)
{
	return text_fail(p, at, "%.*s: expected buckets, from 0 to %d, as 1,3",
			 text_shown(strcspn(at, TEXT_SEPARATORS)), at, CVSW_GROUP_BUCKETS - 1);
}

/* NUMBER,NUMBER,...: up to what is no number. */
static bool read_dead(struct text_parser *p, const char *at, uint64_t *dead)
{
	unsigned int bucket;
	const char *one;

	*dead = 0;
	do {
		one = at;
		if (!read_count(&at, CVSW_GROUP_BUCKETS - 1, &bucket))
			return fail_dead(p, one);
		*dead |= 1ull << bucket;
	} while (*at == ',' && at[1] >= '0' && at[1] <= '9' && at++);
	p->at = at;
	return !*at || strchr(TEXT_SEPARATORS, *at) || fail_dead(p, one);
}

static bool group_dead(struct group_parser *g, const struct text_word *word)
{
	return text_want_value(&g->p, word) && read_dead(&g->p, word->value, &g->group->dead);
}

/* A hash chooses; which fields count stands in the action. */
static bool group_method(struct group_parser *g, const struct text_word *word)
{
	if (!text_want_value(&g->p, word))
		return false;
	return text_same(word->value, word->value_len, "hash") ||
	       text_fail(&g->p, word->value, "selection_method=%.*s: there is hash only; its fields "
			 "stand in the action, as group:5(nw_src)", text_shown(word->value_len),
			 word->value);
}

static bool group_backup(struct group_parser *g, const struct text_word *word)
{
	return group_slots(g, word, g->group->backup);
}

static bool group_primary(struct group_parser *g, const struct text_word *word)
{
	return group_slots(g, word, g->group->slots);
}

/* @select: only a select group has it */
static const struct {
	const char *name;
	bool (*parse)(struct group_parser *g, const struct text_word *word);
	enum text_part part;
	bool select;
} group_words[] = {
	{ "group_id", group_id, PART_GROUP_ID, false },
	{ "type", group_type, PART_TYPE, false },
	{ "key", group_key, PART_KEY, true },
	{ "slots", group_primary, PART_SLOTS, true },
	{ "backup", group_backup, PART_BACKUP, true },
	{ "dead", group_dead, PART_DEAD, false },
	{ "selection_method", group_method, PART_METHOD, true },
};

#define N_GROUP_WORDS	(sizeof(group_words) / sizeof(group_words[0]))

static bool group_word(struct group_parser *g, const struct text_word *word)
{
	for (size_t i = 0; i < N_GROUP_WORDS; i++) {
		if (!text_same(word->name, word->name_len, group_words[i].name))
			continue;
		if (!text_first_time(&g->p, word, group_words[i].part))
			return false;
		return group_words[i].parse(g, word);
	}
	if (text_among("selection_method_param fields command_bucket_id", word->name,
		       word->name_len))
		return text_fail(&g->p, word->name, "%.*s is not supported",
				 text_shown(word->name_len), word->name);
	return text_fail(&g->p, word->name, "unknown keyword %.*s: expected group_id, type, key, "
			 "slots, backup, dead or bucket", text_shown(word->name_len), word->name);
}

/* ---- buckets ---- */

static bool bucket_weight(struct group_parser *g, const struct text_word *word,
			  struct cvsw_bucket *bucket)
{
	uint64_t number;

	if (g->group->type != CVSW_GROUP_TYPE_SELECT)
		return text_fail(&g->p, word->name, "only buckets of select groups have weights");
	if (!text_number(&g->p, word, UINT16_MAX, &number))
		return false;
	bucket->weight = (uint16_t)number;
	return true;
}

/* What stands before actions=, or before the first action. */
static bool bucket_head(struct group_parser *g, const char *start, struct cvsw_bucket *bucket)
{
	struct text_parser *p = &g->p;
	struct text_word word;

	while (text_next_word(p, &word) && !text_is_bucket(&word)) {
		if (text_among("bucket_id watch_port watch_group", word.name, word.name_len))
			return text_fail(p, word.name, "%.*s is not supported%s",
					 text_shown(word.name_len), word.name,
					 text_same(word.name, word.name_len, "bucket_id") ?
					 ": buckets are numbered from 0" :
					 ": dead= says which buckets are dead");
		if (text_same(word.name, word.name_len, "weight")) {
			if (!bucket_weight(g, &word, bucket))
				return false;
			continue;
		}
		p->at = word.value && text_among("actions action", word.name, word.name_len) ?
			word.value : word.name;
		return true;
	}
	return text_fail(p, start, "a bucket needs actions: expected actions=...");
}

static bool group_bucket(struct group_parser *g, const struct text_word *word)
{
	struct cvsw_group *group = g->group;
	struct cvsw_bucket *bucket = &group->buckets[group->n_buckets];
	struct cvsw_flow *list = g->p.flow;

	if (group->n_buckets == CVSW_GROUP_BUCKETS)
		return text_fail(&g->p, word->name, "a group has at most %d buckets",
				 CVSW_GROUP_BUCKETS);
	*bucket = (struct cvsw_bucket){ .first = group->n_actions, .weight = 1 };
	memset(list, 0, sizeof(*list));
	g->p.at = word->value;
	if (!bucket_head(g, word->name, bucket) || !text_actions(&g->p))
		return false;
	if (group->n_actions + list->n_actions > CVSW_GROUP_ACTIONS)
		return text_fail(&g->p, word->name, "a group has at most %d actions",
				 CVSW_GROUP_ACTIONS);
	memcpy(group->actions + group->n_actions, list->actions,
	       list->n_actions * sizeof(*list->actions));
	bucket->n_actions = (uint16_t)list->n_actions;
	group->n_actions = (uint16_t)(group->n_actions + list->n_actions);
	group->n_buckets++;
	return true;
}

/* ---- the whole ---- */

/* @end: up to where it was read */
static bool check_words(struct group_parser *g, const char *end)
{
	const struct cvsw_group *group = g->group;

	for (size_t i = 0; i < N_GROUP_WORDS; i++) {
		const char *at = g->p.seen[group_words[i].part];

		if (!at && group_words[i].part <= PART_TYPE)
			return text_fail(&g->p, end, "expected %s=", group_words[i].name);
		if (at && group_words[i].select && group->type != CVSW_GROUP_TYPE_SELECT)
			return text_fail(&g->p, at, "only a select group has %s=",
					 group_words[i].name);
	}
	return true;
}

static bool fill_slots(struct group_parser *g)
{
	struct cvsw_group *group = g->group;
	uint8_t slots[CVSW_GROUP_SLOTS], backup[CVSW_GROUP_SLOTS];
	unsigned int weights = 0;

	for (unsigned int i = 0; i < group->n_buckets; i++)
		weights += group->buckets[i].weight;
	if (!g->p.seen[PART_SLOTS] && group->n_buckets && !weights)
		return text_fail(&g->p, g->p.seen[PART_TYPE], "all weights are 0, so no bucket gets a frame");
	memcpy(slots, group->slots, sizeof(slots));
	memcpy(backup, group->backup, sizeof(backup));
	cvsw_group_fill(group, NULL);
	if (g->p.seen[PART_SLOTS]) {
		memcpy(group->slots, slots, sizeof(slots));
		cvsw_group_fill_backup(group);
	}
	if (g->p.seen[PART_BACKUP])
		memcpy(group->backup, backup, sizeof(backup));
	return true;
}

/* Slots and dead= may name buckets that are not there. */
static bool check_group(struct group_parser *g)
{
	const struct cvsw_group *group = g->group;
	unsigned int i, limit = group->n_buckets ? group->n_buckets : 1;

	if (group->type == CVSW_GROUP_TYPE_INDIRECT && group->n_buckets != 1)
		return text_fail(&g->p, g->p.seen[PART_TYPE], "an indirect group has one bucket");
	for (i = 0; i < CVSW_GROUP_SLOTS; i++) {
		if (g->p.seen[PART_SLOTS] && group->slots[i] >= limit)
			return text_fail(&g->p, g->p.seen[PART_SLOTS], "slot %u: there is no bucket %u", i,
					 group->slots[i]);
		if (g->p.seen[PART_BACKUP] && group->backup[i] >= limit)
			return text_fail(&g->p, g->p.seen[PART_BACKUP], "slot %u: there is no bucket %u", i,
					 group->backup[i]);
	}
	for (i = group->n_buckets; i < CVSW_GROUP_BUCKETS; i++)
		if (cvsw_bucket_is_dead(group->dead, i))
			return text_fail(&g->p, g->p.seen[PART_DEAD], "there is no bucket %u", i);
	return group->type != CVSW_GROUP_TYPE_SELECT || fill_slots(g);
}

static bool parse_group(struct group_parser *g)
{
	struct text_word word;

	memset(g->group, 0, sizeof(*g->group));
	while (text_next_word(&g->p, &word)) {
		if (word.opens)
			return text_fail(&g->p, g->p.at - 1, "%.*s takes no arguments",
					 text_shown(word.name_len), word.name);
		if (!text_is_bucket(&word) ? !group_word(g, &word) :
		    !check_words(g, word.name) || !group_bucket(g, &word))
			return false;
	}
	return check_words(g, g->p.at) && check_group(g);
}

bool cvsw_text_parse_group(const char *text, struct cvsw_group *group, unsigned int *given,
			   struct cvsw_text_error *error)
{
	struct cvsw_flow list;
	struct group_parser g = {
		.p = { .text = text, .at = text, .flow = &list, .error = error,
		       .inside = CVSW_ACT_GROUP },
		.group = group,
	};
	bool good = parse_group(&g);

	if (given)
		*given = (g.p.seen[PART_KEY] ? CVSW_TEXT_GROUP_KEY : 0) |
			 (g.p.seen[PART_SLOTS] || g.p.seen[PART_BACKUP] ? CVSW_TEXT_GROUP_SLOTS : 0);
	return good;
}

bool cvsw_text_parse_dead(const char *text, unsigned int n_buckets, uint64_t *dead,
			  struct cvsw_text_error *error)
{
	struct text_parser p = { .text = text, .at = text, .error = error };
	unsigned int i;

	*dead = 0;
	if (text_same(text, strlen(text), "none"))
		return true;
	if (!read_dead(&p, text, dead))
		return false;
	if (*p.at)
		return fail_dead(&p, p.at);
	for (i = n_buckets; i < CVSW_GROUP_BUCKETS; i++)
		if (cvsw_bucket_is_dead(*dead, i))
			return text_fail(&p, text, "there is no bucket %u", i);
	return true;
}
