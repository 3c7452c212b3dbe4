/* SPDX-License-Identifier: MIT */
/* page.c - limits and cursors of lists; see page.h. */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/crypto.h"
#include "local/call.h"
#include "local/page.h"
#include "local/problem.h"
#include "local/reply.h"
#include "local/request.h"
#include "local/store.h"

#define PAGE_SCOPE	8	/* bytes of the request's digest that a cursor holds */
#define PAGE_STATE	(PAGE_SCOPE + 16)
#define PAGE_CURSOR	(PAGE_STATE + CRYPTO_TAG)

static int	scope_of(const struct call *, uint8_t [PAGE_SCOPE]);
static int	cursor_read(struct call *, const char *, struct page *);
static int	cursor_make(const struct call *, const struct page *, struct buf *);

/* What the request asks for, apart from where in the list it is. */
static int
scope_of(const struct call *c, uint8_t out[PAGE_SCOPE])
{
	uint8_t digest[CRYPTO_DIGEST];
	const struct request *req = &c->req;
	struct buf text;
	int i, result;

	buf_init(&text, 2 * CAP_TARGET + CAP_PAIRS * 2);
	for (i = 0; i < req->segment_count; i++) {
		buf_puts(&text, req->segment[i]);
		buf_append(&text, "\0", 1);
	}
	for (i = 0; i < req->query_count; i++) {
		if (strcmp(req->query[i].name, "cursor") == 0 ||
		    strcmp(req->query[i].name, "limit") == 0)
			continue;
		buf_puts(&text, req->query[i].name);
		buf_putc(&text, '=');
		buf_puts(&text, req->query[i].value);
		buf_append(&text, "\0", 1);
	}
	result = text.failed ? -1 : crypto_sha256(buf_str(&text), text.len, digest);
	if (result == 0)
		memcpy(out, digest, PAGE_SCOPE);
	buf_finish(&text);
	return result;
}

static int
cursor_read(struct call *c, const char *text, struct page *page)
{
	uint8_t scope[PAGE_SCOPE];
	const uint8_t *p;
	struct buf raw;
	int result = -1;

	buf_init(&raw, PAGE_CURSOR);
	if (scope_of(c, scope) == -1)
		goto out;
	if (base64url_decode(&raw, text, strlen(text)) == -1 || raw.len != PAGE_CURSOR)
		goto bad;
	p = (const uint8_t *)raw.data;
	if (!crypto_verify(&c->store->key, p, PAGE_STATE, p + PAGE_STATE))
		goto bad;
	if (memcmp(p, scope, PAGE_SCOPE) != 0) {
		result = problem(c, 400, "bad_cursor", "cursor: it belongs to another list or to "
		    "other filters; begin without it");
		goto out;
	}
	memcpy(&page->major, p + PAGE_SCOPE, 8);
	memcpy(&page->minor, p + PAGE_SCOPE + 8, 8);
	page->resumed = true;
	result = 0;
	goto out;
bad:
	result = problem(c, 400, "bad_cursor", "cursor: not one that this service gave; "
	    "begin without it");
out:
	buf_finish(&raw);
	return result;
}

int
page_read(struct call *c, struct page *page)
{
	const char *limit = request_query(&c->req, "limit");
	const char *cursor = request_query(&c->req, "cursor");

	memset(page, 0, sizeof *page);
	page->limit = CAP_PAGE_DEFAULT;
	if (limit != NULL) {
		page->limit = strlen(limit) > 3 ? 0 : strtol(limit, NULL, 10);
		if (limit[strspn(limit, "0123456789")] != '\0' || page->limit < 1 ||
		    page->limit > CAP_PAGE)
			return problem_field(c, "limit: a number from 1 to %d is wanted",
			    CAP_PAGE);
	}
	return cursor == NULL ? 0 : cursor_read(c, cursor, page);
}

void
page_note(struct page *page, const cJSON *data, int64_t major, int64_t minor)
{
	if (cJSON_GetArraySize(data) >= page->limit)
		return;
	page->major = major;
	page->minor = minor;
}

static int
cursor_make(const struct call *c, const struct page *page, struct buf *out)
{
	uint8_t raw[PAGE_CURSOR];

	if (scope_of(c, raw) == -1)
		return -1;
	memcpy(raw + PAGE_SCOPE, &page->major, 8);
	memcpy(raw + PAGE_SCOPE + 8, &page->minor, 8);
	if (crypto_sign(&c->store->key, raw, PAGE_STATE, raw + PAGE_STATE) == -1)
		return -1;
	return base64url_encode(out, raw, sizeof raw);
}

int
page_reply(struct call *c, const struct page *page, cJSON *data)
{
	cJSON *root = cJSON_CreateObject();
	struct buf cursor;
	bool more;
	int bad;

	buf_init(&cursor, 2 * PAGE_CURSOR);
	more = cJSON_GetArraySize(data) > page->limit;
	if (more)
		cJSON_DeleteItemFromArray(data, (int)page->limit);
	bad = more && cursor_make(c, page, &cursor) == -1;
	bad |= json_put(root, "data", data) == -1;
	bad |= json_put(root, "next", more ? cJSON_CreateString(buf_str(&cursor)) :
	    cJSON_CreateNull()) == -1;
	buf_finish(&cursor);
	if (bad) {
		cJSON_Delete(root);
		return -1;
	}
	return reply_json(c, 200, root);
}
