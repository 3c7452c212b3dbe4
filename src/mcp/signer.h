/* SPDX-License-Identifier: MIT */
/*
 * signer.h - requests that a service wants signed with a shared key: "auth" of type "hmac".
 *
 *	{"type": "hmac", "key": {"file": "acme.key"}, "algorithm": "sha256", "encoding": "hex",
 *	 "sign": "{timestamp}\n{method}\n{target}\n{body}",
 *	 "headers": {"X-Time": "{timestamp}", "X-Signature": "v1={signature}"}}
 *
 * Both kinds of texts may use method, scheme, host (with a port that is not the scheme's), target
 * (path and query), path, query, body, body_digest (its digest, encoded), timestamp (seconds),
 * timestamp_ms, date (RFC 9110, 5.6.7), time (RFC 3339, whole seconds) and nonce (a UUID);
 * headers signature, too.
 */
#ifndef MCP_SIGNER_H
#define MCP_SIGNER_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "mcp/spec.h"

#define SIGNER_NONCE	16	/* random bytes of a nonce */

struct failure;
struct signer;
struct upstream;

/*
 * Make the signer of an "auth" at `place` of a service file, whose key's text is `secret`. Must be
 * freed with signer_destroy() if and only if it is not NULL; else the fault is said in `f`. It
 * borrows from `auth`.
 */
struct signer *signer_create(const cJSON *auth, const char *secret, const char *place,
	    struct spec_fault *f);
void	 signer_destroy(struct signer *s);
/* Whether it is the signer's own to set a header of that name. */
bool	 signer_sets(const struct signer *s, const char *header);
/*
 * Add to a request that is built the headers that sign it, at a time and with random bytes. 0, or
 * -1 with the failure: no memory, or a body with zero bytes where it is to be signed as text.
 */
int	 signer_sign(const struct signer *s, struct upstream *u, int64_t wall_ms,
	    const uint8_t nonce[SIGNER_NONCE], struct failure *f);

#endif
