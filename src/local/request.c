/* SPDX-License-Identifier: MIT */
/*
 * request.c - from CGI parameters to a path, a query and a body; see request.h.
 *
 * The path is taken from REQUEST_URI and decoded here segment by segment, so
 * that %2F in an id does not make two segments of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "local/call.h"
#include "local/problem.h"
#include "local/request.h"
#include "local/text.h"

static int	hex(char);
static int	decode(char *, size_t, bool);
static int	split_path(struct call *, size_t);
static int	copy_target(struct call *, char **);
static int	split_query(struct call *);
static int	read_length(const char *, size_t *);

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undo percent encoding in place. -1: not valid, or a NUL or bytes that are no text. */
static int
decode(char *s, size_t len, bool plus)
{
	char *out = s, *end = s + len;
	int c;

	for (; s < end; s++) {
		c = (unsigned char)*s;
		if (c == '+' && plus)
			c = ' ';
		else if (c == '%') {
			if (end - s < 3 || hex(s[1]) < 0 || hex(s[2]) < 0)
				return -1;
			c = hex(s[1]) << 4 | hex(s[2]);
			s += 2;
		}
		if (c == '\0')
			return -1;
		*out++ = (char)c;
	}
	*out = '\0';
	return 0;
}

const char *
request_header(const struct request *req, const char *name)
{
	return FCGX_GetParam(name, req->params);
}

const char *
request_query(const struct request *req, const char *name)
{
	int i;

	for (i = 0; i < req->query_count; i++)
		if (strcmp(req->query[i].name, name) == 0)
			return req->query[i].value;
	return NULL;
}

int
request_form(char *text, struct pair *pairs, int max)
{
	char *next, *value;
	int n = 0;

	for (; text != NULL; text = next) {
		next = strchr(text, '&');
		if (next != NULL)
			*next++ = '\0';
		if (*text == '\0')
			continue;
		if (n == max)
			return -1;
		value = strchr(text, '=');
		if (value != NULL)
			*value++ = '\0';
		pairs[n].name = text;
		pairs[n].value = value == NULL ? text + strlen(text) : value;
		if (decode(pairs[n].name, strlen(pairs[n].name), true) == -1 ||
		    decode(pairs[n].value, strlen(pairs[n].value), true) == -1 ||
		    !text_is_utf8(pairs[n].name) || !text_is_utf8(pairs[n].value))
			return -1;
		n++;
	}
	return n;
}

/* The target without its query, and the query in `query`; both owned by the request. */
static int
copy_target(struct call *c, char **query)
{
	const char *uri = request_header(&c->req, "REQUEST_URI");
	const char *text = request_header(&c->req, "QUERY_STRING");
	size_t len;

	if (uri == NULL)
		uri = request_header(&c->req, "SCRIPT_NAME");
	if (uri == NULL)
		uri = "";
	len = strcspn(uri, "?");
	if (text == NULL)
		text = uri[len] == '?' ? uri + len + 1 : "";
	c->req.target = strndup(uri, len);
	*query = strdup(text);
	return c->req.target == NULL || *query == NULL ? -1 : 0;
}

static int
split_path(struct call *c, size_t len)
{
	struct request *req = &c->req;
	char *p, *next;

	if (len > CAP_TARGET || req->path[0] != '/')
		return problem(c, 400, "bad_request", "the path is not one of this service");
	for (p = req->path + 1; p != NULL; p = next) {
		next = strchr(p, '/');
		if (next != NULL)
			*next++ = '\0';
		if (decode(p, strlen(p), false) == -1 || !text_is_utf8(p))
			return problem(c, 400, "bad_request", "the path is not encoded correctly");
		if (req->segment_count == CAP_SEGMENTS)
			return problem(c, 404, "not_found", "no such path");
		req->segment[req->segment_count++] = p;
	}
	return 0;
}

static int
split_query(struct call *c)
{
	struct request *req = &c->req;

	if (strlen(req->query_text) > CAP_TARGET)
		return problem(c, 400, "bad_request", "the query is too long");
	req->query_count = request_form(req->query_text, req->query, CAP_PAIRS);
	if (req->query_count >= 0)
		return 0;
	req->query_count = 0;
	return problem(c, 400, "bad_request", "the query is not encoded correctly or too long");
}

int
request_read(struct call *c, char **params)
{
	struct request *req = &c->req;
	int result;

	req->params = params;
	req->method = request_header(req, "REQUEST_METHOD");
	if (req->method == NULL)
		req->method = "";
	if (copy_target(c, &req->query_text) == -1 || (req->path = strdup(req->target)) == NULL)
		return -1;
	result = split_path(c, strlen(req->target));
	if (result == 0)
		result = split_query(c);
	return result;
}

static int
read_length(const char *text, size_t *out)
{
	char *end;
	unsigned long long n;

	*out = 0;
	if (text == NULL || *text == '\0')
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (text[strspn(text, "0123456789")] != '\0' || errno != 0)
		return -1;
	*out = (size_t)n;
	return 0;
}

int
request_body(struct call *c, FCGX_Stream *in)
{
	const char *text = request_header(&c->req, "CONTENT_LENGTH");
	char chunk[8192];
	size_t length;
	int n;

	if (read_length(text, &length) == -1)
		return problem(c, 400, "bad_request", "Content-Length is not a number");
	if (length > CAP_BODY)
		goto large;
	while ((n = FCGX_GetStr(chunk, sizeof chunk, in)) > 0) {
		if (c->req.body.len + (size_t)n > CAP_BODY)
			goto large;
		if (buf_append(&c->req.body, chunk, (size_t)n) == -1)
			return -1;
	}
	if (FCGX_GetError(in) != 0 || (text != NULL && *text != '\0' && c->req.body.len != length))
		return problem(c, 400, "bad_request", "the body is not as long as "
		    "Content-Length says");
	return 0;
large:
	return problem(c, 413, "too_large", "a body may have %d bytes", CAP_BODY);
}

int
request_json(struct call *c)
{
	struct json_fault fault;
	const char *type = request_header(&c->req, "CONTENT_TYPE");
	size_t len = type == NULL ? 0 : strcspn(type, "; \t");

	if (c->req.json != NULL)
		return 0;
	if (len != strlen("application/json") || strncasecmp(type, "application/json", len) != 0)
		return problem(c, 415, "unsupported_media_type", "send Content-Type: "
		    "application/json");
	c->req.json = json_parse(buf_str(&c->req.body), c->req.body.len, &fault);
	if (c->req.json == NULL && fault.memory)
		return -1;
	if (c->req.json == NULL)
		return problem(c, 400, "bad_request", "the body is not JSON: %s (byte %zu)",
		    fault.why, fault.offset);
	if (!cJSON_IsObject(c->req.json))
		return problem_field(c, "the body: an object is wanted");
	if (json_has_nul(c->req.json))
		return problem_field(c, "the body: U+0000 is not taken in any text");
	return 0;
}

void
request_free(struct request *req)
{
	cJSON_Delete(req->json);
	buf_finish(&req->body);
	free(req->target);
	free(req->path);
	free(req->query_text);
}

bool
request_listed(const char *names, const char *name, bool *mark)
{
	size_t len = strlen(name), n;

	*mark = false;
	while (*names != '\0') {
		n = strcspn(names, ",*");
		if (n == len && memcmp(names, name, n) == 0) {
			*mark = names[n] == '*';
			return true;
		}
		names += n;
		names += strspn(names, ",*");
	}
	return false;
}

int
request_check_query(struct call *c, const char *names)
{
	struct request *req = &c->req;
	bool repeats;
	int i;

	for (i = 0; i < req->query_count; i++) {
		if (!request_listed(names, req->query[i].name, &repeats))
			return problem_field(c, "%.80s: no such query parameter; known: %s",
			    req->query[i].name, *names == '\0' ? "none" : names);
		if (!repeats && request_query(req, req->query[i].name) != req->query[i].value)
			return problem_field(c, "%.80s: given more than once",
			    req->query[i].name);
	}
	return 0;
}

int
request_check_members(struct call *c, const cJSON *object, const char *names)
{
	const cJSON *item;
	bool mark;

	cJSON_ArrayForEach(item, object)
		if (!request_listed(names, item->string, &mark))
			return problem_field(c, "%.80s: no such member; known: %s",
			    item->string, *names == '\0' ? "none" : names);
	return 0;
}
