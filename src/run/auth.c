/* SPDX-License-Identifier: MIT */
/*
 * auth.c - a credential is an API key, a JWT or an opaque token; each has its judge. What was
 * verified once is known by its digest until it expires: a place in a small table, whose oldest
 * makes room. See auth.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "base/log.h"
#include "mcp/answer.h"
#include "mcp/apikey.h"
#include "mcp/oauth.h"
#include "mcp/principal.h"
#include "mcp/service.h"
#include "mcp/upstream.h"
#include "run/auth.h"
#include "run/bridge.h"
#include "run/metrics.h"
#include "run/settings.h"
#include "wire/http.h"
#include "wire/jwk.h"
#include "wire/jwt.h"

#define WAYS	4	/* places that a digest may take */

struct seen {
	uint8_t			 digest[CRYPTO_DIGEST];
	struct principal	*principal;	/* NULL: the place is free */
	const char		*method;	/* by which it was verified; for metrics */
	int64_t			 until_us;	/* monotonic: then it is looked at again */
	uint64_t		 used;		/* by the count of uses; the least makes room */
};

struct auth {
	struct bridge		*bridge;
	struct flight_kind	 keys_kind, token_kind;
	struct jwk_set		*keys;		/* parsed from what was born then */
	uint8_t			 keys_digest[CRYPTO_DIGEST];
	int64_t			 keys_born_ms;
	int64_t			 looked_ms;	/* when that was looked at last */
	struct principal	*anybody, *operator;
	uint64_t		 uses;
	struct seen		 seen[LIMIT_TOKENS];
};

/* What an introspection is made of. */
struct question {
	const struct settings	*settings;
	const char		*token;
};

static void	keys_look(struct auth *);
static enum auth_verdict judge_user(struct auth *, struct auth_case *,
		    const struct http_request *);
static enum auth_verdict judge_key(struct auth *, struct auth_case *, const char *);
static enum auth_verdict judge_jwt(struct auth *, struct auth_case *, const char *,
		    const uint8_t *);
static enum auth_verdict judge_opaque(struct auth *, struct auth_case *, const char *,
		    const uint8_t *);
static int	build_keys(void *, struct upstream *);
static int	take_keys(const struct flight_kind *, const struct answer *, struct buf *,
		    struct flight_life *, const char **);
static int	build_question(void *, struct upstream *);
static int	take_word(const struct flight_kind *, const struct answer *, struct buf *,
		    struct flight_life *, const char **);

/* A kind of flight that knows the settings it is for. */
#define AUTH_OF(kind, member) \
	((const struct auth *)(const void *)((const char *)(kind) - offsetof(struct auth, member)))

struct auth *
auth_create(struct bridge *b)
{
	const struct settings *s = b->settings;
	struct auth *a = calloc(1, sizeof *a);

	if (a == NULL)
		return NULL;
	a->bridge = b;
	a->anybody = principal_create(MCP_ANONYMOUS, NULL, NULL, 0);
	a->operator = principal_create(MCP_OPERATOR, NULL, NULL, 0);
	if (a->anybody == NULL || a->operator == NULL) {
		auth_destroy(a);
		return NULL;
	}
	a->keys_kind = (struct flight_kind){
		.what = "jwks", .from = s->issuer, .trust = s->auth_trust, .stored = true,
		.pause_ms = s->jwks_pause_s * 1000, .build = build_keys, .take = take_keys,
	};
	a->token_kind = (struct flight_kind){
		.what = "introspection", .from = s->issuer, .trust = s->auth_trust,
		.build = build_question, .take = take_word,
	};
	return a;
}

void
auth_destroy(struct auth *a)
{
	size_t i;

	if (a == NULL)
		return;
	for (i = 0; i < LIMIT_TOKENS; i++)
		principal_drop(a->seen[i].principal);
	principal_drop(a->anybody);
	principal_drop(a->operator);
	jwk_set_destroy(a->keys);
	free(a);
}

void
auth_case_finish(struct auth_case *c)
{
	flight_leave(&c->wait);
	principal_drop(c->principal);
	c->principal = NULL;
}

/* ====== tokens that were seen before ====== */

/* The place of a digest: its own, or the one to be used for it. */
static struct seen *
seen_place(struct auth *a, const uint8_t digest[CRYPTO_DIGEST])
{
	struct seen *set, *place;
	uint32_t number;
	size_t i;

	memcpy(&number, digest, sizeof number);
	set = &a->seen[number % (LIMIT_TOKENS / WAYS) * WAYS];
	for (i = 0, place = set; i < WAYS; i++) {
		if (set[i].principal != NULL && memcmp(set[i].digest, digest, CRYPTO_DIGEST) == 0)
			return &set[i];
		if (set[i].used < place->used)
			place = &set[i];
	}
	return place;
}

static void
seen_forget(struct seen *s)
{
	principal_drop(s->principal);
	s->principal = NULL;
	s->used = 0;
}

static struct seen *
seen_find(struct auth *a, const uint8_t digest[CRYPTO_DIGEST])
{
	struct seen *s = seen_place(a, digest);

	if (s->principal == NULL || memcmp(s->digest, digest, CRYPTO_DIGEST) != 0)
		return NULL;
	/* By both clocks: the one may be set. */
	if (clock_wall_ms() >= s->principal->expires_ms || clock_mono_us() >= s->until_us) {
		seen_forget(s);
		return NULL;
	}
	s->used = ++a->uses;
	return s;
}

static void
seen_keep(struct auth *a, const uint8_t digest[CRYPTO_DIGEST], struct principal *p,
    const char *method)
{
	struct seen *s = seen_place(a, digest);
	int64_t left_ms = p->expires_ms - clock_wall_ms();

	principal_drop(s->principal);
	memcpy(s->digest, digest, CRYPTO_DIGEST);
	s->principal = principal_hold(p);
	s->method = method;
	s->until_us = clock_mono_us() + 1000 * (left_ms < LIMIT_TOKEN_SEEN_MS ? left_ms :
	    LIMIT_TOKEN_SEEN_MS);
	s->used = ++a->uses;
}

/* ====== judges ====== */

static enum auth_verdict
refuse(struct auth *a, struct auth_case *c, const char *method, const char *result,
    enum auth_verdict verdict, const char *why)
{
	metrics_auth(a->bridge->metrics, method, result);
	c->why = why;
	return verdict;
}

/* The token of "Authorization: Bearer TOKEN" (RFC 6750, 2.1); NULL: it is no such line. */
static const char *
bearer(const char *line)
{
	const char *token = line + strlen("Bearer");

	if (strncasecmp(line, "Bearer", strlen("Bearer")) != 0 || *token != ' ')
		return NULL;
	token += strspn(token, " ");
	return *token != '\0' && token[strspn(token, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=")] == '\0' ? token : NULL;
}

static bool
is_jwt(const char *token)
{
	const char *dot = strchr(token, '.');

	return dot != NULL && strchr(dot + 1, '.') != NULL;
}

enum auth_verdict
auth_judge(struct auth *a, struct auth_case *c, const struct http_request *rq)
{
	unsigned methods = a->bridge->settings->auth_methods;
	const char *line, *token;
	uint8_t digest[CRYPTO_DIGEST];
	struct seen *known;

	/* Who runs this process has its credentials already. */
	if (rq->local) {
		c->principal = principal_hold(a->operator);
		return AUTH_KNOWN;
	}
	if (methods == 0)
		return judge_user(a, c, rq);
	line = http_header(rq, "Authorization");
	if (line == NULL || *line == '\0')
		return refuse(a, c, "none", "missing", AUTH_MISSING, "a credential is needed");
	if (strncasecmp(line, "Bearer", strlen("Bearer")) != 0)
		return refuse(a, c, "none", "missing", AUTH_MISSING,
		    "the credential is to be a Bearer's");
	token = bearer(line);
	if (token == NULL || strlen(token) > LIMIT_BEARER)
		return refuse(a, c, "none", "malformed", AUTH_FALSE,
		    "Authorization is to be: Bearer and a token of at most 8192 characters");
	if ((methods & AUTH_API_KEY) != 0 && apikey_is(token))
		return judge_key(a, c, token);
	if ((methods & (AUTH_JWT | AUTH_INTROSPECTION)) == 0)
		return refuse(a, c, "none", "unknown", AUTH_FALSE, "the token is no API key");
	if (crypto_sha256(token, strlen(token), digest) == -1)
		return refuse(a, c, "none", "failed", AUTH_UNAVAILABLE, "out of memory");
	keys_look(a);
	known = seen_find(a, digest);
	if (known != NULL) {
		metrics_auth(a->bridge->metrics, known->method, "hit");
		c->principal = principal_hold(known->principal);
		return AUTH_KNOWN;
	}
	if ((methods & AUTH_JWT) != 0 &&
	    (is_jwt(token) || (methods & AUTH_INTROSPECTION) == 0))
		return judge_jwt(a, c, token, digest);
	return judge_opaque(a, c, token, digest);
}

/* Nobody is asked who it is; a web server that did says it (RFC 3875, 4.1.11). */
static enum auth_verdict
judge_user(struct auth *a, struct auth_case *c, const struct http_request *rq)
{
	const char *user = http_variable(rq, "REMOTE_USER");

	if (user != NULL && strlen(user) > LIMIT_CALLER) {
		c->why = "the user's name is too long";
		return AUTH_MALFORMED;
	}
	c->principal = user == NULL || *user == '\0' ? principal_hold(a->anybody) :
	    principal_create(user, NULL, NULL, 0);
	c->why = "out of memory";
	return c->principal == NULL ? AUTH_UNAVAILABLE : AUTH_KNOWN;
}

static enum auth_verdict
judge_key(struct auth *a, struct auth_case *c, const char *token)
{
	const struct apikey *key;
	bool expired = false;

	errno = 0;
	key = apikey_find(&a->bridge->settings->api_keys, token, strlen(token), clock_wall_ms(),
	    &expired);
	if (key == NULL && errno == ENOMEM)
		return refuse(a, c, "api_key", "failed", AUTH_UNAVAILABLE, "out of memory");
	if (key == NULL)
		return refuse(a, c, "api_key", expired ? "expired" : "false", AUTH_FALSE,
		    expired ? "the API key has expired" : "the API key is not known");
	c->principal = principal_create(key->name, key->scopes, NULL, key->expires_ms);
	if (c->principal == NULL)
		return refuse(a, c, "api_key", "failed", AUTH_UNAVAILABLE, "out of memory");
	metrics_auth(a->bridge->metrics, "api_key", "verified");
	return AUTH_KNOWN;
}

/* Keys of other text: what was verified with the former ones is verified again. */
static int
keys_take(struct auth *a, const struct flight_value *value)
{
	uint8_t digest[CRYPTO_DIGEST];
	struct jwk_set *keys;
	char why[256];
	size_t i;

	if (crypto_sha256(value->data, value->len, digest) == -1)
		return -1;
	if (a->keys != NULL && memcmp(digest, a->keys_digest, sizeof digest) == 0) {
		a->keys_born_ms = value->born_ms;
		return 0;
	}
	keys = jwk_set_parse(value->data, value->len, why, sizeof why);
	if (keys == NULL)
		return -1;
	jwk_set_destroy(a->keys);
	a->keys = keys;
	a->keys_born_ms = value->born_ms;
	memcpy(a->keys_digest, digest, sizeof digest);
	for (i = 0; i < LIMIT_TOKENS; i++)
		seen_forget(&a->seen[i]);
	return 0;
}

/* The issuer's keys, of a file or of its own word. */
static enum flight_verdict
keys_get(struct auth *a, struct auth_case *c, const struct jwk_set **keys, int64_t *born_ms)
{
	const struct settings *s = a->bridge->settings;
	struct flight_value value;
	enum flight_verdict verdict;
	uint8_t key[CRYPTO_DIGEST];

	*keys = s->jwks_file;
	*born_ms = 1;
	if (s->jwks_file != NULL)
		return FLIGHT_HERE;
	if (crypto_sha256(s->jwks, strlen(s->jwks), key) == -1)
		return FLIGHT_FAILED;
	c->wait.done = c->done;
	c->wait.arg = c->arg;
	verdict = flight_get(a->bridge->flights, &a->keys_kind, key, c->after_ms, a, &value,
	    &c->wait);
	if (verdict != FLIGHT_HERE)
		return verdict;
	if (a->keys_born_ms != value.born_ms && keys_take(a, &value) == -1)
		return FLIGHT_FAILED;
	*keys = a->keys;
	*born_ms = a->keys_born_ms;
	return FLIGHT_HERE;
}

/* Who is known by its token alone has no keys looked at: once a second they are, for all. */
static void
keys_look(struct auth *a)
{
	int64_t now_ms = clock_wall_ms(), born_ms;
	struct auth_case nobody = { .wait.flight = NULL };
	const struct jwk_set *keys;
	enum flight_verdict got;
	size_t i;

	if (a->keys == NULL || (now_ms >= a->looked_ms && now_ms < a->looked_ms + 1000))
		return;
	a->looked_ms = now_ms;
	got = keys_get(a, &nobody, &keys, &born_ms);
	flight_leave(&nobody.wait);
	/* Nobody has vouched for them for too long. */
	for (i = 0; i < LIMIT_TOKENS && got == FLIGHT_FAILED; i++)
		seen_forget(&a->seen[i]);
}

/*
 * Records, rates and rules go by a caller's name. A token's must not be one that stands for
 * somebody else here: the holder of an API key, the operator, or nobody.
 */
static bool
is_taken(const struct auth *a, const char *name)
{
	return strcmp(name, MCP_ANONYMOUS) == 0 || strcmp(name, MCP_OPERATOR) == 0 ||
	    apikey_names(&a->bridge->settings->api_keys, name);
}

static enum auth_verdict
take_jwt(struct auth *a, struct auth_case *c, const char *token, const uint8_t *digest,
    const struct jwt *jwt)
{
	const struct settings *s = a->bridge->settings;

	if (strlen(jwt->subject) > LIMIT_CALLER)
		return refuse(a, c, "jwt", "false", AUTH_FALSE, "the token's subject is too long");
	if (is_taken(a, jwt->subject))
		return refuse(a, c, "jwt", "false", AUTH_FALSE,
		    "the token's subject is the name of an API key here, or reserved");
	c->principal = principal_create(jwt->subject, jwt->scope, s->exchanges ? token : NULL,
	    (jwt->expires_s + s->jwt_leeway_s) * 1000);
	if (c->principal == NULL)
		return refuse(a, c, "jwt", "failed", AUTH_UNAVAILABLE, "out of memory");
	seen_keep(a, digest, c->principal, "jwt");
	metrics_auth(a->bridge->metrics, "jwt", "verified");
	return AUTH_KNOWN;
}

static enum auth_verdict
judge_jwt(struct auth *a, struct auth_case *c, const char *token, const uint8_t *digest)
{
	const struct settings *s = a->bridge->settings;
	const struct jwt_rules rules = {
		.issuer = s->issuer, .audience = s->resource, .algorithms = s->jwt_algorithms,
		.leeway_s = s->jwt_leeway_s,
	};
	const struct jwk_set *keys;
	enum flight_verdict got;
	enum auth_verdict verdict;
	int64_t born_ms = 0;
	const char *why = "";
	struct jwt jwt;

	while ((got = keys_get(a, c, &keys, &born_ms)) == FLIGHT_HERE) {
		switch (jwt_verify(&rules, keys, token, clock_wall_ms() / 1000, &jwt, &why)) {
		case JWT_GOOD:
			verdict = take_jwt(a, c, token, digest, &jwt);
			jwt_finish(&jwt);
			return verdict;
		case JWT_EXPIRED:
			return refuse(a, c, "jwt", "expired", AUTH_FALSE, why);
		case JWT_FALSE:
			return refuse(a, c, "jwt", "false", AUTH_FALSE, why);
		case JWT_NO_MEMORY:
			return refuse(a, c, "jwt", "failed", AUTH_UNAVAILABLE, why);
		case JWT_UNKNOWN_KEY:
			break;
		}
		/*
		 * The issuer may have a new key, and a younger set in the store may be older than
		 * that: only one that was fetched since the token came says that there is none.
		 */
		if (s->jwks_file != NULL || (c->asked_ms != 0 && born_ms > c->asked_ms))
			return refuse(a, c, "jwt", "unknown_key", AUTH_FALSE, why);
		/* Another unknown key had them looked at just now: this one may be newer. */
		if (c->after_ms != 0 && born_ms <= c->after_ms)
			return refuse(a, c, "jwt", "unknown_key", AUTH_UNAVAILABLE,
			    "the token's key is not known yet; its issuer is asked again soon");
		if (c->asked_ms == 0)
			c->asked_ms = clock_wall_ms();
		c->after_ms = born_ms;
	}
	return got == FLIGHT_WAITS ? AUTH_WAITS : refuse(a, c, "jwt", "unavailable",
	    AUTH_UNAVAILABLE, "the issuer's keys cannot be had now");
}

static int
build_keys(void *arg, struct upstream *u)
{
	const struct auth *a = arg;

	u->method = "GET";
	u->url = strdup(a->bridge->settings->jwks);
	return u->url == NULL ? -1 : upstream_header(u, "Accept", "application/jwk-set+json, "
	    "application/json");
}

static int
take_keys(const struct flight_kind *kind, const struct answer *answer, struct buf *value,
    struct flight_life *life, const char **why)
{
	const struct auth *a = AUTH_OF(kind, keys_kind);
	struct jwk_set *keys;
	char reason[256];

	if (answer->status != 200) {
		*why = "its keys cannot be had";
		return -1;
	}
	/* What is no set of keys must not take the place of one that is. */
	keys = jwk_set_parse(answer->body, answer->len, reason, sizeof reason);
	if (keys == NULL) {
		log_warnx("jwks of %s: %s", kind->from, reason);
		*why = "what it gives is no set of keys that can be used";
		return -1;
	}
	jwk_set_destroy(keys);
	life->due_ms = a->bridge->settings->jwks_refresh_s * 1000;
	life->end_ms = (int64_t)LIMIT_JWKS_LIFE_S * 1000;
	return buf_append(value, answer->body, answer->len);
}

/* ====== introspection ====== */

static enum auth_verdict
judge_opaque(struct auth *a, struct auth_case *c, const char *token, const uint8_t *digest)
{
	const struct settings *s = a->bridge->settings;
	struct question question = { s, token };
	int64_t now_ms = clock_wall_ms(), until_ms;
	struct flight_value value;

	c->wait.done = c->done;
	c->wait.arg = c->arg;
	switch (flight_get(a->bridge->flights, &a->token_kind, digest, 0, &question, &value,
	    &c->wait)) {
	case FLIGHT_WAITS:
		return AUTH_WAITS;
	case FLIGHT_FAILED:
		return refuse(a, c, "introspection", "unavailable", AUTH_UNAVAILABLE,
		    "the authorization server cannot be asked now");
	case FLIGHT_HERE:
		break;
	}
	c->principal = oauth_introspected(value.data, s->issuer, s->resource,
	    s->exchanges ? token : NULL, now_ms / 1000, &c->why);
	if (c->principal == NULL && c->why == NULL)
		return refuse(a, c, "introspection", "failed", AUTH_UNAVAILABLE, "out of memory");
	if (c->principal == NULL)
		return refuse(a, c, "introspection", "false", AUTH_FALSE, c->why);
	if (is_taken(a, c->principal->name))
		return refuse(a, c, "introspection", "false", AUTH_FALSE,
		    "the token's subject is the name of an API key here, or reserved");
	/* Believed for as long as its word is, and not longer than the token lives. */
	until_ms = value.born_ms + s->introspection_ttl_s * 1000;
	if (c->principal->expires_ms == 0 || c->principal->expires_ms > until_ms)
		c->principal->expires_ms = until_ms;
	seen_keep(a, digest, c->principal, "introspection");
	metrics_auth(a->bridge->metrics, "introspection", "verified");
	return AUTH_KNOWN;
}

static int
build_question(void *arg, struct upstream *u)
{
	const struct question *q = arg;

	return oauth_introspection_request(u, q->settings->introspection_url,
	    q->settings->introspection_client, q->settings->introspection_secret, q->token);
}

static int
take_word(const struct flight_kind *kind, const struct answer *answer, struct buf *value,
    struct flight_life *life, const char **why)
{
	const struct auth *a = AUTH_OF(kind, token_kind);
	if (answer->status != 200) {
		*why = "it does not answer our introspection";
		return -1;
	}
	/* A gateway's page is no word on a token: it would have clients throw good ones away. */
	if (!oauth_is_word(answer->body, answer->len)) {
		*why = "what it answers is no introspection's answer";
		return -1;
	}
	life->due_ms = life->end_ms = a->bridge->settings->introspection_ttl_s * 1000;
	return buf_append(value, answer->body, answer->len);
}
