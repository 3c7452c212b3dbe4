/* SPDX-License-Identifier: MIT */
/* test_completion.c - mcp/completion: which words are offered for what has been typed. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "check.h"
#include "mcp/completion.h"
#include "wire/json.h"

static const struct {
	const char	*words, *value, *want;
} cases[] = {
	{ "[]", "", "\"values\":[],\"total\":0,\"hasMore\":false" },
	{ "[\"a\",\"b\"]", "", "\"values\":[\"a\",\"b\"],\"total\":2,\"hasMore\":false" },
	{ "[\"Alice\",\"alan\",\"Bob\",\"al\"]", "AL",
	    "\"values\":[\"Alice\",\"alan\",\"al\"],\"total\":3,\"hasMore\":false" },
	{ "[\"a\",\"a\",\"b\",\"a\"]", "", "\"values\":[\"a\",\"b\"],\"total\":2,\"hasMore\":false" },
	{ "[7,null,\"a\",[],{\"a\":1}]", "", "\"values\":[\"a\"],\"total\":1,\"hasMore\":false" },
	{ "[\"a\\\"b\"]", "a\"", "\"values\":[\"a\\\"b\"],\"total\":1,\"hasMore\":false" },
	{ "[\"\xc3\xa4\",\"\xc3\x84\"]", "\xc3\xa4", "\"values\":[\"\xc3\xa4\"],\"total\":1,\"hasMore\":false" },
	{ "[\"a\"]", "ab", "\"values\":[],\"total\":0,\"hasMore\":false" },
};

/* As many as the protocol allows, and how many there are. */
static void
run_many(size_t count)
{
	cJSON *words = cJSON_CreateArray(), *tree;
	struct json_fault fault;
	char word[32];
	struct buf out;
	size_t i;

	for (i = 0; i < count; i++) {
		snprintf(word, sizeof word, "w%zu", i);
		json_push(words, cJSON_CreateString(word));
	}
	buf_init(&out, 65536);
	buf_putc(&out, '{');
	CHECK(completion_print(&out, words, "W") == 0, "%zu words", count);
	buf_putc(&out, '}');
	tree = json_parse(buf_str(&out), out.len, &fault);
	CHECK((size_t)cJSON_GetArraySize(json_get(tree, "values")) ==
	    (count > COMPLETION_VALUES ? COMPLETION_VALUES : count) &&
	    (size_t)json_get(tree, "total")->valuedouble == count &&
	    json_true(tree, "hasMore") == (count > COMPLETION_VALUES), "%zu: %s", count, buf_str(&out));
	cJSON_Delete(tree);
	cJSON_Delete(words);
	buf_finish(&out);
}

int
main(void)
{
	struct json_fault fault;
	struct buf out;
	cJSON *words;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		words = json_parse(cases[i].words, strlen(cases[i].words), &fault);
		buf_init(&out, 1024);
		CHECK(completion_print(&out, words, cases[i].value) == 0 &&
		    strcmp(buf_str(&out), cases[i].want) == 0, "%s, %s: %s", cases[i].words, cases[i].value,
		    buf_str(&out));
		buf_finish(&out);
		cJSON_Delete(words);
	}
	buf_init(&out, 1024);
	CHECK(completion_print(&out, NULL, "a") == 0 && strncmp(buf_str(&out), "\"values\":[],", 12) == 0, "%s",
	    buf_str(&out));
	buf_finish(&out);
	run_many(COMPLETION_VALUES);
	run_many(COMPLETION_VALUES + 1);
	run_many(250);
	return check_done();
}
