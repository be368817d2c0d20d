/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A port's session on a fake device with a controller of proto/ at the other end,
 * both over the kernel's own ciphers, in real time.
 */
#ifndef CVSW_KUNIT_TALK_H
#define CVSW_KUNIT_TALK_H

#include <kunit/test.h>
#include <linux/prandom.h>

#include "../proto/cvsw_nl.h"
#include "../proto/cvsw_flow_mod.h"
#include "../proto/cvsw_v3_end.h"
#include "fake_nic.h"

#define TALK_KEPT	64

static const u8 psk[CVSW_V3_KEY_LEN] = "one key is as good as another..";

struct kept {
	size_t len;
	u8 data[CVSW_V3_FRAME_MAX];
};

/**
 * struct talk - a port without a door, and its controller
 * @to_nic: frames of the controller's, not arrived yet
 * @kept: the first ones that were sent to the NIC
 * @loss: of a hundred frames, each way
 * @hellos: say HELLO to whoever sends what the controller does not know, as cvswd does
 * @packet_in: content of the last one
 * @message: the controller's last answer
 */
struct talk {
	struct fake_port port;
	struct cvsw_v3_end ctl;
	struct cvsw_v3_caller caller;
	struct cvsw_v3_guard guard;
	unsigned int n_fresh;
	unsigned int n_from_nic;
	struct sk_buff_head to_nic;
	struct kept kept[TALK_KEPT];
	unsigned int n_kept;
	struct rnd_state rnd;
	unsigned int loss;
	bool hellos;
	unsigned int n_packet_ins;
	size_t packet_in_len;
	u8 packet_in[CVSW_V3_CONTENT_MAX];
	u8 message[CVSW_V3_MESSAGE_MAX];
	u8 frame[CVSW_V3_FRAME_MAX + 64];
	struct cvsw_flow flow;
};

/* Of suites: test->priv is a struct talk. */
int talk_init(struct kunit *test);
void talk_exit(struct kunit *test);

/* Another controller, of the NIC with this address and key. */
void talk_controller(struct talk *f, const u8 *mac, const u8 *key);
/* The NIC's key; NULL: none. */
void talk_set_key(struct kunit *test, const u8 *key);

/* A frame comes to the NIC. */
void talk_arrive(struct talk *f, struct sk_buff *skb);
/* All that is under way arrives. */
void talk_pump(struct talk *f);
void talk_for(struct talk *f, unsigned int ms);
/* Until @condition is true, for @ms at most.  Returns whether it is. */
#define talk_until(f, ms, condition) ({					\
	u64 talk_end = talk_now() + (ms);				\
	bool talk_is;							\
									\
	do {								\
		talk_for(f, 1);						\
		talk_is = (condition);					\
	} while (!talk_is && talk_now() < talk_end);			\
	talk_is;							\
})
u64 talk_now(void);
void talk_hello(struct talk *f);

/* Until both have confirmed session @n of the NIC's. */
bool talk_connects(struct talk *f, u64 n);
/* The first one, with the key. */
void talk_connect(struct kunit *test);
enum cvsw_nl_v3_state talk_state(struct talk *f);
u64 talk_sessions(struct talk *f);

/* The next answer's type, or 0; what it says is in f->message. */
unsigned int talk_answer(struct talk *f);
bool talk_mtu(struct talk *f, u16 mtu);
/* A bundle of what f->flow says but for its match: the flow for TCP port @port. */
bool talk_flow_mod(struct talk *f, enum cvsw_flow_command command, u8 flags, u16 port);
bool talk_flow(struct talk *f, u8 flags, u16 port);
void talk_check_works(struct kunit *test, u16 mtu);

u64 talk_counter(struct talk *f, unsigned int which);
/* Frames of version 3 that were received, however they ended. */
u64 talk_n_ended(struct talk *f);

#endif
