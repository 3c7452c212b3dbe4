/* SPDX-License-Identifier: MIT */
/* jwk.c - JWK sets; see jwk.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "wire/json.h"
#include "wire/jwk.h"

#define NUMBER_MAX	(SIGNATURE_MAX + 1)	/* bytes of a modulus, and a zero in front */

struct jwk {
	struct signature_key	*key;
	char			*kid;	/* or NULL */
	enum signature_algorithm alg;	/* the only one; SIGNATURE_ALGORITHMS: any that fits */
};

struct jwk_set {
	int		count;
	struct jwk	key[LIMIT_JWK_KEYS];
};

static int	 number(const cJSON *, const char *, struct buf *);
static struct signature_key *read_numbers(const cJSON *);
static bool	 is_for_signatures(const cJSON *);
static int	 read_key(struct jwk *, const cJSON *);
static bool	 is_twin(const struct jwk_set *, const struct jwk *);
static int	 read_set(struct jwk_set *, const cJSON *, char *, size_t);

/* Whether a member is absent or this text. */
static bool
is_absent_or(const cJSON *key, const char *name, const char *text)
{
	const char *value = json_str(key, name);

	return json_get(key, name) == NULL || (value != NULL && strcmp(value, text) == 0);
}

/* What a key says of its own use: nothing, or that it verifies. */
static bool
is_for_signatures(const cJSON *key)
{
	const cJSON *ops = json_get(key, "key_ops"), *op;

	if (!is_absent_or(key, "use", "sig"))
		return false;
	if (ops == NULL)
		return true;
	if (cJSON_IsArray(ops))
		cJSON_ArrayForEach(op, ops)
			if (cJSON_IsString(op) && strcmp(op->valuestring, "verify") == 0)
				return true;
	return false;
}

/* Read a number in base64url into `out`. 0, or -1 with errno set. */
static int
number(const cJSON *key, const char *name, struct buf *out)
{
	const char *text = json_str(key, name);

	buf_init(out, NUMBER_MAX);
	errno = EINVAL;
	if (text == NULL || *text == '\0')
		return -1;
	if (base64url_decode(out, text, strlen(text)) == -1) {
		errno = out->starved ? ENOMEM : EINVAL;
		return -1;
	}
	return 0;
}

static const uint8_t *
bytes(const struct buf *b)
{
	return (const uint8_t *)buf_str(b);
}

/* The key itself. NULL with errno EINVAL (of no use) or ENOMEM. */
static struct signature_key *
read_numbers(const cJSON *key)
{
	const char *kty = json_str(key, "kty"), *crv = json_str(key, "crv");
	struct signature_key *made = NULL;
	struct buf a, b;
	int error;

	buf_init(&a, 0);
	buf_init(&b, 0);
	errno = EINVAL;
	if (kty == NULL)
		return NULL;
	if (strcmp(kty, "RSA") == 0) {
		if (number(key, "n", &a) == 0 && number(key, "e", &b) == 0)
			made = signature_key_rsa(bytes(&a), a.len, bytes(&b), b.len);
	} else if (strcmp(kty, "EC") == 0 && crv != NULL) {
		if (number(key, "x", &a) == 0 && number(key, "y", &b) == 0)
			made = signature_key_ec(crv, bytes(&a), a.len, bytes(&b), b.len);
	} else if (strcmp(kty, "OKP") == 0 && crv != NULL && strcmp(crv, "Ed25519") == 0) {
		if (number(key, "x", &a) == 0)
			made = signature_key_ed25519(bytes(&a), a.len);
	}
	error = errno;
	buf_finish(&a);
	buf_finish(&b);
	errno = error;
	return made;
}

/* Read one key. 1, or 0 if it is of no use, or -1: no memory. */
static int
read_key(struct jwk *out, const cJSON *key)
{
	const cJSON *alg = json_get(key, "alg"), *kid = json_get(key, "kid");

	memset(out, 0, sizeof *out);
	out->alg = SIGNATURE_ALGORITHMS;
	/* Whose private half is published, anybody may have signed with. */
	if (!is_for_signatures(key) || json_get(key, "d") != NULL)
		return 0;
	if (alg != NULL) {
		out->alg = cJSON_IsString(alg) ? signature_find(alg->valuestring) :
		    SIGNATURE_ALGORITHMS;
		if (out->alg == SIGNATURE_ALGORITHMS)
			return 0;
	}
	if (kid != NULL && (!cJSON_IsString(kid) || strlen(kid->valuestring) > LIMIT_KID))
		return 0;
	out->key = read_numbers(key);
	if (out->key == NULL)
		return errno == ENOMEM ? -1 : 0;
	if (alg != NULL && !signature_fits(out->key, out->alg)) {
		signature_key_destroy(out->key);
		return 0;
	}
	if (kid != NULL && (out->kid = strdup(kid->valuestring)) == NULL) {
		signature_key_destroy(out->key);
		return -1;
	}
	return 1;
}

/* Whether the set has a key of the same name. */
static bool
is_twin(const struct jwk_set *set, const struct jwk *one)
{
	int i;

	for (i = 0; i < set->count && one->kid != NULL; i++)
		if (set->key[i].kid != NULL && strcmp(set->key[i].kid, one->kid) == 0)
			return true;
	return false;
}

static int
read_set(struct jwk_set *set, const cJSON *tree, char *why, size_t whylen)
{
	const cJSON *keys = json_get(tree, "keys"), *key;
	bool symmetric = false;
	const char *kty;
	struct jwk one;
	int got;

	if (!cJSON_IsArray(keys)) {
		snprintf(why, whylen, "a JWK set is an object with an array \"keys\"");
		return -1;
	}
	if (cJSON_GetArraySize(keys) > LIMIT_JWK_KEYS) {
		snprintf(why, whylen, "the JWK set has more than %d keys", LIMIT_JWK_KEYS);
		return -1;
	}
	cJSON_ArrayForEach(key, keys) {
		kty = json_str(key, "kty");
		symmetric |= kty != NULL && strcmp(kty, "oct") == 0;
		got = read_key(&one, key);
		if (got == -1) {
			snprintf(why, whylen, "out of memory");
			return -1;
		}
		if (got == 0)
			continue;
		if (is_twin(set, &one)) {
			signature_key_destroy(one.key);
			free(one.kid);
			snprintf(why, whylen, "the JWK set has two usable keys with the same kid");
			return -1;
		}
		set->key[set->count++] = one;
	}
	if (set->count == 0) {
		snprintf(why, whylen, "the JWK set has no key that is usable here");
		return -1;
	}
	if (symmetric) {
		snprintf(why, whylen, "the JWK set mixes symmetric keys with public ones");
		return -1;
	}
	return 0;
}

struct jwk_set *
jwk_set_parse(const char *text, size_t len, char *why, size_t whylen)
{
	struct json_fault fault;
	struct jwk_set *set;
	cJSON *tree;

	tree = json_parse(text, len, &fault);
	if (tree == NULL) {
		if (fault.memory)
			snprintf(why, whylen, "out of memory");
		else
			snprintf(why, whylen, "the JWK set is not JSON at byte %zu: %s",
			    fault.offset, fault.why);
		return NULL;
	}
	set = calloc(1, sizeof *set);
	if (set == NULL)
		snprintf(why, whylen, "out of memory");
	else if (read_set(set, tree, why, whylen) == -1) {
		jwk_set_destroy(set);
		set = NULL;
	}
	cJSON_Delete(tree);
	return set;
}

void
jwk_set_destroy(struct jwk_set *set)
{
	int i;

	if (set == NULL)
		return;
	for (i = 0; i < set->count; i++) {
		signature_key_destroy(set->key[i].key);
		free(set->key[i].kid);
	}
	free(set);
}

int
jwk_set_count(const struct jwk_set *set)
{
	return set->count;
}

const struct signature_key *
jwk_set_find(const struct jwk_set *set, const char *kid, enum signature_algorithm alg,
    bool *known_kid)
{
	const struct signature_key *found = NULL;
	const struct jwk *one;
	bool fits;
	int i;

	*known_kid = kid == NULL;
	for (i = 0; i < set->count; i++) {
		one = &set->key[i];
		fits = (one->alg == SIGNATURE_ALGORITHMS || one->alg == alg) &&
		    signature_fits(one->key, alg);
		if (kid == NULL) {
			if (fits && found != NULL)
				return NULL;
			found = fits ? one->key : found;
		} else if (one->kid != NULL && strcmp(one->kid, kid) == 0) {
			*known_kid = true;
			return fits ? one->key : NULL;
		}
	}
	return found;
}
