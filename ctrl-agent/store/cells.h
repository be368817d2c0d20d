/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The structs of rows.h to and from SQLite's values.  No value is converted: it has its type, or
 * is wrong.
 */
#ifndef CVSWD_CELLS_H
#define CVSWD_CELLS_H

#include <sqlite3.h>

#include "rows.h"

/** cells_bind() - the first @n columns of a row, whose texts stay until the statement is done */
void cells_bind(sqlite3_stmt *statement, const struct rows_table *table, const void *row,
		unsigned int n);

/**
 * cells_read() - the row that a SELECT of all columns is at
 * @row: out: as far as it has the right types; valid until the next step
 *
 * Return: bit n: column n has.
 */
uint32_t cells_read(sqlite3_stmt *each, const struct rows_table *table, union rows_any *row);

/** cells_print_key() - the first columns, for people, whatever their types; after cells_read() */
void cells_print_key(sqlite3_stmt *each, unsigned int n_keys, char *buf, size_t room);

#endif
