/* SPDX-License-Identifier: MIT */
/* test_split.c - the arguments of each part, their results as one, and what is said when one fails. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "catalog.h"
#include "check.h"
#include "mcp/failure.h"
#include "mcp/split.h"
#include "wire/json.h"

#define TOOL(name, headers) \
	"{\"name\":\"" name "\",\"description\":\"d\",\"write\":true,\"inputSchema\":{\"type\":" \
	"\"object\",\"properties\":{\"text\":{\"type\":\"string\"},\"to\":{}}},\"request\":{\"method\":" \
	"\"POST\",\"url\":\"/x\"," headers "\"body\":{\"text\":\"{text}\",\"to\":\"{to}\"}},\"split\":" \
	"{\"argument\":\"text\",\"max\":10,\"unit\":\"characters\"},\"response\":{\"id\":\"/id\"}}"

static const char service[] =
    "{\"name\":\"demo\",\"base_url\":\"https://api.example.org\",\"tools\":["
    TOOL("plain", "") "," TOOL("keyed", "\"headers\":{\"K\":\"{idempotency_key}\"},") "]}";

static struct catalog catalog;

static cJSON *
parse(const char *text)
{
	struct json_fault fault;

	return json_parse(text, strlen(text), &fault);
}

static void
keep(struct split *s, const char *result)
{
	struct buf text;

	buf_init(&text, 1000);
	buf_puts(&text, result);
	split_keep(s, &text);
	buf_finish(&text);
}

/* The arguments of the next part are these. */
static void
check_next(struct split *s, cJSON *args, const char *want)
{
	cJSON *got = split_next(s, args), *wanted = parse(want);
	struct buf text;

	buf_init(&text, 1000);
	json_print(&text, got);
	CHECK(cJSON_Compare(got, wanted, true), "%s, not %s", buf_str(&text), want);
	buf_finish(&text);
	cJSON_Delete(wanted);
}

static void
check_join(const struct split *s, size_t budget, const char *want)
{
	struct buf text;

	buf_init(&text, 1000);
	CHECK(split_join(s, &text, budget) == 0 && strcmp(buf_str(&text), want) == 0, "%s",
	    buf_str(&text));
	buf_finish(&text);
}

static void
test_parts(const char *first, const char *joined, const char *cut)
{
	cJSON *args = parse("{\"to\":[\"bob\"],\"text\":\"one two three four five\","
	    "\"idempotency_key\":\"k\"}"), *before = cJSON_Duplicate(args, 1);
	struct failure f;
	struct split *s;

	CHECK(split_create(&s, catalog_find(&catalog, "keyed"), args, &f) == 0 && s != NULL, "none");
	check_next(s, args, "{\"to\":[\"bob\"],\"text\":\"one two\",\"idempotency_key\":\"k\"}");
	json_put(split_next(s, args), "room", cJSON_CreateString("r1"));
	CHECK(split_sent(s) == 0 && !split_is_done(s), "%zu are sent", split_sent(s));
	keep(s, first);
	check_next(s, args, "{\"to\":[\"bob\"],\"text\":\"three four\",\"idempotency_key\":\"k-2\","
	    "\"room\":\"r1\"}");
	keep(s, "{\"id\":2}");
	check_next(s, args, "{\"to\":[\"bob\"],\"text\":\"five\",\"idempotency_key\":\"k-3\","
	    "\"room\":\"r1\"}");
	keep(s, "{\"id\":3}");
	CHECK(split_sent(s) == 3 && split_is_done(s), "%zu are sent", split_sent(s));
	check_join(s, 1000, joined);
	check_join(s, strlen(joined) - 10, cut);
	split_destroy(s);
	CHECK(cJSON_Compare(args, before, true), "the call's own arguments are others now");
	cJSON_Delete(before);
	cJSON_Delete(args);
}

/* What is not cut. */
static void
test_whole(void)
{
	static const char *const whole[] = {
		"{}", "{\"text\":\"0123456789\"}", "{\"text\":7}", "{\"text\":\"            \"}",
	};
	struct split *s;
	struct failure f;
	size_t i;
	cJSON *args;

	for (i = 0; i < sizeof whole / sizeof whole[0]; i++) {
		args = parse(whole[i]);
		CHECK(split_create(&s, catalog_find(&catalog, "plain"), args, &f) == 0 && s == NULL,
		    "%s", whole[i]);
		cJSON_Delete(args);
	}
	CHECK(split_sent(NULL) == 0, "parts of nothing");
	/* One that is too long for white space alone is one part. */
	args = parse("{\"text\":\"      one      \"}");
	CHECK(split_create(&s, catalog_find(&catalog, "plain"), args, &f) == 0 && s != NULL, "whole");
	check_next(s, args, "{\"text\":\"one\"}");
	keep(s, "{\"id\":1}");
	check_join(s, 1000, "{\"id\":1}");
	split_destroy(s);
	cJSON_Delete(args);
}

static void
test_failures(void)
{
	static const struct {
		const char *tool, *args, *code, *want, *hint, *more;
		bool was, retryable;
	} rows[] = {
		{ "plain", "{\"text\":\"one two three\"}", "invalid", "partly_done", "begins at character 9",
		    "\"cause\":\"invalid\",\"parts\":2,\"parts_sent\":1,\"rest_from\":9", true, false },
		{ "plain", "{\"text\":\"one two three\",\"idempotency_key\":\"k\"}", "a\"b", "partly_done",
		    "with a new idempotency_key",
		    "\"cause\":\"a\\\"b\",\"parts\":2,\"parts_sent\":1,\"rest_from\":9", true, false },
		{ "keyed", "{\"text\":\"one two three\"}", "invalid", "partly_done", "do not repeat",
		    "\"cause\":\"invalid\",\"parts\":2,\"parts_sent\":1,\"rest_from\":9", true, false },
		{ "keyed", "{\"text\":\"one two three\",\"idempotency_key\":\"k\"}", "invalid",
		    "partly_done", "Repeat the whole call with the same idempotency_key",
		    "\"cause\":\"invalid\",\"parts\":2,\"parts_sent\":1,\"rest_from\":9", true, true },
		{ "keyed", "{\"text\":\"one two three\",\"idempotency_key\":\"k\"}", "invalid",
		    "partly_done", "send that alone, with a new idempotency_key",
		    "\"cause\":\"invalid\",\"parts\":2,\"parts_sent\":1,\"rest_from\":9", false, false },
		{ "plain", "{\"text\":\"one two three\"}", "outcome_unknown", "outcome_unknown",
		    "once you know that it was not sent", "\"cause\":\"outcome_unknown\",\"parts\":2,"
		    "\"parts_sent\":1,\"rest_from\":9", true, false },
	};
	struct failure f;
	struct split *s;
	cJSON *args;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		args = parse(rows[i].args);
		split_create(&s, catalog_find(&catalog, rows[i].tool), args, &f);
		split_next(s, args);
		keep(s, "{}");
		split_next(s, args);
		failure_init(&f, rows[i].code, 422, "nothing was done (it says: \"%s\")",
		    "\xc3\xa4\xc3\xa4\xc3\xa4 the cause");
		f.retryable = rows[i].was;
		split_fail(s, &f);
		CHECK(strcmp(f.code, rows[i].want) == 0 && f.retryable == rows[i].retryable &&
		    f.http_status == 422, "%zu: %s", i, f.code);
		CHECK(strstr(f.hint, rows[i].hint) != NULL && strstr(f.hint, "the cause\")") != NULL &&
		    strstr(f.hint, "nothing was done") == NULL &&
		    strstr(f.hint, "part 2 of 2") != NULL, "%zu: %s", i, f.hint);
		CHECK(f.more != NULL && strcmp(f.more, rows[i].more) == 0, "%zu: %s", i, f.more);
		failure_finish(&f);
		split_destroy(s);
		cJSON_Delete(args);
	}
}

/* The longest cause leaves room for what is to be done. */
static void
test_long_cause(void)
{
	cJSON *args = parse("{\"text\":\"one two three\"}");
	struct failure f;
	struct split *s;
	size_t i;

	split_create(&s, catalog_find(&catalog, "plain"), args, &f);
	split_next(s, args);
	keep(s, "{}");
	failure_init(&f, "invalid", 422, "x");
	for (i = 1; i + 2 < sizeof f.hint; i += 2)
		memcpy(f.hint + i, "\xc3\xa4", 3);
	split_fail(s, &f);
	CHECK(strstr(f.hint, "send that alone") != NULL, "%s", f.hint);
	CHECK(strstr(f.hint, "\xc3.") == NULL, "a character was cut: %s", f.hint);
	failure_finish(&f);
	split_destroy(s);
	cJSON_Delete(args);
}

int
main(void)
{
	catalog_of(&catalog, service);
	test_parts("{\"id\":1}", "{\"id\":1,\"parts\":3,\"more\":[{\"id\":2},{\"id\":3}]}",
	    "{\"id\":1,\"parts\":3,\"more\":[{\"id\":2}]}");
	test_parts("{}", "{\"parts\":3,\"more\":[{\"id\":2},{\"id\":3}]}",
	    "{\"parts\":3,\"more\":[{\"id\":2}]}");
	test_whole();
	test_failures();
	test_long_cause();
	catalog_finish(&catalog);
	return check_done();
}
