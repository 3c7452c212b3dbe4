/* SPDX-License-Identifier: MIT */
/* test_apikey.c - mcp/apikey: whose a token is, and what a file of keys may not say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "check.h"
#include "mcp/apikey.h"

#define HEX	"0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcde"
#define A	"sha256:" HEX "a"
#define B	"sha256:" HEX "b"
#define C	"sha256:" HEX "c"

static void
keys_made(void)
{
	struct apikey_set set;
	struct buf token, line, text;
	const struct apikey *k;
	char why[256] = "", was, digest[65];
	bool expired;
	uint8_t bytes[CRYPTO_DIGEST];
	size_t i, n;
	int b;

	buf_init(&token, APIKEY_TEXT);
	buf_init(&line, 1024);
	buf_init(&text, 4096);
	CHECK(apikey_new(&token, &line, "anna", 5000, "read send", why, sizeof why) == 0, "%s", why);
	CHECK(token.len == APIKEY_TEXT && apikey_is(token.data) && strncmp(token.data, "ums_", 4) == 0,
	    "%zu", token.len);
	/* What sha256sum says of the key is what stands in the file. */
	crypto_sha256(token.data, token.len, bytes);
	for (i = 0; i < sizeof bytes; i++)
		snprintf(digest + 2 * i, 3, "%02x", bytes[i]);
	buf_printf(&text, "anna sha256:%s expires=1970-01-01T00:00:05Z scopes=read,send\n", digest);
	CHECK(strcmp(buf_str(&text), buf_str(&line)) == 0, "%s", buf_str(&line));
	CHECK(strstr(line.data, token.data) == NULL, "the key is in its line");
	buf_puts(&text, "# and\n\n \t# others\nanna " A "\r\n  bert\t" B "  scopes=x ");
	CHECK(apikey_set_read(&set, text.data, text.len, "f", why, sizeof why) == 0 && set.count == 3,
	    "%s", why);
	k = apikey_find(&set, token.data, token.len, 4999, &expired);
	CHECK(k == &set.keys[0] && !expired && strcmp(k->scopes, "read send") == 0 && k->line == 1 &&
	    strcmp(k->name, "anna") == 0, "found");
	CHECK(apikey_find(&set, token.data, token.len, 5000, &expired) == NULL && expired, "over");
	CHECK(set.keys[1].scopes == NULL && set.keys[1].expires_ms == 0 && set.keys[1].line == 5 &&
	    strcmp(set.keys[2].scopes, "x") == 0, "the others");
	/* Every other byte at every place, and every other length. */
	for (i = 0; i < token.len; i++) {
		was = token.data[i];
		for (b = 1, n = 0; b < 256; b++) {
			token.data[i] = (char)b;
			n += (char)b != was && apikey_find(&set, token.data, token.len, 0, &expired) != NULL;
		}
		CHECK(n == 0, "byte %zu", i);
		token.data[i] = was;
		CHECK(apikey_find(&set, token.data, i, 0, &expired) == NULL, "length %zu", i);
	}
	apikey_set_finish(&set);
	CHECK(apikey_find(&set, token.data, token.len, 0, &expired) == NULL && !expired, "no keys");
	buf_finish(&token);
	buf_init(&token, APIKEY_TEXT - 1);
	CHECK(apikey_new(&token, &line, "anna", 0, NULL, why, sizeof why) == -1, "no room");
	buf_finish(&token);
	buf_finish(&line);
	buf_finish(&text);
}

static void
keys_refused(void)
{
	static const char *const names[] = {
		"", "a b", "a:b", "a\"b", "#a", "a\tb", "a\n", "\xc3\xa4", "anonymous",
		"ums_0123456789012345678901234567890123456789012",
	};
	static const char *const scopes[] = { "", " ", "a ", " a", "a  b", "a,b", "a\"", "a\\", "\xc3\xa4", "a\n" };
	struct buf token, line;
	char why[256], huge[LIMIT_CALLER + 2];
	size_t i;

	buf_init(&token, 4096);
	buf_init(&line, 4096);
	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		why[0] = '\0';
		CHECK(apikey_new(&token, &line, names[i], 0, NULL, why, sizeof why) == -1 && why[0] != '\0' &&
		    strstr(why, "ums_0") == NULL, "\"%s\": %s", names[i], why);
	}
	for (i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
		CHECK(apikey_new(&token, &line, "a", 0, scopes[i], why, sizeof why) == -1, "\"%s\"", scopes[i]);
	memset(huge, 'x', sizeof huge);
	huge[LIMIT_CALLER + 1] = '\0';
	CHECK(apikey_new(&token, &line, huge, 0, NULL, why, sizeof why) == -1, "a long name");
	huge[LIMIT_CALLER] = '\0';
	CHECK(token.len == 0 && line.len == 0 && apikey_new(&token, &line, huge, 0, NULL, why,
	    sizeof why) == 0, "%s", why);
	buf_finish(&token);
	buf_finish(&line);
}

static void
files_refused(void)
{
	static const struct { const char *text; size_t line; } wrong[] = {
		{ "anna", 1 },
		{ "# x\n\nanna sha256:12\n", 3 },
		{ "anna " A "0", 1 },
		{ "anna sha256:" HEX "g", 1 },
		{ "anna sha512:" HEX "a", 1 },
		{ A, 1 },
		{ "anna " A " expires=2027-01-31", 1 },
		{ "anna " A " expires=2027-01-31T00:00:00Z expires=2027-01-31T00:00:00Z", 1 },
		{ "anna " A " scopes=", 1 },
		{ "anna " A " scopes=a,,b", 1 },
		{ "anna " A " scopes=a scopes=b", 1 },
		{ "anna " A " admin", 1 },
		{ "anna " A "\nbert " A, 2 },
		{ "anna " A "\nanna " B "\nbert sha256:" HEX "d\nanna " C, 4 },
		{ "an:na " A, 1 },
		{ "anonymous " A, 1 },
		{ "ums_0123456789012345678901234567890123456789012 " A, 1 },
	};
	struct apikey_set set;
	char why[256], want[32], *many;
	size_t i, at = 0;

	for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		why[0] = '\0';
		snprintf(want, sizeof want, "file:%zu: ", wrong[i].line);
		CHECK(apikey_set_read(&set, wrong[i].text, strlen(wrong[i].text), "file", why,
		    sizeof why) == -1 && strncmp(why, want, strlen(want)) == 0 &&
		    strstr(why, "ums_0") == NULL, "\"%s\": %s", wrong[i].text, why);
		apikey_set_finish(&set);
	}
	CHECK(apikey_set_read(&set, "a\0b", 3, "file", why, sizeof why) == -1, "a NUL");
	apikey_set_finish(&set);
	CHECK(apikey_set_read(&set, "", 0, "file", why, sizeof why) == 0 && set.count == 0, "empty");
	many = malloc((LIMIT_API_KEYS + 1) * 100);
	CHECK(many != NULL, "memory");
	for (i = 0; i <= LIMIT_API_KEYS; i++) {
		at += (size_t)sprintf(many + at, "u%zu sha256:%064zx\n", i / 2, i);
		if (i == LIMIT_API_KEYS - 1) {
			CHECK(apikey_set_read(&set, many, at, "file", why, sizeof why) == 0 &&
			    set.count == LIMIT_API_KEYS, "%s", why);
			apikey_set_finish(&set);
		}
	}
	CHECK(apikey_set_read(&set, many, at, "file", why, sizeof why) == -1 &&
	    strncmp(why, "file:1025: ", 11) == 0, "%s", why);
	apikey_set_finish(&set);
	memset(many, 'x', LIMIT_CONF_LINE);
	CHECK(apikey_set_read(&set, many, LIMIT_CONF_LINE, "file", why, sizeof why) == -1, "a long line");
	apikey_set_finish(&set);
	free(many);
}

static void
forms(void)
{
	static const struct { const char *text; int64_t ms; } times[] = {
		{ "1970-01-01T00:00:00Z", -1 }, { "1970-01-01T00:00:01Z", 1000 },
		{ "1969-12-31T23:59:59Z", -1 }, { "0000-01-01T00:00:00Z", -1 },
		{ "2000-02-29T12:00:00Z", INT64_C(951825600000) }, { "1900-02-29T00:00:00Z", -1 },
		{ "2026-02-29T00:00:00Z", -1 }, { "2028-02-29T00:00:00Z", INT64_C(1835395200000) },
		{ "2038-01-19T03:14:08Z", INT64_C(2147483648000) },
		{ "9999-12-31T23:59:59Z", INT64_C(253402300799000) },
		{ "2027-04-31T00:00:00Z", -1 }, { "2027-13-01T00:00:00Z", -1 }, { "2027-00-01T00:00:00Z", -1 },
		{ "2027-01-00T00:00:00Z", -1 }, { "2027-01-01T24:00:00Z", -1 }, { "2027-01-01T00:60:00Z", -1 },
		{ "2027-01-01T00:00:60Z", -1 }, { "2027-01-01T00:00:00", -1 }, { "2027-01-01 00:00:00Z", -1 },
		{ "2027-01-01T00:00:00Z ", -1 }, { "2027-01-01T00:00:00z", -1 }, { "", -1 },
		{ "2027-01-01T00:00:00+00:00", -1 }, { "-027-01-01T00:00:00Z", -1 },
	};
	static const struct { const char *text; bool is; } tokens[] = {
		{ "ums_0123456789012345678901234567890123456789_-Z", true },
		{ "ums_0123456789012345678901234567890123456789_-", false },
		{ "ums_0123456789012345678901234567890123456789_-ZZ", false },
		{ "ums_0123456789012345678901234567890123456789_=Z", false },
		{ "UMS_0123456789012345678901234567890123456789_-Z", false },
		{ "ums_", false }, { "", false }, { "eyJhbGciOiJub25lIn0.e30.", false },
	};
	char date[APIKEY_DATE];
	size_t i;

	for (i = 0; i < sizeof times / sizeof times[0]; i++) {
		CHECK(apikey_time(times[i].text) == times[i].ms, "%s: %lld", times[i].text,
		    (long long)apikey_time(times[i].text));
		if (times[i].ms == -1)
			continue;
		apikey_date(times[i].ms, date);
		CHECK(strcmp(date, times[i].text) == 0, "%s", date);
	}
	for (i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
		CHECK(apikey_is(tokens[i].text) == tokens[i].is, "%s", tokens[i].text);
}

/* base/file and base/crypto, as the keys use them */
static void
files(void)
{
	char folder[] = "/tmp/test_apikey.XXXXXX", path[64], link[64], why[512] = "";
	uint8_t bytes[4];
	struct buf text;
	struct stat st;

	CHECK(mkdtemp(folder) != NULL, "a folder");
	snprintf(path, sizeof path, "%s/f", folder);
	snprintf(link, sizeof link, "%s/l", folder);
	buf_init(&text, 64);
	CHECK(file_replace(path, "one", 3, why, sizeof why) == 0 && stat(path, &st) == 0 &&
	    (st.st_mode & 07777) == 0600 && st.st_size == 3, "%s", why);
	CHECK(symlink("f", link) == 0 && file_replace(link, "two", 3, why, sizeof why) == 0 &&
	    lstat(link, &st) == 0 && S_ISLNK(st.st_mode), "%s", why);
	CHECK(file_read_private(&text, path, why, sizeof why) == 0 && strcmp(buf_str(&text), "two") == 0,
	    "%s", why);
	CHECK(chmod(path, 0640) == 0 && file_read_private(&text, path, why, sizeof why) == -1 &&
	    strstr(why, "mode 640") != NULL && file_read(&text, path, why, sizeof why) == 0, "%s", why);
	/* Only root gives a file away. */
	if (geteuid() == 0) {
		CHECK(chown(path, 0, 10001) == 0 && chmod(path, 0440) == 0 &&
		    file_read_private(&text, path, why, sizeof why) == 0, "%s", why);
		CHECK(file_replace(path, "three", 5, why, sizeof why) == 0 && stat(path, &st) == 0 &&
		    (st.st_mode & 07777) == 0640 && st.st_gid == 10001, "%s", why);
	}
	unlink(link);
	unlink(path);
	CHECK(rmdir(folder) == 0, "nothing is left beside it");
	CHECK(file_replace(path, "x", 1, why, sizeof why) == -1 && strncmp(why, path, strlen(path)) == 0,
	    "%s", why);
	buf_reset(&text);
	CHECK(crypto_unhex("00fFa5", bytes, 3) == 0 && crypto_hex(&text, bytes, 3) == 0 &&
	    strcmp(buf_str(&text), "00ffa5") == 0 && crypto_unhex("0g", bytes, 1) == -1, "hex");
	CHECK(crypto_equal("abc", "abd", 2) && !crypto_equal("abc", "abd", 3), "equal");
	buf_finish(&text);
}

int
main(void)
{
	keys_made();
	keys_refused();
	files_refused();
	forms();
	files();
	return check_done();
}
