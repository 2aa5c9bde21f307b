/* SPDX-License-Identifier: MIT */
/* A DNS query that came by UDP, on its way to a resolver: with a random number and from a socket of
 * its own, so that nobody but the resolver can answer it (RFC 5452). */
#ifndef FLOE_LINK_DNS_FLIGHT_H
#define FLOE_LINK_DNS_FLIGHT_H

#include "dns_packets.h"
#include "resolvers.h"

#define DNS_QUERY_MAX 512 /* the client of a longer one is told to use TCP */

/* What became of the queries; each only rises. */
struct dns_counters {
	uint64_t answered;  /* by ourselves, failures included */
	uint64_t forwarded; /* to a resolver, with repetitions */
	uint64_t relayed;   /* responses */
	uint64_t ignored;   /* malformed queries, and responses to none */
	uint64_t displaced; /* queries in flight that made room for others */
	uint64_t streams;   /* TCP connections */
};

struct dns_flight {
	int fd; /* connected to the resolver; -1: free, and nothing else counts */
	const struct dns_packets *packets; /* how the query came in; not the flight's */
	struct dns_client client;
	uint16_t client_id;  /* the query's number; it has a random one on its way */
	uint64_t since_usec; /* when it came */
	uint64_t due_usec;   /* when to try again */
	unsigned int attempts;
	struct resolver_choice choice;
	size_t size;
	uint8_t data[DNS_QUERY_MAX];
};

/* Sends the query in data of FLIGHT, whose size, client and packets are set, to a resolver. */
void dns_flight_start(struct dns_flight *flight, struct resolvers *resolvers,
		      struct dns_counters *counters, uint64_t now_usec);

/* Passes on what has come, or tries again when it is time; free at its end. */
void dns_flight_handle(struct dns_flight *flight, struct resolvers *resolvers,
		       struct dns_counters *counters, uint64_t now_usec);

/* Does nothing when it is free. */
void dns_flight_close(struct dns_flight *flight);

#endif
