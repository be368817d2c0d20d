/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Reading and writing big-endian bytes without leaving a buffer.  An access
 * that would leave it moves nothing, reads zero, and sets @overrun for good, so
 * that a decoder may read a whole structure and ask once.
 */
#ifndef CVSW_CURSOR_H
#define CVSW_CURSOR_H

#include "cvsw_types.h"

struct cvsw_reader {
	const uint8_t *data;
	size_t len;
	size_t at;
	bool overrun;
};

static inline struct cvsw_reader cvsw_reader(const uint8_t *data, size_t len)
{
	struct cvsw_reader r = { .data = data, .len = len };

	return r;
}

static inline size_t cvsw_left(const struct cvsw_reader *r)
{
	return r->len - r->at;
}

/* The next @n bytes, or NULL. */
static inline const uint8_t *cvsw_take(struct cvsw_reader *r, size_t n)
{
	const uint8_t *p;

	if (r->overrun || n > cvsw_left(r)) {
		r->overrun = true;
		return NULL;
	}
	p = r->data + r->at;
	r->at += n;
	return p;
}

static inline void cvsw_skip(struct cvsw_reader *r, size_t n)
{
	(void)cvsw_take(r, n);
}

static inline uint8_t cvsw_get_u8(struct cvsw_reader *r)
{
	const uint8_t *p = cvsw_take(r, 1);

	return p ? p[0] : 0;
}

static inline uint16_t cvsw_get_u16(struct cvsw_reader *r)
{
	const uint8_t *p = cvsw_take(r, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t cvsw_get_u32(struct cvsw_reader *r)
{
	const uint8_t *p = cvsw_take(r, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

static inline uint64_t cvsw_get_u64(struct cvsw_reader *r)
{
	const uint8_t *p = cvsw_take(r, 8);
	struct cvsw_reader half = cvsw_reader(p, p ? 8 : 0);
	uint64_t high = cvsw_get_u32(&half);

	return high << 32 | cvsw_get_u32(&half);
}

static inline void cvsw_get_bytes(struct cvsw_reader *r, uint8_t *to, size_t n)
{
	const uint8_t *p = cvsw_take(r, n);

	if (p)
		memcpy(to, p, n);
	else
		memset(to, 0, n);
}

struct cvsw_writer {
	uint8_t *data;
	size_t room;
	size_t at;
	bool overrun;
};

static inline struct cvsw_writer cvsw_writer(uint8_t *data, size_t room)
{
	struct cvsw_writer w = { .data = data, .room = room };

	return w;
}

static inline bool cvsw_fits(struct cvsw_writer *w, size_t n)
{
	if (w->overrun || n > w->room - w->at)
		w->overrun = true;
	return !w->overrun;
}

/* Leaves the next @n bytes as they are. */
static inline void cvsw_make(struct cvsw_writer *w, size_t n)
{
	if (cvsw_fits(w, n))
		w->at += n;
}

/*
 * Below nothing asks whether a pointer into the buffer is NULL: a compiler would follow the
 * way on which the buffer itself is NULL, and warn of what can never be written there.
 */
static inline void cvsw_put_zero(struct cvsw_writer *w, size_t n)
{
	if (!cvsw_fits(w, n) || !n)
		return;
	memset(w->data + w->at, 0, n);
	w->at += n;
}

/* @from may lie in the buffer itself. */
static inline void cvsw_put_bytes(struct cvsw_writer *w, const uint8_t *from, size_t n)
{
	if (!cvsw_fits(w, n) || !n)
		return;
	memmove(w->data + w->at, from, n);
	w->at += n;
}

static inline void cvsw_put_u8(struct cvsw_writer *w, uint8_t v)
{
	if (cvsw_fits(w, 1))
		w->data[w->at++] = v;
}

static inline void cvsw_put_u16(struct cvsw_writer *w, uint16_t v)
{
	if (!cvsw_fits(w, 2))
		return;
	w->data[w->at++] = (uint8_t)(v >> 8);
	w->data[w->at++] = (uint8_t)v;
}

static inline void cvsw_put_u32(struct cvsw_writer *w, uint32_t v)
{
	if (!cvsw_fits(w, 4))
		return;
	w->data[w->at++] = (uint8_t)(v >> 24);
	w->data[w->at++] = (uint8_t)(v >> 16);
	w->data[w->at++] = (uint8_t)(v >> 8);
	w->data[w->at++] = (uint8_t)v;
}

static inline void cvsw_put_u64(struct cvsw_writer *w, uint64_t v)
{
	cvsw_put_u32(w, (uint32_t)(v >> 32));
	cvsw_put_u32(w, (uint32_t)v);
}

/* What was written in all, or 0 if it did not fit. */
static inline size_t cvsw_written(const struct cvsw_writer *w)
{
	return w->overrun ? 0 : w->at;
}

#endif
