/* SPDX-License-Identifier: MIT */
/*
 * fuzz_template.c - a template on the first line, the arguments as JSON behind it. What the
 * check lets in expands: to a header without controls, to JSON, to a form of its alphabet.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "mcp/template.h"
#include "mcp/text.h"
#include "wire/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_header(const struct buf *out)
{
	size_t i;

	for (i = 0; i < out->len; i++)
		if (((unsigned char)out->data[i] < 0x20 && out->data[i] != '\t') || out->data[i] == 0x7f)
			abort();
}

static void
check_json(const struct buf *out)
{
	struct json_fault fault;
	cJSON *tree = json_parse(buf_str(out), out->len, &fault);

	if (tree == NULL && fault.why != NULL && strstr(fault.why, "deep") == NULL)
		abort();
	cJSON_Delete(tree);
}

static void
check_form(const struct buf *out)
{
	if (strspn(buf_str(out), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "*-._+%&=") != out->len)
		abort();
}

/* Cleaned text stays as it is when it is cleaned again. */
static void
check_clean(const cJSON *item)
{
	struct buf once, twice;
	const cJSON *child;

	cJSON_ArrayForEach(child, item)
		check_clean(child);
	if (!cJSON_IsString(item))
		return;
	buf_init(&once, strlen(item->valuestring));
	buf_init(&twice, strlen(item->valuestring));
	if (text_clean(&once, item->valuestring) == -1 || text_clean(&twice, buf_str(&once)) == -1 ||
	    strcmp(buf_str(&once), buf_str(&twice)) != 0)
		abort();
	buf_finish(&once);
	buf_finish(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data, *line = memchr(text, '\n', len), *why = NULL;
	cJSON *body, *args, *form;
	struct json_fault fault;
	char reason[256];
	struct buf out;

	if (line == NULL)
		return 0;
	body = json_parse(text, (size_t)(line - text), &fault);
	args = json_parse(line + 1, len - (size_t)(line - text) - 1, &fault);
	check_clean(args);
	if (body == NULL || !cJSON_IsObject(args) ||
	    template_check_body(body, args, reason, sizeof reason) == -1)
		goto out;
	buf_init(&out, 8192);
	if (template_json(&out, body, args, &why) == TEMPLATE_DONE)
		check_json(&out);
	buf_finish(&out);
	if (cJSON_IsString(body)) {
		buf_init(&out, 8192);
		if (template_header(&out, body->valuestring, args, &why) == TEMPLATE_DONE)
			check_header(&out);
		buf_finish(&out);
	}
	form = cJSON_IsObject(body) ? body : NULL;
	buf_init(&out, 8192);
	if (form != NULL && template_form(&out, form, args, &why) == TEMPLATE_DONE)
		check_form(&out);
	buf_finish(&out);
out:
	cJSON_Delete(body);
	cJSON_Delete(args);
	return 0;
}
