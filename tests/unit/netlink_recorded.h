/* SPDX-License-Identifier: MIT */
/* Messages of a kernel, for tests of what reads them. */
#ifndef FLOE_TESTS_NETLINK_RECORDED_H
#define FLOE_TESTS_NETLINK_RECORDED_H

#include <linux/netlink.h>
#include <stddef.h>

enum recorded_message {
	RECORDED_LINK,
	RECORDED_ADDR4,
	RECORDED_ADDR6,
	RECORDED_ROUTE4,
	RECORDED_ROUTE6,
	RECORDED_TABLE,
	RECORDED_CHAIN,
	RECORDED_RULE,
	RECORDED_SET,
	RECORDED_RANGES,
	RECORDED_PAIRS,
	RECORDED_VERDICTS,
};

struct recorded {
	const char *name;
	const unsigned char *bytes;
	size_t size;
};

extern const struct recorded recorded_messages[];
extern const size_t recorded_count;

/* The message, aligned. */
const struct nlmsghdr *recorded(enum recorded_message which);

#endif
