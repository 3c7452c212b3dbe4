/* SPDX-License-Identifier: MIT */
/* problem.c - errors as RFC 9457 problem details; see problem.h. */
#include <stdarg.h>
#include <stdio.h>

#include "local/call.h"
#include "local/problem.h"
#include "local/reply.h"
#include "local/store.h"
#include "local/text.h"

static void	compose(struct call *, int, const char *, const char *, cJSON *, int);
static void	tell(struct call *, int, const char *, cJSON *, const char *, va_list)
		    __attribute__((format(printf, 5, 0)));

static void
compose(struct call *c, int status, const char *code, const char *detail, cJSON *candidates,
    int retry)
{
	struct reply *r = &c->reply;

	buf_reset(&r->body);
	buf_reset(&r->headers);
	r->status = status;
	r->type = "application/problem+json";
	buf_puts(&r->body, "{\"type\":\"about:blank\",\"title\":");
	json_quote(&r->body, reply_phrase(status));
	buf_printf(&r->body, ",\"status\":%d,\"detail\":", status);
	json_quote(&r->body, detail);
	buf_puts(&r->body, ",\"code\":");
	json_quote(&r->body, code);
	buf_puts(&r->body, ",\"request_id\":");
	json_quote(&r->body, c->id);
	if (candidates != NULL) {
		buf_puts(&r->body, ",\"candidates\":");
		json_print(&r->body, candidates);
	}
	if (retry > 0) {
		buf_printf(&r->body, ",\"retry_after\":%d", retry);
		buf_printf(&r->headers, "Retry-After: %d\r\n", retry);
	}
	if (status == 401)
		buf_puts(&r->headers, "WWW-Authenticate: Bearer realm=\"ums\"\r\n");
	buf_putc(&r->body, '}');
	cJSON_Delete(candidates);
}

/* The client's own words in a detail may have been cut in the middle of a character. */
static void
tell(struct call *c, int status, const char *code, cJSON *candidates, const char *fmt, va_list ap)
{
	char detail[1024];

	vsnprintf(detail, sizeof detail, fmt, ap);
	text_repair(detail);
	compose(c, status, code, detail, candidates, 0);
}

int
problem(struct call *c, int status, const char *code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(c, status, code, NULL, fmt, ap);
	va_end(ap);
	return 1;
}

int
problem_field(struct call *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(c, 422, "validation", NULL, fmt, ap);
	va_end(ap);
	return 1;
}

int
problem_candidates(struct call *c, const char *code, cJSON *candidates, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(c, 422, code, candidates, fmt, ap);
	va_end(ap);
	return 1;
}

int
problem_retry(struct call *c, int status, const char *code, int seconds, const char *detail)
{
	compose(c, status, code, detail, NULL, seconds);
	return 1;
}

void
problem_store(struct call *c)
{
	if (c->store->busy)
		problem_retry(c, 503, "unavailable", 1, "the store is busy; try again");
	else
		problem(c, 500, "internal", "the request failed inside the service");
}
