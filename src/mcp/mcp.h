/* SPDX-License-Identifier: MIT */
/*
 * mcp.h - what a request means: the two eras of the protocol and their methods.
 *
 * The modern era (2026-07-28) is stateless and says everything in each request; the
 * legacy era (2025-06-18, 2025-11-25) begins with initialize, of which nothing is
 * kept. mcp_open() tells them apart by the body and holds the headers to it;
 * mcp_answer() answers what needs no upstream.
 */
#ifndef MCP_MCP_H
#define MCP_MCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "wire/http.h"
#include "wire/jsonrpc.h"

struct catalog;
struct mcp_method;
struct principal;
struct tool;

#define MCP_MODERN_VERSION	"2026-07-28"
#define MCP_LEGACY_VERSION	"2025-11-25"	/* what unknown versions are offered */

/* The codes that the specification adds to JSON-RPC's. */
#define MCP_RESOURCE_NOT_FOUND	(-32002)	/* legacy era only */
#define MCP_HEADER_MISMATCH	(-32020)
#define MCP_UNSUPPORTED_VERSION	(-32022)

#define MCP_ANONYMOUS	"anonymous"	/* the caller whom nobody knows */
#define MCP_OPERATOR	"operator"	/* who runs the process itself, at a terminal */

enum mcp_era { MCP_LEGACY, MCP_MODERN };

/* What the answers are made of; filled once by run/, never changed. */
struct mcp {
	const struct catalog	*catalog;
	const struct crypto_key	*key;		/* of cursors */
	const char		*instructions;	/* "" for none */
	const char		*limits;	/* JSON object for server_info */
	/* Appends further members of server_info: what changes from call to call. */
	void			(*status)(void *arg, const char *caller, struct buf *out);
	void			*arg;
	bool			 personal;	/* what is listed depends on who asks */
	int64_t			 list_ttl_ms;
	size_t			 list_page;	/* tools on one page of tools/list */
};

/* What the person behind a modern client said to a question of ours (input_required). */
struct mcp_consent {
	bool		 elicits;	/* the client can ask one */
	char		*state;		/* owned: requestState as it came; NULL: none */
	enum mcp_said { MCP_UNANSWERED, MCP_AGREED, MCP_DECLINED } said;
};

/* One message, from its bytes to its meaning. */
struct mcp_message {
	struct jsonrpc		 rpc;
	enum mcp_era		 era;
	const struct mcp_method	*method;	/* NULL for notifications and responses */
	const struct tool	*tool;		/* tools/call */
	cJSON			*args;		/* its arguments; rpc's or own_args */
	cJSON			*own_args;	/* owned: {} for none, or what was kept */
	struct mcp_consent	 consent;
	const struct principal	*principal;	/* who asks; borrowed */
};

/* What goes back. */
struct mcp_reply {
	int		 status;
	int		 code;		/* of the JSON-RPC error; 0: none */
	const char	*type;		/* of the body; NULL: no body */
	const char	*headers;	/* more header lines with their ends, static */
	struct buf	 body;
};

enum mcp_verdict {
	MCP_ANSWERED,	/* the reply is complete */
	MCP_CALL,	/* a tool is to be called: message->tool with message->args */
	MCP_FORBIDDEN,	/* the reply says so: its caller lacks a scope of message->tool */
};

/* The name of a message's method for logs and metrics: a known one, or "" or "unknown". */
const char *mcp_method_name(const struct mcp_message *m);

/* Make an empty reply whose body may have `cap` bytes; mcp_reply_finish() must follow. */
void	 mcp_reply_init(struct mcp_reply *r, size_t cap);
void	 mcp_reply_finish(struct mcp_reply *r);
/* Make the reply an error; `id` is JSON text or NULL, `data` JSON text or NULL. */
void	 mcp_reply_error(struct mcp_reply *r, int status, const char *id, int code,
	    const char *data, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/*
 * Read a POST: parse, tell the era, check headers, _meta and version, find the method
 * and, for tools/call, the tool. MCP_ANSWERED, MCP_FORBIDDEN: `r` holds an error, or 202 for
 * what needs no answer. MCP_CALL: go on with mcp_answer(). mcp_message_finish() must follow
 * whatever is returned, before the principal is let go of.
 */
enum mcp_verdict mcp_open(const struct mcp *mcp, struct mcp_message *m,
	    const struct principal *principal, const struct http_request *rq,
	    struct mcp_reply *r);
/* Answer a message that mcp_open() passed on, or say that it is an upstream's to answer. */
enum mcp_verdict mcp_answer(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r);
/* Keep of a call's message what its result needs, while it waits: the id and the arguments. */
void	 mcp_message_keep(struct mcp_message *m);
void	 mcp_message_finish(struct mcp_message *m);

/* Make the reply a question to the person behind the client, whose answer brings `state` back. */
void	 mcp_reply_question(struct mcp_reply *r, const struct mcp_message *m, const char *question,
	    const char *state);
/* Make the reply a tool's result: `text` is its JSON, good or (is_error) a failure's. */
void	 mcp_reply_tool(struct mcp_reply *r, const struct mcp_message *m, const char *text,
	    bool is_error);

#endif
