/* SPDX-License-Identifier: MIT */
/* A link's setting as part of a message. */
#ifndef FLOE_NETLINK_LINK_SETTING_H
#define FLOE_NETLINK_LINK_SETTING_H

#include "link.h"

#include <linux/rtnetlink.h>

/* Refuses what the kernel would have no good words for. */
int link_setting_check(const struct link_setting *setting, struct floe_error *error);

/* The header for a setting: the state is part of it. INDEX 0: of a new link. */
struct ifinfomsg link_header(uint32_t index, const struct link_setting *setting);

/* What creation does not look at, and only a change sets (rtnl_create_link()). */
bool link_setting_has_rest(const struct link_setting *setting);
void message_put_rest(struct netlink_batch *batch, const struct link_setting *setting);

/* Appends all else. */
void message_put_setting(struct netlink_batch *batch, const struct link_setting *setting);

/* Appends the question for the link NAME, so that the answer comes in the same go. */
void message_ask_link(struct netlink_batch *batch, const char *name);

/* A netlink_reply_function: takes the index of a link into the uint32_t at CONTEXT. */
int link_take_index(void *context, const struct nlmsghdr *message);

#endif
