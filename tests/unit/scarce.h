/* SPDX-License-Identifier: MIT */
/* scarce.h - for tests: memory for so many nodes of JSON, and for no more. */
#ifndef TESTS_UNIT_SCARCE_H
#define TESTS_UNIT_SCARCE_H

#include <stdlib.h>

#include <cjson/cJSON.h>

static int scarce_left;

static inline void *
scarce_malloc(size_t size)
{
	return scarce_left-- > 0 ? malloc(size) : NULL;
}

/* From here on cJSON gets memory `n` times; until scarce_end(). */
static inline void
scarce_begin(int n)
{
	cJSON_Hooks hooks = { .malloc_fn = scarce_malloc, .free_fn = free };

	scarce_left = n;
	cJSON_InitHooks(&hooks);
}

static inline void
scarce_end(void)
{
	cJSON_InitHooks(NULL);
}

#endif
