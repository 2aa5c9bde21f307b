/* SPDX-License-Identifier: MIT */
/* Advertises us as the IPv6 router of a link, RFC 4861 section 6.2. Driven by the caller's loop as
 * in dhcp_server.h. */
#ifndef FLOE_LINK_RA_SERVER_H
#define FLOE_LINK_RA_SERVER_H

#include "../base/ra.h"
#include "link_service.h"

struct ra_counters {
	uint64_t multicast, unicast; /* advertisements sent */
	uint64_t ignored;            /* what came and was no solicitation */
	uint64_t dropped;            /* advertisements that the link did not take */
};

struct ra_server {
	struct link_service service;
	struct ra_router router;
	uint64_t next_usec; /* when all nodes are told next */
	uint64_t last_usec; /* when they were told last */
	unsigned int initial;
	struct ra_counters counters;
};

/* A server that is not open: all functions but open do nothing with it. */
#define RA_SERVER_CLOSED                                                                           \
	{                                                                                          \
		.service = {.fd = -1 }                                                             \
	}

/* Advertises ROUTER (copied; its MAC is the link's) on link INDEX of the calling thread's network
 * namespace, for the first time when ra_server_handle() is called. Takes CAP_NET_RAW; nothing later
 * does. After success SERVER must be released with ra_server_close(). */
int ra_server_open(struct ra_server *server, int index, const struct ra_router *router,
		   struct floe_error *error);

/* Fills in what to wait for, with descriptor -1 for nothing. Returns the clock_usec() time at which
 * ra_server_handle() is to be called although nothing came; 0: never, the server is closed. */
uint64_t ra_server_poll(const struct ra_server *server, uint64_t now_usec, struct pollfd *poll);

/* Answers what has come, a bounded number of solicitations, and advertises when it is time; never
 * blocks. 0, or -ENODEV when the link is gone and the server to be closed. */
int ra_server_handle(struct ra_server *server, uint64_t now_usec);

void ra_server_close(struct ra_server *server);

#endif
