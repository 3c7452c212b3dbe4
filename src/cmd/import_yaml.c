/* SPDX-License-Identifier: MIT */
/*
 * import_yaml.c - YAML 1.2, core schema, into the tree that wire/json makes of JSON.
 *
 * libyaml finds the events; here they become values. What JSON cannot say is refused: other tags,
 * keys that are no scalars, infinite numbers. An alias is a copy of what it names; the copies count
 * as nodes, so that no small text becomes a large tree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "cmd/import_part.h"
#include "wire/json.h"

struct anchor {
	struct anchor	*next;
	char		*name;
	const cJSON	*item;		/* in the tree */
	size_t		 nodes;		/* 0: it is still being read */
};

struct loader {
	yaml_parser_t	 parser;
	yaml_event_t	 event;
	bool		 has_event;
	struct anchor	*anchors;
	size_t		 nodes;
	int		 depth;
	char		*why;
	size_t		 whylen;
};

static cJSON	*load_node(struct loader *);
static cJSON	*load_sequence(struct loader *);
static cJSON	*load_mapping(struct loader *);
static cJSON	*load_scalar(struct loader *);

/* Say where and why, once. Always NULL. */
static void *
refuse(struct loader *l, const char *what)
{
	const yaml_mark_t *mark = &l->event.start_mark;

	if (l->why[0] == '\0')
		snprintf(l->why, l->whylen, "%zu:%zu: %s", mark->line + 1, mark->column + 1, what);
	return NULL;
}

/* The next event. 0 or -1. */
static int
next_event(struct loader *l)
{
	if (l->has_event)
		yaml_event_delete(&l->event);
	l->has_event = yaml_parser_parse(&l->parser, &l->event) == 1;
	if (l->has_event)
		return 0;
	memset(&l->event, 0, sizeof l->event);
	l->event.start_mark = l->parser.problem_mark;
	refuse(l, l->parser.error == YAML_MEMORY_ERROR || l->parser.problem == NULL ?
	    "out of memory" : l->parser.problem);
	return -1;
}

/* Remember what an anchor names, whose nodes are not counted yet. NULL without one or memory. */
static struct anchor *
add_anchor(struct loader *l, const yaml_char_t *name, const cJSON *item)
{
	struct anchor *a;

	if (name == NULL)
		return NULL;
	a = calloc(1, sizeof *a);
	if (a == NULL || (a->name = strdup((const char *)name)) == NULL) {
		free(a);
		return refuse(l, "out of memory");
	}
	a->item = item;
	a->next = l->anchors;
	l->anchors = a;
	return a;
}

static int
levels(const cJSON *item)
{
	const cJSON *child;
	int most = 0, n;

	cJSON_ArrayForEach(child, item) {
		n = levels(child);
		most = n > most ? n : most;
	}
	return most + 1;
}

static cJSON *
load_alias(struct loader *l)
{
	const char *name = (const char *)l->event.data.alias.anchor;
	const struct anchor *a;
	cJSON *copy;

	for (a = l->anchors; a != NULL && strcmp(a->name, name) != 0; a = a->next)
		;
	if (a == NULL)
		return refuse(l, "an alias of an anchor that is not there");
	if (a->nodes == 0)
		return refuse(l, "an alias of what it stands in");
	l->nodes += a->nodes;
	if (l->nodes > LIMIT_IMPORT_NODES)
		return refuse(l, "too many values, with what aliases repeat");
	if (l->depth + levels(a->item) > LIMIT_JSON_DEPTH)
		return refuse(l, "nested too deeply, with what aliases repeat");
	copy = cJSON_Duplicate(a->item, 1);
	return copy == NULL ? refuse(l, "out of memory") : copy;
}

/* The value at the current event, which is used up. */
static cJSON *
load_node(struct loader *l)
{
	size_t before = l->nodes;
	struct anchor *known = l->anchors, *a;
	cJSON *item;

	if (l->depth >= LIMIT_JSON_DEPTH)
		return refuse(l, "nested too deeply");
	if (l->event.type == YAML_ALIAS_EVENT)
		return load_alias(l);
	if (++l->nodes > LIMIT_IMPORT_NODES)
		return refuse(l, "too many values");
	l->depth++;
	switch (l->event.type) {
	case YAML_SCALAR_EVENT:
		item = load_scalar(l);
		break;
	case YAML_SEQUENCE_START_EVENT:
		item = load_sequence(l);
		break;
	case YAML_MAPPING_START_EVENT:
		item = load_mapping(l);
		break;
	default:
		item = refuse(l, "a value should be here");
	}
	l->depth--;
	/* Its own anchor is the last that was there when it had begun. */
	for (a = l->anchors; item != NULL && a != known; a = a->next)
		if (a->item == item)
			a->nodes = l->nodes - before;
	return item;
}

/* Whether a node may have the tag: none, or the one of its kind in the core schema. */
static bool
is_tag(const yaml_char_t *tag, const char *wanted)
{
	return tag == NULL || strcmp((const char *)tag, "!") == 0 ||
	    strcmp((const char *)tag, wanted) == 0;
}

static cJSON *
load_sequence(struct loader *l)
{
	cJSON *array = cJSON_CreateArray(), *item;
	bool good = array != NULL;

	if (!is_tag(l->event.data.sequence_start.tag, YAML_SEQ_TAG)) {
		cJSON_Delete(array);
		return refuse(l, "a tag that JSON has no type for");
	}
	add_anchor(l, l->event.data.sequence_start.anchor, array);
	good = good && l->why[0] == '\0';
	while (good) {
		good = next_event(l) == 0;
		if (!good || l->event.type == YAML_SEQUENCE_END_EVENT)
			break;
		item = load_node(l);
		good = item != NULL && json_push(array, item) == 0;
	}
	if (good)
		return array;
	cJSON_Delete(array);
	return refuse(l, "out of memory");
}

static int
compare_names(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;

	return strcmp((*x)->string, (*y)->string);
}

/* Whether no two members have one name. */
static bool
is_unique(struct loader *l, const cJSON *object)
{
	size_t n = 0, i, count = (size_t)cJSON_GetArraySize(object);
	const cJSON **members = calloc(count + 1, sizeof *members), *child;
	char text[LIMIT_REASON / 4];
	bool unique = members != NULL;

	if (members == NULL)
		return refuse(l, "out of memory") != NULL;
	cJSON_ArrayForEach(child, object)
		members[n++] = child;
	qsort(members, n, sizeof *members, compare_names);
	for (i = 1; unique && i < n; i++)
		if (strcmp(members[i - 1]->string, members[i]->string) == 0) {
			snprintf(text, sizeof text, "this mapping has the key \"%.100s\" twice",
			    members[i]->string);
			unique = refuse(l, text) != NULL;
		}
	free(members);
	return unique;
}

/* The text of a key; the caller frees it. */
static char *
load_key(struct loader *l)
{
	const yaml_event_t *e = &l->event;
	char *key;

	if (e->type != YAML_SCALAR_EVENT)
		return refuse(l, "a key must be a scalar");
	if (strlen((const char *)e->data.scalar.value) != e->data.scalar.length)
		return refuse(l, "U+0000 in a key");
	if (strcmp((const char *)e->data.scalar.value, "<<") == 0 &&
	    e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return refuse(l, "\"<<\" is of YAML 1.1; write the members out");
	if (e->data.scalar.anchor != NULL)
		return refuse(l, "an anchor on a key");
	key = strdup((const char *)e->data.scalar.value);
	return key == NULL ? refuse(l, "out of memory") : key;
}

static cJSON *
load_mapping(struct loader *l)
{
	cJSON *object = cJSON_CreateObject(), *item;
	bool good = object != NULL;
	char *key;

	if (!is_tag(l->event.data.mapping_start.tag, YAML_MAP_TAG)) {
		cJSON_Delete(object);
		return refuse(l, "a tag that JSON has no type for");
	}
	add_anchor(l, l->event.data.mapping_start.anchor, object);
	good = good && l->why[0] == '\0';
	while (good) {
		good = next_event(l) == 0;
		if (!good || l->event.type == YAML_MAPPING_END_EVENT)
			break;
		key = load_key(l);
		item = key == NULL || next_event(l) == -1 ? NULL : load_node(l);
		good = item != NULL && json_put(object, key, item) == 0;
		free(key);
	}
	if (good && is_unique(l, object))
		return object;
	cJSON_Delete(object);
	return refuse(l, "out of memory");
}

/* ====== scalars of the core schema (YAML 1.2.2, 10.3.2) ====== */

static bool
is_one_of(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(s, *words) == 0)
			return true;
	return false;
}

/* A number's JSON text in `out`. 1; 0: it is none; -1: it has none in JSON. */
static int
number_text(const char *s, struct buf *out)
{
	static const char digits[] = "0123456789";
	static const char *const none[] = { ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", NULL };
	const char *p = s + (*s == '-' || *s == '+'), *whole = p, *part = "", *end;
	size_t nwhole, npart = 0;
	char *stop;

	if (is_one_of(p, none))
		return -1;
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'o') && s[2] != '\0' &&
	    s[2 + strspn(s + 2, s[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567")] == '\0')
		return strlen(s) > 17 ? -1 : buf_printf(out, "%llu",
		    strtoull(s + 2, &stop, s[1] == 'x' ? 16 : 8)) == -1 ? -1 : 1;
	nwhole = strspn(p, digits);
	p += nwhole;
	if (*p == '.') {
		part = ++p;
		npart = strspn(p, digits);
		p += npart;
	}
	if (nwhole + npart == 0)
		return 0;
	end = p;
	if (*p == 'e' || *p == 'E') {
		p += 1 + (p[1] == '-' || p[1] == '+');
		if (strspn(p, digits) == 0)
			return 0;
		p += strspn(p, digits);
	}
	if (*p != '\0')
		return 0;
	while (nwhole > 1 && *whole == '0') {
		whole++;
		nwhole--;
	}
	if (*s == '-')
		buf_putc(out, '-');
	buf_append(out, nwhole == 0 ? "0" : whole, nwhole == 0 ? 1 : nwhole);
	if (npart > 0) {
		buf_putc(out, '.');
		buf_append(out, part, npart);
	}
	return buf_puts(out, end) == -1 ? -1 : 1;
}

/* A plain scalar is what it looks like; one with a tag must look so. */
static cJSON *
load_plain(const char *s)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const trues[] = { "true", "True", "TRUE", NULL };
	static const char *const falses[] = { "false", "False", "FALSE", NULL };
	struct json_fault fault;
	cJSON *item = NULL;
	struct buf text;
	int number;

	if (is_one_of(s, nulls))
		return cJSON_CreateNull();
	if (is_one_of(s, trues))
		return cJSON_CreateTrue();
	if (is_one_of(s, falses))
		return cJSON_CreateFalse();
	buf_init(&text, LIMIT_JSON_NUMBER);
	number = number_text(s, &text);
	if (number == 1)
		item = json_parse(buf_str(&text), text.len, &fault);
	buf_finish(&text);
	return number == 0 ? cJSON_CreateString(s) : item;
}

static cJSON *
load_scalar(struct loader *l)
{
	static const struct {
		const char	*tag;
		bool		(*is)(const cJSON *);
	} *t, tags[] = {
		{ YAML_INT_TAG, json_is_integer },
		{ YAML_FLOAT_TAG, NULL }, { YAML_BOOL_TAG, NULL }, { YAML_NULL_TAG, NULL },
	};
	const yaml_event_t *e = &l->event;
	const char *s = (const char *)e->data.scalar.value, *tag = (const char *)e->data.scalar.tag;
	cJSON *item;

	if (strlen(s) != e->data.scalar.length)
		return refuse(l, "U+0000 in a string");
	if (tag == NULL && e->data.scalar.plain_implicit)
		item = load_plain(s);
	else if (is_tag(e->data.scalar.tag, YAML_STR_TAG))
		item = cJSON_CreateString(s);
	else {
		for (t = tags; t < tags + 4 && strcmp(t->tag, tag) != 0; t++)
			;
		item = t == tags + 4 ? NULL : load_plain(s);
		if (item != NULL && (cJSON_IsString(item) || (t->is != NULL && !t->is(item)))) {
			cJSON_Delete(item);
			item = NULL;
		}
	}
	if (item == NULL)
		return refuse(l, "a tag or a number that JSON has nothing for");
	add_anchor(l, e->data.scalar.anchor, item);
	if (l->why[0] == '\0')
		return item;
	cJSON_Delete(item);
	return NULL;
}

cJSON *
import_yaml_parse(const char *text, size_t len, char *why, size_t whylen)
{
	struct loader l = { .why = why, .whylen = whylen };
	struct anchor *a;
	cJSON *root = NULL;

	why[0] = '\0';
	if (yaml_parser_initialize(&l.parser) == 0)
		return refuse(&l, "out of memory");
	yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&l.parser, (const unsigned char *)text, len);
	if (next_event(&l) == -1 || next_event(&l) == -1)
		goto out;
	if (l.event.type == YAML_STREAM_END_EVENT)
		refuse(&l, "no document");
	else if (next_event(&l) == 0)
		root = load_node(&l);
	/* The document's end, and nothing but the stream's behind it. */
	if (root != NULL && (next_event(&l) == -1 || next_event(&l) == -1))
		goto out;
	if (root != NULL && l.event.type != YAML_STREAM_END_EVENT)
		refuse(&l, "a second document");
out:
	if (why[0] != '\0') {
		cJSON_Delete(root);
		root = NULL;
	}
	while ((a = l.anchors) != NULL) {
		l.anchors = a->next;
		free(a->name);
		free(a);
	}
	if (l.has_event)
		yaml_event_delete(&l.event);
	yaml_parser_delete(&l.parser);
	return root;
}
