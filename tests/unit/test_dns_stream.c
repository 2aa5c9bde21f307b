/* SPDX-License-Identifier: MIT */
/* The DNS server of a link: what comes by TCP. */
#include "dns_fixture.h"
#include "scratch.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "unit.h"

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
		       resolver = resolver_of(SOCK_STREAM, "127.0.0.1");
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
	CLEANUP_FD int client = -1, first = resolver_of(SOCK_STREAM, "127.0.0.1"),
		       second = resolver_of(SOCK_STREAM, "127.0.0.2");
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, dns_enter, dns_leave)
	const struct CMUnitTest tests[] = {
		TEST(streams_are_answered_and_relayed),
		TEST(a_resolver_that_hangs_up_is_left),
		TEST(streams_are_bounded),
		TEST(malformed_streams_are_closed),
	};

	return cmocka_run_group_tests_name("DNS streams", tests, NULL, NULL);
}
