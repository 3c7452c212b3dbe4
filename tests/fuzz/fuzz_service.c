/* SPDX-License-Identifier: MIT */
/* fuzz_service.c - a service file: it loads and lists as JSON, or a sentence says why not. */
#include <sys/mman.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mcp/service.h"
#include "wire/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
ask(const struct service *s)
{
	struct json_fault fault;
	cJSON *listing;
	size_t i;

	for (i = 0; i < s->ntools; i++) {
		listing = json_parse(s->tools[i].listing, strlen(s->tools[i].listing), &fault);
		if (listing == NULL || json_str(listing, "name") == NULL ||
		    json_get(listing, "inputSchema") == NULL)
			abort();
		cJSON_Delete(listing);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static int fd = -1;
	static char path[64];
	struct service s;
	char why[1024];

	if (fd == -1) {
		fd = memfd_create("service", MFD_CLOEXEC);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) == -1 || pwrite(fd, data, len, 0) != (ssize_t)len)
		abort();
	why[0] = '\0';
	if (service_load(&s, path, NULL, NULL, why, sizeof why) == 0)
		ask(&s);
	else if (strncmp(why, path, strlen(path)) != 0)
		abort();
	service_finish(&s);
	return 0;
}
