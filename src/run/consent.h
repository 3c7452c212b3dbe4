/* SPDX-License-Identifier: MIT */
/*
 * consent.h - whether a person has to agree to a call, how they are asked, and what they said:
 * stage CONFIRM of call.h.
 */
#ifndef RUN_CONSENT_H
#define RUN_CONSENT_H

#include <stdbool.h>

#include "run/call.h"

struct buf;

/* The stage: go on where nobody has to agree or somebody has, else ask, with a preview. */
enum call_stage	 consent_judge(struct call *c);
/* Append a new confirm_token for the call; `asks`: the state of a question. 0 or -1. */
int		 consent_token(const struct call *c, struct buf *out, bool asks);

#endif
