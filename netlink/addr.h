/* SPDX-License-Identifier: MIT */
/* Addresses of links. */
#ifndef FLOE_NETLINK_ADDR_H
#define FLOE_NETLINK_ADDR_H

#include "../runtime/base/arena.h"
#include "change.h"
#include "ip.h"
#include "socket.h"

#include <linux/if_addr.h>

/* Zeroed members are left to the kernel. */
struct addr {
	uint32_t link; /* index */
	struct ip local;
	uint8_t prefix;  /* bits of the network; with PEER, of the peer's */
	struct ip peer;  /* the other end of a point-to-point link; none: it is no such link */
	uint32_t flags;  /* IFA_F_*; IFA_F_NODAD: usable at once, not probed for duplicates */
	uint8_t scope;   /* RT_SCOPE_*; 0 is the universe */
	uint32_t metric; /* of the route to the network, 0: the default */
};

/*
 * Adds, replaces or deletes COUNT addresses with one request for each 64. IPv4 networks of /30 and
 * wider get their broadcast address. Returns 0, or a negative errno with ERROR filled for the first
 * that failed; those before it are done, those after it may be.
 */
int addr_change(struct netlink *netlink, enum netlink_change change, const struct addr *addrs,
		size_t count, struct floe_error *error);

/* All addresses of LINK (0: of all links), v4 and v6; *ADDRS is ARENA's. */
int addr_list(struct netlink *netlink, struct arena *arena, uint32_t link, struct addr **addrs,
	      size_t *count, struct floe_error *error);

/* Reads a message of type RTM_NEWADDR or RTM_DELADDR, as lists and notifications of
 * RTNLGRP_IPV4_IFADDR and RTNLGRP_IPV6_IFADDR have it. Returns 0 or -EBADMSG. */
int addr_parse(const struct nlmsghdr *message, struct addr *addr);

#endif
