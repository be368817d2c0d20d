// SPDX-License-Identifier: GPL-2.0
/* TRACE: what it tells, that it is what the engine does, and that it does nothing itself. */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/ip.h>

#include "flows.h"
#include "fail.h"

/* The one with the real ESP: see fuzz_parts.c. */
#define cvsw_engine_way		fuzz_engine_way
#define cvsw_handle_frame	fuzz_handle_frame
#include "../drivers/cvsw/engine/trace.c"
#define cvsw_stats_alloc()	(fails() ? NULL : cvsw_stats_alloc())
#define alloc_skb(size, flags)	(fails() ? NULL : alloc_skb(size, flags))
#include "../drivers/cvsw/engine/trace_frame.c"
#undef cvsw_stats_alloc
#undef alloc_skb
#include "../drivers/cvsw/esp/sa.h"
#include "../drivers/cvsw/table/groups.h"
#include "asking.h"
#include "esp_test.h"
#include "loads.h"

#define PAYLOAD		100
#define FRAME_LEN	(ETH_HLEN + sizeof(struct iphdr) + sizeof(struct udphdr) + PAYLOAD)
#define SPI		300

/**
 * struct fixture - asking, by TRACE
 * @trace: asked next
 * @frame: of @trace
 * @steps: as text: see put_text()
 * @last: the frame of the last FRAME step, or as it was asked
 */
struct fixture {
	struct asking asking;
	struct cvsw_v3_trace trace;
	u8 frame[CVSW_V3_TRACE_FRAME_MAX];
	char steps[2048];
	u8 last[CVSW_V3_TRACE_FRAME_MAX];
	unsigned int last_len;
	u64 before[CVSW_N_COUNTERS];
};

static struct cvsw_engine *engine_of(struct fixture *f)
{
	return &f->asking.port.engine;
}

/* UDP in IPv4, from the host. */
static void make_udp(struct fixture *f, unsigned int len)
{
	struct iphdr *ip = (struct iphdr *)(f->frame + ETH_HLEN);
	struct udphdr *udp = (struct udphdr *)(ip + 1);
	struct ethhdr *eth = (struct ethhdr *)f->frame;

	memset(f->frame, 7, len);
	ether_addr_copy(eth->h_source, nic_mac);
	memset(eth->h_dest, 0x22, ETH_ALEN);
	eth->h_proto = htons(ETH_P_IP);
	*ip = (struct iphdr){
		.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
		.tot_len = htons(len - ETH_HLEN), .frag_off = htons(IP_DF),
		.saddr = htonl(0x0a000001), .daddr = htonl(0x0a000002),
	};
	ip->check = ip_fast_csum(ip, ip->ihl);
	*udp = (struct udphdr){
		.source = htons(1000), .dest = htons(2000),
		.len = htons(len - ETH_HLEN - sizeof(*ip)),
	};
	f->trace = (struct cvsw_v3_trace){ .in_port = CVSW_HOST, .frame = f->frame, .len = len };
}

/* ---- flows ---- */

#define OUTPUT(p)	{ .type = CVSW_ACT_OUTPUT, .port = (p) }

/* For frames of this side and pass. */
static void add_flow(struct kunit *test, u16 priority, u8 in, u8 pass,
		     const struct cvsw_action *actions, unsigned int n)
{
	struct fixture *f = test->priv;
	struct cvsw_flow *flow = &f->asking.flow;

	memset(flow, 0, sizeof(*flow));
	flow->priority = priority;
	flow->match.key.in_port = in;
	flow->match.mask.in_port = 0xff;
	flow->match.key.pass = pass;
	flow->match.mask.pass = 0xff;
	/* Which it wants named. */
	if (n && actions[0].type == CVSW_ACT_DEC_TTL) {
		flow->match.key.dl_type = ETH_P_IP;
		flow->match.mask.dl_type = 0xffff;
	}
	cvsw_match_normalize(&flow->match);
	flow->n_actions = n;
	memcpy(flow->actions, actions, n * sizeof(*actions));
	KUNIT_ASSERT_EQ(test, cvsw_table_add(engine_of(f)->table, flow), 0);
	cvsw_engine_changed(engine_of(f));
}

#define ADD(test, priority, in, pass, ...)                                            \
	do {                                                                          \
		static const struct cvsw_action actions[] = { __VA_ARGS__ };          \
		add_flow(test, priority, in, pass, actions, ARRAY_SIZE(actions));     \
	} while (0)

static const struct cvsw_tunnel tunnel = {
	.type = CVSW_TUNNEL_VXLAN, .ttl = 64, .udp_dst = CVSW_VXLAN_PORT, .id = 77,
	.dl_dst = { 2, 0, 0, 0, 0, 9 }, .dl_src = { 2, 0, 0, 0, 0, 1 },
	.dst = { [10] = 0xff, 0xff, 192, 0, 2, 2 }, .src = { [10] = 0xff, 0xff, 192, 0, 2, 1 },
};

/* ---- asking ---- */

static size_t put_bucket(struct kunit *test, const struct cvsw_v3_step *step, char *to, size_t room)
{
	size_t at = 0;
	u16 bucket, slot;

	KUNIT_ASSERT_EQ(test, step->len, (size_t)CVSW_V3_STEP_BUCKET_LEN);
	bucket = get16(step->data + 4);
	slot = get16(step->data + 6);
	at += scnprintf(to + at, room - at, "B%u.", get32(step->data));
	at += bucket == 0xffff ? scnprintf(to + at, room - at, "-") :
				 scnprintf(to + at, room - at, "%u", bucket);
	if (slot != 0xffff)
		at += scnprintf(to + at, room - at, ":%u", slot);
	return at;
}

/*
 * L9 (matched, of this priority) L- (nothing), A6 (an action, by its number on the wire),
 * B1.0:7 (bucket 0 of group 1, by slot 7; -: none), F (it is another frame), >NET, >HOST, S (skipped), Ddrop-ttl, C (cut); behind them
 * /1 in a later pass, #1 of a clone.
 */
static void put_text(struct kunit *test, const struct cvsw_v3_step *step)
{
	struct fixture *f = test->priv;
	size_t at = strlen(f->steps), room = sizeof(f->steps) - at;
	char *to = f->steps + at;
	enum cvsw_flow_command command;
	size_t used, offset;

	if (at)
		at = scnprintf(to, room, " ");
	else
		at = 0;
	switch (step->kind) {
	case CVSW_V3_STEP_LOOKUP:
		if (!step->len) {
			at += scnprintf(to + at, room - at, "L-");
			break;
		}
		KUNIT_EXPECT_EQ(test, (int)cvsw_flow_mod_decode(step->data, step->len, &used, &command,
								&f->asking.flow, NULL), CVSW_OK);
		at += scnprintf(to + at, room - at, "L%u", f->asking.flow.priority);
		break;
	case CVSW_V3_STEP_ACTION:
		KUNIT_EXPECT_EQ(test, (int)cvsw_actions_decode(step->data, step->len,
							       &f->asking.flow, &offset), CVSW_OK);
		at += scnprintf(to + at, room - at, "A%u", step->data[0]);
		break;
	case CVSW_V3_STEP_FRAME:
		memcpy(f->last, step->data, step->len);
		f->last_len = step->len;
		at += scnprintf(to + at, room - at, "F");
		break;
	case CVSW_V3_STEP_ONWARD:
		at += scnprintf(to + at, room - at, step->port == CVSW_HOST ? ">HOST" : ">NET");
		break;
	case CVSW_V3_STEP_DROP:
		at += scnprintf(to + at, room - at, "D%.*s", (int)step->len, step->data);
		break;
	case CVSW_V3_STEP_SKIPPED:
		at += scnprintf(to + at, room - at, "S");
		break;
	case CVSW_V3_STEP_CUT:
		at += scnprintf(to + at, room - at, "C");
		break;
	case CVSW_V3_STEP_BUCKET:
		at += put_bucket(test, step, to + at, room - at);
		break;
	}
	if (step->pass)
		at += scnprintf(to + at, room - at, "/%u", step->pass);
	if (step->copy)
		scnprintf(to + at, room - at, "#%u", step->copy);
}

static void ask_trace(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct asking *a = &f->asking;
	struct cvsw_v3_step step;
	struct cvsw_reader r;

	memcpy(f->last, f->frame, f->trace.len);
	f->last_len = f->trace.len;
	f->steps[0] = 0;
	ask_begin(a);
	a->w.at = cvsw_v3_trace_encode(ASK_XID, &f->trace, a->message, sizeof(a->message));
	KUNIT_ASSERT_EQ(test, ask(test), (unsigned int)CVSW_V3_TRACE_ANSWER);
	r = cvsw_reader(a->answer.body, a->answer.len);
	while (cvsw_left(&r)) {
		KUNIT_ASSERT_EQ(test, (int)cvsw_v3_step_get(&r, &step), CVSW_V3_FINE);
		put_text(test, &step);
	}
}

#define expect_trace(test, text)                                                      \
	do {                                                                          \
		ask_trace(test);                                                      \
		KUNIT_EXPECT_STREQ(test, ((struct fixture *)(test)->priv)->steps, text); \
	} while (0)

/* The frame as the engine's real way leaves it, which is to be like the trace's last one. */
static void expect_like_real(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb = make_traced_frame(f->asking.port.dev, &f->trace);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	local_bh_disable();
	skb = cvsw_handle_frame(engine_of(f), skb, f->trace.in_port);
	local_bh_enable();
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, skb->len, f->last_len);
	KUNIT_ASSERT_EQ(test, skb_linearize(skb), 0);
	KUNIT_EXPECT_EQ(test, memcmp(skb->data, f->last, min(skb->len, f->last_len)), 0);
	kfree_skb(skb);
}

/* ---- groups ---- */

static void add_group(struct kunit *test, u32 id, enum cvsw_group_type type, u64 dead)
{
	struct fixture *f = test->priv;
	struct cvsw_group *group = &f->asking.requests.group;
	static const struct cvsw_action actions[] = {
		SET_TOS(0x20), OUTPUT(CVSW_PORT_ONWARD), OUTPUT(CVSW_PORT_IN_PORT),
	};

	memset(group, 0, sizeof(*group));
	group->id = id;
	group->type = type;
	group->dead = dead;
	group->n_buckets = type == CVSW_GROUP_TYPE_INDIRECT ? 1 : 2;
	group->buckets[0].n_actions = 2;
	group->buckets[1].first = 2;
	group->buckets[1].n_actions = 1;
	memcpy(group->actions, actions, sizeof(actions));
	memset(group->slots, 1, type == CVSW_GROUP_TYPE_SELECT ? sizeof(group->slots) : 0);
	KUNIT_ASSERT_EQ(test, cvsw_table_group_mod(engine_of(f)->table, CVSW_GROUP_ADD, group), 0);
}

#define GROUP(n)	{ .type = CVSW_ACT_GROUP, .to_group.id = (n) }

static u64 counted_by_group(struct fixture *f, u32 id)
{
	const struct cvsw_table *table = engine_of(f)->table;
	struct cvsw_group_version *group;
	u64 sum = 0, packets, bytes;
	unsigned int i;

	rcu_read_lock();
	group = cvsw_table_group(table, id, cvsw_table_version(table));
	for (i = 0; i < group->n_buckets; i++) {
		cvsw_hits_read(group->buckets[i].entry->hits, &packets, &bytes);
		sum += packets;
	}
	for (i = 0; group->slots && i < CVSW_GROUP_SLOTS; i++) {
		cvsw_slot_hits_read(group->slots->hits, i, &packets, &bytes);
		sum += packets;
	}
	rcu_read_unlock();
	return sum;
}

static void buckets_are_told(struct kunit *test)
{
	struct fixture *f = test->priv;

	add_group(test, 1, CVSW_GROUP_TYPE_INDIRECT, 0);
	add_group(test, 2, CVSW_GROUP_TYPE_ALL, 0);
	add_group(test, 3, CVSW_GROUP_TYPE_FAILOVER, 3);
	add_group(test, 4, CVSW_GROUP_TYPE_SELECT, 0);
	add_group(test, 5, CVSW_GROUP_TYPE_FAILOVER, 1);
	ADD(test, 9, CVSW_HOST, 0, GROUP(1));
	expect_trace(test, "L9 A18 B1.0 A6 F A1 >NET");
	expect_like_real(test);
	ADD(test, 9, CVSW_HOST, 0, GROUP(2));
	expect_trace(test, "L9 A18 B2.0#1 A6#1 F#1 A1#1 >NET#1 B2.1 A1 >HOST");
	ADD(test, 9, CVSW_HOST, 0, GROUP(2), OUTPUT(CVSW_PORT_ONWARD));
	expect_trace(test, "L9 A18 B2.0#1 A6#1 F#1 A1#1 >NET#1 B2.1#2 A1#2 >HOST#2 A1 >NET");
	ADD(test, 9, CVSW_HOST, 0, GROUP(3));
	expect_trace(test, "L9 A18 B3.- Ddrop-group");
	ADD(test, 9, CVSW_HOST, 0, GROUP(3), OUTPUT(CVSW_PORT_ONWARD));
	expect_trace(test, "L9 A18 B3.- Ddrop-group A1 >NET");
	ADD(test, 9, CVSW_HOST, 0, GROUP(5));
	expect_trace(test, "L9 A18 B5.1 A1 >HOST");
	/* All slots lead to the bucket that turns the frame. */
	ADD(test, 9, CVSW_HOST, 0, { .type = CVSW_ACT_WRITE_ACTIONS, .n_written = 1 }, GROUP(4));
	ask_trace(test);
	KUNIT_EXPECT_STREQ(test, strstr(f->steps, " A1 "), " A1 >HOST");
	KUNIT_EXPECT_EQ(test, strncmp(f->steps, "L9 A16 A18 B4.1:", 16), 0);
	KUNIT_EXPECT_EQ(test, counted_by_group(f, 2), 0ULL);
	KUNIT_EXPECT_EQ(test, counted_by_group(f, 4), 0ULL);
}

/* ---- tests ---- */

static void what_matches_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;

	expect_trace(test, "L- >NET");
	f->trace.in_port = CVSW_NET;
	expect_trace(test, "L- >HOST");
	engine_of(f)->miss = CVSW_MISS_DROP;
	expect_trace(test, "L- Ddrop-miss");
	engine_of(f)->miss = CVSW_MISS_CONTROLLER;
	expect_trace(test, "L- Ddrop-miss");
	KUNIT_EXPECT_EQ(test, cvsw_stats_read(engine_of(f)->stats, CVSW_CNT_PACKET_IN_NOBODY),
			0ULL);
	add_flow(test, 5, CVSW_NET, 0, NULL, 0);
	expect_trace(test, "L5 Ddrop-action");
}

static void each_action_is_told(struct kunit *test)
{
	struct fixture *f = test->priv;

	ADD(test, 9, CVSW_HOST, 0,
	    SET_TOS(0x20),
	    SET_TOS(0x20),	/* which changes nothing */
	    SET_PORT(TP_DST, 53),
	    SET_VID(100),
	    OUTPUT(CVSW_PORT_ONWARD));
	expect_trace(test, "L9 A6 F A6 A6 F A6 F A1 >NET");
	expect_like_real(test);
	/* Not IP: skipped. */
	f->frame[12] = 0x12;
	expect_trace(test, "L9 A6 S A6 S A6 S A6 F A1 >NET");
	expect_like_real(test);
}

static void ends_are_told(struct kunit *test)
{
	struct fixture *f = test->priv;

	ADD(test, 9, CVSW_HOST, 0, { .type = CVSW_ACT_DEC_TTL });
	f->frame[22] = 1;
	expect_trace(test, "L9 A4 Ddrop-ttl");
	table_delete(engine_of(f)->table, &f->asking.flow.match);
	ADD(test, 9, CVSW_HOST, 0, OUTPUT(CVSW_PORT_IN_PORT));
	expect_trace(test, "L9 A1 >HOST");
	ADD(test, 9, CVSW_HOST, 0, OUTPUT(CVSW_PORT_NONE));
	expect_trace(test, "L9 A1");
	ADD(test, 9, CVSW_HOST, 0, OUTPUT(CVSW_HOST));
	expect_trace(test, "L9 A1 Ddrop-in-port");
	ADD(test, 9, CVSW_HOST, 0, { .type = CVSW_ACT_VXLAN_DECAP });
	expect_trace(test, "L9 A8 Ddrop-vxlan-no-vni");
	ADD(test, 9, CVSW_HOST, 0, { .type = CVSW_ACT_NEXT });
	expect_trace(test, "L9 A13 L- >NET");
	ADD(test, 8, CVSW_HOST, 0, OUTPUT(CVSW_NET));
	expect_trace(test, "L9 A13 L8 A1 >NET");
}

static void each_output_is_told(struct kunit *test)
{
	ADD(test, 9, CVSW_HOST, 0, OUTPUT(CVSW_PORT_IN_PORT), SET_TOS(0x20),
	    OUTPUT(CVSW_HOST), OUTPUT(CVSW_PORT_NONE), OUTPUT(CVSW_PORT_ONWARD));
	expect_trace(test, "L9 A1 >HOST A6 F A1 Ddrop-in-port A1 A1 >NET");
	ADD(test, 9, CVSW_HOST, 0, OUTPUT(CVSW_PORT_ONWARD),
	    SET_TOS(0x20));
	expect_trace(test, "L9 A1 >NET A6 F");
}

/* It is told by its action, and to nobody else. */
static void the_controller_is_not_told(struct kunit *test)
{
	struct fixture *f = test->priv;

	ADD(test, 9, CVSW_HOST, 0, { .type = CVSW_ACT_CONTROLLER, .max_len = 100 });
	expect_trace(test, "L9 A2");
	ADD(test, 9, CVSW_HOST, 0, { .type = CVSW_ACT_CONTROLLER, .max_len = 100 },
	    OUTPUT(CVSW_PORT_ONWARD));
	expect_trace(test, "L9 A2 A1 >NET");
	KUNIT_EXPECT_EQ(test, cvsw_stats_read(engine_of(f)->stats, CVSW_CNT_PACKET_IN_NOBODY),
			0ULL);
}

static void control_frames_are_stopped(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct ethhdr *eth = (struct ethhdr *)f->frame;

	eth->h_proto = htons(CVSW_ETHERTYPE);
	expect_trace(test, "Ddrop-tx-control");
	f->trace.in_port = CVSW_NET;
	expect_trace(test, "Dctl-received");
	/* Behind a tag that a flow takes off. */
	eth->h_proto = htons(ETH_P_8021Q);
	put_unaligned_be16(CVSW_ETHERTYPE, f->frame + 16);
	ADD(test, 9, CVSW_NET, 0, { .type = CVSW_ACT_STRIP_VLAN });
	expect_trace(test, "L9 A3 F Ddrop-rx-control");
	ADD(test, 9, CVSW_NET, 0, { .type = CVSW_ACT_STRIP_VLAN }, OUTPUT(CVSW_PORT_IN_PORT));
	expect_trace(test, "L9 A3 F A1 Ddrop-tx-control");
}

static void clones_are_numbered(struct kunit *test)
{
	ADD(test, 9, CVSW_HOST, 0,
	    { .type = CVSW_ACT_CLONE, .n_cloned = 2 },
	    SET_TOS(0x20),
	    SET_PORT(TP_DST, 53),
	    { .type = CVSW_ACT_CLONE, .n_cloned = 1 },
	    SET_TOS(0x40),
	    SET_TOS(0x60));
	expect_trace(test, "L9 A12 A6#1 F#1 A6#1 F#1 >NET#1 "
			   "A12 A6#2 F#2 >NET#2 A6 F >NET");
}

/* As the frame's sender would be, if there were one. */
static void who_would_be_told_is(struct kunit *test)
{
	struct fixture *f = test->priv;
	const struct cvsw_action encap[] = {
		{ .type = CVSW_ACT_VXLAN_ENCAP, .tunnel = tunnel },
	};

	add_flow(test, 9, CVSW_HOST, 0, encap, 1);
	add_flow(test, 9, CVSW_NET, 0, encap, 1);
	make_udp(f, ETH_HLEN + 1480);
	expect_trace(test, "L9 A7 Ddrop-too-big-told");
	f->trace.in_port = CVSW_NET;
	expect_trace(test, "L9 A7 Ddrop-too-big");
	/* Without DF, too, but not of what nobody can be asked to send smaller. */
	f->trace.in_port = CVSW_HOST;
	f->frame[20] = 0;
	expect_trace(test, "L9 A7 Ddrop-too-big-told");
	f->frame[30] = 0xe0;
	expect_trace(test, "L9 A7 Ddrop-too-big");
	KUNIT_EXPECT_EQ(test, cvsw_stats_read(engine_of(f)->stats, CVSW_CNT_DROP_TOO_BIG_TOLD),
			0ULL);
}

static void layers_are_looked_up_again(struct kunit *test)
{
	struct fixture *f = test->priv;
	const struct cvsw_action encap[] = {
		{ .type = CVSW_ACT_VXLAN_ENCAP, .tunnel = tunnel },
	};

	add_flow(test, 9, CVSW_HOST, 0, encap, 1);
	expect_trace(test, "L9 A7 F L-/1 >NET/1");
	KUNIT_EXPECT_EQ(test, f->last_len, f->trace.len + CVSW_VXLAN_HEAD);
	ADD(test, 3, CVSW_HOST, 1, SET_TOS(0x20));
	expect_trace(test, "L9 A7 F L3/1 A6/1 F/1 >NET/1");
	/* From the middle of its way. */
	make_udp(f, FRAME_LEN);
	f->trace.pass = 1;
	expect_trace(test, "L3/1 A6/1 F/1 >NET/1");
	f->asking.flow.match.key.tun_id = 77;
	f->asking.flow.match.mask.tun_id = 0xffffffff;
	f->asking.flow.priority = 4;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(engine_of(f)->table, &f->asking.flow), 0);
	expect_trace(test, "L3/1 A6/1 F/1 >NET/1");
	f->trace.tun_id = 77;
	f->trace.tun_type = CVSW_TUNNEL_VXLAN;
	ask_trace(test);
	KUNIT_EXPECT_EQ(test, strncmp(f->steps, "L4/1 ", 5), 0);
}

static struct cvsw_esp_sa *add_sa(struct kunit *test, enum cvsw_sa_direction direction)
{
	struct cvsw_sa sa = { .spi = SPI, .direction = direction, .key_len = 16 };
	struct fixture *f = test->priv;
	struct cvsw_esp_sa *esp;

	memset(sa.key, 1, sizeof(sa.key));
	KUNIT_ASSERT_EQ(test, cvsw_sas_add(engine_of(f)->sas, &sa), 0);
	rcu_read_lock();
	esp = cvsw_sas_find(engine_of(f)->sas, direction, SPI);	/* which stays */
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, esp);
	return esp;
}

/* No number is used, and none is sealed under. */
static void encryption_leaves_the_sa(struct kunit *test)
{
	unsigned int esp = ETH_HLEN + sizeof(struct iphdr);
	struct fixture *f = test->priv;
	struct cvsw_esp_sa *sa;

	ADD(test, 9, CVSW_HOST, 0, { .type = CVSW_ACT_ENCRYPT, .spi = SPI });
	expect_trace(test, "L9 A10 Ddrop-esp-no-sa");
	sa = add_sa(test, CVSW_SA_OUT);
	expect_trace(test, "L9 A10 F L-/1 >NET/1");
	KUNIT_EXPECT_EQ(test, atomic64_read(&sa->sent), 0LL);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(f->last + esp), (u32)SPI);
	KUNIT_EXPECT_NULL(test, memchr_inv(f->last + esp + 4, 0, f->last_len - esp - 4));
	atomic64_set(&sa->sent, U32_MAX - 1);
	expect_trace(test, "L9 A10 F L-/1 >NET/1");
	atomic64_set(&sa->sent, U32_MAX);
	expect_trace(test, "L9 A10 Ddrop-esp-spent");
	KUNIT_EXPECT_EQ(test, atomic64_read(&sa->sent), (s64)U32_MAX);
	cvsw_sas_stop(engine_of(f)->sas);
	expect_trace(test, "L9 A10 Ddrop-esp-stopped");
}

/* A real one opens, as often as is asked; when it has come in truth it is a replay. */
static void decryption_leaves_the_window(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_esp_sa *sa;
	struct sk_buff *skb;
	u64 packets, bytes;
	unsigned int i;

	ADD(test, 9, CVSW_HOST, 0, { .type = CVSW_ACT_ENCRYPT, .spi = SPI });
	ADD(test, 9, CVSW_NET, 0, { .type = CVSW_ACT_DECRYPT });
	add_sa(test, CVSW_SA_OUT);
	sa = add_sa(test, CVSW_SA_IN);
	skb = make_traced_frame(f->asking.port.dev, &f->trace);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	local_bh_disable();
	skb = cvsw_handle_frame(engine_of(f), skb, CVSW_HOST);
	local_bh_enable();
	KUNIT_ASSERT_NOT_NULL(test, skb);
	f->trace.in_port = CVSW_NET;
	f->trace.len = skb->len;
	KUNIT_ASSERT_EQ(test, skb_copy_bits(skb, 0, f->frame, skb->len), 0);
	kfree_skb(skb);

	for (i = 0; i < 3; i++)
		expect_trace(test, "L9 A11 F L-/1 >HOST/1");
	KUNIT_EXPECT_EQ(test, f->last_len, (unsigned int)FRAME_LEN);
	cvsw_sa_read(sa, &packets, &bytes);
	KUNIT_EXPECT_EQ(test, packets, 0ULL);
	f->frame[f->trace.len - 1] ^= 1;
	expect_trace(test, "L9 A11 Ddrop-esp-tag");
	f->frame[f->trace.len - 1] ^= 1;
	expect_trace(test, "L9 A11 F L-/1 >HOST/1");
	expect_like_real(test);
	expect_trace(test, "L9 A11 Ddrop-esp-replay");
}

/* Nor is there anything left of the trace for it to come back to (KASAN). */
static void a_slow_cipher_is_not_waited_for(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_esp_sa *sa;

	cipher_kind = CRYPTD;
	ADD(test, 9, CVSW_HOST, 0, { .type = CVSW_ACT_ENCRYPT, .spi = SPI });
	ADD(test, 9, CVSW_NET, 0, { .type = CVSW_ACT_DECRYPT });
	add_sa(test, CVSW_SA_OUT);
	expect_trace(test, "L9 A10 F L-/1 >NET/1");
	sa = add_sa(test, CVSW_SA_IN);
	memcpy(f->frame, f->last, f->last_len);
	put_unaligned_be32(1, f->frame + ETH_HLEN + sizeof(struct iphdr) + 4);
	f->trace.len = f->last_len;
	f->trace.in_port = CVSW_NET;
	expect_trace(test, "L9 A11 Ddrop-esp-busy");
	while (refcount_read(&sa->users) > 1)
		msleep(1);
	KUNIT_EXPECT_EQ(test, cvsw_stats_read(engine_of(f)->stats, CVSW_CNT_ESP_ASYNC), 0ULL);
	KUNIT_EXPECT_EQ(test, cvsw_stats_read(engine_of(f)->stats, CVSW_CNT_DROP_ESP_TAG), 0ULL);
}

static int visit_hits(const struct cvsw_entry *entry, void *arg)
{
	u64 *sum = arg, packets, bytes;

	cvsw_hits_read(entry->hits, &packets, &bytes);
	sum[0] += packets;
	sum[1] += entry->hits->used;
	return 0;
}

static void nothing_is_counted(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 before[2] = { 0 }, after[2] = { 0 }, resume = 0;
	unsigned int i;

	ADD(test, 9, CVSW_HOST, 0, { .type = CVSW_ACT_DEC_TTL }, { .type = CVSW_ACT_NEXT });
	ADD(test, 8, CVSW_HOST, 0, { .type = CVSW_ACT_ENCRYPT, .spi = SPI });
	cvsw_table_walk(engine_of(f)->table, &resume, visit_hits, before);
	for (i = 0; i < CVSW_N_COUNTERS; i++)
		f->before[i] = cvsw_stats_read(engine_of(f)->stats, i);
	msleep(3 * MSEC_PER_SEC / HZ);
	expect_trace(test, "L9 A4 F A13 L8 A10 Ddrop-esp-no-sa");
	resume = 0;
	cvsw_table_walk(engine_of(f)->table, &resume, visit_hits, after);
	KUNIT_EXPECT_EQ(test, after[0], 0ULL);
	KUNIT_EXPECT_EQ(test, after[1], before[1]);
	for (i = 0; i < CVSW_N_COUNTERS; i++)
		KUNIT_EXPECT_EQ_MSG(test, cvsw_stats_read(engine_of(f)->stats, i) - f->before[i],
				    i == CVSW_CNT_REQ_DONE ? 1ULL : 0ULL, "counter %u", i);
	KUNIT_EXPECT_EQ(test, skb_queue_len(fake_nic_sent(f->asking.port.dev)), 0U);
}

static void the_answer_is_bounded(struct kunit *test)
{
	struct fixture *f = test->priv;

	make_udp(f, CVSW_V3_TRACE_FRAME_MAX);
	ADD(test, 9, CVSW_HOST, 0,
	    SET_TOS(0x20),
	    SET_TOS(0x40),
	    SET_TOS(0x60));
	expect_trace(test, "L9 A6 F A6 C");
	KUNIT_EXPECT_LE(test, f->asking.answer.len, (size_t)CVSW_V3_BODY_MAX);
}

static void no_memory_is_told(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct asking *a = &f->asking;
	int n;

	ask_begin(a);
	a->w.at = cvsw_v3_trace_encode(ASK_XID, &f->trace, a->message, sizeof(a->message));
	/* For the trace, its counters, the frame. */
	for (n = 1; n <= 3; n++) {
		fail_at = n;
		ask_check_refused(test, CVSW_V3_ERR_NO_MEMORY, 0);
		fail_at = 0;
	}
	a->message[8] = 3;
	ask_check_refused(test, CVSW_V3_ERR_VALUE, 8);
	a->w.at = CVSW_V3_MESSAGE_HEADER_LEN + 20;
	a->message[8] = CVSW_HOST;
	ask_check_refused(test, CVSW_V3_ERR_SHORT, CVSW_V3_MESSAGE_HEADER_LEN + 20);
}

static struct kunit_case trace_cases[] = {
	KUNIT_CASE(what_matches_nothing),
	KUNIT_CASE(each_action_is_told),
	KUNIT_CASE(ends_are_told),
	KUNIT_CASE(each_output_is_told),
	KUNIT_CASE(the_controller_is_not_told),
	KUNIT_CASE(control_frames_are_stopped),
	KUNIT_CASE(clones_are_numbered),
	KUNIT_CASE(buckets_are_told),
	KUNIT_CASE(who_would_be_told_is),
	KUNIT_CASE(layers_are_looked_up_again),
	KUNIT_CASE(encryption_leaves_the_sa),
	KUNIT_CASE(decryption_leaves_the_window),
	KUNIT_CASE(a_slow_cipher_is_not_waited_for),
	KUNIT_CASE(nothing_is_counted),
	KUNIT_CASE(the_answer_is_bounded),
	KUNIT_CASE(no_memory_is_told),
	{}
};

static int trace_init(struct kunit *test)
{
	struct fixture *f = kvzalloc(sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	KUNIT_ASSERT_TRUE(test, asking_begin(&f->asking));
	engine_of(f)->wire_mtu = 1500;
	cipher_kind = SYNCHRONOUS;
	cipher_hasty = false;
	cipher_error = 0;
	make_udp(f, FRAME_LEN);
	return 0;
}

static void trace_exit(struct kunit *test)
{
	fail_at = 0;
	asking_exit(test);
}

static struct kunit_suite trace_suite = {
	.name = "cvsw_trace",
	.suite_init = fake_port_suite_init,
	.suite_exit = fake_port_suite_exit,
	.init = trace_init,
	.exit = trace_exit,
	.test_cases = trace_cases,
};
kunit_test_suite(trace_suite);
