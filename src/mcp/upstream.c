/* SPDX-License-Identifier: MIT */
/* upstream.c - URL, headers, body, each encoded for its place; see upstream.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "mcp/failure.h"
#include "mcp/multipart.h"
#include "mcp/request.h"
#include "mcp/service.h"
#include "mcp/template.h"
#include "mcp/upstream.h"
#include "wire/json.h"

static int	build_url(struct upstream *, const struct request *, const cJSON *,
		    struct failure *);
static int	add_query(struct buf *, const struct request *, const cJSON *, const char **);
static bool	is_path_value(const cJSON *);
static bool	has_dot_segment(const char *);
static int	build_headers(struct upstream *, const struct request *, const cJSON *,
		    struct failure *);
static int	build_body(struct upstream *, const struct request *, const cJSON *,
		    struct failure *);
static int	push_line(struct upstream *, char *);

int
upstream_build(struct upstream *u, const struct request *r, const cJSON *args, struct failure *f)
{
	memset(u, 0, sizeof *u);
	buf_init(&u->body, LIMIT_SERVICE_FILE);
	u->method = r->method;
	if (build_url(u, r, args, f) == -1 || build_headers(u, r, args, f) == -1)
		return -1;
	return build_body(u, r, args, f);
}

void
upstream_finish(struct upstream *u)
{
	size_t i;

	/* One of them may be a credential, or have it. */
	for (i = 0; i < u->nheaders; i++) {
		explicit_bzero(u->headers[i], strlen(u->headers[i]));
		free(u->headers[i]);
	}
	free(u->headers);
	if (u->url != NULL)
		explicit_bzero(u->url, strlen(u->url));
	free(u->url);
	buf_finish(&u->body);
	memset(u, 0, sizeof *u);
}

/* Whether a value can stand in a path, with all that it holds; what would be nothing cannot. */
static bool
is_path_value(const cJSON *value)
{
	const cJSON *child;

	if (cJSON_IsString(value))
		return request_is_segment(value->valuestring);
	if (cJSON_IsNull(value) || ((cJSON_IsArray(value) || cJSON_IsObject(value)) &&
	    value->child == NULL))
		return false;
	cJSON_ArrayForEach(child, value)
		if (!is_path_value(child) ||
		    (child->string != NULL && !request_is_segment(child->string)))
			return false;
	return true;
}

/* Whether the expanded path has a segment "." or "..", however it came together. */
static bool
has_dot_segment(const char *url)
{
	const char *p = strstr(url, "://"), *end, *q;
	size_t dots;

	p = p == NULL ? url : p + 3;
	end = p + strcspn(p, "?");
	for (p = memchr(p, '/', (size_t)(end - p)); p != NULL && p < end;
	    p = memchr(p, '/', (size_t)(end - p))) {
		p++;
		dots = 0;
		for (q = p; q < end && *q != '/'; dots++) {
			if (*q == '.')
				q++;
			else if (strncasecmp(q, "%2e", 3) == 0)
				q += 3;
			else
				break;
		}
		if ((q == end || *q == '/') && (dots == 1 || dots == 2))
			return true;
	}
	return false;
}

/* Append what "query" makes of the arguments, behind the '?' that is there or one of its own. */
static int
add_query(struct buf *url, const struct request *r, const cJSON *args, const char **why)
{
	enum template_result result;
	struct buf query;

	if (r->query == NULL)
		return 0;
	buf_init(&query, LIMIT_URL);
	result = template_form(&query, r->query, args, why);
	if (result == TEMPLATE_DONE && query.len > 0) {
		buf_putc(url, strchr(buf_str(url), '?') == NULL ? '?' : '&');
		buf_append(url, buf_str(&query), query.len);
	}
	if (query.failed || url->failed) {
		*why = "the URL is too long";
		result = TEMPLATE_UNFIT;
	}
	buf_finish(&query);
	return result == TEMPLATE_UNFIT ? -1 : 0;
}

/* A URL that the service gave for this, if it goes where its file lets it. */
static int
build_given(struct upstream *u, const struct request *r, const cJSON *args, struct failure *f)
{
	const char *url = json_str(args, r->to);
	const cJSON *origin = NULL;
	size_t len;

	if (url == NULL || strlen(url) > LIMIT_URL)
		goto refuse;
	cJSON_ArrayForEach(origin, r->service->origins) {
		len = strlen(origin->valuestring);
		if (strncmp(url, origin->valuestring, len) == 0 && url[len] == '/')
			break;
	}
	if (origin == NULL || strpbrk(url, " \t\r\n\\\"<>#") != NULL)
		goto refuse;
	u->url = strdup(url);
	return u->url != NULL ? 0 : failure_memory(f);
refuse:
	failure_init(f, "upstream_unexpected", 502, "nothing was done: the service gave an address "
	    "that its file does not allow; tell the operator");
	return -1;
}

static int
build_url(struct upstream *u, const struct request *r, const cJSON *args, struct failure *f)
{
	const char *why, *name;
	struct buf url;
	size_t i;

	if (r->to != NULL)
		return build_given(u, r, args, f);
	for (i = 0; i < r->path_vars; i++) {
		name = uritemplate_name(r->url, i);
		if (!is_path_value(json_get(args, name))) {
			failure_init(f, "invalid_argument", 400, "/%s: must not be empty, \".\" or "
			    "\"..\" and must hold no slash; give the id as another tool returned "
			    "it", name);
			return -1;
		}
	}
	buf_init(&url, LIMIT_URL);
	buf_puts(&url, r->service->base_url);
	if (uritemplate_expand(r->url, args, &url, &why, &name) == -1) {
		failure_init(f, "invalid_argument", 400, "/%s: %s", name == NULL ? "" : name, why);
		buf_finish(&url);
		return -1;
	}
	if (add_query(&url, r, args, &why) == -1) {
		failure_init(f, "invalid_argument", 400, "%s", why);
		buf_finish(&url);
		return -1;
	}
	if (has_dot_segment(buf_str(&url))) {
		failure_init(f, "invalid_argument", 400,
		    "the arguments would make a path with \"..\"; give ids as other tools "
		    "returned them");
		buf_finish(&url);
		return -1;
	}
	u->url = buf_take(&url);
	u->base_len = strlen(r->service->base_url);
	return 0;
}

int
upstream_path(struct upstream *u, const char *path, size_t secret_at, size_t secret_len)
{
	struct buf url;

	if (u->base_len == 0)
		return 0;
	buf_init(&url, LIMIT_URL);
	buf_room(&url, strlen(u->url) + strlen(path));
	buf_append(&url, u->url, u->base_len);
	buf_puts(&url, path);
	if (buf_puts(&url, u->url + u->base_len) == -1) {
		buf_wipe(&url);
		return -1;
	}
	free(u->url);
	u->url = buf_take(&url);
	u->secret_at = u->base_len + secret_at;
	u->secret_len = secret_len;
	return u->url == NULL ? -1 : 0;
}

/* Take a header line over; 0, or -1 with the line freed. */
static int
push_line(struct upstream *u, char *line)
{
	char **headers = line == NULL ? NULL :
	    realloc(u->headers, (u->nheaders + 1) * sizeof *headers);

	if (headers == NULL) {
		free(line);
		return -1;
	}
	u->headers = headers;
	headers[u->nheaders++] = line;
	return 0;
}

int
upstream_line(struct upstream *u, const char *line)
{
	return push_line(u, strdup(line));
}

int
upstream_header(struct upstream *u, const char *name, const char *value)
{
	struct buf line;

	buf_init(&line, LIMIT_HEADER);
	buf_room(&line, strlen(name) + strlen(value) + 2);
	buf_puts(&line, name);
	buf_puts(&line, ": ");
	if (buf_puts(&line, value) == -1) {
		buf_finish(&line);
		return -1;
	}
	return push_line(u, buf_take(&line));
}

/* Add the header of a text; none if that needs what is absent. 0, or -1 with the failure. */
static int
put_header(struct upstream *u, const cJSON *header, const cJSON *args, struct failure *f)
{
	enum template_result result;
	struct buf value;
	const char *why;
	int pushed;

	buf_init(&value, LIMIT_HEADER - 256);
	result = template_header(&value, header->valuestring, args, &why);
	pushed = result != TEMPLATE_DONE ? 0 : upstream_header(u, header->string, buf_str(&value));
	buf_finish(&value);
	if (pushed == -1)
		return failure_memory(f);
	if (result != TEMPLATE_UNFIT)
		return 0;
	failure_init(f, "invalid_argument", 400, "the header %s: %s", header->string, why);
	return -1;
}

static int
build_headers(struct upstream *u, const struct request *r, const cJSON *args, struct failure *f)
{
	const cJSON *header;

	cJSON_ArrayForEach(header, r->headers)
		if (put_header(u, header, args, f) == -1)
			return -1;
	if (r->to == NULL)
		cJSON_ArrayForEach(header, r->service->headers)
			if (!request_headers_have(r->headers, header->string) &&
			    put_header(u, header, args, f) == -1)
				return -1;
	if (!request_has_header(r, "Accept") &&
	    upstream_header(u, "Accept", r->accept == NULL ? "application/json" :
	    r->accept) == -1)
		return failure_memory(f);
	return 0;
}

/* The usual Content-Type of what a part is made of; its own stands above it. */
static enum template_result
raw_type(struct buf *out, const cJSON *part, const cJSON *args, const char **why)
{
	enum template_result result = TEMPLATE_ABSENT;

	if (json_str(part, "type") != NULL)
		result = template_header(out, json_str(part, "type"), args, why);
	if (result == TEMPLATE_ABSENT) {
		buf_puts(out, json_get(part, "base64") != NULL ? "application/octet-stream" :
		    json_get(part, "text") != NULL ? "text/plain; charset=utf-8" :
		    "application/json");
		result = TEMPLATE_DONE;
	}
	return result;
}

/* Append the body of the request's kind, and its Content-Type. */
static enum template_result
put_body(struct buf *body, struct buf *type, const struct request *r, const cJSON *args,
    const char **why)
{
	enum template_result result;
	char multipart[MULTIPART_TYPE] = "";

	switch (r->kind) {
	case REQUEST_JSON:
		buf_puts(type, "application/json");
		return template_json(body, r->body, args, why);
	case REQUEST_FORM:
		buf_puts(type, "application/x-www-form-urlencoded");
		return template_form(body, r->body, args, why);
	case REQUEST_MULTIPART:
		result = multipart_build(body, multipart, r->body, args, why);
		buf_puts(type, multipart);
		return result;
	case REQUEST_RAW:
		result = multipart_part(body, r->body, args, why);
		return result == TEMPLATE_DONE ? raw_type(type, r->body, args, why) : result;
	case REQUEST_EMPTY:
		break;
	}
	return TEMPLATE_ABSENT;
}

static int
build_body(struct upstream *u, const struct request *r, const cJSON *args, struct failure *f)
{
	enum template_result result;
	const char *why = NULL;
	struct buf type;
	int pushed = 0;

	buf_init(&type, LIMIT_HEADER);
	result = put_body(&u->body, &type, r, args, &why);
	u->has_body = result == TEMPLATE_DONE;
	if (u->has_body && !request_has_header(r, "Content-Type"))
		pushed = upstream_header(u, "Content-Type", buf_str(&type));
	buf_finish(&type);
	if (result == TEMPLATE_UNFIT)
		failure_init(f, "invalid_argument", 400, "%s", why);
	else if (pushed == -1)
		failure_memory(f);
	return result == TEMPLATE_UNFIT || pushed == -1 ? -1 : 0;
}
