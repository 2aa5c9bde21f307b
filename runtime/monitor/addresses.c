/* SPDX-License-Identifier: MIT */
/* Follows the addresses that a machine has of others. nspawn.md 5: its rule for published ports. */
#include "addresses.h"

#include "../net/join.h"

#include <linux/rtnetlink.h>
#include <string.h>

/* Some changes together are one. */
#define SETTLE_USEC   20000
#define INTERVAL_USEC 200000
#define BURST         10

void addresses_init(struct addresses *addresses, const char *machine,
		    const struct ip current[static 2], struct netlink *watch,
		    struct netlink *inside, struct netlink *filter)
{
	*addresses = (struct addresses){
		.machine = machine,
		.watch = watch,
		.inside = inside,
		.filter = filter,
		.bucket = {.interval_usec = INTERVAL_USEC, .burst = BURST},
		.current = {current[0], current[1]},
	};
}

uint64_t addresses_poll(const struct addresses *addresses, struct pollfd *poll)
{
	*poll = (struct pollfd){.fd = addresses->watch->fd, .events = POLLIN};
	return addresses->due;
}

static bool is_usable(const struct addr *addr, uint8_t family)
{
	const uint32_t bad = IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED;

	return addr->local.family == family && addr->scope < RT_SCOPE_LINK && !(addr->flags & bad);
}

struct ip addresses_choose(const struct addr *addrs, size_t count, uint8_t family,
			   const struct ip *current)
{
	const struct addr *best = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!is_usable(&addrs[i], family))
			continue;
		if (ip_equal(&addrs[i].local, current))
			return *current;
		if (!best || addrs[i].scope < best->scope)
			best = &addrs[i];
	}
	return best ? best->local : (struct ip){0};
}

static int ignore(void *context, const struct nlmsghdr *message)
{
	(void)context;
	(void)message;
	return 0;
}

/* Whether there are others now, and they could be told. */
static bool look(struct addresses *addresses)
{
	struct arena arena = {0};
	struct ip now[2] = {0};
	struct addr *addrs;
	size_t count;

	if (addr_list(addresses->inside, &arena, 0, &addrs, &count, NULL) == 0) {
		now[0] = addresses_choose(addrs, count, AF_INET, &addresses->current[0]);
		now[1] = addresses_choose(addrs, count, AF_INET6, &addresses->current[1]);
	}
	arena_free(&arena);
	if (ip_equal(&now[0], &addresses->current[0]) && ip_equal(&now[1], &addresses->current[1]))
		return false;
	if (net_move(addresses->filter, addresses->machine, now, NULL) < 0)
		return false;
	memcpy(addresses->current, now, sizeof(now));
	return true;
}

bool addresses_handle(struct addresses *addresses, uint64_t now_usec, bool readable)
{
	if (readable) {
		netlink_read(addresses->watch, ignore, NULL);
		if (addresses->due == 0)
			addresses->due = now_usec + SETTLE_USEC;
	}
	if (addresses->due == 0 || now_usec < addresses->due)
		return false;
	if (!token_bucket_take(&addresses->bucket, now_usec)) {
		addresses->due = token_bucket_next(&addresses->bucket, now_usec);
		return false;
	}
	addresses->due = 0;
	return look(addresses);
}
