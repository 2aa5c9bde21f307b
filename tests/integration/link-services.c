/* SPDX-License-Identifier: MIT */
/*
 * Serves DHCP and router advertisements on a link as a monitor does, without any privilege after
 * the start: link-services LINK SETTING=VALUE... Prints "ready", on SIGUSR1 the counters, and what
 * ended it: a signal, or that the link is gone. tests/integration/dhcp.sh judges.
 */
#include "../../runtime/base/cleanup.h"
#include "../../runtime/link/dhcp_server.h"
#include "../../runtime/link/ra_server.h"
#include "../../runtime/sys/caps.h"
#include "../../runtime/sys/clock.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

struct services {
	struct dhcp_lease lease;
	struct ra_router router;
	struct dhcp_server dhcp;
	struct ra_server ra;
	uint64_t turns;
};

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "link-services: %s\n", what);
	exit(1);
}

static void read_address(int family, const char *text, void *address)
{
	require(inet_pton(family, text, address) == 1, text);
}

static void read_text(const char *text, char *buffer, size_t size)
{
	require(strlen(text) < size, text);
	strcpy(buffer, text);
}

static uint32_t read_number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 10);
}

static void set_lease(struct dhcp_lease *lease, const char *name, const char *value)
{
	if (strcmp(name, "client") == 0)
		require(ether_aton_r(value, (struct ether_addr *)lease->client_mac), value);
	else if (strcmp(name, "server") == 0)
		read_address(AF_INET, value, &lease->server);
	else if (strcmp(name, "address") == 0)
		read_address(AF_INET, value, &lease->address);
	else if (strcmp(name, "prefix") == 0)
		lease->prefix = read_number(value);
	else if (strcmp(name, "router") == 0)
		read_address(AF_INET, value, &lease->router);
	else if (strcmp(name, "dns") == 0)
		read_address(AF_INET, value, &lease->dns[lease->dns_count++]);
	else if (strcmp(name, "host") == 0)
		read_text(value, lease->host_name, sizeof(lease->host_name));
	else if (strcmp(name, "domain") == 0)
		read_text(value, lease->domain, sizeof(lease->domain));
	else if (strcmp(name, "mtu") == 0)
		lease->mtu = (uint16_t)read_number(value);
	else if (strcmp(name, "lease") == 0)
		lease->lease_seconds = read_number(value);
	else
		require(false, name);
}

static void set(struct services *services, const char *name, const char *value)
{
	struct ra_router *router = &services->router;

	if (strcmp(name, "source6") == 0)
		read_address(AF_INET6, value, &router->source);
	else if (strcmp(name, "prefix6") == 0)
		read_address(AF_INET6, value, &router->prefix);
	else if (strcmp(name, "dns6") == 0)
		read_address(AF_INET6, value, &router->dns[router->dns_count++]);
	else if (strcmp(name, "mtu6") == 0)
		router->mtu = read_number(value);
	else
		set_lease(&services->lease, name, value);
}

static void print_counters(const struct services *services)
{
	const struct dhcp_counters *dhcp = &services->dhcp.counters;
	const struct ra_counters *ra = &services->ra.counters;
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	printf("offer=%" PRIu64 " ack=%" PRIu64 " nak=%" PRIu64 " released=%" PRIu64
	       " declined=%" PRIu64 " ignored=%" PRIu64 " multicast=%" PRIu64 " unicast=%" PRIu64
	       " ignored6=%" PRIu64 " turns=%" PRIu64 " cpu_ms=%ld\n",
	       dhcp->replies[DHCP_OFFER], dhcp->replies[DHCP_ACK], dhcp->replies[DHCP_NAK],
	       dhcp->released, dhcp->declined, dhcp->ignored, ra->multicast, ra->unicast,
	       ra->ignored, services->turns,
	       (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
		       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000);
	fflush(stdout);
}

static uint64_t earlier(uint64_t left, uint64_t right)
{
	if (left == 0 || right == 0)
		return left ? left : right;
	return left < right ? left : right;
}

/* Whether SIGUSR1 came; another signal ends the program. */
static void handle_signal(const struct services *services, int fd)
{
	struct signalfd_siginfo info;

	require(read(fd, &info, sizeof(info)) == sizeof(info), "cannot read a signal");
	print_counters(services);
	if (info.ssi_signo != SIGUSR1)
		exit(0);
}

static void serve(struct services *services, int signals)
{
	struct pollfd polls[3] = {{.fd = signals, .events = POLLIN}};

	while (services->dhcp.service.fd >= 0 || services->ra.service.fd >= 0) {
		uint64_t now = clock_usec();
		uint64_t next = earlier(dhcp_server_poll(&services->dhcp, now, &polls[1]),
					ra_server_poll(&services->ra, now, &polls[2]));

		require(poll(polls, ARRAY_SIZE(polls), clock_timeout(next)) >= 0, "cannot poll");
		services->turns++;
		if (polls[0].revents)
			handle_signal(services, signals);
		if (dhcp_server_handle(&services->dhcp, clock_usec()) == -ENODEV)
			dhcp_server_close(&services->dhcp);
		if (ra_server_handle(&services->ra, clock_usec()) == -ENODEV)
			ra_server_close(&services->ra);
	}
	puts("gone");
	print_counters(services);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int main(int count, char **arguments)
{
	struct services services = {
		.lease = {.prefix = 28, .lease_seconds = 3600},
		.router = {.prefix_length = 64,
			   .valid_seconds = RA_INFINITE,
			   .preferred_seconds = RA_INFINITE,
			   .router_seconds = 1800,
			   .dns_seconds = RA_INFINITE},
	};
	struct floe_error error = {0};
	int index;

	require(count > 1, "usage: link-services LINK SETTING=VALUE...");
	for (int i = 2; i < count; i++) {
		char *value = strchr(arguments[i], '=');

		require(value, arguments[i]);
		*value = '\0';
		set(&services, arguments[i], value + 1);
	}
	index = (int)if_nametoindex(arguments[1]);
	if (dhcp_server_open(&services.dhcp, index, &services.lease, &error) < 0 ||
	    ra_server_open(&services.ra, index, &services.router, &error) < 0)
		require(false, error.message);
	require(caps_set(0, 0, 0) == 0, "cannot drop the capabilities");
	puts("ready");
	fflush(stdout);
	serve(&services, open_signals());
	return 0;
}
