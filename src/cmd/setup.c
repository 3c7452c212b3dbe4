/* SPDX-License-Identifier: MIT */
/* setup.c - see setup.h. */
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "cmd/setup.h"
#include "edge/board.h"
#include "edge/fetch.h"
#include "edge/sandbox.h"
#include "edge/user.h"

extern char **environ;

int
setup_init(struct setup *u, const char *config, bool check)
{
	struct settings *s = &u->settings;
	char why[LIMIT_REASON];

	memset(u, 0, sizeof *u);
	if (settings_read(s, config, environ, why, sizeof why) == -1 ||
	    sandbox_check((enum sandbox_mode)s->sandbox, true, why, sizeof why) == -1)
		goto bad;
	/* What root made the bridge could not open. */
	if (s->user[0] != '\0' && user_is_root() &&
	    user_become(s->user, NULL, why, sizeof why) == -1)
		goto bad;
	if (fetch_init() == -1) {
		log_errorx("libcurl does not start");
		return -1;
	}
	if (settings_load(s, check, why, sizeof why) == -1)
		goto bad;
	u->metrics.board = board_open(check ? "" : s->board, -1, why, sizeof why);
	if (u->metrics.board != NULL)
		return 0;
bad:
	log_errorx("%s", why);
	return -1;
}

void
setup_finish(struct setup *u)
{
	board_close(u->metrics.board);
	settings_finish(&u->settings);
	fetch_finish();
}
