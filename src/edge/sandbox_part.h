/* SPDX-License-Identifier: MIT */
/* sandbox_part.h - what sandbox.c and its mechanisms share; nobody else includes it. */
#ifndef EDGE_SANDBOX_PART_H
#define EDGE_SANDBOX_PART_H

#include "edge/sandbox.h"

/* LeakSanitizer looks at the process from a second one when it ends: it needs more. */
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZER	1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_SANITIZER	1
#endif
#endif
#ifndef SANDBOX_SANITIZER
#define SANDBOX_SANITIZER	0
#endif

struct sandbox_part {
	const char	*name;
	/* Whether the kernel has it. 0, or -1 with errno. */
	int		 (*check)(void);
	/* 0, or -1 with errno and what failed in `step`. */
	int		 (*enter)(const struct sandbox *s, const char **step);
};

extern const struct sandbox_part sandbox_landlock, sandbox_seccomp;

#endif
