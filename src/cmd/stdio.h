/* SPDX-License-Identifier: MIT */
/* stdio.h - ums-mcp stdio: the server for one client that started it; see ums-mcp(8). */
#ifndef CMD_STDIO_H
#define CMD_STDIO_H

/* Run it; argv[0] is "stdio". `config` is the configuration, unless an option names one. */
int	 stdio_run(int argc, char *const *argv, const char *config);

#endif
