/* SPDX-License-Identifier: MIT */
/*
 * pointer.h - RFC 6901 JSON Pointer.
 *
 * A pointer is kept as its text and walked each time: "" is the whole document,
 * "/a/0" a member and an index; ~1 is '/', ~0 is '~'. "-" never names a value.
 */
#ifndef WIRE_POINTER_H
#define WIRE_POINTER_H

#include <cjson/cJSON.h>

/* 0 if `text` is a JSON Pointer, else -1 with a static reason in `why`. */
int	 pointer_check(const char *text, const char **why);
/* The value that `text` names in `document`. Borrowed; NULL if there is none. */
cJSON	*pointer_get(const cJSON *document, const char *text);

#endif
