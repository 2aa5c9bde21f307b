/* SPDX-License-Identifier: MIT */
/* Whether rules of others drop what passes between links: what one table drops, no other saves.
 * Looked for with the first machine. */
#include "host_net_parts.h"

#include "../../netlink/nft_dump.h"
#include "../base/cleanup.h"
#include "../sys/path.h"

#include <arpa/inet.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <string.h>
#include <sys/socket.h>

/* A chain that what passes between links comes by. */
static bool sees_forwarded(const struct nft_chain_info *chain)
{
	return chain->base && chain->hook == NF_INET_FORWARD &&
	       (chain->family == NFPROTO_INET || chain->family == NFPROTO_IPV4 ||
		chain->family == NFPROTO_IPV6) &&
	       strcmp(chain->table, "floe") != 0;
}

/* It lets what it does not know pass, unless its last rule stops all that came so far. */
static bool ends_in_drop(struct probe *probe, struct netlink *filter,
			 const struct nft_chain_info *chain)
{
	struct nft_rule_info *rules;
	size_t count;

	if (chain->policy == NF_DROP)
		return true;
	return nft_rule_list(filter, &probe->host->arena, chain->family, chain->table, chain->name,
			     &rules, &count, NULL) == 0 &&
	       count > 0 && nft_rule_stops_all(&rules[count - 1]);
}

static bool has_chain(const struct nft_chain_info *chains, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(chains[i].name, name) == 0)
			return true;
	return false;
}

/* What the one who keeps the table wants to be told, where that is known. */
static const char *firewall_help(const struct nft_chain_info *chain,
				 const struct nft_chain_info *chains, size_t count)
{
	if (strcmp(chain->table, "firewalld") == 0)
		return "firewall-cmd --zone=trusted --add-interface=LINK";
	if (has_chain(chains, count, "DOCKER-USER"))
		return "iptables -I DOCKER-USER -i LINK -j ACCEPT, and the same with -o";
	return "iptables -I FORWARD -i LINK -j ACCEPT and the same with -o, or rules of that table";
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
	for (size_t i = 0; i < count && !probe->net->firewall; i++) {
		if (!sees_forwarded(&chains[i]) || !ends_in_drop(probe, &filter, &chains[i]))
			continue;
		probe->net->firewall =
			arena_printf(&probe->host->arena, "the chain %s of the nftables table %s",
				     chains[i].name, chains[i].table);
		probe->net->firewall_help = firewall_help(&chains[i], chains, count);
	}
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
	if (probe->net->firewall)
		probe->net->firewall_help = "iptables-legacy -I FORWARD -i LINK -j ACCEPT, and the "
					    "same with -o";
}

void probe_firewall(struct probe *probe)
{
	if (!net_is_managed(probe->spec, probe->net) || probe->net->is_arranged)
		return;
	look_at_nftables(probe);
	if (!probe->net->firewall)
		look_at_iptables(probe);
}
