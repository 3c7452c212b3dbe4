/* SPDX-License-Identifier: MIT */
/* paging.c - where the next cursor is, where a page begins, where the next does; see paging.h. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/answer.h"
#include "mcp/failure.h"
#include "mcp/paging.h"
#include "mcp/pick.h"
#include "mcp/request.h"
#include "mcp/service.h"
#include "wire/json.h"
#include "wire/pointer.h"
#include "wire/query.h"

/* A text that must be a pointer, if it is there. */
static int
load_pointer(const char **out, const char *text, const char *place, struct spec_fault *f)
{
	const char *why;

	*out = text;
	return text == NULL || pointer_check(text, &why) == 0 ? 0 : spec_fail(f, place,
	    "\"%s\" is not a JSON Pointer: %s", text, why);
}

int
paging_load(struct paging_source *next, const cJSON *spec, const char *place,
    struct spec_fault *f)
{
	static const struct spec_key keys[] = {
		{ "pointer", SPEC_STRING, false },
		{ "last", SPEC_STRING, false },
		{ "header", SPEC_STRING, false },
		{ "query", SPEC_STRING, false },
		{ "more", SPEC_STRING, false },
		{ NULL, SPEC_ANY, false },
	};

	*next = (struct paging_source){ .given = true };
	if (cJSON_IsString(spec))
		return load_pointer(&next->pointer, spec->valuestring, place, f);
	if (spec_check(spec, keys, place, f) == -1 ||
	    load_pointer(&next->pointer, json_str(spec, "pointer"), place, f) == -1 ||
	    load_pointer(&next->last, json_str(spec, "last"), place, f) == -1 ||
	    load_pointer(&next->more, json_str(spec, "more"), place, f) == -1)
		return -1;
	next->header = json_str(spec, "header");
	next->query = json_str(spec, "query");
	if ((next->pointer != NULL) + (next->last != NULL) + (next->header != NULL) != 1)
		return spec_fail(f, place, "must have one of \"pointer\", \"last\" and "
		    "\"header\"");
	if (next->header != NULL && !request_is_token(next->header))
		return spec_fail(f, place, "\"header\" must be letters, digits and hyphens");
	next->link = next->header != NULL && strcmp(next->header, "Link") == 0;
	return next->link && next->query == NULL ? spec_fail(f, place, "\"Link\" needs \"query\": "
	    "which parameter of the next page's URL is the cursor") : 0;
}

int
paging_init(struct paging *p, const struct tool *t, const struct crypto_key *key, cJSON *args,
    struct failure *f)
{
	static const char *const without[] = { "cursor", NULL };
	const cJSON *cursor = json_get(args, "cursor");
	struct buf canonical;
	int result;

	memset(p, 0, sizeof *p);
	p->key = key;
	if (t->list == NULL)
		return 0;
	buf_init(&canonical, LIMIT_SERVICE_FILE);
	result = json_canonical(&canonical, args, without);
	if (result == 0)
		result = crypto_sha256(canonical.data, canonical.len, p->digest);
	buf_finish(&canonical);
	if (result == -1)
		goto memory;
	/* Who gives the default, which requests get where there is none, begins. */
	if (!cJSON_IsString(cursor) || cJSON_Compare(cursor, json_get(json_get(json_get(t->input,
	    "properties"), "cursor"), "default"), true))
		return 0;
	if (cursor_open(&p->from, key, t->name, p->digest, cursor->valuestring) == -1) {
		failure_init(f, "invalid_cursor", 400, "/cursor: not a cursor of this query; give "
		    "the same arguments as in the call that returned it, or leave it out to begin "
		    "again");
		return -1;
	}
	cJSON_DeleteItemFromObjectCaseSensitive(args, "cursor");
	if (p->from.at != NULL && json_put(args, "cursor", cJSON_CreateString(p->from.at)) == -1)
		goto memory;
	return 0;
memory:
	return failure_memory(f);
}

void
paging_finish(struct paging *p)
{
	free(p->from.at);
	p->from.at = NULL;
}


/* Append a value that is a text or a number. */
static void
put_value(struct buf *out, const cJSON *value)
{
	if (cJSON_IsString(value))
		buf_puts(out, value->valuestring);
	else if (cJSON_IsNumber(value))
		json_print(out, value);
}

void
paging_next(struct buf *out, const struct paging_source *next, const cJSON *list,
    const cJSON *document, const struct answer *a)
{
	const cJSON *last;
	const char *value;
	struct buf text;
	size_t len;

	if (next->more != NULL && cJSON_IsFalse(pointer_get(document, next->more)))
		return;
	buf_init(&text, LIMIT_UPSTREAM_HEADERS);
	if (next->pointer != NULL)
		put_value(&text, pointer_get(document, next->pointer));
	else if (next->last != NULL) {
		last = pick_last(list, document);
		put_value(&text, last == NULL ? NULL : pointer_get(last, next->last));
	} else if (next->link)
		answer_next_link(a, &text);
	else if (next->header != NULL && (value = answer_header(a, next->header, &len)) != NULL)
		buf_append(&text, value, len);
	if (next->query != NULL && text.len > 0)
		query_get(out, buf_str(&text), next->query);
	else if (text.len > 0)
		buf_append(out, text.data, text.len);
	out->failed |= text.failed;
	buf_finish(&text);
}

size_t
paging_reserve(const struct paging *p, const struct buf *next)
{
	size_t at = p->from.at == NULL ? 0 : strlen(p->from.at);

	return 128 + (at > next->len ? at : next->len) * 4 / 3;
}

int
paging_put(cJSON *tree, const struct tool *t, const struct paging *p, const char *at,
    uint64_t skip)
{
	struct buf text;
	int result;

	buf_init(&text, LIMIT_CURSOR);
	result = cursor_seal(&text, p->key, t->name, p->digest, at, skip);
	if (result == 0)
		result = json_put(tree, "next_cursor", cJSON_CreateString(buf_str(&text)));
	buf_finish(&text);
	return result;
}
