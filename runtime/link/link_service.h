/* SPDX-License-Identifier: MIT */
/*
 * What the services of a machine's link have in common: a packet socket, and a limit to how many
 * packets a machine makes us look at. While it is exceeded the socket is not waited for, and the
 * kernel drops what comes: the sender pays for its flood, not the host.
 */
#ifndef FLOE_LINK_LINK_SERVICE_H
#define FLOE_LINK_LINK_SERVICE_H

#include "../base/err.h"
#include "../base/token_bucket.h"
#include "../sys/packet_socket.h"

#include <poll.h>

/* A full Ethernet frame and more. */
#define LINK_FRAME_MAX           2048

#define LINK_FILTER_FIELD_COUNT  3
#define LINK_FILTER_SENDER_COUNT (2 * LINK_FILTER_FIELD_COUNT)

struct link_service {
	int fd; /* -1: closed */
	struct token_bucket bucket;
	uint64_t check_usec; /* when to see whether a link that went down is gone; 0: it is up */
};

/* How much a machine makes us look at. */
struct link_limits {
	uint64_t interval_usec; /* a frame in this time */
	unsigned int burst;     /* and so many at once */
	/* Bytes of waiting frames, which the kernel counts with what it needs for each. Those that a
	 * flood leaves waiting delay those that come after it. */
	int receive_buffer;
};

/* For what a client seldom asks: far more than one needs, little work for us. */
extern const struct link_limits link_limits_few;

/* What a service waits for. */
struct link_service_kind {
	const char *name; /* for messages: "DHCP" */
	uint16_t protocol;
	const struct sock_filter *filter;
	size_t filter_count;
	const uint8_t *multicast; /* an address to listen to; NULL: none */
	const struct link_limits *limits;
};

/* Writes to OUT, for a filter, what drops all frames but those with VALUE as the SIZE (BPF_B, BPF_H,
 * BPF_W) at AT. */
void link_filter_field(uint16_t size, uint32_t at, uint32_t value,
		       struct sock_filter out[static LINK_FILTER_FIELD_COUNT]);

/* Writes to OUT, for the beginning of a filter, what drops all frames but those from MAC. On a
 * bridge the frames of other machines are not even counted then. Returns how many it wrote. */
size_t link_filter_sender(const uint8_t mac[static WIRE_MAC_SIZE],
			  struct sock_filter out[static LINK_FILTER_SENDER_COUNT]);

/* Opens the service on link INDEX of the calling thread's network namespace: see
 * packet_socket_open() for what that takes. Release with link_service_close(). */
int link_service_open(struct link_service *service, int index, const struct link_service_kind *kind,
		      struct floe_error *error);

/* Fills in what to wait for, with descriptor -1 for nothing. Returns the time, in clock_usec(),
 * at which to ask again although nothing came, or 0. */
uint64_t link_service_poll(const struct link_service *service, uint64_t now_usec,
			   struct pollfd *poll);

/* Takes one frame; its size, or 0 when there is none to be looked at now, or -ENODEV when the link
 * is gone for good. A link that is only down is waited for. */
ssize_t link_service_receive(struct link_service *service, uint64_t now_usec,
			     uint8_t data[static LINK_FRAME_MAX], bool *checksum_done);

/* Sends one frame. 1: sent; 0: dropped, as the link is down or has no room; -ENODEV: it is gone. */
int link_service_send(struct link_service *service, const uint8_t *data, size_t size);

/* Does nothing when it is closed. */
void link_service_close(struct link_service *service);

#endif
