// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic_log.h"

#include "base/log.h"
#include "nics.h"

void nic_log(void *arg, const struct hub_event *event)
{
	const struct nic *nic = event->nic;
	const struct nic_refusal *refusal = &nic->refusal;
	char why[256];

	(void)arg;
	switch (event->what) {
	case HUB_REGISTERED:
		log_limited(LOG_INFO, "NIC " MAC_FORMAT " registered", MAC_BYTES(nic->mac));
		break;
	case HUB_SILENT:
		log_limited(LOG_WARNING, "NIC " MAC_FORMAT " is silent: %s", MAC_BYTES(nic->mac),
			    nic_silence(nic, why, sizeof(why)) ?: "no answer");
		break;
	case HUB_DISAGREED:
		log_limited(LOG_WARNING, "NIC " MAC_FORMAT " was restored or copied, or cvswd was: "
			    "they reconnect; its table and keys are replaced",
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
