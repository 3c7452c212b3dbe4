/* SPDX-License-Identifier: MIT */
/* errand.c - steps and request: begun, sent, answered, sent again; see errand.h. */
#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "edge/fetch.h"
#include "mcp/answer.h"
#include "mcp/credential.h"
#include "mcp/failure.h"
#include "mcp/principal.h"
#include "mcp/result.h"
#include "mcp/retry.h"
#include "mcp/service.h"
#include "mcp/signer.h"
#include "mcp/upstream.h"
#include "run/bridge.h"
#include "run/errand.h"
#include "run/grant.h"
#include "run/limit.h"
#include "run/metrics.h"
#include "run/settings.h"
#include "wire/json.h"

static int	errand_go(struct errand *, struct failure *);
static int	errand_send(struct errand *, struct failure *);
static int	errand_obey(struct errand *, enum plan_step, const struct answer *,
		    struct failure *);
static int	errand_take(struct errand *, const struct answer *, struct failure *);
static int	on_message(void *, const char *, const char *, const char *, size_t,
		    struct buf *);
static int	on_event(void *, const char *, const char *, const char *, size_t, struct buf *);
static void	on_opened(void *);
static void	on_granted(void *);
static void	on_answer(void *, const struct answer *);
static void	on_awake(evutil_socket_t, short, void *);

int
errand_start(struct errand *e, struct failure *f)
{
	e->grant.done = on_granted;
	e->grant.arg = e;
	return value_fill(e->tool, e->args, f) == -1 ? -1 : errand_go(e, f);
}

int
errand_repeat(struct errand *e, struct failure *f)
{
	/* What is derived is of the other arguments now. */
	return value_fill(e->tool, e->args, f) == -1 ? -1 : errand_go(e, f);
}

void
errand_finish(struct errand *e)
{
	if (e->fetch != NULL)
		fetch_cancel(e->fetch);
	e->fetch = NULL;
	flight_leave(&e->grant);
	step_search_finish(&e->search);
	buf_finish(&e->heard);
	if (event_initialized(&e->sleep))
		event_del(&e->sleep);
}

static bool
is_last(const struct errand *e)
{
	return e->at == e->tool->nsteps;
}

int64_t
errand_heard_us(const struct errand *e)
{
	return e->fetch == NULL ? 0 : fetch_heard_us(e->fetch);
}

bool
errand_is_unclear(const struct errand *e)
{
	return e->maybe_done || (e->request != NULL && e->tool->write && is_last(e) &&
	    (e->plan.maybe_done || (e->fetch != NULL && fetch_begun(e->fetch))));
}

static int64_t
left_ms(const struct errand *e)
{
	return (e->deadline_us - clock_mono_us()) / 1000;
}

/*
 * Whether what came first has taken the time: sent now the answer would come too late, and of a
 * write nobody would know what it did. Then the failure is in `f`.
 */
static bool
errand_is_late(const struct errand *e, struct failure *f)
{
	if (left_ms(e) >= LIMIT_RETRY_LEAST_MS)
		return false;
	failure_init(f, "upstream_timeout", 504, "what had to be done first took all of the time; "
	    "nothing was done; repeat later");
	f->retryable = true;
	return true;
}

static int
fail_memory(struct failure *f)
{
	failure_init(f, "internal", 500, "the bridge could not make the request; nothing was done; "
	    "repeat later");
	f->retryable = true;
	return -1;
}

/* It failed in the loop. */
static void
errand_fail(struct errand *e, struct failure *f)
{
	e->done(e->arg, NULL, f);
}

/* From `at` on: the next step that is needed, or else the request. 0 or -1 (memory). */
static int
errand_choose(struct errand *e)
{
	const struct tool *t = e->tool;
	int needed;

	for (; e->at < t->nsteps; e->at++) {
		needed = step_is_needed(&t->steps[e->at], e->args);
		if (needed == -1)
			return -1;
		if (needed == 1)
			break;
	}
	e->request = is_last(e) ? &t->request : &t->steps[e->at].request;
	return 0;
}

/* Begin with the request that was chosen. */
static int
errand_begin(struct errand *e, struct failure *f)
{
	const struct tool *t = e->tool;
	const struct plan_news start = { .event = PLAN_START };

	e->after_ms = 0;
	e->plan = (struct plan){
		.write = t->write && is_last(e), .repeatable = e->repeatable || !is_last(e),
		.retries = e->ear != NULL ? 0 : (unsigned)e->bridge->settings->upstream_retries,
		.maybe_done = e->maybe_done && is_last(e),
	};
	return errand_obey(e, plan_next(&e->plan, &start), NULL, f);
}

static int
errand_go(struct errand *e, struct failure *f)
{
	return errand_choose(e) == -1 ? fail_memory(f) : errand_begin(e, f);
}

/* As whom: 0 with the header line (NULL: none is needed), 1 to wait for it, -1 with the failure. */
static int
errand_credential(struct errand *e, const char **line, struct failure *f)
{
	const struct service *service = e->tool->service;
	const struct credential *credential = service_credential(service, e->principal->name);
	struct flight_value value;

	e->granted_ms = 0;
	*line = e->request->to != NULL ? NULL : credential->line;
	if (credential->client == NULL || e->request->to != NULL)
		return 0;
	switch (grant_get(e->bridge->grants, service, credential, e->principal, e->after_ms, &value,
	    &e->grant)) {
	case FLIGHT_WAITS:
		return 1;
	case FLIGHT_HERE:
		*line = value.data;
		e->granted_ms = value.born_ms;
		return 0;
	case FLIGHT_FAILED:
		break;
	}
	failure_init(f, "upstream_credential", 502, "the bridge has no token for the service now "
	    "(%s); nothing was done; repeat the call later, or tell the operator", value.why);
	f->retryable = true;
	return -1;
}

static void
on_granted(void *arg)
{
	struct errand *e = arg;
	struct failure f;

	if (errand_is_late(e, &f) || errand_send(e, &f) == -1)
		errand_fail(e, &f);
}

/* What the credential adds to the URL; not to one of a service's word. */
static int
errand_path(const struct errand *e, struct upstream *u)
{
	const struct credential *c = service_credential(e->tool->service, e->principal->name);

	return c->path == NULL || e->request->to != NULL ? 0 :
	    upstream_path(u, c->path, c->secret_at, c->secret_len);
}

/* What goes with every request besides its credential; not to where a service's word sends us. */
static int
errand_trace(const struct errand *e, struct upstream *u)
{
	return e->request->to == NULL && (upstream_header(u, "traceparent", e->traceparent) == -1 ||
	    (e->tracestate != NULL &&
	    upstream_header(u, "tracestate", e->tracestate) == -1)) ? -1 : 0;
}

/* All of a request but the header of its credential: built, with its trace, signed. */
static int
errand_build(const struct errand *e, struct upstream *u, struct failure *f)
{
	const struct credential *credential = service_credential(e->tool->service,
	    e->principal->name);
	uint8_t nonce[SIGNER_NONCE];

	if (upstream_build(u, e->request, e->args, f) == -1)
		return -1;
	if (errand_trace(e, u) == -1 || errand_path(e, u) == -1)
		return fail_memory(f);
	if (e->request->to != NULL || credential->signer == NULL)
		return 0;
	return crypto_random(nonce, sizeof nonce) == -1 ? fail_memory(f) :
	    signer_sign(credential->signer, u, clock_wall_ms(), nonce, f);
}

int
errand_rehearse(struct errand *e, struct failure *f)
{
	const struct bridge_watch *watch = e->bridge->watch;
	const struct credential *credential = service_credential(e->tool->service,
	    e->principal->name);
	struct upstream u;
	int result;

	if (value_fill(e->tool, e->args, f) == -1)
		return -1;
	if (errand_choose(e) == -1)
		return fail_memory(f);
	result = errand_build(e, &u, f);
	if (result == 0)
		watch->request(watch->arg, &u, e->request->to != NULL ? NULL :
		    credential->client == NULL ? credential->line : "Authorization: Bearer ");
	upstream_finish(&u);
	return result;
}

/* Send the request that is built. */
static int
errand_dispatch(struct errand *e, struct upstream *u, const char *line)
{
	const struct settings *s = e->bridge->settings;
	const struct tool *t = e->tool;
	long timeout_ms = t->timeout_ms > 0 ? t->timeout_ms : (long)s->upstream_timeout_ms;
	int64_t left = left_ms(e);

	/* libcurl, too, sends again by itself what the plan would. */
	u->once = e->plan.write && !e->plan.repeatable;
	/* After a burst many may be kept that the service has closed meanwhile. */
	u->fresh = e->broken;
	u->event = e->ear != NULL ? on_event : t->streams && is_last(e) ? on_message : NULL;
	u->opened = e->ear != NULL ? on_opened : NULL;
	if (timeout_ms > left)
		timeout_ms = left < 1 ? 1 : (long)left;
	e->fetched_us = clock_mono_us();
	if (e->bridge->watch != NULL)
		e->bridge->watch->request(e->bridge->watch->arg, u, line);
	if (line != NULL && upstream_line(u, line) == -1)
		return -1;
	if (e->ear != NULL && e->ear->last_id[0] != '\0' &&
	    upstream_header(u, "Last-Event-ID", e->ear->last_id) == -1)
		return -1;
	e->fetch = fetch_start(e->ear != NULL ? e->bridge->feeder : e->bridge->fetcher, u,
	    e->request->to != NULL ? settings_trust_given(s, t->service) :
	    settings_trust(s, t->service), timeout_ms, on_answer, e);
	return e->fetch == NULL ? -1 : 0;
}

/* Make the request, with the token that it may have to wait for. */
static int
errand_send(struct errand *e, struct failure *f)
{
	struct upstream u;
	const char *line;
	int result = errand_credential(e, &line, f);

	if (result != 0)
		return result == 1 ? 0 : -1;
	if (e->outcome != NULL && errand_is_late(e, f))
		return -1;
	result = errand_build(e, &u, f);
	if (result == 0 && errand_dispatch(e, &u, line) == -1)
		result = fail_memory(f);
	upstream_finish(&u);
	return result;
}

/* What a fetch has to say besides its answer. */
static void
errand_learn(struct errand *e, const struct answer *answer)
{
	const struct service *service = e->tool->service;
	int64_t now = clock_mono_us(), us = now - e->fetched_us;
	bool well = answer->outcome == OUTCOME_ANSWERED && answer->status < 500;

	e->fetch = NULL;
	e->us += us;
	e->broken = answer->outcome == OUTCOME_BROKEN || answer->outcome == OUTCOME_REFUSED;
	e->status = answer->status;
	e->outcome = answer_outcome(answer->outcome);
	e->why = answer->why;
	if (e->ear != NULL)
		return;
	metrics_upstream(e->bridge->metrics, service->name, e->outcome, us, answer->connects,
	    answer->sent);
	/* Of how the service is a step that went well says nothing, and another origin neither. */
	if (e->request->to == NULL && (is_last(e) || !well)) {
		limit_learn(&e->bridge->limit, service, answer, now);
		e->probes = e->probes && answer->outcome == OUTCOME_INTERNAL;
	}
	if (e->bridge->watch != NULL)
		e->bridge->watch->answer(e->bridge->watch->arg, answer);
}

/* Do what the plan says; 0, or -1 with the failure. */
static int
errand_obey(struct errand *e, enum plan_step step, const struct answer *answer, struct failure *f)
{
	struct timeval pause = clock_timeval(e->plan.wait_ms);

	switch (step) {
	case PLAN_FETCH:
		if (e->plan.tries > 1)
			metrics_retry(e->bridge->metrics, e->tool->service->name, e->plan.reason);
		if (e->plan.renews && e->after_ms == 0)
			e->after_ms = e->granted_ms;
		return errand_send(e, f);
	case PLAN_SLEEP:
		evtimer_assign(&e->sleep, e->bridge->base, on_awake, e);
		event_add(&e->sleep, &pause);
		return 0;
	case PLAN_DONE:
		break;
	}
	if (!is_last(e))
		return errand_take(e, answer, f);
	e->done(e->arg, answer, NULL);
	return 0;
}

/* A step has been answered: with what it brings it goes on. */
static int
errand_take(struct errand *e, const struct answer *answer, struct failure *f)
{
	size_t budget = (size_t)e->bridge->settings->result_max;
	cJSON *document = result_document(e->tool, e->args, answer, budget, f);
	int result;

	if (document == NULL)
		return -1;
	result = step_take(&e->tool->steps[e->at], e->args, &e->search, answer, document, f);
	cJSON_Delete(document);
	if (result == 1)
		return errand_begin(e, f);	/* the next page */
	step_search_finish(&e->search);
	e->at++;
	if (result == 0)
		return errand_go(e, f);
	f->candidates = result_candidates(f->candidates, budget / 2);
	return -1;
}

/* The secret of the path that a request goes to, which nobody may be told; NULL: it has none. */
static const char *
errand_secret(const struct errand *e, size_t *len)
{
	const struct credential *credential = service_credential(e->tool->service,
	    e->principal->name);

	*len = credential->secret_len;
	return credential->path == NULL || e->request->to != NULL ? NULL :
	    credential->path + credential->secret_at;
}

/*
 * A service that says its URL back says the token in it: hide that from whatever reads the answer.
 * Without memory there is none.
 */
static void
errand_hide(struct errand *e, struct answer *a)
{
	size_t len;
	const char *secret = errand_secret(e, &len);
	char *at, *end;

	if (secret == NULL || a->len == 0 || memmem(a->body, a->len, secret, len) == NULL)
		return;
	buf_finish(&e->heard);
	buf_init(&e->heard, a->len);
	if (buf_append(&e->heard, a->body, a->len) == -1) {
		a->len = 0;
		return;
	}
	end = e->heard.data + e->heard.len;
	for (at = e->heard.data; (at = memmem(at, (size_t)(end - at), secret, len)) != NULL;
	    at += len)
		memset(at, '*', len);
	a->body = e->heard.data;
}

/* A message of the service's stream: something to be said now, or last its answer. */
static int
on_message(void *arg, const char *type, const char *id, const char *data, size_t len,
    struct buf *answer)
{
	struct errand *e = arg;
	struct json_fault fault;
	cJSON *message = json_parse(data, len, &fault);
	const cJSON *document = json_get(message, "result");
	const char *method = json_str(message, "method"), *secret;
	size_t secret_len;
	int result = -1;

	(void)type;
	(void)id;
	secret = errand_secret(e, &secret_len);
	if (method != NULL && json_get(message, "id") == NULL) {
		if (e->notify != NULL &&
		    (secret == NULL || memmem(data, len, secret, secret_len) == NULL))
			e->notify(e->listener, method, json_get(message, "params"));
		result = 0;
	} else if (document != NULL)
		result = json_print(answer, document) == 0 ? 1 : -1;
	cJSON_Delete(message);
	return result;
}

/* An event of a stream that lasts. */
static int
on_event(void *arg, const char *type, const char *id, const char *data, size_t len,
    struct buf *answer)
{
	struct errand *e = arg;

	(void)answer;
	e->ear->event(e->ear->arg, type, id, data, len);
	return 0;
}

static void
on_opened(void *arg)
{
	struct errand *e = arg;

	e->ear->opened(e->ear->arg);
}

static void
on_answer(void *arg, const struct answer *came)
{
	struct errand *e = arg;
	struct failure f;
	struct answer answer = *came;
	struct plan_news news = {
		.event = PLAN_ANSWER, .answer = &answer, .left_ms = left_ms(e),
		.renewable = e->granted_ms != 0,
	};

	errand_hide(e, &answer);
	/* However the service says it, all that follows heeds it. */
	answer.retry_after_s = retry_read_s(&e->tool->retry, came);
	news.unclear = e->plan.write && result_is_unclear(e->tool, &answer);
	bridge_random(e->bridge, &news.chance, sizeof news.chance);
	errand_learn(e, &answer);
	if (errand_obey(e, plan_next(&e->plan, &news), &answer, &f) == -1)
		errand_fail(e, &f);
}

static void
on_awake(evutil_socket_t fd, short what, void *arg)
{
	const struct plan_news news = { .event = PLAN_WOKEN };
	struct errand *e = arg;
	struct failure f;

	(void)fd;
	(void)what;
	if (errand_obey(e, plan_next(&e->plan, &news), NULL, &f) == -1)
		errand_fail(e, &f);
}
