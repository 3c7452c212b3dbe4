/* SPDX-License-Identifier: MIT */
/*
 * metadata.h - how a client that may not come in yet learns where to get a token: metadata of
 * the protected resource (RFC 9728) and challenges (RFC 6750, section 3). Pure.
 */
#ifndef MCP_METADATA_H
#define MCP_METADATA_H

struct buf;
struct catalog;
struct tool;

/* The path of a resource's URL, "" for none; metadata stands at it, too. Borrowed. */
const char *metadata_path(const char *resource);
/*
 * Append all scopes that what is on asks for, each once, with a space between them: looked for
 * among all others, so once for a catalog. 0 or -1.
 */
int	 metadata_scopes(struct buf *out, const struct catalog *c);
/*
 * Append the metadata document: the resource, its authorization server, and the `scopes` of
 * metadata_scopes(). 0 or -1.
 */
int	 metadata_print(struct buf *out, const char *resource, const char *issuer,
	    const char *scopes);
/*
 * Append the value of WWW-Authenticate. `resource` NULL: there is no authorization server to go
 * to. `error` and `why` NULL: no credential came. `tool`: whose scopes are wanted; NULL: `scopes`,
 * those of metadata_scopes(). 0 or -1.
 */
int	 metadata_challenge(struct buf *out, const char *resource, const char *scopes,
	    const struct tool *tool, const char *error, const char *why);

#endif
