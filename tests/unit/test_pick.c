/* SPDX-License-Identifier: MIT */
/* test_pick.c - mcp/pick: which picks are let in, what each form builds, what is untrusted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "check.h"
#include "mcp/pick.h"
#include "scarce.h"
#include "wire/json.h"

static const char known_text[] = "{\"id\":{},\"fields\":{}}";
static const char args_text[] =
    "{\"id\":\"a\\u200bb\",\"fields\":[\"x\",\"z\",7],\"n\":5,\"nil\":null,\"word\":\"x\"}";
static const char document_text[] =
    "{\"at\":1700000000,\"at_ms\":\"1700000000123\",\"ts\":\"1700000000.500000\",\"s\":\"text\",\"dirty\":\"a\\u200b\\u202eb\\u0000c\",\"n\":12345678901234567890123,\"f\":1.50,"
    "\"t\":true,\"nil\":null,\"e\":\"\",\"state\":\"QUEUED\",\"o\":{\"a\":{\"b\":\"deep\\u200b\"},"
    "\"l\":[\"\\u200bx\",null,{\"k\":\"\\u200by\"}]},\"a/b\":1,\"m~n\":2,\"list\":[{\"x\":1,\"y\":\"two\","
    "\"z\":[3]},{\"x\":4},{}],\"words\":[\"p\",\"q\\u200b\"],\"mixed\":[1,\"a\",null,{\"x\":9},[]],"
    "\"empty\":[],\"by\":{\"a\":{\"x\":1},\"c\":{\"x\":3},\"b\":{\"x\":2}},"
    "\"names\":[\"c\",\"none\",7,\"a\",\"c\"]}";

static cJSON *
parse(const char *text)
{
	struct json_fault fault;
	cJSON *item = json_parse(text, strlen(text), &fault);

	CHECK(item != NULL, "%s", text);
	return item;
}

static const struct {
	const char	*pick;
	const char	*place;		/* NULL: fine */
	const char	*want;
} checks[] = {
	{ "\"\"", NULL, NULL }, { "\"/a/0/b~1c\"", NULL, NULL }, { "{}", NULL, NULL },
	{ "{\"pointer\":\"/a\"}", NULL, NULL },
	{ "{\"pointer\":\"/a\",\"untrusted\":true,\"default\":null,\"map\":{\"x\":1}}", NULL, NULL },
	{ "{\"each\":\"/a\",\"item\":\"/b\"}", NULL, NULL },
	{ "{\"each\":\"\",\"item\":{\"x\":\"/b\"},\"only\":\"fields\"}", NULL, NULL },
	{ "{\"value\":[1,{}]}", NULL, NULL }, { "{\"value\":null}", NULL, NULL },
	{ "{\"argument\":\"id\"}", NULL, NULL }, { "{\"a\":{\"b\":{\"c\":\"/d\"}}}", NULL, NULL },
	{ "{\"uriTemplate\":\"x:{a}{?b}\",\"variables\":{\"a\":\"/a\",\"b\":{\"argument\":\"id\"}}}", NULL, NULL },
	{ "{\"uriTemplate\":\"x:\",\"variables\":{}}", NULL, NULL },
	{ "{\"uriTemplate\":\"x:{a}\"}", "", "\"variables\" must be an object of a pick" },
	{ "{\"uriTemplate\":\"x:{a}\",\"variables\":{}}", "", "\"variables\" has no pick for {a}" },
	{ "{\"uriTemplate\":\"x:{a}\",\"variables\":{\"a\":\"/a\",\"b\":\"/b\"}}", "",
	    "\"uriTemplate\" has no variable {b}" },
	{ "{\"uriTemplate\":\"x:{a\",\"variables\":{\"a\":\"/a\"}}", "", "\"uriTemplate\" is no URI Template" },
	{ "{\"uriTemplate\":7,\"variables\":{\"a\":\"/a\"}}", "", "\"uriTemplate\" is no URI Template" },
	{ "{\"uriTemplate\":\"x:{a}\",\"variables\":{\"a\":\"a\"}}", "/variables/a", "is not a JSON Pointer" },
	{ "{\"uriTemplate\":\"x:{a}\",\"variables\":{\"a\":\"/a\"},\"b\":\"\"}", "", "unknown key \"b\"" },
	{ "1", "", "must be a pointer in a string or an object" }, { "null", "", "must be a pointer" },
	{ "[]", "", "must be a pointer" }, { "true", "", "must be a pointer" },
	{ "\"a\"", "", "\"a\" is not a JSON Pointer: " }, { "\"/~2\"", "", "is not a JSON Pointer" },
	{ "{\"pointer\":\"a\"}", "", "is not a JSON Pointer" },
	{ "{\"pointer\":1}", "", "must be a JSON Pointer in a string" },
	{ "{\"pointer\":\"/a\",\"untrusted\":1}", "", "\"untrusted\" must be true or false" },
	{ "{\"pointer\":\"/a\",\"map\":[]}", "", "\"map\" must be an object" },
	{ "{\"pointer\":\"/a\",\"trusted\":true}", "", "unknown key \"trusted\" beside \"pointer\"" },
	{ "{\"pointer\":\"/a\",\"value\":1}", "", "unknown key \"value\"" },
	{ "{\"each\":\"/a\"}", "/item", "must be a pointer" },
	{ "{\"each\":\"/a\",\"item\":1}", "/item", "must be a pointer" },
	{ "{\"each\":\"a\",\"item\":\"/b\"}", "", "is not a JSON Pointer" },
	{ "{\"each\":1,\"item\":\"/b\"}", "", "must be a JSON Pointer in a string" },
	{ "{\"each\":\"/a\",\"item\":\"/b\",\"only\":\"nobody\"}", "", "must name an argument" },
	{ "{\"each\":\"/a\",\"item\":\"/b\",\"only\":1}", "", "must name an argument" },
	{ "{\"each\":\"/a\",\"item\":\"/b\",\"limit\":1}", "", "unknown key \"limit\" beside \"each\"" },
	{ "{\"each\":\"/a\",\"item\":{\"x\":{\"y\":\"z\"}}}", "/item/x/y", "is not a JSON Pointer" },
	{ "{\"value\":1,\"map\":{}}", "", "unknown key \"map\" beside \"value\"" },
	{ "{\"argument\":\"nobody\"}", "", "must name an argument" },
	{ "{\"argument\":\"id\",\"default\":1}", "", "unknown key \"default\" beside \"argument\"" },
	{ "{\"a\":\"/b\",\"c\":\"d\"}", "/c", "is not a JSON Pointer" },
	{ "{\"a\":{\"b\":7}}", "/a/b", "must be a pointer" },
	{ "{\"each\":\"/a\",\"item\":\"\",\"omit_empty\":true}", NULL, NULL },
	{ "{\"each\":\"/a\",\"item\":\"\",\"omit_empty\":1}", "", "\"omit_empty\" must be true or false" },
	{ "{\"each\":\"/a\",\"key\":\"\",\"item\":{}}", "", "\"key\" must be the name" },
	{ "{\"each\":\"/a\",\"order\":\"/b\",\"item\":\"\"}", NULL, NULL },
	{ "{\"each\":\"/a\",\"order\":\"b\",\"item\":\"\"}", "", "\"b\" is not a JSON Pointer" },
	{ "{\"each\":\"/a\",\"order\":1,\"item\":\"\"}", "", "must be a JSON Pointer in a string" },
};

static const struct {
	const char	*pick;
	const char	*want;		/* NULL: absent; '!': fails */
} cases[] = {
	{ "\"/s\"", "\"text\"" }, { "\"/n\"", "12345678901234567890123" }, { "\"/f\"", "1.50" },
	{ "\"/t\"", "true" }, { "\"/nil\"", NULL }, { "\"/gone\"", NULL }, { "\"/s/0\"", NULL },
	{ "\"/e\"", "\"\"" }, { "\"/dirty\"", "\"abc\"" }, { "\"/o/a/b\"", "\"deep\"" },
	{ "\"/a~1b\"", "1" }, { "\"/m~0n\"", "2" }, { "\"/list/1/x\"", "4" },
	{ "\"/o\"", "{\"a\":{\"b\":\"deep\"},\"l\":[\"x\",null,{\"k\":\"y\"}]}" },
	{ "\"/empty\"", "[]" },
	{ "{\"pointer\":\"/dirty\"}", "\"abc\"" },
	{ "{\"pointer\":\"/gone\",\"default\":{\"d\":1}}", "{\"d\":1}" },
	{ "{\"pointer\":\"/nil\",\"default\":false}", "false" },
	{ "{\"pointer\":\"/s\",\"default\":false}", "\"text\"" },
	{ "{\"pointer\":\"/at\",\"time\":\"s\"}", "\"2023-11-14T22:13:20.000Z\"" },
	{ "{\"pointer\":\"/at_ms\",\"time\":\"ms\"}", "\"2023-11-14T22:13:20.123Z\"" },
	{ "{\"pointer\":\"/ts\",\"time\":\"s\"}", "\"2023-11-14T22:13:20.500Z\"" },
	{ "{\"pointer\":\"/s\",\"time\":\"s\"}", "\"text\"" },
	{ "{\"pointer\":\"/n\",\"time\":\"s\"}", "12345678901234567890123" },
	{ "{\"pointer\":\"/gone\",\"time\":\"s\"}", NULL },
	{ "{\"pointer\":\"/gone\",\"default\":null}", NULL },
	{ "{\"pointer\":\"/state\",\"map\":{\"QUEUED\":\"queued\"}}", "\"queued\"" },
	{ "{\"pointer\":\"/state\",\"map\":{\"QUEUED\":{\"v\":[1]}}}", "{\"v\":[1]}" },
	{ "{\"pointer\":\"/state\",\"map\":{\"QUEUED\":null}}", NULL },
	{ "{\"pointer\":\"/state\",\"map\":{\"queued\":1}}", "\"QUEUED\"" },
	{ "{\"pointer\":\"/t\",\"map\":{\"true\":1}}", "true" },
	{ "{\"value\":\"a\\u200bb\"}", "\"a\xe2\x80\x8b" "b\"" }, { "{\"value\":null}", NULL },
	{ "{\"value\":{\"pointer\":\"/s\"}}", "{\"pointer\":\"/s\"}" },
	{ "{\"argument\":\"n\"}", "5" }, { "{\"argument\":\"nil\"}", NULL }, { "{\"argument\":\"gone\"}", NULL },
	{ "{}", "{}" }, { "{\"a\":\"/gone\"}", "{}" },
	{ "{\"a\":{\"b\":\"/gone\",\"c\":{\"d\":\"/gone\"}},\"e\":\"/t\"}", "{\"e\":true}" },
	{ "{\"a\":{\"b\":{\"c\":\"/t\"}},\"d\":{\"value\":{}}}", "{\"a\":{\"b\":{\"c\":true}},\"d\":{}}" },
	{ "{\"each\":\"/by\",\"order\":\"/names\",\"item\":\"/x\"}", "[3,1]" },
	{ "{\"each\":\"/by\",\"order\":\"/names\",\"key\":\"k\",\"item\":{\"x\":\"/x\"}}",
	    "[{\"x\":3,\"k\":\"c\"},{\"x\":1,\"k\":\"a\"}]" },
	{ "{\"each\":\"/by\",\"order\":\"/gone\",\"item\":\"/x\"}", "[]" },
	{ "{\"each\":\"/by\",\"order\":\"/t\",\"item\":\"/x\"}", "[]" },
	{ "{\"each\":\"/empty\",\"order\":\"/names\",\"item\":\"/x\"}", "!" },
	{ "{\"each\":\"/gone\",\"order\":\"/names\",\"item\":\"/x\"}", NULL },
	{ "{\"a\":\"/s\",\"b\":\"/gone\",\"c\":{\"d\":\"/nil\",\"e\":\"/t\"}}",
	    "{\"a\":\"text\",\"c\":{\"e\":true}}" },
	{ "{\"each\":\"/gone\",\"item\":\"\"}", NULL }, { "{\"each\":\"/nil\",\"item\":\"\"}", NULL },
	{ "{\"each\":\"/empty\",\"item\":\"\"}", "[]" },
	{ "{\"each\":\"/empty\",\"item\":\"\",\"omit_empty\":false}", "[]" },
	{ "{\"each\":\"/empty\",\"item\":\"\",\"omit_empty\":true}", NULL },
	{ "{\"each\":\"/words\",\"item\":{\"pointer\":\"\",\"map\":{\"p\":null}},\"omit_empty\":true}", "[\"q\"]" },
	{ "{\"each\":\"/list\",\"item\":\"/gone\",\"omit_empty\":true}", NULL },
	{ "{\"a\":{\"b\":{\"each\":\"/empty\",\"item\":\"\",\"omit_empty\":true}},\"c\":\"/e\"}",
	    "{\"c\":\"\"}" },
	{ "{\"each\":\"/words\",\"item\":\"\"}", "[\"p\",\"q\"]" },
	{ "{\"each\":\"/list\",\"item\":\"/x\"}", "[1,4]" },
	{ "{\"each\":\"/list\",\"item\":{\"x\":\"/x\",\"y\":\"/y\"}}",
	    "[{\"x\":1,\"y\":\"two\"},{\"x\":4},{}]" },
	{ "{\"each\":\"/list\",\"item\":{\"x\":\"/x\",\"y\":\"/y\",\"z\":\"/z\"},\"only\":\"fields\"}",
	    "[{\"x\":1,\"z\":[3]},{\"x\":4},{}]" },
	{ "{\"each\":\"/list\",\"item\":{\"x\":\"/x\"},\"only\":\"gone\"}", "[{\"x\":1},{\"x\":4},{}]" },
	{ "{\"each\":\"/list\",\"item\":{\"x\":\"/x\"},\"only\":\"word\"}", "[{\"x\":1},{\"x\":4},{}]" },
	{ "{\"each\":\"/words\",\"item\":\"\",\"only\":\"fields\"}", "[\"p\",\"q\"]" },
	{ "{\"each\":\"/mixed\",\"item\":\"/x\"}", "[9]" },
	{ "{\"each\":\"/list\",\"item\":\"/z\",\"only\":\"fields\"}", "[[3]]" },
	{ "{\"each\":\"/list\",\"item\":{\"l\":{\"each\":\"/z\",\"item\":\"\"}}}", "[{\"l\":[3]},{},{}]" },
	{ "{\"uriTemplate\":\"x:{a}{?b}\",\"variables\":{\"a\":\"/s\",\"b\":\"/n\"}}",
	    "\"x:text?b=12345678901234567890123\"" },
	{ "{\"uriTemplate\":\"x:{a}\",\"variables\":{\"a\":\"/dirty\"}}", "\"x:abc\"" },
	{ "{\"uriTemplate\":\"x:{a}\",\"variables\":{\"a\":\"/e\"}}", NULL },
	{ "{\"uriTemplate\":\"x:{a}{?b}\",\"variables\":{\"a\":\"/s\",\"b\":\"/gone\"}}", NULL },
	{ "{\"uriTemplate\":\"x:{a}\",\"variables\":{\"a\":{\"pointer\":\"/gone\",\"default\":\"/?\"}}}",
	    "\"x:%2F%3F\"" },
	{ "{\"uriTemplate\":\"x:{a}\",\"variables\":{\"a\":\"/list\"}}", "!" },
	{ "{\"uriTemplate\":\"x:{a}\",\"variables\":{\"a\":{\"each\":\"/s\",\"item\":\"\"}}}", "!" },
	{ "{\"each\":\"/s\",\"item\":\"\"}", "!" }, { "{\"each\":\"/o\",\"item\":\"\"}", "!" },
	{ "{\"a\":\"/s\",\"b\":{\"each\":\"/s\",\"item\":\"\"}}", "!" },
	{ "{\"each\":\"/list\",\"item\":{\"l\":{\"each\":\"/x\",\"item\":\"\"}}}", "!" },
};

static const struct {
	const char	*pick;
	const char	*want;
} marks[] = {
	{ "{\"a\":\"/a\"}", "[]" },
	{ "{\"a\":{\"pointer\":\"/a\",\"untrusted\":false}}", "[]" },
	{ "{\"a\":{\"pointer\":\"/a\",\"untrusted\":true}}", "[\"a\"]" },
	{ "{\"l\":{\"each\":\"/l\",\"item\":{\"t\":{\"pointer\":\"/t\",\"untrusted\":true},\"u\":\"/u\"}}}",
	    "[\"t\"]" },
	{ "{\"l\":{\"each\":\"/l\",\"item\":{\"pointer\":\"\",\"untrusted\":true}}}", "[\"l\"]" },
	{ "{\"a\":{\"n\":{\"pointer\":\"/a\",\"untrusted\":true}},\"b\":{\"n\":{\"pointer\":\"/b\","
	    "\"untrusted\":true},\"m\":{\"pointer\":\"/b\",\"untrusted\":true}}}", "[\"n\",\"m\"]" },
	{ "{\"u\":{\"uriTemplate\":\"x:{a}\",\"variables\":{\"a\":{\"pointer\":\"/a\",\"untrusted\":true}}}}",
	    "[\"u\"]" },
	{ "{\"v\":{\"value\":{\"untrusted\":true}},\"w\":{\"argument\":\"id\"}}", "[]" },
};

static void
run_depth(const cJSON *known)
{
	char text[LIMIT_PICK_DEPTH * 8 + 64], place[512] = "", why[256] = "";
	cJSON *pick;
	int depth, i;

	for (depth = LIMIT_PICK_DEPTH - 1; depth <= LIMIT_PICK_DEPTH + 1; depth++) {
		text[0] = '\0';
		for (i = 0; i < depth; i++)
			snprintf(text + strlen(text), sizeof text - strlen(text), "{\"a\":");
		snprintf(text + strlen(text), sizeof text - strlen(text), "\"/x\"");
		for (i = 0; i < depth; i++)
			snprintf(text + strlen(text), sizeof text - strlen(text), "}");
		pick = parse(text);
		place[0] = '\0';
		CHECK(pick_check(pick, known, place, sizeof place, why, sizeof why) ==
		    (depth <= LIMIT_PICK_DEPTH ? 0 : -1), "depth %d: %s", depth, why);
		cJSON_Delete(pick);
	}
}

/* With memory for n things only: no reason and nothing left behind, or the whole. */
static void
run_memory(const cJSON *document, const cJSON *args)
{
	static const char text[] = "{\"o\":\"/o\",\"l\":{\"each\":\"/list\",\"item\":{\"x\":\"/x\","
	    "\"y\":\"/y\",\"a\":{\"argument\":\"id\"}},\"only\":\"fields\"},\"v\":{\"value\":[1,{}]}}";
	cJSON *pick = parse(text), *out;
	const char *why;
	int i, result = -1;

	for (i = 0; result != 0 && i < 1000; i++) {
		out = NULL;
		why = "none";
		scarce_begin(i);
		result = pick_apply(pick, document, args, &out, &why);
		scarce_end();
		CHECK(result == 0 ? out != NULL : out == NULL && why == NULL, "%d allocations", i);
		cJSON_Delete(out);
	}
	CHECK(result == 0 && i > 20, "%d allocations", i);
	cJSON_Delete(pick);
}

/* A URI of more bytes than a URL may have is no URI, and that is not for want of memory. */
static void
run_long(void)
{
	cJSON *pick = parse("{\"uriTemplate\":\"x:{a}\",\"variables\":{\"a\":\"\"}}"), *document, *out;
	char value[LIMIT_URL];
	const char *why;
	size_t over;

	for (over = 0; over < 2; over++) {
		memset(value, 'a', sizeof value);
		value[LIMIT_URL - 2 + over] = '\0';
		document = cJSON_CreateString(value);
		why = NULL;
		CHECK((pick_apply(pick, document, NULL, &out, &why) == 0) == (over == 0) &&
		    (out != NULL) == (over == 0) && (why != NULL) == (over == 1), "%zu too many: %s", over,
		    why == NULL ? "(none)" : why);
		cJSON_Delete(out);
		cJSON_Delete(document);
	}
	cJSON_Delete(pick);
}

int
main(void)
{
	cJSON *known = parse(known_text), *args = parse(args_text), *document = parse(document_text);
	cJSON *pick, *out;
	char place[512], why_text[256];
	const char *why;
	struct buf text;
	size_t i;
	int result;

	for (i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		pick = parse(checks[i].pick);
		place[0] = why_text[0] = '\0';
		result = pick_check(pick, known, place, sizeof place, why_text, sizeof why_text);
		if (checks[i].place == NULL)
			CHECK(result == 0, "check %s: %s: %s", checks[i].pick, place, why_text);
		else
			CHECK(result == -1 && strcmp(place, checks[i].place) == 0 &&
			    strstr(why_text, checks[i].want) != NULL, "check %s: %d %s: %s", checks[i].pick,
			    result, place, why_text);
		cJSON_Delete(pick);
	}
	run_depth(known);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		pick = parse(cases[i].pick);
		why = NULL;
		result = pick_apply(pick, document, args, &out, &why);
		buf_init(&text, 4096);
		if (out != NULL)
			json_print(&text, out);
		if (cases[i].want != NULL && *cases[i].want == '!')
			CHECK(result == -1 && out == NULL && why != NULL, "%s: %d", cases[i].pick, result);
		else
			CHECK(result == 0 && (cases[i].want == NULL ? out == NULL :
			    strcmp(buf_str(&text), cases[i].want) == 0), "%s: %d %s", cases[i].pick, result,
			    buf_str(&text));
		buf_finish(&text);
		cJSON_Delete(out);
		cJSON_Delete(pick);
	}
	for (i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		pick = parse(marks[i].pick);
		out = cJSON_CreateArray();
		buf_init(&text, 4096);
		CHECK(pick_untrusted(pick, "", out) == 0 && json_print(&text, out) == 0 &&
		    strcmp(buf_str(&text), marks[i].want) == 0, "%s: %s", marks[i].pick, buf_str(&text));
		buf_finish(&text);
		cJSON_Delete(out);
		cJSON_Delete(pick);
	}
	run_memory(document, args);
	run_long();
	cJSON_Delete(known);
	cJSON_Delete(args);
	cJSON_Delete(document);
	return check_done();
}
