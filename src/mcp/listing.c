/* SPDX-License-Identifier: MIT */
/* listing.c - see listing.h. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/content.h"
#include "mcp/listing.h"
#include "mcp/service.h"
#include "wire/json.h"

/* Icons, as the protocol has them and with nothing else. */
static int
check_icons(cJSON *icons, const char *place, struct spec_fault *f)
{
	static const struct spec_key icon_keys[] = {
		{ "src", SPEC_STRING, true },
		{ "mimeType", SPEC_STRING, false },
		{ "sizes", SPEC_ARRAY, false },
		{ "theme", SPEC_STRING, false },
		{ NULL, SPEC_ANY, false },
	};
	struct content_fault wrong;
	char at[2 * SPEC_PLACE];
	const cJSON *icon;
	size_t i = 0;

	cJSON_ArrayForEach(icon, icons) {
		snprintf(at, sizeof at, "%s/icons/%zu", place, i++);
		if (spec_check(icon, icon_keys, at, f) == -1)
			return -1;
	}
	if (content_check_icons(icons, &wrong) == 0)
		return 0;
	snprintf(at, sizeof at, "%s/icons%s", place, wrong.place);
	return spec_fail(f, at, "%s", wrong.why);
}

int
listing_common(struct buf *out, const cJSON *spec, const char *place, struct spec_fault *f)
{
	cJSON *icons = json_get(spec, "icons");

	if (json_str(spec, "title") != NULL) {
		buf_puts(out, ",\"title\":");
		json_quote(out, json_str(spec, "title"));
	}
	if (json_str(spec, "description") != NULL) {
		buf_puts(out, ",\"description\":");
		json_quote(out, json_str(spec, "description"));
	}
	if (icons == NULL)
		return 0;
	if (check_icons(icons, place, f) == -1)
		return -1;
	buf_puts(out, ",\"icons\":");
	return json_print(out, icons);
}

/* The hints, all said: what is not in the file follows from "write" and the method. */
static int
list_annotations(struct buf *out, const struct tool *t, const cJSON *annotations)
{
	static const char *const hints[] = {
		"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint",
	};
	bool fallback[4] = { !t->write, false, !t->write, true };
	const cJSON *said;
	size_t i;

	fallback[1] = strcmp(t->request.method, "DELETE") == 0;
	buf_puts(out, ",\"annotations\":{");
	if (json_str(annotations, "title") != NULL) {
		buf_puts(out, "\"title\":");
		json_quote(out, json_str(annotations, "title"));
		buf_putc(out, ',');
	}
	for (i = 0; i < 4; i++) {
		said = json_get(annotations, hints[i]);
		buf_printf(out, "%s\"%s\":%s", i == 0 ? "" : ",", hints[i],
		    (said == NULL ? fallback[i] : cJSON_IsTrue(said)) ? "true" : "false");
	}
	return buf_putc(out, '}');
}

int
listing_tool(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	struct buf out;
	int result;

	buf_init(&out, LIMIT_SERVICE_FILE);
	buf_puts(&out, "{\"name\":");
	json_quote(&out, t->name);
	result = listing_common(&out, spec, place, f);
	buf_puts(&out, ",\"inputSchema\":");
	json_print(&out, t->input);
	if (t->output != NULL) {
		buf_puts(&out, ",\"outputSchema\":");
		json_print(&out, t->output);
	}
	list_annotations(&out, t, json_get(spec, "annotations"));
	buf_putc(&out, '}');
	t->listing = buf_take(&out);
	buf_finish(&out);
	return result == -1 ? -1 : t->listing == NULL ? spec_fail(f, place, "out of memory") : 0;
}
