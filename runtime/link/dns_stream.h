/* SPDX-License-Identifier: MIT */
/*
 * A TCP connection of a DNS client. Its queries are taken one after the other, each answered before
 * the next is read: what is not ours to answer goes to a resolver by a connection of its own, and
 * its response back piece by piece, whatever its size.
 */
#ifndef FLOE_LINK_DNS_STREAM_H
#define FLOE_LINK_DNS_STREAM_H

#include "../base/dns.h"
#include "resolvers.h"

#include <poll.h>

#define DNS_STREAM_ROOM 2048 /* the longest query; responses pass through in pieces of this size */

enum dns_stream_state {
	DNS_STREAM_QUERY,      /* reads a query from the client */
	DNS_STREAM_CONNECTING, /* waits for a connection to a resolver */
	DNS_STREAM_ASKING,     /* sends the query to it */
	DNS_STREAM_LENGTH,     /* reads the length of its response */
	DNS_STREAM_WAITING,    /* reads a piece of the response */
	DNS_STREAM_ANSWERING,  /* sends what is in the buffer to the client */
};

struct dns_stream {
	enum dns_stream_state state;
	int client;        /* -1: free, and nothing else counts */
	int resolver;      /* -1: none */
	uint64_t due_usec; /* when to give up on what is waited for */
	struct resolver_choice choice;
	size_t used, done; /* bytes in the buffer, and of them passed on */
	size_t left;       /* bytes of the response still to come from the resolver */
	size_t length_used;
	uint8_t length[2]; /* of the response, while the query is kept for another resolver */
	uint8_t data[2 + DNS_STREAM_ROOM];
};

/* Begins to serve the connection CLIENT, which is non-blocking and the stream's from now on. */
void dns_stream_open(struct dns_stream *stream, int client, uint64_t now_usec);

/* Whether another client may have its place: it has not begun to ask. */
bool dns_stream_is_idle(const struct dns_stream *stream);

/* Fills in what to wait for, with descriptor -1 for nothing; due_usec tells how long. */
void dns_stream_poll(const struct dns_stream *stream, struct pollfd *poll);

/* Does what can be done without waiting, a bounded amount, with NAMES as in struct dns_settings.
 * Closes the stream at its end. Returns how many queries it took from the client, 1 at most. */
unsigned int dns_stream_handle(struct dns_stream *stream, int names, struct resolvers *resolvers,
			       uint64_t now_usec);

/* Does nothing when it is free. */
void dns_stream_close(struct dns_stream *stream);

#endif
