/* SPDX-License-Identifier: MIT */
/*
 * fuzz_apikey.c - a file of API keys of any bytes is read or refused with its place; a key that
 * was changed in any way is nobody's, and one that was not is found in whatever file has it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/apikey.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
judge(bool holds)
{
	if (!holds)
		abort();
}

/* A key of the name behind `data`, and that key with `data` laid over it. */
static void
mutate(const uint8_t *data, size_t len)
{
	static char token[APIKEY_TEXT + 1], line[LIMIT_CONF_LINE];
	struct apikey_set set;
	struct buf text, made;
	char why[256], bent[2 * APIKEY_TEXT];
	size_t i, n = sizeof token - 1;
	bool expired;

	if (token[0] == '\0') {
		buf_init(&text, APIKEY_TEXT);
		buf_init(&made, sizeof line - 1);
		judge(apikey_new(&text, &made, "me", 2000, "a b", why, sizeof why) == 0);
		memcpy(token, buf_str(&text), sizeof token);
		memcpy(line, buf_str(&made), made.len + 1);
		buf_finish(&text);
		buf_finish(&made);
	}
	judge(apikey_set_read(&set, line, strlen(line), "f", why, sizeof why) == 0);
	memcpy(bent, token, sizeof token);
	for (i = 0; i + 1 < len && i < 64; i += 2)
		bent[data[i] % n] ^= (char)data[i + 1];
	if (len % 7 == 1)
		n = data[0] % sizeof bent;
	judge(apikey_find(&set, token, APIKEY_TEXT, 1999, &expired) == &set.keys[0] && !expired);
	judge(apikey_find(&set, token, APIKEY_TEXT, 2000, &expired) == NULL && expired);
	if (n <= APIKEY_TEXT && (n != APIKEY_TEXT || memcmp(bent, token, n) != 0))
		judge(apikey_find(&set, bent, n, 1999, &expired) == NULL && !expired);
	apikey_set_finish(&set);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct apikey_set set;
	char why[512] = "";
	bool expired;
	size_t i;

	if (apikey_set_read(&set, (const char *)data, len, "file", why, sizeof why) == 0)
		for (i = 0; i < set.count; i++)
			judge(set.keys[i].name[0] != '\0' && set.keys[i].expires_ms >= 0 &&
			    set.keys[i].line > 0 && !apikey_is(set.keys[i].name));
	else
		judge(strncmp(why, "file:", 5) == 0);
	judge(apikey_find(&set, (const char *)data, len, 0, &expired) == NULL || len == APIKEY_TEXT);
	apikey_set_finish(&set);
	if (len > 0)
		mutate(data, len);
	return 0;
}
