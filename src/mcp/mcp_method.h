/* SPDX-License-Identifier: MIT */
/*
 * mcp_method.h - what the files of mcp.h share; nobody else includes it.
 *
 *	mcp		a message is opened: era, headers, _meta
 *	mcp_method	the table of methods, and what needs no upstream
 *	mcp_target	what a message names: a tool, a resource, a prompt, a completion
 *	mcp_list	pages of what there is
 *	mcp_reply	the envelopes that go back
 */
#ifndef MCP_MCP_METHOD_H
#define MCP_MCP_METHOD_H

#include <stdbool.h>

#include "mcp/mcp.h"

struct failure;

#define META		MCP_META
#define SERVER_INFO	"{\"name\":\"ums-mcp\",\"version\":\"" UMS_MCP_VERSION "\"}"

enum era_bits { IN_LEGACY = 1, IN_MODERN = 2, IN_BOTH = 3 };

struct mcp_method {
	const char	 *name;
	unsigned	  eras;
	const char	 *mirrored;	/* the parameter that Mcp-Name repeats */
	/* Looks up what it names, before its answer; or NULL. */
	enum mcp_verdict (*open)(const struct mcp *, struct mcp_message *,
	    const struct http_request *, struct mcp_reply *);
	enum mcp_verdict (*answer)(const struct mcp *, struct mcp_message *, struct mcp_reply *);
};

/* The method of that name in an era; NULL if there is none. */
const struct mcp_method *mcp_method_find(const char *name, unsigned era);
/* The number of a version of the legacy era that we speak, or -1. */
int	 mcp_legacy_find(const char *version);

/* mcp_target.c: the `open` of methods. MCP_CALL: go on with `answer`. */
enum mcp_verdict mcp_target_call(const struct mcp *mcp, struct mcp_message *m,
	    const struct http_request *rq, struct mcp_reply *r);
enum mcp_verdict mcp_target_read(const struct mcp *mcp, struct mcp_message *m,
	    const struct http_request *rq, struct mcp_reply *r);
enum mcp_verdict mcp_target_prompt(const struct mcp *mcp, struct mcp_message *m,
	    const struct http_request *rq, struct mcp_reply *r);
enum mcp_verdict mcp_target_subscribe(const struct mcp *mcp, struct mcp_message *m,
	    const struct http_request *rq, struct mcp_reply *r);
enum mcp_verdict mcp_target_listen(const struct mcp *mcp, struct mcp_message *m,
	    const struct http_request *rq, struct mcp_reply *r);
enum mcp_verdict mcp_target_task(const struct mcp *mcp, struct mcp_message *m,
	    const struct http_request *rq, struct mcp_reply *r);
enum mcp_verdict mcp_target_complete(const struct mcp *mcp, struct mcp_message *m,
	    const struct http_request *rq, struct mcp_reply *r);
/* mcp_list.c: the `answer` of the methods that list. */
enum mcp_verdict mcp_list_answer(const struct mcp *mcp, struct mcp_message *m,
	    struct mcp_reply *r);
/* Whether who asks can have what a tool stands for. */
bool	 mcp_list_offers(const struct mcp_message *m, const struct tool *t);

/* Refuse a message with a sentence: 400 in the modern era, in-band in the legacy one. */
enum mcp_verdict mcp_refuse(struct mcp_reply *r, const struct mcp_message *m, int code,
	    const char *why);
/* The same of one whose parameters are wrong, in-band. */
enum mcp_verdict mcp_refuse_params(struct mcp_reply *r, const struct mcp_message *m,
	    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
enum mcp_verdict mcp_refuse_memory(struct mcp_reply *r, const struct mcp_message *m);
/* Answer with a failure, which is finished. Always MCP_ANSWERED. */
enum mcp_verdict mcp_fail(struct mcp_reply *r, const struct mcp_message *m, struct failure *f);
/* Hold a header to what the body says; what came over no HTTP has none. */
enum mcp_verdict mcp_check_mirror(struct mcp_message *m, const struct http_request *rq,
	    const char *name, const char *body, struct mcp_reply *r);

/* Begin a result: what follows are members, each with a comma behind it. */
void	 mcp_result_open(struct mcp_reply *r, const struct mcp_message *m);
/* What a modern client may keep, and for how long. */
void	 mcp_result_cacheable(const struct mcp *mcp, struct mcp_reply *r,
	    const struct mcp_message *m);
/* End it. Always MCP_ANSWERED, so that an answer can return it. */
enum mcp_verdict mcp_result_close(struct mcp_reply *r, const struct mcp_message *m);

#endif
