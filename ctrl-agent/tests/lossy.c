// SPDX-License-Identifier: GPL-2.0-or-later
#include "lossy.h"

#include <stdlib.h>
#include <string.h>

#include "flows.h"

static bool happens(struct lossy *wires, unsigned int percent)
{
	return random_next(&wires->random) % 100 < percent;
}

static void put_one(struct lossy *wires, const struct lossy_frame *frame)
{
	if (wires->n == wires->room) {
		wires->room = wires->room ? 2 * wires->room : 64;
		wires->frames = realloc(wires->frames, wires->room * sizeof(*frame));
		if (!wires->frames)
			abort();
	}
	wires->frames[wires->n] = *frame;
	wires->frames[wires->n++].arrives +=
		wires->jitter ? random_next(&wires->random) % wires->jitter : 0;
}

void lossy_put(struct lossy *wires, unsigned int nic, bool to_nic, unsigned int delay,
	       const uint8_t *data, size_t len)
{
	struct lossy_frame frame = { wires->now + 1 + delay, nic, to_nic, len, { 0 } };

	if (len > sizeof(frame.data))
		abort();
	memcpy(frame.data, data, len);
	for (int copies = 1 + happens(wires, wires->twice); copies; copies--)
		if (!happens(wires, wires->loss))
			put_one(wires, &frame);
}

void lossy_deliver(struct lossy *wires,
		   void (*deliver)(void *arg, const struct lossy_frame *frame), void *arg)
{
	size_t n = wires->n, kept = 0;

	for (size_t i = 0; i < n; i++) {
		struct lossy_frame frame = wires->frames[i];

		if (frame.arrives > wires->now)
			wires->frames[kept++] = frame;
		else
			deliver(arg, &frame);
	}
	while (n < wires->n)
		wires->frames[kept++] = wires->frames[n++];
	wires->n = kept;
}

void lossy_free(struct lossy *wires)
{
	free(wires->frames);
}
