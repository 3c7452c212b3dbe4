/* SPDX-License-Identifier: MIT */
/* token.c - bearer tokens; see token.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "local/call.h"
#include "local/options.h"
#include "local/problem.h"
#include "local/reply.h"
#include "local/request.h"
#include "local/store.h"
#include "local/token.h"

#define TOKEN_BYTES	32
#define TOKEN_PAIRS	16

struct grant {				/* the form and who shows it */
	struct pair	 pair[TOKEN_PAIRS];
	int		 count;
	struct pair	 basic[2];	/* id and secret from Authorization, decoded into [0] */
	struct buf	 basic_text;
	const char	*id;
	const char	*secret;
	bool		 by_header;
};

static bool	same(const char *, const char *);
static int	owner_of_issued(struct call *, const uint8_t *);
static int	client_slot(const struct call *, const char *, size_t *);
static int	refuse(struct call *, int, const char *, const char *);
static int	read_form(struct call *, struct grant *);
static int	read_basic(struct call *, struct grant *);
static const char *form_value(const struct grant *, const char *);
static int	identify(struct call *, struct grant *);
static int	grant_token(struct call *, const char *);

/* Compare secrets by their digests: the time it takes tells nothing of either. */
static bool
same(const char *a, const char *b)
{
	uint8_t x[CRYPTO_DIGEST], y[CRYPTO_DIGEST];
	volatile uint8_t difference = 0;
	size_t i;

	if (crypto_sha256(a, strlen(a), x) == -1 || crypto_sha256(b, strlen(b), y) == -1)
		return false;
	for (i = 0; i < CRYPTO_DIGEST; i++)
		difference = (uint8_t)(difference | (x[i] ^ y[i]));
	return difference == 0;
}

/* All are compared, found or not. 1: found; 0. */
static int
client_slot(const struct call *c, const char *id, size_t *slot)
{
	size_t i;
	int found = 0;

	for (i = 0; i < c->opt->client_count; i++)
		if (same(c->opt->clients[i].id, id)) {
			*slot = i + 1;
			found = 1;
		}
	return found;
}

static int
owner_of_issued(struct call *c, const uint8_t *digest)
{
	sqlite3_stmt *stmt = store_bind(c->store, "SELECT client FROM token"
	    " WHERE digest = ? AND expires_at > ?", "bi", digest, (size_t)CRYPTO_DIGEST,
	    clock_wall_ms());
	int r = store_step(c->store, stmt);

	if (r == 1) {
		/* A client that is no longer in the file has lost its tokens too. */
		r = client_slot(c, store_text(stmt, 0), &c->owner_slot);
		if (r == 1)
			snprintf(c->owner, sizeof c->owner, "client:%s", store_text(stmt, 0));
	}
	store_done(stmt);
	return r;
}

int
token_check(struct call *c)
{
	const char *header = request_header(&c->req, "HTTP_AUTHORIZATION");
	uint8_t digest[CRYPTO_DIGEST];
	int r;

	if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0)
		return problem(c, 401, "unauthorized", "send Authorization: Bearer TOKEN");
	header += 7 + strspn(header + 7, " ");
	if (c->opt->token != NULL && same(c->opt->token, header)) {
		snprintf(c->owner, sizeof c->owner, "static");
		c->owner_slot = 0;
		return 0;
	}
	if (crypto_sha256(header, strlen(header), digest) == -1)
		return -1;
	r = owner_of_issued(c, digest);
	if (r == 0)
		return problem(c, 401, "unauthorized", "the token is not known or has expired");
	return r == 1 ? 0 : -1;
}

int
token_purge(struct store *store)
{
	return store_run(store, "DELETE FROM token WHERE expires_at < ?", "i", clock_wall_ms());
}

/* RFC 6749, section 5.2: an error of this endpoint has its own form. */
static int
refuse(struct call *c, int status, const char *error, const char *description)
{
	cJSON *o = cJSON_CreateObject();

	if (reply_text(o, "error", error) == -1 ||
	    reply_text(o, "error_description", description) == -1) {
		cJSON_Delete(o);
		return -1;
	}
	if (status == 401)
		buf_puts(&c->reply.headers, "WWW-Authenticate: Basic realm=\"ums\"\r\n");
	return reply_json(c, status, o) == -1 ? -1 : 1;
}

static const char *
form_value(const struct grant *g, const char *name)
{
	int i;

	for (i = 0; i < g->count; i++)
		if (strcmp(g->pair[i].name, name) == 0)
			return g->pair[i].value;
	return NULL;
}

static int
read_form(struct call *c, struct grant *g)
{
	static const char form[] = "application/x-www-form-urlencoded";
	const char *type = request_header(&c->req, "CONTENT_TYPE");
	int i, j;

	if (type == NULL || strcspn(type, "; ") != strlen(form) ||
	    strncasecmp(type, form, strlen(form)) != 0)
		return refuse(c, 400, "invalid_request", "send a form (RFC 6749, section 4.4.2)");
	if (c->req.body.len == 0 || strlen(c->req.body.data) != c->req.body.len)
		return refuse(c, 400, "invalid_request", "the form is empty or malformed");
	g->count = request_form(c->req.body.data, g->pair, TOKEN_PAIRS);
	if (g->count == -1) {
		g->count = 0;
		return refuse(c, 400, "invalid_request", "the form is malformed");
	}
	for (i = 0; i < g->count; i++)
		for (j = 0; j < i; j++)
			if (strcmp(g->pair[i].name, g->pair[j].name) == 0)
				return refuse(c, 400, "invalid_request", "a parameter is repeated");
	return 0;
}

/* client_secret_basic: base64 of the form-encoded id, a colon, the form-encoded secret. */
static int
read_basic(struct call *c, struct grant *g)
{
	const char *header = request_header(&c->req, "HTTP_AUTHORIZATION");
	char *colon;

	if (header == NULL)
		return 0;
	g->by_header = true;
	if (strncasecmp(header, "Basic ", 6) != 0)
		goto bad;
	header += 6 + strspn(header + 6, " ");
	if (base64_decode(&g->basic_text, header, strlen(header)) == -1 ||
	    g->basic_text.len == 0 || strlen(g->basic_text.data) != g->basic_text.len ||
	    strpbrk(g->basic_text.data, "&=") != NULL ||
	    (colon = strchr(g->basic_text.data, ':')) == NULL)
		goto bad;
	*colon = '\0';
	if (request_form(g->basic_text.data, &g->basic[0], 1) != 1 ||
	    request_form(colon + 1, &g->basic[1], 1) != 1)
		goto bad;
	g->id = g->basic[0].name;
	g->secret = g->basic[1].name;
	return 0;
bad:
	return refuse(c, 401, "invalid_client", "the Authorization header is not understood");
}

static int
identify(struct call *c, struct grant *g)
{
	const char *id = form_value(g, "client_id"), *secret = form_value(g, "client_secret");
	size_t slot = 0;
	bool good;

	if (g->by_header && secret != NULL)
		return refuse(c, 400, "invalid_request", "two ways of authentication at once");
	if (g->by_header && id != NULL && strcmp(id, g->id) != 0)
		return refuse(c, 400, "invalid_request", "client_id is not the one in "
		    "Authorization");
	if (!g->by_header) {
		g->id = id;
		g->secret = secret;
	}
	if (g->id == NULL || g->secret == NULL)
		return refuse(c, 401, "invalid_client", "client_id and client_secret are wanted");
	good = client_slot(c, g->id, &slot) == 1;
	/* An unknown client costs a comparison too. */
	good &= same(slot > 0 ? c->opt->clients[slot - 1].secret : "", g->secret);
	if (!good || slot == 0)
		return refuse(c, 401, "invalid_client", "unknown client or wrong secret");
	return 0;
}

static int
grant_token(struct call *c, const char *client)
{
	uint8_t raw[TOKEN_BYTES], digest[CRYPTO_DIGEST];
	cJSON *o = cJSON_CreateObject();
	struct buf text;
	int bad = 0;

	buf_init(&text, 64);
	if (crypto_random(raw, sizeof raw) == -1 ||
	    base64url_encode(&text, raw, sizeof raw) == -1 ||
	    crypto_sha256(buf_str(&text), text.len, digest) == -1 ||
	    store_run(c->store, "INSERT INTO token (digest, client, expires_at) VALUES (?, ?, ?)",
	    "bti", digest, sizeof digest, client, clock_wall_ms() + CAP_TOKEN_S * 1000LL) == -1)
		bad = -1;
	bad |= reply_text(o, "access_token", buf_str(&text));
	bad |= reply_text(o, "token_type", "Bearer");
	bad |= json_put(o, "expires_in", json_int(CAP_TOKEN_S));
	buf_finish(&text);
	if (bad == 0)
		return reply_json(c, 200, o);
	cJSON_Delete(o);
	return -1;
}

int
token_issue(struct call *c)
{
	struct grant g;
	const char *type;
	int r;

	memset(&g, 0, sizeof g);
	buf_init(&g.basic_text, CAP_TARGET);
	if ((r = read_form(c, &g)) != 0 || (r = read_basic(c, &g)) != 0 ||
	    (r = identify(c, &g)) != 0)
		goto out;
	type = form_value(&g, "grant_type");
	if (type == NULL)
		r = refuse(c, 400, "invalid_request", "grant_type is missing");
	else if (strcmp(type, "client_credentials") != 0)
		r = refuse(c, 400, "unsupported_grant_type", "client_credentials is the "
		    "only grant");
	else
		r = grant_token(c, g.id);
out:
	buf_finish(&g.basic_text);
	return r;
}
