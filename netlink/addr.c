/* SPDX-License-Identifier: MIT */
/* Addresses of links. */
#include "addr.h"

#include "../runtime/base/err.h"
#include "attr.h"
#include "list.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

/* The kernel derives none by itself. */
static void put_broadcast(struct netlink_batch *batch, const struct addr *addr)
{
	struct ip last = ip_last(&addr->local, addr->prefix);

	if (addr->local.family == AF_INET && !addr->peer.family && addr->prefix <= 30)
		message_put_ip(batch, IFA_BROADCAST, &last);
}

static void put_addr(struct netlink_batch *batch, const struct netlink_change_row *how,
		     const struct addr *addr)
{
	const struct ifaddrmsg header = {
		.ifa_family = addr->local.family,
		.ifa_prefixlen = addr->prefix,
		.ifa_scope = addr->scope,
		.ifa_index = addr->link,
	};

	message_begin(batch, RTM_NEWADDR + how->offset, how->flags, &header, sizeof(header));
	message_put_ip(batch, IFA_LOCAL, &addr->local);
	message_put_ip(batch, IFA_ADDRESS, addr->peer.family ? &addr->peer : &addr->local);
	put_broadcast(batch, addr);
	if (addr->flags)
		message_put_u32(batch, IFA_FLAGS, addr->flags);
	if (addr->metric)
		message_put_u32(batch, IFA_RT_PRIORITY, addr->metric);
}

static int check_addr(const struct addr *addr, struct floe_error *error)
{
	char text[IP_TEXT_SIZE];

	if (addr->local.family != AF_INET && addr->local.family != AF_INET6)
		return err_usage(error, "an address is to be IPv4 or IPv6");
	if (addr->peer.family && addr->peer.family != addr->local.family)
		return err_usage(error, "the peer of %s is of the other address family",
				 ip_format(&addr->local, text));
	if (addr->prefix > ip_bits(addr->local.family))
		return err_usage(error, "the prefix of %s is longer than the address: %u",
				 ip_format(&addr->local, text), addr->prefix);
	return 0;
}

int addr_change(struct netlink *netlink, enum netlink_change change, const struct addr *addrs,
		size_t count, struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	const struct netlink_change_row *how = &netlink_changes[change];
	const struct addr *failed;
	char text[IP_TEXT_SIZE];
	int r;

	for (size_t i = 0; i < count; i++)
		if (check_addr(&addrs[i], error) < 0)
			return -EINVAL;
	for (size_t i = 0; i < count; i++)
		put_addr(&batch, how, &addrs[i]);
	r = netlink_request(netlink, &batch, NULL, NULL);
	if (r == 0)
		return 0;
	failed = &addrs[netlink->failed];
	return netlink_fail(netlink, error, r, "cannot %s the address %s/%u of network link %u",
			    how->verb, ip_format(&failed->local, text), failed->prefix,
			    failed->link);
}

int addr_parse(const struct nlmsghdr *message, struct addr *addr)
{
	const struct nlattr *attrs[IFA_RT_PRIORITY + 1];
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);

	*addr = (struct addr){0};
	if (message->nlmsg_type != RTM_NEWADDR && message->nlmsg_type != RTM_DELADDR)
		return -EBADMSG;
	if (!attr_sort_message(attrs, IFA_RT_PRIORITY + 1, message, sizeof(*header)))
		return -EBADMSG;
	addr->link = header->ifa_index;
	addr->prefix = header->ifa_prefixlen;
	addr->scope = header->ifa_scope;
	addr->flags = attr_u32(attrs[IFA_FLAGS], header->ifa_flags);
	addr->metric = attr_u32(attrs[IFA_RT_PRIORITY], 0);
	addr->peer = attr_ip(attrs[IFA_ADDRESS], header->ifa_family);
	addr->local = attr_ip(attrs[IFA_LOCAL], header->ifa_family);
	/* IPv6 has the local address in IFA_ADDRESS, and IFA_LOCAL only besides a peer. */
	if (!addr->local.family)
		addr->local = addr->peer;
	if (!addr->local.family || addr->prefix > ip_bits(addr->local.family))
		return -EBADMSG;
	if (ip_equal(&addr->local, &addr->peer))
		addr->peer = (struct ip){0};
	return 0;
}

static int take_addr(struct netlink_list *list, const struct nlmsghdr *message, void *item)
{
	(void)list;
	return addr_parse(message, item);
}

int addr_list(struct netlink *netlink, struct arena *arena, uint32_t link, struct addr **addrs,
	      size_t *count, struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct netlink_list all = {.arena = arena, .parse = take_addr, .size = sizeof(struct addr)};
	const struct ifaddrmsg header = {.ifa_index = link};
	int r;

	message_begin(&batch, RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header));
	r = netlink_list(netlink, &batch, &all);
	if (r < 0)
		return netlink_fail(netlink, error, r, "cannot list addresses");
	*addrs = all.items;
	*count = all.count;
	return 0;
}
