/* SPDX-License-Identifier: MIT */
/* Addresses as attributes of messages. */
#include "ip.h"

#include "attr.h"
#include "message.h"

#include <string.h>

void message_put_ip(struct netlink_batch *batch, uint16_t type, const struct ip *ip)
{
	if (ip_size(ip->family) > 0)
		message_put(batch, type, ip->bytes, ip_size(ip->family));
}

struct ip attr_ip(const struct nlattr *attr, uint8_t family)
{
	const void *bytes = attr_bytes(attr, ip_size(family));
	struct ip ip = {0};

	if (bytes && ip_size(family) > 0) {
		ip.family = family;
		memcpy(ip.bytes, bytes, ip_size(family));
	}
	return ip;
}
