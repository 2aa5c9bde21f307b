/* SPDX-License-Identifier: MIT */
/* Numbers and checksums as they are on the wire: big-endian, unaligned. */
#ifndef FLOE_BASE_WIRE_H
#define FLOE_BASE_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* An Ethernet address, and the header of a frame: destination, source, protocol. */
#define WIRE_MAC_SIZE      6
#define WIRE_ETHERNET_SIZE 14

static inline uint16_t wire_get16(const uint8_t *data)
{
	return (uint16_t)(data[0] << 8 | data[1]);
}

static inline uint32_t wire_get32(const uint8_t *data)
{
	return (uint32_t)wire_get16(data) << 16 | wire_get16(data + 2);
}

static inline void wire_put16(uint8_t *data, uint16_t value)
{
	data[0] = (uint8_t)(value >> 8);
	data[1] = (uint8_t)value;
}

static inline void wire_put32(uint8_t *data, uint32_t value)
{
	wire_put16(data, (uint16_t)(value >> 16));
	wire_put16(data + 2, (uint16_t)value);
}

/* Adds SIZE bytes, less than 64 KiB, to the sum of the internet checksum (RFC 1071). Only the last
 * part of what is summed may have an odd length. */
uint32_t wire_sum(uint32_t sum, const void *data, size_t size);

/* The checksum of a sum: 0 when the checksum that was in the data is right. */
uint16_t wire_checksum(uint32_t sum);

#endif
