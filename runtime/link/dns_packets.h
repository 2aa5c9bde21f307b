/* SPDX-License-Identifier: MIT */
/*
 * DNS queries that come by UDP, and the answers to them, as frames of a link. They are read before
 * netfilter sees them, so that no firewall of the host keeps them out and no socket of the host's
 * port 53 is in the way. The kernel gets them, too: who uses it has to keep the kernel from saying
 * that nobody listens there.
 */
#ifndef FLOE_LINK_DNS_PACKETS_H
#define FLOE_LINK_DNS_PACKETS_H

#include "../base/dns.h"
#include "../base/udp_frame.h"
#include "link_service.h"

#define DNS_DATAGRAM_MAX 4096 /* the client of a longer answer is told to use TCP */

/* Those of one family. */
struct dns_packets {
	struct link_service service;
	struct ip address; /* the host's, where clients ask */
};

#define DNS_PACKETS_CLOSED                                                                         \
	{                                                                                          \
		.service = {.fd = -1 }                                                             \
	}

/* Who asked: where the answer goes. */
struct dns_client {
	uint8_t mac[WIRE_MAC_SIZE];
	struct ip address;
	uint16_t port; /* host byte order */
};

/* Takes what comes for port 53 of ADDRESS over link INDEX of the calling thread's network namespace,
 * from CLIENT_MAC alone unless that is zero. Takes CAP_NET_RAW. Release with dns_packets_close(). */
int dns_packets_open(struct dns_packets *packets, int index, const struct ip *address,
		     const uint8_t client_mac[static WIRE_MAC_SIZE], struct floe_error *error);

/* See link_service_poll(). */
uint64_t dns_packets_poll(const struct dns_packets *packets, uint64_t now_usec,
			  struct pollfd *poll);

/* Takes a query; FRAME, its frame, points into DATA. 1: there it is; 0: there is none to be looked at
 * now; -EBADMSG: it was malformed; -ENODEV: the link is gone for good. */
int dns_packets_receive(struct dns_packets *packets, uint64_t now_usec,
			uint8_t data[static LINK_FRAME_MAX], struct udp_frame *frame);

/* Who sent it. */
struct dns_client dns_packets_client(const struct udp_frame *frame);

/* Sends the answer DATA of SIZE bytes to QUERY to CLIENT; in place of one that is too long or does
 * not fit the link's MTU, that it has to be asked for by TCP. Drops what the link has no room for. */
void dns_packets_answer(const struct dns_packets *packets, const struct dns_client *client,
			const struct dns_query *query, const uint8_t *data, size_t size);

/* Does nothing when it is closed. */
void dns_packets_close(struct dns_packets *packets);

#endif
