/* SPDX-License-Identifier: MIT */
/* DHCPv4: messages of real clients, rare and malformed ones, and what is replied to each. */
#include "../../runtime/base/dhcp.h"

#include "packets.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#define FILE_AT        108
#define SERVER_NAME_AT 44
#define OPTIONS_AT     240

static const uint8_t mac[WIRE_MAC_SIZE] = {2, 0, 0, 0, 0, 2};

static struct dhcp_lease example(void)
{
	return (struct dhcp_lease){
		.server = packet_ipv4("10.1.2.1"),
		.address = packet_ipv4("10.1.2.2"),
		.prefix = 28,
		.router = packet_ipv4("10.1.2.1"),
		.dns = {packet_ipv4("10.1.2.1"), packet_ipv4("1.1.1.1")},
		.dns_count = 2,
		.host_name = "web",
		.domain = "floe.internal",
		.mtu = 1400,
		.lease_seconds = 3600,
	};
}

/* ---- reading ---- */

static void recorded_messages_are_read(void **state)
{
	static const struct {
		const char *name;
		enum dhcp_type type;
		const char *requested, *server, *client;
		uint16_t size_max;
		size_t client_id_size, wanted_count;
		bool rapid_commit;
	} rows[] = {
		{"discover-udhcpc", DHCP_DISCOVER, NULL, NULL, NULL, 576, 7, 9, false},
		{"request-udhcpc", DHCP_REQUEST, "10.1.2.2", "10.1.2.1", NULL, 576, 7, 9, false},
		{"discover-dhclient", DHCP_DISCOVER, NULL, NULL, NULL, 0, 0, 13, false},
		{"request-dhclient", DHCP_REQUEST, "10.1.2.2", "10.1.2.1", NULL, 0, 0, 13, false},
		{"release-dhclient", DHCP_RELEASE, NULL, "10.1.2.1", "10.1.2.2", 0, 0, 0, false},
		{"discover-dhcpcd", DHCP_DISCOVER, NULL, NULL, NULL, 1372, 19, 14, true},
		{"discover-networkd", DHCP_DISCOVER, NULL, NULL, NULL, 1372, 19, 10, false},
		{"request-networkd", DHCP_REQUEST, "10.1.2.2", "10.1.2.1", NULL, 1372, 19, 10,
		 false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t data[PACKET_ROOM];
		char name[64];
		struct dhcp_packet packet;
		struct udp_frame frame;
		size_t size;

		snprintf(name, sizeof(name), "dhcp/%s", rows[i].name);
		size = packet_read(name, data);
		assert_int_equal(udp_frame_parse(data, size, false, &frame), 0);
		assert_int_equal(dhcp_parse(frame.payload, frame.size, &packet), 0);
		assert_int_equal(packet.type, rows[i].type);
		assert_memory_equal(packet.mac, mac, sizeof(mac));
		assert_int_equal(packet.requested.s_addr,
				 packet_ipv4(rows[i].requested ?: "0.0.0.0").s_addr);
		assert_int_equal(packet.server.s_addr,
				 packet_ipv4(rows[i].server ?: "0.0.0.0").s_addr);
		assert_int_equal(packet.client.s_addr,
				 packet_ipv4(rows[i].client ?: "0.0.0.0").s_addr);
		if (packet.size_max != rows[i].size_max ||
		    packet.client_id_size != rows[i].client_id_size ||
		    packet.wanted_count != rows[i].wanted_count ||
		    packet.rapid_commit != rows[i].rapid_commit)
			fail_msg("%s: %u %zu %zu %d", rows[i].name, packet.size_max,
				 packet.client_id_size, packet.wanted_count, packet.rapid_commit);
	}
}

/* A well-formed message of which OPTIONS follow the magic. */
static size_t make_message(uint8_t *data, const void *options, size_t size)
{
	memset(data, 0, OPTIONS_AT);
	data[0] = data[1] = 1;
	data[2] = WIRE_MAC_SIZE;
	memcpy(data + 28, mac, sizeof(mac));
	wire_put32(data + 236, 0x63825363);
	memcpy(data + OPTIONS_AT, options, size);
	return OPTIONS_AT + size;
}

static void headers_are_judged(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
		int result;
	} rows[] = {
		{"as it should be", 0, 1, 0},
		{"a reply", 0, 2, -EBADMSG},
		{"other hardware", 1, 6, -EBADMSG},
		{"a longer hardware address", 2, 16, -EBADMSG},
		{"no hardware address", 2, 0, -EBADMSG},
		{"hops", 3, 7, 0},
		{"relayed", 24, 10, -EBADMSG},
		{"a group's hardware address", 28, 3, -EBADMSG},
		{"rubbish after the hardware address", 34, 0xff, 0},
		{"another magic", 239, 0x62, -EBADMSG},
		{"no type that there is", 242, 0, -EBADMSG},
		{"a server's type", 242, DHCP_ACK, -EBADMSG},
		{"a type of later specifications", 242, 10, -EBADMSG},
	};
	struct dhcp_packet packet;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t data[PACKET_ROOM];
		size_t size = make_message(data, "\x35\x01\x01\xff", 4);

		data[rows[i].at] = rows[i].value;
		if (dhcp_parse(data, size, &packet) != rows[i].result)
			fail_msg("%s: judged wrongly", rows[i].what);
	}
}

/* Text of a C string with NULs in it. */
#define OPTIONS(text) text, sizeof(text) - 1

static void options_are_judged(void **state)
{
	static const struct {
		const char *what;
		const char *options;
		size_t size;
		int result;
	} rows[] = {
		{"no option", OPTIONS(""), -EBADMSG},
		{"an end alone", OPTIONS("\xff"), -EBADMSG},
		{"padding before", OPTIONS("\0\0\0\x35\1\1\xff"), 0},
		{"no end", OPTIONS("\x35\1\1"), 0},
		{"rubbish after the end", OPTIONS("\x35\1\1\xff\x32\xff"), 0},
		{"a code alone", OPTIONS("\x35\1\1\x32"), -EBADMSG},
		{"a length beyond the end", OPTIONS("\x35\1\1\x32\4\1\2\3"), -EBADMSG},
		{"an unknown one beyond the end", OPTIONS("\x35\1\1\xfa\xff"), -EBADMSG},
		{"an unknown one", OPTIONS("\x35\1\1\xfa\2xx\xff"), 0},
		{"a type of two bytes", OPTIONS("\x35\2\1\1\xff"), -EBADMSG},
		{"a type of no byte", OPTIONS("\x35\0\xff"), -EBADMSG},
		{"two types", OPTIONS("\x35\1\1\x35\1\3\xff"), -EBADMSG},
		{"a short address", OPTIONS("\x35\1\3\x32\3\1\2\3\xff"), -EBADMSG},
		{"a long server address", OPTIONS("\x35\1\3\x36\5\1\2\3\4\5\xff"), -EBADMSG},
		{"a size of one byte", OPTIONS("\x35\1\1\x39\1\1\xff"), -EBADMSG},
		{"a client id of one byte", OPTIONS("\x35\1\1\x3d\1\1\xff"), -EBADMSG},
		{"an empty list", OPTIONS("\x35\1\1\x37\0\xff"), -EBADMSG},
		{"rapid commit with a value", OPTIONS("\x35\1\1\x50\1\1\xff"), -EBADMSG},
		{"an unknown overload", OPTIONS("\x35\1\1\x34\1\4\xff"), -EBADMSG},
		{"an overload of nothing", OPTIONS("\x35\1\1\x34\1\0\xff"), -EBADMSG},
		{"an overload of two bytes", OPTIONS("\x35\1\1\x34\2\1\1\xff"), -EBADMSG},
		{"an overload of empty fields", OPTIONS("\x35\1\1\x34\1\3\xff"), 0},
	};
	struct dhcp_packet packet;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t data[PACKET_ROOM];
		size_t size = make_message(data, rows[i].options, rows[i].size);
		CLEANUP_FREE uint8_t *copy = malloc(size);

		memcpy(copy, data, size);
		if (dhcp_parse(copy, size, &packet) != rows[i].result)
			fail_msg("%s: judged wrongly", rows[i].what);
	}
}

static void every_shorter_message_is_survived(void **state)
{
	uint8_t data[PACKET_ROOM];
	size_t size = packet_read("dhcp/discover-dhcpcd", data) - UDP_FRAME_HEADERS4;
	struct dhcp_packet packet;

	(void)state;
	for (size_t i = 0; i < size; i++) {
		CLEANUP_FREE uint8_t *copy = malloc(i ? i : 1);
		int r;

		memcpy(copy, data + UDP_FRAME_HEADERS4, i);
		r = dhcp_parse(copy, i, &packet);
		assert_true(i > OPTIONS_AT + 2 || r == -EBADMSG);
	}
}

static void options_go_on_in_other_fields(void **state)
{
	uint8_t data[PACKET_ROOM];
	size_t size = make_message(data, OPTIONS("\x34\1\3\x3d\2\1\2\xff"));
	struct dhcp_packet packet;

	(void)state;
	/* The type is in the file, and the client id goes on in the server's name. An overload that
	 * is said there again is none. */
	memcpy(data + FILE_AT, OPTIONS("\x35\1\1\x34\1\1\xff"));
	memcpy(data + SERVER_NAME_AT, OPTIONS("\x3d\2\3\4\xff"));
	assert_int_equal(dhcp_parse(data, size, &packet), 0);
	assert_int_equal(packet.type, DHCP_DISCOVER);
	assert_int_equal(packet.client_id_size, 4);
	assert_memory_equal(packet.client_id, "\1\2\3\4", 4);
	/* Without the overload these are a file's and a server's name. */
	data[OPTIONS_AT] = 0xfa;
	assert_int_equal(dhcp_parse(data, size, &packet), -EBADMSG);
	data[OPTIONS_AT] = 0x34;
	data[OPTIONS_AT + 2] = 2;
	assert_int_equal(dhcp_parse(data, size, &packet), -EBADMSG);
	/* An option does not go beyond its field. */
	data[OPTIONS_AT + 2] = 3;
	memset(data + FILE_AT, 0, 128);
	memcpy(data + FILE_AT, OPTIONS("\x35\1\1"));
	memcpy(data + FILE_AT + 125, OPTIONS("\xfa\2x"));
	assert_int_equal(dhcp_parse(data, size, &packet), -EBADMSG);
	data[FILE_AT + 126] = 1;
	assert_int_equal(dhcp_parse(data, size, &packet), 0);
}

static void parts_that_are_too_long_together_are_refused(void **state)
{
	uint8_t options[4 + 2 * 130] = {0x35, 1, 1}, data[PACKET_ROOM];
	struct dhcp_packet packet;
	size_t size;

	(void)state;
	options[3] = options[3 + 130] = 0x3d;
	options[4] = options[4 + 130] = 128;
	options[3 + 2 * 130] = 0xff;
	size = make_message(data, options, sizeof(options));
	assert_int_equal(dhcp_parse(data, size, &packet), -EBADMSG);
	data[OPTIONS_AT + 4 + 130] = 127;
	assert_int_equal(dhcp_parse(data, size, &packet), 0);
	assert_int_equal(packet.client_id_size, 255);
}

/* ---- deciding ---- */

#define OURS   "10.1.2.2"
#define SERVER "10.1.2.1"
#define OTHER  "192.168.0.7"
#define NONE   "0.0.0.0"

/* RFC 2131 section 4.3, and where a reply goes: section 4.1. */
static const struct {
	const char *what;
	enum dhcp_type type;
	const char *client, *requested, *server;
	uint16_t flags;
	enum dhcp_type reply;
	const char *to;
} requests[] = {
	{"discover", DHCP_DISCOVER, NONE, NONE, NONE, 0, DHCP_OFFER, OURS},
	{"discover, broadcast", DHCP_DISCOVER, NONE, NONE, NONE, 0x8000, DHCP_OFFER,
	 "255.255.255.255"},
	{"discover of a known address", DHCP_DISCOVER, NONE, OURS, NONE, 0, DHCP_OFFER, OURS},
	{"discover of another address", DHCP_DISCOVER, NONE, OTHER, NONE, 0, DHCP_OFFER, OURS},
	{"discover with an address in use", DHCP_DISCOVER, OTHER, NONE, NONE, 0, DHCP_OFFER, OURS},
	{"selecting", DHCP_REQUEST, NONE, OURS, SERVER, 0, DHCP_ACK, OURS},
	{"selecting, broadcast", DHCP_REQUEST, NONE, OURS, SERVER, 0x8000, DHCP_ACK,
	 "255.255.255.255"},
	{"selecting what was not offered", DHCP_REQUEST, NONE, OTHER, SERVER, 0, DHCP_NAK,
	 "255.255.255.255"},
	{"selecting another server", DHCP_REQUEST, NONE, OTHER, OTHER, 0, DHCP_NONE, NULL},
	{"selecting another server's same", DHCP_REQUEST, NONE, OURS, OTHER, 0, DHCP_NONE, NULL},
	{"selecting nothing", DHCP_REQUEST, NONE, NONE, SERVER, 0, DHCP_NONE, NULL},
	{"selecting by the field", DHCP_REQUEST, OURS, NONE, SERVER, 0, DHCP_ACK, OURS},
	{"selecting with a strange field", DHCP_REQUEST, OTHER, OURS, SERVER, 0, DHCP_ACK, OURS},
	{"init-reboot", DHCP_REQUEST, NONE, OURS, NONE, 0, DHCP_ACK, OURS},
	{"init-reboot from elsewhere", DHCP_REQUEST, NONE, OTHER, NONE, 0, DHCP_NAK,
	 "255.255.255.255"},
	{"init-reboot of a neighbour", DHCP_REQUEST, NONE, "10.1.2.3", NONE, 0, DHCP_NAK,
	 "255.255.255.255"},
	{"renewing", DHCP_REQUEST, OURS, NONE, NONE, 0, DHCP_ACK, OURS},
	{"rebinding, broadcast", DHCP_REQUEST, OURS, NONE, NONE, 0x8000, DHCP_ACK, OURS},
	{"renewing another", DHCP_REQUEST, OTHER, NONE, NONE, 0, DHCP_NAK, "255.255.255.255"},
	{"renewing with both", DHCP_REQUEST, OURS, OTHER, NONE, 0, DHCP_ACK, OURS},
	{"a request of nothing", DHCP_REQUEST, NONE, NONE, NONE, 0, DHCP_NONE, NULL},
	{"inform", DHCP_INFORM, "10.1.2.9", NONE, NONE, 0, DHCP_ACK, "10.1.2.9"},
	{"inform of ours", DHCP_INFORM, OURS, NONE, NONE, 0x8000, DHCP_ACK, OURS},
	{"inform without address", DHCP_INFORM, NONE, NONE, NONE, 0, DHCP_NONE, NULL},
	{"inform from elsewhere", DHCP_INFORM, OTHER, NONE, NONE, 0, DHCP_NONE, NULL},
	{"inform from everybody", DHCP_INFORM, "10.1.2.15", NONE, NONE, 0, DHCP_NONE, NULL},
	{"inform from the network", DHCP_INFORM, "10.1.2.0", NONE, NONE, 0, DHCP_NONE, NULL},
	{"release", DHCP_RELEASE, OURS, NONE, SERVER, 0, DHCP_NONE, NULL},
	{"decline", DHCP_DECLINE, NONE, OURS, SERVER, 0, DHCP_NONE, NULL},
};

static void requests_are_decided(void **state)
{
	struct dhcp_lease lease = example();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		struct dhcp_packet packet = {
			.type = requests[i].type,
			.flags = requests[i].flags,
			.client = packet_ipv4(requests[i].client),
			.requested = packet_ipv4(requests[i].requested),
			.server = packet_ipv4(requests[i].server),
			.mac = {2, 0, 0, 0, 0, 2},
		};
		struct udp_frame frame;
		bool everybody;

		if (dhcp_decide(&lease, &packet) != requests[i].reply)
			fail_msg("%s: decided wrongly", requests[i].what);
		if (!requests[i].to)
			continue;
		dhcp_address(&lease, &packet, requests[i].reply, &frame);
		if (ip_to_v4(&frame.destination).s_addr != packet_ipv4(requests[i].to).s_addr)
			fail_msg("%s: goes to the wrong address", requests[i].what);
		everybody = ip_to_v4(&frame.destination).s_addr == INADDR_BROADCAST;
		assert_memory_equal(frame.destination_mac,
				    everybody ? (const uint8_t *)"\xff\xff\xff\xff\xff\xff" : mac,
				    WIRE_MAC_SIZE);
		assert_int_equal(ip_to_v4(&frame.source).s_addr, lease.server.s_addr);
		assert_int_equal(frame.source_port, 67);
		assert_int_equal(frame.destination_port, 68);
	}
}

static void only_the_named_client_is_answered(void **state)
{
	struct dhcp_lease lease = example();
	struct dhcp_packet packet = {.type = DHCP_DISCOVER, .mac = {2, 0, 0, 0, 0, 2}};

	(void)state;
	memcpy(lease.client_mac, mac, sizeof(mac));
	assert_int_equal(dhcp_decide(&lease, &packet), DHCP_OFFER);
	packet.mac[5]++;
	assert_int_equal(dhcp_decide(&lease, &packet), DHCP_NONE);
}

/* ---- replying ---- */

static size_t reply_to(const struct dhcp_lease *lease, const struct dhcp_packet *packet,
		       uint8_t data[static DHCP_MESSAGE_MAX])
{
	enum dhcp_type type = dhcp_decide(lease, packet);
	ssize_t size = dhcp_build(lease, packet, type, data, DHCP_MESSAGE_MAX);
	uint8_t byte = type;

	assert_true(size >= 300 && size <= DHCP_MESSAGE_MAX);
	assert_int_equal(data[0], 2);
	assert_int_equal(wire_get32(data + 4), packet->transaction);
	assert_memory_equal(data + 28, packet->mac, WIRE_MAC_SIZE);
	packet_assert_option(data, (size_t)size, 53, &byte, 1);
	packet_assert_option(data, (size_t)size, 54, &lease->server, 4);
	return (size_t)size;
}

static void an_offer_has_everything(void **state)
{
	struct dhcp_lease lease = example();
	struct dhcp_packet packet = {
		.type = DHCP_DISCOVER,
		.transaction = 0x12345678,
		.flags = 0x8000,
		.mac = {2, 0, 0, 0, 0, 2},
		.client_id = {1, 2, 3},
		.client_id_size = 3,
	};
	uint8_t data[DHCP_MESSAGE_MAX];
	size_t size = reply_to(&lease, &packet, data);

	(void)state;
	assert_int_equal(wire_get16(data + 10), 0x8000);
	assert_int_equal(wire_get32(data + 12), 0);
	assert_memory_equal(data + 16, &lease.address, 4);
	packet_assert_option(data, size, 1, "\xff\xff\xff\xf0", 4);
	packet_assert_option(data, size, 3, &lease.router, 4);
	packet_assert_option(data, size, 6, lease.dns, 8);
	packet_assert_option(data, size, 12, "web", 3);
	packet_assert_option(data, size, 15, "floe.internal", 13);
	packet_assert_option(data, size, 26, "\x05\x78", 2);
	packet_assert_option(data, size, 28, "\x0a\x01\x02\x0f", 4);
	packet_assert_option(data, size, 51, "\0\0\x0e\x10", 4);
	packet_assert_option(data, size, 58, "\0\0\x07\x08", 4);
	packet_assert_option(data, size, 59, "\0\0\x0c\x4e", 4);
	packet_assert_option(data, size, 61, "\1\2\3", 3);
	packet_assert_no_option(data, size, 80);
	packet_assert_no_option(data, size, 121);
}

static void what_is_asked_for_is_given(void **state)
{
	struct dhcp_lease lease = example();
	struct dhcp_packet packet = {
		.type = DHCP_REQUEST,
		.client = packet_ipv4(OURS),
		.wanted = {121, 12, 3, 12, 1, 99},
		.wanted_count = 6,
	};
	uint8_t data[DHCP_MESSAGE_MAX];
	size_t size = reply_to(&lease, &packet, data), length;

	(void)state;
	assert_memory_equal(data + 12, &packet.client, 4);
	packet_assert_option(data, size, 121, "\0\x0a\x01\x02\x01", 5);
	packet_assert_option(data, size, 12, "web", 3);
	packet_assert_no_option(data, size, 6);
	packet_assert_no_option(data, size, 15);
	packet_assert_no_option(data, size, 26);
	packet_assert_no_option(data, size, 99);
	packet_assert_no_option(data, size, 61);
	/* The mask first; then in the client's order, each once. */
	assert_ptr_equal(packet_option(data, size, 121, &length),
			 packet_option(data, size, 1, &length) + 4 + 2);
	assert_ptr_equal(packet_option(data, size, 3, &length),
			 packet_option(data, size, 12, &length) + 3 + 2);
}

static void a_router_elsewhere_gets_a_route(void **state)
{
	struct dhcp_lease lease = example();
	struct dhcp_packet packet = {.type = DHCP_DISCOVER, .wanted = {121, 28}, .wanted_count = 2};
	uint8_t data[DHCP_MESSAGE_MAX];
	size_t size;

	(void)state;
	lease.prefix = 32;
	size = reply_to(&lease, &packet, data);
	packet_assert_option(data, size, 1, "\xff\xff\xff\xff", 4);
	packet_assert_option(data, size, 121,
			     "\x20\x0a\x01\x02\x01\0\0\0\0"
			     "\0\x0a\x01\x02\x01",
			     14);
	packet_assert_no_option(data, size, 28);
	lease.router.s_addr = 0;
	size = reply_to(&lease, &packet, data);
	packet_assert_no_option(data, size, 121);
}

static void what_is_not_set_is_not_given(void **state)
{
	static const uint8_t absent[] = {3, 6, 12, 15, 26, 58, 59, 61};
	struct dhcp_lease lease = {
		.server = packet_ipv4(SERVER),
		.address = packet_ipv4(OURS),
		.prefix = 24,
		.lease_seconds = DHCP_INFINITE,
	};
	struct dhcp_packet packet = {.type = DHCP_DISCOVER};
	uint8_t data[DHCP_MESSAGE_MAX];
	size_t size = reply_to(&lease, &packet, data);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
		packet_assert_no_option(data, size, absent[i]);
	packet_assert_option(data, size, 51, "\xff\xff\xff\xff", 4);
}

static void times_can_be_set(void **state)
{
	struct dhcp_lease lease = example();
	struct dhcp_packet packet = {.type = DHCP_DISCOVER};
	uint8_t data[DHCP_MESSAGE_MAX];
	size_t size;

	(void)state;
	lease.lease_seconds = 0xfffffffe;
	lease.renew_seconds = 2;
	size = reply_to(&lease, &packet, data);
	packet_assert_option(data, size, 58, "\0\0\0\2", 4);
	packet_assert_option(data, size, 59, "\xdf\xff\xff\xfe", 4);
	lease.rebind_seconds = 3;
	size = reply_to(&lease, &packet, data);
	packet_assert_option(data, size, 59, "\0\0\0\3", 4);
}

/* RFC 2131 table 3. */
static void a_refusal_has_little(void **state)
{
	static const uint8_t absent[] = {1, 3, 6, 12, 15, 26, 51, 58, 59};
	struct dhcp_lease lease = example();
	struct dhcp_packet packet = {
		.type = DHCP_REQUEST,
		.client = packet_ipv4(OTHER),
		.client_id = {1, 2, 3},
		.client_id_size = 3,
	};
	uint8_t data[DHCP_MESSAGE_MAX];
	size_t size = reply_to(&lease, &packet, data);

	(void)state;
	assert_int_equal(wire_get32(data + 12), 0);
	assert_int_equal(wire_get32(data + 16), 0);
	packet_assert_option(data, size, 61, "\1\2\3", 3); /* RFC 6842 */
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
		packet_assert_no_option(data, size, absent[i]);
}

static void information_is_no_lease(void **state)
{
	struct dhcp_lease lease = example();
	struct dhcp_packet packet = {.type = DHCP_INFORM, .client = packet_ipv4("10.1.2.9")};
	uint8_t data[DHCP_MESSAGE_MAX];
	size_t size = reply_to(&lease, &packet, data);

	(void)state;
	assert_memory_equal(data + 12, &packet.client, 4);
	assert_int_equal(wire_get32(data + 16), 0);
	packet_assert_no_option(data, size, 51);
	packet_assert_option(data, size, 3, &lease.router, 4);
}

/* RFC 4039: two messages instead of four. */
static void a_rapid_commit_is_acknowledged(void **state)
{
	struct dhcp_lease lease = example();
	struct dhcp_packet packet = {.type = DHCP_DISCOVER, .rapid_commit = true};
	uint8_t data[DHCP_MESSAGE_MAX];
	size_t size = reply_to(&lease, &packet, data);

	(void)state;
	assert_int_equal(dhcp_decide(&lease, &packet), DHCP_ACK);
	packet_assert_option(data, size, 80, "", 0);
	assert_memory_equal(data + 16, &lease.address, 4);
	packet.type = DHCP_REQUEST;
	packet.client = lease.address;
	size = reply_to(&lease, &packet, data);
	packet_assert_no_option(data, size, 80);
}

/* RFC 2132 section 9.10; what every client takes is 576 bytes with the headers. */
static void a_reply_fits_the_client(void **state)
{
	struct dhcp_lease lease = example();
	struct dhcp_packet packet = {.type = DHCP_DISCOVER, .client_id_size = 255};
	uint8_t data[DHCP_MESSAGE_MAX];
	size_t size, length;

	(void)state;
	memset(lease.host_name, 'h', DHCP_HOST_NAME_MAX);
	memset(lease.domain, 'd', DHCP_DOMAIN_MAX);
	for (unsigned int limit = 0; limit <= 1500; limit += 4) {
		packet.size_max = (uint16_t)limit;
		size = reply_to(&lease, &packet, data);
		assert_true(size + 28 <= (limit < 576 ? 576 : limit));
		/* What no client can do without is always there. */
		assert_non_null(packet_option(data, size, 1, &length));
		assert_non_null(packet_option(data, size, 51, &length));
		assert_non_null(packet_option(data, size, 61, &length));
	}
	packet_assert_option(data, size, 15, lease.domain, DHCP_DOMAIN_MAX);
	assert_int_equal(dhcp_build(&lease, &packet, DHCP_OFFER, data, 547), -EMSGSIZE);
	assert_true(dhcp_build(&lease, &packet, DHCP_OFFER, data, 548) <= 548);
}

static void bad_leases_are_refused(void **state)
{
	struct floe_error error = {0};
	struct dhcp_lease rows[18], good = example();

	(void)state;
	assert_int_equal(dhcp_lease_check(&good, &error), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		rows[i] = good;
	rows[0].server.s_addr = 0;
	rows[1].address.s_addr = 0;
	rows[2].address = packet_ipv4("127.0.0.1");
	rows[3].address = packet_ipv4("224.0.0.1");
	rows[4].address = packet_ipv4("255.255.255.255");
	rows[5].address = rows[5].server;
	rows[6].prefix = 0;
	rows[7].prefix = 33;
	rows[8].dns_count = DHCP_DNS_MAX + 1;
	rows[9].mtu = 575;
	rows[10].lease_seconds = 0;
	rows[11].renew_seconds = 3601;
	rows[12].rebind_seconds = 3601;
	rows[13].renew_seconds = 20, rows[13].rebind_seconds = 10;
	rows[14].server = packet_ipv4("0.1.2.3");
	rows[15].client_mac[0] = 1;
	rows[16].renew_seconds = 3500;  /* later than 7/8 of the lease */
	rows[17].rebind_seconds = 1700; /* earlier than half of it */
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(&error, 0, sizeof(error));
		if (dhcp_lease_check(&rows[i], &error) != -EINVAL || !error.message[0])
			fail_msg("row %zu should be refused with a message", i);
	}
}

static void masks_are_made(void **state)
{
	(void)state;
	assert_int_equal(dhcp_mask(0).s_addr, 0);
	assert_int_equal(dhcp_mask(1).s_addr, packet_ipv4("128.0.0.0").s_addr);
	assert_int_equal(dhcp_mask(28).s_addr, packet_ipv4("255.255.255.240").s_addr);
	assert_int_equal(dhcp_mask(32).s_addr, packet_ipv4("255.255.255.255").s_addr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_messages_are_read),
		cmocka_unit_test(headers_are_judged),
		cmocka_unit_test(options_are_judged),
		cmocka_unit_test(every_shorter_message_is_survived),
		cmocka_unit_test(options_go_on_in_other_fields),
		cmocka_unit_test(parts_that_are_too_long_together_are_refused),
		cmocka_unit_test(requests_are_decided),
		cmocka_unit_test(only_the_named_client_is_answered),
		cmocka_unit_test(an_offer_has_everything),
		cmocka_unit_test(what_is_asked_for_is_given),
		cmocka_unit_test(a_router_elsewhere_gets_a_route),
		cmocka_unit_test(what_is_not_set_is_not_given),
		cmocka_unit_test(times_can_be_set),
		cmocka_unit_test(a_refusal_has_little),
		cmocka_unit_test(information_is_no_lease),
		cmocka_unit_test(a_rapid_commit_is_acknowledged),
		cmocka_unit_test(a_reply_fits_the_client),
		cmocka_unit_test(bad_leases_are_refused),
		cmocka_unit_test(masks_are_made),
	};

	return cmocka_run_group_tests_name("dhcp", tests, NULL, NULL);
}
