/* SPDX-License-Identifier: MIT */
/*
 * pattern.c - ECMA-262 patterns rewritten for PCRE2, compiled and run; see pattern.h.
 *
 * PCRE2 starts its match limit anew at every offset of the text, so the limit
 * alone allows text length times LIMIT_PATTERN_MATCH. Automatic callouts count the
 * work of one match over all offsets and end it.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/pattern.h"

/* A pattern of the largest service file, rewritten at its worst. */
#define REWRITTEN_MAX	(LIMIT_SERVICE_FILE * 16UL)
/* Steps that each byte of a text earns: a long text is not a hard pattern. */
#define STEPS_PER_BYTE	8

/* Bytes that one step may run over. */
#define BYTES_PER_STEP	16

/* What \s is in ECMA-262, and all the rest: both must also fit into a class. */
#define SPACE		"\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}" \
			"\\x{202f}\\x{205f}\\x{3000}\\x{feff}"
#define NOT_SPACE	"\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}" \
			"\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}" \
			"\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{d7ff}" \
			"\\x{e000}-\\x{fefe}\\x{ff00}-\\x{10ffff}"
#define NOT_NEWLINE	"[^\\n\\r\\x{2028}\\x{2029}]"

struct pattern {
	pcre2_code	*code;
};

struct rewriter {
	const char	*at;
	struct buf	 out;
	bool		 in_class;
	char		*why;
	size_t		 size;
};

struct counter {
	size_t		 steps;
	size_t		 most;
	size_t		 at;		/* offset of the last step */
};

static int	 rewrite(struct rewriter *);
static int	 rewrite_escape(struct rewriter *);
static int	 rewrite_unicode(struct rewriter *);
static int	 rewrite_property(struct rewriter *);
static int	 rewrite_group(struct rewriter *);
static int	 read_hex(const char *, int, unsigned *);
static int	 count_step(pcre2_callout_block *, void *);
static char	*plain_text(const char *, size_t *);

/* General categories: PCRE2 knows the short names only. */
static const struct {
	const char	*name, *category;
} categories[] = {
	{ "Cased_Letter", "L&" }, { "Close_Punctuation", "Pe" },
	{ "Connector_Punctuation", "Pc" }, { "Control", "Cc" }, { "cntrl", "Cc" },
	{ "Currency_Symbol", "Sc" }, { "Dash_Punctuation", "Pd" },
	{ "Decimal_Number", "Nd" }, { "digit", "Nd" }, { "Enclosing_Mark", "Me" },
	{ "Final_Punctuation", "Pf" }, { "Format", "Cf" }, { "Initial_Punctuation", "Pi" },
	{ "LC", "L&" }, { "Letter", "L" }, { "Letter_Number", "Nl" },
	{ "Line_Separator", "Zl" }, { "Lowercase_Letter", "Ll" }, { "Mark", "M" },
	{ "Combining_Mark", "M" }, { "Math_Symbol", "Sm" }, { "Modifier_Letter", "Lm" },
	{ "Modifier_Symbol", "Sk" }, { "Nonspacing_Mark", "Mn" }, { "Number", "N" },
	{ "Open_Punctuation", "Ps" }, { "Other", "C" }, { "Other_Letter", "Lo" },
	{ "Other_Number", "No" }, { "Other_Punctuation", "Po" }, { "Other_Symbol", "So" },
	{ "Paragraph_Separator", "Zp" }, { "Private_Use", "Co" }, { "Punctuation", "P" },
	{ "punct", "P" }, { "Separator", "Z" }, { "Space_Separator", "Zs" },
	{ "Spacing_Mark", "Mc" }, { "Surrogate", "Cs" }, { "Symbol", "S" },
	{ "Titlecase_Letter", "Lt" }, { "Unassigned", "Cn" }, { "Uppercase_Letter", "Lu" },
};

static int
refuse(struct rewriter *r, const char *why)
{
	snprintf(r->why, r->size, "%s", why);
	return -1;
}

struct pattern *
pattern_create(const char *text, char *why, size_t size)
{
	struct rewriter r = { .at = text, .why = why, .size = size };
	struct pattern *p = calloc(1, sizeof *p), *result = NULL;
	PCRE2_UCHAR message[128];
	PCRE2_SIZE offset;
	int error;

	buf_init(&r.out, REWRITTEN_MAX);
	if (p == NULL) {
		refuse(&r, "out of memory");
		goto out;
	}
	if (rewrite(&r) == -1)
		goto out;
	if (r.out.failed) {
		refuse(&r, "out of memory");
		goto out;
	}
	p->code = pcre2_compile((PCRE2_SPTR)buf_str(&r.out), r.out.len, PCRE2_UTF |
	    PCRE2_NEVER_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_ALLOW_EMPTY_CLASS |
	    PCRE2_MATCH_UNSET_BACKREF | PCRE2_AUTO_CALLOUT, &error, &offset, NULL);
	if (p->code == NULL) {
		pcre2_get_error_message(error, message, sizeof message);
		refuse(&r, (const char *)message);
		goto out;
	}
	result = p;
	p = NULL;
out:
	pattern_destroy(p);
	buf_finish(&r.out);
	return result;
}

void
pattern_destroy(struct pattern *p)
{
	if (p == NULL)
		return;
	pcre2_code_free(p->code);
	free(p);
}

/* Appends are not checked one by one: the buffer remembers a failure. */
static int
rewrite(struct rewriter *r)
{
	while (*r->at != '\0') {
		if (strncmp(r->at, "\xc0\x80", 2) == 0) {
			buf_puts(&r->out, "\\x{0}");
			r->at += 2;
		} else if (*r->at == '\\') {
			if (rewrite_escape(r) == -1)
				return -1;
		} else if (r->in_class) {
			r->in_class = *r->at != ']';
			if (*r->at == '[')
				buf_putc(&r->out, '\\');
			buf_putc(&r->out, *r->at++);
		} else if (*r->at == '(') {
			if (rewrite_group(r) == -1)
				return -1;
		} else if (*r->at == '.') {
			buf_puts(&r->out, NOT_NEWLINE);
			r->at++;
		} else {
			r->in_class = *r->at == '[';
			buf_putc(&r->out, *r->at++);
			if (r->in_class && *r->at == '^')
				buf_putc(&r->out, *r->at++);
		}
	}
	return 0;
}

static int
rewrite_group(struct rewriter *r)
{
	if (r->at[1] == '*')
		return refuse(r, "nothing stands before a '*'");
	if (r->at[1] == '?' && (r->at[2] == '\0' || strchr(":=!<", r->at[2]) == NULL))
		return refuse(r, "ECMA-262 has no group that begins like this one");
	buf_putc(&r->out, *r->at++);
	return 0;
}

static int
rewrite_escape(struct rewriter *r)
{
	char c = r->at[1];
	unsigned code;

	if (c == 'u')
		return rewrite_unicode(r);
	if (c == 'p' || c == 'P')
		return rewrite_property(r);
	if (c == 's' || c == 'S') {
		buf_puts(&r->out, r->in_class ? "" : "[");
		buf_puts(&r->out, c == 's' ? SPACE : NOT_SPACE);
		buf_puts(&r->out, r->in_class ? "" : "]");
		r->at += 2;
		return 0;
	}
	if (c == 'v') {
		buf_puts(&r->out, "\\x0b");
		r->at += 2;
		return 0;
	}
	if (c == 'x' && read_hex(r->at + 2, 2, &code) == -1)
		return refuse(r, "\\x is followed by two hex digits");
	if (c == 'c' && !((r->at[2] | 0x20) >= 'a' && (r->at[2] | 0x20) <= 'z'))
		return refuse(r, "\\c is followed by a letter");
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z' && strchr("dDwWbBnrtfkcx", c) == NULL)
		return refuse(r, "ECMA-262 has no such escape");
	/* U+0000 needs no escape; what it becomes has one of its own. */
	if (c != '\xc0')
		buf_putc(&r->out, '\\');
	r->at++;
	if (c != '\0' && c != '\xc0')
		buf_putc(&r->out, *r->at++);
	return 0;
}

static int
read_hex(const char *p, int digits, unsigned *out)
{
	unsigned value = 0;
	int i;

	for (i = 0; i < digits; i++) {
		if (p[i] >= '0' && p[i] <= '9')
			value = value << 4 | (unsigned)(p[i] - '0');
		else if ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'f')
			value = value << 4 | (unsigned)((p[i] | 0x20) - 'a' + 10);
		else
			return -1;
	}
	*out = value;
	return 0;
}

/* \uXXXX, two of them for a surrogate pair, and \u{X...}. */
static int
rewrite_unicode(struct rewriter *r)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	unsigned code, low;
	size_t digits;

	if (r->at[2] == '{') {
		digits = strspn(r->at + 3, hex);
		if (digits == 0 || r->at[3 + digits] != '}')
			return refuse(r, "\\u{ is followed by hex digits and '}'");
		buf_puts(&r->out, "\\x{");
		buf_append(&r->out, r->at + 3, digits + 1);
		r->at += digits + 4;
		return 0;
	}
	if (read_hex(r->at + 2, 4, &code) == -1)
		return refuse(r, "\\u is followed by four hex digits");
	r->at += 6;
	if (code >= 0xd800 && code <= 0xdbff && r->at[0] == '\\' && r->at[1] == 'u' &&
	    read_hex(r->at + 2, 4, &low) == 0 && low >= 0xdc00 && low <= 0xdfff) {
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		r->at += 6;
	}
	buf_printf(&r->out, "\\x{%x}", code);
	return 0;
}

static int
rewrite_property(struct rewriter *r)
{
	static const char *const prefixes[] = { "General_Category=", "gc=" };
	const char *name = r->at + 3, *end;
	size_t i, len;

	end = r->at[2] == '{' ? strchr(name, '}') : NULL;
	if (end == NULL)
		return refuse(r, "\\p is followed by a name in braces");
	for (i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			name += strlen(prefixes[i]);
	len = (size_t)(end - name);
	buf_append(&r->out, r->at, 3);
	for (i = 0; i < sizeof categories / sizeof categories[0]; i++)
		if (strlen(categories[i].name) == len &&
		    memcmp(categories[i].name, name, len) == 0) {
			name = categories[i].category;
			len = strlen(name);
			break;
		}
	buf_append(&r->out, name, len);
	buf_putc(&r->out, '}');
	r->at = end + 1;
	return 0;
}

static int
count_step(pcre2_callout_block *block, void *data)
{
	struct counter *counter = data;
	size_t at = block->current_position;

	/* One a* runs over many bytes between two callouts. */
	counter->steps += 1 + (at > counter->at ? at - counter->at : 0) / BYTES_PER_STEP;
	counter->at = at;
	return counter->steps > counter->most ? PCRE2_ERROR_MATCHLIMIT : 0;
}

/* A copy of `text` with real NUL bytes in place of C0 80. */
static char *
plain_text(const char *text, size_t *len)
{
	char *copy = malloc(*len + 1);
	size_t i, n = 0;

	if (copy == NULL)
		return NULL;
	for (i = 0; i < *len; i++) {
		copy[n++] = text[i] == '\xc0' ? '\0' : text[i];
		if (text[i] == '\xc0')
			i++;
	}
	*len = n;
	return copy;
}

enum pattern_result
pattern_match(const struct pattern *p, const char *text, size_t *steps)
{
	enum pattern_result result = PATTERN_MEMORY;
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	size_t len = strlen(text);
	struct counter counter = { .most = LIMIT_PATTERN_MATCH + STEPS_PER_BYTE * len };
	char *copy = NULL;
	int error;

	if (context == NULL || data == NULL)
		goto out;
	if (strstr(text, "\xc0\x80") != NULL) {
		copy = plain_text(text, &len);
		if (copy == NULL)
			goto out;
	}
	pcre2_set_match_limit(context, LIMIT_PATTERN_MATCH);
	pcre2_set_callout(context, count_step, &counter);
	error = pcre2_match(p->code, (PCRE2_SPTR)(copy == NULL ? text : copy), len, 0, 0, data,
	    context);
	if (error >= 0)
		result = PATTERN_MATCH;
	else if (error == PCRE2_ERROR_NOMATCH)
		result = PATTERN_NO_MATCH;
	else if (error != PCRE2_ERROR_NOMEMORY)
		result = PATTERN_LIMIT;
out:
	*steps += counter.steps;
	free(copy);
	pcre2_match_data_free(data);
	pcre2_match_context_free(context);
	return result;
}
