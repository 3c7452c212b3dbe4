/* SPDX-License-Identifier: MIT */
/* spec.h - checking the shape of a service file, with errors that name the place and the mend. */
#ifndef MCP_SPEC_H
#define MCP_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#define SPEC_PLACE	512	/* bytes of a place in an error message */

struct spec_fault {
	const char	*file;
	char		*why;	/* where the sentence goes */
	size_t		 whylen;
};

enum spec_type { SPEC_STRING, SPEC_BOOL, SPEC_OBJECT, SPEC_ARRAY, SPEC_COUNT, SPEC_ANY };

struct spec_key {
	const char	*name;
	enum spec_type	 type;
	bool		 required;
};

/* Say "FILE: PLACE: sentence". Always -1, so that a check can return it. */
int	 spec_fail(struct spec_fault *f, const char *place, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
/*
 * Say why a file is of no use; where it is `absent`, by which key of the configuration another is
 * named, too (NULL: by none). -1.
 */
int	 spec_fail_file(struct spec_fault *f, const char *place, bool absent, const char *reason,
	    const char *key);
/* Read the fault's file. The tree must be deleted if and only if it is not NULL; else the fault is
 * said, with line and column where the file is no JSON. */
cJSON	*spec_read(struct spec_fault *f);
/*
 * Check that `object` is one whose members are all among `keys` (ended by a NULL name), of
 * their types, the required ones there. 0 or -1.
 */
int	 spec_check(const cJSON *object, const struct spec_key *keys, const char *place,
	    struct spec_fault *f);

#endif
