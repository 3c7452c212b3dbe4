/* SPDX-License-Identifier: MIT */
/*
 * store.h - SQLite behind a few calls: prepared statements, bound values only.
 *
 * No text that came from outside is ever part of a statement. Statements are
 * kept prepared by their text. Each process opens the file for itself after
 * the fork: a connection must not cross one.
 */
#ifndef LOCAL_STORE_H
#define LOCAL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/crypto.h"
#include "local/cap.h"

struct store_slot {
	char		*sql;
	sqlite3_stmt	*stmt;
	uint64_t	 used;
};

struct store {
	sqlite3			*db;
	struct store_slot	 slot[CAP_STATEMENTS];
	uint64_t		 turn;
	bool			 busy;	/* the last failure was another process holding the file */
	struct crypto_key	 key;	/* signs cursors; kept in the store itself */
};

/* Open the file and set it up for this process. 0; on -1 `why` says it and nothing is open. */
int	 store_open(struct store *store, const char *path, char *why, size_t whylen);
void	 store_close(struct store *store);
/* Read the key that migration made. 0 or -1. */
int	 store_load_key(struct store *store);

/* Begin: a write takes the lock at once, so that it cannot fail half-way. 0 or -1. */
int	 store_begin(struct store *store, bool write);
int	 store_commit(struct store *store);
/* End a transaction without trace; none open is fine. */
void	 store_rollback(struct store *store);

/* A statement, reset and without values. Borrowed from the cache. NULL: failed. */
sqlite3_stmt *store_prepare(struct store *store, const char *sql);
/*
 * The same with its values bound, one letter each: t text (NULL is NULL),
 * i int64_t, b const void * and size_t. The values must outlive the steps.
 */
sqlite3_stmt *store_bind(struct store *store, const char *sql, const char *types, ...);
/* 1: a row; 0: no more; -1: failed. On 0 and -1 the statement is reset. NULL is -1. */
int	 store_step(struct store *store, sqlite3_stmt *stmt);
/* Leave a statement before its last row. NULL is fine. */
void	 store_done(sqlite3_stmt *stmt);
/* Bind and run to the end; rows are not wanted. 0 or -1. */
int	 store_run(struct store *store, const char *sql, const char *types, ...);
/* A column's text; NULL when it is NULL. Valid until the next step. */
const char *store_text(sqlite3_stmt *stmt, int column);

#endif
