/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SQL that follows from rows.h, for SQLite; texts only, and no names from elsewhere in them. */
#ifndef CVSWD_SQL_H
#define CVSWD_SQL_H

#include "rows.h"

/* SQL that is being written.  Names stand in brackets, because "match" is a keyword. */
struct sql {
	char text[2048];
	size_t len;
};

/*
 * What is done with rows of a table: with that of the key that is bound; UNDER: with those of its
 * first column; ALL: with all.  "Unread" are those that are in temp.NAME_unread.
 */
enum sql_op {
	SQL_PUT,
	SQL_DELETE,		/* unless it is unread */
	SQL_DELETE_UNDER,
	SQL_DELETE_ALL,
	SQL_ASIDE,		/* copy what is unread to NAME_aside */
	SQL_ASIDE_UNDER,
	SQL_DROP,		/* delete what is unread */
	SQL_DROP_UNDER,
	SQL_FREE,		/* it is not unread any more */
	SQL_FREE_UNDER,
	SQL_PROTECT,		/* it is unread, from now on */
	SQL_N_OPS,
};

/** sql_table() - makes a table, and NAME_aside for rows of it that could not be read */
void sql_table(struct sql *sql, const struct rows_table *table);

/** sql_unread_table() - makes temp.NAME_unread: keys, of any type, of rows that cannot be read */
void sql_unread_table(struct sql *sql, const struct rows_table *table);

/** sql_op() - the columns of a row are bound by their numbers, from 1 on */
void sql_op(struct sql *sql, const struct rows_table *table, enum sql_op op);

/** sql_each() - all rows, all columns, by key */
void sql_each(struct sql *sql, const struct rows_table *table);

/** sql_each_aside() - the keys in NAME_aside */
void sql_each_aside(struct sql *sql, const struct rows_table *table);

#endif
