// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic.h"

#include "base/alloc.h"
#include "link.h"

void nic_init(struct nic *nic, const uint8_t mac[CVSW_ETH_ALEN], const struct nic_world *world)
{
	*nic = (struct nic){ .world = world, .generation = 1 };
	memcpy(nic->mac, mac, CVSW_ETH_ALEN);
	desired_init(&nic->desired);
	flowset_init(&nic->modified);
	timed_init(&nic->timed);
	STAILQ_INIT(&nic->sas);
	flowset_init(&nic->table);
	flowset_init(&nic->lacks);
	flowset_init(&nic->refused.flows);
}

void nic_unlink(struct nic *nic)
{
	if (nic->link)
		nic->link->ops->free(nic);
	nic->link = NULL;
	nic->heard = nic->said_synced = nic->can_known = false;
	nic->verified = nic->settled = 0;
	nic->refused.mtu = nic->refused.offload = nic->refused.stuck = false;
	nic_refuses_nothing(nic);
	flowset_clear(&nic->table);
	flowset_clear(&nic->lacks);
	groupset_clear(&nic->groups);
	nic_drop_sas(nic);
}

void nic_clear(struct nic *nic)
{
	nic_unlink(nic);
	desired_clear(&nic->desired);
	flowset_clear(&nic->modified);
	timed_clear(&nic->timed);
}

void nic_absent(struct nic *nic)
{
	if (nic->link)
		nic->link->ops->gone(nic);
}

/* ---- what it should be ---- */

bool nic_is_managed(const struct nic *nic)
{
	return nic->member ? nic_overlay(nic)->in_use :
			     desired_is_managed(&nic->desired);
}

uint16_t nic_wanted_mtu(const struct nic *nic)
{
	const struct own_setting *own = &nic->desired.own_mtu;

	return desired_mtu(&nic->desired) ?: own->back ? own->value : 0;
}

bool nic_wanted_offload(const struct nic *nic, uint16_t *offload)
{
	const struct own_setting *own = &nic->desired.own_offload;

	if (desired_offload(&nic->desired, offload))
		return true;
	*offload = own->value;
	return own->back;
}

/* It was stated anew, or is not any more. */
static void stated(struct nic *nic, const struct cvsw_flow *flow)
{
	timed_stated(&nic->timed, flow);
	if (flow_is_timed(flow) && nic->link && nic->link->ops->flow_put)
		nic->link->ops->flow_put(nic, flow);
}

void nic_put_flow(struct nic *nic, enum desired_layer which, const struct cvsw_flow *flow,
		  bool modified)
{
	flowset_put(&nic->desired.layers[which].flows, flow);
	if (modified) {
		flowset_put(&nic->modified, flow);
		timed_modified(&nic->timed, flow);
	} else {
		flowset_remove(&nic->modified, &flow->match, flow->priority);
		stated(nic, flow);
	}
}

void nic_remove_flow(struct nic *nic, const struct cvsw_flow *flow)
{
	flowset_remove(&nic->modified, &flow->match, flow->priority);
	stated(nic, flow);
	desired_remove(&nic->desired, flow);
}

bool nic_follows_made(const struct nic *nic)
{
	return nic_overlay(nic)->in_use && (!nic->link || nic->link->ops->made);
}

void nic_use_made(struct nic *nic, const struct flows_maker *maker, const void *of)
{
	struct layer *layer = nic_overlay(nic);

	layer->maker = maker;
	layer->of = of;
	desired_use(&nic->desired, DESIRED_OVERLAY);
	if (nic->link)
		nic->link->ops->made_begin(nic);
}

void nic_made(struct nic *nic, const struct cvsw_flow *flow, bool wanted)
{
	if (nic->link && nic_follows_made(nic))
		nic->link->ops->made(nic, flow, wanted);
}

void nic_drop_made(struct nic *nic)
{
	struct flowset made;
	const struct flow_node *node;

	layer_make(nic_overlay(nic), &made);
	flowset_each(node, &made)
		nic_made(nic, &node->flow, false);
	flowset_clear(&made);
	desired_drop(&nic->desired, DESIRED_OVERLAY);
}

void nic_desired_changed(struct nic *nic, bool settings, uint64_t now)
{
	nic->generation++;
	nic->settings_due |= settings;
	if (!nic->behind_since)
		nic->behind_since = now;
	if (nic->link)
		nic->link->ops->changed(nic, now);
}

void nic_drop_first_sa(struct nic *nic)
{
	struct nic_sa *first = STAILQ_FIRST(&nic->sas);

	STAILQ_REMOVE_HEAD(&nic->sas, in_order);
	explicit_bzero(first, sizeof(*first));
	free(first);
}

void nic_drop_sas(struct nic *nic)
{
	while (!STAILQ_EMPTY(&nic->sas))
		nic_drop_first_sa(nic);
}

void nic_queue_sa(struct nic *nic, const struct cvsw_sa *sa)
{
	struct nic_sa *queued;

	if (!nic_talks(nic))
		return;
	queued = xcalloc(1, sizeof(*queued));
	queued->sa = *sa;
	STAILQ_INSERT_TAIL(&nic->sas, queued, in_order);
}

bool nic_unqueue_sa(struct nic *nic, enum cvsw_sa_direction direction, uint32_t spi)
{
	struct nic_sa *queued;

	STAILQ_FOREACH(queued, &nic->sas, in_order)
		if (queued->sa.direction == direction && queued->sa.spi == spi)
			break;
	if (!queued)
		return false;
	STAILQ_REMOVE(&nic->sas, queued, nic_sa, in_order);
	explicit_bzero(queued, sizeof(*queued));
	free(queued);
	return true;
}

void nic_remove_sa(struct nic *nic, enum cvsw_sa_direction direction, uint32_t spi)
{
	struct cvsw_sa sa = { .spi = spi, .direction = direction };

	if (spi && !nic_unqueue_sa(nic, direction, spi))
		nic_queue_sa(nic, &sa);
}

/* ---- its link ---- */

void nic_run(struct nic *nic, uint64_t now)
{
	if (nic->link)
		nic->link->ops->run(nic, now);
}

uint64_t nic_deadline(const struct nic *nic)
{
	return nic->link ? nic->link->ops->deadline(nic) : UINT64_MAX;
}

enum nic_state nic_state(const struct nic *nic)
{
	return nic->link ? nic->link->ops->state(nic) : NIC_ABSENT;
}

const char *nic_state_name(enum nic_state state)
{
	static const char *const names[] = {
		[NIC_ABSENT] = "absent",
		[NIC_CONNECTING] = "connecting",
		[NIC_IN_SYNC] = "in sync",
		[NIC_LAGGING] = "lagging",
		[NIC_REFUSING] = "refusing",
		[NIC_UNLISTED] = "settled, not listed",
	};

	return names[state];
}

unsigned int nic_version(const struct nic *nic)
{
	return nic->link ? nic->link->ops->version : 0;
}

bool nic_wide_deletes(const struct nic *nic)
{
	return nic->link && nic->link->ops->wide_deletes;
}

bool nic_confirms(const struct nic *nic)
{
	return nic->link && nic->link->ops->confirms;
}

bool nic_talks(const struct nic *nic)
{
	return nic->link && nic->link->ops->talks(nic);
}

bool nic_can_be_asked(const struct nic *nic)
{
	return nic->link && nic->link->ops->ask;
}

bool nic_ask(struct nic *nic, const uint8_t *message, size_t len, nic_answered *answered,
	     void *arg)
{
	return nic_can_be_asked(nic) && nic->link->ops->ask(nic, message, len, answered, arg);
}

void nic_forget_asker(struct nic *nic, const void *arg)
{
	if (nic_can_be_asked(nic))
		nic->link->ops->forget(nic, arg);
}

bool nic_facts(const struct nic *nic, struct nic_facts *facts)
{
	if (!nic_can_be_asked(nic))
		return false;
	nic->link->ops->facts(nic, facts);
	return true;
}

/* ---- what is known of it ---- */

size_t nic_n_refused(const struct nic *nic)
{
	const struct nic_refused *refused = &nic->refused;

	return refused->flows.n + refused->groups.n + refused->mtu + refused->offload + refused->stuck;
}

bool nic_refuses_flow(const struct nic *nic, const struct cvsw_flow *flow)
{
	if (flowset_has(&nic->refused.flows, flow))
		return true;
	/* One that it had before, it goes on to use. */
	return flow_uses_group(flow, &nic->refused.groups) && flow_lacks_group(flow, &nic->groups);
}

bool nic_refuses_group(const struct nic *nic, const struct cvsw_group *group)
{
	return groupset_has(&nic->refused.groups, group);
}

void nic_refuses_nothing(struct nic *nic)
{
	flowset_clear(&nic->refused.flows);
	groupset_clear(&nic->refused.groups);
}

static bool has_registers(const struct cvsw_flow *flow)
{
	static const uint32_t none[CVSW_N_REGS];

	if (memcmp(flow->match.mask.regs, none, sizeof(none)))
		return true;
	for (size_t i = 0; i < flow->n_actions; i++) {
		const struct cvsw_action *action = &flow->actions[i];

		if (action->type == CVSW_ACT_MOVE &&
		    (cvsw_field_is_register(action->move.src) ||
		     cvsw_field_is_register(action->move.dst)))
			return true;
		if (action->type == CVSW_ACT_LOAD && cvsw_field_is_register(action->load.dst))
			return true;
	}
	return false;
}

static bool has_tables(const struct cvsw_flow *flow)
{
	if (flow->match.table)
		return true;
	for (size_t i = 0; i < flow->n_actions; i++)
		if (flow->actions[i].type == CVSW_ACT_GOTO_TABLE ||
		    flow->actions[i].type == CVSW_ACT_RESUBMIT ||
		    flow->actions[i].type == CVSW_ACT_WRITE_ACTIONS ||
		    flow->actions[i].type == CVSW_ACT_CLEAR_ACTIONS)
			return true;
	return false;
}

static bool has_flood(const struct cvsw_flow *flow)
{
	return cvsw_actions_output_to(flow->actions, flow->n_actions, CVSW_PORT_FLOOD) ||
	       cvsw_actions_output_to(flow->actions, flow->n_actions, CVSW_PORT_ALL);
}

static bool has_bare_ttl(const struct cvsw_flow *flow)
{
	if (cvsw_match_names(&flow->match, CVSW_NEED_IP))
		return false;
	for (size_t i = 0; i < flow->n_actions; i++) {
		if (cvsw_action_changes_layers(flow->actions[i].type))
			return false;
		if (flow->actions[i].type == CVSW_ACT_DEC_TTL)
			return true;
	}
	return false;
}

static bool names_group(const struct cvsw_flow *flow)
{
	static const struct groupset none;

	return flow_lacks_group(flow, &none);
}

bool nic_has_groups(const struct nic *nic)
{
	return nic_version(nic) != 2 &&
	       (!nic->can_known || nic->can.features & CVSW_V3_CAN_GROUPS);
}

const char *nic_cannot(const struct nic *nic, const struct cvsw_flow *flow)
{
	static const struct {
		uint32_t feature;
		const char *words;
		bool (*has)(const struct cvsw_flow *flow);
	} needs[] = {
		{ CVSW_V3_CAN_REGISTERS, "registers", has_registers },
		{ CVSW_V3_CAN_TABLES, "tables but table 0", has_tables },
		{ CVSW_V3_CAN_FLOOD, "outputs to FLOOD and ALL", has_flood },
		{ CVSW_V3_CAN_ANY_TTL, "dec_ttl without ip or ipv6", has_bare_ttl },
		{ CVSW_V3_CAN_GROUPS, "groups", names_group },
	};

	if (nic_version(nic) == 2)
		return has_tables(flow) ? "tables but table 0, in version 2" :
		       has_flood(flow) ? "outputs to FLOOD and ALL, in version 2" :
		       names_group(flow) ? "groups, in version 2" : NULL;
	for (size_t i = 0; nic->can_known && i < sizeof(needs) / sizeof(needs[0]); i++)
		if (!(nic->can.features & needs[i].feature) && needs[i].has(flow))
			return needs[i].words;
	return NULL;
}

void nic_mark(const struct nic *nic, struct nic_mark *mark)
{
	*mark = (struct nic_mark){
		.state = nic_state(nic), .talks = nic_talks(nic), .can_known = nic->can_known,
		.settings_due = nic->settings_due, .generation = nic->generation,
		.verified = nic->verified, .confirmed = nic->confirmed, .settled = nic->settled,
		.epoch = nic->epoch, .n_refused = nic_n_refused(nic),
		.timed_news = nic->timed.n_news,
	};
}

void nic_confirm(struct nic *nic, uint64_t generation)
{
	nic->confirmed = generation;
	if (generation == nic->generation)
		nic->behind_since = 0;
}

static void compare_groups(struct nic *nic)
{
	const struct groupset *wanted = &nic_hand(nic)->groups;

	for (size_t i = 0; i < wanted->n; i++)
		nic->diff.missing += !groupset_has(&nic->groups, wanted->groups[i]);
	for (size_t i = 0; i < nic->groups.n; i++)
		nic->diff.extra += !groupset_find(wanted, nic->groups.groups[i]->id);
}

void nic_compare(struct nic *nic, const struct stored_flows *wanted)
{
	const struct flow_node *node;

	nic->diff = (struct nic_diff){ 0, 0 };
	if (!nic_is_managed(nic))
		return;
	for (size_t i = 0; i < wanted->n; i++)
		flowset_each(node, wanted->sets[i])
			nic->diff.missing += !flowset_has(&nic->table, &node->flow);
	flowset_each(node, &nic->table)
		nic->diff.extra += !stored_find(wanted, &node->flow.match, node->flow.priority);
	compare_groups(nic);
}

void nic_tell(struct nic *nic, enum hub_what what)
{
	nic->world->event(&(struct hub_event){ .what = what, .nic = nic });
}

void nic_refused_it(struct nic *nic, const struct nic_refusal *refusal)
{
	uint64_t n = nic->refusal.n + 1;

	nic->refusal = *refusal;
	nic->refusal.n = n;
	nic->said_synced = false;
	nic_tell(nic, HUB_REFUSED);
}

void nic_tell_synced(struct nic *nic)
{
	if (!nic->said_synced)
		nic_tell(nic, HUB_SYNCED);
	nic->said_synced = true;
}
