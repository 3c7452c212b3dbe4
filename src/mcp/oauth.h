/* SPDX-License-Identifier: MIT */
/*
 * oauth.h - what is said to an authorization server, and what its answers mean: tokens for
 * services (RFC 6749, 4.4; RFC 8693), introspection (RFC 7662). Pure.
 */
#ifndef MCP_OAUTH_H
#define MCP_OAUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OAUTH_NONCE	16	/* random bytes of a client's assertion */

struct answer;
struct buf;
struct oauth_client;
struct principal;
struct upstream;

/*
 * Make the request for a token into `u`, which is zeroed but for its body's cap. `subject` is
 * the caller's token where the client exchanges. upstream_finish() must follow. 0 or -1 (memory).
 */
int	 oauth_token_request(struct upstream *u, const struct oauth_client *client,
	    const char *subject, int64_t now_s, const uint8_t nonce[OAUTH_NONCE]);
/*
 * Append the header line that a token endpoint's answer stands for, and the seconds it lives.
 * 0, or -1 with a static sentence in `why`.
 */
int	 oauth_token_take(const struct answer *a, struct buf *line, int64_t *life_s,
	    const char **why);

/* Make the request that asks what a token is. 0 or -1 (memory). */
int	 oauth_introspection_request(struct upstream *u, const char *url, const char *client_id,
	    const char *secret, const char *token);
/* Whether a text is an introspection's answer at all, of whatever content (RFC 7662, 2.2). */
bool	 oauth_is_word(const char *text, size_t len);
/*
 * What an introspection answer (JSON text) says of a token: the principal, held once; NULL: it is
 * not active, not for `resource` or not of `issuer` (where it names one), with a static sentence
 * in `why`, which is NULL where memory is short. `token` is kept in the principal (NULL: none).
 */
struct principal *oauth_introspected(const char *text, const char *issuer, const char *resource,
	    const char *token, int64_t now_s, const char **why);

#endif
