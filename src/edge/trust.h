/* SPDX-License-Identifier: MIT */
/*
 * trust.h - whose certificates are believed: one store a file, loaded before the first
 * fork and shared by all connections of all workers. Left to itself libcurl would load
 * the file again in each process.
 */
#ifndef EDGE_TRUST_H
#define EDGE_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trust;

/*
 * Load the certificates of a PEM file; NULL: the system's. trust_destroy() must follow if and
 * only if it is not NULL. NULL with a sentence in `why`.
 */
struct trust *trust_load(const char *ca_file, char *why, size_t whylen);
/*
 * Say who we are to servers that ask for it: the first certificate of a PEM file, with those that
 * follow as its chain, and its key. `t` has one owner. 0, or -1 with a sentence in `why`.
 */
int	 trust_identify(struct trust *t, const char *certificate_file, const char *key_file,
	    char *why, size_t whylen);
/*
 * When the first certificate of a PEM file to end is over, in seconds since 1970: of all in it, as
 * any may be needed. -1: there is none, or it cannot be read.
 */
int64_t	 trust_expiry(const char *file);
/* One more owner of `t`, who destroys it as well; returns it. */
struct trust *trust_share(struct trust *t);
void	 trust_destroy(struct trust *t);
/*
 * What tells this store from another, a path that is no folder: connections made by one do not
 * serve the other. Borrowed.
 */
const char *trust_name(const struct trust *t);
/* Make an SSL_CTX believe this store, and be who we are. Whether that could be done. */
bool	 trust_apply(const struct trust *t, void *ssl_ctx);
/* The folders, one or several with colons between, in which the system's store looks later. */
const char *trust_folders(void);
/*
 * Make and drop one client connection's worth of TLS, so that what OpenSSL loads once is
 * there before the first fork.
 */
void	 trust_warm(void);

#endif
