/* SPDX-License-Identifier: MIT */
/* jws.c - the compact form and its header; see jws.h. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/signature.h"
#include "wire/json.h"
#include "wire/jwk.h"
#include "wire/jws.h"

struct part {
	const char	*text;
	size_t		 len;
};

enum { HEADER, PAYLOAD, SIGNATURE, PARTS };

static const char no_memory[] = "there is no memory to look at the token";

static int	 split(const char *, struct part *);
static const char *header_fault(const cJSON *);
static enum jwt_verdict read_header(const struct part *, cJSON **, const char **);
static enum jwt_verdict choose(const struct jwk_set *, unsigned, const cJSON *,
	    enum signature_algorithm *, const struct signature_key **, const char **);
static enum jwt_verdict check(const struct signature_key *, enum signature_algorithm,
	    const struct part *, struct buf *, const char **);

static enum jwt_verdict
refuse(const char **why, enum jwt_verdict verdict, const char *text)
{
	*why = text;
	return verdict;
}

/* Exactly three parts, of which only the second may be empty. 0 or -1. */
static int
split(const char *token, struct part *parts)
{
	int i;

	for (i = 0; i < PARTS; i++) {
		parts[i].text = token;
		parts[i].len = strcspn(token, ".");
		token += parts[i].len;
		if (*token != (i == PARTS - 1 ? '\0' : '.'))
			return -1;
		token++;
	}
	return parts[HEADER].len == 0 || parts[SIGNATURE].len == 0 ? -1 : 0;
}

/* Decode a part into `out`, whose cap suffices. */
static enum jwt_verdict
decode(struct buf *out, const struct part *part, const char **why)
{
	if (base64url_decode(out, part->text, part->len) == 0)
		return JWT_GOOD;
	if (out->starved)
		return refuse(why, JWT_NO_MEMORY, no_memory);
	return refuse(why, JWT_FALSE, "a part of the token is not base64url");
}

/* What stands in a header that cannot be accepted, whoever signed it. NULL: nothing. */
static const char *
header_fault(const cJSON *header)
{
	static const char *const refused[] = { "crit", "jku", "jwk", "x5u", "x5c", "b64", "zip" };
	static const char *const types[] = { "JWT", "at+jwt", "application/at+jwt" };
	const cJSON *typ = json_get(header, "typ"), *kid = json_get(header, "kid");
	const char *p;
	size_t i;

	if (!cJSON_IsObject(header))
		return "the token's header is not a JSON object";
	for (i = 0; i < sizeof refused / sizeof refused[0]; i++)
		if (json_get(header, refused[i]) != NULL)
			return "the token's header has a parameter that is not accepted "
			    "(crit, jku, jwk, x5u, x5c, b64 or zip)";
	if (typ != NULL) {
		for (i = 0; i < sizeof types / sizeof types[0]; i++)
			if (cJSON_IsString(typ) && strcasecmp(typ->valuestring, types[i]) == 0)
				break;
		if (i == sizeof types / sizeof types[0])
			return "the token's typ is not that of an access token";
	}
	if (kid != NULL) {
		if (!cJSON_IsString(kid) || strlen(kid->valuestring) > LIMIT_KID)
			return "the token's kid is not a short string";
		for (p = kid->valuestring; *p != '\0'; p++)
			if (*p < ' ' || *p > '~')
				return "the token's kid is not printable ASCII";
	}
	return NULL;
}

/* Read the header; the tree is the caller's if it is good. */
static enum jwt_verdict
read_header(const struct part *part, cJSON **out, const char **why)
{
	enum jwt_verdict verdict;
	struct json_fault fault;
	const char *text;
	cJSON *header;
	struct buf b;

	buf_init(&b, LIMIT_JWT);
	verdict = decode(&b, part, why);
	header = verdict == JWT_GOOD ? json_parse(buf_str(&b), b.len, &fault) : NULL;
	buf_finish(&b);
	if (verdict != JWT_GOOD)
		return verdict;
	if (header == NULL && fault.memory)
		return refuse(why, JWT_NO_MEMORY, no_memory);
	if (header == NULL)
		return refuse(why, JWT_FALSE, "the token's header is not JSON");
	text = header_fault(header);
	if (text != NULL) {
		cJSON_Delete(header);
		return refuse(why, JWT_FALSE, text);
	}
	*out = header;
	return JWT_GOOD;
}

/* The algorithm and the key that a header names. */
static enum jwt_verdict
choose(const struct jwk_set *set, unsigned algorithms, const cJSON *header,
    enum signature_algorithm *alg, const struct signature_key **key, const char **why)
{
	bool known_kid;

	*alg = signature_find(json_str(header, "alg"));
	if (*alg == SIGNATURE_ALGORITHMS || (algorithms & 1u << *alg) == 0)
		return refuse(why, JWT_FALSE, "the token's alg is not one that is accepted here");
	*key = jwk_set_find(set, json_str(header, "kid"), *alg, &known_kid);
	if (*key != NULL)
		return JWT_GOOD;
	if (!known_kid)
		return refuse(why, JWT_UNKNOWN_KEY, "the issuer has no key of the token's kid");
	return refuse(why, JWT_FALSE, "the issuer has not one key that fits to the token's alg");
}

/* Check the signature, then give out what was signed. */
static enum jwt_verdict
check(const struct signature_key *key, enum signature_algorithm alg, const struct part *parts,
    struct buf *payload, const char **why)
{
	size_t signed_len = parts[HEADER].len + 1 + parts[PAYLOAD].len, before = payload->len;
	enum jwt_verdict verdict;
	struct buf sig;
	int good = 0;

	buf_init(&sig, LIMIT_JWT);
	verdict = decode(&sig, &parts[SIGNATURE], why);
	if (verdict == JWT_GOOD) {
		good = signature_check(key, alg, parts[HEADER].text, signed_len, buf_str(&sig),
		    sig.len);
		if (good == -1)
			verdict = refuse(why, JWT_NO_MEMORY, no_memory);
		else if (good != 1)
			verdict = refuse(why, JWT_FALSE, "the token's signature is false");
	}
	buf_finish(&sig);
	if (verdict != JWT_GOOD)
		return verdict;
	verdict = decode(payload, &parts[PAYLOAD], why);
	if (verdict != JWT_GOOD)
		buf_truncate(payload, before);
	return verdict;
}

enum jwt_verdict
jws_verify(const struct jwk_set *set, unsigned algorithms, const char *token, struct buf *payload,
    const char **why)
{
	const struct signature_key *key = NULL;
	enum signature_algorithm alg;
	struct part parts[PARTS];
	enum jwt_verdict verdict;
	cJSON *header;

	if (strnlen(token, LIMIT_JWT + 1) > LIMIT_JWT)
		return refuse(why, JWT_FALSE, "the token is too long");
	if (split(token, parts) == -1)
		return refuse(why, JWT_FALSE, "the token is not of three parts");
	verdict = read_header(&parts[HEADER], &header, why);
	if (verdict != JWT_GOOD)
		return verdict;
	verdict = choose(set, algorithms, header, &alg, &key, why);
	cJSON_Delete(header);
	return verdict == JWT_GOOD ? check(key, alg, parts, payload, why) : verdict;
}
