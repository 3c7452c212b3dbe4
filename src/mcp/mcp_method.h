/* SPDX-License-Identifier: MIT */
/* mcp_method.h - what mcp.c, mcp_method.c and mcp_reply.c share; nobody else includes it. */
#ifndef MCP_MCP_METHOD_H
#define MCP_MCP_METHOD_H

#include <stdbool.h>

#include "mcp/mcp.h"

#define META		"io.modelcontextprotocol/"
#define SERVER_INFO	"{\"name\":\"ums-mcp\",\"version\":\"" UMS_MCP_VERSION "\"}"
#define CAPABILITIES	"{\"tools\":{},\"prompts\":{},\"resources\":{}}"

#define MCP_QUESTION	"confirm"	/* the key of our one question, and of its one answer */

enum era_bits { IN_LEGACY = 1, IN_MODERN = 2, IN_BOTH = 3 };

struct mcp_method {
	const char	 *name;
	unsigned	  eras;
	const char	 *mirrored;	/* the parameter that Mcp-Name repeats */
	bool		  calls;	/* it names a tool, which is looked up first */
	enum mcp_verdict (*answer)(const struct mcp *, struct mcp_message *, struct mcp_reply *);
};

/* The method of that name in an era; NULL if there is none. */
const struct mcp_method *mcp_method_find(const char *name, unsigned era);
/* Whether we speak that version of the legacy era. */
bool	 mcp_is_legacy(const char *version);

/* Begin a result: what follows are members, each with a comma behind it. */
void	 mcp_result_open(struct mcp_reply *r, const struct mcp_message *m);
/* What a modern client may keep, and for how long. */
void	 mcp_result_cacheable(const struct mcp *mcp, struct mcp_reply *r,
	    const struct mcp_message *m);
/* End it. Always MCP_ANSWERED, so that an answer can return it. */
enum mcp_verdict mcp_result_close(struct mcp_reply *r, const struct mcp_message *m);

#endif
