/* SPDX-License-Identifier: MIT */
/*
 * schema.h - JSON Schema 2020-12: the core, applicator, unevaluated and validation
 * vocabularies, and `format` as an assertion for date-time, uri, email and uuid.
 *
 * A schema is checked and compiled once, when a service file is loaded; judging
 * an instance allocates little, stops at LIMIT_SCHEMA_DEPTH and
 * LIMIT_SCHEMA_STEPS, and runs `pattern` (PCRE2, UTF) under LIMIT_PATTERN_MATCH.
 * $ref, $anchor and $dynamicRef work within the document; nothing is fetched.
 */
#ifndef WIRE_SCHEMA_H
#define WIRE_SCHEMA_H

#include <stddef.h>

#include <cjson/cJSON.h>

struct schema;

struct schema_fault {
	char	 path[256];	/* JSON Pointer to the place: in the instance (judging), in the
				   schema (compiling) */
	char	 why[256];	/* a sentence that says what is wrong and what would be right;
				   never holds the instance's text beyond a member's name */
};

/*
 * Compile the schema at `root` (an object or a boolean), which is borrowed and must
 * outlive the result and not change. Must be freed with schema_destroy() if and
 * only if it is not NULL. On NULL `fault` says where and why: a keyword that is
 * unknown or not supported (names beginning with "x-" are let through), a value of
 * the wrong type, a $ref that leads nowhere or leaves the document, a pattern that
 * does not compile, a $ref that only leads back to itself.
 */
struct schema *schema_create(const cJSON *root, struct schema_fault *fault);
void	 schema_destroy(struct schema *s);
/*
 * Judge `instance`. 0 if it is valid; 1 if it is not, with the first reason in
 * `fault`; -1 if it could not be judged (a limit was reached, no memory), likewise.
 */
int	 schema_check(const struct schema *s, const cJSON *instance, struct schema_fault *fault);

#endif
