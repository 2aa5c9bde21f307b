/* SPDX-License-Identifier: MIT */
/* UDP over IPv4 and IPv6 in an Ethernet frame. */
#include "udp_frame.h"

#include <errno.h>
#include <net/ethernet.h>
#include <string.h>

#define IP4_SIZE     20 /* without options, RFC 791 section 3.1 */
#define IP6_SIZE     40 /* RFC 8200 section 3 */
#define UDP_SIZE     8
#define DATAGRAM_MAX 65535
#define TIME_TO_LIVE 64 /* RFC 1700 */

/* Where both addresses are in the header, and what they are long together. */
#define ADDRESSES4_AT   12
#define ADDRESSES4_SIZE 8
#define ADDRESSES6_AT   8
#define ADDRESSES6_SIZE 32

/* Flags and fragment offset of an IPv4 header; "more fragments" and the offset make a fragment. */
#define DONT_FRAGMENT 0x4000
#define FRAGMENT_MASK 0x3fff

static const uint8_t ip4_version_and_size = 4 << 4 | IP4_SIZE / 4;

/* The datagram with its pseudo-header, whose other fields are as wide as they like: they add up to
 * the same (RFC 768, RFC 8200 section 8.1). IP and UDP are the headers. */
static uint32_t sum_udp(const uint8_t *ip, const uint8_t *udp)
{
	bool is_ip4 = ip[0] >> 4 == 4;
	uint16_t size = wire_get16(udp + 4);
	uint32_t sum = IPPROTO_UDP + size;

	sum = wire_sum(sum, ip + (is_ip4 ? ADDRESSES4_AT : ADDRESSES6_AT),
		       is_ip4 ? ADDRESSES4_SIZE : ADDRESSES6_SIZE);
	return wire_sum(sum, udp, size);
}

/* ---- reading ---- */

/* The size of the IPv4 header whose packet fills *SIZE bytes or less, which becomes its size;
 * 0 when it is none that can be used. */
static size_t check_ip4(const uint8_t *ip, size_t *size)
{
	size_t header, total;

	if (*size < IP4_SIZE || ip[0] >> 4 != 4)
		return 0;
	header = (size_t)(ip[0] & 0xf) * 4;
	total = wire_get16(ip + 2);
	if (header < IP4_SIZE || total < header || total > *size)
		return 0;
	if (wire_checksum(wire_sum(0, ip, header)) != 0)
		return 0;
	if ((wire_get16(ip + 6) & FRAGMENT_MASK) || ip[9] != IPPROTO_UDP)
		return 0;
	*size = total;
	return header;
}

/* The same of IPv6, where a fragment has another header in front. */
static size_t check_ip6(const uint8_t *ip, size_t *size)
{
	size_t total;

	if (*size < IP6_SIZE || ip[0] >> 4 != 6 || ip[6] != IPPROTO_UDP)
		return 0;
	total = IP6_SIZE + (size_t)wire_get16(ip + 4);
	if (total > *size)
		return 0;
	*size = total;
	return IP6_SIZE;
}

/* A checksum of 0 says that there is none (RFC 768), which IPv6 does not allow (RFC 8200 section
 * 8.1): its own header has none either. */
static bool check_sum(const uint8_t *ip, const uint8_t *udp)
{
	if (wire_get16(udp + 6) == 0)
		return ip[0] >> 4 == 4;
	return wire_checksum(sum_udp(ip, udp)) == 0;
}

static bool check_udp(const uint8_t *ip, const uint8_t *udp, size_t size, bool checksum_done)
{
	size_t length;

	if (size < UDP_SIZE)
		return false;
	length = wire_get16(udp + 4);
	if (length < UDP_SIZE || length > size)
		return false;
	return !checksum_done || check_sum(ip, udp);
}

static void read_addresses(const uint8_t *ip, struct udp_frame *frame)
{
	uint8_t family = ip[0] >> 4 == 4 ? AF_INET : AF_INET6;
	const uint8_t *addresses = ip + (family == AF_INET ? ADDRESSES4_AT : ADDRESSES6_AT);
	size_t size = ip_size(family);

	frame->source = frame->destination = (struct ip){.family = family};
	memcpy(frame->source.bytes, addresses, size);
	memcpy(frame->destination.bytes, addresses + size, size);
}

int udp_frame_parse(const uint8_t *data, size_t size, bool checksum_done, struct udp_frame *frame)
{
	const uint8_t *ip = data + WIRE_ETHERNET_SIZE, *udp;
	size_t header, left;
	uint16_t type;

	if (size < WIRE_ETHERNET_SIZE)
		return -EBADMSG;
	type = wire_get16(data + 12);
	if (type != ETHERTYPE_IP && type != ETHERTYPE_IPV6)
		return -EBADMSG;
	left = size - WIRE_ETHERNET_SIZE;
	header = type == ETHERTYPE_IP ? check_ip4(ip, &left) : check_ip6(ip, &left);
	if (header == 0)
		return -EBADMSG;
	udp = ip + header;
	if (!check_udp(ip, udp, left - header, checksum_done))
		return -EBADMSG;
	memcpy(frame->destination_mac, data, WIRE_MAC_SIZE);
	memcpy(frame->source_mac, data + WIRE_MAC_SIZE, WIRE_MAC_SIZE);
	read_addresses(ip, frame);
	frame->source_port = wire_get16(udp);
	frame->destination_port = wire_get16(udp + 2);
	frame->payload = udp + UDP_SIZE;
	frame->size = (size_t)wire_get16(udp + 4) - UDP_SIZE;
	return 0;
}

/* ---- writing ---- */

/* The identification is free to be 0 where fragmentation is forbidden (RFC 6864 section 4.1). */
static void build_ip4(const struct udp_frame *frame, uint8_t *ip)
{
	memset(ip, 0, IP4_SIZE);
	ip[0] = ip4_version_and_size;
	wire_put16(ip + 2, (uint16_t)(IP4_SIZE + UDP_SIZE + frame->size));
	wire_put16(ip + 6, DONT_FRAGMENT);
	ip[8] = TIME_TO_LIVE;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + ADDRESSES4_AT, frame->source.bytes, 4);
	memcpy(ip + ADDRESSES4_AT + 4, frame->destination.bytes, 4);
	wire_put16(ip + 10, wire_checksum(wire_sum(0, ip, IP4_SIZE)));
}

static void build_ip6(const struct udp_frame *frame, uint8_t *ip)
{
	memset(ip, 0, IP6_SIZE);
	ip[0] = 6 << 4;
	wire_put16(ip + 4, (uint16_t)(UDP_SIZE + frame->size));
	ip[6] = IPPROTO_UDP;
	ip[7] = TIME_TO_LIVE;
	memcpy(ip + ADDRESSES6_AT, frame->source.bytes, 16);
	memcpy(ip + ADDRESSES6_AT + 16, frame->destination.bytes, 16);
}

/* A sum that comes out as 0 is sent as its other form, all ones (RFC 768). */
static void build_udp(const struct udp_frame *frame, const uint8_t *ip, uint8_t *udp)
{
	uint16_t checksum;

	wire_put16(udp, frame->source_port);
	wire_put16(udp + 2, frame->destination_port);
	wire_put16(udp + 4, (uint16_t)(UDP_SIZE + frame->size));
	wire_put16(udp + 6, 0);
	checksum = wire_checksum(sum_udp(ip, udp));
	wire_put16(udp + 6, checksum ? checksum : 0xffff);
}

ssize_t udp_frame_build(const struct udp_frame *frame, uint8_t *data, size_t room)
{
	bool is_ip6 = frame->source.family == AF_INET6;
	size_t headers = is_ip6 ? UDP_FRAME_HEADERS6 : UDP_FRAME_HEADERS4;
	size_t limit = is_ip6 ? DATAGRAM_MAX - UDP_SIZE : DATAGRAM_MAX - IP4_SIZE - UDP_SIZE;
	uint8_t *ip = data + WIRE_ETHERNET_SIZE, *udp = data + headers - UDP_SIZE;

	if (frame->size > limit || room < headers + frame->size)
		return -EMSGSIZE;
	memmove(data + headers, frame->payload, frame->size);
	memcpy(data, frame->destination_mac, WIRE_MAC_SIZE);
	memcpy(data + WIRE_MAC_SIZE, frame->source_mac, WIRE_MAC_SIZE);
	wire_put16(data + 12, is_ip6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	if (is_ip6)
		build_ip6(frame, ip);
	else
		build_ip4(frame, ip);
	build_udp(frame, ip, udp);
	return (ssize_t)(headers + frame->size);
}
