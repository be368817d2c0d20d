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
static void log_event(const struct hub_event *event)
{
	const struct nic *nic = event->nic;
	const struct nic_refusal *refusal = &nic->refusal;

	switch (event->what) {
	case HUB_REGISTERED:
		log_limited(LOG_INFO, "NIC " MAC_FORMAT " registered", MAC_BYTES(nic->mac));
		break;
	case HUB_SILENT:
		log_limited(LOG_WARNING, "NIC " MAC_FORMAT " is silent",
			    MAC_BYTES(nic->mac));
		break;
	case HUB_DISAGREED:
		log_limited(LOG_WARNING, "NIC " MAC_FORMAT " remembers something else than we do: "
			    "restored, or copied; its table and keys are made anew",
			    MAC_BYTES(nic->mac));
		break;
	case HUB_REFUSED:
		log_limited(LOG_WARNING, "NIC " MAC_FORMAT " refuses %s: %s (%s)%s%s",
			    MAC_BYTES(nic->mac), cvsw_v3_message_name(refusal->type),
			    refusal->text, refusal->field, *refusal->flow ? ": " : "",
			    refusal->flow);
		break;
	case HUB_EXPIRING:
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

void monitor_event(const struct hub_event *event)
{
	log_event(event);
	if (clients_monitor())
		tell(report_event(event));
}

void monitor_switch(const struct vswitch *vswitch, enum vswitch_event event)
{
	if (clients_monitor())
		tell(report_switch_event(vswitch, event));
}
