/* SPDX-License-Identifier: MIT */
/*
 * auth.h - who calls: what the settings say of it (access), and the judge of one request's
 * credential, with a memory of tokens that were verified.
 */
#ifndef RUN_AUTH_H
#define RUN_AUTH_H

#include <stdint.h>

#include "run/flight.h"

struct auth;
struct bridge;
struct http_request;
struct principal;

/* One request before the judge; zeroed at first, then auth_judge()'s but for done and arg. */
struct auth_case {
	void			(*done)(void *arg);	/* AUTH_WAITS: judge again */
	void			*arg;
	struct flight_wait	 wait;
	int64_t			 after_ms;	/* younger keys are wanted; 0: any */
	int64_t			 asked_ms;	/* since then; wall time */
	struct principal	*principal;	/* AUTH_KNOWN: held */
	const char		*why;		/* else, static */
};

enum auth_verdict {
	AUTH_KNOWN,		/* and this is who it is */
	AUTH_WAITS,		/* for the issuer */
	AUTH_MISSING,		/* no credential came: 401 */
	AUTH_FALSE,		/* one that is not good: 401 */
	AUTH_MALFORMED,		/* 400 */
	AUTH_UNAVAILABLE,	/* whoever could say is not there: 503 */
};

/* Make that of a worker. NULL: out of memory. */
struct auth *auth_create(struct bridge *b);
void	 auth_destroy(struct auth *a);
/*
 * Judge the Authorization of a request, or with "none" its REMOTE_USER. One that came over no HTTP
 * is the operator's.
 */
enum auth_verdict auth_judge(struct auth *a, struct auth_case *c, const struct http_request *rq);
/* Let go of what a case holds. */
void	 auth_case_finish(struct auth_case *c);

#endif
