// SPDX-License-Identifier: GPL-2.0-or-later
/* What an ERROR is about: the field of our own request that stands at its offset. */
#include <stdio.h>

#include "cvsw_cursor.h"
#include "cvsw_ofp10.h"
#include "cvsw_text.h"
#include "talk.h"

struct field {
	size_t at;
	const char *name;
};

/* OpenFlow 1.0, 5.3.3 and 5.2.3; a field reaches to the next one. */
static const struct field flow_mod_fields[] = {
	{ 0, "header" }, { 8, "wildcards" }, { 12, "in_port" }, { 14, "dl_src" }, { 20, "dl_dst" },
	{ 26, "dl_vlan" }, { 28, "dl_vlan_pcp" }, { 30, "dl_type" }, { 32, "nw_tos" },
	{ 33, "nw_proto" }, { 36, "nw_src" }, { 40, "nw_dst" }, { 44, "tp_src" },
	{ 46, "tp_dst" }, { 48, "cookie" }, { 56, "command" }, { 58, "idle_timeout" },
	{ 60, "hard_timeout" }, { 62, "priority" }, { 64, "buffer_id" }, { 68, "out_port" },
	{ 70, "flags" }, { 72, NULL },
};
/* Nicira's. */
static const struct field nxt_flow_mod_fields[] = {
	{ 0, "header" }, { 16, "cookie" }, { 24, "command" }, { 26, "idle_timeout" },
	{ 28, "hard_timeout" }, { 30, "priority" }, { 32, "buffer_id" }, { 36, "out_port" },
	{ 38, "flags" }, { 40, "match length" }, { 48, NULL },
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

/* The actions begin at @at; theirs is a row of type, length, value. */
static void name_action(const uint8_t *flow_mod, size_t len, size_t at, size_t offset,
			char *field, size_t room)
{
	unsigned int number = 1;

	while (at + 4 <= len) {
		size_t size = flow_mod[at + 2] << 8 | flow_mod[at + 3];

		if (size < 4 || offset < at + size)
			break;
		at += size;
		number++;
	}
	snprintf(field, room, "action %u", number);
}

static void name_in_flow_mod(const uint8_t *flow_mod, size_t len, size_t offset, char *field,
			     size_t room)
{
	bool nicira = len > 1 && flow_mod[1] == 4;
	const char *name = nicira ? name_of(nxt_flow_mod_fields, N(nxt_flow_mod_fields), offset) :
				    name_of(flow_mod_fields, N(flow_mod_fields), offset);
	size_t actions = CVSW_OFP10_FLOW_MOD_LEN;

	if (nicira && len > 42)
		actions = 48 + ((flow_mod[40] << 8 | flow_mod[41]) + 7) / 8 * 8;
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
	enum cvsw_flow_command command;
	struct cvsw_flow flow;
	size_t start, used;

	if (talk_flow_at(request, len, offset, &start) < 0) {
		snprintf(refusal->field, sizeof(refusal->field), "%s",
			 name_of(flows_fields, N(flows_fields), offset) ?: "");
		return;
	}
	name_in_flow_mod(request + start, len - start, offset - start, refusal->field,
			 sizeof(refusal->field));
	if (!cvsw_ofp10_decode(request + start, len - start, &used, &command, &flow, NULL))
		cvsw_text_format(&flow, refusal->flow, sizeof(refusal->flow));
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
