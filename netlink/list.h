/* SPDX-License-Identifier: MIT */
/* Dumps collected into arrays. */
#ifndef FLOE_NETLINK_LIST_H
#define FLOE_NETLINK_LIST_H

#include "../runtime/base/arena.h"
#include "socket.h"

struct netlink_list;

/* Reads MESSAGE into the zeroed ITEM. Returns 0, 1 when it is not wanted, or a negative errno. */
typedef int (*netlink_item_function)(struct netlink_list *list, const struct nlmsghdr *message,
				     void *item);

struct netlink_list {
	struct arena *arena;
	netlink_item_function parse;
	size_t size;        /* of an item */
	const void *filter; /* for PARSE */
	void *items;        /* an array in ARENA */
	void *item;         /* the next one, not yet in the array */
	size_t count;
};

/* A netlink_reply_function whose context is a list. */
int netlink_collect(void *context, const struct nlmsghdr *message);

/* Sends the dump request BATCH and collects what it lists. As netlink_dump(). */
int netlink_list(struct netlink *netlink, struct netlink_batch *batch, struct netlink_list *list);

#endif
