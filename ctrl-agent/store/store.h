/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What survives the daemon: typed rows, in the tables of rows.h.  Changes are made in
 * transactions: when store_commit() returns true, all of one is on the disk, whatever
 * happens to the process then; else nothing of it is.
 *
 * store.c implements this with SQLite, and alone knows so.  Another backend implements the same
 * functions from the same description: it needs tables with keys, transactions, and a place for
 * rows that cannot be read.
 *
 * The file is the daemon's own (mode 0600, its folder 0700 if it is made here), as
 * keys are in it; memory that held a value is zeroed.
 */
#ifndef CVSWD_STORE_H
#define CVSWD_STORE_H

#include "rows.h"

/*
 * The format of the rows, PRAGMA user_version in the file.  1: one table "kept", an overlay's row
 * has the SPIs in use; 2: those have rows of their own; 3: the tables of rows.h, but for "group"
 * and "controlled"; 4: all of them.
 */
#define STORE_VERSION	4
#define STORE_TYPED	3	/* since then there is a table for each kind of rows */

struct store;

/** store_open() - open or make a file; NULL after an error line */
struct store *store_open(const char *path);

/** store_close() - NULL does nothing */
void store_close(struct store *store);

/* Of these, NULL for a store succeeds and keeps nothing. */
void store_begin(struct store *store);

/** store_commit() - false: nothing since store_begin() is kept; the reason was logged */
bool store_commit(struct store *store);

/**
 * store_put() - add a row, or let it replace the one of its key
 * @row: the table's struct; everything is copied
 */
void store_put(struct store *store, enum rows_table_number table, const void *row);

/** store_delete() - the row of this key, if it is there; only the key columns of @row are read */
void store_delete(struct store *store, enum rows_table_number table, const void *row);

/**
 * store_delete_all() - those with the first key column of @row; NULL: all of the table
 *
 * Rows that cannot be read are not deleted. With @row, they are set aside: as before store_put().
 */
void store_delete_all(struct store *store, enum rows_table_number table, const void *row);

/** store_version() - the format of the rows in the file; STORE_VERSION: today's */
int store_version(struct store *store);

/**
 * store_upgrade() - within a transaction: to today's format
 *
 * Makes its tables, and drops the rows of the former one but for those that cannot be read. All
 * of it must have been read before, and is to be put in the same transaction.
 */
void store_upgrade(struct store *store);

/** store_scrub() - what was deleted stands in none of the store's files any more */
void store_scrub(struct store *store);

/**
 * struct store_unread - a row that cannot be read
 * @number: of its table; ROWS_N: it is in none of rows.h
 * @table, @key, @why: for people, printable
 * @row: its struct: what of it can be read; NULL if it is in none of these tables
 * @readable: bit n: column n can
 */
struct store_unread {
	enum rows_table_number number;
	const char *table;
	const char *key;
	const char *why;
	const void *row;
	uint32_t readable;
};

/**
 * store_each() - all rows of a table, by key
 * @take: of a row in which all has its type: NULL, or why it cannot be read, a static text or
 *	one that lasts until the next call
 * @skipped: told of each row that cannot be read, once however often it is met
 *
 * A row that cannot be read is left in the file as it is, from then on: nothing deletes it,
 * and when its place is needed it is set aside first, into the table NAME_aside.
 *
 * Return: false: the file cannot be read (that was logged).
 */
bool store_each(struct store *store, enum rows_table_number table,
		const char *(*take)(void *arg, const void *row),
		void (*skipped)(void *arg, const struct store_unread *unread), void *arg);

/** store_each_other() - tells @skipped of rows that were set aside, and of unknown tables */
bool store_each_other(struct store *store,
		      void (*skipped)(void *arg, const struct store_unread *unread), void *arg);

#endif
