/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4). */
#include "sha256.h"

#include <string.h>

#define LENGTH_SIZE 8 /* of the length at the end of the last block */

/* Section 4.2.2: the fractions of the cube roots of the first 64 primes. */
static const uint32_t constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t rotated(uint32_t word, unsigned bits)
{
	return word >> bits | word << (32 - bits);
}

static uint32_t read_word(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

/* Section 6.2.2, step 1. */
static void make_schedule(uint32_t words[static 64], const unsigned char *block)
{
	for (size_t i = 0; i < 16; i++)
		words[i] = read_word(block + 4 * i);
	for (size_t i = 16; i < 64; i++) {
		uint32_t a = words[i - 15], b = words[i - 2];

		words[i] = words[i - 16] + words[i - 7] +
			   (rotated(a, 7) ^ rotated(a, 18) ^ a >> 3) +
			   (rotated(b, 17) ^ rotated(b, 19) ^ b >> 10);
	}
}

/* Steps 2 to 4; V is the eight working variables a to h. */
static void take_block(struct sha256 *sha, const unsigned char *block)
{
	uint32_t words[64], v[8];

	make_schedule(words, block);
	memcpy(v, sha->state, sizeof(v));
	for (size_t i = 0; i < 64; i++) {
		uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
		uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
		uint32_t one = v[7] + (rotated(v[4], 6) ^ rotated(v[4], 11) ^ rotated(v[4], 25)) +
			       choice + constants[i] + words[i];
		uint32_t two =
			(rotated(v[0], 2) ^ rotated(v[0], 13) ^ rotated(v[0], 22)) + majority;

		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += one;
		v[0] = one + two;
	}
	for (size_t i = 0; i < 8; i++)
		sha->state[i] += v[i];
}

void sha256_begin(struct sha256 *sha)
{
	/* Section 5.3.3. */
	*sha = (struct sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
					 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_add(struct sha256 *sha, const void *data, size_t size)
{
	const unsigned char *bytes = data;
	size_t used = sha->bytes % SHA256_BLOCK;

	sha->bytes += size;
	if (used) {
		size_t part = SHA256_BLOCK - used < size ? SHA256_BLOCK - used : size;

		memcpy(sha->block + used, bytes, part);
		if (used + part < SHA256_BLOCK)
			return;
		take_block(sha, sha->block);
		bytes += part;
		size -= part;
	}
	for (; size >= SHA256_BLOCK; bytes += SHA256_BLOCK, size -= SHA256_BLOCK)
		take_block(sha, bytes);
	if (size)
		memcpy(sha->block, bytes, size);
}

void sha256_end(struct sha256 *sha, unsigned char digest[static SHA256_SIZE])
{
	static const unsigned char padding[SHA256_BLOCK] = {0x80};
	unsigned char length[LENGTH_SIZE];
	uint64_t bits = sha->bytes * 8;
	size_t used = sha->bytes % SHA256_BLOCK, room = SHA256_BLOCK - LENGTH_SIZE;

	for (size_t i = 0; i < LENGTH_SIZE; i++)
		length[i] = (unsigned char)(bits >> (56 - 8 * i));
	sha256_add(sha, padding, used < room ? room - used : SHA256_BLOCK + room - used);
	sha256_add(sha, length, sizeof(length));
	for (size_t i = 0; i < SHA256_SIZE; i++)
		digest[i] = (unsigned char)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
}
