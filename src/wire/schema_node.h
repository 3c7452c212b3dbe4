/* SPDX-License-Identifier: MIT */
/*
 * schema_node.h - what the files of the schema validator share; no one else includes it.
 *
 * Compiling makes one node per subschema and one rule per keyword in it:
 *   schema_keyword.c  the table of keywords and the shapes of their values
 *   schema_compile.c  nodes and rules
 *   schema_ref.c      resources ($id), anchors, $ref
 * Judging walks the nodes along the instance:
 *   schema.c          the walk and the keywords that hold schemas
 *   schema_rule.c     the keywords that look at a value themselves
 *   schema_equal.c    equality of values, uniqueItems
 *   schema_why.c      the sentences
 */
#ifndef WIRE_SCHEMA_NODE_H
#define WIRE_SCHEMA_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "wire/schema.h"

struct compiler;
struct judge;
struct visit;
struct rule;

/* What a keyword's value must look like. */
enum shape {
	SHAPE_ANY,
	SHAPE_STRING,
	SHAPE_BOOLEAN,
	SHAPE_NUMBER,
	SHAPE_DIVISOR,		/* a number above zero */
	SHAPE_COUNT,		/* an integer from zero on */
	SHAPE_ARRAY,
	SHAPE_TYPES,
	SHAPE_NAMES,		/* an array of different strings */
	SHAPE_NAME_LISTS,	/* an object of those */
	SHAPE_ANCHOR,
	SHAPE_VOCABULARY,
	SHAPE_DIALECT,
	SHAPE_SCHEMA,
	SHAPE_SCHEMAS,		/* an array of schemas that is not empty */
	SHAPE_SCHEMA_MAP,	/* an object of schemas */
};

struct keyword {
	const char	*name;
	enum shape	 shape;
	bool		 in_place;	/* its schemas judge the same value, not a child */
	/* Prepare the rule. 0, or -1 with the fault set. NULL: nothing to do. */
	int		(*compile)(struct compiler *, struct rule *);
	/* 0 valid, 1 not, -1 stopped. NULL: says nothing, or a sibling reads it. */
	int		(*check)(struct judge *, const struct rule *, struct visit *);
};

/* A schema with an identity of its own: the document, and each subschema with $id. */
struct resource {
	char		*uri;		/* absolute as far as the document says; "" without $id */
	struct node	*root;
	struct resource	*next;
};

struct anchor {
	const char	*name;		/* borrowed from the document */
	struct resource	*home;
	struct node	*node;
	bool		 dynamic;
	struct anchor	*next;
};

struct node {
	const cJSON	*json;
	struct resource	*home;
	struct rule	*rules;		/* in the order of the table */
	size_t		 count;
	bool		 unevaluated;	/* has an unevaluated* keyword */
	bool		 walked, done;	/* search for loops */
};

struct rule {
	const struct keyword	*keyword;
	const cJSON		*value;		/* of the keyword */
	struct node		*owner;
	struct node		**nodes;	/* subschemas; those of a map sorted by name */
	size_t			 count;
	struct pattern		**patterns;	/* pattern: one; patternProperties: as nodes */
	size_t			 pattern_count;
	const struct format	*format;
	int64_t			 number;	/* SHAPE_COUNT */
	struct node		*target;	/* $ref, $dynamicRef */
	const char		*dynamic;	/* name that $dynamicRef looks for; NULL: none */
};

struct schema {
	const cJSON	*json;
	struct node	*root;
	struct node	**nodes;	/* all, parents first */
	struct node	**sorted;	/* the same by `json` */
	size_t		 count, size;
	struct resource	*resources;
	struct anchor	*anchors;
	bool		 unevaluated;	/* some node is */
};

struct compiler {
	struct schema		*schema;
	struct schema_fault	*fault;
	int			 depth;
};

/* A place in the instance; these live on the stack, linked towards the root. */
struct place {
	const struct place	*up;
	const cJSON		*item;
	const char		*name;		/* in an object; NULL: see `index` */
	size_t			 index;
};

/* One node judging one place. */
struct visit {
	const struct node	*node;
	const struct place	*at;
	unsigned char		*seen;		/* a bit per evaluated child; NULL: nobody asks */
	size_t			 bytes;
};

/* Resources entered on the way, for $dynamicRef. */
struct scope {
	const struct scope	*up;
	const struct resource	*home;
};

struct judge {
	const struct schema	*schema;
	struct schema_fault	*fault;		/* for a reason; NULL while nobody asks for one */
	struct schema_fault	*stop;		/* for a limit; never NULL */
	const struct scope	*scope;
	size_t			 steps;
	int			 depth;
};

/* schema_keyword.c */
extern const struct keyword schema_keywords[];
extern const size_t schema_keyword_count;
const struct keyword *keyword_find(const char *name);
/* The present name of a keyword of former drafts; NULL: never was one. */
const char *keyword_hint(const char *name);
/* 0, or -1 with the fault set: `value` has not the shape that the keyword wants. */
int	 keyword_shape(struct compiler *, const struct keyword *, const cJSON *value);
/* The rule of keyword `name` in a node; NULL when it has none. */
const struct rule *node_rule(const struct node *, const char *name);
/* The subschema `name` of a SHAPE_SCHEMA_MAP rule, which may be NULL; NULL when absent. */
struct node *rule_member(const struct rule *, const char *name);

/* schema_ref.c: 0 or -1 with the fault set. */
int	 resource_add(struct compiler *, struct node *, struct resource *parent);
int	 compile_anchor(struct compiler *, struct rule *);
int	 ref_resolve(struct compiler *, struct rule *);
const struct anchor *anchor_find(const struct schema *, const struct resource *, const char *,
	    bool dynamic);

/* schema_why.c: messages are cut to what the fault holds. */
void	 why_add(struct schema_fault *, const char *, ...) __attribute__((format(printf, 2, 3)));
void	 why_name(struct schema_fault *, const char *name);
void	 why_value(struct schema_fault *, const cJSON *value);
/*
 * What the node wants: "an array of 1 to 10 items". With an `instance` only what it
 * wants of values of that type, else of any of its types.
 */
void	 why_wanted(struct schema_fault *, const struct node *, const cJSON *instance);
/* "a string", "an array"; numbers with a fraction are named so. */
const char *why_kind(const cJSON *instance);
/* Set path and reason; -1, or 1 from judge_fail(). */
int	 compile_refuse(struct compiler *, const cJSON *at, const char *, ...)
	    __attribute__((format(printf, 3, 4)));
int	 compile_memory(struct compiler *);
int	 judge_fail(struct judge *, const struct visit *, const char *, ...)
	    __attribute__((format(printf, 3, 4)));
/* Begin a reason that why_add() continues; false when nobody asks. */
bool	 judge_explain(struct judge *, const struct place *);
int	 judge_stop(struct judge *, const struct place *, const char *why);

/* schema_equal.c: */
#define NUMBER_TEXT	32
/* The text of a number item; `room` is used when it carries none. */
const char *number_text(const cJSON *, char room[NUMBER_TEXT]);
bool	 number_is_integer(const cJSON *);
/* 1 equal, 0 not, -1 stopped. */
int	 json_equal(struct judge *, const struct place *, const cJSON *, const cJSON *);
int	 check_unique_items(struct judge *, const struct rule *, struct visit *);

/* schema.c: */
/* Judge the place of `v`, or a child, by another node. 0, 1 or -1. */
int	 judge_node(struct judge *, const struct node *, const struct place *, unsigned char *seen);
/* Count work. 0, or -1 when it was too much. */
int	 judge_work(struct judge *, const struct place *, size_t steps);
int	 check_ref(struct judge *, const struct rule *, struct visit *);
int	 check_dynamic_ref(struct judge *, const struct rule *, struct visit *);
int	 check_all_of(struct judge *, const struct rule *, struct visit *);
int	 check_any_of(struct judge *, const struct rule *, struct visit *);
int	 check_not(struct judge *, const struct rule *, struct visit *);
int	 check_if(struct judge *, const struct rule *, struct visit *);
int	 check_dependent_schemas(struct judge *, const struct rule *, struct visit *);
int	 check_properties(struct judge *, const struct rule *, struct visit *);
int	 check_pattern_properties(struct judge *, const struct rule *, struct visit *);
int	 check_additional_properties(struct judge *, const struct rule *, struct visit *);
int	 check_property_names(struct judge *, const struct rule *, struct visit *);
int	 check_prefix_items(struct judge *, const struct rule *, struct visit *);
int	 check_items(struct judge *, const struct rule *, struct visit *);
int	 check_contains(struct judge *, const struct rule *, struct visit *);
int	 check_unevaluated_items(struct judge *, const struct rule *, struct visit *);
int	 check_unevaluated_properties(struct judge *, const struct rule *, struct visit *);

/* schema_rule.c: */
int	 compile_count(struct compiler *, struct rule *);
int	 compile_pattern(struct compiler *, struct rule *);
int	 compile_pattern_properties(struct compiler *, struct rule *);
int	 compile_format(struct compiler *, struct rule *);
/* 1 match, 0 none, -1 stopped. */
int	 judge_pattern(struct judge *, const struct place *, const struct pattern *, const char *);
int	 check_type(struct judge *, const struct rule *, struct visit *);
int	 check_enum(struct judge *, const struct rule *, struct visit *);
int	 check_const(struct judge *, const struct rule *, struct visit *);
int	 check_bound(struct judge *, const struct rule *, struct visit *);
int	 check_multiple_of(struct judge *, const struct rule *, struct visit *);
int	 check_size(struct judge *, const struct rule *, struct visit *);
int	 check_pattern(struct judge *, const struct rule *, struct visit *);
int	 check_format(struct judge *, const struct rule *, struct visit *);
int	 check_required(struct judge *, const struct rule *, struct visit *);
int	 check_dependent_required(struct judge *, const struct rule *, struct visit *);

#endif
