/* SPDX-License-Identifier: MIT */
/* Follows the addresses that a machine has of others, so that published ports lead to them. */
#ifndef FLOE_MONITOR_ADDRESSES_H
#define FLOE_MONITOR_ADDRESSES_H

#include "../../netlink/addr.h"
#include "../base/token_bucket.h"

#include <poll.h>

/* As long as the machine lives; both sockets are of its network namespace and stay the caller's. */
struct addresses {
	const char *machine;
	struct netlink *watch;  /* hears of changes; fd -1: there is nothing to follow */
	struct netlink *inside; /* is asked */
	struct netlink *filter; /* for rules, of the host */
	struct ip current[2];   /* by family_index(); family 0: none */
	uint64_t due;           /* when to look, in clock_usec(); 0: nothing changed */
	struct token_bucket bucket;
};

/* CURRENT: what published ports lead to so far. */
void addresses_init(struct addresses *addresses, const char *machine,
		    const struct ip current[static 2], struct netlink *watch,
		    struct netlink *inside, struct netlink *filter);

/* Fills in what to wait for; returns when to call addresses_handle() although nothing came, 0:
 * never. */
uint64_t addresses_poll(const struct addresses *addresses, struct pollfd *poll);

/* After poll(2). Whether the addresses are others than before; then the host's network knows. A
 * machine that changes them without end is looked at now and then. */
bool addresses_handle(struct addresses *addresses, uint64_t now_usec, bool readable);

/* Pure: of COUNT addresses the one of FAMILY that others reach: CURRENT as long as it is usable, else
 * the first of the widest scope that is. None: family 0. */
struct ip addresses_choose(const struct addr *addrs, size_t count, uint8_t family,
			   const struct ip *current);

#endif
