/* SPDX-License-Identifier: MIT */
/* The network as a whole: what contradicts itself is refused, what follows is filled in. */
#include "resolve.h"

#include "../base/cleanup.h"
#include "../base/link_names.h"
#include "text.h"

#include <string.h>

static const char *const link_options[] = {"network-veth-extra", "network-interface",
					   "network-macvlan", "network-ipvlan"};

static bool is_link_given(const struct spec *spec)
{
	for (size_t i = 0; i < ARRAY_SIZE(link_options); i++)
		if (spec_given(spec, link_options[i]))
			return true;
	return spec_given(spec, "network-bridge") || spec_given(spec, "network-zone");
}

/* A bridge or zone is what the machine's own link is for. A front end that presumes one gives way
 * to whoever says anything about links himself. */
static void decide_veth(struct spec *spec)
{
	struct spec_links *links = &spec->links;
	bool presumed = links->veth == true && spec->network == SPEC_NETWORK_PRIVATE &&
			!spec_given(spec, "private-network") && !is_link_given(spec);

	if (!spec_given(spec, "network-veth"))
		links->veth = presumed || links->bridge || links->zone;
}

static int check_namespace(struct spec *spec, struct floe_error *error)
{
	const struct spec_links *links = &spec->links;
	bool any = links->veth || links->other_count > 0;

	if (!any)
		return 0;
	if (spec->network == SPEC_NETWORK_PATH)
		return err_usage(error, "--network-namespace-path joins a network that others look "
					"after: it cannot be combined with links of the machine's "
					"own");
	if (spec->network == SPEC_NETWORK_HOST && spec_given(spec, "private-network"))
		return err_usage(error, "links of the machine's own need a network of its own: "
					"they cannot be combined with --private-network=no");
	spec->network = SPEC_NETWORK_PRIVATE;
	return 0;
}

static int check_place(const struct spec *spec, struct floe_error *error)
{
	const struct spec_links *links = &spec->links;

	if (links->bridge && links->zone)
		return err_usage(error, "--network-bridge and --network-zone both say what the "
					"machine's link is a port of: give one of them");
	if ((links->bridge || links->zone) && spec_given(spec, "network-veth") && !links->veth)
		return err_usage(error, "--network-bridge and --network-zone need the link that "
					"--network-veth=no forbids");
	if (links->isolate && (links->bridge || links->zone))
		return err_usage(error, "--isolate is for a link of the machine's own: on a bridge "
					"or in a zone machines are together");
	if (links->rate && (links->bridge || links->zone))
		return err_usage(error, "--rate is for a link of the machine's own: it cannot be "
					"combined with --network-bridge or --network-zone");
	if (links->zone && !links->masquerade)
		return err_usage(error, "--masquerade=no cannot be said for one machine of a zone: "
					"they share the bridge's way out");
	return 0;
}

/* What is said about the machine's own link makes no sense without one. */
static int check_own_link(const struct spec *spec, struct floe_error *error)
{
	static const char *const options[] = {"port", "address",    "gateway", "dns",
					      "dhcp", "masquerade", "isolate", "hosts-entry",
					      "mtu",  "mac",        "rate",    "link-name"};

	if (spec->links.veth)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (spec_given(spec, options[i]))
			return err_usage(
				error,
				"--%s is about a link between the host and the machine: it "
				"needs --network-veth, --network-bridge or --network-zone",
				options[i]);
	return 0;
}

/* What the link is called inside, NULL when that is the host's name, found out later: a link may be
 * named by an alternative name. */
static const char *inside_name(struct spec *spec, const struct spec_link *link)
{
	struct link_name *name;

	if (link->inside || link->kind == SPEC_LINK_VETH)
		return link->inside ? link->inside : link->host;
	if (link->kind == SPEC_LINK_MOVE)
		return strlen(link->host) < IF_NAMESIZE ? link->host : NULL;
	name = arena_alloc(&spec->arena, sizeof(*name));
	if (!name)
		return NULL;
	link_name_make(link->kind == SPEC_LINK_MACVLAN ? LINK_PREFIX_MACVLAN : LINK_PREFIX_IPVLAN,
		       link->host, name);
	return name->name;
}

static int say_twice(const char *name, const char *where, struct floe_error *error)
{
	return err_usage(error, "two links would be called %s %s: give one of them another name",
			 name, where);
}

/* The kernel would only find out when one has been moved already. */
static int check_inside_names(struct spec *spec, struct floe_error *error)
{
	const struct spec_links *links = &spec->links;
	const char *own = links->name ? links->name : "host0";

	if (links->veth && strcmp(own, "lo") == 0)
		return say_twice(own, "inside", error);
	for (size_t i = 0; i < links->other_count; i++) {
		const char *name = inside_name(spec, &links->others[i]);

		if (name && ((links->veth && strcmp(name, own) == 0) || strcmp(name, "lo") == 0))
			return say_twice(name, "inside", error);
		for (size_t k = 0; name && k < i; k++) {
			const char *other = inside_name(spec, &links->others[k]);

			if (other && strcmp(other, name) == 0)
				return say_twice(name, "inside", error);
		}
	}
	return 0;
}

static int check_host_names(struct spec *spec, struct floe_error *error)
{
	const struct spec_links *links = &spec->links;
	struct link_name own;

	link_name_make(links->bridge || links->zone ? LINK_PREFIX_PORT : LINK_PREFIX_VETH,
		       spec->name, &own);
	for (size_t i = 0; i < links->other_count; i++)
		if (links->veth && links->others[i].kind == SPEC_LINK_VETH &&
		    strcmp(links->others[i].host, own.name) == 0)
			return say_twice(own.name, "on the host", error);
	return 0;
}

static const struct spec_address *address_of(const struct spec_links *links, uint8_t family)
{
	for (size_t i = 0; i < links->address_count; i++)
		if (links->addresses[i].inside.family == family)
			return &links->addresses[i];
	return NULL;
}

/* A bridge has an address of its own already, or needs none. */
static int check_addresses(const struct spec *spec, struct floe_error *error)
{
	const struct spec_links *links = &spec->links;
	char text[IP_TEXT_SIZE];

	for (size_t i = 0; i < links->address_count; i++) {
		const struct spec_address *address = &links->addresses[i];
		bool lone = address->prefix + 1U > ip_bits(address->inside.family);

		if (address->host.family && (links->bridge || links->zone))
			return err_usage(error,
					 "the host's address %s cannot be given to a port of a "
					 "bridge; give --gateway",
					 ip_format(&address->host, text));
		if (lone && !address->host.family && !address->no_host && !links->bridge &&
		    !links->zone)
			return err_usage(error,
					 "--address=%s needs a prefix length, or the host's "
					 "address after ','",
					 ip_format(&address->inside, text));
	}
	return 0;
}

static int check_gateways(const struct spec *spec, struct floe_error *error)
{
	const struct spec_links *links = &spec->links;
	char text[IP_TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(links->gateway); i++) {
		const struct ip *gateway = &links->gateway[i];

		if (gateway->family && !address_of(links, gateway->family))
			return err_usage(error,
					 "--gateway=%s needs an --address of its family: else floe "
					 "chooses both",
					 ip_format(gateway, text));
	}
	return 0;
}

/* A port of a bridge of others has an address that only its own network knows. */
static int check_ports(const struct spec *spec, struct floe_error *error)
{
	const struct spec_links *links = &spec->links;
	char text[IP_TEXT_SIZE];

	for (size_t i = 0; i < links->port_count; i++) {
		const struct ip *address = &links->ports[i].address;

		if (address->family && links->address_count > 0 &&
		    !address_of(links, address->family))
			return err_usage(
				error,
				"the port of %s leads nowhere: none of the addresses given "
				"is of its family",
				ip_format(address, text));
	}
	return 0;
}

/* What came with an image says nothing about the host's addresses. */
static const char *variable(const struct spec *spec, const char *name)
{
	const char *value = "";

	for (size_t i = 0; i < spec->environment_count; i++)
		if (strcmp(spec->environment[i].name, name) == 0 && !spec->environment[i].untrusted)
			value = spec->environment[i].value;
	return value;
}

/* One family of what NixOS's container module hands on. */
static int take_pair(struct spec *spec, const char *host_name, const char *local_name,
		     struct floe_error *error)
{
	const char *host = variable(spec, host_name), *local = variable(spec, local_name);
	struct spec_links *links = &spec->links;
	struct spec_address address = {0}, *slot;
	char *text = arena_strdup(&spec->arena, local);
	char *prefix = strchr(text, '/');
	uint64_t bits;

	if (!*host || !*local)
		return 0;
	if (prefix)
		*prefix++ = '\0';
	if (ip_parse(host, &address.host) < 0 || ip_parse(text, &address.inside) < 0)
		return err_usage(error, "%s=%s and %s=%s: expected addresses", host_name, host,
				 local_name, local);
	bits = ip_bits(address.inside.family);
	if (address.host.family != address.inside.family ||
	    (prefix && text_to_unsigned(prefix, bits, &bits) < 0))
		return err_usage(error, "%s=%s and %s=%s: expected addresses of one family",
				 host_name, host, local_name, local);
	address.prefix = (uint8_t)bits;
	address.host_prefix = (uint8_t)ip_bits(address.host.family);
	slot = ARENA_APPEND(&spec->arena, links->addresses, links->address_count);
	if (slot)
		*slot = address;
	return 0;
}

static bool has_nixos_address(const struct spec *spec)
{
	static const char *const names[] = {"HOST_ADDRESS", "LOCAL_ADDRESS", "HOST_ADDRESS6",
					    "LOCAL_ADDRESS6"};
	bool has = false;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		has |= *variable(spec, names[i]) != '\0';
	return has;
}

/*
 * NixOS's containers.NAME says its addresses in the environment of the payload, whose wrapper sets
 * those inside (nixos-containers.nix, containerInit). Those outside are set by commands of the unit
 * when it is one (--keep-unit), and by us when nobody else would.
 */
static int take_nixos_addresses(struct spec *spec, struct floe_error *error)
{
	struct spec_links *links = &spec->links;
	int r = 0;

	if (!links->veth || links->bridge || links->zone || links->address_count > 0 ||
	    strcmp(variable(spec, "PRIVATE_NETWORK"), "1") != 0 || !has_nixos_address(spec))
		return 0;
	links->by_unit = spec->keep_unit;
	if (!links->by_unit)
		r = take_pair(spec, "HOST_ADDRESS", "LOCAL_ADDRESS", error);
	if (!links->by_unit && r == 0)
		r = take_pair(spec, "HOST_ADDRESS6", "LOCAL_ADDRESS6", error);
	if (!links->by_unit && links->address_count == 0)
		return r;
	links->inside_by_payload = true;
	links->host_forwards = true;
	/* The module leaves that to the host's configuration. */
	if (!spec_given(spec, "masquerade"))
		links->masquerade = false;
	return r;
}

int resolve_network(struct spec *spec, struct floe_error *error)
{
	int r;

	decide_veth(spec);
	if ((r = check_place(spec, error)) < 0 || (r = check_namespace(spec, error)) < 0 ||
	    (r = check_own_link(spec, error)) < 0 || (r = check_addresses(spec, error)) < 0 ||
	    (r = check_gateways(spec, error)) < 0 || (r = check_ports(spec, error)) < 0 ||
	    (r = check_inside_names(spec, error)) < 0 || (r = check_host_names(spec, error)) < 0)
		return r;
	return take_nixos_addresses(spec, error);
}
