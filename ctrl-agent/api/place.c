// SPDX-License-Identifier: GPL-2.0-or-later
#include "place.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "cvsw_text.h"

static struct nic *by_mac(struct agent *agent, const uint8_t mac[CVSW_ETH_ALEN],
			  enum place_unknown unknown, struct request_error *error)
{
	struct nic *nic = nics_find(&agent->nics, mac);

	if (nic)
		return nic;
	if (mac[0] & 1)
		request_wrong(error, REQUEST_BAD_VALUE, MAC_FORMAT " is a group address, not a NIC's",
			      MAC_BYTES(mac));
	else if (unknown == PLACE_REFUSE)
		request_wrong(error, REQUEST_UNKNOWN_NIC, "NIC " MAC_FORMAT
			      " is not known (cvswctl show lists all)", MAC_BYTES(mac));
	else if (unknown == PLACE_OFFER)
		request_wrong(error, REQUEST_UNKNOWN_NIC, "NIC " MAC_FORMAT " is not known: it has "
			      "no key and never registered.  Check the address; to configure it "
			      "before it starts, give it a key first (cvswctl key add) or use "
			      "--new", MAC_BYTES(mac));
	else if (!(nic = nics_get(&agent->nics, mac)))
		request_wrong(error, REQUEST_TOO_MANY_NICS,
			      "%zu NICs are the limit (cvswd --max-nics)", agent->nics.max);
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

struct nic *place_find_nic(struct agent *agent, const char *text, enum place_unknown unknown,
			   struct request_error *error)
{
	uint8_t mac[CVSW_ETH_ALEN];
	struct vswitch *vswitch;
	struct vport *port;
	unsigned int n = 1;
	uint32_t number;
	uint64_t dpid;

	if (cvsw_text_mac(text, mac))
		return by_mac(agent, mac, unknown, error);
	if (parse_place(text, &dpid, &number)) {
		vswitch = vswitches_find(&agent->switches, dpid);
		port = vswitch ? vswitch_port_find(vswitch, number) : NULL;
	} else {
		port = vswitches_named(&agent->switches, text, &n);
	}
	if (n > 1)
		request_wrong(error, REQUEST_AMBIGUOUS_NIC,
			      "%u switches have a port \"%.32s\": use DPID:PORT", n, text);
	else if (!port)
		request_wrong(error, REQUEST_UNKNOWN_NIC, "no NIC \"%.64s\": use its MAC address, "
			      "DPID:PORT or a port's name (cvswctl show lists them)", text);
	else if (LIST_EMPTY(&port->nics))
		request_wrong(error, REQUEST_UNKNOWN_NIC, "no NIC has registered at port \"%s\"",
			      port->name);
	else if (LIST_NEXT(LIST_FIRST(&port->nics), at_port))
		request_wrong(error, REQUEST_AMBIGUOUS_NIC,
			      "there are several NICs at port \"%s\": use a MAC address", port->name);
	else
		return LIST_FIRST(&port->nics);
	return NULL;
}
