/* SPDX-License-Identifier: MIT */
/* Queueing of what leaves a link. */
#ifndef FLOE_NETLINK_QDISC_H
#define FLOE_NETLINK_QDISC_H

#include "socket.h"

/*
 * Lets at most BITS a second leave the link INDEX by a token bucket (tc-tbf(8)): what is more waits
 * for up to a tenth of a second, and is dropped beyond that. Replaces what was there. Returns 0 or a
 * negative errno with ERROR filled: -ENOENT when the kernel has no sch_tbf.
 */
int qdisc_set_rate(struct netlink *netlink, uint32_t index, uint64_t bits,
		   struct floe_error *error);

#endif
