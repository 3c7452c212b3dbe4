/* SPDX-License-Identifier: MIT */
/* trust.c - see trust.h. */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "edge/trust.h"

struct trust {
	X509_STORE	*store;
	X509		*certificate;	/* ours, or NULL */
	STACK_OF(X509)	*chain;		/* those above it in its file */
	EVP_PKEY	*key;
	char		*name;
	unsigned	 owners;
};

/* A FIFO would be waited for. */
static bool
is_regular(const char *file)
{
	struct stat st;

	return stat(file, &st) == -1 || S_ISREG(st.st_mode);
}

struct trust *
trust_load(const char *ca_file, char *why, size_t whylen)
{
	struct trust *t = calloc(1, sizeof *t);
	int loaded;

	if (t != NULL) {
		t->owners = 1;
		t->store = X509_STORE_new();
		t->name = strdup(ca_file == NULL ? "/dev/null" : ca_file);
	}
	if (t == NULL || t->store == NULL || t->name == NULL) {
		snprintf(why, whylen, "out of memory");
		trust_destroy(t);
		return NULL;
	}
	if (ca_file != NULL && !is_regular(ca_file)) {
		snprintf(why, whylen, "%s: not a regular file", ca_file);
		trust_destroy(t);
		return NULL;
	}
	/* An intermediate that the operator names is trusted as it stands, as libcurl does. */
	X509_STORE_set_flags(t->store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
	loaded = ca_file == NULL ? X509_STORE_set_default_paths(t->store) :
	    X509_STORE_load_file(t->store, ca_file);
	if (loaded != 1) {
		snprintf(why, whylen, "%s: no certificate can be read from it (PEM is wanted): %s",
		    ca_file == NULL ? "the system's store" : ca_file,
		    ERR_reason_error_string(ERR_peek_last_error()));
		trust_destroy(t);
		t = NULL;
	}
	ERR_clear_error();
	return t;
}

/* The certificates of a file, the first of which is ours, and its key. 0 or -1. */
static int
read_identity(struct trust *t, const char *certificate_file, const char *key_file)
{
	BIO *in = is_regular(certificate_file) ? BIO_new_file(certificate_file, "r") : NULL;
	X509 *above;

	t->chain = sk_X509_new_null();
	if (in != NULL)
		t->certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);
	while (t->certificate != NULL && t->chain != NULL &&
	    (above = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(t->chain, above) == 0) {
			X509_free(above);
			break;
		}
	BIO_free(in);
	in = is_regular(key_file) ? BIO_new_file(key_file, "r") : NULL;
	/* Without a callback a key with a passphrase would ask the terminal for it. */
	if (in != NULL)
		t->key = PEM_read_bio_PrivateKey(in, NULL, NULL, (void *)(uintptr_t)"");
	BIO_free(in);
	return t->certificate != NULL && t->chain != NULL && t->key != NULL &&
	    X509_check_private_key(t->certificate, t->key) == 1 ? 0 : -1;
}

int
trust_identify(struct trust *t, const char *certificate_file, const char *key_file, char *why,
    size_t whylen)
{
	char *name = NULL;
	int result;

	ERR_clear_error();
	result = read_identity(t, certificate_file, key_file);
	if (result == -1)
		snprintf(why, whylen, "%s and %s: must be a certificate and its key without a "
		    "passphrase, both PEM, that this user can read", certificate_file, key_file);
	ERR_clear_error();
	if (result == 0) {
		result = asprintf(&name, "%s:%s", t->name, certificate_file) == -1 ? -1 : 0;
		if (result == 0) {
			free(t->name);
			t->name = name;
		} else
			snprintf(why, whylen, "out of memory");
	}
	return result;
}

int64_t
trust_expiry(const char *file)
{
	BIO *in = is_regular(file) ? BIO_new_file(file, "r") : NULL;
	int64_t first = -1, s;
	X509 *x;
	struct tm tm;

	while (in != NULL && (x = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
		if (ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1) {
			s = timegm(&tm);
			first = first == -1 || s < first ? s : first;
		}
		X509_free(x);
	}
	BIO_free(in);
	ERR_clear_error();
	return first;
}

struct trust *
trust_share(struct trust *t)
{
	t->owners++;
	return t;
}

void
trust_destroy(struct trust *t)
{
	if (t == NULL || --t->owners > 0)
		return;
	X509_free(t->certificate);
	sk_X509_pop_free(t->chain, X509_free);
	EVP_PKEY_free(t->key);
	X509_STORE_free(t->store);
	free(t->name);
	free(t);
}

const char *
trust_name(const struct trust *t)
{
	return t->name;
}

bool
trust_apply(const struct trust *t, void *ssl_ctx)
{
	SSL_CTX_set1_cert_store(ssl_ctx, t->store);
	return t->certificate == NULL || SSL_CTX_use_cert_and_key(ssl_ctx, t->certificate, t->key,
	    t->chain, 1) == 1;
}

const char *
trust_folders(void)
{
	const char *named = getenv(X509_get_default_cert_dir_env());

	return named != NULL ? named : X509_get_default_cert_dir();
}

void
trust_warm(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = ctx == NULL ? NULL : SSL_new(ctx);

	SSL_free(ssl);
	SSL_CTX_free(ctx);
	ERR_clear_error();
}
