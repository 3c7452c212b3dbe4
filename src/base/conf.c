/* SPDX-License-Identifier: MIT */
/* conf.c - defaults, file, environment, in this order; see conf.h. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/limits.h"

static const struct conf_key *find(const struct conf *, const char *);
static int	set(struct conf *, const struct conf_key *, const char *, const char *,
		    const char *, char *, size_t);
static int	set_list(struct conf_list *, const char *, const char *, char *, size_t);
static int	set_pair(struct conf_pairs *, const char *, const char *, const char *);
static void	release(struct conf *, const struct conf_key *);

static void *
field(const struct conf *c, const struct conf_key *key)
{
	return (char *)c->base + key->offset;
}

int
conf_init(struct conf *c, const struct conf_key *keys, size_t count, void *base)
{
	char why[64];
	size_t i;

	*c = (struct conf){ .keys = keys, .count = count, .base = base };
	for (i = 0; i < count; i++)
		if (keys[i].type != CONF_PAIRS &&
		    set(c, &keys[i], "", "", keys[i].fallback == NULL ? "" : keys[i].fallback, why,
		    sizeof why) == -1)
			return -1;
	return 0;
}

void
conf_finish(struct conf *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		release(c, &c->keys[i]);
}

static void
release(struct conf *c, const struct conf_key *key)
{
	struct conf_pairs *pairs;
	struct conf_list *list;
	size_t i;

	switch (key->type) {
	case CONF_STRING:
	case CONF_SOCKET:
	case CONF_PLACE:
	case CONF_PATH:
		free(*(char **)field(c, key));
		*(char **)field(c, key) = NULL;
		break;
	case CONF_LIST:
	case CONF_PATHS:
		list = field(c, key);
		for (i = 0; i < list->count; i++)
			free(list->items[i]);
		free(list->items);
		*list = (struct conf_list){ 0 };
		break;
	case CONF_PAIRS:
		pairs = field(c, key);
		for (i = 0; i < pairs->count; i++) {
			free(pairs->items[i].key);
			free(pairs->items[i].value);
		}
		free(pairs->items);
		*pairs = (struct conf_pairs){ 0 };
		break;
	case CONF_INT:
	case CONF_BOOL:
	case CONF_CHOICE:
		break;
	}
}

static const struct conf_key *
find(const struct conf *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (c->keys[i].type == CONF_PAIRS ?
		    strncmp(name, c->keys[i].name, strlen(c->keys[i].name)) == 0 :
		    strcmp(name, c->keys[i].name) == 0)
			return &c->keys[i];
	return NULL;
}

static int
set_int(int64_t *out, const struct conf_key *key, const char *value, char *why, size_t whylen)
{
	long long v;
	char *end;

	errno = 0;
	v = strtoll(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || v < key->min || v > key->max) {
		snprintf(why, whylen,
		    "%s = %s: must be a whole number from %" PRId64 " to %" PRId64,
		    key->name, value, key->min, key->max);
		return -1;
	}
	*out = v;
	return 0;
}

static int
set_choice(int *out, const struct conf_key *key, const char *value, char *why, size_t whylen)
{
	struct buf words;
	int i;

	for (i = 0; key->words[i] != NULL; i++)
		if (strcmp(value, key->words[i]) == 0) {
			*out = i;
			return 0;
		}
	buf_init(&words, 256);
	for (i = 0; key->words[i] != NULL; i++)
		buf_printf(&words, "%s%s", i == 0 ? "" : ", ", key->words[i]);
	snprintf(why, whylen, "%s = %s: must be one of %s", key->name, value, buf_str(&words));
	buf_finish(&words);
	return -1;
}

/* Words between spaces and commas; `file` is not NULL for paths. */
static int
set_list(struct conf_list *list, const char *value, const char *file, char *why, size_t whylen)
{
	char **items, *item;
	const char *p = value;
	size_t len;

	for (;;) {
		p += strspn(p, " \t,");
		len = strcspn(p, " \t,");
		if (len == 0)
			return 0;
		if (list->count >= LIMIT_CONF_LIST) {
			snprintf(why, whylen, "a list of more than %d items", LIMIT_CONF_LIST);
			return -1;
		}
		item = strndup(p, len);
		if (item != NULL && file != NULL) {
			char *seen = file_beside(file, item);

			free(item);
			item = seen;
		}
		items = item == NULL ? NULL :
		    realloc(list->items, (list->count + 1) * sizeof *items);
		if (items == NULL) {
			free(item);
			snprintf(why, whylen, "out of memory");
			return -1;
		}
		items[list->count++] = item;
		list->items = items;
		p += len;
	}
}

static int
set_pair(struct conf_pairs *pairs, const char *name, const char *file, const char *value)
{
	struct conf_pair *items, pair;
	size_t len = strlen(name);
	bool path = len > 5 && strcmp(name + len - 5, "_file") == 0;

	pair.key = strdup(name);
	pair.value = path ? file_beside(file, value) : strdup(value);
	items = realloc(pairs->items, (pairs->count + 1) * sizeof *items);
	if (items != NULL)
		pairs->items = items;
	if (items == NULL || pair.key == NULL || pair.value == NULL) {
		free(pair.key);
		free(pair.value);
		return -1;
	}
	items[pairs->count++] = pair;
	return 0;
}

static int
set(struct conf *c, const struct conf_key *key, const char *name, const char *file,
    const char *value, char *why, size_t whylen)
{
	char *text;
	bool path;

	if (key->type != CONF_PAIRS)
		release(c, key);
	switch (key->type) {
	case CONF_STRING:
	case CONF_SOCKET:
	case CONF_PLACE:
	case CONF_PATH:
		path = key->type == CONF_PATH ? *value != '\0' :
		    key->type == CONF_SOCKET ? strchr(value, '/') != NULL :
		    key->type == CONF_PLACE && *value != '\0' && strstr(value, "://") == NULL;
		text = path ? file_beside(file, value) : strdup(value);
		if (text == NULL)
			break;
		*(char **)field(c, key) = text;
		return 0;
	case CONF_INT:
		return set_int(field(c, key), key, value, why, whylen);
	case CONF_BOOL:
		if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
			snprintf(why, whylen, "%s = %s: must be yes or no", key->name, value);
			return -1;
		}
		*(bool *)field(c, key) = *value == 'y';
		return 0;
	case CONF_CHOICE:
		return set_choice(field(c, key), key, value, why, whylen);
	case CONF_LIST:
		return set_list(field(c, key), value, NULL, why, whylen);
	case CONF_PATHS:
		return set_list(field(c, key), value, file, why, whylen);
	case CONF_PAIRS:
		if (conf_pair(field(c, key), name + strlen(key->name)) != NULL) {
			snprintf(why, whylen, "%s is given twice; keep one", name);
			return -1;
		}
		if (set_pair(field(c, key), name + strlen(key->name), file, value) == 0)
			return 0;
		break;
	}
	snprintf(why, whylen, "out of memory");
	return -1;
}

int
conf_line(struct conf *c, const char *file, const char *line, char *why, size_t whylen)
{
	const struct conf_key *key;
	char name[128], *value;
	const char *p, *equals;
	size_t len;
	int result;

	p = line + strspn(line, " \t\r");
	if (*p == '\0' || *p == '#')
		return 0;
	equals = strchr(p, '=');
	len = strcspn(p, "= \t");
	if (equals == NULL || len == 0 || len >= sizeof name ||
	    p + len + strspn(p + len, " \t") != equals) {
		snprintf(why, whylen, "not of the form \"key = value\"; a comment begins with #");
		return -1;
	}
	memcpy(name, p, len);
	name[len] = '\0';
	key = find(c, name);
	if (key == NULL) {
		snprintf(why, whylen, "unknown key \"%s\"; ums-mcp.conf(5) lists them all", name);
		return -1;
	}
	if (key->type != CONF_PAIRS) {
		uint64_t bit = (uint64_t)1 << (key - c->keys);

		if ((c->seen & bit) != 0) {
			snprintf(why, whylen, "%s is given twice; keep one", name);
			return -1;
		}
		c->seen |= bit;
	}
	p = equals + 1 + strspn(equals + 1, " \t");
	len = strlen(p);
	while (len > 0 && isspace((unsigned char)p[len - 1]))
		len--;
	value = strndup(p, len);
	if (value == NULL) {
		snprintf(why, whylen, "out of memory");
		return -1;
	}
	result = set(c, key, name, file, value, why, whylen);
	free(value);
	return result;
}

int
conf_file(struct conf *c, const char *path, char *why, size_t whylen)
{
	char line[LIMIT_CONF_LINE], reason[512];
	const char *p, *end;
	struct buf text;
	size_t number = 0, len;
	int result = -1;

	buf_init(&text, LIMIT_CONF_FILE);
	if (file_read(&text, path, why, whylen) == -1)
		goto out;
	for (p = buf_str(&text); *p != '\0'; p = *end == '\0' ? end : end + 1) {
		number++;
		end = strchrnul(p, '\n');
		len = (size_t)(end - p);
		if (len >= sizeof line) {
			snprintf(why, whylen, "%s:%zu: a line longer than %zu bytes", path, number,
			    sizeof line);
			goto out;
		}
		memcpy(line, p, len);
		line[len] = '\0';
		if (conf_line(c, path, line, reason, sizeof reason) == -1) {
			snprintf(why, whylen, "%s:%zu: %s", path, number, reason);
			goto out;
		}
	}
	if ((size_t)(p - buf_str(&text)) < text.len)
		snprintf(why, whylen, "%s:%zu: has a NUL byte", path, number);
	else
		result = 0;
out:
	c->seen = 0;
	buf_finish(&text);
	return result;
}

/* Whether the variable `name` (without the prefix) is the key's. */
static bool
is_variable(const char *name, size_t len, const struct conf_key *key)
{
	size_t i;

	if (key->type == CONF_PAIRS ? len < strlen(key->name) : len != strlen(key->name))
		return false;
	for (i = 0; key->name[i] != '\0'; i++) {
		char want = key->name[i] == '.' ? '_' : (char)toupper((unsigned char)key->name[i]);

		if (name[i] != want)
			return false;
	}
	return true;
}

int
conf_env(struct conf *c, const char *prefix, char *const *environment, char *why, size_t whylen)
{
	size_t i, k, len;
	char reason[512];

	for (i = 0; environment[i] != NULL; i++) {
		const char *name = environment[i], *equals = strchr(name, '=');

		if (equals == NULL || strncmp(name, prefix, strlen(prefix)) != 0)
			continue;
		name += strlen(prefix);
		len = (size_t)(equals - name);
		for (k = 0; k < c->count && !is_variable(name, len, &c->keys[k]); k++)
			;
		if (k == c->count) {
			snprintf(why, whylen, "environment variable %.*s: names no key; "
			    "ums-mcp.conf(5) lists them all", (int)(equals - environment[i]),
			    environment[i]);
			return -1;
		}
		if (c->keys[k].type != CONF_PAIRS &&
		    set(c, &c->keys[k], c->keys[k].name, "", equals + 1, reason,
		    sizeof reason) == -1) {
			snprintf(why, whylen, "environment variable %.*s: %s",
			    (int)(equals - environment[i]), environment[i], reason);
			return -1;
		}
	}
	return 0;
}

int
conf_print(const struct conf *c, struct buf *out)
{
	const struct conf_pairs *pairs;
	const struct conf_list *list;
	size_t i, k;

	for (i = 0; i < c->count; i++) {
		const struct conf_key *key = &c->keys[i];

		if (key->type == CONF_PAIRS) {
			pairs = field(c, key);
			for (k = 0; k < pairs->count; k++)
				buf_printf(out, "%s%s = %s\n", key->name, pairs->items[k].key,
				    pairs->items[k].value);
			continue;
		}
		buf_printf(out, "%s =", key->name);
		switch (key->type) {
		case CONF_STRING:
		case CONF_SOCKET:
		case CONF_PLACE:
		case CONF_PATH:
			buf_printf(out, " %s", *(char **)field(c, key));
			break;
		case CONF_INT:
			buf_printf(out, " %" PRId64, *(int64_t *)field(c, key));
			break;
		case CONF_BOOL:
			buf_puts(out, *(bool *)field(c, key) ? " yes" : " no");
			break;
		case CONF_CHOICE:
			buf_printf(out, " %s", key->words[*(int *)field(c, key)]);
			break;
		case CONF_LIST:
		case CONF_PATHS:
			list = field(c, key);
			for (k = 0; k < list->count; k++)
				buf_printf(out, " %s", list->items[k]);
			break;
		case CONF_PAIRS:
			break;
		}
		buf_putc(out, '\n');
	}
	return out->failed ? -1 : 0;
}

const char *
conf_pair(const struct conf_pairs *pairs, const char *key)
{
	size_t i;

	for (i = 0; i < pairs->count; i++)
		if (strcmp(pairs->items[i].key, key) == 0)
			return pairs->items[i].value;
	return NULL;
}
