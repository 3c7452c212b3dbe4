/* SPDX-License-Identifier: MIT */
/*
 * test_metadata.c - mcp/metadata: metadata that a JSON parser reads, and challenges that the
 * grammar of RFC 9110, 11.2 and RFC 6750, 3 accepts, whatever the tools ask for.
 */
#include <string.h>

#include "base/buf.h"
#include "catalog.h"
#include "check.h"
#include "mcp/metadata.h"
#include "wire/json.h"

#define TOOL(name, scopes) \
	"{\"name\":\"" name "\",\"description\":\"d\"" scopes "," \
	"\"inputSchema\":{\"type\":\"object\"}," \
	"\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":{}}"
#define SERVICE(tools, more) \
	"{\"name\":\"demo\",\"base_url\":\"https://a\",\"tools\":[" tools "]" more "}"

static const char rich[] = SERVICE(
    TOOL("off", ",\"scopes\":[\"hidden\",\"b\"]") ","
    TOOL("one", ",\"scopes\":[\"a\",\"b\",\"a\"]") ","
    TOOL("two", ",\"scopes\":[\"b\",\"https://x.example/y:z\"]") ","
    TOOL("free", ""),
    ",\"resources\":[{\"uri\":\"xx://r\",\"name\":\"r\",\"scopes\":[\"r\",\"b\"],"
    "\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":{}}],"
    "\"prompts\":[{\"name\":\"p\",\"scopes\":[\"r\",\"p\"],"
    "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}]");
static const char poor[] = SERVICE(TOOL("free", ",\"scopes\":[]"), "");

#define SCOPES	"a b https://x.example/y:z r p"	/* of the rich one */
#define RESOURCE "https://mcp.example.org/mcp"
#define META	"/.well-known/oauth-protected-resource"

/* ====== metadata ====== */

/* The scopes of a catalog; the caller finishes the buffer. */
static const char *
scopes_of(const struct catalog *c, struct buf *text)
{
	buf_init(text, 4096);
	CHECK(metadata_scopes(text, c) == 0, "made");
	return buf_str(text);
}

static void
run_scopes(const struct catalog *c, const struct catalog *bare)
{
	struct buf text, small;

	CHECK(strcmp(scopes_of(c, &text), SCOPES) == 0, "each once, of what is on: %s",
	    buf_str(&text));
	buf_finish(&text);
	CHECK(strcmp(scopes_of(bare, &text), "") == 0, "none: %s", buf_str(&text));
	buf_finish(&text);
	buf_init(&small, 5);
	CHECK(metadata_scopes(&small, c) == -1, "no room");
	buf_finish(&small);
}

static cJSON *
metadata(const char *scopes, const char *resource, const char *issuer)
{
	struct json_fault fault = { .why = "" };
	struct buf text;
	cJSON *tree;

	buf_init(&text, 65536);
	CHECK(metadata_print(&text, resource, issuer, scopes) == 0, "made");
	tree = json_parse(buf_str(&text), text.len, &fault);
	CHECK(tree != NULL, "%s: %s", fault.why, buf_str(&text));
	buf_finish(&text);
	return tree;
}

static bool
is_list(const cJSON *list, const char *const *want, int count)
{
	int i;

	if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != count)
		return false;
	for (i = 0; i < count; i++)
		if (strcmp(cJSON_GetArrayItem(list, i)->valuestring, want[i]) != 0)
			return false;
	return true;
}

static void
run_metadata(void)
{
	static const char *const issuer[] = { "https://id.example.org/\"x\\" };
	static const char *const scopes[] = { "a", "b", "https://x.example/y:z", "r", "p" };
	static const char *const methods[] = { "header" };
	struct buf small;
	cJSON *tree;

	tree = metadata(SCOPES, RESOURCE, issuer[0]);
	CHECK(json_str(tree, "resource") != NULL &&
	    strcmp(json_str(tree, "resource"), RESOURCE) == 0, "the resource");
	CHECK(is_list(json_get(tree, "authorization_servers"), issuer, 1), "whatever it holds");
	CHECK(is_list(json_get(tree, "scopes_supported"), scopes, 5), "the scopes");
	CHECK(is_list(json_get(tree, "bearer_methods_supported"), methods, 1), "in the header");
	cJSON_Delete(tree);
	/* RFC 9728, 3.2: what has no values is left out. */
	tree = metadata("", RESOURCE, issuer[0]);
	CHECK(json_get(tree, "scopes_supported") == NULL, "no list of none");
	CHECK(is_list(json_get(tree, "bearer_methods_supported"), methods, 1), "and the rest");
	cJSON_Delete(tree);
	buf_init(&small, 40);
	CHECK(metadata_print(&small, RESOURCE, issuer[0], SCOPES) == -1, "no room");
	buf_finish(&small);
}

/* ====== challenges ====== */

/* Read one `name="value"` at *at; the value is copied out. */
static bool
parameter(const char **at, char *name, char *value, size_t room)
{
	size_t n = strspn(*at, "abcdefghijklmnopqrstuvwxyz_"), len;

	if (n == 0 || n >= room || (*at)[n] != '=' || (*at)[n + 1] != '"')
		return false;
	snprintf(name, room, "%.*s", (int)n, *at);
	*at += n + 2;
	len = strcspn(*at, "\"");
	if (len >= room || (*at)[len] != '"' || memchr(*at, '\\', len) != NULL)
		return false;
	snprintf(value, room, "%.*s", (int)len, *at);
	*at += len + 1;
	return true;
}

/* Scopes: one space between them and none elsewhere. */
static bool
is_scopes(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && text[0] != ' ' && text[len - 1] != ' ' && strstr(text, "  ") == NULL &&
	    strpbrk(text, "\"\\\t\r\n") == NULL;
}

struct read {
	char	realm[512], error[512], why[512], scope[512], url[512];
};

/* Take a challenge apart; false: the grammar does not have it, or a parameter twice. */
static bool
take_apart(const char *text, struct read *r)
{
	struct {
		const char	*name;
		char		*to;
	} known[] = { { "realm", r->realm }, { "error", r->error },
		{ "error_description", r->why }, { "scope", r->scope },
		{ "resource_metadata", r->url } };
	char name[512], value[512];
	size_t i;

	memset(r, 0, sizeof *r);
	if (strncmp(text, "Bearer ", 7) != 0)
		return false;
	for (text += 7; parameter(&text, name, value, sizeof name); text += 2) {
		for (i = 0; i < 5 && strcmp(name, known[i].name) != 0; i++)
			;
		if (i == 5 || known[i].to[0] != '\0' || value[0] == '\0')
			return false;
		snprintf(known[i].to, sizeof value, "%s", value);
		if (*text == '\0')
			return r->scope[0] == '\0' || is_scopes(r->scope);
		if (strncmp(text, ", ", 2) != 0)
			return false;
	}
	return false;
}

static void
challenge(struct read *r, const char *scopes, const char *resource, const struct tool *tool,
    const char *error)
{
	struct buf text;

	buf_init(&text, 4096);
	CHECK(metadata_challenge(&text, resource, scopes, tool, error,
	    error == NULL ? NULL : "the token has expired") == 0, "made");
	CHECK(take_apart(buf_str(&text), r), "%s", buf_str(&text));
	buf_finish(&text);
}

static void
run_challenges(const struct catalog *c)
{
	struct buf small;
	struct read r;

	/* Nobody came: no error, RFC 6750, 3.1. */
	challenge(&r, SCOPES, RESOURCE, NULL, NULL);
	CHECK(r.error[0] == '\0' && r.why[0] == '\0', "no error");
	CHECK(strcmp(r.scope, SCOPES) == 0, "%s", r.scope);
	CHECK(strcmp(r.url, "https://mcp.example.org" META "/mcp") == 0, "%s", r.url);
	CHECK(r.realm[0] != '\0', "a realm");
	challenge(&r, SCOPES, RESOURCE, NULL, "invalid_token");
	CHECK(strcmp(r.error, "invalid_token") == 0 && strcmp(r.why, "the token has expired") == 0,
	    "%s, %s", r.error, r.why);
	/* One tool's, all that it asks for. */
	challenge(&r, SCOPES, RESOURCE, c->tools[2], "insufficient_scope");
	CHECK(strcmp(r.scope, "b https://x.example/y:z") == 0, "%s", r.scope);
	challenge(&r, SCOPES, RESOURCE, c->tools[3], NULL);
	CHECK(r.scope[0] == '\0' && r.url[0] != '\0', "a tool without scopes: none named");
	challenge(&r, "", RESOURCE, NULL, NULL);
	CHECK(r.scope[0] == '\0', "no scopes at all");
	/* Keys alone: there is nowhere to go to. */
	challenge(&r, SCOPES, NULL, NULL, NULL);
	CHECK(r.url[0] == '\0' && r.scope[0] != '\0', "no metadata");
	challenge(&r, "", NULL, NULL, NULL);
	CHECK(r.realm[0] != '\0', "the realm alone");
	buf_init(&small, 30);
	CHECK(metadata_challenge(&small, RESOURCE, SCOPES, NULL, NULL, NULL) == -1, "no room");
	buf_finish(&small);
}

static void
run_urls(void)
{
	static const struct {
		const char	*resource, *url;
	} urls[] = {
		{ "https://a.example", "https://a.example" META },
		{ "https://a.example/", "https://a.example" META },
		{ "https://a.example/mcp", "https://a.example" META "/mcp" },
		{ "https://a.example/mcp/", "https://a.example" META "/mcp/" },
		{ "https://a.example/x/mcp", "https://a.example" META "/x/mcp" },
		{ "https://a.example:8443", "https://a.example:8443" META },
		{ "https://a.example:8443/", "https://a.example:8443" META },
		{ "https://a.example:8443/mcp", "https://a.example:8443" META "/mcp" },
		{ "http://127.0.0.1:8080/mcp", "http://127.0.0.1:8080" META "/mcp" },
		{ "http://[::1]:8080/mcp", "http://[::1]:8080" META "/mcp" },
	};
	struct read r;
	size_t i;

	for (i = 0; i < sizeof urls / sizeof urls[0]; i++) {
		challenge(&r, SCOPES, urls[i].resource, NULL, NULL);
		CHECK(strcmp(r.url, urls[i].url) == 0, "%s: %s", urls[i].resource, r.url);
	}
}

int
main(void)
{
	struct catalog c, bare;

	catalog_of(&c, rich);
	catalog_of(&bare, poor);
	c.tools[0]->off = "tools_off";
	run_scopes(&c, &bare);
	run_metadata();
	run_challenges(&c);
	run_urls();
	catalog_finish(&c);
	catalog_finish(&bare);
	return check_done();
}
