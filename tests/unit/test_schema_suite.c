/* SPDX-License-Identifier: MIT */
/*
 * test_schema_suite.c - the official JSON Schema Test Suite, draft 2020-12.
 *
 * It is found below $VECTORS, as json-schema/tests/draft2020-12. All files of the
 * main folder run, and the optional ones named here. What is left out is a list
 * with reasons; an entry that would pass, or that meets nothing, is a failure.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "wire/json.h"
#include "wire/schema.h"

#include "check.h"

#define FOLDER	"json-schema/tests/draft2020-12"
#define FILE_MAX_SIZE	(16UL * 1024 * 1024)

struct left {
	const char	*file, *group;
	const char	*test;		/* NULL: the whole group */
	const char	*reason;
	bool		 met;
};

static int	 run_file(const char *, const char *);
static void	 run_group(const char *, const cJSON *);
static bool	 run_test(const struct schema *, const cJSON *, struct schema_fault *);
static struct left *left_find(const char *, const char *, const char *);

static const char remote[] = "a $ref that leaves the document, and nothing is fetched";
static const char asserted[] = "format is asserted here";
static const char dialect[] = "$schema names a custom metaschema";
static const char inside[] = "a $ref into a value that is no schema";
static const char unknown[] = "an unknown keyword is an error here";

static struct left left[] = {
	{ "defs.json", "validate definition against metaschema", NULL, remote, false },
	{ "dynamicRef.json", "strict-tree schema, guards against misspelled properties", NULL,
	    remote, false },
	{ "dynamicRef.json", "tests for implementation dynamic anchor and reference link", NULL,
	    remote, false },
	{ "dynamicRef.json", "$ref and $dynamicAnchor are independent of order - $defs first", NULL,
	    remote, false },
	{ "dynamicRef.json", "$ref and $dynamicAnchor are independent of order - $ref first", NULL,
	    remote, false },
	{ "dynamicRef.json", "$ref to $dynamicRef finds detached $dynamicAnchor", NULL,
	    remote, false },
	{ "format.json", "date-time format",
	    "invalid date-time string is only an annotation by default", asserted, false },
	{ "format.json", "email format", "invalid email string is only an annotation by default",
	    asserted, false },
	{ "format.json", "uri format", "invalid uri string is only an annotation by default",
	    asserted, false },
	{ "format.json", "uuid format", "invalid uuid string is only an annotation by default",
	    asserted, false },
	{ "ref.json", "remote ref, containing refs itself", NULL, remote, false },
	{ "refRemote.json", "remote ref", NULL, remote, false },
	{ "refRemote.json", "fragment within remote ref", NULL, remote, false },
	{ "refRemote.json", "anchor within remote ref", NULL, remote, false },
	{ "refRemote.json", "ref within remote ref", NULL, remote, false },
	{ "refRemote.json", "base URI change", NULL, remote, false },
	{ "refRemote.json", "base URI change - change folder", NULL, remote, false },
	{ "refRemote.json", "base URI change - change folder in subschema", NULL, remote, false },
	{ "refRemote.json", "root ref in remote ref", NULL, remote, false },
	{ "refRemote.json", "remote ref with ref to defs", NULL, remote, false },
	{ "refRemote.json", "Location-independent identifier in remote ref", NULL, remote, false },
	{ "refRemote.json", "retrieved nested refs resolve relative to their URI not $id", NULL,
	    remote, false },
	{ "refRemote.json", "remote HTTP ref with different $id", NULL, remote, false },
	{ "refRemote.json", "remote HTTP ref with different URN $id", NULL, remote, false },
	{ "refRemote.json", "remote HTTP ref with nested absolute ref", NULL, remote, false },
	{ "refRemote.json", "$ref to $ref finds detached $anchor", NULL, remote, false },
	{ "vocabulary.json",
	    "schema that uses custom metaschema with with no validation vocabulary",
	    NULL, dialect, false },
	{ "vocabulary.json", "ignore unrecognized optional vocabulary", NULL, dialect, false },
	{ "optional/cross-draft.json", "refs to historic drafts are processed as historic drafts",
	    NULL, remote, false },
	{ "optional/dependencies-compatibility.json", "single dependency", NULL, unknown, false },
	{ "optional/dependencies-compatibility.json", "empty dependents", NULL, unknown, false },
	{ "optional/dependencies-compatibility.json", "multiple dependents required", NULL,
	    unknown, false },
	{ "optional/dependencies-compatibility.json", "dependencies with escaped characters", NULL,
	    unknown, false },
	{ "optional/dependencies-compatibility.json", "single schema dependency", NULL,
	    unknown, false },
	{ "optional/dependencies-compatibility.json", "boolean subschemas", NULL, unknown, false },
	{ "optional/dependencies-compatibility.json", "schema dependencies with escaped characters",
	    NULL, unknown, false },
	{ "optional/format-assertion.json",
	    "schema that uses custom metaschema with format-assertion: false",
	    NULL, dialect, false },
	{ "optional/format-assertion.json",
	    "schema that uses custom metaschema with format-assertion: true",
	    NULL, dialect, false },
	{ "optional/refOfUnknownKeyword.json", "reference of a root arbitrary keyword ", NULL,
	    unknown, false },
	{ "optional/refOfUnknownKeyword.json",
	    "reference of a root arbitrary keyword with encoded ref",
	    NULL, unknown, false },
	{ "optional/refOfUnknownKeyword.json", "reference of an arbitrary keyword of a sub-schema",
	    NULL, unknown, false },
	{ "optional/refOfUnknownKeyword.json", "reference internals of known non-applicator", NULL,
	    inside, false },
	{ "optional/refOfUnknownKeyword.json",
	    "reference of an arbitrary keyword of a sub-schema with encoded ref",
	    NULL, unknown, false },
	{ "optional/unknownKeyword.json", "$id inside an unknown keyword is not a real identifier",
	    NULL, unknown, false },
};

static const char *const optional[] = {
	"optional/anchor.json", "optional/bignum.json", "optional/cross-draft.json",
	"optional/dependencies-compatibility.json", "optional/dynamicRef.json",
	"optional/ecmascript-regex.json", "optional/float-overflow.json",
	"optional/format-assertion.json", "optional/id.json", "optional/no-schema.json",
	"optional/non-bmp-regex.json", "optional/refOfUnknownKeyword.json",
	"optional/unknownKeyword.json", "optional/format/date-time.json",
	"optional/format/email.json", "optional/format/uri.json", "optional/format/uuid.json",
};

static struct left *
left_find(const char *file, const char *group, const char *test)
{
	size_t i;

	for (i = 0; i < sizeof left / sizeof left[0]; i++)
		if (strcmp(left[i].file, file) == 0 && strcmp(left[i].group, group) == 0 &&
		    (test == NULL ? left[i].test == NULL :
		    left[i].test != NULL && strcmp(left[i].test, test) == 0))
			return &left[i];
	return NULL;
}

static cJSON *
load(const char *path)
{
	struct json_fault fault = { .why = "it cannot be read" };
	char piece[8192];
	cJSON *tree = NULL;
	struct buf text;
	size_t n;
	FILE *f;

	buf_init(&text, FILE_MAX_SIZE);
	f = fopen(path, "r");
	while (f != NULL && (n = fread(piece, 1, sizeof piece, f)) > 0)
		buf_append(&text, piece, n);
	if (f != NULL)
		fclose(f);
	if (text.len > 0 && !text.failed)
		tree = json_parse(text.data, text.len, &fault);
	CHECK(tree != NULL, "%s: %s at byte %zu", path, fault.why, fault.offset);
	buf_finish(&text);
	return tree;
}

/* Whether the test came out as the suite says. */
static bool
run_test(const struct schema *schema, const cJSON *test, struct schema_fault *fault)
{
	int result;

	if (schema == NULL)
		return false;
	result = schema_check(schema, json_get(test, "data"), fault);
	return result == (json_true(test, "valid") ? 0 : 1);
}

static void
run_group(const char *file, const cJSON *group)
{
	const char *name = json_str(group, "description"), *what;
	struct left *all = left_find(file, name, NULL), *one;
	struct schema_fault fault;
	const cJSON *test;
	struct schema *schema;
	int wrong = 0;
	bool good;

	schema = schema_create(json_get(group, "schema"), &fault);
	cJSON_ArrayForEach(test, json_get(group, "tests")) {
		what = json_str(test, "description");
		good = run_test(schema, test, &fault);
		one = left_find(file, name, what);
		if (all != NULL) {
			wrong += !good;
			SKIP("%s: %s: %s: %s", file, name, what, all->reason);
		} else if (one != NULL) {
			one->met = true;
			CHECK(!good, "%s: %s: %s: passes, so the list of what is left is stale",
			    file, name, what);
			SKIP("%s: %s: %s: %s", file, name, what, one->reason);
		} else
			CHECK(good, "%s: %s: %s: valid must be %s; %s: %s", file, name, what,
			    json_true(test, "valid") ? "true" : "false", fault.path, fault.why);
	}
	if (all != NULL) {
		all->met = true;
		CHECK(wrong > 0, "%s: %s: passes, so the list of what is left is stale", file,
		    name);
	}
	schema_destroy(schema);
}

static int
run_file(const char *folder, const char *file)
{
	char path[4096];
	const cJSON *group;
	cJSON *tree;

	snprintf(path, sizeof path, "%s/%s", folder, file);
	tree = load(path);
	if (tree == NULL)
		return -1;
	cJSON_ArrayForEach(group, tree)
		run_group(file, group);
	cJSON_Delete(tree);
	return 0;
}

static int
is_json(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}

int
main(void)
{
	const char *vectors = getenv("VECTORS");
	struct dirent **names = NULL;
	char folder[2048];
	size_t i;
	int n, k;

	if (vectors == NULL) {
		SKIP("VECTORS is not set");
		return check_done();
	}
	snprintf(folder, sizeof folder, "%s/" FOLDER, vectors);
	n = scandir(folder, &names, is_json, alphasort);
	CHECK(n > 40, "%s holds %d files", folder, n);
	for (k = 0; k < n; k++) {
		run_file(folder, names[k]->d_name);
		free(names[k]);
	}
	free(names);
	for (i = 0; i < sizeof optional / sizeof optional[0]; i++)
		run_file(folder, optional[i]);
	for (i = 0; i < sizeof left / sizeof left[0]; i++)
		CHECK(left[i].met, "%s: %s: is not in the suite, so the list is stale",
		    left[i].file, left[i].group);
	return check_done();
}
