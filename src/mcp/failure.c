/* SPDX-License-Identifier: MIT */
/* failure.c - see failure.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "mcp/content.h"
#include "mcp/failure.h"
#include "wire/json.h"
#include "wire/schema.h"

void
failure_init(struct failure *f, const char *code, int http_status, const char *fmt, ...)
{
	va_list ap;

	memset(f, 0, sizeof *f);
	snprintf(f->code, sizeof f->code, "%s", code);
	f->http_status = http_status;
	f->retry_after_s = -1;
	va_start(ap, fmt);
	vsnprintf(f->hint, sizeof f->hint, fmt, ap);
	va_end(ap);
}

void
failure_arguments(struct failure *f, const struct schema_fault *wrong)
{
	failure_init(f, "invalid_argument", 400, "%s%s%s", wrong->path,
	    wrong->path[0] == '\0' ? "" : ": ", wrong->why);
}

void
failure_denied(struct failure *f)
{
	failure_init(f, "denied", 403, "the operator does not let you make this call; nothing was "
	    "done");
}

int
failure_memory(struct failure *f)
{
	failure_init(f, "internal", 500, "the bridge is short of memory; repeat the call later");
	f->retryable = true;
	return -1;
}

int
failure_form(struct failure *f, const char *what, const char *place, const char *why)
{
	failure_init(f, "upstream_unexpected", 502, "the service's answer makes no %s as MCP has "
	    "it: %s%s%s; tell the operator", what, place, *place == '\0' ? "" : ": ", why);
	return -1;
}

int
failure_content(struct failure *f, const char *what, const struct content_fault *wrong)
{
	return wrong->memory ? failure_memory(f) :
	    failure_form(f, what, wrong->place, wrong->why);
}

int
failure_pick(struct failure *f, const char *why)
{
	if (why == NULL)
		return failure_memory(f);
	failure_init(f, "upstream_unexpected", 502, "the service's answer has another form than "
	    "its file says: %s; tell the operator", why);
	return -1;
}

void
failure_finish(struct failure *f)
{
	cJSON_Delete(f->candidates);
	free(f->next_cursor);
	free(f->more);
	f->candidates = NULL;
	f->next_cursor = f->more = NULL;
}

int
failure_print(struct buf *out, const struct failure *f)
{
	buf_puts(out, "{\"code\":");
	json_quote(out, f->code);
	buf_printf(out, ",\"http_status\":%d,\"retryable\":%s", f->http_status,
	    f->retryable ? "true" : "false");
	if (f->retry_after_s >= 0)
		buf_printf(out, ",\"retry_after_s\":%" PRId64, f->retry_after_s);
	buf_puts(out, ",\"hint\":");
	json_quote(out, f->hint);
	if (f->request_id[0] != '\0') {
		buf_puts(out, ",\"upstream_request_id\":");
		json_quote(out, f->request_id);
	}
	if (f->candidates != NULL) {
		buf_puts(out, ",\"candidates\":");
		json_print(out, f->candidates);
	}
	if (f->next_cursor != NULL) {
		buf_puts(out, ",\"next_cursor\":");
		json_quote(out, f->next_cursor);
	}
	if (f->more != NULL) {
		buf_putc(out, ',');
		buf_puts(out, f->more);
	}
	return buf_putc(out, '}');
}
