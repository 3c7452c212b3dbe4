/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - what the last ten minutes mean, in sentences for somebody who knows nothing of this
 * program: what is seen, what it comes from, what to do.
 */
#ifndef RUN_VERDICT_H
#define RUN_VERDICT_H

#include <stdint.h>

struct bridge;
struct buf;

/* How bad it is: nothing to do, look at it, it costs callers answers. */
enum verdict_level { VERDICT_WELL, VERDICT_WATCH, VERDICT_TROUBLE };

/* Append a JSON array of what is seen at `slot`, the worst first. Returns the worst level. */
enum verdict_level verdict_print(struct bridge *b, uint32_t slot, struct buf *out);
const char *verdict_level_name(enum verdict_level level);

#endif
