/* SPDX-License-Identifier: MIT */
/*
 * call_part.h - what the files of call.h share; nobody else includes it.
 *
 *	call	the stages of a call, but for
 *	claim	CLAIM, SEND and RECORD: what stands in the store of it
 *	pursuit	PURSUE: what becomes of a write that was done
 *	consent	CONFIRM and SPEND: whether a person has to agree, and has agreed
 */
#ifndef RUN_CALL_PART_H
#define RUN_CALL_PART_H

#include <stdbool.h>

#include "run/call.h"

struct failure;
struct store_reply;
struct wait_progress;
struct wait_rule;

/* call.c: for stages and for their callbacks. A failure's functions take over what `f` holds. */
void	 call_resume(struct call *c, enum call_stage next);
enum call_stage call_over(const struct call *c);
enum call_stage call_fail(struct call *c, struct failure *f);
enum call_stage call_fail_memory(struct call *c);
int64_t	 call_left_ms(const struct call *c);
/* Open the object that the result is: a member is appended next, and a brace. */
void	 call_open_result(struct call *c);
/*
 * The arguments as a service may be asked with them: what is put in besides, or taken out, is not
 * seen in the call's own. Borrowed until the next of these calls. NULL: out of memory.
 */
cJSON	*call_lend(struct call *c);
/* What has to be asked of the service, for tool `t`, as the errand that is to be started. */
void	 call_errand(struct call *c, const struct tool *t, cJSON *args);
/* The stage behind RECORD. */
enum call_stage call_recorded(const struct call *c);
/* Give back the place among its service's calls that call_enter() took, if it did. */
void	 call_leave(struct call *c);
bool	 call_enter(struct call *c, const struct tool *t, struct failure *f);
/* The same for a look of who waits, which is one call of the caller's, however often it looks. */
bool	 call_enter_look(struct call *c, const struct tool *t);
/* Call `awake` in so many milliseconds, unless the call has ended by then. */
void	 call_sleep(struct call *c, int64_t ms,
	    void (*awake)(evutil_socket_t fd, short what, void *arg));
/* The same when it is time for the next look, without a place meanwhile; false: no time is left. */
bool	 call_rest(struct call *c, const struct wait_rule *w,
	    void (*awake)(evutil_socket_t fd, short what, void *arg));
/* Tell who hears of the call how far it is; for want of memory nothing. */
void	 call_tell_progress(struct call *c, const struct wait_progress *p);
enum call_stage call_ask_service(struct call *c, const struct tool *t, cJSON *args,
	    bool repeatable, void (*done)(void *, const struct answer *, struct failure *));

/*
 * claim.c: the stages CLAIM, SEND and RECORD; and what comes of a stage that needs the store when
 * that cannot be asked: `next`, or the failure.
 */
enum call_stage claim_make(struct call *c);
enum call_stage claim_send(struct call *c);
enum call_stage claim_record(struct call *c);
enum call_stage claim_without_store(struct call *c, const struct store_reply *reply,
	    enum call_stage next);

/* consent.c: the stages CONFIRM and SPEND. */
enum call_stage consent_confirm(struct call *c);
enum call_stage consent_spend(struct call *c);
/* Whether the state that came is that of a question of the service's, which goes on. */
bool	 consent_resume(struct call *c);
/* Append a new token for this call, which brings `state` back. 0 or -1. */
int	 consent_token(const struct call *c, struct buf *out, enum confirm_use use,
	    const char *state);
/* Put the token that goes with a preview into its result, which is there. 0 or -1 (memory). */
int	 consent_add_token(struct call *c);

/* pursuit.c: the stage PURSUE, and whether a call has it. */
enum call_stage pursuit_look(struct call *c);
bool	 pursuit_is_due(const struct call *c);

#endif
