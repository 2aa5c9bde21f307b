/* SPDX-License-Identifier: MIT */
/* A pair of links, addresses, routes and published ports: by netlink/, and by ip(8) and nft(8). */
#include "netlink/addr.h"
#include "netlink/link.h"
#include "netlink/nft_match.h"
#include "netlink/nft_set.h"
#include "netlink/route.h"
#include "runtime/base/cleanup.h"

#include <fcntl.h>
#include <linux/netfilter_ipv4.h>
#include <sched.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define ROUNDS 30

/* What is made in each round: a namespace that is new, and sockets that are open as in a monitor. */
struct round {
	struct netlink links;
	struct netlink tables;
	struct netlink inside;
	int namespace_fd;
	int host_fd;
	uint32_t host_index;
	struct floe_error error;
};

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "netlink: %s\n", what);
	exit(EXIT_FAILURE);
}

static double now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int time_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct ip ip(const char *text)
{
	struct ip out;

	if (ip_parse(text, &out) < 0)
		give_up(text);
	return out;
}

static void make_namespace(struct round *round)
{
	*round = (struct round){.links = NETLINK_CLOSED,
				.tables = NETLINK_CLOSED,
				.inside = NETLINK_CLOSED,
				.host_fd = open("/proc/self/ns/net", O_RDONLY)};
	if (unshare(CLONE_NEWNET) < 0)
		give_up("no net namespace");
	round->namespace_fd = open("/proc/self/ns/net", O_RDONLY);
	if (round->namespace_fd < 0 || setns(round->host_fd, CLONE_NEWNET) < 0)
		give_up("no way back from a net namespace");
}

static void require(struct round *round, int r)
{
	if (r < 0)
		give_up(round->error.message);
}

/* ---- By netlink ---------------------------------------------------------------------------- */

static void open_sockets(struct round *round)
{
	require(round, netlink_open(&round->links, NETLINK_ROUTE, &round->error));
	require(round, netlink_open(&round->tables, NETLINK_NETFILTER, &round->error));
	require(round,
		netlink_open_in(&round->inside, NETLINK_ROUTE, round->namespace_fd, &round->error));
}

static void make_links(struct round *round)
{
	const struct link_setting host = {.name = "ve-bench", .state = LINK_UP};
	const struct link_setting peer = {.name = "host0",
					  .place = LINK_NAMESPACE_FD(round->namespace_fd)};
	int index = link_create_veth(&round->links, &host, &peer, &round->error);

	require(round, index);
	round->host_index = (uint32_t)index;
}

static void make_addresses(struct round *round)
{
	const struct addr host[] = {
		{.link = round->host_index, .local = ip("10.1.0.1"), .prefix = 28},
		{.link = round->host_index,
		 .local = ip("fd00:1::1"),
		 .prefix = 64,
		 .flags = IFA_F_NODAD},
	};
	int index = link_index(&round->inside, "host0", &round->error);
	struct addr inside[] = {host[0], host[1]};
	const struct link_setting up = {.state = LINK_UP};
	const struct route routes[] = {
		{.family = AF_INET, .gateway = host[0].local},
		{.family = AF_INET6, .gateway = host[1].local},
	};

	require(round, index);
	for (size_t i = 0; i < 2; i++) {
		inside[i].link = (uint32_t)index;
		inside[i].local.bytes[ip_size(inside[i].local.family) - 1] = 2;
	}
	require(round, link_change(&round->inside, (uint32_t)index, &up, &round->error));
	require(round, addr_change(&round->links, NETLINK_CHANGE_ADD, host, 2, &round->error));
	require(round, addr_change(&round->inside, NETLINK_CHANGE_ADD, inside, 2, &round->error));
	require(round, route_change(&round->inside, NETLINK_CHANGE_ADD, routes, 2, &round->error));
}

static const struct nft_set ports = {
	.name = "ports",
	.key = {NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE},
	.data = {NFT_TYPE_IPV4, NFT_TYPE_SERVICE},
};

static void add_port(struct nft_batch *batch, uint16_t from, uint16_t to)
{
	const struct ip address = ip("10.1.0.2");
	struct nft_element element = {0};

	nft_value_add_protocol(&element.key, IPPROTO_TCP);
	nft_value_add_service(&element.key, from);
	nft_value_add_ip(&element.data, &address);
	nft_value_add_service(&element.data, to);
	nft_elements_add(batch, &ports, &element, 1);
}

static void make_table(struct round *round)
{
	static const struct nft_hook in = {"nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST,
					   NF_ACCEPT},
				     out = {"nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC,
					    NF_ACCEPT};
	const struct ip network = ip("10.1.0.0");
	CLEANUP_NFT struct nft_batch batch;

	nft_begin(&batch, NFPROTO_INET, "bench");
	nft_table_add(&batch, NULL);
	nft_set_add(&batch, &ports);
	add_port(&batch, 8080, 80);
	add_port(&batch, 8443, 443);
	nft_chain_add(&batch, "in", &in);
	nft_rule_begin(&batch, "in", NULL);
	nft_match_family(&batch, NFPROTO_IPV4);
	nft_match_local(&batch);
	nft_load_meta(&batch, NFT_META_L4PROTO, NFT_REG32_00);
	nft_load_port(&batch, NFT_DESTINATION, NFT_REG32_01);
	nft_lookup_map(&batch, ports.name, NFT_REG32_00, NFT_REG32_08);
	nft_nat(&batch, NFT_NAT_DNAT, NFPROTO_IPV4, NFT_REG32_08, NFT_REG32_09);
	nft_rule_end(&batch);
	nft_chain_add(&batch, "out", &out);
	nft_rule_begin(&batch, "out", NULL);
	nft_match_link(&batch, NFT_META_OIFNAME, "ve-*", false);
	nft_match_address(&batch, NFT_SOURCE, &network, 28, true);
	nft_masquerade(&batch);
	nft_rule_end(&batch);
	require(round, nft_commit(&round->tables, &batch, &round->error));
}

/* What one more machine takes, where the table is there already. */
static void add_machine(struct round *round)
{
	CLEANUP_NFT struct nft_batch batch;

	nft_begin(&batch, NFPROTO_INET, "bench");
	add_port(&batch, 9080, 80);
	add_port(&batch, 9443, 443);
	require(round, nft_commit(&round->tables, &batch, &round->error));
}

/* ---- By commands --------------------------------------------------------------------------- */

static void run(const char *const *arguments)
{
	extern char **environ;
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, arguments[0], NULL, NULL, (char *const *)arguments, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid || status != 0)
		give_up(arguments[0]);
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

/* The namespace as ip(8) takes it where it has no name: by the path of a descriptor. */
static void run_links(struct round *round)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), round->namespace_fd);
	RUN("ip", "link", "add", "ve-bench", "type", "veth", "peer", "name", "host0", "netns",
	    path);
	RUN("ip", "link", "set", "ve-bench", "up");
}

static void run_addresses(struct round *round)
{
	RUN("ip", "address", "add", "10.1.0.1/28", "dev", "ve-bench");
	RUN("ip", "address", "add", "fd00:1::1/64", "dev", "ve-bench", "nodad");
	if (setns(round->namespace_fd, CLONE_NEWNET) < 0)
		give_up("setns");
	RUN("ip", "link", "set", "host0", "up");
	RUN("ip", "address", "add", "10.1.0.2/28", "dev", "host0");
	RUN("ip", "address", "add", "fd00:1::2/64", "dev", "host0", "nodad");
	RUN("ip", "route", "add", "default", "via", "10.1.0.1");
	RUN("ip", "route", "add", "default", "via", "fd00:1::1");
	if (setns(round->host_fd, CLONE_NEWNET) < 0)
		give_up("setns");
}

/* As one who knows nft would: one file, one transaction. */
static void run_table(struct round *round)
{
	(void)round;
	RUN("nft", "table inet bench {"
		   " map ports { type inet_proto . inet_service : ipv4_addr . inet_service;"
		   "  elements = { tcp . 8080 : 10.1.0.2 . 80, tcp . 8443 : 10.1.0.2 . 443 }; };"
		   " chain in { type nat hook prerouting priority dstnat;"
		   "  meta nfproto ipv4 fib daddr type local"
		   "  dnat ip to meta l4proto . th dport map @ports; };"
		   " chain out { type nat hook postrouting priority srcnat;"
		   "  oifname != \"ve-*\" ip saddr 10.1.0.0/28 masquerade; }; }");
}

static void run_machine(struct round *round)
{
	(void)round;
	RUN("nft", "add element inet bench ports"
		   " { tcp . 9080 : 10.1.0.2 . 80, tcp . 9443 : 10.1.0.2 . 443 }");
}

/* ---- Measuring ----------------------------------------------------------------------------- */

static const struct {
	const char *what;
	void (*ours)(struct round *round);
	void (*commands)(struct round *round);
} steps[] = {
	{"opening three sockets", open_sockets, NULL},
	{"veth pair, one end up", make_links, run_links},
	{"peer up, 4 addresses, 2 routes", make_addresses, run_addresses},
	{"table, 2 ports, masquerade", make_table, run_table},
	{"2 ports more in that table", add_machine, run_machine},
};

#define STEPS ARRAY_SIZE(steps)

static void clean(struct round *round)
{
	CLEANUP_NFT struct nft_batch batch;

	if (round->links.fd < 0)
		open_sockets(round);
	nft_begin(&batch, NFPROTO_INET, "bench");
	nft_table_delete(&batch);
	require(round, nft_commit(&round->tables, &batch, &round->error));
	require(round, link_delete(&round->links,
				   (uint32_t)link_index(&round->links, "ve-bench", &round->error),
				   &round->error));
	netlink_close(&round->links);
	netlink_close(&round->tables);
	netlink_close(&round->inside);
	close(round->namespace_fd);
	close(round->host_fd);
}

/* TIMES by step and round; the last step is the sum. */
static void measure(bool ours, double times[STEPS + 1][ROUNDS])
{
	for (size_t i = 0; i < ROUNDS; i++) {
		struct round round;

		make_namespace(&round);
		times[STEPS][i] = 0;
		for (size_t s = 0; s < STEPS; s++) {
			void (*step)(struct round *) = ours ? steps[s].ours : steps[s].commands;
			double start = now_us();

			if (step)
				step(&round);
			times[s][i] = now_us() - start;
			times[STEPS][i] += times[s][i];
		}
		clean(&round);
	}
}

static double median(double *times)
{
	qsort(times, ROUNDS, sizeof(*times), time_compare);
	return times[ROUNDS / 2];
}

int main(void)
{
	static double ours[STEPS + 1][ROUNDS], commands[STEPS + 1][ROUNDS];

	measure(true, ours);
	measure(false, commands);
	printf("%-30s %12s %15s %8s\n", "median of 30, microseconds", "netlink/", "ip and nft",
	       "ratio");
	for (size_t s = 0; s <= STEPS; s++) {
		double a = median(ours[s]), b = median(commands[s]);

		printf("%-30s %12.0f %15.0f", s < STEPS ? steps[s].what : "together", a, b);
		if (s == STEPS || steps[s].commands)
			printf(" %7.1fx", b / a);
		printf("\n");
	}
	return EXIT_SUCCESS;
}
