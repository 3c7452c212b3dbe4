/* SPDX-License-Identifier: MIT */
/*
 * cut.c - for each part a walk over its characters, which remembers the last end of each kind that
 * still fits; see cut.h.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "wire/cut.h"
#include "wire/grapheme.h"
#include "wire/utf8.h"

/* Where a part may end, the best first. */
enum end {
	END_PARAGRAPH, END_LINE, END_SENTENCE, END_WORD, END_CHARACTER, END_IN_MARKS,
	END_BEFORE_MARKS,	/* code without its end, and an end without code */
	ENDS
};

struct cutter {
	struct grapheme	*grapheme;
	const char	*text;
	size_t		 len;
	size_t		 max;
	enum cut_unit	 unit;
	bool		 starved;
};

/* A place in the text, and what holds there. */
struct spot {
	size_t			 at;		/* bytes before it */
	size_t			 characters;	/* code points before it */
	size_t			 used;		/* units of the part up to it */
	struct cut_fence	 fence;		/* that is open there */
};

/* White space behind a place. */
struct gap {
	struct spot	 line;		/* the beginning of the last line in it */
	struct spot	 end;
	size_t		 lines;		/* line ends */
	bool		 breaks;	/* a line may be broken there */
};

static uint32_t
code_point(const char *p)
{
	size_t len;

	return utf8_decode((const unsigned char *)p, &len);
}

/* The bytes of the code point at `p`. */
static size_t
length(const char *p)
{
	size_t len;

	utf8_decode((const unsigned char *)p, &len);
	return len;
}

static size_t
units(const struct cutter *w, const char *p)
{
	size_t len = length(p);

	switch (w->unit) {
	case CUT_UTF16:
		return len == 4 ? 2 : 1;
	case CUT_BYTES:
		return (unsigned char)*p == 0xc0 ? 1 : len;
	case CUT_CHARACTERS:
		break;
	}
	return 1;
}

/* Go on by so many bytes. */
static void
walk(const struct cutter *w, struct spot *s, size_t bytes)
{
	size_t to = s->at + bytes;

	for (; s->at < to; s->at += length(w->text + s->at)) {
		s->used += units(w, w->text + s->at);
		s->characters++;
	}
}

/* The bytes of what people see as one character there. */
static size_t
seen(struct cutter *w, size_t at)
{
	size_t n = grapheme_length(w->grapheme, w->text + at, w->len - at);

	w->starved |= n == 0;
	return n != 0 ? n : length(w->text + at);
}

static bool
is_line_end(const char *p)
{
	uint32_t c = code_point(p);

	return c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029;
}

/* Unicode's White_Space, and the space of no width; `len` is that of what is seen. */
static bool
is_white(const char *p, size_t len)
{
	uint32_t c = code_point(p);

	if (len != length(p))
		return c == '\r';
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xa0 || c == 0x1680 ||
	    (c >= 0x2000 && c <= 0x200b) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
	    c == 0x205f || c == 0x3000;
}

static bool
is_no_break(const char *p)
{
	uint32_t c = code_point(p);

	return c == 0xa0 || c == 0x2007 || c == 0x202f;
}

static void
look_over(struct cutter *w, const struct spot *from, struct gap *g)
{
	const char *p;
	size_t n;

	*g = (struct gap){ .line = *from, .end = *from };
	while (g->end.at < w->len) {
		p = w->text + g->end.at;
		n = seen(w, g->end.at);
		if (!is_white(p, n))
			break;
		g->breaks |= !is_no_break(p);
		walk(w, &g->end, n);
		if (is_line_end(p)) {
			g->lines += code_point(p) == 0x2029 ? 2 : 1;
			g->line = g->end;
		}
	}
}

/* ====== Fences ====== */

static bool
begins_line(const struct cutter *w, size_t at)
{
	return at == 0 || w->text[at - 1] == '\n' || w->text[at - 1] == '\r';
}

/* The end of the line at `at`, without white space at its end. */
static size_t
line_end(const struct cutter *w, size_t at)
{
	size_t end = at + strcspn(w->text + at, "\r\n");

	while (end > at && (w->text[end - 1] == ' ' || w->text[end - 1] == '\t'))
		end--;
	return end;
}

static size_t
closing(const struct cut_fence *fence)
{
	return fence->len == 0 ? 0 : fence->marks + 1;
}

static size_t
opening(const struct cutter *w, const struct cut_fence *fence)
{
	struct spot s = { .at = fence->at };

	if (fence->len == 0)
		return 0;
	walk(w, &s, fence->len);
	return s.used + 1;
}

/*
 * Whether the line at `at` has the marks of a fence: it closes the one that is open, or opens one.
 * Then `fence` is what is open behind it, and `end` is where its text ends.
 */
static bool
is_marks(const struct cutter *w, size_t at, struct cut_fence *fence, size_t *end)
{
	size_t first = at + strspn(w->text + at, " "), marks = strspn(w->text + first, "`");
	struct cut_fence opened = { .at = first, .marks = marks };

	if (first - at > 3 || marks < 3)
		return false;
	*end = line_end(w, first);
	if (fence->len != 0) {
		if (marks < fence->marks || *end != first + marks)
			return false;
		fence->len = 0;
		return true;
	}
	/* Marks that would take half of each part are not worth it. */
	if (2 * marks + 2 > w->max / 2 || memchr(w->text + first + marks, '`',
	    *end - first - marks) != NULL)
		return false;
	opened.len = *end - first;
	if (opened.len > w->max * 4 || opening(w, &opened) + closing(&opened) > w->max / 2)
		opened.len = marks;
	*fence = opened;
	return true;
}

/* ====== Ends ====== */

static bool
is_one_of(uint32_t c, const uint32_t *set)
{
	while (*set != 0 && *set != c)
		set++;
	return *set != 0;
}

static const uint32_t full_stops[] = { '.', '!', '?', 0x2026, 0x61f, 0x6d4, 0x964, 0x965, 0 };
static const uint32_t wide_stops[] = { 0x3002, 0xff01, 0xff0e, 0xff1f, 0xff61, 0 };
static const uint32_t closers[] = { '"', '\'', ')', ']', '}', '*', '_', '~', 0xbb, 0x2019, 0x201d,
    0x203a, 0x3009, 0x300b, 0x300d, 0x300f, 0x3011, 0xff09, 0 };

/* Whether the text before `at` ends a sentence; behind a wide stop no white space is needed. */
static bool
is_sentence(const struct cutter *w, size_t from, size_t at, bool white)
{
	uint32_t c = 0;
	size_t back, quotes;

	for (quotes = 0; at > from && quotes < 4; quotes++) {
		for (back = at - 1; back > from && ((unsigned char)w->text[back] & 0xc0) == 0x80;)
			back--;
		c = code_point(w->text + back);
		at = back;
		if (!is_one_of(c, closers))
			break;
	}
	return is_one_of(c, wide_stops) || (white && is_one_of(c, full_stops));
}

/* What ends at `s`, behind something that is not white. */
static enum end
end_of(struct cutter *w, size_t from, const struct spot *s)
{
	struct cut_fence fence = s->fence;
	struct gap gap;
	size_t end;
	const char *next = w->text + s->at;

	look_over(w, s, &gap);
	if (gap.end.at == s->at)
		return is_sentence(w, from, s->at, false) &&
		    !is_one_of(code_point(next), closers) &&
		    !is_one_of(code_point(next), wide_stops) ? END_SENTENCE :
		    END_CHARACTER;
	if (gap.lines > 0 && fence.len != 0 && is_marks(w, gap.line.at, &fence, &end))
		return END_BEFORE_MARKS;
	if (gap.lines > 0)
		return gap.lines > 1 ? END_PARAGRAPH : END_LINE;
	if (!gap.breaks)
		return END_CHARACTER;
	return is_sentence(w, from, s->at, true) ? END_SENTENCE : END_WORD;
}

/* One character that is too long by itself: as many of its code points as fit. */
static void
tear(const struct cutter *w, struct spot *s)
{
	size_t room = w->max - closing(&s->fence);

	while (s->at < w->len && s->used + units(w, w->text + s->at) <= room)
		walk(w, s, length(w->text + s->at));
}

/* Where the part that begins at `from` ends. */
static struct spot
find_end(struct cutter *w, const struct spot *from)
{
	struct spot s = *from, last = *from, ends[ENDS] = { 0 };
	struct cut_fence outer = s.fence;
	size_t n, marks_end = 0;
	bool begins = begins_line(w, s.at);
	enum end end;

	for (s.used = opening(w, &s.fence); s.at < w->len; ) {
		if (begins) {
			outer = s.fence;
			if (!is_marks(w, s.at, &s.fence, &marks_end))
				marks_end = s.at;
		}
		n = seen(w, s.at);
		begins = w->text[s.at + n - 1] == '\n' || w->text[s.at + n - 1] == '\r';
		walk(w, &s, n);
		if (s.used > w->max)
			break;
		if (is_white(w->text + s.at - n, n))
			continue;
		last = s;
		/* In a line of marks, and behind one that opens a fence, nothing should end. */
		if (s.at < marks_end || (s.at == marks_end && s.fence.len != 0)) {
			end = END_IN_MARKS;
			last.fence = outer;
		} else
			end = end_of(w, from->at, &s);
		if (last.used + closing(&last.fence) > w->max)
			continue;
		ends[end] = last;
		if (end < END_WORD)
			ends[END_WORD] = last;
	}
	if (s.at == w->len && s.used <= w->max) {
		last.fence.len = 0;
		return last;
	}
	/* For more than a whole word a part is not left half empty. */
	for (end = 0; end < ENDS; end++)
		if (ends[end].at > from->at && (end >= END_WORD || ends[end].used >= w->max / 2))
			return ends[end];
	s = *from;
	s.used = opening(w, &s.fence);
	tear(w, &s);
	return s;
}

/* Where the next part begins: behind the white space, but with what indents its line. */
static struct spot
find_next(struct cutter *w, const struct spot *end)
{
	struct gap gap;

	look_over(w, end, &gap);
	if (gap.end.at == w->len || (gap.lines == 0 && end->at > 0))
		return gap.end;
	return gap.end.used - gap.line.used > w->max / 8 ? gap.end : gap.line;
}

int
cut_text(struct cut *c, const char *text, size_t max, enum cut_unit unit)
{
	struct cutter w = { .text = text, .len = strlen(text), .max = max, .unit = unit };
	struct spot start = { 0 }, end;
	struct cut_part *part;

	memset(c, 0, sizeof *c);
	walk(&w, &start, w.len);
	c->parts[0].to = w.len;
	c->n = 1;
	if (start.used <= max)
		return 0;
	w.grapheme = grapheme_create();
	if (w.grapheme == NULL)
		return -1;
	start = find_next(&w, &(struct spot){ 0 });
	if (start.at < w.len)
		c->n = 0;
	for (; start.at < w.len && c->n < CUT_PARTS; start = find_next(&w, &end)) {
		end = find_end(&w, &start);
		part = &c->parts[c->n++];
		*part = (struct cut_part){
			.from = start.at, .to = end.at, .character = start.characters,
			.opens = start.fence, .closes = end.fence.len == 0 ? 0 : end.fence.marks,
		};
	}
	if (start.at < w.len)
		c->fits = start.characters;
	grapheme_destroy(w.grapheme);
	return w.starved ? -1 : 0;
}

int
cut_print(struct buf *out, const char *text, const struct cut_part *part)
{
	size_t i;

	if (part->opens.len > 0) {
		buf_append(out, text + part->opens.at, part->opens.len);
		buf_putc(out, '\n');
	}
	buf_append(out, text + part->from, part->to - part->from);
	for (i = 0; i < part->closes; i++)
		buf_puts(out, i == 0 ? "\n`" : "`");
	return out->failed ? -1 : 0;
}
