/* SPDX-License-Identifier: MIT */
/* test_jsonrpc.c - wire/jsonrpc: what is a message, which id it has, and error envelopes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "check.h"
#include "scarce.h"
#include "wire/json.h"
#include "wire/jsonrpc.h"

#define REQUEST		JSONRPC_REQUEST
#define NOTIFICATION	JSONRPC_NOTIFICATION
#define RESPONSE	JSONRPC_RESPONSE
#define PARSE		JSONRPC_PARSE_ERROR
#define INVALID		JSONRPC_INVALID_REQUEST

static const struct {
	const char		*body;
	int			 code;		/* 0: fine */
	enum jsonrpc_kind	 kind;
	const char		*id;		/* NULL: none */
} cases[] = {
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}", 0, REQUEST, "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"m\"}", 0, REQUEST, "0" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":-7,\"method\":\"m\"}", 0, REQUEST, "-7" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":9007199254740993,\"method\":\"m\"}", 0, REQUEST,
	    "9007199254740993" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":123456789012345678901234567890,\"method\":\"m\"}", 0, REQUEST,
	    "123456789012345678901234567890" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1.0,\"method\":\"m\"}", 0, REQUEST, "1.0" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":\"\",\"method\":\"m\"}", 0, REQUEST, "\"\"" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":\"a\\nb\\u0000\\u00e4\",\"method\":\"m\"}", 0, REQUEST,
	    "\"a\\nb\\u0000\xc3\xa4\"" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{}}", 0, REQUEST, "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"more\":[]}", 0, REQUEST, "1" },
	{ "{\"jsonrpc\":\"2.0\",\"method\":\"m\"}", 0, NOTIFICATION, NULL },
	{ "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{}}", 0, NOTIFICATION, NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", 0, RESPONSE, "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{}}", 0, RESPONSE, "1" },
	{ "{\"jsonrpc\":\"2.0\",\"result\":null}", 0, RESPONSE, NULL },

	{ "", PARSE, REQUEST, NULL },
	{ "{", PARSE, REQUEST, NULL },
	{ "{} {}", PARSE, REQUEST, NULL },
	{ "\xff", PARSE, REQUEST, NULL },
	{ "{\"id\":1,\"id\":2}", PARSE, REQUEST, NULL },
	{ "[]", INVALID, REQUEST, NULL },
	{ "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}]", INVALID, REQUEST, NULL },
	{ "1", INVALID, REQUEST, NULL },
	{ "null", INVALID, REQUEST, NULL },
	{ "\"x\"", INVALID, REQUEST, NULL },
	{ "{}", INVALID, REQUEST, NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"m\"}", INVALID, REQUEST, NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"m\"}", INVALID, REQUEST, NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"m\"}", INVALID, REQUEST, NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"m\"}", INVALID, REQUEST, NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"m\"}", INVALID, REQUEST, NULL },
	{ "{\"id\":1,\"method\":\"m\"}", INVALID, REQUEST, "1" },
	{ "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"m\"}", INVALID, REQUEST, "1" },
	{ "{\"jsonrpc\":2.0,\"id\":1,\"method\":\"m\"}", INVALID, REQUEST, "1" },
	{ "{\"JSONRPC\":\"2.0\",\"id\":1,\"method\":\"m\"}", INVALID, REQUEST, "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1}", INVALID, REQUEST, "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}", INVALID, REQUEST, "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":null}", INVALID, REQUEST, "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", INVALID, REQUEST, "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\\u0000\"}", INVALID, REQUEST, "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"result\":{}}", INVALID, REQUEST, "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":[]}", INVALID, REQUEST, "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"m\",\"params\":null}", INVALID, REQUEST,
	    "\"x\"" },
};

static void
run_case(const char *body, int code, enum jsonrpc_kind kind, const char *id)
{
	char why[256] = "";
	struct jsonrpc m;
	int got;

	got = jsonrpc_parse(&m, body, strlen(body), why, sizeof why);
	CHECK(got == code, "%.100s: code %d (%s)", body, got, why);
	CHECK(id == NULL ? m.id == NULL : m.id != NULL && strcmp(m.id, id) == 0, "%.100s: id %s", body,
	    m.id == NULL ? "none" : m.id);
	if (code == 0) {
		CHECK(m.kind == kind, "%.100s: kind %d", body, m.kind);
		CHECK((m.method == NULL) == (kind == RESPONSE), "%.100s: method", body);
		CHECK(m.params == NULL || cJSON_IsObject(m.params), "%.100s: params", body);
	} else
		CHECK(why[0] != '\0', "%.100s: no reason", body);
	jsonrpc_finish(&m);
	CHECK(m.root == NULL && m.id == NULL, "%.100s: finished", body);
}

/* At the border of an id's and of a method's length. */
static void
run_lengths(void)
{
	char body[1024], id[512], method[512];
	int len;

	for (len = LIMIT_RPC_ID - 4; len <= LIMIT_RPC_ID + 2; len++) {
		snprintf(id, sizeof id, "\"%0*d\"", len - 2, 0);
		snprintf(body, sizeof body, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"m\"}", id);
		run_case(body, len <= LIMIT_RPC_ID ? 0 : INVALID, REQUEST,
		    len <= LIMIT_RPC_ID ? id : NULL);
	}
	for (len = LIMIT_RPC_METHOD - 1; len <= LIMIT_RPC_METHOD + 1; len++) {
		snprintf(method, sizeof method, "%0*d", len, 0);
		snprintf(body, sizeof body, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\"}", method);
		run_case(body, len <= LIMIT_RPC_METHOD ? 0 : INVALID, REQUEST, "1");
	}
}

static void
run_error(void)
{
	static const struct {
		const char *id, *message, *data, *want;
	} errors[] = {
		{ NULL, "no", NULL, "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":\"no\"}}" },
		{ "1", "a\"b\n", NULL, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32600,"
		    "\"message\":\"a\\\"b\\n\"}}" },
		{ "\"x\"", "no", "{\"a\":1}", "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":"
		    "{\"code\":-32600,\"message\":\"no\",\"data\":{\"a\":1}}}" },
	};
	struct buf out;
	size_t i;

	for (i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		buf_init(&out, 256);
		CHECK(jsonrpc_error(&out, errors[i].id, INVALID, errors[i].message,
		    errors[i].data) == 0 && strcmp(buf_str(&out), errors[i].want) == 0, "error %zu: %s", i,
		    buf_str(&out));
		buf_finish(&out);
	}
	buf_init(&out, 16);
	CHECK(jsonrpc_error(&out, "1", INVALID, "no room", NULL) == -1, "no room");
	buf_finish(&out);
}

/* Without memory the code is an internal error, never a parse error: the client did nothing wrong. */
static void
run_memory(void)
{
	static const char body[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{}}";
	struct jsonrpc m;
	char why[256];
	int i, code = -1;

	for (i = 0; code != 0 && i < 100; i++) {
		scarce_begin(i);
		code = jsonrpc_parse(&m, body, sizeof body - 1, why, sizeof why);
		CHECK(code == 0 || code == JSONRPC_INTERNAL_ERROR, "%d allocations: %d", i, code);
		jsonrpc_finish(&m);
	}
	CHECK(code == 0 && i > 3, "with %d allocations it is parsed", i);
	scarce_end();
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		run_case(cases[i].body, cases[i].code, cases[i].kind, cases[i].id);
	run_lengths();
	run_error();
	run_memory();
	return check_done();
}
