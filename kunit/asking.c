// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/slab.h>

#include "asking.h"
#include "flows.h"

/* ---- life ---- */

bool asking_begin(struct asking *f)
{
	if (!fake_port_init(&f->port))
		return false;
	f->requests.control = &f->port.control;
	f->w = cvsw_writer(f->message, sizeof(f->message));
	return true;
}

int asking_init(struct kunit *test)
{
	struct asking *f = kvzalloc(sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	KUNIT_ASSERT_TRUE(test, asking_begin(f));
	return 0;
}

void asking_exit(struct kunit *test)
{
	struct asking *f = test->priv;

	if (!f)
		return;
	if (f->requests.control)
		cvsw_requests_reset(&f->requests);
	fake_port_exit(&f->port);
	kvfree(f);
}

/* ---- asking ---- */

unsigned int ask_cut(struct kunit *test, size_t len)
{
	struct asking *f = test->priv;
	size_t answer;

	answer = cvsw_request(&f->requests, f->message, len, false, f->answer_data);
	if (!answer)
		return 0;
	KUNIT_ASSERT_EQ(test, (int)cvsw_v3_message_decode(f->answer_data, answer, &f->answer, NULL),
			CVSW_V3_FINE);
	return f->answer.type;
}

unsigned int ask(struct kunit *test)
{
	struct asking *f = test->priv;
	size_t len = f->w.at;
	unsigned int type;

	KUNIT_ASSERT_FALSE(test, f->w.overrun);
	type = ask_cut(test, len);
	KUNIT_EXPECT_EQ(test, f->answer.xid, (u32)ASK_XID);
	return type;
}

void ask_check_done(struct kunit *test)
{
	struct asking *f = test->priv;

	KUNIT_EXPECT_EQ(test, ask(test), (unsigned int)CVSW_V3_ACK);
	KUNIT_EXPECT_EQ(test, f->answer.len, 0ul);
}

void ask_check_refused_for(struct kunit *test, enum cvsw_v3_error error, size_t at,
			      unsigned int line)
{
	struct asking *f = test->priv;
	struct cvsw_v3_error_body body;

	KUNIT_ASSERT_EQ_MSG(test, ask(test), (unsigned int)CVSW_V3_ERROR, "line %u", line);
	KUNIT_EXPECT_STREQ_MSG(test, cvsw_v3_error_name(f->answer.error), cvsw_v3_error_name(error),
			       "line %u", line);
	KUNIT_ASSERT_EQ(test, (int)cvsw_v3_error_decode(&f->answer, &body, NULL), CVSW_V3_FINE);
	KUNIT_EXPECT_EQ_MSG(test, body.offset, (u32)at, "line %u", line);
	KUNIT_EXPECT_EQ(test, body.text_len, strlen(cvsw_v3_error_text(error)));
	KUNIT_EXPECT_EQ(test, memcmp(body.text, cvsw_v3_error_text(error), body.text_len), 0);
}

/* ---- writing ---- */

void ask_begin(struct asking *f)
{
	f->w = cvsw_writer(f->message, sizeof(f->message));
}

void ask_plain(struct asking *f, u16 type)
{
	ask_begin(f);
	f->w.at = cvsw_v3_plain_encode(type, ASK_XID, f->message, sizeof(f->message));
}

void ask_set_value(struct asking *f, u16 type, u16 value)
{
	ask_begin(f);
	f->w.at = cvsw_v3_set_encode(type, ASK_XID, value, f->message, sizeof(f->message));
}

void ask_bundle(struct asking *f, u32 number, u8 flags)
{
	ask_begin(f);
	cvsw_v3_flows_begin(&f->w, ASK_XID, number, flags);
}


size_t ask_make_flow_mod(struct asking *f, enum cvsw_flow_command command, u16 port)
{
	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.priority = 100;
	f->flow.cookie = port;
	if (port)
		match_tcp_port(&f->flow.match, port);
	cvsw_match_normalize(&f->flow.match);
	f->flow.n_actions = 1;
	f->flow.actions[0] = (struct cvsw_action){ .type = CVSW_ACT_OUTPUT,
						   .port = CVSW_PORT_ONWARD };
	return cvsw_flow_mod_encode(command, &f->flow, f->flow_mod, sizeof(f->flow_mod));
}

size_t ask_put_flow(struct asking *f, enum cvsw_flow_command command, u16 port)
{
	size_t len = ask_make_flow_mod(f, command, port);

	cvsw_put_bytes(&f->w, f->flow_mod, len);
	return len;
}

void ask_put_flows(struct asking *f, u16 first, u16 last)
{
	for (; first <= last; first++)
		ask_put_flow(f, CVSW_FLOW_ADD, first);
}

/* ---- what is there ---- */

u32 ask_n_flows(struct asking *f)
{
	return cvsw_table_count(f->port.engine.table);
}

struct find {
	u64 cookie;
	unsigned int n;
	u64 packets;
};

static int find_visit(const struct cvsw_entry *entry, void *arg)
{
	struct find *find = arg;
	u64 bytes;

	if (entry->cookie == find->cookie) {
		cvsw_hits_read(entry->hits, &find->packets, &bytes);
		find->n++;
	}
	return 0;
}

unsigned int ask_n_of(struct asking *f, u16 port, u64 *packets)
{
	struct find find = { .cookie = port };
	u64 resume = 0;

	cvsw_table_walk(f->port.engine.table, &resume, find_visit, &find);
	if (packets)
		*packets = find.packets;
	return find.n;
}

static int hit_visit(const struct cvsw_entry *entry, void *arg)
{
	local_bh_disable();
	cvsw_hits_add(entry->hits, 100);
	local_bh_enable();
	return 0;
}

void ask_hit_all(struct asking *f)
{
	u64 resume = 0;

	cvsw_table_walk(f->port.engine.table, &resume, hit_visit, NULL);
}
