/* SPDX-License-Identifier: MIT */
/* The network of hosts that exist only on paper. */
#include "fake_host_net.h"

#include <string.h>

#include "unit.h"

static struct ip parsed(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), 0);
	return ip;
}

/* What the probe looks for only if floe chooses it. */
static void fill_chosen(struct host_net *net)
{
	net->gateway[0] = parsed("10.20.30.33");
	net->machine[0] = parsed("10.20.30.34");
	net->prefix[0] = 28;
	net->gateway[1] = parsed("fd12:3456:789a::1");
	net->machine[1] = parsed("fd12:3456:789a::2");
	net->prefix[1] = 64;
}

void fake_net_fill(struct host *host, const struct spec *spec)
{
	static const char *uplinks[] = {"eth0", NULL}, *listeners[] = {"eth0", NULL};
	static struct ip dns[2];
	struct host_net *net = &host->net;

	if (!spec->links.veth && spec->links.other_count == 0)
		return;
	dns[0] = parsed("192.0.2.53");
	dns[1] = parsed("2001:db8::53");
	*net = (struct host_net){
		.has_nftables = true,
		.has_ipv6 = true,
		.has_force = true,
		.uplinks = uplinks,
		.listeners = listeners,
		.dns = dns,
		.dns_count = ARRAY_SIZE(dns),
	};
	for (unsigned int i = 0; i < sizeof(net->seed); i++)
		net->seed[i] = (uint8_t)((i % 8) * 0x22 + 1);
	if (net_is_managed(spec, net) && spec->links.address_count == 0)
		fill_chosen(net);
}

void use_networkd(struct host *host)
{
	host->net.networkd = true;
	memset(host->net.gateway, 0, sizeof(host->net.gateway));
	memset(host->net.machine, 0, sizeof(host->net.machine));
}

void use_no_nftables(struct host *host)
{
	host->net.has_nftables = false;
}

void use_no_ipv6(struct host *host)
{
	host->net.has_ipv6 = false;
	host->net.gateway[1] = host->net.machine[1] = (struct ip){0};
}

void use_forwarding(struct host *host)
{
	host->net.forwards[0] = host->net.forwards[1] = true;
}

void use_arranged(struct host *host)
{
	host->net.is_arranged = true;
}

void use_old_forwarding(struct host *host)
{
	host->net.has_force = false;
}

void use_local_dns(struct host *host)
{
	host->net.dns_count = 0;
	host->net.dns_is_local = true;
}

void use_firewall(struct host *host)
{
	host->net.firewall_help = "iptables -I FORWARD -i LINK -j ACCEPT";
	host->net.firewall = "the chain FORWARD of the nftables table filter";
}

void use_other_choice(struct host *host)
{
	host->net.choice = 3;
}
