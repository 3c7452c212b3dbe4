/* SPDX-License-Identifier: MIT */
/*
 * urimatch.h - RFC 6570 the other way: does a URI match a template, and what are the variables.
 *
 * Only templates that can be matched in one way are taken: literal text, {name}, and at the very
 * end one {?a,b,c}.
 *
 *  - {name} stands for one or more characters, none of them / ? # & unless it is encoded. It
 *    ends at the first place from which the rest of the path matches, and is followed by a
 *    literal or by the end of the path.
 *  - {?a,b,c} stands for nothing, or for '?' and any of these names in any order, each at most
 *    once, as name=value. A value may be empty and ends at '&'; it has no '#'. A '+' is a plus.
 *  - Triplets (%XX, RFC 3986) of variables are decoded; what comes out is UTF-8 without U+0000,
 *    or else the URI does not match. No more does one with a '%' that is no triplet.
 *  - A literal and the URI are compared octet by octet. A triplet is the octet that it stands
 *    for (RFC 3986, 6.2.2.2), but a reserved character and its triplet are two things. Upper
 *    and lower case are two things, except in the scheme and in triplets.
 *
 * What uritemplate_expand() makes of strings, those of {name} not empty, always matches. It gives
 * the same strings back if each literal between two variables has a reserved character; without
 * one "{a}-{b}" takes the first '-' that it finds. A URI longer than LIMIT_URL does not match.
 */
#ifndef WIRE_URIMATCH_H
#define WIRE_URIMATCH_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

struct urimatch;

/*
 * Read a template. It must be freed with urimatch_destroy() if and only if it is not NULL. On
 * NULL `why` holds the place and the reason: it is no template, it has what cannot be matched,
 * a variable twice or with a '%' in its name, or there is no memory.
 */
struct urimatch *urimatch_create(const char *text, char *why, size_t whylen);
/* Free it; NULL is fine. */
void	 urimatch_destroy(struct urimatch *m);
/* The number of variables, and the name of the i-th as written: borrowed, NULL past the last. */
size_t	 urimatch_count(const struct urimatch *m);
const char *urimatch_name(const struct urimatch *m, size_t i);
/* Whether one of the variables is called `name`. */
bool	 urimatch_has(const struct urimatch *m, const char *name);
/* Whether a URI that matches may be without the i-th: it stands in {?...}. */
bool	 urimatch_is_optional(const struct urimatch *m, size_t i);
/*
 * 1: `uri` matches, and `vars` is an object of strings in the template's order, those of {?...}
 * only as far as they are there; the caller frees it. 0: it does not match. -1: out of memory.
 * `vars` is NULL but for 1.
 */
int	 urimatch_apply(const struct urimatch *m, const char *uri, cJSON **vars);

#endif
