/* SPDX-License-Identifier: MIT */
/* migration.h - bringing a store up to this program's schema. */
#ifndef LOCAL_MIGRATION_H
#define LOCAL_MIGRATION_H

#include <stddef.h>

struct store;

/*
 * Run the steps that the file has not seen, in one transaction. A store newer
 * than the program is refused. 0, or -1 with a sentence in `why`.
 */
int	 migration_run(struct store *store, char *why, size_t whylen);

#endif
