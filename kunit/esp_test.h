/* SPDX-License-Identifier: GPL-2.0 */
/* A port's ESP without a door: what the suites of esp_test.c and esp_bad_test.c share. */
#ifndef CVSW_KUNIT_ESP_TEST_H
#define CVSW_KUNIT_ESP_TEST_H

#include <kunit/test.h>
#include <linux/skbuff.h>

#include "../drivers/cvsw/esp/esp_request.h"
#include "../drivers/cvsw/esp/esp.h"
#include "../drivers/cvsw/esp/vmgenid.h"
#include "frames.h"

#define TEST_SPI	0x1001
#define TEST_PORT	4500

/**
 * struct esp_fixture - a port
 * @walk: where a frame stands that is to be encrypted or decrypted
 * @done: frames that came later
 * @frame: as the stack has it
 * @other: as it is on the wire
 * @whole: of a test, too large for the stack
 * @drops: sum of all drop counters when expect_dropped() last looked
 */
struct esp_fixture {
	struct cvsw_engine engine;
	struct cvsw_walk walk;
	struct cvsw_flow flow;
	struct sk_buff_head done;
	struct rnd_state rnd;
	u64 drops;
	struct flat_frame frame;
	struct flat_frame other;
	struct flat_frame whole;
};

/* How the cipher is to behave, from the next SA or frame on. */
enum cipher_kind {
	SYNCHRONOUS,
	CRYPTD,		/* always by a kernel thread, later */
};
extern enum cipher_kind cipher_kind;
/* Each request fails at once with this... */
extern int cipher_error;
/* ...or ends, and says that it will: the callback comes before the return. */
extern bool cipher_hasty;
/* What the hypervisor has written, and how often somebody told that it had. */
extern struct cvsw_generation esp_generation;
extern unsigned int esp_generation_changes;
/* The n-th allocation fails, see fail.h. */
extern int *esp_fail_at;

int esp_init(struct kunit *test);
void esp_exit(struct kunit *test);
int esp_suite_init(struct kunit_suite *suite);
void esp_suite_exit(struct kunit_suite *suite);

/* Install the same key for both directions. */
void install_pair(struct kunit *test, u32 spi, unsigned int key_len, bool udp);
void make_sa(struct cvsw_sa *sa, u32 spi, enum cvsw_sa_direction direction,
	     unsigned int key_len, bool udp);
struct cvsw_esp_sa *find_sa(struct kunit *test, enum cvsw_sa_direction direction, u32 spi);

/* Bytes of a UDP packet in IPv4, @len bytes behind the IPv4 header, into f->frame. */
void make_packet(struct esp_fixture *f, unsigned int len);
/* The f->frame's IPv4 header tells of a packet up to the frame's end. */
void fit_ip(struct flat_frame *frame, u8 protocol);

struct sk_buff *encrypt(struct kunit *test, struct sk_buff *skb, u32 spi);
/* Return: an ERR_PTR if it is others', and then @skb is freed here. */
struct sk_buff *decrypt(struct kunit *test, struct sk_buff *skb);
/* Encrypt f->frame into f->other. */
void encrypt_frame(struct kunit *test);

/*
 * Seal @len bytes at @buf + 16 with the test's key, as a peer would: ESP header
 * in front, 16 bytes of ICV behind.
 */
void seal(struct kunit *test, u32 spi, u32 seq, u8 *buf, unsigned int len);

u64 esp_count(struct kunit *test, unsigned int counter);
/* Sum of all drop counters. */
u64 esp_drops(struct kunit *test);
/* The frame @out did not come, and counted once, as @counter; -1: as any. */
void expect_dropped(struct kunit *test, struct sk_buff *out, int counter);
/* Wait until @n frames more have come later or were dropped. */
void wait_for_frames(struct kunit *test, u64 n);

#endif
