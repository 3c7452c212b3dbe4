/* SPDX-License-Identifier: MIT */
/* test_retry.c - where a service says how long to wait, in all units and with nonsense. */
#include <string.h>

#include "base/limits.h"
#include "mcp/answer.h"
#include "mcp/retry.h"
#include "wire/json.h"

#include "check.h"

#define NOW	1800000000250	/* ms, when the answer came */

static const struct row {
	const char *spec, *head, *body;
	int64_t header, want;	/* Retry-After, and what comes of all */
} rows[] = {
	{ "\"/r\"", "", "{\"r\":3}", -1, 3 },
	{ "\"/r\"", "", "{\"r\":3}", 5, 5 },
	{ "\"/r\"", "", "{\"r\":0.3}", -1, 1 },
	{ "\"/r\"", "", "{\"r\":2.0}", -1, 2 },
	{ "\"/r\"", "", "{\"r\":-1}", -1, -1 },
	{ "\"/r\"", "", "{\"r\":\"3\"}", -1, -1 },
	{ "\"/r\"", "", "{}", -1, -1 },
	{ "\"/r\"", "", "no JSON", -1, -1 },
	{ "\"/r\"", "", "{\"r\":1e99}", -1, LIMIT_RETRY_AFTER_S },
	{ "{\"pointer\":\"/r\",\"unit\":\"ms\"}", "", "{\"r\":4000.5}", -1, 5 },
	{ "{\"pointer\":\"/r\",\"unit\":\"ms\"}", "", "{\"r\":4000}", -1, 4 },
	{ "{\"pointer\":\"/r\",\"unit\":\"ms\"}", "", "{\"r\":0}", -1, 0 },
	{ "{\"pointer\":\"/r\",\"unit\":\"ms\"}", "", "{\"r\":9007199254740991}", -1,
	    LIMIT_RETRY_AFTER_S },
	{ "{\"pointer\":\"/r\",\"unit\":\"epoch\"}", "", "{\"r\":1800000007}", -1, 7 },
	{ "{\"pointer\":\"/r\",\"unit\":\"epoch\"}", "", "{\"r\":1700000000}", -1, 0 },
	{ "{\"header\":\"X-Reset\",\"unit\":\"epoch\"}", "X-Reset: 1800000007.5\r\n", "", -1, 8 },
	{ "{\"header\":\"X-Reset\"}", "x-reset: 12\r\n", "", -1, 12 },
	{ "{\"header\":\"X-Reset\"}", "x-reset: 0.25\r\n", "", -1, 1 },
	{ "{\"header\":\"X-Reset\"}", "X-Reset: \r\n", "", -1, -1 },
	{ "{\"header\":\"X-Reset\"}", "X-Reset: 1.2.3\r\n", "", -1, -1 },
	{ "{\"header\":\"X-Reset\"}", "X-Reset: soon\r\n", "", -1, -1 },
	{ "{\"header\":\"X-Reset\"}", "X-Reset: -3\r\n", "", -1, -1 },
	{ "{\"header\":\"X-Reset\"}", "X-Reset: 99999999999999999999999999999999999999\r\n", "",
	    -1, -1 },
	{ "{\"header\":\"X-Reset\"}", "", "{\"r\":3}", -1, -1 },
	{ "null", "X-Reset: 12\r\n", "{\"r\":3}", -1, -1 },
	{ "null", "", "", 9, 9 },
	{ "null", "Retry-After: 28.706807374954224\r\n", "", 28, 29 },
	{ "null", "retry-after: 28\r\n", "", 28, 28 },
	{ "\"/r\"", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n", "{\"r\":70}", 60, 60 },
};

int
main(void)
{
	struct retry_source source;
	struct json_fault fault;
	char why[256] = "";
	struct spec_fault f = { "file", why, sizeof why };
	cJSON *spec, *document;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *r = &rows[i];
		struct answer a = {
			.outcome = OUTCOME_ANSWERED, .status = 429, .retry_after_s = r->header,
			.came_ms = NOW, .body = r->body, .len = strlen(r->body), .head = r->head,
			.headlen = strlen(r->head),
		};

		spec = json_parse(r->spec, strlen(r->spec), &fault);
		CHECK(retry_load(&source, cJSON_IsNull(spec) ? NULL : spec, "/e", &f) == 0, "%s",
		    why);
		document = json_parse(r->body, strlen(r->body), &fault);
		CHECK(retry_after_s(&source, &a, document) == r->want, "%s %s%s: %ld", r->spec,
		    r->head, r->body, (long)retry_after_s(&source, &a, document));
		CHECK(retry_read_s(&source, &a) == r->want, "read: %s %s%s", r->spec, r->head,
		    r->body);
		a.status = 503;
		CHECK(retry_read_s(&source, &a) == (source.header != NULL ? r->header : r->want),
		    "503: %s %s%s", r->spec, r->head, r->body);
		/* Of an answer that is no refusal nobody reads it. */
		a.status = 400;
		CHECK(retry_read_s(&source, &a) == r->header, "400: %s", r->spec);
		cJSON_Delete(document);
		cJSON_Delete(spec);
	}
	return check_done();
}
