/* SPDX-License-Identifier: MIT */
/* The machine's network: what its own link is called, its addresses, what the rest has to know. */
#include "builder.h"

#include "../base/cleanup.h"
#include "../base/link_names.h"

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

struct ip plan_net_host_of(const struct spec_address *address)
{
	if (address->no_host)
		return (struct ip){0};
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
		b->net.host_prefix[family] = address->host_prefix;
		if (!links->bridge && !links->zone)
			b->net.host[family] = plan_net_host_of(address);
	}
}

static void take_chosen(struct builder *b)
{
	const struct host_net *net = &b->host->net;

	memcpy(b->net.machine, net->machine, sizeof(net->machine));
	memcpy(b->net.host, net->gateway, sizeof(net->gateway));
	memcpy(b->net.prefix, net->prefix, sizeof(net->prefix));
	memcpy(b->net.host_prefix, net->prefix, sizeof(net->prefix));
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

/* ---- what the host's network has to know ---- */

static void fill_member(struct builder *b, struct net_member *member)
{
	const struct spec_links *links = &b->spec->links;
	bool masquerade = (b->net.managed || links->by_unit) && links->masquerade &&
			  b->host->net.has_nftables;

	*member = (struct net_member){
		.machine = b->plan->name,
		.link = b->net.way,
		.zone = links->zone ? links->zone : "",
		.masquerade = masquerade,
		.isolate = links->isolate,
		.hosts_entry = links->hosts_entry,
		.containers_entry = links->containers_entry,
		.rate = links->rate,
		.ports = links->ports,
		.port_count = links->port_count,
	};
	memcpy(member->mac, b->net.mac, sizeof(member->mac));
	memcpy(member->address, b->net.machine, sizeof(member->address));
	memcpy(member->gateway, b->net.host, sizeof(member->gateway));
	memcpy(member->prefix, b->net.host_prefix, sizeof(member->prefix));
}

static bool needs_member(const struct builder *b)
{
	const struct spec_links *links = &b->spec->links;

	return b->net.managed || links->by_unit || links->port_count > 0 || links->isolate ||
	       links->rate || links->hosts_entry || links->containers_entry || links->zone;
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

/* Rules name links, which need not be there yet. But ports of our own are known only when what serves
 * has them, and a zone is joined when it is there. */
static void add_join(struct builder *b)
{
	const struct spec_links *links = &b->spec->links;
	enum op_phase phase = b->net.relay || links->zone ? PHASE_NETWORK : PHASE_HOST;

	if (!needs_member(b))
		return;
	fill_member(b,
		    &add_net(b, OP_NET_JOIN, phase, b->net.link, "the rest of the network is told")
			     ->member);
	b->plan->ops[b->plan->op_count - 1].flags = b->host->net.has_nftables;
	if ((links->port_count > 0 || links->hosts_entry || links->containers_entry ||
	     links->zone) &&
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
	if ((b->net.managed || links->by_unit) && links->masquerade)
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
	plan_net_host(b);
	plan_net_links(b);
	plan_net_serve(b);
	add_join(b);
	b->plan->ports = b->spec->links.ports;
	b->plan->port_count = b->spec->links.port_count;
	return 0;
}
