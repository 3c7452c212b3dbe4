/* SPDX-License-Identifier: MIT */
/*
 * markdown.h - CommonMark, which models write, into what a messaging service shows, and back.
 *
 * A line feed in a paragraph stays one, HTML is text, and a link leads to http, https, mailto or
 * tel: what else it leads to stands behind it as text. Dialects that mark with signs and have no
 * escapes (slack, whatsapp, text) cannot say a literal sign: what would be one stays as it is.
 * A link's title, the address of an image in a link, and what a fence says behind its language are
 * left out.
 * Slack's mention of one person, <@U0123456789>, stays one; those of many are text.
 */
#ifndef WIRE_MARKDOWN_H
#define WIRE_MARKDOWN_H

#include <stdbool.h>

struct buf;

enum markdown_dialect {
	MARKDOWN_SLACK,		/* Slack's mrkdwn */
	MARKDOWN_TELEGRAM,	/* Telegram's HTML parse mode */
	MARKDOWN_WHATSAPP,
	MARKDOWN_HTML,		/* Matrix, Teams, e-mail */
	MARKDOWN_TEXT,		/* no marks at all */
	MARKDOWN_DIALECTS,	/* none */
};

/* The dialect of that name (slack, telegram, whatsapp, html, text), or MARKDOWN_DIALECTS. */
enum markdown_dialect markdown_dialect(const char *name);
/* Append CommonMark in a dialect. 0, or -1: longer than `out` may be, or no memory. */
int	 markdown_to(struct buf *out, enum markdown_dialect dialect, const char *text);
/* Whether markdown_from() knows the dialect: slack, html. */
bool	 markdown_reads(enum markdown_dialect dialect);
/* Append such a dialect as CommonMark, whatever its text is like. 0 or -1, as markdown_to(). */
int	 markdown_from(struct buf *out, enum markdown_dialect dialect, const char *text);

#endif
