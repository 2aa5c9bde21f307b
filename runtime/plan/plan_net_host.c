/* SPDX-License-Identifier: MIT */
/* The host's end of the machine's own link: settings, the link, its addresses. */
#include "builder.h"

#include "../base/link_names.h"
#include "../net/zone.h"

#include <string.h>

static void share_setting(struct builder *b, const char *path, const char *value, const char *why)
{
	struct op *op = op_add(b, OP_SYSCTL, PHASE_HOST, why);

	op->source = path;
	op->text = value;
	op->flags = 1;
}

static void share_settings(struct builder *b, const char *format, const char *const *links,
			   const char *value, const char *why)
{
	for (; links && *links; links++)
		share_setting(b, text(b, format, *links), value, why);
}

static void add_forwarding6(struct builder *b)
{
	static const char *const why = "what machines send and get passes here";
	const struct host_net *net = &b->host->net;
	static const char *const format = "/proc/sys/net/ipv6/conf/%s/force_forwarding";
	static const char *const fresh[] = {"default", NULL};

	if (net->has_force) {
		share_settings(b, format, fresh, "1", "links to come let packets pass");
		share_settings(b, format, net->uplinks, "1", why);
		return;
	}
	note_add(b, false,
		 "this kernel forwards IPv6 on all links or on none (before Linux 6.17): it is "
		 "turned on for all until the last machine ends");
	share_settings(b, "/proc/sys/net/ipv6/conf/%s/accept_ra", net->listeners, "2",
		       "a router listens to routers only when told to");
	share_setting(b, "/proc/sys/net/ipv6/conf/all/forwarding", "1", why);
}

/* A link forwards what comes in by it: the machine's what it sends, the others the answers, and
 * what is for published ports. */
static void add_forwarding(struct builder *b)
{
	const struct host_net *net = &b->host->net;
	const struct spec_links *links = &b->spec->links;
	static const char *const format = "/proc/sys/net/ipv4/conf/%s/forwarding";
	static const char *const fresh[] = {"default", NULL};

	/* Ports are of no use to who is outside without. */
	if (net->is_arranged ||
	    (links->host_forwards && !links->masquerade && links->port_count == 0))
		return;
	if (!net->forwards[0]) {
		share_settings(b, format, fresh, "1", "links to come let packets pass");
		share_settings(b, format, net->uplinks, "1",
			       "what machines send and get passes here");
	}
	if (!net->forwards[1] && b->net.machine[1].family)
		add_forwarding6(b);
}

/* With room for MORE. */
static struct addr *copy_addrs(struct builder *b, const struct addr *addrs, size_t count,
			       size_t more)
{
	struct addr *copy = arena_alloc(&b->plan->arena, (count + more + 1) * sizeof(*copy));

	if (copy)
		memcpy(copy, addrs, count * sizeof(*copy));
	return copy;
}

/* fe80::1 is where router advertisements come from, whatever the host's way to make such addresses
 * is (addr_gen_mode). Nobody else is on the link: there is nothing to probe for. */
static void set_host_addresses(struct builder *b, struct op_net *op)
{
	const struct ip router = {.family = AF_INET6, .bytes = {0xfe, 0x80, [15] = 1}};
	struct addr addrs[3];
	size_t count = 0;

	for (size_t i = 0; i < 2; i++)
		if (b->net.host[i].family)
			addrs[count++] = (struct addr){.local = b->net.host[i],
						       .prefix = b->net.host_prefix[i],
						       .flags = IFA_F_NODAD};
	if (b->net.host[1].family)
		addrs[count++] = (struct addr){.local = router,
					       .prefix = 64,
					       .scope = RT_SCOPE_LINK,
					       .flags = IFA_F_NODAD};
	op->addrs = copy_addrs(b, addrs, count, 0);
	op->addr_count = count;
}

/* Whether the network of the host's end has the machine's address. */
static bool is_connected(const struct spec_address *address, const struct ip *host)
{
	struct ip near, own;

	if (!host->family || address->host_prefix == ip_bits(host->family))
		return false;
	near = ip_network(&address->inside, address->host_prefix);
	own = ip_network(host, address->host_prefix);
	return ip_equal(&near, &own);
}

/* The host's ends of further addresses, and routes to those that no network leads to. */
static void set_given_addresses(struct builder *b, struct op_net *op)
{
	const struct spec_links *links = &b->spec->links;
	struct addr *addrs = copy_addrs(b, op->addrs, op->addr_count, links->address_count);
	struct route *routes =
		arena_alloc(&b->plan->arena, (links->address_count + 1) * sizeof(*routes));

	for (size_t i = 0; addrs && routes && i < links->address_count; i++) {
		const struct spec_address *address = &links->addresses[i];
		struct ip host = plan_net_host_of(address);
		uint8_t family = address->inside.family;

		if (host.family && !ip_equal(&host, &b->net.host[family_index(family)]))
			addrs[op->addr_count++] = (struct addr){.local = host,
								.prefix = address->host_prefix,
								.flags = IFA_F_NODAD};
		if (!is_connected(address, &host))
			routes[op->route_count++] =
				(struct route){.family = family,
					       .to = address->inside,
					       .prefix = (uint8_t)ip_bits(family),
					       .scope = RT_SCOPE_LINK};
	}
	op->addrs = addrs;
	op->routes = routes;
}

static void add_host_addresses(struct builder *b)
{
	const struct spec_links *links = &b->spec->links;
	struct op_net *op;

	if (links->bridge || links->zone || (!b->net.managed && links->address_count == 0))
		return;
	op = add_net(b, OP_LINK_ADDRESS, PHASE_NETWORK, b->net.link, "the host's end");
	set_host_addresses(b, op);
	set_given_addresses(b, op);
}

/* The plan outlives the builder. */
static const uint8_t *keep_mac(struct builder *b, const uint8_t *mac)
{
	uint8_t *copy = arena_alloc(&b->plan->arena, WIRE_MAC_SIZE);

	return copy ? memcpy(copy, mac, WIRE_MAC_SIZE) : NULL;
}

static void add_zone(struct builder *b)
{
	const struct spec_links *links = &b->spec->links;
	uint8_t mac[WIRE_MAC_SIZE];
	struct op_net *op;

	if (!links->zone)
		return;
	op = add_net(b, OP_LINK_ZONE, PHASE_NETWORK, b->net.way,
		     "what the machines of the zone are ports of");
	b->plan->ops[b->plan->op_count - 1].text = links->zone;
	/* Of its own: a bridge has the lowest of its ports' otherwise, another one as they come and
	 * go, and machines would ask the wrong one (br_stp_recalculate_bridge_id()). */
	link_mac_make(LINK_MAC_HOST, b->host->net.seed, b->net.way, 0, mac);
	op->link = (struct link_setting){.name = b->net.way,
					 .mac = keep_mac(b, mac),
					 .state = LINK_UP,
					 .mtu = links->mtu,
					 .alias = text(b, LINK_ALIAS_ZONE "%s", links->zone)};
	if (b->net.managed)
		set_host_addresses(b, op);
}

/* So that people see whose it is, and gc does. */
const char *own_alias(struct builder *b)
{
	return text(b, LINK_ALIAS_MACHINE "%s", b->plan->name);
}

static void add_own_link(struct builder *b)
{
	const struct spec_links *links = &b->spec->links;
	struct op_net *op = add_net(b, OP_LINK_VETH, PHASE_NETWORK, b->net.link,
				    "the machine's link to the host");
	struct op *plain = &b->plan->ops[b->plan->op_count - 1];
	/* Others bring it up themselves, but a route over it takes one that is. */
	bool up = b->net.managed || links->bridge || links->zone || links->address_count > 0 ||
		  links->port_count > 0;

	plain->text = b->net.altname;
	plain->flags = links->zone != NULL;
	plain->target = links->bridge ? links->bridge : links->zone ? b->net.way : NULL;
	op->link = (struct link_setting){.name = b->net.link,
					 .mac = keep_mac(b, b->net.host_mac),
					 .mtu = links->mtu,
					 .state = up ? LINK_UP : LINK_KEEP,
					 .alias = own_alias(b),
					 .route_localnet = links->port_count > 0 && *b->net.way &&
							   !links->zone};
	op->peer = (struct link_setting){.name = links->name ? links->name : "host0",
					 .mac = keep_mac(b, b->net.mac),
					 .mtu = links->mtu};
	trace_add(b, TRACE_LINK, b->net.link);
	b->plan->link = b->net.link;
	if (links->rate) {
		plain = op_add(b, OP_LINK_RATE, PHASE_NETWORK, "asked for");
		plain->source = b->net.link;
		plain->number[0] = links->rate;
	}
}

/*
 * Packets from 127.0.0.1 to a published port leave under the link's own address, and answers come
 * back to 127.0.0.1 by a link that it is not on: IPv4 has a setting for that (route_localnet), IPv6
 * looks for a route of that very link (rt6_need_strict(), net/ipv6/route.c).
 */
static void add_localhost(struct builder *b)
{
	const struct ip loopback = {.family = AF_INET6, .bytes = {[15] = 1}};
	static const char *const why = "ports of localhost are answered by it";
	struct route *route;
	struct op_net *op;
	struct op *plain;

	if (b->spec->links.port_count == 0 || !*b->net.way)
		return;
	/* A link of the machine's own has it from the start. */
	if (b->spec->links.zone) {
		plain = op_add(b, OP_SYSCTL, PHASE_NETWORK, why);
		plain->source = text(b, "/proc/sys/net/ipv4/conf/%s/route_localnet", b->net.way);
		plain->text = "1";
	}
	if (!b->host->net.has_ipv6)
		return;
	op = add_net(b, OP_LINK_ADDRESS, PHASE_NETWORK, b->net.way, why);
	route = arena_alloc(&b->plan->arena, sizeof(*route));
	if (!route)
		return;
	*route = (struct route){.family = AF_INET6,
				.to = loopback,
				.prefix = 128,
				.table = RT_TABLE_LOCAL,
				.type = RTN_LOCAL};
	op->routes = route;
	op->route_count = 1;
}

void plan_net_host(struct builder *b)
{
	if (b->net.managed || b->spec->links.by_unit)
		add_forwarding(b);
	add_zone(b);
	add_own_link(b);
	add_host_addresses(b);
	add_localhost(b);
}
