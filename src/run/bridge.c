/* SPDX-License-Identifier: MIT */
/* bridge.c - see bridge.h. */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "run/bridge.h"

/* Without random numbers: others than before, and than another process has. */
static void
scatter(struct bridge *b)
{
	uint64_t seed = (uint64_t)clock_mono_us() ^ (uint64_t)getpid() << 40;
	size_t i;

	for (i = 0; i < sizeof b->random; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		b->random[i] = (uint8_t)(seed >> 56);
	}
}

void
bridge_random(struct bridge *b, void *out, size_t len)
{
	if (b->nrandom < len) {
		if (crypto_random(b->random, sizeof b->random) == -1)
			scatter(b);
		b->nrandom = sizeof b->random;
	}
	b->nrandom -= len;
	memcpy(out, b->random + b->nrandom, len);
}

void
bridge_trace(struct bridge *b, const char *traceparent, struct trace *t, char header[TRACE_HEADER])
{
	uint8_t random[24];

	bridge_random(b, random, sizeof random);
	trace_begin(t, traceparent, random);
	trace_header(t, header);
}
