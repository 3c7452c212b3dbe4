/* SPDX-License-Identifier: MIT */
/*
 * consent.c - the stages of a call that are about a person: CONFIRM, whether one has to agree and
 * has, and SPEND, which believes a token once; see call.h.
 */
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "edge/store.h"
#include "mcp/capability.h"
#include "mcp/failure.h"
#include "mcp/pick.h"
#include "mcp/principal.h"
#include "mcp/service.h"
#include "run/bridge.h"
#include "run/call_part.h"
#include "run/metrics.h"
#include "run/settings.h"
#include "wire/json.h"

static void	on_preview(void *, const struct answer *, struct failure *);
static void	on_spent(void *, const struct store_reply *);

/* ====== CONFIRM: does a person have to agree ====== */

static void
consent_init(const struct call *c, struct confirm *confirm, enum confirm_use use)
{
	*confirm = (struct confirm){
		.key = c->bridge->mcp.key, .caller = c->principal->name, .use = use,
		.tool = c->tool->previews ? c->tool->previewed : c->tool,
	};
	memcpy(confirm->digest, c->digest, CRYPTO_DIGEST);
}

int
consent_token(const struct call *c, struct buf *out, enum confirm_use use, const char *state)
{
	uint8_t nonce[CONFIRM_NONCE];
	struct confirm confirm;

	consent_init(c, &confirm, use);
	return crypto_random(nonce, sizeof nonce) == -1 ? -1 : confirm_seal(out, &confirm,
	    clock_wall_ms() + c->bridge->settings->confirm_ttl_s * 1000, nonce, state);
}

int
consent_add_token(struct call *c)
{
	call_open_result(c);
	buf_puts(&c->text, "\"confirm_token\":\"");
	if (consent_token(c, &c->text, CONFIRM_PREVIEW, "") == -1)
		return -1;
	return buf_puts(&c->text, "\"}");
}

/* Ask: the client's person by a question, or else by the model. */
static enum call_stage
consent_ask_model(struct call *c, const char *preview)
{
	struct buf token;
	struct failure f;

	metrics_confirmation(c->bridge->metrics, "asked");
	buf_init(&token, LIMIT_CURSOR);
	if (consent_token(c, &token, CONFIRM_PREVIEW, "") == -1) {
		buf_finish(&token);
		return call_fail_memory(c);
	}
	confirm_required(&f, c->tool, c->args, buf_str(&token), preview);
	buf_finish(&token);
	return call_fail(c, &f);
}

static enum call_stage
consent_ask_person(struct call *c, const char *preview)
{
	metrics_confirmation(c->bridge->metrics, "asked");
	buf_finish(&c->text);
	buf_init(&c->text, 2 * LIMIT_QUESTION);
	if (consent_token(c, &c->ask, CONFIRM_QUESTION, "") == -1 ||
	    confirm_question(&c->text, c->tool, c->args, preview) == -1)
		return call_fail_memory(c);
	c->end = CALL_ASKS;
	return call_over(c);
}

/* Ask with a preview, or NULL, the way that the client can be asked. */
static enum call_stage
consent_ask(struct call *c, const char *preview)
{
	return c->input != NULL && (c->input->can & CAPABILITY_ELICITATION) != 0 ?
	    consent_ask_person(c, preview) : consent_ask_model(c, preview);
}

/* Show what arguments alone can show. */
static enum call_stage
consent_show(struct call *c)
{
	cJSON *args = call_lend(c), *shown = NULL;
	enum call_stage next;
	struct failure f;
	struct buf text;
	const char *why;

	if (args == NULL)
		return call_fail_memory(c);
	if (value_fill(c->tool, args, &f) == -1)
		return call_fail(c, &f);
	buf_init(&text, (size_t)c->bridge->settings->result_max);
	if (pick_apply(c->tool->shows, NULL, args, &shown, &why) == 0)
		json_print(&text, shown);
	next = text.len == 0 || text.failed ? call_fail_memory(c) :
	    consent_ask(c, buf_str(&text));
	cJSON_Delete(shown);
	buf_finish(&text);
	return next;
}

/* A person must agree: to what the tool's preview shows, if it has one. */
static enum call_stage
consent_preview(struct call *c)
{
	const struct tool *preview = c->tool->preview;
	struct failure f;
	cJSON *args;

	if (c->tool->shows != NULL)
		return consent_show(c);
	if (preview == NULL)
		return consent_ask(c, NULL);
	if (!call_enter(c, preview, &f))
		return call_fail(c, &f);
	args = call_lend(c);
	return args == NULL ? call_fail_memory(c) :
	    call_ask_service(c, preview, args, true, on_preview);
}

/*
 * A question that a service asked has been answered: what it gave with it comes back. Whoever got
 * so far has agreed before. Whether the state is one of those.
 */
bool
consent_resume(struct call *c)
{
	struct confirm confirm;

	consent_init(c, &confirm, CONFIRM_ROUND);
	buf_reset(&c->state);
	c->returns = confirm_open(&confirm, c->input->state, clock_wall_ms(), c->token,
	    &c->state) == CONFIRM_GOOD;
	/* Of what needs an agreement a second use would send again what was agreed to once. */
	c->spends = c->returns && c->policy == POLICY_CONFIRM;
	return c->returns;
}

/* Our question has been answered with its state. */
static enum call_stage
consent_heed(struct call *c)
{
	struct confirm confirm;
	int said = confirm_answer(c->input->responses);

	consent_init(c, &confirm, CONFIRM_QUESTION);
	if (confirm_open(&confirm, c->input->state, clock_wall_ms(), c->token, NULL) !=
	    CONFIRM_GOOD) {
		metrics_confirmation(c->bridge->metrics, "false");
		c->end = CALL_FALSE_STATE;
		return call_over(c);
	}
	if (said == -1)
		return consent_preview(c);
	if (said == 0) {
		metrics_confirmation(c->bridge->metrics, "declined");
		c->declined = true;
		return CALL_SPEND;
	}
	c->spends = true;
	return CALL_LIMIT;
}

enum call_stage
consent_confirm(struct call *c)
{
	const char *token = json_str(c->args, "confirm_token");
	enum confirm_verdict verdict;
	struct confirm confirm;
	struct failure f;

	if (c->policy != POLICY_CONFIRM || c->returns)
		return CALL_LIMIT;
	/* What a client was asked it answers with the state; else with the token. */
	if (c->input != NULL && c->input->state != NULL)
		return consent_heed(c);
	if (token == NULL ||
	    (c->input != NULL && (c->input->can & CAPABILITY_ELICITATION) != 0))
		return consent_preview(c);
	consent_init(c, &confirm, CONFIRM_PREVIEW);
	verdict = confirm_open(&confirm, token, clock_wall_ms(), c->token, NULL);
	if (verdict == CONFIRM_GOOD) {
		c->spends = true;
		return CALL_LIMIT;
	}
	metrics_confirmation(c->bridge->metrics,
	    verdict == CONFIRM_EXPIRED ? "expired" : "false");
	failure_init(&f, "confirm_token_invalid", 403, verdict == CONFIRM_EXPIRED ?
	    "nothing was done: the confirm_token has expired; call without it, and ask "
	    "again" : "nothing was done: the confirm_token is not one for exactly these "
	    "arguments; call without it, and ask again");
	return call_fail(c, &f);
}

static void
on_preview(void *arg, const struct answer *answer, struct failure *failed)
{
	struct call *c = arg;
	struct paging none = { .key = c->bridge->mcp.key };
	enum result_fate result;
	enum call_stage next;
	struct buf preview;
	struct failure f;

	if (answer == NULL) {
		call_resume(c, call_fail(c, failed));
		return;
	}
	buf_init(&preview, (size_t)c->bridge->settings->result_max);
	result = result_map(&preview, c->tool->preview, c->errand.args, answer, &none, preview.cap,
	    false, NULL, &f);
	/* What cannot be previewed could not be sent: the model is told why. */
	if (result != RESULT_GOOD)
		next = call_fail(c, &f);
	else
		next = consent_ask(c, buf_str(&preview));
	buf_finish(&preview);
	call_resume(c, next);
}

/* ====== SPEND: it is believed once ====== */

enum call_stage
consent_spend(struct call *c)
{
	const struct store_reply none = { .result = STORE_FAILED, .why = "there is no store" };
	uint8_t tag[RECORD_TAG];

	if (c->bridge->store == NULL)
		return claim_without_store(c, &none, CALL_DONE);
	memcpy(tag, c->token, sizeof tag);
	c->op = store_add(c->bridge->store, c->token, tag, sizeof tag, LIMIT_SPENT_MS, on_spent, c);
	return c->op == NULL ? call_fail_memory(c) : CALL_WAITS;
}

static void
on_spent(void *arg, const struct store_reply *reply)
{
	struct call *c = arg;
	struct failure f;

	c->op = NULL;
	if (c->declined && (reply->result == STORE_DONE || reply->result == STORE_FOUND)) {
		failure_init(&f, "declined", 403, "the person did not agree; nothing was done; do "
		    "not repeat the call unless they ask for it");
		call_resume(c, call_fail(c, &f));
		return;
	}
	switch (reply->result) {
	case STORE_DONE:
		c->spent = true;
		if (!c->claimed)
			c->fate = RESULT_NOTHING;	/* until something was sent */
		metrics_confirmation(c->bridge->metrics, "agreed");
		call_resume(c, c->claimed ? CALL_SEND : CALL_RUN);
		return;
	case STORE_FOUND:
		metrics_confirmation(c->bridge->metrics, "used");
		failure_init(&f, "confirm_token_used", 403, "nothing was done: this confirm_token "
		    "was used before; call without it, and ask again");
		call_resume(c, call_fail(c, &f));
		return;
	default:
		call_resume(c, claim_without_store(c, reply, CALL_DONE));
	}
}

