/* SPDX-License-Identifier: MIT */
/*
 * fuzz_pointer.c - wire/pointer: the first line is a pointer, the rest a document.
 * What is no pointer finds nothing, and a pointer made for a value finds that value.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "wire/json.h"
#include "wire/pointer.h"

#define PLACES	64	/* values looked up in one document: each walks it from the top */

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void	 visit(const cJSON *, const cJSON *, struct buf *, int *);

static void
put_token(struct buf *path, const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name == '~')
			buf_puts(path, "~0");
		else if (*name == '/')
			buf_puts(path, "~1");
		else
			buf_putc(path, *name);
	}
}

static void
visit(const cJSON *root, const cJSON *item, struct buf *path, int *left)
{
	size_t len = path->len, i = 0;
	const cJSON *child;
	const char *why;

	if (pointer_check(buf_str(path), &why) == -1 || pointer_get(root, buf_str(path)) != item)
		abort();
	cJSON_ArrayForEach(child, item) {
		if (--*left < 0)
			return;
		buf_putc(path, '/');
		if (cJSON_IsObject(item))
			put_token(path, child->string);
		else
			buf_printf(path, "%zu", i);
		visit(root, child, path, left);
		buf_truncate(path, len);
		i++;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *end = memchr(data, '\n', len);
	struct json_fault fault;
	struct buf path;
	const char *why = NULL;
	int left = PLACES;
	char *pointer;
	cJSON *root, *found;

	if (end == NULL)
		return 0;
	pointer = strndup((const char *)data, (size_t)(end - data));
	root = json_parse((const char *)end + 1, len - (size_t)(end - data) - 1, &fault);
	found = pointer_get(root, pointer);
	if (pointer_check(pointer, &why) == -1 && (why == NULL || found != NULL))
		abort();
	if (root != NULL) {
		buf_init(&path, 2 * len + 64 * 24);
		visit(root, root, &path, &left);
		buf_finish(&path);
	}
	cJSON_Delete(root);
	free(pointer);
	return 0;
}
