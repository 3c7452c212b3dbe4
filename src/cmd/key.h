/* SPDX-License-Identifier: MIT */
/* key.h - ums-mcp key: an operator makes, lists and revokes API keys; see ums-mcp(8). */
#ifndef CMD_KEY_H
#define CMD_KEY_H

/*
 * Run "key new", "key list" or "key revoke"; argv[0] is "key". `config` is the configuration
 * that names the file of keys if no option does; NULL: none. The exit code.
 */
int	 key_run(int argc, char *const *argv, const char *config);

#endif
