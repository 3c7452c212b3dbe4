/* SPDX-License-Identifier: MIT */
/* channel.h - the ways a message can go, and who the service itself is on them. */
#ifndef LOCAL_CHANNEL_H
#define LOCAL_CHANNEL_H

/* The service as a sender and as the recipient of answers. */
#define CHANNEL_SELF		"ums"
#define CHANNEL_SELF_NAME	"Unified Messaging Service"
#define CHANNEL_INBOX		"inbox"
#define CHANNEL_EMAIL		"email"

struct call;

/* Handler: GET /v1/channels. */
int	 channel_list(struct call *c);
/* Whether a message can go that way. 0; 1 with a problem set. */
int	 channel_check(struct call *c, const char *channel);

#endif
