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
	const char *comma = "", *open = NULL;	/* between members; the object that is open */
	size_t i;

	buf_putc(out, '{');
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if ((set & rows[i].bit) == 0)
			continue;
		/* Rows of one object stand side by side. */
		if (open != rows[i].name) {
			buf_printf(out, "%s\"%s\":{", open == NULL ? "" : "},", rows[i].name);
			comma = "";
		}
		open = rows[i].name;
		if (rows[i].member == NULL)
			continue;
		buf_printf(out, "%s\"%s\":{}", comma, rows[i].member);
		comma = ",";
	}
	if (open != NULL)
		buf_putc(out, '}');
	if ((set & CAPABILITY_TASKS) != 0)
		buf_printf(out, "%s\"extensions\":{\"" TASKS "\":{}}", open == NULL ? "" : ",");
	return buf_putc(out, '}');
}
