/* SPDX-License-Identifier: MIT */
/* call.h - ums-mcp call: an operator calls a tool, as a client would; see ums-mcp(8). */
#ifndef CMD_CALL_H
#define CMD_CALL_H

/* Run it; argv[0] is "call". `config` is the configuration, unless an option names one. */
int	 call_run(int argc, char *const *argv, const char *config);

#endif
