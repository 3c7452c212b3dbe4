/* SPDX-License-Identifier: MIT */
/* fuzz_conf.c - lines of configuration: what is accepted prints, and reads back as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/limits.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct example {
	char			*s, *p;
	int64_t			 i;
	bool			 b;
	int			 c;
	struct conf_list	 l, m;
	struct conf_pairs	 r;
};

static const char *const words[] = { "red", "green", NULL };
static const struct conf_key keys[] = {
	{ "s", CONF_STRING, offsetof(struct example, s), "x", 0, 0, NULL },
	{ "p", CONF_PATH, offsetof(struct example, p), NULL, 0, 0, NULL },
	{ "i", CONF_INT, offsetof(struct example, i), "7", INT64_MIN, INT64_MAX, NULL },
	{ "b", CONF_BOOL, offsetof(struct example, b), "no", 0, 0, NULL },
	{ "c", CONF_CHOICE, offsetof(struct example, c), "red", 0, 0, words },
	{ "l", CONF_LIST, offsetof(struct example, l), "a", 0, 0, NULL },
	{ "m", CONF_PATHS, offsetof(struct example, m), NULL, 0, 0, NULL },
	{ "r.", CONF_PAIRS, offsetof(struct example, r), NULL, 0, 0, NULL },
};

/* Read lines as long as they are good; how many were. */
static size_t
read_lines(struct conf *c, const char *text)
{
	char line[LIMIT_CONF_LINE], why[512];
	size_t len, count = 0;

	for (; *text != '\0'; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (len >= sizeof line)
			break;
		memcpy(line, text, len);
		line[len] = '\0';
		why[0] = '\0';
		if (conf_line(c, "/d/f", line, why, sizeof why) == 0)
			count++;
		else if (why[0] == '\0')
			abort();
	}
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char *environment[2];
	struct example e = { 0 }, again_e = { 0 };
	struct conf c, again;
	struct buf text, first, second;
	char why[512];

	buf_init(&text, len);
	buf_append(&text, data, len);
	if (conf_init(&c, keys, 8, &e) == -1 || conf_init(&again, keys, 8, &again_e) == -1)
		abort();
	read_lines(&c, buf_str(&text));
	buf_init(&first, 4 * 1024 * 1024);
	buf_init(&second, 4 * 1024 * 1024);
	if (conf_print(&c, &first) == -1)
		abort();
	/* A failed line leaves its key empty, which need not be a good value: only lists of good ones agree. */
	if (read_lines(&again, buf_str(&first)) > 0 && conf_print(&again, &second) == -1)
		abort();
	conf_finish(&again);
	if (text.len > 0) {
		again_e = (struct example){ 0 };
		conf_init(&again, keys, 8, &again_e);
		environment[0] = text.data;
		conf_env(&again, "U_", environment, why, sizeof why);
		conf_finish(&again);
	}
	conf_finish(&c);
	buf_finish(&text);
	buf_finish(&first);
	buf_finish(&second);
	return 0;
}
