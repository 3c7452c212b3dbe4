/* SPDX-License-Identifier: MIT */
/*
 * fuzz_record.c - any bytes as a record: what reads is written back as the same. And any text as
 * a result that is kept: without what other people wrote, and given again it is JSON that says so.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/catalog.h"
#include "base/buf.h"
#include "base/limits.h"
#include "mcp/record.h"
#include "wire/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char service[] =
    "{\"name\":\"demo\",\"base_url\":\"https://api.example.org\",\"tools\":["
    "{\"name\":\"send\",\"write\":true,\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
    "\"outputSchema\":{\"type\":\"object\",\"properties\":{\"to\":{\"type\":\"array\"}},\"required\":[\"to\"]},"
    "\"request\":{\"method\":\"POST\",\"url\":\"/\"},\"response\":{\"id\":\"/id\","
    "\"to\":{\"pointer\":\"/to\",\"untrusted\":true},\"text\":{\"pointer\":\"/text\",\"untrusted\":true},"
    "\"items\":{\"each\":\"/l\",\"item\":{\"t\":{\"pointer\":\"/t\",\"untrusted\":true}}}}},"
    "{\"name\":\"plain\",\"write\":true,\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
    "\"request\":{\"method\":\"POST\",\"url\":\"/\"},\"response\":{\"id\":\"/id\"}}]}";

static struct catalog catalog;

/* A result that is given again. */
static void
replay(const struct record *r)
{
	struct json_fault fault;
	struct buf out;
	cJSON *tree;

	buf_init(&out, 6 * r->len + 64);
	if (record_replay(&out, r) == 0) {
		tree = json_parse(buf_str(&out), out.len, &fault);
		if (!cJSON_IsObject(tree) || !cJSON_IsTrue(json_get(tree, "idempotent_replay")))
			abort();
		cJSON_Delete(tree);
	}
	buf_finish(&out);
}

static void
any_bytes(const uint8_t *data, size_t len)
{
	uint8_t *bytes = malloc(len + 1), digest[CRYPTO_DIGEST] = { 0 };
	struct clock_moment now = { .wall_ms = 1, .boot_ms = 1, .boot = 1 };
	struct record r;
	struct buf out;
	int i;

	if (bytes == NULL)
		abort();
	memcpy(bytes, data, len);
	buf_init(&out, len + 1);
	if (record_read(&r, bytes, len) == 0) {
		if (record_write(&out, &r) == -1 || out.len != len ||
		    memcmp(out.data, bytes, len) != 0)
			abort();
		for (i = 0; i < 4; i++) {
			if (i >= 2)
				memcpy(digest, r.digest, sizeof digest);
			switch (record_judge(&r, digest, &now, i % 2 == 0)) {
			case RECORD_REPLAY:
				if (r.state != RECORD_DONE)
					abort();
				break;
			case RECORD_OTHER:
				if (memcmp(r.digest, digest, sizeof digest) == 0)
					abort();
				break;
			case RECORD_RUNNING:
				if ((r.state != RECORD_SENT && r.state != RECORD_HELD) ||
				    i % 2 != 0)
					abort();
				break;
			case RECORD_FREE:
				if (r.state != RECORD_HELD)
					abort();
				break;
			case RECORD_UNKNOWN:
				break;
			}
		}
		replay(&r);
	}
	buf_finish(&out);
	free(bytes);
}

/* A text that a tool has made, kept and read again. */
static void
any_result(const struct tool *t, const char *text)
{
	struct record r = { .state = RECORD_DONE }, again;
	struct json_fault fault;
	struct buf kept, bytes;
	cJSON *tree;

	buf_init(&kept, 4 * LIMIT_RECORD_RESULT);
	buf_init(&bytes, LIMIT_STORE_VALUE);
	if (record_result(&kept, t, text) == 0 && !kept.failed) {
		if (kept.len > LIMIT_RECORD_RESULT)
			abort();
		if (t->untrusted != NULL && kept.len > 0) {
			tree = json_parse(kept.data, kept.len, &fault);
			if (tree == NULL || json_get(tree, "text") != NULL ||
			    json_get(tree, "items") != NULL)
				abort();
			cJSON_Delete(tree);
		}
		r.result = buf_str(&kept);
		r.len = kept.len;
		if (record_write(&bytes, &r) == -1 ||
		    record_read(&again, (const uint8_t *)bytes.data, bytes.len) == -1 ||
		    again.len != kept.len || memcmp(again.result, buf_str(&kept), kept.len) != 0)
			abort();
		replay(&again);
	}
	buf_finish(&kept);
	buf_finish(&bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t digest[CRYPTO_DIGEST], keyed[CRYPTO_DIGEST], place[CRYPTO_DIGEST];
	struct json_fault fault;
	char *text;
	cJSON *args;

	if (catalog.ntools == 0)
		catalog_of(&catalog, service);
	any_bytes(data, len);
	text = strndup((const char *)data, len);
	if (text == NULL)
		abort();
	any_result(catalog.tools[0], text);
	any_result(catalog.tools[1], text);
	/* Neither a key nor a token is an argument: the digest is that of the call without them. */
	args = json_parse(text, strlen(text), &fault);
	if (cJSON_IsObject(args) && record_digest(digest, args, NULL) == 0) {
		cJSON_DeleteItemFromObjectCaseSensitive(args, "idempotency_key");
		json_put(args, "idempotency_key", cJSON_CreateString("k"));
		if (record_digest(keyed, args, NULL) == -1 || memcmp(digest, keyed, sizeof keyed) != 0)
			abort();
		if (record_place(place, text, catalog.tools[0], NULL, digest) == 0 &&
		    record_place(keyed, text, catalog.tools[0], text, digest) == 0 &&
		    memcmp(place, keyed, sizeof place) == 0)
			abort();
	}
	cJSON_Delete(args);
	free(text);
	return 0;
}
