/* SPDX-License-Identifier: MIT */
/* settings.h - the configuration (ums-mcp.conf(5)) and what is loaded because of it. */
#ifndef RUN_SETTINGS_H
#define RUN_SETTINGS_H

#include <stddef.h>

#include "base/conf.h"
#include "base/crypto.h"
#include "mcp/apikey.h"
#include "mcp/policy.h"
#include "mcp/service.h"
#include "run/limit.h"

struct audit;
struct buf;
struct jwk_set;
struct store_settings;
struct trust;

struct settings {
	/* ums-mcp.conf, key by key */
	char			*listen;
	char			*listen_mode;
	char			*user;
	int			 sandbox;	/* enum sandbox_mode */
	int64_t			 workers;
	int64_t			 drain_timeout_s;
	int64_t			 max_inflight;
	int64_t			 max_streams;
	int64_t			 max_requests;
	int64_t			 max_age_s;
	int64_t			 max_rss;
	char			*board;
	struct conf_list	 monitor_from;
	struct conf_list	 auth;
	char			*api_keys_file;
	char			*resource;
	char			*issuer;
	char			*jwks;
	struct conf_list	 jwt_algorithm_names;
	int64_t			 jwt_leeway_s;
	int64_t			 jwks_refresh_s;
	int64_t			 jwks_pause_s;
	char			*introspection_url;
	char			*introspection_client;
	char			*introspection_secret_file;
	int64_t			 introspection_ttl_s;
	char			*auth_ca_file;
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
	struct conf_list	 policy_rules;
	int64_t			 confirm_ttl_s;
	char			*store;
	char			*store_password_file;
	int64_t			 store_max;
	bool			 store_sync;
	int64_t			 store_timeout_ms;
	int			 store_failure;
	int64_t			 idempotency_ttl_s;
	int64_t			 dedupe_window_s;
	struct conf_list	 rate_limit;
	int64_t			 breaker_failures;
	int64_t			 breaker_open_s;
	int64_t			 upstream_retries;
	int64_t			 result_max;
	int64_t			 tools_page;
	int64_t			 list_ttl_s;
	int			 upstream_http;
	int64_t			 upstream_timeout_ms;
	int64_t			 upstream_connect_timeout_ms;
	int64_t			 upstream_response_max;
	int64_t			 upstream_connections;
	int			 log_level;
	char			*audit;

	/* what follows from it */
	struct conf		 conf;
	struct catalog		 catalog;
	struct trust		**trusts;	/* one a service of the catalog, */
	struct trust		**strangers;	/* and one for where its word leads */
	struct crypto_key	 key;
	char			*instructions;
	char			*limits;	/* JSON object for server_info */
	struct policy		 policy;
	struct limit_rates	 rates;
	struct audit		*auditor;	/* what `audit` names, opened; NULL: none */
	int64_t			*service_inflight;	/* one a service; 0: any number */
	char			*store_password;	/* NULL: none; secret */
	unsigned		 auth_methods;	/* AUTH_...; 0: nobody is asked */
	struct apikey_set	 api_keys;
	struct jwk_set		*jwks_file;	/* NULL: `jwks` is a URL */
	unsigned		 jwt_algorithms;	/* 1u << enum signature_algorithm */
	char			*introspection_secret;	/* secret */
	struct trust		*auth_trust;	/* NULL: nobody is asked */
	bool			 exchanges;	/* a service wants callers' tokens */
	char			*scopes;	/* that anything asks for, a space between them */
	char			*metadata;	/* RFC 9728; NULL: no authorization server */
};

/* Kinds of credentials. */
enum { AUTH_API_KEY = 1, AUTH_JWT = 2, AUTH_INTROSPECTION = 4 };

/* What a write does that the store cannot write down (store_failure). */
enum { STORE_REFUSES, STORE_PROCEEDS };

/*
 * Read the file (NULL: none), then the environment. settings_finish() must follow whatever
 * is returned. 0, or -1 with a sentence that names place and mend in `why`.
 */
int	 settings_read(struct settings *s, const char *file, char *const *environment, char *why,
	    size_t whylen);
/*
 * Load what the settings name: service files and keys, and open the audit. With `check` nothing
 * is made on disk. 0, or -1 with the reason.
 */
int	 settings_load(struct settings *s, bool check, char *why, size_t whylen);
void	 settings_finish(struct settings *s);
/*
 * Descriptors that a worker may need: a request has one in front and may have one behind, and
 * those that are too many have one until they are told so.
 */
int	 settings_descriptors(const struct settings *s);
/*
 * Raise this process's limit of descriptors to what it may have, and lower max_inflight to what
 * that is enough for.
 */
void	 settings_fit(struct settings *s);
/* Log a warning if the list of tools costs its readers much (cost.h). */
void	 settings_warn_cost(const struct settings *s);
/* Whose certificates a service of the catalog is held to. Borrowed. */
const struct trust *settings_trust(const struct settings *s, const struct service *service);
/* The same where a URL leads that the service gave: nobody is told there who we are. */
const struct trust *settings_trust_given(const struct settings *s, const struct service *service);
/* Calls of a service that one worker may have in flight; 0: any number. */
int64_t	 settings_service_inflight(const struct settings *s, const struct service *service);
/* What the store is opened with; borrowed from the settings. */
void	 settings_store(const struct settings *s, struct store_settings *out);
/* Append the settings in effect as a configuration file. 0 or -1. */
int	 settings_print(const struct settings *s, struct buf *out);

#endif
