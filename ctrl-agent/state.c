// SPDX-License-Identifier: GPL-2.0
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "intent.h"
#include "log.h"
#include "report.h"
#include "state_overlay.h"

#define STATE_VERSION	1

static json_t *nic_to_json(const struct nic *nic)
{
	const struct intent *intent = &nic->session.intent;
	json_t *json = json_pack("{s:o}", "mac", json_sprintf(MAC_FORMAT,
							      MAC_BYTES(nic->session.mac)));
	struct flow_node *node;

	if (intent->flows_stated) {
		json_t *flows = json_array();

		flowset_each(node, &intent->flows) {
			char *text = report_flow_text(&node->flow);

			json_array_append_new(flows, json_string(text));
			free(text);
		}
		json_object_set_new(json, "flows", flows);
	}
	if (intent->mtu)
		json_object_set_new(json, "mtu", json_integer(intent->mtu));
	if (intent->offload_stated)
		json_object_set_new(json, "offload", report_offload(intent->offload));
	return json;
}

static json_t *to_json(struct agent *agent)
{
	json_t *nics = json_array();
	struct nic *nic;

	nics_each(nic, &agent->nics)
		if (nic_has_intent(nic))
			json_array_append_new(nics, nic_to_json(nic));
	return json_pack("{s:i, s:o, s:o}", "version", STATE_VERSION, "nics", nics,
			 "overlays", state_overlays_to_json(agent));
}

static bool write_file(const char *path, const json_t *json)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool good;

	if (fd < 0)
		return false;
	good = !json_dumpfd(json, fd, JSON_INDENT(1)) && !fsync(fd);
	return !close(fd) && good;
}

void state_save(struct agent *agent)
{
	json_t *json;
	char *path;

	if (!agent->state_path)
		return;
	path = xcalloc(1, strlen(agent->state_path) + sizeof(".new"));
	sprintf(path, "%s.new", agent->state_path);
	json = to_json(agent);
	if (!write_file(path, json) || rename(path, agent->state_path))
		log_limited(LOG_ERR, "cannot keep the state in %s: %s", agent->state_path,
			    strerror(errno));
	json_decref(json);
	free(path);
}

static bool load_nic(struct agent *agent, const json_t *json)
{
	const json_t *flows = json_object_get(json, "flows");
	const json_t *mtu = json_object_get(json, "mtu");
	const json_t *offload = json_object_get(json, "offload");
	const char *text = json_string_value(json_object_get(json, "mac"));
	struct cvsw_text_error error;
	uint8_t mac[CVSW_ETH_ALEN];
	struct intent *intent;
	struct nic *nic;
	size_t bad;

	if (!text || !cvsw_text_mac(text, mac) || !(nic = nics_get(&agent->nics, mac)))
		return false;
	intent = &nic->session.intent;
	intent->flows_stated = json_is_array(flows);
	if (flows && !intent_parse_flows(flows, &intent->flows, &bad, &error))
		return false;
	if (mtu && (json_integer_value(mtu) < INTENT_MIN_MTU ||
		    json_integer_value(mtu) > UINT16_MAX))
		return false;
	intent->mtu = json_integer_value(mtu);
	intent->offload_stated = offload != NULL;
	return !offload || intent_parse_offload(offload, &intent->offload);
}

bool state_load(struct agent *agent)
{
	json_error_t error;
	json_t *json, *nics, *nic;
	bool good;
	size_t i;

	if (!agent->state_path || (access(agent->state_path, F_OK) && errno == ENOENT))
		return true;
	json = json_load_file(agent->state_path, 0, &error);
	if (!json) {
		log_line(LOG_ERR, "%s:%d: %s", agent->state_path, error.line, error.text);
		return false;
	}
	nics = json_object_get(json, "nics");
	good = json_integer_value(json_object_get(json, "version")) == STATE_VERSION &&
	       json_is_array(nics);
	json_array_foreach(nics, i, nic)
		good = good && load_nic(agent, nic);
	good = good && state_overlays_load(agent, json_object_get(json, "overlays"));
	json_decref(json);
	if (!good)
		log_line(LOG_ERR, "%s: not a state file that this cvswd can read",
			 agent->state_path);
	return good;
}
