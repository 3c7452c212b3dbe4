/* SPDX-License-Identifier: MIT */
/*
 * uritemplate.c - RFC 6570; see uritemplate.h.
 *
 * A template becomes a list of parts: runs of literal text and expressions, each
 * an operator (a row of the table in RFC 6570, appendix A) and its variables.
 *
 * In one place this is stricter than the RFC: the member names of an exploded
 * object under {;x*}, {?x*} and {&x*} are encoded like values, not like literals.
 * Names come from the caller here, and an '&' or '#' in one must not end it.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/json.h"
#include "wire/percent.h"
#include "wire/uritemplate.h"

#define PREFIX_MAX_DIGITS	4	/* RFC 6570, section 2.4.1: below 10,000 */

struct operator {
	char		 mark;
	const char	*first;		/* before the first defined variable */
	const char	*sep;		/* between variables, and exploded members */
	const char	*empty;		/* after the name of an empty value */
	bool		 named;		/* values are written name=value */
	bool		 reserved;	/* reserved characters and %XX pass as they are */
};

static const struct operator operators[] = {
	{ '\0', "", ",", "", false, false },
	{ '+', "", ",", "", false, true },
	{ '#', "#", ",", "", false, true },
	{ '.', ".", ".", "", false, false },
	{ '/', "/", "/", "", false, false },
	{ ';', ";", ";", "", true, false },
	{ '?', "?", "&", "=", true, false },
	{ '&', "&", "&", "=", true, false },
};

struct var {
	char		*name;
	size_t		 len;
	size_t		 prefix;	/* characters to keep; 0: all */
	bool		 explode;
};

struct part {
	const struct operator	*op;	/* NULL: a literal */
	size_t			 from;	/* first byte of the text, or first variable */
	size_t			 count;	/* bytes, or variables */
};

struct uritemplate {
	char		*text;		/* a copy; each variable's name is cut out of it by a NUL */
	struct part	 parts[LIMIT_TEMPLATE_PARTS];
	struct var	 vars[LIMIT_TEMPLATE_VARS];
	size_t		 nparts;
	size_t		 nvars;
};

struct parser {
	struct uritemplate	*t;
	char			*at;
	const char		*why;
};

struct expansion {
	const struct operator	*op;
	const struct var	*var;
	struct buf		*out;
	const char		*why;
};

static int	 parse(struct parser *);
static int	 parse_literal(struct parser *);
static int	 parse_expression(struct parser *);
static int	 parse_variable(struct parser *);
static int	 parse_name(struct parser *);
static int	 parse_prefix(struct parser *, struct var *);
static size_t	 utf8_decode(const char *, uint32_t *);
static int	 expand_part(struct expansion *, const struct uritemplate *, const struct part *,
		    const cJSON *);
static int	 expand_scalar(struct expansion *, const cJSON *);
static int	 expand_members(struct expansion *, const cJSON *);
static int	 expand_exploded(struct expansion *, const cJSON *, bool);
static int	 put_value(struct expansion *, const cJSON *);
static int	 put_text(struct expansion *, const char *);

static int
refuse(struct parser *p, const char *why)
{
	p->why = why;
	return -1;
}

static bool
is_alpha_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool
is_triplet(const char *p)
{
	return percent_octet(p) != -1;
}

/* The ranges ucschar and iprivate of RFC 6570, section 1.5. */
static bool
is_literal_code(uint32_t code)
{
	if (code < 0x10000)
		return code >= 0xa0 && code < 0xfff0 && (code < 0xfdd0 || code > 0xfdef);
	return (code & 0xffff) < 0xfffe && (code < 0xe0000 || code > 0xe0fff);
}

/* The sequence at `p`, which a NUL ends: its length, 0 if it is not UTF-8 (RFC 3629). */
static size_t
utf8_decode(const char *p, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)p;
	uint32_t v;
	size_t n, i;

	if (u[0] < 0x80) {
		*code = u[0];
		return 1;
	}
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	n = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
	v = u[0] & (0x7fu >> n);
	for (i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (u[i] & 0x3fu);
	}
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*code = v;
	return n;
}

struct uritemplate *
uritemplate_create(const char *text, const char **why, size_t *offset)
{
	struct uritemplate *t = calloc(1, sizeof *t);
	struct parser p = { .t = t };
	size_t i;

	*why = NULL;
	*offset = 0;
	if (t != NULL)
		t->text = strdup(text);
	if (t == NULL || t->text == NULL) {
		*why = "out of memory";
		goto fail;
	}
	p.at = t->text;
	if (parse(&p) == -1) {
		*why = p.why;
		*offset = (size_t)(p.at - t->text);
		goto fail;
	}
	/* Only now: the byte after a name was still to be read. */
	for (i = 0; i < t->nvars; i++)
		t->vars[i].name[t->vars[i].len] = '\0';
	return t;
fail:
	uritemplate_destroy(t);
	return NULL;
}

void
uritemplate_destroy(struct uritemplate *t)
{
	if (t == NULL)
		return;
	free(t->text);
	free(t);
}

size_t
uritemplate_count(const struct uritemplate *t)
{
	return t->nvars;
}

const char *
uritemplate_name(const struct uritemplate *t, size_t i)
{
	return i < t->nvars ? t->vars[i].name : NULL;
}

static int
parse(struct parser *p)
{
	while (*p->at != '\0') {
		if (p->t->nparts == LIMIT_TEMPLATE_PARTS)
			return refuse(p, "a template has too many parts");
		if ((*p->at == '{' ? parse_expression(p) : parse_literal(p)) == -1)
			return -1;
		p->t->nparts++;
	}
	return 0;
}

static int
parse_literal(struct parser *p)
{
	struct part *part = &p->t->parts[p->t->nparts];
	const char *start = p->at;
	uint32_t code;
	size_t n;

	while (*p->at != '\0' && *p->at != '{') {
		if (*p->at == '}')
			return refuse(p, "a '}' without its '{'");
		if (*p->at == '%' && !is_triplet(p->at))
			return refuse(p, "'%' is followed by two hex digits");
		n = utf8_decode(p->at, &code);
		if (n == 0)
			return refuse(p, "the template is not UTF-8");
		if (code < 0x80 ? !percent_is_unreserved(*p->at) &&
		    !percent_is_reserved(*p->at) && *p->at != '%' : !is_literal_code(code))
			return refuse(p, "this character must be written as %XX in a template");
		p->at += n;
	}
	part->from = (size_t)(start - p->t->text);
	part->count = (size_t)(p->at - start);
	return 0;
}

static int
parse_expression(struct parser *p)
{
	struct part *part = &p->t->parts[p->t->nparts];
	size_t i;

	p->at++;
	part->op = &operators[0];
	part->from = p->t->nvars;
	for (i = 1; i < sizeof operators / sizeof operators[0]; i++)
		if (*p->at == operators[i].mark) {
			part->op = &operators[i];
			p->at++;
			break;
		}
	if (*p->at != '\0' && strchr("=,!@|", *p->at) != NULL)
		return refuse(p, "RFC 6570 keeps this operator for later");
	for (;;) {
		if (parse_variable(p) == -1)
			return -1;
		part->count++;
		if (*p->at == '}') {
			p->at++;
			return 0;
		}
		if (*p->at == '\0')
			return refuse(p, "an expression ends with '}'");
		if (*p->at != ',')
			return refuse(p, "a variable is followed by ':', '*', ',' or '}'");
		p->at++;
	}
}

static int
parse_variable(struct parser *p)
{
	struct var *var;

	if (p->t->nvars == LIMIT_TEMPLATE_VARS)
		return refuse(p, "a template has too many variables");
	var = &p->t->vars[p->t->nvars++];
	var->name = p->at;
	if (parse_name(p) == -1)
		return -1;
	var->len = (size_t)(p->at - var->name);
	if (*p->at == ':')
		return parse_prefix(p, var);
	if (*p->at == '*') {
		var->explode = true;
		p->at++;
	}
	return 0;
}

/* varchar *( ["."] varchar ): a point stands between two other characters. */
static int
parse_name(struct parser *p)
{
	const char *start = p->at;

	for (;;) {
		if (*p->at == '.' && p->at > start)
			p->at++;
		if (is_triplet(p->at))
			p->at += 3;
		else if (is_alpha_digit(*p->at) || *p->at == '_')
			p->at++;
		else if (p->at > start && p->at[-1] != '.')
			return 0;
		else
			return refuse(p, "a variable's name is letters, digits, '_', %XX "
			    "and points between them");
	}
}

static int
parse_prefix(struct parser *p, struct var *var)
{
	int digits;

	p->at++;
	if (*p->at == '0')
		return refuse(p, "a prefix length begins with 1 to 9");
	for (digits = 0; *p->at >= '0' && *p->at <= '9'; digits++, p->at++) {
		if (digits == PREFIX_MAX_DIGITS)
			return refuse(p, "a prefix length is below 10000");
		var->prefix = var->prefix * 10 + (size_t)(*p->at - '0');
	}
	if (digits == 0)
		return refuse(p, "a prefix length is a number from 1 to 9999");
	return 0;
}

/* `reserved` also lets reserved characters and triplets pass, as literals do. */
static void
put_encoded(struct buf *out, const char *text, size_t len, bool reserved)
{
	static const char digits[] = "0123456789ABCDEF";
	char triplet[3] = { '%' };
	unsigned char c;
	size_t i;

	for (i = 0; i < len; i++) {
		c = (unsigned char)text[i];
		if (percent_is_unreserved(text[i]) ||
		    (reserved && percent_is_reserved(text[i]))) {
			buf_putc(out, text[i]);
		} else if (reserved && len - i >= 3 && is_triplet(text + i)) {
			buf_append(out, text + i, 3);
			i += 2;
		} else {
			triplet[1] = digits[c >> 4];
			triplet[2] = digits[c & 15];
			buf_append(out, triplet, sizeof triplet);
		}
	}
}

/* The bytes of the first `chars` characters; a triplet that passes unchanged is one. */
static size_t
prefix_length(const char *text, size_t chars, bool reserved)
{
	const char *p = text;

	while (*p != '\0' && chars-- > 0) {
		if (reserved && is_triplet(p)) {
			p += 3;
			continue;
		}
		do
			p++;
		while (((unsigned char)*p & 0xc0) == 0x80);
	}
	return (size_t)(p - text);
}

/* Append a value's text, cut if the variable says so. */
static int
put_text(struct expansion *x, const char *text)
{
	size_t len = strlen(text);

	if (strstr(text, "\xc0\x80") != NULL) {
		x->why = "a value holds U+0000";
		return -1;
	}
	if (x->var->prefix > 0)
		len = prefix_length(text, x->var->prefix, x->op->reserved);
	put_encoded(x->out, text, len, x->op->reserved);
	return 0;
}

static int
put_value(struct expansion *x, const cJSON *item)
{
	struct buf number;
	int64_t value;
	int result;

	if (cJSON_IsBool(item))
		return put_text(x, cJSON_IsTrue(item) ? "true" : "false");
	if (cJSON_IsString(item))
		return put_text(x, item->valuestring);
	if (!cJSON_IsNumber(item)) {
		x->why = "a member of a list or an object is itself a list or an object";
		return -1;
	}
	buf_init(&number, LIMIT_JSON_NUMBER);
	/* 5.0 and 5e0 are the integer 5, and a query's reader may know no other way to write it. */
	if (strpbrk(item->valuestring == NULL ? "" : item->valuestring, ".eE") != NULL &&
	    json_integer(item, &value) == 0)
		result = buf_printf(&number, "%" PRId64, value);
	else
		result = json_print(&number, item);
	if (result == 0)
		result = put_text(x, buf_str(&number));
	else
		x->why = "a number is too long";
	buf_finish(&number);
	return result;
}

static bool
is_empty(const cJSON *item)
{
	return cJSON_IsString(item) && item->valuestring[0] == '\0';
}

static bool
is_defined(const cJSON *value)
{
	const cJSON *member;

	if (value == NULL || cJSON_IsNull(value))
		return false;
	if (!cJSON_IsArray(value) && !cJSON_IsObject(value))
		return true;
	cJSON_ArrayForEach(member, value)
		if (!cJSON_IsNull(member))
			return true;
	return false;
}

static int
expand_scalar(struct expansion *x, const cJSON *value)
{
	if (x->op->named) {
		buf_puts(x->out, x->var->name);
		if (is_empty(value)) {
			buf_puts(x->out, x->op->empty);
			return 0;
		}
		buf_putc(x->out, '=');
	}
	return put_value(x, value);
}

/* One member of an exploded list or object, without the separator. */
static int
expand_exploded(struct expansion *x, const cJSON *member, bool pair)
{
	if (pair && put_text(x, member->string) == -1)
		return -1;
	if (!pair && x->op->named)
		buf_puts(x->out, x->var->name);
	if (x->op->named && is_empty(member)) {
		buf_puts(x->out, x->op->empty);
		return 0;
	}
	if (pair || x->op->named)
		buf_putc(x->out, '=');
	return put_value(x, member);
}

static int
expand_members(struct expansion *x, const cJSON *value)
{
	bool pair = cJSON_IsObject(value), explode = x->var->explode;
	const char *sep = "";
	const cJSON *member;

	if (x->var->prefix > 0) {
		x->why = "a prefix can be taken of a string, not of a list or an object";
		return -1;
	}
	if (x->op->named && !explode) {
		buf_puts(x->out, x->var->name);
		buf_putc(x->out, '=');
	}
	cJSON_ArrayForEach(member, value) {
		if (cJSON_IsNull(member))
			continue;
		buf_puts(x->out, sep);
		sep = explode ? x->op->sep : ",";
		if (explode) {
			if (expand_exploded(x, member, pair) == -1)
				return -1;
			continue;
		}
		if (pair) {
			if (put_text(x, member->string) == -1)
				return -1;
			buf_putc(x->out, ',');
		}
		if (put_value(x, member) == -1)
			return -1;
	}
	return 0;
}

static int
expand_part(struct expansion *x, const struct uritemplate *t, const struct part *part,
    const cJSON *values)
{
	const char *before = part->op->first;
	const cJSON *value;
	size_t i;
	int result;

	x->op = part->op;
	for (i = part->from; i < part->from + part->count; i++) {
		x->var = &t->vars[i];
		value = json_get(values, x->var->name);
		if (!is_defined(value))
			continue;
		buf_puts(x->out, before);
		before = x->op->sep;
		if (cJSON_IsArray(value) || cJSON_IsObject(value))
			result = expand_members(x, value);
		else
			result = expand_scalar(x, value);
		if (result == -1 || x->out->failed)
			return -1;
	}
	return 0;
}

int
uritemplate_expand(const struct uritemplate *t, const cJSON *values, struct buf *out,
    const char **why, const char **name)
{
	struct expansion x = { .out = out };
	size_t i, start = out->len;
	const struct part *part;
	int result = 0;

	*why = *name = NULL;
	for (i = 0; i < t->nparts && result == 0 && !out->failed; i++) {
		part = &t->parts[i];
		if (part->op != NULL)
			result = expand_part(&x, t, part, values);
		else
			put_encoded(out, t->text + part->from, part->count, true);
	}
	if (result == -1 || out->failed) {
		result = -1;
		*why = x.why != NULL ? x.why : "the expansion does not fit";
		*name = x.var == NULL ? NULL : x.var->name;
		buf_truncate(out, start);
	}
	return result;
}
