/* SPDX-License-Identifier: MIT */
/*
 * content.h - results that a service says in the protocol's own shapes (MCP 2025-11-25 and
 * 2026-07-28) and that are passed on: nothing ill-formed reaches a client.
 *
 * Each function holds a tree to its shape and edits it:
 *  - members that the protocol does not know there, and those that are null, are taken out, _meta
 *    everywhere: what it says is between a service and its own clients;
 *  - texts, and objects that a service may fill as it likes, lose the characters that hide or
 *    reorder text (text.h);
 *  - what must stay as it is, such as a URI, a media type, a choice of a form or the name of a
 *    field, is refused if it has any of those.
 * What was accepted is accepted again and stays as it is. The tree must own all that it holds; its
 * depth and size are bounded by the reader (json.h). Pure.
 */
#ifndef MCP_CONTENT_H
#define MCP_CONTENT_H

#include <stdbool.h>

#include <cjson/cJSON.h>

/* Why a tree was refused, in our words: no value and no name that a message has chosen is in it. */
struct content_fault {
	char	place[128];	/* JSON Pointer; a name that is free is a number from 0 */
	char	why[160];	/* without a full stop */
	bool	memory;		/* the tree may be fine: there was no memory for it */
};

/*
 * All: 0, or -1 with the fault; the tree may have been edited by then.
 *
 * The result of a tools/call: "content", a list of blocks that may be empty, "structuredContent",
 * an object, and "isError". What the bridge says itself (resultType, ttlMs, cacheScope) is taken
 * out, here and below.
 */
int	 content_check_tool(cJSON *result, struct content_fault *f);
/* The result of a prompts/get: "messages", each a role and a block, and "description". */
int	 content_check_prompt(cJSON *result, struct content_fault *f);
/*
 * The result of a resources/read: "contents", one at least, each with a "uri" and either "text" or
 * "blob". `uri`, that of the request, is put in where there is none; NULL: there must be one.
 */
int	 content_check_resource(cJSON *result, const char *uri, struct content_fault *f);
/* One block: a text, an image, audio, a resource or a link to one, with its annotations. */
int	 content_check_block(cJSON *block, struct content_fault *f);
int	 content_check_annotations(cJSON *annotations, struct content_fault *f);
/* A list of icons: https: or data: URIs of images. */
int	 content_check_icons(cJSON *icons, struct content_fault *f);
int	 content_check_media_type(cJSON *type, struct content_fault *f);
/*
 * "inputRequests" of an input_required result: elicitation (a form or an https: URL), sampling and
 * roots under at most LIMIT_INPUT_REQUESTS names of 1 to LIMIT_INPUT_NAME characters; a form has at
 * most LIMIT_INPUT_FIELDS fields. `needs` is set to what a client
 * must be able to do for them (capability.h).
 */
int	 content_check_input(cJSON *requests, unsigned *needs, struct content_fault *f);

#endif
