/* SPDX-License-Identifier: MIT */
/*
 * Gives the one client of a link its address by DHCPv4, RFC 2131. Driven by the caller's loop:
 *
 *	deadline = dhcp_server_poll(server, clock_usec(), &polls[i]);
 *	poll(polls, count, clock_timeout(earlier(deadline, others)));
 *	if (dhcp_server_handle(server, clock_usec()) == -ENODEV)
 *		dhcp_server_close(server);
 */
#ifndef FLOE_LINK_DHCP_SERVER_H
#define FLOE_LINK_DHCP_SERVER_H

#include "../base/dhcp.h"
#include "link_service.h"

/* What became of the messages; each only rises. */
struct dhcp_counters {
	uint64_t replies[DHCP_INFORM + 1]; /* sent, by enum dhcp_type */
	uint64_t declined;                 /* the client found its address to be used by another */
	uint64_t released;                 /* the client gave its address back */
	uint64_t ignored;                  /* malformed, or not for us */
	uint64_t dropped;                  /* replies that the link did not take */
};

struct dhcp_server {
	struct link_service service;
	struct dhcp_lease lease;
	struct dhcp_counters counters;
};

/* A server that is not open: all functions but open do nothing with it. */
#define DHCP_SERVER_CLOSED                                                                         \
	{                                                                                          \
		.service = {.fd = -1 }                                                             \
	}

/* Serves LEASE, which is copied and checked by dhcp_lease_check(), on link INDEX of the calling
 * thread's network namespace. Takes CAP_NET_RAW; nothing later does. After success SERVER must be
 * released with dhcp_server_close(). */
int dhcp_server_open(struct dhcp_server *server, int index, const struct dhcp_lease *lease,
		     struct floe_error *error);

/* See link_service_poll(). */
uint64_t dhcp_server_poll(const struct dhcp_server *server, uint64_t now_usec, struct pollfd *poll);

/* Answers what has come, a bounded number of messages; never blocks. To be called after poll(2),
 * whatever it said. 0, or -ENODEV when the link is gone and the server to be closed. */
int dhcp_server_handle(struct dhcp_server *server, uint64_t now_usec);

void dhcp_server_close(struct dhcp_server *server);

#endif
