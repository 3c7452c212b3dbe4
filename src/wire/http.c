/* SPDX-License-Identifier: MIT */
/* http.c - CGI variables to a request, a head to bytes; see http.h. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/limits.h"
#include "wire/http.h"

static bool	is_single(const char *, size_t);
static bool	wanted(const char *, size_t);
static int	host_append(const char *, size_t, struct buf *);

void
http_request_init(struct http_request *rq, size_t body_max)
{
	memset(rq, 0, sizeof *rq);
	buf_init(&rq->params, LIMIT_PARAMS);
	buf_init(&rq->body, body_max);
}

void
http_request_finish(struct http_request *rq)
{
	buf_finish(&rq->params);
	buf_finish(&rq->body);
}

static bool
is_one_of(const char *name, size_t len, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strlen(*names) == len && memcmp(*names, name, len) == 0)
			return true;
	return false;
}

/*
 * Of what a web server sends, what somebody above reads; a request waits with the rest
 * forgotten.
 */
static bool
wanted(const char *name, size_t len)
{
	static const char *const names[] = { "REQUEST_METHOD", "REQUEST_URI", "SCRIPT_NAME",
		"PATH_INFO", "CONTENT_TYPE", "CONTENT_LENGTH", "REMOTE_ADDR", NULL };

	return (len > 5 && memcmp(name, "HTTP_", 5) == 0) || is_one_of(name, len, names);
}

/* Headers that we or a proxy decide by: of two that differ, each could be believed by one. */
static bool
is_single(const char *name, size_t len)
{
	static const char *const names[] = { "HTTP_HOST", "HTTP_ORIGIN", "CONTENT_TYPE",
		"CONTENT_LENGTH", "REQUEST_METHOD", "REQUEST_URI", NULL };

	return (len > 9 && memcmp(name, "HTTP_MCP_", 9) == 0) || is_one_of(name, len, names);
}

/* Whether there is a variable of that name already. */
static bool
is_there(const struct http_request *rq, const char *name, size_t len)
{
	const char *p = buf_str(&rq->params), *end = p + rq->params.len;

	for (; p < end; p += strlen(p) + 1, p += strlen(p) + 1)
		if (strlen(p) == len && memcmp(p, name, len) == 0)
			return true;
	return false;
}

int
http_request_add(struct http_request *rq, const char *name, size_t namelen, const char *value,
    size_t valuelen)
{
	struct buf *p = &rq->params;

	if (memchr(name, '\0', namelen) != NULL || memchr(value, '\0', valuelen) != NULL) {
		rq->excess = HTTP_MALFORMED;
		return 0;
	}
	if (!wanted(name, namelen))
		return 0;
	if (is_single(name, namelen) && is_there(rq, name, namelen)) {
		rq->excess = HTTP_MALFORMED;
		return 0;
	}
	if (++rq->count > LIMIT_PARAMS_COUNT || p->len + namelen + valuelen + 2 > p->cap) {
		rq->excess = HTTP_PARAMS_EXCESS;
		return 0;
	}
	buf_append(p, name, namelen);
	buf_putc(p, '\0');
	buf_append(p, value, valuelen);
	return buf_putc(p, '\0');
}

int
http_request_body(struct http_request *rq, const void *data, size_t len)
{
	if (rq->body.len + len > rq->body.cap) {
		rq->excess = HTTP_BODY_EXCESS;
		buf_finish(&rq->body);
		return 0;
	}
	return rq->excess == HTTP_BODY_EXCESS ? 0 : buf_append(&rq->body, data, len);
}

void
http_request_end(struct http_request *rq)
{
	const char *text = http_variable(rq, "CONTENT_LENGTH");

	if (rq->excess == HTTP_FITS && text != NULL && *text != '\0' &&
	    (text[strspn(text, "0123456789")] != '\0' || strtoull(text, NULL, 10) != rq->body.len))
		rq->excess = HTTP_MALFORMED;
}

const char *
http_variable(const struct http_request *rq, const char *name)
{
	const char *p = rq->params.data, *end, *value;

	if (p == NULL)
		return NULL;
	for (end = p + rq->params.len; p < end; p = value + strlen(value) + 1) {
		value = p + strlen(p) + 1;
		if (strcmp(p, name) == 0)
			return value;
	}
	return NULL;
}

const char *
http_header(const struct http_request *rq, const char *name)
{
	char variable[LIMIT_TOOL_NAME + 32] = "HTTP_";
	size_t i;

	if (strcasecmp(name, "Content-Type") == 0)
		return http_variable(rq, "CONTENT_TYPE");
	for (i = 0; name[i] != '\0' && i + 6 < sizeof variable; i++)
		variable[i + 5] = name[i] == '-' ? '_' : (char)toupper((unsigned char)name[i]);
	variable[i + 5] = '\0';
	return http_variable(rq, variable);
}

int
http_path(const struct http_request *rq, struct buf *out)
{
	const char *uri = http_variable(rq, "REQUEST_URI"), *script, *info;

	if (uri != NULL && *uri == '/')
		return buf_append(out, uri, strcspn(uri, "?#"));
	script = http_variable(rq, "SCRIPT_NAME");
	info = http_variable(rq, "PATH_INFO");
	if ((script == NULL || *script == '\0') && (info == NULL || *info == '\0'))
		return buf_puts(out, "/");
	buf_puts(out, script == NULL ? "" : script);
	return buf_puts(out, info == NULL ? "" : info);
}

int
http_mirror_decode(const char *value, struct buf *out)
{
	static const char open[] = "=?base64?", close[] = "?=";
	size_t len, start = out->len, from = sizeof open - 1, tail = sizeof close - 1;

	value += strspn(value, " \t");
	len = strlen(value);
	while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		len--;
	if (len < from + tail || strncmp(value, open, from) != 0 ||
	    memcmp(value + len - tail, close, tail) != 0)
		return buf_append(out, value, len);
	if (base64_decode(out, value + from, len - from - tail) == -1)
		return -1;
	/* Whether the bytes are UTF-8 shows when they are compared with the body's text. */
	return memchr(buf_str(out) + start, '\0', out->len - start) == NULL ? 0 : -1;
}

bool
http_is_json(const char *content_type)
{
	static const char json[] = "application/json";
	const char *p;

	if (content_type == NULL || strncasecmp(content_type, json, sizeof json - 1) != 0)
		return false;
	p = content_type + sizeof json - 1;
	p += strspn(p, " \t");
	if (*p != '\0' && *p != ';')
		return false;
	/* JSON is UTF-8 (RFC 8259, 8.1); who says another charset means other bytes. */
	p = strcasestr(p, "charset=");
	return p == NULL || strncasecmp(p + 8, "utf-8", 5) == 0 ||
	    strncasecmp(p + 8, "\"utf-8\"", 7) == 0;
}

/* Whether the parameters of a media range, up to the next comma, say q=0. */
static bool
is_refused(const char *p, size_t len)
{
	const char *end = p + len;
	size_t n;

	for (; p < end; p += n) {
		p += strspn(p, "; \t");
		n = strcspn(p, ";,");
		if (p < end && strncasecmp(p, "q=0", 3) == 0 &&
		    strspn(p + 3, ".0") >= strcspn(p + 3, ";, \t"))
			return true;
	}
	return false;
}

bool
http_accepts(const char *accept, const char *type)
{
	size_t len, range, all = strlen(type), major = strcspn(type, "/") + 1;
	int rank, best = 0;
	bool admitted = false;
	const char *p;

	/* The most specific range that matches decides. */
	for (p = accept; *p != '\0'; p += len + (p[len] == ',')) {
		p += strspn(p, " \t");
		len = strcspn(p, ",");
		range = strcspn(p, ",; \t");
		if (range == all && strncasecmp(p, type, all) == 0)
			rank = 3;
		else if (range == major + 1 && strncasecmp(p, type, major) == 0 && p[major] == '*')
			rank = 2;
		else
			rank = range == 3 && strncmp(p, "*/*", 3) == 0 ? 1 : 0;
		if (rank > best) {
			best = rank;
			admitted = !is_refused(p + range, len - range);
		}
	}
	return admitted;
}

static int
host_append(const char *host, size_t len, struct buf *out)
{
	size_t i;

	if (len == 0)
		return -1;
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)host[i];

		if (!isalnum(c) && strchr("-._:[]", c) == NULL)
			return -1;
		buf_putc(out, (char)tolower(c));
	}
	return out->failed ? -1 : 0;
}

int
http_host(const char *value, struct buf *out)
{
	size_t len = value[0] == '[' ? strcspn(value, "]") + 1 : strcspn(value, ":");

	if (len > strlen(value))
		return -1;
	if (value[len] != '\0' &&
	    (value[len] != ':' || strspn(value + len + 1, "0123456789") != strlen(value + len + 1)))
		return -1;
	return host_append(value, len, out);
}

int
http_origin_host(const char *value, struct buf *out)
{
	if (strncmp(value, "http://", 7) == 0)
		return http_host(value + 7, out);
	if (strncmp(value, "https://", 8) == 0)
		return http_host(value + 8, out);
	return -1;
}

const char *
http_reason(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} reasons[] = {
		{ 200, "OK" }, { 202, "Accepted" }, { 400, "Bad Request" },
		{ 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
		{ 405, "Method Not Allowed" }, { 406, "Not Acceptable" },
		{ 413, "Content Too Large" }, { 415, "Unsupported Media Type" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" }, { 503, "Service Unavailable" },
	};
	size_t i;

	for (i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].status == status)
			return reasons[i].phrase;
	return "Status";
}

int
http_head(struct buf *out, int status, const char *type)
{
	buf_printf(out, "Status: %d %s\r\n", status, http_reason(status));
	if (type != NULL)
		buf_printf(out, "Content-Type: %s\r\n", type);
	return out->failed ? -1 : 0;
}
