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
#include "base/wipe.h"

/*
 * @protects: there are rows that cannot be read: names of them in the table unread
 * @failed: a change since store_begin() could not be made
 */
struct store {
	sqlite3 *db;
	sqlite3_stmt *put;
	sqlite3_stmt *delete;
	sqlite3_stmt *delete_all;
	sqlite3_stmt *protect;
	sqlite3_stmt *set_aside;
	sqlite3_stmt *unprotect;
	bool protects;
	bool failed;
	char path[];
};

/* One writer, one process: no index of the log in shared memory is needed. */
static const char settings[] =
	"PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
	"PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;";
static const char schema[] =
	"BEGIN; CREATE TABLE kept (kind TEXT, name TEXT, value BLOB NOT NULL,"
	" PRIMARY KEY (kind, name)) WITHOUT ROWID; PRAGMA user_version = 2; COMMIT;";
static const char put_sql[] =
	"INSERT INTO kept VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = excluded.value"
	" WHERE value IS NOT excluded.value";
/* Of rows that cannot be read, in memory only. */
static const char unread_sql[] =
	"CREATE TEMP TABLE unread (kind, name, PRIMARY KEY (kind, name)) WITHOUT ROWID";
#define IS_UNREAD \
	"EXISTS (SELECT 1 FROM unread AS u WHERE u.kind IS kept.kind AND u.name IS kept.name)"
#define SET_ASIDE "set aside "
static const char delete_sql[] =
	"DELETE FROM kept WHERE kind = ?1 AND name = ?2 AND NOT " IS_UNREAD;
static const char delete_all_sql[] =
	"DELETE FROM kept WHERE (?1 IS NULL OR kind = ?1) AND NOT " IS_UNREAD
	" AND kind NOT GLOB '" SET_ASIDE "*'";
static const char protect_sql[] = "INSERT OR IGNORE INTO unread VALUES (?1, ?2)";
static const char set_aside_sql[] =
	"UPDATE OR REPLACE kept SET kind = '" SET_ASIDE "' || kind WHERE kind = ?1 AND name = ?2 AND " IS_UNREAD;
static const char unprotect_sql[] = "DELETE FROM unread WHERE kind = ?1 AND name = ?2";
static const char each_sql[] =
	"SELECT kind, name, value FROM kept WHERE kind >= ?1 AND (?2 IS NULL OR kind < ?2)"
	" ORDER BY kind, name";

static const char scrub[] =
	"BEGIN; INSERT OR REPLACE INTO kept VALUES ('', '', zeroblob(256)); ROLLBACK;";

static_assert(STORE_VERSION == 2, "the schema says so too");

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

static bool open_database(struct store *store)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, version;

	if (sqlite3_open_v2(store->path, &store->db, flags, NULL) || !run(store, settings))
		return false;
	version = version_of(store);
	if (version < 0 || version > STORE_VERSION || (!version && !run(store, schema)))
		return false;
	return run(store, unread_sql) && prepare(store, put_sql, &store->put) &&
	       prepare(store, delete_sql, &store->delete) &&
	       prepare(store, delete_all_sql, &store->delete_all) &&
	       prepare(store, protect_sql, &store->protect) &&
	       prepare(store, set_aside_sql, &store->set_aside) &&
	       prepare(store, unprotect_sql, &store->unprotect);
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
	sqlite3_finalize(store->put);
	sqlite3_finalize(store->delete);
	sqlite3_finalize(store->delete_all);
	sqlite3_finalize(store->protect);
	sqlite3_finalize(store->set_aside);
	sqlite3_finalize(store->unprotect);
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
	store->failed = false;
	if (!run(store, "BEGIN IMMEDIATE"))
		fail(store);
}

int store_version(struct store *store)
{
	return store ? version_of(store) : STORE_VERSION;
}

void store_migrated(struct store *store)
{
	if (store && !store->failed && !run(store, "PRAGMA user_version = 2"))
		fail(store);
}

/* NULL, of @name too, binds SQL's. */
static void change(struct store *store, sqlite3_stmt *statement, const char *kind,
		   const char *name)
{
	sqlite3_bind_text(statement, 1, kind, -1, SQLITE_STATIC);
	if (name)
		sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
	if (!store->failed && sqlite3_step(statement) != SQLITE_DONE)
		fail(store);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}

void store_put(struct store *store, const char *kind, const char *name, const void *value,
	       size_t len)
{
	if (!store)
		return;
	if (store->protects) {
		change(store, store->set_aside, kind, name);
		change(store, store->unprotect, kind, name);
	}
	sqlite3_bind_blob64(store->put, 3, value, len, SQLITE_STATIC);
	change(store, store->put, kind, name);
}

void store_delete(struct store *store, const char *kind, const char *name)
{
	if (store)
		change(store, store->delete, kind, name);
}

void store_delete_all(struct store *store, const char *kind)
{
	if (store)
		change(store, store->delete_all, kind, NULL);
}

bool store_commit(struct store *store)
{
	if (!store)
		return true;
	if (!store->failed && run(store, "COMMIT"))
		return true;
	fail(store);
	run(store, "ROLLBACK");
	return false;
}

/*
 * Deleted values are overwritten in the database at once, but its log has them still, and
 * so has the buffer in which SQLite composed the last row.
 */
void store_scrub(struct store *store)
{
	if (store && (!run(store, scrub) || !run(store, "PRAGMA wal_checkpoint(TRUNCATE)")))
		log_limited(LOG_ERR, "%s: %s", store->path, sqlite3_errmsg(store->db));
}

/* Text, or NULL for what is none, or what has a NUL inside. */
static const char *text_of(sqlite3_stmt *each, int column)
{
	const char *text;

	/* First the type: to ask for a text makes one of what is none. */
	if (sqlite3_column_type(each, column) != SQLITE_TEXT)
		return NULL;
	text = (const char *)sqlite3_column_text(each, column);
	return text && strlen(text) == (size_t)sqlite3_column_bytes(each, column) ? text : NULL;
}

/* By its values as they are, whatever their types.  False: that has been done. */
static bool protect(struct store *store, sqlite3_stmt *each)
{
	bool new;

	sqlite3_bind_value(store->protect, 1, sqlite3_column_value(each, 0));
	sqlite3_bind_value(store->protect, 2, sqlite3_column_value(each, 1));
	new = sqlite3_step(store->protect) == SQLITE_DONE && sqlite3_changes(store->db) > 0;
	sqlite3_reset(store->protect);
	sqlite3_clear_bindings(store->protect);
	store->protects = true;
	return new;
}

bool store_each(struct store *store, const char *from, const char *to,
		const char *(*take)(void *arg, const struct store_row *row),
		void (*skipped)(void *arg, const struct store_row *row, const char *why),
		void *arg)
{
	sqlite3_stmt *each = NULL;
	int result = SQLITE_ERROR;

	if (!store)
		return true;
	if (prepare(store, each_sql, &each)) {
		sqlite3_bind_text(each, 1, from, -1, SQLITE_STATIC);
		if (to)
			sqlite3_bind_text(each, 2, to, -1, SQLITE_STATIC);
	}
	while (each && (result = sqlite3_step(each)) == SQLITE_ROW) {
		/* The values last: a conversion of another column could move them. */
		struct store_row row = { .kind = text_of(each, 0), .name = text_of(each, 1) };
		const char *why;

		row.value = sqlite3_column_blob(each, 2);
		row.len = sqlite3_column_bytes(each, 2);
		why = take(arg, &row);
		if (why && protect(store, each))
			skipped(arg, &row, why);
	}
	if (result != SQLITE_DONE)
		say_unusable(store);
	sqlite3_finalize(each);
	return result == SQLITE_DONE;
}
