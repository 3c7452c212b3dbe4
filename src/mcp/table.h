/* SPDX-License-Identifier: MIT */
/*
 * table.h - the result of a tool as text/tab-separated-values: names once, not in every item.
 *
 *	untrusted: ["messages[].text"]
 *	next_cursor: ...
 *
 *	message_id	from.name	text
 *	m1	Bob	Hello
 *
 * First the result's members but its list, a line each; an empty line; the names of the columns;
 * then the items. A member of an item that is an object of scalars has a column for each of them.
 * Strings and scalars stand as they are, what else there is as compact JSON, and what is absent is
 * empty. Tab, line feed, carriage return and backslash are written \t \n \r \\.
 */
#ifndef MCP_TABLE_H
#define MCP_TABLE_H

#include <stdbool.h>

#include "mcp/spec.h"

struct buf;

/*
 * Whether "text" of a tool, in its file or in an overlay, wants tables; `wanted` stays as it is
 * where nothing is said. 0, or -1 with the fault said in `f`.
 */
int	 table_load(bool *wanted, const cJSON *spec, const char *place, struct spec_fault *f);
/*
 * Append the table of a result (`json`) whose list is called `list`. 0, or -1: it does not fit,
 * memory is short, or no table is in it (no items, not all of them objects, a full stop in the
 * name of a member, more than LIMIT_TABLE_COLUMNS); what was appended is of no use then.
 */
int	 table_print(struct buf *out, const char *list, const char *json);

#endif
