/* SPDX-License-Identifier: MIT */
/*
 * pick.h - building a result out of an upstream's answer.
 *
 * A pick is one of
 *   "/a/b"                                  the value at an RFC 6901 pointer
 *   {"pointer": "/a", "untrusted": true, "default": V, "map": {"x": V}, "time": "s"}
 *                                           the same, with more to say of it: "time" makes RFC 3339
 *                                           of seconds ("s") or milliseconds ("ms") since 1970,
 *                                           and "markdown" CommonMark of a dialect (markdown.h)
 *   {"each": "/a", "item": PICK, "only": "ARG"}   a list; ARG names the members to keep
 *   {"each": "/a", "key": "k", "item": {...}}     the same of an object, whose names become k
 *   {"each": "/a", "order": "/b", "item": PICK}   of an object, in the order that an array of its
 *                                           names has, each once
 *   {"each": "/a", "item": PICK, "omit_empty": true}   a list that is left out with nothing in it
 *   {"value": V}                            V itself
 *   {"argument": "ARG"}                     an argument of the call
 *   {"uriTemplate": "x://{a}", "variables": {"a": PICK}}   a URI (uritemplate.h), where each of its
 *                                           variables is there and not empty
 *   {"name": PICK, ...}                     an object of picks
 * Pointers inside an item are seen from the item. What is absent or null upstream is
 * left out, and so is an object of picks in another of which nothing is there. Every string that
 * comes from upstream is cleaned (text.h).
 */
#ifndef MCP_PICK_H
#define MCP_PICK_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

/*
 * Check a pick; `known` holds the arguments' names as members. 0, or -1 with the reason in
 * `why` and the place below the pick, as a JSON Pointer, appended to `place` (of `placelen`).
 */
int	 pick_check(const cJSON *pick, const cJSON *known, char *place, size_t placelen, char *why,
	    size_t whylen);
/* Whether a pick is a list (has "each"). */
bool	 pick_is_list(const cJSON *pick);
/* Whether it is an object of picks by name. */
bool	 pick_is_object(const cJSON *pick);
/* The last element of what a list pick lists, in the document; NULL: there is none. */
const cJSON *pick_last(const cJSON *pick, const cJSON *document);
/* Whether any of it comes out of the answer: it needs one. */
bool	 pick_reads(const cJSON *pick);
/* Add the names of members that hold untrusted text to the array `names`, once each. 0 or -1. */
int	 pick_untrusted(const cJSON *pick, const char *name, cJSON *names);
/*
 * Build the pick's value out of `document` for a call with `args`. 0 with `*out` owned by
 * the caller, NULL if the value is absent; -1 with a static reason in `why`: a list is none, or a
 * URI cannot be made of its values or is longer than LIMIT_URL; NULL there: memory is short.
 */
int	 pick_apply(const cJSON *pick, const cJSON *document, const cJSON *args, cJSON **out,
	    const char **why);
/*
 * A copy in which every string is cleaned (text.h); names are not, they are the service's own. The
 * caller owns it. NULL: out of memory.
 */
cJSON	*pick_clean(const cJSON *value);

#endif
