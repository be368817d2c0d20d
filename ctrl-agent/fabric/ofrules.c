// SPDX-License-Identifier: GPL-2.0-or-later
#include "ofrules.h"

#include <stdio.h>

#include "cvsw_msg.h"
#include "cvsw_ofp.h"
#include "base/log.h"

static const struct {
	struct cvsw_ofp_rule rule;
	const char *text;
} wanted[OFRULES_N] = {
	{ { OFRULES_COOKIE, CVSW_OFPP_CONTROLLER, 65535, CVSW_ETHERTYPE },
	  "priority=65535,dl_type=0xabba,actions=CONTROLLER:65535" },
	{ { OFRULES_COOKIE, CVSW_OFPP_NORMAL, 0, 0 }, "priority=0,actions=NORMAL" },
};

static void install(struct ofrules *rules)
{
	uint8_t buf[128];

	for (size_t i = 0; i < OFRULES_N; i++) {
		rules->sent[i] = ++*rules->xid;
		rules->write(rules->owner, buf,
			     cvsw_ofp_encode_rule(rules->version, rules->sent[i], &wanted[i].rule,
						  buf, sizeof(buf)));
	}
	rules->barrier = ++*rules->xid;
	rules->write(rules->owner, buf,
		     cvsw_ofp_encode_request(rules->version, rules->barrier,
					     CVSW_OFP_BARRIER_REQUEST, buf, sizeof(buf)));
	rules->installed_at = rules->asked_at = clock_ms();
	rules->failed = false;
	rules->look = 0;
}

void ofrules_start(struct ofrules *rules)
{
	uint8_t buf[32];

	rules->write(rules->owner, buf,
		     cvsw_ofp_encode_set_config(rules->version, ++*rules->xid, buf, sizeof(buf)));
	vswitch_set_rules(rules->vswitch, VSWITCH_RULES_WAITING, "");
	install(rules);
}

static void look(struct ofrules *rules)
{
	uint8_t buf[128];

	rules->look = ++*rules->xid;
	rules->asked_at = clock_ms();
	memset(rules->seen, 0, sizeof(rules->seen));
	rules->write(rules->owner, buf,
		     cvsw_ofp_encode_flow_request(rules->version, rules->look, OFRULES_COOKIE,
						  buf, sizeof(buf)));
}

/* OFPFMFC_*: 1.0, 5.4.4; 1.3, 7.4.4. Of others the numbers have to do. */
static const char *error_text(uint8_t version, uint16_t type, uint16_t code)
{
	bool v10 = version == CVSW_OFP_V10;

	if (type != (v10 ? 3 : 5))
		return "";
	if (code == (v10 ? 0 : 1))
		return ": the table is full";
	if (code == (v10 ? 2 : 4))
		return ": not permitted";
	return "";
}

static void refused(struct ofrules *rules, const char *what, const struct cvsw_ofp_msg *msg)
{
	char why[VSWITCH_WHY_LEN];

	snprintf(why, sizeof(why), "the switch refuses %s (type %u code %u%s)", what,
		 msg->error.type, msg->error.code,
		 error_text(rules->version, msg->error.type, msg->error.code));
	vswitch_set_rules(rules->vswitch, VSWITCH_RULES_REFUSED, why);
	rules->failed = true;
	rules->due = clock_ms() + OFRULES_RETRY_MS;
}

static bool take_error(struct ofrules *rules, const struct cvsw_ofp_msg *msg)
{
	char what[96];

	for (size_t i = 0; i < OFRULES_N; i++) {
		if (msg->xid != rules->sent[i])
			continue;
		snprintf(what, sizeof(what), "the rule \"%s\"", wanted[i].text);
		refused(rules, what, msg);
		return true;
	}
	if (rules->barrier && msg->xid == rules->barrier) {
		rules->barrier = 0;
		refused(rules, "a barrier", msg);
		return true;
	}
	if (rules->look && msg->xid == rules->look) {
		rules->look = 0;
		rules->blind = true;
		vswitch_set_rules(rules->vswitch, VSWITCH_RULES_IN_PLACE, "");
		log_limited(LOG_WARNING, "switch %016llx does not show its flows (type %u code %u): "
			    "if it loses cvswd's rules, nobody notices",
			    (unsigned long long)rules->vswitch->dpid, msg->error.type,
			    msg->error.code);
		return true;
	}
	return false;
}

static bool take_barrier(struct ofrules *rules, const struct cvsw_ofp_msg *msg)
{
	if (!rules->barrier || msg->xid != rules->barrier)
		return false;
	rules->barrier = 0;
	/* An error about a rule comes before this. */
	if (!rules->failed && rules->blind)
		vswitch_set_rules(rules->vswitch, VSWITCH_RULES_IN_PLACE, "");
	else if (!rules->failed)
		look(rules);
	return true;
}

static bool is_rule(const struct cvsw_ofp_flow *flow, const struct cvsw_ofp_rule *rule)
{
	return flow->plain && flow->rule.cookie == rule->cookie &&
	       flow->rule.priority == rule->priority && flow->rule.dl_type == rule->dl_type &&
	       flow->rule.out_port == rule->out_port;
}

/* At once, unless that has just been tried. */
static void lost(struct ofrules *rules, size_t missing)
{
	char why[VSWITCH_WHY_LEN];

	snprintf(why, sizeof(why), "the rule \"%s\" is no longer in the switch",
		 wanted[missing].text);
	vswitch_set_rules(rules->vswitch, VSWITCH_RULES_LOST, why);
	if (clock_ms() - rules->installed_at >= OFRULES_LOOK_MS)
		install(rules);
}

static void judge(struct ofrules *rules)
{
	rules->due = clock_ms() + OFRULES_LOOK_MS;
	for (size_t i = 0; i < OFRULES_N; i++) {
		if (rules->seen[i])
			continue;
		lost(rules, i);
		return;
	}
	vswitch_set_rules(rules->vswitch, VSWITCH_RULES_IN_PLACE, "");
}

static bool take_flows(struct ofrules *rules, const struct cvsw_ofp_msg *msg)
{
	struct cvsw_ofp_flows row = msg->flows.row;
	struct cvsw_ofp_flow flow;

	if (!rules->look || msg->xid != rules->look)
		return false;
	rules->asked_at = clock_ms();
	while (cvsw_ofp_next_flow(&row, &flow))
		for (size_t i = 0; i < OFRULES_N; i++)
			rules->seen[i] |= is_rule(&flow, &wanted[i].rule);
	if (msg->flows.more)
		return true;
	rules->look = 0;
	judge(rules);
	return true;
}

bool ofrules_answer(struct ofrules *rules, const struct cvsw_ofp_msg *msg)
{
	switch (msg->kind) {
	case CVSW_OFP_BARRIER_REPLY:
		return take_barrier(rules, msg);
	case CVSW_OFP_FLOW_REPLY:
		return take_flows(rules, msg);
	case CVSW_OFP_ERROR:
		return take_error(rules, msg);
	default:
		return false;
	}
}

bool ofrules_tick(struct ofrules *rules, uint64_t now)
{
	if (rules->barrier || rules->look)
		return now <= rules->asked_at + OFRULES_ANSWER_MS;
	if (rules->due > now)
		return true;
	if (rules->vswitch->rules != VSWITCH_RULES_IN_PLACE)
		install(rules);
	else if (!rules->blind)
		look(rules);
	return true;
}
