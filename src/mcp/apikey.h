/* SPDX-License-Identifier: MIT */
/*
 * apikey.h - API keys: what their file says, and whose a token is.
 *
 * A key is "ums_" and 43 characters, base64url of 32 random bytes. The file has a line for each,
 * with a digest in the place of the key:
 *
 *	NAME sha256:HEX [expires=YYYY-MM-DDThh:mm:ssZ] [scopes=a,b,c]
 *
 * Pure: run/ and cmd/ read and write the file.
 */
#ifndef MCP_APIKEY_H
#define MCP_APIKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"

struct buf;

#define APIKEY_PREFIX	"ums_"
#define APIKEY_TEXT	47	/* bytes of a key */
#define APIKEY_DATE	21	/* bytes that apikey_date() needs */

struct apikey {
	char		*name;			/* the caller that it stands for */
	uint8_t		 digest[CRYPTO_DIGEST];	/* of the key's text */
	int64_t		 expires_ms;		/* wall time; 0: never */
	char		*scopes;		/* separated by spaces; NULL: all */
	size_t		 line;			/* of the file */
};

struct apikey_set {
	struct apikey	*keys;
	size_t		 count;
};

/*
 * Read the text of a file named `file`. apikey_set_finish() must follow whatever is returned. 0,
 * or -1 with "FILE:LINE: what is wrong; the mend" in `why`: not of that form, the third key of a
 * name (two are for rotation), a digest that was there before.
 */
int	 apikey_set_read(struct apikey_set *set, const char *text, size_t len, const char *file,
	    char *why, size_t whylen);
void	 apikey_set_finish(struct apikey_set *set);
/*
 * The key whose text `token` is, borrowed; NULL for none, and for one that is over, of which
 * *expired tells. All digests are compared, in the time that takes whatever they are.
 */
const struct apikey *apikey_find(const struct apikey_set *set, const char *token, size_t len,
	    int64_t now_ms, bool *expired);
/* Whether some key, valid or not, stands for a caller of that name. */
bool	 apikey_names(const struct apikey_set *set, const char *name);
/* Whether a token has the form of a key: a mistake is told from another kind of token. */
bool	 apikey_is(const char *token);
/*
 * Make a key: append its text to `token`, and to `line` the line of the file with its line end.
 * `expires_ms` and `scopes` as in struct apikey. 0, or -1 with the reason in `why`.
 */
int	 apikey_new(struct buf *token, struct buf *line, const char *name, int64_t expires_ms,
	    const char *scopes, char *why, size_t whylen);
/* Read YYYY-MM-DDThh:mm:ssZ; -1: it is none, or not after 1970 began. */
int64_t	 apikey_time(const char *text);
/* Write it, to the second. */
void	 apikey_date(int64_t ms, char out[APIKEY_DATE]);

#endif
