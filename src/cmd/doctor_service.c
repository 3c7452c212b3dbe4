/* SPDX-License-Identifier: MIT */
/* doctor_service.c - what the bridge calls: services, who vouches for callers, the store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "cmd/argument.h"
#include "cmd/doctor_part.h"
#include "edge/board.h"
#include "edge/inquiry.h"
#include "edge/sandbox.h"
#include "edge/store.h"
#include "edge/trust.h"
#include "mcp/credential.h"
#include "mcp/mcp.h"
#include "run/bridge.h"
#include "run/metrics.h"
#include "run/settings.h"
#include "run/worker.h"
#include "wire/json.h"

/* What stands against each outcome. */
static const char *
mend_of(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_UNRESOLVED:
		return "write the host's name right, or mend this machine's resolver";
	case OUTCOME_UNREACHABLE:
		return "start what is to listen there, or open the way through the firewall";
	case OUTCOME_UNTRUSTED:
		return "name the authority of its certificate in ca_file, call it by a name that "
		    "is in the certificate, or have that renewed";
	case OUTCOME_TIMEOUT:
		return "open the way through the firewall, or see why it is slow";
	default:
		return "see whether the URL is right, and the log of the other side";
	}
}

/* Reach a URL; whether it is. What it answers to a GET without a credential is its own affair. */
static bool
reach(struct doctor *d, const char *what, const char *url, const struct trust *trust)
{
	struct inquiry q = { .url = url, .trust = trust };
	char part[256];
	int64_t skew;
	bool reached;

	inquiry_make(&q);
	reached = q.outcome == OUTCOME_ANSWERED;
	snprintf(part, sizeof part, "%s reach", what);
	if (reached)
		doctor_say(d, DOCTOR_OK, part, NULL, "%s answers", url);
	else
		doctor_say(d, DOCTOR_FAIL, part, mend_of(q.outcome), "%s: %s", url, q.why);
	snprintf(part, sizeof part, "%s certificate", what);
	if (reached && q.expires_s != -1)
		doctor_expiry(d, part, q.expires_s, "have its owner renew it");
	snprintf(part, sizeof part, "%s clock", what);
	skew = q.date_s - clock_wall_ms() / 1000;
	if (reached && q.date_s != -1)
		doctor_say(d, skew > LIMIT_SKEW_S || skew < -LIMIT_SKEW_S ? DOCTOR_WARN : DOCTOR_OK,
		    part, skew > LIMIT_SKEW_S || skew < -LIMIT_SKEW_S ? "set both clocks by NTP" :
		    NULL, "%lld s from ours", (long long)skew);
	inquiry_finish(&q);
	return reached;
}

/* ====== the credential, by a read ====== */

struct trial {
	const struct tool	*tool;
	int			 status;	/* of the service's answer; 0: there was none */
	char			 code[64];	/* of the failed call; "": it did not fail */
	bool			 asked;
};

static void
on_answer(void *arg, const struct answer *answer)
{
	struct trial *t = arg;

	t->status = answer->status;
}

/* The code of a call that failed. Its hint stays out: the service may have written it. */
static void
read_code(struct trial *t, const struct buf *answer)
{
	struct json_fault fault;
	cJSON *tree = json_parse(buf_str(answer), answer->len, &fault), *failure = NULL;
	const cJSON *result = json_get(tree, "result");
	const char *text = json_str(cJSON_GetArrayItem(json_get(result, "content"), 0), "text");
	const char *code;

	if (result == NULL || json_true(result, "isError")) {
		if (text != NULL)
			failure = json_parse(text, strlen(text), &fault);
		code = json_str(failure, "code");
		snprintf(t->code, sizeof t->code, "%s", code == NULL ? "no result" : code);
	}
	cJSON_Delete(failure);
	cJSON_Delete(tree);
}

static bool
next(void *arg, const struct buf *answer, struct buf *message)
{
	struct trial *t = arg;

	if (t->asked) {
		read_code(t, answer);
		return false;
	}
	t->asked = true;
	buf_puts(message, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":"
	    "{\"name\":");
	json_quote(message, t->tool->name);
	return buf_puts(message, ",\"arguments\":{}}}") == 0;
}

static void
on_request(void *arg, const struct upstream *u, const char *credential)
{
	(void)arg;
	(void)u;
	(void)credential;
}

/* A tool that reads and needs nothing; NULL: the service has none. */
static const struct tool *
harmless(const struct service *service)
{
	const struct tool *t;
	size_t i;

	for (i = 0; i < service->ntools; i++) {
		t = &service->tools[i];
		if (!t->write && t->off == NULL && t->nsteps == 0 &&
		    cJSON_GetArraySize(json_get(t->input, "required")) == 0)
			return t;
	}
	return NULL;
}

/* What the failed call says is wrong: of the credential, of base_url, or of the service. */
static void
say_failure(struct doctor *d, const char *what, const struct trial *t)
{
	static const struct {
		const char *code;
		int status;	/* or this */
		enum verdict verdict;
		const char *mend;
	} *m, mends[] = {
		{ "upstream_unauthorized", 401, DOCTOR_FAIL, "put a credential that is valid, and "
		    "may read, into the file that the service names" },
		{ "upstream_forbidden", 403, DOCTOR_FAIL, "put a credential that is valid, and "
		    "may read, into the file that the service names" },
		{ "upstream_credential", -1, DOCTOR_FAIL, "see whether the token endpoint is "
		    "reached and knows the client" },
		{ "upstream_timeout", -1, DOCTOR_FAIL, "see with those who run the service why it "
		    "is slow" },
		{ "upstream_redirect", -1, DOCTOR_FAIL, "write into base_url where the service "
		    "is, with https if it wants that: redirects are not followed" },
		{ "upstream_unexpected", -1, DOCTOR_FAIL, "see whether host, port and path of "
		    "base_url are the service's: what answers there is not what the service file "
		    "describes" },
		{ "not_found", 404, DOCTOR_FAIL, "see whether host, port and path of base_url are "
		    "the service's" },
		{ "rate_limited", 429, DOCTOR_OK, NULL },
		{ NULL, 0, DOCTOR_WARN, "see whether base_url is right, and the service's own "
		    "state" },
	};

	for (m = mends; m->code != NULL && strcmp(m->code, t->code) != 0 &&
	    m->status != t->status; m++)
		;
	if (t->status == 0)
		doctor_say(d, DOCTOR_FAIL, what, m->mend, "%s has no answer (%s)", t->tool->name,
		    t->code);
	else
		doctor_say(d, m->verdict, what, m->mend, "%s is answered %d (%s)", t->tool->name,
		    t->status, t->code);
}

static void
try_credential(struct doctor *d, const struct service *service)
{
	struct settings s = *d->settings;
	struct trial t = { .tool = harmless(service) };
	const struct bridge_watch watch = {
		.request = on_request, .answer = on_answer, .arg = &t,
	};
	const struct worker_talk talk = { .next = next, .arg = &t, .watch = &watch };
	const struct credential *credential = service_credential(service, MCP_OPERATOR);
	struct metrics metrics = { 0 };
	char what[256], why[LIMIT_REASON], none[] = "";

	snprintf(what, sizeof what, "service %s credential", service->name);
	if (t.tool == NULL) {
		doctor_say(d, DOCTOR_OK, what, NULL, "not tried: no tool reads without arguments");
		return;
	}
	if (credential != NULL && credential->client != NULL && credential->client->exchanges) {
		doctor_say(d, DOCTOR_OK, what, NULL, "not tried: it is got for a caller's token");
		return;
	}
	/* One try of this process, which leaves nothing behind and goes on. */
	s.sandbox = SANDBOX_OFF;
	s.store = none;
	s.upstream_retries = 0;
	s.upstream_timeout_ms = s.request_timeout_ms = LIMIT_INQUIRY_S * 1000;
	metrics.board = board_open("", -1, why, sizeof why);
	if (metrics.board == NULL || worker_talk(&s, &metrics, &talk) != EXIT_PLANNED)
		doctor_say(d, DOCTOR_FAIL, what, "free memory or descriptors", "cannot be tried");
	else if (t.code[0] != '\0')
		say_failure(d, what, &t);
	else
		doctor_say(d, DOCTOR_OK, what, NULL, "%s is answered %d", t.tool->name, t.status);
	board_close(metrics.board);
}

/* The files that "auth" of a service file names, as far as they are there. */
static void
look_at_secrets(struct doctor *d, const char *what, const struct service *service,
    const cJSON *auth)
{
	const char *name = json_str(auth, "file");
	char *path = name == NULL ? NULL : file_beside(service->file, name);
	const cJSON *part;

	/* The configuration may name another in its place. */
	if (path != NULL && access(path, F_OK) == 0)
		doctor_host_secret(d, what, path);
	free(path);
	cJSON_ArrayForEach(part, auth)
		look_at_secrets(d, what, service, part);
}

static void
look_at_service(struct doctor *d, const struct service *service)
{
	char what[256];
	int64_t expires;

	snprintf(what, sizeof what, "service %s client certificate", service->name);
	expires = service->certificate_file == NULL ? -1 : trust_expiry(service->certificate_file);
	if (expires != -1)
		doctor_expiry(d, what, expires, "have it renewed and replace certificate and key");
	snprintf(what, sizeof what, "service %s secret", service->name);
	look_at_secrets(d, what, service, json_get(service->root, "auth"));
	if (service->key_file != NULL)
		doctor_host_secret(d, what, service->key_file);
	snprintf(what, sizeof what, "service %s", service->name);
	if (reach(d, what, service->base_url, settings_trust(d->settings, service)))
		try_credential(d, service);
}

/* Whether the caller of a key has another that is valid, and not to end soon. */
static bool
has_successor(const struct apikey_set *all, size_t i)
{
	int64_t soon = clock_wall_ms() + LIMIT_EXPIRY_DAYS * INT64_C(86400000);
	const struct apikey *k;

	for (k = all->keys; k < all->keys + all->count; k++)
		if (k != &all->keys[i] && strcmp(k->name, all->keys[i].name) == 0 &&
		    (k->expires_ms == 0 || k->expires_ms > soon))
			return true;
	return false;
}

static void
look_at_callers(struct doctor *d)
{
	const struct settings *s = d->settings;
	char what[256];
	size_t i;

	if (s->auth_methods == 0)
		doctor_say(d, DOCTOR_WARN, "auth", "set auth = api_key or jwt unless the web "
		    "server lets nobody else in", "none: whoever reaches the web server may call "
		    "every tool");
	for (i = 0; s->auth_methods & AUTH_API_KEY && i < s->api_keys.count; i++) {
		if (s->api_keys.keys[i].expires_ms == 0 || has_successor(&s->api_keys, i))
			continue;
		snprintf(what, sizeof what, "API key of %s", s->api_keys.keys[i].name);
		doctor_expiry(d, what, s->api_keys.keys[i].expires_ms / 1000,
		    "make a second one with ums-mcp key new, then revoke --older");
	}
	if (s->auth_methods & AUTH_API_KEY && s->api_keys.count == 0)
		doctor_say(d, DOCTOR_WARN, "api_keys_file", "make a key with ums-mcp key new NAME",
		    "there is no key: nobody can call");
	if (s->auth_methods & AUTH_JWT && s->jwks_file == NULL)
		reach(d, "jwks", s->jwks, s->auth_trust);
	if (s->auth_methods & AUTH_INTROSPECTION)
		reach(d, "introspection_url", s->introspection_url, s->auth_trust);
}

static void
look_at_store(struct doctor *d)
{
	struct store_settings where;
	struct store_state state;
	char why[LIMIT_REASON];

	if (d->settings->store[0] == '\0') {
		doctor_say(d, DOCTOR_WARN, "store", "name a file in store, or redis://HOST",
		    "there is none: what is sent is not written down");
		return;
	}
	settings_store(d->settings, &where);
	if (strstr(where.where, "://") == NULL)
		return;
	if (store_look(&where, &state, why, sizeof why) == -1) {
		doctor_say(d, DOCTOR_FAIL, "store", "start Redis, or mend the address or the "
		    "password", "%s", why);
		return;
	}
	doctor_say(d, DOCTOR_OK, "store", NULL, "Redis answers");
	if (state.policy[0] != '\0')
		doctor_say(d, state.evicts ? DOCTOR_FAIL : DOCTOR_OK, "store maxmemory-policy",
		    state.evicts ? "set maxmemory-policy noeviction in redis.conf" : NULL, "%s",
		    state.policy);
	if (state.policy[0] != '\0')
		doctor_say(d, state.appends ? DOCTOR_OK : DOCTOR_WARN, "store appendonly",
		    state.appends ? NULL : "set appendonly yes in redis.conf", state.appends ?
		    "yes" :
		    "no: a restart of Redis loses what was written down");
}

void
doctor_service(struct doctor *d)
{
	size_t i;

	look_at_callers(d);
	look_at_store(d);
	for (i = 0; i < d->settings->catalog.nservices; i++)
		look_at_service(d, &d->settings->catalog.services[i]);
}
