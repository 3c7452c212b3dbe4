/* SPDX-License-Identifier: MIT */
/* post.h - new messages: the service's to contacts, and contacts' answers. */
#ifndef LOCAL_POST_H
#define LOCAL_POST_H

struct call;

/* Handlers. */
int	 post_send(struct call *c);
int	 post_preview(struct call *c);
int	 post_answer(struct call *c);

#endif
