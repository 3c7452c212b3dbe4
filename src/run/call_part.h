/* SPDX-License-Identifier: MIT */
/* call_part.h - what call.c and consent.c share; nobody else includes it. */
#ifndef RUN_CALL_PART_H
#define RUN_CALL_PART_H

#include <stdbool.h>

#include "run/call.h"

struct answer;
struct failure;
struct tool;

/* Walk the table of stages from one until the call waits or is done. */
void		 call_resume(struct call *c, enum call_stage next);
/* Nothing comes any more but writing down what there is to write down. */
enum call_stage	 call_over(const struct call *c);
/* The result is a failure; takes over what `f` holds. What was claimed is given up. */
enum call_stage	 call_fail(struct call *c, struct failure *f);
/* The same for want of memory. */
enum call_stage	 call_fail_memory(struct call *c);
/* Whether a tool's request may go to its service now: rates, calls at once, its breaker. */
bool		 call_enter(struct call *c, const struct tool *t, struct failure *f);
/* Send a tool's steps and its request, with this call's arguments; then `done`. */
enum call_stage	 call_ask_service(struct call *c, const struct tool *t, bool repeatable,
		    void (*done)(void *arg, const struct answer *answer, struct failure *f));

#endif
