/* SPDX-License-Identifier: MIT */
/*
 * test_mcp.c - mcp/mcp: which era a message belongs to, what is refused with which status
 * and code, and the answers that need no upstream.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "catalog.h"
#include "check.h"
#include "mcp/mcp.h"
#include "mcp/policy.h"
#include "mcp/principal.h"
#include "mcp/service.h"
#include "scarce.h"
#include "wire/json.h"
#include "wire/pointer.h"

static const char service[] =
    "{\"name\":\"demo\",\"base_url\":\"https://api.example.org\",\"tools\":["
    "{\"name\":\"get_thing\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\",\"properties\":"
    "{\"id\":{\"type\":\"string\"}},\"additionalProperties\":false},\"request\":{\"method\":\"GET\","
    "\"url\":\"/{?id}\"},\"response\":{}},"
    "{\"name\":\"mirrored\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\",\"properties\":"
    "{\"s\":{\"type\":\"string\",\"x-mcp-header\":\"S\"},\"n\":{\"type\":\"integer\",\"x-mcp-header\":\"N\"},"
    "\"o\":{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"boolean\",\"x-mcp-header\":\"B\"}}}}},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":{}},"
    "{\"name\":\"off\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":{}}]}";

static const struct principal anybody = { .name = (char *)(uintptr_t)"anonymous" };
static struct crypto_key key = { .secret = { "the secret of this test" }, .count = 1 };
static struct catalog catalog;
/* Ids of sessions are the same each time. */
static void
stamp(void *arg, uint8_t *random, size_t len, int64_t *now_ms)
{
	(void)arg;
	memset(random, 7, len);
	*now_ms = 1000;
}

static struct policy policy;
static struct mcp mcp = { .catalog = &catalog, .policy = &policy, .key = &key, .stamp = stamp,
    .instructions = "Be \"kind\".", .limits = "{\"result_bytes\":1}", .list_ttl_ms = 60000, .list_page = 100 };

/* Header lines "Name: value|..." become CGI variables. */
static void
add_headers(struct http_request *rq, const char *lines)
{
	char name[128] = "HTTP_", value[512];
	const char *p = lines, *colon, *end;
	size_t i;

	for (; *p != '\0'; p = *end == '\0' ? end : end + 1) {
		end = strchrnul(p, '|');
		colon = strchr(p, ':');
		for (i = 0; p + i < colon; i++)
			name[5 + i] = p[i] == '-' ? '_' : p[i] >= 'a' && p[i] <= 'z' ? (char)(p[i] - 32) : p[i];
		name[5 + i] = '\0';
		snprintf(value, sizeof value, "%.*s", (int)(end - colon - 2), colon + 2);
		http_request_add(rq, name, strlen(name), value, strlen(value));
	}
}

static const char local[] = "it came over no HTTP";	/* instead of headers */

/* Open and, if it goes on, answer. True if the call goes upstream. */
static bool
run(const char *headers, const char *body, struct mcp_message *m, struct mcp_reply *r)
{
	struct http_request rq;
	enum mcp_verdict verdict;

	http_request_init(&rq, 65536);
	rq.local = headers == local;
	add_headers(&rq, rq.local ? "" : headers);
	http_request_body(&rq, body, strlen(body));
	mcp_reply_init(r, LIMIT_SERVICE_FILE);
	verdict = mcp_open(&mcp, m, &anybody, &rq, r);
	http_request_finish(&rq);
	if (verdict == MCP_CALL)
		verdict = mcp_answer(&mcp, m, r);
	return verdict == MCP_CALL;
}

#define PV	"\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\""
#define CAPS	"\"io.modelcontextprotocol/clientCapabilities\":{}"
#define META	"\"_meta\":{" PV "," CAPS "}"
#define MSG(method, params) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":{" params "}}"
#define CALL(params) MSG("tools/call", params)
#define MODERN	"MCP-Protocol-Version: 2026-07-28"
#define HEADS(method) MODERN "|Mcp-Method: " method
#define NAMED(method, name) HEADS(method) "|Mcp-Name: " name

#define UPSTREAM	(-1)	/* instead of a status: the call goes upstream */

static const struct {
	const char	*name;
	const char	*headers;
	const char	*body;
	int		 status;
	int		 code;		/* 0: a result, or nothing */
	const char	*want;		/* in the body; NULL: no body */
} cases[] = {
	/* The modern era. */
	{ "discover", HEADS("server/discover"), MSG("server/discover", META), 200, 0,
	    "\"supportedVersions\":[\"2026-07-28\"]" },
	{ "discover's instructions", HEADS("server/discover"), MSG("server/discover", META), 200, 0,
	    "\"instructions\":\"Be \\\"kind\\\".\"" },
	{ "list", HEADS("tools/list"), MSG("tools/list", META), 200, 0, "\"resultType\":\"complete\"" },
	{ "list's life", HEADS("tools/list"), MSG("tools/list", META), 200, 0,
	    "\"ttlMs\":60000,\"cacheScope\":\"public\"" },
	{ "call", NAMED("tools/call", "get_thing"), CALL("\"name\":\"get_thing\"," META), UPSTREAM, 0, NULL },
	{ "call with arguments", NAMED("tools/call", "get_thing"),
	    CALL("\"name\":\"get_thing\",\"arguments\":{\"id\":\"x\"}," META), UPSTREAM, 0, NULL },
	{ "call of server_info", NAMED("tools/call", "server_info"),
	    CALL("\"name\":\"server_info\"," META), 200, 0, "\"structuredContent\":{\"server\":\"ums-mcp\"" },
	{ "base64 name", NAMED("tools/call", "=?base64?Z2V0X3RoaW5n?="),
	    CALL("\"name\":\"get_thing\"," META), UPSTREAM, 0, NULL },
	{ "trimmed headers", MODERN " |Mcp-Method:  tools/list\t", MSG("tools/list", META), 200, 0, "tools" },
	{ "local discover", local, MSG("server/discover", META), 200, 0, "\"supportedVersions\"" },
	{ "local call", local, CALL("\"name\":\"get_thing\"," META), UPSTREAM, 0, NULL },
	{ "local call, mirrored", local, CALL("\"name\":\"mirrored\",\"arguments\":{\"s\":\"x\"}," META),
	    UPSTREAM, 0, NULL },
	{ "local call, legacy", local, CALL("\"name\":\"mirrored\",\"arguments\":{\"s\":\"x\"}"),
	    UPSTREAM, 0, NULL },
	{ "local initialize", local, MSG("initialize", "\"protocolVersion\":\"2025-06-18\""), 200, 0,
	    "\"protocolVersion\":\"2025-06-18\"" },
	{ "local, without capabilities", local, MSG("tools/list", "\"_meta\":{" PV "}"), 400, -32602,
	    "clientCapabilities" },
	{ "session headers are ignored", HEADS("tools/list") "|Mcp-Session-Id: x|Last-Event-ID: 5",
	    MSG("tools/list", META), 200, 0, "tools" },
	{ "accept is not judged", HEADS("tools/list") "|Accept: text/html", MSG("tools/list", META), 200, 0,
	    "tools" },
	{ "progress token", HEADS("tools/list"), MSG("tools/list", "\"_meta\":{" PV "," CAPS
	    ",\"progressToken\":\"t\"}"), 200, 0, "tools" },
	{ "log level", HEADS("tools/list"), MSG("tools/list", "\"_meta\":{" PV "," CAPS
	    ",\"io.modelcontextprotocol/logLevel\":\"debug\"}"), 200, 0, "tools" },
	{ "prompts", HEADS("prompts/list"), MSG("prompts/list", META), 200, 0, "\"prompts\":[]" },
	{ "resources", HEADS("resources/list"), MSG("resources/list", META), 200, 0, "\"resources\":[]" },
	{ "resource templates", HEADS("resources/templates/list"), MSG("resources/templates/list", META),
	    200, 0, "\"resourceTemplates\":[]" },
	{ "unknown prompt", NAMED("prompts/get", "p"), MSG("prompts/get", "\"name\":\"p\"," META), 200,
	    -32602, "Unknown prompt: p" },
	{ "no prompt", HEADS("prompts/get"), MSG("prompts/get", META), 200, -32602, "needs the prompt" },
	{ "unknown resource", NAMED("resources/read", "x:y"), MSG("resources/read", "\"uri\":\"x:y\"," META),
	    200, -32602, "\"data\":{\"uri\":\"x:y\"}" },
	{ "no resource", HEADS("resources/read"), MSG("resources/read", META), 200, -32602, "needs a" },

	/* Its headers and _meta. */
	{ "no version header", "Mcp-Method: tools/list", MSG("tools/list", META), 400, -32020,
	    "MCP-Protocol-Version header is missing" },
	{ "another version header", "MCP-Protocol-Version: 2025-11-25|Mcp-Method: tools/list",
	    MSG("tools/list", META), 400, -32020, "does not say what the body says" },
	{ "no method header", MODERN, MSG("tools/list", META), 400, -32020, "Mcp-Method header is missing" },
	{ "another method header", HEADS("tools/call"), MSG("tools/list", META), 400, -32020, "Mcp-Method" },
	{ "method header in capitals", HEADS("TOOLS/LIST"), MSG("tools/list", META), 400, -32020,
	    "Mcp-Method" },
	{ "no name header", HEADS("tools/call"), CALL("\"name\":\"get_thing\"," META), 400, -32020,
	    "Mcp-Name header is missing" },
	{ "another name header", NAMED("tools/call", "off"), CALL("\"name\":\"get_thing\"," META), 400,
	    -32020, "Mcp-Name" },
	{ "bad base64 name", NAMED("tools/call", "=?base64?x?="), CALL("\"name\":\"get_thing\"," META), 400,
	    -32020, "Mcp-Name" },
	{ "no uri header", HEADS("resources/read"), MSG("resources/read", "\"uri\":\"x:y\"," META), 400,
	    -32020, "Mcp-Name" },
	{ "no _meta", HEADS("tools/list"), MSG("tools/list", ""), 400, -32602, "protocolVersion" },
	{ "no params", HEADS("tools/list"), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}", 400,
	    -32602, "protocolVersion" },
	{ "empty _meta", HEADS("tools/list"), MSG("tools/list", "\"_meta\":{}"), 400, -32602,
	    "protocolVersion" },
	{ "no capabilities", HEADS("tools/list"), MSG("tools/list", "\"_meta\":{" PV "}"), 400, -32602,
	    "clientCapabilities" },
	{ "capabilities that are none", HEADS("tools/list"), MSG("tools/list", "\"_meta\":{" PV
	    ",\"io.modelcontextprotocol/clientCapabilities\":[]}"), 400, -32602, "clientCapabilities" },
	{ "version that is none", HEADS("tools/list"), MSG("tools/list",
	    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":7," CAPS "}"), 400, -32602,
	    "must be a string" },
	{ "null version", HEADS("tools/list"), MSG("tools/list",
	    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":null," CAPS "}"), 400, -32602,
	    "must be a string" },
	{ "bad progress token", HEADS("tools/list"), MSG("tools/list", "\"_meta\":{" PV "," CAPS
	    ",\"progressToken\":1.5}"), 400, -32602, "progressToken" },
	{ "bad log level", HEADS("tools/list"), MSG("tools/list", "\"_meta\":{" PV "," CAPS
	    ",\"io.modelcontextprotocol/logLevel\":\"loud\"}"), 400, -32602, "logLevel" },
	{ "a version to come", "MCP-Protocol-Version: 2030-01-01|Mcp-Method: tools/list", MSG("tools/list",
	    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2030-01-01\"," CAPS "}"), 400, -32022,
	    "\"data\":{\"supported\":[\"2026-07-28\"],\"requested\":\"2030-01-01\"}" },
	{ "a legacy version in _meta", "MCP-Protocol-Version: 2025-11-25|Mcp-Method: tools/list",
	    MSG("tools/list", "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2025-11-25\"," CAPS
	    "}"), 400, -32022, "2025-11-25" },

	/* Methods that are not. */
	{ "unknown method", HEADS("no/such"), MSG("no/such", META), 404, -32601, "Method not found: no/such" },
	{ "initialize", HEADS("initialize"), MSG("initialize", META), 404, -32601, "initialize" },
	{ "ping", HEADS("ping"), MSG("ping", META), 404, -32601, "ping" },
	{ "logging", HEADS("logging/setLevel"), MSG("logging/setLevel", META), 404, -32601, "logging" },
	{ "subscribe", HEADS("resources/subscribe"), MSG("resources/subscribe", META), 404, -32601, "" },
	{ "unsubscribe", HEADS("resources/unsubscribe"), MSG("resources/unsubscribe", META), 404, -32601, "" },
	{ "complete", HEADS("completion/complete"), MSG("completion/complete", META), 404, -32601, "" },

	/* Parameters. */
	{ "unknown tool", NAMED("tools/call", "nope"), CALL("\"name\":\"nope\"," META), 200, -32602,
	    "Unknown tool: nope" },
	{ "tool that is off", NAMED("tools/call", "off"), CALL("\"name\":\"off\"," META), 200, -32602,
	    "Tool is off: off: tired" },
	{ "no tool", HEADS("tools/call"), CALL(META), 200, -32602, "needs the tool's" },
	{ "arguments that are none", NAMED("tools/call", "get_thing"),
	    CALL("\"name\":\"get_thing\",\"arguments\":[]," META), 200, -32602, "must be an object" },
	{ "bad list cursor", HEADS("tools/list"), MSG("tools/list", "\"cursor\":\"x\"," META), 200, -32602,
	    "cursor" },
	{ "empty list cursor", HEADS("tools/list"), MSG("tools/list", "\"cursor\":\"\"," META), 200, -32602,
	    "cursor" },
	{ "number as list cursor", HEADS("tools/list"), MSG("tools/list", "\"cursor\":1," META), 200, -32602,
	    "cursor" },
	{ "prompts cursor", HEADS("prompts/list"), MSG("prompts/list", "\"cursor\":\"x\"," META), 200, -32602,
	    "cursor" },

	/* Mirrored parameters. */
	{ "mirrored, none", NAMED("tools/call", "mirrored"), CALL("\"name\":\"mirrored\"," META), UPSTREAM, 0,
	    NULL },
	{ "mirrored, all", NAMED("tools/call", "mirrored")
	    "|Mcp-Param-S: a|Mcp-Param-N: 5|Mcp-Param-B: true", CALL("\"name\":\"mirrored\",\"arguments\":"
	    "{\"s\":\"a\",\"n\":5,\"o\":{\"b\":true}}," META), UPSTREAM, 0, NULL },
	{ "mirrored, numbers by value", NAMED("tools/call", "mirrored") "|Mcp-Param-N: 5.0",
	    CALL("\"name\":\"mirrored\",\"arguments\":{\"n\":5}," META), UPSTREAM, 0, NULL },
	{ "mirrored, base64", NAMED("tools/call", "mirrored") "|Mcp-Param-S: =?base64?w6Q=?=",
	    CALL("\"name\":\"mirrored\",\"arguments\":{\"s\":\"\\u00e4\"}," META), UPSTREAM, 0, NULL },
	{ "mirrored, null", NAMED("tools/call", "mirrored"),
	    CALL("\"name\":\"mirrored\",\"arguments\":{\"s\":null}," META), UPSTREAM, 0, NULL },
	{ "mirrored, header missing", NAMED("tools/call", "mirrored"),
	    CALL("\"name\":\"mirrored\",\"arguments\":{\"s\":\"a\"}," META), 400, -32020, "Mcp-Param-S" },
	{ "mirrored, argument missing", NAMED("tools/call", "mirrored") "|Mcp-Param-S: a",
	    CALL("\"name\":\"mirrored\"," META), 400, -32020, "Mcp-Param-S" },
	{ "mirrored, another string", NAMED("tools/call", "mirrored") "|Mcp-Param-S: A",
	    CALL("\"name\":\"mirrored\",\"arguments\":{\"s\":\"a\"}," META), 400, -32020, "Mcp-Param-S" },
	{ "mirrored, another number", NAMED("tools/call", "mirrored") "|Mcp-Param-N: 6",
	    CALL("\"name\":\"mirrored\",\"arguments\":{\"n\":5}," META), 400, -32020, "Mcp-Param-N" },
	{ "mirrored, no number", NAMED("tools/call", "mirrored") "|Mcp-Param-N: 0x5",
	    CALL("\"name\":\"mirrored\",\"arguments\":{\"n\":5}," META), 400, -32020, "Mcp-Param-N" },
	{ "mirrored, another truth", NAMED("tools/call", "mirrored") "|Mcp-Param-B: True",
	    CALL("\"name\":\"mirrored\",\"arguments\":{\"o\":{\"b\":true}}," META), 400, -32020, "/o/b" },
	{ "mirrored, legacy clients do not", "", CALL("\"name\":\"mirrored\",\"arguments\":{\"s\":\"a\"}"),
	    UPSTREAM, 0, NULL },

	/* The legacy era. */
	{ "initialize", "", MSG("initialize", "\"protocolVersion\":\"2025-11-25\""), 200, 0,
	    "\"protocolVersion\":\"2025-11-25\"" },
	{ "initialize 2025-06-18", "", MSG("initialize", "\"protocolVersion\":\"2025-06-18\""), 200, 0,
	    "\"protocolVersion\":\"2025-06-18\"" },
	{ "initialize 2025-03-26", "", MSG("initialize", "\"protocolVersion\":\"2025-03-26\""), 200, 0,
	    "\"protocolVersion\":\"2025-03-26\"" },
	{ "initialize 2026-07-28 without _meta", "", MSG("initialize", "\"protocolVersion\":\"2026-07-28\""),
	    200, 0, "\"protocolVersion\":\"2025-11-25\"" },
	{ "initialize's server", "", MSG("initialize", "\"protocolVersion\":\"x\""), 200, 0,
	    "\"serverInfo\":{\"name\":\"ums-mcp\"" },
	{ "initialize without version", "", MSG("initialize", ""), 200, -32602, "protocolVersion" },
	{ "initialize with a modern header", MODERN, MSG("initialize", "\"protocolVersion\":\"2025-11-25\""),
	    400, -32020, "server/discover" },
	{ "initialize with an unknown header", "MCP-Protocol-Version: 1999-01-01",
	    MSG("initialize", "\"protocolVersion\":\"2025-11-25\""), 200, 0, "2025-11-25" },
	{ "ping", "", MSG("ping", ""), 200, 0, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}" },
	{ "ping with a version", "MCP-Protocol-Version: 2025-06-18", MSG("ping", ""), 200, 0, "result" },
	{ "list", "MCP-Protocol-Version: 2025-11-25", MSG("tools/list", ""), 200, 0, "\"tools\":[" },
	{ "list without params", "", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}", 200, 0,
	    "\"tools\":[" },
	{ "an empty _meta is legacy", "", MSG("tools/list", "\"_meta\":{}"), 200, 0, "\"tools\":[" },
	{ "a progress token is legacy", "", MSG("tools/list", "\"_meta\":{\"progressToken\":1}"), 200, 0,
	    "\"tools\":[" },
	{ "call", "", CALL("\"name\":\"get_thing\",\"arguments\":{}"), UPSTREAM, 0, NULL },
	{ "call of server_info", "", CALL("\"name\":\"server_info\""), 200, 0, "\"content\":[{" },
	{ "unknown tool", "", CALL("\"name\":\"nope\""), 200, -32602, "Unknown tool" },
	{ "unknown method", "", MSG("no/such", ""), 200, -32601, "Method not found" },
	{ "discover is modern", "", MSG("server/discover", ""), 200, -32601, "server/discover" },
	{ "listen is modern", "", MSG("subscriptions/listen", ""), 200, -32601, "" },
	{ "unknown resource", "", MSG("resources/read", "\"uri\":\"x:y\""), 200, -32002, "\"uri\":\"x:y\"" },
	{ "a version that is not", "MCP-Protocol-Version: 1999-01-01", MSG("tools/list", ""), 400, -32022,
	    "\"requested\":\"1999-01-01\"" },
	{ "a version that is not served", "MCP-Protocol-Version: 2024-11-05", MSG("tools/list", ""), 400,
	    -32022, "\"supported\":[\"2026-07-28\",\"2025-11-25\",\"2025-06-18\",\"2025-03-26\"]" },
	{ "accept JSON", "Accept: application/json", MSG("ping", ""), 200, 0, "result" },
	{ "accept both", "Accept: application/json, text/event-stream", MSG("ping", ""), 200, 0, "result" },
	{ "accept another", "Accept: text/html", MSG("ping", ""), 406, -32600, "application/json" },

	/* Not a message, or one without an answer. */
	{ "no JSON", "", "{", 400, -32700, "{\"jsonrpc\":\"2.0\",\"error\":" },
	{ "empty", "", "", 400, -32700, "Parse error" },
	{ "array", "", "[]", 400, -32600, "{\"jsonrpc\":\"2.0\",\"error\":" },
	{ "batch", "", "[" MSG("ping", "") "]", 400, -32600, "batches" },
	{ "null id", "", "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", 400, -32600,
	    "{\"jsonrpc\":\"2.0\",\"error\":" },
	{ "no method", HEADS("x"), "{\"jsonrpc\":\"2.0\",\"id\":1}", 400, -32600, "\"id\":1," },
	{ "no version", "", "{\"id\":\"a\",\"method\":\"ping\"}", 400, -32600, "\"id\":\"a\"," },
	{ "params array", "", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[]}", 400, -32600,
	    "params" },
	{ "notification", "", "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", 202, 0, NULL },
	{ "modern notification", HEADS("x"), "{\"jsonrpc\":\"2.0\",\"method\":\"x\"}", 202, 0, NULL },
	{ "response", "", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", 202, 0, NULL },
	{ "error", "", "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{}}", 202, 0, NULL },
};

static void
run_case(size_t i)
{
	struct mcp_message m;
	struct mcp_reply r;
	struct json_fault fault;
	const cJSON *code;
	int64_t number;
	cJSON *tree;
	bool call = run(cases[i].headers, cases[i].body, &m, &r);

	CHECK(call == (cases[i].status == UPSTREAM), "%s: goes %s", cases[i].name,
	    call ? "upstream" : buf_str(&r.body));
	if (call) {
		CHECK(m.tool != NULL && cJSON_IsObject(m.args), "%s: a tool and arguments", cases[i].name);
		mcp_reply_result(&r, &m, "{\"a\":1}", "");
		CHECK(strstr(buf_str(&r.body), "\"text\":\"{\\\"a\\\":1}\"}],\"structuredContent\":{\"a\":1}") !=
		    NULL, "%s: %s", cases[i].name, buf_str(&r.body));
		buf_reset(&r.body);
		mcp_reply_failure(&r, &m, "{\"a\":1}", "x");
		CHECK(strstr(buf_str(&r.body), "\"isError\":true") != NULL &&
		    strstr(buf_str(&r.body), "structuredContent") == NULL, "%s: %s", cases[i].name,
		    buf_str(&r.body));
	} else {
		CHECK(r.status == cases[i].status && r.code == cases[i].code, "%s: %d %d %s", cases[i].name,
		    r.status, r.code, buf_str(&r.body));
		CHECK((r.type != NULL) == (cases[i].want != NULL), "%s: a body or none", cases[i].name);
		CHECK(cases[i].want == NULL ? r.body.len == 0 :
		    strstr(buf_str(&r.body), cases[i].want) != NULL, "%s: %s", cases[i].name,
		    buf_str(&r.body));
	}
	if (r.body.len > 0) {
		tree = json_parse(buf_str(&r.body), r.body.len, &fault);
		CHECK(tree != NULL, "%s: not JSON: %s", cases[i].name, buf_str(&r.body));
		code = json_get(json_get(tree, "error"), "code");
		CHECK(cases[i].code == 0 ? code == NULL : json_integer(code, &number) == 0 &&
		    number == cases[i].code, "%s: %s", cases[i].name, buf_str(&r.body));
		if (m.era == MCP_MODERN && code == NULL)
			CHECK(pointer_get(tree, "/result/_meta/io.modelcontextprotocol~1serverInfo/name") != NULL &&
			    json_str(json_get(tree, "result"), "resultType") != NULL, "%s: %s", cases[i].name,
			    buf_str(&r.body));
		if (m.era == MCP_LEGACY && code == NULL)
			CHECK(strstr(buf_str(&r.body), "resultType") == NULL &&
			    strstr(buf_str(&r.body), "ttlMs") == NULL, "%s: %s", cases[i].name, buf_str(&r.body));
		cJSON_Delete(tree);
	}
	CHECK(mcp_method_name(&m) != NULL, "%s", cases[i].name);
	mcp_message_finish(&m);
	mcp_reply_finish(&r);
}

/* Whatever is sent, what comes back is JSON in UTF-8. */
static void
run_text(void)
{
	static const char *const versions[] = { "\xff\xfe", "a\"b\\", "\xc3\xa4", "\xc0\x80", "\x7f" };
	char headers[512], body[1024];
	struct mcp_message m;
	struct mcp_reply r;
	struct json_fault fault;
	cJSON *tree;
	size_t i;
	int pad, k;

	for (i = 0; i < sizeof versions / sizeof versions[0]; i++) {
		snprintf(headers, sizeof headers, "MCP-Protocol-Version: %s", versions[i]);
		run(headers, MSG("ping", ""), &m, &r);
		tree = json_parse(buf_str(&r.body), r.body.len, &fault);
		CHECK(r.status == 400 && tree != NULL, "version %zu: %s", i, buf_str(&r.body));
		cJSON_Delete(tree);
		mcp_message_finish(&m);
		mcp_reply_finish(&r);
	}
	for (k = 0; k < 2; k++)
		for (pad = 0; pad < 4; pad++) {
			snprintf(body, sizeof body, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":"
			    "{\"name\":\"%.*s", k == 0 ? "tools/call" : "prompts/get", pad, "xxx");
			for (i = 0; i < 60; i++)
				snprintf(body + strlen(body), sizeof body - strlen(body), "\xf0\x9f\x98\x80");
			snprintf(body + strlen(body), sizeof body - strlen(body), "\"}}");
			run("", body, &m, &r);
			tree = json_parse(buf_str(&r.body), r.body.len, &fault);
			CHECK(r.code == -32602 && tree != NULL, "a long name: %s", buf_str(&r.body));
			cJSON_Delete(tree);
			mcp_message_finish(&m);
			mcp_reply_finish(&r);
		}
}

/* Every tool that is on, once, in order, whatever the page. */
static void
run_pages(size_t page)
{
	char body[2048], names[256] = "", cursor[1024] = "";
	struct mcp_message m;
	struct mcp_reply r;
	struct json_fault fault;
	const cJSON *tool, *result;
	cJSON *tree;
	int calls = 0;

	mcp.list_page = page;
	do {
		snprintf(body, sizeof body, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{"
		    "%s%s%s}}", *cursor == '\0' ? "" : "\"cursor\":\"", cursor, *cursor == '\0' ? "" : "\"");
		run("", body, &m, &r);
		tree = json_parse(buf_str(&r.body), r.body.len, &fault);
		result = json_get(tree, "result");
		CHECK(cJSON_GetArraySize(json_get(result, "tools")) <= (int)page, "page of %zu", page);
		cJSON_ArrayForEach(tool, json_get(result, "tools"))
			snprintf(names + strlen(names), sizeof names - strlen(names), "%s ",
			    json_str(tool, "name"));
		snprintf(cursor, sizeof cursor, "%s", json_str(result, "nextCursor") == NULL ? "" :
		    json_str(result, "nextCursor"));
		cJSON_Delete(tree);
		mcp_message_finish(&m);
		mcp_reply_finish(&r);
	} while (*cursor != '\0' && ++calls < 10);
	CHECK(strcmp(names, "get_thing mirrored server_info ") == 0, "pages of %zu: %s", page, names);
	mcp.list_page = 100;
}

static void
run_server_info(void)
{
	struct mcp_message m;
	struct mcp_reply r;
	struct json_fault fault;
	struct schema_fault wrong = { .why = "" };
	const cJSON *info, *content;
	cJSON *tree, *text;

	run("", CALL("\"name\":\"server_info\""), &m, &r);
	tree = json_parse(buf_str(&r.body), r.body.len, &fault);
	info = pointer_get(tree, "/result/structuredContent");
	CHECK(cJSON_GetArraySize(json_get(info, "tools")) == 3 &&
	    cJSON_GetArraySize(json_get(info, "tools_off")) == 1 &&
	    strcmp(pointer_get(info, "/tools_off/0/name")->valuestring, "off") == 0 &&
	    strcmp(pointer_get(info, "/tools_off/0/why")->valuestring, "tired") == 0 &&
	    strcmp(pointer_get(info, "/services/0")->valuestring, "demo") == 0 &&
	    pointer_get(info, "/limits/result_bytes") != NULL &&
	    strcmp(json_str(info, "caller"), "anonymous") == 0, "%s", buf_str(&r.body));
	content = pointer_get(tree, "/result/content/0/text");
	text = json_parse(content->valuestring, strlen(content->valuestring), &fault);
	CHECK(cJSON_Compare(text, info, true), "both forms are the same: %s", buf_str(&r.body));
	CHECK(schema_check(catalog.own->result, info, &wrong) == 0, "%s: %s", wrong.path, wrong.why);
	cJSON_Delete(text);
	cJSON_Delete(tree);
	mcp_message_finish(&m);
	mcp_reply_finish(&r);
}

/* A stream that acknowledges nothing and ends: two events, both with the subscription's id. */
static void
run_listen(void)
{
	static const char *const ids[] = { "6", "\"a\\nb\"", "12345678901234567890" };
	char body[512], want[256];
	struct mcp_message m;
	struct mcp_reply r;
	struct json_fault fault;
	const char *p, *end;
	cJSON *tree;
	size_t i;
	int events;

	for (i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		snprintf(body, sizeof body, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"subscriptions/listen\","
		    "\"params\":{\"notifications\":{\"toolsListChanged\":true}," META "}}", ids[i]);
		run(HEADS("subscriptions/listen"), body, &m, &r);
		CHECK(r.status == 200 && strcmp(r.type, "text/event-stream") == 0 &&
		    strstr(buf_str(&r.headers), "X-Accel-Buffering: no\r\n") != NULL, "%s",
		    buf_str(&r.headers));
		snprintf(want, sizeof want, "\"io.modelcontextprotocol/subscriptionId\":%s", ids[i]);
		for (p = buf_str(&r.body), events = 0; *p != '\0'; p = end + 2, events++) {
			CHECK(strncmp(p, "event: message\ndata: ", 21) == 0, "event %d: %s", events, p);
			p += 21;
			end = strstr(p, "\n\n");
			if (end == NULL)
				break;
			tree = json_parse(p, (size_t)(end - p), &fault);
			CHECK(tree != NULL && strstr(p, want) != NULL && strstr(p, want) < end, "event %d: %s",
			    events, p);
			CHECK(events == 0 ? json_get(tree, "id") == NULL &&
			    cJSON_GetArraySize(pointer_get(tree, "/params/notifications")) == 0 :
			    json_str(json_get(tree, "result"), "resultType") != NULL, "event %d", events);
			cJSON_Delete(tree);
		}
		CHECK(events == 2, "%d events", events);
		mcp_message_finish(&m);
		mcp_reply_finish(&r);
	}
}

/* Without memory for the message: an internal error, never the client's. */
static void
run_memory(void)
{
	struct mcp_message m;
	struct mcp_reply r;
	bool call = false;
	int i;

	for (i = 0; !call && i < 200; i++) {
		scarce_begin(i);
		call = run("", CALL("\"name\":\"get_thing\""), &m, &r);
		CHECK(call || (r.status == 500 && r.code == -32603), "%d allocations: %d %s", i, r.status,
		    buf_str(&r.body));
		mcp_message_finish(&m);
		scarce_end();
		mcp_reply_finish(&r);
	}
	CHECK(call && i > 5, "%d allocations", i);
}

int
main(void)
{
	size_t i;

	catalog_of(&catalog, service);
	catalog.tools[2]->off = "tired";
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		run_case(i);
	run_text();
	for (i = 1; i < 6; i++)
		run_pages(i);
	run_server_info();
	run_listen();
	run_memory();
	catalog_finish(&catalog);
	return check_done();
}
