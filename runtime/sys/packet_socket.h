/* SPDX-License-Identifier: MIT */
/* Ethernet frames of one link, packet(7). All return a negative errno on failure. */
#ifndef FLOE_SYS_PACKET_SOCKET_H
#define FLOE_SYS_PACKET_SOCKET_H

#include "../base/wire.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Opens a non-blocking socket for frames of PROTOCOL (an ETH_P_ number) that come in over the
 * Ethernet link INDEX and pass FILTER, which nobody can take off again, until there are
 * RECEIVE_BUFFER bytes of them (SO_RCVBUF, socket(7)). It is the caller's to close. Takes CAP_NET_RAW over the network namespace; using it afterwards takes none.
 */
int packet_socket_open(int index, uint16_t protocol, const struct sock_filter *filter,
		       size_t filter_count, int receive_buffer);

/* Also lets frames for the multicast address MAC in. */
int packet_socket_join(int fd, int index, const uint8_t mac[static WIRE_MAC_SIZE]);

/* The link's address now. -ENODEV when the link is gone, which is for good. */
int packet_socket_mac(int fd, uint8_t mac[static WIRE_MAC_SIZE]);

/* 1: the link is up; 0: it is down; -ENODEV: it is gone. */
int packet_socket_is_up(int fd);

/*
 * Takes one frame; its size, or -EAGAIN when there is none, -EMSGSIZE for a dropped one of more
 * than SIZE bytes, -ENETDOWN once when the link went down or away. *CHECKSUM_DONE is false when
 * the sender's kernel has not filled in the checksum of the transport protocol.
 */
ssize_t packet_socket_receive(int fd, uint8_t *data, size_t size, bool *checksum_done);

/* Sends one frame. -ENETDOWN when the link is down, -ENXIO when it is gone. */
int packet_socket_send(int fd, const uint8_t *data, size_t size);

#endif
