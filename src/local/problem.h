/* SPDX-License-Identifier: MIT */
/* problem.h - errors as RFC 9457 problem details. */
#ifndef LOCAL_PROBLEM_H
#define LOCAL_PROBLEM_H

#include "wire/json.h"

struct call;

/*
 * Make a problem the reply, in place of whatever it was. Always 1, so that a
 * check can end with `return problem(...)`; without memory the reply is a bare 500.
 */
int	 problem(struct call *c, int status, const char *code, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));
/* The same as 422 validation; the text begins with the name of the field. */
int	 problem_field(struct call *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same with `candidates`, which it takes over, in any case. */
int	 problem_candidates(struct call *c, const char *code, cJSON *candidates, const char *fmt,
	    ...) __attribute__((format(printf, 4, 5)));
/* The same with Retry-After, in the header and the body. */
int	 problem_retry(struct call *c, int status, const char *code, int seconds,
	    const char *detail);
/* What a failed handler leaves: 503 when the store was busy, else 500. */
void	 problem_store(struct call *c);

#endif
