/* SPDX-License-Identifier: MIT */
/* SipHash-2-4 (Aumasson, Bernstein 2012): the hash behind uid ranges, link names and MACs. */
#ifndef FLOE_BASE_SIPHASH_H
#define FLOE_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t siphash24(const void *data, size_t size, const uint8_t key[static 16]);

#endif
