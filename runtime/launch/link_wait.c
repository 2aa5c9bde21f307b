/* SPDX-License-Identifier: MIT */
/* Waiting for a link of an earlier life to go. */
#include "link_wait.h"

#include "../../netlink/link.h"
#include "../base/err.h"
#include "../net/zone.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define WAIT_MS  1000
#define SLICE_MS 50

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int ignore(void *context, const struct nlmsghdr *message)
{
	(void)context;
	(void)message;
	return 0;
}

static bool is_gone(struct netlink *route, const char *name)
{
	return link_index(route, name, NULL) == -ENODEV;
}

/* Until it is gone or time is up; changes of links wake us. */
static int wait_for_changes(const struct link_wait *wait, struct netlink *route, const char *name,
			    struct netlink *changes)
{
	int64_t end = now_ms() + WAIT_MS;

	while (!is_gone(route, name)) {
		struct pollfd poll_fd = {.fd = changes->fd, .events = POLLIN};

		if (wait->cancelled(wait->context))
			return -ECANCELED;
		if (now_ms() >= end)
			return -EEXIST;
		poll(&poll_fd, 1, SLICE_MS);
		netlink_read(changes, ignore, NULL);
	}
	return 0;
}

static int delete_own(const struct link_wait *wait, struct netlink *route, const char *name,
		      struct floe_error *error)
{
	char alias[LINK_ALIAS_SIZE];
	struct arena arena = {0};
	struct link_info info;
	int r = link_find(route, &arena, name, &info, error);

	snprintf(alias, sizeof(alias), LINK_ALIAS_MACHINE "%s", wait->machine);
	if (r == 0 && strcmp(info.alias, alias) != 0) {
		r = err_set(error, FLOE_ERROR_BUSY, EEXIST,
			    "cannot make the link %s: the host has one of that name, and it is not "
			    "of this machine",
			    name);
		err_hint(error, "is a machine of that name running under something else?");
	}
	if (r == 0)
		r = link_delete(route, info.index, error);
	arena_free(&arena);
	return r;
}

int link_wait_gone(const struct link_wait *wait, struct netlink *route, const char *name,
		   struct floe_error *error)
{
	CLEANUP_NETLINK struct netlink changes = NETLINK_CLOSED;
	int r = netlink_open(&changes, NETLINK_ROUTE, error);

	if (r == 0)
		r = netlink_subscribe(&changes, RTNLGRP_LINK, error);
	if (r == 0)
		r = wait_for_changes(wait, route, name, &changes);
	return r == -EEXIST ? delete_own(wait, route, name, error) : r;
}
