/* SPDX-License-Identifier: MIT */
/* tools.h - ums-mcp tools: a table of what the configuration gives; see ums-mcp(8). */
#ifndef CMD_TOOLS_H
#define CMD_TOOLS_H

/* Run it; argv[0] is "tools". `config` is the configuration, unless an option names one. */
int	 tools_run(int argc, char *const *argv, const char *config);

#endif
