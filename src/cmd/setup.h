/* SPDX-License-Identifier: MIT */
/* setup.h - what a command needs that does what a worker does: everything that is configured. */
#ifndef CMD_SETUP_H
#define CMD_SETUP_H

#include <stdbool.h>

#include "run/metrics.h"
#include "run/settings.h"

struct setup {
	struct settings	settings;
	struct metrics	metrics;
};

/*
 * Read the configuration (NULL: none) and load what it names, as whom it says if this is root.
 * With `check` nothing is made on disk. setup_finish() must follow whatever is returned. 0, or -1:
 * wrong, and said.
 */
int	 setup_init(struct setup *u, const char *config, bool check);
void	 setup_finish(struct setup *u);

#endif
