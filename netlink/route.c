/* SPDX-License-Identifier: MIT */
/* Routes. */
#include "route.h"

#include "../runtime/base/err.h"
#include "attr.h"
#include "list.h"

#include <errno.h>
#include <libmnl/libmnl.h>

static void put_route(struct netlink_batch *batch, const struct netlink_change_row *how,
		      const struct route *route)
{
	const struct rtmsg header = {
		.rtm_family = route->family,
		.rtm_dst_len = route->prefix,
		.rtm_table = RT_TABLE_UNSPEC, /* RTA_TABLE has it: a byte is too small */
		.rtm_protocol = route->protocol ? route->protocol : RTPROT_STATIC,
		.rtm_scope = route->scope,
		.rtm_type = route->type ? route->type : RTN_UNICAST,
		.rtm_flags = route->onlink ? RTNH_F_ONLINK : 0,
	};

	message_begin(batch, RTM_NEWROUTE + how->offset, how->flags, &header, sizeof(header));
	message_put_u32(batch, RTA_TABLE, route->table ? route->table : RT_TABLE_MAIN);
	message_put_ip(batch, RTA_DST, &route->to);
	message_put_ip(batch, RTA_GATEWAY, &route->gateway);
	message_put_ip(batch, RTA_PREFSRC, &route->source);
	if (route->link)
		message_put_u32(batch, RTA_OIF, route->link);
	if (route->metric)
		message_put_u32(batch, RTA_PRIORITY, route->metric);
}

static bool of_family(const struct ip *ip, uint8_t family)
{
	return !ip->family || ip->family == family;
}

static const char *destination(const struct route *route, char text[static IP_TEXT_SIZE])
{
	return route->to.family ? ip_format(&route->to, text) : "default";
}

static int check_route(const struct route *route, struct floe_error *error)
{
	char text[IP_TEXT_SIZE];

	if (route->family != AF_INET && route->family != AF_INET6)
		return err_usage(error, "a route is to be IPv4 or IPv6");
	if (!of_family(&route->to, route->family) || !of_family(&route->gateway, route->family) ||
	    !of_family(&route->source, route->family))
		return err_usage(error, "the route to %s mixes IPv4 and IPv6",
				 destination(route, text));
	if (route->prefix > ip_bits(route->to.family))
		return err_usage(error, "the prefix of the route to %s is too long: %u",
				 destination(route, text), route->prefix);
	return 0;
}

int route_change(struct netlink *netlink, enum netlink_change change, const struct route *routes,
		 size_t count, struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	const struct netlink_change_row *how = &netlink_changes[change];
	const struct route *failed;
	char to[IP_TEXT_SIZE], via[IP_TEXT_SIZE];
	int r;

	for (size_t i = 0; i < count; i++)
		if (check_route(&routes[i], error) < 0)
			return -EINVAL;
	for (size_t i = 0; i < count; i++)
		put_route(&batch, how, &routes[i]);
	r = netlink_request(netlink, &batch, NULL, NULL);
	if (r == 0)
		return 0;
	failed = &routes[netlink->failed];
	return netlink_fail(netlink, error, r, "cannot %s the route to %s/%u (gateway %s, link %u)",
			    how->verb, destination(failed, to), failed->prefix,
			    ip_format(&failed->gateway, via), failed->link);
}

int route_parse(const struct nlmsghdr *message, struct route *route)
{
	const struct nlattr *attrs[RTA_TABLE + 1];
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);

	*route = (struct route){0};
	if (message->nlmsg_type != RTM_NEWROUTE && message->nlmsg_type != RTM_DELROUTE)
		return -EBADMSG;
	if (!attr_sort_message(attrs, RTA_TABLE + 1, message, sizeof(*header)))
		return -EBADMSG;
	if (header->rtm_dst_len > ip_bits(header->rtm_family))
		return -EBADMSG;
	route->family = header->rtm_family;
	route->prefix = header->rtm_dst_len;
	route->scope = header->rtm_scope;
	route->type = header->rtm_type;
	route->protocol = header->rtm_protocol;
	route->onlink = header->rtm_flags & RTNH_F_ONLINK;
	route->to = attr_ip(attrs[RTA_DST], header->rtm_family);
	route->gateway = attr_ip(attrs[RTA_GATEWAY], header->rtm_family);
	route->source = attr_ip(attrs[RTA_PREFSRC], header->rtm_family);
	route->link = attr_u32(attrs[RTA_OIF], 0);
	route->metric = attr_u32(attrs[RTA_PRIORITY], 0);
	route->table = attr_u32(attrs[RTA_TABLE], header->rtm_table);
	return 0;
}

static int take_route(struct netlink_list *list, const struct nlmsghdr *message, void *item)
{
	const uint32_t *table = list->filter;
	struct route *route = item;
	int r = route_parse(message, route);

	return r == 0 && *table && route->table != *table ? 1 : r;
}

static void ask_route(struct netlink_batch *batch, const struct ip *address, uint32_t flags)
{
	const struct rtmsg header = {
		.rtm_family = address->family,
		.rtm_dst_len = (unsigned char)ip_bits(address->family),
		.rtm_flags = flags,
	};

	message_begin(batch, RTM_GETROUTE, NLM_F_ACK, &header, sizeof(header));
	message_put_ip(batch, RTA_DST, address);
}

/* No way there, or one that is forbidden: inet_rtm_getroute(), inet6_rtm_getroute(). */
static bool is_no_route(int r)
{
	return r == -ENETUNREACH || r == -EHOSTUNREACH || r == -EACCES || r == -EINVAL;
}

/* Networks found, other than those of one link. */
struct found {
	uint32_t except;
	size_t count;
};

static int count_networks(void *context, const struct nlmsghdr *message)
{
	struct found *found = context;
	struct route route;

	if (route_parse(message, &route) == 0 && route.prefix > 0 &&
	    (!found->except || route.link != found->except))
		found->count++;
	return 0;
}

int route_is_free(struct netlink *netlink, const struct ip *addresses, size_t count,
		  uint32_t except, struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct found found = {.except = except};
	int r;

	for (size_t i = 0; i < count; i++)
		ask_route(&batch, &addresses[i], RTM_F_FIB_MATCH);
	r = netlink_request(netlink, &batch, count_networks, &found);
	if (r < 0 && !is_no_route(r))
		return netlink_fail(netlink, error, r, "cannot look routes up");
	return found.count == 0;
}

int route_list(struct netlink *netlink, struct arena *arena, uint8_t family, uint32_t table,
	       struct route **routes, size_t *count, struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct netlink_list all = {.arena = arena,
				   .parse = take_route,
				   .size = sizeof(struct route),
				   .filter = &table};
	const struct rtmsg header = {.rtm_family = family};
	int r;

	message_begin(&batch, RTM_GETROUTE, NLM_F_DUMP, &header, sizeof(header));
	r = netlink_list(netlink, &batch, &all);
	if (r < 0)
		return netlink_fail(netlink, error, r, "cannot list routes");
	*routes = all.items;
	*count = all.count;
	return 0;
}
