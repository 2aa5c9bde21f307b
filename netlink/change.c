/* SPDX-License-Identifier: MIT */
/* How changes of addresses and routes are asked for. */
#include "change.h"

#include <linux/netlink.h>

/* Message types go in pairs, the one that deletes behind the one that adds. */
const struct netlink_change_row netlink_changes[] = {
	[NETLINK_CHANGE_ADD] = {"add", NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, 0},
	[NETLINK_CHANGE_REPLACE] = {"set", NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, 0},
	[NETLINK_CHANGE_DELETE] = {"delete", NLM_F_ACK, 1},
};
