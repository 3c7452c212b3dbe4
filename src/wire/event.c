/* SPDX-License-Identifier: MIT */
/* event.c - text/event-stream, in and out; see event.h. */
#include <string.h>

#include "wire/event.h"

static const char bom[] = "\xef\xbb\xbf";

static size_t	 take(struct event_reader *, const char *, size_t);
static void	 name_end(struct event_reader *);
static void	 line_end(struct event_reader *);
static void	 dispatch(struct event_reader *);
static void	 put(struct event_reader *, const char *, size_t);
static void	 count(struct event_reader *, const char *, size_t);

void
event_reader_init(struct event_reader *r, size_t cap, event_callback *callback, void *arg)
{
	*r = (struct event_reader){
		.callback = callback, .arg = arg, .retry_ms = -1, .digits = -1,
	};
	buf_init(&r->data, cap);
	buf_init(&r->type, cap);
	buf_init(&r->new_id, cap);
	buf_init(&r->id, cap);
}

void
event_reader_finish(struct event_reader *r)
{
	buf_finish(&r->data);
	buf_finish(&r->type);
	buf_finish(&r->new_id);
	buf_finish(&r->id);
}

int
event_reader_feed(struct event_reader *r, const void *bytes, size_t len)
{
	const char *p = bytes, *end = p + len;

	while (p < end && !r->over) {
		if (*p == '\n' && r->cr) {
			r->cr = false;
			p++;
			continue;
		}
		r->cr = *p == '\r';
		if (*p == '\r' || *p == '\n') {
			line_end(r);
			p++;
		} else {
			p += take(r, p, (size_t)(end - p));
		}
	}
	return r->over ? -1 : 0;
}

static bool
name_is(const struct event_reader *r, const char *name)
{
	return r->name_len == strlen(name) && memcmp(r->name, name, r->name_len) == 0;
}

/* Some bytes of a line, at least one; how many they were. */
static size_t
take(struct event_reader *r, const char *p, size_t len)
{
	const char *end;

	switch (r->place) {
	case EVENT_NAME:
		if (*p == ':') {
			name_end(r);
			r->place = EVENT_SPACE;
		} else if (r->name_len < sizeof r->name) {
			r->name[r->name_len++] = *p;
		}
		return 1;
	case EVENT_SPACE:
		r->place = EVENT_VALUE;
		if (*p == ' ')
			return 1;
		break;
	case EVENT_VALUE:
		break;
	}
	end = memchr(p, '\n', len);
	len = end == NULL ? len : (size_t)(end - p);
	end = memchr(p, '\r', len);
	len = end == NULL ? len : (size_t)(end - p);
	if (name_is(r, "retry"))
		count(r, p, len);
	else
		put(r, p, len);
	return len;
}

/* The field is known: make ready for its value. */
static void
name_end(struct event_reader *r)
{
	if (!r->begun && r->name_len >= 3 && memcmp(r->name, bom, 3) == 0) {
		r->name_len -= 3;
		memmove(r->name, r->name + 3, r->name_len);
	}
	r->begun = true;
	if (name_is(r, "data")) {
		r->to = &r->data;
		if (r->pending)
			put(r, "\n", 1);
		r->pending = true;
	} else if (name_is(r, "event")) {
		r->to = &r->type;
		buf_reset(r->to);
	} else if (name_is(r, "id")) {
		r->to = &r->new_id;
	}
}

static void
line_end(struct event_reader *r)
{
	struct buf old;

	if (r->place == EVENT_NAME) {
		name_end(r);
		if (r->name_len == 0)
			dispatch(r);
	}
	if (r->to == &r->new_id) {
		/* One with a NUL is ignored. */
		if (memchr(buf_str(r->to), '\0', r->to->len) == NULL) {
			old = r->id;
			r->id = r->new_id;
			r->new_id = old;
		}
		buf_finish(&r->new_id);
	}
	if (r->digits >= 0)
		r->retry_ms = r->digits;
	r->digits = -1;
	r->to = NULL;
	r->place = EVENT_NAME;
	r->name_len = 0;
}

static void
dispatch(struct event_reader *r)
{
	const char *type = buf_str(&r->type);

	if (r->pending)
		r->over = r->callback(r->arg, *type == '\0' ? "message" : type, buf_str(&r->id),
		    buf_str(&r->data), r->data.len) != 0;
	r->pending = false;
	buf_finish(&r->data);
	buf_finish(&r->type);
}

static void
put(struct event_reader *r, const char *p, size_t len)
{
	if (r->to == NULL || buf_append(r->to, p, len) == 0)
		return;
	r->over = true;
	r->excess = !r->to->starved;
	r->why = r->to->starved ? "out of memory" : "an event of the stream is too large";
}

/* A time in digits alone (HTML, 9.2.6), as far as there is sense in it; of all else nothing. */
static void
count(struct event_reader *r, const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] < '0' || p[i] > '9')
			r->digits = INT64_MIN;
		else if (r->digits != INT64_MIN && r->digits < INT32_MAX)
			r->digits = (r->digits < 0 ? 0 : r->digits) * 10 + (p[i] - '0');
}

int
event_write(struct buf *out, const char *json, size_t len)
{
	buf_puts(out, "event: message\ndata: ");
	buf_append(out, json, len);
	return buf_puts(out, "\n\n");
}
