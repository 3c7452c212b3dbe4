/* SPDX-License-Identifier: MIT */
/*
 * uritemplate.h - RFC 6570 URI Template, all four levels.
 *
 * A template is parsed once and expanded many times. Values are JSON: a string,
 * number or boolean is a string value, an array a list, an object an associative
 * array; null, an absent variable, an empty list and an empty object are
 * undefined (RFC 6570, section 2.3). Elements of lists and members of objects
 * are strings, numbers or booleans; null ones are left out. An integer that was
 * written as 5.0 or 5e0 is expanded as 5, every other number as it came.
 */
#ifndef WIRE_URITEMPLATE_H
#define WIRE_URITEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

struct buf;
struct uritemplate;

/*
 * Parse `text`. The template must be freed with uritemplate_destroy() if and only
 * if it is not NULL. On NULL, `why` is a static reason and `offset` the place.
 */
struct uritemplate *uritemplate_create(const char *text, const char **why, size_t *offset);
/* Free it; NULL is fine. */
void	 uritemplate_destroy(struct uritemplate *t);
/* Number of variables, and the name of the i-th as written (borrowed); a name may occur twice. */
size_t	 uritemplate_count(const struct uritemplate *t);
const char *uritemplate_name(const struct uritemplate *t, size_t i);
/*
 * Append the expansion to `out`, each variable looked up in the object `values`.
 * 0, or -1 with a static reason in `why`: it does not fit, or a value cannot be
 * expanded (a list inside a list, a prefix of a list, a string with U+0000), with
 * the variable's name (borrowed from the template) in `name`.
 */
int	 uritemplate_expand(const struct uritemplate *t, const cJSON *values, struct buf *out,
	    const char **why, const char **name);

#endif
