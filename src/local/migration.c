/* SPDX-License-Identifier: MIT */
/*
 * migration.c - the schema, as the steps that lead to it; see migration.h.
 *
 * PRAGMA user_version counts the steps a file has seen. A step that was
 * released is never edited: a change is a new step at the end.
 *
 * A message's number (seq) grows with every message and is what lists are
 * ordered and paged by; its id is what clients see. Names and addresses are
 * copied into a message, so that history does not change with a contact.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "local/cap.h"
#include "local/migration.h"
#include "local/store.h"

static const char step_tables[] =
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE contact (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    "  name TEXT NOT NULL COLLATE NOCASE, email TEXT UNIQUE COLLATE NOCASE, phone TEXT,"
    "  created_at INTEGER NOT NULL);"
    "CREATE INDEX contact_name ON contact (name);"
    "CREATE TABLE template (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    "  name TEXT NOT NULL, text TEXT NOT NULL, variables TEXT NOT NULL);"
    "CREATE TABLE thread (id TEXT PRIMARY KEY, subject TEXT, last_seq INTEGER NOT NULL,"
    "  count INTEGER NOT NULL);"
    "CREATE INDEX thread_last ON thread (last_seq);"
    "CREATE TABLE participant (thread_id TEXT NOT NULL REFERENCES thread (id),"
    "  contact_id TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (thread_id, contact_id));"
    "CREATE INDEX participant_contact ON participant (contact_id);"
    "CREATE TABLE message (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    "  thread_id TEXT NOT NULL REFERENCES thread (id) DEFERRABLE INITIALLY DEFERRED,"
    "  direction TEXT NOT NULL,"
    "  channel TEXT NOT NULL, status TEXT NOT NULL, from_id TEXT NOT NULL,"
    "  from_name TEXT NOT NULL, subject TEXT, text TEXT NOT NULL, format TEXT NOT NULL,"
    "  template_id TEXT, reply_to TEXT, scheduled_at INTEGER, created_at INTEGER NOT NULL,"
    "  attachments TEXT, metadata TEXT);"
    "CREATE INDEX message_thread ON message (thread_id, seq);"
    "CREATE INDEX message_from ON message (from_id, seq);"
    "CREATE INDEX message_due ON message (scheduled_at) WHERE status = 'scheduled';"
    "CREATE TABLE recipient (message_seq INTEGER NOT NULL REFERENCES message (seq),"
    "  contact_id TEXT NOT NULL, name TEXT NOT NULL, address TEXT NOT NULL,"
    "  state TEXT NOT NULL, code TEXT, reason TEXT, at INTEGER NOT NULL,"
    "  PRIMARY KEY (message_seq, contact_id));"
    "CREATE INDEX recipient_contact ON recipient (contact_id, message_seq);"
    "CREATE INDEX recipient_open ON recipient (state) WHERE state IN ('queued', 'sending');"
    "CREATE TABLE event (seq INTEGER PRIMARY KEY,"
    "  message_seq INTEGER NOT NULL REFERENCES message (seq), type TEXT NOT NULL,"
    "  at INTEGER NOT NULL, contact_id TEXT, code TEXT, reason TEXT);"
    "CREATE INDEX event_message ON event (message_seq, seq);"
    "CREATE TABLE idempotency (owner TEXT NOT NULL, key TEXT NOT NULL, digest BLOB NOT NULL,"
    "  status INTEGER NOT NULL, body TEXT NOT NULL, created_at INTEGER NOT NULL,"
    "  PRIMARY KEY (owner, key));"
    "CREATE INDEX idempotency_age ON idempotency (created_at);"
    "CREATE TABLE token (digest BLOB PRIMARY KEY, client TEXT NOT NULL,"
    "  expires_at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX token_age ON token (expires_at);"
    "CREATE VIRTUAL TABLE message_text USING fts5 (subject, text, content = 'message',"
    "  content_rowid = 'seq', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');";

/* A recipient who is no id or address is looked up by phone. Numbers may repeat. */
static const char step_phone[] =
    "CREATE INDEX contact_phone ON contact (phone) WHERE phone IS NOT NULL;";

/* Files that messages came with, as far as they are no links. */
static const char step_attachment[] =
    "CREATE TABLE attachment (id TEXT PRIMARY KEY,"
    "  message_id TEXT NOT NULL REFERENCES message (id), mime_type TEXT, data BLOB NOT NULL);";

static const char *const steps[] = { step_tables, step_phone, step_attachment };

#define STEPS	((int)(sizeof steps / sizeof steps[0]))

static int	seed(struct store *);
static int	version_read(struct store *);
static int	run_steps(struct store *, int, char *, size_t);

/* What a new store begins with, so that the first call finds somebody. */
static int
seed(struct store *store)
{
	static const char contact[] =
	    "INSERT INTO contact (id, name, email, phone, created_at) VALUES (?, ?, ?, ?, ?)";
	static const char variables[] =
	    "{\"type\":\"object\",\"properties\":{"
	    "\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":200,"
	    "\"description\":\"Whom to greet\"},"
	    "\"link\":{\"type\":\"string\",\"maxLength\":2048,"
	    "\"description\":\"Where to begin; left out when absent\"}},"
	    "\"required\":[\"name\"],\"additionalProperties\":false}";
	int64_t now = clock_wall_ms();
	uint8_t key[CRYPTO_KEY];

	if (crypto_random(key, sizeof key) == -1)
		return -1;
	if (store_run(store, "INSERT INTO meta (name, value) VALUES ('key', ?)", "b", key,
	    sizeof key) == -1 ||
	    store_run(store, contact, "tttti", "alice", "Alice Example", "alice@example.org",
	    (const char *)NULL, now) == -1 ||
	    store_run(store, contact, "tttti", "bob", "Bob Example", "bob@example.org",
	    "+15550100", now) == -1)
		return -1;
	return store_run(store, "INSERT INTO template (id, name, text, variables)"
	    " VALUES ('welcome', 'Welcome', ?, ?)", "tt",
	    "Hello {{name}}, welcome to the Unified Messaging Service. {{link}}", variables);
}

static int
version_read(struct store *store)
{
	sqlite3_stmt *stmt = store_bind(store, "PRAGMA user_version", "");
	int version = -1;

	if (store_step(store, stmt) == 1)
		version = sqlite3_column_int(stmt, 0);
	store_done(stmt);
	return version;
}

static int
run_steps(struct store *store, int version, char *why, size_t whylen)
{
	char pragma[64];
	int i;

	for (i = version; i < STEPS; i++)
		if (sqlite3_exec(store->db, steps[i], NULL, NULL, NULL) != SQLITE_OK) {
			snprintf(why, whylen, "step %d: %s", i + 1, sqlite3_errmsg(store->db));
			return -1;
		}
	if (version == 0 && seed(store) == -1) {
		snprintf(why, whylen, "the first contacts: %s", sqlite3_errmsg(store->db));
		return -1;
	}
	/* A pragma takes no bound value; the number is our own. */
	snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", STEPS);
	return store_run(store, pragma, "");
}

int
migration_run(struct store *store, char *why, size_t whylen)
{
	int version, result = -1;

	snprintf(why, whylen, "the store cannot be written");
	if (store_begin(store, true) == -1)
		return -1;
	version = version_read(store);
	if (version < 0)
		goto out;
	if (version > STEPS) {
		snprintf(why, whylen, "the store is of version %d and this program knows %d; "
		    "use a newer ums-local", version, STEPS);
		goto out;
	}
	if (version < STEPS && run_steps(store, version, why, whylen) == -1)
		goto out;
	result = store_commit(store);
out:
	if (result == -1)
		store_rollback(store);
	return result;
}
