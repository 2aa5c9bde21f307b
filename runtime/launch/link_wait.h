/* SPDX-License-Identifier: MIT */
/* Waiting for a link of an earlier life to go. */
#ifndef FLOE_LAUNCH_LINK_WAIT_H
#define FLOE_LAUNCH_LINK_WAIT_H

#include "../../netlink/socket.h"

#include <stdbool.h>

struct link_wait {
	bool (*cancelled)(void *context); /* asked in between */
	void *context;
	const char *machine; /* whose link it would be */
};

/*
 * Waits until the host has no link NAME: the kernel takes links apart some milliseconds after the
 * last process of their namespace. One that stays and is the machine's, since something holds the
 * namespace, is deleted. 0, -ECANCELED, or -EEXIST with ERROR filled for a link of others.
 */
int link_wait_gone(const struct link_wait *wait, struct netlink *route, const char *name,
		   struct floe_error *error);

#endif
