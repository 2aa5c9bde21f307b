/* SPDX-License-Identifier: MIT */
/* The servers of a link on a tap device, whose other end is this test: filters, limits, times. */
#include "../../runtime/link/dhcp_server.h"
#include "../../runtime/link/ra_server.h"
#include "tap.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "unit.h"

#define SECOND UINT64_C(1000000)

/* The tests' clock. */
#define NOW (1000 * SECOND)

static size_t take_udp(uint8_t data[static PACKET_ROOM])
{
	return tap_take(data, 23, IPPROTO_UDP);
}

static size_t take_advertisement(uint8_t data[static PACKET_ROOM])
{
	return tap_take(data, 54, 134);
}

static void open_dhcp(struct dhcp_server *server)
{
	struct dhcp_lease lease = {
		.server = packet_ipv4("10.1.2.1"),
		.address = packet_ipv4("10.1.2.2"),
		.prefix = 28,
		.lease_seconds = 3600,
	};

	assert_int_equal(dhcp_server_open(server, index_of_tap, &lease, NULL), 0);
}

static void open_ra_for(struct ra_server *server, const uint8_t client_mac[static WIRE_MAC_SIZE])
{
	struct ra_router router = {
		.source = packet_ipv6("fe80::ff:fe00:1"),
		.prefix = packet_ipv6("fd00:1:2:3::"),
		.prefix_length = 64,
		.valid_seconds = RA_INFINITE,
		.preferred_seconds = RA_INFINITE,
		.router_seconds = 1800,
	};

	memcpy(router.client_mac, client_mac, WIRE_MAC_SIZE);
	assert_int_equal(ra_server_open(server, index_of_tap, &router, NULL), 0);
}

static void open_ra(struct ra_server *server)
{
	static const uint8_t any[WIRE_MAC_SIZE];

	open_ra_for(server, any);
}

/* ---- DHCP ---- */

static void a_client_is_answered(void **state)
{
	static const uint8_t ours[] = {2, 0, 0, 0, 0, 1}, theirs[] = {2, 0, 0, 0, 0, 2};
	uint8_t data[PACKET_ROOM], type = DHCP_OFFER;
	struct dhcp_server server;
	struct udp_frame frame;
	struct pollfd polls;
	size_t size;

	(void)state;
	open_dhcp(&server);
	assert_int_equal(dhcp_server_poll(&server, NOW, &polls), 0);
	assert_int_equal(poll(&polls, 1, 0), 0);
	tap_inject_recorded("dhcp/discover-udhcpc");
	assert_int_equal(poll(&polls, 1, 0), 1);
	assert_int_equal(dhcp_server_handle(&server, NOW), 0);
	size = take_udp(data);
	assert_int_equal(udp_frame_parse(data, size, true, &frame), 0);
	assert_memory_equal(frame.source_mac, ours, sizeof(ours));
	assert_memory_equal(frame.destination_mac, theirs, sizeof(theirs));
	packet_assert_option(frame.payload, frame.size, 53, &type, 1);
	assert_int_equal(server.counters.replies[DHCP_OFFER], 1);
	dhcp_server_close(&server);
}

/* Frames that the kernel drops for us: nothing was even looked at. */
static void the_filter_keeps_others_out(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint16_t value;
	} rows[] = {
		{"for another host", 0, 0x0200},
		{"for a group", 0, 0x0100},
		{"of ARP", 12, 0x0806},
		{"with a tag", 12, 0x8100},
		{"a first fragment", 20, 0x2000},
		{"a later fragment", 20, 0x0010},
		{"of TCP", 22, 0x4006},
		{"for another port", 36, 68},
		{"with a longer header", 14, 0x4600},
	};
	struct dhcp_server server;

	(void)state;
	open_dhcp(&server);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t data[PACKET_ROOM];
		size_t size = packet_read("dhcp/discover-udhcpc", data);
		struct pollfd polls;

		wire_put16(data + rows[i].at, rows[i].value);
		tap_inject(data, size);
		dhcp_server_poll(&server, NOW, &polls);
		if (poll(&polls, 1, 0) != 0)
			fail_msg("a frame %s should not come through", rows[i].what);
	}
	tap_inject_recorded("dhcp/discover-udhcpc");
	assert_int_equal(dhcp_server_handle(&server, NOW), 0);
	assert_int_equal(server.counters.replies[DHCP_OFFER], 1);
	assert_int_equal(server.counters.ignored, 0);
	dhcp_server_close(&server);
}

static void the_filter_stays(void **state)
{
	struct dhcp_server server;
	int none = 0;

	(void)state;
	open_dhcp(&server);
	assert_int_equal(
		setsockopt(server.service.fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)),
		-1);
	assert_int_equal(errno, EPERM);
	dhcp_server_close(&server);
}

static void what_is_not_for_us_is_counted(void **state)
{
	uint8_t data[PACKET_ROOM];
	size_t size = packet_read("dhcp/discover-udhcpc", data);
	struct dhcp_server server;

	(void)state;
	open_dhcp(&server);
	data[14 + 16] = 9; /* of the destination address: the header's checksum is wrong then */
	tap_inject(data, size);
	wire_put16(data + 14 + 10, 0);
	wire_put16(data + 14 + 10, wire_checksum(wire_sum(0, data + 14, 20)));
	wire_put16(data + 34 + 6, 0); /* no UDP checksum */
	tap_inject(data, size);
	assert_int_equal(dhcp_server_handle(&server, NOW), 0);
	assert_int_equal(server.counters.ignored, 2);
	assert_int_equal(take_udp(data), 0);
	dhcp_server_close(&server);
}

/* Recorded before the link had filled in its checksum, as sockets of the kernel leave it to: here,
 * where no auxiliary data says so, it is wrong. Without one it counts. */
static void a_release_is_noted(void **state)
{
	uint8_t data[PACKET_ROOM];
	size_t size = packet_read("dhcp/release-dhclient", data);
	struct dhcp_server server;

	(void)state;
	open_dhcp(&server);
	tap_inject(data, size);
	assert_int_equal(dhcp_server_handle(&server, NOW), 0);
	assert_int_equal(server.counters.released, 0);
	assert_int_equal(server.counters.ignored, 1);
	wire_put16(data + 34 + 6, 0);
	tap_inject(data, size);
	assert_int_equal(dhcp_server_handle(&server, NOW), 0);
	assert_int_equal(server.counters.released, 1);
	assert_int_equal(take_udp(data), 0);
	dhcp_server_close(&server);
}

/* 16 at once, then 50 a second; in between the descriptor is not waited for. */
static void a_flood_is_limited(void **state)
{
	uint8_t data[PACKET_ROOM];
	struct dhcp_server server;
	struct pollfd polls;
	uint64_t next;

	(void)state;
	open_dhcp(&server);
	for (int i = 0; i < 1000; i++)
		tap_inject_recorded("dhcp/discover-udhcpc");
	assert_int_equal(dhcp_server_handle(&server, NOW), 0);
	assert_int_equal(server.counters.replies[DHCP_OFFER], 16);
	next = dhcp_server_poll(&server, NOW, &polls);
	assert_int_equal(polls.fd, -1);
	assert_int_equal(next, NOW + SECOND / 50);
	assert_int_equal(dhcp_server_handle(&server, next - 1), 0);
	assert_int_equal(server.counters.replies[DHCP_OFFER], 16);
	assert_int_equal(dhcp_server_poll(&server, next, &polls), 0);
	assert_int_equal(polls.fd, server.service.fd);
	assert_int_equal(dhcp_server_handle(&server, next), 0);
	assert_int_equal(server.counters.replies[DHCP_OFFER], 17);
	/* The kernel kept few of the thousand: who asks next does not wait long. */
	for (int i = 0; i < 10; i++)
		assert_int_equal(dhcp_server_handle(&server, NOW + i * SECOND), 0);
	assert_true(server.counters.replies[DHCP_OFFER] < 60);
	while (take_udp(data) > 0)
		;
	tap_inject_recorded("dhcp/discover-udhcpc");
	assert_int_equal(dhcp_server_handle(&server, NOW + 20 * SECOND), 0);
	assert_true(take_udp(data) > 0);
	dhcp_server_close(&server);
}

/* ---- router advertisements ---- */

static uint64_t ra_deadline(const struct ra_server *server, uint64_t now)
{
	struct pollfd polls;

	return ra_server_poll(server, now, &polls);
}

/* RFC 4861 section 6.2.4: three quickly, then every 200 to 600 seconds. */
static void advertisements_come_by_themselves(void **state)
{
	uint8_t data[PACKET_ROOM];
	struct ra_server server;
	uint64_t now = NOW;

	(void)state;
	open_ra(&server);
	for (unsigned int i = 1; i <= 10; i++) {
		uint64_t deadline = ra_deadline(&server, now), wait = deadline - now;

		if (i == 1)
			assert_true(deadline <= now);
		else if (i <= 3)
			assert_int_equal(wait, 16 * SECOND);
		else
			assert_true(wait >= 200 * SECOND && wait <= 600 * SECOND);
		now = i == 1 ? now : deadline;
		assert_int_equal(ra_server_handle(&server, now - (i > 1)), 0);
		assert_int_equal(server.counters.multicast, i - (i > 1));
		assert_int_equal(ra_server_handle(&server, now), 0);
		assert_int_equal(server.counters.multicast, i);
		assert_true(take_advertisement(data) > 0);
		assert_int_equal(wire_get16(data), 0x3333);
	}
	ra_server_close(&server);
}

static void who_asks_is_answered_at_once(void **state)
{
	static const uint8_t theirs[] = {2, 0, 0, 0, 0, 2};
	uint8_t data[PACKET_ROOM];
	struct ra_server server;

	(void)state;
	open_ra(&server);
	ra_server_handle(&server, NOW);
	assert_true(take_advertisement(data) > 0);
	tap_inject_recorded("ra/solicitation-kernel");
	assert_int_equal(ra_server_handle(&server, NOW), 0);
	assert_true(take_advertisement(data) > 0);
	assert_memory_equal(data, theirs, sizeof(theirs));
	assert_int_equal(server.counters.unicast, 1);
	/* An advertisement of another's is none of our business, and no solicitation. */
	tap_inject_recorded("ra/advertisement");
	assert_int_equal(ra_server_handle(&server, NOW), 0);
	assert_int_equal(server.counters.ignored, 0);
	assert_int_equal(take_advertisement(data), 0);
	ra_server_close(&server);
}

/* Section 6.2.6: to all nodes not more often than every three seconds, however many ask. */
static void who_has_no_address_waits_its_turn(void **state)
{
	uint8_t data[PACKET_ROOM];
	size_t size = packet_read("ra/solicitation-kernel", data);
	struct ra_server server;

	(void)state;
	open_ra(&server);
	ra_server_handle(&server, NOW);
	memset(data + 22, 0, 16); /* from :: */
	data[62] = 14;            /* a nonce in place of the link-layer address */
	wire_put16(data + 56, 0);
	wire_put16(data + 56, wire_checksum(wire_sum(wire_sum(IPPROTO_ICMPV6 + 16, data + 22, 32),
						     data + 54, 16)));
	for (int i = 0; i < 5; i++)
		tap_inject(data, size);
	assert_int_equal(ra_server_handle(&server, NOW + SECOND), 0);
	assert_int_equal(server.counters.multicast, 1);
	assert_int_equal(ra_deadline(&server, NOW + SECOND), NOW + 3 * SECOND);
	assert_int_equal(ra_server_handle(&server, NOW + 3 * SECOND), 0);
	assert_int_equal(server.counters.multicast, 2);
	assert_int_equal(ra_deadline(&server, NOW + 3 * SECOND), NOW + 19 * SECOND);
	/* After a rest, at once. */
	tap_inject(data, size);
	assert_int_equal(ra_server_handle(&server, NOW + 10 * SECOND), 0);
	assert_int_equal(server.counters.multicast, 3);
	ra_server_close(&server);
}

/* On a bridge every machine has a server of its own, that tells nobody else. */
static void only_the_one_client_is_advertised_to(void **state)
{
	static const uint8_t theirs[] = {2, 0, 0, 0, 0, 2};
	uint8_t data[PACKET_ROOM];
	size_t size = packet_read("ra/solicitation-kernel", data);
	struct ra_server server;
	struct pollfd polls;

	(void)state;
	open_ra_for(&server, theirs);
	data[WIRE_MAC_SIZE + 5] = 3;
	tap_inject(data, size);
	data[WIRE_MAC_SIZE] = 4;
	data[WIRE_MAC_SIZE + 5] = 2;
	tap_inject(data, size);
	ra_server_poll(&server, NOW, &polls);
	assert_int_equal(poll(&polls, 1, 0), 0);
	assert_int_equal(ra_server_handle(&server, NOW), 0);
	assert_true(take_advertisement(data) > 0);
	assert_memory_equal(data, theirs, sizeof(theirs));
	assert_memory_equal(data + 38, &ra_all_nodes.address, sizeof(ra_all_nodes.address));
	assert_int_equal(take_advertisement(data), 0);
	tap_inject_recorded("ra/solicitation-kernel");
	assert_int_equal(ra_server_handle(&server, NOW), 0);
	assert_true(take_advertisement(data) > 0);
	assert_int_equal(server.counters.unicast, 1);
	assert_int_equal(server.counters.ignored, 0);
	ra_server_close(&server);
}

/* ---- the link ---- */

static void a_link_may_go_down_and_up(void **state)
{
	uint8_t data[PACKET_ROOM];
	struct dhcp_server dhcp;
	struct ra_server ra;
	struct pollfd polls;

	(void)state;
	open_dhcp(&dhcp);
	open_ra(&ra);
	tap_set_link(false);
	assert_int_equal(dhcp_server_handle(&dhcp, NOW), 0);
	assert_int_equal(ra_server_handle(&ra, NOW), 0);
	assert_int_equal(ra.counters.dropped, 1);
	assert_int_equal(ra.counters.multicast, 0);
	/* The error was taken: the descriptor is quiet, and the link looked for every second. */
	assert_int_equal(dhcp_server_poll(&dhcp, NOW, &polls), NOW + SECOND);
	assert_int_equal(poll(&polls, 1, 0), 0);
	assert_int_equal(dhcp_server_handle(&dhcp, NOW + SECOND), 0);
	assert_int_equal(dhcp_server_poll(&dhcp, NOW + SECOND, &polls), NOW + 2 * SECOND);
	tap_set_link(true);
	assert_int_equal(dhcp_server_handle(&dhcp, NOW + 2 * SECOND), 0);
	assert_int_equal(dhcp_server_poll(&dhcp, NOW + 2 * SECOND, &polls), 0);
	tap_inject_recorded("dhcp/discover-udhcpc");
	assert_int_equal(dhcp_server_handle(&dhcp, NOW + 2 * SECOND), 0);
	assert_true(take_udp(data) > 0);
	assert_int_equal(ra_server_handle(&ra, NOW + 16 * SECOND), 0);
	assert_true(take_advertisement(data) > 0);
	dhcp_server_close(&dhcp);
	ra_server_close(&ra);
}

static void a_link_that_is_gone_is_told(void **state)
{
	struct dhcp_server dhcp;
	struct ra_server ra, silent;
	struct pollfd polls;

	(void)state;
	open_dhcp(&dhcp);
	open_ra(&ra);
	open_ra(&silent);
	ra_server_handle(&silent, NOW);
	cleanup_fd(&tap);
	tap = -1;
	dhcp_server_poll(&dhcp, NOW, &polls);
	assert_int_equal(poll(&polls, 1, 1000), 1);
	assert_int_equal(dhcp_server_handle(&dhcp, NOW), -ENODEV);
	assert_int_equal(ra_server_handle(&ra, NOW), -ENODEV);
	assert_int_equal(ra_server_handle(&silent, NOW + SECOND), -ENODEV);
	dhcp_server_close(&dhcp);
	ra_server_close(&ra);
	ra_server_close(&silent);
}

/* Deletion takes a link down first: nothing tells of the rest to who has seen that. */
static void a_link_that_goes_down_and_away_is_missed(void **state)
{
	struct dhcp_server dhcp;
	struct ra_server ra;

	(void)state;
	open_dhcp(&dhcp);
	open_ra(&ra);
	tap_set_link(false);
	assert_int_equal(dhcp_server_handle(&dhcp, NOW), 0);
	assert_int_equal(ra_server_handle(&ra, NOW), 0);
	cleanup_fd(&tap);
	tap = -1;
	assert_int_equal(dhcp_server_handle(&dhcp, NOW), 0);
	assert_int_equal(ra_deadline(&ra, NOW), NOW + SECOND);
	assert_int_equal(dhcp_server_handle(&dhcp, NOW + SECOND), -ENODEV);
	assert_int_equal(ra_server_handle(&ra, NOW + SECOND), -ENODEV);
	dhcp_server_close(&dhcp);
	ra_server_close(&ra);
}

static void a_closed_server_does_nothing(void **state)
{
	struct dhcp_server dhcp = DHCP_SERVER_CLOSED;
	struct ra_server ra = RA_SERVER_CLOSED;
	struct pollfd polls;

	(void)state;
	assert_int_equal(dhcp_server_poll(&dhcp, NOW, &polls), 0);
	assert_int_equal(polls.fd, -1);
	assert_int_equal(ra_server_poll(&ra, NOW, &polls), 0);
	assert_int_equal(polls.fd, -1);
	assert_int_equal(dhcp_server_handle(&dhcp, NOW), 0);
	assert_int_equal(ra_server_handle(&ra, NOW), 0);
	dhcp_server_close(&dhcp);
	ra_server_close(&ra);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, tap_make, tap_remove)
	const struct CMUnitTest tests[] = {
		TEST(a_client_is_answered),
		TEST(the_filter_keeps_others_out),
		TEST(the_filter_stays),
		TEST(what_is_not_for_us_is_counted),
		TEST(a_release_is_noted),
		TEST(a_flood_is_limited),
		TEST(advertisements_come_by_themselves),
		TEST(who_asks_is_answered_at_once),
		TEST(who_has_no_address_waits_its_turn),
		TEST(only_the_one_client_is_advertised_to),
		TEST(a_link_may_go_down_and_up),
		TEST(a_link_that_is_gone_is_told),
		TEST(a_link_that_goes_down_and_away_is_missed),
		TEST(a_closed_server_does_nothing),
	};

	return cmocka_run_group_tests_name("link services", tests, NULL, NULL);
}
