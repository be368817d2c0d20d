// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor.h"

#include <sys/time.h>

#include "client.h"
#include "base/log.h"
#include "report.h"
#include "request_parts.h"

void request_monitor(const struct request *request)
{
	client_monitor(request->client, json_pack("{s:b}", "ok", 1));
}

/* What is worth a line even when nobody watches. */
static void log_event(const struct nic *nic, enum session3_event event)
{
	const struct session3_refusal *refusal;

	switch (event) {
	case SESSION3_REGISTERED:
		log_limited(LOG_INFO, "NIC " MAC_FORMAT " registered", MAC_BYTES(nic->mac));
		break;
	case SESSION3_SILENT:
		log_limited(LOG_WARNING, "NIC " MAC_FORMAT " is silent",
			    MAC_BYTES(nic->mac));
		break;
	case SESSION3_DISAGREED:
		log_limited(LOG_WARNING, "NIC " MAC_FORMAT " remembers something else than we do: "
			    "restored, or copied; its table and keys are made anew",
			    MAC_BYTES(nic->mac));
		break;
	case SESSION3_REFUSED:
		refusal = session3_refusal(nic->v3);
		log_limited(LOG_WARNING, "NIC " MAC_FORMAT " refuses %s: %s (%s)%s%s",
			    MAC_BYTES(nic->mac), cvsw_v3_message_name(refusal->type),
			    refusal->text, refusal->field, *refusal->flow ? ": " : "",
			    refusal->flow);
		break;
	case SESSION3_SA_EXPIRING:
		log_limited(LOG_INFO, "an SA of NIC " MAC_FORMAT " expires",
			    MAC_BYTES(nic->mac));
		break;
	default:
		break;
	}
}

static void tell(json_t *json)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	json_object_set_new(json, "time", json_real(now.tv_sec + now.tv_usec / 1e6));
	clients_tell(json);
	json_decref(json);
}

void monitor_event(const struct nic *nic, enum session3_event event,
		   const struct cvsw_v3_message *message)
{
	log_event(nic, event);
	if (clients_monitor())
		tell(report_event(nic, event, message));
}

void monitor_switch(const struct vswitch *vswitch, enum vswitch_event event)
{
	if (clients_monitor())
		tell(report_switch_event(vswitch, event));
}
