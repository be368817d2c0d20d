// SPDX-License-Identifier: GPL-2.0
#include "place.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cvsw_text.h"

static struct nic *by_mac(struct agent *agent, const uint8_t mac[CVSW_ETH_ALEN],
			  enum place_unknown unknown, char *why, size_t room)
{
	struct nic *nic = nics_find(&agent->nics, mac);

	if (nic)
		return nic;
	if (unknown == PLACE_REFUSE) {
		snprintf(why, room, "NIC " MAC_FORMAT " is not known (cvswctl show lists all)",
			 MAC_BYTES(mac));
		return NULL;
	}
	if (mac[0] & 1) {
		snprintf(why, room, MAC_FORMAT " is a group address, not a NIC's", MAC_BYTES(mac));
		return NULL;
	}
	nic = nics_get(&agent->nics, mac);
	if (!nic)
		snprintf(why, room, "%zu NICs are the limit (cvswd --max-nics)", agent->nics.max);
	return nic;
}

/* "DPID:PORT", the datapath id in hex. False: not of this form. */
static bool parse_place(const char *text, uint64_t *dpid, uint32_t *number)
{
	const char *colon = strchr(text, ':');
	unsigned long port;
	char *end;

	if (!colon || colon - text > 16 || !isxdigit((unsigned char)*text) ||
	    !isdigit((unsigned char)colon[1]))
		return false;
	*dpid = strtoull(text, &end, 16);
	if (end != colon)
		return false;
	errno = 0;
	port = strtoul(colon + 1, &end, 10);
	*number = port;
	return !*end && !errno && port <= UINT32_MAX;
}

static struct vport *by_name(struct agent *agent, const char *name, unsigned int *n)
{
	struct vport *port, *found = NULL;
	struct vswitch *vswitch;

	*n = 0;
	vswitches_each(vswitch, &agent->switches)
		vports_each(port, vswitch)
			if (!strcmp(port->name, name)) {
				found = port;
				(*n)++;
			}
	return found;
}

struct nic *place_find_nic(struct agent *agent, const char *text, enum place_unknown unknown,
			   char *why, size_t room)
{
	uint8_t mac[CVSW_ETH_ALEN];
	struct vswitch *vswitch;
	struct vport *port;
	unsigned int n = 1;
	uint32_t number;
	uint64_t dpid;

	if (cvsw_text_mac(text, mac))
		return by_mac(agent, mac, unknown, why, room);
	if (parse_place(text, &dpid, &number)) {
		vswitch = vswitches_find(&agent->switches, dpid);
		port = vswitch ? vswitch_port_find(vswitch, number) : NULL;
	} else {
		port = by_name(agent, text, &n);
	}
	if (n > 1)
		snprintf(why, room, "%u switches have a port \"%.32s\": say DPID:PORT", n, text);
	else if (!port)
		snprintf(why, room, "no NIC \"%.64s\": name its MAC address, DPID:PORT or a port's "
			 "name (cvswctl show lists them)", text);
	else if (LIST_EMPTY(&port->nics))
		snprintf(why, room, "no NIC has registered at port \"%s\"", port->name);
	else if (LIST_NEXT(LIST_FIRST(&port->nics), at_port))
		snprintf(why, room, "there are several NICs at port \"%s\": say a MAC address",
			 port->name);
	else
		return LIST_FIRST(&port->nics);
	return NULL;
}
