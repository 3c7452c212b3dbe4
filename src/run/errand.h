/* SPDX-License-Identifier: MIT */
/*
 * errand.h - what a tool has to ask its service: its steps, one after the other, and its request,
 * each with a credential, and again as the plan says.
 */
#ifndef RUN_ERRAND_H
#define RUN_ERRAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event_struct.h>

#include "base/buf.h"
#include "mcp/plan.h"
#include "mcp/step.h"
#include "run/flight.h"

struct answer;
struct bridge;
struct cJSON;
struct failure;
struct fetch;
struct principal;
struct request;
struct tool;

/*
 * Who hears a stream that lasts: when it begins, and each of its events, with the last id that the
 * stream gave. Called from within libcurl, where nothing may be begun or ended.
 */
struct errand_ear {
	void		(*opened)(void *arg);
	void		(*event)(void *arg, const char *type, const char *id, const char *data,
			    size_t len);
	void		*arg;
	const char	*last_id;	/* where to go on: Last-Event-ID; "": from now on */
};

struct errand {
	struct bridge		*bridge;
	const struct tool	*tool;
	struct cJSON		*args;		/* borrowed; what steps bring is added */
	const struct principal	*principal;	/* as whom; borrowed */
	const char		*traceparent;	/* borrowed */
	const char		*tracestate;	/* borrowed, or NULL */
	int64_t			 deadline_us;	/* monotonic */
	bool			 repeatable;	/* the request may be sent twice: it does once */
	bool			 maybe_done;	/* whatever comes of it: it was sent before */
	bool			 probes;	/* the next answer decides on a breaker */
	/*
	 * Called once from the loop with the answer to the request, or without one and with the
	 * failure (taken over), because it could not be sent or a step failed.
	 */
	void			(*done)(void *arg, const struct answer *answer, struct failure *f);
	void			*arg;
	/* What the service says before its answer, to `listener`; NULL: nobody listens. */
	void			(*notify)(void *listener, const char *method,
				    const struct cJSON *params);
	void			*listener;
	/*
	 * NULL: an answer is waited for. Else the request is of a stream that lasts, the deadline
	 * is for what comes before it, and `done` is called when it has ended. It is asked for once
	 * (and again for a 401), and counts neither as a transaction nor for a breaker.
	 */
	const struct errand_ear	*ear;

	/* Errand.c's own. */
	struct plan		 plan;		/* of the step or request that is made */
	const struct request	*request;
	size_t			 at;		/* which step; the tool's number of them: its own */
	struct step_search	 search;	/* of a step that finds */
	struct buf		 heard;		/* an answer less the secret that it had */
	struct fetch		*fetch;		/* in the air, or NULL */
	struct flight_wait	 grant;		/* for the token it goes with */
	int64_t			 granted_ms;	/* when that was born; 0: it goes with none */
	int64_t			 after_ms;	/* a younger one is wanted; 0: any */
	bool			 broken;	/* the last try's connection was */
	int64_t			 fetched_us;	/* when it began */
	struct event		 sleep;

	/* For the log. */
	int			 status;	/* of the last answer */
	int64_t			 us;		/* time spent upstream */
	const char		*outcome;	/* static; NULL: nothing was asked */
	const char		*why;		/* static */
};

/*
 * Begin an errand whose members up to `arg` are set, the rest zero. 0: `done` will be called,
 * never from within this; -1: nothing was sent, and why is in `f`. errand_finish() must follow in
 * both cases.
 */
int	 errand_start(struct errand *e, struct failure *f);
/*
 * Make the tool's own request once more, with `args` as they are now, when `done` has been called
 * with the answer to one. The same as errand_start(), but for the steps.
 */
int	 errand_repeat(struct errand *e, struct failure *f);
/*
 * Show the first request of an errand whose members up to `arg` are set to who looks on
 * (bridge_watch), and send nothing. 0, or -1 with the failure.
 */
int	 errand_rehearse(struct errand *e, struct failure *f);
/* Whether a write may have been done, as far as is known now. */
bool	 errand_is_unclear(const struct errand *e);
/* When the service was heard last (monotonic, microseconds); 0: not yet, or it is not asked. */
int64_t	 errand_heard_us(const struct errand *e);
/* End what is in the air, without a callback. */
void	 errand_finish(struct errand *e);

#endif
