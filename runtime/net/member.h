/* SPDX-License-Identifier: MIT */
/* What the host's network has to know of one machine. Pure data, and its form as text. */
#ifndef FLOE_NET_MEMBER_H
#define FLOE_NET_MEMBER_H

#include "../base/arena.h"
#include "../spec/network.h"

struct net_member {
	const char *machine;
	/* The host's link that its packets come in by: its own, or its zone's bridge. "": one that
	 * others look after, which nothing is done about. */
	const char *link;
	const char *zone; /* "": none */
	uint8_t mac[WIRE_MAC_SIZE];
	/* By family_index(); family 0: none. */
	struct ip address[2]; /* the machine's */
	struct ip gateway[2]; /* the host's on that link */
	uint8_t prefix[2];    /* of their network */
	uint16_t dns[2];      /* ports of the gateway's that answer DNS by TCP; 0: no relay */
	bool masquerade;
	bool isolate;
	bool hosts_entry;      /* its name in the host's /etc/hosts */
	bool containers_entry; /* NAME.containers there */
	uint64_t rate;         /* bits a second, 0: no limit */
	struct spec_port *ports;
	size_t port_count;
};

/* MEMBER as a line of text with its newline, in ARENA. */
const char *member_write(struct arena *arena, const struct net_member *member);

/* Reads such a line without its newline, which is cut into pieces that MEMBER points to. 0, -EBADMSG
 * or -ENOMEM. Every start reads the lines of all machines: hence no scanf(3). */
int member_read(struct arena *arena, char *line, struct net_member *member);

/* Whether the host's /etc/hosts has lines of it. */
bool member_in_hosts(const struct net_member *member);

/* "tcp", "udp" or "sctp". */
const char *protocol_name(uint8_t protocol);

/* "tcp port 8080", "udp ports 8000-8010 of 127.0.0.1": in words, in TEXT, which is returned. */
#define PORT_TEXT_SIZE (IP_TEXT_SIZE + 40)
const char *port_describe(const struct spec_port *port, char text[static PORT_TEXT_SIZE]);

#endif
