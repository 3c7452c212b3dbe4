/* SPDX-License-Identifier: MIT */
/*
 * witness.h - a call's record on its way into the store: who writes it, and whether whoever
 * wrote one is still there.
 */
#ifndef RUN_WITNESS_H
#define RUN_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "edge/store.h"
#include "mcp/record.h"

struct bridge;
struct call;

/* Make a tag that names this process and nothing else. */
void	 witness_sign(struct bridge *b, uint8_t tag[RECORD_TAG]);
/*
 * Whether the writer of a tag may be alive; false only for a process of this machine that is
 * certainly gone.
 */
bool	 witness_is_alive(const uint8_t tag[RECORD_TAG]);
/*
 * Write down a call, in nobody's place or, where it takes over, in its former writer's: that it is
 * about to be sent or, where a person is still to agree, that it is held. NULL: out of memory.
 */
struct store_op *witness_claim(struct call *c, store_done *done);
/* A call that was held is about to be sent. */
struct store_op *witness_send(struct call *c, store_done *done);
/* Write down what came of it (its fate), or take the claim away when that is nothing. */
struct store_op *witness_write(struct call *c, store_done *done);

#endif
