/* SPDX-License-Identifier: GPL-2.0 */
/* What a controller asks in version 3, without a session around it: messages in, answers out. */
#ifndef CVSW_KUNIT_ASKING_H
#define CVSW_KUNIT_ASKING_H

#include <kunit/test.h>

#include "../drivers/cvsw/control/requests.h"
#include "../proto/cvsw_flow_mod.h"
#include "fake_nic.h"

#define ASK_XID	0x12345678
#define WHOLE	(CVSW_V3_BUNDLE_OPEN | CVSW_V3_BUNDLE_COMMIT)

/**
 * struct asking - a port without a door or a session
 * @w: the message that a test is writing, over @message
 * @answer: to the last one, over @answer_data
 */
struct asking {
	struct fake_port port;
	struct cvsw_requests requests;
	struct cvsw_writer w;
	u8 message[CVSW_V3_MESSAGE_MAX];
	struct cvsw_v3_message answer;
	u8 answer_data[CVSW_V3_MESSAGE_MAX];
	struct cvsw_flow flow;
	u8 flow_mod[CVSW_FLOW_MOD_MAX];
};

/* Of suites: test->priv is a struct asking, or begins with one. */
bool asking_begin(struct asking *f);
int asking_init(struct kunit *test);
void asking_exit(struct kunit *test);

/* ---- writing ---- */

void ask_begin(struct asking *f);
void ask_plain(struct asking *f, u16 type);
void ask_set_value(struct asking *f, u16 type, u16 value);
void ask_bundle(struct asking *f, u32 number, u8 flags);
/* TCP port @port passes; 0: any port, and the flow is every one.  Into f->flow_mod. */
size_t ask_make_flow_mod(struct asking *f, enum cvsw_flow_command command, u16 port);
size_t ask_put_flow(struct asking *f, enum cvsw_flow_command command, u16 port);
void ask_put_flows(struct asking *f, u16 first, u16 last);

/* ---- asking ---- */

/* What was written, with @len of its bytes; returns the answer's type, 0: none. */
unsigned int ask_cut(struct kunit *test, size_t len);
unsigned int ask(struct kunit *test);
void ask_check_done(struct kunit *test);
/* @at: where in the message */
#define ask_check_refused(test, error, at) ask_check_refused_for(test, error, at, __LINE__)
void ask_check_refused_for(struct kunit *test, enum cvsw_v3_error error, size_t at,
			   unsigned int line);

/* ---- what is there ---- */

u32 ask_n_flows(struct asking *f);
/* Flows of this cookie, which is their port; @packets, if there is one: of the last of them. */
unsigned int ask_n_of(struct asking *f, u16 port, u64 *packets);
/* A frame of 100 bytes for each flow. */
void ask_hit_all(struct asking *f);

#endif
