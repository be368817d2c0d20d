// SPDX-License-Identifier: GPL-2.0-or-later
#include "simnic.h"

#include "base/alloc.h"
#include "cvsw_ofp10.h"

#define MTU	1500

static const uint8_t broadcast[CVSW_ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

void simnic_init(struct simnic *nic, const uint8_t mac[CVSW_ETH_ALEN],
		 void (*send)(void *owner, const uint8_t *frame, size_t len), void *owner)
{
	*nic = (struct simnic){ .send = send, .owner = owner, .mtu = MTU, .offload = 0x1f };
	memcpy(nic->mac, mac, CVSW_ETH_ALEN);
	flowset_init(&nic->table);
}

void simnic_free(struct simnic *nic)
{
	flowset_clear(&nic->table);
	free(nic->sas);
}

void simnic_reset(struct simnic *nic)
{
	flowset_clear(&nic->table);
	nic->n_sas = 0;
	nic->mtu = MTU;
	nic->offload = 0x1f;
	nic->registered = false;
	nic->connected = false;
}

static struct simnic_sa *seen_sa(const struct simnic *nic, enum cvsw_sa_direction direction,
				 uint32_t spi)
{
	for (size_t i = 0; i < nic->n_sas; i++)
		if (nic->sas[i].sa.direction == direction && nic->sas[i].sa.spi == spi)
			return &nic->sas[i];
	return NULL;
}

const struct cvsw_sa *simnic_find_sa(const struct simnic *nic, enum cvsw_sa_direction direction,
				     uint32_t spi)
{
	const struct simnic_sa *seen = seen_sa(nic, direction, spi);

	return seen && !seen->deleted ? &seen->sa : NULL;
}

static void on_sa(struct simnic *nic, const struct cvsw_msg *msg)
{
	struct simnic_sa *seen;
	struct cvsw_sa sa;

	if (cvsw_sa_decode(msg->data, msg->len, &sa, NULL) != CVSW_OK) {
		nic->n_malformed++;
		return;
	}
	seen = seen_sa(nic, sa.direction, sa.spi);
	if (sa.key_len ? seen != NULL : !seen || seen->deleted) {
		nic->n_sa_refused++;
	} else if (!sa.key_len) {
		seen->deleted = true;
	} else {
		nic->sas = alloc_checked(reallocarray(nic->sas, nic->n_sas + 1,
						      sizeof(*nic->sas)));
		nic->sas[nic->n_sas++] = (struct simnic_sa){ .sa = sa };
	}
}

static void send_message(struct simnic *nic, struct cvsw_msg *msg, const uint8_t *dst)
{
	uint8_t frame[CVSW_MSG_HEADER_LEN + MTU];
	size_t len;

	memcpy(msg->dst, dst, CVSW_ETH_ALEN);
	len = cvsw_msg_encode(msg, frame, sizeof(frame));
	if (len)
		nic->send(nic->owner, frame, len);
}

static void send_register(struct simnic *nic)
{
	struct cvsw_msg msg = {
		.type = CVSW_MSG_REGISTER, .len = CVSW_ETH_ALEN, .data = nic->mac,
	};

	send_message(nic, &msg, nic->mac);
}

void simnic_link_up(struct simnic *nic)
{
	struct cvsw_msg msg = { .type = CVSW_MSG_HELLO };

	send_message(nic, &msg, broadcast);
}

/* Packs flows from @node on; returns the first that did not fit. */
static struct flow_node *pack(struct flow_node *node, uint8_t *data, size_t room, size_t *len)
{
	size_t n;

	*len = 0;
	for (; node; node = TAILQ_NEXT(node, in_order)) {
		n = cvsw_ofp10_encode_v2(CVSW_FLOW_ADD, &node->flow, data + *len, room - *len);
		if (!n && *len)
			return node;
		*len += n;	/* what not even a frame of its own holds is left out */
	}
	return NULL;
}

static void send_list(struct simnic *nic)
{
	struct flow_node *node = TAILQ_FIRST(&nic->table.order);
	size_t room = nic->mtu < MTU ? nic->mtu : MTU, len;
	uint8_t data[MTU];
	uint16_t frames = 0;

	while (node) {
		node = pack(node, data, room, &len);
		frames++;
	}
	frames += !frames;	/* an empty table answers too */
	node = TAILQ_FIRST(&nic->table.order);
	while (frames--) {
		struct cvsw_msg msg = { .type = CVSW_MSG_LIST_ENTRIES, .data1 = frames };

		node = pack(node, data, room, &len);
		msg.data = data;
		msg.len = len;
		send_message(nic, &msg, broadcast);
	}
}

static void on_flow_mod(struct simnic *nic, const struct cvsw_msg *msg)
{
	enum cvsw_flow_command command;
	struct cvsw_flow flow;
	size_t used;

	if (cvsw_ofp10_decode_v2(msg->data, msg->len, &used, &command, &flow, NULL) != CVSW_OK) {
		nic->n_malformed++;
		return;
	}
	if (msg->type == CVSW_MSG_DELETE_ENTRY)
		flowset_remove_covered(&nic->table, &flow.match);
	else if (nic->refuse_above && nic->table.n >= nic->refuse_above)
		nic->n_refused++;
	else if (command == CVSW_FLOW_ADD)
		flowset_put(&nic->table, &flow);
	else
		nic->n_malformed++;
}

/* It wants an OFPT_FLOW_MOD whose addresses are wild in all bits, or in all but the highest. */
static bool published_can_match(const struct cvsw_msg *msg)
{
	uint32_t wildcards = (uint32_t)msg->data[8] << 24 | (uint32_t)msg->data[9] << 16 |
			     (uint32_t)msg->data[10] << 8 | msg->data[11];
	uint32_t src = wildcards >> 8 & 63, dst = wildcards >> 14 & 63;

	return msg->data[1] == 14 && (src == 31 || src == 63) && (dst == 31 || dst == 63);
}

/* The published driver: it answers one HELLO, knows no LIST_ENTRIES, and looks at no destination. */
static void published_receive(struct simnic *nic, const struct cvsw_msg *msg)
{
	nic->n_of_type[msg->type & 15]++;
	if (msg->type == CVSW_MSG_HELLO && !nic->registered) {
		nic->registered = true;
		send_register(nic);
	}
	if (!nic->registered)
		return;
	switch (msg->type) {
	case CVSW_MSG_SET_ENTRY:
		nic->n_useless += !published_can_match(msg);
		on_flow_mod(nic, msg);
		break;
	case CVSW_MSG_DELETE_ENTRY:
		on_flow_mod(nic, msg);
		break;
	case CVSW_MSG_SET_MTU:
		nic->mtu = msg->data1;
		break;
	case CVSW_MSG_SET_OFFLOAD:
		/* Those not named are turned over, not off. */
		nic->offload = (nic->offload ^ ~msg->data1) | msg->data1;
		nic->offload &= 0x1f;
		break;
	default:
		return;
	}
	nic->connected = true;
}

void simnic_receive(struct simnic *nic, const uint8_t *frame, size_t len)
{
	struct cvsw_msg msg;

	if (nic->published && cvsw_msg_decode(frame, len, &msg, NULL) == CVSW_OK) {
		published_receive(nic, &msg);
		return;
	}
	if (cvsw_msg_decode(frame, len, &msg, NULL) != CVSW_OK) {
		nic->n_malformed++;
		return;
	}
	if (memcmp(msg.dst, broadcast, CVSW_ETH_ALEN) && memcmp(msg.dst, nic->mac, CVSW_ETH_ALEN)) {
		nic->n_not_ours++;
		return;
	}
	nic->n_of_type[msg.type & 15]++;
	switch (msg.type) {
	case CVSW_MSG_HELLO:
		send_register(nic);
		return;
	case CVSW_MSG_SET_ENTRY:
	case CVSW_MSG_DELETE_ENTRY:
		on_flow_mod(nic, &msg);
		break;
	case CVSW_MSG_SET_SA:
		on_sa(nic, &msg);
		break;
	case CVSW_MSG_SET_MTU:
		nic->mtu = msg.data1;
		break;
	case CVSW_MSG_SET_OFFLOAD:
		nic->offload = msg.data1;
		break;
	case CVSW_MSG_LIST_ENTRIES:
		if (!msg.len)
			send_list(nic);
		return;
	default:
		return;
	}
	nic->connected = true;
}
