/* SPDX-License-Identifier: MIT */
/*
 * call_part.h - what call.c and consent.c share; nobody else includes it.
 *
 *	call	the stages of a call, but for
 *	consent	CONFIRM and SPEND: whether a person has to agree, and has agreed
 */
#ifndef RUN_CALL_PART_H
#define RUN_CALL_PART_H

#include <stdbool.h>

#include "run/call.h"

struct failure;
struct store_reply;

/* call.c: for stages and for their callbacks. A failure's functions take over what `f` holds. */
void	 call_resume(struct call *c, enum call_stage next);
enum call_stage call_over(const struct call *c);
enum call_stage call_fail(struct call *c, struct failure *f);
enum call_stage call_fail_memory(struct call *c);
enum call_stage call_without_store(struct call *c, const struct store_reply *reply,
	    enum call_stage next);
bool	 call_enter(struct call *c, const struct tool *t, struct failure *f);
enum call_stage call_ask_service(struct call *c, const struct tool *t, cJSON *args,
	    bool repeatable, void (*done)(void *, const struct answer *, struct failure *));

/* consent.c: the stages CONFIRM and SPEND. */
enum call_stage consent_confirm(struct call *c);
enum call_stage consent_spend(struct call *c);
/* Put the token that goes with a preview into its result, which is there. 0 or -1 (memory). */
int	 consent_add_token(struct call *c);

#endif
