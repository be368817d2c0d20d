// SPDX-License-Identifier: GPL-2.0-or-later
#include "rows.h"

#include <assert.h>

#define COLUMN_HAS_KEY(table, name)	0
#define COLUMN_HAS_MUST(table, name)	0
#define COLUMN_HAS_MAY(table, name)	offsetof(struct row_##table, has_##name)
#define COLUMN(table, role, type, name)	\
	{ #name, ROWS_##role, ROWS_##type, offsetof(struct row_##table, name),	\
	  COLUMN_HAS_##role(table, name) },
#define COLUMNS(table)	\
	static const struct rows_column table##_columns[] = { ROWS_OF_##table(COLUMN, table) };	\
	static_assert(sizeof(table##_columns) <= ROWS_MAX_COLUMNS * sizeof(*table##_columns), #table);

ROWS_TABLES(COLUMNS)

#define IS_KEY_KEY	1
#define IS_KEY_MUST	0
#define IS_KEY_MAY	0
#define COUNT(table, role, type, name)		+ 1
#define COUNT_KEY(table, role, type, name)	+ IS_KEY_##role
#define TABLE(table)	\
	[ROWS_##table] = { #table, table##_columns, 0 ROWS_OF_##table(COUNT, table),	\
			   0 ROWS_OF_##table(COUNT_KEY, table) },

const struct rows_table rows_tables[ROWS_N] = { ROWS_TABLES(TABLE) };

const char *rows_type_text(enum rows_type type)
{
	switch (type) {
	case ROWS_MAC:
		return "a MAC address";
	case ROWS_BOOL:
		return "0 or 1";
	case ROWS_U16:
		return "a number of 16 bits";
	case ROWS_U32:
		return "a number of 32 bits";
	case ROWS_IPV4:
		return "an IPv4 address";
	case ROWS_TEXT:
		return "a text";
	case ROWS_BYTES:
		return "bytes";
	}
	return "?";
}

uint32_t rows_greatest(enum rows_type type)
{
	return type == ROWS_BOOL ? 1 : type == ROWS_U16 ? UINT16_MAX :
	       type == ROWS_U32 ? UINT32_MAX : 0;
}
