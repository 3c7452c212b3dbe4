/* SPDX-License-Identifier: MIT */
/* jsonrpc.c - messages in, error envelopes out; see jsonrpc.h. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/json.h"
#include "wire/jsonrpc.h"

static int	read_id(struct jsonrpc *, const cJSON *);

/* Keep the id's text. 0, or -1 if it is no id. */
static int
read_id(struct jsonrpc *m, const cJSON *id)
{
	struct buf text;

	if (!cJSON_IsString(id) && !json_is_integer(id))
		return -1;
	buf_init(&text, LIMIT_RPC_ID);
	if (json_print(&text, id) == -1) {
		buf_finish(&text);
		return -1;
	}
	m->id = buf_take(&text);
	return m->id == NULL ? -1 : 0;
}

int
jsonrpc_parse(struct jsonrpc *m, const char *body, size_t len, char *why, size_t whylen)
{
	struct json_fault fault;
	const cJSON *version, *id, *method;
	bool answer;

	memset(m, 0, sizeof *m);
	m->root = json_parse(body, len, &fault);
	if (m->root == NULL) {
		snprintf(why, whylen, "Parse error: %s (at byte %zu)", fault.why, fault.offset);
		return fault.memory ? JSONRPC_INTERNAL_ERROR : JSONRPC_PARSE_ERROR;
	}
	if (cJSON_IsArray(m->root)) {
		if (cJSON_GetArraySize(m->root) > LIMIT_BATCH)
			snprintf(why, whylen, "Invalid request: a batch has at most %d messages",
			    LIMIT_BATCH);
		else
			snprintf(why, whylen, "Invalid request: %s", m->root->child == NULL ?
			    "a batch is never empty" : "batches are part of 2025-03-26 alone, and "
			    "not of each other; send one message a request");
		return JSONRPC_INVALID_REQUEST;
	}
	if (!cJSON_IsObject(m->root)) {
		snprintf(why, whylen, "Invalid request: the body is one JSON-RPC object");
		return JSONRPC_INVALID_REQUEST;
	}
	id = json_get(m->root, "id");
	if (id != NULL && read_id(m, id) == -1) {
		snprintf(why, whylen, "Invalid request: id is a string or an integer of at most "
		    "%d bytes, never null", LIMIT_RPC_ID);
		return JSONRPC_INVALID_REQUEST;
	}
	version = json_get(m->root, "jsonrpc");
	if (!cJSON_IsString(version) || strcmp(version->valuestring, "2.0") != 0) {
		snprintf(why, whylen, "Invalid request: \"jsonrpc\" must be \"2.0\"");
		return JSONRPC_INVALID_REQUEST;
	}
	method = json_get(m->root, "method");
	answer = json_get(m->root, "result") != NULL || json_get(m->root, "error") != NULL;
	if (method == NULL && answer) {
		m->kind = JSONRPC_RESPONSE;
		return 0;
	}
	if (!cJSON_IsString(method) || method->valuestring[0] == '\0' || answer) {
		snprintf(why, whylen, "Invalid request: \"method\" must be a non-empty string");
		return JSONRPC_INVALID_REQUEST;
	}
	if (strlen(method->valuestring) > LIMIT_RPC_METHOD || json_has_nul(method)) {
		snprintf(why, whylen, "Invalid request: \"method\" is longer than %d bytes or "
		    "holds U+0000", LIMIT_RPC_METHOD);
		return JSONRPC_INVALID_REQUEST;
	}
	m->method = method->valuestring;
	m->params = json_get(m->root, "params");
	if (m->params != NULL && !cJSON_IsObject(m->params)) {
		snprintf(why, whylen, "Invalid request: \"params\" must be an object");
		return JSONRPC_INVALID_REQUEST;
	}
	m->kind = m->id == NULL ? JSONRPC_NOTIFICATION : JSONRPC_REQUEST;
	return 0;
}

void
jsonrpc_finish(struct jsonrpc *m)
{
	cJSON_Delete(m->root);
	free(m->id);
	memset(m, 0, sizeof *m);
}

int
jsonrpc_error(struct buf *out, const char *id, int code, const char *message, const char *data)
{
	buf_puts(out, "{\"jsonrpc\":\"2.0\"");
	if (id != NULL)
		buf_printf(out, ",\"id\":%s", id);
	buf_printf(out, ",\"error\":{\"code\":%d,\"message\":", code);
	json_quote(out, message);
	if (data != NULL)
		buf_printf(out, ",\"data\":%s", data);
	return buf_puts(out, "}}");
}
