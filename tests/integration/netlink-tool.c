/* SPDX-License-Identifier: MIT */
/* Calls netlink/ for netlink.sh: [-n NAMESPACE] VERB ARGUMENTS; prints what it gives, or the error. */
#include "netlink-tool.h"

#include "../../netlink/addr.h"
#include "../../netlink/link.h"
#include "../../netlink/route.h"
#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/link_names.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* Ends with status 2: the test is wrong, not what it tests. */
void tool_die(const char *what)
{
	fprintf(stderr, "netlink-tool: %s\n", what);
	exit(2);
}

static int open_namespace(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		tool_die(path);
	return fd;
}

/* "AA:BB:…" into MAC; NULL for "-". */
static const uint8_t *read_mac(const char *text, uint8_t mac[static LINK_MAC_SIZE])
{
	if (strcmp(text, "-") == 0)
		return NULL;
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		   &mac[4], &mac[5]) != LINK_MAC_SIZE)
		tool_die(text);
	return mac;
}

/* "10.0.0.1/24": the address, and its prefix. */
static struct ip read_network(char *text, uint8_t *prefix)
{
	char *slash = strchr(text, '/');
	struct ip ip;

	if (slash)
		*slash = '\0';
	if (ip_parse(text, &ip) < 0)
		tool_die(text);
	*prefix = (uint8_t)(slash ? (unsigned)atoi(slash + 1) : ip_bits(ip.family));
	return ip;
}

static struct link_namespace read_place(const char *text)
{
	if (strcmp(text, "-") == 0)
		return (struct link_namespace){0};
	if (text[0] != '/')
		return LINK_NAMESPACE_PID(atoi(text));
	return LINK_NAMESPACE_FD(open_namespace(text));
}

static uint32_t find(struct tool *tool, const char *name)
{
	int index = link_index(&tool->netlink, name, &tool->error);

	if (index < 0) {
		printf("%s\n", tool->error.message);
		exit(1);
	}
	return (uint32_t)index;
}

/* veth HOST MAC|- PEER MAC|- PLACE|- MTU */
static int do_veth(struct tool *tool, char **a)
{
	uint8_t host_mac[LINK_MAC_SIZE], peer_mac[LINK_MAC_SIZE];
	struct link_setting host = {.name = a[0],
				    .mac = read_mac(a[1], host_mac),
				    .mtu = (uint32_t)atoi(a[5]),
				    .state = LINK_UP};
	struct link_setting peer = {.name = a[2],
				    .mac = read_mac(a[3], peer_mac),
				    .mtu = (uint32_t)atoi(a[5]),
				    .place = read_place(a[4])};

	return link_create_veth(&tool->netlink, &host, &peer, &tool->error);
}

static int do_bridge(struct tool *tool, char **a)
{
	const struct link_setting setting = {.name = a[0], .state = LINK_UP};

	return link_create_bridge(&tool->netlink, &setting, &tool->error);
}

/* shared macvlan|ipvlan|vlan NAME PARENT TAG PLACE|- */
static int do_shared(struct tool *tool, char **a)
{
	const struct link_setting setting = {.name = a[1], .place = read_place(a[4])};
	enum link_shared kind = a[0][0] == 'm'   ? LINK_MACVLAN
				: a[0][0] == 'i' ? LINK_IPVLAN
						 : LINK_VLAN;

	return link_create_shared(&tool->netlink, kind, find(tool, a[2]), (uint16_t)atoi(a[3]),
				  &setting, &tool->error);
}

/* change LINK WHAT VALUE */
static int do_change(struct tool *tool, char **a)
{
	struct link_setting setting = {0};
	uint8_t mac[LINK_MAC_SIZE];

	if (strcmp(a[1], "state") == 0)
		setting.state = strcmp(a[2], "up") == 0 ? LINK_UP : LINK_DOWN;
	else if (strcmp(a[1], "name") == 0)
		setting.name = a[2];
	else if (strcmp(a[1], "mac") == 0)
		setting.mac = read_mac(a[2], mac);
	else if (strcmp(a[1], "mtu") == 0)
		setting.mtu = (uint32_t)atoi(a[2]);
	else if (strcmp(a[1], "release") == 0)
		setting.master = LINK_MASTER_RELEASE;
	else if (strcmp(a[1], "master") == 0)
		setting = (struct link_setting){.master = LINK_MASTER_SET,
						.master_index = find(tool, a[2])};
	else
		tool_die(a[1]);
	return link_change(&tool->netlink, find(tool, a[0]), &setting, &tool->error);
}

/* move LINK PLACE NAME|- */
static int do_move(struct tool *tool, char **a)
{
	const struct link_setting setting = {.place = read_place(a[1]),
					     .name = strcmp(a[2], "-") == 0 ? NULL : a[2]};

	return link_change(&tool->netlink, find(tool, a[0]), &setting, &tool->error);
}

static int do_isolate(struct tool *tool, char **a)
{
	return link_isolate(&tool->netlink, find(tool, a[0]), a[1][0] == 'y', &tool->error);
}

static int do_altname(struct tool *tool, char **a)
{
	uint32_t index = find(tool, a[1]);

	if (strcmp(a[0], "add") == 0)
		return link_add_altname(&tool->netlink, index, a[2], &tool->error);
	return link_delete_altname(&tool->netlink, index, a[2], &tool->error);
}

static int do_delete(struct tool *tool, char **a)
{
	return link_delete(&tool->netlink, find(tool, a[0]), &tool->error);
}

static void print_link(const struct link_info *link)
{
	printf("%u %s kind=%s master=%u mtu=%u up=%d operstate=%u", link->index, link->name,
	       link->kind, link->master, link->mtu, (link->flags & IFF_UP) != 0, link->operstate);
	if (link->has_mac)
		printf(" mac=%02x:%02x:%02x:%02x:%02x:%02x", link->mac[0], link->mac[1],
		       link->mac[2], link->mac[3], link->mac[4], link->mac[5]);
	for (size_t i = 0; i < link->altname_count; i++)
		printf(" altname=%s", link->altnames[i]);
	printf("\n");
}

static int do_links(struct tool *tool, char **a)
{
	struct link_info *links;
	size_t count;
	int r = link_list(&tool->netlink, &tool->arena, &links, &count, &tool->error);

	(void)a;
	for (size_t i = 0; r == 0 && i < count; i++)
		print_link(&links[i]);
	return r;
}

static int do_find(struct tool *tool, char **a)
{
	struct link_info link;
	int r = link_find(&tool->netlink, &tool->arena, a[0], &link, &tool->error);

	if (r == 0)
		print_link(&link);
	return r;
}

static enum netlink_change read_change(const char *text)
{
	return text[0] == 'a'   ? NETLINK_CHANGE_ADD
	       : text[0] == 'r' ? NETLINK_CHANGE_REPLACE
				: NETLINK_CHANGE_DELETE;
}

/* addr add|replace|delete LINK ADDRESS/PREFIX PEER|- */
static int do_addr(struct tool *tool, char **a)
{
	struct addr addr = {.link = find(tool, a[1]), .flags = IFA_F_NODAD};

	addr.local = read_network(a[2], &addr.prefix);
	if (strcmp(a[3], "-") != 0)
		addr.peer = read_network(a[3], &addr.prefix);
	return addr_change(&tool->netlink, read_change(a[0]), &addr, 1, &tool->error);
}

/* addrs-many LINK COUNT: 10.200.x.y/32 each, with one request */
static int do_addrs_many(struct tool *tool, char **a)
{
	size_t count = (size_t)atoi(a[1]);
	struct addr *addrs = arena_alloc(&tool->arena, count * sizeof(*addrs));

	if (!addrs)
		tool_die("memory");
	for (size_t i = 0; i < count; i++)
		addrs[i] =
			(struct addr){.link = find(tool, a[0]),
				      .local = {AF_INET, {10, 200, (uint8_t)(i / 256), (uint8_t)i}},
				      .prefix = 32};
	return addr_change(&tool->netlink, NETLINK_CHANGE_ADD, addrs, count, &tool->error);
}

static int do_addrs(struct tool *tool, char **a)
{
	uint32_t link = strcmp(a[0], "-") == 0 ? 0 : find(tool, a[0]);
	char local[IP_TEXT_SIZE], peer[IP_TEXT_SIZE];
	struct addr *addrs;
	size_t count;
	int r = addr_list(&tool->netlink, &tool->arena, link, &addrs, &count, &tool->error);

	for (size_t i = 0; r == 0 && i < count; i++)
		printf("%s/%u peer=%s nodad=%d\n", ip_format(&addrs[i].local, local),
		       addrs[i].prefix, ip_format(&addrs[i].peer, peer),
		       (addrs[i].flags & IFA_F_NODAD) != 0);
	return r;
}

/* route add|replace|delete NETWORK GATEWAY|- LINK|- TABLE onlink|- */
static int do_route(struct tool *tool, char **a)
{
	struct route route = {.table = (uint32_t)atoi(a[4]), .onlink = a[5][0] == 'o'};
	uint8_t ignored;

	route.to = read_network(a[1], &route.prefix);
	route.family = route.to.family;
	if (strcmp(a[2], "-") != 0)
		route.gateway = read_network(a[2], &ignored);
	else
		route.scope = RT_SCOPE_LINK;
	if (strcmp(a[3], "-") != 0)
		route.link = find(tool, a[3]);
	return route_change(&tool->netlink, read_change(a[0]), &route, 1, &tool->error);
}

static int do_routes(struct tool *tool, char **a)
{
	char to[IP_TEXT_SIZE], via[IP_TEXT_SIZE];
	struct route *routes;
	size_t count;
	int r = route_list(&tool->netlink, &tool->arena, a[0][0] == '4' ? AF_INET : AF_INET6,
			   (uint32_t)atoi(a[1]), &routes, &count, &tool->error);

	for (size_t i = 0; r == 0 && i < count; i++)
		printf("%s/%u via=%s link=%u table=%u\n", ip_format(&routes[i].to, to),
		       routes[i].prefix, ip_format(&routes[i].gateway, via), routes[i].link,
		       routes[i].table);
	return r;
}

static int print_change(void *context, const struct nlmsghdr *message)
{
	struct tool *tool = context;
	struct link_info link;
	int r = link_parse(message, &tool->arena, &link);

	if (r == 0)
		printf("%s %s\n", message->nlmsg_type == RTM_NEWLINK ? "changed" : "gone",
		       link.name);
	return r;
}

/* watch NAME: adds a bridge and removes it, and prints what is notified of it */
static int do_watch(struct tool *tool, char **a)
{
	CLEANUP_NETLINK struct netlink watch = NETLINK_CLOSED;
	int r = netlink_open(&watch, NETLINK_ROUTE, &tool->error);

	if (r == 0)
		r = netlink_subscribe(&watch, RTNLGRP_LINK, &tool->error);
	if (r < 0 || do_bridge(tool, a) < 0 || do_delete(tool, a) < 0)
		return -1;
	return netlink_read(&watch, print_change, tool);
}

/* names PREFIX BASE MACHINE-ID MACHINE: what names.h derives */
static int do_names(struct tool *tool, char **a)
{
	struct link_name name;
	uint8_t id[16], mac[LINK_MAC_SIZE];

	(void)tool;
	for (size_t i = 0; i < sizeof(id); i++)
		if (sscanf(a[2] + 2 * i, "%2hhx", &id[i]) != 1)
			tool_die(a[2]);
	link_name_make(a[0], a[1], &name);
	printf("%s %s", name.name, name.altname[0] ? name.altname : "-");
	for (enum link_mac which = LINK_MAC_HOST; which <= LINK_MAC_MACVLAN; which++) {
		link_mac_make(which, id, a[3], 0, mac);
		printf(" %02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		       mac[5]);
	}
	printf("\n");
	return 0;
}

static const struct tool_verb verbs[] = {
	{"veth", 6, NETLINK_ROUTE, do_veth},
	{"bridge", 1, NETLINK_ROUTE, do_bridge},
	{"shared", 5, NETLINK_ROUTE, do_shared},
	{"change", 3, NETLINK_ROUTE, do_change},
	{"move", 3, NETLINK_ROUTE, do_move},
	{"isolate", 2, NETLINK_ROUTE, do_isolate},
	{"altname", 3, NETLINK_ROUTE, do_altname},
	{"delete", 1, NETLINK_ROUTE, do_delete},
	{"links", 0, NETLINK_ROUTE, do_links},
	{"find", 1, NETLINK_ROUTE, do_find},
	{"addr", 4, NETLINK_ROUTE, do_addr},
	{"addrs-many", 2, NETLINK_ROUTE, do_addrs_many},
	{"addrs", 1, NETLINK_ROUTE, do_addrs},
	{"route", 6, NETLINK_ROUTE, do_route},
	{"routes", 2, NETLINK_ROUTE, do_routes},
	{"watch", 1, NETLINK_ROUTE, do_watch},
	{"names", 4, NETLINK_ROUTE, do_names},
	{"nft-ports", 3, NETLINK_NETFILTER, tool_nft_ports},
	{"nft-all", 0, NETLINK_NETFILTER, tool_nft_all},
	{"nft-element", 3, NETLINK_NETFILTER, tool_nft_element},
	{"nft-many", 1, NETLINK_NETFILTER, tool_nft_many},
	{"nft-refused", 0, NETLINK_NETFILTER, tool_nft_refused},
	{"nft-delete", 0, NETLINK_NETFILTER, tool_nft_delete},
	{"nft-show", 1, NETLINK_NETFILTER, tool_nft_show},
};

static const struct tool_verb *find_verb(const char *name, int arguments)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0 && verbs[i].arguments == arguments)
			return &verbs[i];
	tool_die(name);
	return NULL;
}

int main(int argc, char **argv)
{
	struct tool tool = {.netlink = NETLINK_CLOSED};
	const struct tool_verb *verb;
	int first = 1, r;

	if (argc > 3 && strcmp(argv[1], "-n") == 0)
		first = 3;
	if (argc <= first)
		tool_die("no verb");
	verb = find_verb(argv[first], argc - first - 1);
	if (first == 3)
		r = netlink_open_in(&tool.netlink, verb->protocol, open_namespace(argv[2]),
				    &tool.error);
	else
		r = netlink_open(&tool.netlink, verb->protocol, &tool.error);
	if (r == 0)
		r = verb->run(&tool, argv + first + 1);
	if (r < 0)
		printf("%s\n", tool.error.message);
	netlink_close(&tool.netlink);
	arena_free(&tool.arena);
	return r < 0;
}
