/* SPDX-License-Identifier: MIT */
/* split.c - the rule; the parts, one after the other; what came of them. See split.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/failure.h"
#include "mcp/service.h"
#include "mcp/split.h"
#include "mcp/text.h"
#include "wire/json.h"

struct split {
	const struct tool	*tool;
	const char		*text;		/* the whole; borrowed from the call's arguments */
	struct cut		 cut;
	cJSON			*args;		/* of the part that is sent */
	size_t			 sent;
	char			*results[CUT_PARTS];
};

int
split_load(struct split_rule *r, const struct tool *t, const cJSON *spec, const char *place,
    struct spec_fault *f)
{
	static const struct spec_key keys[] = {
		{ "argument", SPEC_STRING, true },
		{ "max", SPEC_COUNT, true },
		{ "unit", SPEC_STRING, true },
		{ NULL, SPEC_ANY, false },
	};
	static const char *const names[] = {
		[CUT_CHARACTERS] = "characters", [CUT_UTF16] = "utf16", [CUT_BYTES] = "bytes",
	};
	const char *type, *unit;
	int64_t max = 0;
	size_t i;

	if (spec_check(spec, keys, place, f) == -1)
		return -1;
	r->argument = json_str(spec, "argument");
	type = json_str(json_get(json_get(t->input, "properties"), r->argument), "type");
	if (!t->write)
		return spec_fail(f, place, "goes with \"write\": true");
	if (strcmp(r->argument, "idempotency_key") == 0 ||
	    strcmp(r->argument, "confirm_token") == 0)
		return spec_fail(f, place, "%s is the bridge's own", r->argument);
	if (type == NULL || strcmp(type, "string") != 0)
		return spec_fail(f, place, "\"argument\" must be one of inputSchema's properties, "
		    "with \"type\": \"string\"");
	if (!value_is_used(t, &t->request, r->argument))
		return spec_fail(f, place, "the request has no place for {%s}", r->argument);
	for (i = 0; i < t->nsteps; i++)
		if (value_is_used(t, &t->steps[i].request, r->argument))
			return spec_fail(f, place, "a step has a place for {%s}, and steps are "
			    "made once for all parts", r->argument);
	json_integer(json_get(spec, "max"), &max);
	if (max < CUT_LEAST || max > LIMIT_SPLIT)
		return spec_fail(f, place, "\"max\" must be %d to %d", CUT_LEAST, LIMIT_SPLIT);
	r->max = (size_t)max;
	for (i = 0; i < t->nderived; i++)
		if (t->derived[i].kind == VALUE_MARKDOWN &&
		    strcmp(t->derived[i].argument, r->argument) == 0 &&
		    max > LIMIT_COMMONMARK / 4)
			return spec_fail(f, place, "\"max\" must be %d at most where the text is "
			    "derived as markdown", LIMIT_COMMONMARK / 4);
	unit = json_str(spec, "unit");
	for (i = 0; i < sizeof names / sizeof names[0] && strcmp(unit, names[i]) != 0; i++)
		;
	if (i == sizeof names / sizeof names[0])
		return spec_fail(f, place, "\"unit\" must be characters, utf16 or bytes");
	r->unit = (enum cut_unit)i;
	return 0;
}

static int
fail_memory(struct failure *f)
{
	failure_init(f, "internal", 500, "the bridge is short of memory; nothing was done; repeat "
	    "the call later");
	f->retryable = true;
	return -1;
}

int
split_create(struct split **out, const struct tool *t, const cJSON *args, struct failure *f)
{
	const char *text = t->split.argument == NULL ? NULL : json_str(args, t->split.argument);
	struct cut cut;

	*out = NULL;
	if (text == NULL)
		return 0;
	if (cut_text(&cut, text, t->split.max, t->split.unit) == -1)
		return fail_memory(f);
	if (cut.fits > 0) {
		failure_init(f, "invalid_argument", 400, "/%s: is sent in at most %d parts, into "
		    "which its first %zu characters would fit; nothing was sent. Make several "
		    "calls of it", t->split.argument, CUT_PARTS, cut.fits);
		return -1;
	}
	if (cut.n == 1 && cut.parts[0].to - cut.parts[0].from == strlen(text))
		return 0;
	*out = calloc(1, sizeof **out);
	if (*out == NULL)
		return fail_memory(f);
	**out = (struct split){ .tool = t, .text = text, .cut = cut };
	return 0;
}

void
split_destroy(struct split *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->sent; i++)
		free(s->results[i]);
	cJSON_Delete(s->args);
	free(s);
}

/* Put a text in the place of what is there; it is taken over. */
static int
replace(cJSON *args, const char *name, struct buf *text)
{
	int result = text->failed ? -1 : 0;

	cJSON_DeleteItemFromObjectCaseSensitive(args, name);
	if (result == 0)
		result = json_put(args, name, cJSON_CreateString(buf_str(text)));
	buf_finish(text);
	return result;
}

cJSON *
split_next(struct split *s, const cJSON *args)
{
	const char *key = json_str(args, "idempotency_key");
	struct buf text, name;

	if (s->args == NULL)
		s->args = json_borrow(args, s->tool->split.argument);
	if (s->args == NULL)
		return NULL;
	buf_init(&text, 4 * s->tool->split.max);
	cut_print(&text, s->text, &s->cut.parts[s->sent]);
	if (replace(s->args, s->tool->split.argument, &text) == -1)
		return NULL;
	if (s->sent == 0 || key == NULL || key[0] == '\0')
		return s->args;
	buf_init(&name, strlen(key) + 8);
	buf_printf(&name, "%s-%zu", key, s->sent + 1);
	return replace(s->args, "idempotency_key", &name) == -1 ? NULL : s->args;
}

void
split_keep(struct split *s, struct buf *result)
{
	s->results[s->sent++] = buf_take(result);
}

size_t
split_sent(const struct split *s)
{
	return s == NULL ? 0 : s->sent;
}

bool
split_is_done(const struct split *s)
{
	return s->sent == s->cut.n;
}

int
split_join(const struct split *s, struct buf *out, size_t budget)
{
	size_t i;

	for (i = 0; i < s->sent; i++)
		if (s->results[i] == NULL)
			return -1;
	buf_puts(out, s->results[0]);
	if (s->cut.n == 1)
		return out->failed ? -1 : 0;
	/* All that is an object: its brace goes, and comes again. */
	buf_truncate(out, out->len - 1);
	buf_printf(out, "%s\"parts\":%zu,\"more\":[", out->len > 1 ? "," : "", s->cut.n);
	for (i = 1; i < s->cut.n && out->len + strlen(s->results[i]) < budget; i++) {
		buf_puts(out, i > 1 ? "," : "");
		buf_puts(out, s->results[i]);
	}
	return buf_puts(out, "]}");
}

void
split_fail(const struct split *s, struct failure *f)
{
	const char *key = json_str(s->args, "idempotency_key");
	bool keyed = key != NULL && key[0] != '\0';
	bool again = keyed && s->tool->dedupes && f->retryable;
	bool unclear = strcmp(f->code, "outcome_unknown") == 0;
	size_t rest = split_is_done(s) ? 0 : s->cut.parts[s->sent].character + 1;
	struct buf cause, more;

	/* Of its hint what the service says: the rest is of a call of which nothing was done. */
	buf_init(&cause, sizeof f->hint + sizeof f->code);
	buf_puts(&cause, unclear ? "it may have been sent, or not" : f->code);
	if (strstr(f->hint, " (it says: ") != NULL)
		buf_puts(&cause, strstr(f->hint, " (it says: "));
	text_cut(&cause, sizeof f->hint - LIMIT_HINT + 100);
	buf_init(&more, 512);
	buf_puts(&more, "\"cause\":");
	json_quote(&more, f->code);
	buf_printf(&more, ",\"parts\":%zu,\"parts_sent\":%zu", s->cut.n, s->sent);
	if (!unclear)
		snprintf(f->code, sizeof f->code, "partly_done");
	f->retryable = again;
	if (rest == 0)
		snprintf(f->hint, sizeof f->hint, "all of %zu parts were sent, but their results "
		    "are lost (%s). Do not repeat the call", s->cut.n, buf_str(&cause));
	else if (again)
		snprintf(f->hint, sizeof f->hint, "part %zu of %zu: %s. The parts before it were "
		    "sent. Repeat the whole call with the same idempotency_key: what was sent is "
		    "not sent again", s->sent + 1, s->cut.n, buf_str(&cause));
	else
		snprintf(f->hint, sizeof f->hint, "part %zu of %zu: %s. The parts before it were "
		    "sent: do not repeat the whole call. What is missing begins at character %zu "
		    "of the text; send that alone%s%s", s->sent + 1, s->cut.n, buf_str(&cause),
		    rest, unclear ? ", once you know that it was not sent" : "",
		    keyed ? ", with a new idempotency_key" : "");
	if (rest > 0)
		buf_printf(&more, ",\"rest_from\":%zu", rest);
	free(f->more);
	f->more = buf_take(&more);
	buf_finish(&more);
	buf_finish(&cause);
}
