/* SPDX-License-Identifier: MIT */
/*
 * test_jose_vectors.c - Wycheproof's vectors of JWS and JWK, through jwk_set_parse() and
 * jws_verify().
 *
 * They are found below $VECTORS, as wycheproof/. There is no list of exceptions: what is valid
 * under a public key and an algorithm of ours is accepted, everything else is refused.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/signature.h"
#include "wire/json.h"
#include "wire/jwk.h"
#include "wire/jws.h"

#include "check.h"

#define FILE_MAX_SIZE	(16UL * 1024 * 1024)
#define ALL		((1u << SIGNATURE_ALGORITHMS) - 1)

struct tally {
	int	accepted, refused, others;	/* others: valid, but not of ours */
};

static cJSON *
load(const char *path)
{
	struct json_fault fault = { .why = "it cannot be read" };
	char piece[8192];
	cJSON *tree = NULL;
	struct buf text;
	size_t n;
	FILE *f;

	buf_init(&text, FILE_MAX_SIZE);
	f = fopen(path, "r");
	while (f != NULL && (n = fread(piece, 1, sizeof piece, f)) > 0)
		buf_append(&text, piece, n);
	if (f != NULL)
		fclose(f);
	if (text.len > 0 && !text.failed)
		tree = json_parse(text.data, text.len, &fault);
	CHECK(tree != NULL, "%s: %s at byte %zu", path, fault.why, fault.offset);
	buf_finish(&text);
	return tree;
}

/* The set of a group: its public keys, or the symmetric ones of a group that has no others. */
static struct jwk_set *
set_of(const cJSON *group)
{
	const cJSON *key = json_get(group, "public");
	struct jwk_set *set;
	struct buf text;
	char why[256];
	bool whole;

	if (key == NULL)
		key = json_get(group, "private");
	whole = json_get(key, "keys") != NULL;
	buf_init(&text, FILE_MAX_SIZE);
	buf_puts(&text, whole ? "" : "{\"keys\":[");
	json_print(&text, key);
	buf_puts(&text, whole ? "" : "]}");
	set = jwk_set_parse(buf_str(&text), text.len, why, sizeof why);
	buf_finish(&text);
	return set;
}

/* Whether the vector names an algorithm of ours in its header. */
static bool
is_ours(const char *token)
{
	struct json_fault fault;
	struct buf header;
	cJSON *tree = NULL;
	bool ours = false;

	buf_init(&header, FILE_MAX_SIZE);
	if (base64url_decode(&header, token, strcspn(token, ".")) == 0)
		tree = json_parse(buf_str(&header), header.len, &fault);
	if (tree != NULL)
		ours = signature_find(json_str(tree, "alg")) != SIGNATURE_ALGORITHMS;
	cJSON_Delete(tree);
	buf_finish(&header);
	return ours;
}

static void
run_vector(const struct jwk_set *set, bool public, const cJSON *test, struct tally *tally)
{
	const char *token = json_str(test, "jws"), *comment = json_str(test, "comment");
	const char *why = "the set is refused";
	bool valid = strcmp(json_str(test, "result"), "valid") == 0, good = false;
	struct buf payload;

	CHECK(token != NULL, "%s: not in compact form", comment);
	if (token == NULL)
		return;
	if (set != NULL) {
		buf_init(&payload, LIMIT_JWT);
		good = jws_verify(set, ALL, token, &payload, &why) == JWT_GOOD;
		CHECK(good || payload.len == 0, "%s: a payload that is not signed", comment);
		buf_finish(&payload);
	}
	if (valid && public && is_ours(token)) {
		CHECK(good, "%s %s: refused: %s", json_get(test, "tcId")->valuestring, comment, why);
		tally->accepted++;
	} else {
		CHECK(!good, "%s %s: accepted", json_get(test, "tcId")->valuestring, comment);
		tally->refused++;
		tally->others += valid;
	}
}

static void
run_file(const char *folder, const char *file, int count, struct tally *tally)
{
	const cJSON *group, *test;
	struct jwk_set *set;
	char path[4096];
	int before = tally->accepted + tally->refused;
	cJSON *tree;

	snprintf(path, sizeof path, "%s/%s", folder, file);
	tree = load(path);
	if (tree == NULL)
		return;
	cJSON_ArrayForEach(group, json_get(tree, "testGroups")) {
		set = set_of(group);
		cJSON_ArrayForEach(test, json_get(group, "tests"))
			run_vector(set, json_get(group, "public") != NULL, test, tally);
		jwk_set_destroy(set);
	}
	cJSON_Delete(tree);
	CHECK(tally->accepted + tally->refused - before >= count, "%s: %d vectors", file,
	    tally->accepted + tally->refused - before);
}

int
main(void)
{
	const char *vectors = getenv("VECTORS");
	struct tally tally = { 0, 0, 0 };
	char folder[2048];

	if (vectors == NULL) {
		SKIP("VECTORS is not set");
		return check_done();
	}
	snprintf(folder, sizeof folder, "%s/wycheproof", vectors);
	run_file(folder, "json_web_signature_test.json", 401, &tally);
	run_file(folder, "json_web_key_test.json", 26, &tally);
	CHECK(tally.accepted >= 16, "only %d are accepted", tally.accepted);
	printf("%d accepted, %d refused, of which %d are valid under other algorithms or "
	    "symmetric keys\n", tally.accepted, tally.refused, tally.others);
	return check_done();
}
