/* SPDX-License-Identifier: MIT */
/* markdown_from.c - what services show into CommonMark, by the reader of each; see markdown.h. */
#include "base/buf.h"
#include "wire/entity.h"
#include "wire/markdown_part.h"
#include "wire/sheet.h"

bool
markdown_reads(enum markdown_dialect dialect)
{
	return dialect == MARKDOWN_SLACK || dialect == MARKDOWN_HTML;
}

int
markdown_from(struct buf *out, enum markdown_dialect dialect, const char *text)
{
	struct sheet sheet;

	sheet_init(&sheet, out);
	if (dialect == MARKDOWN_SLACK)
		markdown_slack(&sheet, text);
	else
		markdown_html(&sheet, text);
	return out->failed ? -1 : 0;
}

void
markdown_put(struct sheet *s, const char *text, size_t len)
{
	struct buf plain;
	size_t i, used;

	buf_init(&plain, len + 1);
	for (i = 0; i < len; i += used) {
		used = text[i] == '&' ? entity_decode(&plain, text + i, len - i) : 0;
		if (used == 0) {
			buf_putc(&plain, text[i]);
			used = 1;
		}
	}
	sheet_put(s, buf_str(&plain), plain.len);
	if (plain.failed)
		s->out->failed = true;
	buf_finish(&plain);
}

bool
markdown_is_word(char c)
{
	return (unsigned char)c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}
