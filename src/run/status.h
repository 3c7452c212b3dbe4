/* SPDX-License-Identifier: MIT */
/*
 * status.h - the last ten minutes for a person: samples are taken of them, and shown by a page that
 * asks for them as JSON. Everything is on the board, so any worker answers for all.
 */
#ifndef RUN_STATUS_H
#define RUN_STATUS_H

#include <stdint.h>

struct board_pulse;
struct bridge;
struct buf;

/*
 * Write down how this worker is at a slot of history.h, `now` but for its slot; and the first that
 * comes to a slot how everything is: 15 us of it, every LIMIT_SAMPLE_S.
 */
void	 status_sample(struct bridge *b, uint32_t slot, const struct board_pulse *now);
/* Append the page, beginning with its header lines. 0 or -1 (memory). */
int	 status_page(struct buf *out);
/*
 * Append what it shows, as JSON: 120 numbers for each curve, null where there is no sample. 0 or -1
 * (it does not fit).
 */
int	 status_print(struct bridge *b, struct buf *out);

#endif
