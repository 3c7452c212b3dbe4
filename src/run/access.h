/* SPDX-License-Identifier: MIT */
/* access.h - who may call, as the settings say it: read once, before the first fork. */
#ifndef RUN_ACCESS_H
#define RUN_ACCESS_H

#include <stddef.h>

struct settings;

/*
 * Check and load what `auth` names: API keys, an issuer's keys, a secret. access_finish() must
 * follow whatever is returned. 0, or -1 with a sentence that names the key and the mend.
 */
int	 access_load(struct settings *s, char *why, size_t whylen);
void	 access_finish(struct settings *s);

#endif
