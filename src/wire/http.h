/* SPDX-License-Identifier: MIT */
/*
 * http.h - one HTTP exchange as CGI shows it (RFC 3875): variables in, a head out.
 *
 * Edges fill a request with http_request_add() and its body; everybody above
 * reads it. Header names are given as HTTP writes them ("MCP-Protocol-Version")
 * and found whatever their case.
 */
#ifndef WIRE_HTTP_H
#define WIRE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/limits.h"

enum http_excess {
	HTTP_FITS,
	HTTP_PARAMS_EXCESS,	/* more CGI variables than LIMIT_PARAMS or LIMIT_PARAMS_COUNT */
	HTTP_BODY_EXCESS,	/* a longer body than the configuration allows */
	HTTP_BUSY,		/* bodies of others have filled what there is for them */
	HTTP_MALFORMED,		/* unreadable variables, or a body shorter than announced */
};

/* What `params` may hold: LIMIT_PARAMS bytes of text and the lengths before each variable. */
#define HTTP_PARAMS_ROOM	(LIMIT_PARAMS + LIMIT_PARAMS_COUNT * 8)

struct http_request {
	struct buf		 params;	/* lengths of both, NAME\0VALUE\0 ... */
	size_t			 count;		/* of variables */
	struct buf		 body;
	enum http_excess	 excess;
	bool			 local;		/* over no HTTP: from who runs this process */
	bool			 whole;		/* its answer is to come in one piece */
	bool			 batched;	/* one of several that came in one body */
};

/* Make an empty request whose body may have `body_max` bytes. */
void	 http_request_init(struct http_request *rq, size_t body_max);
void	 http_request_finish(struct http_request *rq);
/*
 * Make `to` of what `from` holds: the body is moved, the variables are copied without room to
 * grow and stay in `from`. http_request_finish() must follow for both. 0, or -1 (memory).
 */
int	 http_request_move(struct http_request *to, struct http_request *from);
/*
 * Add a CGI variable. Variables that nobody reads are left out. One that does not fit,
 * holds a NUL, or is there already and may be there only once sets `excess`. 0, or -1
 * when memory is short.
 */
int	 http_request_add(struct http_request *rq, const char *name, size_t namelen,
	    const char *value, size_t valuelen);
/* Append body bytes; past the cap they are dropped and `excess` is set. 0 or -1 (memory). */
int	 http_request_body(struct http_request *rq, const void *data, size_t len);
/* Called when the body has ended: compares its length with CONTENT_LENGTH. */
void	 http_request_end(struct http_request *rq);

/* A CGI variable, NULL when absent. Borrowed. */
const char *http_variable(const struct http_request *rq, const char *name);
/* A header, NULL when absent. Borrowed. */
const char *http_header(const struct http_request *rq, const char *name);
/* Whether the path without the query, as the client wrote it ("/" if unknown), is `path`. */
bool	 http_path_is(const struct http_request *rq, const char *path);

/*
 * Decode a header value as MCP mirrors it: "=?base64?...?=" is decoded, other text
 * is taken as it is, white space around it trimmed. Appended to `out`.
 * 0, or -1 for a marker without valid base64 of UTF-8 text inside.
 */
int	 http_mirror_decode(const char *value, struct buf *out);
/* Whether a Content-Type value is application/json, in UTF-8 if it names a charset. */
bool	 http_is_json(const char *content_type);
/* Whether an Accept value admits `type` ("application/json"); q=0 does not (RFC 9110, 12.5.1). */
bool	 http_accepts(const char *accept, const char *type);
/*
 * The host of a Host header or of an Origin ("https://host:port"), lower-cased and
 * without the port, brackets kept, appended to `out`. 0, or -1 for text that is neither.
 */
int	 http_host(const char *value, struct buf *out);
int	 http_origin_host(const char *value, struct buf *out);

/* Where the body of a CGI response begins, behind its head. */
const char *http_body(const struct buf *response);
/* The reason phrase of a status. */
const char *http_reason(int status);
/*
 * Append "Status: 200 OK" and, unless `type` is NULL, a Content-Type, each with its
 * CR LF; the caller adds more lines and the empty one. nginx needs the phrase.
 */
int	 http_head(struct buf *out, int status, const char *type);

#endif
