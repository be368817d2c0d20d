// SPDX-License-Identifier: GPL-2.0-or-later
#include "cells.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cvsw_text.h"
#include "nic/nic.h"

/* Of a MAC or an IPv4 address. */
#define ADDRESS_TEXT_LEN	MAC_TEXT_LEN
static_assert(ADDRESS_TEXT_LEN >= INET_ADDRSTRLEN, "both fit");

static void *cell_of(const struct rows_column *column, const void *row)
{
	return (char *)row + column->at;
}

static bool *has_of(const struct rows_column *column, const void *row)
{
	return column->role == ROWS_MAY ? (bool *)((char *)row + column->has) : NULL;
}

static uint32_t number_of(enum rows_type type, const void *cell)
{
	return type == ROWS_BOOL ? *(const bool *)cell : type == ROWS_U16 ?
	       *(const uint16_t *)cell : *(const uint32_t *)cell;
}

static void mac_text(const uint8_t mac[CVSW_ETH_ALEN], char text[ADDRESS_TEXT_LEN])
{
	snprintf(text, ADDRESS_TEXT_LEN, MAC_FORMAT, MAC_BYTES(mac));
}

static void ipv4_text(uint32_t address, char text[ADDRESS_TEXT_LEN])
{
	address = htonl(address);
	inet_ntop(AF_INET, &address, text, ADDRESS_TEXT_LEN);
}

/* Texts and bytes stay where they are: the row lives until the statement is done. */
static void bind_cell(sqlite3_stmt *statement, int at, const struct rows_column *column,
		      const void *row)
{
	const void *cell = cell_of(column, row);
	const bool *has = has_of(column, row);
	const struct rows_bytes *bytes = cell;
	char text[ADDRESS_TEXT_LEN];

	if (has && !*has) {
		sqlite3_bind_null(statement, at);
		return;
	}
	switch (column->type) {
	case ROWS_MAC:
		mac_text(cell, text);
		sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
		break;
	case ROWS_IPV4:
		ipv4_text(*(const uint32_t *)cell, text);
		sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
		break;
	case ROWS_TEXT:
		sqlite3_bind_text(statement, at, *(const char *const *)cell, -1, SQLITE_STATIC);
		break;
	case ROWS_BYTES:
		if (bytes->len)
			sqlite3_bind_blob64(statement, at, bytes->at, bytes->len, SQLITE_STATIC);
		else
			sqlite3_bind_zeroblob(statement, at, 0);
		break;
	default:
		sqlite3_bind_int64(statement, at, number_of(column->type, cell));
	}
}

void cells_bind(sqlite3_stmt *statement, const struct rows_table *table, const void *row,
		unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		bind_cell(statement, i + 1, &table->columns[i], row);
}

/* Text, or NULL for what is none, or what has a NUL inside. */
static const char *text_of(sqlite3_stmt *each, int at)
{
	const char *text;

	/* First the type: to ask for a text makes one of what is none. */
	if (sqlite3_column_type(each, at) != SQLITE_TEXT)
		return NULL;
	text = (const char *)sqlite3_column_text(each, at);
	return text && strlen(text) == (size_t)sqlite3_column_bytes(each, at) ? text : NULL;
}

static bool read_number(sqlite3_stmt *each, int at, enum rows_type type, void *cell)
{
	sqlite3_int64 value = sqlite3_column_int64(each, at);

	if (sqlite3_column_type(each, at) != SQLITE_INTEGER || value < 0 || value > rows_greatest(type))
		return false;
	if (type == ROWS_BOOL)
		*(bool *)cell = value;
	else if (type == ROWS_U16)
		*(uint16_t *)cell = value;
	else
		*(uint32_t *)cell = value;
	return true;
}

/* In the one form in which it is written. */
static bool read_mac(const char *text, uint8_t mac[CVSW_ETH_ALEN])
{
	char back[ADDRESS_TEXT_LEN];

	if (!text || !cvsw_text_mac(text, mac))
		return false;
	mac_text(mac, back);
	return !strcmp(text, back);
}

static bool read_ipv4(const char *text, uint32_t *address)
{
	struct in_addr in;

	if (!text || inet_pton(AF_INET, text, &in) != 1)
		return false;
	*address = ntohl(in.s_addr);
	return true;
}

static bool read_cell(sqlite3_stmt *each, int at, const struct rows_column *column, void *row)
{
	struct rows_bytes *bytes = cell_of(column, row);
	void *cell = cell_of(column, row);
	bool *has = has_of(column, row);

	if (has && sqlite3_column_type(each, at) == SQLITE_NULL)
		return true;
	if (has)
		*has = true;
	switch (column->type) {
	case ROWS_MAC:
		return read_mac(text_of(each, at), cell);
	case ROWS_IPV4:
		return read_ipv4(text_of(each, at), cell);
	case ROWS_TEXT:
		return (*(const char **)cell = text_of(each, at));
	case ROWS_BYTES:
		bytes->at = sqlite3_column_blob(each, at) ?: "";
		bytes->len = sqlite3_column_bytes(each, at);
		return sqlite3_column_type(each, at) == SQLITE_BLOB;
	default:
		return read_number(each, at, column->type, cell);
	}
}

uint32_t cells_read(sqlite3_stmt *each, const struct rows_table *table, union rows_any *row)
{
	uint32_t readable = 0;

	memset(row, 0, sizeof(*row));
	for (unsigned int i = 0; i < table->n_columns; i++)
		if (read_cell(each, i, &table->columns[i], row))
			readable |= 1u << i;
	return readable;
}

void cells_print_key(sqlite3_stmt *each, unsigned int n_keys, char *buf, size_t room)
{
	size_t len = 0;

	*buf = 0;
	for (unsigned int i = 0; i < n_keys && len + 1 < room; i++) {
		const char *text = (const char *)sqlite3_column_text(each, i);

		if (i)
			buf[len++] = ' ';
		text_printable((const uint8_t *)(text ? text : "(nothing)"),
			       text ? (size_t)sqlite3_column_bytes(each, i) : 9, buf + len,
			       room - len);
		len += strlen(buf + len);
	}
}
