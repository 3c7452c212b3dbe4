/* SPDX-License-Identifier: MIT */
/* jwt.c - the claims of an access token; see jwt.h. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/json.h"
#include "wire/jwk.h"
#include "wire/jwt.h"

#define TIME_MAX	9007199254740992.0	/* 2^53: seconds are exact below */

static const char no_memory[] = "there is no memory to look at the token";

static bool	 is_audience(const cJSON *, const char *);
static bool	 is_clean(const char *, char);
static enum jwt_verdict read_claims(const struct buf *, cJSON **, const char **);
static enum jwt_verdict read_name(const cJSON *, const char *, char **, const char **);
static enum jwt_verdict read_names(const cJSON *, struct jwt *, const char **);
static enum jwt_verdict read_scope(const cJSON *, char **, const char **);
static int	 scope_join(struct buf *, const cJSON *);
static enum jwt_verdict check_times(const struct jwt_rules *, const cJSON *, int64_t, int64_t *,
	    const char **);

static enum jwt_verdict
refuse(const char **why, enum jwt_verdict verdict, const char *text)
{
	*why = text;
	return verdict;
}

static enum jwt_verdict
read_claims(const struct buf *payload, cJSON **out, const char **why)
{
	struct json_fault fault;
	cJSON *claims;

	claims = json_parse(buf_str(payload), payload->len, &fault);
	if (claims == NULL && fault.memory)
		return refuse(why, JWT_NO_MEMORY, no_memory);
	if (!cJSON_IsObject(claims)) {
		cJSON_Delete(claims);
		return refuse(why, JWT_FALSE, "the token's claims are not a JSON object");
	}
	*out = claims;
	return JWT_GOOD;
}

/* Whether `aud` is this audience, or an array of strings that contains it. */
static bool
is_audience(const cJSON *aud, const char *audience)
{
	const cJSON *one;
	bool found = false;

	if (cJSON_IsString(aud))
		return strcmp(aud->valuestring, audience) == 0;
	if (!cJSON_IsArray(aud))
		return false;
	cJSON_ArrayForEach(one, aud) {
		if (!cJSON_IsString(one))
			return false;
		found |= strcmp(one->valuestring, audience) == 0;
	}
	return found;
}

/* Whether a text has no byte below `least`, no DEL and no NUL (which json.h keeps as C0 80). */
static bool
is_clean(const char *text, char least)
{
	const char *p;

	for (p = text; *p != '\0'; p++)
		if (((unsigned char)*p < (unsigned char)least) || *p == 0x7f ||
		    (unsigned char)*p == 0xc0)
			return false;
	return true;
}

/* A claim that names somebody. `out` stays NULL if the token has none of that name. */
static enum jwt_verdict
read_name(const cJSON *claims, const char *name, char **out, const char **why)
{
	const cJSON *claim = json_get(claims, name);

	if (claim == NULL)
		return JWT_GOOD;
	if (!cJSON_IsString(claim) || claim->valuestring[0] == '\0' ||
	    strlen(claim->valuestring) > LIMIT_CALLER || !is_clean(claim->valuestring, ' '))
		return refuse(why, JWT_FALSE,
		    "the token's sub, client_id or azp is not a short string");
	*out = strdup(claim->valuestring);
	return *out == NULL ? refuse(why, JWT_NO_MEMORY, no_memory) : JWT_GOOD;
}

/* Who it is, and through what. */
static enum jwt_verdict
read_names(const cJSON *claims, struct jwt *out, const char **why)
{
	enum jwt_verdict verdict;

	verdict = read_name(claims, "client_id", &out->client_id, why);
	if (verdict == JWT_GOOD && out->client_id == NULL)
		verdict = read_name(claims, "azp", &out->client_id, why);
	if (verdict == JWT_GOOD)
		verdict = read_name(claims, "sub", &out->subject, why);
	if (verdict != JWT_GOOD || out->subject != NULL)
		return verdict;
	if (out->client_id == NULL)
		return refuse(why, JWT_FALSE, "the token names neither a subject nor a client");
	out->subject = strdup(out->client_id);
	return out->subject == NULL ? refuse(why, JWT_NO_MEMORY, no_memory) : JWT_GOOD;
}

/* Append the names of a list, each of them one name. 0, or -1: it is not such a list. */
static int
scope_join(struct buf *out, const cJSON *list)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, list) {
		if (!cJSON_IsString(one) || one->valuestring[0] == '\0' ||
		    !is_clean(one->valuestring, ' ' + 1))
			return -1;
		if (out->len > 0)
			buf_putc(out, ' ');
		buf_puts(out, one->valuestring);
	}
	return 0;
}

static enum jwt_verdict
read_scope(const cJSON *claims, char **out, const char **why)
{
	const cJSON *scope = json_get(claims, "scope");
	struct buf text;
	bool good = true;

	if (scope == NULL)
		scope = json_get(claims, "scp");
	buf_init(&text, LIMIT_JWT);
	if (cJSON_IsString(scope) && is_clean(scope->valuestring, ' '))
		buf_puts(&text, scope->valuestring);
	else if (cJSON_IsArray(scope))
		good = scope_join(&text, scope) == 0;
	else
		good = scope == NULL;
	*out = good ? buf_take(&text) : NULL;
	buf_finish(&text);
	if (!good)
		return refuse(why, JWT_FALSE, "the token's scope is not a list of names");
	return *out == NULL ? refuse(why, JWT_NO_MEMORY, no_memory) : JWT_GOOD;
}

/* A claim that is a time. 1, 0 if there is none, or -1: it is no time. */
static int
read_time(const cJSON *claims, const char *name, double *out)
{
	const cJSON *claim = json_get(claims, name);

	if (claim == NULL)
		return 0;
	if (!cJSON_IsNumber(claim) || !(fabs(claim->valuedouble) < TIME_MAX))
		return -1;
	*out = claim->valuedouble;
	return 1;
}

static enum jwt_verdict
check_times(const struct jwt_rules *rules, const cJSON *claims, int64_t now_s, int64_t *expires_s,
    const char **why)
{
	double now = (double)now_s, leeway = (double)rules->leeway_s, exp = 0, nbf = 0, iat = 0;
	int has_exp, has_nbf, has_iat;

	has_exp = read_time(claims, "exp", &exp);
	has_nbf = read_time(claims, "nbf", &nbf);
	has_iat = read_time(claims, "iat", &iat);
	if (has_exp == 0)
		return refuse(why, JWT_FALSE, "the token has no exp");
	if (has_exp == -1 || has_nbf == -1 || has_iat == -1)
		return refuse(why, JWT_FALSE, "the token's exp, nbf or iat is not a time");
	if (has_nbf == 1 && nbf > now + leeway)
		return refuse(why, JWT_FALSE, "the token is not valid yet");
	if (has_iat == 1 && iat > now + leeway)
		return refuse(why, JWT_FALSE, "the token was issued in the future");
	if (now >= exp + leeway)
		return refuse(why, JWT_EXPIRED, "the token has expired");
	*expires_s = (int64_t)exp;
	return JWT_GOOD;
}

static enum jwt_verdict
check_claims(const struct jwt_rules *rules, const cJSON *claims, int64_t now_s, struct jwt *out,
    const char **why)
{
	const char *iss = json_str(claims, "iss");
	enum jwt_verdict verdict;

	if (iss == NULL || strcmp(iss, rules->issuer) != 0)
		return refuse(why, JWT_FALSE, "the token is of another issuer");
	if (!is_audience(json_get(claims, "aud"), rules->audience))
		return refuse(why, JWT_FALSE, "the token is for another audience");
	verdict = read_names(claims, out, why);
	if (verdict == JWT_GOOD)
		verdict = read_scope(claims, &out->scope, why);
	if (verdict == JWT_GOOD)
		verdict = check_times(rules, claims, now_s, &out->expires_s, why);
	return verdict;
}

enum jwt_verdict
jwt_verify(const struct jwt_rules *rules, const struct jwk_set *set, const char *token,
    int64_t now_s, struct jwt *out, const char **why)
{
	enum jwt_verdict verdict;
	struct buf payload;
	cJSON *claims = NULL;

	memset(out, 0, sizeof *out);
	buf_init(&payload, LIMIT_JWT);
	verdict = jws_verify(set, rules->algorithms, token, &payload, why);
	if (verdict == JWT_GOOD)
		verdict = read_claims(&payload, &claims, why);
	if (verdict == JWT_GOOD)
		verdict = check_claims(rules, claims, now_s, out, why);
	cJSON_Delete(claims);
	buf_finish(&payload);
	if (verdict != JWT_GOOD)
		jwt_finish(out);
	return verdict;
}

void
jwt_finish(struct jwt *token)
{
	free(token->subject);
	free(token->scope);
	free(token->client_id);
	memset(token, 0, sizeof *token);
}
