/* SPDX-License-Identifier: MIT */
/* Dumps collected into arrays. */
#include "list.h"

#include <errno.h>
#include <string.h>

int netlink_collect(void *context, const struct nlmsghdr *message)
{
	struct netlink_list *list = context;
	void *items;
	int r;

	if (!message) {
		list->count = 0;
		list->items = NULL;
		return 0;
	}
	if (!list->item)
		list->item = arena_alloc(list->arena, list->size);
	if (!list->item)
		return -ENOMEM;
	memset(list->item, 0, list->size);
	r = list->parse(list, message, list->item);
	if (r != 0)
		return r < 0 ? r : 0;
	items = arena_grow(list->arena, list->items, &list->count, list->size);
	if (!items)
		return -ENOMEM;
	list->items = items;
	memcpy((char *)items + (list->count - 1) * list->size, list->item, list->size);
	return 0;
}

int netlink_list(struct netlink *netlink, struct netlink_batch *batch, struct netlink_list *list)
{
	return netlink_dump(netlink, batch, netlink_collect, list);
}
