/* SPDX-License-Identifier: MIT */
/* Names and MACs of links: people have leases, rules and scripts that know nspawn's. */
#include "link_names.h"

#include "siphash.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

/* A prefix and a machine's name (64 bytes), or an interface's, with room to spare. */
#define WHOLE_SIZE 512

static const uint8_t name_key[16] = {0xe1, 0x90, 0xa4, 0x04, 0xa8, 0xef, 0x4b, 0x51,
				     0x8c, 0xcc, 0xc3, 0x3a, 0x9f, 0x11, 0xfc, 0xa2};

static const uint8_t mac_keys[][16] = {
	[LINK_MAC_HOST] = {0x1a, 0x37, 0x6f, 0xc7, 0x46, 0xec, 0x45, 0x0b, 0xad, 0xa3, 0xd5, 0x31,
			   0x06, 0x60, 0x5d, 0xb1},
	[LINK_MAC_CONTAINER] = {0xc3, 0xc4, 0xf9, 0x19, 0xb5, 0x57, 0xb2, 0x1c, 0xe6, 0xcf, 0x14,
				0x27, 0x03, 0x9c, 0xee, 0xa2},
	[LINK_MAC_EXTRA_HOST] = {0x48, 0xc7, 0xf6, 0xb7, 0xea, 0x9d, 0x4c, 0x9e, 0xb7, 0x28, 0xd4,
				 0xde, 0x91, 0xd5, 0xbf, 0x66},
	[LINK_MAC_EXTRA_CONTAINER] = {0xaf, 0x50, 0x17, 0x61, 0xce, 0xf9, 0x4d, 0x35, 0x84, 0x0d,
				      0x2b, 0x20, 0x54, 0xbe, 0xce, 0x59},
	[LINK_MAC_MACVLAN] = {0x00, 0x13, 0x6d, 0xbc, 0x66, 0x83, 0x44, 0x81, 0xbb, 0x0c, 0xf9,
			      0x51, 0x1f, 0x24, 0xa6, 0x6f},
};

/* One character of base64url (RFC 4648, section 5) for the low six bits. */
static char base64url(uint64_t bits)
{
	return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[bits & 63];
}

void link_name_make(const char *prefix, const char *base, struct link_name *name)
{
	char whole[WHOLE_SIZE];
	size_t length;
	uint64_t hash;

	snprintf(whole, sizeof(whole), "%s%s", prefix, base);
	length = strlen(whole);
	*name = (struct link_name){0};
	if (length < sizeof(name->name)) {
		memcpy(name->name, whole, length);
		return;
	}
	hash = siphash24(whole, length, name_key);
	memcpy(name->name, whole, 11);
	for (unsigned int i = 0; i < 4; i++)
		name->name[11 + i] = base64url(hash >> (18 - 6 * i));
	if (length < sizeof(name->altname))
		memcpy(name->altname, whole, length);
}

bool link_name_valid(const char *name)
{
	size_t length = strnlen(name, IF_NAMESIZE);

	if (length == 0 || length == IF_NAMESIZE)
		return false;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	/* The kernel counts 0xa0 as a space, too: it reads names as Latin-1 (lib/ctype.c). */
	return strcspn(name, "/:% \t\n\v\f\r\xa0") == length;
}

void link_mac_make(enum link_mac which, const uint8_t machine_id[static 16], const char *machine,
		   uint64_t index, uint8_t mac[static 6])
{
	uint8_t input[16 + WHOLE_SIZE + sizeof(index)];
	size_t length = strnlen(machine, WHOLE_SIZE), size = 16 + length;
	uint64_t little = htole64(index), hash;

	memcpy(input, machine_id, 16);
	memcpy(input + 16, machine, length);
	/* The first of a kind is hashed without a number: that is how it was before there were more. */
	if (index > 0) {
		memcpy(input + size, &little, sizeof(little));
		size += sizeof(little);
	}
	hash = htole64(siphash24(input, size, mac_keys[which]));
	memcpy(mac, &hash, 6);
	mac[0] = (uint8_t)((mac[0] & ~0x01) | 0x02);
}
