/* SPDX-License-Identifier: MIT */
/*
 * capability.h - what a client can do besides, as it says itself: in initialize (legacy era), or in
 * each request (modern era).
 */
#ifndef MCP_CAPABILITY_H
#define MCP_CAPABILITY_H

#include <cjson/cJSON.h>

struct buf;

/* Bits; eight fit into a session's id. */
enum capability {
	CAPABILITY_ELICITATION		= 1 << 0,	/* it shows a form to its person */
	CAPABILITY_ELICITATION_URL	= 1 << 1,	/* or opens a page */
	CAPABILITY_SAMPLING		= 1 << 2,	/* it asks its model */
	CAPABILITY_SAMPLING_TOOLS	= 1 << 3,	/* and that may use tools */
	CAPABILITY_SAMPLING_CONTEXT	= 1 << 4,	/* and be told what servers have said */
	CAPABILITY_ROOTS		= 1 << 5,	/* it lists its folders */
	CAPABILITY_TASKS		= 1 << 6,	/* it asks for a task until that is done */
};

/* What an object of capabilities says; what is not known of it is passed over. */
unsigned capability_read(const cJSON *capabilities);
/* Append a set as such an object. 0 or -1. */
int	 capability_print(struct buf *out, unsigned set);

#endif
