/* SPDX-License-Identifier: MIT */
/*
 * mail.h - letters between the workers of one machine.
 *
 * Each worker has one datagram socket in Linux's abstract namespace: it has no file, and is gone
 * with its process. Whoever learns its address can write to it, so a letter is signed under the
 * bridge's key for the address it goes to, and one that is not is dropped. One that is
 * caught and sent again is good: whoever reads letters ignores those that it does not wait for.
 *
 * A letter is whole, or not there. The kernel holds few for a socket (net.unix.max_dgram_qlen, 10
 * by itself); those that find no room wait here, in the order in which they were sent, and a worker
 * that reads nothing holds up what goes to itself alone. "Sent" says that a letter is in
 * the other's socket, not that it was read: it may end before.
 */
#ifndef EDGE_MAIL_H
#define EDGE_MAIL_H

#include <stddef.h>

struct crypto_key;
struct event_base;
struct letter;
struct mail;

#define MAIL_ADDRESS	32	/* characters of an address */

enum mail_fate {
	MAIL_WAITS,	/* there is no room yet */
	MAIL_SENT,
	MAIL_NOBODY,	/* no such address, or no longer */
	MAIL_FULL,	/* too much waits here, or the other read nothing for LIMIT_MAIL_WAIT_S */
	MAIL_LONG,	/* over LIMIT_MAIL with its signature, or what the kernel takes */
	MAIL_FAILED,	/* memory, descriptors */
};

/* Who waits for a letter's fate. */
struct mail_wait {
	void		(*told)(void *arg, enum mail_fate fate);
	void		*arg;
	struct letter	*letter;	/* mail.c's; NULL: it waits for nothing */
};

/*
 * Open a worker's own, after its last fork and before its sandbox. `key` is borrowed, and must
 * live as long. `letter` is called from the loop, with bytes that are borrowed until it returns
 * and followed by a NUL that is not counted. NULL: memory, descriptors, random bytes.
 */
struct mail *mail_create(struct event_base *base, const struct crypto_key *key,
	    void (*letter)(void *arg, const void *data, size_t len), void *arg);
/* End it, out of no callback of it: what waits is dropped, and nobody is told. NULL is fine. */
void	 mail_destroy(struct mail *m);
/* Where this worker is written to: MAIL_ADDRESS characters, not to be guessed. Borrowed. */
const char *mail_address(const struct mail *m);
/*
 * Send a letter. MAIL_WAITS: `w`, unless it is NULL, is told its fate once, from the loop. All
 * else is its fate.
 */
enum mail_fate mail_send(struct mail *m, const char *address, const void *data, size_t len,
	    struct mail_wait *w);
/* Wait no longer. The letter goes its way without anybody. */
void	 mail_leave(struct mail_wait *w);

#endif
