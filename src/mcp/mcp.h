/* SPDX-License-Identifier: MIT */
/*
 * mcp.h - what a request means: the two eras of the protocol and their methods.
 *
 * The modern era (2026-07-28) is stateless and says everything in each request; the
 * legacy era (2025-03-26 to 2025-11-25) begins with initialize, of which nothing is kept: what it
 * said comes back in the session's id (session.h). mcp_open() tells them apart by the body and
 * holds the headers to it; mcp_answer() answers what needs no upstream.
 */
#ifndef MCP_MCP_H
#define MCP_MCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "mcp/follow.h"
#include "mcp/session.h"
#include "wire/http.h"
#include "wire/jsonrpc.h"

struct catalog;
struct mcp_method;
struct principal;
struct prompt;
struct resource;
struct tool;

#define MCP_MODERN_VERSION	"2026-07-28"
#define MCP_LEGACY_VERSION	"2025-11-25"	/* what unknown versions are offered */
#define MCP_OLDEST_VERSION	"2025-03-26"
#define MCP_BATCH_VERSION	MCP_OLDEST_VERSION	/* the only one with batches */

/* The codes that the specification adds to JSON-RPC's. */
#define MCP_RESOURCE_NOT_FOUND	(-32002)	/* legacy era only */
#define MCP_HEADER_MISMATCH	(-32020)
#define MCP_LACKS_CAPABILITY	(-32021)
#define MCP_UNSUPPORTED_VERSION	(-32022)

#define MCP_META	"io.modelcontextprotocol/"	/* before names of the protocol's own */
#define MCP_ANONYMOUS	"anonymous"	/* the caller whom nobody knows */
#define MCP_OPERATOR	"operator"	/* who runs the process itself, at a terminal */

enum mcp_era { MCP_LEGACY, MCP_MODERN };

/* What the answers are made of; filled once by run/, never changed. */
struct mcp {
	const struct catalog	*catalog;
	const struct policy	*policy;	/* of what is no call; calls are judged by run/ */
	const struct crypto_key	*key;		/* of cursors and session ids */
	struct session		*local;		/* of the one client of this process; or NULL */
	const char		*instructions;	/* "" for none */
	const char		*limits;	/* JSON object for server_info */
	/* Appends further members of server_info: what changes from call to call. */
	void			(*status)(void *arg, const char *caller, struct buf *out);
	/* Random bytes for a session's id, and the wall time. */
	void			(*stamp)(void *arg, uint8_t *random, size_t len, int64_t *now_ms);
	void			*arg;
	bool			 subscribes;	/* clients are told of changes */
	bool			 keeps;		/* there is a store for what sessions want */
	bool			 personal;	/* what is listed depends on who asks */
	int64_t			 list_ttl_ms;
	size_t			 list_page;	/* tools on one page of tools/list */
};

/* What a client can be asked, and what came of what it was asked (input_required). */
struct mcp_input {
	unsigned	 can;		/* capability.h */
	char		*state;		/* owned: requestState as it came; NULL: none */
	cJSON		*responses;	/* owned: inputResponses; NULL: none */
};

/* One message, from its bytes to its meaning. */
struct mcp_message {
	struct jsonrpc		 rpc;
	enum mcp_era		 era;
	const struct mcp_method	*method;	/* NULL for notifications and responses */
	const struct principal	*principal;	/* who asks; borrowed */
	bool			 streams;	/* the client takes events before the answer */
	char			*progress;	/* owned: progressToken as JSON; NULL: none */
	struct session		 session;	/* legacy: what its id says; `in_session` */
	bool			 in_session;
	unsigned		 level;		/* of the log, 1 (debug) to 8; 0: none */

	const struct tool	*tool;		/* what is called, or asks a service */
	cJSON			*args;		/* its arguments; rpc's or own_args */
	cJSON			*own_args;	/* owned: {} for none, or what was kept */
	struct mcp_input	 input;
	const struct resource	*resource;	/* that is read, or embedded in the prompt */
	char			*uri;		/* owned: of that */
	bool			 subscribes;	/* to that, or not any more (legacy) */
	cJSON			*uris;		/* owned: what a stream is to tell of (modern) */
	const struct prompt	*prompt;	/* prompts/get */
	cJSON			*prompt_args;	/* owned */
	struct follow_task	 task;		/* tasks/...: what is asked about */
	char			*task_id;	/* owned */
	int64_t			 now_ms;	/* wall time, for what is said of it */
	const cJSON		*words;		/* that a service file has; or NULL */
	char			*value;		/* owned: what is to be completed */
};

/* What goes back. */
struct mcp_reply {
	int		 status;
	int		 code;		/* of the JSON-RPC error; 0: none */
	const char	*type;		/* of the body; NULL: no body */
	struct buf	 headers;	/* more header lines with their ends */
	struct buf	 body;
};

enum mcp_verdict {
	MCP_ANSWERED,	/* the reply is complete */
	MCP_CALL,	/* a service is to be asked: message->tool with message->args */
	MCP_LISTENS,	/* it wants to be told of changes: of message->uris, or its session's */
	MCP_WISHES,	/* what its session wants is to be kept: about message->uri, or its level */
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

/* Whether a request may be a batch: of the version that has them, or of none that it names. */
bool	 mcp_takes_batch(const struct mcp *mcp, const struct http_request *rq);
/*
 * Read a POST: parse, tell the era, check headers, _meta and version, find the method
 * and, for tools/call, the tool. MCP_ANSWERED, MCP_FORBIDDEN: `r` holds an error, or 202 for
 * what needs no answer. MCP_CALL: go on with mcp_answer(). mcp_message_finish() must follow
 * whatever is returned, before the principal is let go of.
 */
enum mcp_verdict mcp_open(const struct mcp *mcp, struct mcp_message *m,
	    const struct principal *principal, const struct http_request *rq,
	    struct mcp_reply *r);
/*
 * Read a GET: of a client of the legacy era that wants the stream of its session. MCP_LISTENS, or
 * MCP_ANSWERED: there is no such stream.
 */
enum mcp_verdict mcp_open_stream(const struct mcp *mcp, struct mcp_message *m,
	    const struct principal *principal, const struct http_request *rq,
	    struct mcp_reply *r);
/* Answer a message that mcp_open() passed on, or say that it is an upstream's to answer. */
enum mcp_verdict mcp_answer(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r);
/* Keep of a call's message what its result needs, while it waits: the id and the arguments. */
void	 mcp_message_keep(struct mcp_message *m);
void	 mcp_message_finish(struct mcp_message *m);

/*
 * Make the reply the question that `requests` is (the JSON of inputRequests), whose answers bring
 * `state` back: as a result of the modern era. Of a task it says what is asked there.
 */
void	 mcp_reply_question(struct mcp_reply *r, const struct mcp_message *m, const char *requests,
	    const char *state);
/* Make the reply a result that says nothing. */
void	 mcp_reply_empty(struct mcp_reply *r, const struct mcp_message *m);
/* Make the reply an error: it would take capabilities that the client does not have. */
void	 mcp_reply_lacks(struct mcp_reply *r, const struct mcp_message *m, unsigned lacks);
/* Make the reply a task, by its id and its wall time, that a call has become. */
void	 mcp_reply_task(struct mcp_reply *r, const struct mcp_message *m, const char *id,
	    int64_t born_ms);
/*
 * Make the reply what a service's answer became: `text` is its JSON, `blocks` are further blocks of
 * a tool's content (block.h), "" for none.
 */
void	 mcp_reply_result(struct mcp_reply *r, const struct mcp_message *m, const char *text,
	    const char *blocks);
/*
 * Make the reply a failure, whose JSON is `text`, with its code: of a tool a result that says so,
 * of all else an error.
 */
void	 mcp_reply_failure(struct mcp_reply *r, const struct mcp_message *m, const char *text,
	    const char *code);
/*
 * Make the reply the end of a stream of subscriptions/listen: of one that has `begun`, or all of
 * one that has nothing to tell.
 */
void	 mcp_reply_listened(struct mcp_reply *r, const struct mcp_message *m, bool begun);
/*
 * Append a notification to whoever sent `m`: of a `method` that is about the call in flight, with
 * its parameters. 0; 1: the client does not want that; -1: they are not what they should be, or
 * there is no memory.
 */
int	 mcp_notice(struct buf *out, const struct mcp_message *m, const char *method,
	    const cJSON *params);
/* The number of a log level by its name: 1 (debug) to 8 (emergency); 0: it is none. */
unsigned mcp_level(const char *name);

#endif
