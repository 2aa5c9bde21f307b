/* SPDX-License-Identifier: MIT */
/* Whatever frame comes, what is read of it is inside of it, and built again it is the same. */
#include "../../runtime/base/udp_frame.h"

#include <stdlib.h>
#include <string.h>

#define FRAME_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void require_same(const struct udp_frame *frame, const struct udp_frame *again)
{
	require(memcmp(frame->source_mac, again->source_mac, WIRE_MAC_SIZE) == 0);
	require(memcmp(frame->destination_mac, again->destination_mac, WIRE_MAC_SIZE) == 0);
	require(ip_equal(&frame->source, &again->source));
	require(ip_equal(&frame->destination, &again->destination));
	require(frame->source_port == again->source_port);
	require(frame->destination_port == again->destination_port);
	require(frame->size == again->size);
	require(memcmp(frame->payload, again->payload, frame->size) == 0);
}

/* What is in the headers besides is ours to choose: the size need not be the same. */
static void build_again(const struct udp_frame *frame)
{
	uint8_t data[FRAME_MAX];
	ssize_t size = udp_frame_build(frame, data, sizeof(data));
	struct udp_frame again;

	require(size ==
		(ssize_t)(frame->size + (frame->source.family == AF_INET6 ? UDP_FRAME_HEADERS6
									  : UDP_FRAME_HEADERS4)));
	require(udp_frame_parse(data, (size_t)size, true, &again) == 0);
	require_same(frame, &again);
	for (ssize_t i = 0; i < size; i++)
		require(udp_frame_parse(data, (size_t)i, true, &again) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct udp_frame frame;

	if (size > FRAME_MAX - UDP_FRAME_HEADERS_MAX)
		return 0;
	if (udp_frame_parse(data, size, true, &frame) == 0)
		require(udp_frame_parse(data, size, false, &frame) == 0);
	if (udp_frame_parse(data, size, false, &frame) < 0)
		return 0;
	require(frame.payload >= data && frame.payload + frame.size <= data + size);
	require(frame.source.family == frame.destination.family);
	build_again(&frame);
	return 0;
}
