/* SPDX-License-Identifier: MIT */
/* test_template.c - mcp/template: what is a template, and arguments in headers, JSON and forms. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "check.h"
#include "mcp/template.h"
#include "wire/json.h"

/* One set of arguments for all rows; the same names are known. */
static const char arguments[] =
    "{\"s\":\"text\",\"empty\":\"\",\"quote\":\"a\\\"b\\\\c\\n\",\"brace\":\"{s} }}\",\"n\":42,"
    "\"big\":123456789012345678901234567890,\"frac\":1.50,\"yes\":true,\"no\":false,\"nil\":null,"
    "\"list\":[\"a\",1,true],\"none\":[],\"obj\":{\"k\":\"v\"},\"bare\":{},\"crlf\":\"a\\r\\nX: b\","
    "\"lf\":\"a\\nb\",\"nul\":\"a\\u0000b\",\"del\":\"\\u007f\",\"tab\":\"a\\tb\",\"esc\":\"\\u001b\","
    "\"uml\":\"\\u00e4 \\u20ac\",\"form\":\"a b&c=d+e%f~*-._\",\"nest\":[[\"x\"],{\"y\":1}],"
    "\"nuls\":[\"\\u0000\"]}";

static cJSON *
parse(const char *text)
{
	struct json_fault fault;
	cJSON *item = json_parse(text, strlen(text), &fault);

	CHECK(item != NULL, "%s", text);
	return item;
}

static const struct {
	const char	*text;
	const char	*want;		/* in the reason; NULL: fine */
} checks[] = {
	{ "", NULL }, { "plain", NULL }, { "{s}", NULL }, { "a{s}b{n}", NULL }, { "{{", NULL },
	{ "}}", NULL }, { "{{s}}", NULL }, { "{{{s}}}", NULL }, { "a{{b}}c", NULL }, { "{nil}", NULL },
	{ "{", "write a literal one twice" }, { "}", "twice" }, { "{s", "twice" }, { "s}", "twice" },
	{ "{}", "twice" }, { "{ s}", "twice" }, { "{s }", "twice" }, { "{a.b}", "twice" },
	{ "{a-b}", "twice" }, { "{s}}", "twice" }, { "{{s}", "twice" }, { "{{{", "twice" },
	{ "{s*}", "twice" }, { "{?s}", "twice" }, { "{\xc3\xa4}", "twice" },
	{ "{unknown}", "{unknown}: no argument of this name; declare it in inputSchema.properties" },
	{ "{S}", "{S}: no argument" }, { "{s}{t}", "{t}: no argument" },
};

struct row {
	const char	*template;	/* JSON, or a text */
	const char	*want;		/* NULL: absent; begins with '!': unfit, in the reason */
};

static const struct row headers[] = {
	{ "", "" }, { "plain", "plain" }, { "{s}", "text" }, { "k={s};v={n}", "k=text;v=42" },
	{ "{{{s}}}", "{text}" }, { "{{s}}", "{s}" }, { "{empty}", "" }, { "{brace}", "{s} }}" },
	{ "{big}", "123456789012345678901234567890" }, { "{frac}", "1.50" }, { "{yes}{no}", "truefalse" },
	{ "{list}", "[\"a\",1,true]" }, { "{obj}", "{\"k\":\"v\"}" }, { "{uml}", "\xc3\xa4 \xe2\x82\xac" },
	{ "{tab}", "a\tb" }, { "{nil}", NULL }, { "{gone}", NULL }, { "x{s}{gone}", NULL },
	{ "{crlf}", "!line ends" }, { "{lf}", "!line ends" }, { "a\r\nb", "!line ends" },
	{ "{nul}", "!control" }, { "{del}", "!control" }, { "{esc}", "!control" },
	{ "x{s}{crlf}", "!line ends" },
	{ "{quote}", "!line ends" },
};

static const struct row bodies[] = {
	{ "{\"a\":{\"$when\":\"s\",\"b\":1}}", "{\"a\":{\"b\":1}}" },
	{ "{\"a\":{\"b\":1,\"$when\":\"nil\"},\"c\":2}", "{\"c\":2}" },
	{ "{\"$when\":\"gone\",\"b\":1}", NULL }, { "[{\"$when\":\"gone\",\"b\":1},3]", "[3]" },
	{ "{\"a\":{\"$when\":\"s\"}}", "{}" },
	{ "\"{s}\"", "\"text\"" }, { "\"{n}\"", "42" }, { "\"{frac}\"", "1.50" },
	{ "\"{big}\"", "123456789012345678901234567890" }, { "\"{yes}\"", "true" },
	{ "\"{list}\"", "[\"a\",1,true]" }, { "\"{obj}\"", "{\"k\":\"v\"}" }, { "\"{none}\"", "[]" },
	{ "\"{bare}\"", "{}" }, { "\"{empty}\"", "\"\"" }, { "\"{nil}\"", NULL }, { "\"{gone}\"", NULL },
	{ "\"n={n}\"", "\"n=42\"" }, { "\"{s}{n}\"", "\"text42\"" }, { "\" {n}\"", "\" 42\"" },
	{ "\"{{s}}\"", "\"{s}\"" }, { "\"{{{s}}}\"", "\"{text}\"" }, { "\"\"", "\"\"" },
	{ "\"<{quote}>\"", "\"<a\\\"b\\\\c\\n>\"" }, { "\"{quote}\"", "\"a\\\"b\\\\c\\n\"" },
	{ "\"{nul}\"", "\"a\\u0000b\"" }, { "\"<{nul}>\"", "\"<a\\u0000b>\"" },
	{ "\"{brace}\"", "\"{s} }}\"" }, { "\"<{brace}>\"", "\"<{s} }}>\"" },
	{ "\"{crlf}\"", "\"a\\r\\nX: b\"" }, { "1.0", "1.0" }, { "true", "true" }, { "null", "null" },
	{ "{}", "{}" }, { "[]", "[]" }, { "{\"a\":1}", "{\"a\":1}" },
	{ "{\"a\":\"{s}\",\"b\":\"{n}\"}", "{\"a\":\"text\",\"b\":42}" },
	{ "{\"a\":\"{gone}\",\"b\":\"{n}\"}", "{\"b\":42}" },
	{ "{\"a\":\"{n}\",\"b\":\"{gone}\"}", "{\"a\":42}" },
	{ "{\"a\":\"{gone}\"}", "{}" },
	{ "{\"a\":\"x{gone}\"}", "{}" },
	{ "{\"a\":{\"b\":\"{gone}\"},\"c\":1}", "{\"c\":1}" },
	{ "{\"a\":{\"b\":\"{gone}\",\"d\":\"{n}\"},\"c\":1}", "{\"a\":{\"d\":42},\"c\":1}" },
	{ "{\"a\":{},\"b\":[]}", "{\"a\":{},\"b\":[]}" },
	{ "{\"a\":[\"{gone}\",\"{n}\",\"{gone}\"]}", "{\"a\":[42]}" },
	{ "{\"a\":[\"{gone}\"],\"b\":1}", "{\"b\":1}" },
	{ "[{\"a\":\"{gone}\"},{\"a\":\"{n}\"}]", "[{\"a\":42}]" },
	{ "{\"{s}\":1}", "{\"{s}\":1}" }, { "{\"a\\\"b\":1}", "{\"a\\\"b\":1}" },
};

static const struct row forms[] = {
	{ "{}", "" }, { "{\"a\":\"1\"}", "a=1" }, { "{\"a\":\"{s}\",\"b\":\"{n}\"}", "a=text&b=42" },
	{ "{\"a\":\"{gone}\",\"b\":\"{n}\"}", "b=42" }, { "{\"a\":\"{gone}\"}", "" },
	{ "{\"a\":\"x{gone}\"}", "" }, { "{\"a\":\"{form}\"}", "a=a+b%26c%3Dd%2Be%25f%7E*-._" },
	{ "{\"a b&\":\"{uml}\"}", "a+b%26=%C3%A4+%E2%82%AC" }, { "{\"a\":\"{empty}\"}", "a=" },
	{ "{\"a\":\"{crlf}\"}", "a=a%0D%0AX%3A+b" }, { "{\"a\":\"{list}\"}", "a=a&a=1&a=true" },
	{ "{\"a\":\"{none}\",\"b\":1}", "b=1" }, { "{\"a\":[\"{s}\",\"{gone}\",\"{n}\"]}", "a=text&a=42" },
	{ "{\"a\":\"{brace}\"}", "a=%7Bs%7D+%7D%7D" }, { "{\"a\":\"<{n}>\"}", "a=%3C42%3E" },
	{ "{\"a\":\"{big}\",\"b\":true}", "a=123456789012345678901234567890&b=true" },
	{ "{\"a\":\"{obj}\"}", "!object" }, { "{\"a\":\"{nest}\"}", "!object" },
	{ "{\"a\":\"{nul}\"}", "!U+0000" }, { "{\"a\":\"<{nul}>\"}", "!U+0000" },
	{ "{\"a\":\"{nuls}\"}", "!U+0000" },
	{ "{\"$when\":\"s\",\"a\":1}", "a=1" }, { "{\"$when\":\"gone\",\"a\":1}", NULL },
};

/* Whether {s} is sent whenever it is there. */
static const struct {
	const char	*body;
	bool		 uses;
} uses[] = {
	{ "\"{s}\"", true }, { "\"<{s}>\"", true }, { "\"{{s}}\"", false }, { "\"s\"", false },
	{ "[{\"a\":\"{n}\",\"b\":[\"{s}\"]}]", true }, { "{\"s\":\"{n}\"}", false }, { "1", false },
	{ "{\"$when\":\"n\",\"a\":\"{s}\"}", false }, { "{\"$when\":\"s\",\"a\":\"{s}\"}", true },
	{ "{\"$when\":\"s\",\"a\":1}", false },
	{ "{\"a\":{\"$when\":\"n\",\"a\":\"{s}\"},\"b\":\"{s}\"}", true },
};

static void
run_uses(void)
{
	cJSON *body;
	size_t i;

	for (i = 0; i < sizeof uses / sizeof uses[0]; i++) {
		body = parse(uses[i].body);
		CHECK(template_uses(body, "s") == uses[i].uses, "%s", uses[i].body);
		cJSON_Delete(body);
	}
}

static void
run_row(const char *what, const struct row *row, enum template_result result, const struct buf *out,
    const char *why)
{
	if (row->want == NULL)
		CHECK(result == TEMPLATE_ABSENT && out->len == 0, "%s %s: %d %s", what, row->template,
		    result, buf_str(out));
	else if (*row->want == '!')
		CHECK(result == TEMPLATE_UNFIT && why != NULL && strstr(why, row->want + 1) != NULL,
		    "%s %s: %d %s", what, row->template, result, why == NULL ? "" : why);
	else
		CHECK(result == TEMPLATE_DONE && strcmp(buf_str(out), row->want) == 0, "%s %s: %d %s",
		    what, row->template, result, buf_str(out));
}

/* However little room there is: unfit, or done and within it. */
static void
run_room(const cJSON *args)
{
	static const char text[] = "{\"a\":\"{s}\",\"b\":[\"<{quote}>\",\"{list}\"],\"c\":\"{big}\"}";
	cJSON *body = parse(text);
	enum template_result result;
	const char *why;
	struct buf out;
	size_t cap;

	for (cap = 0; cap < 120; cap++) {
		buf_init(&out, cap);
		result = template_json(&out, body, args, &why);
		CHECK(result == (cap < 80 ? TEMPLATE_UNFIT : TEMPLATE_DONE), "json in %zu: %d %zu", cap,
		    result, out.len);
		buf_finish(&out);
		buf_init(&out, cap);
		result = template_form(&out, body, args, &why);
		CHECK(result == (cap < 75 ? TEMPLATE_UNFIT : TEMPLATE_DONE), "form in %zu: %d %zu", cap,
		    result, out.len);
		buf_finish(&out);
		buf_init(&out, cap);
		result = template_header(&out, "{s}{big}", args, &why);
		CHECK(result == (cap < 34 ? TEMPLATE_UNFIT : TEMPLATE_DONE), "header in %zu: %d", cap, result);
		buf_finish(&out);
	}
	cJSON_Delete(body);
}

int
main(void)
{
	cJSON *args = parse(arguments), *known = parse(arguments), *body, *wrapped;
	enum template_result result;
	const char *why;
	char reason[256];
	struct buf out;
	size_t i;

	/* Known is what is declared, null or not. */
	cJSON_ReplaceItemInObjectCaseSensitive(known, "nil", cJSON_CreateObject());
	for (i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		reason[0] = '\0';
		CHECK(template_check(checks[i].text, known, reason, sizeof reason) ==
		    (checks[i].want == NULL ? 0 : -1), "check %s: %s", checks[i].text, reason);
		CHECK(checks[i].want == NULL || strstr(reason, checks[i].want) != NULL, "check %s: %s",
		    checks[i].text, reason);
		/* The same inside a body. */
		wrapped = cJSON_CreateObject();
		json_put(wrapped, "a", cJSON_CreateArray());
		json_push(json_get(wrapped, "a"), cJSON_CreateString(checks[i].text));
		CHECK(template_check_body(wrapped, known, reason, sizeof reason) ==
		    (checks[i].want == NULL ? 0 : -1), "check body %s: %s", checks[i].text, reason);
		cJSON_Delete(wrapped);
	}
	for (i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		buf_init(&out, 512);
		why = NULL;
		result = template_header(&out, headers[i].template, args, &why);
		run_row("header", &headers[i], result, &out, why);
		buf_finish(&out);
	}
	for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		buf_init(&out, 512);
		why = NULL;
		body = parse(bodies[i].template);
		result = template_json(&out, body, args, &why);
		run_row("body", &bodies[i], result, &out, why);
		cJSON_Delete(body);
		buf_finish(&out);
	}
	for (i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		buf_init(&out, 512);
		why = NULL;
		body = parse(forms[i].template);
		result = template_form(&out, body, args, &why);
		run_row("form", &forms[i], result, &out, why);
		cJSON_Delete(body);
		buf_finish(&out);
	}
	run_uses();
	run_room(args);
	cJSON_Delete(args);
	cJSON_Delete(known);
	return check_done();
}
