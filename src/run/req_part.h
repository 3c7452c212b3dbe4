/* SPDX-License-Identifier: MIT */
/* req_part.h - what the files of an exchange share, req*.c; nobody else includes it. */
#ifndef RUN_REQ_PART_H
#define RUN_REQ_PART_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "mcp/mcp.h"
#include "run/response.h"
#include "run/auth.h"
#include "run/call.h"
#include "run/listen.h"
#include "wire/http.h"
#include "wire/trace.h"

struct bridge;
struct front;
struct wish;

enum req_stage {
	REQ_READ, REQ_ROUTE, REQ_HTTP, REQ_AUTH, REQ_RPC, REQ_CALLS, REQ_REPLY, REQ_STAGES
};

/* What a stage says of what comes next. */
enum req_move {
	NEXT,	/* the next stage */
	WAIT,	/* nothing now; req_run() is called again later */
	DONE,	/* the reply is complete: go to REPLY */
};

struct req {
	LIST_ENTRY(req)		 entry;
	struct bridge		*bridge;
	struct front		*front;		/* NULL once the client has left */
	struct http_request	 http;
	enum req_stage		 stage;
	enum req_stage		 last;		/* the last stage before REPLY */
	unsigned		 steps;

	struct trace		 trace;
	char			 traceparent[TRACE_HEADER];
	struct mcp_message	 message;
	struct call		 call;
	bool			 calling;	/* `call` is in use */
	struct ask		*ask;		/* owned: what the client is asked meanwhile */
	unsigned		 rounds;	/* of questions */
	struct listen		*listen;	/* owned: what its stream tells of */
	struct wish		*wish;		/* owned: on its way into the store, or out of it */
	struct response		 response;	/* that it is itself, on its way */
	struct mcp_reply	 reply;
	bool			 gets;		/* the stream of a session, by GET */
	bool			 streaming;	/* some of the reply has been sent, as events */
	char			 progress[32];	/* the last that was said; "" for none */
	struct auth_case	 auth;
	const char		*refused;	/* why it came no further than HTTP; static */
	bool			 cut;		/* by the end of the process, not by its client */

	int64_t			 began_us;	/* the first byte */
	int64_t			 entered_us;	/* the stage */
	int64_t			 us[REQ_STAGES];	/* time in each */
	size_t			 bytes_in;
	size_t			 bytes_out;
};

/* A stage's name, for logs and metrics. */
const char *req_stage_name(enum req_stage stage);

/* req.c: walk the table from where the request stands until it waits or has ended. */
void	 req_run(struct req *r);
/* The same, as a function to call when what was waited for is there. */
void	 req_resume(void *arg);
/* Go to REPLY from where the request waits: what is to be said stands in `reply`. */
void	 req_conclude(struct req *r);
/* A piece of the stream that the answer has become. Takes over what `piece` holds. */
void	 req_say(void *arg, struct buf *piece);
/* A call has something to say; see `notify` of struct call. */
void	 req_notify(void *arg, const char *method, const cJSON *params);

/* req_entry.c */
enum req_move	 req_entry_read(struct req *r);
enum req_move	 req_entry_route(struct req *r);
enum req_move	 req_entry_http(struct req *r);
enum req_move	 req_entry_auth(struct req *r);
enum req_move	 req_entry_rpc(struct req *r);
/* The tracestate of a trace that is gone on with, or NULL. */
const char	*req_entry_tracestate(const struct req *r);

/* req_calls.c */
enum req_move	 req_calls(struct req *r);
/* End what the client is asked, if it is asked anything. */
void		 req_calls_end(struct req *r);

/* req_log.c: count an exchange that has ended, and write its audit; and its line of the log. */
void	 req_log_count(struct req *r);
void	 req_log_write(struct req *r);

#endif
