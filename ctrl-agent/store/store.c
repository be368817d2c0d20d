// SPDX-License-Identifier: GPL-2.0-or-later
#include "store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "base/wipe.h"
#include "cells.h"
#include "sql.h"

/*
 * @version: of the format in the file; @upgraded: it is to be STORE_VERSION with the next commit
 * @protects: of a table there are rows that cannot be read: their keys are in temp.NAME_unread
 * @failed: a change since store_begin() could not be made
 */
struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[ROWS_N][SQL_N_OPS];
	int version;
	bool upgraded;
	bool protects[ROWS_N];
	bool failed;
	char path[];
};

/* One writer, one process: no index of the log in shared memory is needed. */
static const char settings[] =
	"PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
	"PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;";
static const char scrub[] =
	"BEGIN; INSERT OR REPLACE INTO [key] VALUES ('', zeroblob(256)); ROLLBACK;";

/* ---- SQLite's memory, which pages with keys pass through ---- */

static void *memory_new(int size)
{
	return wipe_malloc(size);
}

static void *memory_resize(void *old, int size)
{
	return wipe_realloc(old, size);
}

static int memory_size(void *memory)
{
	return memory ? (int)malloc_usable_size(memory) : 0;
}

static int memory_roundup(int size)
{
	return (size + 7) & ~7;
}

static int memory_init(void *arg)
{
	(void)arg;
	return SQLITE_OK;
}

static void memory_shutdown(void *arg)
{
	(void)arg;
}

static const sqlite3_mem_methods wiping = {
	.xMalloc = memory_new, .xFree = wipe_free, .xRealloc = memory_resize,
	.xSize = memory_size, .xRoundup = memory_roundup, .xInit = memory_init,
	.xShutdown = memory_shutdown,
};

/* ---- opening ---- */

static bool make_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	bool good;

	if (!slash || slash == path)
		return true;
	folder = alloc_checked(strndup(path, slash - path));
	good = !mkdir(folder, 0700) || errno == EEXIST;
	free(folder);
	return good;
}

/* Made here and not by SQLite, which would let others read it; its log gets the same mode. */
static bool make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool good = fd >= 0 && !fchmod(fd, 0600);

	if (fd >= 0)
		close(fd);
	return good;
}

static bool run(struct store *store, const char *sql)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static int version_of(struct store *store)
{
	sqlite3_stmt *statement;
	int version = -1;

	if (sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &statement, NULL))
		return version;
	if (sqlite3_step(statement) == SQLITE_ROW)
		version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return version;
}

static bool prepare(struct store *store, const char *sql, sqlite3_stmt **statement)
{
	return sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement,
				  NULL) == SQLITE_OK;
}

/* A number that a query returns; -1: it cannot be asked. */
static int ask(struct store *store, const char *sql, const char *bound)
{
	sqlite3_stmt *statement = NULL;
	int number = -1;

	if (!prepare(store, sql, &statement))
		return number;
	if (bound)
		sqlite3_bind_text(statement, 1, bound, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

static int has_table(struct store *store, const char *name)
{
	return ask(store, "SELECT count(*) FROM sqlite_master WHERE name = ?1", name);
}

/* Today's tables: those that are not there, empty. */
static bool make_tables(struct store *store)
{
	for (int i = 0; i < ROWS_N; i++) {
		struct sql sql = { .len = 0 };

		if (i == ROWS_kept || has_table(store, rows_tables[i].name))
			continue;
		sql_table(&sql, &rows_tables[i]);
		if (!run(store, sql.text))
			return false;
	}
	static_assert(STORE_VERSION == 4, "the file says so too");
	return run(store, "PRAGMA user_version = 4");
}

/* Can its tables be read?  Another one's could have the same number. */
static bool has_tables(struct store *store)
{
	for (int i = 0; i < ROWS_N; i++) {
		struct sql sql = { .len = 0 };
		sqlite3_stmt *each = NULL;
		bool good;

		if (i == ROWS_kept)
			continue;
		sql_each(&sql, &rows_tables[i]);
		good = prepare(store, sql.text, &each);
		sqlite3_finalize(each);
		if (!good)
			return false;
	}
	return true;
}

static bool make_unread_tables(struct store *store)
{
	for (int i = 0; i < ROWS_N; i++) {
		struct sql sql = { .len = 0 };

		sql_unread_table(&sql, &rows_tables[i]);
		if (!run(store, sql.text))
			return false;
	}
	return true;
}

static bool open_database(struct store *store)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;

	if (sqlite3_open_v2(store->path, &store->db, flags, NULL) || !run(store, settings))
		return false;
	store->version = version_of(store);
	if (store->version < 0 || store->version > STORE_VERSION)
		return false;
	if (!store->version) {
		if (!run(store, "BEGIN") || !make_tables(store) || !run(store, "COMMIT"))
			return false;
		store->version = STORE_VERSION;
	}
	return (store->version < STORE_VERSION || has_tables(store)) && make_unread_tables(store);
}

/* What is wrong, and what to do; nothing has been changed. */
static void say_unusable(struct store *store)
{
	int version = store->db ? version_of(store) : -1;

	if (version > STORE_VERSION)
		log_line(LOG_ERR, "%s: this database was written by a newer version of cvswd "
			 "(format %d; this cvswd reads formats up to %d). Start that version, or move the "
			 "file away to start with an empty database; the file was not changed",
			 store->path, version, STORE_VERSION);
	else
		log_line(LOG_ERR, "%s: %s. If the database is damaged, restore a backup, or move "
			 "the file away to start with an empty database", store->path,
			 store->db ? sqlite3_errmsg(store->db) : strerror(ENOMEM));
}

struct store *store_open(const char *path)
{
	struct store *store;

	sqlite3_config(SQLITE_CONFIG_MALLOC, &wiping);
	if (!make_folder(path) || !make_file(path)) {
		log_line(LOG_ERR, "%s: %s", path, strerror(errno));
		return NULL;
	}
	store = xcalloc(1, sizeof(*store) + strlen(path) + 1);
	memcpy(store->path, path, strlen(path) + 1);
	if (open_database(store))
		return store;
	say_unusable(store);
	store_close(store);
	return NULL;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (int i = 0; i < ROWS_N; i++)
		for (int op = 0; op < SQL_N_OPS; op++)
			sqlite3_finalize(store->statements[i][op]);
	sqlite3_close(store->db);
	free(store);
	sqlite3_shutdown();
}

/* ---- use ---- */

static void fail(struct store *store)
{
	if (!store->failed)
		log_limited(LOG_ERR, "%s: %s", store->path, sqlite3_errmsg(store->db));
	store->failed = true;
}

void store_begin(struct store *store)
{
	if (!store)
		return;
	store->failed = store->upgraded = false;
	if (!run(store, "BEGIN IMMEDIATE"))
		fail(store);
}

bool store_commit(struct store *store)
{
	if (!store)
		return true;
	if (!store->failed && run(store, "COMMIT")) {
		if (store->upgraded)
			store->version = STORE_VERSION;
		return true;
	}
	fail(store);
	run(store, "ROLLBACK");
	return false;
}

/* What does it, ready to be bound; NULL: that is an error that was dealt with. */
static sqlite3_stmt *statement_of(struct store *store, enum rows_table_number table, enum sql_op op)
{
	sqlite3_stmt **statement = &store->statements[table][op];
	struct sql sql = { .len = 0 };

	if (!*statement) {
		sql_op(&sql, &rows_tables[table], op);
		if (!prepare(store, sql.text, statement))
			fail(store);
	}
	return *statement;
}

/* With the first @n columns of a row bound. */
static void change(struct store *store, enum rows_table_number table, enum sql_op op,
		   const void *row, unsigned int n)
{
	sqlite3_stmt *statement = store->failed ? NULL : statement_of(store, table, op);

	if (!statement)
		return;
	cells_bind(statement, &rows_tables[table], row, n);
	if (sqlite3_step(statement) != SQLITE_DONE)
		fail(store);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}

void store_put(struct store *store, enum rows_table_number table, const void *row)
{
	unsigned int n_keys = rows_tables[table].n_keys;

	if (!store)
		return;
	if (store->protects[table]) {
		change(store, table, SQL_ASIDE, row, n_keys);
		change(store, table, SQL_DROP, row, n_keys);
		change(store, table, SQL_FREE, row, n_keys);
	}
	change(store, table, SQL_PUT, row, rows_tables[table].n_columns);
}

void store_delete(struct store *store, enum rows_table_number table, const void *row)
{
	if (store)
		change(store, table, SQL_DELETE, row, rows_tables[table].n_keys);
}

void store_delete_all(struct store *store, enum rows_table_number table, const void *row)
{
	if (!store)
		return;
	if (!row) {
		change(store, table, SQL_DELETE_ALL, NULL, 0);
		return;
	}
	change(store, table, SQL_DELETE_UNDER, row, 1);
	if (!store->protects[table])
		return;
	change(store, table, SQL_ASIDE_UNDER, row, 1);
	change(store, table, SQL_DROP_UNDER, row, 1);
	change(store, table, SQL_FREE_UNDER, row, 1);
}

int store_version(struct store *store)
{
	return store ? store->version : STORE_VERSION;
}

void store_upgrade(struct store *store)
{
	if (!store || store->failed)
		return;
	store->upgraded = make_tables(store);
	if (!store->upgraded)
		fail(store);
	if (!has_table(store, rows_tables[ROWS_kept].name))
		return;
	store_delete_all(store, ROWS_kept, NULL);
	if (!store->failed && !ask(store, "SELECT count(*) FROM [kept]", NULL) &&
	    !run(store, "DROP TABLE [kept]"))
		fail(store);
}

/*
 * Deleted values are overwritten in the database at once, but its log has them still, and
 * so has the buffer in which SQLite composed the last row.
 */
void store_scrub(struct store *store)
{
	if (store && ((store->version == STORE_VERSION && !run(store, scrub)) ||
		      !run(store, "PRAGMA wal_checkpoint(TRUNCATE)")))
		log_limited(LOG_ERR, "%s: %s", store->path, sqlite3_errmsg(store->db));
}

/* ---- reading ---- */

/* By its key as it is, whatever its types.  False: that has been done. */
static bool protect(struct store *store, enum rows_table_number table, sqlite3_stmt *each)
{
	sqlite3_stmt *statement = statement_of(store, table, SQL_PROTECT);
	bool new;

	if (!statement)
		return true;
	for (unsigned int i = 0; i < rows_tables[table].n_keys; i++)
		sqlite3_bind_value(statement, i + 1, sqlite3_column_value(each, i));
	new = sqlite3_step(statement) == SQLITE_DONE && sqlite3_changes(store->db) > 0;
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	store->protects[table] = true;
	return new;
}

/* Of a row that has a column of a wrong type. */
static const char *wrong_column(const struct rows_table *table, uint32_t readable, char *why,
				size_t room)
{
	unsigned int i = 0;

	while (readable & 1u << i)
		i++;
	snprintf(why, room, "%s is not %s", table->columns[i].name,
		 rows_type_text(table->columns[i].type));
	return why;
}

static void take_row(struct store *store, enum rows_table_number number, sqlite3_stmt *each,
		     const char *(*take)(void *arg, const void *row),
		     void (*skipped)(void *arg, const struct store_unread *unread), void *arg)
{
	const struct rows_table *table = &rows_tables[number];
	char key[256], why[160];
	union rows_any row;
	struct store_unread unread = {
		.number = number, .table = table->name, .row = &row,
		.readable = cells_read(each, table, &row), .key = key,
	};

	unread.why = unread.readable == (1u << table->n_columns) - 1 ? take(arg, &row) :
		     wrong_column(table, unread.readable, why, sizeof(why));
	if (!unread.why || !protect(store, number, each))
		return;
	/* Last, as it makes texts of what is none. */
	cells_print_key(each, table->n_keys, key, sizeof(key));
	skipped(arg, &unread);
}

/* The result of sqlite3_step() after the last row. */
static bool is_read(struct store *store, sqlite3_stmt *each, int result)
{
	if (result != SQLITE_DONE)
		say_unusable(store);
	sqlite3_finalize(each);
	return result == SQLITE_DONE;
}

bool store_each(struct store *store, enum rows_table_number table,
		const char *(*take)(void *arg, const void *row),
		void (*skipped)(void *arg, const struct store_unread *unread), void *arg)
{
	struct sql sql = { .len = 0 };
	sqlite3_stmt *each = NULL;
	int result = SQLITE_ERROR;

	if (!store || !has_table(store, rows_tables[table].name))
		return true;
	sql_each(&sql, &rows_tables[table]);
	if (prepare(store, sql.text, &each))
		while ((result = sqlite3_step(each)) == SQLITE_ROW)
			take_row(store, table, each, take, skipped, arg);
	return is_read(store, each, result);
}

static bool each_aside(struct store *store, const struct rows_table *table,
		       void (*skipped)(void *arg, const struct store_unread *unread), void *arg)
{
	char name[48], key[256];
	const struct store_unread unread = {
		.number = ROWS_N, .table = name, .key = key,
		.why = "it could not be read before, and its place was taken",
	};
	struct sql sql = { .len = 0 };
	sqlite3_stmt *each = NULL;
	int result = SQLITE_ERROR;

	snprintf(name, sizeof(name), "%s_aside", table->name);
	if (!has_table(store, name))
		return true;
	sql_each_aside(&sql, table);
	if (prepare(store, sql.text, &each))
		while ((result = sqlite3_step(each)) == SQLITE_ROW) {
			cells_print_key(each, table->n_keys, key, sizeof(key));
			skipped(arg, &unread);
		}
	return is_read(store, each, result);
}

static bool is_known(const char *name)
{
	for (int i = 0; i < ROWS_N; i++) {
		size_t len = strlen(rows_tables[i].name);

		if (!strncmp(name, rows_tables[i].name, len) &&
		    (!name[len] || !strcmp(name + len, "_aside")))
			return true;
	}
	return false;
}

static bool each_unknown(struct store *store,
			 void (*skipped)(void *arg, const struct store_unread *unread), void *arg)
{
	char name[48];
	const struct store_unread unread = {
		.number = ROWS_N, .table = name, .key = "(all rows)",
		.why = "it is not known to this version of cvswd",
	};
	sqlite3_stmt *each = NULL;
	int result = SQLITE_ERROR;

	if (prepare(store, "SELECT name FROM sqlite_master WHERE type = 'table' AND "
		    "name NOT GLOB 'sqlite_*'", &each))
		while ((result = sqlite3_step(each)) == SQLITE_ROW) {
			const char *text = (const char *)sqlite3_column_text(each, 0);

			if (!text || is_known(text))
				continue;
			text_printable((const uint8_t *)text, strlen(text), name, sizeof(name));
			skipped(arg, &unread);
		}
	return is_read(store, each, result);
}

bool store_each_other(struct store *store,
		      void (*skipped)(void *arg, const struct store_unread *unread), void *arg)
{
	if (!store)
		return true;
	for (int i = 0; i < ROWS_N; i++)
		if (!each_aside(store, &rows_tables[i], skipped, arg))
			return false;
	return each_unknown(store, skipped, arg);
}
