/* SPDX-License-Identifier: MIT */
/*
 * test_result.c - mcp/result: answers become results, within a budget, page by page; what
 * went wrong becomes a failure that says what to do next.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "catalog.h"
#include "check.h"
#include "mcp/answer.h"
#include "mcp/failure.h"
#include "mcp/paging.h"
#include "mcp/result.h"
#include "mcp/service.h"
#include "scarce.h"
#include "wire/json.h"

#define BUDGET	32768

static const char service[] =
    "{\"name\":\"demo\",\"base_url\":\"https://api.example.org\",\"error\":{\"code\":\"/error/code\","
    "\"message\":\"/error/message\",\"request_id\":\"/error/id\",\"retry_after\":\"/error/retry\","
    "\"candidates\":{\"each\":\"/error/candidates\",\"item\":{\"id\":\"/id\",\"name\":\"/name\"}},"
    "\"codes\":{\"GONE\":{\"code\":\"gone\",\"hint\":\"It is gone.\",\"retryable\":false},"
    "\"BUSY\":{\"retryable\":true},\"0\":{\"code\":null},\"40\":{\"hint\":\"Forty.\"}}},\"tools\":["
    "{\"name\":\"get\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\",\"properties\":{\"id\":{}},"
    "\"required\":[\"id\"]},\"outputSchema\":{\"type\":\"object\",\"properties\":{\"id\":"
    "{\"type\":[\"string\",\"integer\"]},\"n\":{\"type\":\"integer\"}},\"required\":[\"id\"]},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/{id}\"},\"response\":{\"id\":\"/id\",\"n\":\"/n\","
    "\"text\":{\"pointer\":\"/text\",\"untrusted\":true},\"f\":\"/f\"}},"
    "{\"name\":\"list\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\",\"properties\":"
    "{\"q\":{},\"fields\":{}}},\"request\":{\"method\":\"GET\",\"url\":\"/{?q,cursor}\"},"
    "\"response\":{\"items\":{\"each\":\"/data\",\"item\":{\"id\":\"/id\",\"t\":{\"pointer\":\"/t\","
    "\"untrusted\":true}},\"only\":\"fields\"},\"next_cursor\":\"/next\",\"total\":\"/total\"}},"
    "{\"name\":\"send\",\"write\":true,\"description\":\"d\",\"inputSchema\":{\"type\":\"object\","
    "\"properties\":{\"idempotency_key\":{\"type\":\"string\"}}},\"outputSchema\":{\"type\":\"object\","
    "\"properties\":{\"id\":{\"type\":\"string\"}},\"required\":[\"id\"]},\"request\":{\"method\":\"POST\","
    "\"url\":\"/\",\"headers\":{\"Idempotency-Key\":\"{idempotency_key}\"}},"
    "\"response\":{\"id\":\"/id\",\"l\":{\"a\":{\"each\":\"/l\",\"item\":\"\"}}}},"
    "{\"name\":\"headed\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":{\"id\":\"/id\"},"
    "\"error\":{\"retry_after\":{\"header\":\"X-Reset\"}}},"
    "{\"name\":\"tested\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":{\"id\":\"/id\"},"
    "\"success\":{\"pointer\":\"/ok\",\"equals\":true}},"
    "{\"name\":\"tested_write\",\"write\":true,\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
    "\"request\":{\"method\":\"POST\",\"url\":\"/\"},\"response\":{\"id\":\"/id\"},"
    "\"success\":{\"pointer\":\"/ok\",\"equals\":true}},"
    "{\"name\":\"tested_number\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":{},"
    "\"success\":{\"pointer\":\"/code\",\"equals\":0}},"
    "{\"name\":\"plain\",\"write\":true,\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
    "\"request\":{\"method\":\"POST\",\"url\":\"/\"},\"response\":{\"id\":\"/id\"},\"error\":{}}]}";

static struct crypto_key key = { .secret = { "the secret of this test" }, .count = 1 };
static struct catalog catalog;

static cJSON *
parse(const char *text)
{
	struct json_fault fault;
	cJSON *item = json_parse(text, strlen(text), &fault);

	CHECK(item != NULL, "%s", text);
	return item;
}

/* What came of a call, as text: the result, or "!" and the failure. */
static char *
map(const char *tool, cJSON *args, const struct answer *a, size_t budget)
{
	const struct tool *t = catalog_find(&catalog, tool);
	struct paging p;
	struct failure f;
	struct buf out;

	buf_init(&out, 4 * 1024 * 1024);
	if (paging_init(&p, t, &key, args, &f) == -1 ||
	    result_map(&out, t, args, a, &p, budget, false, NULL, &f) != RESULT_GOOD) {
		buf_reset(&out);
		buf_putc(&out, '!');
		CHECK(failure_print(&out, &f) == 0, "%s: a failure prints", tool);
		failure_finish(&f);
	}
	paging_finish(&p);
	return buf_take(&out);
}

static char *
map_text(const char *tool, const char *args_text, int status, const char *body, size_t budget)
{
	struct answer a = { .outcome = OUTCOME_ANSWERED, .sent = true, .status = status,
	    .retry_after_s = -1, .body = body, .len = strlen(body) };
	cJSON *args = parse(args_text);
	char *text = map(tool, args, &a, budget);

	cJSON_Delete(args);
	return text;
}

/* An answer with a status and what is made of it. Rows that begin with '!' look for parts. */
static const struct {
	const char	*tool;
	const char	*args;
	int		 status;
	const char	*body;
	const char	*want;		/* the whole result; of a failure, parts between '|' */
} cases[] = {
	/* Good. */
	{ "get", "{\"id\":1}", 200, "{\"id\":\"a\",\"n\":1}", "{\"id\":\"a\",\"n\":1,\"untrusted\":[\"text\"]}" },
	{ "get", "{\"id\":1}", 299, "{\"id\":\"a\"}", "{\"id\":\"a\",\"untrusted\":[\"text\"]}" },
	{ "get", "{\"id\":1}", 200, "{\"id\":12345678901234567890123456789,\"n\":1e2,\"f\":1.10}",
	    "{\"id\":12345678901234567890123456789,\"n\":1e2,\"f\":1.10,\"untrusted\":[\"text\"]}" },
	{ "get", "{\"id\":1}", 200, "{\"id\":\"a\",\"text\":\"x\\u202ey\\u200b\\u0000\",\"n\":null}",
	    "{\"id\":\"a\",\"text\":\"xy\",\"untrusted\":[\"text\"]}" },
	{ "plain", "{}", 204, "", "{}" }, { "plain", "{}", 200, "{\"id\":7}", "{\"id\":7}" },
	{ "plain", "{}", 200, "[1]", "{}" }, { "plain", "{}", 200, "null", "{}" },
	{ "send", "{}", 201, "{\"id\":\"a\",\"l\":[1]}", "{\"id\":\"a\",\"l\":{\"a\":[1]}}" },
	{ "list", "{}", 200, "{\"data\":[]}", "{\"items\":[],\"untrusted\":[\"t\"]}" },
	{ "list", "{}", 200, "{}", "{\"untrusted\":[\"t\"]}" },
	{ "list", "{\"fields\":[\"t\"]}", 200, "{\"data\":[{\"id\":1,\"t\":\"a\"}],\"next\":null}",
	    "{\"items\":[{\"t\":\"a\"}],\"untrusted\":[\"t\"]}" },
	{ "list", "{}", 200, "{\"data\":[{\"id\":1}],\"next\":\"\",\"total\":9}",
	    "{\"items\":[{\"id\":1}],\"total\":9,\"untrusted\":[\"t\"]}" },
	{ "tested", "{}", 200, "{\"ok\":true,\"id\":1}", "{\"id\":1}" },
	{ "tested_number", "{}", 200, "{\"code\":0.0}", "{}" },

	/* The success test. */
	{ "tested", "{}", 200, "{\"ok\":false,\"id\":1}", "!\"code\":\"upstream_rejected\"|\"http_status\":200|" },
	{ "tested", "{}", 200, "{\"ok\":\"true\"}", "!\"http_status\":200|\"retryable\":false|" },
	{ "tested", "{}", 200, "{}", "!\"http_status\":200|" },
	{ "tested", "{}", 200, "", "!\"http_status\":200|" },
	{ "tested_write", "{}", 200, "", "!\"code\":\"outcome_unknown\"|" },
	{ "tested_write", "{}", 200, "{}", "!\"code\":\"outcome_unknown\"|" },
	{ "tested_write", "{}", 200, "{\"ok\":false}", "!\"code\":\"upstream_rejected\"|" },
	{ "tested_write", "{}", 200, "{\"ok\":null}", "!\"code\":\"upstream_rejected\"|" },
	{ "tested", "{}", 500, "{\"ok\":true}", "!\"http_status\":500|" },
	{ "tested", "{}", 200, "{\"ok\":false,\"error\":{\"code\":\"GONE\",\"message\":\"m\"}}",
	    "!\"code\":\"gone\"|\"http_status\":200|It is gone. (the service says: \\\"m\\\")|" },
	{ "tested_number", "{}", 200, "{\"code\":1}", "!\"http_status\":200|" },
	{ "tested_number", "{}", 200, "{\"code\":\"0\"}", "!\"http_status\":200|" },

	/* Statuses. */
	{ "get", "{\"id\":1}", 400, "", "!\"code\":\"bad_request\"|\"http_status\":400|\"retryable\":false|" },
	{ "get", "{\"id\":1}", 401, "", "!\"code\":\"upstream_unauthorized\"|\"retryable\":false|" },
	{ "get", "{\"id\":1}", 403, "", "!\"code\":\"upstream_forbidden\"|\"retryable\":false|" },
	{ "get", "{\"id\":1}", 404, "", "!\"code\":\"not_found\"|\"retryable\":false|" },
	{ "get", "{\"id\":1}", 408, "", "!\"code\":\"upstream_timeout\"|\"retryable\":true|" },
	{ "get", "{\"id\":1}", 409, "", "!\"code\":\"conflict\"|\"retryable\":false|" },
	{ "get", "{\"id\":1}", 410, "", "!\"code\":\"gone\"|" },
	{ "get", "{\"id\":1}", 413, "", "!\"code\":\"too_large\"|" },
	{ "get", "{\"id\":1}", 418, "", "!\"code\":\"upstream_rejected\"|\"http_status\":418|" },
	{ "get", "{\"id\":1}", 422, "", "!\"code\":\"invalid\"|" },
	{ "get", "{\"id\":1}", 429, "", "!\"code\":\"rate_limited\"|\"retryable\":true|" },
	{ "get", "{\"id\":1}", 302, "", "!\"code\":\"upstream_redirect\"|\"retryable\":false|" },
	{ "get", "{\"id\":1}", 304, "", "!\"code\":\"upstream_redirect\"|" },
	{ "get", "{\"id\":1}", 500, "oops", "!\"code\":\"upstream_error\"|\"retryable\":true|" },
	{ "get", "{\"id\":1}", 503, "", "!\"code\":\"upstream_unavailable\"|\"retryable\":true|" },
	{ "get", "{\"id\":1}", 999, "", "!\"code\":\"upstream_error\"|" },
	{ "get", "{\"id\":1}", 101, "", "!\"http_status\":101|" },
	{ "plain", "{}", 400, "{\"error\":{\"code\":\"GONE\"}}", "!\"code\":\"bad_request\"|" },
	{ "send", "{}", 500, "", "!\"code\":\"outcome_unknown\"|\"retryable\":false|" },
	{ "send", "{}", 502, "", "!\"retryable\":false|" },
	{ "send", "{}", 504, "", "!\"retryable\":false|" },
	{ "send", "{}", 503, "", "!\"code\":\"outcome_unknown\"|\"retryable\":false|" },
	{ "send", "{}", 429, "", "!\"retryable\":true|" },
	{ "send", "{\"idempotency_key\":\"k\"}", 500, "", "!\"retryable\":true|" },

	/* What the error answer says. */
	{ "get", "{\"id\":1}", 404, "{\"error\":{\"code\":\"GONE\",\"message\":\"Not \\u202ethere\\n\"}}",
	    "!\"code\":\"gone\"|It is gone. (the service says: \\\"Not there\\n\\\")|" },
	{ "get", "{\"id\":1}", 400, "{\"error\":{\"code\":\"BUSY\"}}", "!\"code\":\"BUSY\"|\"retryable\":true|" },
	{ "get", "{\"id\":1}", 400, "{\"error\":{\"code\":40}}", "!\"code\":\"40\"|\"hint\":\"Forty.\"|" },
	{ "get", "{\"id\":1}", 401, "{\"error\":{\"code\":0}}", "!\"code\":\"upstream_unauthorized\"|" },
	{ "get", "{\"id\":1}", 429, "{\"error\":{\"code\":0}}", "!\"code\":\"rate_limited\"|\"retryable\":true|" },
	{ "get", "{\"id\":1}", 400, "{\"error\":{\"code\":{}}}", "!\"code\":\"bad_request\"|" },
	{ "get", "{\"id\":1}", 400, "{\"error\":{\"code\":\"NEW\",\"message\":\"Because.\"}}",
	    "!\"code\":\"NEW\"|it says: \\\"Because.\\\"|" },
	{ "get", "{\"id\":1}", 400, "{\"error\":{\"id\":\"r-1\",\"retry\":30}}",
	    "!\"upstream_request_id\":\"r-1\"|\"retry_after_s\":30|" },
	{ "get", "{\"id\":1}", 400, "{\"error\":{\"retry\":-1}}", "!\"hint\"|" },
	{ "get", "{\"id\":1}", 429, "{\"error\":{\"retry\":0.3}}", "!\"retry_after_s\":1,|" },
	{ "get", "{\"id\":1}", 429, "{\"error\":{\"retry\":64.57}}", "!\"retry_after_s\":65,|" },
	{ "get", "{\"id\":1}", 429, "{\"error\":{\"retry\":2.0}}", "!\"retry_after_s\":2,|" },
	{ "get", "{\"id\":1}", 429, "{\"error\":{\"retry\":1e99}}", "!\"retry_after_s\":604800,|" },
	{ "get", "{\"id\":1}", 422, "{\"error\":{\"candidates\":[{\"id\":1,\"name\":\"A\\u200b\"},{\"id\":2}]}}",
	    "!\"candidates\":[{\"id\":1,\"name\":\"A\"},{\"id\":2}]|" },
	{ "get", "{\"id\":1}", 422, "{\"error\":{\"candidates\":7}}", "!\"code\":\"invalid\"|" },

	/* Answers that do not fit. */
	{ "get", "{\"id\":1}", 200, "<html>", "!\"code\":\"upstream_unexpected\"|not JSON|\"retryable\":false|" },
	{ "get", "{\"id\":1}", 200, "{\"n\":1}", "!\"code\":\"upstream_unexpected\"|outputSchema|" },
	{ "get", "{\"id\":1}", 200, "{\"id\":\"a\",\"n\":\"x\"}", "!\"code\":\"upstream_unexpected\"|/n|" },
	{ "get", "{\"id\":1}", 200, "", "!\"code\":\"upstream_unexpected\"|" },
	{ "list", "{}", 200, "{\"data\":{}}", "!\"code\":\"upstream_unexpected\"|a list was expected|" },
	{ "send", "{}", 200, "<html>", "!\"code\":\"outcome_unknown\"|\"retryable\":false|before you repeat|" },
	{ "send", "{}", 200, "{}", "!\"code\":\"outcome_unknown\"|\"retryable\":false|before you repeat|" },
	{ "send", "{}", 200, "{\"id\":\"a\",\"l\":1}", "!\"code\":\"outcome_unknown\"|\"retryable\":false|" },
	{ "send", "{\"idempotency_key\":\"k\"}", 200, "{}",
	    "!\"code\":\"outcome_unknown\"|\"retryable\":true|same idempotency_key|" },
};

static void
run_case(size_t i)
{
	char part[256], *text = map_text(cases[i].tool, cases[i].args, cases[i].status, cases[i].body,
	    BUDGET);
	const char *p, *end;
	cJSON *item;

	item = parse(text + (text[0] == '!'));
	cJSON_Delete(item);
	if (cases[i].want[0] != '!') {
		CHECK(strcmp(text, cases[i].want) == 0, "%s %d %s: %s", cases[i].tool, cases[i].status,
		    cases[i].body, text);
		free(text);
		return;
	}
	CHECK(text[0] == '!', "%s %d %s: %s", cases[i].tool, cases[i].status, cases[i].body, text);
	for (p = cases[i].want + 1; (end = strchr(p, '|')) != NULL; p = end + 1) {
		snprintf(part, sizeof part, "%.*s", (int)(end - p), p);
		CHECK(strstr(text, part) != NULL, "%s %d %s: no %s in %s", cases[i].tool,
		    cases[i].status, cases[i].body, part, text);
	}
	free(text);
}

/* What is said when no answer came, to a read, a write, and a write with a key. */
static const struct {
	enum outcome	 outcome;
	bool		 sent;
	const char	*read, *write, *keyed;	/* code and retryable */
} outcomes[] = {
	{ OUTCOME_UNRESOLVED, false, "upstream_unresolvable yes", "upstream_unresolvable yes",
	    "upstream_unresolvable yes" },
	{ OUTCOME_UNREACHABLE, false, "upstream_unreachable yes", "upstream_unreachable yes",
	    "upstream_unreachable yes" },
	{ OUTCOME_UNTRUSTED, false, "upstream_untrusted no", "upstream_untrusted no",
	    "upstream_untrusted no" },
	{ OUTCOME_TIMEOUT, false, "upstream_timeout yes", "upstream_timeout yes", "upstream_timeout yes" },
	{ OUTCOME_TIMEOUT, true, "upstream_timeout yes", "outcome_unknown no", "outcome_unknown yes" },
	{ OUTCOME_EXCESS, true, "upstream_too_large no", "outcome_unknown no", "outcome_unknown yes" },
	{ OUTCOME_BROKEN, false, "upstream_broken yes", "upstream_broken yes", "upstream_broken yes" },
	{ OUTCOME_BROKEN, true, "upstream_broken yes", "outcome_unknown no", "outcome_unknown yes" },
	{ OUTCOME_REFUSED, true, "upstream_unavailable yes", "upstream_unavailable yes",
	    "upstream_unavailable yes" },
	{ OUTCOME_INTERNAL, false, "internal yes", "internal yes", "internal yes" },
};

static void
run_outcomes(void)
{
	static const char *const tools[] = { "get", "send", "send" };
	static const char *const args[] = { "{\"id\":1}", "{}", "{\"idempotency_key\":\"k\"}" };
	struct answer a = { .retry_after_s = -1 };
	const char *want;
	char got[128], *text;
	cJSON *item, *arg;
	size_t i, k;

	for (i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++)
		for (k = 0; k < 3; k++) {
			want = k == 0 ? outcomes[i].read : k == 1 ? outcomes[i].write : outcomes[i].keyed;
			a.outcome = outcomes[i].outcome;
			a.sent = outcomes[i].sent;
			arg = parse(args[k]);
			text = map(tools[k], arg, &a, BUDGET);
			item = parse(text + 1);
			snprintf(got, sizeof got, "%s %s", json_str(item, "code"),
			    json_true(item, "retryable") ? "yes" : "no");
			CHECK(text[0] == '!' && strcmp(got, want) == 0, "%s to %s: %s",
			    answer_outcome(a.outcome), args[k], text);
			CHECK(json_str(item, "hint") != NULL && strlen(json_str(item, "hint")) > 20, "a hint");
			cJSON_Delete(item);
			cJSON_Delete(arg);
			free(text);
		}
}

/* What the headers say: Retry-After stands above the body's, the body's id above the header's. */
static void
run_headers(void)
{
	static const char body[] = "{\"error\":{\"retry\":30,\"id\":\"body-id\"}}";
	struct answer a = { .outcome = OUTCOME_ANSWERED, .sent = true, .status = 429,
	    .retry_after_s = 5, .request_id = "head-id", .body = body, .len = sizeof body - 1 };
	cJSON *args = parse("{\"id\":1}");
	char *text = map("get", args, &a, BUDGET);

	CHECK(strstr(text, "\"retry_after_s\":5,") != NULL && strstr(text, "body-id") != NULL, "%s", text);
	free(text);
	a.len = 0;
	text = map("get", args, &a, BUDGET);
	CHECK(strstr(text, "\"upstream_request_id\":\"head-id\"") != NULL, "%s", text);
	free(text);
	a.outcome = OUTCOME_BROKEN;
	text = map("get", args, &a, BUDGET);
	CHECK(strstr(text, "head-id") != NULL && strstr(text, "retry_after_s") == NULL, "%s", text);
	free(text);
	/* What every answer says is told where a repeat may help. */
	a = (struct answer){ .outcome = OUTCOME_ANSWERED, .sent = true, .status = 429,
	    .retry_after_s = -1, .head = "X-Reset: 7\r\n", .headlen = 12 };
	text = map("headed", args, &a, BUDGET);
	CHECK(strstr(text, "\"retry_after_s\":7,") != NULL, "%s", text);
	free(text);
	a.status = 404;
	text = map("headed", args, &a, BUDGET);
	CHECK(strstr(text, "retry_after_s") == NULL, "%s", text);
	free(text);
	cJSON_Delete(args);
}

/* Long texts are cut at a character's border, lists of candidates by count and by size. */
static void
run_long_errors(void)
{
	struct buf body;
	cJSON *item;
	char *text;
	int i;

	buf_init(&body, 1024 * 1024);
	buf_puts(&body, "{\"error\":{\"code\":\"");
	for (i = 0; i < 100; i++)
		buf_puts(&body, "\xc3\xa4");
	buf_puts(&body, "\",\"id\":\"");
	for (i = 0; i < 500; i++)
		buf_puts(&body, "\xf0\x9f\x98\x80");
	buf_puts(&body, "\",\"message\":\"x");
	for (i = 0; i < 1000; i++)
		buf_puts(&body, "\xe2\x82\xac");
	buf_puts(&body, "\",\"candidates\":[");
	for (i = 0; i < 50; i++)
		buf_printf(&body, "%s{\"id\":%d}", i == 0 ? "" : ",", i);
	buf_puts(&body, "]}}");
	text = map_text("get", "{\"id\":1}", 404, buf_str(&body), BUDGET);
	item = parse(text + 1);
	CHECK(strstr(text, "\xef\xbf\xbd") == NULL, "cut amid a character: %s", text);
	CHECK(strlen(json_str(item, "code")) == 62, "%s", json_str(item, "code"));
	CHECK(strlen(json_str(item, "hint")) < 2 * LIMIT_HINT, "a bounded hint");
	CHECK(cJSON_GetArraySize(json_get(item, "candidates")) == LIMIT_CANDIDATES, "%d candidates",
	    cJSON_GetArraySize(json_get(item, "candidates")));
	cJSON_Delete(item);
	free(text);

	buf_reset(&body);
	buf_puts(&body, "{\"error\":{\"candidates\":[");
	for (i = 0; i < 10; i++) {
		buf_printf(&body, "%s{\"name\":\"", i == 0 ? "" : ",");
		while (body.len % 3000 != 0)
			buf_putc(&body, 'x');
		buf_puts(&body, "\"}");
	}
	buf_puts(&body, "]}}");
	text = map_text("get", "{\"id\":1}", 404, buf_str(&body), 8192);
	item = parse(text + 1);
	CHECK(strlen(text) < 8192, "%zu bytes of a failure", strlen(text));
	CHECK(cJSON_GetArraySize(json_get(item, "candidates")) == 1, "%d candidates",
	    cJSON_GetArraySize(json_get(item, "candidates")));
	cJSON_Delete(item);
	free(text);
	buf_finish(&body);
}

/* Pages of the service: three, of 40, 40 and 7 items. What cursor leads where. */
static int
page_of(const cJSON *args, struct buf *body)
{
	static const char *const cursors[] = { "", "second", "third" };
	static const int sizes[] = { 40, 40, 7 };
	const char *at = json_str(args, "cursor");
	int page, i;

	for (page = 0; page < 3 && strcmp(at == NULL ? "" : at, cursors[page]) != 0; page++)
		;
	if (page == 3)
		return -1;
	buf_puts(body, "{\"data\":[");
	for (i = 0; i < sizes[page]; i++)
		buf_printf(body, "%s{\"id\":%d,\"t\":\"%0*d\"}", i == 0 ? "" : ",", page * 40 + i,
		    10 + i * 7 % 90, 0);
	buf_printf(body, "],\"next\":%s%s%s}", page == 2 ? "null" : "\"",
	    page == 2 ? "" : cursors[page + 1], page == 2 ? "" : "\"");
	return 0;
}

/* Follow the cursors to the end: every item once, in order, whatever the budget. */
static void
run_pages(size_t budget)
{
	struct answer a = { .outcome = OUTCOME_ANSWERED, .sent = true, .status = 200,
	    .retry_after_s = -1 };
	int64_t id, expected = 0;
	cJSON *args, *result, *item;
	char *text, *cursor = NULL;
	struct buf body;
	int calls;

	for (calls = 0; calls < 200; calls++) {
		args = parse("{\"q\":\"x\"}");
		if (cursor != NULL)
			json_put(args, "cursor", cJSON_CreateString(cursor));
		free(cursor);
		cursor = NULL;
		buf_init(&body, 65536);
		/* The service sees its own cursor, which paging_init() puts there: map() runs it first. */
		{
			const struct tool *t = catalog_find(&catalog, "list");
			struct failure f;
			struct paging p;
			struct buf out;

			CHECK(paging_init(&p, t, &key, args, &f) == 0, "budget %zu: paging", budget);
			CHECK(page_of(args, &body) == 0, "budget %zu: cursor %s", budget,
			    json_str(args, "cursor"));
			a.body = buf_str(&body);
			a.len = body.len;
			buf_init(&out, 65536);
			CHECK(result_map(&out, t, args, &a, &p, budget, false, NULL, &f) == RESULT_GOOD, "budget %zu: %s", budget,
			    f.hint);
			text = buf_take(&out);
			paging_finish(&p);
		}
		CHECK(strlen(text) <= budget, "budget %zu: %zu bytes", budget, strlen(text));
		result = parse(text);
		cJSON_ArrayForEach(item, json_get(result, "items")) {
			CHECK(json_integer(json_get(item, "id"), &id) == 0 && id == expected,
			    "budget %zu: item %d is %d", budget, (int)expected, (int)id);
			expected++;
		}
		if (json_true(result, "truncated"))
			CHECK(json_str(result, "next_cursor") != NULL, "budget %zu: where to go on", budget);
		if (json_str(result, "next_cursor") != NULL)
			cursor = strdup(json_str(result, "next_cursor"));
		cJSON_Delete(result);
		cJSON_Delete(args);
		free(text);
		buf_finish(&body);
		if (cursor == NULL)
			break;
	}
	CHECK(expected == 87, "budget %zu: %d items in %d calls", budget, (int)expected, calls + 1);
	free(cursor);
}

static void
run_cursors(void)
{
	static const char body[] = "{\"data\":[{\"id\":1}],\"next\":\"n\"}";
	struct buf big;
	cJSON *item, *args;
	struct answer a = { .outcome = OUTCOME_ANSWERED, .status = 200, .retry_after_s = -1,
	    .body = body, .len = sizeof body - 1 };
	char *text, *cursor;
	int i;

	text = map_text("list", "{\"q\":\"x\"}", 200, body, BUDGET);
	item = parse(text);
	cursor = strdup(json_str(item, "next_cursor"));
	CHECK(strcmp(cursor, "n") != 0, "not the service's own");
	cJSON_Delete(item);
	free(text);
	for (i = 0; i < 4; i++) {
		args = parse(i == 0 ? "{\"q\":\"y\"}" : i == 1 ? "{}" : "{\"q\":\"x\"}");
		json_put(args, "cursor", cJSON_CreateString(i == 2 ? "n" : cursor));
		text = map("list", args, &a, BUDGET);
		CHECK(i == 3 ? text[0] == '{' : strstr(text, "\"code\":\"invalid_cursor\"") != NULL &&
		    strstr(text, "/cursor: ") != NULL, "row %d: %s", i, text);
		free(text);
		cJSON_Delete(args);
	}
	free(cursor);

	/* A number is a cursor too; one that is too long is said, not lost. */
	text = map_text("list", "{}", 200, "{\"data\":[],\"next\":12345678901234567890}", BUDGET);
	CHECK(strstr(text, "\"next_cursor\":\"") != NULL, "%s", text);
	free(text);
	for (i = 2000; i < 2100; i += 5) {
		buf_init(&big, 8192);
		buf_printf(&big, "{\"data\":[],\"next\":\"%0*d\"}", i, 0);
		text = map_text("list", "{}", 200, buf_str(&big), BUDGET);
		CHECK(i <= LIMIT_CURSOR / 2 - 32 ? strstr(text, "\"next_cursor\":\"") != NULL :
		    strstr(text, "cursor is longer than") != NULL, "a cursor of %d: %.200s", i, text);
		free(text);
		buf_finish(&big);
	}
}

/* An item larger than the budget is said, and what is behind it can be reached. */
static void
run_oversized(void)
{
	struct buf body;
	cJSON *item, *args;
	struct answer a = { .outcome = OUTCOME_ANSWERED, .status = 200, .retry_after_s = -1 };
	char *text, *cursor;

	buf_init(&body, 65536);
	buf_printf(&body, "{\"data\":[{\"id\":1,\"t\":\"%0*d\"},{\"id\":2}]}", 5000, 0);
	a.body = buf_str(&body);
	a.len = body.len;
	text = map_text("list", "{}", 200, buf_str(&body), 2048);
	item = parse(text + 1);
	CHECK(text[0] == '!' && strcmp(json_str(item, "code"), "result_too_large") == 0 &&
	    strstr(text, "one item alone") != NULL && json_str(item, "next_cursor") != NULL, "%s", text);
	cursor = strdup(json_str(item, "next_cursor"));
	cJSON_Delete(item);
	free(text);
	args = parse("{}");
	json_put(args, "cursor", cJSON_CreateString(cursor));
	text = map("list", args, &a, 2048);
	CHECK(strcmp(text, "{\"items\":[{\"id\":2}],\"untrusted\":[\"t\"]}") == 0, "%s", text);
	free(text);
	free(cursor);
	cJSON_Delete(args);
	/* With fewer fields it fits. */
	text = map_text("list", "{\"fields\":[\"id\"]}", 200, buf_str(&body), 2048);
	CHECK(strstr(text, "[{\"id\":1},{\"id\":2}]") != NULL, "%s", text);
	free(text);

	/* What is not in the list cannot be paged through. */
	buf_reset(&body);
	buf_printf(&body, "{\"data\":[],\"total\":\"%0*d\"}", 5000, 0);
	text = map_text("list", "{}", 200, buf_str(&body), 2048);
	CHECK(strstr(text, "\"code\":\"result_too_large\"") != NULL && strstr(text, "the result is") != NULL &&
	    strstr(text, "\"next_cursor\"") == NULL, "%s", text);
	free(text);
	buf_reset(&body);
	buf_printf(&body, "{\"id\":\"%0*d\"}", 5000, 0);
	text = map_text("get", "{\"id\":1}", 200, buf_str(&body), 2048);
	CHECK(strstr(text, "\"code\":\"result_too_large\"") != NULL, "%s", text);
	free(text);
	text = map_text("send", "{}", 200, buf_str(&body), 2048);
	CHECK(strstr(text, "\"code\":\"outcome_unknown\"") != NULL &&
	    strstr(text, "\"retryable\":false") != NULL, "%s", text);
	free(text);
	buf_finish(&body);
}

/* Memory for n nodes only: a failure, and a write that went through is never called undone. */
static void
run_memory(const char *tool, const char *args_text, const char *body, size_t budget)
{
	struct answer a = { .outcome = OUTCOME_ANSWERED, .sent = true, .status = 200,
	    .retry_after_s = -1, .body = body, .len = strlen(body) };
	const struct tool *t = catalog_find(&catalog, tool);
	struct failure f;
	struct paging p;
	struct buf out;
	cJSON *args;
	int i, result = -1;

	for (i = 0; result == -1 && i < 5000; i++) {
		args = parse(args_text);
		buf_init(&out, budget);
		CHECK(paging_init(&p, t, &key, args, &f) == 0, "%s", tool);
		scarce_begin(i);
		result = result_map(&out, t, args, &a, &p, budget, false, NULL, &f) == RESULT_GOOD ? 0 : -1;
		scarce_end();
		if (result == -1) {
			CHECK(f.hint[0] != '\0', "%s with %d: a reason", tool, i);
			CHECK(t->write ? strcmp(f.code, "outcome_unknown") == 0 && !f.retryable :
			    strcmp(f.code, "internal") == 0 && f.retryable, "%s with %d: %s %s", tool, i,
			    f.code, f.hint);
			failure_finish(&f);
		}
		paging_finish(&p);
		buf_finish(&out);
		cJSON_Delete(args);
	}
	CHECK(result == 0 && i > 3, "%s: %d allocations", tool, i);
}

int
main(void)
{
	static const size_t budgets[] = { 512, 600, 700, 1024, 1500, 2048, 4096, 8192, BUDGET };
	size_t i;

	catalog_of(&catalog, service);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		run_case(i);
	run_outcomes();
	run_headers();
	run_long_errors();
	for (i = 0; i < sizeof budgets / sizeof budgets[0]; i++)
		run_pages(budgets[i]);
	run_cursors();
	run_oversized();
	run_memory("send", "{}", "{\"id\":\"a\",\"l\":[1,2]}", BUDGET);
	run_memory("get", "{\"id\":1}", "{\"id\":\"a\",\"text\":\"x\"}", BUDGET);
	run_memory("list", "{}", "{\"data\":[{\"id\":1},{\"id\":2},{\"id\":3}],\"next\":\"n\"}", 300);
	catalog_finish(&catalog);
	return check_done();
}
