/* SPDX-License-Identifier: MIT */
/* template.h - texts with {{variables}}. */
#ifndef LOCAL_TEMPLATE_H
#define LOCAL_TEMPLATE_H

#include "wire/json.h"

struct buf;
struct call;

/* Handlers. */
int	 template_list(struct call *c);
int	 template_get(struct call *c);

/*
 * Append the text of template `id` with `vars` (an object or NULL) filled in. A
 * value is never looked at for variables itself. 0; 1 with a problem set; -1.
 */
int	 template_render(struct call *c, const char *id, const cJSON *vars, struct buf *out);

#endif
