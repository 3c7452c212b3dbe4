/* SPDX-License-Identifier: MIT */
/* import_name.c - names that may be written where they must stand, and plain sentences. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cmd/import_part.h"
#include "mcp/text.h"
#include "wire/json.h"

/* Room for "_1023" behind a name. */
#define SUFFIX	6

/* "listAPIKeys.all" becomes "list_api_keys_all"; what is no letter and no digit becomes one '_'. */
static size_t
to_snake(char *out, size_t size, const char *s)
{
	size_t n = 0;
	const char *p;

	for (p = s; *p != '\0' && n + 1 < size; p++) {
		unsigned char c = (unsigned char)*p;
		bool new_word = isupper(c) && p > s && (islower((unsigned char)p[-1]) ||
		    isdigit((unsigned char)p[-1]) || (isupper((unsigned char)p[-1]) &&
		    islower((unsigned char)p[1])));

		if ((new_word || !isalnum(c)) && n > 0 && out[n - 1] != '_')
			out[n++] = '_';
		if (isalnum(c) && n + 1 < size)
			out[n++] = (char)tolower(c);
	}
	while (n > 0 && out[n - 1] == '_')
		n--;
	out[n] = '\0';
	return n;
}

static bool
has_tool(const cJSON *tools, const char *name)
{
	const cJSON *tool;

	cJSON_ArrayForEach(tool, tools)
		if (strcmp(json_str(tool, "name"), name) == 0)
			return true;
	return false;
}

void
import_name_tool(struct operation *op)
{
	char text[2 * LIMIT_IMPORT_NAME], name[LIMIT_IMPORT_NAME + 1];
	size_t len = 0, i;

	if (op->id != NULL)
		len = to_snake(name, sizeof name, op->id);
	if (len == 0) {
		snprintf(text, sizeof text, "%s%s", op->method, op->path);
		len = to_snake(name, sizeof name, text);
	}
	memcpy(op->name, name, len + 1);
	for (i = 2; has_tool(op->import->tools, op->name); i++) {
		if (len > LIMIT_IMPORT_NAME - SUFFIX)
			len = LIMIT_IMPORT_NAME - SUFFIX;
		snprintf(op->name, sizeof op->name, "%.*s_%zu", (int)len, name, i);
	}
}

static bool
is_plain(const char *text)
{
	return *text != '\0' && text[strspn(text,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0';
}

/* Whether the bridge has arguments of that name itself. */
static bool
is_own(const char *name)
{
	return strcmp(name, "confirm_token") == 0 || strcmp(name, "idempotency_key") == 0;
}

bool
import_name_is_query(const char *text)
{
	return is_plain(text) && strlen(text) <= LIMIT_IMPORT_NAME && !is_own(text);
}

/* Whether an argument cannot have the name: another has it, or the bridge, or it is a query's. */
static bool
is_taken(const struct operation *op, const char *name, bool query)
{
	const char *in, *other;
	size_t i;

	if (json_get(op->properties, name) != NULL || is_own(name))
		return true;
	for (i = 0; !query && i < op->nparameters; i++) {
		in = json_str(op->parameters[i], "in");
		other = json_str(op->parameters[i], "name");
		if (in != NULL && other != NULL && strcmp(in, "query") == 0 &&
		    strcmp(other, name) == 0)
			return true;
	}
	return false;
}

/* What is not a letter or a digit becomes one '_', and none at the ends. Its length. */
static size_t
to_plain(char stem[LIMIT_IMPORT_NAME + 1], const char *wanted)
{
	size_t n = 0;
	const char *p;

	for (p = wanted; *p != '\0' && n + 3 <= LIMIT_IMPORT_NAME; p++) {
		if (isalnum((unsigned char)*p))
			stem[n++] = *p;
		else if (n > 0 && stem[n - 1] != '_')
			stem[n++] = '_';
		/* "date<" and "date>" are two, and a model should know which. */
		if (*p == '<' || *p == '>') {
			stem[n++] = *p == '<' ? 'l' : 'g';
			stem[n++] = 't';
		}
	}
	while (n > 0 && stem[n - 1] == '_')
		n--;
	stem[n] = '\0';
	return n;
}

void
import_name_argument(const struct operation *op, const char *wanted, bool query,
    char name[LIMIT_IMPORT_NAME + 1])
{
	char stem[LIMIT_IMPORT_NAME + 1];
	size_t n, i;

	if (is_plain(wanted) && strlen(wanted) <= LIMIT_IMPORT_NAME)
		n = (size_t)snprintf(stem, sizeof stem, "%s", wanted);
	else
		n = to_plain(stem, wanted);
	if (n == 0)
		n = (size_t)snprintf(stem, sizeof stem, "argument");
	snprintf(name, LIMIT_IMPORT_NAME + 1, "%s", stem);
	for (i = 2; is_taken(op, name, query); i++) {
		if (n > LIMIT_IMPORT_NAME - SUFFIX)
			n = LIMIT_IMPORT_NAME - SUFFIX;
		snprintf(name, LIMIT_IMPORT_NAME + 1, "%.*s_%zu", (int)n, stem, i);
	}
}

void
import_name_service(const char *title, char *name, size_t size)
{
	if (to_snake(name, size, title == NULL ? "" : title) == 0)
		snprintf(name, size, "service");
}

/* ====== sentences ====== */

/* What stands for markup at `s`: its length, and what of it is text, at `*from` of `*len`. */
static size_t
markup(const char *s, const char **from, size_t *len)
{
	const char *end, *close;

	*from = s;
	*len = 0;
	if (*s == '<' && (isalpha((unsigned char)s[1]) || s[1] == '/' || s[1] == '!')) {
		end = strchr(s, '>');
		return end == NULL ? 0 : (size_t)(end - s) + 1;
	}
	if (*s == '[' || (*s == '!' && s[1] == '[')) {
		*from = strchr(s, '[') + 1;
		end = strchr(s, ']');
		close = end == NULL || end[1] != '(' ? NULL : strchr(end, ')');
		if (close == NULL)
			return 0;
		*len = *s == '!' ? 0 : (size_t)(end - *from);
		return (size_t)(close - s) + 1;
	}
	return *s == '`' || *s == '*' ? 1 : 0;
}

/* The text without markup, in one line; an empty line ends a sentence. */
static void
flatten(struct buf *out, const char *s)
{
	const char *from;
	size_t n, len;
	bool line_start = true;

	for (; *s != '\0'; s += n) {
		n = markup(s, &from, &len);
		if (n > 0) {
			buf_append(out, from, len);
			continue;
		}
		n = 1;
		if (line_start && (*s == '#' || *s == '>' || *s == '|'))
			continue;
		if (*s == '\n' && s[strspn(s + 1, " \t") + 1] == '\n' && out->len > 0 &&
		    strchr(".:!? ", out->data[out->len - 1]) == NULL)
			buf_putc(out, '.');
		line_start = *s == '\n' || (line_start && *s == ' ');
		if (!isspace((unsigned char)*s))
			buf_putc(out, *s);
		else if (out->len > 0 && out->data[out->len - 1] != ' ')
			buf_putc(out, ' ');
	}
	while (out->len > 0 && out->data[out->len - 1] == ' ')
		buf_truncate(out, out->len - 1);
}

/* Where the first two sentences end. "e.g." and what goes on in small letters end none. */
static size_t
two_sentences(const char *s)
{
	int count = 0;
	const char *p;

	for (p = s; *p != '\0'; p++) {
		if (strchr(".!?", *p) == NULL || (p[1] != ' ' && p[1] != '\0') ||
		    (p[1] == ' ' && islower((unsigned char)p[2])) ||
		    (p - s >= 2 && p[-2] == '.'))
			continue;
		if (++count == 2)
			return (size_t)(p - s) + 1;
	}
	return (size_t)(p - s);
}

void
import_name_text(struct buf *out, const char *text, size_t most)
{
	size_t room = strlen(text) + 1;
	struct buf clean, flat;

	buf_init(&clean, 2 * room);
	buf_init(&flat, 2 * room);
	text_clean(&clean, text);
	flatten(&flat, buf_str(&clean));
	text_cut(&flat, two_sentences(buf_str(&flat)));
	if (flat.len > most) {
		text_cut(&flat, most - 3);
		while (flat.len > 0 && flat.data[flat.len - 1] != ' ')
			buf_truncate(&flat, flat.len - 1);
		if (flat.len > 0)
			buf_truncate(&flat, flat.len - 1);
		buf_puts(&flat, "...");
	}
	buf_append(out, buf_str(&flat), flat.len);
	if (clean.failed || flat.failed)
		out->failed = true;
	buf_finish(&clean);
	buf_finish(&flat);
}
