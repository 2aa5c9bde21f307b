/* SPDX-License-Identifier: MIT */
/* The DNS server of a link, on the loopback link of a network namespace of the test's own, with
 * resolvers that the test plays and a clock that it sets. */
#include "../../runtime/base/wire.h"
#include "../../runtime/link/dns_server.h"
#include "packets.h"
#include "scratch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "unit.h"

#define SECOND   UINT64_C(1000000)
#define NOW      (1000 * SECOND)
#define LOOPBACK 1 /* the first link of every network namespace */
#define ROOM     65536

static struct dns_server server;
static uint8_t data[ROOM]; /* what came last */

/* ---- surroundings ---- */

/* Another file each time, renamed to the place, as those do it who change it on a running host. */
static void set_resolvers(const char *text)
{
	scratch_write("new", text, strlen(text));
	assert_int_equal(rename("new", "etc/resolv.conf"), 0);
}

static int enter(void **state)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	CLEANUP_FD int fd = -1;

	if (scratch_enter(state) < 0 || unshare(CLONE_NEWNET) < 0)
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return -1;
	scratch_directory("etc");
	scratch_directory("names");
	if (mount("etc", "/etc", NULL, MS_BIND, NULL) < 0)
		return -1;
	dns_server_init(&server);
	return 0;
}

static int leave(void **state)
{
	dns_server_close(&server);
	umount2("/etc", MNT_DETACH);
	return scratch_leave(state);
}

static void open_server(void)
{
	struct dns_settings settings = {
		.address4 = packet_ipv4("127.0.0.1"),
		.address6 = packet_ipv6("::1"),
		.names = open("names", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
	};

	assert_true(settings.names >= 0);
	assert_int_equal(dns_server_open(&server, LOOPBACK, &settings, NULL), 0);
	close(settings.names);
}

/* Whether something was to be done; then it was. */
static bool turn(uint64_t now)
{
	struct pollfd polls[DNS_SERVER_POLLS];
	uint64_t due = dns_server_poll(&server, now, polls);
	bool has_come = poll(polls, DNS_SERVER_POLLS, 0) > 0;

	dns_server_handle(&server, now, polls);
	return has_come || (due != 0 && due <= now);
}

static void turns(uint64_t now)
{
	for (int i = 0; i < 100 && turn(now); i++)
		;
}

static uint64_t deadline(uint64_t now)
{
	struct pollfd polls[DNS_SERVER_POLLS];

	return dns_server_poll(&server, now, polls);
}

/* ---- clients and resolvers ---- */

static int make_socket(int type, const char *address, uint16_t port, bool listens)
{
	struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | (listens ? SOCK_NONBLOCK : 0), 0), on = 1;

	place.sin_addr = packet_ipv4(address);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	if (!listens)
		assert_int_equal(connect(fd, (struct sockaddr *)&place, sizeof(place)), 0);
	else
		assert_int_equal(bind(fd, (struct sockaddr *)&place, sizeof(place)), 0);
	if (listens && type == SOCK_STREAM)
		assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static int client_of(int type)
{
	return make_socket(type, "127.0.0.1", server.ports[0], false);
}

static int resolver_at(const char *address)
{
	return make_socket(SOCK_DGRAM, address, DNS_PORT, true);
}

/* A query of number ID for the address of NAME; its size. */
static size_t make_query(uint8_t *query, uint16_t id, const char *name, uint16_t type)
{
	size_t at = DNS_HEADER_SIZE;

	memset(query, 0, DNS_HEADER_SIZE);
	wire_put16(query, id);
	query[2] = 1;
	query[5] = 1;
	while (*name) {
		size_t length = strcspn(name, ".");

		query[at++] = (uint8_t)length;
		memcpy(query + at, name, length);
		at += length;
		name += length + (name[length] == '.');
	}
	query[at] = 0;
	wire_put16(query + at + 1, type);
	wire_put16(query + at + 3, 1);
	return at + 5;
}

static void ask(int client, uint16_t id, const char *name)
{
	uint8_t query[512];
	size_t size = make_query(query, id, name, DNS_A);

	assert_int_equal(send(client, query, size, 0), size);
}

/* Takes the next message; its size, 0 for none. */
static size_t receive(int fd, struct sockaddr_in *from)
{
	socklen_t length = sizeof(*from);
	ssize_t size = recvfrom(fd, data, sizeof(data), MSG_DONTWAIT, (struct sockaddr *)from,
				from ? &length : NULL);

	return size < 0 ? 0 : (size_t)size;
}

/* The query that came last comes back as a response of SIZE bytes with RCODE. */
static void respond(int resolver, const struct sockaddr_in *to, uint8_t rcode, size_t size)
{
	data[2] |= 0x80;
	data[3] = 0x80 | rcode;
	assert_int_equal(sendto(resolver, data, size, 0, (const struct sockaddr *)to, sizeof(*to)),
			 size);
}

/* Takes a query and responds to it; false when there is none. */
static bool serve(int resolver, uint8_t rcode)
{
	struct sockaddr_in from = {0};
	size_t size = receive(resolver, &from);

	if (size == 0)
		return false;
	respond(resolver, &from, rcode, size);
	return true;
}

/* The rcode of what CLIENT was answered to query ID; -1: nothing yet. */
static int answered(int client, uint16_t id)
{
	if (receive(client, NULL) < DNS_HEADER_SIZE)
		return -1;
	assert_int_equal(wire_get16(data), id);
	assert_true(data[2] & 0x80);
	return data[3] & 0xf;
}

/* ---- sockets ---- */

static void both_protocols_have_one_port(void **state)
{
	struct sockaddr_in6 address = {0};
	socklen_t size = sizeof(address);

	(void)state;
	open_server();
	for (int i = 0; i < DNS_FAMILIES; i++) {
		assert_int_not_equal(server.ports[i], 0);
		size = sizeof(address);
		getsockname(server.udp[i], (struct sockaddr *)&address, &size);
		assert_int_equal(ntohs(address.sin6_port), server.ports[i]);
		size = sizeof(address);
		getsockname(server.tcp[i], (struct sockaddr *)&address, &size);
		assert_int_equal(ntohs(address.sin6_port), server.ports[i]);
	}
	assert_int_equal(deadline(NOW), 0);
}

static void an_address_need_not_be_there(void **state)
{
	struct dns_settings settings = {.address4 = packet_ipv4("10.1.2.1"),
					.address6 = packet_ipv6("fe80::1"),
					.names = -1};

	(void)state;
	assert_int_equal(dns_server_open(&server, LOOPBACK, &settings, NULL), 0);
}

static void what_cannot_be_served_is_refused(void **state)
{
	struct dns_settings settings = {.names = -1};
	struct floe_error error = {0};

	(void)state;
	assert_int_equal(dns_server_open(&server, LOOPBACK, &settings, &error), -EINVAL);
	settings.address4 = packet_ipv4("127.0.0.1");
	memset(&error, 0, sizeof(error));
	assert_int_equal(dns_server_open(&server, 0, &settings, &error), -ENODEV);
	memset(&error, 0, sizeof(error));
	assert_int_equal(dns_server_open(&server, 99, &settings, &error), -ENODEV);
	assert_non_null(strstr(error.message, "link number 99"));
	settings.names = 999;
	memset(&error, 0, sizeof(error));
	assert_int_equal(dns_server_open(&server, LOOPBACK, &settings, &error), -EBADF);
	assert_int_equal(server.udp[0], -1);
}

static void a_closed_server_does_nothing(void **state)
{
	struct pollfd polls[DNS_SERVER_POLLS];

	(void)state;
	assert_int_equal(dns_server_poll(&server, NOW, polls), 0);
	for (size_t i = 0; i < DNS_SERVER_POLLS; i++)
		assert_int_equal(polls[i].fd, -1);
	dns_server_handle(&server, NOW, polls);
	dns_server_close(&server);
}

/* ---- names of machines ---- */

static void a_machine_is_answered_at_once(void **state)
{
	CLEANUP_FD int client = -1;

	(void)state;
	scratch_write("names/web", "10.1.2.2\n", 9);
	open_server();
	client = client_of(SOCK_DGRAM);
	ask(client, 7, "web.floe");
	ask(client, 8, "db.floe");
	turns(NOW);
	assert_int_equal(answered(client, 7), DNS_NOERROR);
	assert_int_equal(data[7], 1);
	assert_int_equal(answered(client, 8), DNS_NXDOMAIN);
	assert_int_equal(server.counters.answered, 2);
	assert_int_equal(server.counters.forwarded, 0);
}

/* ---- resolvers ---- */

static void other_names_are_asked_for(void **state)
{
	CLEANUP_FD int client = -1, resolver = resolver_at("127.0.0.1");
	struct sockaddr_in from = {0};
	size_t size;

	(void)state;
	set_resolvers("nameserver 127.0.0.1\n");
	open_server();
	client = client_of(SOCK_DGRAM);
	ask(client, 7, "example.org");
	turns(NOW);
	size = receive(resolver, &from);
	assert_true(size > 0);
	assert_int_not_equal(ntohs(from.sin_port), server.ports[0]);
	respond(resolver, &from, 0, size);
	turns(NOW);
	assert_int_equal(answered(client, 7), DNS_NOERROR);
	assert_int_equal(server.counters.relayed, 1);
	assert_int_equal(deadline(NOW), 0);
}

/* Nobody can foresee what to forge: of numbers and ports hardly two are the same. */
static void every_query_has_a_number_and_a_port_of_its_own(void **state)
{
	CLEANUP_FD int client = -1, resolver = resolver_at("127.0.0.1");
	unsigned int same_ids = 0, same_ports = 0;
	struct sockaddr_in from[20] = {0};
	uint16_t ids[20];

	(void)state;
	set_resolvers("");
	open_server();
	client = client_of(SOCK_DGRAM);
	for (int i = 0; i < 20; i++) {
		ask(client, 7, "example.org");
		turns(NOW);
		assert_true(receive(resolver, &from[i]) > 0);
		ids[i] = wire_get16(data);
		same_ids += ids[i] == 7;
		for (int k = 0; k < i; k++) {
			same_ids += ids[k] == ids[i];
			same_ports += from[k].sin_port == from[i].sin_port;
		}
	}
	assert_int_equal(same_ports, 0);
	assert_true(same_ids <= 2);
}

static void forged_responses_are_ignored(void **state)
{
	CLEANUP_FD int client = -1, resolver = resolver_at("127.0.0.1"), other = -1;
	struct sockaddr_in from = {0};
	size_t size;

	(void)state;
	set_resolvers("nameserver 127.0.0.1\n");
	open_server();
	client = client_of(SOCK_DGRAM);
	other = make_socket(SOCK_DGRAM, "127.0.0.1", 5353, true);
	ask(client, 7, "example.org");
	turns(NOW);
	size = receive(resolver, &from);
	data[1] ^= 1;
	respond(resolver, &from, 0, size);
	data[1] ^= 1;
	data[DNS_HEADER_SIZE + 1] = 'x';
	respond(resolver, &from, 0, size);
	data[DNS_HEADER_SIZE + 1] = 'e';
	respond(other, &from, 0, size);
	respond(resolver, &from, 0, 5);
	turns(NOW);
	assert_int_equal(answered(client, 7), -1);
	assert_int_equal(server.counters.ignored, 3);
	make_query(data, 0, "example.org", DNS_A);
	wire_put16(data, wire_get16(server.flights[0].data));
	respond(resolver, &from, 0, size);
	turns(NOW);
	assert_int_equal(answered(client, 7), DNS_NOERROR);
}

static void a_resolver_that_is_silent_is_left(void **state)
{
	CLEANUP_FD int client = -1, first = resolver_at("127.0.0.1"),
		       second = resolver_at("127.0.0.2");

	(void)state;
	set_resolvers("nameserver 127.0.0.1\nnameserver 127.0.0.2\n");
	open_server();
	client = client_of(SOCK_DGRAM);
	ask(client, 7, "example.org");
	turns(NOW);
	assert_true(receive(first, NULL) > 0);
	assert_int_equal(deadline(NOW), NOW + 2 * SECOND);
	turns(NOW + 2 * SECOND - 1);
	assert_int_equal(receive(second, NULL), 0);
	turns(NOW + 2 * SECOND);
	assert_true(serve(second, 0));
	turns(NOW + 2 * SECOND);
	assert_int_equal(answered(client, 7), DNS_NOERROR);
	/* And not asked first for a while. */
	ask(client, 8, "example.org");
	turns(NOW + 3 * SECOND);
	assert_int_equal(receive(first, NULL), 0);
	assert_true(serve(second, 0));
	turns(NOW + 3 * SECOND);
	ask(client, 9, "example.org");
	turns(NOW + 40 * SECOND);
	assert_true(serve(first, 0));
}

static void a_single_resolver_is_asked_twice(void **state)
{
	CLEANUP_FD int client = -1, resolver = resolver_at("127.0.0.1");
	struct sockaddr_in from = {0}, again = {0};
	size_t size;

	(void)state;
	set_resolvers("nameserver 127.0.0.1\n");
	open_server();
	client = client_of(SOCK_DGRAM);
	ask(client, 7, "example.org");
	turns(NOW);
	assert_true(receive(resolver, &from) > 0);
	turns(NOW + 2 * SECOND);
	size = receive(resolver, &again);
	assert_true(size > 0);
	assert_int_equal(from.sin_port, again.sin_port);
	turns(NOW + 6 * SECOND - 1);
	assert_int_equal(answered(client, 7), -1);
	turns(NOW + 6 * SECOND);
	assert_int_equal(answered(client, 7), DNS_SERVFAIL);
	assert_int_equal(deadline(NOW + 6 * SECOND), 0);
}

/* Nobody listens at 127.0.0.3, which is told at once; ::2 is not reached at all. */
static void a_resolver_that_is_not_there_is_left_at_once(void **state)
{
	CLEANUP_FD int client = -1, last = resolver_at("127.0.0.2");

	(void)state;
	set_resolvers("nameserver 2001:db8::2\nnameserver 127.0.0.3\nnameserver 127.0.0.2\n");
	open_server();
	client = client_of(SOCK_DGRAM);
	ask(client, 7, "example.org");
	turns(NOW);
	assert_true(serve(last, 0));
	turns(NOW);
	assert_int_equal(answered(client, 7), DNS_NOERROR);
	set_resolvers("nameserver 127.0.0.3\n");
	ask(client, 8, "example.org");
	turns(NOW);
	assert_int_equal(answered(client, 8), DNS_SERVFAIL);
}

static void a_resolver_that_refuses_is_not_the_last_word(void **state)
{
	CLEANUP_FD int client = -1, first = resolver_at("127.0.0.1"),
		       second = resolver_at("127.0.0.2");

	(void)state;
	set_resolvers("nameserver 127.0.0.1\nnameserver 127.0.0.2\n");
	open_server();
	client = client_of(SOCK_DGRAM);
	ask(client, 7, "example.org");
	turns(NOW);
	assert_true(serve(first, DNS_REFUSED));
	turns(NOW);
	assert_true(serve(second, DNS_SERVFAIL));
	turns(NOW);
	assert_int_equal(answered(client, 7), DNS_SERVFAIL);
	ask(client, 8, "example.org");
	turns(NOW);
	assert_true(serve(first, DNS_NXDOMAIN));
	turns(NOW);
	assert_int_equal(answered(client, 8), DNS_NXDOMAIN);
	assert_int_equal(server.counters.forwarded, 3);
}

static void a_changed_file_counts_at_once(void **state)
{
	CLEANUP_FD int client = -1, first = resolver_at("127.0.0.1"),
		       second = resolver_at("127.0.0.2");

	(void)state;
	set_resolvers("nameserver 127.0.0.2\n");
	open_server();
	client = client_of(SOCK_DGRAM);
	ask(client, 1, "example.org");
	turns(NOW);
	assert_true(serve(second, 0));
	set_resolvers("nameserver 127.0.0.1\n");
	ask(client, 2, "example.org");
	turns(NOW);
	assert_true(serve(first, 0));
	assert_int_equal(unlink("etc/resolv.conf"), 0); /* then it is 127.0.0.1 */
	ask(client, 3, "example.org");
	turns(NOW);
	assert_true(serve(first, 0));
	turns(NOW);
	assert_int_equal(server.counters.relayed, 3);
	assert_int_equal(server.resolvers.generation, 3);
}

/* ---- limits ---- */

static void the_oldest_makes_room(void **state)
{
	CLEANUP_FD int client = -1, resolver = resolver_at("127.0.0.1");
	int count = 0;

	(void)state;
	set_resolvers("");
	open_server();
	client = client_of(SOCK_DGRAM);
	for (uint16_t i = 0; i < DNS_IN_FLIGHT_MAX + 1; i++) {
		ask(client, i, "example.org");
		turns(NOW + i);
	}
	assert_int_equal(server.counters.displaced, 1);
	while (serve(resolver, 0))
		count++;
	assert_int_equal(count, DNS_IN_FLIGHT_MAX + 1);
	turns(NOW + 100);
	assert_int_equal(server.counters.relayed, DNS_IN_FLIGHT_MAX);
	count = 0;
	while (receive(client, NULL) > 0) {
		assert_int_not_equal(wire_get16(data), 0);
		count++;
	}
	assert_int_equal(count, DNS_IN_FLIGHT_MAX);
}

static void a_flood_is_limited(void **state)
{
	CLEANUP_FD int client = -1;
	struct pollfd polls[DNS_SERVER_POLLS];

	(void)state;
	open_server();
	client = client_of(SOCK_DGRAM);
	for (int i = 0; i < 90; i++)
		assert_int_equal(send(client, "", 1, 0), 1);
	while (deadline(NOW) == 0)
		turn(NOW);
	assert_int_equal(server.counters.ignored, 64);
	assert_int_equal(dns_server_poll(&server, NOW, polls), NOW + 2000);
	assert_int_equal(polls[0].fd, -1);
	assert_int_equal(polls[1].fd, -1);
	turn(NOW + 10000);
	assert_int_equal(server.counters.ignored, 69);
	turns(NOW + SECOND);
	assert_int_equal(server.counters.ignored, 90);
}

static void what_is_too_long_is_told_to_use_tcp(void **state)
{
	CLEANUP_FD int client = -1, resolver = resolver_at("127.0.0.1");
	uint8_t query[1024] = {0};
	struct sockaddr_in from = {0};
	size_t size;

	(void)state;
	set_resolvers("");
	open_server();
	client = client_of(SOCK_DGRAM);
	make_query(query, 7, "example.org", DNS_A);
	assert_int_equal(send(client, query, DNS_QUERY_MAX + 1, 0), DNS_QUERY_MAX + 1);
	turns(NOW);
	assert_int_equal(answered(client, 7), DNS_NOERROR);
	assert_true(data[2] & 2);
	/* A response that is longer than the client takes, and one that is too long for us. */
	for (int i = 0; i < 2; i++) {
		ask(client, 8, "example.org");
		turns(NOW);
		assert_int_equal(receive(resolver, &from), 29);
		memset(data + 29, 0, 5000);
		respond(resolver, &from, 0, i ? 5000 : 513);
		turns(NOW);
		size = receive(client, NULL);
		assert_int_equal(size, 29);
		assert_int_equal(wire_get16(data), 8);
		assert_int_equal(wire_get16(data + 2), 0x8380);
	}
}

/* ---- TCP ---- */

static void ask_stream(int client, uint16_t id, const char *name, size_t from, size_t to)
{
	uint8_t query[512];
	size_t size = 2 + make_query(query + 2, id, name, DNS_A);

	wire_put16(query, (uint16_t)(size - 2));
	to = to < size ? to : size;
	assert_int_equal(send(client, query + from, to - from, MSG_NOSIGNAL), to - from);
}

static void streams_are_answered_and_relayed(void **state)
{
	CLEANUP_FD int client = -1, connection = -1,
		       resolver = make_socket(SOCK_STREAM, "127.0.0.1", DNS_PORT, true);
	size_t size;

	(void)state;
	set_resolvers("");
	scratch_write("names/web", "10.1.2.2\n", 9);
	open_server();
	client = client_of(SOCK_STREAM);
	ask_stream(client, 7, "web", 0, 1);
	turns(NOW);
	ask_stream(client, 7, "web", 1, 10);
	turns(NOW);
	ask_stream(client, 7, "web", 10, ROOM);
	ask_stream(client, 8, "example.org", 0, ROOM); /* waits for its turn */
	turns(NOW);
	size = receive(client, NULL);
	assert_int_equal(wire_get16(data), size - 2);
	assert_int_equal(wire_get16(data + 2), 7);
	assert_int_equal(data[9], 1);
	connection = accept(resolver, NULL, NULL);
	assert_true(connection >= 0);
	assert_int_equal(receive(connection, NULL), 31);
	assert_int_equal(wire_get16(data + 2), 8);
	/* 40000 bytes pass through 2 KiB. */
	memset(data, 'x', 40000);
	wire_put16(data, 39998);
	assert_int_equal(send(connection, data, 40000, 0), 40000);
	for (size = 0; size < 40000;) {
		size_t more;

		turn(NOW);
		more = receive(client, NULL);
		for (size_t i = size ? 0 : 2; i < more; i++)
			assert_int_equal(data[i], 'x');
		size += more;
	}
	turns(NOW);
	assert_int_equal(size, 40000);
	assert_int_equal(receive(client, NULL), 0);
	ask_stream(client, 9, "web", 0, ROOM);
	turns(NOW);
	assert_int_equal(receive(client, NULL), 2 + 21 + 16);
}

static void a_resolver_that_hangs_up_is_left(void **state)
{
	CLEANUP_FD int client = -1, first = make_socket(SOCK_STREAM, "127.0.0.1", DNS_PORT, true),
		       second = make_socket(SOCK_STREAM, "127.0.0.2", DNS_PORT, true);
	int connection;

	(void)state;
	set_resolvers("nameserver 127.0.0.3\nnameserver 127.0.0.1\nnameserver 127.0.0.2\n");
	open_server();
	client = client_of(SOCK_STREAM);
	ask_stream(client, 7, "example.org", 0, ROOM);
	turns(NOW);
	connection = accept(first, NULL, NULL);
	assert_true(connection >= 0);
	close(connection);
	turns(NOW);
	connection = accept(second, NULL, NULL);
	assert_true(connection >= 0);
	assert_int_equal(receive(connection, NULL), 31);
	turns(NOW + 5 * SECOND);
	assert_int_equal(receive(client, NULL), 31);
	assert_int_equal(wire_get16(data + 2), 7);
	assert_int_equal(data[5] & 0xf, DNS_SERVFAIL);
	close(connection);
}

static bool is_closed(int client)
{
	char byte;

	return recv(client, &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
}

static void streams_are_bounded(void **state)
{
	int clients[DNS_STREAM_MAX + 2], count = 0;

	(void)state;
	open_server();
	for (int i = 0; i < DNS_STREAM_MAX; i++) {
		clients[i] = client_of(SOCK_STREAM);
		if (i > 0)
			ask_stream(clients[i], 7, "web", 0, 5);
		turns(NOW + (uint64_t)i);
	}
	/* The one that says nothing makes room; those that have begun do not. */
	clients[DNS_STREAM_MAX] = client_of(SOCK_STREAM);
	turns(NOW + 100);
	assert_true(is_closed(clients[0]));
	ask_stream(clients[DNS_STREAM_MAX], 7, "web", 0, 5);
	turns(NOW + 100);
	clients[DNS_STREAM_MAX + 1] = client_of(SOCK_STREAM);
	turns(NOW + 200);
	for (int i = 1; i < DNS_STREAM_MAX + 2; i++)
		count += is_closed(clients[i]);
	assert_int_equal(count, 0);
	assert_int_equal(server.counters.streams, DNS_STREAM_MAX + 1);
	/* Nobody takes longer than ten seconds for a query. */
	turns(NOW + 10 * SECOND + 100);
	for (int i = 1; i < DNS_STREAM_MAX + 1; i++)
		assert_true(is_closed(clients[i]));
	assert_int_equal(server.counters.streams, DNS_STREAM_MAX + 2);
	for (int i = 0; i < DNS_STREAM_MAX + 2; i++)
		close(clients[i]);
}

static void malformed_streams_are_closed(void **state)
{
	static const struct {
		const char *what;
		const char *bytes;
		size_t size;
	} rows[] = {
		{"of no length", "\0\0", 2},
		{"shorter than a header", "\0\x0b", 2},
		{"longer than the buffer", "\x08\x01", 2},
		{"of the greatest length", "\xff\xff", 2},
		{"of a response", "\0\x0c\0\0\x80\0\0\0\0\0\0\0\0\0", 14},
	};

	(void)state;
	open_server();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_FD int client = client_of(SOCK_STREAM);

		assert_int_equal(send(client, rows[i].bytes, rows[i].size, 0), rows[i].size);
		turns(NOW + i * SECOND);
		if (!is_closed(client))
			fail_msg("a query %s should end the connection", rows[i].what);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
	const struct CMUnitTest tests[] = {
		TEST(both_protocols_have_one_port),
		TEST(an_address_need_not_be_there),
		TEST(what_cannot_be_served_is_refused),
		TEST(a_closed_server_does_nothing),
		TEST(a_machine_is_answered_at_once),
		TEST(other_names_are_asked_for),
		TEST(every_query_has_a_number_and_a_port_of_its_own),
		TEST(forged_responses_are_ignored),
		TEST(a_resolver_that_is_silent_is_left),
		TEST(a_single_resolver_is_asked_twice),
		TEST(a_resolver_that_is_not_there_is_left_at_once),
		TEST(a_resolver_that_refuses_is_not_the_last_word),
		TEST(a_changed_file_counts_at_once),
		TEST(the_oldest_makes_room),
		TEST(a_flood_is_limited),
		TEST(what_is_too_long_is_told_to_use_tcp),
		TEST(streams_are_answered_and_relayed),
		TEST(a_resolver_that_hangs_up_is_left),
		TEST(streams_are_bounded),
		TEST(malformed_streams_are_closed),
	};

	return cmocka_run_group_tests_name("DNS server", tests, NULL, NULL);
}
