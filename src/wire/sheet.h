/* SPDX-License-Identifier: MIT */
/*
 * sheet.h - text in lines: breaks that are only made when something follows, and what stands at
 * the beginning of each line (quotes, the indent of lists).
 */
#ifndef WIRE_SHEET_H
#define WIRE_SHEET_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

struct sheet {
	struct buf	*out;
	bool		 fresh;		/* nothing is there yet */
	bool		 held;		/* what comes stands right here: no breaks before it */
	unsigned	 breaks;	/* line feeds that are due before what comes */
	unsigned	 quotes;	/* "> " at each line's beginning */
	unsigned	 indent;	/* and then so many spaces */
};

/* Begin one at the end of `out`, which is borrowed. */
void	 sheet_init(struct sheet *s, struct buf *out);
/* At least `n` line feeds before what comes; none at the beginning and at the end. */
void	 sheet_break(struct sheet *s, unsigned n);
/* Make what breaks are due now. */
void	 sheet_begin(struct sheet *s);
/* Whatever comes stands where the sheet ends, as behind the mark of an item. */
void	 sheet_hold(struct sheet *s);
/* Begin a quote on a line of its own. It ends with one quote less in `quotes`. */
void	 sheet_quote(struct sheet *s);
/* Append bytes; a line feed among them begins a line. */
void	 sheet_put(struct sheet *s, const char *text, size_t len);
void	 sheet_puts(struct sheet *s, const char *text);

#endif
