/* SPDX-License-Identifier: MIT */
/*
 * template.h - arguments into header values and bodies.
 *
 * In a text, {name} stands for an argument; a literal brace is written twice. A
 * body is a JSON value whose strings are such texts: a string that is exactly one
 * {name} takes the argument's value and type, inside a longer one it is text. A
 * member or element that needs an absent argument is left out, and so is an object whose
 * member "$when" names one; that member itself is never sent.
 */
#ifndef MCP_TEMPLATE_H
#define MCP_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

struct buf;

enum template_result {
	TEMPLATE_DONE,
	TEMPLATE_ABSENT,	/* an argument that is needed is not there; nothing was appended */
	TEMPLATE_UNFIT,		/* a value that cannot stand there, or no room: `why` says */
};

/*
 * Check a text, or every string in a body. Each name must be a member of the object
 * `known` (a schema's properties). 0, or -1 with the reason in `why`.
 */
int	 template_check(const char *text, const cJSON *known, char *why, size_t whylen);
int	 template_check_body(const cJSON *body, const cJSON *known, char *why, size_t whylen);
/*
 * Whether a body that was checked sends the argument whenever it is there: it has a place for it,
 * not in an object that waits for another ("$when").
 */
bool	 template_uses(const cJSON *body, const char *name);

/* Append a text with its arguments put in, before any encoding. */
enum template_result template_text(struct buf *out, const char *text, const cJSON *args,
	    const char **why);
/* Whether a header value can hold these bytes (RFC 9110, 5.5): no line end, no control but tab. */
bool	 template_is_header(const char *text, size_t len);
/* Append a header value. One with CR, LF or another control character is unfit. */
enum template_result template_header(struct buf *out, const char *text, const cJSON *args,
	    const char **why);
/* Append the JSON of a body. */
enum template_result template_json(struct buf *out, const cJSON *body, const cJSON *args,
	    const char **why);
/*
 * Append an object as application/x-www-form-urlencoded (WHATWG URL, 5.2); an array repeats
 * its name. Nested objects are unfit. TEMPLATE_ABSENT: its "$when" says so.
 */
enum template_result template_form(struct buf *out, const cJSON *body, const cJSON *args,
	    const char **why);

/* Append a name or value as application/x-www-form-urlencoded has it. */
void	 template_encode(struct buf *out, const char *s);

#endif
