/* SPDX-License-Identifier: MIT */
/* Whether the host lets packets pass between its links, and which links would have to. */
#include "host_net_parts.h"

#include "../../netlink/link.h"
#include "../net/table.h"
#include "../net/zone.h"
#include "../sys/path.h"

#include <linux/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long read_setting(const char *format, const char *link)
{
	char path[128], text[16];

	snprintf(path, sizeof(path), format, link);
	return file_read(path, text, sizeof(text)) > 0 ? strtol(text, NULL, 10) : -1;
}

static void add_name(struct probe *probe, const char ***names, size_t *count, const char *name)
{
	const char **slot = ARENA_APPEND(&probe->host->arena, *names, *count);

	if (slot)
		*slot = name;
}

/* Links of machines say whose they are, those of others that are ports leave it to their bridge. */
static bool leads_outside(const struct link_info *link)
{
	return (link->flags & IFF_UP) && !(link->flags & IFF_LOOPBACK) && link->master == 0 &&
	       strncmp(link->alias, LINK_ALIAS_MACHINE, strlen(LINK_ALIAS_MACHINE)) != 0;
}

/* Hosts that live on router advertisements would lose their addresses when they become routers:
 * accept_ra has to be 2 then (Documentation/networking/ip-sysctl.rst). */
static int list_links(struct probe *probe)
{
	struct host_net *net = probe->net;
	size_t uplinks = 0, listeners = 0, count;
	struct link_info *links;
	int r = link_list(&probe->route, &probe->host->arena, &links, &count, probe->error);

	for (size_t i = 0; r == 0 && i < count; i++) {
		if (!leads_outside(&links[i]))
			continue;
		if (read_setting("/proc/sys/net/ipv4/conf/%s/forwarding", links[i].name) != 1)
			add_name(probe, &net->uplinks, &uplinks, links[i].name);
		if (read_setting("/proc/sys/net/ipv6/conf/%s/accept_ra", links[i].name) == 1)
			add_name(probe, &net->listeners, &listeners, links[i].name);
	}
	add_name(probe, &net->uplinks, &uplinks, NULL);
	add_name(probe, &net->listeners, &listeners, NULL);
	return r;
}

int probe_forwarding(struct probe *probe)
{
	struct host_net *net = probe->net;
	char path[128];

	if (!probe->spec->links.veth)
		return 0;
	net->forwards[0] = read_setting("/proc/sys/net/ipv4/conf/%s/forwarding", "all") == 1;
	net->forwards[1] = read_setting("/proc/sys/net/ipv6/conf/%s/forwarding", "all") == 1;
	net->has_force = read_setting("/proc/sys/net/ipv6/conf/%s/force_forwarding", "all") >= 0;
	/* The settings of earlier machines are written down there, the default for new links too. */
	snprintf(path, sizeof(path), "%s/sysctls", net_directory());
	net->is_arranged = file_has_content(path) > 0;
	if (net->is_arranged || (net->forwards[0] && net->forwards[1]))
		return 0;
	return list_links(probe);
}
