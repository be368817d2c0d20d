/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hex digits of keys: in a time, and by a way through the code, that tell nothing of them. */
#ifndef CVSW_HEX_H
#define CVSW_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0 to 15 of a digit; of anything else a number with bit 31 set. */
static inline uint32_t hex_digit(char c)
{
	uint32_t digit = (uint32_t)(unsigned char)c - '0';
	uint32_t letter = ((uint32_t)(unsigned char)c | 0x20) - 'a';
	/* Bit 31: below the bound, and no borrow from the subtraction above. */
	uint32_t is_digit = ((digit - 10) & ~digit) >> 31;
	uint32_t is_letter = ((letter - 6) & ~letter) >> 31;

	return (digit & -is_digit) | ((letter + 10) & -is_letter) |
	       (~(is_digit | is_letter) & 1) << 31;
}

/** hex_byte() - two hex digits; false: they are none, and @byte is of no use */
static inline bool hex_byte(const char *hex, uint8_t *byte)
{
	uint32_t high = hex_digit(hex[0]), low = hex_digit(hex[1]);

	*byte = (uint8_t)(high << 4 | low);
	return !((high | low) >> 31);
}

/**
 * hex_bytes() - @n bytes from 2 * @n digits
 *
 * Return: false: not all are digits; which of them is not told by the time it takes.
 */
static inline bool hex_bytes(const char *hex, uint8_t *bytes, size_t n)
{
	bool good = true;

	for (size_t i = 0; i < n; i++)
		good &= hex_byte(hex + 2 * i, &bytes[i]);
	return good;
}

#endif
