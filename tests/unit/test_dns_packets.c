/* SPDX-License-Identifier: MIT */
/* DNS queries as frames: what the filter lets in, what is taken, and what answers look like. */
#include "../../runtime/link/dns_packets.h"

#include "tap.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#define NOW  (1000 * UINT64_C(1000000))

#define IP   14
#define UDP  34
#define UDP6 54

static const uint8_t ours[] = {2, 0, 0, 0, 0, 1}, theirs[] = {2, 0, 0, 0, 0, 2};
static const uint8_t any[WIRE_MAC_SIZE];

/* A recorded query by each family, and to whom. */
static const struct {
	const char *address, *query, *other;
} families[] = {
	{"10.1.2.1", "udp/query4", "udp/query6"},
	{"fd00:1:2:3::1", "udp/query6", "udp/query4"},
};

static void open_packets(struct dns_packets *packets, size_t family, const uint8_t *client_mac)
{
	const struct ip address = packet_ip(families[family].address);

	assert_int_equal(dns_packets_open(packets, index_of_tap, &address, client_mac, NULL), 0);
}

static bool is_let_in(const struct dns_packets *packets)
{
	struct pollfd polls;

	dns_packets_poll(packets, NOW, &polls);
	return poll(&polls, 1, 0) > 0;
}

/* ---- queries ---- */

static void a_query_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		uint8_t data[LINK_FRAME_MAX];
		struct dns_packets packets;
		struct dns_client client;
		struct udp_frame frame;
		struct dns_query query;

		open_packets(&packets, i, any);
		assert_int_equal(dns_packets_receive(&packets, NOW, data, &frame), 0);
		tap_inject_recorded(families[i].other);
		assert_false(is_let_in(&packets));
		tap_inject_recorded(families[i].query);
		assert_true(is_let_in(&packets));
		assert_int_equal(dns_packets_receive(&packets, NOW, data, &frame), 1);
		client = dns_packets_client(&frame);
		assert_memory_equal(client.mac, theirs, sizeof(theirs));
		assert_true(client.port >= 1024);
		assert_int_equal(dns_parse(frame.payload, frame.size, &query), 0);
		assert_string_equal(query.name, "www.floe");
		dns_packets_close(&packets);
	}
}

/* Frames that the kernel drops for us: nothing was even looked at. */
static void the_filter_keeps_others_out(void **state)
{
	static const struct {
		size_t family;
		const char *what;
		size_t at;
		uint16_t value;
	} rows[] = {
		{0, "for another host", 0, 0x0201},
		{0, "for everybody", 0, 0xffff},
		{0, "of ARP", 12, 0x0806},
		{0, "with a tag", 12, 0x8100},
		{0, "a first fragment", IP + 6, 0x2000},
		{0, "a later fragment", IP + 6, 0x0001},
		{0, "of TCP", IP + 8, 0x4006},
		{0, "for another address", IP + 18, 0x0202},
		{0, "for another port", UDP + 2, 54},
		{0, "with a longer header", IP, 0x4600},
		{1, "for another host", 0, 0x0201},
		{1, "for a group", 0, 0x3333},
		{1, "with a tag", 12, 0x8100},
		{1, "a fragment", IP + 6, 44 << 8 | 64},
		{1, "of TCP", IP + 6, 6 << 8 | 64},
		{1, "for an address that begins otherwise", IP + 24, 0xfd01},
		{1, "for an address with another second word", IP + 28, 3},
		{1, "for an address with another third word", IP + 34, 1},
		{1, "for an address that ends otherwise", IP + 38, 2},
		{1, "for another port", UDP6 + 2, 54},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t data[PACKET_ROOM];
		size_t size = packet_read(families[rows[i].family].query, data);
		struct dns_packets packets;

		open_packets(&packets, rows[i].family, any);
		wire_put16(data + rows[i].at, rows[i].value);
		tap_inject(data, size);
		if (is_let_in(&packets))
			fail_msg("a frame %s should not come through", rows[i].what);
		dns_packets_close(&packets);
	}
}

static void only_the_one_client_is_let_in(void **state)
{
	static const uint8_t other[] = {2, 0, 0, 0, 0, 3};
	struct dns_packets packets;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		open_packets(&packets, i, other);
		tap_inject_recorded(families[i].query);
		assert_false(is_let_in(&packets));
		dns_packets_close(&packets);
		open_packets(&packets, i, theirs);
		tap_inject_recorded(families[i].query);
		assert_true(is_let_in(&packets));
		dns_packets_close(&packets);
	}
}

/* What the filter cannot see. */
static void malformed_frames_are_told(void **state)
{
	static const struct {
		const char *what;
		size_t family, at;
		uint16_t value;
	} rows[] = {
		{"a wrong header", 0, IP + 4, 0x1234},
		{"a wrong checksum", 0, UDP + 6, 0x1234},
		{"a wrong length", 0, UDP + 4, 9},
		{"a wrong checksum", 1, UDP6 + 6, 0x1234},
		{"no checksum", 1, UDP6 + 6, 0},
		{"a changed question", 1, UDP6 + 30, 0},
		{"a group as its sender", 0, WIRE_MAC_SIZE, 0x0300},
		{"a group as its sender", 1, WIRE_MAC_SIZE, 0x0300},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t data[LINK_FRAME_MAX];
		size_t size = packet_read(families[rows[i].family].query, data);
		struct dns_packets packets;
		struct udp_frame frame;

		open_packets(&packets, rows[i].family, any);
		wire_put16(data + rows[i].at, rows[i].value);
		tap_inject(data, size);
		if (dns_packets_receive(&packets, NOW, data, &frame) != -EBADMSG)
			fail_msg("a frame with %s should be malformed", rows[i].what);
		assert_int_equal(dns_packets_receive(&packets, NOW, data, &frame), 0);
		dns_packets_close(&packets);
	}
}

/* ---- answers ---- */

/* The next answer, as a resolver of the client's reads it. */
static struct udp_frame take_answer(size_t family, uint8_t data[static PACKET_ROOM])
{
	size_t size = tap_take(data, family == 0 ? IP + 9 : IP + 6, IPPROTO_UDP);
	const struct ip address = packet_ip(families[family].address);
	struct udp_frame frame = {0};

	assert_int_equal(udp_frame_parse(data, size, true, &frame), 0);
	assert_memory_equal(frame.source_mac, ours, sizeof(ours));
	assert_memory_equal(frame.destination_mac, theirs, sizeof(theirs));
	assert_true(ip_equal(&frame.source, &address));
	assert_int_equal(frame.source_port, DNS_PORT);
	return frame;
}

/* Takes a query and answers with SIZE bytes. Whether they went back; else the client was told that
 * it has to ask by TCP. */
static bool answer(struct dns_packets *packets, size_t family, size_t size)
{
	static uint8_t payload[DNS_DATAGRAM_MAX + 1];
	uint8_t data[LINK_FRAME_MAX], answered[PACKET_ROOM];
	struct udp_frame frame, back;
	struct dns_client client;
	struct dns_query query;

	memset(payload, 0xa5, sizeof(payload));
	tap_inject_recorded(families[family].query);
	assert_int_equal(dns_packets_receive(packets, NOW, data, &frame), 1);
	assert_int_equal(dns_parse(frame.payload, frame.size, &query), 0);
	client = dns_packets_client(&frame);
	dns_packets_answer(packets, &client, &query, payload, size);
	back = take_answer(family, answered);
	assert_true(ip_equal(&back.destination, &frame.source));
	assert_int_equal(back.destination_port, frame.source_port);
	if (back.size == size) {
		assert_memory_equal(back.payload, payload, size);
		return true;
	}
	assert_true(dns_is_response(&query, query.id, back.payload, back.size));
	assert_int_equal(back.payload[2] & 2, 2);
	return false;
}

static void an_answer_goes_back(void **state)
{
	struct dns_packets packets;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		open_packets(&packets, i, any);
		assert_true(answer(&packets, i, 64));
		assert_true(answer(&packets, i, 65));
		dns_packets_close(&packets);
	}
}

static void what_does_not_fit_is_to_be_asked_for_by_tcp(void **state)
{
	static const size_t headers[] = {28, 48};
	struct dns_packets packets;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		open_packets(&packets, i, any);
		tap_set_mtu(1300);
		assert_true(answer(&packets, i, 1300 - headers[i]));
		assert_false(answer(&packets, i, 1300 - headers[i] + 1));
		tap_set_mtu(1900);
		assert_true(answer(&packets, i, 1300 - headers[i] + 1));
		tap_set_mtu(9000);
		assert_false(answer(&packets, i, DNS_DATAGRAM_MAX + 1));
		dns_packets_close(&packets);
	}
}

static void a_closed_one_does_nothing(void **state)
{
	struct dns_packets packets = DNS_PACKETS_CLOSED;
	uint8_t data[LINK_FRAME_MAX];
	struct udp_frame frame;
	struct pollfd polls;

	(void)state;
	assert_int_equal(dns_packets_poll(&packets, NOW, &polls), 0);
	assert_int_equal(polls.fd, -1);
	assert_int_equal(dns_packets_receive(&packets, NOW, data, &frame), 0);
	dns_packets_close(&packets);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, tap_make, tap_remove)
	const struct CMUnitTest tests[] = {
		TEST(a_query_is_taken),
		TEST(the_filter_keeps_others_out),
		TEST(only_the_one_client_is_let_in),
		TEST(malformed_frames_are_told),
		TEST(an_answer_goes_back),
		TEST(what_does_not_fit_is_to_be_asked_for_by_tcp),
		TEST(a_closed_one_does_nothing),
	};

	return cmocka_run_group_tests_name("DNS packets", tests, NULL, NULL);
}
