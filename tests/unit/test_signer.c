/* SPDX-License-Identifier: MIT */
/* test_signer.c - signed requests: against values made with openssl dgst -hmac, and bad files. */
#include <string.h>

#include "base/buf.h"
#include "mcp/failure.h"
#include "mcp/signer.h"
#include "mcp/upstream.h"
#include "wire/json.h"

#include "check.h"

#define WALL	1769851800250	/* 2026-01-31T09:30:00.250Z */

static const uint8_t nonce[SIGNER_NONCE] = {
	0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee,
	0xff,
};

static const struct row {
	const char *auth, *secret, *method, *url, *body, *want;	/* header lines, each ended by | */
} rows[] = {
	{ "{\"sign\": \"{timestamp}\\n{method}\\n{target}\\n{body}\", \"headers\": {\"X-Time\": \"{timestamp}\", \"X-Signature\": \"v1={signature}\"}}", "secret",
	    "POST", "https://api.acme.example:8443/v1/send?to=7&x=%20", "{\"text\":\"h\u00e9\"}",
	    "X-Time: 1769851800|X-Signature: v1=ee42906184a41a4d45c2e17433c26bdbe627fff9a2a0c8ecedf2ac604610c6f7|" },
	{ "{\"key_encoding\": \"base64\", \"encoding\": \"base64\", \"sign\": \"{method}\\n{target}\\n{date};{host};{body_digest}\", \"headers\": {\"X-Date\": \"{date}\", \"X-Content-SHA256\": \"{body_digest}\", \"Authorization\": \"HMAC-SHA256 SignedHeaders=x-date;host;x-content-sha256&Signature={signature}\"}}", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
	    "POST", "https://api.acme.example:8443/v1/send?to=7&x=%20", "{\"text\":\"h\u00e9\"}",
	    "X-Date: Sat, 31 Jan 2026 09:30:00 GMT|X-Content-SHA256: LCPdNczaqIV7bcDuwaLBnIVza1LKab9Trth5+aJUxIo=|Authorization: HMAC-SHA256 SignedHeaders=x-date;host;x-content-sha256&Signature=2v/BjUd0IBVXWMg5UfeJghU+Essa4d4Ul/0Iczt1CCU=|" },
	{ "{\"key_encoding\": \"hex\", \"algorithm\": \"sha512\", \"encoding\": \"base64\", \"sign\": \"\\\"@method\\\": {method}\\n\\\"@path\\\": {path}\\n\\\"@query\\\": ?{query}\\n\\\"@scheme\\\": {scheme}\", \"headers\": {\"Signature\": \"sig1=:{signature}:\", \"X-Nonce\": \"{nonce} {time} {timestamp_ms}\"}}", "00ff10",
	    "GET", "https://api.acme.example:8443/v1/send?to=7&x=%20", "",
	    "Signature: sig1=:0h5CThOnqHvoG930KVVM0QYfq5p4/abwQkgjYatf248+3OOHHWFaXsB+I7tRRD3cu4FJFuW2TERKoggNl3gVPQ==:|X-Nonce: 00112233-4455-4677-8899-aabbccddeeff 2026-01-31T09:30:00Z 1769851800250|" },
	{ "{\"algorithm\": \"sha1\", \"sign\": \"{host}{path} {{}}\", \"headers\": {\"X\": \"{signature}\"}}", "k",
	    "GET", "http://api.acme.example:80", "",
	    "X: 2a239d785b5421985a4c84d1d686f2c4b326ba62|" },
};

static const struct {
	const char *auth, *secret, *why;
} bad[] = {
	{ "{\"sign\":\"{body}\",\"headers\":{\"X\":\"{signature}\"},\"algorithm\":\"md5\"}", "k", "sha1" },
	{ "{\"sign\":\"{body}\",\"headers\":{\"X\":\"{signature}\"},\"encoding\":\"x\"}", "k", "hex or" },
	{ "{\"sign\":\"{nope}\",\"headers\":{\"X\":\"{signature}\"}}", "k", "\"sign\": {nope}" },
	{ "{\"sign\":\"{signature}\",\"headers\":{\"X\":\"{signature}\"}}", "k", "\"sign\": {sig" },
	{ "{\"sign\":\"{body}\",\"headers\":{\"X\":\"{nope}\"}}", "k", "X: {nope}" },
	{ "{\"sign\":\"{body}\",\"headers\":{\"X\":\"{nonce}\"}}", "k", "must have {signature}" },
	{ "{\"sign\":\"{body}\",\"headers\":{\"Host\":\"{signature}\"}}", "k", "Host: a header" },
	{ "{\"sign\":\"{body}\",\"headers\":{\"X\":1}}", "k", "and a text" },
	{ "{\"sign\":\"{body}\",\"headers\":{\"X\":\"{signature}\"},\"key_encoding\":\"hex\"}", "abc",
	    "does not hold" },
	{ "{\"sign\":\"{body}\",\"headers\":{\"X\":\"{signature}\"},\"key_encoding\":\"base64\"}",
	    "a b", "does not hold" },
	{ "{\"sign\":\"{body}\",\"headers\":{\"X\":\"{signature}\"},\"key_encoding\":\"x\"}", "k",
	    "text, base64 or hex" },
};

static void
make(struct upstream *u, const struct row *r)
{
	*u = (struct upstream){ .method = r->method, .url = strdup(r->url) };
	buf_init(&u->body, 1024);
	buf_puts(&u->body, r->body);
}

static void
run_good(void)
{
	char why[256] = "";
	struct spec_fault f = { "file", why, sizeof why };
	struct json_fault fault;
	struct failure failure;
	struct signer *s;
	struct upstream u;
	struct buf got;
	cJSON *auth;
	size_t i, k;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		auth = json_parse(rows[i].auth, strlen(rows[i].auth), &fault);
		s = signer_create(auth, rows[i].secret, "/auth", &f);
		CHECK(s != NULL, "%s", why);
		make(&u, &rows[i]);
		buf_init(&got, 4096);
		if (s != NULL && signer_sign(s, &u, WALL, nonce, &failure) == 0)
			for (k = 0; k < u.nheaders; k++)
				buf_printf(&got, "%s|", u.headers[k]);
		CHECK(strcmp(buf_str(&got), rows[i].want) == 0, "%s: %s", rows[i].auth,
		    buf_str(&got));
		buf_finish(&got);
		upstream_finish(&u);
		signer_destroy(s);
		cJSON_Delete(auth);
	}
}

/* A body that no text can hold whole is not signed as one. */
static void
run_binary(void)
{
	static const char *const auths[] = {
		"{\"sign\":\"{body}\",\"headers\":{\"X\":\"{signature}\"}}",
		"{\"sign\":\"{body_digest}\",\"headers\":{\"X\":\"{signature}\"}}",
	};
	char why[256] = "";
	struct spec_fault f = { "file", why, sizeof why };
	struct json_fault fault;
	struct failure failure;
	struct signer *s;
	struct upstream u;
	cJSON *auth;
	int result, i;

	for (i = 0; i < 2; i++) {
		auth = json_parse(auths[i], strlen(auths[i]), &fault);
		s = signer_create(auth, "k", "/auth", &f);
		make(&u, &rows[0]);
		buf_append(&u.body, "a\0b", 3);
		result = signer_sign(s, &u, WALL, nonce, &failure);
		CHECK(result == i - 1, "%s: %d", auths[i], result);
		if (result == -1) {
			CHECK(strcmp(failure.code, "unsigned") == 0, "%s", failure.code);
			failure_finish(&failure);
		}
		upstream_finish(&u);
		signer_destroy(s);
		cJSON_Delete(auth);
	}
}

static void
run_bad(void)
{
	char why[256] = "";
	struct spec_fault f = { "file", why, sizeof why };
	struct json_fault fault;
	struct signer *s;
	cJSON *auth;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		why[0] = '\0';
		auth = json_parse(bad[i].auth, strlen(bad[i].auth), &fault);
		s = signer_create(auth, bad[i].secret, "/auth", &f);
		CHECK(s == NULL && strstr(why, bad[i].why) != NULL, "%s: %s", bad[i].auth, why);
		signer_destroy(s);
		cJSON_Delete(auth);
	}
}

int
main(void)
{
	run_good();
	run_binary();
	run_bad();
	return check_done();
}
