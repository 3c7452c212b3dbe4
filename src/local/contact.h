/* SPDX-License-Identifier: MIT */
/*
 * contact.h - contacts, which are mailboxes: the people a message can be sent to.
 *
 * A contact's inbox address is its id; its other address is an email address.
 */
#ifndef LOCAL_CONTACT_H
#define LOCAL_CONTACT_H

#include "local/cap.h"
#include "wire/json.h"

struct call;

struct contact {
	char	 id[CAP_ID + 1];
	char	 name[CAP_NAME * 4 + 1];
	char	 email[CAP_EMAIL + 1];	/* "" when there is none */
};

/* Handlers. */
int	 contact_list(struct call *c);
int	 contact_get(struct call *c);
int	 contact_add(struct call *c);

/* Look one up by its id. 1: found; 0: none; -1: failed. */
int	 contact_load(struct call *c, const char *id, struct contact *out);
/*
 * Find the one contact that `who` means: an id, an email address, an exact phone
 * number or an exact name, in this order. 0: found; 1: unknown or ambiguous, a
 * problem with candidates is set (`field` names the place); -1: failed.
 */
int	 contact_resolve(struct call *c, const char *field, const char *who, struct contact *out);

#endif
