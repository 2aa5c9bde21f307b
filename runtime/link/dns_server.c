/* SPDX-License-Identifier: MIT */
/* Answers the DNS queries of a link. */
#include "dns_server.h"

#include "../base/cleanup.h"
#include "../sys/clock.h"
#include "dns_answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

/* Queries in a second and at once: more than a busy machine has, little work for us. */
#define INTERVAL_USEC  2000
#define BURST          64

#define RECEIVE_BUFFER 65536

/* How often another port is tried when the one for UDP is not free for TCP. */
#define PORT_ATTEMPTS 32

static const int families[DNS_FAMILIES] = {AF_INET, AF_INET6};

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

/* A socket of TYPE at ADDRESS, which gets the port that the kernel chose if it has none. */
static int open_socket(int type, int index, union address *address)
{
	CLEANUP_FD int fd = socket(address->any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(*address);
	int r;

	if (fd < 0)
		return -errno;
	if ((r = set_options(fd, address->any.sa_family, index)) < 0)
		return r;
	if (bind(fd, &address->any,
		 address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6)) <
		    0 ||
	    getsockname(fd, &address->any, &size) < 0)
		return -errno;
	if (type == SOCK_STREAM)
		return listen(fd, DNS_STREAM_MAX) < 0 ? -errno : take_fd(&fd);
	if ((r = set_option(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER)) < 0)
		return r;
	return take_fd(&fd);
}

/* Both at the same port. -EADDRINUSE: another port may do. */
static int open_pair(struct dns_server *server, int family, int index, union address address)
{
	CLEANUP_FD int udp = open_socket(SOCK_DGRAM, index, &address);
	CLEANUP_FD int tcp = udp < 0 ? udp : open_socket(SOCK_STREAM, index, &address);

	if (tcp < 0)
		return tcp;
	server->ports[family] =
		ntohs(families[family] == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
	server->udp[family] = take_fd(&udp);
	server->tcp[family] = take_fd(&tcp);
	return 0;
}

static int open_family(struct dns_server *server, int family, int index,
		       const union address *address, struct floe_error *error)
{
	char text[INET6_ADDRSTRLEN];
	int r = -EADDRINUSE;

	for (int i = 0; i < PORT_ATTEMPTS && r == -EADDRINUSE; i++)
		r = open_pair(server, family, index, *address);
	if (r == 0)
		return 0;
	inet_ntop(families[family],
		  families[family] == AF_INET ? (const void *)&address->v4.sin_addr
					      : (const void *)&address->v6.sin6_addr,
		  text, sizeof(text));
	return err_errno(error, -r, "cannot answer DNS queries at %s on link number %d", text,
			 index);
}

static int open_families(struct dns_server *server, int index, const struct dns_settings *settings,
			 struct floe_error *error)
{
	const union address v4 = {.v4 = {.sin_family = AF_INET, .sin_addr = settings->address4}};
	union address v6 = {.v6 = {.sin6_family = AF_INET6, .sin6_addr = settings->address6}};
	bool has_v4 = v4.v4.sin_addr.s_addr != 0;
	bool has_v6 = !IN6_IS_ADDR_UNSPECIFIED(&settings->address6);
	int r = 0;

	if (!has_v4 && !has_v6)
		return err_usage(error, "there is no address to answer DNS queries at");
	if (IN6_IS_ADDR_LINKLOCAL(&settings->address6))
		v6.v6.sin6_scope_id = (uint32_t)index;
	if (has_v4)
		r = open_family(server, 0, index, &v4, error);
	if (r == 0 && has_v6)
		r = open_family(server, 1, index, &v6, error);
	return r;
}

void dns_server_init(struct dns_server *server)
{
	memset(server, 0, sizeof(*server));
	server->bucket.interval_usec = INTERVAL_USEC;
	server->bucket.burst = BURST;
	server->names = -1;
	for (int i = 0; i < DNS_FAMILIES; i++)
		server->udp[i] = server->tcp[i] = -1;
	for (int i = 0; i < DNS_IN_FLIGHT_MAX; i++)
		server->flights[i].fd = -1;
	for (int i = 0; i < DNS_STREAM_MAX; i++)
		server->streams[i].client = -1;
}

int dns_server_open(struct dns_server *server, int index, const struct dns_settings *settings,
		    struct floe_error *error)
{
	char link[IF_NAMESIZE];
	int r;

	dns_server_init(server);
	/* Sockets are bound to any number, there or not. */
	if (!if_indextoname((unsigned int)index, link))
		return err_errno(error, ENODEV, "cannot answer DNS queries on link number %d",
				 index);
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
		cleanup_fd(&server->udp[i]);
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

	if (paused && (server->udp[0] >= 0 || server->udp[1] >= 0))
		next = token;
	for (int i = 0; i < DNS_FAMILIES; i++) {
		*polls++ = (struct pollfd){.fd = paused ? -1 : server->udp[i], .events = POLLIN};
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

static void forward(struct dns_server *server, int fd, const struct sockaddr_in6 *client,
		    const uint8_t *data, size_t size, uint64_t now_usec)
{
	struct dns_flight *flight = take_flight(server);

	flight->client_fd = fd;
	flight->client = *client;
	flight->size = size;
	memcpy(flight->data, data, size);
	dns_flight_start(flight, &server->resolvers, &server->counters, now_usec);
}

/* SIZE may be more than there is in DATA. */
static void handle_query(struct dns_server *server, int fd, const struct sockaddr_in6 *client,
			 const uint8_t *data, size_t size, uint64_t now_usec)
{
	uint8_t answer[DNS_ANSWER_MAX];
	struct dns_query query;
	ssize_t length;

	if (size > DNS_QUERY_MAX) {
		length = dns_parse(data, DNS_QUERY_MAX, &query) < 0
				 ? -EBADMSG
				 : dns_build_truncated(&query, answer, sizeof(answer));
	} else {
		length = dns_answer(server->names, data, size, false, &query, answer);
	}
	if (length == 0) {
		forward(server, fd, client, data, size, now_usec);
		return;
	}
	if (length > 0)
		dns_send(fd, client, answer, (size_t)length);
	server->counters.answered += length > 0;
	server->counters.ignored += length < 0;
}

static void handle_udp(struct dns_server *server, int fd, uint64_t now_usec)
{
	uint8_t data[DNS_QUERY_MAX];

	while (fd >= 0 && token_bucket_next(&server->bucket, now_usec) <= now_usec) {
		struct sockaddr_in6 client = {0};
		socklen_t length = sizeof(client);
		ssize_t size = recvfrom(fd, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC,
					(struct sockaddr *)&client, &length);

		if (size < 0 && errno == EAGAIN)
			return;
		token_bucket_take(&server->bucket, now_usec);
		if (size >= 0)
			handle_query(server, fd, &client, data, (size_t)size, now_usec);
	}
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

void dns_server_handle(struct dns_server *server, uint64_t now_usec,
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
		if (polls[2 * i].revents)
			handle_udp(server, server->udp[i], now_usec);
		if (polls[2 * i + 1].revents)
			accept_one(server, server->tcp[i], now_usec);
	}
}
