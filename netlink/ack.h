/* SPDX-License-Identifier: MIT */
/* What the kernel answers to a request: an errno, and its own words about it. */
#ifndef FLOE_NETLINK_ACK_H
#define FLOE_NETLINK_ACK_H

#include <linux/netlink.h>
#include <stddef.h>

/*
 * Reads a message of type NLMSG_ERROR or NLMSG_DONE. Returns 0 for an acknowledgement, else the
 * kernel's negative errno; -EBADMSG for a message that is none. TEXT of SIZE bytes becomes the text
 * of the extended acknowledgement (netlink(7), Linux 4.12), "" when there is none.
 */
int ack_parse(const struct nlmsghdr *message, char *text, size_t size);

#endif
