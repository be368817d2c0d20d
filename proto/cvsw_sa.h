/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A security association of ESP (RFC 4303) with AES-GCM (RFC 4106), as
 * SET_SA carries it.
 */
#ifndef CVSW_SA_H
#define CVSW_SA_H

#include "cvsw_fault.h"
#include "cvsw_types.h"

#define CVSW_SA_KEY_MAX		32
#define CVSW_SA_SALT_LEN	4	/* RFC 4106, 4 */
#define CVSW_SA_SPI_MIN		256	/* RFC 4303, 2.1: below is reserved */

enum cvsw_sa_direction {
	CVSW_SA_OUT = 1,	/* encrypts what the guest sends */
	CVSW_SA_IN = 2,
};

/**
 * struct cvsw_sa - a security association, transport mode
 *
 * @spi: CVSW_SA_SPI_MIN or more; names the SA among the port's of its direction
 * @direction: enum cvsw_sa_direction
 * @key_len: bytes of @key: 16 (AES-128) or 32 (AES-256); zero: no SA, but which
 *	one is to be removed, ports and salt all zero
 * @udp_src: source and destination port of ESP in UDP (RFC 3948); both zero:
 * @udp_dst: ESP is IP protocol 50.  An incoming SA takes only the form it names
 * @key: secret; wiped by whoever is done with the struct
 * @salt: secret likewise
 */
struct cvsw_sa {
	uint32_t spi;
	uint8_t  direction;
	uint8_t  key_len;
	uint16_t udp_src;
	uint16_t udp_dst;
	uint8_t  key[CVSW_SA_KEY_MAX];
	uint8_t  salt[CVSW_SA_SALT_LEN];
};

/* Bytes of Data2 of a SET_SA with a key of @key_len bytes. */
#define CVSW_SA_LEN(key_len)	(16 + (key_len))
#define CVSW_SA_MAX_LEN		CVSW_SA_LEN(CVSW_SA_KEY_MAX)

/**
 * cvsw_sa_decode() - read Data2 of a SET_SA
 * @data: @len bytes, all of them the SA's
 * @sa: out; zeroed after a fault
 * @offset: out, may be NULL: where in @data the fault is
 *
 * Return: CVSW_OK or the fault.
 */
enum cvsw_fault cvsw_sa_decode(const uint8_t *data, size_t len, struct cvsw_sa *sa,
			       size_t *offset);

/**
 * cvsw_sa_encode() - write Data2 of a SET_SA
 *
 * Return: bytes written, or 0 if @room is too small.
 */
size_t cvsw_sa_encode(const struct cvsw_sa *sa, uint8_t *buf, size_t room);

#endif
