/* SPDX-License-Identifier: MIT */
/*
 * test_service.c - mcp/service and mcp/tool: a good service file and every kind of mistake
 * made to it, each told with file, place and mend; and service.schema.json, which says the
 * same to editors as far as a schema can.
 */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "check.h"
#include "jose.h"
#include "mcp/credential.h"
#include "mcp/push.h"
#include "mcp/resource.h"
#include "mcp/service.h"
#include "wire/json.h"
#include "wire/pointer.h"
#include "wire/schema.h"

static const char good[] =
    "{\"$schema\":\"./service.schema.json\",\"$comment\":\"c\",\"name\":\"demo\",\"title\":\"Demo\",\"description\":\"d\","
    "\"instructions\":\"i\",\"base_url\":\"https://api.example.org/v1/\",\"tls\":{\"ca_file\":\"ca.pem\"},"
    "\"auth\":{\"type\":\"bearer\",\"token\":{\"file\":\"demo.token\"}},"
    "\"success\":{\"pointer\":\"/ok\",\"equals\":true},"
    "\"error\":{\"code\":\"/error/code\",\"message\":\"/error/message\",\"request_id\":\"/error/id\","
    "\"retry_after\":\"/error/retry\",\"candidates\":{\"each\":\"/error/candidates\",\"item\":"
    "{\"id\":\"/id\"}},\"codes\":{\"gone\":{\"code\":\"not_found\",\"hint\":\"h\",\"retryable\":false}}},"
    "\"tools\":["
    "{\"$comment\":\"c\",\"name\":\"list_things\",\"title\":\"List things\",\"description\":\"Things.\","
    "\"annotations\":{\"title\":\"Old title\",\"readOnlyHint\":true},\"scopes\":[\"things:read\"],"
    "\"inputSchema\":{\"type\":\"object\",\"properties\":{\"kind\":{\"type\":\"string\","
    "\"x-mcp-header\":\"Kind\"},\"fields\":{\"type\":\"array\"},\"limit\":{\"type\":\"integer\"}},"
    "\"additionalProperties\":false},"
    "\"outputSchema\":{\"type\":\"object\",\"properties\":{\"things\":{\"type\":\"array\"}},"
    "\"required\":[\"things\"]},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/things{?kind,limit,cursor}\","
    "\"headers\":{\"X-Kind\":\"k={kind}\"}},"
    "\"response\":{\"things\":{\"each\":\"/data\",\"item\":{\"id\":\"/id\",\"text\":{\"pointer\":\"/text\","
    "\"untrusted\":true,\"default\":\"\",\"map\":{\"a\":\"b\"}}},\"only\":\"fields\"},"
    "\"next_cursor\":\"/next\",\"kind\":{\"argument\":\"kind\"},\"v\":{\"value\":1}},"
    "\"success\":{\"pointer\":\"/fine\",\"equals\":1},\"error\":{\"code\":\"/code\"},\"timeout_ms\":5000},"
    "{\"name\":\"send_thing\",\"description\":\"Send.\",\"write\":true,"
    "\"annotations\":{\"destructiveHint\":false,\"idempotentHint\":false,\"openWorldHint\":true},"
    "\"inputSchema\":{\"type\":\"object\",\"properties\":{\"to\":{\"type\":\"string\"},\"text\":"
    "{\"type\":\"string\"},\"idempotency_key\":{\"type\":\"string\"}},\"required\":[\"to\"]},"
    "\"outputSchema\":{\"type\":\"object\"},"
    "\"request\":{\"method\":\"POST\",\"url\":\"/people/{to}/things\",\"headers\":"
    "{\"Idempotency-Key\":\"{idempotency_key}\"},\"body\":{\"text\":\"{text}\",\"meta\":[\"<{to}>\",1]}},"
    "\"response\":{\"id\":\"/id\"}},"
    "{\"name\":\"form\",\"description\":\"Form.\",\"write\":false,"
    "\"inputSchema\":{\"type\":\"object\",\"properties\":{\"a\":{}}},"
    "\"request\":{\"method\":\"PUT\",\"url\":\"/form\",\"form\":{\"a\":\"{a}\",\"b\":[\"1\",\"2\"]}},"
    "\"response\":{}},"
    "{\"name\":\"delete\",\"description\":\"Delete.\",\"write\":true,"
    "\"inputSchema\":{\"type\":\"object\",\"properties\":{\"id\":{}},\"required\":[\"id\"]},"
    "\"request\":{\"method\":\"DELETE\",\"url\":\"/things/{id}\"},\"response\":{}}],"
    "\"completions\":{\"people\":{\"$comment\":\"c\",\"scopes\":[\"people:read\"],"
    "\"request\":{\"method\":\"GET\",\"url\":\"/people{?value}\"},"
    "\"response\":{\"values\":{\"each\":\"/data\",\"item\":\"/name\"}},"
    "\"success\":{\"pointer\":\"/ok\",\"equals\":true},\"error\":{\"code\":\"/code\"},\"timeout_ms\":100}},"
    "\"push\":{\"$comment\":\"c\",\"request\":{\"method\":\"GET\",\"url\":\"/events\"},"
    "\"silence_ms\":30000},"
    "\"resources\":["
    "{\"$comment\":\"c\",\"uri\":\"demo://logo\",\"name\":\"logo\",\"title\":\"Logo\","
    "\"description\":\"d\",\"icons\":[{\"src\":\"https://a.example/i.png\",\"mimeType\":\"image/png\","
    "\"sizes\":[\"48x48\"],\"theme\":\"dark\"}],\"mimeType\":\"image/png\",\"size\":100,"
    "\"annotations\":{\"audience\":[\"user\"],\"priority\":0.5,\"lastModified\":\"2026-01-01T00:00:00Z\"},"
    "\"scopes\":[\"things:read\"],\"request\":{\"method\":\"GET\",\"url\":\"/logo\"},\"response\":\"raw\","
    "\"success\":{\"pointer\":\"/ok\",\"equals\":true},\"error\":{\"code\":\"/code\"},\"timeout_ms\":100},"
    "{\"uriTemplate\":\"demo://things/{id}{?cursor,since}\",\"name\":\"thing\","
    "\"subscribe\":{\"every_ms\":500,\"push\":{\"events\":[\"message\"],\"match\":{\"id\":\"/id\"}}},"
    "\"complete\":{\"id\":\"people\",\"since\":[\"2026-01-01T00:00:00Z\"]},"
    "\"derive\":{\"after\":{\"argument\":\"since\",\"time\":\"s\"}},"
    "\"steps\":[{\"request\":{\"method\":\"GET\",\"url\":\"/keys\"},\"response\":{\"key\":\"/key\"}}],"
    "\"request\":{\"method\":\"GET\",\"url\":\"/things/{id}{?cursor,after,key}\"},\"stream\":true,"
    "\"response\":{\"parts\":{\"each\":\"/parts\",\"item\":{\"text\":{\"pointer\":\"/text\",\"untrusted\":true}}},"
    "\"next_cursor\":\"/next\"}}],"
    "\"prompts\":["
    "{\"$comment\":\"c\",\"name\":\"write\",\"title\":\"Write\",\"description\":\"d\","
    "\"icons\":[{\"src\":\"data:image/png;base64,AAAA\"}],\"scopes\":[\"things:read\"],"
    "\"arguments\":[{\"name\":\"to\",\"title\":\"To\",\"description\":\"d\",\"required\":true,"
    "\"complete\":\"people\"},{\"name\":\"tone\",\"complete\":[\"friendly\",\"formal\"]}],"
    "\"messages\":[{\"role\":\"user\",\"content\":\"Write to {to} {{{tone}}}.\"},{\"role\":\"assistant\","
    "\"content\":{\"type\":\"resource\",\"resource\":{\"uri\":\"demo://things/{to}\"}}}]},"
    "{\"name\":\"asked\",\"arguments\":[{\"name\":\"topic\",\"required\":false}],"
    "\"request\":{\"method\":\"POST\",\"url\":\"/prompts\",\"body\":{\"topic\":\"{topic}\","
    "\"responses\":\"{input_responses}\",\"state\":\"{request_state}\"}},\"stream\":true,\"response\":\"mcp\","
    "\"success\":{\"pointer\":\"/ok\",\"equals\":true},\"error\":{\"code\":\"/code\"},\"timeout_ms\":100}]}";

static char folder[] = "/tmp/test_service.XXXXXX";
static char service_path[64];

/* Whether service.schema.json refuses it too. */
enum seen { NO, YES };

/* What is changed in the good file: the value at the pointer, NULL: it is taken away. */
struct mutation {
	const char	*at;
	const char	*value;
	const char	*place;		/* in the message, behind the file's name */
	const char	*want;		/* in the message */
	enum seen	 seen;
};

/* A credential in the path. */
#define AT(path, file) \
	"{\"type\":\"path\",\"path\":\"" path "\",\"token\":{\"file\":\"" file "\"}}"
/* An oauth2 credential: with a secret, with a key, and what either begins with. */
#define OAUTH(grant, members) \
	"{\"type\":\"oauth2\",\"grant\":\"" grant "\",\"token_url\":\"https://id.example/token\"," \
	"\"client_id\":\"me\"" members "}"
#define SECRET	",\"client_secret\":{\"file\":\"demo.token\"}"
#define KEY	",\"client_auth\":\"private_key_jwt\",\"private_key\":{\"file\":\"es256.pem\"}"
#define URL(url) \
	"{\"type\":\"oauth2\",\"grant\":\"client_credentials\",\"token_url\":\"" url "\"," \
	"\"client_id\":\"me\"" SECRET "}"
#define CALLERS(callers) "{\"type\":\"none\",\"callers\":" callers "}"

#define STEPS(steps) "[" steps "]"
#define SPLIT(argument, max, unit) \
	"{\"argument\":\"" argument "\",\"max\":" max ",\"unit\":\"" unit "\"}"
#define GET(url) "{\"method\":\"GET\",\"url\":\"" url "\"}"
#define FIND(argument, as) "{\"argument\":\"" argument "\",\"each\":\"/l\",\"match\":[\"/n\"]," \
	"\"id\":\"/id\",\"as\":\"" as "\"}"

#define T0 "/tools/0"
#define T1 "/tools/1"
#define T2 "/tools/2"
#define C0 "/completions/people"
#define R0 "/resources/0"
#define R1 "/resources/1"
#define P0 "/prompts/0"
#define P1 "/prompts/1"

/* A tool that passes on, or whose answer is the content. */
#define TOOL(properties, members) "{\"name\":\"t\",\"description\":\"d\",\"inputSchema\":" \
	"{\"type\":\"object\",\"properties\":{" properties "}},\"request\":" GET("/x") "," members "}"
/* What is waited for, and what is followed: alone, and by a tool that passes on. */
#define WAIT(argument, members) "{\"argument\":\"" argument "\",\"of\":\"/kind\"," members "}"
#define FOLLOW(tool, members) "{\"tool\":\"" tool "\",\"arguments\":" members "}"
#define FOLLOWING(members, arguments) "{\"name\":\"m\",\"description\":\"d\",\"write\":true," \
	"\"inputSchema\":{\"type\":\"object\"}," members "\"request\":{\"method\":\"POST\"," \
	"\"url\":\"/m\"},\"response\":\"mcp\",\"follow\":" FOLLOW("list_things", arguments) "}"
/* Content that is one block. */
#define BESIDE(members) "[{\"type\":" members "}]"
/* A read that is waited for, and a write that it follows. */
#define FOLLOWED(read, write, members) "[{\"name\":\"r\",\"description\":\"d\",\"inputSchema\":" \
	"{\"type\":\"object\",\"properties\":{\"s\":{\"type\":\"integer\"}}},\"request\":" GET("/r") "," \
	"\"response\":" read ",\"wait\":" WAIT("s", "\"final\":[\"a\"]") "}," \
	"{\"name\":\"w\",\"description\":\"d\",\"write\":true,\"inputSchema\":{\"type\":\"object\"," \
	"\"properties\":{\"s\":{\"type\":\"number\"},\"id\":{\"type\":\"string\"}}}," \
	"\"outputSchema\":{\"type\":\"object\"},\"request\":{\"method\":\"POST\",\"url\":\"/w\"}," \
	"\"response\":" write ",\"follow\":" FOLLOW("r", "{}" members) "}]"
#define TEXT(text) "[{\"role\":\"user\",\"content\":\"" text "\"}]"
#define BLOCK(members) "[{\"role\":\"user\",\"content\":{" members "}}]"

static const struct mutation mutations[] = {
	/* The root. */
	{ "", "[]", "/", "must be an object", YES },
	{ "", "7", "/", "must be an object", YES },
	{ "/colour", "1", "/colour", "unknown key; ums-mcp-service(5)", YES },
	{ "/Name", "\"x\"", "/Name", "unknown key", YES },
	{ "/$schema", "1", "/$schema", "must be a string that is not empty", YES },
	{ "/$comment", "1", "/$comment", "must be a string that is not empty", YES },
	{ T0 "/$comment", "[]", T0 "/$comment", "must be a string that is not empty", YES },
	{ T0 "/request/$comment", "\"c\"", T0 "/request/$comment", "unknown key", YES },
	{ "/name", NULL, "/", "\"name\" is missing; it is a string", YES },
	{ "/name", "\"\"", "/name", "must be a string that is not empty", YES },
	{ "/name", "5", "/name", "must be a string", YES },
	{ "/name", "\"Demo\"", "/name", "must be of a-z 0-9 _ -", YES },
	{ "/name", "\"de.mo\"", "/name", "must be of a-z 0-9 _ -", YES },
	{ "/name", "\"demo\\u0000\"", "/name", "must be a string", YES },
	{ "/title", "\"\"", "/title", "must be a string", YES },
	{ "/description", "[]", "/description", "must be a string", YES },
	{ "/instructions", "{}", "/instructions", "must be a string", YES },
	{ "/base_url", NULL, "/", "\"base_url\" is missing", YES },
	{ "/base_url", "\"ftp://a\"", "/base_url", "must be an http or https URL", YES },
	{ "/base_url", "\"//a\"", "/base_url", "must be an http or https URL", YES },
	{ "/base_url", "\"https://\"", "/base_url", "with a host", YES },
	{ "/base_url", "\"https:///x\"", "/base_url", "with a host", YES },
	{ "/base_url", "\"https://a/?q=1\"", "/base_url", "must have no query", YES },
	{ "/base_url", "\"https://a/#f\"", "/base_url", "no fragment", YES },
	{ "/base_url", "\"https://u:p@a/\"", "/base_url", "credentials go into \"auth\"", YES },
	{ "/base_url", "\"https://a/{x}\"", "/base_url", "must have no query", YES },
	{ "/base_url", "\"https://a b/\"", "/base_url", "must have no query", YES },
	{ "/base_url", "\"https://a/\\r\\nX: y\"", "/base_url", "must have no query", YES },
	{ "/tls", "true", "/tls", "must be an object", YES },
	{ "/tls/verify", "false", "/tls/verify", "unknown key", YES },
	{ "/tls/ca_file", "1", "/tls/ca_file", "must be a string", YES },
	{ "/tls/ca_file", "\"none.pem\"", "/tls/ca_file", "none.pem: cannot be read", NO },
	{ "/tls/ca_file", "\"demo.token\"", "/tls/ca_file", "holds no PEM certificate", NO },
	{ "/tls/ca_file", "\".\"", "/tls/ca_file", "not a regular file", NO },

	/* Credentials. */
	{ "/auth", "\"secret\"", "/auth", "must be an object", YES },
	{ "/auth/type", NULL, "/auth/type", "must be none, bearer, basic, header, path, oauth2 or hmac", YES },
	{ "/auth/type", "\"oauth\"", "/auth/type", "must be none, bearer, basic, header, path, oauth2 or hmac", YES },
	{ "/auth/type", "\"none\"", "/auth/token", "unknown key", YES },
	{ "/auth/username", "\"u\"", "/auth/username", "unknown key", YES },
	{ "/auth/token", NULL, "/auth/token", "is missing; it is {\"file\": PATH}", NO },
	{ "/auth/token", "\"s3cret\"", "/auth/token", "must be an object", YES },
	{ "/auth/token", "{}", "/auth/token", "\"file\" is missing", YES },
	{ "/auth/token/env", "\"X\"", "/auth/token/env", "unknown key", YES },
	{ "/auth/token/file", "\"none.token\"", "/auth/token", "none.token: cannot be read", NO },
	{ "/auth/token/file", "\"empty.token\"", "/auth/token", "is empty; write the secret into it", NO },
	{ "/auth/token/file", "\"two.token\"", "/auth/token", "control character at byte 1", NO },
	{ "/auth/token/file", "\"long.token\"", "/auth", "the credential is too long", NO },
	{ "/auth", "{\"type\":\"basic\",\"username\":\"a:b\",\"password\":{\"file\":\"demo.token\"}}",
	    "/auth/username", "no colon (RFC 7617)", YES },
	{ "/auth", "{\"type\":\"basic\",\"password\":{\"file\":\"demo.token\"}}", "/auth",
	    "\"username\" is missing", YES },
	{ "/auth", "{\"type\":\"basic\",\"username\":\"a\"}", "/auth/password", "is missing", NO },
	{ "/auth", "{\"type\":\"basic\",\"username\":\"{a}\",\"password\":{\"file\":\"demo.token\"}}",
	    "/auth/username", "{a}: no argument of this name", NO },
	{ "/auth", "{\"type\":\"basic\",\"username\":\"a\",\"password\":{\"file\":\"long.token\"}}",
	    "/auth", "the credential is too long", NO },
	{ "/auth", "{\"type\":\"header\",\"value\":{\"file\":\"demo.token\"}}", "/auth",
	    "\"header\" is missing", YES },
	{ "/auth", "{\"type\":\"header\",\"header\":\"X Key\",\"value\":{\"file\":\"demo.token\"}}",
	    "/auth/header", "must be a header's name", YES },
	{ "/auth", "{\"type\":\"header\",\"header\":\"transfer-encoding\","
	    "\"value\":{\"file\":\"demo.token\"}}", "/auth/header", "is set by the transport", NO },
	{ "/auth", "{\"type\":\"header\",\"header\":\"X-Key\"}", "/auth/value", "is missing", NO },

	/* OAuth: a client of an authorization server. */
	{ "/auth", OAUTH("client_credentials", SECRET), NULL, NULL, NO },
	{ "/auth", OAUTH("token_exchange", SECRET ",\"client_auth\":\"client_secret_post\","
	    "\"scope\":\"a b\",\"audience\":\"x\",\"resource\":\"https://a\""), NULL, NULL, NO },
	{ "/auth", OAUTH("client_credentials", SECRET ",\"client_auth\":\"client_secret_basic\""),
	    NULL, NULL, NO },
	{ "/auth", OAUTH("client_credentials", KEY), NULL, NULL, NO },
	{ "/auth", OAUTH("token_exchange", KEY ",\"algorithm\":\"ES256\",\"key_id\":\"k\""), NULL, NULL,
	    NO },
	{ "/auth", URL("http://[::1]:8080"), NULL, NULL, NO },
	{ "/auth", URL("https://id.example?tenant=1"), NULL, NULL, NO },
	{ "/auth", "{\"type\":\"path\",\"token\":{\"file\":\"sesame.token\"}}", "/auth", "\"path\" is missing", YES },
	{ "/auth", "{\"type\":\"path\",\"path\":\"/bot{token}\"}", "/auth/token", "is missing", NO },
	{ "/auth", AT("bot{token}", "sesame.token"), "/auth/path", "must be a segment of a path", YES },
	{ "/auth", AT("/bot", "sesame.token"), "/auth/path", "must be a segment of a path", YES },
	{ "/auth", AT("/a/{token}", "sesame.token"), "/auth/path", "must be a segment of a path", YES },
	{ "/auth", AT("/{token}/b", "sesame.token"), "/auth/path", "must be a segment of a path", YES },
	{ "/auth", AT("/{token}?x=1", "sesame.token"), "/auth/path", "must be a segment of a path", YES },
	{ "/auth", AT("/{token}{token}", "sesame.token"), "/auth/path", "must be a segment of a path", YES },
	{ "/auth", AT("/bot{token}", "sesame.token"), "/auth/token", "is no token", NO },
	{ "/auth", AT("/{token}", "dots.token"), "/auth/token", "begins with a dot", NO },
	{ "/auth", AT("/bot{token}", "none.token"), "/auth/token", "none.token", NO },
	{ "/auth", "{\"type\":\"oauth2\"}", "/auth", "\"grant\" is missing", YES },
	{ "/auth", "{\"type\":\"oauth2\",\"grant\":\"client_credentials\",\"client_id\":\"me\"" SECRET "}",
	    "/auth", "\"token_url\" is missing", YES },
	{ "/auth", "{\"type\":\"oauth2\",\"grant\":\"client_credentials\",\"token_url\":\"https://a\""
	    SECRET "}", "/auth", "\"client_id\" is missing", YES },
	{ "/auth", OAUTH("password", SECRET), "/auth/grant",
	    "must be client_credentials or token_exchange", YES },
	{ "/auth", OAUTH("", SECRET), "/auth/grant", "must be a string that is not empty", YES },
	{ "/auth", URL("id.example/token"), "/auth/token_url", "must be an https URL", YES },
	{ "/auth", URL("ftp://id.example/"), "/auth/token_url", "must be an https URL", YES },
	{ "/auth", URL("http://id.example/token"), "/auth/token_url", "must be an https URL", YES },
	{ "/auth", URL("https://"), "/auth/token_url", "with a host", YES },
	{ "/auth", URL("http://localhost.evil.example/"), "/auth/token_url", "http on this machine", YES },
	{ "/auth", URL("http://127.0.0.11/"), "/auth/token_url", "http on this machine", YES },
	{ "/auth", URL("http://localhost:@evil.example/"), "/auth/token_url", "without user", YES },
	{ "/auth", URL("http://localhost"), NULL, NULL, NO },
	{ "/auth", URL("http://127.0.0.1:8080/token?x"), NULL, NULL, NO },
	{ "/auth", URL("https:///token"), "/auth/token_url", "with a host", YES },
	{ "/auth", URL("https://?x"), "/auth/token_url", "with a host", YES },
	{ "/auth", URL("https://u:p@id.example/"), "/auth/token_url", "without user", YES },
	{ "/auth", URL("https://id.example/#x"), "/auth/token_url", "and fragment", YES },
	{ "/auth", URL("https://id.example/{x}"), "/auth/token_url", "must be", YES },
	{ "/auth", URL("https://id.example/ x"), "/auth/token_url", "must be", YES },
	{ "/auth", URL("https://id.example/\\r\\nX:"), "/auth/token_url", "must be", YES },
	{ "/auth", OAUTH("client_credentials", SECRET ",\"client_auth\":\"none\""), "/auth/client_auth",
	    "must be client_secret_basic, client_secret_post or private_key_jwt", YES },
	{ "/auth", OAUTH("client_credentials", SECRET ",\"client_auth\":\"client_secret_jwt\""),
	    "/auth/client_auth", "must be client_secret_basic", YES },
	{ "/auth", OAUTH("client_credentials", ""), "/auth/client_secret",
	    "is missing; it is {\"file\": PATH}", YES },
	{ "/auth", OAUTH("client_credentials", ",\"client_secret\":\"s3cret\""), "/auth/client_secret",
	    "must be an object", YES },
	{ "/auth", OAUTH("client_credentials", ",\"client_secret\":{\"env\":\"X\"}"),
	    "/auth/client_secret/env", "unknown key", YES },
	{ "/auth", OAUTH("client_credentials", ",\"client_secret\":{\"file\":\"none\"}"),
	    "/auth/client_secret", "none: cannot be read", NO },
	{ "/auth", OAUTH("client_credentials", ",\"client_secret\":{\"file\":\"two.token\"}"),
	    "/auth/client_secret", "control character at byte 1", NO },
	{ "/auth", OAUTH("client_credentials", ",\"client_auth\":\"private_key_jwt\""),
	    "/auth/private_key", "is missing; it is {\"file\": PATH}", YES },
	{ "/auth", OAUTH("client_credentials", ",\"client_auth\":\"private_key_jwt\","
	    "\"private_key\":{\"file\":\"none.pem\"}"), "/auth/private_key", "none.pem: cannot be read",
	    NO },
	{ "/auth", OAUTH("client_credentials", ",\"client_auth\":\"private_key_jwt\","
	    "\"private_key\":{\"file\":\"demo.token\"}"), "/auth/private_key", "", NO },
	{ "/auth", OAUTH("client_credentials", KEY ",\"algorithm\":\"RS256\""), "/auth/algorithm",
	    "must be the key's", NO },
	{ "/auth", OAUTH("client_credentials", KEY ",\"algorithm\":\"none\""), "/auth/algorithm",
	    "must be the key's", YES },
	{ "/auth", OAUTH("client_credentials", KEY ",\"algorithm\":\"HS256\""), "/auth/algorithm",
	    "must be the key's", YES },
	{ "/auth", OAUTH("client_credentials", ",\"client_auth\":\"private_key_jwt\","
	    "\"private_key\":{\"file\":\"rsa.pem\"}"), "/auth/algorithm", "without one: ES256", NO },
	{ "/auth", OAUTH("client_credentials", ",\"client_auth\":\"private_key_jwt\","
	    "\"algorithm\":\"PS256\",\"private_key\":{\"file\":\"rsa.pem\"}"), NULL, NULL, NO },
	{ "/auth", OAUTH("client_credentials", KEY SECRET), "/auth/client_secret",
	    "does not go with private_key_jwt", YES },
	{ "/auth", OAUTH("client_credentials", SECRET ",\"private_key\":{\"file\":\"es256.pem\"}"),
	    "/auth/private_key", "goes with \"client_auth\": \"private_key_jwt\"", YES },
	{ "/auth", OAUTH("client_credentials", SECRET ",\"algorithm\":\"ES256\""), "/auth/algorithm",
	    "goes with", YES },
	{ "/auth", OAUTH("client_credentials", SECRET ",\"key_id\":\"k\""), "/auth/key_id", "goes with",
	    YES },
	{ "/auth", OAUTH("client_credentials", SECRET ",\"scope\":[\"a\"]"), "/auth/scope",
	    "must be a string", YES },
	{ "/auth", OAUTH("client_credentials", SECRET ",\"audience\":\"\""), "/auth/audience",
	    "must be a string that is not empty", YES },
	{ "/auth", OAUTH("client_credentials", SECRET ",\"resource\":7"), "/auth/resource",
	    "must be a string", YES },
	{ "/auth", OAUTH("client_credentials", SECRET ",\"refresh_token\":\"x\""),
	    "/auth/refresh_token", "unknown key", YES },

	/* Callers with a credential of their own. */
	{ "/auth", CALLERS("{}"), NULL, NULL, NO },
	{ "/auth", CALLERS("{\"a\":{\"type\":\"none\"},\"b\":" OAUTH("token_exchange", SECRET) "}"), NULL,
	    NULL, NO },
	{ "/auth", OAUTH("client_credentials", SECRET ",\"callers\":{\"a\":{\"type\":\"none\"}}"), NULL,
	    NULL, NO },
	{ "/auth", CALLERS("[]"), "/auth/callers", "must be an object", YES },
	{ "/auth", CALLERS("{\"a\":7}"), "/auth/callers/a/type", "must be none, bearer", YES },
	{ "/auth", CALLERS("{\"a\":{}}"), "/auth/callers/a/type", "must be none, bearer", YES },
	{ "/auth", CALLERS("{\"a\":{\"type\":\"bearer\"}}"), "/auth/callers/a/token", "is missing", NO },
	{ "/auth", CALLERS("{\"a\":{\"type\":\"none\",\"colour\":1}}"), "/auth/callers/a/colour",
	    "unknown key", YES },
	{ "/auth", CALLERS("{\"a\":" OAUTH("implicit", SECRET) "}"), "/auth/callers/a/grant", "must be",
	    YES },
	{ "/auth", CALLERS("{\"a\":" CALLERS("{}") "}"), "/auth/callers/a", "must have no \"callers\" itself",
	    YES },
	{ "/auth", CALLERS("{\"a\":" CALLERS("{\"b\":{\"type\":\"none\"}}") "}"), "/auth/callers/a",
	    "must have no \"callers\" itself", YES },

	/* Who the bridge is in TLS. */
	{ "/tls", "{\"certificate_file\":\"c.pem\",\"key_file\":\"k.pem\"}", NULL, NULL, NO },
	{ "/tls", "{\"certificate_file\":\"c.pem\"}", "/tls", "go together", YES },
	{ "/tls", "{\"key_file\":\"k.pem\"}", "/tls", "go together", YES },
	{ "/tls", "{\"certificate_file\":1,\"key_file\":\"k.pem\"}", "/tls/certificate_file",
	    "must be a string", YES },
	{ "/tls", "{\"certificate_file\":\"c.pem\",\"key_file\":\"\"}", "/tls/key_file",
	    "must be a string", YES },

	/* What an error is, for all tools and for one. */
	{ "/success", "1", "/success", "must be an object", YES },
	{ "/success/equals", NULL, "/success", "\"equals\" is missing", YES },
	{ "/success/pointer", "\"ok\"", "/success", "must be a JSON Pointer", YES },
	{ "/success/not", "1", "/success/not", "unknown key", YES },
	{ T0 "/success/pointer", "7", T0 "/success", "must be a JSON Pointer", YES },
	{ "/error", "\"x\"", "/error", "must be an object", YES },
	{ "/error/status", "\"/x\"", "/error/status", "unknown key", YES },
	{ "/error/code", "\"code\"", "/error", "\"code\" must be a JSON Pointer", YES },
	{ "/error/message", "1", "/error", "\"message\" must be a JSON Pointer", YES },
	{ "/error/request_id", "\"~\"", "/error", "\"request_id\" must be a JSON Pointer", YES },
	{ "/error/retry_after", "{}", "/error/retry_after", "must have one of \"pointer\"", YES },
	{ "/error/retry_after", "1", "/error/retry_after", "must be an object", YES },
	{ "/error/retry_after", "\"x\"", "/error/retry_after", "is not a JSON Pointer", YES },
	{ "/error/retry_after", "{\"header\":\"X-Reset\",\"unit\":\"epoch\"}", NULL, NULL, NO },
	{ "/error/retry_after", "{\"header\":\"X Reset\"}", "/error/retry_after", "hyphens", YES },
	{ "/error/retry_after", "{\"header\":\"X\",\"pointer\":\"/x\"}", "/error/retry_after",
	    "must have one of", YES },
	{ "/error/retry_after", "{\"pointer\":\"/x\",\"unit\":\"h\"}", "/error/retry_after",
	    "s, ms or epoch", YES },
	{ "/values", "{\"zz\":\"1\"}", NULL, NULL, NO },
	{ "/values", "{\"a\":1}", "/values/a", "must be a string", YES },
	{ "/values", "{\"a\":null}", "/values/a", "is for you to say: service.demo.values.a = ", NO },
	{ "/values", "{\"to\":\"1\"}", T1, "is the name of an argument", NO },
	{ "/values", "{\"a b\":\"1\"}", T0, "of letters, digits and _", YES },
	{ "/headers", "{\"X-A\":\"b\",\"Accept\":\"x/y\"}", NULL, NULL, NO },
	{ "/headers", "{\"X-A\":\"{to}\"}", "/headers/X-A", "no argument of this name", NO },
	{ T0 "/inputSchema/properties/limit/default", "5", NULL, NULL, NO },
	{ T0 "/inputSchema/properties/limit/default", "\"5\"",
	    T0 "/inputSchema/properties/limit/default", "must be an integer", NO },
	{ T1 "/preview", "\"form\"", T1 "/preview", "has no argument \"to\"", NO },
	{ T0 "/derive", "{\"at\":{\"argument\":\"kind\",\"markdown\":\"text\"}}", NULL, NULL, NO },
	{ T0 "/derive", "{\"at\":{\"argument\":\"limit\",\"time\":\"s\"}}", T0 "/derive/at",
	    "\"limit\" must be an argument with \"type\": \"string\"", NO },
	{ "", "{\"name\":\"demo\",\"base_url\":\"https://a\",\"values\":{\"v\":\"a/b\"},\"tools\":[{\"name\":"
	    "\"t\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},\"request\":{\"method\":\"GET\","
	    "\"url\":\"/{v}\"},\"response\":{\"a\":\"/a\"}}]}", T0 "/request/url",
	    "service.demo.values.v stands in this path", NO },
	{ "", "{\"name\":\"demo\",\"base_url\":\"https://a\",\"values\":{\"v\":\"a\\n\"},\"headers\":{\"X-V\":"
	    "\"{v}\"},\"tools\":[{\"name\":\"t\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
	    "\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":{\"a\":\"/a\"}}]}", "/headers/X-V",
	    "with its values: a header value cannot hold line ends", NO },
	{ "/headers", "{\"Host\":\"b\"}", "/headers/Host", "the bridge's own", NO },
	{ "/headers", "{\"X-A\":\"b\",\"x-a\":\"c\"}", "/headers/x-a", "is there twice, as \"X-A\"", NO },
	{ "/headers", "{\"X-A\":\"b\\r\\nX: c\"}", "/headers/X-A", "cannot hold line ends", NO },
	{ "/headers", "{\"X-A\":\"b\\tc\"}", NULL, NULL, NO },
	{ "/headers", "{\"X A\":\"b\"}", "/headers/X A", "a header is a name", YES },
	{ T1 "/derive", "{\"at\":{\"argument\":\"to\",\"time\":\"s\"}}", NULL, NULL, NO },
	{ T1 "/preview", "{\"to\":{\"argument\":\"to\"},\"a\":{\"b\":{\"value\":1}}}", NULL, NULL, NO },
	{ T1 "/preview", "{\"to\":{\"argument\":\"nope\"}}", T1 "/preview", "/to: must name", NO },
	{ T1 "/preview", "{\"to\":{\"b\":\"/x\"}}", T1 "/preview", "no answer yet", NO },
	{ T1 "/preview", "{\"value\":1}", T1 "/preview", "an object of picks", YES },
	{ T1 "/preview", "{}", T1 "/preview", "must show something", YES },
	{ T1 "/preview", "7", T1 "/preview", "the name of a tool", YES },
	{ T1 "/derive", "{\"at\":{\"argument\":\"to\",\"markdown\":\"whatsapp\"}}", NULL, NULL, NO },
	{ T1 "/derive", "{\"at\":{\"argument\":\"to\",\"markdown\":\"s\"}}", T1 "/derive/at",
	    "\"markdown\": \"slack\"", YES },
	{ T1 "/derive", "{\"at\":{\"argument\":\"to\",\"time\":\"s\",\"markdown\":\"html\"}}",
	    T1 "/derive/at", "and what is made of it", YES },
	{ T1 "/derive", "{\"at\":{\"argument\":\"to\",\"sms\":\"encoding\"}}", NULL, NULL, NO },
	{ T1 "/derive", "{\"at\":{\"argument\":\"to\",\"sms\":\"s\"}}", T1 "/derive/at",
	    "\"sms\": \"segments\"", YES },
	{ T1 "/derive", "{\"at\":{\"argument\":\"to\"}}", T1 "/derive/at", "and what is made of it",
	    YES },
	{ T1 "/derive", "{\"at\":{\"argument\":\"nope\",\"time\":\"s\"}}", T1 "/derive/at",
	    "no argument is called", NO },
	{ T1 "/derive", "{\"at\":{\"argument\":\"to\",\"time\":\"h\"}}", T1 "/derive/at",
	    "must be \"time\"", YES },
	{ T1 "/derive", "{\"to\":{\"argument\":\"text\",\"time\":\"s\"}}", T1 "/derive/to",
	    "is the name of an argument", NO },
	{ "/error/candidates", "\"/x\"", "/error", "\"candidates\" must be a list", YES },
	{ "/error/candidates", "{\"each\":\"/x\"}", "/error", "\"candidates\"/item: must be a pointer",
	    YES },
	{ "/error/codes", "[]", "/error/codes", "must be an object", YES },
	{ "/error/codes/gone", "\"x\"", "/error/codes/gone", "must be an object", YES },
	{ "/error/codes/gone/text", "\"x\"", "/error/codes/gone/text", "unknown key", YES },
	{ "/error/codes/gone/code", "7", "/error/codes/gone", "must be a string, or null", YES },
	{ "/error/codes/gone/retryable", "1", "/error/codes/gone/retryable", "must be true or false", YES },
	{ T0 "/error/code", "\"code\"", T0 "/error", "\"code\" must be a JSON Pointer", YES },

	/* A tool. */
	{ "/tools", NULL, "/", "\"tools\" is missing; it is an array", YES },
	{ "/tools", "{}", "/tools", "must be an array", YES },
	{ "/tools", "[]", "/tools", "must hold 1 to 1024 tools", YES },
	{ T0, "7", T0, "must be an object", YES },
	{ T0 "/colour", "1", T0 "/colour", "unknown key", YES },
	{ T0 "/name", NULL, T0, "\"name\" is missing", YES },
	{ T0 "/name", "\"a b\"", T0, "\"name\" must be 1 to 128 of A-Z a-z 0-9 _ . -", YES },
	{ T0 "/name", "\"send_thing\"", T1, "a second tool named \"send_thing\"", NO },
	{ T0 "/title", "1", T0 "/title", "must be a string", YES },
	{ T0 "/description", NULL, T0, "\"description\" is missing", YES },
	{ T0 "/write", "\"yes\"", T0 "/write", "must be true or false", YES },
	{ T0 "/scopes", "\"x\"", T0 "/scopes", "must be an array", YES },
	{ T0 "/scopes/0", "1", T0, "\"scopes\" must be an array of strings", YES },
	{ T1 "/preview", "\"list_things\"", T1 "/preview", "asks for scopes that the tool itself does not",
	    NO },
	{ T0 "/scopes/0", "\"\"", T0, "\"scopes\" must be an array of strings", YES },
	{ T0 "/scopes/0", "\"a b\"", T0, "without spaces, quotes and backslashes", YES },
	{ T0 "/scopes/0", "\"a\\\"b\"", T0, "without spaces, quotes and backslashes", YES },
	{ T0 "/scopes/0", "\"a\\\\b\"", T0, "without spaces, quotes and backslashes", YES },
	{ T0 "/scopes/0", "\"a\\nb\"", T0, "without spaces, quotes and backslashes", YES },
	{ T0 "/scopes/0", "\"\\u00fc\"", T0, "without spaces, quotes and backslashes", YES },
	{ T0 "/scopes/0", "\"!#[]~:/.\"", NULL, NULL, NO },
	{ T0 "/timeout_ms", "0", T0 "/timeout_ms", "must be a whole number above zero", YES },
	{ T0 "/timeout_ms", "1.5", T0 "/timeout_ms", "must be a whole number above zero", YES },
	{ T0 "/timeout_ms", "\"1s\"", T0 "/timeout_ms", "must be a whole number above zero", YES },
	{ T0 "/annotations/readonly", "true", T0 "/annotations/readonly", "unknown key", YES },
	{ T0 "/annotations/readOnlyHint", "1", T0 "/annotations/readOnlyHint", "must be true or false",
	    YES },
	{ T0 "/write", "true", T0 "/annotations", "readOnlyHint is true and \"write\" too", YES },
	{ T1 "/write", NULL, T1, "a POST needs \"write\": true, or false if it changes nothing", YES },

	/* Schemas. */
	{ T0 "/inputSchema", NULL, T0, "\"inputSchema\" is missing", YES },
	{ T0 "/inputSchema", "true", T0 "/inputSchema", "must be an object", YES },
	{ T0 "/inputSchema/type", NULL, T0 "/inputSchema", "\"type\" must be \"object\"", YES },
	{ T0 "/inputSchema/type", "\"array\"", T0 "/inputSchema", "\"type\" must be \"object\"", YES },
	{ T0 "/inputSchema/properties", "[]", T0 "/inputSchema", "\"properties\" must be an object", YES },
	{ T0 "/inputSchema/colour", "1", T0 "/inputSchema/colour", "colour", NO },
	{ T0 "/inputSchema/properties/kind/minLength", "-1",
	    T0 "/inputSchema/properties/kind/minLength", "", NO },
	{ T0 "/inputSchema/properties/kind/$ref", "\"https://example.org/x\"",
	    T0 "/inputSchema/properties/kind/$ref", "", NO },
	{ T0 "/inputSchema/properties/kind/x-mcp-header", "\"X_Kind\"",
	    T0 "/inputSchema/properties/kind", "letters, digits and hyphens", NO },
	{ T0 "/inputSchema/properties/kind/x-mcp-header", "1",
	    T0 "/inputSchema/properties/kind", "letters, digits and hyphens", NO },
	{ T0 "/inputSchema/properties/kind/type", "\"number\"",
	    T0 "/inputSchema/properties/kind", "type string, integer or boolean", NO },
	{ T0 "/inputSchema/properties/limit/x-mcp-header", "\"KIND\"",
	    T0 "/inputSchema/properties/limit", "is used twice", NO },
	{ T0 "/inputSchema/properties/a~1b", "{\"type\":\"string\",\"x-mcp-header\":\"A\"}",
	    T0 "/inputSchema/properties/a/b", "without '/' and '~'", NO },
	{ T0 "/outputSchema", "[]", T0 "/outputSchema", "must be an object", YES },
	{ T0 "/outputSchema/type", "[\"object\",\"null\"]", T0 "/outputSchema",
	    "\"type\" must be \"object\"; older clients", YES },
	{ T0 "/outputSchema/properties", "1", T0 "/outputSchema", "\"properties\" must be an object", YES },
	{ T0 "/outputSchema/properties/things/type", "\"list\"",
	    T0 "/outputSchema/properties/things/type", "", NO },

	/* The request. */
	{ T0 "/request", NULL, T0, "\"request\" is missing", YES },
	{ T0 "/request/queries", "{}", T0 "/request/queries", "unknown key", YES },
	{ T0 "/request/method", NULL, T0 "/request", "\"method\" is missing", YES },
	{ T0 "/request/method", "\"get\"", T0 "/request", "must be GET, POST, PUT, PATCH or DELETE", YES },
	{ T0 "/request/method", "\"HEAD\"", T0 "/request", "must be GET, POST, PUT", YES },
	{ T0 "/request/url", NULL, T0 "/request", "\"url\" is missing", YES },
	{ T0 "/request/url", "\"things\"", T0 "/request/url", "must begin with '/'; it follows base_url",
	    YES },
	{ T0 "/request/url", "\"/things{\"", T0 "/request/url", "(at byte 8)", YES },
	{ T0 "/request/url", "\"/things}\"", T0 "/request/url", "(at byte 7)", YES },
	{ T0 "/request/url", "\"/{kind:0}\"", T0 "/request/url", "prefix length", NO },
	{ T0 "/request/url", "\"/{?colour}\"", T0 "/request/url", "{colour}: no argument of this name", NO },
	{ T0 "/request/url", "\"/{+kind}\"", T0 "/request/url", "lets a value add segments", NO },
	{ T0 "/request/url", "\"/x{#kind}\"", T0 "/request/url", "lets a value add segments", NO },
	{ T0 "/request/url", "\"/{kind}\"", T0 "/request/url", "add it to inputSchema.required", NO },
	{ T0 "/request/url", "\"/x{?limit,cursor}/{kind,fields}\"", NULL, NULL, NO },
	{ T0 "/request/url", "\"/x{?limit,kind,fields}\"", T0 "/response",
	    "no {cursor} to go on with", NO },
	{ T0 "/request/headers", "{\"Host\":\"evil\"}", T0 "/request/headers/Host",
	    "the bridge's own to set", NO },
	{ T0 "/request/headers", "{\"content-length\":\"7\"}", T0 "/request/headers/content-length",
	    "the bridge's own to set", NO },
	{ T0 "/request/headers", "{\"Authorization\":\"x\"}", T0 "/request/headers/Authorization",
	    "the bridge's own to set", NO },
	{ T0 "/outputSchema/required", "[\"nope\"]", T0 "/outputSchema",
	    "\"nope\" is required and \"response\" does not pick it", NO },
	{ T1 "/request/url", "\"/x/{to}{/text}{;text}{.text}{?text}\"", NULL, NULL, NO },
	{ T1 "/request/url", "\"/x/{to,text}\"", T1 "/request/url", "{text} stands in the path", NO },
	{ T0 "/request/headers/X_Kind", "\"a\"", T0 "/request/headers/X_Kind", "a header is a name", YES },
	{ T0 "/request/headers/X-Kind", "1", T0 "/request/headers/X-Kind", "and a string", YES },
	{ T0 "/request/headers/X-Kind", "\"{colour}\"", T0 "/request/headers/X-Kind",
	    "{colour}: no argument of this name", NO },
	{ T0 "/request/headers/X-Kind", "\"{kind\"", T0 "/request/headers/X-Kind",
	    "write a literal one twice", YES },
	{ T0 "/request/body", "{}", T0 "/request/body", "a GET has no body", YES },
	{ T0 "/request/form", "{}", T0 "/request/form", "a GET has no body", YES },
	{ T1 "/request/form", "{}", T1 "/request", "exclude each other", YES },
	{ T1 "/request/multipart", "{\"a\":\"{to}\"}", T1 "/request", "exclude each other", YES },
	{ T0 "/request/raw", "{\"text\":\"{kind}\"}", T0 "/request/raw", "a GET has no body", YES },
	{ T1 "/request", "{\"method\":\"POST\",\"url\":\"/x\",\"multipart\":{\"a\":\"{to}\",\"f\":"
	    "{\"base64\":\"{text}\",\"filename\":\"{to}\",\"type\":\"image/png\"},\"j\":{\"json\":"
	    "{\"t\":\"{to}\"}}}}", NULL, NULL, NO },
	{ T1 "/request", "{\"method\":\"POST\",\"url\":\"/x\",\"raw\":{\"base64\":\"{text}\",\"type\":"
	    "\"{to}\"}}", NULL, NULL, NO },
	{ T1 "/request", "{\"method\":\"POST\",\"url\":\"/x\",\"multipart\":{}}", T1 "/request/multipart",
	    "must have a part", YES },
	{ T1 "/request", "{\"method\":\"POST\",\"url\":\"/x\",\"multipart\":{\"a\":{\"text\":\"x\","
	    "\"json\":1}}}", T1 "/request/multipart/a", "must have one of", YES },
	{ T1 "/request", "{\"method\":\"POST\",\"url\":\"/x\",\"multipart\":{\"a\":{\"file\":\"x\"}}}",
	    T1 "/request/multipart/a/file", "unknown key", YES },
	{ T1 "/request", "{\"method\":\"POST\",\"url\":\"/x\",\"multipart\":{\"a\":1}}",
	    T1 "/request/multipart/a", "must be an object", YES },
	{ T1 "/request", "{\"method\":\"POST\",\"url\":\"/x\",\"multipart\":{\"a\":\"{colour}\"}}",
	    T1 "/request/multipart/a", "no argument of this name", NO },
	{ T1 "/request", "{\"method\":\"POST\",\"url\":\"/x\",\"raw\":{\"text\":\"x\",\"filename\":"
	    "\"x\"}}", T1 "/request/raw", "goes with \"multipart\"", YES },
	{ T1 "/request", "{\"method\":\"POST\",\"url\":\"/x\",\"raw\":{\"type\":\"x\"}}",
	    T1 "/request/raw", "must have one of", YES },
	{ T1 "/request", "{\"method\":\"POST\",\"url\":\"/x\",\"headers\":{\"content-type\":\"x\"},"
	    "\"raw\":{\"text\":\"x\"}}", T1 "/request", "Content-Type follows", NO },
	{ T0 "/request/query", "[]", T0 "/request/query", "must be an object", YES },
	{ T0 "/request/query", "{\"a[]\":{}}", T0 "/request/query", "a query has no nested objects", YES },
	{ T0 "/request/query", "{\"a[]\":\"{nobody}\"}", T0 "/request/query", "{nobody}: no argument", NO },
	{ T0 "/request/query", "{\"a[]\":\"{\"}", T0 "/request/query", "a brace that is not part", YES },
	{ T1 "/request/body/text", "\"{t}\"", T1 "/request/body", "{t}: no argument", NO },
	{ T1 "/request/body/meta/0", "\"}\"", T1 "/request/body", "write a literal one twice", YES },
	{ T1 "/request/body", "null", NULL, NULL, NO },
	{ T2 "/request/form/a", "[[{}]]", T2 "/request/form", "a form has no nested objects", NO },
	{ T1 "/request", "{\"method\":\"POST\",\"url\":\"/x\",\"multipart\":{\"$when\":\"text\",\"a\":"
	    "\"x\"}}", T1 "/request/multipart/$when", "goes into the \"json\"", NO },
	{ T2 "/request/form", "[]", T2 "/request/form", "must be an object", YES },
	{ T2 "/request/form/a", "{}", T2 "/request/form", "a form has no nested objects", YES },
	{ T2 "/request/form/a", "\"{b}\"", T2 "/request/form", "{b}: no argument", NO },

	/* A text in parts. */
	{ T1 "/split", SPLIT("text", "10", "utf16"), NULL, NULL, NO },
	{ T1 "/split", SPLIT("text", "100000", "bytes"), NULL, NULL, NO },
	{ T1 "/split", "\"text\"", T1 "/split", "must be an object", YES },
	{ T1 "/split", "{\"argument\":\"text\",\"max\":10}", T1 "/split", "\"unit\" is missing", YES },
	{ T1 "/split", SPLIT("text", "9", "characters"), T1 "/split", "must be 10 to 100000", YES },
	{ T1 "/split", SPLIT("text", "100001", "characters"), T1 "/split", "must be 10 to", YES },
	{ T1 "/split", SPLIT("text", "10", "words"), T1 "/split", "characters, utf16 or bytes", YES },
	{ T1 "/split", SPLIT("body", "10", "bytes"), T1 "/split", "one of inputSchema's properties", NO },
	{ T1 "/split", SPLIT("idempotency_key", "10", "bytes"), T1 "/split", "is the bridge's own", YES },
	{ T0 "/split", SPLIT("kind", "10", "bytes"), T0 "/split", "goes with \"write\": true", YES },
	{ T2 "/split", SPLIT("a", "10", "bytes"), T2 "/split", "goes with \"write\": true", YES },

	/* The response. */
	/* Steps. */
	{ T0 "/steps", STEPS("{\"request\":" GET("/a") ",\"response\":{\"x\":\"/x\"}}"), NULL, NULL, NO },
	{ T0 "/steps", STEPS("{\"request\":" GET("/a{?kind}") ",\"find\":" FIND("kind", "k") "}"), NULL, NULL, NO },
	{ T0 "/steps", STEPS("{\"request\":" GET("/a") ",\"response\":{\"x\":\"/x\"}},{\"when\":\"x\","
	    "\"request\":" GET("/b/{x}") ",\"response\":{\"y\":\"/y\"}}"), NULL, NULL, NO },
	{ T0 "/steps", "{}", T0 "/steps", "must be an array", YES },
	{ T0 "/steps", "[{},{},{}]", T0, "at most 3 requests", YES },
	{ T0 "/steps", "[7]", T0 "/steps/0", "must be an object", YES },
	{ T0 "/steps", "[{}]", T0 "/steps/0", "\"request\" is missing", YES },
	{ T0 "/steps", STEPS("{\"request\":" GET("/a") "}"), T0 "/steps/0", "one of \"response\" and", YES },
	{ T0 "/steps", STEPS("{\"request\":" GET("/a") ",\"response\":{\"x\":\"/x\"},\"find\":"
	    FIND("kind", "k") "}"), T0 "/steps/0", "one of \"response\" and", YES },
	{ T0 "/steps", STEPS("{\"request\":" GET("/a") ",\"response\":{}}"), T0 "/steps/0/response",
	    "must bring something", YES },
	{ T0 "/steps", STEPS("{\"request\":" GET("/a") ",\"response\":{\"pointer\":\"/x\",\"default\":1}}"),
	    T0 "/steps/0/response", "has names", YES },
	{ T0 "/steps", STEPS("{\"request\":" GET("/a") ",\"response\":{\"value\":1}}"),
	    T0 "/steps/0/response", "has names", YES },
	{ T0 "/steps", STEPS("{\"request\":" GET("/a") ",\"response\":{\"x y\":\"/x\"}}"),
	    T0 "/steps/0/response", "letters, digits and _", YES },
	{ T0 "/steps", STEPS("{\"request\":" GET("/a") ",\"response\":{\"kind\":\"/x\"}}"),
	    T0 "/steps/0/response", "is the name of an argument", NO },
	{ T0 "/steps", STEPS("{\"request\":" GET("/a") ",\"response\":{\"x\":\"x\"}}"),
	    T0 "/steps/0/response/x", "is not a JSON Pointer", YES },
	{ T0 "/steps", STEPS("{\"when\":\"x\",\"request\":" GET("/a") ",\"response\":{\"x\":\"/x\"}}"),
	    T0 "/steps/0", "\"when\": no argument is called", NO },
	{ T0 "/steps", STEPS("{\"request\":" GET("/{x}") ",\"response\":{\"x\":\"/x\"}}"),
	    T0 "/steps/0/request/url", "no argument of this name", NO },
	{ T0 "/steps", STEPS("{\"when\":\"kind\",\"request\":" GET("/a") ",\"response\":{\"x\":\"/x\"}},"
	    "{\"request\":" GET("/b/{x}") ",\"response\":{\"y\":\"/y\"}}"), T0 "/steps/1/request/url",
	    "could be left out", NO },
	{ T0 "/steps", STEPS("{\"request\":" GET("/a") ",\"find\":" FIND("kind", "k") "},{\"request\":"
	    GET("/b/{k}") ",\"response\":{\"y\":\"/y\"}}"), T0 "/steps/1/request/url", "could be left out", NO },
	{ T0 "/steps", STEPS("{\"request\":" GET("/a") ",\"find\":" FIND("colour", "k") "}"),
	    T0 "/steps/0/find", "no argument is called", NO },
	{ T0 "/steps", STEPS("{\"request\":" GET("/a") ",\"find\":{\"argument\":\"kind\",\"each\":\"/l\","
	    "\"match\":[],\"id\":\"/id\",\"as\":\"k\"}}"), T0 "/steps/0/find", "must have a pointer", YES },
	{ T0 "/steps", STEPS("{\"request\":" GET("/a") ",\"find\":{\"argument\":\"kind\",\"each\":\"l\","
	    "\"match\":[\"\"],\"id\":\"/id\",\"as\":\"k\"}}"), T0 "/steps/0/find", "JSON Pointers", YES },
	{ T0 "/steps", STEPS("{\"request\":" GET("/a") ",\"find\":{\"argument\":\"kind\",\"each\":\"/l\","
	    "\"match\":[\"\"],\"id\":\"/id\",\"as\":\"k\",\"unless\":\"(\"}}"), T0 "/steps/0/find",
	    "\"unless\": ", NO },
	{ T0 "/steps", STEPS("{\"request\":" GET("{kind}") ",\"response\":{\"x\":\"/x\"}}"),
	    T0 "/steps/0/request/url", "that an earlier step brings", NO },
	{ T0 "/steps", STEPS("{\"request\":" GET("/a") ",\"response\":{\"x\":\"/x\"}},{\"request\":" GET("{x}")
	    ",\"response\":{\"y\":\"/y\"}}"), T0 "/steps/1/request/url", "\"origins\" of the service", NO },
	{ "/origins", "[\"https://files.example\",\"http://127.0.0.1:8080\"]", NULL, NULL, NO },
	{ "/origins", "[\"https://files.example/\"]", "/origins", "no path", YES },
	{ "/origins", "[\"https://a@files.example\"]", "/origins", "no path", YES },
	{ "/origins", "[\"ftp://files.example\"]", "/origins", "must be http or https", YES },
	{ "/origins", "[]", "/origins", "must list one", YES },
	{ "/tools", "[{\"name\":\"p\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},\"request\":"
	    GET("/a") ",\"response\":{\"confirm_token\":\"/a\"}},{\"name\":\"w\",\"description\":\"d\","
	    "\"write\":true,\"preview\":\"p\",\"inputSchema\":{\"type\":\"object\"},\"request\":{\"method\":"
	    "\"POST\",\"url\":\"/a\"},\"response\":{}}]", "/tools/0/response", "adds \"confirm_token\"", NO },
	{ "/tools", "[{\"name\":\"p\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},\"steps\":"
	    STEPS("{\"request\":" GET("/a") ",\"response\":{\"id\":\"/x\"}}") ",\"request\":" GET("/a")
	    ",\"response\":{}},{\"name\":\"w\",\"description\":\"d\",\"write\":true,\"preview\":\"p\","
	    "\"inputSchema\":{\"type\":\"object\",\"properties\":{\"id\":{}}},\"request\":{\"method\":"
	    "\"POST\",\"url\":\"/a\"},\"response\":{}}]", "/tools/1/preview", "a step that brings \"id\"", NO },
	{ "/tools", "[{\"name\":\"p\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\","
	    "\"properties\":{\"n\":{\"default\":1},\"o\":{\"default\":2}}},\"request\":" GET("/a")
	    ",\"response\":{}},{\"name\":\"w\",\"description\":\"d\",\"write\":true,\"preview\":\"p\","
	    "\"inputSchema\":{\"type\":\"object\",\"properties\":{\"n\":{\"default\":2}}},\"request\":"
	    "{\"method\":\"POST\",\"url\":\"/a\"},\"response\":{}}]", "/tools/1/preview",
	    "another default of \"n\"", NO },
	{ "/tools", "[{\"name\":\"w\",\"description\":\"d\",\"write\":true,\"inputSchema\":{\"type\":"
	    "\"object\",\"properties\":{\"t\":{\"type\":\"string\"}}},\"derive\":{\"u\":{\"argument\":"
	    "\"t\",\"markdown\":\"text\"},\"v\":{\"argument\":\"u\",\"sms\":\"segments\"}},\"steps\":"
	    STEPS("{\"request\":" GET("/a{?v}") ",\"response\":{\"id\":\"/x\"}}") ",\"request\":"
	    "{\"method\":\"POST\",\"url\":\"/a\",\"body\":\"{t}\"},\"split\":" SPLIT("t", "10", "bytes")
	    ",\"response\":{}}]", "/tools/0/split", "a step has a place for {t}", NO },
	{ "/origins", "[7]", "/origins", "must be http or https", YES },

	{ T0 "/response", NULL, T0, "\"response\" is missing", YES },
	{ T0 "/response", "\"/data\"", "/tools/0", "must be an object", YES },
	{ T1 "/response", "{\"each\":\"/data\",\"item\":\"/id\"}", T1 "/response", "a result is an object",
	    YES },
	{ T1 "/response", "{\"pointer\":\"/data\"}", T1 "/response", "a result is an object", YES },
	{ T1 "/response", "{\"value\":1}", T1 "/response", "a result is an object", YES },
	{ T1 "/response", "{\"argument\":\"to\"}", T1 "/response", "a result is an object", YES },
	{ T0 "/response/things/item/id", "\"id\"", T0 "/response/things/item/id", "is not a JSON Pointer",
	    YES },
	{ T0 "/response/things/each", "7", T0 "/response/things", "must be a JSON Pointer", YES },
	{ T0 "/response/things/item", NULL, T0 "/response/things/item", "must be a pointer", YES },
	{ T0 "/response/things/only", "\"colour\"", T0 "/response/things", "must name an argument", NO },
	{ T0 "/response/things/where", "1", T0 "/response/things", "unknown key \"where\"", YES },
	{ T0 "/response/things/item/text/untrusted", "\"yes\"", T0 "/response/things/item/text",
	    "must be true or false", YES },
	{ T0 "/response/things/item/text/time", "\"ms\"", NULL, NULL, NO },
	{ T0 "/response/things/item/text/time", "\"ns\"", T0 "/response/things/item/text", "\"s\" or \"ms\"",
	    YES },
	{ T1 "/request/body", "{\"$when\":\"text\",\"a\":1}", NULL, NULL, NO },
	{ T1 "/request/body", "{\"$when\":\"colour\",\"a\":1}", T1 "/request/body", "\"$when\" must be", NO },
	{ T1 "/request/body", "{\"a\":{\"$when\":7}}", T1 "/request/body", "\"$when\" must be", YES },
	{ T0 "/response/things/item/text/map", "1", T0 "/response/things/item/text", "must be an object",
	    YES },
	{ T0 "/response/kind/argument", "\"colour\"", T0 "/response/kind", "must name an argument", NO },
	{ T0 "/text", "\"table\"", NULL, NULL, NO },
	{ T0 "/text", "\"json\"", NULL, NULL, NO },
	{ T0 "/text", "\"csv\"", T0, "\"text\" must be \"json\", or \"table\"", YES },
	{ T0 "/text", "true", T0 "/text", "must be a string", YES },
	{ T1 "/text", "\"json\"", NULL, NULL, NO },
	{ T1 "/text", "\"table\"", T1, "is for a \"response\" with a list", NO },
	{ T0 "/response/v", "{\"value\":1,\"more\":2}", T0 "/response/v", "unknown key \"more\"", YES },
	{ T0 "/response/next_cursor", "{\"pointer\":\"/next\"}", NULL, NULL, NO },
	{ T0 "/response/next_cursor", "{\"last\":\"/id\"}", NULL, NULL, NO },
	{ T0 "/response/next_cursor", "{\"header\":\"X-Next\"}", NULL, NULL, NO },
	{ T0 "/response/next_cursor", "{\"header\":\"Link\",\"query\":\"page\"}", NULL, NULL, NO },
	{ T0 "/response/next_cursor", "{\"header\":\"Link\"}", T0 "/response/next_cursor",
	    "needs \"query\"", YES },
	{ T0 "/response/next_cursor", "{\"header\":\"a b\"}", T0 "/response/next_cursor",
	    "letters, digits and hyphens", YES },
	{ T0 "/response/next_cursor", "{\"query\":\"page\"}", T0 "/response/next_cursor",
	    "must have one of", YES },
	{ T0 "/response/next_cursor", "{\"pointer\":\"/a\",\"last\":\"/id\"}",
	    T0 "/response/next_cursor", "must have one of", YES },
	{ T0 "/response/next_cursor", "{\"last\":\"id\"}", T0 "/response/next_cursor",
	    "is not a JSON Pointer", YES },
	{ T0 "/response/next_cursor", "{\"pointer\":\"/a\",\"page\":1}", T0 "/response/next_cursor/page",
	    "unknown key", YES },
	{ T0 "/response/next_cursor", "7", T0 "/response",
	    "\"next_cursor\" is a pointer beside a list", YES },
	{ T0 "/response/next_cursor", "\"next\"", T0 "/response/next_cursor", "is not a JSON Pointer", YES },
	{ T1 "/response/next_cursor", "\"/next\"", T1 "/response",
	    "\"next_cursor\" is a pointer beside a list", YES },
	{ T0 "/response/untrusted", "\"/x\"", T0 "/response", "the bridge adds \"untrusted\"", NO },
	{ T0 "/response/truncated", "\"/x\"", T0 "/response", "the bridge adds \"untrusted\"", NO },

	/* No mistakes. */
	{ "/auth", "{\"type\":\"none\"}", NULL, NULL, NO },
	{ "/auth", "{\"type\":\"basic\",\"username\":\"u\",\"password\":{\"file\":\"demo.token\"}}", NULL,
	    NULL, NO },
	{ "/auth", "{\"type\":\"header\",\"header\":\"X_Api-Key\",\"value\":{\"file\":\"demo.token\"}}",
	    NULL, NULL, NO },
	{ "/auth", NULL, NULL, NULL, NO }, { "/tls", "{}", NULL, NULL, NO }, { "/error", "{}", NULL, NULL, NO },
	{ "/base_url", "\"http://[::1]:8080\"", NULL, NULL, NO },
	{ "/base_url", "\"https://a/b@c\"", NULL, NULL, NO },
	{ T0 "/timeout_ms", "1.0e3", NULL, NULL, NO },
	{ T0 "/inputSchema/properties/kind/x-colour", "1", NULL, NULL, NO },
	{ T0 "/response/deep", "{\"a\":{\"b\":{\"each\":\"\",\"item\":{\"c\":{\"value\":null}}}}}", NULL, NULL,
	    NO },
	{ T1 "/request/body", "\"{text}\"", NULL, NULL, NO },

	/* What the answer is. */
	{ T2, TOOL("", "\"response\":\"mcp\""), NULL, NULL, NO },
	{ T2, TOOL("", "\"response\":\"mcp\",\"stream\":true,\"outputSchema\":{\"type\":\"object\","
	    "\"required\":[\"a\"]}"), NULL, NULL, NO },
	{ T2, TOOL("", "\"response\":\"raw\",\"uri\":\"demo://x\""), NULL, NULL, NO },
	{ T2, TOOL("\"a\":{}", "\"response\":\"raw\",\"uri\":\"demo://{a}\",\"stream\":false"), NULL, NULL,
	    NO },
	{ T2, TOOL("", "\"response\":\"cooked\""), T2, "or \"mcp\" where the service answers", YES },
	{ T2, TOOL("", "\"response\":[]"), T2, "must be an object of picks", YES },
	{ T2, TOOL("", "\"response\":\"mcp\",\"text\":\"json\""), T2, "go with a \"response\" of picks",
	    YES },
	{ T2, TOOL("\"a\":{}", "\"response\":\"mcp\",\"write\":true,\"split\":" SPLIT("a", "10", "bytes")),
	    T2, "go with a \"response\" of picks", YES },
	{ T2, TOOL("\"input_responses\":{}", "\"response\":\"mcp\""), T2, "\"input_responses\" is the name of",
	    NO },
	{ T2, TOOL("\"request_state\":{}", "\"response\":\"mcp\""), T2, "\"request_state\" is the name of",
	    NO },
	{ T2, TOOL("", "\"response\":\"raw\""), T2, "\"uri\" goes with a tool's", YES },
	{ T2, TOOL("", "\"response\":\"mcp\",\"uri\":\"demo://x\""), T2, "\"uri\" goes with a tool's", YES },
	{ T2, TOOL("", "\"response\":{},\"uri\":\"demo://x\""), T2, "\"uri\" goes with a tool's", YES },
	{ T2, TOOL("", "\"response\":\"raw\",\"uri\":\"demo://{a}\""), T2, "\"uri\": {a}", NO },
	{ T2, TOOL("", "\"response\":\"raw\",\"uri\":\"demo://{\""), T2, "\"uri\": ", YES },
	{ T2, TOOL("", "\"response\":\"raw\",\"uri\":\"\""), T2 "/uri", "must be a string", YES },
	{ T2, TOOL("", "\"response\":\"raw\",\"uri\":\"demo://x\",\"outputSchema\":{\"type\":\"object\"}"), T2,
	    "no \"outputSchema\"", YES },
	{ T2, TOOL("", "\"response\":\"raw\",\"uri\":\"demo://x\",\"stream\":true"), T2,
	    "\"stream\" goes with an answer in JSON", YES },
	/* Blocks beside a result: rules that are blocks when they are drawn. */
	{ T0 "/content", BESIDE("\"resource_link\",\"name\":\"/n\",\"uri\":{\"uriTemplate\":\"x://{a}{?b}\","
	    "\"variables\":{\"a\":\"/a\",\"b\":{\"argument\":\"kind\"}}},\"icons\":{\"value\":[]},"
	    "\"annotations\":{\"priority\":{\"value\":0.5}}"), NULL, NULL, NO },
	{ T0 "/content", "[{\"each\":\"/a\",\"item\":{\"each\":\"/b\",\"order\":\"/c\",\"item\":{\"type\":\"text\","
	    "\"text\":\"\"}}},{\"type\":\"resource\",\"resource\":\"/r\",\"annotations\":\"/a\"}]", NULL, NULL, NO },
	{ T0 "/content", "[]", T0 "/content", "must have 1 to 16 blocks", YES },
	{ T0 "/content", "{}", T0 "/content", "must be an array", YES },
	{ T0 "/content", "[\"/a\"]", T0 "/content/0", "must be a block of picks", YES },
	{ T0 "/content", "[{\"each\":\"/a\",\"item\":\"/b\"}]", T0 "/content/0/item", "must be an object", YES },
	{ T0 "/content", "[{\"each\":\"/a\",\"item\":{\"value\":1}}]", T0 "/content/0/item",
	    "must be a block of picks", YES },
	{ T0 "/content", "[{\"each\":\"a\",\"item\":{\"type\":\"text\",\"text\":\"\"}}]", T0 "/content/0",
	    "is not a JSON Pointer", YES },
	{ T0 "/content", "[{\"each\":\"/a\",\"only\":\"fields\",\"item\":{\"type\":\"text\",\"text\":\"\"}}]",
	    T0 "/content/0/only", "unknown key", YES },
	{ T0 "/content", "[{\"text\":\"/a\"}]", T0 "/content/0/type", "must be \"text\", \"image\"", YES },
	{ T0 "/content", BESIDE("\"/a\",\"text\":\"/a\""), T0 "/content/0/type", "must be \"text\"", YES },
	{ T0 "/content", BESIDE("{\"value\":\"text\"},\"text\":\"/a\""), T0 "/content/0/type", "must be \"text\"", YES },
	{ T0 "/content", BESIDE("\"image\",\"data\":\"/a\""), T0 "/content/0", "must have \"mimeType\"", NO },
	{ T0 "/content", BESIDE("\"image\",\"data\":\"/a\",\"mimeType\":{\"value\":\"png\"}"),
	    T0 "/content/0/mimeType", "must be a media type", NO },
	{ T0 "/content", BESIDE("\"resource_link\",\"uri\":\"/a\""), T0 "/content/0", "must have \"name\"", NO },
	{ T0 "/content", BESIDE("\"resource\",\"resource\":{\"uri\":\"/a\",\"text\":\"/t\",\"blob\":\"/b\"}"),
	    T0 "/content/0/resource", "must have one of \"text\" and \"blob\"", NO },
	{ T0 "/content", BESIDE("\"text\",\"text\":\"/a\",\"title\":\"/b\""), T0 "/content/0/title",
	    "is no member that the protocol knows here", NO },
	{ T0 "/content", BESIDE("\"text\",\"text\":\"/a\",\"annotations\":{\"colour\":\"/b\"}"),
	    T0 "/content/0/annotations/colour", "is no member that the protocol knows here", NO },
	{ T0 "/content", BESIDE("\"text\",\"text\":{\"argument\":\"nobody\"}"), T0 "/content/0/text",
	    "must name an argument", NO },
	{ T0 "/content", BESIDE("\"text\",\"text\":{\"uriTemplate\":\"x:{a}\"}"), T0 "/content/0/text",
	    "\"variables\" must be an object", YES },
	{ T1 "/content", BESIDE("\"text\",\"text\":\"/a\""), T1 "/content", "goes with a tool that reads", YES },
	{ T2, TOOL("", "\"response\":\"mcp\",\"content\":" BESIDE("\"text\",\"text\":\"/a\"")), T2 "/content",
	    "goes with a \"response\" of picks", YES },
	{ R0 "/content", "[]", R0 "/content", "unknown key", YES },
	{ T1 "/preview", "\"t\"", T1 "/preview", "names no tool", NO },
	{ T0 "/stream", "1", T0 "/stream", "must be true or false", YES },
	{ T0 "/stream", "true", NULL, NULL, NO },

	/* Waiting, and what becomes of a write. */
	{ T0 "/wait", WAIT("limit", "\"final\":[\"a\"],\"every_ms\":100"), NULL, NULL, NO },
	{ T0 "/wait", WAIT("limit", "\"final\":[]"), T0 "/wait", "\"final\" must list one", YES },
	{ T0 "/wait", WAIT("limit", "\"final\":[1]"), T0 "/wait", "\"final\" must list one", YES },
	{ T0 "/wait", WAIT("limit", "\"final\":[\"a\"],\"cancelled\":[]"), T0 "/wait",
	    "\"cancelled\" must list one", YES },
	{ T0 "/wait", WAIT("limit", "\"final\":[\"a\"],\"cancelled\":[\"b\"]"), NULL, NULL, NO },
	{ T0 "/wait", WAIT("limit", "\"final\":[\"a\"],\"every_ms\":99"), T0 "/wait",
	    "\"every_ms\" must be 100", YES },
	{ T0 "/wait", WAIT("none", "\"final\":[\"a\"]"), T0 "/wait", "\"argument\" must be one", NO },
	{ T0 "/wait", WAIT("kind", "\"final\":[\"a\"]"), T0 "/wait", "an integer or a number", NO },
	{ T1 "/wait", WAIT("text", "\"final\":[\"a\"]"), T1 "/wait", "only reads", YES },
	{ T2, TOOL("\"s\":{\"type\":\"integer\"}", "\"response\":\"raw\",\"uri\":\"demo://x\",\"wait\":"
	    WAIT("s", "\"final\":[\"a\"]")), T2 "/wait", "only reads", YES },
	{ T2, TOOL("\"s\":{\"type\":\"integer\"}", "\"response\":\"mcp\",\"wait\":"
	    WAIT("s", "\"final\":[\"a\"]")), NULL, NULL, NO },
	{ T0 "/wait", "{\"argument\":\"limit\",\"of\":7,\"final\":[\"a\"]}", T0 "/wait", "\"of\"", YES },
	{ T0 "/wait", "{\"argument\":\"limit\",\"final\":[\"a\"]}", T0 "/wait", "\"of\" is missing", YES },
	{ T1 "/follow", FOLLOW("list_things", "{}"), T1 "/follow", "must have a \"wait\"", NO },
	{ T1 "/follow", FOLLOW("list_things", "{},\"required\":1"), T1 "/follow/required",
	    "must be true or false", YES },
	{ T1 "/follow", FOLLOW("none", "{}"), T1 "/follow", "names no tool", NO },
	{ T1 "/follow", FOLLOW("list_things", "{\"a\":\"{no}\"}"), T1 "/follow", "members of \"response\"", NO },
	{ T1 "/follow", "{\"tool\":\"list_things\"}", T1 "/follow", "\"arguments\" is missing", YES },
	{ T0 "/follow", FOLLOW("list_things", "{}"), T0 "/follow", "goes with \"write\": true", YES },
	{ T1, FOLLOWING("\"outputSchema\":{\"type\":\"object\"},", "{\"a\":\"{no}\"}"), T1 "/follow",
	    "members of \"outputSchema\"", NO },
	{ T1, FOLLOWING("", "{}"), T1 "/follow", "with an \"outputSchema\"", YES },
	{ T2 "/follow", FOLLOW("list_things", "{}"), T2 "/follow", "goes with \"write\": true", YES },
	{ T1, TOOL("", "\"write\":true,\"response\":\"raw\",\"uri\":\"demo://x\",\"follow\":"
	    FOLLOW("list_things", "{}")), T1 "/follow", "a \"response\" of picks", YES },
	{ "/tools", FOLLOWED("{}", "{\"id\":\"/id\"}", ",\"argument\":\"s\""), NULL, NULL, NO },
	{ "/tools", FOLLOWED("\"mcp\"", "\"mcp\"", ""), NULL, NULL, NO },
	{ "/tools", FOLLOWED("{}", "\"mcp\"", ",\"argument\":\"s\""), "/tools/1/follow",
	    "tools whose \"response\" is of picks", YES },
	{ "/tools", FOLLOWED("\"mcp\"", "{\"id\":\"/id\"}", ",\"argument\":\"s\""), "/tools/1/follow",
	    "tools whose \"response\" is of picks", NO },
	{ "/tools", FOLLOWED("{}", "{\"id\":\"/id\"}", ",\"argument\":\"id\""), "/tools/1/follow",
	    "\"argument\" must be one", NO },

	/* What else goes with a write. */
	{ T0 "/policy", "\"deny\"", NULL, NULL, NO },
	{ T0 "/policy", "\"confirm\"", T0, "go with \"write\": true", YES },
	{ T0 "/preview", "{\"k\":{\"argument\":\"kind\"}}", T0, "go with \"write\": true", YES },

	/* Icons. */
	{ T0 "/icons", "[]", NULL, NULL, NO },
	{ T0 "/icons", "[{\"src\":\"HTTPS://a/b\",\"sizes\":[\"any\",\"1X2\"],\"theme\":\"light\"}]", NULL, NULL,
	    NO },
	{ T0 "/icons", "{}", T0 "/icons", "must be an array", YES },
	{ T0 "/icons", "[\"https://a/b\"]", T0 "/icons/0", "must be an object", YES },
	{ T0 "/icons", "[{}]", T0 "/icons/0", "\"src\" is missing", YES },
	{ T0 "/icons", "[{\"src\":\"http://a/b\"}]", T0 "/icons/0/src", "must be an https: or data: URI", YES },
	{ T0 "/icons", "[{\"src\":\"data:text/html,x\"}]", T0 "/icons/0/src", "must be an https: or data:", YES },
	{ T0 "/icons", "[{\"src\":\"data:image/png;base64,A\"}]", T0 "/icons/0/src", "must be an", NO },
	{ T0 "/icons", "[{\"src\":\"https://a\",\"alt\":\"x\"}]", T0 "/icons/0/alt", "unknown key", YES },
	{ T0 "/icons", "[{\"src\":\"https://a\",\"theme\":\"grey\"}]", T0 "/icons/0/theme", "must be", YES },
	{ T0 "/icons", "[{\"src\":\"https://a\",\"sizes\":\"any\"}]", T0 "/icons/0/sizes", "must be an array", YES },
	{ T0 "/icons", "[{\"src\":\"https://a\",\"sizes\":[\"big\"]}]", T0 "/icons/0/sizes/0", "WIDTHxHEIGHT", YES },
	{ T0 "/icons", "[{\"src\":\"https://a\",\"mimeType\":\"png\"}]", T0 "/icons/0/mimeType", "a media type",
	    YES },
	{ R0 "/icons", "[{\"src\":\"https://a\",\"alt\":\"x\"}]", R0 "/icons/0/alt", "unknown key", YES },
	{ P0 "/icons", "[{\"src\":\"ftp://a\"}]", P0 "/icons/0/src", "must be", YES },

	/* Completions. */
	{ "/completions", "[]", "/completions", "must be an object", YES },
	{ "/completions/a b", "{\"request\":" GET("/x") ",\"response\":{\"values\":{\"each\":\"\",\"item\":\"\"}}}",
	    "/completions/a b", "\"name\" must be 1 to 128", YES },
	{ C0, "\"x\"", C0, "must be an object", YES },
	{ C0 "/steps", "[]", C0 "/steps", "unknown key", YES },
	{ C0 "/stream", "true", C0 "/stream", "unknown key", YES },
	{ C0 "/request", NULL, C0, "\"request\" is missing", YES },
	{ C0 "/request/url", "\"/people{?word}\"", C0 "/request/url", "no argument of this name", NO },
	{ C0 "/request", "{\"method\":\"POST\",\"url\":\"/people\",\"body\":{\"q\":\"{value}\"}}", NULL, NULL, NO },
	{ C0 "/response", NULL, C0, "\"response\" is missing", YES },
	{ C0 "/response", "\"mcp\"", C0 "/response", "must be an object", YES },
	{ C0 "/response", "{}", C0, "must pick {\"values\"", YES },
	{ C0 "/response", "{\"values\":\"/data\"}", C0, "must pick {\"values\"", YES },
	{ C0 "/response", "{\"names\":{\"each\":\"\",\"item\":\"\"}}", C0, "must pick {\"values\"", YES },
	{ C0 "/response/values/item", "\"name\"", C0 "/response/values/item", "is not a JSON Pointer", YES },
	{ C0 "/scopes", "[\"a b\"]", C0, "\"scopes\" must be", YES },
	{ C0 "/timeout_ms", "0", C0 "/timeout_ms", "must be", YES },
	{ "/completions", "{}", R1 "/complete/id", "\"people\" is none of the file's", NO },

	/* Push. */
	{ "/push", "[]", "/push", "must be an object", YES },
	{ "/push", "{}", "/push", "\"request\" is missing", YES },
	{ "/push", NULL, R1 "/subscribe/push", "the service has no \"push\"", NO },
	{ R1 "/subscribe/push", NULL, "/push", "no resource has \"push\"", NO },
	{ "/push/colour", "1", "/push/colour", "unknown key", YES },
	{ "/push/silence_ms", "999", "/push", "\"silence_ms\" must be 1000 to", YES },
	{ "/push/silence_ms", NULL, NULL, NULL, NO },
	{ "/push/every_ms", "999", "/push", "\"every_ms\" must be 1000 to", YES },
	{ "/push/every_ms", "3600000", NULL, NULL, NO },
	{ "/push/request/method", "\"POST\"", "/push/request", "asked for with GET", YES },
	{ "/push/request/url", "\"/events/{id}\"", "/push/request/url", "{id}: no argument", NO },
	{ "/push/request/headers", "{\"last-event-id\":\"7\"}", "/push/request", "bridge's own to set", NO },
	{ R1 "/subscribe/push", "{}", NULL, NULL, NO },
	{ R1 "/subscribe/push/colour", "1", R1 "/subscribe/push/colour", "unknown key", YES },
	{ R1 "/subscribe/push/events", "[]", R1 "/subscribe/push", "must list one", YES },
	{ R1 "/subscribe/push/events", "[7]", R1 "/subscribe/push", "are types", YES },
	{ R1 "/subscribe/push/match", "{\"thing\":\"/id\"}", R1 "/subscribe/push/match/thing",
	    "no variable", NO },
	{ R1 "/subscribe/push/match/id", "7", R1 "/subscribe/push/match/id", "JSON Pointer", YES },
	{ R1 "/subscribe/push/match/id", "\"id\"", R1 "/subscribe/push/match/id", "\"id\"", YES },

	/* Resources. */
	{ "/resources", "{}", "/resources", "must be an array", YES },
	{ "/resources", "[]", "/push", "no resource has \"push\"", NO },
	{ R0, "7", R0, "must be an object", YES },
	{ R0 "/colour", "1", R0 "/colour", "unknown key", YES },
	{ R0 "/text", "\"json\"", R0 "/text", "unknown key", YES },
	{ R0 "/inputSchema", "{}", R0 "/inputSchema", "unknown key", YES },
	{ R0 "/uri", NULL, R0, "a resource has a \"uri\", or", YES },
	{ R0 "/uriTemplate", "\"demo://{a}\"", R0, "a resource has a \"uri\", or", YES },
	{ R0 "/uri", "\"/logo\"", R0, "must begin with a scheme", YES },
	{ R0 "/uri", "\"demo:\"", R0, "must begin with a scheme", YES },
	{ R0 "/uri", "\"demo://{a}\"", R0, "call it \"uriTemplate\"", YES },
	{ R0 "/uri", "\"demo://things/{id}{?cursor,since}\"", R0, "call it \"uriTemplate\"", YES },
	{ R1 "/uriTemplate", "\"demo://things\"", R1, "call it \"uri\"", YES },
	{ R1 "/uriTemplate", "\"demo://{id\"", R1, "\"uriTemplate\": ", YES },
	{ R1 "/uriTemplate", "\"demo://{+id}\"", R1, "\"uriTemplate\": ", YES },
	{ R1 "/uriTemplate", "\"demo://{id}/{id}\"", R1, "\"uriTemplate\": ", NO },
	{ R1 "/uriTemplate", "\"demo://things/{?id}/x\"", R1, "\"uriTemplate\": ", YES },
	{ R1 "/uriTemplate", "\"demo://{thing}\"", R1 "/derive/after", "no argument is called \"since\"", NO },
	{ R1 "/uriTemplate", "\"demo://x{?id,since}\"", R1 "/request/url", "inputSchema.required", NO },
	{ R0 "/name", NULL, R0, "\"name\" is missing", YES },
	{ R0 "/name", "\"a logo\"", R0, "\"name\" must be 1 to 128", YES },
	{ R0 "/mimeType", "\"png\"", R0 "/mimeType", "must be a media type", YES },
	{ R0 "/mimeType", "\"text/plain; charset=utf-8\"", NULL, NULL, NO },
	{ R0 "/size", "0", R0 "/size", "must be", YES },
	{ R1 "/size", "5", R1, "\"size\" goes with a \"uri\"", YES },
	{ R0 "/annotations", "[]", R0 "/annotations", "must be an object", YES },
	{ R0 "/annotations/colour", "1", R0 "/annotations/colour", "unknown key", YES },
	{ R0 "/annotations/priority", "2", R0 "/annotations/priority", "a number from 0 to 1", YES },
	{ R0 "/annotations/audience", "[\"all\"]", R0 "/annotations/audience/0", "must be", YES },
	{ R0 "/annotations/lastModified", "\"today\"", R0 "/annotations/lastModified", "a date-time", YES },
	{ R0 "/scopes", "[1]", R0, "\"scopes\" must be", YES },
	{ R0 "/complete", "{}", NULL, NULL, NO },
	{ R0 "/complete", "{\"id\":\"people\"}", R0 "/complete/id", "is no variable", YES },
	{ R1 "/complete/colour", "\"people\"", R1 "/complete/colour", "is no variable", NO },
	{ R1 "/complete/id", "\"places\"", R1 "/complete/id", "\"places\" is none of", NO },
	{ R1 "/complete/id", "[1]", R1 "/complete/id", "or an array of strings", YES },
	{ R1 "/complete/id", "{}", R1 "/complete/id", "or an array of strings", YES },
	{ R1 "/complete/id", "\"\"", R1 "/complete/id", "is none of", YES },
	{ R1 "/complete/id", "[]", NULL, NULL, NO },
	{ R0 "/request", NULL, R0, "\"request\" is missing", YES },
	{ R0 "/request", "{\"method\":\"POST\",\"url\":\"/logo\"}", NULL, NULL, NO },
	{ R0 "/request/url", "\"/logo{?size}\"", R0 "/request/url", "no argument of this name", NO },
	{ R0 "/response", NULL, R0, "\"response\" is missing", YES },
	{ R0 "/response", "\"mcp\"", NULL, NULL, NO },
	{ R0 "/response", "{\"a\":\"\"}", NULL, NULL, NO },
	{ R0 "/response", "\"text\"", R0, "must be an object of picks", YES },
	{ R0 "/stream", "true", R0, "\"stream\" goes with an answer in JSON", YES },
	{ R1 "/derive/after/time", "\"h\"", R1 "/derive/after", "\"s\" or \"ms\"", YES },
	{ R1 "/steps/0/response", "{}", R1 "/steps/0/response", "must bring", YES },
	{ R1 "/steps/0/response", "{\"id\":\"/key\"}", R1 "/steps/0/response", "\"id\" is the name of", NO },

	/* Prompts. */
	{ "/prompts", "{}", "/prompts", "must be an array", YES },
	{ "/prompts", "[]", NULL, NULL, NO },
	{ P0 "/colour", "1", P0 "/colour", "unknown key", YES },
	{ P0 "/steps", "[]", P0 "/steps", "unknown key", YES },
	{ P0 "/name", NULL, P0, "\"name\" is missing", YES },
	{ P0 "/name", "\"a b\"", P0, "\"name\" must be 1 to 128", YES },
	{ P1 "/name", "\"a b\"", P1, "\"name\" must be 1 to 128", YES },
	{ P0 "/scopes", "[1]", P0, "\"scopes\" must be", YES },
	{ P0 "/scopes", "[\"a b\"]", P0, "\"scopes\" must be", YES },
	{ P0 "/messages", NULL, P0, "a prompt has \"messages\", or", YES },
	{ P0 "/request", GET("/x"), P0, "a prompt has \"messages\", or", YES },
	{ P1 "/messages", TEXT("x"), P1, "a prompt has \"messages\", or", YES },
	{ P0 "/stream", "true", P0, "\"stream\" goes with a \"request\"", YES },
	{ P0 "/response", "\"mcp\"", P0, "\"response\" goes with a \"request\"", YES },
	{ P0 "/success", "{\"pointer\":\"\",\"equals\":1}", P0, "\"success\" goes with a \"request\"", YES },
	{ P0 "/error", "{}", P0, "\"error\" goes with a \"request\"", YES },
	{ P0 "/timeout_ms", "5", P0, "\"timeout_ms\" goes with a \"request\"", YES },
	{ P1 "/response", NULL, P1, "with a \"request\" the \"response\" is \"mcp\"", YES },
	{ P1 "/response", "\"raw\"", P1, "with a \"request\" the \"response\" is", YES },
	{ P1 "/response", "{}", P1, "with a \"request\" the \"response\" is", YES },
	{ P1 "/request/body/x", "\"{tone}\"", P1 "/request/body", "{tone}", NO },
	{ P1 "/arguments", "[{\"name\":\"input_responses\"}]", P1, "\"input_responses\" is the name of", NO },
	{ P0 "/arguments", "{}", P0 "/arguments", "must be an array", YES },
	{ P0 "/arguments/0", "\"to\"", P0 "/arguments/0", "must be an object", YES },
	{ P0 "/arguments/0/type", "\"string\"", P0 "/arguments/0/type", "unknown key", YES },
	{ P0 "/arguments/0/name", NULL, P0 "/arguments/0", "\"name\" is missing", YES },
	{ P0 "/arguments/0/name", "\"\"", P0 "/arguments/0/name", "must be a string", YES },
	{ P0 "/arguments/0/name", "\"tone\"", P0 "/arguments/1", "another's", NO },
	{ P0 "/arguments/0/name", "\"embedded_resource\"", P0 "/arguments/0", "\"embedded_resource\"", YES },
	{ P0 "/arguments/0/required", "1", P0 "/arguments/0/required", "must be true or false", YES },
	{ P0 "/arguments/0/complete", "\"places\"", P0 "/arguments/0", "\"places\" is none of", NO },
	{ P0 "/arguments/0/complete", "7", P0 "/arguments/0", "or an array of strings", YES },
	{ P0 "/arguments", NULL, P0 "/messages", "{to}", NO },
	{ P0 "/messages", "{}", P0 "/messages", "must be an array", YES },
	{ P0 "/messages", "[]", NULL, NULL, NO },
	{ P0 "/messages", TEXT("{{to}}"), NULL, NULL, NO },
	{ P0 "/messages", TEXT("{who}"), P0 "/messages", "{who}", NO },
	{ P0 "/messages", TEXT("{to"), P0 "/messages", "a brace that is not part of {name}", YES },
	{ P0 "/messages", "[\"x\"]", P0 "/messages/0", "a message in an object", YES },
	{ P0 "/messages", "[{\"content\":\"x\"}]", P0 "/messages/0", "must have \"role\"", YES },
	{ P0 "/messages", "[{\"role\":\"system\",\"content\":\"x\"}]", P0 "/messages/0/role", "must be", YES },
	{ P0 "/messages", "[{\"role\":\"user\"}]", P0 "/messages/0", "must have \"content\"", YES },
	{ P0 "/messages", "[{\"role\":\"user\",\"content\":\"x\",\"tone\":\"x\"}]", P0,
	    "\"messages\" has a member that MCP does not know there", YES },
	{ P0 "/messages", TEXT("a\u202eb"), P0, "characters that nobody sees", NO },
	{ P0 "/messages", BLOCK("\"type\":\"text\",\"text\":\"{to}\""), NULL, NULL, NO },
	{ P0 "/messages", BLOCK("\"type\":\"image\",\"mimeType\":\"image/png\",\"data\":\"AAAA\""), NULL, NULL,
	    NO },
	{ P0 "/messages", BLOCK("\"type\":\"image\",\"mimeType\":\"image/png\",\"data\":\"A\""),
	    P0 "/messages/0/content/data", "base64", NO },
	{ P0 "/messages", BLOCK("\"type\":\"video\""), P0 "/messages/0/content/type", "must be", YES },
	{ P0 "/messages", BLOCK("\"text\":\"x\""), P0 "/messages/0/content/type", "must be", YES },
	{ P0 "/messages", BLOCK("\"type\":\"resource_link\",\"uri\":\"{to}\",\"name\":\"n\""), NULL, NULL, NO },
	{ P0 "/messages", BLOCK("\"type\":\"resource\",\"resource\":{\"uri\":\"{to}\",\"text\":\"x\"}"), NULL,
	    NULL, NO },
	{ P0 "/messages", BLOCK("\"type\":\"resource\",\"resource\":{}"), P0 "/messages/0/content/resource",
	    "must have", NO },
	{ P0 "/messages/0/content", "{\"type\":\"resource\",\"resource\":{\"uri\":\"demo://logo\"}}",
	    P0 "/messages", "one resource can be embedded, not two", NO },
	{ T1 "/request/body", "[[],{},1,true,\"{{x}}\"]", NULL, NULL, NO },
};

static cJSON *
parse(const char *text)
{
	struct json_fault fault;
	cJSON *item = json_parse(text, strlen(text), &fault);

	CHECK(item != NULL, "%s", text);
	return item;
}

static void
write_text(const char *name, const char *text, size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	CHECK(f != NULL && fwrite(text, 1, len, f) == len && fclose(f) == 0, "write %s", path);
}

static void
write_tree(const char *name, const cJSON *tree)
{
	struct buf text;

	buf_init(&text, LIMIT_SERVICE_FILE);
	CHECK(json_print(&text, tree) == 0, "print %s", name);
	write_text(name, buf_str(&text), text.len);
	buf_finish(&text);
}

static void
write_key(const char *name, enum signature_algorithm alg)
{
	struct jose_key key;

	jose_make(&key, alg);
	write_text(name, buf_str(&key.pem), key.pem.len);
	jose_drop(&key);
}

static void
remove_text(const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	unlink(path);
}

/* Put `value` (NULL: nothing) where `at` points; the parent must be there. */
static cJSON *
mutate(cJSON *tree, const char *at, const char *value)
{
	char parent[256], name[128];
	const char *slash = strrchr(at, '/');
	cJSON *holder, *item = value == NULL ? NULL : parse(value);
	size_t i, k;

	if (slash == NULL) {
		cJSON_Delete(tree);
		return item;
	}
	snprintf(parent, sizeof parent, "%.*s", (int)(slash - at), at);
	for (i = 1, k = 0; slash[i] != '\0'; i++)
		name[k++] = slash[i] != '~' ? slash[i] : slash[++i] == '0' ? '~' : '/';
	name[k] = '\0';
	holder = pointer_get(tree, parent);
	CHECK(holder != NULL, "%s: no such place", at);
	if (cJSON_IsArray(holder)) {
		cJSON_ReplaceItemInArray(holder, atoi(name), item);
		return tree;
	}
	CHECK(item != NULL || json_get(holder, name) != NULL, "%s: not there", at);
	cJSON_DeleteItemFromObjectCaseSensitive(holder, name);
	if (item != NULL)
		json_put(holder, name, item);
	return tree;
}

static void
run_mutations(const struct schema *schema)
{
	struct schema_fault wrong;
	const struct mutation *m;
	struct service s;
	char why[1024], start[256];
	cJSON *tree;
	size_t i;
	int result;

	for (i = 0; i < sizeof mutations / sizeof mutations[0]; i++) {
		m = &mutations[i];
		tree = mutate(parse(good), m->at, m->value);
		write_tree("demo.json", tree);
		why[0] = '\0';
		result = service_load(&s, service_path, NULL, NULL, why, sizeof why);
		if (m->place == NULL)
			CHECK(result == 0, "%s = %s: %s", m->at, m->value == NULL ? "" : m->value, why);
		else {
			snprintf(start, sizeof start, "%s: %s: ", service_path, m->place);
			CHECK(result == -1 && strncmp(why, start, strlen(start)) == 0 &&
			    strstr(why + strlen(start), m->want) != NULL, "%s = %s: %s", m->at,
			    m->value == NULL ? "(none)" : m->value, why);
		}
		service_finish(&s);
		result = schema_check(schema, tree, &wrong);
		CHECK(result == (m->seen == YES), "%s = %s: the schema says %d: %s: %s", m->at,
		    m->value == NULL ? "(none)" : m->value, result, wrong.path, wrong.why);
		cJSON_Delete(tree);
	}
}

/* Files that are no JSON, with line and column; and no files. */
static void
run_texts(void)
{
	static const struct {
		const char *text, *want;
	} texts[] = {
		{ "", "demo.json:1:1: not JSON: " }, { "{\n  \"name\": }", "demo.json:2:11: not JSON: " },
		{ "{\"name\":\"a\",\"name\":\"b\"}", "not JSON: " }, { "{} x", "demo.json:1:4: not JSON: " },
		{ "\xef\xbb\xbf{}", "demo.json:1:1: not JSON" }, { "{\"name\":\"\xff\"}", "not JSON: " },
	};
	struct service s;
	char why[1024];
	size_t i;

	for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		write_text("demo.json", texts[i].text, strlen(texts[i].text));
		CHECK(service_load(&s, service_path, NULL, NULL, why, sizeof why) == -1 &&
		    strstr(why, texts[i].want) != NULL, "text %zu: %s", i, why);
		service_finish(&s);
	}
	CHECK(service_load(&s, "/tmp/no such service.json", NULL, NULL, why, sizeof why) == -1 &&
	    strstr(why, "/tmp/no such service.json: cannot be read: ") != NULL, "%s", why);
	service_finish(&s);
	CHECK(service_load(&s, "/tmp", NULL, NULL, why, sizeof why) == -1, "%s", why);
	service_finish(&s);
}

/* What is loaded, and what clients see of it. */
static void
run_good(void)
{
	struct service s;
	const struct tool *t;
	char why[1024] = "";
	cJSON *listing;

	write_text("demo.json", good, sizeof good - 1);
	CHECK(service_load(&s, service_path, NULL, NULL, why, sizeof why) == 0, "%s", why);
	if (s.ntools != 4) {
		CHECK(s.ntools == 4, "%zu tools", s.ntools);
		service_finish(&s);
		return;
	}
	CHECK(strcmp(s.name, "demo") == 0 && strcmp(s.title, "Demo") == 0 &&
	    strcmp(s.instructions, "i") == 0, "names");
	CHECK(strcmp(s.base_url, "https://api.example.org/v1") == 0, "%s", s.base_url);
	CHECK(strncmp(s.ca_file, folder, strlen(folder)) == 0, "%s", s.ca_file);
	CHECK(strcmp(s.credentials[0].line, "Authorization: Bearer s3cret") == 0, "the credential");
	t = &s.tools[0];
	CHECK(!t->write && t->request.kind == REQUEST_EMPTY && t->timeout_ms == 5000 &&
	    t->request.path_vars == 0, "list: %zu path_vars", t->request.path_vars);
	CHECK(strcmp(t->list, "things") == 0 && strcmp(t->next.pointer, "/next") == 0, "its list");
	CHECK(t->nmirrors == 1 && strcmp(t->mirrors[0].pointer, "/kind") == 0 &&
	    strcmp(t->mirrors[0].header, "Kind") == 0, "its mirror");
	CHECK(strcmp(json_str(t->success, "pointer"), "/fine") == 0 &&
	    strcmp(json_str(t->error, "code"), "/code") == 0, "its own outcome");
	listing = parse(t->listing);
	CHECK(pointer_get(listing, "/inputSchema/properties/cursor/type") != NULL, "a cursor");
	CHECK(pointer_get(listing, "/outputSchema/properties/next_cursor") != NULL &&
	    pointer_get(listing, "/outputSchema/properties/truncated") != NULL &&
	    pointer_get(listing, "/outputSchema/properties/untrusted") != NULL &&
	    pointer_get(listing, "/outputSchema/properties/idempotent_replay") == NULL,
	    "what the bridge adds: %s", t->listing);
	CHECK(json_str(json_get(listing, "annotations"), "title") != NULL, "annotations.title");
	CHECK(json_true(json_get(listing, "annotations"), "readOnlyHint") &&
	    json_true(json_get(listing, "annotations"), "idempotentHint") &&
	    json_true(json_get(listing, "annotations"), "openWorldHint") &&
	    !json_true(json_get(listing, "annotations"), "destructiveHint"), "hints: %s", t->listing);
	cJSON_Delete(listing);
	t = &s.tools[1];
	CHECK(t->write && t->request.path_vars == 1 && t->list == NULL && !t->next.given, "send");
	CHECK(strcmp(json_str(t->success, "pointer"), "/ok") == 0, "the service's outcome");
	listing = parse(t->listing);
	CHECK(pointer_get(listing, "/outputSchema/properties/idempotent_replay") != NULL &&
	    pointer_get(listing, "/outputSchema/properties/untrusted") == NULL &&
	    pointer_get(listing, "/inputSchema/properties/cursor") == NULL, "send: %s", t->listing);
	CHECK(json_get(listing, "title") == NULL, "no title");
	cJSON_Delete(listing);
	CHECK(s.ncompletions == 1 && s.nresources == 2 && s.nprompts == 2, "what is no tool");
	CHECK(s.tools[2].request.kind == REQUEST_FORM && !s.tools[2].write && s.tools[2].output == NULL, "form");
	listing = parse(s.tools[3].listing);
	CHECK(json_true(json_get(listing, "annotations"), "destructiveHint"), "delete: %s",
	    s.tools[3].listing);
	cJSON_Delete(listing);
	service_finish(&s);
	CHECK(s.tools == NULL && s.root == NULL, "finished");
	service_finish(&s);
}

/* What of a stream of events is about a resource: without "match" all, whatever its data is. */
static void
run_push(void)
{
	static const struct {
		const char *match, *data;	/* NULL: there is none; that is no JSON */
		bool fits;
	} events[] = {
		{ "{\"id\":\"/id\"}", "{\"id\":\"a\"}", true }, { "{\"id\":\"/id\"}", "{\"id\":\"b\"}", false },
		{ "{\"id\":\"/id\"}", "{\"id\":[\"b\",\"a\"]}", true }, { "{\"id\":\"/id\"}", "{}", false },
		{ "{\"id\":\"/id\"}", NULL, false }, { "{\"since\":\"/at\"}", "{}", true },
		{ "{}", "{\"id\":\"b\"}", true }, { "{}", NULL, true },
		{ NULL, "{\"id\":\"b\"}", true }, { NULL, NULL, true },
	};
	cJSON *args = parse("{\"id\":\"a\"}"), *tree, *data;
	char why[1024] = "";
	struct service s;
	size_t i;

	for (i = 0; i < sizeof events / sizeof events[0]; i++) {
		tree = mutate(parse(good), R1 "/subscribe/push/match", events[i].match);
		write_tree("demo.json", tree);
		cJSON_Delete(tree);
		data = events[i].data == NULL ? NULL : parse(events[i].data);
		CHECK(service_load(&s, service_path, NULL, NULL, why, sizeof why) == 0, "%s", why);
		CHECK(s.nresources == 2 && push_fits(&s.resources[1].push, data, args) == events[i].fits,
		    "event %zu", i);
		service_finish(&s);
		cJSON_Delete(data);
	}
	cJSON_Delete(args);
}

/* What the configuration says stands above the file. */
static void
override(void *arg, const char *name, struct service_settings *out)
{
	CHECK(strcmp(name, "demo") == 0, "asked for %s", name);
	*out = *(struct service_settings *)arg;
}

static void
run_settings(void)
{
	char ca[128], token[128], why[1024] = "";
	struct service_settings over = { .base_url = "http://127.0.0.1:1//", .ca_file = ca,
	    .token_file = token };
	struct service s;
	cJSON *tree;

	snprintf(ca, sizeof ca, "%s/ca.pem", folder);
	snprintf(token, sizeof token, "%s/other.token", folder);
	tree = mutate(mutate(parse(good), "/tls/ca_file", "\"none\""), "/auth/token/file", "\"none\"");
	write_tree("demo.json", tree);
	CHECK(service_load(&s, service_path, override, &over, why, sizeof why) == 0, "%s", why);
	CHECK(strcmp(s.base_url, "http://127.0.0.1:1") == 0, "%s", s.base_url);
	CHECK(strcmp(s.ca_file, ca) == 0, "%s", s.ca_file);
	CHECK(strcmp(s.credentials[0].line, "Authorization: Bearer other") == 0, "the credential");
	service_finish(&s);
	over.base_url = "nowhere";
	CHECK(service_load(&s, service_path, override, &over, why, sizeof why) == -1 &&
	    strstr(why, "/base_url: must be an http") != NULL, "%s", why);
	service_finish(&s);
	over.base_url = NULL;
	cJSON_Delete(tree);
	/* The token may come from the configuration alone. */
	tree = mutate(parse(good), "/auth/token", NULL);
	write_tree("demo.json", tree);
	CHECK(service_load(&s, service_path, override, &over, why, sizeof why) == 0, "%s", why);
	service_finish(&s);
	cJSON_Delete(tree);
	tree = mutate(parse(good), "/auth", "{\"type\":\"basic\",\"username\":\"Aladdin\",\"password\":"
	    "{\"file\":\"sesame.token\"}}");
	write_tree("demo.json", tree);
	CHECK(service_load(&s, service_path, NULL, NULL, why, sizeof why) == 0 &&
	    strcmp(s.credentials[0].line, "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == 0, "%s", why);
	service_finish(&s);
	cJSON_Delete(tree);
	/* In the path: what stands around the secret, and a secret from the configuration. */
	tree = mutate(parse(good), "/auth", "{\"type\":\"path\",\"path\":\"/bot{token}x\"}");
	write_tree("demo.json", tree);
	CHECK(service_load(&s, service_path, override, &over, why, sizeof why) == 0 &&
	    s.credentials[0].line == NULL && strcmp(s.credentials[0].path, "/bototherx") == 0 &&
	    s.credentials[0].secret_at == 4 && s.credentials[0].secret_len == 5 &&
	    !credential_sets(&s.credentials[0], "Authorization"), "%s", why);
	service_finish(&s);
	cJSON_Delete(tree);
}

/* By which key another file is named: where there is none, and the configuration named none. */
static void
run_absent(void)
{
	static const struct {
		const char *at, *value;		/* of the good file */
		const char *ca, *token;		/* in the configuration; NULL: nothing */
		const char *want, *key;		/* NULL: none is named */
	} files[] = {
		{ "/tls/ca_file", "\"none\"", NULL, NULL, "none: cannot be read", "service.demo.ca_file" },
		{ "/tls/ca_file", "\"ca.pem/x\"", NULL, NULL, "ca.pem/x: cannot be read",
		    "service.demo.ca_file" },
		{ "/tls/ca_file", "\"demo.token\"", NULL, NULL, "holds no PEM", NULL },
		{ "/tls/ca_file", "\".\"", NULL, NULL, "not a regular file", NULL },
		{ "/tls/ca_file", "\"none\"", "/nowhere/ca", NULL, "/nowhere/ca: cannot be read", NULL },
		{ "/auth/token/file", "\"none\"", NULL, NULL, "none: cannot be read",
		    "service.demo.token_file" },
		{ "/auth/token/file", "\"demo.token/x\"", NULL, NULL, "demo.token/x: cannot be read",
		    "service.demo.token_file" },
		{ "/auth/token/file", "\"two.token\"", NULL, NULL, "control character", NULL },
		{ "/auth/token/file", "\"empty.token\"", NULL, NULL, "is empty", NULL },
		{ "/auth/token/file", "\"none\"", NULL, "/nowhere/t", "/nowhere/t: cannot be read", NULL },
		{ "/auth", OAUTH("client_credentials", ",\"client_secret\":{\"file\":\"none\"}"), NULL, NULL,
		    "none: cannot be read", NULL },
	};
	struct service_settings over = { 0 };
	struct service s;
	char why[1024], named[128];
	const char *says;
	cJSON *tree;
	size_t i;

	for (i = 0; i < sizeof files / sizeof files[0]; i++) {
		tree = mutate(parse(good), files[i].at, files[i].value);
		write_tree("demo.json", tree);
		cJSON_Delete(tree);
		over.ca_file = files[i].ca;
		over.token_file = files[i].token;
		why[0] = '\0';
		CHECK(service_load(&s, service_path, override, &over, why, sizeof why) == -1 &&
		    strstr(why, files[i].want) != NULL, "file %zu: %s", i, why);
		service_finish(&s);
		says = strstr(why, "; service.");
		snprintf(named, sizeof named, "; %s = ... in the configuration names another",
		    files[i].key == NULL ? "" : files[i].key);
		CHECK(files[i].key == NULL ? says == NULL : says != NULL && strcmp(says, named) == 0,
		    "file %zu: %s", i, why);
	}
}

/* As whom calls go, and what is loaded of it. */
static void
run_credentials(void)
{
	static const char auth[] = OAUTH("client_credentials", SECRET ",\"scope\":\"a b\",\"callers\":"
	    "{\"alice\":{\"type\":\"bearer\",\"token\":{\"file\":\"other.token\"}},"
	    "\"bob\":{\"type\":\"none\"},\"carol\":" OAUTH("token_exchange", KEY
	    ",\"key_id\":\"k1\",\"audience\":\"api\"") ",\"dave\":{\"type\":\"header\",\"header\":"
	    "\"X-Key\",\"value\":{\"file\":\"other.token\"}}}");
	const struct credential *c;
	struct service s;
	char why[1024] = "", name[32];
	cJSON *tree = mutate(parse(good), "/auth", auth), *callers;
	int i;

	tree = mutate(tree, "/tls", "{\"certificate_file\":\"c.pem\",\"key_file\":\"/k.pem\"}");
	write_tree("demo.json", tree);
	CHECK(service_load(&s, service_path, NULL, NULL, why, sizeof why) == 0, "%s", why);
	CHECK(s.ncredentials == 5, "%zu", s.ncredentials);
	c = service_credential(&s, "eve");
	CHECK(c == &s.credentials[0] && c->caller == NULL && c->line == NULL && c->client != NULL &&
	    !c->client->exchanges && c->client->auth == CLIENT_SECRET_BASIC &&
	    strcmp(c->client->secret, "s3cret") == 0 && strcmp(c->client->scope, "a b") == 0 &&
	    strcmp(c->client->client_id, "me") == 0 && c->client->audience == NULL &&
	    strcmp(c->client->token_url, "https://id.example/token") == 0, "all others'");
	CHECK(service_credential(&s, "") == c && service_credential(&s, "Alice") == c &&
	    service_credential(&s, "alic") == c && service_credential(&s, "alicea") == c,
	    "names are whole");
	CHECK(credential_sets(c, "Authorization") && credential_sets(c, "authorization") &&
	    !credential_sets(c, "X-Key"), "its header");
	c = service_credential(&s, "alice");
	CHECK(strcmp(c->caller, "alice") == 0 && c->client == NULL &&
	    strcmp(c->line, "Authorization: Bearer other") == 0, "alice's");
	c = service_credential(&s, "bob");
	CHECK(c != &s.credentials[0] && c->client == NULL && c->line == NULL &&
	    !credential_sets(c, "Authorization"), "bob has none");
	c = service_credential(&s, "carol");
	CHECK(c->client != NULL && c->client->exchanges && c->client->auth == PRIVATE_KEY_JWT &&
	    c->client->key != NULL && c->client->algorithm == SIGNATURE_ES256 &&
	    c->client->secret == NULL && strcmp(c->client->key_id, "k1") == 0, "carol's");
	c = service_credential(&s, "dave");
	CHECK(credential_sets(c, "x-key") && !credential_sets(c, "x-ke") &&
	    !credential_sets(c, "x-key2") && !credential_sets(c, "Authorization"), "dave's");
	CHECK(strncmp(s.certificate_file, folder, strlen(folder)) == 0 &&
	    strcmp(s.key_file, "/k.pem") == 0, "%s, %s", s.certificate_file, s.key_file);
	service_finish(&s);
	/* As many as there may be, and one more. */
	tree = mutate(tree, "/auth", CALLERS("{}"));
	callers = json_get(json_get(tree, "auth"), "callers");
	for (i = 0; i <= LIMIT_CALLERS; i++) {
		snprintf(name, sizeof name, "c%d", i);
		write_tree("demo.json", tree);
		json_put(callers, name, parse("{\"type\":\"none\"}"));
	}
	CHECK(service_load(&s, service_path, NULL, NULL, why, sizeof why) == 0 &&
	    s.ncredentials == LIMIT_CALLERS + 1, "%s", why);
	service_finish(&s);
	write_tree("demo.json", tree);
	CHECK(service_load(&s, service_path, NULL, NULL, why, sizeof why) == -1 &&
	    strstr(why, "/auth/callers: must have 256 at most") != NULL, "%s", why);
	service_finish(&s);
	cJSON_Delete(tree);
}

/* What an operator must say of a file's constants. */
static const char *
any_value(void *arg, const char *name, const char *key)
{
	(void)arg;
	(void)name;
	(void)key;
	return "said";
}

static void
say(void *arg, const char *name, struct service_settings *out)
{
	(void)arg;
	(void)name;
	out->value = any_value;
}

/* Load the files named, the first `count` of them, into a catalog. */
static int
load_catalog(struct catalog *c, const char *const *names, size_t count, char *why, size_t whylen)
{
	struct service *services = calloc(count, sizeof *services);
	char path[128];
	size_t i;

	for (i = 0; i < count; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		CHECK(service_load(&services[i], path, say, NULL, why, whylen) == 0, "%s", why);
	}
	return catalog_init(c, services, count, why, whylen);
}

static void
run_catalog(void)
{
	static const char *const names[] = { "demo.json", "second.json" };
	struct catalog c;
	char why[1024] = "";
	cJSON *tree = parse(good);

	write_tree("demo.json", tree);
	CHECK(load_catalog(&c, names, 1, why, sizeof why) == 0, "%s", why);
	CHECK(c.ntools == 5 && c.tools[4] == c.own, "%zu tools", c.ntools);
	CHECK(catalog_find(&c, "send_thing") == c.tools[1] && catalog_find(&c, "server_info") == c.own &&
	    catalog_find(&c, "Send_thing") == NULL && catalog_find(&c, "") == NULL, "found");
	c.tools[1]->off = "tired";
	CHECK(catalog_find(&c, "send_thing") != NULL, "off, and still known");
	catalog_finish(&c);

	write_tree("second.json", tree);
	CHECK(load_catalog(&c, names, 2, why, sizeof why) == -1 &&
	    strstr(why, "/name: \"demo\" is the name of") != NULL, "%s", why);
	catalog_finish(&c);
	tree = mutate(tree, "/name", "\"second\"");
	write_tree("second.json", tree);
	CHECK(load_catalog(&c, names, 2, why, sizeof why) == -1 &&
	    strstr(why, "second.json: a tool named \"list_things\" is in ") != NULL &&
	    strstr(why, "rename one") != NULL, "%s", why);
	catalog_finish(&c);
	tree = mutate(tree, T0 "/name", "\"server_info\"");
	write_tree("demo.json", tree);
	CHECK(load_catalog(&c, names, 1, why, sizeof why) == -1 &&
	    strstr(why, "the bridge: a tool named \"server_info\" is in ") != NULL, "%s", why);
	catalog_finish(&c);
	cJSON_Delete(tree);
}

static int allocations_left;

static void *
scarce_malloc(size_t size)
{
	return allocations_left-- > 0 ? malloc(size) : NULL;
}

/* With memory for n nodes only it fails with a sentence and leaves nothing behind. */
static void
run_memory(void)
{
	cJSON_Hooks scarce = { .malloc_fn = scarce_malloc, .free_fn = free };
	struct service s;
	char why[1024];
	int i, result = -1;

	write_text("demo.json", good, sizeof good - 1);
	for (i = 0; result == -1 && i < 5000; i++) {
		why[0] = '\0';
		allocations_left = i;
		cJSON_InitHooks(&scarce);
		result = service_load(&s, service_path, NULL, NULL, why, sizeof why);
		service_finish(&s);
		cJSON_InitHooks(NULL);
		CHECK(result == 0 || why[0] != '\0', "%d allocations: no reason", i);
	}
	CHECK(result == 0 && i > 200, "%d allocations", i);
}

/* The source tree, as seen from where the tests are run. */
static const char *
top(void)
{
	static const char *const tops[] = { ".", "..", "../..", "../../.." };
	char path[128];
	size_t i;

	for (i = 0; i < sizeof tops / sizeof tops[0]; i++) {
		snprintf(path, sizeof path, "%s/etc/services/ums.json", tops[i]);
		if (access(path, R_OK) == 0)
			return tops[i];
	}
	return NULL;
}

static cJSON *
read_tree(const char *from, const char *name)
{
	struct json_fault fault;
	char path[256], why[512] = "";
	cJSON *tree = NULL;
	struct buf text;

	snprintf(path, sizeof path, "%s/etc/services/%s", from, name);
	buf_init(&text, LIMIT_SERVICE_FILE);
	if (file_read(&text, path, why, sizeof why) == 0)
		tree = json_parse(buf_str(&text), text.len, &fault);
	CHECK(tree != NULL, "%s: %s", path, why);
	buf_finish(&text);
	return tree;
}

/* The service files that come with the bridge: each loads, and clients see a list of a bearable size. */
static void
run_shipped(const struct schema *schema, const char *from)
{
	static const struct {
		const char *name;
		size_t tools;		/* with server_info */
		size_t most;		/* bytes of tools/list */
	} files[] = {
		{ "ums.json", 14, 16 * 1024 },
		{ "matrix.json", 14, 12 * 1024 },
		{ "ejabberd.json", 9, 8 * 1024 },
		{ "twilio.json", 7, 7 * 1024 },
		{ "slack.json", 12, 9 * 1024 },
		{ "discord.json", 12, 9 * 1024 },
		{ "mattermost.json", 11, 9 * 1024 },
		{ "telegram.json", 8, 7 * 1024 },
		{ "zulip.json", 13, 10 * 1024 },
		{ "msteams.json", 16, 13 * 1024 },
		{ "resend.json", 9, 8 * 1024 },
		{ "whatsapp-cloud.json", 8, 9 * 1024 },
	};
	struct schema_fault wrong;
	struct catalog c;
	char why[1024] = "";
	size_t i, k, size;
	cJSON *tree;

	for (i = 0; i < sizeof files / sizeof files[0]; i++) {
		tree = read_tree(from, files[i].name);
		CHECK(schema_check(schema, tree, &wrong) == 0, "%s: %s: %s", files[i].name,
		    wrong.path, wrong.why);
		write_tree(files[i].name, tree);
		CHECK(load_catalog(&c, &files[i].name, 1, why, sizeof why) == 0, "%s", why);
		for (k = 0, size = 0; k < c.ntools; k++)
			size += strlen(c.tools[k]->listing) + 1;
		CHECK(c.ntools == files[i].tools, "%s: %zu tools", files[i].name, c.ntools);
		CHECK(size <= files[i].most, "%s: tools/list is %zu bytes", files[i].name, size);
		catalog_finish(&c);
		cJSON_Delete(tree);
		remove_text(files[i].name);
	}
}

/*
 * What ums-mcp import writes (tests/import has it load), and what other tests serve, is what editors
 * take, too.
 */
static void
run_imported(const struct schema *schema, const char *from)
{
	static const char *const names[] = {
		"import/shop.expect", "import/hooks.expect", "import/old.expect",
		"conformance/fixtures.json", "cases/offers.json",
	};
	struct schema_fault wrong;
	char name[64];
	cJSON *tree;
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(name, sizeof name, "../../tests/%s", names[i]);
		tree = read_tree(from, name);
		CHECK(schema_check(schema, tree, &wrong) == 0, "%s: %s: %s", name, wrong.path,
		    wrong.why);
		cJSON_Delete(tree);
	}
}

int
main(void)
{
	static char big[LIMIT_HEADER + 8];
	const char *from = top();
	struct schema_fault wrong = { .why = "" };
	struct schema *schema;
	cJSON *tree;

	if (from == NULL) {
		CHECK(false, "run this from the source tree: etc/services/ums.json is not there");
		return check_done();
	}
	CHECK(mkdtemp(folder) != NULL, "%s", folder);
	snprintf(service_path, sizeof service_path, "%s/demo.json", folder);
	write_text("ca.pem", "-----BEGIN CERTIFICATE-----\n", 28);
	write_text("demo.token", "s3cret\n", 7);
	write_text("ums.token", "s3cret\n", 7);
	write_text("matrix.token", "s3cret\n", 7);
	write_text("ejabberd.password", "s3cret\n", 7);
	write_text("twilio.password", "s3cret\n", 7);
	write_text("slack.token", "s3cret\n", 7);
	write_text("discord.token", "Bot s3cret\n", 11);
	write_text("mattermost.token", "s3cret\n", 7);
	write_text("telegram.token", "1:s3cret\n", 9);
	write_text("zulip.key", "s3cret\n", 7);
	write_text("msteams.token", "s3cret\n", 7);
	write_text("resend.key", "s3cret\n", 7);
	write_text("whatsapp-cloud.token", "s3cret\n", 7);
	write_text("other.token", "other", 5);
	write_text("sesame.token", "open sesame\r\n", 13);
	write_text("dots.token", "..\n", 3);
	write_text("empty.token", "\n", 1);
	write_text("two.token", "a\nb\n", 4);
	write_key("es256.pem", SIGNATURE_ES256);
	write_key("rsa.pem", SIGNATURE_RS256);
	memset(big, 'x', sizeof big);
	write_text("long.token", big, sizeof big);

	tree = read_tree(from, "service.schema.json");
	schema = schema_create(tree, &wrong);
	CHECK(schema != NULL, "service.schema.json: %s: %s", wrong.path, wrong.why);
	run_texts();
	if (schema != NULL) {
		run_mutations(schema);
		run_shipped(schema, from);
		run_imported(schema, from);
	}
	run_good();
	run_push();
	run_settings();
	run_absent();
	run_credentials();
	run_catalog();
	run_memory();
	schema_destroy(schema);
	cJSON_Delete(tree);

	remove_text("ca.pem");
	remove_text("es256.pem");
	remove_text("rsa.pem");
	remove_text("demo.token");
	remove_text("ums.token");
	remove_text("matrix.token");
	remove_text("ejabberd.password");
	remove_text("twilio.password");
	remove_text("slack.token");
	remove_text("discord.token");
	remove_text("mattermost.token");
	remove_text("telegram.token");
	remove_text("zulip.key");
	remove_text("msteams.token");
	remove_text("resend.key");
	remove_text("whatsapp-cloud.token");
	remove_text("other.token");
	remove_text("sesame.token");
	remove_text("dots.token");
	remove_text("empty.token");
	remove_text("two.token");
	remove_text("long.token");
	remove_text("demo.json");
	remove_text("second.json");
	CHECK(rmdir(folder) == 0, "%s is empty", folder);
	return check_done();
}
