/* SPDX-License-Identifier: MIT */
/* import_auth.c - where the service is, and as whom the bridge calls it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/import_part.h"
#include "wire/json.h"

/* A host that cannot be (RFC 6761): a person must name the right one. */
#define NO_HOST		"https://choose-a-host.invalid"
#define NO_USER		"choose-a-user"
#define NO_CLIENT	"choose-a-client"

/* ====== base_url ====== */

/* A server's URL with its variables' defaults. */
static void
fill_in(struct buf *out, const char *url, const cJSON *variables)
{
	char name[LIMIT_IMPORT_NAME];
	const char *p, *value;
	size_t len;

	for (p = url; *p != '\0'; p++) {
		len = *p == '{' ? strcspn(p + 1, "}") : 0;
		value = NULL;
		if (len > 0 && len < sizeof name && p[1 + len] == '}') {
			snprintf(name, sizeof name, "%.*s", (int)len, p + 1);
			value = json_str(json_get(variables, name), "default");
		}
		if (value == NULL)
			buf_putc(out, *p);
		else {
			buf_puts(out, value);
			p += len + 1;
		}
	}
}

void
import_auth_server(struct buf *out, const cJSON *servers)
{
	const cJSON *server = cJSON_IsArray(servers) ? servers->child : NULL;

	if (json_str(server, "url") != NULL)
		fill_in(out, json_str(server, "url"), json_get(server, "variables"));
}

/* The one address of a Swagger document; without a host a path alone. */
static void
swagger_server(struct buf *out, const cJSON *root)
{
	const char *host = json_str(root, "host"), *path = json_str(root, "basePath");
	const cJSON *scheme;
	const char *said = "https";

	cJSON_ArrayForEach(scheme, json_get(root, "schemes")) {
		if (cJSON_IsString(scheme) && strcmp(scheme->valuestring, "https") == 0)
			break;
		if (cJSON_IsString(scheme) && strcmp(scheme->valuestring, "http") == 0)
			said = "http";
	}
	if (scheme != NULL)
		said = "https";
	if (host != NULL)
		buf_printf(out, "%s://%s", said, host);
	if (path != NULL)
		buf_printf(out, "%s%s", *path == '/' ? "" : "/", path);
}

/* As service_load() judges base_url. */
static bool
is_base(const char *url)
{
	const char *host = strncmp(url, "https://", 8) == 0 ? url + 8 :
	    strncmp(url, "http://", 7) == 0 ? url + 7 : "";

	return *host != '\0' && *host != '/' && strpbrk(url, "?#{} \t\r\n\"<>") == NULL &&
	    memchr(host, '@', strcspn(host, "/")) == NULL;
}

void
import_auth_base(struct import *im, cJSON *service, const struct operation *ops, size_t n)
{
	const cJSON *servers = json_get(im->root, "servers"), *other;
	struct buf url;
	size_t i;

	if (im->version == SWAGGER_20)
		swagger_server(&im->base, im->root);
	else {
		for (i = 0; i < n && (servers == NULL || servers->child == NULL); i++)
			servers = ops[i].servers;
		import_auth_server(&im->base, servers);
	}
	while (im->base.len > 1 && im->base.data[im->base.len - 1] == '/' &&
	    im->version == SWAGGER_20)
		buf_truncate(&im->base, im->base.len - 1);
	if (is_base(buf_str(&im->base)))
		import_put(im, service, "base_url", cJSON_CreateString(buf_str(&im->base)));
	else {
		buf_init(&url, LIMIT_URL);
		buf_printf(&url, "%s%s", NO_HOST, buf_str(&im->base)[0] == '/' ?
		    buf_str(&im->base) : "");
		import_note(&im->notes, "base_url: the document names no host (\"%.100s\"): write "
		    "where the service is.", buf_str(&im->base));
		import_put(im, service, "base_url", cJSON_CreateString(is_base(buf_str(&url)) ?
		    buf_str(&url) : NO_HOST));
		buf_finish(&url);
	}
	if (im->version != SWAGGER_20 && cJSON_IsArray(servers) && servers->child != NULL)
		for (other = servers->child->next; other != NULL; other = other->next)
			if (json_str(other, "url") != NULL)
				import_note(&im->notes, "base_url: the document also has %.200s.",
				    json_str(other, "url"));
}

/* ====== auth ====== */

enum fit { FIT_NONE, FIT_TOKEN, FIT_WELL };

static const cJSON *
schemes_of(const struct import *im)
{
	const cJSON *schemes = im->version == SWAGGER_20 ?
	    json_get(im->root, "securityDefinitions") :
	    json_get(json_get(im->root, "components"), "securitySchemes");

	return cJSON_IsObject(schemes) ? schemes : NULL;
}

static bool
is_type(const cJSON *scheme, const char *type)
{
	return json_str(scheme, "type") != NULL && strcmp(json_str(scheme, "type"), type) == 0;
}

/* The token endpoint of client credentials, https alone; NULL: there is none. */
static const char *
token_url(const struct import *im, const cJSON *scheme)
{
	const char *flow = json_str(scheme, "flow"), *url;

	url = im->version != SWAGGER_20 ? json_str(json_get(json_get(scheme, "flows"),
	    "clientCredentials"), "tokenUrl") : flow != NULL && strcmp(flow, "application") == 0 ?
	    json_str(scheme, "tokenUrl") : NULL;
	return url != NULL && strncmp(url, "https://", 8) == 0 && is_base(url) ? url : NULL;
}

static bool
is_header_name(const char *name)
{
	return name != NULL && *name != '\0' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] == '\0';
}

/* How well the bridge can do a scheme; what it is called in comments goes to `kind`. */
static enum fit
fit_of(const struct import *im, const cJSON *scheme, char *kind, size_t size)
{
	const char *http = json_str(scheme, "scheme"), *in = json_str(scheme, "in");

	if (is_type(scheme, "basic") || (is_type(scheme, "http") && http != NULL)) {
		if (is_type(scheme, "basic"))
			http = "basic";
		snprintf(kind, size, "http %.32s", http);
		return strcasecmp(http, "basic") == 0 || strcasecmp(http, "bearer") == 0 ?
		    FIT_WELL : FIT_NONE;
	}
	if (is_type(scheme, "apiKey")) {
		snprintf(kind, size, "apiKey in %.32s", in == NULL ? "nothing" : in);
		return in != NULL && strcmp(in, "header") == 0 &&
		    is_header_name(json_str(scheme, "name")) ? FIT_WELL : FIT_NONE;
	}
	snprintf(kind, size, "%.32s", json_str(scheme, "type") == NULL ? "no type" :
	    json_str(scheme, "type"));
	if (is_type(scheme, "oauth2"))
		return token_url(im, scheme) != NULL ? FIT_WELL : FIT_TOKEN;
	return is_type(scheme, "openIdConnect") ? FIT_TOKEN : FIT_NONE;
}

/* The first scheme of a list of requirements that the bridge can do as well as `least`. */
static const cJSON *
find_required(const struct import *im, const cJSON *security, enum fit least)
{
	const cJSON *schemes = schemes_of(im), *one, *name, *scheme;
	char kind[80];

	cJSON_ArrayForEach(one, security)
		cJSON_ArrayForEach(name, one) {
			scheme = name->string == NULL ? NULL : json_get(schemes, name->string);
			if (cJSON_IsObject(scheme) &&
			    fit_of(im, scheme, kind, sizeof kind) >= least)
				return scheme;
		}
	return NULL;
}

/* The scheme that "auth" is made of: one that is asked for, and can be done as it is, if any. */
static const cJSON *
choose(const struct import *im, const struct operation *ops, size_t n)
{
	const cJSON *found = NULL;
	enum fit least;
	size_t i;

	for (least = FIT_WELL; found == NULL && least > FIT_NONE; least--) {
		found = find_required(im, json_get(im->root, "security"), least);
		for (i = 0; found == NULL && i < n; i++)
			found = find_required(im, json_get(ops[i].spec, "security"), least);
	}
	return found;
}

static void
put_secret(struct import *im, cJSON *auth, const char *member, const char *service)
{
	cJSON *source = cJSON_CreateObject();
	char file[LIMIT_IMPORT_NAME + 16];

	snprintf(file, sizeof file, "%s.token", service);
	import_put(im, source, "file", cJSON_CreateString(file));
	import_put(im, auth, member, source);
	import_note(&im->notes, "auth: the secret is the one line of %s, beside this file.", file);
}

static void
make_oauth(struct import *im, cJSON *auth, const cJSON *scheme, const char *service)
{
	import_put(im, auth, "type", cJSON_CreateString("oauth2"));
	import_put(im, auth, "grant", cJSON_CreateString("client_credentials"));
	import_put(im, auth, "token_url", cJSON_CreateString(token_url(im, scheme)));
	import_put(im, auth, "client_id", cJSON_CreateString(NO_CLIENT));
	put_secret(im, auth, "client_secret", service);
	import_note(&im->notes, "auth: write the client_id, and in \"scope\" what the tools need.");
}

/* The object of ums-mcp-service(5), "Credentials". */
static void
fill_auth(struct import *im, cJSON *auth, const cJSON *scheme, const char *service)
{
	const char *http = json_str(scheme, "scheme");

	if (is_type(scheme, "apiKey")) {
		import_put(im, auth, "type", cJSON_CreateString("header"));
		import_put(im, auth, "header", cJSON_CreateString(json_str(scheme, "name")));
		put_secret(im, auth, "value", service);
		im->auth_header = strdup(json_str(scheme, "name"));
		im->starved = im->starved || im->auth_header == NULL;
	} else if (is_type(scheme, "basic") || (is_type(scheme, "http") &&
	    strcasecmp(http, "basic") == 0)) {
		import_put(im, auth, "type", cJSON_CreateString("basic"));
		import_put(im, auth, "username", cJSON_CreateString(NO_USER));
		put_secret(im, auth, "password", service);
		import_note(&im->notes, "auth: write the user's name.");
	} else if (is_type(scheme, "oauth2") && token_url(im, scheme) != NULL)
		make_oauth(im, auth, scheme, service);
	else {
		import_put(im, auth, "type", cJSON_CreateString("bearer"));
		put_secret(im, auth, "token", service);
		if (!is_type(scheme, "http"))
			import_note(&im->notes, "auth: the document asks for tokens that people "
			    "get (%.32s): this is one of them, for all callers.",
			    json_str(scheme, "type"));
	}
}

void
import_auth_make(struct import *im, cJSON *service, const struct operation *ops, size_t n)
{
	const cJSON *chosen = choose(im, ops, n), *one;
	cJSON *auth;
	char kind[80];
	enum fit fit;

	if (chosen != NULL) {
		auth = cJSON_CreateObject();
		fill_auth(im, auth, chosen, json_str(service, "name"));
		import_put(im, service, "auth", auth);
		im->scheme = chosen->string;
	}
	cJSON_ArrayForEach(one, schemes_of(im)) {
		if (one == chosen || !cJSON_IsObject(one))
			continue;
		fit = fit_of(im, one, kind, sizeof kind);
		import_note(&im->notes, "auth: the document also has \"%.64s\" (%s)%s.",
		    one->string, kind, fit == FIT_NONE ? ", which the bridge cannot do" : "");
	}
}
