/* SPDX-License-Identifier: MIT */
/* IPv6 router advertisements and solicitations. */
#include "ra.h"

#include <errno.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <string.h>

#define IP_SIZE            40
#define SOLICITATION_SIZE  8
#define ADVERTISEMENT_SIZE 16

/* A router farther away cannot send with this one: nobody forwarded the packet (section 3.1). */
#define HOP_LIMIT 255

/* What clients use for their own packets (RFC 1700). */
#define CLIENT_HOP_LIMIT   64

#define ROUTER_SECONDS_MAX 9000 /* section 6.2.1 */
#define MTU_MIN            1280 /* RFC 8200 section 5 */

#define OPTION_DNS         25 /* RFC 8106 section 5.1 */

/* Lengths of options are in units of 8 bytes (section 4.6). */
#define UNIT 8

const struct ra_target ra_all_nodes = {
	.mac = {0x33, 0x33, 0, 0, 0, 1}, /* RFC 2464 section 7 */
	.address = {.s6_addr = {0xff, 0x02, [15] = 1}},
};

int ra_router_check(const struct ra_router *router, struct floe_error *error)
{
	if (!IN6_IS_ADDR_LINKLOCAL(&router->source))
		return err_usage(error,
				 "router advertisements come from a link-local address only");
	if (router->client_mac[0] & 1)
		return err_usage(error, "the only client's MAC address is that of a group");
	if (router->prefix_length < 1 || router->prefix_length > 128)
		return err_usage(error, "a prefix of %u bits is not between 1 and 128",
				 router->prefix_length);
	if (IN6_IS_ADDR_MULTICAST(&router->prefix) || IN6_IS_ADDR_LINKLOCAL(&router->prefix))
		return err_usage(error, "a prefix for addresses is not multicast or link-local");
	if (router->preferred_seconds > router->valid_seconds)
		return err_usage(error, "a prefix cannot be preferred for %u s and valid for %u s",
				 router->preferred_seconds, router->valid_seconds);
	if (router->router_seconds > ROUTER_SECONDS_MAX)
		return err_usage(error, "a router is advertised for at most %d s, not %u",
				 ROUTER_SECONDS_MAX, router->router_seconds);
	if (router->dns_count > RA_DNS_MAX)
		return err_usage(error, "%zu DNS servers are more than are advertised, %d",
				 router->dns_count, RA_DNS_MAX);
	if (router->mtu != 0 && router->mtu < MTU_MIN)
		return err_usage(error, "an MTU of %u is too small for IPv6; the least is %d",
				 router->mtu, MTU_MIN);
	return 0;
}

bool ra_is_for_one(const struct ra_router *router)
{
	static const uint8_t any[WIRE_MAC_SIZE];

	return memcmp(router->client_mac, any, sizeof(any)) != 0;
}

struct in6_addr ra_link_local(const uint8_t mac[static WIRE_MAC_SIZE])
{
	struct in6_addr address = {.s6_addr = {0xfe, 0x80, [11] = 0xff, [12] = 0xfe}};

	memcpy(address.s6_addr + 8, mac, 3);
	memcpy(address.s6_addr + 13, mac + 3, 3);
	address.s6_addr[8] ^= 2;
	return address;
}

/* The message of SIZE bytes after the IPv6 header, with its pseudo-header (RFC 8200 section 8.1). */
static uint32_t sum_icmp(const uint8_t *ip, size_t size)
{
	uint32_t sum = IPPROTO_ICMPV6 + (uint32_t)size;

	sum = wire_sum(sum, ip + 8, 2 * sizeof(struct in6_addr));
	return wire_sum(sum, ip + IP_SIZE, size);
}

/* ---- solicitations ---- */

/* The size of the message in the packet of at most SIZE bytes; 0 when it is none of ICMPv6. */
static size_t check_ip(const uint8_t *ip, size_t size)
{
	size_t length;

	if (size < IP_SIZE || ip[0] >> 4 != 6)
		return 0;
	length = wire_get16(ip + 4);
	if (length > size - IP_SIZE || ip[6] != IPPROTO_ICMPV6 || ip[7] != HOP_LIMIT)
		return 0;
	return length;
}

/* Section 6.1.1: all have a length above 0; a host without an address gives no MAC. */
static bool check_options(const uint8_t *data, size_t size, bool unspecified)
{
	while (size > 0) {
		size_t length;

		if (size < 2)
			return false;
		length = (size_t)data[1] * UNIT;
		if (length == 0 || length > size)
			return false;
		if (data[0] == ND_OPT_SOURCE_LINKADDR && unspecified)
			return false;
		data += length;
		size -= length;
	}
	return true;
}

/* Section 6.1.1. */
static bool check_solicitation(const uint8_t *ip, size_t size, bool checksum_done)
{
	const uint8_t *message = ip + IP_SIZE;
	struct in6_addr source;

	if (size < SOLICITATION_SIZE || message[0] != ND_ROUTER_SOLICIT || message[1] != 0)
		return false;
	if (checksum_done && wire_checksum(sum_icmp(ip, size)) != 0)
		return false;
	memcpy(&source, ip + 8, sizeof(source));
	return !IN6_IS_ADDR_MULTICAST(&source) &&
	       check_options(message + SOLICITATION_SIZE, size - SOLICITATION_SIZE,
			     IN6_IS_ADDR_UNSPECIFIED(&source));
}

int ra_parse_solicitation(const uint8_t *data, size_t size, bool checksum_done,
			  struct ra_target *from)
{
	const uint8_t *ip = data + WIRE_ETHERNET_SIZE;
	size_t length;

	memset(from, 0, sizeof(*from));
	if (size < WIRE_ETHERNET_SIZE || wire_get16(data + 12) != ETHERTYPE_IPV6 ||
	    (data[WIRE_MAC_SIZE] & 1))
		return -EBADMSG;
	length = check_ip(ip, size - WIRE_ETHERNET_SIZE);
	if (!check_solicitation(ip, length, checksum_done))
		return -EBADMSG;
	memcpy(from->mac, data + WIRE_MAC_SIZE, sizeof(from->mac));
	memcpy(&from->address, ip + 8, sizeof(from->address));
	return 0;
}

/* ---- advertisements ---- */

/* Section 4.6.1. Returns what follows, as the others do. */
static uint8_t *put_link_address(uint8_t *data, const struct ra_router *router)
{
	data[0] = ND_OPT_SOURCE_LINKADDR;
	data[1] = 1;
	memcpy(data + 2, router->mac, sizeof(router->mac));
	return data + UNIT;
}

/* Section 4.6.4. */
static uint8_t *put_mtu(uint8_t *data, const struct ra_router *router)
{
	if (router->mtu == 0)
		return data;
	data[0] = ND_OPT_MTU;
	data[1] = 1;
	wire_put32(data + 4, router->mtu);
	return data + UNIT;
}

/* Section 4.6.2; the bits after the prefix are sent as 0. */
static uint8_t *put_prefix(uint8_t *data, const struct ra_router *router)
{
	unsigned int whole = router->prefix_length / 8, bits = router->prefix_length % 8;

	data[0] = ND_OPT_PREFIX_INFORMATION;
	data[1] = 4;
	data[2] = (uint8_t)router->prefix_length;
	data[3] = ND_OPT_PI_FLAG_ONLINK | ND_OPT_PI_FLAG_AUTO;
	wire_put32(data + 4, router->valid_seconds);
	wire_put32(data + 8, router->preferred_seconds);
	memcpy(data + 16, &router->prefix, whole);
	if (bits)
		data[16 + whole] = router->prefix.s6_addr[whole] & (uint8_t)(0xff00 >> bits);
	return data + 32;
}

/* RFC 8106 section 5.1. */
static uint8_t *put_dns(uint8_t *data, const struct ra_router *router)
{
	size_t size = router->dns_count * sizeof(router->dns[0]);

	if (size == 0)
		return data;
	data[0] = OPTION_DNS;
	data[1] = (uint8_t)(1 + size / UNIT);
	wire_put32(data + 4, router->dns_seconds);
	memcpy(data + 8, router->dns, size);
	return data + 8 + size;
}

/* Section 4.2. No address comes from DHCPv6, so both of its flags are unset. */
static size_t put_message(uint8_t *data, const struct ra_router *router)
{
	uint8_t *end = data + ADVERTISEMENT_SIZE;

	data[0] = ND_ROUTER_ADVERT;
	data[4] = CLIENT_HOP_LIMIT;
	wire_put16(data + 6, router->router_seconds);
	end = put_link_address(end, router);
	end = put_mtu(end, router);
	end = put_prefix(end, router);
	end = put_dns(end, router);
	return (size_t)(end - data);
}

ssize_t ra_build(const struct ra_router *router, const struct ra_target *target, uint8_t *data,
		 size_t room)
{
	uint8_t *ip = data + WIRE_ETHERNET_SIZE;
	size_t size;

	if (room < RA_FRAME_MAX)
		return -EMSGSIZE;
	memset(data, 0, RA_FRAME_MAX);
	memcpy(data, target->mac, WIRE_MAC_SIZE);
	memcpy(data + WIRE_MAC_SIZE, router->mac, WIRE_MAC_SIZE);
	wire_put16(data + 12, ETHERTYPE_IPV6);
	size = put_message(ip + IP_SIZE, router);
	ip[0] = 6 << 4;
	wire_put16(ip + 4, (uint16_t)size);
	ip[6] = IPPROTO_ICMPV6;
	ip[7] = HOP_LIMIT;
	memcpy(ip + 8, &router->source, sizeof(router->source));
	memcpy(ip + 24, &target->address, sizeof(target->address));
	wire_put16(ip + IP_SIZE + 2, wire_checksum(sum_icmp(ip, size)));
	return (ssize_t)(WIRE_ETHERNET_SIZE + IP_SIZE + size);
}
