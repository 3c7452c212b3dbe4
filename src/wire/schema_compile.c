/* SPDX-License-Identifier: MIT */
/*
 * schema_compile.c - from a schema's text tree to nodes and rules; see schema_node.h.
 *
 * Three passes: nodes with their rules, resources and anchors; then every $ref,
 * which may point forward; then a search for schemas that lead back to
 * themselves without moving on in the instance, since those never end.
 */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "wire/pattern.h"
#include "wire/schema_node.h"

static struct node *compile_node(struct compiler *, const cJSON *, struct resource *);
static int	 compile_rules(struct compiler *, struct node *);
static int	 compile_rule(struct compiler *, struct node *, const struct keyword *,
		    const cJSON *);
static int	 compile_subschemas(struct compiler *, struct rule *);
static int	 resolve_refs(struct compiler *);
static int	 find_loops(struct compiler *);
static int	 walk_loop(struct compiler *, struct node *, int);
static void	 node_free(struct node *);

static int
compare_nodes(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;
	uintptr_t p = (uintptr_t)(*x)->json, q = (uintptr_t)(*y)->json;

	return p < q ? -1 : p > q;
}

static int
compare_members(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;

	return strcmp((*x)->json->string, (*y)->json->string);
}

static int
compare_rules(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;

	return x->keyword < y->keyword ? -1 : x->keyword > y->keyword;
}

struct schema *
schema_create(const cJSON *root, struct schema_fault *fault)
{
	struct schema *s = calloc(1, sizeof *s), *result = NULL;
	struct compiler c = { .schema = s, .fault = fault };

	memset(fault, 0, sizeof *fault);
	if (s == NULL) {
		compile_memory(&c);
		goto out;
	}
	s->json = root;
	if (!cJSON_IsObject(root) && !cJSON_IsBool(root)) {
		compile_refuse(&c, root, "a schema must be an object or a boolean");
		goto out;
	}
	s->root = compile_node(&c, root, NULL);
	if (s->root == NULL)
		goto out;
	s->sorted = calloc(s->count, sizeof *s->sorted);
	if (s->sorted == NULL) {
		compile_memory(&c);
		goto out;
	}
	memcpy(s->sorted, s->nodes, s->count * sizeof *s->sorted);
	qsort(s->sorted, s->count, sizeof *s->sorted, compare_nodes);
	if (resolve_refs(&c) == -1 || find_loops(&c) == -1)
		goto out;
	result = s;
	s = NULL;
out:
	schema_destroy(s);
	return result;
}

void
schema_destroy(struct schema *s)
{
	struct resource *resource;
	struct anchor *anchor;
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->count; i++)
		node_free(s->nodes[i]);
	free(s->nodes);
	free(s->sorted);
	while ((resource = s->resources) != NULL) {
		s->resources = resource->next;
		free(resource->uri);
		free(resource);
	}
	while ((anchor = s->anchors) != NULL) {
		s->anchors = anchor->next;
		free(anchor);
	}
	free(s);
}

static void
node_free(struct node *node)
{
	size_t i, k;

	for (i = 0; i < node->count; i++) {
		free(node->rules[i].nodes);
		for (k = 0; k < node->rules[i].pattern_count; k++)
			pattern_destroy(node->rules[i].patterns[k]);
		free(node->rules[i].patterns);
	}
	free(node->rules);
	free(node);
}

static struct node *
node_new(struct compiler *c, const cJSON *json)
{
	struct schema *s = c->schema;
	struct node *node, **nodes;
	size_t size = s->size == 0 ? 16 : s->size * 2;

	if (s->count == s->size) {
		nodes = realloc(s->nodes, size * sizeof *nodes);
		if (nodes == NULL)
			return NULL;
		s->nodes = nodes;
		s->size = size;
	}
	node = calloc(1, sizeof *node);
	if (node == NULL)
		return NULL;
	node->json = json;
	s->nodes[s->count++] = node;
	return node;
}

/* The node of a schema and of all below it. The schema owns them. */
static struct node *
compile_node(struct compiler *c, const cJSON *json, struct resource *parent)
{
	struct node *node;
	int result;

	if (c->depth >= LIMIT_SCHEMA_DEPTH) {
		compile_refuse(c, json, "schemas are nested too deeply");
		return NULL;
	}
	node = node_new(c, json);
	if (node == NULL) {
		compile_memory(c);
		return NULL;
	}
	if (resource_add(c, node, parent) == -1)
		return NULL;
	c->depth++;
	result = compile_rules(c, node);
	c->depth--;
	return result == -1 ? NULL : node;
}

static int
compile_rules(struct compiler *c, struct node *node)
{
	size_t size = cJSON_IsObject(node->json) ? (size_t)cJSON_GetArraySize(node->json) : 0;
	const struct keyword *keyword;
	const cJSON *value;
	const char *hint;

	if (size == 0)
		return 0;
	node->rules = calloc(size, sizeof *node->rules);
	if (node->rules == NULL)
		return compile_memory(c);
	cJSON_ArrayForEach(value, node->json) {
		if (strncmp(value->string, "x-", 2) == 0)
			continue;
		keyword = keyword_find(value->string);
		if (keyword != NULL) {
			if (compile_rule(c, node, keyword, value) == -1)
				return -1;
			continue;
		}
		compile_refuse(c, value, "unknown keyword ");
		why_name(c->fault, value->string);
		hint = keyword_hint(value->string);
		if (hint != NULL)
			why_add(c->fault, "; JSON Schema 2020-12 has %s", hint);
		else
			why_add(c->fault, "; an extension's name begins with \"x-\"");
		return -1;
	}
	qsort(node->rules, node->count, sizeof *node->rules, compare_rules);
	return 0;
}

static int
compile_rule(struct compiler *c, struct node *node, const struct keyword *keyword,
    const cJSON *value)
{
	struct rule *rule;

	if (keyword_shape(c, keyword, value) == -1)
		return -1;
	rule = &node->rules[node->count++];
	rule->keyword = keyword;
	rule->value = value;
	rule->owner = node;
	if (strncmp(keyword->name, "unevaluated", 11) == 0)
		node->unevaluated = c->schema->unevaluated = true;
	if (keyword->shape >= SHAPE_SCHEMA && compile_subschemas(c, rule) == -1)
		return -1;
	return keyword->compile == NULL ? 0 : keyword->compile(c, rule);
}

static int
compile_subschemas(struct compiler *c, struct rule *rule)
{
	const cJSON *item = rule->value;
	size_t n = 1;

	if (rule->keyword->shape != SHAPE_SCHEMA) {
		n = (size_t)cJSON_GetArraySize(rule->value);
		item = rule->value->child;
	}
	rule->nodes = calloc(n + 1, sizeof *rule->nodes);
	if (rule->nodes == NULL)
		return compile_memory(c);
	for (; rule->count < n; rule->count++, item = item->next) {
		rule->nodes[rule->count] = compile_node(c, item, rule->owner->home);
		if (rule->nodes[rule->count] == NULL)
			return -1;
	}
	if (rule->keyword->shape == SHAPE_SCHEMA_MAP)
		qsort(rule->nodes, n, sizeof *rule->nodes, compare_members);
	return 0;
}

static int
resolve_refs(struct compiler *c)
{
	struct rule *rule;
	size_t i, k;

	for (i = 0; i < c->schema->count; i++)
		for (k = 0; k < c->schema->nodes[i]->count; k++) {
			rule = &c->schema->nodes[i]->rules[k];
			if ((rule->keyword->check == check_ref ||
			    rule->keyword->check == check_dynamic_ref) &&
			    ref_resolve(c, rule) == -1)
				return -1;
		}
	return 0;
}

static int
find_loops(struct compiler *c)
{
	size_t i;

	for (i = 0; i < c->schema->count; i++)
		if (walk_loop(c, c->schema->nodes[i], 0) == -1)
			return -1;
	return 0;
}

/* Depth first along what judges the same value; a node met below itself is a loop. */
static int
walk_loop(struct compiler *c, struct node *node, int depth)
{
	const struct rule *rule;
	size_t i, k;

	if (node->done)
		return 0;
	if (node->walked)
		return compile_refuse(c, node->json, "this schema leads back to itself "
		    "without looking into the value");
	if (depth >= LIMIT_SCHEMA_DEPTH)
		return compile_refuse(c, node->json, "a chain of $ref and the like is too long");
	node->walked = true;
	for (i = 0; i < node->count; i++) {
		rule = &node->rules[i];
		if (!rule->keyword->in_place)
			continue;
		if (rule->target != NULL && walk_loop(c, rule->target, depth + 1) == -1)
			return -1;
		for (k = 0; k < rule->count; k++)
			if (walk_loop(c, rule->nodes[k], depth + 1) == -1)
				return -1;
	}
	node->done = true;
	return 0;
}
