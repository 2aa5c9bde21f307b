/* SPDX-License-Identifier: MIT */
/* UDP frames: recorded ones are read, hostile ones refused, built ones read again. Rates. */
#include "../../runtime/base/udp_frame.h"

#include "../../runtime/base/token_bucket.h"
#include "packets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "unit.h"

#define IP   14
#define UDP  34
#define UDP6 54

static void a_recorded_frame_is_read(void **state)
{
	static const uint8_t mac[] = {2, 0, 0, 0, 0, 2};
	uint8_t data[PACKET_ROOM];
	size_t size = packet_read("dhcp/discover-udhcpc", data);
	struct udp_frame frame;

	(void)state;
	assert_int_equal(udp_frame_parse(data, size, true, &frame), 0);
	assert_memory_equal(frame.source_mac, mac, sizeof(mac));
	assert_int_equal(frame.destination_mac[0], 0xff);
	assert_int_equal(frame.source.family, AF_INET);
	assert_true(ip_is_any(&frame.source));
	assert_int_equal(ip_to_v4(&frame.destination).s_addr, INADDR_BROADCAST);
	assert_int_equal(frame.source_port, 68);
	assert_int_equal(frame.destination_port, 67);
	assert_ptr_equal(frame.payload, data + UDP + 8);
	assert_int_equal(frame.size, size - UDP - 8);
}

static void a_recorded_frame_of_ipv6_is_read(void **state)
{
	static const uint8_t mac[] = {2, 0, 0, 0, 0, 2};
	const struct ip source = packet_ip("fd00:1:2:3::2"),
			destination = packet_ip("fd00:1:2:3::1");
	uint8_t data[PACKET_ROOM];
	size_t size = packet_read("udp/query6", data);
	struct udp_frame frame;

	(void)state;
	assert_int_equal(udp_frame_parse(data, size, true, &frame), 0);
	assert_memory_equal(frame.source_mac, mac, sizeof(mac));
	assert_true(ip_equal(&frame.source, &source));
	assert_true(ip_equal(&frame.destination, &destination));
	assert_int_equal(frame.destination_port, 53);
	assert_ptr_equal(frame.payload, data + UDP6 + 8);
	assert_int_equal(frame.size, size - UDP6 - 8);
}

static void refuse_shorter(const char *name)
{
	uint8_t data[PACKET_ROOM];
	size_t size = packet_read(name, data);
	struct udp_frame frame;

	for (size_t i = 0; i < size; i++) {
		/* Behind the copy there is nothing to be read: the sanitizers see to it. */
		CLEANUP_FREE uint8_t *copy = malloc(i ? i : 1);

		memcpy(copy, data, i);
		assert_int_equal(udp_frame_parse(copy, i, true, &frame), -EBADMSG);
		assert_int_equal(udp_frame_parse(copy, i, false, &frame), -EBADMSG);
	}
}

static void every_shorter_frame_is_refused(void **state)
{
	(void)state;
	refuse_shorter("dhcp/discover-udhcpc");
	refuse_shorter("udp/query6");
}

static void correct_ip_checksum(uint8_t *data)
{
	wire_put16(data + IP + 10, 0);
	wire_put16(data + IP + 10, wire_checksum(wire_sum(0, data + IP, 20)));
}

/* One field of a good frame is changed; the checksum of the IP header is put right again. */
static void changed_headers_are_judged(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint16_t value;
		int with_checksum, without;
	} rows[] = {
		{"another protocol", 12, 0x86dd, -EBADMSG, -EBADMSG},
		{"IP version 6", IP, 0x6500, -EBADMSG, -EBADMSG},
		{"a header of 16 bytes", IP, 0x4400, -EBADMSG, -EBADMSG},
		{"a header longer than the packet", IP + 2, 19, -EBADMSG, -EBADMSG},
		{"a packet longer than the frame", IP + 2, 1000, -EBADMSG, -EBADMSG},
		{"a packet without room for UDP", IP + 2, 27, -EBADMSG, -EBADMSG},
		{"more fragments", IP + 6, 0x2000, -EBADMSG, -EBADMSG},
		{"a later fragment", IP + 6, 0x0001, -EBADMSG, -EBADMSG},
		{"not to be fragmented", IP + 6, 0x4000, 0, 0},
		{"TCP", IP + 8, 0x4006, -EBADMSG, -EBADMSG},
		{"UDP shorter than its header", UDP + 4, 7, -EBADMSG, -EBADMSG},
		{"UDP longer than the packet", UDP + 4, 309, -EBADMSG, -EBADMSG},
		{"UDP of no length", UDP + 4, 0, -EBADMSG, -EBADMSG},
		{"UDP shorter than the packet", UDP + 4, 300, -EBADMSG, 0},
		{"no UDP checksum", UDP + 6, 0, 0, 0},
		{"a wrong UDP checksum", UDP + 6, 0x1234, -EBADMSG, 0},
		{"a changed payload", UDP + 8, 0xffff, -EBADMSG, 0},
	};
	struct udp_frame frame;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t data[PACKET_ROOM];
		size_t size = packet_read("dhcp/discover-udhcpc", data);

		wire_put16(data + rows[i].at, rows[i].value);
		correct_ip_checksum(data);
		if (udp_frame_parse(data, size, true, &frame) != rows[i].with_checksum ||
		    udp_frame_parse(data, size, false, &frame) != rows[i].without)
			fail_msg("%s: judged wrongly", rows[i].what);
	}
}

static void changed_headers_of_ipv6_are_judged(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint16_t value;
		int with_checksum, without;
	} rows[] = {
		{"the protocol of IPv4", 12, 0x0800, -EBADMSG, -EBADMSG},
		{"IP version 4", IP, 0x4500, -EBADMSG, -EBADMSG},
		{"another flow", IP + 2, 0x1234, 0, 0},
		{"a packet longer than the frame", IP + 4, 58, -EBADMSG, -EBADMSG},
		{"a packet without room for UDP", IP + 4, 7, -EBADMSG, -EBADMSG},
		{"a jumbogram", IP + 4, 0, -EBADMSG, -EBADMSG},
		{"a fragment", IP + 6, 44 << 8 | 64, -EBADMSG, -EBADMSG},
		{"hop-by-hop options", IP + 6, 64, -EBADMSG, -EBADMSG},
		{"TCP", IP + 6, 6 << 8 | 64, -EBADMSG, -EBADMSG},
		{"another hop limit", IP + 6, 17 << 8 | 1, 0, 0},
		{"another source", IP + 8, 0xfd01, -EBADMSG, 0},
		{"another destination", IP + 24, 0xfd01, -EBADMSG, 0},
		{"UDP shorter than its header", UDP6 + 4, 7, -EBADMSG, -EBADMSG},
		{"UDP longer than the packet", UDP6 + 4, 58, -EBADMSG, -EBADMSG},
		{"UDP shorter than the packet", UDP6 + 4, 40, -EBADMSG, 0},
		{"no UDP checksum", UDP6 + 6, 0, -EBADMSG, 0},
		{"a wrong UDP checksum", UDP6 + 6, 0x1234, -EBADMSG, 0},
		{"a changed payload", UDP6 + 8, 0xffff, -EBADMSG, 0},
	};
	struct udp_frame frame;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t data[PACKET_ROOM];
		size_t size = packet_read("udp/query6", data);

		wire_put16(data + rows[i].at, rows[i].value);
		if (udp_frame_parse(data, size, true, &frame) != rows[i].with_checksum ||
		    udp_frame_parse(data, size, false, &frame) != rows[i].without)
			fail_msg("%s: judged wrongly", rows[i].what);
	}
}

static void a_wrong_header_checksum_is_refused(void **state)
{
	uint8_t data[PACKET_ROOM];
	size_t size = packet_read("dhcp/discover-udhcpc", data);
	struct udp_frame frame;

	(void)state;
	data[IP + 8]--;
	assert_int_equal(udp_frame_parse(data, size, false, &frame), -EBADMSG);
}

/* Short frames are filled up to 60 bytes on a wire; options make the IP header longer. */
static void padding_and_ip_options_are_passed_over(void **state)
{
	uint8_t data[PACKET_ROOM] = {[12] = 8}, *udp = data + IP + 24;
	struct udp_frame frame;

	(void)state;
	data[IP] = 0x46;
	wire_put16(data + IP + 2, 24 + 8 + 1);
	data[IP + 9] = IPPROTO_UDP;
	memset(data + IP + 20, 1, 4);
	wire_put16(data + IP + 10, wire_checksum(wire_sum(0, data + IP, 24)));
	wire_put16(udp, 68);
	wire_put16(udp + 4, 9);
	udp[8] = 'x';
	assert_int_equal(udp_frame_parse(data, 60, true, &frame), 0);
	assert_int_equal(frame.size, 1);
	assert_int_equal(frame.payload[0], 'x');
}

static void build_and_read(struct udp_frame *frame, size_t size, size_t headers)
{
	uint8_t data[PACKET_ROOM];
	struct udp_frame again;

	frame->size = size;
	assert_int_equal(udp_frame_build(frame, data, headers + size), headers + size);
	assert_int_equal(udp_frame_build(frame, data, headers + size - 1), -EMSGSIZE);
	assert_int_equal(udp_frame_parse(data, headers + size, true, &again), 0);
	assert_memory_equal(again.source_mac, frame->source_mac, WIRE_MAC_SIZE);
	assert_memory_equal(again.destination_mac, frame->destination_mac, WIRE_MAC_SIZE);
	assert_true(ip_equal(&again.source, &frame->source));
	assert_true(ip_equal(&again.destination, &frame->destination));
	assert_int_equal(again.source_port, 67);
	assert_int_equal(again.destination_port, 68);
	assert_int_equal(again.size, size);
	assert_memory_equal(again.payload, frame->payload, size);
}

static void what_is_built_is_read(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 299, 1472};
	static const struct {
		const char *source, *destination;
		size_t headers, max;
	} rows[] = {
		{"10.1.2.1", "255.255.255.255", UDP_FRAME_HEADERS4, 65507},
		{"fd00::1", "fe80::2", UDP_FRAME_HEADERS6, 65527},
	};
	static uint8_t large[UDP_FRAME_HEADERS_MAX + 65536];
	uint8_t payload[1472];

	(void)state;
	memset(payload, 0xa5, sizeof(payload));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct udp_frame frame = {
			.source_mac = {2, 1, 1, 1, 1, 1},
			.destination_mac = {2, 2, 2, 2, 2, 2},
			.source = packet_ip(rows[i].source),
			.destination = packet_ip(rows[i].destination),
			.source_port = 67,
			.destination_port = 68,
			.payload = payload,
		};

		for (size_t k = 0; k < ARRAY_SIZE(sizes); k++)
			build_and_read(&frame, sizes[k], rows[i].headers);
		frame.payload = large + rows[i].headers;
		frame.size = rows[i].max;
		assert_int_equal(udp_frame_build(&frame, large, sizeof(large)),
				 rows[i].headers + rows[i].max);
		frame.size++;
		assert_int_equal(udp_frame_build(&frame, large, sizeof(large)), -EMSGSIZE);
	}
}

/* RFC 768: a sum of 0 would say that there is none. */
static void a_checksum_is_never_zero(void **state)
{
	uint8_t payload[2], data[64];
	struct udp_frame again, frame = {.source = packet_ip("0.0.0.0"),
					 .destination = packet_ip("0.0.0.0"),
					 .payload = payload,
					 .size = 2};

	(void)state;
	assert_int_equal(udp_frame_build(&frame, data, sizeof(data)), 44);
	wire_put16(payload, 0);
	udp_frame_build(&frame, data, sizeof(data));
	/* With this payload the sum of all is 0xffff, and its complement 0. */
	wire_put16(payload, wire_get16(data + UDP + 6));
	assert_int_equal(udp_frame_build(&frame, data, sizeof(data)), 44);
	assert_int_equal(wire_get16(data + UDP + 6), 0xffff);
	assert_int_equal(udp_frame_parse(data, 44, true, &again), 0);
}

/* The example of RFC 1071 section 3; an odd length counts as filled up with 0. */
static void sums_are_those_of_the_specification(void **state)
{
	static const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	(void)state;
	assert_int_equal(wire_sum(0, data, sizeof(data)), 0xddf2);
	assert_int_equal(wire_checksum(wire_sum(0, data, sizeof(data))), 0x220d);
	assert_int_equal(wire_sum(wire_sum(0, data, 4), data + 4, 4), 0xddf2);
	assert_int_equal(wire_sum(0, data, 3), 0xf201);
	assert_int_equal(wire_sum(UINT32_MAX, data, 0), 0xffff);
}

static unsigned int take_all(struct token_bucket *bucket, uint64_t now)
{
	unsigned int count = 0;

	while (token_bucket_take(bucket, now))
		count++;
	return count;
}

static void a_bucket_limits_the_rate(void **state)
{
	struct token_bucket bucket = {.interval_usec = 100, .burst = 5};

	(void)state;
	assert_int_equal(token_bucket_next(&bucket, 0), 0);
	assert_int_equal(take_all(&bucket, 0), 5);
	assert_int_equal(token_bucket_next(&bucket, 0), 100);
	assert_int_equal(take_all(&bucket, 99), 0);
	assert_int_equal(take_all(&bucket, 100), 1);
	assert_int_equal(take_all(&bucket, 350), 2);
	assert_int_equal(token_bucket_next(&bucket, 350), 400);
	assert_int_equal(take_all(&bucket, 1000000), 5);
	for (uint64_t now = 2000000; now < 2000000 + 100 * 50; now += 7)
		token_bucket_take(&bucket, now);
	/* 50 intervals gave 50 tokens, and the burst is used up. */
	assert_true(token_bucket_next(&bucket, 2005000) <= 2005100);
	assert_int_equal(take_all(&bucket, 2005000 + 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recorded_frame_is_read),
		cmocka_unit_test(a_recorded_frame_of_ipv6_is_read),
		cmocka_unit_test(every_shorter_frame_is_refused),
		cmocka_unit_test(changed_headers_are_judged),
		cmocka_unit_test(changed_headers_of_ipv6_are_judged),
		cmocka_unit_test(a_wrong_header_checksum_is_refused),
		cmocka_unit_test(padding_and_ip_options_are_passed_over),
		cmocka_unit_test(what_is_built_is_read),
		cmocka_unit_test(a_checksum_is_never_zero),
		cmocka_unit_test(sums_are_those_of_the_specification),
		cmocka_unit_test(a_bucket_limits_the_rate),
	};

	return cmocka_run_group_tests_name("udp_frame", tests, NULL, NULL);
}
