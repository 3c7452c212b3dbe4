/* SPDX-License-Identifier: MIT */
/* argument.h - a tool's arguments as a person at the terminal reads and writes them. */
#ifndef CMD_ARGUMENT_H
#define CMD_ARGUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

struct buf;
struct tool;

/* Append what the argument may be, in words: "integer, 1 to 50, default 20". 0 or -1. */
int	 argument_type(struct buf *out, const struct tool *t, const char *name);
/* Whether a call must have it. */
bool	 argument_is_required(const struct tool *t, const char *name);

/*
 * Add what a word of the command line says to `args`: NAME=VALUE, NAME=@FILE or NAME:=JSON. A
 * VALUE is JSON where the tool's schema wants a number, a boolean, an array or an object, else
 * text as it is. 0, or -1 with a sentence in `why`.
 */
int	 argument_put(cJSON *args, const struct tool *t, const char *word, char *why,
	    size_t whylen);
/* Add the members of the JSON object in a file ("-": the standard input). 0 or -1, as above. */
int	 argument_read(cJSON *args, const char *path, char *why, size_t whylen);

#endif
