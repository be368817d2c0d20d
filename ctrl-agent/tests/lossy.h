/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wires between simulated NICs and us, in virtual time: they delay frames, lose them,
 * double them and let them overtake each other.
 */
#ifndef CVSW_TEST_LOSSY_H
#define CVSW_TEST_LOSSY_H

#include "cvsw_v3_frame.h"

struct lossy_frame {
	uint64_t arrives;
	unsigned int nic;
	bool to_nic;
	uint16_t len;
	uint8_t data[CVSW_V3_FRAME_MAX];
};

/**
 * struct lossy - what is under way
 * @now: milliseconds; the test that runs the wires advances it
 * @loss, @twice: percent
 * @jitter: milliseconds; anything above 1 reorders
 */
struct lossy {
	uint64_t now;
	uint32_t random;
	unsigned int loss, twice, jitter;
	struct lossy_frame *frames;
	size_t n, room;
};

/** lossy_put() - a frame from or to @nic, which arrives after 1 + @delay ms and the jitter */
void lossy_put(struct lossy *wires, unsigned int nic, bool to_nic, unsigned int delay,
	       const uint8_t *data, size_t len);

/**
 * lossy_deliver() - hand over what is due
 * @deliver: owns the frame during the call; what it puts arrives later
 *
 * Frames that are due together keep their order.
 */
void lossy_deliver(struct lossy *wires,
		   void (*deliver)(void *arg, const struct lossy_frame *frame), void *arg);

void lossy_free(struct lossy *wires);

#endif
