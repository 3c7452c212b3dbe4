/* SPDX-License-Identifier: MIT */
/* import.c - options, the document, and where what was made of it goes; see import.h. */
#include <sys/stat.h>

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/log.h"
#include "cmd/import.h"
#include "cmd/import_part.h"
#include "mcp/cost.h"
#include "run/worker.h"
#include "wire/json.h"
#include "wire/percent.h"
#include "wire/pointer.h"

static int
usage(FILE *to, int code)
{
	fputs("usage: ums-mcp import FILE [--tag TAG]... [--operation ID|'METHOD /path']... "
	    "[-o FILE]\n"
	    "\n"
	    "  -t, --tag TAG       operations with this tag\n"
	    "  -p, --operation ID  this operation; each may be given several times\n"
	    "  -o, --output FILE   the service file; else the standard output\n"
	    "\n"
	    "See ums-mcp(8).\n", to);
	return code;
}

/*
 * The arguments; the lists are to be freed. 0, or -1: they are wrong, which is said, or asked for
 * help; `code` is then what the command ends with.
 */
static int
read_options(struct import_wanted *w, const char **in, const char **out, int *code, int argc,
    char *const *argv)
{
	static const struct option longs[] = {
		{ "tag", required_argument, NULL, 't' },
		{ "operation", required_argument, NULL, 'p' },
		{ "output", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	w->tags = calloc((size_t)argc + 1, sizeof *w->tags);
	w->operations = calloc((size_t)argc + 1, sizeof *w->operations);
	if (w->tags == NULL || w->operations == NULL) {
		log_errorx("out of memory");
		return -1;
	}
	while ((c = getopt_long(argc, argv, "t:p:o:h", longs, NULL)) != -1)
		switch (c) {
		case 't':
			w->tags[w->ntags++] = optarg;
			break;
		case 'p':
			w->operations[w->noperations++] = optarg;
			break;
		case 'o':
			*out = optarg;
			break;
		case 'h':
			*code = usage(stdout, EXIT_PLANNED);
			return -1;
		default:
			*code = usage(stderr, EXIT_CONFIG);
			return -1;
		}
	if (argc - optind != 1) {
		*code = usage(stderr, EXIT_CONFIG);
		return -1;
	}
	*in = argv[optind];
	return 0;
}

/* Write the file where it is wanted. A service file holds no secret: others may read it. */
static int
write_service(const struct imported *done, const char *out, char *why, size_t whylen)
{
	mode_t mask;

	if (out == NULL) {
		if (fputs(buf_str(&done->text), stdout) != EOF && fflush(stdout) != EOF)
			return 0;
		snprintf(why, whylen, "the standard output cannot be written");
		return -1;
	}
	if (file_replace(out, buf_str(&done->text), done->text.len, why, whylen) == -1)
		return -1;
	mask = umask(022);
	umask(mask);
	if (chmod(out, 0666 & ~mask) == 0)
		return 0;
	snprintf(why, whylen, "%s: its mode cannot be changed", out);
	return -1;
}

int
import_run(int argc, char *const *argv, const char *config)
{
	struct import_wanted wanted = { 0 };
	const char *in = NULL, *out = NULL;
	struct imported done = { 0 };
	char why[LIMIT_REASON];
	int code = EXIT_CONFIG;
	struct buf text;

	(void)config;
	buf_init(&text, LIMIT_IMPORT_FILE);
	if (read_options(&wanted, &in, &out, &code, argc, argv) == -1)
		goto out;
	if (file_read(&text, in, why, sizeof why) == -1 ||
	    import_text(&done, in, buf_str(&text), text.len, &wanted, why, sizeof why) == -1) {
		fputs(buf_str(&done.said), stderr);
		log_errorx("%s", why);
		goto out;
	}
	fputs(buf_str(&done.said), stderr);
	if (write_service(&done, out, why, sizeof why) == -1) {
		log_errorx("%s", why);
		goto out;
	}
	if (cost_of(done.listed) > LIMIT_LIST_TOKENS)
		log_warnx("tools/list has about %zu tokens, which every conversation begins with; "
		    "choose fewer tools with --tag or --operation", cost_of(done.listed));
	fprintf(stderr, "ums-mcp: %zu tools written, %zu left out; what a person must choose "
	    "stands in \"$comment\"\n", done.tools, done.left_out);
	code = EXIT_PLANNED;
out:
	import_finish(&done);
	buf_finish(&text);
	free(wanted.tags);
	free(wanted.operations);
	return code;
}

/* Whether the name says that the file is YAML. */
static bool
is_yaml(const char *file)
{
	const char *dot = strrchr(file, '.');

	return dot != NULL && (strcasecmp(dot, ".yaml") == 0 || strcasecmp(dot, ".yml") == 0);
}

int
import_text(struct imported *out, const char *file, const char *text, size_t len,
    const struct import_wanted *wanted, char *why, size_t whylen)
{
	struct json_fault fault;
	char reason[LIMIT_REASON / 2];
	size_t line, column;
	cJSON *root;
	int result = -1;

	*out = (struct imported){ 0 };
	buf_init(&out->text, LIMIT_SERVICE_FILE);
	buf_init(&out->said, LIMIT_SERVICE_FILE);
	errno = 0;
	if (is_yaml(file) || text[strspn(text, " \t\r\n")] != '{') {
		root = import_yaml_parse(text, len, reason, sizeof reason);
		if (root == NULL)
			snprintf(why, whylen, "%.400s:%s", file, reason);
	} else {
		root = json_parse_most(text, len, LIMIT_IMPORT_NODES, &fault);
		if (root == NULL) {
			json_place(text, fault.offset, &line, &column);
			snprintf(why, whylen, "%.400s:%zu:%zu: not JSON: %s", file, line, column,
			    fault.why);
		}
	}
	if (root == NULL && errno == ENOMEM)
		snprintf(why, whylen, "%.400s: out of memory", file);
	if (root != NULL) {
		result = import_document(out, root, wanted, reason, sizeof reason);
		if (result == -1)
			snprintf(why, whylen, "%.400s: %s", file, reason);
	}
	cJSON_Delete(root);
	return result;
}

void
import_finish(struct imported *out)
{
	buf_finish(&out->text);
	buf_finish(&out->said);
}

/* ====== what the parts share ====== */

int
import_refuse(struct operation *op, const char *fmt, ...)
{
	va_list ap;

	if (op->why[0] != '\0')
		return -1;
	va_start(ap, fmt);
	vsnprintf(op->why, sizeof op->why, fmt, ap);
	va_end(ap);
	return -1;
}

void
import_note(struct buf *notes, const char *fmt, ...)
{
	char text[LIMIT_REASON];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (strstr(buf_str(notes), text) != NULL ||
	    notes->len + strlen(text) + 1 > LIMIT_IMPORT_NOTES)
		return;
	if (notes->len > 0)
		buf_putc(notes, ' ');
	buf_puts(notes, text);
}

void
import_put(struct import *im, cJSON *object, const char *name, cJSON *item)
{
	if (json_put(object, name, item) == -1)
		im->starved = true;
}

void
import_push(struct import *im, cJSON *array, cJSON *item)
{
	if (json_push(array, item) == -1)
		im->starved = true;
}

void
import_replace(struct import *im, cJSON *object, cJSON *old, cJSON *item)
{
	if (json_replace(object, old, item) == -1)
		im->starved = true;
}

bool
import_starves(struct import *im)
{
	im->starved = im->starved || errno == ENOMEM;
	return im->starved;
}

/* The pointer of a $ref's fragment, percent-decoded. 0, or -1: too long, or a NUL. */
static int
decode_fragment(const char *s, char *out, size_t size)
{
	size_t n = 0;
	int octet;

	for (; *s != '\0'; s++) {
		if (n + 1 >= size)
			return -1;
		out[n] = *s;
		octet = percent_octet(s);
		if (octet != -1) {
			out[n] = (char)octet;
			s += 2;
		}
		if (out[n++] == '\0')
			return -1;
	}
	out[n] = '\0';
	return 0;
}

const cJSON *
import_follow(struct operation *op, const cJSON *value, const char *place)
{
	char pointer[LIMIT_REASON];
	const char *ref, *why;
	int i;

	for (i = 0; i < LIMIT_IMPORT_REFS; i++) {
		ref = json_str(value, "$ref");
		if (ref == NULL)
			return value;
		if (ref[0] != '#') {
			import_refuse(op, "%.200s: \"$ref\": \"%.200s\" leads out of the document; "
			    "bundle it into one first", place, ref);
			return NULL;
		}
		value = decode_fragment(ref + 1, pointer, sizeof pointer) == -1 ||
		    pointer_check(pointer, &why) == -1 ? NULL :
		    pointer_get(op->import->root, pointer);
		if (value == NULL) {
			import_refuse(op, "%.200s: \"$ref\": \"%.200s\" leads nowhere", place, ref);
			return NULL;
		}
	}
	import_refuse(op, "%.200s: a chain of more than %d \"$ref\"", place, LIMIT_IMPORT_REFS);
	return NULL;
}
