/* SPDX-License-Identifier: MIT */
/* store.c - a connection to SQLite and its cache of statements; see store.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "local/cap.h"
#include "local/store.h"

static int	failed(struct store *, const char *);
static int	bind_values(sqlite3_stmt *, const char *, va_list);

/* Note what went wrong; the statement's text holds no values, so it may be logged. */
static int
failed(struct store *store, const char *what)
{
	int code = sqlite3_errcode(store->db) & 0xff;

	store->busy = code == SQLITE_BUSY || code == SQLITE_LOCKED;
	log_errorx("store: %s: %s", what, sqlite3_errmsg(store->db));
	return -1;
}

int
store_open(struct store *store, const char *path, char *why, size_t whylen)
{
	/*
	 * FULL: a 201 is a promise, and with it the idempotency record; both must
	 * survive a power cut.
	 */
	static const char setup[] =
	    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
	    "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;";

	memset(store, 0, sizeof *store);
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
	    SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(store->db, CAP_BUSY_MS) != SQLITE_OK ||
	    sqlite3_exec(store->db, setup, NULL, NULL, NULL) != SQLITE_OK) {
		snprintf(why, whylen, "%s: %s", path,
		    store->db == NULL ? "out of memory" : sqlite3_errmsg(store->db));
		store_close(store);
		return -1;
	}
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return 0;
}

void
store_close(struct store *store)
{
	size_t i;

	for (i = 0; i < CAP_STATEMENTS; i++) {
		sqlite3_finalize(store->slot[i].stmt);
		free(store->slot[i].sql);
	}
	sqlite3_close(store->db);
	memset(store, 0, sizeof *store);
}

int
store_load_key(struct store *store)
{
	sqlite3_stmt *stmt = store_bind(store, "SELECT value FROM meta WHERE name = 'key'", "");
	int result = -1;

	if (store_step(store, stmt) == 1 && sqlite3_column_bytes(stmt, 0) == CRYPTO_KEY) {
		memcpy(store->key.secret[0], sqlite3_column_blob(stmt, 0), CRYPTO_KEY);
		store->key.count = 1;
		result = 0;
	}
	store_done(stmt);
	return result;
}

int
store_begin(struct store *store, bool write)
{
	return store_run(store, write ? "BEGIN IMMEDIATE" : "BEGIN", "");
}

int
store_commit(struct store *store)
{
	return store_run(store, "COMMIT", "");
}

void
store_rollback(struct store *store)
{
	size_t i;

	/* A statement that was left in mid-row would keep its snapshot open. */
	for (i = 0; i < CAP_STATEMENTS; i++)
		if (store->slot[i].stmt != NULL && sqlite3_stmt_busy(store->slot[i].stmt))
			sqlite3_reset(store->slot[i].stmt);
	if (!sqlite3_get_autocommit(store->db))
		store_run(store, "ROLLBACK", "");
}

sqlite3_stmt *
store_prepare(struct store *store, const char *sql)
{
	struct store_slot *slot, *oldest = NULL;
	size_t i;

	for (i = 0; i < CAP_STATEMENTS; i++) {
		slot = &store->slot[i];
		if (slot->sql != NULL && strcmp(slot->sql, sql) == 0)
			goto found;
		if (oldest == NULL || slot->used < oldest->used)
			oldest = slot;
	}
	slot = oldest;
	sqlite3_finalize(slot->stmt);
	free(slot->sql);
	memset(slot, 0, sizeof *slot);
	if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &slot->stmt,
	    NULL) != SQLITE_OK) {
		failed(store, sql);
		return NULL;
	}
	slot->sql = strdup(sql);
	if (slot->sql == NULL) {
		sqlite3_finalize(slot->stmt);
		slot->stmt = NULL;
		return NULL;
	}
found:
	slot->used = ++store->turn;
	sqlite3_reset(slot->stmt);
	sqlite3_clear_bindings(slot->stmt);
	return slot->stmt;
}

static int
bind_values(sqlite3_stmt *stmt, const char *types, va_list ap)
{
	const void *data;
	const char *text;
	size_t len;
	int at, code = SQLITE_OK;

	for (at = 1; *types != '\0' && code == SQLITE_OK; types++, at++) {
		switch (*types) {
		case 'i':
			code = sqlite3_bind_int64(stmt, at, va_arg(ap, int64_t));
			break;
		case 'b':
			data = va_arg(ap, const void *);
			len = va_arg(ap, size_t);
			code = sqlite3_bind_blob64(stmt, at, data, len, SQLITE_STATIC);
			break;
		default:
			text = va_arg(ap, const char *);
			code = sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
		}
	}
	return code == SQLITE_OK ? 0 : -1;
}

sqlite3_stmt *
store_bind(struct store *store, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt = store_prepare(store, sql);
	va_list ap;

	if (stmt == NULL)
		return NULL;
	va_start(ap, types);
	if (bind_values(stmt, types, ap) == -1) {
		failed(store, sql);
		stmt = NULL;
	}
	va_end(ap);
	return stmt;
}

int
store_step(struct store *store, sqlite3_stmt *stmt)
{
	int code;

	if (stmt == NULL)
		return -1;
	code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		return 1;
	if (code != SQLITE_DONE)
		failed(store, sqlite3_sql(stmt));
	sqlite3_reset(stmt);
	return code == SQLITE_DONE ? 0 : -1;
}

void
store_done(sqlite3_stmt *stmt)
{
	if (stmt != NULL)
		sqlite3_reset(stmt);
}

int
store_run(struct store *store, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt = store_prepare(store, sql);
	va_list ap;
	int more;

	if (stmt == NULL)
		return -1;
	va_start(ap, types);
	more = bind_values(stmt, types, ap) == -1 ? failed(store, sql) : 1;
	va_end(ap);
	while (more == 1)
		more = store_step(store, stmt);
	return more;
}

const char *
store_text(sqlite3_stmt *stmt, int column)
{
	return (const char *)sqlite3_column_text(stmt, column);
}
