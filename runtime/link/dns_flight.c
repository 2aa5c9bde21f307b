/* SPDX-License-Identifier: MIT */
/* A DNS query on its way to a resolver. */
#include "dns_flight.h"

#include "../base/cleanup.h"
#include "../base/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define SECOND UINT64_C(1000000)

/* For each resolver, and for the last one, which may have to ask around itself. Clients ask again
 * after five seconds. */
#define TRY_USEC  (2 * SECOND)
#define LAST_USEC (4 * SECOND)

/* A single resolver is asked twice: UDP loses packets. */
#define ATTEMPTS_MIN 2

/* Whatever happens: a list that changes all the time makes no query stay. */
#define LIFE_USEC (12 * SECOND)

#define RESPONSES 4 /* looked at in a turn: only one is right */

#ifndef GRND_INSECURE
#define GRND_INSECURE 4 /* Linux 5.6 */
#endif

void dns_flight_close(struct dns_flight *flight)
{
	cleanup_fd(&flight->fd);
	flight->fd = -1;
}

/* The query as the client sent it, again: it was read before, so there is a question. */
static bool read_query(const struct dns_flight *flight, struct dns_query *query)
{
	return dns_parse(flight->data, flight->size, query) == 0;
}

static void answer_failure(struct dns_flight *flight, struct dns_counters *counters)
{
	uint8_t data[DNS_UDP_MIN];
	struct dns_query query;
	ssize_t size;

	dns_flight_close(flight);
	if (!read_query(flight, &query))
		return;
	query.id = flight->client_id;
	size = dns_build(&query, DNS_SERVFAIL, NULL, data, sizeof(data));
	if (size > 0)
		dns_packets_answer(flight->packets, &flight->client, &query, data, (size_t)size);
	counters->answered++;
}

/* ---- asking ---- */

static int send_query(struct dns_flight *flight, struct resolvers *resolvers,
		      struct dns_counters *counters, uint64_t now_usec)
{
	bool last;

	counters->forwarded++;
	flight->attempts++;
	last = flight->attempts >= ATTEMPTS_MIN && !resolvers_has_next(resolvers, &flight->choice);
	flight->due_usec = now_usec + (last ? LAST_USEC : TRY_USEC);
	if (send(flight->fd, flight->data, flight->size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return errno == EAGAIN ? 0 : -errno;
	return 0;
}

/* Never blocks, also early in a boot, when nobody can tell what is random either. */
static uint16_t random_id(void)
{
	uint16_t id = 0;

	return getrandom(&id, sizeof(id), GRND_INSECURE) < 0 ? 0 : id;
}

static void ask_next(struct dns_flight *flight, struct resolvers *resolvers,
		     struct dns_counters *counters, uint64_t now_usec)
{
	do {
		dns_flight_close(flight);
		flight->fd = resolvers_connect(resolvers, &flight->choice, SOCK_DGRAM, now_usec);
		if (flight->fd < 0) {
			answer_failure(flight, counters);
			return;
		}
		wire_put16(flight->data, random_id());
		if (send_query(flight, resolvers, counters, now_usec) == 0)
			return;
		resolvers_note(resolvers, &flight->choice, false, now_usec);
	} while (now_usec < flight->since_usec + LIFE_USEC);
	answer_failure(flight, counters);
}

void dns_flight_start(struct dns_flight *flight, struct resolvers *resolvers,
		      struct dns_counters *counters, uint64_t now_usec)
{
	flight->fd = -1;
	flight->client_id = wire_get16(flight->data);
	flight->since_usec = now_usec;
	flight->attempts = 0;
	flight->choice = (struct resolver_choice){0};
	ask_next(flight, resolvers, counters, now_usec);
}

/* Where there is no other resolver the same is asked again, by the same socket: what is late is
 * the answer all the same. */
static void time_out(struct dns_flight *flight, struct resolvers *resolvers,
		     struct dns_counters *counters, uint64_t now_usec)
{
	resolvers_note(resolvers, &flight->choice, false, now_usec);
	if (now_usec >= flight->since_usec + LIFE_USEC)
		answer_failure(flight, counters);
	else if (resolvers_has_next(resolvers, &flight->choice))
		ask_next(flight, resolvers, counters, now_usec);
	else if (flight->attempts >= ATTEMPTS_MIN ||
		 send_query(flight, resolvers, counters, now_usec) < 0)
		answer_failure(flight, counters);
}

/* ---- responses ---- */

/* Another resolver may do better: the C libraries go on too (res_send(3)). */
static bool is_worth_another(const uint8_t *response)
{
	enum dns_rcode rcode = dns_rcode(response);

	return rcode == DNS_SERVFAIL || rcode == DNS_NOTIMP || rcode == DNS_REFUSED;
}

/* Of a response that is too long there is only the beginning, which nobody gets. */
static void relay(struct dns_flight *flight, struct dns_query *query, uint8_t *response,
		  size_t size, struct dns_counters *counters)
{
	uint8_t truncated[DNS_UDP_MIN];
	ssize_t length;

	counters->relayed++;
	wire_put16(response, flight->client_id);
	query->id = flight->client_id;
	if (size > query->udp_size || size > DNS_DATAGRAM_MAX) {
		length = dns_build_truncated(query, truncated, sizeof(truncated));
		response = truncated;
		size = length > 0 ? (size_t)length : 0;
	}
	if (size > 0)
		dns_packets_answer(flight->packets, &flight->client, query, response, size);
	dns_flight_close(flight);
}

/* Whether the flight still waits for more. Of a message that is too long the beginning is there. */
static bool handle_response(struct dns_flight *flight, struct resolvers *resolvers,
			    uint8_t *response, size_t size, struct dns_counters *counters,
			    uint64_t now_usec)
{
	size_t there = size < DNS_DATAGRAM_MAX ? size : DNS_DATAGRAM_MAX;
	struct dns_query query;

	if (!read_query(flight, &query) || !dns_is_response(&query, query.id, response, there)) {
		counters->ignored++;
		return true;
	}
	resolvers_note(resolvers, &flight->choice, true, now_usec);
	if (is_worth_another(response) && resolvers_has_next(resolvers, &flight->choice))
		ask_next(flight, resolvers, counters, now_usec);
	else
		relay(flight, &query, response, size, counters);
	return false;
}

/* An error is told by the resolver's host: nobody listens there (udp(7)). */
static void receive(struct dns_flight *flight, struct resolvers *resolvers,
		    struct dns_counters *counters, uint64_t now_usec)
{
	uint8_t response[DNS_DATAGRAM_MAX];

	for (int i = 0; i < RESPONSES; i++) {
		ssize_t size =
			recv(flight->fd, response, sizeof(response), MSG_DONTWAIT | MSG_TRUNC);

		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (size < 0) {
			resolvers_note(resolvers, &flight->choice, false, now_usec);
			ask_next(flight, resolvers, counters, now_usec);
			return;
		}
		if (!handle_response(flight, resolvers, response, (size_t)size, counters, now_usec))
			return;
	}
}

void dns_flight_handle(struct dns_flight *flight, struct resolvers *resolvers,
		       struct dns_counters *counters, uint64_t now_usec)
{
	if (flight->fd < 0)
		return;
	receive(flight, resolvers, counters, now_usec);
	if (flight->fd >= 0 && flight->due_usec <= now_usec)
		time_out(flight, resolvers, counters, now_usec);
}
