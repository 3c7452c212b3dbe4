/* SPDX-License-Identifier: MIT */
/* markdown_part.h - what markdown_from.c and its readers share; nobody else includes it. */
#ifndef WIRE_MARKDOWN_PART_H
#define WIRE_MARKDOWN_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/markdown.h"

struct sheet;

/* The readers: append a text as CommonMark. What does not fit fails the sheet's output. */
void	 markdown_slack(struct sheet *s, const char *text);
void	 markdown_html(struct sheet *s, const char *text);

/* Append text, its references decoded. */
void	 markdown_put(struct sheet *s, const char *text, size_t len);
/* Whether a byte is of a word. */
bool	 markdown_is_word(char c);

#endif
