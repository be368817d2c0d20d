// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A flow's text: words, and the values in them. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "cvsw_text_parser.h"

bool text_fail(struct text_parser *p, const char *at, const char *format, ...)
{
	va_list args;

	p->error->column = (unsigned int)(at - p->text) + 1;
	va_start(args, format);
	vsnprintf(p->error->message, sizeof(p->error->message), format, args);
	va_end(args);
	return false;
}

int text_shown(size_t len)
{
	return len < 40 ? (int)len : 40;
}

bool text_same(const char *name, size_t len, const char *other)
{
	return strlen(other) == len && !strncasecmp(name, other, len);
}

bool text_next_word(struct text_parser *p, struct text_word *word)
{
	p->at += strspn(p->at, TEXT_SEPARATORS);
	if (!*p->at)
		return false;
	*word = (struct text_word){ .name = p->at };
	word->name_len = strcspn(p->at, TEXT_SEPARATORS TEXT_ASSIGNMENTS TEXT_PARENTHESES);
	if (!word->name_len && strchr(TEXT_PARENTHESES, *p->at))
		word->name_len = 1;	/* a stray one, which nobody knows */
	p->at += word->name_len;
	if (*p->at == '(') {
		word->opens = true;
		p->at++;
	} else if (*p->at && strchr(TEXT_ASSIGNMENTS, *p->at)) {
		word->value = ++p->at;
		word->value_len = strcspn(p->at, TEXT_SEPARATORS TEXT_PARENTHESES);
		p->at += word->value_len;
	}
	return true;
}

bool text_closes(struct text_parser *p)
{
	p->at += strspn(p->at, TEXT_SEPARATORS);
	if (*p->at != ')')
		return false;
	p->at++;
	return true;
}

bool text_want_value(struct text_parser *p, const struct text_word *word)
{
	if (word->value_len)
		return true;
	return text_fail(p, word->name + word->name_len, "%.*s needs a value: expected %.*s=...",
			 text_shown(word->name_len), word->name,
			 text_shown(word->name_len), word->name);
}

bool text_want_no_value(struct text_parser *p, const struct text_word *word)
{
	if (!word->value)
		return true;
	return text_fail(p, word->value - 1, "%.*s takes no value",
			 text_shown(word->name_len), word->name);
}

/* As strtoull() reads it in base 0, but whole and without a sign. */
bool text_number(struct text_parser *p, const struct text_word *word, uint64_t limit,
		 uint64_t *number)
{
	static const char digits[] = "0123456789abcdefABCDEFxX";
	char copy[24], *end;

	if (!text_want_value(p, word))
		return false;
	if (word->value_len >= sizeof(copy))
		goto bad;
	memcpy(copy, word->value, word->value_len);
	copy[word->value_len] = '\0';
	if (strspn(copy, digits) != word->value_len || copy[0] < '0' || copy[0] > '9')
		goto bad;
	errno = 0;
	*number = strtoull(copy, &end, 0);
	if (!*end && !errno && *number <= limit)
		return true;
bad:
	return text_fail(p, word->value, "%.*s: expected a number from 0 to %llu for %.*s",
			 text_shown(word->value_len), word->value, (unsigned long long)limit,
			 text_shown(word->name_len), word->name);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* One or two digits a byte, as ether_aton() reads them; false if not whole. */
static bool read_mac(const char *text, size_t len, uint8_t mac[CVSW_ETH_ALEN])
{
	size_t at = 0;
	int i;

	for (i = 0; i < CVSW_ETH_ALEN; i++) {
		if (i && (at >= len || text[at++] != ':'))
			return false;
		if (at >= len || hex_digit(text[at]) < 0)
			return false;
		mac[i] = (uint8_t)hex_digit(text[at++]);
		if (at < len && hex_digit(text[at]) >= 0)
			mac[i] = (uint8_t)(mac[i] << 4 | hex_digit(text[at++]));
	}
	return at == len;
}

bool cvsw_text_mac(const char *text, uint8_t mac[CVSW_ETH_ALEN])
{
	return read_mac(text, strlen(text), mac);
}

char *cvsw_text_hex(char *to, const uint8_t *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (; len--; data++) {
		*to++ = digits[*data >> 4];
		*to++ = digits[*data & 0xf];
	}
	return to;
}

bool text_mac(struct text_parser *p, const struct text_word *word, uint8_t mac[CVSW_ETH_ALEN])
{
	if (!text_want_value(p, word))
		return false;
	if (!read_mac(word->value, word->value_len, mac))
		return text_fail(p, word->value, "%.*s: expected a MAC address like "
				 "02:00:00:00:00:01",
				 text_shown(word->value_len), word->value);
	return true;
}

bool text_masked_mac(struct text_parser *p, const struct text_word *word,
		     uint8_t mac[CVSW_ETH_ALEN], uint8_t mask[CVSW_ETH_ALEN])
{
	struct text_word value, behind;
	bool masked = text_split_mask(word, &value, &behind);

	if (!text_mac(p, &value, mac))
		return false;
	memset(mask, 0xff, CVSW_ETH_ALEN);
	return !masked || text_mac(p, &behind, mask);
}

/* Dotted quad at @text; returns its length or 0. */
static size_t read_ipv4(const char *text, size_t len, uint32_t *addr)
{
	size_t at = 0;
	int i;

	*addr = 0;
	for (i = 0; i < 4; i++) {
		unsigned int byte = 0, n = 0;

		if (i && (at >= len || text[at++] != '.'))
			return 0;
		for (; at < len && text[at] >= '0' && text[at] <= '9' && n < 3; n++)
			byte = byte * 10 + (unsigned int)(text[at++] - '0');
		if (!n || byte > 255)
			return 0;
		*addr = *addr << 8 | byte;
	}
	return at;
}

bool text_ipv4(struct text_parser *p, const struct text_word *word, uint32_t *addr)
{
	if (!text_want_value(p, word))
		return false;
	if (read_ipv4(word->value, word->value_len, addr) != word->value_len)
		return text_fail(p, word->value, "%.*s: expected an IPv4 address like 10.0.0.1",
				 text_shown(word->value_len), word->value);
	return true;
}

bool text_split_mask(const struct text_word *word, struct text_word *value,
		     struct text_word *mask)
{
	const char *slash = word->value ? memchr(word->value, '/', word->value_len) : NULL;

	*value = *mask = *word;
	if (!slash)
		return false;
	value->value_len = (size_t)(slash - word->value);
	mask->value = slash + 1;
	mask->value_len = word->value_len - value->value_len - 1;
	return true;
}

bool text_masked_number(struct text_parser *p, const struct text_word *word, uint64_t limit,
			     uint64_t *number, uint64_t *mask)
{
	struct text_word value, behind;
	bool masked = text_split_mask(word, &value, &behind);

	*mask = limit;
	return text_number(p, &value, limit, number) &&
	       (!masked || text_number(p, &behind, limit, mask));
}

/* "24" and its like; false if it is not one, whole. */
static bool read_bits(const struct text_word *word, unsigned int limit, unsigned int *bits)
{
	size_t i;

	*bits = 0;
	for (i = 0; i < word->value_len && i < 3; i++) {
		if (word->value[i] < '0' || word->value[i] > '9')
			return false;
		*bits = *bits * 10 + (unsigned int)(word->value[i] - '0');
	}
	return i && i == word->value_len && *bits <= limit;
}

bool text_masked_ipv4(struct text_parser *p, const struct text_word *word, uint32_t *addr,
		      uint32_t *mask)
{
	struct text_word value, behind;
	bool masked = text_split_mask(word, &value, &behind);
	unsigned int bits = 32;

	if (!text_ipv4(p, &value, addr))
		return false;
	if (masked && behind.value_len &&
	    read_ipv4(behind.value, behind.value_len, mask) == behind.value_len)
		return true;
	if (masked && !read_bits(&behind, 32, &bits))
		return text_fail(p, behind.value, "%.*s: expected a prefix length from 0 to 32, "
				 "or a netmask", text_shown(behind.value_len), behind.value);
	*mask = bits ? 0xffffffff << (32 - bits) : 0;
	return true;
}

static bool read_ipv6(const struct text_word *word, uint8_t addr[CVSW_IP_LEN])
{
	char copy[INET6_ADDRSTRLEN];

	if (word->value_len >= sizeof(copy))
		return false;
	memcpy(copy, word->value, word->value_len);
	copy[word->value_len] = '\0';
	return inet_pton(AF_INET6, copy, addr) == 1;
}

bool text_ipv6(struct text_parser *p, const struct text_word *word, uint8_t addr[CVSW_IP_LEN])
{
	if (!text_want_value(p, word))
		return false;
	if (!read_ipv6(word, addr))
		return text_fail(p, word->value, "%.*s: expected an IPv6 address like 2001:db8::1",
				 text_shown(word->value_len), word->value);
	return true;
}

bool text_masked_ipv6(struct text_parser *p, const struct text_word *word,
		      uint8_t addr[CVSW_IP_LEN], uint8_t mask[CVSW_IP_LEN])
{
	struct text_word value, behind;
	bool masked = text_split_mask(word, &value, &behind);
	unsigned int bits = 128, i;

	if (!text_ipv6(p, &value, addr))
		return false;
	if (masked && read_ipv6(&behind, mask))
		return true;
	if (masked && !read_bits(&behind, 128, &bits))
		return text_fail(p, behind.value, "%.*s: expected a prefix length from 0 to 128, "
				 "or a mask", text_shown(behind.value_len), behind.value);
	for (i = 0; i < CVSW_IP_LEN; i++, bits -= bits < 8 ? bits : 8)
		mask[i] = (uint8_t)(0xff00 >> (bits < 8 ? bits : 8));
	return true;
}

bool text_first_time(struct text_parser *p, const struct text_word *word, unsigned int part)
{
	if (p->seen[part])
		return text_fail(p, word->name, "%.*s was given before, in column %u",
				 text_shown(word->name_len), word->name,
				 (unsigned int)(p->seen[part] - p->text) + 1);
	p->seen[part] = word->name;
	return true;
}

bool text_tos(struct text_parser *p, const struct text_word *word, uint8_t *tos)
{
	uint64_t number;

	if (!text_number(p, word, 0xff, &number))
		return false;
	if (number & 3)
		return text_fail(p, word->value, "%.*s: expected a ToS byte without its two ECN "
				 "bits: a multiple of 4", text_shown(word->value_len), word->value);
	*tos = (uint8_t)number;
	return true;
}

struct text_word text_unquoted(const struct text_word *word)
{
	struct text_word bare = *word;

	if (bare.value_len > 2 && bare.value[0] == '"' && bare.value[bare.value_len - 1] == '"') {
		bare.value++;
		bare.value_len -= 2;
	}
	return bare;
}

bool text_table(struct text_parser *p, const struct text_word *word, uint8_t *table)
{
	uint64_t number;

	if (!text_number(p, word, UINT8_MAX, &number))
		return false;
	*table = (uint8_t)number;
	return number < CVSW_TABLES ||
	       text_fail(p, word->value, "%.*s: a NIC has no such table: expected 0 to %d",
			 text_shown(word->value_len), word->value, CVSW_TABLES - 1);
}

bool text_among(const char *words, const char *name, size_t len)
{
	for (; *words; words += strspn(words, " ")) {
		size_t n = strcspn(words, " ");

		/* One with a capital letter is printed only. */
		if (n == len && !strncasecmp(name, words, len) && (*words < 'A' || *words > 'Z'))
			return true;
		words += n;
	}
	return false;
}

const struct text_keyword *text_find(const struct text_keyword *keyword,
				     const struct text_word *word)
{
	while (keyword->words && !text_among(keyword->words, word->name, word->name_len))
		keyword++;
	return keyword->words ? keyword : NULL;
}
