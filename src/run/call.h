/* SPDX-License-Identifier: MIT */
/*
 * call.h - one tools/call on its way through an upstream; knows nothing of HTTP in front.
 *
 *	METHOD	may it be called; the arguments are judged by the tool's schema (a rehearsal ends
 *		here, and shows the request)
 *	CLAIM	a keyed write: write down that it is about to be sent, unless a record says that
 *		it was; then that answers
 *	CONFIRM	does a person have to agree? ask, and stop here
 *	LIMIT	rates, calls at once, breaker (a replay costs nothing)
 *	SPEND	a token is believed once: write down that it was
 *	SEND	and, in the record, that somebody agreed: from here on it may have been sent
 *	RUN	an errand to the service, until the answer is there; a long text goes in parts,
 *		of which each goes when the one before has gone well
 *	MAP	the answer becomes the result
 *	RECORD	write down what came of it
 *	PURSUE	look what becomes of a write that was done, for who waits for that
 */
#ifndef RUN_CALL_H
#define RUN_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/event_struct.h>

#include "base/buf.h"
#include "mcp/confirm.h"
#include "mcp/mcp.h"
#include "mcp/paging.h"
#include "mcp/policy.h"
#include "mcp/record.h"
#include "mcp/result.h"
#include "mcp/split.h"
#include "run/errand.h"

struct answer;
struct bridge;
struct principal;
struct store_op;

enum call_stage {
	CALL_METHOD, CALL_CLAIM, CALL_CONFIRM, CALL_LIMIT, CALL_SPEND, CALL_SEND, CALL_RUN,
	CALL_RECORD, CALL_PURSUE, CALL_STAGES,
	CALL_DONE = CALL_STAGES,	/* the result is there */
	CALL_WAITS,			/* a callback goes on */
};

/* What the caller is to be told. */
enum call_end {
	CALL_RESULT, CALL_FAILURE, CALL_ASKS, CALL_FALSE_STATE, CALL_LACKS,
	CALL_TASK,	/* a result that is not final yet: `ask` is the id of a task */
};

struct call {
	struct bridge		*bridge;
	const struct tool	*tool;
	cJSON			*args;		/* borrowed from the message */
	const struct principal	*principal;	/* who calls; borrowed */
	const struct mcp_input	*input;		/* borrowed: what it can be asked, what it said */
	const char		*traceparent;	/* borrowed */
	const char		*tracestate;	/* borrowed, or NULL */
	int64_t			 deadline_us;	/* monotonic */

	enum call_stage		 stage;
	struct paging		 paging;
	struct split		*split;		/* the parts that a text goes in; NULL: as it is */
	cJSON			*lent;		/* the arguments, for what is put in besides */
	struct errand		 errand;	/* what is asked of the service */
	struct store_op		*op;		/* with the store, or NULL */
	struct event		 sleep;
	bool			 waits;		/* `done` is to be called */
	bool			 entered;	/* limit_leave() is due */

	/* A write's record, and the token of who agreed to it. */
	const char		*key;		/* idempotency_key; borrowed, NULL: none */
	cJSON			*given_key;	/* owned: as it came, if it was renamed */
	enum policy_action	 policy;
	uint8_t			 digest[CRYPTO_DIGEST];	/* of the arguments */
	uint8_t			 place[CRYPTO_DIGEST];	/* of the record */
	uint8_t			 tag[RECORD_TAG];	/* ours */
	uint8_t			 former[RECORD_TAG];	/* takes_over: whose record it was */
	uint8_t			 token[CRYPTO_DIGEST];	/* the place of the token */
	bool			 takes_over;	/* a former writer's record */
	bool			 resumes;	/* and that one may have sent it */
	bool			 claimed;	/* the record is ours */
	struct buf		 state;		/* the service's own, of its last question */
	bool			 returns;	/* with an answer to that */
	bool			 spends;	/* it was agreed to by a token */
	bool			 declined;	/* or not, which uses up the question */
	bool			 spent;		/* and that has been written down */
	int64_t			 twin_ms;	/* the next pause before a twin is looked for */
	enum result_fate	 fate;

	enum call_end		 end;
	struct buf		 text;		/* the result's JSON; CALL_ASKS: the questions */
	struct buf		 blocks;	/* CALL_RESULT: block.h */
	struct buf		 ask;		/* CALL_ASKS: what comes back with the answers */
	int64_t			 born_ms;	/* CALL_TASK: when it became one, wall time */
	unsigned		 lacks;		/* CALL_LACKS: capabilities of the client */
	char			 code[64];	/* of the failure, for the log; "" if none */
	bool			 replayed;
	cJSON			*pursued;	/* owned: what the look is asked with */
	struct buf		 seen;		/* what that showed last */
	int64_t			 until_us;	/* it is made again until then; 0: it is not */

	bool			 patient;	/* its client hears what is said before the end */
	/*
	 * What is to be said before the end: a notification and its parameters, or, without both,
	 * that it goes on. NULL: nobody hears it.
	 */
	void			(*notify)(void *arg, const char *method, const cJSON *params);
	void			(*done)(void *arg);
	void			*arg;
};

/*
 * Begin a call whose members up to deadline_us and from notify on are set, the rest zero. True if
 * it is complete already; else `done` is called from the loop when it is. call_finish() must follow
 * in both cases.
 */
bool	 call_start(struct call *c);
/*
 * Whether something must be let finish though nobody waits: a write that has been sent, or of
 * which has been written down that it would be.
 */
bool	 call_must_finish(const struct call *c);
/* Free what it holds; ends what is in the air. */
void	 call_finish(struct call *c);

#endif
