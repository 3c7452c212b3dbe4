/* SPDX-License-Identifier: MIT */
/* test_principal.c - mcp/principal: who is held how often, and the judge of scopes. */
#include <string.h>

#include "base/buf.h"
#include "catalog.h"
#include "check.h"
#include "mcp/principal.h"

#define TOOL(name, scopes) \
	"{\"name\":\"" name "\",\"description\":\"d\"" scopes "," \
	"\"inputSchema\":{\"type\":\"object\"}," \
	"\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":{}}"

static const char service[] = "{\"name\":\"demo\",\"base_url\":\"https://a\",\"tools\":["
    TOOL("free", "") "," TOOL("empty", ",\"scopes\":[]") ","
    TOOL("one", ",\"scopes\":[\"mail.read\"]") ","
    TOOL("two", ",\"scopes\":[\"mail.read\",\"mail.send\"]") ","
    TOOL("twice", ",\"scopes\":[\"mail.read\",\"mail.read\"]") ","
    TOOL("odd", ",\"scopes\":[\"https://a.example/x:y\",\"!#[]~\"]") "]}";

/* What a caller with these scopes may use; NULL: one who has no such bounds. */
static const struct {
	const char	*scopes, *may;
} judged[] = {
	{ NULL, "free empty one two twice odd server_info" },
	{ "", "free empty server_info" },
	{ " ", "free empty server_info" },
	{ "mail.read", "free empty one twice server_info" },
	{ "mail.send", "free empty server_info" },
	{ "mail.read mail.send", "free empty one two twice server_info" },
	{ "mail.send mail.read", "free empty one two twice server_info" },
	{ "  mail.send   mail.read  ", "free empty one two twice server_info" },
	{ "x mail.read y", "free empty one twice server_info" },
	{ "mail.read mail.read", "free empty one twice server_info" },
	/* No scope is part of another, and none is a pattern. */
	{ "mail", "free empty server_info" },
	{ "mail.rea", "free empty server_info" },
	{ "mail.reader", "free empty server_info" },
	{ "xmail.read", "free empty server_info" },
	{ "mail.read.all mail.", "free empty server_info" },
	{ "mail.*", "free empty server_info" },
	{ "*", "free empty server_info" },
	{ "Mail.Read", "free empty server_info" },
	{ "mail.read,mail.send", "free empty server_info" },
	{ "mail.read\tmail.send", "free empty server_info" },
	{ "mail.read\n", "free empty server_info" },
	{ "mail.read mail", "free empty one twice server_info" },
	{ "https://a.example/x:y !#[]~", "free empty odd server_info" },
	{ "https://a.example/x:y", "free empty server_info" },
};

static bool
is_named(const char *names, const char *name)
{
	size_t len = strlen(name);
	const char *at = strstr(names, name);

	for (; at != NULL; at = strstr(at + 1, name))
		if ((at == names || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

static void
run_judge(const struct catalog *c)
{
	struct principal *p;
	size_t i, k;

	for (i = 0; i < sizeof judged / sizeof judged[0]; i++) {
		p = principal_create("me", judged[i].scopes, NULL, 0);
		CHECK(p != NULL, "memory");
		for (k = 0; p != NULL && k < c->ntools; k++)
			CHECK(principal_may(p, c->tools[k]) ==
			    is_named(judged[i].may, c->tools[k]->name), "\"%s\": %s",
			    judged[i].scopes == NULL ? "(all)" : judged[i].scopes,
			    c->tools[k]->name);
		principal_drop(p);
	}
}

static void
run_needs(const struct catalog *c)
{
	static const char *const wanted[] = { "", "", "mail.read", "mail.read mail.send",
	    "mail.read mail.read", "https://a.example/x:y !#[]~", "" };
	struct buf text;
	size_t i;

	for (i = 0; i < c->ntools; i++) {
		buf_init(&text, 100);
		CHECK(principal_needs(&text, c->tools[i]) == 0 &&
		    strcmp(buf_str(&text), wanted[i]) == 0, "%s: \"%s\"", c->tools[i]->name,
		    buf_str(&text));
		buf_finish(&text);
	}
	buf_init(&text, 5);
	CHECK(principal_needs(&text, c->tools[3]) == -1, "no room");
	buf_finish(&text);
}

static void
run_holders(void)
{
	struct principal *p = principal_create("me", "a b", "t0ken", 7);

	CHECK(p != NULL && strcmp(p->name, "me") == 0 && strcmp(p->scopes, "a b") == 0 &&
	    strcmp(p->token, "t0ken") == 0 && p->expires_ms == 7 && p->holders == 1, "made");
	CHECK(principal_hold(p) == p && p->holders == 2, "held");
	principal_drop(p);
	CHECK(p->holders == 1 && strcmp(p->token, "t0ken") == 0, "still there");
	principal_drop(p);
	p = principal_create("", NULL, NULL, 0);
	CHECK(p != NULL && p->scopes == NULL && p->token == NULL, "all, and nothing to exchange");
	principal_drop(p);
	principal_drop(NULL);
}

int
main(void)
{
	struct catalog c;

	catalog_of(&c, service);
	run_judge(&c);
	run_needs(&c);
	run_holders();
	catalog_finish(&c);
	return check_done();
}
