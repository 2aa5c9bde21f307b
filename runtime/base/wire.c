/* SPDX-License-Identifier: MIT */
/* Numbers and checksums as they are on the wire. */
#include "wire.h"

/* Folded after every part, so that no number of parts overflows. */
static uint32_t fold(uint32_t sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	return (sum >> 16) + (sum & 0xffff);
}

uint32_t wire_sum(uint32_t sum, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	sum = fold(sum);
	for (size_t i = 0; i + 1 < size; i += 2)
		sum += wire_get16(bytes + i);
	if (size % 2)
		sum += (uint32_t)bytes[size - 1] << 8;
	return fold(sum);
}

uint16_t wire_checksum(uint32_t sum)
{
	return (uint16_t)~fold(sum);
}
