/* SPDX-License-Identifier: MIT */
/* UDP over IPv4 and IPv6 in an Ethernet frame, as packet sockets carry it. Pure. */
#ifndef FLOE_BASE_UDP_FRAME_H
#define FLOE_BASE_UDP_FRAME_H

#include "ip.h"
#include "wire.h"

#include <sys/types.h>

/* What udp_frame_build() puts before the payload. */
#define UDP_FRAME_HEADERS4    (WIRE_ETHERNET_SIZE + 20 + 8)
#define UDP_FRAME_HEADERS6    (WIRE_ETHERNET_SIZE + 40 + 8)
#define UDP_FRAME_HEADERS_MAX UDP_FRAME_HEADERS6

struct udp_frame {
	uint8_t source_mac[WIRE_MAC_SIZE], destination_mac[WIRE_MAC_SIZE];
	struct ip source, destination;          /* of one family */
	uint16_t source_port, destination_port; /* host byte order */
	const uint8_t *payload;
	size_t size; /* of the payload */
};

/*
 * Reads a frame of SIZE bytes; FRAME points into DATA. CHECKSUM_DONE is false for a packet whose
 * UDP checksum the sending kernel left to hardware (TP_STATUS_CSUMNOTREADY, packet(7)): it is not
 * looked at then. 0, or -EBADMSG for a frame that is malformed, a fragment or not UDP over IPv4 or
 * right behind the header of IPv6.
 */
int udp_frame_parse(const uint8_t *data, size_t size, bool checksum_done, struct udp_frame *frame);

/* Writes FRAME, over IPv6 if its source is such an address, to DATA. Returns the size, or -EMSGSIZE
 * when it does not fit ROOM or a datagram. The payload may already be at its place in DATA. */
ssize_t udp_frame_build(const struct udp_frame *frame, uint8_t *data, size_t room);

#endif
