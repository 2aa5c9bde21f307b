/* SPDX-License-Identifier: MIT */
/* Ops about the network as verb phrases. */
#include "phrase.h"

#include <inttypes.h>
#include <string.h>

static void say_addresses(struct phrase *p, const struct op_net *net)
{
	char text[IP_TEXT_SIZE];

	for (size_t i = 0; i < net->addr_count; i++)
		say(p, "%s%s/%u", i ? ", " : "", ip_format(&net->addrs[i].local, text),
		    net->addrs[i].prefix);
}

static void say_routes(struct phrase *p, const struct op_net *net)
{
	char text[IP_TEXT_SIZE];

	for (size_t i = 0; i < net->route_count; i++) {
		const struct route *route = &net->routes[i];

		if (i > 0 || net->addr_count > 0)
			say(p, ", ");
		if (route->to.family)
			say(p, "a route to %s", ip_format(&route->to, text));
		else
			say(p, "the default route");
		if (route->gateway.family)
			say(p, " via %s", ip_format(&route->gateway, text));
	}
}

static void say_ports(struct phrase *p, const struct net_member *member)
{
	char text[PORT_TEXT_SIZE];

	for (size_t i = 0; i < member->port_count; i++)
		say(p, ", %s", port_describe(&member->ports[i], text));
}

static void say_member_addresses(struct phrase *p, const struct net_member *member)
{
	char text[IP_TEXT_SIZE];

	for (size_t i = 0; i < 2; i++)
		if (member->address[i].family)
			say(p, ", %s", ip_format(&member->address[i], text));
}

void describe_claim(struct phrase *p, const struct op *op)
{
	say(p, "claim a place on the network");
	say_member_addresses(p, &op->net->member);
	say_ports(p, &op->net->member);
}

void describe_zone(struct phrase *p, const struct op *op)
{
	say(p, "make sure of the bridge %s", op->source);
	if (op->net->addr_count > 0)
		say(p, " with ");
	say_addresses(p, op->net);
}

void describe_veth(struct phrase *p, const struct op *op)
{
	say(p, "make the links %s and, inside, %s", op->source, op->net->peer.name);
	if (op->target)
		say(p, ", a port of %s", op->target);
	if (op->net->link.mtu)
		say(p, " (mtu %u)", op->net->link.mtu);
	if (op->net->link.route_localnet)
		say(p, ", which may carry answers to 127.0.0.0/8");
}

void describe_shared(struct phrase *p, const struct op *op)
{
	say(p, "make the %s link %s inside, on %s",
	    op->net->shared == LINK_MACVLAN ? "macvlan" : "ipvlan", op->net->peer.name, op->source);
}

void describe_move(struct phrase *p, const struct op *op)
{
	say(p, "move the link %s to the machine", op->source);
	if (op->net->peer.name)
		say(p, " as %s", op->net->peer.name);
}

void describe_address(struct phrase *p, const struct op *op)
{
	say(p, "give %s ", op->source);
	say_addresses(p, op->net);
	say_routes(p, op->net);
}

void describe_rate(struct phrase *p, const struct op *op)
{
	say(p, "let %s send %" PRIu64 " bits a second at most", op->source, op->number[0]);
}

void describe_serve(struct phrase *p, const struct op *op)
{
	const struct plan_service *service = &op->net->service;
	const char *before = " ";

	say(p, "offer");
	if (service->dhcp)
		say(p, "%saddresses by DHCP", before);
	before = service->dhcp ? ", " : before;
	if (service->ra)
		say(p, "%srouter advertisements", before);
	before = service->dhcp || service->ra ? ", " : before;
	if (service->dns)
		say(p, "%snames by DNS", before);
	say(p, " on %s", op->source);
}

void describe_join(struct phrase *p, const struct op *op)
{
	const struct net_member *member = &op->net->member;

	say(p, "join the machines of the host");
	if (!op->flags)
		return;
	say(p, ", in the nftables table floe");
	if (member->masquerade)
		say(p, ", masquerade");
	if (member->isolate)
		say(p, ", isolate");
	if (member->rate)
		say(p, ", %" PRIu64 " bits a second at most", member->rate);
	say_ports(p, member);
}

void describe_link_inside(struct phrase *p, const struct op *op)
{
	say(p, "bring %s up", op->target);
	if (op->net->addr_count > 0)
		say(p, " with ");
	say_addresses(p, op->net);
	say_routes(p, op->net);
}
