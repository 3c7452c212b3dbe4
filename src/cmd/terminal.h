/* SPDX-License-Identifier: MIT */
/* terminal.h - text for a terminal of 80 columns. */
#ifndef CMD_TERMINAL_H
#define CMD_TERMINAL_H

#include <stddef.h>

struct buf;

/*
 * Append the words of UTF-8 text in lines of 80 columns and a line end. The first line goes on at
 * column `at`, the next ones begin at `indent`; a line end in the text is kept. 0 or -1.
 */
int	 terminal_wrap(struct buf *out, const char *text, size_t at, size_t indent);
/*
 * Append bytes that somebody else sent: controls but tab and line end, which a terminal would
 * obey, become '?', and each line has `prefix` before it. 0 or -1.
 */
int	 terminal_quote(struct buf *out, const char *data, size_t len, const char *prefix);

#endif
