/* SPDX-License-Identifier: MIT */
/* redis_look.c - see redis_look.h; hiredis' synchronous half. */
#include <stdio.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "base/limits.h"
#include "edge/redis_address.h"
#include "edge/redis_look.h"
#include "edge/store.h"

#define SILENT	"Redis does not answer"

/* One word of its configuration, "" where it does not tell. 0, or -1: it is not there. */
static int
configured(redisContext *c, const char *key, char *out, size_t outlen)
{
	redisReply *reply = redisCommand(c, "CONFIG GET %s", key);

	if (reply == NULL)
		return -1;
	snprintf(out, outlen, "%s", reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
	    reply->element[1]->type == REDIS_REPLY_STRING ? reply->element[1]->str : "");
	freeReplyObject(reply);
	return 0;
}

/* What Redis says to a command is no error. */
static bool
is_good(redisReply *reply)
{
	bool good = reply != NULL && reply->type != REDIS_REPLY_ERROR;

	freeReplyObject(reply);
	return good;
}

int
redis_look(const struct store_settings *s, struct store_state *out, char *why, size_t whylen)
{
	const struct timeval patience = { .tv_sec = LIMIT_INQUIRY_S };
	redisContext *c;
	struct redis_address a;
	char appends[8];
	int result = -1;

	if (redis_address_parse(&a, s->where, why, whylen) == -1)
		return -1;
	c = a.is_unix ? redisConnectUnixWithTimeout(a.host, patience) :
	    redisConnectWithTimeout(a.host, a.port, patience);
	if (c == NULL || c->err != 0 || redisSetTimeout(c, patience) == REDIS_ERR)
		snprintf(why, whylen, "%s: %s", s->where, c == NULL ? "out of memory" : c->errstr);
	else if (s->password != NULL && !is_good(redisCommand(c, "AUTH %s", s->password)))
		snprintf(why, whylen, "%s: %s", s->where, c->err != 0 ? SILENT :
		    "the password is refused");
	else if (!is_good(redisCommand(c, "SELECT %d", a.database)))
		snprintf(why, whylen, "%s: %s", s->where, c->err != 0 ? SILENT :
		    "Redis wants a password, or does not have this database");
	else if (configured(c, "maxmemory-policy", out->policy, sizeof out->policy) == -1 ||
	    configured(c, "appendonly", appends, sizeof appends) == -1)
		snprintf(why, whylen, "%s: %s", s->where, SILENT);
	else {
		out->evicts = strcmp(out->policy, "noeviction") != 0;
		out->appends = strcmp(appends, "yes") == 0;
		result = 0;
	}
	redisFree(c);
	return result;
}
