// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames of version 2: whose they are is known by the port that they come from. */
#include "base/log.h"
#include "fabric/vswitch.h"
#include "legacy.h"
#include "nics.h"

static struct nic *nic_at(const struct vport *port)
{
	struct nic *nic;

	LIST_FOREACH(nic, &port->nics, at_port)
		if (!nic->has_key)
			break;
	return nic;
}

bool legacy_hello(struct vport *port)
{
	struct cvsw_msg hello = { .type = CVSW_MSG_HELLO };
	uint8_t frame[CVSW_ETH_MIN];

	memset(hello.dst, 0xff, CVSW_ETH_ALEN);
	return vswitch_send(port, frame, cvsw_msg_encode(&hello, frame, sizeof(frame)));
}

/* Without proof in version 2: a live migration, or someone who claims its MAC address. */
static void leave_port(struct nic *nic)
{
	log_limited(LOG_WARNING, "NIC " MAC_FORMAT " leaves switch %016llx port %u (%s)",
		    MAC_BYTES(nic->mac), (unsigned long long)nic->port->vswitch->dpid,
		    nic->port->number, nic->port->name);
	nic->n_moves++;
	LIST_REMOVE(nic, at_port);
	vswitch_port_hello(nic->port);
}

/* The NIC that may be registered; NULL: none. */
static struct nic *nic_for(struct nics *nics, struct vport *port, const uint8_t *mac)
{
	struct nic *nic = nics_find(nics, mac), *before = nic_at(port);

	if (!nics_is_station(mac))
		return NULL;
	if (nic && (nic->has_key || nic->key_unread)) {
		nic_unproved(nic, port, NIC_WITHOUT_KEY);
		return NULL;
	}
	/* First out with the old: a port that makes up MACs never holds more than one place. */
	if (before && before != nic)
		nic_detach(before);
	nic = nics_get(nics, mac);
	if (!nic)
		log_limited(LOG_WARNING, "NIC " MAC_FORMAT " at %s refused: %zu NICs are the limit",
			    MAC_BYTES(mac), port->name, nics->max);
	return nic;
}

/* False: refused. */
static bool on_register(struct nics *nics, struct vport *port, const struct cvsw_msg *msg)
{
	uint8_t mac[CVSW_ETH_ALEN];
	bool elsewhere;
	struct nic *nic;

	cvsw_msg_register_mac(msg, mac);
	nic = nic_for(nics, port, mac);
	if (!nic)
		return false;
	elsewhere = nic->port != port;
	if (elsewhere && nic->port)
		leave_port(nic);
	if (elsewhere)
		nic_attach(nic, port);
	vswitch_port_answered(port);
	nic_tell(nic, HUB_REGISTERED);
	legacy_register(nic, elsewhere, clock_ms());
	nic_go_on(nic);
	return true;
}

static bool on_list(struct vport *port, const struct cvsw_msg *msg)
{
	struct nic *nic = nic_at(port);

	if (!nic)
		return false;
	legacy_list(nic, msg, clock_ms());
	nic_go_on(nic);
	return true;
}

static bool take(struct nics *nics, struct vport *port, const struct cvsw_msg *msg)
{
	switch (msg->type) {
	case CVSW_MSG_REGISTER:
		return on_register(nics, port, msg);
	case CVSW_MSG_HELLO:
		vswitch_port_hello(port);
		return true;
	case CVSW_MSG_LIST_ENTRIES:
		return on_list(port, msg);
	default:
		return false;
	}
}

/* Nothing is taken from it; but its NIC may have a key here, and its driver none. */
static void refuse(struct nics *nics, struct vport *port, const struct cvsw_msg *msg)
{
	uint8_t mac[CVSW_ETH_ALEN];
	struct nic *nic;

	port->vswitch->n_unauthenticated++;
	log_limited(LOG_INFO, "%s is at %s without a key: version 2 is not allowed",
		    cvsw_msg_type_name(msg->type), port->name);
	if (msg->type != CVSW_MSG_REGISTER)
		return;
	cvsw_msg_register_mac(msg, mac);
	nic = nics_find(nics, mac);
	if (nic && nic->has_key)
		nic_unproved(nic, port, NIC_WITHOUT_KEY);
}

void legacy_frame(struct nics *nics, struct vport *port, const uint8_t *frame, size_t len)
{
	struct vswitch *vswitch = port->vswitch;
	enum cvsw_fault fault;
	struct cvsw_msg msg;
	size_t offset = 0;

	fault = cvsw_msg_decode(frame, len, &msg, &offset);
	if (fault != CVSW_OK) {
		vswitch->n_malformed++;
		log_limited(LOG_INFO, "malformed control frame from %s: %s at byte %zu",
			    port->name, cvsw_fault_text(fault), offset);
		return;
	}
	if (!nics->allow_version2) {
		refuse(nics, port, &msg);
		return;
	}
	log_line(LOG_DEBUG, "%s from %s, %u bytes, data1 %u", cvsw_msg_type_name(msg.type),
		 port->name, msg.len, msg.data1);
	if (!take(nics, port, &msg))
		vswitch->n_unexpected++;
}
