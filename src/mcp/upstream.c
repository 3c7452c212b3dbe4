/* SPDX-License-Identifier: MIT */
/* upstream.c - URL, headers, body, each encoded for its place; see upstream.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "mcp/failure.h"
#include "mcp/service.h"
#include "mcp/template.h"
#include "mcp/upstream.h"
#include "wire/json.h"

static int	build_url(struct upstream *, const struct tool *, const cJSON *, struct failure *);
static int	add_query(struct buf *, const struct tool *, const cJSON *, const char **);
static bool	is_path_text(const char *);
static bool	is_path_value(const cJSON *);
static bool	has_dot_segment(const char *);
static bool	has_header(const struct tool *, const char *);
static int	build_headers(struct upstream *, const struct tool *, const cJSON *,
		    struct failure *);
static int	build_body(struct upstream *, const struct tool *, const cJSON *, struct failure *);
static int	push_line(struct upstream *, char *);

int
upstream_build(struct upstream *u, const struct tool *t, const cJSON *args, struct failure *f)
{
	memset(u, 0, sizeof *u);
	buf_init(&u->body, LIMIT_SERVICE_FILE);
	u->method = t->method;
	u->once = t->write;
	if (build_url(u, t, args, f) == -1 || build_headers(u, t, args, f) == -1)
		return -1;
	return build_body(u, t, args, f);
}

void
upstream_finish(struct upstream *u)
{
	size_t i;

	/* One of them may be a credential. */
	for (i = 0; i < u->nheaders; i++) {
		explicit_bzero(u->headers[i], strlen(u->headers[i]));
		free(u->headers[i]);
	}
	free(u->headers);
	free(u->url);
	buf_finish(&u->body);
	memset(u, 0, sizeof *u);
}

/*
 * A text for the path may not hold a separator, encoded or not: '/' would be sent
 * as %2F, which many servers take for a slash again before they route.
 */
static bool
is_path_text(const char *text)
{
	return *text != '\0' && strpbrk(text, "/\\") == NULL && strcmp(text, ".") != 0 &&
	    strcmp(text, "..") != 0;
}

/* The same of a value and all that it holds; one that would expand to nothing is none. */
static bool
is_path_value(const cJSON *value)
{
	const cJSON *child;

	if (cJSON_IsString(value))
		return is_path_text(value->valuestring);
	if (cJSON_IsNull(value) || ((cJSON_IsArray(value) || cJSON_IsObject(value)) &&
	    value->child == NULL))
		return false;
	cJSON_ArrayForEach(child, value)
		if (!is_path_value(child) ||
		    (child->string != NULL && !is_path_text(child->string)))
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
add_query(struct buf *url, const struct tool *t, const cJSON *args, const char **why)
{
	enum template_result result;
	struct buf query;

	if (t->query == NULL)
		return 0;
	buf_init(&query, LIMIT_URL);
	result = template_form(&query, t->query, args, why);
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

static int
build_url(struct upstream *u, const struct tool *t, const cJSON *args, struct failure *f)
{
	const char *why, *name;
	struct buf url;
	size_t i;

	for (i = 0; i < t->path_vars; i++) {
		name = uritemplate_name(t->url, i);
		if (!is_path_value(json_get(args, name))) {
			failure_init(f, "invalid_argument", 400, "/%s: must not be empty, \".\" or "
			    "\"..\" and must hold no slash; give the id as another tool returned "
			    "it", name);
			return -1;
		}
	}
	buf_init(&url, LIMIT_URL);
	buf_puts(&url, t->service->base_url);
	if (uritemplate_expand(t->url, args, &url, &why, &name) == -1) {
		failure_init(f, "invalid_argument", 400, "/%s: %s", name == NULL ? "" : name, why);
		buf_finish(&url);
		return -1;
	}
	if (add_query(&url, t, args, &why) == -1) {
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
	return 0;
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

/* Whether the tool's own headers say it, so that the usual one is not sent besides. */
static bool
has_header(const struct tool *t, const char *name)
{
	const cJSON *header;

	cJSON_ArrayForEach(header, t->headers)
		if (strcasecmp(header->string, name) == 0)
			return true;
	return false;
}

static int
build_headers(struct upstream *u, const struct tool *t, const cJSON *args, struct failure *f)
{
	enum template_result result;
	const cJSON *header;
	struct buf value;
	const char *why;
	int pushed;

	cJSON_ArrayForEach(header, t->headers) {
		buf_init(&value, LIMIT_HEADER - 256);
		result = template_header(&value, header->valuestring, args, &why);
		if (result == TEMPLATE_UNFIT) {
			failure_init(f, "invalid_argument", 400, "the header %s: %s",
			    header->string, why);
			buf_finish(&value);
			return -1;
		}
		pushed = result == TEMPLATE_ABSENT ? 0 :
		    upstream_header(u, header->string, buf_str(&value));
		buf_finish(&value);
		if (pushed == -1)
			goto memory;
	}
	if (!has_header(t, "Accept") && upstream_header(u, "Accept", "application/json") == -1)
		goto memory;
	return 0;
memory:
	failure_init(f, "internal", 500, "out of memory; repeat the call later");
	return -1;
}

static int
build_body(struct upstream *u, const struct tool *t, const cJSON *args, struct failure *f)
{
	enum template_result result;
	const char *why = NULL;

	if (t->body == NULL)
		return 0;
	result = t->form ? template_form(&u->body, t->body, args, &why) :
	    template_json(&u->body, t->body, args, &why);
	if (result == TEMPLATE_UNFIT) {
		failure_init(f, "invalid_argument", 400, "%s", why);
		return -1;
	}
	u->has_body = result == TEMPLATE_DONE;
	if (u->has_body && !has_header(t, "Content-Type") &&
	    upstream_header(u, "Content-Type", t->form ?
	    "application/x-www-form-urlencoded" : "application/json") == -1) {
		failure_init(f, "internal", 500, "out of memory; repeat the call later");
		return -1;
	}
	return 0;
}
