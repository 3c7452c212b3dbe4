/* SPDX-License-Identifier: MIT */
/*
 * verify.c - what OpenSSL takes for one signature, the least that a token can cost which nobody
 * has seen before, and what jwt_verify() takes for the same token; in a loop of nothing else.
 *
 * For the first, nothing of src/ is called: signatures are decoded beforehand, and what is timed is
 * EVP_DigestVerify with a key that is there.
 *
 * usage: verify ES256|RS256 KEY TOKENS JWKS ISSUER AUDIENCE
 * KEY is a public key (PEM), TOKENS a file of JWTs, one a line, each maybe behind a "Name: Word ";
 * JWKS has the key, too. Prints microseconds of processor time a token, of the one and of the
 * other. Exit: 0, 1 if a token is false, 2 if a file cannot be used.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/signature.h"
#include "wire/jwk.h"
#include "wire/jwt.h"

#define TOKENS_MAX	100000
#define SET_MAX		65536
#define LEEWAY_S	60

struct token {
	char		*text;
	size_t		 len;		/* of what is signed */
	unsigned char	*sig;		/* as OpenSSL has it */
	size_t		 siglen;
};

static struct token	tokens[TOKENS_MAX];

/* base64url without padding. The length, or -1. */
static int
unbase64(const char *text, unsigned char *out)
{
	size_t len = strlen(text), whole = (len + 3) / 4 * 4, i;
	char copy[2 * SIGNATURE_MAX];
	int n;

	if (whole >= sizeof copy)
		return -1;
	for (i = 0; i < whole; i++)
		copy[i] = i >= len ? '=' : text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
	n = EVP_DecodeBlock(out, (const unsigned char *)copy, (int)whole);
	return n == -1 ? -1 : n - (int)(whole - len);
}

/* r and s of JOSE as the SEQUENCE that OpenSSL wants. */
static void
token_der(struct token *t)
{
	int half = (int)t->siglen / 2, n;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	unsigned char *der = NULL;

	if (sig == NULL || ECDSA_SIG_set0(sig, BN_bin2bn(t->sig, half, NULL),
	    BN_bin2bn(t->sig + half, half, NULL)) != 1 || (n = i2d_ECDSA_SIG(sig, &der)) <= 0)
		errx(2, "a signature is not r and s");
	ECDSA_SIG_free(sig);
	free(t->sig);
	t->sig = der;
	t->siglen = (size_t)n;
}

static void
token_read(struct token *t, char *line, int is_ec)
{
	unsigned char sig[2 * SIGNATURE_MAX];
	char *start, *dot;
	int n;

	line[strcspn(line, "\r\n")] = '\0';
	start = strrchr(line, ' ');
	start = start == NULL ? line : start + 1;
	dot = strrchr(start, '.');
	n = dot == NULL ? -1 : unbase64(dot + 1, sig);
	if (n <= 0)
		errx(2, "a line is not a token");
	t->len = (size_t)(dot - start);
	t->text = strdup(start);
	t->siglen = (size_t)n;
	t->sig = malloc(t->siglen);
	if (t->text == NULL || t->sig == NULL)
		err(2, "memory");
	memcpy(t->sig, sig, t->siglen);
	if (is_ec)
		token_der(t);
}

static int
verify(EVP_PKEY *key, const struct token *t)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int good;

	good = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, t->sig, t->siglen, (const unsigned char *)t->text, t->len) == 1;
	EVP_MD_CTX_free(ctx);
	return good;
}

/* As the bridge does it, with what is not this signature. */
static int
verify_whole(const struct jwt_rules *rules, const struct jwk_set *set, const struct token *t)
{
	const char *why;
	struct jwt jwt;
	int good = jwt_verify(rules, set, t->text, time(NULL), &jwt, &why) == JWT_GOOD;

	jwt_finish(&jwt);
	return good;
}

static struct jwk_set *
set_read(const char *path)
{
	static char text[SET_MAX];
	struct jwk_set *set;
	char why[256];
	size_t len;
	FILE *f = fopen(path, "r");

	if (f == NULL)
		err(2, "%s", path);
	len = fread(text, 1, sizeof text, f);
	fclose(f);
	set = jwk_set_parse(text, len, why, sizeof why);
	if (set == NULL)
		errx(2, "%s: %s", path, why);
	return set;
}

static double
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int
main(int argc, char **argv)
{
	size_t count = 0, i, size = 0;
	struct jwt_rules rules = { .algorithms = (1u << SIGNATURE_ALGORITHMS) - 1,
		.leeway_s = LEEWAY_S };
	struct jwk_set *set;
	char *line = NULL;
	double bare, whole;
	EVP_PKEY *key;
	FILE *f;

	if (argc != 7)
		errx(2, "usage: verify ES256|RS256 KEY TOKENS JWKS ISSUER AUDIENCE");
	set = set_read(argv[4]);
	rules.issuer = argv[5];
	rules.audience = argv[6];
	f = fopen(argv[2], "r");
	key = f == NULL ? NULL : PEM_read_PUBKEY(f, NULL, NULL, NULL);
	if (key == NULL)
		errx(2, "%s: no public key", argv[2]);
	fclose(f);
	f = fopen(argv[3], "r");
	if (f == NULL)
		err(2, "%s", argv[3]);
	while (count < TOKENS_MAX && getline(&line, &size, f) > 0)
		token_read(&tokens[count++], line, strcmp(argv[1], "ES256") == 0);
	fclose(f);
	free(line);
	if (count == 0)
		errx(2, "%s: empty", argv[3]);
	/* What is made once is not counted. */
	if (!verify(key, &tokens[0]) || !verify_whole(&rules, set, &tokens[0]))
		errx(1, "a token is false");
	bare = cpu_us();
	for (i = 0; i < count; i++)
		if (!verify(key, &tokens[i]))
			errx(1, "a signature is false");
	whole = cpu_us();
	for (i = 0; i < count; i++)
		if (!verify_whole(&rules, set, &tokens[i]))
			errx(1, "a token is false");
	printf("%.3f %.3f\n", (whole - bare) / (double)count, (cpu_us() - whole) / (double)count);
	for (i = 0; i < count; i++) {
		free(tokens[i].text);
		free(tokens[i].sig);
	}
	EVP_PKEY_free(key);
	jwk_set_destroy(set);
	return 0;
}
