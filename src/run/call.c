/* SPDX-License-Identifier: MIT */
/*
 * call.c - the stages of a call, each a function and a row of one table; see call.h. A stage
 * returns the next one, or CALL_WAITS when a callback will. Those about a person are in consent.c,
 * those about the record in claim.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "edge/store.h"
#include "mcp/failure.h"
#include "mcp/principal.h"
#include "mcp/service.h"
#include "run/bridge.h"
#include "run/call_part.h"
#include "run/limit.h"
#include "run/metrics.h"
#include "run/settings.h"
#include "run/witness.h"
#include "wire/json.h"
#include "wire/schema.h"

static enum call_stage	call_method(struct call *);
static enum call_stage	call_limit(struct call *);
static enum call_stage	call_run(struct call *);

static enum call_stage (*const stages[CALL_STAGES])(struct call *) = {
	[CALL_METHOD] = call_method,
	[CALL_CLAIM] = claim_make,
	[CALL_CONFIRM] = consent_confirm,
	[CALL_LIMIT] = call_limit,
	[CALL_SPEND] = consent_spend,
	[CALL_SEND] = claim_send,
	[CALL_RUN] = call_run,
	[CALL_RECORD] = claim_record,
	[CALL_PURSUE] = pursuit_look,
};

static void		on_answer(void *, const struct answer *, struct failure *);
static enum call_stage	call_rehearse(struct call *);
static enum call_stage	call_map(struct call *, const struct answer *);
static void		on_waited(evutil_socket_t, short, void *);

bool
call_start(struct call *c)
{
	/* What the bridge adds to a preview stands outside of its budget. */
	buf_init(&c->text, (size_t)c->bridge->settings->result_max + LIMIT_CURSOR);
	buf_init(&c->blocks, 0);		/* block_draw() says how much it may have */
	buf_init(&c->ask, LIMIT_CURSOR);
	buf_init(&c->state, LIMIT_REQUEST_STATE);
	call_resume(c, CALL_METHOD);
	c->waits = c->stage != CALL_DONE;
	return !c->waits;
}

void
call_leave(struct call *c)
{
	if (c->entered)
		limit_leave(&c->bridge->limit, c->tool, c->errand.probes);
	c->entered = false;
}

/* Walk the table from a stage until the call waits or is done. */
void
call_resume(struct call *c, enum call_stage next)
{
	while (next != CALL_DONE && next != CALL_WAITS) {
		c->stage = next;
		next = stages[next](c);
	}
	if (next == CALL_WAITS)
		return;
	c->stage = CALL_DONE;
	call_leave(c);
	if (c->waits)
		c->done(c->arg);
}

/* Whether the service may have done something for this call. */
static bool
call_is_unclear(const struct call *c)
{
	return split_sent(c->split) > 0 || errand_is_unclear(&c->errand);
}

bool
call_must_finish(const struct call *c)
{
	/* What is looked at afterwards is for who waits. */
	if (!c->tool->write || c->stage >= CALL_PURSUE)
		return false;
	return c->claimed || call_is_unclear(c) ||
	    (c->op != NULL && c->stage <= CALL_SEND);
}

/* The arguments are as they came: a call that is made again has the same key. */
static void
call_return_key(struct call *c)
{
	if (c->given_key == NULL)
		return;
	cJSON_DeleteItemFromObjectCaseSensitive(c->args, "idempotency_key");
	cJSON_AddItemToArray(c->args, c->given_key);	/* which leaves its name alone */
	c->given_key = NULL;
}

void
call_finish(struct call *c)
{
	/* Cut off by the end of the process: what is known is written down. */
	if (c->claimed && c->stage < CALL_PURSUE) {
		if (c->stage != CALL_RECORD)
			c->fate = c->resumes || call_is_unclear(c) ? RESULT_UNCLEAR :
			    RESULT_NOTHING;
		witness_write(c, NULL);
	}
	errand_finish(&c->errand);
	if (c->op != NULL)
		store_cancel(c->op);
	if (event_initialized(&c->sleep))
		event_del(&c->sleep);
	call_leave(c);
	c->op = NULL;
	paging_finish(&c->paging);
	split_destroy(c->split);
	cJSON_Delete(c->lent);
	cJSON_Delete(c->pursued);
	call_return_key(c);
	buf_finish(&c->text);
	buf_finish(&c->blocks);
	buf_finish(&c->ask);
	buf_finish(&c->state);
	buf_finish(&c->seen);
}

/* Nothing comes any more but writing down what there is to write down. */
enum call_stage
call_over(const struct call *c)
{
	return c->claimed || c->spent ? CALL_RECORD : CALL_DONE;
}

enum call_stage
call_recorded(const struct call *c)
{
	return pursuit_is_due(c) ? CALL_PURSUE : CALL_DONE;
}

/* The result is a failure; takes over what `f` holds. What was claimed is given up. */
enum call_stage
call_fail(struct call *c, struct failure *f)
{
	int64_t retry_after_s = f->retry_after_s;

	/* Whatever keeps this one back: the call that it repeats may have been done. */
	if (c->resumes && strcmp(f->code, "outcome_unknown") != 0) {
		failure_finish(f);
		result_unclear(f, c->tool, c->args);
		f->retry_after_s = retry_after_s;
	}
	/* And whatever keeps a part back: others were sent. */
	if (split_sent(c->split) > 0) {
		split_fail(c->split, f);
		c->fate = RESULT_UNCLEAR;
	}
	buf_finish(&c->text);
	buf_init(&c->text, LIMIT_SERVICE_FILE);
	failure_print(&c->text, f);
	c->end = CALL_FAILURE;
	snprintf(c->code, sizeof c->code, "%s", f->code);
	failure_finish(f);
	return call_over(c);
}

enum call_stage
call_fail_memory(struct call *c)
{
	struct failure f;

	failure_init(&f, "internal", 500, "the bridge is short of memory; nothing was done; repeat "
	    "the call later");
	f.retryable = true;
	return call_fail(c, &f);
}

int64_t
call_left_ms(const struct call *c)
{
	return (c->deadline_us - clock_mono_us()) / 1000;
}

void
call_open_result(struct call *c)
{
	buf_truncate(&c->text, c->text.len - 1);
	if (c->text.len > 1)
		buf_putc(&c->text, ',');
}

/* ====== METHOD ====== */

static bool
is_sound(const char *key)
{
	return strchr(" \t", key[0]) == NULL && strchr(" \t", key[strlen(key) - 1]) == NULL;
}

/*
 * The service sees one caller, us: keys of several must not meet there, and neither must the key
 * of a part, KEY-2, and one that a caller made up for a second message.
 */
static int
call_rename_key(struct call *c)
{
	struct buf name;
	int result;

	if (c->key == NULL ||
	    (c->split == NULL && strcmp(c->principal->name, MCP_ANONYMOUS) == 0))
		return 0;
	/* 128 bits in 22 characters: with "-10" of a last part as many as Discord takes. */
	buf_init(&name, 2 * CRYPTO_DIGEST);
	result = base64url_encode(&name, c->place, 16);
	c->given_key = cJSON_DetachItemFromObjectCaseSensitive(c->args, "idempotency_key");
	c->key = NULL;
	if (result == 0)
		result = json_put(c->args, "idempotency_key",
		    cJSON_CreateString(buf_str(&name)));
	buf_finish(&name);
	c->key = json_str(c->args, "idempotency_key");
	return result;
}

/* Arguments that the schema does not accept are the model's to mend. */
static enum call_stage
call_judge(struct call *c)
{
	const struct settings *s = c->bridge->settings;
	struct schema_fault wrong;
	struct failure f;

	if (schema_check(c->tool->arguments, c->args, &wrong) != 0) {
		failure_arguments(&f, &wrong);
		return call_fail(c, &f);
	}
	if (paging_init(&c->paging, c->tool, c->bridge->mcp.key, c->args, &f) == -1 ||
	    split_create(&c->split, c->tool, c->args, &f) == -1)
		return call_fail(c, &f);
	c->policy = policy_judge(&s->policy, c->tool, c->args, c->principal->name);
	if (c->policy == POLICY_DENY) {
		failure_denied(&f);
		return call_fail(c, &f);
	}
	if (!c->tool->write && !c->tool->previews && c->tool->form != TOOL_MCP)
		return CALL_LIMIT;
	if (record_digest(c->digest, c->args, c->tool->follow.argument) == -1)
		return call_fail_memory(c);
	if (c->tool->form == TOOL_MCP && c->input != NULL && c->input->state != NULL &&
	    !consent_resume(c) && c->policy != POLICY_CONFIRM) {
		c->end = CALL_FALSE_STATE;
		return CALL_DONE;
	}
	c->key = c->tool->write ? json_str(c->args, "idempotency_key") : NULL;
	if (c->key != NULL && c->key[0] == '\0')
		c->key = NULL;
	if (c->key != NULL && !is_sound(c->key)) {
		failure_init(&f, "invalid_argument", 400, "/idempotency_key: must neither begin "
		    "nor end with white space, which no header carries");
		return call_fail(c, &f);
	}
	if (!c->tool->write || (c->key == NULL && s->dedupe_window_s == 0))
		return CALL_CONFIRM;
	if (record_place(c->place, c->principal->name, c->tool, c->key, c->digest) == -1 ||
	    call_rename_key(c) == -1)
		return call_fail_memory(c);
	if (c->bridge->store == NULL)
		return CALL_CONFIRM;
	witness_sign(c->bridge, c->tag);
	return CALL_CLAIM;
}

static enum call_stage
call_method(struct call *c)
{
	enum call_stage next = call_judge(c);

	/* A rehearsal ends where a call would begin to leave traces. */
	return next != CALL_DONE && c->bridge->watch != NULL && c->bridge->watch->rehearses ?
	    call_rehearse(c) : next;
}

/* ====== What the service is asked, in more than one stage ====== */

/* Nothing could be begun: of a try before it may not be known what it did. */
static enum call_stage
call_fail_unsent(struct call *c, struct failure *f)
{
	bool unclear = errand_is_unclear(&c->errand);

	c->fate = unclear ? RESULT_UNCLEAR : RESULT_NOTHING;
	if (unclear) {
		failure_finish(f);
		result_unclear(f, c->tool, c->args);
	}
	return call_fail(c, f);
}

static bool
enter(struct call *c, const struct tool *t, const char *caller, struct failure *f)
{
	const char *limit = limit_enter(&c->bridge->limit, t, caller, clock_mono_us(),
	    &c->errand.probes, f);

	if (limit != NULL)
		metrics_limited(c->bridge->metrics, limit);
	c->entered = limit == NULL;
	return c->entered;
}

/* Whether a tool's request may go to its service. */
bool
call_enter(struct call *c, const struct tool *t, struct failure *f)
{
	return enter(c, t, c->principal->name, f);
}

bool
call_enter_look(struct call *c, const struct tool *t)
{
	struct failure f;

	if (enter(c, t, NULL, &f))
		return true;
	failure_finish(&f);
	return false;
}

void
call_sleep(struct call *c, int64_t ms, void (*awake)(evutil_socket_t, short, void *))
{
	struct timeval pause = clock_timeval(ms);

	evtimer_assign(&c->sleep, c->bridge->base, awake, c);
	event_add(&c->sleep, &pause);
}

bool
call_rest(struct call *c, const struct wait_rule *w,
    void (*awake)(evutil_socket_t, short, void *))
{
	if (clock_mono_us() + (w->every_ms + LIMIT_TWIN_LEAST_MS) * 1000 >
	    (c->until_us < c->deadline_us ? c->until_us : c->deadline_us))
		return false;
	/* Who waits takes nobody's place. */
	call_leave(c);
	call_sleep(c, w->every_ms, awake);
	return true;
}

void
call_tell_progress(struct call *c, const struct wait_progress *p)
{
	cJSON *params = c->notify == NULL ? NULL : wait_params(p);

	if (params != NULL)
		c->notify(c->arg, "notifications/progress", params);
	cJSON_Delete(params);
}

cJSON *
call_lend(struct call *c)
{
	const cJSON *responses = c->input == NULL ? NULL : c->input->responses;
	int result = 0;

	cJSON_Delete(c->lent);
	c->lent = json_borrow(c->args, NULL);
	if (c->lent == NULL || c->tool->form != TOOL_MCP)
		return c->lent;
	cJSON_DeleteItemFromObjectCaseSensitive(c->lent, TOOL_RESPONSES);
	cJSON_DeleteItemFromObjectCaseSensitive(c->lent, TOOL_STATE);
	if (responses != NULL)
		result |= json_put(c->lent, TOOL_RESPONSES,
		    cJSON_CreateObjectReference(responses->child));
	if (c->state.len > 0)
		result |= json_put(c->lent, TOOL_STATE, cJSON_CreateString(buf_str(&c->state)));
	if (result == 0)
		return c->lent;
	cJSON_Delete(c->lent);
	c->lent = NULL;
	return NULL;
}

/* The arguments that go out next: the call's, or those of a part. NULL: out of memory. */
static cJSON *
call_arguments(struct call *c)
{
	return c->split == NULL ? call_lend(c) : split_next(c->split, c->args);
}

void
call_errand(struct call *c, const struct tool *t, cJSON *args)
{
	c->errand = (struct errand){
		.bridge = c->bridge, .tool = t, .args = args, .principal = c->principal,
		.traceparent = c->traceparent, .tracestate = c->tracestate,
		.deadline_us = c->deadline_us, .maybe_done = c->resumes && t == c->tool,
		.probes = c->errand.probes, .notify = c->notify, .listener = c->arg, .arg = c,
	};
}

/* Show the first request, and that is all: no record, no preview, no token is fetched. */
static enum call_stage
call_rehearse(struct call *c)
{
	cJSON *args = call_arguments(c);
	struct failure f;

	if (args == NULL)
		return call_fail_memory(c);
	call_errand(c, c->tool, args);
	if (errand_rehearse(&c->errand, &f) == -1)
		return call_fail(c, &f);
	return buf_puts(&c->text, "{}") == -1 ? call_fail_memory(c) : CALL_DONE;
}

/* Send a tool's steps and its request. */
enum call_stage
call_ask_service(struct call *c, const struct tool *t, cJSON *args, bool repeatable,
    void (*done)(void *, const struct answer *, struct failure *))
{
	struct failure f;

	call_errand(c, t, args);
	c->errand.repeatable = repeatable;
	c->errand.done = done;
	return errand_start(&c->errand, &f) == 0 ? CALL_WAITS : call_fail_unsent(c, &f);
}

/* ====== LIMIT: may it go ====== */

static enum call_stage
call_limit(struct call *c)
{
	struct failure f;

	if (!call_enter(c, c->tool, &f))
		return call_fail(c, &f);
	return c->spends ? CALL_SPEND : CALL_RUN;
}

/* ====== RUN: what the service has to be asked ====== */

static enum call_stage
call_run(struct call *c)
{
	struct failure f;
	cJSON *args;

	/* Begun now it would hardly end in time, and nobody would know how. */
	if (c->twin_ms > 0 && call_left_ms(c) < LIMIT_TWIN_LEAST_MS) {
		failure_init(&f, "idempotency_in_progress", 409, "the first call with this key "
		    "took until now and did nothing; repeat it with the same key");
		f.retryable = true;
		return call_fail(c, &f);
	}
	args = call_arguments(c);
	return args == NULL ? call_fail_memory(c) : call_ask_service(c, c->tool, args,
	    !c->tool->write || (c->tool->dedupes && c->key != NULL), on_answer);
}

/* A part has gone well, and there is another; or it is read again. */
static enum call_stage
call_run_on(struct call *c)
{
	struct failure f;

	c->errand.args = call_arguments(c);
	if (c->errand.args == NULL)
		return call_fail_memory(c);
	return errand_repeat(&c->errand, &f) == 0 ? CALL_WAITS : call_fail_unsent(c, &f);
}

static void
on_answer(void *arg, const struct answer *answer, struct failure *failed)
{
	struct call *c = arg;

	call_resume(c, answer != NULL ? call_map(c, answer) : call_fail_unsent(c, failed));
}

/* ====== MAP ====== */

/*
 * A read shows what is not final yet, and its caller wants to wait for that: it is made again, as
 * long as there is time. Whether it is.
 */
static bool
call_wait(struct call *c)
{
	const struct wait_rule *w = &c->tool->wait;
	int64_t wanted = wait_argument_ms(w->argument, c->args);
	struct wait_progress p;

	if (wanted == 0 ||
	    wait_look(c->tool, c->args, buf_str(&c->text), c->text.len, &p) == -1)
		return false;
	call_tell_progress(c, &p);
	if (c->until_us == 0) {
		c->until_us = clock_mono_us() + wanted * 1000;
		/* Who hears nothing meanwhile is answered as any other call is. */
		if (c->patient)
			c->deadline_us += wanted * 1000;
		c->errand.deadline_us = c->deadline_us;
	}
	return p.final != p.total && call_rest(c, w, on_waited);
}

static void
on_waited(evutil_socket_t fd, short what, void *arg)
{
	struct call *c = arg;

	(void)fd;
	(void)what;
	if (c->notify != NULL)
		c->notify(c->arg, NULL, NULL);
	if (!call_enter_look(c, c->tool)) {
		/* Without another look it stands what was seen last. */
		call_resume(c, call_rest(c, &c->tool->wait, on_waited) ? CALL_WAITS :
		    call_recorded(c));
		return;
	}
	buf_reset(&c->text);
	buf_reset(&c->blocks);
	call_resume(c, call_run_on(c));
}

/* The service asks something back, which its client may not be able to answer. */
static enum call_stage
call_ask_back(struct call *c, struct result_more *ask)
{
	int result = consent_token(c, &c->ask, CONFIRM_ROUND, ask->state == NULL ? "" : ask->state);

	free(ask->state);
	c->fate = RESULT_NOTHING;
	c->lacks = ask->needs & ~(c->input == NULL ? 0 : c->input->can);
	if (result == -1)
		return call_fail_memory(c);
	c->end = c->lacks != 0 ? CALL_LACKS : CALL_ASKS;
	return call_over(c);
}

static enum call_stage
call_map(struct call *c, const struct answer *answer)
{
	size_t budget = (size_t)c->bridge->settings->result_max;
	struct result_more more = { .blocks = &c->blocks };
	struct failure f;

	c->fate = result_map(&c->text, c->tool, c->errand.args, answer, &c->paging, budget,
	    errand_is_unclear(&c->errand), &more, &f);
	if (c->fate == RESULT_ASKS)
		return call_ask_back(c, &more);
	if (c->fate != RESULT_GOOD)
		return call_fail(c, &f);
	if (c->split != NULL) {
		split_keep(c->split, &c->text);
		if (!split_is_done(c->split))
			return call_run_on(c);
		if (split_join(c->split, &c->text, budget) == -1)
			return call_fail_memory(c);
	}
	if (c->tool->previews && consent_add_token(c) == -1)
		return call_fail_memory(c);
	if (c->tool->wait.argument != NULL && call_wait(c))
		return CALL_WAITS;
	return c->claimed ? CALL_RECORD : call_recorded(c);
}
