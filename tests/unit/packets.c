/* SPDX-License-Identifier: MIT */
/* Frames for tests. */
#include "packets.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

size_t packet_read(const char *name, uint8_t data[static PACKET_ROOM])
{
	char path[128];
	CLEANUP_FILE FILE *file = NULL;
	size_t size;

	snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", name);
	file = fopen(path, "re");
	assert_non_null(file);
	size = fread(data, 1, PACKET_ROOM, file);
	assert_true(size > 0 && size < PACKET_ROOM);
	return size;
}

struct in_addr packet_ipv4(const char *text)
{
	struct in_addr address;

	assert_int_equal(inet_pton(AF_INET, text, &address), 1);
	return address;
}

struct in6_addr packet_ipv6(const char *text)
{
	struct in6_addr address;

	assert_int_equal(inet_pton(AF_INET6, text, &address), 1);
	return address;
}

struct ip packet_ip(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), 0);
	return ip;
}

const uint8_t *packet_option(const uint8_t *message, size_t size, uint8_t code, size_t *length)
{
	const uint8_t *found = NULL;
	size_t at = 240;

	assert_true(size > at);
	while (message[at] != 255) {
		assert_true(at + 2 < size && at + 2 + message[at + 1] < size);
		if (message[at] == code && !found) {
			found = message + at + 2;
			*length = message[at + 1];
		}
		at += 2 + (size_t)message[at + 1];
	}
	for (size_t i = at + 1; i < size; i++)
		assert_int_equal(message[i], 0);
	return found;
}

void packet_assert_option(const uint8_t *message, size_t size, uint8_t code, const void *value,
			  size_t length)
{
	size_t found_length = 0;
	const uint8_t *found = packet_option(message, size, code, &found_length);

	if (!found || found_length != length)
		fail_msg("option %u should have %zu bytes, has %zu", code, length, found_length);
	assert_memory_equal(found, value, length);
}

void packet_assert_no_option(const uint8_t *message, size_t size, uint8_t code)
{
	size_t length;

	if (packet_option(message, size, code, &length))
		fail_msg("option %u should not be there", code);
}
