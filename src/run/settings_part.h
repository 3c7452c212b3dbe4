/* SPDX-License-Identifier: MIT */
/* settings_part.h - what settings.c and settings_service.c share; nobody else includes it. */
#ifndef RUN_SETTINGS_PART_H
#define RUN_SETTINGS_PART_H

#include "run/settings.h"

#define SETTINGS_ENV	"UMS_MCP_"	/* before a key in the environment, */
#define SETTINGS_ENV_SERVICE SETTINGS_ENV "SERVICE_"	/* and before a service's */

/*
 * Load the service files, the certificates that services are held to, and the calls that each may
 * have at once. 0, or -1 with the reason in `why`.
 */
int	 settings_load_services(struct settings *s, char *why, size_t whylen);

#endif
