/* SPDX-License-Identifier: MIT */
/* capability.c - see capability.h. */
#include <stdbool.h>

#include "base/buf.h"
#include "mcp/capability.h"
#include "wire/json.h"

static const struct {
	enum capability	 bit;
	const char	*name, *member;		/* of the object; what stands in that, or NULL */
} rows[] = {
	{ CAPABILITY_ELICITATION, "elicitation", "form" },
	{ CAPABILITY_ELICITATION_URL, "elicitation", "url" },
	{ CAPABILITY_SAMPLING, "sampling", NULL },
	{ CAPABILITY_SAMPLING_TOOLS, "sampling", "tools" },
	{ CAPABILITY_SAMPLING_CONTEXT, "sampling", "context" },
	{ CAPABILITY_ROOTS, "roots", NULL },
};

#define TASKS	"io.modelcontextprotocol/tasks"

unsigned
capability_read(const cJSON *capabilities)
{
	const cJSON *object;
	unsigned set = 0;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		object = json_get(capabilities, rows[i].name);
		if (cJSON_IsObject(object) &&
		    (rows[i].member == NULL || json_get(object, rows[i].member) != NULL))
			set |= rows[i].bit;
	}
	/* An elicitation that names no mode is the form's (2025-06-18 knew no other). */
	object = json_get(capabilities, "elicitation");
	if (cJSON_IsObject(object) && object->child == NULL)
		set |= CAPABILITY_ELICITATION;
	if (cJSON_IsObject(json_get(json_get(capabilities, "extensions"), TASKS)))
		set |= CAPABILITY_TASKS;
	return set;
}

int
capability_print(struct buf *out, unsigned set)
{
	const char *open = NULL;	/* the object that is being written */
	bool begun = false;		/* and it has a member */
	size_t i;

	buf_putc(out, '{');
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if ((set & rows[i].bit) == 0)
			continue;
		/* Rows of one object stand side by side. */
		if (open != rows[i].name) {
			buf_printf(out, "%s\"%s\":{", open == NULL ? "" : "},", rows[i].name);
			open = rows[i].name;
			begun = false;
		}
		if (rows[i].member != NULL) {
			buf_printf(out, "%s\"%s\":{}", begun ? "," : "", rows[i].member);
			begun = true;
		}
	}
	if (open != NULL)
		buf_putc(out, '}');
	if ((set & CAPABILITY_TASKS) != 0)
		buf_printf(out, "%s\"extensions\":{\"" TASKS "\":{}}", open == NULL ? "" : ",");
	return buf_putc(out, '}');
}
