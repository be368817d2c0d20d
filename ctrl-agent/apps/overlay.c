// SPDX-License-Identifier: GPL-2.0-or-later
#include "overlay.h"

#include "base/alloc.h"
#include "cvsw_flow_mod.h"

#define PRIORITY_TUNNEL		(OVERLAY_PRIORITY_MAX - 0x0f)
#define PRIORITY_UNICAST	(OVERLAY_PRIORITY_MAX - 0x1f)
#define PRIORITY_FIRST_LINK	(OVERLAY_PRIORITY_MAX - 0x2f)
#define PRIORITY_DROP		OVERLAY_PRIORITY_MIN

#define MAX_LINKS	((OVERLAY_MAX_MEMBERS + OVERLAY_LINK_SLOTS - 1) / OVERLAY_LINK_SLOTS)

static_assert(PRIORITY_FIRST_LINK - MAX_LINKS > PRIORITY_DROP, "the chain fits into the band");
static_assert(MAX_LINKS <= 32, "struct overlay_member has a bit for each");
static_assert(OVERLAY_LINK_SLOTS * 3 + 1 <= CVSW_MAX_ACTIONS, "a link fits into a flow");

#define FIXED_FLOWS	4	/* make_drops(), make_arrive(), make_leave() */
#define ROOM_STEP	16	/* slots that ways are allocated for together */

#define IPPROTO_ESP_NUMBER	50

/* Bytes of headers; RFC 791, 768, 7348, and RFC 4303 with RFC 4106. */
#define IPV4_LEN	20
#define UDP_LEN		8
#define VXLAN_LEN	8
#define INNER_ETH_LEN	14
#define ESP_LEN		8
#define ESP_IV_LEN	8
#define ESP_TRAILER_LEN	2
#define ESP_ALIGN	4
#define ESP_ICV_LEN	16

static bool is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789._-");

	return len && !name[len];
}

const char *overlay_config_wrong(const struct overlay_config *config)
{
	if (!is_name(config->name))
		return "an overlay's name has letters, digits, dots, dashes and underscores";
	if (config->vni > CVSW_VXLAN_VNI_MAX)
		return "a VNI has 24 bits";
	if (config->pool_len < 8 || config->pool_len > 30)
		return "an underlay pool is a network of /8 to /30";
	if (config->pool & (0xffffffffu >> config->pool_len))
		return "the underlay pool has bits set behind its length";
	if (config->pool >> 28 >= 14 || config->pool >> 24 == 127 || !(config->pool >> 24))
		return "the underlay pool is not of unicast addresses";
	if (config->underlay_mtu < OVERLAY_MIN_MTU)
		return "an underlay's MTU is 1280 or more";
	if (config->key_len && config->key_len != 16 && config->key_len != 32)
		return "keys are of aes-gcm-128 or aes-gcm-256";
	if (!config->udp_src != !config->udp_dst || (config->udp_src && !config->key_len))
		return "UDP encapsulation is for encrypted overlays and needs both ports";
	return NULL;
}

unsigned int overlay_room(const struct overlay_config *config)
{
	unsigned int hosts = (1u << (32 - config->pool_len)) - 2;

	return hosts < OVERLAY_MAX_MEMBERS ? hosts : OVERLAY_MAX_MEMBERS;
}

static const struct ways_user ways_user;

struct overlay *overlay_new(const struct overlay_config *config)
{
	struct overlay *overlay = xcalloc(1, sizeof(*overlay));

	overlay->config = *config;
	overlay->ways.user = &ways_user;
	overlay->ways.keys = (struct ways_keys){
		.key_len = config->key_len, .udp_src = config->udp_src, .udp_dst = config->udp_dst,
		.rekey_s = config->rekey_s,
	};
	TAILQ_INIT(&overlay->ways.members);
	return overlay;
}

void overlay_free(struct overlay *overlay)
{
	struct overlay_member *member;

	while ((member = overlay_first(overlay)))
		overlay_leave(overlay, member);
	free(overlay);
}

/* Ways to and from one more slot. */
static void make_room(struct overlay *overlay, unsigned int slot)
{
	unsigned int before = overlay->room;
	struct overlay_member *member;

	if (slot < before)
		return;
	overlay->room = (slot / ROOM_STEP + 1) * ROOM_STEP;
	overlay_each(member, overlay) {
		member->ways.from = alloc_checked(reallocarray(member->ways.from, overlay->room,
							  sizeof(struct way)));
		memset(member->ways.from + before, 0, (overlay->room - before) * sizeof(struct way));
	}
}

/* Perhaps all of them: which link is the last one, and who is in it. */
static void chains_changed(struct overlay *overlay)
{
	struct overlay_member *member;

	overlay_each(member, overlay) {
		member->links = UINT32_MAX;
		member->ways.dirty = true;
	}
}

struct overlay_member *overlay_join(struct overlay *overlay, struct nic *nic, int slot)
{
	unsigned int room = overlay_room(&overlay->config), at = 0;
	struct overlay_member *member;

	if (slot >= 0)
		at = slot;
	else
		while (at < room && overlay->slots[at])
			at++;
	if (at >= room || overlay->slots[at])
		return NULL;
	make_room(overlay, at);
	member = xcalloc(1, sizeof(*member));
	member->ways.from = xcalloc(overlay->room, sizeof(struct way));
	member->overlay = overlay;
	nic->member = member;
	member->n_macs = 1;
	memcpy(member->macs[0], nic->mac, CVSW_ETH_ALEN);
	overlay->slots[at] = member;
	chains_changed(overlay);
	if (overlay->n_slots <= at)
		overlay->n_slots = at + 1;
	ways_join(&overlay->ways, &member->ways, nic, at);
	return member;
}

void overlay_leave(struct overlay *overlay, struct overlay_member *member)
{
	ways_leave(&overlay->ways, &member->ways);
	member->ways.nic->member = NULL;
	overlay->slots[member->ways.slot] = NULL;
	chains_changed(overlay);
	free(member->ways.from);
	explicit_bzero(member, sizeof(*member));
	free(member);
}

struct overlay_member *overlay_owner(const struct overlay *overlay,
				     const uint8_t mac[CVSW_ETH_ALEN])
{
	struct overlay_member *member;

	overlay_each(member, overlay)
		for (size_t i = 0; i < member->n_macs; i++)
			if (!memcmp(member->macs[i], mac, CVSW_ETH_ALEN))
				return member;
	return NULL;
}

uint32_t overlay_address(const struct overlay *overlay, const struct overlay_member *member)
{
	return overlay->config.pool + 1 + member->ways.slot;
}

uint16_t overlay_mtu(const struct overlay_config *config)
{
	unsigned int room = config->underlay_mtu - IPV4_LEN;

	if (config->key_len) {
		room -= (config->udp_src ? UDP_LEN : 0) + ESP_LEN + ESP_IV_LEN + ESP_ICV_LEN;
		/* Payload, padding and trailer end at a multiple of four (RFC 4303, 2.4). */
		room -= room % ESP_ALIGN;
		room -= ESP_TRAILER_LEN;
	}
	return room - UDP_LEN - VXLAN_LEN - INNER_ETH_LEN;
}

/* ---- flows ---- */

/*
 * A flow being made: one at a time, as a flow is too large to be passed around.  It is put into
 * @flows, or, if there are none, told to the NIC of @self: it is @wanted, or not any more.
 */
struct maker {
	const struct overlay *overlay;
	const struct overlay_member *self;
	struct flowset *flows;
	bool wanted;
	struct cvsw_flow flow;
};

static void begin(struct maker *maker, uint16_t priority, enum cvsw_ingress in_port)
{
	memset(&maker->flow, 0, sizeof(maker->flow));
	maker->flow.priority = priority;
	maker->flow.cookie = OVERLAY_COOKIE(maker->overlay->config.vni);
	maker->flow.match.key.in_port = in_port;
	maker->flow.match.mask.in_port = 0xff;
}

static void on_pass(struct maker *maker, uint8_t pass)
{
	maker->flow.match.key.pass = pass;
	maker->flow.match.mask.pass = 0xff;
}

static struct cvsw_action *add(struct maker *maker, enum cvsw_action_type type)
{
	struct cvsw_action *action = &maker->flow.actions[maker->flow.n_actions++];

	action->type = type;
	return action;
}

static void finish(struct maker *maker)
{
	cvsw_match_normalize(&maker->flow.match);
	if (maker->flows)
		flowset_put(maker->flows, &maker->flow);
	else
		nic_made(maker->self->ways.nic, &maker->flow, maker->wanted);
}

/* The outer packet's protocol, as this overlay's members send it. */
static void match_outer(struct maker *maker)
{
	const struct overlay_config *config = &maker->overlay->config;
	struct cvsw_match *match = &maker->flow.match;
	bool is_udp = !config->key_len || config->udp_dst;

	match->key.dl_type = CVSW_ETHERTYPE_IPV4;
	match->mask.dl_type = 0xffff;
	match->key.nw_proto = is_udp ? CVSW_IPPROTO_UDP : IPPROTO_ESP_NUMBER;
	match->mask.nw_proto = 0xff;
	if (is_udp) {
		match->key.tp_dst = config->udp_dst ? config->udp_dst : CVSW_VXLAN_PORT;
		match->mask.tp_dst = 0xffff;
	}
}

static void mapped(uint8_t address[CVSW_IP_LEN], uint32_t ipv4)
{
	memset(address, 0, 10);
	memset(address + 10, 0xff, 2);
	for (int i = 0; i < 4; i++)
		address[12 + i] = ipv4 >> (24 - 8 * i);
}

/* What no flow above takes goes nowhere, in either direction. */
static void make_drops(struct maker *maker)
{
	begin(maker, PRIORITY_DROP, CVSW_HOST);
	finish(maker);
	begin(maker, PRIORITY_DROP, CVSW_NET);
	finish(maker);
}

/* Once more looked at when all layers are around it, an own packet leaves. */
static void make_leave(struct maker *maker)
{
	struct cvsw_match *match = &maker->flow.match;

	begin(maker, PRIORITY_TUNNEL, CVSW_HOST);
	on_pass(maker, 1);
	match_outer(maker);
	match->key.nw_src = overlay_address(maker->overlay, maker->self);
	match->mask.nw_src = 0xffffffff;
	add(maker, CVSW_ACT_OUTPUT)->port = CVSW_PORT_ONWARD;
	finish(maker);
}

/* A tunnel's packet to this member loses its layers. */
static void make_arrive(struct maker *maker)
{
	struct cvsw_match *match = &maker->flow.match;

	begin(maker, PRIORITY_TUNNEL, CVSW_NET);
	on_pass(maker, 0);
	match_outer(maker);
	match->key.nw_dst = overlay_address(maker->overlay, maker->self);
	match->mask.nw_dst = 0xffffffff;
	if (maker->overlay->config.key_len)
		add(maker, CVSW_ACT_DECRYPT);
	add(maker, CVSW_ACT_VXLAN_DECAP);
	finish(maker);
}

/* And is the guest's only if it came by a way that there is. */
static void make_accept(struct maker *maker, const struct overlay_member *from, uint32_t spi)
{
	struct cvsw_match *match = &maker->flow.match;

	begin(maker, PRIORITY_TUNNEL, CVSW_NET);
	match->key.tun_type = CVSW_TUNNEL_VXLAN;
	match->mask.tun_type = 0xff;
	match->key.tun_id = maker->overlay->config.vni;
	match->mask.tun_id = 0xffffffff;
	mapped(match->key.tun_src, overlay_address(maker->overlay, from));
	memset(match->mask.tun_src, 0xff, CVSW_IP_LEN);
	mapped(match->key.tun_dst, overlay_address(maker->overlay, maker->self));
	memset(match->mask.tun_dst, 0xff, CVSW_IP_LEN);
	match->key.sa = spi;
	match->mask.sa = 0xffffffff;
	add(maker, CVSW_ACT_OUTPUT)->port = CVSW_PORT_ONWARD;
	finish(maker);
}

static void add_layers(struct maker *maker, const struct overlay_member *to, uint32_t spi)
{
	const struct overlay *overlay = maker->overlay;
	struct cvsw_tunnel *tunnel = &add(maker, CVSW_ACT_VXLAN_ENCAP)->tunnel;

	tunnel->type = CVSW_TUNNEL_VXLAN;
	tunnel->ttl = CVSW_TUNNEL_TTL;
	tunnel->udp_dst = CVSW_VXLAN_PORT;
	tunnel->id = overlay->config.vni;
	memcpy(tunnel->dl_dst, to->macs[0], CVSW_ETH_ALEN);
	memcpy(tunnel->dl_src, maker->self->macs[0], CVSW_ETH_ALEN);
	mapped(tunnel->dst, overlay_address(overlay, to));
	mapped(tunnel->src, overlay_address(overlay, maker->self));
	if (overlay->config.key_len)
		add(maker, CVSW_ACT_ENCRYPT)->spi = spi;
}

static void make_unicast(struct maker *maker, const struct overlay_member *to, uint32_t spi)
{
	struct cvsw_match *match = &maker->flow.match;

	for (size_t i = 0; i < to->n_macs; i++) {
		begin(maker, PRIORITY_UNICAST, CVSW_HOST);
		on_pass(maker, 0);
		memcpy(match->key.dl_dst, to->macs[i], CVSW_ETH_ALEN);
		memset(match->mask.dl_dst, 0xff, CVSW_ETH_ALEN);
		add_layers(maker, to, spi);
		finish(maker);
	}
}

/*
 * Broadcast and unknown addresses: a copy for each member of these slots, then
 * the next link.  All links match the same, and version 2 would delete all of
 * them, and the unicast flows with them, in place of one; so there a chain never gets
 * shorter, and one without members does nothing.
 */
static void make_link(struct maker *maker, unsigned int link, bool last)
{
	unsigned int slot = link * OVERLAY_LINK_SLOTS, end = slot + OVERLAY_LINK_SLOTS;

	begin(maker, PRIORITY_FIRST_LINK - link, CVSW_HOST);
	on_pass(maker, 0);
	for (; slot < end && slot < OVERLAY_MAX_MEMBERS; slot++) {
		const struct overlay_member *to = maker->overlay->slots[slot];
		const struct way *way = to ? &to->ways.from[maker->self->ways.slot] : NULL;

		if (!to || to == maker->self || !way->sends)
			continue;
		add(maker, CVSW_ACT_CLONE)->n_cloned = maker->overlay->config.key_len ? 2 : 1;
		add_layers(maker, to, way->out);
	}
	if (last)
		add(maker, CVSW_ACT_OUTPUT)->port = CVSW_PORT_NONE;
	else
		add(maker, CVSW_ACT_NEXT);
	finish(maker);
}

static unsigned int used_slots(const struct overlay *overlay)
{
	unsigned int slots = overlay->n_slots;

	while (slots && !overlay->slots[slots - 1])
		slots--;
	return slots;
}

static unsigned int n_links(const struct overlay_member *member)
{
	const struct overlay *overlay = member->overlay;
	unsigned int slots = nic_wide_deletes(member->ways.nic) ? overlay->n_slots : used_slots(overlay);

	return (slots + OVERLAY_LINK_SLOTS - 1) / OVERLAY_LINK_SLOTS;
}

static void make_all(const void *of, struct flowset *flows)
{
	const struct overlay_member *member = of, *other;
	struct maker maker = { .overlay = member->overlay, .self = member, .flows = flows };
	unsigned int links = n_links(member);

	make_drops(&maker);
	make_arrive(&maker);
	make_leave(&maker);
	overlay_each(other, member->overlay) {
		const struct way *in = &member->ways.from[other->ways.slot];
		const struct way *out = &other->ways.from[member->ways.slot];

		if (other == member)
			continue;
		for (unsigned int i = 0; i < in->n_spis; i++)
			make_accept(&maker, other, in->spis[i]);
		if (out->sends)
			make_unicast(&maker, other, out->out);
	}
	for (unsigned int link = links; link--; )
		make_link(&maker, link, link == links - 1);
}

static size_t count_all(const void *of)
{
	const struct overlay_member *member = of, *other;
	size_t n = FIXED_FLOWS + n_links(member);

	overlay_each(other, member->overlay) {
		if (other == member)
			continue;
		n += member->ways.from[other->ways.slot].n_spis;
		if (other->ways.from[member->ways.slot].sends)
			n += other->n_macs;
	}
	return n;
}

const struct flows_maker overlay_maker = { make_all, count_all };

/* ---- telling what changed ---- */

/* struct ways_user's. */
static void takes_changed(const struct ways_member *to, const struct ways_member *from,
			  uint32_t spi, bool wanted)
{
	const struct overlay_member *self = overlay_member_of(to);
	struct maker maker = { .overlay = self->overlay, .self = self, .wanted = wanted };

	make_accept(&maker, overlay_member_of(from), spi);
}

void overlay_sends_changed(struct overlay_member *from, const struct overlay_member *to)
{
	const struct way *way = &to->ways.from[from->ways.slot];
	struct maker maker = { .overlay = from->overlay, .self = from, .wanted = way->sends };

	make_unicast(&maker, to, way->out);
	from->links |= 1u << to->ways.slot / OVERLAY_LINK_SLOTS;
}

/* struct ways_user's. */
static void sends_changed(struct ways_member *from, const struct ways_member *to)
{
	overlay_sends_changed(overlay_member_of(from), overlay_member_of(to));
}

static void tell_links(struct overlay_member *member)
{
	struct maker maker = { .overlay = member->overlay, .self = member };
	unsigned int links = n_links(member), link = links > member->n_links ? links : member->n_links;

	while (link--) {
		maker.wanted = link < links;
		if (!maker.wanted || member->links & 1u << link)
			make_link(&maker, link, link == links - 1);
	}
}

/* All of it, at first; then what the two above did not tell: @links, and the MTU. */
static bool tell(struct ways_member *ways)
{
	struct overlay_member *member = overlay_member_of(ways);
	struct layer *layer = nic_overlay(ways->nic);
	uint16_t mtu = overlay_mtu(&member->overlay->config), before = layer->mtu;

	if (nic_follows_made(ways->nic))
		tell_links(member);
	else
		nic_use_made(ways->nic, &overlay_maker, member);
	member->links = 0;
	member->n_links = n_links(member);
	layer->mtu = mtu;
	return mtu != before;
}

static const struct ways_user ways_user = {
	.takes = takes_changed, .sends = sends_changed, .tell = tell,
};

bool overlay_permits(const struct overlay_config *config, const struct cvsw_flow *flow)
{
	const struct cvsw_action *last = &flow->actions[flow->n_actions ? flow->n_actions - 1 : 0];

	if (flow->priority < OVERLAY_PRIORITY_MIN)
		return true;
	if (flow->priority <= OVERLAY_PRIORITY_MAX)
		return false;
	if (!config->key_len || !flow->n_actions)
		return true;
	for (size_t i = 0; i < flow->n_actions; i++)
		if (flow->actions[i].type == CVSW_ACT_CLONE ||
		    flow->actions[i].type == CVSW_ACT_RESUBMIT ||
		    flow->actions[i].type == CVSW_ACT_WRITE_ACTIONS)
			return false;	/* a copy would go on by itself, or by other flows */
	return last->type == CVSW_ACT_NEXT ||
	       (last->type == CVSW_ACT_OUTPUT && last->port == CVSW_PORT_NONE);
}

bool overlay_permits_all(const struct overlay_config *config, const struct flowset *flows)
{
	const struct flow_node *node;

	flowset_each(node, flows)
		if (!overlay_permits(config, &node->flow))
			return false;
	return true;
}
