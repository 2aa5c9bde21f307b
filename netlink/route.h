/* SPDX-License-Identifier: MIT */
/* Routes. */
#ifndef FLOE_NETLINK_ROUTE_H
#define FLOE_NETLINK_ROUTE_H

#include "../runtime/base/arena.h"
#include "change.h"
#include "ip.h"
#include "socket.h"

#include <linux/rtnetlink.h>

/* A route to one next hop, or to none. Zeroed members have the meaning given. */
struct route {
	uint8_t family;    /* AF_INET or AF_INET6 */
	struct ip to;      /* destination; none: everywhere, the default route */
	uint8_t prefix;    /* bits of the destination */
	struct ip gateway; /* none: the destination is on the link */
	struct ip source;  /* preferred source address; none: the kernel's choice */
	uint32_t link;     /* index, 0: that of the gateway */
	uint32_t table;    /* 0: RT_TABLE_MAIN; in lists: any */
	uint32_t metric;   /* 0: the default */
	uint8_t scope;     /* RT_SCOPE_*; with no gateway, RT_SCOPE_LINK is what is meant mostly */
	uint8_t type;      /* RTN_*; 0: RTN_UNICAST */
	uint8_t protocol;  /* RTPROT_*; 0: RTPROT_STATIC */
	bool onlink;       /* the gateway is on LINK although no address of it says so */
};

/* Adds, replaces or deletes COUNT routes; as addr_change(). */
int route_change(struct netlink *netlink, enum netlink_change change, const struct route *routes,
		 size_t count, struct floe_error *error);

/* The routes of FAMILY in TABLE (0: in all tables, also local ones); *ROUTES is ARENA's. Of a route
 * with several next hops, gateway and link are of none. */
int route_list(struct netlink *netlink, struct arena *arena, uint8_t family, uint32_t table,
	       struct route **routes, size_t *count, struct floe_error *error);

/*
 * Whether packets for none of the COUNT addresses would go where a network is said to be: a route to
 * everywhere is none, and those by the link EXCEPT do not count (Linux 4.13, RTM_F_FIB_MATCH). 1: so
 * it is; 0; or a negative errno.
 */
int route_is_free(struct netlink *netlink, const struct ip *addresses, size_t count,
		  uint32_t except, struct floe_error *error);

/* Reads a message of type RTM_NEWROUTE or RTM_DELROUTE. Returns 0 or -EBADMSG. */
int route_parse(const struct nlmsghdr *message, struct route *route);

#endif
