/* SPDX-License-Identifier: MIT */
/* catalog.h - for tests: a service of a text, loaded through a file that is gone afterwards. */
#ifndef TESTS_UNIT_CATALOG_H
#define TESTS_UNIT_CATALOG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mcp/catalog.h"
#include "mcp/service.h"

/* Make a catalog of one service; it ends the program if the text is not a good service file. */
static inline void
catalog_of(struct catalog *c, const char *text)
{
	struct service *services = calloc(1, sizeof *services);
	char path[] = "/tmp/catalog.XXXXXX", why[1024] = "no file";
	int fd = mkstemp(path), result = -1;

	if (fd != -1 && write(fd, text, strlen(text)) == (ssize_t)strlen(text))
		result = service_load(services, path, NULL, NULL, why, sizeof why);
	close(fd);
	unlink(path);
	if (result == 0)
		result = catalog_init(c, services, 1, why, sizeof why);
	if (result == -1) {
		printf("FAIL %s\n", why);
		exit(1);
	}
}

#endif
