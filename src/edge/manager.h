/* SPDX-License-Identifier: MIT */
/*
 * manager.h - what a service manager hands over and what it is told: sd_listen_fds(3) and
 * sd_notify(3), the two conventions of systemd that others speak as well. A master that
 * executes itself anew hands its descriptors over in the same way.
 */
#ifndef EDGE_MANAGER_H
#define EDGE_MANAGER_H

#include <stddef.h>

struct listener;

/*
 * What LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES hand to this process: a listening socket
 * and a board, -1 each where there is none. The variables are removed, so that no child
 * takes them for its own. 0, or -1 with a sentence in `why`.
 */
int	 manager_descriptors(struct listener *l, int *board, char *why, size_t whylen);
/*
 * Set the same for the program that this process executes next. 0 or -1. If it is not executed
 * after all, manager_take_back() undoes it.
 */
int	 manager_hand_over(const struct listener *l, int board);
void	 manager_take_back(void);
/* Tell the manager (NOTIFY_SOCKET): "READY=1" and the like. Without one nothing happens. */
void	 manager_tell(const char *state);

#endif
