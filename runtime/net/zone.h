/* SPDX-License-Identifier: MIT */
/* Zones: a bridge for machines that are together, and their names. */
#ifndef FLOE_NET_ZONE_H
#define FLOE_NET_ZONE_H

#include "../../netlink/link.h"
#include "table.h"

/* What links of ours are described as (ip-link(8) shows it), followed by whose they are. */
#define LINK_ALIAS_MACHINE "floe: "
#define LINK_ALIAS_ZONE    "floe: zone "

/*
 * The bridge of SETTING, made as it says if it is not there: its index, or a negative errno with ERROR
 * filled. Below net_lock().
 */
int zone_open(struct netlink *netlink, const struct link_setting *setting,
	      struct floe_error *error);

/* Deletes the bridge unless something that is none of ours is a port of it. Below net_lock(). */
int zone_close(struct netlink *netlink, const char *name, struct floe_error *error);

/* What others of the zone look MEMBER up by: a file of its addresses. Below net_lock(). */
int zone_names_add(const struct net_member *member, struct floe_error *error);
void zone_names_remove(const struct net_member *member);

/* The directory of these files, made if it is missing; a descriptor to close. */
int zone_names_open(const char *zone, struct floe_error *error);

#endif
