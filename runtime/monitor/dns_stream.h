/* SPDX-License-Identifier: MIT */
/*
 * A TCP connection of a DNS client. Its queries are taken one after the other, each answered before
 * the next is read: what is not ours to answer goes to a resolver by a connection of its own, and
 * its response back piece by piece, whatever its size.
 */
#ifndef FLOE_MONITOR_DNS_STREAM_H
#define FLOE_MONITOR_DNS_STREAM_H

#include "../base/dns.h"
#include "resolvers.h"

#include <poll.h>

#define DNS_STREAM_MAX  4
#define DNS_STREAM_ROOM 2048 /* the longest query; responses pass through in pieces of this size */

enum dns_stream_state {
	DNS_STREAM_QUERY,      /* reads a query from the client */
	DNS_STREAM_CONNECTING, /* waits for a resolver */
	DNS_STREAM_ASKING,     /* sends the query to it */
	DNS_STREAM_WAITING,    /* reads a piece of the response */
	DNS_STREAM_ANSWERING,  /* sends what is in the buffer to the client */
};

struct dns_stream {
	enum dns_stream_state state;
	int client;        /* -1: free */
	int resolver;      /* -1: none */
	uint64_t due_usec; /* when to give up on what is waited for */
	struct resolver_choice choice;
	size_t used, done; /* bytes in the buffer, and of them passed on */
	size_t left;       /* bytes of the response still to come from the resolver */
	uint8_t data[2 + DNS_STREAM_ROOM];
};

#endif
