// SPDX-License-Identifier: GPL-2.0-or-later
/* dump-flows: what a NIC should have, with what the NIC has counted. */
#include "base/alloc.h"
#include "cvsw_flow_mod.h"
#include "nic/flow_text.h"
#include "report.h"
#include "request.h"

/**
 * struct dump - on its way
 * @counters: of flows that the NIC should have, by their names
 * @n_listed: entries so far, whatever they are
 */
struct dump {
	struct choice choice;
	json_t *counters;
	size_t n_listed;
};

static struct pieces *flows_answer(const struct nic *nic, const struct choice *choice,
				   json_t *counters)
{
	struct flowset made;
	const struct pieces_list flows = report_flows(desired_flows(&nic->desired, &made), choice,
						      counters);

	flowset_clear(&made);
	return pieces_new(json_pack("{s:b, s:o}", "ok", 1, "nic", report_nic(nic)), &flows, 1);
}

static json_t *counters_json(const struct cvsw_v3_entry *entry)
{
	json_t *json = json_pack("{s:I, s:I, s:I}", "packets", (json_int_t)entry->n_packets,
				 "bytes", (json_int_t)entry->n_bytes,
				 "duration_ms", (json_int_t)entry->age);

	if (entry->idle != CVSW_V3_IDLE_UNKNOWN)
		json_object_set_new(json, "idle_s", json_integer(entry->idle));
	return json;
}

/* Those of others, or of another action, are not of the flow that is shown. */
static void take_entry(struct dump *dump, const struct flowset *wanted,
		       const struct cvsw_v3_entry *entry, const struct cvsw_flow *flow)
{
	const struct cvsw_flow *same = flowset_find(wanted, &flow->match, flow->priority);
	char *name;

	dump->n_listed++;
	if (!same || !cvsw_flow_equal(same, flow))
		return;
	name = flow_text_name(flow);
	json_object_set_new(dump->counters, name, counters_json(entry));
	free(name);
}

static size_t ask_for(uint64_t resume, uint8_t *message, size_t room)
{
	struct cvsw_v3_list list = { .resume = resume };

	return cvsw_v3_list_encode(0, &list, message, room);
}

/* False: one of them cannot be read. */
static bool take_entries(struct dump *dump, const struct flowset *wanted,
			 struct cvsw_reader *entries)
{
	enum cvsw_flow_command command;
	struct cvsw_v3_entry entry;
	struct cvsw_flow flow;
	size_t used;

	while (cvsw_left(entries)) {
		if (cvsw_v3_entry_get(entries, &entry) ||
		    cvsw_flow_mod_decode(entry.flow_mod, entry.len, &used, &command, &flow, NULL))
			return false;
		take_entry(dump, wanted, &entry, &flow);
	}
	return true;
}

/* request_ask()'s: a part of the list. */
static json_t *on_part(struct request_answer *answer)
{
	struct dump *dump = answer->arg;
	size_t before = dump->n_listed, offset;
	struct cvsw_reader entries;
	struct flowset made;
	uint64_t resume;
	bool taken;

	if (cvsw_v3_list_answer_decode(answer->message, &resume, &entries, &offset))
		return NULL;
	taken = take_entries(dump, desired_flows(&answer->nic->desired, &made), &entries);
	flowset_clear(&made);
	if (!taken)
		return NULL;
	/* A NIC with more than anyone can want is not listened to for ever. */
	if (!resume || dump->n_listed > NIC_MAX_FLOWS + NIC_MAX_EXTRA)
		answer->pieces = flows_answer(answer->nic, &dump->choice, dump->counters);
	else if (dump->n_listed > before)
		answer->next_len = ask_for(resume, answer->next, sizeof(answer->next));
	return NULL;
}

static void dump_free(void *arg)
{
	struct dump *dump = arg;

	json_decref(dump->counters);
	free(dump);
}

void request_dump_flows(const struct request *request)
{
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN + 16];
	struct choice choice;
	struct dump *dump;
	struct nic *nic;
	size_t len;

	if (!request_choice(request, CVSW_TEXT_MATCH, "match", &choice) ||
	    !(nic = request_nic(request, PLACE_REFUSE)))
		return;
	if (!request_is(request, "counters") || !nic_can_be_asked(nic) ||
	    nic_state(nic) == NIC_ABSENT) {
		client_answer_in_pieces(request->client, flows_answer(nic, &choice, NULL));
		return;
	}
	dump = xcalloc(1, sizeof(*dump));
	dump->choice = choice;
	dump->counters = json_object();
	len = ask_for(0, message, sizeof(message));
	request_ask(request, nic, message, len, on_part, dump, dump_free, false);
}
