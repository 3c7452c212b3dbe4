/* SPDX-License-Identifier: MIT */
/* reply.h - the answer to a request: made by handlers, written to the web server. */
#ifndef LOCAL_REPLY_H
#define LOCAL_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fcgiapp.h>

#include "wire/json.h"

struct call;
struct fault;
struct reply;

/* Set the status and the JSON body. Takes `item`, NULL included. 0, or -1: no memory. */
int	 reply_json(struct call *c, int status, cJSON *item);
/* Set the status and a body of bytes, of a Content-Type of at most CAP_NAME bytes. 0 or -1. */
int	 reply_bytes(struct call *c, int status, const char *type, const void *data, size_t len);
/* The reason phrase of a status; never NULL. */
const char *reply_phrase(int status);
/* Write it. A peer that went away is not an error worth telling. */
void	 reply_write(const struct call *c, FCGX_Stream *out, const struct fault *fault);

/* Members, for handlers: NULL text adds nothing. All 0, or -1 without memory. */
int	 reply_text(cJSON *object, const char *name, const char *text);
int	 reply_time(cJSON *object, const char *name, int64_t wall_ms);
/* A member from JSON text of our own; NULL adds nothing. */
int	 reply_parsed(cJSON *object, const char *name, const char *json);

#endif
