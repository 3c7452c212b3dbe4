/* SPDX-License-Identifier: MIT */
/*
 * principal.h - who calls, once that is known, and what they may. Shared by all requests that
 * came with the same credential, and counted: nobody changes one.
 */
#ifndef MCP_PRINCIPAL_H
#define MCP_PRINCIPAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct tool;

struct principal {
	unsigned	 holders;
	char		*name;
	char		*scopes;	/* separated by spaces; NULL: whatever there is */
	char		*token;		/* secret: the verified token, for an exchange; or NULL */
	int64_t		 expires_ms;	/* wall time: then it is nobody any more; 0: never */
};

/*
 * Make one, held once. `scopes` NULL: it may do everything; `token` NULL: there is none to
 * exchange. principal_drop() must follow if and only if it is not NULL. NULL: out of memory.
 */
struct principal *principal_create(const char *name, const char *scopes, const char *token,
	    int64_t expires_ms);
struct principal *principal_hold(struct principal *p);
/* Let go of it; the last one frees it. NULL is fine. */
void	 principal_drop(struct principal *p);

/*
 * The one judge of who may use a tool (RFC 6750, section 3.1): all of its scopes must have been
 * granted. It decides what is listed as well as what can be called.
 */
bool	 principal_may(const struct principal *p, const struct tool *t);
/* Append the scopes that a tool asks for, separated by spaces. 0 or -1. */
int	 principal_needs(struct buf *out, const struct tool *t);

#endif
