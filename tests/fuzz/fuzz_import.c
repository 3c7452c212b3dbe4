/* SPDX-License-Identifier: MIT */
/* fuzz_import.c - a document, JSON or YAML: a sentence says why not, or the service file loads. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/import.h"
#include "mcp/service.h"
#include "wire/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static char folder[] = "/tmp/fuzz-import.XXXXXX";
static char token[256];

static void
clean(void)
{
	char path[64];

	snprintf(path, sizeof path, "%s/service.json", folder);
	unlink(path);
	unlink(token);
	rmdir(folder);
}

static void
write_file(const char *path, const char *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd == -1 || write(fd, data, len) != (ssize_t)len)
		abort();
	close(fd);
}

/* What was written passes the loader, beside the file that it names for its secret. */
static void
load(const struct imported *done)
{
	struct json_fault fault;
	struct service s;
	char path[64], why[1024];
	cJSON *root = json_parse(buf_str(&done->text), done->text.len, &fault);

	if (root == NULL)
		abort();
	if (token[0] != '\0')
		unlink(token);
	snprintf(token, sizeof token, "%s/%s.token", folder, json_str(root, "name"));
	cJSON_Delete(root);
	write_file(token, "secret\n", 7);
	snprintf(path, sizeof path, "%s/service.json", folder);
	write_file(path, buf_str(&done->text), done->text.len);
	if (service_load(&s, path, NULL, NULL, why, sizeof why) == -1) {
		fprintf(stderr, "%s\n%s\n", why, buf_str(&done->text));
		abort();
	}
	if (s.ntools != done->tools)
		abort();
	service_finish(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool made;
	struct import_wanted wanted = { 0 };
	struct imported done;
	char why[1024] = "", *text = malloc(len + 1);

	if (!made) {
		made = mkdtemp(folder) != NULL && atexit(clean) == 0;
		if (!made)
			abort();
	}
	if (text == NULL)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	if (import_text(&done, "api", text, len, &wanted, why, sizeof why) == 0)
		load(&done);
	else if (strncmp(why, "api:", 4) != 0)
		abort();
	import_finish(&done);
	free(text);
	return 0;
}
