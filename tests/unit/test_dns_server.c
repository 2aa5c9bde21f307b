/* SPDX-License-Identifier: MIT */
/* The DNS server of a link: what comes by UDP. */
#include "../../netlink/link.h"
#include "dns_fixture.h"
#include "scratch.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "unit.h"

/* ---- sockets ---- */

static void connections_have_a_port(void **state)
{
	struct sockaddr_in6 address = {0};
	socklen_t size;

	(void)state;
	open_server();
	for (int i = 0; i < DNS_FAMILIES; i++) {
		assert_int_not_equal(server.ports[i], 0);
		size = sizeof(address);
		getsockname(server.tcp[i], (struct sockaddr *)&address, &size);
		assert_int_equal(ntohs(address.sin6_port), server.ports[i]);
	}
	assert_int_equal(deadline(NOW), 0);
}

static void an_address_need_not_be_there(void **state)
{
	struct dns_settings settings = {.names = -1};

	(void)state;
	ip_parse("10.9.9.1", &settings.at[0]);
	ip_parse("fe80::99", &settings.at[1]);
	assert_int_equal(dns_server_open(&server, link_of_server, &settings, NULL), 0);
}

static void what_cannot_be_served_is_refused(void **state)
{
	struct dns_settings settings = {.names = -1}, of_group;
	struct floe_error error = {0};

	(void)state;
	assert_int_equal(dns_server_open(&server, link_of_server, &settings, &error), -EINVAL);
	ip_parse("10.1.2.1", &settings.at[0]);
	memset(&error, 0, sizeof(error));
	assert_int_equal(dns_server_open(&server, 0, &settings, &error), -ENODEV);
	memset(&error, 0, sizeof(error));
	assert_int_equal(dns_server_open(&server, 99, &settings, &error), -ENODEV);
	assert_non_null(strstr(error.message, "number 99"));
	of_group = settings;
	of_group.client_mac[0] = 1;
	memset(&error, 0, sizeof(error));
	assert_int_equal(dns_server_open(&server, link_of_server, &of_group, &error), -EINVAL);
	settings.names = 999;
	memset(&error, 0, sizeof(error));
	assert_int_equal(dns_server_open(&server, link_of_server, &settings, &error), -EBADF);
	assert_int_equal(server.packets[0].service.fd, -1);
}

static void a_link_that_is_gone_is_told(void **state)
{
	CLEANUP_NETLINK struct netlink netlink = {.fd = -1};
	struct pollfd polls[DNS_SERVER_POLLS];

	(void)state;
	open_server();
	assert_int_equal(netlink_open(&netlink, NETLINK_ROUTE, NULL), 0);
	assert_int_equal(link_delete(&netlink, (uint32_t)link_of_server, NULL), 0);
	dns_server_poll(&server, NOW, polls);
	assert_true(poll(polls, DNS_SERVER_POLLS, 1000) > 0);
	assert_int_equal(dns_server_handle(&server, NOW, polls), -ENODEV);
}

static void a_closed_server_does_nothing(void **state)
{
	struct pollfd polls[DNS_SERVER_POLLS];

	(void)state;
	assert_int_equal(dns_server_poll(&server, NOW, polls), 0);
	for (size_t i = 0; i < DNS_SERVER_POLLS; i++)
		assert_int_equal(polls[i].fd, -1);
	assert_int_equal(dns_server_handle(&server, NOW, polls), 0);
	dns_server_close(&server);
}

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
	other = resolver_at("127.0.0.9");
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
		client_send(client, "", 1);
	while (deadline(NOW) == 0)
		turn(NOW);
	assert_int_equal(server.counters.ignored, 64);
	assert_int_equal(dns_server_poll(&server, NOW, polls), NOW + 2000);
	assert_int_equal(polls[0].fd, -1);
	assert_int_equal(polls[1].fd, server.tcp[0]);
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
	client_send(client, query, DNS_QUERY_MAX + 1);
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, dns_enter, dns_leave)
	const struct CMUnitTest tests[] = {
		TEST(connections_have_a_port),
		TEST(an_address_need_not_be_there),
		TEST(what_cannot_be_served_is_refused),
		TEST(a_link_that_is_gone_is_told),
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
	};

	return cmocka_run_group_tests_name("DNS server", tests, NULL, NULL);
}
