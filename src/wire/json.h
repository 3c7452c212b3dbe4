/* SPDX-License-Identifier: MIT */
/*
 * json.h - the strict front of cJSON: RFC 8259 as RFC 7493 (I-JSON) narrows it.
 *
 * cJSON's own parser is lenient where a bridge must not be, so texts are parsed
 * and printed here and cJSON is the tree between:
 *  - trailing bytes, duplicate member names, bytes that are not UTF-8, lone
 *    surrogates, leading zeros, bare control characters: refused;
 *  - a number keeps its text in valuestring (type cJSON_Number), so that an
 *    integer of any length leaves as it came; valuedouble is only a neighbour;
 *  - U+0000 inside a string is kept as the two bytes C0 80, which no other text
 *    can hold, and is printed as \u0000 again; json_has_nul() finds it.
 *
 * Trees are made, read, moved and freed with cJSON's functions. Three rules:
 * look members up with json_get(), never with cJSON's caseless functions; make
 * numbers with json_int(); print with json_print().
 */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

struct buf;

struct json_fault {
	const char	*why;		/* a static sentence without a full stop */
	size_t		 offset;	/* of the byte at which the text stops being JSON */
	bool		 memory;	/* the text may be fine: there was no memory for it */
};

/*
 * Parse one JSON text of `len` bytes. The tree must be freed with cJSON_Delete()
 * if and only if it is not NULL. On NULL `fault` says what and where.
 * Depth, nodes and number length are bounded by limits.h.
 */
cJSON	*json_parse(const char *text, size_t len, struct json_fault *fault);
/* The same with a bound on nodes of the caller's. */
cJSON	*json_parse_most(const char *text, size_t len, size_t nodes, struct json_fault *fault);
/* The line and column (from 1) of `offset` in `text`. */
void	 json_place(const char *text, size_t offset, size_t *line, size_t *column);
/* Append the compact text of `item` to `out`. 0, or -1 when it does not fit. */
int	 json_print(struct buf *out, const cJSON *item);
/* Append its text for a person to read: a member or an item a line, indented by two. 0 or -1. */
int	 json_pretty(struct buf *out, const cJSON *item);
/*
 * The compact text with the members of every object sorted by name, and those of the outermost one
 * that `without` names left out (a list that NULL ends, or NULL): equal values give equal
 * bytes, as far as their numbers are written alike. For digests. 0 or -1.
 */
int	 json_canonical(struct buf *out, const cJSON *item, const char *const *without);
/* Append `s` as a JSON string, quotes included; bytes that are not UTF-8 become U+FFFD. 0 or -1. */
int	 json_quote(struct buf *out, const char *s);

/* The member `name` of an object, exact case. Borrowed; NULL when absent or not an object. */
cJSON	*json_get(const cJSON *object, const char *name);
/* The text of a string member. Borrowed; NULL when absent or not a string. */
const char *json_str(const cJSON *object, const char *name);
/* Whether a boolean member is there and true. */
bool	 json_true(const cJSON *object, const char *name);
/* Whether `item` is a number without a fraction, however written (1, 1.0, 1e2). */
bool	 json_is_integer(const cJSON *item);
/* The value of an integer that fits; -1 when `item` is not one. */
int	 json_integer(const cJSON *item, int64_t *out);
/* Whether any string or name in the tree holds U+0000. */
bool	 json_has_nul(const cJSON *item);

/* A number item with the exact text of `value`. NULL: out of memory. */
cJSON	*json_int(int64_t value);
/*
 * Move `item` into `object` under `name`, or to the end of `array`. 0; on -1 (out
 * of memory, or `item` is NULL) the item is freed: a chain of makers needs one check.
 */
int	 json_put(cJSON *object, const char *name, cJSON *item);
/*
 * Move `item` into `object` in the place and under the name of `old`, which is freed. 0; -1: `item`
 * is NULL, and nothing was done. (cJSON's own way goes on without the name if it has no memory for
 * it.)
 */
int	 json_replace(cJSON *object, cJSON *old, cJSON *item);
int	 json_push(cJSON *array, cJSON *item);
/*
 * An object with an object's members but the one called `without` (NULL: all): their values are
 * borrowed, whatever is put in and taken out. Must be freed before them. NULL: out of memory.
 */
cJSON	*json_borrow(const cJSON *object, const char *without);

#endif
