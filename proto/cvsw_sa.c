// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Data2 of a SET_SA:
 *
 *	 0                   1                   2                   3
 *	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *	+---------------+---------------+-------------------------------+
 *   0	|   direction   |    key_len    |             zero              |
 *	+---------------+---------------+-------------------------------+
 *   4	|                              SPI                              |
 *	+-------------------------------+-------------------------------+
 *   8	|        UDP source port        |     UDP destination port      |
 *	+-------------------------------+-------------------------------+
 *  12	|                     salt (RFC 4106, 4)                        |
 *	+---------------------------------------------------------------+
 *  16	|  key, key_len bytes: 16, 32, or none (remove the SA)          |
 */
#include "cvsw_sa.h"

#include "cvsw_cursor.h"

static_assert(CVSW_SA_LEN(0) == 1 + 1 + 2 + 4 + 2 + 2 + CVSW_SA_SALT_LEN, "see the diagram");

static bool is_key_len(uint8_t len)
{
	return len == 0 || len == 16 || len == 32;
}

static bool says_nothing(const uint8_t *bytes, size_t n)
{
	while (n--)
		if (bytes[n])
			return false;
	return true;
}

static enum cvsw_fault read_sa(const uint8_t *data, size_t len, struct cvsw_sa *sa, size_t *at)
{
	struct cvsw_reader r = cvsw_reader(data, len);
	uint16_t zero;

	*at = len;
	if (len < CVSW_SA_LEN(0))
		return CVSW_FAULT_SHORT;
	*at = 0;
	sa->direction = cvsw_get_u8(&r);
	if (sa->direction != CVSW_SA_OUT && sa->direction != CVSW_SA_IN)
		return CVSW_FAULT_SA;
	*at = 1;
	sa->key_len = cvsw_get_u8(&r);
	if (!is_key_len(sa->key_len))
		return CVSW_FAULT_SA;
	if (len != CVSW_SA_LEN((size_t)sa->key_len))
		return CVSW_FAULT_LENGTH;
	*at = 2;
	zero = cvsw_get_u16(&r);
	if (zero)
		return CVSW_FAULT_RESERVED;
	*at = 4;
	sa->spi = cvsw_get_u32(&r);
	if (sa->spi < CVSW_SA_SPI_MIN)
		return CVSW_FAULT_SA;
	*at = 8;
	sa->udp_src = cvsw_get_u16(&r);
	sa->udp_dst = cvsw_get_u16(&r);
	if (!sa->udp_src != !sa->udp_dst)
		return CVSW_FAULT_SA;
	*at = 12;
	cvsw_get_bytes(&r, sa->salt, sizeof(sa->salt));
	/* What removes an SA carries nothing of it. */
	if (!sa->key_len && (sa->udp_src || !says_nothing(sa->salt, sizeof(sa->salt))))
		return CVSW_FAULT_RESERVED;
	cvsw_get_bytes(&r, sa->key, sa->key_len);
	return CVSW_OK;
}

enum cvsw_fault cvsw_sa_decode(const uint8_t *data, size_t len, struct cvsw_sa *sa,
			       size_t *offset)
{
	enum cvsw_fault fault;
	size_t at;

	memset(sa, 0, sizeof(*sa));
	fault = read_sa(data, len, sa, &at);
	if (fault) {
		memset(sa, 0, sizeof(*sa));
		if (offset)
			*offset = at;
	}
	return fault;
}
