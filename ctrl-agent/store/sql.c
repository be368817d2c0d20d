// SPDX-License-Identifier: GPL-2.0-or-later
#include "sql.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void add(struct sql *sql, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct sql *sql, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	sql->len += vsnprintf(sql->text + sql->len, sizeof(sql->text) - sql->len, format, args);
	va_end(args);
	if (sql->len >= sizeof(sql->text))
		abort();	/* tables do not change while we run */
}

/* The first @n columns, each with @suffix. */
static void add_columns(struct sql *sql, const struct rows_table *table, unsigned int n,
			const char *suffix)
{
	for (unsigned int i = 0; i < n; i++)
		add(sql, "%s[%s]%s", i ? ", " : "", table->columns[i].name, suffix);
}

static const char *sql_type(enum rows_type type)
{
	switch (type) {
	case ROWS_BOOL:
	case ROWS_U16:
	case ROWS_U32:
		return "INTEGER";
	case ROWS_BYTES:
		return "BLOB";
	default:
		return "TEXT";
	}
}

/* Its rows may be long: of such, a table without rowids takes a page for each beyond 1,000 bytes. */
static bool has_bytes(const struct rows_table *table)
{
	for (unsigned int i = 0; i < table->n_columns; i++)
		if (table->columns[i].type == ROWS_BYTES)
			return true;
	return false;
}

void sql_table(struct sql *sql, const struct rows_table *table)
{
	add(sql, "CREATE TABLE IF NOT EXISTS [%s] (", table->name);
	for (unsigned int i = 0; i < table->n_columns; i++) {
		const struct rows_column *column = &table->columns[i];

		add(sql, "[%s] %s%s", column->name, sql_type(column->type),
		    column->role == ROWS_MAY ? "" : " NOT NULL");
		if (rows_greatest(column->type))
			add(sql, " CHECK ([%s] BETWEEN 0 AND %u)", column->name,
			    rows_greatest(column->type));
		add(sql, ", ");
	}
	add(sql, "PRIMARY KEY (");
	add_columns(sql, table, table->n_keys, "");
	add(sql, ")) STRICT%s; CREATE TABLE IF NOT EXISTS [%s_aside] (", has_bytes(table) ? "" : ", WITHOUT ROWID",
	    table->name);
	add_columns(sql, table, table->n_columns, " ANY");
	add(sql, ") STRICT;");
}

void sql_unread_table(struct sql *sql, const struct rows_table *table)
{
	add(sql, "CREATE TEMP TABLE [%s_unread] (", table->name);
	add_columns(sql, table, table->n_keys, "");
	add(sql, "); CREATE INDEX temp.[%s_unread_key] ON [%s_unread] (", table->name, table->name);
	add_columns(sql, table, table->n_keys, "");
	add(sql, ");");
}

/* The first @n columns are what is bound. */
static void add_bound(struct sql *sql, const struct rows_table *table, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		add(sql, "%s[%s] IS ?%u", i ? " AND " : "", table->columns[i].name, i + 1);
}

/* Without the plus, a column's type would be forced on a value that has another one. */
static void add_is_unread(struct sql *sql, const struct rows_table *table)
{
	add(sql, "EXISTS (SELECT 1 FROM temp.[%s_unread] AS u WHERE ", table->name);
	for (unsigned int i = 0; i < table->n_keys; i++)
		add(sql, "%su.[%s] IS +[%s].[%s]", i ? " AND " : "", table->columns[i].name,
		    table->name, table->columns[i].name);
	add(sql, ")");
}

static void add_put(struct sql *sql, const struct rows_table *table)
{
	unsigned int i;

	add(sql, "INSERT INTO [%s] (", table->name);
	add_columns(sql, table, table->n_columns, "");
	for (i = 0; i < table->n_columns; i++)
		add(sql, "%s?%u", i ? ", " : ") VALUES (", i + 1);
	for (i = table->n_keys; i < table->n_columns; i++)
		add(sql, "%s[%s] = ?%u", i > table->n_keys ? ", " :
		    ") ON CONFLICT DO UPDATE SET ", table->columns[i].name, i + 1);
	for (i = table->n_keys; i < table->n_columns; i++)
		add(sql, "%s[%s] IS NOT ?%u", i > table->n_keys ? " OR " : " WHERE ",
		    table->columns[i].name, i + 1);
}

static void add_protect(struct sql *sql, const struct rows_table *table)
{
	add(sql, "INSERT INTO temp.[%s_unread] SELECT ", table->name);
	for (unsigned int i = 0; i < table->n_keys; i++)
		add(sql, "%s?%u", i ? ", " : "", i + 1);
	add(sql, " WHERE NOT EXISTS (SELECT 1 FROM temp.[%s_unread] WHERE ", table->name);
	add_bound(sql, table, table->n_keys);
	add(sql, ")");
}

static void add_delete(struct sql *sql, const struct rows_table *table, unsigned int n_bound,
		       bool unread)
{
	add(sql, "DELETE FROM [%s] WHERE ", table->name);
	add_bound(sql, table, n_bound);
	add(sql, "%s%s", n_bound ? " AND " : "", unread ? "" : "NOT ");
	add_is_unread(sql, table);
}

static void add_aside(struct sql *sql, const struct rows_table *table, unsigned int n_bound)
{
	add(sql, "INSERT INTO [%s_aside] SELECT ", table->name);
	add_columns(sql, table, table->n_columns, "");
	add(sql, " FROM [%s] WHERE ", table->name);
	add_bound(sql, table, n_bound);
	add(sql, " AND ");
	add_is_unread(sql, table);
}

static void add_free(struct sql *sql, const struct rows_table *table, unsigned int n_bound)
{
	add(sql, "DELETE FROM temp.[%s_unread] WHERE ", table->name);
	add_bound(sql, table, n_bound);
}

void sql_op(struct sql *sql, const struct rows_table *table, enum sql_op op)
{
	switch (op) {
	case SQL_PUT:
		add_put(sql, table);
		break;
	case SQL_DELETE:
	case SQL_DROP:
		add_delete(sql, table, table->n_keys, op == SQL_DROP);
		break;
	case SQL_DELETE_UNDER:
	case SQL_DROP_UNDER:
		add_delete(sql, table, 1, op == SQL_DROP_UNDER);
		break;
	case SQL_DELETE_ALL:
		add_delete(sql, table, 0, false);
		break;
	case SQL_ASIDE:
	case SQL_ASIDE_UNDER:
		add_aside(sql, table, op == SQL_ASIDE ? table->n_keys : 1);
		break;
	case SQL_FREE:
	case SQL_FREE_UNDER:
		add_free(sql, table, op == SQL_FREE ? table->n_keys : 1);
		break;
	case SQL_PROTECT:
		add_protect(sql, table);
		break;
	case SQL_N_OPS:
		break;
	}
}

void sql_each(struct sql *sql, const struct rows_table *table)
{
	add(sql, "SELECT ");
	add_columns(sql, table, table->n_columns, "");
	add(sql, " FROM [%s] ORDER BY ", table->name);
	add_columns(sql, table, table->n_keys, "");
}

void sql_each_aside(struct sql *sql, const struct rows_table *table)
{
	add(sql, "SELECT ");
	add_columns(sql, table, table->n_keys, "");
	add(sql, " FROM [%s_aside]", table->name);
}
