/* SPDX-License-Identifier: MIT */
/* Whether rules of others drop what passes between links: what one table drops, no other saves. */
#include "host_net_parts.h"

#include "../../netlink/nft_dump.h"
#include "../base/cleanup.h"
#include "../sys/path.h"

#include <arpa/inet.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <string.h>
#include <sys/socket.h>

/* A chain of the forward hook that drops whatever it does not know. */
static bool drops_forwarded(const struct nft_chain_info *chain)
{
	return chain->base && chain->hook == NF_INET_FORWARD && chain->policy == NF_DROP &&
	       (chain->family == NFPROTO_INET || chain->family == NFPROTO_IPV4 ||
		chain->family == NFPROTO_IPV6) &&
	       strcmp(chain->table, "floe") != 0;
}

static void look_at_nftables(struct probe *probe)
{
	CLEANUP_NETLINK struct netlink filter = NETLINK_CLOSED;
	struct nft_chain_info *chains;
	size_t count;

	if (netlink_open(&filter, NETLINK_NETFILTER, NULL) < 0 ||
	    nft_chain_list(&filter, &probe->host->arena, NFPROTO_UNSPEC, NULL, &chains, &count,
			   NULL) < 0)
		return;
	for (size_t i = 0; i < count && !probe->net->firewall; i++)
		if (drops_forwarded(&chains[i]))
			probe->net->firewall = arena_printf(&probe->host->arena,
							    "the chain %s of the nftables table %s",
							    chains[i].name, chains[i].table);
}

/* The policy is the verdict of the last rule of a base chain: the rule at its underflow. */
static bool legacy_drops(int fd, const struct ipt_getinfo *info)
{
	size_t size = sizeof(struct ipt_get_entries) + info->size;
	CLEANUP_FREE struct ipt_get_entries *entries = calloc(1, size);
	socklen_t length = (socklen_t)size;
	const struct ipt_entry *entry;
	const struct xt_standard_target *target;
	unsigned int underflow = info->underflow[NF_INET_FORWARD];

	if (!entries || underflow + sizeof(*entry) > info->size)
		return false;
	strcpy(entries->name, info->name);
	entries->size = info->size;
	if (getsockopt(fd, IPPROTO_IP, IPT_SO_GET_ENTRIES, entries, &length) < 0)
		return false;
	entry = (const void *)((const char *)entries->entrytable + underflow);
	if (underflow + entry->target_offset + sizeof(*target) > info->size)
		return false;
	target = (const void *)((const char *)entry + entry->target_offset);
	return target->verdict == -NF_DROP - 1;
}

/* Asking would load the tables: only where they are in use already. */
static void look_at_iptables(struct probe *probe)
{
	struct ipt_getinfo info = {.name = "filter"};
	socklen_t size = sizeof(info);
	CLEANUP_FD int fd = -1;
	char names[256];

	if (file_read("/proc/net/ip_tables_names", names, sizeof(names)) <= 0 ||
	    !strstr(names, "filter\n"))
		return;
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (fd >= 0 && getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, &info, &size) == 0 &&
	    legacy_drops(fd, &info))
		probe->net->firewall = "the chain FORWARD of iptables (legacy)";
}

void probe_firewall(struct probe *probe)
{
	if (!net_is_managed(probe->spec, probe->net))
		return;
	look_at_nftables(probe);
	if (!probe->net->firewall)
		look_at_iptables(probe);
}
