// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor.h"

#include <sys/time.h>

#include "client.h"
#include "report.h"
#include "request.h"

void request_monitor(const struct request *request)
{
	client_monitor(request->client, json_pack("{s:b}", "ok", 1));
}

static void tell(json_t *json)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	json_object_set_new(json, "time", json_real(now.tv_sec + now.tv_usec / 1e6));
	clients_tell(json);
	json_decref(json);
}

void monitor_event(void *arg, const struct hub_event *event)
{
	(void)arg;
	if (clients_monitor())
		tell(report_event(event));
}

void monitor_switch(const struct vswitch *vswitch, enum vswitch_event event)
{
	if (clients_monitor())
		tell(report_switch_event(vswitch, event));
}
