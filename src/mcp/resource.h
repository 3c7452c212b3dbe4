/* SPDX-License-Identifier: MIT */
/*
 * resource.h - how a client that may not come in yet learns where to get a token: metadata of
 * the protected resource (RFC 9728) and challenges (RFC 6750, section 3). Pure.
 */
#ifndef MCP_RESOURCE_H
#define MCP_RESOURCE_H

struct buf;
struct catalog;
struct tool;

/* The path of a resource's URL, "" for none; metadata stands at it, too. Borrowed. */
const char *resource_path(const char *resource);
/*
 * Append the metadata document: the resource, its authorization server, all scopes that tools
 * which are on ask for. 0 or -1.
 */
int	 resource_metadata(struct buf *out, const char *resource, const char *issuer,
	    const struct catalog *c);
/*
 * Append the value of WWW-Authenticate. `resource` NULL: there is no authorization server to go
 * to. `error` and `why` NULL: no credential came. `tool`: whose scopes are wanted; NULL: those
 * of all tools. 0 or -1.
 */
int	 resource_challenge(struct buf *out, const char *resource, const struct catalog *c,
	    const struct tool *tool, const char *error, const char *why);

#endif
