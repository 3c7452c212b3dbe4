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
	buf_init(&rq->params, HTTP_PARAMS_ROOM);
	buf_init(&rq->body, body_max);
}

void
http_request_finish(struct http_request *rq)
{
	buf_wipe(&rq->params);	/* a credential may be among them */
	buf_finish(&rq->body);
}

int
http_request_move(struct http_request *to, struct http_request *from)
{
	http_request_init(to, from->body.cap);
	to->count = from->count;
	to->excess = from->excess;
	to->local = from->local;
	to->params.cap = from->params.len;
	if (buf_append(&to->params, buf_str(&from->params), from->params.len) == -1)
		return -1;
	to->body = from->body;
	buf_init(&from->body, from->body.cap);
	return 0;
}

struct name {
	const char	*text;
	size_t		 len;
};

#define NAME(text)	{ text, sizeof text - 1 }

static bool
is_one_of(const char *name, size_t len, const struct name *names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (names[i].len == len && memcmp(names[i].text, name, len) == 0)
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
	static const struct name names[] = { NAME("REQUEST_METHOD"), NAME("REQUEST_URI"),
		NAME("SCRIPT_NAME"), NAME("PATH_INFO"), NAME("CONTENT_TYPE"),
		NAME("CONTENT_LENGTH"), NAME("REMOTE_ADDR"), NAME("REMOTE_USER") };

	return (len > 5 && memcmp(name, "HTTP_", 5) == 0) ||
	    is_one_of(name, len, names, sizeof names / sizeof names[0]);
}

/* Headers that we or a proxy decide by: of two that differ, each could be believed by one. */
static bool
is_single(const char *name, size_t len)
{
	static const struct name names[] = { NAME("HTTP_HOST"), NAME("HTTP_ORIGIN"),
		NAME("CONTENT_TYPE"), NAME("CONTENT_LENGTH"), NAME("REQUEST_METHOD"),
		NAME("REQUEST_URI"), NAME("REMOTE_USER"), NAME("HTTP_AUTHORIZATION") };

	return (len > 9 && memcmp(name, "HTTP_MCP_", 9) == 0) ||
	    is_one_of(name, len, names, sizeof names / sizeof names[0]);
}

/* What stands before each name: most names are told apart by it without being read. */
struct lengths {
	uint32_t	name, value;	/* without their NULs */
};

_Static_assert(HTTP_PARAMS_ROOM == LIMIT_PARAMS + LIMIT_PARAMS_COUNT * sizeof(struct lengths),
    "the room is enough");

/* The value of a variable, NULL if there is none; `len` is its name's. */
static const char *
find(const struct http_request *rq, const char *name, size_t len)
{
	const char *p = rq->params.data, *end;
	struct lengths l;

	if (p == NULL)
		return NULL;
	for (end = p + rq->params.len; p < end; p += l.name + l.value + 2) {
		memcpy(&l, p, sizeof l);
		p += sizeof l;
		if (l.name == len && memcmp(p, name, len) == 0)
			return p + len + 1;
	}
	return NULL;
}

int
http_request_add(struct http_request *rq, const char *name, size_t namelen, const char *value,
    size_t valuelen)
{
	struct lengths l = { (uint32_t)namelen, (uint32_t)valuelen };
	struct buf *p = &rq->params;
	size_t text = p->len - rq->count * sizeof l;

	if (memchr(name, '\0', namelen) != NULL || memchr(value, '\0', valuelen) != NULL) {
		rq->excess = HTTP_MALFORMED;
		return 0;
	}
	if (!wanted(name, namelen))
		return 0;
	if (is_single(name, namelen) && find(rq, name, namelen) != NULL) {
		rq->excess = HTTP_MALFORMED;
		return 0;
	}
	if (rq->count == LIMIT_PARAMS_COUNT || text + namelen + valuelen + 2 > LIMIT_PARAMS) {
		rq->excess = HTTP_PARAMS_EXCESS;
		return 0;
	}
	rq->count++;
	buf_append(p, &l, sizeof l);
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
	return rq->excess != HTTP_FITS ? 0 : buf_append(&rq->body, data, len);
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
	return find(rq, name, strlen(name));
}

const char *
http_header(const struct http_request *rq, const char *name)
{
	char variable[LIMIT_TOOL_NAME + 32] = "HTTP_";
	size_t i;

	if (strcasecmp(name, "Content-Type") == 0)
		return http_variable(rq, "CONTENT_TYPE");
	for (i = 0; name[i] != '\0' && i + 6 < sizeof variable; i++)
		variable[i + 5] = name[i] == '-' ? '_' :
		    name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 32) : name[i];
	return find(rq, variable, i + 5);
}

bool
http_path_is(const struct http_request *rq, const char *path)
{
	const char *uri = http_variable(rq, "REQUEST_URI");
	const char *script = http_variable(rq, "SCRIPT_NAME");
	const char *info = http_variable(rq, "PATH_INFO");
	size_t len;

	if (uri != NULL && *uri == '/') {
		len = strcspn(uri, "?#");
		return strlen(path) == len && memcmp(path, uri, len) == 0;
	}
	script = script == NULL ? "" : script;
	info = info == NULL ? "" : info;
	if (*script == '\0' && *info == '\0')
		return strcmp(path, "/") == 0;
	len = strlen(script);
	return strncmp(path, script, len) == 0 && strcmp(path + len, info) == 0;
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
http_body(const struct buf *response)
{
	const char *p = strstr(buf_str(response), "\r\n\r\n");

	return p == NULL ? buf_str(response) + response->len : p + 4;
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
	buf_puts(out, "Status: ");
	buf_int(out, status);
	buf_putc(out, ' ');
	buf_puts(out, http_reason(status));
	if (type != NULL) {
		buf_puts(out, "\r\nContent-Type: ");
		buf_puts(out, type);
	}
	return buf_puts(out, "\r\n");
}
