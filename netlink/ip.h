/* SPDX-License-Identifier: MIT */
/* Addresses as attributes of messages. */
#ifndef FLOE_NETLINK_IP_H
#define FLOE_NETLINK_IP_H

#include "../runtime/base/ip.h"

struct netlink_batch;
struct nlattr;

/* Appends an attribute of the address, nothing when there is none. */
void message_put_ip(struct netlink_batch *batch, uint16_t type, const struct ip *ip);

/* The address in an attribute; none when it has not the size of FAMILY. */
struct ip attr_ip(const struct nlattr *attr, uint8_t family);

#endif
