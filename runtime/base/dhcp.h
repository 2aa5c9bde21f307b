/* SPDX-License-Identifier: MIT */
/* DHCPv4 for a link with one client: reading its messages, deciding on and writing replies. Pure.
 * Sections are of RFC 2131 unless another is named. */
#ifndef FLOE_BASE_DHCP_H
#define FLOE_BASE_DHCP_H

#include "err.h"
#include "udp_frame.h"

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68

/* The longest message that a reply makes: an Ethernet frame's, less the IP and UDP headers. */
#define DHCP_MESSAGE_MAX   (1500 - 28)

#define DHCP_OPTION_MAX    255 /* the length of an option is one byte */
#define DHCP_DNS_MAX       8
#define DHCP_INFINITE      UINT32_MAX /* seconds: a lease that never ends, section 3.3 */
#define DHCP_HOST_NAME_MAX 64
#define DHCP_DOMAIN_MAX    253

/* RFC 2132 section 9.6. */
enum dhcp_type {
	DHCP_NONE, /* no message: stay silent */
	DHCP_DISCOVER,
	DHCP_OFFER,
	DHCP_REQUEST,
	DHCP_DECLINE,
	DHCP_ACK,
	DHCP_NAK,
	DHCP_RELEASE,
	DHCP_INFORM,
};

/* What the client of the link is given. Addresses in network byte order, 0.0.0.0: none. */
struct dhcp_lease {
	/* The only client that is answered, on a bridge with several machines; zero: any. */
	uint8_t client_mac[WIRE_MAC_SIZE];
	struct in_addr server;  /* ours on the link, and the server's identity */
	struct in_addr address; /* the client's */
	unsigned int prefix;    /* 1 to 32 bits */
	struct in_addr router;  /* may be outside the prefix */
	struct in_addr dns[DHCP_DNS_MAX];
	size_t dns_count;
	char host_name[DHCP_HOST_NAME_MAX + 1]; /* "": none */
	char domain[DHCP_DOMAIN_MAX + 1];       /* "": none */
	uint16_t mtu;                           /* 0: the client's default */
	uint32_t lease_seconds;                 /* DHCP_INFINITE: for ever */
	uint32_t renew_seconds;                 /* T1; 0: half of the lease, section 4.4.5 */
	uint32_t rebind_seconds;                /* T2; 0: seven eighths of it */
};

/* A message of a client. Addresses in network byte order. */
struct dhcp_packet {
	enum dhcp_type type;
	uint32_t transaction;
	uint16_t flags;
	struct in_addr client; /* ciaddr: what it already uses */
	uint8_t mac[WIRE_MAC_SIZE];
	struct in_addr requested, server; /* options 50 and 54; 0.0.0.0: not there */
	uint16_t size_max;                /* option 57; 0: not there */
	bool rapid_commit;                /* option 80 */
	uint8_t client_id[DHCP_OPTION_MAX];
	size_t client_id_size; /* 0: not there */
	uint8_t wanted[DHCP_OPTION_MAX];
	size_t wanted_count; /* option 55; 0: not there */
};

/* Whether LEASE can be served; the message says what is wrong with it. 0 or -EINVAL. */
int dhcp_lease_check(const struct dhcp_lease *lease, struct floe_error *error);

/* When the client asks for more time: its server, and later any. Set or the default. */
uint32_t dhcp_renew_seconds(const struct dhcp_lease *lease);
uint32_t dhcp_rebind_seconds(const struct dhcp_lease *lease);

/* Whether LEASE names the only client that is answered. */
bool dhcp_is_for_one(const struct dhcp_lease *lease);

/* The mask of PREFIX bits (0 to 32), in network byte order. */
struct in_addr dhcp_mask(unsigned int prefix);

/* Reads a UDP payload. 0, or -EBADMSG for what is no well-formed message of a client on this link:
 * also plain BOOTP, relayed messages and those of other hardware than Ethernet. */
int dhcp_parse(const uint8_t *data, size_t size, struct dhcp_packet *packet);

/* What to reply, section 4.3: DHCP_OFFER, DHCP_ACK, DHCP_NAK, or DHCP_NONE. */
enum dhcp_type dhcp_decide(const struct dhcp_lease *lease, const struct dhcp_packet *packet);

/* Writes the reply of TYPE, as dhcp_decide() gave it, to DATA of ROOM bytes; returns its size.
 * Options that a client did not make room for are left out. DHCP_MESSAGE_MAX is always enough;
 * -EMSGSIZE when ROOM is less than the 548 bytes that every client takes. */
ssize_t dhcp_build(const struct dhcp_lease *lease, const struct dhcp_packet *packet,
		   enum dhcp_type type, uint8_t *data, size_t room);

/* Where that reply goes, section 4.1: fills in addresses and ports of FRAME, but not the MAC
 * address that it comes from. */
void dhcp_address(const struct dhcp_lease *lease, const struct dhcp_packet *packet,
		  enum dhcp_type type, struct udp_frame *frame);

#endif
