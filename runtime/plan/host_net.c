/* SPDX-License-Identifier: MIT */
/* The host's network, where the machine is to have links: whether it can, and how it is kept. */
#include "host_net_parts.h"

#include "../../netlink/link.h"
#include "../../netlink/nft_dump.h"
#include "../base/cleanup.h"
#include "../base/link_names.h"
#include "../base/siphash.h"
#include "../net/zone.h"
#include "../sys/path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* ---- links of the host that the spec speaks of ---- */

static int say_missing(const char *option, const char *name, struct floe_error *error)
{
	err_set(error, FLOE_ERROR_NOT_FOUND, ENODEV, "cannot use --%s=%s: the host has no link %s",
		option, name, name);
	return err_hint(error, "\"ip link\" shows those it has");
}

static int check_bridge(struct probe *probe)
{
	const char *name = probe->spec->links.bridge;
	struct link_info info;
	int r;

	if (!name)
		return 0;
	r = link_find(&probe->route, &probe->host->arena, name, &info, NULL);
	if (r == -ENODEV)
		return say_missing("network-bridge", name, probe->error);
	if (r < 0)
		return netlink_fail(&probe->route, probe->error, r, "cannot look at the link %s",
				    name);
	if (strcmp(info.kind, "bridge") != 0)
		return err_set(probe->error, FLOE_ERROR_USAGE, EINVAL,
			       "cannot use --network-bridge=%s: the link is no bridge", name);
	return 0;
}

/* Of the machine's last life, and about to go. */
static bool is_own(const struct probe *probe, const struct link_info *info)
{
	const size_t length = strlen(LINK_ALIAS_MACHINE);

	return strncmp(info->alias, LINK_ALIAS_MACHINE, length) == 0 &&
	       strcmp(info->alias + length, probe->spec->name) == 0;
}

static int check_other(struct probe *probe, const struct spec_link *link)
{
	static const char *const options[] = {
		[SPEC_LINK_VETH] = "network-veth-extra",
		[SPEC_LINK_MOVE] = "network-interface",
		[SPEC_LINK_MACVLAN] = "network-macvlan",
		[SPEC_LINK_IPVLAN] = "network-ipvlan",
	};
	struct link_info info;
	int r = link_find(&probe->route, &probe->host->arena, link->host, &info, NULL);

	if (link->kind == SPEC_LINK_VETH && r >= 0 && !is_own(probe, &info))
		return err_set(probe->error, FLOE_ERROR_BUSY, EEXIST,
			       "cannot use --network-veth-extra=%s: the host has a link of that "
			       "name",
			       link->host);
	if (link->kind != SPEC_LINK_VETH && r == -ENODEV)
		return say_missing(options[link->kind], link->host, probe->error);
	return 0;
}

static int check_links(struct probe *probe)
{
	const struct spec_links *links = &probe->spec->links;
	int r = check_bridge(probe);

	for (size_t i = 0; r == 0 && i < links->other_count; i++)
		r = check_other(probe, &links->others[i]);
	return r;
}

/* ---- who looks after links like the machine's ---- */

static bool runs_networkd(const char *mount)
{
	char path[PATH_MAX];

	if (!mount || !*mount)
		return false;
	snprintf(path, sizeof(path), "%s/system.slice/systemd-networkd.service/cgroup.procs",
		 mount);
	return file_has_content(path) > 0;
}

/* The first file of the name counts, and an empty one or a link to /dev/null is none
 * (systemd.network(5)). */
static bool has_network_file(const char *name)
{
	static const char *const directories[] = {
		"/etc/systemd/network", "/run/systemd/network", "/usr/local/lib/systemd/network",
		"/usr/lib/systemd/network", "/lib/systemd/network"};
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		int r;

		snprintf(path, sizeof(path), "%s/%s", directories[i], name);
		r = file_has_content(path);
		if (r != -ENOENT)
			return r > 0;
	}
	return false;
}

static void probe_networkd(struct probe *probe)
{
	const struct host *host = probe->host;
	bool runs = runs_networkd(host->unified.mount);

	for (size_t i = 0; !runs && i < host->hierarchy_count; i++)
		if (strcmp(host->hierarchies[i].controllers, "name=systemd") == 0)
			runs = runs_networkd(host->hierarchies[i].mount);
	probe->net->networkd =
		runs && has_network_file(probe->spec->links.zone ? "80-container-vz.network"
								 : "80-container-ve.network");
}

/* ---- the kernel ---- */

static void probe_kernel(struct probe *probe)
{
	CLEANUP_NETLINK struct netlink filter = NETLINK_CLOSED;
	struct nft_table_info info;
	char text[8] = "";
	int r;

	r = netlink_open(&filter, NETLINK_NETFILTER, NULL);
	if (r == 0)
		r = nft_table_find(&filter, &probe->host->arena, NFPROTO_INET, "floe", &info, NULL);
	probe->net->has_nftables = r == 0 || r == -ENOENT;
	r = (int)file_read("/proc/sys/net/ipv6/conf/all/disable_ipv6", text, sizeof(text));
	probe->net->has_ipv6 = r > 0 && *text == '0';
	r = (int)file_read("/proc/sys/net/bridge/bridge-nf-call-ip6tables", text, sizeof(text));
	probe->net->filters_bridges6 = r > 0 && *text == '1';
}

/* Hosts without a machine id get addresses that are as stable as their name. */
static void make_seed(struct probe *probe)
{
	static const uint8_t keys[2][16] = {{0x9b, 0x1d}, {0x4e, 0x83}};
	const struct host *host = probe->host;
	uint8_t *seed = probe->net->seed;

	for (size_t i = 0; host->machine_id && i < 16; i++)
		sscanf(host->machine_id + 2 * i, "%2hhx", &seed[i]);
	for (size_t i = 0; !host->machine_id && i < 2; i++) {
		uint64_t hash = siphash24(host->hostname, strlen(host->hostname), keys[i]);

		memcpy(seed + 8 * i, &hash, sizeof(hash));
	}
}

bool net_is_managed(const struct spec *spec, const struct host_net *net)
{
	const struct spec_links *links = &spec->links;

	if (!links->veth || links->bridge || links->by_unit)
		return false;
	return !net->networkd || links->address_count > 0 || links->dhcp == SPEC_DHCP_YES;
}

int host_net(struct host *host, const struct spec *spec, struct floe_error *error)
{
	static int (*const steps[])(struct probe * probe) = {
		check_links,
		probe_forwarding,
		probe_addresses,
		check_ports,
	};
	struct probe probe = {.host = host,
			      .net = &host->net,
			      .spec = spec,
			      .error = error,
			      .route = NETLINK_CLOSED};
	int r;

	if (!spec->links.veth && spec->links.other_count == 0)
		return 0;
	r = netlink_open(&probe.route, NETLINK_ROUTE, error);
	if (r == 0)
		r = net_table_read(&probe.table, error);
	if (r == 0) {
		make_seed(&probe);
		probe_networkd(&probe);
		probe_kernel(&probe);
		probe_dns(&probe);
		probe_firewall(&probe);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](&probe);
	net_table_free(&probe.table);
	netlink_close(&probe.route);
	return r;
}
