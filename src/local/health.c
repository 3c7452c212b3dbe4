/* SPDX-License-Identifier: MIT */
/* health.c - whether this service can do its work; see health.h. */
#include "local/call.h"
#include "local/health.h"
#include "local/reply.h"
#include "local/store.h"

int
health_get(struct call *c)
{
	cJSON *o;

	if (store_run(c->store, "SELECT 1 FROM meta", "") == -1)
		return -1;
	o = cJSON_CreateObject();
	if (reply_text(o, "status", "ok") == -1) {
		cJSON_Delete(o);
		return -1;
	}
	return reply_json(c, 200, o);
}
