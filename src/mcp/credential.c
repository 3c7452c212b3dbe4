/* SPDX-License-Identifier: MIT */
/* credential.c - a table of kinds, and a reader for each; see credential.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "mcp/credential.h"
#include "mcp/signer.h"
#include "mcp/spec.h"
#include "mcp/template.h"
#include "wire/json.h"

/* What a reader of a kind works with. */
struct source {
	const cJSON		*auth;
	const char		*override;
	const char		*key;	/* that would name another file; NULL: none does */
	const cJSON		*values;
	const char		*place;
	struct spec_fault	*fault;
};

static int	load_bearer(struct credential *, const struct source *);
static int	load_basic(struct credential *, const struct source *);
static int	load_header(struct credential *, const struct source *);
static int	load_path(struct credential *, const struct source *);
static int	load_oauth(struct credential *, const struct source *);
static int	load_hmac(struct credential *, const struct source *);

static const struct spec_key none_keys[] = {
	{ "type", SPEC_STRING, true },
	{ "callers", SPEC_OBJECT, false },
	{ NULL, SPEC_ANY, false },
}, bearer_keys[] = {
	{ "type", SPEC_STRING, true },
	{ "callers", SPEC_OBJECT, false },
	{ "token", SPEC_OBJECT, false },
	{ NULL, SPEC_ANY, false },
}, basic_keys[] = {
	{ "type", SPEC_STRING, true },
	{ "callers", SPEC_OBJECT, false },
	{ "username", SPEC_STRING, true },
	{ "password", SPEC_OBJECT, false },
	{ NULL, SPEC_ANY, false },
}, header_keys[] = {
	{ "type", SPEC_STRING, true },
	{ "callers", SPEC_OBJECT, false },
	{ "header", SPEC_STRING, true },
	{ "value", SPEC_OBJECT, false },
	{ NULL, SPEC_ANY, false },
}, path_keys[] = {
	{ "type", SPEC_STRING, true },
	{ "callers", SPEC_OBJECT, false },
	{ "path", SPEC_STRING, true },
	{ "token", SPEC_OBJECT, false },
	{ NULL, SPEC_ANY, false },
}, oauth_keys[] = {
	{ "type", SPEC_STRING, true },
	{ "callers", SPEC_OBJECT, false },
	{ "grant", SPEC_STRING, true },
	{ "token_url", SPEC_STRING, true },
	{ "client_id", SPEC_STRING, true },
	{ "client_auth", SPEC_STRING, false },
	{ "client_secret", SPEC_OBJECT, false },
	{ "private_key", SPEC_OBJECT, false },
	{ "algorithm", SPEC_STRING, false },
	{ "key_id", SPEC_STRING, false },
	{ "scope", SPEC_STRING, false },
	{ "audience", SPEC_STRING, false },
	{ "resource", SPEC_STRING, false },
	{ NULL, SPEC_ANY, false },
}, hmac_keys[] = {
	{ "type", SPEC_STRING, true },
	{ "callers", SPEC_OBJECT, false },
	{ "key", SPEC_OBJECT, false },
	{ "key_encoding", SPEC_STRING, false },
	{ "algorithm", SPEC_STRING, false },
	{ "encoding", SPEC_STRING, false },
	{ "sign", SPEC_STRING, true },
	{ "headers", SPEC_OBJECT, true },
	{ NULL, SPEC_ANY, false },
};

static const struct {
	const char		*type;
	const struct spec_key	*keys;
	int			(*load)(struct credential *, const struct source *);
	bool			one_secret;	/* whose file the configuration may name */
} kinds[] = {
	{ "none", none_keys, NULL, false },
	{ "bearer", bearer_keys, load_bearer, true },
	{ "basic", basic_keys, load_basic, true },
	{ "header", header_keys, load_header, true },
	{ "path", path_keys, load_path, true },
	{ "oauth2", oauth_keys, load_oauth, false },
	{ "hmac", hmac_keys, load_hmac, true },
};

#define KINDS	(sizeof kinds / sizeof kinds[0])

int
credential_load(struct credential *c, const cJSON *auth, const char *override, const char *key,
    const cJSON *values, const char *place, struct spec_fault *f)
{
	struct source from = { auth, override, NULL, values, place, f };
	const char *type = json_str(auth, "type");
	char inner[512];
	size_t i;

	memset(c, 0, sizeof *c);
	for (i = 0; i < KINDS && (type == NULL || strcmp(type, kinds[i].type) != 0); i++)
		;
	if (i == KINDS) {
		snprintf(inner, sizeof inner, "%s/type", place);
		return spec_fail(f, inner, "must be none, bearer, basic, header, "
		    "path, oauth2 or hmac");
	}
	if (spec_check(auth, kinds[i].keys, place, f) == -1)
		return -1;
	if (override != NULL && !kinds[i].one_secret)
		return spec_fail(f, place, "is of type \"%s\", and the configuration's "
		    "token_file is not for that", type);
	if (override == NULL && kinds[i].one_secret)
		from.key = key;
	return kinds[i].load == NULL ? 0 : kinds[i].load(c, &from);
}

static void
forget(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void
credential_finish(struct credential *c)
{
	forget(c->line);
	forget(c->path);
	if (c->client != NULL) {
		forget(c->client->secret);
		signature_key_destroy(c->client->key);
	}
	free(c->client);
	signer_destroy(c->signer);
	memset(c, 0, sizeof *c);
}

bool
credential_may_not_set(const char *header)
{
	static const char *const names[] = { "Host", "Content-Length", "Transfer-Encoding",
		"Connection", "Expect", "traceparent", "tracestate" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcasecmp(names[i], header) == 0)
			return true;
	return false;
}

bool
credential_sets(const struct credential *c, const char *header)
{
	size_t len = strlen(header);

	if (c->client != NULL)
		return strcasecmp(header, "Authorization") == 0;
	if (c->signer != NULL)
		return signer_sets(c->signer, header);
	return c->line != NULL && strncasecmp(c->line, header, len) == 0 && c->line[len] == ':';
}

/* The path that {"file": PATH} names in a member; the caller frees it. NULL with the fault said. */
static char *
secret_path(const struct source *from, const char *member)
{
	static const struct spec_key source_keys[] = {
		{ "file", SPEC_STRING, true },
		{ NULL, SPEC_ANY, false },
	};
	const cJSON *source = json_get(from->auth, member);
	char place[512], *path;

	snprintf(place, sizeof place, "%s/%s", from->place, member);
	if (source == NULL) {
		spec_fail(from->fault, place, "is missing; it is {\"file\": PATH}");
		return NULL;
	}
	if (spec_check(source, source_keys, place, from->fault) == -1)
		return NULL;
	path = file_beside(from->fault->file, json_str(source, "file"));
	if (path == NULL)
		spec_fail(from->fault, place, "out of memory");
	return path;
}

/* A secret that a member names, or the override does; the caller frees it. NULL: fault said. */
static char *
read_secret(const struct source *from, const char *member, const char *override)
{
	char reason[512], place[512], *path, *secret;
	bool absent;

	path = override != NULL ? strdup(override) : secret_path(from, member);
	if (path == NULL)
		return NULL;
	secret = file_secret(path, reason, sizeof reason);
	absent = secret == NULL && errno == ENOENT;
	free(path);
	snprintf(place, sizeof place, "%s/%s", from->place, member);
	if (secret == NULL)
		spec_fail_file(from->fault, place, absent, reason, from->key);
	return secret;
}

/* The line becomes the credential's. */
static int
take_line(struct credential *c, struct buf *line, const struct source *from)
{
	c->line = buf_take(line);
	buf_finish(line);
	return c->line == NULL ? spec_fail(from->fault, from->place,
	    "the credential is too long") : 0;
}

static int
load_bearer(struct credential *c, const struct source *from)
{
	char *secret = read_secret(from, "token", from->override);
	struct buf line;

	if (secret == NULL)
		return -1;
	buf_init(&line, LIMIT_HEADER);
	buf_printf(&line, "Authorization: Bearer %s", secret);
	forget(secret);
	return take_line(c, &line, from);
}

/* "Authorization: Basic" of a name and a password (RFC 7617). */
static void
basic_line(struct buf *line, const char *name, const char *secret)
{
	struct buf pair;

	buf_init(&pair, LIMIT_HEADER);
	buf_printf(&pair, "%s:%s", name, secret);
	buf_puts(line, "Authorization: Basic ");
	if (pair.failed || base64_encode(line, buf_str(&pair), pair.len) == -1)
		line->failed = true;
	buf_wipe(&pair);
}

static int
load_basic(struct credential *c, const struct source *from)
{
	const char *text = json_str(from->auth, "username"), *why = "";
	char place[512], reason[256], *secret;
	struct buf line, name;
	int result = -1;

	snprintf(place, sizeof place, "%s/username", from->place);
	if (template_check(text, from->values, reason, sizeof reason) == -1)
		return spec_fail(from->fault, place, "%s", reason);
	buf_init(&name, LIMIT_HEADER);
	buf_init(&line, LIMIT_HEADER);
	if (template_text(&name, text, from->values, &why) != TEMPLATE_DONE)
		spec_fail(from->fault, place, "%s", why);
	else if (strchr(buf_str(&name), ':') != NULL)
		spec_fail(from->fault, place, "must have no colon (RFC 7617)");
	else if ((secret = read_secret(from, "password", from->override)) != NULL) {
		basic_line(&line, buf_str(&name), secret);
		forget(secret);
		result = take_line(c, &line, from);
	}
	buf_finish(&name);
	buf_finish(&line);
	return result;
}

static int
load_header(struct credential *c, const struct source *from)
{
	const char *name = json_str(from->auth, "header");
	char place[512], *secret;
	struct buf line;

	snprintf(place, sizeof place, "%s/header", from->place);
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] != '\0')
		return spec_fail(from->fault, place, "must be a header's name");
	if (credential_may_not_set(name))
		return spec_fail(from->fault, place, "is set by the transport; name another");
	secret = read_secret(from, "value", from->override);
	if (secret == NULL)
		return -1;
	buf_init(&line, LIMIT_HEADER);
	buf_printf(&line, "%s: %s", name, secret);
	forget(secret);
	return take_line(c, &line, from);
}

static int
load_hmac(struct credential *c, const struct source *from)
{
	char *secret = read_secret(from, "key", from->override);

	if (secret == NULL)
		return -1;
	c->signer = signer_create(from->auth, secret, from->place, from->fault);
	forget(secret);
	return c->signer == NULL ? -1 : 0;
}

/*
 * The secret as a part of the path. What would have to be encoded there, or could end the segment,
 * is refused: a token is of such characters, and a file with others is not one.
 */
static int
load_path(struct credential *c, const struct source *from)
{
	static const char mark[] = "{token}", plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:@!$&'()*+,;=";
	const char *text = json_str(from->auth, "path"), *at = strstr(text, mark), *rest;
	char place[512], *secret;
	struct buf path;

	rest = at == NULL ? "" : at + strlen(mark);
	snprintf(place, sizeof place, "%s/path", from->place);
	if (*text != '/' || at == NULL || strspn(text + 1, plain) + 1 != (size_t)(at - text) ||
	    strspn(rest, plain) != strlen(rest))
		return spec_fail(from->fault, place, "must be a segment of a path with {token} "
		    "in it, such as /bot{token}");
	secret = read_secret(from, "token", from->override);
	if (secret == NULL)
		return -1;
	if (strspn(secret, plain) != strlen(secret) || *secret == '.') {
		forget(secret);
		snprintf(place, sizeof place, "%s/token", from->place);
		return spec_fail(from->fault, place, "the file's secret begins with a dot or "
		    "has a character that a path would have encoded: it is no token");
	}
	c->secret_at = (size_t)(at - text);
	c->secret_len = strlen(secret);
	buf_init(&path, LIMIT_HEADER);
	buf_printf(&path, "%.*s%s%s", (int)(at - text), text, secret, rest);
	forget(secret);
	c->path = buf_take(&path);
	buf_finish(&path);
	return c->path == NULL ? spec_fail(from->fault, from->place,
	    "the credential is too long") : 0;
}

/* ====== oauth2 ====== */

static int
load_key(struct oauth_client *client, const struct source *from)
{
	const char *algorithm = json_str(from->auth, "algorithm");
	char place[512], reason[512] = "", *path = secret_path(from, "private_key");
	struct buf text;

	if (path == NULL)
		return -1;
	buf_init(&text, LIMIT_SECRET);
	if (file_read(&text, path, reason, sizeof reason) == 0)
		client->key = signature_key_pem(buf_str(&text), reason, sizeof reason);
	free(path);
	buf_wipe(&text);
	snprintf(place, sizeof place, "%s/private_key", from->place);
	if (client->key == NULL)
		return spec_fail(from->fault, place, "%s", reason);
	client->algorithm = signature_find(algorithm == NULL ? "ES256" : algorithm);
	snprintf(place, sizeof place, "%s/algorithm", from->place);
	if (client->algorithm == SIGNATURE_ALGORITHMS ||
	    !signature_fits(client->key, client->algorithm))
		return spec_fail(from->fault, place, "must be the key's: RS256, PS256, ES256, "
		    "ES384 or EdDSA (without one: ES256)");
	return 0;
}

/* With a host and without a user: credentials are members of their own. */
static bool
is_url(const char *url)
{
	static const char *const near[] = { "127.0.0.1", "localhost", "[::1]" };
	const char *host = strncmp(url, "https://", 8) == 0 ? url + 8 :
	    strncmp(url, "http://", 7) == 0 ? url + 7 : "";
	size_t len = strcspn(host, "/?"), i;

	/* A secret goes there: without TLS no further than this machine. */
	for (i = 0; i < 3 && (strncmp(host, near[i], strlen(near[i])) != 0 ||
	    strchr(":/?", host[strlen(near[i])]) == NULL); i++)
		;
	if (strncmp(url, "http://", 7) == 0 && i == 3)
		return false;
	return len > 0 && memchr(host, '@', len) == NULL &&
	    strpbrk(url, " \t\r\n\"<>{}#") == NULL;
}

/* What the other way to show who one is would need stands there in vain. */
static int
check_idle(const struct oauth_client *client, const struct source *from)
{
	static const char *const members[] = { "client_secret", "private_key", "algorithm",
		"key_id" };
	char place[512];
	size_t i;

	for (i = 0; i < sizeof members / sizeof members[0]; i++) {
		if ((i == 0) != (client->auth == PRIVATE_KEY_JWT) ||
		    json_get(from->auth, members[i]) == NULL)
			continue;
		snprintf(place, sizeof place, "%s/%s", from->place, members[i]);
		return spec_fail(from->fault, place, i == 0 ?
		    "does not go with private_key_jwt" :
		    "goes with \"client_auth\": \"private_key_jwt\"");
	}
	return 0;
}

static int
load_oauth(struct credential *c, const struct source *from)
{
	static const char *const auths[] = {
		[CLIENT_SECRET_BASIC] = "client_secret_basic",
		[CLIENT_SECRET_POST] = "client_secret_post",
		[PRIVATE_KEY_JWT] = "private_key_jwt",
	};
	const char *grant = json_str(from->auth, "grant"), *auth = json_str(from->auth,
	    "client_auth");
	struct oauth_client *client = calloc(1, sizeof *client);
	char place[512];
	size_t i;

	c->client = client;
	if (client == NULL)
		return spec_fail(from->fault, from->place, "out of memory");
	client->exchanges = strcmp(grant, "token_exchange") == 0;
	snprintf(place, sizeof place, "%s/grant", from->place);
	if (!client->exchanges && strcmp(grant, "client_credentials") != 0)
		return spec_fail(from->fault, place, "must be client_credentials or "
		    "token_exchange");
	client->token_url = json_str(from->auth, "token_url");
	snprintf(place, sizeof place, "%s/token_url", from->place);
	if (!is_url(client->token_url))
		return spec_fail(from->fault, place, "must be an https URL with a host "
		    "(http on this machine alone), without user and fragment");
	client->client_id = json_str(from->auth, "client_id");
	client->key_id = json_str(from->auth, "key_id");
	client->scope = json_str(from->auth, "scope");
	client->audience = json_str(from->auth, "audience");
	client->resource = json_str(from->auth, "resource");
	for (i = 0; auth != NULL && i < 3 && strcmp(auth, auths[i]) != 0; i++)
		;
	snprintf(place, sizeof place, "%s/client_auth", from->place);
	if (i == 3)
		return spec_fail(from->fault, place, "must be client_secret_basic, "
		    "client_secret_post or private_key_jwt");
	client->auth = (enum client_auth)i;
	if (check_idle(client, from) == -1)
		return -1;
	if (client->auth == PRIVATE_KEY_JWT)
		return load_key(client, from);
	client->secret = read_secret(from, "client_secret", NULL);
	return client->secret == NULL ? -1 : 0;
}
