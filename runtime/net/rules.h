/* SPDX-License-Identifier: MIT */
/*
 * The nftables table `inet floe`: what is the same for all machines, and what one adds to it. It
 * works by sets and maps, so that neither adding a machine nor a packet's way gets longer with the
 * number of machines. What others have in the kernel is not looked at and not touched.
 */
#ifndef FLOE_NET_RULES_H
#define FLOE_NET_RULES_H

#include "../../netlink/socket.h"
#include "table.h"

#define RULES_TABLE "floe"

/* All functions take a NETLINK_NETFILTER socket, are called below net_lock(), and return 0 or a
 * negative errno with ERROR filled; each does all that it does, or nothing. */

/* Adds MEMBER, who is in TABLE. A table that is not there, or is no longer as it was made (somebody
 * flushed all rules), is made anew for all of TABLE's members. */
int rules_add(struct netlink *netlink, const struct net_table *table,
	      const struct net_member *member, struct floe_error *error);

/* Makes of what was added for BEFORE what is right for AFTER, another state of the same machine. */
int rules_change(struct netlink *netlink, const struct net_table *table,
		 const struct net_member *before, const struct net_member *after,
		 struct floe_error *error);

/* Takes away what was added for MEMBER, who is no longer in TABLE; it is no error if it is gone. */
int rules_remove(struct netlink *netlink, const struct net_table *table,
		 const struct net_member *member, struct floe_error *error);

/* Deletes the table; it is no error if there is none. */
int rules_delete(struct netlink *netlink, struct floe_error *error);

#endif
