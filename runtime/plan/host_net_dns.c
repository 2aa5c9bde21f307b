/* SPDX-License-Identifier: MIT */
/* Which name servers of the host a machine could ask. */
#include "host_net_parts.h"

#include "../base/cleanup.h"
#include "../base/resolv_conf.h"
#include "../sys/path.h"

#include <string.h>

#define RESOLV_CONF_LIMIT 65536

static struct ip address_of(const struct resolv_server *server)
{
	struct ip ip = {.family = (uint8_t)server->family};

	memcpy(ip.bytes, &server->v4, ip_size(ip.family));
	return ip;
}

static bool is_local(const struct ip *ip)
{
	static const struct ip loopback = {.family = AF_INET6, .bytes = {[15] = 1}};

	if (ip->family == AF_INET)
		return ip->bytes[0] == 127 || ip_is_any(ip);
	return ip_equal(ip, &loopback) || ip_is_any(ip);
}

/* Link-local ones mean something on the host's link only. */
static bool is_scoped(const struct ip *ip)
{
	return ip->family == AF_INET6 && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

static void take_servers(struct probe *probe, const char *path)
{
	struct host_net *net = probe->net;
	CLEANUP_FREE char *text = NULL;
	struct resolv_conf conf;
	size_t size;

	if (file_read_all(path, RESOLV_CONF_LIMIT, &text, &size) < 0)
		return;
	resolv_conf_parse(text, size, &conf);
	for (size_t i = 0; i < conf.count; i++) {
		struct ip ip = address_of(&conf.servers[i]), *slot;

		if (is_local(&ip) || is_scoped(&ip)) {
			net->dns_is_local = true;
			continue;
		}
		slot = ARENA_APPEND(&probe->host->arena, net->dns, net->dns_count);
		if (slot)
			*slot = ip;
	}
	if (net->dns_count > 0)
		net->dns_is_local = false;
}

/* systemd-resolved listens on 127.0.0.53 only, and writes down whom it asks itself. */
void probe_dns(struct probe *probe)
{
	take_servers(probe, "/etc/resolv.conf");
	if (probe->net->dns_count == 0 && probe->host->resolv_uplink)
		take_servers(probe, probe->host->resolv_uplink);
}
