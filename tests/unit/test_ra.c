/* SPDX-License-Identifier: MIT */
/* Router solicitations as recorded and as an attacker might send them; advertisements. */
#include "../../runtime/base/ra.h"

#include "packets.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#define IP   14
#define ICMP 54

static const struct ra_router *example(void)
{
	static struct ra_router router = {
		.mac = {2, 0, 0, 0, 0, 1},
		.prefix_length = 64,
		.valid_seconds = RA_INFINITE,
		.preferred_seconds = RA_INFINITE,
		.router_seconds = 1800,
		.dns_count = 1,
		.dns_seconds = RA_INFINITE,
		.mtu = 1400,
	};

	router.source = ra_link_local(router.mac);
	router.prefix = packet_ipv6("fd00:1:2:3::");
	router.dns[0] = packet_ipv6("fd00:1:2:3::1");
	return &router;
}

static void recorded_solicitations_are_read(void **state)
{
	static const char *const names[] = {"ra/solicitation-kernel", "ra/solicitation-networkd"};
	static const uint8_t mac[] = {2, 0, 0, 0, 0, 2};
	struct in6_addr source = packet_ipv6("fe80::ff:fe00:2");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		uint8_t data[PACKET_ROOM];
		size_t size = packet_read(names[i], data);
		struct ra_target from;

		assert_int_equal(ra_parse_solicitation(data, size, true, &from), 0);
		assert_memory_equal(from.mac, mac, sizeof(mac));
		assert_memory_equal(&from.address, &source, sizeof(source));
	}
}

static void every_shorter_frame_is_refused(void **state)
{
	uint8_t data[PACKET_ROOM];
	size_t size = packet_read("ra/solicitation-kernel", data);
	struct ra_target from;

	(void)state;
	for (size_t i = 0; i < size; i++) {
		CLEANUP_FREE uint8_t *copy = malloc(i ? i : 1);

		memcpy(copy, data, i);
		assert_int_equal(ra_parse_solicitation(copy, i, false, &from), -EBADMSG);
	}
}

/* RFC 4861 section 6.1.1, point by point. */
static void changed_solicitations_are_judged(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint16_t value;
		int with_checksum, without;
	} rows[] = {
		{"from a group's MAC address", 6, 0x0300, -EBADMSG, -EBADMSG},
		{"another protocol", 12, 0x0800, -EBADMSG, -EBADMSG},
		{"IP version 4", IP, 0x4000, -EBADMSG, -EBADMSG},
		{"longer than the frame", IP + 4, 17, -EBADMSG, -EBADMSG},
		{"without room for the message", IP + 4, 7, -EBADMSG, -EBADMSG},
		{"an option that is cut", IP + 4, 15, -EBADMSG, -EBADMSG},
		{"a single byte of an option", IP + 4, 9, -EBADMSG, -EBADMSG},
		{"without options", IP + 4, 8, -EBADMSG, 0},
		{"of another protocol", IP + 6, 0x11ff, -EBADMSG, -EBADMSG},
		{"forwarded once", IP + 6, 0x3afe, -EBADMSG, -EBADMSG},
		{"from a multicast address", IP + 8, 0xff02, -EBADMSG, -EBADMSG},
		{"an advertisement", ICMP, 0x8600, -EBADMSG, -EBADMSG},
		{"an unknown code", ICMP, 0x8501, -EBADMSG, -EBADMSG},
		{"a wrong checksum", ICMP + 2, 0x1234, -EBADMSG, 0},
		{"reserved bits set", ICMP + 4, 0x8000, -EBADMSG, 0},
		{"an option of no length", ICMP + 8, 0x0100, -EBADMSG, -EBADMSG},
		{"an option beyond the end", ICMP + 8, 0x0102, -EBADMSG, -EBADMSG},
		{"an unknown option", ICMP + 8, 0x6301, -EBADMSG, 0},
	};
	struct ra_target from;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t data[PACKET_ROOM];
		size_t size = packet_read("ra/solicitation-kernel", data);

		wire_put16(data + rows[i].at, rows[i].value);
		if (ra_parse_solicitation(data, size, true, &from) != rows[i].with_checksum ||
		    ra_parse_solicitation(data, size, false, &from) != rows[i].without)
			fail_msg("%s: judged wrongly", rows[i].what);
	}
}

static void a_host_without_an_address_may_ask(void **state)
{
	uint8_t data[PACKET_ROOM];
	size_t size = packet_read("ra/solicitation-kernel", data);
	struct ra_target from;

	(void)state;
	memset(data + IP + 8, 0, 16);
	/* But not name its link-layer address. */
	assert_int_equal(ra_parse_solicitation(data, size, false, &from), -EBADMSG);
	data[ICMP + 8] = 14; /* a nonce, RFC 3971 section 5.3.2 */
	assert_int_equal(ra_parse_solicitation(data, size, false, &from), 0);
	assert_true(IN6_IS_ADDR_UNSPECIFIED(&from.address));
}

/* The frame that a kernel, networkd and dhcpcd took their addresses from. */
static void an_advertisement_is_as_recorded(void **state)
{
	uint8_t recorded[PACKET_ROOM], data[PACKET_ROOM];
	size_t size = packet_read("ra/advertisement", recorded);
	struct ra_target target = {{2, 0, 0, 0, 0, 2}, packet_ipv6("fe80::ff:fe00:2")};

	(void)state;
	assert_int_equal(ra_build(example(), &target, data, sizeof(data)), size);
	assert_memory_equal(data, recorded, size);
}

static uint16_t icmp_checksum(const uint8_t *data, size_t size)
{
	uint32_t sum = IPPROTO_ICMPV6 + (uint32_t)(size - ICMP);

	return wire_checksum(wire_sum(wire_sum(sum, data + IP + 8, 32), data + ICMP, size - ICMP));
}

/* What is not set is not in it; the prefix is cut to its length. */
static void options_follow_the_settings(void **state)
{
	struct ra_router router = *example();
	uint8_t data[RA_FRAME_MAX];
	const uint8_t *prefix = data + ICMP + 16 + 8;
	ssize_t size;

	(void)state;
	router.mtu = 0;
	router.dns_count = 0;
	router.prefix = packet_ipv6("fd00:ffff:ffff:ffff:ffff::");
	router.prefix_length = 44;
	router.valid_seconds = 7200;
	router.preferred_seconds = 3600;
	size = ra_build(&router, &ra_all_nodes, data, sizeof(data));
	assert_int_equal(size, ICMP + 16 + 8 + 32);
	assert_int_equal(icmp_checksum(data, (size_t)size), 0);
	assert_int_equal(wire_get16(data), 0x3333);
	assert_int_equal(wire_get32(data + 2), 1);
	assert_int_equal(data[IP + 24], 0xff);
	assert_int_equal(data[IP + 7], 255);
	assert_int_equal(prefix[0], 3);
	assert_int_equal(prefix[2], 44);
	assert_int_equal(prefix[3], 0xc0); /* on the link, and for addresses */
	assert_int_equal(wire_get32(prefix + 4), 7200);
	assert_int_equal(wire_get32(prefix + 8), 3600);
	assert_memory_equal(prefix + 16, "\xfd\x00\xff\xff\xff\xf0\0\0\0\0\0\0\0\0\0\0", 16);
}

static void the_longest_fits(void **state)
{
	struct ra_router router = *example();
	uint8_t data[RA_FRAME_MAX];
	ssize_t size;

	(void)state;
	router.dns_count = RA_DNS_MAX;
	router.prefix_length = 128;
	size = ra_build(&router, &ra_all_nodes, data, sizeof(data));
	assert_int_equal(size, RA_FRAME_MAX);
	assert_int_equal(icmp_checksum(data, (size_t)size), 0);
	assert_int_equal(ra_build(&router, &ra_all_nodes, data, sizeof(data) - 1), -EMSGSIZE);
}

static void bad_settings_are_refused(void **state)
{
	struct floe_error error = {0};
	struct ra_router rows[10];

	(void)state;
	assert_int_equal(ra_router_check(example(), &error), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		rows[i] = *example();
	rows[0].source = packet_ipv6("fd00::1");
	rows[1].prefix_length = 0;
	rows[2].prefix_length = 129;
	rows[3].prefix = packet_ipv6("fe80::");
	rows[4].prefix = packet_ipv6("ff02::");
	rows[5].valid_seconds = 100;
	rows[6].router_seconds = 9001;
	rows[7].dns_count = RA_DNS_MAX + 1;
	rows[8].mtu = 1279;
	rows[9].client_mac[0] = 1;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(&error, 0, sizeof(error));
		if (ra_router_check(&rows[i], &error) != -EINVAL || !error.message[0])
			fail_msg("row %zu should be refused with a message", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_solicitations_are_read),
		cmocka_unit_test(every_shorter_frame_is_refused),
		cmocka_unit_test(changed_solicitations_are_judged),
		cmocka_unit_test(a_host_without_an_address_may_ask),
		cmocka_unit_test(an_advertisement_is_as_recorded),
		cmocka_unit_test(options_follow_the_settings),
		cmocka_unit_test(the_longest_fits),
		cmocka_unit_test(bad_settings_are_refused),
	};

	return cmocka_run_group_tests_name("ra", tests, NULL, NULL);
}
