/* SPDX-License-Identifier: MIT */
/* signer.c - what a request is, as values for texts; the text that is signed; see signer.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "mcp/credential.h"
#include "mcp/failure.h"
#include "mcp/request.h"
#include "mcp/signer.h"
#include "mcp/template.h"
#include "mcp/upstream.h"
#include "wire/json.h"

struct signer {
	struct buf	 key;		/* secret */
	const char	*algorithm;
	bool		 hex;		/* else base64 */
	const char	*sign;
	const cJSON	*headers;
};

static int	load_key(struct signer *, const cJSON *, const char *, const char *,
		    struct spec_fault *);
static int	check_texts(const struct signer *, const char *, struct spec_fault *);
static cJSON	*values_of(const struct signer *, const struct upstream *, int64_t,
		    const uint8_t[SIGNER_NONCE]);

/* What texts may use; of headers the last, too. */
static const char *const names[] = {
	"method", "scheme", "host", "target", "path", "query", "body", "body_digest", "timestamp",
	"timestamp_ms", "date", "time", "nonce", "signature",
};

#define NAMES	(sizeof names / sizeof names[0])

struct signer *
signer_create(const cJSON *auth, const char *secret, const char *place, struct spec_fault *f)
{
	const char *algorithm = json_str(auth, "algorithm"), *encoding = json_str(auth, "encoding");
	struct signer *s = calloc(1, sizeof *s);
	uint8_t probe[CRYPTO_HMAC];

	if (s == NULL) {
		spec_fail(f, place, "out of memory");
		return NULL;
	}
	buf_init(&s->key, LIMIT_SECRET);
	s->algorithm = algorithm == NULL ? "sha256" : algorithm;
	s->hex = encoding == NULL || strcmp(encoding, "hex") == 0;
	s->sign = json_str(auth, "sign");
	s->headers = json_get(auth, "headers");
	if (crypto_hmac(s->algorithm, "", 0, "", 0, probe) == 0)
		spec_fail(f, place, "\"algorithm\" must be sha1, sha256, sha384 or sha512");
	else if (!s->hex && strcmp(encoding, "base64") != 0)
		spec_fail(f, place, "\"encoding\" must be hex or base64");
	else if (load_key(s, auth, secret, place, f) == 0 && check_texts(s, place, f) == 0)
		return s;
	signer_destroy(s);
	return NULL;
}

void
signer_destroy(struct signer *s)
{
	if (s == NULL)
		return;
	buf_wipe(&s->key);
	free(s);
}

static int
load_key(struct signer *s, const cJSON *auth, const char *secret, const char *place,
    struct spec_fault *f)
{
	const char *encoding = json_str(auth, "key_encoding");
	size_t len = strlen(secret);
	uint8_t raw[LIMIT_SECRET / 2];
	int result = -1;

	if (encoding == NULL || strcmp(encoding, "text") == 0)
		result = buf_puts(&s->key, secret);
	else if (strcmp(encoding, "base64") == 0)
		result = base64_decode(&s->key, secret, len);
	else if (strcmp(encoding, "hex") != 0)
		return spec_fail(f, place, "\"key_encoding\" must be text, base64 or hex");
	else if (len % 2 == 0 && len / 2 <= sizeof raw && crypto_unhex(secret, raw, len / 2) == 0)
		result = buf_append(&s->key, raw, len / 2);
	explicit_bzero(raw, sizeof raw);
	return result == 0 ? 0 : spec_fail(f, place, "the file of \"key\" does not hold what "
	    "\"key_encoding\" says");
}

static int
check_texts(const struct signer *s, const char *place, struct spec_fault *f)
{
	cJSON *known = cJSON_CreateObject();
	const cJSON *header;
	char reason[256];
	bool signs = false;
	int result = 0;
	size_t i;

	for (i = 0; i + 1 < NAMES; i++)
		if (json_put(known, names[i], cJSON_CreateTrue()) == -1)
			result = spec_fail(f, place, "out of memory");
	if (result == 0 && template_check(s->sign, known, reason, sizeof reason) == -1)
		result = spec_fail(f, place, "\"sign\": %s", reason);
	if (result == 0 && json_put(known, names[i], cJSON_CreateTrue()) == -1)
		result = spec_fail(f, place, "out of memory");
	cJSON_ArrayForEach(header, s->headers) {
		if (result == -1)
			break;
		if (!request_is_token(header->string) || !cJSON_IsString(header) ||
		    credential_may_not_set(header->string))
			result = spec_fail(f, place, "\"headers\": %s: a header is a name of "
			    "letters, digits and hyphens, not one of the transport's, and a text",
			    header->string);
		else if (template_check(header->valuestring, known, reason, sizeof reason) == -1)
			result = spec_fail(f, place, "\"headers\": %s: %s", header->string,
			    reason);
		else
			signs |= template_uses(header, "signature");
	}
	cJSON_Delete(known);
	if (result == 0 && !signs)
		result = spec_fail(f, place, "\"headers\" must have {signature} in one");
	return result;
}

bool
signer_sets(const struct signer *s, const char *header)
{
	return request_headers_have(s->headers, header);
}

/* Append bytes as the signer writes them. */
static void
encode(const struct signer *s, struct buf *out, const uint8_t *data, size_t len)
{
	if ((s->hex ? crypto_hex(out, data, len) : base64_encode(out, data, len)) == -1)
		out->failed = true;
}

/* Put `len` bytes of text. 0 or -1 (memory). */
static int
put(cJSON *values, const char *name, const char *text, size_t len)
{
	struct buf copy;
	int result;

	buf_init(&copy, len);
	result = buf_append(&copy, text, len) == -1 ? -1 :
	    json_put(values, name, cJSON_CreateString(buf_str(&copy)));
	buf_finish(&copy);
	return result;
}

static int
put_time(cJSON *values, int64_t wall_ms)
{
	time_t t = (time_t)(wall_ms / 1000);
	char stamp[CLOCK_STAMP], date[64];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	clock_stamp(wall_ms, stamp);
	memcpy(stamp + strcspn(stamp, "."), "Z", 2);	/* whole seconds */
	return json_put(values, "timestamp", json_int(wall_ms / 1000)) |
	    json_put(values, "timestamp_ms", json_int(wall_ms)) |
	    json_put(values, "date", cJSON_CreateString(date)) |
	    json_put(values, "time", cJSON_CreateString(stamp));
}

/* A UUID of version 4 (RFC 9562, 5.4) of random bytes. */
static int
put_nonce(cJSON *values, const uint8_t nonce[SIGNER_NONCE])
{
	uint8_t uuid[SIGNER_NONCE];
	struct buf text;
	int result;
	size_t i;

	memcpy(uuid, nonce, sizeof uuid);
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
	buf_init(&text, 64);
	for (i = 0; i < sizeof uuid; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			buf_putc(&text, '-');
		crypto_hex(&text, &uuid[i], 1);
	}
	result = json_put(values, "nonce", cJSON_CreateString(buf_str(&text)));
	buf_finish(&text);
	return result;
}

/* The digest of the body, by the signer's algorithm: an HMAC's is of a key, this is of none. */
static int
put_digest(cJSON *values, const struct signer *s, const struct upstream *u)
{
	uint8_t digest[CRYPTO_HMAC];
	size_t len = crypto_digest(s->algorithm, u->body.data, u->body.len, digest);
	struct buf text;
	int result;

	buf_init(&text, 4 * CRYPTO_HMAC);
	encode(s, &text, digest, len);
	result = len == 0 || text.failed ? -1 :
	    json_put(values, "body_digest", cJSON_CreateString(buf_str(&text)));
	buf_finish(&text);
	return result;
}

/* The bytes of a host as the header Host has it: without the port that its scheme has anyhow. */
static size_t
host_length(const char *host, size_t len, bool secure)
{
	size_t port = secure ? 4 : 3;

	return len > port && memcmp(host + len - port, secure ? ":443" : ":80", port) == 0 ?
	    len - port : len;
}

/* What a request is, by the names of texts. NULL: no memory. */
static cJSON *
values_of(const struct signer *s, const struct upstream *u, int64_t wall_ms,
    const uint8_t nonce[SIGNER_NONCE])
{
	const char *host = strstr(u->url, "://"), *target, *query;
	cJSON *values = cJSON_CreateObject();
	size_t scheme = host == NULL ? 0 : (size_t)(host - u->url);

	host = host == NULL ? u->url : host + 3;
	target = host + strcspn(host, "/?");
	query = strchrnul(target, '?');
	if (put(values, "method", u->method, strlen(u->method)) == 0 &&
	    put(values, "scheme", u->url, scheme) == 0 &&
	    put(values, "host", host, host_length(host, (size_t)(target - host),
	    scheme == 5)) == 0 &&
	    put(values, "target", target, strlen(target)) == 0 &&
	    put(values, "path", target, (size_t)(query - target)) == 0 &&
	    put(values, "query", query + (*query == '?'), strlen(query + (*query == '?'))) == 0 &&
	    put(values, "body", u->body.data, u->body.len) == 0 &&
	    put_digest(values, s, u) == 0 && put_time(values, wall_ms) == 0 &&
	    put_nonce(values, nonce) == 0)
		return values;
	cJSON_Delete(values);
	return NULL;
}

int
signer_sign(const struct signer *s, struct upstream *u, int64_t wall_ms,
    const uint8_t nonce[SIGNER_NONCE], struct failure *f)
{
	uint8_t mac[CRYPTO_HMAC];
	const cJSON *header;
	const char *why;
	struct buf text;
	cJSON *values;
	int result = -1;
	size_t len;

	/* Texts end at a zero byte: half a body must not be signed for all of it. */
	if (u->body.len > 0 && memchr(u->body.data, '\0', u->body.len) != NULL &&
	    strstr(s->sign, "{body}") != NULL) {
		failure_init(f, "unsigned", 500, "nothing was done: the service's file signs "
		    "{body}, and this one is no text; {body_digest} would do; tell the operator");
		return -1;
	}
	buf_init(&text, LIMIT_SERVICE_FILE);
	values = values_of(s, u, wall_ms, nonce);
	if (values == NULL || template_text(&text, s->sign, values, &why) != TEMPLATE_DONE)
		goto out;
	len = crypto_hmac(s->algorithm, s->key.data, s->key.len, text.data, text.len, mac);
	buf_reset(&text);
	encode(s, &text, mac, len);
	if (len == 0 || text.failed ||
	    json_put(values, "signature", cJSON_CreateString(buf_str(&text))) == -1)
		goto out;
	cJSON_ArrayForEach(header, s->headers) {
		buf_reset(&text);
		if (template_header(&text, header->valuestring, values, &why) != TEMPLATE_DONE ||
		    upstream_header(u, header->string, buf_str(&text)) == -1)
			goto out;
		u->nsigned++;
	}
	result = 0;
out:
	cJSON_Delete(values);
	buf_finish(&text);
	return result == 0 ? 0 : failure_memory(f);
}
