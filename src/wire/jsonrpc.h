/* SPDX-License-Identifier: MIT */
/*
 * jsonrpc.h - JSON-RPC 2.0 as MCP narrows it: one message a body, ids are strings
 * or integers, never null; params are an object.
 */
#ifndef WIRE_JSONRPC_H
#define WIRE_JSONRPC_H

#include <stddef.h>

#include <cjson/cJSON.h>

struct buf;

#define JSONRPC_PARSE_ERROR		(-32700)
#define JSONRPC_INVALID_REQUEST		(-32600)
#define JSONRPC_METHOD_NOT_FOUND	(-32601)
#define JSONRPC_INVALID_PARAMS		(-32602)
#define JSONRPC_INTERNAL_ERROR		(-32603)

enum jsonrpc_kind { JSONRPC_REQUEST, JSONRPC_NOTIFICATION, JSONRPC_RESPONSE };

struct jsonrpc {
	enum jsonrpc_kind	 kind;
	cJSON			*root;		/* owned */
	const char		*method;	/* borrowed from root; NULL in a response */
	cJSON			*params;	/* borrowed from root; NULL if absent */
	char			*id;		/* owned: the id as JSON text, NULL without one */
};

/*
 * Parse a body. 0, or the JSON-RPC error code, with a sentence in `why`; `m->id` is set
 * whenever the id could be read, so that an error can carry it. jsonrpc_finish() must
 * follow in both cases.
 */
int	 jsonrpc_parse(struct jsonrpc *m, const char *body, size_t len, char *why, size_t whylen);
void	 jsonrpc_finish(struct jsonrpc *m);

/*
 * Append a whole error response. `id` is JSON text; NULL leaves the member out (MCP's
 * schema knows no null id). `data` is JSON text or NULL. 0 or -1.
 */
int	 jsonrpc_error(struct buf *out, const char *id, int code, const char *message,
	    const char *data);

#endif
