/* SPDX-License-Identifier: MIT */
/* What may be done with addresses and routes. */
#ifndef FLOE_NETLINK_CHANGE_H
#define FLOE_NETLINK_CHANGE_H

#include <stdint.h>

enum netlink_change {
	NETLINK_CHANGE_ADD,     /* -EEXIST when it is there */
	NETLINK_CHANGE_REPLACE, /* added, or changed when it is there */
	NETLINK_CHANGE_DELETE,  /* an error when it is not there */
};

/* How a change is asked for. */
struct netlink_change_row {
	const char *verb;
	uint16_t flags;
	uint16_t offset; /* of the message type from the RTM_NEW* one */
};

/* By enum netlink_change. */
extern const struct netlink_change_row netlink_changes[];

#endif
