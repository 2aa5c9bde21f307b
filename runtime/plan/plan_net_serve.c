/* SPDX-License-Identifier: MIT */
/* What is offered on the machine's link, and what is set at its other end at the start. */
#include "builder.h"

#include "../base/names.h"

#include <string.h>

/* An hour, as systemd-networkd gives: the address stays the same for as long as the name does. */
#define LEASE_SECONDS 3600

/* RFC 4861 section 6.2.1 and RFC 8106 section 5.1: three times the longest pause between two. */
#define ROUTER_SECONDS    1800
#define PREFIX_SECONDS    86400
#define PREFERRED_SECONDS 14400

static bool in_zone(const struct builder *b)
{
	return b->spec->links.zone != NULL;
}

static void fill_lease(struct builder *b, struct dhcp_lease *lease)
{
	const struct builder_net *net = &b->net;
	const char *name = b->spec->hostname ? b->spec->hostname : b->plan->name;

	memcpy(&lease->server, net->host[0].bytes, sizeof(lease->server));
	memcpy(&lease->address, net->machine[0].bytes, sizeof(lease->address));
	memcpy(&lease->router, net->gateway[0].bytes, sizeof(lease->router));
	lease->prefix = net->prefix[0];
	for (size_t i = 0; i < net->dns_count && lease->dns_count < DHCP_DNS_MAX; i++)
		if (net->dns[i].family == AF_INET)
			memcpy(&lease->dns[lease->dns_count++], net->dns[i].bytes,
			       sizeof(lease->dns[0]));
	strncpy(lease->host_name, name, sizeof(lease->host_name) - 1);
	lease->mtu = (uint16_t)b->spec->links.mtu;
	lease->lease_seconds = LEASE_SECONDS;
	if (in_zone(b))
		memcpy(lease->client_mac, net->mac, sizeof(lease->client_mac));
}

static void fill_router(struct builder *b, struct ra_router *router)
{
	const struct builder_net *net = &b->net;
	const struct ip source = {.family = AF_INET6, .bytes = {0xfe, 0x80, [15] = 1}};
	struct ip prefix = ip_network(&net->machine[1], net->prefix[1]);

	memcpy(&router->source, source.bytes, sizeof(router->source));
	memcpy(&router->prefix, prefix.bytes, sizeof(router->prefix));
	router->prefix_length = net->prefix[1];
	router->valid_seconds = PREFIX_SECONDS;
	router->preferred_seconds = PREFERRED_SECONDS;
	router->router_seconds = net->gateway[1].family ? ROUTER_SECONDS : 0;
	for (size_t i = 0; i < net->dns_count && router->dns_count < RA_DNS_MAX; i++)
		if (net->dns[i].family == AF_INET6)
			memcpy(&router->dns[router->dns_count++], net->dns[i].bytes,
			       sizeof(router->dns[0]));
	router->dns_seconds = ROUTER_SECONDS;
	router->mtu = b->spec->links.mtu;
	if (in_zone(b))
		memcpy(router->client_mac, net->mac, sizeof(router->client_mac));
}

/* Whoever boots an init may have a client that drops what was set and asks. */
bool plan_net_offers(const struct builder *b)
{
	const struct spec_links *links = &b->spec->links;

	if (!b->net.managed || links->bridge || links->inside_by_payload)
		return false;
	return links->dhcp == SPEC_DHCP_YES ||
	       (links->dhcp == SPEC_DHCP_AUTO && b->spec->start == SPEC_START_BOOT);
}

void plan_net_serve(struct builder *b)
{
	struct plan_service service = {
		.dhcp = plan_net_offers(b) && b->net.host[0].family && b->net.machine[0].family,
		/* Other networks than those of 64 bits say nothing to who makes addresses. */
		.ra = plan_net_offers(b) && b->net.host[1].family && b->net.prefix[1] == 64 &&
		      (b->spec->links.mtu == 0 || b->spec->links.mtu >= 1280),
		.dns = b->net.relay,
		.zone = b->spec->links.zone,
	};

	if (!service.dhcp && !service.ra && !service.dns)
		return;
	if (service.dhcp)
		fill_lease(b, &service.lease);
	if (service.ra)
		fill_router(b, &service.router);
	if (service.dns)
		memcpy(service.dns_at, b->net.host, sizeof(service.dns_at));
	if (in_zone(b))
		memcpy(service.dns_client, b->net.mac, sizeof(service.dns_client));
	add_net(b, OP_LINK_SERVE, PHASE_NETWORK, b->net.way,
		"by a process that may do nothing else")
		->service = service;
}

/* ---- the machine's end ---- */

static size_t put_route(struct route *routes, size_t count, const struct ip *to, uint8_t prefix,
			const struct ip *gateway, uint8_t family)
{
	routes[count] =
		(struct route){.family = family,
			       .to = *to,
			       .prefix = prefix,
			       .gateway = *gateway,
			       .scope = gateway->family ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK};
	return count + 1;
}

/* Whether the machine's network has IP; else a route to it has to be set first. */
static bool is_near(const struct builder_net *net, size_t family, const struct ip *ip)
{
	struct ip own = ip_network(&net->machine[family], net->prefix[family]);
	struct ip other = ip_network(ip, net->prefix[family]);

	return ip_equal(&own, &other);
}

static void set_routes(struct builder *b, struct op_net *op)
{
	const struct ip none = {0};
	struct route *routes = arena_alloc(&b->plan->arena, 4 * sizeof(*routes));
	size_t count = 0;

	for (size_t i = 0; routes && i < 2; i++) {
		const struct ip *gateway = &b->net.gateway[i];
		uint8_t family = gateway->family;

		if (!b->net.machine[i].family || !family)
			continue;
		if (!is_near(&b->net, i, gateway))
			count = put_route(routes, count, gateway, (uint8_t)ip_bits(family), &none,
					  family);
		count = put_route(routes, count, &none, 0, gateway, family);
	}
	op->routes = routes;
	op->route_count = count;
}

static void set_addresses(struct builder *b, struct op_net *op)
{
	const struct spec_links *links = &b->spec->links;
	struct addr *addrs =
		arena_alloc(&b->plan->arena, (links->address_count + 2) * sizeof(*addrs));
	size_t count = 0;

	for (size_t i = 0; addrs && i < links->address_count; i++)
		addrs[count++] = (struct addr){.local = links->addresses[i].inside,
					       .prefix = links->addresses[i].prefix,
					       .flags = IFA_F_NODAD};
	for (size_t i = 0; addrs && links->address_count == 0 && i < 2; i++)
		if (b->net.machine[i].family)
			addrs[count++] = (struct addr){.local = b->net.machine[i],
						       .prefix = b->net.prefix[i],
						       .flags = IFA_F_NODAD};
	op->addrs = addrs;
	op->addr_count = count;
}

void plan_net_inside(struct builder *b)
{
	struct op_net *op;

	if (!b->net.inside && !b->spec->links.name)
		return;
	op = add_net(b, OP_LINK_INSIDE, PHASE_LATE, NULL,
		     b->net.inside ? "the network works from the first moment"
				   : "a link that was named is brought up");
	b->plan->ops[b->plan->op_count - 1].target =
		b->spec->links.name ? b->spec->links.name : "host0";
	op->link.state = LINK_UP;
	if (!b->net.inside)
		return;
	set_addresses(b, op);
	set_routes(b, op);
}
