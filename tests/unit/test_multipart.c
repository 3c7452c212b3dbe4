/* SPDX-License-Identifier: MIT */
/* test_multipart.c - bodies of parts: what is sent for which arguments, byte for byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "check.h"
#include "mcp/multipart.h"
#include "wire/json.h"

#define PARTS "{\"text\":\"<{text}>\",\"meta\":{\"json\":{\"t\":\"{text}\",\"n\":\"{n}\"}}," \
    "\"file\":{\"base64\":\"{data}\",\"filename\":\"{name}\",\"type\":\"{type}\"}}"
#define HEAD "--B\r\nContent-Disposition: form-data; name="

static const struct {
	const char	*parts, *args;
	const char	*want;		/* B is the boundary; "!" and a part of the reason; "": absent */
} cases[] = {
	{ PARTS, "{}", "" },
	{ PARTS, "{\"text\":\"a\"}", HEAD "\"text\"\r\n\r\n<a>\r\n" HEAD "\"meta\"\r\n"
	    "Content-Type: application/json\r\n\r\n{\"t\":\"a\"}\r\n--B--\r\n" },
	{ PARTS, "{\"n\":1.50}", HEAD "\"meta\"\r\nContent-Type: application/json\r\n\r\n{\"n\":1.50}\r\n"
	    "--B--\r\n" },
	{ PARTS, "{\"data\":\"AAEC/w==\",\"name\":\"a \\\"b\\\".png\",\"type\":\"image/png\"}", HEAD
	    "\"file\"; filename=\"a %22b%22.png\"\r\nContent-Type: image/png\r\n\r\n\x01\x02\x03\r\n--B--\r\n" },
	{ PARTS, "{\"data\":\"QQ==\"}", HEAD "\"file\"\r\n\r\nA\r\n--B--\r\n" },
	{ PARTS, "{\"data\":\"QQ==\",\"name\":\"x\\r\\nEvil: 1\"}", HEAD
	    "\"file\"; filename=\"x%0D%0AEvil: 1\"\r\n\r\nA\r\n--B--\r\n" },
	{ PARTS, "{\"data\":\"\"}", HEAD "\"file\"\r\n\r\n\r\n--B--\r\n" },
	{ PARTS, "{\"data\":\"QQ\"}", "!must be base64" }, { PARTS, "{\"data\":\"QQ==\\n\"}", "!must be base64" },
	{ PARTS, "{\"data\":\"Q\\u0000==\"}", "!must be base64" }, { PARTS, "{\"data\":7}", "!must be base64" },
	{ PARTS, "{\"data\":\"QQ==\",\"type\":\"a\\r\\nb\"}", "!a header value cannot" },
	{ PARTS, "{\"data\":\"QQ==\",\"name\":\"\\u0000\"}", "!U+0000" },
	{ PARTS, "{\"text\":\"\\u0000\"}", "!U+0000" },
	{ "{\"a\\\"b\":\"x\"}", "{}", HEAD "\"a%22b\"\r\n\r\nx\r\n--B--\r\n" },
	{ "{\"a\":{\"text\":\"{{x}}\",\"type\":\"text/x\"}}", "{}", HEAD
	    "\"a\"\r\nContent-Type: text/x\r\n\r\n{x}\r\n--B--\r\n" },
};

static cJSON *
parse(const char *text)
{
	struct json_fault fault;
	cJSON *item = json_parse(text, strlen(text), &fault);

	CHECK(item != NULL, "%s", text);
	return item;
}

/* `text` with each `boundary` as B; bytes below 4 as they are in base64 tests one higher. */
static char *
shorten(const struct buf *text, const char *boundary)
{
	struct buf out;
	size_t i, len = strlen(boundary);

	buf_init(&out, 65536);
	for (i = 0; i < text->len; i++) {
		if (text->len - i >= len && memcmp(text->data + i, boundary, len) == 0) {
			buf_putc(&out, 'B');
			i += len - 1;
		} else if ((unsigned char)text->data[i] < 3)
			buf_putc(&out, (char)(text->data[i] + 1));
		else if ((unsigned char)text->data[i] != 0xff)
			buf_putc(&out, text->data[i]);
	}
	return buf_take(&out);
}

static void
run_case(size_t i)
{
	cJSON *parts = parse(cases[i].parts), *args = parse(cases[i].args);
	static const char form[] = "multipart/form-data; boundary=";
	char type[MULTIPART_TYPE] = "", *text;
	enum template_result result;
	const char *why = "";
	struct buf out;

	buf_init(&out, 65536);
	result = multipart_build(&out, type, parts, args, &why);
	if (cases[i].want[0] == '!')
		CHECK(result == TEMPLATE_UNFIT && strstr(why, cases[i].want + 1) != NULL, "%s: %d %s",
		    cases[i].args, (int)result, why);
	else if (cases[i].want[0] == '\0')
		CHECK(result == TEMPLATE_ABSENT && out.len == 0, "%s: %d", cases[i].args, (int)result);
	else {
		CHECK(result == TEMPLATE_DONE && strncmp(type, form, sizeof form - 1) == 0 &&
		    strlen(type) == sizeof form - 1 + 48, "%s: %d %s %s", cases[i].args, (int)result,
		    type, why);
		text = shorten(&out, type + sizeof form - 1);
		CHECK(text != NULL && strcmp(text, cases[i].want) == 0, "%s: %s", cases[i].args, text);
		free(text);
	}
	buf_finish(&out);
	cJSON_Delete(parts);
	cJSON_Delete(args);
}

/* Another content has another boundary; what has no room says so. */
static void
run_boundary(void)
{
	cJSON *parts = parse("{\"a\":\"{x}\"}"), *one = parse("{\"x\":\"1\"}"), *two = parse("{\"x\":\"2\"}");
	char a[MULTIPART_TYPE], b[MULTIPART_TYPE];
	const char *why = "";
	struct buf out;

	buf_init(&out, 4096);
	CHECK(multipart_build(&out, a, parts, one, &why) == TEMPLATE_DONE, "%s", why);
	buf_reset(&out);
	CHECK(multipart_build(&out, b, parts, two, &why) == TEMPLATE_DONE && strcmp(a, b) != 0, "%s", a);
	buf_finish(&out);
	buf_init(&out, 100);
	CHECK(multipart_build(&out, a, parts, one, &why) == TEMPLATE_UNFIT &&
	    strstr(why, "too long") != NULL, "%s", why);
	buf_finish(&out);
	cJSON_Delete(parts);
	cJSON_Delete(one);
	cJSON_Delete(two);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		run_case(i);
	run_boundary();
	return check_done();
}
