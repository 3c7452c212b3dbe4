/* SPDX-License-Identifier: MIT */
/* mcp_notice.c - what is said of a call before its answer: progress, and lines of a log. */
#include <string.h>

#include "base/buf.h"
#include "mcp/mcp.h"
#include "mcp/pick.h"
#include "wire/json.h"

unsigned
mcp_notice_level(const char *name)
{
	static const char *const levels[] = {
		"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency",
	};
	unsigned i;

	for (i = 0; i < sizeof levels / sizeof levels[0]; i++)
		if (strcmp(name, levels[i]) == 0)
			return i + 1;
	return 0;
}

/* Of params those members that the protocol knows, each if it is of its type. -1: memory. */
static int
put_progress(struct buf *out, const struct mcp_message *m, const cJSON *params)
{
	const cJSON *total = json_get(params, "total");
	const char *message = json_str(params, "message");

	buf_printf(out, "{\"progressToken\":%s,\"progress\":%s", m->progress,
	    json_get(params, "progress")->valuestring);
	if (cJSON_IsNumber(total))
		buf_printf(out, ",\"total\":%s", total->valuestring);
	if (message != NULL) {
		buf_puts(out, ",\"message\":");
		json_quote(out, message);
	}
	return buf_putc(out, '}');
}

static int
put_message(struct buf *out, const cJSON *params)
{
	const char *logger = json_str(params, "logger");
	const cJSON *data = json_get(params, "data");

	buf_printf(out, "{\"level\":\"%s\"", json_str(params, "level"));
	if (logger != NULL) {
		buf_puts(out, ",\"logger\":");
		json_quote(out, logger);
	}
	buf_puts(out, ",\"data\":");
	json_print(out, data);
	return buf_putc(out, '}');
}

int
mcp_notice(struct buf *out, const struct mcp_message *m, const char *method, const cJSON *params)
{
	const char *name = json_str(params, "level");
	unsigned level = name == NULL ? 0 : mcp_notice_level(name);
	bool progress = strcmp(method, "notifications/progress") == 0;
	cJSON *clean;

	if (progress ? m->progress == NULL : m->level == 0 || level < m->level)
		return 1;
	if (progress ? !cJSON_IsNumber(json_get(params, "progress")) :
	    strcmp(method, "notifications/message") != 0 || level == 0 ||
	    json_get(params, "data") == NULL)
		return -1;
	/* A service's words lose the characters that hide or reorder text, as everywhere. */
	clean = pick_clean(params);
	if (clean == NULL)
		return -1;
	buf_printf(out, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":", method);
	if (progress)
		put_progress(out, m, clean);
	else
		put_message(out, clean);
	cJSON_Delete(clean);
	return buf_putc(out, '}');
}
