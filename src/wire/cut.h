/* SPDX-License-Identifier: MIT */
/*
 * cut.h - a long text in parts, each of which is short enough and can be read by itself.
 *
 * A cut is where a paragraph ends, else a line, a sentence, a word; else between two characters as
 * people see them (grapheme.h), and between two code points where one such character alone is too
 * long. White space at a cut, and at both ends of the text, is left out, but not what indents a
 * line. A fence of backticks (CommonMark, 4.5) that is open at a cut is closed there, and opened
 * again in the next part. No part is blank. The time is linear in the length of the text.
 */
#ifndef WIRE_CUT_H
#define WIRE_CUT_H

#include <stddef.h>

struct buf;

#define CUT_PARTS	10	/* the most that a text is cut into */
#define CUT_LEAST	10	/* the least length of a part */

/* What a length is counted in. */
enum cut_unit { CUT_CHARACTERS, CUT_UTF16, CUT_BYTES };

/* A line that opens a fence: at which byte its backticks begin; its length, 0: there is none. */
struct cut_fence {
	size_t	at, len;
	size_t	marks;		/* how many backticks close it */
};

struct cut_part {
	size_t			 from, to;	/* bytes of the text */
	size_t			 character;	/* code points of the text before it */
	struct cut_fence	 opens;		/* is opened again before it */
	size_t			 closes;	/* so many backticks close one behind it; or 0 */
};

struct cut {
	struct cut_part	 parts[CUT_PARTS];
	size_t		 n;
	size_t		 fits;		/* code points that fit into so many parts; 0: all do */
};

/*
 * Cut `text`, UTF-8 with U+0000 as wire/json stores it, into parts of at most `max` (CUT_LEAST at
 * least). One that is short enough, or blank, is one part as it is. 0 or -1 (memory).
 */
int	 cut_text(struct cut *c, const char *text, size_t max, enum cut_unit unit);
/* Append a part of the text, with the marks of its fences. 0 or -1. */
int	 cut_print(struct buf *out, const char *text, const struct cut_part *part);

#endif
