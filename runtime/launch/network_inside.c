/* SPDX-License-Identifier: MIT */
/* The machine's end of its link, by the leader in its namespace. Async-signal-safe: requests about
 * links, addresses and routes allocate nothing (BATCH_STORAGE), and no words are made of failures. */
#include "network.h"

/* As many as a request of BATCH_STORAGE has room for, and more than nearly anybody has. */
#define TOGETHER 16

int set_addresses(struct netlink *netlink, uint32_t index, const struct op_net *net,
		  struct floe_error *error)
{
	struct addr addrs[TOGETHER];
	int r = 0;

	for (size_t done = 0, count; r == 0 && done < net->addr_count; done += count) {
		for (count = 0; count < TOGETHER && done + count < net->addr_count; count++) {
			addrs[count] = net->addrs[done + count];
			addrs[count].link = index;
		}
		r = addr_change(netlink, NETLINK_CHANGE_REPLACE, addrs, count, error);
	}
	return r;
}

static int set_routes(struct netlink *netlink, uint32_t index, const struct op_net *net)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < net->route_count; i++) {
		struct route route = net->routes[i];

		route.link = index;
		r = route_change(netlink, NETLINK_CHANGE_REPLACE, &route, 1, NULL);
	}
	return r;
}

int network_link_inside(struct context *context, const struct op *op)
{
	struct netlink netlink = NETLINK_CLOSED;
	int r = netlink_open(&netlink, NETLINK_ROUTE, NULL);
	uint32_t index = 0;

	(void)context;
	if (r == 0)
		r = link_index(&netlink, op->target, NULL);
	if (r > 0) {
		index = (uint32_t)r;
		r = link_change(&netlink, index, &op->net->link, NULL);
	}
	if (r == 0)
		r = set_addresses(&netlink, index, op->net, NULL);
	if (r == 0)
		r = set_routes(&netlink, index, op->net);
	netlink_close(&netlink);
	return r;
}
