/* SPDX-License-Identifier: MIT */
/* The machine's own link: what it is called, its addresses, its ways out and in. */
#include "builder.h"

#include "../base/cleanup.h"
#include "../base/link_names.h"
#include "../net/zone.h"

#include <errno.h>
#include <string.h>

static struct op_net *spare_net(void)
{
	static _Thread_local struct op_net spare;

	memset(&spare, 0, sizeof(spare));
	return &spare;
}

struct op_net *add_net(struct builder *b, enum op_kind kind, enum op_phase phase,
		       const char *source, const char *why)
{
	struct op *op = op_add(b, kind, phase, why);
	struct op_net *net = arena_alloc(&b->plan->arena, sizeof(*net));

	if (!net)
		net = spare_net();
	op->source = source;
	op->net = net;
	return net;
}

/* ---- deciding ---- */

static void decide_names(struct builder *b)
{
	const struct spec_links *links = &b->spec->links;
	struct link_name *name = arena_alloc(&b->plan->arena, sizeof(*name));
	bool port = links->bridge || links->zone;

	if (!name)
		return;
	link_name_make(port ? LINK_PREFIX_PORT : LINK_PREFIX_VETH, b->plan->name, name);
	b->net.link = name->name;
	b->net.altname = *name->altname ? name->altname : NULL;
	b->net.way = links->zone     ? text(b, LINK_PREFIX_ZONE "%s", links->zone)
		     : links->bridge ? ""
				     : b->net.link;
	link_mac_make(LINK_MAC_HOST, b->host->net.seed, b->plan->name, 0, b->net.host_mac);
	link_mac_make(LINK_MAC_CONTAINER, b->host->net.seed, b->plan->name, 0, b->net.mac);
	if (links->has_mac)
		memcpy(b->net.mac, links->mac, sizeof(links->mac));
}

/* The first address of the network that is not the machine's. */
static struct ip other_end(const struct ip *machine, uint8_t prefix)
{
	struct ip ip = ip_network(machine, prefix);
	size_t last = ip_size(ip.family) - 1;

	/* Networks of two addresses have no others (RFC 3021, RFC 6164). */
	if (prefix + 1U < ip_bits(ip.family))
		ip.bytes[last]++;
	if (ip_equal(&ip, machine))
		ip.bytes[last]++;
	return ip;
}

static struct ip host_of(const struct spec_address *address)
{
	return address->host.family ? address->host : other_end(&address->inside, address->prefix);
}

/* Of several addresses of a family the first is the machine's. */
static void take_given(struct builder *b)
{
	const struct spec_links *links = &b->spec->links;

	for (size_t i = links->address_count; i > 0; i--) {
		const struct spec_address *address = &links->addresses[i - 1];
		unsigned int family = family_index(address->inside.family);

		b->net.machine[family] = address->inside;
		b->net.prefix[family] = address->prefix;
		if (!links->bridge && !links->zone)
			b->net.host[family] = host_of(address);
	}
}

static void take_chosen(struct builder *b)
{
	const struct host_net *net = &b->host->net;

	memcpy(b->net.machine, net->machine, sizeof(net->machine));
	memcpy(b->net.host, net->gateway, sizeof(net->gateway));
	memcpy(b->net.prefix, net->prefix, sizeof(net->prefix));
}

static void decide_addresses(struct builder *b)
{
	const struct spec_links *links = &b->spec->links;

	b->net.managed = net_is_managed(b->spec, &b->host->net);
	if (links->address_count > 0)
		take_given(b);
	else if (b->net.managed)
		take_chosen(b);
	for (size_t i = 0; i < ARRAY_SIZE(b->net.gateway) && !links->no_gateway; i++)
		b->net.gateway[i] = links->gateway[i].family ? links->gateway[i] : b->net.host[i];
	b->net.inside = (b->net.managed || links->address_count > 0) &&
			links->dhcp != SPEC_DHCP_YES && !links->inside_by_payload;
	memcpy(b->plan->address, b->net.machine, sizeof(b->plan->address));
}

/* A zone's machines know each other by name, and a host whose resolver listens to nobody but itself
 * has to be asked by one of its own. */
static void decide_dns(struct builder *b)
{
	const struct spec_links *links = &b->spec->links;
	const struct host_net *net = &b->host->net;
	struct ip *own = arena_alloc(&b->plan->arena, 2 * sizeof(*own));

	if (links->no_dns || !own)
		return;
	if (links->dns_count > 0) {
		b->net.dns = links->dns;
		b->net.dns_count = links->dns_count;
		return;
	}
	if (!b->net.managed || links->inside_by_payload)
		return;
	b->net.relay = (links->zone || net->dns_is_local) && b->net.host[0].family;
	b->net.dns = b->net.relay ? own : net->dns;
	b->net.dns_count = b->net.relay ? 0 : net->dns_count;
	for (size_t i = 0; b->net.relay && i < 2; i++)
		if (b->net.host[i].family)
			own[b->net.dns_count++] = b->net.host[i];
}

/* ---- the host's side ---- */

static void share_setting(struct builder *b, const char *path, const char *value, const char *why)
{
	struct op *op = op_add(b, OP_SYSCTL, PHASE_NETWORK, why);

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
	static const char *const format = "/proc/sys/net/ipv4/conf/%s/forwarding";
	static const char *const fresh[] = {"default", NULL};

	if (net->is_arranged || b->spec->links.inside_by_payload)
		return;
	if (!net->forwards[0]) {
		share_settings(b, format, fresh, "1", "links to come let packets pass");
		share_settings(b, format, net->uplinks, "1",
			       "what machines send and get passes here");
	}
	if (!net->forwards[1] && b->net.machine[1].family)
		add_forwarding6(b);
}

static struct addr *copy_addrs(struct builder *b, const struct addr *addrs, size_t count)
{
	struct addr *copy = arena_alloc(&b->plan->arena, (count + 1) * sizeof(*copy));

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
						       .prefix = b->net.prefix[i],
						       .flags = IFA_F_NODAD};
	if (b->net.host[1].family)
		addrs[count++] = (struct addr){.local = router,
					       .prefix = 64,
					       .scope = RT_SCOPE_LINK,
					       .flags = IFA_F_NODAD};
	op->addrs = copy_addrs(b, addrs, count);
	op->addr_count = count;
}

/* The host's ends of further addresses, and routes to those that no network leads to. */
static void set_given_addresses(struct builder *b, struct op_net *op)
{
	const struct spec_links *links = &b->spec->links;
	struct addr *addrs = copy_addrs(b, op->addrs, op->addr_count + links->address_count);
	struct route *routes =
		arena_alloc(&b->plan->arena, (links->address_count + 1) * sizeof(*routes));

	for (size_t i = 0; addrs && routes && i < links->address_count; i++) {
		const struct spec_address *address = &links->addresses[i];
		struct ip host = host_of(address);
		uint8_t family = host.family;

		if (!ip_equal(&host, &b->net.host[family_index(family)]))
			addrs[op->addr_count++] = (struct addr){
				.local = host, .prefix = address->prefix, .flags = IFA_F_NODAD};
		if (address->prefix == ip_bits(family))
			routes[op->route_count++] = (struct route){.family = family,
								   .to = address->inside,
								   .prefix = address->prefix,
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
	op->peer = (struct link_setting){
		.name = "host0", .mac = keep_mac(b, b->net.mac), .mtu = links->mtu};
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

/* ---- what the host's network has to know ---- */

static void fill_member(struct builder *b, struct net_member *member)
{
	const struct spec_links *links = &b->spec->links;
	bool masquerade = b->net.managed && links->masquerade && b->host->net.has_nftables;

	*member = (struct net_member){
		.machine = b->plan->name,
		.link = b->net.way,
		.zone = links->zone ? links->zone : "",
		.masquerade = masquerade,
		.isolate = links->isolate,
		.hosts_entry = links->hosts_entry,
		.rate = links->rate,
		.ports = links->ports,
		.port_count = links->port_count,
	};
	memcpy(member->mac, b->net.mac, sizeof(member->mac));
	memcpy(member->address, b->net.machine, sizeof(member->address));
	memcpy(member->gateway, b->net.host, sizeof(member->gateway));
	memcpy(member->prefix, b->net.prefix, sizeof(member->prefix));
}

static bool needs_member(const struct builder *b)
{
	const struct spec_links *links = &b->spec->links;

	return b->net.managed || links->port_count > 0 || links->isolate || links->rate ||
	       links->hosts_entry || links->zone;
}

static void add_claim(struct builder *b)
{
	const struct host_net *net = &b->host->net;
	struct op *op;

	if (!needs_member(b))
		return;
	fill_member(b, &add_net(b, OP_NET_CLAIM, PHASE_BEFORE, NULL,
				"no other machine gets its addresses and ports")
				->member);
	trace_add(b, TRACE_NETWORK, b->plan->name);
	/* The first that follow from the name need not be written down, and no name that is nobody's
	 * later. */
	if (!b->net.managed || b->spec->links.address_count > 0 || net->choice_is_kept ||
	    net->choice == 0 || b->spec->ephemeral != SPEC_EPHEMERAL_NO)
		return;
	op = op_add(b, OP_NET_KEEP, PHASE_BEFORE, "it has the same addresses the next time");
	op->source = text(b, "%s/addresses/%s", b->host->state_dir, b->plan->name);
	op->text = text(b, "%u\n", net->choice);
}

static void add_join(struct builder *b)
{
	const struct spec_links *links = &b->spec->links;

	if (!needs_member(b))
		return;
	fill_member(b, &add_net(b, OP_NET_JOIN, PHASE_NETWORK, b->net.link,
				"the rest of the network is told")
				->member);
	b->plan->ops[b->plan->op_count - 1].flags = b->host->net.has_nftables;
	if ((links->port_count > 0 || links->hosts_entry || links->zone) &&
	    (plan_net_offers(b) || (!b->net.machine[0].family && !b->net.machine[1].family)))
		op_add(b, OP_NET_WATCH, PHASE_NETWORK, "its own client decides which it has")
			->source = b->net.link;
}

/* ---- whether it can be had ---- */

static int check_rules(struct builder *b)
{
	const struct spec_links *links = &b->spec->links;
	const char *option = links->port_count > 0 ? "--port"
			     : links->isolate      ? "--isolate"
			     : links->rate         ? "--rate"
						   : NULL;

	if (b->host->net.has_nftables)
		return 0;
	if (option)
		return err_set(b->error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			       "cannot use %s: this kernel has no nftables (CONFIG_NF_TABLES_INET)",
			       option);
	if (b->net.managed && links->masquerade)
		note_add(b, false,
			 "this kernel has no nftables: the machine reaches the host, and others "
			 "only if they know a route to it");
	b->net.relay = false;
	return 0;
}

static void note_limits(struct builder *b)
{
	const struct spec_links *links = &b->spec->links;

	if (b->host->net.firewall && (links->masquerade || links->port_count > 0))
		note_add(b, false,
			 "%s stops what passes between links: nobody but the host reaches the "
			 "machine, and it nobody else, unless those of %s may pass (%s)",
			 b->host->net.firewall, b->net.way, b->host->net.firewall_help);
}

/* The answer's destination becomes ::1 on the bridge, which takes it for one of its own
 * (br_nf_pre_routing_finish_ipv6()). */
static void note_localhost(struct builder *b)
{
	const struct spec_links *links = &b->spec->links;

	if (links->zone && links->port_count > 0 && b->host->net.filters_bridges6 &&
	    b->net.host[1].family)
		note_add(
			b, false,
			"the kernel filters IPv6 on bridges (net.bridge.bridge-nf-call-ip6tables): "
			"ports of the zone's machines do not answer on [::1], but on all else");
}

int plan_net(struct builder *b)
{
	int r;

	if (!b->spec->links.veth) {
		plan_net_links(b);
		return 0;
	}
	decide_names(b);
	decide_addresses(b);
	decide_dns(b);
	r = check_rules(b);
	if (r < 0)
		return r;
	note_limits(b);
	note_localhost(b);
	add_claim(b);
	if (b->net.managed)
		add_forwarding(b);
	add_zone(b);
	add_own_link(b);
	add_host_addresses(b);
	add_localhost(b);
	plan_net_links(b);
	plan_net_serve(b);
	add_join(b);
	b->plan->ports = b->spec->links.ports;
	b->plan->port_count = b->spec->links.port_count;
	return 0;
}
