/* SPDX-License-Identifier: MIT */
/* metadata.c - see metadata.h. */
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "mcp/principal.h"
#include "mcp/metadata.h"
#include "mcp/service.h"
#include "wire/json.h"

/* Whether what is on and stands before it asks for the scope, too. */
static bool
is_known(const struct catalog *c, size_t part, const cJSON *scope)
{
	const struct tool *t;
	const cJSON *other;
	size_t i;

	for (i = 0; i <= part; i++) {
		t = catalog_part(c, i);
		if (t->off != NULL)
			continue;
		cJSON_ArrayForEach(other, t->scopes) {
			if (other == scope)
				return false;
			if (strcmp(other->valuestring, scope->valuestring) == 0)
				return true;
		}
	}
	return false;
}

int
metadata_scopes(struct buf *out, const struct catalog *c)
{
	const struct tool *t;
	const cJSON *scope;
	const char *space = "";
	size_t i;

	for (i = 0; (t = catalog_part(c, i)) != NULL; i++) {
		if (t->off != NULL)
			continue;
		cJSON_ArrayForEach(scope, t->scopes) {
			if (is_known(c, i, scope))
				continue;
			buf_puts(out, space);
			buf_puts(out, scope->valuestring);
			space = " ";
		}
	}
	return out->failed ? -1 : 0;
}

int
metadata_print(struct buf *out, const char *resource, const char *issuer,
    const char *scopes)
{
	buf_puts(out, "{\"resource\":");
	json_quote(out, resource);
	buf_puts(out, ",\"authorization_servers\":[");
	json_quote(out, issuer);
	buf_puts(out, "]");
	/* What has no values is left out (RFC 9728, 3.2). */
	if (*scopes != '\0') {
		buf_puts(out, ",\"scopes_supported\":[\"");
		for (; *scopes != '\0'; scopes++)
			if (*scopes == ' ')
				buf_puts(out, "\",\"");
			else
				buf_putc(out, *scopes);
		buf_puts(out, "\"]");
	}
	return buf_puts(out, ",\"bearer_methods_supported\":[\"header\"],"
	    "\"resource_name\":\"ums-mcp\"}");
}

const char *
metadata_path(const char *resource)
{
	const char *host = strstr(resource, "://"), *path;

	host = host == NULL ? resource : host + 3;
	path = host + strcspn(host, "/");
	return strcmp(path, "/") == 0 ? path + 1 : path;
}

/* Where the metadata is: between the host and the path (RFC 9728, 3.1). */
static void
metadata_url(struct buf *out, const char *resource)
{
	const char *path = metadata_path(resource);
	size_t len = strlen(resource) - strlen(path);

	buf_append(out, resource, len > 0 && resource[len - 1] == '/' ? len - 1 : len);
	buf_puts(out, "/.well-known/oauth-protected-resource");
	buf_puts(out, path);
}

int
metadata_challenge(struct buf *out, const char *resource, const char *scopes,
    const struct tool *tool, const char *error, const char *why)
{
	size_t mark;

	buf_puts(out, "Bearer realm=\"ums-mcp\"");
	if (error != NULL)
		buf_printf(out, ", error=\"%s\", error_description=\"%s\"", error, why);
	mark = out->len;
	buf_puts(out, ", scope=\"");
	if (tool == NULL)
		buf_puts(out, scopes);
	else
		principal_needs(out, tool);
	/* No empty list of them: the grammar has none. */
	if (out->len == mark + strlen(", scope=\""))
		buf_truncate(out, mark);
	else
		buf_putc(out, '"');
	if (resource != NULL) {
		buf_puts(out, ", resource_metadata=\"");
		metadata_url(out, resource);
		buf_putc(out, '"');
	}
	return out->failed ? -1 : 0;
}
