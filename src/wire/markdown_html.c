/* SPDX-License-Identifier: MIT */
/*
 * markdown_html.c - HTML into CommonMark, by a tokenizer that takes whatever comes: one pass, no
 * tree, no recursion; see markdown.h.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/markdown_part.h"
#include "wire/sheet.h"

#define LISTS	16

enum act {
	NOTHING,	/* its text alone */
	MARK,		/* the same sign before and behind */
	BREAK, BLOCK, HEADING, ITEM, UL, OL, QUOTE, PRE, CODE, LINK, IMAGE, AT, ATTACHMENT, RULE,
	CELL, SKIP,
};

static const struct element {
	const char	*name;
	enum act	 act;
	const char	*sign;
} elements[] = {
	{ "b", MARK, "**" }, { "strong", MARK, "**" }, { "i", MARK, "_" }, { "em", MARK, "_" },
	{ "s", MARK, "~~" }, { "del", MARK, "~~" }, { "strike", MARK, "~~" },
	{ "code", CODE, "`" }, { "tt", CODE, "`" }, { "pre", PRE, "" }, { "codeblock", PRE, "" },
	{ "br", BREAK, "" }, { "p", BLOCK, "" }, { "div", BLOCK, "" }, { "table", BLOCK, "" },
	{ "tr", BREAK, "" }, { "td", CELL, "" }, { "th", CELL, "" }, { "h1", HEADING, "# " },
	{ "h2", HEADING, "## " }, { "h3", HEADING, "### " }, { "h4", HEADING, "#### " },
	{ "h5", HEADING, "##### " }, { "h6", HEADING, "###### " }, { "li", ITEM, "" },
	{ "ul", UL, "" }, { "ol", OL, "" }, { "blockquote", QUOTE, "" }, { "a", LINK, "" },
	{ "img", IMAGE, "" }, { "emoji", IMAGE, "" }, { "at", AT, "@" },
	{ "attachment", ATTACHMENT, "[attachment]" }, { "hr", RULE, "" }, { "script", SKIP, "" },
	{ "style", SKIP, "" }, { "mx-reply", SKIP, "" },
};

struct tag {
	const struct element	*element;	/* NULL: none that is known */
	bool			 closes;
	const char		*name;
	size_t			 namelen;
	const char		*rest;		/* its attributes; NULL: it is no tag */
	size_t			 restlen;
};

struct reader {
	struct sheet	*s;
	bool		 space;		/* one is due, if a word follows */
	unsigned	 pre;
	unsigned	 lists;
	unsigned	 number[LISTS];	/* 0: bullets */
	unsigned	 links;
	struct buf	 target;	/* of the outermost link */
};

/* Read a tag; what follows it, or NULL: there is none at `p`, or (with `rest`) one without end. */
static const char *
read_tag(const char *p, struct tag *t)
{
	const char *q = p + 1;
	char quote = '\0';
	size_t i;

	*t = (struct tag){ .closes = *q == '/' };
	q += t->closes;
	t->name = q;
	t->namelen = strcspn(q, " \t\r\n/><\"'=");
	if (t->namelen == 0 || !markdown_is_word(*q))
		return NULL;
	t->rest = q += t->namelen;
	for (; *q != '\0' && (quote != '\0' || *q != '>'); q++)
		if (quote == '\0' && (*q == '"' || *q == '\''))
			quote = *q;
		else if (*q == quote)
			quote = '\0';
	if (*q == '\0')
		return NULL;
	t->restlen = (size_t)(q - t->rest);
	for (i = 0; i < sizeof elements / sizeof elements[0]; i++)
		if (strlen(elements[i].name) == t->namelen &&
		    strncasecmp(elements[i].name, t->name, t->namelen) == 0)
			t->element = &elements[i];
	return q + 1;
}

/* The value of a tag's attribute; its bytes in `len`, 0 if there is none. */
static const char *
attribute(const struct tag *t, const char *name, size_t *len)
{
	const char *p = t->rest, *end = t->rest + t->restlen, *value;
	size_t n, namelen = strlen(name);
	bool found;

	*len = 0;
	while (p < end) {
		p += strspn(p, " \t\r\n/");
		n = strcspn(p, " \t\r\n/=>");
		found = n == namelen && p + n <= end && strncasecmp(p, name, n) == 0;
		p += n;
		if (p >= end)
			break;
		p += strspn(p, " \t\r\n");
		if (*p != '=') {
			p += n == 0;
			continue;
		}
		p++;
		p += strspn(p, " \t\r\n");
		if (*p == '"' || *p == '\'') {
			value = p + 1;
			n = strcspn(value, *p == '"' ? "\"" : "'");
			p = value + n + 1;
		} else {
			value = p;
			n = strcspn(p, " \t\r\n>");
			p = value + n;
		}
		if (found && value + n <= end) {
			*len = n;
			return value;
		}
	}
	return "";
}

/* A space that is due stands before a word and before a mark that opens. */
static void
put_space(struct reader *r)
{
	if (r->space && !r->s->fresh && !r->s->held && r->s->breaks == 0)
		sheet_puts(r->s, " ");
	r->space = false;
}

static void
break_lines(struct reader *r, unsigned n)
{
	r->space = false;
	sheet_break(r->s, n);
}

/* How many bytes are white space, or are none; the text may go on behind `end`. */
static size_t
run_of(bool white, const char *text, const char *end)
{
	const char *p = text;

	while (p < end && (memchr(" \t\r\n", *p, 4) != NULL) == white)
		p++;
	return (size_t)(p - text);
}

/* Text between tags: white space is one space, but in <pre>. */
static void
read_text(struct reader *r, const char *text, size_t len)
{
	const char *end = text + len;
	size_t n;

	if (r->pre > 0) {
		markdown_put(r->s, text, len);
		return;
	}
	while (text < end) {
		n = run_of(true, text, end);
		r->space |= n > 0;
		text += n;
		n = run_of(false, text, end);
		if (n > 0) {
			put_space(r);
			markdown_put(r->s, text, n);
		}
		text += n;
	}
}

static void
read_item(struct reader *r)
{
	unsigned *number = r->lists > 0 && r->lists <= LISTS ? &r->number[r->lists - 1] : NULL;
	char mark[32] = "- ";

	break_lines(r, 1);
	if (number != NULL && *number > 0)
		snprintf(mark, sizeof mark, "%u. ", (*number)++);
	r->s->indent = r->lists > 1 ? 2 * (r->lists - 1) : 0;
	sheet_puts(r->s, mark);
	sheet_hold(r->s);
}

static void
read_list(struct reader *r, const struct tag *t, unsigned number)
{
	if (t->closes && r->lists > 0)
		r->lists--;
	break_lines(r, r->lists > 0 ? 1 : 2);
	if (!t->closes && r->lists < LISTS)
		r->number[r->lists] = number;
	r->lists += t->closes ? 0 : 1;
	if (r->lists == 0)
		r->s->indent = 0;
}

static void
read_link(struct reader *r, const struct tag *t)
{
	const char *href;
	size_t len;

	if (t->closes && r->links > 0 && --r->links == 0 && r->target.len > 0) {
		sheet_puts(r->s, "](");
		markdown_put(r->s, r->target.data, r->target.len);
		sheet_puts(r->s, ")");
	}
	if (t->closes || r->links++ > 0)
		return;
	buf_reset(&r->target);
	href = attribute(t, "href", &len);
	put_space(r);
	if (len > 0 && buf_append(&r->target, href, len) == 0)
		sheet_puts(r->s, "[");
}

static void
read_image(struct reader *r, const struct tag *t)
{
	size_t len;
	const char *alt = attribute(t, "alt", &len);

	put_space(r);
	if (t->element->name[0] == 'i')
		sheet_puts(r->s, "![");
	if (len == 0)
		sheet_puts(r->s, "image");
	markdown_put(r->s, alt, len);
	if (t->element->name[0] == 'i')
		sheet_puts(r->s, "]");
}

/* A sign that opens clings to what follows, one that closes to what was before. */
static void
read_sign(struct reader *r, const struct tag *t)
{
	if (r->pre > 0)
		return;
	if (!t->closes)
		put_space(r);
	sheet_puts(r->s, t->element->sign);
}

static void
read_pre(struct reader *r, const struct tag *t)
{
	if (!t->closes) {
		break_lines(r, 2);
		if (r->pre++ == 0)
			sheet_puts(r->s, "```\n");
	} else if (r->pre > 0 && --r->pre == 0) {
		sheet_break(r->s, 1);
		sheet_puts(r->s, "```");
		break_lines(r, 2);
	}
}

static void
read_quote(struct reader *r, const struct tag *t)
{
	break_lines(r, 2);
	if (!t->closes)
		sheet_quote(r->s);
	else if (r->s->quotes > 0)
		r->s->quotes--;
}

/* Behind the end of an element whose content is not shown. */
static const char *
skip_element(const char *p, const struct element *e)
{
	size_t len = strlen(e->name);

	for (p = strchr(p, '<'); p != NULL; p = strchr(p + 1, '<'))
		if (p[1] == '/' && strncasecmp(p + 2, e->name, len) == 0 &&
		    strchr(" \t\r\n/>", p[2 + len]) != NULL)
			break;
	p = p == NULL ? NULL : strchr(p, '>');
	return p == NULL ? "" : p + 1;
}

static void
act_on(struct reader *r, const struct tag *t)
{
	switch (t->element->act) {
	case MARK:
	case CODE:
		read_sign(r, t);
		break;
	case BREAK:
		if (!t->closes || t->element->name[0] == 't') {
			r->space = false;
			sheet_puts(r->s, t->element->name[0] == 'b' ? "\n" : "");
			sheet_break(r->s, 1);
		}
		break;
	case BLOCK:
		break_lines(r, r->lists > 0 ? 1 : 2);
		break;
	case HEADING:
		break_lines(r, 2);
		if (!t->closes)
			sheet_puts(r->s, t->element->sign);
		break;
	case ITEM:
		if (!t->closes)
			read_item(r);
		break;
	case UL:
		read_list(r, t, 0);
		break;
	case OL:
		read_list(r, t, 1);
		break;
	case QUOTE:
		read_quote(r, t);
		break;
	case PRE:
		read_pre(r, t);
		break;
	case LINK:
		read_link(r, t);
		break;
	case IMAGE:
		if (!t->closes)
			read_image(r, t);
		break;
	case AT:
	case ATTACHMENT:
		if (!t->closes)
			read_sign(r, t);
		break;
	case RULE:
		break_lines(r, 2);
		sheet_puts(r->s, "---");
		break_lines(r, 2);
		break;
	case CELL:
		if (!t->closes && !r->s->fresh && r->s->breaks == 0)
			sheet_puts(r->s, " | ");
		r->space = false;
		break;
	case NOTHING:
	case SKIP:
		break;
	}
}

void
markdown_html(struct sheet *s, const char *text)
{
	struct reader r = { .s = s };
	const char *next, *dead = NULL;
	struct tag t;
	size_t len;

	buf_init(&r.target, LIMIT_URL);
	while (*text != '\0') {
		len = strcspn(text, "<");
		read_text(&r, text, len);
		text += len;
		if (*text == '\0')
			break;
		if (strncmp(text, "<!--", 4) == 0) {
			next = strstr(text + 4, "-->");
			text = next == NULL ? "" : next + 3;
			continue;
		}
		/* Where one tag has no end, none that follows has. */
		next = dead == NULL ? read_tag(text, &t) : NULL;
		if (next == NULL) {
			if (dead == NULL && t.rest != NULL)
				dead = text;
			put_space(&r);
			sheet_put(s, "<", 1);
			text++;
			continue;
		}
		text = next;
		if (t.element != NULL && t.element->act == SKIP && !t.closes)
			text = skip_element(text, t.element);
		else if (t.element != NULL)
			act_on(&r, &t);
	}
	buf_finish(&r.target);
}
