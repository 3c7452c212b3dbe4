/* SPDX-License-Identifier: MIT */
/* test_http.c - wire/http: variables in and their caps, header helpers, the head out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "check.h"
#include "wire/http.h"

struct text_case {
	const char	*name;
	const char	*in;
	const char	*want;		/* NULL: refused */
};

struct yes_case {
	const char	*in;
	bool		 want;
};

static void
add(struct http_request *rq, const char *name, const char *value)
{
	CHECK(http_request_add(rq, name, strlen(name), value, strlen(value)) == 0, "add %s", name);
}

static void
run_variables(void)
{
	static const char *const single[] = {
		"HTTP_HOST", "HTTP_ORIGIN", "HTTP_MCP_METHOD", "HTTP_MCP_PARAM_TOPIC", "CONTENT_TYPE",
		"CONTENT_LENGTH", "REQUEST_METHOD", "REQUEST_URI",
	};
	static const struct {
		const char *name, *value;	/* NULL: not to be found */
	} headers[] = {
		{ "MCP-Protocol-Version", "2026-07-28" }, { "mcp-protocol-version", "2026-07-28" },
		{ "MCP_PROTOCOL_VERSION", "2026-07-28" }, { "Content-Type", "application/json" },
		{ "content-type", "application/json" }, { "Host", "first" }, { "Empty", "" },
		{ "MCP-Protocol", NULL }, { "MCP-Protocol-Version-2", NULL }, { "", NULL },
		{ "2026-07-28", NULL }, { "Content-Length", NULL },
	};
	static const struct {
		const char *name, *value;
	} variables[] = {
		{ "REQUEST_METHOD", "POST" }, { "CONTENT_LENGTH", "3" }, { "SERVER_SOFTWARE", NULL },
		{ "DOCUMENT_ROOT", NULL }, { "request_method", NULL }, { "POST", NULL },
		{ "HTTP_", NULL }, { "QUERY_STRING", NULL },
	};
	struct http_request rq;
	const char *got;
	size_t i;

	http_request_init(&rq, 16);
	CHECK(http_variable(&rq, "REQUEST_METHOD") == NULL, "nothing yet");
	add(&rq, "REQUEST_METHOD", "POST");
	add(&rq, "SERVER_SOFTWARE", "x");
	add(&rq, "DOCUMENT_ROOT", "/");
	add(&rq, "QUERY_STRING", "a=b");
	add(&rq, "HTTP_", "nameless");
	add(&rq, "HTTP_MCP_PROTOCOL_VERSION", "2026-07-28");
	add(&rq, "HTTP_EMPTY", "");
	add(&rq, "HTTP_HOST", "first");
	add(&rq, "CONTENT_TYPE", "application/json");
	add(&rq, "CONTENT_LENGTH", "3");
	for (i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		got = http_header(&rq, headers[i].name);
		CHECK(headers[i].value == NULL ? got == NULL || strcmp(got, "nameless") == 0 :
		    got != NULL && strcmp(got, headers[i].value) == 0, "header %s: %s",
		    headers[i].name, got == NULL ? "none" : got);
	}
	for (i = 0; i < sizeof variables / sizeof variables[0]; i++) {
		got = http_variable(&rq, variables[i].name);
		CHECK(variables[i].value == NULL ? got == NULL || strcmp(got, "nameless") == 0 :
		    got != NULL && strcmp(got, variables[i].value) == 0, "variable %s: %s",
		    variables[i].name, got == NULL ? "none" : got);
	}
	CHECK(http_request_body(&rq, "abc", 3) == 0, "body");
	http_request_end(&rq);
	CHECK(rq.excess == HTTP_FITS, "as long as announced");
	add(&rq, "HTTP_X_TWICE", "a");
	add(&rq, "HTTP_X_TWICE", "b");
	CHECK(rq.excess == HTTP_FITS, "a header that nobody decides by, twice");
	http_request_finish(&rq);
	for (i = 0; i < sizeof single / sizeof single[0]; i++) {
		http_request_init(&rq, 16);
		add(&rq, single[i], "a");
		CHECK(rq.excess == HTTP_FITS, "%s once", single[i]);
		add(&rq, single[i], "b");
		CHECK(rq.excess == HTTP_MALFORMED, "%s twice", single[i]);
		http_request_finish(&rq);
	}
}

/* A name longer than any header of ours is not found, and nothing is overrun. */
static void
run_long_name(void)
{
	char name[1024], variable[1032];
	struct http_request rq;
	size_t i;

	http_request_init(&rq, 16);
	for (i = 1; i < sizeof name; i *= 2) {
		memset(name, 'a', i);
		name[i] = '\0';
		snprintf(variable, sizeof variable, "HTTP_%s", name);
		memset(variable + 5, 'A', i);
		add(&rq, variable, "v");
		CHECK((http_header(&rq, name) != NULL) == (i <= 128), "a name of %zu", i);
	}
	http_request_finish(&rq);
}

static void
run_caps(void)
{
	static char big[LIMIT_PARAMS];
	struct http_request rq;
	char name[32];
	int i;

	http_request_init(&rq, 16);
	for (i = 0; i < LIMIT_PARAMS_COUNT; i++) {
		snprintf(name, sizeof name, "HTTP_X%d", i);
		add(&rq, name, "1");
	}
	CHECK(rq.excess == HTTP_FITS, "as many as there may be");
	add(&rq, "SERVER_NAME", "not counted");
	CHECK(rq.excess == HTTP_FITS, "what nobody reads does not count");
	add(&rq, "HTTP_X", "1");
	CHECK(rq.excess == HTTP_PARAMS_EXCESS, "one too many");
	http_request_finish(&rq);

	memset(big, 'x', sizeof big);
	http_request_init(&rq, 16);
	http_request_add(&rq, "HTTP_A", 6, big, sizeof big - 8);
	CHECK(rq.excess == HTTP_FITS, "exactly the room");
	add(&rq, "HTTP_B", "");
	CHECK(rq.excess == HTTP_PARAMS_EXCESS, "no room");
	http_request_finish(&rq);

	http_request_init(&rq, 16);
	http_request_add(&rq, "HTTP_A", 6, big, sizeof big - 7);
	CHECK(rq.excess == HTTP_PARAMS_EXCESS, "a byte too long");
	CHECK(http_variable(&rq, "HTTP_A") == NULL, "it is not there");
	http_request_finish(&rq);

	http_request_init(&rq, 16);
	http_request_add(&rq, "HTTP_A\0B", 8, "x", 1);
	CHECK(rq.excess == HTTP_MALFORMED, "NUL in a name");
	http_request_finish(&rq);
	http_request_init(&rq, 16);
	http_request_add(&rq, "HTTP_A", 6, "x\0y", 3);
	CHECK(rq.excess == HTTP_MALFORMED, "NUL in a value");
	http_request_finish(&rq);
}

static void
run_body(void)
{
	static const struct {
		const char *name, *length;	/* NULL: none is given */
		size_t body;
		enum http_excess want;
	} cases[] = {
		{ "no length", NULL, 5, HTTP_FITS },
		{ "empty length", "", 5, HTTP_FITS },
		{ "exact", "5", 5, HTTP_FITS },
		{ "nothing", "0", 0, HTTP_FITS },
		{ "shorter than said", "6", 5, HTTP_MALFORMED },
		{ "longer than said", "4", 5, HTTP_MALFORMED },
		{ "none of what was said", "4", 0, HTTP_MALFORMED },
		{ "negative", "-5", 5, HTTP_MALFORMED },
		{ "huge", "99999999999999999999", 5, HTTP_MALFORMED },
		{ "no number", "abc", 5, HTTP_MALFORMED },
		{ "as long as may be", "16", 16, HTTP_FITS },
		{ "a byte too long", "17", 17, HTTP_BODY_EXCESS },
		{ "much too long", "1000", 1000, HTTP_BODY_EXCESS },
	};
	struct http_request rq;
	size_t i, k;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		http_request_init(&rq, 16);
		if (cases[i].length != NULL)
			add(&rq, "CONTENT_LENGTH", cases[i].length);
		for (k = 0; k < cases[i].body; k++)
			CHECK(http_request_body(&rq, "x", 1) == 0, "%s", cases[i].name);
		http_request_end(&rq);
		CHECK(rq.excess == cases[i].want, "%s: %d", cases[i].name, rq.excess);
		CHECK(rq.body.len <= 16, "%s: %zu bytes kept", cases[i].name, rq.body.len);
		http_request_finish(&rq);
	}
}

static void
run_path(void)
{
	static const struct {
		const char *name, *uri, *script, *info, *want;
	} cases[] = {
		{ "uri", "/mcp", NULL, NULL, "/mcp" },
		{ "uri with query", "/mcp?a=/b", NULL, NULL, "/mcp" },
		{ "uri with fragment", "/mcp#x?y", NULL, NULL, "/mcp" },
		{ "uri stays as written", "/a%2Fb/../c", NULL, NULL, "/a%2Fb/../c" },
		{ "uri before script", "/mcp", "/other", "/x", "/mcp" },
		{ "script", NULL, "/mcp", NULL, "/mcp" },
		{ "script and info", NULL, "/cgi/ums-mcp", "/mcp", "/cgi/ums-mcp/mcp" },
		{ "info", NULL, NULL, "/mcp", "/mcp" },
		{ "empty script", NULL, "", "", "/" },
		{ "nothing", NULL, NULL, NULL, "/" },
		{ "no path in the uri", "*", "/mcp", NULL, "/mcp" },
		{ "empty uri", "", "/mcp", "", "/mcp" },
	};
	struct http_request rq;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		http_request_init(&rq, 16);
		if (cases[i].uri != NULL)
			add(&rq, "REQUEST_URI", cases[i].uri);
		if (cases[i].script != NULL)
			add(&rq, "SCRIPT_NAME", cases[i].script);
		if (cases[i].info != NULL)
			add(&rq, "PATH_INFO", cases[i].info);
		CHECK(http_path_is(&rq, cases[i].want) && !http_path_is(&rq, "/mc") &&
		    !http_path_is(&rq, "/mcp/more") && !http_path_is(&rq, ""), "%s", cases[i].name);
		http_request_finish(&rq);
	}
}

/* Run one helper that appends a text over a table. */
static void
run_texts(const char *what, const struct text_case *cases, size_t count,
    int (*run)(const char *, struct buf *))
{
	struct buf out;
	size_t i;
	int result;

	for (i = 0; i < count; i++) {
		buf_init(&out, 256);
		result = run(cases[i].in, &out);
		CHECK(cases[i].want == NULL ? result == -1 :
		    result == 0 && strcmp(buf_str(&out), cases[i].want) == 0, "%s %s: %d \"%s\"",
		    what, cases[i].name, result, buf_str(&out));
		buf_finish(&out);
	}
}

static const struct text_case mirrors[] = {
	{ "plain", "send_message", "send_message" },
	{ "empty", "", "" },
	{ "trimmed", " \tname\t ", "name" },
	{ "inner space stays", " a b ", "a b" },
	{ "base64", "=?base64?aGVsbG8=?=", "hello" },
	{ "base64, trimmed", " =?base64?aGVsbG8=?= ", "hello" },
	{ "base64 of UTF-8", "=?base64?w6TDtg==?=", "\xc3\xa4\xc3\xb6" },
	{ "base64 of nothing", "=?base64?" "?=", "" },
	{ "marker in capitals is text", "=?BASE64?aGVsbG8=?=", "=?BASE64?aGVsbG8=?=" },
	{ "marker without its end is text", "=?base64?aGVsbG8=", "=?base64?aGVsbG8=" },
	{ "overlapping markers are text", "=?base64?=", "=?base64?=" },
	{ "no padding", "=?base64?aGVsbG8?=", NULL },
	{ "not base64", "=?base64?a*b=?=", NULL },
	{ "bits left over", "=?base64?aGVsbG9=?=", NULL },
	{ "base64 of NUL", "=?base64?YQBi?=", NULL },
};

static const struct text_case hosts[] = {
	{ "name", "localhost", "localhost" },
	{ "capitals", "LocalHost", "localhost" },
	{ "port", "localhost:8080", "localhost" },
	{ "empty port", "localhost:", "localhost" },
	{ "IPv4", "127.0.0.1:80", "127.0.0.1" },
	{ "IPv6", "[::1]", "[::1]" },
	{ "IPv6 and port", "[::1]:8080", "[::1]" },
	{ "empty", "", NULL },
	{ "port alone", ":80", NULL },
	{ "IPv6 without end", "[::1", NULL },
	{ "IPv6 and letters", "[::1]x", NULL },
	{ "port with letters", "localhost:80x", NULL },
	{ "two ports", "localhost:80:81", NULL },
	{ "user", "user@localhost", NULL },
	{ "path", "localhost/", NULL },
	{ "space", "local host", NULL },
	{ "list", "localhost, evil", NULL },
	{ "line end", "localhost\r\n", NULL },
	{ "not ASCII", "l\xc3\xb6" "calhost", NULL },
};

static const struct text_case origins[] = {
	{ "http", "http://localhost", "localhost" },
	{ "https", "https://Example.org", "example.org" },
	{ "port", "http://127.0.0.1:6274", "127.0.0.1" },
	{ "IPv6", "http://[::1]:80", "[::1]" },
	{ "null", "null", NULL },
	{ "empty", "", NULL },
	{ "no scheme", "localhost", NULL },
	{ "other scheme", "file://localhost", NULL },
	{ "path", "http://localhost/x", NULL },
	{ "user", "http://localhost@evil.example", NULL },
	{ "prefix of another", "http://localhost.evil.example", "localhost.evil.example" },
	{ "no host", "http://", NULL },
};

static const struct yes_case json_types[] = {
	{ "application/json; charset=utf-16", false }, { "application/json;charset=latin1", false },
	{ "application/json; charset=UTF-8", true }, { "application/json; charset=\"utf-8\"", true },
	{ "application/json", true }, { "Application/JSON", true },
	{ "application/json; charset=utf-8", true }, { "application/json;charset=utf-8", true },
	{ "application/json \t;x", true }, { "application/json ", true },
	{ "application/jsonx", false }, { "application/json-seq", false },
	{ "application/json, text/plain", false }, { "text/json", false }, { "text/plain", false },
	{ "", false }, { "application", false }, { NULL, false },
};

static const struct yes_case accepted[] = {
	{ "application/json", true }, { "application/json, text/event-stream", true },
	{ "text/event-stream, application/json", true }, { "*/*", true }, { "application/*", true },
	{ "text/html,application/xhtml+xml,*/*;q=0.8", true }, { "APPLICATION/JSON", true },
	{ "application/json;q=0.5", true }, { "application/json; q=0.001", true },
	{ "application/json;charset=utf-8", true }, { "text/plain ,\tapplication/json", true },
	{ "text/event-stream", false }, { "text/*", false }, { "", false }, { ",", false },
	{ "application/json;q=0", false }, { "application/json; q=0", false },
	{ "application/json;q=0.000", false }, { "application/json ; q=0.0 , text/html", false },
	{ "application/json;Q=0", false }, { "application/json;q=0, */*", false },
	{ "*/*, application/json;q=0", false }, { "*/*;q=0, application/json", true },
	{ "application/jsonx", false }, { "application/json-seq", false },
	{ "xapplication/json", false }, { "application/json;q=0;x=1", false },
	{ "application", false }, { "*", false },
};

static void
run_head(void)
{
	struct buf out;

	buf_init(&out, 256);
	CHECK(http_head(&out, 200, "application/json") == 0 && strcmp(buf_str(&out),
	    "Status: 200 OK\r\nContent-Type: application/json\r\n") == 0, "%s", buf_str(&out));
	buf_reset(&out);
	CHECK(http_head(&out, 202, NULL) == 0 &&
	    strcmp(buf_str(&out), "Status: 202 Accepted\r\n") == 0, "%s", buf_str(&out));
	buf_reset(&out);
	CHECK(http_head(&out, 499, NULL) == 0 &&
	    strcmp(buf_str(&out), "Status: 499 Status\r\n") == 0, "%s", buf_str(&out));
	buf_finish(&out);
	buf_init(&out, 256);
	CHECK(strcmp(http_body(&out), "") == 0, "nothing has no body");
	http_head(&out, 200, "application/json");
	CHECK(strcmp(http_body(&out), "") == 0, "a head without an end has none");
	buf_puts(&out, "\r\n");
	CHECK(strcmp(http_body(&out), "") == 0, "an empty one");
	buf_puts(&out, "{\"a\":1}\r\n\r\nb");
	CHECK(strcmp(http_body(&out), "{\"a\":1}\r\n\r\nb") == 0, "behind the head");
	buf_finish(&out);
	buf_init(&out, 8);
	CHECK(http_head(&out, 200, NULL) == -1, "no room");
	buf_finish(&out);
}

int
main(void)
{
	size_t i;

	run_variables();
	run_long_name();
	run_caps();
	run_body();
	run_path();
	run_texts("mirror", mirrors, sizeof mirrors / sizeof mirrors[0], http_mirror_decode);
	run_texts("host", hosts, sizeof hosts / sizeof hosts[0], http_host);
	run_texts("origin", origins, sizeof origins / sizeof origins[0], http_origin_host);
	for (i = 0; i < sizeof json_types / sizeof json_types[0]; i++)
		CHECK(http_is_json(json_types[i].in) == json_types[i].want, "content type \"%s\"",
		    json_types[i].in == NULL ? "(none)" : json_types[i].in);
	for (i = 0; i < sizeof accepted / sizeof accepted[0]; i++)
		CHECK(http_accepts(accepted[i].in, "application/json") == accepted[i].want,
		    "accept \"%s\"", accepted[i].in);
	run_head();
	return check_done();
}
