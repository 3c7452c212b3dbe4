/* SPDX-License-Identifier: MIT */
/*
 * pursuit.c - the stage of a call that looks what becomes of a write that was done: for who waits
 * for that, or has it as a task; see call.h. Whatever goes wrong here, the write was done.
 */
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/limits.h"
#include "mcp/capability.h"
#include "mcp/failure.h"
#include "mcp/principal.h"
#include "mcp/service.h"
#include "run/bridge.h"
#include "run/call_part.h"
#include "run/settings.h"
#include "wire/json.h"

static void	on_looked(void *, const struct answer *, struct failure *);
static void	on_again(evutil_socket_t, short, void *);

bool
pursuit_is_due(const struct call *c)
{
	const struct follow_rule *rule = &c->tool->follow;

	return rule->look != NULL && c->end == CALL_RESULT && !c->replayed &&
	    rule->look->off == NULL && principal_may(c->principal, rule->look) &&
	    (wait_argument_ms(rule->argument, c->args) > 0 ||
	    (c->input != NULL && (c->input->can & CAPABILITY_TASKS) != 0));
}

/* Who waited is told what was seen last, beside the result. */
static void
pursuit_tell(struct call *c)
{
	if (c->seen.len == 0 || wait_argument_ms(c->tool->follow.argument, c->args) == 0 ||
	    c->text.len + c->seen.len + 16 > c->text.cap)
		return;
	call_open_result(c);
	buf_printf(&c->text, "\"outcome\":%s}", buf_str(&c->seen));
}

/* The result stands; of what it is a task, if it is not final and the client takes tasks. */
static enum call_stage
pursuit_end(struct call *c, bool final)
{
	cJSON *result;

	pursuit_tell(c);
	if (final || c->input == NULL || (c->input->can & CAPABILITY_TASKS) == 0)
		return CALL_DONE;
	result = follow_members(c->tool, buf_str(&c->text), c->text.len);
	c->born_ms = clock_wall_ms();
	buf_reset(&c->ask);
	if (result != NULL && follow_seal(&c->ask, c->bridge->mcp.key, c->tool, result,
	    c->principal->name, c->born_ms) == 0)
		c->end = CALL_TASK;
	cJSON_Delete(result);
	return CALL_DONE;
}

enum call_stage
pursuit_look(struct call *c)
{
	const struct follow_rule *rule = &c->tool->follow;
	struct failure f;
	cJSON *result;

	if (c->pursued == NULL) {
		call_leave(c);
		result = follow_members(c->tool, buf_str(&c->text), c->text.len);
		c->pursued = result == NULL ? NULL : follow_arguments(rule->look_args, result);
		cJSON_Delete(result);
		c->until_us = clock_mono_us() + wait_argument_ms(rule->argument, c->args) * 1000;
		/* Who hears nothing meanwhile is answered as any other call is. */
		if (c->patient && c->until_us > c->deadline_us)
			c->deadline_us = c->until_us + LIMIT_TWIN_LEAST_MS * 1000;
	}
	errand_finish(&c->errand);
	cJSON_Delete(c->lent);
	c->lent = c->pursued == NULL ? NULL : json_borrow(c->pursued, NULL);
	if (c->lent == NULL || policy_judge(&c->bridge->settings->policy, rule->look, c->lent,
	    c->principal->name) == POLICY_DENY)
		return pursuit_end(c, true);
	if (!call_enter_look(c, rule->look))
		return call_rest(c, &rule->look->wait, on_again) ? CALL_WAITS :
		    pursuit_end(c, false);
	call_errand(c, rule->look, c->lent);
	c->errand.repeatable = true;
	c->errand.done = on_looked;
	if (errand_start(&c->errand, &f) == 0)
		return CALL_WAITS;
	failure_finish(&f);
	return pursuit_end(c, false);
}

/* What the look showed; it is said, and looked again if there is time. */
static enum call_stage
pursuit_judge(struct call *c)
{
	const struct wait_rule *w = &c->tool->follow.look->wait;
	struct wait_progress p;

	if (wait_look(c->tool->follow.look, c->pursued, buf_str(&c->seen), c->seen.len, &p) == -1)
		return pursuit_end(c, false);
	call_tell_progress(c, &p);
	return p.final != p.total && call_rest(c, w, on_again) ? CALL_WAITS :
	    pursuit_end(c, p.final == p.total);
}

static void
on_looked(void *arg, const struct answer *answer, struct failure *failed)
{
	struct call *c = arg;
	size_t budget = (size_t)c->bridge->settings->result_max;
	struct paging none = { .key = c->bridge->mcp.key };
	struct result_more more = { 0 };
	enum result_fate fate;
	enum call_stage next;
	struct failure f;
	struct buf seen;

	buf_init(&seen, budget + LIMIT_CURSOR);
	if (answer == NULL) {
		failure_finish(failed);
		next = pursuit_end(c, false);
		goto out;
	}
	fate = result_map(&seen, c->tool->follow.look, c->lent, answer, &none, budget, false, &more,
	    &f);
	if (fate == RESULT_GOOD) {
		buf_finish(&c->seen);
		c->seen = seen;
		buf_init(&seen, 0);
		next = pursuit_judge(c);
	} else {
		/* What it asks back is for whoever asks about the task. */
		if (fate == RESULT_ASKS)
			free(more.state);
		else
			failure_finish(&f);
		next = pursuit_end(c, false);
	}
out:
	buf_finish(&seen);
	call_resume(c, next);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct call *c = arg;

	(void)fd;
	(void)what;
	if (c->notify != NULL)
		c->notify(c->arg, NULL, NULL);
	call_resume(c, CALL_PURSUE);
}
