/* SPDX-License-Identifier: MIT */
/* multipart.c - parts, checked and written; see multipart.h. */
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "mcp/multipart.h"
#include "wire/json.h"

#define BOUNDARY	24	/* bytes of a digest, in hex digits */

int
multipart_check_part(const cJSON *part, const cJSON *known, const char *place,
    struct spec_fault *f)
{
	static const struct spec_key keys[] = {
		{ "text", SPEC_STRING, false },
		{ "base64", SPEC_STRING, false },
		{ "json", SPEC_ANY, false },
		{ "filename", SPEC_STRING, false },
		{ "type", SPEC_STRING, false },
		{ NULL, SPEC_ANY, false },
	};
	char reason[256];

	if (!cJSON_IsString(part)) {
		if (spec_check(part, keys, place, f) == -1)
			return -1;
		if ((json_get(part, "text") != NULL) + (json_get(part, "base64") != NULL) +
		    (json_get(part, "json") != NULL) != 1)
			return spec_fail(f, place, "must have one of \"text\", \"base64\" and "
			    "\"json\"");
	}
	if (template_check_body(part, known, reason, sizeof reason) == -1)
		return spec_fail(f, place, "%s", reason);
	return 0;
}

int
multipart_check(const cJSON *parts, const cJSON *known, const char *place, struct spec_fault *f)
{
	char at[2 * SPEC_PLACE];
	const cJSON *part;

	if (parts->child == NULL)
		return spec_fail(f, place, "must have a part");
	cJSON_ArrayForEach(part, parts) {
		snprintf(at, sizeof at, "%s/%s", place, part->string);
		if (strcmp(part->string, "$when") == 0)
			return spec_fail(f, at, "goes into the \"json\" of a part; a part that "
			    "needs an absent argument is left out");
		if (multipart_check_part(part, known, at, f) == -1)
			return -1;
	}
	return 0;
}

static enum template_result
put_text(struct buf *out, const char *text, const cJSON *args, const char **why)
{
	size_t start = out->len;
	enum template_result result = template_text(out, text, args, why);

	if (result != TEMPLATE_DONE || memmem(out->data == NULL ? "" : out->data + start,
	    out->len - start, "\xc0\x80", 2) == NULL)
		return result;
	*why = "a part's text cannot hold U+0000";
	return TEMPLATE_UNFIT;
}

static enum template_result
put_decoded(struct buf *out, const char *text, const cJSON *args, const char **why)
{
	enum template_result result;
	struct buf coded;

	buf_init(&coded, LIMIT_SERVICE_FILE);
	result = template_text(&coded, text, args, why);
	if (result == TEMPLATE_DONE &&
	    base64_decode(out, buf_str(&coded), coded.len) == -1) {
		*why = out->failed ? "the body is too long" : "a file's content must be base64 "
		    "(RFC 4648, with its padding and without line ends)";
		result = TEMPLATE_UNFIT;
	}
	buf_finish(&coded);
	return result;
}

enum template_result
multipart_part(struct buf *out, const cJSON *part, const cJSON *args, const char **why)
{
	const cJSON *json = json_get(part, "json");

	if (cJSON_IsString(part))
		return put_text(out, part->valuestring, args, why);
	if (json != NULL)
		return template_json(out, json, args, why);
	if (json_str(part, "text") != NULL)
		return put_text(out, json_str(part, "text"), args, why);
	return put_decoded(out, json_str(part, "base64"), args, why);
}

/* A name in a head: what would end it is percent-encoded (WHATWG, multipart/form-data). */
static void
put_name(struct buf *out, const char *member, const char *name)
{
	buf_printf(out, "; %s=\"", member);
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\r' || *name == '\n')
			buf_printf(out, "%%%02X", (unsigned char)*name);
		else
			buf_putc(out, *name);
	}
	buf_putc(out, '"');
}

/* Append a head of `part` behind the boundary. */
static enum template_result
put_head(struct buf *out, const cJSON *part, const cJSON *args, const char **why)
{
	const char *filename = json_str(part, "filename"), *type = json_str(part, "type");
	enum template_result result = TEMPLATE_ABSENT;
	struct buf text;

	buf_puts(out, "Content-Disposition: form-data");
	put_name(out, "name", part->string);
	buf_init(&text, LIMIT_HEADER);
	if (filename != NULL && (result = put_text(&text, filename, args, why)) == TEMPLATE_DONE)
		put_name(out, "filename", buf_str(&text));
	buf_reset(&text);
	if (result != TEMPLATE_UNFIT && type != NULL)
		result = template_header(&text, type, args, why);
	else if (result != TEMPLATE_UNFIT)
		result = TEMPLATE_ABSENT;
	if (result == TEMPLATE_DONE)
		buf_printf(out, "\r\nContent-Type: %s", buf_str(&text));
	else if (result == TEMPLATE_ABSENT && json_get(part, "json") != NULL)
		buf_puts(out, "\r\nContent-Type: application/json");
	buf_finish(&text);
	buf_puts(out, "\r\n\r\n");
	return result == TEMPLATE_UNFIT ? result : TEMPLATE_DONE;
}

/* Append all parts, each behind the boundary, and the last boundary. */
static enum template_result
put_parts(struct buf *out, const char *boundary, const cJSON *parts, const cJSON *args,
    const char **why)
{
	enum template_result result;
	size_t start = out->len, mark;
	const cJSON *part;

	cJSON_ArrayForEach(part, parts) {
		mark = out->len;
		buf_printf(out, "--%s\r\n", boundary);
		result = put_head(out, part, args, why);
		if (result == TEMPLATE_DONE)
			result = multipart_part(out, part, args, why);
		if (result == TEMPLATE_UNFIT)
			return result;
		if (result == TEMPLATE_ABSENT)
			buf_truncate(out, mark);
		else
			buf_puts(out, "\r\n");
	}
	if (out->len == start && !out->failed)
		return TEMPLATE_ABSENT;
	buf_printf(out, "--%s--\r\n", boundary);
	if (!out->failed)
		return TEMPLATE_DONE;
	*why = "the body is too long";
	return TEMPLATE_UNFIT;
}

enum template_result
multipart_build(struct buf *out, char type[MULTIPART_TYPE], const cJSON *parts, const cJSON *args,
    const char **why)
{
	uint8_t digest[CRYPTO_DIGEST];
	enum template_result result;
	size_t start = out->len;
	struct buf boundary;

	result = put_parts(out, "", parts, args, why);
	if (result != TEMPLATE_DONE)
		return result;
	if (crypto_sha256(out->data + start, out->len - start, digest) == -1) {
		*why = "out of memory";
		return TEMPLATE_UNFIT;
	}
	buf_truncate(out, start);
	buf_init(&boundary, 2 * BOUNDARY);
	if (crypto_hex(&boundary, digest, BOUNDARY) == 0)
		result = put_parts(out, buf_str(&boundary), parts, args, why);
	else {
		*why = "out of memory";
		result = TEMPLATE_UNFIT;
	}
	snprintf(type, MULTIPART_TYPE, "multipart/form-data; boundary=%s", buf_str(&boundary));
	buf_finish(&boundary);
	return result;
}
