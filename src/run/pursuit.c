/* SPDX-License-Identifier: MIT */
/*
 * pursuit.c - the stage of a call that looks what becomes of a write that was done: for who waits
 * for that, or has it as a task; see call.h. Whatever goes wrong here, the write was done.
 */
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
pursuit_tell(struct call *c, const char *seen)
{
	if (wait_argument_ms(c->tool->follow.argument, c->args) == 0 ||
	    c->text.len + strlen(seen) + 16 > c->text.cap)
		return;
	call_open_result(c);
	buf_printf(&c->text, "\"outcome\":%s}", seen);
}

/* The result stands; of what it is a task, if it is not final and the client takes tasks. */
static enum call_stage
pursuit_end(struct call *c, bool final)
{
	struct json_fault fault;
	cJSON *result;

	if (final || c->input == NULL || (c->input->can & CAPABILITY_TASKS) == 0)
		return CALL_DONE;
	result = json_parse(buf_str(&c->text), c->text.len, &fault);
	buf_reset(&c->ask);
	if (result != NULL && follow_seal(&c->ask, c->bridge->mcp.key, c->tool, result,
	    c->principal->name, clock_wall_ms()) == 0)
		c->end = CALL_TASK;
	cJSON_Delete(result);
	return CALL_DONE;
}

enum call_stage
pursuit_look(struct call *c)
{
	const struct follow_rule *rule = &c->tool->follow;
	struct json_fault fault;
	struct failure f;
	cJSON *result;

	if (c->pursued == NULL) {
		call_leave(c);
		result = json_parse(buf_str(&c->text), c->text.len, &fault);
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
pursuit_judge(struct call *c, const char *text)
{
	const struct wait_rule *w = &c->tool->follow.look->wait;
	struct timeval pause = { w->every_ms / 1000, w->every_ms % 1000 * 1000 };
	struct wait_progress p;
	cJSON *params;

	if (wait_look(w, c->pursued, text, strlen(text), &p) == -1)
		return pursuit_end(c, false);
	params = c->notify == NULL ? NULL : wait_params(&p);
	if (params != NULL)
		c->notify(c->arg, "notifications/progress", params);
	cJSON_Delete(params);
	if (p.final == p.total || clock_mono_us() + (w->every_ms + LIMIT_TWIN_LEAST_MS) * 1000 >
	    (c->until_us < c->deadline_us ? c->until_us : c->deadline_us)) {
		pursuit_tell(c, text);
		return pursuit_end(c, p.final == p.total);
	}
	evtimer_assign(&c->sleep, c->bridge->base, on_again, c);
	event_add(&c->sleep, &pause);
	return CALL_WAITS;
}

static void
on_looked(void *arg, const struct answer *answer, struct failure *failed)
{
	struct call *c = arg;
	size_t budget = (size_t)c->bridge->settings->result_max;
	struct paging none = { .key = c->bridge->mcp.key };
	enum call_stage next;
	struct failure f;
	struct buf seen;

	buf_init(&seen, budget + LIMIT_CURSOR);
	if (answer == NULL) {
		failure_finish(failed);
		next = pursuit_end(c, false);
	} else if (result_map(&seen, c->tool->follow.look, c->lent, answer, &none, budget, false,
	    NULL, &f) == RESULT_GOOD)
		next = pursuit_judge(c, buf_str(&seen));
	else {
		failure_finish(&f);
		next = pursuit_end(c, false);
	}
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
