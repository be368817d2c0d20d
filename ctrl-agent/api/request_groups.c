// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands about groups. */
#include "base/alloc.h"
#include "nic/change.h"
#include "nic/flow_text.h"
#include "report.h"
#include "request.h"

/* ---- which ---- */

/* A group's number; CVSW_GROUP_ALL: all, as none is given. */
static uint32_t id_of(const struct request *request)
{
	const json_t *id = json_object_get(request->json, "id");

	return id ? (uint32_t)json_integer_value(id) : CVSW_GROUP_ALL;
}

static void refuse_unknown(const struct request *request, struct nic *nic, uint32_t id)
{
	request_refuse(request, REQUEST_UNKNOWN_GROUP, "no group %u is configured for NIC " MAC_FORMAT,
		       id, MAC_BYTES(nic->mac));
	nic_release(nic);	/* made for a request that came to nothing? */
}

/* The NIC, if it should have the group that the request names; after NULL that is refused. */
static struct nic *nic_with_group(const struct request *request, uint32_t id)
{
	struct nic *nic = request_nic(request, PLACE_REFUSE);

	if (!nic || id == CVSW_GROUP_ALL || groupset_find(&nic_hand(nic)->groups, id))
		return nic;
	refuse_unknown(request, nic, id);
	return NULL;
}

/* ---- changes ---- */

/* False: refused. */
static bool take_text(const struct request *request, const json_t *text, size_t index,
		      struct cvsw_group *group, unsigned int *given)
{
	struct cvsw_text_error error;

	if (cvsw_text_parse_group(json_string_value(text), group, given, &error))
		return true;
	request_refuse_group(request, &error, index);
	return false;
}

static bool take_texts(const struct request *request, struct groupset *groups)
{
	struct cvsw_group group;
	unsigned int given;
	json_t *text;
	size_t i;

	json_array_foreach(json_object_get(request->json, "groups"), i, text) {
		if (!take_text(request, text, i, &group, &given))
			return false;
		if (groupset_find(groups, group.id)) {
			request_refuse(request, REQUEST_GROUP_EXISTS, "group %u is given twice", group.id);
			return false;
		}
		groupset_put(groups, &group);
	}
	return true;
}

static const struct cvsw_group *first_there(const struct groupset *groups,
					    const struct groupset *have)
{
	for (size_t i = 0; i < groups->n; i++)
		if (groupset_find(have, groups->groups[i]->id))
			return groups->groups[i];
	return NULL;
}

void request_add_groups(const struct request *request)
{
	const struct cvsw_group *there;
	struct change change;
	struct nic *nic;

	change_init(&change);
	if (take_texts(request, &change.groups_put) &&
	    (nic = request_nic(request, request_unknown(request)))) {
		there = first_there(&change.groups_put, &nic_hand(nic)->groups);
		if (there)
			request_refuse(request, REQUEST_GROUP_EXISTS, "NIC " MAC_FORMAT " has a group %u "
				       "already (mod-group changes it)", MAC_BYTES(nic->mac), there->id);
		else
			request_carry_out(request, nic, &change);
	}
	change_clear(&change);
}

/* What the text does not say stays: the key, and the slots as far as they can. */
static void keep_slots(struct cvsw_group *group, const struct cvsw_group *before,
		       unsigned int given)
{
	if (group->type != CVSW_GROUP_TYPE_SELECT || before->type != CVSW_GROUP_TYPE_SELECT)
		return;
	if (!(given & CVSW_TEXT_GROUP_KEY))
		memcpy(group->key, before->key, sizeof(group->key));
	if (!(given & CVSW_TEXT_GROUP_SLOTS))
		cvsw_group_fill(group, before);
}

static void put_one(const struct request *request, struct nic *nic, const struct cvsw_group *group)
{
	struct change change;

	change_init(&change);
	if (!groupset_has(&nic_hand(nic)->groups, group))
		groupset_put(&change.groups_put, group);
	request_carry_out(request, nic, &change);
	change_clear(&change);
}

void request_mod_group(const struct request *request)
{
	struct cvsw_group group;
	unsigned int given;
	struct nic *nic;

	if (!take_text(request, json_object_get(request->json, "group"), 0, &group, &given) ||
	    !(nic = nic_with_group(request, group.id)))
		return;
	keep_slots(&group, groupset_find(&nic_hand(nic)->groups, group.id), given);
	put_one(request, nic, &group);
}

void request_group_dead(const struct request *request)
{
	struct nic *nic = nic_with_group(request, id_of(request));
	struct cvsw_text_error error;
	struct cvsw_group group;

	if (!nic)
		return;
	group_copy(&group, groupset_find(&nic_hand(nic)->groups, id_of(request)));
	if (!cvsw_text_parse_dead(request_text(request, "dead"), group.n_buckets, &group.dead, &error))
		request_refuse_group(request, &error, 0);
	else
		put_one(request, nic, &group);
}

/* Nothing is deleted, and nobody's table taken over, where there is no group. */
void request_del_groups(const struct request *request)
{
	struct nic *nic = nic_with_group(request, id_of(request));
	struct request_asked asked = { 0 };
	struct change change;

	if (!nic)
		return;
	if (!nic_hand(nic)->groups.n && !request_is(request, "dry_run")) {
		flowset_init(&asked.flows);
		request_answer_changed(request, nic, &asked);
		return;
	}
	change_init(&change);
	change_delete_groups(&change, &nic_hand(nic)->flows, &nic_hand(nic)->groups, id_of(request));
	request_carry_out(request, nic, &change);
	change_clear(&change);
}

/* ---- what is there ---- */

void request_dump_groups(const struct request *request)
{
	uint32_t id = id_of(request);
	struct nic *nic = nic_with_group(request, id);
	json_t *groups = json_array();

	for (size_t i = 0; nic && i < nic_hand(nic)->groups.n; i++) {
		const struct cvsw_group *group = nic_hand(nic)->groups.groups[i];
		char *text;

		if (id != CVSW_GROUP_ALL && id != group->id)
			continue;
		text = group_text(group);
		json_array_append_new(groups, json_pack("{s:I, s:s}", "id", (json_int_t)group->id,
							"group", text));
		free(text);
	}
	if (nic)
		client_answer(request->client, json_pack("{s:b, s:o, s:O}", "ok", 1,
							 "nic", report_nic(nic), "groups", groups));
	json_decref(groups);
}

/* ---- counters ---- */

/** struct stats - on their way: of @n groups, @at of them are answered */
struct stats {
	uint32_t *ids;
	size_t n, at;
	json_t *groups;
};

static size_t ask_for(const struct stats *stats, uint8_t *message, size_t room)
{
	return cvsw_v3_resume_encode(CVSW_V3_GROUP_COUNTERS, 0, stats->ids[stats->at], message, room);
}

/* Pairs of all buckets, then of a select group's slots, of which there are more than of buckets. */
static json_t *counters_json(uint32_t id, struct cvsw_reader *pairs)
{
	size_t n = cvsw_left(pairs) / CVSW_V3_HITS_LEN;
	bool has_slots = n >= CVSW_GROUP_SLOTS;
	json_t *buckets = json_array(), *slots = json_array();
	uint64_t packets, bytes, all_packets = 0, all_bytes = 0;
	json_t *json;

	for (size_t i = 0; i < n && !cvsw_v3_hits_get(pairs, &packets, &bytes); i++) {
		bool is_slot = has_slots && i >= n - CVSW_GROUP_SLOTS;

		json_array_append_new(is_slot ? slots : buckets,
				      json_pack("[I, I]", (json_int_t)packets, (json_int_t)bytes));
		all_packets += is_slot ? 0 : packets;
		all_bytes += is_slot ? 0 : bytes;
	}
	json = json_pack("{s:I, s:I, s:I, s:o}", "id", (json_int_t)id, "packets",
			 (json_int_t)all_packets, "bytes", (json_int_t)all_bytes, "buckets", buckets);
	if (has_slots)
		json_object_set(json, "slots", slots);
	json_decref(slots);
	return json;
}

static json_t *stats_json(const struct nic *nic, const struct stats *stats)
{
	return json_pack("{s:b, s:o, s:O}", "ok", 1, "nic", report_nic(nic), "groups", stats->groups);
}

/* request_ask()'s: of one group. */
static json_t *on_counters(struct request_answer *answer)
{
	struct stats *stats = answer->arg;
	struct cvsw_reader pairs;
	uint64_t id;
	size_t offset;

	if (cvsw_v3_list_answer_decode(answer->message, &id, &pairs, &offset) ||
	    id != stats->ids[stats->at] || cvsw_left(&pairs) % CVSW_V3_HITS_LEN)
		return NULL;
	json_array_append_new(stats->groups, counters_json((uint32_t)id, &pairs));
	if (++stats->at == stats->n)
		return stats_json(answer->nic, stats);
	answer->next_len = ask_for(stats, answer->next, sizeof(answer->next));
	return NULL;
}

static void stats_free(void *arg)
{
	struct stats *stats = arg;

	json_decref(stats->groups);
	free(stats->ids);
	free(stats);
}

/* Of groups that the NIC has, whoever made them. */
void request_group_stats(const struct request *request)
{
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN + 8];
	struct nic *nic = request_nic(request, PLACE_REFUSE);
	uint32_t id = id_of(request);
	struct stats *stats;
	size_t len;

	if (!nic || !request_can_ask(request, nic))
		return;
	if (!nic_has_groups(nic)) {
		request_refuse(request, REQUEST_NIC_CANNOT, "the driver of NIC " MAC_FORMAT " has no groups",
			       MAC_BYTES(nic->mac));
		return;
	}
	if (id != CVSW_GROUP_ALL && !groupset_find(&nic->groups, id)) {
		request_refuse(request, REQUEST_UNKNOWN_GROUP, "NIC " MAC_FORMAT " has no group %u",
			       MAC_BYTES(nic->mac), id);
		return;
	}
	stats = xcalloc(1, sizeof(*stats));
	stats->ids = xcalloc(nic->groups.n + 1, sizeof(*stats->ids));
	stats->groups = json_array();
	for (size_t i = 0; i < nic->groups.n; i++)
		if (id == CVSW_GROUP_ALL || id == nic->groups.groups[i]->id)
			stats->ids[stats->n++] = nic->groups.groups[i]->id;
	if (!stats->n) {
		client_answer(request->client, stats_json(nic, stats));
		stats_free(stats);
		return;
	}
	len = ask_for(stats, message, sizeof(message));
	request_ask(request, nic, message, len, on_counters, stats, stats_free, false);
}

/* ---- who goes where ---- */

void request_group_slot(const struct request *request)
{
	struct nic *nic = nic_with_group(request, id_of(request));
	uint8_t hash = cvsw_text_group_hash(request_text(request, "hash") ?: "l3l4"), slot;
	const struct cvsw_group *group;
	struct cvsw_text_error error;
	struct cvsw_flow frame;
	json_t *answer;
	int bucket;

	if (!nic)
		return;
	group = groupset_find(&nic_hand(nic)->groups, id_of(request));
	if (!cvsw_text_parse(CVSW_TEXT_MATCH, request_text(request, "fields"), &frame, &error)) {
		request_refuse_flow(request, &error, 0);
		return;
	}
	if (group->type == CVSW_GROUP_TYPE_ALL) {
		request_refuse_member(request, REQUEST_BAD_VALUE, "id",
				      "all buckets of group %u get a copy", group->id);
		return;
	}
	slot = cvsw_group_slot(group->key, hash, &frame.match.key);
	bucket = cvsw_group_bucket(group->type, group->n_buckets, group->dead, group->slots,
				   group->backup, slot);
	answer = json_pack("{s:b, s:o}", "ok", 1, "nic", report_nic(nic));
	if (group->type == CVSW_GROUP_TYPE_SELECT)
		json_object_set_new(answer, "slot", json_integer(slot));
	if (bucket >= 0)
		json_object_set_new(answer, "bucket", json_integer(bucket));
	client_answer(request->client, answer);
}
