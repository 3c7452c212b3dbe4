/* SPDX-License-Identifier: MIT */
/*
 * token.h - who may call: one static bearer token, and tokens of RFC 6749's
 * client credentials grant, of which the store keeps only digests.
 */
#ifndef LOCAL_TOKEN_H
#define LOCAL_TOKEN_H

struct call;
struct store;

/* Handler: POST /oauth/token. */
int	 token_issue(struct call *c);
/* Judge Authorization and set c->owner. 0; 1 with a 401 set; -1. */
int	 token_check(struct call *c);
/* Forget tokens that are over. 0 or -1. */
int	 token_purge(struct store *store);

#endif
