/* SPDX-License-Identifier: MIT */
/*
 * Answers the DNS queries of a link: names of machines by itself, all others by asking the host's
 * resolvers. UDP is read off the link. TCP is listened to at ports that the kernel chose: who uses it
 * sends port 53 of the link there. Driven by the caller's loop as in dhcp_server.h. Allocates nothing
 * and never blocks.
 */
#ifndef FLOE_LINK_DNS_SERVER_H
#define FLOE_LINK_DNS_SERVER_H

#include "../base/err.h"
#include "../base/token_bucket.h"
#include "dns_flight.h"
#include "dns_stream.h"

#define DNS_FAMILIES      2 /* IPv4, IPv6, in this order */
#define DNS_IN_FLIGHT_MAX 32
#define DNS_STREAM_MAX    4

/* What dns_server_poll() fills in. */
#define DNS_SERVER_POLLS (2 * DNS_FAMILIES + DNS_IN_FLIGHT_MAX + DNS_STREAM_MAX)

struct dns_settings {
	/* Where clients ask, on the host's side of the link, by family; none: not by this one. */
	struct ip at[DNS_FAMILIES];
	/* The only client that is answered by UDP, on a bridge with several machines; zero: any. */
	uint8_t client_mac[WIRE_MAC_SIZE];
	/*
	 * A directory with a file for each machine, called by its name, that holds one address in
	 * text a line: both NAME and NAME.floe are answered from it. -1: names of machines are not
	 * special. Read when somebody asks; files whose name starts with a dot are nobody's.
	 */
	int names;
};

struct dns_server {
	struct dns_packets packets[DNS_FAMILIES];
	int tcp[DNS_FAMILIES];        /* -1: closed */
	uint16_t ports[DNS_FAMILIES]; /* of these; host byte order, 0: not served */
	int names;
	struct token_bucket bucket; /* of connections and what comes by them */
	struct resolvers resolvers;
	struct dns_flight flights[DNS_IN_FLIGHT_MAX];
	struct dns_stream streams[DNS_STREAM_MAX];
	struct dns_counters counters;
};

/* Makes SERVER one that is not open: all functions but open do nothing with it. */
void dns_server_init(struct dns_server *server);

/*
 * Serves the addresses of SETTINGS, which need not be there yet, on link INDEX of the calling
 * thread's network namespace, and nowhere else: another link's packets do not reach it whatever
 * their destination. Takes CAP_NET_RAW; nothing later does. The directory of names is duplicated.
 * After success SERVER must be released with dns_server_close().
 */
int dns_server_open(struct dns_server *server, int index, const struct dns_settings *settings,
		    struct floe_error *error);

/* Fills in what to wait for, with descriptor -1 for nothing. Returns the clock_usec() time at which
 * dns_server_handle() is to be called although nothing came; 0: never. */
uint64_t dns_server_poll(const struct dns_server *server, uint64_t now_usec,
			 struct pollfd polls[static DNS_SERVER_POLLS]);

/* Does what is to be done, a bounded number of messages; POLLS as poll(2) left them. 0, or -ENODEV
 * when the link is gone and the server to be closed. */
int dns_server_handle(struct dns_server *server, uint64_t now_usec,
		      const struct pollfd polls[static DNS_SERVER_POLLS]);

void dns_server_close(struct dns_server *server);

#endif
