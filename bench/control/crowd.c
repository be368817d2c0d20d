// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Thousands of light NICs behind OpenFlow 1.0 switches, for crowd.py:
 *
 *	crowd SOCKET SWITCHES PORTS
 *
 *	cvswd's SOCKET <== OpenFlow == a switch of PORTS ports, a NIC behind each of them
 *
 * NIC i has the MAC address 02:c0:xx:xx:xx:xx, i in its last four bytes, and crowd_key(i).
 * They speak version 3 with the module's own end of it and libcrypto.  Their tables are
 * lists of flow_mods that no frame ever meets; of SAs they keep the names.  A switch whose
 * connection ends connects again.
 *
 * For each line of its input there is one of output: what the NICs have and did, as JSON.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/heap.h"
#include "cvsw_flow_mod.h"
#include "cvsw_sa.h"
#include "cvsw_v3_body.h"
#include "cvsw_v3_end.h"
#include "cvsw_v3_libcrypto.h"

#define MAX_SWITCHES	1024
#define IN_ROOM		(256 * 1024)
#define RECONNECT_MS	100
#define MAX_FLOWS	65536

/* OpenFlow 1.0, 5.1: types of messages. */
enum { HELLO, ERROR, ECHO_REQUEST, ECHO_REPLY, FEATURES_REQUEST = 5, FEATURES_REPLY, PACKET_IN = 10,
       PACKET_OUT = 13, STATS_REQUEST = 16, BARRIER_REQUEST = 18, BARRIER_REPLY };

#define OFP_HEADER_LEN		8
#define OFP_FEATURES_LEN	32	/* before the ports */
#define OFP_PORT_LEN		48
#define OFP_PACKET_IN_LEN	18
#define OFP_BAD_REQUEST		1
#define OFP_BAD_STAT		2

struct entry {
	uint64_t name;		/* a hash of match and priority */
	size_t len;
	uint8_t flow_mod[];
};

struct sa {
	uint32_t spi;
	uint8_t direction;
};

struct nic {
	struct heap_node timer;
	struct cvsw_v3_end end;
	struct cvsw_v3_caller caller;
	struct of_switch *behind;
	uint16_t port;
	bool up;
	struct entry **entries;
	size_t n_entries, room;
	struct sa *sas;
	size_t n_sas, sas_room;
	uint8_t *bundle;	/* the flow_mods so far */
	size_t bundle_len;
	bool replaces;
	uint16_t mtu;
};

struct of_switch {
	unsigned int number;
	int fd;
	uint64_t connect_at;
	struct nic *nics;
	uint8_t *out;
	size_t out_len, out_room;
	size_t in_len;
	uint8_t in[IN_ROOM];
};

static struct {
	struct sockaddr_un address;
	unsigned int n_switches, n_ports;
	struct of_switch *switches[MAX_SWITCHES];
	struct heap timers;
	uint64_t requests, sas_added, sas_removed, flow_mods, fresh, frames;
} crowd;

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void put16(uint8_t *to, uint16_t value)
{
	to[0] = value >> 8;
	to[1] = value;
}

static void put32(uint8_t *to, uint32_t value)
{
	put16(to, value >> 16);
	put16(to + 2, value);
}

static uint16_t get16(const uint8_t *from)
{
	return from[0] << 8 | from[1];
}

/* crowd.py makes the same ones. */
static void crowd_key(uint32_t i, uint8_t key[CVSW_V3_KEY_LEN])
{
	memset(key, 0x5a, CVSW_V3_KEY_LEN);
	put32(key, i);
}

/* ---- a NIC's table ---- */

static uint64_t name_of(const struct cvsw_flow *flow)
{
	const uint8_t *bytes = (const uint8_t *)&flow->match;
	uint64_t hash = 0xcbf29ce484222325u ^ flow->priority;

	for (size_t i = 0; i < sizeof(flow->match); i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	return hash;
}

static void remove_entry(struct nic *nic, uint64_t name)
{
	for (size_t i = 0; i < nic->n_entries; i++) {
		if (nic->entries[i]->name != name)
			continue;
		free(nic->entries[i]);
		nic->entries[i] = nic->entries[--nic->n_entries];
		return;
	}
}

static void clear_entries(struct nic *nic)
{
	while (nic->n_entries)
		free(nic->entries[--nic->n_entries]);
}

static void add_entry(struct nic *nic, uint64_t name, const struct cvsw_flow *flow)
{
	uint8_t flow_mod[CVSW_FLOW_MOD_MAX];
	size_t len = cvsw_flow_mod_encode(CVSW_FLOW_ADD, flow, flow_mod, sizeof(flow_mod));
	struct entry *entry = alloc_checked(malloc(sizeof(*entry) + len));

	entry->name = name;
	entry->len = len;
	memcpy(entry->flow_mod, flow_mod, len);
	if (nic->n_entries == nic->room) {
		nic->room = nic->room ? 2 * nic->room : 16;
		nic->entries = alloc_checked(reallocarray(nic->entries, nic->room,
							  sizeof(struct entry *)));
	}
	nic->entries[nic->n_entries++] = entry;
}

static enum cvsw_v3_error commit(struct nic *nic)
{
	static struct cvsw_flow flow;
	enum cvsw_flow_command command;
	size_t at, used;
	uint64_t name;

	if (nic->replaces)
		clear_entries(nic);
	for (at = 0; at < nic->bundle_len; at += used) {
		memset(&flow, 0, sizeof(flow));
		if (cvsw_flow_mod_decode(nic->bundle + at, nic->bundle_len - at, &used, &command,
				      &flow, NULL) != CVSW_OK)
			return CVSW_V3_ERR_REFUSED;
		name = name_of(&flow);
		remove_entry(nic, name);
		if (command != CVSW_FLOW_DELETE_STRICT)
			add_entry(nic, name, &flow);
		crowd.flow_mods++;
	}
	return CVSW_V3_FINE;
}

static void end_bundle(struct nic *nic)
{
	free(nic->bundle);
	nic->bundle = NULL;
	nic->bundle_len = 0;
}

static enum cvsw_v3_error do_flows(struct nic *nic, const struct cvsw_v3_message *message,
				   size_t *offset)
{
	struct cvsw_v3_flows flows;
	enum cvsw_v3_error error = cvsw_v3_flows_decode(message, &flows, offset);

	if (error)
		return error;
	if (flows.flags & CVSW_V3_BUNDLE_OPEN) {
		end_bundle(nic);
		nic->replaces = flows.flags & CVSW_V3_BUNDLE_REPLACE;
	}
	if (flows.len) {
		nic->bundle = alloc_checked(realloc(nic->bundle, nic->bundle_len + flows.len));
		memcpy(nic->bundle + nic->bundle_len, flows.flow_mods, flows.len);
		nic->bundle_len += flows.len;
	}
	if (flows.flags & CVSW_V3_BUNDLE_COMMIT)
		error = commit(nic);
	if (flows.flags & (CVSW_V3_BUNDLE_COMMIT | CVSW_V3_BUNDLE_ABORT))
		end_bundle(nic);
	return error;
}

static enum cvsw_v3_error do_list(struct nic *nic, const struct cvsw_v3_message *message,
				  struct cvsw_writer *w, size_t *offset)
{
	struct cvsw_v3_list list;
	enum cvsw_v3_error error = cvsw_v3_list_decode(message, &list, offset);

	if (error)
		return error;
	cvsw_v3_list_answer_begin(w, CVSW_V3_LIST_ANSWER, message->xid);
	for (size_t i = list.resume; i < nic->n_entries; i++) {
		struct cvsw_v3_entry entry = { .flow_mod = nic->entries[i]->flow_mod,
					       .len = nic->entries[i]->len,
					       .idle = CVSW_V3_IDLE_UNKNOWN };

		if (!cvsw_v3_entry_put(w, &entry)) {
			cvsw_v3_list_answer_resume(w, i);
			break;
		}
	}
	return CVSW_V3_FINE;
}

/* ---- a NIC's answers ---- */

static struct sa *find_sa(struct nic *nic, const struct cvsw_sa *sa)
{
	for (size_t i = 0; i < nic->n_sas; i++)
		if (nic->sas[i].spi == sa->spi && nic->sas[i].direction == sa->direction)
			return &nic->sas[i];
	return NULL;
}

static enum cvsw_v3_error add_sa(struct nic *nic, const struct cvsw_sa *sa)
{
	if (find_sa(nic, sa))
		return CVSW_V3_ERR_SA_KNOWN;
	if (nic->n_sas == nic->sas_room) {
		nic->sas_room = nic->sas_room ? 2 * nic->sas_room : 16;
		nic->sas = alloc_checked(reallocarray(nic->sas, nic->sas_room, sizeof(*nic->sas)));
	}
	nic->sas[nic->n_sas++] = (struct sa){ sa->spi, sa->direction };
	crowd.sas_added++;
	return CVSW_V3_FINE;
}

static enum cvsw_v3_error remove_sa(struct nic *nic, const struct cvsw_sa *sa)
{
	struct sa *found = find_sa(nic, sa);

	if (!found)
		return CVSW_V3_ERR_SA_UNKNOWN;
	*found = nic->sas[--nic->n_sas];
	crowd.sas_removed++;
	return CVSW_V3_FINE;
}

static enum cvsw_v3_error do_set_sa(struct nic *nic, const struct cvsw_v3_message *message,
				    size_t *offset)
{
	struct cvsw_sa sa;
	enum cvsw_v3_error error = cvsw_v3_set_sa_decode(message, &sa, offset);

	if (!error)
		error = sa.key_len ? add_sa(nic, &sa) : remove_sa(nic, &sa);
	explicit_bzero(&sa, sizeof(sa));
	return error;
}

/* All in one answer: fewer than 1000, in an overlay of 100. */
static enum cvsw_v3_error do_list_sas(struct nic *nic, const struct cvsw_v3_message *message,
				      struct cvsw_writer *w, size_t *offset)
{
	uint64_t resume;
	enum cvsw_v3_error error = cvsw_v3_resume_decode(message, &resume, offset);

	if (error)
		return error;
	cvsw_v3_list_answer_begin(w, CVSW_V3_LIST_SAS_ANSWER, message->xid);
	for (size_t i = 0; i < nic->n_sas; i++)
		if (!cvsw_v3_listed_sa_put(w, &(struct cvsw_v3_listed_sa){ nic->sas[i].spi,
									 nic->sas[i].direction, 0 }))
			return CVSW_V3_ERR_NO_MEMORY;
	return CVSW_V3_FINE;
}

static enum cvsw_v3_error do_set(struct nic *nic, const struct cvsw_v3_message *message,
				 size_t *offset)
{
	uint16_t value;
	enum cvsw_v3_error error = cvsw_v3_set_decode(message, &value, offset);

	if (!error && message->type == CVSW_V3_SET_MTU)
		nic->mtu = value;
	return error;
}

static size_t answer_capabilities(struct nic *nic, uint32_t xid, uint8_t *buf, size_t room)
{
	struct cvsw_v3_capabilities can = {
		.features = CVSW_V3_CAN_MODIFY, .flows = nic->n_entries, .max_flows = MAX_FLOWS,
		.mtu = nic->mtu, .min_mtu = 68, .max_mtu = 9000, .offloads = 0x1b,
		.all_offloads = 0x1b, .release = (const uint8_t *)"crowd", .release_len = 5,
	};

	return cvsw_v3_capabilities_encode(xid, &can, buf, room);
}

static size_t answer(struct nic *nic, const uint8_t *data, size_t len, bool too_long,
		     uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);
	struct cvsw_v3_error_body body = { .ofp_type = CVSW_V3_NO_OFP_ERROR,
					   .ofp_code = CVSW_V3_NO_OFP_ERROR };
	struct cvsw_v3_message message = { 0 };
	size_t offset = 0;
	enum cvsw_v3_error error = cvsw_v3_message_decode(data, len, &message, &offset);

	if (!cvsw_v3_is_request(message.type))
		return 0;
	crowd.requests++;
	if (too_long)
		error = CVSW_V3_ERR_TOO_LONG;
	if (!error && message.type == CVSW_V3_CAPABILITIES)
		return answer_capabilities(nic, message.xid, buf, room);
	if (!error && message.type == CVSW_V3_LIST)
		error = do_list(nic, &message, &w, &offset);
	else if (!error && message.type == CVSW_V3_FLOWS)
		error = do_flows(nic, &message, &offset);
	else if (!error && message.type == CVSW_V3_LIST_SAS)
		error = do_list_sas(nic, &message, &w, &offset);
	else if (!error && message.type == CVSW_V3_SET_SA)
		error = do_set_sa(nic, &message, &offset);
	else if (!error)
		error = do_set(nic, &message, &offset);
	if (error) {
		body.offset = offset;
		body.text = (const uint8_t *)cvsw_v3_error_text(error);
		body.text_len = strlen(cvsw_v3_error_text(error));
		return cvsw_v3_error_encode(message.xid, error, &body, buf, room);
	}
	if (!w.at)
		cvsw_v3_message_begin(&w, CVSW_V3_ACK, message.xid);
	return w.at;
}

static void nic_run(struct nic *nic, uint64_t now)
{
	static uint8_t message[CVSW_V3_MESSAGE_MAX], reply[CVSW_V3_MESSAGE_MAX];
	bool too_long;
	size_t len;

	while (cvsw_v3_room(&nic->end) == CVSW_V3_MESSAGE_MAX &&
	       (len = cvsw_v3_take(&nic->end, message, &too_long))) {
		len = answer(nic, message, len, too_long, reply, sizeof(reply));
		if (len && !cvsw_v3_send(&nic->end, reply, len))
			abort();	/* there was room */
	}
	cvsw_v3_run(&nic->end, now);
	heap_set(&crowd.timers, &nic->timer, cvsw_v3_deadline(&nic->end));
}

/* ---- switches ---- */

static void lose(struct of_switch *sw)
{
	close(sw->fd);
	sw->fd = -1;
	sw->connect_at = now_ms() + RECONNECT_MS;
	sw->in_len = sw->out_len = 0;
}

static void flush(struct of_switch *sw)
{
	ssize_t n = sw->out_len ? send(sw->fd, sw->out, sw->out_len, MSG_NOSIGNAL) : 0;

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		lose(sw);
	if (n <= 0)
		return;
	sw->out_len -= n;
	memmove(sw->out, sw->out + n, sw->out_len);
}

/* Room for a message of @len bytes behind its header. */
static uint8_t *add_message(struct of_switch *sw, uint8_t type, const uint8_t xid[4], size_t len)
{
	uint8_t *at;

	if (sw->out_room < sw->out_len + OFP_HEADER_LEN + len) {
		sw->out_room = 2 * sw->out_room + OFP_HEADER_LEN + len;
		sw->out = alloc_checked(realloc(sw->out, sw->out_room));
	}
	at = sw->out + sw->out_len;
	sw->out_len += OFP_HEADER_LEN + len;
	memset(at, 0, OFP_HEADER_LEN + len);
	at[0] = 1;
	at[1] = type;
	put16(at + 2, OFP_HEADER_LEN + len);
	if (xid)
		memcpy(at + 4, xid, 4);
	return at + OFP_HEADER_LEN;
}

static void nic_send(void *arg, uint8_t *frame, size_t len, uint64_t place)
{
	struct nic *nic = arg;
	uint8_t *body;

	(void)place;
	if (nic->behind->fd < 0)
		return;
	body = add_message(nic->behind, PACKET_IN, NULL, OFP_PACKET_IN_LEN - OFP_HEADER_LEN + len);
	put32(body, 0xffffffff);
	put16(body + 4, len);
	put16(body + 6, nic->port);
	memcpy(body + OFP_PACKET_IN_LEN - OFP_HEADER_LEN, frame, len);
}

static void nic_event(void *arg, enum cvsw_v3_event event)
{
	struct nic *nic = arg;

	if (event == CVSW_V3_EVENT_FRESH) {
		crowd.fresh += !nic->up;
		nic->up = true;
		end_bundle(nic);
	}
}

static void features(struct of_switch *sw, const uint8_t *xid)
{
	uint8_t *body = add_message(sw, FEATURES_REPLY, xid, OFP_FEATURES_LEN - OFP_HEADER_LEN +
				    crowd.n_ports * OFP_PORT_LEN), *port;

	put32(body + 4, 0xc0000 + sw->number);
	put32(body + 8, 256);
	body[12] = 1;
	for (unsigned int i = 0; i < crowd.n_ports; i++) {
		port = body + OFP_FEATURES_LEN - OFP_HEADER_LEN + i * OFP_PORT_LEN;
		put16(port, i + 1);
		port[2] = 2;
		put32(port + 4, i);
		snprintf((char *)port + 8, 16, "tap%u-%u", sw->number, i + 1);
	}
}

static void packet_out(struct of_switch *sw, uint8_t *body, size_t len)
{
	size_t actions_len = len < 16 ? 0 : get16(body + 6);
	unsigned int port = len < 16 ? 0 : get16(body + 12);
	struct nic *nic = &sw->nics[port - 1];

	if (!port || port > crowd.n_ports || len < 8 + actions_len)
		return;
	crowd.frames++;
	cvsw_v3_receive(&nic->end, body + 8 + actions_len, len - 8 - actions_len, 0, now_ms());
	nic_run(nic, now_ms());
}

static void take(struct of_switch *sw, uint8_t *message, size_t len)
{
	uint8_t *body = message + OFP_HEADER_LEN, *xid = message + 4, *error;

	switch (message[1]) {
	case ECHO_REQUEST:
		len -= OFP_HEADER_LEN;
		memcpy(add_message(sw, ECHO_REPLY, xid, len), body, len);
		break;
	case FEATURES_REQUEST:
		features(sw, xid);
		break;
	case BARRIER_REQUEST:
		add_message(sw, BARRIER_REPLY, xid, 0);
		break;
	case STATS_REQUEST:	/* it has none, and cvswd believes that its rules are there */
		error = add_message(sw, ERROR, xid, 12);
		put16(error, OFP_BAD_REQUEST);
		put16(error + 2, OFP_BAD_STAT);
		break;
	case PACKET_OUT:
		packet_out(sw, body, len - OFP_HEADER_LEN);
		break;
	}
}

static void receive(struct of_switch *sw)
{
	ssize_t n = recv(sw->fd, sw->in + sw->in_len, IN_ROOM - sw->in_len, 0);
	size_t at = 0, len;

	if (n <= 0) {
		if (!n || (errno != EAGAIN && errno != EINTR))
			lose(sw);
		return;
	}
	sw->in_len += n;
	while (sw->fd >= 0 && sw->in_len - at >= OFP_HEADER_LEN) {
		len = get16(sw->in + at + 2);
		if (len < OFP_HEADER_LEN || sw->in_len - at < len)
			break;
		take(sw, sw->in + at, len);
		at += len;
	}
	if (sw->fd < 0)
		return;
	sw->in_len -= at;
	memmove(sw->in, sw->in + at, sw->in_len);
}

static void reach(struct of_switch *sw, uint64_t now)
{
	if (sw->fd >= 0 || now < sw->connect_at)
		return;
	sw->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(sw->fd, (struct sockaddr *)&crowd.address, sizeof(crowd.address))) {
		lose(sw);
		return;
	}
	fcntl(sw->fd, F_SETFL, O_NONBLOCK);
	add_message(sw, HELLO, NULL, 0);
	for (unsigned int i = 0; i < crowd.n_ports; i++)
		sw->nics[i].up = false;
}

static struct of_switch *make_switch(unsigned int number)
{
	struct of_switch *sw = xcalloc(1, sizeof(*sw));

	sw->number = number;
	sw->fd = -1;
	sw->nics = xcalloc(crowd.n_ports, sizeof(*sw->nics));
	for (unsigned int i = 0; i < crowd.n_ports; i++) {
		uint8_t mac[CVSW_ETH_ALEN] = { 0x02, 0xc0 }, key[CVSW_V3_KEY_LEN];
		struct nic *nic = &sw->nics[i];

		nic->behind = sw;
		nic->port = i + 1;
		nic->mtu = 1500;
		nic->caller = (struct cvsw_v3_caller){ .send = nic_send, .event = nic_event, .arg = nic };
		put32(mac + 2, number * crowd.n_ports + i);
		crowd_key(number * crowd.n_ports + i, key);
		cvsw_v3_nic_init(&nic->end, &cvsw_v3_libcrypto, &nic->caller, mac, key);
		heap_set(&crowd.timers, &nic->timer, cvsw_v3_deadline(&nic->end));
	}
	return sw;
}

/* ---- all of it ---- */

static void say(void)
{
	uint64_t flows = 0, up = 0;

	for (unsigned int i = 0; i < crowd.n_switches; i++)
		for (unsigned int j = 0; j < crowd.n_ports; j++) {
			flows += crowd.switches[i]->nics[j].n_entries;
			up += crowd.switches[i]->nics[j].up;
		}
	printf("{\"up\": %lu, \"flows\": %lu, \"requests\": %lu, \"sas_added\": %lu, \"sas_removed\": %lu, "
	       "\"flow_mods\": %lu, \"fresh\": %lu, \"frames\": %lu}\n", up, flows, crowd.requests,
	       crowd.sas_added, crowd.sas_removed, crowd.flow_mods, crowd.fresh, crowd.frames);
	fflush(stdout);
}

static void run_timers(uint64_t now)
{
	while (heap_due(&crowd.timers) <= now)
		nic_run((struct nic *)heap_first(&crowd.timers), now);
}

static int pause_ms(uint64_t now)
{
	uint64_t due = heap_due(&crowd.timers);

	if (due > now + RECONNECT_MS)
		due = now + RECONNECT_MS;
	return due > now ? due - now : 0;
}

static void play(void)
{
	static struct pollfd fds[MAX_SWITCHES + 1];
	char line[64];

	for (;;) {
		uint64_t now = now_ms();

		run_timers(now);
		for (unsigned int i = 0; i < crowd.n_switches; i++) {
			struct of_switch *sw = crowd.switches[i];

			reach(sw, now);
			if (sw->fd >= 0)
				flush(sw);
			fds[i] = (struct pollfd){ .fd = sw->fd,
						  .events = POLLIN | (sw->out_len ? POLLOUT : 0) };
		}
		fds[crowd.n_switches] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
		if (poll(fds, crowd.n_switches + 1, pause_ms(now)) <= 0)
			continue;
		for (unsigned int i = 0; i < crowd.n_switches; i++)
			if (fds[i].revents & (POLLIN | POLLHUP | POLLERR))
				receive(crowd.switches[i]);
		if (fds[crowd.n_switches].revents) {
			if (!fgets(line, sizeof(line), stdin))
				return;
			say();
		}
	}
}

int main(int argc, char **argv)
{
	if (argc != 4 || strlen(argv[1]) >= sizeof(crowd.address.sun_path))
		return 2;
	crowd.address.sun_family = AF_UNIX;
	strcpy(crowd.address.sun_path, argv[1]);
	crowd.n_switches = strtoul(argv[2], NULL, 10);
	crowd.n_ports = strtoul(argv[3], NULL, 10);
	if (crowd.n_switches > MAX_SWITCHES ||
	    crowd.n_ports > (UINT16_MAX - OFP_FEATURES_LEN) / OFP_PORT_LEN)
		return 2;
	setvbuf(stdin, NULL, _IONBF, 0);
	for (unsigned int i = 0; i < crowd.n_switches; i++)
		crowd.switches[i] = make_switch(i);
	play();
	return 0;
}
