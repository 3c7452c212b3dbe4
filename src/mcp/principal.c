/* SPDX-License-Identifier: MIT */
/* principal.c - see principal.h. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "mcp/principal.h"
#include "mcp/service.h"
#include "wire/json.h"

struct principal *
principal_create(const char *name, const char *scopes, const char *token, int64_t expires_ms)
{
	struct principal *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->holders = 1;
	p->expires_ms = expires_ms;
	p->name = strdup(name);
	p->scopes = scopes == NULL ? NULL : strdup(scopes);
	p->token = token == NULL ? NULL : strdup(token);
	if (p->name != NULL && (scopes == NULL) == (p->scopes == NULL) &&
	    (token == NULL) == (p->token == NULL))
		return p;
	principal_drop(p);
	return NULL;
}

struct principal *
principal_hold(struct principal *p)
{
	p->holders++;
	return p;
}

void
principal_drop(struct principal *p)
{
	if (p == NULL || --p->holders > 0)
		return;
	if (p->token != NULL)
		explicit_bzero(p->token, strlen(p->token));
	free(p->token);
	free(p->scopes);
	free(p->name);
	free(p);
}

/* Whether a word is one of a text's, which spaces separate. */
static bool
has_word(const char *text, const char *word)
{
	size_t len = strlen(word), n;

	for (; *text != '\0'; text += n) {
		text += strspn(text, " ");
		n = strcspn(text, " ");
		if (n == len && memcmp(text, word, len) == 0)
			return true;
	}
	return false;
}

bool
principal_may(const struct principal *p, const struct tool *t)
{
	const cJSON *scope;

	if (p->scopes == NULL)
		return true;
	cJSON_ArrayForEach(scope, t->scopes)
		if (!has_word(p->scopes, scope->valuestring))
			return false;
	return true;
}

int
principal_needs(struct buf *out, const struct tool *t)
{
	const char *space = "";
	const cJSON *scope;

	cJSON_ArrayForEach(scope, t->scopes) {
		buf_puts(out, space);
		buf_puts(out, scope->valuestring);
		space = " ";
	}
	return out->failed ? -1 : 0;
}
