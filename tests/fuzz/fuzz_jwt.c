/* SPDX-License-Identifier: MIT */
/*
 * fuzz_jwt.c - no token is accepted but those that were signed, whatever is changed about them or
 * about the set of keys; and what a signed one says holds of what comes out.
 *
 * The first byte says what the rest is: edits of a good token, a token, edits of the good set, a
 * set, the claims of a token that is signed here, header and claims of one (a line and the rest).
 * An edit is four bytes: where (two), how, and a byte.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/signature.h"
#include "wire/json.h"
#include "wire/jwk.h"
#include "wire/jwt.h"

int	LLVMFuzzerInitialize(int *, char ***);
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define ISSUER		"https://id.example.org"
#define AUDIENCE	"https://mcp.example.org/mcp"
#define NOW		INT64_C(1800000000)
#define LEEWAY		30
#define TEXT_MAX	65536
#define GOOD		3
#define FORGED		(GOOD * GOOD * GOOD)

enum mode { TOKEN_EDITS, TOKEN, SET_EDITS, SET, CLAIMS, HEADER_AND_CLAIMS, MODES };

/* Made once for this test, and good for nothing else. */
static const char private_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEILuAQ7wrQfHV1IOMkKJ/TkSIvmPejvIbwDsH1xVrsxo4\n"
    "-----END PRIVATE KEY-----\n";
static const char set_text[] =
    "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"gFtvp88TNWkMNXRr6J-Igg73"
    "e2dsL8tk7tEfyt-Ebl0\",\"kid\":\"ed\",\"use\":\"sig\",\"alg\":\"EdDSA\"},{\"kty\""
    ":\"EC\",\"crv\":\"P-256\",\"x\":\"eO2CMnwSSK-W_alaTKl16JbJdLcjKXupv53a4nzvJbY\","
    "\"y\":\"KgLk9sqxu1nhK4sq0H79HQgmyjDIq2E6V3sALxm_fZE\",\"kid\":\"ec\",\"use\":\"s"
    "ig\",\"alg\":\"ES256\"},{\"kty\":\"RSA\",\"n\":\"yp19uL7z-ZXkpBq-VlRQ8eaV5eoMdZx"
    "O-2nnJ5oV3HNeqM9xrPJtQ6IXlJEApbxvj_RH4r1ESQ2UdUhYl4MV7AEp29ZXM0fvWLii6-2u81VVWcQ"
    "s_K9KR9h0tKYiuh0Kt11z2Mg6KgJEUap81ObT7ke3FrmF35MkfkAcuWaEflFPuR0kdO9C9icFPk5Ap3r"
    "ngrBBWAVegbNv4SXBmq3jlthwnpKS0E9GwAZy4dT5g0rNsmVoyt6e1SZ5BdaGhpt1ozwmjSYhdGFo4rR"
    "DQozJWRjGclBfTgYToFTyKqF7yxSouXjRU2Zw-G9ZyfLv3cCsbcBAIRixw8szbjmqLiV73Q\",\"e\":"
    "\"AQAB\",\"kid\":\"rsa\",\"use\":\"sig\",\"alg\":\"RS256\"}]}";
static const char token_ed[] =
    "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVkIn0.eyJpc3MiOiJodHRwczovL2lk"
    "LmV4YW1wbGUub3JnIiwiYXVkIjoiaHR0cHM6Ly9tY3AuZXhhbXBsZS5vcmcvbWNwIiwic3ViIjoiYWxp"
    "Y2UiLCJleHAiOjE4MDAwMDA2MDAsInNjb3BlIjoibWFpbC5yZWFkIn0.YOIajZwWSRg3zOI_ODO26xDA"
    "RmDPMJY2hohnuMgZKjcD1C1wdGeI_yr5O45pDAIR6bBV4Dys88svhSsoQj26Bw";
static const char token_ec[] =
    "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVjIn0.eyJpc3MiOiJodHRwczovL2lk"
    "LmV4YW1wbGUub3JnIiwiYXVkIjoiaHR0cHM6Ly9tY3AuZXhhbXBsZS5vcmcvbWNwIiwic3ViIjoiYm9i"
    "IiwiZXhwIjoxODAwMDAwNjAwLCJzY29wZSI6Im1haWwucmVhZCJ9.1zXwClLfBCXwbXY4kgd1lSaJ1vJ"
    "3bONXiaCwuas37OVM4wGUe70bL8mMMjFblJ7CsgX2NxKLiTb_vx7YKCC75A";
static const char token_rsa[] =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6InJzYSJ9.eyJpc3MiOiJodHRwczovL2l"
    "kLmV4YW1wbGUub3JnIiwiYXVkIjoiaHR0cHM6Ly9tY3AuZXhhbXBsZS5vcmcvbWNwIiwic3ViIjoiY2F"
    "yb2wiLCJleHAiOjE4MDAwMDA2MDAsInNjb3BlIjoibWFpbC5yZWFkIn0.bpAe399pLTTT3dMRuxHOM4x"
    "mnwamu8ARrB1bY3m5Xck4NR2wE5O-UFgGxY-p8d_SNEpVUezRpyI0vCqHeOQ9W3mcmxL1B3xNrImQSDx"
    "D8tkQGxlDyaAB63GLgrRZ4sSDSMhQsFagQq9NtULbznsHelhlECK5DiffsGXB0sf0Z5EPpzrVrpdIdzb"
    "glLiRBOA03sds8YPwVacXkA6GwQRMKeRBHV8db3kR0JXg9KrJkVNOkPBDdr8RVxANicb4XJv7GFnzZzl"
    "mXHbW5vgIbgsIk44GHWx8ihUTNC5XvaqV5U8V1QFm9RyTDSGfO9HHz2Ni5BUkuzfYf0sXfjxKrv3cCQ";

static const char *const good[GOOD] = { token_ed, token_ec, token_rsa };
static const struct jwt_rules rules = {
	ISSUER, AUDIENCE, (1u << SIGNATURE_ALGORITHMS) - 1, LEEWAY
};
static struct signature_key	*key;
static struct jwk_set		*keys;
static char			*forged[FORGED];

/* The header, claims and signature of three tokens, not all of one. */
static char *
mix(int a, int b, int c)
{
	const char *claims = strchr(good[b], '.'), *sig = strrchr(good[c], '.');
	struct buf token;

	buf_init(&token, LIMIT_JWT);
	buf_append(&token, good[a], strcspn(good[a], "."));
	buf_append(&token, claims, strcspn(claims + 1, ".") + 1);
	buf_puts(&token, sig);
	return buf_take(&token);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *reason = "";
	struct jwt out;
	char why[256];
	int i;

	(void)argc;
	(void)argv;
	key = signature_key_pem(private_key, why, sizeof why);
	keys = jwk_set_parse(set_text, strlen(set_text), why, sizeof why);
	if (key == NULL || keys == NULL || jwk_set_count(keys) != GOOD)
		abort();
	for (i = 0; i < GOOD; i++) {
		if (jwt_verify(&rules, keys, good[i], NOW, &out, &reason) != JWT_GOOD)
			abort();
		jwt_finish(&out);
	}
	for (i = 0; i < FORGED; i++)
		if (i / 9 != i / 3 % 3 || i / 9 != i % 3)
			forged[i] = mix(i / 9, i / 3 % 3, i % 3);
	return 0;
}

static bool
is_good(const char *token)
{
	int i;

	for (i = 0; i < GOOD; i++)
		if (strcmp(token, good[i]) == 0)
			return true;
	return false;
}

/* What holds of every verdict; true if the token was accepted. */
static bool
judge(const struct jwk_set *set, const char *token)
{
	enum jwt_verdict verdict;
	const char *why = NULL, *p;
	struct jwt out;
	bool accepted;

	verdict = jwt_verify(&rules, set, token, NOW, &out, &why);
	accepted = verdict == JWT_GOOD;
	if (verdict == JWT_NO_MEMORY)
		abort();
	if (!accepted && (why == NULL || out.subject != NULL || out.scope != NULL ||
	    out.client_id != NULL))
		abort();
	if (accepted) {
		if (out.subject == NULL || *out.subject == '\0' || out.scope == NULL ||
		    strlen(out.subject) > LIMIT_CALLER || out.expires_s <= NOW - LEEWAY - 1)
			abort();
		for (p = out.subject; *p != '\0'; p++)
			if ((unsigned char)*p < ' ' || *p == 0x7f)
				abort();
		for (p = out.scope; *p != '\0'; p++)
			if ((unsigned char)*p < ' ' || *p == 0x7f)
				abort();
	}
	jwt_finish(&out);
	return accepted;
}

/* `text` with edits: a byte replaced, changed in one bit, put in, left out, or all behind it. */
static char *
edit(const char *text, const uint8_t *data, size_t len)
{
	size_t at, n = strlen(text);
	char *copy = malloc(n + len + 1);

	if (copy == NULL)
		abort();
	memcpy(copy, text, n + 1);
	for (; len >= 4; data += 4, len -= 4) {
		at = ((size_t)data[0] << 8 | data[1]) % (n + 1);
		switch (data[2] % 5) {
		case 0:
			if (at < n && data[3] != '\0')
				copy[at] = (char)data[3];
			break;
		case 1:
			if (at < n && (uint8_t)copy[at] != 1u << data[3] % 8)
				copy[at] ^= (char)(1u << data[3] % 8);
			break;
		case 2:
			if (data[3] == '\0')
				break;
			memmove(copy + at + 1, copy + at, n - at + 1);
			copy[at] = (char)data[3];
			n++;
			break;
		case 3:
			if (at == n)
				break;
			memmove(copy + at, copy + at + 1, n - at);
			n--;
			break;
		default:
			if (at == n || data[3] % 16 != 0)
				break;
			copy[at] = '\0';
			n = at;
		}
	}
	return copy;
}

static void
run_token(const char *token)
{
	if (judge(keys, token) != is_good(token))
		abort();
}

/* Under no set at all does a signature belong to what it was not made of. */
static void
run_set(const char *text, size_t len)
{
	char why[256] = "";
	struct jwk_set *set;
	int i;

	set = jwk_set_parse(text, len, why, sizeof why);
	if ((set == NULL) != (why[0] != '\0'))
		abort();
	if (set == NULL)
		return;
	if (jwk_set_count(set) < 1 || jwk_set_count(set) > LIMIT_JWK_KEYS)
		abort();
	for (i = 0; i < FORGED; i++)
		if (forged[i] != NULL && judge(set, forged[i]))
			abort();
	for (i = 0; i < GOOD; i++)
		judge(set, good[i]);
	jwk_set_destroy(set);
}

/* Whether a claim of the payload is this string, or `or_in` an array that has it. */
static bool
claims_say(const cJSON *claims, const char *name, const char *text, bool or_in)
{
	const cJSON *claim = json_get(claims, name), *one;

	if (or_in && cJSON_IsArray(claim))
		cJSON_ArrayForEach(one, claim)
			if (cJSON_IsString(one) && strcmp(one->valuestring, text) == 0)
				return true;
	return cJSON_IsString(claim) && strcmp(claim->valuestring, text) == 0;
}

/* A token that is signed well: is it accepted for what it says? */
static void
run_signed(const char *header, size_t hlen, const char *payload, size_t len)
{
	struct buf token, sig;
	struct json_fault fault;
	const cJSON *exp;
	cJSON *claims;

	buf_init(&token, 4 * TEXT_MAX);
	buf_init(&sig, SIGNATURE_MAX);
	base64url_encode(&token, header, hlen);
	buf_putc(&token, '.');
	base64url_encode(&token, payload, len);
	if (signature_sign(key, SIGNATURE_EDDSA, token.data, token.len, &sig) == -1)
		abort();
	buf_putc(&token, '.');
	base64url_encode(&token, sig.data, sig.len);
	if (!token.failed && judge(keys, token.data)) {
		claims = json_parse(payload, len, &fault);
		exp = json_get(claims, "exp");
		if (token.len > LIMIT_JWT || !claims_say(claims, "iss", ISSUER, false) ||
		    !claims_say(claims, "aud", AUDIENCE, true) || !cJSON_IsNumber(exp) ||
		    !(exp->valuedouble > (double)(NOW - LEEWAY)))
			abort();
		cJSON_Delete(claims);
	}
	buf_finish(&sig);
	buf_finish(&token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char header[] = "{\"alg\":\"EdDSA\",\"kid\":\"ed\"}";
	enum mode mode;
	char *text, *line;
	size_t hlen;

	if (len < 2 || len > TEXT_MAX)
		return 0;
	mode = (enum mode)(data[0] % MODES);
	data++;
	len--;
	if (mode == TOKEN_EDITS)
		text = edit(good[data[0] % GOOD], data + 1, len - 1);
	else if (mode == SET_EDITS)
		text = edit(set_text, data, len);
	else
		text = strndup((const char *)data, len);
	if (text == NULL)
		abort();
	switch (mode) {
	case TOKEN_EDITS:
	case TOKEN:
		run_token(text);
		break;
	case SET_EDITS:
		run_set(text, strlen(text));
		break;
	case SET:
		run_set((const char *)data, len);
		break;
	case CLAIMS:
		run_signed(header, strlen(header), (const char *)data, len);
		break;
	default:
		line = strchr(text, '\n');
		hlen = line == NULL ? strlen(text) : (size_t)(line - text);
		run_signed(text, hlen, line == NULL ? "" : line + 1,
		    line == NULL ? 0 : strlen(line + 1));
	}
	free(text);
	return 0;
}
