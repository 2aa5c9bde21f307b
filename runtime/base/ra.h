/* SPDX-License-Identifier: MIT */
/* IPv6 router advertisements and solicitations in Ethernet frames. Pure. Sections are of RFC 4861
 * unless another is named. */
#ifndef FLOE_BASE_RA_H
#define FLOE_BASE_RA_H

#include "err.h"
#include "wire.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/types.h>

#define RA_DNS_MAX  4
#define RA_INFINITE UINT32_MAX /* seconds of a prefix or DNS server, section 4.6.2 */

/* The longest frame that ra_build() writes: headers, 16 bytes, and the four options. */
#define RA_FRAME_MAX (WIRE_ETHERNET_SIZE + 40 + 16 + 8 + 8 + 32 + 8 + RA_DNS_MAX * 16)

/* What is advertised on a link. */
struct ra_router {
	uint8_t mac[WIRE_MAC_SIZE]; /* ours */
	/* The only client that is answered and told, on a bridge with several machines; zero: any. */
	uint8_t client_mac[WIRE_MAC_SIZE];
	struct in6_addr source;     /* our link-local address: the clients' default router */
	struct in6_addr prefix;     /* for addresses that clients make themselves; on the link */
	unsigned int prefix_length; /* 64 for Ethernet, RFC 2464 section 4 */
	uint32_t valid_seconds, preferred_seconds;
	uint16_t router_seconds; /* at most 9000, section 6.2.1; 0: no default router */
	struct in6_addr dns[RA_DNS_MAX];
	size_t dns_count;
	uint32_t dns_seconds;
	uint32_t mtu; /* 0: not advertised */
};

/* Where an advertisement goes. */
struct ra_target {
	uint8_t mac[WIRE_MAC_SIZE];
	struct in6_addr address;
};

/* All nodes of the link, ff02::1. */
extern const struct ra_target ra_all_nodes;

/* Whether ROUTER can be advertised (but for the MAC, which is not looked at); the message says
 * what is wrong with it. 0 or -EINVAL. */
int ra_router_check(const struct ra_router *router, struct floe_error *error);

/* Whether ROUTER names the only client. */
bool ra_is_for_one(const struct ra_router *router);

/* The link-local address that the kernel derives from MAC by default (RFC 4291 appendix A). */
struct in6_addr ra_link_local(const uint8_t mac[static WIRE_MAC_SIZE]);

/* Writes a router advertisement to DATA. Returns the size, or -EMSGSIZE when ROOM is less than
 * RA_FRAME_MAX. */
ssize_t ra_build(const struct ra_router *router, const struct ra_target *target, uint8_t *data,
		 size_t room);

/*
 * Reads a frame of SIZE bytes; CHECKSUM_DONE as in udp_frame_parse(). 0 with whom to answer in
 * FROM (the address :: for a host that has none yet: all nodes are answered then), or -EBADMSG for
 * what is no valid router solicitation.
 */
int ra_parse_solicitation(const uint8_t *data, size_t size, bool checksum_done,
			  struct ra_target *from);

#endif
