/* SPDX-License-Identifier: MIT */
/* apikey.c - see apikey.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "mcp/apikey.h"
#include "mcp/mcp.h"

#define SECRET	32	/* bytes of a key, before they are text */
#define DIGEST	"sha256:"

static bool
is_visible(char c)
{
	return c > 0x20 && c < 0x7f;
}

/* What is wrong with the name of a key; NULL: nothing. */
static const char *
name_fault(const char *name)
{
	size_t i;

	if (strlen(name) > LIMIT_CALLER)
		return "the name is too long; give it a shorter one";
	for (i = 0; name[i] != '\0'; i++)
		if (!is_visible(name[i]) || strchr(":\"", name[i]) != NULL)
			return "a name has visible ASCII characters, but for ':' and '\"'";
	if (i == 0 || name[0] == '#')
		return "a name is not empty and does not begin with '#'";
	/* A key in the place of a name stands in the list of processes. */
	if (apikey_is(name))
		return "that is a key, not a name; take it away, it is not secret any more";
	if (strcmp(name, MCP_ANONYMOUS) == 0)
		return "anonymous is who has no key; give it another name";
	if (strcmp(name, MCP_OPERATOR) == 0)
		return "operator is who runs ums-mcp at a terminal; give it another name";
	return NULL;
}

/* Of scopes between `separator`s (RFC 6749, 3.3). */
static const char *
scopes_fault(const char *scopes, char separator)
{
	const char *p;

	if (strlen(scopes) > LIMIT_CONF_LINE / 2)
		return "the scopes are too long";
	for (p = scopes; *p != '\0'; p++)
		if (*p == separator ? p == scopes || p[1] == separator || p[1] == '\0' :
		    !is_visible(*p) || strchr("\"\\,", *p) != NULL)
			break;
	return *p == '\0' && p != scopes ? NULL :
	    "scopes are one or more words with a comma between two";
}

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t
days_of(int64_t year, int month, int day)
{
	int64_t era, of_era, of_year;

	year -= month <= 2;
	era = year / 400;
	of_era = year - era * 400;
	of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int64_t
apikey_time(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int n[6] = { 0 }, part = 0, i, last;
	int64_t ms;

	for (i = 0; form[i] != '\0'; i++) {
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return -1;
		if (form[i] == 'd')
			n[part] = n[part] * 10 + text[i] - '0';
		else
			part++;
	}
	if (text[i] != '\0' || n[1] < 1 || n[1] > 12 || n[3] > 23 || n[4] > 59 || n[5] > 59)
		return -1;
	last = lengths[n[1] - 1] + (n[1] == 2 && n[0] % 4 == 0 &&
	    (n[0] % 100 != 0 || n[0] % 400 == 0));
	if (n[2] < 1 || n[2] > last)
		return -1;
	ms = ((days_of(n[0], n[1], n[2]) * 24 + n[3]) * 60 + n[4]) * 60000 + n[5] * INT64_C(1000);
	/* 0 would say never. */
	return ms > 0 ? ms : -1;
}

void
apikey_date(int64_t ms, char out[APIKEY_DATE])
{
	char stamp[CLOCK_STAMP];

	clock_stamp(ms, stamp);
	snprintf(out, APIKEY_DATE, "%.19sZ", stamp);
}

/* The words of one line, from behind its name on. */
static const char *
read_words(struct apikey *k, char *rest)
{
	char *word, *p;

	do
		word = strsep(&rest, " \t");
	while (word != NULL && *word == '\0');
	if (word == NULL || strncmp(word, DIGEST, sizeof DIGEST - 1) != 0 ||
	    strlen(word) != sizeof DIGEST - 1 + 2 * CRYPTO_DIGEST ||
	    crypto_unhex(word + sizeof DIGEST - 1, k->digest, CRYPTO_DIGEST) == -1)
		return "a name is followed by sha256: and 64 hex digits; make the line with "
		    "ums-mcp key new";
	while ((word = strsep(&rest, " \t")) != NULL) {
		if (strncmp(word, "expires=", 8) == 0 && k->expires_ms == 0) {
			k->expires_ms = apikey_time(word + 8);
			if (k->expires_ms == -1)
				return "expires= is a time such as 2027-01-31T00:00:00Z";
		} else if (strncmp(word, "scopes=", 7) == 0 && k->scopes == NULL) {
			if (scopes_fault(word + 7, ',') != NULL)
				return scopes_fault(word + 7, ',');
			k->scopes = strdup(word + 7);
			if (k->scopes == NULL)
				return "out of memory";
			for (p = k->scopes; *p != '\0'; p++)
				*p = *p == ',' ? ' ' : *p;
		} else if (*word != '\0')
			return "behind the digest may stand expires=TIME and scopes=A,B, each "
			    "once";
	}
	return NULL;
}

/* Read one line that is neither empty nor a comment. What is wrong with it, or NULL. */
static const char *
read_line(struct apikey_set *set, char *text, size_t number)
{
	struct apikey *keys, *k;
	size_t i, same = 0;
	const char *fault;
	char *rest = text;

	if (set->count >= LIMIT_API_KEYS)
		return "there are too many keys; revoke what is not used";
	keys = realloc(set->keys, (set->count + 1) * sizeof *keys);
	if (keys == NULL)
		return "out of memory";
	set->keys = keys;
	k = &keys[set->count++];
	*k = (struct apikey){ .line = number };
	k->name = strdup(strsep(&rest, " \t"));
	if (k->name == NULL)
		return "out of memory";
	fault = name_fault(k->name);
	if (fault == NULL)
		fault = read_words(k, rest);
	for (i = 0; fault == NULL && i + 1 < set->count; i++) {
		same += strcmp(keys[i].name, k->name) == 0;
		if (same > 1)
			fault = "this name has two keys already; revoke one";
		else if (memcmp(keys[i].digest, k->digest, CRYPTO_DIGEST) == 0)
			fault = "this digest stands in an earlier line, too; take one away";
	}
	return fault;
}

int
apikey_set_read(struct apikey_set *set, const char *text, size_t len, const char *file, char *why,
    size_t whylen)
{
	const char *p, *end, *fault = NULL;
	size_t number = 0, n;
	char line[LIMIT_CONF_LINE];

	*set = (struct apikey_set){ 0 };
	for (p = text; p < text + len && fault == NULL; p = end + 1) {
		number++;
		end = memchr(p, '\n', (size_t)(text + len - p));
		if (end == NULL)
			end = text + len;
		n = (size_t)(end - p);
		if (n >= sizeof line) {
			fault = "the line is too long";
			break;
		}
		memcpy(line, p, n);
		while (n > 0 && strchr(" \t\r", line[n - 1]) != NULL && line[n - 1] != '\0')
			n--;
		line[n] = '\0';
		if (strlen(line) != n)
			fault = "the line has a NUL byte";
		else if (line[strspn(line, " \t")] != '\0' && line[strspn(line, " \t")] != '#')
			fault = read_line(set, line + strspn(line, " \t"), number);
	}
	if (fault != NULL)
		snprintf(why, whylen, "%s:%zu: %s", file, number, fault);
	return fault == NULL ? 0 : -1;
}

void
apikey_set_finish(struct apikey_set *set)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		free(set->keys[i].name);
		free(set->keys[i].scopes);
	}
	free(set->keys);
	*set = (struct apikey_set){ 0 };
}

bool
apikey_names(const struct apikey_set *set, const char *name)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		if (strcmp(set->keys[i].name, name) == 0)
			return true;
	return false;
}

bool
apikey_is(const char *token)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-_";

	return strncmp(token, APIKEY_PREFIX, sizeof APIKEY_PREFIX - 1) == 0 &&
	    strspn(token + sizeof APIKEY_PREFIX - 1, alphabet) ==
	    APIKEY_TEXT - (sizeof APIKEY_PREFIX - 1) && token[APIKEY_TEXT] == '\0';
}

const struct apikey *
apikey_find(const struct apikey_set *set, const char *token, size_t len, int64_t now_ms,
    bool *expired)
{
	const struct apikey *found = NULL;
	uint8_t digest[CRYPTO_DIGEST];
	size_t i;

	*expired = false;
	if (len != APIKEY_TEXT)
		return NULL;
	if (crypto_sha256(token, len, digest) == -1) {
		errno = ENOMEM;
		return NULL;
	}
	for (i = 0; i < set->count; i++)
		if (crypto_equal(set->keys[i].digest, digest, sizeof digest))
			found = &set->keys[i];
	if (found == NULL || found->expires_ms == 0 || now_ms < found->expires_ms)
		return found;
	*expired = true;
	return NULL;
}

int
apikey_new(struct buf *token, struct buf *line, const char *name, int64_t expires_ms,
    const char *scopes, char *why, size_t whylen)
{
	const char *fault = name_fault(name), *p;
	uint8_t secret[SECRET], digest[CRYPTO_DIGEST];
	size_t at = token->len;
	char date[APIKEY_DATE];

	if (fault == NULL && scopes != NULL)
		fault = scopes_fault(scopes, ' ');
	if (fault == NULL && crypto_random(secret, sizeof secret) == -1)
		fault = "no random bytes to be had for a key";
	if (fault != NULL) {
		snprintf(why, whylen, "%s", fault);
		return -1;
	}
	snprintf(why, whylen, "out of memory");
	buf_puts(token, APIKEY_PREFIX);
	base64url_encode(token, secret, sizeof secret);
	explicit_bzero(secret, sizeof secret);
	if (token->failed || crypto_sha256(token->data + at, token->len - at, digest) == -1)
		return -1;
	buf_printf(line, "%s " DIGEST, name);
	crypto_hex(line, digest, sizeof digest);
	if (expires_ms != 0) {
		apikey_date(expires_ms, date);
		buf_printf(line, " expires=%s", date);
	}
	if (scopes != NULL) {
		buf_puts(line, " scopes=");
		for (p = scopes; *p != '\0'; p++)
			buf_putc(line, *p == ' ' ? ',' : *p);
	}
	return buf_putc(line, '\n');
}
