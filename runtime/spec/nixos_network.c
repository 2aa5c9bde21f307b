/* SPDX-License-Identifier: MIT */
/*
 * The network of a NixOS container: what its start script asks of systemd-nspawn, what the script of
 * the unit does to the host's end after the start, and the wrapper of the init to the other.
 */
#include "../base/cleanup.h"
#include "nixos_apply.h"
#include "text.h"

#include <string.h>

/* What the container's end is called when the wrapper is done. */
#define LINK_NAME "eth0"

struct family {
	enum nixos_key host, local;
};

static const struct family families[] = {
	{NIXOS_HOST_ADDRESS, NIXOS_LOCAL_ADDRESS},
	{NIXOS_HOST_ADDRESS6, NIXOS_LOCAL_ADDRESS6},
};

/* The script looks at these, not at PRIVATE_NETWORK, for whether there is a link of its own. */
static bool wants_link(const struct nixos_apply *apply)
{
	static const enum nixos_key keys[] = {NIXOS_HOST_ADDRESS,      NIXOS_HOST_ADDRESS6,
					      NIXOS_LOCAL_ADDRESS,     NIXOS_LOCAL_ADDRESS6,
					      NIXOS_LOCAL_MAC_ADDRESS, NIXOS_HOST_BRIDGE};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (nixos_has(apply, keys[i]))
			return true;
	return false;
}

static const char *lone_prefix(const char *address)
{
	if (strchr(address, '/'))
		return "";
	return strchr(address, ':') ? "/128" : "/32";
}

/*
 * "ip addr add" takes an address without a prefix for a network of one. The host's end is always one:
 * many containers have the same one there, and routes lead to each.
 */
static void set_addresses(struct nixos_apply *apply, const struct family *family)
{
	const char *host = nixos_value(apply, family->host);
	const char *local = nixos_value(apply, family->local);
	struct arena *arena = &apply->spec->arena;
	bool port = nixos_has(apply, NIXOS_HOST_BRIDGE);

	if (*host && !*local)
		nixos_warn(apply, family->host, "there is no %s=, and so no way back; ignored",
			   nixos_key_name(family->local));
	if (!*local)
		return;
	if (port)
		nixos_set(apply, family->local, "address", local);
	else if (*host)
		nixos_set(apply, family->local, "address",
			  arena_printf(arena, "%s,%s%s", local, host, lone_prefix(host)));
	else
		nixos_set(apply, family->local, "address", arena_printf(arena, "%s,no", local));
	if (port && *host)
		nixos_set(apply, family->host, "gateway", host);
}

/* "tcp:80:8080,udp:53:53" */
static void set_ports(struct nixos_apply *apply, bool link)
{
	const char *rest = nixos_value(apply, NIXOS_HOST_PORT);
	char *port;

	if (*rest && !link) {
		nixos_warn(apply, NIXOS_HOST_PORT,
			   "the container has no link to the host that ports could lead to; "
			   "ignored");
		return;
	}
	while ((port = nixos_word(apply, &rest, ",")))
		nixos_set(apply, NIXOS_HOST_PORT, "port", port);
}

static void set_words(struct nixos_apply *apply, enum nixos_key key, const char *option)
{
	const char *rest = nixos_value(apply, key);
	char *word;

	while ((word = nixos_word(apply, &rest, " \t\n")))
		nixos_set(apply, key, option, word);
}

/* A link without addresses is one that somebody asks for them by; what is given is all there is. */
static void set_link(struct nixos_apply *apply)
{
	struct spec_links *links = &apply->spec->links;
	const char *bridge = nixos_value(apply, NIXOS_HOST_BRIDGE);

	nixos_set(apply, NIXOS_PRIVATE_NETWORK, "network-veth", NULL);
	nixos_set(apply, NIXOS_PRIVATE_NETWORK, "link-name", LINK_NAME);
	if (*bridge)
		nixos_set(apply, NIXOS_HOST_BRIDGE, "network-bridge", bridge);
	if (nixos_has(apply, NIXOS_LOCAL_MAC_ADDRESS))
		nixos_set(apply, NIXOS_LOCAL_MAC_ADDRESS, "mac",
			  nixos_value(apply, NIXOS_LOCAL_MAC_ADDRESS));
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		set_addresses(apply, &families[i]);
	links->dhcp = links->address_count > 0 ? SPEC_DHCP_NO : SPEC_DHCP_YES;
	links->containers_entry = links->address_count > 0 && apply->host->may_name;
	/* networking.nat is what NixOS has for a way out. */
	links->masquerade = false;
	links->host_forwards = true;
	links->no_dns = true;
}

static void set_namespace(struct nixos_apply *apply)
{
	const char *path = nixos_value(apply, NIXOS_NETWORK_NAMESPACE_PATH);

	if (*path && *path != '/')
		nixos_refuse(apply, NIXOS_NETWORK_NAMESPACE_PATH, "expected an absolute path");
	else if (*path)
		nixos_set(apply, NIXOS_NETWORK_NAMESPACE_PATH, "network-namespace-path", path);
}

void nixos_set_network(struct nixos_apply *apply)
{
	struct spec *spec = apply->spec;
	bool link = wants_link(apply);

	spec->network = SPEC_NETWORK_HOST;
	spec->links.veth = false;
	if (nixos_conf_truth(apply->conf, NIXOS_PRIVATE_NETWORK) || link)
		nixos_set(apply, NIXOS_PRIVATE_NETWORK, "private-network", NULL);
	set_namespace(apply);
	if (link)
		set_link(apply);
	set_ports(apply, link);
	set_words(apply, NIXOS_INTERFACES, "network-interface");
	set_words(apply, NIXOS_MACVLANS, "network-macvlan");
	if (nixos_conf_truth(apply->conf, NIXOS_COPY_RESOLV_CONF))
		nixos_set(apply, NIXOS_COPY_RESOLV_CONF, "resolv-conf", "replace-host");
}
