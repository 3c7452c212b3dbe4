/* SPDX-License-Identifier: MIT */
/* test_pointer.c - wire/pointer: RFC 6901 and what must not be taken for it. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "check.h"
#include "wire/json.h"
#include "wire/pointer.h"

static const char rfc_document[] = "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,"
    "\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}";
static const char own_document[] = "{\"a\":{\"b\":[10,[20,21],{\"c\":null}],\"\":{\"\":\"deep\"}},"
    "\"~\":1,\"/\":2,\"~1\":3,\"~0\":4,\"//\":5,\"~~\":6,\"0\":7,\"-\":8,\"01\":9,"
    "\"\\u0000\":10,\"\\u00fc\":11,\"A\":12,\"list\":[],\"s\":\"text\",\"t\":true,"
    "\"ab\":13,\"abc\":14,\"twelve\":[0,1,2,3,4,5,6,7,8,9,10,11]}";

struct lookup {
	const char	*text;
	const char	*value;		/* as JSON; NULL: names nothing */
};

static const struct lookup rfc_table[] = {
	{ "/foo", "[\"bar\",\"baz\"]" },
	{ "/foo/0", "\"bar\"" },
	{ "/", "0" },
	{ "/a~1b", "1" },
	{ "/c%d", "2" },
	{ "/e^f", "3" },
	{ "/g|h", "4" },
	{ "/i\\j", "5" },
	{ "/k\"l", "6" },
	{ "/ ", "7" },
	{ "/m~0n", "8" },
};

static const struct lookup own_table[] = {
	{ "/a/b/0", "10" },
	{ "/a/b/1/0", "20" },
	{ "/a/b/1/1", "21" },
	{ "/a/b/2/c", "null" },
	{ "/a//", "\"deep\"" },
	{ "/~0", "1" },
	{ "/~1", "2" },
	{ "/~01", "3" },
	{ "/~00", "4" },
	{ "/~1~1", "5" },
	{ "/~0~0", "6" },
	{ "/0", "7" },
	{ "/-", "8" },
	{ "/01", "9" },
	{ "/\xc0\x80", "10" },
	{ "/\xc3\xbc", "11" },
	{ "/A", "12" },
	{ "/ab", "13" },
	{ "/abc", "14" },
	{ "/list", "[]" },
	{ "/t", "true" },
	{ "/twelve/9", "9" },
	{ "/twelve/10", "10" },
	{ "/twelve/11", "11" },
	/* Nothing has these names. */
	{ "/", NULL },
	{ "/b", NULL },
	{ "/abcd", NULL },
	{ "/a/b/3", NULL },
	{ "/a/b/00", NULL },
	{ "/a/b/01", NULL },
	{ "/a/b/-", NULL },
	{ "/a/b/-0", NULL },
	{ "/a/b/-1", NULL },
	{ "/a/b/+1", NULL },
	{ "/a/b/1.0", NULL },
	{ "/a/b/1e0", NULL },
	{ "/a/b/ 1", NULL },
	{ "/a/b/1 ", NULL },
	{ "/a/b/", NULL },
	{ "/a/b/0x1", NULL },
	{ "/a/b/4294967296", NULL },
	{ "/a/b/18446744073709551615", NULL },
	{ "/a/b/18446744073709551616", NULL },
	{ "/a/b/18446744073709551617", NULL },
	{ "/a/b/99999999999999999999999999999999999999999999", NULL },
	{ "/a/b/0/0", NULL },
	{ "/a/b/2/c/d", NULL },
	{ "/a/", "{\"\":\"deep\"}" },
	{ "/list/0", NULL },
	{ "/list/-", NULL },
	{ "/list/", NULL },
	{ "/s/0", NULL },
	{ "/s/", NULL },
	{ "/t/", NULL },
	{ "/twelve/12", NULL },
	{ "/twelve/length", NULL },
	{ "/%7E", NULL },
	{ "/ab/", NULL },
};

static const char *const broken[] = {
	"a", "a/b", " /a", "#", "#/a", "~", "~0", "0", "-", "/~", "/~2", "/~a", "/a~", "/a~/b",
	"/~~", "/~~0", "/~/0", "/~-1", "/a/b~9", "/\x7e\xc3\xbc", "/~01~",
};

static void	 run_table(const char *, const struct lookup *, size_t);
static void	 run_syntax(void);
static void	 run_every_place(void);

static void
run_table(const char *document, const struct lookup *table, size_t count)
{
	struct json_fault fault;
	cJSON *root = json_parse(document, strlen(document), &fault), *item;
	const char *why;
	struct buf text;
	size_t i;

	CHECK(root != NULL, "the document: %s", fault.why);
	CHECK(pointer_get(root, "") == root, "the empty pointer is the document");
	buf_init(&text, 65536);
	for (i = 0; i < count; i++) {
		item = pointer_get(root, table[i].text);
		CHECK(pointer_check(table[i].text, &why) == 0, "\"%s\"", table[i].text);
		if (table[i].value == NULL) {
			CHECK(item == NULL, "\"%s\" names nothing", table[i].text);
			continue;
		}
		buf_reset(&text);
		CHECK(item != NULL && json_print(&text, item) == 0 &&
		    strcmp(buf_str(&text), table[i].value) == 0, "\"%s\" is %s, not %s",
		    table[i].text, table[i].value, item == NULL ? "nothing" : buf_str(&text));
	}
	buf_finish(&text);
	cJSON_Delete(root);
}

static void
run_syntax(void)
{
	struct json_fault fault;
	cJSON *root = json_parse("{\"a\":1,\"~\":2,\"\":3}", 18, &fault);
	const char *why;
	size_t i;

	CHECK(root != NULL, "the document");
	for (i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		why = NULL;
		CHECK(pointer_check(broken[i], &why) == -1 && why != NULL, "\"%s\"", broken[i]);
		CHECK(pointer_get(root, broken[i]) == NULL, "\"%s\"", broken[i]);
	}
	CHECK(pointer_check("", &why) == 0, "empty");
	CHECK(pointer_check("/", &why) == 0, "one empty token");
	CHECK(pointer_check("////", &why) == 0, "four empty tokens");
	CHECK(pointer_check("/~0~1/~1~0", &why) == 0, "escapes");
	CHECK(pointer_get(NULL, "") == NULL, "no document");
	CHECK(pointer_get(NULL, "/a") == NULL, "no document");
	cJSON_Delete(root);
	root = json_parse("[7]", 3, &fault);
	CHECK(cJSON_IsNumber(pointer_get(root, "/0")), "an array at the top");
	cJSON_Delete(root);
	root = json_parse("7", 1, &fault);
	CHECK(pointer_get(root, "") == root, "a number at the top");
	CHECK(pointer_get(root, "/") == NULL, "a number has no members");
	cJSON_Delete(root);
}

/* A list long enough that a slip in the index would show. */
static void
run_every_place(void)
{
	cJSON *list = cJSON_CreateArray(), *item;
	char text[32];
	int64_t v;
	int i;

	for (i = 0; i < 1000; i++)
		CHECK(json_push(list, json_int(i)) == 0, "push %d", i);
	for (i = 0; i < 1000; i++) {
		snprintf(text, sizeof text, "/%d", i);
		item = pointer_get(list, text);
		CHECK(item != NULL && json_integer(item, &v) == 0 && v == i, "%s", text);
	}
	CHECK(pointer_get(list, "/1000") == NULL, "one past the end");
	cJSON_Delete(list);
}

int
main(void)
{
	run_table(rfc_document, rfc_table, sizeof rfc_table / sizeof rfc_table[0]);
	run_table(own_document, own_table, sizeof own_table / sizeof own_table[0]);
	run_syntax();
	run_every_place();
	return check_done();
}
