/* SPDX-License-Identifier: MIT */
/*
 * import_part.h - what the files of import.h share: the document at work and one of its operations.
 *
 *   import_yaml       YAML into the tree that wire/json makes of JSON
 *   import_document   the operations that are wanted, base_url, auth, and the file as text
 *   import_auth       where the service is, and as whom it is called
 *   import_operation  one of them into a tool
 *   import_parameter  its parameters: path, query, headers
 *   import_body       its body
 *   import_answer     its answers: response, outputSchema, error
 *   import_schema     schemas of OpenAPI into JSON Schema 2020-12
 *   import_settle     converted schemas: definitions and null
 *   import_name       names and sentences
 */
#ifndef CMD_IMPORT_PART_H
#define CMD_IMPORT_PART_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/service.h"

struct import_wanted;
struct imported;

enum import_version { SWAGGER_20, OPENAPI_30, OPENAPI_31 };

struct import {
	const cJSON		*root;
	enum import_version	 version;
	cJSON			*tools;		/* made so far */
	struct service		 service;	/* what a tool is loaded for; has a root alone */
	const char		*scheme;	/* the security scheme of "auth", or NULL */
	char			*auth_header;	/* the header that it sets, or NULL */
	struct buf		 base;		/* the first server's URL, variables filled in */
	struct buf		 notes;		/* "$comment" of the service */
	cJSON			*error;		/* "error" of the service, or NULL */
	size_t			 writes, pages;	/* tools that write, and that have pages */
	bool			 starved;	/* out of memory: nothing is to be written */
};

/* A schema that others refer to. */
struct import_definition {
	const cJSON	*from;		/* in the document */
	char		*name;
	cJSON		*schema;	/* converted; NULL: moved to its only place */
	size_t		 uses;
};

struct operation {
	struct import	*import;
	const char	*path;
	const char	*method;	/* in capitals */
	const char	*id;		/* operationId, or NULL */
	const cJSON	*item, *spec;	/* the path's, and its own */
	const cJSON	*servers;	/* that hold for it, or NULL */
	const cJSON	**parameters;	/* the path's and its own, $refs followed */
	size_t		 nparameters;

	char		 name[LIMIT_IMPORT_NAME + 1];
	cJSON		*tool;		/* what is made of it */
	cJSON		*properties, *required;	/* of its inputSchema */
	cJSON		*query, *headers, *body;	/* of its request */
	bool		 form;		/* `body` is one */
	struct buf	 url;
	struct buf	 variables;	/* of the query in `url`: "a,b*" */
	size_t		 nvariables;	/* in `url`, with those */
	struct import_definition *definitions;
	size_t		 ndefinitions;
	size_t		 steps;
	size_t		 listed;	/* bytes of it in tools/list */
	bool		 pages;		/* it has an argument for them */

	struct buf	 notes;		/* "$comment" of the tool */
	char		 why[LIMIT_REASON];	/* it cannot be done; "": it can so far */
};

/* import.c: what all of them do. */

/* Say, once, why an operation cannot be done: "PLACE: what". Always -1. */
int	 import_refuse(struct operation *op, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* Add a sentence for whoever reads the file, if it is not there yet. */
void	 import_note(struct buf *notes, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* json_put() and json_push() that remember a failure; `item` is taken over in all cases. */
void	 import_put(struct import *im, cJSON *object, const char *name, cJSON *item);
void	 import_push(struct import *im, cJSON *array, cJSON *item);
/* Put `item`, which is taken over, in the place of `old` in an object. */
void	 import_replace(struct import *im, cJSON *object, cJSON *old, cJSON *item);
/*
 * Whether memory was short anywhere since import_document() began, as errno says it: then what was
 * made may lack something, and is not written.
 */
bool	 import_starves(struct import *im);
/* What a $ref leads to, or `value` itself. NULL: refused, for it leads outside or nowhere. */
const cJSON *import_follow(struct operation *op, const cJSON *value, const char *place);

/* import_yaml.c */

/* The tree of a YAML text; on NULL `why` says "LINE:COLUMN: what". */
cJSON	*import_yaml_parse(const char *text, size_t len, char *why, size_t whylen);

/* import_document.c */

/* All: from the tree to the text. 0 or -1. */
int	 import_document(struct imported *out, const cJSON *root,
	    const struct import_wanted *wanted, char *why, size_t whylen);

/* import_operation.c */

/* Make the tool. 0, or -1 with `op->why`. */
int	 import_operation_make(struct operation *op);
void	 import_operation_finish(struct operation *op);
/* Whether a parameter is one of the path, the query ... */
bool	 import_operation_is_in(const cJSON *parameter, const char *in);
/*
 * Declare an argument for `wanted`; its name goes to `name`. `described` is a parameter with a
 * description, or NULL: the schema has its own. 0 or -1.
 */
int	 import_operation_argument(struct operation *op, const char *wanted, const cJSON *schema,
	    const cJSON *described, bool required, bool query, char name[LIMIT_IMPORT_NAME + 1]);
/* Leave something out that can be: what must be there refuses the operation. 0 or -1. */
int	 import_operation_leave_out(struct operation *op, const char *place, const char *name,
	    bool required, const char *why);

/* import_parameter.c */

/* Put the path into `op->url`. 0 or -1. */
int	 import_parameter_path(struct operation *op);
/* Put the query behind it, what no template can write into `op->query`, and headers into
 * `op->headers`. 0 or -1. */
int	 import_parameter_rest(struct operation *op);

/* import_body.c */

/* Make `op->body`. 0 or -1. */
int	 import_body_make(struct operation *op);
/* Whether a media type is JSON, such as "application/merge-patch+json; charset=utf-8". */
bool	 import_body_is_json(const char *type);

/* import_answer.c */

/* Add response, outputSchema and error to the tool. 0 or -1. */
int	 import_answer_make(struct operation *op);

/* import_auth.c */

/* Choose base_url and "auth" for the operations, and put them into the service. */
void	 import_auth_base(struct import *im, cJSON *service, const struct operation *ops, size_t n);
void	 import_auth_make(struct import *im, cJSON *service, const struct operation *ops, size_t n);
/* Append the URL of the first server, its variables filled in; nothing if there is none. */
void	 import_auth_server(struct buf *out, const cJSON *servers);

/* import_schema.c */

/* Kinds of values, as bits. */
enum { KIND_NULL = 1, KIND_BOOLEAN = 2, KIND_NUMBER = 4, KIND_STRING = 8, KIND_ARRAY = 16,
	KIND_OBJECT = 32 };
#define KIND_SCALAR	(KIND_BOOLEAN | KIND_NUMBER | KIND_STRING)

struct member {
	const char	*name;
	const cJSON	*schema;
	bool		 required;
};

struct members {
	struct member	*list;		/* freed by whoever asked */
	size_t		 count;
	bool		 open;		/* the schema lets others stand beside them */
};

/* The schema in JSON Schema 2020-12, for arguments; what it refers to is added to the operation's
 * definitions. `where` names it in notes. NULL: refused. */
cJSON	*import_schema_convert(struct operation *op, const cJSON *schema, const char *where);
/* What kinds of values a schema of the document takes; 0: it does not say. */
unsigned import_schema_kinds(struct operation *op, const cJSON *schema);
/* The elements' schema of an array's, or NULL. */
const cJSON *import_schema_items(struct operation *op, const cJSON *schema);
/* Whether a value can be that of a form or a query: a scalar, or a list of them. */
bool	 import_schema_is_flat(struct operation *op, const cJSON *schema);
/* Whether a member's schema has the mark "readOnly" or "writeOnly". */
bool	 import_schema_is(struct operation *op, const cJSON *schema, const char *mark);
/* The members of an object's schema, allOf put together. 1; 0: it is not one that can be listed;
 * -1: refused. `m->list` is to be freed in all cases. */
int	 import_schema_members(struct operation *op, const cJSON *schema, struct members *m);

/* import_settle.c */

/* Write definitions that are small or used once where they are used, and the rest as "$defs" of
 * `input`, whose properties are converted. */
void	 import_settle_definitions(struct operation *op, cJSON *input);
/* Take null out of a converted schema. Whether it was in it. */
bool	 import_settle_null(struct operation *op, cJSON *schema);

/* import_name.c */

/* A name of a-z 0-9 and _ out of an operationId, or of method and path; other than all tools'. */
void	 import_name_tool(struct operation *op);
/* A name for an argument: `wanted` itself if a template can have it and nobody else does. It may
 * be that of a query's parameter only if `query`. */
void	 import_name_argument(const struct operation *op, const char *wanted, bool query,
	    char name[LIMIT_IMPORT_NAME + 1]);
/* Whether a query's parameter can be written under the name by a template, and is not the name of
 * an argument of the bridge. */
bool	 import_name_is_query(const char *text);
/* A name of a-z 0-9 _ - for a service; never "". */
void	 import_name_service(const char *title, char *name, size_t size);
/* Append at most two sentences of a text, without markup, of at most `most` bytes. */
void	 import_name_text(struct buf *out, const char *text, size_t most);

#endif
