/* SPDX-License-Identifier: MIT */
/*
 * urimatch.c - a URI against a template; see urimatch.h.
 *
 * No way is tried twice. Taking the first place at which a literal matches leaves the most to the
 * variables behind it, and it never takes a delimiter away from them: a variable cannot hold one,
 * so a literal that has one can match in one place only. The last literal ends where the path does.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/json.h"
#include "wire/percent.h"
#include "wire/urimatch.h"
#include "wire/uritemplate.h"
#include "wire/utf8.h"

#define LETTERS		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DELIMITERS	"/?#&"
#define ENCODED		0x100	/* of an octet that would be a delimiter if it were not a triplet */

struct span {
	const char	*from;		/* NULL: a variable that is not there */
	const char	*end;
};

struct urimatch {
	char			*text;		/* a copy */
	struct uritemplate	*template;	/* has the names */
	size_t			 scheme;	/* its length without the colon; 0: none */
	/* Before each variable of the path, and behind it; the first and the last may be empty. */
	struct span		 literals[LIMIT_TEMPLATE_VARS + 1];
	size_t			 npath;		/* variables in it; the query has the rest */
};

struct parser {
	struct urimatch	*m;
	const char	*at;
	char		*why;
	size_t		 whylen;
};

static int	 refuse(struct parser *, const char *, ...) __attribute__((format(printf, 2, 3)));
static int	 parse(struct parser *);
static int	 parse_literal(struct parser *);
static int	 parse_variable(struct parser *);
static int	 parse_query(struct parser *);
static int	 check_names(struct parser *);
static int	 decode(struct buf *, struct span);
static bool	 match_path(const struct urimatch *, struct span, struct span *);
static bool	 match_query(const struct urimatch *, struct span, struct span *);
static int	 take_values(const struct urimatch *, const struct span *, cJSON **);

static int
refuse(struct parser *p, const char *fmt, ...)
{
	va_list ap;
	int n;

	n = snprintf(p->why, p->whylen, "at byte %zu: ", (size_t)(p->at - p->m->text));
	if (n < 0 || (size_t)n >= p->whylen)
		return -1;
	va_start(ap, fmt);
	vsnprintf(p->why + n, p->whylen - (size_t)n, fmt, ap);
	va_end(ap);
	return -1;
}

/* ====== a template ====== */

struct urimatch *
urimatch_create(const char *text, char *why, size_t whylen)
{
	struct urimatch *m = calloc(1, sizeof *m);
	struct parser p = { .m = m, .why = why, .whylen = whylen };
	const char *reason;
	size_t offset;

	if (m != NULL)
		m->text = strdup(text);
	if (m == NULL || m->text == NULL) {
		snprintf(why, whylen, "out of memory");
		goto fail;
	}
	m->template = uritemplate_create(text, &reason, &offset);
	if (m->template == NULL) {
		p.at = m->text + offset;
		refuse(&p, "%s", reason);
		goto fail;
	}
	p.at = m->text;
	if (parse(&p) == -1 || check_names(&p) == -1)
		goto fail;
	return m;
fail:
	urimatch_destroy(m);
	return NULL;
}

void
urimatch_destroy(struct urimatch *m)
{
	if (m == NULL)
		return;
	uritemplate_destroy(m->template);
	free(m->text);
	free(m);
}

size_t
urimatch_count(const struct urimatch *m)
{
	return uritemplate_count(m->template);
}

const char *
urimatch_name(const struct urimatch *m, size_t i)
{
	return uritemplate_name(m->template, i);
}

bool
urimatch_has(const struct urimatch *m, const char *name)
{
	size_t i, count = urimatch_count(m);

	for (i = 0; i < count; i++)
		if (strcmp(urimatch_name(m, i), name) == 0)
			return true;
	return false;
}

bool
urimatch_is_optional(const struct urimatch *m, size_t i)
{
	return i >= m->npath && i < urimatch_count(m);
}

/* Literals and expressions in turn. That it is a template is known: what is left is which. */
static int
parse(struct parser *p)
{
	size_t len = strspn(p->at, LETTERS "0123456789+-.");

	if (strlen(p->at) > LIMIT_URL)
		return refuse(p, "a template is not longer than %d bytes", LIMIT_URL);
	if (p->at[len] == ':' && strspn(p->at, LETTERS) > 0)
		p->m->scheme = len;
	p->at += p->m->scheme;
	for (;;) {
		if (parse_literal(p) == -1)
			return -1;
		if (*p->at == '\0')
			return 0;
		if (p->at[1] == '?')
			return parse_query(p);
		if (parse_variable(p) == -1)
			return -1;
	}
}

/* The one behind the variables so far; it may be empty. */
static int
parse_literal(struct parser *p)
{
	struct span *literal = &p->m->literals[p->m->npath];
	struct buf text;
	int result;

	literal->from = p->at;
	literal->end = p->at + strcspn(p->at, "{");
	buf_init(&text, LIMIT_URL);
	result = decode(&text, *literal);
	buf_finish(&text);
	if (result == -1)
		return refuse(p, "out of memory");
	if (result == 0)
		return refuse(p, "the triplets of a literal are not UTF-8, or U+0000");
	p->at = literal->end;
	return 0;
}

/* {name} */
static int
parse_variable(struct parser *p)
{
	const struct span *literal = &p->m->literals[p->m->npath];
	const char *end = strpbrk(p->at, ",:*}");

	if (strchr("+#./;&", p->at[1]) != NULL)
		return refuse(p, "{%c...} cannot be matched; {name} can, and {?name,...} "
		    "at the end", p->at[1]);
	if (*end != '}')
		return refuse(p, "only {name} can be matched, one name without ':' and '*'");
	if (p->m->npath > 0 && literal->from == literal->end)
		return refuse(p, "two variables without a literal between them");
	p->m->npath++;
	p->at = end + 1;
	return 0;
}

/* {?name,...}, which is the last */
static int
parse_query(struct parser *p)
{
	const char *end = strpbrk(p->at, ":*}");

	if (*end != '}')
		return refuse(p, "a name in {?...} has no ':' and no '*' behind it");
	if (end[1] != '\0')
		return refuse(p, "{?...} is not at the end");
	if (strcspn(p->m->text, "?#") < (size_t)(p->at - p->m->text))
		return refuse(p, "{?...} stands behind a '?' or '#'");
	return 0;
}

static int
check_names(struct parser *p)
{
	size_t i, j, count = urimatch_count(p->m);
	const char *name;

	for (i = 0; i < count; i++) {
		name = urimatch_name(p->m, i);
		if (strchr(name, '%') != NULL) {
			snprintf(p->why, p->whylen, "the variable %.100s has a '%%'", name);
			return -1;
		}
		for (j = 0; j < i; j++)
			if (strcmp(name, urimatch_name(p->m, j)) == 0) {
				snprintf(p->why, p->whylen,
				    "the variable %.100s stands there twice", name);
				return -1;
			}
	}
	return 0;
}

/* ====== a URI ====== */

/*
 * The next octet, as literals are compared: ENCODED keeps triplets apart. -1: a bad triplet. A
 * span ends with the text, before a delimiter, '{' or '=', or behind a triplet, never inside one.
 */
static int
take_octet(struct span *s)
{
	const char *p = s->from;
	int octet;

	if (*p != '%') {
		s->from++;
		return (unsigned char)*p;
	}
	octet = percent_octet(p);
	if (octet == -1)
		return -1;
	s->from += 3;
	return percent_is_reserved((char)octet) ? octet | ENCODED : octet;
}

/* Where `text` goes on behind the literal; NULL: it does not begin with it. */
static const char *
skip(struct span text, struct span literal)
{
	while (literal.from < literal.end)
		if (text.from == text.end || take_octet(&text) != take_octet(&literal))
			return NULL;
	return text.from;
}

/* Append the text without its triplets. 1, 0 if it is none (urimatch.h), -1: out of memory. */
static int
decode(struct buf *out, struct span text)
{
	const unsigned char *p;
	size_t n, left;
	int octet;

	while (text.from < text.end) {
		octet = take_octet(&text);
		if (octet == -1 || (octet & 0xff) == '\0')
			return 0;
		if (buf_putc(out, (char)octet) == -1)
			return -1;
	}
	p = (const unsigned char *)buf_str(out);
	for (left = out->len; left > 0; left -= n, p += n) {
		n = utf8_length(p, left);
		if (n == 0)
			return 0;
	}
	return 1;
}

static bool
match_path(const struct urimatch *m, struct span path, struct span *values)
{
	const char *next;
	size_t i;

	next = skip(path, m->literals[0]);
	for (i = 0; next != NULL && i < m->npath; i++) {
		values[i].from = path.from = next;
		do {
			if (path.from == path.end || strchr(DELIMITERS, *path.from) != NULL ||
			    take_octet(&path) == -1)
				return false;
			values[i].end = path.from;
			next = skip(path, m->literals[i + 1]);
		} while (next == NULL || (i + 1 == m->npath && next != path.end));
	}
	return next == path.end;
}

/* The variable of that name in {?...}, or how many variables there are. */
static size_t
find_name(const struct urimatch *m, struct span name)
{
	size_t i, count = urimatch_count(m);
	struct span want;

	for (i = m->npath; i < count; i++) {
		want.from = urimatch_name(m, i);
		want.end = want.from + strlen(want.from);
		if (skip(name, want) == name.end)
			break;
	}
	return i;
}

/* What is behind the '?': name=value, with '&' between them. */
static bool
match_query(const struct urimatch *m, struct span query, struct span *values)
{
	const char *end, *mid;
	size_t i;

	if (memchr(query.from, '#', (size_t)(query.end - query.from)) != NULL)
		return false;
	for (;; query.from = end + 1) {
		end = query.from + strcspn(query.from, "&");
		mid = memchr(query.from, '=', (size_t)(end - query.from));
		if (mid == NULL)
			return false;
		i = find_name(m, (struct span){ query.from, mid });
		if (i == urimatch_count(m) || values[i].from != NULL)
			return false;
		values[i] = (struct span){ mid + 1, end };
		if (end == query.end)
			return true;
	}
}

static int
take_values(const struct urimatch *m, const struct span *values, cJSON **vars)
{
	cJSON *object = cJSON_CreateObject();
	struct buf text;
	int result = object == NULL ? -1 : 1;
	size_t i;

	buf_init(&text, LIMIT_URL);
	for (i = 0; result == 1 && i < urimatch_count(m); i++) {
		if (values[i].from == NULL)
			continue;
		buf_reset(&text);
		result = decode(&text, values[i]);
		if (result == 1 && json_put(object, urimatch_name(m, i),
		    cJSON_CreateString(buf_str(&text))) == -1)
			result = -1;
	}
	buf_finish(&text);
	if (result == 1)
		*vars = object;
	else
		cJSON_Delete(object);
	return result;
}

int
urimatch_apply(const struct urimatch *m, const char *uri, cJSON **vars)
{
	struct span values[LIMIT_TEMPLATE_VARS] = { { NULL, NULL } };
	size_t len = strnlen(uri, LIMIT_URL + 1);
	const char *end = uri + len, *mark = NULL;

	*vars = NULL;
	if (len > LIMIT_URL || strncasecmp(uri, m->text, m->scheme) != 0)
		return 0;
	if (m->npath < urimatch_count(m))
		mark = strchr(uri, '?');
	if (!match_path(m, (struct span){ uri + m->scheme, mark == NULL ? end : mark }, values))
		return 0;
	if (mark != NULL && !match_query(m, (struct span){ mark + 1, end }, values))
		return 0;
	return take_values(m, values, vars);
}
