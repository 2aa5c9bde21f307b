/* SPDX-License-Identifier: MIT */
/* Frames for tests: recorded ones, and looking into what was built. */
#ifndef FLOE_TESTS_PACKETS_H
#define FLOE_TESTS_PACKETS_H

#include "../../runtime/base/ip.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_ROOM 2048

/* Reads tests/fuzz/corpus/NAME; its size. */
size_t packet_read(const char *name, uint8_t data[static PACKET_ROOM]);

struct in_addr packet_ipv4(const char *text);
struct in6_addr packet_ipv6(const char *text);
struct ip packet_ip(const char *text);

/* The value of the first DHCP option CODE in a message of SIZE bytes that is well-formed to its end
 * option, or the test fails; NULL when it is not there. */
const uint8_t *packet_option(const uint8_t *message, size_t size, uint8_t code, size_t *length);

/* The test fails unless option CODE has exactly these bytes. */
void packet_assert_option(const uint8_t *message, size_t size, uint8_t code, const void *value,
			  size_t length);
void packet_assert_no_option(const uint8_t *message, size_t size, uint8_t code);

#endif
