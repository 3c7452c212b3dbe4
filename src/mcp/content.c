/* SPDX-License-Identifier: MIT */
/*
 * content.c - the protocol's shapes as tables, and what walks a tree by them; see content.h.
 *
 * A rule says what a value must be. An object has shapes: one, or several of which a member, its
 * tag, names one. A shape has members, each with its rule.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "mcp/capability.h"
#include "mcp/content.h"
#include "mcp/pick.h"
#include "mcp/text.h"
#include "wire/format.h"
#include "wire/json.h"
#include "wire/utf8.h"

#define ALNUM	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define DIGIT	"0123456789"
#define TOKEN	ALNUM "!#$%&'*+-.^_`|~"		/* RFC 9110, 5.6.2 */

struct walk {
	struct content_fault *f;	/* its place is that of the value at hand */
	unsigned	 needs;		/* of all that was seen */
};

struct rule {
	int		 (*check)(cJSON *, const struct rule *, struct walk *);
	const char	*want;				/* what a value must be */
	cJSON_bool	 (*is)(const cJSON *);		/* of a single value: whether it is */
	const struct rule *item;			/* of lists and maps */
	int		 least, most;			/* of items; most 0: any number */
	const struct shape *shapes;			/* of objects, and words */
	const char	*tag;				/* the member that names the shape */
	bool		 untagged;			/* without it, it is the first */
};

struct shape {
	const char	*name;				/* NULL ends a table */
	const struct member *members;
	unsigned	 needs;
	const char	*(*also)(const cJSON *);	/* the fault among members, or NULL */
};

struct member {
	const char	*name;				/* NULL ends a table */
	const struct rule *rule;
	enum { OPTIONAL, REQUIRED, ONE_OF, AT_MOST_ONE_OF } presence;
	unsigned	 needs;
};

#define MAY(n, r)	{ .name = (n), .rule = &(r) }
#define MUST(n, r)	{ .name = (n), .rule = &(r), .presence = REQUIRED }
#define EITHER(n, r)	{ .name = (n), .rule = &(r), .presence = ONE_OF }
#define PERHAPS(n, r)	{ .name = (n), .rule = &(r), .presence = AT_MOST_ONE_OF }
#define TOOLS(n, r)	{ .name = (n), .rule = &(r), .needs = CAPABILITY_SAMPLING_TOOLS }
#define WORD(n)		{ .name = (n) }
#define END		{ .name = NULL }

static int	check_value(cJSON *, const struct rule *, struct walk *);
static int	check_plain(cJSON *, const struct rule *, struct walk *);
static int	check_clean(cJSON *, const struct rule *, struct walk *);
static int	check_base64(cJSON *, const struct rule *, struct walk *);
static int	check_icon(cJSON *, const struct rule *, struct walk *);
static int	check_word(cJSON *, const struct rule *, struct walk *);
static int	check_list(cJSON *, const struct rule *, struct walk *);
static int	check_some(cJSON *, const struct rule *, struct walk *);
static int	check_map(cJSON *, const struct rule *, struct walk *);
static int	check_object(cJSON *, const struct rule *, struct walk *);

static cJSON_bool is_count(const cJSON *);
static cJSON_bool is_share(const cJSON *);
static cJSON_bool is_uri(const cJSON *);
static cJSON_bool is_https(const cJSON *);
static cJSON_bool is_time(const cJSON *);
static cJSON_bool is_media_type(const cJSON *);
static cJSON_bool is_size(const cJSON *);
static cJSON_bool is_schema(const cJSON *);

static const char *form_fault(const cJSON *);
static const char *enum_fault(const cJSON *);

/* ---- Single values. */

static const struct rule
text = { check_clean, "a text", .is = cJSON_IsString },
tree = { check_clean, "an object", .is = cJSON_IsObject },
schema = { check_clean, "a schema with \"type\": \"object\"", .is = is_schema },
plain = { check_plain, "a text", .is = cJSON_IsString },
uri = { check_value, "an absolute URI (RFC 3986)", .is = is_uri },
https = { check_value, "an https: URL", .is = is_https },
timestamp = { check_value, "a date-time (RFC 3339)", .is = is_time },
media_type = { check_value, "a media type", .is = is_media_type },
size = { check_value, "WIDTHxHEIGHT or \"any\"", .is = is_size },
base64 = { check_base64, "base64 with padding (RFC 4648, section 4)", .is = cJSON_IsString },
boolean = { check_value, "true or false", .is = cJSON_IsBool },
number = { check_value, "a number", .is = cJSON_IsNumber },
count = { check_value, "a whole number, 0 or more", .is = is_count },
share = { check_value, "a number from 0 to 1", .is = is_share };

static const struct rule texts = { check_list, "a list of texts", .item = &text };
static const struct rule plains = { check_list, "a list of texts", .item = &plain };

/* ---- Annotations and icons. */

static const struct shape roles[] = { WORD("user"), WORD("assistant"), END };
static const struct rule role = { check_word, .shapes = roles };
static const struct rule audience = { check_list, "a list of roles", .item = &role };

static const struct member annotations_members[] = {
	MAY("audience", audience), MAY("priority", share), MAY("lastModified", timestamp), END
};
static const struct shape annotations_shape[] = { { .members = annotations_members } };
static const struct rule annotations = { check_object, "an object", .shapes = annotations_shape };

static const struct shape themes[] = { WORD("light"), WORD("dark"), END };
static const struct rule theme = { check_word, .shapes = themes };
static const struct rule sizes = { check_list, "a list of sizes", .item = &size };
static const struct rule icon_source = { check_icon, "an https: or data: URI of an image",
    .is = is_uri };

static const struct member icon_members[] = {
	MUST("src", icon_source), MAY("mimeType", media_type), MAY("sizes", sizes),
	MAY("theme", theme), END
};
static const struct shape icon_shape[] = { { .members = icon_members } };
static const struct rule icon = { check_object, "an icon in an object", .shapes = icon_shape };
static const struct rule icons = { check_list, "a list of icons", .item = &icon };

/* ---- Blocks. */

static const struct member text_members[] = {
	MUST("text", text), MAY("annotations", annotations), END
};
static const struct member media_members[] = {
	MUST("data", base64), MUST("mimeType", media_type), MAY("annotations", annotations), END
};

static const struct member resource_members[] = {
	MUST("uri", uri), MAY("mimeType", media_type), EITHER("text", text),
	EITHER("blob", base64), END
};
static const struct shape resource_shape[] = { { .members = resource_members } };
static const struct rule resource = { check_object, "an object", .shapes = resource_shape };
static const struct member embedded_members[] = {
	MUST("resource", resource), MAY("annotations", annotations), END
};

static const struct member link_members[] = {
	MUST("uri", uri), MUST("name", text), MAY("title", text), MAY("description", text),
	MAY("mimeType", media_type), MAY("size", count), MAY("icons", icons),
	MAY("annotations", annotations), END
};

static const struct shape block_shapes[] = {
	{ .name = "text", .members = text_members },
	{ .name = "image", .members = media_members },
	{ .name = "audio", .members = media_members },
	{ .name = "resource", .members = embedded_members },
	{ .name = "resource_link", .members = link_members },
	END
};
static const struct rule block = { check_object, "a block in an object", .shapes = block_shapes,
    .tag = "type" };
static const struct rule blocks = { check_list, "a list of blocks", .item = &block };

/* ---- Results. */

static const struct member tool_members[] = {
	MUST("content", blocks), MAY("structuredContent", tree), MAY("isError", boolean), END
};
static const struct shape tool_shape[] = { { .members = tool_members } };
static const struct rule tool_result = { check_object, "an object", .shapes = tool_shape };

static const struct member message_members[] = {
	MUST("role", role), MUST("content", block), END
};
static const struct shape message_shape[] = { { .members = message_members } };
static const struct rule message = { check_object, "a message in an object",
    .shapes = message_shape };
static const struct rule messages = { check_list, "a list of messages", .item = &message };

static const struct member prompt_members[] = {
	MUST("messages", messages), MAY("description", text), END
};
static const struct shape prompt_shape[] = { { .members = prompt_members } };
static const struct rule prompt_result = { check_object, "an object", .shapes = prompt_shape };

static const struct rule contents = { check_list, "a list of contents", .item = &resource,
    .least = 1 };
static const struct member read_members[] = { MUST("contents", contents), END };
static const struct shape read_shape[] = { { .members = read_members } };
static const struct rule read_result = { check_object, "an object", .shapes = read_shape };

/* ---- Elicitation: the fields of a form are single values, or choices. */

static const struct member choice_members[] = { MUST("const", plain), MUST("title", text), END };
static const struct shape choice_shape[] = { { .members = choice_members } };
static const struct rule choice = { check_object, "a choice in an object",
    .shapes = choice_shape };
static const struct rule titled = { check_list, "a list of choices", .item = &choice,
    .least = 1 };
static const struct rule untitled = { check_list, "a list of texts", .item = &plain,
    .least = 1 };

static const struct shape formats[] = {
	WORD("date"), WORD("date-time"), WORD("email"), WORD("uri"), END
};
static const struct rule format = { check_word, .shapes = formats };

static const struct member string_members[] = {
	MAY("title", text), MAY("description", text), MAY("default", text), MAY("format", format),
	MAY("minLength", count), MAY("maxLength", count), PERHAPS("enum", untitled),
	PERHAPS("oneOf", titled), MAY("enumNames", texts), END
};
static const struct member number_members[] = {
	MAY("title", text), MAY("description", text), MAY("default", number),
	MAY("minimum", number), MAY("maximum", number), END
};
static const struct member boolean_members[] = {
	MAY("title", text), MAY("description", text), MAY("default", boolean), END
};

static const struct shape string_types[] = { WORD("string"), END };
static const struct rule string_type = { check_word, .shapes = string_types };
static const struct member choices_members[] = {
	MAY("type", string_type), EITHER("enum", untitled), EITHER("anyOf", titled), END
};
static const struct shape choices_shape[] = { { .members = choices_members } };
static const struct rule choices = { check_object, "an object", .shapes = choices_shape };
static const struct member array_members[] = {
	MAY("title", text), MAY("description", text), MAY("default", plains),
	MUST("items", choices), MAY("minItems", count), MAY("maxItems", count), END
};

static const struct shape field_shapes[] = {
	{ .name = "string", .members = string_members, .also = enum_fault },
	{ .name = "number", .members = number_members },
	{ .name = "integer", .members = number_members },
	{ .name = "boolean", .members = boolean_members },
	{ .name = "array", .members = array_members },
	END
};
static const struct rule field = { check_object, "a schema in an object", .shapes = field_shapes,
    .tag = "type" };
static const struct rule fields = { check_map, "an object", .item = &field,
    .most = LIMIT_INPUT_FIELDS };

static const struct shape object_types[] = { WORD("object"), END };
static const struct rule object_type = { check_word, .shapes = object_types };
static const struct rule required = { check_list, "a list of texts", .item = &plain,
    .most = LIMIT_INPUT_FIELDS };
static const struct member form_members[] = {
	MAY("$schema", plain), MUST("type", object_type), MUST("properties", fields),
	MAY("required", required), END
};
static const struct shape form_shape[] = { { .members = form_members, .also = form_fault } };
static const struct rule form = { check_object, "a schema in an object", .shapes = form_shape };

static const struct member ask_members[] = {
	MUST("message", text), MUST("requestedSchema", form), END
};
static const struct member visit_members[] = {
	MUST("message", text), MUST("url", https), MAY("elicitationId", plain), END
};
static const struct shape elicit_shapes[] = {
	{ .name = "form", .members = ask_members, .needs = CAPABILITY_ELICITATION },
	{ .name = "url", .members = visit_members, .needs = CAPABILITY_ELICITATION_URL },
	END
};
static const struct rule elicit = { check_object, "an object", .shapes = elicit_shapes,
    .tag = "mode", .untagged = true };

/* ---- Sampling. */

static const struct member use_members[] = {
	MUST("id", plain), MUST("name", plain), MUST("input", tree), END
};
static const struct member used_members[] = {
	MUST("toolUseId", plain), MUST("content", blocks), MAY("structuredContent", tree),
	MAY("isError", boolean), END
};
static const struct shape part_shapes[] = {
	{ .name = "text", .members = text_members },
	{ .name = "image", .members = media_members },
	{ .name = "audio", .members = media_members },
	{ .name = "tool_use", .members = use_members, .needs = CAPABILITY_SAMPLING_TOOLS },
	{ .name = "tool_result", .members = used_members, .needs = CAPABILITY_SAMPLING_TOOLS },
	END
};
static const struct rule part = { check_object, "a block in an object", .shapes = part_shapes,
    .tag = "type" };
static const struct rule parts = { check_some, "a list of blocks", .item = &part };
static const struct member turn_members[] = { MUST("role", role), MUST("content", parts), END };
static const struct shape turn_shape[] = { { .members = turn_members } };
static const struct rule turn = { check_object, "a message in an object", .shapes = turn_shape };
static const struct rule turns = { check_list, "a list of messages", .item = &turn };

static const struct member hint_members[] = { MAY("name", text), END };
static const struct shape hint_shape[] = { { .members = hint_members } };
static const struct rule hint = { check_object, "an object", .shapes = hint_shape };
static const struct rule hints = { check_list, "a list of objects", .item = &hint };
static const struct member model_members[] = {
	MAY("hints", hints), MAY("costPriority", share), MAY("speedPriority", share),
	MAY("intelligencePriority", share), END
};
static const struct shape model_shape[] = { { .members = model_members } };
static const struct rule model = { check_object, "an object", .shapes = model_shape };

static const struct shape contexts[] = {
	{ .name = "none" },
	{ .name = "thisServer", .needs = CAPABILITY_SAMPLING_CONTEXT },
	{ .name = "allServers", .needs = CAPABILITY_SAMPLING_CONTEXT },
	END
};
static const struct rule context = { check_word, .shapes = contexts };

static const struct member nature_members[] = {
	MAY("title", text), MAY("readOnlyHint", boolean), MAY("destructiveHint", boolean),
	MAY("idempotentHint", boolean), MAY("openWorldHint", boolean), END
};
static const struct shape nature_shape[] = { { .members = nature_members } };
static const struct rule nature = { check_object, "an object", .shapes = nature_shape };
static const struct member offer_members[] = {
	MUST("name", plain), MAY("title", text), MAY("description", text),
	MUST("inputSchema", schema), MAY("outputSchema", tree), MAY("annotations", nature),
	MAY("icons", icons), END
};
static const struct shape offer_shape[] = { { .members = offer_members } };
static const struct rule offer = { check_object, "a tool in an object", .shapes = offer_shape };
static const struct rule offers = { check_list, "a list of tools", .item = &offer };
static const struct shape modes[] = { WORD("auto"), WORD("required"), WORD("none"), END };
static const struct rule mode = { check_word, .shapes = modes };
static const struct member preference_members[] = { MAY("mode", mode), END };
static const struct shape preference_shape[] = { { .members = preference_members } };
static const struct rule preference = { check_object, "an object", .shapes = preference_shape };

static const struct member sample_members[] = {
	MUST("messages", turns), MUST("maxTokens", count), MAY("systemPrompt", text),
	MAY("temperature", number), MAY("stopSequences", plains), MAY("modelPreferences", model),
	MAY("includeContext", context), MAY("metadata", tree), TOOLS("tools", offers),
	TOOLS("toolChoice", preference), END
};
static const struct shape sample_shape[] = { { .members = sample_members } };
static const struct rule sample = { check_object, "an object", .shapes = sample_shape };

/* ---- What a service asks of a client. */

static const struct member nothing_members[] = { END };
static const struct shape nothing_shape[] = { { .members = nothing_members } };
static const struct rule nothing = { check_object, "an object", .shapes = nothing_shape };

static const struct member elicitation_members[] = { MUST("params", elicit), END };
static const struct member sampling_members[] = { MUST("params", sample), END };
static const struct member roots_members[] = { MAY("params", nothing), END };
static const struct shape request_shapes[] = {
	{ .name = "elicitation/create", .members = elicitation_members },
	{ .name = "sampling/createMessage", .members = sampling_members,
	    .needs = CAPABILITY_SAMPLING },
	{ .name = "roots/list", .members = roots_members, .needs = CAPABILITY_ROOTS },
	END
};
static const struct rule request = { check_object, "a request in an object",
    .shapes = request_shapes, .tag = "method" };
static const struct rule requests = { check_map, "an object", .item = &request,
    .most = LIMIT_INPUT_REQUESTS };

/* ---- What is said of a fault, and where. */

static int	fail(struct walk *, const char *, ...) __attribute__((format(printf, 2, 3)));

static int
fail(struct walk *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->f->why, sizeof w->f->why, fmt, ap);
	va_end(ap);
	return -1;
}

static int
fail_memory(struct walk *w)
{
	w->f->memory = true;
	return fail(w, "out of memory");
}

/* Append a name to the place; where it was before is returned. */
static size_t
enter(struct walk *w, const char *name)
{
	size_t at = strlen(w->f->place);

	snprintf(w->f->place + at, sizeof w->f->place - at, "/%s", name);
	return at;
}

/* Check what stands in a place. */
static int
check_at(cJSON *item, const char *name, const struct rule *r, struct walk *w)
{
	size_t at = enter(w, name);

	if (r->check(item, r, w) == -1)
		return -1;
	w->f->place[at] = '\0';
	return 0;
}

static int
start(cJSON *item, const struct rule *r, struct content_fault *f, unsigned *needs)
{
	struct walk w = { .f = f };
	int result;

	*f = (struct content_fault){ .place = "" };
	result = r->check(item, r, &w);
	if (needs != NULL)
		*needs = w.needs;
	return result;
}

int
content_check_tool(cJSON *result, struct content_fault *f)
{
	return start(result, &tool_result, f, NULL);
}

int
content_check_prompt(cJSON *result, struct content_fault *f)
{
	return start(result, &prompt_result, f, NULL);
}

int
content_check_resource(cJSON *result, const char *given, struct content_fault *f)
{
	struct walk w = { .f = f };
	cJSON *item, *own;

	cJSON_ArrayForEach(item, json_get(result, "contents")) {
		own = json_get(item, "uri");
		if (given == NULL || !cJSON_IsObject(item) || (own != NULL && !cJSON_IsNull(own)))
			continue;
		cJSON_Delete(cJSON_DetachItemViaPointer(item, own));
		if (json_put(item, "uri", cJSON_CreateString(given)) == -1) {
			f->place[0] = '\0';
			return fail_memory(&w);
		}
	}
	return start(result, &read_result, f, NULL);
}

int
content_check_block(cJSON *item, struct content_fault *f)
{
	return start(item, &block, f, NULL);
}

int
content_check_annotations(cJSON *object, struct content_fault *f)
{
	return start(object, &annotations, f, NULL);
}

int
content_check_icons(cJSON *list, struct content_fault *f)
{
	return start(list, &icons, f, NULL);
}

int
content_check_media_type(cJSON *type, struct content_fault *f)
{
	return start(type, &media_type, f, NULL);
}

int
content_check_input(cJSON *asked, unsigned *needs, struct content_fault *f)
{
	return start(asked, &requests, f, needs);
}

/* ---- Single values. */

static int
check_value(cJSON *item, const struct rule *r, struct walk *w)
{
	return r->is(item) ? 0 : fail(w, "must be %s", r->want);
}

/* That nothing in a string is hidden. */
static int
check_shown(const char *s, struct walk *w)
{
	size_t len = strlen(s);
	struct buf clean;
	bool failed, same;

	buf_init(&clean, len);
	failed = text_clean(&clean, s) == -1;
	same = clean.len == len;	/* nothing is put in; what is replaced becomes shorter */
	buf_finish(&clean);
	if (failed)
		return fail_memory(w);
	return same ? 0 : fail(w, "must not have control, bidirectional or invisible characters");
}

/* A text that must stay as it is. */
static int
check_plain(cJSON *item, const struct rule *r, struct walk *w)
{
	return check_value(item, r, w) == -1 ? -1 : check_shown(item->valuestring, w);
}

/* A text, or a tree, that is cleaned in its place. */
static int
check_clean(cJSON *item, const struct rule *r, struct walk *w)
{
	cJSON *clean, *child = item->child;
	char *string = item->valuestring;

	if (check_value(item, r, w) == -1)
		return -1;
	clean = pick_clean(item);
	if (clean == NULL)
		return fail_memory(w);
	item->child = clean->child;
	item->valuestring = clean->valuestring;
	clean->child = child;
	clean->valuestring = string;
	cJSON_Delete(clean);
	return 0;
}

/* Base64 by itself, or in a URL. */
static int
check_digits(const char *s, const struct rule *r, struct walk *w)
{
	size_t len = strlen(s);
	struct buf bytes;
	bool starved;
	int result;

	buf_init(&bytes, len);
	result = base64_decode(&bytes, s, len);
	starved = bytes.starved;
	buf_finish(&bytes);
	return starved ? fail_memory(w) : result == -1 ? fail(w, "must be %s", r->want) : 0;
}

static int
check_base64(cJSON *item, const struct rule *r, struct walk *w)
{
	return check_value(item, r, w) == -1 ? -1 : check_digits(item->valuestring, r, w);
}

/* An https: URL, or a data: URL (RFC 2397) of an image. */
static int
check_icon(cJSON *item, const struct rule *r, struct walk *w)
{
	static const char data[] = "data:image/", mark[] = ";base64";
	const char *s = item->valuestring, *comma;

	if (check_value(item, r, w) == -1)
		return -1;
	if (is_https(item))
		return 0;
	comma = strchr(s, ',');
	if (strncasecmp(s, data, strlen(data)) != 0 || comma == NULL)
		return fail(w, "must be %s", r->want);
	if ((size_t)(comma - s) < strlen(data) + strlen(mark) ||
	    strncasecmp(comma - strlen(mark), mark, strlen(mark)) != 0)
		return 0;
	return check_digits(comma + 1, r, w);
}

/* A count that a double has exactly. */
static cJSON_bool
is_count(const cJSON *item)
{
	int64_t value;

	return json_integer(item, &value) == 0 && value >= 0;
}

static cJSON_bool
is_share(const cJSON *item)
{
	return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble <= 1;
}

static cJSON_bool
is_uri(const cJSON *item)
{
	return cJSON_IsString(item) && format_find("uri")->check(item->valuestring);
}

static cJSON_bool
is_https(const cJSON *item)
{
	static const char scheme[] = "https://";
	const char *host;

	if (!is_uri(item) || strncasecmp(item->valuestring, scheme, strlen(scheme)) != 0)
		return false;
	host = item->valuestring + strlen(scheme);
	return strcspn(host, ":/?#") > 0;
}

static cJSON_bool
is_time(const cJSON *item)
{
	return cJSON_IsString(item) && format_find("date-time")->check(item->valuestring);
}

/* type/subtype, and parameters, of which only the characters are looked at (RFC 9110, 8.3.1). */
static cJSON_bool
is_media_type(const cJSON *item)
{
	const char *s = cJSON_IsString(item) ? item->valuestring : "";
	size_t type = strspn(s, TOKEN), subtype;

	if (type == 0 || s[type] != '/')
		return false;
	s += type + 1;
	subtype = strspn(s, TOKEN);
	s += subtype;
	s += strspn(s, " ");
	if (subtype == 0 || (*s != ';' && *s != '\0'))
		return false;
	for (; *s >= ' ' && *s <= '~'; s++)
		;
	return *s == '\0';
}

static cJSON_bool
is_size(const cJSON *item)
{
	const char *s = cJSON_IsString(item) ? item->valuestring : "";
	size_t width = strspn(s, DIGIT), height;

	if (strcmp(s, "any") == 0)
		return true;
	if (width == 0 || (s[width] != 'x' && s[width] != 'X'))
		return false;
	height = strspn(s + width + 1, DIGIT);
	return height > 0 && s[width + 1 + height] == '\0';
}

static cJSON_bool
is_schema(const cJSON *item)
{
	const char *type = json_str(item, "type");

	return type != NULL && strcmp(type, "object") == 0;
}

/* ---- Lists and maps. */

static int
check_number_of(const cJSON *item, const struct rule *r, struct walk *w)
{
	int n = cJSON_GetArraySize(item);

	if (n < r->least)
		return fail(w, "must have at least %d", r->least);
	if (r->most > 0 && n > r->most)
		return fail(w, "must have at most %d", r->most);
	return 0;
}

static int
check_list(cJSON *item, const struct rule *r, struct walk *w)
{
	char place[16];
	cJSON *child;
	int n = 0;

	if (!cJSON_IsArray(item))
		return fail(w, "must be %s", r->want);
	if (check_number_of(item, r, w) == -1)
		return -1;
	cJSON_ArrayForEach(child, item) {
		snprintf(place, sizeof place, "%d", n++);
		if (check_at(child, place, r->item, w) == -1)
			return -1;
	}
	return 0;
}

/* An item, or a list of them. */
static int
check_some(cJSON *item, const struct rule *r, struct walk *w)
{
	return cJSON_IsArray(item) ? check_list(item, r, w) : r->item->check(item, r->item, w);
}

/* Whether a name that the message chose is one: what is answered is answered under it. */
static int
check_name(const char *name, struct walk *w)
{
	size_t n = utf8_count(name);

	if (n == 0 || n > LIMIT_INPUT_NAME)
		return fail(w, "must have a name of 1 to %d characters", LIMIT_INPUT_NAME);
	return check_shown(name, w);
}

static int
check_map(cJSON *item, const struct rule *r, struct walk *w)
{
	char place[16];
	cJSON *child;
	size_t at;
	int n = 0;

	if (!cJSON_IsObject(item))
		return fail(w, "must be %s", r->want);
	if (check_number_of(item, r, w) == -1)
		return -1;
	cJSON_ArrayForEach(child, item) {
		snprintf(place, sizeof place, "%d", n++);
		at = enter(w, place);
		if (check_name(child->string, w) == -1 ||
		    r->item->check(child, r->item, w) == -1)
			return -1;
		w->f->place[at] = '\0';
	}
	return 0;
}

/* ---- Words and objects. */

/* The shape that a value names; NULL with the fault: it is none of them. */
static const struct shape *
shape_named(const cJSON *name, const struct shape *shapes, struct walk *w)
{
	char names[120] = "";
	const struct shape *s;
	size_t len;

	for (s = shapes; s->name != NULL; s++)
		if (cJSON_IsString(name) && strcmp(s->name, name->valuestring) == 0)
			return s;
	for (s = shapes; s->name != NULL; s++) {
		len = strlen(names);
		snprintf(names + len, sizeof names - len, "%s\"%s\"", s == shapes ? "" :
		    s[1].name == NULL ? " or " : ", ", s->name);
	}
	fail(w, "must be %s", names);
	return NULL;
}

static int
check_word(cJSON *item, const struct rule *r, struct walk *w)
{
	const struct shape *s = shape_named(item, r->shapes, w);

	if (s == NULL)
		return -1;
	w->needs |= s->needs;
	return 0;
}

/* The shape of an object; NULL with the fault. */
static const struct shape *
shape_of(const cJSON *object, const struct rule *r, struct walk *w)
{
	const cJSON *name;
	const struct shape *s;
	size_t at;

	if (r->tag == NULL)
		return r->shapes;
	name = json_get(object, r->tag);
	if (r->untagged && (name == NULL || cJSON_IsNull(name)))
		return r->shapes;
	at = enter(w, r->tag);
	s = shape_named(name, r->shapes, w);
	if (s != NULL)
		w->f->place[at] = '\0';
	return s;
}

/* That members which must be there are, and of those that shut each other out not too many. */
static int
check_presence(const cJSON *object, const struct member *members, struct walk *w)
{
	char names[64] = "";
	const struct member *m;
	bool must = false;
	size_t len;
	int n = 0;

	for (m = members; m->name != NULL; m++) {
		if (m->presence == REQUIRED && json_get(object, m->name) == NULL)
			return fail(w, "must have \"%s\"", m->name);
		if (m->presence != ONE_OF && m->presence != AT_MOST_ONE_OF)
			continue;
		must = m->presence == ONE_OF;
		n += json_get(object, m->name) != NULL;
		len = strlen(names);
		snprintf(names + len, sizeof names - len, "%s\"%s\"", len == 0 ? "" : " and ",
		    m->name);
	}
	if (n > 1 || (n == 0 && must))
		return fail(w, "must have %s of %s", must ? "one" : "at most one", names);
	return 0;
}

static int
check_object(cJSON *item, const struct rule *r, struct walk *w)
{
	const struct shape *s;
	const struct member *m;
	const char *why;
	cJSON *child, *next;

	if (!cJSON_IsObject(item))
		return fail(w, "must be %s", r->want);
	s = shape_of(item, r, w);
	if (s == NULL)
		return -1;
	w->needs |= s->needs;
	for (child = item->child; child != NULL; child = next) {
		next = child->next;
		for (m = s->members; m->name != NULL && strcmp(m->name, child->string) != 0; m++)
			;
		if (m->name != NULL && !cJSON_IsNull(child)) {
			w->needs |= m->needs;
			if (check_at(child, m->name, m->rule, w) == -1)
				return -1;
		} else if (r->tag == NULL || strcmp(child->string, r->tag) != 0 ||
		    cJSON_IsNull(child))
			cJSON_Delete(cJSON_DetachItemViaPointer(item, child));
	}
	if (check_presence(item, s->members, w) == -1)
		return -1;
	why = s->also == NULL ? NULL : s->also(item);
	return why == NULL ? 0 : fail(w, "%s", why);
}

/* A field that must be filled in and that is not there could never be. */
static const char *
form_fault(const cJSON *object)
{
	const cJSON *properties = json_get(object, "properties"), *name;

	cJSON_ArrayForEach(name, json_get(object, "required"))
		if (json_get(properties, name->valuestring) == NULL)
			return "\"required\" must have names of \"properties\" only";
	return NULL;
}

static const char *
enum_fault(const cJSON *object)
{
	const cJSON *names = json_get(object, "enumNames");

	if (names != NULL &&
	    cJSON_GetArraySize(names) != cJSON_GetArraySize(json_get(object, "enum")))
		return "\"enumNames\" must have as many as \"enum\"";
	return NULL;
}
