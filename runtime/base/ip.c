/* SPDX-License-Identifier: MIT */
/* An IPv4 or IPv6 address. */
#include "ip.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

size_t ip_size(uint8_t family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

unsigned int ip_bits(uint8_t family)
{
	return (unsigned int)ip_size(family) * 8;
}

struct ip ip_of_v4(struct in_addr v4)
{
	struct ip ip = {.family = AF_INET};

	memcpy(ip.bytes, &v4, sizeof(v4));
	return ip;
}

struct in_addr ip_to_v4(const struct ip *ip)
{
	struct in_addr v4;

	memcpy(&v4, ip->bytes, sizeof(v4));
	return v4;
}

int ip_parse(const char *text, struct ip *ip)
{
	*ip = (struct ip){.family = strchr(text, ':') ? AF_INET6 : AF_INET};
	if (inet_pton(ip->family, text, ip->bytes) == 1)
		return 0;
	*ip = (struct ip){0};
	return -EINVAL;
}

const char *ip_format(const struct ip *ip, char text[static IP_TEXT_SIZE])
{
	if (ip_size(ip->family) == 0 || !inet_ntop(ip->family, ip->bytes, text, IP_TEXT_SIZE))
		snprintf(text, IP_TEXT_SIZE, "none");
	return text;
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, ip_size(a->family)) == 0;
}

bool ip_is_any(const struct ip *ip)
{
	static const uint8_t zero[16];

	return memcmp(ip->bytes, zero, ip_size(ip->family)) == 0;
}

/* The address with the bits behind PREFIX taken from FILL. */
static struct ip with_tail(const struct ip *ip, unsigned int prefix, uint8_t fill)
{
	struct ip out = *ip;

	for (unsigned int i = 0; i < ip_size(ip->family); i++) {
		unsigned int kept = prefix >= 8 * (i + 1) ? 8 : prefix > 8 * i ? prefix - 8 * i : 0;
		uint8_t mask = (uint8_t)(0xff00 >> kept);

		out.bytes[i] = (uint8_t)((ip->bytes[i] & mask) | (fill & ~mask));
	}
	return out;
}

struct ip ip_network(const struct ip *ip, unsigned int prefix)
{
	return with_tail(ip, prefix, 0);
}

struct ip ip_last(const struct ip *ip, unsigned int prefix)
{
	return with_tail(ip, prefix, 0xff);
}
