// SPDX-License-Identifier: GPL-2.0-or-later
/* What an ERROR is about: the field of our own request that stands at its offset. */
#include <stdio.h>

#include "cvsw_cursor.h"
#include "cvsw_group_mod.h"
#include "cvsw_text.h"
#include "talk.h"

struct field {
	size_t at;
	const char *name;
};

/* A field reaches to the next one.  proto/VERSION3.md: flow_mod, FLOWS, Messages */
static const struct field flow_mod_fields[] = {
	{ 0, "length" }, { 2, "command" }, { 3, "flags" }, { 4, "priority" }, { 6, "out_port" },
	{ 8, "idle_timeout" }, { 10, "hard_timeout" }, { 12, "match length" }, { 14, "table" }, { 15, "header" },
	{ 16, "cookie" }, { 24, NULL },
};
/* group_mod; behind these come key and slots, and buckets */
static const struct field group_mod_fields[] = {
	{ 0, "length" }, { 2, "command" }, { 3, "type" }, { 4, "group" }, { 8, "dead" },
	{ 16, "buckets" },
};
static const struct field flows_fields[] = {
	{ 0, "type" }, { 2, "error" }, { 4, "xid" }, { 8, "bundle" }, { 12, "flags" },
	{ 16, NULL },
};
static const struct field set_fields[] = {
	{ 0, "type" }, { 2, "error" }, { 4, "xid" }, { 8, "value" }, { 12, NULL },
};
/* proto/README.md, Security associations */
static const struct field sa_fields[] = {
	{ 0, "type" }, { 2, "error" }, { 4, "xid" }, { 8, "direction" }, { 9, "key length" },
	{ 12, "SPI" }, { 16, "UDP source port" }, { 18, "UDP destination port" }, { 20, "salt" },
	{ 24, "key" },
};

#define N(array)	(sizeof(array) / sizeof(*(array)))

static const char *name_of(const struct field *fields, size_t n, size_t offset)
{
	const char *name = NULL;

	for (size_t i = 0; i < n && fields[i].at <= offset; i++)
		name = fields[i].name;
	return name;
}

/* The actions begin at @at: each is a number, a length and so many bytes. */
static void name_action(const uint8_t *flow_mod, size_t len, size_t at, size_t offset,
			char *field, size_t room)
{
	unsigned int number = 1;

	for (; at + 2 <= len && offset >= at + 2 + flow_mod[at + 1]; number++)
		at += 2 + flow_mod[at + 1];
	snprintf(field, room, "action %u", number);
}

/* Our own, and so whole. */
static void name_in_flow_mod(const uint8_t *flow_mod, size_t len, size_t offset, char *field,
			     size_t room)
{
	const char *name = name_of(flow_mod_fields, N(flow_mod_fields), offset);
	size_t actions = CVSW_FLOW_MOD_HEADER_LEN + (flow_mod[12] << 8 | flow_mod[13]);

	if (name)
		snprintf(field, room, "%s", name);
	else if (offset < actions)
		snprintf(field, room, "match");
	else
		name_action(flow_mod, len, actions, offset, field, room);
}

static void about_flows(const uint8_t *request, size_t len, size_t offset,
			struct nic_refusal *refusal)
{
	const struct talk_mod *mod;
	size_t start, used;

	if (talk_mod_at(request, len, offset, &start) < 0) {
		snprintf(refusal->field, sizeof(refusal->field), "%s",
			 name_of(flows_fields, N(flows_fields), offset) ?: "");
		return;
	}
	mod = talk_mod_decode(request + start, len - start, &used);
	if (cvsw_group_command_is(mod->command)) {
		snprintf(refusal->field, sizeof(refusal->field), "%s",
			 name_of(group_mod_fields, N(group_mod_fields), offset - start));
		cvsw_text_format_group(&mod->group, refusal->flow, sizeof(refusal->flow));
		return;
	}
	name_in_flow_mod(request + start, len - start, offset - start, refusal->field,
			 sizeof(refusal->field));
	cvsw_text_format(&mod->flow, refusal->flow, sizeof(refusal->flow));
}

/* The NIC's text goes to terminals and logs. */
static void copy_text(const uint8_t *text, size_t len, char *to, size_t room)
{
	size_t n = len < room ? len : room - 1;

	for (size_t i = 0; i < n; i++)
		to[i] = text[i] < ' ' || text[i] > '~' ? '?' : text[i];
	to[n] = 0;
}

void nic_refusal_of(const struct cvsw_v3_message *answer, const uint8_t *request, size_t len,
		    struct nic_refusal *refusal)
{
	struct cvsw_v3_error_body body = { 0 };
	const char *name = NULL;
	size_t offset;

	*refusal = (struct nic_refusal){ .error = answer->error };
	cvsw_v3_error_decode(answer, &body, &offset);
	if (body.text_len)
		copy_text(body.text, body.text_len, refusal->text, sizeof(refusal->text));
	else
		snprintf(refusal->text, sizeof(refusal->text), "%s",
			 cvsw_v3_error_text(answer->error));
	/* A SET_SA is wiped when it was sent: its type is gone with it. */
	refusal->type = len > 1 ? request[0] << 8 | request[1] : 0;
	if (!refusal->type)
		refusal->type = CVSW_V3_SET_SA;
	if (refusal->type == CVSW_V3_FLOWS)
		about_flows(request, len, body.offset, refusal);
	else if (refusal->type == CVSW_V3_SET_SA)
		name = name_of(sa_fields, N(sa_fields), body.offset);
	else
		name = name_of(set_fields, N(set_fields), body.offset);
	if (name)
		snprintf(refusal->field, sizeof(refusal->field), "%s", name);
}
