/* SPDX-License-Identifier: MIT */
/* settings.h - the configuration (ums-mcp.conf(5)) and what is loaded because of it. */
#ifndef RUN_SETTINGS_H
#define RUN_SETTINGS_H

#include <stddef.h>

#include "base/conf.h"
#include "base/crypto.h"
#include "mcp/service.h"

struct buf;

struct settings {
	/* ums-mcp.conf, key by key */
	char			*listen;
	char			*listen_mode;
	int64_t			 workers;
	int64_t			 drain_timeout_s;
	int64_t			 max_inflight;
	char			*endpoint;
	struct conf_list	 allowed_hosts;
	struct conf_list	 allowed_origins;
	int64_t			 body_max;
	int64_t			 request_timeout_ms;
	struct conf_list	 services;
	struct conf_pairs	 service;
	char			*state_key;
	struct conf_list	 tools_off;
	bool			 read_only;
	int64_t			 result_max;
	int64_t			 tools_page;
	int64_t			 list_ttl_s;
	int			 upstream_http;
	int64_t			 upstream_timeout_ms;
	int64_t			 upstream_connect_timeout_ms;
	int64_t			 upstream_response_max;
	int64_t			 upstream_connections;
	int			 log_level;

	/* what follows from it */
	struct conf		 conf;
	struct catalog		 catalog;
	struct crypto_key	 key;
	char			*instructions;
	char			*limits;	/* JSON object for server_info */
};

/*
 * Read the file (NULL: none), then the environment. settings_finish() must follow whatever
 * is returned. 0, or -1 with a sentence that names place and mend in `why`.
 */
int	 settings_read(struct settings *s, const char *file, char *const *environment, char *why,
	    size_t whylen);
/*
 * Load what the settings name: service files and the key. With `check` nothing is made on
 * disk. 0, or -1 with the reason.
 */
int	 settings_load(struct settings *s, bool check, char *why, size_t whylen);
void	 settings_finish(struct settings *s);
/* Append the settings in effect as a configuration file. 0 or -1. */
int	 settings_print(const struct settings *s, struct buf *out);

#endif
