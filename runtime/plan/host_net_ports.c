/* SPDX-License-Identifier: MIT */
/* Whether the host's ports that are to lead into the machine are free, and whose they are if not. */
#include "host_net_parts.h"

#include "../base/cleanup.h"
#include "../net/table.h"
#include "../sys/path.h"
#include "../sys/port_owner.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static socklen_t fill_address(struct sockaddr_storage *address, const struct ip *ip, uint8_t family,
			      uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

	memset(address, 0, sizeof(*address));
	address->ss_family = family;
	if (family == AF_INET) {
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, ip->bytes, sizeof(v4->sin_addr));
		return sizeof(*v4);
	}
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, ip->bytes, sizeof(v6->sin6_addr));
	return sizeof(*v6);
}

/*
 * Binding is the question that counts everything in. With SO_REUSEADDR connections that just ended
 * do not matter (socket(7)), which only streams have. 0, or a negative errno; a family or protocol
 * that the kernel does not have cannot collide.
 */
static int try_bind(const struct spec_port *port, uint8_t family, uint16_t number)
{
	int type = port->protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
	CLEANUP_FD int fd = socket(family, type | SOCK_CLOEXEC, port->protocol);
	struct sockaddr_storage address;
	socklen_t size = fill_address(&address, &port->address, family, number);
	const int on = 1;

	if (fd < 0)
		return 0;
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&address, size) == 0)
		return 0;
	return errno == EADDRINUSE || errno == EADDRNOTAVAIL ? -errno : 0;
}

static int say_used(const struct spec_port *port, uint16_t number, struct floe_error *error)
{
	struct spec_port one = *port;
	char text[PORT_TEXT_SIZE], owner[64];

	one.host = one.last = number;
	if (port_owner(port->protocol, number, owner, sizeof(owner)) < 0)
		strcpy(owner, "a process of the host");
	err_set(error, FLOE_ERROR_BUSY, EADDRINUSE,
		"cannot publish %s: %s listens there on the host", port_describe(&one, text),
		owner);
	err_hint(error, "choose another port of the host, or an address it does not use");
	return -EADDRINUSE;
}

static int check_port(struct probe *probe, const struct spec_port *port)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	char text[IP_TEXT_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(families); i++) {
		if (port->address.family && port->address.family != families[i])
			continue;
		for (unsigned int number = port->host; r == 0 && number <= port->last; number++) {
			r = try_bind(port, families[i], (uint16_t)number);
			if (r == -EADDRINUSE)
				return say_used(port, (uint16_t)number, probe->error);
		}
	}
	if (r == -EADDRNOTAVAIL)
		return err_set(probe->error, FLOE_ERROR_USAGE, EADDRNOTAVAIL,
			       "cannot publish ports on %s: the host does not have that address",
			       ip_format(&port->address, text));
	return r;
}

static int check_machines(struct probe *probe)
{
	const struct spec_links *links = &probe->spec->links;
	const struct net_member member = {
		.machine = probe->spec->name,
		.ports = links->ports,
		.port_count = links->port_count,
	};
	const struct net_member *owner;
	const struct spec_port *port;
	char text[PORT_TEXT_SIZE];

	port = net_table_port(&probe->table, &member, &owner);
	if (!port || !net_alive(owner->machine))
		return 0;
	err_set(probe->error, FLOE_ERROR_BUSY, EADDRINUSE,
		"cannot publish ports of %s: the machine %s has %s already", probe->spec->name,
		owner->machine, port_describe(port, text));
	err_hint(probe->error, "choose another port of the host");
	return -EADDRINUSE;
}

int check_ports(struct probe *probe)
{
	const struct spec_links *links = &probe->spec->links;
	int r = links->port_count > 0 ? check_machines(probe) : 0;

	for (size_t i = 0; r == 0 && i < links->port_count; i++)
		r = check_port(probe, &links->ports[i]);
	return r;
}
