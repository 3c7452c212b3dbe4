/* SPDX-License-Identifier: MIT */
/* sheet.c - see sheet.h. */
#include <string.h>

#include "base/buf.h"
#include "wire/sheet.h"

#define INDENT_MAX	40	/* of lists in lists; deeper ones stand no further in */
#define QUOTES_MAX	8

void
sheet_init(struct sheet *s, struct buf *out)
{
	*s = (struct sheet){ .out = out, .fresh = true };
}

void
sheet_break(struct sheet *s, unsigned n)
{
	if (!s->fresh && !s->held && s->breaks < n)
		s->breaks = n;
}

/* A line feed, and the beginning of the next line; of an empty line only its quotes. */
static void
feed(struct sheet *s, bool empty)
{
	unsigned i;

	buf_putc(s->out, '\n');
	for (i = 0; i < s->quotes && i < QUOTES_MAX; i++)
		buf_puts(s->out, empty && i + 1 == s->quotes ? ">" : "> ");
	for (i = 0; !empty && i < s->indent && i < INDENT_MAX; i++)
		buf_putc(s->out, ' ');
}

void
sheet_begin(struct sheet *s)
{
	unsigned i;

	if (s->fresh)
		for (i = 0; i < s->quotes && i < QUOTES_MAX; i++)
			buf_puts(s->out, "> ");
	s->fresh = s->held = false;
	for (; s->breaks > 0; s->breaks--)
		feed(s, s->breaks > 1);
}

void
sheet_hold(struct sheet *s)
{
	s->held = true;
}

void
sheet_quote(struct sheet *s)
{
	/* The empty line before a quote is not of it. */
	for (; s->breaks > 1; s->breaks--)
		feed(s, true);
	s->quotes++;
	sheet_begin(s);
	sheet_hold(s);
}

void
sheet_put(struct sheet *s, const char *text, size_t len)
{
	const char *end = text + len, *line;

	while (text < end) {
		line = memchr(text, '\n', (size_t)(end - text));
		if (line == NULL)
			line = end;
		if (line > text) {
			sheet_begin(s);
			buf_append(s->out, text, (size_t)(line - text));
		}
		if (line < end && !s->fresh)
			s->breaks++;
		text = line + 1;
	}
}

void
sheet_puts(struct sheet *s, const char *text)
{
	sheet_put(s, text, strlen(text));
}
