/* SPDX-License-Identifier: MIT */
/* text.h - questions about text: is it UTF-8, how long, fit for a header, a time, a name. */
#ifndef LOCAL_TEXT_H
#define LOCAL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Whether `s` is UTF-8 as RFC 3629 has it. */
bool	 text_is_utf8(const char *s);
/* Take out, in place, what is not UTF-8: the ends of characters that were cut. */
void	 text_repair(char *s);
/* Characters (code points) of UTF-8. */
size_t	 text_length(const char *s);
/* Append at most `max` characters of `s`, with an ellipsis if that is not all. 0 or -1. */
int	 text_cut(struct buf *out, const char *s, size_t max);
/* Whether any byte is a control character. */
bool	 text_has_control(const char *s);
/*
 * In place: control characters are white space. A run of white space with one in
 * it becomes one space (CR LF is one line end), and none is left at either end.
 */
void	 text_flatten(char *s);
/* Whether `c` is white space in that sense. */
bool	 text_is_space(char c);
/* Whether it looks like local@domain, without anything that needs quoting in a mail. */
bool	 text_is_email(const char *s);
/* Whether it is 1 to CAP_ID of A-Z a-z 0-9 . _ - */
bool	 text_is_id(const char *s);
/* Whether it is one of the comma-separated words. */
bool	 text_is_one_of(const char *s, const char *words);
/* An RFC 3339 time as milliseconds since 1970. 0, or -1 when it is none. */
int	 text_time(const char *s, int64_t *out);
/* Write `prefix` and 24 random hex digits. 0, or -1 without random bytes. */
int	 text_new_id(const char *prefix, char *out, size_t len);

#endif
