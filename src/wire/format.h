/* SPDX-License-Identifier: MIT */
/*
 * format.h - the string formats that are asserted: date-time, uri, email, uuid.
 *
 * Syntax only, by the RFCs that JSON Schema names: RFC 3339 date-time, RFC 3986
 * URI, RFC 5321 Mailbox, RFC 9562 UUID. Nothing is looked up.
 */
#ifndef WIRE_FORMAT_H
#define WIRE_FORMAT_H

#include <stdbool.h>

struct format {
	const char	*name;
	const char	*noun;		/* for messages: "a date-time such as ..." */
	bool		(*check)(const char *);
};

/* The format of that name; NULL when it is not one of the four. */
const struct format *format_find(const char *name);

#endif
