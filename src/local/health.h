/* SPDX-License-Identifier: MIT */
/* health.h - whether this service can do its work. */
#ifndef LOCAL_HEALTH_H
#define LOCAL_HEALTH_H

struct call;

/* Handler: GET /healthz. It asks the store, so a service without one is not healthy. */
int	 health_get(struct call *c);

#endif
