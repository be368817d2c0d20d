/* SPDX-License-Identifier: GPL-2.0 */
/* One frame's time with the cipher, which may end at once or later. */
#ifndef CVSW_ESP_REQUEST_H
#define CVSW_ESP_REQUEST_H

#include <crypto/aead.h>
#include <linux/scatterlist.h>
#include <linux/skbuff.h>

#include "engine/walk.h"
#include "sa.h"

/*
 *  ESP with AES-GCM (RFC 4303, 2; RFC 4106, 3), from its SPI on:
 *
 *  +---------------------------------------------------------------+
 *  |              SPI              |        sequence number        |
 *  +---------------------------------------------------------------+
 *  |                      initialization vector                    |
 *  +---------------------------------------------------------------+
 *  |    payload, padding 1, 2, 3..., pad length, next header: to a |
 *  |    multiple of 4 bytes; encrypted                             |
 *  +---------------------------------------------------------------+
 *  |    integrity check value, 16 bytes                            |
 *  +---------------------------------------------------------------+
 */
struct cvsw_esp_header {
	__be32 spi;
	__be32 seq;
	__be64 iv;
} __packed __aligned(2);
static_assert(sizeof(struct cvsw_esp_header) == 16);

struct cvsw_esp_trailer {
	u8 pad_len;
	u8 next_header;
};
static_assert(sizeof(struct cvsw_esp_trailer) == 2);

#define CVSW_ESP_ICV		16
#define CVSW_ESP_ALIGN		4
#define CVSW_ESP_PAD_MAX	255

/**
 * struct cvsw_esp_request - a frame that is with the cipher
 *
 * Offsets count from the Ethernet header.
 *
 * @sa: does the work; held once the frame has left its RCU read side
 * @skb: the frame
 * @finish: called when the cipher is done: frees the struct, with what remains to be done
 *	to @skb.  err is the cipher's; the walk is the frame's, under RCU or held.
 *	Returns the frame or NULL: dropped and counted
 * @network: IPv4 header
 * @transport: what follows it: where ESP, or the UDP around it, begins
 * @esp: ESP header
 * @len: of what is encrypted, trailer and all, without the ICV
 * @decrypt: else encrypt
 * @stage: who of submitter and callback came first: see esp_request.c
 * @err: by the callback, for the submitter
 * @iv: as in the frame
 * @request: behind @sg, with the cipher's own room
 * @walk: the frame's, from when it has to wait; before that it is not begun
 * @sg: what the cipher reads and writes
 */
struct cvsw_esp_request {
	struct cvsw_esp_sa *sa;
	struct sk_buff *skb;
	struct sk_buff *(*finish)(struct cvsw_esp_request *req, struct cvsw_walk *walk, int err);
	u32 network;
	u32 transport;
	u32 esp;
	u32 len;
	bool decrypt;
	atomic_t stage;
	int err;
	u8 iv[sizeof(__be64)];
	struct aead_request *request;
	struct cvsw_walk walk;
	struct scatterlist sg[];
};

/**
 * cvsw_esp_request_create() - room for a frame's request
 * @n_sg: length of the list, which the caller fills
 *
 * Return: all before @walk zero but @sa and @request, to be freed by kfree(); NULL without memory.
 */
struct cvsw_esp_request *cvsw_esp_request_create(struct cvsw_esp_sa *sa, unsigned int n_sg);

/**
 * cvsw_esp_request_run() - encrypt or decrypt in place
 * @req: all set but @walk, @stage, @err and @request; consumed
 * @walk: the frame's
 *
 * Context: bottom halves disabled, in the RCU read side in which SA and entry
 * were found.
 * Return: what @finish returned, or NULL: it will be called later, and what it
 * returns goes to cvsw_engine_resume().
 */
struct sk_buff *cvsw_esp_request_run(struct cvsw_esp_request *req, struct cvsw_walk *walk);

/** cvsw_esp_fault() - the counter of an error of the cipher's */
enum cvsw_counter cvsw_esp_fault(int err);

/**
 * cvsw_esp_copy() - a linear copy of a frame, charged to the same socket
 * @head, @tail: bytes of headroom and tailroom
 * Return: the copy, @skb is consumed; or NULL, and @skb is left alone.
 */
struct sk_buff *cvsw_esp_copy(struct sk_buff *skb, unsigned int head, unsigned int tail);

/** cvsw_esp_set_ip() - tell the IPv4 header what it carries now, and how much */
void cvsw_esp_set_ip(struct sk_buff *skb, unsigned int network, u8 protocol,
		     unsigned int total);

#endif
