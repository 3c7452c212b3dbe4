/* SPDX-License-Identifier: MIT */
/*
 * test_urimatch.c - wire/urimatch: which URIs match a template and with what variables, templates
 * that cannot be matched, and expansions of wire/uritemplate, which give back what they came from.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "check.h"
#include "scarce.h"
#include "wire/json.h"
#include "wire/urimatch.h"
#include "wire/uritemplate.h"

#define THREAD	"ums://threads/{thread_id}"
#define DATA	"test://template/{id}/data"
#define MESSAGE	"ums://messages/{message_id}{?cursor,limit}"

static const struct {
	const char	*text;
	const char	*uri;
	const char	*vars;		/* NULL: it does not match */
} rows[] = {
	/* One variable, at the end and in the middle. */
	{ THREAD, "ums://threads/t1", "{\"thread_id\":\"t1\"}" },
	{ THREAD, "ums://threads/", NULL }, { THREAD, "ums://threads", NULL },
	{ THREAD, "ums://threads/a/b", NULL }, { THREAD, "ums://threads/a?b", NULL },
	{ THREAD, "ums://threads/a#b", NULL }, { THREAD, "ums://threads/a&b", NULL },
	{ THREAD, "ums://threads/a/", NULL }, { THREAD, "ums://threads//", NULL },
	{ THREAD, "xums://threads/a", NULL }, { THREAD, "", NULL }, { THREAD, "u", NULL },
	{ THREAD, "ums://threads/!abc:example.org", "{\"thread_id\":\"!abc:example.org\"}" },
	{ THREAD, "ums://threads/a+b", "{\"thread_id\":\"a+b\"}" },
	{ THREAD, "ums://threads/{thread_id}", "{\"thread_id\":\"{thread_id}\"}" },
	{ DATA, "test://template/123/data", "{\"id\":\"123\"}" },
	{ DATA, "test://template//data", NULL }, { DATA, "test://template/1/2/data", NULL },
	{ DATA, "test://template/1/dat", NULL }, { DATA, "test://template/1/data/", NULL },
	{ DATA, "test://template/1/Data", NULL }, { DATA, "test://template/data", NULL },
	{ DATA, "test://template/1/data?x=1", NULL },
	/* The query. */
	{ MESSAGE, "ums://messages/m", "{\"message_id\":\"m\"}" },
	{ MESSAGE, "ums://messages/m?cursor=c", "{\"message_id\":\"m\",\"cursor\":\"c\"}" },
	{ MESSAGE, "ums://messages/m?limit=5", "{\"message_id\":\"m\",\"limit\":\"5\"}" },
	{ MESSAGE, "ums://messages/m?limit=5&cursor=c",
	    "{\"message_id\":\"m\",\"cursor\":\"c\",\"limit\":\"5\"}" },
	{ MESSAGE, "ums://messages/m?cursor=", "{\"message_id\":\"m\",\"cursor\":\"\"}" },
	{ MESSAGE, "ums://messages/m?cursor=a=b/c?d+e",
	    "{\"message_id\":\"m\",\"cursor\":\"a=b/c?d+e\"}" },
	{ MESSAGE, "ums://messages/m?cursor=%26%3D%23%2B",
	    "{\"message_id\":\"m\",\"cursor\":\"&=#+\"}" },
	{ MESSAGE, "ums://messages/m?%63ursor=c", "{\"message_id\":\"m\",\"cursor\":\"c\"}" },
	{ MESSAGE, "ums://messages/m?", NULL }, { MESSAGE, "ums://messages/m?cursor", NULL },
	{ MESSAGE, "ums://messages/m?other=1", NULL }, { MESSAGE, "ums://messages/m?=1", NULL },
	{ MESSAGE, "ums://messages/m?cursor=c&other=1", NULL },
	{ MESSAGE, "ums://messages/m?message_id=2", NULL },
	{ MESSAGE, "ums://messages/m?cursor=1&cursor=2", NULL },
	{ MESSAGE, "ums://messages/m?cursor=&cursor=", NULL },
	{ MESSAGE, "ums://messages/m?cursor=1&", NULL }, { MESSAGE, "ums://messages/m?&limit=1", NULL },
	{ MESSAGE, "ums://messages/m?Cursor=1", NULL }, { MESSAGE, "ums://messages/m?cursors=1", NULL },
	{ MESSAGE, "ums://messages/m?curso=1", NULL }, { MESSAGE, "ums://messages/m?cursor%3D1", NULL },
	{ MESSAGE, "ums://messages/m?cursor=1#f", NULL }, { MESSAGE, "ums://messages/m#f?cursor=1", NULL },
	{ MESSAGE, "ums://messages/?cursor=1", NULL }, { MESSAGE, "ums://messages/m&cursor=1", NULL },
	{ "a:{x}/z{?q}", "a:1/z?q=2", "{\"x\":\"1\",\"q\":\"2\"}" }, { "a:{x}/z{?q}", "a:1/z2?q=2", NULL },
	{ "a:b{?q}", "a:b", "{}" }, { "a:b{?q}", "a:b?q=1", "{\"q\":\"1\"}" }, { "{?q}", "?q=1", "{\"q\":\"1\"}" },
	{ "a:?q={q}&n={n}", "a:?q=x&n=1", "{\"q\":\"x\",\"n\":\"1\"}" }, { "a:?q={q}&n={n}", "a:?n=1&q=x", NULL },
	{ "a:b#{f}", "a:b#c", "{\"f\":\"c\"}" },
	/* No variables. */
	{ "ums://me", "ums://me", "{}" }, { "ums://me", "ums://you", NULL }, { "ums://me", "ums://me?", NULL },
	{ "", "", "{}" }, { "", "a", NULL },
	/* Triplets. */
	{ THREAD, "ums://threads/a%2Fb", "{\"thread_id\":\"a/b\"}" },
	{ THREAD, "ums://threads/a%2fb%3f%26%23%25", "{\"thread_id\":\"a/b?&#%\"}" },
	{ THREAD, "ums://threads/%C3%A9%F0%9D%84%9E", "{\"thread_id\":\"\\u00e9\\ud834\\udd1e\"}" },
	{ THREAD, "ums://threads/\xc3\xa9", "{\"thread_id\":\"\\u00e9\"}" },
	{ THREAD, "ums://threads/\xc3%a9", "{\"thread_id\":\"\\u00e9\"}" },
	{ THREAD, "ums://threads/%2525", "{\"thread_id\":\"%25\"}" },
	{ THREAD, "ums://threads/%0A", "{\"thread_id\":\"\\n\"}" },
	{ THREAD, "ums://threads/%00", NULL }, { THREAD, "ums://threads/a%00b", NULL },
	{ THREAD, "ums://threads/%", NULL }, { THREAD, "ums://threads/%4", NULL },
	{ THREAD, "ums://threads/%zz", NULL }, { THREAD, "ums://threads/%4g1", NULL },
	{ THREAD, "ums://threads/%C3", NULL }, { THREAD, "ums://threads/%C0%80", NULL },
	{ THREAD, "ums://threads/\xc0\x80", NULL }, { THREAD, "ums://threads/%ED%A0%80", NULL },
	{ THREAD, "ums://threads/%FF", NULL }, { MESSAGE, "ums://messages/m?limit=%", NULL },
	{ MESSAGE, "ums://messages/m?limit=%00", NULL }, { MESSAGE, "ums://messages/m?limit=%C3", NULL },
	{ MESSAGE, "ums://messages/m?limit=%2&cursor=0", NULL }, { DATA, "test://template/%2/data", NULL },
	/* Literals: the scheme's case, triplets of what is unreserved, and of what is reserved. */
	{ THREAD, "UMS://threads/T", "{\"thread_id\":\"T\"}" }, { THREAD, "ums://Threads/T", NULL },
	{ "A.b-1+:x", "a.B-1+:x", "{}" }, { "1a:x", "1A:x", NULL }, { "a_b:x", "A_B:x", NULL },
	{ "ab{x}:y", "AB1:y", NULL }, { "{s}://h", "A://h", "{\"s\":\"A\"}" }, { "ab", "AB", NULL },
	{ THREAD, "ums://%74hreads/1", "{\"thread_id\":\"1\"}" }, { THREAD, "%75ms://threads/1", NULL },
	{ THREAD, "ums:/%2Fthreads/1", NULL }, { THREAD, "ums%3A//threads/1", NULL },
	{ "a:%7Eb/{x}", "a:~b/1", "{\"x\":\"1\"}" }, { "a:~b/{x}", "a:%7eb/1", "{\"x\":\"1\"}" },
	{ "a:%2Fb/{x}", "a:%2fb/1", "{\"x\":\"1\"}" }, { "a:%2Fb/{x}", "a:/b/1", NULL },
	{ "a:%25/{x}", "a:%25/1", "{\"x\":\"1\"}" }, { "a:b%20c", "a:b c", "{}" },
	{ "a:\xc3\xbc/{x}", "a:%C3%bc/1", "{\"x\":\"1\"}" }, { "a:%C3%BC/{x}", "a:\xc3\xbc/1", "{\"x\":\"1\"}" },
	/* The first place from which the rest matches. */
	{ "{a}-{b}", "x-y-z", "{\"a\":\"x\",\"b\":\"y-z\"}" }, { "{a}-{b}", "x-", NULL },
	{ "{a}-{b}", "-x", NULL }, { "{a}-{b}", "--x", "{\"a\":\"-\",\"b\":\"x\"}" },
	{ "{a}-{b}", "x%2Dy", "{\"a\":\"x\",\"b\":\"y\"}" }, { "{a}:{b}", "x%3Ay:z", "{\"a\":\"x:y\",\"b\":\"z\"}" },
	{ "{a}:{b}", "x:y:z", "{\"a\":\"x\",\"b\":\"y:z\"}" }, { "{a}-/{b}", "x--/y", "{\"a\":\"x-\",\"b\":\"y\"}" },
	{ "{a}ab/{b}", "aabab/c", "{\"a\":\"aab\",\"b\":\"c\"}" }, { "{a}aa", "aaaa", "{\"a\":\"aa\"}" },
	{ "{a}x{b}x", "1xx", NULL }, { "{a}x{b}x", "1xxx", "{\"a\":\"1\",\"b\":\"x\"}" },
	{ "{a}x{b}y/z", "1x2x3y4y/z", "{\"a\":\"1\",\"b\":\"2x3y4\"}" }, { "{a}x{b}y/z", "1x2/y/z", NULL },
	{ "{a}.json", "x.json.json", "{\"a\":\"x.json\"}" }, { "{a}.json", ".json", NULL },
	{ "{a}%C3%BC{b}", "x%C3%A9\xc3\xbcy", "{\"a\":\"x\\u00e9\",\"b\":\"y\"}" },
	{ "/{a}/{b.c}/{_1}", "/x/y/z", "{\"a\":\"x\",\"b.c\":\"y\",\"_1\":\"z\"}" },
	{ "/{a}/{b.c}/{_1}", "/x//z", NULL }, { "/{a}/{b.c}/{_1}", "/x/y", NULL },
};

static const struct {
	const char	*text;
	const char	*why;
} broken[] = {
	{ "a{", "at byte 2: a variable's name" }, { "a}", "at byte 1: a '}'" },
	{ "a:{x", "an expression ends" }, { "a b", "must be written as %XX" },
	{ "{+x}", "at byte 0: {+...} cannot" }, { "a{#x}", "at byte 1: {#...}" }, { "{.x}", "{....}" },
	{ "{/x}", "{/...}" }, { "{;x}", "{;...}" }, { "{&x}", "{&...}" }, { "{x,y}", "one name" },
	{ "{x:3}", "one name" }, { "{x*}", "one name" }, { "{?x*}", "no ':' and no '*'" },
	{ "{?x,y:3}", "no ':' and no '*'" }, { "a:{?x}b", "at byte 2: {?...} is not at the end" },
	{ "{?x}{?y}", "not at the end" }, { "{?x}{y}", "not at the end" },
	{ "a:?b{?x}", "at byte 4: {?...} stands behind" }, { "a:#{?x}", "stands behind" },
	{ "a:{x}{y}", "at byte 5: two variables without" }, { "{x}/{x}", "variable x stands there twice" },
	{ "{x}{?y,x}", "variable x stands there twice" }, { "{?y,y}", "variable y stands there twice" },
	{ "{%41}", "variable %41 has a '%'" }, { "a:%C3{x}", "at byte 1: the triplets of a literal" },
	{ "/%00", "the triplets of a literal" }, { "/{x}%BC{y}", "at byte 4: the triplets" },
};

/* Each comes back as it was: strings, whatever is in them, where a literal has a reserved character. */
static const char *const templates[] = {
	"ums://x/{a}", "ums://x/{a}/{b}", "ums://x/{a}/y{?b}", "ums://x/{a}{?b}", "{a}:{b}", "ums:{a}-/{b}.json",
	"x-y:\xc3\xbc/{a}%2f%41~(\xe2\x82\xac)/{b}", "s://h/?a={a}&b={b}", "ums://x#{a}!{b}", "ums:{a};x;{b}",
};
static const char *const strings[] = {
	"a", "-", ".", "..", "~", "a b", "+", "%", "%41", "%2F", "%zz", "/", "a/b/../c", "?", "#", "&", "=", "&b=x",
	":", ";x;", "-/", "!", "{a}", "\"", "\\", "'", "\n", "\r\n", "\t", "\x01", "\x7f", ".json", "y?b=1",
	"\xc2\x80", "\xc3\xbc", "\xc3\xa9", "e\xcc\x81", "\xe2\x82\xac", "\xe6\x97\xa5\xe6\x9c\xac",
	"\xd8\xb9\xd8\xb1\xd8\xa8\xd9\x8a", "\xef\xbb\xbf", "\xef\xbf\xbd", "\xef\xbf\xbf", "\xed\x9f\xbf",
	"\xee\x80\x80", "\xf0\x90\x80\x80", "\xf0\x9d\x84\x9e", "\xf4\x8f\xbf\xbf",
	"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", "!abc:example.org", "@\xc3\xbc:x/y", "(\xe2\x82\xac)",
};

static struct urimatch *
make(const char *text)
{
	char why[256] = "";
	struct urimatch *m = urimatch_create(text, why, sizeof why);

	CHECK(m != NULL, "%s: %s", text, why);
	return m;
}

static void
run_rows(void)
{
	struct buf got, want;
	struct urimatch *m;
	cJSON *vars;
	size_t i;
	int result;

	buf_init(&got, 65536);
	buf_init(&want, 65536);
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		m = make(rows[i].text);
		if (m == NULL)
			continue;
		result = urimatch_apply(m, rows[i].uri, &vars);
		CHECK(result == (vars != NULL), "%s %s: %d", rows[i].text, rows[i].uri, result);
		buf_reset(&got);
		buf_reset(&want);
		if (vars != NULL)
			json_print(&got, vars);
		cJSON_Delete(vars);
		vars = rows[i].vars == NULL ? NULL : cJSON_Parse(rows[i].vars);
		if (vars != NULL)
			json_print(&want, vars);
		cJSON_Delete(vars);
		CHECK(strcmp(buf_str(&got), buf_str(&want)) == 0, "%s %s: %s, not %s", rows[i].text,
		    rows[i].uri, buf_str(&got), buf_str(&want));
		urimatch_destroy(m);
	}
	buf_finish(&got);
	buf_finish(&want);
}

static void
run_broken(void)
{
	struct urimatch *m;
	char why[256], small[12];
	size_t i;

	for (i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		m = urimatch_create(broken[i].text, why, sizeof why);
		CHECK(m == NULL && strstr(why, broken[i].why) != NULL, "%s: %s", broken[i].text,
		    m == NULL ? why : "(taken)");
		urimatch_destroy(m);
		m = urimatch_create(broken[i].text, small, sizeof small);
		CHECK(m == NULL && strncmp(small, why, sizeof small - 1) == 0, "cut: %s", small);
		urimatch_destroy(m);
	}
}

static void
run_names(void)
{
	struct urimatch *m = make("a:{x}/{y.z}{?q,r}");

	CHECK(m != NULL && urimatch_count(m) == 4 && strcmp(urimatch_name(m, 0), "x") == 0 &&
	    strcmp(urimatch_name(m, 1), "y.z") == 0 && strcmp(urimatch_name(m, 2), "q") == 0 &&
	    strcmp(urimatch_name(m, 3), "r") == 0 && urimatch_name(m, 4) == NULL, "four names");
	CHECK(m != NULL && !urimatch_is_optional(m, 0) && !urimatch_is_optional(m, 1) &&
	    urimatch_is_optional(m, 2) && urimatch_is_optional(m, 3) && !urimatch_is_optional(m, 4),
	    "two of them optional");
	CHECK(m != NULL && urimatch_has(m, "x") && urimatch_has(m, "y.z") && urimatch_has(m, "r") &&
	    !urimatch_has(m, "y") && !urimatch_has(m, "X") && !urimatch_has(m, ""), "whole names");
	urimatch_destroy(m);
	urimatch_destroy(NULL);
}

/* `unit` so often that a text of `len` bytes begins with `head` and is full. */
static void
fill(struct buf *out, const char *head, const char *unit, size_t len)
{
	buf_reset(out);
	buf_puts(out, head);
	while (out->len + strlen(unit) <= len)
		buf_puts(out, unit);
}

static void
run_caps(void)
{
	struct urimatch *m = make("a:{x}");
	struct buf text;
	char why[256];
	cJSON *vars;
	size_t i;

	buf_init(&text, LIMIT_URL + 1);
	fill(&text, "a:", "x", LIMIT_URL);
	CHECK(m != NULL && urimatch_apply(m, buf_str(&text), &vars) == 1 &&
	    strlen(json_str(vars, "x")) == LIMIT_URL - 2, "as long as may be");
	cJSON_Delete(vars);
	buf_putc(&text, 'x');
	CHECK(m != NULL && urimatch_apply(m, buf_str(&text), &vars) == 0 && vars == NULL, "too long");
	urimatch_destroy(m);
	m = urimatch_create(buf_str(&text), why, sizeof why);
	CHECK(m == NULL && strstr(why, "not longer than") != NULL, "a template too long: %s", why);
	urimatch_destroy(m);
	buf_truncate(&text, LIMIT_URL);
	m = make(buf_str(&text));
	CHECK(m != NULL && urimatch_apply(m, buf_str(&text), &vars) == 1, "a literal as long as may be");
	cJSON_Delete(vars);
	urimatch_destroy(m);

	/* As many variables as a template may have, all in the path, and all in the query. */
	buf_reset(&text);
	for (i = 0; i < LIMIT_TEMPLATE_VARS; i++)
		buf_printf(&text, "/{v%zu}", i);
	m = make(buf_str(&text));
	fill(&text, "", "/x", 2 * LIMIT_TEMPLATE_VARS);
	CHECK(m != NULL && urimatch_apply(m, buf_str(&text), &vars) == 1 &&
	    cJSON_GetArraySize(vars) == LIMIT_TEMPLATE_VARS, "all in the path");
	cJSON_Delete(vars);
	urimatch_destroy(m);
	buf_reset(&text);
	for (i = 0; i < LIMIT_TEMPLATE_VARS; i++)
		buf_printf(&text, "%sv%zu", i == 0 ? "{?" : ",", i);
	buf_putc(&text, '}');
	m = make(buf_str(&text));
	buf_reset(&text);
	for (i = LIMIT_TEMPLATE_VARS; i > 0; i--)
		buf_printf(&text, "%sv%zu=", text.len == 0 ? "?" : "&", i - 1);
	CHECK(m != NULL && urimatch_apply(m, buf_str(&text), &vars) == 1 &&
	    cJSON_GetArraySize(vars) == LIMIT_TEMPLATE_VARS, "all in the query");
	cJSON_Delete(vars);
	urimatch_destroy(m);
	buf_finish(&text);
}

/* The variables of a template, expanded and matched. */
static void
round_trip(const struct uritemplate *t, const struct urimatch *m, const char *text, const cJSON *values)
{
	const char *why, *name;
	struct buf uri;
	cJSON *vars;

	buf_init(&uri, LIMIT_URL);
	CHECK(uritemplate_expand(t, values, &uri, &why, &name) == 0, "%s", text);
	CHECK(urimatch_apply(m, buf_str(&uri), &vars) == 1 && cJSON_Compare(vars, values, true),
	    "%s, by %s", buf_str(&uri), text);
	cJSON_Delete(vars);
	buf_finish(&uri);
}

static void
run_round_trips(void)
{
	size_t i, j, k, offset, count = sizeof strings / sizeof strings[0];
	struct uritemplate *t;
	struct urimatch *m;
	const char *why;
	cJSON *values;

	for (i = 0; i < sizeof templates / sizeof templates[0]; i++) {
		t = uritemplate_create(templates[i], &why, &offset);
		m = make(templates[i]);
		for (j = 0; m != NULL && j < count * count; j++) {
			values = cJSON_CreateObject();
			for (k = 0; k < urimatch_count(m); k++)
				json_put(values, urimatch_name(m, k),
				    cJSON_CreateString(strings[k == 0 ? j % count : j / count]));
			if (urimatch_count(m) > 1 || j < count)
				round_trip(t, m, templates[i], values);
			if (j < count && urimatch_is_optional(m, 1)) {
				cJSON_ReplaceItemInObject(values, "b", cJSON_CreateString(""));
				round_trip(t, m, templates[i], values);
				cJSON_DeleteItemFromObject(values, "b");
				round_trip(t, m, templates[i], values);
			}
			cJSON_Delete(values);
		}
		urimatch_destroy(m);
		uritemplate_destroy(t);
	}
}

static void
run_memory(void)
{
	struct urimatch *m = make(MESSAGE);
	int i, result = -1;
	cJSON *vars;

	for (i = 0; m != NULL && result == -1 && i < 100; i++) {
		scarce_begin(i);
		result = urimatch_apply(m, "ums://messages/m?limit=1", &vars);
		CHECK(result == 1 ? vars != NULL : result == -1 && vars == NULL, "%d allocations: %d", i,
		    result);
		cJSON_Delete(vars);
	}
	CHECK(result == 1 && i > 5, "with %d allocations it matches", i);
	scarce_end();
	urimatch_destroy(m);
}

int
main(void)
{
	run_rows();
	run_broken();
	run_names();
	run_caps();
	run_round_trips();
	run_memory();
	return check_done();
}
