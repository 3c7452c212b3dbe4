/* SPDX-License-Identifier: MIT */
/* media.c - see media.h. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "mcp/answer.h"
#include "mcp/failure.h"
#include "mcp/media.h"
#include "mcp/service.h"
#include "mcp/template.h"
#include "mcp/text.h"
#include "wire/json.h"
#include "wire/utf8.h"

/* The media type without its parameters, in lower case; what is none is called bytes. */
static void
media_type(char *out, size_t size, const struct answer *a)
{
	size_t len = 0, i;
	const char *value = answer_header(a, "Content-Type", &len);

	for (i = 0; i < len && i + 1 < size && value[i] != ';' && value[i] > ' ' &&
	    value[i] < 0x7f && strchr("\"\\", value[i]) == NULL; i++)
		out[i] = (char)(value[i] >= 'A' && value[i] <= 'Z' ? value[i] | 0x20 : value[i]);
	out[i] = '\0';
	if (strchr(out, '/') == NULL || i + 1 == size)
		snprintf(out, size, "application/octet-stream");
}

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && strcmp(text + len - n, end) == 0;
}

/* Whether a model can read it: by its type, and it is UTF-8 without U+0000. */
static bool
is_text(const char *type, const struct answer *a)
{
	const unsigned char *p = (const unsigned char *)a->body;
	size_t left = a->len, n;

	if (strncmp(type, "text/", 5) != 0 && strcmp(type, "application/json") != 0 &&
	    strcmp(type, "application/xml") != 0 && !ends_with(type, "+json") &&
	    !ends_with(type, "+xml"))
		return false;
	for (; left > 0 && *p != 0; p += n, left -= n) {
		n = utf8_length(p, left);
		if (n == 0)
			return false;
	}
	return left == 0;
}

/* The bytes as a member: a text, cleaned, or base64. */
static int
put_content(struct buf *out, const char *binary, bool text, const struct answer *a)
{
	struct buf whole, clean;
	int result;

	buf_init(&whole, a->len);
	buf_init(&clean, a->len);
	buf_printf(out, "\"%s\":", text ? "text" : binary);
	if (text) {
		/* An answer has no end that a string would have. */
		result = buf_append(&whole, a->body, a->len) == -1 ||
		    text_clean(&clean, buf_str(&whole)) == -1 ? -1 :
		    json_quote(out, buf_str(&clean));
	} else {
		buf_putc(out, '"');
		base64_encode(out, a->body, a->len);
		result = buf_putc(out, '"');
	}
	buf_finish(&whole);
	buf_finish(&clean);
	return result;
}

int
media_map(struct buf *out, const struct tool *t, const cJSON *args, const struct answer *a,
    size_t budget, struct failure *f)
{
	char type[128];
	bool text, picture, sound;
	const char *why = NULL;
	struct buf uri;
	int result = 0;

	media_type(type, sizeof type, a);
	text = is_text(type, a);
	picture = strncmp(type, "image/", 6) == 0;
	sound = strncmp(type, "audio/", 6) == 0;
	if (a->len > (text ? budget : LIMIT_MEDIA)) {
		failure_init(f, "result_too_large", 502, "the content is larger than %zu bytes",
		    text ? budget : (size_t)LIMIT_MEDIA);
		return -1;
	}
	/* Text may double when it is quoted, bytes grow by a third. */
	out->cap += 2 * a->len + LIMIT_URL;
	buf_init(&uri, LIMIT_URL);
	buf_putc(out, '{');
	if (t->kind == TOOL_CALL && !text && (picture || sound))
		buf_printf(out, "\"type\":\"%s\",\"mimeType\":\"%s\",",
		    picture ? "image" : "audio", type);
	else if (t->kind == TOOL_CALL && text)
		buf_puts(out, "\"type\":\"text\",");
	else if (t->kind == TOOL_CALL) {
		result = template_text(&uri, t->uri, args, &why) == TEMPLATE_DONE ? 0 : -1;
		buf_puts(out, "\"type\":\"resource\",\"resource\":{\"uri\":");
		json_quote(out, buf_str(&uri));
		buf_printf(out, ",\"mimeType\":\"%s\",", type);
	} else
		buf_printf(out, "\"mimeType\":\"%s\",", type);
	if (result == 0)
		result = put_content(out, t->kind == TOOL_CALL && (picture || sound) ? "data" :
		    "blob", text, a);
	buf_finish(&uri);
	if (result == 0 && t->kind == TOOL_CALL && !text && !picture && !sound)
		buf_putc(out, '}');
	return result == -1 || buf_putc(out, '}') == -1 ? failure_memory(f) : 0;
}

size_t
media_bytes(const cJSON *item)
{
	const cJSON *child;
	size_t bytes = 0;

	cJSON_ArrayForEach(child, item)
		bytes += cJSON_IsString(child) && child->string != NULL &&
		    (strcmp(child->string, "data") == 0 || strcmp(child->string, "blob") == 0) ?
		    strlen(child->valuestring) : media_bytes(child);
	return bytes;
}
