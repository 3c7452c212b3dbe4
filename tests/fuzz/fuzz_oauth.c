/* SPDX-License-Identifier: MIT */
/*
 * fuzz_oauth.c - what authorization servers answer: no header line but one of a token's
 * characters, no principal without "active" and this resource in "aud".
 *
 * The first byte says what the rest is: the answer of a token endpoint with 200, the same with
 * 400, the answer to an introspection, what stands in a good one beside or instead of its claims.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/answer.h"
#include "mcp/oauth.h"
#include "mcp/principal.h"
#include "wire/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define ISSUER		"https://id.example.org"
#define RESOURCE	"https://mcp.example.org/mcp"
#define NOW		INT64_C(1800000000)
#define TEXT_MAX	65536
#define LINE		"Authorization: Bearer "

enum mode { TOKEN, REFUSAL, WORD, MEMBERS, MODES };

static void
judge(bool holds)
{
	if (!holds)
		abort();
}

static bool
is_clean(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] == 0x7f ||
		    (unsigned char)text[i] == 0xc0)
			return false;
	return true;
}

static void
run_token(const char *text, size_t len, int status)
{
	struct answer a = { .outcome = OUTCOME_ANSWERED, .status = status, .body = text,
	    .len = len };
	const char *why = NULL, *token;
	struct json_fault fault;
	int64_t life_s = 0;
	struct buf line;
	cJSON *tree;

	buf_init(&line, LIMIT_HEADER);
	if (oauth_token_take(&a, &line, &life_s, &why) == 0) {
		tree = json_parse(text, len, &fault);
		token = json_str(tree, "access_token");
		judge(status == 200 && life_s > 0 && token != NULL && !line.failed);
		judge(line.len == strlen(line.data) && is_clean(line.data, line.len));
		judge(strncmp(line.data, LINE, strlen(LINE)) == 0);
		judge(line.len > strlen(LINE) && strcmp(line.data + strlen(LINE), token) == 0);
		judge(strpbrk(token, " ,;\"") == NULL);
		cJSON_Delete(tree);
	} else {
		judge(why != NULL && *why != '\0' && is_clean(why, strlen(why)));
		judge(line.len == 0 || line.failed);
	}
	buf_finish(&line);
}

/* Whether "aud" is the resource, or an array that has it. */
static bool
is_for_us(const cJSON *aud)
{
	int i;

	if (cJSON_IsString(aud))
		return strcmp(aud->valuestring, RESOURCE) == 0;
	for (i = 0; cJSON_IsArray(aud) && i < cJSON_GetArraySize(aud) && i < 1000; i++)
		if (cJSON_IsString(cJSON_GetArrayItem(aud, i)) &&
		    strcmp(cJSON_GetArrayItem(aud, i)->valuestring, RESOURCE) == 0)
			return true;
	return cJSON_IsArray(aud) && i == 1000;
}

static void
run_word(const char *text)
{
	const char *why = NULL, *iss;
	const cJSON *exp;
	struct json_fault fault;
	struct principal *p;
	cJSON *tree;

	p = oauth_introspected(text, ISSUER, RESOURCE, "t", NOW, &why);
	if (p == NULL) {
		judge(why != NULL && *why != '\0');
		return;
	}
	tree = json_parse(text, strlen(text), &fault);
	iss = json_str(tree, "iss");
	exp = json_get(tree, "exp");
	judge(oauth_is_word(text, strlen(text)));
	judge(json_true(tree, "active") && is_for_us(json_get(tree, "aud")));
	judge(json_get(tree, "iss") == NULL || (iss != NULL && strcmp(iss, ISSUER) == 0));
	judge(exp == NULL ? p->expires_ms == 0 : p->expires_ms > NOW * 1000 &&
	    exp->valuedouble > (double)NOW);
	judge(p->name[0] != '\0' && strlen(p->name) <= LIMIT_CALLER &&
	    is_clean(p->name, strlen(p->name)));
	judge(p->scopes != NULL && is_clean(p->scopes, strlen(p->scopes)));
	judge(strcmp(p->token, "t") == 0 && p->holders == 1);
	cJSON_Delete(tree);
	principal_drop(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const begins[] = {
		"{\"active\":true,\"aud\":\"" RESOURCE "\",\"sub\":\"alice\",",
		"{\"active\":true,\"aud\":\"" RESOURCE "\",",
		"{\"active\":true,\"sub\":\"alice\",",
		"{\"aud\":\"" RESOURCE "\",\"sub\":\"alice\",",
	};
	struct buf text;
	enum mode mode;

	if (len < 2 || len > TEXT_MAX)
		return 0;
	mode = (enum mode)(data[0] % MODES);
	buf_init(&text, 2 * TEXT_MAX);
	if (mode == MEMBERS) {
		buf_puts(&text, begins[data[1] % 4]);
		buf_append(&text, data + 2, len - 2);
		buf_putc(&text, '}');
	} else
		buf_append(&text, data + 1, len - 1);
	switch (mode) {
	case TOKEN:
		run_token(text.data, text.len, 200);
		break;
	case REFUSAL:
		run_token(text.data, text.len, 400);
		break;
	default:
		run_word(text.data);
	}
	buf_finish(&text);
	return 0;
}
