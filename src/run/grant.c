/* SPDX-License-Identifier: MIT */
/* grant.c - see grant.h. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "mcp/catalog.h"
#include "mcp/credential.h"
#include "mcp/oauth.h"
#include "mcp/principal.h"
#include "mcp/service.h"
#include "mcp/upstream.h"
#include "run/bridge.h"
#include "run/grant.h"
#include "run/settings.h"

/* A token that a service has just refused is not fetched anew in less. */
#define PAUSE_MS	1000

struct grants {
	struct bridge		*bridge;
	struct flight_kind	*kinds;		/* one a service of the catalog */
};

/* What a request is made of. */
struct ask {
	struct bridge			*bridge;
	const struct oauth_client	*client;
	const char			*subject;
};

static int
build(void *arg, struct upstream *u)
{
	struct ask *ask = arg;
	uint8_t nonce[OAUTH_NONCE];

	return crypto_random(nonce, sizeof nonce) == -1 ? -1 : oauth_token_request(u, ask->client,
	    ask->subject, clock_wall_ms() / 1000, nonce);
}

static int
take(const struct flight_kind *kind, const struct answer *a, struct buf *line,
    struct flight_life *life, const char **why)
{
	int64_t life_s;

	(void)kind;
	if (oauth_token_take(a, line, &life_s, why) == -1)
		return -1;
	if (life_s > LIMIT_JWKS_LIFE_S)
		life_s = LIMIT_JWKS_LIFE_S;
	/* Renewed while it is good, and not used in its last moments. */
	life->due_ms = life_s * 750;
	life->end_ms = life_s * 1000 - (life_s > 20 ? 5000 : life_s * 100);
	return 0;
}

struct grants *
grants_create(struct bridge *b)
{
	const struct catalog *c = &b->settings->catalog;
	struct grants *g = calloc(1, sizeof *g);
	size_t i;

	if (g == NULL)
		return NULL;
	g->bridge = b;
	g->kinds = calloc(c->nservices, sizeof *g->kinds);
	if (g->kinds == NULL) {
		free(g);
		return NULL;
	}
	for (i = 0; i < c->nservices; i++)
		g->kinds[i] = (struct flight_kind){
			.what = "token", .from = c->services[i].name, .pause_ms = PAUSE_MS,
			.stored = true, .build = build, .take = take,
			.trust = settings_trust(b->settings, &c->services[i]),
		};
	return g;
}

void
grants_destroy(struct grants *g)
{
	if (g == NULL)
		return;
	free(g->kinds);
	free(g);
}

/* The place of a token: what it was asked for with. */
static int
place(const struct oauth_client *c, const char *subject, uint8_t out[CRYPTO_DIGEST])
{
	const char *parts[] = { "token", c->token_url, c->client_id, c->scope, c->audience,
		c->resource, subject };
	struct buf text;
	size_t i;
	int result;

	buf_init(&text, LIMIT_BEARER + LIMIT_SERVICE_FILE);
	for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		buf_putc(&text, parts[i] == NULL ? 0 : 1);
		if (parts[i] != NULL)
			buf_append(&text, parts[i], strlen(parts[i]) + 1);
	}
	result = text.failed ? -1 : crypto_sha256(text.data, text.len, out);
	buf_wipe(&text);
	return result;
}

enum flight_verdict
grant_get(struct grants *g, const struct service *s, const struct credential *c,
    const struct principal *p, int64_t after_ms, struct flight_value *line, struct flight_wait *w)
{
	struct ask ask = { g->bridge, c->client, c->client->exchanges ? p->token : NULL };
	uint8_t key[CRYPTO_DIGEST];

	*line = (struct flight_value){ .why = "the caller has no token to exchange" };
	if (c->client->exchanges && p->token == NULL)
		return FLIGHT_FAILED;
	line->why = "out of memory";
	if (place(c->client, ask.subject, key) == -1)
		return FLIGHT_FAILED;
	return flight_get(g->bridge->flights, &g->kinds[s - g->bridge->settings->catalog.services],
	    key, after_ms, &ask, line, w);
}
