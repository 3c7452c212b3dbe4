/* SPDX-License-Identifier: MIT */
/* test_base64.c - base/base64: RFC 4648's examples, and that decoding is strict. */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "check.h"

#define BYTES(s)	(s), sizeof(s) - 1

struct pair {
	const char	*bytes;
	size_t		 length;
	const char	*text;		/* base64 */
	const char	*url;		/* base64url */
};

static const struct pair pairs[] = {
	{ BYTES(""), "", "" },
	{ BYTES("f"), "Zg==", "Zg" },
	{ BYTES("fo"), "Zm8=", "Zm8" },
	{ BYTES("foo"), "Zm9v", "Zm9v" },
	{ BYTES("foob"), "Zm9vYg==", "Zm9vYg" },
	{ BYTES("fooba"), "Zm9vYmE=", "Zm9vYmE" },
	{ BYTES("foobar"), "Zm9vYmFy", "Zm9vYmFy" },
	{ BYTES("\0"), "AA==", "AA" },
	{ BYTES("\0\0"), "AAA=", "AAA" },
	{ BYTES("\0\0\0"), "AAAA", "AAAA" },
	{ BYTES("\xff"), "/w==", "_w" },
	{ BYTES("\xff\xff"), "//8=", "__8" },
	{ BYTES("\xff\xff\xff"), "////", "____" },
	{ BYTES("\xfb\xef\xbe"), "++++", "----" },
	{ BYTES("\xfb\xf0"), "+/A=", "-_A" },
	{ BYTES("a\0b"), "YQBi", "YQBi" },
	{ BYTES("\x14\xfb\x9c\x03\xd9\x7e"), "FPucA9l+", "FPucA9l-" },
};

/* No text of either form, with the length given where a NUL is inside. */
static const struct {
	const char	*text;
	size_t		 length;
} broken[] = {
	{ BYTES("A") }, { BYTES("=") }, { BYTES("==") }, { BYTES("===") }, { BYTES("====") },
	{ BYTES("A===") }, { BYTES("A=") }, { BYTES("A==") }, { BYTES("AAAAA") }, { BYTES("A=AA") },
	{ BYTES("AA=A") }, { BYTES("=AAA") }, { BYTES("AA==AAAA") }, { BYTES("AAA=AAAA") },
	{ BYTES("AAAA====") }, { BYTES("AAAA=") }, { BYTES("AAAA==") }, { BYTES("AAAAA===") },
	{ BYTES(" AAAA") }, { BYTES("AAAA ") }, { BYTES("AA AA") }, { BYTES("AAAA\n") },
	{ BYTES("AA\nAA") }, { BYTES("AA\r\n") }, { BYTES("\tAAA") }, { BYTES("AAA\0") },
	{ BYTES("AAA AAA=") }, { BYTES("AA!A") }, { BYTES("AA.A") }, { BYTES("AA*A") },
	{ BYTES("AA,A") }, { BYTES("AA\x80""A") }, { BYTES("\xc3\xbc\xc3\xbc") },
	{ BYTES("+-+-") }, { BYTES("/_/_") }, { BYTES("AB") }, { BYTES("A/") }, { BYTES("AAB") },
	{ BYTES("AAD") }, { BYTES("AA\0A") }, { BYTES("AAAAA_") }, { BYTES("AB==") },
	{ BYTES("AP==") }, { BYTES("AAB=") }, { BYTES("AAC=") }, { BYTES("AA%3D%3D") },
	{ BYTES("data:,AA") }, { BYTES("AA@A") },
	{ BYTES("AA[A") }, { BYTES("AA`A") }, { BYTES("AA{A") }, { BYTES("AA:A") },
};

static void	 run_pairs(void);
static void	 run_broken(void);
static void	 run_forms(void);
static void	 run_fit(void);
static void	 run_round(void);

/* A copy that ends where the text ends, for the sanitizer's sake. */
static int
decode(int (*function)(struct buf *, const char *, size_t), struct buf *out, const char *text,
    size_t len)
{
	char *copy = malloc(len);
	int result;

	if (len > 0)
		memcpy(copy, text, len);
	buf_reset(out);
	result = function(out, copy, len);
	free(copy);
	return result;
}

static void
run_pairs(void)
{
	const struct pair *p;
	struct buf out;
	size_t i;

	buf_init(&out, 100);
	for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		p = &pairs[i];
		buf_reset(&out);
		CHECK(base64_encode(&out, p->bytes, p->length) == 0 &&
		    strcmp(buf_str(&out), p->text) == 0, "%s: %s", p->text, buf_str(&out));
		buf_reset(&out);
		CHECK(base64url_encode(&out, p->bytes, p->length) == 0 &&
		    strcmp(buf_str(&out), p->url) == 0, "%s: %s", p->url, buf_str(&out));
		CHECK(decode(base64_decode, &out, p->text, strlen(p->text)) == 0 &&
		    out.len == p->length && memcmp(buf_str(&out), p->bytes, out.len) == 0, "%s",
		    p->text);
		CHECK(decode(base64url_decode, &out, p->url, strlen(p->url)) == 0 &&
		    out.len == p->length && memcmp(buf_str(&out), p->bytes, out.len) == 0, "%s",
		    p->url);
	}
	buf_finish(&out);
}

static void
run_broken(void)
{
	struct buf out;
	size_t i;

	buf_init(&out, 100);
	for (i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		CHECK(decode(base64_decode, &out, broken[i].text, broken[i].length) == -1,
		    "base64 %s", broken[i].text);
		CHECK(decode(base64url_decode, &out, broken[i].text, broken[i].length) == -1,
		    "base64url %s", broken[i].text);
	}
	buf_finish(&out);
}

/* What is right in one form and wrong in the other. */
static void
run_forms(void)
{
	struct buf out;

	buf_init(&out, 100);
	CHECK(decode(base64_decode, &out, "Zg", 2) == -1, "padding is missing");
	CHECK(decode(base64_decode, &out, "Zm8", 3) == -1, "padding is missing");
	CHECK(decode(base64url_decode, &out, "Zg==", 4) == -1, "padding is there");
	CHECK(decode(base64url_decode, &out, "Zm8=", 4) == -1, "padding is there");
	CHECK(decode(base64_decode, &out, "----", 4) == -1, "the other alphabet");
	CHECK(decode(base64_decode, &out, "____", 4) == -1, "the other alphabet");
	CHECK(decode(base64url_decode, &out, "++++", 4) == -1, "the other alphabet");
	CHECK(decode(base64url_decode, &out, "////", 4) == -1, "the other alphabet");
	CHECK(decode(base64_decode, &out, "Zh==", 4) == -1, "bits are left over");
	CHECK(decode(base64url_decode, &out, "Zh", 2) == -1, "bits are left over");
	CHECK(decode(base64url_decode, &out, "Zm9", 3) == -1, "bits are left over");
	buf_finish(&out);
}

static void
run_fit(void)
{
	struct buf out;

	buf_init(&out, 7);
	CHECK(base64_encode(&out, "foob", 4) == -1 && out.failed, "eight into seven");
	buf_finish(&out);
	buf_init(&out, 6);
	CHECK(base64url_encode(&out, "foob", 4) == 0 && out.len == 6, "six into six");
	buf_finish(&out);
	buf_init(&out, 3);
	CHECK(base64_decode(&out, "Zm9vYg==", 8) == -1, "four into three");
	buf_finish(&out);
	buf_init(&out, 100);
	buf_puts(&out, "x:");
	CHECK(base64_encode(&out, "f", 1) == 0 && strcmp(buf_str(&out), "x:Zg==") == 0, "appended");
	CHECK(base64url_decode(&out, "Zm9v", 4) == 0 && strcmp(buf_str(&out), "x:Zg==foo") == 0,
	    "appended");
	buf_finish(&out);
}

/* Every length to 300, with every byte value in it. */
static void
run_round(void)
{
	unsigned char bytes[300];
	struct buf text, back;
	size_t n, i;

	for (i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 167 + 13);
	buf_init(&text, 1000);
	buf_init(&back, 1000);
	for (n = 0; n <= sizeof bytes; n++) {
		buf_reset(&text);
		CHECK(base64_encode(&text, bytes, n) == 0 && text.len == (n + 2) / 3 * 4 &&
		    decode(base64_decode, &back, buf_str(&text), text.len) == 0 &&
		    back.len == n && memcmp(buf_str(&back), bytes, n) == 0, "base64, %zu bytes", n);
		buf_reset(&text);
		CHECK(base64url_encode(&text, bytes, n) == 0 && text.len == (n * 4 + 2) / 3 &&
		    decode(base64url_decode, &back, buf_str(&text), text.len) == 0 &&
		    back.len == n && memcmp(buf_str(&back), bytes, n) == 0, "base64url, %zu", n);
	}
	buf_finish(&text);
	buf_finish(&back);
}

int
main(void)
{
	run_pairs();
	run_broken();
	run_forms();
	run_fit();
	run_round();
	return check_done();
}
