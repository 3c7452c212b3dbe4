/* SPDX-License-Identifier: MIT */
/*
 * event.h - text/event-stream (WHATWG HTML, 9.2): a reader that takes bytes as they come, and a
 * writer.
 *
 * Lines end with CR, LF or CR LF; a BOM before the first is skipped. Comments and fields that
 * nobody knows are ignored, as long as they like. An event that the stream's end cuts off is
 * none. Bytes are passed on as they are: whether data is UTF-8 is for whoever parses it.
 */
#ifndef WIRE_EVENT_H
#define WIRE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Told of each event. `type` (up to a NUL) is "message" where the stream names none; `id` is the
 * last that the stream gave, at this event or before, "" for none. `data` has its lines joined by
 * LF, and a NUL behind its `len` bytes. All borrowed for the call. Not 0: no more of it. The
 * reader must not be fed or finished from here.
 */
typedef int event_callback(void *arg, const char *type, const char *id, const char *data,
    size_t len);

struct event_reader {
	event_callback	*callback;
	void		*arg;
	const char	*why;		/* of a failure, static; NULL: the callback's wish */
	bool		 over;		/* it failed or was stopped */
	bool		 excess;	/* an event was over the cap */
	int64_t		 retry_ms;	/* what `retry` said last; -1: nothing yet */
	int64_t		 digits;	/* what this line says in it; -1: nothing; less: bad */
	bool		 begun;		/* the first field's name was read */
	bool		 cr;		/* the last byte was CR: an LF belongs to it */
	bool		 pending;	/* the event has data, though it may be empty */
	enum { EVENT_NAME, EVENT_SPACE, EVENT_VALUE } place;	/* in the line */
	char		 name[9];	/* of its field: a BOM, the longest, and one too many */
	size_t		 name_len;
	struct buf	*to;		/* where its value goes; NULL: nowhere */
	struct buf	 data;
	struct buf	 type;
	struct buf	 new_id;	/* until its line has ended */
	struct buf	 id;
};

/*
 * Begin to read. `cap`: the most bytes that an event's data, its type and its id may have, each;
 * nothing else of the stream is held, and between events only the id. event_reader_finish()
 * must follow.
 */
void	 event_reader_init(struct event_reader *r, size_t cap, event_callback *callback, void *arg);
/*
 * The next bytes of the stream, in pieces of any size. 0, or -1: an event exceeds the cap or
 * there is no memory (`why`), or the callback has had enough; this holds for all that follows.
 */
int	 event_reader_feed(struct event_reader *r, const void *bytes, size_t len);
/* Free what it holds. */
void	 event_reader_finish(struct event_reader *r);

/* Append one event of the type "message": `json` without line ends. 0, or -1: it does not fit. */
int	 event_write(struct buf *out, const char *json, size_t len);

#endif
