/* SPDX-License-Identifier: MIT */
/* access.c - see access.h. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/signature.h"
#include "edge/trust.h"
#include "mcp/credential.h"
#include "mcp/metadata.h"
#include "run/access.h"
#include "run/settings.h"
#include "wire/jwk.h"

static int
load_api_keys(struct settings *s, char *why, size_t whylen)
{
	char reason[512];
	struct buf text;
	int result;

	if (s->api_keys_file[0] == '\0') {
		snprintf(why, whylen, "auth = api_key needs api_keys_file; make a key with "
		    "\"ums-mcp key new NAME\"");
		return -1;
	}
	buf_init(&text, LIMIT_CONF_FILE);
	result = file_read_private(&text, s->api_keys_file, reason, sizeof reason);
	if (result == -1)
		snprintf(why, whylen, "api_keys_file: %s", reason);
	else
		result = apikey_set_read(&s->api_keys, buf_str(&text), text.len, s->api_keys_file,
		    why, whylen);
	buf_finish(&text);
	return result;
}

/* Of the issuer: with a host, and without a user, who would be shown by -T. */
static bool
is_safe_url(const char *url)
{
	const char *host = url + 8;
	size_t len;

	if (strncmp(url, "https://", 8) != 0)
		return false;
	len = strcspn(host, "/?#");
	return len > 0 && memchr(host, '@', len) == NULL;
}

static int
load_jwt(struct settings *s, char *why, size_t whylen)
{
	enum signature_algorithm algorithm;
	char reason[512];
	struct buf text;
	size_t i;

	for (i = 0; i < s->jwt_algorithm_names.count; i++) {
		algorithm = signature_find(s->jwt_algorithm_names.items[i]);
		if (algorithm == SIGNATURE_ALGORITHMS) {
			snprintf(why, whylen, "jwt_algorithms: \"%s\" is none of RS256, PS256, "
			    "ES256, ES384 and EdDSA", s->jwt_algorithm_names.items[i]);
			return -1;
		}
		s->jwt_algorithms |= 1u << algorithm;
	}
	if (s->jwt_algorithms == 0 || s->issuer[0] == '\0' || s->jwks[0] == '\0') {
		snprintf(why, whylen, "auth = jwt needs issuer and jwks (and jwt_algorithms is "
		    "not to be empty)");
		return -1;
	}
	if (strstr(s->jwks, "://") != NULL) {
		if (is_safe_url(s->jwks))
			return 0;
		snprintf(why, whylen, "jwks: must be a file or an https URL with a host and "
		    "without user: whoever can change the keys on their way can sign tokens");
		return -1;
	}
	buf_init(&text, LIMIT_CONF_FILE);
	if (file_read(&text, s->jwks, reason, sizeof reason) == 0)
		s->jwks_file = jwk_set_parse(buf_str(&text), text.len, reason, sizeof reason);
	buf_finish(&text);
	if (s->jwks_file == NULL)
		snprintf(why, whylen, "jwks = %s: %s", s->jwks, reason);
	return s->jwks_file == NULL ? -1 : 0;
}

static int
load_introspection(struct settings *s, char *why, size_t whylen)
{
	char reason[512];

	if (s->introspection_client[0] == '\0' || s->introspection_secret_file[0] == '\0' ||
	    !is_safe_url(s->introspection_url)) {
		snprintf(why, whylen, "auth = introspection needs introspection_url (https, a "
		    "host, no user), introspection_client and introspection_secret_file");
		return -1;
	}
	s->introspection_secret = file_secret(s->introspection_secret_file, reason, sizeof reason);
	if (s->introspection_secret == NULL)
		snprintf(why, whylen, "introspection_secret_file: %s", reason);
	return s->introspection_secret == NULL ? -1 : 0;
}

/* What a client is told to ask a token for. */
static int
load_scopes(struct settings *s, char *why, size_t whylen)
{
	struct buf text;

	buf_init(&text, LIMIT_CONF_FILE);
	metadata_scopes(&text, &s->catalog);
	s->scopes = buf_take(&text);
	buf_finish(&text);
	if (s->scopes == NULL)
		snprintf(why, whylen, "out of memory");
	return s->scopes == NULL ? -1 : 0;
}

/* Tokens are for one resource, and come from one issuer. */
static int
load_tokens(struct settings *s, char *why, size_t whylen)
{
	struct buf text;
	char reason[512];

	if ((strncmp(s->resource, "https://", 8) != 0 && strncmp(s->resource, "http://", 7) != 0) ||
	    strpbrk(s->resource, "?# \"\\") != NULL) {
		snprintf(why, whylen, "resource: tokens are for one resource; name the URL that "
		    "clients use, such as https://mcp.example.org%s", s->endpoint);
		return -1;
	}
	if (s->issuer[0] == '\0') {
		snprintf(why, whylen, "issuer: name the authorization server that clients get "
		    "their tokens from, as it names itself");
		return -1;
	}
	s->auth_trust = trust_load(s->auth_ca_file[0] == '\0' ? NULL : s->auth_ca_file, reason,
	    sizeof reason);
	if (s->auth_trust == NULL) {
		snprintf(why, whylen, "auth_ca_file: %s", reason);
		return -1;
	}
	buf_init(&text, LIMIT_CONF_FILE);
	metadata_print(&text, s->resource, s->issuer, s->scopes);
	s->metadata = buf_take(&text);
	buf_finish(&text);
	if (s->metadata == NULL)
		snprintf(why, whylen, "out of memory");
	return s->metadata == NULL ? -1 : 0;
}

/* Whether a service wants the caller's own token exchanged. */
static bool
exchanges(const struct settings *s)
{
	const struct service *service;
	size_t i, k;

	for (i = 0; i < s->catalog.nservices; i++) {
		service = &s->catalog.services[i];
		for (k = 0; k < service->ncredentials; k++)
			if (service->credentials[k].client != NULL &&
			    service->credentials[k].client->exchanges)
				return true;
	}
	return false;
}

int
access_load(struct settings *s, char *why, size_t whylen)
{
	static const char *const words[] = { "none", "api_key", "jwt", "introspection" };
	bool none = false;
	size_t i, k;

	for (i = 0; i < s->auth.count; i++) {
		for (k = 0; k < 4 && strcmp(s->auth.items[i], words[k]) != 0; k++)
			;
		if (k == 4) {
			snprintf(why, whylen, "auth: \"%s\" is none of none, api_key, jwt and "
			    "introspection", s->auth.items[i]);
			return -1;
		}
		none = none || k == 0;
		s->auth_methods |= k == 0 ? 0 : 1u << (k - 1);
	}
	if (s->auth.count == 0 || (none && s->auth_methods != 0)) {
		snprintf(why, whylen, none ? "auth: \"none\" lets everybody call; it cannot stand "
		    "beside others" : "auth: say who may call: api_key, jwt, introspection; or "
		    "none, which lets everybody call who can reach the web server");
		return -1;
	}
	s->exchanges = exchanges(s);
	if (s->exchanges && (s->auth_methods & (AUTH_JWT | AUTH_INTROSPECTION)) == 0) {
		snprintf(why, whylen, "auth: a service's \"token_exchange\" needs callers with "
		    "tokens: jwt or introspection");
		return -1;
	}
	if (load_scopes(s, why, whylen) == -1)
		return -1;
	if ((s->auth_methods & AUTH_API_KEY) != 0 && load_api_keys(s, why, whylen) == -1)
		return -1;
	if ((s->auth_methods & AUTH_JWT) != 0 && load_jwt(s, why, whylen) == -1)
		return -1;
	if ((s->auth_methods & AUTH_INTROSPECTION) != 0 && load_introspection(s, why, whylen) == -1)
		return -1;
	return (s->auth_methods & (AUTH_JWT | AUTH_INTROSPECTION)) == 0 ? 0 :
	    load_tokens(s, why, whylen);
}

void
access_finish(struct settings *s)
{
	trust_destroy(s->auth_trust);
	apikey_set_finish(&s->api_keys);
	jwk_set_destroy(s->jwks_file);
	if (s->introspection_secret != NULL)
		explicit_bzero(s->introspection_secret, strlen(s->introspection_secret));
	free(s->introspection_secret);
	free(s->scopes);
	free(s->metadata);
}
