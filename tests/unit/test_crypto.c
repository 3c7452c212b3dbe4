/* SPDX-License-Identifier: MIT */
/*
 * test_crypto.c - base/crypto: digests and tags of published examples, and the
 * life of a key file: made once, private, rotated, shared by processes that race.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "check.h"

#define HEX_31	"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_A	"00" HEX_31
#define HEX_B	"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeffABCDEFabcdef00112233445566778899"
#define RACERS	16
#define ROUNDS	8

static char	folder[4096], path[4200];

static void	 run_digest(void);
static void	 run_tags(void);
static void	 run_wrap(void);
static void	 run_random(void);
static void	 run_made_once(void);
static void	 run_modes(void);
static void	 run_rotation(void);
static void	 run_broken(void);
static void	 run_race(void);

/* Put `len` bytes into the key file, in place of what was there. */
static void
write_key(const char *text, size_t len, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	CHECK(fd != -1 && write(fd, text, len) == (ssize_t)len && fchmod(fd, mode) == 0, "%s",
	    path);
	if (fd != -1)
		close(fd);
}

static int
load(struct crypto_key *key, char *why, size_t whylen)
{
	why[0] = '\0';
	return crypto_key_load(key, path, why, whylen);
}

/* How many files the folder holds: a temporary one must not stay. */
static int
count_files(void)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int count = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			count++;
	if (dir != NULL)
		closedir(dir);
	return count;
}

static void
run_digest(void)
{
	static const struct {
		const char	*text, *hex;
	} table[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	uint8_t digest[CRYPTO_DIGEST];
	char hex[2 * CRYPTO_DIGEST + 1];
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		CHECK(crypto_sha256(table[i].text, strlen(table[i].text), digest) == 0, "digest");
		crypto_hex_text(hex, digest, sizeof digest);
		CHECK(strcmp(hex, table[i].hex) == 0, "\"%s\": %s", table[i].text, hex);
	}
}

/* RFC 4231's short keys: HMAC pads a key with zeros, so they are ours with zeros behind. */
static void
run_tags(void)
{
	static const struct {
		uint8_t		 fill;
		size_t		 length;
		const char	*text, *hex;
	} table[] = {
		{ 0x0b, 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b" },
		{ 0x0c, 20, "Test With Truncation", "a3b6167473100ee06e0c796c2955552b" },
		{ 0, 0, "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c7" },
	};
	struct crypto_key key, other;
	uint8_t tag[CRYPTO_TAG];
	char hex[2 * CRYPTO_TAG + 1];
	size_t i, len;
	int bit;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		memset(&key, 0, sizeof key);
		memset(key.secret[0], table[i].fill, table[i].length);
		if (table[i].length == 0)
			memcpy(key.secret[0], "Jefe", 4);
		key.count = 1;
		len = strlen(table[i].text);
		CHECK(crypto_sign(&key, table[i].text, len, tag) == 0, "sign");
		crypto_hex_text(hex, tag, sizeof tag);
		CHECK(strcmp(hex, table[i].hex) == 0, "\"%s\": %s", table[i].text, hex);
		CHECK(crypto_verify(&key, table[i].text, len, tag), "verify");
		CHECK(!crypto_verify(&key, table[i].text, len - 1, tag), "other data");
		for (bit = 0; bit < 8 * CRYPTO_TAG; bit++) {
			tag[bit / 8] ^= (uint8_t)(1u << bit % 8);
			CHECK(!crypto_verify(&key, table[i].text, len, tag), "bit %d", bit);
			tag[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		other = key;
		other.secret[0][31] ^= 1;
		CHECK(!crypto_verify(&other, table[i].text, len, tag), "another key");
		other = key;
		other.count = 0;
		CHECK(!crypto_verify(&other, table[i].text, len, tag), "no key");
		memcpy(other.secret[1], key.secret[0], CRYPTO_KEY);
		other.secret[0][0] ^= 1;
		other.count = 1;
		CHECK(!crypto_verify(&other, table[i].text, len, tag), "the second is not in use");
		other.count = 2;
		CHECK(crypto_verify(&other, table[i].text, len, tag), "the second verifies");
	}
}

/* Whether what is unwrapped is `want`; and nothing at all is left behind where it is refused. */
static bool
unwraps(const struct crypto_key *key, const uint8_t *place, const void *data, size_t len,
    const void *want, size_t wantlen)
{
	struct buf out;
	bool good;

	buf_init(&out, 1 << 20);
	good = crypto_unwrap(key, place, data, len, &out) == 0;
	if (good)
		good = out.len == wantlen && (wantlen == 0 || memcmp(out.data, want, wantlen) == 0);
	else
		CHECK(out.len == 0, "refused, and %zu bytes given", out.len);
	buf_finish(&out);
	return good;
}

static void
run_wrap(void)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 1000, 300000 };
	static uint8_t plain[300000], bent[400];
	uint8_t place[CRYPTO_DIGEST], other[CRYPTO_DIGEST];
	struct crypto_key key, rotated, foreign;
	struct buf one, two;
	size_t i, k;
	int bit;

	CHECK(crypto_key_random(&key) == 0 && crypto_key_random(&foreign) == 0 &&
	    crypto_random(place, sizeof place) == 0 && crypto_random(plain, sizeof plain) == 0,
	    "random");
	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		buf_init(&one, 1 << 20);
		buf_init(&two, 1 << 20);
		CHECK(crypto_wrap(&key, place, plain, sizes[i], &one) == 0 &&
		    crypto_wrap(&key, place, plain, sizes[i], &two) == 0 &&
		    one.len == sizes[i] + CRYPTO_WRAP, "%zu bytes: %zu", sizes[i], one.len);
		CHECK(memcmp(one.data, two.data, one.len) != 0, "never twice the same");
		CHECK(sizes[i] < 16 || memmem(one.data, one.len, plain, 16) == NULL, "hidden");
		CHECK(unwraps(&key, place, one.data, one.len, plain, sizes[i]) &&
		    unwraps(&key, place, two.data, two.len, plain, sizes[i]), "%zu back", sizes[i]);
		buf_finish(&one);
		buf_finish(&two);
	}
	buf_init(&one, 1 << 20);
	buf_puts(&one, "ab");
	CHECK(crypto_wrap(&key, place, plain, 200, &one) == 0 && one.len == 202 + CRYPTO_WRAP &&
	    memcmp(one.data, "ab", 2) == 0, "behind what is there");
	memcpy(bent, one.data + 2, one.len - 2);
	buf_finish(&one);
	k = 200 + CRYPTO_WRAP;
	/* Every byte and every bit of it counts: the nonce, what is said, the tag. */
	for (i = 0; i < k; i++)
		for (bit = 0; bit < 8; bit++) {
			bent[i] ^= (uint8_t)(1u << bit);
			CHECK(!unwraps(&key, place, bent, k, plain, 200), "byte %zu, bit %d", i,
			    bit);
			bent[i] ^= (uint8_t)(1u << bit);
		}
	for (i = 0; i < k; i++)
		CHECK(!unwraps(&key, place, bent, i, plain, 200), "cut to %zu bytes", i);
	CHECK(!unwraps(&key, place, bent, k + 1, plain, 200), "a byte more");
	CHECK(!unwraps(&key, place, bent + 1, k - 1, plain, 200), "the first byte gone");
	for (i = 0; i < CRYPTO_DIGEST; i++) {
		memcpy(other, place, sizeof other);
		other[i] ^= 1;
		CHECK(!unwraps(&key, other, bent, k, plain, 200), "another place, byte %zu", i);
	}
	CHECK(!unwraps(&foreign, place, bent, k, plain, 200), "another key");
	/* Rotated: a new key signs, the old one still opens; then it is gone. */
	rotated = foreign;
	memcpy(rotated.secret[1], key.secret[0], CRYPTO_KEY);
	CHECK(!unwraps(&rotated, place, bent, k, plain, 200), "a second that is not in use");
	rotated.count = 2;
	CHECK(unwraps(&rotated, place, bent, k, plain, 200), "the second key opens");
	bent[k - 1] ^= 1;
	CHECK(!unwraps(&rotated, place, bent, k, plain, 200), "and refuses, too");
	buf_init(&one, 1 << 20);
	CHECK(crypto_wrap(&rotated, place, plain, 200, &one) == 0 &&
	    unwraps(&foreign, place, one.data, one.len, plain, 200) &&
	    !unwraps(&key, place, one.data, one.len, plain, 200), "the first wraps");
	rotated.count = 0;
	CHECK(!unwraps(&rotated, place, one.data, one.len, plain, 200), "no key");
	buf_finish(&one);
	buf_init(&one, 200 + CRYPTO_WRAP - 1);
	CHECK(crypto_wrap(&key, place, plain, 200, &one) == -1 && one.len == 0, "no room");
	buf_finish(&one);
	/* The key that wraps is none that signs: a tag under the same key says nothing of it. */
	CHECK(crypto_sign(&key, "ums-mcp wrap 1", 14, bent) == 0 &&
	    !unwraps(&key, place, bent, CRYPTO_TAG, "", 0), "a tag is nothing wrapped");
}

static void
run_random(void)
{
	struct crypto_key a, b;
	uint8_t x[32], y[32];

	CHECK(crypto_random(x, sizeof x) == 0 && crypto_random(y, sizeof y) == 0, "random");
	CHECK(memcmp(x, y, sizeof x) != 0, "twice the same");
	CHECK(crypto_random(x, 0) == 0, "no bytes");
	CHECK(crypto_key_random(&a) == 0 && crypto_key_random(&b) == 0, "keys");
	CHECK(a.count == 1 && memcmp(a.secret[0], b.secret[0], CRYPTO_KEY) != 0, "two keys");
}

static void
run_made_once(void)
{
	struct crypto_key first, second;
	char why[512];
	struct stat st;

	unlink(path);
	CHECK(load(&first, why, sizeof why) == 0 && first.count == 1, "made: %s", why);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600, "mode %o", st.st_mode & 07777u);
	CHECK(st.st_size == 2 * CRYPTO_KEY + 1, "%ld bytes", (long)st.st_size);
	CHECK(load(&second, why, sizeof why) == 0 && second.count == 1, "again: %s", why);
	CHECK(memcmp(&first, &second, sizeof first) == 0, "the same key");
	CHECK(count_files() == 1, "only the key file is left: %d", count_files());
	unlink(path);
	CHECK(load(&second, why, sizeof why) == 0 &&
	    memcmp(first.secret[0], second.secret[0], CRYPTO_KEY) != 0, "a new file, a new key");
}

static void
run_modes(void)
{
	static const mode_t refused[] = { 0640, 0604, 0660, 0620, 0602, 0610, 0601, 0644, 0666,
	    0777 };
	struct crypto_key key;
	char why[512], missing[4300];
	size_t i;

	for (i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		write_key(HEX_A "\n", 65, refused[i]);
		CHECK(load(&key, why, sizeof why) == -1 && strstr(why, path) != NULL, "mode %o: %s",
		    (unsigned)refused[i], why);
		CHECK(strstr(why, "0001") == NULL, "the key is not told: %s", why);
	}
	write_key(HEX_A "\n", 65, 0600);
	CHECK(load(&key, why, sizeof why) == 0, "mode 600: %s", why);
	write_key(HEX_A "\n", 65, 0700);
	CHECK(load(&key, why, sizeof why) == 0, "mode 700: %s", why);
	snprintf(missing, sizeof missing, "%s/none/key", folder);
	CHECK(crypto_key_load(&key, missing, why, sizeof why) == -1 && strstr(why, missing) != NULL,
	    "no folder to make it in: %s", why);
	CHECK(crypto_key_load(&key, folder, why, sizeof why) == -1, "a folder is no key: %s", why);
}

static void
run_rotation(void)
{
	struct crypto_key old, new, both;
	uint8_t by_old[CRYPTO_TAG], by_new[CRYPTO_TAG], by_both[CRYPTO_TAG];
	char why[512];

	write_key(HEX_A "\n", 65, 0600);
	CHECK(load(&old, why, sizeof why) == 0 && old.count == 1, "the old key: %s", why);
	CHECK(old.secret[0][0] == 0x00 && old.secret[0][31] == 0x1f, "its bytes");
	write_key(HEX_B, 64, 0600);
	CHECK(load(&new, why, sizeof why) == 0 && new.count == 1, "without a line end: %s", why);
	CHECK(new.secret[0][0] == 0xf0 && new.secret[0][16] == 0xab, "capital digits");
	write_key(HEX_B "\n" HEX_A "\n", 130, 0600);
	CHECK(load(&both, why, sizeof why) == 0 && both.count == 2, "both: %s", why);
	CHECK(memcmp(both.secret[0], new.secret[0], CRYPTO_KEY) == 0 &&
	    memcmp(both.secret[1], old.secret[0], CRYPTO_KEY) == 0, "in their order");
	CHECK(crypto_sign(&old, "data", 4, by_old) == 0, "sign");
	CHECK(crypto_sign(&new, "data", 4, by_new) == 0, "sign");
	CHECK(crypto_sign(&both, "data", 4, by_both) == 0, "sign");
	CHECK(memcmp(by_both, by_new, CRYPTO_TAG) == 0, "the first line signs");
	CHECK(crypto_verify(&both, "data", 4, by_old), "the old tag verifies");
	CHECK(crypto_verify(&both, "data", 4, by_new), "the new tag verifies");
	CHECK(!crypto_verify(&old, "data", 4, by_new), "the old key knows no new tag");
	CHECK(!crypto_verify(&new, "data", 4, by_old), "the new key knows no old tag");
	write_key(HEX_B "\n" HEX_A, 129, 0600);
	CHECK(load(&both, why, sizeof why) == 0 && both.count == 2, "no last line end: %s", why);
}

static void
run_broken(void)
{
	static const struct {
		const char	*name, *text;
	} table[] = {
		{ "empty", "" }, { "a line end", "\n" }, { "truncated", "00010203" },
		{ "one digit short", "0" HEX_31 }, { "one digit short, line", "0" HEX_31 "\n" },
		{ "a letter first", "g0" HEX_31 "\n" }, { "a letter second", "0G" HEX_31 "\n" },
		{ "a sign", "+0" HEX_31 "\n" }, { "a colon", "0:" HEX_31 "\n" },
		{ "bad UTF-8", "\xff""0" HEX_31 }, { "a space inside", "0 " HEX_31 "\n" },
		{ "a space before", " " HEX_A }, { "a prefix", "0x" HEX_A "\n" },
		{ "a return", HEX_A "\r\n" }, { "two line ends", HEX_A "\n\n" },
		{ "a 65th letter", HEX_A "x" }, { "a 65th digit", HEX_A "0" },
		{ "controls as digits", "\x10\x11" HEX_31 "\n" },
		{ "a letter for the last line end", HEX_A "\n" HEX_A "x" },
		{ "second truncated", HEX_A "\n0001\n" }, { "no line between", HEX_A HEX_B },
		{ "a space between", HEX_A " " HEX_B "\n" },
		{ "three keys", HEX_A "\n" HEX_B "\n" HEX_A "\n" },
		{ "second not hex", HEX_A "\ng0" HEX_31 "\n" },
		{ "second short", HEX_A "\n0" HEX_31 "\n" },
		{ "text", "the quick brown fox jumps over the lazy dog and then some more...\n" },
	};
	struct crypto_key key;
	char why[512];
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		write_key(table[i].text, strlen(table[i].text), 0600);
		CHECK(load(&key, why, sizeof why) == -1 && strstr(why, path) != NULL, "%s: %s",
		    table[i].name, why);
		CHECK(strstr(why, "0001") == NULL, "%s: it is not told: %s", table[i].name, why);
	}
	write_key(HEX_A "\0", 66, 0600);
	CHECK(load(&key, why, sizeof why) == -1, "a NUL behind");
	write_key("\0", 1, 0600);
	CHECK(load(&key, why, sizeof why) == -1, "a NUL");
}

/* Load the key once the parent opens the gate, and hand it over. */
static void
race_child(int gate, int out)
{
	struct crypto_key key;
	char why[512], c;

	if (read(gate, &c, 1) != 0 || load(&key, why, sizeof why) == -1 ||
	    write(out, key.secret[0], CRYPTO_KEY) != CRYPTO_KEY)
		_exit(1);
	_exit(0);
}

static void
race(void)
{
	uint8_t first[CRYPTO_KEY], one[CRYPTO_KEY];
	int gate[2], results[2], status, i, good = 0, same = 0;

	unlink(path);
	if (pipe(gate) == -1 || pipe(results) == -1) {
		CHECK(0, "pipe");
		return;
	}
	fflush(stdout);
	for (i = 0; i < RACERS; i++)
		if (fork() == 0) {
			close(gate[1]);
			race_child(gate[0], results[1]);
		}
	close(gate[0]);
	close(gate[1]);
	close(results[1]);
	while (wait(&status) > 0)
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			good++;
	for (i = 0; read(results[0], one, sizeof one) == (ssize_t)sizeof one; i++) {
		if (i == 0)
			memcpy(first, one, sizeof first);
		if (memcmp(first, one, sizeof first) == 0)
			same++;
	}
	close(results[0]);
	CHECK(good == RACERS, "%d of %d got a key", good, RACERS);
	CHECK(same == RACERS, "%d of %d got the same key", same, RACERS);
	CHECK(count_files() == 1, "%d files are left", count_files());
}

static void
run_race(void)
{
	int i;

	for (i = 0; i < ROUNDS; i++)
		race();
}

int
main(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, sizeof folder, "%s/test_crypto.XXXXXX", tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(folder) == NULL) {
		CHECK(0, "no folder %s", folder);
		return check_done();
	}
	snprintf(path, sizeof path, "%s/key", folder);
	run_digest();
	run_tags();
	run_wrap();
	run_random();
	run_made_once();
	run_modes();
	run_rotation();
	run_broken();
	run_race();
	unlink(path);
	rmdir(folder);
	return check_done();
}
