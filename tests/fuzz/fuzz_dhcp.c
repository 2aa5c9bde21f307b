/* SPDX-License-Identifier: MIT */
/* Whatever a client sends, the reply is well-formed, fits, and gives away no other address. */
#include "../../runtime/base/dhcp.h"

#include <stdlib.h>
#include <string.h>

#define OPTIONS_AT 240

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static const struct dhcp_lease *lease(void)
{
	static struct dhcp_lease lease = {
		.prefix = 28,
		.dns_count = DHCP_DNS_MAX,
		.host_name = "a-machine",
		.domain = "floe.internal",
		.mtu = 1400,
		.lease_seconds = 3600,
	};

	lease.server.s_addr = lease.router.s_addr = htonl(0x0a010201);
	lease.address.s_addr = htonl(0x0a010202);
	require(dhcp_lease_check(&lease, NULL) == 0);
	return &lease;
}

/* Options to the end option and nothing but zeros after it; mask and server's identity once. */
static void require_options(const uint8_t *message, size_t size)
{
	unsigned int count[256] = {0};
	size_t at = OPTIONS_AT;

	while (at < size && message[at] != 255) {
		require(at + 2 < size && at + 2 + message[at + 1] < size);
		require(++count[message[at]] == 1);
		at += 2 + (size_t)message[at + 1];
	}
	require(at < size && count[53] == 1 && count[54] == 1);
	for (at++; at < size; at++)
		require(message[at] == 0);
}

static void require_reply(const struct dhcp_packet *packet, enum dhcp_type type)
{
	uint8_t message[DHCP_MESSAGE_MAX], frame_data[UDP_FRAME_HEADERS4 + DHCP_MESSAGE_MAX];
	struct udp_frame frame, again;
	struct dhcp_packet none;
	uint32_t given;
	ssize_t size = dhcp_build(lease(), packet, type, message, sizeof(message));

	require(size >= 300 && size <= (ssize_t)sizeof(message));
	require(size <= (packet->size_max > 576 ? packet->size_max : 576) - 28);
	memcpy(&given, message + 16, sizeof(given));
	require(given == 0 || given == lease()->address.s_addr);
	require_options(message, (size_t)size);
	require(dhcp_parse(message, (size_t)size, &none) < 0);
	dhcp_address(lease(), packet, type, &frame);
	frame.payload = message;
	frame.size = (size_t)size;
	size = udp_frame_build(&frame, frame_data, sizeof(frame_data));
	require(size == (ssize_t)(UDP_FRAME_HEADERS4 + frame.size));
	require(udp_frame_parse(frame_data, (size_t)size, true, &again) == 0);
	require(again.size == frame.size && memcmp(again.payload, message, again.size) == 0);
}

static void feed_message(const uint8_t *data, size_t size)
{
	struct dhcp_packet packet;
	enum dhcp_type type;

	if (dhcp_parse(data, size, &packet) < 0)
		return;
	type = dhcp_decide(lease(), &packet);
	if (type != DHCP_NONE)
		require_reply(&packet, type);
}

/* As a frame, with its checksum and without; and what follows the headers whatever these say. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct udp_frame frame;

	if (udp_frame_parse(data, size, true, &frame) == 0)
		require(udp_frame_parse(data, size, false, &frame) == 0);
	if (udp_frame_parse(data, size, false, &frame) == 0) {
		require(frame.payload >= data && frame.payload + frame.size <= data + size);
		feed_message(frame.payload, frame.size);
	}
	if (size > UDP_FRAME_HEADERS4)
		feed_message(data + UDP_FRAME_HEADERS4, size - UDP_FRAME_HEADERS4);
	return 0;
}
