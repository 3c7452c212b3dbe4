/* SPDX-License-Identifier: MIT */
/*
 * markdown.c - CommonMark into a dialect: md4c reads it, a row of a table says how a dialect marks
 * what it finds. See markdown.h.
 */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <md4c.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/entity.h"
#include "wire/markdown.h"
#include "wire/sheet.h"

/* What stands before and behind. */
struct marks {
	const char *open, *close;
};

static const struct dialect {
	const char	*name;
	bool		 escapes;	/* & < > are references */
	bool		 tags;		/* " too, and blocks are elements */
	bool		 quotes;	/* quotes are lines that begin with "> " */
	struct marks	 strong, em, del, code, pre, heading;
	const char	*bullet;
	enum { LINK_ANGLE, LINK_TAG, LINK_BEHIND } link;
} dialects[MARKDOWN_DIALECTS] = {
	[MARKDOWN_SLACK] = { "slack", true, false, true, { "*", "*" }, { "_", "_" }, { "~", "~" },
	    { "`", "`" }, { "```\n", "```" }, { "*", "*" }, "\xe2\x80\xa2 ", LINK_ANGLE },
	[MARKDOWN_TELEGRAM] = { "telegram", true, false, false, { "<b>", "</b>" },
	    { "<i>", "</i>" }, { "<s>", "</s>" }, { "<code>", "</code>" }, { "<pre>", "</pre>" },
	    { "<b>", "</b>" }, "\xe2\x80\xa2 ", LINK_TAG },
	[MARKDOWN_WHATSAPP] = { "whatsapp", false, false, true, { "*", "*" }, { "_", "_" },
	    { "~", "~" }, { "`", "`" }, { "```", "```" }, { "*", "*" }, "* ", LINK_BEHIND },
	[MARKDOWN_HTML] = { "html", true, true, false, { "<strong>", "</strong>" },
	    { "<em>", "</em>" }, { "<del>", "</del>" }, { "<code>", "</code>" },
	    { "<pre>", "</pre>" }, { "", "" }, "", LINK_TAG },
	[MARKDOWN_TEXT] = { "text", false, false, true, { "", "" }, { "", "" }, { "", "" },
	    { "", "" }, { "", "" }, { "", "" }, "- ", LINK_BEHIND },
};

#define GUARD	'\xff'	/* in no UTF-8; put into the source, and never put out */
#define SCHEME	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-"
#define LISTS	16	/* in lists; what is deeper has no numbers */

struct writer {
	const struct dialect	*d;
	jmp_buf			 out;		/* of md4c, when it has no memory */
	struct sheet		 sheet;
	unsigned		 lists;		/* how many are open */
	unsigned		 number[LISTS];	/* of the next item; 0: bullets */
	bool			 tight[LISTS];
	unsigned		 quotes;	/* open elements: Telegram knows none in another */
	bool			 heading;	/* it is marked as strong: what is in it is not */
	unsigned		 links;		/* open ones; one in another is text */
	struct buf		 target;	/* of the outermost */
	bool			 leads;		/* and it leads somewhere that is allowed */
	size_t			 label;		/* where its label begins in the output */
};

static int	guard(struct buf *, const char *);
static bool	has_scheme(const char *);
static int	on_enter_block(MD_BLOCKTYPE, void *, void *);
static int	on_leave_block(MD_BLOCKTYPE, void *, void *);
static int	on_enter_span(MD_SPANTYPE, void *, void *);
static int	on_leave_span(MD_SPANTYPE, void *, void *);
static int	on_text(MD_TEXTTYPE, const MD_CHAR *, MD_SIZE, void *);

enum markdown_dialect
markdown_dialect(const char *name)
{
	size_t i;

	for (i = 0; i < MARKDOWN_DIALECTS && strcmp(dialects[i].name, name) != 0; i++)
		;
	return (enum markdown_dialect)i;
}

/*
 * md4c up to 0.5 frees what it made of a link's target twice when an allocation fails there, which
 * ends the process. It says so before it cleans up: then it is left, and what it holds is lost.
 */
static void
on_log(const char *message, void *arg)
{
	struct writer *w = arg;

	if (strstr(message, "alloc") != NULL)
		longjmp(w->out, 1);
}

static int
parse(struct writer *w, const struct buf *text)
{
	static const MD_PARSER parser = {
		.flags = MD_FLAG_STRIKETHROUGH | MD_FLAG_NOHTML | MD_FLAG_NOINDENTEDCODEBLOCKS,
		.enter_block = on_enter_block, .leave_block = on_leave_block,
		.enter_span = on_enter_span, .leave_span = on_leave_span, .text = on_text,
		.debug_log = on_log,
	};

	if (setjmp(w->out) != 0)
		return -1;
	return md_parse(text->data, (MD_SIZE)text->len, &parser, w) == 0 ? 0 : -1;
}

int
markdown_to(struct buf *out, enum markdown_dialect dialect, const char *text)
{
	struct writer w = { .d = &dialects[dialect] };
	struct buf guarded;

	buf_init(&guarded, 2 * strlen(text) + 1);
	buf_init(&w.target, strlen(text));	/* a reference is longer than what it is of */
	sheet_init(&w.sheet, out);
	if (guard(&guarded, text) == -1 || (guarded.len > 0 && parse(&w, &guarded) == -1))
		out->failed = true;
	buf_finish(&guarded);
	buf_finish(&w.target);
	return out->failed ? -1 : 0;
}

/* Whether what follows a '<' is a scheme that leads nowhere, as in <std::string>. */
static bool
is_no_address(const char *p)
{
	size_t len = strspn(p, SCHEME);

	return len > 0 && p[len] == ':' && !has_scheme(p);
}

/*
 * Append the text with guards where CommonMark would take something away: "[name]: word" at the
 * beginning of a line would define a link, and be gone; <std::string> would lose its brackets.
 */
static int
guard(struct buf *out, const char *text)
{
	const char *p = text;
	bool begins = true;	/* nothing but marks of blocks since the line began */

	for (; *p != '\0'; p++) {
		if (*p == '[' && begins)
			buf_putc(out, GUARD);
		buf_putc(out, *p);
		if (*p == '<' && is_no_address(p + 1))
			buf_putc(out, GUARD);
		begins = *p == '\n' || *p == '\r' ||
		    (begins && strchr(" \t>-*+.)0123456789", *p) != NULL);
	}
	return out->failed ? -1 : 0;
}

/* Nothing that follows matters once the output has failed. */
static int
go_on(const struct writer *w)
{
	return w->sheet.out->failed ? 1 : 0;
}

/* Append a run without guards. */
static void
put_run(struct writer *w, const char *text, size_t len)
{
	struct buf escaped;

	if (!w->d->escapes) {
		sheet_put(&w->sheet, text, len);
		return;
	}
	buf_init(&escaped, 6 * len);
	entity_encode(&escaped, text, len, w->d->tags);
	sheet_put(&w->sheet, buf_str(&escaped), escaped.len);
	if (escaped.failed)
		w->sheet.out->failed = true;
	buf_finish(&escaped);
}

static void
put(struct writer *w, const char *text, size_t len)
{
	const char *end = text + len, *stop;

	for (; text < end; text = stop + 1) {
		stop = memchr(text, GUARD, (size_t)(end - text));
		if (stop == NULL)
			stop = end;
		put_run(w, text, (size_t)(stop - text));
	}
}

/* ====== Blocks ====== */

/* Between two blocks; in a tight list a line feed is enough. */
static void
part_blocks(struct writer *w)
{
	bool tight = w->lists > 0 && w->lists <= LISTS && w->tight[w->lists - 1];

	sheet_break(&w->sheet, tight || w->d->tags ? 1 : 2);
}

static void
open_list(struct writer *w, unsigned number, bool tight)
{
	part_blocks(w);
	if (w->lists < LISTS) {
		w->number[w->lists] = number;
		w->tight[w->lists] = tight;
	}
	w->lists++;
	if (!w->d->tags)
		return;
	sheet_puts(&w->sheet, number > 0 ? "<ol>" : "<ul>");
	sheet_break(&w->sheet, 1);
}

static void
open_item(struct writer *w)
{
	unsigned *number = w->lists <= LISTS ? &w->number[w->lists - 1] : NULL;
	char mark[32];

	part_blocks(w);
	if (w->d->tags)
		snprintf(mark, sizeof mark, "<li>");
	else if (number != NULL && *number > 0)
		snprintf(mark, sizeof mark, "%u. ", (*number)++);
	else
		snprintf(mark, sizeof mark, "%s", w->d->bullet);
	sheet_puts(&w->sheet, mark);
	sheet_hold(&w->sheet);
	w->sheet.indent += w->d->tags ? 0 : 2;
}

/* The language of a block of code, as an element has it. */
static void
open_code(struct writer *w, const MD_BLOCK_CODE_DETAIL *detail)
{
	part_blocks(w);
	sheet_puts(&w->sheet, w->d->pre.open);
	if (w->d->link != LINK_TAG)
		return;
	sheet_puts(&w->sheet, "<code");
	/* A quote would end the attribute, and of no language's name it is. */
	if (detail->lang.size > 0 &&
	    memchr(detail->lang.text, '"', detail->lang.size) == NULL) {
		sheet_puts(&w->sheet, " class=\"language-");
		put(w, detail->lang.text, detail->lang.size);
		sheet_puts(&w->sheet, "\"");
	}
	sheet_puts(&w->sheet, ">");
}

static void
close_code(struct writer *w)
{
	/* Its last line feed is due; a fence stands on a line of its own. */
	if (w->d->link == LINK_TAG) {
		w->sheet.breaks = 0;
		sheet_puts(&w->sheet, "</code>");
	} else if (w->d->pre.close[0] == '\0')
		w->sheet.breaks = 0;
	sheet_puts(&w->sheet, w->d->pre.close);
}

static int
on_enter_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct writer *w = arg;
	char tag[8];

	switch (type) {
	case MD_BLOCK_UL:
		open_list(w, 0, ((MD_BLOCK_UL_DETAIL *)detail)->is_tight);
		break;
	case MD_BLOCK_OL:
		/* The number 0 is that of bullets. */
		open_list(w, ((MD_BLOCK_OL_DETAIL *)detail)->start + (((MD_BLOCK_OL_DETAIL *)
		    detail)->start == 0), ((MD_BLOCK_OL_DETAIL *)detail)->is_tight);
		break;
	case MD_BLOCK_LI:
		open_item(w);
		break;
	case MD_BLOCK_QUOTE:
		part_blocks(w);
		if (w->d->quotes)
			sheet_quote(&w->sheet);
		else if (w->quotes++ == 0 || w->d->tags) {
			sheet_puts(&w->sheet, "<blockquote>");
			sheet_hold(&w->sheet);
		}
		break;
	case MD_BLOCK_HR:
		part_blocks(w);
		sheet_puts(&w->sheet, w->d->tags ? "<hr>" : "\xe2\x80\x94\xe2\x80\x94\xe2\x80\x94");
		break;
	case MD_BLOCK_H:
		part_blocks(w);
		snprintf(tag, sizeof tag, "<h%u>", ((MD_BLOCK_H_DETAIL *)detail)->level);
		sheet_puts(&w->sheet, w->d->tags ? tag : w->d->heading.open);
		w->heading = true;
		break;
	case MD_BLOCK_CODE:
		open_code(w, detail);
		break;
	case MD_BLOCK_P:
		part_blocks(w);
		if (w->d->tags)
			sheet_puts(&w->sheet, "<p>");
		break;
	default:
		break;
	}
	return go_on(w);
}

static int
on_leave_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct writer *w = arg;
	char tag[8];

	switch (type) {
	case MD_BLOCK_UL:
	case MD_BLOCK_OL:
		w->lists--;
		if (w->d->tags) {
			sheet_break(&w->sheet, 1);
			sheet_puts(&w->sheet, type == MD_BLOCK_OL ? "</ol>" : "</ul>");
		}
		break;
	case MD_BLOCK_LI:
		w->sheet.indent -= w->d->tags ? 0 : 2;
		if (w->d->tags)
			sheet_puts(&w->sheet, "</li>");
		break;
	case MD_BLOCK_QUOTE:
		if (w->d->quotes)
			w->sheet.quotes--;
		else if (--w->quotes == 0 || w->d->tags)
			sheet_puts(&w->sheet, "</blockquote>");
		break;
	case MD_BLOCK_H:
		snprintf(tag, sizeof tag, "</h%u>", ((MD_BLOCK_H_DETAIL *)detail)->level);
		sheet_puts(&w->sheet, w->d->tags ? tag : w->d->heading.close);
		w->heading = false;
		break;
	case MD_BLOCK_CODE:
		close_code(w);
		break;
	case MD_BLOCK_P:
		if (w->d->tags)
			sheet_puts(&w->sheet, "</p>");
		break;
	default:
		break;
	}
	return go_on(w);
}

/* ====== Spans ====== */

/* What marks a span; NULL: nothing does. */
static const struct marks *
marks_of(const struct writer *w, MD_SPANTYPE type)
{
	switch (type) {
	case MD_SPAN_STRONG:
		return w->heading && !w->d->tags ? NULL : &w->d->strong;
	case MD_SPAN_EM:
		return &w->d->em;
	case MD_SPAN_DEL:
		return &w->d->del;
	case MD_SPAN_CODE:
		return &w->d->code;
	default:
		return NULL;
	}
}

/* Whether an address is of a scheme that links may have. */
static bool
has_scheme(const char *target)
{
	static const char *const schemes[] = { "https://", "http://", "mailto:", "tel:" };
	size_t i;

	for (i = 0; i < 4; i++)
		if (strncasecmp(target, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

/* The target of a link, its references decoded. */
static void
open_link(struct writer *w, const MD_ATTRIBUTE *target)
{
	size_t i, used;

	if (w->links++ > 0)
		return;
	buf_reset(&w->target);
	for (i = 0; i < target->size; i += used) {
		used = entity_decode(&w->target, target->text + i, target->size - i);
		if (used == 0 && target->text[i] == GUARD)
			used = 1;
		else if (used == 0) {
			buf_putc(&w->target, target->text[i]);
			used = 1;
		}
	}
	/* What is too long to lead anywhere is text, and whole. */
	if (w->target.failed)
		w->sheet.out->failed = true;
	w->leads = w->target.len <= LIMIT_URL && has_scheme(buf_str(&w->target)) &&
	    strpbrk(buf_str(&w->target), " \t\r\n<>|\"") == NULL;
	if (w->leads && w->d->link != LINK_BEHIND) {
		sheet_puts(&w->sheet, w->d->link == LINK_TAG ? "<a href=\"" : "<");
		put(w, w->target.data, w->target.len);
		sheet_puts(&w->sheet, w->d->link == LINK_TAG ? "\">" : "|");
	} else
		sheet_begin(&w->sheet);
	w->label = w->sheet.out->len;
}

static void
close_link(struct writer *w)
{
	const struct buf *out = w->sheet.out;
	size_t label = out->len - w->label;

	if (--w->links > 0)
		return;
	if (w->leads && w->d->link != LINK_BEHIND)
		sheet_puts(&w->sheet, w->d->link == LINK_TAG ? "</a>" : ">");
	else if (w->target.len > 0 && !out->failed && (label < w->target.len ||
	    memcmp(out->data + out->len - w->target.len, w->target.data, w->target.len) != 0)) {
		/* A label that is the target says it all. */
		sheet_puts(&w->sheet, label == 0 ? "" : " (");
		put(w, w->target.data, w->target.len);
		sheet_puts(&w->sheet, label == 0 ? "" : ")");
	}
}

static int
on_enter_span(MD_SPANTYPE type, void *detail, void *arg)
{
	struct writer *w = arg;
	const struct marks *marks = marks_of(w, type);

	if (type == MD_SPAN_A)
		open_link(w, &((MD_SPAN_A_DETAIL *)detail)->href);
	else if (type == MD_SPAN_IMG)
		open_link(w, &((MD_SPAN_IMG_DETAIL *)detail)->src);
	else if (marks != NULL)
		sheet_puts(&w->sheet, marks->open);
	return go_on(w);
}

static int
on_leave_span(MD_SPANTYPE type, void *detail, void *arg)
{
	struct writer *w = arg;
	const struct marks *marks = marks_of(w, type);

	(void)detail;
	if (type == MD_SPAN_A || type == MD_SPAN_IMG)
		close_link(w);
	else if (marks != NULL)
		sheet_puts(&w->sheet, marks->close);
	return go_on(w);
}

/* The bytes of a mention of one person, such as <@U0123456789>, at a text's beginning; or 0. */
static size_t
mention(const char *text, size_t len)
{
	size_t n = 3;

	if (len < 4 || text[0] != '<' || text[1] != '@' || (text[2] != 'U' && text[2] != 'W'))
		return 0;
	while (n < len && ((text[n] >= 'A' && text[n] <= 'Z') ||
	    (text[n] >= '0' && text[n] <= '9')))
		n++;
	return n >= 3 + 8 && n < len && text[n] == '>' ? n + 1 : 0;
}

/* Text in which, where references hide angles, a mention of one person stays one. */
static void
put_said(struct writer *w, const char *text, size_t len)
{
	size_t at = 0, n;

	while (w->d->link == LINK_ANGLE && w->links == 0 && at < len) {
		n = mention(text + at, len - at);
		if (n == 0) {
			at++;
			continue;
		}
		put(w, text, at);
		sheet_put(&w->sheet, text + at, n);
		text += at + n;
		len -= at + n;
		at = 0;
	}
	put(w, text, len);
}

static int
on_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *arg)
{
	struct writer *w = arg;
	struct buf decoded;

	switch (type) {
	case MD_TEXT_BR:
	case MD_TEXT_SOFTBR:
		if (w->d->tags)
			sheet_puts(&w->sheet, "<br>");
		sheet_puts(&w->sheet, "\n");
		break;
	case MD_TEXT_ENTITY:
		buf_init(&decoded, size + 8);
		if (entity_decode(&decoded, text, size) == size)
			put(w, decoded.data, decoded.len);
		else
			put(w, text, size);
		buf_finish(&decoded);
		break;
	case MD_TEXT_NULLCHAR:
		put(w, "\xef\xbf\xbd", 3);
		break;
	case MD_TEXT_NORMAL:
		put_said(w, text, size);
		break;
	default:
		put(w, text, size);
	}
	return go_on(w);
}
