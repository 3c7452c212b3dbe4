/* SPDX-License-Identifier: MIT */
/* test_failure.c - the text block of a failed call, member by member. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "check.h"
#include "mcp/failure.h"
#include "wire/json.h"

static void
expect(const char *name, const struct failure *f, const char *want)
{
	struct buf out;

	buf_init(&out, 8192);
	CHECK(failure_print(&out, f) == 0, "%s: does not fit", name);
	CHECK(strcmp(buf_str(&out), want) == 0, "%s: %s", name, buf_str(&out));
	buf_finish(&out);
}

int
main(void)
{
	struct json_fault fault;
	struct failure f;
	struct buf small;

	failure_init(&f, "not_found", 404, "nothing has this id: %d", 7);
	expect("the least", &f, "{\"code\":\"not_found\",\"http_status\":404,\"retryable\":false,"
	    "\"hint\":\"nothing has this id: 7\"}");
	f.retryable = true;
	f.retry_after_s = 0;
	snprintf(f.request_id, sizeof f.request_id, "r\"1");
	f.candidates = json_parse("[{\"id\":\"a\"}]", 12, &fault);
	f.next_cursor = strdup("c");
	expect("all members", &f, "{\"code\":\"not_found\",\"http_status\":404,\"retryable\":true,"
	    "\"retry_after_s\":0,\"hint\":\"nothing has this id: 7\",\"upstream_request_id\":\"r\\\"1\","
	    "\"candidates\":[{\"id\":\"a\"}],\"next_cursor\":\"c\"}");
	buf_init(&small, 16);
	CHECK(failure_print(&small, &f) == -1, "a buffer of 16 bytes takes it");
	buf_finish(&small);
	failure_finish(&f);
	CHECK(f.candidates == NULL && f.next_cursor == NULL, "finish leaves something behind");
	failure_finish(&f);

	/* A code and a hint that are too long are cut, never written past their end. */
	failure_init(&f, "a-code-that-is-longer-than-the-sixty-three-bytes-that-there-are-for-it", 500,
	    "%0*d", 4 * LIMIT_HINT, 0);
	CHECK(strlen(f.code) == sizeof f.code - 1, "code: %zu bytes", strlen(f.code));
	CHECK(strlen(f.hint) == sizeof f.hint - 1, "hint: %zu bytes", strlen(f.hint));
	failure_finish(&f);
	return check_done();
}
