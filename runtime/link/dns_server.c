/* SPDX-License-Identifier: MIT */
/* Answers the DNS queries of a link. */
#include "dns_server.h"

#include "../base/cleanup.h"
#include "../sys/clock.h"
#include "dns_answer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

/* Queries by TCP in a second and at once, as by UDP (dns_packets.c). */
#define INTERVAL_USEC 2000
#define BURST         64

/* ---- sockets ---- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* An address may be bound before it is there; a packet of another link never gets here. */
static int set_options(int fd, int family, int index)
{
	int r = set_option(fd, SOL_SOCKET, SO_BINDTOIFINDEX, index);

	if (r < 0)
		return r;
	if (family == AF_INET)
		return set_option(fd, IPPROTO_IP, IP_FREEBIND, 1);
	if ((r = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) < 0)
		return r;
	return set_option(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
}

static socklen_t fill_address(const struct ip *ip, int index, union address *address)
{
	*address = (union address){.any = {.sa_family = ip->family}};
	if (ip->family == AF_INET) {
		address->v4.sin_addr = ip_to_v4(ip);
		return sizeof(address->v4);
	}
	memcpy(&address->v6.sin6_addr, ip->bytes, sizeof(address->v6.sin6_addr));
	if (IN6_IS_ADDR_LINKLOCAL(&address->v6.sin6_addr))
		address->v6.sin6_scope_id = (uint32_t)index;
	return sizeof(address->v6);
}

/* A listening socket, at a port of the kernel's choice, which is put into *PORT. */
static int open_stream(const struct ip *ip, int index, uint16_t *port)
{
	CLEANUP_FD int fd = socket(ip->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	union address address;
	socklen_t size = fill_address(ip, index, &address);
	int r;

	if (fd < 0)
		return -errno;
	if ((r = set_options(fd, ip->family, index)) < 0)
		return r;
	if (bind(fd, &address.any, size) < 0 || getsockname(fd, &address.any, &size) < 0 ||
	    listen(fd, DNS_STREAM_MAX) < 0)
		return -errno;
	*port = ntohs(ip->family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
	return take_fd(&fd);
}

static int open_family(struct dns_server *server, int family, int index,
		       const struct dns_settings *settings, struct floe_error *error)
{
	const struct ip *ip = &settings->at[family];
	char text[IP_TEXT_SIZE];
	int r = dns_packets_open(&server->packets[family], index, ip, settings->client_mac, error);

	if (r < 0)
		return r;
	r = open_stream(ip, index, &server->ports[family]);
	if (r < 0)
		return err_errno(error, -r, "cannot answer DNS queries at %s on link number %d",
				 ip_format(ip, text), index);
	server->tcp[family] = r;
	return 0;
}

static int open_families(struct dns_server *server, int index, const struct dns_settings *settings,
			 struct floe_error *error)
{
	int r = 0;

	if (!settings->at[0].family && !settings->at[1].family)
		return err_usage(error, "there is no address to answer DNS queries at");
	for (int i = 0; r == 0 && i < DNS_FAMILIES; i++)
		if (settings->at[i].family)
			r = open_family(server, i, index, settings, error);
	return r;
}

void dns_server_init(struct dns_server *server)
{
	memset(server, 0, sizeof(*server));
	server->bucket.interval_usec = INTERVAL_USEC;
	server->bucket.burst = BURST;
	server->names = -1;
	for (int i = 0; i < DNS_FAMILIES; i++) {
		server->packets[i] = (struct dns_packets)DNS_PACKETS_CLOSED;
		server->tcp[i] = -1;
	}
	for (int i = 0; i < DNS_IN_FLIGHT_MAX; i++)
		server->flights[i].fd = -1;
	for (int i = 0; i < DNS_STREAM_MAX; i++)
		server->streams[i].client = -1;
}

int dns_server_open(struct dns_server *server, int index, const struct dns_settings *settings,
		    struct floe_error *error)
{
	int r;

	dns_server_init(server);
	r = open_families(server, index, settings, error);
	if (r == 0 && settings->names >= 0) {
		server->names = fcntl(settings->names, F_DUPFD_CLOEXEC, 3);
		if (server->names < 0)
			r = err_errno(error, errno, "cannot use the directory of machines' names");
	}
	if (r < 0)
		dns_server_close(server);
	return r;
}

void dns_server_close(struct dns_server *server)
{
	for (int i = 0; i < DNS_FAMILIES; i++) {
		dns_packets_close(&server->packets[i]);
		cleanup_fd(&server->tcp[i]);
	}
	for (int i = 0; i < DNS_IN_FLIGHT_MAX; i++)
		dns_flight_close(&server->flights[i]);
	for (int i = 0; i < DNS_STREAM_MAX; i++)
		dns_stream_close(&server->streams[i]);
	cleanup_fd(&server->names);
	dns_server_init(server);
}

/* ---- waiting ---- */

static bool has_idle_stream(const struct dns_server *server)
{
	for (int i = 0; i < DNS_STREAM_MAX; i++)
		if (dns_stream_is_idle(&server->streams[i]))
			return true;
	return false;
}

/* While there is no token, nothing new is begun: the kernel drops what its buffers do not hold. */
uint64_t dns_server_poll(const struct dns_server *server, uint64_t now_usec,
			 struct pollfd polls[static DNS_SERVER_POLLS])
{
	uint64_t token = token_bucket_next(&server->bucket, now_usec), next = 0;
	bool paused = token > now_usec, idle = has_idle_stream(server);

	if (paused)
		next = token;
	for (int i = 0; i < DNS_FAMILIES; i++) {
		next = clock_earlier(next,
				     dns_packets_poll(&server->packets[i], now_usec, polls++));
		*polls++ = (struct pollfd){.fd = paused || !idle ? -1 : server->tcp[i],
					   .events = POLLIN};
	}
	for (int i = 0; i < DNS_IN_FLIGHT_MAX; i++) {
		const struct dns_flight *flight = &server->flights[i];

		*polls++ = (struct pollfd){.fd = flight->fd, .events = POLLIN};
		if (flight->fd >= 0)
			next = clock_earlier(next, flight->due_usec);
	}
	for (int i = 0; i < DNS_STREAM_MAX; i++, polls++) {
		const struct dns_stream *stream = &server->streams[i];

		dns_stream_poll(stream, polls);
		if (paused && stream->state == DNS_STREAM_QUERY)
			polls->fd = -1;
		if (stream->client >= 0)
			next = clock_earlier(next, stream->due_usec);
	}
	return next;
}

/* ---- queries by UDP ---- */

/* A free one, or the oldest. */
static struct dns_flight *take_flight(struct dns_server *server)
{
	struct dns_flight *oldest = &server->flights[0];

	for (int i = 0; i < DNS_IN_FLIGHT_MAX; i++) {
		struct dns_flight *flight = &server->flights[i];

		if (flight->fd < 0)
			return flight;
		if (flight->since_usec < oldest->since_usec)
			oldest = flight;
	}
	server->counters.displaced++;
	dns_flight_close(oldest);
	return oldest;
}

static void forward(struct dns_server *server, const struct dns_packets *packets,
		    const struct udp_frame *frame, uint64_t now_usec)
{
	struct dns_flight *flight = take_flight(server);

	flight->packets = packets;
	flight->client = dns_packets_client(frame);
	flight->size = frame->size;
	memcpy(flight->data, frame->payload, frame->size);
	dns_flight_start(flight, &server->resolvers, &server->counters, now_usec);
}

static void handle_query(struct dns_server *server, const struct dns_packets *packets,
			 const struct udp_frame *frame, uint64_t now_usec)
{
	const struct dns_client client = dns_packets_client(frame);
	uint8_t answer[DNS_ANSWER_MAX];
	struct dns_query query;
	ssize_t length;

	if (frame->size > DNS_QUERY_MAX) {
		length = dns_parse(frame->payload, DNS_QUERY_MAX, &query) < 0
				 ? -EBADMSG
				 : dns_build_truncated(&query, answer, sizeof(answer));
	} else {
		length = dns_answer(server->names, frame->payload, frame->size, false, &query,
				    answer);
	}
	if (length == 0) {
		forward(server, packets, frame, now_usec);
		return;
	}
	if (length > 0)
		dns_packets_answer(packets, &client, &query, answer, (size_t)length);
	server->counters.answered += length > 0;
	server->counters.ignored += length < 0;
}

static int handle_packets(struct dns_server *server, struct dns_packets *packets, uint64_t now_usec)
{
	uint8_t data[LINK_FRAME_MAX];
	struct udp_frame frame;
	int r;

	while ((r = dns_packets_receive(packets, now_usec, data, &frame)) > 0 || r == -EBADMSG) {
		if (r > 0)
			handle_query(server, packets, &frame, now_usec);
		else
			server->counters.ignored++;
	}
	return r;
}

/* ---- connections ---- */

/* A free one, or the one that has been silent longest. */
static struct dns_stream *take_stream(struct dns_server *server)
{
	struct dns_stream *found = NULL;

	for (int i = 0; i < DNS_STREAM_MAX; i++) {
		struct dns_stream *stream = &server->streams[i];

		if (stream->client < 0)
			return stream;
		if (dns_stream_is_idle(stream) && (!found || stream->due_usec < found->due_usec))
			found = stream;
	}
	if (found)
		dns_stream_close(found);
	return found;
}

static void accept_one(struct dns_server *server, int fd, uint64_t now_usec)
{
	struct dns_stream *stream;
	int client;

	if (fd < 0 || !has_idle_stream(server) || !token_bucket_take(&server->bucket, now_usec))
		return;
	client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (client < 0)
		return;
	server->counters.streams++;
	stream = take_stream(server);
	dns_stream_open(stream, client, now_usec);
}

static void handle_stream(struct dns_server *server, struct dns_stream *stream, uint64_t now_usec)
{
	unsigned int queries =
		dns_stream_handle(stream, server->names, &server->resolvers, now_usec);

	if (queries > 0)
		token_bucket_take(&server->bucket, now_usec);
}

/* ---- a turn ---- */

int dns_server_handle(struct dns_server *server, uint64_t now_usec,
		      const struct pollfd polls[static DNS_SERVER_POLLS])
{
	const struct pollfd *flights = polls + 2 * (size_t)DNS_FAMILIES;
	const struct pollfd *streams = flights + DNS_IN_FLIGHT_MAX;

	for (int i = 0; i < DNS_IN_FLIGHT_MAX; i++)
		if (flights[i].revents || server->flights[i].due_usec <= now_usec)
			dns_flight_handle(&server->flights[i], &server->resolvers,
					  &server->counters, now_usec);
	for (int i = 0; i < DNS_STREAM_MAX; i++)
		if (streams[i].revents || server->streams[i].due_usec <= now_usec)
			handle_stream(server, &server->streams[i], now_usec);
	for (int i = 0; i < DNS_FAMILIES; i++) {
		int r = handle_packets(server, &server->packets[i], now_usec);

		if (r < 0)
			return r;
		if (polls[2 * i + 1].revents)
			accept_one(server, server->tcp[i], now_usec);
	}
	return 0;
}
