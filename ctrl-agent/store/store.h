/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What survives the daemon: values by kind and name.  Changes are made in
 * transactions: when store_commit() returns true, all of one is on the disk, whatever
 * happens to the process then; else nothing of it is.  store.c alone knows that this
 * is SQLite.
 *
 * The file is the daemon's own (mode 0600, its folder 0700 if it is made here), as
 * keys are in it; memory that held a value is zeroed.
 */
#ifndef CVSWD_STORE_H
#define CVSWD_STORE_H

#include <stdbool.h>
#include <stddef.h>

#define STORE_VERSION	2	/* the format of the rows: store_version() */

struct store;

/** store_open() - open or make a file; NULL after an error line */
struct store *store_open(const char *path);

/** store_close() - NULL does nothing */
void store_close(struct store *store);

/* Of these, NULL for a store succeeds and keeps nothing. */
void store_begin(struct store *store);
void store_put(struct store *store, const char *kind, const char *name, const void *value,
	       size_t len);
void store_delete(struct store *store, const char *kind, const char *name);

/**
 * store_version() - the format of the rows in the file; STORE_VERSION: today's
 *
 * 1: an overlay's row has the SPIs in use; 2: they have rows of their own, kind "ways OVERLAY".
 */
int store_version(struct store *store);

/** store_migrated() - within a transaction: all rows have today's format when it is committed */
void store_migrated(struct store *store);

/** store_delete_all() - of a kind; NULL: all there is */
void store_delete_all(struct store *store, const char *kind);

/** store_commit() - false: nothing since store_begin() is kept; the reason was logged */
bool store_commit(struct store *store);

/** store_scrub() - what was deleted stands in none of the store's files any more */
void store_scrub(struct store *store);

/**
 * struct store_row - a value that is kept
 * @kind, @name: NULL: it is no text, which nothing of ours is
 */
struct store_row {
	const char *kind;
	const char *name;
	const void *value;
	size_t len;
};

/**
 * store_each() - all values of some kinds, by kind and name
 * @from, @to: kinds from here on, and before that; NULL: to the end
 * @take: NULL, or why it cannot be read
 * @skipped: told of each row that cannot be read, once however often it is met
 *
 * A row that cannot be read is left in the file as it is, from then on: nothing deletes it,
 * and when its name is put again it is set aside first, under another kind.
 *
 * Return: false: the file cannot be read (that was logged).
 */
bool store_each(struct store *store, const char *from, const char *to,
		const char *(*take)(void *arg, const struct store_row *row),
		void (*skipped)(void *arg, const struct store_row *row, const char *why),
		void *arg);

#endif
