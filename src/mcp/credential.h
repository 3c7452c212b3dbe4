/* SPDX-License-Identifier: MIT */
/*
 * credential.h - as whom the bridge calls a service: "auth" of a service file. A header that
 * stands there from the start, a part of the URL's path, an OAuth client that gets a token, or a
 * signature of each request (signer.h).
 */
#ifndef MCP_CREDENTIAL_H
#define MCP_CREDENTIAL_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "base/signature.h"

struct signer;
struct spec_fault;

/* How a client of a token endpoint shows who it is (RFC 6749, 2.3.1; RFC 7523, 2.2). */
enum client_auth { CLIENT_SECRET_BASIC, CLIENT_SECRET_POST, PRIVATE_KEY_JWT };

/* A client of an authorization server; the strings are the file's but for the secret. */
struct oauth_client {
	bool			 exchanges;	/* the caller's token for another (RFC 8693) */
	const char		*token_url;
	const char		*client_id;
	enum client_auth	 auth;
	char			*secret;	/* owned */
	struct signature_key	*key;		/* owned: PRIVATE_KEY_JWT */
	enum signature_algorithm algorithm;
	const char		*key_id;	/* NULL: none is named */
	const char		*scope, *audience, *resource;	/* NULL: not asked for */
};

struct credential {
	const char		*caller;	/* whose calls it is for; NULL: all others' */
	char			*line;		/* a whole header line; secret; NULL: none */
	char			*path;		/* what follows base_url; NULL: nothing */
	size_t			 secret_at, secret_len;	/* the secret in it */
	struct oauth_client	*client;	/* NULL: none */
	struct signer		*signer;	/* NULL: requests are not signed */
};

/*
 * Read one "auth" object at `place` of a service file; relative files are seen from there.
 * `override` names the file of the one secret instead, as `key` of the configuration does (NULL:
 * nothing does); `values` are the service's constants, for
 * a username. credential_finish() must follow whatever is returned. 0, or -1 with the fault said.
 */
int	 credential_load(struct credential *c, const cJSON *auth, const char *override,
	    const char *key, const cJSON *values, const char *place, struct spec_fault *f);
void	 credential_finish(struct credential *c);
/* Whether it is the credential's own to set a header of that name. */
bool	 credential_sets(const struct credential *c, const char *header);
/* Whether the header is the transport's or the trace's, and so no file's to set. */
bool	 credential_may_not_set(const char *header);

#endif
