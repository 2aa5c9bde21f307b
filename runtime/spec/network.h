/* SPDX-License-Identifier: MIT */
/* What the user wants of a machine's network: a part of the spec. */
#ifndef FLOE_SPEC_NETWORK_H
#define FLOE_SPEC_NETWORK_H

#include "../base/ip.h"
#include "../base/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum spec_network {
	SPEC_NETWORK_HOST,    /* the caller's namespace */
	SPEC_NETWORK_PRIVATE, /* a new one, with lo and the links asked for */
	SPEC_NETWORK_PATH,    /* join network_path */
};

/* How the link of the machine's own gets its addresses inside, where floe manages it. */
enum spec_dhcp {
	SPEC_DHCP_AUTO, /* set at the start, and offered to those who ask when an init is booted */
	SPEC_DHCP_YES,  /* offered only */
	SPEC_DHCP_NO,   /* set at the start only */
};

enum spec_link_kind {
	SPEC_LINK_VETH,    /* --network-veth-extra: a pair of links */
	SPEC_LINK_MOVE,    /* --network-interface: the host's link itself */
	SPEC_LINK_MACVLAN, /* a link that shares the host's, with a MAC of its own */
	SPEC_LINK_IPVLAN,  /* the same with the host's MAC */
};

/* A link besides the machine's own. */
struct spec_link {
	enum spec_link_kind kind;
	char *host;   /* the host's link, or the host's end of the pair */
	char *inside; /* its name in the machine; NULL: derived or the same */
};

/* Ports of the host that lead into the machine: HOST to LAST, to MACHINE and on. */
struct spec_port {
	uint8_t protocol;  /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	struct ip address; /* of the host; none: all of both families */
	uint16_t host, last;
	uint16_t machine;
};

/* An address of the machine's link. */
struct spec_address {
	struct ip inside;
	uint8_t prefix;
	struct ip host; /* of the other end; none: the first free one of the network */
	uint8_t host_prefix;
	bool no_host; /* the other end gets none, only a route */
};

struct spec_links {
	int veth;     /* tristate: a link of the machine's own */
	char *name;   /* what it is called inside, NULL: host0 */
	char *bridge; /* the host's bridge that it is a port of */
	char *zone;   /* the bridge vz-ZONE that floe keeps for machines of the zone */

	struct spec_link *others;
	size_t other_count;
	struct spec_port *ports;
	size_t port_count;

	/* of the machine's own link */
	struct spec_address *addresses;
	size_t address_count;
	bool inside_by_payload; /* its program sets those inside itself */
	bool by_unit; /* and commands of the unit that floe is in those outside: none are ours */
	bool host_forwards;   /* whether packets pass on is the host's configuration's business */
	struct ip gateway[2]; /* IPv4 and IPv6; none: the other end */
	bool no_gateway;
	struct ip *dns;
	size_t dns_count;
	bool no_dns;
	uint32_t mtu; /* bytes, 0: the kernel's default */
	bool has_mac;
	uint8_t mac[WIRE_MAC_SIZE]; /* inside */
	bool masquerade;
	bool isolate;
	bool hosts_entry;
	bool containers_entry; /* the name NixOS's containers have there: NAME.containers */
	enum spec_dhcp dhcp;
	uint64_t rate; /* bits a second, 0: no limit */
};

/* The place of an address family in arrays of two. */
static inline unsigned int family_index(uint8_t family)
{
	return family == AF_INET6;
}

#endif
