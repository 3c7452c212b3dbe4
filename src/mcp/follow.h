/* SPDX-License-Identifier: MIT */
/*
 * follow.h - what a write's service is asked afterwards: how far it is, by another tool of its
 * file, for callers who wait for that, or as a task (io.modelcontextprotocol/tasks) that any
 * process can be asked about.
 *
 *	"follow": {"tool": "get_delivery_status", "arguments": {"message_ids": ["{message_id}"]},
 *	    "argument": "wait_s", "cancel": {"tool": "cancel_message", "arguments": {...}},
 *	    "required": false}
 *
 * Names in "arguments" are members of the result. A task's id says what is asked about it: signed,
 * bound to its caller, kept by nobody. A tool that asks back ("response": "mcp") while it is
 * looked at makes the task input_required; what the client answers goes to it again.
 */
#ifndef MCP_FOLLOW_H
#define MCP_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/crypto.h"
#include "mcp/spec.h"

struct buf;
struct catalog;
struct service;
struct tool;

struct follow_rule {
	const struct tool	*look;		/* NULL: there is no such rule */
	const cJSON		*look_args;
	const char		*argument;	/* of the write: seconds to wait; or NULL */
	const struct tool	*cancel;	/* or NULL */
	const cJSON		*cancel_args;
	bool			 required;	/* only for clients that take tasks */
};

/* A task, from its id. */
struct follow_task {
	const struct tool	*tool;		/* that made it */
	cJSON			*result;	/* owned: what that gave */
	int64_t			 born_ms;	/* wall time */
};

/*
 * Load "follow" of the tool at `place`, once all tools of its file are loaded. 0, or -1 with the
 * fault said in `f`.
 */
int	 follow_load(struct tool *t, const struct service *s, const char *place,
	    struct spec_fault *f);
/*
 * The members that names stand for in the result of `t` whose JSON is `text`, owned by the caller.
 * NULL: it is a failure that the service made, or there is no memory.
 */
cJSON	*follow_members(const struct tool *t, const char *text, size_t len);
/* The arguments of a tool that is asked about them, owned by the caller; NULL: one is missing. */
cJSON	*follow_arguments(const cJSON *args, const cJSON *result);
/* Append the id of a task for what `t` gave to that caller: its members. 0 or -1. */
int	 follow_seal(struct buf *out, const struct crypto_key *key, const struct tool *t,
	    const cJSON *result, const char *caller, int64_t now_ms);
/* Read one; the result is the caller's. 0, or -1: it is none of that caller's. */
int	 follow_open(struct follow_task *task, const struct crypto_key *key,
	    const struct catalog *c, const char *caller, const char *id);

#endif
