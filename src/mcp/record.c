/* SPDX-License-Identifier: MIT */
/* record.c - tag, version, state, digest, three numbers, result; see record.h. */
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/pick.h"
#include "mcp/record.h"
#include "mcp/service.h"
#include "wire/json.h"

#define VERSION	1
#define HEAD	(RECORD_TAG + 2 + CRYPTO_DIGEST + 3 * 8)

static void
put_number(struct buf *out, uint64_t n)
{
	uint8_t bytes[8];
	int i;

	for (i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(n >> (56 - 8 * i));
	buf_append(out, bytes, sizeof bytes);
}

static uint64_t
get_number(const uint8_t *bytes)
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < 8; i++)
		n = n << 8 | bytes[i];
	return n;
}

int
record_write(struct buf *out, const struct record *r)
{
	buf_append(out, r->tag, RECORD_TAG);
	buf_putc(out, VERSION);
	buf_putc(out, (char)r->state);
	buf_append(out, r->digest, CRYPTO_DIGEST);
	put_number(out, (uint64_t)r->until.wall_ms);
	put_number(out, (uint64_t)r->until.boot_ms);
	put_number(out, r->until.boot);
	return buf_append(out, r->result, r->len);
}

int
record_read(struct record *r, const uint8_t *bytes, size_t len)
{
	const uint8_t *p = bytes + RECORD_TAG + 2;

	memset(r, 0, sizeof *r);
	if (len < HEAD || bytes[RECORD_TAG] != VERSION || bytes[RECORD_TAG + 1] < RECORD_HELD ||
	    bytes[RECORD_TAG + 1] >= RECORD_STATES)
		return -1;
	memcpy(r->tag, bytes, RECORD_TAG);
	r->state = bytes[RECORD_TAG + 1];
	memcpy(r->digest, p, CRYPTO_DIGEST);
	p += CRYPTO_DIGEST;
	r->until.wall_ms = (int64_t)get_number(p);
	r->until.boot_ms = (int64_t)get_number(p + 8);
	r->until.boot = get_number(p + 16);
	r->result = (const char *)bytes + HEAD;
	r->len = len - HEAD;
	return 0;
}

enum record_verdict
record_judge(const struct record *r, const uint8_t digest[CRYPTO_DIGEST],
    const struct clock_moment *now, bool alive)
{
	if (memcmp(r->digest, digest, CRYPTO_DIGEST) != 0)
		return RECORD_OTHER;
	if (r->state == RECORD_DONE)
		return RECORD_REPLAY;
	if (r->state != RECORD_LOST && alive && !clock_is_past(&r->until, now))
		return RECORD_RUNNING;
	return r->state == RECORD_HELD ? RECORD_FREE : RECORD_UNKNOWN;
}

int
record_digest(uint8_t out[CRYPTO_DIGEST], const cJSON *args, const char *waits)
{
	const char *const without[] = { "idempotency_key", "confirm_token", waits, NULL };
	struct buf canonical;
	int result;

	buf_init(&canonical, LIMIT_SERVICE_FILE);
	result = json_canonical(&canonical, args, without);
	if (result == 0)
		result = crypto_sha256(canonical.data, canonical.len, out);
	buf_finish(&canonical);
	return result;
}

int
record_place(uint8_t out[CRYPTO_DIGEST], const char *caller, const struct tool *t,
    const char *key, const uint8_t digest[CRYPTO_DIGEST])
{
	struct buf text;
	int result = -1;

	/* No part can run into another: all but the last end with a NUL. */
	buf_init(&text, 64 + 4 * LIMIT_CALLER + LIMIT_TOOL_NAME + LIMIT_SERVICE_FILE);
	buf_append(&text, key != NULL ? "key" : "args", key != NULL ? 4 : 5);
	buf_append(&text, caller, strlen(caller) + 1);
	buf_append(&text, t->name, strlen(t->name) + 1);
	if (key != NULL ? buf_puts(&text, key) == 0 :
	    buf_append(&text, digest, CRYPTO_DIGEST) == 0)
		result = crypto_sha256(text.data, text.len, out);
	buf_finish(&text);
	return result;
}

/* Whether a result may be without the member. */
static bool
is_required(const struct tool *t, const char *name)
{
	const cJSON *required;

	cJSON_ArrayForEach(required, json_get(t->output, "required"))
		if (cJSON_IsString(required) && strcmp(required->valuestring, name) == 0)
			return true;
	return false;
}

/* Whether what other people wrote stands anywhere in that member of a result. */
static bool
is_others_text(const cJSON *pick)
{
	cJSON *names = cJSON_CreateArray();
	bool found = names == NULL || pick_untrusted(pick, "", names) == -1 ||
	    names->child != NULL;

	cJSON_Delete(names);
	return found;
}

/* Take what other people wrote out of a result. */
static void
strip(const struct tool *t, cJSON *tree)
{
	const cJSON *pick;

	cJSON_ArrayForEach(pick, t->response)
		if (is_others_text(pick) && !is_required(t, pick->string))
			cJSON_DeleteItemFromObjectCaseSensitive(tree, pick->string);
}

int
record_result(struct buf *out, const struct tool *t, const char *json)
{
	struct json_fault fault;
	cJSON *tree, *more;
	size_t at = out->len;
	int result = 0;

	if (t->untrusted == NULL)
		buf_puts(out, json);
	else {
		tree = json_parse(json, strlen(json), &fault);
		if (tree == NULL)
			return -1;
		strip(t, tree);
		if (t->split.argument != NULL)
			cJSON_ArrayForEach(more, json_get(tree, "more"))
				strip(t, more);
		result = json_print(out, tree);
		cJSON_Delete(tree);
	}
	if (out->failed || out->len - at > LIMIT_RECORD_RESULT)
		buf_truncate(out, at);
	return result;
}

int
record_replay(struct buf *out, const struct record *r)
{
	struct json_fault fault;
	cJSON *tree = json_parse(r->result, r->len, &fault);
	int result = -1;

	if (cJSON_IsObject(tree)) {
		cJSON_DeleteItemFromObjectCaseSensitive(tree, "idempotent_replay");
		if (json_put(tree, "idempotent_replay", cJSON_CreateTrue()) == 0)
			result = json_print(out, tree);
	}
	cJSON_Delete(tree);
	return result;
}
