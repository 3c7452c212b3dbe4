/* SPDX-License-Identifier: MIT */
/*
 * fuzz_markdown.c - wire/markdown: any text becomes every dialect, and comes back, as well-formed
 * as it was; what marks up is escaped where that can be.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "wire/markdown.h"
#include "wire/utf8.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_utf8(const struct buf *text)
{
	size_t i, n;

	for (i = 0; i < text->len; i += n) {
		n = utf8_length((const unsigned char *)text->data + i, text->len - i);
		if (n == 0)
			abort();
	}
}

/* In Slack's text, each angle opens a link or is of a mention of one person. */
static void
check_angles(const char *text)
{
	static const char *const openings[] = { "https://", "http://", "mailto:", "tel:" };
	size_t i, n;

	for (; (text = strchr(text, '<')) != NULL; text++) {
		if (text[1] == '@' && (text[2] == 'U' || text[2] == 'W')) {
			n = strspn(text + 3, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
			if (n < 8 || text[3 + n] != '>')
				abort();
			continue;
		}
		for (i = 0; i < 4 && strncasecmp(text + 1, openings[i], strlen(openings[i])) != 0;
		    i++)
			;
		if (i == 4)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	enum markdown_dialect d;
	struct buf out, back;
	size_t i, n;

	memcpy(text, data, len);
	text[len] = '\0';
	for (i = 0; text[i] != '\0'; i += n)
		if ((n = utf8_length(data + i, len - i)) == 0)
			goto out;
	for (d = MARKDOWN_SLACK; d < MARKDOWN_DIALECTS; d++) {
		buf_init(&out, 1 << 24);
		if (markdown_to(&out, d, text) == 0) {
			check_utf8(&out);
			/* Nobody is called but by name, and no element is the author's. */
			if (d == MARKDOWN_SLACK)
				check_angles(buf_str(&out));
			if (d == MARKDOWN_HTML && strstr(buf_str(&out), "<script") != NULL)
				abort();
			buf_init(&back, 1 << 24);
			if (markdown_reads(d) && markdown_from(&back, d, buf_str(&out)) == 0)
				check_utf8(&back);
			buf_finish(&back);
		}
		buf_finish(&out);
		buf_init(&out, 1 << 24);
		if (markdown_reads(d) && markdown_from(&out, d, text) == 0)
			check_utf8(&out);
		buf_finish(&out);
	}
out:
	free(text);
	return 0;
}
