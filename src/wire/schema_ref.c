/* SPDX-License-Identifier: MIT */
/*
 * schema_ref.c - $id, anchors, and where a $ref leads; see schema_node.h.
 *
 * URI references are resolved by RFC 3986, section 5.2, as text and without
 * normalizing: two identifiers are the same when their bytes are.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/json.h"
#include "wire/percent.h"
#include "wire/pointer.h"
#include "wire/schema_node.h"

/* The parts of a URI reference, without the fragment. */
struct uri {
	const char	*scheme, *authority, *path, *query;	/* NULL: absent; never `path` */
	size_t		 scheme_len, authority_len, path_len, query_len;
};

static struct uri uri_split(const char *);
static char	*uri_resolve(const char *, const char *);
static int	 uri_path(struct buf *, const struct uri *, const struct uri *);
static int	 remove_dots(struct buf *, const char *, size_t);
static char	*decode_fragment(const char *);
static const struct resource *resource_of(struct compiler *, const struct rule *, int *);
static struct node *node_at(const struct schema *, const cJSON *);

static struct uri
uri_split(const char *s)
{
	struct uri u = { .scheme = NULL };
	size_t n = strcspn(s, ":/?#");

	if (n > 0 && s[n] == ':') {
		u.scheme = s;
		u.scheme_len = n;
		s += n + 1;
	}
	if (strncmp(s, "//", 2) == 0) {
		u.authority = s + 2;
		u.authority_len = strcspn(u.authority, "/?#");
		s = u.authority + u.authority_len;
	}
	u.path = s;
	u.path_len = strcspn(s, "?#");
	s += u.path_len;
	if (*s == '?') {
		u.query = s + 1;
		u.query_len = strcspn(u.query, "#");
	}
	return u;
}

/* Append a path without its "." and ".." segments. */
static int
remove_dots(struct buf *out, const char *path, size_t len)
{
	size_t start = out->len, n;
	const char *end = path + len, *last;
	bool dots;

	while (path < end) {
		n = *path == '/';
		while (path + n < end && path[n] != '/')
			n++;
		last = path + (*path == '/');
		len = (size_t)(path + n - last);
		dots = (len == 1 || len == 2) && memcmp(last, "..", len) == 0;
		if (!dots)
			buf_append(out, path, n);
		else if (len == 2) {
			while (out->len > start && out->data[out->len - 1] != '/')
				buf_truncate(out, out->len - 1);
			if (out->len > start)
				buf_truncate(out, out->len - 1);
		}
		path += n;
		/* A dot segment at the end leaves the slash before it. */
		if (dots && path == end)
			buf_putc(out, '/');
	}
	return out->failed ? -1 : 0;
}

/* The path of `ref` seen from `base`. */
static int
uri_path(struct buf *out, const struct uri *base, const struct uri *ref)
{
	struct buf merged;
	size_t n = base->path_len;

	if (ref->path[0] == '/' || ref->scheme != NULL || ref->authority != NULL)
		return remove_dots(out, ref->path, ref->path_len);
	buf_init(&merged, LIMIT_SERVICE_FILE);
	while (n > 0 && base->path[n - 1] != '/')
		n--;
	if (base->authority != NULL && base->path_len == 0)
		buf_putc(&merged, '/');
	buf_append(&merged, base->path, n);
	/* Without anything before it a leading "./" would become a slash. */
	if (merged.len == 0 && strncmp(ref->path, "./", 2) == 0)
		buf_append(&merged, ref->path + 2, ref->path_len - 2);
	else
		buf_append(&merged, ref->path, ref->path_len);
	if (!merged.failed)
		remove_dots(out, buf_str(&merged), merged.len);
	else
		out->failed = true;
	buf_finish(&merged);
	return out->failed ? -1 : 0;
}

/* The absolute form of `ref`, without its fragment; the caller frees it. NULL: no memory. */
static char *
uri_resolve(const char *base_text, const char *ref_text)
{
	struct uri base = uri_split(base_text), ref = uri_split(ref_text);
	const struct uri *scheme = ref.scheme != NULL ? &ref : &base;
	const struct uri *authority = ref.scheme != NULL || ref.authority != NULL ? &ref : &base;
	bool same = authority == &base && ref.path_len == 0;
	const struct uri *query = same && ref.query == NULL ? &base : &ref;
	struct buf out;
	char *text;

	buf_init(&out, LIMIT_SERVICE_FILE);
	if (scheme->scheme != NULL) {
		buf_append(&out, scheme->scheme, scheme->scheme_len);
		buf_putc(&out, ':');
	}
	if (authority->authority != NULL) {
		buf_puts(&out, "//");
		buf_append(&out, authority->authority, authority->authority_len);
	}
	if (same)
		buf_append(&out, base.path, base.path_len);
	else
		uri_path(&out, &base, &ref);
	if (query->query != NULL) {
		buf_putc(&out, '?');
		buf_append(&out, query->query, query->query_len);
	}
	buf_puts(&out, "");
	text = out.failed ? NULL : buf_take(&out);
	buf_finish(&out);
	return text;
}

/* Set the home of `node`: its parent's, or a new resource if it has an $id or is the root. */
int
resource_add(struct compiler *c, struct node *node, struct resource *parent)
{
	const cJSON *id = json_get(node->json, "$id");
	const char *text = cJSON_GetStringValue(id), *fragment;
	struct resource *resource, *other;

	node->home = parent;
	if (parent != NULL && text == NULL)
		return 0;
	fragment = text == NULL ? NULL : strchr(text, '#');
	if (fragment != NULL && fragment[1] != '\0')
		return compile_refuse(c, id, "$id must have no fragment; $anchor makes one");
	resource = calloc(1, sizeof *resource);
	if (resource == NULL)
		return compile_memory(c);
	resource->root = node;
	resource->next = c->schema->resources;
	c->schema->resources = resource;
	node->home = resource;
	resource->uri = uri_resolve(parent == NULL ? "" : parent->uri, text == NULL ? "" : text);
	if (resource->uri == NULL)
		return compile_memory(c);
	for (other = resource->next; other != NULL; other = other->next)
		if (strcmp(other->uri, resource->uri) == 0)
			return compile_refuse(c, id, "$id names a schema that exists already");
	return 0;
}

const struct anchor *
anchor_find(const struct schema *s, const struct resource *home, const char *name, bool dynamic)
{
	const struct anchor *anchor;

	for (anchor = s->anchors; anchor != NULL; anchor = anchor->next)
		if (anchor->home == home && (anchor->dynamic || !dynamic) &&
		    strcmp(anchor->name, name) == 0)
			return anchor;
	return NULL;
}

int
compile_anchor(struct compiler *c, struct rule *rule)
{
	struct anchor *anchor;

	if (anchor_find(c->schema, rule->owner->home, rule->value->valuestring, false) != NULL)
		return compile_refuse(c, rule->value, "%s names an anchor that exists already",
		    rule->keyword->name);
	anchor = calloc(1, sizeof *anchor);
	if (anchor == NULL)
		return compile_memory(c);
	anchor->name = rule->value->valuestring;
	anchor->home = rule->owner->home;
	anchor->node = rule->owner;
	anchor->dynamic = strcmp(rule->keyword->name, "$dynamicAnchor") == 0;
	anchor->next = c->schema->anchors;
	c->schema->anchors = anchor;
	return 0;
}

/* Percent-decoded copy; the caller frees it. A %00 stays as it is. NULL: no memory. */
static char *
decode_fragment(const char *s)
{
	char *copy = malloc(strlen(s) + 1), *to = copy;
	int octet;

	if (copy == NULL)
		return NULL;
	while (*s != '\0') {
		octet = percent_octet(s);
		if (octet <= 0)
			*to++ = *s++;
		else {
			*to++ = (char)octet;
			s += 3;
		}
	}
	*to = '\0';
	return copy;
}

static struct node *
node_at(const struct schema *s, const cJSON *json)
{
	size_t low = 0, high = s->count, middle;
	uintptr_t want = (uintptr_t)json, have;

	while (low < high) {
		middle = low + (high - low) / 2;
		have = (uintptr_t)s->sorted[middle]->json;
		if (have == want)
			return s->sorted[middle];
		if (want < have)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* The resource that a reference names before its fragment. NULL: none, or `error` is -1. */
static const struct resource *
resource_of(struct compiler *c, const struct rule *rule, int *error)
{
	const char *text = rule->value->valuestring;
	const struct resource *resource;
	char *uri;

	*error = 0;
	if (*text == '#' || *text == '\0')
		return rule->owner->home;
	uri = uri_resolve(rule->owner->home->uri, text);
	if (uri == NULL) {
		*error = compile_memory(c);
		return NULL;
	}
	for (resource = c->schema->resources; resource != NULL; resource = resource->next)
		if (strcmp(resource->uri, uri) == 0)
			break;
	free(uri);
	return resource;
}

int
ref_resolve(struct compiler *c, struct rule *rule)
{
	const char *name = rule->keyword->name, *hash = strchr(rule->value->valuestring, '#');
	const struct anchor *anchor;
	const struct resource *home;
	char *fragment;
	int error;

	home = resource_of(c, rule, &error);
	if (home == NULL)
		return error == -1 ? -1 : compile_refuse(c, rule->value,
		    "%s leaves the document, and nothing is fetched", name);
	fragment = decode_fragment(hash == NULL ? "" : hash + 1);
	if (fragment == NULL)
		return compile_memory(c);
	if (*fragment == '\0' || *fragment == '/')
		rule->target = node_at(c->schema, pointer_get(home->root->json, fragment));
	else {
		anchor = anchor_find(c->schema, home, fragment, false);
		if (anchor != NULL)
			rule->target = anchor->node;
		if (anchor != NULL && anchor->dynamic && rule->keyword->check == check_dynamic_ref)
			rule->dynamic = anchor->name;
	}
	free(fragment);
	if (rule->target == NULL)
		return compile_refuse(c, rule->value,
		    "%s leads nowhere: there is no schema at its end", name);
	return 0;
}
