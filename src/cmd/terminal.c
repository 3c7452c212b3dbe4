/* SPDX-License-Identifier: MIT */
/* terminal.c - see terminal.h. */
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "cmd/terminal.h"
#include "wire/utf8.h"

#define COLUMNS	80

/* How many characters the bytes are. */
static size_t
width(const char *text, size_t len)
{
	size_t i, count = 0;

	for (i = 0; i < len; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

int
terminal_wrap(struct buf *out, const char *text, size_t at, size_t indent)
{
	size_t len, blanks;
	bool begun = false;	/* a word stands on this line */

	while (*text != '\0') {
		blanks = strspn(text, " \t");
		len = strcspn(text + blanks, " \t\n");
		if (len > 0 && begun && at + 1 + width(text + blanks, len) > COLUMNS) {
			buf_printf(out, "\n%*s", (int)indent, "");
			at = indent;
			begun = false;
		}
		if (len > 0) {
			buf_puts(out, begun ? " " : "");
			terminal_quote(out, text + blanks, len, "");
			at += width(text + blanks, len) + begun;
			begun = true;
		}
		text += blanks + len;
		if (*text == '\n' && text[1] != '\0') {
			buf_printf(out, "\n%*s", text[1] == '\n' ? 0 : (int)indent, "");
			at = indent;
			begun = false;
		}
		text += *text == '\n';
	}
	return buf_putc(out, '\n');
}

/* The bytes of what is shown as it is; 0: it is a control, or no UTF-8. */
static size_t
shown(const unsigned char *p, size_t left)
{
	if (*p == '\n' || *p == '\t' || (*p >= 0x20 && *p < 0x7f))
		return 1;
	/* U+0080 to U+009F are controls, too: CSI is one of them. */
	return *p < 0x80 || (*p == 0xc2 && left > 1 && p[1] < 0xa0) ? 0 : utf8_length(p, left);
}

int
terminal_quote(struct buf *out, const char *data, size_t len, const char *prefix)
{
	const unsigned char *p = (const unsigned char *)data;
	size_t i, n;

	for (i = 0; i < len; i += n) {
		if (i == 0 || p[i - 1] == '\n')
			buf_puts(out, prefix);
		n = shown(p + i, len - i);
		if (n > 0)
			buf_append(out, p + i, n);
		else if (p[i] != '\r' || i + 1 == len || p[i + 1] != '\n')
			buf_putc(out, '?');
		n += n == 0;
	}
	return out->failed ? -1 : 0;
}
