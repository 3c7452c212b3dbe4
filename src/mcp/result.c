/* SPDX-License-Identifier: MIT */
/*
 * result.c - judge the answer, then pick, page, budget, mark and check; or say why not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/answer.h"
#include "mcp/block.h"
#include "mcp/failure.h"
#include "mcp/media.h"
#include "mcp/paging.h"
#include "mcp/pick.h"
#include "mcp/relay.h"
#include "mcp/result.h"
#include "mcp/retry.h"
#include "mcp/service.h"
#include "mcp/text.h"
#include "wire/decimal.h"
#include "wire/json.h"
#include "wire/pointer.h"

static cJSON	*accept(const struct tool *, const cJSON *, const struct answer *, size_t, bool,
		    bool *, struct failure *);
static void	fail_outcome(struct failure *, const struct tool *, const struct answer *, bool);
static void	fail_status(struct failure *, const struct tool *, const cJSON *,
		    const struct answer *, const cJSON *, size_t, bool);
static void	fail_unclear(struct failure *, const struct tool *, const cJSON *, bool);
static const cJSON *part(const struct tool *, const cJSON *, const char *);
static void	fail_schema(struct failure *, const struct schema_fault *);
static bool	is_success(const struct tool *, const struct answer *, const cJSON *);
static int	shape(cJSON *, const struct tool *, const cJSON *, const struct answer *,
		    const struct paging *, size_t, struct failure *);
static int	trim(cJSON *, cJSON *, const struct tool *, const struct paging *, size_t, uint64_t,
		    struct failure *);

/* Of whatever failed: which request it was, in the service's words. */
static void
name_request(struct failure *f, const struct answer *a)
{
	if (f->request_id[0] == '\0')
		snprintf(f->request_id, sizeof f->request_id, "%s", a->request_id);
}

/* The document of an answer that says that it was done, which is then told; else the failure. */
static cJSON *
accept(const struct tool *t, const cJSON *args, const struct answer *a, size_t budget, bool write,
    bool *done, struct failure *f)
{
	struct json_fault fault = { 0 };
	cJSON *document;
	bool raw;

	if (a->outcome != OUTCOME_ANSWERED) {
		fail_outcome(f, t, a, write);
		return NULL;
	}
	raw = t->form == TOOL_RAW && a->status >= 200 && a->status <= 299;
	document = a->len == 0 || raw ? cJSON_CreateNull() : json_parse(a->body, a->len, &fault);
	*done = is_success(t, a, document);
	if (!*done) {
		fail_status(f, t, args, a, document, budget, write);
		/* A 2xx that says neither yes nor no is no refusal. */
		*done = a->status >= 200 && a->status <= 299 &&
		    pointer_get(document, json_str(t->success, "pointer")) == NULL;
		if (*done)
			snprintf(f->hint, sizeof f->hint, "the service's answer does not say "
			    "whether it went well");
		cJSON_Delete(document);
		return NULL;
	}
	if (document == NULL && (fault.memory || fault.why == NULL))
		failure_memory(f);
	else if (document == NULL)
		failure_init(f, "upstream_unexpected", 502, "the service answered %d with "
		    "something that is not JSON (%s); tell the operator", a->status, fault.why);
	return document;
}

cJSON *
result_document(const struct tool *t, const cJSON *args, const struct answer *a, size_t budget,
    struct failure *f)
{
	bool done;
	cJSON *document = accept(t, args, a, budget, false, &done, f);

	if (document == NULL)
		name_request(f, a);
	return document;
}

/* What the file's picks make of the document: the result's JSON in `out`, and blocks. 0 or -1. */
static int
map_picks(struct buf *out, const struct tool *t, const cJSON *args, const struct answer *a,
    const cJSON *document, const struct paging *p, size_t budget,
    const struct result_more *more, struct failure *f)
{
	struct block_page page = { .from = 0 };
	struct schema_fault wrong;
	const char *why;
	size_t before = out->len;
	cJSON *tree = NULL;
	int result = -1;

	if (pick_apply(t->response, document, args, &tree, &why) == -1) {
		failure_pick(f, why);
		goto out;
	}
	if (shape(tree, t, document, a, p, budget, f) == -1)
		goto out;
	if (t->result != NULL && schema_check(t->result, tree, &wrong) != 0) {
		fail_schema(f, &wrong);
		goto out;
	}
	result = json_print(out, tree) == -1 ? failure_memory(f) : 0;
	if (result == 0 && t->content != NULL && more != NULL && more->blocks != NULL) {
		page.first = p->from.at == NULL && p->from.skip == 0;
		page.from = (size_t)p->from.skip;
		page.count = (size_t)cJSON_GetArraySize(json_get(tree, t->list));
		result = block_draw(more->blocks, t, document, args, &page,
		    budget - (out->len - before), f);
	}
out:
	cJSON_Delete(tree);
	return result;
}

enum result_fate
result_map(struct buf *out, const struct tool *t, const cJSON *args, const struct answer *a,
    const struct paging *p, size_t budget, bool maybe_done, struct result_more *more,
    struct failure *f)
{
	cJSON *document;
	bool done = false;
	int result = -1;

	document = accept(t, args, a, budget, t->write, &done, f);
	if (document != NULL)
		result = t->form == TOOL_RAW ? media_map(out, t, args, a, budget, f) :
		    t->form == TOOL_MCP ? relay_map(out, t, document, budget, more, f) :
		    map_picks(out, t, args, a, document, p, budget, more, f);
	if (result == -1)
		name_request(f, a);
	cJSON_Delete(document);
	if (result != -1)
		return result == 0 ? RESULT_GOOD : RESULT_ASKS;
	if (!t->write || !(done || maybe_done || result_is_unclear(t, a)))
		return RESULT_NOTHING;
	fail_unclear(f, t, args, done);
	return RESULT_UNCLEAR;
}

bool
result_is_unclear(const struct tool *t, const struct answer *a)
{
	struct json_fault fault;
	cJSON *document;
	bool clear;

	if (a->outcome != OUTCOME_ANSWERED)
		return a->sent && a->outcome != OUTCOME_REFUSED;
	if (a->status != 503)
		return a->status >= 500 || a->status == 302 || a->status == 303;
	if (a->retry_after_s >= 0)
		return false;
	document = json_parse(a->body, a->len, &fault);
	clear = part(t, document, "code") != NULL;
	cJSON_Delete(document);
	return !clear;
}

void
result_unclear(struct failure *f, const struct tool *t, const cJSON *args)
{
	failure_init(f, "outcome_unknown", 409, "this call was made before, with the same key, and "
	    "its end is not known");
	fail_unclear(f, t, args, false);
}

static bool
is_success(const struct tool *t, const struct answer *a, const cJSON *document)
{
	const cJSON *value, *wanted;

	if (a->status < 200 || a->status > 299)
		return false;
	if (t->success == NULL || document == NULL)
		return true;
	value = pointer_get(document, json_str(t->success, "pointer"));
	wanted = json_get(t->success, "equals");
	if (cJSON_IsNumber(value) && cJSON_IsNumber(wanted))
		return decimal_compare(value->valuestring, wanted->valuestring) == 0;
	return value != NULL && cJSON_Compare(value, wanted, true);
}

/* The page: skip what was given, put the marks, keep to the budget, say where to go on. */
static int
shape(cJSON *tree, const struct tool *t, const cJSON *document, const struct answer *a,
    const struct paging *p, size_t budget, struct failure *f)
{
	cJSON *list = t->list == NULL ? NULL : json_get(tree, t->list);
	struct buf text, at;
	uint64_t given;
	size_t room = 0;
	int result = -1;

	for (given = 0; list != NULL && given < p->from.skip && list->child != NULL; given++)
		cJSON_DeleteItemFromArray(list, 0);
	buf_init(&text, budget);
	buf_init(&at, LIMIT_CURSOR / 2 - 32);	/* with the items to skip it fills a cursor */
	if (t->untrusted != NULL &&
	    json_put(tree, "untrusted", cJSON_Duplicate(t->untrusted, 1)) == -1) {
		failure_memory(f);
		goto out;
	}
	if (t->list != NULL)
		paging_next(&at, &t->next, json_get(t->response, t->list), document, a);
	if (at.failed) {
		failure_init(f, "upstream_unexpected", 502, "the service's next cursor is longer "
		    "than %zu bytes; ask for less, or tell the operator", at.cap);
		goto out;
	}
	if (t->list != NULL)
		room = paging_reserve(p, &at);
	json_print(&text, tree);
	if (text.starved)
		failure_memory(f);
	else if (text.failed || text.len + room > budget)
		result = trim(tree, list, t, p, budget < room ? 0 : budget - room, given, f);
	else if (at.len == 0)
		result = 0;
	else {
		result = paging_put(tree, t, p, at.data, 0);
		if (result == -1)
			failure_memory(f);
	}
out:
	buf_finish(&text);
	buf_finish(&at);
	return result;
}

/* Leave whole items out from the end until the rest fits; `given` were given before. */
static int
trim(cJSON *tree, cJSON *list, const struct tool *t, const struct paging *p, size_t budget,
    uint64_t given, struct failure *f)
{
	uint64_t skip = given;
	struct buf text;
	cJSON *item, *rest;
	bool alone = false;	/* one item is too large by itself */
	bool starved;		/* not too large: there was no memory to look */
	size_t used;

	if (list == NULL)
		goto too_large;
	rest = cJSON_DetachItemFromObjectCaseSensitive(tree, t->list);
	buf_init(&text, budget);
	json_print(&text, tree);
	used = text.len + strlen(t->list) + 8;
	starved = text.starved || json_put(tree, t->list, cJSON_CreateArray()) == -1;
	if (text.failed)
		used = budget + 1;
	alone = rest->child != NULL && used <= budget;
	list = json_get(tree, t->list);
	while (list != NULL && (item = rest->child) != NULL) {
		buf_reset(&text);
		json_print(&text, item);
		starved |= text.starved;
		if (text.failed || used + text.len + 1 > budget)
			break;
		used += text.len + 1;
		cJSON_AddItemToArray(list, cJSON_DetachItemViaPointer(rest, item));
		skip++;
	}
	buf_finish(&text);
	cJSON_Delete(rest);
	if (starved)
		return failure_memory(f);
	if (list == NULL || list->child == NULL) {
		skip = given + 1;
		goto too_large;
	}
	if (json_put(tree, "truncated", cJSON_CreateTrue()) == -1 ||
	    paging_put(tree, t, p, p->from.at, skip) == -1)
		return failure_memory(f);
	return 0;
too_large:
	failure_init(f, "result_too_large", 502,
	    "%s is larger than %zu bytes; ask for fewer fields%s",
	    alone ? "one item alone" : "the result", budget,
	    alone ? ", or go on behind it with next_cursor" : "");
	if (alone) {
		buf_init(&text, LIMIT_CURSOR);
		if (cursor_seal(&text, p->key, t->name, p->digest, p->from.at, skip) == 0)
			f->next_cursor = buf_take(&text);
		buf_finish(&text);
	}
	return -1;
}

static void
fail_schema(struct failure *f, const struct schema_fault *wrong)
{
	failure_init(f, "upstream_unexpected", 502, "the service's answer does not fit the "
	    "tool's outputSchema: %s%s%s; tell the operator", wrong->path,
	    wrong->path[0] == '\0' ? "" : ": ", wrong->why);
}

/* Nobody knows whether a write was done: whoever repeats it may do it twice, or safely. */
static void
fail_unclear(struct failure *f, const struct tool *t, const cJSON *args, bool done)
{
	const char *key = json_str(args, "idempotency_key");
	bool keyed = key != NULL && *key != '\0';
	size_t len = strlen(f->hint);

	snprintf(f->code, sizeof f->code, "outcome_unknown");
	f->retryable = keyed && t->dedupes;
	snprintf(f->hint + len, sizeof f->hint - len, "%s: it may have been done. %s%s",
	    done ? ". The service accepted the call" : "", f->retryable ?
	    "Repeat it with the same idempotency_key" :
	    "Look (list or search) before you repeat it",
	    keyed && !f->retryable ? ", then with a new idempotency_key" : "");
}

static void
fail_outcome(struct failure *f, const struct tool *t, const struct answer *a, bool write)
{
	static const struct {
		const char *code;
		int status;
		bool retryable;
		const char *hint;
	} told[] = {
		[OUTCOME_ANSWERED] = { "internal", 500, false, "" },
		[OUTCOME_UNRESOLVED] = { "upstream_unresolvable", 502, true,
		    "the messaging service's host has no address now; repeat later or tell the "
		    "operator" },
		[OUTCOME_UNREACHABLE] = { "upstream_unreachable", 502, true,
		    "the messaging service takes no connections now; repeat later or tell the "
		    "operator" },
		[OUTCOME_UNTRUSTED] = { "upstream_untrusted", 502, false,
		    "no trusted TLS connection to the messaging service could be made (its "
		    "certificate, or no TLS at all); tell the operator" },
		[OUTCOME_TIMEOUT] = { "upstream_timeout", 504, true,
		    "the messaging service did not answer in time; repeat later" },
		[OUTCOME_EXCESS] = { "upstream_too_large", 502, false,
		    "the messaging service's answer is too large; ask for less, for example with "
		    "limit" },
		[OUTCOME_BROKEN] = { "upstream_broken", 502, true,
		    "the connection to the messaging service broke; repeat later" },
		[OUTCOME_REFUSED] = { "upstream_unavailable", 503, true,
		    "the messaging service is not taking requests now; nothing was done; repeat "
		    "later" },
		[OUTCOME_INTERNAL] = { "internal", 500, true,
		    "the bridge could not make the request; nothing was done; repeat later" },
	};
	if (write && result_is_unclear(t, a)) {
		failure_init(f, "", told[a->outcome].status, "the request was sent and no answer "
		    "came (%s)", answer_outcome(a->outcome));
		return;
	}
	failure_init(f, told[a->outcome].code, told[a->outcome].status, "%s",
	    told[a->outcome].hint);
	f->retryable = told[a->outcome].retryable;
}

/* What a status says when the service itself says nothing better. */
static const struct status_rule {
	int		 low, high;
	const char	*code;
	bool		 retryable;
	const char	*hint;
} status_rules[] = {
	{ 200, 299, "upstream_rejected", false, "the service took the call and refused it" },
	{ 400, 400, "bad_request", false, "change the arguments as the service says" },
	{ 401, 401, "upstream_unauthorized", false,
	    "the bridge's own credential was refused; tell the operator" },
	{ 403, 403, "upstream_forbidden", false,
	    "the bridge's credential does not allow this; tell the operator" },
	{ 404, 404, "not_found", false,
	    "nothing has this id; look it up with a list, find or search tool" },
	{ 408, 408, "upstream_timeout", true, "repeat the call" },
	{ 409, 409, "conflict", false,
	    "the state of the thing does not allow this; look at it first" },
	{ 410, 410, "gone", false, "it is not there any more" },
	{ 413, 413, "too_large", false, "send less" },
	{ 422, 422, "invalid", false, "change the arguments as the service says" },
	{ 429, 429, "rate_limited", true, "wait, then repeat the call" },
	{ 300, 399, "upstream_redirect", false,
	    "the service points elsewhere, and redirects are not followed; tell the operator" },
	{ 400, 499, "upstream_rejected", false, "change the arguments as the service says" },
	{ 503, 503, "upstream_unavailable", true, "wait, then repeat the call" },
	{ 0, 999, "upstream_error", true, "the service failed; repeat later or tell the operator" },
};

static const cJSON *
part(const struct tool *t, const cJSON *document, const char *name)
{
	const char *pointer = json_str(t->error, name);

	return pointer == NULL || document == NULL ? NULL : pointer_get(document, pointer);
}

/* Copy a string or number part, cleaned and cut to fit. */
static void
copy_part(char *out, size_t size, const cJSON *value)
{
	struct buf text;

	if (cJSON_IsString(value)) {
		buf_init(&text, strlen(value->valuestring));
		text_clean(&text, value->valuestring);
		text_cut(&text, size - 1);
		snprintf(out, size, "%s", buf_str(&text));
		buf_finish(&text);
	} else if (cJSON_IsNumber(value) && value->valuestring != NULL)
		snprintf(out, size, "%.*s", (int)size - 1, value->valuestring);
}

cJSON *
result_candidates(cJSON *list, size_t room)
{
	cJSON *kept = list == NULL ? NULL : cJSON_CreateArray(), *item;
	struct buf text;
	int count;

	buf_init(&text, room);
	for (count = 0; kept != NULL && count < LIMIT_CANDIDATES; count++) {
		item = list->child;
		if (item == NULL || json_print(&text, item) == -1 || buf_putc(&text, ',') == -1)
			break;
		cJSON_AddItemToArray(kept, cJSON_DetachItemViaPointer(list, item));
	}
	buf_finish(&text);
	cJSON_Delete(list);
	return kept;
}

static void
fail_status(struct failure *f, const struct tool *t, const cJSON *args, const struct answer *a,
    const cJSON *document, size_t budget, bool write)
{
	const struct status_rule *rule = status_rules;
	char code[64] = "", message[LIMIT_HINT] = "";
	const cJSON *known;
	const char *why;

	while (a->status < rule->low || a->status > rule->high)
		rule++;
	copy_part(code, sizeof code, part(t, document, "code"));
	copy_part(message, sizeof message, part(t, document, "message"));
	failure_init(f, code[0] != '\0' ? code : rule->code, a->status, "%s%s%s%s",
	    write && result_is_unclear(t, a) ? "the service failed" : rule->hint,
	    message[0] == '\0' ? " (it gave no reason" : " (it says: \"", message,
	    message[0] == '\0' ? ")" : "\")");
	f->retryable = rule->retryable;
	known = json_get(json_get(t->error, "codes"), f->code);
	if (json_str(known, "hint") != NULL)
		snprintf(f->hint, sizeof f->hint, "%s%s%s%s", json_str(known, "hint"),
		    message[0] == '\0' ? "" : " (the service says: \"", message,
		    message[0] == '\0' ? "" : "\")");
	if (json_get(known, "retryable") != NULL)
		f->retryable = json_true(known, "retryable");
	if (json_get(known, "code") != NULL)
		snprintf(f->code, sizeof f->code, "%s", cJSON_IsNull(json_get(known, "code")) ?
		    rule->code : json_str(known, "code"));
	/* A header may say with every answer when a window ends: of no use where no repeat is. */
	f->retry_after_s = t->retry.header != NULL && !f->retryable ? a->retry_after_s :
	    retry_after_s(&t->retry, a, document);
	if (t->error != NULL && json_get(t->error, "candidates") != NULL && document != NULL) {
		if (pick_apply(json_get(t->error, "candidates"), document, args, &f->candidates,
		    &why) == -1)
			f->candidates = NULL;
		f->candidates = result_candidates(f->candidates, budget / 2);
	}
	copy_part(f->request_id, sizeof f->request_id, part(t, document, "request_id"));
}
