/* SPDX-License-Identifier: MIT */
/* An IPv4 or IPv6 address. */
#ifndef FLOE_BASE_IP_H
#define FLOE_BASE_IP_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed: no address. */
struct ip {
	uint8_t family;    /* AF_INET, AF_INET6; 0: none */
	uint8_t bytes[16]; /* as in packets; IPv4 in the first four */
};

#define IP_TEXT_SIZE INET6_ADDRSTRLEN

/* Bytes of an address of FAMILY: 4 or 16, 0 for any other. */
size_t ip_size(uint8_t family);

/* Bits of an address of FAMILY: the longest prefix. */
unsigned int ip_bits(uint8_t family);

/* An IPv4 address as the C library has it. */
struct ip ip_of_v4(struct in_addr v4);
struct in_addr ip_to_v4(const struct ip *ip);

/* Reads "10.0.0.1" or "fd00::1". Returns 0 or -EINVAL. */
int ip_parse(const char *text, struct ip *ip);

/* Writes IP to TEXT and returns it; "none" when there is none. */
const char *ip_format(const struct ip *ip, char text[static IP_TEXT_SIZE]);

bool ip_equal(const struct ip *a, const struct ip *b);

/* Whether its bytes are all zero: 0.0.0.0 or ::. */
bool ip_is_any(const struct ip *ip);

/* The address with the bits behind PREFIX cleared (the network), or set (its last address). */
struct ip ip_network(const struct ip *ip, unsigned int prefix);
struct ip ip_last(const struct ip *ip, unsigned int prefix);

#endif
