/* SPDX-License-Identifier: MIT */
/* memory.h - what this process takes of the machine's memory, and giving it back. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdint.h>

/*
 * Set the allocator up: one arena, though a resolver's thread allocates too, and fixed
 * thresholds, so that what a burst took can be given back. Call it first in main().
 */
void	 memory_init(void);
/* Give pages that hold nothing back to the system; takes milliseconds after a burst. */
void	 memory_trim(void);
/* Resident memory in bytes; cheap. 0 where the system does not say. */
int64_t	 memory_rss(void);
/* Resident memory with shared pages divided among those who share them; some 0.3 ms. */
int64_t	 memory_pss(void);

#endif
