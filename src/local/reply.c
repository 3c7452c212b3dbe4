/* SPDX-License-Identifier: MIT */
/* reply.c - answers, as CGI headers and a body; see reply.h. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "local/call.h"
#include "local/fault.h"
#include "local/reply.h"

static const struct {
	int		 status;
	const char	*phrase;
} phrases[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
};

static void	write_bytes(FCGX_Stream *, const char *, size_t);
static void	write_huge(FCGX_Stream *, int64_t);

const char *
reply_phrase(int status)
{
	size_t i;

	for (i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Status";
}

int
reply_json(struct call *c, int status, cJSON *item)
{
	int result = -1;

	buf_reset(&c->reply.body);
	c->reply.status = status;
	c->reply.type = "application/json";
	if (item != NULL)
		result = json_print(&c->reply.body, item);
	cJSON_Delete(item);
	return result;
}

int
reply_bytes(struct call *c, int status, const char *type, const void *data, size_t len)
{
	buf_reset(&c->reply.body);
	c->reply.status = status;
	snprintf(c->reply.named, sizeof c->reply.named, "%s", type);
	c->reply.type = c->reply.named;
	return len == 0 ? 0 : buf_append(&c->reply.body, data, len);
}

static void
write_bytes(FCGX_Stream *out, const char *data, size_t len)
{
	int n;

	for (; len > 0; data += n, len -= (size_t)n) {
		n = len > INT_MAX ? INT_MAX : (int)len;
		if (FCGX_PutStr(data, n, out) == -1)
			return;
	}
}

/* One JSON string of so many bytes, in pieces: the size is the client's to bear. */
static void
write_huge(FCGX_Stream *out, int64_t len)
{
	char piece[8192];
	int64_t n;

	memset(piece, 'x', sizeof piece);
	FCGX_PutStr("{\"data\":\"", 9, out);
	for (len -= 11; len > 0; len -= n) {
		n = len > (int64_t)sizeof piece ? (int64_t)sizeof piece : len;
		if (FCGX_PutStr(piece, (int)n, out) == -1)
			return;
	}
	FCGX_PutStr("\"}", 2, out);
}

void
reply_write(const struct call *c, FCGX_Stream *out, const struct fault *fault)
{
	const struct reply *r = &c->reply;
	bool failed = r->body.failed || r->headers.failed || r->status == 0;
	const char *body = failed ? "{}" : buf_str(&r->body);
	size_t len = failed ? 2 : r->body.len;
	int status = failed ? 500 : r->status;

	FCGX_FPrintF(out, "Status: %d %s\r\n", status, reply_phrase(status));
	FCGX_FPrintF(out, "Content-Type: %s\r\n", failed ? "application/problem+json" : r->type);
	FCGX_FPrintF(out, "X-Request-Id: %s\r\n", c->id);
	FCGX_PutS("Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n", out);
	if (!failed)
		FCGX_PutS(buf_str(&r->headers), out);
	if (fault->huge == 0)
		FCGX_FPrintF(out, "Content-Length: %lu\r\n", (unsigned long)len);
	FCGX_PutS("\r\n", out);
	if (strcmp(c->req.method, "HEAD") == 0)
		return;
	if (fault->huge > 0)
		write_huge(out, fault->huge);
	else
		write_bytes(out, body, fault->truncate ? len / 2 : len);
}

int
reply_text(cJSON *object, const char *name, const char *text)
{
	return text == NULL ? 0 : json_put(object, name, cJSON_CreateString(text));
}

int
reply_time(cJSON *object, const char *name, int64_t wall_ms)
{
	char stamp[CLOCK_STAMP];

	clock_stamp(wall_ms, stamp);
	return reply_text(object, name, stamp);
}

int
reply_parsed(cJSON *object, const char *name, const char *json)
{
	struct json_fault fault;

	if (json == NULL)
		return 0;
	return json_put(object, name, json_parse(json, strlen(json), &fault));
}
