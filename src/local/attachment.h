/* SPDX-License-Identifier: MIT */
/*
 * attachment.h - files of a message: a reference to one elsewhere, or its bytes, which are kept.
 *
 * A client gives {name, url} or {name, data}, and mime_type with either. What messages show of data
 * is {id, name, mime_type, size}; its bytes are under /v1/attachments/{id}.
 */
#ifndef LOCAL_ATTACHMENT_H
#define LOCAL_ATTACHMENT_H

struct buf;
struct call;

/*
 * Check "attachments" of c->req.json, give data their ids and sizes, and append what messages show
 * of them; nothing for none. 0; 1 with a problem set; -1.
 */
int	 attachment_read(struct call *c, const char *channel, struct buf *out);
/* Keep the data of c->req.json, which attachment_read() has read. 0 or -1. */
int	 attachment_keep(struct call *c, const char *message_id);
/* GET: the bytes, as what they were said to be. */
int	 attachment_get(struct call *c);

#endif
