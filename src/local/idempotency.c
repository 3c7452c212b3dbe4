/* SPDX-License-Identifier: MIT */
/* idempotency.c - one message for one key; see idempotency.h. */
#include <string.h>

#include "base/clock.h"
#include "local/call.h"
#include "local/idempotency.h"
#include "local/problem.h"
#include "local/reply.h"
#include "local/request.h"
#include "local/store.h"
#include "local/text.h"

static int	replay(struct call *, sqlite3_stmt *, const struct idempotency *);

/* The payload is the JSON value, not its spelling: white space does not make another one. */
int
idempotency_read(struct call *c, struct idempotency *out)
{
	struct buf text;
	int result;

	memset(out, 0, sizeof *out);
	out->key = request_header(&c->req, "HTTP_IDEMPOTENCY_KEY");
	if (out->key == NULL)
		return 0;
	if (out->key[0] == '\0' || strlen(out->key) > CAP_KEY || text_has_control(out->key) ||
	    !text_is_utf8(out->key))
		return problem(c, 400, "bad_request", "Idempotency-Key: 1 to %d characters are "
		    "wanted", CAP_KEY);
	buf_init(&text, 2 * CAP_BODY);
	result = json_print(&text, c->req.json);
	if (result == 0)
		result = crypto_sha256(buf_str(&text), text.len, out->digest);
	buf_finish(&text);
	return result;
}

static int
replay(struct call *c, sqlite3_stmt *stmt, const struct idempotency *idem)
{
	struct json_fault fault;
	const char *text = store_text(stmt, 2);
	cJSON *body;
	int status = sqlite3_column_int(stmt, 1);

	if (sqlite3_column_bytes(stmt, 0) != CRYPTO_DIGEST ||
	    memcmp(sqlite3_column_blob(stmt, 0), idem->digest, CRYPTO_DIGEST) != 0)
		return problem(c, 409, "idempotency_conflict", "this Idempotency-Key was used for "
		    "another payload");
	body = json_parse(text, strlen(text), &fault);
	if (body == NULL || json_put(body, "idempotent_replay", cJSON_CreateTrue()) == -1) {
		cJSON_Delete(body);
		return -1;
	}
	buf_puts(&c->reply.headers, "Idempotent-Replay: true\r\n");
	return reply_json(c, status, body) == -1 ? -1 : 1;
}

int
idempotency_replay(struct call *c, const struct idempotency *idem)
{
	sqlite3_stmt *stmt;
	int r;

	if (idem->key == NULL)
		return 0;
	stmt = store_bind(c->store, "SELECT digest, status, body FROM idempotency"
	    " WHERE owner = ? AND key = ? AND created_at > ?", "tti", c->owner, idem->key,
	    clock_wall_ms() - CAP_KEY_MS);
	r = store_step(c->store, stmt);
	if (r == 1)
		r = replay(c, stmt, idem);
	store_done(stmt);
	return r;
}

int
idempotency_keep(struct call *c, const struct idempotency *idem)
{
	if (idem->key == NULL)
		return 0;
	return store_run(c->store, "INSERT OR REPLACE INTO idempotency (owner, key, digest, status,"
	    " body, created_at) VALUES (?, ?, ?, ?, ?, ?)", "ttbiti", c->owner, idem->key,
	    idem->digest, (size_t)CRYPTO_DIGEST, (int64_t)c->reply.status,
	    buf_str(&c->reply.body), clock_wall_ms());
}

int
idempotency_purge(struct store *store)
{
	return store_run(store, "DELETE FROM idempotency WHERE created_at < ?", "i",
	    clock_wall_ms() - CAP_KEY_MS);
}
